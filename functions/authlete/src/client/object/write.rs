//! From a registered client to a `Client`: no `null`, no constant that Authlete does not know.

use serde_json::{Map, Value, json};
use shared::client::{ClientInformation, ClientType, RegisteredClient, Source};
use url::Url;

use super::fields::{DEFAULTS, Form, METADATA, OWN};
use crate::constants;
use crate::number;
use crate::shape::Shape;

/// How much of a client a token is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum View {
    /// Everything.
    Full,
    /// Everything but its secret and the digest of its registration access token.
    WithoutSecret,
    /// What a list of names needs.
    Limited,
}

/// The members of the limited view.
const LIMITED: [&str; 9] = [
    "clientId",
    "clientIdAlias",
    "clientIdAliasEnabled",
    "clientName",
    "clientNames",
    "clientType",
    "description",
    "descriptions",
    "number",
];

/// How Authlete calls clients that registered themselves.
const DYNAMIC: &str = "DYNAMIC_REGISTRATION";

/// The `Client`.
pub(crate) fn client(information: &ClientInformation, view: View) -> Map<String, Value> {
    let client = &information.client;
    let mut members = metadata(client);
    own(client, &mut members);
    identity(client, &mut members);
    if view == View::Full {
        if let Some(secret) = &information.client_secret {
            members.insert("clientSecret".to_owned(), secret.expose().into());
        }
        if let Some(hash) = &client.registration_access_token {
            members.insert("registrationAccessTokenHash".to_owned(), hash.to_text().into());
        }
    }
    if view == View::Limited {
        members.retain(|name, _| LIMITED.contains(&name.as_str()));
    }
    members
}

fn metadata(client: &RegisteredClient) -> Map<String, Value> {
    let registered = client.record.metadata.to_members();
    let mut members = Map::new();
    for (field, member, form) in METADATA {
        if let Form::Localized(Some(plural)) = form {
            let tagged = languages(&registered, member);
            if !tagged.is_empty() {
                members.insert((*plural).to_owned(), tagged.into());
            }
        }
        let value = match (form, registered.get(*member)) {
            (Form::Flag, value) => Some(value.cloned().unwrap_or(Value::Bool(false))),
            (_, None) => None,
            (Form::Same(_) | Form::Localized(_), Some(value)) => Some(value.clone()),
            (Form::Json, Some(value)) => Some(value.to_string().into()),
            (Form::Constant(known), Some(value)) => constant(known, value),
            (Form::Constants(known), Some(value)) => {
                let constants: Vec<Value> =
                    value.as_array().into_iter().flatten().filter_map(|value| constant(known, value)).collect();
                (!constants.is_empty()).then(|| constants.into())
            }
        };
        members.extend(value.map(|value| ((*field).to_owned(), value)));
    }
    members.entry("defaultMaxAge").or_insert_with(|| 0.into());
    for (field, member, default) in DEFAULTS {
        if !registered.contains_key(*member) {
            members.insert((*field).to_owned(), (*default).into());
        }
    }
    let custom = &client.record.metadata.rest().others;
    if !custom.is_empty() {
        members.insert("customMetadata".to_owned(), Value::Object(custom.clone()).to_string().into());
    }
    members
}

fn constant(known: constants::Constants, value: &Value) -> Option<Value> {
    constants::constant(known, value.as_str()?).map(Value::from)
}

fn languages(registered: &Map<String, Value>, member: &str) -> Vec<Value> {
    let tagged = registered.iter().filter_map(|(name, value)| {
        let tag = name.strip_prefix(member)?.strip_prefix('#')?;
        Some(json!({"tag": tag, "value": value}))
    });
    tagged.collect()
}

fn own(client: &RegisteredClient, members: &mut Map<String, Value>) {
    let settings = &client.record.settings;
    for (name, shape) in OWN {
        let value = match (settings.others.get(*name), shape) {
            (Some(value), _) => value.clone(),
            (None, Shape::Flag) => Value::Bool(false),
            (None, _) => continue,
        };
        members.insert((*name).to_owned(), value);
    }
    if let Some(chain) = &client.record.trust_chain {
        let chain = [
            ("entityId", client.client_id.as_str().into()),
            ("trustAnchorId", chain.trust_anchor.as_str().into()),
            ("trustChain", chain.statements.as_slice().into()),
            ("trustChainExpiresAt", chain.expires_at.saturating_mul(1000).into()),
            ("trustChainUpdatedAt", chain.resolved_at_millis.into()),
        ];
        members.extend(chain.map(|(name, value)| (name.to_owned(), value)));
    }
    if let Some(document) = &client.record.metadata_document {
        let document = [
            ("metadataDocumentLocation", client.client_id.as_str().into()),
            ("metadataDocumentExpiresAt", document.fresh_until.saturating_mul(1000).into()),
            ("metadataDocumentUpdatedAt", document.fetched_at_millis.into()),
        ];
        members.extend(document.map(|(name, value)| (name.to_owned(), value)));
    }
    let mut extension = settings.others.get("extension").and_then(Value::as_object).cloned().unwrap_or_default();
    if let Some(scopes) = &settings.requestable_scopes {
        extension.insert("requestableScopes".to_owned(), scopes.as_slice().into());
    }
    extension.insert("requestableScopesEnabled".to_owned(), settings.requestable_scopes.is_some().into());
    members.insert("extension".to_owned(), extension.into());
}

fn identity(client: &RegisteredClient, members: &mut Map<String, Value>) {
    let record = &client.record;
    let alias = record.settings.alias.as_ref().unwrap_or(&client.client_id);
    let client_type = match record.client_type {
        ClientType::Public => "PUBLIC",
        ClientType::Confidential => "CONFIDENTIAL",
    };
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("clientId", client.numeric_id.into());
    put("number", number::of(client.numeric_id).into());
    put("serviceNumber", number::of(client.service_id).into());
    put("clientIdAlias", alias.as_str().into());
    put("clientIdAliasEnabled", true.into());
    put("clientType", client_type.into());
    put("developer", client.developer().into());
    put("createdAt", record.issued_at_millis.into());
    put("modifiedAt", record.modified_at_millis.max(record.issued_at_millis).into());
    put("locked", client.is_held().into());
    put("dynamicallyRegistered", (source(client.source) == DYNAMIC).into());
    put("automaticallyRegistered", (client.source == Source::FederationAutomatic).into());
    put("explicitlyRegistered", (client.source == Source::FederationExplicit).into());
    put("discoveredByMetadataDocument", (client.source == Source::MetadataDocument).into());
    put("clientSource", source(client.source).into());
    if let Some(sector) = sector(client) {
        put("derivedSectorIdentifier", sector.into());
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::AuthleteCreate | Source::Operator => "STATIC_REGISTRATION",
        Source::FederationAutomatic => "AUTOMATIC_REGISTRATION",
        Source::FederationExplicit => "EXPLICIT_REGISTRATION",
        Source::MetadataDocument => "METADATA_DOCUMENT",
        Source::Oauth | Source::AuthleteRegistration | Source::Stet | Source::IdentityCenter => DYNAMIC,
    }
}

/// OIDC Core §8.1: the host of `sector_identifier_uri`, else the one that all redirect URIs have.
fn sector(client: &RegisteredClient) -> Option<String> {
    let metadata = &client.record.metadata;
    if let Some(uri) = &metadata.rest().sector_identifier_uri {
        return Url::parse(uri).ok()?.host_str().map(str::to_owned);
    }
    let mut hosts = metadata.redirect_uris().iter().map(|uri| uri.host());
    let first = hosts.next()??;
    hosts.all(|host| host == Some(first)).then(|| first.to_owned())
}
