//! `GET /api/{serviceId}/service/configuration`: the metadata that the authorization server publishes (OpenID Connect Discovery §4).

use shared::App;
use shared::caller::Permission;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;
use crate::pretty;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-service-configuration",
    &["/api/{serviceId}/service/configuration"],
    &[Method::Get, Method::Post],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(configuration(&call).await)
}

async fn configuration(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceRead, Permission::UseService]).await?;
    let service = &desk.service;
    let base_url = call.app.base_url(service, call.request);
    let metadata = service.metadata(&service.issuer(&base_url), &desk.registration_endpoint(&base_url));
    Ok(pretty::json(call.request, metadata)?)
}
