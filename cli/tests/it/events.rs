//! Every event in `events/` answers as `events/expected/` says; `"*"` there stands for any value.

use std::path::{Path, PathBuf};

use serde_json::Value;
use shared::http::Request;

use crate::fixture;
use crate::support::World;

#[tokio::test]
async fn every_event_answers_as_expected() {
    let world = World::empty().await;
    fixture::install(world.app).await.unwrap();
    let events = events();
    assert!(events.len() > 30, "the events are there");
    for path in events {
        let name = path.file_name().unwrap().to_str().unwrap();
        let event = std::fs::read_to_string(&path).unwrap();
        let expected = std::fs::read_to_string(path.with_file_name("expected").join(name)).unwrap();
        let expected: Value = serde_json::from_str(&expected).unwrap();
        let function = name.split('.').next().unwrap();
        if function == stream::FUNCTION {
            let answer = shared::stream::apply(world.app, serde_json::from_str(&event).unwrap()).await.unwrap();
            assert_eq!(serde_json::to_value(answer).unwrap(), expected, "{name}");
            continue;
        }
        let endpoint = registrar::endpoints()
            .find(|endpoint| endpoint.function == function)
            .unwrap_or_else(|| panic!("{name}: no function {function}"));
        let request = Request::from_event(&event).unwrap();
        let answer = serde_json::to_value(endpoint.answer(world.app, request).await).unwrap();
        assert_answer(name, &expected, &answer);
    }
}

fn events() -> Vec<PathBuf> {
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
        assert_eq!(&answer["headers"][header], value, "{name}: {header}");
    }
    let body = match answer["body"].as_str().unwrap() {
        "" => Value::Null,
        text => serde_json::from_str(text).unwrap(),
    };
    let (Some(members), Some(body)) = (expected["body"].as_object(), body.as_object()) else {
        return assert_eq!(body, expected["body"], "{name}");
    };
    let names = |members: &serde_json::Map<String, Value>| members.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(body), names(members), "{name}: {body:?}");
    for (member, value) in members.iter().filter(|(_, value)| *value != "*") {
        assert_eq!(&body[member], value, "{name}: {member}");
    }
}
