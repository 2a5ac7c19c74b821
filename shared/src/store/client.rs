//! Clients.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
};
use serde_json::{Map, Value};

use super::claim::{claims, names};
use super::item::{blob, bounded_json, bytes, changed, integer, number, parsed, required, string, text};
use super::schema::{MAX_NAME, client_key, clients_list, developer_list, initial_access_token_key, list_position};
use super::write::{Condition, Outcome, Write};
use super::{Item, Route, Store};
use crate::claim_kind::ClaimKind;
use crate::client::{ClientRecord, OperatorSettings, PreviousSecret, RegisteredClient, SealedSecret, Source};
use crate::credentials::TokenHash;
use crate::error::Error;
use crate::metadata::Invalid;
use crate::origin::Origin;

/// How long what is left of a deleted client is kept, in seconds.
const TOMBSTONE_SECONDS: u64 = 30 * 24 * 60 * 60;

/// When the last accepted request of a registrant who signs requests was made, in milliseconds since 1970. It outlives
/// the client in its tombstone, so that a captured request is good for nothing.
const REQUEST_ISSUED_AT: &str = "request_issued_at";

/// The end of a registration where `expires_at` is not it: of a client that an operator has locked, since a lock must not
/// end with the registration, and of one that may end before, since nobody uses it.
const OWN_END: &str = "ends_at";

/// When a client ends if nobody uses it until then.
const UNUSED_UNTIL: &str = "unused_until";

/// Until when operators have time to approve a client.
const PENDING_UNTIL: &str = "pending_until";

/// Whether a client stays though nobody uses it.
const RETAINED: &str = "retained";

/// The last day of which it is known that a client was used.
pub(super) const USED: &str = "used";

/// What a client's secret is compared with.
const SECRET_MAC: &str = "secret_mac";

/// The secret that a client had before, the version that it is bound to, what it is compared with, and its end.
const PREVIOUS_SECRET: [&str; 4] =
    ["previous_secret", "previous_secret_version", "previous_secret_mac", "previous_secret_until"];

/// The digest of the registration access token that takes the place of the other one as soon as it is used.
const NEXT_TOKEN: &str = "rat_next";

/// From when on a client's tokens live, in milliseconds since 1970.
pub(super) const TOKENS_FROM: &str = "tokens_from";

/// What a client was whose deletion may be undone, in its tombstone.
const UNDO: &str = "pruned";

/// What a tombstone has.
const TOMBSTONE: &str =
    "deleted_by = :actor, write_id = :write, changed = :changed, version = version + :one, tokens_from = :millis";

/// What is gone with a client.
const GONE: &str = "#record, claims, used, secret, secret_version, secret_mac, rat_hash, rat_next, previous_secret, previous_secret_version, \
     previous_secret_mac, previous_secret_until, unused_until, pending_until, #list, developer, #at";

/// What became of a new client.
pub enum Created {
    /// It is stored.
    Created,
    /// Its number is taken, by that; nothing is stored.
    Taken(Box<Occupant>),
    /// The initial access token is used up, or gone; nothing is stored.
    TokenSpent,
}

/// Who deletes a client.
#[derive(Debug, Clone, Copy)]
pub enum Deleter {
    /// Its registrant, with the registration access token.
    Registrant(TokenHash),
    /// Its registrant, whom the front door of that source has identified.
    Identified(Source),
    /// An operator.
    Operator,
    /// An operator, where the client is not locked and its registrant may come back.
    OperatorOfUnlocked,
    /// An operator, where the client is locked and its registrant may come back: the lock stays.
    KeepingLock,
    /// The service's ceiling, where nobody has used the client, nor changed it since it was read at that version.
    Unused(u64),
}

impl Deleter {
    /// An operator who deletes that client.
    #[must_use]
    pub fn operator_of(client: &RegisteredClient) -> Self {
        // Whoever registers the same comes back to one that is shared.
        let is_for_good = client.source.is_operators_to_change() && !client.is_shared();
        match (is_for_good, client.locked) {
            (true, _) => Self::Operator,
            (false, false) => Self::OperatorOfUnlocked,
            (false, true) => Self::KeepingLock,
        }
    }
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
    /// Whether it stays though nobody uses it.
    pub retained: bool,
    /// The last day of which it is known that it was used.
    pub used: Option<String>,
    /// When it ends, or has ended, if nobody uses it, in seconds since 1970.
    pub unused_until: Option<u64>,
}

