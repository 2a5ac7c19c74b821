//! `registrar grant`: what users have let clients have. Operators' own tokens are `registrar token`.

mod by_api;

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use anyhow::Result;
use authorization::grant::{self, Grant};
use authorization::management;
use authorization::rules::Rules;
use authorization::{Authorization, Context};
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;

use super::asked::Asked;
use super::consent::Consent;
use super::desk::Desk;
use super::output::date;
use super::{Output, operator};
use crate::failure::{Failure, described};
use crate::print;

/// How many rows a table has unless it shall have more.
const ROWS: usize = 100;

#[derive(Subcommand)]
pub enum Command {
    /// List what users have let clients have: of a user, of a client, or of both.
    List {
        /// The service.
        service: u64,
        #[command(flatten)]
        whose: Whose,
        /// How many at the most [default: 100 for people, all as JSON].
        #[arg(long, value_parser = clap::value_parser!(u64).range(1..))]
        limit: Option<u64>,
    },
    /// Show what a user has let a client have: the scopes, and the authorizations that live; never a token.
    Show {
        /// The service.
        service: u64,
        /// The client, by its `client_id`, number or alias.
        #[arg(long, allow_hyphen_values = true)]
        client: String,
        /// The user, as the authorization server names them.
        #[arg(long, allow_hyphen_values = true)]
        subject: String,
    },
    /// End what a user has let a client have, or all that a client has, or all that a user has let any client have.
    ///
    /// Tokens and codes end at once. Where a user is named, the scopes are forgotten as well, so that the user is asked
    /// again. Where only a client is named, the tokens of its own authority end, too.
    Revoke {
        /// The service.
        service: u64,
        #[command(flatten)]
        whose: Whose,
        #[command(flatten)]
        consent: Consent,
    },
}

/// Whose grants.
#[derive(Args)]
#[group(required = true, multiple = true)]
pub struct Whose {
    /// A client, by its `client_id`, number or alias.
    #[arg(long, allow_hyphen_values = true)]
    client: Option<String>,
    /// A user, as the authorization server names them.
    #[arg(long, allow_hyphen_values = true)]
    subject: Option<String>,
}

pub(super) async fn run(command: Command, asked: &Asked, output: &Output) -> Result<()> {
    let connection = match asked {
        Asked::Table(connection) => connection,
        Asked::Api(api) => return by_api::run(command, api, output).await,
    };
    let (Command::List { service, .. } | Command::Show { service, .. } | Command::Revoke { service, .. }) = &command;
    let desk = Desk::at(*service, connection).await?;
    let (rules, origin) = (Rules::default(), operator());
    let office = Office { desk: &desk, context: desk.authorizations(&rules, &origin) };
    match command {
        Command::List { whose, limit, .. } => list(&whose, limit, &office, output).await,
        Command::Show { client, subject, .. } => show(&client, &subject, &office, output).await,
        Command::Revoke { whose, consent, .. } => revoke(&whose, &consent, &office, output).await,
    }
}

/// A service, and its authorizations.
struct Office<'o> {
    desk: &'o Desk,
    context: Context<'o>,
}

/// Who has something of users: a client, which may be gone.
struct Holder {
    number: u64,
    client: Option<RegisteredClient>,
}

/// A grant of which something is left.
struct Left {
    grant: Grant,
    live: Vec<Authorization>,
}

async fn list(whose: &Whose, limit: Option<u64>, office: &Office<'_>, output: &Output) -> Result<()> {
    let usual = if output.is_json() { usize::MAX } else { ROWS };
    let most = limit.map_or(usual, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    let grants = office.grants(whose, most.saturating_add(1)).await?;
    let mut clients: HashMap<u64, Holder> = HashMap::new();
    let (mut rows, mut is_cut) = (Vec::new(), false);
    for grant in grants {
        let holder = match clients.entry(grant.client) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let number = new.key().to_string();
                new.insert(office.holder(&number).await?)
            }
        };
        let Some(left) = office.left(grant, holder).await? else { continue };
        if rows.len() == most {
            is_cut = true;
            break;
        }
        rows.push(row(&left, holder));
    }
    print_list(&rows, is_cut, output)
}

fn print_list(rows: &[Map<String, Value>], is_cut: bool, output: &Output) -> Result<()> {
    output.rows(&["client_id", "client", "subject", "live", "scopes", "granted"], rows)?;
    if is_cut {
        print::complain("There are more: --limit");
    }
    Ok(())
}

