//! What the endpoints of this door have in common: who calls, for which service, and how a refusal is answered.

use std::borrow::Cow;
use std::time::Instant;

use serde_json::{Map, Value};
use shared::App;
use shared::Error;
use shared::caller::Permission;
use shared::client::RegisteredClient;
use shared::desk::{Desk, NoDesk};
use shared::federation::discovery::RESOLVING;
use shared::http::{Endpoint, Request, Response, error_members};
use shared::limits::Admission;
use shared::metadata::{Invalid, parse_object};
use shared::origin::Origin;
use shared::registry::{Context, FETCHING};
use shared::resolution;
use shared::store::Named;

/// The name under which the audit knows this door.
const DOOR: &str = "operator";

/// Who may see clients.
pub(crate) const READ_CLIENTS: &[Permission] =
    &[Permission::ClientRead, Permission::ClientWrite, Permission::UseService];

/// Who may change clients: an authorization server that looks them up may not.
pub(crate) const WRITE_CLIENTS: &[Permission] = &[Permission::ClientWrite];

/// Who may end what users have let clients have.
pub(crate) const END_GRANTS: &[Permission] = &[Permission::ClientWrite, Permission::UseService];

/// Who may have something fetched.
pub(crate) const FETCH: &[Permission] = &[Permission::UseService];

/// Who may see the service.
pub(crate) const READ_SERVICE: &[Permission] = &[Permission::ServiceRead, Permission::ServiceWrite];

/// Who may change the service.
pub(crate) const WRITE_SERVICE: &[Permission] = &[Permission::ServiceWrite];

/// The endpoint of a module: its operation, its function, its methods, its paths, and when a request is given up.
macro_rules! endpoint {
    ($operation:ident, $function:literal, [$($method:ident),+], [$($path:literal),+], $deadline:path) => {
        /// The endpoint.
        pub static ENDPOINT: shared::http::Endpoint = shared::http::Endpoint {
            function: $function,
            paths: &[$($path),+],
            methods: &[$(shared::http::Method::$method),+],
            deadline: $deadline,
            handler: |app, request| {
                Box::pin(async move { $crate::door::answer(&ENDPOINT, &request, $operation(app, &request)).await })
            },
            failed: $crate::door::failed,
        };
    };
}
pub(crate) use endpoint;

/// What is told of a service that there is not, or that the token is not of: a token learns nothing about others' services.
pub const OTHER_SERVICE: &str = "there is no such service for this token";

/// Why a request is refused.
#[derive(Debug)]
pub enum Fault {
    /// What the core found.
    Core(Error),
    /// The token is of another service, or there is none.
    OtherService,
    /// The token asks too often.
    TooManyRequests(Admission),
    /// The request is not as this endpoint reads it.
    Request(Cow<'static, str>),
    /// There is no such thing here.
    Absent(&'static str),
    /// The state of what is to be changed does not allow it.
    Conflict(&'static str),
    /// The client was changed since it was read.
    Changed,
    /// The request does not say which state it changes (RFC 6585 §3).
    PreconditionRequired,
    /// It changes another state than the one that is (RFC 9110 §15.5.13).
    PreconditionFailed,
}

impl<E: Into<Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Core(error.into())
    }
}

impl Fault {
    /// A request that is not as this endpoint reads it.
    pub(crate) fn of_request(invalid: &Invalid) -> Self {
        Self::Request(invalid.to_string().into())
    }

    /// The same, of a part of the request.
    pub(crate) fn within(self, part: &str) -> Self {
        match self {
            Self::Request(text) => Self::Request(format!("{part}: {text}").into()),
            fault => fault,
        }
    }

    /// There is no desk for the request.
    pub(crate) fn of_desk(none: NoDesk) -> Self {
        match none {
            NoDesk::Core(error) => Self::Core(error),
            NoDesk::OtherService => Self::OtherService,
            NoDesk::TooManyRequests(admission) => Self::TooManyRequests(admission),
        }
    }

    /// What is told in `WWW-Authenticate`.
    fn challenge(&self) -> Option<String> {
        match self {
            Self::Core(error) => error.challenge(),
            Self::OtherService => Error::InsufficientScope(Vec::new()).challenge(),
            _ => None,
        }
    }

