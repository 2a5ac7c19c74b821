//! Qualified certificates of payment service providers (eIDAS; ETSI TS 119 495): the QSEAL that signs requests
//! and the QWAC that opens connections.
//!
//! [`QualifiedCertificate::parse`] reads one and trusts nothing; [`check_seal`] and [`check_web`] decide whether it
//! is what it claims to be; [`same_organization`] ties the two together.

mod der;
mod fault;
mod key;
mod organization;
mod role;
mod statements;
mod trust;

#[cfg(test)]
mod tests;

use aws_lc_rs::digest;
use rustls_pki_types::CertificateDer;
use shared::distinguished_name::{DistinguishedName, ORGANIZATION_IDENTIFIER};
use webpki::EndEntityCert;
use x509_parser::asn1_rs::{FromDer, Oid, oid};
use x509_parser::certificate::{TbsCertificate, X509Certificate};
use x509_parser::extensions::{CRLDistributionPoint, DistributionPointName, GeneralName, KeyUsage, ParsedExtension};
use x509_parser::x509::{X509Name, X509Version};

pub use fault::CertificateFault;
pub use key::PublicKey;
pub use organization::OrganizationIdentifier;
pub use role::Role;
pub use statements::{Psd2Statement, QcType, Statements};
pub use trust::{
    AnchorFault, Revocation, RevocationListFault, RevocationLists, Trust, TrustAnchors, verify_seal, verify_web,
};

/// A qualified certificate has about 2 KiB.
const MAX_BYTES: usize = 16 * 1024;
/// It has about ten extensions.
const MAX_EXTENSIONS: usize = 32;
/// It names one or two revocation lists.
const MAX_CRL_URLS: usize = 8;

const QC_STATEMENTS: Oid<'static> = oid!(1.3.6.1.5.5.7.1.3);
const CRL_DISTRIBUTION_POINTS: Oid<'static> = oid!(2.5.29.31);
const RSASSA_PSS: Oid<'static> = oid!(1.2.840.113549.1.1.10);

/// A certificate, read and not yet trusted: well formed, with a key and a signature of accepted kinds and a subject
/// that has exactly one organization identifier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QualifiedCertificate {
    der: Vec<u8>,
    thumbprint: [u8; 32],
    subject: DistinguishedName,
    organization: OrganizationIdentifier,
    spki: Vec<u8>,
    key: PublicKey,
    not_before: u64,
    not_after: u64,
    usage: Usage,
    statements: Statements,
    crl_urls: Option<Vec<String>>,
}

/// What the key may be used for (RFC 5280 §4.2.1.3, §4.2.1.12).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Usage {
    digital_signature: bool,
    non_repudiation: bool,
    client_auth: bool,
}

impl QualifiedCertificate {
    /// Reads a certificate in DER, the bytes of `x5c[0]`, and nothing after it.
    ///
    /// # Errors
    /// The [`CertificateFault`] that stands first: size, encoding, signature algorithm, key, usage, statements,
    /// organization.
    pub fn parse(der: &[u8]) -> Result<Self, CertificateFault> {
        if der.len() > MAX_BYTES {
            return Err(CertificateFault::TooLarge);
        }
        let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| CertificateFault::Malformed)?;
        if !rest.is_empty() {
            return Err(CertificateFault::TrailingData);
        }
        check_structure(&certificate)?;
        check_signature_algorithm(&certificate)?;
        let key = PublicKey::parse(certificate.public_key())?;
        let usage = usage(&certificate)?;
        let statements = statements(&certificate)?;
        let organization = organization(certificate.subject())?;
        let validity = certificate.validity();
        Ok(Self {
            der: der.to_vec(),
            thumbprint: thumbprint(der),
            subject: DistinguishedName::read(certificate.subject()).ok_or(CertificateFault::Malformed)?,
            organization,
            spki: certificate.public_key().raw.to_vec(),
            key,
            not_before: seconds(validity.not_before.timestamp()),
            not_after: seconds(validity.not_after.timestamp()),
            usage,
            statements,
            crl_urls: crl_urls(&certificate)?,
        })
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// SHA-256 of the DER: `x5t#S256` (RFC 7517 §4.9, RFC 8705 §3.1).
    #[must_use]
    pub fn thumbprint(&self) -> &[u8; 32] {
        &self.thumbprint
    }

    /// The subject's organizationIdentifier, which is the client's id.
    #[must_use]
    pub fn organization(&self) -> &OrganizationIdentifier {
        &self.organization
    }

    /// The subject as RFC 4514 writes it, the value of `tls_client_auth_subject_dn` (RFC 8705 §2.1.2).
    #[must_use]
    pub fn subject_dn(&self) -> &str {
        self.subject.standard()
    }

