//! URIs that every parser reads alike: as RFC 3986 writes them, with nothing that some parsers repair.

use std::num::NonZeroU16;

use fluent_uri::Uri;
use fluent_uri::component::Authority;
use url::{Host, Url};

/// The longest host name in text, with the dot of the root (RFC 1035 §2.3.4). What is longer leads nowhere, and takes long
/// to read as an internationalized name.
const MAX_HOST_BYTES: usize = 254;

/// An absolute URI that has one reading.
///
/// Its characters are those of RFC 3986, it has no dot segments (§3.3), no user information, no encoded control
/// characters, and a port, if any, that exists. An http or https URL has its host written as it is looked up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlainUri {
    url: Url,
    authority: bool,
}

/// What is wrong with a URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum UriFault {
    /// RFC 3986 §3: it has no scheme, or a character where it must not stand.
    #[error("it is not an absolute URI (RFC 3986)")]
    Syntax,
    /// RFC 3986 §2.
    #[error("it has a character that no URI has unless percent-encoded (RFC 3986)")]
    Character,
    /// RFC 3986 §2.1.
    #[error("it has a percent sign without two hexadecimal digits")]
    PercentSign,
    /// RFC 3986 §3.3: `.` or `..`, also encoded.
    #[error("its path has a dot segment")]
    DotSegment,
    /// RFC 3986 §7.3.
    #[error("it has an encoded control character")]
    Control,
    /// RFC 3986 §7.6: user information hides where a URI leads.
    #[error("it must not have user information")]
    UserInfo,
    /// RFC 3986 §3.2.3.
    #[error("its port is not one of 1 to 65535")]
    Port,
    /// RFC 9110 §4.2: an http or https URL names its host after two slashes.
    #[error("its scheme is not followed by // and a host")]
    Authority,
    /// A host that parsers complete or rewrite: `127.1`, `[0:0:0:0:0:0:0:1]`, `a..example`.
    #[error("its host is not a host name, or an address in its usual form (127.0.0.1, [::1])")]
    Host,
}

impl PlainUri {
    /// Reads a URI.
    ///
    /// # Errors
    /// The first [`UriFault`].
    pub fn parse(text: &str) -> Result<Self, UriFault> {
        let uri = Uri::parse(text).map_err(|error| match error.kind() {
            fluent_uri::ParseErrorKind::InvalidPctEncodedOctet => UriFault::PercentSign,
            fluent_uri::ParseErrorKind::InvalidIpv6Addr => UriFault::Host,
            fluent_uri::ParseErrorKind::UnexpectedChar => {
                text.as_bytes().split_at_checked(error.index()).map_or(UriFault::Syntax, unexpected)
            }
        })?;
        if has_dot_segment(uri.path().as_str()) {
            return Err(UriFault::DotSegment);
        }
        if has_encoded_control(text) {
            return Err(UriFault::Control);
        }
        let authority = uri.authority();
        if let Some(authority) = authority {
            check_authority(authority)?;
        }
        let url = Url::parse(text).map_err(|_| UriFault::Host)?;
        if matches!(url.scheme(), "https" | "http") && !is_host_of(authority.ok_or(UriFault::Authority)?, &url) {
            return Err(UriFault::Host);
        }
        Ok(Self { url, authority: authority.is_some() })
    }

    /// The scheme, in lower case.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.url.scheme()
    }

    /// The host; of schemes other than http and https it is what stands there.
    #[must_use]
    pub fn host(&self) -> Option<Host<&str>> {
        self.url.host().filter(|_| self.authority)
    }

    /// Whether it is an http or https URL.
    #[must_use]
    pub fn is_web(&self) -> bool {
        matches!(self.scheme(), "https" | "http")
    }

    /// Whether it has a fragment, if only an empty one.
    #[must_use]
    pub fn has_fragment(&self) -> bool {
        self.url.fragment().is_some()
    }

    /// Whether it has a query, if only an empty one.
    #[must_use]
    pub fn has_query(&self) -> bool {
        self.url.query().is_some()
    }

    /// Whether it has a port or a query.
    #[must_use]
    pub(super) fn has_port_or_query(&self) -> bool {
        self.url.port().is_some() || self.url.query().is_some()
    }
}

