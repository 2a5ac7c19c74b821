//! Counts of listed clients: by day, by minute, by developer; and of registrations, by hour and door. Only the stream
//! function writes them.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
};

use super::item::{integer, number, required, string, text};
use super::list::Place;
use super::schema::{
    Key, LOOKED_AT, MAX_NAME, UNCOUNTED, ceiling_counts, ceiling_key, day_counts, developer_count_key,
    developer_counts, hour_count_key, hour_counts, minute_counts, position_key,
};
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::error::Error;
use crate::time::{DAY, hour_of};

/// How long registrations are counted by hour, in seconds.
const HOURS_KEPT: u64 = 90 * DAY;

/// A count.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Count {
    key: Key,
    /// Until when it is kept, in seconds since 1970; absent is for good.
    kept_until: Option<u64>,
}

impl From<Key> for Count {
    fn from(key: Key) -> Self {
        Self { key, kept_until: None }
    }
}

impl Count {
    /// That of registrations that have ended so at a door in the hour of that time, in seconds since 1970.
    pub(crate) fn of_hour(service_id: u64, at: u64, door: &str, outcome: Registration) -> Self {
        let (hour, outcome) = (hour_of(at), outcome.as_str());
        let kept_until = (at - at % (60 * 60)).saturating_add(HOURS_KEPT);
        Self { key: hour_count_key(service_id, &hour, door, outcome), kept_until: Some(kept_until) }
    }
}

/// How a registration has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Registration {
    /// There is a client.
    Registered,
    /// It was refused.
    Refused,
}

impl Registration {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Registered => "registered",
            Self::Refused => "refused",
        }
    }
}

/// By how much counts change.
pub(crate) type Counts = BTreeMap<Count, i64>;

/// How many registrations there were at one door in one hour.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HourCount {
    /// The hour, `yyyy-mm-ddThh` in UTC.
    pub hour: String,
    /// The front door.
    pub door: String,
    /// How many clients were registered, be they gone.
    pub registered: u64,
    /// How many registrations were refused, where [refusals](Store::refusals) are counted.
    pub refused: u64,
}

/// How many clients a service has too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Excess {
    /// The number.
    pub(crate) clients: u64,
    /// Those that were registered earlier were looked at last time: a time in milliseconds since 1970.
    pub(crate) from: u64,
}

/// What became of a change of counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Counted {
    /// It is counted.
    Counted,
    /// Somebody else has moved the shard's position; nothing is counted.
    Moved,
}

