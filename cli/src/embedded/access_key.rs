//! Who is let in.

use std::fmt::Write;

use anyhow::{Result, anyhow};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::http::{HeaderMap, header};
use shared::entropy::Entropy;

/// Bytes of randomness in an access key.
const BYTES: usize = 32;

/// The identifier of the access key that the table answers: as it is random and only the data folder's `env` names it,
/// who sends it has read that file. The signature under a request is not checked, since it would prove no more: whoever
/// can watch the loopback interface of a machine can read the file.
#[derive(Clone)]
pub struct AccessKey(String);

impl AccessKey {
    /// A new one.
    ///
    /// # Errors
    /// If there is no randomness.
    pub fn mint(entropy: &Entropy) -> Result<Self> {
        let bytes: [u8; BYTES] = entropy.bytes().map_err(|error| anyhow!("{error}"))?;
        let mut text = String::with_capacity(2 * BYTES);
        for byte in bytes {
            write!(text, "{byte:02X}")?;
        }
        Ok(Self(text))
    }

    /// One that was minted: anything shorter, such as a name that people choose, is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let minted = text.len() == 2 * BYTES && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'A'..=b'F'));
        minted.then(|| Self(text.to_owned()))
    }

    /// What goes into `AWS_ACCESS_KEY_ID`.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether a request is signed in its name, in its header: a signature in a URL is not read.
    pub(super) fn signs(&self, headers: &HeaderMap) -> bool {
        let authorization = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let identifier = authorization.and_then(identifier).unwrap_or_default();
        verify_slices_are_equal(identifier.as_bytes(), self.0.as_bytes()).is_ok()
    }
}

/// The access key's identifier in an `Authorization` header of Signature Version 4.
fn identifier(authorization: &str) -> Option<&str> {
    let (_, parameters) = authorization.split_once(' ')?;
    let credential = parameters.split(',').find_map(|parameter| parameter.trim().strip_prefix("Credential="))?;
    credential.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_is_let_in_by_the_identifier_in_its_authorization() {
        let key = AccessKey::mint(&Entropy::seeded(1)).unwrap();
        let other = AccessKey::mint(&Entropy::seeded(2)).unwrap();
        let (own, other) = (key.expose(), other.expose());
        let shorter = &own[1..];
        let scope = "20260921/us-east-1/dynamodb/aws4_request";
        for (authorization, signs) in [
            (format!("AWS4-HMAC-SHA256 Credential={own}/{scope}, SignedHeaders=host, Signature=0"), true),
            (format!("AWS4-HMAC-SHA256 SignedHeaders=host,Credential={own}/{scope},Signature=0"), true),
            (format!("AWS4-HMAC-SHA256 Credential={other}/{scope}, SignedHeaders=host, Signature=0"), false),
            (format!("AWS4-HMAC-SHA256 Credential={shorter}/{scope}, SignedHeaders=host, Signature=0"), false),
            (format!("AWS4-HMAC-SHA256 Credential=/{scope}, SignedHeaders=host, Signature={own}"), false),
            (format!("Bearer {own}"), false),
            (own.to_owned(), false),
            (String::new(), false),
        ] {
            let headers = HeaderMap::from_iter([(header::AUTHORIZATION, authorization.parse().unwrap())]);
            assert_eq!(key.signs(&headers), signs, "{authorization}");
        }
        assert!(!key.signs(&HeaderMap::new()));
    }

    #[test]
    fn only_what_was_minted_is_read_back() {
        let key = AccessKey::mint(&Entropy::seeded(1)).unwrap();
        assert_eq!(AccessKey::parse(key.expose()).unwrap().expose(), key.expose());
        for text in ["", "local", &key.expose()[1..], &key.expose().to_lowercase(), &"é".repeat(32)] {
            assert!(AccessKey::parse(text).is_none(), "{text}");
        }
    }
}
