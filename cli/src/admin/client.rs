//! `registrar client`.

mod list;

use std::time::Instant;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use shared::App;
use shared::administration::{self, Draft};
use shared::app::Settings;
use shared::client::{ClientInformation, RegisteredClient};
use shared::fetch::{Fetch, FetchSettings};
use shared::metadata::{ClientMetadata, SERVER_SET};
use shared::registry::{self, FETCHING};
use shared::service::Service;
use shared::store::Deleter;

use super::consent::Consent;
use super::input::Input;
use super::output::date;
use super::{Connection, Output, operator};
use crate::demo::described;

#[derive(Subcommand)]
pub enum Command {
    /// Register a client, by the service's policy; its secret and its token are shown this once.
    Create {
        /// The service.
        #[arg(long)]
        service: u64,
        /// Its metadata as JSON (RFC 7591); `-` is standard input.
        #[arg(value_name = "FILE")]
        metadata: Input,
    },
    /// List a service's clients, oldest first; as JSON one a line.
    List(list::List),
    /// Show what a client registered; never its secret.
    Show(Which),
    /// Change what a client registered; what is not given stays, null removes.
    Update {
        #[command(flatten)]
        which: Which,
        /// Members of its metadata as JSON; `-` is standard input.
        #[arg(value_name = "FILE")]
        changes: Input,
    },
    /// Lock a client: its registrant can neither read nor change nor delete it, until it is unlocked.
    Lock(Which),
    /// Unlock a client, or the name of one that was deleted while it was locked.
    Unlock(Which),
    /// Replace a client's secret, which is shown this once; the old one ends at once.
    RotateSecret(Which),
    /// Replace the token by which a client manages its registration, which is shown this once; the old one ends at once.
    ReissueToken(Which),
    /// Delete a client: its secret and its token end at once.
    Delete {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
}

/// A client.
#[derive(Args)]
pub struct Which {
    /// The service.
    #[arg(long)]
    service: u64,
    /// Its `client_id`.
    #[arg(allow_hyphen_values = true)]
    client_id: String,
}

pub(super) async fn run(command: Command, connection: &Connection, output: &Output) -> Result<()> {
    let (service, act) = match command {
        Command::List(list) => return list::run(list, connection, output).await,
        Command::Show(which) => return output.one(&shown(&which.find(connection).await?.1)),
        Command::Delete { which, consent } => return delete(&which, &consent, connection, output).await,
        Command::Create { service, metadata } => (connection.service(service).await?, Act::Create(metadata.object()?)),
        Command::Update { which, changes } => {
            let (service, client) = which.find(connection).await?;
            (service, Act::Update(client, changes.object()?))
        }
        Command::Lock(which) => {
            let (service, client) = which.find(connection).await?;
            (service, Act::Lock(client))
        }
        Command::Unlock(which) => (connection.service(which.service).await?, Act::Unlock(which.client_id)),
        Command::RotateSecret(which) => {
            let (service, client) = which.find(connection).await?;
            (service, Act::RotateSecret(client))
        }
        Command::ReissueToken(which) => {
            let (service, client) = which.find(connection).await?;
            (service, Act::ReissueToken(client))
        }
    };
    let app = app(connection).await?;
    act.perform(&context(&app, &service, connection), connection, output).await
}

/// What is done to a client by the core.
enum Act {
    Create(Map<String, Value>),
    Update(RegisteredClient, Map<String, Value>),
    Lock(RegisteredClient),
    Unlock(String),
    RotateSecret(RegisteredClient),
    ReissueToken(RegisteredClient),
}

impl Act {
    async fn perform(self, context: &registry::Context<'_>, connection: &Connection, output: &Output) -> Result<()> {
        match self {
            Self::Create(sent) => {
                let metadata = ClientMetadata::from_members(sent.clone())?;
                let mut created = registry::register_for(context, metadata).await.map_err(described)?;
                let base_url = base_url(context.service, connection);
                created.registration_client_uri = base_url.map(|url| managed_at(&url, context.service, &created));
                warn_of_ignored(&sent, &created.client);
                output.one(&created.to_members())
            }
            Self::Update(client, changes) => {
                if !client.source.is_operators_to_change() {
                    bail!("{} is vouched for by others: it is not an operator's to change", client.client_id);
                }
                let draft = |client: &RegisteredClient| changed(client, changes.clone());
                let updated = administration::replace(context, client, draft).await.map_err(described)?;
                warn_of_ignored(&changes, &updated.client);
                output.one(&shown(&updated.client))
            }
            Self::Lock(client) => {
                let done = format!("Client {} is locked.", client.client_id);
                administration::lock(context, client, true).await.map_err(described)?;
                output.done(&done);
                Ok(())
            }
            Self::Unlock(client_id) => {
                match found(context.service, &client_id, connection).await? {
                    Some(client) => administration::lock(context, client, false).await.map_err(described)?,
                    None => unlock_deleted(context, &client_id).await?,
                }
                output.done(&format!("Client {client_id} is unlocked."));
                Ok(())
            }
            Self::RotateSecret(client) => {
                let mut members = identified(&client);
                let replaced = administration::replace_secret(context, client, None).await.map_err(described)?;
                members.insert("client_secret".to_owned(), replaced.new.expose().into());
                output.one(&members)
            }
            Self::ReissueToken(client) => {
                let mut members = identified(&client);
                let token = administration::reissue_token(context, client).await.map_err(described)?;
                members.insert("registration_access_token".to_owned(), token.expose().into());
                output.one(&members)
            }
        }
    }
}

async fn delete(which: &Which, consent: &Consent, connection: &Connection, output: &Output) -> Result<()> {
    let Which { service, client_id } = which;
    let (_, client) = which.find(connection).await?;
    let members = client.record.metadata.to_members();
    let name = members.get("client_name").and_then(Value::as_str);
    let what = match name {
        Some(name) => format!("client {client_id:?}, {name:?}"),
        None => format!("client {client_id:?}"),
    };
    consent.to_delete(&what, name, client_id)?;
    let (number, by, origin) = (client.numeric_id, Deleter::operator_of(&client), operator());
    let deleted = connection.store.delete_client(*service, client_id, number, by, &origin);
    if deleted.await.map_err(described)?.is_err() {
        bail!("the client changed at the same time; try again");
    }
    output.done(&format!("Client {client_id} is deleted."));
    Ok(())
}

impl Which {
    /// The client, which must exist, and its service.
    async fn find(&self, connection: &Connection) -> Result<(Service, RegisteredClient)> {
        let service = connection.service(self.service).await?;
        let client = found(&service, &self.client_id, connection).await?;
        let client = client.with_context(|| format!("there is no client {}", self.client_id))?;
        Ok((service, client))
    }
}

async fn found(service: &Service, client_id: &str, connection: &Connection) -> Result<Option<RegisteredClient>> {
    let client = connection.store.client(service.id, service.numeric_id(client_id)).await.map_err(described)?;
    Ok(client.filter(|client| client.client_id == client_id))
}

async fn unlock_deleted(context: &registry::Context<'_>, client_id: &str) -> Result<()> {
    match administration::unlock_deleted(context, client_id).await {
        Ok(_) => Ok(()),
        Err(shared::Error::UnknownClient) => bail!("there is no client {client_id}"),
        Err(error) => Err(described(error)),
    }
}

/// What the core needs to act as the functions do.
async fn app(connection: &Connection) -> Result<App> {
    let Connection { store, clock, entropy, .. } = connection;
    let (keys, fetch) = (connection.keys().await?, Fetch::new(FetchSettings::default()));
    Ok(App::new(store.clone(), keys, fetch, clock.clone(), entropy.clone(), Settings::default()))
}

fn context<'a>(app: &'a App, service: &'a Service, connection: &Connection) -> registry::Context<'a> {
    let audiences = base_url(service, connection)
        .map_or_else(Vec::new, |url| vec![service.issuer(&url), service.registration_endpoint(&url)]);
    registry::Context { app, service, origin: operator(), fetching_ends: Instant::now() + FETCHING, audiences }
}

/// Where the API is for that service, if that is known.
fn base_url(service: &Service, connection: &Connection) -> Option<String> {
    service.configuration.base_url.clone().or_else(|| connection.base_url())
}

fn managed_at(base_url: &str, service: &Service, information: &ClientInformation) -> String {
    format!("{}/{}", service.registration_endpoint(base_url), information.client.client_id)
}

/// What an operator's changes make of a client (RFC 7396).
fn changed(client: &RegisteredClient, changes: Map<String, Value>) -> Result<Draft, shared::Error> {
    let draft = Draft::of(client);
    let mut members = Value::Object(draft.metadata.to_members());
    json_patch::merge(&mut members, &Value::Object(changes));
    let Value::Object(members) = members else { return Err(shared::Error::internal("a client is not an object")) };
    Ok(Draft { metadata: ClientMetadata::from_members(members)?, client_type: None, ..draft })
}

/// Tells an operator of members that were not registered, as a misspelt one; registrants are not told (RFC 7591 §2).
fn warn_of_ignored(sent: &Map<String, Value>, client: &RegisteredClient) {
    let (registered, own) = (client.record.metadata.to_members(), shown(client));
    let is_known = |name: &String| registered.contains_key(name) || own.contains_key(name);
    let given = sent.iter().filter(|(name, value)| !value.is_null() && !SERVER_SET.contains(&name.as_str()));
    let ignored: Vec<&str> = given.map(|(name, _)| name).filter(|name| !is_known(name)).map(String::as_str).collect();
    if !ignored.is_empty() {
        eprintln!("warning: not registered: {}", ignored.join(", "));
    }
}

fn identified(client: &RegisteredClient) -> Map<String, Value> {
    [("client_id".to_owned(), client.client_id.as_str().into())].into_iter().collect()
}

fn shown(client: &RegisteredClient) -> Map<String, Value> {
    let mut members = client.record.metadata.to_members();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("client_id", client.client_id.as_str().into());
    put("numeric_id", client.numeric_id.into());
    put("source", client.source.as_str().into());
    put("client_type", serde_json::to_value(client.record.client_type).unwrap_or_default());
    put("registered", date(client.record.issued_at_millis / 1000).into());
    put("locked", client.locked.into());
    if let Some(end) = client.expires_at {
        put("expires", date(end).into());
    }
    members
}