/// How many clients one call lets go at the most to make room, and through how many pages of the list it looks for them.
const MOST_MAKING_ROOM: usize = 200;

/// How many pages that is.
const PAGES_MAKING_ROOM: usize = 50;

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
        self.enter_client(client, |write_id| client_item(client, write_id, origin), spends, claimed).await
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
            retained: is_true(item, RETAINED),
            used: text(item, USED).map(str::to_owned),
            unused_until: number(item, UNUSED_UNTIL),
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
        // Deleting counts as a change, so a client that was read does not come back. A use does not, and moves its end.
        let read = Item::from([
            (":read".to_owned(), integer(client.version.saturating_sub(1))),
            (":used".to_owned(), string(client.used.as_deref().unwrap_or_default())),
            (":unused".to_owned(), integer(client.unused_until.unwrap_or(u64::MAX))),
        ]);
        let unchanged = "version = :read AND (attribute_not_exists(#used) OR #used = :used) \
                         AND (attribute_not_exists(unused_until) OR unused_until <= :unused)";
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

    /// Unlocks what is left of a client that was deleted while it was locked; whether there is such a one.
    ///
    /// # Errors
    /// [`Error::Contention`] if somebody else changed it at the same time; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn unlock_deleted(
        &self,
        service_id: u64,
        client_id: &str,
        numeric_id: u64,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let Some(mut item) = self.get(client_key(service_id, numeric_id)).await? else { return Ok(false) };
        let is_it = text(&item, "client_id") == Some(client_id) && item.contains_key("deleted_by");
        if !is_it || !is_locked(&item) {
            return Ok(false);
        }
        let read = required(number(&item, "version"), "version")?;
        let write_id = self.write_id()?;
        let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
        put("locked", AttributeValue::Bool(false));
        put("expires_at", integer(self.clock.now().saturating_add(TOMBSTONE_SECONDS)));
        put("version", integer(read.saturating_add(1)));
        put("write_id", string(&write_id));
        put("changed", changed(origin));
        let put = self.put(item).condition_expression("version = :read");
        let put = put.expression_attribute_values(":read", integer(read));
        match self.write(Write::Put(Box::new(put)), &write_id).await? {
            Outcome::Written => Ok(true),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }

    /// Leaves a tombstone where no client is stored: of one that was known by its metadata document alone.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn bury(&self, service_id: u64, client_id: &str, numeric_id: u64, origin: &Origin) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(client_key(service_id, numeric_id))
            .update_expression(
                "SET client_id = :id, deleted_by = :actor, write_id = :write, changed = :changed, \
                 version = if_not_exists(version, :zero) + :one, tokens_from = :millis, expires_at = :end",
            )
            .condition_expression("attribute_not_exists(client_id) OR attribute_exists(deleted_by)")
            .expression_attribute_values(":id", string(client_id))
            .expression_attribute_values(":actor", string(&origin.actor))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin))
            .expression_attribute_values(":zero", integer(0))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":millis", integer(self.clock.now_millis()))
            .expression_attribute_values(":end", integer(self.clock.now().saturating_add(TOMBSTONE_SECONDS)));
        self.written(update, &write_id).await
    }

    /// Ends all tokens of a client that were issued until now: whether there is such a client.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn end_tokens(&self, service_id: u64, numeric_id: u64, origin: &Origin) -> Result<bool, Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(client_key(service_id, numeric_id))
            .update_expression(format!(
                "SET {TOKENS_FROM} = :now, version = version + :one, write_id = :write, changed = :changed"
            ))
            .condition_expression("attribute_exists(client_id) AND attribute_not_exists(deleted_by)")
            .expression_attribute_values(":now", integer(self.clock.now_millis()))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin));
        Ok(matches!(self.write(Write::Update(Box::new(update)), &write_id).await?, Outcome::Written))
    }

    /// Turns a client into a tombstone: its secret, its metadata and its place in the lists are gone. If that
    /// is refused, answers the client as it stands, if there is one.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn delete_client(
        &self,
        service_id: u64,
        client_id: &str,
        numeric_id: u64,
        deleter: Deleter,
        origin: &Origin,
    ) -> Result<Result<(), Option<RegisteredClient>>, Error> {
        let write_id = self.write_id()?;
        let now = self.clock.now();
        let mut update = self
            .update(client_key(service_id, numeric_id))
            .update_expression(match deleter {
                Deleter::KeepingLock => format!("SET {TOMBSTONE} REMOVE {GONE}, {OWN_END}"),
                _ => format!("SET {TOMBSTONE}, expires_at = :end REMOVE {GONE}"),
            })
            .expression_attribute_names("#record", "client")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":actor", string(&origin.actor))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":millis", integer(self.clock.now_millis()))
            .expression_attribute_values(":id", string(client_id))
            .expression_attribute_values(":now", integer(now));
        let live = "client_id = :id AND attribute_not_exists(deleted_by) \
                    AND (attribute_not_exists(expires_at) OR expires_at > :now)";
        if !matches!(deleter, Deleter::KeepingLock) {
            update = update.expression_attribute_values(":end", integer(now.saturating_add(TOMBSTONE_SECONDS)));
        }
        update = match deleter {
            Deleter::Operator => update.condition_expression(live),
            Deleter::OperatorOfUnlocked => update
                .condition_expression(format!("{live} AND locked = :unlocked"))
                .expression_attribute_values(":unlocked", AttributeValue::Bool(false)),
            Deleter::Unused(version) => update
                .condition_expression(format!("{live} AND version = :version AND attribute_not_exists(#used)"))
                .expression_attribute_names("#used", USED)
                .expression_attribute_values(":version", integer(version)),
            Deleter::KeepingLock => update
                .condition_expression(format!("{live} AND locked = :locked"))
                .expression_attribute_values(":locked", AttributeValue::Bool(true)),
            Deleter::Identified(source) => update
                .condition_expression(format!("{live} AND locked = :unlocked AND #source = :source"))
                .expression_attribute_names("#source", "source")
                .expression_attribute_values(":unlocked", AttributeValue::Bool(false))
                .expression_attribute_values(":source", string(source.as_str())),
            Deleter::Registrant(token) => update
                .condition_expression(format!(
                    "{live} AND (rat_hash = :rat OR {NEXT_TOKEN} = :rat) AND locked = :unlocked AND #source IN (:oauth, :authlete)"
                ))
                .expression_attribute_names("#source", "source")
                .expression_attribute_values(":rat", string(token.to_text()))
                .expression_attribute_values(":unlocked", AttributeValue::Bool(false))
                .expression_attribute_values(":oauth", string(Source::Oauth.as_str()))
                .expression_attribute_values(":authlete", string(Source::AuthleteRegistration.as_str())),
        };
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(Ok(())),
            Outcome::Refused(conditions) => {
                let old = conditions.iter().find_map(Condition::old);
                let live = old.map(|item| self.live_client(service_id, numeric_id, item)).transpose()?.flatten();
                Ok(Err(live))
            }
        }
    }

    /// As [`delete_client`](Self::delete_client), of a client as it was read, so that it can be brought back.
    ///
    /// # Errors
    /// [`Error::Contention`] if it has changed since, or is used; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn delete_restorably(&self, client: &RegisteredClient, origin: &Origin) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let (now, mut undo) = (self.clock.now(), client_item(client, &write_id, origin)?);
        undo.retain(|name, _| {
            !["PK", "SK", "list", "developer", "at", "claims", "write_id", "changed"].contains(&name.as_str())
        });
        let update = self
            .update(client_key(client.service_id, client.numeric_id))
            .update_expression(format!("SET {TOMBSTONE}, expires_at = :end, {UNDO} = :undo REMOVE {GONE}"))
            .condition_expression(
                "version = :read AND attribute_not_exists(deleted_by) AND (attribute_not_exists(#used) OR #used = :used)",
            )
            .expression_attribute_names("#record", "client")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_names("#used", USED)
            .expression_attribute_values(":actor", string(&origin.actor))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":millis", integer(self.clock.now_millis()))
            .expression_attribute_values(":end", integer(now.saturating_add(TOMBSTONE_SECONDS)))
            .expression_attribute_values(":undo", AttributeValue::M(undo))
            .expression_attribute_values(":read", integer(client.version))
            .expression_attribute_values(":used", string(client.used.as_deref().unwrap_or_default()));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }

    /// The client that was deleted restorably under that number, as its next version.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn restorable_client(&self, service_id: u64, numeric_id: u64) -> Result<Option<RegisteredClient>, Error> {
        let Some(item) = self.get(client_key(service_id, numeric_id)).await? else { return Ok(None) };
        let is_over = number(&item, "expires_at").is_some_and(|end| end <= self.clock.now());
        let Some(AttributeValue::M(undo)) = item.get(UNDO).filter(|_| !is_over) else { return Ok(None) };
        let client = Self::stored_client(service_id, numeric_id, undo)?;
        let version = required(number(&item, "version"), "version")?.saturating_add(1);
        Ok(Some(RegisteredClient { version, tokens_from: number(&item, TOKENS_FROM), ..client }))
    }

    /// Lets up to so many clients go of those that were registered at that time or later, in seconds since 1970, the oldest
    /// first: that came with nothing, and that nobody has used. How many went.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn make_room(&self, service_id: u64, registered: u64, wanted: u64) -> Result<usize, Error> {
        let origin = Origin { actor: "ceiling".to_owned(), door: "stream", ..Origin::default() };
        let registered = Some(registered.saturating_mul(1000)..u64::MAX);
        let mut walk = self.walk(service_id, Route { registered, ..Route::default() });
        let (mut gone, wanted) = (0, usize::try_from(wanted).unwrap_or(usize::MAX).min(MOST_MAKING_ROOM));
        for _ in 0..PAGES_MAKING_ROOM {
            let Some(clients) = walk.next_some().await? else { break };
            let may_go = |client: &&RegisteredClient| {
                client.record.anonymous && client.used.is_none() && !client.retained && !client.locked
            };
            for client in clients.iter().filter(may_go) {
                if gone == wanted {
                    return Ok(gone);
                }
                let (id, number) = (&client.client_id, client.numeric_id);
                let deleted =
                    self.delete_client(service_id, id, number, Deleter::Unused(client.version), &origin).await?;
                gone += usize::from(deleted.is_ok());
            }
        }
        Ok(gone)
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

