//! `registrar grant`: what users have let clients have. Operators' own tokens are `registrar token`.

mod by_api;

use anyhow::Result;
use authorization::Context;
use authorization::management::{self, Left};
use authorization::rules::Rules;
use clap::{Args, Subcommand};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::counted::counted;

use super::asked::Asked;
use super::consent::Consent;
use super::desk::Desk;
use super::output::date;
use super::{Output, operator};
use crate::failure::{Failure, described};
use crate::print;

/// How many grants are read at a time.
const PAGE: usize = 100;

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

async fn list(whose: &Whose, limit: Option<u64>, office: &Office<'_>, output: &Output) -> Result<()> {
    let (grants, is_cut) = office.grants(whose, output.most(limit)).await?;
    print_list(&grants.iter().map(|left| row(&operator::grants::shown(left))).collect::<Vec<_>>(), is_cut, output)
}

fn print_list(rows: &[Map<String, Value>], is_cut: bool, output: &Output) -> Result<()> {
    output.rows(&["client_id", "client", "subject", "live", "scopes", "granted"], rows)?;
    if is_cut {
        print::complain("There are more: --limit");
    }
    Ok(())
}

async fn show(client: &str, subject: &str, office: &Office<'_>, output: &Output) -> Result<()> {
    let whose = Whose { client: Some(client.to_owned()), subject: Some(subject.to_owned()) };
    let (grants, _) = office.grants(&whose, 1).await?;
    let Some(left) = grants.first() else { return Err(whose.nothing(office.desk.service.id).into()) };
    let is_held = left.client.as_ref().is_some_and(RegisteredClient::is_held);
    print_one(client, is_held, &operator::grants::shown(left), output)
}

/// Prints a grant, and its authorizations as the API has them.
fn print_one(client: &str, is_held: bool, grant: &Map<String, Value>, output: &Output) -> Result<()> {
    if is_held {
        print::complain(&format!("warning: the client {client} is locked, or waits for approval: none of it works"));
    }
    let mut members = row(grant);
    members.extend(grant.get("latest_scopes").map(|scopes| ("latest_scopes".to_owned(), scopes.clone())));
    let live = grant.get("authorizations").and_then(Value::as_array).into_iter().flatten();
    let live: Vec<Map<String, Value>> = live.filter_map(Value::as_object).map(authorization).collect();
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
            let known = desk.found(client).await?.ok_or_else(|| Failure::no_client(client))?;
            whose.ask(service, &known.client_id, consent)?;
            let known = desk.to_change(client, desk.named(client).await?).await?;
            management::end_all_of_client(context, known.numeric_id).await.map_err(described)?
        }
        (_, Some(_)) => {
            let (grants, is_cut) = office.grants(whose, PAGE).await?;
            whose.ask(service, &how_many(grants.len(), is_cut), consent)?;
            management::end_all(context, office.whose(whose).await?.0).await.map_err(described)?
        }
        (None, None) => 0,
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
            (None, Some(subject)) => (
                format!("what user {subject:?} has let clients of service {service} have, {}", counted(more, "grant")),
                subject,
            ),
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

    /// Whose grants are meant, and the client if one is named.
    async fn whose<'w>(&self, whose: &'w Whose) -> Result<(management::Whose<'w>, Option<Holder>)> {
        let subject = whose.subject.as_deref().unwrap_or_default();
        let Some(client) = &whose.client else { return Ok((management::Whose::Subject(subject), None)) };
        let holder = self.holder(client).await?;
        let number = holder.number;
        let meant = match &whose.subject {
            Some(subject) => management::Whose::Both(number, subject),
            None => management::Whose::Client(number),
        };
        Ok((meant, Some(holder)))
    }

    /// The grants that are meant, so many at the most, and whether there are more: at least one of a user; those of a client
    /// that there is may be none.
    async fn grants(&self, whose: &Whose, most: usize) -> Result<(Vec<Left>, bool)> {
        let (meant, holder) = self.whose(whose).await?;
        let (mut grants, mut cursor) = (Vec::new(), None::<String>);
        loop {
            let limit = PAGE.min(most - grants.len());
            let page = management::grants_left(&self.context, meant, cursor.as_deref(), limit).await;
            let page = page.map_err(described)?;
            grants.extend(page.grants);
            cursor = page.next;
            if cursor.is_none() || grants.len() >= most {
                break;
            }
        }
        match (&whose.client, holder) {
            (Some(client), Some(Holder { client: None, .. })) if grants.is_empty() => {
                Err(Failure::no_client(client).into())
            }
            _ if grants.is_empty() && whose.subject.is_some() => Err(whose.nothing(self.desk.service.id).into()),
            _ => Ok((grants, cursor.is_some())),
        }
    }
}

/// How many there are, for people.
fn how_many(count: usize, is_cut: bool) -> String {
    if is_cut { format!("more than {count}") } else { count.to_string() }
}

/// A grant in a list.
fn row(grant: &Map<String, Value>) -> Map<String, Value> {
    let of = |name: &str| grant.get(name).cloned();
    let live = of("authorizations").and_then(|live| Some(live.as_array()?.len()));
    let granted = of("modified_at").and_then(|at| at.as_u64()).map(|at| date(at).into());
    let members = [
        ("client_id", of("client_id")),
        ("client", of("numeric_id")),
        ("subject", of("subject")),
        ("live", live.map(Value::from)),
        ("scopes", of("scopes")),
        ("granted", granted),
    ];
    members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
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
