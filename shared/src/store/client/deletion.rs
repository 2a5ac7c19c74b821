//! What is left of a client that is deleted: a tombstone, which keeps its number taken.

use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::types::{
    AttributeValue, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update,
};

use super::item::{NEXT_TOKEN, OWN_END, REGISTERED_AGAIN_AT, TOKENS_FROM, UNCONFIRMED, USED, client_item, is_locked};
use crate::claim_kind::ClaimKind;
use crate::client::{MILLIS_TO_BE_USED, RegisteredClient, Source};
use crate::credentials::{TokenHash, decimal};
use crate::error::Error;
use crate::origin::Origin;
use crate::store::item::{changed, integer, number, required, string, text};
use crate::store::list::{BATCH, Place};
use crate::store::lookup::Left;
use crate::store::schema::{LIST_INDEX, authorizations_list, client_key, list_position, pruned_list, uncounted_key};
use crate::store::write::{Condition, Outcome, Write};
use crate::store::{Excess, Item, Route, Store};
use crate::time::DAY;

/// How long what is left of a deleted client is kept, in seconds.
const TOMBSTONE_SECONDS: u64 = 30 * DAY;

/// What a client was whose deletion may be undone, in its tombstone.
const UNDO: &str = "pruned";

/// What a tombstone has.
const TOMBSTONE: &str =
    "deleted_by = :actor, write_id = :write, changed = :changed, version = version + :one, tokens_from = :millis";

/// What of an item belongs to its place and to its last write.
const OF_ITS_PLACE: [&str; 8] = ["PK", "SK", "list", "developer", "at", "claims", "write_id", "changed"];

/// Why a client cannot be brought back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unrestorable {
    /// Nothing is known of it: there never was one, or it was deleted long ago.
    Unknown,
    /// It is there.
    Living,
    /// It has ended by itself.
    Ended,
    /// It was deleted while it was locked.
    Locked,
    /// It was deleted, and others vouch for it.
    ComesBack,
    /// It was deleted, and nothing was kept of it.
    ForGood,
    /// A ceiling has let it go.
    MadeRoom,
    /// It was deleted so that it could be brought back, and the time is over.
    TooLate,
    /// It would have ended by now.
    Over,
    /// Such a name of it is another client's by now.
    Claimed(ClaimKind),
}

impl Unrestorable {
    /// The reason, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "there is no such client, and none that was deleted in the last thirty days",
            Self::Living => "the client is not deleted",
            Self::Ended => "the client has ended by itself, and was not deleted: it may register again",
            Self::Locked => "the client was locked when it was deleted, and so went for good",
            Self::ComesBack => {
                "the client was deleted, and others vouch for it: it comes back by itself once it is asked for, unless it is \
                 locked"
            }
            Self::ForGood => "the client was deleted for good, by its registrant or by an operator",
            Self::MadeRoom => {
                "the client made room for others, by the policy's clients_per_service: it may register again"
            }
            Self::TooLate => "the client was deleted more than thirty days ago",
            Self::Claimed(ClaimKind::Alias) => "alias is taken by another client",
            Self::Claimed(ClaimKind::SoftwareId) => "software_id is taken by another client",
            Self::Over => "the client would have ended by now, by the time that it had: it may register again",
        }
    }
}

/// What puts a client into its lists.
const LISTED: &str = "#list, #at";

/// What is gone with a client that stands in another list from then on.
const GONE_OF_LISTED: &str = "#record, claims, used, unconfirmed, secret, secret_version, secret_mac, rat_hash, rat_next, previous_secret, previous_secret_version, \
     previous_secret_mac, previous_secret_until, unused_until, given_until, registered_again_at, pending_until, begun, reindexed, developer";

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
    /// An operator, where nobody has changed the client since it was read.
    OperatorOf {
        /// The version that was read.
        version: u64,
        /// Whether it is locked and its registrant may come back: the lock stays.
        keeps_lock: bool,
    },
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

    /// An operator who deletes that client as it was read.
    #[must_use]
    pub fn operator_of_read(client: &RegisteredClient) -> Self {
        let keeps_lock = Self::operator_of(client).keeps_lock();
        Self::OperatorOf { version: client.version, keeps_lock }
    }

    const fn keeps_lock(self) -> bool {
        matches!(self, Self::KeepingLock | Self::OperatorOf { keeps_lock: true, .. })
    }
}

/// Who has deleted a client that a ceiling has let go.
pub(crate) const CEILING: &str = "ceiling";

/// How many clients one call lets go at the most to make room, and through how many pages of the list it looks for them.
const MOST_MAKING_ROOM: usize = 200;

/// How many pages that is.
const PAGES_MAKING_ROOM: usize = 50;