/// What is wrong where a URI stops to be one.
fn unexpected((before, rest): (&[u8], &[u8])) -> UriFault {
    match rest.first() {
        Some(byte) if before.contains(&b':') && !is_of_uris(*byte) => UriFault::Character,
        _ => UriFault::Syntax,
    }
}

/// RFC 3986 §2.
fn is_of_uris(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~:/?#[]@!$&'()*+,;=%".contains(&byte)
}

/// `.` and `..` are removed by whoever resolves a path, before or after it is decoded.
pub(crate) fn has_dot_segment(path: &str) -> bool {
    let decoded = path.to_ascii_lowercase().replace("%2e", ".").replace("%2f", "/").replace("%5c", "/");
    decoded.split('/').any(|segment| matches!(segment, "." | ".."))
}

fn has_encoded_control(uri: &str) -> bool {
    let octet = |encoded: &str| u8::from_str_radix(encoded.get(..2)?, 16).ok();
    uri.split('%').skip(1).filter_map(octet).any(|octet| octet.is_ascii_control())
}

fn check_authority(authority: Authority<'_>) -> Result<(), UriFault> {
    if authority.has_userinfo() {
        return Err(UriFault::UserInfo);
    }
    if authority.host().len() > MAX_HOST_BYTES {
        return Err(UriFault::Host);
    }
    match authority.port() {
        Some(port) if port.as_str().parse::<NonZeroU16>().is_err() => Err(UriFault::Port),
        _ => Ok(()),
    }
}

/// Whether the host as written is the one that is looked up.
fn is_host_of(authority: Authority<'_>, url: &Url) -> bool {
    let as_written = url.host_str().is_some_and(|host| host.eq_ignore_ascii_case(authority.host()));
    as_written && url.domain().is_none_or(is_host_name)
}

