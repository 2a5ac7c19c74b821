//! `POST /operator/{serviceId}/policy/try`: what a policy would do to a registration; nothing is changed or registered.

use serde_json::{Map, Value, json};
use shared::http::{DEADLINE, Request, Response};
use shared::policy::{DOORS, Policy, Preset};
use shared::registry::{Rehearsal, Requirement, Surroundings, rehearse, stand_in};
use shared::service::ServiceConfiguration;
use shared::{App, Error};

use crate::door::{self, Fault, READ_SERVICE, endpoint};
use crate::policy::{members, of_policy, stored, warn, written};
use crate::query::{Members, Query, unknown_word};
use crate::shown::{flagged, told};

endpoint!(attempt, "operator-policy-try", [Post], ["/operator/{serviceId}/policy/try"], DEADLINE);

async fn attempt(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_SERVICE).await?;
    Query::of(request, &[])?;
    let mut asked = Members(door::body(request)?);
    let (policy, preset) = (asked.object("policy")?, asked.text("preset")?);
    let (client, sample) = (asked.object("client")?, asked.object("sample")?);
    let door = asked.text("door")?.unwrap_or_else(|| "oauth".to_owned());
    asked.end()?;
    if !DOORS.contains(&&*door) {
        return Err(unknown_word("door", &door));
    }
    let current = stored(app, desk.service.id).await?.configuration;
    let policy = tried(&current.policy, policy, preset.as_deref())?;
    let stands_in = sample.map(|sample| {
        let no_sample = || Fault::Request("sample is none that refusals show".into());
        stand_in(&sample, &policy).ok_or_else(no_sample)
    });
    let stands_in = stands_in.transpose()?;
    if client.is_some() && stands_in.is_some() {
        return Err(Fault::Request("client and sample exclude each other".into()));
    }
    let tried = ServiceConfiguration { policy, ..current.clone() };
    let context = door::context(app, &desk, request);
    let client = client.or_else(|| stands_in.clone());
    let mut answer = attempted(&current, context.surroundings(), &tried, &door, client).map_err(of_policy)?;
    warn(&mut answer, &tried, Some(&app.base_url(&desk.service, request)));
    answer.extend(stands_in.map(|client| ("client".to_owned(), client.into())));
    Ok(Response::json(200, answer))
}

/// What a service would be that was tried in the place of the current one: the members of its policy, how they differ, and
/// what would become of a client that sends that to that door.
///
/// # Errors
/// If the policy is none for this service.
pub fn attempted(
    current: &ServiceConfiguration,
    surroundings: Surroundings<'_>,
    configuration: &ServiceConfiguration,
    door: &str,
    client: Option<Map<String, Value>>,
) -> Result<Map<String, Value>, Error> {
    configuration.check()?;
    configuration.policy.check_successor(&current.policy)?;
    let mut answer = Map::new();
    let mut differing = Vec::new();
    differ("", &members(&current.policy), &members(&configuration.policy), &mut differing);
    answer.insert("policy".to_owned(), members(&configuration.policy).into());
    answer.insert("differs".to_owned(), differing.into());
    if let Some(sent) = client {
        tell(&mut answer, rehearse(configuration, surroundings, door, sent));
    }
    Ok(answer)
}

fn tried(current: &Policy, policy: Option<Map<String, Value>>, preset: Option<&str>) -> Result<Policy, Fault> {
    match (policy, preset) {
        (Some(_), Some(_)) => Err(Fault::Request("policy and preset exclude each other".into())),
        (Some(policy), None) => written(policy),
        (None, Some(name)) => Preset::parse(name).map(Preset::policy).ok_or_else(|| unknown_word("preset", name)),
        (None, None) => Ok(current.clone()),
    }
}

/// What each rule did, and what came of it: what would be registered, and what a registration has to have beside that, or
/// what it is refused for.
pub fn tell(answer: &mut Map<String, Value>, rehearsal: Rehearsal) {
    let Rehearsal { changes, rule, outcome, requires, resembles, flags } = rehearsal;
    answer.insert("changes".to_owned(), told(&changes));
    answer.extend(resembles.map(|name| ("resembles".to_owned(), name.into())));
    answer.extend(flagged(&flags).map(|flags| ("flags".to_owned(), flags)));
    match outcome {
        Ok(registered) => {
            let requires = requires.iter().map(|Requirement { rule, what }| json!({"rule": rule, "what": what}));
            answer.insert("requires".to_owned(), requires.collect());
            answer.insert("registered".to_owned(), registered.to_members().into())
        }
        Err(error) => {
            let refused = json!({"rule": rule, "error": error.code(), "error_description": error.to_string()});
            answer.insert("refused".to_owned(), refused)
        }
    };
}

/// The members that differ, by their path with dots.
fn differ(path: &str, from: &Map<String, Value>, to: &Map<String, Value>, found: &mut Vec<Value>) {
    let added = to.keys().filter(|name| !from.contains_key(*name));
    for name in from.keys().chain(added) {
        let (old, new) = (from.get(name), to.get(name));
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match (old, new) {
            (old, new) if old == new => {}
            (Some(Value::Object(old)), Some(Value::Object(new))) => differ(&path, old, new, found),
            (old, new) => {
                let mut difference = Map::from_iter([("member".to_owned(), path.into())]);
                difference.extend(old.map(|old| ("from".to_owned(), old.clone())));
                difference.extend(new.map(|new| ("to".to_owned(), new.clone())));
                found.push(difference.into());
            }
        }
    }
}
