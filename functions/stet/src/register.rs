//! `POST /stet/setting/v1/register`: an institution registers.

use serde_json::{Map, Value};
use shared::caller::Registrant;
use shared::client::Source;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::{App, registry};

use crate::door::{self, Visit};
use crate::error::Error;
use crate::keys::{self, KEPT_KEY_ID};
use crate::settings::Repeated;
use crate::{document, signature::SignatureParameters};

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
    door::answer(app, &request, METHODS, register(app, &request)).await
}

/// Answers 201 with the registration record.
async fn register(app: &App, request: &Request) -> Result<Response, Error> {
    let visit = Visit::begin(app, request, METHODS).await?;
    visit.authorize().await?;
    visit.check_digest()?;
    let members = document::read(request)?;
    let signer = keys::first(&members)?;
    document::check_institution(&visit, &members, &signer).await?;
    let parameters = visit.signature()?;
    let kept = key_id(&parameters, &members)?;
    visit.check_signature(&parameters, &signer.certificate).await?;
    let submitted = document::submitted(&visit, members, &signer)?;
    let registrant = Registrant::Identified {
        client_id: visit.organization().to_owned(),
        replaces: match visit.settings.repeated_registration {
            Repeated::Replace => &[Source::Stet],
            Repeated::Refuse => &[],
        },
        trust_chain: None,
    };
    let context = visit.context();
    let information = registry::register(&context, Source::Stet, &registrant, submitted.metadata, kept).await?;
    Ok(Response::json(201, document::record(&visit, &information)?))
}

/// The `keyId` of a first registration is a URL, which is never fetched, or names the first key of the body. The URL
/// is kept: it names that key later.
fn key_id(parameters: &SignatureParameters, members: &Map<String, Value>) -> Result<Map<String, Value>, Error> {
    let key_id = parameters.key_id();
    if keys::url(key_id).is_some() {
        return Ok([(KEPT_KEY_ID.to_owned(), key_id.into())].into_iter().collect());
    }
    let kid = keys::keys(members).first().and_then(|key| key.get("kid")).and_then(Value::as_str);
    if kid == Some(key_id) { Ok(Map::new()) } else { Err(Error::KeyIdNotInBody) }
}
