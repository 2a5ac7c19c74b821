//! ID Tokens (OpenID Connect Core §2).

use aws_lc_rs::digest::{SHA256, SHA384, SHA512, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use shared::Error;
use shared::client::RegisteredClient;
use shared::jose::{ServiceKey, UnverifiedJwt, sign_with_secret, unsigned};

use crate::authorization::Authorization;
use crate::context::Context;
use crate::{lifetime, subject};

/// The claims that only this server sets.
const OWN: [&str; 15] = [
    "iss",
    "sub",
    "aud",
    "exp",
    "iat",
    "nbf",
    "auth_time",
    "nonce",
    "acr",
    "amr",
    "azp",
    "at_hash",
    "c_hash",
    "s_hash",
    "jti",
];

/// The header members that only this server sets.
const OWN_HEADER: [&str; 19] = [
    "alg", "apu", "apv", "b64", "crit", "cty", "enc", "epk", "jku", "jwk", "kid", "p2c", "p2s", "typ", "x5c", "x5t",
    "x5t#S256", "x5u", "zip",
];

/// An ID Token cannot be signed: the service has no key for the algorithm.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the service has no key that signs {0}")]
pub struct NoKey(pub String);

/// The ID Token of an authorization.
///
/// # Errors
/// [`NoKey`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn id_token(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
) -> Result<Result<String, NoKey>, Error> {
    let algorithm = algorithm(client);
    let claims = claims(context, client, authorization, algorithm);
    let mut header = authorization.assertions.id_token_header.clone();
    header.retain(|name, _| !OWN_HEADER.contains(&name.as_str()));
    if algorithm == "none" {
        return Ok(Ok(unsigned(header, &claims)?));
    }
    if algorithm.starts_with("HS") {
        let secret = context.service.secret_of(&context.app.keys, client).await?;
        let Some(secret) = secret else { return Ok(Err(NoKey(algorithm.to_owned()))) };
        let signed = sign_with_secret(algorithm, secret.expose().as_bytes(), header, &claims)?;
        return Ok(signed.ok_or_else(|| NoKey(algorithm.to_owned())));
    }
    Ok(match signing_key(context, algorithm, context.rules.id_token_key).await? {
        Some(key) => Ok(key.private.sign_with_header(header, &claims)?),
        None => Err(NoKey(algorithm.to_owned())),
    })
}

/// Whether the service can sign an ID Token for the client.
///
/// # Errors
/// [`NoKey`], within [`Error::Unavailable`] and [`Error::Internal`].
pub async fn can_sign(context: &Context<'_>, client: &RegisteredClient) -> Result<Result<(), NoKey>, Error> {
    let algorithm = algorithm(client);
    let can = match algorithm {
        "none" => true,
        hmac if hmac.starts_with("HS") => client.secret.is_some(),
        other => signing_key(context, other, context.rules.id_token_key).await?.is_some(),
    };
    Ok(if can { Ok(()) } else { Err(NoKey(algorithm.to_owned())) })
}

fn algorithm(client: &RegisteredClient) -> &str {
    client.record.metadata.rest().id_token_signed_response_alg.as_deref().unwrap_or("RS256")
}

/// The key of that name that signs so, else the first one that does.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub(crate) async fn signing_key<'s>(
    context: &Context<'s>,
    algorithm: &str,
    named: Option<&str>,
) -> Result<Option<&'s ServiceKey>, Error> {
    let keys = context.service.signing_keys(&context.app.keys).await?;
    let mut fitting = keys.iter().filter(|key| key.private.algorithm() == algorithm);
    let is_named = |key: &&ServiceKey| named.is_some_and(|named| key.private.kid() == named);
    Ok(match fitting.clone().find(is_named) {
        Some(named) => Some(named),
        None => fitting.find(|key| !key.is_for_encryption),
    })
}

