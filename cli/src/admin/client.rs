//! `registrar client`.

pub(super) mod list;
mod prune;
mod resolve;

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Result, bail};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use shared::Error;
use shared::administration::{self, Draft, RestoreFault};
use shared::client::{ClientDocument, RegisteredClient, Source};
use shared::metadata::{ClientMetadata, Strictness, Submitted, verify};
use shared::policy::{Flag, Policy};
use shared::registry::{self, strictness};
use shared::store::Unrestorable;

use super::consent::Consent;
use super::desk::{Desk, absent};
use super::input::Input;
use super::output::date;
use super::policy::{CHANGES, rows};
use super::token::duration;
use super::{Connection, Output};
use crate::failure::{Failure, Kind, described};
use crate::print;

#[derive(Subcommand)]
pub enum Command {
    /// Register a client, by the service's policy; its secret and its token are shown this once.
    Create {
        /// The service.
        #[arg(long)]
        service: u64,
        /// Its metadata as JSON (RFC 7591); `-` is standard input.
        #[arg(value_name = "FILE")]
        metadata: Input,
    },
    /// List a service's clients, oldest first; as JSON one a line.
    List(list::List),
    /// Show what a client registered, or its metadata document as it is kept; never its secret.
    Show(Which),
    /// Fetch the metadata document behind a client's URL, and show what each step of a look-up would make of it; nothing
    /// is kept.
    Resolve(resolve::Resolve),
    /// Change what a client registered; what is not given stays, null removes.
    Update {
        #[command(flatten)]
        which: Which,
        /// Members of its metadata as JSON; `-` is standard input.
        #[arg(value_name = "FILE")]
        changes: Input,
    },
    /// Lock a client: its registrant can neither read nor change nor delete it, until it is unlocked.
    Lock(Which),
    /// Unlock a client, or the name of one that was deleted while it was locked.
    Unlock(Which),
    /// Approve a client that waits for it, or vouch for the names of one that does not.
    Approve {
        #[command(flatten)]
        which: Which,
        /// Only if it still is what was shown with that `version`: its registrant may have changed it since.
        #[arg(long)]
        version: Option<u64>,
    },
    /// Deny a client that waits for approval: it is deleted.
    Deny {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
    /// Let a client stay though nobody uses it.
    Retain(Which),
    /// Let a client end again if nobody uses it, as the policy says; it lives anew.
    Release(Which),
    /// Delete the clients that nobody uses: it shows how many there are, and asks.
    Prune(prune::Prune),
    /// Bring back a client that was pruned within the last thirty days.
    ///
    /// `client prune --undo` brings back all that were.
    Restore(Which),
    /// Replace a client's secret, which is shown this once; the old one ends at once, or after the policy's overlap.
    RotateSecret {
        #[command(flatten)]
        which: Which,
        /// For how long the old one works beside the new one: 24h [default: as the policy says].
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        overlap: Option<Duration>,
        /// The old one, and one that was there before it, end at once, whatever the policy says.
        #[arg(long, conflicts_with = "overlap")]
        at_once: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Replace the token by which a client manages its registration, which is shown this once; the old one ends at once.
    ReissueToken {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete a client: its secret and its token end at once.
    Delete {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
}

/// A client.
#[derive(Args)]
pub struct Which {
    /// The service.
    #[arg(long)]
    service: u64,
    /// Its `client_id`.
    #[arg(allow_hyphen_values = true)]
    client_id: String,
}

pub(super) async fn run(command: Command, connection: &Connection, output: &Output) -> Result<()> {
    match command {
        Command::Create { service, metadata } => create(service, metadata.object()?, connection, output).await,
        Command::List(list) => list::run(&list, connection, output).await,
        Command::Show(which) => {
            let desk = which.desk(connection).await?;
            let client = desk.known(&which.client_id).await?;
            show(&client, desk.service.policy(), output)
        }
        Command::Resolve(resolve) => resolve::run(resolve, connection, output).await,
        Command::Update { which, changes } => update(&which, &changes.object()?, connection, output).await,
        Command::Lock(which) => {
            let desk = which.desk(connection).await?;
            let client = desk.to_change(&which.client_id, desk.named(&which.client_id).await?).await?;
            administration::lock(&desk.context(), client, true).await.map_err(described)?;
            which.tell("is locked", &desk, output).await
        }
        Command::Unlock(which) => unlock(&which, connection, output).await,
        Command::Approve { which, version } => approve(&which, version, connection, output).await,
        Command::Deny { which, consent } => deny(&which, &consent, connection, output).await,
        Command::Retain(which) => retain(&which, true, connection, output).await,
        Command::Release(which) => retain(&which, false, connection, output).await,
        Command::Prune(prune) => prune::run(&prune, connection, output).await,
        Command::Restore(which) => {
            let desk = which.desk(connection).await?;
            administration::restore(&desk.context(), &which.client_id).await.map_err(unrestored)?;
            which.tell("is back", &desk, output).await
        }
        Command::RotateSecret { which, overlap, at_once, consent } => {
            let (desk, client) = which.at_desk(connection).await?;
            let overlap = if at_once { Some(0) } else { overlap.map(|overlap| overlap.as_secs()) };
            if client.secret.is_some() && overlap.unwrap_or(desk.service.policy().secret_overlap) == 0 {
                consent.to_end(&format!("the secret of client {:?} at once", which.client_id), &which.client_id)?;
            }
            let replaced = administration::replace_secret(&desk.context(), client, None, overlap).await;
            let replaced = replaced.map_err(described)?;
            output.one(&which.with("client_secret", replaced.new.expose()))
        }
        Command::ReissueToken { which, consent } => {
            let (desk, client) = which.at_desk(connection).await?;
            if client.registration_access_token.is_some() {
                let what = format!("the registration access token of client {:?} at once", which.client_id);
                consent.to_end(&what, &which.client_id)?;
            }
            let token = administration::reissue_token(&desk.context(), client).await.map_err(described)?;
            output.one(&which.with("registration_access_token", token.expose()))
        }
        Command::Delete { which, consent } => delete(&which, &consent, connection, output).await,
    }
}

async fn create(service: u64, sent: Map<String, Value>, connection: &Connection, output: &Output) -> Result<()> {
    let desk = Desk::with_keys(connection.service(service).await?, connection).await?;
    let submitted = Submitted::from_members(sent.clone())?;
    let mut created = registry::register_for(&desk.context(), &submitted).await.map_err(described)?;
    let managed_at = |url: &String| format!("{}/{}", desk.service.registration_endpoint(url), created.client.client_id);
    created.registration_client_uri = desk.base_url.as_ref().map(managed_at);
    warn_of_ignored(&sent, &created.client, desk.service.policy());
    output.one(&created.to_members())
}

async fn update(which: &Which, changes: &Map<String, Value>, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client) = which.at_desk(connection).await?;
    if !client.source.is_operators_to_change() {
        bail!("{} is vouched for by others: it is not an operator's to change", which.client_id);
    }
    let draft = |client: &RegisteredClient| Draft::patched(client, changes.clone());
    if let Err(fault) = allowed(&draft(&client).map_err(described)?.metadata, client.source) {
        // What operators make step by step is not complete yet; what was complete stays so.
        if allowed(&client.record.metadata.to_metadata(), client.source).is_ok() {
            return Err(described(fault));
        }
        print::complain(&format!("warning: this client is not as the specifications have it yet: {fault}"));
    }
    let updated = administration::replace(&desk.context(), client, draft).await.map_err(described)?;
    warn_of_ignored(changes, &updated.client, desk.service.policy());
    show(&updated.client, desk.service.policy(), output)
}

async fn unlock(which: &Which, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client_id) = (which.desk(connection).await?, &which.client_id);
    let (context, named) = (desk.context(), desk.named(client_id).await?);
    if named.client.is_some() || named.document.is_some() {
        let client = desk.to_change(client_id, named).await?;
        let waits = client.pending_until.is_some();
        administration::lock(&context, client, false).await.map_err(|error| absent(error, client_id))?;
        return which
            .tell(if waits { "is unlocked, and waits for approval" } else { "is unlocked" }, &desk, output)
            .await;
    }
    administration::unlock_deleted(&context, client_id).await.map_err(|error| absent(error, client_id))?;
    which.tell("is deleted, and unlocked: its registrant may come back", &desk, output).await
}

async fn approve(which: &Which, version: Option<u64>, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client_id) = (which.desk(connection).await?, &which.client_id);
    let client = desk.known(client_id).await?;
    if version.is_some_and(|version| version != client.version) {
        bail!("{client_id} is changed since: look at it again, it has version {}", client.version);
    }
    let what = if client.pending_until.is_some() { "is approved" } else { "is vouched for" };
    administration::approve(&desk.context(), client).await.map_err(|error| absent(error, client_id))?;
    which.tell(what, &desk, output).await
}

async fn deny(which: &Which, consent: &Consent, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client_id) = (which.desk(connection).await?, &which.client_id);
    let client = desk.known(client_id).await?;
    if client.pending_until.is_none() {
        bail!("{client_id} does not wait for approval; to delete it: registrar client delete");
    }
    let (what, name) = in_words(&client, client_id);
    consent.to_delete(&what, name.as_deref(), client_id)?;
    administration::delete(&desk.context(), &client).await.map_err(|error| absent(error, client_id))?;
    which.tell("is denied, and deleted", &desk, output).await
}

