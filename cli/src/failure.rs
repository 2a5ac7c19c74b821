//! How a command fails: one sentence, and an exit code by its kind.

use std::fmt::{self, Display, Formatter};

use serde_json::json;
use shared::Error;

use crate::print;

/// Why a command did not do what it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A fault of the program, of the machine or of the server that is asked, or one that a check found.
    Fault,
    /// The command line is not understood.
    Usage,
    /// What it names is not there.
    NotFound,
    /// What it asks for, or what a file holds, is refused.
    Refused,
    /// AWS was not asked, or it or the operators' API does not know who asks, or does not permit it.
    Credentials,
    /// Others have the name, what it names does not stand so, or others changed the same at the same time.
    Conflict,
    /// AWS or somebody else does not answer.
    Unavailable,
}

impl Kind {
    /// All of them, by exit code.
    pub const ALL: [Self; 7] =
        [Self::Fault, Self::Usage, Self::NotFound, Self::Refused, Self::Credentials, Self::Conflict, Self::Unavailable];

    /// The exit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Fault => 1,
            Self::Usage => 2,
            Self::NotFound => 3,
            Self::Refused => 4,
            Self::Credentials => 5,
            Self::Conflict => 6,
            Self::Unavailable => 7,
        }
    }

    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Fault => "fault",
            Self::Usage => "usage",
            Self::NotFound => "not_found",
            Self::Refused => "refused",
            Self::Credentials => "credentials",
            Self::Conflict => "conflict",
            Self::Unavailable => "unavailable",
        }
    }

    /// What it means, for people.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Fault => "a fault of the program, the machine or the server, or one that doctor found",
            Self::Usage => "the command line is not understood",
            Self::NotFound => "what it names is not there",
            Self::Refused => "what it asks for, or what a file holds, is refused",
            Self::Credentials => "credentials, a key, a token or a region are missing, not valid, or do not permit it",
            Self::Conflict => {
                "the name is taken, it does not stand so that this could be done, or others changed the same"
            }
            Self::Unavailable => "the table, KMS or another server does not answer",
        }
    }
}

/// A sentence for whoever typed the command, with its kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// Its kind.
    pub kind: Kind,
    /// The sentence.
    pub sentence: String,
}

impl Display for Failure {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.sentence)
    }
}

impl std::error::Error for Failure {}

impl Failure {
    /// Of that kind.
    #[must_use]
    pub fn new(kind: Kind, sentence: impl Into<String>) -> Self {
        Self { kind, sentence: sentence.into() }
    }

    /// What is named is not there.
    #[must_use]
    pub fn not_found(sentence: impl Into<String>) -> Self {
        Self::new(Kind::NotFound, sentence)
    }

    /// There is no such client.
    #[must_use]
    pub fn no_client(identifier: &str) -> Self {
        Self::not_found(format!("there is no client {identifier}"))
    }

    /// Whether an error says that there is no such client.
    #[must_use]
    pub fn is_no_client(error: &anyhow::Error, identifier: &str) -> bool {
        error.downcast_ref() == Some(&Self::no_client(identifier))
    }

    /// The command line is not understood.
    #[must_use]
    pub fn usage(sentence: impl Into<String>) -> Self {
        Self::new(Kind::Usage, sentence)
    }

    /// Whatever ended a command; what says nothing of its kind is of kind `other`.
    #[must_use]
    pub fn of(error: &anyhow::Error, other: Kind) -> Self {
        let kind = error.chain().find_map(|cause| {
            let own = cause.downcast_ref::<Self>().map(|failure| failure.kind);
            own.or_else(|| cause.downcast_ref::<Error>().map(of_core))
        });
        let sentence = format!("{error:#}");
        Self::new(kind.unwrap_or(other), sentence.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Says it on the standard error, as JSON if asked for: `error`, its kind's name, and `error_description`, the
    /// sentence.
    pub fn report(&self, json: bool) {
        if json {
            let error = json!({ "error": self.kind.name(), "error_description": self.sentence });
            print::complain(&print::json(&error).unwrap_or_else(|_| error.to_string()));
        } else {
            print::complain(&format!("error: {}", print::visible(&self.sentence)));
        }
    }
}

/// The kind of an error of the core.
pub(crate) fn of_core(error: &Error) -> Kind {
    match error {
        Error::UnknownClient | Error::UnknownService => Kind::NotFound,
        Error::Claimed(_) | Error::AlreadyRegistered | Error::NotLater | Error::Contention => Kind::Conflict,
        Error::Unreachable { .. } | Error::Unavailable(_) => Kind::Unavailable,
        Error::Internal(_) => Kind::Fault,
        Error::MissingToken
        | Error::InvalidToken
        | Error::SpentToken(_)
        | Error::ClientEnded
        | Error::InsufficientScope(_) => Kind::Credentials,
        Error::InvalidRedirectUri(_)
        | Error::InvalidClientMetadata(_)
        | Error::InvalidSoftwareStatement(_)
        | Error::UnapprovedSoftwareStatement
        | Error::RegistrationClosed
        | Error::TooManyClients(_)
        | Error::OtherTrustAnchor
        | Error::ClientLocked
        | Error::InvalidCursor
        | Error::MethodNotAllowed => Kind::Refused,
    }
}

/// An error of the core, for people: with its cause.
pub(crate) fn described(error: Error) -> anyhow::Error {
    anyhow::Error::new(error)
}

#[cfg(test)]
mod tests {
    use anyhow::{Context, anyhow};

    use super::*;

    #[test]
    fn codes_are_what_scripts_rely_on() {
        let codes: Vec<(u8, &str)> = Kind::ALL.iter().map(|kind| (kind.code(), kind.name())).collect();
        let known = [
            (1, "fault"),
            (2, "usage"),
            (3, "not_found"),
            (4, "refused"),
            (5, "credentials"),
            (6, "conflict"),
            (7, "unavailable"),
        ];
        assert_eq!(codes, known);
        let documented = include_str!("../../docs/command-line.md");
        for kind in Kind::ALL {
            let row = format!("| {} | `{}` | {} |", kind.code(), kind.name(), kind.meaning());
            assert!(documented.contains(&row), "{row}");
        }
    }

    #[test]
    fn an_error_keeps_its_kind_in_whatever_context() {
        for (error, kind, sentence) in [
            (Failure::not_found("there is no client x").into(), Kind::NotFound, "there is no client x"),
            (described(Error::Contention).context("twice"), Kind::Conflict, "twice: the client is being changed"),
            (described(Error::UnknownService), Kind::NotFound, "there is no such service"),
            (described(Error::internal("why")), Kind::Fault, "the registry failed: why"),
            (anyhow!("no policy"), Kind::Refused, "no policy"),
        ] {
            let failure = Failure::of(&error, Kind::Refused);
            assert_eq!(failure.kind, kind, "{sentence}");
            assert!(failure.sentence.starts_with(sentence), "{}", failure.sentence);
        }
        let read = std::fs::read("/nowhere/at/all").context("cannot read it").unwrap_err();
        assert_eq!(Failure::of(&read, Kind::Fault).kind, Kind::Fault);
    }
}
