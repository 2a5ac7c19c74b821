//! Certificates of every kind, each that is refused failing one rule.

mod authority;

use proptest::prelude::*;
use rcgen::{
    CertificateParams, CustomExtension, DnType, ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ED25519,
    date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use super::*;
use CertificateFault as Fault;
use authority::{
    Authority, CRL_URL, NOW, RsaKey, authority as issuer, compliance, leaf, oid as oid_der, psd2, psd2_of,
    qc_statements, qc_type, seal, seal_statements, tlv, web,
};

const REAL_SEAL: &[u8] = include_bytes!("../../tests/data/real_qseal_tink_multicert_2019.pem");
const PSS_SIGNED: &[u8] = include_bytes!("../../tests/data/pss_signed.pem");

fn from_pem(pem: &[u8]) -> Vec<u8> {
    CertificateDer::from_pem_slice(pem).unwrap().to_vec()
}

fn anchors(authority: &Authority) -> TrustAnchors {
    TrustAnchors::parse(&[authority.root()]).unwrap()
}

fn seal_outcome(authority: &Authority, der: &[u8]) -> Result<(), Fault> {
    outcome(check_seal, authority, der, Revocation::Ignored, NOW)
}

fn web_outcome(authority: &Authority, der: &[u8]) -> Result<(), Fault> {
    outcome(check_web, authority, der, Revocation::Ignored, NOW)
}

type Check = fn(&QualifiedCertificate, &[Vec<u8>], &Trust, u64) -> Result<(), Fault>;

fn outcome(check: Check, authority: &Authority, der: &[u8], revocation: Revocation, now: u64) -> Result<(), Fault> {
    let certificate = QualifiedCertificate::parse(der)?;
    check(&certificate, &authority.chain(), &Trust { anchors: &anchors(authority), revocation }, now)
}

fn with(mut params: CertificateParams, change: impl FnOnce(&mut CertificateParams)) -> CertificateParams {
    change(&mut params);
    params
}

fn with_statements(list: &[Vec<u8>]) -> CertificateParams {
    with(seal(), |params| params.custom_extensions = vec![qc_statements(list)])
}

#[test]
fn ts119495_a_seal_certificate_in_use_is_read() {
    let der = from_pem(REAL_SEAL);
    let certificate = QualifiedCertificate::parse(&der).unwrap();
    assert_eq!(certificate.organization().as_str(), "PSDSE-FINA-44059");
    assert_eq!(certificate.organization().authority(), "SE-FINA");
    assert_eq!(certificate.roles(), [Role::AccountInformation, Role::PaymentInitiation]);
    let psd2 = certificate.statements().psd2.as_ref().unwrap();
    assert_eq!(psd2.authority_name, "Swedish Financial Supervision Authority");
    assert_eq!(psd2.authority_id, "SE-FINA");
    assert!(certificate.statements().qualified);
    assert_eq!(certificate.statements().types, [QcType::Seal]);
    assert_eq!(["aisp", "pisp", "cbpii", "x"].map(|scope| certificate.permits(scope)), [true, true, false, false]);
    assert_eq!((certificate.not_before(), certificate.not_after()), (1_559_671_200, 1_622_851_140));
    assert_eq!(certificate.crl_urls(), ["http://pki.multicert.com/crl/crl_ts002.crl"]);
    let PublicKey::Rsa { modulus, exponent } = certificate.key() else { panic!("an RSA key") };
    assert_eq!((modulus.len(), &modulus[..2], exponent.as_slice()), (256, &[0xdd, 0x7d][..], &[1, 0, 1][..]));
    assert_eq!(certificate.thumbprint(), &REAL_THUMBPRINT);
    assert_eq!(certificate.usage, Usage { digital_signature: false, non_repudiation: true, client_auth: false });
    assert_eq!(certificate.der(), der);
    assert!(der.windows(certificate.spki().len()).any(|part| part == certificate.spki()));
}

/// `openssl x509 -fingerprint -sha256`.
const REAL_THUMBPRINT: [u8; 32] = [
    0x01, 0xd6, 0x38, 0x7f, 0xdf, 0x75, 0xa5, 0x94, 0xa7, 0xc3, 0x94, 0x16, 0xa3, 0x4c, 0x3d, 0x33, 0x53, 0x20, 0x92,
    0x7b, 0x79, 0x08, 0xc8, 0x89, 0xfe, 0x20, 0x36, 0x78, 0x7b, 0x3a, 0x76, 0xf5,
];

#[test]
fn rfc4514_the_subject_is_written_last_rdn_first() {
    let certificate = QualifiedCertificate::parse(&from_pem(REAL_SEAL)).unwrap();
    let unit = "OU=PSD2 Qualified Certificate for Electronic Seal";
    let standard = format!("CN=Tink AB,{unit},2.5.4.97=#0c1050534453452d46494e412d3434303539,O=Tink AB,C=SE");
    assert_eq!(certificate.subject_dn(), standard);
    for (text, expected) in [
        (standard.as_str(), true),
        (&format!("CN=Tink AB,{unit},2.5.4.97=PSDSE-FINA-44059,O=Tink AB,C=SE"), true),
        (&format!("CN=Tink AB,{unit},organizationIdentifier=PSDSE-FINA-44059,O=Tink AB,C=SE"), true),
        (&format!("C=SE,O=Tink AB,organizationIdentifier=PSDSE-FINA-44059,{unit},CN=Tink AB"), false),
        ("CN=Tink AB", false),
        ("", false),
    ] {
        assert_eq!(certificate.is_subject_dn(text), expected, "{text}");
    }
}

#[test]
fn a_seal_and_a_website_certificate_of_one_organization_are_accepted() {
    let authority = Authority::new();
    let (one, other) = (authority.issue(&seal()), authority.issue(&web()));
    assert_eq!(seal_outcome(&authority, &one), Ok(()));
    assert_eq!(web_outcome(&authority, &other), Ok(()));
    let one = QualifiedCertificate::parse(&one).unwrap();
    let other = QualifiedCertificate::parse(&other).unwrap();
    assert_eq!(same_organization(&one, &other), Ok(()));
    assert_eq!(one.crl_urls(), [CRL_URL]);
    assert_eq!(one.subject_dn(), "CN=acme,2.5.4.97=#0c1050534446522d414350522d3132333435,O=ACME\\, SAS,C=FR");
    assert_eq!(one.key(), &PublicKey::P256);

    let third = with(leaf(Some("PSDFR-ACPR-12346")), |params| params.key_usages = web().key_usages);
    let third = QualifiedCertificate::parse(&authority.issue(&third)).unwrap();
    assert_eq!(same_organization(&one, &third), Err(Fault::OtherOrganization));
}

#[test]
fn seals_that_differ_from_the_usual_are_accepted() {
    let authority = Authority::new();
    let mut permuted = seal_statements();
    permuted.reverse();
    let mut more = seal_statements();
    more.insert(0, tlv(0x30, &[oid_der(&[0, 4, 0, 1862, 1, 3]), tlv(0x02, &[7])].concat()));
    more.insert(2, tlv(0x30, &oid_der(&[1, 3, 6, 1, 5, 5, 7, 11, 2])));
    for (what, params) in [
        ("statements in another order", with_statements(&permuted)),
        ("statements that are not known", with_statements(&more)),
        ("nonRepudiation", with(seal(), |p| p.key_usages = vec![KeyUsagePurpose::ContentCommitment])),
        ("digitalSignature", with(seal(), |p| p.key_usages = vec![KeyUsagePurpose::DigitalSignature])),
        (
            "some extended key usage",
            with(seal(), |p| p.extended_key_usages = vec![ExtendedKeyUsagePurpose::EmailProtection]),
        ),
        ("no distribution point", with(seal(), |p| p.crl_distribution_points.clear())),
        ("explicitly no authority", with(seal(), |p| p.is_ca = IsCa::ExplicitNoCa)),
        ("a role twice", with_statements(&[compliance(), qc_type(2), psd2(&[(4, "PSP_IC"), (4, "PSP_IC")])])),
        ("account servicing too", with_statements(&[compliance(), qc_type(2), psd2(&[(1, "PSP_AS"), (3, "PSP_AI")])])),
    ] {
        assert_eq!(seal_outcome(&authority, &authority.issue(&params)), Ok(()), "{what}");
    }
    assert_eq!(seal_outcome(&authority, &authority.issue_for(&seal(), &RsaKey::of_bytes(256))), Ok(()));
    let p384 = KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384).unwrap();
    assert_eq!(seal_outcome(&authority, &authority.issue_for(&seal(), &p384)), Ok(()));
}

