//! This API on this machine, which is asked although it is not public, and over http where it has no TLS.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::Uri;
use shared::fetch::{self, FetchError};

/// An API of this machine.
pub(super) struct Own {
    /// Scheme, host and port.
    origin: String,
    /// Host and port.
    pub(super) pair: String,
}

impl Own {
    /// What is at that URL, if that is this machine.
    pub(super) fn of(base_url: &str) -> Option<Self> {
        let url: Uri = base_url.parse().ok()?;
        let (scheme, host) = (url.scheme_str()?, url.host()?);
        let address: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let is_here = host == "localhost" || address.is_some_and(|address| address.is_loopback());
        let port = url.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        is_here.then(|| Self {
            origin: format!("{scheme}://{}", url.authority().map_or(host, |at| at.as_str())),
            pair: format!("{host}:{port}"),
        })
    }

    /// Whether a URL is of it, and over http: nothing else is asked so.
    pub(super) fn has(&self, url: &str) -> bool {
        let rest = url.strip_prefix(&self.origin).filter(|_| self.origin.starts_with("http://"));
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// What is at a URL of it.
    pub(super) async fn get(&self, url: &str, max_bytes: usize, patience: Duration) -> Result<Vec<u8>, FetchError> {
        if !self.has(url) {
            return Err(FetchError::NotAllowed);
        }
        let failed = |error: reqwest::Error| FetchError::Failed(error.into());
        let client =
            reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).timeout(patience);
        let response = client.build().map_err(failed)?.get(url).send().await.map_err(failed)?;
        fetch::read(response, max_bytes).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_asked_over_http() {
        for (base_url, pair) in [
            ("http://127.0.0.1:8080", "127.0.0.1:8080"),
            ("http://[::1]:8080", "[::1]:8080"),
            ("https://localhost", "localhost:443"),
        ] {
            assert_eq!(Own::of(base_url).map(|own| own.pair).as_deref(), Some(pair));
        }
        for elsewhere in ["http://169.254.169.254", "http://10.0.0.1:8080", "http://localhost.example", "127.0.0.1", ""]
        {
            assert!(Own::of(elsewhere).is_none(), "{elsewhere}");
        }
        let own = Own::of("http://127.0.0.1:8080").unwrap();
        assert!(own.has("http://127.0.0.1:8080") && own.has("http://127.0.0.1:8080/1"));
        for other in ["http://127.0.0.1:80801/1", "http://127.0.0.1:8080@evil.example/", "https://127.0.0.1:8080/1"] {
            assert!(!own.has(other), "{other}");
        }
        assert!(!Own::of("https://127.0.0.1:8080").unwrap().has("https://127.0.0.1:8080/1"));
    }
}
