//! Entities of tests: each with a key, signing whatever it is told to.

use serde_json::{Map, Value, json};

use super::statement::{ENTITY_STATEMENT, EntityStatement, Kind, StatementFault};
use super::trust_chain::TrustAnchor;
use super::{EntityId, trust_chain::ChainFault, trust_chain::TrustChain};
use crate::jose::{SigningKey, generate_signing_key, public_keys};

/// When the tests happen.
pub(super) const NOW: u64 = 1_790_000_000;

/// An entity.
pub(super) struct Entity {
    pub(super) id: String,
    pub(super) jwk: Map<String, Value>,
}

impl Entity {
    pub(super) fn new(id: &str) -> Self {
        Self { id: id.to_owned(), jwk: generate_signing_key().unwrap() }
    }

    /// Its public keys.
    pub(super) fn jwks(&self) -> Value {
        let mut set = Map::new();
        set.insert("keys".to_owned(), json!([self.jwk]));
        public_keys(&set).into()
    }

    /// The claims of its configuration.
    pub(super) fn configuration(&self, hints: &[&Self]) -> Value {
        let mut claims =
            json!({"iss": self.id, "sub": self.id, "iat": NOW - 10, "exp": NOW + 3600, "jwks": self.jwks()});
        if !hints.is_empty() {
            claims["authority_hints"] = hints.iter().map(|superior| superior.id.clone()).collect();
        }
        claims
    }

    /// The claims of its statement about a subordinate.
    pub(super) fn about(&self, subordinate: &Self) -> Value {
        json!({"iss": self.id, "sub": subordinate.id, "iat": NOW - 10, "exp": NOW + 3600, "jwks": subordinate.jwks()})
    }

    /// Signs claims.
    pub(super) fn sign(&self, claims: &Value) -> String {
        self.sign_as(ENTITY_STATEMENT, claims)
    }

    /// Signs claims as that media type.
    pub(super) fn sign_as(&self, media_type: &str, claims: &Value) -> String {
        SigningKey::from_jwk(&self.jwk).unwrap().sign(media_type, claims.as_object().unwrap()).unwrap()
    }

    pub(super) fn anchor(&self) -> TrustAnchor {
        let keys = serde_json::from_value(self.jwks()).unwrap();
        TrustAnchor { entity_id: EntityId::parse(&self.id).unwrap(), keys }
    }
}

/// Reads claims that some entity has signed.
pub(super) fn read(claims: &Value, kind: Kind<'_>) -> Result<EntityStatement, StatementFault> {
    EntityStatement::read(&Entity::new("https://any.example").sign(claims), kind, NOW)
}

/// Validates JWTs as a chain.
pub(super) fn validate(texts: &[String], anchors: &[TrustAnchor]) -> Result<TrustChain, ChainFault> {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    TrustChain::validate(TrustChain::read(&texts, Kind::Configuration, NOW)?, anchors)
}
