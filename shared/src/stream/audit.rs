//! From records to what is kept of them for the audit.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::change::sequence;
use super::event::{Image, Record};
use crate::audit::{Entry, Happening, Subject};
use crate::error::Error;

/// How many bytes of names one entry has: far less than an item, an event and a line of the log may have.
const MOST_BYTES: usize = 8 * 1024;

/// The entry that a record makes, unless it shows a change that is nobody's: a use, a count, a page of a purge.
///
/// # Errors
/// [`Error::Internal`] for a record without a number.
pub(super) fn entry(record: &Record, now: u64) -> Result<Option<Entry>, Error> {
    let change = &record.dynamodb;
    let (old, new) = (change.old_image.as_ref(), change.new_image.as_ref());
    let Some(image) = new.or(old) else { return Ok(None) };
    let Some((service, subject)) = subject(image, old) else { return Ok(None) };
    let at = record.at(now);
    let (events, members) = match subject {
        Subject::Client { .. } if image.grant().is_some() => of_grant(old, new),
        Subject::Client { .. } if record.restores() => (vec![Happening::Restored], BTreeSet::new()),
        Subject::Client { .. } if record.registers(at) => (vec![Happening::Registered], BTreeSet::new()),
        Subject::Client { .. } => of_client(old, new, at),
        Subject::Service => of_service(old, new),
        Subject::Token { .. } => (of_token(old, new, at).into_iter().collect(), BTreeSet::new()),
    };
    if events.is_empty() {
        return Ok(None);
    }
    let origin = new.map(|new| &new.changed);
    let said = |name: &str| origin.and_then(|origin| origin.get(name)).filter(|text| !text.is_empty()).cloned();
    Ok(Some(Entry {
        at,
        service,
        subject,
        events,
        members: bounded(members),
        actor: said("actor"),
        door: said("door"),
        address: said("address"),
        request_id: said("request_id"),
        sequence: sequence(record)?,
    }))
}

fn subject(image: &Image, old: Option<&Image>) -> Option<(Option<u64>, Subject)> {
    if let Some((service, numeric_id)) = image.client() {
        let client_id = image.client_id.clone()?;
        // A tombstone says it as well, but one that was made of nothing.
        let source = image.source.clone().or_else(|| old?.source.clone());
        return Some((Some(service), Subject::Client { client_id, numeric_id, source }));
    }
    // A user is not named: what users do is not operators' to keep.
    if let Some((service, numeric_id)) = image.grant() {
        return Some((
            Some(service),
            Subject::Client { client_id: image.client_id.clone()?, numeric_id, source: None },
        ));
    }
    if let Some(service) = image.after("S#") {
        return Some((Some(service.parse().ok()?), Subject::Service));
    }
    let token = image.after("T#").or_else(|| image.after("I#"))?.to_owned();
    let terms: Map<String, Value> = serde_json::from_str(image.token.as_deref()?).ok()?;
    let kind = terms.get("kind")?.as_str()?.to_owned();
    let service = image.service_id.as_deref().and_then(|id| id.parse().ok());
    Some((service, Subject::Token { token, kind, organization: image.organization.clone() }))
}

fn of_client(old: Option<&Image>, new: Option<&Image>, at: u64) -> (Vec<Happening>, BTreeSet<String>) {
    let Some(new) = new else {
        // What is removed before its time is purged with its service.
        let ended = old.is_some_and(|old| old.deleted_by.is_none() && old.has_ended(at));
        return (if ended { vec![Happening::Ended] } else { Vec::new() }, BTreeSet::new());
    };
    if new.deleted_by.is_some() {
        let event = match old {
            // By an end that is final nothing is kept any more.
            Some(old) if old.pruned && !new.pruned => Some(Happening::Deleted),
            Some(old) if old.deleted_by.is_some() => (old.locked && !new.locked).then_some(Happening::Unlocked),
            _ => Some(Happening::Deleted),
        };
        return (event.into_iter().collect(), BTreeSet::new());
    }
    // A use is no change, and moves an end without one.
    let Some(old) = old.filter(|old| old.version != new.version) else { return (Vec::new(), BTreeSet::new()) };
    let mut events = Vec::new();
    let mut note = |is_it: bool, event: Happening| events.extend(is_it.then_some(event));
    let mut members = if old.client == new.client { BTreeSet::new() } else { changed_members(old, new) };
    // Who approves a client approves its names.
    let approved = !vouched(old) && vouched(new) && members.remove("settings.vouched");
    note(!members.is_empty(), Happening::Updated);
    note(!old.locked && new.locked, Happening::Locked);
    note(old.locked && !new.locked, Happening::Unlocked);
    note(old.pending_until.is_none() && new.pending_until.is_some(), Happening::Held);
    note(approved || old.pending_until.is_some() && new.pending_until.is_none(), Happening::Approved);
    note(!old.retained && new.retained, Happening::Retained);
    note(old.retained && !new.retained, Happening::Released);
    note(old.secret_version != new.secret_version, Happening::SecretReplaced);
    note(old.rat_hash != new.rat_hash, Happening::RegistrationTokenReplaced);
    note(old.tokens_from != new.tokens_from, Happening::TokensEnded);
    // A change that changes nothing is one that somebody made.
    if events.is_empty() {
        events.push(Happening::Updated);
    }
    (events, members)
}

