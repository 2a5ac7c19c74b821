//! `registrar client list`: as many clients as there are, some at a time.

use std::io::{IsTerminal, stderr, stdout};
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use clap::Args;
use clap::builder::PossibleValuesParser;
use serde_json::{Map, Value};
use shared::client::{RegisteredClient, Source};
use shared::metadata::Localized;
use shared::policy::Policy;
use shared::store::Route;

use super::shown;
use crate::admin::token::duration;
use crate::admin::{Connection, Output};
use crate::failure::described;
use crate::print;

/// How many rows a table has unless it shall have more.
const ROWS: u64 = 100;

/// How much of a name stands in a line, in characters.
const NAME: usize = 23;

/// Which clients.
#[derive(Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct List {
    /// The service.
    #[arg(long)]
    service: u64,
    /// How many at the most [default: 100 for people, all as JSON].
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    limit: Option<u64>,
    /// Begin after that position, as the last page told it.
    #[arg(long, value_name = "POSITION", value_parser = position)]
    after: Option<String>,
    /// The newest first.
    #[arg(long)]
    newest: bool,
    /// Only those with that text in a name, in whatever language and case.
    #[arg(long, value_name = "TEXT")]
    name: Option<String>,
    /// Only those with that `software_id`.
    #[arg(long, value_name = "ID")]
    software_id: Option<String>,
    /// Only those that came to be registered so; may be repeated.
    #[arg(long = "source", value_name = "SOURCE", value_parser = PossibleValuesParser::new(Source::ALL.map(Source::as_str)))]
    sources: Vec<String>,
    /// Only those that an operator has locked.
    #[arg(long)]
    locked: bool,
    /// Only those that wait for approval.
    #[arg(long)]
    pending: bool,
    /// Only those of which whoever shows them to people should know something: see the policy's `names` and `redirect_uris`.
    #[arg(long)]
    flagged: bool,
    /// Only those that have ended and are not removed yet, instead of the others.
    #[arg(long)]
    expired: bool,
    /// Only those of which no use is known for so long: 30d, 12h; and that were not registered since.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    unused: Option<Duration>,
    /// Only those that were registered at that time or later: 2026-01-31, 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    registered_after: Option<u64>,
    /// Only those that were registered before that time.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    registered_before: Option<u64>,
}

pub(super) async fn run(list: &List, connection: &Connection, output: &Output) -> Result<()> {
    let service = connection.service(list.service).await?;
    let policy = service.policy();
    let most = list.limit.unwrap_or(if output.is_json() { u64::MAX } else { ROWS });
    let mut walk = connection.store.walk(list.service, list.route());
    let (mut rows, mut listed, mut progress) = (Vec::new(), 0, Progress::new(output));
    let mut reached = None;
    while let Some(clients) = walk.next_some().await.map_err(described)? {
        progress.step(clients.len());
        for client in clients.iter().filter(|client| list.admits(client, policy, connection.clock.now())) {
            if listed == most {
                progress.end();
                print(&rows, output)?;
                more(reached.as_deref());
                return Ok(());
            }
            listed += 1;
            reached = Some(client.position());
            let mut row = shown(client, policy);
            row.insert("position".to_owned(), client.position().into());
            if output.is_json() {
                Output::line(&row)?;
            } else {
                rows.push(for_people(row));
            }
        }
    }
    progress.end();
    print(&rows, output)
}

/// A table for people; scripts have had a line for each client.
fn print(rows: &[Map<String, Value>], output: &Output) -> Result<()> {
    if output.is_json() {
        return Ok(());
    }
    output.rows(&["client_id", "client_name", "source", "registered", "used", "ends", "state"], rows)
}

/// What fits into a line: days, and the beginning of a name.
fn for_people(mut row: Map<String, Value>) -> Map<String, Value> {
    let cut = |row: &mut Map<String, Value>, name: &str, most: usize, more: &str| {
        if let Some(Value::String(text)) = row.get_mut(name)
            && let Some((end, _)) = text.char_indices().nth(most)
        {
            text.truncate(end);
            text.push_str(more);
        }
    };
    let end = row.remove("expires");
    row.extend(end.map(|end| ("ends".to_owned(), end)));
    for day in ["registered", "ends"] {
        cut(&mut row, day, "2026-01-31".len(), "");
    }
    cut(&mut row, "client_name", NAME, "…");
    row
}

