//! An authorization request (RFC 6749 §4.1.1, OpenID Connect Core §3.1.2.1): is it one that we answer, and through
//! which channel does an error go?

mod fault;
mod verify;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

pub use fault::{Refused, RequestFault};
pub use verify::{binds_tokens, is_registered_redirect, is_verifier, verify};

use crate::response::Target;

/// What the client wants back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wanted {
    /// A code.
    Code,
    /// Nothing but its state (OAuth 2.0 Multiple Response Types §4).
    Nothing,
}

impl Wanted {
    /// `response_type`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Nothing => "none",
        }
    }
}

/// A code challenge (RFC 7636 §4.3).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Challenge {
    /// Whether the verifier is compared by its digest.
    pub is_s256: bool,
    /// The challenge.
    pub challenge: String,
}

/// What a client asks of the user's claims (OpenID Connect Core §5.5).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct RequestedClaims {
    /// `claims.id_token` as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id_token: Option<Map<String, Value>>,
    /// `claims.userinfo` as sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub userinfo: Option<Map<String, Value>>,
}

/// A request that we answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Request {
    /// What the client wants back.
    pub wanted: Wanted,
    /// Where it goes.
    pub target: Target,
    /// Whether the client has sent `redirect_uri`: then it must do so again (RFC 6749 §4.1.3).
    pub redirect_uri_sent: bool,
    /// `nonce`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub nonce: Option<String>,
    /// The scopes that are left of those that it asks for.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The code challenge.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub challenge: Option<Challenge>,
    /// `prompt`, and what follows from `max_age`; absent if neither says anything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub prompts: Option<Vec<String>>,
    /// `max_age`, else the client's default, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
    /// `display`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub display: Option<String>,
    /// `ui_locales`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub ui_locales: Vec<String>,
    /// `claims_locales`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub claims_locales: Vec<String>,
    /// `claims`.
    #[serde(default)]
    pub claims: RequestedClaims,
    /// The authentication context classes, the preferred one first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub acrs: Vec<String>,
    /// Whether one of them is needed.
    #[serde(default)]
    pub acr_is_essential: bool,
    /// Who the user must be, as the client calls its users.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// `login_hint`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub login_hint: Option<String>,
    /// The pushed request that it came by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pushed: Option<String>,
}

impl Request {
    /// Whether nobody must see a page.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.prompts.iter().flatten().any(|prompt| prompt == "none")
    }

    /// Whether it is one of OpenID Connect.
    #[must_use]
    pub fn is_openid(&self) -> bool {
        self.scopes.iter().any(|scope| scope == "openid")
    }
}
