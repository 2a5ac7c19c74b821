//! `GET /api/{serviceId}/service/configuration`: the metadata that the authorization server publishes (OpenID Connect Discovery §4).

use shared::caller::Permission;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::pretty;

endpoint!(configuration, "authlete-service-configuration", [Get, Post], ["/api/{serviceId}/service/configuration"]);

async fn configuration(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceRead, Permission::UseService]).await?;
    let service = &desk.service;
    let base_url = call.app.base_url(service, call.request);
    let metadata = service.metadata(&service.issuer(&base_url), &desk.registration_endpoint(&base_url));
    Ok(pretty::json(call.request, metadata)?)
}
