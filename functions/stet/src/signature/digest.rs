//! The `Digest` header (RFC 3230 §4.3.2, RFC 5843): SHA-256 of the raw body.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::digest::{SHA256, SHA256_OUTPUT_LEN, digest};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};

use super::FaultClass;

/// Room for every algorithm of the registry at once.
const MAX_BYTES: usize = 1024;

/// Why a digest is refused. The text is public.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DigestFault {
    /// The request has no `Digest` header.
    #[error("Digest: it is missing")]
    Missing,
    /// Not a list of `algorithm=value`, SHA-256 twice, or not base64 of 32 bytes.
    #[error("Digest: it is not a list of algorithm=value with SHA-256 in base64")]
    Malformed,
    /// The list has other algorithms only.
    #[error("Digest: SHA-256 is required")]
    Algorithm,
    /// The body is another.
    #[error("Digest: it is not the digest of the body")]
    Mismatch,
}

impl DigestFault {
    /// Whether the form or the proof is at fault.
    #[must_use]
    pub fn class(self) -> FaultClass {
        match self {
            Self::Missing | Self::Malformed | Self::Algorithm => FaultClass::Malformed,
            Self::Mismatch => FaultClass::Unverified,
        }
    }
}

/// Compares the SHA-256 of a `Digest` header with that of the raw body; digests of other algorithms are
/// ignored. An empty body has a digest too.
///
/// # Errors
/// A [`DigestFault`].
pub fn verify_digest(header: Option<&str>, body: &[u8]) -> Result<(), DigestFault> {
    let claimed = claimed_sha256(header.ok_or(DigestFault::Missing)?)?;
    verify_slices_are_equal(&claimed, &sha256(body)).map_err(|_| DigestFault::Mismatch)
}

/// The SHA-256 of some bytes.
pub(super) fn sha256(bytes: &[u8]) -> [u8; SHA256_OUTPUT_LEN] {
    let mut output = [0; SHA256_OUTPUT_LEN];
    output.copy_from_slice(digest(&SHA256, bytes).as_ref());
    output
}

fn claimed_sha256(header: &str) -> Result<Vec<u8>, DigestFault> {
    if header.len() > MAX_BYTES {
        return Err(DigestFault::Malformed);
    }
    let mut found = None;
    for instance in header.split(',') {
        let (algorithm, value) = instance.trim_matches([' ', '\t']).split_once('=').ok_or(DigestFault::Malformed)?;
        if algorithm.eq_ignore_ascii_case("sha-256") && found.replace(value).is_some() {
            return Err(DigestFault::Malformed);
        }
    }
    let bytes = BASE64.decode(found.ok_or(DigestFault::Algorithm)?).map_err(|_| DigestFault::Malformed)?;
    if bytes.len() == SHA256_OUTPUT_LEN { Ok(bytes) } else { Err(DigestFault::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELLO: &str = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=";

    #[test]
    fn rfc_3230_the_sha_256_of_the_list_counts() {
        let cases = [
            (format!("SHA-256={HELLO}"), Ok(())),
            (format!("sha-256={HELLO}"), Ok(())),
            (format!("MD5=AAAA, Sha-256={HELLO}\t,UNIXsum=30637"), Ok(())),
            (format!("SHA-512={HELLO}"), Err(DigestFault::Algorithm)),
            (format!("SHA-256={HELLO},SHA-256={HELLO}"), Err(DigestFault::Malformed)),
            (format!("SHA-256={HELLO},"), Err(DigestFault::Malformed)),
            (format!("SHA-256 ={HELLO}"), Err(DigestFault::Algorithm)),
            (format!("SHA-256={HELLO}="), Err(DigestFault::Malformed)),
            (format!("SHA-256=:{HELLO}:"), Err(DigestFault::Malformed)),
            (format!("SHA-256={}", HELLO.trim_end_matches('=')), Err(DigestFault::Malformed)),
            (HELLO.replace('=', ""), Err(DigestFault::Malformed)),
            (String::new(), Err(DigestFault::Malformed)),
            ("SHA-256=".to_owned(), Err(DigestFault::Malformed)),
            ("SHA-256=AAAA".to_owned(), Err(DigestFault::Malformed)),
            (format!("SHA-256={}", HELLO.replace('X', "Y")), Err(DigestFault::Mismatch)),
            (format!("A={},SHA-256={HELLO}", "a".repeat(MAX_BYTES)), Err(DigestFault::Malformed)),
        ];
        for (header, expected) in cases {
            assert_eq!(verify_digest(Some(&header), br#"{"hello": "world"}"#), expected, "{header}");
        }
        assert_eq!(verify_digest(None, b""), Err(DigestFault::Missing));
    }

    #[test]
    fn stet_3_5_an_empty_body_has_a_digest() {
        let header = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        assert_eq!(verify_digest(Some(header), b""), Ok(()));
        assert_eq!(verify_digest(Some(header), b" "), Err(DigestFault::Mismatch));
    }

    proptest::proptest! {
        #[test]
        fn any_digest_header_is_answered(header in ".{0,80}") {
            proptest::prop_assert!(verify_digest(Some(&header), b"body").is_err());
        }
    }
}
