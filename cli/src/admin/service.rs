//! `registrar service`.

mod settings;
mod topology;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value};
use shared::administration;
use shared::policy::Preset;
use shared::service::{FederationSettings, Service, ServiceConfiguration};

pub(super) use settings::organization;

use super::{Connection, Output, operator};
use crate::demo::described;
use settings::Settings;

#[derive(Subcommand)]
pub enum Command {
    /// Create a service.
    Create(Settings),
    /// List an organization's services.
    List {
        /// The organization.
        #[arg(long, default_value = "default", value_parser = organization)]
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
    /// Its place in federations (OpenID Federation 1.0).
    #[command(subcommand)]
    Federation(super::federation::Command),
    /// Delete a service: its clients are gone in every door.
    Delete {
        /// Its number.
        id: u64,
    },
}

pub(super) async fn run(command: Command, connection: &Connection, output: &Output) -> Result<()> {
    match command {
        Command::Create(settings) => create(settings, connection, output).await,
        Command::List { organization } => list(&organization, connection, output).await,
        Command::Show { id } => output.one(&shown(&connection.service(id).await?)?),
        Command::Update { id, settings } => update(id, settings, connection, output).await,
        Command::Federation(command) => super::federation::run(command, connection, output).await,
        Command::Delete { id } => {
            connection.store.delete_service(id, &operator()).await.map_err(described)?;
            output.done(&format!("Service {id} is deleted."));
            Ok(())
        }
    }
}

async fn create(settings: Settings, connection: &Connection, output: &Output) -> Result<()> {
    let configuration = settings.applied_to(ServiceConfiguration {
        name: None,
        organization: "default".to_owned(),
        issuer: None,
        base_url: None,
        authorization_server: Map::new(),
        policy: Preset::Protected.policy(),
        federation: FederationSettings::default(),
        others: Map::new(),
    })?;
    topology::check_new(&configuration)?;
    let keys = connection.keys().await?;
    let (store, entropy) = (&connection.store, &connection.entropy);
    let created = administration::create_service(store, &keys, entropy, configuration, &Map::new(), &operator()).await;
    print(&created.map_err(described)?, true, connection, output)
}

async fn update(id: u64, settings: Settings, connection: &Connection, output: &Output) -> Result<()> {
    let service = connection.service(id).await?;
    let configuration = settings.applied_to(service.configuration.clone())?;
    let changed = administration::configure_service(&connection.store, &service, &configuration, &operator()).await;
    print(&changed.map_err(described)?, false, connection, output)
}

/// All of a service for scripts; where it is and what comes next for people.
fn print(service: &Service, is_new: bool, connection: &Connection, output: &Output) -> Result<()> {
    if output.is_json() {
        return output.one(&shown(service)?);
    }
    topology::print(service, connection.base_url(), is_new, output)
}

async fn list(organization: &str, connection: &Connection, output: &Output) -> Result<()> {
    let services = connection.store.services(organization).await.map_err(described)?;
    let rows: Vec<_> = services.iter().map(shown).collect::<Result<_>>()?;
    output.rows(&["id", "name", "organization", "registration", "issuer"], &rows)
}

fn shown(service: &Service) -> Result<Map<String, Value>> {
    let Value::Object(mut members) = serde_json::to_value(&service.configuration)? else {
        bail!("a service is not an object")
    };
    members.insert("id".to_owned(), service.id.into());
    members.insert("registration".to_owned(), serde_json::to_value(service.policy().registration)?);
    Ok(members)
}
