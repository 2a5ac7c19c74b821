//! The client identifier that is the URL of a metadata document (§3).

use url::{Host, Url};

use crate::metadata::PlainUri;
use crate::policy::is_public_host;

/// The longest identifier, in bytes.
pub(super) const MAX_BYTES: usize = 1024;

/// Names that RFC 6761 keeps for tests; nobody's document is there.
const TEST_NAME: &str = ".test";

/// A client identifier that is an https URL, byte for byte as the client wrote it: two that differ in a byte are two
/// clients (RFC 3986 §6.2.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DocumentUri {
    text: String,
    host: String,
    origin: String,
}

/// Why a URL is no client identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriFault {
    /// A bound of this program's.
    #[error("it is longer than {MAX_BYTES} bytes")]
    TooLong,
    /// §3; the scheme is written in lower case, since identifiers are compared as strings.
    #[error("it does not begin with https:// in lower case")]
    Scheme,
    /// RFC 3986 §2.
    #[error("it has a character that no URL has unless percent-encoded")]
    Character,
    /// §3.
    #[error("it has a fragment")]
    Fragment,
    /// §3.
    #[error("it has a user name or a password")]
    UserInfo,
    /// §3.
    #[error("it has no path: at least a slash must follow the host")]
    Path,
    /// §3, percent-encoded ones too.
    #[error("its path has a dot segment")]
    DotSegment,
    /// §3: it should not, and the service has not permitted it.
    #[error("it has a query, which this service does not permit")]
    Query,
    /// What is compared and what is fetched would differ.
    #[error("its host is not in lower case")]
    HostCase,
    /// RFC 3986 §3.2.3.
    #[error("its port is empty, zero or not a number")]
    Port,
    /// Documents are fetched from port 443.
    #[error("its port is not 443, and documents are fetched from no other")]
    OtherPort,
    /// §9.6: an address, a name of one network, or one that parsers read differently.
    #[error("its host is not a public host name")]
    Host,
    /// An authorization server is no client: its metadata would be read as a client's.
    #[error("it is the issuer identifier of an authorization server")]
    Issuer,
}

impl DocumentUri {
    /// Whether an identifier is meant to be the URL of a document: then it is that or nothing.
    #[must_use]
    pub fn is_meant_by(identifier: &str) -> bool {
        identifier.get(..6).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https:"))
    }

    /// Reads an identifier. `is_reachable` knows pairs of host and port to which the rules about hosts do not apply, in
    /// development.
    ///
    /// # Errors
    /// The first [`UriFault`], but for [`Query`](UriFault::Query) and [`Issuer`](UriFault::Issuer), of which a service
    /// decides.
    pub fn parse(text: &str, is_reachable: impl Fn(&str) -> bool) -> Result<Self, UriFault> {
        if text.len() > MAX_BYTES {
            return Err(UriFault::TooLong);
        }
        if text.bytes().any(|byte| !byte.is_ascii_graphic() || byte == b'\\') {
            return Err(UriFault::Character);
        }
        let rest = text.strip_prefix("https://").ok_or(UriFault::Scheme)?;
        if text.contains('#') {
            return Err(UriFault::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or_default();
        if authority.contains('@') {
            return Err(UriFault::UserInfo);
        }
        if authority.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(UriFault::HostCase);
        }
        let port = authority.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
        if port.is_some_and(|port| port.starts_with('0') || port.parse::<u16>().is_err()) {
            return Err(UriFault::Port);
        }
        if !path.starts_with('/') {
            return Err(UriFault::Path);
        }
        let uri = PlainUri::parse(text).map_err(of_uri)?;
        let url = Url::parse(text).map_err(|_| UriFault::Host)?;
        let host = uri.host().ok_or(UriFault::Host)?;
        let pair = format!("{host}:{}", url.port_or_known_default().unwrap_or_default());
        let is_name = matches!(host, Host::Domain(name) if !name.ends_with('.') && !name.ends_with(TEST_NAME));
        if !(is_name && is_public_host(&host) || is_reachable(&pair)) {
            return Err(UriFault::Host);
        }
        if url.port().is_some() && !is_reachable(&pair) {
            return Err(UriFault::OtherPort);
        }
        Ok(Self { text: text.to_owned(), host: host.to_string(), origin: url.origin().ascii_serialization() })
    }

    /// The identifier as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its host, which the user is shown (§9.5).
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its origin (RFC 6454 §4).
    #[must_use]
    pub fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether it has a query, if only an empty one.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.text.contains('?')
    }
}

