//! An entity with a key, signing whatever it is told to. The tests of the whole use it too.

use serde_json::{Map, Value, json};

use super::{NOW, SigningAlgorithm, SigningKey, generate_signing_key, public_keys};

/// An entity.
pub(crate) struct Entity {
    pub(crate) id: String,
    pub(crate) jwk: Map<String, Value>,
}

impl Entity {
    pub(crate) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), jwk: generate_signing_key(SigningAlgorithm::Es256).unwrap() }
    }

    /// Its public keys.
    pub(crate) fn jwks(&self) -> Value {
        let mut set = Map::new();
        set.insert("keys".to_owned(), json!([self.jwk]));
        public_keys(&set).into()
    }

    /// The claims of its configuration.
    pub(crate) fn configuration(&self, superiors: &[&Self]) -> Value {
        let mut claims =
            json!({"iss": self.id, "sub": self.id, "iat": NOW - 10, "exp": NOW + 3600, "jwks": self.jwks()});
        if !superiors.is_empty() {
            claims["authority_hints"] = superiors.iter().map(|superior| superior.id.clone()).collect();
        }
        claims
    }

    /// The claims of its statement about a subordinate.
    pub(crate) fn about(&self, subordinate: &Self) -> Value {
        json!({"iss": self.id, "sub": subordinate.id, "iat": NOW - 10, "exp": NOW + 3600, "jwks": subordinate.jwks()})
    }

    /// Signs claims as an entity statement.
    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as("entity-statement+jwt", claims)
    }

    /// Signs claims as that media type.
    pub(crate) fn sign_as(&self, media_type: &str, claims: &Value) -> String {
        SigningKey::from_jwk(&self.jwk).unwrap().sign(media_type, claims.as_object().unwrap()).unwrap()
    }
}
