//! What API Gateway's HTTP API does, so that a handler sees here what it sees on AWS: routes, events of payload
//! version 2.0, answers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri, header};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use matchit::Router;
use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};
use shared::App;
use shared::http::Endpoint;

use crate::bodies::{Bodies, Refusal};
use crate::console_code::{self, ConsoleCode};
use crate::demo_login::DemoLogin;
use crate::front::Front;
use crate::host::{self, Hosts, Stranger};

/// The largest body that API Gateway takes, in bytes.
const MAX_BODY_BYTES: usize = 1024 * 1024;

/// The routes of all endpoints, and what their handlers need.
pub struct Gateway {
    app: &'static App,
    routes: Router<(&'static Endpoint, &'static str)>,
    address: SocketAddr,
    bodies: Bodies,
    hosts: Hosts,
    front: Option<Front>,
    login: Option<DemoLogin>,
    console_code: Option<ConsoleCode>,
}

/// How long API Gateway waits for a request, and for its answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who asks.
#[derive(Clone, Copy)]
pub struct Client<'c> {
    /// Where from.
    pub address: SocketAddr,
    /// Whether by TLS.
    pub secure: bool,
    /// With which certificate, in PEM, where the connection has one.
    pub certificate: Option<&'c str>,
}

impl Gateway {
    /// The gateway of those endpoints, at `address`.
    ///
    /// # Errors
    /// If two endpoints claim one path.
    pub fn new(
        app: &'static App,
        address: SocketAddr,
        endpoints: impl Iterator<Item = &'static Endpoint>,
    ) -> Result<Self> {
        let mut routes = Router::new();
        for endpoint in endpoints {
            for path in endpoint.paths {
                let pattern = pattern(path);
                routes.insert(pattern, (endpoint, *path)).with_context(|| format!("the route {path}"))?;
            }
        }
        let (address, bodies) = (host::reached(address), Bodies::new(MAX_BODY_BYTES, PATIENCE));
        Ok(Self { app, routes, address, bodies, hosts: Hosts::default(), front: None, login: None, console_code: None })
    }

