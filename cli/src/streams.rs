//! What Lambda's event source mapping does: hands the stream of the embedded table to the stream function.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use dynoxide::Database;
use dynoxide::actions::get_records::{GetRecordsRequest, GetRecordsResponse};
use dynoxide::actions::get_shard_iterator::GetShardIteratorRequest;
use dynoxide::streams::{shard_id, stream_arn};
use serde_json::{Value, json};
use shared::App;
use shared::stream::{self, Event};

use crate::demo::described;
use crate::embedded::TABLE;

/// How many records one event has at the most.
const BATCH: usize = 500;

/// How long an idle stream is left alone.
const PAUSE: Duration = Duration::from_millis(200);

/// How much longer than the last look at the stream the pause is at least: each look reads the stream from its
/// beginning.
const PAUSE_PER_LOOK: u32 = 25;

/// How often expired items are removed.
const SWEEP: Duration = Duration::from_mins(10);

/// A place in the stream.
pub struct Follower {
    database: Database,
    iterator: Option<String>,
}

impl Follower {
    /// Where the stream function has left off.
    #[must_use]
    pub fn new(database: Database) -> Self {
        Self { database, iterator: None }
    }

    /// Hands the next records to the stream function. Answers whether there were any.
    ///
    /// # Errors
    /// If the stream cannot be read or the function fails; the next call tries the same again.
    pub async fn step(&mut self, app: &App) -> Result<bool> {
        let iterator = match self.iterator.take() {
            Some(iterator) => iterator,
            None => self.begin(app).await?,
        };
        let read = self.blocking(move |database| {
            let request = GetRecordsRequest { shard_iterator: iterator, limit: Some(BATCH) };
            database.get_records(request)
        });
        let GetRecordsResponse { records, next_shard_iterator } = read.await?;
        let any = !records.is_empty();
        if any {
            stream::apply(app, event(serde_json::to_value(records)?)?).await.map_err(described)?;
        }
        self.iterator = next_shard_iterator;
        Ok(any)
    }

    async fn begin(&self, app: &App) -> Result<String> {
        let position = app.store.stream_position(&shard_id(TABLE)).await.map_err(described)?;
        let request = GetShardIteratorRequest {
            stream_arn: stream_arn(TABLE, ""),
            shard_id: shard_id(TABLE),
            shard_iterator_type: position.as_ref().map_or("TRIM_HORIZON", |_| "AFTER_SEQUENCE_NUMBER").to_owned(),
            sequence_number: position,
        };
        let answer = self.blocking(|database| database.get_shard_iterator(request)).await?;
        answer.shard_iterator.context("the embedded DynamoDB's stream has no iterator")
    }

    /// Calls of the database hold a thread.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(Database) -> dynoxide::Result<T> + Send + 'static,
    ) -> Result<T> {
        let database = self.database.clone();
        let done = tokio::task::spawn_blocking(move || work(database)).await?;
        done.map_err(|error| anyhow!("the embedded DynamoDB's stream: {error}"))
    }
}

/// Follows the stream for ever, and removes expired items, which the embedded DynamoDB does only when told.
pub async fn follow(database: Database, app: &App) {
    let mut follower = Follower::new(database.clone());
    let mut swept: Option<Instant> = None;
    loop {
        if swept.is_none_or(|swept| swept.elapsed() >= SWEEP) {
            swept = Some(Instant::now());
            let database = database.clone();
            tokio::task::spawn_blocking(move || database.sweep_ttl());
        }
        let looked = Instant::now();
        let any = follower.step(app).await.unwrap_or_else(|error| {
            tracing::warn!(%error, "the stream is not followed");
            false
        });
        if !any {
            tokio::time::sleep(PAUSE.max(looked.elapsed() * PAUSE_PER_LOOK)).await;
        }
    }
}

/// The event that Lambda makes of these records.
fn event(mut records: Value) -> Result<Event> {
    for record in records.as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
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
