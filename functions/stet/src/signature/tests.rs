//! Whole requests: the vectors of the draft, each rule broken alone, and round trips.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{self as lc, KeyPair};
use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// IETF draft-cavage-http-signatures-12, Appendix C; `tests/data/README.md` has the details.
const VECTORS: &str = include_str!("../../tests/data/cavage12_vectors.json");
const PUBLIC_KEY: &str = include_str!("../../tests/data/cavage12_test_pub.pem");

/// Sun, 05 Jan 2014 21:31:40 GMT.
const NOW: u64 = 1_388_957_500;
const DATE: &str = "Sun, 05 Jan 2014 21:31:40 GMT";
const BODY: &[u8] = br#"{"hello": "world"}"#;
const POLICY: SignaturePolicy<'_> = SignaturePolicy {
    default_headers: DefaultHeaders::Created,
    required: RequiredHeaders::STET,
    window: TimeWindow { clock_skew: 0, maximum_age: 300 },
};

static RSA: LazyLock<lc::RsaKeyPair> = LazyLock::new(|| lc::RsaKeyPair::generate(KeySize::Rsa2048).unwrap());
static P256: LazyLock<lc::EcdsaKeyPair> =
    LazyLock::new(|| lc::EcdsaKeyPair::generate(&lc::ECDSA_P256_SHA256_ASN1_SIGNING).unwrap());

/// A request whose every part can be changed.
#[derive(Debug, Clone)]
struct Message {
    method: String,
    target: String,
    headers: BTreeMap<String, String>,
    body: Vec<u8>,
}

impl Message {
    /// A registration that follows STET §3.5 to the letter.
    fn registration() -> Self {
        let digest = BASE64.encode(super::digest::sha256(BODY));
        let headers = [
            ("content-length", BODY.len().to_string()),
            ("content-type", "application/json".to_owned()),
            ("date", DATE.to_owned()),
            ("digest", format!("SHA-256={digest}")),
            ("host", "example.com".to_owned()),
            ("psu-ip-address", "192.0.2.1".to_owned()),
            ("x-request-id", "2f7a".to_owned()),
        ];
        Self {
            method: "POST".to_owned(),
            target: "/stet/setting/v1/register?a=b".to_owned(),
            headers: headers.into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
            body: BODY.to_vec(),
        }
    }

