//! `registrar policy`, and policies as they are written in files.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value, json};
use shared::metadata::Change;
use shared::policy::{Policy, Preset};
use shared::registry::{Rehearsal, rehearse};
use shared::service::ServiceConfiguration;

use super::Output;
use super::input::Input;
use super::service::check;
use crate::print;

#[derive(Subcommand)]
pub enum Command {
    /// Check a policy, and what a registration would become under it; nothing is registered.
    ///
    /// Fails if the policy is not valid, or refuses the registration. Software statements and what has to be fetched are
    /// left out.
    Check {
        /// The policy, or all of a service, as JSON; `-` is standard input. Members that it lacks are those of the preset
        /// `protected`.
        #[arg(value_name = "FILE")]
        policy: Input,
        /// What a client would send to register, as JSON; `-` is standard input.
        #[arg(value_name = "BODY")]
        registration: Option<Input>,
    },
}

pub(super) fn run(command: &Command, output: &Output) -> Result<()> {
    let Command::Check { policy, registration } = command;
    let configuration = described_in(policy)?;
    check(&configuration)?;
    configuration.policy.check_numbers(None)?;
    if let Some(registration) = registration {
        return rehearsed(&configuration, registration.object()?, output);
    }
    output.told("The policy is valid.", &Map::from_iter([("valid".to_owned(), true.into())]))
}

/// A service with the policy of a file, and with what it announces if the file has a service.
fn described_in(input: &Input) -> Result<ServiceConfiguration> {
    let mut members = input.object()?;
    let authorization_server = match (members.contains_key("policy"), members.remove("authorization_server")) {
        (true, Some(Value::Object(announced))) => announced,
        (_, None) => Map::new(),
        _ => bail!("{input}: authorization_server must be an object, beside a policy"),
    };
    Ok(ServiceConfiguration {
        authorization_server,
        ..ServiceConfiguration::new("default", changed(input, members, &Preset::Protected.policy())?)
    })
}

/// Prints what each rule does to a registration.
fn rehearsed(configuration: &ServiceConfiguration, sent: Map<String, Value>, output: &Output) -> Result<()> {
    let has_statement = sent.contains_key("software_statement");
    let Rehearsal { changes, rule, outcome } = rehearse(configuration, sent);
    let changes = rows(&changes);
    if has_statement || configuration.policy.software_statements.required {
        print::complain("warning: software statements are left out here");
    }
    if output.is_json() {
        let mut members = Map::new();
        members.insert("changes".to_owned(), changes.into_iter().map(Value::Object).collect());
        match &outcome {
            Ok(registered) => members.insert("registered".to_owned(), registered.to_members().into()),
            Err(error) => {
                let refused = json!({"rule": rule, "error": error.code(), "error_description": error.to_string()});
                members.insert("refused".to_owned(), refused)
            }
        };
        output.one(&members)?;
    } else {
        output.rows(&CHANGES, &changes)?;
        if let Ok(registered) = &outcome {
            output.done("");
            output.done("What would be registered:");
            output.one(&registered.to_members())?;
        }
    }
    match outcome {
        Ok(_) => Ok(()),
        Err(error) => bail!("the registration is refused by {rule}: {error}"),
    }
}

/// The columns of what rules did to members.
pub(super) const CHANGES: [&str; 5] = ["rule", "member", "what", "from", "to"];

/// A row for each of them.
pub(super) fn rows(changes: &[Change]) -> Vec<Map<String, Value>> {
    changes.iter().map(Change::to_members).collect()
}

/// What a file makes of a policy: members that it does not have stay, and `null` removes one (RFC 7396). The file has the
/// policy alone, or all of a service, as `service show --json` prints it.
pub(super) fn changed_by(input: &Input, policy: &Policy) -> Result<Policy> {
    changed(input, input.object()?, policy)
}

fn changed(input: &Input, mut members: Map<String, Value>, policy: &Policy) -> Result<Policy> {
    let patch = match members.remove("policy") {
        Some(Value::Object(policy)) => policy,
        Some(_) => bail!("{input}: policy must be an object"),
        None => members,
    };
    policy.patched(patch).with_context(|| format!("{input} is not a policy"))
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
