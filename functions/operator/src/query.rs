//! Parameters of a query and members of a body, each at most once and of its type.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::Invalid;

use crate::door::Fault;

/// How many items a page of a list has at the most.
pub(crate) const MOST: u64 = 100;

/// How many it has unless asked for.
const USUAL: u64 = 50;

/// The query of a request: each parameter once, and none that this endpoint does not know. An empty one is refused:
/// of what it left out there would be more.
pub(crate) struct Query(BTreeMap<String, String>);

impl Query {
    pub(crate) fn of(request: &Request, known: &[&str]) -> Result<Self, Fault> {
        let mut parameters = BTreeMap::new();
        for (name, value) in request.query_parameters() {
            if !known.contains(&name.as_str()) {
                return Err(unknown(&name));
            }
            if value.trim().is_empty() {
                return Err(Fault::Request(format!("{name} is empty: leave it out if it is not meant").into()));
            }
            if parameters.insert(name.clone(), value).is_some() {
                return Err(Fault::of_request(&Invalid::Duplicate { member: name }));
            }
        }
        Ok(Self(parameters))
    }

    pub(crate) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// A whole number within bounds.
    pub(crate) fn number(&self, name: &str, within: RangeInclusive<u64>) -> Result<Option<u64>, Fault> {
        let Some(text) = self.text(name) else { return Ok(None) };
        let number = text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten();
        match number.filter(|number| within.contains(number)) {
            Some(number) => Ok(Some(number)),
            None => Err(Fault::Request(
                format!("{name} is a whole number from {} to {}", within.start(), within.end()).into(),
            )),
        }
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &str) -> Result<Option<bool>, Fault> {
        match self.text(name) {
            None => Ok(None),
            Some("true") => Ok(Some(true)),
            Some("false") => Ok(Some(false)),
            Some(_) => Err(Fault::of_request(&Invalid::syntax(name, "true or false"))),
        }
    }

    /// How many items a page shall have.
    pub(crate) fn limit(&self) -> Result<usize, Fault> {
        let limit = self.number("limit", 1..=MOST)?.unwrap_or(USUAL);
        Ok(usize::try_from(limit).unwrap_or(usize::MAX))
    }
}

/// A deletion is told by its parameters alone, which `what` are.
///
/// # Errors
/// [`Fault::Request`] if it has a body: what that says would be passed over.
pub(crate) fn has_no_body(request: &Request, what: &str) -> Result<(), Fault> {
    if request.body.is_empty() {
        return Ok(());
    }
    Err(Fault::Request(format!("a deletion has no body: {what} parameters").into()))
}

/// Takes the members of a body one by one; at the end there must be none left. `null` is no value: whoever sends it for a
/// version has lost the version.
pub(crate) struct Members(pub(crate) Map<String, Value>);

impl Members {
    pub(crate) fn text(&mut self, name: &str) -> Result<Option<String>, Fault> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    /// A text that names something: an empty one names nothing.
    pub(crate) fn identifier(&mut self, name: &'static str) -> Result<Option<String>, Fault> {
        match self.text(name)? {
            Some(text) if text.trim().is_empty() => Err(empty(name)),
            text => Ok(text),
        }
    }

    pub(crate) fn number(&mut self, name: &str) -> Result<Option<u64>, Fault> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(value) => value.as_u64().map(Some).ok_or_else(|| wrong(name, "a whole number")),
        }
    }

    pub(crate) fn flag(&mut self, name: &str) -> Result<bool, Fault> {
        match self.0.remove(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    pub(crate) fn object(&mut self, name: &str) -> Result<Option<Map<String, Value>>, Fault> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Object(members)) => Ok(Some(members)),
            Some(_) => Err(wrong(name, "an object")),
        }
    }

    pub(crate) fn array(&mut self, name: &str) -> Result<Option<Vec<Value>>, Fault> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::Array(values)) => Ok(Some(values)),
            Some(_) => Err(wrong(name, "an array")),
        }
    }

    /// Words of a list, each by what knows them.
    pub(crate) fn words<T>(&mut self, name: &str, known: impl Fn(&str) -> Option<T>) -> Result<Option<Vec<T>>, Fault> {
        let Some(values) = self.array(name)? else { return Ok(None) };
        let word = |value: &Value| {
            let text = value.as_str().ok_or_else(|| wrong(name, "an array of strings"))?;
            known(text).ok_or_else(|| unknown_word(name, text))
        };
        values.iter().map(word).collect::<Result<_, _>>().map(Some)
    }

    pub(crate) fn end(self) -> Result<(), Fault> {
        self.0.keys().next().map_or(Ok(()), |name| Err(unknown(name)))
    }
}

/// What has to be there.
pub(crate) fn required<T>(member: &'static str, value: Option<T>) -> Result<T, Fault> {
    value.ok_or_else(|| Fault::of_request(&Invalid::Missing { member }))
}

/// A parameter or a member that has no value in it.
pub(crate) fn empty(member: &'static str) -> Fault {
    Fault::of_request(&Invalid::Empty { member })
}

/// A word that is none of those that a parameter or a member takes.
pub(crate) fn unknown_word(name: &str, word: &str) -> Fault {
    Fault::of_request(&Invalid::Unknown { member: name.to_owned(), value: word.to_owned() })
}

fn wrong(name: &str, expected: &'static str) -> Fault {
    Fault::of_request(&Invalid::wrong_type(name, expected))
}

fn unknown(name: &str) -> Fault {
    Fault::Request(format!("{name} is not known here").into())
}
