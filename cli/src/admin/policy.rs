//! Policies as they are written in files.

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};
use shared::policy::Policy;

use super::input::Input;

/// What a file makes of a policy: members that it does not have stay, and `null` removes one (RFC 7396). The file has the
/// policy alone, or all of a service, as `service show --json` prints it.
pub(super) fn changed_by(input: &Input, policy: &Policy) -> Result<Policy> {
    let mut members = input.object()?;
    let patch = match members.remove("policy") {
        Some(Value::Object(policy)) => policy,
        Some(_) => bail!("{input}: policy must be an object"),
        None => members,
    };
    let mut merged = serde_json::to_value(policy)?;
    if let Some(member) = unknown(&merged, &patch).first() {
        bail!("{input}: a policy has no member {member}");
    }
    json_patch::merge(&mut merged, &patch.into());
    Policy::deserialize(merged).with_context(|| format!("{input} is not a policy"))
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
    use shared::policy::Preset;

    use super::*;

    fn change(name: &str, patch: &Value) -> Result<Policy> {
        let folder = std::env::temp_dir().join(format!("registrar-policy-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join(name);
        std::fs::write(&file, patch.to_string()).unwrap();
        changed_by(&Input::File(file), &Preset::Open.policy())
    }

    #[test]
    fn rfc7396_a_policy_is_changed_by_the_members_that_are_given() {
        let changed = change("some", &json!({"scopes": {"offered": "a b"}, "client_lifetime": 60})).unwrap();
        let mut expected = Preset::Open.policy();
        expected.scopes.offered = shared::metadata::Scope::parse("a b").unwrap();
        expected.client_lifetime = Some(60);
        assert_eq!(changed, expected);
        let whole = json!({"id": 1, "name": "Bank", "policy": {"scopes": {"offered": null}}, "registration": "open"});
        assert_eq!(change("whole", &whole).unwrap(), Preset::Open.policy());
    }

    #[test]
    fn a_misspelt_member_is_told_of_wherever_it_is_and_whatever_it_is() {
        for (number, (patch, part)) in [
            (json!({"registratoin": "open"}), "no member registratoin"),
            (json!({"client_lifetme": null}), "no member client_lifetme"),
            (json!({"scopes": {"ofered": "a"}}), "no member scopes.ofered"),
            (json!({"registration": "closed"}), "is not a policy"),
            (json!({"limits": null}), "is not a policy"),
            (json!({"policy": 1}), "policy must be an object"),
        ]
        .into_iter()
        .enumerate()
        {
            let fault = format!("{:#}", change(&number.to_string(), &patch).unwrap_err());
            assert!(fault.contains(part), "{patch}: {fault}");
        }
    }
}