    /// The same, which waits that long for bodies.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { bodies: Bodies::new(MAX_BODY_BYTES, patience), ..self }
    }

    /// The same, which is addressed by those names as well.
    #[must_use]
    pub fn with_hosts(self, hosts: Hosts) -> Self {
        Self { hosts, ..self }
    }

    /// The same, with what there is before any service.
    #[must_use]
    pub fn with_front(self, front: Front) -> Self {
        Self { front: Some(front), ..self }
    }

    /// The same, with the demo authorization server beside the endpoints.
    #[must_use]
    pub fn with_login(self, login: DemoLogin) -> Self {
        Self { login: Some(login), ..self }
    }

    /// The same, where that code signs in to the console.
    #[must_use]
    pub fn with_console_code(self, code: ConsoleCode) -> Self {
        Self { console_code: Some(code), ..self }
    }

    /// Where it is reached if by TLS.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("https://{}", self.address)
    }

    /// Answers a request as API Gateway and the function behind the route would.
    pub async fn answer(&self, request: Request<Body>, client: Client<'_>) -> Response<Body> {
        let (head, body) = request.into_parts();
        if let Err(stranger) = self.hosts.admit(&head.headers) {
            return forbidden(&stranger);
        }
        let Some(path) = decoded_path(&head.uri) else {
            return message(StatusCode::BAD_REQUEST, "Bad Request");
        };
        let path = match &self.front {
            Some(front) => front.meant(path),
            None => path,
        };
        if let Some(answer) = self.front.as_ref().and_then(|front| front.answer(&head, &path)) {
            return answer;
        }
        let body = match self.bodies.read(body).await {
            Ok(body) => body,
            Err(refusal) => return unread(refusal),
        };
        let shows_code = head.method == Method::POST && path == console_code::PATH;
        if let Some(code) = self.console_code.as_ref().filter(|_| shows_code) {
            return code.answer(&body.bytes, self.now());
        }
        match self.login.as_ref().and_then(|login| Some((login, login.page(&path)?))) {
            Some((login, page)) => login.answer(self, page, &head, &body.bytes).await,
            None => self.dispatch(&head, &path, &body.bytes, client).await,
        }
    }

    /// Asks an endpoint on behalf of the program itself; an empty token is none.
    pub(crate) async fn operate(&self, path: &str, token: &str, body: Option<&Value>) -> (StatusCode, Value) {
        let method = if body.is_some() { Method::POST } else { Method::GET };
        let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
        if !token.is_empty() {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let Ok(request) = request.body(()) else { return (StatusCode::BAD_REQUEST, Value::Null) };
        let (head, ()) = request.into_parts();
        let body = body.map(|body| Bytes::from(body.to_string())).unwrap_or_default();
        let client = Client { address: self.address, secure: false, certificate: None };
        let answer = self.dispatch(&head, path, &body, client).await;
        let status = answer.status();
        let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
        (status, serde_json::from_slice(&bytes).unwrap_or_default())
    }

    /// 256 random bits in base64url.
    pub(crate) fn random(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.app.entropy.bytes::<32>().unwrap_or_default())
    }

    /// The time, in seconds since 1970.
    pub(crate) fn now(&self) -> u64 {
        self.app.clock.now()
    }

    async fn dispatch(
        &self,
        head: &axum::http::request::Parts,
        path: &str,
        body: &Bytes,
        client: Client<'_>,
    ) -> Response<Body> {
        let Ok(matched) = self.routes.at(path) else {
            return message(StatusCode::NOT_FOUND, "Not Found");
        };
        let (endpoint, route) = *matched.value;
        let parameters = matched.params.iter().map(|(name, value)| (name.to_owned(), value.into())).collect();
        let route = Route { key: format!("ANY {route}"), path, parameters };
        let event = self.event(head, body, client, route).to_string();
        match shared::http::Request::from_event(&event) {
            Ok(request) => rendered(endpoint.answer(self.app, request).await),
            Err(_) => message(StatusCode::INTERNAL_SERVER_ERROR, "Internal Server Error"),
        }
    }

    fn event(&self, head: &axum::http::request::Parts, body: &Bytes, client: Client<'_>, route: Route<'_>) -> Value {
        let headers = self.headers(&head.headers, client);
        let (body, encoded) = event_body(headers.get("content-type").map(String::as_str), body);
        let query = head.uri.query().unwrap_or_default();
        let cookies: Vec<&str> =
            head.headers.get_all(header::COOKIE).iter().filter_map(|cookie| cookie.to_str().ok()).collect();
        let request_id = STANDARD.encode(self.app.entropy.bytes::<11>().unwrap_or_default());
        let authentication = client.certificate.map(|pem| json!({ "clientCert": { "clientCertPem": pem } }));
        let mut event = json!({
            "version": "2.0",
            "routeKey": route.key,
            "rawPath": route.path,
            "rawQueryString": query,
            "headers": headers,
            "requestContext": {
                "accountId": "000000000000",
                "apiId": "local",
                "authentication": authentication,
                "domainName": self.address.to_string(),
                "domainPrefix": "local",
                "http": {
                    "method": head.method.as_str(),
                    "path": route.path,
                    "protocol": format!("{:?}", head.version),
                    "sourceIp": client.address.ip().to_string(),
                    "userAgent": headers.get("user-agent").cloned().unwrap_or_default(),
                },
                "requestId": request_id,
                "routeKey": route.key,
                "stage": "$default",
                "timeEpoch": self.app.clock.now_millis(),
            },
            "isBase64Encoded": encoded,
        });
        let optional = [
            ("pathParameters", (!route.parameters.is_empty()).then(|| route.parameters.into())),
            ("queryStringParameters", (!query.is_empty()).then(|| query_parameters(query).into())),
            ("cookies", (!cookies.is_empty()).then(|| cookies.into())),
            ("body", body.map(Value::String)),
        ];
        if let Value::Object(members) = &mut event {
            members.extend(optional.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
        }
        event
    }

    /// Lower-case names, repeated headers joined by commas, cookies elsewhere, `X-Forwarded-*` of our own.
    fn headers(&self, headers: &HeaderMap, client: Client<'_>) -> BTreeMap<String, String> {
        let mut joined: BTreeMap<String, String> = BTreeMap::new();
        for (name, value) in headers {
            if name == header::COOKIE {
                continue;
            }
            let value: String = value.as_bytes().iter().map(|byte| char::from(*byte)).collect();
            joined
                .entry(name.as_str().to_owned())
                .and_modify(|joined| {
                    joined.push(',');
                    joined.push_str(&value);
                })
                .or_insert(value);
        }
        joined.insert("x-forwarded-for".to_owned(), client.address.ip().to_string());
        joined.insert("x-forwarded-port".to_owned(), self.address.port().to_string());
        let scheme = if client.secure { "https" } else { "http" };
        joined.insert("x-forwarded-proto".to_owned(), scheme.to_owned());
        joined
    }
}

/// The route that a path matched.
struct Route<'r> {
    key: String,
    path: &'r str,
    parameters: Map<String, Value>,
}

