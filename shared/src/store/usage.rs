//! Which clients are used: the last day, one write for each client and day at most.

use std::collections::BTreeMap;

use futures_util::StreamExt;
use futures_util::stream;

use super::client::USED;
use super::item::{string, text};
use super::metadata_document::kept_document;
use super::schema::{Key, client_key, metadata_document_key};
use super::{Item, Store};
use crate::client::{RegisteredClient, Source};
use crate::error::Error;
use crate::metadata_document::DocumentUri;
use crate::service::Service;

/// How many writes wait for the table at once.
const AT_ONCE: usize = 16;

/// One write that is due.
enum Use {
    Client(u64),
    /// With the time until when its copy is fresh, in seconds since 1970.
    Document(u64, u64),
}

impl Store {
    /// Notes that clients are used today, by their identifiers: those that are unknown. A client that is known to be used
    /// today is not written again.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn use_clients(&self, service: &Service, client_ids: &[String]) -> Result<Vec<String>, Error> {
        let numbers: BTreeMap<u64, &String> =
            client_ids.iter().map(|client_id| (service.numeric_id(client_id), client_id)).collect();
        let keys = numbers.iter().flat_map(|(number, client_id)| {
            let document = DocumentUri::is_meant_by(client_id).then(|| metadata_document_key(service.id, *number));
            [Some(client_key(service.id, *number)), document].into_iter().flatten().map(Key::into_attributes)
        });
        let found = self.batches(keys.collect()).await?;
        let today = self.clock.today();
        let is_due = |item: &Item| text(item, USED).is_none_or(|day| day < today.as_str());
        let (mut known, mut due) = (Vec::new(), Vec::new());
        for item in &found {
            let named =
                text(item, "client_id").and_then(|id| numbers.iter().find(|(_, client_id)| client_id.as_str() == id));
            let Some((number, client_id)) = named else { continue };
            let is_document = text(item, "SK") == Some("M");
            let copy = if is_document { kept_document(item)?.copy } else { None };
            if is_document && copy.is_none() {
                continue;
            }
            known.push(*client_id);
            // What operators have decided about the client of a document is no client to be noted besides.
            let is_decision = !is_document && text(item, "source") == Some(Source::MetadataDocument.as_str());
            if is_due(item) && !is_decision {
                due.push(copy.map_or(Use::Client(*number), |copy| Use::Document(*number, copy.fresh_until)));
            }
        }
        self.write_uses(service, due, &today).await?;
        Ok(client_ids.iter().filter(|client_id| !known.contains(client_id)).cloned().collect())
    }

    /// Notes that a client is used today, if that is not known yet.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn use_client(&self, service: &Service, client: &RegisteredClient) -> Result<(), Error> {
        let today = self.clock.today();
        if client.used.as_ref().is_some_and(|day| *day >= today) {
            return Ok(());
        }
        let number = client.numeric_id;
        let document = client.record.metadata_document.as_ref().filter(|_| !client.locked);
        let due = document.map_or(Use::Client(number), |document| Use::Document(number, document.fresh_until));
        self.write_uses(service, vec![due], &today).await
    }

    async fn write_uses(&self, service: &Service, due: Vec<Use>, today: &str) -> Result<(), Error> {
        let (rules, now) = (&service.policy().metadata_documents, self.clock.now());
        let writes = due.into_iter().map(|due| async move {
            match due {
                Use::Client(number) => self.use_stored_client(service.id, number, today).await,
                Use::Document(number, fresh_until) => {
                    let end = rules.kept_until(fresh_until, Some(now));
                    self.use_metadata_document(service.id, number, today, end).await
                }
            }
        });
        let written: Vec<Result<(), Error>> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().collect()
    }

    async fn use_stored_client(&self, service_id: u64, numeric_id: u64, today: &str) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(client_key(service_id, numeric_id))
            .update_expression("SET #used = :day, write_id = :write")
            .condition_expression(
                "attribute_exists(PK) AND attribute_not_exists(deleted_by) AND \
                 (attribute_not_exists(#used) OR #used < :day)",
            )
            .expression_attribute_names("#used", USED)
            .expression_attribute_values(":day", string(today))
            .expression_attribute_values(":write", string(&write_id));
        self.written(update, &write_id).await
    }
}
