//! The description of the API is what is checked in, and the API is what it describes: every answer to a test here has a
//! status that is declared, with the content type and the members that are declared, and every status that is declared is
//! answered to somebody.

mod described;
mod probes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde_json::Value;

use crate::events::Replay;
use crate::wiring::{read, root};
use crate::{client_configuration, federation, identity_center, lookup, strangers};
use described::{Answered, Described, Key, heard_by};

pub(crate) use described::hear;

/// Tests that are answered what no event and no probe is.
const OTHERS: &[fn()] = &[
    client_configuration::b6_a_locked_client_is_403_until_an_operator_unlocks_it,
    federation::ends::a_lock_outlives_registrations_and_their_ends,
    identity_center::a_service_that_asks_for_tokens_or_statements_is_not_for_this_door,
    identity_center::one_network_registers_so_often_and_then_waits,
    lookup::an_unchanged_client_is_not_sent_again,
    crate::authlete::registration::registration_that_is_switched_off_is_off_at_every_door,
    strangers::a5_one_network_registers_so_often_and_then_waits,
    strangers::changes_of_clients_are_limited_and_apart_from_registrations,
    strangers::strangers_wait_their_turn,
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

/// Where an answer is open, the schema of its other members says whose they are.
#[test]
fn no_answer_has_members_of_which_nothing_is_said() {
    let document = document();
    let (mut left, mut seen) = (Vec::new(), BTreeSet::new());
    for item in document["paths"].as_object().unwrap().values() {
        left.extend(item.as_object().unwrap().values().map(|operation| &operation["responses"]));
    }
    while let Some(value) = left.pop() {
        assert_ne!(value["additionalProperties"], true, "{value:#}");
        if let Some(place) = value["$ref"].as_str().filter(|place| seen.insert(*place)) {
            left.push(document.pointer(place.trim_start_matches('#')).unwrap());
        }
        left.extend(value.as_object().into_iter().flat_map(|members| members.values()));
        left.extend(value.as_array().into_iter().flatten());
    }
    assert!(seen.len() > 50);
}

fn document() -> Value {
    serde_json::from_str(&read("docs/openapi.json")).unwrap()
}

/// What is described if no policy names custom members, as none does where it is used.
fn closed() -> Value {
    let mut document = document();
    let custom = document.pointer_mut("/components/schemas/CustomMember").unwrap();
    *custom = false.into();
    document
}

#[tokio::test]
async fn every_answer_is_described_and_every_described_one_is_reached() {
    let described = Described::by(closed());
    let mut answers: Vec<Answered> = Replay::all().await.into_iter().map(Answered::event).collect();
    answers.extend(described::heard(probes::all(&described.document)).await);
    let reached = described.reached(&answers);
    let mut missing: BTreeSet<&Key> =
        described.keys().filter(|key| key.1 != "HEAD" && !reached.contains(*key)).collect();
    for test in OTHERS {
        let reached = described.reached(&heard_by(*test));
        let before = missing.len();
        missing.retain(|key| !reached.contains(*key));
        assert!(missing.len() < before, "what this is answered others are as well: {reached:#?}");
    }
    assert!(missing.is_empty(), "nobody is answered so: {missing:#?}");
}
