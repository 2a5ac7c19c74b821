//! What a service requires to be signed.

use super::{CREATED, REQUEST_TARGET, SignatureFault, SignedRequest};

/// The headers that must be signed, in lower case, with the special ones of §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequiredHeaders<'h> {
    /// In every request.
    pub always: &'h [&'h str],
    /// In a request with a body.
    pub with_body: &'h [&'h str],
    /// In a request that has them.
    pub if_present: &'h [&'h str],
}

impl RequiredHeaders<'static> {
    /// STET v1.4.1 §3.5: everything that tells what is asked, when and for whom.
    pub const STET: Self = Self {
        always: &[REQUEST_TARGET, "date", "x-request-id"],
        with_body: &["digest", "content-type", "content-length"],
        if_present: &[
            "psu-accept",
            "psu-accept-charset",
            "psu-accept-encoding",
            "psu-accept-language",
            "psu-date",
            "psu-device-id",
            "psu-geo-location",
            "psu-http-method",
            "psu-ip-address",
            "psu-ip-port",
            "psu-referer",
            "psu-user-agent",
        ],
    };

    /// What clients of French banks really sign.
    pub const LENIENT: Self =
        Self { always: &[REQUEST_TARGET, "x-request-id"], with_body: &["digest"], if_present: &[] };
}

impl RequiredHeaders<'_> {
    /// Checks what is signed. Whatever the service requires: without a signed time, `x-request-id` is what
    /// tells a request from its repetition, so it must be signed then.
    ///
    /// # Errors
    /// [`SignatureFault::Unsigned`] with the first name that is not signed.
    pub fn check(&self, covered: &[&str], request: &SignedRequest<'_>) -> Result<(), SignatureFault> {
        let with_body = if request.body.is_empty() { &[] } else { self.with_body };
        let present = self.if_present.iter().filter(|name| (request.header)(name).is_some());
        let untimed = !covered.contains(&"date") && !covered.contains(&CREATED);
        let once = untimed.then_some(&"x-request-id");
        let mut required = self.always.iter().chain(with_body).chain(present).chain(once);
        match required.find(|name| !covered.contains(name)) {
            Some(name) => Err(SignatureFault::Unsigned((*name).to_owned())),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: RequiredHeaders<'_> = RequiredHeaders { always: &[], with_body: &[], if_present: &[] };

    fn missing(required: &RequiredHeaders<'_>, covered: &str, body: &[u8]) -> Option<SignatureFault> {
        let header = |name: &str| (name == "psu-ip-address").then_some("192.0.2.1");
        let covered: Vec<&str> = covered.split(' ').collect();
        required.check(&covered, &SignedRequest { method: "POST", target: "/", header: &header, body }).err()
    }

    #[test]
    fn stet_3_5_each_required_header_left_out_alone() {
        let all = "(request-target) date x-request-id digest content-type content-length psu-ip-address";
        assert_eq!(missing(&RequiredHeaders::STET, all, b"{}"), None);
        for name in all.split(' ') {
            let others: Vec<&str> = all.split(' ').filter(|other| *other != name).collect();
            let fault = missing(&RequiredHeaders::STET, &others.join(" "), b"{}");
            assert_eq!(fault.map(|fault| fault.to_string()), Some(format!("Signature: {name} must be signed")));
        }
    }

    #[test]
    fn stet_3_5_a_request_without_a_body_signs_no_digest() {
        let covered = "psu-ip-address (request-target) x-request-id date";
        assert_eq!(missing(&RequiredHeaders::STET, covered, b""), None);
        assert_eq!(missing(&RequiredHeaders::LENIENT, "(request-target) x-request-id", b""), None);
    }

    #[test]
    fn lenient_takes_what_clients_really_sign() {
        assert_eq!(missing(&RequiredHeaders::LENIENT, "(request-target) digest x-request-id", b"{}"), None);
        for (covered, name) in [
            ("digest x-request-id", REQUEST_TARGET),
            ("(request-target) x-request-id", "digest"),
            ("(request-target) digest", "x-request-id"),
            ("(request-target) digest date", "x-request-id"),
        ] {
            assert_eq!(
                missing(&RequiredHeaders::LENIENT, covered, b"{}"),
                Some(SignatureFault::Unsigned(name.to_owned()))
            );
        }
    }

    #[test]
    fn without_a_signed_time_the_request_id_is_signed_whatever_is_required() {
        for (covered, fault) in [
            ("(request-target)", Some(SignatureFault::Unsigned("x-request-id".to_owned()))),
            ("(request-target) (expires)", Some(SignatureFault::Unsigned("x-request-id".to_owned()))),
            ("(request-target) psu-date", Some(SignatureFault::Unsigned("x-request-id".to_owned()))),
            ("x-request-id", None),
            ("date", None),
            ("(created)", None),
        ] {
            assert_eq!(missing(&NONE, covered, b"{}"), fault, "{covered}");
        }
    }
}
