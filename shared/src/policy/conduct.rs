//! What a service does about what may be meant to deceive.

use serde::{Deserialize, Deserializer, Serialize};

/// What is done about a trait of a client that may be meant to deceive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Conduct {
    /// It is nothing.
    #[default]
    Allow,
    /// The client is registered, and whoever looks it up is told.
    Flag,
    /// The registration is refused.
    Refuse,
}

impl Conduct {
    /// Reads a conduct, or what was a switch before: `true` is `refuse`, `false` is `allow`.
    pub(super) fn or_switch<'de, D: Deserializer<'de>>(value: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Switch(bool),
            Conduct(Conduct),
        }
        Ok(match Written::deserialize(value)? {
            Written::Switch(true) => Self::Refuse,
            Written::Switch(false) => Self::Allow,
            Written::Conduct(conduct) => conduct,
        })
    }
}

/// What whoever shows a client to people should know of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flag {
    /// A name has in it a name that the service reserves.
    ReservedName,
    /// A name has in it what looks like one.
    LookAlikeName,
    /// A name has characters that nobody sees, though they change what is seen.
    HiddenCharacters,
    /// A page or the logo is of another site than an `https` redirect.
    ForeignPages,
    /// A redirect leads into a private network.
    PrivateRedirect,
}

impl Flag {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ReservedName => "reserved_name",
            Self::LookAlikeName => "look_alike_name",
            Self::HiddenCharacters => "hidden_characters",
            Self::ForeignPages => "foreign_pages",
            Self::PrivateRedirect => "private_redirect",
        }
    }
}