async fn show(client: &str, subject: &str, office: &Office<'_>, output: &Output) -> Result<()> {
    let holder = office.holder(client).await?;
    let left = office.left_of(&holder, client, subject).await?;
    let is_held = holder.client.as_ref().is_some_and(RegisteredClient::is_held);
    let live: Vec<Value> = left.live.iter().map(operator::grants::authorization).collect();
    let latest = left.grant.latest.as_ref().map(|latest| latest.as_slice().into());
    print_one(client, is_held, row(&left, &holder), latest, &live, output)
}

/// Prints a grant, and its authorizations as the API has them.
fn print_one(
    client: &str,
    is_held: bool,
    mut members: Map<String, Value>,
    latest_scopes: Option<Value>,
    live: &[Value],
    output: &Output,
) -> Result<()> {
    if is_held {
        print::complain(&format!("warning: the client {client} is locked, or waits for approval: none of it works"));
    }
    members.extend(latest_scopes.map(|scopes| ("latest_scopes".to_owned(), scopes)));
    let live: Vec<Map<String, Value>> = live.iter().filter_map(Value::as_object).map(authorization).collect();
    if output.is_json() {
        members.insert("authorizations".to_owned(), live.into_iter().map(Value::Object).collect());
        return output.one(&members);
    }
    output.one(&members)?;
    for members in &live {
        output.done("");
        output.one(members)?;
    }
    Ok(())
}

async fn revoke(whose: &Whose, consent: &Consent, office: &Office<'_>, output: &Output) -> Result<()> {
    let Office { desk, context } = office;
    let service = desk.service.id;
    let count = match (&whose.client, &whose.subject) {
        (Some(client), None) => {
            let known = desk.found(client).await?.ok_or_else(|| no_client(client))?;
            whose.ask(service, &known.client_id, consent)?;
            let known = desk.to_change(client, desk.named_somehow(client).await?).await?;
            management::end_all_of_client(context, known.numeric_id).await.map_err(described)?
        }
        (Some(client), Some(subject)) => {
            let left = office.left_of(&office.holder(client).await?, client, subject).await?;
            whose.ask(service, "", consent)?;
            office.end(&left.grant).await?
        }
        (None, _) => {
            let grants = office.grants(whose, usize::MAX).await?;
            whose.ask(service, &grants.len().to_string(), consent)?;
            let mut count = 0;
            for grant in &grants {
                count += office.end(grant).await?;
            }
            count
        }
    };
    whose.tell(count, output)
}

impl Whose {
    /// Asks before all of it ends; `more` is the client's identifier, or how many grants a user has made.
    fn ask(&self, service: u64, more: &str, consent: &Consent) -> Result<()> {
        let (what, name) = match (&self.client, &self.subject) {
            (Some(client), None) => {
                (format!("all tokens of client {more:?} of service {service}, whoever's they are"), client)
            }
            (Some(client), Some(subject)) => {
                (format!("what user {subject:?} has let client {client:?} of service {service} have"), subject)
            }
            (None, Some(subject)) => {
                (format!("what user {subject:?} has let clients of service {service} have, {more} of them"), subject)
            }
            (None, None) => return Ok(()),
        };
        consent.to_delete(&what, None, name)
    }

    /// Says that it has ended, and how many authorizations worked.
    fn tell(&self, count: usize, output: &Output) -> Result<()> {
        let whose = [("client", &self.client), ("subject", &self.subject)];
        let named = whose.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.as_deref()?.into())));
        let facts = named.chain([("ended".to_owned(), count.into())]).collect();
        output.told(&self.ended(count), &facts)
    }

    fn ended(&self, count: usize) -> String {
        match (&self.client, &self.subject) {
            (Some(client), None) => {
                format!("All tokens of client {client} are ended; authorizations that worked: {count}.")
            }
            (Some(client), Some(subject)) => {
                format!(
                    "What user {subject} had let client {client} have is ended; authorizations with tokens: {count}."
                )
            }
            (None, subject) => {
                let subject = subject.as_deref().unwrap_or_default();
                format!("What user {subject} had let clients have is ended; authorizations with tokens: {count}.")
            }
        }
    }

    /// That there is nothing.
    fn nothing(&self, service: u64) -> Failure {
        match (&self.client, &self.subject) {
            (Some(client), Some(subject)) => Failure::not_found(format!(
                "user {subject} has let client {client} have nothing: `registrar grant list {service} --subject {subject}` \
                 shows which clients have something"
            )),
            (_, subject) => Failure::not_found(format!(
                "user {} has let no client of service {service} have anything: a user is named as the authorization server \
                 does in its requests",
                subject.as_deref().unwrap_or_default()
            )),
        }
    }
}

