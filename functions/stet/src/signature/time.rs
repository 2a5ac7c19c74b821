//! When a signature is valid (§2.1.4, §2.1.5, Appendix B).

use std::time::UNIX_EPOCH;

use super::{CREATED, SignatureFault, SignatureParameters, SignedRequest};

/// How far the time of a signature may be from the service's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeWindow {
    /// How far two clocks may be apart, in seconds. The draft's own rules are those with 0.
    pub clock_skew: u64,
    /// How old `created`, and `Date` where it is signed, may be in seconds, the skew not counted.
    pub maximum_age: u64,
}

impl TimeWindow {
    /// Checks `created` and `expires` whether or not they are signed, and `Date` where it is signed. `now` is
    /// in seconds since 1970-01-01T00:00:00Z.
    ///
    /// # Errors
    /// [`SignatureFault::Future`], [`SignatureFault::Stale`], [`SignatureFault::Expired`],
    /// [`SignatureFault::DateMalformed`] or [`SignatureFault::Absent`].
    pub fn check(
        &self,
        covered: &[&str],
        parameters: &SignatureParameters,
        request: &SignedRequest<'_>,
        now: u64,
    ) -> Result<(), SignatureFault> {
        if let Some(created) = parameters.created() {
            self.check_start(CREATED, created, now)?;
        }
        if let Some(expires) = parameters.expires()
            && expires.seconds().saturating_add(self.clock_skew) < now
        {
            return Err(SignatureFault::Expired);
        }
        if covered.contains(&"date") {
            let date = (request.header)("date").ok_or_else(|| SignatureFault::Absent("date".to_owned()))?;
            self.check_start("date", http_date(date)?, now)?;
        }
        Ok(())
    }

    fn check_start(&self, name: &'static str, start: u64, now: u64) -> Result<(), SignatureFault> {
        if start > now.saturating_add(self.clock_skew) {
            return Err(SignatureFault::Future(name));
        }
        if start.saturating_add(self.maximum_age).saturating_add(self.clock_skew) < now {
            return Err(SignatureFault::Stale(name));
        }
        Ok(())
    }
}

