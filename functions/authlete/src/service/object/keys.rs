//! The JWK Sets of a service hold private keys: they are kept sealed, and answered without their private parts.

use std::collections::HashMap;

use serde_json::{Map, Value};
use shared::metadata::{Invalid, PublicJwk, RefusedJwk, is_private_member};

/// Checks what others will see of a service's keys, as a client's are checked. Symmetric keys, which nobody sees, are
/// the operator's own business.
///
/// # Errors
/// [`Invalid::WrongType`] if it is no set, [`Invalid::ServiceKey`].
pub(super) fn check(member: &'static str, set: &Map<String, Value>) -> Result<(), Invalid> {
    let keys = set.get("keys").and_then(Value::as_array);
    let keys = keys.ok_or_else(|| Invalid::wrong_type(member, "a JWK Set: an object with an array of keys"))?;
    let seen = keys.iter().enumerate().filter(|(_, key)| key.get("kty").and_then(Value::as_str) != Some("oct"));
    let (places, public): (Vec<usize>, Vec<Value>) = seen.map(|(place, key)| (place, public_part(key))).unzip();
    let refused = |RefusedJwk { index, reason }| {
        let index = places.get(index).copied().unwrap_or(index);
        Invalid::ServiceKey { member, index, reason }
    };
    PublicJwk::check_all(&public).map(|_| ()).map_err(refused)
}

/// A key without its private members.
fn public_part(key: &Value) -> Value {
    let mut key = key.clone();
    if let Value::Object(members) = &mut key {
        members.retain(|name, _| !is_private_member(name));
    }
    key
}

/// The sent set, where a key that is only the public part of a stored one is the stored one.
pub(super) fn with_stored_parts(mut sent: Map<String, Value>, stored: &Map<String, Value>) -> Map<String, Value> {
    let stored = stored.get("keys").and_then(Value::as_array).into_iter().flatten();
    let stored: HashMap<Value, &Value> =
        stored.filter(|key| key.get("kid").is_some()).map(|key| (public_part(key), key)).collect();
    if let Some(Value::Array(keys)) = sent.get_mut("keys") {
        for key in keys {
            if let Some(stored) = stored.get(key) {
                *key = (*stored).clone();
            }
        }
    }
    sent
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use shared::jose::public_keys;

    use super::*;

    fn set(value: Value) -> Map<String, Value> {
        let Value::Object(set) = value else { panic!("not an object") };
        set
    }

    #[test]
    fn private_parts_are_left_out_and_put_back() {
        let stored = set(json!({"keys": [
            {"kty": "EC", "crv": "P-256", "kid": "a", "x": "1", "y": "2", "d": "secret"},
            {"kty": "oct", "kid": "s", "k": "secret"},
        ]}));
        let public = public_keys(&stored);
        assert_eq!(
            Value::Object(public.clone()),
            json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "a", "x": "1", "y": "2"}]})
        );
        let again = with_stored_parts(public, &stored);
        assert_eq!(again["keys"][0], stored["keys"][0]);
    }

    #[test]
    fn another_key_under_a_known_kid_does_not_get_the_old_private_part() {
        let stored = set(json!({"keys": [{"kty": "EC", "kid": "a", "x": "1", "y": "2", "d": "secret"}]}));
        let sent = set(json!({"keys": [{"kty": "EC", "kid": "a", "x": "9", "y": "2"}]}));
        assert_eq!(with_stored_parts(sent.clone(), &stored), sent);
    }

    #[test]
    fn keys_of_a_service_are_checked_as_others_see_them() {
        let good = json!({"kty": "OKP", "crv": "Ed25519", "kid": "a", "d": "AQ",
            "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let oct = json!({"kty": "oct", "kid": "s", "k": "AQ"});
        let unknown = json!({"kty": "AKP", "kid": "q", "pub": "AQ", "priv": "AQ"});
        assert_eq!(check("jwks", &set(json!({"keys": [good, oct, unknown]}))), Ok(()));
        let twice = check("jwks", &set(json!({"keys": [oct, good, good]})));
        assert!(matches!(twice, Err(Invalid::ServiceKey { member: "jwks", index: 2, .. })), "{twice:?}");
        let weak = check("federationJwks", &set(json!({"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]})));
        assert!(matches!(weak, Err(Invalid::ServiceKey { member: "federationJwks", index: 0, .. })), "{weak:?}");
        assert!(matches!(check("jwks", &set(json!({}))), Err(Invalid::WrongType { .. })));
    }
}