#[test]
fn ts119495_5_1_seals_that_break_a_rule_are_refused() {
    let authority = Authority::new();
    let pi = || psd2(&[(2, "PSP_PI")]);
    let long = "x".repeat(257);
    let empty = tlv(0x30, &[oid_der(&[0, 4, 0, 19495, 2]), tlv(0x30, &[])].concat());
    for (fault, params) in [
        (Fault::KeyUsage, with(seal(), |p| p.key_usages = vec![KeyUsagePurpose::KeyEncipherment])),
        (Fault::KeyUsage, with(seal(), |p| p.key_usages.clear())),
        (Fault::NotQualified, with(seal(), |p| p.custom_extensions.clear())),
        (Fault::NotQualified, with_statements(&[qc_type(2), pi()])),
        (Fault::NotSeal, web()),
        (Fault::NotSeal, with_statements(&[compliance(), pi()])),
        (Fault::NotSeal, with_statements(&[compliance(), qc_type(1), pi()])),
        (Fault::Psd2Missing, with_statements(&[compliance(), qc_type(2)])),
        (Fault::NoRole, with_statements(&[compliance(), qc_type(2), psd2(&[(1, "PSP_AS")])])),
        (Fault::RoleMismatch, with_statements(&[psd2(&[(3, "PSP_PI"), (2, "PSP_AI")])])),
        (Fault::RoleMismatch, with_statements(&[psd2(&[(1, "PSP_AI")])])),
        (Fault::RoleMismatch, with_statements(&[psd2(&[(2, "psp_pi")])])),
        (Fault::RoleMismatch, with_statements(&[psd2(&[(3, "PSP_AI"), (5, "PSP_PI")])])),
        (Fault::RoleMismatch, with_statements(&[psd2(&[(0, "PSP_AS")])])),
        (Fault::RoleMismatch, with_statements(&[psd2(&[(52, "VOP_RS")])])),
        (Fault::NoRole, with_statements(&[compliance(), qc_type(2), psd2(&[(52, "VOP_VS"), (99, "XYZ")])])),
        (Fault::RoleMissing, with_statements(&[psd2(&[])])),
        (Fault::TooLarge, with_statements(&[psd2(&[(2, "PSP_PI"); 17])])),
        (
            Fault::TooLarge,
            with_statements(&vec![compliance(); 1].into_iter().chain(vec![unknown(); 32]).collect::<Vec<_>>()),
        ),
        (Fault::Statements, with_statements(&[empty])),
        (Fault::Statements, with_statements(&[psd2_of(&[(2, "PSP_PI")], &["", "FR-ACPR"])])),
        (Fault::Statements, with_statements(&[psd2_of(&[(2, "PSP_PI")], &["ACPR", &long])])),
        (Fault::Statements, with_statements(&[psd2_of(&[(2, "PSP_PI")], &["ACPR"])])),
        (Fault::Statements, with_statements(&[psd2_of(&[(2, "PSP_PI")], &["ACPR", "FR-ACPR", "more"])])),
        (Fault::Statements, with_statements(&[tlv(0x31, &[])])),
        (Fault::Statements, with_statements(&[qc_type(4)])),
        (Fault::StatementRepeated, with_statements(&[pi(), compliance(), pi()])),
        (Fault::StatementRepeated, with_statements(&[qc_type(2), qc_type(3)])),
        (Fault::StatementRepeated, with_statements(&[compliance(), compliance()])),
        (Fault::OrganizationMissing, with(seal(), |p| p.distinguished_name = leaf(None).distinguished_name)),
        (Fault::OrganizationSyntax, with(seal(), |p| p.distinguished_name = leaf(Some("VATFR-1")).distinguished_name)),
        (Fault::IsAuthority, with(seal(), |p| p.is_ca = issuer("x", None).is_ca)),
    ] {
        assert_eq!(seal_outcome(&authority, &authority.issue(&params)), Err(fault), "{params:?}");
    }
}

