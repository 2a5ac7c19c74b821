//! Clients: created, read, replaced.

mod deletion;
mod item;

use std::sync::atomic::Ordering;

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update};

pub(crate) use deletion::CEILING;
pub use deletion::{Deleter, Unrestorable};
pub(super) use item::{GIVEN_UNTIL, REGISTERED_AGAIN_AT, Records, TOKENS_FROM, UNCONFIRMED, UNUSED_UNTIL, USED, ends};

use super::claim::claims;
use super::item::{changed, integer, number, parsed, required, string, text};
use super::schema::{client_key, initial_access_token_key};
use super::write::{Condition, Outcome, Write};
use super::{Item, Store};
use crate::claim_kind::ClaimKind;
use crate::client::{ClientRecord, OperatorSettings, RegisteredClient};
use crate::credentials::TokenHash;
use crate::error::Error;
use crate::origin::Origin;
use item::{BEGUN, REQUEST_ISSUED_AT, RETAINED, client_item, client_of, is_locked, is_true, read_record};

/// What became of a new client.
pub enum Created {
    /// It is stored.
    Created,
    /// Its number is taken, by that; nothing is stored.
    Taken(Box<Occupant>),
    /// The initial access token is used up, or gone; nothing is stored.
    TokenSpent,
}

/// What is stored under a client's number, be it gone.
pub struct Occupant {
    /// Whose it is or was.
    pub client_id: String,
    /// Counts the changes.
    pub version: u64,
    /// When the last request for its registration was made that was accepted, in milliseconds since 1970, where its
    /// protocol has such a time.
    pub request_issued_at_millis: Option<u64>,
    /// What operators decided about it, unless it is deleted.
    pub settings: Option<OperatorSettings>,
    /// The client, unless it is deleted or expired.
    pub client: Option<RegisteredClient>,
    /// Whether an operator has locked it: a lock outlives the client.
    pub locked: bool,
    /// Tokens that were issued up to then are dead, in milliseconds since 1970: they are no later client's of that name.
    pub tokens_from: Option<u64>,
    /// What users had let one have until then is an earlier one's, in milliseconds since 1970.
    pub begun: Option<u64>,
    /// Whether it stays though nobody uses it.
    pub retained: bool,
}

/// How often a write is tried again to take over a name that its owner no longer has.
const TAKEOVERS: usize = 3;

impl Store {
    /// Stores a new client, and in the same transaction counts the use of an initial access token and claims
    /// the names of those kinds.
    ///
    /// # Errors
    /// [`Error::Claimed`] for a name that another client has; [`Error::Contention`], [`Error::Unavailable`],
    /// [`Error::Internal`].
    pub async fn create_client(
        &self,
        client: &RegisteredClient,
        spends: Option<TokenHash>,
        claimed: &[ClaimKind],
        origin: &Origin,
    ) -> Result<Created, Error> {
        let item = |write_id: &str| client_item(client, write_id, origin);
        let created = self.enter_client(client, item, spends, claimed).await?;
        if matches!(created, Created::Created) {
            self.created.fetch_add(1, Ordering::Relaxed);
        }
        Ok(created)
    }

    /// The same of a client whose item is made otherwise, for the write of that name.
    pub(super) async fn enter_client(
        &self,
        owner: &RegisteredClient,
        item_for: impl Fn(&str) -> Result<Item, Error>,
        spends: Option<TokenHash>,
        claimed: &[ClaimKind],
    ) -> Result<Created, Error> {
        let mut claims = claims(owner, claimed)?;
        for _ in 0..=TAKEOVERS {
            let write_id = self.write_id()?;
            let item = item_for(&write_id)?;
            let write = if spends.is_none() && claims.is_empty() {
                Write::Put(Box::new(self.put_new(item)))
            } else {
                let put = self.transacted(item).condition_expression("attribute_not_exists(PK)");
                let mut parts = vec![TransactWriteItem::builder().put(put.build().map_err(Error::internal)?).build()];
                if let Some(token) = &spends {
                    parts.push(self.spending(owner.service_id, token)?);
                }
                for claim in &claims {
                    parts.push(self.claiming(claim, &write_id)?);
                }
                self.transaction(parts, &write_id)
            };
            let conditions = match self.write(write, &write_id).await? {
                Outcome::Written => return Ok(Created::Created),
                Outcome::Refused(conditions) => conditions,
            };
            let (client, rest) = conditions.split_first().ok_or_else(|| Error::internal("a refusal without reason"))?;
            let (token, rest) = rest.split_at_checked(usize::from(spends.is_some())).unwrap_or_default();
            if let Condition::Failed(old) = client {
                let old = old.as_ref().ok_or_else(|| Error::internal("a refusal without its item"))?;
                return Ok(Created::Taken(Box::new(self.occupant_of(owner.service_id, owner.numeric_id, old)?)));
            }
            if token.iter().any(|token| matches!(token, Condition::Failed(_))) {
                return Ok(Created::TokenSpent);
            }
            self.contest(&mut claims, rest).await?;
        }
        Err(Error::Contention)
    }

