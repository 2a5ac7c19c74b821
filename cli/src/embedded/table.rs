//! The embedded database: one storage that requests take in turn, and what lets it keep its speed as it grows.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result, anyhow};
use dynoxide::actions::delete_item::{self, DeleteItemRequest};
use dynoxide::storage::Storage;
use dynoxide::{AttributeValue, DynoxideError};
use rusqlite::{Connection, params};
use serde_json::Value;
use shared::store::schema::{DEVELOPER_INDEX, LIST_INDEX};

use super::TABLE;
use super::changes::{self, Changes};
use super::log::Log;
use super::operations::{Operations, ready};

/// Commits are left to [`Log`] to be brought to the disk. The log grows to 32 MiB before its pages are moved to the
/// database: a page that is written again and again is moved once, and a start reads the log in a tenth of a second.
/// 32 MiB of the database are kept in memory.
const SETTINGS: &str = "PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 8192; PRAGMA cache_size = -32768;";

/// The crate reads its stream by this expression, at every write and at every look.
const STREAM_INDEX: &str = "CREATE INDEX IF NOT EXISTS registrar_stream
    ON _stream_records (table_name, CAST(sequence_number AS INTEGER))";

/// When items expire, which the crate finds by reading all of them.
const EXPIRY_INDEX: &str = "CREATE INDEX IF NOT EXISTS registrar_expiry
    ON registrar (CAST(json_extract(item_json, '$.expires_at.N') AS INTEGER))
    WHERE json_extract(item_json, '$.expires_at.N') IS NOT NULL";

const EXPIRED: &str = "SELECT json_extract(item_json, '$.PK.S'), json_extract(item_json, '$.SK.S') FROM registrar
    WHERE json_extract(item_json, '$.expires_at.N') IS NOT NULL
    AND CAST(json_extract(item_json, '$.expires_at.N') AS INTEGER) < ?1
    ORDER BY CAST(json_extract(item_json, '$.expires_at.N') AS INTEGER) LIMIT ?2";

/// The record of what was deleted last says that DynamoDB did it.
const EXPIRED_BY: &str = r#"UPDATE _stream_records
    SET user_identity = '{"type":"Service","principalId":"dynamodb.amazonaws.com"}' WHERE id = last_insert_rowid()"#;

/// The last record stays: the next one's number follows it. What a table of long ago has gathered goes in parts.
const TRIM: &str = "DELETE FROM _stream_records WHERE id IN (SELECT id FROM _stream_records
    WHERE table_name = ?1 AND CAST(sequence_number AS INTEGER) < ?2
    ORDER BY CAST(sequence_number AS INTEGER) LIMIT 2000)";

/// The embedded database.
pub struct Table {
    engine: Mutex<Engine>,
    /// None in memory.
    log: Option<Log>,
    changes: Arc<Changes>,
}

struct Engine {
    storage: Storage,
    operations: Operations,
}

impl Table {
    /// Opens a file, or memory without one.
    pub(super) fn open(file: Option<&Path>) -> Result<Self> {
        let storage = match file {
            Some(file) => Storage::new(file.to_str().context("the path of the data folder is not UTF-8")?),
            None => Storage::memory(),
        };
        let storage = storage.map_err(|error| anyhow!("cannot open the embedded DynamoDB: {error}"))?;
        let changes = Arc::new(Changes::default());
        let connection = storage.conn();
        connection.execute_batch(SETTINGS).context("cannot set up the embedded DynamoDB")?;
        connection.execute_batch(STREAM_INDEX).context("cannot index the embedded DynamoDB's stream")?;
        changes::watch(connection, &changes).context("cannot watch the embedded DynamoDB")?;
        let log = file.map(Log::open).transpose().context("cannot open the embedded DynamoDB's log")?;
        Ok(Self { engine: Mutex::new(Engine { storage, operations: Operations::default() }), log, changes })
    }

    /// What happens in it.
    #[must_use]
    pub fn changes(&self) -> &Changes {
        &self.changes
    }

    /// Whether the table is there as this version makes it. What DynamoDB has for this question reads every item.
    pub(super) fn is_current(&self) -> Result<bool> {
        let Some(table) = self.with(|storage| storage.get_table_metadata(TABLE))? else { return Ok(false) };
        let indexes: Vec<Value> = serde_json::from_str(table.gsi_definitions.as_deref().unwrap_or("[]"))?;
        let has = |name: &str| indexes.iter().any(|index| index.get("IndexName").is_some_and(|index| index == name));
        let images = table.stream_view_type.as_deref() == Some("NEW_AND_OLD_IMAGES");
        Ok(images && has(LIST_INDEX) && has(DEVELOPER_INDEX))
    }

