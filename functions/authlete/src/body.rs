//! Bodies of requests: JSON, and forms where Authlete takes them.

use serde_json::{Map, Value};
use shared::http::Request;
use shared::metadata::{Invalid, parse_object_within};

use crate::error::Error;
use crate::shape::Shape;

/// The largest body, in bytes: a registration in a string is longer than itself, and services hold certificates.
const MAX_BYTES: usize = 256 * 1024;

/// A JSON object.
///
/// # Errors
/// [`Error::ContentTypeMissing`], [`Error::BodyMissing`], [`Error::Body`].
pub(crate) fn json(request: &Request) -> Result<Map<String, Value>, Error> {
    declared(request)?;
    if !request.has_content_type("application/json") {
        return Err(Error::Body(Invalid::ContentType));
    }
    parse_object_within(&request.body, MAX_BYTES).map_err(Error::Body)
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
    let mut texts: Vec<(String, Vec<String>)> = Vec::new();
    for (name, text) in url::form_urlencoded::parse(&request.body) {
        match texts.iter_mut().find(|(known, _)| *known == name) {
            Some((_, values)) => values.push(text.into_owned()),
            None => texts.push((name.into_owned(), vec![text.into_owned()])),
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
    if request.body.is_empty() { Err(Error::BodyMissing) } else { Ok(()) }
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
