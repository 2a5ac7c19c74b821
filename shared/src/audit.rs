//! What was changed, by whom, through which door: entries that the stream function makes of the changes of the table.

use serde::{Deserialize, Serialize};

/// One change of a client, a service or a token. It never has a value of what was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When, in seconds since 1970.
    pub at: u64,
    /// The service that it belongs to; none for an organization's token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service: Option<u64>,
    /// What was changed.
    #[serde(flatten)]
    pub subject: Subject,
    /// What happened to it.
    pub events: Vec<Happening>,
    /// The members that were changed, where some were: a policy's are `policy.…`, those that operators set `settings.…`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub members: Vec<String>,
    /// Who did it; nobody where something ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Through which front door.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub door: Option<String>,
    /// From where, as far as the policy lets it be kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    /// The gateway's request identifier.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_id: Option<String>,
    /// The number of the change in the stream, in 40 digits: later changes of one item have larger ones, and the same
    /// change that is told twice has the same.
    pub sequence: String,
}

/// What was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "subject", rename_all = "snake_case")]
pub enum Subject {
    /// A client.
    Client {
        /// Its identifier.
        client_id: String,
        /// Its number.
        numeric_id: u64,
        /// How it came to be registered.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<String>,
    },
    /// The service itself.
    Service,
    /// A token of an operator, or one to register with.
    Token {
        /// Its name: the digest, which says nothing of the token.
        token: String,
        /// What it is for.
        kind: String,
        /// The organization that it works for, if for one.
        #[serde(skip_serializing_if = "Option::is_none")]
        organization: Option<String>,
    },
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Happening {
    /// A client was registered, or created by an operator.
    Registered,
    /// A service or a token was made.
    Created,
    /// Members were changed.
    Updated,
    /// An operator has locked a client.
    Locked,
    /// … or unlocked it.
    Unlocked,
    /// A client waits for approval.
    Held,
    /// An operator has approved it, or its names.
    Approved,
    /// It stays though nobody uses it.
    Retained,
    /// … or no longer so.
    Released,
    /// A client's secret was replaced, made or taken away.
    SecretReplaced,
    /// The token that manages a client was replaced.
    RegistrationTokenReplaced,
    /// All tokens of a client were ended.
    TokensEnded,
    /// What one user has let a client have was ended: the members say whether `authorizations`, `scopes` or both.
    GrantsEnded,
    /// It was deleted, or revoked.
    Deleted,
    /// A deleted client or service was brought back.
    Restored,
    /// It ended by itself.
    Ended,
}

impl Happening {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Locked => "locked",
            Self::Unlocked => "unlocked",
            Self::Held => "held",
            Self::Approved => "approved",
            Self::Retained => "retained",
            Self::Released => "released",
            Self::SecretReplaced => "secret_replaced",
            Self::RegistrationTokenReplaced => "registration_token_replaced",
            Self::TokensEnded => "tokens_ended",
            Self::GrantsEnded => "grants_ended",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Ended => "ended",
        }
    }
}
