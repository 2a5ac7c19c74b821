//! Under which names this machine is asked.

use axum::http::{HeaderMap, HeaderValue, header};

/// Whether a request names `localhost` or an address. A page in a browser must not reach us under a name of its own
/// (DNS rebinding).
pub(crate) fn is_own(headers: &HeaderMap) -> bool {
    let mut hosts = headers.get_all(header::HOST).iter().peekable();
    hosts.peek().is_some() && hosts.all(is_own_host)
}

fn is_own_host(host: &HeaderValue) -> bool {
    let Ok(host) = host.to_str() else { return false };
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let address = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost") || address.parse::<std::net::IpAddr>().is_ok()
}
