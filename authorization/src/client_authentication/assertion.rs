//! A client signs a JWT (RFC 7523 §2.2, OpenID Connect Core §9).

use std::time::Instant;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Map, Value};
use shared::Error;
use shared::client::RegisteredClient;
use shared::credentials::ClientSecret;
use shared::fetch::{FetchError, KEYS_AGAIN, KEYS_FRESH};
use shared::jose::{JwkSet, JwtFault, UnverifiedJwt, numeric_date};
use shared::metadata::AuthMethod;
use shared::registry::FETCHING;

use super::{AuthenticationFault, Credentials};
use crate::context::Context;

/// `client_assertion_type` (RFC 7523 §2.2).
const TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// The media types of an assertion, without `application/`.
const TYPES: [&str; 2] = ["JWT", "client-authentication+jwt"];

/// How far ahead an assertion may end, in seconds: so long it is remembered.
const MAX_LIFETIME: f64 = 3600.0;

/// Whom an assertion is about, as it says itself.
pub(super) fn subject(assertion: &str) -> Option<String> {
    UnverifiedJwt::parse(assertion).ok()?.unverified_claim("sub").map(str::to_owned)
}

/// Whether the assertion is the client's, for this service, valid now, and was not seen before.
pub(super) async fn is_right(
    context: &Context<'_>,
    client: &RegisteredClient,
    credentials: &Credentials<'_>,
    method: AuthMethod,
) -> Result<Result<(), AuthenticationFault>, Error> {
    let parameters = credentials.parameters;
    let text = parameters.get("client_assertion").unwrap_or_default();
    let jwt = match UnverifiedJwt::parse(text) {
        Ok(jwt) if parameters.get("client_assertion_type") == Some(TYPE) => jwt,
        _ => return Ok(Err(AuthenticationFault::Assertion)),
    };
    // A token of another kind is no assertion (RFC 8725 §3.11).
    if !jwt.media_type().is_none_or(|name| TYPES.iter().any(|known| name.eq_ignore_ascii_case(known))) {
        return Ok(Err(AuthenticationFault::Assertion));
    }
    let algorithm = jwt.header().get("alg").and_then(Value::as_str).unwrap_or_default();
    let registered = client.record.metadata.rest().token_endpoint_auth_signing_alg.as_deref();
    let is_symmetric = algorithm.starts_with("HS");
    let fits = registered.is_none_or(|registered| registered == algorithm)
        && is_symmetric == (method == AuthMethod::ClientSecretJwt);
    if !fits {
        return Ok(Err(AuthenticationFault::Signature));
    }
    let (end, jti) = match claims(context, client, jwt.unverified_claims()) {
        Ok(claims) => claims,
        Err(fault) => return Ok(Err(fault)),
    };
    let verified = if is_symmetric {
        let (service, keys) = (context.service, &context.app.keys);
        let is_by =
            |secret: Option<ClientSecret>| secret.is_some_and(|secret| jwt.is_signed_with(secret.expose().as_bytes()));
        is_by(service.secret_of(keys, client).await?)
            || is_by(service.previous_secret_of(keys, client, context.app.clock.now()).await?)
    } else {
        match verified(context, client, &jwt).await {
            Ok(verified) => verified,
            Err(_) => return Ok(Err(AuthenticationFault::Keys)),
        }
    };
    if !verified {
        return Ok(Err(AuthenticationFault::Signature));
    }
    let mut seen = [0; 32];
    seen.copy_from_slice(digest(&SHA256, jti.as_bytes()).as_ref());
    let signer = format!("client#{}", client.numeric_id);
    let first = context.app.store.first_seen(context.service.id, &signer, &seen, end).await?;
    Ok(if first { Ok(()) } else { Err(AuthenticationFault::Assertion) })
}

/// Whether it is about the client, for this service, and valid now: until when, and its name.
fn claims(
    context: &Context<'_>,
    client: &RegisteredClient,
    claims: &Map<String, Value>,
) -> Result<(u64, String), AuthenticationFault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let is_name = |name: &str| {
        name == client.client_id
            || name == client.numeric_id.to_string()
            || client.record.settings.alias.as_deref() == Some(name)
    };
    let same = text("iss").filter(|issuer| Some(*issuer) == text("sub")).is_some_and(is_name);
    if !same {
        return Err(AuthenticationFault::Assertion);
    }
    let rules = context.rules;
    let is_ours = |name: &str| {
        let is_endpoint = rules.assertion_audiences.iter().any(|audience| audience == name);
        name == rules.issuer || (is_endpoint && !rules.assertions_name_issuer)
    };
    let for_us = match claims.get("aud") {
        Some(Value::String(name)) => is_ours(name),
        Some(Value::Array(names)) => names.iter().filter_map(Value::as_str).any(is_ours),
        _ => false,
    };
    if !for_us {
        return Err(AuthenticationFault::Audience);
    }
    let date = |name: &str| numeric_date(claims, name).map_err(|_| AuthenticationFault::Assertion);
    #[expect(clippy::cast_precision_loss, reason = "a date in seconds")]
    let (now, skew) = (context.app.clock.now() as f64, rules.clock_skew as f64);
    let end = date("exp")?.ok_or(AuthenticationFault::Assertion)?;
    let begun = |name: &str| Ok(date(name)?.is_none_or(|date| date <= now + skew));
    let valid = end > now - skew && end <= now + skew + MAX_LIFETIME && begun("iat")? && begun("nbf")?;
    let jti = text("jti").filter(|jti| !jti.is_empty());
    match jti {
        Some(jti) if valid => {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a date in seconds, not negative"
            )]
            let end = (end + skew + 1.0) as u64;
            Ok((end, jti.to_owned()))
        }
        _ => Err(AuthenticationFault::Assertion),
    }
}

/// Whether one of the client's keys verifies it. One that has changed its keys since they were fetched is asked once more.
async fn verified(
    context: &Context<'_>,
    client: &RegisteredClient,
    jwt: &UnverifiedJwt<'_>,
) -> Result<bool, FetchError> {
    match keys(context, client, KEYS_FRESH).await? {
        None => Ok(false),
        Some(keys) => match jwt.verify_signature(&keys) {
            Ok(()) => Ok(true),
            Err(JwtFault::Signature) if client.record.metadata.rest().jwks_uri.is_some() => {
                let keys = self::keys(context, client, KEYS_AGAIN).await?;
                Ok(keys.is_some_and(|keys| jwt.verify_signature(&keys).is_ok()))
            }
            Err(_) => Ok(false),
        },
    }
}

/// The client's keys, by value or from where it publishes them.
pub(super) async fn keys(
    context: &Context<'_>,
    client: &RegisteredClient,
    fresh: u64,
) -> Result<Option<JwkSet>, FetchError> {
    let metadata = &client.record.metadata;
    if let Some(set) = metadata.jwks() {
        return Ok(serde_json::from_value(set.as_object().clone().into()).ok());
    }
    let Some(uri) = &metadata.rest().jwks_uri else { return Ok(None) };
    let (app, end) = (context.app, Instant::now() + FETCHING);
    app.fetch.of(context.service.id).jwks(uri, fresh, &app.clock, end).await.map(Some)
}
