//! `registrar policy`, and policies as they are written in files.

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use clap::builder::PossibleValuesParser;
use operator::Fault;
use operator::policy::members;
use operator::shown::WARNINGS;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::Error;
use shared::administration::configure_service;
use shared::fetch::{Fetch, FetchSettings};
use shared::metadata::Change;
use shared::policy::{DOORS, Policy, Preset};
use shared::registry::{Surroundings, rehearse, stand_in};
use shared::service::{Service, ServiceConfiguration};

use super::Output;
use super::api::shape::{TRIAL, has, rows};
use super::api::{Answer, Asking};
use super::asked::Asked;
use super::connection::ORGANIZATION;
use super::desk::Desk;
use super::input::Input;
use super::service::{PresetName, check, warn_of};
use crate::failure::{Failure, Kind, described};
use crate::print;

#[derive(Subcommand)]
pub enum Command {
    /// Check a policy, and what a registration would become under it; nothing is registered.
    ///
    /// Fails if the policy is not valid, or refuses the registration. Tokens, software statements, clients that are there
    /// and what has to be fetched are left out; where they are asked for, that is said.
    Check {
        /// The policy, or all of a service, as JSON; `-` is standard input. Members that it lacks are those of the preset
        /// `protected`.
        #[arg(value_name = "FILE")]
        policy: Input,
        /// What a client would send to register, as JSON; `-` is standard input.
        #[arg(value_name = "BODY")]
        registration: Option<Input>,
        /// What a sample of `audit --refused` has as sent, in its place: a body that stands for it is tried.
        #[arg(long, value_name = "SAMPLE", conflicts_with = "registration")]
        sample: Option<Input>,
        /// The door that it would be sent to.
        #[arg(long, value_name = "DOOR", default_value = "oauth", value_parser = PossibleValuesParser::new(DOORS))]
        door: String,
    },
    /// Print a service's policy and its version, as `replace` takes them.
    Show {
        /// The service.
        service: u64,
    },
    /// Replace a service's policy, if it still is what was shown.
    Replace {
        /// The service.
        service: u64,
        /// The policy as JSON; `-` is standard input. Members that it lacks are those of the preset `protected`.
        #[arg(value_name = "FILE")]
        policy: Input,
        /// Only if it still has that version [default: as FILE says, else that of this moment].
        #[arg(long)]
        version: Option<u64>,
    },
    /// Show what would become different in a service with another policy, and what would become of a registration there;
    /// nothing is changed or registered.
    Try {
        /// The service.
        service: u64,
        /// The policy as JSON; `-` is standard input. Members that it lacks are those of the preset `protected` [default:
        /// the one in force].
        #[arg(value_name = "FILE")]
        policy: Option<Input>,
        /// A ready-made policy in its place.
        #[arg(long, value_enum, conflicts_with = "policy")]
        preset: Option<PresetName>,
        /// What a client would send to register, as JSON; `-` is standard input.
        #[arg(long, value_name = "BODY")]
        registration: Option<Input>,
        /// What a sample of `audit --refused` has as sent, in its place: a body that stands for it is tried.
        #[arg(long, value_name = "SAMPLE", conflicts_with = "registration")]
        sample: Option<Input>,
        /// The door that it would be sent to.
        #[arg(long, value_name = "DOOR", default_value = "oauth", value_parser = PossibleValuesParser::new(DOORS))]
        door: String,
    },
}

/// What is tried.
pub(super) enum Tried {
    /// What a client would send.
    Client(Map<String, Value>),
    /// What refusals show of something that was sent.
    Sample(Map<String, Value>),
}

impl Tried {
    pub(super) fn read(registration: Option<&Input>, sample: Option<&Input>) -> Result<Option<Self>> {
        let client = registration.map(Input::object).transpose()?.map(Self::Client);
        let sample = sample.map(Input::object).transpose()?.map(Self::Sample);
        Ok(client.or(sample))
    }

    /// The member of the API that has it, and what it is.
    fn into_member(self) -> (&'static str, Map<String, Value>) {
        match self {
            Self::Client(client) => ("client", client),
            Self::Sample(sample) => ("sample", sample),
        }
    }

