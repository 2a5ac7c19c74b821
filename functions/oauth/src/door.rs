//! What the endpoints of this door have in common: CORS, errors, where a request belongs, how often strangers ask.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use shared::credentials::{Token, TokenKind};
use shared::http::{Method, Request, Response, error_body, error_members};
use shared::limits::Admission;
use shared::metadata::{Invalid, Submitted};
use shared::metadata_document::Unresolved;
use shared::origin::Origin;
use shared::policy::ErrorMembers;
use shared::registry::{Context, FETCHING, Operation, Reason};
use shared::service::Service;
use shared::{App, Error, registry};

/// The name by which a policy opens this door.
const DOOR: &str = "oauth";

/// What registrations are counted by.
pub(crate) const REGISTRATIONS: &str = DOOR;

/// What refused registrations are counted by of those who have a token for them, beside that token.
pub(crate) const REFUSALS: &str = "oauth#refused";

/// What updates and deletions of clients are counted by.
pub(crate) const CHANGES: &str = "oauth#changes";

/// Answers an operator's request: no page in a browser makes one.
pub(crate) async fn answer_operator(
    request: &Request,
    methods: &[Method],
    outcome: impl Future<Output = Result<Response, Fault>>,
) -> Response {
    let refused = |fault| refused(&Refusal { fault, says: ErrorMembers::default() });
    match request.method {
        method if methods.contains(&method) => outcome.await.unwrap_or_else(refused),
        _ => {
            let names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
            refused(Error::MethodNotAllowed.into()).with("allow", names.join(", "))
        }
    }
}

/// The answer to an operator if a handler panics or does not end in time.
pub(crate) fn failed_operator(error: &Error) -> Response {
    rendered(error, ErrorMembers::default())
}

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

/// Why a request is refused.
pub(crate) enum Fault {
    /// What the core found.
    Core(Error),
    /// There is such a service, and not what was asked of it.
    Absent(Absent),
    /// The network or all strangers together ask too much.
    TooManyRequests(Admission),
    /// A request that is not as this endpoint reads it (RFC 6749 §5.2).
    Request(Invalid),
    /// No client was found for an operator.
    Unresolved(Unresolved),
    /// The redirect URI of an authorization request is none of the client's.
    Redirect {
        /// What was sent.
        sent: String,
        /// How many the client has.
        registered: usize,
    },
}

/// What a service does not have here, as far as it may be told: nothing of its policy or its configuration but what its
/// own authorization server publishes.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum Absent {
    /// Its policy does not open this door.
    #[error("this service does not open the door {DOOR}")]
    Closed,
    /// Nor does it, and what it opens instead is no door: its operator has misspelt one.
    #[error("this service does not open the door {DOOR}, and one that it opens does not exist: is it misspelt?")]
    Misspelt,
    /// Metadata that its own issuer publishes.
    #[error("the metadata of this service is published by its issuer {0}")]
    Elsewhere(String),
}

impl Absent {
    /// The door is closed to that service's clients.
    fn closed(service: &Service) -> Self {
        if service.policy().unknown_door().is_some() { Self::Misspelt } else { Self::Closed }
    }
}

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Core(error.into())
    }
}

/// A fault, and what the service lets its answer say.
pub(crate) struct Refusal {
    fault: Fault,
    says: ErrorMembers,
}

impl Refusal {
    /// A fault at that service.
    pub(crate) fn at(service: &Service) -> impl Fn(Fault) -> Self {
        let says = service.policy().errors;
        move |fault| Self { fault, says }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self { fault: error.into(), says: ErrorMembers::default() }
    }
}

fn refused(refusal: &Refusal) -> Response {
    match &refusal.fault {
        Fault::Core(error) => rendered(error, refusal.says),
        Fault::Absent(absent) => not_found(absent, refusal.says),
        Fault::TooManyRequests(admission) => waits(admission, refusal.says),
        Fault::Request(fault) => bad_request(&fault.to_string(), None),
        Fault::Unresolved(unresolved) => not_resolved(unresolved),
        Fault::Redirect { sent, registered } => {
            let text = format!("redirect_uri {sent} is none of the {registered} that the client has registered");
            bad_request(&text, Some("redirect_mismatch"))
        }
    }
}

