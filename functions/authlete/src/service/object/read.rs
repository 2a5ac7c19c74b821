//! From a `Service` to what the core keeps of it.

use serde_json::{Map, Value};
use shared::federation::{NotSetUp, check_settings};
use shared::metadata::{AuthMethod, GrantType, Invalid, ResponseType, SERVER_SET, Scope, parse_object};
use shared::metadata_document::metadata_policy;
use shared::policy::{ErrorMembers, METADATA_DOCUMENT, Offer, Policy, Preset, Scopes, Trust, TrustRule};
use shared::service::{FederationSettings, ServiceConfiguration, TrustAnchorSettings};

use super::fields::{KEPT, METADATA, SEALED, TRUST_ANCHORS};
use super::keys;
use crate::constants::{self, CLIENT_AUTH_METHOD, Constants, GRANT_TYPE, RESPONSE_TYPE};
use crate::shape::Shape;

/// How many custom members clients may have: each member of a registration is looked for among them.
const MAX_CUSTOM_MEMBERS: usize = 1000;

/// A service's configuration, and what it keeps sealed.
pub(crate) struct Draft {
    /// The configuration.
    pub(crate) configuration: ServiceConfiguration,
    /// Members by name.
    pub(crate) secrets: Map<String, Value>,
}

/// What `sent` makes of a service. It replaces all that a `Service` can express; the rest stays.
///
/// # Errors
/// [`Invalid`], naming the member.
pub(crate) fn draft(sent: &Map<String, Value>, current: Draft, own_issuer: &str) -> Result<Draft, Invalid> {
    let Draft { mut configuration, secrets } = current;
    configuration.name = text(sent, "serviceName", Shape::Text)?;
    let issuer = text(sent, "issuer", Shape::Url)?;
    if configuration.issuer.is_some() || issuer.as_deref() != Some(own_issuer) {
        configuration.issuer = issuer;
    }
    authorization_server(sent, &mut configuration.authorization_server)?;
    policy(sent, &mut configuration.policy)?;
    federation(sent, &mut configuration.federation)?;
    let of_other_doors = |(name, _): &(String, Value)| !is_own(name);
    let others = configuration.others.into_iter().filter(of_other_doors);
    configuration.others = members(sent, KEPT)?.into_iter().chain(others).collect();
    if let Some(scopes) = Shape::Objects.read("supportedScopes", member(sent, "supportedScopes"))? {
        configuration.others.insert("supportedScopes".to_owned(), scopes);
    }
    Ok(Draft { configuration, secrets: sealed(sent, &secrets)? })
}

fn member(sent: &Map<String, Value>, name: &str) -> Value {
    sent.get(name).cloned().unwrap_or_default()
}

fn members(sent: &Map<String, Value>, fields: &[(&str, Shape)]) -> Result<Map<String, Value>, Invalid> {
    let mut read = Map::new();
    for (name, shape) in fields {
        if let Some(value) = shape.read(name, member(sent, name))? {
            read.insert((*name).to_owned(), value);
        }
    }
    Ok(read)
}

fn text(sent: &Map<String, Value>, name: &str, shape: Shape) -> Result<Option<String>, Invalid> {
    Ok(shape.read(name, member(sent, name))?.and_then(|value| value.as_str().map(str::to_owned)))
}

fn flag(sent: &Map<String, Value>, name: &str) -> Result<bool, Invalid> {
    Ok(Shape::Flag.read(name, member(sent, name))?.is_some())
}

fn texts(sent: &Map<String, Value>, name: &str) -> Result<Vec<String>, Invalid> {
    let values = Shape::Texts.read(name, member(sent, name))?;
    let values = values.as_ref().and_then(Value::as_array).into_iter().flatten();
    Ok(values.filter_map(|value| value.as_str().map(str::to_owned)).collect())
}

/// Whether a member is one of those that are kept as sent.
fn is_own(name: &str) -> bool {
    name == "supportedScopes" || KEPT.iter().any(|(own, _)| *own == name)
}

fn federation(sent: &Map<String, Value>, settings: &mut FederationSettings) -> Result<(), Invalid> {
    settings.enabled = flag(sent, "federationEnabled")?;
    settings.authority_hints = texts(sent, "authorityHints")?;
    settings.signature_key_id = text(sent, "federationSignatureKeyId", Shape::Text)?;
    let lifetime = "federationConfigurationDuration";
    settings.configuration_lifetime =
        Shape::Integer.read(lifetime, member(sent, lifetime))?.and_then(|value| value.as_u64());
    let anchors = TRUST_ANCHORS.read("trustAnchors", member(sent, "trustAnchors"))?;
    let anchors = anchors.as_ref().and_then(Value::as_array).into_iter().flatten();
    let anchors = anchors.map(|anchor| trust_anchor(anchor, &settings.trust_anchors));
    settings.trust_anchors = anchors.collect::<Result<_, _>>()?;
    check_settings(settings).map_err(|fault| match fault {
        NotSetUp::AuthorityHint(_) => Invalid::syntax("authorityHints", "https URLs without query and fragment"),
        _ => invalid_anchors(),
    })
}