#[test]
fn ts119495_annex_a_further_roles_give_no_scope_and_void_no_other() {
    let authority = Authority::new();
    for (roles, expected) in [
        (&[(3, "PSP_AI"), (5, "PSP_CB")][..], &[Role::AccountInformation, Role::CentralBank][..]),
        (&[(6, "PSP_PA"), (3, "PSP_AI")], &[Role::PublicAuthority, Role::AccountInformation]),
        (&[(51, "VOP_RS"), (52, "VOP_VS"), (3, "PSP_AI")], &[Role::VopRs, Role::VopVs, Role::AccountInformation]),
        (&[(0, "Unspecified"), (3, "PSP_AI")], &[Role::Unspecified, Role::AccountInformation]),
        (&[(3, "PSP_AI"), (99, "PSP_PI")], &[Role::AccountInformation]),
    ] {
        for (check, kind, params) in [(check_seal as Check, 2, seal()), (check_web, 3, web())] {
            let statements = [compliance(), qc_type(kind), psd2(roles)];
            let der = authority.issue(&with(params, |p| p.custom_extensions = vec![qc_statements(&statements)]));
            assert_eq!(outcome(check, &authority, &der, Revocation::Ignored, NOW), Ok(()), "{roles:?}");
            let certificate = QualifiedCertificate::parse(&der).unwrap();
            assert_eq!(certificate.roles(), expected);
            assert_eq!(["aisp", "pisp", "cbpii"].map(|scope| certificate.permits(scope)), [true, false, false]);
        }
    }
}

