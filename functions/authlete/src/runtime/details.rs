//! Authorization details (RFC 9396 §2): an array to clients and resource servers, an object with elements to authorization
//! servers.

use serde_json::{Map, Value, json};
use shared::metadata::{Invalid, parse_object};

use super::members::Members;
use crate::error::Error;

const MEMBER: &str = "authorizationDetails";

/// The members of an element that RFC 9396 §2.2 names, with Authlete's names.
const NAMED: [(&str, &str); 6] = [
    ("type", "type"),
    ("locations", "locations"),
    ("actions", "actions"),
    ("datatypes", "dataTypes"),
    ("identifier", "identifier"),
    ("privileges", "privileges"),
];

/// Where the members are that depend on the type: a JSON object in a string.
const OTHERS: &str = "otherFields";

/// The details of a request as RFC 9396 has them; none if there are none.
///
/// # Errors
/// [`Error::Body`] for what are no details.
pub(crate) fn of(body: &Members) -> Result<Option<Value>, Error> {
    let Some(details) = body.value(MEMBER) else { return Ok(None) };
    let elements = details.as_object().map(|details| details.get("elements").unwrap_or(&Value::Null));
    let details = match elements {
        Some(Value::Null) => return Ok(None),
        Some(Value::Array(elements)) => elements.iter().map(element).collect::<Option<Vec<Value>>>(),
        _ => None,
    };
    let wrong = || {
        Error::Body(Invalid::wrong_type(MEMBER, "an object whose elements are as RFC 9396 has them, each with a type"))
    };
    let details = details.ok_or_else(wrong)?;
    Ok((!details.is_empty()).then(|| details.into()))
}

fn element(sent: &Value) -> Option<Value> {
    let sent = sent.as_object()?;
    sent.get("type")?.as_str().filter(|name| !name.is_empty())?;
    let mut members = match sent.get(OTHERS) {
        None | Some(Value::Null) => Map::new(),
        Some(Value::String(none)) if none.is_empty() => Map::new(),
        Some(others) => parse_object(others.as_str()?.as_bytes()).ok()?,
    };
    for (own, name) in NAMED {
        match sent.get(name) {
            None | Some(Value::Null) => {}
            Some(value) if is_typed(own, value) => {
                members.insert(own.to_owned(), value.clone());
            }
            Some(_) => return None,
        }
    }
    Some(members.into())
}

/// RFC 9396 §2.2: a text, or a list of texts.
fn is_typed(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("type" | "identifier", value) => value.is_string(),
        (_, Value::Array(values)) => values.iter().all(Value::is_string),
        _ => false,
    }
}

/// Details as authorization servers are told of them.
pub(crate) fn shown(details: &Value) -> Value {
    let elements = details.as_array().into_iter().flatten().filter_map(Value::as_object);
    json!({"elements": elements.map(shown_element).collect::<Vec<Value>>()})
}

fn shown_element(element: &Map<String, Value>) -> Value {
    let mut others = element.clone();
    let mut members = Map::new();
    for (own, name) in NAMED {
        if let Some(value) = others.remove(own) {
            members.insert(name.to_owned(), value);
        }
    }
    if !others.is_empty() {
        members.insert(OTHERS.to_owned(), Value::Object(others).to_string().into());
    }
    members.into()
}
