//! What follows from a change of the table: the audit, the index by which clients are found, counts, and the end of what
//! deleted clients and services leave behind.
//!
//! Lambda calls this with records of the table's stream, each at least once and those of an item in order.

mod audit;
mod change;
mod event;
mod index;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::time::Instant;

use serde::Serialize;
use serde_json::{Map, Value};

pub use event::{Event, Record};

use crate::app::App;
use crate::audit::{Entry as Change, Subject};
use crate::error::Error;
use crate::policy::Audit;
use crate::store::Counted;
use change::Step;
use event::GivenUp;

/// How many items of ended services one call deletes at the most, and of a client that is gone one page.
const PURGED: usize = 200;

/// How often counting begins again because another call has counted the same shard.
const ATTEMPTS: u32 = 5;

/// What Lambda is told of an event that has been applied.
#[derive(Debug, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Answer {
    /// The window's state, as it came.
    pub state: Map<String, Value>,
    /// Always empty: an event that cannot be applied is an error, and comes again as a whole.
    pub batch_item_failures: [(); 0],
}

/// What an event has led to.
#[derive(Debug, PartialEq)]
pub struct Applied {
    /// What Lambda is told.
    pub answer: Answer,
    /// What was changed: it is in the table by now, and whoever else wants to know is told of it.
    pub audited: Vec<Change>,
}

/// Whoever else wants to know what was changed.
pub trait Publish {
    /// Tells of changes; again, if an event comes again.
    ///
    /// # Errors
    /// What has the event come again.
    fn publish<'a>(&'a self, changes: &'a [Change]) -> Pin<Box<dyn Future<Output = Result<(), Error>> + 'a>>;
}

/// Serves the stream as a Lambda function, and tells of what was changed.
///
/// # Errors
/// If the environment lacks what [`App::from_env`] needs, or the runtime API fails.
pub fn serve(listener: &impl Publish) -> Result<(), lambda_http::Error> {
    crate::http::run(move |app, event, _| async move {
        let answer = async {
            let Applied { answer, audited } = apply(app, event).await?;
            listener.publish(&audited).await.map(|()| answer)
        };
        answer.await.inspect_err(|error| {
            tracing::error!(function = "stream", cause = ?error.source_for_log(), "{error}");
        })
    })
}

/// Applies an event, and writes one line to the log if that changed anything. Applying it again changes nothing.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`], [`Error::Contention`]; what has been applied until then stays.
pub async fn apply(app: &App, event: Event) -> Result<Applied, Error> {
    let started = Instant::now();
    let records = event.records.len();
    let Followed { audited, indexed, counted, ended, purged } = follow(app, &event).await?;
    for change in &audited {
        log(change);
    }
    if audited.len() + indexed + counted + ended + purged > 0 {
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        tracing::info!(function = "stream", records, audited = audited.len(), indexed, counted, ended, purged, micros);
    }
    Ok(Applied { answer: Answer { state: event.state, batch_item_failures: [] }, audited })
}

/// One line for each change, of names and no values.
fn log(change: &Change) {
    let Change { service, subject, events, members, actor, door, .. } = change;
    let events = events.iter().map(|event| event.as_str()).collect::<Vec<_>>().join(",");
    let (subject, client_id) = match subject {
        Subject::Client { client_id, .. } => ("client", Some(client_id.as_str())),
        Subject::Service => ("service", None),
        Subject::Token { .. } => ("token", None),
    };
    let (actor, door) = (actor.as_deref(), door.as_deref());
    tracing::info!(audit = events, subject, service, client_id, members = members.join(","), actor, door);
}

/// What an event has led to.
struct Followed {
    /// What was changed.
    audited: Vec<Change>,
    /// How many places of the index are written.
    indexed: usize,
    /// How many transactions have counted.
    counted: usize,
    /// How many claims have ended.
    ended: usize,
    /// How many items of ended services, and of clients that are gone, are deleted.
    purged: usize,
}

/// All of it may be done again, wherever the function ended before.
async fn follow(app: &App, event: &Event) -> Result<Followed, Error> {
    let audited = keep(app, &event.records).await?;
    let places = index::places(&event.records);
    let indexed = places.len();
    app.store.index(places).await?;
    let ended = end_claims(app, &event.records).await?;
    let now = app.clock.now();
    let is_counted = event.records.iter().any(|record| record.changes_counts(now));
    let counted = if is_counted { count(app, event, now).await? } else { 0 };
    let of_clients = purge_clients(app, &event.records).await?;
    let made_room = make_room(app, &event.records).await?;
    let purged = of_clients + made_room + purge(app, &event.records).await?;
    Ok(Followed { audited, indexed, counted, ended, purged })
}

/// Through which clients come without an operator, and by which they go without one.
const STRANGERS_DOORS: [&str; 5] = ["oauth", "stet", "federation", "identity_center", "stream"];

/// Keeps what was changed, as long as each service's policy says; what operators do not less than a time that none sets.
async fn keep(app: &App, records: &[Record]) -> Result<Vec<Change>, Error> {
    let now = app.clock.now();
    let entries = records.iter().filter_map(|record| audit::entry(record, now).transpose());
    let entries = entries.collect::<Result<Vec<Change>, _>>()?;
    let mut retentions: BTreeMap<Option<u64>, u64> = BTreeMap::new();
    for service in entries.iter().map(|entry| entry.service) {
        if let Entry::Vacant(unknown) = retentions.entry(service) {
            unknown.insert(retention(app, service).await?);
        }
    }
    let end = |entry: &Change| {
        let retention = retentions.get(&entry.service).copied().unwrap_or_default();
        let kept = if is_operators(entry) { retention.max(Audit::LEAST_OF_OPERATORS) } else { retention };
        (kept > 0).then(|| entry.at.saturating_add(kept))
    };
    let kept: Vec<_> = entries.iter().filter_map(|entry| Some((entry, end(entry)?))).collect();
    app.store.keep_entries(&kept).await?;
    Ok(entries)
}

