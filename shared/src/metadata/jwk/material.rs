//! The key itself: integers within their ranges, points on their curves (RFC 7518 §6.2.1, §6.3.1, RFC 8037 §2).

use aws_lc_rs::signature as lc;
use aws_lc_rs::signature::{EcdsaVerificationAlgorithm, ParsedPublicKey};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::montgomery::MontgomeryPoint;
use serde_json::{Map, Value};

use super::kind::Kind;

/// NIST SP 800-131A asks for 2,048; more than 8,192 make whoever verifies pay.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=8192;

/// 65,537 has three octets; what has more than four makes whoever verifies pay.
const MAX_EXPONENT_OCTETS: usize = 4;

/// The prime of Curve448, 2^448 - 2^224 - 1, little-endian (RFC 7748 §4.2).
const P448: [u8; 56] = {
    let mut prime = [0xff; 56];
    prime[28] = 0xfe;
    prime
};

/// A public key whose numbers were checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Material {
    /// Both big-endian, without leading zeros.
    Rsa { modulus: Vec<u8>, exponent: Vec<u8> },
    /// An uncompressed point (SEC 1 §2.3.3).
    Elliptic(Kind, Vec<u8>),
    /// As RFC 8032 §5 or RFC 7748 §5 encode it.
    OctetKeyPair(Kind, Vec<u8>),
}

pub(super) fn check(kind: Kind, members: &Map<String, Value>) -> Result<Material, &'static str> {
    match kind {
        Kind::Rsa => rsa(members),
        Kind::P256 => elliptic(kind, &lc::ECDSA_P256_SHA256_FIXED, 32, members),
        Kind::P384 => elliptic(kind, &lc::ECDSA_P384_SHA384_FIXED, 48, members),
        Kind::P521 => elliptic(kind, &lc::ECDSA_P521_SHA512_FIXED, 66, members),
        Kind::Secp256k1 => elliptic(kind, &lc::ECDSA_P256K1_SHA256_FIXED, 32, members),
        Kind::Ed25519 => octet_key_pair(kind, members, is_edwards_25519),
        Kind::X25519 => octet_key_pair(kind, members, is_montgomery_25519),
        Kind::Ed448 => octet_key_pair(kind, members, is_edwards_448),
        Kind::X448 => octet_key_pair(kind, members, is_montgomery_448),
    }
}

fn rsa(members: &Map<String, Value>) -> Result<Material, &'static str> {
    let modulus = integer(members, "n").ok_or("n must be an integer in base64url, without leading zeros")?;
    let exponent = integer(members, "e").ok_or("e must be an integer in base64url, without leading zeros")?;
    let odd = |number: &[u8]| number.last().is_some_and(|octet| octet % 2 == 1);
    let unused = modulus.first().map_or(0, |octet| octet.leading_zeros() as usize);
    if !RSA_BITS.contains(&(modulus.len() * 8).saturating_sub(unused)) {
        return Err("n must have 2048 to 8192 bits");
    }
    if !odd(&modulus) {
        return Err("n must be odd");
    }
    if !odd(&exponent) || exponent == [1] || exponent.len() > MAX_EXPONENT_OCTETS {
        return Err("e must be odd, 3 or more and of at most 32 bits");
    }
    Ok(Material::Rsa { modulus, exponent })
}

/// A positive `Base64urlUInt` (RFC 7518 §2): as many octets as the number needs.
fn integer(members: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    octets(members, name).filter(|octets| octets.first().is_some_and(|first| *first != 0))
}

/// Whether `x` and `y` are a point of the curve is asked of the implementation that verifies signatures.
fn elliptic(
    kind: Kind,
    curve: &'static EcdsaVerificationAlgorithm,
    length: usize,
    members: &Map<String, Value>,
) -> Result<Material, &'static str> {
    let coordinate = |name| octets(members, name).filter(|octets| octets.len() == length);
    let (x, y) = coordinate("x").zip(coordinate("y")).ok_or("x or y is not base64url of the length of its crv")?;
    let point = [&[4], x.as_slice(), y.as_slice()].concat();
    match ParsedPublicKey::new(curve, &point) {
        Ok(_) => Ok(Material::Elliptic(kind, point)),
        Err(_) => Err("x and y are not a point of crv"),
    }
}

fn octet_key_pair<const LENGTH: usize>(
    kind: Kind,
    members: &Map<String, Value>,
    is_point: fn([u8; LENGTH]) -> bool,
) -> Result<Material, &'static str> {
    let x = octets(members, "x").ok_or("x must be base64url")?;
    let point = x.as_slice().try_into().map_err(|_| "x is not of the length of its crv")?;
    if is_point(point) { Ok(Material::OctetKeyPair(kind, x)) } else { Err("x is not a point of crv that can be a key") }
}

fn octets(members: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    BASE64URL.decode(members.get(name)?.as_str()?).ok()
}

/// A point in its one encoding, and not of small order: with such a point every signature can be made to verify.
fn is_edwards_25519(encoded: [u8; 32]) -> bool {
    let point = CompressedEdwardsY(encoded).decompress();
    point.is_some_and(|point| point.compress().to_bytes() == encoded && !point.is_small_order())
}

/// A point of the curve (not of its twist, on which no key pair lies) in its one encoding, and not of small order: what
/// is agreed on with such a point is known to everybody (RFC 7748 §6.1).
fn is_montgomery_25519(encoded: [u8; 32]) -> bool {
    let usable = |point: EdwardsPoint| point.to_montgomery().to_bytes() == encoded && !point.is_small_order();
    MontgomeryPoint(encoded).to_edwards(0).is_some_and(usable)
}

/// As [`is_montgomery_448`]: `y` and, in the last octet, nothing but the sign of `x` (RFC 8032 §5.2.2).
fn is_edwards_448(encoded: [u8; 57]) -> bool {
    let (y, sign) = (encoded.first_chunk(), encoded.last());
    y.is_some_and(|y| is_montgomery_448(*y)) && sign.is_some_and(|sign| matches!(sign, 0 | 0x80))
}

/// In its one encoding, and not of small order: 0, 1 and -1 are, as `u` (RFC 7748 §6.2) and as `y`. Whether a point
/// belongs to it is not asked.
fn is_montgomery_448(coordinate: [u8; 56]) -> bool {
    let within = coordinate.iter().rev().lt(P448.iter().rev());
    let (least, rest) = coordinate.split_first().unwrap_or((&0, &[]));
    let zero_or_one = *least <= 1 && rest.iter().all(|octet| *octet == 0);
    let minus_one = *least == 0xfe && P448.get(1..) == Some(rest);
    within && !zero_or_one && !minus_one
}
