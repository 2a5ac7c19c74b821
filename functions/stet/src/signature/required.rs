//! What a service requires to be signed.

use serde::Deserialize;

use super::{CREATED, REQUEST_TARGET, SignatureFault, SignedRequest};

const REQUEST_ID: &str = "x-request-id";
const DIGEST: &str = "digest";

/// The headers that must be signed, in lower case, with the special ones of §2.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RequiredHeaders<'h> {
    /// In every request.
    pub always: &'h [&'h str],
    /// In a request with a body.
    pub with_body: &'h [&'h str],
    /// In a request that has them.
    pub if_present: &'h [&'h str],
    /// What becomes of a request whose body is not signed by its digest, whatever else must be signed.
    pub unsigned_body: UnsignedBody,
}

impl RequiredHeaders<'_> {
    /// Whether a header is one of them.
    pub(super) fn names(&self, header: &str) -> bool {
        [self.always, self.with_body, self.if_present].into_iter().any(|headers| headers.contains(&header))
    }
}

/// What becomes of a request whose body is not signed by its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum UnsignedBody {
    /// It is refused.
    #[default]
    Refused,
    /// It is accepted, though whoever is between client and service may have changed the body.
    TamperingAccepted,
}

impl RequiredHeaders<'static> {
    /// STET v1.4.1 §3.5: everything that tells what is asked, when and for whom.
    pub const STET: Self = Self {
        always: &[REQUEST_TARGET, "date", REQUEST_ID],
        with_body: &[DIGEST, "content-type", "content-length"],
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
        unsigned_body: UnsignedBody::Refused,
    };

    /// What clients of French banks really sign.
    pub const LENIENT: Self = Self {
        always: &[REQUEST_TARGET, REQUEST_ID],
        with_body: &[DIGEST],
        if_present: &[],
        unsigned_body: UnsignedBody::Refused,
    };
}

impl<'h> RequiredHeaders<'h> {
    /// Checks what is signed. Whatever the service lists: without a signed time, `x-request-id` is what tells a request
    /// from its repetition, so it must be signed then; and without a signed digest the body could be another.
    ///
    /// # Errors
    /// [`SignatureFault::Unsigned`] with the first name that is not signed.
    pub fn check(&self, covered: &[&str], request: &SignedRequest<'_>) -> Result<(), SignatureFault> {
        match self.of(covered, request).into_iter().find(|name| !covered.contains(name)) {
            Some(name) => Err(SignatureFault::Unsigned(name.to_owned())),
            None => Ok(()),
        }
    }

    /// What a client has to sign of a request, for its challenge.
    #[must_use]
    pub fn asked(&self, request: &SignedRequest<'_>) -> Vec<&'h str> {
        let listed = self.of(&[], request);
        self.of(&listed, request)
    }

    /// What must be signed of a request if that is signed already: each name once.
    fn of(&self, covered: &[&str], request: &SignedRequest<'_>) -> Vec<&'h str> {
        let has_body = !request.body.is_empty();
        let with_body = if has_body { self.with_body } else { &[] };
        let present = self.if_present.iter().copied().filter(|name| (request.header)(name).is_some());
        let listed = self.always.iter().chain(with_body).copied().chain(present);
        let timed = covered.contains(&"date") || covered.contains(&CREATED);
        let whole = has_body && self.unsigned_body == UnsignedBody::Refused;
        let mut names = Vec::new();
        for name in listed.chain(whole.then_some(DIGEST)).chain((!timed).then_some(REQUEST_ID)) {
            if !names.contains(&name) {
                names.push(name);
            }
        }
        names
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: RequiredHeaders<'_> = RequiredHeaders {
        always: &[],
        with_body: &[],
        if_present: &[],
        unsigned_body: UnsignedBody::TamperingAccepted,
    };

    fn missing(required: &RequiredHeaders<'_>, covered: &str, body: &[u8]) -> Option<SignatureFault> {
        let header = |name: &str| (name == "psu-ip-address").then_some("192.0.2.1");
        let covered: Vec<&str> = covered.split(' ').collect();
        required.check(&covered, &SignedRequest { method: "POST", targets: &[], header: &header, body }).err()
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

    #[test]
    fn a_body_whose_digest_is_not_signed_is_refused_unless_the_risk_is_named() {
        let listed =
            RequiredHeaders { always: &[REQUEST_TARGET, "date"], unsigned_body: UnsignedBody::Refused, ..NONE };
        let unsigned = Some(SignatureFault::Unsigned("digest".to_owned()));
        assert_eq!(missing(&listed, "(request-target) date", b"{}"), unsigned);
        assert_eq!(missing(&listed, "(request-target) date digest", b"{}"), None);
        assert_eq!(missing(&listed, "(request-target) date", b""), None);
        let at_risk = RequiredHeaders { unsigned_body: UnsignedBody::TamperingAccepted, ..listed };
        assert_eq!(missing(&at_risk, "(request-target) date", b"{}"), None);
    }

    #[test]
    fn what_is_asked_for_is_enough() {
        let header = |name: &str| (name == "psu-ip-address").then_some("192.0.2.1");
        let dated = RequiredHeaders { always: &["(created)"], unsigned_body: UnsignedBody::Refused, ..NONE };
        for (required, body, asked) in [
            (
                RequiredHeaders::STET,
                &b"{}"[..],
                "(request-target) date x-request-id digest content-type content-length psu-ip-address",
            ),
            (RequiredHeaders::LENIENT, b"{}", "(request-target) x-request-id digest"),
            (RequiredHeaders::LENIENT, b"", "(request-target) x-request-id"),
            (dated, b"{}", "(created) digest"),
            (NONE, b"{}", "x-request-id"),
        ] {
            let request = SignedRequest { method: "POST", targets: &[], header: &header, body };
            assert_eq!(required.asked(&request).join(" "), asked);
            assert_eq!(missing(&required, asked, body), None);
        }
    }
}
