//! `registrar client prune`: deletes clients that nobody uses, also those that came before the policy said when they end,
//! and brings them back.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::{Map, Value, json};
use shared::Error;
use shared::administration::{self, RestoreFault};
use shared::client::RegisteredClient;
use shared::store::Route;

use crate::admin::consent::Consent;
use crate::admin::desk::Desk;
use crate::admin::token::duration;
use crate::admin::{Connection, Output};
use crate::failure::described;
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

pub(super) async fn run(prune: &Prune, connection: &Connection, output: &Output) -> Result<()> {
    let desk = Desk::at(prune.service, connection).await?;
    match prune.unused {
        Some(unused) => prune.delete(unused, &desk, connection, output).await,
        None => prune.undo(&desk, connection, output).await,
    }
}

impl Prune {
    async fn delete(&self, unused: Duration, desk: &Desk, connection: &Connection, output: &Output) -> Result<()> {
        let since = connection.clock.now().saturating_sub(unused.as_secs());
        let meant = self.meant(since, connection).await?;
        if !output.is_json() {
            output.rows(&["host", "clients"], &by_host(&meant))?;
        }
        let mut deleted = Vec::new();
        if !self.dry_run && !meant.is_empty() {
            let service = self.service.to_string();
            let what = format!("{} clients of service {service} that nobody uses", meant.len());
            self.consent.to_delete(&what, None, &service)?;
            for (_, client_id) in &meant {
                // Somebody may have used it meanwhile, or it is gone.
                let Some(client) = desk.found(client_id).await? else { continue };
                match administration::prune(&desk.context(), &client, since).await {
                    Ok(None) => deleted.push(client_id.as_str()),
                    Ok(Some(_)) | Err(Error::UnknownClient | Error::Contention) => {}
                    Err(error) => return Err(described(error)),
                }
            }
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

    /// All that are unused since then, in seconds since 1970: the host of each, and its identifier.
    async fn meant(&self, since: u64, connection: &Connection) -> Result<Vec<(String, String)>> {
        let (now, store) = (connection.clock.now(), &connection.store);
        let mut meant = Vec::new();
        let mut walk = store.walk(self.service, Route::default());
        while let Some(clients) = walk.next_some().await.map_err(described)? {
            let living = clients.iter().filter(|client| client.ends_at().is_none_or(|end| end > now));
            let asked = living.map(|client| async move {
                let kept = administration::kept_unused(store, client, since).await?;
                Ok(kept.is_none().then(|| (host(client), client.client_id.clone())))
            });
            let some: Vec<_> = stream::iter(asked).buffered(AT_ONCE).try_collect().await.map_err(described)?;
            meant.extend(some.into_iter().flatten());
        }
        Ok(meant)
    }

    async fn undo(&self, desk: &Desk, connection: &Connection, output: &Output) -> Result<()> {
        let ago = self.since.map_or(u64::MAX, |since| since.as_secs());
        let since = connection.clock.now().saturating_sub(ago).saturating_mul(1000);
        let pruned = connection.store.pruned_clients(self.service, since).await.map_err(described)?;
        let (mut restored, mut failed) = (Vec::new(), Vec::new());
        if !self.dry_run {
            for client_id in &pruned {
                match administration::restore(&desk.context(), client_id).await {
                    Ok(()) => restored.push(client_id.as_str()),
                    Err(RestoreFault::Core(error)) if error.status() >= 500 => return Err(described(error)),
                    Err(fault) => {
                        print::complain(&format!("warning: {client_id}: {fault}"));
                        failed.push(json!({"client_id": client_id, "reason": fault.to_string()}));
                    }
                }
            }
        }
        let sentence = match (self.dry_run, pruned.len()) {
            (true, number) => format!("Nothing is brought back; {number} would be."),
            (false, 0) => "There is none that was pruned and could be brought back.".to_owned(),
            (false, number) => format!("Brought back: {} of {number}.", restored.len()),
        };
        let facts = json!({"dry_run": self.dry_run, "clients": pruned, "restored": restored, "failed": failed});
        output.told(&sentence, &members(facts))
    }
}

fn members(facts: Value) -> Map<String, Value> {
    match facts {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

fn by_host(meant: &[(String, String)]) -> Vec<Map<String, Value>> {
    let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
    for (host, _) in meant {
        *hosts.entry(host).or_default() += 1;
    }
    let row = |(host, clients): (&str, u64)| {
        Map::from_iter([("host".to_owned(), Value::from(host)), ("clients".to_owned(), clients.into())])
    };
    hosts.into_iter().map(row).collect()
}

fn host(client: &RegisteredClient) -> String {
    let first = client.record.metadata.redirect_uris().first();
    first.and_then(|uri| uri.host()).unwrap_or("-").to_owned()
}