/// Labels of letters, digits, `-` and `_`; the root may be written (RFC 3986 §3.2.2).
pub(super) fn is_host_name(name: &str) -> bool {
    let in_label = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    let labels = name.strip_suffix('.').unwrap_or(name);
    labels.split('.').all(|label| !label.is_empty() && label.bytes().all(in_label))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_3986_uris_with_one_reading_are_accepted() {
        for text in [
            "https://rp.example",
            "https://rp.example/",
            "HTTPS://RP.example:8443/a%20b/%E9?x=%7e&y=a+b#part",
            "https://rp.example./cb",
            "https://xn--bcher-kva.example/",
            "https://_dmarc.rp.example/~user/(a)'!$&*,;=:@",
            "https://rp.example/..a/b../...",
            "https://rp.example/cb?next=../up&path=/a/../b",
            "http://127.0.0.1:1/",
            "http://[::1]:65535/",
            "https://[2001:db8::7]/",
            "com.example.app:/cb",
            "com.example.app:///cb",
            "cursor://anysphere.cursor-retrieval/oauth/callback",
            "spiffe://example.org/ns/a/sa/b",
            "urn:ietf:params:oauth:grant-type:device_code",
        ] {
            assert!(PlainUri::parse(text).is_ok(), "{text}: {:?}", PlainUri::parse(text));
        }
    }

    #[test]
    fn rfc_1035_a_host_has_at_most_253_characters_and_the_dot_of_the_root() {
        let host = |length: usize| format!("https://{}/", "a.".repeat(length / 2) + &"a".repeat(length % 2));
        assert!(PlainUri::parse(&host(253)).is_ok() && PlainUri::parse(&host(254)).is_ok());
        assert_eq!(PlainUri::parse(&host(255)), Err(UriFault::Host));
        let unread = format!("https://xn--{}.example/", "a".repeat(3000));
        assert_eq!(PlainUri::parse(&unread), Err(UriFault::Host));
    }

    #[test]
    fn rfc_3986_others_are_refused_for_what_is_wrong() {
        for (text, fault) in [
            ("", UriFault::Syntax),
            ("/cb", UriFault::Syntax),
            ("//rp.example/cb", UriFault::Syntax),
            ("rp.example", UriFault::Syntax),
            ("1app:/cb", UriFault::Syntax),
            (" https://rp.example/", UriFault::Syntax),
            ("https://rp.example/c b", UriFault::Character),
            ("https://rp.example/\u{e9}", UriFault::Character),
            ("https://rp.example/\n", UriFault::Character),
            ("https://rp.example/{id}", UriFault::Character),
            ("https://rp.example/a|b", UriFault::Character),
            ("https://rp.example/a^b", UriFault::Character),
            ("https://rp.example/a`b", UriFault::Character),
            ("https://rp.example/\"onload=", UriFault::Character),
            ("https://rp.example/<script>", UriFault::Character),
            ("https://rp.example\\@evil.example/", UriFault::Character),
            ("https://rp.example/?a[]=1", UriFault::Syntax),
            ("https://rp.example/#a#b", UriFault::Syntax),
            ("https://rp.example:http/", UriFault::Syntax),
            ("https://rp.example/%zz", UriFault::PercentSign),
            ("https://rp.example/?a=100%", UriFault::PercentSign),
            ("https://rp.example/%u0041", UriFault::PercentSign),
            ("https://rp.example/a/../cb", UriFault::DotSegment),
            ("https://rp.example/./cb", UriFault::DotSegment),
            ("https://rp.example/..", UriFault::DotSegment),
            ("https://rp.example/%2e%2E/cb", UriFault::DotSegment),
            ("https://rp.example/.%2e?x", UriFault::DotSegment),
            ("https://rp.example/a%2F..%2Fcb", UriFault::DotSegment),
            ("https://rp.example/a%5c..%5Ccb", UriFault::DotSegment),
            ("com.example.app:/../cb", UriFault::DotSegment),
            ("com.example.app:..", UriFault::DotSegment),
            ("https://rp.example/cb%00", UriFault::Control),
            ("https://rp.example/cb?a=%0D%0aSet-Cookie:x", UriFault::Control),
            ("https://rp.example/cb#%7F", UriFault::Control),
            ("https://user@rp.example/", UriFault::UserInfo),
            ("https://user:pass@rp.example/", UriFault::UserInfo),
            ("https://@rp.example/", UriFault::UserInfo),
            ("com.example.app://user@host/", UriFault::UserInfo),
            ("https://rp.example:0/", UriFault::Port),
            ("https://rp.example:65536/", UriFault::Port),
            ("https://rp.example:/", UriFault::Port),
            ("com.example.app://host:0/", UriFault::Port),
            ("https:rp.example", UriFault::Authority),
            ("https:/rp.example", UriFault::Authority),
            ("https:///rp.example", UriFault::Host),
            ("https://", UriFault::Host),
            ("http://127.1/", UriFault::Host),
            ("http://2130706433/", UriFault::Host),
            ("http://0x7f.0.0.1/", UriFault::Host),
            ("http://127.0.0.1./", UriFault::Host),
            ("https://1.2.3.4.5/", UriFault::Host),
            ("http://[0:0:0:0:0:0:0:1]/cb", UriFault::Host),
            ("http://[::ffff:127.0.0.1]/cb", UriFault::Host),
            ("http://[::1%25eth0]/", UriFault::Syntax),
            ("http://[::g]/", UriFault::Syntax),
            ("https://%72p.example/", UriFault::Host),
            ("https://rp.example%2f@evil.example/", UriFault::UserInfo),
            ("https://rp..example/", UriFault::Host),
            ("https://.rp.example/", UriFault::Host),
            ("https://rp.example../", UriFault::Host),
            ("https://rp.example&evil.example/", UriFault::Host),
            ("https://a,b.example/", UriFault::Host),
            ("https://a'b.example/", UriFault::Host),
        ] {
            assert_eq!(PlainUri::parse(text), Err(fault), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in "\\PC{0,60}") {
            let _ = PlainUri::parse(&text);
        }

        /// What is accepted is what the parser of browsers leaves as it is, but for letter case and an empty path.
        #[test]
        fn an_accepted_url_is_not_rewritten(tail in "[a-c0-2@:/?.*#%\\\\\\[\\]|{} \\-]{0,20}") {
            let text = format!("https://{tail}");
            if let Ok(uri) = PlainUri::parse(&text) {
                let authority = tail.split(['/', '?', '#']).next().unwrap_or_default();
                let host = uri.host().unwrap().to_string();
                proptest::prop_assert!(authority.starts_with(&host), "{} {}", text, host);
                let rest = &tail[authority.len()..];
                let rest = if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") };
                proptest::prop_assert!(uri.url.as_str().ends_with(&rest), "{} {}", text, uri.url);
            }
        }
    }
}
