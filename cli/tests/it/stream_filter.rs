//! What of the table's stream the template has delivered: all that the stream function acts upon, and of items that mean
//! nothing to it, nothing.

use std::collections::{BTreeMap, BTreeSet};

use registrar::streams::{self, Follower};
use serde_json::Value;
use shared::http::Request;
use shared::time::DAY;

use crate::events::events;
use crate::fault_proxy::FaultProxy;
use crate::fixture;
use crate::support::{World, web_client};
use crate::wiring::{read, template};

/// The patterns of the template: of a record that one of them matches the function is told.
fn patterns() -> Vec<Value> {
    let template = template();
    let changes = &template["Resources"]["Stream"]["Properties"]["Events"]["Changes"]["Properties"];
    let filters = changes["FilterCriteria"]["Filters"].as_sequence().unwrap();
    filters.iter().map(|filter| serde_json::from_str(filter["Pattern"].as_str().unwrap()).unwrap()).collect()
}

/// Whether a pattern matches a value that may be absent, as Lambda's event filtering has it: all members of an object have
/// to, and one rule of an array.
fn matches(pattern: &Value, value: Option<&Value>) -> bool {
    let member = |name: &str| value.and_then(|value| value.get(name));
    match pattern {
        Value::Object(members) => members.iter().all(|(name, pattern)| matches(pattern, member(name))),
        Value::Array(rules) => rules.iter().any(|rule| allows(rule, value)),
        other => panic!("{other} is no pattern"),
    }
}

/// Whether a rule allows a value. One that is not known here fails the test.
fn allows(rule: &Value, value: Option<&Value>) -> bool {
    let operators: Vec<(&str, &Value)> =
        rule.as_object().into_iter().flatten().map(|(name, operand)| (name.as_str(), operand)).collect();
    match (operators.as_slice(), rule) {
        ([("prefix", Value::String(prefix))], _) => {
            value.and_then(Value::as_str).is_some_and(|text| text.starts_with(prefix))
        }
        // It is for leaves alone.
        ([("exists", Value::Bool(exists))], _) => value.is_some_and(|value| !value.is_object()) == *exists,
        ([], Value::String(_) | Value::Number(_) | Value::Bool(_) | Value::Null) => value == Some(rule),
        _ => panic!("{rule} is a rule that is not known here"),
    }
}

/// What was seen of the records of one kind of item and one kind of change.
#[derive(Debug, Default)]
struct Seen {
    delivered: usize,
    left_out: usize,
}

/// The kind of item that a record is of, and of change.
fn kind(record: &Value) -> (String, String) {
    let key = record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap();
    (key.split('#').next().unwrap().to_owned(), record["eventName"].as_str().unwrap().to_owned())
}

/// A stream, and how the function that follows it asks the table.
struct Scene {
    world: World,
    near: World,
    proxy: FaultProxy,
    seen: BTreeMap<(String, String), Seen>,
}

impl Scene {
    async fn new() -> Self {
        let (identity_center, stet) = (fixture::IDENTITY_CENTER_SERVICE, fixture::STET_SERVICE);
        let world = World::for_fixed_paths(identity_center, stet).await;
        fixture::install(world.app).await.unwrap();
        let proxy = FaultProxy::start(&world.url()).await;
        let near = World::at_for_fixed_paths(&proxy.url(), identity_center, stet);
        Self { world, near, proxy, seen: BTreeMap::new() }
    }

    fn pass(&self, seconds: u64) {
        self.world.clock.advance(seconds);
        self.near.clock.advance(seconds);
    }

    /// All that is asked of a deployment in `events/`.
    async fn ask(&self) {
        for path in events() {
            self.pass(30);
            let function = path.file_name().unwrap().to_str().unwrap().split('.').next().unwrap();
            let event = std::fs::read_to_string(&path).unwrap();
            if let Some(endpoint) = registrar::endpoints().find(|endpoint| endpoint.function == function) {
                endpoint.answer(self.world.app, Request::from_event(&event).unwrap()).await;
            }
        }
        let limited = World::deployed_at(&self.world.url());
        for _ in 0..10 {
            limited.register(101, None, &web_client()).await;
        }
    }

    /// Follows the stream record by record, and what follows from that, to its end.
    async fn follow(&mut self) {
        let (mut follower, patterns) = (Follower::new(self.world.table()), patterns());
        loop {
            let (records, next) = follower.records(500).unwrap();
            if records.is_empty() {
                return;
            }
            for record in records {
                let is_delivered = patterns.iter().any(|pattern| matches(pattern, Some(&record)));
                self.proxy.requests();
                let event = streams::event(vec![record.clone()]).unwrap();
                let applied = shared::stream::apply(self.near.app, event).await.unwrap();
                let is_write = |request: &String| {
                    !["GetItem", "BatchGetItem", "Query"].iter().any(|read| request.starts_with(&format!("{read} ")))
                };
                let acts = !applied.audited.is_empty() || self.proxy.requests().iter().any(is_write);
                assert!(is_delivered || !acts, "the function never hears of {record}");
                let seen = self.seen.entry(kind(&record)).or_default();
                *if is_delivered { &mut seen.delivered } else { &mut seen.left_out } += 1;
            }
            follower.pass(next).unwrap();
        }
    }
}

/// The kinds of items that `docs/storage.md` has.
fn documented() -> BTreeSet<String> {
    let document = read("docs/storage.md");
    let rows = document.lines().skip_while(|line| !line.starts_with("| item | `PK`")).skip(2);
    let rows = rows.take_while(|line| line.starts_with('|'));
    let key = |row: &str| row.split('|').nth(2).unwrap().split(['`', '#']).nth(1).map(str::to_owned);
    rows.filter_map(key).filter(|key| key.len() == 1).collect()
}

#[tokio::test]
async fn the_stream_function_is_sent_all_that_it_acts_upon_and_no_items_that_mean_nothing_to_it() {
    let mut scene = Scene::new().await;
    scene.ask().await;
    scene.follow().await;
    scene.pass(3650 * DAY);
    scene.world.sweep().await;
    scene.follow().await;

    let seen = &scene.seen;
    let kinds: BTreeSet<String> = seen.keys().map(|(kind, _)| kind.clone()).collect();
    assert_eq!(kinds, documented(), "each kind of item was written");
    let of = |letter: &str, change: &str| {
        seen.get(&(letter.to_owned(), change.to_owned())).map(|seen| (seen.delivered, seen.left_out))
    };
    for (kind, seen) in seen {
        match (kind.0.as_str(), kind.1.as_str()) {
            ("C" | "S" | "X", _) | ("T" | "I", "INSERT" | "REMOVE") => assert_eq!(seen.left_out, 0, "{kind:?}"),
            ("T" | "I" | "V", "MODIFY") => {}
            _ => assert_eq!(seen.delivered, 0, "{kind:?}"),
        }
    }
    for (letter, delivered, left_out) in
        [("I", "what is revoked", "what is used"), ("V", "what an operator ends", "what a user grants")]
    {
        let (told, untold) = of(letter, "MODIFY").unwrap_or_default();
        assert!(told > 0 && untold > 0, "{delivered}, {left_out}: {seen:?}");
    }
}

#[test]
#[should_panic(expected = "is a rule that is not known here")]
fn a_rule_that_is_not_known_here_fails_the_test() {
    let pattern = serde_json::json!({"eventName": [{"suffix": "ERT"}]});
    matches(&pattern, Some(&serde_json::json!({"eventName": "INSERT"})));
}
