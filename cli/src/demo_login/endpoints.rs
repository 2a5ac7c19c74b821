//! The endpoints: each asks one operation and does what its action says.

use authorization::subject::is_subject;
use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};

use super::{Asked, of_type, pages, redirect, set};
use crate::gateway::query_parameters;

/// The cookie that ties a decision to the browser in which the page was shown.
const COOKIE: &str = "registrar_demo_login";

impl Asked<'_> {
    pub(super) async fn authorize(&self) -> Response<Body> {
        let asked = self.ask("/auth/authorization", &json!({"parameters": self.parameters()})).await;
        let answer = match asked {
            Ok(answer) => answer,
            Err(failure) => return failure,
        };
        match text(&answer, "action") {
            "INTERACTION" => {
                let random = self.gateway.random();
                let mut response = pages::login(&answer, &self.login.url("/authorize/decision"), &random);
                let cookie =
                    format!("{COOKIE}={random}; Path=/{}/authorize; HttpOnly; SameSite=Lax", self.login.service_id);
                set(response.headers_mut(), header::SET_COOKIE, &cookie);
                response
            }
            // Nobody stays logged in here.
            "NO_INTERACTION" => self.fail(text(&answer, "ticket"), "NOT_LOGGED_IN").await,
            _ => to_browser(&answer),
        }
    }

    pub(super) async fn decide(&self) -> Response<Body> {
        let form = query_parameters(&self.parameters());
        let field = |name: &str| form.get(name).and_then(Value::as_str).unwrap_or_default();
        if self.cookie(COOKIE).is_none_or(|cookie| cookie.is_empty() || cookie != field("csrf")) {
            let text = "This page was shown in another browser, or its cookie is gone. Begin again at the application.";
            return pages::failure(text, StatusCode::BAD_REQUEST);
        }
        if field("decision") != "allow" {
            return self.fail(field("ticket"), "DENIED").await;
        }
        let (subject, now) = (field("user"), self.gateway.now());
        if !is_subject(subject) {
            let text = "A name has 1 to 100 letters, digits and signs of ASCII. Go back, and say another one.";
            return pages::failure(text, StatusCode::BAD_REQUEST);
        }
        let issue = json!({"ticket": field("ticket"), "subject": subject, "authTime": now});
        match self.ask("/auth/authorization/issue", &issue).await {
            Ok(answer) => to_browser(&answer),
            Err(failure) => failure,
        }
    }

    async fn fail(&self, ticket: &str, reason: &str) -> Response<Body> {
        match self.ask("/auth/authorization/fail", &json!({"ticket": ticket, "reason": reason})).await {
            Ok(answer) => to_browser(&answer),
            Err(failure) => failure,
        }
    }

    pub(super) async fn token(&self) -> Response<Body> {
        self.to_client("/auth/token").await
    }

    pub(super) async fn push(&self) -> Response<Body> {
        self.to_client("/pushed_auth_req").await
    }

    pub(super) async fn revoke(&self) -> Response<Body> {
        self.to_client("/auth/revocation").await
    }

    /// An endpoint where clients authenticate.
    async fn to_client(&self, operation: &str) -> Response<Body> {
        let mut request = Map::new();
        request.insert("parameters".to_owned(), self.parameters().into());
        if let Some((id, secret)) = self.basic() {
            request.insert("clientId".to_owned(), id.into());
            request.insert("clientSecret".to_owned(), secret.into());
        }
        let answer = match self.answered(operation, &request.into()).await {
            Ok(answer) => answer,
            Err((status, _)) => return unanswered(status),
        };
        let status = match text(&answer, "action") {
            "OK" => StatusCode::OK,
            "CREATED" => StatusCode::CREATED,
            "BAD_REQUEST" => StatusCode::BAD_REQUEST,
            "INVALID_CLIENT" | "UNAUTHORIZED" => StatusCode::UNAUTHORIZED,
            "PAYLOAD_TOO_LARGE" => StatusCode::PAYLOAD_TOO_LARGE,
            // A user's password is nothing for a demo.
            "PASSWORD" => {
                let body = json!({"error": "unsupported_grant_type"}).to_string();
                return of_type(StatusCode::BAD_REQUEST, "application/json", body);
            }
            _ => StatusCode::INTERNAL_SERVER_ERROR,
        };
        let mut response = of_type(status, "application/json", text(&answer, "responseContent").to_owned());
        if status == StatusCode::UNAUTHORIZED {
            set(response.headers_mut(), header::WWW_AUTHENTICATE, "Basic realm=\"demo\"");
        }
        response
    }

    /// The credentials of HTTP Basic, as they stand there.
    fn basic(&self) -> Option<(String, String)> {
        let value = self.head.headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, encoded) = value.split_once(' ')?;
        let decoded = STANDARD.decode(encoded.trim()).ok().filter(|_| scheme.eq_ignore_ascii_case("basic"))?;
        let text = String::from_utf8(decoded).ok()?;
        text.split_once(':').map(|(id, secret)| (id.to_owned(), secret.to_owned()))
    }

    pub(super) async fn userinfo(&self) -> Response<Body> {
        let value = self.head.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token =
            value.and_then(|value| value.split_once(' ')).filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"));
        let token = token.map(|(_, token)| token.trim()).unwrap_or_default();
        let opened = match self.answered("/auth/userinfo", &json!({"token": token})).await {
            Ok(opened) => opened,
            Err((status, _)) => return unanswered(status),
        };
        if text(&opened, "action") != "OK" {
            return challenged(&opened);
        }
        let claims = claims_of(text(&opened, "subject"), opened.get("claims")).to_string();
        match self.answered("/auth/userinfo/issue", &json!({"token": token, "claims": claims})).await {
            Ok(issued) => match text(&issued, "action") {
                "JSON" => of_type(StatusCode::OK, "application/json", text(&issued, "responseContent").to_owned()),
                "JWT" => of_type(StatusCode::OK, "application/jwt", text(&issued, "responseContent").to_owned()),
                _ => challenged(&issued),
            },
            Err((status, _)) => unanswered(status),
        }
    }

    pub(super) async fn keys(&self) -> Response<Body> {
        let path = format!("/api/{}/service/jwks/get", self.login.service_id);
        let (status, keys) = self.gateway.operate(&path, &self.login.token, None).await;
        let keys = if status == StatusCode::OK { keys } else { json!({"keys": []}) };
        of_type(StatusCode::OK, "application/json", keys.to_string())
    }
}

