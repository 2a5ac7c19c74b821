//! `registrar audit`.

use std::time::Duration;

use anyhow::Result;
use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::audit::Entry;
use shared::time::{Clock, DAY};

use super::Output;
use super::api::shape::{ENTRIES, REFUSALS};
use super::api::{Asking, Pages};
use super::asked::Asked;
use super::desk::Desk;
use super::output::date;
use super::token::duration;
use crate::failure::described;
use crate::print;

/// How many entries are read at a time.
const PAGE: usize = 100;

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
    /// What registrants were refused, by operation, rule and network, in place of what was changed.
    #[arg(long, conflicts_with = "client")]
    refused: bool,
    /// How many at the most: the last ones, but of a service's changes as JSON the first ones [default: 100 for people,
    /// all as JSON].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
}

pub(super) async fn run(audit: &Audit, asked: &Asked, output: &Output) -> Result<()> {
    let now = Clock::system().now();
    let since = audit.since.map_or(0, |since| now.saturating_sub(since.as_secs()));
    let most = output.most(audit.limit);
    let log = Log { service: audit.service, since, asked };
    let is_cut = match &audit.client {
        _ if audit.refused => {
            let since = audit.since.map_or_else(|| now.saturating_sub(7 * DAY), |_| since);
            refused(audit.service, now / DAY - since / DAY + 1, most, asked, output).await?
        }
        None if output.is_json() => lines(&log, most, output).await?,
        client => {
            let (mut entries, is_cut) = match client {
                Some(client_id) => log.latest_of_client(client_id, most).await?,
                None => log.latest(most).await?,
            };
            entries.reverse();
            show(&entries, output)?;
            is_cut
        }
    };
    if is_cut {
        print::complain("There is more: --limit, --since");
    }
    Ok(())
}

/// What was changed of a service since a time, as it is written down.
struct Log<'a> {
    service: u64,
    since: u64,
    asked: &'a Asked,
}

/// Entries of the audit, and whether there are more.
type Entries = (Vec<Map<String, Value>>, bool);

impl Log<'_> {
    /// The last changes of a client, newest first.
    async fn latest_of_client(&self, client_id: &str, most: usize) -> Result<Entries> {
        match self.asked {
            Asked::Table(connection) => {
                let number = Desk::at(self.service, connection).await?.service.numeric_id(client_id);
                let found = connection.store.audit_of_client(self.service, number, self.since).await;
                let mut entries = members(&found.map_err(described)?)?;
                entries.reverse();
                let is_cut = entries.len() > most;
                entries.truncate(most);
                Ok((entries, is_cut))
            }
            Asked::Api(api) => {
                let client = api.client_path(&self.service.to_string(), client_id).await?;
                let path = [&self.service.to_string(), "clients", &client, "history"];
                // One more says that there are more.
                let asking = Asking::new(Method::GET, &path).about(client_id);
                let (mut entries, _) = api.pages(&asking, ENTRIES, most.saturating_add(1)).await?;
                entries.retain(|entry| at(entry) >= self.since);
                let is_cut = entries.len() > most;
                entries.truncate(most);
                Ok((entries, is_cut))
            }
        }
    }

    /// The last changes of the service, newest first.
    async fn latest(&self, most: usize) -> Result<Entries> {
        match self.asked {
            Asked::Table(connection) => {
                let latest = connection.store.latest_audit_of_service(self.service, self.since, None, most).await;
                let (entries, earlier) = latest.map_err(described)?;
                // One that is deleted still has an audit; one that never was has none.
                if entries.is_empty() {
                    connection.service(self.service).await?;
                }
                Ok((members(&entries)?, earlier.is_some()))
            }
            Asked::Api(api) => api.pages(&self.asking(), ENTRIES, most).await,
        }
    }

    /// The next changes, oldest first.
    async fn some(&self, pages: &mut Pages, most: usize) -> Result<Vec<Map<String, Value>>> {
        match self.asked {
            Asked::Table(connection) => {
                let page = connection.store.audit_of_service(self.service, self.since, pages.cursor(), most).await;
                let (entries, next) = page.map_err(described)?;
                if entries.is_empty() && next.is_none() {
                    connection.service(self.service).await?;
                }
                pages.go_on(next)?;
                members(&entries)
            }
            Asked::Api(api) => {
                let asking = self.asking().with("oldest", Some(true)).with("limit", Some(most));
                api.page(asking, ENTRIES, pages).await
            }
        }
    }

    fn asking(&self) -> Asking {
        // The API knows no later time.
        let since = (self.since > 0).then_some(self.since);
        Asking::new(Method::GET, &[&self.service.to_string(), "audit"]).with("since", since)
    }
}