/// Whether an operator has approved its names.
fn vouched(image: &Image) -> bool {
    record(image).get("settings").and_then(|settings| settings.get("vouched")) == Some(&Value::Bool(true))
}

/// A client's record.
fn record(image: &Image) -> Map<String, Value> {
    image.client.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// What an operator has ended of a grant: authorizations, or the memory of scopes.
fn of_grant(old: Option<&Image>, new: Option<&Image>) -> (Vec<Happening>, BTreeSet<String>) {
    let ends = old.zip(new).filter(|(old, new)| new.ended.is_some() && new.ended != old.ended);
    let Some((old, new)) = ends else { return (Vec::new(), BTreeSet::new()) };
    let parts = [
        ("authorizations", !old.live.is_subset(&new.live)),
        ("scopes", (old.latest || old.merged) && !new.latest && !new.merged),
    ];
    let members: BTreeSet<String> =
        parts.into_iter().filter(|(_, has_ended)| *has_ended).map(|(name, _)| name.to_owned()).collect();
    (if members.is_empty() { Vec::new() } else { vec![Happening::GrantsEnded] }, members)
}

/// The members of a client's record that differ: its metadata by their own names.
fn changed_members(old: &Image, new: &Image) -> BTreeSet<String> {
    let (old, new) = (record(old), record(new));
    let part = |record: &Map<String, Value>, name: &str| {
        record.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
    };
    let mut members = differing(&part(&old, "metadata"), &part(&new, "metadata"), "");
    // In which languages, strangers say: it is one member.
    members = members.into_iter().map(|name| name.split('#').next().unwrap_or_default().to_owned()).collect();
    members.extend(differing(&part(&old, "settings"), &part(&new, "settings"), "settings."));
    members
}

/// So many names as an entry has room for, and where there are more, a sign of it.
fn bounded(members: BTreeSet<String>) -> Vec<String> {
    let mut bytes = 0;
    let mut kept: Vec<String> = Vec::new();
    for name in members {
        bytes += name.len();
        if bytes > MOST_BYTES {
            kept.push("…".to_owned());
            break;
        }
        kept.push(name);
    }
    kept
}

fn of_service(old: Option<&Image>, new: Option<&Image>) -> (Vec<Happening>, BTreeSet<String>) {
    let Some(new) = new else { return (Vec::new(), BTreeSet::new()) };
    let events = match (old.map(|old| old.deleted_by.is_some()), new.deleted_by.is_some()) {
        (None, false) => vec![Happening::Created],
        (Some(true), false) => vec![Happening::Restored],
        (None | Some(false), true) => vec![Happening::Deleted],
        (Some(true), true) => Vec::new(),
        (Some(false), false) => {
            let members = changed_settings(old.unwrap_or(new), new);
            let is_changed = old.is_some_and(|old| old.version != new.version);
            return (if is_changed { vec![Happening::Updated] } else { Vec::new() }, members);
        }
    };
    (events, BTreeSet::new())
}

fn changed_settings(old: &Image, new: &Image) -> BTreeSet<String> {
    let configuration = |image: &Image| -> Map<String, Value> {
        image.service.as_deref().and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    };
    let (mut was, mut is) = (configuration(old), configuration(new));
    let policy = |configuration: &mut Map<String, Value>| match configuration.remove("policy") {
        Some(Value::Object(policy)) => policy,
        _ => Map::new(),
    };
    let mut members = differing(&policy(&mut was), &policy(&mut is), "policy.");
    members.extend(differing(&was, &is, ""));
    if old.secrets_version != new.secrets_version {
        members.insert("secrets".to_owned());
    }
    members
}

fn differing(old: &Map<String, Value>, new: &Map<String, Value>, prefix: &str) -> BTreeSet<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let changed = names.into_iter().filter(|name| old.get(*name) != new.get(*name));
    changed.map(|name| format!("{prefix}{name}")).collect()
}

