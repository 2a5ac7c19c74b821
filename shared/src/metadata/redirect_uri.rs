//! Redirect URIs: which ones a client may register (RFC 7591 §5, RFC 8252 §7, RFC 9700 §2.1).

use std::borrow::Cow;
use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::scheme;
use super::uri::{PlainUri, UriFault};

/// No redirect URI in use is longer; the policy of a service may set less.
const MAX_BYTES: usize = 2048;

/// Where a redirect URI leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RedirectUriKind {
    /// `https`, anywhere.
    Https,
    /// `http` on `127.0.0.1`, `[::1]` or `localhost`, any port (RFC 8252 §7.3).
    Loopback,
    /// `http` on a host on which the service's developers try their clients.
    Development,
    /// A scheme of the app's own: `com.example.app:/cb`, `cursor://…` (RFC 8252 §7.1).
    PrivateUse,
}

/// A redirect URI that a client may have, byte for byte as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedirectUri {
    text: String,
    kind: RedirectUriKind,
    host: Option<String>,
}

/// Why a redirect URI is refused, and which.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}{}: {fault}", member, position(*index))]
pub struct InvalidRedirectUri {
    /// The member: `redirect_uris`, or another one that holds redirect URIs.
    pub member: &'static str,
    /// The position in the list, from 0; none where the list itself is at fault.
    pub index: Option<usize>,
    /// What is wrong.
    pub fault: RedirectUriFault,
}

fn position(index: Option<usize>) -> String {
    index.map(|index| format!("[{index}]")).unwrap_or_default()
}

impl InvalidRedirectUri {
    /// A fault of the list as a whole.
    #[must_use]
    pub fn list(fault: RedirectUriFault) -> Self {
        Self { member: "redirect_uris", index: None, fault }
    }

    pub(crate) fn at(index: usize, fault: RedirectUriFault) -> Self {
        Self { member: "redirect_uris", index: Some(index), fault }
    }
}

/// What is wrong with a redirect URI.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RedirectUriFault {
    /// RFC 7591 §5: clients of redirect flows must register theirs.
    #[error("at least one is required by grant_types")]
    Missing,
    /// A bound of the policy.
    #[error("more than this service allows")]
    TooMany,
    /// A bound of the policy, or 2,048 bytes.
    #[error("it is too long")]
    TooLong,
    /// Not an absolute URI, or one that two parsers read differently.
    #[error(transparent)]
    Uri(#[from] UriFault),
    /// RFC 6749 §3.1.2.
    #[error("it must not have a fragment")]
    Fragment,
    /// RFC 9700 §2.1: exact matching only.
    #[error("it must not contain a wildcard")]
    Wildcard,
    /// RFC 8252 §7.3: plain http only on the device itself.
    #[error("http is allowed for 127.0.0.1, [::1] and localhost only")]
    HttpNotLoopback,
    /// A scheme that is not an app's: registered for something else, or one that a system acts on by itself.
    #[error("its scheme is not allowed: it is no application's own")]
    Scheme,
    /// OIDC Registration §2: web clients of the implicit flow use https, not localhost.
    #[error("a web client with the implicit grant must use https and not localhost")]
    WebImplicit,
    /// OIDC Registration §2: custom schemes belong to native applications.
    #[error("a private-use scheme requires application_type native")]
    WebPrivateUse,
    /// The policy refuses private-use schemes, or takes them from public clients only.
    #[error("private-use schemes are not allowed for this client by the policy of this service")]
    PrivateUse,
    /// RFC 8252 §7.1, where the policy asks for it.
    #[error("a private-use scheme must be a reversed domain name by the policy of this service")]
    NotReverseDomain,
    /// The policy refuses loopback redirects.
    #[error("loopback redirects are not allowed by the policy of this service")]
    Loopback,
    /// The policy refuses redirects into private networks.
    #[error("its host is in a private network, which the policy of this service does not allow")]
    PrivateHost,
    /// The policy lists the hosts.
    #[error("its host is not allowed by the policy of this service")]
    Host,
}

impl RedirectUri {
    /// Reads a redirect URI.
    ///
    /// # Errors
    /// The [`RedirectUriFault`] that RFC 7591 §5, RFC 8252 or RFC 9700 names.
    pub fn parse(text: &str) -> Result<Self, RedirectUriFault> {
        Self::parse_beside(text, &[])
    }

