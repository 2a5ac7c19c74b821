//! `GET`, `PUT`, `DELETE /stet/setting/v1/register/{clientId}`: an institution manages its registration.

use serde_json::{Map, Value};
use shared::caller::Owner;
use shared::client::{RegisteredClient, Source};
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::metadata::Submitted;
use shared::registry::Operation;
use shared::{App, Error as Core, registry};

use crate::error::Error;
use crate::keys::{self, Renewal, Seals};
use crate::visit::Visit;
use crate::{document, door};

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
    door::receive(app, &request, METHODS, operation(&request), |visit| Box::pin(manage(visit))).await
}

fn operation(request: &Request) -> Operation {
    match request.method {
        Method::Put => Operation::Update,
        Method::Delete => Operation::Delete,
        _ => Operation::Read,
    }
}

/// Answers 200 with the registration record, or 204 for a deletion.
async fn manage(visit: &Visit<'_>) -> Result<Response, Error> {
    match operation(visit.request) {
        Operation::Update => update(visit).await,
        Operation::Delete => delete(visit).await,
        Operation::Read | Operation::Register => read(visit).await,
    }
}

/// Checks what every operation asks for, and that the client is the institution's.
async fn authorize(visit: &Visit<'_>) -> Result<(), Error> {
    door::authorize(visit).await?;
    if visit.request.path_parameter("clientId") == Some(visit.client_id()) { Ok(()) } else { Err(Error::OtherClient) }
}

async fn read(visit: &Visit<'_>) -> Result<Response, Error> {
    let information = door::counted(visit, Operation::Read, async {
        authorize(visit).await?;
        let (client, _) = signed_by_client(visit, None).await?;
        Ok(registry::read(&visit.context(), Some(client), visit.client_id(), &OWNER).await?)
    });
    Ok(Response::json(200, document::record(visit, &information.await?)))
}

async fn update(visit: &Visit<'_>) -> Result<Response, Error> {
    let (client, submitted) = door::counted(visit, Operation::Update, prepared(visit)).await?;
    let information = registry::update(&visit.context(), Some(client), visit.client_id(), &OWNER, &submitted).await?;
    Ok(Response::json(200, document::record(visit, &information)))
}

/// Which client, and what it is to be. The body's certificates are checked as those of a registration. The first may sign
/// the update as well as a stored one: so a seal is renewed, be the old one good still or not.
async fn prepared(visit: &Visit<'_>) -> Result<(RegisteredClient, Submitted), Error> {
    authorize(visit).await?;
    visit.check_digest()?;
    let members = document::read(visit.request)?;
    let seals = Seals::read(&members)?;
    document::check_institution(visit, &members, &seals).await?;
    let kept = keys::in_body(visit.signature()?.key_id(), &members);
    let renewal = kept.map(|kept| Renewal { signer: &seals.first, kept });
    let (client, kept) = signed_by_client(visit, renewal).await?;
    let mut submitted = document::submitted(visit, members, &seals)?;
    submitted.kept = kept;
    Ok((client, submitted))
}

async fn delete(visit: &Visit<'_>) -> Result<Response, Error> {
    let signed = async {
        authorize(visit).await?;
        signed_by_client(visit, None).await
    };
    door::counted(visit, Operation::Delete, signed).await?;
    registry::delete(&visit.context(), visit.client_id(), &OWNER).await?;
    Ok(Response::empty(204))
}

static OWNER: Owner = Owner::Identity(Source::Stet);

/// The institution's client, if the institution has signed the request, and what is to be kept of the signature.
async fn signed_by_client(
    visit: &Visit<'_>,
    renewal: Option<Renewal<'_>>,
) -> Result<(RegisteredClient, Map<String, Value>), Error> {
    visit.signature()?;
    let client = visit.client().await?.ok_or(Core::UnknownClient)?;
    let kept = keys::check_signature(visit, &client, renewal).await?;
    Ok((client, kept))
}
