//! `registrar client`.

mod act;
mod bulk;
pub(super) mod list;
mod prune;
mod resolve;
mod shown;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use operator::action::Action;
use operator::settable;
use operator::shown::WARNINGS;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::Error;
use shared::administration::{self, Draft};
use shared::client::RegisteredClient;
use shared::metadata::Submitted;
use shared::registry;

use super::api::shape::{rows, text};
use super::api::{Api, Asking};
use super::asked::Asked;
use super::consent::Consent;
use super::desk::{Desk, absent};
use super::input::Input;
use super::policy::{CHANGES, warnings};
use super::service::warn_of;
use super::token::duration;
use super::{Connection, Output};
use crate::failure::{Failure, Kind, described};
use crate::print;

#[derive(Subcommand)]
pub enum Command {
    /// Register a client, by the service's policy; its secret and its registration access token are shown this once.
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
    Lock(Seen),
    /// Unlock a client, or the name of one that was deleted while it was locked.
    Unlock(Seen),
    /// Approve a client that waits for it, or the names of one that does not.
    Approve(Seen),
    /// Deny a client that waits for approval: it is deleted, and can be restored for thirty days.
    Deny {
        #[command(flatten)]
        seen: Seen,
        #[command(flatten)]
        consent: Consent,
    },
    /// Let a client stay though nobody uses it.
    Retain(Seen),
    /// Let a client end again if nobody uses it, as the policy says; it lives anew.
    Release(Seen),
    /// Delete the clients that nobody uses: it shows how many there are, and asks.
    Prune(prune::Prune),
    /// Do the same to many clients, or only look to which of them it could be done; what is refused for one stops none of the
    /// others.
    Bulk(bulk::Bulk),
    /// Bring back a client that was deleted or pruned within the last thirty days.
    ///
    /// `client prune --undo` brings back all that were pruned.
    Restore(Which),
    /// Replace a client's secret, which is shown this once; the old one ends at once, or after the policy's overlap.
    RotateSecret {
        #[command(flatten)]
        seen: Seen,
        /// For how long the old one works beside the new one: 24h [default: as the policy says].
        #[arg(long, value_name = "DURATION", value_parser = duration)]
        overlap: Option<Duration>,
        /// The old one, and one that was there before it, end at once, whatever the policy says.
        #[arg(long, conflicts_with = "overlap")]
        at_once: bool,
        #[command(flatten)]
        consent: Consent,
    },
    /// Replace a client's registration access token, which is shown this once; the old one ends at once.
    ReissueToken {
        #[command(flatten)]
        seen: Seen,
        #[command(flatten)]
        consent: Consent,
    },
    /// Delete a client: its secret and its tokens end at once. For thirty days it can be restored, unless it was locked or
    /// comes back by itself.
    Delete {
        #[command(flatten)]
        seen: Seen,
        /// Keep nothing by which it could be restored.
        #[arg(long)]
        for_good: bool,
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
    /// The client, by its `client_id`, number or alias.
    #[arg(value_name = "CLIENT", allow_hyphen_values = true)]
    client_id: String,
}

/// A client as it was seen.
#[derive(Args)]
pub struct Seen {
    #[command(flatten)]
    which: Which,
    /// Only if it still is what was shown with that `version`: its registrant may have changed it since.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
    version: Option<u64>,
}

pub(super) async fn run(command: Command, asked: &Asked, output: &Output) -> Result<()> {
    match command {
        Command::Create { service, metadata } => create(service, metadata.object()?, asked, output).await,
        Command::List(list) => list::run(&list, asked, output).await,
        Command::Show(which) => print(which.whole(asked).await?, output),
        Command::Resolve(resolve) => resolve::run(resolve, asked.table()?, output).await,
        Command::Update { which, changes } => update(&which, &changes.object()?, asked, output).await,
        Command::Lock(seen) => act::run(&seen, &Action::Lock, None, asked, output).await,
        Command::Unlock(seen) => act::run(&seen, &Action::Unlock, None, asked, output).await,
        Command::Approve(seen) => act::run(&seen, &Action::Approve, None, asked, output).await,
        Command::Deny { seen, consent } => act::run(&seen, &Action::Deny, Some(&consent), asked, output).await,
        Command::Retain(seen) => act::run(&seen, &Action::Retain, None, asked, output).await,
        Command::Release(seen) => act::run(&seen, &Action::Release, None, asked, output).await,
        Command::Bulk(bulk) => bulk::run(&bulk, asked, output).await,
        Command::Prune(prune) => prune::run(&prune, asked, output).await,
        Command::Restore(which) => {
            act::run(&Seen { which, version: None }, &Action::Restore, None, asked, output).await
        }
        Command::RotateSecret { seen, overlap, at_once, consent } => {
            let overlap = if at_once { Some(0) } else { overlap.map(|overlap| overlap.as_secs()) };
            act::rotate_secret(&seen, overlap, &consent, asked, output).await
        }
        Command::ReissueToken { seen, consent } => act::reissue_token(&seen, &consent, asked, output).await,
        Command::Delete { seen, for_good, consent } => {
            let action = Action::Delete { for_good, unused: None };
            act::run(&seen, &action, Some(&consent), asked, output).await
        }
    }
}

async fn create(service: u64, sent: Map<String, Value>, asked: &Asked, output: &Output) -> Result<()> {
    let metadata = shown::settable(&sent);
    let (created, client) = match asked {
        Asked::Table(connection) => {
            let desk = Desk::with_keys(connection.service(service).await?, connection).await?;
            settable::check_new(&metadata, desk.service.policy()).map_err(refused)?;
            let submitted = Submitted::from_members(metadata)?;
            let mut created = registry::register_for(&desk.context(), &submitted).await.map_err(described)?;
            let managed_at =
                |url: &String| format!("{}/{}", desk.service.registration_endpoint(url), created.client.client_id);
            created.registration_client_uri = desk.base_url.as_ref().map(managed_at);
            let client = shown::of(&created.client, desk.service.policy(), connection.clock.now());
            (created.to_members(), Ok(client))
        }
        Asked::Api(api) => {
            let path = [&service.to_string(), "clients"];
            let created = api.ask(Asking::new(Method::POST, &path).sending(metadata)).await?.members;
            let client_id = text(&created, "client_id")?.to_owned();
            // What is shown this once is shown, whatever comes of this.
            let client = Which { service, client_id }.whole(asked).await;
            (created, client.map(shown::displayed))
        }
    };
    match client {
        Ok(client) => warn_of_ignored(&sent, &client),
        Err(error) => print::complain(&format!("warning: whether all of it is registered is not known: {error:#}")),
    }
    let client_id = text(&created, "client_id")?;
    let lost = format!(
        "The client is registered, and nobody has its secret and its token. End it: \
         registrar client delete --service {service} {client_id}"
    );
    output.after(lost).one(&created)
}

async fn update(which: &Which, changes: &Map<String, Value>, asked: &Asked, output: &Output) -> Result<()> {
    let mut client = match asked {
        Asked::Table(connection) => update_in_table(which, changes, connection).await?,
        Asked::Api(api) => {
            let (service, path) = which.path(api).await?;
            let mut set = shown::settable(changes);
            set.extend(changes.get("version").map(|version| ("version".to_owned(), version.clone())));
            let asking = Asking::new(Method::PATCH, &[&service, "clients", &path]).sending(set);
            let mut updated = api.ask(asking.about(&which.client_id)).await?.members;
            let mut client = which.whole(asked).await?;
            for member in ["client_secret", WARNINGS] {
                client.extend(updated.remove_entry(member));
            }
            client
        }
    };
    warn_of(&warnings(&client));
    client.remove(WARNINGS);
    warn_of_ignored(changes, &shown::displayed(client.clone()));
    print(client, &output.after(format!("Client {} is changed.", which.client_id)))
}

async fn update_in_table(
    which: &Which,
    changes: &Map<String, Value>,
    connection: &Connection,
) -> Result<Map<String, Value>> {
    let desk = Desk::with_keys(connection.service(which.service).await?, connection).await?;
    let client = desk.known(&which.client_id).await?;
    let conflict = |sentence: &str| Err(Failure::new(Kind::Conflict, sentence).into());
    if !client.source.is_operators_to_change() {
        return conflict("others vouch for this client: it is not an operator's to change");
    }
    let version = changes.get("version");
    if version.is_some_and(|version| version.as_u64() != Some(client.version)) {
        return conflict(&operator::Fault::Changed.told().2);
    }
    let (policy, now) = (desk.service.policy(), connection.clock.now());
    let set = settable::differing(shown::settable(changes), &client, policy, now);
    settable::check(&set, policy).map_err(refused)?;
    let draft = |client: &RegisteredClient| Draft::patched(client, set.clone());
    let (before, after) = (client.record.metadata.to_metadata(), draft(&client).map_err(described)?.metadata);
    let lacking = settable::lacking(&before, &after, client.source).map_err(described)?;
    let updated = match version {
        Some(_) => administration::replace_once(&desk.context(), client, &draft).await,
        None => administration::replace(&desk.context(), client, draft).await,
    };
    match updated {
        Ok(updated) => {
            let mut client = operator::shown::whole(&updated.information.client, policy, now);
            client.append(&mut operator::shown::updated(&updated, lacking.as_ref(), policy, now));
            Ok(client)
        }
        Err(Error::Contention) if version.is_some() => conflict(&operator::Fault::Changed.told().2),
        Err(error) => Err(absent(error, &which.client_id)),
    }
}

fn refused(sentence: String) -> Failure {
    Failure::new(Kind::Refused, sentence)
}

impl Which {
    /// The way to it at the API: its service and what names it there.
    async fn path(&self, api: &Api) -> Result<(String, String)> {
        let service = self.service.to_string();
        let client = api.client_path(&service, &self.client_id).await?;
        Ok((service, client))
    }