fn of_uri(fault: crate::metadata::UriFault) -> UriFault {
    use crate::metadata::UriFault as Fault;
    match fault {
        Fault::Syntax | Fault::Character | Fault::PercentSign | Fault::Control => UriFault::Character,
        Fault::DotSegment => UriFault::DotSegment,
        Fault::UserInfo => UriFault::UserInfo,
        Fault::Port => UriFault::Port,
        Fault::Authority | Fault::Host => UriFault::Host,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DocumentUri, UriFault> {
        DocumentUri::parse(text, |pair| pair == "localhost:8443" || pair == "127.0.0.1:8443")
    }

    #[test]
    fn a1_to_a12_each_rule_of_section_3_is_broken_alone() {
        use UriFault as Fault;
        for (text, fault) in [
            ("HTTPS://h.example/c", Fault::Scheme),
            ("Https://h.example/c", Fault::Scheme),
            ("http://h.example/c", Fault::Scheme),
            ("https:h.example/c", Fault::Scheme),
            ("https:/h.example/c", Fault::Scheme),
            ("https://user@h.example/c", Fault::UserInfo),
            ("https://user:pw@h.example/c", Fault::UserInfo),
            ("https://@h.example/c", Fault::UserInfo),
            ("https://h.example/c#", Fault::Fragment),
            ("https://h.example/c#a", Fault::Fragment),
            ("https://h.example", Fault::Path),
            ("https://h.example?a", Fault::Path),
            ("https://h.example/a/./c", Fault::DotSegment),
            ("https://h.example/a/../c", Fault::DotSegment),
            ("https://h.example/..", Fault::DotSegment),
            ("https://h.example/a/%2e/c", Fault::DotSegment),
            ("https://h.example/a/.%2E/c", Fault::DotSegment),
            ("https://h.example/a/%2E%2e", Fault::DotSegment),
            ("https://H.example/c", Fault::HostCase),
            ("https://h.example:/c", Fault::Port),
            ("https://h.example:0/c", Fault::Port),
            ("https://h.example:080/c", Fault::Port),
            ("https://h.example:65536/c", Fault::Port),
            ("https://h.example/a b", Fault::Character),
            ("https://h.example/a\tb", Fault::Character),
            ("https://h.example/a\u{7f}", Fault::Character),
            ("https://h.example/a\\b", Fault::Character),
            ("https://h.example/ä", Fault::Character),
            ("https://hä.example/", Fault::Character),
            ("https://h.example/%", Fault::Character),
            ("https://h.example/%2", Fault::Character),
            ("https://h.example/%zz", Fault::Character),
            ("https://h.example:8443/c", Fault::OtherPort),
            ("https:///c", Fault::Host),
            ("https://203.0.113.7/c", Fault::Host),
            ("https://8.8.8.8/c", Fault::Host),
            ("https://[2606:4700::1111]/c", Fault::Host),
            ("https://2130706433/c", Fault::Host),
            ("https://0x7f000001/c", Fault::Host),
            ("https://0177.0.0.1/c", Fault::Host),
            ("https://127.1/c", Fault::Host),
            ("https://localhost/c", Fault::Host),
            ("https://intranet/c", Fault::Host),
            ("https://a.local/c", Fault::Host),
            ("https://a.internal/c", Fault::Host),
            ("https://a.localhost/c", Fault::Host),
            ("https://a.test/c", Fault::Host),
            ("https://h.example./c", Fault::Host),
        ] {
            assert_eq!(parse(text), Err(fault), "{text}");
        }
        let long = format!("https://h.example/{}", "a".repeat(MAX_BYTES - 18));
        assert_eq!(long.len(), MAX_BYTES);
        assert_eq!(parse(&long).map(|uri| uri.as_str().len()), Ok(MAX_BYTES));
        assert_eq!(parse(&format!("{long}a")), Err(UriFault::TooLong));
    }

    #[test]
    fn a4_a7_what_may_be_is_kept_byte_for_byte() {
        for text in [
            "https://h.example/",
            "https://h.example/oauth/client.json",
            "https://h.example:443/c",
            "https://h.example/c?",
            "https://h.example/c?a=b",
            "https://h.example/C/%41//d/",
            "https://xn--bcher-kva.example/c",
            "https://h.example/a...b/.well-known",
        ] {
            assert_eq!(parse(text).map(|uri| uri.as_str().to_owned()).as_deref(), Ok(text));
        }
    }

    #[test]
    fn b6_a_development_setup_names_its_hosts() {
        assert_eq!(parse("https://localhost:8443/c").unwrap().origin(), "https://localhost:8443");
        assert!(parse("https://127.0.0.1:8443/c").is_ok());
        assert_eq!(parse("https://localhost:8444/c"), Err(UriFault::Host));
    }

    #[test]
    fn m22_whatever_looks_like_such_a_url_is_meant_as_one() {
        for identifier in ["https://h.example/c", "HTTPS://h.example/c", "https:/h", "https:"] {
            assert!(DocumentUri::is_meant_by(identifier), "{identifier}");
        }
        for identifier in ["", "http://h.example/c", "4711", "PSDFR-ACPR-1", "0f1d-https:", "http", "ä"] {
            assert!(!DocumentUri::is_meant_by(identifier), "{identifier}");
        }
    }
}