async fn retain(which: &Which, retained: bool, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client_id) = (which.desk(connection).await?, &which.client_id);
    let client = desk.known(client_id).await?;
    if !client.ends_unused() {
        bail!("{client_id} does not end by itself if nobody uses it: only what has registered itself does");
    }
    administration::retain(&desk.context(), client, retained).await.map_err(|error| absent(error, client_id))?;
    let what = if retained { "stays though nobody uses it" } else { "ends if nobody uses it, as the policy says" };
    which.tell(what, &desk, output).await
}

async fn delete(which: &Which, consent: &Consent, connection: &Connection, output: &Output) -> Result<()> {
    let (desk, client_id) = (which.desk(connection).await?, &which.client_id);
    let client = desk.known(client_id).await?;
    let (what, name) = in_words(&client, client_id);
    consent.to_delete(&what, name.as_deref(), client_id)?;
    administration::delete(&desk.context(), &client).await.map_err(|error| absent(error, client_id))?;
    which.tell("is deleted", &desk, output).await
}

/// A client for whoever is asked about it, and its name.
fn in_words(client: &RegisteredClient, client_id: &str) -> (String, Option<String>) {
    let name = client.record.metadata.to_members().remove("client_name");
    match name.as_ref().and_then(Value::as_str) {
        Some(name) => (format!("client {client_id:?}, {name:?}"), Some(name.to_owned())),
        None => (format!("client {client_id:?}"), None),
    }
}

