//! What is answered where no service is named: a first page, and metadata at the root.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use serde_json::json;
use shared::http::escaped;

/// Metadata whose path ends in a service's number.
const ROOTS: [&str; 3] =
    ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration", "/.well-known/openid-federation"];

/// What there is before any service.
pub struct Front {
    base_url: String,
    demo: u64,
    registration: String,
    default_service: Option<u64>,
    trial: Option<String>,
}

impl Front {
    /// At `base_url`, with the demo service; `registration` is a command that registers a client there. The metadata of
    /// `default_service` stands at the root as well.
    #[must_use]
    pub fn new(base_url: &str, demo: u64, registration: String, default_service: Option<u64>) -> Self {
        Self { base_url: base_url.to_owned(), demo, registration, default_service, trial: None }
    }

    /// The same, where people can log in.
    #[must_use]
    pub fn with_trial(self, trial: Option<String>) -> Self {
        Self { trial, ..self }
    }

    /// The path that a path means.
    pub(crate) fn meant(&self, path: String) -> String {
        match self.default_service {
            Some(service) if ROOTS.contains(&path.as_str()) => format!("{path}/{service}"),
            _ => path,
        }
    }

    /// The answer to a request that belongs here.
    pub(crate) fn answer(&self, head: &Parts, path: &str) -> Option<Response<Body>> {
        if ![Method::GET, Method::HEAD].contains(&head.method) {
            return None;
        }
        match path {
            "/" if wants_html(&head.headers) => Some(page("text/html; charset=utf-8", self.html())),
            "/" => Some(page("text/plain; charset=utf-8", self.text())),
            root if ROOTS.contains(&root) => Some(self.without_service(root)),
            _ => None,
        }
    }

    /// RFC 8414 §3.1 puts the path of the issuer behind the well-known one, and here that is the service's number.
    fn without_service(&self, root: &str) -> Response<Body> {
        let (base_url, demo) = (&self.base_url, self.demo);
        let description = format!(
            "the number of a service is missing: {base_url}{root}/{demo} is that of service {demo}; with \
             --default-service {demo}, registrar serve answers here too"
        );
        let body = json!({ "error": "not_found", "error_description": description }).to_string();
        let mut response = answer("application/json", body);
        *response.status_mut() = StatusCode::NOT_FOUND;
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
        response
    }

    /// What a newcomer needs of the demo service: names and URLs.
    fn addresses(&self) -> Vec<(&'static str, String)> {
        let (base_url, demo) = (&self.base_url, self.demo);
        let [oauth, openid, _] = ROOTS;
        let mut addresses = vec![
            ("OAuth metadata", format!("{base_url}{oauth}/{demo}")),
            ("OpenID metadata", format!("{base_url}{openid}/{demo}")),
            ("registration", format!("{base_url}/{demo}/register")),
            ("console", format!("{base_url}/console")),
            ("API", format!("{base_url}/docs")),
        ];
        addresses.extend(self.trial.clone().map(|trial| ("log in", trial)));
        addresses
    }

    fn text(&self) -> String {
        let line = |(name, url): &(&str, String)| format!("  {name:<17}{url}\n");
        let addresses: String = self.addresses().iter().map(line).collect();
        format!(
            "{SUBJECT}\n\nThe demo service, number {demo}:\n{addresses}\nRegister a client:\n  {command}\n",
            demo = self.demo,
            command = self.registration
        )
    }

    fn html(&self) -> String {
        let item = |(name, url): &(&str, String)| format!("<li>{name}: <a href=\"{0}\">{0}</a></li>\n", escaped(url));
        format!(
            "<!doctype html>\n<html lang=\"en\">\n<title>Registrar</title>\n<h1>Registrar</h1>\n<p>{SUBJECT}</p>\n\
             <p>The demo service, number {demo}:</p>\n<ul>\n{addresses}</ul>\n<p>Register a client:</p>\n\
             <pre>{command}</pre>\n</html>\n",
            demo = self.demo,
            addresses = self.addresses().iter().map(item).collect::<String>(),
            command = escaped(&self.registration)
        )
    }
}

const SUBJECT: &str = "Registrar: dynamic client registration for OAuth 2.0 and OpenID Connect (RFC 7591, RFC 7592).";

fn wants_html(headers: &HeaderMap) -> bool {
    headers.get_all(header::ACCEPT).iter().any(|value| value.to_str().is_ok_and(|value| value.contains("text/html")))
}

fn page(content_type: &'static str, body: String) -> Response<Body> {
    let mut response = answer(content_type, body);
    response.headers_mut().insert(header::VARY, HeaderValue::from_static("accept"));
    let nothing = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, nothing);
    response
}

fn answer(content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_at_the_root_means_the_default_service() {
        let front = |default| Front::new("http://localhost", 1, String::new(), default);
        let meant = |default, path: &str| front(default).meant(path.to_owned());
        for root in ROOTS {
            assert_eq!(meant(Some(7), root), format!("{root}/7"));
            assert_eq!(meant(None, root), root);
            assert_eq!(meant(Some(7), &format!("{root}/1")), format!("{root}/1"));
        }
        assert_eq!(meant(Some(7), "/"), "/");
    }

    #[test]
    fn what_a_page_shows_is_text() {
        let front = Front::new("http://localhost", 1, "curl '<&\">'".to_owned(), None);
        assert!(front.html().contains("<pre>curl &#39;&lt;&amp;&quot;&gt;&#39;</pre>"), "{}", front.html());
        assert!(front.text().contains("curl '<&\">'"), "{}", front.text());
    }
}
