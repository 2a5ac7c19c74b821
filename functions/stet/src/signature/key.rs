//! The key of `keyId`, which alone decides how a signature is verified (§2.1.3).

use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::{ParsedPublicKey, VerificationAlgorithm};

use super::{Algorithm, SignatureFault};

/// NIST SP 800-131A asks for 2,048. The key of the draft's own test vectors has 1,024, so the unit tests take
/// it, and `tests/rsa_key_length.rs` checks that nothing else does.
const MIN_RSA_BITS: usize = if cfg!(test) { 1024 } else { 2048 };
const MAX_RSA_BITS: usize = 8192;

#[cfg(not(test))]
static RSA_PKCS1_SHA256: &dyn VerificationAlgorithm = &lc::RSA_PKCS1_2048_8192_SHA256;
#[cfg(not(test))]
static RSA_PKCS1_SHA512: &dyn VerificationAlgorithm = &lc::RSA_PKCS1_2048_8192_SHA512;
#[cfg(test)]
static RSA_PKCS1_SHA256: &dyn VerificationAlgorithm = &lc::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY;
#[cfg(test)]
static RSA_PKCS1_SHA512: &dyn VerificationAlgorithm = &lc::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY;
static RSA_PSS_SHA512: &dyn VerificationAlgorithm = &lc::RSA_PSS_2048_8192_SHA512;
static P256_SHA256: &dyn VerificationAlgorithm = &lc::ECDSA_P256_SHA256_ASN1;
static P256_SHA512: &dyn VerificationAlgorithm = &lc::ECDSA_P256_SHA512_ASN1;
static P384_SHA512: &dyn VerificationAlgorithm = &lc::ECDSA_P384_SHA512_ASN1;

/// `AlgorithmIdentifier` of rsaEncryption with its NULL (RFC 3279 §2.3.1).
const RSA_ENCRYPTION: &[u8] = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
/// `AlgorithmIdentifier` of id-ecPublicKey with secp256r1 (RFC 5480 §2.1).
const EC_P256: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07";
/// `AlgorithmIdentifier` of id-ecPublicKey with secp384r1 (RFC 5480 §2.1).
const EC_P384: &[u8] = b"\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22";

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;

/// What a key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyType {
    /// RSA of 2,048 to 8,192 bits.
    Rsa,
    /// ECDSA with P-256.
    P256,
    /// ECDSA with P-384.
    P384,
}

/// How a signature may have been made: everything that both the key and `algorithm` allow.
pub(super) type Algorithms = Vec<&'static dyn VerificationAlgorithm>;

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerificationKey {
    key_type: KeyType,
    spki: Vec<u8>,
}

impl VerificationKey {
    /// Reads a `SubjectPublicKeyInfo` in DER (RFC 5280 §4.1.2.7), as a certificate has it.
    ///
    /// # Errors
    /// [`SignatureFault::KeyType`] or [`SignatureFault::KeyLength`].
    pub fn from_spki(der: &[u8]) -> Result<Self, SignatureFault> {
        let (key_type, public_key) = read_spki(der).ok_or(SignatureFault::KeyType)?;
        if key_type == KeyType::Rsa {
            check_rsa_length(public_key)?;
        }
        let key = Self { key_type, spki: der.to_vec() };
        for algorithm in key.algorithms(None)? {
            ParsedPublicKey::new(algorithm, der).map_err(|_| SignatureFault::KeyType)?;
        }
        Ok(key)
    }

    /// What the key is for.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.key_type
    }

    /// How the key may be used. `algorithm` can only narrow what the key allows: `hs2019` is SHA-512, with
    /// RSASSA-PSS or, as many clients do it, RSASSA-PKCS1-v1_5 (Appendix E.2).
    pub(super) fn algorithms(&self, algorithm: Option<Algorithm>) -> Result<Algorithms, SignatureFault> {
        match (self.key_type, algorithm) {
            (KeyType::Rsa, None) => Ok(vec![RSA_PKCS1_SHA256, RSA_PSS_SHA512, RSA_PKCS1_SHA512]),
            (KeyType::Rsa, Some(Algorithm::RsaSha256)) => Ok(vec![RSA_PKCS1_SHA256]),
            (KeyType::Rsa, Some(Algorithm::Hs2019)) => Ok(vec![RSA_PSS_SHA512, RSA_PKCS1_SHA512]),
            (KeyType::P256, None) => Ok(vec![P256_SHA256, P256_SHA512]),
            (KeyType::P256, Some(Algorithm::EcdsaSha256)) => Ok(vec![P256_SHA256]),
            (KeyType::P256, Some(Algorithm::Hs2019)) => Ok(vec![P256_SHA512]),
            (KeyType::P384, None | Some(Algorithm::Hs2019)) => Ok(vec![P384_SHA512]),
            (KeyType::Rsa | KeyType::P384, Some(Algorithm::EcdsaSha256))
            | (KeyType::P256 | KeyType::P384, Some(Algorithm::RsaSha256)) => Err(SignatureFault::AlgorithmMismatch),
        }
    }

    /// Whether a signature was made with one of `algorithms`. ECDSA signatures are DER (RFC 3279 §2.2.3): the
    /// draft names no encoding, so it is that of certificates, and there is one encoding only.
    pub(super) fn verifies(&self, algorithms: &Algorithms, message: &[u8], signature: &[u8]) -> bool {
        algorithms
            .iter()
            .any(|algorithm| lc::UnparsedPublicKey::new(*algorithm, &self.spki).verify(message, signature).is_ok())
    }
}