fn unknown() -> Vec<u8> {
    tlv(0x30, &oid_der(&[1, 2, 3, 4]))
}

#[test]
fn website_certificates_that_break_a_rule_are_refused() {
    let authority = Authority::new();
    let servers = || vec![ExtendedKeyUsagePurpose::ServerAuth];
    for (fault, params) in [
        (Fault::KeyUsage, with(web(), |p| p.key_usages = vec![KeyUsagePurpose::ContentCommitment])),
        (Fault::ExtendedKeyUsage, with(web(), |p| p.extended_key_usages.clear())),
        (Fault::ExtendedKeyUsage, with(web(), |p| p.extended_key_usages = servers())),
        (Fault::NotQualified, with(web(), |p| p.custom_extensions.clear())),
        (Fault::NotWeb, with(seal(), |p| p.extended_key_usages = web().extended_key_usages)),
        (Fault::Psd2Missing, with(web(), |p| p.custom_extensions = vec![qc_statements(&[compliance(), qc_type(3)])])),
    ] {
        assert_eq!(web_outcome(&authority, &authority.issue(&params)), Err(fault), "{params:?}");
    }
    let both = with(web(), |params| params.extended_key_usages.extend(servers()));
    assert_eq!(web_outcome(&authority, &authority.issue(&both)), Ok(()));
}

#[test]
fn s4_2_3_two_organization_identifiers_are_refused() {
    let twice = with(seal(), |params| {
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 98]), "PSDFR-ACPR-99999");
    });
    let mut der = Authority::new().issue(&twice);
    // rcgen keeps one attribute of a kind: 2.5.4.98 becomes 2.5.4.97.
    let at = der.windows(5).position(|part| part == [0x06, 0x03, 0x55, 0x04, 98]).unwrap();
    der[at + 4] = 97;
    assert_eq!(QualifiedCertificate::parse(&der), Err(Fault::OrganizationRepeated));
}

