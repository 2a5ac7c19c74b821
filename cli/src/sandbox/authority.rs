//! An authority that issues qualified certificates to payment institutions (ETSI TS 119 495), for one machine.

use anyhow::Result;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, CustomExtension, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, SerialNumber, date_time_ymd,
};
use shared::entropy::Entropy;
use x509_parser::asn1_rs::{Oid, Sequence, ToDer, Utf8String};

use crate::failure::described;

/// `organizationIdentifier` (ETSI EN 319 412-1 §5.1.4).
const ORGANIZATION_IDENTIFIER: &[u64] = &[2, 5, 4, 97];

const QC_STATEMENTS: &[u64] = &[1, 3, 6, 1, 5, 5, 7, 1, 3];
const QC_COMPLIANCE: &[u64] = &[0, 4, 0, 1862, 1, 1];
const QC_TYPE: &[u64] = &[0, 4, 0, 1862, 1, 6];
const QC_TYPE_SEAL: &[u64] = &[0, 4, 0, 1862, 1, 6, 2];
const QC_TYPE_WEB: &[u64] = &[0, 4, 0, 1862, 1, 6, 3];
const PSD2: &[u64] = &[0, 4, 0, 19495, 2];
const ROLES: [(&[u64], &str); 2] = [(&[0, 4, 0, 19495, 1, 2], "PSP_PI"), (&[0, 4, 0, 19495, 1, 3], "PSP_AI")];
const COMPETENT_AUTHORITY: [&str; 2] = ["Autorité de contrôle prudentiel et de résolution", "FR-ACPR"];

/// A root and the authority below it that issues.
pub(super) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    issuing: CertifiedIssuer<'static, KeyPair>,
}

/// A certificate and its key.
pub(super) struct Issued {
    pub(super) certificate: rcgen::Certificate,
    pub(super) key: KeyPair,
}

impl Authority {
    pub(super) fn new(entropy: &Entropy) -> Result<Self> {
        let root = above("Sandbox Root", BasicConstraints::Unconstrained, entropy)?;
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;
        let issuing = above("Sandbox Trust Services", BasicConstraints::Constrained(0), entropy)?;
        let issuing = CertifiedIssuer::signed_by(issuing, KeyPair::generate()?, &root)?;
        Ok(Self { root, issuing })
    }

    /// Both authorities in PEM: of a client's chain a gateway passes on the leaf alone.
    pub(super) fn pem(&self) -> String {
        self.root.pem() + &self.issuing.pem()
    }

    /// The issuing authority's certificate, which stands behind a leaf in a chain.
    pub(super) fn issuing(&self) -> &[u8] {
        self.issuing.der()
    }

    /// A website certificate (QWAC), which opens connections.
    pub(super) fn website(&self, organization: &str, entropy: &Entropy) -> Result<Issued> {
        let mut params = leaf(organization, QC_TYPE_WEB, entropy)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.issue(&params)
    }

    /// A seal certificate (QSEAL), which signs requests.
    pub(super) fn seal(&self, organization: &str, entropy: &Entropy) -> Result<Issued> {
        let mut params = leaf(organization, QC_TYPE_SEAL, entropy)?;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        self.issue(&params)
    }

    fn issue(&self, params: &CertificateParams) -> Result<Issued> {
        let key = KeyPair::generate()?;
        Ok(Issued { certificate: params.signed_by(&key, &self.issuing)?, key })
    }
}

fn above(name: &str, constraints: BasicConstraints, entropy: &Entropy) -> Result<CertificateParams> {
    let mut params = valid(name, entropy)?;
    params.is_ca = IsCa::Ca(constraints);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    Ok(params)
}

fn leaf(organization: &str, kind: &[u64], entropy: &Entropy) -> Result<CertificateParams> {
    let mut params = valid("tpp.example", entropy)?;
    params.distinguished_name.push(DnType::CountryName, "FR");
    params.distinguished_name.push(DnType::OrganizationName, "Sandbox TPP SAS");
    params.distinguished_name.push(DnType::CustomDnType(ORGANIZATION_IDENTIFIER.to_vec()), organization);
    params.custom_extensions = vec![CustomExtension::from_oid_content(QC_STATEMENTS, qc_statements(kind)?)];
    Ok(params)
}

fn valid(name: &str, entropy: &Entropy) -> Result<CertificateParams> {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.serial_number = Some(SerialNumber::from(entropy.bytes::<8>().map_err(described)?.to_vec()));
    (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2049, 12, 31));
    Ok(params)
}

/// ETSI EN 319 412-5 §4.2 and TS 119 495 §5.1: qualified, of that kind, for payment initiation and account information.
fn qc_statements(kind: &[u64]) -> Result<Vec<u8>> {
    let roles = ROLES.map(|(role, name)| sequence(&[oid(role)?, text(name)?]));
    let roles = sequence(&roles.into_iter().collect::<Result<Vec<_>>>()?)?;
    let [name, identifier] = COMPETENT_AUTHORITY;
    sequence(&[
        sequence(&[oid(QC_COMPLIANCE)?])?,
        sequence(&[oid(QC_TYPE)?, sequence(&[oid(kind)?])?])?,
        sequence(&[oid(PSD2)?, sequence(&[roles, text(name)?, text(identifier)?])?])?,
    ])
}

fn sequence(parts: &[Vec<u8>]) -> Result<Vec<u8>> {
    Ok(Sequence::new(parts.concat().into()).to_der_vec()?)
}

fn oid(arcs: &[u64]) -> Result<Vec<u8>> {
    let oid = Oid::from(arcs).map_err(|_| anyhow::anyhow!("{arcs:?} is no object identifier"))?;
    Ok(oid.to_der_vec()?)
}

fn text(text: &str) -> Result<Vec<u8>> {
    Ok(Utf8String::new(text).to_der_vec()?)
}
