//! What happens in the embedded table, told to those who follow it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::functions::FunctionFlags;
use rusqlite::{Connection, Result};
use serde_json::Value;
use tokio::sync::Notify;

/// Calls a function for every record of the stream, with the item's key. Of this connection alone: nothing of it is in the
/// file.
const TRIGGER: &str = "CREATE TEMP TRIGGER registrar_changed AFTER INSERT ON main._stream_records
    BEGIN SELECT registrar_changed(NEW.keys_json); END";

/// What has happened.
#[derive(Default)]
pub struct Changes {
    services: Arc<AtomicU64>,
    happened: Notify,
}

impl Changes {
    /// How many times a service was written.
    #[must_use]
    pub fn services(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.services)
    }

    /// Waits until anything is written, or was since the last call.
    pub async fn next(&self) {
        self.happened.notified().await;
    }

    /// Within the transaction that writes: whoever reads after it sees what was written.
    fn record(&self, keys: &str) {
        if is_service(keys) {
            self.services.fetch_add(1, Ordering::Release);
        }
        self.happened.notify_one();
    }
}

/// Lets `changes` know of all that is written by this connection.
pub(super) fn watch(connection: &Connection, changes: &Arc<Changes>) -> Result<()> {
    let changes = Arc::clone(changes);
    connection.create_scalar_function("registrar_changed", 1, FunctionFlags::SQLITE_UTF8, move |context| {
        changes.record(context.get_raw(0).as_str()?);
        Ok(true)
    })?;
    connection.execute_batch(TRIGGER)
}

/// Whether a key is a service's. One that is not read is taken for one.
fn is_service(keys: &str) -> bool {
    let Ok(keys) = serde_json::from_str::<Value>(keys) else { return true };
    keys.pointer("/PK/S").and_then(Value::as_str).is_none_or(|partition| partition.starts_with("S#"))
}
