//! Why no tokens are given.

use shared::metadata::GrantType;

use super::tokens::MAX_CHOSEN;
use crate::id_token::NoKey;
use crate::parameters::Unreadable;

/// What is wrong with a token request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TokenFault {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// RFC 6749 §4.1.3.
    #[error("'grant_type' is missing")]
    NoGrantType,
    /// It is unknown, not offered, or not built.
    #[error("'grant_type' is none that this service offers")]
    UnsupportedGrantType,
    /// The client has not registered it.
    #[error("the client is not registered for this 'grant_type'")]
    UnauthorizedGrantType,
    /// RFC 9449, which is not built; RFC 8705 §3.
    #[error("tokens that are bound to a key are not supported")]
    Bound,
    /// A profile that is not built.
    #[error("the profile {0} is not supported")]
    Profile(String),
    /// RFC 6749 §4.1.3.
    #[error("'code' is missing")]
    NoCode,
    /// Unknown, expired, used, or another client's.
    #[error("there is no such authorization code")]
    Code,
    /// RFC 6749 §4.1.3.
    #[error("'redirect_uri' is not the one of the authorization request")]
    RedirectUri,
    /// RFC 7636 §4.6.
    #[error("'code_verifier' is missing")]
    NoVerifier,
    /// RFC 7636 §4.6.
    #[error("'code_verifier' is not that of the code challenge")]
    Verifier,
    /// RFC 7636 §4.1.
    #[error("'code_verifier' is not 43 to 128 unreserved characters")]
    VerifierSyntax,
    /// RFC 9700 §4.8.2: there was no challenge.
    #[error("'code_verifier' stands without a code challenge")]
    UnaskedVerifier,
    /// RFC 8707, which is not built.
    #[error("'resource' is not supported")]
    Resource,
    /// RFC 6749 §6.
    #[error("'refresh_token' is missing")]
    NoRefreshToken,
    /// Unknown, expired, revoked, replaced, or another client's. Whether it was replaced, where that is told.
    #[error("there is no such refresh token")]
    RefreshToken {
        /// Whether it was the client's, and was replaced.
        was_replaced: bool,
    },
    /// RFC 6749 §6.
    #[error("'scope' names more than was granted")]
    WiderScope,
    /// RFC 6749 §5.2.
    #[error("'scope' is no list of scopes")]
    ScopeSyntax,
    /// RFC 6749 §4.4.
    #[error("public clients have no authority of their own")]
    PublicClient,
    /// RFC 6749 §4.3.2.
    #[error("'username' or 'password' is missing")]
    NoPassword,
    /// A value that was chosen belongs to another token.
    #[error("a token value that was chosen is in use, or was")]
    ValueInUse,
    /// A value that was chosen cannot be a token's.
    #[error(
        "a token value that was chosen must be 1 to {MAX_CHOSEN} letters, digits and -._~+/, with = at the end only, and none that this server makes"
    )]
    ImpossibleValue,
    /// The ticket cannot be used.
    #[error("there is no such ticket")]
    Ticket,
    /// 1 to 100 ASCII characters.
    #[error("the subject must be 1 to 100 ASCII characters")]
    Subject,
    /// The authorization server's claims for the access token are no JSON object.
    #[error("the claims for the access token must be a JSON object")]
    Claims,
    /// Nothing can be signed.
    #[error(transparent)]
    NoKey(#[from] NoKey),
}

impl TokenFault {
    /// That of a grant's other name.
    #[must_use]
    pub fn of_grant(grant: Option<GrantType>) -> Self {
        if grant.is_some() { Self::UnauthorizedGrantType } else { Self::UnsupportedGrantType }
    }

    /// The error code (RFC 6749 §5.2, RFC 8707 §2).
    #[must_use]
    pub const fn error(&self) -> &'static str {
        match self {
            Self::Unreadable(_)
            | Self::NoGrantType
            | Self::Bound
            | Self::Profile(_)
            | Self::NoCode
            | Self::NoRefreshToken
            | Self::NoPassword
            | Self::ValueInUse
            | Self::ImpossibleValue => "invalid_request",
            Self::UnsupportedGrantType => "unsupported_grant_type",
            Self::UnauthorizedGrantType | Self::PublicClient => "unauthorized_client",
            Self::Code
            | Self::RedirectUri
            | Self::NoVerifier
            | Self::Verifier
            | Self::VerifierSyntax
            | Self::UnaskedVerifier
            | Self::RefreshToken { .. } => "invalid_grant",
            Self::Resource => "invalid_target",
            Self::WiderScope | Self::ScopeSyntax => "invalid_scope",
            Self::Ticket | Self::Subject | Self::Claims | Self::NoKey(_) => "server_error",
        }
    }
}
