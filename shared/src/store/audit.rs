//! The audit: what the stream function has made of changes, each entry once, until its retention ends.

use aws_sdk_dynamodb::types::{PutRequest, WriteRequest};

use super::item::{integer, json, parsed, string, text};
use super::list::{Order, Place};
use super::schema::{LIST_INDEX, audit_key, audit_list, audit_position};
use super::{Item, Store};
use crate::audit::{Entry, Subject};
use crate::error::Error;

impl Store {
    /// Keeps entries, each until a time in seconds since 1970. To keep one again changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn keep_entries(&self, entries: &[(&Entry, u64)]) -> Result<(), Error> {
        let requests = entries.iter().map(|(entry, end)| put(entry, *end)).collect::<Result<_, _>>()?;
        self.write_batches(requests).await
    }

    /// What was changed of one client since that time, in seconds since 1970, oldest first; of one that is gone as well.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn audit_of_client(&self, service: u64, numeric_id: u64, since: u64) -> Result<Vec<Entry>, Error> {
        let mut items = self.partition(&audit_key(service, &numeric_id.to_string()), usize::MAX).await?;
        items.retain(|item| self.is_live(item));
        let mut entries = items.iter().map(|item| parsed(item, "event")).collect::<Result<Vec<Entry>, _>>()?;
        entries.retain(|entry| entry.at >= since);
        Ok(entries)
    }

    /// What was changed of a service, its clients and its tokens since that time, in seconds since 1970, oldest first, from
    /// where a cursor leads, `at_most` entries; and the cursor of the next ones, if there are more.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn audit_of_service(
        &self,
        service: u64,
        since: u64,
        cursor: Option<&str>,
        at_most: usize,
    ) -> Result<(Vec<Entry>, Option<String>), Error> {
        let place = since_then(service, since).led_by(cursor)?;
        let (keys, next) = self.keys_and_cursor(&place, at_most).await?;
        Ok((self.entries(keys).await?, next))
    }

    /// The same, newest first.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn latest_audit_of_service(
        &self,
        service: u64,
        since: u64,
        cursor: Option<&str>,
        at_most: usize,
    ) -> Result<(Vec<Entry>, Option<String>), Error> {
        let place = Place { order: Order::Backwards, ..since_then(service, since) }.led_by(cursor)?;
        let (keys, next) = self.keys_and_cursor(&place, at_most).await?;
        let mut entries = self.entries(keys).await?;
        entries.reverse();
        Ok((entries, next))
    }

    /// What was changed of one client last, newest first, from where a cursor leads, of `at_most` changes; and the cursor of
    /// those before them.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`], [`Error::Unavailable`], [`Error::Internal`].
    pub async fn latest_audit_of_client(
        &self,
        service: u64,
        numeric_id: u64,
        cursor: Option<&str>,
        at_most: usize,
    ) -> Result<(Vec<Entry>, Option<String>), Error> {
        let partition = Place::of_table(audit_key(service, &numeric_id.to_string()));
        let place = Place { order: Order::Backwards, ..partition }.led_by(cursor)?;
        let (mut items, next) = self.keys_and_cursor(&place, at_most).await?;
        items.retain(|item| self.is_live(item));
        let entries = items.iter().map(|item| parsed(item, "event")).collect::<Result<_, _>>()?;
        Ok((entries, next))
    }

    /// The living entries that an index names, oldest first: of one partition there may be several.
    async fn entries(&self, keys: Vec<Item>) -> Result<Vec<Entry>, Error> {
        let mut items = self.batches(keys).await?;
        items.sort_by(|one, other| text(one, "at").cmp(&text(other, "at")));
        items.iter().map(|item| parsed(item, "event")).collect()
    }
}

/// The changes of a service since that time.
fn since_then(service: u64, since: u64) -> Place {
    Place { from: Some(audit_position(since, "")), ..Place::start(LIST_INDEX, audit_list(service)) }
}

fn put(entry: &Entry, end: u64) -> Result<WriteRequest, Error> {
    let (partition, list) = match (&entry.subject, entry.service) {
        (Subject::Client { numeric_id, .. }, Some(service)) => {
            (audit_key(service, &numeric_id.to_string()), audit_list(service))
        }
        (Subject::Service, Some(service)) => (audit_key(service, "service"), audit_list(service)),
        (_, Some(service)) => (audit_key(service, "token"), audit_list(service)),
        (Subject::Token { organization, .. }, None) => {
            let list = format!("A#O#{}", organization.as_deref().unwrap_or_default());
            (format!("{list}#token"), list)
        }
        (_, None) => return Err(Error::internal("an entry of no service")),
    };
    let position = audit_position(entry.at, &entry.sequence);
    let item = Item::from([
        ("PK".to_owned(), string(partition)),
        ("SK".to_owned(), string(&position)),
        ("list".to_owned(), string(list)),
        ("at".to_owned(), string(position)),
        ("event".to_owned(), json(entry)?),
        ("expires_at".to_owned(), integer(end)),
    ]);
    let put = PutRequest::builder().set_item(Some(item)).build().map_err(Error::internal)?;
    Ok(WriteRequest::builder().put_request(put).build())
}
