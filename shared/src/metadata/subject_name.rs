//! The name in a certificate by which a client is known (RFC 8705 §2.1.2).

use std::net::IpAddr;

use super::uri::is_host_name;
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
        is_one: |text| is_host_name(text.strip_prefix("*.").unwrap_or(text)),
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
        is_one: |text| text.rsplit_once('@').is_some_and(|(local, host)| !local.is_empty() && is_host_name(host)),
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

    /// A name in place of what stands for one.
    pub(crate) fn stand_in(member: &str, shown: &str) -> Option<&'static str> {
        NAMES.iter().find(|name| name.member == member && name.what == shown).map(|name| name.example)
    }
}
