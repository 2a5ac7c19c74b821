//! The one source of randomness for identifiers, secrets and tokens.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aws_lc_rs::digest::{SHA256, digest};

use crate::error::Error;

/// Random bytes: from the operating system, or reproducible ones for tests.
#[derive(Clone, Debug)]
pub struct Entropy(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Seeded { seed: u64, drawn: Arc<AtomicU64> },
}

impl Entropy {
    /// The operating system's generator.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// The same sequence for the same seed: for tests and recorded events, never for a deployment.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Source::Seeded { seed, drawn: Arc::default() })
    }

    /// `N` random bytes.
    ///
    /// # Errors
    /// [`Error::Internal`] if the operating system has no randomness to give.
    pub fn bytes<const N: usize>(&self) -> Result<[u8; N], Error> {
        let mut bytes = [0; N];
        match &self.0 {
            Source::System => system(&mut bytes)?,
            Source::Seeded { seed, drawn } => {
                for chunk in bytes.chunks_mut(32) {
                    let block = [seed.to_be_bytes(), drawn.fetch_add(1, Ordering::SeqCst).to_be_bytes()];
                    for (byte, random) in chunk.iter_mut().zip(digest(&SHA256, block.as_flattened()).as_ref()) {
                        *byte = *random;
                    }
                }
            }
        }
        Ok(bytes)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that draws from the system's generator")]
fn system(bytes: &mut [u8]) -> Result<(), Error> {
    getrandom::fill(bytes).map_err(Error::internal)
}
