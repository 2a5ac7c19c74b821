//! Why a signature is refused.

use super::{DigestFault, Parameter, RequiredHeaders};

/// Why a signature is refused. The text is public and names the header or the parameter.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureFault {
    /// A bound of ours: 8,192 bytes.
    #[error("Signature: it is too long")]
    TooLong,
    /// Not visible ASCII, or a quoted string without an end.
    #[error("Signature: it is not a list of parameters")]
    Syntax,
    /// A bound of ours: 32 parameters.
    #[error("Signature: it has too many parameters")]
    TooManyParameters,
    /// §2.2: a parameter that is given twice.
    #[error("Signature: {0} is given twice")]
    Duplicate(Parameter),
    /// §2.1.1, §2.1.2: required; a malformed one counts as absent.
    #[error("Signature: {0} is missing or malformed")]
    Missing(Parameter),
    /// A bound of ours: 2,048 bytes.
    #[error("Signature: keyId is too long")]
    KeyIdTooLong,
    /// §2.1.2: the signature is base64 (RFC 4648 §4) of at most 1,024 bytes.
    #[error("Signature: signature is not base64 of a signature")]
    NotBase64,
    /// §2.1.6: a list of no headers.
    #[error("Signature: headers is empty")]
    HeadersEmpty,
    /// §2.1.6: names with one space between them; a bound of ours: each at most 64 bytes.
    #[error("Signature: headers is not a list of header names with single spaces")]
    HeadersMalformed,
    /// A bound of ours: 64 headers.
    #[error("Signature: headers names too many headers")]
    TooManyHeaders,
    /// A header that is listed twice.
    #[error("Signature: headers names {0} twice")]
    HeaderTwice(String),
    /// `rsa-sha1` and the `hmac-` algorithms.
    #[error("Signature: algorithm is no longer accepted")]
    AlgorithmDeprecated,
    /// Not in the registry of Appendix E.2.
    #[error("Signature: algorithm is unknown")]
    AlgorithmUnknown,
    /// §2.1.3: the algorithm and the key do not belong together.
    #[error("Signature: algorithm does not fit the key of keyId")]
    AlgorithmMismatch,
    /// §2.3: `(created)` and `(expires)` with an algorithm that begins with `rsa`, `hmac` or `ecdsa`.
    #[error("Signature: {0} cannot be signed with this algorithm")]
    TimeNotSignable(&'static str),
    /// §2.3: `(created)` or `(expires)` is listed, and its parameter is absent or no integer.
    #[error("Signature: {0} is listed in headers but its parameter is not an integer")]
    TimeMissing(&'static str),
    /// A header that must be signed.
    #[error("Signature: {0} must be signed")]
    Unsigned(String),
    /// §2.3: a header is listed that the request does not have.
    #[error("{0}: listed in the signature but absent from the request")]
    Absent(String),
    /// A line break or another control character, which would forge lines of the signing string.
    #[error("{0}: it contains a control character")]
    ControlCharacter(String),
    /// `Date` is signed, but it is no HTTP-date (RFC 9110 §5.6.7).
    #[error("Date: it is not an HTTP date")]
    DateMalformed,
    /// §2.1.4: `created` or `Date` is in the future.
    #[error("{0}: it is in the future")]
    Future(&'static str),
    /// §2.1.5: `expires` is in the past.
    #[error("Signature: expires is in the past")]
    Expired,
    /// Older than the service accepts.
    #[error("{0}: it is too old")]
    Stale(&'static str),
    /// The key is not a `SubjectPublicKeyInfo` (RFC 5280 §4.1.2.7) of RSA, P-256 or P-384.
    #[error("Signature: the key of keyId is of a kind that is not accepted")]
    KeyType,
    /// An RSA key of less than 2,048 or more than 8,192 bits.
    #[error("Signature: the RSA key of keyId must have 2048 to 8192 bits")]
    KeyLength,
    /// The signed digest is not that of the body.
    #[error(transparent)]
    Digest(#[from] DigestFault),
    /// The key does not verify it.
    #[error("Signature: signature is not valid")]
    Mismatch,
}

/// What kind of fault it is: of form, or of proof.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultClass {
    /// The client did not follow the draft or the service's rules: HTTP 400.
    Malformed,
    /// The signature proves nothing: HTTP 401, or 400 where the service says so.
    Unverified,
}

impl SignatureFault {
    /// The same, without the name of a header that whoever signed has made up.
    #[must_use]
    pub fn without_made_up_names(&self) -> Self {
        let kept = |name: &String| if RequiredHeaders::STET.names(name) { name.clone() } else { "…".to_owned() };
        match self {
            Self::HeaderTwice(name) => Self::HeaderTwice(kept(name)),
            Self::Absent(name) => Self::Absent(kept(name)),
            Self::ControlCharacter(name) => Self::ControlCharacter(kept(name)),
            other => other.clone(),
        }
    }

    /// Whether the form or the proof is at fault.
    #[must_use]
    pub fn class(&self) -> FaultClass {
        match self {
            Self::TooLong
            | Self::Syntax
            | Self::TooManyParameters
            | Self::Duplicate(_)
            | Self::Missing(_)
            | Self::KeyIdTooLong
            | Self::NotBase64
            | Self::HeadersEmpty
            | Self::HeadersMalformed
            | Self::TooManyHeaders
            | Self::HeaderTwice(_)
            | Self::AlgorithmDeprecated
            | Self::AlgorithmUnknown
            | Self::TimeNotSignable(_)
            | Self::TimeMissing(_)
            | Self::Unsigned(_)
            | Self::Absent(_)
            | Self::ControlCharacter(_)
            | Self::DateMalformed => FaultClass::Malformed,
            Self::AlgorithmMismatch
            | Self::Future(_)
            | Self::Expired
            | Self::Stale(_)
            | Self::KeyType
            | Self::KeyLength
            | Self::Mismatch => FaultClass::Unverified,
            Self::Digest(fault) => fault.class(),
        }
    }
}
