//! Which clients are used: the last day, one write for each client and day at most.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::StreamExt;
use futures_util::stream;

use super::client::{GIVEN_UNTIL, REGISTERED_AGAIN_AT, UNCONFIRMED, UNUSED_UNTIL, USED, ends};
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
        let named: Vec<(u64, &String)> =
            client_ids.iter().map(|client_id| (service.numeric_id(client_id), client_id)).collect();
        // An identifier and its own number have one place, and a batch that names a key twice is none.
        let keys: BTreeSet<Key> = named
            .iter()
            .flat_map(|(number, client_id)| {
                let document = DocumentUri::is_meant_by(client_id).then(|| metadata_document_key(service.id, *number));
                [Some(client_key(service.id, *number)), document].into_iter().flatten()
            })
            .collect();
        let found = self.batches(keys.into_iter().map(Key::into_attributes).collect()).await?;
        let today = self.clock.today();
        let is_due_of =
            |item: &Item| text(item, USED).is_none_or(|day| day < today.as_str()) || item.contains_key(UNCONFIRMED);
        let (mut known, mut due) = (Vec::new(), Vec::new());
        for item in &found {
            let is_it = |id: &str| named.iter().find(|(_, client_id)| client_id.as_str() == id);
            let Some((number, client_id)) = text(item, "client_id").and_then(is_it) else { continue };
            let is_document = text(item, "SK") == Some("M");
            let copy = if is_document { kept_document(item)?.copy } else { None };
            if is_document && copy.is_none() {
                continue;
            }
            known.push(*client_id);
            // What operators have decided about the client of a document is no client to be noted besides.
            let is_decision = !is_document && text(item, "source") == Some(Source::MetadataDocument.as_str());
            if is_due_of(item) && !is_decision {
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
        if !is_due(client, &today, (by, has_until)) {
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
            let (mut next, now) = (client.clone(), self.clock.now());
            next.note_use(service.policy().unused, (today, now), by == Witness::Anybody, has_until);
            match self.note(&client, &next).await? {
                Noted::Otherwise(there) if is_due(&there, today, (by, has_until)) => client = *there,
                // It is noted, by this or by somebody else, or the client is gone.
                _ => return Ok(()),
            }
        }
        Ok(())
    }

    /// Notes that a client is registered again, by another copy of its program, where that is more than is known: the client
    /// as it is then, or none where it is gone or changed meanwhile.
    ///
    /// # Errors
    /// [`Error::Contention`] if others go on noting something of it; [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn register_again(
        &self,
        service: &Service,
        client: RegisteredClient,
    ) -> Result<Option<RegisteredClient>, Error> {
        let mut client = client;
        let (today, now) = (self.clock.today(), self.clock.now_millis());
        for _ in 0..=ATTEMPTS {
            let Some(next) = client.registered_again(service.policy(), (&today, now)) else { return Ok(Some(client)) };
            client = match self.note(&client, &next).await? {
                Noted::Written => return Ok(Some(next)),
                Noted::Otherwise(there) if there.version == client.version => *there,
                Noted::Otherwise(_) | Noted::Gone => return Ok(None),
            };
        }
        Err(Error::Contention)
    }

    /// Writes what is known of a client's uses and, following from these, when it ends: of a client of that version of which
    /// nobody has noted anything since.
    async fn note(&self, read: &RegisteredClient, next: &RegisteredClient) -> Result<Noted, Error> {
        let write_id = self.write_id()?;
        let update = self.noting(read, next, &write_id);
        let refused = match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => return Ok(Noted::Written),
            Outcome::Refused(conditions) => conditions,
        };
        let old = refused.iter().find_map(Condition::old);
        let there = old.map(|item| self.listed_client(read.service_id, read.numeric_id, item)).transpose()?.flatten();
        Ok(match there {
            Some(there) if there.client_id == read.client_id => Noted::Otherwise(Box::new(there)),
            _ => Noted::Gone,
        })
    }

    fn noting(&self, read: &RegisteredClient, next: &RegisteredClient, write_id: &str) -> UpdateItemFluentBuilder {
        let mut update = self
            .update(client_key(next.service_id, next.numeric_id))
            .expression_attribute_names("#used", USED)
            .expression_attribute_values(":write", string(write_id))
            .expression_attribute_values(":version", integer(read.version))
            .expression_attribute_values(":now", integer(self.clock.now()));
        let (mut set, mut remove) = (vec!["write_id = :write".to_owned()], Vec::new());
        for (name, value) in noted(next).into_iter().chain(ends(next).map(|(name, end)| (name, end.map(integer)))) {
            match value {
                Some(value) => {
                    let given = format!(":{}", name.trim_start_matches('#'));
                    set.push(format!("{name} = {given}"));
                    update = update.expression_attribute_values(given, value);
                }
                None => remove.push(name),
            }
        }
        let mut as_read = vec!["version = :version AND attribute_not_exists(deleted_by)".to_owned()];
        as_read.push("(attribute_not_exists(expires_at) OR expires_at > :now)".to_owned());
        for (name, value) in noted(read).into_iter().chain(kept(read)) {
            as_read.push(match value {
                Some(value) => {
                    let was = format!(":was_{}", name.trim_start_matches('#'));
                    update = update.expression_attribute_values(&was, value);
                    format!("{name} = {was}")
                }
                None => format!("attribute_not_exists({name})"),
            });
        }
        let removed = if remove.is_empty() { String::new() } else { format!(" REMOVE {}", remove.join(", ")) };
        update.update_expression(format!("SET {}{removed}", set.join(", "))).condition_expression(as_read.join(" AND "))
    }
}

/// What has become of a note.
enum Noted {
    /// It is written.
    Written,
    /// Something else is, and the client is that now.
    Otherwise(Box<RegisteredClient>),
    /// There is no such client any more.
    Gone,
}

/// Whether it is more than is known of a client that it is used on that day, and has been given what works until then.
fn is_due(client: &RegisteredClient, today: &str, (by, has_until): (Witness, u64)) -> bool {
    let is_confirmed = by == Witness::Anybody || !client.unconfirmed;
    let is_known = is_confirmed && client.used.as_deref().is_some_and(|day| day >= today);
    !is_known || !client.is_kept_until(has_until)
}

/// What is known of a client's uses.
fn noted(client: &RegisteredClient) -> [(&'static str, Option<AttributeValue>); 3] {
    [
        ("#used", client.used.as_deref().map(string)),
        (UNCONFIRMED, client.unconfirmed.then_some(AttributeValue::Bool(true))),
        (REGISTERED_AGAIN_AT, client.registered_again_at.map(integer)),
    ]
}

/// Until when it is kept for them.
fn kept(client: &RegisteredClient) -> [(&'static str, Option<AttributeValue>); 2] {
    [(UNUSED_UNTIL, client.unused_until.map(integer)), (GIVEN_UNTIL, client.given_until.map(integer))]
}
