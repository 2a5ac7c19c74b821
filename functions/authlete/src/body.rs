//! Bodies of requests: JSON, and forms where Authlete takes them.

use std::collections::BTreeMap;

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::{Invalid, parse_object_within};

use crate::error::Error;
use crate::shape::Shape;

/// The largest body, in bytes: a registration in a string is longer than itself, and services hold certificates.
pub(crate) const MAX_BYTES: usize = 256 * 1024;

/// How many names a form may have: no object of Authlete's has as many members.
const MAX_NAMES: usize = 1000;

/// A JSON object.
///
/// # Errors
/// [`Error::ContentTypeMissing`], [`Error::BodyMissing`], [`Error::Body`].
pub(crate) fn json(request: &Request) -> Result<Map<String, Value>, Error> {
    declared(request)?;
    request.declares_json().and_then(|()| parse_object_within(&request.body, MAX_BYTES)).map_err(Error::Body)
}

/// A JSON object or a form, whose texts get the types that `shape` says.
///
/// # Errors
/// As [`json`].
pub(crate) fn json_or_form(request: &Request, shape: fn(&str) -> Shape) -> Result<Map<String, Value>, Error> {
    if !request.has_content_type("application/x-www-form-urlencoded") {
        return json(request);
    }
    declared(request)?;
    if request.body.len() > MAX_BYTES {
        return Err(Error::Body(Invalid::BodyTooLarge { limit: MAX_BYTES }));
    }
    let mut texts: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, text) in url::form_urlencoded::parse(&request.body) {
        texts.entry(name.into_owned()).or_default().push(text.into_owned());
        if texts.len() > MAX_NAMES {
            let member = "the form".to_owned();
            return Err(Error::Body(Invalid::TooLong { member, limit: MAX_NAMES, unit: "names" }));
        }
    }
    let typed = texts.into_iter().map(|(name, values)| {
        let value = shape(&name).of_form(values);
        (name, value)
    });
    Ok(typed.collect())
}

fn declared(request: &Request) -> Result<(), Error> {
    if request.header("content-type").is_none() {
        return Err(Error::ContentTypeMissing);
    }
    if request.has_encoded_body() {
        return Err(Error::Body(Invalid::ContentEncoding));
    }
    if request.body.is_empty() { Err(Error::BodyMissing) } else { Ok(()) }
}

/// Refuses a body without a single member of the object that it is to replace: all of the object would be gone. `null`
/// is absent.
///
/// # Errors
/// [`Error::NoMember`].
pub(crate) fn must_say_something(
    body: &Map<String, Value>,
    object: &'static str,
    written: fn(&str) -> Option<Shape>,
) -> Result<(), Error> {
    let present = || body.iter().filter(|(_, value)| !value.is_null()).map(|(name, _)| name);
    if present().any(|name| written(name).is_some()) {
        return Ok(());
    }
    Err(Error::NoMember { object, stranger: present().next().cloned() })
}

/// A text, where `null` is absent.
///
/// # Errors
/// [`Error::Body`], naming the member.
pub(crate) fn text<'b>(body: &'b Map<String, Value>, name: &str) -> Result<Option<&'b str>, Error> {
    match body.get(name) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) => Ok(Some(text)),
        Some(_) => Err(Error::Body(Invalid::wrong_type(name, "a string"))),
    }
}
