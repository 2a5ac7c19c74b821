//! Every event in `events/` answers as `events/expected/` says. There `"*"` stands for any value, also in a string that
//! holds an object, and `null` for an absent header.

use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::http::Request;

use crate::fixture;
use crate::support::World;

#[tokio::test]
async fn every_event_answers_as_expected() {
    let mut count = 0;
    for (name, _, _, answer) in Replay::all().await {
        assert_answer(&name, &expected(&name), &answer);
        assert_eq!(answer["headers"]["x-content-type-options"], "nosniff", "{name}");
        assert_eq!(answer["headers"]["strict-transport-security"], "max-age=31536000", "{name}");
        count += 1;
    }
    assert!(count > 30, "the events are there");
}

/// The answers to all events, one after the other, of a world that has what they need.
pub(crate) struct Replay;

impl Replay {
    /// Name, function, method and answer of each that is a request.
    pub(crate) async fn all() -> Vec<(String, String, String, Value)> {
        let world = World::for_fixed_paths(fixture::IDENTITY_CENTER_SERVICE, fixture::STET_SERVICE).await;
        fixture::install(world.app).await.unwrap();
        let mut answers = Vec::new();
        for path in events() {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            // Every rate begins anew.
            world.clock.advance(30);
            let event = std::fs::read_to_string(&path).unwrap();
            let function = name.split('.').next().unwrap().to_owned();
            if function == stream::FUNCTION {
                let applied = shared::stream::apply(world.app, serde_json::from_str(&event).unwrap()).await.unwrap();
                assert_eq!(serde_json::to_value(applied.answer).unwrap(), expected(&name), "{name}");
                continue;
            }
            let endpoint = registrar::endpoints()
                .find(|endpoint| endpoint.function == function)
                .unwrap_or_else(|| panic!("{name}: no function {function}"));
            let request = Request::from_event(&event).unwrap();
            let method = request.method.as_str().to_owned();
            let answer = serde_json::to_value(endpoint.answer(world.app, request).await).unwrap();
            answers.push((name, function, method, answer));
        }
        answers
    }
}

fn expected(name: &str) -> Value {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events/expected");
    serde_json::from_str(&std::fs::read_to_string(folder.join(name)).unwrap()).unwrap()
}

#[tokio::test]
async fn on_one_machine_no_browser_is_told_to_ask_by_https_only() {
    let world = World::for_fixed_paths(fixture::IDENTITY_CENTER_SERVICE, fixture::STET_SERVICE).await;
    for path in registrar::endpoints().flat_map(|endpoint| endpoint.paths) {
        let path: Vec<&str> =
            path.split('/').map(|segment| if segment.starts_with('{') { "1" } else { segment }).collect();
        let reply = world.send_bare("PATCH", &path.join("/"), None).await;
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{path:?}: {reply:?}");
        assert_eq!(reply.headers.get("strict-transport-security"), None, "{path:?}");
    }
}

pub(crate) fn events() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let mut events: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    events.sort();
    events
}

fn assert_answer(name: &str, expected: &Value, answer: &Value) {
    assert_eq!(answer["statusCode"], expected["statusCode"], "{name}: {answer}");
    for (header, value) in expected["headers"].as_object().unwrap() {
        let found = &answer["headers"][header];
        assert!(value == found || value == "*" && found.is_string(), "{name}: {header}: {found}");
    }
    let body = match answer["body"].as_str().unwrap() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap_or_else(|_| text.into()),
    };
    assert_eq!(difference("body", &expected["body"], &body), None, "{name}: {body}");
}

/// Where the first difference is, and what was found there.
fn difference(place: &str, expected: &Value, found: &Value) -> Option<String> {
    match (expected, found) {
        (Value::Object(members), Value::Object(values)) if members.keys().eq(values.keys()) => {
            members.iter().find_map(|(name, value)| difference(&format!("{place}.{name}"), value, &values[name]))
        }
        (Value::Array(items), Value::Array(values)) if items.len() == values.len() => {
            items.iter().zip(values).find_map(|(item, value)| difference(&format!("{place}[]"), item, value))
        }
        _ if expected == "*" || expected == found => None,
        _ => match (held(expected), held(found)) {
            (Some(expected), Some(found)) => difference(place, &expected, &found),
            _ => Some(format!("{place}: {found}")),
        },
    }
}

/// The object in a string.
fn held(value: &Value) -> Option<Value> {
    serde_json::from_str(value.as_str()?).ok().filter(Value::is_object)
}
