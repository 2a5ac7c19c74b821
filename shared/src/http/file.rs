//! Files for browsers.

use super::{Request, Response};

/// The answer with a file, whose type its name says; `policy` is what a page in it may do. A browser asks each time whether
/// it is still the same, so that all files of a page are of one version.
#[must_use]
pub fn file(request: &Request, name: &str, body: &str, policy: &str) -> Response {
    let content_type = match name.rsplit_once('.').map(|(_, kind)| kind) {
        Some("html") => "text/html; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        Some("json") => "application/json",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "text/javascript; charset=utf-8",
    };
    Response::of_type(200, content_type, body.to_owned())
        .with("cache-control", "no-cache")
        .with("content-security-policy", policy)
        .with("cross-origin-opener-policy", "same-origin")
        .with("cross-origin-resource-policy", "same-origin")
        .with("referrer-policy", "no-referrer")
        .validated(request)
}
