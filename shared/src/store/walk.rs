//! A walk along a service's clients, some at a time: what is in memory does not grow with the list.

use std::ops::Range;

use super::item::{string, text};
use super::list::{BATCH, Order, Place, id_after};
use super::schema::{LIST_INDEX, clients_list, list_position};
use super::{Item, Store, write};
use crate::client::RegisteredClient;
use crate::error::Error;

/// Which of a service's clients, and in which order.
#[derive(Debug, Clone, Default)]
pub struct Route {
    /// The newest first.
    pub newest_first: bool,
    /// Only what comes after that [position](RegisteredClient::position), in this order.
    pub after: Option<String>,
    /// Only what was registered in that time, in milliseconds since 1970; absent is ever.
    pub registered: Option<Range<u64>>,
}

impl Route {
    /// The oldest first, after the client to which a cursor leads.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`].
    pub fn after_cursor(service_id: u64, cursor: Option<&str>) -> Result<Self, Error> {
        let place = of_clients(service_id, Order::Forwards).led_by(cursor)?;
        Ok(Self { after: place.from, ..Self::default() })
    }
}

/// What leads to a [position](RegisteredClient::position) in the list of a service's clients: newest first to the client
/// there, else to those after it.
#[must_use]
pub fn client_cursor(service_id: u64, newest_first: bool, position: &str) -> String {
    of_clients(service_id, if newest_first { Order::Backwards } else { Order::Forwards }).cursor(position)
}

fn of_clients(service_id: u64, order: Order) -> Place {
    Place { order, ..Place::start(LIST_INDEX, clients_list(service_id)) }
}

/// Where a walk is.
pub struct Walk<'s> {
    store: &'s Store,
    service_id: u64,
    route: Route,
    from: String,
    to: String,
    start: Option<Item>,
    is_over: bool,
}

impl RegisteredClient {
    /// Its place in its service's list: text that is in the order of registrations.
    #[must_use]
    pub fn position(&self) -> String {
        list_position(self.record.issued_at_millis, &format!("{:016}", self.numeric_id))
    }
}

impl Store {
    /// Walks along a service's clients, those included that have expired and are not removed yet.
    #[must_use]
    pub fn walk(&self, service_id: u64, route: Route) -> Walk<'_> {
        // Every position begins with 13 digits.
        let registered = route.registered.clone().unwrap_or(0..u64::MAX);
        let (mut from, mut to) = (bound(registered.start), bound(registered.end));
        if let Some(after) = &route.after {
            if route.newest_first { to = to.min(after.clone()) } else { from = from.max(after.clone()) }
        }
        let is_over = from > to;
        Walk { store: self, service_id, route, from, to, start: None, is_over }
    }
}

impl Walk<'_> {
    /// The next of them; `None` after the last. There may be none among some.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn next_some(&mut self) -> Result<Option<Vec<RegisteredClient>>, Error> {
        let Some(items) = self.next_items().await? else { return Ok(None) };
        let prefix = format!("C#{}#", self.service_id);
        let client = |item: &Item| Store::stored_client(self.service_id, id_after(item, &prefix)?, item);
        items.iter().map(client).collect::<Result<_, _>>().map(Some)
    }

    /// The same as they are stored.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn next_items(&mut self) -> Result<Option<Vec<Item>>, Error> {
        if self.is_over {
            return Ok(None);
        }
        let query = self
            .store
            .client
            .query()
            .table_name(&self.store.table)
            .index_name(LIST_INDEX)
            .key_condition_expression("#list = :list AND #at BETWEEN :from AND :to")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":list", string(clients_list(self.service_id)))
            .expression_attribute_values(":from", string(&self.from))
            .expression_attribute_values(":to", string(&self.to))
            .scan_index_forward(!self.route.newest_first)
            .limit(i32::try_from(BATCH).unwrap_or(i32::MAX))
            .set_exclusive_start_key(self.start.take());
        let page = query.send().await.map_err(write::fault)?;
        self.start = page.last_evaluated_key;
        self.is_over = self.start.is_none();
        let mut keys = page.items.unwrap_or_default();
        keys.retain(|key| text(key, "at") != self.route.after.as_deref());
        let mut items = self.store.batch_as_stored(keys).await?;
        items.retain(|item| !item.contains_key("deleted_by"));
        Ok(Some(items))
    }
}

/// What comes before every position of that time, and after all earlier ones.
fn bound(millis: u64) -> String {
    const MOST: u64 = 9_999_999_999_999;
    if millis > MOST { ":".to_owned() } else { format!("{millis:013}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_parts_the_positions_of_earlier_times_from_the_others() {
        let position = |millis: u64| list_position(millis, &format!("{:016}", 5));
        for millis in [1, 999, 1_790_000_000_000] {
            assert!(position(millis - 1) < bound(millis) && bound(millis) < position(millis), "{millis}");
        }
        assert!(position(9_999_999_999_999) < bound(u64::MAX));
    }
}
