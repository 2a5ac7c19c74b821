//! Lists: the index names the items, the table holds them.

use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes, Select};

use super::item::{required, string, text};
use super::schema::{
    DEVELOPER_INDEX, LIST_INDEX, clients_list, developer_list, organization_tokens_list, service_tokens_list,
    services_list,
};
use super::{Item, Store, TokenRecord, service, token, write};
use crate::client::RegisteredClient;
use crate::credentials::TokenHash;
use crate::error::Error;
use crate::service::Service;

/// What one `BatchGetItem` reads at the most.
const BATCH: usize = 100;

/// How often what a batch left unprocessed is asked for again.
const BATCH_ATTEMPTS: u32 = 5;

impl Store {
    /// An organization's services, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn services(&self, organization: &str) -> Result<Vec<Service>, Error> {
        let items = self.list(services_list(organization)).await?;
        items.iter().map(|item| service::service(id_after(item, "S#")?, item)).collect()
    }

    /// A service's clients, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn clients(&self, service_id: u64) -> Result<Vec<RegisteredClient>, Error> {
        let items = self.list(clients_list(service_id)).await?;
        let prefix = format!("C#{service_id}#");
        let client = |item: &Item| self.live_client(service_id, id_after(item, &prefix)?, item);
        items.iter().filter_map(|item| client(item).transpose()).collect()
    }

    /// Whether a developer has that many clients or more.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn developer_has(&self, service_id: u64, developer: &str, clients: u64) -> Result<bool, Error> {
        let mut left = clients;
        let mut start = None;
        while left > 0 {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(DEVELOPER_INDEX)
                .select(Select::Count)
                .key_condition_expression("developer = :developer")
                .expression_attribute_values(":developer", string(developer_list(service_id, developer)))
                .limit(i32::try_from(left).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start);
            let page = query.send().await.map_err(write::fault)?;
            left = left.saturating_sub(u64::try_from(page.count).unwrap_or_default());
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(left == 0)
    }

    /// A service's tokens, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service_tokens(&self, service_id: u64) -> Result<Vec<TokenRecord>, Error> {
        self.tokens(service_tokens_list(service_id)).await
    }

    /// An organization's tokens, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn organization_tokens(&self, organization: &str) -> Result<Vec<TokenRecord>, Error> {
        self.tokens(organization_tokens_list(organization)).await
    }

    async fn tokens(&self, list: String) -> Result<Vec<TokenRecord>, Error> {
        let items = self.list(list).await?;
        let read = |item: &Item| {
            let hash = text(item, "PK").and_then(|key| TokenHash::parse(key.strip_prefix("T#")?));
            token::token(required(hash, "PK")?, item)
        };
        items.iter().map(read).collect()
    }

    /// The living items of a list, in its order.
    async fn list(&self, list: String) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .index_name(LIST_INDEX)
                .key_condition_expression("#list = :list")
                .expression_attribute_names("#list", "list")
                .expression_attribute_values(":list", string(&list))
                .limit(i32::try_from(BATCH).unwrap_or(i32::MAX))
                .set_exclusive_start_key(start);
            let page = query.send().await.map_err(write::fault)?;
            items.extend(self.batch(page.items.unwrap_or_default()).await?);
            start = page.last_evaluated_key;
            if start.is_none() {
                return Ok(items);
            }
        }
    }

    /// The items that one page of the index names, in the index's order.
    pub(super) async fn batch(&self, named: Vec<Item>) -> Result<Vec<Item>, Error> {
        let key = |item: &Item| -> Option<Item> {
            let part = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
            Some(Item::from([part("PK")?, part("SK")?]))
        };
        let order: Vec<AttributeValue> = named.iter().filter_map(|item| item.get("PK").cloned()).collect();
        let mut wanted: Vec<Item> = named.iter().filter_map(key).collect();
        let mut found = Vec::new();
        for attempt in 0..BATCH_ATTEMPTS {
            if wanted.is_empty() {
                break;
            }
            if attempt > 0 {
                self.pause(attempt).await?;
            }
            let keys = KeysAndAttributes::builder().set_keys(Some(wanted)).consistent_read(true).build();
            let request = self.client.batch_get_item().request_items(&self.table, keys.map_err(Error::internal)?);
            let mut answer = request.send().await.map_err(write::fault)?;
            found.extend(answer.responses.take().and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default());
            let left = answer.unprocessed_keys.take().and_then(|mut tables| tables.remove(&self.table));
            wanted = left.map(|left| left.keys).unwrap_or_default();
        }
        if !wanted.is_empty() {
            return Err(Error::Unavailable("DynamoDB leaves a batch unprocessed".into()));
        }
        found.retain(|item| self.is_live(item));
        found.sort_by_key(|item| order.iter().position(|key| item.get("PK") == Some(key)));
        Ok(found)
    }
}

fn id_after(item: &Item, prefix: &str) -> Result<u64, Error> {
    let id = text(item, "PK").and_then(|key| key.strip_prefix(prefix)?.parse().ok());
    required(id, "PK")
}
