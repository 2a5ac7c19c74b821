//! Copies of metadata documents: for each client that names itself by a URL what its document said last, for how long that
//! is good, who fetches it now, and for how long nobody asks again after a failure.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;

use super::client::USED;
use super::item::{integer, number, required, string, text};
use super::schema::metadata_document_key;
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::error::Error;
use crate::metadata_document::Validators;

/// How long an item is kept that has no copy yet, in seconds: longer than a fetch and the pause after it.
const WITHOUT_COPY: u64 = 2 * 60 * 60;

/// What the table has of the document of one URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptDocument {
    /// The URL: the client identifier.
    pub client_id: String,
    /// What it said last.
    pub copy: Option<KeptCopy>,
    /// Whether its owner has taken it back since.
    pub withdrawn: bool,
    /// Until when somebody fetches it, in milliseconds since 1970.
    pub fetching_until_millis: u64,
    /// Until when nobody asks again, in seconds since 1970.
    pub pause_until: u64,
    /// How long that pause is, in seconds.
    pub pause: Option<u64>,
    /// Why the last fetch failed: the step and what happened.
    pub failure: Option<(String, String)>,
    /// The last day of which it is known that the client was used.
    pub used: Option<String>,
}

/// A document that was good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptCopy {
    /// The client metadata that it consists of, as JSON.
    pub metadata: String,
    /// By what its host knows it again.
    pub validators: Validators,
    /// When it was read first, in milliseconds since 1970.
    pub first_seen_millis: u64,
    /// When it said something new last, in milliseconds since 1970.
    pub changed_at_millis: u64,
    /// The members that it has said anew since it was read first, and when, in milliseconds since 1970.
    pub changed: BTreeMap<String, u64>,
    /// When it was fetched last, in milliseconds since 1970.
    pub fetched_at_millis: u64,
    /// Until when it is fresh, in seconds since 1970.
    pub fresh_until: u64,
    /// Until when it may serve where the host cannot be asked, in seconds since 1970.
    pub stale_until: u64,
}

/// What became of taking a fetch on.
#[derive(Debug)]
pub enum DocumentLease {
    /// It is the caller's to fetch.
    Taken,
    /// Somebody else fetches, has fetched, or has failed: this is what is known now.
    Others(Option<Box<KeptDocument>>),
}

