//! Lists: the index names the items, the table holds them.

use aws_sdk_dynamodb::operation::query::builders::QueryFluentBuilder;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};

use super::item::{required, string, text};
use super::schema::{LIST_INDEX, clients_list, organization_tokens_list, service_tokens_list, services_list};
use super::{Item, Store, TokenRecord, cursor, service, token, write};
use crate::client::RegisteredClient;
use crate::credentials::TokenHash;
use crate::error::Error;
use crate::service::Service;

/// What one `BatchGetItem` reads at the most.
pub(super) const BATCH: usize = 100;

/// How often what a batch left unprocessed is asked for again.
const BATCH_ATTEMPTS: u32 = 5;

/// A place in a list of an index, or in a partition of the table.
pub(super) struct Place {
    /// The index; none is the table itself.
    pub(super) index: Option<&'static str>,
    pub(super) list: String,
    /// The first position that is of interest, in the order of positions.
    pub(super) from: Option<String>,
    /// The last one.
    pub(super) until: Option<String>,
    /// The item behind which it is, with its own key and that in the index: many may stand at one position.
    pub(super) after: Option<Item>,
    /// How many items further on it is.
    pub(super) skip: u64,
    /// In which order its items are wanted.
    pub(super) order: Order,
}

/// In which order a list is read. Its positions are mostly times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Order {
    Forwards,
    Backwards,
}

impl Place {
    /// Where a list begins.
    pub(super) fn start(index: &'static str, list: String) -> Self {
        Self { index: Some(index), ..Self::of_table(list) }
    }

    /// Where a partition of the table begins.
    pub(super) fn of_table(partition: String) -> Self {
        Self { index: None, list: partition, from: None, until: None, after: None, skip: 0, order: Order::Forwards }
    }

    /// Where a list ends, or the place of a position in it, to go back from there.
    pub(super) fn end(index: &'static str, list: String, until: Option<String>) -> Self {
        Self { until, order: Order::Backwards, ..Self::start(index, list) }
    }

    /// Goes on at a position.
    pub(super) fn go_on(&mut self, position: String) {
        match self.order {
            Order::Forwards => self.from = Some(position),
            Order::Backwards => self.until = Some(position),
        }
    }

    /// Goes on where a cursor leads, if there is one.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`] if it is not one of this list, in this order and within these bounds.
    pub(super) fn led_by(mut self, cursor: Option<&str>) -> Result<Self, Error> {
        let Some(cursor) = cursor else { return Ok(self) };
        let position = self.opened(cursor)?;
        self.has_within(&position)?;
        self.go_on(position);
        Ok(self)
    }

    /// # Errors
    /// [`Error::InvalidCursor`] if a position is outside of its bounds, from where the table would not go on.
    pub(super) fn has_within(&self, position: &str) -> Result<(), Error> {
        let is_within = self.from.as_deref().is_none_or(|from| from <= position)
            && self.until.as_deref().is_none_or(|until| position <= until);
        if is_within { Ok(()) } else { Err(Error::InvalidCursor) }
    }

    /// What a cursor of it names.
    pub(super) fn opened(&self, cursor: &str) -> Result<String, Error> {
        cursor::opened(cursor, &self.name())
    }

    /// The key of an item that stands in it.
    pub(super) fn key(&self, at: &str, partition: &str, sort: &str) -> Item {
        let (list, position) = self.keys();
        let parts = [(list, self.list.as_str()), (position, at), ("PK", partition), ("SK", sort)];
        parts.into_iter().map(|(name, value)| (name.to_owned(), string(value))).collect()
    }

    /// What leads to a position of it.
    pub(super) fn cursor(&self, position: &str) -> String {
        cursor::made(&self.name(), position)
    }

    /// Its name for cursors: the list, and the order in which it is read.
    fn name(&self) -> String {
        format!("{}\0{}\0{:?}", self.index.unwrap_or_default(), self.list, self.order)
    }

    /// The attributes by which its items are parted and sorted.
    fn keys(&self) -> (&'static str, &'static str) {
        self.index.map_or(("PK", "SK"), |index| (index, "at"))
    }

