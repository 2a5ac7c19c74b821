//! The description of the API is what is checked in, and the API is what it describes: every answer to an event has a
//! status that is declared, with the content type and the members that are declared, and every status that is declared is
//! answered to an event, or elsewhere by a test that is named.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use axum::body::Body;
use jsonschema::Validator;
use serde_json::{Map, Value, json};

use shared::Error;
use shared::caller::Permission;
use shared::http::{Endpoint, Method};
use shared::policy::Preset;

use crate::authlete::{Owner, operator_token};
use crate::events::Replay;
use crate::support::World;
use crate::wiring::{read, root};

/// The statuses of a door that no event is answered with, and a test that is. Those that one operation has alone have
/// its function in place of the door.
const ELSEWHERE: &[(&str, u16, &str)] = &[
    ("client-configuration", 403, "b6_a_locked_client_is_403_until_an_operator_unlocks_it"),
    ("client-configuration", 429, "changes_of_clients_are_limited_and_apart_from_registrations"),
    ("client-lookup", 304, "an_unchanged_client_is_not_sent_again"),
    ("federation", 200, "s12_2_a_relying_party_registers_with_its_entity_configuration"),
    ("federation", 403, "a_lock_outlives_registrations_and_their_ends"),
    ("federation", 429, "strangers_wait_their_turn"),
    ("huawei-register-client", 403, "a_service_that_asks_for_tokens_or_statements_is_not_for_this_door"),
    ("huawei-register-client", 429, "one_network_registers_so_often_and_then_waits"),
    ("register", 403, "registration_that_is_switched_off_is_off_at_every_door"),
    ("register", 429, "a5_one_network_registers_so_often_and_then_waits"),
    ("stet", 400, "step_3_the_request_has_an_identifier"),
    ("stet", 401, "step_1_the_connections_certificate_is_checked"),
    ("stet", 403, "step_7_organization_and_roles_are_those_of_the_certificates"),
    ("stet", 406, "method_and_accept_come_first_and_other_paths_are_400"),
    ("stet", 408, "stet_every_status_has_both_error_models"),
    ("stet", 429, "an_organization_asks_as_much_as_an_operators_token_and_then_waits"),
    ("stet", 501, "banks_differ_by_settings_only"),
    ("stet", 503, "step_6_revocation_lists_count_as_the_policy_says"),
];

#[test]
fn the_document_is_what_the_code_says() {
    let is_same = read("docs/openapi.json") == openapi::text().unwrap();
    assert!(is_same, "{WRITE}");
}

const WRITE: &str = "cargo run --package registrar --example openapi writes it";

#[test]
fn the_collection_is_what_the_document_says() {
    let collection = openapi::collection(&document());
    let files = files(&root().join("docs/collection"), "");
    assert!(files.len() > 80);
    assert!(files == collection, "{WRITE}");
}

/// The files below a folder, by name.
fn files(folder: &Path, prefix: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{prefix}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            found.extend(files(&path, &format!("{name}/")));
        } else {
            found.insert(name, std::fs::read_to_string(path).unwrap());
        }
    }
    found
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

/// A function, a method, a status.
type Key = (String, String, u16);

