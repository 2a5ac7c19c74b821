//! The keys with which a service signs: sealed whole, and their public parts beside what its operator decided.

use serde_json::{Map, Value};

use super::{Service, ServiceConfiguration};
use crate::credentials::KeyEncryption;
use crate::error::Error;
use crate::jose::{JwkSet, ServiceKey, SigningAlgorithm, generate_signing_key, public_keys, signature_algorithm};
use crate::metadata::{Invalid, parse_object_within};

/// The member under which a service keeps its keys sealed: a JWK Set with private keys, as text, which signs ID tokens and
/// access tokens. It is the name that Authlete's API has for it.
pub const JWKS: &str = "jwks";

/// The largest set of keys, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// What a new service signs with: what every relying party verifies (OpenID Connect Core §15.1). A second one would change
/// what a service announces whose authorization server signs with keys of its own.
const OF_NEW_SERVICES: [SigningAlgorithm; 1] = [SigningAlgorithm::Rs256];

/// What a new service keeps sealed, with a key of its own where it has no set of its own.
///
/// # Errors
/// [`Error::Internal`].
pub fn with_signing_keys(mut secrets: Map<String, Value>, now: u64) -> Result<Map<String, Value>, Error> {
    if !secrets.contains_key(JWKS) {
        let keys = OF_NEW_SERVICES.map(|algorithm| dated_signing_key(algorithm, now).map(Value::from));
        let keys: Vec<Value> = keys.into_iter().collect::<Result<_, _>>()?;
        let set = Map::from_iter([("keys".to_owned(), keys.into())]);
        secrets.insert(JWKS.to_owned(), Value::Object(set).to_string().into());
    }
    Ok(secrets)
}

/// A new private JWK that says since when it is there, in seconds since 1970 (`iat`, OpenID Federation 1.0 §8.7.2).
///
/// # Errors
/// [`Error::Internal`].
pub fn dated_signing_key(algorithm: SigningAlgorithm, now: u64) -> Result<Map<String, Value>, Error> {
    let mut key = generate_signing_key(algorithm)?;
    key.insert("iat".to_owned(), now.into());
    Ok(key)
}

/// The keys of what a service keeps sealed, with their private parts; none if it has no set.
///
/// # Errors
/// [`Invalid`] if it is no set.
pub fn private_jwks(secrets: &Map<String, Value>) -> Result<Option<Map<String, Value>>, Invalid> {
    let text = secrets.get(JWKS).and_then(Value::as_str);
    let set = text.map(|text| parse_object_within(text.as_bytes(), MAX_BYTES)).transpose();
    set.map_err(|_| Invalid::syntax(JWKS, "a JWK Set in a string"))
}

/// The same without their private parts; symmetric keys, which nobody sees, are left out.
///
/// # Errors
/// [`Invalid`] if it is no set.
pub(crate) fn public_jwks(secrets: &Map<String, Value>) -> Result<Option<Map<String, Value>>, Invalid> {
    Ok(private_jwks(secrets)?.as_ref().map(public_keys))
}

impl Service {
    /// The public keys (RFC 7517 §5); none if it has no set. Secrets are opened only of a service that was written before
    /// public keys were kept beside them.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn public_jwks(&self, keys: &KeyEncryption) -> Result<Option<Map<String, Value>>, Error> {
        match &self.configuration.jwks {
            Some(set) => Ok(Some(set.clone())),
            None => Ok(public_jwks(&self.secrets(keys).await?)?),
        }
    }
}

impl Service {
    /// The keys that verify what the service has signed, read at first use.
    ///
    /// # Errors
    /// As [`public_jwks`](Self::public_jwks).
    pub async fn verification_keys(&self, keys: &KeyEncryption) -> Result<&JwkSet, Error> {
        let read = || async {
            let set = self.public_jwks(keys).await?.unwrap_or_default();
            let listed = set.get("keys").and_then(Value::as_array).into_iter().flatten();
            Ok(JwkSet { keys: listed.filter_map(|key| serde_json::from_value(key.clone()).ok()).collect() })
        };
        self.verification_keys.get_or_try_init(read).await
    }

