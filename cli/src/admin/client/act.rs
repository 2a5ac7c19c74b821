//! What an operator decides about one client.

use anyhow::{Result, bail};
use reqwest::Method;
use serde_json::Map;
use shared::administration;

use super::Which;
use crate::admin::api::{Api, Asking};
use crate::admin::asked::Asked;
use crate::admin::desk::absent;
use crate::admin::{Connection, Output};

/// What is decided.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Lock,
    Unlock,
    Approve {
        /// The only version of which it is true.
        version: Option<u64>,
    },
    Deny,
    Retain,
    Release,
    Restore,
}

pub(super) async fn run(which: &Which, act: Act, asked: &Asked, output: &Output) -> Result<()> {
    let was_pending = match asked {
        Asked::Table(connection) => in_table(which, act, connection).await?,
        Asked::Api(api) => by_api(which, act, api).await?,
    };
    output.done(&format!("Client {} {}.", which.client_id, act.told(was_pending)));
    Ok(())
}

impl Act {
    /// Its name at the API.
    fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Approve { .. } => "approve",
            Self::Deny => "deny",
            Self::Retain => "retain",
            Self::Release => "release",
            Self::Restore => "restore",
        }
    }

    /// What has become of the client.
    fn told(self, was_pending: bool) -> &'static str {
        match self {
            Self::Lock => "is locked",
            Self::Unlock => "is unlocked",
            Self::Approve { .. } if was_pending => "is approved",
            Self::Approve { .. } => "is vouched for",
            Self::Deny => "is denied",
            Self::Retain => "stays though nobody uses it",
            Self::Release => "ends if nobody uses it, as the policy says",
            Self::Restore => "is back",
        }
    }
}

/// Whether the client waited for approval, where that matters.
async fn by_api(which: &Which, act: Act, api: &Api) -> Result<bool> {
    let (service, path) = which.path(api).await?;
    let (mut body, mut was_pending) = (Map::new(), false);
    if let Act::Approve { version } = act {
        // What is approved is what was seen, here or by whoever names the version.
        let client = api.get(&[&service, "clients", &path]).await?;
        was_pending = client.contains_key("pending_until");
        let version = version.map(Into::into).or_else(|| client.get("version").cloned());
        body.extend(version.map(|version| ("version".to_owned(), version)));
    }
    let asking = Asking::new(Method::POST, &[&service, "clients", &path, act.name()]).sending(body);
    api.ask(asking).await?;
    Ok(was_pending)
}

/// The same.
async fn in_table(which: &Which, act: Act, connection: &Connection) -> Result<bool> {
    let (desk, client_id) = (which.desk(connection).await?, &which.client_id);
    let context = desk.context();
    let absent = |error| absent(error, client_id);
    match act {
        Act::Lock | Act::Unlock => {
            let (locked, named) = (matches!(act, Act::Lock), desk.named(client_id).await?);
            if locked || named.client.is_some() || named.document.is_some() {
                let client = desk.to_change(client_id, named).await?;
                administration::lock(&context, client, locked).await.map_err(absent)?;
            } else {
                administration::unlock_deleted(&context, client_id).await.map_err(absent)?;
            }
        }
        Act::Approve { version } => {
            let client = desk.known(client_id).await?;
            if version.is_some_and(|version| version != client.version) {
                bail!("{client_id} is changed since: look at it again, it has version {}", client.version);
            }
            let was_pending = client.pending_until.is_some();
            administration::approve(&context, client).await.map_err(absent)?;
            return Ok(was_pending);
        }
        Act::Deny => {
            let client = desk.known(client_id).await?;
            if client.pending_until.is_none() {
                bail!("{client_id} does not wait for approval; to delete it: registrar client delete");
            }
            administration::delete(&context, &client).await.map_err(absent)?;
        }
        Act::Retain | Act::Release => {
            let client = desk.known(client_id).await?;
            if !client.source.ends_unused() {
                bail!("{client_id} does not end by itself if nobody uses it: only what has registered itself does");
            }
            administration::retain(&context, client, matches!(act, Act::Retain)).await.map_err(absent)?;
        }
        Act::Restore => administration::restore(&context, client_id).await.map_err(absent)?,
    }
    Ok(false)
}
