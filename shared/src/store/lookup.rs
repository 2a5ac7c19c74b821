//! What an operator's request begins with: the token, and the client by any of its names, or the document that it is
//! known by.

use std::collections::{BTreeMap, BTreeSet};

use super::client::TOKENS_FROM;
use super::item::{number, required, text};
use super::list::BATCH;
use super::metadata_document::{KeptDocument, kept_document};
use super::schema::{Key, MAX_NAME, claim_key, client_key, metadata_document_key, operator_token_key};
use super::token::{TokenRecord, token};
use super::{Item, Store};
use crate::claim_kind::ClaimKind;
use crate::client::RegisteredClient;
use crate::credentials::{Token, decimal};
use crate::error::Error;
use crate::metadata_document::{self, DocumentUri};
use crate::service::Service;

/// What the table has under a name.
#[derive(Default)]
pub struct Named {
    /// The client of that number, identifier or alias.
    pub client: Option<RegisteredClient>,
    /// The document of that URL, or of the client of that number.
    pub document: Option<KeptDocument>,
    /// When the one of that name was deleted, in milliseconds since 1970, if there was one: what it had is no other's.
    pub deleted: Option<u64>,
    /// What is left of that one, from which it can be [brought back](Store::restorable), if that is so.
    pub left: Option<Box<Left>>,
}

/// What is left of a client that was deleted.
pub struct Left(pub(super) Item);

impl Left {
    /// Whose it was.
    #[must_use]
    pub fn client_id(&self) -> Option<&str> {
        text(&self.0, "client_id")
    }

    /// When that is gone as well, in seconds since 1970.
    #[must_use]
    pub fn ends_at(&self) -> Option<u64> {
        number(&self.0, "expires_at")
    }
}

/// What one read has found for an operator.
#[derive(Default)]
pub struct Found {
    /// The operator's token.
    pub token: Option<TokenRecord>,
    /// What the table has under the client's name.
    pub named: Named,
    /// The other items that were asked for.
    pub items: Vec<Item>,
    /// Until when tokens of what has that number were ended, be it gone, in milliseconds since 1970.
    pub tokens_from: Option<u64>,
}

/// How a client stands.
#[derive(Default)]
pub struct Standing {
    /// The client, unless it is gone, or known by a document alone.
    pub client: Option<RegisteredClient>,
    /// Until when its tokens were ended, be it gone, in milliseconds since 1970.
    pub tokens_from: Option<u64>,
}

impl Store {
    /// How the clients of those numbers stand.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn standings(&self, service_id: u64, numbers: BTreeSet<u64>) -> Result<BTreeMap<u64, Standing>, Error> {
        let numbers: Vec<u64> = numbers.into_iter().collect();
        let mut standings = BTreeMap::new();
        for some in numbers.chunks(BATCH) {
            let keys = some.iter().map(|number| client_key(service_id, *number).into_attributes());
            for item in self.batch_as_stored(keys.collect()).await? {
                let numeric_id = text(&item, "PK").and_then(|key| key.rsplit('#').next()?.parse().ok());
                let numeric_id: u64 = required(numeric_id, "PK")?;
                let client = self.live_client(service_id, numeric_id, &item)?;
                standings.insert(numeric_id, Standing { client, tokens_from: number(&item, TOKENS_FROM) });
            }
        }
        Ok(standings)
    }

    /// An operator's token and what has that number, identifier or alias, in one consistent read (two for an alias).
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn token_and_client(
        &self,
        presented: &Token,
        service: &Service,
        identifier: &str,
    ) -> Result<(Option<TokenRecord>, Named), Error> {
        let found = self.token_client_and(presented, service, Some(identifier), Vec::new()).await?;
        Ok((found.token, found.named))
    }

    /// The same, if a client is named, and other items.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn token_client_and(
        &self,
        presented: &Token,
        service: &Service,
        identifier: Option<&str>,
        others: Vec<Key>,
    ) -> Result<Found, Error> {
        let hash = presented.hash();
        let mut keys = others;
        keys.push(operator_token_key(&hash));
        let found = self.found(service, identifier, keys).await?;
        let record = found.items.iter().find(|item| text(item, "SK") == Some("T"));
        Ok(Found { token: record.map(|item| token(hash, item)).transpose()?, ..found })
    }

    /// What has that number, identifier or alias, and other items, where an operator's token plays no part.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client_and(&self, service: &Service, identifier: &str, others: Vec<Key>) -> Result<Found, Error> {
        self.found(service, Some(identifier), others).await
    }

    /// What is there, and under the client's name if one is named: of what has ended no more than until when its tokens
    /// were ended.
    async fn found(&self, service: &Service, identifier: Option<&str>, mut keys: Vec<Key>) -> Result<Found, Error> {
        keys.extend(identifier.into_iter().flat_map(|identifier| keys_of_name(service, identifier)));
        // A batch that names a key twice is none.
        keys.sort_unstable();
        keys.dedup();
        let mut items = self.batch_as_stored(keys.into_iter().map(Key::into_attributes).collect()).await?;
        let tokens_from = items.iter().find_map(|item| number(item, TOKENS_FROM));
        let is_left = |item: &Item| item.contains_key("deleted_by") && text(item, "SK") == Some("C");
        let left = items.iter().position(is_left).map(|at| Box::new(Left(items.swap_remove(at))));
        let deleted = left.as_ref().and_then(|left| number(&left.0, TOKENS_FROM));
        items.retain(|item| self.is_live(item));
        let document = items.iter().find(|item| text(item, "SK") == Some("M")).map(kept_document).transpose()?;
        let client = match identifier {
            Some(identifier) => self.named(service, identifier, &items).await?,
            None => None,
        };
        Ok(Found { token: None, named: Named { client, document, deleted, left }, items, tokens_from })
    }

    /// Among what was found, the client of that number or identifier; else the owner of that alias.
    async fn named(
        &self,
        service: &Service,
        identifier: &str,
        found: &[Item],
    ) -> Result<Option<RegisteredClient>, Error> {
        let kind = |kind: &'static str| found.iter().find(move |item| text(item, "SK") == Some(kind));
        let numeric_id = service.numeric_id(identifier);
        let client = kind("C").map(|item| self.live_client(service.id, numeric_id, item)).transpose()?.flatten();
        let is_number = decimal(identifier).is_some();
        if let Some(client) = client.filter(|client| is_number || client.client_id == identifier) {
            return Ok(Some(client));
        }
        let Some(claim) = kind("U") else { return Ok(None) };
        let owner = required(number(claim, "owner"), "owner")?;
        if owner == numeric_id {
            return Ok(None);
        }
        let owner = self.client(service.id, owner).await?;
        Ok(owner.filter(|owner| owner.claim(ClaimKind::Alias) == Some(identifier)))
    }
}

/// Where what has that number, identifier or alias may be.
fn keys_of_name(service: &Service, identifier: &str) -> Vec<Key> {
    let numeric_id = service.numeric_id(identifier);
    let mut keys = vec![client_key(service.id, numeric_id)];
    let may_have_document = DocumentUri::is_meant_by(identifier) || decimal(identifier).is_some();
    if may_have_document && metadata_document::is_enabled(service) {
        keys.push(metadata_document_key(service.id, numeric_id));
    }
    if decimal(identifier).is_none() && identifier.len() <= MAX_NAME {
        keys.push(claim_key(service.id, ClaimKind::Alias, identifier));
    }
    keys
}
