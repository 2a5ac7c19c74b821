use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use aws_lc_rs::signature::{
    ECDSA_P256K1_SHA256_FIXED_SIGNING, ECDSA_P384_SHA384_FIXED_SIGNING, ECDSA_P521_SHA512_FIXED_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, KeyPair as _,
};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use curve25519_dalek::constants::EIGHT_TORSION;
use rcgen::{CertificateParams, KeyUsagePurpose, PublicKeyData};
use serde_json::json;

use super::*;

/// RFC 7517 appendix A.1.
fn ec() -> Value {
    json!({"kty": "EC", "crv": "P-256", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
           "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"})
}

fn rsa(modulus: &[u8], exponent: &[u8]) -> Value {
    json!({"kty": "RSA", "n": BASE64URL.encode(modulus), "e": BASE64URL.encode(exponent)})
}

fn okp(curve: &str, x: &[u8]) -> Value {
    json!({"kty": "OKP", "crv": curve, "x": BASE64URL.encode(x)})
}

fn generated(curve: &str, algorithm: &'static EcdsaSigningAlgorithm) -> Value {
    let pair = EcdsaKeyPair::generate(algorithm).unwrap();
    let point = pair.public_key().as_ref();
    let (x, y) = point[1..].split_at(point.len() / 2);
    json!({"kty": "EC", "crv": curve, "x": BASE64URL.encode(x), "y": BASE64URL.encode(y)})
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.chars().map(|digit| u8::try_from(digit.to_digit(16).unwrap()).unwrap()).collect();
    digits.chunks(2).map(|pair| pair[0] * 16 + pair[1]).collect()
}

/// RFC 8037 appendix A.2, RFC 7748 §6.1, RFC 8032 §7.4, RFC 7748 §6.2.
fn edwards_and_montgomery() -> [Value; 4] {
    [
        json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        okp("X25519", &hex("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")),
        okp(
            "Ed448",
            &hex(
                "5fd7449b59b461fd2ce787ec616ad46a1da1342485a70e1f8a0ea75d80e96778edf124769b46c7061bd6783df1e50f6cd1fa1abeafe8256180",
            ),
        ),
        okp(
            "X448",
            &hex(
                "9b08f7cc31b7e3e67d22d5aea121074a273bd2b83de09c63faa73d2c22c5d9bbc836647241d953d40c5b12da88120d53177f80e532c41fa0",
            ),
        ),
    ]
}

#[expect(clippy::needless_pass_by_value, reason = "a value written at the call reads best")]
fn with(mut key: Value, members: Value) -> Value {
    key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    key
}