#[test]
fn keys_and_signatures_of_other_kinds_are_refused() {
    let authority = Authority::new();
    let ed25519 = KeyPair::generate_for(&PKCS_ED25519).unwrap();
    for (fault, der) in [
        (Fault::PssSigned, from_pem(PSS_SIGNED)),
        (Fault::KeySize, authority.issue_for(&seal(), &RsaKey::of_bytes(128))),
        (Fault::KeySize, authority.issue_for(&seal(), &RsaKey::of_bytes(1025))),
        (Fault::KeyType, authority.issue_for(&seal(), &ed25519)),
        (Fault::SignatureAlgorithm, seal().self_signed(&ed25519).unwrap().der().to_vec()),
    ] {
        assert_eq!(QualifiedCertificate::parse(&der), Err(fault));
    }
}

#[test]
fn rfc5280_4_1_2_5_validity_ends_with_its_last_second() {
    let authority = Authority::new();
    let der = authority.issue(&seal());
    let certificate = QualifiedCertificate::parse(&der).unwrap();
    let (first, last) = (certificate.not_before(), certificate.not_after());
    for (now, expected) in [
        (first - 1, Err(Fault::NotYetValid)),
        (first, Ok(())),
        (last, Ok(())),
        (last + 1, Err(Fault::Expired)),
        (0, Err(Fault::NotYetValid)),
        (u64::MAX, Err(Fault::Expired)),
    ] {
        assert_eq!(outcome(check_seal, &authority, &der, Revocation::Ignored, now), expected, "{now}");
    }
}

#[test]
fn rfc5280_6_1_chains_that_do_not_hold_are_refused() {
    let usual = || issuer("Trust Services", None);
    for (fault, root, intermediate) in [
        (Fault::IssuerNotAuthority, issuer("Root", None), with(usual(), |p| p.is_ca = IsCa::NoCa)),
        (
            Fault::IssuerNotAuthority,
            issuer("Root", None),
            with(usual(), |p| p.key_usages = vec![KeyUsagePurpose::CrlSign]),
        ),
        (Fault::Expired, issuer("Root", None), with(usual(), |p| p.not_after = date_time_ymd(2026, 2, 1))),
        (Fault::NotYetValid, issuer("Root", None), with(usual(), |p| p.not_before = date_time_ymd(2027, 1, 1))),
    ] {
        let authority = Authority::with(root, intermediate);
        assert_eq!(seal_outcome(&authority, &authority.issue(&seal())), Err(fault));
    }
}

#[test]
fn rfc5280_4_2_1_9_a_path_has_no_more_issuers_than_one_of_them_allows() {
    for (path_length, expected) in [(Some(0), Err(Fault::PathLength)), (Some(1), Ok(())), (None, Ok(()))] {
        let authority = Authority::with(issuer("Root", None), issuer("Trust Services", path_length));
        let (der, chain) = authority.issue_through_another(&seal());
        let certificate = QualifiedCertificate::parse(&der).unwrap();
        let trust = Trust { anchors: &anchors(&authority), revocation: Revocation::Ignored };
        assert_eq!(verify_seal(&certificate, &chain, &trust, NOW), expected, "{path_length:?}");
    }
}

#[test]
fn rfc5280_6_1_other_roots_and_signatures_are_refused() {
    let (authority, other) = (Authority::new(), Authority::new());
    let der = authority.issue(&seal());
    let certificate = QualifiedCertificate::parse(&der).unwrap();
    let trusted = anchors(&authority);
    let trust = Trust { anchors: &trusted, revocation: Revocation::Ignored };
    assert_eq!(verify_seal(&certificate, &[], &trust, NOW), Err(Fault::Untrusted));
    assert_eq!(verify_seal(&certificate, &[vec![0x30, 0x00], b"x".to_vec()], &trust, NOW), Err(Fault::Malformed));
    let mixed = [vec![b"x".to_vec()], authority.chain()].concat();
    assert_eq!(verify_seal(&certificate, &mixed, &trust, NOW), Ok(()));
    let many = [authority.chain(), vec![vec![]; 5]].concat();
    assert_eq!(verify_seal(&certificate, &many, &trust, NOW), Err(Fault::PathLength));
    // An impostor has the name of the authority and another key.
    let impostor = anchors(&other);
    let trust = Trust { anchors: &impostor, revocation: Revocation::Ignored };
    assert_eq!(verify_seal(&certificate, &authority.chain(), &trust, NOW), Err(Fault::Signature));
    let elsewhere = Authority::with(issuer("Elsewhere", None), issuer("x", None));
    assert_eq!(outcome(check_seal, &elsewhere, &der, Revocation::Ignored, NOW), Err(Fault::Untrusted));
    // The intermediate may be the anchor itself.
    let direct = TrustAnchors::parse(&authority.chain()).unwrap();
    let trust = Trust { anchors: &direct, revocation: Revocation::Ignored };
    assert_eq!(verify_seal(&certificate, &[], &trust, NOW), Ok(()));

    let real = from_pem(REAL_SEAL);
    assert_eq!(outcome(check_seal, &authority, &real, Revocation::Ignored, 1_600_000_000), Err(Fault::Untrusted));
    assert_eq!(outcome(check_seal, &authority, &real, Revocation::Ignored, NOW), Err(Fault::Expired));
}

