//! Files for browsers.

use super::{Request, Response};

/// A file of a page.
#[derive(Debug, Clone, Copy)]
pub struct File {
    /// Its name, whose end says its type.
    pub name: &'static str,
    /// What is in it.
    pub text: &'static str,
    /// The same compressed (RFC 1952).
    pub gzip: &'static [u8],
}

impl File {
    /// The answer with it, compressed for whoever takes that; `policy` is what a page in it may do.
    #[must_use]
    pub fn answer(&self, request: &Request, policy: &str) -> Response {
        if takes_gzip(request.header("accept-encoding").unwrap_or_default()) {
            let compressed = Response { gzip: Some(self.gzip), ..page(self.name, String::new(), policy) };
            compressed.with("content-encoding", "gzip").with("vary", "accept-encoding").validated(request)
        } else {
            page(self.name, self.text.to_owned(), policy).with("vary", "accept-encoding").validated(request)
        }
    }
}

/// The same with a text that is made for the request.
#[must_use]
pub fn file(request: &Request, name: &str, text: String, policy: &str) -> Response {
    page(name, text, policy).validated(request)
}

/// A browser asks each time whether it is still the same, so that all files of a page are of one version.
fn page(name: &str, text: String, policy: &str) -> Response {
    let content_type = match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    Response::of_type(200, content_type, text)
        .with("cache-control", "no-cache")
        .with("content-security-policy", policy)
        .with("cross-origin-opener-policy", "same-origin")
        .with("cross-origin-resource-policy", "same-origin")
        .with("referrer-policy", "no-referrer")
}

/// Whether gzip is named among the codings that are taken, and not with a weight of nothing (RFC 9110 §12.5.3).
fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|coding| {
        let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
        let is_nothing = weight.trim().strip_prefix("q=").is_some_and(|weight| weight.parse() == Ok(0.0));
        name.trim().eq_ignore_ascii_case("gzip") && !is_nothing
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc9110_s12_5_3_gzip_is_for_whoever_names_it() {
        for (accepted, takes) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("gzip; q=0.000", false),
            ("br", false),
            ("xgzip", false),
            ("", false),
        ] {
            assert_eq!(takes_gzip(accepted), takes, "{accepted}");
        }
    }
}
