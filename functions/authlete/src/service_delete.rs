//! `DELETE /api/{serviceId}/service/delete`: an organization ends a service with all its clients.

use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};
use shared::{App, Error as Core};

use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-service-delete",
    &["/api/{serviceId}/service/delete"],
    &[Method::Delete],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(delete(&call).await)
}

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceWrite]).await?;
    if desk.operator.organization().is_none() {
        return Err(Core::InsufficientScope.into());
    }
    call.app.store.delete_service(desk.service.id, &call.origin(&desk.operator)).await?;
    Ok(Response::empty(204))
}
