//! What the tests of several modules share.

mod entity;

use serde_json::Value;

use super::EntityId;
use super::constraints::Constraints;
use super::statement::{EntityStatement, Kind, StatementFault};
use super::trust_chain::{ChainFault, TrustAnchor, TrustChain};
use crate::jose::{SigningAlgorithm, SigningKey, generate_signing_key, public_keys};

pub(super) use entity::Entity;

/// When the tests happen.
pub(super) const NOW: u64 = 1_790_000_000;

/// An entity as a service trusts it.
pub(super) fn anchor(entity: &Entity) -> TrustAnchor {
    let keys = serde_json::from_value(entity.jwks()).unwrap();
    TrustAnchor { entity_id: EntityId::parse(&entity.id).unwrap(), keys, subjects: Constraints::default() }
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
