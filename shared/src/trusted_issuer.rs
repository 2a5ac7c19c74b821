//! Whose signatures a service trusts, and by which keys.

use jsonwebtoken::jwk::{Jwk, JwkSet};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::metadata::{PlainUri, PublicJwk, RefusedJwk};

/// Somebody whose signatures a service trusts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TrustedIssuer {
    /// The value of `iss`.
    pub issuer: String,
    /// Its keys.
    #[serde(flatten)]
    pub keys: IssuerKeys,
}

/// Where an issuer's keys come from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged, try_from = "SentIssuerKeys")]
pub enum IssuerKeys {
    /// They are pinned.
    Pinned {
        /// The keys.
        jwks: JwkSet,
    },
    /// They are fetched.
    Remote {
        /// Where from, https.
        jwks_uri: String,
    },
}

impl IssuerKeys {
    /// Whether they are here, or may be behind an https URL.
    #[must_use]
    pub fn can_be_had(&self) -> bool {
        match self {
            Self::Pinned { .. } => true,
            Self::Remote { jwks_uri } => {
                PlainUri::parse(jwks_uri).is_ok_and(|uri| uri.scheme() == "https" && !uri.has_fragment())
            }
        }
    }
}

/// What an operator writes of an issuer's keys.
#[derive(Deserialize)]
struct SentIssuerKeys {
    jwks: Option<Value>,
    jwks_uri: Option<String>,
}

impl TryFrom<SentIssuerKeys> for IssuerKeys {
    type Error = String;

    fn try_from(sent: SentIssuerKeys) -> Result<Self, String> {
        match (sent.jwks, sent.jwks_uri) {
            (Some(jwks), _) => {
                let keys = jwks.get("keys").and_then(Value::as_array).ok_or("jwks must be a JWK Set")?;
                PublicJwk::check_all(keys)
                    .map_err(|RefusedJwk { index, reason }| format!("jwks: key {index}: {reason}"))?;
                Ok(Self::Pinned { jwks: verification_keys(keys) })
            }
            (None, Some(jwks_uri)) => Ok(Self::Remote { jwks_uri }),
            (None, None) => Err("jwks or jwks_uri is required".to_owned()),
        }
    }
}

/// Of the keys of somebody whose signatures are read, those that may verify them; the others are no reader's concern
/// (RFC 7517 §5).
#[must_use]
pub fn verification_keys(keys: &[Value]) -> JwkSet {
    let known = keys.iter().filter_map(|key| PublicJwk::check(key).ok().flatten());
    let usable = known.filter(PublicJwk::verifies_signatures);
    JwkSet { keys: usable.filter_map(|key| Jwk::deserialize(key.members()).ok()).collect() }
}
