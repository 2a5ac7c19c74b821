//! The JSON types of Authlete's members: what a request may hold there, so that no answer holds anything that the
//! SDKs refuse to read.

use serde_json::{Map, Value, json};
use shared::metadata::{Invalid, PlainUri, hidden_character_in, parse_object};

use crate::constants::{self, Constants};

/// The type of a member that is kept as sent.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Shape {
    /// A string.
    Text,
    /// An absolute http or https URL.
    Url,
    /// A boolean; absent is `false`.
    Flag,
    /// An integer from 0 to 2^53−1; absent is 0.
    Integer,
    /// One from 0 to 2^31−1, of the members that Authlete's schema has as `int32`; absent is 0.
    Int32,
    /// An array of strings.
    Texts,
    /// One of Authlete's constants.
    Constant(Constants),
    /// An array of them.
    Constants(Constants),
    /// An array of objects whose members are strings, with these names.
    Entries(&'static [&'static str]),
    /// An array of objects.
    Objects,
    /// An object.
    Object,
    /// A string that holds a JSON object.
    Json,
}

/// `key` and `value`.
pub(crate) const PAIRS: Shape = Shape::Entries(&["key", "value"]);

/// A text in several languages: `tag` and `value`.
pub(crate) const TAGGED: Shape = Shape::Entries(&["tag", "value"]);

/// The largest integer that every reader of JSON reads exactly.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The largest integer of 32 bits.
const MAX_INT32: u64 = (1 << 31) - 1;

impl Shape {
    /// The value as it is kept: without `null`, and `None` for what means absent.
    ///
    /// # Errors
    /// [`Invalid`], naming the member.
    pub(crate) fn read(self, name: &str, value: Value) -> Result<Option<Value>, Invalid> {
        let Some(value) = without_nulls(value) else { return Ok(None) };
        let absent = match &value {
            Value::String(text) => text.is_empty(),
            Value::Bool(flag) => matches!(self, Self::Flag) && !flag,
            Value::Number(number) => matches!(self, Self::Integer | Self::Int32) && number.as_u64() == Some(0),
            Value::Array(values) => values.is_empty(),
            Value::Object(members) => members.is_empty(),
            Value::Null => true,
        };
        if absent && self.admits(&value) {
            return Ok(None);
        }
        if let Some(character) = hidden_character_in(&value) {
            return Err(Invalid::HiddenCharacter { member: name.to_owned(), character });
        }
        match (self, &value) {
            (Self::Url, Value::String(text)) if !is_url(text) => Err(Invalid::syntax(name, "an http or https URL")),
            (Self::Json, Value::String(text)) if parse_object(text.as_bytes()).is_err() => {
                Err(Invalid::syntax(name, "a JSON object in a string"))
            }
            (Self::Constant(known), Value::String(text)) => known_constant(name, known, text).map(Some),
            (Self::Constants(known), Value::Array(values)) => {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let constants = values.iter().map(|value| known_constant(name, known, &text(value)));
                constants.collect::<Result<_, _>>().map(|constants| Some(Value::Array(constants)))
            }
            _ if self.admits(&value) => Ok(Some(value)),
            _ => Err(Invalid::wrong_type(name, self.expected())),
        }
    }

    fn admits(self, value: &Value) -> bool {
        match self {
            Self::Text | Self::Url | Self::Constant(_) | Self::Json => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Integer => value.as_u64().is_some_and(|number| number <= MAX_INTEGER),
            Self::Int32 => value.as_u64().is_some_and(|number| number <= MAX_INT32),
            Self::Texts | Self::Constants(_) => {
                value.as_array().is_some_and(|values| values.iter().all(Value::is_string))
            }
            Self::Entries(names) => {
                value.as_array().is_some_and(|entries| entries.iter().all(|entry| has_texts(entry, names)))
            }
            Self::Objects => value.as_array().is_some_and(|values| values.iter().all(Value::is_object)),
            Self::Object => value.is_object(),
        }
    }

