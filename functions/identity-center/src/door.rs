//! What both dialects have in common: the service, how often it may be asked, the registration.

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value};
use shared::caller::Registrant;
use shared::client::{ClientInformation, Source};
use shared::http::{Method, Request, Response};
use shared::limits::Admission;
use shared::metadata::Submitted;
use shared::origin::Origin;
use shared::registry::{Context, FETCHING, Operation, Reason, Refused};
use shared::service::Service;
use shared::{App, Error, registry};

/// The name by which a policy opens this door.
const DOOR: &str = "identity_center";

/// Why nobody is registered.
pub(crate) enum Refusal {
    /// What the core found, or the dialect in the request.
    Core(Error),
    /// The service registers only who has a token or a software statement, which this protocol does not know.
    Protected,
    /// Too many registrations.
    TooManyRequests(Admission),
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Self::Core(error.into())
    }
}

/// What a handler that panicked or did not end in time leaves behind.
pub(crate) fn failure(error: &Error) -> Refusal {
    let cause = error.source_for_log().map_or_else(|| error.to_string(), ToString::to_string);
    Refusal::Core(match error {
        Error::Unavailable(_) => Error::Unavailable(cause.into()),
        _ => Error::internal(cause),
    })
}

/// What all answers have, whatever is answered (RFC 9110 §15.5.6).
pub(crate) fn finished(response: Response) -> Response {
    let response = response.with("cache-control", "no-store");
    if response.status == 405 { response.with("allow", Method::Post.as_str()) } else { response }
}

/// The service behind the fixed paths, for a POST that is not one too many; `read` reads what the dialect asks for.
///
/// # Errors
/// [`Error::MethodNotAllowed`], [`Error::UnknownService`], [`Refusal::Protected`], [`Refusal::TooManyRequests`];
/// [`Error::Unavailable`], [`Error::Internal`].
pub(crate) async fn service(
    app: &App,
    request: &Request,
    read: impl FnOnce(&Service) -> Option<Submitted>,
) -> Result<Arc<Service>, Refusal> {
    if request.method != Method::Post {
        return Err(Error::MethodNotAllowed.into());
    }
    let service = app.service(app.identity_center_service.ok_or(Error::UnknownService)?).await?;
    let policy = service.policy();
    if !policy.opens(DOOR) {
        let (context, unknown) = (context(app, request, &service), Error::UnknownService);
        registry::shut_out(&context, DOOR, Operation::Register, &unknown, request).await;
        return Err(unknown.into());
    }
    app.admit_stranger(request, service.id, DOOR).await.map_err(Refusal::TooManyRequests)?;
    if let Some(rule) = registry::protection(policy) {
        let (context, reason) = (context(app, request, &service), Reason::from(&Refused::Protected));
        // In the words of RFC 7591, in which it may be tried.
        let sent = read(&service).map(|submitted| Value::Object(submitted.metadata.to_members()).to_string());
        let body = sent.as_ref().map_or(&request.body[..], |sent| sent.as_bytes());
        registry::turned_away(&context, Operation::Register, rule, reason, body).await;
        return Err(Refusal::Protected);
    }
    Ok(service)
}

/// Scopes in the words of RFC 7591.
pub(crate) fn scope(scopes: Option<Vec<String>>) -> Option<String> {
    scopes.filter(|scopes| !scopes.is_empty()).map(|scopes| scopes.join(" "))
}

/// Registers the client.
///
/// # Errors
/// As [`registry::register`].
pub(crate) async fn register(
    app: &App,
    request: &Request,
    service: &Service,
    submitted: &Submitted,
) -> Result<ClientInformation, Error> {
    let context = context(app, request, service);
    registry::register(&context, Source::IdentityCenter, &Registrant::Anonymous, submitted).await
}

/// Counts who is refused before anything is registered.
pub(crate) async fn turned_away(app: &App, request: &Request, service: &Service, rule: &'static str, reason: Reason) {
    let context = context(app, request, service);
    registry::turned_away(&context, Operation::Register, rule, reason, &request.body).await;
}

fn context<'a>(app: &'a App, request: &Request, service: &'a Service) -> Context<'a> {
    let base_url = app.base_url(service, request);
    Context {
        app,
        service,
        origin: Origin::at(request, service.policy(), DOOR, "anonymous"),
        fetching_ends: Instant::now() + FETCHING,
        audiences: vec![service.issuer(&base_url)],
    }
}

/// A member of the authorization server's metadata under the name that a dialect has for it, if it is configured.
pub(crate) fn endpoint(service: &Service, member: &str, name: &str, answer: &mut Map<String, Value>) {
    if let Some(endpoint) = service.configuration.authorization_server.get(member) {
        answer.insert(name.to_owned(), endpoint.clone());
    }
}
