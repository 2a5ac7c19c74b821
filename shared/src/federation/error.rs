//! What is refused, with the codes and statuses of §8.9.

use serde_json::{Map, Value};

use super::discovery::{AGAIN, AbsenceKind, Unresolved};
use super::entity_id::EntityId;
use super::provider::NotSetUp;
use super::statement::StatementFault;
use super::trust_chain::ChainFault;
use crate::http::error_members;
use crate::registry::Reason;

/// How long a reason may be in the log, in characters.
const MAX_REASON: usize = 500;

/// Why nobody is registered, or nothing is published.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The service takes part in no federation.
    #[error("this service takes part in no federation")]
    NotEnabled,
    /// The service takes part, but does not offer this kind of registration.
    #[error("this service does not offer {0} registration")]
    NotOffered(&'static str),
    /// The operator has not set everything up.
    #[error("this service is not set up for federation: {0}")]
    NotSetUp(#[from] NotSetUp),
    /// The request is of another media type.
    #[error("the content type must be application/entity-statement+jwt or application/trust-chain+json")]
    ContentType,
    /// The request has no text, or two.
    #[error("the request must be an entity configuration or a trust chain")]
    NeitherOrBoth,
    /// The request is larger than is read.
    #[error("the request has more than {limit} bytes")]
    TooLarge {
        /// How many are read.
        limit: usize,
    },
    /// The statement that asks for the registration.
    #[error("the entity configuration: {0}")]
    Request(#[from] StatementFault),
    /// It was made too long ago: it may have been captured.
    #[error("the entity configuration: its iat is more than {0} seconds ago")]
    Old(u64),
    /// A header parameter is no list of statements, or stands alone.
    #[error("the header parameter {parameter}: {reason}")]
    Header {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// The relying party has the name of this provider.
    #[error("that is the entity identifier of this provider")]
    ItsOwn,
    /// The chain that was sent.
    #[error("the trust chain: {0}")]
    Chain(#[from] ChainFault),
    /// The chain of this provider that was sent.
    #[error("the peer trust chain: {0}")]
    PeerChain(ChainFault),
    /// The two chains that were sent end at different trust anchors.
    #[error("the peer trust chain ends at {0}, and the trust chain does not")]
    PeerTrustAnchor(EntityId),
    /// No chain was found.
    #[error("no valid trust chain was found: {0}")]
    NoChain(#[from] Unresolved),
    /// What superiors leave of the metadata has no relying party.
    #[error("metadata has no openid_relying_party")]
    NoRelyingParty,
    /// The relying party does not register automatically.
    #[error("client_registration_types does not have automatic")]
    NotAutomatic,
    /// What the core found.
    #[error(transparent)]
    Core(#[from] crate::Error),
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        match error {
            Error::Core(error) => error.into(),
            _ if error.status() == 503 => Self::of_host(error.code(), &error.to_string()),
            _ => Self::new(error.status(), error.code(), &error.to_string()),
        }
    }
}

impl Error {
    /// The error code (§8.9, RFC 7591 §3.2.2).
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotEnabled | Self::NotOffered(_) => "not_found",
            Self::NotSetUp(_) => "server_error",
            Self::ContentType
            | Self::NeitherOrBoth
            | Self::TooLarge { .. }
            | Self::Request(_)
            | Self::Old(_)
            | Self::ItsOwn
            | Self::Header { .. } => "invalid_request",
            Self::Chain(fault) | Self::PeerChain(fault) | Self::NoChain(Unresolved::Chain(fault)) => of_chain(fault),
            Self::NoChain(Unresolved::NoTrustAnchor) => "invalid_trust_anchor",
            Self::NoChain(Unresolved::Absent { absence, .. }) => match absence.kind {
                AbsenceKind::Unavailable => "temporarily_unavailable",
                AbsenceKind::Invalid | AbsenceKind::NotFound => "invalid_trust_chain",
                AbsenceKind::Policy => "invalid_metadata",
            },
            Self::NoChain(Unresolved::TooLong) => "temporarily_unavailable",
            Self::NoChain(_) | Self::PeerTrustAnchor(_) => "invalid_trust_chain",
            Self::NoRelyingParty | Self::NotAutomatic => "invalid_metadata",
            Self::Core(error) => error.code(),
        }
    }

    /// The HTTP status.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::NotSetUp(_) => 500,
            Self::Core(error) => error.status(),
            _ => match self.code() {
                "not_found" | "invalid_trust_anchor" => 404,
                "temporarily_unavailable" => 503,
                _ => 400,
            },
        }
    }

    /// Whether that is no entity of any federation: nothing is where its configuration would be.
    #[must_use]
    pub fn says_no_entity(&self, entity: &EntityId) -> bool {
        matches!(self, Self::NoChain(Unresolved::Absent { url, absence })
            if absence.kind == AbsenceKind::NotFound && *url == entity.configuration_url())
    }

    /// What is wrong, for the log, and not longer than one reads.
    #[must_use]
    pub fn reason(&self) -> String {
        self.to_string().chars().take(MAX_REASON).collect()
    }

    /// Seconds after which it makes sense to try again: a superior that did not answer is asked again then.
    #[must_use]
    pub fn retry_after(&self) -> Option<u64> {
        match self {
            Self::Core(error) => error.retry_after(),
            Self::NoChain(fault) => fault.is_temporary().then_some(AGAIN),
            _ => None,
        }
    }

    /// The body of an error answer: both members are required (§8.9).
    #[must_use]
    pub fn to_members(&self) -> Map<String, Value> {
        error_members(self.code(), Some(&self.to_string()))
    }
}

fn of_chain(fault: &ChainFault) -> &'static str {
    match fault {
        ChainFault::TrustAnchor(_) => "invalid_trust_anchor",
        ChainFault::Policy(_) | ChainFault::Unreadable { fault: StatementFault::Policy(_), .. } => "invalid_metadata",
        ChainFault::Statement { .. }
        | ChainFault::Unreadable { .. }
        | ChainFault::NotAList
        | ChainFault::Length
        | ChainFault::TooLarge
        | ChainFault::Broken(_)
        | ChainFault::Loop(_)
        | ChainFault::NotHinted(_)
        | ChainFault::NotItsToVouchFor { .. }
        | ChainFault::Constraint { .. } => "invalid_trust_chain",
    }
}
