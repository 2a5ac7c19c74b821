//! Policies as operators write them.

use serde_json::{Map, Value};

use super::Policy;

/// Why what an operator has written is no policy.
#[derive(Debug, thiserror::Error)]
pub enum WrittenFault {
    /// It has a member that no policy has; within an object its path, with dots.
    #[error("a policy has no member {0}")]
    UnknownMember(String),
    /// A member has a value that it cannot have.
    #[error("{0}")]
    Value(ValueFault),
}

/// A member that has a value that it cannot have, and what it has to be, in the words of JSON.
#[derive(Debug, thiserror::Error)]
#[error("{}{reason}", if path == "." { String::new() } else { format!("{path}: ") })]
pub struct ValueFault {
    path: String,
    reason: String,
}

impl From<serde_path_to_error::Error<serde_json::Error>> for ValueFault {
    fn from(error: serde_path_to_error::Error<serde_json::Error>) -> Self {
        Self { path: error.path().to_string(), reason: in_words_of_json(&error.inner().to_string()) }
    }
}

/// What a reader of JSON says, without the words of the language that this program is written in.
fn in_words_of_json(message: &str) -> String {
    if let Some(name) = message.strip_prefix("missing field ") {
        return format!("{} is missing", name.replace('`', ""));
    }
    let Some((found, expected)) = message.split_once(", expected ") else { return message.to_owned() };
    if let Some(value) = found.strip_prefix("unknown variant ") {
        return format!("{value} is not {expected}").replace('`', "\"");
    }
    let expected = match expected {
        "u64" | "usize" => "a whole number from 0",
        "u32" => "a whole number from 0 to 4294967295",
        "u16" => "a whole number from 0 to 65535",
        "string or map" => "a string",
        "a map" => "an object",
        "a sequence" => "an array",
        "unit" => "null",
        other if other.starts_with("struct ") => "an object",
        other if other.contains("enum ") => "a string",
        other => other,
    };
    format!("must be {expected}")
}

impl Policy {
    /// This policy with those members changed: what is not given stays, `null` removes (RFC 7396).
    ///
    /// # Errors
    /// [`WrittenFault`], naming the member.
    pub fn patched(&self, patch: Map<String, Value>) -> Result<Self, WrittenFault> {
        let mut merged = serde_json::to_value(self).unwrap_or_default();
        if let Some(member) = unknown(&merged, &patch).into_iter().next() {
            return Err(WrittenFault::UnknownMember(member));
        }
        json_patch::merge(&mut merged, &patch.into());
        serde_path_to_error::deserialize(merged).map_err(|error| WrittenFault::Value(error.into()))
    }
}

/// The members of a change that no policy has: the functions ignore those of later versions, but whoever writes a policy
/// wants to hear of a misspelt one, if only to remove it.
fn unknown(policy: &Value, patch: &Map<String, Value>) -> Vec<String> {
    let mut unknown = Vec::new();
    let mut all = policy.clone();
    overlay(&mut all, patch);
    // What has a wrong type is told of later.
    let _ = serde_ignored::deserialize::<_, _, Policy>(all, |path| unknown.push(path.to_string()));
    unknown
}

/// As a merge, with every `null` in its place.
fn overlay(target: &mut Value, patch: &Map<String, Value>) {
    let Value::Object(members) = target else { return };
    for (name, value) in patch {
        match (members.get_mut(name), value) {
            (Some(inner @ Value::Object(_)), Value::Object(patch)) => overlay(inner, patch),
            _ => drop(members.insert(name.clone(), value.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::policy::Preset;

    #[test]
    fn what_a_member_has_to_be_is_said_in_words_of_json() {
        for (patch, expected) in [
            (json!({"limits": {"redirect_uris": -1}}), "limits.redirect_uris: must be a whole number from 0"),
            (json!({"limits": {"redirect_uris": 1.5}}), "limits.redirect_uris: must be a whole number from 0"),
            (json!({"limits": []}), "limits: must be an object"),
            (json!({"limits": null}), "limits is missing"),
            (json!({"limits": 1}), "limits: must be an object"),
            (json!({"registration": 1}), "registration: must be a string"),
            (json!({"registration": "closed"}), r#"registration: "closed" is not "open" or "initial_access_token""#),
            (json!({"doors": "oauth"}), "doors: must be an array"),
            (json!({"dynamic_registration": "yes"}), "dynamic_registration: must be a boolean"),
            (json!({"client_lifetime": "1d"}), "client_lifetime: must be a whole number from 0"),
            (json!({"scopes": {"offered": ""}}), "scopes.offered: "),
            (json!({"software_statements": {"required": true, "issuers": [{}]}}), "issuer is missing"),
        ] {
            let members = patch.as_object().cloned().unwrap();
            let fault = Preset::Open.policy().patched(members).unwrap_err().to_string();
            assert!(fault.contains(expected), "{patch}: {fault}");
            for foreign in ["usize", "u64", "struct", "integer `", "variant", "sequence", "map"] {
                assert!(!fault.contains(foreign), "{patch}: {fault}");
            }
        }
    }
}
