//! The description of the API is what is checked in, and the API is what it describes: every answer to an event has a
//! status that is declared, with the content type and the members that are declared, and every status that is declared is
//! answered to an event, or elsewhere by a test that is named.

use std::collections::{BTreeMap, BTreeSet};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::events::Replay;
use crate::wiring::read;

/// The statuses of a door that no event is answered with, and a test that is. Those that one operation has alone have
/// its function in place of the door.
const ELSEWHERE: &[(&str, u16, &str)] = &[];

#[test]
fn the_document_is_what_the_code_says() {
    let is_same = read("docs/openapi.json") == openapi::text().unwrap();
    assert!(is_same, "write it: cargo run --package registrar --example openapi > docs/openapi.json");
}

#[test]
fn every_method_of_every_endpoint_is_described() {
    let mut methods = BTreeSet::new();
    for endpoint in registrar::endpoints().filter(|endpoint| !openapi::UNDESCRIBED.contains(&endpoint.function)) {
        methods.extend(endpoint.methods.iter().map(|method| (endpoint.function, method.as_str())));
    }
    methods.retain(|(_, method)| *method != "HEAD");
    assert_eq!(openapi::described(), methods);
}

#[test]
fn the_policy_has_the_members_of_the_document() {
    let document = document();
    let rows = read("docs/policy.md");
    let rows = rows.lines().skip_while(|line| !line.starts_with("| member | meaning |")).skip(2);
    let mut members = 0;
    for row in rows.take_while(|line| line.starts_with('|')) {
        let name = row.split('`').nth(1).unwrap();
        let path = name.replace('.', "/properties/");
        let place = format!("/components/schemas/Policy/properties/{path}");
        assert!(document.pointer(&place).is_some(), "{name}");
        members += 1;
    }
    assert!(members > 30);
}

fn document() -> Value {
    serde_json::from_str(&read("docs/openapi.json")).unwrap()
}

/// A document that has no open object where answers are ours: what a service keeps beside is not in the events.
fn closed(mut document: Value) -> Value {
    let schemas = document["components"]["schemas"].as_object_mut().unwrap();
    for (name, schema) in schemas {
        if schema["additionalProperties"] == true && !OPEN.contains(&name.as_str()) {
            schema["additionalProperties"] = false.into();
        }
    }
    document
}

/// Objects that are somebody else's: what operators write into a service, and extensions of metadata.
const OPEN: [&str; 3] = ["AuthleteClientExtension", "AuthleteScope", "ServerMetadata"];

/// What is declared of the answers of each operation: function, method, status.
struct Described {
    answers: BTreeMap<(String, String, u16), Value>,
    document: Value,
}

impl Described {
    fn new() -> Self {
        let document = closed(document());
        let mut answers = BTreeMap::new();
        for endpoint in registrar::endpoints() {
            for path in endpoint.paths {
                let item = &document["paths"][path.replace("+}", "}")];
                for (method, operation) in
                    item.as_object().into_iter().flatten().filter(|(name, _)| *name != "parameters")
                {
                    for (status, answer) in operation["responses"].as_object().unwrap() {
                        let answer = match answer["$ref"].as_str() {
                            Some(place) => document.pointer(place.trim_start_matches('#')).unwrap(),
                            None => answer,
                        };
                        let key = (endpoint.function.to_owned(), method.to_uppercase(), status.parse().unwrap());
                        answers.insert(key, answer.clone());
                    }
                }
            }
        }
        Self { answers, document }
    }

    /// What is wrong with an answer, if anything is.
    fn fault(&self, key: &(String, String, u16), answer: &Value) -> Option<String> {
        let Some(declared) = self.answers.get(key) else { return Some("the status is not declared".to_owned()) };
        let body = answer["body"].as_str().unwrap();
        let content_type = answer["headers"]["content-type"].as_str().map(|kind| kind.split(';').next().unwrap());
        let Some(content_type) = content_type else {
            return (!body.is_empty()).then(|| "there is a body without a type".to_owned());
        };
        if key.1 == "HEAD" {
            return None;
        }
        let Some(media) = declared["content"].get(content_type) else {
            return Some(format!("{content_type} is not declared"));
        };
        let value = if content_type == "application/json" { serde_json::from_str(body).unwrap() } else { body.into() };
        let errors: Vec<String> = self
            .validator(&media["schema"])
            .iter_errors(&value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }

    fn validator(&self, schema: &Value) -> Validator {
        let mut schema = json!({ "allOf": [schema], "$schema": "https://json-schema.org/draft/2020-12/schema" });
        schema["components"] = json!({ "schemas": self.document["components"]["schemas"] });
        jsonschema::validator_for(&schema).unwrap()
    }
}

#[tokio::test]
async fn every_answer_to_an_event_is_described_and_every_described_one_is_reached() {
    let described = Described::new();
    let (mut reached, mut faults) = (BTreeSet::new(), Map::new());
    for (name, function, method, answer) in Replay::all().await {
        let endpoint = registrar::endpoints().find(|endpoint| endpoint.function == function).unwrap();
        let is_method = endpoint.methods.iter().any(|known| known.as_str() == method);
        if !is_method || openapi::UNDESCRIBED.contains(&endpoint.function) {
            continue;
        }
        let status = answer["statusCode"].as_u64().unwrap();
        let key = (function, method, u16::try_from(status).unwrap());
        if let Some(fault) = described.fault(&key, &answer) {
            faults.insert(format!("{name}: {} {}", key.1, key.2), fault.into());
        }
        reached.insert(key);
    }
    assert!(faults.is_empty(), "{:#}", Value::Object(faults));
    let tags = tags();
    let is_of = |key: &(String, String, u16), of: &str| key.0 == of || tags.get(&key.0).is_some_and(|tag| *tag == of);
    let elsewhere =
        |key: &(String, String, u16)| ELSEWHERE.iter().any(|(of, status, _)| *status == key.2 && is_of(key, of));
    let missing: Vec<_> =
        described.answers.keys().filter(|key| key.1 != "HEAD" && !reached.contains(key) && !elsewhere(key)).collect();
    assert!(missing.is_empty(), "no event is answered so: {missing:#?}");
    let sources = crate::wiring::sources();
    for (of, status, test) in ELSEWHERE {
        assert!(sources.contains(&format!("fn {test}(")), "{of} {status}: there is no test {test}");
        let mut declared = described.answers.keys();
        let is_declared = declared.any(|key| key.2 == *status && is_of(key, of) && !reached.contains(key));
        assert!(is_declared, "{of} {status}: nothing needs {test}");
    }
}

/// The door of each function.
fn tags() -> BTreeMap<String, &'static str> {
    let doors = openapi::doors();
    let functions = doors.iter().flat_map(|door| door.endpoints.iter().map(|endpoint| (endpoint.function, door.tag)));
    functions.map(|(function, tag)| (function.to_owned(), tag)).collect()
}