/// Whether that is what is left of a client that was deleted while it was locked.
fn is_left_locked(item: &Item, name: &str) -> bool {
    is_named(item, name) && item.contains_key("deleted_by") && is_locked(item)
}

/// Whether that is the identifier of what is left of a client, or the number under which it was found.
fn is_named(item: &Item, name: &str) -> bool {
    decimal(name).is_some() || text(item, "client_id") == Some(name)
}

impl Store {
    /// Whether there is what [`unlock_deleted`](Self::unlock_deleted) would unlock.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn is_deleted_locked(&self, service_id: u64, client_id: &str, numeric_id: u64) -> Result<bool, Error> {
        let item = self.get(client_key(service_id, numeric_id)).await?;
        Ok(item.is_some_and(|item| is_left_locked(&item, client_id)))
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
        let item = self.get(client_key(service_id, numeric_id)).await?;
        let Some(mut item) = item.filter(|item| is_left_locked(item, client_id)) else { return Ok(false) };
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

    /// Turns a client into a tombstone: its secret, its metadata and its place in the lists are gone. If that
    /// is refused, answers the client as it stands, if there is one; to its registrant also one that has ended.
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
        let buried = if deleter.keeps_lock() {
            format!("SET {TOMBSTONE} REMOVE {GONE_OF_LISTED}, {LISTED}, {OWN_END}")
        } else {
            format!("SET {TOMBSTONE}, expires_at = :end REMOVE {GONE_OF_LISTED}, {LISTED}")
        };
        let mut update = self
            .burying(service_id, numeric_id, &write_id, origin)
            .update_expression(buried)
            .expression_attribute_values(":id", string(client_id))
            .expression_attribute_values(":now", integer(now));
        let registered_again_until = self.clock.now_millis().saturating_sub(2 * MILLIS_TO_BE_USED);
        let live = "client_id = :id AND attribute_not_exists(deleted_by) \
                    AND (attribute_not_exists(expires_at) OR expires_at > :now)";
        if !deleter.keeps_lock() {
            update = update.expression_attribute_values(":end", integer(now.saturating_add(TOMBSTONE_SECONDS)));
        }
        update = match deleter {
            Deleter::Operator => update.condition_expression(live),
            Deleter::OperatorOf { version, .. } => update
                .condition_expression(format!("{live} AND version = :version"))
                .expression_attribute_values(":version", integer(version)),
            Deleter::OperatorOfUnlocked => update
                .condition_expression(format!("{live} AND locked = :unlocked"))
                .expression_attribute_values(":unlocked", AttributeValue::Bool(false)),
            Deleter::Unused(version) => update
                .condition_expression(format!(
                    "{live} AND version = :version AND (attribute_not_exists(#used) OR attribute_exists({UNCONFIRMED})) \
                     AND (attribute_not_exists({REGISTERED_AGAIN_AT}) OR {REGISTERED_AGAIN_AT} <= :again)"
                ))
                .expression_attribute_names("#used", USED)
                .expression_attribute_values(":again", integer(registered_again_until))
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
                    "{live} AND (rat_hash = :rat OR {NEXT_TOKEN} = :rat) AND locked = :unlocked \
                     AND #source IN (:oauth, :operator, :authlete)"
                ))
                .expression_attribute_names("#source", "source")
                .expression_attribute_values(":rat", string(token.to_text()))
                .expression_attribute_values(":unlocked", AttributeValue::Bool(false))
                .expression_attribute_values(":oauth", string(Source::Oauth.as_str()))
                .expression_attribute_values(":operator", string(Source::Operator.as_str()))
                .expression_attribute_values(":authlete", string(Source::AuthleteRegistration.as_str())),
        };
        let write = match deleter {
            Deleter::Unused(_) => self.letting_go(&update, service_id, &write_id)?,
            _ => Write::Update(Box::new(update)),
        };
        match self.write(write, &write_id).await? {
            Outcome::Written => Ok(Ok(())),
            Outcome::Refused(conditions) => {
                let Some(old) = conditions.iter().find_map(Condition::old) else { return Ok(Err(None)) };
                Ok(Err(match deleter {
                    Deleter::Registrant(_) if !old.contains_key("deleted_by") => {
                        Some(Self::stored_client(service_id, numeric_id, old)?)
                    }
                    _ => self.live_client(service_id, numeric_id, old)?,
                }))
            }
        }
    }

    /// What all deletions have in common: names and values of [`TOMBSTONE`], [`GONE_OF_LISTED`] and [`LISTED`].
    fn burying(&self, service_id: u64, numeric_id: u64, write_id: &str, origin: &Origin) -> UpdateItemFluentBuilder {
        self.update(client_key(service_id, numeric_id))
            .expression_attribute_names("#record", "client")
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":actor", string(&origin.actor))
            .expression_attribute_values(":write", string(write_id))
            .expression_attribute_values(":changed", changed(origin))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":millis", integer(self.clock.now_millis()))
    }

    /// A deletion of which is known that it is not counted yet.
    fn letting_go(&self, deletion: &UpdateItemFluentBuilder, service_id: u64, write_id: &str) -> Result<Write, Error> {
        let deletion = Update::builder()
            .table_name(&self.table)
            .set_key(deletion.get_key().clone())
            .set_update_expression(deletion.get_update_expression().clone())
            .set_condition_expression(deletion.get_condition_expression().clone())
            .set_expression_attribute_names(deletion.get_expression_attribute_names().clone())
            .set_expression_attribute_values(deletion.get_expression_attribute_values().clone())
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let deletion = TransactWriteItem::builder().update(deletion.build().map_err(Error::internal)?).build();
        let uncounted = self.change_count(&uncounted_key(service_id).into(), 1)?;
        Ok(self.transaction(vec![deletion, uncounted], write_id))
    }

    /// As [`delete_client`](Self::delete_client), of a client as it was read, so that it can be brought back; one that is
    /// `pruned`, with others.
    ///
    /// # Errors
    /// [`Error::Contention`] if it has changed since, or is used; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn delete_restorably(
        &self,
        client: &RegisteredClient,
        pruned: bool,
        origin: &Origin,
    ) -> Result<(), Error> {
        let write_id = self.write_id()?;
        let mut undo = client_item(client, &write_id, origin)?;
        undo.retain(|name, _| !OF_ITS_PLACE.contains(&name.as_str()));
        let update = self.burying(client.service_id, client.numeric_id, &write_id, origin);
        let update = if pruned {
            let position = list_position(self.clock.now_millis(), &format!("{:016}", client.numeric_id));
            update
                .update_expression(format!(
                    "SET {TOMBSTONE}, expires_at = :end, {UNDO} = :undo, #list = :list, #at = :position REMOVE {GONE_OF_LISTED}"
                ))
                .expression_attribute_values(":list", string(pruned_list(client.service_id)))
                .expression_attribute_values(":position", string(position))
        } else {
            let gone = format!("{GONE_OF_LISTED}, {LISTED}");
            update.update_expression(format!("SET {TOMBSTONE}, expires_at = :end, {UNDO} = :undo REMOVE {gone}"))
        };
        let update = update
            .condition_expression(
                "version = :read AND attribute_not_exists(deleted_by) AND (attribute_not_exists(#used) OR #used = :used)",
            )
            .expression_attribute_names("#used", USED)
            .expression_attribute_values(":end", integer(self.clock.now().saturating_add(TOMBSTONE_SECONDS)))
            .expression_attribute_values(":undo", AttributeValue::M(undo))
            .expression_attribute_values(":read", integer(client.version))
            .expression_attribute_values(":used", string(client.used.as_deref().unwrap_or_default()));
        match self.write(Write::Update(Box::new(update)), &write_id).await? {
            Outcome::Written => Ok(()),
            Outcome::Refused(_) => Err(Error::Contention),
        }
    }

    /// Whether what a client was given works, or did until a day ago.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn holds_tokens(&self, client: &RegisteredClient) -> Result<bool, Error> {
        let list = authorizations_list(client.service_id, client.numeric_id);
        // The newest first: the others have mostly ended.
        let mut place = Place::end(LIST_INDEX, list, None);
        loop {
            let (keys, next) = self.keys_and_next(&place, BATCH).await?;
            if !self.batch(keys).await?.is_empty() {
                return Ok(true);
            }
            match next {
                Some(next) => place.go_on(next),
                None => return Ok(false),
            }
        }
    }

    /// The client that was deleted restorably under that number, as its next version; or why there is none.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn restorable_client(
        &self,
        service_id: u64,
        client_id: &str,
        numeric_id: u64,
    ) -> Result<Result<RegisteredClient, Unrestorable>, Error> {
        let item = self.get(client_key(service_id, numeric_id)).await?;
        match item.filter(|item| is_named(item, client_id)) {
            Some(item) => self.restorable(service_id, numeric_id, &Left(item)),
            None => Ok(Err(Unrestorable::Unknown)),
        }
    }

    /// The same of what is left under that number.
    ///
    /// # Errors
    /// [`Error::Internal`] for what is not stored as clients are.
    pub fn restorable(
        &self,
        service_id: u64,
        numeric_id: u64,
        Left(item): &Left,
    ) -> Result<Result<RegisteredClient, Unrestorable>, Error> {
        let is_over = number(item, "expires_at").is_some_and(|end| end <= self.clock.now());
        let undo = match (item.get("deleted_by"), item.get(UNDO)) {
            (None, _) if is_over => return Ok(Err(Unrestorable::Ended)),
            (None, _) => return Ok(Err(Unrestorable::Living)),
            (Some(_), _) if is_over => return Ok(Err(Unrestorable::TooLate)),
            (Some(_), Some(AttributeValue::M(undo))) => undo,
            (Some(AttributeValue::S(by)), _) if by == CEILING => return Ok(Err(Unrestorable::MadeRoom)),
            // What was known by its document alone leaves no source.
            _ if text(item, "source").and_then(Source::parse).is_none_or(|by| !by.is_operators_to_change()) => {
                return Ok(Err(Unrestorable::ComesBack));
            }
            _ if is_locked(item) => return Ok(Err(Unrestorable::Locked)),
            _ => return Ok(Err(Unrestorable::ForGood)),
        };
        let client = Self::stored_client(service_id, numeric_id, undo)?;
        let version = required(number(item, "version"), "version")?.saturating_add(1);
        let tokens_from = number(item, TOKENS_FROM);
        Ok(Ok(RegisteredClient { version, tokens_from, begun: tokens_from, ..client }))
    }

    /// Takes away by which a deleted client could be brought back; whether there was something.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn forget_deleted(
        &self,
        service_id: u64,
        client_id: &str,
        numeric_id: u64,
        origin: &Origin,
    ) -> Result<bool, Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(client_key(service_id, numeric_id))
            .update_expression(format!(
                "SET deleted_by = :actor, write_id = :write, changed = :changed, version = version + :one \
                 REMOVE {UNDO}, {LISTED}"
            ))
            .expression_attribute_names("#list", "list")
            .expression_attribute_names("#at", "at")
            .expression_attribute_values(":actor", string(&origin.actor))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":changed", changed(origin))
            .expression_attribute_values(":one", integer(1))
            .expression_attribute_values(":now", integer(self.clock.now()));
        let kept = format!("attribute_exists(deleted_by) AND attribute_exists({UNDO}) AND expires_at > :now");
        let update = match decimal(client_id) {
            Some(_) => update.condition_expression(kept),
            None => update
                .condition_expression(format!("{kept} AND client_id = :id"))
                .expression_attribute_values(":id", string(client_id)),
        };
        Ok(matches!(self.write(Write::Update(Box::new(update)), &write_id).await?, Outcome::Written))
    }

    /// The identifiers of the clients that were pruned since that time, in milliseconds since 1970, and can be brought back.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn pruned_clients(&self, service_id: u64, since_millis: u64) -> Result<Vec<String>, Error> {
        let start = Place::start(LIST_INDEX, pruned_list(service_id));
        let since = Place { from: Some(list_position(since_millis, "")), ..start };
        let now = self.clock.now();
        let mut pruned = Vec::new();
        for some in self.keys(&since, usize::MAX).await?.chunks(BATCH) {
            for item in self.batch_as_stored(some.to_vec()).await? {
                let is_over = number(&item, "expires_at").is_some_and(|end| end <= now);
                let restorable = item.contains_key(UNDO) && item.contains_key("deleted_by") && !is_over;
                pruned.extend(text(&item, "client_id").filter(|_| restorable).map(str::to_owned));
            }
        }
        Ok(pruned)
    }

    /// Lets as many clients go as are too many, up to a number, those included that others let go at the same time: the
    /// oldest first of those that [make room](RegisteredClient::makes_room) and have had time to be used. How many went.
    ///
    /// Where all that one call looks at are used, the next one goes on behind them.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn make_room(&self, service_id: u64, Excess { clients, from }: Excess) -> Result<usize, Error> {
        let origin = Origin { actor: CEILING.to_owned(), door: "stream", ..Origin::default() };
        let now = self.clock.now_millis();
        let registered = Some(from..now.saturating_sub(MILLIS_TO_BE_USED));
        let mut walk = self.walk(service_id, Route { registered, ..Route::default() });
        let (mut gone, wanted) = (0, usize::try_from(clients).unwrap_or(usize::MAX).min(MOST_MAKING_ROOM));
        let mut reached = from;
        for _ in 0..PAGES_MAKING_ROOM {
            let Some(clients) = walk.next_some().await? else {
                reached = 0;
                break;
            };
            reached = clients.last().map_or(reached, |last| last.record.issued_at_millis);
            for client in clients.iter().filter(|client| client.makes_room() && client.has_had_time(now)) {
                if gone == wanted {
                    return Ok(gone);
                }
                let (id, number) = (&client.client_id, client.numeric_id);
                let deleted =
                    self.delete_client(service_id, id, number, Deleter::Unused(client.version), &origin).await?;
                gone += usize::from(!matches!(deleted, Err(Some(_))));
            }
        }
        if reached != from {
            self.note_looked_at(service_id, reached).await?;
        }
        Ok(gone)
    }
}
