//! `POST /{serviceId}/register`: the client registration endpoint (RFC 7591 §3).

use shared::caller::{self, Registrant};
use shared::client::Source;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::limits::Guest;
use shared::metadata::{Invalid, Submitted};
use shared::registry::Operation;
use shared::service::Service;
use shared::{App, Error, registry};

use crate::door::{self, Fault, REFUSALS, REGISTRATIONS, Refusal};

const METHODS: &[Method] = &[Method::Post];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "register",
    paths: &["/{serviceId}/register"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

/// Answers 201 with client information (RFC 7591 §3.2.1), or an error of RFC 7591 §3.2.2 or RFC 6750 §3; 429 for
/// strangers who ask too often.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer(&request, METHODS, register(app, &request)).await
}

async fn register(app: &App, request: &Request) -> Result<Response, Refusal> {
    let service = door::any_service(app, request).await?;
    register_at(app, &service, request).await.map_err(Refusal::at(&service))
}

async fn register_at(app: &App, service: &Service, request: &Request) -> Result<Response, Fault> {
    if let Err(absent) = door::opened(service) {
        return Err(door::shut_out(app, service, request, (Operation::Register, REGISTRATIONS), absent).await);
    }
    let mut read = None;
    let guest = || {
        let submitted = read.insert(door::submitted(request));
        submitted.as_ref().map_or(Guest::Unknown, |submitted| service.policy().guest(&submitted.metadata))
    };
    let registrant = match registrant(app, service, request, guest).await {
        Err(Fault::Core(error)) => return Err(turned_away(app, service, request, "registration", error).await),
        found => found?,
    };
    // With a token that is good one registers as often as it is good for, and is refused as often as a stranger registers:
    // by that token, so that it keeps no other one's holder waiting.
    let Registrant::InitialAccess { token, .. } = &registrant else {
        return register_as(app, service, request, &registrant, read).await;
    };
    let refusals = format!("{REFUSALS}#{}", token.to_text());
    app.pass_stranger(request, service.id, &refusals).map_err(Fault::TooManyRequests)?;
    let registered = register_as(app, service, request, &registrant, read).await;
    if let Err(Fault::Core(error)) = &registered
        && error.status() < 500
    {
        door::admit_stranger(app, service, request, &refusals).await?;
    }
    registered
}

async fn register_as(
    app: &App,
    service: &Service,
    request: &Request,
    registrant: &Registrant,
    read: Option<Result<Submitted, Invalid>>,
) -> Result<Response, Fault> {
    let submitted = match read.unwrap_or_else(|| door::submitted(request)) {
        Err(fault) => return Err(turned_away(app, service, request, "as sent", fault.into()).await),
        Ok(submitted) => submitted,
    };
    let context = door::context(app, service, request, actor(registrant));
    let registered = Box::pin(registry::register(&context, Source::Oauth, registrant, &submitted));
    let mut information = registered.await?;
    let uri = door::registration_client_uri(app, service, request, &information.client.client_id);
    information.registration_client_uri = Some(uri);
    Ok(door::not_stored(Response::json(201, information.to_members())))
}

/// Counts who is refused before anything is registered.
async fn turned_away(app: &App, service: &Service, request: &Request, rule: &'static str, error: Error) -> Fault {
    let context = door::context(app, service, request, String::new());
    registry::turned_away(&context, Operation::Register, rule, &error, &request.body).await;
    error.into()
}

/// Who registers. Whoever shows no initial access token that is good is a stranger, and is counted before anything else
/// is done; what it sends is read before only where the service knows some by it.
async fn registrant(
    app: &App,
    service: &Service,
    request: &Request,
    guest: impl FnOnce() -> Guest,
) -> Result<Registrant, Fault> {
    let registrant = caller::registrant(app, service, request.bearer_token()).await;
    if matches!(
        registrant,
        Ok(Registrant::Anonymous) | Err(Error::MissingToken | Error::InvalidToken | Error::SpentToken(_))
    ) {
        let knows_some = !service.policy().redirect_uris.known_hosts.is_empty();
        let guest = if knows_some { guest() } else { Guest::Unknown };
        app.admit_guest(request, service.id, REGISTRATIONS, guest).await.map_err(Fault::TooManyRequests)?;
    }
    Ok(registrant?)
}

fn actor(registrant: &Registrant) -> String {
    match registrant {
        Registrant::Anonymous => "anonymous".to_owned(),
        Registrant::Identified { client_id, .. } => client_id.clone(),
        Registrant::InitialAccess { token, .. } => token.to_text(),
    }
}