/// Why a client is not brought back.
fn unrestored(fault: RestoreFault) -> anyhow::Error {
    match fault {
        RestoreFault::Core(error) => described(error),
        RestoreFault::Unrestorable(Unrestorable::Unknown) => Failure::not_found(fault.to_string()).into(),
        RestoreFault::Unrestorable(_) => Failure::new(Kind::Conflict, fault.to_string()).into(),
    }
}

/// How a client stands, in a word or some.
fn state(client: &RegisteredClient) -> String {
    let words = [(client.locked, "locked"), (client.pending_until.is_some(), "pending"), (client.retained, "retained")];
    let said: Vec<&str> = words.into_iter().filter(|(is_so, _)| *is_so).map(|(_, word)| word).collect();
    if said.is_empty() { "active".to_owned() } else { said.join(" ") }
}

impl Which {
    /// Its service, where nothing is sealed, opened or fetched.
    async fn desk(&self, connection: &Connection) -> Result<Desk> {
        Desk::at(self.service, connection).await
    }

    /// The client, which must be known, and its service.
    async fn at_desk(&self, connection: &Connection) -> Result<(Desk, RegisteredClient)> {
        let desk = Desk::with_keys(connection.service(self.service).await?, connection).await?;
        let client = desk.known(&self.client_id).await?;
        Ok((desk, client))
    }

    /// Says what was done to it, and to scripts how it stands now.
    async fn tell(&self, what: &str, desk: &Desk, output: &Output) -> Result<()> {
        let sentence = format!("Client {} {what}.", self.client_id);
        if !output.is_json() {
            output.done(&sentence);
            return Ok(());
        }
        let now = desk.found(&self.client_id).await?.map_or_else(|| "deleted".to_owned(), |client| state(&client));
        output.told(&sentence, &self.with("state", &now))
    }

