//! Is this machine's clock right? The table's answers have a date.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::UNIX_EPOCH;

use aws_sdk_dynamodb::config::interceptors::BeforeDeserializationInterceptorContextRef;
use aws_sdk_dynamodb::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_dynamodb::error::BoxError;
use shared::time::Clock;

use super::Finding;

const CHECK: &str = "clock";

/// Seconds by which clocks differ that nobody looks after.
const USUAL: u64 = 30;

/// Seconds beyond which AWS takes no signature.
const MOST: u64 = 300;

/// Keeps the date of the last answer.
#[derive(Debug, Clone, Default)]
pub(super) struct LastDate(Arc<Mutex<Option<u64>>>);

impl Intercept for LastDate {
    fn name(&self) -> &'static str {
        "LastDate"
    }

    fn read_before_deserialization(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let date = context.response().headers().get("date").and_then(|date| httpdate::parse_http_date(date).ok());
        let seconds = date.and_then(|date| date.duration_since(UNIX_EPOCH).ok()).map(|since| since.as_secs());
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = seconds;
        Ok(())
    }
}

impl LastDate {
    pub(super) fn finding(&self, clock: &Clock) -> Finding {
        let date = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        compared(clock.now(), date)
    }
}

fn compared(now: u64, date: Option<u64>) -> Finding {
    let Some(date) = date else { return Finding::warning(CHECK, "not looked at: the table's answer has no date") };
    let (apart, side) = (now.abs_diff(date), if now < date { "behind" } else { "ahead of" });
    let sentence = format!("this machine is {apart} seconds {side} the table: set its clock");
    if apart <= USUAL {
        Finding::ok(CHECK, "this machine and the table agree")
    } else if apart <= MOST {
        Finding::warning(CHECK, sentence)
    } else {
        Finding::fault(CHECK, sentence)
    }
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    #[test]
    fn a_clock_is_compared_with_the_tables() {
        const NOW: u64 = 1_790_000_000;
        for (date, status, part) in [
            (Some(NOW), Status::Ok, "agree"),
            (Some(NOW - 30), Status::Ok, "agree"),
            (Some(NOW + 31), Status::Warning, "31 seconds behind"),
            (Some(NOW - 300), Status::Warning, "300 seconds ahead of"),
            (Some(NOW - 301), Status::Fault, "301 seconds ahead of"),
            (Some(0), Status::Fault, "ahead of"),
            (None, Status::Warning, "no date"),
        ] {
            let finding = compared(NOW, date);
            assert_eq!(finding.status, status, "{date:?}");
            assert!(finding.sentence.contains(part), "{}", finding.sentence);
        }
    }
}
