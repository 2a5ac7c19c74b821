//! Members of a request, each with its type. `null` is absent.

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::{Invalid, hidden_character, parse_object};

/// The longest `client_name`, in characters.
const MAX_NAME: usize = 1024;

/// A request's members.
pub(crate) struct Members(Map<String, Value>);

impl Members {
    /// Reads a body.
    ///
    /// # Errors
    /// [`Invalid`] for what is no JSON object.
    pub(crate) fn read(request: &Request) -> Result<Self, Invalid> {
        if request.has_encoded_body() {
            return Err(Invalid::ContentEncoding);
        }
        parse_object(&request.body).map(Self)
    }

    /// A text of which people see every character.
    ///
    /// # Errors
    /// [`Invalid::WrongType`], [`Invalid::HiddenCharacter`].
    pub(crate) fn text(&self, name: &str) -> Result<Option<String>, Invalid> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => match hidden_character(text) {
                Some(character) => Err(Invalid::HiddenCharacter { member: name.to_owned(), character }),
                None => Ok(Some(text.clone())),
            },
            Some(_) => Err(Invalid::wrong_type(name, "a string")),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::WrongType`], [`Invalid::HiddenCharacter`].
    pub(crate) fn required_text(&self, name: &'static str) -> Result<String, Invalid> {
        self.text(name)?.ok_or(Invalid::Missing { member: name })
    }

    /// A client's name: 1 to 1024 characters.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::WrongType`], [`Invalid::HiddenCharacter`], [`Invalid::Syntax`],
    /// [`Invalid::TooLong`].
    pub(crate) fn client_name(&self, name: &'static str) -> Result<String, Invalid> {
        let text = self.required_text(name)?;
        match text.chars().count() {
            0 => Err(Invalid::syntax(name, "a name of 1 to 1024 characters")),
            1..=MAX_NAME => Ok(text),
            _ => Err(Invalid::TooLong { member: name.to_owned(), limit: MAX_NAME, unit: "characters" }),
        }
    }

    /// A list of texts.
    ///
    /// # Errors
    /// [`Invalid::WrongType`].
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Invalid> {
        const TEXTS: &str = "an array of strings";
        let values = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::Array(values)) => values,
            Some(_) => return Err(Invalid::wrong_type(name, TEXTS)),
        };
        let texts = values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>();
        texts.map(Some).ok_or_else(|| Invalid::wrong_type(name, TEXTS))
    }

    /// A list of at least one of the known values, that must be there.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::Empty`], [`Invalid::WrongType`], [`Invalid::NotOffered`].
    pub(crate) fn required_values(&self, name: &'static str, known: &[&str]) -> Result<Vec<String>, Invalid> {
        let values = self.texts(name)?.ok_or(Invalid::Missing { member: name })?;
        if values.is_empty() {
            return Err(Invalid::Empty { member: name });
        }
        match values.iter().find(|value| !known.contains(&value.as_str())) {
            Some(unknown) => Err(Invalid::not_offered(name, unknown)),
            None => Ok(values),
        }
    }
}
