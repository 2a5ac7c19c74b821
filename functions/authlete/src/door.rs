//! What the endpoints of this door have in common: who calls, for which service, about which client, how often.

use std::sync::{Arc, OnceLock};
use std::time::Instant;

use serde_json::Value;
use shared::caller::{Operator, Permission};
use shared::client::RegisteredClient;
use shared::federation::discovery::RESOLVING;
use shared::http::{Endpoint, Method, Request, Response};
use shared::limits::Admission;
use shared::origin::Origin;
use shared::policy::Policy;
use shared::registry::{self, Context, FETCHING, Operation, Reason};
use shared::resolution::Changeable;
use shared::service::Service;
use shared::store::schema::Key;
use shared::store::{Found, Named, TokenRecord};
use shared::{App, Error as Core, resolution};

use crate::error::{self, Error};

/// The name by which a policy opens this door.
const DOOR: &str = "authlete";

/// The endpoint of a module: its operation, its function, its methods, its paths, and when a request is given up.
macro_rules! endpoint {
    ($operation:ident, $function:literal, [$($method:ident),+], [$($path:literal),+]) => {
        $crate::door::endpoint!(
            $operation, $function, [$($method),+], [$($path),+], shared::http::DEADLINE
        );
    };
    ($operation:ident, $function:literal, [$($method:ident),+], [$($path:literal),+], $deadline:path) => {
        /// The endpoint.
        pub static ENDPOINT: shared::http::Endpoint = shared::http::Endpoint {
            function: $function,
            paths: &[$($path),+],
            methods: &[$(shared::http::Method::$method),+],
            deadline: $deadline,
            handler: |app, request| {
                Box::pin(async move {
                    let call = crate::door::Call::new(app, &request, &ENDPOINT);
                    call.answer($operation(&call).await)
                })
            },
            failed: crate::door::failed,
        };
    };
}
pub(crate) use endpoint;

/// The answer if a handler panics or does not end in time.
pub(crate) fn failed(error: &Core) -> Response {
    let (status, code, text) = match error {
        Core::Unavailable(_) => (503, "A001190", "the request took too long; try again"),
        _ => (500, "A001101", "Authlete Server error."),
    };
    error::answer(status, code, text).because(error)
}

/// A request on its way through this door.
pub(crate) struct Call<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    endpoint: &'static Endpoint,
    admission: OnceLock<Admission>,
}

/// Whose token came, and the service it is for.
pub(crate) struct Desk {
    pub(crate) service: Arc<Service>,
    pub(crate) operator: Operator,
}

impl<'a> Call<'a> {
    pub(crate) fn new(app: &'a App, request: &'a Request, endpoint: &'static Endpoint) -> Self {
        Self { app, request, endpoint, admission: OnceLock::new() }
    }

    /// The answer to a request with that outcome; a known token is told what is left of its rate.
    pub(crate) fn answer(&self, outcome: Result<Response, Error>) -> Response {
        let response = outcome.unwrap_or_else(|error| self.refusal(&error));
        let response = response.with("cache-control", "no-store");
        match self.admission.get() {
            None => response,
            Some(admission) => response
                .with("x-ratelimit-limit", admission.limit.to_string())
                .with("x-ratelimit-remaining", admission.remaining.to_string())
                .with("x-ratelimit-reset", admission.reset.to_string()),
        }
    }

    fn refusal(&self, error: &Error) -> Response {
        let response = error.response(&operation(self.endpoint));
        match error {
            Error::Core(Core::MethodNotAllowed) => {
                let names: Vec<&str> = self.endpoint.methods.iter().map(|method| method.as_str()).collect();
                response.with("allow", names.join(", "))
            }
            _ => response,
        }
    }

    /// Whether the method has a meaning here.
    ///
    /// # Errors
    /// [`Core::MethodNotAllowed`].
    pub(crate) fn method(&self) -> Result<Method, Error> {
        let method = self.request.method;
        if self.endpoint.methods.contains(&method) { Ok(method) } else { Err(Core::MethodNotAllowed.into()) }
    }

    /// Who calls, where the operation is not about one service.
    ///
    /// # Errors
    /// [`Core::MissingToken`], [`Core::InvalidToken`], [`Error::TooManyRequests`]; [`Core::Unavailable`],
    /// [`Core::Internal`].
    pub(crate) async fn operator(&self) -> Result<Operator, Error> {
        self.method()?;
        let token = Operator::token(self.request.bearer_token())?;
        self.known(self.app.store.token(&token).await?).await
    }

