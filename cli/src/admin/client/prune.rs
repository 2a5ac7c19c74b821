//! `registrar client prune`: deletes clients that nobody uses, also those that came before the policy said when they end.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::Error;
use shared::administration;
use shared::client::{RegisteredClient, Source};
use shared::metadata::RedirectUri;
use shared::store::Route;

use crate::admin::api::{Api, Asking, MOST, next, rows};
use crate::admin::asked::Asked;
use crate::admin::consent::Consent;
use crate::admin::desk::Desk;
use crate::admin::token::duration;
use crate::admin::{Connection, Output};
use crate::failure::described;
use crate::print;

/// Which clients.
#[derive(Args)]
pub struct Prune {
    /// The service.
    #[arg(long)]
    service: u64,
    /// Those of which no use is known for so long, and that were not registered since: 90d.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    unused: Duration,
    /// Show how many there are, by the host of their first redirect URI, and delete nothing.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

/// A client that is one of those.
struct Meant {
    client_id: String,
    /// The host of its first redirect URI.
    host: String,
    version: u64,
}

pub(super) async fn run(prune: &Prune, asked: &Asked, output: &Output) -> Result<()> {
    let meant = match asked {
        Asked::Table(connection) => prune.meant(connection).await?,
        Asked::Api(api) => {
            let (mut meant, mut pages) = (Vec::new(), Pages::of(prune, api));
            while let Some(page) = pages.next().await? {
                meant.extend(page);
            }
            meant
        }
    };
    output.rows(&["host", "clients"], &by_host(&meant))?;
    if prune.dry_run || meant.is_empty() {
        return Ok(());
    }
    let service = prune.service.to_string();
    let what = format!("{} clients of service {service} that nobody uses", meant.len());
    prune.consent.to_delete(&what, None, &service)?;
    let deleted = match asked {
        Asked::Table(connection) => prune.delete_in_table(&meant, connection).await?,
        Asked::Api(api) => prune.delete_by_api(&meant, api).await?,
    };
    output.done(&format!("Deleted: {deleted}. For thirty days registrar client restore brings one back."));
    Ok(())
}

impl Prune {
    /// Whether a client is one of those.
    fn means(&self, client: &RegisteredClient, now: u64) -> bool {
        client.source.ends_unused()
            && !client.retained
            && !client.locked
            && client.ends_at().is_none_or(|end| end > now)
            && client.is_unused_since(now.saturating_sub(self.unused.as_secs()))
    }

    /// All of them.
    async fn meant(&self, connection: &Connection) -> Result<Vec<Meant>> {
        connection.service(self.service).await?;
        let now = connection.clock.now();
        let mut meant = Vec::new();
        let mut walk = connection.store.walk(self.service, Route::default());
        while let Some(clients) = walk.next_some().await.map_err(described)? {
            let those = clients.iter().filter(|client| self.means(client, now));
            meant.extend(those.map(|client| Meant {
                client_id: client.client_id.clone(),
                host: host(client.record.metadata.redirect_uris().first()),
                version: client.version,
            }));
        }
        Ok(meant)
    }

    async fn delete_in_table(&self, meant: &[Meant], connection: &Connection) -> Result<usize> {
        let desk = Desk::at(self.service, connection).await?;
        let mut deleted = 0;
        for Meant { client_id, .. } in meant {
            // Somebody may have used it meanwhile, or it is gone.
            let found = desk.found(client_id).await?;
            let Some(client) = found.filter(|client| self.means(client, connection.clock.now())) else { continue };
            match administration::prune(&desk.context(), &client).await {
                Ok(()) => deleted += 1,
                Err(Error::UnknownClient | Error::Contention) => {}
                Err(error) => return Err(described(error)),
            }
        }
        Ok(deleted)
    }

