//! JSON from strangers: bounded in size and depth, every name once.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use super::Invalid;

/// The largest registration that is read, in bytes.
pub const MAX_BODY_BYTES: usize = 64 * 1024;

/// How deep a registration may nest: `jwks` → `keys` → key → `x5c` needs four, custom members some more.
pub const MAX_DEPTH: usize = 12;

/// What some editors write before a text in UTF-8; a reader may ignore it (RFC 8259 §8.1).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads one JSON object. Unlike `serde_json` alone it refuses a name that appears twice, at any level:
/// two readers of one document must not see two different clients.
///
/// # Errors
/// [`Invalid::BodyTooLarge`], [`Invalid::TooDeep`], [`Invalid::Duplicate`], [`Invalid::NotAnObject`],
/// [`Invalid::NumberTooLarge`], [`Invalid::LoneSurrogate`], [`Invalid::Malformed`].
pub fn parse_object(bytes: &[u8]) -> Result<Map<String, Value>, Invalid> {
    parse_object_within(bytes, MAX_BODY_BYTES)
}

/// As [`parse_object`], of at most `limit` bytes.
///
/// # Errors
/// As [`parse_object`].
pub fn parse_object_within(bytes: &[u8], limit: usize) -> Result<Map<String, Value>, Invalid> {
    if bytes.len() > limit {
        return Err(Invalid::BodyTooLarge { limit });
    }
    let mut fault = None;
    let text = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    let mut deserializer = serde_json::Deserializer::from_slice(text);
    let parsed = Strict { depth: 0, fault: &mut fault }
        .deserialize(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value));
    match (parsed, fault) {
        (Ok(Value::Object(members)), _) => Ok(members),
        (Ok(_), _) => Err(Invalid::NotAnObject),
        (Err(_), Some(fault)) => Err(fault),
        (Err(error), None) => Err(malformed(&error)),
    }
}

/// Why a text is not JSON that can be read: of what looks like JSON more than that.
fn malformed(error: &serde_json::Error) -> Invalid {
    let reason = error.to_string();
    if reason.starts_with("number out of range") {
        Invalid::NumberTooLarge
    } else if reason.starts_with("lone leading surrogate") || reason.starts_with("unexpected end of hex escape") {
        Invalid::LoneSurrogate
    } else {
        Invalid::Malformed
    }
}

struct Strict<'f> {
    depth: usize,
    fault: &'f mut Option<Invalid>,
}

impl Strict<'_> {
    fn inner<E: serde::de::Error>(&mut self) -> Result<Strict<'_>, E> {
        if self.depth == MAX_DEPTH {
            *self.fault = Some(Invalid::TooDeep { limit: MAX_DEPTH });
            return Err(E::custom("too deep"));
        }
        Ok(Strict { depth: self.depth + 1, fault: self.fault })
    }
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut sequence: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(value) = sequence.next_element_seed(self.inner()?)? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Value, A::Error> {
        let mut members = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value_seed(self.inner()?)?;
            if members.contains_key(&name) {
                *self.fault = Some(Invalid::Duplicate { member: name });
                return Err(A::Error::custom("duplicate"));
            }
            members.insert(name, value);
        }
        Ok(Value::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(text: &[u8]) -> Invalid {
        parse_object(text).unwrap_err()
    }

    #[test]
    fn only_an_object_in_utf_8_is_read() {
        assert_eq!(fault(b"[]"), Invalid::NotAnObject);
        assert_eq!(fault(b"null"), Invalid::NotAnObject);
        assert_eq!(fault(b""), Invalid::Malformed);
        assert_eq!(fault(b"{} {}"), Invalid::Malformed);
        assert_eq!(fault(b"\xef\xbb\xbf\xef\xbb\xbf{}"), Invalid::Malformed);
        assert_eq!(fault(b"{}\xef\xbb\xbf"), Invalid::Malformed);
        assert_eq!(fault(b"{\"client_name\":\"\xff\"}"), Invalid::Malformed);
        assert_eq!(fault(br#"{"client_name":"\ud800"}"#), Invalid::LoneSurrogate);
        assert_eq!(fault(br#"{"client_name":"\ud800a"}"#), Invalid::LoneSurrogate);
        assert_eq!(fault(br#"{"client_name":"\udc00"}"#), Invalid::LoneSurrogate);
        assert_eq!(fault(br#"{"default_max_age":1e999}"#), Invalid::NumberTooLarge);
        assert_eq!(fault(br#"{"default_max_age":-1e999}"#), Invalid::NumberTooLarge);
    }

    #[test]
    fn rfc_8259_s8_1_a_byte_order_mark_before_the_text_is_ignored() {
        let read = parse_object(b"\xef\xbb\xbf{\"scope\":\"a\"}").unwrap();
        assert_eq!(read.get("scope"), Some(&Value::from("a")));
    }

    #[test]
    fn a_name_that_appears_twice_is_refused_at_every_level() {
        let twice = |member: &str| Invalid::Duplicate { member: member.to_owned() };
        assert_eq!(fault(br#"{"scope":"a","scope":"b"}"#), twice("scope"));
        assert_eq!(fault(br#"{"jwks":{"keys":[{"kid":"1","kid":"2"}]}}"#), twice("kid"));
        assert_eq!(fault(br#"{"scope":"a","sc\u006fpe":"b"}"#), twice("scope"));
    }

    #[test]
    fn size_and_depth_are_bounded() {
        let deep = |levels: usize| format!("{{\"a\":{}{}}}", "[".repeat(levels), "]".repeat(levels));
        assert!(parse_object(deep(MAX_DEPTH - 1).as_bytes()).is_ok());
        assert_eq!(fault(deep(MAX_DEPTH).as_bytes()), Invalid::TooDeep { limit: MAX_DEPTH });
        assert_eq!(fault(deep(30_000).as_bytes()), Invalid::TooDeep { limit: MAX_DEPTH });
        let large = format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_BODY_BYTES));
        assert_eq!(fault(large.as_bytes()), Invalid::BodyTooLarge { limit: MAX_BODY_BYTES });
    }
}
