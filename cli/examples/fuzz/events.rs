//! Requests of strangers at every door, as API Gateway hands them over: the events of the tests with a body, a header, a
//! path or a query changed, against a whole registrar.

use std::path::PathBuf;
use std::sync::OnceLock;

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use serde_json::Value;
use shared::app::Settings;
use shared::http::Request;
use shared::time::Clock;

use super::Random;
use super::fixture::{self, IDENTITY_CENTER_SERVICE, STET_SERVICE};
use super::host::Host;

/// What strangers reach, or what an authorization server passes on of theirs.
const FUNCTIONS: [&str; 12] = [
    "register",
    "client-configuration",
    "discovery",
    "authlete-client-registration",
    "authlete-federation-registration",
    "federation-entity-configuration",
    "federation-explicit-registration",
    "huawei-register-client",
    "aws-register-client",
    "stet-register",
    "stet-client",
    "stet-token",
];

/// When the tests' events happen: what is signed in them is good then.
const NOW: u64 = 1_790_000_000;

const PIECES: [&str; 30] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ":",
    ",",
    "null",
    "true",
    "-1",
    "1e999",
    "99999999999999999999",
    "\u{0}",
    "\\u0000",
    "\\ud800",
    "\u{202e}",
    "\u{3164}",
    "\u{e9}",
    "\u{1f600}",
    "%",
    "%00",
    "#",
    "?",
    "/../",
    "https://",
    "http://localhost",
    "\"client_name\":\"Example Bank\",",
    "\"redirect_uris\":[\"",
    "\"jwks\":{\"keys\":[{}]},",
];

/// The events of those functions, each with its function's name.
fn events() -> &'static [(String, Value)] {
    static EVENTS: OnceLock<Vec<(String, Value)>> = OnceLock::new();
    EVENTS.get_or_init(|| {
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../events");
        let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
        let mut paths: Vec<PathBuf> = files.map(|file| file.path()).filter(|path| path.is_file()).collect();
        paths.sort();
        let read = |path: &PathBuf| {
            let function = path.file_name()?.to_str()?.split('.').next()?.to_owned();
            let event = serde_json::from_str(&std::fs::read_to_string(path).ok()?).ok()?;
            FUNCTIONS.contains(&function.as_str()).then_some((function, event))
        };
        paths.iter().filter_map(read).collect()
    })
}

pub(super) fn input(random: &mut Random) -> String {
    let (function, mut event) = random.one(events());
    for _ in 0..=random.below(2) {
        change(&mut event, random);
    }
    format!("{function} {event}")
}

fn change(event: &mut Value, random: &mut Random) {
    let headers = event.get("headers").and_then(Value::as_object);
    let names: Vec<String> = headers.map(|headers| headers.keys().cloned().collect()).unwrap_or_default();
    match random.below(8) {
        0 => {
            let place = format!("/headers/{}", random.one(&names));
            bend(event, &place, random);
        }
        1 => bend(event, "/rawQueryString", random),
        2 => bend(event, "/pathParameters/clientId", random),
        3 => bend(event, "/requestContext/authentication/clientCert/clientCertPem", random),
        _ => {
            if event.get("isBase64Encoded") == Some(&Value::Bool(true)) {
                let decoded = event.get("body").and_then(Value::as_str).and_then(|body| BASE64.decode(body).ok());
                let body = String::from_utf8_lossy(&decoded.unwrap_or_default()).into_owned();
                if let Some(event) = event.as_object_mut() {
                    event.insert("isBase64Encoded".to_owned(), false.into());
                    event.insert("body".to_owned(), body.into());
                }
            }
            bend(event, "/body", random);
        }
    }
}

fn bend(event: &mut Value, place: &str, random: &mut Random) {
    if let Some(Value::String(text)) = event.pointer_mut(place) {
        *text = random.bent(text, &PIECES);
    }
}

/// Whatever was sent, it is answered, and nothing fails.
pub(super) fn ask(input: &str) {
    static REGISTRAR: OnceLock<Result<Host, String>> = OnceLock::new();
    let registrar = REGISTRAR.get_or_init(|| start().map_err(|fault| fault.to_string()));
    let Ok(Host { runtime, app, .. }) = registrar else {
        unreachable!("there is a registrar: {:?}", registrar.as_ref().err())
    };
    let Some((function, event)) = input.split_once(' ') else { return };
    let endpoint = registrar::endpoints().find(|endpoint| endpoint.function == function);
    let Some(endpoint) = endpoint else { unreachable!("there is a function {function}") };
    let Ok(request) = Request::from_event(event) else { return };
    let answer = runtime.block_on(endpoint.answer(app, request));
    let answer = serde_json::to_value(answer).unwrap_or_default();
    let status = answer.get("statusCode").and_then(Value::as_u64).unwrap_or(500);
    assert!(status != 500 && status != 429, "{answer}");
    let body = answer.get("body").and_then(Value::as_str).unwrap_or_default();
    assert!(status < 400 || status == 405 || !body.is_empty(), "it says why: {answer}");
}

fn start() -> Result<Host, Box<dyn std::error::Error>> {
    let settings = Settings {
        identity_center_service: Some(IDENTITY_CENTER_SERVICE),
        stet_service: Some(STET_SERVICE),
        ..Settings::default()
    };
    let host = Host::start(Clock::fixed(NOW), settings)?;
    host.runtime.block_on(fixture::install(host.app))?;
    Ok(host)
}
