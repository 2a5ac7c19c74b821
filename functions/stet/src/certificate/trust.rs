//! The chain to a trusted root, and revocation (RFC 5280 §6), by webpki.

use std::time::Duration;

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{
    CertRevocationList, EndEntityCert, Error, ExpirationPolicy, ExtendedKeyUsageValidator, KeyPurposeIdIter, KeyUsage,
    OwnedCertRevocationList, RevocationCheckDepth, RevocationOptions, RevocationOptionsBuilder, UnknownStatusPolicy,
    VerifiedPath, aws_lc_rs as algorithms,
};
use x509_parser::asn1_rs::FromDer;
use x509_parser::certificate::X509Certificate;
use x509_parser::revocation_list::CertificateRevocationList;

use super::{CertificateFault, QualifiedCertificate};

/// A chain in use has one or two intermediates.
const MAX_INTERMEDIATES: usize = 5;
/// The trusted lists of Europe name some hundreds of services.
const MAX_ANCHORS: usize = 2000;

/// PKCS#1 v1.5 with keys of 2048 bits and more, and ECDSA; each with SHA-256 or better.
static ALGORITHMS: &[&dyn SignatureVerificationAlgorithm] = &[
    algorithms::RSA_PKCS1_2048_8192_SHA256,
    algorithms::RSA_PKCS1_2048_8192_SHA384,
    algorithms::RSA_PKCS1_2048_8192_SHA512,
    algorithms::ECDSA_P256_SHA256,
    algorithms::ECDSA_P256_SHA384,
    algorithms::ECDSA_P256_SHA512,
    algorithms::ECDSA_P384_SHA256,
    algorithms::ECDSA_P384_SHA384,
    algorithms::ECDSA_P384_SHA512,
];

/// The certification authorities that a service trusts: at least one. An anchor's own validity, usage,
/// path length and revocation are not looked at (RFC 5280 §6.1.1); it is trusted because the operator says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TrustAnchors(Vec<TrustAnchor<'static>>);

/// Why a service's trust anchors cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AnchorFault {
    /// There is none.
    #[error("there is no trusted certificate")]
    Missing,
    /// More than any list of trusted services has.
    #[error("there are more than {MAX_ANCHORS} trusted certificates")]
    TooMany,
    /// The text is not PEM (RFC 7468 §5).
    #[error("the trusted certificates are not PEM")]
    Pem,
    /// Not an X.509 certificate in DER; the position counts from 0.
    #[error("trusted certificate {0} is not an X.509 certificate")]
    Malformed(usize),
    /// Not an authority's (RFC 5280 §4.2.1.9); the position counts from 0.
    #[error("trusted certificate {0} does not belong to a certification authority")]
    NotAuthority(usize),
}

impl TrustAnchors {
    /// Reads certificates in PEM, one after the other; what stands between them is passed over (RFC 7468 §2).
    ///
    /// # Errors
    /// [`AnchorFault`].
    pub fn parse_pem(text: &str) -> Result<Self, AnchorFault> {
        let certificates: Result<Vec<CertificateDer>, _> =
            CertificateDer::pem_slice_iter(text.as_bytes()).take(MAX_ANCHORS.saturating_add(1)).collect();
        Self::parse(&certificates.map_err(|_| AnchorFault::Pem)?)
    }

    /// Reads certificates in DER.
    ///
    /// # Errors
    /// [`AnchorFault`].
    pub fn parse(certificates: &[impl AsRef<[u8]>]) -> Result<Self, AnchorFault> {
        match certificates.len() {
            0 => Err(AnchorFault::Missing),
            1..=MAX_ANCHORS => {
                let anchors = certificates.iter().enumerate();
                anchors.map(|(index, der)| anchor(index, der.as_ref())).collect::<Result<_, _>>().map(Self)
            }
            _ => Err(AnchorFault::TooMany),
        }
    }
}

fn anchor(index: usize, der: &[u8]) -> Result<TrustAnchor<'static>, AnchorFault> {
    let certificate = CertificateDer::from(der);
    let anchor = webpki::anchor_from_trusted_cert(&certificate).map_err(|_| AnchorFault::Malformed(index))?.to_owned();
    let (_, parsed) = X509Certificate::from_der(der).map_err(|_| AnchorFault::Malformed(index))?;
    if parsed.is_ca() { Ok(anchor) } else { Err(AnchorFault::NotAuthority(index)) }
}