/// An HTTP-date in any of its three forms, in seconds since 1970-01-01T00:00:00Z: "a recipient that parses a timestamp
/// value in an HTTP field MUST accept all three" (RFC 9110 §5.6.7).
fn http_date(text: &str) -> Result<u64, SignatureFault> {
    let time = httpdate::parse_http_date(text.trim_matches([' ', '\t'])).map_err(|_| SignatureFault::DateMalformed)?;
    time.duration_since(UNIX_EPOCH).map(|since| since.as_secs()).map_err(|_| SignatureFault::DateMalformed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use SignatureFault as Fault;

    /// Sun, 05 Jan 2014 21:31:40 GMT.
    const NOW: u64 = 1_388_957_500;
    const WINDOW: TimeWindow = TimeWindow { clock_skew: 10, maximum_age: 300 };

    fn checked(rest: &str, covered: &[&str], date: Option<&str>) -> Result<(), Fault> {
        let parameters = SignatureParameters::parse(&format!(r#"keyId="k",signature="AAAA",{rest}"#)).unwrap();
        let header = |name: &str| date.filter(|_| name == "date");
        let request = SignedRequest { method: "GET", targets: &[], header: &header, body: b"" };
        WINDOW.check(covered, &parameters, &request, NOW)
    }

    #[test]
    fn s2_1_4_created_is_not_in_the_future_and_not_too_old() {
        for (created, expected) in [
            (NOW, Ok(())),
            (NOW + 10, Ok(())),
            (NOW + 11, Err(Fault::Future(CREATED))),
            (9_999_999_999_999_999_999, Err(Fault::Future(CREATED))),
            (NOW - 310, Ok(())),
            (NOW - 311, Err(Fault::Stale(CREATED))),
            (0, Err(Fault::Stale(CREATED))),
        ] {
            assert_eq!(checked(&format!("created={created}"), &[], None), expected, "{created}");
        }
    }

    #[test]
    fn s2_1_5_expires_is_not_in_the_past() {
        for (expires, expected) in [
            (format!("{NOW}"), Ok(())),
            (format!("{}", NOW - 10), Ok(())),
            (format!("{}.9", NOW - 11), Err(Fault::Expired)),
            (format!("{}.0", NOW - 10), Ok(())),
            ("0".to_owned(), Err(Fault::Expired)),
            ("9999999999999999999.5".to_owned(), Ok(())),
        ] {
            assert_eq!(checked(&format!("expires={expires}"), &[], None), expected, "{expires}");
        }
    }

    #[test]
    fn rfc_9110_5_6_7_a_signed_date_has_one_of_three_forms_and_is_in_the_window() {
        for (date, expected) in [
            ("Sun, 05 Jan 2014 21:31:40 GMT", Ok(())),
            (" Sun, 05 Jan 2014 21:31:40 GMT ", Ok(())),
            ("Sun, 05 Jan 2014 21:31:50 GMT", Ok(())),
            ("Sun, 05 Jan 2014 21:31:51 GMT", Err(Fault::Future("date"))),
            ("Sun, 05 Jan 2014 21:26:30 GMT", Ok(())),
            ("Sun, 05 Jan 2014 21:26:29 GMT", Err(Fault::Stale("date"))),
            ("Mon, 05 Jan 2014 21:31:40 GMT", Err(Fault::DateMalformed)),
            ("Sun, 5 Jan 2014 21:31:40 GMT", Err(Fault::DateMalformed)),
            ("Sun, 05 Jan 2014 21:31:40 +0000", Err(Fault::DateMalformed)),
            ("Sunday, 05-Jan-14 21:31:40 GMT", Ok(())),
            ("Sunday, 05-Jan-14 21:26:29 GMT", Err(Fault::Stale("date"))),
            ("Sunday, 05-Jan-94 21:31:40 GMT", Err(Fault::DateMalformed)),
            ("Monday, 05-Jan-14 21:31:40 GMT", Err(Fault::DateMalformed)),
            ("Sun, 05-Jan-14 21:31:40 GMT", Err(Fault::DateMalformed)),
            ("Sun Jan  5 21:31:40 2014", Ok(())),
            ("Sun Jan  5 21:31:51 2014", Err(Fault::Future("date"))),
            ("Mon Jan  5 21:31:40 2014", Err(Fault::DateMalformed)),
            ("Sun Jan 5 21:31:40 2014", Err(Fault::DateMalformed)),
            ("Fri, 30 Feb 2014 21:31:40 GMT", Err(Fault::DateMalformed)),
            ("2014-01-05T21:31:40Z", Err(Fault::DateMalformed)),
            ("", Err(Fault::DateMalformed)),
        ] {
            assert_eq!(checked("", &["date"], Some(date)), expected, "{date}");
        }
        assert_eq!(checked("", &["date"], None), Err(Fault::Absent("date".to_owned())));
        assert_eq!(checked("", &["host"], Some("an unsigned date is not read")), Ok(()));
    }

    proptest::proptest! {
        #[test]
        fn any_date_is_answered(date in ".{0,40}") {
            proptest::prop_assert!(checked("", &["date"], Some(&date)).is_err());
        }

        #[test]
        fn any_date_like_text_is_answered(
            day in 0..40u8, month in "Jan|Feb|Dec|Abc", year in 0..10_000u16, hour in 0..30u8, weekday in "Mon|Sun|Xyz",
        ) {
            for date in [
                format!("{weekday}, {day:02} {month} {year:04} {hour:02}:59:60 GMT"),
                format!("{weekday}day, {day:02}-{month}-{:02} {hour:02}:59:60 GMT", year % 100),
                format!("{weekday} {month} {day:2} {hour:02}:59:60 {year:04}"),
            ] {
                proptest::prop_assert!(checked("", &["date"], Some(&date)).is_err());
            }
        }
    }
}
