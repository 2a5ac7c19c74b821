//! The one check of a registration that asks somebody else; it comes last.
//!
//! Strangers say who is asked. So whatever became of it is kept in the table for a moment, for all who register clients
//! at the service: many registrations make one request, and a host that does not answer is left alone.

use std::collections::HashSet;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Context;
use crate::error::Error;
use crate::fetch::{Fetch, FetchError};
use crate::metadata::{Invalid, VerifiedMetadata};
use crate::store::{Document, DocumentUrl};

/// The largest list of redirect URIs that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// The largest one that is kept, in bytes: what the table asks for a write grows with it.
const MAX_KEPT_BYTES: usize = 64 * 1024;

/// Seconds for which it holds what became of a fetch, whatever it was.
const AGAIN: u64 = 10;

/// The least time for which a host is asked: one that is given less would be called slow for nothing.
const LEAST: Duration = Duration::from_secs(1);

/// How often somebody else's fetch is looked after.
const LOOKING: Duration = Duration::from_millis(100);

/// What is behind a `sector_identifier_uri`.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Sector {
    /// These redirect URIs.
    Listed(HashSet<String>),
    /// Nothing that lists any.
    Refused(Refused),
}

/// Why a sector is refused: the registrant's fault, or its host's for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Refused {
    NotAllowed,
    TooLarge,
    Absent,
    NotAList,
}

impl Refused {
    fn reason(self) -> &'static str {
        match self {
            Self::NotAllowed => "the URL is not allowed: it must be https on port 443 of a public host",
            Self::TooLarge => "its document is too large",
            Self::Absent => "its document cannot be fetched",
            Self::NotAList => "its document is not a JSON array of strings",
        }
    }
}

/// OIDC Registration §5: every redirect URI is in the document behind `sector_identifier_uri`.
pub(crate) async fn check(context: &Context<'_>, metadata: &VerifiedMetadata) -> Result<(), Error> {
    match &metadata.rest().sector_identifier_uri {
        Some(url) => lists_all(obtain(context, url).await?, metadata),
        None => Ok(()),
    }
}

/// The same of an update: what the client had before has been looked at, or an operator vouches for it. Asked is at a
/// registration, and a host that is gone by now does not keep a client from changing its name.
pub(super) async fn check_new(
    context: &Context<'_>,
    metadata: &VerifiedMetadata,
    earlier: &VerifiedMetadata,
) -> Result<(), Error> {
    let is_known = metadata.redirect_uris().iter().all(|uri| earlier.redirect_uris().contains(uri));
    let is_same = metadata.rest().sector_identifier_uri == earlier.rest().sector_identifier_uri;
    if is_same && is_known { Ok(()) } else { check(context, metadata).await }
}

/// The same for whoever only looks on: the host is asked whatever is known of it, and nothing is kept.
pub(crate) async fn look(context: &Context<'_>, metadata: &VerifiedMetadata) -> Result<(), Error> {
    let Some(url) = &metadata.rest().sector_identifier_uri else { return Ok(()) };
    let sector = read(context.app.fetch.get(url, MAX_BYTES, context.fetching_ends).await);
    lists_all(sector.map_err(|_| unreachable())?, metadata)
}

/// What of it asks nobody: whether the host may be asked.
pub(crate) fn permit(fetch: &Fetch, metadata: &VerifiedMetadata) -> Result<(), Error> {
    match &metadata.rest().sector_identifier_uri {
        Some(url) if fetch.host(url).is_err() => lists_all(Sector::Refused(Refused::NotAllowed), metadata),
        _ => Ok(()),
    }
}

fn lists_all(sector: Sector, metadata: &VerifiedMetadata) -> Result<(), Error> {
    let reason = match sector {
        Sector::Listed(listed) if metadata.redirect_uris().iter().all(|uri| listed.contains(uri.as_str())) => {
            return Ok(());
        }
        Sector::Listed(_) => "its document does not list every redirect URI",
        Sector::Refused(refused) => refused.reason(),
    };
    Err(Invalid::SectorIdentifier { reason }.into())
}