    /// What is sent; of a sample what stands for it under that policy, which is told.
    fn sent(self, policy: &Policy) -> Result<(Map<String, Value>, Option<Value>)> {
        match self {
            Self::Client(client) => Ok((client, None)),
            Self::Sample(sample) => {
                let client = stand_in(&sample, policy).context("that is no sample: `audit --refused` has some")?;
                Ok((client.clone(), Some(client.into())))
            }
        }
    }
}

/// What asks nobody.
pub(super) fn check_file(policy: &Input, tried: Option<Tried>, door: &str, output: &Output) -> Result<()> {
    let configuration = described_in(policy)?;
    check(&configuration, None)?;
    configuration.policy.check_new(None)?;
    let Some(tried) = tried else {
        return output.told("The policy is valid.", &Map::from_iter([("valid".to_owned(), true.into())]));
    };
    let (sent, stands_in) = tried.sent(&configuration.policy)?;
    if sent.contains_key("software_statement") {
        print::complain("warning: software statements are left out here");
    }
    let mut outcome = Map::new();
    let (fetch, audiences) = (Fetch::new(FetchSettings::default()), Vec::from_iter(configuration.issuer.clone()));
    let surroundings = Surroundings { fetch: &fetch, audiences: &audiences };
    operator::policy_try::tell(&mut outcome, rehearse(&configuration, surroundings, door, sent));
    outcome.extend(stands_in.map(|client| ("client".to_owned(), client)));
    print_outcome(outcome, output)
}

pub(super) async fn run(command: Command, asked: &Asked, output: &Output) -> Result<()> {
    match command {
        Command::Check { policy, registration, sample, door } => {
            check_file(&policy, Tried::read(registration.as_ref(), sample.as_ref())?, &door, output)
        }
        Command::Show { service } => output.document(&InForce::of(service, asked).await?.document()),
        Command::Replace { service, policy, version } => {
            let mut written = Written::read(&policy)?;
            let policy = written.applied_to(&Preset::Protected.policy())?;
            let current = InForce::of(service, asked).await?;
            written.version = version.or(written.version);
            written.is_of(current.version)?;
            let document = current.replaced(policy, asked).await?.document();
            output.after(format!("The policy of service {service} is replaced.")).document(&document)
        }
        Command::Try { service, policy, preset, registration, sample, door } => {
            let written = policy.map(|policy| Written::read(&policy)).transpose()?.map(|written| written.members);
            let tried = Tried::read(registration.as_ref(), sample.as_ref())?;
            attempt(service, written, preset.map(Preset::from), (tried, &door), asked, output).await
        }
    }
}

/// The policy that a service has.
pub(super) struct InForce {
    service: u64,
    pub(super) policy: Policy,
    pub(super) version: u64,
}

impl InForce {
    pub(super) async fn of(service: u64, asked: &Asked) -> Result<Self> {
        match asked {
            Asked::Table(connection) => Ok(Self::in_table(&connection.service(service).await?)),
            Asked::Api(api) => {
                Self::answered(service, api.ask(Asking::new(Method::GET, &[&service.to_string(), "policy"])).await?)
            }
        }
    }

    fn in_table(service: &Service) -> Self {
        Self { service: service.id, policy: service.configuration.policy.clone(), version: service.version }
    }

    fn answered(service: u64, answer: Answer) -> Result<Self> {
        let etag = answer.etag.unwrap_or_default();
        let version = etag.trim_matches('"').parse().context("the API says no version of the policy")?;
        let policy =
            serde_json::from_value(answer.members.into()).context("the API has no policy that is known here")?;
        Ok(Self { service, policy, version })
    }

