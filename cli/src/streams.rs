//! What Lambda's event source mapping does: hands the stream of the embedded table to the stream function.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use dynoxide::actions::get_records::{self, GetRecordsRequest, GetRecordsResponse};
use dynoxide::actions::get_shard_iterator::{self, GetShardIteratorRequest};
use dynoxide::streams::{shard_id, stream_arn};
use serde_json::{Value, json};
use shared::App;
use shared::stream::{self, Event};

use crate::embedded::{TABLE, Table, ready};
use crate::failure::described;

/// How many records one event has at the most.
const BATCH: usize = 500;

/// How long records are gathered before they are handed over.
const GATHERING: Duration = Duration::from_millis(200);

/// How long the stream function is left alone after it failed.
const PAUSE: Duration = Duration::from_secs(1);

/// How often expired items are removed.
const SWEEP: Duration = Duration::from_mins(1);

/// How many expired items are removed at a time: requests come in between.
const EXPIRED: usize = 25;

/// A place in the stream.
pub struct Follower {
    table: Arc<Table>,
    iterator: Option<String>,
}

impl Follower {
    /// Where the stream begins: what has been followed is forgotten, but for the last record.
    #[must_use]
    pub fn new(table: Arc<Table>) -> Self {
        Self { table, iterator: None }
    }

    /// Hands the next records to the stream function, and then forgets them. Answers how many there were.
    ///
    /// # Errors
    /// If the stream cannot be read or the function fails; the next call tries the same again.
    pub async fn step(&mut self, app: &App) -> Result<usize> {
        let (event, next) = self.next(BATCH)?;
        let read = event.records.len();
        if read > 0 {
            stream::apply(app, event).await.map_err(described)?;
        }
        self.pass(next)?;
        Ok(read)
    }

    /// The next records as an event, so many at the most, and where they end. Until they are [passed](Self::pass) they are
    /// the next ones again.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub fn next(&self, most: usize) -> Result<(Event, Option<String>)> {
        let (records, next) = self.records(most)?;
        Ok((event(records)?, next))
    }

    /// As [`next`](Self::next), the records one by one.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub fn records(&self, most: usize) -> Result<(Vec<Value>, Option<String>)> {
        let iterator = self.iterator.clone().map_or_else(|| self.begin(), Ok)?;
        let request = GetRecordsRequest { shard_iterator: iterator, limit: Some(most) };
        let read = self.table.with(|storage| ready(get_records::execute(storage, request)));
        let GetRecordsResponse { records, next_shard_iterator } = read.context("the stream of the embedded table")?;
        let records = records.iter().map(serde_json::to_value).collect::<Result<_, _>>()?;
        Ok((records, next_shard_iterator))
    }

    /// Goes on at a place that [`next`](Self::next) has answered, and forgets the records before it.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn pass(&mut self, place: Option<String>) -> Result<()> {
        if place != self.iterator {
            place.as_deref().map(|followed| self.table.trim(followed)).transpose()?;
        }
        self.iterator = place;
        Ok(())
    }

    fn begin(&self) -> Result<String> {
        let request = GetShardIteratorRequest {
            stream_arn: stream_arn(TABLE, ""),
            shard_id: shard_id(TABLE),
            shard_iterator_type: "TRIM_HORIZON".to_owned(),
            sequence_number: None,
        };
        let answer = self.table.with(|storage| ready(get_shard_iterator::execute(storage, request)))?;
        answer.shard_iterator.context("the stream of the embedded table has no iterator")
    }
}

/// Follows the stream for ever.
pub async fn follow(table: Arc<Table>, app: &App) {
    let mut follower = Follower::new(Arc::clone(&table));
    loop {
        match follower.step(app).await {
            Ok(BATCH) => {}
            Ok(_) => {
                table.changes().next().await;
                tokio::time::sleep(GATHERING).await;
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "the stream is not followed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

/// Removes expired items for ever, as DynamoDB does by itself.
pub async fn sweep(table: Arc<Table>, app: &App) {
    loop {
        match table.remove_expired(app.clock.now(), EXPIRED).await {
            Ok(true) => tokio::task::yield_now().await,
            Ok(false) => tokio::time::sleep(SWEEP).await,
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "expired items are not removed");
                tokio::time::sleep(SWEEP).await;
            }
        }
    }
}

/// The event that Lambda makes of these records.
///
/// # Errors
/// If they are none.
pub fn event(mut records: Vec<Value>) -> Result<Event> {
    for record in records.iter_mut().filter_map(Value::as_object_mut) {
        record.insert("eventSourceARN".to_owned(), stream_arn(TABLE, "").into());
    }
    Ok(serde_json::from_value(json!({
        "Records": records,
        "state": {},
        "shardId": shard_id(TABLE),
        "eventSourceARN": stream_arn(TABLE, ""),
        "isFinalInvokeForWindow": false,
        "isWindowTerminatedEarly": false,
    }))?)
}