    /// Makes what lets the table keep its speed, where it is not there yet.
    pub(super) fn index(&self) -> Result<()> {
        self.with(|storage| storage.conn().execute_batch(EXPIRY_INDEX)).context("cannot index what expires")
    }

    /// Does what a request asks, and has it on the disk; nothing where there is no such operation. Both sides are
    /// DynamoDB's JSON.
    pub async fn perform(&self, operation: &str, request: &[u8]) -> Option<dynoxide::Result<Vec<u8>>> {
        let (answer, written) = {
            let mut engine = self.lock();
            let Engine { storage, operations } = &mut *engine;
            let before = storage.conn().total_changes();
            (operations.perform(storage, operation, request)?, storage.conn().total_changes() != before)
        };
        if written && let Err(error) = self.flush().await {
            return Some(Err(DynoxideError::InternalServerError(error.to_string())));
        }
        Some(answer)
    }

    /// Removes a few items that have expired, as DynamoDB does. Answers whether there may be more.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub async fn remove_expired(&self, now_seconds: u64, most: usize) -> Result<bool> {
        let removed = self.with(|storage| remove_expired(storage, now_seconds, most))?;
        self.flush().await?;
        Ok(removed == most)
    }

    /// Forgets records of the stream before a place in it, which is a shard iterator: more than are followed at a time.
    ///
    /// # Errors
    /// If they cannot be removed.
    pub fn trim(&self, iterator: &str) -> Result<()> {
        let decoded = dynoxide::actions::get_shard_iterator::decode_shard_iterator(iterator);
        let (table, _, position) = decoded.context("no shard iterator")?;
        self.with(|storage| storage.conn().execute(TRIM, params![table, position]))?;
        Ok(())
    }

    /// For what no request asks.
    pub fn with<T>(&self, work: impl FnOnce(&Storage) -> T) -> T {
        work(&self.lock().storage)
    }

    /// Moves the log's pages to the database, so that the next start finds an empty log.
    ///
    /// # Errors
    /// If they cannot be moved.
    pub fn checkpoint(&self) -> rusqlite::Result<()> {
        if self.log.is_none() {
            return Ok(());
        }
        self.with(|storage| checkpoint(storage.conn()))
    }

    /// The same where that takes a moment.
    ///
    /// # Errors
    /// As [`checkpoint`](Self::checkpoint).
    pub fn checkpoint_if_small(&self) -> rusqlite::Result<()> {
        if self.log.as_ref().is_some_and(Log::is_small) { self.checkpoint() } else { Ok(()) }
    }

    async fn flush(&self) -> std::io::Result<()> {
        match &self.log {
            Some(log) => log.flush(|| self.checkpoint().map_err(std::io::Error::other)).await,
            None => Ok(()),
        }
    }

    /// An operation that panicked may have left its transaction open.
    fn lock(&self) -> MutexGuard<'_, Engine> {
        self.engine.lock().unwrap_or_else(|poisoned: PoisonError<_>| {
            let engine = poisoned.into_inner();
            if !engine.storage.conn().is_autocommit()
                && let Err(error) = engine.storage.rollback()
            {
                tracing::error!(%error, "a transaction of the embedded DynamoDB cannot be undone");
            }
            self.engine.clear_poison();
            engine
        })
    }
}

fn checkpoint(connection: &Connection) -> rusqlite::Result<()> {
    let busy: bool = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
    if busy { Err(rusqlite::Error::ExecuteReturnedResults) } else { Ok(()) }
}

