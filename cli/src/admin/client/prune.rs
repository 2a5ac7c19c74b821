//! `registrar client prune`: deletes clients that nobody uses, also those that came before the policy said when they end.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};
use shared::Error;
use shared::administration;
use shared::client::RegisteredClient;
use shared::store::Route;

use crate::admin::consent::Consent;
use crate::admin::desk::Desk;
use crate::admin::token::duration;
use crate::admin::{Connection, Output};
use crate::failure::described;

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

pub(super) async fn run(prune: &Prune, connection: &Connection, output: &Output) -> Result<()> {
    let desk = Desk::at(prune.service, connection).await?;
    let meant = prune.meant(connection).await?;
    output.rows(&["host", "clients"], &by_host(&meant))?;
    if prune.dry_run || meant.is_empty() {
        return Ok(());
    }
    let service = prune.service.to_string();
    let what = format!("{} clients of service {service} that nobody uses", meant.len());
    prune.consent.to_delete(&what, None, &service)?;
    let mut deleted = 0_u64;
    for (_, client_id) in meant {
        // Somebody may have used it meanwhile, or it is gone.
        let found = desk.found(&client_id).await?;
        let Some(client) = found.filter(|client| prune.means(client, connection.clock.now())) else { continue };
        match administration::prune(&desk.context(), &client).await {
            Ok(()) => deleted += 1,
            Err(Error::UnknownClient | Error::Contention) => {}
            Err(error) => return Err(described(error)),
        }
    }
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

    /// All of them: the host of each, and its identifier.
    async fn meant(&self, connection: &Connection) -> Result<Vec<(String, String)>> {
        let now = connection.clock.now();
        let mut meant = Vec::new();
        let mut walk = connection.store.walk(self.service, Route::default());
        while let Some(clients) = walk.next_some().await.map_err(described)? {
            let those = clients.iter().filter(|client| self.means(client, now));
            meant.extend(those.map(|client| (host(client), client.client_id.clone())));
        }
        Ok(meant)
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
