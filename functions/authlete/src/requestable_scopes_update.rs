//! `POST or PUT /api/{serviceId}/client/extension/requestable_scopes/update/{clientId}`: an operator says which scopes a client may request.

use shared::App;
use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};

use crate::body;
use crate::client_object::scopes;
use crate::door::{self, Call};
use crate::error::Error;
use crate::requestable_scopes;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-requestable-scopes-update",
    &["/api/{serviceId}/client/extension/requestable_scopes/update/{clientId+}"],
    &[Method::Post, Method::Put],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(update(&call).await)
}

/// Scopes that the service does not have are dropped; `null` removes the restriction.
async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    let body = body::json(call.request)?;
    let scopes = scopes(&body, desk.service.policy()).map_err(Error::Body)?;
    let client = requestable_scopes::replace(&desk.context(call), found, scopes.as_deref()).await?;
    Ok(requestable_scopes::answer(&client))
}
