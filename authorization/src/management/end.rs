//! Tokens that an operator ends, all of a user at a client or all of a client.

use std::collections::{BTreeMap, BTreeSet};

use shared::Error;
use shared::store::Standing;

use super::left::{Whose, grants_left};
use super::list::{all_of_client, grants_of_subject, is_ended, is_valid, works};
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
    let gone: Vec<_> = known.iter().filter(|it| gone(it)).collect();
    let forgets_scopes = forgets_scopes && grant.has_scopes();
    if gone.is_empty() && !forgets_scopes {
        return Ok(0);
    }
    let clients = standings(context, grant.client).await?;
    // Nor does what has ended with all that the client had end again.
    let gone: Vec<_> = gone.into_iter().filter(|it| !is_ended(&clients, it)).map(|it| it.id).collect();
    if gone.is_empty() && !forgets_scopes {
        return Ok(0);
    }
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
    let all = all_of_client(context, client).await?;
    let clients = standings(context, client).await?;
    let count = all.iter().filter(|authorization| is_valid(context, &clients, authorization)).count();
    let now = context.now_millis();
    let lives = |authorization: &Authorization| authorization.is_live(now) && !is_ended(&clients, authorization);
    let is_change = all.iter().any(lives) || has_codes(context, client).await?;
    // An index may not have yet what was given a moment ago: it ends in any case.
    if !context.app.store.end_tokens(context.service.id, client, is_change, context.origin).await? {
        // The copy of a metadata document may be gone before its tokens are: no client is there to say that they have ended.
        for authorization in all.into_iter().filter(lives) {
            store::revoke(context, authorization).await?;
        }
    }
    Ok(count)
}

/// Whether users have agreed to something of which a client has not fetched the tokens yet: no list of its own has that. Of
/// more grants than a page reads it is taken as so.
async fn has_codes(context: &Context<'_>, client: u64) -> Result<bool, Error> {
    let page = grants_left(context, Whose::Client(client), None, usize::MAX).await?;
    Ok(page.next.is_some() || page.grants.iter().any(|left| !left.live.is_empty()))
}

/// How a client stands.
async fn standings(context: &Context<'_>, client: u64) -> Result<BTreeMap<u64, Standing>, Error> {
    context.app.store.standings(context.service.id, BTreeSet::from([client])).await
}
