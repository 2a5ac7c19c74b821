//! DynamoDB: keys, items, conditional requests. `docs/storage.md` is the contract.

mod audit;
mod claim;
mod client;
mod counts;
mod cursor;
mod document;
mod facet;
mod index;
pub mod item;
mod list;
mod lookup;
mod metadata_document;
mod page;
mod purge;
mod rate_window;
mod refusal;
mod replay;
pub mod schema;
mod search;
mod service;
mod token;
mod transfer;
mod usage;
mod walk;
mod way;
mod wrapped_key;
mod write;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub(crate) use client::CEILING;
pub use client::{Created, Deleter, Occupant, Unrestorable};
pub use counts::HourCount;
pub(crate) use counts::{Count, Counted, Counts, Excess, Registration};
pub use document::{Document, DocumentUrl};
pub use facet::is_named;
pub(crate) use index::Places;
pub use lookup::{Found, Left, Named, Standing};
pub use metadata_document::{DocumentLease, KeptCopy, KeptDocument};
pub use page::Page;
pub use rate_window::RateWindow;
pub(crate) use refusal::Refusal;
pub use refusal::{Refused, Sample};
pub use search::{FoundClients, Search};
pub(crate) use service::FIRST_VERSION;
pub use service::{CreatedService, NewService, RESTORABLE_SECONDS};
pub use token::TokenRecord;
pub use transfer::{Entered, ServiceNumber};
pub(crate) use transfer::{is_placed, place_of};
pub use usage::Witness;
pub use walk::{Route, Walk, client_cursor};
pub use way::Way;
pub use wrapped_key::WrappedKey;
pub use write::{Condition, Outcome, Write, fault};

use crate::entropy::Entropy;
use crate::error::Error;
use crate::time::Clock;

/// An item, by the names of its attributes.
pub type Item = HashMap<String, AttributeValue>;

/// The table.
#[derive(Clone)]
pub struct Store {
    client: Client,
    table: String,
    clock: Clock,
    entropy: Entropy,
    records: client::Records,
    created: Arc<AtomicU64>,
}

impl Store {
    /// A table that exists. `clock` decides what has expired.
    #[must_use]
    pub fn new(client: Client, table: impl Into<String>, clock: Clock) -> Self {
        let (entropy, records) = (Entropy::system(), client::Records::default());
        Self { client, table: table.into(), clock, entropy, records, created: Arc::default() }
    }

    /// How many clients were stored anew since this was asked last.
    #[must_use]
    pub fn take_created(&self) -> u64 {
        self.created.swap(0, Ordering::Relaxed)
    }

    /// The name of the table.
    #[must_use]
    pub fn table(&self) -> &str {
        &self.table
    }

    /// Reads an item that can never exist, so that the connection stands before the first request needs it.
    ///
    /// # Errors
    /// As every read; a caller has nothing to do about them.
    pub async fn warm(&self) -> Result<(), Error> {
        self.get(schema::service_key(0)).await.map(|_| ())
    }

    /// One consistent read by key.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn get(&self, key: schema::Key) -> Result<Option<Item>, Error> {
        let request = self.client.get_item().table_name(&self.table).set_key(Some(key.into_attributes()));
        let answer = request.consistent_read(true).send().await.map_err(write::fault)?;
        Ok(answer.item)
    }

    /// Whether the item is still there: reads treat an expired one as absent, whenever TTL removes it.
    #[must_use]
    pub fn is_live(&self, item: &Item) -> bool {
        let expired = item::number(item, "expires_at").is_some_and(|end| end <= self.clock.now());
        !expired && !item.contains_key("deleted_by")
    }
}