    /// Who calls for the service of the path, with one of those permissions (any, if there are none).
    ///
    /// # Errors
    /// As [`operator`](Self::operator); [`Error::NoServiceId`], [`Core::InsufficientScope`].
    pub(crate) async fn desk(&self, any_of: &[Permission]) -> Result<Desk, Error> {
        let operator = self.operator().await?;
        let service = self.service().await;
        self.open(operator, service, any_of).await
    }

    /// As [`desk`](Self::desk), and the client that the path names by its number, identifier or alias, for an operation
    /// that may change it.
    ///
    /// # Errors
    /// As [`desk`](Self::desk); [`Core::UnknownClient`].
    pub(crate) async fn client_to_change(&self) -> Result<(Desk, Changeable), Error> {
        let (desk, named, identifier) = self.desk_and_named(&[Permission::ClientWrite]).await?;
        let base_url = self.app.base_url(&desk.service, self.request);
        let found = resolution::changeable(&desk.context(self), &base_url, identifier, named).await?;
        Ok((desk, found))
    }

    /// The same for an operation that shows it.
    ///
    /// # Errors
    /// As [`desk`](Self::desk); [`Core::UnknownClient`].
    pub(crate) async fn client(&self, any_of: &[Permission]) -> Result<(Desk, RegisteredClient), Error> {
        let (desk, named, identifier) = self.desk_and_named(any_of).await?;
        let client = desk.known(self, named, identifier).await?;
        Ok((desk, client))
    }

    /// As [`desk`](Self::desk), what the path names, and the client of that number, identifier or alias.
    ///
    /// # Errors
    /// As [`desk`](Self::desk).
    pub(crate) async fn desk_and_named(&self, any_of: &[Permission]) -> Result<(Desk, Named, &str), Error> {
        let identifier = self.request.path_parameter("clientId").unwrap_or_default();
        let (desk, named) = self.desk_and_client(any_of, identifier).await?;
        self.request.path_identifier("clientId")?;
        Ok((desk, named, identifier))
    }

    /// As [`desk`](Self::desk), and the client of that number, identifier or alias, by one read.
    ///
    /// # Errors
    /// As [`desk`](Self::desk).
    pub(crate) async fn desk_and_client(
        &self,
        any_of: &[Permission],
        identifier: &str,
    ) -> Result<(Desk, Named), Error> {
        self.method()?;
        let token = Operator::token(self.request.bearer_token())?;
        let service = self.service().await;
        let (record, named) = match &service {
            Ok(service) => self.app.store.token_and_client(&token, service, identifier).await?,
            Err(_) => (self.app.store.token(&token).await?, Named::default()),
        };
        let operator = self.known(record).await?;
        Ok((self.open(operator, service, any_of).await?, named))
    }

    /// As [`desk`](Self::desk) for what an authorization server does on behalf of its clients; the client of that number,
    /// identifier or alias, if one is named, and other items, by one read.
    ///
    /// # Errors
    /// As [`desk`](Self::desk).
    pub(crate) async fn desk_and_found(
        &self,
        identifier: Option<&str>,
        others: impl FnOnce(&Service) -> Vec<Key>,
    ) -> Result<(Desk, Found), Error> {
        self.method()?;
        let token = Operator::token(self.request.bearer_token())?;
        let service = self.service().await;
        let mut found = match &service {
            Ok(service) => self.app.store.token_client_and(&token, service, identifier, others(service)).await?,
            Err(_) => Found { token: self.app.store.token(&token).await?, ..Found::default() },
        };
        let operator = self.known(found.token.take()).await?;
        Ok((self.open(operator, service, &[Permission::UseService]).await?, found))
    }

    /// The desk, if the token works for the service, has one of the permissions, and the service opens this door; what the
    /// token's own service refuses its registrants by that is counted.
    async fn open(
        &self,
        operator: Operator,
        service: Result<Arc<Service>, Error>,
        any_of: &[Permission],
    ) -> Result<Desk, Error> {
        let (service, refused) = (service?, Core::InsufficientScope(Vec::new()));
        if !operator.operates(&service) || !(any_of.is_empty() || operator.may(any_of)) {
            return Err(refused.into());
        }
        let desk = Desk { service, operator };
        if is_open(&desk.service) {
            return Ok(desk);
        }
        if let Some(asked) = asked_by_registrants(self.endpoint) {
            let body = crate::body::json(self.request).unwrap_or_default();
            let sent = body.get("json").and_then(Value::as_str).unwrap_or_default();
            let reason = Reason::closed(DOOR, &refused);
            registry::turned_away(&desk.context(self), asked, "doors", reason, sent.as_bytes()).await;
        }
        Err(refused.into())
    }