fn claims(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    algorithm: &str,
) -> Map<String, Value> {
    let assertions = &authorization.assertions;
    let now = context.app.clock.now();
    let mut claims = assertions.claims.clone();
    claims.retain(|name, value| !value.is_null() && !OWN.contains(&name.as_str()) && name != "sid");
    let mut put = |name: &str, value: Value| claims.insert(name.to_owned(), value);
    put("iss", context.rules.issuer.as_str().into());
    put("sub", sub(context, client, authorization).into());
    let name = Value::from(authorization.called(client).0);
    let is_single = assertions.single_audience.unwrap_or(context.rules.single_audience);
    put("aud", if is_single { name } else { vec![name].into() });
    put("exp", now.saturating_add(lifetime::of_id_token(context, client, &authorization.scopes)).into());
    put("iat", now.into());
    if let Some(time) = assertions.auth_time {
        put("auth_time", time.into());
    }
    if let Some(acr) = &assertions.acr {
        put("acr", acr.as_str().into());
    }
    if let Some(session) = &assertions.session_id {
        put("sid", session.as_str().into());
    }
    let request = authorization.request.as_ref();
    if let Some(nonce) = request.and_then(|request| request.nonce.as_deref()) {
        put("nonce", nonce.into());
    }
    if let Some(state) = request.and_then(|request| request.target.state.as_deref()) {
        put("s_hash", half_hash(algorithm, state).into());
    }
    claims
}

/// How the user is called in what the client is told (OpenID Connect Core §8).
#[must_use]
pub fn sub(context: &Context<'_>, client: &RegisteredClient, authorization: &Authorization) -> String {
    if let Some(sub) = &authorization.assertions.sub {
        return sub.clone();
    }
    let subject = authorization.subject.as_deref().unwrap_or_default();
    if subject::is_pairwise(client) { subject::pairwise(context, client, subject) } else { subject.to_owned() }
}

/// The left half of a text's digest by the algorithm's hash function (OpenID Connect Core §3.3.2.11, FAPI 1.0 Part 2
/// §5.1.1).
fn half_hash(algorithm: &str, text: &str) -> String {
    let function = match algorithm.get(2..) {
        Some("384") => &SHA384,
        Some("512" | "DSA") => &SHA512,
        _ => &SHA256,
    };
    let digest = digest(function, text.as_bytes());
    let bytes = digest.as_ref();
    BASE64URL.encode(bytes.get(..bytes.len() / 2).unwrap_or_default())
}

/// The user whom an ID Token of this service for the client names, however old it is (OpenID Connect Core §3.1.2.1).
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn hinted_subject(
    context: &Context<'_>,
    client: &RegisteredClient,
    hint: &str,
) -> Result<Option<String>, Error> {
    let Ok(jwt) = UnverifiedJwt::parse(hint) else { return Ok(None) };
    let is_by_secret = jwt.header().get("alg").and_then(Value::as_str).is_some_and(|name| name.starts_with("HS"));
    let is_signed = if is_by_secret {
        let secret = context.service.secret_of(&context.app.keys, client).await?;
        algorithm(client).starts_with("HS")
            && secret.is_some_and(|secret| jwt.is_signed_with(secret.expose().as_bytes()))
    } else {
        jwt.verify_signature(context.service.verification_keys(&context.app.keys).await?).is_ok()
    };
    if !is_signed {
        return Ok(None);
    }
    let claims = jwt.unverified_claims();
    let is_ours = claims.get("iss").and_then(Value::as_str) == Some(context.rules.issuer.as_str());
    let is_clients = |name: &Value| {
        let name = name.as_str().unwrap_or_default();
        name == client.client_id
            || name == client.numeric_id.to_string()
            || client.record.settings.alias.as_deref() == Some(name)
    };
    let for_client = match claims.get("aud") {
        Some(Value::Array(names)) => names.iter().any(is_clients),
        Some(name) => is_clients(name),
        None => false,
    };
    let sub = claims.get("sub").and_then(Value::as_str).map(str::to_owned);
    // An access token or a logout token is signed by the same keys (RFC 8725 §3.11).
    let is_id_token = jwt.media_type().is_none_or(|name| name.eq_ignore_ascii_case("jwt"));
    Ok(sub.filter(|_| is_ours && for_client && is_id_token))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The value for the code of OpenID Connect Core §A.4, whose algorithm is `RS256`.
    #[test]
    fn oidc_core_s3_3_2_11_half_of_a_digest() {
        assert_eq!(
            half_hash("RS256", "Qcb0Orv1zh30vL1MPRsbm-diHiMwcLyZvn1arpZv-Jxf_11jnpEX3Tgfvk"),
            "LDktKdoQak3Pk0cnXxCltA"
        );
    }
}