fn remove_expired(storage: &Storage, now_seconds: u64, most: usize) -> Result<usize> {
    let connection = storage.conn();
    let mut expired = connection.prepare_cached(EXPIRED)?;
    let now = i64::try_from(now_seconds)?;
    let keys = expired.query_map(params![now, i64::try_from(most)?], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let keys: Vec<(String, String)> = keys.collect::<rusqlite::Result<_>>()?;
    for (partition, sort) in &keys {
        let key = [("PK", partition), ("SK", sort)];
        let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone())));
        let request =
            DeleteItemRequest { table_name: TABLE.to_owned(), key: HashMap::from(key), ..DeleteItemRequest::default() };
        ready(delete_item::execute(storage, request))?;
        connection.execute(EXPIRED_BY, [])?;
    }
    Ok(keys.len())
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use dynoxide::actions::get_shard_iterator::encode_shard_iterator;
    use dynoxide::streams::shard_id;
    use rusqlite::trace::{TraceEvent, TraceEventCodes};
    use serde_json::json;

    use super::super::in_process;
    use super::*;

    thread_local! {
        static STATEMENTS: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
    }

    async fn table() -> Arc<Table> {
        let table = Arc::new(Table::open(None).unwrap());
        shared::store::schema::create_table(&in_process(&table), TABLE).await.unwrap();
        table.index().unwrap();
        table
    }

    async fn put(table: &Table, name: &str, expires_at: u64) {
        let key = json!({"PK": {"S": name}, "SK": {"S": "X"}, "expires_at": {"N": expires_at.to_string()}});
        let request = json!({"TableName": TABLE, "Item": key}).to_string();
        table.perform("PutItem", request.as_bytes()).await.unwrap().unwrap();
    }

    async fn count(table: &Table) -> u64 {
        let request = json!({"TableName": TABLE, "Select": "COUNT"}).to_string();
        let answer = table.perform("Scan", request.as_bytes()).await.unwrap().unwrap();
        serde_json::from_slice::<Value>(&answer).unwrap()["Count"].as_u64().unwrap()
    }

    #[tokio::test]
    async fn what_expired_is_removed_a_few_at_a_time() {
        let table = table().await;
        for (number, expires_at) in (0..).zip([10, 30, 20, 40]) {
            put(&table, &format!("X#{number}"), expires_at).await;
        }
        assert!(!table.remove_expired(10, 2).await.unwrap());
        assert_eq!(count(&table).await, 4, "an item lives in the second of its end");
        assert!(table.remove_expired(35, 2).await.unwrap());
        assert_eq!(count(&table).await, 2);
        assert!(!table.remove_expired(35, 2).await.unwrap());
        assert_eq!(count(&table).await, 1);
    }

    #[tokio::test]
    async fn no_statement_reads_the_whole_stream_or_all_items() {
        let table = table().await;
        put(&table, "X#1", 10).await;
        table.lock().storage.conn().trace_v2(
            TraceEventCodes::SQLITE_TRACE_STMT,
            Some(|event| {
                if let TraceEvent::Stmt(statement, _) = event {
                    STATEMENTS.with_borrow_mut(|statements| statements.push(statement.sql().into_owned()));
                }
            }),
        );
        put(&table, "X#2", 20).await;
        let iterator = encode_shard_iterator(TABLE, &shard_id(TABLE), 1);
        let request = json!({"ShardIterator": iterator}).to_string();
        table.perform("GetRecords", request.as_bytes()).await.unwrap().unwrap();
        table.trim(&iterator).unwrap();
        table.remove_expired(30, 25).await.unwrap();
        let engine = table.lock();
        engine.storage.conn().trace_v2(TraceEventCodes::empty(), None);
        let statements = STATEMENTS.take();
        let reads = |what: &str| statements.iter().filter(|statement| statement.contains(what)).count();
        assert!(reads("_stream_records") >= 4 && reads("json_extract") >= 1, "{statements:#?}");
        for statement in &statements {
            let explained = engine.storage.conn().prepare(&format!("EXPLAIN QUERY PLAN {statement}"));
            let mut explained = explained.unwrap();
            let mut steps = explained.raw_query();
            while let Some(step) = steps.next().unwrap() {
                let step: String = step.get(3).unwrap();
                let scan = step.starts_with("SCAN") && !step.contains("CONSTANT ROW") && !step.contains("USING");
                assert!(!scan, "{statement}: {step}");
            }
        }
    }

    #[tokio::test]
    async fn services_are_counted_and_nothing_else() {
        let table = table().await;
        let services = table.changes().services();
        put(&table, "X#S#1", 10).await;
        assert_eq!(services.load(std::sync::atomic::Ordering::SeqCst), 0);
        put(&table, "S#1", 10).await;
        assert_eq!(services.load(std::sync::atomic::Ordering::SeqCst), 1);
        table.changes().next().await;
    }

    #[tokio::test]
    async fn an_operation_that_panics_takes_no_other_with_it() {
        let table = table().await;
        let panicked = catch_unwind(AssertUnwindSafe(|| {
            table.with(|storage| {
                storage.begin_transaction().unwrap();
                panic!("in the middle of a transaction")
            })
        }));
        assert!(panicked.is_err());
        put(&table, "X#1", 10).await;
        assert_eq!(count(&table).await, 1);
    }
}