/// API Gateway's `{id+}` is `{*id}` in the router.
fn pattern(path: &str) -> String {
    let segment = |segment: &str| match segment.strip_prefix('{').and_then(|name| name.strip_suffix("+}")) {
        Some(greedy) => format!("{{*{greedy}}}"),
        None => segment.to_owned(),
    };
    path.split('/').map(segment).collect::<Vec<_>>().join("/")
}

/// HTTP APIs decode the path before they match it, and end it at a decoded question mark.
fn decoded_path(uri: &Uri) -> Option<String> {
    let decoded = percent_decode_str(uri.path()).decode_utf8().ok()?;
    decoded.split('?').next().map(str::to_owned)
}

/// Repeated parameters are joined by commas.
pub(crate) fn query_parameters(query: &str) -> Map<String, Value> {
    let decoded = |text: &str| percent_decode_str(&text.replace('+', " ")).decode_utf8_lossy().into_owned();
    let mut joined: BTreeMap<String, String> = BTreeMap::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        joined
            .entry(decoded(name))
            .and_modify(|joined| {
                joined.push(',');
                joined.push_str(&decoded(value));
            })
            .or_insert_with(|| decoded(value));
    }
    joined.into_iter().map(|(name, value)| (name, value.into())).collect()
}

/// A text where the content type says so and the bytes are one; everything else in base64.
fn event_body(content_type: Option<&str>, body: &Bytes) -> (Option<String>, bool) {
    if body.is_empty() {
        return (None, false);
    }
    let media_type = content_type.and_then(|value| value.split(';').next()).unwrap_or("text/plain").trim();
    let textual = media_type.starts_with("text/")
        || matches!(media_type, "application/json" | "application/javascript" | "application/xml");
    match std::str::from_utf8(body) {
        Ok(text) if textual => (Some(text.to_owned()), false),
        _ => (Some(STANDARD.encode(body)), true),
    }
}

fn rendered(answer: shared::http::Response) -> Response<Body> {
    let body = answer.gzip.map_or_else(|| Body::from(answer.body), Body::from);
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    for (name, value) in answer.headers {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

/// An answer of the gateway itself.
fn message(status: StatusCode, text: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(json!({ "message": text }).to_string()));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// An answer to a request that is addressed to somebody else.
fn forbidden(stranger: &Stranger) -> Response<Body> {
    let Stranger(Some(name)) = stranger else {
        tracing::warn!("a request without the name of a host is refused");
        return message(StatusCode::BAD_REQUEST, "Host has to be the name of this server");
    };
    tracing::warn!("a request for {name} is refused; --allowed-host {name} lets such requests in");
    let text =
        format!("{name} is no name of this server: start registrar serve with --allowed-host {name}, or --base-url");
    message(StatusCode::FORBIDDEN, &text)
}

/// An answer to a request whose body is not read.
fn unread(refusal: Refusal) -> Response<Body> {
    let text = match refusal {
        Refusal::TooLarge => "Request Entity Too Large",
        Refusal::TooSlow => "Request Timeout",
        Refusal::Broken => "Bad Request",
    };
    message(refusal.status(), text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_decoded_and_end_at_a_decoded_question_mark() {
        let path = |uri: &str| decoded_path(&uri.parse().unwrap());
        assert_eq!(path("/1/register/a%2Fb?x=1").as_deref(), Some("/1/register/a/b"));
        assert_eq!(path("/1/register/a%3Fb").as_deref(), Some("/1/register/a"));
        assert_eq!(path("/1/%ff"), None);
    }

    #[test]
    fn greedy_parameters_are_the_routers() {
        assert_eq!(pattern("/api/{serviceId}/client/get/{id+}"), "/api/{serviceId}/client/get/{*id}");
    }

    #[test]
    fn bodies_are_text_or_base64() {
        let encoded =
            |content_type: Option<&str>, body: &'static [u8]| event_body(content_type, &Bytes::from_static(body));
        assert_eq!(encoded(Some("application/json; charset=utf-8"), b"{}"), (Some("{}".to_owned()), false));
        assert_eq!(encoded(Some("application/json"), b"\xff"), (Some("/w==".to_owned()), true));
        assert_eq!(encoded(Some("application/x-www-form-urlencoded"), b"a=b"), (Some("YT1i".to_owned()), true));
        assert_eq!(encoded(None, b""), (None, false));
    }

    #[test]
    fn query_parameters_are_decoded_and_joined() {
        let parameters = query_parameters("a=1&b=x%20y&a=2&c");
        assert_eq!(Value::Object(parameters), json!({"a": "1,2", "b": "x y", "c": ""}));
    }
}
