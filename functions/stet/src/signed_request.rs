//! The digest and the signature of a request, and that it comes once.

use percent_encoding::{AsciiSet, CONTROLS, NON_ALPHANUMERIC, utf8_percent_encode};
use shared::http::Request;

use crate::certificate::QualifiedCertificate;
use crate::error::Error;
use crate::settings::{BASE_PATH, Settings, UnverifiedStatus};
use crate::signature::{
    CREATED, SignatureFault, SignatureParameters, SignaturePolicy, SignedRequest, TimeWindow, VerificationKey,
    VerifiedSignature, verify, verify_digest,
};
use crate::visit::Visit;

/// How long a signed request without a date is remembered, in seconds.
const UNDATED_SECONDS: u64 = 24 * 60 * 60;

/// What a path has encoded (RFC 3986 §3.3).
pub(crate) const PATH: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'[')
    .add(b'\\')
    .add(b']')
    .add(b'^')
    .add(b'`')
    .add(b'{')
    .add(b'|')
    .add(b'}');

/// What clients encode that leave nothing but the unreserved characters (RFC 3986 §2.3) and the slashes.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~').remove(b'/');

/// The challenge of a request that nothing has proven (RFC 9110 §11.6.1, draft-cavage-http-signatures-12 §3.1.1).
pub(crate) fn challenge(settings: &Settings, request: &Request) -> String {
    let header = |name: &str| request.header(name);
    let (method, body) = (request.method.as_str(), request.body.as_slice());
    let request = SignedRequest { method, targets: &[], header: &header, body };
    let asked = settings.with_required(|required| required.asked(&request).join(" "));
    format!("Signature realm=\"stet\",headers=\"{asked}\"")
}

impl Visit<'_> {
    /// Compares the body with the `Digest` header.
    pub(crate) fn check_digest(&self) -> Result<(), Error> {
        Ok(verify_digest(self.request.header("digest"), &self.request.body)?)
    }

    /// The parameters of the `Signature` header.
    pub(crate) fn signature(&self) -> Result<SignatureParameters, Error> {
        let header = self.request.header("signature").ok_or(Error::NoSignature)?;
        SignatureParameters::parse(header).map_err(|fault| self.refused(fault))
    }

    /// Verifies the signature.
    pub(crate) fn verified(
        &self,
        parameters: &SignatureParameters,
        certificate: &QualifiedCertificate,
    ) -> Result<VerifiedSignature, Error> {
        self.verify(parameters, certificate).map_err(|fault| self.refused(fault))
    }

    /// That a request which is signed so was not received before.
    pub(crate) async fn check_first(
        &self,
        parameters: &SignatureParameters,
        verified: &VerifiedSignature,
    ) -> Result<(), Error> {
        let Settings { default_headers, clock_skew, maximum_age, .. } = self.settings;
        let covered = parameters.covered(default_headers);
        let dated = covered.contains(&"date") || covered.contains(&CREATED);
        let remembered = if dated { clock_skew.saturating_mul(2).saturating_add(maximum_age) } else { UNDATED_SECONDS };
        let end = self.app.clock.now().saturating_add(remembered).saturating_add(1);
        let (service, replay_key) = (self.service.id, verified.replay_key());
        let first = self.app.store.first_seen(service, self.client_id(), &replay_key, end).await?;
        if first { Ok(()) } else { Err(Error::Replayed) }
    }

    fn verify(
        &self,
        parameters: &SignatureParameters,
        certificate: &QualifiedCertificate,
    ) -> Result<VerifiedSignature, SignatureFault> {
        let Settings { default_headers, clock_skew, maximum_age, .. } = self.settings;
        let request = SignedRequest {
            method: self.request.method.as_str(),
            targets: &self.signed_targets(),
            header: &|name| self.request.header(name),
            body: &self.request.body,
        };
        let key = VerificationKey::from_spki(certificate.spki())?;
        let window = TimeWindow { clock_skew, maximum_age };
        self.settings.with_required(|required| {
            let policy = SignaturePolicy { default_headers, required, window };
            verify(&request, parameters, &key, &policy, self.app.clock.now())
        })
    }

    /// Path and query as a client may have signed them: the path as the gateway has decoded it, or encoded as clients
    /// send it.
    fn signed_targets(&self) -> Vec<String> {
        let (path, target) = (self.request.path(), self.request.target());
        let query = target.strip_prefix(path).unwrap_or_default();
        let (base, below) = match path.strip_prefix(BASE_PATH) {
            Some(below) => (self.settings.signed_base_path.as_str(), below),
            None => ("", path),
        };
        let encoded = |set| utf8_percent_encode(below, set).to_string();
        [below.to_owned(), encoded(PATH), encoded(RESERVED)].map(|below| format!("{base}{below}{query}")).to_vec()
    }

    fn refused(&self, fault: SignatureFault) -> Error {
        Error::Signature(fault, self.settings.unverified_signature == UnverifiedStatus::BadRequest)
    }
}
