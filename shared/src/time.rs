//! The one source of time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

/// A day, in seconds.
pub const DAY: u64 = 24 * 60 * 60;

/// Tells the time: the system's, or one that a test sets.
#[derive(Clone, Debug)]
pub struct Clock(Source);

#[derive(Clone, Debug)]
enum Source {
    System,
    Fixed(Arc<AtomicU64>),
}

impl Clock {
    /// The system's clock.
    #[must_use]
    pub fn system() -> Self {
        Self(Source::System)
    }

    /// A clock that stands at `seconds` since 1970 until [`advance`](Self::advance) moves it, for tests.
    #[must_use]
    pub fn fixed(seconds: u64) -> Self {
        Self(Source::Fixed(Arc::new(AtomicU64::new(seconds.saturating_mul(1000)))))
    }

    /// Moves a fixed clock forward; the system's clock moves by itself.
    pub fn advance(&self, seconds: u64) {
        if let Source::Fixed(millis) = &self.0 {
            millis.fetch_add(seconds.saturating_mul(1000), Ordering::SeqCst);
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn now(&self) -> u64 {
        self.now_millis() / 1000
    }

    /// The time as RFC 3339 writes it, in UTC.
    #[must_use]
    pub fn now_text(&self) -> String {
        let millis = i64::try_from(self.now_millis()).unwrap_or_default();
        DateTime::from_millis(millis).fmt(DateTimeFormat::DateTime).unwrap_or_default()
    }

    /// The day, `yyyy-mm-dd` in UTC.
    #[must_use]
    pub fn today(&self) -> String {
        self.now_text().chars().take(10).collect()
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn now_millis(&self) -> u64 {
        match &self.0 {
            Source::System => system_millis(),
            Source::Fixed(millis) => millis.load(Ordering::SeqCst),
        }
    }
}

/// The day of a time in seconds since 1970, `yyyy-mm-dd` in UTC.
#[must_use]
pub fn day_of(seconds: u64) -> String {
    text_of(seconds).chars().take(10).collect()
}

/// The hour of a time in seconds since 1970, `yyyy-mm-ddThh` in UTC.
#[must_use]
pub fn hour_of(seconds: u64) -> String {
    text_of(seconds).chars().take(13).collect()
}

fn text_of(seconds: u64) -> String {
    let time = DateTime::from_secs(i64::try_from(seconds).unwrap_or_default());
    time.fmt(DateTimeFormat::DateTime).unwrap_or_default()
}

/// When a day is over, `yyyy-mm-dd` in UTC, in seconds since 1970.
#[must_use]
pub fn end_of_day(day: &str) -> Option<u64> {
    let start = DateTime::from_str(&format!("{day}T00:00:00Z"), DateTimeFormat::DateTime).ok()?;
    u64::try_from(start.secs()).ok()?.checked_add(DAY)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the system's clock")]
fn system_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
