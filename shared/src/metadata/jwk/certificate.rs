//! The certificates of a key and its names by them (RFC 7517 §4.6 to §4.9).

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};
use url::Url;
use x509_parser::asn1_rs::{
    ASN1DateTime, ASN1TimeZone, BitString, Integer, Null, Oid, Sequence, SerializeResult, ToDer, UtcTime, oid,
};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::KeyUsage;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::RSAPublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::kind::Kind;
use super::material::Material;
use super::text;

const EC: Oid<'static> = oid!(1.2.840.10045.2.1);
const RSA: Oid<'static> = oid!(1.2.840.113549.1.1.1);
const RSASSA_PSS: Oid<'static> = oid!(1.2.840.113549.1.1.10);

/// Checks `x5u`, `x5c`, `x5t` and `x5t#S256`: the first certificate is the key's, and the thumbprints are its.
pub(super) fn check(key: &Material, members: &Map<String, Value>) -> Result<(), &'static str> {
    if let Some(url) = text(members, "x5u", "x5u must be a string")? {
        let https = Url::parse(url).is_ok_and(|url| url.scheme() == "https" && url.has_host());
        https.then_some(()).ok_or("x5u must be an https URL")?;
    }
    let sha1 = thumbprint(members, "x5t", 20).map_err(|()| "x5t must be a SHA-1 thumbprint in base64url")?;
    let sha256 =
        thumbprint(members, "x5t#S256", 32).map_err(|()| "x5t#S256 must be a SHA-256 thumbprint in base64url")?;
    let chain = chain(members)?;
    let Some(first) = chain.first() else { return Ok(()) };
    let certificate = parse(first)?;
    for issuer in chain.iter().skip(1) {
        parse(issuer)?;
    }
    if !is_of(key, certificate.public_key()) {
        return Err("it is not the key of its x5c");
    }
    if !permits(&certificate, members.get("use").and_then(Value::as_str)) {
        return Err("use is not what its x5c is for");
    }
    let differs = |sent: Option<Vec<u8>>, algorithm: &'static Algorithm| {
        sent.is_some_and(|sent| digest(algorithm, first).as_ref() != sent)
    };
    if differs(sha1, &SHA1_FOR_LEGACY_USE_ONLY) {
        return Err("x5t is not the thumbprint of its x5c");
    }
    if differs(sha256, &SHA256) {
        return Err("x5t#S256 is not the thumbprint of its x5c");
    }
    Ok(())
}

/// The certificate of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyCertificate {
    /// `kid` of the key.
    pub kid: Option<String>,
    /// `use` of the key.
    pub usage: Option<String>,
    /// Whose it is, as a distinguished name (RFC 4514).
    pub subject: String,
    /// From when on it is valid, in seconds since 1970.
    pub not_before: i64,
    /// Until when it is valid, in seconds since 1970.
    pub not_after: i64,
}

impl KeyCertificate {
    /// The first certificate of a key that was checked, if it has one.
    pub(in crate::metadata) fn of(key: &Map<String, Value>) -> Option<Self> {
        let chain = chain(key).ok()?;
        let certificate = parse(chain.first()?).ok()?;
        let text = |name: &str| key.get(name).and_then(Value::as_str).map(str::to_owned);
        let validity = certificate.validity();
        Some(Self {
            kid: text("kid"),
            usage: text("use"),
            subject: certificate.subject().to_string(),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
        })
    }
}

fn thumbprint(members: &Map<String, Value>, name: &str, length: usize) -> Result<Option<Vec<u8>>, ()> {
    let Some(sent) = members.get(name) else { return Ok(None) };
    let octets = sent.as_str().and_then(|text| BASE64URL.decode(text).ok());
    octets.filter(|octets| octets.len() == length).map(Some).ok_or(())
}

/// `x5c`, in DER; empty if it is absent.
fn chain(members: &Map<String, Value>) -> Result<Vec<Vec<u8>>, &'static str> {
    let Some(sent) = members.get("x5c") else { return Ok(Vec::new()) };
    let sent = sent.as_array().filter(|chain| !chain.is_empty()).ok_or("x5c must be an array of certificates")?;
    let der = |value: &Value| value.as_str().and_then(|text| BASE64.decode(text).ok());
    sent.iter().map(|value| der(value).ok_or("x5c must be certificates in base64")).collect()
}

fn parse(der: &[u8]) -> Result<X509Certificate<'_>, &'static str> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Ok(certificate),
        _ => Err("x5c has an element that is not a certificate"),
    }
}