    /// Whether `text` is the subject in one of its spellings.
    #[must_use]
    pub fn is_subject_dn(&self, text: &str) -> bool {
        self.subject.is(text)
    }

    /// `SubjectPublicKeyInfo` in DER.
    #[must_use]
    pub fn spki(&self) -> &[u8] {
        &self.spki
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// The first second in which it is valid, since 1970.
    #[must_use]
    pub fn not_before(&self) -> u64 {
        self.not_before
    }

    /// The last second in which it is valid, since 1970.
    #[must_use]
    pub fn not_after(&self) -> u64 {
        self.not_after
    }

    /// What it says of itself as a qualified certificate.
    #[must_use]
    pub fn statements(&self) -> &Statements {
        &self.statements
    }

    /// The roles of its PSD2 statement; none without one.
    #[must_use]
    pub fn roles(&self) -> &[Role] {
        self.statements.psd2.as_ref().map_or(&[], |psd2| &psd2.roles)
    }

    /// Whether its roles permit a STET scope: `aisp`, `pisp` or `cbpii`.
    #[must_use]
    pub fn permits(&self, scope: &str) -> bool {
        Role::of_scope(scope).is_some_and(|role| self.roles().contains(&role))
    }

    /// Where its revocation list can be fetched: the http and https URLs of its distribution points (RFC 5280
    /// §4.2.1.13). They come from outside; whoever fetches them applies the rules for fetching.
    #[must_use]
    pub fn crl_urls(&self) -> &[String] {
        self.crl_urls.as_deref().unwrap_or_default()
    }

    /// Whether it has distribution points, of any scheme.
    #[must_use]
    pub fn names_revocation_list(&self) -> bool {
        self.crl_urls.is_some()
    }
}

/// Whether these bytes are an X.509 certificate and nothing more, of whatever kind.
#[must_use]
pub fn is_certificate(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(rest, _)| rest.is_empty())
}

/// Whether a certificate may seal requests at time `now`, in seconds since 1970: [`verify_seal`], then its key usage,
/// `QcCompliance`, `QcType` eseal, the PSD2 statement and a role that permits something.
///
/// # Errors
/// The [`CertificateFault`] that stands first in this order.
pub fn check_seal(
    certificate: &QualifiedCertificate,
    intermediates: &[Vec<u8>],
    trust: &Trust,
    now: u64,
) -> Result<(), CertificateFault> {
    verify_seal(certificate, intermediates, trust, now)?;
    if !(certificate.usage.digital_signature || certificate.usage.non_repudiation) {
        return Err(CertificateFault::KeyUsage);
    }
    check_statements(&certificate.statements, QcType::Seal, CertificateFault::NotSeal)
}

/// Whether a certificate may open connections at time `now`, in seconds since 1970: [`verify_web`], then its key
/// usage, clientAuth, `QcCompliance`, `QcType` web, the PSD2 statement and a role that permits something.
///
/// # Errors
/// The [`CertificateFault`] that stands first in this order.
pub fn check_web(
    certificate: &QualifiedCertificate,
    intermediates: &[Vec<u8>],
    trust: &Trust,
    now: u64,
) -> Result<(), CertificateFault> {
    verify_web(certificate, intermediates, trust, now)?;
    if !certificate.usage.digital_signature {
        return Err(CertificateFault::KeyUsage);
    }
    if !certificate.usage.client_auth {
        return Err(CertificateFault::ExtendedKeyUsage);
    }
    check_statements(&certificate.statements, QcType::Web, CertificateFault::NotWeb)
}

/// Whether two certificates belong to the same organization: the identifiers are the same bytes.
///
/// # Errors
/// [`CertificateFault::OtherOrganization`].
pub fn same_organization(one: &QualifiedCertificate, other: &QualifiedCertificate) -> Result<(), CertificateFault> {
    if one.organization == other.organization { Ok(()) } else { Err(CertificateFault::OtherOrganization) }
}

fn check_statements(
    statements: &Statements,
    expected: QcType,
    otherwise: CertificateFault,
) -> Result<(), CertificateFault> {
    if !statements.qualified {
        return Err(CertificateFault::NotQualified);
    }
    if !statements.types.contains(&expected) {
        return Err(otherwise);
    }
    let psd2 = statements.psd2.as_ref().ok_or(CertificateFault::Psd2Missing)?;
    let permits = psd2.roles.iter().any(|role| role.scope().is_some());
    if permits { Ok(()) } else { Err(CertificateFault::NoRole) }
}