/// What is declared of the answers of each operation.
struct Described {
    answers: BTreeMap<Key, Value>,
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
    fn fault(&self, key: &Key, answer: &Value) -> Option<String> {
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

const NONE: Option<&str> = None;

/// Every method of every path of the endpoints that are described.
fn described() -> impl Iterator<Item = (&'static Endpoint, &'static str, Method)> {
    let endpoints = registrar::endpoints().filter(|endpoint| !openapi::UNDESCRIBED.contains(&endpoint.function));
    endpoints.flat_map(|endpoint| {
        let methods = move |path: &'static str| endpoint.methods.iter().map(move |method| (endpoint, path, *method));
        endpoint.paths.iter().copied().flat_map(methods)
    })
}

/// Name, function, method and answer of a request.
type Answered = (String, String, String, Value);

/// What every operation of a kind answers alike: without a token, with one of another service, with one that asks too
/// often; a service that is none; a parameter that nobody knows; and a fault of the server.
struct Probes {
    world: World,
    token: String,
    answers: Vec<Answered>,
}

impl Probes {
    async fn all(document: &Value) -> Vec<Answered> {
        let world = World::open().await;
        world.service(2, Preset::Open.policy()).await;
        let token = operator_token(&world, Owner::Service(1), &Permission::ALL).await;
        let mut probes = Self { world, token, answers: Vec::new() };
        for (endpoint, path, method) in described() {
            probes.failed(endpoint, method);
            probes.ask("no-token", endpoint, method, path, [NONE; 2]).await;
            probes.ask("no-service", endpoint, method, &path.replace("{serviceId}", "x"), [NONE; 2]).await;
            let operation = &document["paths"][path.replace("+}", "}")][method.as_str().to_lowercase()];
            if operation["security"] == json!([{ "operator": [] }]) {
                probes.operator(endpoint, method, path).await;
            }
        }
        // The token has asked for more than it may.
        while probes.world.send_bare("GET", "/operator/whoami", Some(&probes.token)).await.status == 200 {}
        let token = probes.token.clone();
        for (endpoint, path, method) in described() {
            probes.ask("too-often", endpoint, method, path, [Some(&token), None]).await;
        }
        probes.answers
    }

    async fn operator(&mut self, endpoint: &Endpoint, method: Method, path: &str) {
        let owner = self.token.clone();
        let token = Some(owner.as_str());
        for (name, path, body) in [
            ("other-service", path.replace("{serviceId}", "2"), NONE),
            ("no-service", path.replace("{serviceId}", "x"), NONE),
            ("no-identifier", path.replace("{clientId", "a%23b{clientId"), NONE),
            ("unknown-parameter", format!("{path}?nothing=1"), NONE),
            ("malformed", path.to_owned(), Some("{")),
            ("empty", path.to_owned(), Some("{}")),
        ] {
            self.world.clock.advance(30);
            self.ask(name, endpoint, method, &path, [token, body]).await;
        }
    }

    /// Sends it with a token and a body; what stands in the path is one that there is not, unless it is given.
    async fn ask(&mut self, name: &str, endpoint: &Endpoint, method: Method, path: &str, sent: [Option<&str>; 2]) {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let part = |part: &str| match part.split_once('{') {
            Some(("", "serviceId}")) => "1".to_owned(),
            Some(("", "action}")) => "lock".to_owned(),
            Some(("", _)) => "nobody".to_owned(),
            Some((given, _)) => given.to_owned(),
            None => part.to_owned(),
        };
        let path = path.split('/').map(part).collect::<Vec<_>>().join("/");
        let [token, body] = sent;
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers: Vec<_> = body.iter().map(|_| ("content-type", "application/json")).collect();
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        let body = Body::from(body.unwrap_or_default().to_owned());
        let reply = self.world.send(method.as_str(), &format!("{path}?{query}"), &headers, body).await;
        let headers = reply.headers.iter().map(|(name, value)| (name.to_string(), value.to_str().unwrap().into()));
        let body = match &reply.body {
            Value::Null => String::new(),
            Value::String(text) => text.clone(),
            body => body.to_string(),
        };
        let answer = json!({ "statusCode": reply.status, "headers": headers.collect::<Map<_, _>>(), "body": body });
        self.answers.push((name.to_owned(), endpoint.function.to_owned(), method.as_str().to_owned(), answer));
    }

    /// The answer if the handler panics, and if it does not end in time.
    fn failed(&mut self, endpoint: &Endpoint, method: Method) {
        for error in [Error::internal("a bug"), Error::Unavailable("too slow".into())] {
            let answer = serde_json::to_value((endpoint.failed)(&error)).unwrap();
            self.answers.push(("failed".to_owned(), endpoint.function.to_owned(), method.as_str().to_owned(), answer));
        }
    }
}

#[tokio::test]
async fn every_answer_is_described_and_every_described_one_is_reached() {
    let described = Described::new();
    let (mut reached, mut faults) = (BTreeSet::new(), Map::new());
    let mut answered = Replay::all().await;
    answered.extend(Probes::all(&described.document).await);
    for (name, function, method, answer) in answered {
        let endpoint = registrar::endpoints().find(|endpoint| endpoint.function == function).unwrap();
        let is_method = endpoint.methods.iter().any(|known| known.as_str() == method);
        if !is_method || openapi::UNDESCRIBED.contains(&endpoint.function) {
            continue;
        }
        let status = answer["statusCode"].as_u64().unwrap();
        let key = (function, method, u16::try_from(status).unwrap());
        if let Some(fault) = described.fault(&key, &answer) {
            faults.insert(format!("{name}: {} {} {status}", key.0, key.1), fault.into());
        }
        reached.insert(key);
    }
    assert!(faults.is_empty(), "{:#}", Value::Object(faults));
    let tags = tags();
    let is_of = |key: &Key, of: &str| key.0 == of || tags.get(&key.0).is_some_and(|tag| *tag == of);
    let missing = |key: &&Key| key.1 != "HEAD" && !reached.contains(*key);
    let elsewhere = |key: &Key| ELSEWHERE.iter().any(|(of, status, _)| *status == key.2 && is_of(key, of));
    let nowhere: Vec<_> = described.answers.keys().filter(missing).filter(|key| !elsewhere(key)).collect();
    assert!(nowhere.is_empty(), "nobody is answered so: {nowhere:#?}");
    let sources = crate::wiring::sources();
    for (of, status, test) in ELSEWHERE {
        assert!(sources.contains(&format!("fn {test}(")), "{of} {status}: there is no test {test}");
        let mut missing = described.answers.keys().filter(missing);
        assert!(missing.any(|key| key.2 == *status && is_of(key, of)), "{of} {status}: nothing needs {test}");
    }
}

/// The door of each function.
fn tags() -> BTreeMap<String, &'static str> {
    let doors = openapi::doors();
    let functions = doors.iter().flat_map(|door| door.endpoints.iter().map(|endpoint| (endpoint.function, door.tag)));
    functions.map(|(function, tag)| (function.to_owned(), tag)).collect()
}
