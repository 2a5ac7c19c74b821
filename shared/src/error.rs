//! What can go wrong in the core, with the code and the status that the RFCs give it.

use crate::caller::Permission;
use crate::claim_kind::ClaimKind;
use crate::fetch::KEYS_AGAIN;
use crate::metadata::{Invalid, InvalidRedirectUri};

/// Seconds after which there may be room again in a service that is full: the stream function makes it.
const ROOM_AGAIN: u64 = 60;

/// An error of the core. The text of a client's fault is public and names the member; a server's fault
/// answers a constant and keeps its source for the log.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// RFC 7591 §3.2.2 `invalid_redirect_uri`.
    #[error(transparent)]
    InvalidRedirectUri(#[from] InvalidRedirectUri),
    /// RFC 7591 §3.2.2 `invalid_client_metadata`.
    #[error(transparent)]
    InvalidClientMetadata(#[from] Invalid),
    /// RFC 7591 §3.2.2 `invalid_software_statement`.
    #[error(transparent)]
    InvalidSoftwareStatement(#[from] StatementFault),
    /// RFC 7591 §3.2.2 `unapproved_software_statement`: well made, but not by anyone this service trusts.
    #[error("software_statement: its issuer is not approved by this service")]
    UnapprovedSoftwareStatement,
    /// RFC 6750 §3: no token was presented where one is required.
    #[error("a bearer token is required in the Authorization header")]
    MissingToken,
    /// RFC 6750 §3.1 `invalid_token`: unknown, expired or revoked, or of another client.
    #[error("the token is not valid for this request")]
    InvalidToken,
    /// RFC 6750 §3.1 `invalid_token`: an initial access token of this service that was good once.
    #[error("the initial access token {}", .0.as_str())]
    SpentToken(Spent),
    /// The token is the client's own, and the client has ended by itself.
    #[error("the client has ended, since nobody has used it or its time is over; it may register again")]
    ClientEnded,
    /// The service does not let clients register themselves.
    #[error("registration is switched off for this service")]
    RegistrationClosed,
    /// The developer, or the service, has as many clients as its policy allows.
    #[error("no more clients can be registered, by the policy of this service{}", .0.outlook())]
    TooManyClients(Ceiling),
    /// The name belongs to another client of the service.
    #[error("{0} is taken by another client")]
    Claimed(ClaimKind),
    /// A registrant that has one client by its name asks for another.
    #[error("this registrant has a client already")]
    AlreadyRegistered,
    /// A registrant that signs its requests has made this one before the last that was accepted, or it is that one.
    #[error("iat must be later than that of the last request that was accepted")]
    NotLater,
    /// A registrant that is registered below one trust anchor comes with another one.
    #[error("this entity is registered below another trust anchor, until that registration ends")]
    OtherTrustAnchor,
    /// An operator asks for a client that does not exist.
    #[error("there is no such client")]
    UnknownClient,
    /// The operator's token has none of these permissions (RFC 6750 §3.1), that first which is meant for it; or it does not work
    /// for this service, which no permission would help.
    #[error("the token does not permit this{}", needed(.0))]
    InsufficientScope(Vec<Permission>),
    /// An operator has locked the client.
    #[error("the client is locked")]
    ClientLocked,
    /// There is no such service, or it does not open this door.
    #[error("there is no such service")]
    UnknownService,
    /// A page of a list is asked for that the list has not named, or not for this question.
    #[error("cursor: it is not one that this list has answered")]
    InvalidCursor,
    /// The resource does not know the method (RFC 9110 §15.5.6).
    #[error("the method is not allowed here")]
    MethodNotAllowed,
    /// Others changed the same client at the same time, and kept winning.
    #[error("the client is being changed by another request; try again")]
    Contention,
    /// What has to be fetched from somebody else cannot be, for a reason that may pass: the registrant is not at fault.
    #[error("{member}: {document} cannot be fetched at the moment; try again")]
    Unreachable {
        /// The member that names it.
        member: &'static str,
        /// What it is.
        document: &'static str,
    },
    /// The table or the key store does not answer in time.
    #[error("the registry is temporarily unavailable; try again")]
    Unavailable(#[source] Source),
    /// A fault of the server.
    #[error("the registry failed")]
    Internal(#[source] Source),
}

/// Why a server's fault happened: for the log, never for the answer.
pub type Source = Box<dyn std::error::Error + Send + Sync>;

/// Why a software statement is refused (RFC 7591 §2.3, §3.1.1).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// The service requires one.
    #[error("software_statement is required by this service")]
    Missing,
    /// Not a compact JWS with a JSON object for claims.
    #[error("software_statement is not a signed JWT")]
    Malformed,
    /// Unsigned, symmetric, or of a kind the key does not allow.
    #[error("software_statement: its alg is not accepted")]
    Algorithm,
    /// No key of the issuer verifies it.
    #[error("software_statement: its signature is not valid")]
    Signature,
    /// `typ` names another kind of JWT: an access token, a logout token (RFC 8725 §3.11).
    #[error("software_statement: its typ is that of another kind of JWT")]
    Type,
    /// `iss` is required (RFC 7591 §2.3).
    #[error("software_statement: iss is missing")]
    IssuerMissing,
    /// `exp`, `nbf` or the service's maximum age.
    #[error("software_statement: it is not valid at this time")]
    Time,
    /// `aud` names somebody else.
    #[error("software_statement: aud is not this service")]
    Audience,
    /// A claim that is a client metadata member but has the wrong type.
    #[error("software_statement: {0}")]
    Claim(Invalid),
    /// An update carries a statement of another issuer or software, or none.
    #[error("software_statement: an update needs one of the same iss and software_id")]
    OtherSoftware,
}

/// Why an initial access token that was good works no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spent {
    /// As many have registered with it as were to.
    UsedUp,
    /// Its time is over, or an operator has ended it.
    Ended,
}

impl Spent {
    const fn as_str(self) -> &'static str {
        match self {
            Self::UsedUp => "is used up",
            Self::Ended => "has ended",
        }
    }
}

/// Whose clients are too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ceiling {
    /// The service's.
    Service,
    /// One developer's.
    Developer,
}

