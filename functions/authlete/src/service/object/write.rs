//! From a service to a `Service`: no `null`, no private key.

use std::collections::HashSet;

use serde_json::{Map, Value, json};
use shared::jose::public_keys;
use shared::metadata::{Scope, parse_object};
use shared::policy::{METADATA_DOCUMENT, Policy, Trust};
use shared::service::{FederationSettings, Service, TrustAnchorSettings};

use super::fields::{KEPT, METADATA, SEALED};
use crate::constants::{self, CLIENT_AUTH_METHOD, Constants, GRANT_TYPE, RESPONSE_TYPE};
use crate::number;
use crate::shape::Shape;

/// How much of a service a token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Everything.
    Full,
    /// Everything but the secrets that are no keys.
    WithoutSecrets,
    /// What a list of names needs.
    Limited,
}

/// The members of the limited view.
const LIMITED: [&str; 5] = ["apiKey", "clientIdAliasEnabled", "description", "number", "serviceName"];

/// The `Service`; `secrets` is what it keeps sealed, `clients` how many it has.
pub(crate) fn service(
    service: &Service,
    issuer: &str,
    secrets: &Map<String, Value>,
    clients: Option<u64>,
    view: View,
) -> Map<String, Value> {
    let mut members = kept(service);
    metadata(service, &mut members);
    policy(service, &mut members);
    federation(&service.configuration.federation, &mut members);
    sealed(secrets, view, &mut members);
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("apiKey", service.id.into());
    put("number", number::of(service.id).into());
    put("issuer", issuer.into());
    put("clientIdAliasEnabled", true.into());
    put("createdAt", service.created_millis.into());
    put("modifiedAt", service.modified_millis.into());
    if let Some(name) = &service.configuration.name {
        put("serviceName", name.as_str().into());
    }
    if let Some(clients) = clients {
        put("metadata", json!([{"key": "clientCount", "value": clients.to_string()}]));
    }
    if view == View::Limited {
        members.retain(|name, _| LIMITED.contains(&name.as_str()));
    }
    members
}

fn kept(service: &Service) -> Map<String, Value> {
    let others = &service.configuration.others;
    let value = |(name, shape): &(&str, Shape)| Some(((*name).to_owned(), or_default(*shape, others.get(*name))?));
    KEPT.iter().filter_map(value).collect()
}

/// Booleans and integers are always answered.
fn or_default(shape: Shape, value: Option<&Value>) -> Option<Value> {
    match (value, shape) {
        (Some(value), _) => Some(value.clone()),
        (None, Shape::Flag) => Some(false.into()),
        (None, Shape::Integer | Shape::Int32) => Some(0.into()),
        (None, _) => None,
    }
}

fn metadata(service: &Service, members: &mut Map<String, Value>) {
    for (field, name, shape) in METADATA {
        let value = or_default(*shape, service.configuration.authorization_server.get(*name));
        let value = match (shape, value) {
            (Shape::Constants(known), Some(Value::Array(values))) => {
                let texts = values.iter().filter_map(Value::as_str);
                Some(constants_of(known, texts)).filter(|constants| !constants.is_empty()).map(Value::from)
            }
            (_, value) => value,
        };
        members.extend(value.map(|value| ((*field).to_owned(), value)));
    }
}

fn federation(settings: &FederationSettings, members: &mut Map<String, Value>) {
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("federationEnabled", settings.enabled.into());
    put("federationConfigurationDuration", settings.configuration_lifetime.unwrap_or_default().into());
    if let Some(kid) = &settings.signature_key_id {
        put("federationSignatureKeyId", kid.as_str().into());
    }
    if !settings.authority_hints.is_empty() {
        put("authorityHints", settings.authority_hints.as_slice().into());
    }
    if !settings.trust_anchors.is_empty() {
        let anchors = settings.trust_anchors.iter();
        let anchor = |anchor: &TrustAnchorSettings| json!({"entityId": anchor.entity_id, "jwks": anchor.jwks});
        put("trustAnchors", anchors.map(anchor).collect());
    }
}

