//! New keys of ours.

use aws_lc_rs::encoding::{AsBigEndian, AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::jwk::{Jwk, ThumbprintHash};
use serde_json::{Map, Value};
use x509_parser::asn1_rs::{self, Any, FromDer, Integer, Sequence};

use crate::error::Error;

/// What a new key signs with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SigningAlgorithm {
    /// RSASSA-PKCS1-v1_5 with SHA-256 (RFC 7518 §3.3), by a key of 2048 bits: what every `OpenID` provider has (OpenID
    /// Connect Discovery §3).
    Rs256,
    /// ECDSA on P-256 with SHA-256 (RFC 7518 §3.4).
    Es256,
    /// Ed25519 (RFC 8037 §3.1).
    EdDsa,
}

impl SigningAlgorithm {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Rs256, Self::Es256, Self::EdDsa];

    /// Its name as `alg`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rs256 => "RS256",
            Self::Es256 => "ES256",
            Self::EdDsa => "EdDSA",
        }
    }

    /// The one of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|algorithm| algorithm.as_str() == name)
    }
}

/// Members of a JWK.
type Members = Vec<(&'static str, String)>;

/// A new private JWK (RFC 7518 §6, RFC 8037 §2), named by its thumbprint (RFC 7638). An RSA key takes tens of milliseconds.
///
/// # Errors
/// [`Error::Internal`].
pub fn generate_signing_key(algorithm: SigningAlgorithm) -> Result<Map<String, Value>, Error> {
    let (public, private) = match algorithm {
        SigningAlgorithm::Rs256 => rsa(),
        SigningAlgorithm::Es256 => p256(),
        SigningAlgorithm::EdDsa => ed25519(),
    }?;
    let named = [("kid", thumbprint(&public)?), ("alg", algorithm.as_str().to_owned()), ("use", "sig".to_owned())];
    Ok(object([public, named.to_vec(), private].concat()))
}

/// The thumbprint of a public key (RFC 7638 §3).
fn thumbprint(public: &Members) -> Result<String, Error> {
    let key: Jwk = serde_json::from_value(object(public.clone()).into()).map_err(Error::internal)?;
    key.thumbprint(ThumbprintHash::SHA256).map_err(Error::internal)
}

/// The public and the private members of a new P-256 key.
fn p256() -> Result<(Members, Members), Error> {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_FIXED_SIGNING).map_err(Error::internal)?;
    let point = pair.public_key().as_ref().get(1..).unwrap_or_default();
    let (x, y) = point.split_at_checked(32).ok_or_else(|| Error::internal("a P-256 point has 64 bytes"))?;
    let secret = pair.private_key().as_be_bytes().map_err(Error::internal)?;
    let public = [named("kty", "EC"), named("crv", "P-256"), octets("x", x), octets("y", y)];
    Ok((public.to_vec(), vec![octets("d", secret.as_ref())]))
}

/// The same of a new Ed25519 key.
fn ed25519() -> Result<(Members, Members), Error> {
    let pair = Ed25519KeyPair::generate().map_err(Error::internal)?;
    let seed = pair.seed().and_then(|seed| seed.as_be_bytes()).map_err(Error::internal)?;
    let public = [named("kty", "OKP"), named("crv", "Ed25519"), octets("x", pair.public_key().as_ref())];
    Ok((public.to_vec(), vec![octets("d", seed.as_ref())]))
}

/// The same of a new RSA key of 2048 bits.
fn rsa() -> Result<(Members, Members), Error> {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).map_err(Error::internal)?;
    let document: Pkcs8V1Der = pair.as_der().map_err(Error::internal)?;
    let numbers = rsa_numbers(document.as_ref()).map_err(Error::internal)?;
    let names = ["n", "e", "d", "p", "q", "dp", "dq", "qi"];
    let members: Members = names.into_iter().zip(&numbers).map(|(name, number)| octets(name, number)).collect();
    let (public, private) =
        members.split_at_checked(2).ok_or_else(|| Error::internal("an RSA key has eight numbers"))?;
    Ok(([&[named("kty", "RSA")], public].concat(), private.to_vec()))
}

