//! Under which names this machine is asked.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use axum::body::Body;
use axum::http::uri::{Authority, Scheme, Uri};
use axum::http::{HeaderMap, HeaderValue, Request, Response, StatusCode, Version, header};

/// The longest name of the DNS, in characters.
const LONGEST_NAME: usize = 253;

/// A request that does not say to whom it is addressed, or says it twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unaddressed;

impl Unaddressed {
    /// RFC 9112 §3.2: it is a bad one.
    pub(crate) fn response(self) -> Response<Body> {
        let mut response = Response::new(Body::from("a request has Host, once (RFC 9112 section 3.2)\n"));
        *response.status_mut() = StatusCode::BAD_REQUEST;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        response
    }
}

/// The request with the host that it is addressed to in `Host`: a target with an authority says who that is, whatever stands
/// there (RFC 9112 §3.2.2).
///
/// # Errors
/// If there is no `Host`, as HTTP/1.0 alone permits, or another one beside it.
pub(crate) fn addressed<B>(mut request: Request<B>) -> Result<Request<B>, Unaddressed> {
    let least = usize::from(request.version() > Version::HTTP_10);
    if !(least..=1).contains(&request.headers().get_all(header::HOST).iter().count()) {
        return Err(Unaddressed);
    }
    if let Some(authority) = request.uri().authority() {
        let host = HeaderValue::from_str(authority.as_str()).map_err(|_| Unaddressed)?;
        request.headers_mut().insert(header::HOST, host);
    }
    Ok(request)
}

/// The names that requests may be addressed to beside `localhost` and addresses. A page in a browser must not reach us
/// under a name of its own (DNS rebinding).
#[derive(Debug, Clone, Default)]
pub struct Hosts(Vec<String>);

/// A request that is addressed to somebody else: the name, if there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stranger(pub(crate) Option<String>);

impl Hosts {
    /// Those names, in lower case, as [`name`] gives them.
    #[must_use]
    pub fn new(names: Vec<String>) -> Self {
        Self(names)
    }

    /// Lets a request pass that is [`addressed`] to us.
    ///
    /// # Errors
    /// With whom it is addressed to.
    pub(crate) fn admit(&self, headers: &HeaderMap) -> Result<(), Stranger> {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).ok_or(Stranger(None))?;
        let name = without_port(host).to_ascii_lowercase();
        if name == "localhost" || address(&name).is_some() || self.0.contains(&name) {
            return Ok(());
        }
        Err(Stranger(self::name(&name).ok()))
    }
}

/// Whether a request names `localhost` or an address.
pub(crate) fn is_own(headers: &HeaderMap) -> bool {
    Hosts::default().admit(headers).is_ok()
}

/// A host's name, in lower case.
///
/// # Errors
/// With a sentence, if it is none.
pub fn name(text: &str) -> Result<String, String> {
    let plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    if plain && (1..=LONGEST_NAME).contains(&text.len()) {
        Ok(text.to_ascii_lowercase())
    } else {
        Err("it must be the name of a host, without scheme and port, as registrar.example".to_owned())
    }
}

/// Where an API is reached: without a slash at the end.
///
/// # Errors
/// With a sentence, if it is no http or https URL of a host alone.
pub fn base_url(text: &str) -> Result<String, String> {
    let refused = || "it must be an http or https URL of a host alone, as https://registrar.example".to_owned();
    let uri: Uri = text.parse().map_err(|_| refused())?;
    let scheme = uri.scheme().filter(|scheme| [Scheme::HTTP, Scheme::HTTPS].contains(scheme)).ok_or_else(refused)?;
    let authority = uri.authority().filter(|authority| is_host_alone(authority)).ok_or_else(refused)?;
    if uri.path_and_query().is_some_and(|rest| rest != "/") || text.contains('#') {
        return Err(refused());
    }
    Ok(format!("{scheme}://{}", authority.as_str().to_ascii_lowercase()))
}

/// The host's name in a URL of [`base_url`], unless it is an address.
pub(crate) fn name_of(base_url: &str) -> Option<String> {
    let (_, authority) = base_url.split_once("://")?;
    name(without_port(authority)).ok().filter(|name| address(name).is_none())
}

