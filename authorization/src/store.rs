//! Authorizations in the table: one item each, whose version every step is conditional on.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem, Update};
use shared::Error;
use shared::store::item::{bounded_json, changed, integer, number, parsed, string, text};
use shared::store::schema::{
    Key, authorization_key, authorizations_list, chosen_value_key, grant_position, list_position, service_grants_list,
};
use shared::store::{Condition, Item, Outcome, Write};

use crate::authorization::{Authorization, Given, State};
use crate::context::Context;
use crate::token::{AuthorizationId, Hash};

/// How long an authorization is kept that has ended, in seconds: a second use of its code is noticed, and a resource
/// server is told that a token has ended, and not that there never was one.
const KEPT_SECONDS: u64 = 24 * 60 * 60;

/// The attribute that no condition looks into.
const RECORD: &str = "authorization";

/// Where an authorization is.
#[must_use]
pub fn key(context: &Context<'_>, id: AuthorizationId) -> Key {
    key_in(context.service.id, id)
}

/// The same, where the service is known by its number.
#[must_use]
pub fn key_in(service_id: u64, id: AuthorizationId) -> Key {
    authorization_key(service_id, &id.to_text())
}

/// Among what was found, the authorization of that name.
///
/// # Errors
/// [`Error::Internal`] for an item that is none.
pub fn among(items: &[Item], id: AuthorizationId) -> Result<Option<Authorization>, Error> {
    let name = id.to_text();
    let is_it = |item: &&Item| {
        text(item, "SK") == Some("G") && text(item, "PK").and_then(|key| key.rsplit('#').next()) == Some(&name)
    };
    items.iter().find(is_it).map(read).transpose()
}

/// The authorization that an item is.
///
/// # Errors
/// [`Error::Internal`] for one that is none.
pub fn read(item: &Item) -> Result<Authorization, Error> {
    let unreadable = || Error::internal("an authorization has a name, a client and a version");
    let id = text(item, "PK").and_then(|key| AuthorizationId::parse(key.rsplit('#').next()?));
    let mut authorization: Authorization = parsed(item, RECORD)?;
    // What was replaced is found as long as it would have been, and no longer.
    let mut chosen = std::mem::take(&mut authorization.chosen);
    chosen.retain(|hash| authorization.has_given(hash));
    authorization.chosen_before = chosen.len();
    authorization.chosen = chosen;
    Ok(Authorization {
        id: id.ok_or_else(unreadable)?,
        client: number(item, "client").ok_or_else(unreadable)?,
        version: number(item, "version").ok_or_else(unreadable)?,
        ..authorization
    })
}

fn item(context: &Context<'_>, authorization: &Authorization, write_id: &str) -> Result<Item, Error> {
    let mut item = key(context, authorization.id).into_attributes();
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("client", integer(authorization.client));
    put("version", integer(authorization.version));
    put("write_id", string(write_id));
    put("changed", changed(context.origin));
    let members =
        || serde_json::to_value(authorization).ok().and_then(|value| value.as_object().cloned()).unwrap_or_default();
    put(RECORD, bounded_json("an authorization", authorization, members)?);
    if authorization.state == State::Active {
        put("list", string(authorizations_list(context.service.id, authorization.client)));
        put("at", string(list_position(authorization.active_since, &authorization.id.to_text())));
    }
    match end(context, authorization) {
        Some(end) => {
            put("expires_at", integer(end));
        }
        // What does not end by itself ends with its service.
        None => {
            put("developer", string(service_grants_list(context.service.id)));
        }
    }
    Ok(item)
}

/// When nothing of it is of any interest any more, in seconds since 1970; nothing if a token of it has no end.
fn end(context: &Context<'_>, authorization: &Authorization) -> Option<u64> {
    if authorization.state == State::Revoked {
        return Some(kept_until(context));
    }
    let values =
        [&authorization.ticket, &authorization.code, &authorization.access_token, &authorization.refresh_token];
    let ends: Option<Vec<u64>> = values.into_iter().flatten().map(|given| given.ends_at).collect();
    let kept = if authorization.state == State::Active { KEPT_SECONDS } else { 0 };
    ends?.into_iter().max().map(|millis| millis.div_ceil(1000).saturating_add(kept))
}

fn kept_until(context: &Context<'_>) -> u64 {
    context.app.clock.now().saturating_add(KEPT_SECONDS)
}

/// What became of a step.
pub enum Step {
    /// It is done.
    Done,
    /// Somebody else was faster: how it stands now, if it stands.
    Lost(Box<Option<Authorization>>),
    /// Another part of the same step was refused.
    Refused,
    /// A value that was chosen is that of another authorization.
    ValueInUse,
}

/// Writes the first version of an authorization, or the next one of one that was read, and what else belongs to the step.
/// By a value that was chosen elsewhere it is found as long as it is kept.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn step(
    context: &Context<'_>,
    next: &mut Authorization,
    others: Vec<TransactWriteItem>,
) -> Result<Step, Error> {
    let store = &context.app.store;
    let write_id = store.write_id()?;
    let was_read = next.version;
    next.version = was_read.saturating_add(1);
    let item = item(context, next, &write_id)?;
    let (condition, values) = unchanged_since(was_read);
    let last_other = others.len();
    let mut others = others;
    others.extend(choosing(context, next)?);
    let write = if others.is_empty() {
        Write::Put(Box::new(store.put(item).condition_expression(condition).set_expression_attribute_values(values)))
    } else {
        let put = Put::builder().table_name(store.table()).set_item(Some(item)).condition_expression(condition);
        let put = put.set_expression_attribute_values(values);
        let put = put.return_values_on_condition_check_failure(OnFailure::AllOld).build().map_err(Error::internal)?;
        let mut parts = vec![TransactWriteItem::builder().put(put).build()];
        parts.extend(others);
        store.transaction(parts, &write_id)
    };
    let conditions = match store.write(write, &write_id).await? {
        Outcome::Written => return Ok(Step::Done),
        Outcome::Refused(conditions) => conditions,
    };
    next.version = was_read;
    let failed = conditions.iter().position(|condition| matches!(condition, Condition::Failed(_)));
    match failed {
        Some(part) if part > last_other => Ok(Step::ValueInUse),
        Some(part) if part > 0 => Ok(Step::Refused),
        _ => {
            let old = conditions.first().and_then(Condition::old);
            Ok(Step::Lost(Box::new(old.map(read).transpose()?)))
        }
    }
}

