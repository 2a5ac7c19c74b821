//! Tokens and grants as operators list them.

use std::collections::BTreeMap;

use shared::Error;
use shared::store::item::text;
use shared::store::schema::{LIST_INDEX, authorizations_list, clients_list, grants_list};
use shared::store::{Item, Standing};

use crate::authorization::{Authorization, State};
use crate::context::Context;
use crate::grant::{self, Grant};
use crate::store;

/// How many of a client's authorizations are looked at for one page.
const MOST_LOOKED_AT: usize = 10_000;

/// Which tokens a list has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Those whose access token works.
    Valid,
    /// Those whose access token has ended.
    Invalid,
    /// All.
    All,
}

/// A part of a list.
pub struct Page {
    /// The authorizations, the newest first.
    pub authorizations: Vec<Authorization>,
    /// How many the whole list has.
    pub total: usize,
}

/// The tokens of a client.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn by_client(
    context: &Context<'_>,
    client: u64,
    status: Status,
    range: (usize, usize),
) -> Result<Page, Error> {
    sorted(context, all_of_client(context, client).await?, status, range).await
}

/// The authorizations of a client that have tokens, or had some.
pub(super) async fn all_of_client(context: &Context<'_>, client: u64) -> Result<Vec<Authorization>, Error> {
    let list = authorizations_list(context.service.id, client);
    let items = context.app.store.listed(LIST_INDEX, list, MOST_LOOKED_AT).await?;
    items.iter().map(store::read).collect()
}

/// How many clients a service has of which all tokens are listed.
const MOST_CLIENTS: usize = 100;

/// The tokens of all clients; none for a service that has more of them than can be looked at.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn of_all_clients(
    context: &Context<'_>,
    status: Status,
    range: (usize, usize),
) -> Result<Option<Page>, Error> {
    let (store, service) = (&context.app.store, context.service.id);
    let clients = store.listed(LIST_INDEX, clients_list(service), MOST_CLIENTS + 1).await?;
    if clients.len() > MOST_CLIENTS {
        return Ok(None);
    }
    let mut all = Vec::new();
    for client in clients.iter().filter_map(number_of) {
        all.extend(all_of_client(context, client).await?);
    }
    sorted(context, all, status, range).await.map(Some)
}

fn number_of(client: &Item) -> Option<u64> {
    text(client, "PK")?.rsplit('#').next()?.parse().ok()
}

/// The tokens of a user, at all clients.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn by_subject(
    context: &Context<'_>,
    subject: &str,
    status: Status,
    range: (usize, usize),
) -> Result<Page, Error> {
    let mut all = Vec::new();
    for grant in grants_of_subject(context, subject).await? {
        all.extend(grant::authorizations(context, &grant).await?);
    }
    sorted(context, all, status, range).await
}

/// The tokens of a user at a client.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn by_client_and_subject(
    context: &Context<'_>,
    grant: Option<&Grant>,
    status: Status,
    range: (usize, usize),
) -> Result<Page, Error> {
    let all = match grant {
        Some(grant) => grant::authorizations(context, grant).await?,
        None => Vec::new(),
    };
    sorted(context, all, status, range).await
}

/// What a user has let clients have.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn grants_of_subject(context: &Context<'_>, subject: &str) -> Result<Vec<Grant>, Error> {
    let list = grants_list(context.service.id, subject);
    let items = context.app.store.listed(LIST_INDEX, list, MOST_LOOKED_AT).await?;
    let grants = items.iter().filter(|item| text(item, "subject") == Some(subject)).map(grant::read);
    Ok(grants.collect())
}

async fn sorted(
    context: &Context<'_>,
    mut all: Vec<Authorization>,
    status: Status,
    (start, end): (usize, usize),
) -> Result<Page, Error> {
    all.retain(|authorization| authorization.state == State::Active);
    if status != Status::All {
        let numbers = all.iter().map(|authorization| authorization.client).collect();
        let clients = context.app.store.standings(context.service.id, numbers).await?;
        all.retain(|authorization| is_valid(context, &clients, authorization) == (status == Status::Valid));
    }
    all.sort_by_key(|authorization| std::cmp::Reverse((authorization.active_since, authorization.id)));
    let total = all.len();
    let authorizations = all.into_iter().skip(start).take(end.saturating_sub(start)).collect();
    Ok(Page { authorizations, total })
}

/// Whether the access token of an authorization works for its client as that stands.
pub(super) fn is_valid(
    context: &Context<'_>,
    clients: &BTreeMap<u64, Standing>,
    authorization: &Authorization,
) -> bool {
    let has_access = authorization.access_token.as_ref().is_some_and(|given| given.is_live(context.now_millis()));
    authorization.state == State::Active && has_access && works(context, clients, authorization)
}

/// Whether the tokens of an authorization work for its client as that stands.
pub(super) fn works(context: &Context<'_>, clients: &BTreeMap<u64, Standing>, authorization: &Authorization) -> bool {
    let client = clients.get(&authorization.client).and_then(|standing| standing.client.as_ref());
    !is_ended(clients, authorization) && authorization.works_for(context.service, client)
}

/// Whether an authorization has ended with all that its client had until a moment.
pub(super) fn is_ended(clients: &BTreeMap<u64, Standing>, authorization: &Authorization) -> bool {
    let tokens_from = clients.get(&authorization.client).and_then(|standing| standing.tokens_from);
    !authorization.is_after(tokens_from)
}