    /// The status, the code, and what is told.
    #[must_use]
    pub fn told(&self) -> (u16, &'static str, Cow<'_, str>) {
        match self {
            Self::Core(error) => (error.status(), error.code(), error.to_string().into()),
            Self::OtherService => {
                let error = Error::InsufficientScope(Vec::new());
                (error.status(), error.code(), OTHER_SERVICE.into())
            }
            Self::TooManyRequests(_) => {
                (429, "temporarily_unavailable", "this token makes too many requests; try again later".into())
            }
            Self::Request(text) => (400, "invalid_request", text.as_ref().into()),
            Self::Absent(text) => (404, "not_found", (*text).into()),
            Self::Conflict(text) => (409, "conflict", (*text).into()),
            Self::Changed => (409, "conflict", "the client was changed since; look at it again".into()),
            Self::PreconditionRequired => {
                (428, "precondition_required", "If-Match is required: the ETag of the policy that is replaced".into())
            }
            Self::PreconditionFailed => {
                (412, "precondition_failed", "the policy was changed since; look at it again".into())
            }
        }
    }
}

/// Answers a request, if its method has a meaning here.
pub(crate) async fn answer(
    endpoint: &Endpoint,
    request: &Request,
    outcome: impl Future<Output = Result<Response, Fault>>,
) -> Response {
    let response = match request.method {
        method if endpoint.methods.contains(&method) => outcome.await.unwrap_or_else(|fault| refused(&fault)),
        _ => {
            let names: Vec<&str> = endpoint.methods.iter().map(|method| method.as_str()).collect();
            refused(&Error::MethodNotAllowed.into()).with("allow", names.join(", "))
        }
    };
    response.with("cache-control", "no-store")
}

/// The answer if a handler panics or does not end in time.
pub(crate) fn failed(error: &Error) -> Response {
    rendered(error.status(), error.code(), &error.to_string()).because(error).with("cache-control", "no-store")
}

fn refused(fault: &Fault) -> Response {
    let (status, code, text) = fault.told();
    let mut response = rendered(status, code, &text);
    if let Some(challenge) = fault.challenge() {
        response = response.with("www-authenticate", challenge);
    }
    match fault {
        Fault::Core(error) => response.because(error),
        Fault::TooManyRequests(admission) => response.with("retry-after", admission.retry_after.to_string()),
        _ => response,
    }
}

fn rendered(status: u16, code: &'static str, text: &str) -> Response {
    let mut response = Response::json(status, error_members(code, Some(text)));
    response.code = Some(code.into());
    response
}

/// The desk of a request whose token has one of those permissions.
pub(crate) async fn desk(app: &App, request: &Request, any_of: &[Permission]) -> Result<Desk, Fault> {
    Ok(open(app, request, any_of, None).await?.0)
}

/// The same, and what the service has under an identifier, by one read.
pub(crate) async fn open(
    app: &App,
    request: &Request,
    any_of: &[Permission],
    identifier: Option<&str>,
) -> Result<(Desk, Named), Fault> {
    Desk::open(app, request, any_of, identifier).await.map_err(Fault::of_desk)
}

/// The desk, what the service has under the identifier, the number or the alias in the path, and which that is.
pub(crate) async fn client<'r>(
    app: &App,
    request: &'r Request,
    any_of: &[Permission],
) -> Result<(Desk, Named, &'r str), Fault> {
    let identifier = request.path_parameter("client").unwrap_or_default();
    let (desk, named) = open(app, request, any_of, Some(identifier)).await?;
    request.path_identifier("client").map_err(|invalid| Fault::of_request(&invalid))?;
    Ok((desk, named, identifier))
}

/// What the core needs to know of a request.
pub(crate) fn context<'a>(app: &'a App, desk: &'a Desk, request: &Request) -> Context<'a> {
    let base_url = app.base_url(&desk.service, request);
    Context {
        app,
        service: &desk.service,
        origin: origin(desk, request),
        fetching_ends: Instant::now() + FETCHING,
        audiences: vec![desk.service.issuer(&base_url), desk.service.registration_endpoint(&base_url)],
    }
}

/// The same, where others are asked for as long as a trust chain takes.
pub(crate) fn resolving_context<'a>(app: &'a App, desk: &'a Desk, request: &Request) -> Context<'a> {
    Context { fetching_ends: Instant::now() + RESOLVING, ..context(app, desk, request) }
}

/// Who changes something, for the audit.
pub(crate) fn origin(desk: &Desk, request: &Request) -> Origin {
    Origin::at(request, desk.service.policy(), DOOR, desk.operator.token.to_text())
}

/// The client of that name, which must be known; one that has a metadata document alone as it is kept.
pub(crate) async fn known(
    context: &Context<'_>,
    request: &Request,
    identifier: &str,
    named: Named,
) -> Result<RegisteredClient, Fault> {
    let base_url = context.app.base_url(context.service, request);
    Ok(resolution::known(context, &base_url, identifier, named).await?)
}

/// The JSON object of a request; of a `PATCH` also as what it is (RFC 7396 §4).
pub(crate) fn body(request: &Request) -> Result<Map<String, Value>, Fault> {
    let body = request.declares_json().and_then(|()| parse_object(&request.body));
    body.map_err(|invalid| Fault::of_request(&invalid))
}

/// The same of a request that may have none.
pub(crate) fn optional_body(request: &Request) -> Result<Map<String, Value>, Fault> {
    if request.body.is_empty() { Ok(Map::new()) } else { body(request) }
}
