//! Tokens as they are given away.

use shared::Error;
use shared::client::RegisteredClient;
use shared::credentials::{Token, TokenKind};
use shared::jose::UnverifiedJwt;
use shared::metadata::GrantType;

use crate::authorization::{Authorization, State};
use crate::context::Context;
use crate::store;
use crate::token::{Hash, Value};
use crate::{access_token, id_token, lifetime};

use super::TokenFault;

/// The longest value that can be chosen for a token, in characters.
pub(super) const MAX_CHOSEN: usize = 8192;

/// What the authorization server wishes for the tokens of one request.
#[derive(Debug, Default, Clone)]
pub struct Wishes {
    /// How long the access token shall live, in seconds, whatever the service, the client and the scopes say.
    pub access_seconds: Option<u64>,
    /// The same of the refresh token.
    pub refresh_seconds: Option<u64>,
    /// The value of the access token.
    pub access_token: Option<String>,
    /// The value of the refresh token.
    pub refresh_token: Option<String>,
    /// Whether the access token has no end.
    pub is_persistent: bool,
}

impl Wishes {
    /// Whether the chosen values can be tokens of somebody else's making: of the characters of bearer tokens (RFC 6750
    /// §2.1), nothing that is made here, nothing that the grant has had, and two that differ.
    ///
    /// # Errors
    /// [`TokenFault::ImpossibleValue`] and [`TokenFault::ValueInUse`], within [`Error::Unavailable`] and
    /// [`Error::Internal`] where keys have to be read.
    pub(super) async fn are_possible_for(
        &self,
        context: &Context<'_>,
        authorization: &Authorization,
    ) -> Result<Result<(), TokenFault>, Error> {
        for value in [&self.access_token, &self.refresh_token].into_iter().flatten() {
            let is_credential = TokenKind::ALL.iter().any(|kind| Token::parse(*kind, value).is_some());
            let is_made_here = is_credential || Value::parse(value).is_some() || is_signed_here(context, value).await?;
            if !is_bearer_token(value) || is_made_here {
                return Ok(Err(TokenFault::ImpossibleValue));
            }
            let hash = Hash::of(value);
            if authorization.has_given(&hash) || authorization.rotations.have(&hash) {
                return Ok(Err(TokenFault::ValueInUse));
            }
        }
        let is_one = self.access_token.is_some() && self.access_token == self.refresh_token;
        Ok(if is_one { Err(TokenFault::ValueInUse) } else { Ok(()) })
    }
}

/// RFC 6750 §2.1, and something that a path does not swallow.
fn is_bearer_token(value: &str) -> bool {
    let body = value.trim_end_matches('=');
    let is_of_one = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    value.len() <= MAX_CHOSEN && body.bytes().all(is_of_one) && body.bytes().any(|byte| byte.is_ascii_alphanumeric())
}

/// Whether it is a JWT that this service has signed, whatever it is for.
async fn is_signed_here(context: &Context<'_>, value: &str) -> Result<bool, Error> {
    let Ok(jwt) = UnverifiedJwt::parse(value) else { return Ok(false) };
    Ok(jwt.verify_signature(context.service.verification_keys(&context.app.keys).await?).is_ok())
}

/// Tokens that are given to a client.
pub struct Tokens {
    /// The authorization as it stands now.
    pub authorization: Authorization,
    /// The access token.
    pub access_token: String,
    /// The same as a JWT, if the service makes any.
    pub jwt: Option<String>,
    /// The refresh token, if there is one.
    pub refresh_token: Option<String>,
    /// The ID Token, if there is one.
    pub id_token: Option<String>,
    /// Whether a refresh token that was just replaced has given the same again.
    pub is_replay: bool,
}

/// Whether a client gets a refresh token with this authorization.
#[must_use]
pub(crate) fn is_refreshed(context: &Context<'_>, client: &RegisteredClient, authorization: &Authorization) -> bool {
    let offered = context.rules.grant_types.contains(&GrantType::RefreshToken);
    let registered = client.record.metadata.grant_types().contains(&GrantType::RefreshToken);
    let has_one = !matches!(authorization.grant_type, GrantType::Implicit | GrantType::ClientCredentials);
    offered && registered && has_one && authorization.subject.is_some()
}

/// Puts new tokens into an authorization that becomes active.
///
/// # Errors
/// [`TokenFault::NoKey`], [`TokenFault::ImpossibleValue`] and [`TokenFault::ValueInUse`], within [`Error::Unavailable`]
/// and [`Error::Internal`].
pub async fn give(
    context: &Context<'_>,
    client: &RegisteredClient,
    mut authorization: Authorization,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    if let Err(fault) = wishes.are_possible_for(context, &authorization).await? {
        return Ok(Err(fault));
    }
    let now = context.now_millis();
    let entropy = &context.app.entropy;
    let mint = || Value::mint(authorization.id, authorization.client, entropy).map(|value| value.expose().to_owned());
    let access = wishes.access_token.clone().map_or_else(mint, Ok)?;
    let refresh = if is_refreshed(context, client, &authorization) {
        Some(wishes.refresh_token.clone().map_or_else(mint, Ok)?)
    } else {
        None
    };
    authorization.state = State::Active;
    authorization.active_since = now;
    let refresh_seconds = wishes
        .refresh_seconds
        .unwrap_or_else(|| lifetime::of_refresh_token(context, client, &authorization.refresh_scopes));
    authorization.refresh_token =
        refresh.as_ref().map(|value| store::given(Hash::of(value), now, Some(refresh_seconds)));
    let seconds = access_seconds(context, client, &authorization, wishes);
    authorization.access_token = Some(store::given(Hash::of(&access), now, seconds));
    lifetime::link(context, &mut authorization);
    let chosen = [&wishes.access_token, &wishes.refresh_token].into_iter().flatten().map(|value| Hash::of(value));
    authorization.chosen = chosen.filter(|hash| authorization.has_given(hash)).collect();
    let jwt = match signed(context, client, &authorization, &access).await? {
        Ok(jwt) => jwt,
        Err(fault) => return Ok(Err(fault)),
    };
    let refresh_token = refresh;
    Ok(Ok(Tokens { authorization, access_token: access, jwt, refresh_token, id_token: None, is_replay: false }))
}

/// Seconds that an access token lives; none for one without an end.
pub(super) fn access_seconds(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    wishes: &Wishes,
) -> Option<u64> {
    if wishes.is_persistent {
        return None;
    }
    Some(wishes.access_seconds.unwrap_or_else(|| lifetime::of_access_token(context, client, &authorization.scopes)))
}

/// The access token as a JWT, if the service makes any.
pub(super) async fn signed(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    access: &str,
) -> Result<Result<Option<String>, TokenFault>, Error> {
    let end = authorization.access_token.as_ref().and_then(|given| given.ends_at);
    let jwt = access_token::jwt(context, client, authorization, &Hash::of(access), end).await?;
    Ok(jwt.map_err(TokenFault::from))
}

/// The ID Token, if OpenID Connect was asked for.
pub(super) async fn identified(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
) -> Result<Result<Option<String>, TokenFault>, Error> {
    if !authorization.scopes.iter().any(|scope| scope == "openid") {
        return Ok(Ok(None));
    }
    let id_token = id_token::id_token(context, client, authorization).await?;
    Ok(id_token.map(Some).map_err(TokenFault::from))
}