    /// The part of a transaction that counts a use of an initial access token.
    fn spending(&self, service_id: u64, token: &TokenHash) -> Result<TransactWriteItem, Error> {
        let spend = Update::builder()
            .table_name(&self.table)
            .set_key(Some(initial_access_token_key(token).into_attributes()))
            .update_expression("SET uses_left = uses_left - :one")
            .condition_expression(
                "service_id = :service AND uses_left >= :one AND (attribute_not_exists(expires_at) OR expires_at > :now)",
            )
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":service", integer(service_id))
            .expression_attribute_values(":now", integer(self.clock.now()))
            .return_values_on_condition_check_failure(OnFailure::AllOld)
            .build()
            .map_err(Error::internal)?;
        Ok(TransactWriteItem::builder().update(spend).build())
    }

    fn transacted(&self, item: Item) -> PutBuilder {
        let put = Put::builder().table_name(&self.table).set_item(Some(item));
        put.return_values_on_condition_check_failure(OnFailure::AllOld)
    }

    /// Several writes of which all happen or none, by a name of the write that makes a repetition harmless.
    #[must_use]
    pub fn transaction(&self, parts: Vec<TransactWriteItem>, write_id: &str) -> Write {
        let request = self.client.transact_write_items().client_request_token(write_id);
        Write::Transact(Box::new(request.set_transact_items(Some(parts))))
    }

    /// The client stored under that number, unless it is deleted or expired.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client(&self, service_id: u64, numeric_id: u64) -> Result<Option<RegisteredClient>, Error> {
        let item = self.get(client_key(service_id, numeric_id)).await?;
        item.map(|item| self.live_client(service_id, numeric_id, &item)).transpose().map(Option::flatten)
    }

    /// As [`client`](Self::client), of one that has ended and is not removed yet as well.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn client_or_ended(&self, service_id: u64, numeric_id: u64) -> Result<Option<RegisteredClient>, Error> {
        let item = self.get(client_key(service_id, numeric_id)).await?;
        let item = item.filter(|item| !item.contains_key("deleted_by"));
        item.map(|item| Self::stored_client(service_id, numeric_id, &item)).transpose()
    }

    /// What is stored under that number.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn occupant(&self, service_id: u64, numeric_id: u64) -> Result<Option<Occupant>, Error> {
        let item = self.get(client_key(service_id, numeric_id)).await?;
        item.map(|item| self.occupant_of(service_id, numeric_id, &item)).transpose()
    }

    fn occupant_of(&self, service_id: u64, numeric_id: u64, item: &Item) -> Result<Occupant, Error> {
        let deleted = item.contains_key("deleted_by");
        let record: Option<ClientRecord> = (!deleted).then(|| parsed(item, "client")).transpose()?;
        Ok(Occupant {
            client_id: required(text(item, "client_id"), "client_id")?.to_owned(),
            version: required(number(item, "version"), "version")?,
            request_issued_at_millis: number(item, REQUEST_ISSUED_AT),
            settings: record.map(|record| record.settings),
            client: self.live_client(service_id, numeric_id, item)?,
            locked: is_locked(item),
            tokens_from: number(item, TOKENS_FROM),
            begun: number(item, BEGUN),
            retained: is_true(item, RETAINED),
        })
    }

    /// Replaces a client, or what is left of it, by its next version, and in the same transaction claims the names of those kinds.
    ///
    /// # Errors
    /// [`Error::Contention`] if somebody else changed it since it was read; [`Error::Claimed`] for a name that
    /// another client has; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn replace_client(
        &self,
        client: &RegisteredClient,
        claimed: &[ClaimKind],
        origin: &Origin,
    ) -> Result<(), Error> {
        // Deleting counts as a change, so a client that was read does not come back. A use does not, and moves its end, nor
        // does another copy's registration; of one that has ended or is deleted there is none. Nor does the end of tokens
        // where none are known.
        let kept_until = if client.source.ends_unused() { client.kept_until() } else { u64::MAX };
        let read = Item::from([
            (":read".to_owned(), integer(client.version.saturating_sub(1))),
            (":used".to_owned(), string(client.used.as_deref().unwrap_or_default())),
            (":unused".to_owned(), integer(kept_until)),
            (":again".to_owned(), integer(client.registered_again_at.unwrap_or_default())),
            (":now".to_owned(), integer(self.clock.now())),
            (":from".to_owned(), integer(client.tokens_from.unwrap_or_default())),
        ]);
        let confirmed = if client.unconfirmed { " AND attribute_exists(unconfirmed)" } else { "" };
        let unchanged = &format!(
            "version = :read AND (attribute_not_exists({TOKENS_FROM}) OR {TOKENS_FROM} <= :from) \
             AND (expires_at <= :now OR attribute_exists(deleted_by) \
             OR ((attribute_not_exists(#used) OR #used = :used){confirmed} \
             AND (attribute_not_exists(unused_until) OR unused_until <= :unused) \
             AND (attribute_not_exists(given_until) OR given_until <= :unused) \
             AND (attribute_not_exists({REGISTERED_AGAIN_AT}) OR {REGISTERED_AGAIN_AT} <= :again)))"
        );
        let mut claims = claims(client, claimed)?;
        for _ in 0..=TAKEOVERS {
            let write_id = self.write_id()?;
            let item = client_item(client, &write_id, origin)?;
            let write = if claims.is_empty() {
                let put = self.put(item).condition_expression(unchanged).expression_attribute_names("#used", USED);
                Write::Put(Box::new(put.set_expression_attribute_values(Some(read.clone()))))
            } else {
                let put =
                    self.transacted(item).condition_expression(unchanged).expression_attribute_names("#used", USED);
                let put = put.set_expression_attribute_values(Some(read.clone())).build().map_err(Error::internal)?;
                let mut parts = vec![TransactWriteItem::builder().put(put).build()];
                for claim in &claims {
                    parts.push(self.claiming(claim, &write_id)?);
                }
                self.transaction(parts, &write_id)
            };
            match self.write(write, &write_id).await? {
                Outcome::Written => return Ok(()),
                Outcome::Refused(conditions) => match conditions.split_first() {
                    Some((Condition::Held, rest)) => self.contest(&mut claims, rest).await?,
                    _ => return Err(Error::Contention),
                },
            }
        }
        Err(Error::Contention)
    }

    /// Ends all tokens of a client that were issued until now: whether there is such a client. It is a change of the client
    /// if some are known, and else no other version.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn end_tokens(
        &self,
        service_id: u64,
        numeric_id: u64,
        is_change: bool,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(client_key(service_id, numeric_id))
            .update_expression(format!(
                "SET {TOKENS_FROM} = :now, version = version + :step, write_id = :write, changed = :changed"
            ))
            .condition_expression("attribute_exists(client_id) AND attribute_not_exists(deleted_by)")
            .expression_attribute_values(":now", integer(self.clock.now_millis()))
            .expression_attribute_values(":step", integer(u64::from(is_change)))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        Ok(matches!(self.write(Write::Update(Box::new(update)), &write_id).await?, Outcome::Written))
    }

    pub(super) fn live_client(
        &self,
        service_id: u64,
        numeric_id: u64,
        item: &Item,
    ) -> Result<Option<RegisteredClient>, Error> {
        let record = |stored: &str| self.records.read((service_id, numeric_id), stored);
        self.is_live(item).then(|| client_of(service_id, numeric_id, item, record)).transpose()
    }

    /// The same, where it is one of many.
    pub(super) fn listed_client(
        &self,
        service_id: u64,
        numeric_id: u64,
        item: &Item,
    ) -> Result<Option<RegisteredClient>, Error> {
        self.is_live(item).then(|| Self::stored_client(service_id, numeric_id, item)).transpose()
    }

    /// The client that an item is, expired or not: one of many that are read.
    pub(crate) fn stored_client(service_id: u64, numeric_id: u64, item: &Item) -> Result<RegisteredClient, Error> {
        client_of(service_id, numeric_id, item, read_record)
    }
}