/// The type of the key and the content of `subjectPublicKey`.
fn read_spki(der: &[u8]) -> Option<(KeyType, &[u8])> {
    let (spki, after) = read(SEQUENCE, der)?;
    let (identifier, rest) = read(SEQUENCE, spki)?;
    let (bits, end) = read(BIT_STRING, rest)?;
    let key_type = match identifier {
        RSA_ENCRYPTION => KeyType::Rsa,
        EC_P256 => KeyType::P256,
        EC_P384 => KeyType::P384,
        _ => return None,
    };
    (after.is_empty() && end.is_empty()).then_some((key_type, bits.strip_prefix(&[0])?))
}

fn check_rsa_length(public_key: &[u8]) -> Result<(), SignatureFault> {
    let modulus = read(SEQUENCE, public_key).and_then(|(members, _)| read(INTEGER, members));
    let (modulus, _) = modulus.ok_or(SignatureFault::KeyType)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let unused = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    let bits = (modulus.len() * 8).saturating_sub(unused);
    if (MIN_RSA_BITS..=MAX_RSA_BITS).contains(&bits) { Ok(()) } else { Err(SignatureFault::KeyLength) }
}

/// The content of the DER value that `der` begins with, and what follows it.
fn read(tag: u8, der: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = der.strip_prefix(&[tag])?;
    let (length, rest) = match rest {
        [length @ ..=0x7f, rest @ ..] | [0x81, length, rest @ ..] => (usize::from(*length), rest),
        [0x82, high, low, rest @ ..] => (usize::from(u16::from_be_bytes([*high, *low])), rest),
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature::KeyPair;

    use super::*;

    fn spki(algorithm: &'static lc::EcdsaSigningAlgorithm) -> Vec<u8> {
        lc::EcdsaKeyPair::generate(algorithm).unwrap().public_key().as_der().unwrap().as_ref().to_vec()
    }

    #[test]
    fn a_key_is_rsa_p256_or_p384_in_an_spki() {
        let p256 = spki(&lc::ECDSA_P256_SHA256_ASN1_SIGNING);
        let p384 = spki(&lc::ECDSA_P384_SHA384_ASN1_SIGNING);
        let p521 = spki(&lc::ECDSA_P521_SHA512_ASN1_SIGNING);
        let rsa = lc::RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let rsa_spki = rsa.public_key().as_der().unwrap().as_ref().to_vec();
        let accepted = |der: &[u8]| VerificationKey::from_spki(der).map(|key| key.key_type());
        assert_eq!(accepted(&p256), Ok(KeyType::P256));
        assert_eq!(accepted(&p384), Ok(KeyType::P384));
        assert_eq!(accepted(&rsa_spki), Ok(KeyType::Rsa));
        assert_eq!(accepted(&p521), Err(SignatureFault::KeyType));
        assert_eq!(accepted(rsa.public_key().as_ref()), Err(SignatureFault::KeyType), "an RSAPublicKey");
        assert_eq!(accepted(&[]), Err(SignatureFault::KeyType));
        for der in [&p256, &rsa_spki] {
            let with_garbage: Vec<u8> = der.iter().copied().chain([0]).collect();
            assert_eq!(accepted(&with_garbage), Err(SignatureFault::KeyType));
            assert_eq!(accepted(&der[..der.len() - 1]), Err(SignatureFault::KeyType));
        }
        let off_the_curve: Vec<u8> =
            p256.iter().copied().take(p256.len() - 1).chain([p256[p256.len() - 1] ^ 1]).collect();
        assert_eq!(accepted(&off_the_curve), Err(SignatureFault::KeyType));
    }

    #[test]
    fn sp_800_131a_the_length_of_an_rsa_modulus_is_bounded() {
        for (bytes, bits) in [(127, 1016), (128, 1024), (1024, 8192), (1025, 8200)] {
            let modulus: Vec<u8> = [0].into_iter().chain(std::iter::repeat_n(0xff, bytes)).collect();
            let length = |inside: &[u8]| u16::try_from(inside.len()).unwrap().to_be_bytes();
            let integer = [&[INTEGER, 0x82], &length(&modulus)[..], &modulus].concat();
            let sequence = [&[SEQUENCE, 0x82], &length(&integer)[..], &integer].concat();
            let expected = if (1024..=8192).contains(&bits) { Ok(()) } else { Err(SignatureFault::KeyLength) };
            assert_eq!(check_rsa_length(&sequence), expected, "{bits}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_bytes_are_answered(der in proptest::collection::vec(proptest::num::u8::ANY, 0..80)) {
            proptest::prop_assert!(VerificationKey::from_spki(&der).is_err());
        }
    }
}
