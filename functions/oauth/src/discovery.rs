//! Authorization server metadata: RFC 8414 §3 and OpenID Connect Discovery §4, at all the places where clients
//! look for it.

use serde_json::{Map, Value};
use shared::http::{Endpoint, Method, Request, Response};
use shared::metadata::Scope;
use shared::service::Service;
use shared::{App, Error};

use crate::door::{self, Refusal};

const METHODS: &[Method] = &[Method::Get];

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
    // RFC 8414 §3.3: the issuer is the URL that was asked, so another server's metadata is its own to serve.
    let served_here = issuer == format!("{base_url}/{}", service.id) || issuer == base_url;
    if !served_here {
        return Err(Error::UnknownService.into());
    }
    let metadata = metadata(&service, &base_url, issuer);
    Ok(Response::json(200, metadata).with("cache-control", "public, max-age=60"))
}

fn metadata(service: &Service, base_url: &str, issuer: String) -> Map<String, Value> {
    let policy = service.policy();
    let mut metadata = service.configuration.authorization_server.clone();
    metadata.insert("issuer".to_owned(), issuer.into());
    metadata.insert("registration_endpoint".to_owned(), door::registration_endpoint(base_url, service).into());
    let mut unless_configured = |member: &str, values: Vec<&str>| {
        if !values.is_empty() {
            metadata.entry(member).or_insert_with(|| values.into());
        }
    };
    unless_configured(
        "response_types_supported",
        policy.response_types.offered.iter().map(|response| response.as_str()).collect(),
    );
    unless_configured("grant_types_supported", policy.grant_types.offered.iter().map(|grant| grant.as_str()).collect());
    unless_configured(
        "token_endpoint_auth_methods_supported",
        policy.token_endpoint_auth_methods.offered.iter().map(|method| method.as_str()).collect(),
    );
    unless_configured("scopes_supported", policy.scopes.offered.iter().flat_map(Scope::tokens).collect());
    unless_configured("code_challenge_methods_supported", vec!["S256"]);
    unless_configured("subject_types_supported", vec!["public"]);
    unless_configured("id_token_signing_alg_values_supported", vec!["RS256"]);
    metadata
}
