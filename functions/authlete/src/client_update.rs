//! `POST /api/{serviceId}/client/update/{clientId}`: an operator replaces a client.

use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::{App, administration};

use crate::body;
use crate::client_object::{self, View, client};
use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-client-update",
    &["/api/{serviceId}/client/update/{clientId+}"],
    &[Method::Post],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(update(&call).await)
}

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    let sent = body::json_or_form(call.request, client_object::shape)?;
    let policy = desk.service.policy();
    let draft = |current: &_| client_object::draft(&sent, Some(current), policy);
    let information = administration::replace(&desk.context(call), found, draft).await?;
    Ok(Response::json(200, client(&information, View::Full)))
}
