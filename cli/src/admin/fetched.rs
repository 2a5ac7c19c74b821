//! What is fetched from beside public hosts, and why something was not fetched, for people.

use std::error::Error;
use std::path::PathBuf;

use anyhow::{Context, Result};
use clap::Args;
use shared::fetch::FetchError;
use shared::fetch::FetchSettings;

/// What may be fetched from beside public hosts.
#[derive(Args)]
pub(super) struct Reach {
    /// A further certification authority of what is asked, PEM.
    #[arg(long, value_name = "FILE")]
    pub(super) extra_ca: Option<PathBuf>,
    /// A host and port that may be asked although it is not public, or on another port; may be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    pub(super) reachable: Vec<String>,
}

impl Reach {
    /// Whether nothing is added.
    pub(super) fn is_usual(&self) -> bool {
        self.extra_ca.is_none() && self.reachable.is_empty()
    }

    /// The same for the way out.
    pub(super) fn settings(self) -> Result<FetchSettings> {
        let read = |file: PathBuf| std::fs::read(&file).with_context(|| format!("cannot read {}", file.display()));
        Ok(FetchSettings { extra_ca: self.extra_ca.map(read).transpose()?, reachable: self.reachable })
    }
}

/// How the certificate of an authority is told that this machine does not know.
pub(super) const UNKNOWN_AUTHORITY: &str = "UnknownIssuer";

/// What is at a host and port, `pair`, and why it was not fetched, with what to do.
pub(super) fn fault(error: &FetchError, pair: &str) -> String {
    if matches!(error, FetchError::NotAllowed) {
        return format!("{pair} is not public: it is asked only with --reachable {pair}");
    }
    let innermost = innermost(error);
    if innermost.contains(UNKNOWN_AUTHORITY) {
        return format!("the certificate of {pair} is by an authority that is not known here: give it with --extra-ca");
    }
    innermost
}

/// What began it.
pub(super) fn innermost(error: &(dyn Error + 'static)) -> String {
    let mut innermost = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    innermost.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_fetched_is_told_with_what_to_do() {
        let unknown = FetchError::Failed("invalid peer certificate: UnknownIssuer".into());
        for (error, part) in [
            (FetchError::NotAllowed, "localhost:9443 is not public: it is asked only with --reachable localhost:9443"),
            (
                unknown,
                "the certificate of localhost:9443 is by an authority that is not known here: give it with --extra-ca",
            ),
            (FetchError::Failed("connection refused".into()), "connection refused"),
            (FetchError::Status(404), "the answer was 404"),
        ] {
            assert_eq!(fault(&error, "localhost:9443"), part);
        }
    }
}