    /// As [`parse`](Self::parse), where `http` is good on those hosts as well; one that begins with a dot stands for all
    /// below it.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_beside(text: &str, development_hosts: &[String]) -> Result<Self, RedirectUriFault> {
        if text.len() > MAX_BYTES {
            return Err(RedirectUriFault::TooLong);
        }
        if text.contains('*') {
            return Err(RedirectUriFault::Wildcard);
        }
        let uri = PlainUri::parse(text)?;
        let kind = kind(&uri, development_hosts)?;
        if uri.has_fragment() {
            return Err(RedirectUriFault::Fragment);
        }
        Ok(Self { text: text.to_owned(), kind, host: host(kind, uri.host()) })
    }

    /// Reads one that was registered by this version or an earlier one: its rules are not asked again.
    pub(super) fn stored(text: &str) -> Self {
        let url = Url::parse(text).ok();
        let kind = match url.as_ref().map(Url::scheme) {
            Some("https") => RedirectUriKind::Https,
            Some("http") if is_loopback(url.as_ref().and_then(Url::host).as_ref()) => RedirectUriKind::Loopback,
            Some("http") => RedirectUriKind::Development,
            _ => RedirectUriKind::PrivateUse,
        };
        Self { text: text.to_owned(), kind, host: host(kind, url.as_ref().and_then(Url::host)) }
    }

    /// The URI, byte for byte as sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where it leads.
    #[must_use]
    pub fn kind(&self) -> RedirectUriKind {
        self.kind
    }

    /// The host of an `https` or loopback URI, in lower case and without the dot of the root.
    #[must_use]
    pub fn host(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// Whether a request's `redirect_uri` is this one: byte for byte (RFC 9700 §2.1), but for the port of the loopback
    /// interface, which a native application has from its system (RFC 8252 §7.3). `localhost`, `127.0.0.1` and `[::1]`
    /// are three hosts.
    #[must_use]
    pub fn is_redirect_of(&self, requested: &str) -> bool {
        if self.text == requested {
            return true;
        }
        self.kind == RedirectUriKind::Loopback
            && Self::parse(requested).is_ok_and(|requested| requested.kind == RedirectUriKind::Loopback)
            && without_port(&self.text).is_some_and(|own| without_port(requested) == Some(own))
    }

    /// The URI without the port of the loopback interface, which is no part of what a client registers (RFC 8252 §7.3).
    #[must_use]
    pub fn without_loopback_port(&self) -> String {
        let parts = without_port(&self.text).filter(|_| self.kind == RedirectUriKind::Loopback);
        parts.map_or_else(|| self.text.clone(), |(host, rest)| format!("http://{host}{rest}"))
    }

    /// What it is found by: its host, or the scheme of an application in lower case, with the colon that no host ends with.
    #[must_use]
    pub fn searched(&self) -> Option<Cow<'_, str>> {
        match self.kind {
            RedirectUriKind::PrivateUse => Some(format!("{}:", self.scheme().to_ascii_lowercase()).into()),
            _ => self.host().map(Cow::from),
        }
    }

    /// The scheme.
    #[must_use]
    pub fn scheme(&self) -> &str {
        self.text.split(':').next().unwrap_or_default()
    }
}

fn is_loopback(host: Option<&Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => *name == "localhost",
        Some(Host::Ipv4(address)) => *address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => *address == Ipv6Addr::LOCALHOST,
        None => false,
    }
}

fn kind(uri: &PlainUri, development_hosts: &[String]) -> Result<RedirectUriKind, RedirectUriFault> {
    let is_developers = || {
        let host = host(RedirectUriKind::Development, uri.host());
        host.is_some_and(|host| crate::policy::is_among(development_hosts, &host))
    };
    match uri.scheme() {
        "https" => Ok(RedirectUriKind::Https),
        "http" if is_loopback(uri.host().as_ref()) => Ok(RedirectUriKind::Loopback),
        "http" if is_developers() => Ok(RedirectUriKind::Development),
        "http" => Err(RedirectUriFault::HttpNotLoopback),
        other if scheme::may_be_an_applications(other) => Ok(RedirectUriKind::PrivateUse),
        _ => Err(RedirectUriFault::Scheme),
    }
}

/// What stands before the port of an http URL, and what stands behind it.
fn without_port(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("http://")?;
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, rest) = rest.split_at_checked(end)?;
    let port = authority.rfind(':').filter(|at| !authority.get(*at..).is_some_and(|port| port.contains(']')));
    Some((authority.get(..port.unwrap_or(authority.len()))?, rest))
}