/// A trust anchor keeps the names that it may vouch for: Authlete's API has no member for them.
fn trust_anchor(sent: &Value, known: &[TrustAnchorSettings]) -> Result<TrustAnchorSettings, Invalid> {
    let text = |name: &str| sent.get(name).and_then(Value::as_str).map(str::to_owned).ok_or_else(invalid_anchors);
    let (entity_id, jwks) = (text("entityId")?, text("jwks")?);
    let names = known.iter().find(|known| known.entity_id == entity_id).map(|known| known.names.clone());
    Ok(TrustAnchorSettings { entity_id, jwks, names: names.unwrap_or_default() })
}

fn invalid_anchors() -> Invalid {
    Invalid::syntax("trustAnchors", "https URLs as entityId, each with a JWK Set of public keys with kid in a string")
}

fn authorization_server(sent: &Map<String, Value>, metadata: &mut Map<String, Value>) -> Result<(), Invalid> {
    for (field, name, shape) in METADATA {
        match shape.read(field, member(sent, field))? {
            Some(value) => metadata.insert((*name).to_owned(), as_specified(*shape, value)),
            None => metadata.remove(*name),
        };
    }
    Ok(())
}

/// The specification's values for Authlete's constants.
fn as_specified(shape: Shape, value: Value) -> Value {
    match (shape, value) {
        (Shape::Constants(known), Value::Array(values)) => {
            let value = |name: &Value| constants::value(known, name.as_str()?).map(Value::from);
            values.iter().filter_map(value).collect()
        }
        (_, value) => value,
    }
}

fn policy(sent: &Map<String, Value>, policy: &mut Policy) -> Result<(), Invalid> {
    let preset = Preset::Open.policy();
    policy.dynamic_registration = flag(sent, "dynamicRegistrationSupported")?;
    policy.scope_is_requestable = flag(sent, "dcrScopeUsedAsRequestable")?;
    policy.software_id_once = flag(sent, "dcrDuplicateSoftwareIdBlocked")?;
    policy.errors =
        ErrorMembers { description: !flag(sent, "errorDescriptionOmitted")?, uri: !flag(sent, "errorUriOmitted")? };
    let most = Shape::Int32.read("clientsPerDeveloper", member(sent, "clientsPerDeveloper"))?;
    policy.clients_per_developer = most.as_ref().and_then(Value::as_u64);
    let custom = "supportedCustomClientMetadata";
    policy.custom_members = texts(sent, custom)?;
    if policy.custom_members.len() > MAX_CUSTOM_MEMBERS {
        return Err(Invalid::TooLong { member: custom.to_owned(), limit: MAX_CUSTOM_MEMBERS, unit: "values" });
    }
    if let Some(member) = SERVER_SET.into_iter().find(|set| policy.custom_members.iter().any(|name| name == set)) {
        return Err(Invalid::ServerSet { member });
    }
    let grants = offered(sent, "supportedGrantTypes", GRANT_TYPE, GrantType::parse)?;
    offer(&mut policy.grant_types, grants, GrantType::AuthorizationCode, preset.grant_types);
    let responses = offered(sent, "supportedResponseTypes", RESPONSE_TYPE, ResponseType::parse)?;
    offer(&mut policy.response_types, responses, ResponseType::Code, preset.response_types);
    let methods = offered(sent, "supportedTokenAuthMethods", CLIENT_AUTH_METHOD, AuthMethod::parse)?;
    let preset_methods = preset.token_endpoint_auth_methods;
    offer(&mut policy.token_endpoint_auth_methods, methods, AuthMethod::ClientSecretBasic, preset_methods);
    policy.scopes = scopes(sent, policy.scopes.unoffered)?;
    documents(sent, policy)
}