/// What was changed of a service, oldest first and some at a time, for scripts; whether there is more.
async fn lines(log: &Log<'_>, most: usize, output: &Output) -> Result<bool> {
    let (mut pages, mut shown) = (Pages::default(), 0);
    while !pages.is_over && shown < most {
        let entries = log.some(&mut pages, PAGE.min(most - shown)).await?;
        shown += entries.len();
        for entry in &entries {
            output.line(entry)?;
        }
    }
    Ok(!pages.is_over)
}

/// The columns for people.
const COLUMNS: [&str; 7] = ["at", "what", "of", "members", "actor", "door", "from"];

fn members(entries: &[Entry]) -> Result<Vec<Map<String, Value>>> {
    entries.iter().map(|entry| Ok(serde_json::from_value(serde_json::to_value(entry)?)?)).collect()
}

fn show(entries: &[Map<String, Value>], output: &Output) -> Result<()> {
    if !output.is_json() {
        return output.rows(&COLUMNS, &entries.iter().map(row).collect::<Vec<_>>());
    }
    entries.iter().try_for_each(|entry| output.line(entry))
}

fn at(entry: &Map<String, Value>) -> u64 {
    entry.get("at").and_then(Value::as_u64).unwrap_or_default()
}

fn row(entry: &Map<String, Value>) -> Map<String, Value> {
    let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or("-");
    let words = |name: &str| {
        let words = entry.get(name).and_then(Value::as_array).into_iter().flatten();
        words.filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
    };
    let of = match text("subject") {
        "client" => text("client_id").to_owned(),
        "service" => "the service".to_owned(),
        _ => format!("{} token {}", text("kind"), text("token")),
    };
    let cells = [
        ("at", date(at(entry))),
        ("what", words("events")),
        ("of", of),
        ("members", words("members")),
        ("actor", text("actor").to_owned()),
        ("door", text("door").to_owned()),
        ("from", text("address").to_owned()),
    ];
    cells.into_iter().map(|(name, text)| (name.to_owned(), text.into())).collect()
}

/// What was refused in so many days, the last ones at the end; whether there is more.
async fn refused(service: u64, days: u64, most: usize, asked: &Asked, output: &Output) -> Result<bool> {
    let (mut refused, is_cut) = match asked {
        Asked::Table(connection) => {
            connection.service(service).await?;
            let (refused, next) = connection.store.refusals(service, days, None, most).await.map_err(described)?;
            (refused.iter().map(operator::refusals::shown).collect(), next.is_some())
        }
        Asked::Api(api) => {
            let days = days.min(operator::refusals::MOST_DAYS);
            let asking = Asking::new(Method::GET, &[&service.to_string(), "refusals"]).with("days", Some(days));
            api.pages(&asking, REFUSALS, most).await?
        }
    };
    refused.sort_by_cached_key(|refused| {
        (refused.get("last_at").and_then(Value::as_u64), Value::from(refused.clone()).to_string())
    });
    for refused in &mut refused {
        let last = refused.remove("last_at").and_then(|last| last.as_u64()).map(date);
        refused.insert("last".to_owned(), last.into());
    }
    let columns = ["day", "count", "operation", "error", "rule", "door", "network", "description", "samples"];
    output.rows(&columns, &refused)?;
    Ok(is_cut)
}
