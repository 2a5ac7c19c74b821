//! `registrar client`.

mod act;
pub(super) mod list;
mod prune;
mod resolve;
mod shown;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use operator::settable;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::Error;
use shared::administration::{self, Draft};
use shared::client::{RegisteredClient, Source};
use shared::metadata::{ClientMetadata, Strictness, Submitted, verify};
use shared::registry::{self, strictness};

use super::api::{Api, Asking, rows_if_any, text};
use super::asked::Asked;
use super::consent::Consent;
use super::desk::{Desk, absent};
use super::input::Input;
use super::policy::CHANGES;
use super::token::duration;
use super::{Connection, Output};
use crate::failure::{Failure, Kind, described};
use crate::print;
use act::Act;

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
    Lock(Seen),
    /// Unlock a client, or the name of one that was deleted while it was locked.
    Unlock(Seen),
    /// Approve a client that waits for it, or the names of one that does not.
    Approve(Seen),
    /// Deny a client that waits for approval: it is deleted.
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
    /// Bring back a client that was deleted or pruned within the last thirty days.
    ///
    /// `client prune --undo` brings back all that were pruned.
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
    /// Delete a client: its secret and its token end at once. For thirty days it can be restored, unless it was locked or
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
    /// Its `client_id`.
    #[arg(allow_hyphen_values = true)]
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
        Command::Lock(seen) => act::run(&seen, Act::Lock, asked, output).await,
        Command::Unlock(seen) => act::run(&seen, Act::Unlock, asked, output).await,
        Command::Approve(seen) => act::run(&seen, Act::Approve, asked, output).await,
        Command::Deny { seen, consent } => act::run(&seen, Act::Deny { consent }, asked, output).await,
        Command::Retain(seen) => act::run(&seen, Act::Retain, asked, output).await,
        Command::Release(seen) => act::run(&seen, Act::Release, asked, output).await,
        Command::Prune(prune) => prune::run(&prune, asked, output).await,
        Command::Restore(which) => act::run(&Seen { which, version: None }, Act::Restore, asked, output).await,
        Command::RotateSecret { which, overlap, at_once, consent } => {
            let overlap = if at_once { Some(0) } else { overlap.map(|overlap| overlap.as_secs()) };
            rotate_secret(&which, overlap, &consent, asked, output).await
        }
        Command::ReissueToken { which, consent } => reissue_token(&which, &consent, asked, output).await,
        Command::Delete { seen, for_good, consent } => delete(&seen, for_good, &consent, asked, output).await,
    }
}

async fn create(service: u64, sent: Map<String, Value>, asked: &Asked, output: &Output) -> Result<()> {
    let metadata = shown::settable(&sent);
    let (created, client) = match asked {
        Asked::Table(connection) => {
            let desk = Desk::with_keys(connection.service(service).await?, connection).await?;
            settable::check(&metadata, desk.service.policy()).map_err(refused)?;
            let submitted = Submitted::from_members(metadata)?;
            let mut created = registry::register_for(&desk.context(), &submitted).await.map_err(described)?;
            let managed_at =
                |url: &String| format!("{}/{}", desk.service.registration_endpoint(url), created.client.client_id);
            created.registration_client_uri = desk.base_url.as_ref().map(managed_at);
            (created.to_members(), shown::of(&created.client, desk.service.policy(), connection.clock.now()))
        }
        Asked::Api(api) => {
            let path = [&service.to_string(), "clients"];
            let created = api.ask(Asking::new(Method::POST, &path).sending(metadata)).await?.members;
            let client_id = text(&created, "client_id")?.to_owned();
            let client = Which { service, client_id }.of_api(api).await?;
            (created, shown::displayed(client))
        }
    };
    warn_of_ignored(&sent, &client);
    output.one(&created)
}

async fn update(which: &Which, changes: &Map<String, Value>, asked: &Asked, output: &Output) -> Result<()> {
    let client = match asked {
        Asked::Table(connection) => update_in_table(which, changes, connection).await?,
        Asked::Api(api) => {
            let (service, path) = which.path(api).await?;
            let mut set = shown::settable(changes);
            set.extend(changes.get("version").map(|version| ("version".to_owned(), version.clone())));
            let asking = Asking::new(Method::PATCH, &[&service, "clients", &path]).sending(set);
            api.ask(asking.about(&which.client_id)).await?;
            which.of_api(api).await?
        }
    };
    warn_of_ignored(changes, &shown::displayed(client.clone()));
    print(client, output)
}

