//! Tokens that an operator ends, all of a user at a client or all of a client.

use std::collections::BTreeSet;

use shared::Error;

use super::left::Whose;
use super::list::{Status, by_client, grants_of_subject, works};
use crate::authorization::{Authorization, State};
use crate::context::Context;
use crate::grant::{self, End, Grant};
use crate::store;

/// Ends what a user has let a client have, tokens and codes, and forgets the scopes. Answers how many authorizations had
/// tokens.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn end(context: &Context<'_>, grant: &Grant) -> Result<usize, Error> {
    ended(context, grant, true).await
}

/// The same, but remembers the scopes.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn end_tokens(context: &Context<'_>, grant: &Grant) -> Result<usize, Error> {
    ended(context, grant, false).await
}

async fn ended(context: &Context<'_>, grant: &Grant, forgets_scopes: bool) -> Result<usize, Error> {
    let known = grant::authorizations(context, grant).await?;
    let now = context.now_millis();
    // One that is revoked already was so by somebody who came no further.
    let gone = |authorization: &Authorization| authorization.may_live(now) || authorization.state == State::Revoked;
    let gone: Vec<_> = known.iter().filter(|it| gone(it)).map(|authorization| authorization.id).collect();
    let forgets_scopes = forgets_scopes && grant.has_scopes();
    if gone.is_empty() && !forgets_scopes {
        return Ok(0);
    }
    let clients = context.app.store.standings(context.service.id, BTreeSet::from([grant.client])).await?;
    let works = |authorization: &&Authorization| authorization.is_live(now) && works(context, &clients, authorization);
    let count = known.iter().filter(works).count();
    // Who is told of it by the audit is told of what has happened: the tokens end before.
    let client = clients.get(&grant.client).and_then(|standing| standing.client.as_ref());
    let client_id = client.map_or_else(|| grant.client.to_string(), |client| client.client_id.clone());
    for authorization in known.into_iter().filter(|authorization| authorization.may_live(now)) {
        store::revoke(context, authorization).await?;
    }
    let end = End { client: grant.client, client_id: &client_id, subject: &grant.subject, gone: &gone, forgets_scopes };
    grant::end(context, &end).await?;
    Ok(count)
}

/// Ends all that is meant: of a client as [`end_all_of_client`], else as [`end`] of each grant. Answers how many
/// authorizations had tokens.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn end_all(context: &Context<'_>, whose: Whose<'_>) -> Result<usize, Error> {
    let grants = match whose {
        Whose::Client(number) => return end_all_of_client(context, number).await,
        Whose::Subject(subject) => grants_of_subject(context, subject).await?,
        Whose::Both(number, subject) => {
            let item = context.app.store.get(grant::key(context, number, subject)).await?;
            item.as_ref().map(grant::read).into_iter().collect()
        }
    };
    let mut count = 0;
    for grant in grants {
        count += end(context, &grant).await?;
    }
    Ok(count)
}

/// Ends all that a client has of whatever user, and of its own authority. Answers how many authorizations had an access
/// token that worked.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn end_all_of_client(context: &Context<'_>, client: u64) -> Result<usize, Error> {
    let page = by_client(context, client, Status::Valid, (0, 0)).await?;
    context.app.store.end_tokens(context.service.id, client, context.origin).await?;
    Ok(page.total)
}
