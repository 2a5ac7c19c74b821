//! Keys of ours, which sign.

use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    self, ECDSA_P256_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, EcdsaSigningAlgorithm,
    Ed25519KeyPair, RsaEncoding, RsaKeyPair,
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Map, Value};

use crate::error::Error;

/// A private key, ready to sign.
pub struct SigningKey {
    kid: String,
    algorithm: &'static str,
    pair: Pair,
}

/// Both halves of a key, checked once and not at each signature.
enum Pair {
    Elliptic(EcdsaKeyPair),
    Edwards(Ed25519KeyPair),
    Rsa(RsaKeyPair, &'static dyn RsaEncoding),
}

/// Why a JWK cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyRefused {
    /// `kid` is needed to name the key in a header.
    #[error("kid is missing")]
    KeyId,
    /// Another key type, curve or algorithm than RSA, P-256, P-384 or Ed25519.
    #[error("only RSA, P-256, P-384 and Ed25519 keys sign, each with an algorithm of its own")]
    Kind,
    /// Its private members are missing, malformed, or do not belong to the public ones.
    #[error("it is not a whole private key")]
    Malformed,
}

impl SigningKey {
    /// A private JWK (RFC 7518 §6, RFC 8037 §2) with its `alg`, or the usual one of its type: `ES256`, `ES384`,
    /// `RS256`, `EdDSA`.
    ///
    /// # Errors
    /// [`KeyRefused`].
    pub fn from_jwk(jwk: &Map<String, Value>) -> Result<Self, KeyRefused> {
        let text = |name: &str| jwk.get(name).and_then(Value::as_str);
        let octets = |name: &str| {
            let octets = text(name).and_then(|text| BASE64URL.decode(text).ok());
            octets.filter(|octets| !octets.is_empty()).ok_or(KeyRefused::Malformed)
        };
        let algorithm = signature_algorithm(jwk).ok_or(KeyRefused::Kind)?;
        let pair = match algorithm {
            "ES256" => Pair::Elliptic(elliptic(&ECDSA_P256_SHA256_FIXED_SIGNING, 32, octets)?),
            "ES384" => Pair::Elliptic(elliptic(&ECDSA_P384_SHA384_FIXED_SIGNING, 48, octets)?),
            "EdDSA" => Pair::Edwards(edwards(octets)?),
            other => Pair::Rsa(rsa(octets)?, rsa_encoding(other).ok_or(KeyRefused::Kind)?),
        };
        let kid = text("kid").filter(|kid| !kid.is_empty()).ok_or(KeyRefused::KeyId)?;
        Ok(Self { kid: kid.to_owned(), algorithm, pair })
    }

    /// The key's name.
    #[must_use]
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// The algorithm's name (RFC 7518 §3.1).
    #[must_use]
    pub fn algorithm(&self) -> &'static str {
        self.algorithm
    }

    /// A JWT whose header has `alg`, `kid` and those members.
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn sign_with_header(
        &self,
        mut header: Map<String, Value>,
        claims: &Map<String, Value>,
    ) -> Result<String, Error> {
        header.insert("alg".to_owned(), self.algorithm.into());
        header.insert("kid".to_owned(), self.kid.as_str().into());
        let message = message(&header, claims)?;
        let signature = self.pair.sign(message.as_bytes()).map_err(Error::internal)?;
        Ok(format!("{message}.{}", BASE64URL.encode(signature)))
    }

    /// A JWT of that media type, without `application/` (RFC 7515 §4.1.9).
    ///
    /// # Errors
    /// [`Error::Internal`].
    pub fn sign(&self, media_type: &str, claims: &Map<String, Value>) -> Result<String, Error> {
        let header = [("typ".to_owned(), media_type.into())].into_iter().collect();
        self.sign_with_header(header, claims)
    }
}

impl Pair {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Unspecified> {
        Ok(match self {
            Self::Elliptic(pair) => pair.sign(&SystemRandom::new(), message)?.as_ref().to_vec(),
            Self::Edwards(pair) => pair.sign(message).as_ref().to_vec(),
            Self::Rsa(pair, encoding) => {
                let mut signature = vec![0; pair.public_modulus_len()];
                pair.sign(*encoding, &SystemRandom::new(), message, &mut signature)?;
                signature
            }
        })
    }
}

/// A key of a service.
pub struct ServiceKey {
    /// What signs.
    pub private: SigningKey,
    /// Whether it is meant for encryption, and signs only where nothing else does.
    pub is_for_encryption: bool,
}

