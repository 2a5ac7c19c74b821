//! What is shown of clients, services and authorizations in the runtime's answers.

use authorization::Authorization;
use authorization::authorization::{CalledBy, Property};
use serde_json::{Map, Value, json};
use shared::administration;
use shared::client::RegisteredClient;
use shared::service::Service;

use super::{details, rules};
use crate::client::object::{View, client};

/// The members of a client that a login page needs.
const OF_CLIENT: [&str; 19] = [
    "applicationType",
    "attributes",
    "clientId",
    "clientIdAlias",
    "clientIdAliasEnabled",
    "clientName",
    "clientNames",
    "clientType",
    "clientUri",
    "clientUris",
    "description",
    "descriptions",
    "logoUri",
    "logoUris",
    "number",
    "policyUri",
    "policyUris",
    "tosUri",
    "tosUris",
];

/// What a login page shows of a client.
pub(crate) fn limited_client(shown: &RegisteredClient) -> Map<String, Value> {
    let mut members = client(&administration::closed(shown.clone()), View::WithoutSecret);
    members.retain(|name, _| OF_CLIENT.contains(&name.as_str()));
    members
}

/// What a login page shows of a service.
pub(crate) fn limited_service(service: &Service, issuer: &str) -> Value {
    let mut members = json!({"apiKey": service.id, "issuer": issuer, "clientIdAliasEnabled": true});
    if let (Some(name), Some(members)) = (&service.configuration.name, members.as_object_mut()) {
        members.insert("serviceName".to_owned(), name.as_str().into());
    }
    members
}

/// Scopes, with what is written about them.
pub(crate) fn scopes(service: &Service, names: &[String]) -> Vec<Value> {
    let default = service.policy().scopes.default.as_ref();
    let written = rules::written(service);
    let one = |name: &String| {
        let mut scope = written.get(name.as_str()).copied().cloned().unwrap_or_else(|| json!({ "name": name }));
        if let Some(members) = scope.as_object_mut() {
            let is_default = default.is_some_and(|default| default.contains(name));
            members.entry("defaultEntry").or_insert_with(|| is_default.into());
        }
        scope
    };
    names.iter().map(one).collect()
}

/// Properties; whoever may not see hidden ones does not.
pub(crate) fn properties(properties: &[Property], with_hidden: bool) -> Option<Value> {
    let shown = properties.iter().filter(|property| with_hidden || !property.hidden);
    let shown: Vec<Value> = shown
        .map(|property| json!({"key": property.key, "value": property.value, "hidden": property.hidden}))
        .collect();
    (!shown.is_empty()).then(|| shown.into())
}

/// By which names a client is called.
pub(crate) fn names(members: &mut Map<String, Value>, shown: &RegisteredClient, by: CalledBy) {
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("clientId", shown.numeric_id.into());
    if let Some(alias) = &shown.record.settings.alias {
        put("clientIdAlias", alias.as_str().into());
    }
    put("clientIdAliasUsed", (by == CalledBy::Alias).into());
    if shown.source.is_federated() {
        put("clientEntityId", shown.client_id.as_str().into());
        put("clientEntityIdUsed", (by == CalledBy::EntityId).into());
    }
    if by == CalledBy::MetadataDocument {
        put("metadataDocumentUsed", true.into());
    }
}

/// Attributes that operators have given to a service and to a client.
pub(crate) fn attributes(members: &mut Map<String, Value>, service: &Service, shown: Option<&RegisteredClient>) {
    let of_client = shown.and_then(|client| client.record.settings.others.get("attributes"));
    let of_service = service.configuration.others.get("attributes");
    for (name, value) in [("clientAttributes", of_client), ("serviceAttributes", of_service)] {
        if let Some(value) = value {
            members.insert(name.to_owned(), value.clone());
        }
    }
}

/// What is said of an authorization to whoever may see all of it.
pub(crate) fn authorization(members: &mut Map<String, Value>, shown: &Authorization) {
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if let Some(subject) = &shown.subject {
        put("subject", subject.as_str().into());
    }
    put("scopes", shown.scopes.as_slice().into());
    if !shown.resources.is_empty() {
        put("resources", shown.resources.as_slice().into());
        put("accessTokenResources", shown.resources.as_slice().into());
    }
    if let Some(details) = &shown.details {
        put("authorizationDetails", details::shown(details));
    }
    if let Some(acr) = &shown.assertions.acr {
        put("acr", acr.as_str().into());
    }
    if let Some(time) = shown.assertions.auth_time {
        put("authTime", time.into());
    }
    if let Some(claims) = &shown.assertions.consented_claims {
        put("consentedClaims", claims.as_slice().into());
    }
    if let Some(session) = &shown.assertions.session_id {
        put("sessionId", session.as_str().into());
    }
}
