//! Pages of lists. Counts say how long a list is, and let a page that is far down begin near its place.

use aws_sdk_dynamodb::primitives::{DateTime, DateTimeFormat};

use super::list::{Place, id_after};
use super::schema::{DEVELOPER_INDEX, LIST_INDEX, MAX_NAME, clients_list, developer_list, services_list};
use super::{Item, Store, service};
use crate::client::RegisteredClient;
use crate::error::Error;
use crate::service::Service;

/// How many keys of a day are walked along before its minutes are asked for: reading these costs about as much as
/// reading a full day's minutes.
const WALK: u64 = 1000;

/// How many items of a page are in memory at once: each may be as large as an item is.
const FEW: usize = 25;

/// What an item holds, unless it has expired.
type Read<'s, T> = Box<dyn Fn(&Item) -> Result<Option<T>, Error> + Send + 's>;

/// A part of a list, oldest first. Its items are read a few at a time.
pub struct Page<'s, T> {
    /// How many there are in the list, as far as the stream function has counted, without those that this page has
    /// found to have expired.
    pub total: u64,
    store: &'s Store,
    keys: std::vec::IntoIter<Item>,
    read: Read<'s, T>,
}

impl<T> Page<'_, T> {
    /// The next few; `None` after the last. What has expired is left out.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn next_few(&mut self) -> Result<Option<Vec<T>>, Error> {
        let keys: Vec<Item> = self.keys.by_ref().take(FEW).collect();
        if keys.is_empty() {
            return Ok(None);
        }
        let listed = keys.len();
        let items = self.store.batch(keys).await?;
        let few = items.iter().filter_map(|item| (self.read)(item).transpose()).collect::<Result<Vec<T>, Error>>()?;
        let ended = u64::try_from(listed.saturating_sub(few.len())).unwrap_or(u64::MAX);
        self.total = self.total.saturating_sub(ended);
        Ok(Some(few))
    }
}

impl Store {
    /// A service's clients, or a developer's, from number `start` to before number `end`, oldest first, counted
    /// from 0.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client_page(
        &self,
        service_id: u64,
        developer: Option<&str>,
        start: u64,
        end: u64,
    ) -> Result<Page<'_, RegisteredClient>, Error> {
        let prefix = format!("C#{service_id}#");
        let read = move |item: &Item| self.listed_client(service_id, id_after(item, &prefix)?, item);
        let page = |total, keys: Vec<Item>| Page { total, store: self, keys: keys.into_iter(), read: Box::new(read) };
        let (place, counted) = match developer {
            None => self.place(service_id, start).await?,
            Some(developer) if developer.len() > MAX_NAME => return Ok(page(0, Vec::new())),
            Some(developer) => {
                let list = developer_list(service_id, developer);
                let place = Place { skip: start, ..Place::start(DEVELOPER_INDEX, list) };
                (place, self.developer_count(service_id, developer).await?)
            }
        };
        let keys = self.keys(&place, page_size(start, end)).await?;
        Ok(page(counted.max(seen(start, &keys)), keys))
    }

    /// An organization's services from number `start` to before number `end`, oldest first, counted from 0.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service_page(&self, organization: &str, start: u64, end: u64) -> Result<Page<'_, Service>, Error> {
        let keys = self.keys(&Place::start(LIST_INDEX, services_list(organization)), usize::MAX).await?;
        let total = u64::try_from(keys.len()).unwrap_or(u64::MAX);
        let before = usize::try_from(start).unwrap_or(usize::MAX);
        let keys: Vec<Item> = keys.into_iter().skip(before).take(page_size(start, end)).collect();
        let read = |item: &Item| service::service(id_after(item, "S#")?, item).map(Some);
        Ok(Page { total, store: self, keys: keys.into_iter(), read: Box::new(read) })
    }

    /// Where to begin for a service's client number `start`, and how many clients are counted. Beyond the counted
    /// ones it is the newest counted minute: the index may know more.
    async fn place(&self, service_id: u64, start: u64) -> Result<(Place, u64), Error> {
        let list = Place::start(LIST_INDEX, clients_list(service_id));
        let days = self.day_counts(service_id).await?;
        let total = days.iter().map(|(_, count)| count).sum();
        let Some((day, skip)) = part(&days, start) else {
            return Ok((Place { skip: start, ..list }, total));
        };
        if skip <= WALK {
            return Ok((Place { from: position(day, "00:00"), skip, ..list }, total));
        }
        let minutes = self.minute_counts(service_id, day).await?;
        let (minute, skip) = part(&minutes, skip).unwrap_or(("00:00", skip));
        Ok((Place { from: position(day, minute), skip, ..list }, total))
    }
}

fn page_size(start: u64, end: u64) -> usize {
    usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX)
}

/// How long a list is at least that has these keys from number `start` on.
fn seen(start: u64, keys: &[Item]) -> u64 {
    if keys.is_empty() { 0 } else { start.saturating_add(u64::try_from(keys.len()).unwrap_or(u64::MAX)) }
}

/// The part of a list in which a number lies, and how far into it; beyond the end, the last part that has any.
fn part(counts: &[(String, u64)], number: u64) -> Option<(&str, u64)> {
    let mut left = number;
    let mut found = None;
    for (name, count) in counts.iter().filter(|(_, count)| *count > 0) {
        found = Some((name.as_str(), left));
        match left.checked_sub(*count) {
            Some(further) => left = further,
            None => break,
        }
    }
    found
}

/// What comes before all positions from that minute on, if it is one.
fn position(day: &str, minute: &str) -> Option<String> {
    let time = DateTime::from_str(&format!("{day}T{minute}:00Z"), DateTimeFormat::DateTime).ok()?;
    Some(format!("{:013}", time.to_millis().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_lies_in_one_part() {
        let counts = |counts: &[u64]| counts.iter().enumerate().map(|(day, count)| (day.to_string(), *count)).collect();
        let days: Vec<(String, u64)> = counts(&[0, 3, 0, 2, 0]);
        for (number, expected) in [
            (0, Some(("1", 0))),
            (2, Some(("1", 2))),
            (3, Some(("3", 0))),
            (4, Some(("3", 1))),
            (5, Some(("3", 2))),
            (u64::MAX, Some(("3", u64::MAX - 3))),
        ] {
            assert_eq!(part(&days, number), expected, "{number}");
        }
        assert_eq!(part(&counts(&[]), 0), None);
        assert_eq!(part(&counts(&[0]), 7), None);
    }

    #[test]
    fn a_position_is_before_every_client_of_its_minute() {
        assert_eq!(position("2026-09-21", "14:13").as_deref(), Some("1789999980000"));
        assert_eq!(position("1970-01-01", "00:01").as_deref(), Some("0000000060000"));
        assert_eq!(position("yesterday", "00:00"), None);
        assert!(*"1789999980000" < *"1789999980000#0000000000000001");
    }
}
