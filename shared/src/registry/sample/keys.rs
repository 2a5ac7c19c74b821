//! A set of keys, by what each is for; of private ones that they are.

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Map, Value};

use super::{number_more, text, uri};
use crate::counted::counted;
use crate::metadata::{MAX_BODY_BYTES, PublicJwk, is_algorithm, is_hidden, is_private_member};

/// Members that rules look at.
const MEMBERS: [&str; 13] =
    ["kty", "crv", "use", "alg", "key_ops", "kid", "n", "e", "x", "y", "x5u", "x5c", "x5t#S256"];

/// What `kty`, `crv`, `use` and `key_ops` may say (RFC 7517 §4, RFC 7518 §6, RFC 8037 §2).
const WORDS: [&str; 24] = [
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
    "sig",
    "enc",
    "sign",
    "verify",
    "encrypt",
    "decrypt",
    "wrapKey",
    "unwrapKey",
    "deriveKey",
    "deriveBits",
    "AQAB",
];

/// What is shown in place of certificates, and of what names them, where they are the key's as they should be.
const CERTIFIED: &str = "of the key";

/// How many values of a list of a key are shown.
const MOST_MEMBER_VALUES: usize = 5;

/// Points of curves, so that what is like a key is one (RFC 7517 §A.1, RFC 8037 §A, and base points).
const POINTS: [[&str; 3]; 5] = [
    ["P-256", "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"],
    [
        "P-384",
        "qofKIr6LBTeOscce8yCtdG4dO2KLp5uYWfdB4IJUKjhVAvJdv1UpbDpUXjhydgq3",
        "NhfeSpYmLG9dnpi_kpLcKfj0Hb0omhR86doxE7XwuMAKYLHOHX6BnXpDHXyQ6g5f",
    ],
    [
        "P-521",
        "AMaFjga3BATpzZ4-y2YjlbRCnGSBOQU_tSH4KK9ga009uqFLXnfv51ko_h3BJ6L_qN4zSLPBhWpCm_l-fjHC5b1m",
        "ARg5KWp4mjvABFyKX7QsfRvZmPVESVebRGgXr70XJz5mLJfucple9CZAxVC5AT-tB2E1PHCGonLCQIi-lHaf0WZQ",
    ],
    ["Ed25519", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", ""],
    ["X25519", "hSDwCYkwp1R0i33ctD73Wg2_Og0mOBr066SpjqqbTmo", ""],
];

/// What is shown of a set: the first keys, and the one at that place in any case.
pub(super) fn masked(set: &Map<String, Value>, most: usize, at: Option<usize>) -> Value {
    let Some(keys) = set.get("keys") else { return counted(set.len(), "member").into() };
    let Value::Array(keys) = keys else { return Map::from_iter([("keys".to_owned(), kind(keys))]).into() };
    let (last, named) = (most.saturating_sub(1), at.filter(|at| *at >= most).and_then(|at| keys.get(at)));
    let first = keys.iter().take(if named.is_some() { last } else { most });
    let shown = first.chain(named).map(|key| match key {
        Value::Object(members) => shown_key(members, PublicJwk::check(key).is_ok_and(|key| key.is_some())),
        other => kind(other),
    });
    let shown = shown.chain(number_more(keys.len(), most)).collect();
    Map::from_iter([("keys".to_owned(), shown)]).into()
}

fn shown_key(members: &Map<String, Value>, is_well: bool) -> Value {
    let private = members.keys().filter(|name| is_private_member(name));
    let private = private.map(|name| (name.to_ascii_lowercase(), "private".into()));
    let is_certified = is_well && members.contains_key("x5c");
    let others = MEMBERS.iter().filter_map(|name| {
        let value = members.get(*name)?;
        let shown = match *name {
            "x5c" | "x5t#S256" if is_certified => CERTIFIED.into(),
            name => shown_member(name, value),
        };
        Some(((*name).to_owned(), shown))
    });
    Value::Object(private.chain(others).collect())
}

fn shown_member(name: &str, value: &Value) -> Value {
    match value {
        Value::String(word) if WORDS.contains(&&**word) || name == "alg" && is_algorithm(word) => word.as_str().into(),
        Value::String(url) if name == "x5u" => uri::masked(url).into(),
        Value::String(text) if matches!(name, "n" | "e" | "x" | "y") => {
            let is_other = |letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter);
            text::masked(text, &[is_other]).into()
        }
        Value::String(text) => text::masked(text, &[is_hidden]).into(),
        Value::Array(values) => values.iter().take(MOST_MEMBER_VALUES).map(|value| shown_member(name, value)).collect(),
        other => kind(other),
    }
}

/// What is no set, key or text where there should be one.
fn kind(value: &Value) -> Value {
    match value {
        Value::Object(members) => counted(members.len(), "member").into(),
        Value::Array(values) => counted(values.len(), "value").into(),
        Value::String(text) => text::masked(text, &[]).into(),
        Value::Number(_) => "a number".into(),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// A key that stands for one of which that is shown.
pub(super) fn stand_in(shown: &Map<String, Value>, number: usize) -> Value {
    let length =
        |name: &str| shown.get(name).and_then(Value::as_str).and_then(|shown| text::number(shown, "characters"));
    let curve = shown.get("crv").and_then(Value::as_str);
    let point = POINTS.iter().find(|[name, ..]| Some(*name) == curve);
    let point = point.filter(|[_, x, y]| length("x") == Some(x.len()) && length("y").unwrap_or_default() == y.len());
    let members = shown.iter().map(|(name, value)| {
        let value = match (&**name, value, point) {
            ("x", _, Some([_, x, _])) => Value::from(*x),
            ("y", _, Some([_, _, y])) => Value::from(*y),
            ("n" | "e", Value::String(shown), _) => odd(shown).map_or_else(|| plain(value), Value::from),
            // Each has another one.
            ("kid", Value::String(shown), _) => text::stand_in(shown, MAX_BODY_BYTES).map_or(Value::Null, |kid| {
                Value::from(kid.strip_prefix('x').map(|rest| format!("{number}{rest}")).unwrap_or(kid))
            }),
            ("x5u", Value::String(shown), _) => uri::stand_in(shown, MAX_BODY_BYTES).map_or(Value::Null, Value::from),
            _ => plain(value),
        };
        (name.clone(), value)
    });
    let mut key = members.collect();
    if shown.get("x5c").is_some_and(|shown| shown == CERTIFIED)
        && let Some(certificate) = PublicJwk::certificate_of(&key)
    {
        if let Some(name) = key.get_mut("x5t#S256") {
            *name = BASE64URL.encode(digest(&SHA256, &certificate)).into();
        }
        key.insert("x5c".to_owned(), vec![BASE64.encode(certificate)].into());
    }
    Value::Object(key)
}

/// A number as long as that one is shown to be, in base64url.
fn odd(shown: &str) -> Option<String> {
    let length = text::number(shown, "characters")?.min(MAX_BODY_BYTES);
    Some(BASE64URL.encode(vec![0xff; length * 3 / 4]))
}

fn plain(shown: &Value) -> Value {
    match shown {
        Value::String(shown) => match text::stand_in(shown, MAX_BODY_BYTES) {
            Some(text) => text.into(),
            None if shown == "a number" => 1.into(),
            None => shown.as_str().into(),
        },
        Value::Array(values) => values.iter().map(plain).collect(),
        other => other.clone(),
    }
}
