//! Chances by a seed.

use anyhow::{Result, anyhow};
use shared::entropy::Entropy;

/// Draws by a seed.
pub(super) struct Random(Entropy);

impl Random {
    /// The draws of one part of the run.
    pub(super) fn new(seed: u64, part: u64) -> Self {
        Self(Entropy::seeded(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15).wrapping_add(part)))
    }

    /// A number below that one.
    pub(super) fn below(&self, end: u64) -> Result<u64> {
        let bytes = self.0.bytes().map_err(|error| anyhow!("{error}"))?;
        Ok(u64::from_be_bytes(bytes) % end)
    }

    /// What happens so often of a thousand times.
    pub(super) fn chance(&self, of_a_thousand: u64) -> Result<bool> {
        Ok(self.below(1000)? < of_a_thousand)
    }
}
