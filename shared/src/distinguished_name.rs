//! A distinguished name as text (RFC 4514).

use std::fmt::Write;

use x509_parser::asn1_rs::{Oid, ToDer, oid};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// organizationIdentifier (X.520 §6.4.7).
pub const ORGANIZATION_IDENTIFIER: Oid<'static> = oid!(2.5.4.97);

/// A name in the spellings that clients use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DistinguishedName {
    standard: String,
    others: [String; 2],
}

impl DistinguishedName {
    /// Reads a name; none if a value of it is no DER.
    #[must_use]
    pub fn read(name: &X509Name) -> Option<Self> {
        let others = [text(name, Spelling::Text)?, text(name, Spelling::Named)?];
        Some(Self { standard: text(name, Spelling::Standard)?, others })
    }

    /// As RFC 4514 writes it. An attribute without a name in RFC 4514 is an OID and `#` with the DER of its value.
    #[must_use]
    pub fn standard(&self) -> &str {
        &self.standard
    }

    /// Whether `text` is this name: as RFC 4514 writes it, or with `2.5.4.97=` or `organizationIdentifier=` before the
    /// plain value, as common tools do.
    #[must_use]
    pub fn is(&self, text: &str) -> bool {
        self.standard == text || self.others.iter().any(|known| known == text)
    }
}

/// How to write attribute types that RFC 4514 §3 has no name for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Spelling {
    /// `2.5.4.97=#0c10…`: the OID and the DER of the value, as RFC 4514 §2.3 and §2.4 demand.
    Standard,
    /// `2.5.4.97=PSDFR-ACPR-12345`: the OID and the text.
    Text,
    /// `organizationIdentifier=PSDFR-ACPR-12345`: the name, where X.520 has one.
    Named,
}

/// The name in one spelling, the last RDN first (RFC 4514 §2.1).
fn text(name: &X509Name, spelling: Spelling) -> Option<String> {
    let mut parts = Vec::new();
    for rdn in name.iter_rdn() {
        let attributes: Option<Vec<_>> = rdn.iter().map(|pair| attribute(pair, spelling)).collect();
        parts.push(attributes?.join("+"));
    }
    parts.reverse();
    Some(parts.join(","))
}

fn attribute(pair: &AttributeTypeAndValue, spelling: Spelling) -> Option<String> {
    let identifier = pair.attr_type();
    let named = short_name(identifier);
    let label = match (named, spelling) {
        (Some(name), _) => name.to_owned(),
        (None, Spelling::Named) if *identifier == ORGANIZATION_IDENTIFIER => "organizationIdentifier".to_owned(),
        (None, _) => identifier.to_id_string(),
    };
    let as_text = named.is_some() || spelling != Spelling::Standard;
    let value = match pair.as_str() {
        Ok(value) if as_text => escaped(value),
        _ => hexadecimal(&pair.attr_value().to_der_vec().ok()?),
    };
    Some(format!("{label}={value}"))
}

/// The names of RFC 4514 §3.
fn short_name(identifier: &Oid) -> Option<&'static str> {
    [
        (oid!(2.5.4.3), "CN"),
        (oid!(2.5.4.7), "L"),
        (oid!(2.5.4.8), "ST"),
        (oid!(2.5.4.10), "O"),
        (oid!(2.5.4.11), "OU"),
        (oid!(2.5.4.6), "C"),
        (oid!(2.5.4.9), "STREET"),
        (oid!(0.9.2342.19200300.100.1.25), "DC"),
        (oid!(0.9.2342.19200300.100.1.1), "UID"),
    ]
    .into_iter()
    .find_map(|(known, name)| (known == *identifier).then_some(name))
}

fn hexadecimal(der: &[u8]) -> String {
    der.iter().fold("#".to_owned(), |mut text, byte| {
        // Writing to a String does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The escapes of RFC 4514 §2.4; control characters are escaped too.
fn escaped(value: &str) -> String {
    let last = value.chars().count().saturating_sub(1);
    let mut text = String::with_capacity(value.len());
    for (index, character) in value.chars().enumerate() {
        match character {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => text.extend(['\\', character]),
            '#' if index == 0 => text.push_str("\\#"),
            ' ' if index == 0 || index == last => text.push_str("\\ "),
            control if control.is_ascii_control() => {
                // Writing to a String does not fail.
                let _ = write!(text, "\\{:02X}", u32::from(control));
            }
            other => text.push(other),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc4514_2_4_values_are_escaped() {
        for (value, expected) in [
            ("Tink AB", "Tink AB"),
            ("Müller & Söhne", "Müller & Söhne"),
            ("ACME, Inc.", "ACME\\, Inc."),
            ("James \"Jim\" Smith", "James \\\"Jim\\\" Smith"),
            ("#1", "\\#1"),
            ("a#1", "a#1"),
            (" a ", "\\ a\\ "),
            (" ", "\\ "),
            ("a+b;c<d>e\\f", "a\\+b\\;c\\<d\\>e\\\\f"),
            ("Before\rAfter\0", "Before\\0DAfter\\00"),
            ("", ""),
        ] {
            assert_eq!(escaped(value), expected);
        }
    }
}
