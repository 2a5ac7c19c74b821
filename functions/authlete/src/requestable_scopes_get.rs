//! `GET /api/{serviceId}/client/extension/requestable_scopes/get/{clientId}`: the scopes that a client may request.

use shared::App;
use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;
use crate::requestable_scopes;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-requestable-scopes-get",
    &["/api/{serviceId}/client/extension/requestable_scopes/get/{clientId+}"],
    &[Method::Get],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(get(&call).await)
}

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let (_, found) = call.client(&[Permission::ClientRead, Permission::ClientWrite, Permission::UseService]).await?;
    Ok(requestable_scopes::answer(&found))
}
