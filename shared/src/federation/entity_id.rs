//! Entity identifiers (§1.2, §9, §16).

use std::fmt;

use url::{Host, Url};

/// The longest entity identifier that is read, in bytes.
const MAX_BYTES: usize = 2048;

/// The identifier of an entity: an `https` URL with a host, perhaps a port and a path, and nothing else. Two are equal
/// if they are code point by code point (§16).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntityId(Box<str>);

impl EntityId {
    /// Reads an entity identifier.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let plain = text.len() <= MAX_BYTES
            && text.strip_prefix("https://").is_some_and(|rest| !rest.starts_with('/'))
            && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#\\@".contains(&byte));
        let url = if plain { Url::parse(text).ok()? } else { return None };
        match url.host()? {
            Host::Domain(domain) if without_root(domain).split('.').any(str::is_empty) => None,
            Host::Domain(_) | Host::Ipv4(_) | Host::Ipv6(_) => Some(Self(text.into())),
        }
    }

    /// The identifier as it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Where the entity publishes its configuration (§9).
    #[must_use]
    pub fn configuration_url(&self) -> String {
        format!("{}/.well-known/openid-federation", self.0.strip_suffix('/').unwrap_or(&self.0))
    }

    /// Whether the identifier stays what it is where a gateway decodes it in a path.
    #[must_use]
    pub(super) fn stands_in_a_path(&self) -> bool {
        !self.0.contains('%') && !self.0.split('/').any(|segment| matches!(segment, "." | ".."))
    }

    /// The host, in lower case.
    #[must_use]
    pub fn host(&self) -> String {
        Url::parse(&self.0).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// The host name, in lower case and without a dot at its end, unless the host is an address.
    #[must_use]
    pub(super) fn domain(&self) -> Option<String> {
        match Url::parse(&self.0).ok()?.host()? {
            Host::Domain(domain) => Some(without_root(domain).to_owned()),
            Host::Ipv4(_) | Host::Ipv6(_) => None,
        }
    }

    /// Host and port, if the port is not that of https.
    #[must_use]
    pub(super) fn unusual_port(&self) -> Option<String> {
        let url = Url::parse(&self.0).ok()?;
        Some(format!("{}:{}", url.host_str()?, url.port()?))
    }
}

/// A host name without the dot that stands for the root.
fn without_root(domain: &str) -> &str {
    domain.strip_suffix('.').unwrap_or(domain)
}

impl fmt::Display for EntityId {
    fn fmt(&self, formatter: &mut fmt::Formatter) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s1_2_an_entity_identifier_is_an_https_url_of_host_port_and_path() {
        for text in [
            "https://rp.example",
            "https://rp.example/",
            "https://rp.example:8443/a/b",
            "https://127.0.0.1:1",
            "https://rp.example.",
        ] {
            assert!(EntityId::parse(text).is_some(), "{text}");
        }
        for text in [
            "",
            "rp.example",
            "http://rp.example",
            "HTTPS://rp.example",
            "https://",
            "https:///a",
            "https://rp.example?",
            "https://rp.example?a=b",
            "https://rp.example#",
            "https://u@rp.example",
            "https://rp.example:99999",
            " https://rp.example",
            "https://rp.example/\n",
            "https://rp.example\\a",
            "https://r\u{e9}.example",
            "https://rp.example..",
            "https://rp..example",
            "https://.rp.example",
            "https://rp.example%2E%2E",
            "https://.",
        ] {
            assert_eq!(EntityId::parse(text), None, "{text:?}");
        }
        assert_eq!(EntityId::parse(&format!("https://rp.example/{}", "x".repeat(MAX_BYTES))), None);
    }

    #[test]
    fn s9_a_configuration_is_below_the_identifier() {
        for (id, url) in [
            ("https://rp.example", "https://rp.example/.well-known/openid-federation"),
            ("https://rp.example/", "https://rp.example/.well-known/openid-federation"),
            ("https://rp.example:8443/a/", "https://rp.example:8443/a/.well-known/openid-federation"),
        ] {
            assert_eq!(EntityId::parse(id).unwrap().configuration_url(), url);
        }
    }

    #[test]
    fn s16_identifiers_are_compared_code_point_by_code_point() {
        let id = |text: &str| EntityId::parse(text).unwrap();
        assert_eq!(id("https://rp.example"), id("https://rp.example"));
        for other in ["https://rp.example/", "https://RP.example", "https://rp.example:443", "https://rp.example/%61"] {
            assert_ne!(id("https://rp.example"), id(other));
        }
    }
}