impl ServiceKey {
    /// A private JWK that signs; none for one that cannot.
    #[must_use]
    pub fn read(jwk: &Map<String, Value>) -> Option<Self> {
        let private = SigningKey::from_jwk(jwk).ok()?;
        let is_for_encryption = jwk.get("use").and_then(Value::as_str) == Some("enc");
        Some(Self { private, is_for_encryption })
    }
}

/// A JWT whose header has that algorithm of HMAC (RFC 7518 §3.2) and those members; none for another algorithm.
///
/// # Errors
/// [`Error::Internal`].
pub fn sign_with_secret(
    algorithm: &str,
    secret: &[u8],
    mut header: Map<String, Value>,
    claims: &Map<String, Value>,
) -> Result<Option<String>, Error> {
    let hmac =
        algorithm.parse().ok().filter(|name| [Algorithm::HS256, Algorithm::HS384, Algorithm::HS512].contains(name));
    let Some(hmac) = hmac else { return Ok(None) };
    header.insert("alg".to_owned(), algorithm.into());
    let message = message(&header, claims)?;
    let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &EncodingKey::from_secret(secret), hmac);
    Ok(Some(format!("{message}.{}", signature.map_err(Error::internal)?)))
}

/// A JWT that nobody has signed (RFC 7519 §6).
///
/// # Errors
/// [`Error::Internal`].
pub fn unsigned(mut header: Map<String, Value>, claims: &Map<String, Value>) -> Result<String, Error> {
    header.insert("alg".to_owned(), "none".into());
    message(&header, claims).map(|message| format!("{message}."))
}

fn message(header: &Map<String, Value>, claims: &Map<String, Value>) -> Result<String, Error> {
    let encoded = |part: &Map<String, Value>| serde_json::to_string(part).map(|part| BASE64URL.encode(part));
    Ok(format!("{}.{}", encoded(header).map_err(Error::internal)?, encoded(claims).map_err(Error::internal)?))
}

/// The algorithm of a key, private or public: its `alg`, or the usual one of its type; none if it is of a type that does not
/// sign here.
#[must_use]
pub fn signature_algorithm(jwk: &Map<String, Value>) -> Option<&'static str> {
    let text = |name: &str| jwk.get(name).and_then(Value::as_str);
    let possible: &[&str] = match (text("kty"), text("crv")) {
        (Some("EC"), Some("P-256")) => &["ES256"],
        (Some("EC"), Some("P-384")) => &["ES384"],
        (Some("OKP"), Some("Ed25519")) => &["EdDSA"],
        (Some("RSA"), _) => &["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"],
        _ => return None,
    };
    let mut possible = possible.iter().copied();
    match text("alg") {
        None => possible.next(),
        Some(algorithm) => possible.find(|name| *name == algorithm),
    }
}

fn elliptic(
    algorithm: &'static EcdsaSigningAlgorithm,
    length: usize,
    octets: impl Fn(&str) -> Result<Vec<u8>, KeyRefused>,
) -> Result<EcdsaKeyPair, KeyRefused> {
    let (x, y, secret) = (octets("x")?, octets("y")?, octets("d")?);
    if x.len() != length || y.len() != length {
        return Err(KeyRefused::Malformed);
    }
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    let pair = EcdsaKeyPair::from_private_key_and_public_key(algorithm, &secret, &point);
    pair.map_err(|_| KeyRefused::Malformed)
}

fn edwards(octets: impl Fn(&str) -> Result<Vec<u8>, KeyRefused>) -> Result<Ed25519KeyPair, KeyRefused> {
    let pair = Ed25519KeyPair::from_seed_and_public_key(&octets("d")?, &octets("x")?);
    pair.map_err(|_| KeyRefused::Malformed)
}

/// By way of an `RSAPrivateKey` (RFC 8017 §A.1.2).
fn rsa(octets: impl Fn(&str) -> Result<Vec<u8>, KeyRefused>) -> Result<RsaKeyPair, KeyRefused> {
    let mut content = integer(&[0]);
    for member in ["n", "e", "d", "p", "q", "dp", "dq", "qi"] {
        content.extend(integer(&octets(member)?));
    }
    RsaKeyPair::from_der(&element(0x30, &content)).map_err(|_| KeyRefused::Malformed)
}

