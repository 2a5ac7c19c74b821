//! `registrar service`.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::{Map, Value};
use shared::administration;
use shared::metadata::Scope;
use shared::policy::{Policy, Preset};
use shared::service::{FederationSettings, Service, ServiceConfiguration};

use super::{Connection, Output, operator};
use crate::demo::described;

#[derive(Subcommand)]
pub enum Command {
    /// Create a service.
    Create(Settings),
    /// List an organization's services.
    List {
        /// The organization.
        #[arg(long, default_value = "default")]
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

/// What an operator decides about a service.
#[derive(Args)]
pub struct Settings {
    /// Who owns it [default for a new one: default].
    #[arg(long)]
    organization: Option<String>,
    /// A name for people.
    #[arg(long)]
    name: Option<String>,
    /// The issuer identifier, if the authorization server serves its own metadata.
    #[arg(long, value_name = "URL")]
    issuer: Option<String>,
    /// Where this API is reached, if not as the gateway says.
    #[arg(long, value_name = "URL")]
    base_url: Option<String>,
    /// A member of the authorization server's metadata; may be repeated.
    #[arg(long = "metadata", value_name = "MEMBER=VALUE")]
    metadata: Vec<String>,
    /// A ready-made policy [default for a new one: protected].
    #[arg(long, value_enum, conflicts_with = "policy")]
    preset: Option<PresetName>,
    /// A policy as JSON, as `service show --json` prints it.
    #[arg(long, value_name = "FILE")]
    policy: Option<PathBuf>,
    /// What the door stet asks for, as JSON.
    #[arg(long, value_name = "FILE")]
    stet: Option<PathBuf>,
    /// The scopes offered, separated by spaces.
    #[arg(long, value_name = "SCOPES")]
    scope: Option<String>,
    /// A front door to open; may be repeated, and then only these are open.
    #[arg(long = "door", value_name = "DOOR")]
    doors: Vec<String>,
}

/// A ready-made policy.
#[derive(Clone, Copy, ValueEnum)]
pub(super) enum PresetName {
    /// Open registration, as MCP hosts need it.
    Open,
    /// Registration by initial access token.
    Protected,
    /// Registration by regulated institutions, as open banking has it.
    Regulated,
}

impl PresetName {
    fn policy(self) -> Policy {
        match self {
            Self::Open => Preset::Open.policy(),
            Self::Protected => Preset::Protected.policy(),
            Self::Regulated => Preset::Regulated.policy(),
        }
    }
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
    let keys = connection.keys_for(&configuration.organization).await?;
    let (store, entropy) = (&connection.store, &connection.entropy);
    let created = administration::create_service(store, &keys, entropy, configuration, &Map::new(), &operator()).await;
    output.one(&shown(&created.map_err(described)?)?)
}

async fn update(id: u64, settings: Settings, connection: &Connection, output: &Output) -> Result<()> {
    let service = connection.service(id).await?;
    let configuration = settings.applied_to(service.configuration)?;
    connection.store.update_service(id, service.version, &configuration, None, &operator()).await.map_err(described)?;
    output.one(&shown(&connection.service(id).await?)?)
}

async fn list(organization: &str, connection: &Connection, output: &Output) -> Result<()> {
    let services = connection.store.services(organization).await.map_err(described)?;
    let rows: Vec<_> = services.iter().map(shown).collect::<Result<_>>()?;
    output.rows(&["id", "name", "organization", "registration", "issuer"], &rows)
}

impl Settings {
    fn applied_to(self, mut configuration: ServiceConfiguration) -> Result<ServiceConfiguration> {
        if let Some(organization) = self.organization {
            configuration.organization = organization_name(organization)?;
        }
        configuration.name = self.name.or(configuration.name);
        configuration.issuer = url("--issuer", self.issuer)?.or(configuration.issuer);
        configuration.base_url = url("--base-url", self.base_url)?.or(configuration.base_url);
        for member in &self.metadata {
            let (name, value) = member.split_once('=').context("--metadata takes MEMBER=VALUE")?;
            let value = serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
            configuration.authorization_server.insert(name.to_owned(), value);
        }
        if let Some(preset) = self.preset {
            configuration.policy = preset.policy();
        }
        if let Some(file) = &self.policy {
            configuration.policy = policy(file)?;
        }
        if let Some(file) = &self.stet {
            configuration.others.insert("stet".to_owned(), stet_settings(file)?);
        }
        if let Some(scope) = &self.scope {
            configuration.policy.scopes.offered = Scope::parse(scope)?;
        }
        if !self.doors.is_empty() {
            configuration.policy.doors = self.doors;
        }
        configuration.policy.check()?;
        Ok(configuration)
    }
}

fn policy(file: &Path) -> Result<Policy> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let mut unknown = Vec::new();
    let mut reader = serde_json::Deserializer::from_str(&text);
    // The functions ignore members of later versions; whoever writes a policy wants to hear of a misspelt one.
    let policy = serde_ignored::deserialize(&mut reader, |path| unknown.push(path.to_string()));
    let policy = policy.with_context(|| format!("{} is not a policy", file.display()))?;
    match unknown.first() {
        Some(member) => bail!("{}: a policy has no member {member}", file.display()),
        None => Ok(policy),
    }
}

fn stet_settings(file: &Path) -> Result<Value> {
    let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let settings = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    stet::settings::Settings::read(&settings).map_err(|fault| anyhow!("{}: {fault}", file.display()))?;
    Ok(settings)
}

/// A URL that others are appended to: without a slash at the end.
fn url(option: &str, value: Option<String>) -> Result<Option<String>> {
    let Some(value) = value else { return Ok(None) };
    let value = value.trim_end_matches('/').to_owned();
    if value.starts_with("https://") || value.starts_with("http://127.0.0.1") || value.starts_with("http://localhost") {
        Ok(Some(value))
    } else {
        bail!("{option} must be an https URL")
    }
}

pub(super) fn organization_name(name: String) -> Result<String> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain && (1..=64).contains(&name.len()) {
        Ok(name)
    } else {
        bail!("an organization has 1 to 64 of A-Z a-z 0-9 . _ -")
    }
}

fn shown(service: &Service) -> Result<Map<String, Value>> {
    let Value::Object(mut members) = serde_json::to_value(&service.configuration)? else {
        bail!("a service is not an object")
    };
    members.insert("id".to_owned(), service.id.into());
    members.insert("registration".to_owned(), serde_json::to_value(service.policy().registration)?);
    Ok(members)
}
