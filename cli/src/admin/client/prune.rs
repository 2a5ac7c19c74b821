//! `registrar client prune`: deletes clients that nobody uses, also those that came before the policy said when they end,
//! and brings them back.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use reqwest::Method;
use serde_json::{Map, Value, json};
use shared::Error;
use shared::administration::{self, RestoreFault};
use shared::counted::counted;
use shared::metadata::RedirectUri;
use shared::store::Route;

use super::bulk;
use crate::admin::api::shape::CLIENTS;
use crate::admin::api::{Api, Asking, MOST, Pages};
use crate::admin::asked::{Asked, needs_table};
use crate::admin::consent::Consent;
use crate::admin::desk::Desk;
use crate::admin::token::duration;
use crate::admin::{Connection, Output, output};
use crate::failure::{Failure, Kind, described};
use crate::print;

/// How many clients are asked about at once.
const AT_ONCE: usize = 16;

/// Which clients.
#[derive(Args)]
pub struct Prune {
    /// The service.
    #[arg(long)]
    service: u64,
    /// Those of which no use is known for so long, and that were not registered since: 90d.
    #[arg(long, value_name = "DURATION", value_parser = duration, required_unless_present = "undo")]
    unused: Option<Duration>,
    /// Bring back those that were pruned in the last thirty days.
    #[arg(long, conflicts_with = "unused")]
    undo: bool,
    /// With --undo only those that were pruned in that time: 2h, 3d.
    #[arg(long, value_name = "DURATION", value_parser = duration, requires = "undo")]
    since: Option<Duration>,
    /// Show how many there are, by the host of their first redirect URI, and delete nothing; or who would come back.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

/// A client that may go: the host of its first redirect URI, and its identifier.
type Meant = (String, String);

pub(super) async fn run(prune: &Prune, asked: &Asked, output: &Output) -> Result<()> {
    match (prune.unused, asked) {
        (Some(unused), _) => prune.delete(unused, asked, output).await,
        (None, Asked::Table(connection)) => prune.undo(connection, output).await,
        (None, Asked::Api(_)) => {
            Err(needs_table("the API does not list what was pruned: `client restore` brings back one that is named")
                .into())
        }
    }
}

impl Prune {
    async fn delete(&self, unused: Duration, asked: &Asked, output: &Output) -> Result<()> {
        let meant = match asked {
            Asked::Table(connection) => {
                connection.service(self.service).await?;
                self.meant(since(unused, connection), connection).await?
            }
            Asked::Api(api) => self.meant_by_api(unused, api).await?,
        };
        if !output.is_json() {
            output.rows(&["host", "clients"], &by_host(&meant))?;
        }
        let mut deleted = Vec::new();
        if !self.dry_run && !meant.is_empty() {
            let service = self.service.to_string();
            let what = format!("{} of service {service} that nobody uses", counted(meant.len(), "client"));
            self.consent.to_delete(&what, None, &service)?;
            deleted = match asked {
                Asked::Table(connection) => self.delete_in_table(&meant, since(unused, connection), connection).await?,
                Asked::Api(api) => self.delete_by_api(&meant, unused, api).await?,
            };
        }
        let sentence = match (self.dry_run, deleted.len()) {
            (true, _) => format!("Nothing is deleted; {} would be.", meant.len()),
            (false, 0) => "Nothing is deleted.".to_owned(),
            (false, number) => {
                format!("Deleted: {number}. For thirty days registrar client prune --undo brings them back.")
            }
        };
        let clients: Vec<&str> = meant.iter().map(|(_, client_id)| client_id.as_str()).collect();
        let facts = json!({"dry_run": self.dry_run, "hosts": by_host(&meant), "clients": clients, "deleted": deleted});
        output.told(&sentence, &members(facts))
    }

    async fn delete_in_table(&self, meant: &[Meant], since: u64, connection: &Connection) -> Result<Vec<String>> {
        let desk = Desk::at(self.service, connection).await?;
        let mut deleted = Vec::new();
        for (_, client_id) in meant {
            // Somebody may have used it meanwhile, or it is gone.
            let Some(client) = desk.found(client_id).await? else { continue };
            match administration::prune(&desk.context(), &client, since).await {
                Ok(None) => deleted.push(client_id.clone()),
                Ok(Some(_)) | Err(Error::UnknownClient | Error::Contention) => {}
                Err(error) => return Err(described(error)),
            }
        }
        Ok(deleted)
    }

    /// What the API finds, page by page, and would delete.
    async fn meant_by_api(&self, unused: Duration, api: &Api) -> Result<Vec<Meant>> {
        let (mut meant, mut pages) = (Vec::new(), Pages::default());
        while !pages.is_over {
            let asking = Asking::new(Method::GET, &[&self.service.to_string(), "clients"])
                .with("unused", Some(unused.as_secs()))
                .with("locked", Some(false))
                .with("oldest", Some(true))
                .with("limit", Some(MOST));
            let page = api.page(asking, CLIENTS, &mut pages).await?;
            let found: Vec<Meant> = page.iter().filter_map(named).collect();
            let possible = self.bulk(&found, unused, true, api).await?;
            meant.extend(found.into_iter().filter(|(_, client_id)| possible.contains(client_id)));
        }
        Ok(meant)
    }

