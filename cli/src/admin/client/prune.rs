//! `registrar client prune`: deletes clients that nobody uses, also those that came before the policy said when they end.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};
use shared::administration;
use shared::client::RegisteredClient;
use shared::store::Route;

use super::list::is_unused_since;
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
    let since = connection.clock.now().saturating_sub(prune.unused.as_secs());
    let is_meant = |client: &RegisteredClient| {
        let ends = client.source.ends_unused() && !client.retained && !client.locked;
        ends && is_unused_since(client, since)
    };
    let mut meant: Vec<(String, String)> = Vec::new();
    let mut walk = connection.store.walk(prune.service, Route::default());
    while let Some(clients) = walk.next_some().await.map_err(described)? {
        meant.extend(
            clients.iter().filter(|client| is_meant(client)).map(|client| (host(client), client.client_id.clone())),
        );
    }
    let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
    for (host, _) in &meant {
        *hosts.entry(host).or_default() += 1;
    }
    let row = |(host, clients): (&str, u64)| {
        Map::from_iter([("host".to_owned(), Value::from(host)), ("clients".to_owned(), clients.into())])
    };
    let rows: Vec<Map<String, Value>> = hosts.into_iter().map(row).collect();
    output.rows(&["host", "clients"], &rows)?;
    if prune.dry_run || meant.is_empty() {
        return Ok(());
    }
    let service = prune.service.to_string();
    let what = format!("{} clients of service {service} that nobody uses", meant.len());
    prune.consent.to_delete(&what, None, &service)?;
    let mut deleted = 0_u64;
    for (_, client_id) in meant {
        // Somebody may have used it meanwhile, or it is gone.
        let Some(client) = desk.found(&client_id).await?.filter(is_meant) else { continue };
        administration::delete(&desk.context(), &client).await.map_err(described)?;
        deleted += 1;
    }
    output.done(&format!("Deleted: {deleted}."));
    Ok(())
}

fn host(client: &RegisteredClient) -> String {
    let first = client.record.metadata.redirect_uris().first();
    first.and_then(|uri| uri.host()).unwrap_or("-").to_owned()
}