    /// The keys that sign for the service, the first one first, read at first use.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn signing_keys(&self, keys: &KeyEncryption) -> Result<&[ServiceKey], Error> {
        let read = || async {
            let set = private_jwks(&self.secrets(keys).await?)?.unwrap_or_default();
            let listed = set.get("keys").and_then(Value::as_array).into_iter().flatten();
            Ok(listed.filter_map(Value::as_object).filter_map(ServiceKey::read).collect())
        };
        self.signing_keys.get_or_try_init(read).await.map(Vec::as_slice)
    }
}

impl ServiceConfiguration {
    /// The algorithms of the keys that sign, each once and in the order of the keys; none without such a key.
    pub(super) fn signing_algorithms(&self) -> Vec<&'static str> {
        let keys = self.jwks.as_ref().and_then(|set| set.get("keys")).and_then(Value::as_array);
        let keys = keys.into_iter().flatten().filter_map(Value::as_object);
        let signs = |key: &&Map<String, Value>| key.get("use").and_then(Value::as_str) != Some("enc");
        let mut algorithms = Vec::new();
        for algorithm in keys.filter(signs).filter_map(signature_algorithm) {
            if !algorithms.contains(&algorithm) {
                algorithms.push(algorithm);
            }
        }
        algorithms
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Preset;

    const NOW: u64 = 1_790_000_000;

    fn announced(keys: &Value) -> Vec<&'static str> {
        let mut service = ServiceConfiguration::new("tests", Preset::Open.policy());
        service.jwks = json!({ "keys": keys }).as_object().cloned();
        let announced = service.announced("id_token_signing_alg_values_supported").unwrap();
        ["RS256", "PS256", "ES256", "ES384", "EdDSA"].into_iter().filter(|name| announced.contains(name)).collect()
    }

    #[test]
    fn a_new_service_has_a_key() {
        let secrets = with_signing_keys(Map::new(), NOW).unwrap();
        let (private, public) = (private_jwks(&secrets).unwrap().unwrap(), public_jwks(&secrets).unwrap().unwrap());
        for (index, algorithm) in ["RS256"].into_iter().enumerate() {
            let (key, public) = (&private["keys"][index], &public["keys"][index]);
            assert_eq!((&key["alg"], &key["iat"], public.get("d")), (&json!(algorithm), &json!(NOW), None));
            assert_eq!(key["kid"], public["kid"]);
        }
        assert_eq!(private["keys"].as_array().unwrap().len(), 1);
        assert_eq!(with_signing_keys(secrets.clone(), NOW).unwrap(), secrets, "a set of its own stays");
    }

    #[test]
    fn what_is_no_set_of_keys_is_refused() {
        let secrets = |text: &str| Map::from_iter([(JWKS.to_owned(), text.into())]);
        assert_eq!(public_jwks(&Map::new()), Ok(None));
        for text in ["", "[]", "{\"keys\":[],\"keys\":[]}"] {
            assert!(matches!(public_jwks(&secrets(text)), Err(Invalid::Syntax { .. })), "{text}");
        }
    }

    #[test]
    fn discovery_s3_id_tokens_are_signed_by_the_algorithms_of_the_keys() {
        let rsa = json!({"kty": "RSA"});
        let edwards = json!({"kty": "OKP", "crv": "Ed25519", "use": "sig"});
        let p256 = json!({"kty": "EC", "crv": "P-256"});
        for (keys, expected) in [
            (json!([]), vec!["RS256"]),
            (json!([edwards, p256, edwards]), vec!["ES256", "EdDSA"]),
            (json!([{"kty": "RSA", "alg": "PS256"}, rsa]), vec!["RS256", "PS256"]),
            (json!([{"kty": "RSA", "alg": "RSA-OAEP"}, {"kty": "EC", "crv": "P-384", "use": "enc"}]), vec!["RS256"]),
            (json!([{"kty": "EC", "crv": "P-384"}, {"kty": "oct"}, "key"]), vec!["ES384"]),
        ] {
            assert_eq!(announced(&keys), expected, "{keys}");
        }
    }
}
