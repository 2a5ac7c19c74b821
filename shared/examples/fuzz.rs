//! Throws changed inputs at the rules for what strangers send, and tells of panics, broken promises and slow answers.
//!
//! `cargo run --release -p shared --example fuzz -- TARGET SECONDS [SEED]`

use std::any::Any;
use std::panic::{self, AssertUnwindSafe};
use std::time::{Duration, Instant};

/// Rules under attack. A new one is a line in [`TARGETS`].
struct Target {
    name: &'static str,
    /// Makes an input.
    input: fn(&mut Random) -> String,
    /// Asks the rules, and panics if they break what they promise.
    ask: fn(&str),
}

const TARGETS: &[Target] = &[Target { name: "keys", input: keys::input, ask: keys::ask }];

/// How many faults are shown.
const SHOWN: usize = 5;

/// How often an input is asked again before it counts as the slowest.
const REPEATED: usize = 4;

fn main() -> Result<(), String> {
    let names: Vec<&str> = TARGETS.iter().map(|target| target.name).collect();
    let usage = format!("usage: fuzz {} SECONDS [SEED]", names.join("|"));
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (name, seconds, seed) = match arguments.as_slice() {
        [name, seconds] => (name, seconds, Ok(0)),
        [name, seconds, seed] => (name, seconds, seed.parse()),
        _ => return Err(usage),
    };
    let target = TARGETS.iter().find(|target| target.name == name).ok_or_else(|| usage.clone())?;
    let (Ok(seconds), Ok(seed)) = (seconds.parse(), seed) else { return Err(usage) };
    panic::set_hook(Box::new(|_| ()));
    let report = attack(target, Duration::from_secs(seconds), seed);
    println!("{} inputs, {} faults, seed {seed}", report.inputs, report.faults);
    println!("slowest: {:?}\n{}", report.slowest.0, report.slowest.1);
    if report.faults == 0 { Ok(()) } else { Err("there are faults".to_owned()) }
}

#[derive(Default)]
struct Report {
    inputs: u64,
    faults: usize,
    slowest: (Duration, String),
}

fn attack(target: &Target, time: Duration, seed: u64) -> Report {
    let (mut random, mut report, start) = (Random(seed), Report::default(), Instant::now());
    while start.elapsed() < time {
        let input = (target.input)(&mut random);
        let (mut took, fault) = ask(target, &input);
        report.inputs += 1;
        if let Some(fault) = fault {
            report.faults += 1;
            if report.faults <= SHOWN {
                println!("fault: {fault}\n{input}");
            }
        }
        // What seems slow is asked again: the machine may have been busy with something else.
        for _ in 0..REPEATED {
            if took > report.slowest.0 {
                took = took.min(ask(target, &input).0);
            }
        }
        if took > report.slowest.0 {
            report.slowest = (took, input);
        }
    }
    report
}

/// How long the rules take, and what they panic with.
fn ask(target: &Target, input: &str) -> (Duration, Option<String>) {
    let start = Instant::now();
    let outcome = panic::catch_unwind(AssertUnwindSafe(|| (target.ask)(input)));
    let took = start.elapsed();
    let text = |panic: Box<dyn Any + Send>| {
        let text = panic.downcast_ref::<String>().cloned();
        text.or_else(|| panic.downcast_ref::<&str>().map(ToString::to_string)).unwrap_or_default()
    };
    (took, outcome.err().map(text))
}

/// `SplitMix64`: the same inputs for the same seed.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below `end`, or 0.
    fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % end).unwrap_or_default()
    }

    /// One of the values, or the type's default if there are none.
    fn one<T: Clone + Default>(&mut self, values: &[T]) -> T {
        let index = self.below(values.len());
        values.get(index).cloned().unwrap_or_default()
    }

    fn bytes(&mut self, most: usize) -> Vec<u8> {
        (0..self.below(most)).map(|_| self.next().to_le_bytes()[0]).collect()
    }
}

/// JWK Sets (RFC 7517), one or more changes away from good ones.
mod keys {
    use std::sync::LazyLock;

    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
    use serde_json::{Value, json};
    use shared::metadata::{JwkSet, is_private_member, parse_object};

    use super::Random;

    const MEMBERS: [&str; 24] = [
        "kty", "crv", "kid", "use", "alg", "key_ops", "x5u", "x5c", "x5t", "x5t#S256", "x", "y", "n", "e", "d", "k",
        "D", "priv", "pub", "oth", "p", "ext", "keys_ops", "",
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
        good.extend(
            [("P-521", &rcgen::PKCS_ECDSA_P521_SHA512), ("P-384", &rcgen::PKCS_ECDSA_P384_SHA384)].map(certified),
        );
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
}
