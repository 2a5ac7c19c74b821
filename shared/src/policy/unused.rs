//! When clients end that nobody uses: a registration endpoint leaves behind what was registered once and never came back.

use serde::{Deserialize, Serialize};

use crate::time::DAY;

/// When clients that have registered themselves end if nobody uses them. Operators' own and those that they retain do not;
/// neither do those whose registration has told them an end (Identity Center, federations), and those that are known by a
/// metadata document ([`super::MetadataDocuments::kept_used`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Unused {
    /// Seconds after the registration, for a client that was never used; absent is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub never: Option<u64>,
    /// Seconds after the last use; absent is never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub since: Option<u64>,
}

impl Unused {
    /// The usual lives: 30 days, and 180.
    pub(super) const USUAL: Self = Self { never: Some(30 * DAY), since: Some(180 * DAY) };

    /// When a client ends that was registered at that time, if it is never used; in seconds since 1970.
    #[must_use]
    pub fn end_of_new(&self, registered: u64) -> Option<u64> {
        self.never.map(|seconds| registered.saturating_add(seconds))
    }

    /// When a client ends that is used at that time, if it is not used again; in seconds since 1970. Within one day a use
    /// moves nothing, so that there is a day more.
    #[must_use]
    pub fn end_of_used(&self, used: u64) -> Option<u64> {
        self.since.map(|seconds| used.saturating_add(seconds).saturating_add(DAY))
    }
}
