//! A demo authorization server for the demo service: a login page where anybody is whoever they say, a consent page, and
//! the endpoints of OAuth 2.0 and OpenID Connect. It does what any authorization server on Authlete's API does: it asks
//! `/api/…` and acts on the answers.

mod endpoints;
mod pages;
mod trial;

use std::sync::Mutex;

use axum::body::{Body, Bytes};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use serde_json::{Map, Value};

use crate::demo::Demo;
use crate::gateway::Gateway;

/// The demo authorization server of one service.
pub struct DemoLogin {
    base_url: String,
    service_id: u64,
    token: String,
    /// The client by which a newcomer tries it, once there is one.
    trial: Mutex<Option<String>>,
}

/// What is asked of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Page {
    Authorize,
    Decide,
    Token,
    Push,
    Revoke,
    UserInfo,
    Keys,
    Try,
}

/// Paths below the service's, and what stands there; the name is that of the metadata (RFC 8414 §2), if there is one.
const PAGES: [(&str, Page, Option<&str>); 8] = [
    ("/authorize", Page::Authorize, Some("authorization_endpoint")),
    ("/authorize/decision", Page::Decide, None),
    ("/token", Page::Token, Some("token_endpoint")),
    ("/par", Page::Push, Some("pushed_authorization_request_endpoint")),
    ("/revoke", Page::Revoke, Some("revocation_endpoint")),
    ("/userinfo", Page::UserInfo, Some("userinfo_endpoint")),
    ("/jwks", Page::Keys, Some("jwks_uri")),
    ("/try", Page::Try, None),
];

/// The metadata of a service whose authorization server is the demo's.
#[must_use]
pub fn metadata(base_url: &str, service_id: u64) -> Map<String, Value> {
    let named = PAGES.iter().filter_map(|(path, _, name)| Some(((*name)?, path)));
    let mut metadata: Map<String, Value> =
        named.map(|(name, path)| (name.to_owned(), format!("{base_url}/{service_id}{path}").into())).collect();
    metadata.insert("authorization_response_iss_parameter_supported".to_owned(), true.into());
    metadata.insert("response_modes_supported".to_owned(), vec!["query", "fragment", "form_post"].into());
    let scopes = vec!["openid", "profile", "email", "address", "phone", "offline_access"];
    metadata.insert("scopes_supported".to_owned(), scopes.into());
    metadata
}

impl DemoLogin {
    /// That of the demo service.
    #[must_use]
    pub fn new(demo: &Demo) -> Self {
        Self {
            base_url: demo.base_url.clone(),
            service_id: demo.service_id,
            token: demo.service_token.clone(),
            trial: Mutex::new(None),
        }
    }

    /// Where a newcomer begins.
    #[must_use]
    pub fn trial_url(&self) -> String {
        self.url("/try")
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{}{path}", self.base_url, self.service_id)
    }

    /// What stands at a path.
    pub(crate) fn page(&self, path: &str) -> Option<Page> {
        let below = path.strip_prefix(&format!("/{}", self.service_id))?;
        PAGES.iter().find(|(path, ..)| *path == below).map(|(_, page, _)| *page)
    }

    /// Answers a request.
    pub(crate) async fn answer(&self, gateway: &Gateway, page: Page, head: &Parts, body: &Bytes) -> Response<Body> {
        let is_public = !matches!(page, Page::Authorize | Page::Decide | Page::Try);
        if head.method == Method::OPTIONS && is_public {
            return with_any_origin(empty(StatusCode::NO_CONTENT));
        }
        let request = Asked { login: self, gateway, head, body };
        let response = match (page, &head.method) {
            (Page::Authorize, &Method::GET | &Method::POST) => request.authorize().await,
            (Page::Decide, &Method::POST) => request.decide().await,
            (Page::Token, &Method::POST) => request.token().await,
            (Page::Push, &Method::POST) => request.push().await,
            (Page::Revoke, &Method::POST) => request.revoke().await,
            (Page::UserInfo, &Method::GET | &Method::POST) => request.userinfo().await,
            (Page::Keys, &Method::GET) => request.keys().await,
            (Page::Try, &Method::GET) => request.try_out().await,
            _ => empty(StatusCode::METHOD_NOT_ALLOWED),
        };
        if is_public { with_any_origin(response) } else { response }
    }
}

/// A request to the demo authorization server.
struct Asked<'a> {
    login: &'a DemoLogin,
    gateway: &'a Gateway,
    head: &'a Parts,
    body: &'a Bytes,
}

impl Asked<'_> {
    /// Asks an operation of Authlete's API; else what people are shown.
    async fn ask(&self, operation: &str, body: &Value) -> Result<Value, Response<Body>> {
        self.answered(operation, body).await.map_err(|(status, text)| pages::failure(&text, status))
    }

    /// The same; else the status and the reason.
    async fn answered(&self, operation: &str, body: &Value) -> Result<Value, (StatusCode, String)> {
        let path = format!("/api/{}{operation}", self.login.service_id);
        let (status, answer) = self.gateway.operate(&path, &self.login.token, Some(body)).await;
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.get("resultMessage").and_then(Value::as_str).unwrap_or("the registry did not answer");
        Err((status, text.to_owned()))
    }

    /// Whether the browser has come by the name that the server calls itself: cookies go by names.
    fn is_at_home(&self) -> bool {
        let host = self.head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
        self.login.base_url.split_once("://").is_none_or(|(_, home)| home.split('/').next() == Some(host))
    }

    /// The parameters of the request: its query, or its form.
    fn parameters(&self) -> String {
        if self.head.method == Method::POST {
            return String::from_utf8_lossy(self.body).into_owned();
        }
        self.head.uri.query().unwrap_or_default().to_owned()
    }

    /// A cookie.
    fn cookie(&self, name: &str) -> Option<&str> {
        let cookies = self.head.headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
        let mut pairs = cookies.flat_map(|cookies| cookies.split("; ")).filter_map(|pair| pair.split_once('='));
        pairs.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

fn empty(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

fn of_type(status: StatusCode, content_type: &'static str, body: String) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Applications in browsers ask these endpoints as well.
fn with_any_origin(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static("authorization, content-type"));
    response
}

/// Sends the browser on.
fn redirect(location: &str) -> Response<Body> {
    let mut response = empty(StatusCode::FOUND);
    set(response.headers_mut(), header::LOCATION, location);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