impl Ceiling {
    /// The member of the policy that says how many there may be.
    #[must_use]
    pub const fn rule(self) -> &'static str {
        match self {
            Self::Service => "clients_per_service",
            Self::Developer => "clients_per_developer",
        }
    }

    /// What becomes of it.
    const fn outlook(self) -> &'static str {
        match self {
            Self::Service => "; room is made within minutes where there are some that nobody uses: try again later",
            Self::Developer => "",
        }
    }
}

impl Error {
    /// A server's fault.
    pub fn internal(source: impl Into<Source>) -> Self {
        Self::Internal(source.into())
    }

    /// The error code of RFC 7591 §3.2.2 or RFC 6750 §3.1; where no RFC names one, ours.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRedirectUri(_) => "invalid_redirect_uri",
            Self::InvalidClientMetadata(_) | Self::Claimed(_) | Self::AlreadyRegistered => "invalid_client_metadata",
            Self::InvalidSoftwareStatement(_) => "invalid_software_statement",
            Self::UnapprovedSoftwareStatement => "unapproved_software_statement",
            Self::OtherTrustAnchor => "invalid_trust_anchor",
            Self::MissingToken | Self::InvalidToken | Self::SpentToken(_) | Self::ClientEnded => "invalid_token",
            Self::InsufficientScope(_) => "insufficient_scope",
            Self::ClientLocked | Self::RegistrationClosed | Self::TooManyClients(_) => "access_denied",
            Self::UnknownService | Self::UnknownClient => "not_found",
            Self::MethodNotAllowed | Self::NotLater | Self::InvalidCursor => "invalid_request",
            Self::Contention | Self::Unreachable { .. } | Self::Unavailable(_) => "temporarily_unavailable",
            Self::Internal(_) => "server_error",
        }
    }

    /// The page that defines the code (RFC 6749 §5.2 `error_uri`), where there is one.
    #[must_use]
    pub fn uri(&self) -> Option<&'static str> {
        match self.code() {
            "invalid_redirect_uri"
            | "invalid_client_metadata"
            | "invalid_software_statement"
            | "unapproved_software_statement" => Some("https://www.rfc-editor.org/rfc/rfc7591#section-3.2.2"),
            "invalid_token" | "insufficient_scope" => Some("https://www.rfc-editor.org/rfc/rfc6750#section-3.1"),
            _ => None,
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidRedirectUri(_)
            | Self::InvalidClientMetadata(_)
            | Self::InvalidSoftwareStatement(_)
            | Self::Claimed(_)
            | Self::AlreadyRegistered
            | Self::NotLater
            | Self::InvalidCursor
            | Self::UnapprovedSoftwareStatement => 400,
            Self::MissingToken | Self::InvalidToken | Self::SpentToken(_) | Self::ClientEnded => 401,
            Self::ClientLocked | Self::InsufficientScope(_) | Self::RegistrationClosed | Self::TooManyClients(_) => 403,
            Self::UnknownService | Self::UnknownClient | Self::OtherTrustAnchor => 404,
            Self::MethodNotAllowed => 405,
            Self::Contention | Self::Unreachable { .. } | Self::Unavailable(_) => 503,
            Self::Internal(_) => 500,
        }
    }

    /// What a refused bearer is told of it in `WWW-Authenticate` (RFC 6750 §3), where there is something to tell: no error
    /// code to a request that carried no token, and of permissions one that suffices.
    #[must_use]
    pub fn challenge(&self) -> Option<String> {
        match self {
            Self::MissingToken => Some("Bearer".to_owned()),
            Self::InvalidToken | Self::SpentToken(_) | Self::ClientEnded => {
                Some("Bearer error=\"invalid_token\"".to_owned())
            }
            Self::InsufficientScope(any_of) => {
                let scope = any_of.first().map(|least| format!(", scope=\"{}\"", least.as_str()));
                Some(format!("Bearer error=\"insufficient_scope\"{}", scope.unwrap_or_default()))
            }
            _ => None,
        }
    }

    /// Seconds after which it makes sense to try again what is temporarily unavailable (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Contention | Self::Unavailable(_) => Some(1),
            Self::Unreachable { .. } => Some(KEYS_AGAIN),
            Self::TooManyClients(Ceiling::Service) => Some(ROOM_AGAIN),
            _ => None,
        }
    }

    /// The cause of a server's fault, for the log.
    #[must_use]
    pub fn source_for_log(&self) -> Option<&Source> {
        match self {
            Self::Unavailable(source) | Self::Internal(source) => Some(source),
            Self::InvalidRedirectUri(_)
            | Self::InvalidClientMetadata(_)
            | Self::InvalidSoftwareStatement(_)
            | Self::UnapprovedSoftwareStatement
            | Self::MissingToken
            | Self::InvalidToken
            | Self::SpentToken(_)
            | Self::ClientEnded
            | Self::InsufficientScope(_)
            | Self::RegistrationClosed
            | Self::TooManyClients(_)
            | Self::Claimed(_)
            | Self::AlreadyRegistered
            | Self::NotLater
            | Self::OtherTrustAnchor
            | Self::ClientLocked
            | Self::UnknownService
            | Self::UnknownClient
            | Self::InvalidCursor
            | Self::MethodNotAllowed
            | Self::Contention
            | Self::Unreachable { .. } => None,
        }
    }
}

/// The permissions of which one is needed, as they are told behind what is refused.
fn needed(any_of: &[Permission]) -> String {
    match any_of.split_last() {
        None => String::new(),
        Some((only, [])) => format!(": it needs {}", only.as_str()),
        Some((last, others)) => {
            let others: Vec<&str> = others.iter().map(|permission| permission.as_str()).collect();
            format!(": it needs {} or {}", others.join(", "), last.as_str())
        }
    }
}
