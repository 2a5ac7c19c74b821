//! `DELETE /api/{serviceId}/client/delete/{clientId}`: an operator deletes a client.

use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::{App, administration};

use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-client-delete",
    &["/api/{serviceId}/client/delete/{clientId+}"],
    &[Method::Delete],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(delete(&call).await)
}

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    administration::delete(&desk.context(call), &found).await?;
    Ok(Response::empty(204))
}