fn bad_request(text: &str, outcome: Option<&str>) -> Response {
    let code = "invalid_request";
    let mut members = error_members(code, Some(text));
    members.extend(outcome.map(|outcome| ("outcome".to_owned(), outcome.into())));
    let mut response = not_stored(Response::json(400, members));
    response.code = Some(code.into());
    response
}

/// What an operator is told of a client that was not found: what became of it, and which step failed.
fn not_resolved(unresolved: &Unresolved) -> Response {
    if let Unresolved::Core(error) = unresolved {
        return rendered(error, ErrorMembers::default());
    }
    let (reason, code) = (unresolved.reason(), unresolved.code());
    let mut members = error_members(code, Some(&reason));
    if !matches!(unresolved, Unresolved::NotEnabled) {
        members.insert("outcome".to_owned(), unresolved.outcome().into());
        members.extend(unresolved.step_name().map(|step| ("step".to_owned(), step.into())));
    }
    let mut response = not_stored(Response::json(unresolved.status(), members));
    response.code = Some(code.into());
    response.reason = Some(reason);
    response.to_be_retried(unresolved.retry_after())
}

fn not_found(absent: &Absent, says: ErrorMembers) -> Response {
    let code = Error::UnknownService.code();
    let text = absent.to_string();
    let body = error_members(code, says.description.then_some(text.as_str()));
    let mut response = not_stored(Response::json(Error::UnknownService.status(), body));
    response.code = Some(code.into());
    response
}

fn rendered(error: &Error, says: ErrorMembers) -> Response {
    let response = not_stored(Response::json(error.status(), error_body(error, says)).because(error));
    match error.challenge() {
        Some(challenge) => response.with("www-authenticate", challenge),
        None => response,
    }
}

/// RFC 6585 §4.
fn waits(admission: &Admission, says: ErrorMembers) -> Response {
    let code = "temporarily_unavailable";
    let text = "too many requests from this network or for this service; try again later";
    let mut response = not_stored(Response::json(429, error_members(code, says.description.then_some(text))));
    response.code = Some(code.into());
    response.with("retry-after", admission.retry_after.to_string())
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
pub(crate) async fn service(app: &App, request: &Request) -> Result<Arc<Service>, Refusal> {
    let service = any_service(app, request).await?;
    opened(&service).map_err(|absent| Refusal::at(&service)(Fault::Absent(absent)))?;
    Ok(service)
}

/// The service that the path names, be this door closed to its clients.
pub(crate) async fn any_service(app: &App, request: &Request) -> Result<Arc<Service>, Error> {
    app.service(request.service_id().ok_or(Error::UnknownService)?).await
}

/// Whether a service opens this door.
pub(crate) fn opened(service: &Service) -> Result<(), Absent> {
    if service.policy().opens(DOOR) { Ok(()) } else { Err(Absent::closed(service)) }
}

/// Counts who finds this door closed, as far as strangers may ask there for what is counted by that name.
pub(crate) async fn shut_out(
    app: &App,
    service: &Service,
    request: &Request,
    (operation, allowance): (Operation, &str),
    absent: Absent,
) -> Fault {
    let (context, unknown) = (context(app, service, request, String::new()), Error::UnknownService);
    let reason = Reason::new(unknown.status(), unknown.code(), &absent.to_string());
    registry::turned_away_within(&context, allowance, operation, ("doors", reason), request).await;
    Fault::Absent(absent)
}

/// Counts a stranger's request against its network's allowance and everybody's.
///
/// # Errors
/// [`Fault::TooManyRequests`].
pub(crate) async fn admit_stranger(app: &App, service: &Service, request: &Request, what: &str) -> Result<(), Fault> {
    app.admit_stranger(request, service.id, what).await.map_err(Fault::TooManyRequests)
}

/// The request's context; `actor` is who will have changed the client.
pub(crate) fn context<'a>(app: &'a App, service: &'a Service, request: &Request, actor: String) -> Context<'a> {
    let base_url = app.base_url(service, request);
    Context {
        app,
        service,
        origin: Origin::at(request, service.policy(), DOOR, actor),
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
    request.declares_json()?;
    Submitted::parse(&request.body)
}

/// The presented registration access token (RFC 7592 §2).
pub(crate) fn registration_access_token(request: &Request) -> Result<Token, Error> {
    let presented = request.bearer_token().ok_or(Error::MissingToken)?;
    Token::parse(TokenKind::RegistrationAccess, presented).ok_or(Error::InvalidToken)
}