impl Office<'_> {
    /// The client of that identifier, number or alias. One that is gone may still have something: it has the number then.
    async fn holder(&self, identifier: &str) -> Result<Holder> {
        let client = self.desk.found(identifier).await?;
        let number =
            client.as_ref().map_or_else(|| self.desk.service.numeric_id(identifier), |client| client.numeric_id);
        Ok(Holder { number, client })
    }

    /// The grants that are meant: at least one of a user; those of a client that there is may be none.
    async fn grants(&self, whose: &Whose, at_most: usize) -> Result<Vec<Grant>> {
        let context = &self.context;
        match (&whose.client, &whose.subject) {
            (Some(client), None) => {
                let holder = self.holder(client).await?;
                let grants = management::grants_of_client(context, holder.number, at_most).await.map_err(described)?;
                if grants.is_empty() && holder.client.is_none() {
                    return Err(no_client(client).into());
                }
                Ok(grants)
            }
            (Some(client), Some(subject)) => {
                let left = self.left_of(&self.holder(client).await?, client, subject).await?;
                Ok(vec![left.grant])
            }
            (None, subject) => {
                let subject = subject.as_deref().unwrap_or_default();
                let grants = management::grants_of_subject(context, subject).await.map_err(described)?;
                if grants.is_empty() {
                    return Err(whose.nothing(self.desk.service.id).into());
                }
                Ok(grants)
            }
        }
    }

    /// What is left of a grant, if anything is: what works, but for a lock, and what is remembered.
    async fn left(&self, grant: Grant, holder: &Holder) -> Result<Option<Left>> {
        let mut live = grant::living(&self.context, &grant).await.map_err(described)?;
        let client =
            holder.client.clone().map(|client| RegisteredClient { locked: false, pending_until: None, ..client });
        live.retain(|authorization| authorization.works_for(&self.desk.service, client.as_ref()));
        live.sort_by_key(|authorization| std::cmp::Reverse(authorization.issued));
        let grant = holder.client.iter().fold(grant, Grant::of);
        let is_nothing = live.is_empty() && grant.latest.is_none();
        Ok((!is_nothing).then_some(Left { grant, live }))
    }

    /// What is left of what a user has let a client have, which must be something.
    async fn left_of(&self, holder: &Holder, client: &str, subject: &str) -> Result<Left> {
        let (context, number) = (&self.context, holder.number);
        let item = context.app.store.get(grant::key(context, number, subject)).await.map_err(described)?;
        let left = match item {
            Some(item) => self.left(grant::read(&item), holder).await?,
            None => None,
        };
        left.ok_or_else(|| {
            if holder.client.is_none() {
                return no_client(client).into();
            }
            let whose = Whose { client: Some(client.to_owned()), subject: Some(subject.to_owned()) };
            whose.nothing(self.desk.service.id).into()
        })
    }

    /// Ends a grant, and forgets what it was of. Answers how many authorizations had tokens.
    async fn end(&self, grant: &Grant) -> Result<usize> {
        let count = management::end_all(&self.context, grant).await.map_err(described)?;
        grant::forget_scopes(&self.context, grant.client, &grant.subject).await.map_err(described)?;
        Ok(count)
    }
}

fn no_client(client: &str) -> Failure {
    Failure::not_found(format!("there is no client {client}"))
}

/// A grant in a list.
fn row(left: &Left, holder: &Holder) -> Map<String, Value> {
    let Left { grant, live } = left;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if let Some(client) = &holder.client {
        put("client_id", client.client_id.as_str().into());
    }
    put("client", grant.client.into());
    put("subject", grant.subject.as_str().into());
    put("live", live.len().into());
    if grant.latest.is_some() {
        put("scopes", grant.merged.as_slice().into());
        put("granted", date(grant.modified / 1000).into());
    }
    members
}

/// An authorization as the API has it, with dates: its tokens by the identifiers by which they can be ended.
fn authorization(shown: &Map<String, Value>) -> Map<String, Value> {
    let dates = [
        ("made", "granted_at"),
        ("refreshed", "refreshed_at"),
        ("code_ends", "code_expires_at"),
        ("access_token_ends", "access_token_expires_at"),
        ("refresh_token_ends", "refresh_token_expires_at"),
    ];
    let end = |at: &Value| at.as_u64().map_or_else(|| "never".to_owned(), date);
    let dates = dates.into_iter().filter_map(|(here, name)| Some((here.to_owned(), end(shown.get(name)?).into())));
    let kept = ["grant_type", "scopes", "access_token_id", "refresh_token_id"];
    let kept = kept.into_iter().filter_map(|name| Some((name.to_owned(), shown.get(name)?.clone())));
    dates.chain(kept).collect()
}