    /// All that is known of it.
    async fn whole(&self, asked: &Asked) -> Result<Map<String, Value>> {
        match asked {
            Asked::Table(connection) => {
                let desk = Desk::at(self.service, connection).await?;
                let client = desk.known(&self.client_id).await?;
                Ok(operator::shown::whole(&client, desk.service.policy(), connection.clock.now()))
            }
            Asked::Api(api) => api.client(&self.service.to_string(), &self.client_id).await,
        }
    }
}

/// Tells an operator of members that were not registered, as a misspelt one; registrants are not told (RFC 7591 §2).
fn warn_of_ignored(sent: &Map<String, Value>, client: &Map<String, Value>) {
    // What each change changes, and what was sent before, are shown beside what is registered.
    let given = sent.iter().filter(|(name, value)| !value.is_null() && !TOLD.contains(&name.as_str()));
    let ignored = given.filter(|(name, value)| !shown::has(client, name, value));
    let ignored: Vec<&str> = ignored.map(|(name, _)| name.as_str()).collect();
    if !ignored.is_empty() {
        print::complain(&format!("warning: not registered: {}", ignored.join(", ")));
    }
}

/// What is shown of a client that is no setting of it: which change it is, and how it became what it is.
const TOLD: [&str; 3] = ["version", "sent", "changes"];

/// Prints a client, and what its registrant sent beside what became of it.
fn print(client: Map<String, Value>, output: &Output) -> Result<()> {
    let mut members = shown::displayed(client);
    if output.is_json() {
        return output.one(&members);
    }
    let changes = rows(&mut members, "changes");
    members.remove("sent");
    output.one(&members)?;
    if !changes.is_empty() {
        output.done("");
        output.done("What became of what was sent:");
        output.rows(&CHANGES, &changes)?;
    }
    Ok(())
}