    /// Another policy in its place, unless it was changed since.
    pub(super) async fn replaced(self, policy: Policy, asked: &Asked) -> Result<Self> {
        match asked {
            Asked::Table(connection) => {
                let mut service = connection.service(self.service).await?;
                service.version = self.version;
                let configuration = ServiceConfiguration { policy, ..service.configuration.clone() };
                match configure_service(&connection.store, &service, &configuration, &super::operator()).await {
                    Ok(changed) => {
                        warn_of(&changed.configuration.warnings(connection.base_url().as_deref()));
                        Ok(Self::in_table(&changed))
                    }
                    Err(Error::Contention) => {
                        Err(Failure::new(Kind::Conflict, Fault::PreconditionFailed.told().2).into())
                    }
                    Err(error) => Err(described(error)),
                }
            }
            Asked::Api(api) => {
                let asking = Asking::new(Method::PUT, &[&self.service.to_string(), "policy"]);
                let asking = asking.sending(members(&policy)).if_match(format!("\"{}\"", self.version));
                let answer = api.ask(asking).await?;
                warn_of(&warnings(&answer.members));
                Self::answered(self.service, answer)
            }
        }
    }

    /// As it is written in a file.
    pub(super) fn document(&self) -> Map<String, Value> {
        let policy = members(&self.policy).into();
        let members = [("service", self.service.into()), ("version", self.version.into()), ("policy", policy)];
        members.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into_iter().collect()
    }
}

/// What an answer of the API warns of.
pub(super) fn warnings(answer: &Map<String, Value>) -> Vec<String> {
    let texts = answer.get(WARNINGS).and_then(Value::as_array).into_iter().flatten();
    texts.filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

async fn attempt(
    service: u64,
    written: Option<Map<String, Value>>,
    preset: Option<Preset>,
    (tried, door): (Option<Tried>, &str),
    asked: &Asked,
    output: &Output,
) -> Result<()> {
    let outcome = match asked {
        Asked::Table(connection) => {
            let desk = Desk::at(service, connection).await?;
            let current = &desk.service.configuration;
            let policy = match (written, preset) {
                (Some(written), _) => Preset::Protected.policy().patched(written)?,
                (None, Some(preset)) => preset.policy(),
                (None, None) => current.policy.clone(),
            };
            let (sent, stands_in) = tried.map(|tried| tried.sent(&policy)).transpose()?.unzip();
            let tried = ServiceConfiguration { policy, ..current.clone() };
            let context = desk.context();
            let mut outcome = operator::policy_try::attempted(current, context.surroundings(), &tried, door, sent)
                .map_err(described)?;
            operator::policy::warn(&mut outcome, &tried, connection.base_url().as_deref());
            outcome.extend(stands_in.flatten().map(|client| ("client".to_owned(), client)));
            outcome
        }
        Asked::Api(api) => {
            let members = [
                ("policy", written.map(Value::from)),
                ("preset", preset.map(|preset| preset.as_str().into())),
                ("door", (door != "oauth").then(|| door.into())),
            ];
            let members = members.into_iter().filter_map(|(name, value)| Some((name, value?)));
            let tried = tried.map(Tried::into_member).map(|(name, value)| (name, value.into()));
            let body = members.chain(tried).map(|(name, value)| (name.to_owned(), value)).collect();
            let asking = Asking::new(Method::POST, &[&service.to_string(), "policy", "try"]).sending(body);
            let outcome = api.ask(asking).await?.members;
            has(&outcome, &TRIAL)?;
            outcome
        }
    };
    print_outcome(outcome, output)
}

/// Prints what would become different, what each rule does to a registration, and what would be registered; as the API has
/// it.
///
/// # Errors
/// If the registration would be refused.
fn print_outcome(mut outcome: Map<String, Value>, output: &Output) -> Result<()> {
    let refused = outcome.get("refused").cloned();
    if output.is_json() {
        output.one(&outcome)?;
    } else {
        warn_of(&warnings(&outcome));
        let differs = outcome.contains_key("differs").then(|| rows(&mut outcome, "differs"));
        if let Some(differs) = &differs {
            output.rows(&["member", "from", "to"], differs)?;
        }
        if outcome.contains_key("changes") {
            if differs.is_some() {
                output.done("");
            }
            output.rows(&CHANGES, &rows(&mut outcome, "changes"))?;
        }
        let required = rows(&mut outcome, "requires");
        if let Some(Value::Object(registered)) = outcome.get("registered") {
            output.done("");
            let required: Vec<&str> = required.iter().filter_map(|one| one.get("what")?.as_str()).collect();
            let with = if required.is_empty() { String::new() } else { format!(", with {}", required.join(", and ")) };
            let flags = outcome.get("flags").and_then(Value::as_array).into_iter().flatten();
            let flags: Vec<&str> = flags.filter_map(Value::as_str).collect();
            let flagged = if flags.is_empty() { String::new() } else { format!(", flagged as {}", flags.join(", ")) };
            output.done(&format!("What would be registered{with}{flagged}:"));
            output.one(registered)?;
        }
    }
    let Some(refused) = refused else { return Ok(()) };
    let text = |name: &str| refused.get(name).and_then(Value::as_str).unwrap_or_default();
    // The registrant is not told which name it is.
    let name = outcome.get("resembles").and_then(Value::as_str).filter(|_| text("rule") == "names");
    let name = name.map(|name| format!(": {name}")).unwrap_or_default();
    bail!("the registration is refused by {}: {}{name}", text("rule"), text("error_description"))
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
        ..ServiceConfiguration::new(ORGANIZATION, Written::of(input, members)?.applied_to(&Preset::Protected.policy())?)
    })
}