fn client_of(
    service_id: u64,
    numeric_id: u64,
    item: &Item,
    record: impl FnOnce(&str) -> Result<ClientRecord, Error>,
) -> Result<RegisteredClient, Error> {
    let source = text(item, "source").map(serde_json::Value::from);
    let secret = match blob(item, "secret") {
        None => None,
        Some(sealed) => {
            let version = required(number(item, "secret_version"), "secret_version")?;
            Some(SealedSecret { sealed, version })
        }
    };
    Ok(RegisteredClient {
        service_id,
        client_id: required(text(item, "client_id"), "client_id")?.to_owned(),
        numeric_id,
        source: serde_json::from_value(required(source, "source")?).map_err(Error::internal)?,
        locked: is_locked(item),
        record: record(required(text(item, "client"), "client")?)?,
        secret,
        secret_mac: blob(item, SECRET_MAC).and_then(|mac| mac.try_into().ok()),
        tokens_from: number(item, TOKENS_FROM),
        previous_secret: previous_secret(item)?,
        registration_access_token: text(item, "rat_hash").and_then(TokenHash::parse),
        next_registration_access_token: text(item, NEXT_TOKEN).and_then(TokenHash::parse),
        expires_at: own_end(item),
        unused_until: number(item, UNUSED_UNTIL),
        pending_until: number(item, PENDING_UNTIL),
        retained: is_true(item, RETAINED),
        used: text(item, USED).map(str::to_owned),
        version: required(number(item, "version"), "version")?,
    })
}

