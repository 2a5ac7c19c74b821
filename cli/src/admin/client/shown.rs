//! What people are shown of a client: as the operators' API has it, with dates.

use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::policy::Policy;

use crate::admin::output::date;

/// Times of the API, in seconds since 1970, and what these dates are called here.
const DATES: [(&str, &str); 6] = [
    ("client_id_issued_at", "registered"),
    ("expires_at", "expires"),
    ("pending_until", "pending"),
    ("unused_until", "unused_until"),
    ("previous_secret_until", "previous_secret_until"),
    ("client_secret_expires_at", "client_secret_expires"),
];

/// What is known of a client beside its metadata.
const OWN: [&str; 23] = [
    "alias",
    "certificates",
    "client_id",
    "client_secret_expires",
    "client_type",
    "developer",
    "expires",
    "flags",
    "locked",
    "metadata_document",
    "numeric_id",
    "pending",
    "previous_secret_until",
    "registered",
    "resembles",
    "retained",
    "software",
    "source",
    "state",
    "trust_chain",
    "unused_until",
    "used",
    "version",
];

/// What of some members can be set of a client: what only the server says, or this program, is left out.
pub(super) fn settable(members: &Map<String, Value>) -> Map<String, Value> {
    let is_ours = |name: &str| operator::settable::is_servers(name) || OWN.contains(&name);
    members.iter().filter(|(name, _)| !is_ours(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// A client of the table.
pub(super) fn of(client: &RegisteredClient, policy: &Policy, now: u64) -> Map<String, Value> {
    displayed(operator::shown::client(client, policy, now))
}

/// A client as the API has it.
pub(super) fn displayed(mut members: Map<String, Value>) -> Map<String, Value> {
    members.insert("state".to_owned(), state(&members).into());
    let dates = dates(&members);
    for (name, _) in DATES {
        members.remove(name);
    }
    members.extend(dates);
    for name in ["metadata_document", "trust_chain", "certificates"] {
        if let Some(value) = members.remove(name) {
            members.insert(name.to_owned(), dated(value));
        }
    }
    members
}

/// The times of a client as the API has it, as dates, by what they are called here.
pub(super) fn dates(client: &Map<String, Value>) -> Map<String, Value> {
    // What ends at 0 does not end (RFC 7591 section 3.2.1).
    let time = |name: &str| client.get(name)?.as_u64().filter(|seconds| *seconds > 0);
    DATES.into_iter().filter_map(|(name, here)| Some((here.to_owned(), date(time(name)?).into()))).collect()
}

/// How a client stands as the API has it, in a word or some.
pub(super) fn state(client: &Map<String, Value>) -> String {
    let is_locked = client.get("locked") == Some(&Value::Bool(true));
    let (is_pending, is_retained) = (client.contains_key("pending_until"), client.contains_key("retained"));
    let words = [(is_locked, "locked"), (is_pending, "pending"), (is_retained, "retained")];
    let said: Vec<&str> = words.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect();
    if said.is_empty() { "active".to_owned() } else { said.join(" ") }
}

/// The same with dates in the place of times, and without what is not known.
fn dated(value: Value) -> Value {
    match value {
        Value::Array(values) => values.into_iter().map(dated).collect(),
        Value::Object(members) => {
            let members = members.into_iter().filter(|(_, value)| !value.is_null());
            Value::Object(members.map(|(name, value)| dated_member(&name, value)).collect())
        }
        value => value,
    }
}

fn dated_member(name: &str, value: Value) -> (String, Value) {
    let here = name.strip_suffix("_at").unwrap_or(name);
    let is_time = here != name || name.ends_with("_until") || ["not_before", "not_after"].contains(&name);
    match value {
        Value::Number(seconds) if is_time => (here.to_owned(), seconds.as_u64().map(date).into()),
        Value::Object(times) if name == "changed_members" => {
            let times = times.into_iter().map(|(member, at)| (member, at.as_u64().map(date).into()));
            (name.to_owned(), Value::Object(times.collect()))
        }
        value => (name.to_owned(), dated(value)),
    }
}

/// Whether a member that was sent is one of a client, by its name or, if that is no name of metadata, as it is.
pub(super) fn has(client: &Map<String, Value>, name: &str, value: &Value) -> bool {
    client.get(name).is_some_and(|found| !OWN.contains(&name) || found == value)
}