fn constants_of<'v>(known: Constants, values: impl Iterator<Item = &'v str>) -> Vec<&'static str> {
    values.filter_map(|value| constants::constant(known, value)).collect()
}

fn policy(service: &Service, members: &mut Map<String, Value>) {
    let policy = &service.configuration.policy;
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("dynamicRegistrationSupported", policy.dynamic_registration.into());
    put("dcrScopeUsedAsRequestable", policy.scope_is_requestable.into());
    put("dcrDuplicateSoftwareIdBlocked", policy.software_id_once.into());
    put("errorDescriptionOmitted", (!policy.errors.description).into());
    put("errorUriOmitted", (!policy.errors.uri).into());
    put("clientsPerDeveloper", policy.clients_per_developer.unwrap_or_default().into());
    let grants = policy.grant_types.offered.iter().map(|grant| grant.as_str());
    put("supportedGrantTypes", constants_of(GRANT_TYPE, grants).into());
    let responses = policy.response_types.offered.iter().map(|response| response.as_str());
    put("supportedResponseTypes", constants_of(RESPONSE_TYPE, responses).into());
    let methods = policy.token_endpoint_auth_methods.offered.iter().map(|method| method.as_str());
    put("supportedTokenAuthMethods", constants_of(CLIENT_AUTH_METHOD, methods).into());
    if !policy.custom_members.is_empty() {
        put("supportedCustomClientMetadata", policy.custom_members.as_slice().into());
    }
    let documents = &policy.metadata_documents;
    put("clientIdMetadataDocumentSupported", policy.opens(METADATA_DOCUMENT).into());
    put("cimdAlwaysRetrieved", documents.always_retrieved.into());
    put("cimdQueryPermitted", documents.query_permitted.into());
    put("cimdAllowlistEnabled", (documents.others == Trust::Block).into());
    let allowed = documents.trust.iter().filter(|rule| rule.trust == Trust::Allow);
    let allowed: Vec<&str> = allowed.map(|rule| rule.pattern.as_str()).collect();
    if !allowed.is_empty() {
        put("cimdAllowlist", allowed.into());
    }
    put("cimdMetadataPolicyEnabled", (!documents.metadata_policy.is_empty()).into());
    if !documents.metadata_policy.is_empty() {
        put("cimdMetadataPolicy", Value::Object(documents.metadata_policy.clone()).to_string().into());
    }
    if let Some(scopes) = supported_scopes(policy, service.configuration.others.get("supportedScopes")) {
        put("supportedScopes", scopes);
    }
}

/// The scopes as they were written here, if the policy still offers just these; else what it offers.
fn supported_scopes(policy: &Policy, written: Option<&Value>) -> Option<Value> {
    let offered: Vec<&str> = policy.scopes.offered.as_ref()?.tokens().collect();
    let names = written.and_then(Value::as_array).into_iter().flatten();
    let names: Vec<&str> = names.filter_map(|scope| scope.get("name")?.as_str()).collect();
    let set: HashSet<&str> = offered.iter().copied().collect();
    if names.len() == offered.len() && names.iter().all(|name| set.contains(name)) {
        return written.cloned();
    }
    let default: HashSet<&str> = policy.scopes.default.iter().flat_map(Scope::tokens).collect();
    let is_default = |name: &str| default.contains(name);
    Some(offered.iter().map(|name| json!({"name": name, "defaultEntry": is_default(name)})).collect())
}

fn sealed(secrets: &Map<String, Value>, view: View, members: &mut Map<String, Value>) {
    for (name, shape) in SEALED {
        let Some(value) = secrets.get(*name) else { continue };
        let value = match (shape, value.as_str().map(|text| parse_object(text.as_bytes()))) {
            (Shape::Json, Some(Ok(set))) => Value::Object(public_keys(&set)).to_string().into(),
            _ if view == View::Full => value.clone(),
            _ => continue,
        };
        members.insert((*name).to_owned(), value);
    }
}
