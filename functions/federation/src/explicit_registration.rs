//! `POST /{serviceId}/federation/register`: the federation registration endpoint (§12.2).

use std::time::Instant;

use shared::federation::discovery::RESOLVING;
use shared::federation::{self, DOOR, Error as Fault, REGISTRATION_RESPONSE};
use shared::http::{Endpoint, Method, RESOLVING_DEADLINE, Request, Response};
use shared::jose::JwtFault;
use shared::origin::Origin;
use shared::registry::{Context, Operation};
use shared::{App, Error as Core, registry};

use crate::door::{self, Error};

const METHODS: &[Method] = &[Method::Post];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "federation-explicit-registration",
    paths: &["/{serviceId}/federation/register"],
    methods: METHODS,
    deadline: RESOLVING_DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

/// Answers 200 with a signed registration response (§12.2.3), or an error of §8.9 or RFC 7591 §3.2.2.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer(&request, METHODS, register(app, &request)).await
}

async fn register(app: &App, request: &Request) -> Result<Response, Error> {
    let service = door::any_service(app, request).await?;
    let base_url = app.base_url(&service, request);
    let context = Context {
        app,
        service: &service,
        origin: Origin::at(request, service.policy(), DOOR, "relying_party"),
        fetching_ends: Instant::now() + RESOLVING,
        audiences: vec![service.issuer(&base_url)],
    };
    if !service.policy().opens(DOOR) {
        let unknown = Core::UnknownService;
        registry::shut_out(&context, DOOR, Operation::Register, &unknown, request).await;
        return Err(unknown.into());
    }
    app.admit_stranger(request, service.id, DOOR).await.map_err(Error::TooManyRequests)?;
    let registered = federation::register(&context, &base_url, submitted(request)).await?;
    let response = Response::of_type(200, &format!("application/{REGISTRATION_RESPONSE}"), registered.response);
    Ok(response.with("cache-control", "no-store"))
}

/// The request by its content type (§12.2.2, step 1).
fn submitted(request: &Request) -> Result<federation::Request<'_>, Fault> {
    let text = || std::str::from_utf8(&request.body).map_err(|_| Fault::Request(JwtFault::Malformed.into()));
    if request.has_content_type("application/entity-statement+jwt") {
        Ok(federation::Request::EntityConfiguration(text()?))
    } else if request.has_content_type("application/trust-chain+json") {
        Ok(federation::Request::TrustChain(text()?))
    } else {
        Err(Fault::ContentType)
    }
}
