//! A client's keys by value (RFC 7517 §5): public ones only, bounded in count and size.

use serde_json::{Map, Value};

use super::Invalid;
use super::jwk::{KeyCertificate, PublicJwk, RefusedJwk};

const MAX_KEYS: usize = 20;
const MAX_BYTES: usize = 32 * 1024;

/// A set of public keys, each of which was checked. It is never empty.
#[derive(Debug, Clone, PartialEq)]
pub struct JwkSet(Map<String, Value>);

impl JwkSet {
    /// Checks a set of keys. Those of unknown kinds are left out: a reader that knows fewer must not fail because of
    /// them, and nobody has checked them. `None` if no key is left.
    ///
    /// # Errors
    /// [`Invalid::Key`] for a private, symmetric, weak or malformed key; [`Invalid::TooLong`];
    /// [`Invalid::WrongType`] if it is no set.
    pub fn verify(mut set: Map<String, Value>) -> Result<Option<Self>, Invalid> {
        if serde_json::to_vec(&set).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
            return Err(Invalid::TooLong { member: "jwks".to_owned(), limit: MAX_BYTES, unit: "bytes" });
        }
        let Some(Value::Array(keys)) = set.get_mut("keys") else {
            return Err(Invalid::wrong_type("jwks", "a JWK Set: an object with an array of keys"));
        };
        if keys.len() > MAX_KEYS {
            return Err(Invalid::TooLong { member: "jwks".to_owned(), limit: MAX_KEYS, unit: "keys" });
        }
        let refused = |RefusedJwk { index, reason }| Invalid::Key { index, reason };
        let known = PublicJwk::check_all(keys).map_err(refused)?;
        *keys = known.iter().map(|key| key.members().clone().into()).collect();
        Ok((!keys.is_empty()).then_some(Self(set)))
    }

    /// A set that was verified before it was stored.
    pub(super) fn stored(set: Map<String, Value>) -> Self {
        Self(set)
    }

    /// The set as registered.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The certificates of the keys that have one.
    #[must_use]
    pub fn certificates(&self) -> Vec<KeyCertificate> {
        self.keys().iter().filter_map(|key| KeyCertificate::of(key.as_object()?)).collect()
    }

    /// Whether some key carries a certificate chain (`x5c`, RFC 7517 §4.7).
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        self.keys().iter().any(|key| key.get("x5c").is_some())
    }

    /// Whether some key may verify signatures (RFC 7517 §4.2 to §4.4).
    #[must_use]
    pub fn has_signature_key(&self) -> bool {
        let verifies = |key: &Value| PublicJwk::check(key).ok().flatten().is_some_and(|key| key.verifies_signatures());
        self.keys().iter().any(verifies)
    }

    fn keys(&self) -> &[Value] {
        self.0.get("keys").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verify(set: Value) -> Result<Option<JwkSet>, Invalid> {
        let Value::Object(set) = set else { panic!("not an object") };
        JwkSet::verify(set)
    }

    fn ec() -> Value {
        // RFC 7517 appendix A.1
        json!({"kty": "EC", "crv": "P-256", "kid": "1", "use": "enc",
               "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})
    }

    fn okp() -> Value {
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})
    }

    fn post_quantum() -> Value {
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"})
    }

    #[test]
    fn public_keys_are_kept_as_sent() {
        let set = json!({"keys": [ec(), okp()], "note": "kept"});
        assert_eq!(Value::Object(verify(set.clone()).unwrap().unwrap().0), set);
    }

    #[test]
    fn rfc_7517_5_keys_of_unknown_kinds_are_left_out() {
        let known = verify(json!({"keys": [post_quantum(), ec(), okp()]})).unwrap().unwrap();
        assert_eq!(Value::Object(known.0), json!({"keys": [ec(), okp()]}));
        assert_eq!(verify(json!({"keys": [post_quantum()]})), Ok(None));
        assert_eq!(verify(json!({"keys": []})), Ok(None));
    }

    #[test]
    fn what_keys_are_for_is_answered_by_the_set() {
        let set = |key: Value| verify(json!({"keys": [key]})).unwrap().unwrap();
        assert!(set(okp()).has_signature_key());
        assert!(!set(ec()).has_signature_key());
        assert!(!set(okp()).has_certificate());
    }

    #[test]
    fn c5_private_symmetric_weak_and_broken_keys_are_refused() {
        for key in [
            json!({"kty": "oct", "k": "AQ"}),
            json!({"kty": "RSA", "e": "AQAB", "n": "AQ"}),
            json!({"kty": "AKP", "alg": "ML-DSA-65", "priv": "AQ"}),
            ec(),
            json!("key"),
        ] {
            let result = verify(json!({"keys": [ec(), key.clone()]}));
            assert!(matches!(result, Err(Invalid::Key { index: 1, .. })), "{key}: {result:?}");
        }
        assert!(matches!(verify(json!({"keys": {}})), Err(Invalid::WrongType { .. })));
        assert!(matches!(verify(json!({})), Err(Invalid::WrongType { .. })));
        assert!(matches!(verify(json!({"keys": vec![ec(); 21]})), Err(Invalid::TooLong { .. })));
        let mut large = ec();
        large["x5c"] = json!(["A".repeat(40_000)]);
        assert!(matches!(verify(json!({"keys": [large]})), Err(Invalid::TooLong { .. })));
    }
}
