//! Tokens that an operator changes.

use shared::Error;
use shared::client::RegisteredClient;
use shared::store::Found;
use shared::store::schema::Key;

use crate::authorization::{Authorization, Given, Property};
use crate::context::Context;
use crate::presented::{self, Known, Presented, Wanted};
use crate::store::{self, Step};
use crate::token::{Hash, TokenIdentifier, Value};
use crate::{lifetime, properties};

/// What is to be changed; what is absent stays.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own of the operation")]
pub struct Change {
    /// When the access token ends, in milliseconds since 1970.
    pub access_ends_at: Option<u64>,
    /// When the refresh token ends, in milliseconds since 1970.
    pub refresh_ends_at: Option<u64>,
    /// Whether the access token has no end.
    pub is_persistent: bool,
    /// The scopes in place of those that were granted; the service's only.
    pub scopes: Option<Vec<String>>,
    /// Whether the access token lives anew if scopes change.
    pub access_lives_anew: bool,
    /// Whether the refresh token lives anew if scopes change.
    pub refresh_lives_anew: bool,
    /// What is attached, in place of what was.
    pub properties: Option<Vec<Property>>,
    /// Whether the access token gets another value.
    pub renews_value: bool,
    /// Authorization details in place of those that were given.
    pub details: Option<serde_json::Value>,
    /// The certificate that the access token is bound to.
    pub certificate_thumbprint: Option<String>,
}

/// A token that was changed.
pub struct Changed {
    /// The authorization as it stands now.
    pub authorization: Authorization,
    /// The value of the access token, if it was made anew.
    pub value: Option<Value>,
}

/// The authorization of a token, by its value or by what operators call it.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn of_clue(context: &Context<'_>, clue: &str, found: &Found) -> Result<Option<Known>, Error> {
    match Presented::read(clue).known(context, found).await? {
        Some(known) => Ok(Some(known)),
        None => identified(found, clue, Wanted::Current),
    }
}

/// The same of a token that is to be ended, be it replaced.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn of_clue_to_end(context: &Context<'_>, clue: &str, found: &Found) -> Result<Option<Known>, Error> {
    match Presented::read(clue).known_or_replaced(context, found).await? {
        Some(known) => Ok(Some(known)),
        None => identified(found, clue, Wanted::OrReplaced),
    }
}

/// Where the authorization of a token is, that is named by its value or by what operators call it.
#[must_use]
pub fn keys_of_clue(service_id: u64, clue: &str) -> Vec<Key> {
    let identified = TokenIdentifier::parse(clue).map(|identifier| store::key_in(service_id, identifier.id));
    identified.into_iter().chain(Presented::read(clue).keys(service_id)).collect()
}

fn identified(found: &Found, clue: &str, wanted: Wanted) -> Result<Option<Known>, Error> {
    let Some(identifier) = TokenIdentifier::parse(clue) else { return Ok(None) };
    let Some(authorization) = store::among(&found.items, identifier.id)? else { return Ok(None) };
    let kind = presented::kind(&authorization, wanted, |hash| identifier.is_of(hash));
    Ok(kind.map(|kind| Known::of(authorization, kind)))
}

/// Changes a token, however often it changes meanwhile; none if it ends.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn update(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: Authorization,
    change: &Change,
) -> Result<Option<Changed>, Error> {
    let mut current = authorization;
    for _ in 0..store::ATTEMPTS {
        // Of what has ended, nobody remembers any more that it may live.
        if !current.is_live(context.now_millis()) {
            return Ok(None);
        }
        let mut changed = changed(context, client, current, change).await?;
        match store::step(context, &mut changed.authorization, Vec::new()).await? {
            Step::Done => return Ok(Some(changed)),
            Step::Refused | Step::ValueInUse => return Ok(None),
            Step::Lost(now) => match *now {
                Some(now) => current = now,
                None => return Ok(None),
            },
        }
    }
    Err(Error::Contention)
}

async fn changed(
    context: &Context<'_>,
    client: &RegisteredClient,
    mut authorization: Authorization,
    change: &Change,
) -> Result<Changed, Error> {
    let now = context.now_millis();
    if let Some(scopes) = &change.scopes {
        let known = context.rules.known_scopes(scopes);
        let differ = known != authorization.scopes;
        authorization.scopes.clone_from(&known);
        authorization.refresh_scopes = known;
        let anew = |seconds: u64| Some(now.saturating_add(seconds.saturating_mul(1000)));
        if differ && change.access_lives_anew {
            let seconds = lifetime::of_access_token(context, client, &authorization.scopes);
            set_end(&mut authorization.access_token, anew(seconds));
        }
        if differ && change.refresh_lives_anew {
            let seconds = lifetime::of_refresh_token(context, client, &authorization.refresh_scopes);
            set_end(&mut authorization.refresh_token, anew(seconds));
        }
    }
    if let Some(end) = change.access_ends_at {
        set_end(&mut authorization.access_token, Some(end));
    }
    if let Some(end) = change.refresh_ends_at {
        set_end(&mut authorization.refresh_token, Some(end));
    }
    if change.is_persistent {
        set_end(&mut authorization.access_token, None);
    }
    lifetime::link(context, &mut authorization);
    if let Some(attached) = &change.properties {
        authorization.properties = properties::at_rest(context, authorization.id, attached.clone()).await?;
    }
    if let Some(details) = &change.details {
        authorization.details = Some(details.clone());
    }
    if let Some(thumbprint) = &change.certificate_thumbprint {
        authorization.certificate_thumbprint = Some(thumbprint.clone());
    }
    let mut value = None;
    if change.renews_value {
        let renewed = Value::mint(authorization.id, authorization.client, &context.app.entropy)?;
        if let Some(given) = &mut authorization.access_token {
            authorization.rotations.push_access(given.hash);
            given.hash = Hash::of(renewed.expose());
        }
        value = Some(renewed);
    }
    Ok(Changed { authorization, value })
}

fn set_end(given: &mut Option<Given>, ends_at: Option<u64>) {
    if let Some(given) = given {
        given.ends_at = ends_at;
    }
}
