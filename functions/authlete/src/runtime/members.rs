//! The members of a runtime request: `null`, `0` and what is unset are one, since SDKs send every member they know.

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::{Invalid, parse_object};

use crate::body;
use crate::error::Error;
use crate::shape::Shape;

/// The largest integer that every reader of JSON reads exactly.
const MAX_INTEGER: u64 = (1 << 53) - 1;

/// The largest body of an operation of the runtime, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// The members of a request.
pub(crate) struct Members {
    members: Map<String, Value>,
    is_form: bool,
}

/// A JSON object in a string was expected, and something else came.
pub(crate) struct NotAnObject;

impl Members {
    /// Reads JSON, or a form of flat members. What names items is needed before it is known who asks, so a body that
    /// cannot be read is one without members, and the reason stands beside it.
    pub(crate) fn read(request: &Request) -> (Self, Result<(), Error>) {
        Self::read_within(request, MAX_BYTES)
    }

    /// The same, where a member has a limit of its own.
    pub(crate) fn read_large(request: &Request) -> (Self, Result<(), Error>) {
        Self::read_within(request, body::MAX_BYTES)
    }

    fn read_within(request: &Request, limit: usize) -> (Self, Result<(), Error>) {
        let is_form = request.has_content_type("application/x-www-form-urlencoded");
        let read = if request.body.len() > limit {
            Err(Error::Body(Invalid::BodyTooLarge { limit }))
        } else {
            body::json_or_form(request, |_| Shape::Text)
        };
        match read {
            Ok(members) => (Self { members, is_form }, Ok(())),
            Err(error) => (Self { members: Map::new(), is_form }, Err(error)),
        }
    }

    /// Those of a request without a body.
    pub(crate) fn none() -> Self {
        Self { members: Map::new(), is_form: false }
    }

    fn present(&self, name: &str) -> Option<&Value> {
        self.members.get(name).filter(|value| !value.is_null())
    }

    /// A text; an empty one is one.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn text(&self, name: &str) -> Result<Option<&str>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(wrong(name, "a string")),
        }
    }

    /// A text that is not empty.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn named(&self, name: &str) -> Result<Option<&str>, Error> {
        Ok(self.text(name)?.filter(|text| !text.is_empty()))
    }

    /// A positive number.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn number(&self, name: &str) -> Result<Option<u64>, Error> {
        let number = match self.present(name) {
            None => return Ok(None),
            Some(Value::String(text)) if self.is_form => text.parse::<i64>().ok(),
            Some(value) => value.as_i64(),
        };
        let number = number.ok_or_else(|| wrong(name, "an integer"))?;
        Ok(u64::try_from(number).ok().filter(|number| (1..=MAX_INTEGER).contains(number)))
    }

    /// A number or a text that names something.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn identifier(&self, name: &str) -> Result<Option<String>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone()).filter(|text| !text.is_empty() && text != "0")),
            Some(Value::Number(number)) if number.is_u64() || number.is_i64() => {
                Ok(number.as_u64().filter(|number| *number > 0).map(|number| number.to_string()))
            }
            Some(_) => Err(wrong(name, "an integer or a string")),
        }
    }

    /// A boolean.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn flag(&self, name: &str) -> Result<bool, Error> {
        match self.present(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(*flag),
            Some(Value::String(text)) if self.is_form && text == "true" => Ok(true),
            Some(Value::String(text)) if self.is_form && text == "false" => Ok(false),
            Some(_) => Err(wrong(name, "a boolean")),
        }
    }

    /// Texts; in a form they stand in one, with spaces between.
    ///
    /// # Errors
    /// [`Error::Body`], naming the member.
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Error> {
        match self.present(name) {
            None => Ok(None),
            Some(Value::String(text)) if self.is_form => {
                Ok(Some(text.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect()))
            }
            Some(Value::Array(values)) => {
                let texts = values.iter().filter(|value| !value.is_null());
                let texts = texts.map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
                texts.map(Some).ok_or_else(|| wrong(name, "an array of strings"))
            }
            Some(_) => Err(wrong(name, "an array of strings")),
        }
    }

    /// A JSON object in a string.
    ///
    /// # Errors
    /// [`Error::Body`] for another type than a string; [`NotAnObject`] within.
    pub(crate) fn object(&self, name: &str) -> Result<Result<Map<String, Value>, NotAnObject>, Error> {
        let Some(text) = self.named(name)? else { return Ok(Ok(Map::new())) };
        Ok(parse_object(text.as_bytes()).map_err(|_| NotAnObject))
    }

    /// A member as it came.
    pub(crate) fn value(&self, name: &str) -> Option<&Value> {
        self.present(name).filter(|_| !self.is_form)
    }
}

fn wrong(name: &str, expected: &'static str) -> Error {
    Error::Body(Invalid::wrong_type(name, expected))
}
