//! `GET /api/{serviceId}/client/secret/refresh/{clientIdentifier}`: an operator gives a client a new random secret.

use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::{App, administration};

use crate::client_secret;
use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-client-secret-refresh",
    &["/api/{serviceId}/client/secret/refresh/{clientId+}"],
    &[Method::Get],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(refresh(&call).await)
}

async fn refresh(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    let numeric_id = found.numeric_id;
    let replaced = administration::replace_secret(&desk.context(call), found, None).await?;
    Ok(client_secret::answer("A148001", "refreshed", numeric_id, &replaced))
}