/// The columns of what rules did to members.
pub(super) const CHANGES: [&str; 5] = ["rule", "member", "what", "from", "to"];

/// A row for each of them.
pub(super) fn rows_of(changes: &[Change]) -> Vec<Map<String, Value>> {
    changes.iter().map(Change::to_members).collect()
}

/// A policy as it is written in a file: alone, as `policy show` prints it, or with all of a service, as `service show --json`
/// prints it.
pub(super) struct Written {
    source: String,
    members: Map<String, Value>,
    /// The version that it was read as.
    version: Option<u64>,
}

impl Written {
    /// Reads a file.
    ///
    /// # Errors
    /// If it is no JSON object, or has something beside a policy that is known nowhere.
    pub(super) fn read(input: &Input) -> Result<Self> {
        Self::of(input, input.object()?)
    }

    fn of(input: &Input, mut members: Map<String, Value>) -> Result<Self> {
        let version = match members.remove("version").map(|version| version.as_u64()) {
            Some(None) => bail!("{input}: version must be a whole number"),
            version => version.flatten(),
        };
        let members = match members.remove("policy") {
            Some(Value::Object(policy)) => {
                let is_service = members.contains_key("id");
                if let Some(name) = members.keys().find(|name| *name != "service" && !is_service) {
                    bail!("{input}: there is no member {name} beside a policy");
                }
                policy
            }
            Some(_) => bail!("{input}: policy must be an object"),
            None => members,
        };
        Ok(Self { source: input.to_string(), members, version })
    }

    /// What it makes of a policy: members that it does not have stay, and `null` removes one (RFC 7396).
    ///
    /// # Errors
    /// If that is none.
    pub(super) fn applied_to(&self, policy: &Policy) -> Result<Policy> {
        policy.patched(self.members.clone()).with_context(|| format!("{} is not a policy", self.source))
    }

    /// Whether the policy is still the one that was written down, if it says which.
    ///
    /// # Errors
    /// [`Kind::Conflict`] if it is not.
    pub(super) fn is_of(&self, current: u64) -> Result<()> {
        if self.version.is_none_or(|version| version == current) {
            return Ok(());
        }
        let sentence = format!("the policy was changed since: it has version {current} now");
        Err(Failure::new(Kind::Conflict, sentence).into())
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
        Written::read(&Input::File(file))?.applied_to(&Preset::Open.policy())
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
            (json!({"policy": {}, "polciy": {}}), "no member polciy beside a policy"),
            (json!({"policy": {}, "version": null}), "version must be a whole number"),
        ]
        .into_iter()
        .enumerate()
        {
            let fault = format!("{:#}", change(&number.to_string(), &patch).unwrap_err());
            assert!(fault.contains(part), "{patch}: {fault}");
        }
    }
}
