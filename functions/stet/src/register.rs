//! `POST /stet/setting/v1/register`: an institution registers.

use shared::caller::Registrant;
use shared::client::Source;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::metadata::Submitted;
use shared::registry::Operation;
use shared::{App, registry};

use crate::error::Error;
use crate::keys::{self, Seals};
use crate::settings::Repeated;
use crate::visit::Visit;
use crate::{document, door};

const METHODS: &[Method] = &[Method::Post];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "stet-register",
    paths: &["/stet/setting/v1/register"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

async fn handle(app: &App, request: Request) -> Response {
    door::receive(app, &request, METHODS, Operation::Register, |visit| Box::pin(register(visit))).await
}

/// Answers 201 with the registration record.
async fn register(visit: &Visit<'_>) -> Result<Response, Error> {
    let context = visit.context();
    let (registrant, submitted) = door::counted(visit, Operation::Register, prepared(visit)).await?;
    let information = registry::register(&context, Source::Stet, &registrant, &submitted).await?;
    Ok(Response::json(201, document::record(visit, &information)))
}

/// Who registers, and what: all that this door asks before the core does.
async fn prepared(visit: &Visit<'_>) -> Result<(Registrant, Submitted), Error> {
    door::authorize(visit).await?;
    visit.check_digest()?;
    let members = document::read(visit.request)?;
    let seals = Seals::read(&members)?;
    document::check_institution(visit, &members, &seals).await?;
    let parameters = visit.signature()?;
    let kept = keys::in_body(parameters.key_id(), &members).ok_or(Error::KeyIdNotInBody)?;
    let verified = visit.verified(&parameters, &seals.first.certificate)?;
    visit.check_first(&parameters, &verified).await?;
    let mut submitted = document::submitted(visit, members, &seals)?;
    submitted.kept = kept;
    let registrant = Registrant::Identified {
        client_id: visit.client_id().to_owned(),
        replaces: if replaces(visit).await? { &[Source::Stet] } else { &[] },
        trust_chain: None,
    };
    Ok((registrant, submitted))
}

/// Whether a registration may replace the institution's earlier one: where the service says so, or if the seals of the
/// earlier one have all ended, since nobody can sign an update of it with them.
async fn replaces(visit: &Visit<'_>) -> Result<bool, Error> {
    match visit.settings.repeated_registration {
        Repeated::Replace => Ok(true),
        Repeated::Refuse => match visit.client().await? {
            Some(client) => Ok(keys::have_ended(visit, &client).await),
            None => Ok(false),
        },
    }
}
