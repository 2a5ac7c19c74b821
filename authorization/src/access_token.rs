//! Access tokens that are JWTs (RFC 9068): another form of the opaque one, of which the table has the last word.

use serde_json::{Map, Value as Json, json};
use shared::Error;
use shared::client::RegisteredClient;
use shared::jose::UnverifiedJwt;

use crate::authorization::Authorization;
use crate::context::Context;
use crate::id_token::{self, NoKey};
use crate::token::{Hash, TokenIdentifier};

/// The media type (RFC 9068 §2.1).
const MEDIA_TYPE: &str = "at+jwt";

/// The claims that only this server sets.
const OWN: [&str; 13] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "jti",
    "client_id",
    "scope",
    "acr",
    "auth_time",
    "cnf",
    "authorization_details",
];

/// The JWT of an access token, if the service makes any.
///
/// # Errors
/// [`NoKey`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn jwt(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    hash: &Hash,
    ends_at: Option<u64>,
) -> Result<Result<Option<String>, NoKey>, Error> {
    let Some(algorithm) = context.rules.access_token_algorithm else { return Ok(Ok(None)) };
    let key = id_token::signing_key(context, algorithm, context.rules.access_token_key).await?;
    let Some(key) = key else { return Ok(Err(NoKey(algorithm.to_owned()))) };
    let claims = claims(context, client, authorization, hash, ends_at);
    Ok(Ok(Some(key.private.sign(MEDIA_TYPE, &claims)?)))
}

fn claims(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    hash: &Hash,
    ends_at: Option<u64>,
) -> Map<String, Json> {
    let assertions = &authorization.assertions;
    let mut claims = assertions.access_token_claims.clone();
    claims.retain(|name, value| !value.is_null() && !OWN.contains(&name.as_str()));
    let mut put = |name: &str, value: Json| claims.insert(name.to_owned(), value);
    let (name, _) = authorization.called(client);
    put("iss", context.rules.issuer.as_str().into());
    let sub = authorization.subject.as_ref().map(|_| id_token::sub(context, client, authorization));
    put("sub", sub.unwrap_or_else(|| name.to_owned()).into());
    put("client_id", name.into());
    put("iat", context.app.clock.now().into());
    put("jti", TokenIdentifier::of(authorization.id, hash).to_text().into());
    put("grant_type", authorization.grant_type.as_str().into());
    put(
        "aud",
        match authorization.resources.as_slice() {
            [] => context.rules.issuer.as_str().into(),
            resources => resources.into(),
        },
    );
    if let Some(end) = ends_at {
        put("exp", (end / 1000).into());
    }
    if !authorization.scopes.is_empty() {
        put("scope", authorization.scopes.join(" ").into());
    }
    if let Some(acr) = &assertions.acr {
        put("acr", acr.as_str().into());
    }
    if let Some(time) = assertions.auth_time {
        put("auth_time", time.into());
    }
    if let Some(thumbprint) = &authorization.certificate_thumbprint {
        put("cnf", json!({"x5t#S256": thumbprint}));
    }
    if let Some(details) = &authorization.details {
        put("authorization_details", details.clone());
    }
    claims
}

/// What a JWT names, if it may be an access token of ours: nobody vouches for it yet.
#[must_use]
pub fn named_by(token: &str) -> Option<(TokenIdentifier, Option<String>)> {
    let jwt = UnverifiedJwt::parse(token).ok()?;
    let identifier = TokenIdentifier::parse(jwt.unverified_claim("jti")?)?;
    Some((identifier, jwt.unverified_claim("client_id").map(str::to_owned)))
}

/// Whether the service has signed it.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn is_ours(context: &Context<'_>, token: &str) -> Result<bool, Error> {
    let Ok(jwt) = UnverifiedJwt::parse(token) else { return Ok(false) };
    if jwt.media_type() != Some(MEDIA_TYPE) {
        return Ok(false);
    }
    Ok(jwt.verify_signature(context.service.verification_keys(&context.app.keys).await?).is_ok())
}