impl Store {
    /// What is kept of the document of the client of that number.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn kept_document(&self, service_id: u64, numeric_id: u64) -> Result<Option<KeptDocument>, Error> {
        let item = self.get(metadata_document_key(service_id, numeric_id)).await?;
        item.filter(|item| self.is_live(item)).map(|item| kept_document(&item)).transpose()
    }

    /// Takes on fetching a document until then, unless somebody else does or has done since `known` was read.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn lease_metadata_document(
        &self,
        service_id: u64,
        numeric_id: u64,
        client_id: &str,
        known: Option<&KeptDocument>,
        until_millis: u64,
    ) -> Result<DocumentLease, Error> {
        let write_id = self.write_id()?;
        let key = metadata_document_key(service_id, numeric_id);
        let now = self.clock.now();
        let write = if let Some(known) = known {
            let seen = known.copy.as_ref().map_or(0, |copy| copy.fetched_at_millis);
            let update = self
                .update(key)
                .update_expression("SET fetching_until = :until, write_id = :write")
                .condition_expression(
                    "client_id = :id AND (attribute_not_exists(fetching_until) OR fetching_until <= :millis) AND \
                     (attribute_not_exists(pause_until) OR pause_until <= :now) AND \
                     (attribute_not_exists(fetched_at) OR fetched_at = :seen)",
                )
                .expression_attribute_values(":id", string(client_id))
                .expression_attribute_values(":until", integer(until_millis))
                .expression_attribute_values(":write", string(&write_id))
                .expression_attribute_values(":millis", integer(self.clock.now_millis()))
                .expression_attribute_values(":now", integer(now))
                .expression_attribute_values(":seen", integer(seen));
            Write::Update(Box::new(update))
        } else {
            let mut item = key.into_attributes();
            let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
            put("client_id", string(client_id));
            put("fetching_until", integer(until_millis));
            put("write_id", string(&write_id));
            put("expires_at", integer(now.saturating_add(WITHOUT_COPY)));
            let put = self.put(item).condition_expression("attribute_not_exists(PK) OR expires_at <= :now");
            Write::Put(Box::new(put.expression_attribute_values(":now", integer(now))))
        };
        Ok(match self.write(write, &write_id).await? {
            Outcome::Written => DocumentLease::Taken,
            Outcome::Refused(conditions) => {
                let old = conditions.iter().find_map(Condition::old).filter(|item| self.is_live(item));
                DocumentLease::Others(old.map(kept_document).transpose()?.map(Box::new))
            }
        })
    }

    /// Keeps what was fetched, and ends the fetch, its pause and its failures. The item ends then, in seconds since 1970.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn keep_metadata_document(
        &self,
        service_id: u64,
        numeric_id: u64,
        copy: &KeptCopy,
        expires_at: u64,
    ) -> Result<(), Error> {
        let set = "document = :document, first_seen = :first, changed_at = :changed_at, changed = :changed, \
                   fetched_at = :fetched, fresh_until = :fresh, stale_until = :stale, expires_at = :end, \
                   etag = :etag, last_modified = :modified, write_id = :write";
        let gone = "fetching_until, pause_until, pause, failed_step, failed_because, withdrawn";
        let changed = copy.changed.iter().map(|(member, millis)| (member.clone(), integer(*millis)));
        let write_id = self.write_id()?;
        let validator = |value: &Option<String>| string(value.as_deref().unwrap_or_default());
        let update = self
            .update(metadata_document_key(service_id, numeric_id))
            .update_expression(format!("SET {set} REMOVE {gone}"))
            .expression_attribute_values(":etag", validator(&copy.validators.etag))
            .expression_attribute_values(":modified", validator(&copy.validators.last_modified))
            .expression_attribute_values(":document", string(&copy.metadata))
            .expression_attribute_values(":first", integer(copy.first_seen_millis))
            .expression_attribute_values(":changed_at", integer(copy.changed_at_millis))
            .expression_attribute_values(":changed", AttributeValue::M(changed.collect()))
            .expression_attribute_values(":fetched", integer(copy.fetched_at_millis))
            .expression_attribute_values(":fresh", integer(copy.fresh_until))
            .expression_attribute_values(":stale", integer(copy.stale_until))
            .expression_attribute_values(":end", integer(expires_at))
            .condition_expression("attribute_exists(PK)");
        self.written(update.expression_attribute_values(":write", string(&write_id)), &write_id).await
    }

    /// Ends a fetch that failed: nobody asks again until then, in seconds since 1970. If the owner has taken the document
    /// back, its copy is `withdrawn`.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn miss_metadata_document(
        &self,
        service_id: u64,
        numeric_id: u64,
        (step, reason): (&str, &str),
        (pause_until, pause): (u64, u64),
        withdrawn: bool,
    ) -> Result<(), Error> {
        let set =
            "pause_until = :until, pause = :pause, failed_step = :step, failed_because = :reason, write_id = :write";
        let withdrawn = if withdrawn { ", withdrawn = :until" } else { "" };
        let write_id = self.write_id()?;
        let update = self
            .update(metadata_document_key(service_id, numeric_id))
            .update_expression(format!("SET {set}{withdrawn} REMOVE fetching_until"))
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_values(":until", integer(pause_until))
            .expression_attribute_values(":pause", integer(pause))
            .expression_attribute_values(":step", string(step))
            .expression_attribute_values(":reason", string(reason))
            .expression_attribute_values(":write", string(&write_id));
        self.written(update, &write_id).await
    }

    /// Gives up a fetch that was taken on and did not begin.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn release_metadata_document(&self, service_id: u64, numeric_id: u64) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(metadata_document_key(service_id, numeric_id))
            .update_expression("SET write_id = :write REMOVE fetching_until")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_values(":write", string(&write_id));
        self.written(update, &write_id).await
    }

    /// Forgets a document: whoever asks next has it fetched.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn forget_metadata_document(&self, service_id: u64, numeric_id: u64) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(metadata_document_key(service_id, numeric_id))
            .update_expression("SET write_id = :write, expires_at = :now")
            .condition_expression("attribute_exists(PK)")
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":now", integer(self.clock.now()));
        self.written(update, &write_id).await
    }

    /// Notes that the client of a document was used on that day; the copy is kept until then, in seconds since 1970. Once a
    /// day is enough.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(super) async fn use_metadata_document(
        &self,
        service_id: u64,
        numeric_id: u64,
        day: &str,
        expires_at: u64,
    ) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(metadata_document_key(service_id, numeric_id))
            .update_expression("SET #used = :day, expires_at = :end, write_id = :write")
            .condition_expression("attribute_exists(document) AND (attribute_not_exists(#used) OR #used < :day)")
            .expression_attribute_names("#used", USED)
            .expression_attribute_values(":day", string(day))
            .expression_attribute_values(":end", integer(expires_at))
            .expression_attribute_values(":write", string(&write_id));
        self.written(update, &write_id).await
    }

    /// An item that is gone in the meantime has nothing to be changed.
    pub(super) async fn written(&self, update: UpdateItemFluentBuilder, write_id: &str) -> Result<(), Error> {
        self.write(Write::Update(Box::new(update)), write_id).await.map(drop)
    }
}

/// What an item says.
pub(super) fn kept_document(item: &Item) -> Result<KeptDocument, Error> {
    let owned = |name: &str| text(item, name).map(str::to_owned);
    let validator = |name: &str| owned(name).filter(|value| !value.is_empty());
    let time = |name: &str| number(item, name).unwrap_or_default();
    let changed = item.get("changed").and_then(|changed| changed.as_m().ok()).into_iter().flatten();
    let changed = changed.filter_map(|(member, millis)| Some((member.clone(), millis.as_n().ok()?.parse().ok()?)));
    let copy = owned("document").map(|metadata| KeptCopy {
        metadata,
        validators: Validators { etag: validator("etag"), last_modified: validator("last_modified") },
        first_seen_millis: time("first_seen"),
        changed_at_millis: time("changed_at"),
        changed: changed.collect(),
        fetched_at_millis: time("fetched_at"),
        fresh_until: time("fresh_until"),
        stale_until: time("stale_until"),
    });
    Ok(KeptDocument {
        client_id: required(owned("client_id"), "client_id")?,
        copy,
        withdrawn: item.contains_key("withdrawn"),
        fetching_until_millis: time("fetching_until"),
        pause_until: time("pause_until"),
        pause: number(item, "pause"),
        failure: owned("failed_step").zip(owned("failed_because")),
        used: owned(USED),
    })
}