pub(super) fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value.get(name).and_then(Value::as_str).unwrap_or_default()
}

/// Applications are told in JSON that the registry could not help: the client is locked, or the time is bad.
fn unanswered(status: StatusCode) -> Response<Body> {
    let (status, error) = match status {
        StatusCode::FORBIDDEN => (StatusCode::UNAUTHORIZED, "invalid_client"),
        StatusCode::SERVICE_UNAVAILABLE | StatusCode::TOO_MANY_REQUESTS => {
            (StatusCode::SERVICE_UNAVAILABLE, "temporarily_unavailable")
        }
        StatusCode::BAD_REQUEST => (StatusCode::BAD_REQUEST, "invalid_request"),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, "server_error"),
    };
    let mut response = of_type(status, "application/json", json!({"error": error}).to_string());
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("2"));
    }
    response
}

/// What the demo knows of a user: what follows from the name.
fn claims_of(subject: &str, asked: Option<&Value>) -> Value {
    let known = [
        ("name", json!(subject)),
        ("preferred_username", json!(subject)),
        ("email", json!(format!("{subject}@example.com"))),
        ("email_verified", json!(false)),
    ];
    let asked = asked.and_then(Value::as_array);
    let is_asked = |name: &str| asked.is_some_and(|asked| asked.iter().any(|claim| claim == name));
    known.into_iter().filter(|(name, _)| is_asked(name)).map(|(name, value)| (name.to_owned(), value)).collect()
}

/// The browser goes to the client, or shows what is wrong.
fn to_browser(answer: &Value) -> Response<Body> {
    let content = text(answer, "responseContent");
    match text(answer, "action") {
        "LOCATION" => redirect(content),
        "FORM" => {
            let mut response = of_type(StatusCode::OK, "text/html; charset=utf-8", content.to_owned());
            // The page posts itself, and does nothing else.
            let policy = "default-src 'none'; script-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'";
            set(response.headers_mut(), header::CONTENT_SECURITY_POLICY, policy);
            set(response.headers_mut(), header::REFERRER_POLICY, "no-referrer");
            response
        }
        "BAD_REQUEST" => pages::failure(text(answer, "resultMessage"), StatusCode::BAD_REQUEST),
        _ => pages::failure(text(answer, "resultMessage"), StatusCode::INTERNAL_SERVER_ERROR),
    }
}

/// RFC 6750 §3.
fn challenged(answer: &Value) -> Response<Body> {
    let status = match text(answer, "action") {
        "BAD_REQUEST" => StatusCode::BAD_REQUEST,
        "UNAUTHORIZED" => StatusCode::UNAUTHORIZED,
        "FORBIDDEN" => StatusCode::FORBIDDEN,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    };
    let mut response = of_type(status, "application/json", String::new());
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain"));
    set(response.headers_mut(), header::WWW_AUTHENTICATE, text(answer, "responseContent"));
    response
}
