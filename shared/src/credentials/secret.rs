//! Client secrets (RFC 6749 §2.3.1).

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

use crate::entropy::Entropy;
use crate::error::Error;

/// A client secret: 256 random bits in base64url.
#[derive(Clone)]
pub struct ClientSecret(String);

impl ClientSecret {
    /// A new secret.
    ///
    /// # Errors
    /// [`Error::Internal`] without entropy.
    pub fn mint(entropy: &Entropy) -> Result<Self, Error> {
        Ok(Self(BASE64URL.encode(entropy.bytes::<32>()?)))
    }

    /// One that was sealed earlier.
    #[must_use]
    pub fn opened(text: String) -> Self {
        Self(text)
    }

    /// The secret itself: for the answer to its client and for sealing, for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Whether `presented` is this secret, in constant time.
    #[must_use]
    pub fn matches(&self, presented: &str) -> bool {
        verify_slices_are_equal(self.0.as_bytes(), presented.as_bytes()).is_ok()
    }
}
