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
    Value(#[from] serde_path_to_error::Error<serde_json::Error>),
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
        Ok(serde_path_to_error::deserialize(merged)?)
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
