//! A certification authority for tests: a root, an intermediate, and what they issue.

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, CrlDistributionPoint,
    CustomExtension, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose,
    PublicKeyData, RevokedCertParams, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use x509_parser::asn1_rs::Oid;

/// 2026-06-15.
pub(crate) const NOW: u64 = 1_781_481_600;
pub(crate) const CRL_URL: &str = "http://ca.example/tsp.crl";
const ORGANIZATION: &str = "PSDFR-ACPR-12345";

pub(crate) struct Authority {
    root: CertifiedIssuer<'static, KeyPair>,
    intermediate: CertifiedIssuer<'static, KeyPair>,
}

impl Authority {
    pub(crate) fn new() -> Self {
        Self::with(authority("Root", None), authority("Trust Services", Some(0)))
    }

    pub(crate) fn with(root: CertificateParams, intermediate: CertificateParams) -> Self {
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate().unwrap()).unwrap();
        let intermediate = CertifiedIssuer::signed_by(intermediate, KeyPair::generate().unwrap(), &root).unwrap();
        Self { root, intermediate }
    }

    pub(crate) fn root(&self) -> Vec<u8> {
        self.root.der().to_vec()
    }

    pub(crate) fn root_pem(&self) -> String {
        self.root.pem()
    }

    pub(crate) fn chain(&self) -> Vec<Vec<u8>> {
        vec![self.intermediate.der().to_vec()]
    }

    pub(crate) fn issue(&self, params: &CertificateParams) -> Vec<u8> {
        self.issue_for(params, &KeyPair::generate().unwrap())
    }

    pub(crate) fn issue_for(&self, params: &CertificateParams, key: &impl PublicKeyData) -> Vec<u8> {
        params.signed_by(key, &self.intermediate).unwrap().der().to_vec()
    }

    /// A certificate that an authority below the intermediate has issued, and its chain.
    pub(crate) fn issue_through_another(&self, params: &CertificateParams) -> (Vec<u8>, Vec<Vec<u8>>) {
        let below = authority("Seals", None);
        let below = CertifiedIssuer::signed_by(below, KeyPair::generate().unwrap(), &self.intermediate).unwrap();
        let der = params.signed_by(&KeyPair::generate().unwrap(), &below).unwrap().der().to_vec();
        (der, [vec![below.der().to_vec()], self.chain()].concat())
    }

    /// A list of the intermediate, current at [`NOW`] or a year old.
    pub(crate) fn list(&self, revoked: &[u64], current: bool) -> Vec<u8> {
        let year = if current { 2026 } else { 2025 };
        list(&self.intermediate, revoked, year)
    }

    /// A current list of the root.
    pub(crate) fn root_list(&self, revoked: &[u64]) -> Vec<u8> {
        list(&self.root, revoked, 2026)
    }
}

fn list(issuer: &CertifiedIssuer<'static, KeyPair>, revoked: &[u64], year: i32) -> Vec<u8> {
    let entry = |serial: &u64| RevokedCertParams {
        serial_number: SerialNumber::from(*serial),
        revocation_time: date_time_ymd(year, 5, 1),
        reason_code: None,
        invalidity_date: None,
    };
    CertificateRevocationListParams {
        this_update: date_time_ymd(year, 6, 1),
        next_update: date_time_ymd(year, 7, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    }
    .signed_by(issuer)
    .unwrap()
    .der()
    .to_vec()
}

pub(crate) fn authority(name: &str, path_length: Option<u8>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(path_length.map_or(BasicConstraints::Unconstrained, BasicConstraints::Constrained));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params.serial_number = Some(SerialNumber::from(2));
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2040, 1, 1);
    params
}

/// A seal certificate for payment initiation and account information, valid from 2026 to 2028, serial number 7.
pub(crate) fn seal() -> CertificateParams {
    let mut params = leaf(Some(ORGANIZATION));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
    params.custom_extensions = vec![qc_statements(&seal_statements())];
    params
}

