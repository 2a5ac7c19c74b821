//! `registrar audit`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value, json};
use shared::audit::{Entry, Subject};
use shared::store::Refused;
use shared::store::schema::audit_position;
use shared::time::day_of;

use super::desk::Desk;
use super::output::date;
use super::token::duration;
use super::{Connection, Output};
use crate::failure::described;
use crate::print;

/// How many rows a table has unless it shall have more.
const ROWS: usize = 100;

/// How many entries are read at a time.
const PAGE: usize = 100;

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

/// What to show.
#[derive(Args)]
pub struct Audit {
    /// The service.
    #[arg(long)]
    service: u64,
    /// Only what was changed of that client, be it gone.
    #[arg(long, value_name = "CLIENT_ID", allow_hyphen_values = true)]
    client: Option<String>,
    /// Only what was changed since then: 7d, 12h [default: all that is kept; 7d of what was refused].
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    since: Option<Duration>,
    /// Which registrations were refused, by rule and network, in place of what was changed.
    #[arg(long, conflicts_with = "client")]
    refused: bool,
    /// How many at the most: the last ones, but for a service as JSON, where they are the first [default: 100 for people,
    /// all as JSON].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

pub(super) async fn run(audit: &Audit, connection: &Connection, output: &Output) -> Result<()> {
    let now = connection.clock.now();
    let since = audit.since.map_or(0, |since| now.saturating_sub(since.as_secs()));
    if audit.refused {
        let since = audit.since.map_or_else(|| now.saturating_sub(7 * DAY), |_| since);
        return refused(audit.service, since, connection, output).await;
    }
    let usual = if output.is_json() { usize::MAX } else { ROWS };
    let most = audit.limit.map_or(usual, |most| usize::try_from(most).unwrap_or(usize::MAX));
    let is_cut = match &audit.client {
        Some(client_id) => of_client(audit.service, client_id, since, most, connection, output).await?,
        None if output.is_json() => lines_of_service(audit.service, since, most, connection, output).await?,
        None => latest_of_service(audit.service, since, most, connection, output).await?,
    };
    if is_cut {
        print::complain("There is more: --limit, --since");
    }
    Ok(())
}

/// The last of what was changed of a client; whether there is more.
async fn of_client(
    service: u64,
    client_id: &str,
    since: u64,
    most: usize,
    connection: &Connection,
    output: &Output,
) -> Result<bool> {
    let desk = Desk::at(service, connection).await?;
    let number = desk.service.numeric_id(client_id);
    let mut entries = connection.store.audit_of_client(service, number, since).await.map_err(described)?;
    let earlier = entries.len().saturating_sub(most);
    entries.drain(..earlier);
    show(&entries, output)?;
    Ok(earlier > 0)
}

/// The last of what was changed of a service, for people; whether there is more.
async fn latest_of_service(
    service: u64,
    since: u64,
    most: usize,
    connection: &Connection,
    output: &Output,
) -> Result<bool> {
    let latest = connection.store.latest_audit_of_service(service, &audit_position(since, ""), None, most).await;
    let (mut entries, earlier) = latest.map_err(described)?;
    entries.reverse();
    // One that is deleted still has an audit; one that never was has none.
    if entries.is_empty() {
        connection.service(service).await?;
    }
    show(&entries, output)?;
    Ok(earlier.is_some())
}

/// What was changed of a service, oldest first and some at a time, for scripts; whether there is more.
async fn lines_of_service(
    service: u64,
    since: u64,
    most: usize,
    connection: &Connection,
    output: &Output,
) -> Result<bool> {
    let (mut next, mut shown) = (Some(audit_position(since, "")), 0);
    while let Some(from) = next.take() {
        if shown == most {
            return Ok(true);
        }
        let page = connection.store.audit_of_service(service, &from, PAGE.min(most - shown)).await;
        let (entries, more) = page.map_err(described)?;
        shown += entries.len();
        show(&entries, output)?;
        next = more;
    }
    if shown == 0 {
        connection.service(service).await?;
    }
    Ok(false)
}

/// The columns for people.
const COLUMNS: [&str; 7] = ["at", "what", "of", "members", "actor", "door", "from"];

fn show(entries: &[Entry], output: &Output) -> Result<()> {
    if !output.is_json() {
        return output.rows(&COLUMNS, &entries.iter().map(row).collect::<Vec<_>>());
    }
    for entry in entries {
        if let Value::Object(members) = serde_json::to_value(entry)? {
            Output::line(&members)?;
        }
    }
    Ok(())
}

fn row(entry: &Entry) -> Map<String, Value> {
    let of = match &entry.subject {
        Subject::Client { client_id, .. } => client_id.clone(),
        Subject::Service => "the service".to_owned(),
        Subject::Token { token, kind, .. } => format!("{kind} token {token}"),
    };
    let what = entry.events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(", ");
    let text = |text: &Option<String>| text.as_deref().unwrap_or("-").to_owned();
    let cells = [
        ("at", date(entry.at)),
        ("what", what),
        ("of", of),
        ("members", entry.members.join(", ")),
        ("actor", text(&entry.actor)),
        ("door", text(&entry.door)),
        ("from", text(&entry.address)),
    ];
    cells.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// What was refused, day by day.
async fn refused(service: u64, since: u64, connection: &Connection, output: &Output) -> Result<()> {
    connection.service(service).await?;
    let now = connection.clock.now();
    let mut rows = Vec::new();
    for day in (since / DAY..=now / DAY).map(|day| day_of(day.saturating_mul(DAY))) {
        rows.extend(connection.store.refused(service, &day).await.map_err(described)?.iter().map(counted));
    }
    output.rows(&["day", "count", "error", "rule", "door", "network", "description", "sample"], &rows)
}

fn counted(refused: &Refused) -> Map<String, Value> {
    let sample: Value = serde_json::from_str(&refused.sample).unwrap_or_default();
    let members = json!({
        "day": refused.day, "count": refused.count, "error": refused.error, "rule": refused.rule,
        "door": refused.door, "network": refused.network, "description": refused.description,
        "sample": sample, "last": date(refused.last_at),
    });
    members.as_object().cloned().unwrap_or_default()
}
