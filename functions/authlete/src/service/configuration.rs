//! `GET /api/{serviceId}/service/configuration`: the metadata that the authorization server publishes (OpenID Connect Discovery §4).

use authorization::rules::Rules;
use serde_json::{Map, Value};
use shared::caller::Permission;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::pretty;
use crate::runtime::rules::{self, GRANTS, RESPONSES};

/// The response modes that are built.
const MODES: [&str; 3] = ["query", "fragment", "form_post"];

/// The methods of client authentication that are built.
const METHODS: [&str; 7] = [
    "none",
    "client_secret_basic",
    "client_secret_post",
    "client_secret_jwt",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
];

/// The algorithms by which ID Tokens and userinfo can be signed.
const SIGNED: [&str; 13] = [
    "none", "HS256", "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "EdDSA",
];

/// What announces something that is not built.
const UNBUILT: [&str; 12] = [
    "authorization_details_types_supported",
    "authorization_encryption_alg_values_supported",
    "authorization_encryption_enc_values_supported",
    "authorization_signing_alg_values_supported",
    "backchannel_authentication_endpoint",
    "device_authorization_endpoint",
    "dpop_signing_alg_values_supported",
    "grant_management_endpoint",
    "id_token_encryption_alg_values_supported",
    "id_token_encryption_enc_values_supported",
    "tls_client_certificate_bound_access_tokens",
    "userinfo_encryption_alg_values_supported",
];

endpoint!(configuration, "authlete-service-configuration", [Get, Post], ["/api/{serviceId}/service/configuration"]);

async fn configuration(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceRead, Permission::UseService]).await?;
    let service = &desk.service;
    let base_url = call.app.base_url(service, call.request);
    let mut metadata = service.metadata(&service.issuer(&base_url), &desk.registration_endpoint(&base_url));
    claim_what_is_built(&mut metadata, &rules::of(service, String::new()));
    Ok(pretty::json(call.request, metadata)?)
}

/// What is asked of the runtime and not built is not announced; what is built is.
fn claim_what_is_built(metadata: &mut Map<String, Value>, rules: &Rules<'_>) {
    let grants: Vec<&str> = GRANTS.iter().map(|grant| grant.as_str()).collect();
    let responses: Vec<&str> = RESPONSES.iter().map(|response| response.as_str()).collect();
    for (list, built) in [
        ("grant_types_supported", grants.as_slice()),
        ("response_types_supported", responses.as_slice()),
        ("response_modes_supported", &MODES),
        ("token_endpoint_auth_methods_supported", &METHODS),
        ("code_challenge_methods_supported", &["S256", "plain"]),
        ("id_token_signing_alg_values_supported", &SIGNED),
        ("userinfo_signing_alg_values_supported", &SIGNED),
    ] {
        if let Some(Value::Array(values)) = metadata.get_mut(list) {
            values.retain(|value| value.as_str().is_some_and(|value| built.contains(&value)));
        }
    }
    metadata.retain(|name, value| {
        let is_empty = value.as_array().is_some_and(Vec::is_empty);
        !is_empty && !UNBUILT.contains(&name.as_str())
    });
    metadata.entry("response_modes_supported").or_insert_with(|| MODES.to_vec().into());
    let mut put = |name: &str, value: bool| metadata.insert(name.to_owned(), value.into());
    put("authorization_response_iss_parameter_supported", !rules.iss_suppressed);
    put("claims_parameter_supported", true);
    put("request_parameter_supported", false);
    put("request_uri_parameter_supported", false);
}