/// The condition that nobody has written a version since that one; 0 is none at all.
fn unchanged_since(version: u64) -> (&'static str, Option<Item>) {
    match version {
        0 => ("attribute_not_exists(PK)", None),
        read => ("version = :read", Some(Item::from([(":read".to_owned(), integer(read))]))),
    }
}

/// Revokes an authorization, however often it changes meanwhile.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn revoke(context: &Context<'_>, authorization: Authorization) -> Result<(), Error> {
    let mut next = authorization;
    for _ in 0..ATTEMPTS {
        if next.state == State::Revoked {
            return Ok(());
        }
        let mut revoked = next.clone().revoked();
        match step(context, &mut revoked, Vec::new()).await? {
            Step::Done | Step::Refused => return Ok(()),
            // The value is another one's by now.
            Step::ValueInUse => next.chosen.clear(),
            Step::Lost(now) => match *now {
                Some(now) => next = now,
                None => return Ok(()),
            },
        }
    }
    Err(Error::Contention)
}

/// How often a step is tried again on a state that has changed.
pub const ATTEMPTS: usize = 8;

/// The parts of a step by which chosen values lead to an authorization: those that it has already do so on, and others do
/// unless one has them, be it this one that had them before.
fn choosing(context: &Context<'_>, authorization: &Authorization) -> Result<Vec<TransactWriteItem>, Error> {
    let chosen = authorization.chosen.iter().enumerate();
    chosen.map(|(at, hash)| leading(context, authorization, hash, at < authorization.chosen_before)).collect()
}

fn leading(
    context: &Context<'_>,
    authorization: &Authorization,
    hash: &Hash,
    is_own: bool,
) -> Result<TransactWriteItem, Error> {
    let (id, client) = (authorization.id, authorization.client);
    let store = &context.app.store;
    let mut item = chosen_value_key(context.service.id, hash.as_bytes()).into_attributes();
    item.insert(RECORD.to_owned(), string(id.to_text()));
    item.insert("client".to_owned(), integer(client));
    item.insert("developer".to_owned(), string(service_grants_list(context.service.id)));
    item.insert("at".to_owned(), string(grant_position(client)));
    let has_ended = !authorization.has_given(hash);
    let end = end(context, authorization).or_else(|| has_ended.then(|| kept_until(context)));
    if let Some(end) = end {
        item.insert("expires_at".to_owned(), integer(end));
    }
    let mut put = Put::builder()
        .table_name(store.table())
        .set_item(Some(item))
        .expression_attribute_values(":now", integer(context.app.clock.now()));
    put = if is_own {
        put.condition_expression("attribute_not_exists(PK) OR expires_at <= :now OR #authorization = :id")
            .expression_attribute_names("#authorization", RECORD)
            .expression_attribute_values(":id", string(id.to_text()))
    } else {
        put.condition_expression("attribute_not_exists(PK) OR expires_at <= :now")
    };
    Ok(TransactWriteItem::builder().put(put.build().map_err(Error::internal)?).build())
}

/// The parts of a step that end another authorization.
///
/// # Errors
/// [`Error::Internal`].
pub fn ending(context: &Context<'_>, authorization: Authorization) -> Result<Vec<TransactWriteItem>, Error> {
    let read = authorization.version;
    let mut revoked = authorization.revoked();
    revoked.version = read.saturating_add(1);
    let (condition, values) = unchanged_since(read);
    let put = Put::builder()
        .table_name(context.app.store.table())
        .set_item(Some(item(context, &revoked, "")?))
        .condition_expression(condition)
        .set_expression_attribute_values(values)
        .build()
        .map_err(Error::internal)?;
    let mut parts = vec![TransactWriteItem::builder().put(put).build()];
    parts.extend(choosing(context, &revoked)?);
    Ok(parts)
}

/// An update as a part of a step.
pub(crate) fn updating(update: aws_sdk_dynamodb::types::builders::UpdateBuilder) -> Result<TransactWriteItem, Error> {
    let update: Update = update.build().map_err(Error::internal)?;
    Ok(TransactWriteItem::builder().update(update).build())
}

/// Whose a chosen value is: its authorization and the client's number.
#[must_use]
pub fn chosen_among(items: &[Item]) -> Option<(AuthorizationId, u64)> {
    let item = items.iter().find(|item| text(item, "SK") == Some("K"))?;
    Some((AuthorizationId::parse(text(item, RECORD)?)?, number(item, "client")?))
}

/// The last moment that every reader of JSON reads exactly, in milliseconds since 1970.
const LAST_MOMENT: u64 = (1 << 53) - 1;

/// A value with an end so many seconds from now; none for a token that has none.
#[must_use]
pub fn given(hash: Hash, now_millis: u64, seconds: Option<u64>) -> Given {
    let end = |seconds: u64| now_millis.saturating_add(seconds.saturating_mul(1000)).min(LAST_MOMENT);
    Given { hash, ends_at: seconds.map(end) }
}
