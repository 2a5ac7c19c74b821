//! What the endpoints of this door have in common: CORS, errors, where a request belongs.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use shared::caller::Origin;
use shared::credentials::{Token, TokenKind};
use shared::http::{Method, Request, Response, error_body};
use shared::metadata::{Invalid, Submitted};
use shared::policy::ErrorMembers;
use shared::registry::{Context, FETCHING};
use shared::service::Service;
use shared::{App, Error};

/// The name by which a policy opens this door.
const DOOR: &str = "oauth";

/// Answers a request: the preflight, a method that has no meaning here, or the endpoint's own outcome.
pub(crate) async fn answer(
    request: &Request,
    methods: &[Method],
    outcome: impl Future<Output = Result<Response, Refusal>>,
) -> Response {
    let response = match request.method {
        Method::Options => preflight(methods),
        method if methods.contains(&method) => outcome.await.unwrap_or_else(|refusal| refused(&refusal)),
        _ => refused(&Error::MethodNotAllowed.into()).with("allow", listed(methods)),
    };
    shared_with_all_origins(response)
}

/// The answer if a handler panics or does not end in time.
pub(crate) fn failed(error: &Error) -> Response {
    shared_with_all_origins(rendered(error, ErrorMembers::default()))
}

/// An error, and what the service lets it say.
pub(crate) struct Refusal {
    error: Error,
    says: ErrorMembers,
}

impl Refusal {
    /// An error at that service.
    pub(crate) fn at(service: &Service) -> impl Fn(Error) -> Self {
        let says = service.policy().errors;
        move |error| Self { error, says }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { error, says: ErrorMembers::default() }
    }
}

fn refused(refusal: &Refusal) -> Response {
    rendered(&refusal.error, refusal.says)
}

fn rendered(error: &Error, says: ErrorMembers) -> Response {
    let response = not_stored(Response::json(error.status(), error_body(error, says)).because(error));
    let response = match error.retry_after() {
        Some(seconds) => response.with("retry-after", seconds.to_string()),
        None => response,
    };
    match error {
        // RFC 6750 §3.1: no error code for a request that carried no token.
        Error::MissingToken => response.with("www-authenticate", "Bearer"),
        Error::InvalidToken => response.with("www-authenticate", "Bearer error=\"invalid_token\""),
        _ => response,
    }
}

/// RFC 7591 §3.2.1: what is answered holds secrets.
pub(crate) fn not_stored(response: Response) -> Response {
    response.with("cache-control", "no-store").with("pragma", "no-cache")
}

fn preflight(methods: &[Method]) -> Response {
    Response::empty(204)
        .with("access-control-allow-methods", listed(methods))
        .with("access-control-allow-headers", "Authorization, Content-Type, MCP-Protocol-Version")
        .with("access-control-max-age", "86400")
}

fn shared_with_all_origins(response: Response) -> Response {
    response
        .with("access-control-allow-origin", "*")
        .with("access-control-expose-headers", "WWW-Authenticate, Retry-After")
}

fn listed(methods: &[Method]) -> String {
    let names: Vec<&str> = methods.iter().chain([&Method::Options]).map(|method| method.as_str()).collect();
    names.join(", ")
}

/// The service that the path names, if it opens this door.
pub(crate) async fn service(app: &App, request: &Request) -> Result<Arc<Service>, Error> {
    let service = app.service(request.service_id().ok_or(Error::UnknownService)?).await?;
    if service.policy().opens(DOOR) { Ok(service) } else { Err(Error::UnknownService) }
}

/// The request's context; `actor` is who will have changed the client.
pub(crate) fn context<'a>(app: &'a App, service: &'a Service, request: &Request, actor: String) -> Context<'a> {
    let base_url = app.base_url(service, request);
    Context {
        app,
        service,
        origin: Origin::of(request, DOOR, actor),
        fetching_ends: Instant::now() + FETCHING,
        audiences: vec![service.issuer(&base_url), service.registration_endpoint(&base_url)],
    }
}

/// Where a client manages its registration (RFC 7592 §3 `registration_client_uri`).
pub(crate) fn registration_client_uri(app: &App, service: &Service, request: &Request, client_id: &str) -> String {
    format!("{}/{client_id}", service.registration_endpoint(&app.base_url(service, request)))
}

/// The body of a registration or an update (RFC 7591 §3.1).
pub(crate) fn submitted(request: &Request) -> Result<Submitted, Invalid> {
    if !request.has_content_type("application/json") {
        return Err(Invalid::ContentType);
    }
    Submitted::parse(&request.body)
}

/// The presented registration access token (RFC 7592 §2).
pub(crate) fn registration_access_token(request: &Request) -> Result<Token, Error> {
    let presented = request.bearer_token().ok_or(Error::MissingToken)?;
    Token::parse(TokenKind::RegistrationAccess, presented).ok_or(Error::InvalidToken)
}
