//! `GET`, `PUT`, `DELETE /{serviceId}/register/{clientId}`: the client configuration endpoint (RFC 7592 §2).

use shared::caller::Owner;
use shared::client::ClientInformation;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::registry::{Context, OWN_TOKEN, Operation};
use shared::service::Service;
use shared::{App, Error, registry};

use crate::door::{self, CHANGES, Fault, Refusal};

const METHODS: &[Method] = &[Method::Get, Method::Put, Method::Delete];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "client-configuration",
    paths: &["/{serviceId}/register/{clientId}"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

/// Answers 200 with client information (RFC 7592 §2.1, §2.2), 204 (§2.3), or an error of RFC 7591 §3.2.2 or
/// RFC 6750 §3; 429 to whoever changes too much.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer(&request, METHODS, manage(app, &request)).await
}

async fn manage(app: &App, request: &Request) -> Result<Response, Refusal> {
    let service = door::any_service(app, request).await?;
    manage_at(app, &service, request).await.map_err(Refusal::at(&service))
}

async fn manage_at(app: &App, service: &Service, request: &Request) -> Result<Response, Fault> {
    let operation = match request.method {
        Method::Put => Operation::Update,
        Method::Delete => Operation::Delete,
        _ => Operation::Read,
    };
    if let Err(absent) = door::opened(service) {
        return Err(door::shut_out(app, service, request, (operation, CHANGES), absent).await);
    }
    // A token is had by registering, and a wrong one costs a deletion as much as a right one.
    if operation != Operation::Read {
        door::admit_stranger(app, service, request, CHANGES).await?;
    }
    let context = door::context(app, service, request, "registrant".to_owned());
    let owner = match door::registration_access_token(request) {
        Ok(token) => Owner::Token(token),
        Err(error) if operation == Operation::Read => return Err(unread(&context, request, error).await),
        Err(error) => {
            registry::turned_away(&context, operation, OWN_TOKEN, &error, &request.body).await;
            return Err(error.into());
        }
    };
    let client_id = request.path_parameter("clientId").ok_or(Error::InvalidToken)?;
    let information = match operation {
        Operation::Update => update(&context, request, client_id, &owner).await?,
        Operation::Delete => {
            registry::delete(&context, client_id, &owner).await?;
            return Ok(door::not_stored(Response::empty(204)));
        }
        Operation::Read | Operation::Register => match read(&context, client_id, &owner).await {
            Ok(information) => information,
            Err(error) => return Err(unread(&context, request, error).await),
        },
    };
    Ok(answered(app, &context, request, information))
}

async fn read(context: &Context<'_>, client_id: &str, owner: &Owner) -> Result<ClientInformation, Error> {
    registry::read(context, registry::find_own(context, client_id).await?, client_id, owner).await
}

/// Counts who may not read. Reading is not limited: it is counted as far as strangers may change clients.
async fn unread(context: &Context<'_>, request: &Request, error: Error) -> Fault {
    registry::turned_away_within(context, CHANGES, Operation::Read, (OWN_TOKEN, &error), request).await;
    error.into()
}

async fn update(
    context: &Context<'_>,
    request: &Request,
    client_id: &str,
    owner: &Owner,
) -> Result<ClientInformation, Error> {
    let found = registry::find_own(context, client_id).await?;
    match door::submitted(request) {
        Ok(submitted) => Box::pin(registry::update(context, found, client_id, owner, &submitted)).await,
        Err(fault) => Err(registry::unreadable(context, found, client_id, owner, (fault, &request.body)).await),
    }
}

fn answered(app: &App, context: &Context<'_>, request: &Request, mut information: ClientInformation) -> Response {
    let uri = door::registration_client_uri(app, context.service, request, &information.client.client_id);
    information.registration_client_uri = Some(uri);
    door::not_stored(Response::json(200, information.to_members()))
}