/// The numbers of an `RSAPrivateKey` (RFC 8017 §A.1.2), after its version, in a `PrivateKeyInfo` (RFC 5208 §5).
fn rsa_numbers(document: &[u8]) -> Result<Vec<Vec<u8>>, asn1_rs::Err<asn1_rs::Error>> {
    let (_, info) = Sequence::from_der(document)?;
    let parts: Vec<Any> = info.der_sequence_of()?;
    let key = parts.get(2).map(|key| key.data).unwrap_or_default();
    let (_, key) = Sequence::from_der(key)?;
    let numbers: Vec<Integer> = key.der_sequence_of()?;
    // A leading zero keeps a number from being negative, and is none of its octets in a JWK (RFC 7518 §2).
    let unsigned = |number: &Integer| number.as_ref().iter().copied().skip_while(|octet| *octet == 0).collect();
    Ok(numbers.iter().skip(1).map(unsigned).collect())
}

fn named(name: &'static str, value: &str) -> (&'static str, String) {
    (name, value.to_owned())
}

fn octets(name: &'static str, octets: &[u8]) -> (&'static str, String) {
    (name, BASE64URL.encode(octets))
}

fn object(members: Members) -> Map<String, Value> {
    members.into_iter().map(|(name, value)| (name.to_owned(), value.into())).collect()
}

#[cfg(test)]
mod tests {
    use super::super::{SigningKey, UnverifiedJwt, public_keys};
    use super::*;
    use crate::metadata::PublicJwk;

    #[test]
    fn rfc7638_s3_a_new_key_signs_and_is_named_by_its_thumbprint() {
        for algorithm in SigningAlgorithm::ALL {
            let name = algorithm.as_str();
            let key = generate_signing_key(algorithm).unwrap();
            assert_eq!((&key["alg"], &key["use"]), (&name.into(), &"sig".into()));
            let set = serde_json::json!({"keys": [key]});
            let public = public_keys(set.as_object().unwrap());
            let keys = public["keys"].as_array().unwrap();
            assert!(keys.iter().all(|key| key.get("d").is_none()), "{name}");
            assert_eq!(PublicJwk::check_all(keys).map(|keys| keys.len()), Ok(1), "{name}");
            let signed = SigningKey::from_jwk(&key).unwrap().sign("test+jwt", &Map::new()).unwrap();
            let jwt = UnverifiedJwt::parse(&signed).unwrap();
            assert_eq!((&jwt.header()["alg"], &jwt.header()["kid"]), (&name.into(), &key["kid"]));
            let public: jsonwebtoken::jwk::JwkSet = serde_json::from_value(public.into()).unwrap();
            assert_eq!(public.keys[0].thumbprint(ThumbprintHash::SHA256).unwrap(), key["kid"]);
            assert_eq!(jwt.verify(&public), Ok(Map::new()), "{name}");
            assert_eq!(SigningAlgorithm::parse(name), Some(algorithm));
        }
    }

    #[test]
    fn rfc7518_s6_3_an_rsa_key_has_all_of_its_numbers() {
        let key = generate_signing_key(SigningAlgorithm::Rs256).unwrap();
        let bytes = |name: &str| BASE64URL.decode(key[name].as_str().unwrap()).unwrap();
        assert_eq!((bytes("n").len(), bytes("e")), (256, vec![1, 0, 1]));
        for (name, most) in [("d", 256), ("p", 128), ("q", 128), ("dp", 128), ("dq", 128), ("qi", 128)] {
            assert!((1..=most).contains(&bytes(name).len()), "{name}");
            assert_ne!(bytes(name)[0], 0, "{name}: RFC 7518 §2 has the fewest octets");
        }
    }
}
