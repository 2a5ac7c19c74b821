//! A distinguished name as text (RFC 4514).

use std::fmt::Write;

use x509_parser::asn1_rs::{Any, FromBer, Oid, ToDer, oid};
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

/// Whether a text is a distinguished name, with an attribute at least: as RFC 4514 §3 writes it, and as RFC 2253 §4 has
/// readers take it, with spaces around separators, with `;` for `,`, with a value in quotes, with `OID.` before a number.
#[must_use]
pub fn is_distinguished_name(text: &str) -> bool {
    let mut rest = text;
    while let Some((_, value)) = rest.split_once('=').filter(|(name, _)| is_attribute_type(name.trim_matches(' '))) {
        match after_value(value.trim_start_matches(' ')) {
            Some("") => return true,
            Some(behind) => rest = behind.get(1..).unwrap_or_default(),
            None => return false,
        }
    }
    false
}

/// A name, or the numbers of an OID.
fn is_attribute_type(text: &str) -> bool {
    let is_name = text.starts_with(|letter: char| letter.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let prefixed = text.split_at_checked(4).filter(|(prefix, _)| prefix.eq_ignore_ascii_case("oid."));
    is_name || is_oid(prefixed.map_or(text, |(_, numbers)| numbers))
}

/// Two numbers at least (RFC 4512 §1.4), the first of which is 0, 1 or 2, and the second below 40 but for 2 (X.660 §7).
fn is_oid(text: &str) -> bool {
    let is_number = |text: &str| {
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        is_digits && (text == "0" || !text.starts_with('0'))
    };
    let Some((first, others)) = text.split_once('.') else { return false };
    let second = others.split('.').next().unwrap_or_default();
    let is_below = first == "2" || second.parse::<u8>().is_ok_and(|second| second < 40);
    matches!(first, "0" | "1" | "2") && is_below && others.split('.').all(is_number)
}

/// What stands behind a value: nothing, or a separator and the next attribute. None if it is no value.
fn after_value(text: &str) -> Option<&str> {
    let is_separator = |letter: char| matches!(letter, ',' | ';' | '+');
    if let Some(quoted) = text.strip_prefix('"') {
        let behind = after_text(quoted, |letter| letter == '"')?.strip_prefix('"')?.trim_start_matches(' ');
        return (behind.is_empty() || behind.starts_with(is_separator)).then_some(behind);
    }
    if let Some(der) = text.strip_prefix('#') {
        let (der, behind) = der.split_at_checked(der.find(is_separator).unwrap_or(der.len()))?;
        return is_ber(der.trim_end_matches(' ')).then_some(behind);
    }
    after_text(text, |letter| is_separator(letter) || matches!(letter, '"' | '<' | '>'))
        .filter(|behind| behind.is_empty() || behind.starts_with(is_separator))
}

/// The digits of one value, which is as long as it says.
fn is_ber(digits: &str) -> bool {
    let is_hexadecimal = digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    let octet = |at| digits.get(at..at + 2).and_then(|pair| u8::from_str_radix(pair, 16).ok());
    let octets: Option<Vec<u8>> = (0..digits.len()).step_by(2).map(octet).collect();
    octets
        .filter(|_| is_hexadecimal)
        .is_some_and(|octets| Any::from_ber(&octets).is_ok_and(|(rest, _)| rest.is_empty()))
}

/// A text from where that stands in it, but not behind a backslash, on. None if a backslash stands before what is neither
/// one of the characters that it may stand before nor two digits.
fn after_text(text: &str, is_end: impl Fn(char) -> bool) -> Option<&str> {
    let mut rest = text;
    while let Some(letter) = rest.chars().next().filter(|letter| !is_end(*letter)) {
        rest = rest.get(letter.len_utf8()..)?;
        if letter == '\\' {
            let is_special = rest.starts_with(|letter| r#"\"+,;<>= #"#.contains(letter));
            let is_octet = rest.get(..2).is_some_and(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()));
            rest = rest.get(if is_special { 1 } else { 2 }..).filter(|_| is_special || is_octet)?;
        }
    }
    Some(rest)
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

    #[test]
    fn names_that_clients_register_are_names() {
        for text in [
            "CN=rp",
            "CN=",
            "cn=rp.example, O=RP , C=DE",
            "UID=jsmith,DC=example,DC=net",
            "OU=Sales+CN=J.  Smith,DC=example,DC=net",
            "CN=James \\\"Jim\\\" Smith\\, III,DC=example",
            "CN=Before\\0dAfter,DC=example",
            "1.3.6.1.4.1.1466.0=#04024869",
            "2.5.4.97=#0c1050534446522d414350522d3132333435,O=ACME\\, SAS,C=FR",
            "2.5.4.97=PSDFR-ACPR-12345,CN=a",
            "OID.2.5.4.97=PSDFR-ACPR-12345,CN=a",
            "organizationIdentifier=PSDFR-ACPR-12345,CN=a",
            "CN=Lu\\C4\\8Di\\C4\\87",
            "CN=Müller & Söhne / Zürich (a@b),O=\u{6771}\u{4eac}",
            "CN=\\ a\\ ,O=\\#1",
            "O=\"ACME, Inc.\" , CN=a=b",
            "CN=a;O=b",
            "2.999=a+0.39.0=#0500",
            "oid.1.2.840.113549.1.9.1=#1600",
            "UID=67c57882-043b-11ec-9a03-0242ac130003,1.3.6.1.4.1.311.60.2.1.3=#13024252,\
             2.5.4.15=#130c507269766174652053656374,2.5.4.5=#130e3433313432363636303030313937,CN=mycn.bank.gov.br,\
             OU=497e1ffe-b2a2-4a4e-8ef0-70633fd11b59,O=My Public Bank,L=BRASILIA,ST=DF,C=BR",
            "serialNumber=1, jurisdictionCountryName=BR, businessCategory=Private Organization, emailAddress=a@b.example",
        ] {
            assert!(is_distinguished_name(text), "{text}");
        }
    }

    #[test]
    fn other_texts_are_none() {
        for text in [
            "",
            "garbage",
            "=a",
            ",CN=a",
            "CN=a,",
            "CN=a,,O=b",
            "CN=a+",
            "CN=a,b",
            "CN=a+b",
            "/C=FR/CN=a",
            "C N=a",
            "2=a",
            "2..5=a",
            "2.5.=a",
            "OID.2=a",
            "OID.=a",
            "OID=#",
            "00.1=a",
            "1.02.3=a",
            "3.5.4=a",
            "1.40=a",
            "é=a",
            "CN=#",
            "CN=#0",
            "CN=#0g",
            "CN=#+1",
            "CN=#ff",
            "CN=#0c",
            "CN=#0c10",
            "CN=#0c0161ff",
            "CN=\"a",
            "CN=\"a\"b",
            "CN=a\"b",
            "CN=a<b>",
            "CN=a\\",
            "CN=a\\x",
            "CN=a\\0",
            "CN=a\\é",
            "https://rp.example/?CN=a",
        ] {
            assert!(!is_distinguished_name(text), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_reader_panic(text in "[CNé=,+\\\\#\";0-9a ]{0,20}") {
            let _ = is_distinguished_name(&text);
        }

        #[test]
        fn whatever_is_escaped_is_a_value(value in "\\PC{0,20}") {
            let text = format!("CN={},O=a", escaped(&value));
            proptest::prop_assert!(is_distinguished_name(&text), "{}", text);
        }
    }
}
