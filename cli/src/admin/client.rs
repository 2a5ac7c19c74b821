//! `registrar client`.

mod list;

use std::time::Instant;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use shared::administration::{self, Draft};
use shared::app::Settings;
use shared::client::{RegisteredClient, Source};
use shared::fetch::{Fetch, FetchSettings};
use shared::metadata::{ClientMetadata, Strictness, verify};
use shared::registry::{self, FETCHING, strictness};
use shared::service::Service;
use shared::store::Deleter;
use shared::{App, Error};

use super::consent::Consent;
use super::input::Input;
use super::output::date;
use super::{Connection, Output, operator};
use crate::failure::{Failure, described};
use crate::print;

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
    match command {
        Command::Create { service, metadata } => create(service, metadata.object()?, connection, output).await,
        Command::List(list) => list::run(&list, connection, output).await,
        Command::Show(which) => output.one(&shown(&which.find(connection).await?.1)),
        Command::Update { which, changes } => update(&which, &changes.object()?, connection, output).await,
        Command::Lock(which) => {
            let (desk, client) = which.at_desk(connection).await?;
            administration::lock(&desk.context(), client, true).await.map_err(described)?;
            output.done(&format!("Client {} is locked.", which.client_id));
            Ok(())
        }
        Command::Unlock(which) => unlock(&which, connection, output).await,
        Command::RotateSecret(which) => {
            let (desk, client) = which.at_desk(connection).await?;
            let replaced = administration::replace_secret(&desk.context(), client, None).await.map_err(described)?;
            output.one(&which.with("client_secret", replaced.new.expose()))
        }
        Command::ReissueToken(which) => {
            let (desk, client) = which.at_desk(connection).await?;
            let token = administration::reissue_token(&desk.context(), client).await.map_err(described)?;
            output.one(&which.with("registration_access_token", token.expose()))
        }
        Command::Delete { which, consent } => delete(&which, &consent, connection, output).await,
    }
}

async fn create(service: u64, sent: Map<String, Value>, connection: &Connection, output: &Output) -> Result<()> {
    let desk = Desk::of(connection.service(service).await?, connection).await?;
    let metadata = ClientMetadata::from_members(sent.clone())?;
    let mut created = registry::register_for(&desk.context(), metadata).await.map_err(described)?;
    let managed_at = |url: &String| format!("{}/{}", desk.service.registration_endpoint(url), created.client.client_id);
    created.registration_client_uri = desk.base_url.as_ref().map(managed_at);
    warn_of_ignored(&sent, &created.client);
    output.one(&created.to_members())
}

async fn update(which: &Which, changes: &Map<String, Value>, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client) = which.at_desk(connection).await?;
    if !client.source.is_operators_to_change() {
        bail!("{} is vouched for by others: it is not an operator's to change", which.client_id);
    }
    let draft = |client: &RegisteredClient| changed(client, changes.clone());
    if let Err(fault) = allowed(&draft(&client).map_err(described)?.metadata, client.source) {
        // What operators make step by step is not complete yet; what was complete stays so.
        if allowed(&client.record.metadata.to_metadata(), client.source).is_ok() {
            return Err(described(fault));
        }
        print::complain(&format!("warning: this client is not as the specifications have it yet: {fault}"));
    }
    let updated = administration::replace(&desk.context(), client, draft).await.map_err(described)?;
    warn_of_ignored(changes, &updated.client);
    output.one(&shown(&updated.client))
}

async fn unlock(which: &Which, connection: &Connection, output: &Output) -> Result<()> {
    let desk = Desk::of(connection.service(which.service).await?, connection).await?;
    let context = desk.context();
    let unlocked = match found(&desk.service, &which.client_id, connection).await? {
        Some(client) => administration::lock(&context, client, false).await,
        None => administration::unlock_deleted(&context, &which.client_id).await.map(drop),
    };
    match unlocked {
        Ok(()) => output.done(&format!("Client {} is unlocked.", which.client_id)),
        Err(Error::UnknownClient) => {
            return Err(Failure::not_found(format!("there is no client {}", which.client_id)).into());
        }
        Err(error) => return Err(described(error)),
    }
    Ok(())
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
        return Err(described(Error::Contention));
    }
    output.done(&format!("Client {client_id} is deleted."));
    Ok(())
}

