//! What the endpoints of this door have in common: the service, how often it may be asked, how errors look.

use std::sync::Arc;

use shared::federation::{DOOR, Error as Fault};
use shared::http::{Method, Request, Response, error_members};
use shared::limits::Admission;
use shared::service::Service;
use shared::{App, Error as Core};

/// Why a request is refused.
pub(crate) enum Error {
    /// What the core found.
    Fault(Fault),
    /// Too many requests.
    TooManyRequests(Admission),
}

impl<E: Into<Fault>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Fault(error.into())
    }
}

/// Answers with the outcome of a request whose method has a meaning here.
pub(crate) async fn answer(
    request: &Request,
    methods: &[Method],
    outcome: impl Future<Output = Result<Response, Error>>,
) -> Response {
    if methods.contains(&request.method) {
        return outcome.await.unwrap_or_else(|error| refused(&error));
    }
    let names: Vec<&str> = methods.iter().map(|method| method.as_str()).collect();
    failed(&Core::MethodNotAllowed).with("allow", names.join(", "))
}

/// The answer if a handler panics or does not end in time.
pub(crate) fn failed(error: &Core) -> Response {
    let body = error_members(error.code(), Some(&error.to_string()));
    Response::json(error.status(), body).because(error).with("cache-control", "no-store")
}

/// §8.9.
fn refused(error: &Error) -> Response {
    match error {
        Error::Fault(Fault::Core(error)) => failed(error),
        Error::Fault(fault) => {
            let mut response = Response::json(fault.status(), fault.to_members()).with("cache-control", "no-store");
            response.code = Some(fault.code().into());
            match fault {
                Fault::NotSetUp(_) => response.cause = Some(fault.to_string()),
                _ => response.reason = Some(fault.reason()),
            }
            response.to_be_retried(fault.retry_after())
        }
        Error::TooManyRequests(admission) => {
            let body = error_members("temporarily_unavailable", Some("too many registrations; try again later"));
            let response = Response::json(429, body).with("cache-control", "no-store");
            response.with("retry-after", admission.retry_after.to_string())
        }
    }
}

/// The service that the path names, if it opens this door.
pub(crate) async fn service(app: &App, request: &Request) -> Result<Arc<Service>, Error> {
    let service = any_service(app, request).await?;
    if service.policy().opens(DOOR) { Ok(service) } else { Err(Core::UnknownService.into()) }
}

/// The service that the path names, be this door closed to its clients.
pub(crate) async fn any_service(app: &App, request: &Request) -> Result<Arc<Service>, Core> {
    app.service(request.service_id().ok_or(Core::UnknownService)?).await
}
