//! Names that one client of a service has and no other.

use std::fmt;

/// A name that one client of a service has and no other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClaimKind {
    /// [`crate::client::OperatorSettings::alias`], or the identifier of a client that names itself: no alias is another's identifier.
    Alias,
    /// `software_id`, where the policy lets it be registered once.
    SoftwareId,
}

impl ClaimKind {
    /// Every kind.
    pub const ALL: [Self; 2] = [Self::Alias, Self::SoftwareId];

    /// The name under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Alias => "alias",
            Self::SoftwareId => "software_id",
        }
    }
}

impl fmt::Display for ClaimKind {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(self.as_str())
    }
}