impl Which {
    /// The client, which must exist, and its service.
    async fn find(&self, connection: &Connection) -> Result<(Service, RegisteredClient)> {
        let service = connection.service(self.service).await?;
        let client = found(&service, &self.client_id, connection).await?;
        let client = client.ok_or_else(|| Failure::not_found(format!("there is no client {}", self.client_id)))?;
        Ok((service, client))
    }

    async fn at_desk(&self, connection: &Connection) -> Result<(Desk, RegisteredClient)> {
        let (service, client) = self.find(connection).await?;
        Ok((Desk::of(service, connection).await?, client))
    }

    /// Its identifier and what has just been made for it.
    fn with(&self, member: &str, value: &str) -> Map<String, Value> {
        let members = [("client_id", self.client_id.as_str()), (member, value)];
        members.map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect()
    }
}

async fn found(service: &Service, client_id: &str, connection: &Connection) -> Result<Option<RegisteredClient>> {
    let client = connection.store.client(service.id, service.numeric_id(client_id)).await.map_err(described)?;
    Ok(client.filter(|client| client.client_id == client_id))
}

/// A service, and what the core needs to act there as the functions do.
struct Desk {
    app: App,
    service: Service,
    /// Where the API is for that service, if that is known.
    base_url: Option<String>,
}

impl Desk {
    async fn of(service: Service, connection: &Connection) -> Result<Self> {
        let Connection { store, clock, entropy, .. } = connection;
        let (keys, fetch) = (connection.keys().await?, Fetch::new(FetchSettings::default()));
        let app = App::new(store.clone(), keys, fetch, clock.clone(), entropy.clone(), Settings::default());
        let base_url = service.configuration.base_url.clone().or_else(|| connection.base_url());
        Ok(Self { app, service, base_url })
    }

    fn context(&self) -> registry::Context<'_> {
        let Self { app, service, base_url } = self;
        let audiences = |url: &String| vec![service.issuer(url), service.registration_endpoint(url)];
        registry::Context {
            app,
            service,
            origin: operator(),
            fetching_ends: Instant::now() + FETCHING,
            audiences: base_url.as_ref().map(audiences).unwrap_or_default(),
        }
    }
}

/// What an operator's changes make of a client (RFC 7396).
fn changed(client: &RegisteredClient, changes: Map<String, Value>) -> Result<Draft, Error> {
    let draft = Draft::of(client);
    let mut members = Value::Object(draft.metadata.to_members());
    json_patch::merge(&mut members, &Value::Object(changes));
    let Value::Object(members) = members else { return Err(Error::internal("a client is not an object")) };
    Ok(Draft { metadata: ClientMetadata::from_members(members)?, client_type: None, ..draft })
}

/// Whether the specifications have such clients. Operators of Authlete may leave that for later, and the core lets them;
/// a client that registers or is registered here is complete.
fn allowed(metadata: &ClientMetadata, source: Source) -> Result<(), Error> {
    let strictness = match source {
        Source::AuthleteCreate => Strictness::Full,
        source => strictness(source),
    };
    verify(metadata.clone(), strictness).map(drop)
}

/// Tells an operator of members that were not registered, as a misspelt one; registrants are not told (RFC 7591 §2).
fn warn_of_ignored(sent: &Map<String, Value>, client: &RegisteredClient) {
    let (registered, own) = (client.record.metadata.to_members(), shown(client));
    let has = |(name, value): &(&String, &Value)| registered.contains_key(*name) || own.get(*name) == Some(*value);
    let given = sent.iter().filter(|(_, value)| !value.is_null());
    let ignored: Vec<&str> = given.filter(|member| !has(member)).map(|(name, _)| name.as_str()).collect();
    if !ignored.is_empty() {
        print::complain(&format!("warning: not registered: {}", ignored.join(", ")));
    }
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
