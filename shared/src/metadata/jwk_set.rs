//! A client's keys by value (RFC 7517 §5): public ones only, bounded in count and size.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};

use super::Invalid;

const MAX_KEYS: usize = 20;
const MAX_BYTES: usize = 32 * 1024;

/// Members that hold a private or symmetric key (RFC 7518 §6.2.2, §6.3.2, §6.4, RFC 8037 §2).
pub const PRIVATE_KEY_MEMBERS: [&str; 9] = ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv"];

/// A set of public keys, as sent.
#[derive(Debug, Clone, PartialEq)]
pub struct JwkSet(Map<String, Value>);

impl JwkSet {
    /// Checks a set of keys.
    ///
    /// # Errors
    /// [`Invalid::Key`] for a private, symmetric, weak or malformed key; [`Invalid::TooLong`];
    /// [`Invalid::WrongType`] if it is no set.
    pub fn verify(set: Map<String, Value>) -> Result<Self, Invalid> {
        let keys = set
            .get("keys")
            .and_then(Value::as_array)
            .ok_or_else(|| Invalid::wrong_type("jwks", "a JWK Set: an object with an array of keys"))?;
        if keys.is_empty() {
            return Err(Invalid::Empty { member: "jwks" });
        }
        if keys.len() > MAX_KEYS {
            return Err(Invalid::TooLong { member: "jwks".to_owned(), limit: MAX_KEYS, unit: "keys" });
        }
        if serde_json::to_vec(&set).map_or(usize::MAX, |json| json.len()) > MAX_BYTES {
            return Err(Invalid::TooLong { member: "jwks".to_owned(), limit: MAX_BYTES, unit: "bytes" });
        }
        for (index, key) in keys.iter().enumerate() {
            public_key(key).map_err(|reason| Invalid::Key { index, reason })?;
        }
        Ok(Self(set))
    }

    /// A set that was verified before it was stored.
    pub(super) fn stored(set: Map<String, Value>) -> Self {
        Self(set)
    }

    /// The set as sent.
    #[must_use]
    pub fn as_object(&self) -> &Map<String, Value> {
        &self.0
    }

    /// Whether some key carries a certificate chain (`x5c`, RFC 7517 §4.7).
    #[must_use]
    pub fn has_certificate(&self) -> bool {
        let keys = self.0.get("keys").and_then(Value::as_array);
        keys.is_some_and(|keys| keys.iter().any(|key| key.get("x5c").is_some()))
    }
}

fn public_key(key: &Value) -> Result<(), &'static str> {
    let key = key.as_object().ok_or("it is not an object")?;
    if PRIVATE_KEY_MEMBERS.iter().any(|member| key.contains_key(*member)) {
        return Err("it is private or symmetric; send public keys only");
    }
    let text = |member: &str| key.get(member).and_then(Value::as_str);
    match text("kty").ok_or("kty is missing")? {
        "RSA" => {
            let modulus = octets(text("n")).ok_or("n is not base64url")?;
            octets(text("e")).ok_or("e is not base64url")?;
            let bits = modulus.iter().skip_while(|byte| **byte == 0).count() * 8;
            if (2048..=16_384).contains(&bits) { Ok(()) } else { Err("an RSA key must have 2048 to 16384 bits") }
        }
        "EC" => {
            let length = match text("crv").ok_or("crv is missing")? {
                "P-256" | "secp256k1" => 32,
                "P-384" => 48,
                "P-521" => 66,
                _ => return Err("its crv is not known"),
            };
            let coordinate = |member| octets(text(member)).is_some_and(|octets| octets.len() == length);
            if coordinate("x") && coordinate("y") { Ok(()) } else { Err("x or y does not fit crv") }
        }
        "OKP" => {
            let length = match text("crv").ok_or("crv is missing")? {
                "Ed25519" | "X25519" => 32,
                "Ed448" => 57,
                "X448" => 56,
                _ => return Err("its crv is not known"),
            };
            let fits = octets(text("x")).is_some_and(|octets| octets.len() == length);
            if fits { Ok(()) } else { Err("x does not fit crv") }
        }
        "oct" => Err("it is private or symmetric; send public keys only"),
        _ => Err("its kty is not known"),
    }
}

fn octets(text: Option<&str>) -> Option<Vec<u8>> {
    BASE64URL.decode(text?).ok().filter(|octets| !octets.is_empty())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn verify(set: Value) -> Result<JwkSet, Invalid> {
        let Value::Object(set) = set else { panic!("not an object") };
        JwkSet::verify(set)
    }

    fn ec() -> Value {
        // RFC 7517 appendix A.1
        json!({"kty": "EC", "crv": "P-256", "kid": "1", "use": "enc",
               "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})
    }

    #[test]
    fn public_keys_are_kept_as_sent() {
        let okp = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
        let rsa = json!({"kty": "RSA", "e": "AQAB", "n": BASE64URL.encode([0xc1; 256])});
        let set = json!({"keys": [ec(), okp, rsa], "note": "kept"});
        assert_eq!(Value::Object(verify(set.clone()).unwrap().0), set);
    }

    #[test]
    fn c5_private_symmetric_weak_and_broken_keys_are_refused() {
        let with = |member: &str, value: Value| {
            let mut key = ec();
            key[member] = value;
            key
        };
        for key in [
            with("d", json!("AQ")),
            json!({"kty": "oct", "k": "AQ"}),
            json!({"kty": "oct"}),
            with("kty", json!("XYZ")),
            with("kty", Value::Null),
            with("x", json!("AQ")),
            with("crv", json!("P-999")),
            json!({"kty": "RSA", "e": "AQAB", "n": BASE64URL.encode([0xc1; 128])}),
            json!({"kty": "RSA", "e": "AQAB", "n": "not base64url!"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AQ"}),
            json!("key"),
        ] {
            let result = verify(json!({"keys": [ec(), key.clone()]}));
            assert!(matches!(result, Err(Invalid::Key { index: 1, .. })), "{key}: {result:?}");
        }
        assert!(matches!(verify(json!({"keys": []})), Err(Invalid::Empty { .. })));
        assert!(matches!(verify(json!({"keys": {}})), Err(Invalid::WrongType { .. })));
        assert!(matches!(verify(json!({"keys": vec![ec(); 21]})), Err(Invalid::TooLong { .. })));
        let mut large = ec();
        large["x5c"] = json!(["A".repeat(40_000)]);
        assert!(matches!(verify(json!({"keys": [large]})), Err(Invalid::TooLong { .. })));
    }
}
