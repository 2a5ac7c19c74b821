//! Members of a request, each with its type. `null` is absent.

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::{Invalid, hidden_character, parse_object, texts};
use shared::registry::identity_center;

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

    /// A text.
    ///
    /// # Errors
    /// [`Invalid::WrongType`].
    fn text(&self, name: &str) -> Result<Option<String>, Invalid> {
        match self.0.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(Invalid::wrong_type(name, "a string")),
        }
    }

    /// A text of which people see every character.
    ///
    /// # Errors
    /// [`Invalid::WrongType`], [`Invalid::HiddenCharacter`].
    pub(crate) fn plain_text(&self, name: &str) -> Result<Option<String>, Invalid> {
        let text = self.text(name)?;
        match text.as_deref().and_then(hidden_character) {
            Some(character) => Err(Invalid::HiddenCharacter { member: name.to_owned(), character }),
            None => Ok(text),
        }
    }

    /// A text that must be there.
    ///
    /// # Errors
    /// [`Invalid::Missing`], [`Invalid::WrongType`].
    pub(crate) fn required_text(&self, name: &'static str) -> Result<String, Invalid> {
        self.text(name)?.ok_or(Invalid::Missing { member: name })
    }

    /// A client's name; which characters it may have, the policy says.
    ///
    /// # Errors
    /// [`Invalid::WrongType`], and those of [`identity_center::name`].
    pub(crate) fn client_name(&self, name: &'static str) -> Result<String, Invalid> {
        identity_center::name(name, self.text(name)?)
    }

    /// A list of texts.
    ///
    /// # Errors
    /// [`Invalid::WrongType`].
    pub(crate) fn texts(&self, name: &str) -> Result<Option<Vec<String>>, Invalid> {
        let value = self.0.get(name).filter(|value| !value.is_null());
        value.map(|value| texts(name, value.clone())).transpose()
    }
}