fn more(last: Option<&str>) {
    if let Some(last) = last {
        print::complain(&format!("There are more: --after '{last}'"));
    }
}

impl List {
    fn route(&self) -> Route {
        let registered = self.registered_after.unwrap_or(0)..self.registered_before.unwrap_or(u64::MAX);
        Route { newest_first: self.newest, after: self.after.clone(), registered: Some(registered) }
    }

    fn admits(&self, client: &RegisteredClient, policy: &Policy, now: u64) -> bool {
        let rest = client.record.metadata.rest();
        let has_ended = client.ends_at().is_some_and(|end| end <= now);
        let is_named = |text: &String| {
            let mut names = rest.client_name.iter().flat_map(Localized::values);
            names.any(|name| name.to_lowercase().contains(&text.to_lowercase()))
        };
        has_ended == self.expired
            && (client.locked || !self.locked)
            && (client.pending_until.is_some() || !self.pending)
            && (!self.flagged || !policy.flags(client).is_empty())
            && (self.sources.is_empty() || self.sources.iter().any(|source| source == client.source.as_str()))
            && self.software_id.as_ref().is_none_or(|id| rest.software_id.as_ref() == Some(id))
            && self.name.as_ref().is_none_or(is_named)
            && self.unused.is_none_or(|life| client.is_unused_since(now.saturating_sub(life.as_secs())))
    }
}

/// A place in a list: a time in 13 digits of milliseconds, `#`, a number in 16.
fn position(text: &str) -> Result<String> {
    let is_number = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|byte| byte.is_ascii_digit());
    match text.split_once('#') {
        Some((time, number)) if is_number(time, 13) && is_number(number, 16) => Ok(text.to_owned()),
        _ => bail!("a position is what the last page ended with, as 1790000000000#0000000000000001"),
    }
}

/// A day or a time in UTC, in milliseconds since 1970.
fn millis(text: &str) -> Result<u64> {
    let time = if text.len() == "2026-01-31".len() { format!("{text}T00:00:00Z") } else { text.to_owned() };
    let time = DateTime::from_str(&time, DateTimeFormat::DateTime).ok();
    match time.and_then(|time| u64::try_from(time.to_millis().ok()?).ok()) {
        Some(millis) => Ok(millis),
        None => bail!("a time is a day, 2026-01-31, or has a time of day, 2026-01-31T12:00:00Z"),
    }
}

/// How far it is, for whoever waits at a terminal.
pub(in crate::admin) struct Progress {
    is_seen: bool,
    read: usize,
}

impl Progress {
    fn new(output: &Output) -> Self {
        Self::beside_lines(output.is_json())
    }

    /// Beside what is printed line by line, if it is: at one terminal they would be in each other's way.
    pub(in crate::admin) fn beside_lines(is_printed: bool) -> Self {
        let is_in_the_way = is_printed && stdout().is_terminal();
        Self { is_seen: stderr().is_terminal() && !is_in_the_way, read: 0 }
    }

    pub(in crate::admin) fn step(&mut self, read: usize) {
        self.read += read;
        if self.is_seen {
            print::beside(&format!("\r{} clients read", self.read));
        }
    }

    /// Leaves an empty line.
    pub(in crate::admin) fn end(&self) {
        if self.is_seen {
            print::beside("\r\u{1b}[K");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_a_day_or_a_time_of_day() {
        assert_eq!(millis("1970-01-02").unwrap(), 86_400_000);
        assert_eq!(millis("2026-09-21T14:13:20Z").unwrap(), 1_790_000_000_000);
        assert_eq!(millis("2026-09-21T14:13:20.5Z").unwrap(), 1_790_000_000_500);
        for wrong in ["", "yesterday", "2026-13-01", "1969-12-31", "2026-09-21T14:13:20", "é026-01-3"] {
            assert!(millis(wrong).is_err(), "{wrong}");
        }
    }
}