fn unreachable() -> Error {
    Error::Unreachable { member: "sector_identifier_uri", document: "its document" }
}

/// Where the table keeps what is known of a sector, and of its host: names that no URL has, since others keep other
/// things of the same URLs.
struct Place {
    document: String,
    host: String,
}

/// From the table, or from where it is published; whoever fetches it keeps the outcome for all.
async fn obtain(context: &Context<'_>, url: &str) -> Result<Sector, Error> {
    let store = &context.app.store;
    let Ok(host) = context.app.fetch.host(url) else { return Ok(Sector::Refused(Refused::NotAllowed)) };
    let place = Place { document: format!("sector {url}"), host: format!("host {host}") };
    let document = kept_of(context, &place.document);
    let mut known = store.document(&document).await?;
    loop {
        let left = context.fetching_ends.saturating_duration_since(Instant::now());
        match known {
            Document::Found(text) => return serde_json::from_str(&text).map_err(Error::internal),
            Document::Missing(_) => return Err(unreachable()),
            Document::Fetching | Document::Unknown if left < LEAST => return Err(unreachable()),
            Document::Fetching => {
                tokio::time::sleep(LOOKING).await;
                known = store.document(&document).await?;
            }
            Document::Unknown => {
                if let Document::Missing(_) = store.document(&kept_of(context, &place.host)).await? {
                    return Err(unreachable());
                }
                let lease = context.app.clock.now_millis().saturating_add(millis(left) + 1000);
                known = store.lease_document(&document, lease).await?;
                if known == Document::Unknown {
                    return fetch(context, url, &place).await;
                }
            }
        }
    }
}

/// From where it is published. Whoever comes next asks again if the outcome cannot be kept; this one has its answer.
async fn fetch(context: &Context<'_>, url: &str, place: &Place) -> Result<Sector, Error> {
    let outcome = read(context.app.fetch.get(url, MAX_BYTES, context.fetching_ends).await);
    if let Err(error) = remember(context, place, &outcome).await {
        tracing::warn!(cause = ?error.source_for_log(), "what became of a fetch could not be kept");
    }
    outcome.map_err(|error| {
        tracing::info!(%error, "sector_identifier_uri could not be fetched");
        unreachable()
    })
}

/// What an answer says of a sector. What may pass says nothing.
fn read(answer: Result<Vec<u8>, FetchError>) -> Result<Sector, FetchError> {
    Ok(match answer {
        Ok(document) => serde_json::from_slice(&document).map_or(Sector::Refused(Refused::NotAList), Sector::Listed),
        Err(error) if error.may_pass() => return Err(error),
        Err(FetchError::NotAllowed) => Sector::Refused(Refused::NotAllowed),
        Err(FetchError::TooLarge) => Sector::Refused(Refused::TooLarge),
        Err(_) => Sector::Refused(Refused::Absent),
    })
}

/// Ends the fetch with what became of it.
async fn remember(context: &Context<'_>, place: &Place, outcome: &Result<Sector, FetchError>) -> Result<(), Error> {
    let store = &context.app.store;
    let until = context.app.clock.now().saturating_add(AGAIN);
    let document = kept_of(context, &place.document);
    match outcome {
        Ok(sector) => match serde_json::to_string(sector).map_err(Error::internal)? {
            text if text.len() <= MAX_KEPT_BYTES => store.keep_document(&document, &text, until).await,
            text => store.miss_document(&document, &format!("{} bytes", text.len()), 0).await,
        },
        Err(error) => {
            let reason = error.to_string();
            if error.is_the_hosts() {
                store.miss_document(&kept_of(context, &place.host), &reason, until).await?;
            }
            store.miss_document(&document, &reason, until).await
        }
    }
}

fn kept_of<'u>(context: &Context<'_>, url: &'u str) -> DocumentUrl<'u> {
    let since_millis = context.app.clock.now_millis().saturating_sub(AGAIN * 1000);
    DocumentUrl { service_id: context.service.id, url, since_millis }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}
