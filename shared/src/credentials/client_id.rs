//! Client identifiers and the numbers they are stored under.

use aws_lc_rs::hmac;

use crate::client::Source;
use crate::entropy::Entropy;
use crate::error::Error;

/// The largest numeric identifier: what a double can count.
pub const MAX_NUMERIC_ID: u64 = (1 << 53) - 1;

/// The key with which one service turns client identifiers into numbers.
#[derive(Clone, PartialEq, Eq)]
pub struct IdSalt(pub [u8; 32]);

/// A client identifier.
pub type ClientId = String;

/// A new client identifier: for Authlete a random number from 1 to 2^53−1 in decimal, else a random UUID
/// (RFC 9562 §5.4).
///
/// # Errors
/// [`Error::Internal`] without entropy.
pub fn mint(source: Source, entropy: &Entropy) -> Result<ClientId, Error> {
    if source.has_decimal_ids() {
        return Ok((u64::from_be_bytes(entropy.bytes()?) >> 11).max(1).to_string());
    }
    Ok(uuid::Builder::from_random_bytes(entropy.bytes()?).into_uuid().to_string())
}

/// The client identifier that follows from a digest, in the form of those that are minted: a number, or a UUID of version 8
/// (RFC 9562 §5.8).
#[must_use]
pub fn derive(source: Source, digest: &[u8; 32]) -> ClientId {
    let mut first = [0; 16];
    first.copy_from_slice(digest.first_chunk::<16>().unwrap_or(&[0; 16]));
    if source.has_decimal_ids() {
        let number = first.iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
        return (number >> 11).max(1).to_string();
    }
    uuid::Builder::from_custom_bytes(first).into_uuid().to_string()
}

/// The number, from 1 to 2^53−1, under which a client is stored: a decimal identifier is its own number, any
/// other gets the first 53 bits of HMAC-SHA256(salt, id). So every identifier leads to its item without an
/// index; the whole identifier is compared there.
#[must_use]
pub fn numeric_id(salt: &IdSalt, client_id: &str) -> u64 {
    if let Some(number) = decimal(client_id) {
        return number;
    }
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, &salt.0), client_id.as_bytes());
    let first = tag.as_ref().iter().take(8).fold(0_u64, |bits, byte| (bits << 8) | u64::from(*byte));
    (first >> 11).max(1)
}

/// A number from 1 to 2^53−1 in its one decimal form: no sign, no zero in front.
pub(crate) fn decimal(text: &str) -> Option<u64> {
    let canonical = !text.starts_with('0') && text.bytes().all(|byte| byte.is_ascii_digit());
    let number: u64 = if canonical { text.parse().ok()? } else { return None };
    (1..=MAX_NUMERIC_ID).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_stable_and_within_range() {
        let salt = IdSalt([7; 32]);
        assert_eq!(numeric_id(&salt, "1234567890"), 1_234_567_890);
        let uuid = "6dcf6d3c-9f1e-4a0e-8d43-0b0a3c7b2c11";
        let number = numeric_id(&salt, uuid);
        assert_eq!(number, numeric_id(&salt, uuid));
        assert_ne!(number, numeric_id(&IdSalt([8; 32]), uuid));
        for id in ["", "0", "01", "9007199254740992", "99999999999999999999", "-1", "\u{661}"] {
            assert!((1..=MAX_NUMERIC_ID).contains(&numeric_id(&salt, id)), "{id}");
        }
        assert_eq!(numeric_id(&salt, "9007199254740991"), MAX_NUMERIC_ID);
    }
}
