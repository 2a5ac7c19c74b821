//! What a user has let a client have, over all its authorizations.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use shared::Error;
use shared::client::RegisteredClient;
use shared::store::Item;
use shared::store::item::{changed, integer, number, string, text};
use shared::store::schema::{Key, grant_key, grant_position, grants_list, service_grants_list};

use crate::authorization::Authorization;
use crate::context::Context;
use crate::store;
use crate::token::AuthorizationId;

/// How many authorizations a user may have at one client; the oldest makes room.
const MOST_LIVE: usize = 100;

/// A grant.
#[derive(Debug, Clone, Default)]
pub struct Grant {
    /// The client's number.
    pub client: u64,
    /// The user.
    pub subject: String,
    /// The scopes that were granted last; absent if they are forgotten.
    pub latest: Option<Vec<String>>,
    /// All scopes that were granted.
    pub merged: Vec<String>,
    /// When a grant was given last, in milliseconds since 1970.
    pub modified: u64,
    /// The authorizations that may live.
    pub live: Vec<AuthorizationId>,
    /// The one whose tokens work, where a user has one grant's.
    pub current: Option<String>,
}

impl Grant {
    /// The grant as it is that client's: scopes that were granted to an earlier one of its name are not.
    #[must_use]
    pub fn of(self, client: &RegisteredClient) -> Self {
        if self.is_earlier_than(client) { Self { latest: None, merged: Vec::new(), modified: 0, ..self } } else { self }
    }

    /// Whether scopes are remembered, whoever they were granted to.
    pub(crate) const fn has_scopes(&self) -> bool {
        self.latest.is_some() || !self.merged.is_empty()
    }

    /// Whether its scopes were granted to an earlier client of that name.
    pub(crate) fn is_earlier_than(&self, client: &RegisteredClient) -> bool {
        client.begun.is_some_and(|begun| self.modified <= begun)
    }
}

/// Where the grant of a user and a client is.
#[must_use]
pub fn key(context: &Context<'_>, client: u64, subject: &str) -> Key {
    key_in(context.service.id, client, subject)
}

/// The same, where the service is known by its number.
#[must_use]
pub fn key_in(service_id: u64, client: u64, subject: &str) -> Key {
    grant_key(service_id, client, subject)
}

/// The grant among what was found.
#[must_use]
pub fn among(items: &[Item]) -> Option<Grant> {
    items.iter().find(|item| text(item, "SK") == Some("V")).map(read)
}

/// The grant that an item is.
#[must_use]
pub fn read(item: &Item) -> Grant {
    let set = |name: &str| item.get(name).and_then(|value| value.as_ss().ok()).cloned().unwrap_or_default();
    let list = |name: &str| {
        let values = item.get(name)?.as_l().ok()?;
        Some(values.iter().filter_map(|value| value.as_s().ok().cloned()).collect())
    };
    let mut merged = set("merged");
    merged.sort_unstable();
    Grant {
        client: number(item, "client").unwrap_or_default(),
        subject: text(item, "subject").unwrap_or_default().to_owned(),
        latest: list("latest"),
        merged,
        modified: number(item, "modified").unwrap_or_default(),
        live: set("live").iter().filter_map(|id| AuthorizationId::parse(id)).collect(),
        current: text(item, "current").map(str::to_owned),
    }
}

/// What is to be remembered of a grant.
#[derive(Default)]
pub struct Memory<'m> {
    /// The scopes that were granted.
    pub scopes: Option<&'m [String]>,
    /// Whether they are the first ones: what stands there is an earlier client's.
    pub first: bool,
    /// An authorization that may live.
    pub live: Option<AuthorizationId>,
    /// The one authorization whose tokens work, and which one it was until now.
    pub current: Option<(AuthorizationId, Option<String>)>,
}

/// The part of a step that remembers a grant.
///
/// # Errors
/// [`Error::Internal`].
pub fn remembering(
    context: &Context<'_>,
    client: &RegisteredClient,
    subject: &str,
    memory: &Memory<'_>,
) -> Result<TransactWriteItem, Error> {
    let (service, number) = (context.service.id, client.numeric_id);
    let mut set = vec!["client = :client, subject = :subject, #list = :list, developer = :developer, #at = :at"];
    let mut add = Vec::new();
    let mut update = Update::builder()
        .table_name(context.app.store.table())
        .set_key(Some(key(context, number, subject).into_attributes()))
        .expression_attribute_names("#list", "list")
        .expression_attribute_names("#at", "at")
        .expression_attribute_values(":client", integer(number))
        .expression_attribute_values(":subject", string(subject))
        .expression_attribute_values(":list", string(grants_list(service, subject)))
        .expression_attribute_values(":developer", string(service_grants_list(service)))
        .expression_attribute_values(":at", string(grant_position(number)));
    if let Some(scopes) = memory.scopes {
        set.push("latest = :latest, modified = :modified");
        update = update
            .expression_attribute_values(":latest", AttributeValue::L(scopes.iter().map(string).collect()))
            .expression_attribute_values(":modified", integer(context.now_millis()));
        if !scopes.is_empty() {
            let (parts, part) =
                if memory.first { (&mut set, "merged = :scopes") } else { (&mut add, "merged :scopes") };
            parts.push(part);
            update = update.expression_attribute_values(":scopes", AttributeValue::Ss(scopes.to_vec()));
        }
    }
    if let Some(id) = memory.live {
        add.push("live :live");
        update = update.expression_attribute_values(":live", AttributeValue::Ss(vec![id.to_text()]));
    }
    if let Some((id, was)) = &memory.current {
        set.push("#current = :current");
        update = update
            .expression_attribute_names("#current", "current")
            .expression_attribute_values(":current", string(id.to_text()));
        update = match was {
            None => update.condition_expression("attribute_not_exists(#current)"),
            Some(was) => {
                update.condition_expression("#current = :was").expression_attribute_values(":was", string(was))
            }
        };
    }
    let added = if add.is_empty() { String::new() } else { format!(" ADD {}", add.join(", ")) };
    // An end is told once: only what has one is sent to the stream function.
    let mut removed = vec!["ended, client_id, changed"];
    if memory.first && memory.scopes.is_some_and(<[String]>::is_empty) {
        removed.push("merged");
    }
    let expression = format!("SET {}{added} REMOVE {}", set.join(", "), removed.join(", "));
    store::updating(update.update_expression(expression))
}

