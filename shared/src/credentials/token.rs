//! Bearer tokens of our own: opaque, stored as a digest only, each kind with its prefix.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde::{Deserialize, Serialize};

use crate::entropy::Entropy;
use crate::error::Error;

/// What a token is for. One kind never works as another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TokenKind {
    /// Manages one client (RFC 7592 §1.2).
    RegistrationAccess,
    /// Lets its bearer register (RFC 7591 §1.2).
    InitialAccess,
    /// An operator's, for one service.
    Service,
    /// An operator's, for all services of an organization.
    Organization,
    /// An access token for the scope `manageRegistration`, bound to a certificate (RFC 8705 §3).
    ManageRegistration,
}

impl TokenKind {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::RegistrationAccess, Self::InitialAccess, Self::Service, Self::Organization, Self::ManageRegistration];

    /// What every token of this kind begins with.
    #[must_use]
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::RegistrationAccess => "rat_",
            Self::InitialAccess => "iat_",
            Self::Service => "svc_",
            Self::Organization => "org_",
            Self::ManageRegistration => "mgr_",
        }
    }
}

/// A token: its kind's prefix and 256 random bits in base64url.
#[derive(Clone)]
pub struct Token {
    kind: TokenKind,
    text: String,
}

/// The SHA-256 of a token, prefix included: all that is stored of it.
#[derive(Debug, Clone, Copy)]
pub struct TokenHash([u8; 32]);

impl Token {
    /// A new token.
    ///
    /// # Errors
    /// [`Error::Internal`] without entropy.
    pub fn mint(kind: TokenKind, entropy: &Entropy) -> Result<Self, Error> {
        Ok(Self { kind, text: format!("{}{}", kind.prefix(), BASE64URL.encode(entropy.bytes::<32>()?)) })
    }

    /// The presented text as a token of `kind`; `None` if it cannot be one.
    #[must_use]
    pub fn parse(kind: TokenKind, presented: &str) -> Option<Self> {
        let random = presented.strip_prefix(kind.prefix())?;
        let plausible = random.len() == 43
            && random.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
        plausible.then(|| Self { kind, text: presented.to_owned() })
    }

    /// What it is for, as far as it says itself.
    #[must_use]
    pub fn kind(&self) -> TokenKind {
        self.kind
    }

    /// The token itself: for the answer to its bearer, for nothing else.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.text
    }

    /// Its digest.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, self.text.as_bytes()).as_ref());
        TokenHash(bytes)
    }
}

impl TokenHash {
    /// The digest in base64url: a token's public name, and its key in the store.
    #[must_use]
    pub fn to_text(&self) -> String {
        BASE64URL.encode(self.0)
    }

    /// Reads what [`to_text`](Self::to_text) wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Some(Self(BASE64URL.decode(text).ok()?.try_into().ok()?))
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        verify_slices_are_equal(&self.0, &other.0).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_of_one_kind_only() {
        let token = Token::mint(TokenKind::InitialAccess, &Entropy::seeded(1)).unwrap();
        assert!(token.expose().starts_with("iat_") && token.expose().len() == 47);
        assert!(Token::parse(TokenKind::InitialAccess, token.expose()).is_some());
        assert!(Token::parse(TokenKind::RegistrationAccess, token.expose()).is_none());
        for text in ["", "iat_", "iat_short", &format!("iat_{}", "%".repeat(43)), &format!("{}x", token.expose())] {
            assert!(Token::parse(TokenKind::InitialAccess, text).is_none(), "{text}");
        }
    }

    #[test]
    fn the_digest_is_pinned() {
        let token = Token::parse(TokenKind::Service, &format!("svc_{}", "A".repeat(43))).unwrap();
        assert_eq!(token.hash().to_text(), "iJiVgt-RRfby9d6YzwJ2cyLdmBmNYFsWcGPO1dYefiI");
        assert!(TokenHash::parse(&token.hash().to_text()).unwrap() == token.hash());
    }
}
