//! JWK Sets (RFC 7517), one or more changes away from good ones.

use std::sync::LazyLock;

use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use shared::metadata::{JwkSet, is_private_member, parse_object};

use super::Random;

const MEMBERS: [&str; 24] = [
    "kty", "crv", "kid", "use", "alg", "key_ops", "x5u", "x5c", "x5t", "x5t#S256", "x", "y", "n", "e", "d", "k", "D",
    "priv", "pub", "oth", "p", "ext", "keys_ops", "",
];

const WORDS: [&str; 34] = [
    "RSA",
    "EC",
    "OKP",
    "oct",
    "AKP",
    "P-256",
    "P-384",
    "P-521",
    "secp256k1",
    "Ed25519",
    "Ed448",
    "X25519",
    "X448",
    "P-999",
    "sig",
    "enc",
    "tls",
    "RS256",
    "ES256",
    "ES256K",
    "EdDSA",
    "none",
    "HS256",
    "dir",
    "RSA-OAEP",
    "ECDH-ES",
    "verify",
    "sign",
    "deriveKey",
    "haggle",
    "AQAB",
    "AQ",
    "https://rp.example/chain.pem",
    "",
];

/// Keys of the specifications' examples, and one with its certificate.
static GOOD: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let x25519 = "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo";
    let mut good = vec![
        json!({"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig", "alg": "ES256",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"}),
        json!({"kty": "OKP", "crv": "Ed25519", "kid": "2", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
        json!({"kty": "OKP", "crv": "X25519", "kid": "3", "use": "enc", "x": x25519}),
        json!({"kty": "OKP", "crv": "X448", "kid": "4", "x": BASE64URL.encode([9; 56])}),
        json!({"kty": "OKP", "crv": "Ed448", "kid": "5", "x": BASE64URL.encode([[9; 56].as_slice(), &[0]].concat())}),
        json!({"kty": "RSA", "kid": "6", "e": "AQAB", "n": BASE64URL.encode([0xc1; 256]), "key_ops": ["verify"]}),
        json!({"kty": "RSA", "kid": "7", "e": "AQAB", "n": BASE64URL.encode([0xc1; 1024])}),
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "8", "pub": "AAAA"}),
    ];
    good.extend([("P-521", &rcgen::PKCS_ECDSA_P521_SHA512), ("P-384", &rcgen::PKCS_ECDSA_P384_SHA384)].map(certified));
    good
});

fn certified((curve, algorithm): (&str, &'static rcgen::SignatureAlgorithm)) -> Value {
    let made = || {
        let pair = rcgen::KeyPair::generate_for(algorithm).ok()?;
        let certificate = rcgen::CertificateParams::new(["rp.example".to_owned()]).ok()?.self_signed(&pair).ok()?;
        let point = rcgen::PublicKeyData::der_bytes(&pair);
        let (x, y) = point.get(1..)?.split_at_checked(point.len() / 2)?;
        Some(json!({"kty": "EC", "crv": curve, "kid": curve, "x": BASE64URL.encode(x), "y": BASE64URL.encode(y),
            "x5c": [BASE64.encode(certificate.der())]}))
    };
    made().unwrap_or_default()
}

pub(super) fn input(random: &mut Random) -> String {
    let mut keys: Vec<Value> = (0..=random.below(20)).map(|_| random.one(&GOOD)).collect();
    for (index, key) in keys.iter_mut().enumerate() {
        key["kid"] = json!(index.to_string());
    }
    for _ in 0..random.below(4) {
        change(random, &mut keys);
    }
    json!({"keys": keys}).to_string()
}

fn change(random: &mut Random, keys: &mut Vec<Value>) {
    let (index, other) = (random.below(keys.len()), random.one(keys));
    let member = random.one(&MEMBERS);
    let Some(key) = keys.get_mut(index) else { return };
    match random.below(7) {
        0 => *key = value(random),
        1 => {
            key.as_object_mut().map(|members| members.remove(member));
        }
        2 if key.is_object() => key[member] = other.get(member).cloned().unwrap_or_default(),
        3 if key.is_object() => key[member] = value(random),
        4 => keys.push(other),
        _ => {
            let members = key.as_object_mut().map(|members| members.values_mut().collect::<Vec<_>>());
            let mut members = members.unwrap_or_default();
            let place = random.below(members.len());
            if let Some(value) = members.get_mut(place) {
                bend(random, value);
            }
        }
    }
}

/// Another value of the same JSON type, close to the one that is there.
fn bend(random: &mut Random, value: &mut Value) {
    match value {
        Value::Array(values) => match (random.below(3), values.first().cloned()) {
            (0, Some(first)) => values.push(first),
            (1, _) => *values = Vec::new(),
            _ => values.iter_mut().take(1).for_each(|value| bend(random, value)),
        },
        Value::String(text) => {
            let standard = text.contains(['+', '/', '=']);
            let decoded = if standard { BASE64.decode(&*text) } else { BASE64URL.decode(&*text) };
            let mut octets = decoded.unwrap_or_else(|_| text.clone().into_bytes());
            let place = random.below(octets.len());
            match (random.below(5), octets.get_mut(place)) {
                (0, _) => octets.insert(0, 0),
                (1, _) => octets.truncate(place),
                (2, _) => octets.extend(random.bytes(2000)),
                (_, Some(octet)) => *octet ^= 1 << random.below(8),
                _ => {}
            }
            *text = if standard { BASE64.encode(octets) } else { BASE64URL.encode(octets) };
        }
        other => *other = self::value(random),
    }
}

fn value(random: &mut Random) -> Value {
    match random.below(9) {
        0 => Value::Null,
        1 => json!(random.next()),
        2 => json!(BASE64URL.encode(random.bytes(1100))),
        3 => json!(vec![random.one(&WORDS); random.below(3)]),
        4 => json!({"d": random.one(&WORDS)}),
        5 => json!((0..random.below(3000)).map(|number| number.to_string()).collect::<Vec<_>>()),
        6 => json!([BASE64.encode(random.bytes(900))]),
        _ => json!(random.one(&WORDS)),
    }
}

/// What is kept is kept again as it is, and nothing in it is private.
pub(super) fn ask(text: &str) {
    let Ok(set) = parse_object(text.as_bytes()) else { return };
    let Ok(Some(kept)) = JwkSet::verify(set) else { return };
    let kept = kept.as_object();
    let again = JwkSet::verify(kept.clone());
    assert_eq!(again.map(|again| again.map(|again| again.as_object().clone())), Ok(Some(kept.clone())));
    let keys = kept.get("keys").and_then(Value::as_array).into_iter().flatten();
    let mut members = keys.filter_map(Value::as_object).flatten();
    assert!(members.all(|(name, _)| !is_private_member(name)), "a private member is kept");
}