    fn with<T>(&self, use_it: impl FnOnce(&SignedRequest<'_>) -> T) -> T {
        let header = |name: &str| self.headers.get(name).map(String::as_str);
        let targets = std::slice::from_ref(&self.target);
        use_it(&SignedRequest { method: &self.method, targets, header: &header, body: &self.body })
    }

    /// The value of a `Signature` header with these parameters, signed.
    fn signed(&self, rest: &str, sign: impl FnOnce(&[u8]) -> Vec<u8>) -> String {
        let unsigned = SignatureParameters::parse(&format!(r#"keyId="k",signature="AAAA",{rest}"#)).unwrap();
        let string =
            self.with(|request| signing_strings(request, &unsigned, POLICY.default_headers)).unwrap().remove(0);
        format!(r#"keyId="k",{rest},signature="{}""#, BASE64.encode(sign(string.as_bytes())))
    }

    fn verified(&self, header: &str, key: &VerificationKey) -> Result<VerifiedSignature, SignatureFault> {
        self.verified_under(header, key, &POLICY, NOW)
    }

    fn verified_under(
        &self,
        header: &str,
        key: &VerificationKey,
        policy: &SignaturePolicy<'_>,
        now: u64,
    ) -> Result<VerifiedSignature, SignatureFault> {
        let parameters = SignatureParameters::parse(header)?;
        self.with(|request| verify(request, &parameters, key, policy, now))
    }
}

const ALL: &str = "(request-target) date x-request-id digest content-type content-length psu-ip-address";

/// A key of P-256 and one of P-384 with their ECDSA-SHA-512 signatures of [`Message::registration`], made with
/// OpenSSL 3: the library here verifies what it cannot sign.
const SHA_512_WITH_EC: [(&str, &str); 2] = [
    (
        concat!(
            "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEXhRiL73OhJNcZevgo1ESucgztLg8xuiXZdVypWq8Vi4vuqlECEE7",
            "MzP90srZnw4xecTgXUoOX3+kqtkP/xq+3g==",
        ),
        concat!("MEUCIQCzzyLA0WjVOB0cmBb6+y7u78RwR0o2/SF05dvs735zTQIgVZwb3Wz/4dZAEFsDfm3Gu85n9wDB7tvU1ZWc", "lijHDFA=",),
    ),
    (
        concat!(
            "MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEljii+XF5jWKm2dd3eVlaeMhdb7vEQdJPFbMq4EvFDMyUR7LhQJXws2uX",
            "NFNCovTmL4tliW4SKZ+6J3+3SZgj6GxOa4yibIYcoAQy87iEnsirRiQjfmr4IyPM6tS36kKc",
        ),
        concat!(
            "MGUCMG1L7WGpeINbCve1z1BbARWsBN1nrcmncci3SFdPfJsm2Ms7buULKpXYUwtf2sr+DwIxANv+8ZtHcroe+24j",
            "RC7mQkmVjVurggJzMf28uAuygS4hQpCS5OxBdZicupCbYLq68g==",
        ),
    ),
];

fn rsa_sha256(headers: &str) -> String {
    format!(r#"algorithm="rsa-sha256",headers="{headers}""#)
}

fn with_rsa(padding: &'static dyn lc::RsaEncoding) -> impl Fn(&[u8]) -> Vec<u8> {
    move |message| {
        let mut signature = vec![0; RSA.public_modulus_len()];
        RSA.sign(padding, &SystemRandom::new(), message, &mut signature).unwrap();
        signature
    }
}

fn with_p256(message: &[u8]) -> Vec<u8> {
    P256.sign(&SystemRandom::new(), message).unwrap().as_ref().to_vec()
}

fn rsa_key() -> VerificationKey {
    VerificationKey::from_spki(RSA.public_key().as_der().unwrap().as_ref()).unwrap()
}

fn p256_key() -> VerificationKey {
    VerificationKey::from_spki(P256.public_key().as_der().unwrap().as_ref()).unwrap()
}

fn draft_key() -> VerificationKey {
    let lines: String = PUBLIC_KEY.lines().filter(|line| !line.starts_with('-')).collect();
    VerificationKey::from_spki(&BASE64.decode(lines).unwrap()).unwrap()
}

/// The request of the vectors, and a vector's parameters with the string that was signed.
fn vectors() -> (Message, Vec<(String, String, String)>) {
    let file: Value = serde_json::from_str(VECTORS).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let request = &file["request"];
    let headers = request["headers"].as_object().unwrap();
    let message = Message {
        method: text(&request["method"]),
        target: text(&request["path"]),
        headers: headers.iter().map(|(name, value)| (name.clone(), text(value))).collect(),
        body: text(&request["body"]).into_bytes(),
    };
    let vectors = file["vectors"].as_array().unwrap().iter();
    (message, vectors.map(|it| (text(&it["name"]), text(&it["params"]), text(&it["signing_string"]))).collect())
}

/// The vectors sign neither a request id nor, all of them, the target.
fn vector_policy(default_headers: DefaultHeaders) -> SignaturePolicy<'static> {
    let unsigned_body = UnsignedBody::TamperingAccepted;
    let required = RequiredHeaders { always: &[], with_body: &[], if_present: &[], unsigned_body };
    SignaturePolicy { default_headers, required, window: TimeWindow { clock_skew: 0, maximum_age: 20_000_000 } }
}

#[test]
fn appendix_c_the_published_and_derived_vectors() {
    const C_3_CREATED: u64 = 1_402_170_695;
    let expected = [
        ("C.1 default", Ok(())),
        ("C.2 basic", Ok(())),
        ("C.3 all headers (as published through draft-10; string without created/expires)", Ok(())),
        ("C.3 all headers (parameters exactly as printed in draft-12)", Err(SignatureFault::TimeNotSignable(CREATED))),
        ("derived hs2019 RSASSA-PKCS1-v1_5 SHA-512", Ok(())),
    ];
    let (message, vectors) = vectors();
    assert_eq!(vectors.len(), expected.len());
    for ((name, parameters, string), (expected_name, expected)) in vectors.into_iter().zip(expected) {
        assert_eq!(name, expected_name);
        let policy = vector_policy(DefaultHeaders::Date);
        let verified = message.verified_under(&parameters, &draft_key(), &policy, C_3_CREATED);
        let expected = expected.map(|()| VerifiedSignature { signing_string: string });
        assert_eq!(verified, expected, "{name}");
    }
}

#[test]
fn appendix_c_3_as_printed_is_wrong_whatever_the_algorithm_and_the_clock() {
    let (message, vectors) = vectors();
    let (_, printed, _) = &vectors[3];
    let policy = vector_policy(DefaultHeaders::Created);
    for (parameters, fault) in [
        (printed.replace("rsa-sha256", "hs2019"), SignatureFault::Mismatch),
        (printed.replace(r#"algorithm="rsa-sha256","#, ""), SignatureFault::Mismatch),
    ] {
        assert_eq!(message.verified_under(&parameters, &draft_key(), &policy, 1_402_170_695), Err(fault.clone()));
        let late = message.verified_under(&parameters, &draft_key(), &policy, 1_402_170_700);
        assert_eq!(late, Err(SignatureFault::Expired));
    }
}

#[test]
fn appendix_c_1_needs_the_older_default() {
    let (message, vectors) = vectors();
    let policy = vector_policy(DefaultHeaders::Created);
    let refused = message.verified_under(&vectors[0].1, &draft_key(), &policy, NOW);
    assert_eq!(refused, Err(SignatureFault::TimeNotSignable(CREATED)));
}

#[test]
fn stet_3_5_a_signed_registration_verifies() {
    let message = Message::registration();
    for (rest, padding) in [
        (rsa_sha256(ALL), &lc::RSA_PKCS1_SHA256),
        (rsa_sha256(&ALL.to_ascii_uppercase()), &lc::RSA_PKCS1_SHA256),
        (format!(r#"headers="{ALL}""#), &lc::RSA_PKCS1_SHA256),
        (format!(r#"algorithm="hs2019",created={NOW},headers="{ALL} (created)""#), &lc::RSA_PSS_SHA512),
        (format!(r#"algorithm="hs2019",headers="{ALL}""#), &lc::RSA_PKCS1_SHA512),
        (format!(r#"headers="(created) {ALL}",created={NOW},expires={NOW}.5"#), &lc::RSA_PSS_SHA512),
    ] {
        let header = message.signed(&rest, with_rsa(padding));
        assert_eq!(message.verified(&header, &rsa_key()).err(), None, "{rest}");
    }
    for rest in [format!(r#"algorithm="ecdsa-sha256",headers="{ALL}""#), format!(r#"headers="{ALL}""#)] {
        let header = message.signed(&rest, with_p256);
        assert_eq!(message.verified(&header, &p256_key()).err(), None, "{rest}");
    }
}

#[test]
fn e_2_hs2019_is_sha_512_with_every_kind_of_key() {
    let message = Message::registration();
    let rest = format!(r#"algorithm="hs2019",headers="{ALL}""#);
    for (key, signature) in SHA_512_WITH_EC {
        let key = VerificationKey::from_spki(&BASE64.decode(key).unwrap()).unwrap();
        let sign = |_: &[u8]| BASE64.decode(signature).unwrap();
        assert_eq!(message.verified(&message.signed(&rest, sign), &key).err(), None);
        let other = message.signed(&rest.replace(" date", " host date"), sign);
        assert_eq!(message.verified(&other, &key), Err(SignatureFault::Mismatch));
    }
    let other_hash = message.signed(&rest, with_p256);
    assert_eq!(message.verified(&other_hash, &p256_key()), Err(SignatureFault::Mismatch));
}

#[test]
fn s2_1_3_the_key_decides_and_the_parameter_only_contradicts() {
    let message = Message::registration();
    let cases =
        [("rsa-sha256", with_p256(b""), p256_key()), ("ecdsa-sha256", with_rsa(&lc::RSA_PKCS1_SHA256)(b""), rsa_key())];
    for (algorithm, signature, key) in cases {
        let rest = format!(r#"algorithm="{algorithm}",headers="{ALL}""#);
        let header = message.signed(&rest, |_| signature);
        assert_eq!(message.verified(&header, &key), Err(SignatureFault::AlgorithmMismatch), "{algorithm}");
    }
    for (algorithm, padding) in [("hs2019", &lc::RSA_PKCS1_SHA256), ("rsa-sha256", &lc::RSA_PKCS1_SHA512)] {
        let header = message.signed(&format!(r#"algorithm="{algorithm}",headers="{ALL}""#), with_rsa(padding));
        assert_eq!(message.verified(&header, &rsa_key()), Err(SignatureFault::Mismatch), "{algorithm}");
    }
}

#[test]
fn an_ecdsa_signature_is_der_and_a_second_one_has_the_same_replay_key() {
    let message = Message::registration();
    let rest = format!(r#"algorithm="ecdsa-sha256",headers="{ALL}""#);
    let fixed = lc::EcdsaKeyPair::from_pkcs8(&lc::ECDSA_P256_SHA256_FIXED_SIGNING, P256.to_pkcs8v1().unwrap().as_ref())
        .unwrap();
    let header = message.signed(&rest, |text| fixed.sign(&SystemRandom::new(), text).unwrap().as_ref().to_vec());
    assert_eq!(message.verified(&header, &p256_key()), Err(SignatureFault::Mismatch));

    let keys: Vec<[u8; 32]> = (0..2)
        .map(|_| message.verified(&message.signed(&rest, with_p256), &p256_key()).unwrap().replay_key())
        .collect();
    assert_eq!(keys[0], keys[1]);
}

#[test]
fn each_rule_broken_alone_before_signing() {
    use SignatureFault as Fault;
    let created = |at: u64| format!(r#"algorithm="hs2019",created={at},headers="{ALL}""#);
    let expires = |at: u64| format!(r#"algorithm="hs2019",expires={at},headers="{ALL}""#);
    let cases = [
        (created(NOW + 1), Fault::Future(CREATED)),
        (created(NOW - 301), Fault::Stale(CREATED)),
        (expires(NOW - 1), Fault::Expired),
        (rsa_sha256(&ALL.replace(" digest", "")), Fault::Unsigned("digest".to_owned())),
        (rsa_sha256(&ALL.replace(" psu-ip-address", "")), Fault::Unsigned("psu-ip-address".to_owned())),
        (rsa_sha256(&ALL.replace("(request-target) ", "")), Fault::Unsigned(REQUEST_TARGET.to_owned())),
        (r#"algorithm="hs2019",created=1388957500"#.to_owned(), Fault::Unsigned(REQUEST_TARGET.to_owned())),
    ];
    for (rest, fault) in cases {
        let header = Message::registration().signed(&rest, with_rsa(&lc::RSA_PKCS1_SHA512));
        assert_eq!(Message::registration().verified(&header, &rsa_key()), Err(fault), "{rest}");
    }
}

#[test]
fn each_rule_of_the_header_broken_alone_after_signing() {
    use SignatureFault as Fault;
    let header = Message::registration().signed(&rsa_sha256(ALL), with_rsa(&lc::RSA_PKCS1_SHA256));
    let cases = [
        (format!("{header},keyId=\"k\""), Fault::Duplicate(Parameter::KeyId)),
        (format!("{header},expires={}", NOW - 1), Fault::Expired),
        (format!("{header},created={}", NOW + 1), Fault::Future(CREATED)),
        (format!("{header} garbage"), Fault::Missing(Parameter::Signature)),
        (format!("{header}\""), Fault::Syntax),
        (header.replace(ALL, ""), Fault::HeadersEmpty),
        (header.replace(" date", "  date"), Fault::HeadersMalformed),
        (header.replace(" date", " date x-absent"), Fault::Absent("x-absent".to_owned())),
        (header.replace(" date", " date (created)"), Fault::TimeNotSignable(CREATED)),
        (header.replace(" date", " date (expires)"), Fault::TimeNotSignable(EXPIRES)),
        (header.replace("date x-request-id", "x-request-id date"), Fault::Mismatch),
        (header.replace(" date", " date host"), Fault::Mismatch),
        (header.replace("rsa-sha256", "rsa-sha1"), Fault::AlgorithmDeprecated),
        (header.replace("rsa-sha256", "hmac-sha256"), Fault::AlgorithmDeprecated),
        (header.replace("rsa-sha256", "ecdsa-sha256"), Fault::AlgorithmMismatch),
        (header.replace("rsa-sha256", "hs2019"), Fault::Mismatch),
        (header.replace("signature=\"", "signature=\"AAAA"), Fault::Mismatch),
        (header.replace("signature=\"", "signature=\" "), Fault::NotBase64),
    ];
    for (header, fault) in cases {
        assert_eq!(Message::registration().verified(&header, &rsa_key()), Err(fault), "{header}");
    }
}

type Change = Box<dyn Fn(&mut Message)>;

#[test]
fn each_part_of_the_request_changed_alone_after_signing() {
    use SignatureFault as Fault;
    let header = Message::registration().signed(&rsa_sha256(ALL), with_rsa(&lc::RSA_PKCS1_SHA256));
    let set = |name: &'static str, value: &'static str| {
        move |message: &mut Message| drop(message.headers.insert(name.to_owned(), value.to_owned()))
    };
    let cases: Vec<(Change, Option<Fault>)> = vec![
        (Box::new(|_| ()), None),
        (Box::new(|message| message.method = "post".to_owned()), None),
        (Box::new(set("x-request-id", "\t2f7a ")), None),
        (Box::new(set("host", "example.org")), None),
        (Box::new(|message| message.method = "PUT".to_owned()), Some(Fault::Mismatch)),
        (Box::new(|message| message.target.push('c')), Some(Fault::Mismatch)),
        (Box::new(|message| message.target.make_ascii_uppercase()), Some(Fault::Mismatch)),
        (Box::new(|message| message.target.push('\n')), Some(Fault::ControlCharacter(REQUEST_TARGET.to_owned()))),
        (Box::new(|message| message.body.push(b' ')), Some(Fault::Digest(DigestFault::Mismatch))),
        (Box::new(set("digest", "SHA-256=AAAA")), Some(Fault::Digest(DigestFault::Malformed))),
        (Box::new(set("digest", "SHA-512=AAAA")), Some(Fault::Digest(DigestFault::Algorithm))),
        (Box::new(set("psu-device-id", "1")), Some(Fault::Unsigned("psu-device-id".to_owned()))),
        (Box::new(set("date", "Sun, 05 Jan 2014 21:31:41 GMT")), Some(Fault::Future("date"))),
        (Box::new(set("date", "Sun, 05 Jan 2014 21:26:39 GMT")), Some(Fault::Stale("date"))),
        (Box::new(set("date", "2014-01-05T21:31:40Z")), Some(Fault::DateMalformed)),
        (Box::new(set("date", "Sun, 05 Jan 2014 21:31:39 GMT")), Some(Fault::Mismatch)),
        (
            Box::new(|message| drop(message.headers.remove("content-type"))),
            Some(Fault::Absent("content-type".to_owned())),
        ),
    ];
    for (number, (change, fault)) in cases.into_iter().enumerate() {
        let mut message = Message::registration();
        change(&mut message);
        assert_eq!(message.verified(&header, &rsa_key()).err(), fault, "{number}");
    }
}

#[test]
fn a_lenient_service_takes_the_reference_client_and_no_less() {
    let policy = SignaturePolicy { required: RequiredHeaders::LENIENT, ..POLICY };
    let mut message = Message::registration();
    message.headers.remove("date");
    let sign = |headers| message.signed(&rsa_sha256(headers), with_rsa(&lc::RSA_PKCS1_SHA256));
    let verified = |headers| message.verified_under(&sign(headers), &rsa_key(), &policy, NOW).err();
    assert_eq!(verified("(request-target) digest x-request-id"), None);
    assert_eq!(verified("(request-target) digest"), Some(SignatureFault::Unsigned("x-request-id".to_owned())));
}

#[test]
fn another_key_does_not_verify() {
    let message = Message::registration();
    let header = message.signed(&rsa_sha256(ALL), with_rsa(&lc::RSA_PKCS1_SHA256));
    assert_eq!(message.verified(&header, &draft_key()), Err(SignatureFault::Mismatch));
}

#[test]
fn every_fault_names_a_header_or_a_parameter() {
    let faults = [
        SignatureFault::Duplicate(Parameter::KeyId).to_string(),
        SignatureFault::Absent("psu-date".to_owned()).to_string(),
        SignatureFault::Digest(DigestFault::Mismatch).to_string(),
    ];
    let expected = [
        "Signature: keyId is given twice",
        "psu-date: listed in the signature but absent from the request",
        "Digest: it is not the digest of the body",
    ];
    assert_eq!(faults, expected);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_round_trip_verifies_and_any_change_of_a_signed_header_fails(
        values in prop::collection::btree_map("x-[a-z]{1,8}", "[!-~]([ -~]{0,20}[!-~])?", 1..6),
        chosen: prop::sample::Index,
        changed in "[!-~]([ -~]{0,20}[!-~])?",
    ) {
        let mut message = Message::registration();
        message.headers.extend(values.clone());
        let names: Vec<&str> = values.keys().map(String::as_str).collect();
        let header = message.signed(&format!(r#"headers="{ALL} {}""#, names.join(" ")), with_p256);
        prop_assert_eq!(message.verified(&header, &p256_key()).err(), None);

        let (name, value) = chosen.get(&values.into_iter().collect::<Vec<_>>()).clone();
        prop_assume!(value != changed);
        message.headers.insert(name.clone(), changed);
        prop_assert_eq!(message.verified(&header, &p256_key()).err(), Some(SignatureFault::Mismatch));
        message.headers.remove(&name);
        prop_assert_eq!(message.verified(&header, &p256_key()).err(), Some(SignatureFault::Absent(name)));
    }

    #[test]
    fn any_change_of_a_signatures_bytes_fails(position: prop::sample::Index, bit in 0..8u8) {
        let message = Message::registration();
        let sign = with_rsa(&lc::RSA_PKCS1_SHA256);
        let header = message.signed(&rsa_sha256(ALL), |text| {
            let mut signature = sign(text);
            let position = position.index(signature.len());
            signature[position] ^= 1 << bit;
            signature
        });
        prop_assert_eq!(message.verified(&header, &rsa_key()).err(), Some(SignatureFault::Mismatch));
    }
}