#[test]
fn rfc5280_6_3_revocation_is_what_the_policy_asks_for() {
    let authority = Authority::new();
    let der = authority.issue(&seal());
    let unlisted = authority.issue(&with(seal(), |params| params.crl_distribution_points.clear()));
    let lists = |ders: &[Vec<u8>]| RevocationLists::parse(ders).unwrap();
    let (none, clean) = (lists(&[]), lists(&[authority.list(&[8, 9], true)]));
    let (revoked, old) = (lists(&[authority.list(&[7], true)]), lists(&[authority.list(&[], false)]));
    let old_revoked = lists(&[authority.list(&[7], false)]);
    let issuer_revoked = lists(&[authority.list(&[], true), authority.root_list(&[2])]);
    // The name of the issuer is the same, the key is another.
    let foreign = lists(&[Authority::new().list(&[], true)]);
    let of_root = lists(&[authority.root_list(&[])]);
    let renewed = lists(&[authority.list(&[7], false), authority.list(&[], true)]);
    let lately = lists(&[authority.list(&[], false), authority.list(&[7], true)]);
    let (refused, unknown) = (Err(Fault::Revoked), Err(Fault::RevocationUnknown));
    for (what, lists, if_known, required) in [
        ("no list", &none, Ok(()), unknown),
        ("clean", &clean, Ok(()), Ok(())),
        ("revoked", &revoked, refused, refused),
        ("old", &old, Ok(()), unknown),
        ("revoked long ago", &old_revoked, refused, refused),
        ("issuer revoked", &issuer_revoked, refused, refused),
        ("not signed by the issuer", &foreign, unknown, unknown),
        ("revoked on an old list, not on the new one", &renewed, Ok(()), Ok(())),
        ("revoked on the new list, not on an old one", &lately, refused, refused),
        ("of another issuer", &of_root, Ok(()), unknown),
    ] {
        let check = |der, revocation| outcome(check_seal, &authority, der, revocation, NOW);
        assert_eq!(check(&der, Revocation::Ignored), Ok(()), "{what}");
        assert_eq!(check(&der, Revocation::IfKnown(lists)), if_known, "{what}");
        assert_eq!(check(&der, Revocation::Required(lists)), required, "{what}");
        assert_eq!(check(&unlisted, Revocation::Required(lists)), if_known, "{what}");
    }
    assert_eq!(
        RevocationLists::parse(&[authority.list(&[], true), b"x".to_vec()]).unwrap_err(),
        RevocationListFault(1)
    );
}

