//! Attributes of items as JSON, as DynamoDB writes them: `{"S": "text"}`.

use std::collections::HashMap;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Map, Value, json};
use shared::store::Item;

/// The longest number, in characters: DynamoDB has 38 digits.
const MAX_NUMBER: usize = 64;

/// An item's attributes.
pub(super) fn to_json(attributes: &Item) -> Result<Map<String, Value>> {
    attributes.iter().map(|(name, value)| Ok((name.clone(), written(value)?))).collect()
}

/// What [`to_json`] wrote; an error names the attribute.
pub(super) fn from_json(attributes: &Map<String, Value>) -> Result<Item> {
    let read = |(name, value): (&String, &Value)| {
        Ok((name.clone(), read(value).with_context(|| format!("attributes.{name}"))?))
    };
    attributes.iter().map(read).collect()
}

fn written(value: &AttributeValue) -> Result<Value> {
    Ok(match value {
        AttributeValue::S(text) => json!({ "S": text }),
        AttributeValue::N(number) => json!({ "N": number }),
        AttributeValue::B(bytes) => json!({ "B": STANDARD.encode(bytes) }),
        AttributeValue::Bool(value) => json!({ "BOOL": value }),
        AttributeValue::Null(value) => json!({ "NULL": value }),
        AttributeValue::Ss(texts) => json!({ "SS": sorted(texts) }),
        AttributeValue::Ns(numbers) => json!({ "NS": sorted(numbers) }),
        AttributeValue::L(values) => json!({ "L": values.iter().map(written).collect::<Result<Vec<_>>>()? }),
        AttributeValue::M(values) => json!({ "M": to_json(values)? }),
        _ => bail!("an attribute has a type that is not known"),
    })
}

fn sorted(texts: &[String]) -> Vec<&String> {
    let mut texts: Vec<_> = texts.iter().collect();
    texts.sort_unstable();
    texts
}

fn read(value: &Value) -> Result<AttributeValue> {
    let members = value.as_object().filter(|members| members.len() == 1);
    let Some((kind, value)) = members.and_then(|members| members.iter().next()) else {
        bail!("it is not one value with its type, as {{\"S\": \"text\"}}")
    };
    let attribute = match (kind.as_str(), value) {
        ("S", Value::String(text)) => Some(AttributeValue::S(text.clone())),
        ("N", Value::String(number)) => Some(AttributeValue::N(number.clone())).filter(|_| is_number(number)),
        ("B", Value::String(bytes)) => STANDARD.decode(bytes).ok().map(|bytes| AttributeValue::B(Blob::new(bytes))),
        ("BOOL", Value::Bool(value)) => Some(AttributeValue::Bool(*value)),
        ("NULL", Value::Bool(true)) => Some(AttributeValue::Null(true)),
        ("SS", Value::Array(texts)) => set(texts, |_| true).map(AttributeValue::Ss),
        ("NS", Value::Array(numbers)) => set(numbers, is_number).map(AttributeValue::Ns),
        ("L", Value::Array(values)) => Some(AttributeValue::L(values.iter().map(read).collect::<Result<_>>()?)),
        ("M", Value::Object(values)) => Some(AttributeValue::M(map(values)?)),
        _ => None,
    };
    attribute.with_context(|| format!("it is no value of the type {kind}"))
}

fn map(values: &Map<String, Value>) -> Result<HashMap<String, AttributeValue>> {
    values.iter().map(|(name, value)| Ok((name.clone(), read(value)?))).collect()
}

/// A set has at least one value, and each once.
fn set(values: &[Value], is_one: impl Fn(&str) -> bool) -> Option<Vec<String>> {
    let mut texts: Vec<String> = values.iter().map(|value| value.as_str().map(str::to_owned)).collect::<Option<_>>()?;
    texts.sort_unstable();
    texts.dedup();
    (!texts.is_empty() && texts.len() == values.len() && texts.iter().all(|text| is_one(text))).then_some(texts)
}

fn is_number(text: &str) -> bool {
    text.len() <= MAX_NUMBER && text.parse::<f64>().is_ok_and(f64::is_finite)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attributes(value: &Value) -> Map<String, Value> {
        Map::from_iter([("a".to_owned(), value.clone())])
    }

    #[test]
    fn attributes_come_back_as_they_were() {
        for value in [
            json!({"S": ""}),
            json!({"N": "-1.5e3"}),
            json!({"B": "AAE="}),
            json!({"BOOL": false}),
            json!({"NULL": true}),
            json!({"SS": ["a", "b"]}),
            json!({"NS": ["1", "2"]}),
            json!({"L": [{"S": "a"}, {"M": {"b": {"N": "1"}}}]}),
        ] {
            let attributes = attributes(&value);
            assert_eq!(to_json(&from_json(&attributes).unwrap()).unwrap(), attributes);
        }
    }

    #[test]
    fn what_is_no_attribute_is_refused_by_its_name() {
        for value in [
            json!("a"),
            json!({}),
            json!({"S": "a", "N": "1"}),
            json!({"S": 1}),
            json!({"N": "one"}),
            json!({"N": "inf"}),
            json!({"N": "1".repeat(65)}),
            json!({"B": "!"}),
            json!({"NULL": false}),
            json!({"SS": []}),
            json!({"SS": ["a", "a"]}),
            json!({"NS": ["a"]}),
            json!({"BS": ["AAE="]}),
            json!({"L": [{"S": 1}]}),
            json!({"M": {"b": 1}}),
            json!({"X": "a"}),
        ] {
            let fault = from_json(&attributes(&value)).unwrap_err();
            assert!(fault.to_string().starts_with("attributes.a"), "{value}: {fault}");
        }
    }
}
