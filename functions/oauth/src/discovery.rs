//! Authorization server metadata: RFC 8414 §3 and OpenID Connect Discovery §4, at all the places where clients
//! look for it.

use shared::App;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};

use crate::door::{self, Absent, Fault, Refusal};

const METHODS: &[Method] = &[Method::Get, Method::Head];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "discovery",
    paths: &[
        "/.well-known/oauth-authorization-server/{serviceId}",
        "/.well-known/openid-configuration/{serviceId}",
        "/{serviceId}/.well-known/oauth-authorization-server",
        "/{serviceId}/.well-known/openid-configuration",
    ],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

/// Answers 200 with the metadata (RFC 8414 §3.2), or 404 for a service whose issuer is not served here.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer(&request, METHODS, discover(app, &request)).await
}

async fn discover(app: &App, request: &Request) -> Result<Response, Refusal> {
    let service = door::service(app, request).await?;
    let base_url = app.base_url(&service, request);
    let issuer = service.issuer(&base_url);
    if !service.is_issuer_at(&base_url) {
        return Err(Refusal::at(&service)(Fault::Absent(Absent::Elsewhere(issuer))));
    }
    let metadata = service.metadata(&issuer, &service.registration_endpoint(&base_url));
    Ok(Response::json(200, metadata).with("cache-control", "public, max-age=60"))
}