    /// The attribute by which its items are sorted.
    pub(super) fn sort(&self) -> &'static str {
        self.keys().1
    }

    /// All that stands at one position of a list.
    pub(super) fn at(index: &'static str, list: String, position: String) -> Self {
        Self { from: Some(position.clone()), until: Some(position), ..Self::start(index, list) }
    }
}

impl Store {
    /// An organization's services, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn services(&self, organization: &str) -> Result<Vec<Service>, Error> {
        let items = self.list(services_list(organization)).await?;
        items.iter().map(|item| service::service(id_after(item, "S#")?, item)).collect()
    }

    /// An organization's services, oldest first, `at_most` of them; and whether there are more.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn first_services(&self, organization: &str, at_most: usize) -> Result<(Vec<Service>, bool), Error> {
        let place = Place::start(LIST_INDEX, services_list(organization));
        let (keys, next) = self.keys_and_next(&place, at_most).await?;
        let items = self.batches(keys).await?;
        let services =
            items.iter().map(|item| service::service(id_after(item, "S#")?, item)).collect::<Result<_, _>>()?;
        Ok((services, next.is_some()))
    }

    /// A service's clients, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn clients(&self, service_id: u64) -> Result<Vec<RegisteredClient>, Error> {
        let items = self.list(clients_list(service_id)).await?;
        let prefix = format!("C#{service_id}#");
        let client = |item: &Item| self.listed_client(service_id, id_after(item, &prefix)?, item);
        items.iter().filter_map(|item| client(item).transpose()).collect()
    }

    /// A service's tokens, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service_tokens(&self, service_id: u64) -> Result<Vec<TokenRecord>, Error> {
        self.tokens(service_tokens_list(service_id)).await
    }

    /// A service's tokens, newest first, from where a cursor leads, of `at_most` of its list those that have not ended; and
    /// the cursor of the next ones.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn token_page(
        &self,
        service_id: u64,
        cursor: Option<&str>,
        at_most: usize,
    ) -> Result<(Vec<TokenRecord>, Option<String>), Error> {
        let place = Place::end(LIST_INDEX, service_tokens_list(service_id), None).led_by(cursor)?;
        let (keys, next) = self.keys_and_cursor(&place, at_most).await?;
        let items = self.batches(keys).await?;
        Ok((items.iter().map(token_of).collect::<Result<_, _>>()?, next))
    }

    /// An organization's tokens, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn organization_tokens(&self, organization: &str) -> Result<Vec<TokenRecord>, Error> {
        self.tokens(organization_tokens_list(organization)).await
    }

    async fn tokens(&self, list: String) -> Result<Vec<TokenRecord>, Error> {
        self.list(list).await?.iter().map(token_of).collect()
    }

    /// The living items of a list, in its order.
    async fn list(&self, list: String) -> Result<Vec<Item>, Error> {
        let keys = self.keys(&Place::start(LIST_INDEX, list), usize::MAX).await?;
        self.batches(keys).await
    }

    /// The living items of a list of an index, in its order, `at_most` of those that are named there.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn listed(&self, index: &'static str, list: String, at_most: usize) -> Result<Vec<Item>, Error> {
        let keys = self.keys(&Place::start(index, list), at_most).await?;
        self.batches(keys).await
    }

    /// The same of those at one position.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn listed_at(
        &self,
        index: &'static str,
        list: String,
        position: String,
        at_most: usize,
    ) -> Result<Vec<Item>, Error> {
        let keys = self.keys(&Place::at(index, list, position), at_most).await?;
        self.batches(keys).await
    }

    /// What an index, or the table, has from a place on, `at_most` items, and the position of the next one if there is one.
    pub(super) async fn keys_and_next(
        &self,
        place: &Place,
        at_most: usize,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let mut keys = self.keys(place, at_most.saturating_add(1)).await?;
        let next = keys.get(at_most).and_then(|key| text(key, place.sort())).map(str::to_owned);
        keys.truncate(at_most);
        Ok((keys, next))
    }

    /// The same, and the cursor of the next one.
    pub(super) async fn keys_and_cursor(
        &self,
        place: &Place,
        at_most: usize,
    ) -> Result<(Vec<Item>, Option<String>), Error> {
        let (keys, next) = self.keys_and_next(place, at_most).await?;
        Ok((keys, next.map(|next| place.cursor(&next))))
    }

    /// What an index, or the table, has from a place on, `at_most` items.
    pub(super) async fn keys(&self, place: &Place, at_most: usize) -> Result<Vec<Item>, Error> {
        let mut keys: Vec<Item> = Vec::new();
        // DynamoDB takes no bounds that have nothing between them.
        if place.from.as_ref().zip(place.until.as_ref()).is_some_and(|(from, until)| from > until) {
            return Ok(keys);
        }
        let mut skip = usize::try_from(place.skip).unwrap_or(usize::MAX);
        let mut start = place.after.clone();
        while keys.len() < at_most {
            let wanted = skip.saturating_add(at_most - keys.len());
            let query = self.along(place).limit(i32::try_from(wanted).unwrap_or(i32::MAX));
            let page = query.set_exclusive_start_key(start).send().await.map_err(write::fault)?;
            let found = page.items.unwrap_or_default();
            let skipped = skip.min(found.len());
            skip -= skipped;
            keys.extend(found.into_iter().skip(skipped));
            start = page.last_evaluated_key;
            if start.is_none() {
                break;
            }
        }
        Ok(keys)
    }

    fn along(&self, place: &Place) -> QueryFluentBuilder {
        let (partition, sort) = place.keys();
        let mut query = self
            .client
            .query()
            .table_name(&self.table)
            .set_index_name(place.index.map(str::to_owned))
            .set_consistent_read(place.index.is_none().then_some(true))
            .expression_attribute_names("#list", partition)
            .expression_attribute_values(":list", string(&place.list))
            .scan_index_forward(place.order == Order::Forwards);
        let range = match (&place.from, &place.until) {
            (None, None) => return query.key_condition_expression("#list = :list"),
            (Some(_), None) => "#list = :list AND #at >= :from",
            (None, Some(_)) => "#list = :list AND #at <= :until",
            (Some(_), Some(_)) => "#list = :list AND #at BETWEEN :from AND :until",
        };
        for (name, position) in [(":from", &place.from), (":until", &place.until)] {
            if let Some(position) = position {
                query = query.expression_attribute_values(name, string(position));
            }
        }
        query.key_condition_expression(range).expression_attribute_names("#at", sort)
    }

    /// The living ones of the items that an index names, in its order.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn batches(&self, mut named: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut items = Vec::new();
        while !named.is_empty() {
            let rest = named.split_off(BATCH.min(named.len()));
            items.extend(self.batch(named).await?);
            named = rest;
        }
        Ok(items)
    }

    /// At most [`BATCH`] items, in the order of their keys; the living ones.
    pub(super) async fn batch(&self, named: Vec<Item>) -> Result<Vec<Item>, Error> {
        let mut found = self.batch_as_stored(named).await?;
        found.retain(|item| self.is_live(item));
        Ok(found)
    }

    /// At most [`BATCH`] items, in the order of their keys.
    pub(super) async fn batch_as_stored(&self, named: Vec<Item>) -> Result<Vec<Item>, Error> {
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
        found.sort_by_key(|item| order.iter().position(|key| item.get("PK") == Some(key)));
        Ok(found)
    }
}

/// The token of an item that is listed.
fn token_of(item: &Item) -> Result<TokenRecord, Error> {
    let hash = text(item, "PK").and_then(|key| TokenHash::parse(key.split_once('#')?.1));
    token::token(required(hash, "PK")?, item)
}

/// The key of an item of an index.
pub(super) fn key(item: &Item) -> Option<Item> {
    let part = |name: &str| Some((name.to_owned(), item.get(name)?.clone()));
    Some(Item::from([part("PK")?, part("SK")?]))
}

pub(super) fn id_after(item: &Item, prefix: &str) -> Result<u64, Error> {
    let id = text(item, "PK").and_then(|key| key.strip_prefix(prefix)?.parse().ok());
    required(id, "PK")
}
