//! From a `Client` to what the core keeps of it.

use std::collections::HashSet;

use serde_json::{Map, Value};
use shared::Error;
use shared::administration::Draft;
use shared::client::{ClientType, OperatorSettings, RegisteredClient};
use shared::metadata::{ClientMetadata, Invalid, Scope, hidden_character, is_language_tag, parse_object, texts};
use shared::policy::Policy;

use super::alias;
use super::fields::{DEFAULTS, EXTENSION, Form, METADATA, OF_TRUST_CHAIN, OWN};
use crate::constants;
use crate::shape::Shape;

/// The longest alias or developer, in bytes: each is part of a key.
const MAX_NAME: usize = 255;

/// What `sent` makes of a client: of a new one, or of `current`, of which stays what a `Client` cannot express.
///
/// # Errors
/// [`Error::InvalidClientMetadata`], naming the member.
pub(crate) fn draft(
    sent: &Map<String, Value>,
    current: Option<&RegisteredClient>,
    policy: &Policy,
) -> Result<Draft, Error> {
    let mut members = current.map(inexpressible).unwrap_or_default();
    let registered = current.map(|client| client.record.metadata.to_members()).unwrap_or_default();
    for (field, member, form) in METADATA {
        take(sent, field, member, *form, &mut members)?;
    }
    if members.get("default_max_age") == Some(&Value::from(0)) && !registered.contains_key("default_max_age") {
        members.remove("default_max_age");
    }
    // What was answered by default and comes back is no choice.
    let answered = DEFAULTS.iter().filter(|(_, member, _)| current.is_some() && !registered.contains_key(*member));
    for (_, member, _) in answered.filter(|(field, _, default)| present(sent, field) == Some(&Value::from(*default))) {
        members.remove(*member);
    }
    if let Some(custom) = present(sent, "customMetadata") {
        members.extend(json_object("customMetadata", custom)?);
    }
    Ok(Draft {
        metadata: ClientMetadata::from_members(members)?,
        client_type: client_type(sent)?,
        settings: settings(sent, current, policy)?,
    })
}

/// The metadata of which Authlete has no member or no constant.
fn inexpressible(client: &RegisteredClient) -> Map<String, Value> {
    let mut members = client.record.metadata.to_members();
    members.retain(|name, value| {
        let (name, tagged) = name.split_once('#').map_or((name.as_str(), false), |(name, _)| (name, true));
        match METADATA.iter().find(|(_, member, _)| *member == name) {
            Some((_, _, Form::Localized(None))) => tagged,
            Some((_, _, Form::Constant(known))) => !is_known(known, value),
            Some((_, _, Form::Constants(known))) => value.as_array_mut().is_some_and(|values| {
                values.retain(|value| !is_known(known, value));
                !values.is_empty()
            }),
            Some(_) => false,
            None => !client.record.metadata.rest().others.contains_key(name),
        }
    });
    members
}

fn is_known(known: constants::Constants, value: &Value) -> bool {
    value.as_str().is_some_and(|value| constants::constant(known, value).is_some())
}

fn take(
    sent: &Map<String, Value>,
    field: &str,
    member: &str,
    form: Form,
    members: &mut Map<String, Value>,
) -> Result<(), Invalid> {
    if let Form::Localized(Some(plural)) = form {
        take_languages(sent, plural, member, members)?;
    }
    let Some(value) = present(sent, field) else { return Ok(()) };
    let value = match form {
        Form::Same(_) | Form::Localized(_) => value.clone(),
        Form::Flag => match value {
            Value::Bool(false) => return Ok(()),
            other => other.clone(),
        },
        Form::Constant(known) => constant(field, known, value)?,
        Form::Constants(known) => {
            let values = value.as_array().ok_or_else(|| Invalid::wrong_type(field, "an array of strings"))?;
            let mut values = values.iter().map(|value| constant(field, known, value)).collect::<Result<Vec<_>, _>>()?;
            values.extend(members.get(member).and_then(Value::as_array).into_iter().flatten().cloned());
            values.into()
        }
        Form::Json => json_object(field, value)?.into(),
    };
    members.insert(member.to_owned(), value);
    Ok(())
}

fn take_languages(
    sent: &Map<String, Value>,
    plural: &str,
    member: &str,
    members: &mut Map<String, Value>,
) -> Result<(), Invalid> {
    const ENTRIES: &str = "an array of objects with tag and value";
    let Some(entries) = present(sent, plural) else { return Ok(()) };
    for entry in entries.as_array().ok_or_else(|| Invalid::wrong_type(plural, ENTRIES))? {
        let text = |name: &str| entry.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (Some(tag), Some(value)) = (text("tag"), text("value")) else {
            return Err(Invalid::wrong_type(plural, ENTRIES));
        };
        if !is_language_tag(tag) {
            return Err(Invalid::syntax(plural, "a list of texts with language tags"));
        }
        members.insert(format!("{member}#{tag}"), value.into());
    }
    Ok(())
}

fn constant(field: &str, known: constants::Constants, value: &Value) -> Result<Value, Invalid> {
    let name = value.as_str().ok_or_else(|| Invalid::wrong_type(field, "one of Authlete's constants"))?;
    constants::value(known, name).map(Value::from).ok_or_else(|| Invalid::unknown(field, name))
}

