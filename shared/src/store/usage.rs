//! Which clients are used: the last day, one write for each client and day at most.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::StreamExt;
use futures_util::stream;

use super::client::{UNCONFIRMED, USED, ends};
use super::item::{integer, string, text};
use super::metadata_document::kept_document;
use super::schema::{Key, client_key, metadata_document_key};
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::client::{RegisteredClient, Source};
use crate::error::Error;
use crate::metadata_document::DocumentUri;
use crate::service::Service;

/// How many writes wait for the table at once.
const AT_ONCE: usize = 16;

/// How often the use of a client is written again that has changed meanwhile.
const ATTEMPTS: usize = 3;

/// Who says that a client is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witness {
    /// Somebody who may be anybody: it was registered again, looked up since a user was sent with its name, or given a token
    /// of its own authority. It lives the longer for it, and no more.
    Anybody,
    /// A user who has let it have something, or the authorization server.
    Trusted,
}

/// One write that is due.
enum Due {
    Client(Box<RegisteredClient>),
    /// Its number, and until when its copy is fresh, in seconds since 1970.
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
        let is_due =
            |item: &Item| text(item, USED).is_none_or(|day| day < today.as_str()) || item.contains_key(UNCONFIRMED);
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
                due.push(match copy {
                    Some(copy) => Due::Document(*number, copy.fresh_until),
                    None => Due::Client(Box::new(Self::stored_client(service.id, *number, item)?)),
                });
            }
        }
        self.write_uses(service, due, &today, (Witness::Trusted, 0)).await?;
        Ok(client_ids.iter().filter(|client_id| !known.contains(client_id)).cloned().collect())
    }

    /// Notes that a client is used today, if that is not known yet. What it has been given works until `has_until`, in
    /// seconds since 1970, or longer: so long it does not end as one that nobody uses.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    async fn use_client(
        &self,
        service: &Service,
        client: &RegisteredClient,
        (by, has_until): (Witness, u64),
    ) -> Result<(), Error> {
        let today = self.clock.today();
        let is_confirmed = by == Witness::Anybody || !client.unconfirmed;
        let is_known = is_confirmed && client.used.as_ref().is_some_and(|day| *day >= today);
        if is_known && client.unused_until.is_none_or(|end| end >= has_until) {
            return Ok(());
        }
        let document = client.record.metadata_document.as_ref().filter(|_| !client.locked);
        let due = match document {
            Some(document) => Due::Document(client.numeric_id, document.fresh_until),
            None => Due::Client(Box::new(client.clone())),
        };
        self.write_uses(service, vec![due], &today, (by, has_until)).await
    }

    /// The same, for whoever does not depend on it: what cannot be noted is logged.
    pub async fn note_use(&self, service: &Service, client: &RegisteredClient, by: Witness, has_until: u64) {
        if let Err(error) = self.use_client(service, client, (by, has_until)).await {
            tracing::warn!(cause = ?error.source_for_log(), "the use of a client could not be noted");
        }
    }

    async fn write_uses(&self, service: &Service, due: Vec<Due>, today: &str, by: (Witness, u64)) -> Result<(), Error> {
        let (rules, now) = (&service.policy().metadata_documents, self.clock.now());
        let writes = due.into_iter().map(|due| async move {
            match due {
                Due::Client(client) => self.use_stored_client(service, *client, today, by).await,
                Due::Document(number, fresh_until) => {
                    let end = rules.kept_until(fresh_until, Some(now));
                    self.use_metadata_document(service.id, number, today, end).await
                }
            }
        });
        let written: Vec<Result<(), Error>> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().collect()
    }

    async fn use_stored_client(
        &self,
        service: &Service,
        client: RegisteredClient,
        today: &str,
        (by, has_until): (Witness, u64),
    ) -> Result<(), Error> {
        let mut client = client;
        for _ in 0..ATTEMPTS {
            let unused_until = client.unused_after(service.policy().unused, self.clock.now(), has_until);
            // What was known before is known still.
            let unconfirmed = by == Witness::Anybody && (client.used.is_none() || client.unconfirmed);
            let next = RegisteredClient { unused_until, unconfirmed, ..client };
            let write_id = self.write_id()?;
            let update = self.using(&next, today, has_until, &write_id);
            let refused = match self.write(Write::Update(Box::new(update)), &write_id).await? {
                Outcome::Written => return Ok(()),
                Outcome::Refused(conditions) => conditions,
            };
            let old = refused.iter().find_map(Condition::old);
            let now = old.map(|item| self.listed_client(service.id, next.numeric_id, item)).transpose()?.flatten();
            match now.filter(|now| now.version != next.version) {
                Some(now) => client = now,
                // It is gone, or somebody else has noted the same.
                None => return Ok(()),
            }
        }
        Ok(())
    }

    /// The write that notes a use, and when the client ends if it is the last one.
    fn using(&self, client: &RegisteredClient, today: &str, has_until: u64, write_id: &str) -> UpdateItemFluentBuilder {
        let mut set = vec!["#used = :day, write_id = :write".to_owned()];
        let mut remove = Vec::new();
        let mut update = self
            .update(client_key(client.service_id, client.numeric_id))
            .expression_attribute_names("#used", USED)
            .expression_attribute_values(":day", string(today))
            .expression_attribute_values(":write", string(write_id))
            .expression_attribute_values(":version", integer(client.version))
            .expression_attribute_values(":now", integer(self.clock.now()))
            .expression_attribute_values(":until", integer(has_until));
        if client.unconfirmed {
            set.push(format!("{UNCONFIRMED} = :unconfirmed"));
            update = update.expression_attribute_values(":unconfirmed", AttributeValue::Bool(true));
        } else {
            remove.push(UNCONFIRMED);
        }
        for (name, end) in ends(client) {
            match end {
                Some(end) => {
                    set.push(format!("{name} = :{name}"));
                    update = update.expression_attribute_values(format!(":{name}"), integer(end));
                }
                None => remove.push(name),
            }
        }
        let removed = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
        // Nobody takes back what somebody else has confirmed.
        let is_more = if client.unconfirmed {
            "attribute_not_exists(#used) OR ((#used < :day OR unused_until < :until) AND attribute_exists(unconfirmed))"
        } else {
            "attribute_not_exists(#used) OR #used < :day OR unused_until < :until OR attribute_exists(unconfirmed)"
        };
        update.update_expression(format!("SET {}{removed}", set.join(", "))).condition_expression(format!(
            "version = :version AND attribute_not_exists(deleted_by) \
             AND (attribute_not_exists(expires_at) OR expires_at > :now) AND ({is_more})"
        ))
    }
}
