//! What deleted services leave behind, removed in pages. Only the stream function does this.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{DeleteRequest, WriteRequest};

use super::item::integer;
use super::list::{Place, key};
use super::schema::{
    LIST_INDEX, clients_list, day_counts, developer_counts, minute_counts, service_key, service_tokens_list,
};
use super::write::{Outcome, Write};
use super::{Item, Store, item, write};
use crate::error::Error;

/// What one `BatchWriteItem` writes at the most.
const BATCH: usize = 25;

/// How often what a batch left unprocessed is asked for again.
const BATCH_ATTEMPTS: u32 = 5;

impl Store {
    /// Whether there was such a service and it is deleted.
    pub(crate) async fn is_deleted_service(&self, service_id: u64) -> Result<bool, Error> {
        Ok(self.get(service_key(service_id)).await?.is_some_and(|service| service.contains_key("deleted_by")))
    }

    /// Deletes some of what a deleted service has left, `at_most` items: its listed clients, then its tokens, then
    /// its counts. While there may be more, it touches the service, so that the stream tells of it again. Answers
    /// how many it deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn purge_service(&self, service_id: u64, at_most: usize) -> Result<usize, Error> {
        let left = self.left_of_service(service_id, at_most).await?;
        if left.is_empty() && at_most > 0 {
            return Ok(0);
        }
        for batch in left.chunks(BATCH) {
            self.delete_items(batch).await?;
        }
        self.touch_deleted_service(service_id).await?;
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

    async fn delete_items(&self, items: &[Item]) -> Result<(), Error> {
        let delete = |item: &Item| {
            let delete = DeleteRequest::builder().set_key(key(item)).build().map_err(Error::internal)?;
            Ok(WriteRequest::builder().delete_request(delete).build())
        };
        let mut wanted = items.iter().map(delete).collect::<Result<Vec<_>, Error>>()?;
        for attempt in 0..BATCH_ATTEMPTS {
            if attempt > 0 {
                self.pause(attempt).await?;
            }
            let requests = HashMap::from([(self.table.clone(), wanted)]);
            let answer = self.client.batch_write_item().set_request_items(Some(requests)).send().await;
            let left = answer.map_err(write::fault)?.unprocessed_items;
            wanted = left.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default();
            if wanted.is_empty() {
                return Ok(());
            }
        }
        Err(Error::Unavailable("DynamoDB leaves a batch unprocessed".into()))
    }

    async fn touch_deleted_service(&self, service_id: u64) -> Result<(), Error> {
        let update = self
            .update(service_key(service_id))
            .update_expression("ADD purges :one")
            .condition_expression("attribute_exists(deleted_by)")
            .expression_attribute_values(":one", integer(1));
        match self.write(Write::Update(Box::new(update)), "").await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::internal("a service is purged that is not deleted")),
        }
    }
}
