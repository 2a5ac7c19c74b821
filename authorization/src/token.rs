//! Tickets, codes, access tokens and refresh tokens: opaque values that say where their authorization is, stored as
//! digests.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use shared::Error;
use shared::credentials::MAX_NUMERIC_ID;
use shared::entropy::Entropy;
use shared::service::Service;

const ID: usize = 16;
const CLIENT: usize = 7;
const SECRET: usize = 32;

/// How long a value is, in characters.
const LENGTH: usize = 74;

/// How long the identifier of a value is, in characters.
const IDENTIFIER_LENGTH: usize = 43;

/// The name of an authorization within its service: 128 random bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct AuthorizationId([u8; ID]);

impl AuthorizationId {
    /// That of no authorization.
    pub(crate) const NONE: Self = Self([0; ID]);

    /// A new one.
    ///
    /// # Errors
    /// [`Error::Internal`] without entropy.
    pub fn mint(entropy: &Entropy) -> Result<Self, Error> {
        Ok(Self(entropy.bytes()?))
    }

    /// The identifier in base64url: a part of keys.
    #[must_use]
    pub fn to_text(self) -> String {
        BASE64URL.encode(self.0)
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(BASE64URL.decode(text).ok()?.try_into().ok()?))
    }
}

/// The SHA-256 of a value: all that is stored of it.
#[derive(Debug, Clone, Copy)]
pub struct Hash([u8; 32]);

impl Hash {
    /// Of a value, whoever has chosen it.
    #[must_use]
    pub fn of(value: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, value.as_bytes()).as_ref());
        Self(bytes)
    }

    /// Its octets.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// Reads what [`as_bytes`](Self::as_bytes) gave.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }
}

/// In constant time.
impl PartialEq for Hash {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

impl Serialize for Hash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64URL.encode(self.0))
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64URL.decode(text).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| serde::de::Error::custom("a digest has 32 bytes"))
    }
}

/// A value that was made here: the authorization's identifier, the client's number and 256 bits that nobody can guess,
/// in base64url. Whoever receives it knows both keys before the first read.
#[derive(Clone)]
pub struct Value {
    /// The authorization.
    pub id: AuthorizationId,
    /// The client's number.
    pub client: u64,
    text: String,
}

impl Value {
    /// A new one.
    ///
    /// # Errors
    /// [`Error::Internal`] without entropy.
    pub fn mint(id: AuthorizationId, client: u64, entropy: &Entropy) -> Result<Self, Error> {
        Ok(Self::new(id, client, &entropy.bytes()?))
    }

    /// The one that follows from a token, whoever has chosen that: whoever presents it again is given the same, and
    /// nothing secret is kept for it.
    #[must_use]
    pub fn succeeding(
        token: &str,
        (id, client): (AuthorizationId, u64),
        service: &Service,
        salt: &str,
        purpose: &str,
    ) -> Self {
        let key = service.derived_key("successors of refresh tokens");
        let mut context = hmac::Context::with_key(&key);
        for part in [purpose, salt, token] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut secret = [0; SECRET];
        secret.copy_from_slice(context.sign().as_ref());
        Self::new(id, client, &secret)
    }

    fn new(id: AuthorizationId, client: u64, secret: &[u8; SECRET]) -> Self {
        let number = client.to_be_bytes();
        let number = number.get(number.len() - CLIENT..).unwrap_or_default();
        Self { id, client, text: BASE64URL.encode([id.0.as_slice(), number, secret].concat()) }
    }

    /// A presented text, unless it cannot be one of ours.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != LENGTH {
            return None;
        }
        let bytes = BASE64URL.decode(text).ok()?;
        let (id, rest) = bytes.split_first_chunk::<ID>()?;
        let (number, secret) = rest.split_first_chunk::<CLIENT>()?;
        let client = number.iter().fold(0, |number, byte| (number << 8) | u64::from(*byte));
        let whole = secret.len() == SECRET && (1..=MAX_NUMERIC_ID).contains(&client);
        whole.then(|| Self { id: AuthorizationId(*id), client, text: text.to_owned() })
    }

    /// The value itself: for whoever it was made for, for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Its digest.
    #[must_use]
    pub fn hash(&self) -> Hash {
        Hash::of(&self.text)
    }
}

/// What operators call a token by: its authorization and half of its digest. It is no token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenIdentifier {
    /// The authorization.
    pub id: AuthorizationId,
    half: [u8; 16],
}

impl TokenIdentifier {
    /// Of the token of that digest.
    #[must_use]
    pub fn of(id: AuthorizationId, hash: &Hash) -> Self {
        let mut half = [0; 16];
        half.copy_from_slice(hash.0.get(..16).unwrap_or_default());
        Self { id, half }
    }

    /// Whether it is the token of that digest.
    #[must_use]
    pub fn is_of(&self, hash: &Hash) -> bool {
        verify_slices_are_equal(&self.half, hash.0.get(..16).unwrap_or_default()).is_ok()
    }

    /// In base64url.
    #[must_use]
    pub fn to_text(self) -> String {
        BASE64URL.encode([self.id.0, self.half].as_flattened())
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        if text.len() != IDENTIFIER_LENGTH {
            return None;
        }
        let bytes = BASE64URL.decode(text).ok()?;
        let (id, half) = bytes.split_first_chunk::<ID>()?;
        Some(Self { id: AuthorizationId(*id), half: half.try_into().ok()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> AuthorizationId {
        AuthorizationId([9; ID])
    }

    #[test]
    fn a_value_says_where_its_authorization_is() {
        for client in [1, 5_899_463_614_448_063, MAX_NUMERIC_ID] {
            let value = Value::mint(id(), client, &Entropy::seeded(1)).unwrap();
            let read = Value::parse(value.expose()).unwrap();
            assert_eq!((read.id, read.client, value.expose().len()), (id(), client, LENGTH));
            assert!(read.hash() == value.hash());
        }
        let text = Value::mint(id(), 5, &Entropy::seeded(1)).unwrap().expose().to_owned();
        let zero = Value::new(id(), 0, &[1; SECRET]).expose().to_owned();
        for text in ["", &text[1..], &format!("{text}A"), &text.replace(&text[..1], "!"), &zero] {
            assert!(Value::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_identifier_is_of_one_token_and_is_no_token() {
        let [one, other] = [1, 2].map(|seed| Value::mint(id(), 5, &Entropy::seeded(seed)).unwrap());
        let identifier = TokenIdentifier::of(id(), &one.hash());
        assert_eq!(TokenIdentifier::parse(&identifier.to_text()), Some(identifier));
        assert!(identifier.is_of(&one.hash()) && !identifier.is_of(&other.hash()));
        assert!(Value::parse(&identifier.to_text()).is_none());
        assert_eq!(identifier.to_text().len(), IDENTIFIER_LENGTH);
    }
}
