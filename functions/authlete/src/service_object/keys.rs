//! The JWK Sets of a service hold private keys: they are kept sealed, and answered without their private parts.

use std::collections::HashMap;

use serde_json::{Map, Value};
use shared::metadata::PRIVATE_KEY_MEMBERS;

/// The sent set, where a key that is only the public part of a stored one is the stored one.
pub(super) fn with_stored_parts(mut sent: Map<String, Value>, stored: &Map<String, Value>) -> Map<String, Value> {
    let stored = stored.get("keys").and_then(Value::as_array).into_iter().flatten();
    let stored: HashMap<Value, &Value> = stored.filter_map(|key| Some((public(key)?, key))).collect();
    if let Some(Value::Array(keys)) = sent.get_mut("keys") {
        for key in keys {
            if let Some(stored) = stored.get(key) {
                *key = (*stored).clone();
            }
        }
    }
    sent
}

/// The public part of a key that has a name.
fn public(key: &Value) -> Option<Value> {
    let mut key = key.as_object().filter(|key| key.contains_key("kid"))?.clone();
    key.retain(|name, _| !PRIVATE_KEY_MEMBERS.contains(&name.as_str()));
    Some(key.into())
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
}