    /// Who changes something at a service of that policy, for the audit.
    pub(crate) fn origin(&self, policy: &Policy, operator: &Operator) -> Origin {
        Origin::at(self.request, policy, DOOR, operator.token.to_text())
    }

    async fn service(&self) -> Result<Arc<Service>, Error> {
        let named = self.request.path_parameter("serviceId").unwrap_or_default();
        match self.request.service_id() {
            Some(id) => Ok(self.app.service(id).await?),
            // A number that no service can have is as unknown as one that none has.
            None if !named.is_empty() && named.bytes().all(|byte| byte.is_ascii_digit()) => {
                Err(Core::UnknownService.into())
            }
            None => Err(Error::NoServiceId(named.to_owned())),
        }
    }

    /// A token that is known counts against its rate.
    async fn known(&self, record: Option<TokenRecord>) -> Result<Operator, Error> {
        let operator = Operator::new(record)?;
        let admission = self.app.admit_operator(&operator).await;
        let admission = self.admission.get_or_init(|| admission);
        if admission.allowed { Ok(operator) } else { Err(Error::TooManyRequests(*admission)) }
    }
}

impl Desk {
    /// As [`resolution::known`].
    pub(crate) async fn known(
        &self,
        call: &Call<'_>,
        named: Named,
        identifier: &str,
    ) -> Result<RegisteredClient, Error> {
        let base_url = call.app.base_url(&self.service, call.request);
        Ok(resolution::known(&self.context(call), &base_url, identifier, named).await?)
    }

    /// As [`resolution::to_change`].
    pub(crate) async fn to_change(
        &self,
        call: &Call<'_>,
        named: Named,
        identifier: &str,
    ) -> Result<RegisteredClient, Error> {
        let base_url = call.app.base_url(&self.service, call.request);
        Ok(resolution::to_change(&self.context(call), &base_url, identifier, named).await?)
    }

    /// What the core needs to know of the request.
    pub(crate) fn context<'d>(&'d self, call: &'d Call<'_>) -> Context<'d> {
        let base_url = call.app.base_url(&self.service, call.request);
        Context {
            app: call.app,
            service: &self.service,
            origin: call.origin(self.service.policy(), &self.operator),
            fetching_ends: Instant::now() + FETCHING,
            audiences: vec![self.service.issuer(&base_url), self.registration_endpoint(&base_url)],
        }
    }

    /// The same, for an operation that may ask others for as long as a trust chain takes.
    pub(crate) fn resolving_context<'d>(&'d self, call: &'d Call<'_>) -> Context<'d> {
        Context { fetching_ends: Instant::now() + RESOLVING, ..self.context(call) }
    }

    /// Where the authorization server lets clients register, else where this API does.
    pub(crate) fn registration_endpoint(&self, base_url: &str) -> String {
        self.service.published_registration_endpoint(base_url)
    }
}

/// Whether the service opens this door.
pub(crate) fn is_open(service: &Service) -> bool {
    service.policy().opens(DOOR)
}

/// What registrants ask for by an endpoint, if they do: the authorization server passes it on.
fn asked_by_registrants(endpoint: &Endpoint) -> Option<Operation> {
    match endpoint.function {
        "authlete-client-registration" | "authlete-federation-registration" => Some(Operation::Register),
        "authlete-client-registration-get" => Some(Operation::Read),
        "authlete-client-registration-update" => Some(Operation::Update),
        "authlete-client-registration-delete" => Some(Operation::Delete),
        _ => None,
    }
}

/// The operation as Authlete's messages name it: the path without `/api` and identifiers.
fn operation(endpoint: &Endpoint) -> String {
    let path = endpoint.paths.first().copied().unwrap_or_default();
    let fixed = path.split('/').filter(|segment| !segment.is_empty() && *segment != "api" && !segment.starts_with('{'));
    fixed.flat_map(|segment| ["/", segment]).collect()
}