impl Store {
    /// How many clients a service has in its lists.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client_count(&self, service_id: u64) -> Result<u64, Error> {
        Ok(self.day_counts(service_id).await?.iter().map(|(_, count)| count).sum())
    }

    /// How many clients a service has in its lists beyond that many. Whom its ceiling has let go is not among them, be it
    /// counted yet: else others would go in its place.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn excess(&self, service_id: u64, most: u64) -> Result<Excess, Error> {
        // In this order: what is counted in between lets nobody go.
        let counts = self.counts(ceiling_counts(service_id)).await?;
        let count = |name: &str| counts.iter().find(|(known, _)| known == name).map_or(0, |(_, count)| *count);
        let clients = self.client_count(service_id).await?.saturating_sub(count(UNCOUNTED)).saturating_sub(most);
        Ok(Excess { clients, from: count(LOOKED_AT) })
    }

    /// Notes until when those were registered at whom a ceiling has looked, in milliseconds since 1970.
    pub(super) async fn note_looked_at(&self, service_id: u64, until_millis: u64) -> Result<(), Error> {
        let update = self
            .update(ceiling_key(service_id, LOOKED_AT))
            .update_expression("SET clients = :until")
            .expression_attribute_values(":until", integer(until_millis));
        self.written(update, "").await
    }

    /// A service's counts by the day of registration, oldest first.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn day_counts(&self, service_id: u64) -> Result<Vec<(String, u64)>, Error> {
        self.counts(day_counts(service_id)).await
    }

    /// A service's counts by developer, in the order of their names, from where a cursor leads, `at_most` of them; and the
    /// cursor of the next ones.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn developer_counts(
        &self,
        service_id: u64,
        cursor: Option<&str>,
        at_most: usize,
    ) -> Result<(Vec<(String, u64)>, Option<String>), Error> {
        let place = Place::of_table(developer_counts(service_id)).led_by(cursor)?;
        let (items, next) = self.keys_and_cursor(&place, at_most).await?;
        Ok((named(&items)?, next))
    }

    /// A service's registrations since the hour of that time, in seconds since 1970, by hour and door; oldest first. They
    /// are known for ninety days.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn hours(&self, service_id: u64, since: u64) -> Result<Vec<HourCount>, Error> {
        let place = Place { from: Some(hour_of(since)), ..Place::of_table(hour_counts(service_id)) };
        let items = self.keys(&place, usize::MAX).await?;
        let mut hours: Vec<HourCount> = Vec::new();
        for item in items.iter().filter(|item| self.is_live(item)) {
            let name = required(text(item, "SK"), "SK")?;
            let (name, outcome) = required(name.rsplit_once('#'), "SK")?;
            let (hour, door) = required(name.split_once('#'), "SK")?;
            if hours.last().is_none_or(|last| (last.hour.as_str(), last.door.as_str()) != (hour, door)) {
                hours.push(HourCount { hour: hour.to_owned(), door: door.to_owned(), registered: 0, refused: 0 });
            }
            let Some(last) = hours.last_mut() else { continue };
            let is_registered = outcome == Registration::Registered.as_str();
            *(if is_registered { &mut last.registered } else { &mut last.refused }) = clients(item);
        }
        Ok(hours)
    }

    /// A service's counts by minute of one day, oldest first.
    pub(super) async fn minute_counts(&self, service_id: u64, day: &str) -> Result<Vec<(String, u64)>, Error> {
        self.counts(minute_counts(service_id, day)).await
    }

    /// How many clients a developer has in a service's lists, as far as the stream function has counted.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn developer_count(&self, service_id: u64, developer: &str) -> Result<u64, Error> {
        if developer.len() > MAX_NAME {
            return Ok(0);
        }
        let count = self.get(developer_count_key(service_id, developer)).await?;
        Ok(count.as_ref().map_or(0, clients))
    }

    async fn counts(&self, partition: String) -> Result<Vec<(String, u64)>, Error> {
        named(&self.partition(&partition, usize::MAX).await?)
    }

    /// The first items of a partition.
    pub(super) async fn partition(&self, partition: &str, at_most: usize) -> Result<Vec<Item>, Error> {
        self.keys(&Place::of_table(partition.to_owned()), at_most).await
    }

    /// The sequence number of the last record of that shard that changed a count, in 40 digits; nothing if none
    /// did.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn stream_position(&self, shard_id: &str) -> Result<Option<String>, Error> {
        let item = self.get(position_key(shard_id)).await?;
        Ok(item.as_ref().and_then(|item| text(item, "applied")).map(str::to_owned))
    }

    /// Changes counts and moves the shard's position from `read` to `through`, all or nothing. A count that is
    /// gone with its service is not taken from.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn count(
        &self,
        shard_id: &str,
        read: Option<&str>,
        through: &str,
        mut counts: Counts,
    ) -> Result<Counted, Error> {
        loop {
            counts.retain(|_, change| *change != 0);
            let write_id = self.write_id()?;
            let mut transaction = self.client.transact_write_items().client_request_token(&write_id);
            transaction = transaction.transact_items(self.move_position(shard_id, read, through)?);
            for (count, change) in &counts {
                transaction = transaction.transact_items(self.change_count(count, *change)?);
            }
            match self.write(Write::Transact(Box::new(transaction)), &write_id).await? {
                Outcome::Written => return Ok(Counted::Counted),
                Outcome::Refused(conditions) => match conditions.split_first() {
                    Some((Condition::Held, of_counts)) => forget_failed(&mut counts, of_counts),
                    _ => return Ok(Counted::Moved),
                },
            }
        }
    }

    fn move_position(&self, shard_id: &str, read: Option<&str>, through: &str) -> Result<TransactWriteItem, Error> {
        let update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(position_key(shard_id).into_attributes()))
            .update_expression("SET applied = :through")
            .expression_attribute_values(":through", string(through))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let update = match read {
            None => update.condition_expression("attribute_not_exists(PK)"),
            Some(read) => update
                .condition_expression("applied = :read AND applied < :through")
                .expression_attribute_values(":read", string(read)),
        };
        Ok(TransactWriteItem::builder().update(update.build().map_err(Error::internal)?).build())
    }

    pub(super) fn change_count(
        &self,
        Count { key, kept_until }: &Count,
        change: i64,
    ) -> Result<TransactWriteItem, Error> {
        let mut update = Update::builder()
            .table_name(&self.table)
            .set_key(Some(key.clone().into_attributes()))
            .expression_attribute_values(":change", AttributeValue::N(change.to_string()));
        update = match kept_until {
            None => update.update_expression("ADD clients :change"),
            Some(end) => update
                .update_expression("ADD clients :change SET expires_at = :end")
                .expression_attribute_values(":end", integer(*end)),
        };
        if change < 0 {
            update = update.condition_expression("attribute_exists(PK)");
        }
        Ok(TransactWriteItem::builder().update(update.build().map_err(Error::internal)?).build())
    }
}

/// Takes out the counts whose conditions failed, in the order of the transaction.
fn forget_failed(counts: &mut Counts, conditions: &[Condition]) {
    let mut conditions = conditions.iter();
    counts.retain(|_, _| !matches!(conditions.next(), Some(Condition::Failed(_))));
}

/// Counts, each with what it counts.
fn named(counts: &[Item]) -> Result<Vec<(String, u64)>, Error> {
    counts.iter().map(|item| Ok((required(text(item, "SK"), "SK")?.to_owned(), clients(item)))).collect()
}

/// The number in a count; deletions that were counted before their registrations make none.
fn clients(item: &Item) -> u64 {
    number(item, "clients").unwrap_or(0)
}
