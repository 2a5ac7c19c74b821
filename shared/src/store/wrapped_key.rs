//! The data keys of services as they are wrapped: what is wrapped anew is one attribute of one item.

use super::item::{blob, bytes, changed, integer, number, required, string};
use super::list::id_after;
use super::schema::service_key;
use super::write::{Outcome, Write};
use super::{Item, Store, write};
use crate::error::Error;
use crate::origin::Origin;

/// The data key of a service, wrapped, be the service deleted: as long as it can be restored it has its key.
pub struct WrappedKey {
    /// The service's number.
    pub service_id: u64,
    /// The service's version.
    pub version: u64,
    /// The key, wrapped.
    pub wrapped: Vec<u8>,
}

impl Store {
    /// The data key of that service, unless there is no service or its key is destroyed.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn wrapped_key(&self, service_id: u64) -> Result<Option<WrappedKey>, Error> {
        let item = self.get(service_key(service_id)).await?;
        item.filter(|item| item.contains_key("data_key")).map(|item| wrapped_key(service_id, &item)).transpose()
    }

    /// Puts the same key in another wrapping in the place of one that was read.
    ///
    /// # Errors
    /// [`Error::Contention`] if the service was changed since; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn replace_wrapped_key(&self, read: &WrappedKey, new: Vec<u8>, origin: &Origin) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(service_key(read.service_id))
            .update_expression("SET data_key = :key, version = :next, write_id = :write, changed = :changed")
            .condition_expression("version = :read AND attribute_exists(data_key)")
            .expression_attribute_values(":key", bytes(new))
            .expression_attribute_values(":read", integer(read.version))
            .expression_attribute_values(":next", integer(read.version.saturating_add(1)))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }

    /// The numbers of all services that have a data key, by number. For operators, and seldom: it reads the whole
    /// table, since services are listed by organization, and deleted ones nowhere.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn services_with_keys(&self) -> Result<Vec<u64>, Error> {
        let mut found = Vec::new();
        let mut start = None;
        loop {
            let scan = self
                .client
                .scan()
                .table_name(&self.table)
                .consistent_read(true)
                .filter_expression("SK = :service AND attribute_exists(data_key)")
                .projection_expression("PK")
                .expression_attribute_values(":service", string("S"));
            let page = scan.set_exclusive_start_key(start).send().await.map_err(write::fault)?;
            for item in page.items() {
                found.push(id_after(item, "S#")?);
            }
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        found.sort_unstable();
        Ok(found)
    }
}

fn wrapped_key(service_id: u64, item: &Item) -> Result<WrappedKey, Error> {
    Ok(WrappedKey {
        service_id,
        version: required(number(item, "version"), "version")?,
        wrapped: required(blob(item, "data_key"), "data_key")?,
    })
}
