//! What was fetched from others: for each URL the last good document, until it is not fresh any more; that there was
//! none a moment ago; and who fetches it now, so that many waiters make one request.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{integer, number, string, text};
use super::schema::{Key, document_key};
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::error::Error;

/// The longest time for which a document is fresh, in seconds; an item is kept as long after its last change.
const LONGEST: u64 = 3600;

/// What the table knows of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// This is there.
    Found(String),
    /// Nothing good was there a moment ago, for that reason.
    Missing(String),
    /// Somebody fetches it.
    Fetching,
    /// Nothing, or nothing recent enough.
    Unknown,
}

/// A URL that a service may have asked already.
#[derive(Debug, Clone, Copy)]
pub struct DocumentUrl<'u> {
    /// The service: none sees what another has fetched.
    pub service_id: u64,
    /// The URL.
    pub url: &'u str,
    /// What was fetched before, in milliseconds since 1970, is too old.
    pub since_millis: u64,
}

impl DocumentUrl<'_> {
    fn key(&self) -> Key {
        document_key(self.service_id, self.url)
    }
}

impl Store {
    /// What is known of a URL.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn document(&self, url: &DocumentUrl<'_>) -> Result<Document, Error> {
        Ok(self.get(url.key()).await?.map_or(Document::Unknown, |item| self.known(&item, url)))
    }

    /// Takes on fetching a URL until `until_millis` since 1970: [`Document::Unknown`] if nobody else does and nobody
    /// has, and then it is the caller's to fetch; else what is known.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn lease_document(&self, url: &DocumentUrl<'_>, until_millis: u64) -> Result<Document, Error> {
        let write_id = self.write_id()?;
        let now = self.clock.now();
        let update = self
            .update(url.key())
            .update_expression("SET fetching_until = :until, write_id = :write, expires_at = :end")
            .condition_expression(
                "(attribute_not_exists(fetching_until) OR fetching_until <= :millis) AND \
                 (attribute_not_exists(missing_until) OR missing_until <= :now) AND \
                 (attribute_not_exists(fetched_at) OR fetched_at < :since OR fresh_until <= :now)",
            )
            .expression_attribute_values(":until", integer(until_millis))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":end", integer(now.saturating_add(LONGEST)))
            .expression_attribute_values(":millis", integer(self.clock.now_millis()))
            .expression_attribute_values(":since", integer(url.since_millis))
            .expression_attribute_values(":now", integer(now));
        Ok(match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Document::Unknown,
            Outcome::Refused(conditions) => {
                let old = conditions.iter().find_map(Condition::old);
                match old.map(|item| self.known(item, url)) {
                    // It changed in between: whoever asks again will see.
                    None | Some(Document::Unknown) => Document::Fetching,
                    Some(known) => known,
                }
            }
        })
    }

    /// Keeps what was found behind a URL, which is fresh until then, in seconds since 1970, but for an hour at most.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn keep_document(&self, url: &DocumentUrl<'_>, found: &str, fresh_until: u64) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let fresh_until = fresh_until.min(self.clock.now().saturating_add(LONGEST));
        let mut item = url.key().into_attributes();
        let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
        put("write_id", string(&write_id));
        put("document", string(found));
        put("fetched_at", integer(self.clock.now_millis()));
        put("fresh_until", integer(fresh_until));
        put("expires_at", integer(fresh_until));
        self.write(Write::Put(Box::new(self.put(item))), &write_id).await.map(drop)
    }

    /// Ends the fetch of a URL behind which nothing good was, and keeps why: nobody is to ask again until then, in
    /// seconds since 1970. A document that was found before stays.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn miss_document(&self, url: &DocumentUrl<'_>, reason: &str, missing_until: u64) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(url.key())
            .update_expression(
                "SET missing_until = :missing, missing_because = :reason, write_id = :write, expires_at = :end \
                 REMOVE fetching_until",
            )
            .expression_attribute_values(":reason", string(reason))
            .expression_attribute_values(":missing", integer(missing_until))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":end", integer(self.clock.now().saturating_add(LONGEST)));
        self.write(Write::Update(Box::new(update)), &write_id).await.map(drop)
    }

    fn known(&self, item: &Item, url: &DocumentUrl<'_>) -> Document {
        let (now, now_millis) = (self.clock.now(), self.clock.now_millis());
        let until = |name: &str, now: u64| number(item, name).is_some_and(|until| until > now);
        let fresh = text(item, "document").filter(|_| until("fresh_until", now));
        let recent = number(item, "fetched_at").is_some_and(|fetched| fetched >= url.since_millis);
        match fresh {
            Some(found) if recent || until("missing_until", now) => Document::Found(found.to_owned()),
            _ if until("fetching_until", now_millis) => Document::Fetching,
            _ if until("missing_until", now) => {
                Document::Missing(text(item, "missing_because").unwrap_or_default().to_owned())
            }
            _ => Document::Unknown,
        }
    }
}