/// Whether an operator has made the change, or it is one that only operators make: no policy hides it.
fn is_operators(entry: &Change) -> bool {
    let is_operators = |door: &str| !STRANGERS_DOORS.contains(&door);
    !matches!(entry.subject, Subject::Client { .. }) || entry.door.as_deref().is_some_and(is_operators)
}

/// For how many seconds what is changed of a service is kept; of one that is gone as long as usual.
async fn retention(app: &App, service: Option<u64>) -> Result<u64, Error> {
    let Some(id) = service else { return Ok(Audit::default().retention) };
    match app.service(id).await {
        Ok(service) => Ok(service.policy().audit.retention),
        Err(Error::UnknownService) => Ok(Audit::default().retention),
        Err(error) => Err(error),
    }
}

/// Lets the oldest clients go that nobody vouches for and nobody has used, where a service has more than its policy says.
async fn make_room(app: &App, records: &[Record]) -> Result<usize, Error> {
    let now = app.clock.now();
    // Whom one call lets go, the next one hears of, until there is room or nobody is left.
    let counted = records.iter().filter(|record| record.changes_counts(now)).filter_map(Record::service);
    let changed = records.iter().filter_map(Record::changed_service);
    let full = records.iter().filter_map(Record::full_service);
    let services: BTreeSet<u64> = counted.chain(changed).chain(full).collect();
    let mut gone = 0;
    for id in services {
        let service = match app.service(id).await {
            Err(Error::UnknownService) => continue,
            found => found?,
        };
        let Some(most) = service.policy().clients_per_service else { continue };
        let excess = app.store.excess(id, most).await?;
        if excess.clients > 0 {
            gone += app.store.make_room(id, excess).await?;
        }
    }
    Ok(gone)
}

/// Ends the claims of names that clients have no more.
async fn end_claims(app: &App, records: &[Record]) -> Result<usize, Error> {
    let given_up: BTreeSet<GivenUp> = records.iter().flat_map(Record::given_up).collect();
    let mut ended = 0;
    for GivenUp { service_id, numeric_id, name } in given_up {
        ended += usize::from(app.store.end_claim(service_id, numeric_id, &name).await?);
    }
    Ok(ended)
}

async fn count(app: &App, event: &Event, now: u64) -> Result<usize, Error> {
    let shard = event.shard_id.as_deref();
    let shard =
        shard.ok_or_else(|| Error::internal("the event has no shardId: the mapping needs a tumbling window"))?;
    for _ in 0..ATTEMPTS {
        let position = app.store.stream_position(shard).await?;
        let steps = change::steps(&event.records, position.as_deref(), now)?;
        let count = steps.len();
        if walk(app, shard, position, steps).await? == Counted::Counted {
            return Ok(count);
        }
    }
    Err(Error::Contention)
}

/// Takes one step after the other, from the shard's position on.
async fn walk(app: &App, shard: &str, mut position: Option<String>, steps: Vec<Step>) -> Result<Counted, Error> {
    for Step { through, counts } in steps {
        if app.store.count(shard, position.as_deref(), &through, counts).await? == Counted::Moved {
            return Ok(Counted::Moved);
        }
        position = Some(through);
    }
    Ok(Counted::Counted)
}

/// Deletes what users have let clients have that are gone. A deleted client leaves a tombstone, by which the stream tells
/// of it again, page by page; of one that has expired there is nothing left, so all goes at once.
async fn purge_clients(app: &App, records: &[Record]) -> Result<usize, Error> {
    let deleted: BTreeSet<(u64, u64)> = records.iter().filter_map(Record::deleted_client).collect();
    let mut purged = 0;
    for (service, number) in deleted {
        let page = app.store.purge_client(service, number, PURGED).await?;
        if page > 0 {
            app.store.touch_deleted_client(service, number).await?;
        }
        purged += page;
    }
    let expired: BTreeSet<(u64, u64)> = records.iter().filter_map(Record::expired_client).collect();
    let mut ended: BTreeMap<u64, bool> = BTreeMap::new();
    for (service, number) in expired {
        if let Entry::Vacant(unknown) = ended.entry(service) {
            unknown.insert(app.store.is_ended_service(service).await?);
        }
        // What an ended service leaves is purged with it.
        while ended.get(&service) == Some(&false) {
            let page = app.store.purge_client(service, number, PURGED).await?;
            purged += page;
            if page < PURGED {
                break;
            }
        }
    }
    Ok(purged)
}

/// Goes on with the purge of the services that the records show to have ended, or to have got a client although
/// they have: functions know services for a while without asking.
async fn purge(app: &App, records: &[Record]) -> Result<usize, Error> {
    for (service, deleted_by) in records.iter().filter_map(Record::removed_service) {
        // The record of this brings the first page of the purge.
        app.store.keep_number_taken(service, deleted_by).await?;
    }
    let mut ended: BTreeSet<u64> = records.iter().filter_map(Record::ended_service).collect();
    let registering: BTreeSet<u64> = records.iter().filter_map(Record::registering_service).collect();
    for service in registering {
        if !ended.contains(&service) && app.store.is_ended_service(service).await? {
            ended.insert(service);
        }
    }
    let mut purged = 0;
    for service in ended {
        purged += app.store.purge_service(service, PURGED.saturating_sub(purged)).await?;
    }
    Ok(purged)
}
