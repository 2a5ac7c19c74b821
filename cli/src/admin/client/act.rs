//! What an operator decides about one client.

use anyhow::Result;
use operator::Fault;
use operator::action::{self, Action};
use reqwest::Method;
use serde_json::{Map, Value};

use super::{Seen, Which, shown};
use crate::admin::api::shape::{CLIENT, has, text};
use crate::admin::api::{Api, Asking, kind};
use crate::admin::asked::Asked;
use crate::admin::consent::Consent;
use crate::admin::desk::{Desk, absent};
use crate::admin::{Connection, Output};
use crate::failure::Failure;

/// How a client stands that is gone.
const DELETED: &str = "deleted";

/// A secret, as it is shown once.
const SECRET: &str = "client_secret";

/// A registration access token, as it is shown once.
const REGISTRATION_TOKEN: &str = "registration_access_token";

/// Does it, asks before if something is deleted, and says what has become of the client.
pub(super) async fn run(
    Seen { which, version }: &Seen,
    action: &Action,
    consent: Option<&Consent>,
    asked: &Asked,
    output: &Output,
) -> Result<()> {
    let waits = |client: &Map<String, Value>| client.contains_key("pending_until");
    let (mut version, mut waited) = (*version, false);
    if let Action::Approve | Action::Deny | Action::Delete { .. } = action {
        let client = match which.whole(asked).await {
            // It may be one that was deleted before.
            Err(error) if is_for_good(action) && Failure::is_no_client(&error, &which.client_id) => Map::new(),
            client => client?,
        };
        waited = waits(&client);
        if let Some(consent) = consent.filter(|_| waited || *action != Action::Deny) {
            ask_to_delete(&which.client_id, &client, consent)?;
        }
        // What is decided about is what was seen, here or by whoever names the version.
        version = version.or_else(|| client.get("version")?.as_u64());
    }
    let client = which.done(action, version, asked).await.map_err(|error| match action {
        Action::Restore if Failure::is_no_client(&error, &which.client_id) => {
            Failure::not_found(format!("{error}, and none that was deleted in the last thirty days")).into()
        }
        _ => error,
    })?;
    let is_there = !client.is_empty();
    let state = if is_there { shown::state(&client) } else { DELETED.to_owned() };
    let sentence = format!("Client {} {}.", which.client_id, told(action, waited || waits(&client), is_there));
    output.told(&sentence, &which.with("state", state.into()))
}

/// What has become of a client: one that waited for approval before, or waits for it now, is told apart, and so is one that is
/// not there.
fn told(action: &Action, waits: bool, is_there: bool) -> &'static str {
    match action {
        Action::Lock => "is locked",
        Action::Unlock if !is_there => "is deleted, and unlocked: its registrant may come back",
        Action::Unlock if waits => "is unlocked, and waits for approval",
        Action::Unlock => "is unlocked",
        Action::Approve if waits => "is approved",
        Action::Approve => "is approved: its names are good",
        Action::Deny => "is denied, and deleted",
        Action::Retain if waits => "stays, and waits for approval without an end",
        Action::Retain => "stays though nobody uses it",
        Action::Release => "ends if nobody uses it, as the policy says",
        Action::Restore => "is back",
        Action::Delete { for_good: true, .. } => "is deleted for good",
        Action::Delete { .. } => "is deleted",
        Action::RotateSecret { .. } => "has a new secret",
        Action::ReissueToken => "has a new registration access token",
    }
}

fn is_for_good(action: &Action) -> bool {
    matches!(action, Action::Delete { for_good: true, .. })
}

fn ask_to_delete(client_id: &str, client: &Map<String, Value>, consent: &Consent) -> Result<()> {
    let name = client.get("client_name").and_then(Value::as_str);
    let what = match name {
        Some(name) => format!("client {client_id:?}, {name:?}"),
        None => format!("client {client_id:?}"),
    };
    consent.to_delete(&what, name, client_id)
}

/// Replaces a secret, and prints the new one.
pub(super) async fn rotate_secret(
    Seen { which, version }: &Seen,
    overlap: Option<u64>,
    consent: &Consent,
    asked: &Asked,
    output: &Output,
) -> Result<()> {
    let has_secret = which.whole(asked).await?.contains_key("client_secret_expires_at");
    if has_secret && which.overlap(overlap, asked).await? == 0 {
        consent.to_end(&format!("the secret of client {:?} at once", which.client_id), &which.client_id)?;
    }
    which.make(&Action::RotateSecret { overlap }, *version, SECRET, asked, output).await
}

