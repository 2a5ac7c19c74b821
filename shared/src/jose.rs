//! Signed JWTs, of others and our own: an allow-list of algorithms for each key type, never `none`, never symmetric.

mod generation;
mod signing;

use std::borrow::Cow;
use std::time::Instant;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde_json::{Map, Value};

use crate::fetch::{FetchError, KEYS_AGAIN, KEYS_FRESH, ServiceFetch};
use crate::metadata::{is_private_member, parse_object_within};
use crate::time::Clock;
use crate::trusted_issuer::IssuerKeys;

pub use generation::{SigningAlgorithm, generate_signing_key};
pub use jsonwebtoken::jwk::{Jwk, JwkSet};
pub use signing::{KeyRefused, ServiceKey, SigningKey, sign_with_secret, signature_algorithm, unsigned};

/// The fully specified name of `EdDSA` with Ed25519 (RFC 9864 §2.2).
const ED25519: &str = "Ed25519";

/// The largest header or set of claims that is read, in bytes.
const MAX_PART_BYTES: usize = 256 * 1024;

/// A compact JWS, taken apart and not yet verified.
#[derive(Debug, Clone)]
pub struct UnverifiedJwt<'t> {
    header: Map<String, Value>,
    claims: Map<String, Value>,
    text: Cow<'t, str>,
}

/// Why a JWT is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum JwtFault {
    /// Not a compact JWS of JSON objects.
    #[error("it is not a signed JWT")]
    Malformed,
    /// `none`, symmetric, unknown, or a critical extension (RFC 7515 §4.1.11).
    #[error("its alg is not accepted")]
    Algorithm,
    /// No key verifies it.
    #[error("its signature is not valid")]
    Signature,
}

impl<'t> UnverifiedJwt<'t> {
    /// Takes a compact JWS apart (RFC 7515 §7.1).
    ///
    /// # Errors
    /// [`JwtFault::Malformed`].
    pub fn parse(token: &'t str) -> Result<Self, JwtFault> {
        let (message, _) = token.rsplit_once('.').ok_or(JwtFault::Malformed)?;
        let (header, claims) = message.split_once('.').ok_or(JwtFault::Malformed)?;
        Ok(Self { header: object(header)?, claims: object(claims)?, text: token.into() })
    }

    /// The same, holding its own text.
    #[must_use]
    pub fn into_owned(self) -> UnverifiedJwt<'static> {
        UnverifiedJwt { header: self.header, claims: self.claims, text: self.text.into_owned().into() }
    }

    /// The compact JWS itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Map<String, Value> {
        &self.header
    }

    /// The media type that the header declares (RFC 7515 §4.1.9), without `application/`.
    #[must_use]
    pub fn media_type(&self) -> Option<&str> {
        let declared = self.header.get("typ").and_then(Value::as_str)?;
        Some(declared.strip_prefix("application/").unwrap_or(declared))
    }

    /// A claim that nobody vouches for yet: good for finding the issuer's keys, for nothing else.
    #[must_use]
    pub fn unverified_claim(&self, name: &str) -> Option<&str> {
        self.claims.get(name).and_then(Value::as_str)
    }

    /// The claims, for which nobody vouches until a signature is verified.
    #[must_use]
    pub fn unverified_claims(&self) -> &Map<String, Value> {
        &self.claims
    }

    /// Whether it is signed by HMAC (RFC 7518 §3.2) with that secret.
    #[must_use]
    pub fn is_signed_with(&self, secret: &[u8]) -> bool {
        let algorithm = self.header.get("alg").and_then(Value::as_str).and_then(|name| name.parse().ok());
        let hmac = algorithm.filter(|name| [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].contains(name));
        let (Some(algorithm), Some((message, signature))) = (hmac, self.text.rsplit_once('.')) else { return false };
        let key = DecodingKey::from_secret(secret);
        let verified = jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm);
        !self.header.contains_key("crit") && verified.unwrap_or(false)
    }

    /// The claims, if one of the keys verifies the signature.
    ///
    /// # Errors
    /// [`JwtFault::Algorithm`] or [`JwtFault::Signature`].
    pub fn verify(&self, keys: &JwkSet) -> Result<Map<String, Value>, JwtFault> {
        self.verify_signature(keys).map(|()| self.claims.clone())
    }

    /// Checks that one of the keys verifies the signature; where the header names a `kid`, one of that name.
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_signature(&self, keys: &JwkSet) -> Result<(), JwtFault> {
        let name = self.header.get("alg").and_then(Value::as_str).ok_or(JwtFault::Algorithm)?;
        // RFC 9864 §2.2 gives EdDSA with Ed25519 a name of its own.
        let algorithm = if name == ED25519 { Ok(Algorithm::EdDSA) } else { name.parse() };
        let algorithm = algorithm.map_err(|_| JwtFault::Algorithm)?;
        let symmetric = matches!(algorithm, Algorithm::HS256 | Algorithm::HS384 | Algorithm::HS512);
        if symmetric || self.header.contains_key("crit") {
            return Err(JwtFault::Algorithm);
        }
        let kid = self.header.get("kid").and_then(Value::as_str);
        let fits = |key: &&Jwk| {
            (kid.is_none() || key.common.key_id.as_deref() == kid)
                && key.common.public_key_use.as_ref().is_none_or(|usage| *usage == PublicKeyUse::Signature)
                && key.common.key_algorithm.is_none_or(|bound| is_bound_to(bound, algorithm))
                && accepted(key, algorithm)
        };
        let (message, signature) = self.text.rsplit_once('.').ok_or(JwtFault::Malformed)?;
        let verifies = |key: &Jwk| {
            DecodingKey::from_jwk(key).is_ok_and(|key| {
                jsonwebtoken::crypto::verify(signature, message.as_bytes(), &key, algorithm).unwrap_or(false)
            })
        };
        if keys.keys.iter().filter(fits).any(verifies) { Ok(()) } else { Err(JwtFault::Signature) }
    }
}

