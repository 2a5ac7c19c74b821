//! What answers of the operators' API must have: a server that is another one, or of another version, is told by the member
//! that it lacks, and what it lacks is not shown as nothing.

use serde_json::{Map, Value};

use crate::failure::{Failure, Kind};

/// What a member is.
#[derive(Clone, Copy)]
pub(in crate::admin) enum Is {
    Text,
    Number,
    Flag,
    List,
    /// An object of numbers.
    Numbers,
    /// A list of objects which have these members.
    Rows(&'static [Member]),
    /// The same, or nothing.
    RowsIfAny(&'static [Member]),
    /// A text in an entry of the audit with that subject.
    TextOf(&'static str),
}

/// A member that must be there.
pub(in crate::admin) type Member = (&'static str, Is);

/// A page of clients.
pub(in crate::admin) const CLIENTS: Member = (
    "clients",
    Is::Rows(&[
        ("client_id", Is::Text),
        ("client_id_issued_at", Is::Number),
        ("locked", Is::Flag),
        ("numeric_id", Is::Number),
        ("position", Is::Text),
        ("source", Is::Text),
        ("version", Is::Number),
    ]),
);

/// One client.
pub(in crate::admin) const CLIENT: [Member; 7] = [
    CHANGES,
    ("client_id", Is::Text),
    ("client_id_issued_at", Is::Number),
    ("locked", Is::Flag),
    ("numeric_id", Is::Number),
    ("source", Is::Text),
    ("version", Is::Number),
];

/// What rules did to what was sent, where something was.
const CHANGES: Member = ("changes", Is::RowsIfAny(&[("member", Is::Text), ("rule", Is::Text), ("what", Is::Text)]));

/// What became of each of many clients.
pub(in crate::admin) const RESULTS: Member = ("results", Is::Rows(&[("client_id", Is::Text), ("outcome", Is::Text)]));

/// What was changed.
pub(in crate::admin) const ENTRIES: Member = (
    "entries",
    Is::Rows(&[
        ("at", Is::Number),
        ("events", Is::List),
        ("subject", Is::Text),
        ("client_id", Is::TextOf("client")),
        ("kind", Is::TextOf("token")),
        ("token", Is::TextOf("token")),
    ]),
);

/// What was refused.
pub(in crate::admin) const REFUSALS: Member = (
    "refusals",
    Is::Rows(&[
        ("count", Is::Number),
        ("day", Is::Text),
        ("description", Is::Text),
        ("door", Is::Text),
        ("error", Is::Text),
        ("last_at", Is::Number),
        ("network", Is::Text),
        ("rule", Is::Text),
        ("samples", Is::List),
    ]),
);

/// How many clients each day has.
pub(in crate::admin) const DAYS: Member = ("days", Is::Rows(&[("clients", Is::Number), ("day", Is::Text)]));

/// What was registered and refused in each hour, by door.
pub(in crate::admin) const HOURS: Member =
    ("hours", Is::Rows(&[("hour", Is::Text), ("refusals", Is::Numbers), ("registered", Is::Numbers)]));

/// How many clients each developer has.
pub(in crate::admin) const DEVELOPERS: Member =
    ("developers", Is::Rows(&[("clients", Is::Number), ("developer", Is::Text)]));

/// What users have let clients have.
pub(in crate::admin) const GRANTS: Member = (
    "grants",
    Is::Rows(&[
        ("authorizations", Is::Rows(&[("grant_type", Is::Text), ("granted_at", Is::Number), ("scopes", Is::List)])),
        ("numeric_id", Is::Number),
        ("subject", Is::Text),
    ]),
);

/// What a token is.
pub(in crate::admin) const TOKEN: [Member; 3] = [("created_at", Is::Number), ("kind", Is::Text), ("token", Is::Text)];

/// Tokens of a service.
pub(in crate::admin) const TOKENS: Member = ("tokens", Is::Rows(&TOKEN));

/// The services of a token.
pub(in crate::admin) const SERVICES: Member = ("services", Is::Rows(&[("service_id", Is::Number)]));

/// How far an entity comes, and the statements of its trust chain.
pub(in crate::admin) const REHEARSAL: [Member; 2] = [
    ("checks", Is::Rows(&[("check", Is::Text), ("outcome", Is::Text)])),
    ("chain", Is::RowsIfAny(&[("exp", Is::Number), ("iat", Is::Number), ("iss", Is::Text), ("sub", Is::Text)])),
];

/// In what a policy differs, and what became of a registration.
pub(in crate::admin) const TRIAL: [Member; 3] = [
    ("differs", Is::Rows(&[("member", Is::Text)])),
    CHANGES,
    ("requires", Is::RowsIfAny(&[("rule", Is::Text), ("what", Is::Text)])),
];

impl Is {
    const fn name(self) -> &'static str {
        match self {
            Self::Text | Self::TextOf(_) => "a string",
            Self::Number => "a whole number",
            Self::Flag => "a boolean",
            Self::List => "an array",
            Self::Numbers => "an object of whole numbers",
            Self::Rows(_) | Self::RowsIfAny(_) => "an array of objects",
        }
    }
}

/// Whether an answer has what it must have.
///
/// # Errors
/// The first member that is missing, or is something else, by its path.
pub(in crate::admin) fn has(members: &Map<String, Value>, must_have: &[Member]) -> Result<(), Failure> {
    within(members, must_have, "")
}

fn within(members: &Map<String, Value>, must_have: &[Member], path: &str) -> Result<(), Failure> {
    must_have.iter().try_for_each(|(name, is)| {
        let path = format!("{path}{name}");
        match (is, members.get(*name)) {
            (Is::TextOf(subject), _) if members.get("subject").is_none_or(|found| found != subject) => Ok(()),
            (Is::RowsIfAny(_), None)
            | (Is::Text | Is::TextOf(_), Some(Value::String(_)))
            | (Is::Flag, Some(Value::Bool(_)))
            | (Is::List, Some(Value::Array(_))) => Ok(()),
            (Is::Number, Some(number)) if number.is_u64() => Ok(()),
            (Is::Numbers, Some(Value::Object(numbers))) if numbers.values().all(Value::is_u64) => Ok(()),
            (Is::Rows(must_have) | Is::RowsIfAny(must_have), Some(Value::Array(rows))) => {
                rows.iter().enumerate().try_for_each(|(at, row)| {
                    let path = format!("{path}[{at}]");
                    let row = row.as_object().ok_or_else(|| lacking(&path, "an object"))?;
                    within(row, must_have, &format!("{path}."))
                })
            }
            (is, _) => Err(lacking(&path, is.name())),
        }
    })
}

/// Takes the rows of an answer; none where it has none.
pub(in crate::admin) fn rows(members: &mut Map<String, Value>, name: &str) -> Vec<Map<String, Value>> {
    let Some(Value::Array(rows)) = members.remove(name) else { return Vec::new() };
    rows.into_iter().filter_map(|row| if let Value::Object(row) = row { Some(row) } else { None }).collect()
}

/// A text that an answer must have.
///
/// # Errors
/// That it is missing.
pub(in crate::admin) fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Result<&'m str, Failure> {
    members.get(name).and_then(Value::as_str).ok_or_else(|| lacking(name, Is::Text.name()))
}

/// A number that an answer must have.
///
/// # Errors
/// That it is missing.
pub(in crate::admin) fn number(members: &Map<String, Value>, name: &str) -> Result<u64, Failure> {
    members.get(name).and_then(Value::as_u64).ok_or_else(|| lacking(name, Is::Number.name()))
}

/// What is asked is not the operators' API, or not as this program knows it.
fn lacking(path: &str, what: &str) -> Failure {
    Failure::new(Kind::Refused, format!("the API's answer lacks {path}, {what}: is it the operators' API?"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_missing_is_named_by_its_path() {
        let lacks = |answer: &Value, must_have: &[Member]| {
            has(answer.as_object().unwrap(), must_have).map_err(|lack| lack.sentence)
        };
        let grant = json!({"authorizations": [], "numeric_id": 1, "subject": "a"});
        let authorization = json!({"grant_type": "code", "granted_at": 1});
        let more = json!({"authorizations": [authorization], "numeric_id": 1, "subject": "a"});
        let about_a_token = json!({"at": 1, "events": [], "subject": "token", "kind": "service"});
        let change = json!({"member": "a", "rule": "b", "what": 1});
        for (answer, must_have, path) in [
            (json!({}), GRANTS, "grants, an array of objects"),
            (json!({"grants": {}}), GRANTS, "grants, an array of objects"),
            (json!({"grants": [grant, 1]}), GRANTS, "grants[1], an object"),
            (
                json!({"grants": [{"authorizations": [], "numeric_id": "1"}]}),
                GRANTS,
                "grants[0].numeric_id, a whole number",
            ),
            (json!({"grants": [grant, more]}), GRANTS, "grants[1].authorizations[0].scopes, an array"),
            (json!({"entries": [about_a_token]}), ENTRIES, "entries[0].token, a string"),
            (json!({"changes": [change]}), CHANGES, "changes[0].what, a string"),
            (json!({"changes": null}), CHANGES, "changes, an array of objects"),
            (
                json!({"hours": [{"hour": "2026-09-21T14", "refusals": {}, "registered": {"oauth": -1}}]}),
                HOURS,
                "hours[0].registered, an object of whole numbers",
            ),
        ] {
            let expected = format!("the API's answer lacks {path}: is it the operators' API?");
            assert_eq!(lacks(&answer, &[must_have]), Err(expected), "{answer}");
        }
        let about_a_service = json!({"at": 1, "events": [], "subject": "service"});
        for (answer, must_have) in [
            (json!({"grants": [grant]}), GRANTS),
            (json!({"hours": [{"hour": "2026-09-21T14", "refusals": {}, "registered": {"oauth": 1}}]}), HOURS),
            (json!({"entries": [about_a_service]}), ENTRIES),
            (json!({}), CHANGES),
        ] {
            assert_eq!(lacks(&answer, &[must_have]), Ok(()), "{answer}");
        }
    }
}
