//! What an operator decides about one client.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::administration::{self, RestoreFault};
use shared::store::Unrestorable;

use super::{DELETED, Seen, ask_to_delete, shown};
use crate::admin::api::{Api, Asking, text};
use crate::admin::asked::Asked;
use crate::admin::consent::Consent;
use crate::admin::desk::{Desk, absent};
use crate::admin::{Connection, Output};
use crate::failure::{Failure, Kind, described};

/// What is decided.
pub(super) enum Act {
    Lock,
    Unlock,
    Approve,
    Deny { consent: Consent },
    Retain,
    Release,
    Restore,
}

/// What has become of a client, and how it stands now.
type Done = (&'static str, String);

pub(super) async fn run(seen: &Seen, act: Act, asked: &Asked, output: &Output) -> Result<()> {
    let (what, state) = match asked {
        Asked::Table(connection) => in_table(seen, &act, connection).await?,
        Asked::Api(api) => by_api(seen, &act, api).await?,
    };
    seen.which.tell(what, state, output)
}

impl Act {
    /// Its name at the API.
    fn name(&self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Approve => "approve",
            Self::Deny { .. } => "deny",
            Self::Retain => "retain",
            Self::Release => "release",
            Self::Restore => "restore",
        }
    }

    /// What has become of a client: one that waited for approval before, or waits for it now, is told apart, and so is one
    /// that is not there.
    fn told(&self, waits: bool, is_there: bool) -> &'static str {
        match self {
            Self::Lock => "is locked",
            Self::Unlock if !is_there => "is deleted, and unlocked: its registrant may come back",
            Self::Unlock if waits => "is unlocked, and waits for approval",
            Self::Unlock => "is unlocked",
            Self::Approve if waits => "is approved",
            Self::Approve => "is approved: its names are good",
            Self::Deny { .. } => "is denied, and deleted",
            Self::Retain if waits => "stays, and waits for approval without an end",
            Self::Retain => "stays though nobody uses it",
            Self::Release => "ends if nobody uses it, as the policy says",
            Self::Restore => "is back",
        }
    }
}

async fn by_api(Seen { which, version }: &Seen, act: &Act, api: &Api) -> Result<Done> {
    let (service, path) = which.path(api).await?;
    let waits = |client: &Map<String, Value>| client.contains_key("pending_until");
    let (mut version, mut waited) = (version.map(Value::from), false);
    if let Act::Approve | Act::Deny { .. } = act {
        let client = api.client(&service, &which.client_id).await?;
        waited = waits(&client);
        match act {
            Act::Deny { consent } if waited => ask_to_delete(&which.client_id, &client, consent)?,
            // What is approved is what was seen, here or by whoever names the version.
            _ => version = version.or_else(|| client.get("version").cloned()),
        }
    }
    let body = version.map(|version| ("version".to_owned(), version)).into_iter().collect();
    let asking = Asking::new(Method::POST, &[&service, "clients", &path, act.name()]).about(&which.client_id);
    let client = api.ask(asking.sending(body)).await?.members;
    let is_there = !client.is_empty();
    if is_there {
        text(&client, "client_id")?;
    } else if !matches!(act, Act::Deny { .. } | Act::Unlock) {
        return Err(Failure::new(Kind::Refused, "the API's answer lacks the client: is it the operators' API?").into());
    }
    let state = if is_there { shown::state(&client) } else { DELETED.to_owned() };
    Ok((act.told(waited || waits(&client), is_there), state))
}

async fn in_table(seen: &Seen, act: &Act, connection: &Connection) -> Result<Done> {
    let desk = seen.which.desk(connection).await?;
    let (waits, is_there) = decided(seen, act, &desk).await?;
    Ok((act.told(waits, is_there), seen.which.state(&desk).await?))
}

/// Whether the client waits for approval or has waited for it, and whether it is there.
async fn decided(seen: &Seen, act: &Act, desk: &Desk) -> Result<(bool, bool)> {
    let (context, client_id) = (desk.context(), &seen.which.client_id);
    let absent = |error| absent(error, client_id);
    match act {
        Act::Lock | Act::Unlock => {
            let (locked, named) = (matches!(act, Act::Lock), desk.named(client_id).await?);
            if !locked && named.client.is_none() && named.document.is_none() {
                administration::unlock_deleted(&context, client_id).await.map_err(absent)?;
                return Ok((false, false));
            }
            // One that nobody has decided anything about is not locked.
            let client = if locked { desk.to_change(client_id, named).await? } else { desk.known(client_id).await? };
            seen.is(&client)?;
            let waits = client.pending_until.is_some();
            let done = match seen.version {
                Some(_) => administration::lock_once(&context, client, locked).await,
                None => administration::lock(&context, client, locked).await,
            };
            done.map_err(absent)?;
            return Ok((waits, true));
        }
        Act::Approve => {
            let client = desk.known(client_id).await?;
            seen.is(&client)?;
            let waited = client.pending_until.is_some();
            administration::approve(&context, client).await.map_err(absent)?;
            return Ok((waited, true));
        }
        Act::Deny { consent } => {
            let client = desk.known(client_id).await?;
            seen.is(&client)?;
            if client.pending_until.is_none() {
                return Err(conflict(&format!(
                    "{client_id} does not wait for approval; to delete it: registrar client delete"
                )));
            }
            ask_to_delete(client_id, &client.record.metadata.to_members(), consent)?;
            let done = match seen.version {
                Some(_) => administration::delete_once(&context, &client).await,
                None => administration::delete(&context, &client).await,
            };
            done.map_err(absent)?;
        }
        Act::Retain | Act::Release => {
            let client = desk.known(client_id).await?;
            seen.is(&client)?;
            if !client.source.ends_unused() {
                return Err(conflict(&format!(
                    "{client_id} does not end by itself if nobody uses it: only what has registered itself does"
                )));
            }
            let (waits, retained) = (client.pending_until.is_some(), matches!(act, Act::Retain));
            let done = match seen.version {
                Some(_) => administration::retain_once(&context, client, retained).await,
                None => administration::retain(&context, client, retained).await,
            };
            done.map_err(absent)?;
            return Ok((waits, true));
        }
        Act::Restore => administration::restore(&context, client_id).await.map_err(unrestored)?,
    }
    Ok((false, true))
}

/// It does not stand so that this could be done.
fn conflict(sentence: &str) -> anyhow::Error {
    Failure::new(Kind::Conflict, sentence).into()
}

/// Why a client is not brought back.
fn unrestored(fault: RestoreFault) -> anyhow::Error {
    match fault {
        RestoreFault::Core(error) => described(error),
        RestoreFault::Unrestorable(Unrestorable::Unknown) => Failure::not_found(fault.to_string()).into(),
        RestoreFault::Unrestorable(_) => Failure::new(Kind::Conflict, fault.to_string()).into(),
    }
}
