//! An authorization becomes active: its tokens live from now on, and where a user has one grant's tokens at a client, the
//! others die in the same step.

use aws_sdk_dynamodb::types::TransactWriteItem;
use shared::Error;
use shared::client::RegisteredClient;

use crate::authorization::{Authorization, State};
use crate::context::Context;
use crate::grant::{self, Memory};
use crate::store::{self, Step};

/// How many other authorizations end in one step.
const MOST_ENDED: usize = 50;

/// Writes the step that makes it active, and remembers what is to be remembered of the grant. [`Step::Refused`] is about
/// `others`.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`], [`Error::Contention`].
pub(crate) async fn activate(
    context: &Context<'_>,
    client: &RegisteredClient,
    next: &mut Authorization,
    others: Vec<TransactWriteItem>,
    memory: Option<Memory<'_>>,
) -> Result<Step, Error> {
    let Some(subject) = next.subject.clone() else { return store::step(context, next, others).await };
    if !(context.rules.single_per_subject || (context.terms)(client).single_per_subject) {
        let mut parts = others;
        if let Some(memory) = &memory {
            parts.push(grant::remembering(context, client, &subject, memory)?);
        }
        return store::step(context, next, parts).await;
    }
    let mut memory = memory.unwrap_or_default();
    for _ in 0..store::ATTEMPTS {
        let item = context.app.store.get(grant::key(context, client.numeric_id, &subject)).await?.unwrap_or_default();
        let grant = grant::read(&item);
        let mut ended = grant::living(context, &grant).await?;
        ended.retain(|other| other.id != next.id && other.state == State::Active);
        let surplus = ended.split_off(ended.len().min(MOST_ENDED));
        let mut parts = others.clone();
        memory.current = Some((next.id, grant.current));
        parts.push(grant::remembering(context, client, &subject, &memory)?);
        for other in ended {
            parts.push(store::ending(context, other)?);
        }
        match store::step(context, next, parts).await? {
            Step::Refused(part) if part >= others.len() => {}
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