/// Replaces the token by which a client manages its registration, and prints the new one.
pub(super) async fn reissue_token(
    Seen { which, version }: &Seen,
    consent: &Consent,
    asked: &Asked,
    output: &Output,
) -> Result<()> {
    // Nothing that is shown of a client says whether it has one.
    which.whole(asked).await?;
    let what = format!("the registration access token of client {:?} at once", which.client_id);
    consent.to_end(&what, &which.client_id)?;
    which.make(&Action::ReissueToken, *version, REGISTRATION_TOKEN, asked, output).await
}

impl Which {
    /// Has something made for it, and prints that with its identifier.
    async fn make(
        &self,
        action: &Action,
        version: Option<u64>,
        member: &str,
        asked: &Asked,
        output: &Output,
    ) -> Result<()> {
        let made = self.done(action, version, asked).await?;
        let lost = format!(
            "Client {} {}, and nobody has it. Make another one by the same command.",
            self.client_id,
            told(action, false, true)
        );
        output.after(lost).one(&self.with(member, text(&made, member)?.into()))
    }

    /// What is told of it once something is done to it, or with `version` only to that one; nothing of one that is gone.
    async fn done(&self, action: &Action, version: Option<u64>, asked: &Asked) -> Result<Map<String, Value>> {
        match asked {
            Asked::Table(connection) => self.done_in_table(action, version, connection).await,
            Asked::Api(api) => self.done_by_api(action, version, api).await,
        }
    }

    async fn done_in_table(
        &self,
        action: &Action,
        version: Option<u64>,
        connection: &Connection,
    ) -> Result<Map<String, Value>> {
        let desk = match action {
            Action::RotateSecret { .. } => Desk::with_keys(connection.service(self.service).await?, connection).await?,
            _ => Desk::at(self.service, connection).await?,
        };
        let (context, base_url) = (desk.context(), desk.url());
        let named = desk.named(&self.client_id).await?;
        let done = Box::pin(action::perform(&context, base_url, &self.client_id, named, action, version)).await;
        let outcome = done.map_err(|fault| match fault {
            Fault::Core(error) => absent(error, &self.client_id),
            fault => {
                let (status, error, sentence) = fault.told();
                Failure::new(kind(status, error, &sentence), sentence).into()
            }
        })?;
        Ok(outcome.told(&context, base_url).unwrap_or_default())
    }

    async fn done_by_api(&self, action: &Action, version: Option<u64>, api: &Api) -> Result<Map<String, Value>> {
        let (service, path) = self.path(api).await?;
        let asking = if let Action::Delete { for_good, .. } = action {
            let asking = Asking::new(Method::DELETE, &[&service, "clients", &path]);
            asking.with("for_good", for_good.then_some(true)).with("version", version)
        } else {
            let overlap = if let Action::RotateSecret { overlap } = action { *overlap } else { None };
            let members = [("version", version), ("overlap", overlap)];
            let body = members.into_iter().filter_map(|(name, number)| Some((name.to_owned(), number?.into())));
            Asking::new(Method::POST, &[&service, "clients", &path, action.name()]).sending(body.collect())
        };
        let client = api.ask(asking.about(&self.client_id)).await?.members;
        match action {
            Action::Deny | Action::Delete { .. } | Action::Unlock if client.is_empty() => {}
            // What they make is looked for where it is printed.
            Action::RotateSecret { .. } | Action::ReissueToken => {}
            _ => has(&client, &CLIENT)?,
        }
        Ok(client)
    }

    /// For how many seconds an old secret works: none if the policy is not this token's to see.
    async fn overlap(&self, given: Option<u64>, asked: &Asked) -> Result<u64> {
        if let Some(overlap) = given {
            return Ok(overlap);
        }
        match asked {
            Asked::Table(connection) => Ok(connection.service(self.service).await?.policy().secret_overlap),
            Asked::Api(api) => {
                let policy = api.get(&[&self.service.to_string(), "policy"]).await.unwrap_or_default();
                Ok(policy.get("secret_overlap").and_then(Value::as_u64).unwrap_or_default())
            }
        }
    }

    /// Its identifier and what there is to say of it.
    fn with(&self, member: &str, value: Value) -> Map<String, Value> {
        let members = [("client_id", self.client_id.as_str().into()), (member, value)];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
    }
}