async fn update_in_table(
    which: &Which,
    changes: &Map<String, Value>,
    connection: &Connection,
) -> Result<Map<String, Value>> {
    let (desk, client) = which.at_desk(connection).await?;
    if !client.source.is_operators_to_change() {
        let sentence = format!("{} is vouched for by others: it is not an operator's to change", which.client_id);
        return Err(Failure::new(Kind::Conflict, sentence).into());
    }
    if changes.get("version").is_some_and(|version| version.as_u64() != Some(client.version)) {
        return Err(Failure::new(Kind::Conflict, "the client was changed since; look at it again").into());
    }
    let (policy, now) = (desk.service.policy(), connection.clock.now());
    let set = settable::differing(shown::settable(changes), &client, policy, now);
    settable::check(&set, policy).map_err(refused)?;
    let draft = |client: &RegisteredClient| Draft::patched(client, set.clone());
    let (before, after) = (client.record.metadata.to_metadata(), draft(&client).map_err(described)?.metadata);
    if after != before
        && let Err(fault) = allowed(&after, client.source)
    {
        // What operators make step by step is not complete yet; what was complete stays so.
        if allowed(&before, client.source).is_ok() {
            return Err(described(fault));
        }
        print::complain(&format!("warning: this client is not as the specifications have it yet: {fault}"));
    }
    let updated = administration::replace(&desk.context(), client, draft).await.map_err(described)?;
    Ok(operator::shown::whole(&updated.client, policy, now))
}

fn refused(sentence: String) -> Failure {
    Failure::new(Kind::Refused, sentence)
}

async fn rotate_secret(
    which: &Which,
    overlap: Option<u64>,
    consent: &Consent,
    asked: &Asked,
    output: &Output,
) -> Result<()> {
    let ask = || consent.to_end(&format!("the secret of client {:?} at once", which.client_id), &which.client_id);
    let secret = match asked {
        Asked::Table(connection) => {
            let (desk, client) = which.at_desk(connection).await?;
            if client.secret.is_some() && overlap.unwrap_or(desk.service.policy().secret_overlap) == 0 {
                ask()?;
            }
            let replaced = administration::replace_secret(&desk.context(), client, None, overlap).await;
            replaced.map_err(described)?.new.expose().into()
        }
        Asked::Api(api) => {
            let has_secret = which.of_api(api).await?.contains_key("client_secret_expires_at");
            if has_secret && which.overlap_of_api(overlap, api).await == 0 {
                ask()?;
            }
            let body = overlap.map(|overlap| ("overlap".to_owned(), overlap.into())).into_iter().collect();
            which.ask_for(api, "rotate-secret", body, SECRET).await?
        }
    };
    output.one(&which.with(SECRET, secret))
}

async fn reissue_token(which: &Which, consent: &Consent, asked: &Asked, output: &Output) -> Result<()> {
    let ask = || {
        let what = format!("the registration access token of client {:?} at once", which.client_id);
        consent.to_end(&what, &which.client_id)
    };
    let token = match asked {
        Asked::Table(connection) => {
            let (desk, client) = which.at_desk(connection).await?;
            if client.registration_access_token.is_some() {
                ask()?;
            }
            let token = administration::reissue_token(&desk.context(), client).await.map_err(described)?;
            token.expose().into()
        }
        Asked::Api(api) => {
            // The API does not say who has one.
            which.of_api(api).await?;
            ask()?;
            which.ask_for(api, "reissue-token", Map::new(), REGISTRATION_TOKEN).await?
        }
    };
    output.one(&which.with(REGISTRATION_TOKEN, token))
}

async fn delete(seen: &Seen, for_good: bool, consent: &Consent, asked: &Asked, output: &Output) -> Result<()> {
    let Seen { which, version } = seen;
    let client_id = &which.client_id;
    let state = match asked {
        Asked::Table(connection) => {
            let desk = which.desk(connection).await?;
            if for_good && desk.found(client_id).await?.is_none() {
                ask_to_delete(client_id, &Map::new(), consent)?;
                let forgotten = administration::forget_deleted(&desk.context(), client_id).await;
                forgotten.map_err(|error| absent(error, client_id))?;
                return which.tell(FOR_GOOD, DELETED.to_owned(), output);
            }
            let client = desk.known(client_id).await?;
            seen.is(&client)?;
            ask_to_delete(client_id, &client.record.metadata.to_members(), consent)?;
            let deleted = administration::remove(&desk.context(), &client, for_good).await;
            deleted.map_err(|error| absent(error, client_id))?;
            which.state(&desk).await?
        }
        Asked::Api(api) => {
            let (service, path) = which.path(api).await?;
            let client = match api.client(&service, client_id).await {
                // It may be one that was deleted before.
                Err(error) if for_good && Failure::of(&error, Kind::Fault).kind == Kind::NotFound => Map::new(),
                client => client?,
            };
            ask_to_delete(client_id, &client, consent)?;
            let asking = Asking::new(Method::DELETE, &[&service, "clients", &path]).about(client_id);
            let asking = asking.with("for_good", for_good.then_some(true));
            api.ask(asking.with("version", version.or_else(|| client.get("version")?.as_u64()))).await?;
            DELETED.to_owned()
        }
    };
    which.tell(if for_good { FOR_GOOD } else { "is deleted" }, state, output)
}