#[derive(Debug, PartialEq)]
enum Outcome {
    Kept,
    Ignored,
    Refused(&'static str),
}

fn outcome(key: &Value) -> Outcome {
    match PublicJwk::check(key) {
        Ok(Some(known)) => {
            assert_eq!(Some(known.members()), key.as_object());
            Outcome::Kept
        }
        Ok(None) => Outcome::Ignored,
        Err(reason) => Outcome::Refused(reason),
    }
}

fn assert_refused(key: &Value, part: &str) {
    let outcome = outcome(key);
    assert!(matches!(outcome, Outcome::Refused(reason) if reason.contains(part)), "{key} {part}: {outcome:?}");
}

#[test]
fn keys_of_every_known_kind_are_kept() {
    let mut keys = vec![
        ec(),
        generated("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        generated("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
        generated("secp256k1", &ECDSA_P256K1_SHA256_FIXED_SIGNING),
        rsa(&[0xc1; 256], &[1, 0, 1]),
        rsa(&[0xc1; 256], &[3]),
    ];
    keys.extend(edwards_and_montgomery());
    for key in keys {
        assert_eq!(outcome(&key), Outcome::Kept, "{key}");
    }
}

#[test]
fn rfc_7517_5_what_is_not_known_is_ignored() {
    for key in [
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"}),
        with(ec(), json!({"kty": "ec"})),
        with(ec(), json!({"crv": "P-999"})),
        okp("Ed521", &[1]),
        with(ec(), json!({"use": "tls"})),
        with(ec(), json!({"alg": "ES256K-R"})),
        with(ec(), json!({"alg": "HPKE-0"})),
    ] {
        assert_eq!(outcome(&key), Outcome::Ignored, "{key}");
    }
    assert_eq!(
        outcome(&with(ec(), json!({"note": [1], "keys_ops": "x", "key_ops": ["verify", "haggle"]}))),
        Outcome::Kept
    );
}

#[test]
fn c5_a_private_or_symmetric_key_is_refused_however_it_is_spelled() {
    for private in ["d", "p", "q", "dp", "dq", "qi", "oth", "k", "priv", "D", "K", "dP", "PRIV"] {
        assert_refused(&with(ec(), json!({private: "AQ"})), "private");
        assert_refused(&with(ec(), json!({private: null})), "private");
        assert_refused(&json!({"kty": "AKP", "alg": "ML-DSA-65", private: "AQ"}), "private");
    }
    assert_refused(&json!({"kty": "oct"}), "symmetric");
    assert_refused(&json!({"kty": "oct", "k": "AQ"}), "symmetric");
}

#[test]
fn rfc_7517_4_members_have_their_types() {
    for (member, value) in [
        ("kty", json!(null)),
        ("kty", json!(["EC"])),
        ("crv", json!(1)),
        ("kid", json!(5)),
        ("kid", json!(null)),
        ("kid", json!("\u{0}")),
        ("kid", json!("\u{202e}a")),
        ("kid", json!("a".repeat(1025))),
        ("use", json!(123)),
        ("alg", json!(256)),
        ("key_ops", json!("verify")),
        ("key_ops", json!([1])),
        ("key_ops", json!(["verify", "verify"])),
        ("x5u", json!(1)),
        ("x5u", json!("http://rp.example/chain.pem")),
        ("x5u", json!("chain.pem")),
        ("x5t", json!(1)),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!(BASE64URL.encode([0; 20]))),
        ("x5c", json!("MIIB")),
        ("x5c", json!([])),
        ("x5c", json!([1])),
        ("x5c", json!(["junk"])),
        ("x5c", json!(["-----BEGIN CERTIFICATE-----"])),
        ("x", json!(null)),
        ("x", json!("AQ")),
        ("y", json!(1)),
    ] {
        assert_refused(&with(ec(), json!({member: value})), member);
    }
    let without = |member: &str| {
        let mut key = ec();
        key.as_object_mut().unwrap().remove(member);
        key
    };
    for member in ["kty", "crv", "x", "y"] {
        assert_refused(&without(member), member);
    }
    for key in [json!("key"), json!(null), json!([])] {
        assert_refused(&key, "not an object");
    }
}

#[test]
fn rfc_7517_4_4_alg_is_one_of_the_key() {
    let [ed25519, x25519, ed448, x448] = edwards_and_montgomery();
    let rsa = rsa(&[0xc1; 256], &[1, 0, 1]);
    let p384 = generated("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING);
    let p521 = generated("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING);
    let koblitz = generated("secp256k1", &ECDSA_P256K1_SHA256_FIXED_SIGNING);
    let agreement = ["ECDH-ES", "ECDH-ES+A128KW", "ECDH-ES+A256KW"];
    let of_rsa = ["RS256", "PS512", "RSA1_5", "RSA-OAEP", "RSA-OAEP-256"];
    let signatures = ["RS256", "PS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA", "Ed25519", "Ed448"];
    for (key, own) in [
        (&ec(), vec!["ES256"]),
        (&p384, vec!["ES384"]),
        (&p521, vec!["ES512"]),
        (&koblitz, vec!["ES256K"]),
        (&rsa, vec![]),
        (&ed25519, vec!["EdDSA", "Ed25519"]),
        (&ed448, vec!["EdDSA", "Ed448"]),
        (&x25519, vec![]),
        (&x448, vec![]),
    ] {
        let is_rsa = key["kty"] == "RSA";
        let agrees = !is_rsa && !["Ed25519", "Ed448"].iter().any(|curve| key["crv"] == *curve);
        for algorithm in signatures.iter().chain(&agreement).chain(&of_rsa) {
            let fits = own.contains(algorithm)
                || (is_rsa && (of_rsa.contains(algorithm) || *algorithm == "PS256"))
                || (agrees && agreement.contains(algorithm));
            let key = with(key.clone(), json!({"alg": algorithm}));
            let expected = if fits { Outcome::Kept } else { Outcome::Refused("alg does not fit kty and crv") };
            assert_eq!(outcome(&key), expected, "{key}");
        }
        for algorithm in ["none", "HS256", "HS512", "dir", "A128KW", "A256GCMKW", "A128GCM"] {
            assert_refused(&with(key.clone(), json!({"alg": algorithm})), "alg");
        }
    }
}

#[test]
fn rfc_7517_4_3_what_a_key_is_for_is_said_once() {
    let [ed25519, x25519, ..] = edwards_and_montgomery();
    for (key, members, agree) in [
        (ec(), json!({"use": "sig", "key_ops": ["verify"], "alg": "ES256"}), true),
        (ec(), json!({"use": "sig", "key_ops": ["verify", "haggle"]}), true),
        (ec(), json!({"key_ops": ["verify", "deriveKey"]}), true),
        (ec(), json!({"key_ops": []}), true),
        (ec(), json!({"use": "enc", "key_ops": ["deriveBits"], "alg": "ECDH-ES"}), true),
        (ec(), json!({"use": "enc", "key_ops": ["verify"]}), false),
        (ec(), json!({"use": "sig", "key_ops": ["verify", "wrapKey"]}), false),
        (ec(), json!({"use": "enc", "alg": "ES256"}), false),
        (ec(), json!({"use": "sig", "alg": "ECDH-ES"}), false),
        (ec(), json!({"alg": "ES256", "key_ops": ["encrypt"]}), false),
        (ed25519.clone(), json!({"use": "sig"}), true),
        (ed25519.clone(), json!({"use": "enc"}), false),
        (ed25519, json!({"key_ops": ["deriveKey"]}), false),
        (x25519.clone(), json!({"use": "enc"}), true),
        (x25519.clone(), json!({"use": "sig"}), false),
        (x25519, json!({"key_ops": ["verify"]}), false),
    ] {
        let key = with(key, members);
        if agree {
            assert_eq!(outcome(&key), Outcome::Kept, "{key}");
        } else {
            assert_refused(&key, "do not agree");
        }
    }
}

#[test]
fn signatures_are_verified_with_keys_that_nothing_keeps_from_it() {
    let [ed25519, x25519, ..] = edwards_and_montgomery();
    for (key, verifies) in [
        (ec(), true),
        (with(ec(), json!({"use": "sig"})), true),
        (with(ec(), json!({"alg": "ES256", "key_ops": ["verify"]})), true),
        (with(ec(), json!({"use": "enc"})), false),
        (with(ec(), json!({"alg": "ECDH-ES"})), false),
        (with(ec(), json!({"key_ops": ["sign"]})), false),
        (with(ec(), json!({"key_ops": []})), false),
        (ed25519, true),
        (x25519, false),
    ] {
        let known = PublicJwk::check(&key).unwrap();
        assert_eq!(known.map(|key| key.verifies_signatures()), Some(verifies), "{key}");
    }
}

#[test]
fn rfc_7518_6_3_1_rsa_numbers_are_within_their_ranges() {
    let modulus = |bytes: usize, first: u8| {
        let mut number = vec![0xff; bytes];
        number[0] = first;
        number
    };
    let even = || [&[0xc1; 255][..], &[2]].concat();
    for (number, exponent, part) in [
        (modulus(256, 0x80), vec![3], ""),
        (modulus(1024, 0xff), vec![0xff; 4], ""),
        (modulus(256, 0x7f), vec![1, 0, 1], "2048 to 8192"),
        (modulus(1025, 1), vec![1, 0, 1], "2048 to 8192"),
        (modulus(128, 0xff), vec![1, 0, 1], "2048 to 8192"),
        (modulus(257, 0), vec![1, 0, 1], "n must be an integer"),
        (vec![], vec![1, 0, 1], "n must be an integer"),
        (even(), vec![1, 0, 1], "n must be odd"),
        (modulus(256, 0x80), vec![], "e must be an integer"),
        (modulus(256, 0x80), vec![0], "e must be an integer"),
        (modulus(256, 0x80), vec![0, 1, 0, 1], "e must be an integer"),
        (modulus(256, 0x80), vec![1], "e must be odd"),
        (modulus(256, 0x80), vec![2], "e must be odd"),
        (modulus(256, 0x80), vec![1, 0, 0, 0, 1], "e must be odd"),
        (modulus(256, 0x80), vec![0xff; 256], "e must be odd"),
    ] {
        let key = rsa(&number, &exponent);
        if part.is_empty() {
            assert_eq!(outcome(&key), Outcome::Kept, "{key}");
        } else {
            assert_refused(&key, part);
        }
    }
    assert_refused(&json!({"kty": "RSA", "e": "AQAB", "n": "not base64url!"}), "n must");
    assert_refused(&json!({"kty": "RSA", "e": "AQAB=", "n": BASE64URL.encode([0xc1; 256])}), "e must");
    assert_refused(&json!({"kty": "RSA", "e": "AQAC", "n": BASE64URL.encode([0xc1; 256])}), "e must be odd");
}

#[test]
fn rfc_7518_6_2_1_points_are_on_their_curve() {
    for (curve, algorithm) in [
        ("P-384", &ECDSA_P384_SHA384_FIXED_SIGNING),
        ("P-521", &ECDSA_P521_SHA512_FIXED_SIGNING),
        ("secp256k1", &ECDSA_P256K1_SHA256_FIXED_SIGNING),
    ] {
        let key = generated(curve, algorithm);
        let (x, y) = (key["x"].clone(), key["y"].clone());
        assert_refused(&with(key.clone(), json!({"x": y, "y": x})), "not a point");
        let octets = BASE64URL.decode(x.as_str().unwrap()).unwrap();
        for other in [vec![0; octets.len()], vec![0xff; octets.len()]] {
            assert_refused(&with(key.clone(), json!({"x": BASE64URL.encode(&other)})), "not a point");
        }
        assert_refused(&with(key.clone(), json!({"x": BASE64URL.encode(&octets[1..])})), "length");
    }
    assert_refused(&with(ec(), json!({"crv": "secp256k1"})), "not a point");
    assert_refused(&with(ec(), json!({"x": format!("{}=", ec()["x"].as_str().unwrap())})), "base64url");
    assert_refused(&with(ec(), json!({"x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D5"})), "base64url");
}

/// Of each coordinate also its other encodings, which are larger than the prime, and both signs.
#[test]
fn rfc_8037_points_of_small_order_and_other_encodings_are_refused() {
    let prime = |least: u8| {
        let mut number = [0xff; 32];
        (number[0], number[31]) = (least, 0x7f);
        number
    };
    let small: Vec<[u8; 32]> = EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
    let montgomery = EIGHT_TORSION.iter().map(|point| point.to_montgomery().to_bytes());
    let large = [prime(0xec), prime(0xed), prime(0xee), prime(0xff)];
    let signed = |mut point: [u8; 32]| {
        point[31] ^= 0x80;
        point
    };
    for point in small.iter().copied().chain(large).flat_map(|point| [point, signed(point)]) {
        assert_refused(&okp("Ed25519", &point), "not a point");
    }
    for point in montgomery.chain(large).flat_map(|point| [point, signed(point)]) {
        assert_refused(&okp("X25519", &point), "not a point");
    }
    let off_the_curve = (0..=u8::MAX).filter(|least| {
        let mut point = [9; 32];
        point[0] = *least;
        matches!(outcome(&okp("Ed25519", &point)), Outcome::Refused(_))
    });
    assert!((64..192).contains(&off_the_curve.count()), "half of all numbers are the y of no point");

    let mut minus_one = [0xff; 56];
    (minus_one[0], minus_one[28]) = (0xfe, 0xfe);
    let (mut zero, mut one, mut prime) = ([0; 56], [0; 56], minus_one);
    (zero[0], one[0], prime[0]) = (0, 1, 0xff);
    for coordinate in [zero, one, minus_one, prime, [0xff; 56]] {
        assert_refused(&okp("X448", &coordinate), "not a point");
        for sign in [0, 0x80] {
            assert_refused(&okp("Ed448", &[&coordinate[..], &[sign]].concat()), "not a point");
        }
    }
    let mut two = zero;
    two[0] = 2;
    assert_eq!(outcome(&okp("X448", &two)), Outcome::Kept);
    assert_refused(&okp("Ed448", &[&two[..], &[1]].concat()), "not a point");
    for (curve, length) in [("Ed25519", 31), ("X25519", 33), ("Ed448", 56), ("X448", 57)] {
        assert_refused(&okp(curve, &vec![9; length]), "length");
    }
}

struct Certified {
    key: Value,
    der: Vec<u8>,
}

impl Certified {
    fn new(algorithm: &'static rcgen::SignatureAlgorithm, usages: &[KeyUsagePurpose]) -> Self {
        let pair = rcgen::KeyPair::generate_for(algorithm).unwrap();
        let mut params = CertificateParams::new(["rp.example".to_owned()]).unwrap();
        params.key_usages = usages.to_vec();
        let der = params.self_signed(&pair).unwrap().der().to_vec();
        let octets = pair.der_bytes();
        let key = match octets.len() {
            32 => okp("Ed25519", octets),
            length => {
                let (x, y) = octets[1..].split_at(length / 2);
                let curve = if length == 65 { "P-256" } else { "P-384" };
                json!({"kty": "EC", "crv": curve, "x": BASE64URL.encode(x), "y": BASE64URL.encode(y)})
            }
        };
        Self { key, der }
    }

    fn with(&self, members: Value) -> Value {
        with(with(self.key.clone(), json!({"x5c": [BASE64.encode(&self.der)]})), members)
    }
}

#[test]
fn rfc_7517_4_7_the_first_certificate_is_the_keys_own() {
    let own = Certified::new(&rcgen::PKCS_ECDSA_P256_SHA256, &[]);
    let other = Certified::new(&rcgen::PKCS_ECDSA_P384_SHA384, &[]);
    let edwards = Certified::new(&rcgen::PKCS_ED25519, &[]);
    for certified in [&own, &other, &edwards] {
        assert_eq!(outcome(&certified.with(json!({}))), Outcome::Kept);
    }
    let chain = |chain: &[&[u8]]| json!({"x5c": chain.iter().map(|der| BASE64.encode(der)).collect::<Vec<_>>()});
    let (longer, shorter) = ([&own.der[..], &[0]].concat(), &own.der[..own.der.len() - 1]);
    assert_eq!(outcome(&own.with(chain(&[&own.der, &other.der]))), Outcome::Kept);
    for (x5c, part) in [
        (chain(&[&other.der]), "not the key of its x5c"),
        (chain(&[&other.der, &own.der]), "not the key of its x5c"),
        (chain(&[&edwards.der]), "not the key of its x5c"),
        (chain(&[&own.der, b"junk"]), "x5c"),
        (chain(&[&longer]), "x5c"),
        (chain(&[shorter]), "x5c"),
        (json!({"x5c": [BASE64URL.encode(&own.der)]}), "x5c"),
    ] {
        assert_refused(&own.with(x5c), part);
    }
    assert_refused(&with(ec(), own.with(json!({"x": ec()["x"], "y": ec()["y"]}))), "not the key of its x5c");
}

/// The key and the certificate are those of an RSA key of 2,048 bits.
#[test]
fn rfc_7517_4_7_an_rsa_key_is_that_of_its_certificate() {
    let pair = rcgen::KeyPair::generate_for(&rcgen::PKCS_RSA_SHA256).unwrap();
    let params = CertificateParams::new(["rp.example".to_owned()]).unwrap();
    let der = params.self_signed(&pair).unwrap().der().to_vec();
    let public = aws_lc_rs::rsa::PublicKey::from_der(pair.der_bytes()).unwrap();
    let number = |bytes: &[u8]| BASE64URL.encode(bytes);
    let key = json!({"kty": "RSA", "n": number(public.modulus().big_endian_without_leading_zero()),
        "e": number(public.exponent().big_endian_without_leading_zero()), "x5c": [BASE64.encode(der)]});
    assert_eq!(outcome(&key), Outcome::Kept);
    assert_refused(&with(key.clone(), json!({"e": "Aw"})), "not the key of its x5c");
    assert_refused(&with(key, json!({"n": BASE64URL.encode([0xc1; 256])})), "not the key of its x5c");
}

#[test]
fn rfc_7517_4_7_to_4_9_a_certificate_and_what_is_said_of_it_agree() {
    let own = Certified::new(&rcgen::PKCS_ECDSA_P256_SHA256, &[KeyUsagePurpose::DigitalSignature]);
    let sha1 = BASE64URL.encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &own.der));
    let sha256 = BASE64URL.encode(digest(&SHA256, &own.der));
    assert_eq!(outcome(&own.with(json!({"x5t": sha1, "x5t#S256": sha256, "use": "sig"}))), Outcome::Kept);
    assert_refused(&own.with(json!({"x5t": BASE64URL.encode([0; 20])})), "x5t");
    assert_refused(&own.with(json!({"x5t#S256": BASE64URL.encode([0; 32])})), "x5t#S256");
    assert_refused(&own.with(json!({"use": "enc"})), "use");
    let agrees = Certified::new(&rcgen::PKCS_ECDSA_P256_SHA256, &[KeyUsagePurpose::KeyAgreement]);
    assert_eq!(outcome(&agrees.with(json!({"use": "enc"}))), Outcome::Kept);
    assert_refused(&agrees.with(json!({"use": "sig"})), "use");
}

#[test]
fn rfc_7517_4_5_a_kid_names_one_key() {
    let set = |keys: &[Value]| PublicJwk::check_all(keys).map(|known| known.len());
    let ignored = json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "1", "pub": "AAAA"});
    let nameless = rsa(&[0xc1; 256], &[3]);
    assert_eq!(set(&[ec(), with(nameless.clone(), json!({"kid": "2"}))]), Ok(2));
    assert_eq!(set(&[nameless.clone(), nameless.clone()]), Ok(2));
    assert_eq!(set(&[ignored, ec()]), Ok(1), "an equivalent alternative that is not known");
    let twice = set(&[nameless.clone(), ec(), with(nameless, json!({"kid": "1"}))]);
    assert_eq!(twice, Err(RefusedJwk { index: 2, reason: "its kid is that of another key" }));
}

