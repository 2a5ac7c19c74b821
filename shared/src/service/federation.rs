//! What an operator decides about a service's place in federations (OpenID Federation 1.0).

use serde::{Deserialize, Serialize};

/// The member under which a service keeps its federation keys sealed: a JWK Set with private keys, as text. It is the
/// name that Authlete's API has for it.
pub const FEDERATION_JWKS: &str = "federationJwks";

/// The federations of a service. Which kinds of registration it offers is `client_registration_types_supported` of its
/// metadata (§5.1.3).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct FederationSettings {
    /// Whether it takes part at all.
    #[serde(default)]
    pub enabled: bool,
    /// `authority_hints`: the entity identifiers of its immediate superiors (§3.1.2).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub authority_hints: Vec<String>,
    /// Whom it trusts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub trust_anchors: Vec<TrustAnchorSettings>,
    /// Which of its federation keys signs; absent is the first one that can.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature_key_id: Option<String>,
    /// Seconds for which its entity configuration is valid; absent is a day.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub configuration_lifetime: Option<u64>,
    /// What becomes of the explicit registration of a relying party that has one.
    #[serde(default)]
    pub repeated_registration: RepeatedRegistration,
}

/// A trust anchor, with the keys that were handed over out of band (§11.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustAnchorSettings {
    /// Its entity identifier.
    pub entity_id: String,
    /// Its JWK Set, as it was handed over.
    pub jwks: String,
    /// The hosts of the relying parties that it may vouch for, as `naming_constraints` has them (§6.2.2): `rp.example`,
    /// or `.example` for all below it; empty is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<String>,
}

/// What becomes of a repeated explicit registration (§12.2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RepeatedRegistration {
    /// It takes the earlier one's place.
    #[default]
    Replace,
    /// It is refused while the earlier one is valid.
    Refuse,
}
