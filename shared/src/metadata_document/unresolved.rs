//! Why a client was not resolved by its document, and what is said of it. A failed fetch is never an unknown client: whoever
//! is told that forgets its registration.

use super::document::Refused;
use super::identifier::UriFault;
use super::retrieval::{Failure, FailureKind, Step};
use crate::error::Error;
use crate::federation;
use crate::metadata::Invalid;
use crate::registry::Reason;

/// How long a reason may be in the log, in characters.
const MAX_REASON: usize = 500;

/// Why a client was not resolved. The text is for operators.
#[derive(Debug, thiserror::Error)]
pub enum Unresolved {
    /// The identifier is none of a document, or the service resolves none.
    #[error("there is no such client")]
    NotEnabled,
    /// §3.
    #[error("client_id: {0}")]
    InvalidUri(#[from] UriFault),
    /// The service does not want this one (§9.9).
    #[error("client_id: this service does not take clients of this URL{}", by_pattern(by.as_ref()))]
    NotAllowed {
        /// The pattern that says so; none if no pattern allows it.
        by: Option<String>,
    },
    /// Its owner has taken it away.
    #[error("{reason}")]
    Gone {
        /// What was answered.
        reason: String,
    },
    /// What its owner publishes is no document, or breaks a rule.
    #[error("{reason}")]
    InvalidDocument {
        /// Which step failed.
        step: Step,
        /// What is wrong; names the member.
        reason: String,
        /// What the rules have found; none if there was nothing for them to read.
        fault: Option<Box<Error>>,
    },
    /// The client has no authentication method that this service offers (§6).
    #[error("{0}")]
    NoCommonMethod(Invalid),
    /// Its host could not be asked, or has answered something else; and no copy may serve.
    #[error("{reason}")]
    Unavailable {
        /// The name of the step that failed.
        step: String,
        /// What happened.
        reason: String,
        /// Seconds until it makes sense to ask again.
        retry_after: u64,
    },
    /// Too many documents are fetched for this service, or from that host.
    #[error("too many documents are being fetched for this service or from this host; try again later")]
    OverBudget {
        /// Seconds until it makes sense to ask again.
        retry_after: u64,
    },
    /// The federation that the service takes part in has the last word on it.
    #[error("{0}")]
    Federation(Box<federation::Error>),
    /// What the core found.
    #[error(transparent)]
    Core(#[from] Error),
}

fn by_pattern(by: Option<&String>) -> String {
    by.map_or_else(|| "; none of its patterns allows it".to_owned(), |pattern| format!(", by the pattern {pattern}"))
}

impl From<federation::Error> for Unresolved {
    fn from(error: federation::Error) -> Self {
        match error {
            federation::Error::Core(error) if error.status() >= 500 => Self::Core(error),
            error => Self::Federation(Box::new(error)),
        }
    }
}

impl Unresolved {
    pub(super) fn of_failure(Failure { step, reason, kind, .. }: Failure) -> Self {
        match kind {
            FailureKind::Gone => Self::Gone { reason },
            FailureKind::Invalid => Self::InvalidDocument { step, reason, fault: None },
            FailureKind::Passing => Self::Unavailable { step: step.as_str().to_owned(), reason, retry_after: 1 },
        }
    }

    pub(super) fn of_document(refused: Refused) -> Self {
        match refused {
            Refused::NoCommonMethod(fault) => Self::NoCommonMethod(fault),
            Refused::Invalid(error) => Self::of_core(error),
        }
    }

    /// What the rules of registration have found.
    pub(super) fn of_core(error: Error) -> Self {
        let reason = error.to_string();
        let invalid =
            |step, error| Self::InvalidDocument { step, reason: reason.clone(), fault: Some(Box::new(error)) };
        match error {
            Error::InvalidClientMetadata(
                Invalid::Malformed
                | Invalid::NumberTooLarge
                | Invalid::LoneSurrogate
                | Invalid::NotAnObject
                | Invalid::Duplicate { .. }
                | Invalid::TooDeep { .. }
                | Invalid::BodyTooLarge { .. },
            ) => invalid(Step::Json, error),
            Error::InvalidClientMetadata(_)
            | Error::InvalidRedirectUri(_)
            | Error::InvalidSoftwareStatement(_)
            | Error::UnapprovedSoftwareStatement => invalid(Step::Rule, error),
            Error::Unreachable { .. } => {
                Self::Unavailable { step: Step::Rule.as_str().to_owned(), reason, retry_after: 1 }
            }
            error => Self::Core(error),
        }
    }

    /// Somebody else's fetch did not end in time.
    pub(super) fn waited() -> Self {
        let (step, reason) = Self::waiting();
        Self::Unavailable { step, reason, retry_after: 1 }
    }

    pub(super) fn waiting() -> (String, String) {
        (Step::Time.as_str().to_owned(), "another request fetches the document".to_owned())
    }

    /// The same, with the time after which it makes sense to ask again.
    pub(super) fn retried_after(self, seconds: u64) -> Self {
        match self {
            Self::Unavailable { step, reason, .. } => Self::Unavailable { step, reason, retry_after: seconds },
            other => other,
        }
    }

    /// Whether it is the owner of the document who says so: what was good before is good no more.
    pub(super) fn is_the_owners(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::InvalidDocument { .. } | Self::NoCommonMethod(_))
    }

    /// Why a registration is refused; none where there was none, or the fault is the server's.
    pub(crate) fn refusal(&self) -> Option<Reason> {
        match self {
            Self::InvalidDocument { fault: Some(error), .. } => Some(error.as_ref().into()),
            Self::Federation(error) => Some(error.as_ref().into()),
            Self::InvalidUri(_)
            | Self::NotAllowed { .. }
            | Self::Gone { .. }
            | Self::InvalidDocument { .. }
            | Self::NoCommonMethod(_) => Some(Reason::new(self.status(), self.code(), &self.to_string())),
            Self::Unavailable { reason, .. } => Some(Reason::of_host(self.code(), reason)),
            Self::NotEnabled | Self::OverBudget { .. } | Self::Core(_) => None,
        }
    }

    /// What is wrong, for the log, and not longer than one reads: a document may say much.
    #[must_use]
    pub fn reason(&self) -> String {
        self.to_string().chars().take(MAX_REASON).collect()
    }

    /// What became of it, in one word.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match self {
            Self::NotEnabled => "not_a_url_client",
            Self::InvalidUri(_) => "invalid_url",
            Self::NotAllowed { .. } => "not_allowed",
            Self::Gone { .. } => "gone",
            Self::InvalidDocument { .. } => "invalid_document",
            Self::NoCommonMethod(_) => "no_common_method",
            Self::Unavailable { .. } | Self::Core(_) => "unavailable",
            Self::OverBudget { .. } => "over_budget",
            Self::Federation(_) => "federation",
        }
    }

    /// The name of the step of the fetch that failed.
    #[must_use]
    pub fn step_name(&self) -> Option<&str> {
        match self {
            Self::Unavailable { step, .. } => Some(step),
            other => other.step().map(Step::as_str),
        }
    }

    /// The step of the fetch that failed.
    #[must_use]
    pub fn step(&self) -> Option<Step> {
        match self {
            Self::Gone { .. } => Some(Step::Status),
            Self::InvalidDocument { step, .. } => Some(*step),
            Self::NoCommonMethod(_) => Some(Step::Rule),
            Self::Unavailable { step, .. } => Step::ALL.into_iter().find(|known| known.as_str() == step),
            _ => None,
        }
    }

    /// The error code (RFC 6749 §4.1.2.1, §5.2).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnabled => Error::UnknownClient.code(),
            Self::InvalidUri(_) | Self::Gone { .. } | Self::InvalidDocument { .. } => "invalid_client",
            Self::NotAllowed { .. } | Self::NoCommonMethod(_) => "unauthorized_client",
            Self::Unavailable { .. } | Self::OverBudget { .. } => "temporarily_unavailable",
            Self::Federation(error) => error.code(),
            Self::Core(error) => error.code(),
        }
    }

    /// The HTTP status for an authorization server that asks.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::InvalidUri(_) | Self::InvalidDocument { .. } | Self::NoCommonMethod(_) => 400,
            Self::NotAllowed { .. } => 403,
            Self::NotEnabled | Self::Gone { .. } => 404,
            Self::OverBudget { .. } => 429,
            Self::Unavailable { .. } => 503,
            Self::Federation(error) => error.status(),
            Self::Core(error) => error.status(),
        }
    }

    /// Seconds until it makes sense to ask again (RFC 9110 §10.2.3).
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Unavailable { retry_after, .. } | Self::OverBudget { retry_after } => Some(*retry_after),
            Self::Federation(error) => error.retry_after(),
            Self::Core(error) => error.retry_after(),
            _ => None,
        }
    }
}
