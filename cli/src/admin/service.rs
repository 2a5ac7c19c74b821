//! `registrar service`.

mod declaration;
mod hours;
mod rewrap;
mod settings;
mod topology;
mod transfer;

use anyhow::{Result, bail};
use clap::Subcommand;
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::administration;
use shared::counted::counted;
use shared::policy::Preset;
use shared::service::{Service, ServiceConfiguration, with_signing_keys};
use shared::store::{RESTORABLE_SECONDS, Route};

pub(super) use settings::{PresetName, check, organization};
pub(super) use topology::warn_of;

use super::api::Asking;
use super::api::shape::{DAYS, DEVELOPERS, has, rows};
use super::asked::{Asked, needs_table};
use super::connection::ORGANIZATION;
use super::consent::Consent;
use super::desk::of_service;
use super::input::Input;
use super::policy::InForce;
use super::{Connection, Output, operator};
use crate::failure::{Failure, described};
use settings::Settings;

#[derive(Subcommand)]
pub enum Command {
    /// Create a service.
    Create(Settings),
    /// List an organization's services.
    List {
        /// The organization.
        #[arg(long, default_value = ORGANIZATION, value_parser = organization)]
        organization: String,
    },
    /// Show a service with its policy.
    Show {
        /// Its number.
        id: u64,
    },
    /// Change a service; what is not given stays.
    Update {
        /// Its number.
        id: u64,
        #[command(flatten)]
        settings: Settings,
    },
    /// The keys with which it signs ID tokens and access tokens.
    #[command(subcommand)]
    Keys(super::keys::Command),
    /// Its place in federations (OpenID Federation 1.0).
    #[command(subcommand)]
    Federation(super::federation::Command),
    /// Delete a service: its clients are gone in every door. For a week it can be restored.
    Delete {
        /// Its number.
        id: u64,
        /// End it for good, deleted before or not: its key, its clients and its tokens are destroyed.
        #[arg(long)]
        for_good: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Create a service like another one, without its clients, tokens and keys.
    Clone {
        /// The other one's number.
        id: u64,
        #[command(flatten)]
        settings: Settings,
    },
    /// Print all that `apply` needs to make such a service, as JSON; keys and secrets are left out. With `--clients`, all
    /// that `import` needs to make the service itself elsewhere, as lines of JSON.
    Export {
        /// Its number.
        id: u64,
        #[command(flatten)]
        moving: transfer::Moving,
    },
    /// Make a service of what `export --clients` has printed. Nobody sees it before all of it is there; who was interrupted
    /// gives the same command again.
    Import(transfer::Import),
    /// Make a service, or change it, to be what a file says, as `export` prints it.
    ///
    /// Without a member `id` it makes a new service; with the number of none, one of that number. What the file does not say
    /// is absent then. Federation keys and sealed secrets stay as they are.
    Apply {
        /// The file; `-` is standard input.
        #[arg(value_name = "FILE")]
        file: Input,
        /// Only print what would change.
        #[arg(long)]
        dry_run: bool,
    },
    /// Count a service's clients, by the day of their registration and by developer.
    Stats {
        /// Its number.
        id: u64,
        /// What was registered and refused in the last two days instead, by hour and door.
        #[arg(long)]
        hours: bool,
    },
    /// Have a service's clients written into the index by which they are found, as those need that an earlier version has
    /// registered. Again does no harm.
    Reindex {
        /// Its number.
        id: u64,
    },
    /// Wrap a service's data key anew: by the newest material of its key, or by another key. What is sealed stays as it is.
    Rewrap(rewrap::Rewrap),
    /// Bring back a service that was deleted within the last week, with its clients and tokens.
    Restore {
        /// Its number.
        id: u64,
    },
}

pub(super) async fn run(command: Command, asked: &Asked, output: &Output) -> Result<()> {
    let table = || asked.table();
    match command {
        Command::Create(settings) => create(settings, table()?, output).await,
        Command::List { organization } => list(&organization, table()?, output).await,
        Command::Show { id } => output.one(&shown(&table()?.service(id).await?)?),
        Command::Update { id, settings } => update(id, settings, asked, output).await,
        Command::Keys(command) => super::keys::run(command, table()?, output).await,
        Command::Federation(command) => super::federation::run(command, asked, output).await,
        Command::Delete { id, for_good, consent } => delete(id, for_good, &consent, table()?, output).await,
        Command::Clone { id, settings } => clone(id, settings, table()?, output).await,
        Command::Export { id, moving } if moving.is_meant() => transfer::export(id, &moving, table()?, output).await,
        Command::Export { id, .. } => output.document(&declaration::exported(&table()?.service(id).await?)?),
        Command::Import(import) => transfer::import(&import, table()?, output).await,
        Command::Apply { file, dry_run } => declaration::apply(&file, dry_run, table()?, output).await,
        Command::Stats { id, hours: true } => hours::run(id, asked, output).await,
        Command::Stats { id, .. } => stats(id, asked, output).await,
        Command::Reindex { id } => reindex(id, table()?, output).await,
        Command::Rewrap(rewrap) => rewrap::run(&rewrap, table()?, output).await,
        Command::Restore { id } => restore(id, table()?, output).await,
    }
}

async fn create(settings: Settings, connection: &Connection, output: &Output) -> Result<()> {
    let mut configuration =
        settings.applied_to(ServiceConfiguration::new(ORGANIZATION, Preset::Protected.policy()), None)?;
    configuration.others.extend(authlete::recommended());
    print_new(&create_new(configuration, connection).await?, connection, output)
}

/// A new service like another one; its clients, tokens and keys are its own.
async fn clone(id: u64, settings: Settings, connection: &Connection, output: &Output) -> Result<()> {
    let mut configuration = connection.service(id).await?.configuration;
    // It has no keys for that.
    configuration.federation.enabled = false;
    configuration.federation.signature_key_id = None;
    let configuration = settings.applied_to(configuration, None)?;
    print_new(&create_new(configuration, connection).await?, connection, output)
}

/// Creates a service that clients can use.
async fn create_new(configuration: ServiceConfiguration, connection: &Connection) -> Result<Service> {
    topology::check_new(&configuration, connection.base_url().as_deref())?;
    let keys = connection.keys_for(&configuration.organization).await?;
    let (store, entropy) = (&connection.store, &connection.entropy);
    let secrets = &first_secrets(connection)?;
    let created = administration::create_service(store, &keys, entropy, configuration, secrets, &operator()).await;
    created.map_err(described)
}

/// What a new service keeps sealed: keys with which it signs.
fn first_secrets(connection: &Connection) -> Result<Map<String, Value>> {
    with_signing_keys(Map::new(), connection.clock.now()).map_err(described)
}

/// How many clients a service has, as far as the stream function has counted them.
async fn stats(id: u64, asked: &Asked, output: &Output) -> Result<()> {
    let (days, developers) = match asked {
        Asked::Table(connection) => {
            connection.service(id).await?;
            let row = |name: &str, (value, clients): (String, u64)| -> Map<String, Value> {
                [(name.to_owned(), value.into()), ("clients".to_owned(), clients.into())].into_iter().collect()
            };
            let days = connection.store.day_counts(id).await.map_err(described)?;
            let all = connection.store.developer_counts(id, None, usize::MAX).await;
            let (developers, _) = all.map_err(described)?;
            let days: Vec<_> = days.into_iter().map(|day| row("day", day)).collect();
            (days, developers.into_iter().map(|developer| row("developer", developer)).collect())
        }
        Asked::Api(api) => {
            let asking = Asking::new(Method::GET, &[&id.to_string(), "counts"]);
            let by_day = asking.clone().with("days", Some(operator::counts::MOST_DAYS));
            let mut members = api.ask(by_day).await?.members;
            has(&members, &[DAYS])?;
            let by_developer = asking.with("days", Some(1)).with("developers", Some(true));
            let (developers, _) = api.pages(&by_developer, DEVELOPERS, usize::MAX).await?;
            (rows(&mut members, DAYS.0), developers)
        }
    };
    let clients = |row: &Map<String, Value>| row.get("clients").and_then(Value::as_u64).unwrap_or_default();
    let total: u64 = days.iter().map(clients).sum();
    let with_clients = |rows: Vec<Map<String, Value>>| rows.into_iter().filter(|row| clients(row) > 0).collect();
    let (days, developers): (Vec<_>, Vec<_>) = (with_clients(days), with_clients(developers));
    if output.is_json() {
        let (days, developers) = (json!(days), json!(developers));
        let counts = [("id", id.into()), ("clients", total.into()), ("days", days), ("developers", developers)];
        return output.one(&counts.map(|(name, count)| (name.to_owned(), count)).into_iter().collect());
    }
    output.done(&format!("Service {id} has {}.", counted(total, "client")));
    output.done("");
    output.rows(&["day", "clients"], &days)?;
    output.done("");
    output.rows(&["developer", "clients"], &developers)
}

/// The stream function hears of all clients, and writes what they are found by.
async fn reindex(id: u64, connection: &Connection, output: &Output) -> Result<()> {
    connection.service(id).await?;
    let mut walk = connection.store.walk(id, Route::default());
    let mut clients = 0;
    while let Some(some) = walk.next_some().await.map_err(described)? {
        clients += connection.store.reindex(&some).await.map_err(described)?;
    }
    let facts = [("id".to_owned(), id.into()), ("clients".to_owned(), clients.into())];
    let sentence = format!("The stream function indexes the clients of service {id} now, {clients} in all.");
    output.told(&sentence, &Map::from_iter(facts))
}

async fn update(id: u64, settings: Settings, asked: &Asked, output: &Output) -> Result<()> {
    if settings.say_nothing() {
        return Err(Failure::usage(format!(
            "nothing is said that service {id} should change: `registrar service update --help` has the options"
        ))
        .into());
    }
    let connection = match asked {
        Asked::Table(connection) => connection,
        Asked::Api(_) if !settings.are_about_the_policy() => {
            return Err(needs_table("of a service the API changes the policy alone").into());
        }
        Asked::Api(_) => {
            let current = InForce::of(id, asked).await?;
            let configuration = ServiceConfiguration::new(ORGANIZATION, current.policy.clone());
            let configuration = settings.applied_to(configuration, Some(current.version))?;
            let document = current.replaced(configuration.policy, asked).await?.document();
            return output.after(format!("Service {id} is changed.")).one(&document);
        }
    };
    let service = connection.service(id).await?;
    let configuration = settings.applied_to(service.configuration.clone(), Some(service.version))?;
    let changed = administration::configure_service(&connection.store, &service, &configuration, &operator()).await;
    print(&changed.map_err(of_service)?, false, connection, &output.after(format!("Service {id} is changed.")))
}

/// A new service: where it cannot be printed its number is told, since the same command makes one more.
fn print_new(service: &Service, connection: &Connection, output: &Output) -> Result<()> {
    let id = service.id;
    print(service, true, connection, &output.after(format!("Service {id} is made: registrar service show {id}")))
}

/// All of a service for scripts; where it is and what comes next for people.
fn print(service: &Service, is_new: bool, connection: &Connection, output: &Output) -> Result<()> {
    topology::warn(&service.configuration, connection.base_url().as_deref());
    if output.is_json() {
        return output.one(&shown(service)?);
    }
    topology::print(service, connection.base_url(), is_new, output)
}

async fn delete(id: u64, for_good: bool, consent: &Consent, connection: &Connection, output: &Output) -> Result<()> {
    let Connection { store, .. } = connection;
    // One that ends for good may be deleted already, and then has no name any more.
    let service =
        if for_good { store.service(id).await.map_err(described)? } else { Some(connection.service(id).await?) };
    let name = service.as_ref().and_then(|service| service.configuration.name.as_deref());
    let clients = counted(store.client_count(id).await.map_err(described)?, "client");
    let what = match name {
        Some(name) => format!("service {id}, {name:?}, with {clients}"),
        None => format!("service {id} with {clients}"),
    };
    consent.to_delete(&what, name, &id.to_string())?;
    if for_good {
        store.end_service(id, &operator()).await.map_err(described)?;
        return output.told(&format!("Service {id} has ended for good."), &told(id, "ended"));
    }
    store.delete_service(id, &operator()).await.map_err(described)?;
    let days = RESTORABLE_SECONDS / 86_400;
    let sentence =
        format!("Service {id} is deleted. For {days} days it comes back with: registrar service restore {id}");
    output.told(&sentence, &told(id, "deleted"))
}

/// What has become of a service, for scripts.
fn told(id: u64, state: &str) -> Map<String, Value> {
    Map::from_iter([("id".to_owned(), id.into()), ("state".to_owned(), state.into())])
}

async fn restore(id: u64, connection: &Connection, output: &Output) -> Result<()> {
    match connection.store.restore_service(id, &operator()).await {
        Ok(service) => print(&service, false, connection, &output.after(format!("Service {id} is back."))),
        Err(shared::Error::UnknownService) => bail!("there is no deleted service {id} that could be restored"),
        Err(error) => Err(described(error)),
    }
}

async fn list(organization: &str, connection: &Connection, output: &Output) -> Result<()> {
    let services = connection.store.services(organization).await.map_err(described)?;
    let rows: Vec<_> = services.iter().map(shown).collect::<Result<_>>()?;
    if rows.is_empty() && !output.is_json() {
        output
            .done(&format!("There are none in the organization {organization}: name another one with --organization."));
        return Ok(());
    }
    output.rows(&["id", "name", "organization", "registration", "issuer"], &rows)
}

fn shown(service: &Service) -> Result<Map<String, Value>> {
    let mut members = members(&service.configuration)?;
    members.insert("id".to_owned(), service.id.into());
    members.insert("registration".to_owned(), serde_json::to_value(service.policy().registration)?);
    Ok(members)
}

fn members(configuration: &ServiceConfiguration) -> Result<Map<String, Value>> {
    match serde_json::to_value(configuration)? {
        Value::Object(members) => Ok(members),
        _ => bail!("a service is not an object"),
    }
}
