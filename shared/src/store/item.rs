//! Attributes of items.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::Item;
use crate::error::Error;
use crate::metadata::Invalid;
use crate::origin::Origin;

/// How large the JSON of an item may be, in bytes. DynamoDB takes items of 400 KiB, and there is more in one.
pub(crate) const MAX_JSON: usize = 256 * 1024;

/// A text.
pub fn string(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number.
#[must_use]
pub fn integer(value: u64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// Octets.
#[must_use]
pub fn bytes(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// A value that no condition looks into, as JSON.
///
/// # Errors
/// [`Error::Internal`].
pub fn json(value: &impl Serialize) -> Result<AttributeValue, Error> {
    serde_json::to_string(value).map(AttributeValue::S).map_err(Error::internal)
}

/// The same, unless it is too large for an item. `whole` is what it says of itself, with its article, and `members` are
/// what it consists of.
///
/// # Errors
/// [`Invalid::TooLargeInAll`], which names the largest of the members.
pub fn bounded_json(
    whole: &'static str,
    value: &impl Serialize,
    members: impl FnOnce() -> Map<String, Value>,
) -> Result<AttributeValue, Error> {
    let json = serde_json::to_string(value).map_err(Error::internal)?;
    if json.len() > MAX_JSON { Err(Invalid::too_large(whole, &members(), MAX_JSON).into()) } else { Ok(string(json)) }
}

/// Who changed the item last, and how: the stream turns it into the audit.
#[must_use]
pub fn changed(origin: &Origin) -> AttributeValue {
    let texts = [
        ("actor", origin.actor.as_str()),
        ("door", origin.door),
        ("address", &origin.address),
        ("request_id", &origin.request_id),
    ];
    AttributeValue::M(texts.into_iter().map(|(name, text)| (name.to_owned(), string(text))).collect())
}

/// An attribute that is a text.
pub fn text<'i>(item: &'i Item, name: &str) -> Option<&'i str> {
    item.get(name)?.as_s().ok().map(String::as_str)
}

/// An attribute that is a number.
#[must_use]
pub fn number(item: &Item, name: &str) -> Option<u64> {
    item.get(name)?.as_n().ok()?.parse().ok()
}

/// An attribute that is octets.
#[must_use]
pub fn blob(item: &Item, name: &str) -> Option<Vec<u8>> {
    item.get(name)?.as_b().ok().map(|blob| blob.as_ref().to_vec())
}

/// What an item cannot be without.
///
/// # Errors
/// [`Error::Internal`], naming the attribute.
pub fn required<T>(value: Option<T>, name: &str) -> Result<T, Error> {
    value.ok_or_else(|| Error::internal(format!("an item of the table lacks a readable {name}")))
}

/// An attribute that holds JSON.
///
/// # Errors
/// [`Error::Internal`], naming the attribute.
pub fn parsed<T: DeserializeOwned>(item: &Item, name: &str) -> Result<T, Error> {
    serde_json::from_str(required(text(item, name), name)?).map_err(Error::internal)
}
