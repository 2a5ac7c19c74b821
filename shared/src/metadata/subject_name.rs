//! The name in a certificate by which a client is known (RFC 8705 §2.1.2).

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rustls_pki_types::DnsName;

use super::{ClientMetadata, Invalid};
use crate::distinguished_name::is_distinguished_name;

/// A member with such a name. A URI is one as any other member's is.
pub(crate) struct SubjectName {
    member: &'static str,
    of: fn(&ClientMetadata) -> Option<&str>,
    is_one: fn(&str) -> bool,
    /// What it is, with its article.
    what: &'static str,
    /// One that is nobody's.
    example: &'static str,
}

static NAMES: [SubjectName; 4] = [
    SubjectName {
        member: "tls_client_auth_subject_dn",
        of: |metadata| metadata.tls_client_auth_subject_dn.as_deref(),
        is_one: is_distinguished_name,
        what: "a distinguished name (RFC 4514)",
        example: "CN=x",
    },
    SubjectName {
        member: "tls_client_auth_san_dns",
        of: |metadata| metadata.tls_client_auth_san_dns.as_deref(),
        is_one: |text| is_dns_name(text.strip_prefix("*.").unwrap_or(text)),
        what: "the name of a host",
        example: "x.example",
    },
    SubjectName {
        member: "tls_client_auth_san_ip",
        of: |metadata| metadata.tls_client_auth_san_ip.as_deref(),
        is_one: |text| text.parse::<IpAddr>().is_ok(),
        what: "an IP address",
        example: "192.0.2.1",
    },
    SubjectName {
        member: "tls_client_auth_san_email",
        of: |metadata| metadata.tls_client_auth_san_email.as_deref(),
        is_one: is_mailbox,
        what: "an email address",
        example: "x@x.example",
    },
];

impl SubjectName {
    /// Refuses a name that no certificate has.
    pub(super) fn check_all(metadata: &ClientMetadata) -> Result<(), Invalid> {
        let is_wrong = |name: &&Self| (name.of)(metadata).is_some_and(|text| !(name.is_one)(text));
        NAMES.iter().find(is_wrong).map_or(Ok(()), |name| Err(Invalid::syntax(name.member, name.what)))
    }

    /// What stands for the value of a member, if that is such a name.
    pub(crate) fn masked(member: &str, text: &str) -> Option<&'static str> {
        NAMES.iter().find(|name| name.member == member && (name.is_one)(text)).map(|name| name.what)
    }

    /// As long a text as that which no certificate has as this name, in place of one that is none.
    pub(crate) fn none_as_long(member: &str, text: String) -> String {
        let is_one = NAMES.iter().any(|name| name.member == member && (name.is_one)(&text));
        if is_one { " ".repeat(text.len()) } else { text }
    }

    /// A name in place of what stands for one.
    pub(crate) fn stand_in(member: &str, shown: &str) -> Option<&'static str> {
        NAMES.iter().find(|name| name.member == member && name.what == shown).map(|name| name.example)
    }
}

/// A dNSName (RFC 5280 §4.2.1.6, RFC 1123 §2.1): no address, whose place is another, and no longer than names are.
fn is_dns_name(text: &str) -> bool {
    DnsName::try_from(text).is_ok()
}

/// An rfc822Name (RFC 5280 §4.2.1.6): a Mailbox (RFC 5321 §4.1.2).
fn is_mailbox(text: &str) -> bool {
    text.rsplit_once('@').is_some_and(|(local, domain)| is_local_part(local) && is_domain(domain))
}

/// A host, or an address in brackets (RFC 5321 §4.1.3).
fn is_domain(text: &str) -> bool {
    match text.strip_prefix('[').and_then(|text| text.strip_suffix(']')) {
        Some(address) => match address.split_at_checked(5) {
            Some((tag, address)) if tag.eq_ignore_ascii_case("IPv6:") => address.parse::<Ipv6Addr>().is_ok(),
            _ => address.parse::<Ipv4Addr>().is_ok(),
        },
        None => is_dns_name(text) && !text.ends_with('.'),
    }
}

/// Words between dots, or a text in quotes, of at most 64 bytes (RFC 5321 §4.5.3.1.1).
fn is_local_part(text: &str) -> bool {
    let is_atom = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~".contains(&byte);
    let is_shape = match text.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
        Some(quoted) => is_quoted(quoted),
        None => text.split('.').all(|word| !word.is_empty() && word.bytes().all(is_atom)),
    };
    is_shape && text.len() <= 64
}

/// What stands between quotes: quotes and backslashes only behind a backslash.
fn is_quoted(text: &str) -> bool {
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let shown = if byte == b'\\' { bytes.next() } else { Some(byte).filter(|byte| *byte != b'"') };
        if !shown.is_some_and(|byte| matches!(byte, b' '..=b'~')) {
            return false;
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_5280_s4_2_1_6_a_name_of_a_host_is_no_address_and_fits() {
        let long = |label: usize| format!("{}.example", "a".repeat(label));
        let deep = |labels: usize| format!("{}example", "a.".repeat(labels));
        for name in
            ["rp.example", "RP.example", "xn--bcher-kva.example", "localhost", "_a.example", "1.example", "a-b.example"]
        {
            assert!(is_dns_name(name), "{name}");
        }
        assert!(is_dns_name(&long(63)) && is_dns_name(&deep(123)));
        assert!(!is_dns_name(&long(64)) && !is_dns_name(&deep(124)));
        for other in [
            "",
            ".",
            "192.0.2.1",
            "::1",
            "-a.example",
            "a-.example",
            "a..example",
            ".example",
            "a b.example",
            "b\u{fc}cher.example",
            "*.example",
        ] {
            assert!(!is_dns_name(other), "{other}");
        }
    }

    #[test]
    fn rfc_5321_s4_1_2_an_email_address_is_a_mailbox() {
        let long = |local: usize| format!("{}@b.example", "a".repeat(local));
        for mailbox in [
            "a@b.example",
            "first.last+tag@b.example",
            "o'neil/x=y@b.example",
            "a@localhost",
            "\"a b\"@c.example",
            "\"a@b\"@c.example",
            "\"a\\\"b\\\\\"@c.example",
            "\"\"@c.example",
            "a@[192.0.2.1]",
            "a@[IPv6:2001:db8::1]",
        ] {
            assert!(is_mailbox(mailbox), "{mailbox}");
        }
        assert!(is_mailbox(&long(64)) && !is_mailbox(&long(65)));
        for other in [
            "",
            "a",
            "@b.example",
            "a@",
            "a b@c.example",
            "a@@b.example",
            "a@b@c.example",
            "mailto:a@b.example",
            "a@b.example,c@d.example",
            "<a@b.example>",
            "A <a@b.example>",
            ".a@b.example",
            "a.@b.example",
            "a..b@c.example",
            "\"a@b.example",
            "\"a\"b\"@c.example",
            "\"a\\\"@c.example",
            "\"@c.example",
            "\u{e9}@b.example",
            "a@192.0.2.1",
            "a@[192.0.2]",
            "a@[2001:db8::1]",
            "a@[IPv6:192.0.2.1]",
            "a@-b.example",
            "a@b..example",
            "a@b.example.",
            "a@b.example ",
        ] {
            assert!(!is_mailbox(other), "{other}");
        }
    }
}