fn rsa_encoding(algorithm: &str) -> Option<&'static dyn RsaEncoding> {
    Some(match algorithm {
        "RS256" => &signature::RSA_PKCS1_SHA256,
        "RS384" => &signature::RSA_PKCS1_SHA384,
        "RS512" => &signature::RSA_PKCS1_SHA512,
        "PS256" => &signature::RSA_PSS_SHA256,
        "PS384" => &signature::RSA_PSS_SHA384,
        "PS512" => &signature::RSA_PSS_SHA512,
        _ => return None,
    })
}

/// A non-negative INTEGER in DER.
fn integer(octets: &[u8]) -> Vec<u8> {
    let significant: Vec<u8> = octets.iter().copied().skip_while(|octet| *octet == 0).collect();
    let sign = significant.first().is_none_or(|first| *first >= 0x80);
    element(2, &[if sign { &[0][..] } else { &[] }, &significant].concat())
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let head = match (content.len(), u8::try_from(length.len())) {
        (short @ 0..0x80, _) => vec![tag, u8::try_from(short).unwrap_or_default()],
        (_, octets) => [vec![tag, 0x80 | octets.unwrap_or_default()], length].concat(),
    };
    [head, content.to_vec()].concat()
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsBigEndian;
    use aws_lc_rs::signature::KeyPair;

    use super::super::{JwkSet, SigningAlgorithm, UnverifiedJwt, generate_signing_key};
    use serde_json::json;

    use super::*;

    fn object(value: Value) -> Map<String, Value> {
        let Value::Object(members) = value else { panic!("not an object") };
        members
    }

    fn public(jwk: &Map<String, Value>) -> JwkSet {
        let mut key = jwk.clone();
        key.retain(|name, _| !["d", "p", "q", "dp", "dq", "qi"].contains(&name.as_str()));
        serde_json::from_value(json!({"keys": [key]})).unwrap()
    }

    fn signs(jwk: &Map<String, Value>, algorithm: &str) {
        let key = SigningKey::from_jwk(jwk).unwrap_or_else(|error| panic!("{algorithm}: {error}"));
        let jwt = key.sign("test+jwt", &object(json!({"iss": "https://op.example"}))).unwrap();
        let jwt = UnverifiedJwt::parse(&jwt).unwrap();
        assert_eq!(jwt.header()["alg"], algorithm);
        assert_eq!(jwt.media_type(), Some("test+jwt"));
        assert_eq!(jwt.verify(&public(jwk)).unwrap()["iss"], "https://op.example");
    }

    /// The Ed25519 key is that of RFC 8037 appendix A.1.
    #[test]
    fn private_keys_of_every_kind_sign() {
        signs(&generate_signing_key(SigningAlgorithm::Es256).unwrap(), "ES256");
        let edwards = object(json!({"kty": "OKP", "crv": "Ed25519", "kid": "e",
            "d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}));
        signs(&edwards, "EdDSA");
        let rsa = object(serde_json::from_str(include_str!("testdata/rsa-2048.json")).unwrap());
        for algorithm in ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512"] {
            let mut key = rsa.clone();
            key.insert("alg".to_owned(), algorithm.into());
            signs(&key, algorithm);
        }
        let p384 = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
        let (x, y) = p384.public_key().as_ref()[1..].split_at(48);
        let secret = p384.private_key().as_be_bytes().unwrap();
        let p384 = object(json!({"kty": "EC", "crv": "P-384", "kid": "p", "x": BASE64URL.encode(x),
            "y": BASE64URL.encode(y), "d": BASE64URL.encode(secret.as_ref())}));
        signs(&p384, "ES384");
    }

    #[test]
    fn what_cannot_sign_is_refused() {
        let key = generate_signing_key(SigningAlgorithm::Es256).unwrap();
        let changed = |name: &str, value: Value| {
            let mut key = key.clone();
            key.insert(name.to_owned(), value);
            SigningKey::from_jwk(&key).err()
        };
        assert_eq!(changed("kid", Value::Null), Some(KeyRefused::KeyId));
        assert_eq!(changed("d", Value::Null), Some(KeyRefused::Malformed));
        assert_eq!(changed("d", "AQ".into()), Some(KeyRefused::Malformed));
        assert_eq!(changed("x", key["y"].clone()), Some(KeyRefused::Malformed));
        assert_eq!(changed("crv", "P-521".into()), Some(KeyRefused::Kind));
        assert_eq!(changed("kty", "oct".into()), Some(KeyRefused::Kind));
        for algorithm in ["RS256", "HS256", "none", "ES384"] {
            assert_eq!(changed("alg", algorithm.into()), Some(KeyRefused::Kind), "{algorithm}");
        }
        assert_eq!(changed("use", "sig".into()), None);
    }
}
