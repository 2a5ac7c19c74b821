//! Who a client is, by any name that an authorization server has of it. What is registered is asked first. A URL that
//! nobody has registered is an entity of a federation, or the place of a metadata document, and the latter only where no
//! federation has a say in it.

use serde_json::Map;

use crate::administration::{self, Draft};
use crate::client::{ClientInformation, OperatorSettings, RegisteredClient, Source};
use crate::error::Error;
use crate::federation::{self, EntityId};
use crate::metadata_document::{self, Asked, DocumentUri, Unresolved, Wanted};
use crate::policy::{METADATA_DOCUMENT, Trust};
use crate::registry::{self, Attempt, Context, Reason};
use crate::store::Named;

/// The client of that identifier, number or alias, of which the table has `named`. Of one that would be registered by being
/// asked for it is counted that it is refused.
///
/// # Errors
/// [`Unresolved`]; [`Unresolved::NotEnabled`] if there is no such client, and no other way to find one.
pub async fn resolve(
    context: &Context<'_>,
    base_url: &str,
    identifier: &str,
    named: Named,
    wanted: Wanted,
) -> Result<RegisteredClient, Unresolved> {
    let mut attempt = Attempt::new(metadata_document::RULE);
    let outcome = find(context, base_url, identifier, named, wanted, &mut attempt).await;
    // What was begun with a copy is registered already.
    let registers = wanted.may_fetch && !wanted.kept;
    let refusal = outcome.as_ref().err().filter(|_| registers).and_then(|unresolved| refusal(unresolved, &attempt));
    if let Some(reason) = refusal {
        let mut sent = Map::from_iter([("client_id".to_owned(), identifier.into())]);
        sent.append(&mut attempt.sent);
        registry::note_look_up(context, &reason, &Attempt { sent, ..attempt }).await;
    }
    outcome
}

/// Why a registration is refused, if it is.
fn refusal(unresolved: &Unresolved, attempt: &Attempt) -> Option<Reason> {
    match unresolved {
        // What may be the URL of a document is no client where that door is closed.
        Unresolved::NotEnabled => attempt.door.map(|door| Reason::closed(door, &Error::UnknownClient)),
        // Nobody is asked again so soon, or somebody else asks.
        Unresolved::Unavailable { .. } if !attempt.fetched => None,
        unresolved => unresolved.refusal(),
    }
}

/// As [`resolve`]; `attempt` is how far a registration has come.
async fn find(
    context: &Context<'_>,
    base_url: &str,
    identifier: &str,
    named: Named,
    wanted: Wanted,
    attempt: &mut Attempt,
) -> Result<RegisteredClient, Unresolved> {
    let Named { client, document, deleted, .. } = named;
    let decided = match client {
        // A stored record is asked first, and a locked client is nobody's to fetch.
        Some(client) if client.source != Source::MetadataDocument || client.locked => return Ok(client),
        decided => decided,
    };
    // A number leads to a document whose URL the table knows.
    let known = document.as_ref().map(|document| document.client_id.clone());
    let client_id = decided.as_ref().map(|client| client.client_id.clone()).or(known);
    let client_id = client_id.as_deref().unwrap_or(identifier);
    let is_kept = document.as_ref().is_some_and(|document| document.copy.is_some());
    if !is_kept
        && wanted.may_fetch
        && let Some(client) = of_federation(context, base_url, client_id, attempt).await?
    {
        return Ok(client);
    }
    let door = DocumentUri::is_meant_by(client_id).then_some(METADATA_DOCUMENT);
    *attempt = Attempt { door, ..Attempt::new(metadata_document::RULE) };
    let uri = metadata_document::identified(context, client_id)?;
    let settings = decided.as_ref().map_or_else(OperatorSettings::default, |client| client.record.settings.clone());
    let resolved = metadata_document::resolve(context, &uri, document, settings, wanted, attempt).await?;
    Ok(match decided {
        Some(RegisteredClient { tokens_from, begun, version, .. }) => {
            RegisteredClient { tokens_from, begun, version, ..resolved }
        }
        None => RegisteredClient { begun: deleted, ..resolved },
    })
}