/// Where somebody on this machine reaches what listens at `address`: `0.0.0.0` and `::` are nobody's address.
pub(crate) fn reached(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

fn is_host_alone(authority: &Authority) -> bool {
    let host = without_port(authority.as_str());
    !authority.as_str().contains('@') && (name(host).is_ok() || address(host).is_some())
}

fn without_port(host: &str) -> &str {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    name.map_or(host, |(name, _)| name)
}

fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn localhost_addresses_and_the_names_that_are_given_are_ours() {
        let hosts = Hosts::new(vec!["registrar.example".to_owned()]);
        let admitted = |value: Option<&str>| {
            let host = |value: &str| (header::HOST, HeaderValue::from_bytes(value.as_bytes()).unwrap());
            hosts.admit(&value.map(host).into_iter().collect())
        };
        for own in
            ["localhost", "LOCALHOST:1", "127.0.0.1:8080", "[::1]:80", "Registrar.example", "registrar.example:443"]
        {
            assert_eq!(admitted(Some(own)), Ok(()), "{own}");
        }
        for (value, name) in [
            (None, None),
            (Some("evil.example:8080"), Some("evil.example")),
            (Some("x.registrar.example"), Some("x.registrar.example")),
            (Some("localhost, evil.example"), None),
            (Some("<script>"), None),
            (Some("\u{e9}.example"), None),
        ] {
            assert_eq!(admitted(value), Err(Stranger(name.map(str::to_owned))), "{value:?}");
        }
        assert!(!is_own(&HeaderMap::from_iter([(header::HOST, HeaderValue::from_static("registrar.example"))])));
    }

    #[test]
    fn rfc_9112_3_2_a_request_says_once_to_whom_it_is_addressed() {
        for (version, target, hosts, host) in [
            (Version::HTTP_11, "/a", &["registrar.example"][..], Ok(Some("registrar.example"))),
            (Version::HTTP_11, "/a", &[], Err(Unaddressed)),
            (Version::HTTP_11, "/a", &["localhost", "localhost"], Err(Unaddressed)),
            (Version::HTTP_11, "http://evil.example:1/a", &["localhost"], Ok(Some("evil.example:1"))),
            (Version::HTTP_11, "http://localhost/a", &["evil.example"], Ok(Some("localhost"))),
            (Version::HTTP_11, "http://localhost/a", &[], Err(Unaddressed)),
            (Version::HTTP_10, "/a", &[], Ok(None)),
            (Version::HTTP_10, "/a", &["localhost", "localhost"], Err(Unaddressed)),
        ] {
            let request = Request::builder().version(version).uri(target);
            let request = hosts.iter().fold(request, |request, host| request.header(header::HOST, *host));
            let found = addressed(request.body(()).unwrap());
            let found = found.map(|request| request.headers().get(header::HOST).cloned());
            assert_eq!(found, host.map(|host| host.map(HeaderValue::from_static)), "{version:?} {target} {hosts:?}");
        }
    }

    #[test]
    fn a_base_url_is_a_scheme_and_a_host() {
        for (text, url, name) in [
            ("https://Registrar.example/", "https://registrar.example", Some("registrar.example")),
            ("http://registrar:8080", "http://registrar:8080", Some("registrar")),
            ("https://[::1]:8443", "https://[::1]:8443", None),
            ("http://10.0.0.7:8080", "http://10.0.0.7:8080", None),
        ] {
            assert_eq!(base_url(text).as_deref(), Ok(url));
            assert_eq!(name_of(url).as_deref(), name, "{url}");
        }
        for wrong in [
            "registrar.example",
            "ftp://registrar.example",
            "https://",
            "https://a.example/b",
            "https://a.example?b",
            "https://a.example#b",
            "https://u@a.example",
            "https://a b",
            "https://:1",
        ] {
            assert!(base_url(wrong).unwrap_err().contains("of a host alone"), "{wrong}");
        }
    }

    #[test]
    fn what_listens_everywhere_is_reached_on_this_machine() {
        for (listens, reached_at) in [("0.0.0.0:1", "127.0.0.1:1"), ("[::]:1", "[::1]:1"), ("10.0.0.7:1", "10.0.0.7:1")]
        {
            assert_eq!(reached(listens.parse().unwrap()), reached_at.parse().unwrap());
        }
    }
}