fn read_record(stored: &str) -> Result<ClientRecord, Error> {
    serde_json::from_str(stored).map_err(Error::internal)
}

/// The secret that a client had before, if there is one.
fn previous_secret(item: &Item) -> Result<Option<PreviousSecret>, Error> {
    let [sealed, version, compared, end] = PREVIOUS_SECRET;
    let Some(sealed) = blob(item, sealed) else { return Ok(None) };
    let secret = SealedSecret { sealed, version: required(number(item, version), version)? };
    let mac = blob(item, compared).and_then(|mac| mac.try_into().ok());
    Ok(Some(PreviousSecret { secret, mac, until: required(number(item, end), end)? }))
}

/// How many records are remembered.
const MOST_REMEMBERED: usize = 200;

/// What was read last of clients: a record that stands there in the same words says the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Records(Arc<Mutex<HashMap<(u64, u64), Remembered>>>);

#[derive(Debug)]
struct Remembered {
    words: String,
    record: ClientRecord,
}

impl Records {
    fn read(&self, place: (u64, u64), stored: &str) -> Result<ClientRecord, Error> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&place).filter(|known| known.words == stored) {
            return Ok(known.record.clone());
        }
        let record = read_record(stored)?;
        let mut known = lock();
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(place, Remembered { words: stored.to_owned(), record: record.clone() });
        Ok(record)
    }
}

