//! `POST /api/{serviceId}/client/lock_flag/update/{clientIdentifier}`: an operator locks a client or unlocks it.

use serde_json::Value;
use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::metadata::Invalid;
use shared::{App, administration};

use crate::body;
use crate::door::{self, Call};
use crate::error::{Error, result};
use crate::shape::Shape;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-client-lock-flag",
    &["/api/{serviceId}/client/lock_flag/update/{clientId+}"],
    &[Method::Post],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(update(&call).await)
}

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    let body = body::json_or_form(call.request, |_| Shape::Flag)?;
    let locked = body.get("clientLocked").and_then(Value::as_bool);
    let locked = locked.ok_or_else(|| Error::Body(Invalid::wrong_type("clientLocked", "a boolean")))?;
    let numeric_id = found.numeric_id;
    administration::lock(&desk.context(call), found, locked).await?;
    let (code, verb) = if locked { ("A001090", "locked") } else { ("A001091", "unlocked") };
    Ok(Response::json(200, result(code, &format!("The client (ID = {numeric_id}) is {verb}."))))
}
