//! `GET`, `PUT`, `DELETE /stet/setting/v1/register/{clientId}`: an institution manages its registration.

use shared::caller::Owner;
use shared::client::{RegisteredClient, Source};
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::{App, Error as Core, registry};

use crate::document;
use crate::door::{self, Visit};
use crate::error::Error;
use crate::keys;

const METHODS: &[Method] = &[Method::Get, Method::Put, Method::Delete];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "stet-client",
    paths: &["/stet/setting/v1/register/{clientId}"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

async fn handle(app: &App, request: Request) -> Response {
    door::answer(app, &request, METHODS, manage(app, &request)).await
}

/// Answers 200 with the registration record, or 204 for a deletion.
async fn manage(app: &App, request: &Request) -> Result<Response, Error> {
    let visit = Visit::begin(app, request, METHODS).await?;
    visit.authorize().await?;
    if request.path_parameter("clientId") != Some(visit.organization()) {
        return Err(Error::OtherClient);
    }
    match request.method {
        Method::Put => update(&visit).await,
        Method::Delete => delete(&visit).await,
        _ => read(&visit).await,
    }
}

async fn read(visit: &Visit<'_>) -> Result<Response, Error> {
    let found = Some(signed_by_client(visit).await?);
    let information = registry::read(&visit.context(), found, visit.organization(), &OWNER).await?;
    Ok(Response::json(200, document::record(visit, &information)?))
}

/// The body's certificate is checked as that of a registration; the signature is the key's that `keyId` leads to.
async fn update(visit: &Visit<'_>) -> Result<Response, Error> {
    visit.check_digest()?;
    let members = document::read(visit.request)?;
    let signer = keys::first(&members)?;
    document::check_institution(visit, &members, &signer).await?;
    let found = Some(signed_by_client(visit).await?);
    let submitted = document::submitted(visit, members, &signer)?;
    let information = registry::update(&visit.context(), found, visit.organization(), &OWNER, &submitted).await?;
    Ok(Response::json(200, document::record(visit, &information)?))
}

async fn delete(visit: &Visit<'_>) -> Result<Response, Error> {
    signed_by_client(visit).await?;
    registry::delete(&visit.context(), visit.organization(), &OWNER).await?;
    Ok(Response::empty(204))
}

static OWNER: Owner = Owner::Identity(Source::Stet);

/// The institution's client, if it signed the request.
async fn signed_by_client(visit: &Visit<'_>) -> Result<RegisteredClient, Error> {
    let parameters = visit.signature()?;
    let client = registry::find(&visit.context(), visit.organization())
        .await?
        .filter(|client| client.source == Source::Stet && client.client_id == visit.organization());
    let client = client.ok_or(Core::UnknownClient)?;
    let signer = keys::find(visit, &client, parameters.key_id()).await?;
    visit.check_seal(&signer).await?;
    visit.check_signature(&parameters, &signer.certificate).await?;
    Ok(client)
}