/// What a client consists of, whoever has said it.
fn members(record: &ClientRecord) -> Map<String, Value> {
    let mut members = record.metadata.to_members();
    members.extend(record.settings.others.clone());
    let requestable = record.settings.requestable_scopes.as_deref();
    members.extend(requestable.map(|scopes| ("requestable_scopes".to_owned(), scopes.into())));
    let statements = record.trust_chain.as_ref().map(|chain| chain.statements.as_slice());
    members.extend(statements.map(|statements| ("trust_chain".to_owned(), statements.into())));
    members
}

fn is_locked(item: &Item) -> bool {
    is_true(item, "locked")
}

fn is_true(item: &Item, name: &str) -> bool {
    item.get(name).is_some_and(|value| value.as_bool() == Ok(&true))
}

/// The attributes that say when a client ends: [`own_end`] reads the second one.
pub(super) fn ends(client: &RegisteredClient) -> [(&'static str, Option<u64>); 4] {
    let own = client.expires_at.filter(|_| client.is_held() || client.unused_until.is_some());
    let others = [(UNUSED_UNTIL, client.unused_until), (PENDING_UNTIL, client.pending_until)];
    let [unused, pending] = others;
    [("expires_at", client.ends_at()), (OWN_END, own), unused, pending]
}

/// When a registration ends by itself.
fn own_end(item: &Item) -> Option<u64> {
    let is_other = is_locked(item) || [UNUSED_UNTIL, PENDING_UNTIL].iter().any(|name| item.contains_key(*name));
    number(item, if is_other { OWN_END } else { "expires_at" })
}

fn client_item(client: &RegisteredClient, write_id: &str, origin: &Origin) -> Result<Item, Error> {
    let developer = client.developer();
    if developer.len() > MAX_NAME {
        return Err(Invalid::TooLong { member: "developer".to_owned(), limit: MAX_NAME, unit: "bytes" }.into());
    }
    let mut item = client_key(client.service_id, client.numeric_id).into_attributes();
    let position = list_position(client.record.issued_at_millis, &format!("{:016}", client.numeric_id));
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("client_id", string(&client.client_id));
    put("source", string(client.source.as_str()));
    put("locked", AttributeValue::Bool(client.locked));
    put("client", bounded_json("the client", &client.record, || members(&client.record))?);
    put("version", integer(client.version));
    put("write_id", string(write_id));
    put("changed", changed(origin));
    put("list", string(clients_list(client.service_id)));
    put("developer", string(developer_list(client.service_id, &developer)));
    put("at", string(position));
    if let Some(names) = names(client) {
        put("claims", names);
    }
    if let Some(day) = &client.used {
        put(USED, string(day));
    }
    if let Some(secret) = &client.secret {
        put("secret", bytes(secret.sealed.clone()));
        put("secret_version", integer(secret.version));
    }
    if let Some(mac) = &client.secret_mac {
        put(SECRET_MAC, bytes(mac.to_vec()));
    }
    if let Some(PreviousSecret { secret, mac, until }) = &client.previous_secret {
        let [sealed, version, compared, end] = PREVIOUS_SECRET;
        put(sealed, bytes(secret.sealed.clone()));
        put(version, integer(secret.version));
        put(end, integer(*until));
        if let Some(mac) = mac {
            put(compared, bytes(mac.to_vec()));
        }
    }
    if let Some(from) = client.tokens_from {
        put(TOKENS_FROM, integer(from));
    }
    if let Some(token) = &client.registration_access_token {
        put("rat_hash", string(token.to_text()));
    }
    if let Some(token) = &client.next_registration_access_token {
        put(NEXT_TOKEN, string(token.to_text()));
    }
    for (name, end) in ends(client) {
        if let Some(end) = end {
            put(name, integer(end));
        }
    }
    if client.retained {
        put(RETAINED, AttributeValue::Bool(true));
    }
    if let Some(issued) = client.record.trust_chain.as_ref().and_then(|chain| chain.request_issued_at_millis) {
        put(REQUEST_ISSUED_AT, integer(issued));
    }
    Ok(item)
}
