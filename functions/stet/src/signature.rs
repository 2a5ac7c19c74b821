//! HTTP signatures as STET asks for them (draft-cavage-http-signatures-12): a strict verifier that knows
//! no HTTP framework, reads no clock and fetches no key.

mod digest;
mod fault;
mod key;
mod parameters;
mod required;
mod signing_string;
mod time;

#[cfg(test)]
mod tests;

use serde::Deserialize;

pub use digest::{DigestFault, verify_digest};
pub use fault::{FaultClass, SignatureFault};
pub use key::{KeyType, VerificationKey};
pub use parameters::{Algorithm, Expires, Parameter, SignatureParameters, is_signable};
pub use required::{RequiredHeaders, UnsignedBody};
pub use signing_string::signing_strings;
pub use time::TimeWindow;

/// Signs method, path and query (§2.3).
pub const REQUEST_TARGET: &str = "(request-target)";
/// Signs the parameter `created` (§2.3).
pub const CREATED: &str = "(created)";
/// Signs the parameter `expires` (§2.3).
pub const EXPIRES: &str = "(expires)";

/// A request as it came over the wire.
#[derive(Clone, Copy)]
pub struct SignedRequest<'r> {
    /// The method, in any case.
    pub method: &'r str,
    /// Path and query, in each way in which the client may have written them: gateways decode paths.
    pub targets: &'r [String],
    /// Finds a header by its lower-case name; repeated ones are joined by commas in their order.
    pub header: &'r dyn Fn(&str) -> Option<&'r str>,
    /// The raw body; empty where there is none.
    pub body: &'r [u8],
}

/// What is signed where the parameter `headers` is absent (§2.1.6).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultHeaders {
    /// `(created)`, as of draft 12.
    Created,
    /// `date`, as of draft 11 and older.
    Date,
}

/// What a service asks of a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignaturePolicy<'h> {
    /// What is signed where `headers` is absent.
    pub default_headers: DefaultHeaders,
    /// What must be signed.
    pub required: RequiredHeaders<'h>,
    /// How old a signature may be.
    pub window: TimeWindow,
}

/// A signature that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedSignature {
    signing_string: String,
}

impl VerifiedSignature {
    /// The SHA-256 of the signing string, to refuse the same request a second time.
    ///
    /// Not of the signature: anyone can turn an ECDSA signature (r, s) into (r, −s), which also holds.
    #[must_use]
    pub fn replay_key(&self) -> [u8; 32] {
        digest::sha256(self.signing_string.as_bytes())
    }
}

/// Verifies a signature, and the body where `digest` is signed (§2.5).
///
/// `now` is in seconds since 1970-01-01T00:00:00Z.
///
/// # Errors
/// The first [`SignatureFault`] of: what is signed, when, with which algorithm, the body, the signature.
pub fn verify(
    request: &SignedRequest<'_>,
    parameters: &SignatureParameters,
    key: &VerificationKey,
    policy: &SignaturePolicy<'_>,
    now: u64,
) -> Result<VerifiedSignature, SignatureFault> {
    let covered = parameters.covered(policy.default_headers);
    policy.required.check(&covered, request)?;
    policy.window.check(&covered, parameters, request, now)?;
    let algorithms = key.algorithms(parameters.algorithm())?;
    let signing_strings = signing_strings(request, parameters, policy.default_headers)?;
    if covered.contains(&"digest") {
        verify_digest((request.header)("digest"), request.body)?;
    }
    let verifies = |string: &String| key.verifies(&algorithms, string.as_bytes(), parameters.signature());
    let signing_string = signing_strings.into_iter().find(verifies).ok_or(SignatureFault::Mismatch)?;
    Ok(VerifiedSignature { signing_string })
}