/// Revocation lists that somebody has fetched (RFC 5280 §5). Their signatures are checked when they are used.
#[derive(Debug, Default)]
pub struct RevocationLists(Vec<CertRevocationList<'static>>);

/// Not a complete, direct revocation list of version 2 in DER; the position counts from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("revocation list {0} is not a complete revocation list of version 2 in DER")]
pub struct RevocationListFault(pub usize);

impl RevocationLists {
    /// Reads lists in DER, in any order: where several are of one issuer, the newest counts.
    ///
    /// # Errors
    /// [`RevocationListFault`].
    pub fn parse(lists: &[impl AsRef<[u8]>]) -> Result<Self, RevocationListFault> {
        let read = |(index, der): (usize, &_)| list(AsRef::as_ref(der)).ok_or(RevocationListFault(index));
        let mut dated: Vec<_> = lists.iter().enumerate().map(read).collect::<Result<_, _>>()?;
        // webpki asks the first list that answers for a certificate, and no other.
        dated.sort_by_key(|(issued, _)| std::cmp::Reverse(*issued));
        Ok(Self(dated.into_iter().map(|(_, list)| list).collect()))
    }
}

/// A list and the time of its `thisUpdate`.
fn list(der: &[u8]) -> Option<(i64, CertRevocationList<'static>)> {
    let list = OwnedCertRevocationList::from_der(der).ok()?;
    let (_, dated) = CertificateRevocationList::from_der(der).ok()?;
    Some((dated.last_update().timestamp(), list.into()))
}

/// What a service's policy says about revocation.
#[derive(Debug, Clone, Copy)]
pub enum Revocation<'t> {
    /// It is not looked at.
    Ignored,
    /// Whatever a list revokes is refused, be the list old; without a list all is well. A list that has the issuer's
    /// name and not its signature is refused too.
    IfKnown(&'t RevocationLists),
    /// The same, and a certificate that names a list needs a current one of its issuer. Issuers do not.
    Required(&'t RevocationLists),
}

impl<'t> Revocation<'t> {
    fn lists(self) -> Vec<&'t CertRevocationList<'static>> {
        match self {
            Self::Ignored => Vec::new(),
            Self::IfKnown(lists) | Self::Required(lists) => lists.0.iter().collect(),
        }
    }
}

/// Whom a service trusts, and what its policy says about revocation.
#[derive(Debug, Clone, Copy)]
pub struct Trust<'t> {
    /// The roots.
    pub anchors: &'t TrustAnchors,
    /// Revocation.
    pub revocation: Revocation<'t>,
}

/// Builds a chain from a seal certificate through some of the `intermediates` (DER, `x5c[1..]`) to an anchor and
/// checks it at time `now`, in seconds since 1970: validity, signatures, basic constraints and path length, name
/// constraints, revocation. A seal certificate need not have an extended key usage, and may have any.
///
/// # Errors
/// [`CertificateFault`].
pub fn verify_seal(
    certificate: &QualifiedCertificate,
    intermediates: &[Vec<u8>],
    trust: &Trust,
    now: u64,
) -> Result<(), CertificateFault> {
    verify(certificate, intermediates, trust, now, &AnyPurpose)
}

/// The same for a website certificate that authenticates a client: an extended key usage, here or further up the
/// chain, must include clientAuth.
///
/// # Errors
/// [`CertificateFault`].
pub fn verify_web(
    certificate: &QualifiedCertificate,
    intermediates: &[Vec<u8>],
    trust: &Trust,
    now: u64,
) -> Result<(), CertificateFault> {
    verify(certificate, intermediates, trust, now, &KeyUsage::client_auth())
}

/// Every extended key usage will do, and none as well; it must be well formed.
struct AnyPurpose;

impl ExtendedKeyUsageValidator for AnyPurpose {
    fn validate(&self, mut purposes: KeyPurposeIdIter<'_, '_>) -> Result<(), Error> {
        purposes.try_for_each(|purpose| purpose.map(drop))
    }
}

fn verify(
    certificate: &QualifiedCertificate,
    intermediates: &[Vec<u8>],
    trust: &Trust,
    now: u64,
    purpose: &impl ExtendedKeyUsageValidator,
) -> Result<(), CertificateFault> {
    if intermediates.len() > MAX_INTERMEDIATES {
        return Err(CertificateFault::PathLength);
    }
    let intermediates: Vec<_> = intermediates.iter().map(|der| CertificateDer::from(der.as_slice())).collect();
    let der = CertificateDer::from(certificate.der());
    let leaf = EndEntityCert::try_from(&der).map_err(|error| fault(&error))?;
    let time = UnixTime::since_unix_epoch(Duration::from_secs(now));
    let chain = |revocation| {
        let anchors = &trust.anchors.0;
        leaf.verify_for_usage(ALGORITHMS, anchors, &intermediates, time, purpose, revocation, Some(&issuers_may_issue))
            .map(drop)
            .map_err(|error| fault(&error))
    };
    let lists = trust.revocation.lists();
    chain(known(&lists))?;
    if matches!(trust.revocation, Revocation::Required(_)) && certificate.names_revocation_list() {
        chain(Some(current(&lists).ok_or(CertificateFault::RevocationUnknown)?))?;
    }
    Ok(())
}

/// Any list, of whatever age, for every certificate of the chain.
fn known<'l>(lists: &'l [&'l CertRevocationList<'l>]) -> Option<RevocationOptions<'l>> {
    let options = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        options
            .with_depth(RevocationCheckDepth::Chain)
            .with_status_policy(UnknownStatusPolicy::Allow)
            .with_expiration_policy(ExpirationPolicy::Ignore)
            .build(),
    )
}

