//! What is logged: on the standard error, as Lambda's variables say.

use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The variables that say what is logged, as functions on Lambda read them; the first that is set counts.
const VARIABLES: [&str; 2] = ["AWS_LAMBDA_LOG_LEVEL", "RUST_LOG"];

/// Lambda's name for what is worse than an error.
const FATAL: &str = "fatal";

/// Logs from now on: what is worth knowing, unless a variable says otherwise.
pub(crate) fn start() {
    let asked =
        VARIABLES.into_iter().find_map(|name| Some((name, std::env::var(name).ok().filter(|it| !it.is_empty())?)));
    let filter = asked.as_ref().map_or_else(|| Some(usual()), |(_, value)| filter(value));
    let misunderstood = filter.is_none();
    tracing_subscriber::registry()
        .with(
            tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_target(false).log_internal_errors(false),
        )
        .with(filter.unwrap_or_else(usual))
        .init();
    if let Some((name, value)) = asked.filter(|_| misunderstood) {
        tracing::warn!("{name} is {value:?}, which is no filter: give a level, or as in info,hyper=debug");
    }
}

fn usual() -> Targets {
    Targets::new().with_default(LevelFilter::INFO)
}

/// A level, or levels by module with commas between.
fn filter(value: &str) -> Option<Targets> {
    if value.eq_ignore_ascii_case(FATAL) {
        Some(Targets::new().with_default(LevelFilter::ERROR))
    } else {
        value.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_is_a_level_or_levels_by_module() {
        for (value, level) in [
            ("debug", LevelFilter::DEBUG),
            ("WARN", LevelFilter::WARN),
            ("FATAL", LevelFilter::ERROR),
            ("off", LevelFilter::OFF),
            ("info,hyper=debug", LevelFilter::INFO),
        ] {
            assert_eq!(filter(value).unwrap().default_level(), Some(level), "{value}");
        }
        assert!(filter("info,hyper=debug").unwrap().would_enable("hyper", &tracing::Level::DEBUG));
        assert!(filter("hyper=loud").is_none());
    }
}
