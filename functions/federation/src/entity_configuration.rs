//! `GET /{serviceId}/.well-known/openid-federation`: what the service says of itself as an entity (§9).

use shared::App;
use shared::Error as Core;
use shared::federation::Provider;
use shared::federation::statement::ENTITY_STATEMENT;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};

use crate::door::{self, Error};

const METHODS: &[Method] = &[Method::Get, Method::Head];

/// Readers may keep a configuration for this part of its life: keys and metadata change.
const KEPT_SECONDS: u64 = 300;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "federation-entity-configuration",
    paths: &["/.well-known/openid-federation/{serviceId}", "/{serviceId}/.well-known/openid-federation"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

/// Answers 200 with the entity configuration, a JWT; 404 for a service whose issuer is not served here, or that takes
/// part in no federation.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer(&request, METHODS, publish(app, &request)).await
}

async fn publish(app: &App, request: &Request) -> Result<Response, Error> {
    let service = door::service(app, request).await?;
    let base_url = app.base_url(&service, request);
    if !service.is_issuer_at(&base_url) {
        return Err(Core::UnknownService.into());
    }
    let provider = Provider::of(app, &service, &base_url).await?;
    let (jwt, lifetime) = provider.entity_configuration(app.clock.now())?;
    let response = Response::of_type(200, &format!("application/{ENTITY_STATEMENT}"), jwt);
    Ok(response.with("cache-control", format!("public, max-age={}", lifetime.min(KEPT_SECONDS))))
}
