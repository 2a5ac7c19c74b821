//! Tokens that an operator ends, all of a user at a client or all of a client.

use std::collections::BTreeMap;

use shared::Error;

use super::list::{Status, by_client, standings, works};
use crate::authorization::Authorization;
use crate::context::Context;
use crate::grant::{self, Grant};
use crate::store;

/// Ends what a user has let a client have, codes included. Answers how many authorizations had tokens.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn end_all(context: &Context<'_>, grant: &Grant) -> Result<usize, Error> {
    let living = grant::living(context, grant).await?;
    let now = context.now_millis();
    let clients = if living.is_empty() { BTreeMap::new() } else { standings(context, &living).await? };
    let works = |authorization: &&Authorization| authorization.is_live(now) && works(context, &clients, authorization);
    let count = living.iter().filter(works).count();
    for authorization in living {
        store::revoke(context, authorization).await?;
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
