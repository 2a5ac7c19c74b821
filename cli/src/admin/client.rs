//! `registrar client`.

mod list;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::store::Deleter;

use super::consent::Consent;
use super::output::date;
use super::{Connection, Output, operator};
use crate::demo::described;

#[derive(Subcommand)]
pub enum Command {
    /// List a service's clients, oldest first; as JSON one a line.
    List(list::List),
    /// Show what a client registered; never its secret.
    Show {
        /// The service.
        #[arg(long)]
        service: u64,
        /// Its `client_id`.
        #[arg(allow_hyphen_values = true)]
        client_id: String,
    },
    /// Delete a client: its secret and its token end at once.
    Delete {
        /// The service.
        #[arg(long)]
        service: u64,
        /// Its `client_id`.
        #[arg(allow_hyphen_values = true)]
        client_id: String,
        #[command(flatten)]
        consent: Consent,
    },
}

pub(super) async fn run(command: Command, connection: &Connection, output: &Output) -> Result<()> {
    match command {
        Command::List(list) => list::run(list, connection, output).await,
        Command::Show { service, client_id } => output.one(&shown(&find(service, &client_id, connection).await?)),
        Command::Delete { service, client_id, consent } => {
            let client = find(service, &client_id, connection).await?;
            let name =
                client.record.metadata.to_members().get("client_name").and_then(Value::as_str).map(str::to_owned);
            consent.to_delete(&described_client(&client_id, name.as_deref()), name.as_deref(), &client_id)?;
            let number = client.numeric_id;
            let origin = operator();
            let by = Deleter::operator_of(&client);
            let deleted = connection.store.delete_client(service, &client_id, number, by, &origin);
            if deleted.await.map_err(described)?.is_err() {
                bail!("the client changed at the same time; try again");
            }
            output.done(&format!("Client {client_id} is deleted."));
            Ok(())
        }
    }
}

fn described_client(client_id: &str, name: Option<&str>) -> String {
    name.map_or_else(|| format!("client {client_id:?}"), |name| format!("client {client_id:?}, {name:?}"))
}

async fn find(service: u64, client_id: &str, connection: &Connection) -> Result<RegisteredClient> {
    let number = connection.service(service).await?.numeric_id(client_id);
    let client = connection.store.client(service, number).await.map_err(described)?;
    client.filter(|client| client.client_id == client_id).with_context(|| format!("there is no client {client_id}"))
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
