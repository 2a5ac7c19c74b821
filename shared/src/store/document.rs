//! What was fetched from others: for each URL a document, or that there was none, until it expires; and who fetches it
//! now, so that many waiters make one request.

use aws_sdk_dynamodb::types::AttributeValue;

use super::item::{integer, number, string, text};
use super::schema::{Key, document_key};
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::error::Error;

/// How long the item of a fetch that never ended is kept, in seconds.
const ABANDONED_SECONDS: u64 = 60;

/// What the table knows of a URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Document {
    /// This is there.
    Found(String),
    /// Nothing good was there a moment ago.
    Missing,
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
            .update_expression(
                "SET fetching_until = :until, write_id = :write, expires_at = :end REMOVE #found, fetched_at",
            )
            .condition_expression(
                "(attribute_not_exists(fetching_until) OR fetching_until <= :millis) AND \
                 (attribute_not_exists(fetched_at) OR fetched_at < :since OR expires_at <= :now)",
            )
            .expression_attribute_names("#found", "document")
            .expression_attribute_values(":until", integer(until_millis))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":end", integer(now.saturating_add(ABANDONED_SECONDS)))
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

    /// Keeps what was found behind a URL, or that nothing was, until `expires_at`, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn keep_document(
        &self,
        url: &DocumentUrl<'_>,
        found: Option<&str>,
        expires_at: u64,
    ) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let mut item = url.key().into_attributes();
        let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
        put("write_id", string(&write_id));
        put("fetched_at", integer(self.clock.now_millis()));
        put("expires_at", integer(expires_at));
        if let Some(found) = found {
            put("document", string(found));
        }
        self.write(Write::Put(Box::new(self.put(item))), &write_id).await.map(drop)
    }

    fn known(&self, item: &Item, url: &DocumentUrl<'_>) -> Document {
        if number(item, "fetching_until").is_some_and(|until| until > self.clock.now_millis()) {
            return Document::Fetching;
        }
        let recent = number(item, "fetched_at").is_some_and(|fetched| fetched >= url.since_millis);
        if !recent || !self.is_live(item) {
            return Document::Unknown;
        }
        text(item, "document").map_or(Document::Missing, |found| Document::Found(found.to_owned()))
    }
}
