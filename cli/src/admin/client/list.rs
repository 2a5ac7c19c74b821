//! `registrar client list`: as many clients as there are, some at a time.

use std::io::{IsTerminal, stderr, stdout};
use std::time::Duration;

use anyhow::{Result, bail};
use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};
use clap::Args;
use clap::builder::PossibleValuesParser;
use operator::shown::type_name;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::client::{ClientType, RegisteredClient, Source};
use shared::counted::counted;
use shared::service::Service;
use shared::store::{Route, Walk, client_cursor, is_named, leads_to_host};
use shared::time::Clock;

use super::shown::displayed;
use crate::admin::Output;
use crate::admin::api::shape::CLIENTS;
use crate::admin::api::{Api, Asking, MOST, Pages};
use crate::admin::asked::{Asked, needs_table};
use crate::admin::token::duration;
use crate::failure::described;
use crate::print;

/// How much of a name stands in a line, in characters.
const NAME: usize = 23;

/// What kinds of clients there are (RFC 6749 section 2.1).
const TYPES: [&str; 2] = [type_name(ClientType::Public), type_name(ClientType::Confidential)];

/// The first time that has no position, in milliseconds since 1970.
const LATEST: u64 = 10_000_000_000_000;

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
    /// Only those of whose names, in whatever language and case, words begin so.
    #[arg(long, value_name = "WORDS")]
    name: Option<String>,
    /// Only those that redirect to that host, or to an application by that scheme with its colon: com.example.app:
    #[arg(long, value_name = "HOST")]
    redirect_host: Option<String>,
    /// Only those with that `software_id`.
    #[arg(long, value_name = "ID")]
    software_id: Option<String>,
    /// Only those that came to be registered so; may be repeated.
    #[arg(long = "source", value_name = "SOURCE", value_parser = PossibleValuesParser::new(Source::ALL.map(Source::as_str)))]
    sources: Vec<String>,
    /// Only those of that type.
    #[arg(long, value_name = "TYPE", value_parser = PossibleValuesParser::new(TYPES))]
    client_type: Option<String>,
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
    /// Only those that end within that time, for whatever reason: 7d, 12h.
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    ending: Option<Duration>,
    /// Only those that were registered at that time or later: 2026-01-31, 2026-01-31T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    registered_after: Option<u64>,
    /// Only those that were registered before that time.
    #[arg(long, value_name = "TIME", value_parser = millis)]
    registered_before: Option<u64>,
}

pub(super) async fn run(list: &List, asked: &Asked, output: &Output) -> Result<()> {
    let most = output.most(list.limit);
    let mut walk = list.walk(asked, most).await?;
    let (mut rows, mut listed, mut progress) = (Vec::new(), 0, Progress::new(output));
    let (mut reached, now) = (None, Clock::system().now());
    while let Some(clients) = walk.next_some().await? {
        progress.step(clients.len());
        for client in clients.into_iter().filter(|client| list.admits(client, now)) {
            if listed == most {
                progress.end();
                print(&rows, output)?;
                more(reached.as_deref());
                return Ok(());
            }
            listed += 1;
            reached = Some(position_of(&client).to_owned());
            let mut row = displayed(client);
            if list.expired {
                row.insert("state".to_owned(), "ended".into());
            }
            if output.is_json() {
                output.line(&row)?;
            } else {
                rows.push(for_people(row));
            }
        }
    }
    progress.end();
    print(&rows, output)
}

/// The way along a service's clients, as the API has them.
enum Way<'w> {
    /// In the table.
    Table { list: &'w List, service: Box<Service>, walk: Walk<'w>, clock: &'w Clock },
    /// By pages of the API, each of so many.
    Api { list: &'w List, api: &'w Api, limit: u64, pages: Pages },
}

impl Way<'_> {
    /// The next of them; `None` after the last. There may be none among some.
    async fn next_some(&mut self) -> Result<Option<Vec<Map<String, Value>>>> {
        match self {
            Self::Table { list, service, walk, clock } => {
                let Some(clients) = walk.next_some().await.map_err(described)? else { return Ok(None) };
                let (policy, now) = (service.policy(), clock.now());
                let meant = clients.iter().filter(|client| list.means(client, now));
                Ok(Some(meant.map(|client| operator::shown::listed(client, policy, now)).collect()))
            }
            Self::Api { pages: Pages { is_over: true, .. }, .. } => Ok(None),
            Self::Api { list, api, limit, pages } => {
                let mut clients = api.page(list.asking(*limit), CLIENTS, pages).await?;
                let read = clients.len();
                clients.retain(|client| !list.is_behind(position_of(client)));
                pages.is_over |= clients.len() < read;
                Ok(Some(clients))
            }
        }
    }
}