fn json_object(field: &str, value: &Value) -> Result<Map<String, Value>, Invalid> {
    let text = value.as_str().ok_or_else(|| Invalid::wrong_type(field, "a JSON object in a string"))?;
    parse_object(text.as_bytes()).map_err(|_| Invalid::syntax(field, "a JSON object in a string"))
}

fn client_type(sent: &Map<String, Value>) -> Result<Option<ClientType>, Invalid> {
    match present(sent, "clientType").map(|value| value.as_str().unwrap_or_default()) {
        None => Ok(None),
        Some("PUBLIC") => Ok(Some(ClientType::Public)),
        Some("CONFIDENTIAL") => Ok(Some(ClientType::Confidential)),
        Some(other) => Err(Invalid::unknown("clientType", other)),
    }
}

fn settings(
    sent: &Map<String, Value>,
    current: Option<&RegisteredClient>,
    policy: &Policy,
) -> Result<OperatorSettings, Invalid> {
    let mut others = current.map(of_other_doors).unwrap_or_default();
    others.extend(kept(sent, OWN)?);
    if current.is_some_and(|client| client.source.is_federated()) {
        others.retain(|name, _| !OF_TRUST_CHAIN.contains(&name.as_str()));
    }
    let extension = present(sent, "extension")
        .map(|extension| extension.as_object().ok_or_else(|| Invalid::wrong_type("extension", "an object")));
    let extension = extension.transpose()?;
    if let Some(extension) = extension {
        let durations = kept(extension, EXTENSION)?;
        if !durations.is_empty() {
            others.insert("extension".to_owned(), durations.into());
        }
    }
    Ok(OperatorSettings {
        alias: alias::read(text(sent, "clientIdAlias", MAX_NAME)?, current)?,
        developer: developer(sent, current)?,
        requestable_scopes: extension.map(|extension| scopes(extension, policy)).transpose()?.flatten(),
        vouched: current.is_some_and(|client| client.record.settings.vouched),
        others,
    })
}

/// What is kept beside the metadata and is not Authlete's.
fn of_other_doors(client: &RegisteredClient) -> Map<String, Value> {
    let mut others = client.record.settings.others.clone();
    others.retain(|name, _| name != "extension" && OWN.iter().all(|(own, _)| own != name));
    others
}

fn kept(sent: &Map<String, Value>, fields: &[(&str, Shape)]) -> Result<Map<String, Value>, Invalid> {
    let mut kept = Map::new();
    for (name, shape) in fields {
        let Some(value) = sent.get(*name) else { continue };
        if let Some(value) = shape.read(name, value.clone())? {
            kept.insert((*name).to_owned(), value);
        }
    }
    Ok(kept)
}

fn developer(sent: &Map<String, Value>, current: Option<&RegisteredClient>) -> Result<Option<String>, Invalid> {
    let Some(developer) = text(sent, "developer", MAX_NAME)? else { return Ok(None) };
    let unchanged = current
        .is_some_and(|client| client.record.settings.developer.is_none() && client.developer() == developer.as_str());
    Ok((!unchanged).then_some(developer))
}

fn text(sent: &Map<String, Value>, name: &str, limit: usize) -> Result<Option<String>, Invalid> {
    let Some(value) = present(sent, name) else { return Ok(None) };
    let text = value.as_str().ok_or_else(|| Invalid::wrong_type(name, "a string"))?;
    if text.len() > limit {
        return Err(Invalid::TooLong { member: name.to_owned(), limit, unit: "bytes" });
    }
    if let Some(character) = hidden_character(text) {
        return Err(Invalid::HiddenCharacter { member: name.to_owned(), character });
    }
    Ok(Some(text.to_owned()))
}

/// The requestable scopes of an `extension`, if they are enabled or listed; those that the service does not have
/// are dropped.
///
/// # Errors
/// [`Invalid::WrongType`].
pub(crate) fn scopes(extension: &Map<String, Value>, policy: &Policy) -> Result<Option<Vec<String>>, Invalid> {
    let name = "requestableScopes";
    let enabled = present(extension, "requestableScopesEnabled").and_then(Value::as_bool);
    let listed = extension.get(name).filter(|value| !value.is_null());
    let listed = listed.map(|value| texts(name, value.clone())).transpose()?;
    let offered: Option<HashSet<&str>> = policy.scopes.offered.as_ref().map(|offered| offered.tokens().collect());
    let offered = |scope: &String| {
        Scope::is_token(scope) && offered.as_ref().is_none_or(|offered| offered.contains(scope.as_str()))
    };
    Ok(match (enabled, listed) {
        (Some(false), _) | (None, None) => None,
        (_, listed) => Some(listed.unwrap_or_default().into_iter().filter(offered).collect()),
    })
}

/// The member, unless it is absent, `null` or `""`.
fn present<'s>(sent: &'s Map<String, Value>, name: &str) -> Option<&'s Value> {
    sent.get(name).filter(|value| !value.is_null() && value.as_str() != Some(""))
}
