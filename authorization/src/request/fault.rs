//! Why an authorization request is refused.

use crate::response::Target;

/// A refusal, and where the client hears of it.
#[derive(Debug, Clone)]
pub struct Refused {
    /// Why.
    pub fault: RequestFault,
    /// The client's redirect URI, if it can be trusted; else whoever looks at the browser is told.
    pub target: Option<Target>,
}

/// What is wrong with a request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestFault {
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] crate::parameters::Unreadable),
    /// RFC 6749 §4.1.1.
    #[error("'client_id' is missing")]
    NoClientId,
    /// No client has that name, or none any more.
    #[error("there is no client of that 'client_id'")]
    UnknownClient,
    /// RFC 9101 §5.
    #[error("'request' and 'request_uri' exclude each other")]
    RequestAndUri,
    /// Unknown, expired, used, or another client's.
    #[error("the value of 'request_uri' is not registered")]
    RequestUri,
    /// RFC 6749 §3.1.1.
    #[error("'response_type' is missing")]
    NoResponseType,
    /// RFC 6749 §3.1.2.3; the URI as sent, and how many are registered.
    #[error("the value of 'redirect_uri' ({uri}) is not registered; redirect URIs of the client: {registered}")]
    UnregisteredRedirect {
        /// The URI, as far as it can be shown.
        uri: String,
        /// How many the client has.
        registered: usize,
    },
    /// It may be left out by a client that has one, outside of OpenID Connect.
    #[error("'redirect_uri' is missing; redirect URIs of the client: {registered}{}", because(*.openid))]
    NoRedirect {
        /// How many the client has.
        registered: usize,
        /// Whether it would be needed in any case.
        openid: bool,
    },
    /// It is unknown, or not the client's.
    #[error("'response_mode' is none that the client can have")]
    ResponseMode,
    /// A response in a JWT needs an algorithm that the client has not registered.
    #[error("'response_mode' asks for a JWT, and the client has no 'authorization_signed_response_alg'")]
    NoResponseAlgorithm,
    /// RFC 9126 §5.
    #[error("the request must be pushed")]
    NotPushed,
    /// RFC 9101 §10.5.
    #[error("the request must be a signed request object")]
    NotSigned,
    /// The service does not offer it.
    #[error("'response_type' is none that this service offers")]
    UnsupportedResponseType,
    /// The client has not registered it.
    #[error("the client is not registered for this 'response_type'")]
    UnauthorizedResponseType,
    /// RFC 6749 §3.3.
    #[error("'scope' is no list of scopes")]
    ScopeSyntax,
    /// The service needs one.
    #[error("'scope' names no scope that the client can have")]
    NoScope,
    /// RFC 7636 §4.4.1.
    #[error("'code_challenge' is missing")]
    NoChallenge,
    /// RFC 7636 §4.3; `plain` is none where S256 is needed.
    #[error("'code_challenge_method' must be 'S256'")]
    ChallengeMethod,
    /// RFC 7636 §4.2.
    #[error("'code_challenge' must be 43 to 128 unreserved characters, with a known 'code_challenge_method'")]
    Challenge,
    /// OpenID Connect Core §3.1.2.1.
    #[error("'prompt' has a value that is unknown, or 'none' with others")]
    Prompt,
    /// OpenID Connect Core §3.1.2.1.
    #[error("'max_age' must be a number of seconds")]
    MaxAge,
    /// OpenID Connect Core §5.5.
    #[error("'claims' must be a JSON object of JSON objects")]
    Claims,
    /// Nobody can log in anew without seeing a page.
    #[error("'prompt=none' cannot be met with 'max_age=0'")]
    SilentLogin,
    /// The service knows none.
    #[error("an ACR is asked for, and this service has none")]
    NoAcrs,
    /// OpenID Connect Core §3.1.2.1.
    #[error("'id_token_hint' is no ID Token of this service for the client, or names another user than 'claims'")]
    Hint,
    /// RFC 9101, which is not built.
    #[error("'request' is not supported")]
    RequestObject,
    /// RFC 9101, which is not built.
    #[error("'request_uri' is not supported")]
    RequestObjectUri,
    /// RFC 8707, which is not built.
    #[error("'resource' is not supported")]
    Resource,
    /// RFC 9396, which is not built.
    #[error("'authorization_details' is not supported")]
    Details,
    /// RFC 9449 §10, which is not built: a bearer token is no answer to a request for a bound one.
    #[error("tokens that are bound to a key are not supported")]
    Bound,
    /// A profile that is not built.
    #[error("the profile {0} is not supported")]
    Profile(String),
}

fn because(openid: bool) -> &'static str {
    if openid { ", and OpenID Connect needs it" } else { "" }
}

impl RequestFault {
    /// The error code (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6, RFC 9101 §6.2, RFC 8707 §2, RFC 9396 §5).
    #[must_use]
    pub const fn error(&self) -> &'static str {
        match self {
            Self::UnknownClient => "invalid_client",
            Self::RequestUri => "invalid_request_uri",
            Self::UnsupportedResponseType => "unsupported_response_type",
            Self::UnauthorizedResponseType => "unauthorized_client",
            Self::ScopeSyntax | Self::NoScope => "invalid_scope",
            Self::SilentLogin => "login_required",
            Self::RequestObject => "request_not_supported",
            Self::RequestObjectUri => "request_uri_not_supported",
            Self::Resource => "invalid_target",
            Self::Details => "invalid_authorization_details",
            Self::Unreadable(_)
            | Self::NoClientId
            | Self::RequestAndUri
            | Self::NoResponseType
            | Self::UnregisteredRedirect { .. }
            | Self::NoRedirect { .. }
            | Self::ResponseMode
            | Self::NoResponseAlgorithm
            | Self::NotPushed
            | Self::NotSigned
            | Self::NoChallenge
            | Self::ChallengeMethod
            | Self::Challenge
            | Self::Prompt
            | Self::MaxAge
            | Self::Claims
            | Self::NoAcrs
            | Self::Hint
            | Self::Bound
            | Self::Profile(_) => "invalid_request",
        }
    }
}
