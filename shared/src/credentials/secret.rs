//! Client secrets (RFC 6749 §2.3.1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

use super::IdSalt;
use crate::entropy::Entropy;
use crate::error::Error;

/// A client secret: 256 random bits in base64url, or what an operator has chosen.
#[derive(Clone)]
pub struct ClientSecret {
    text: String,
    is_random: bool,
}

impl ClientSecret {
    /// A new secret.
    ///
    /// # Errors
    /// [`Error::Internal`] without entropy.
    pub fn mint(entropy: &Entropy) -> Result<Self, Error> {
        Ok(Self { text: BASE64URL.encode(entropy.bytes::<32>()?), is_random: true })
    }

    /// One that an operator has chosen, or that was sealed earlier.
    #[must_use]
    pub fn chosen(text: String) -> Self {
        Self { text, is_random: false }
    }

    /// The secret itself: for the answer to its client and for sealing, for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// What is stored to compare it with later, without a key that would have to be asked for: HMAC-SHA256 under the
    /// service's salt. It tells nothing of 256 random bits; of a secret that somebody has chosen it would tell whoever reads
    /// the table, and guesses, so of such a one there is none.
    #[must_use]
    pub fn mac(&self, salt: &IdSalt) -> Option<[u8; 32]> {
        let mut mac = [0; 32];
        mac.copy_from_slice(tag(salt, self.text.as_bytes()).as_ref());
        self.is_random.then_some(mac)
    }

    /// Whether `presented` is the secret of which that is the [`mac`](Self::mac), in constant time.
    #[must_use]
    pub fn is_of(presented: &str, salt: &IdSalt, mac: &[u8; 32]) -> bool {
        verify_slices_are_equal(tag(salt, presented.as_bytes()).as_ref(), mac).is_ok()
    }

    /// Whether `presented` is this secret, in constant time.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        verify_slices_are_equal(self.text.as_bytes(), presented.as_bytes()).is_ok()
    }
}

/// Apart from the numbers of clients, which have the same salt.
fn tag(salt: &IdSalt, secret: &[u8]) -> hmac::Tag {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &salt.0));
    context.update(b"client secret\0");
    context.update(secret);
    context.sign()
}
