//! Tokens.

use aws_sdk_dynamodb::types::AttributeValue;
use serde::{Deserialize, Serialize};

use super::item::{changed, integer, json, number, parsed, required, string, text};
use super::schema::{
    Key, initial_access_token_key, list_position, manage_registration_token_key, operator_token_key,
    organization_tokens_list, service_tokens_list,
};
use super::write::{Outcome, Write};
use super::{Item, Store};
use crate::caller::Permission;
use crate::credentials::{Token, TokenHash, TokenKind};
use crate::error::Error;
use crate::origin::Origin;
use crate::policy::BoundPolicy;

/// What is known of a token.
#[derive(Debug, Clone)]
pub struct TokenRecord {
    /// Its digest: its name.
    pub hash: TokenHash,
    /// What it is for.
    pub kind: TokenKind,
    /// The service it works for, if for one.
    pub service_id: Option<u64>,
    /// The organization it works for, if for one.
    pub organization: Option<String>,
    /// What it permits.
    pub permissions: Vec<Permission>,
    /// What a registration with it may ask for.
    pub bound: BoundPolicy,
    /// The SHA-256 of the certificate it is bound to, if to one (RFC 8705 §3).
    pub certificate: Option<[u8; 32]>,
    /// How many registrations are left, if they are counted.
    pub uses_left: Option<u64>,
    /// When it ends, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// When it was made, in milliseconds since 1970.
    pub created_millis: u64,
    /// The token that has made it, by the operators' API; none where the command line did, at the table.
    pub made_by: Option<TokenHash>,
}

/// The part of a token that no condition looks into.
#[derive(Serialize, Deserialize)]
struct Terms {
    kind: TokenKind,
    permissions: Vec<Permission>,
    bound: BoundPolicy,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    certificate: Option<[u8; 32]>,
}

/// Where a token is stored; nowhere, if it stands with its client.
fn key(kind: TokenKind, hash: &TokenHash) -> Option<Key> {
    match kind {
        TokenKind::RegistrationAccess => None,
        TokenKind::InitialAccess => Some(initial_access_token_key(hash)),
        TokenKind::Service | TokenKind::Organization => Some(operator_token_key(hash)),
        TokenKind::ManageRegistration => Some(manage_registration_token_key(hash)),
    }
}

fn item_key(token: &TokenRecord) -> Result<Item, Error> {
    let key = key(token.kind, &token.hash).ok_or_else(|| Error::internal("a token that stands with its client"))?;
    Ok(key.into_attributes())
}

impl Store {
    /// Stores a new token.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn create_token(&self, token: &TokenRecord, origin: &Origin) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let mut item = item_key(token)?;
        let list = match (token.service_id, &token.organization) {
            (Some(service), _) => service_tokens_list(service),
            (None, Some(organization)) => organization_tokens_list(organization),
            (None, None) => return Err(Error::internal("a token without a service or an organization")),
        };
        let terms = Terms {
            kind: token.kind,
            permissions: token.permissions.clone(),
            bound: token.bound.clone(),
            certificate: token.certificate,
        };
        item.insert("token".to_owned(), json(&terms)?);
        item.insert("write_id".to_owned(), string(&write_id));
        item.insert("changed".to_owned(), changed(origin));
        // A client's access token ends within the hour: no operator looks for it in a list.
        if token.kind != TokenKind::ManageRegistration {
            item.insert("list".to_owned(), string(list));
            item.insert("at".to_owned(), string(list_position(token.created_millis, &token.hash.to_text())));
        }
        for (name, value) in [
            ("service_id", token.service_id),
            ("uses_left", token.uses_left),
            ("expires_at", token.expires_at),
            ("created", Some(token.created_millis)),
        ] {
            if let Some(value) = value {
                item.insert(name.to_owned(), integer(value));
            }
        }
        if let Some(organization) = &token.organization {
            item.insert("organization".to_owned(), string(organization));
        }
        if let Some(maker) = &token.made_by {
            item.insert("made_by".to_owned(), string(maker.to_text()));
        }
        let put = self.put_new(item);
        match self.write(Write::Put(Box::new(put)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::internal("two tokens with one digest")),
        }
    }

    /// What is known of a token of its kind, unless it has expired.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn token(&self, presented: &Token) -> Result<Option<TokenRecord>, Error> {
        let found = self.token_or_left(presented).await?;
        Ok(found.filter(|(_, is_live)| *is_live).map(|(record, _)| record))
    }

    /// What is known of a token of its kind, and whether it lives: one that was ended or has expired is there for a while.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn token_or_left(&self, presented: &Token) -> Result<Option<(TokenRecord, bool)>, Error> {
        let (kind, hash) = (presented.kind(), presented.hash());
        let Some(key) = key(kind, &hash) else { return Ok(None) };
        let Some(item) = self.get(key).await? else { return Ok(None) };
        let record = token(hash, &item)?;
        Ok((record.kind == kind).then(|| (record, self.is_live(&item))))
    }

    /// What is known of the token with that digest, of whatever kind, unless it has expired. For operators: no function
    /// may read all kinds.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn token_of_any_kind(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Error> {
        let keys = [operator_token_key(hash), initial_access_token_key(hash), manage_registration_token_key(hash)];
        let found = self.batch(keys.map(Key::into_attributes).into()).await?;
        found.first().map(|item| token(*hash, item)).transpose()
    }

    /// What is known of the operators' token or the initial access token with that digest, unless it has expired.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service_token(&self, hash: &TokenHash) -> Result<Option<TokenRecord>, Error> {
        let keys = [operator_token_key(hash), initial_access_token_key(hash)];
        let found = self.batch(keys.map(Key::into_attributes).into()).await?;
        found.first().map(|item| token(*hash, item)).transpose()
    }

    /// Revokes a token, if there is one: it has ended, and TTL removes it. So no function needs the permission to delete
    /// items, and the audit knows who did it.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn revoke_token(&self, token: &TokenRecord, origin: &Origin) -> Result<(), Error> {
        let key = key(token.kind, &token.hash).ok_or_else(|| Error::internal("a token that stands with its client"))?;
        let write_id = self.write_id()?;
        let update = self
            .update(key)
            .update_expression(
                "SET expires_at = :now, revoked = :revoked, changed = :changed, write_id = :write REMOVE #list",
            )
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_names("#list", "list")
            .expression_attribute_values(":now", integer(self.clock.now()))
            .expression_attribute_values(":revoked", AttributeValue::Bool(true))
            .expression_attribute_values(":changed", changed(origin))
            .expression_attribute_values(":write", string(&write_id));
        self.write(Write::Update(Box::new(update)), &write_id).await.map(|_| ())
    }
}

pub(super) fn token(hash: TokenHash, item: &Item) -> Result<TokenRecord, Error> {
    let Terms { kind, permissions, bound, certificate } = parsed(item, "token")?;
    Ok(TokenRecord {
        hash,
        kind,
        permissions,
        bound,
        certificate,
        service_id: number(item, "service_id"),
        organization: text(item, "organization").map(str::to_owned),
        uses_left: number(item, "uses_left"),
        expires_at: number(item, "expires_at"),
        created_millis: required(number(item, "created"), "created")?,
        made_by: text(item, "made_by").map(|maker| required(TokenHash::parse(maker), "made_by")).transpose()?,
    })
}