/// A certificate in DER of whom nobody names, without a signature (RFC 5280 §4.1).
pub(super) fn unsigned(key: &Material) -> Option<Vec<u8>> {
    let sequence = |parts: &[Vec<u8>]| Sequence::new(parts.concat().into()).to_der_vec();
    let bits = |octets: &[u8]| BitString::new(0, octets).to_der_vec();
    let positive = |number: &[u8]| {
        let sign: &[u8] = if number.first().is_some_and(|first| first & 0x80 != 0) { &[0] } else { &[] };
        Integer::new(&[sign, number].concat()).to_der_vec()
    };
    let certificate = || -> SerializeResult<Vec<u8>> {
        let (algorithm, octets) = match key {
            Material::Rsa { modulus, exponent } => {
                let key = sequence(&[positive(modulus)?, positive(exponent)?])?;
                (sequence(&[RSA.to_der_vec()?, Null::new().to_der_vec()?])?, key)
            }
            Material::Elliptic(kind, point) => {
                (sequence(&[EC.to_der_vec()?, oid_of(*kind).to_der_vec()?])?, point.clone())
            }
            Material::OctetKeyPair(kind, point) => (sequence(&[oid_of(*kind).to_der_vec()?])?, point.clone()),
        };
        let begin = ASN1DateTime::new(70, 1, 1, 0, 0, 0, None, ASN1TimeZone::Z);
        let time = UtcTime::new(begin).to_der_vec()?;
        let (serial, nobody, validity) =
            (Integer::from(1).to_der_vec()?, sequence(&[])?, sequence(&[time.clone(), time])?);
        let public_key = sequence(&[algorithm.clone(), bits(&octets)?])?;
        let signed = sequence(&[serial, algorithm.clone(), nobody.clone(), validity, nobody, public_key])?;
        sequence(&[signed, algorithm, bits(&[])?])
    };
    certificate().ok()
}

fn is_of(key: &Material, certified: &SubjectPublicKeyInfo) -> bool {
    let algorithm = &certified.algorithm.algorithm;
    let octets: &[u8] = &certified.subject_public_key.data;
    match key {
        Material::Rsa { modulus, exponent } => {
            let same = |(rest, key): (&[u8], RSAPublicKey)| {
                rest.is_empty() && magnitude(key.modulus) == modulus && magnitude(key.exponent) == exponent
            };
            [RSA, RSASSA_PSS].contains(algorithm) && RSAPublicKey::from_der(octets).is_ok_and(same)
        }
        Material::Elliptic(kind, point) => {
            let parameters = certified.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            *algorithm == EC && parameters == Some(oid_of(*kind)) && is_point(octets, point)
        }
        Material::OctetKeyPair(kind, point) => *algorithm == oid_of(*kind) && octets == point,
    }
}

/// The bytes of an INTEGER without the zero that keeps it positive.
fn magnitude(integer: &[u8]) -> &[u8] {
    integer.strip_prefix(&[0]).unwrap_or(integer)
}

/// Whether a point of a certificate, compressed or not (SEC 1 §2.3.3), is the uncompressed one.
fn is_point(certified: &[u8], point: &[u8]) -> bool {
    let compressed = || {
        let (x, y) = point.get(1..)?.split_at_checked(point.len() / 2)?;
        Some([&[2 + (y.last()? & 1)], x].concat())
    };
    certified == point || compressed().is_some_and(|compressed| certified == compressed)
}

/// The curve (RFC 5480 §2.1.1.1, SEC 2 §A.2) or the algorithm (RFC 8410 §3).
fn oid_of(kind: Kind) -> Oid<'static> {
    match kind {
        Kind::Rsa => RSA,
        Kind::P256 => oid!(1.2.840.10045.3.1.7),
        Kind::P384 => oid!(1.3.132.0.34),
        Kind::P521 => oid!(1.3.132.0.35),
        Kind::Secp256k1 => oid!(1.3.132.0.10),
        Kind::X25519 => oid!(1.3.101.110),
        Kind::X448 => oid!(1.3.101.111),
        Kind::Ed25519 => oid!(1.3.101.112),
        Kind::Ed448 => oid!(1.3.101.113),
    }
}

/// `use` corresponds to what the certificate says of its key, if it says something (RFC 7517 §4.7, RFC 5280 §4.2.1.3).
fn permits(certificate: &X509Certificate, usage: Option<&str>) -> bool {
    let certified: Option<&KeyUsage> = certificate.key_usage().ok().flatten().map(|extension| extension.value);
    certified.is_none_or(|key| match usage {
        Some("sig") => key.digital_signature() || key.non_repudiation() || key.key_cert_sign() || key.crl_sign(),
        Some("enc") => key.key_encipherment() || key.data_encipherment() || key.key_agreement(),
        _ => true,
    })
}
