//! The digest and the signature of a request, and that it comes once.

use crate::certificate::QualifiedCertificate;
use crate::door::Visit;
use crate::error::Error;
use crate::settings::{BASE_PATH, Settings, UnverifiedStatus};
use crate::signature::{
    CREATED, SignatureFault, SignatureParameters, SignaturePolicy, SignedRequest, TimeWindow, VerificationKey,
    VerifiedSignature, verify, verify_digest,
};

/// How long a signed request without a date is remembered, in seconds.
const UNDATED_SECONDS: u64 = 24 * 60 * 60;

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

    /// Verifies the signature, and that the request was not received before.
    pub(crate) async fn check_signature(
        &self,
        parameters: &SignatureParameters,
        certificate: &QualifiedCertificate,
    ) -> Result<(), Error> {
        let Settings { default_headers, clock_skew, maximum_age, .. } = self.settings;
        let now = self.app.clock.now();
        let verified = self.verified(parameters, certificate, now).map_err(|fault| self.refused(fault))?;
        let covered = parameters.covered(default_headers);
        let dated = covered.contains(&"date") || covered.contains(&CREATED);
        let remembered = if dated { clock_skew.saturating_mul(2).saturating_add(maximum_age) } else { UNDATED_SECONDS };
        let end = now.saturating_add(remembered).saturating_add(1);
        let (service, replay_key) = (self.service.id, verified.replay_key());
        let first = self.app.store.first_seen(service, self.organization(), &replay_key, end).await?;
        if first { Ok(()) } else { Err(Error::Replayed) }
    }

    fn verified(
        &self,
        parameters: &SignatureParameters,
        certificate: &QualifiedCertificate,
        now: u64,
    ) -> Result<VerifiedSignature, SignatureFault> {
        let Settings { default_headers, clock_skew, maximum_age, .. } = self.settings;
        let request = SignedRequest {
            method: self.request.method.as_str(),
            target: &self.signed_target(),
            header: &|name| self.request.header(name),
            body: &self.request.body,
        };
        let key = VerificationKey::from_spki(certificate.spki())?;
        self.settings.required_headers.with(|required| {
            let window = TimeWindow { clock_skew, maximum_age };
            verify(&request, parameters, &key, &SignaturePolicy { default_headers, required, window }, now)
        })
    }

    /// Path and query as the client signs them.
    fn signed_target(&self) -> String {
        let target = self.request.target();
        match target.strip_prefix(BASE_PATH) {
            Some(rest) => format!("{}{rest}", self.settings.signed_base_path),
            None => target,
        }
    }

    fn refused(&self, fault: SignatureFault) -> Error {
        Error::Signature(fault, self.settings.unverified_signature == UnverifiedStatus::BadRequest)
    }
}
