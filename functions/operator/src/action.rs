//! What an operator does to a client, one at a time or to many.

use shared::administration::{self, RestoreFault};
use shared::client::RegisteredClient;
use shared::credentials::{ClientSecret, Token};
use shared::http::Request;
use shared::registry::Context;
use shared::store::{Named, Unrestorable};
use shared::{Error, resolution};

use crate::door::Fault;

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Action {
    Lock,
    Unlock,
    Approve,
    Deny,
    Retain,
    Release,
    Restore,
    Delete {
        /// Whether nothing is kept of it by which it could be brought back.
        for_good: bool,
        /// For how many seconds nobody shall have used it, where that is why it goes.
        unused: Option<u64>,
    },
    RotateSecret {
        /// For how many seconds the old one works beside the new one; absent as the policy says.
        overlap: Option<u64>,
    },
    ReissueToken,
}

/// What has become of it.
pub(crate) enum Outcome {
    /// The client as it is now.
    Changed(Box<RegisteredClient>),
    /// It is gone, or free.
    Gone,
    /// It has a new secret.
    Secret(Box<RegisteredClient>, ClientSecret),
    /// It has a new registration access token.
    Token(String, Token),
}

impl Action {
    /// The action of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "lock" => Self::Lock,
            "unlock" => Self::Unlock,
            "approve" => Self::Approve,
            "deny" => Self::Deny,
            "retain" => Self::Retain,
            "release" => Self::Release,
            "restore" => Self::Restore,
            "delete" => Self::Delete { for_good: false, unused: None },
            "rotate-secret" => Self::RotateSecret { overlap: None },
            "reissue-token" => Self::ReissueToken,
            _ => return None,
        })
    }

    /// Whether it makes something that is shown once, and so is done to one client at a time.
    pub(crate) const fn makes_something(&self) -> bool {
        matches!(self, Self::RotateSecret { .. } | Self::ReissueToken)
    }

    /// Whether a client is one to which it can be done.
    ///
    /// # Errors
    /// Why not.
    pub(crate) fn fits(&self, client: &RegisteredClient) -> Result<(), Fault> {
        match self {
            Self::Deny if client.pending_until.is_none() => {
                Err(Fault::Conflict("the client does not wait for approval; delete it instead"))
            }
            Self::Retain | Self::Release if !client.source.ends_unused() => Err(Fault::Conflict(
                "the client does not end by itself if nobody uses it: only what has registered itself does",
            )),
            Self::Restore => Err(Fault::Conflict("the client is not deleted")),
            _ => Ok(()),
        }
    }
}

/// Does something to the client of that identifier, number or alias, of which the table has `named`; with `version`, only
/// if it is still that one.
pub(crate) async fn perform(
    context: &Context<'_>,
    request: &Request,
    identifier: &str,
    named: Named,
    action: &Action,
    version: Option<u64>,
) -> Result<Outcome, Fault> {
    let is_absent = named.client.is_none() && named.document.is_none();
    match action {
        Action::Restore if is_absent => {
            administration::restore(context, identifier).await.map_err(of_restoring)?;
            return again(context, identifier).await.map(|client| Outcome::Changed(Box::new(client)));
        }
        Action::Unlock if is_absent => {
            administration::unlock_deleted(context, identifier).await?;
            return Ok(Outcome::Gone);
        }
        Action::Delete { for_good: true, .. } if is_absent && version.is_none() => {
            administration::forget_deleted(context, identifier).await?;
            return Ok(Outcome::Gone);
        }
        _ => {}
    }
    let client = found(context, request, identifier, named, action).await?;
    if version.is_some_and(|version| version != client.version) {
        return Err(Fault::Changed);
    }
    // What is approved or denied is the client as it was read, whether or not its version was given.
    let as_read = version.is_some() || matches!(action, Action::Approve | Action::Deny);
    match once(context, client, action).await {
        Err(Fault::Core(Error::Contention)) if as_read => Err(Fault::Changed),
        Err(Fault::Core(Error::Contention)) => once(context, again(context, identifier).await?, action).await,
        outcome => outcome,
    }
}

/// Why a client is not brought back, as this door tells it.
pub(crate) fn of_restoring(fault: RestoreFault) -> Fault {
    match fault {
        RestoreFault::Core(error) => Fault::Core(error),
        RestoreFault::Unrestorable(Unrestorable::Unknown) => Fault::Core(Error::UnknownClient),
        RestoreFault::Unrestorable(reason) => Fault::Conflict(reason.as_str()),
    }
}

/// The client, stored where the action needs that.
async fn found(
    context: &Context<'_>,
    request: &Request,
    identifier: &str,
    named: Named,
    action: &Action,
) -> Result<RegisteredClient, Fault> {
    let base_url = context.app.base_url(context.service, request);
    Ok(match action {
        Action::Lock => resolution::to_change(context, &base_url, identifier, named).await?,
        _ => resolution::known(context, &base_url, identifier, named).await?,
    })
}

async fn again(context: &Context<'_>, identifier: &str) -> Result<RegisteredClient, Fault> {
    let found = context.app.store.client_and(context.service, identifier, Vec::new()).await?;
    found.named.client.ok_or(Fault::Core(Error::UnknownClient))
}

async fn once(context: &Context<'_>, client: RegisteredClient, action: &Action) -> Result<Outcome, Fault> {
    action.fits(&client)?;
    let client_id = client.client_id.clone();
    match action {
        Action::Lock | Action::Unlock if client.locked == (*action == Action::Lock) => {
            return Ok(Outcome::Changed(Box::new(client)));
        }
        Action::Lock => administration::lock_once(context, client, true).await?,
        Action::Unlock => administration::lock_once(context, client, false).await?,
        Action::Approve => administration::approve(context, client).await?,
        Action::Retain => administration::retain_once(context, client, true).await?,
        Action::Release => administration::retain_once(context, client, false).await?,
        Action::Deny => {
            administration::delete_once(context, &client).await?;
            return Ok(Outcome::Gone);
        }
        Action::Delete { unused: Some(unused), .. } => {
            let since = context.app.clock.now().saturating_sub(*unused);
            let kept = administration::prune(context, &client, since).await?;
            return kept.map_or(Ok(Outcome::Gone), |kept| Err(Fault::Conflict(kept.as_str())));
        }
        Action::Delete { for_good, unused: None } => {
            administration::remove(context, &client, *for_good).await?;
            return Ok(Outcome::Gone);
        }
        Action::RotateSecret { overlap } => {
            let new = ClientSecret::mint(&context.app.entropy)?;
            let overlap = overlap.unwrap_or(context.service.policy().secret_overlap);
            administration::replace_secret_once(context, client, &new, overlap).await?;
            return Ok(Outcome::Secret(Box::new(again(context, &client_id).await?), new));
        }
        Action::ReissueToken => {
            let token = administration::reissue_token_once(context, client).await?;
            return Ok(Outcome::Token(client_id, token));
        }
        Action::Restore => return Err(Fault::Core(Error::UnknownClient)),
    }
    match again(context, &client_id).await {
        // Its own end was over while it was locked.
        Err(Fault::Core(Error::UnknownClient)) if *action == Action::Unlock => Ok(Outcome::Gone),
        client => Ok(Outcome::Changed(Box::new(client?))),
    }
}