fn of_token(old: Option<&Image>, new: Option<&Image>, at: u64) -> Option<Happening> {
    match (old, new) {
        (None, Some(_)) => Some(Happening::Created),
        (Some(old), Some(new)) if new.revoked && !old.revoked => Some(Happening::Deleted),
        // That was told when it happened.
        (Some(old), None) if old.revoked => None,
        (Some(old), None) if old.has_ended(at) => Some(Happening::Ended),
        (Some(_), None) => Some(Happening::Deleted),
        // A use of one that is counted.
        (Some(_), Some(_)) | (None, None) => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const AT: u64 = 1_790_000_000;

    fn made(old: &Value, new: &Value) -> Option<Entry> {
        let change =
            json!({"OldImage": old, "NewImage": new, "SequenceNumber": "7", "ApproximateCreationDateTime": AT});
        entry(&serde_json::from_value(json!({ "dynamodb": change })).unwrap(), AT + 5).unwrap()
    }

    fn client(version: u64, name: &str) -> Value {
        let record = json!({"metadata": {"client_name": name, "client_secret_is_none": true}, "settings": {}});
        json!({"PK": {"S": "C#1#5"}, "client_id": {"S": "a"}, "source": {"S": "oauth"}, "locked": {"BOOL": false},
            "version": {"N": version.to_string()}, "client": {"S": record.to_string()}, "rat_hash": {"S": "h"},
            "secret": {"B": "c2VjcmV0"}, "secret_version": {"N": "1"},
            "changed": {"M": {"actor": {"S": "registrant"}, "door": {"S": "oauth"}, "address": {"S": "192.0.2.0/24"},
                "request_id": {"S": "r"}}}})
    }

    fn with(mut image: Value, name: &str, value: Value) -> Value {
        image[name] = value;
        image
    }

    fn with_settings(image: &Value, settings: &Value) -> Value {
        let text = image["client"]["S"].as_str().unwrap();
        let settings = format!("\"settings\":{settings}");
        with(image.clone(), "client", json!({"S": text.replace("\"settings\":{}", &settings)}))
    }

    #[test]
    fn each_change_of_a_client_is_told_once_and_a_use_is_none() {
        let (none, one, two) = (Value::Null, client(1, "A"), client(2, "A"));
        let tombstone = json!({"PK": {"S": "C#1#5"}, "client_id": {"S": "a"}, "deleted_by": {"S": "operator"},
            "version": {"N": "2"}, "expires_at": {"N": "1"}, "source": {"S": "oauth"}});
        let restorable = with(with(tombstone.clone(), "pruned", json!({"M": {}})), "tokens_from", json!({"N": "9"}));
        let issued = |at: u64| {
            let record = json!({"metadata": {}, "issued_at_millis": at}).to_string();
            with(with(client(3, "A"), "client", json!({"S": record})), "tokens_from", json!({"N": "9"}))
        };
        let ended = with(client(1, "A"), "expires_at", json!({"N": (AT - 1).to_string()}));
        let used = with(client(1, "A"), "used", json!({"S": "2026-09-21"}));
        for (what, old, new, expected) in [
            ("registered", &none, &one, vec![Happening::Registered]),
            ("registered under the name of a deleted one", &tombstone, &one, vec![Happening::Registered]),
            ("restored", &restorable, &issued(8), vec![Happening::Restored]),
            ("registered after a restorable one", &restorable, &issued(9), vec![Happening::Registered]),
            ("deleted for good", &restorable, &tombstone, vec![Happening::Deleted]),
            ("its names approved", &one, &with_settings(&two, &json!({"vouched": true})), vec![Happening::Approved]),
            ("no longer so", &with_settings(&one, &json!({"vouched": true})), &two, vec![Happening::Updated]),
            ("registered where one has ended", &ended, &two, vec![Happening::Registered]),
            ("used", &one, &used, vec![]),
            ("changed", &one, &client(2, "B"), vec![Happening::Updated]),
            ("changed into the same", &one, &two, vec![Happening::Updated]),
            ("locked", &one, &with(two.clone(), "locked", json!({"BOOL": true})), vec![Happening::Locked]),
            ("held", &one, &with(two.clone(), "pending_until", json!({"N": "9"})), vec![Happening::Held]),
            ("approved", &with(one.clone(), "pending_until", json!({"N": "9"})), &two, vec![Happening::Approved]),
            ("retained", &one, &with(two.clone(), "retained", json!({"BOOL": true})), vec![Happening::Retained]),
            (
                "a new secret",
                &one,
                &with(two.clone(), "secret_version", json!({"N": "2"})),
                vec![Happening::SecretReplaced],
            ),
            (
                "a new token",
                &one,
                &with(two.clone(), "rat_hash", json!({"S": "i"})),
                vec![Happening::RegistrationTokenReplaced],
            ),
            ("tokens ended", &one, &with(two.clone(), "tokens_from", json!({"N": "1"})), vec![Happening::TokensEnded]),
            ("deleted", &one, &tombstone, vec![Happening::Deleted]),
            (
                "its name is free again",
                &with(tombstone.clone(), "locked", json!({"BOOL": true})),
                &tombstone,
                vec![Happening::Unlocked],
            ),
            ("a page of its purge", &tombstone, &with(tombstone.clone(), "purges", json!({"N": "1"})), vec![]),
            ("ended", &ended, &none, vec![Happening::Ended]),
            ("purged with its service", &one, &none, vec![]),
            ("the tombstone's end", &tombstone, &none, vec![]),
        ] {
            assert_eq!(made(old, new).map(|entry| entry.events).unwrap_or_default(), expected, "{what}");
        }
        let entry = made(&one, &client(2, "B")).unwrap();
        assert_eq!(entry.members, ["client_name"]);
        let mut told = two.clone();
        let record = two["client"]["S"].as_str().unwrap().replacen(
            '{',
            r#"{"changes":[{"rule":"scopes","added":["scope"]}],"#,
            1,
        );
        told["client"]["S"] = json!(record);
        let same = made(&one, &told).unwrap();
        assert_eq!((same.events, same.members.len()), (vec![Happening::Updated], 0), "what was sent is no member");
        assert_eq!((entry.actor.as_deref(), entry.door.as_deref()), (Some("registrant"), Some("oauth")));
        let written = serde_json::to_string(&entry).unwrap();
        assert!(!written.contains("c2VjcmV0") && !written.contains("\"h\""), "{written}");
        assert_eq!(serde_json::from_str::<Entry>(&written).unwrap(), entry);
    }

    #[test]
    fn an_entry_has_room_for_so_many_names() {
        let metadata = |names: &mut dyn Iterator<Item = String>| {
            let members: Map<String, Value> = names.map(|name| (name, "A".into())).collect();
            with(client(2, "A"), "client", json!({"S": json!({"metadata": members}).to_string()}))
        };
        let languages = metadata(&mut (0..100).map(|tag| format!("client_name#x-{tag}")));
        assert_eq!(made(&client(1, "A"), &languages).unwrap().members, ["client_name", "client_secret_is_none"]);
        let tenants = metadata(&mut (0..1000).map(|number| format!("tenant_{number:050}")));
        let entry = made(&client(1, "A"), &tenants).unwrap();
        assert_eq!(entry.members.last().map(String::as_str), Some("…"));
        assert!(serde_json::to_string(&entry).unwrap().len() < 2 * MOST_BYTES);
        let one =
            made(&client(1, "A"), &metadata(&mut [format!("tenant_{}", "x".repeat(60_000))].into_iter())).unwrap();
        assert_eq!(one.members, ["client_name", "client_secret_is_none", "…"]);
    }

    #[test]
    fn services_and_tokens_are_told_of() {
        let service = |version: u64, lifetime: u64, name: &str| {
            let text = json!({"name": name, "policy": {"client_lifetime": lifetime}}).to_string();
            json!({"PK": {"S": "S#1"}, "service": {"S": text}, "version": {"N": version.to_string()}, "data_key": {"B": "AQ=="}})
        };
        let one = service(1, 1, "a");
        assert_eq!(made(&Value::Null, &one).unwrap().events, [Happening::Created]);
        let changed = made(&one, &service(2, 2, "b")).unwrap();
        assert_eq!(
            (changed.events, changed.members),
            (vec![Happening::Updated], vec!["name".to_owned(), "policy.client_lifetime".to_owned()])
        );
        let deleted = with(service(2, 1, "a"), "deleted_by", json!({"S": "operator"}));
        assert_eq!(made(&one, &deleted).unwrap().events, [Happening::Deleted]);
        assert_eq!(made(&deleted, &service(3, 1, "a")).unwrap().events, [Happening::Restored]);
        assert_eq!(made(&deleted, &with(deleted.clone(), "purges", json!({"N": "1"}))), None);

        let token = json!({"PK": {"S": "I#digest"}, "token": {"S": json!({"kind": "initial_access"}).to_string()},
            "service_id": {"N": "1"}, "uses_left": {"N": "2"}});
        let entry = made(&Value::Null, &token).unwrap();
        assert_eq!((entry.service, entry.events), (Some(1), vec![Happening::Created]));
        assert_eq!(made(&token, &with(token.clone(), "uses_left", json!({"N": "1"}))), None, "a use");
        assert_eq!(made(&token, &Value::Null).unwrap().events, [Happening::Deleted]);
        for other in ["G#1#x", "N#1", "L#x", "A#1#5", "U#1#alias#a"] {
            assert_eq!(made(&Value::Null, &json!({"PK": {"S": other}, "client_id": {"S": "a"}})), None, "{other}");
        }
    }
}