fn position_of(client: &Map<String, Value>) -> &str {
    client.get("position").and_then(Value::as_str).unwrap_or_default()
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
    async fn walk<'w>(&'w self, asked: &'w Asked, most: usize) -> Result<Way<'w>> {
        match asked {
            Asked::Table(connection) => {
                let service = Box::new(connection.service(self.service).await?);
                let walk = connection.store.walk(self.service, self.route());
                Ok(Way::Table { list: self, service, walk, clock: &connection.clock })
            }
            Asked::Api(_) if self.expired => Err(needs_table("the API has no clients that have ended").into()),
            Asked::Api(api) => {
                // One more says that there are more.
                let limit = u64::try_from(most).map_or(MOST, |most| MOST.min(most.saturating_add(1)));
                Ok(Way::Api { list: self, api, limit, pages: Pages::after(self.cursor()) })
            }
        }
    }

    fn route(&self) -> Route {
        let registered = self.registered_after.unwrap_or(0)..self.registered_before.unwrap_or(u64::MAX);
        Route { newest_first: self.newest, after: self.after.clone(), registered: Some(registered) }
    }

    /// Where the first page of the API begins.
    fn cursor(&self) -> Option<String> {
        // Between the last client that is too old and the first one that is not.
        let bound = self.registered_after.filter(|millis| *millis < LATEST && !self.newest);
        let from = self.after.clone().max(bound.map(|millis| format!("{millis:013}")));
        from.map(|position| client_cursor(self.service, self.newest, &position))
    }

    fn asking(&self, limit: u64) -> Asking {
        let flag = |is_asked: bool| is_asked.then_some(true);
        let asking = Asking::new(Method::GET, &[&self.service.to_string(), "clients"])
            .with("flagged", flag(self.flagged))
            .with("unused", self.unused.map(|life| life.as_secs()))
            .with("client_type", self.client_type.as_ref())
            // The API has these in that order alone.
            .with("ending", self.ending.filter(|_| !self.newest).map(|within| within.as_secs()))
            .with("limit", Some(limit))
            .with("oldest", flag(!self.newest));
        // A position is a place among all clients, and not among those that the API finds by what they are.
        if self.newest && self.after.is_some() {
            return asking;
        }
        let source = if let [source] = &self.sources[..] { Some(source) } else { None };
        asking
            .with("redirect_host", self.redirect_host.as_ref())
            .with("software_id", self.software_id.as_ref())
            .with("source", source)
            .with("locked", flag(self.locked))
            .with("pending", flag(self.pending))
    }

    /// Whether a position, and what comes after it, is beyond what was asked for.
    fn is_behind(&self, position: &str) -> bool {
        let millis = position.split('#').next().and_then(|millis| millis.parse::<u64>().ok()).unwrap_or_default();
        if self.newest {
            self.registered_after.is_some_and(|after| millis < after)
        } else {
            self.registered_before.is_some_and(|before| millis >= before)
        }
    }

    /// What is not seen of a client as the API has it.
    fn means(&self, client: &RegisteredClient, now: u64) -> bool {
        let has_ended = client.ends_at().is_some_and(|end| end <= now);
        has_ended == self.expired
            && self.unused.is_none_or(|life| client.is_unused_since(now.saturating_sub(life.as_secs())))
    }

    fn admits(&self, client: &Map<String, Value>, now: u64) -> bool {
        let uris = client.get("redirect_uris").and_then(Value::as_array).into_iter().flatten();
        let ends_at = client.get("expires_at").and_then(Value::as_u64);
        let ends_within = |within: Duration| ends_at.is_some_and(|end| end <= now.saturating_add(within.as_secs()));
        let text = |name: &str| client.get(name).and_then(Value::as_str);
        let names = client.iter().filter(|(member, _)| member.split('#').next() == Some("client_name"));
        let names = names.filter_map(|(_, name)| name.as_str());
        let millis = position_of(client).split('#').next().and_then(|millis| millis.parse::<u64>().ok());
        let registered = self.registered_after.unwrap_or(0)..self.registered_before.unwrap_or(u64::MAX);
        millis.is_none_or(|millis| registered.contains(&millis))
            && self.after.as_deref() != Some(position_of(client))
            && (!self.locked || client.get("locked") == Some(&Value::Bool(true)))
            && (!self.pending || client.contains_key("pending_until"))
            && (!self.flagged || client.contains_key("flags"))
            && (self.sources.is_empty() || self.sources.iter().any(|source| text("source") == Some(source)))
            && self.redirect_host.as_ref().is_none_or(|host| leads_to_host(host, uris.filter_map(Value::as_str)))
            && self.software_id.as_ref().is_none_or(|id| text("software_id") == Some(id))
            && self.client_type.as_ref().is_none_or(|kind| text("client_type") == Some(kind))
            && self.ending.is_none_or(ends_within)
            && self.name.as_ref().is_none_or(|name| is_named(name, names))
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
            print::beside(&format!("\r{} read", counted(self.read, "client")));
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