    /// Its identifier and what has just been made for it.
    fn with(&self, member: &str, value: &str) -> Map<String, Value> {
        let members = [("client_id", self.client_id.as_str()), (member, value)];
        members.map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect()
    }
}

/// Whether the specifications have such clients. Operators of Authlete may leave that for later, and the core lets them;
/// a client that registers or is registered here is complete.
fn allowed(metadata: &ClientMetadata, source: Source) -> Result<(), Error> {
    let strictness = match source {
        Source::AuthleteCreate => Strictness::Full,
        source => strictness(source),
    };
    verify(metadata.clone(), strictness).map(drop)
}

/// Tells an operator of members that were not registered, as a misspelt one; registrants are not told (RFC 7591 §2).
fn warn_of_ignored(sent: &Map<String, Value>, client: &RegisteredClient, policy: &Policy) {
    let (registered, own) = (client.record.metadata.to_members(), shown(client, policy));
    let has = |(name, value): &(&String, &Value)| registered.contains_key(*name) || own.get(*name) == Some(*value);
    // What each change changes, and what was sent before, are shown beside what is registered.
    let given = sent.iter().filter(|(name, value)| !value.is_null() && !TOLD.contains(&name.as_str()));
    let ignored: Vec<&str> = given.filter(|member| !has(member)).map(|(name, _)| name.as_str()).collect();
    if !ignored.is_empty() {
        print::complain(&format!("warning: not registered: {}", ignored.join(", ")));
    }
}

/// What is shown of a client that is no setting of it: which change it is, and how it became what it is.
const TOLD: [&str; 3] = ["version", "sent", "changes"];

/// A client, and what its registrant sent beside what became of it.
fn show(client: &RegisteredClient, policy: &Policy, output: &Output) -> Result<()> {
    let (mut members, changes) = (shown(client, policy), rows(&client.changes()));
    if output.is_json() {
        members.insert("sent".to_owned(), client.sent().into());
        members.insert("changes".to_owned(), changes.into_iter().map(Value::Object).collect());
        return output.one(&members);
    }
    output.one(&members)?;
    if !changes.is_empty() {
        output.done("");
        output.done("What became of what was sent:");
        output.rows(&CHANGES, &changes)?;
    }
    Ok(())
}

fn shown(client: &RegisteredClient, policy: &Policy) -> Map<String, Value> {
    let mut members = client.record.metadata.to_members();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("client_id", client.client_id.as_str().into());
    put("numeric_id", client.numeric_id.into());
    put("source", client.source.as_str().into());
    put("client_type", serde_json::to_value(client.record.client_type).unwrap_or_default());
    put("registered", date(client.record.issued_at_millis / 1000).into());
    put("version", client.version.into());
    put("state", state(client).into());
    put("locked", client.locked.into());
    if let Some(end) = client.ends_at() {
        put("expires", date(end).into());
    }
    if let Some(day) = &client.used {
        put("used", day.as_str().into());
    }
    if client.retained {
        put("retained", true.into());
    }
    if let Some(previous) = &client.previous_secret {
        put("previous_secret_until", date(previous.until).into());
    }
    if let Some(end) = client.pending_until {
        put("pending", date(end).into());
    }
    let flags: Vec<&str> = policy.flags(client).into_iter().map(Flag::as_str).collect();
    if !flags.is_empty() {
        put("flags", flags.into());
    }
    if let Some(document) = &client.record.metadata_document {
        put("metadata_document", told_of(document));
    }
    members
}

/// How old the copy of a metadata document is, and what the service thinks of its URL.
fn told_of(document: &ClientDocument) -> Value {
    let changed = document.changed.iter().map(|(member, millis)| (member.clone(), date(millis / 1000)));
    let changed: BTreeMap<String, String> = changed.collect();
    let mut told = json!({
        "trust": document.trust.as_str(),
        "copy": document.copy.as_str(),
        "first_seen": date(document.first_seen_millis / 1000),
        "changed": date(document.changed_at_millis / 1000),
        "changed_members": changed,
        "fetched": date(document.fetched_at_millis / 1000),
        "fresh_until": date(document.fresh_until),
    });
    if let (Some(told), Some(pattern)) = (told.as_object_mut(), &document.trusted_by) {
        told.insert("trusted_by".to_owned(), pattern.as_str().into());
    }
    told
}