fn ask_to_delete(client_id: &str, client: &Map<String, Value>, consent: &Consent) -> Result<()> {
    let name = client.get("client_name").and_then(Value::as_str);
    let what = match name {
        Some(name) => format!("client {client_id:?}, {name:?}"),
        None => format!("client {client_id:?}"),
    };
    consent.to_delete(&what, name, client_id)
}

impl Seen {
    /// Whether the client is the one that was seen.
    fn is(&self, client: &RegisteredClient) -> Result<()> {
        if self.version.is_some_and(|version| version != client.version) {
            let changed = format!("the client was changed since: it has version {} now", client.version);
            return Err(Failure::new(Kind::Conflict, changed).into());
        }
        Ok(())
    }
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
                let desk = self.desk(connection).await?;
                let client = desk.known(&self.client_id).await?;
                Ok(operator::shown::whole(&client, desk.service.policy(), connection.clock.now()))
            }
            Asked::Api(api) => self.of_api(api).await,
        }
    }

    async fn of_api(&self, api: &Api) -> Result<Map<String, Value>> {
        api.client(&self.service.to_string(), &self.client_id).await
    }

    /// How it stands now, in the table.
    async fn state(&self, desk: &Desk) -> Result<String> {
        let now = desk.found(&self.client_id).await?;
        let now = now.map(|client| operator::shown::client(&client, desk.service.policy(), 0));
        Ok(now.map_or_else(|| DELETED.to_owned(), |client| shown::state(&client)))
    }

    /// Says what was done to it, and to scripts how it stands now.
    fn tell(&self, what: &str, state: String, output: &Output) -> Result<()> {
        let sentence = format!("Client {} {what}.", self.client_id);
        output.told(&sentence, &self.with("state", state.into()))
    }

    /// For how many seconds an old secret works: none if the policy is not this token's to see.
    async fn overlap_of_api(&self, given: Option<u64>, api: &Api) -> u64 {
        let policy = match given {
            Some(overlap) => return overlap,
            None => api.get(&[&self.service.to_string(), "policy"]).await,
        };
        policy.ok().and_then(|policy| policy.get("secret_overlap")?.as_u64()).unwrap_or_default()
    }

    /// What an action of the API has made for it.
    async fn ask_for(&self, api: &Api, action: &str, body: Map<String, Value>, member: &str) -> Result<Value> {
        let (service, path) = self.path(api).await?;
        let asking = Asking::new(Method::POST, &[&service, "clients", &path, action]).about(&self.client_id);
        Ok(text(&api.ask(asking.sending(body)).await?.members, member)?.into())
    }

    /// Its identifier and what has just been made for it.
    fn with(&self, member: &str, value: Value) -> Map<String, Value> {
        let members = [("client_id", self.client_id.as_str().into()), (member, value)];
        members.map(|(name, value)| (name.to_owned(), value)).into_iter().collect()
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

/// What has become of one that nothing is kept of.
const FOR_GOOD: &str = "is deleted for good";

/// How a client stands that is gone.
const DELETED: &str = "deleted";

/// A secret, as it is shown once.
const SECRET: &str = "client_secret";

/// A registration access token, as it is shown once.
const REGISTRATION_TOKEN: &str = "registration_access_token";

/// Prints a client, and what its registrant sent beside what became of it.
fn print(client: Map<String, Value>, output: &Output) -> Result<()> {
    let mut members = shown::displayed(client);
    if output.is_json() {
        return output.one(&members);
    }
    let changes = rows_if_any(&mut members, "changes")?;
    members.remove("sent");
    output.one(&members)?;
    if !changes.is_empty() {
        output.done("");
        output.done("What became of what was sent:");
        output.rows(&CHANGES, &changes)?;
    }
    Ok(())
}
