//! What an operator does to a client, one at a time or to many.

use serde_json::{Map, Value};
use shared::Error;
use shared::administration::{self, RestoreFault};
use shared::client::{RegisteredClient, Source};
use shared::credentials::{ClientSecret, Token};
use shared::registry::Context;
use shared::resolution::{self, Changeable};
use shared::store::{Named, Unrestorable};

use crate::door::Fault;
use crate::shown;

/// What is done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// Its registrant can neither read nor change nor delete it, until it is unlocked.
    Lock,
    /// It can again; one that was deleted while it was locked may come back.
    Unlock,
    /// It waits for approval no more, or its names are good.
    Approve,
    /// It waited for approval, and is deleted.
    Deny,
    /// It stays though nobody uses it.
    Retain,
    /// It ends again if nobody uses it.
    Release,
    /// It was deleted, and comes back.
    Restore,
    /// It ends at once.
    Delete {
        /// Whether nothing is kept of it by which it could be brought back.
        for_good: bool,
        /// For how many seconds nobody shall have used it, where that is why it goes.
        unused: Option<u64>,
    },
    /// Its secret is replaced.
    RotateSecret {
        /// For how many seconds the old one works beside the new one; absent as the policy says.
        overlap: Option<u64>,
    },
    /// Its registration access token is replaced, and ends at once.
    ReissueToken,
}

/// What has become of it.
pub enum Outcome {
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
    /// The actions, as they are where nothing more is said.
    const ALL: [Self; 10] = [
        Self::Lock,
        Self::Unlock,
        Self::Approve,
        Self::Deny,
        Self::Retain,
        Self::Release,
        Self::Restore,
        Self::Delete { for_good: false, unused: None },
        Self::RotateSecret { overlap: None },
        Self::ReissueToken,
    ];

    /// The action of that name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// What is done to many at once: nothing that makes something, which is shown once.
    pub fn of_many() -> impl Iterator<Item = Self> {
        let makes_something = |action: &Self| matches!(action, Self::RotateSecret { .. } | Self::ReissueToken);
        Self::ALL.into_iter().filter(move |action| !makes_something(action))
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Retain => "retain",
            Self::Release => "release",
            Self::Restore => "restore",
            Self::Delete { .. } => "delete",
            Self::RotateSecret { .. } => "rotate-secret",
            Self::ReissueToken => "reissue-token",
        }
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
            Self::Approve if client.source == Source::MetadataDocument => Err(Fault::Conflict(
                "the client's names are its document's, which may change: who trusts its URL says so in the policy's \
                 metadata_documents.trust",
            )),
            Self::Restore => Err(Fault::Conflict("the client is not deleted")),
            _ => Ok(()),
        }
    }
}

impl Outcome {
    /// What is told of it; nothing of what is gone. A secret or a token is shown this once.
    #[must_use]
    pub fn told(self, context: &Context<'_>, base_url: &str) -> Option<Map<String, Value>> {
        let now = context.app.clock.now();
        match self {
            Self::Gone => None,
            Self::Changed(client) => Some(shown::client(&client, context.service.policy(), now)),
            Self::Secret(client, secret) => {
                let mut members = made(&client.client_id, "client_secret", secret.expose());
                members.insert("client_secret_expires_at".to_owned(), client.record.secret_expires_at.into());
                if let Some(previous) = client.previous_secret_at(now) {
                    members.insert("previous_secret_until".to_owned(), previous.until.into());
                }
                Some(members)
            }
            Self::Token(client_id, token) => {
                let mut members = made(&client_id, "registration_access_token", token.expose());
                let place = context.service.registration_endpoint(base_url);
                members.insert("registration_client_uri".to_owned(), format!("{place}/{client_id}").into());
                Some(members)
            }
        }
    }
}

/// A client's identifier and what has just been made for it.
fn made(client_id: &str, member: &str, value: &str) -> Map<String, Value> {
    [("client_id", client_id), (member, value)].map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect()
}

/// Does something to the client of that identifier, number or alias, of which the table has `named`; with `version`, only
/// if it is still that one.
///
/// # Errors
/// What the core finds; [`Fault::Conflict`] if the client was changed since, or does not stand so that this could be done.
pub async fn perform(
    context: &Context<'_>,
    base_url: &str,
    identifier: &str,
    named: Named,
    action: &Action,
    version: Option<u64>,
) -> Result<Outcome, Fault> {
    let is_absent = named.client.is_none() && named.document.is_none();
    match action {
        Action::Restore if is_absent => {
            let restored = administration::restore(context, identifier, version).await;
            restored.map_err(|fault| of_restoring(fault, version))?;
            return again(context, identifier).await.map(|client| Outcome::Changed(Box::new(client)));
        }
        // That it was deleted since is a change of it.
        Action::Unlock if is_absent && version.is_none() => {
            administration::unlock_deleted(context, identifier).await?;
            return Ok(Outcome::Gone);
        }
        Action::Delete { for_good: true, .. } if is_absent && version.is_none() => {
            administration::forget_deleted(context, identifier).await?;
            return Ok(Outcome::Gone);
        }
        _ => {}
    }
    let found = resolution::changeable(context, base_url, identifier, named).await?;
    if version.is_some_and(|version| version != found.client.version) {
        return Err(Fault::Changed);
    }
    // What is approved or denied is the client as it was read, whether or not its version was given.
    let as_read = version.is_some() || matches!(action, Action::Approve | Action::Deny);
    match first(context, found, action).await {
        Err(Fault::Core(Error::Contention)) if as_read => Err(Fault::Changed),
        Err(Fault::Core(Error::Contention)) => once(context, again(context, identifier).await?, action).await,
        outcome => outcome,
    }
}

/// Why a client is not brought back, or not as that version, as this door tells it.
pub(crate) fn of_restoring(fault: RestoreFault, version: Option<u64>) -> Fault {
    match fault {
        RestoreFault::Core(Error::Contention) if version.is_some() => Fault::Changed,
        RestoreFault::Core(error) => Fault::Core(error),
        RestoreFault::Unrestorable(Unrestorable::Unknown) => Fault::Core(Error::UnknownClient),
        RestoreFault::Unrestorable(reason) => Fault::Conflict(reason.as_str()),
    }
}

/// As [`once`], of the client as it was found: of one that is known by its document alone a lock is all that is decided.
async fn first(context: &Context<'_>, found: Changeable, action: &Action) -> Result<Outcome, Fault> {
    let client = if *action == Action::Lock { found.stored(context).await? } else { found.client };
    once(context, client, action).await
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
            administration::remove(context, &client, false).await?;
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
