//! What services leave behind that have ended, removed in pages. Only the stream function does this.

use super::item::{integer, string};
use super::list::{Place, key};
use super::schema::{
    LIST_INDEX, clients_list, day_counts, developer_counts, minute_counts, service_key, service_tokens_list,
};
use super::write::{Outcome, Write};
use super::{Item, Store, item, write};
use crate::error::Error;

impl Store {
    /// Whether there was such a service and it has ended for good.
    pub(crate) async fn is_ended_service(&self, service_id: u64) -> Result<bool, Error> {
        let service = self.get(service_key(service_id)).await?;
        Ok(service.is_some_and(|service| service.contains_key("deleted_by") && !service.contains_key("data_key")))
    }

    /// Keeps the number of a deleted service taken whose item DynamoDB has removed; whether nobody has yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn keep_number_taken(&self, service_id: u64, deleted_by: &str) -> Result<bool, Error> {
        let update = self
            .update(service_key(service_id))
            .update_expression("SET deleted_by = :actor, version = :one")
            .condition_expression("attribute_not_exists(PK)")
            .expression_attribute_values(":actor", string(deleted_by))
            .expression_attribute_values(":one", integer(1));
        Ok(matches!(self.write(Write::Update(Box::new(update)), "").await?, Outcome::Written))
    }

    /// Deletes some of what an ended service has left, `at_most` items: its listed clients, then its tokens, then
    /// its counts; the records of its clients end their claims. While there may be more, it touches the service, so that the stream tells of it again. Answers
    /// how many it deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn purge_service(&self, service_id: u64, at_most: usize) -> Result<usize, Error> {
        let left = self.left_of_service(service_id, at_most).await?;
        if left.is_empty() && at_most > 0 {
            return Ok(0);
        }
        for item in &left {
            self.delete_item(item).await?;
        }
        self.touch_ended_service(service_id).await?;
        Ok(left.len())
    }

    async fn left_of_service(&self, service_id: u64, at_most: usize) -> Result<Vec<Item>, Error> {
        for list in [clients_list(service_id), service_tokens_list(service_id)] {
            let keys = self.keys(&Place::start(LIST_INDEX, list), at_most).await?;
            if !keys.is_empty() {
                return Ok(keys);
            }
        }
        self.counts_of_service(service_id, at_most).await
    }

    async fn counts_of_service(&self, service_id: u64, at_most: usize) -> Result<Vec<Item>, Error> {
        let mut found = self.partition(&developer_counts(service_id), at_most).await?;
        for day in self.partition(&day_counts(service_id), at_most).await? {
            if let Some(name) = item::text(&day, "SK") {
                let room = at_most.saturating_sub(found.len());
                found.extend(self.partition(&minute_counts(service_id, name), room).await?);
            }
            if found.len() >= at_most {
                break;
            }
            found.push(day);
        }
        Ok(found)
    }

    /// One by one: whoever may write batches may put items as well.
    async fn delete_item(&self, item: &Item) -> Result<(), Error> {
        let delete = self.client.delete_item().table_name(&self.table).set_key(key(item));
        delete.send().await.map(drop).map_err(write::fault)
    }

    async fn touch_ended_service(&self, service_id: u64) -> Result<(), Error> {
        let update = self
            .update(service_key(service_id))
            .update_expression("ADD purges :one")
            .condition_expression("attribute_exists(deleted_by) AND attribute_not_exists(data_key)")
            .expression_attribute_values(":one", integer(1));
        match self.write(Write::Update(Box::new(update)), "").await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::internal("a service is purged that has not ended")),
        }
    }
}