/// Makes room for one more authorization of a grant, if there is one yet: what is dead is forgotten and, if that is not
/// enough, the oldest is revoked.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`], [`Error::Contention`].
pub async fn make_room(context: &Context<'_>, client: u64, grant: Option<&Grant>) -> Result<(), Error> {
    let Some(grant) = grant.filter(|grant| grant.live.len() >= MOST_LIVE) else { return Ok(()) };
    let mut living = living(context, grant).await?;
    living.sort_by_key(|authorization| authorization.issued);
    let surplus = living.len().saturating_sub(MOST_LIVE - 1);
    let rest = living.split_off(surplus.min(living.len()));
    for oldest in living {
        store::revoke(context, oldest).await?;
    }
    let gone = grant.live.iter().filter(|id| rest.iter().all(|authorization| authorization.id != **id));
    forget(context, client, &grant.subject, gone.copied().collect()).await
}

/// The authorizations of a grant of which something may live.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn living(context: &Context<'_>, grant: &Grant) -> Result<Vec<Authorization>, Error> {
    let mut living = authorizations(context, grant).await?;
    let now = context.now_millis();
    living.retain(|authorization| authorization.may_live(now));
    Ok(living)
}

/// The authorizations of a grant that are still there.
pub(crate) async fn authorizations(context: &Context<'_>, grant: &Grant) -> Result<Vec<Authorization>, Error> {
    let keys = grant.live.iter().map(|id| store::key(context, *id).into_attributes()).collect();
    context.app.store.batches(keys).await?.iter().map(store::read).collect()
}

/// Of several grants, the authorizations of which something may live, by their names.
pub(crate) async fn living_of(
    context: &Context<'_>,
    grants: impl Iterator<Item = &Grant>,
) -> Result<BTreeMap<AuthorizationId, Authorization>, Error> {
    let ids: BTreeSet<AuthorizationId> = grants.flat_map(|grant| grant.live.iter().copied()).collect();
    let keys = ids.iter().map(|id| store::key(context, *id).into_attributes()).collect();
    let now = context.now_millis();
    let mut living = BTreeMap::new();
    for item in context.app.store.batches(keys).await? {
        let authorization = store::read(&item)?;
        if authorization.may_live(now) {
            living.insert(authorization.id, authorization);
        }
    }
    Ok(living)
}

/// Takes authorizations out of a grant that are dead.
async fn forget(context: &Context<'_>, client: u64, subject: &str, gone: Vec<AuthorizationId>) -> Result<(), Error> {
    if gone.is_empty() {
        return Ok(());
    }
    let names = gone.iter().map(|id| id.to_text()).collect();
    let update = context
        .app
        .store
        .update(key(context, client, subject))
        .update_expression("DELETE live :gone")
        .condition_expression("attribute_exists(PK)")
        .expression_attribute_values(":gone", AttributeValue::Ss(names));
    context.app.store.write(shared::store::Write::Update(Box::new(update)), "").await.map(drop)
}

/// What of a grant an operator ends.
pub struct End<'e> {
    /// The client's number.
    pub client: u64,
    /// Its identifier, for the audit.
    pub client_id: &'e str,
    /// The user.
    pub subject: &'e str,
    /// The authorizations that are ended.
    pub gone: &'e [AuthorizationId],
    /// Whether the scopes are forgotten.
    pub forgets_scopes: bool,
}

/// Forgets of a grant what is ended, for which the stream function makes an entry of the audit. Of one that is not known
/// there is nothing to forget.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn end(context: &Context<'_>, end: &End<'_>) -> Result<(), Error> {
    let mut expression =
        "SET ended = if_not_exists(ended, :none) + :one, client_id = :client_id, changed = :changed".to_owned();
    let mut update = context
        .app
        .store
        .update(key(context, end.client, end.subject))
        .condition_expression("attribute_exists(PK)")
        .expression_attribute_values(":none", integer(0))
        .expression_attribute_values(":one", integer(1))
        .expression_attribute_values(":client_id", string(end.client_id))
        .expression_attribute_values(":changed", changed(context.origin));
    if end.forgets_scopes {
        expression.push_str(" REMOVE latest, merged, modified");
    }
    if !end.gone.is_empty() {
        expression.push_str(" DELETE live :gone");
        let gone = end.gone.iter().map(|id| id.to_text()).collect();
        update = update.expression_attribute_values(":gone", AttributeValue::Ss(gone));
    }
    let update = update.update_expression(expression);
    context.app.store.write(shared::store::Write::Update(Box::new(update)), "").await.map(drop)
}

/// Forgets the scopes that a user has granted a client; its tokens stay.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn forget_scopes(context: &Context<'_>, client: &RegisteredClient, subject: &str) -> Result<(), Error> {
    let (client, client_id) = (client.numeric_id, client.client_id.as_str());
    end(context, &End { client, client_id, subject, gone: &[], forgets_scopes: true }).await
}
