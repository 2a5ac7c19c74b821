//! A software statement (RFC 7591 §2.3), by who says that it is its.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::json;
use url::Url;

use super::{text, uri};
use crate::jose::UnverifiedJwt;
use crate::metadata::MAX_BODY_BYTES;

/// What stands before the issuer.
const BY: &str = "a JWT by ";

/// What is shown of a statement. An operator who knows its issuer may trust it.
pub(super) fn masked(statement: &str) -> String {
    let jwt = UnverifiedJwt::parse(statement).ok();
    let issuer = jwt.as_ref().and_then(|jwt| jwt.unverified_claim("iss"));
    let issuer = issuer.map(|issuer| if is_origin(issuer) { issuer.to_owned() } else { uri::masked(issuer) });
    issuer.map_or_else(|| text::masked(statement, &[]), |issuer| format!("{BY}{issuer}"))
}

/// Whether nothing is known of it but where it is.
fn is_origin(issuer: &str) -> bool {
    Url::parse(issuer).is_ok_and(|url| url.scheme() == "https" && url.origin().ascii_serialization() == issuer)
}

/// One by an issuer of whom that is shown.
pub(super) fn stand_in(shown: &str) -> Option<String> {
    let shown = shown.strip_prefix(BY)?;
    let origin = is_origin(shown).then(|| shown.to_owned());
    let issuer =
        origin.or_else(|| uri::stand_in(shown, MAX_BODY_BYTES)).or_else(|| text::stand_in(shown, MAX_BODY_BYTES))?;
    let part = |value: serde_json::Value| BASE64URL.encode(value.to_string());
    Some(format!("{}.{}.AA", part(json!({"alg": "ES256"})), part(json!({ "iss": issuer }))))
}