#[test]
fn what_is_no_certificate_is_refused() {
    let authority = Authority::new();
    let der = authority.issue(&seal());
    let critical = with(seal(), |params| {
        let mut extension = CustomExtension::from_oid_content(&[1, 2, 3], vec![0x05, 0x00]);
        extension.set_criticality(true);
        params.custom_extensions.push(extension);
    });
    let repeated = with(seal(), |params| params.custom_extensions.push(qc_statements(&seal_statements())));
    let many = with(seal(), |params| {
        let extension = |arc| CustomExtension::from_oid_content(&[1, 2, 3, arc], vec![0x05, 0x00]);
        params.custom_extensions.extend((0..40).map(extension));
    });
    let longer_length = {
        let mut bytes = der.clone();
        // 30 82 hh ll becomes 30 83 00 hh ll.
        bytes[1] = 0x83;
        bytes.insert(2, 0);
        bytes
    };
    for (fault, bytes) in [
        (Fault::Malformed, vec![]),
        (Fault::Malformed, b"-----BEGIN CERTIFICATE-----".to_vec()),
        (Fault::Malformed, der[..der.len() - 1].to_vec()),
        (Fault::TrailingData, [der.as_slice(), &[0]].concat()),
        (Fault::TrailingData, [der.as_slice(), &der].concat()),
        (Fault::TooLarge, vec![0x30; MAX_BYTES + 1]),
        (Fault::Malformed, longer_length),
        (Fault::CriticalExtension, authority.issue(&critical)),
        (Fault::Malformed, authority.issue(&repeated)),
        (Fault::TooLarge, authority.issue(&many)),
    ] {
        assert_eq!(QualifiedCertificate::parse(&bytes), Err(fault), "{} bytes", bytes.len());
    }
}

#[test]
fn trust_anchors_are_authorities() {
    let (authority, other) = (Authority::new(), Authority::new());
    let both = format!("The roots\n{}# another\n{}", authority.root_pem(), other.root_pem());
    let parsed = TrustAnchors::parse_pem(&both).unwrap();
    assert_eq!(parsed, TrustAnchors::parse(&[authority.root(), other.root()]).unwrap());
    let leaf = authority.issue(&seal());
    for (ders, fault) in [
        (vec![], AnchorFault::Missing),
        (vec![authority.root(), b"x".to_vec()], AnchorFault::Malformed(1)),
        (vec![leaf], AnchorFault::NotAuthority(0)),
    ] {
        assert_eq!(TrustAnchors::parse(&ders), Err(fault));
    }
    assert_eq!(TrustAnchors::parse_pem("nothing"), Err(AnchorFault::Missing));
    let broken = "-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----\n";
    assert_eq!(TrustAnchors::parse_pem(broken), Err(AnchorFault::Pem));
}

#[test]
fn a_distribution_point_is_fetched_over_http_only() {
    for (url, expected) in [
        ("http://ca.example/x.crl", true),
        ("HTTPS://ca.example/x.crl", true),
        ("ldap://ca.example/x", false),
        ("file:///etc/passwd", false),
        ("http:ca.example", false),
        ("", false),
    ] {
        assert_eq!(is_http(url), expected, "{url}");
    }
}

proptest! {
    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert!(QualifiedCertificate::parse(&bytes).is_err());
    }

    #[test]
    fn no_statements_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        let _ = Statements::parse(&bytes);
        let _ = Statements::parse(&tlv(0x30, &bytes));
        let _ = Statements::parse(&tlv(0x30, &tlv(0x30, &[oid_der(&[0, 4, 0, 19495, 2]), bytes].concat())));
    }

    #[test]
    fn no_change_of_a_certificate_in_use_makes_the_parser_or_the_checks_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let mut der = from_pem(REAL_SEAL);
        for (index, byte) in changes {
            let index = index.index(der.len());
            der[index] = byte;
        }
        let (authority, _) = fixed();
        prop_assert!(outcome(check_seal, authority, &der, Revocation::Ignored, 1_600_000_000).is_err());
    }

    #[test]
    fn no_changed_certificate_is_accepted(index: prop::sample::Index, change in 1_u8..) {
        let (authority, seal) = fixed();
        let mut der = seal.clone();
        let index = index.index(der.len());
        der[index] ^= change;
        prop_assert!(seal_outcome(authority, &der).is_err(), "byte {} changed by {:#x}", index, change);
    }
}

/// An authority and a seal certificate that it has issued.
fn fixed() -> &'static (Authority, Vec<u8>) {
    static FIXED: std::sync::OnceLock<(Authority, Vec<u8>)> = std::sync::OnceLock::new();
    FIXED.get_or_init(|| {
        let authority = Authority::new();
        let seal = authority.issue(&seal());
        (authority, seal)
    })
}
