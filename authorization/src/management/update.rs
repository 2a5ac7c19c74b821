//! Tokens that an operator changes.

use shared::Error;
use shared::client::RegisteredClient;
use shared::store::Found;

use crate::authorization::{Authorization, Given, Property, State};
use crate::context::Context;
use crate::presented::{Kind, Known, Presented};
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
    match TokenIdentifier::parse(clue) {
        Some(identifier) => identified(found, identifier),
        None => Presented::read(clue).known(context, found).await,
    }
}

/// The same of a token that is to be ended, be it replaced.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn of_clue_to_end(context: &Context<'_>, clue: &str, found: &Found) -> Result<Option<Known>, Error> {
    match TokenIdentifier::parse(clue) {
        Some(identifier) => identified(found, identifier),
        None => Presented::read(clue).known_or_replaced(context, found).await,
    }
}

fn identified(found: &Found, identifier: TokenIdentifier) -> Result<Option<Known>, Error> {
    let found = store::among(&found.items, identifier.id)?;
    let is_it = |given: &Option<Given>| given.as_ref().is_some_and(|given| identifier.is_of(&given.hash));
    Ok(found.filter(|found| found.state == State::Active).and_then(|authorization| {
        let kind = match (is_it(&authorization.access_token), is_it(&authorization.refresh_token)) {
            (true, _) => Kind::Access,
            (false, true) => Kind::Refresh,
            (false, false) => return None,
        };
        Some(Known::of(authorization, kind))
    }))
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
        if current.state != State::Active {
            return Ok(None);
        }
        let mut changed = changed(context, client, current, change).await?;
        match store::step(context, &mut changed.authorization, Vec::new()).await? {
            Step::Done | Step::Refused(_) => return Ok(Some(changed)),
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
        let known: Vec<String> = scopes.iter().filter(|scope| context.rules.scope(scope).is_some()).cloned().collect();
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
