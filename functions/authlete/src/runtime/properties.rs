//! Properties of a grant, as authorization servers send them: an array, or a string that holds one.

use std::collections::HashMap;

use authorization::authorization::Property;
use serde_json::Value;
use shared::metadata::Invalid;

use super::members::Members;
use crate::error::Error;

/// How large the properties of a grant may be, in bytes of JSON.
const MAX_BYTES: usize = 32 * 1024;

/// The names that clients know as something else.
const RESERVED: [&str; 10] = [
    "access_token",
    "authorization_details",
    "token_type",
    "expires_in",
    "refresh_token",
    "scope",
    "error",
    "error_description",
    "error_uri",
    "id_token",
];

/// The properties of a request; what is no array of pairs is none.
///
/// # Errors
/// [`Error::Body`] for more than an item has room for.
pub(crate) fn of(body: &Members) -> Result<Vec<Property>, Error> {
    let parsed = match body.value("properties") {
        Some(Value::String(text)) => serde_json::from_str::<Value>(text).ok(),
        other => other.cloned(),
    };
    let pairs = parsed.as_ref().and_then(Value::as_array).into_iter().flatten();
    let property = |pair: &Value| {
        let text = |name: &str| pair.get(name).and_then(Value::as_str).map(str::to_owned);
        let hidden = pair.get("hidden").and_then(Value::as_bool).unwrap_or_default();
        Some(Property { key: text("key").filter(|key| !key.is_empty())?, value: text("value")?, hidden })
    };
    let mut properties: Vec<Property> = pairs.filter_map(property).collect();
    // Of one name the last counts.
    let last: HashMap<String, usize> =
        properties.iter().enumerate().map(|(at, property)| (property.key.clone(), at)).collect();
    let mut at = 0..;
    properties.retain(|property| at.next() == last.get(&property.key).copied());
    let bytes: usize = properties.iter().map(|property| property.key.len() + property.value.len() + 40).sum();
    if bytes > MAX_BYTES {
        let member = "properties".to_owned();
        return Err(Error::Body(Invalid::TooLong { member, limit: MAX_BYTES, unit: "bytes" }));
    }
    Ok(properties)
}

/// The names that RFC 7662 §2.2, RFC 8705 §3.2, RFC 9396 §9.2 and RFC 9470 §6.2 give to facts.
const FACTS: [&str; 17] = [
    "active",
    "scope",
    "client_id",
    "username",
    "token_type",
    "exp",
    "iat",
    "nbf",
    "sub",
    "aud",
    "iss",
    "jti",
    "cnf",
    "authorization_details",
    "acr",
    "auth_time",
    "may_act",
];

/// The properties that a resource server sees among the facts of a token, and never in the place of one.
pub(crate) fn for_resource_servers(properties: &[Property], with_hidden: bool) -> impl Iterator<Item = (&str, &str)> {
    let shown = properties.iter().filter(move |property| with_hidden || !property.hidden);
    let shown = shown.filter(|property| !FACTS.contains(&property.key.as_str()));
    shown.map(|property| (property.key.as_str(), property.value.as_str()))
}

/// The properties that a client sees among the members of its answer.
pub(crate) fn for_clients(properties: &[Property]) -> impl Iterator<Item = (&str, &str)> {
    let shown = properties.iter().filter(|property| !property.hidden && !RESERVED.contains(&property.key.as_str()));
    shown.map(|property| (property.key.as_str(), property.value.as_str()))
}