/// What x509-parser reads leniently, read again by webpki, which takes nothing but DER.
fn check_structure(certificate: &X509Certificate) -> Result<(), CertificateFault> {
    if certificate.version() != X509Version::V3 {
        return Err(CertificateFault::Malformed);
    }
    if certificate.extensions().len() > MAX_EXTENSIONS {
        return Err(CertificateFault::TooLarge);
    }
    certificate.extensions_map().map_err(|_| CertificateFault::Malformed)?;
    EndEntityCert::try_from(&CertificateDer::from(certificate.as_raw())).map(drop).map_err(|error| match error {
        webpki::Error::UnsupportedCriticalExtension => CertificateFault::CriticalExtension,
        _ => CertificateFault::Malformed,
    })
}

/// RSA PKCS#1 v1.5 or ECDSA, with SHA-256, SHA-384 or SHA-512.
fn check_signature_algorithm(certificate: &X509Certificate) -> Result<(), CertificateFault> {
    let algorithm = &certificate.signature_algorithm.algorithm;
    let accepted = [
        oid!(1.2.840.113549.1.1.11),
        oid!(1.2.840.113549.1.1.12),
        oid!(1.2.840.113549.1.1.13),
        oid!(1.2.840.10045.4.3.2),
        oid!(1.2.840.10045.4.3.3),
        oid!(1.2.840.10045.4.3.4),
    ];
    if certificate.signature_algorithm != certificate.signature {
        Err(CertificateFault::Malformed)
    } else if *algorithm == RSASSA_PSS {
        Err(CertificateFault::PssSigned)
    } else if accepted.contains(algorithm) {
        Ok(())
    } else {
        Err(CertificateFault::SignatureAlgorithm)
    }
}

fn usage(certificate: &TbsCertificate) -> Result<Usage, CertificateFault> {
    let key = certificate.key_usage().map_err(|_| CertificateFault::Malformed)?.map(|extension| extension.value);
    let extended =
        certificate.extended_key_usage().map_err(|_| CertificateFault::Malformed)?.map(|extension| extension.value);
    Ok(Usage {
        digital_signature: key.is_some_and(KeyUsage::digital_signature),
        non_repudiation: key.is_some_and(KeyUsage::non_repudiation),
        client_auth: extended.is_some_and(|usage| usage.client_auth),
    })
}

fn statements(certificate: &TbsCertificate) -> Result<Statements, CertificateFault> {
    let extension = certificate.get_extension_unique(&QC_STATEMENTS).map_err(|_| CertificateFault::Malformed)?;
    extension.map_or_else(|| Ok(Statements::default()), |extension| Statements::parse(extension.value))
}

fn organization(subject: &X509Name) -> Result<OrganizationIdentifier, CertificateFault> {
    let mut attributes = subject.iter_by_oid(&ORGANIZATION_IDENTIFIER);
    let attribute = attributes.next().ok_or(CertificateFault::OrganizationMissing)?;
    if attributes.next().is_some() {
        return Err(CertificateFault::OrganizationRepeated);
    }
    OrganizationIdentifier::parse(attribute.as_str().map_err(|_| CertificateFault::OrganizationSyntax)?)
}

fn thumbprint(der: &[u8]) -> [u8; 32] {
    let mut bytes = [0; 32];
    bytes.copy_from_slice(digest::digest(&digest::SHA256, der).as_ref());
    bytes
}

/// Times before 1970 are 1970.
fn seconds(timestamp: i64) -> u64 {
    u64::try_from(timestamp).unwrap_or_default()
}

fn crl_urls(certificate: &TbsCertificate) -> Result<Option<Vec<String>>, CertificateFault> {
    let extension =
        certificate.get_extension_unique(&CRL_DISTRIBUTION_POINTS).map_err(|_| CertificateFault::Malformed)?;
    let Some(extension) = extension else { return Ok(None) };
    let ParsedExtension::CRLDistributionPoints(list) = extension.parsed_extension() else {
        return Err(CertificateFault::Malformed);
    };
    let urls: Vec<_> = list.points.iter().flat_map(full_names).map(str::to_owned).collect();
    if urls.len() > MAX_CRL_URLS { Err(CertificateFault::TooLarge) } else { Ok(Some(urls)) }
}

/// The http and https URLs of a point.
fn full_names<'p>(point: &'p CRLDistributionPoint<'_>) -> impl Iterator<Item = &'p str> {
    let names = match &point.distribution_point {
        Some(DistributionPointName::FullName(names)) => names.as_slice(),
        _ => &[],
    };
    names.iter().filter_map(|name| match name {
        GeneralName::URI(url) if is_http(url) => Some(*url),
        _ => None,
    })
}

fn is_http(url: &str) -> bool {
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https"))
}
