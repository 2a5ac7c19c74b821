//! Key types and curves (RFC 7518 §6, RFC 8037 §2, RFC 8812 §3.1), and the algorithms of each.

use serde_json::{Map, Value};

use super::purpose::Purpose;
use super::{NOT_PUBLIC, text};

/// A key type with its curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Rsa,
    P256,
    P384,
    P521,
    Secp256k1,
    Ed25519,
    Ed448,
    X25519,
    X448,
}

impl Kind {
    /// What `kty` and `crv` say; `None` for what is not known here.
    pub(super) fn of(members: &Map<String, Value>) -> Result<Option<Self>, &'static str> {
        let kty = text(members, "kty", "kty must be a string")?.ok_or("kty is missing")?;
        let curve = || text(members, "crv", "crv must be a string")?.ok_or("crv is missing");
        Ok(match kty {
            "RSA" => Some(Self::Rsa),
            "EC" => match curve()? {
                "P-256" => Some(Self::P256),
                "P-384" => Some(Self::P384),
                "P-521" => Some(Self::P521),
                "secp256k1" => Some(Self::Secp256k1),
                _ => None,
            },
            "OKP" => match curve()? {
                "Ed25519" => Some(Self::Ed25519),
                "Ed448" => Some(Self::Ed448),
                "X25519" => Some(Self::X25519),
                "X448" => Some(Self::X448),
                _ => None,
            },
            "oct" => return Err(NOT_PUBLIC),
            _ => None,
        })
    }

    /// What the kind alone decides.
    pub(super) fn purpose(self) -> Option<Purpose> {
        match self {
            Self::Ed25519 | Self::Ed448 => Some(Purpose::Signature),
            Self::X25519 | Self::X448 => Some(Purpose::Encryption),
            Self::Rsa | Self::P256 | Self::P384 | Self::P521 | Self::Secp256k1 => None,
        }
    }

    /// Whether an algorithm for public keys is one of this kind (RFC 7518 §3.1, §4.1, RFC 8037 §3, RFC 8812 §3.2,
    /// RFC 9864 §2.2).
    pub(super) fn takes(self, algorithm: &str) -> bool {
        let agreement = algorithm.starts_with("ECDH-ES");
        match self {
            Self::Rsa => ["RS", "PS"].iter().any(|family| algorithm.starts_with(family)),
            Self::P256 => algorithm == "ES256" || agreement,
            Self::P384 => algorithm == "ES384" || agreement,
            Self::P521 => algorithm == "ES512" || agreement,
            Self::Secp256k1 => algorithm == "ES256K" || agreement,
            Self::Ed25519 => matches!(algorithm, "EdDSA" | "Ed25519"),
            Self::Ed448 => matches!(algorithm, "EdDSA" | "Ed448"),
            Self::X25519 | Self::X448 => agreement,
        }
    }
}