/// A current list for the certificate at the end of the chain.
fn current<'l>(lists: &'l [&'l CertRevocationList<'l>]) -> Option<RevocationOptions<'l>> {
    let options = RevocationOptionsBuilder::new(lists).ok()?;
    Some(
        options
            .with_depth(RevocationCheckDepth::EndEntity)
            .with_status_policy(UnknownStatusPolicy::Deny)
            .with_expiration_policy(ExpirationPolicy::Enforce)
            .build(),
    )
}

/// keyCertSign, which webpki does not look at (RFC 5280 §4.2.1.3).
fn issuers_may_issue(path: &VerifiedPath<'_>) -> Result<(), Error> {
    let may_issue = |der: CertificateDer| {
        X509Certificate::from_der(&der)
            .ok()
            .and_then(|(_, issuer)| {
                issuer.key_usage().ok().map(|usage| usage.is_none_or(|usage| usage.value.key_cert_sign()))
            })
            .unwrap_or_default()
    };
    if path.intermediate_certificates().all(|issuer| may_issue(issuer.der())) {
        Ok(())
    } else {
        Err(Error::EndEntityUsedAsCa)
    }
}

/// webpki's errors are many and may become more; those that name a rule keep it.
fn fault(error: &Error) -> CertificateFault {
    match error {
        Error::CertExpired { .. } => CertificateFault::Expired,
        Error::CertNotValidYet { .. } => CertificateFault::NotYetValid,
        Error::UnknownIssuer | Error::CertDistrusted => CertificateFault::Untrusted,
        Error::InvalidSignatureForPublicKey => CertificateFault::Signature,
        Error::UnsupportedSignatureAlgorithmContext(_) | Error::UnsupportedSignatureAlgorithmForPublicKeyContext(_) => {
            CertificateFault::SignatureAlgorithm
        }
        Error::CaUsedAsEndEntity => CertificateFault::IsAuthority,
        Error::EndEntityUsedAsCa => CertificateFault::IssuerNotAuthority,
        Error::PathLenConstraintViolated
        | Error::MaximumPathDepthExceeded
        | Error::MaximumPathBuildCallsExceeded
        | Error::MaximumSignatureChecksExceeded => CertificateFault::PathLength,
        Error::NameConstraintViolation
        | Error::MalformedNameConstraint
        | Error::MaximumNameConstraintComparisonsExceeded => CertificateFault::NameConstraint,
        Error::RequiredEkuNotFoundContext(_) | Error::EmptyEkuExtension => CertificateFault::ExtendedKeyUsage,
        Error::UnsupportedCriticalExtension => CertificateFault::CriticalExtension,
        Error::CertRevoked => CertificateFault::Revoked,
        Error::UnknownRevocationStatus
        | Error::CrlExpired { .. }
        | Error::InvalidCrlSignatureForPublicKey
        | Error::IssuerNotCrlSigner
        | Error::UnsupportedCrlSignatureAlgorithmContext(_)
        | Error::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_) => CertificateFault::RevocationUnknown,
        _ => CertificateFault::Malformed,
    }
}