    /// What JSON Schema says of it.
    pub(crate) fn schema(self) -> Value {
        let text = || json!({ "type": "string" });
        let constants = |known: Constants| {
            let constants: Vec<&str> = known.iter().map(|(_, constant)| *constant).collect();
            json!({ "type": "string", "enum": constants })
        };
        match self {
            Self::Text => text(),
            Self::Url => json!({ "type": "string", "format": "uri" }),
            Self::Json => json!({ "type": "string", "contentMediaType": "application/json" }),
            Self::Flag => json!({ "type": "boolean" }),
            Self::Integer => json!({ "type": "integer", "minimum": 0, "maximum": MAX_INTEGER }),
            Self::Int32 => json!({ "type": "integer", "format": "int32", "minimum": 0, "maximum": MAX_INT32 }),
            Self::Texts => json!({ "type": "array", "items": text() }),
            Self::Constant(known) => constants(known),
            Self::Constants(known) => json!({ "type": "array", "items": constants(known) }),
            Self::Entries(names) => {
                let members: Map<String, Value> = names.iter().map(|name| ((*name).to_owned(), text())).collect();
                let entry = json!({ "type": "object", "properties": members, "additionalProperties": false });
                json!({ "type": "array", "items": entry })
            }
            Self::Objects => json!({ "type": "array", "items": { "type": "object" } }),
            Self::Object => json!({ "type": "object" }),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Text => "a string",
            Self::Url => "an http or https URL",
            Self::Flag => "a boolean",
            Self::Integer => "an integer from 0 to 2^53-1",
            Self::Int32 => "an integer from 0 to 2^31-1",
            Self::Texts => "an array of strings",
            Self::Constant(_) => "one of Authlete's constants",
            Self::Constants(_) => "an array of Authlete's constants",
            Self::Entries(_) => "an array of objects with its documented members",
            Self::Objects => "an array of objects",
            Self::Object => "an object",
            Self::Json => "a JSON object in a string",
        }
    }

    /// A value of a form (`application/x-www-form-urlencoded`), where everything is a text.
    pub(crate) fn of_form(self, texts: Vec<String>) -> Value {
        let many = matches!(self, Self::Texts | Self::Constants(_) | Self::Entries(_) | Self::Objects);
        let one = |text: String| match self {
            Self::Flag | Self::Integer | Self::Int32 | Self::Object | Self::Entries(_) | Self::Objects => {
                serde_json::from_str(&text).unwrap_or(Value::String(text))
            }
            _ => Value::String(text),
        };
        let mut values: Vec<Value> = texts.into_iter().map(one).collect();
        match (many, values.len()) {
            (false, 1) => values.pop().unwrap_or_default(),
            _ => Value::Array(values),
        }
    }
}

fn known_constant(name: &str, known: Constants, text: &str) -> Result<Value, Invalid> {
    let value = constants::value(known, text).and_then(|value| constants::constant(known, value));
    value.map(Value::from).ok_or_else(|| Invalid::unknown(name, text))
}

fn has_texts(entry: &Value, names: &[&str]) -> bool {
    let only_known = |members: &Map<String, Value>| {
        members.iter().all(|(name, value)| names.contains(&name.as_str()) && value.is_string())
    };
    entry.as_object().is_some_and(only_known)
}

fn is_url(text: &str) -> bool {
    PlainUri::parse(text).is_ok_and(|uri| uri.is_web() && !uri.has_fragment())
}

/// Every `null` inside is as good as absent, and breaks readers.
fn without_nulls(value: Value) -> Option<Value> {
    match value {
        Value::Null => None,
        Value::Array(values) => Some(Value::Array(values.into_iter().filter_map(without_nulls).collect())),
        Value::Object(members) => {
            let members = members.into_iter().filter_map(|(name, value)| Some((name, without_nulls(value)?)));
            Some(Value::Object(members.collect()))
        }
        other => Some(other),
    }
}
