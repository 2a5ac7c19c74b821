//! The subject's public key (RFC 5280 §4.1.2.7, RFC 3279 §2.3.1, RFC 5480 §2).

use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::public_key::{PublicKey as Parsed, RSAPublicKey};
use x509_parser::x509::SubjectPublicKeyInfo;

use super::CertificateFault;

const RSA: Oid<'static> = oid!(1.2.840.113549.1.1.1);
const EC: Oid<'static> = oid!(1.2.840.10045.2.1);
const P256: Oid<'static> = oid!(1.2.840.10045.3.1.7);
const P384: Oid<'static> = oid!(1.3.132.0.34);

/// The subject's public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PublicKey {
    /// RSA of 2048 to 8192 bits.
    Rsa {
        /// `n`, big endian, without leading zeros.
        modulus: Vec<u8>,
        /// `e`, big endian, without leading zeros.
        exponent: Vec<u8>,
    },
    /// ECDSA on P-256.
    P256,
    /// ECDSA on P-384.
    P384,
}

impl PublicKey {
    /// Reads the key and checks its size.
    pub(super) fn parse(spki: &SubjectPublicKeyInfo) -> Result<Self, CertificateFault> {
        let algorithm = &spki.algorithm.algorithm;
        if *algorithm == RSA {
            match spki.parsed() {
                Ok(Parsed::RSA(key)) => rsa(&key),
                _ => Err(CertificateFault::Malformed),
            }
        } else if *algorithm == EC {
            elliptic(spki)
        } else {
            Err(CertificateFault::KeyType)
        }
    }
}

fn rsa(key: &RSAPublicKey) -> Result<PublicKey, CertificateFault> {
    let modulus = magnitude(key.modulus).ok_or(CertificateFault::Malformed)?;
    let exponent = magnitude(key.exponent).ok_or(CertificateFault::Malformed)?;
    let odd = |number: &[u8]| number.last().is_some_and(|byte| byte % 2 == 1);
    let usable = odd(modulus) && odd(exponent) && exponent.len() <= 4 && exponent != [1];
    if usable && (2048..=8192).contains(&bits(modulus)) {
        Ok(PublicKey::Rsa { modulus: modulus.to_vec(), exponent: exponent.to_vec() })
    } else {
        Err(CertificateFault::KeySize)
    }
}

/// The bytes of a positive INTEGER without the zero that keeps it positive.
fn magnitude(integer: &[u8]) -> Option<&[u8]> {
    match integer {
        [0, rest @ ..] if rest.first().is_some_and(|byte| *byte >= 0x80) => Some(rest),
        [first, ..] if (1..0x80).contains(first) => Some(integer),
        _ => None,
    }
}

fn bits(magnitude: &[u8]) -> usize {
    let unused = magnitude.first().map_or(0, |byte| byte.leading_zeros() as usize);
    (magnitude.len() * 8).saturating_sub(unused)
}

fn elliptic(spki: &SubjectPublicKeyInfo) -> Result<PublicKey, CertificateFault> {
    let parameters = spki.algorithm.parameters.as_ref().ok_or(CertificateFault::KeyType)?;
    let curve = parameters.as_oid().map_err(|_| CertificateFault::KeyType)?;
    let (key, bytes) = match curve {
        curve if curve == P256 => (PublicKey::P256, 65),
        curve if curve == P384 => (PublicKey::P384, 97),
        _ => return Err(CertificateFault::KeyType),
    };
    let point: &[u8] = &spki.subject_public_key.data;
    let uncompressed = point.first() == Some(&4) && point.len() == bytes;
    if uncompressed { Ok(key) } else { Err(CertificateFault::Malformed) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(modulus: &[u8], exponent: &[u8]) -> Result<PublicKey, CertificateFault> {
        rsa(&RSAPublicKey { modulus, exponent })
    }

    #[test]
    fn rsa_keys_have_2048_to_8192_bits() {
        let modulus = |bytes: usize, first: u8| {
            let mut number = vec![0xff; bytes];
            number[0] = first;
            if first >= 0x80 {
                number.insert(0, 0);
            }
            number
        };
        let usual: &[u8] = &[1, 0, 1];
        assert!(key(&modulus(256, 0x80), usual).is_ok());
        assert!(key(&modulus(1024, 0x80), usual).is_ok());
        for (number, exponent, fault) in [
            (modulus(128, 0x80), usual, CertificateFault::KeySize),
            (modulus(256, 0x7f), usual, CertificateFault::KeySize),
            (modulus(1025, 0x01), usual, CertificateFault::KeySize),
            (modulus(256, 0x80), &[1][..], CertificateFault::KeySize),
            (modulus(256, 0x80), &[2], CertificateFault::KeySize),
            (modulus(256, 0x80), &[1, 0, 0, 0, 1], CertificateFault::KeySize),
            (modulus(256, 0x80), &[], CertificateFault::Malformed),
            (modulus(256, 0x80), &[0, 3], CertificateFault::Malformed),
            (vec![0xff; 256], usual, CertificateFault::Malformed),
        ] {
            assert_eq!(key(&number, exponent), Err(fault));
        }
    }
}