fn host(kind: RedirectUriKind, host: Option<Host<&str>>) -> Option<String> {
    let host = host.filter(|_| kind != RedirectUriKind::PrivateUse)?.to_string().to_ascii_lowercase();
    Some(host.strip_suffix('.').map(str::to_owned).unwrap_or(host))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn d1_d2_d3_a_request_names_a_registered_uri_and_on_the_loopback_any_port() {
        for (registered, requested, is_it) in [
            ("https://rp.example/cb", "https://rp.example/cb", true),
            ("https://rp.example/cb", "https://rp.example:443/cb", false),
            ("https://rp.example/cb", "https://rp.example/cb/", false),
            ("https://rp.example/cb", "https://RP.example/cb", false),
            ("http://localhost/callback", "http://localhost:51763/callback", true),
            ("http://localhost/callback", "http://localhost:51763/callback/", false),
            ("http://localhost/callback", "http://localhost:51763/Callback", false),
            ("http://localhost/callback", "http://localhost:51763/callback?a=b", false),
            ("http://localhost/callback", "https://localhost:51763/callback", false),
            ("http://localhost/callback", "http://[::1]:51763/callback", false),
            ("http://localhost/callback", "http://localhost.evil.example:1/callback", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1:40001/callback", true),
            ("http://127.0.0.1/callback", "http://localhost:40001/callback", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1:40001@evil.example/callback", false),
            ("http://127.0.0.1/callback", "http://127.0.0.1:99999/callback", false),
            ("HTTP://127.0.0.1/cb", "http://127.0.0.1:9/cb", false),
            ("HTTP://127.0.0.1/cb", "HTTP://localhost/other", false),
            ("HTTP://127.0.0.1/cb", "HTTP://127.0.0.1/cb", true),
            ("http://127.0.0.1:33418/", "http://127.0.0.1:1/", true),
            ("http://127.0.0.1:33418", "http://127.0.0.1:1", true),
            ("http://127.0.0.1:33418", "http://127.0.0.1:1/", false),
            ("http://[::1]:7000/cb?x", "http://[::1]/cb?x", true),
            ("com.example.app:/cb", "com.example.app:/cb", true),
            ("com.example.app:/cb", "com.example.app:/cc", false),
        ] {
            assert_eq!(
                RedirectUri::parse(registered).unwrap().is_redirect_of(requested),
                is_it,
                "{registered} {requested}"
            );
        }
    }

    #[test]
    fn a27_d1_redirect_uris_in_use_are_accepted_as_sent() {
        for (text, kind) in [
            ("https://claude.ai/api/mcp/auth_callback", RedirectUriKind::Https),
            ("https://vscode.dev/redirect", RedirectUriKind::Https),
            ("https://rp.example/cb?tenant=a&b=%2F", RedirectUriKind::Https),
            ("HTTPS://RP.example:8443/cb", RedirectUriKind::Https),
            ("http://127.0.0.1/callback", RedirectUriKind::Loopback),
            ("http://127.0.0.1:33418", RedirectUriKind::Loopback),
            ("http://[::1]:7000/cb", RedirectUriKind::Loopback),
            ("http://localhost:6274/oauth/callback", RedirectUriKind::Loopback),
            ("cursor://anysphere.cursor-retrieval/oauth/callback", RedirectUriKind::PrivateUse),
            ("vscode://vscode.github-authentication/did-authenticate", RedirectUriKind::PrivateUse),
            ("com.example.app:/oauth2redirect", RedirectUriKind::PrivateUse),
            ("vscode-insiders://vscode.github-authentication/did-authenticate", RedirectUriKind::PrivateUse),
            ("ms-app://s-1-15-2-1/", RedirectUriKind::PrivateUse),
        ] {
            let uri = RedirectUri::parse(text).unwrap_or_else(|fault| panic!("{text}: {fault}"));
            assert_eq!((uri.as_str(), uri.kind()), (text, kind));
        }
    }

    #[test]
    fn d4_a27_others_are_refused() {
        use RedirectUriFault as Fault;
        for (text, fault) in [
            ("https://rp.example/cb#", Fault::Fragment),
            ("https://rp.example/cb#state", Fault::Fragment),
            ("com.example.app:/cb#x", Fault::Fragment),
            ("https://user@rp.example/cb", Fault::Uri(UriFault::UserInfo)),
            ("https://user:pass@rp.example/cb", Fault::Uri(UriFault::UserInfo)),
            ("https://@rp.example/cb", Fault::Uri(UriFault::UserInfo)),
            ("https://*.example/cb", Fault::Wildcard),
            ("https://rp.example/*", Fault::Wildcard),
            ("http://rp.example/cb", Fault::HttpNotLoopback),
            ("http://127.0.0.2/cb", Fault::HttpNotLoopback),
            ("http://localhost.example/cb", Fault::HttpNotLoopback),
            ("http://127.1/cb", Fault::Uri(UriFault::Host)),
            ("http://2130706433/cb", Fault::Uri(UriFault::Host)),
            ("http://[0:0:0:0:0:0:0:1]/cb", Fault::Uri(UriFault::Host)),
            ("https:rp.example/cb", Fault::Uri(UriFault::Authority)),
            ("https:/rp.example/cb", Fault::Uri(UriFault::Authority)),
            ("https:///rp.example/cb", Fault::Uri(UriFault::Host)),
            ("https:\\\\rp.example/cb", Fault::Uri(UriFault::Character)),
            ("https://rp.example:/cb", Fault::Uri(UriFault::Port)),
            ("https://rp.example:0/cb", Fault::Uri(UriFault::Port)),
            ("/cb", Fault::Uri(UriFault::Syntax)),
            ("", Fault::Uri(UriFault::Syntax)),
            ("rp.example", Fault::Uri(UriFault::Syntax)),
            ("localhost:3000/cb", Fault::Scheme),
            ("https://rp.example/c b", Fault::Uri(UriFault::Character)),
            ("https://rp.example/\u{e9}", Fault::Uri(UriFault::Character)),
            ("https://rp.example/\n", Fault::Uri(UriFault::Character)),
            ("https://rp.example/{cb}", Fault::Uri(UriFault::Character)),
            ("https://rp.example/%zz", Fault::Uri(UriFault::PercentSign)),
            ("https://rp.example/a/%2e%2e/cb", Fault::Uri(UriFault::DotSegment)),
            ("https://rp.example/cb%0d%0a", Fault::Uri(UriFault::Control)),
            ("ms-msdt:/id", Fault::Scheme),
            ("C:/cb", Fault::Scheme),
            ("javascript:alert(1)", Fault::Scheme),
            ("JavaScript:alert(1)", Fault::Scheme),
            ("data:text/html,x", Fault::Scheme),
            ("file:///etc/passwd", Fault::Scheme),
            ("blob:https://a.example/1", Fault::Scheme),
            ("about:blank", Fault::Scheme),
            ("vbscript:x", Fault::Scheme),
        ] {
            assert_eq!(RedirectUri::parse(text).map(|uri| uri.text), Err(fault), "{text:?}");
        }
        assert_eq!(RedirectUri::parse(&format!("https://a.example/{}", "x".repeat(2048))), Err(Fault::TooLong));
    }

    #[test]
    fn what_was_registered_once_is_read_again() {
        for (text, kind, host) in [
            ("https://rp.example/a/../cb", RedirectUriKind::Https, Some("rp.example")),
            ("https://rp.example./cb", RedirectUriKind::Https, Some("rp.example")),
            ("http://127.1/cb", RedirectUriKind::Loopback, Some("127.0.0.1")),
            ("ms-msdt:/id", RedirectUriKind::PrivateUse, None),
            ("", RedirectUriKind::PrivateUse, None),
        ] {
            let uri = RedirectUri::stored(text);
            assert_eq!((uri.as_str(), uri.kind(), uri.host()), (text, kind, host));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_the_parser_panic_and_what_it_accepts_is_kept(text in "\\PC{0,60}") {
            if let Ok(uri) = RedirectUri::parse(&text) {
                proptest::prop_assert_eq!(uri.as_str(), text);
            }
        }

        #[test]
        fn an_accepted_https_uri_leads_where_it_says(tail in "[a-z0-9@:/?.*#\\\\]{0,24}") {
            let text = format!("https://{tail}");
            if let Ok(uri) = RedirectUri::parse(&text) {
                let host = uri.host().unwrap_or_default().to_owned();
                proptest::prop_assert!(tail.starts_with(&host), "{} {}", text, host);
            }
        }
    }
}