/// A website certificate of the same organization.
pub(crate) fn web() -> CertificateParams {
    let mut params = leaf(Some(ORGANIZATION));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.custom_extensions = vec![qc_statements(&[compliance(), qc_type(3), psd2(&[(2, "PSP_PI"), (3, "PSP_AI")])])];
    params
}

pub(crate) fn leaf(organization: Option<&str>) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    params.distinguished_name.push(DnType::CountryName, "FR");
    params.distinguished_name.push(DnType::OrganizationName, "ACME, SAS");
    if let Some(organization) = organization {
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 97]), organization);
    }
    params.distinguished_name.push(DnType::CommonName, "acme");
    params.serial_number = Some(SerialNumber::from(7));
    params.crl_distribution_points =
        vec![CrlDistributionPoint { uris: vec!["ldap://ca.example/tsp".into(), CRL_URL.into()] }];
    params.not_before = date_time_ymd(2026, 1, 1);
    params.not_after = date_time_ymd(2028, 1, 1);
    params
}

pub(crate) fn seal_statements() -> Vec<Vec<u8>> {
    vec![compliance(), qc_type(2), psd2(&[(2, "PSP_PI"), (3, "PSP_AI")])]
}

pub(crate) fn qc_statements(list: &[Vec<u8>]) -> CustomExtension {
    CustomExtension::from_oid_content(&[1, 3, 6, 1, 5, 5, 7, 1, 3], tlv(0x30, &list.concat()))
}

pub(crate) fn compliance() -> Vec<u8> {
    tlv(0x30, &oid(&[0, 4, 0, 1862, 1, 1]))
}

/// 1 is esign, 2 eseal, 3 web.
pub(crate) fn qc_type(kind: u64) -> Vec<u8> {
    let list = tlv(0x30, &oid(&[0, 4, 0, 1862, 1, 6, kind]));
    tlv(0x30, &[oid(&[0, 4, 0, 1862, 1, 6]), list].concat())
}

/// 1 is `PSP_AS`, 2 `PSP_PI`, 3 `PSP_AI`, 4 `PSP_IC`.
pub(crate) fn psd2(roles: &[(u64, &str)]) -> Vec<u8> {
    psd2_of(roles, &["Autorité de contrôle prudentiel et de résolution", "FR-ACPR"])
}

pub(crate) fn psd2_of(roles: &[(u64, &str)], texts: &[&str]) -> Vec<u8> {
    let role =
        |(arc, name): &(u64, &str)| tlv(0x30, &[oid(&[0, 4, 0, 19495, 1, *arc]), tlv(0x0c, name.as_bytes())].concat());
    let roles: Vec<u8> = roles.iter().flat_map(role).collect();
    let texts: Vec<u8> = texts.iter().flat_map(|text| tlv(0x0c, text.as_bytes())).collect();
    tlv(0x30, &[oid(&[0, 4, 0, 19495, 2]), tlv(0x30, &[tlv(0x30, &roles), texts].concat())].concat())
}

pub(crate) fn oid(arcs: &[u64]) -> Vec<u8> {
    tlv(0x06, Oid::from(arcs).unwrap().as_bytes())
}

pub(crate) fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u16::try_from(content.len()).unwrap().to_be_bytes();
    let header = match length {
        [0, short @ 0..=0x7f] => vec![tag, short],
        [0, low] => vec![tag, 0x81, low],
        [high, low] => vec![tag, 0x82, high, low],
    };
    [header, content.to_vec()].concat()
}

/// An RSA key that nobody has the private part of.
pub(crate) struct RsaKey(Vec<u8>);

impl RsaKey {
    pub(crate) fn of_bytes(length: usize) -> Self {
        let modulus = tlv(0x02, &[vec![0], vec![0xc5; length]].concat());
        Self(tlv(0x30, &[modulus, tlv(0x02, &[1, 0, 1])].concat()))
    }
}

impl PublicKeyData for RsaKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &rcgen::PKCS_RSA_SHA256
    }
}