proptest::proptest! {
    #[test]
    fn any_member_of_any_kind_is_answered_the_same_twice(
        key in proptest::sample::select([vec![ec(), rsa(&[0xc1; 256], &[3])], edwards_and_montgomery().to_vec()].concat()),
        member in proptest::sample::select(vec!["kty", "crv", "kid", "use", "alg", "key_ops", "x5c", "x5t", "x5t#S256", "x5u", "x", "y", "n", "e"]),
        octets in proptest::collection::vec(proptest::num::u8::ANY, 0..70),
        listed in proptest::bool::ANY,
    ) {
        let text = json!(BASE64URL.encode(octets));
        let key = with(key, json!({member: if listed { json!([text]) } else { text }}));
        proptest::prop_assert_eq!(outcome(&key), outcome(&key));
        if outcome(&key) == Outcome::Kept {
            proptest::prop_assert_eq!(PublicJwk::check_all(std::slice::from_ref(&key)).unwrap().len(), 1);
        }
    }
}

/// What stands for a certificate is one to whoever reads it.
#[test]
fn a_certificate_without_a_signature_is_the_keys() {
    let rsa = json!({"kty": "RSA", "n": BASE64URL.encode([0xff; 256]), "e": "AQAB"});
    let keys = [&rcgen::PKCS_ECDSA_P256_SHA256, &rcgen::PKCS_ECDSA_P384_SHA384, &rcgen::PKCS_ED25519];
    for key in keys.map(|algorithm| Certified::new(algorithm, &[]).key).into_iter().chain([rsa]) {
        let certificate = PublicJwk::certificate_of(key.as_object().unwrap()).unwrap();
        let name = BASE64URL.encode(digest(&SHA256, &certificate));
        let certified = with(key, json!({"x5c": [BASE64.encode(certificate)], "x5t#S256": name, "use": "sig"}));
        assert_eq!(outcome(&certified), Outcome::Kept, "{certified}");
    }
    assert_eq!(PublicJwk::certificate_of(json!({"kty": "RSA"}).as_object().unwrap()), None);
}