impl IssuerKeys {
    /// The claims of a JWT, if one of these keys verifies it. An issuer that has changed its keys since they were
    /// fetched is asked once more.
    ///
    /// # Errors
    /// [`KeyFault`].
    pub async fn verify(
        &self,
        jwt: &UnverifiedJwt<'_>,
        fetch: ServiceFetch<'_>,
        clock: &Clock,
        end: Instant,
    ) -> Result<Map<String, Value>, KeyFault> {
        match self {
            Self::Pinned { jwks } => Ok(jwt.verify(jwks)?),
            Self::Remote { jwks_uri } => match jwt.verify(&fetch.jwks(jwks_uri, KEYS_FRESH, clock, end).await?) {
                Err(JwtFault::Signature) => Ok(jwt.verify(&fetch.jwks(jwks_uri, KEYS_AGAIN, clock, end).await?)?),
                outcome => Ok(outcome?),
            },
        }
    }
}

/// Why an issuer's keys do not verify a JWT.
#[derive(Debug, thiserror::Error)]
pub enum KeyFault {
    /// The JWT's fault.
    #[error(transparent)]
    Jwt(#[from] JwtFault),
    /// The keys cannot be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
}

/// A JWK Set without what is private; symmetric keys are left out.
#[must_use]
pub fn public_keys(set: &Map<String, Value>) -> Map<String, Value> {
    let public = |key: &Value| -> Option<Value> {
        let mut key = key.as_object()?.clone();
        if key.get("kty").and_then(Value::as_str) == Some("oct") {
            return None;
        }
        key.retain(|name, _| !is_private_member(name));
        Some(key.into())
    };
    let mut set = set.clone();
    if let Some(Value::Array(keys)) = set.get_mut("keys") {
        *keys = keys.iter().filter_map(public).collect();
    }
    set
}

/// A claim that is a date, in seconds since 1970; it may have a fraction (RFC 7519 §2).
///
/// # Errors
/// If it is something else, or a date before 1970.
pub fn numeric_date(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, NotADate> {
    claims.get(name).map(|value| value.as_f64().filter(|date| *date >= 0.0).ok_or(NotADate)).transpose()
}

/// A claim that should be a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotADate;

/// Whether the `alg` of a key is that algorithm. `jsonwebtoken` does not know the newer names of `EdDSA`.
fn is_bound_to(bound: KeyAlgorithm, algorithm: Algorithm) -> bool {
    let newer = bound == KeyAlgorithm::UNKNOWN_ALGORITHM && algorithm == Algorithm::EdDSA;
    newer || Algorithm::try_from(bound).is_ok_and(|bound| bound == algorithm)
}

/// Which algorithms a key may be used with (RFC 7518 §3.1, RFC 8037 §3.1).
fn accepted(key: &Jwk, algorithm: Algorithm) -> bool {
    match &key.algorithm {
        AlgorithmParameters::RSA(_) => matches!(
            algorithm,
            Algorithm::RS256
                | Algorithm::RS384
                | Algorithm::RS512
                | Algorithm::PS256
                | Algorithm::PS384
                | Algorithm::PS512
        ),
        AlgorithmParameters::EllipticCurve(ec) => matches!(
            (&ec.curve, algorithm),
            (EllipticCurve::P256, Algorithm::ES256) | (EllipticCurve::P384, Algorithm::ES384)
        ),
        AlgorithmParameters::OctetKeyPair(okp) => okp.curve == EllipticCurve::Ed25519 && algorithm == Algorithm::EdDSA,
        _ => false,
    }
}

fn object(part: &str) -> Result<Map<String, Value>, JwtFault> {
    let bytes = BASE64URL.decode(part).map_err(|_| JwtFault::Malformed)?;
    parse_object_within(&bytes, MAX_PART_BYTES).map_err(|_| JwtFault::Malformed)
}
