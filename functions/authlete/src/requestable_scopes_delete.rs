//! `DELETE /api/{serviceId}/client/extension/requestable_scopes/delete/{clientId}`: an operator lets a client request every scope of the service.

use shared::App;
use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;
use crate::requestable_scopes;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-requestable-scopes-delete",
    &["/api/{serviceId}/client/extension/requestable_scopes/delete/{clientId+}"],
    &[Method::Delete],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(delete(&call).await)
}

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    requestable_scopes::replace(&desk.context(call), found, None).await?;
    Ok(Response::empty(204))
}
