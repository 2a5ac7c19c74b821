//! An authorization becomes active: its tokens live from now on, and where a user has one grant's tokens at a client, the
//! others die in the same step.

use shared::Error;
use shared::client::RegisteredClient;

use crate::authorization::{Authorization, State};
use crate::context::Context;
use crate::grant::{self, Memory};
use crate::store::{self, Step};

/// How many parts a step has at the most when it ends other authorizations; the rest of them end after it.
const MOST_PARTS: usize = 60;

/// Writes the step that makes it active, and remembers what is to be remembered of the grant.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`], [`Error::Contention`].
pub(crate) async fn activate(
    context: &Context<'_>,
    client: &RegisteredClient,
    next: &mut Authorization,
    memory: Option<Memory<'_>>,
) -> Result<Step, Error> {
    let Some(subject) = next.subject.clone() else { return store::step(context, next, Vec::new()).await };
    if !(context.rules.single_per_subject || (context.terms)(client).single_per_subject) {
        let parts = match &memory {
            Some(memory) => vec![grant::remembering(context, client, &subject, memory)?],
            None => Vec::new(),
        };
        return store::step(context, next, parts).await;
    }
    let mut memory = memory.unwrap_or_default();
    for _ in 0..store::ATTEMPTS {
        let item = context.app.store.get(grant::key(context, client.numeric_id, &subject)).await?.unwrap_or_default();
        let grant = grant::read(&item);
        let mut ended = grant::living(context, &grant).await?;
        ended.retain(|other| other.id != next.id && other.state == State::Active);
        // One step writes one item once: what is chosen again is the value of a token that ends in it.
        if ended.iter().any(|other| other.chosen.iter().any(|hash| next.chosen.contains(hash))) {
            return Ok(Step::ValueInUse);
        }
        memory.current = Some((next.id, grant.current));
        let mut parts = vec![grant::remembering(context, client, &subject, &memory)?];
        let mut surplus = Vec::new();
        for other in ended {
            if parts.len() < MOST_PARTS {
                parts.extend(store::ending(context, other)?);
            } else {
                surplus.push(other);
            }
        }
        match store::step(context, next, parts).await? {
            Step::Refused => {}
            Step::Done => {
                for other in surplus {
                    store::revoke(context, other).await?;
                }
                return Ok(Step::Done);
            }
            outcome => return Ok(outcome),
        }
    }
    Err(Error::Contention)
}
