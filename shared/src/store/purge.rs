//! What services leave behind that have ended, and clients that are deleted, removed in pages. Only the stream function
//! does this.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::types::{ConditionCheck, Delete, TransactWriteItem};

use super::item::{integer, string};
use super::list::{Place, id_after, key};
use super::schema::{
    DEVELOPER_INDEX, LIST_INDEX, authorizations_list, ceiling_counts, client_key, clients_list, day_counts,
    developer_counts, grant_position, hour_counts, minute_counts, service_grants_list, service_key,
    service_tokens_list,
};
use super::write::{Outcome, Write};
use super::{Item, Store, item, write};
use crate::error::Error;

/// How many items one transaction deletes at the most; its hundredth is the client.
const DELETED_AT_ONCE: usize = 99;

impl Store {
    /// Whether there was such a service and it has ended for good.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn is_ended_service(&self, service_id: u64) -> Result<bool, Error> {
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

    /// Deletes some of what an ended service has left, `at_most` items: its listed clients, each after what it has of
    /// users; then what is left of users' grants, whoever has it; then its tokens, then its counts. The records of its
    /// clients end their claims. While there may be more, it touches the service, so that the stream tells of it again.
    /// Answers how many it deleted.
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
        let clients = self.keys(&Place::start(LIST_INDEX, clients_list(service_id)), at_most).await?;
        if !clients.is_empty() {
            let prefix = format!("C#{service_id}#");
            let holders = clients.iter().map(|client| id_after(client, &prefix)).collect::<Result<_, _>>()?;
            return self.before(clients, service_id, holders, at_most).await;
        }
        let grants = self.keys(&Place::start(DEVELOPER_INDEX, service_grants_list(service_id)), at_most).await?;
        if !grants.is_empty() {
            // A token without end stands there by its time, and is what is looked for.
            let holders = grants.iter().filter_map(|grant| item::text(grant, "at")?.parse().ok()).collect();
            return self.before(grants, service_id, holders, at_most).await;
        }
        let tokens = self.keys(&Place::start(LIST_INDEX, service_tokens_list(service_id)), at_most).await?;
        if !tokens.is_empty() {
            return Ok(tokens);
        }
        self.counts_of_service(service_id, at_most).await
    }

    /// The authorizations of those clients; those items if there are none: they lead to them.
    async fn before(
        &self,
        items: Vec<Item>,
        service_id: u64,
        holders: BTreeSet<u64>,
        at_most: usize,
    ) -> Result<Vec<Item>, Error> {
        let mut found = Vec::new();
        for numeric_id in holders {
            let list = Place::start(LIST_INDEX, authorizations_list(service_id, numeric_id));
            found.extend(self.keys(&list, at_most.saturating_sub(found.len())).await?);
            if found.len() >= at_most {
                break;
            }
        }
        Ok(if found.is_empty() { items } else { found })
    }

    /// Deletes some of what a client has left that is gone, `at_most` items: authorizations, then grants and chosen
    /// values. Nothing of a client that has come back is deleted. Answers how many it deleted.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn purge_client(&self, service_id: u64, numeric_id: u64, at_most: usize) -> Result<usize, Error> {
        let list = Place::start(LIST_INDEX, authorizations_list(service_id, numeric_id));
        let mut left = self.keys(&list, at_most).await?;
        let grants = Place::at(DEVELOPER_INDEX, service_grants_list(service_id), grant_position(numeric_id));
        left.extend(self.keys(&grants, at_most.saturating_sub(left.len())).await?);
        let mut deleted = 0;
        for some in left.chunks(DELETED_AT_ONCE) {
            let is_gone = ConditionCheck::builder()
                .table_name(&self.table)
                .set_key(Some(client_key(service_id, numeric_id).into_attributes()))
                .condition_expression("attribute_not_exists(PK) OR attribute_exists(deleted_by)")
                .build()
                .map_err(Error::internal)?;
            let mut parts = vec![TransactWriteItem::builder().condition_check(is_gone).build()];
            for item in some {
                let delete = Delete::builder().table_name(&self.table).set_key(key(item)).build();
                parts.push(TransactWriteItem::builder().delete(delete.map_err(Error::internal)?).build());
            }
            let write_id = self.write_id()?;
            match self.write(self.transaction(parts, &write_id), &write_id).await? {
                Outcome::Written => deleted += some.len(),
                Outcome::Refused(_) => break,
            }
        }
        Ok(deleted)
    }

    /// Lets the stream tell of a deleted client again.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn touch_deleted_client(&self, service_id: u64, numeric_id: u64) -> Result<(), Error> {
        let update = self
            .update(client_key(service_id, numeric_id))
            .update_expression("ADD purges :one")
            .condition_expression("attribute_exists(deleted_by)")
            .expression_attribute_values(":one", integer(1));
        self.write(Write::Update(Box::new(update)), "").await.map(drop)
    }

    async fn counts_of_service(&self, service_id: u64, at_most: usize) -> Result<Vec<Item>, Error> {
        let mut found = self.partition(&developer_counts(service_id), at_most).await?;
        for others in [hour_counts(service_id), ceiling_counts(service_id)] {
            let room = at_most.saturating_sub(found.len());
            found.extend(self.partition(&others, room).await?);
        }
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