    /// Looks again, and deletes at once those of a page of which no use is known still.
    async fn delete_by_api(&self, meant: &[Meant], api: &Api) -> Result<usize> {
        let shown: HashSet<&str> = meant.iter().map(|client| client.client_id.as_str()).collect();
        let (mut deleted, mut pages) = (0, Pages::of(self, api));
        while let Some(page) = pages.next().await? {
            let those = page.iter().filter(|client| shown.contains(client.client_id.as_str()));
            let clients: Vec<Value> = those.map(Meant::as_it_was).collect();
            if !clients.is_empty() {
                deleted += self.delete_some(clients, api).await?;
            }
        }
        Ok(deleted)
    }

    async fn delete_some(&self, clients: Vec<Value>, api: &Api) -> Result<usize> {
        let members = [("action", "delete".into()), ("clients", clients.into())];
        let order = members.map(|(name, value): (&str, Value)| (name.to_owned(), value)).into_iter().collect();
        let asking = Asking::new(Method::POST, &[&self.service.to_string(), "bulk"]).sending(order);
        let results = rows(&mut api.ask(asking).await?.members, "results");
        let text = |result: &Map<String, Value>, name: &str| {
            result.get(name).and_then(Value::as_str).unwrap_or_default().to_owned()
        };
        for refused in results.iter().filter(|result| text(result, "outcome") == "refused") {
            let (client_id, why) = (text(refused, "client_id"), text(refused, "error_description"));
            print::complain(&print::visible(&format!("warning: {client_id} stays: {why}")));
        }
        Ok(results.iter().filter(|result| text(result, "outcome") == "done").count())
    }
}

impl Meant {
    /// A client as the API has it, if it is one of those that may end so.
    fn of(client: &Map<String, Value>) -> Option<Self> {
        let text = |name: &str| client.get(name).and_then(Value::as_str);
        let source = Source::ALL.into_iter().find(|source| Some(source.as_str()) == text("source"))?;
        let first = client.get("redirect_uris").and_then(|uris| uris.get(0)?.as_str());
        let meant = source.ends_unused() && !client.contains_key("retained");
        meant.then_some(Self {
            client_id: text("client_id")?.to_owned(),
            host: host(first.and_then(|uri| RedirectUri::parse(uri).ok()).as_ref()),
            version: client.get("version")?.as_u64()?,
        })
    }

    /// What is to be deleted, and nothing that has become of it since.
    fn as_it_was(&self) -> Value {
        json!({ "client_id": self.client_id, "version": self.version })
    }
}

/// The pages of the API with clients of which no use is known.
struct Pages<'p> {
    prune: &'p Prune,
    api: &'p Api,
    cursor: Option<String>,
    is_over: bool,
}

impl<'p> Pages<'p> {
    fn of(prune: &'p Prune, api: &'p Api) -> Self {
        Self { prune, api, cursor: None, is_over: false }
    }

    async fn next(&mut self) -> Result<Option<Vec<Meant>>> {
        if self.is_over {
            return Ok(None);
        }
        let asking = Asking::new(Method::GET, &[&self.prune.service.to_string(), "clients"])
            .with("unused", Some(self.prune.unused.as_secs()))
            .with("locked", Some(false))
            .with("oldest", Some(true))
            .with("limit", Some(MOST))
            .with("cursor", self.cursor.as_deref());
        let mut page = self.api.ask(asking).await?.members;
        self.cursor = next(&page);
        self.is_over = self.cursor.is_none();
        Ok(Some(rows(&mut page, "clients").iter().filter_map(Meant::of).collect()))
    }
}

fn by_host(meant: &[Meant]) -> Vec<Map<String, Value>> {
    let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
    for Meant { host, .. } in meant {
        *hosts.entry(host).or_default() += 1;
    }
    let row = |(host, clients): (&str, u64)| {
        Map::from_iter([("host".to_owned(), Value::from(host)), ("clients".to_owned(), clients.into())])
    };
    hosts.into_iter().map(row).collect()
}

fn host(first: Option<&RedirectUri>) -> String {
    first.and_then(RedirectUri::host).unwrap_or("-").to_owned()
}