/// Clients that name themselves by the URL of a metadata document.
fn documents(sent: &Map<String, Value>, policy: &mut Policy) -> Result<(), Invalid> {
    policy.doors.retain(|door| door != METADATA_DOCUMENT);
    if flag(sent, "clientIdMetadataDocumentSupported")? {
        policy.doors.push(METADATA_DOCUMENT.to_owned());
    }
    let documents = &mut policy.metadata_documents;
    documents.always_retrieved = flag(sent, "cimdAlwaysRetrieved")?;
    documents.query_permitted = flag(sent, "cimdQueryPermitted")?;
    documents.others = match (flag(sent, "cimdAllowlistEnabled")?, documents.others) {
        (true, _) => Trust::Block,
        (false, Trust::Block) => Trust::Ask,
        (false, others) => others,
    };
    documents.trust.retain(|rule| rule.trust != Trust::Allow);
    let allowed = texts(sent, "cimdAllowlist")?.into_iter();
    documents.trust.extend(allowed.map(|pattern| TrustRule { pattern, trust: Trust::Allow }));
    let invalid = || Invalid::syntax("cimdAllowlist", "a list of https://host/path, host/path or host");
    documents.check().map_err(|_| invalid())?;
    documents.metadata_policy = Map::new();
    if flag(sent, "cimdMetadataPolicyEnabled")? {
        let name = "cimdMetadataPolicy";
        let invalid = || Invalid::syntax(name, "a metadata policy of OpenID Federation, as JSON in a string");
        let text = text(sent, name, Shape::Text)?.ok_or(Invalid::requires("cimdMetadataPolicyEnabled", name))?;
        documents.metadata_policy = parse_object(text.as_bytes()).map_err(|_| invalid())?;
        metadata_policy(&documents.metadata_policy).map_err(|_| invalid())?;
    }
    Ok(())
}

fn offered<T: PartialEq>(
    sent: &Map<String, Value>,
    name: &str,
    known: Constants,
    parse: fn(&str) -> Option<T>,
) -> Result<Vec<T>, Invalid> {
    let value = |text: &String| {
        let value = constants::value(known, text).and_then(parse);
        value.ok_or_else(|| Invalid::unknown(name, text))
    };
    let mut offered = Vec::new();
    for text in &texts(sent, name)? {
        let value = value(text)?;
        if !offered.contains(&value) {
            offered.push(value);
        }
    }
    Ok(offered)
}

/// What the service lists is offered, in place of what it listed before; without a list, what the preset offers.
/// Where the specification's default is not offered, the first value is the default.
fn offer<T: Copy + PartialEq>(offer: &mut Offer<T>, offered: Vec<T>, specified: T, preset: Offer<T>) {
    if offered.is_empty() {
        (offer.offered, offer.default) = (preset.offered, preset.default);
        return;
    }
    let keeps = !offer.default.is_empty() && offer.default.iter().all(|value| offered.contains(value));
    if !keeps {
        let first = offered.first().copied().filter(|_| !offered.contains(&specified));
        offer.default = first.into_iter().collect();
    }
    offer.offered = offered;
}

fn scopes(sent: &Map<String, Value>, unoffered: shared::policy::Unoffered) -> Result<Scopes, Invalid> {
    const SCOPES: &str = "an array of scopes, each with a name";
    let name = "supportedScopes";
    let Some(listed) = Shape::Objects.read(name, member(sent, name))? else {
        return Ok(Scopes { offered: None, default: None, unoffered });
    };
    let (mut all, mut default) = (Vec::new(), Vec::new());
    for scope in listed.as_array().into_iter().flatten() {
        let token = scope.get("name").and_then(Value::as_str).ok_or_else(|| Invalid::syntax(name, SCOPES))?;
        if !Scope::is_token(token) || scope.get("defaultEntry").is_some_and(|entry| !entry.is_boolean()) {
            return Err(Invalid::syntax(name, SCOPES));
        }
        all.push(token);
        if scope.get("defaultEntry").and_then(Value::as_bool) == Some(true) {
            default.push(token);
        }
    }
    Ok(Scopes { offered: Scope::parse(&all.join(" "))?, default: Scope::parse(&default.join(" "))?, unoffered })
}

fn sealed(sent: &Map<String, Value>, stored: &Map<String, Value>) -> Result<Map<String, Value>, Invalid> {
    let mut sealed = members(sent, SEALED)?;
    for (name, _) in SEALED.iter().filter(|(_, shape)| matches!(shape, Shape::Json)) {
        let keys_of = |members: &Map<String, Value>| {
            members.get(*name).and_then(Value::as_str).and_then(|text| parse_object(text.as_bytes()).ok())
        };
        let Some(sent) = keys_of(&sealed) else { continue };
        keys::check(name, &sent)?;
        if let Some(stored) = keys_of(stored) {
            let whole = Value::Object(keys::with_stored_parts(sent, &stored)).to_string();
            sealed.insert((*name).to_owned(), whole.into());
        }
    }
    Ok(sealed)
}