    async fn delete_by_api(&self, meant: &[Meant], unused: Duration, api: &Api) -> Result<Vec<String>> {
        let mut deleted = Vec::new();
        for some in meant.chunks(usize::try_from(MOST).unwrap_or(1)) {
            deleted.append(&mut self.bulk(some, unused, false, api).await?);
        }
        Ok(deleted)
    }

    /// Those of some clients that the API has deleted since nobody uses them, or would.
    async fn bulk(&self, some: &[Meant], unused: Duration, preview: bool, api: &Api) -> Result<Vec<String>> {
        if some.is_empty() {
            return Ok(Vec::new());
        }
        let clients: Vec<Value> = some.iter().map(|(_, client_id)| json!({ "client_id": client_id })).collect();
        let order = json!({"action": "delete", "unused": unused.as_secs(), "preview": preview, "clients": clients});
        let results = bulk::by_api(self.service, members(order), api).await?;
        let outcome = if preview { "possible" } else { "done" };
        let those = results.iter().filter(|result| result.get("outcome").is_some_and(|found| found == outcome));
        Ok(those.filter_map(|result| Some(result.get("client_id")?.as_str()?.to_owned())).collect())
    }

    /// All that are unused since then, in seconds since 1970: the host of each, and its identifier.
    async fn meant(&self, since: u64, connection: &Connection) -> Result<Vec<Meant>> {
        let (now, store) = (connection.clock.now(), &connection.store);
        let mut meant = Vec::new();
        let mut walk = store.walk(self.service, Route::default());
        while let Some(clients) = walk.next_some().await.map_err(described)? {
            let living = clients.iter().filter(|client| client.ends_at().is_none_or(|end| end > now));
            let asked = living.map(|client| async move {
                let kept = administration::kept_unused(store, client, since).await?;
                let first = client.record.metadata.redirect_uris().first();
                Ok(kept.is_none().then(|| (host(first), client.client_id.clone())))
            });
            let some: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await.map_err(described)?;
            meant.extend(some.into_iter().flatten());
        }
        Ok(meant)
    }

    async fn undo(&self, connection: &Connection, output: &Output) -> Result<()> {
        let desk = Desk::at(self.service, connection).await?;
        let ago = self.since.map_or(u64::MAX, |since| since.as_secs());
        let since = connection.clock.now().saturating_sub(ago).saturating_mul(1000);
        let pruned = connection.store.pruned_clients(self.service, since).await.map_err(described)?;
        let (mut restored, mut failed) = (Vec::new(), Vec::new());
        for client_id in &pruned {
            let outcome = if self.dry_run {
                administration::restored(&desk.context(), client_id, None).await.map(drop)
            } else {
                administration::restore(&desk.context(), client_id, None).await
            };
            match outcome {
                Ok(()) => restored.push(client_id.as_str()),
                Err(RestoreFault::Core(error @ (Error::Unavailable(_) | Error::Internal(_)))) => {
                    return Err(described(error));
                }
                Err(fault) => {
                    print::complain(&format!("warning: {client_id}: {fault}"));
                    failed.push(json!({"client_id": client_id, "reason": fault.to_string()}));
                }
            }
        }
        let (number, left) = (restored.len(), failed.len());
        let sentence = match (self.dry_run, pruned.len()) {
            (true, _) => format!("Nothing is brought back; {number} would be."),
            (false, 0) => "There is none that was pruned and could be brought back.".to_owned(),
            (false, all) => format!("Brought back: {number} of {all}."),
        };
        if self.dry_run {
            restored.clear();
        }
        let facts = json!({"dry_run": self.dry_run, "clients": pruned, "restored": restored, "failed": failed});
        output.told(&sentence, &members(facts))?;
        if left == 0 {
            return Ok(());
        }
        Err(Failure::new(Kind::Conflict, format!("not brought back: {left}; why is said of each")).into())
    }
}

/// Since when nobody shall have used a client, in seconds since 1970.
fn since(unused: Duration, connection: &Connection) -> u64 {
    connection.clock.now().saturating_sub(unused.as_secs())
}

/// A client as the API has it.
fn named(client: &Map<String, Value>) -> Option<Meant> {
    let first = client.get("redirect_uris").and_then(|uris| uris.get(0)?.as_str());
    let first = first.and_then(|uri| RedirectUri::parse(uri).ok());
    Some((host(first.as_ref()), client.get("client_id")?.as_str()?.to_owned()))
}

fn members(facts: Value) -> Map<String, Value> {
    match facts {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn by_host(meant: &[Meant]) -> Vec<Map<String, Value>> {
    output::by_host(meant.iter().map(|(host, _)| host.as_str()))
}

fn host(first: Option<&RedirectUri>) -> String {
    first.and_then(RedirectUri::host).unwrap_or("-").to_owned()
}