/// The client that is stored under a name, or its document as it is kept: nothing is fetched for an operator who looks at
/// something or changes it.
///
/// # Errors
/// [`Error::UnknownClient`]; [`Error::Unavailable`], [`Error::Internal`].
pub async fn known(
    context: &Context<'_>,
    base_url: &str,
    identifier: &str,
    named: Named,
) -> Result<RegisteredClient, Error> {
    if let Some(stored) = named.client {
        return Ok(stored);
    }
    let kept = Wanted { kept: true, may_fetch: false, changes: true };
    resolve(context, base_url, identifier, named, kept).await.map_err(|unresolved| match unresolved {
        Unresolved::Core(error) if error.status() >= 500 => error,
        _ => Error::UnknownClient,
    })
}

/// A client that an operator is about to change: stored, or known by its document alone.
pub struct Changeable {
    /// The client, as it is.
    pub client: RegisteredClient,
    is_stored: bool,
}

impl Changeable {
    /// The client, stored: one that is known by its document alone becomes one of which operators decide something.
    ///
    /// # Errors
    /// As [`administration::adopt`].
    pub async fn stored(self, context: &Context<'_>) -> Result<RegisteredClient, Error> {
        if self.is_stored { Ok(self.client) } else { administration::adopt(context, self.client).await }
    }

    /// As [`administration::replace`]; what is so already stores nothing.
    ///
    /// # Errors
    /// As [`administration::replace`] and [`stored`](Self::stored).
    pub async fn replaced(
        self,
        context: &Context<'_>,
        draft: impl Fn(&RegisteredClient) -> Result<Draft, Error>,
    ) -> Result<ClientInformation, Error> {
        // Of a document operators decide about the settings alone.
        if !self.is_stored && draft(&self.client)?.settings == self.client.record.settings {
            return Ok(administration::closed(self.client));
        }
        Ok(administration::replace(context, self.stored(context).await?, draft).await?.information)
    }
}

/// As [`known`], for an operation that may change it.
///
/// # Errors
/// As [`known`].
pub async fn changeable(
    context: &Context<'_>,
    base_url: &str,
    identifier: &str,
    named: Named,
) -> Result<Changeable, Error> {
    let is_stored = named.client.is_some();
    Ok(Changeable { client: known(context, base_url, identifier, named).await?, is_stored })
}

/// As [`known`], for an operation that changes it in any case: [`stored`](Changeable::stored).
///
/// # Errors
/// As [`known`]; [`Error::Contention`].
pub async fn to_change(
    context: &Context<'_>,
    base_url: &str,
    identifier: &str,
    named: Named,
) -> Result<RegisteredClient, Error> {
    changeable(context, base_url, identifier, named).await?.stored(context).await
}

/// The client that a federation vouches for; none if the service takes part in none, or the URL is no entity of any.
async fn of_federation(
    context: &Context<'_>,
    base_url: &str,
    client_id: &str,
    attempt: &mut Attempt,
) -> Result<Option<RegisteredClient>, Unresolved> {
    if !context.service.configuration.federation.enabled {
        return Ok(None);
    }
    let Some(entity) = EntityId::parse(client_id) else { return Ok(None) };
    if !federation::offers_automatic(context) && !metadata_document::is_enabled(context.service) {
        return Ok(None);
    }
    let rules = &context.service.policy().metadata_documents;
    if !federation::offers_automatic(context) && rules.trust_of(client_id).0 == Trust::Block {
        return Ok(None);
    }
    // Whoever sends users here says which host is asked, as for a document.
    metadata_document::admit(context, &entity.host(), Asked::Unknown).await?;
    attempt.fetched = true;
    Ok(federation::register_if_entity(context, base_url, &entity, attempt).await?)
}
