//! `registrar token`.

mod create;

use std::time::Duration;

use anyhow::Result;
use clap::{Args, Subcommand};
use reqwest::Method;
use serde_json::{Map, Value};
use shared::credentials::{Token, TokenHash, TokenKind};
use shared::store::TokenRecord;

use super::api::shape::{SERVICES, TOKENS, has, rows};
use super::api::{Api, Asking};
use super::asked::{Asked, needs_table};
use super::consent::Consent;
use super::output::date;
use super::{Connection, Output, input, operator};
use crate::failure::{Failure, described};
use crate::print;

/// The kinds of tokens that are administered here; a client's own belongs to its client.
const KINDS: [TokenKind; 4] =
    [TokenKind::Service, TokenKind::Organization, TokenKind::InitialAccess, TokenKind::ManageRegistration];

/// What is said to who gives a token where its identifier belongs.
const NOT_HERE: &str =
    "that is the token itself, which others may see here: give it with --token - on the standard input";

/// The longest that a token lasts, a hundred years.
const LONGEST: Duration = Duration::from_hours(36_500 * 24);

#[derive(Subcommand)]
pub enum Command {
    /// Create a token; it is shown this once.
    #[command(subcommand)]
    Create(create::Create),
    /// List the tokens of a service or of an organization.
    List(Owner),
    /// Replace a token by a new one with the same terms; the old one ends at once.
    Rotate {
        #[command(flatten)]
        which: Which,
        #[command(flatten)]
        consent: Consent,
    },
    /// End a token.
    Revoke {
        #[command(flatten)]
        which: Which,
        /// Its service, which the operators' API has to know where the token that asks works for several.
        #[arg(long)]
        service: Option<u64>,
        #[command(flatten)]
        consent: Consent,
    },
}

/// A token that is there.
#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Which {
    /// Its identifier, as listed.
    #[arg(allow_hyphen_values = true, value_parser = identifier)]
    id: Option<TokenHash>,
    /// A file with the token itself; - is the standard input.
    #[arg(long, value_name = "FILE", value_parser = token_file)]
    token: Option<String>,
}

#[derive(Args)]
#[group(required = true, multiple = false)]
pub struct Owner {
    /// The service.
    #[arg(long)]
    service: Option<u64>,
    /// The organization.
    #[arg(long, value_parser = super::service::organization)]
    organization: Option<String>,
}

pub(super) async fn run(command: Command, asked: &Asked, output: &Output) -> Result<()> {
    match command {
        Command::Create(create) => create::run(create, asked, output).await,
        Command::List(owner) => list(owner, asked, output).await,
        Command::Rotate { which, consent } => rotate(which, &consent, asked.table()?, output).await,
        Command::Revoke { which, service, consent } => revoke(which, service, &consent, asked, output).await,
    }
}

async fn revoke(which: Which, service: Option<u64>, consent: &Consent, asked: &Asked, output: &Output) -> Result<()> {
    let ask = |id: &str, owner: &str| consent.to_end(&format!("the token {id} of {owner}"), id);
    let hash = which.hash()?;
    let id = hash.to_text();
    let made = match asked {
        Asked::Table(connection) => {
            let token = existing(&hash, connection).await?;
            if service.is_some_and(|service| token.service_id != Some(service)) {
                return Err(no_token().into());
            }
            ask(&id, &owner_of(&token))?;
            let made = made_by(&id, beside(&token, connection).await);
            connection.store.revoke_token(&token, &operator()).await.map_err(described)?;
            made
        }
        Asked::Api(api) => {
            let service = match service {
                Some(service) => service,
                None => only_service(api).await?,
            };
            // Afterwards they cannot be read: it may be the one that asks.
            let tokens = of_service(service, api).await;
            let is_it = |token: &Map<String, Value>| token.get("id").and_then(Value::as_str) == Some(&id);
            if tokens.as_ref().is_ok_and(|tokens| !tokens.iter().any(is_it)) {
                return Err(no_token().into());
            }
            ask(&id, &format!("service {service}"))?;
            api.ask(Asking::new(Method::DELETE, &[&service.to_string(), "tokens", &id])).await?;
            made_by(&id, tokens)
        }
    };
    let facts = [("id".to_owned(), id.into()), ("state".to_owned(), "revoked".into())];
    output.told("The token is revoked.", &Map::from_iter(facts))?;
    warn_of(made);
    Ok(())
}

/// Where what a token has made may be: the tokens of its service, or of all services of its organization.
async fn beside(token: &TokenRecord, connection: &Connection) -> Result<Vec<Map<String, Value>>> {
    let services = match (token.service_id, &token.organization) {
        (None, Some(organization)) => {
            let services = connection.store.services(organization).await.map_err(described)?;
            services.iter().map(|service| service.id).collect()
        }
        (service, _) => Vec::from_iter(service),
    };
    let mut tokens = Vec::new();
    for service in services {
        tokens.extend(connection.store.service_tokens(service).await.map_err(described)?.iter().map(shown));
    }
    Ok(tokens)
}

/// Which of some tokens a token has made, and these, and so on. That they could not be read keeps no token from its end.
fn made_by(id: &str, tokens: Result<Vec<Map<String, Value>>>) -> Result<Vec<String>> {
    let tokens = tokens?;
    let text = |token: &Map<String, Value>, name: &str| token.get(name).and_then(Value::as_str).map(str::to_owned);
    let (mut makers, mut read) = (vec![id.to_owned()], 0);
    while let Some(maker) = makers.get(read).cloned() {
        let made = tokens.iter().filter(|token| text(token, "made_by").as_ref() == Some(&maker));
        let made: Vec<String> = made.filter_map(|token| text(token, "id")).filter(|id| !makers.contains(id)).collect();
        makers.extend(made);
        read += 1;
    }
    Ok(makers.split_off(1))
}

/// Says what has not ended with its maker.
fn warn_of(made: Result<Vec<String>>) {
    match made {
        Ok(made) if made.is_empty() => {}
        Ok(made) => print::complain(&format!(
            "warning: what it has made, and what that has made, still works:\n  {}",
            made.iter().map(|id| print::visible(id)).collect::<Vec<_>>().join("\n  ")
        )),
        Err(error) => print::complain(&format!("warning: whether it has made tokens is not known: {error}")),
    }
}

/// The service of the token that asks, if it is for one.
async fn only_service(api: &Api) -> Result<u64> {
    let mut who = api.get(&["whoami"]).await?;
    has(&who, &[SERVICES])?;
    let services = rows(&mut who, SERVICES.0);
    let number = |service: &Map<String, Value>| service.get("service_id")?.as_u64();
    match &services[..] {
        [service] => number(service),
        _ => None,
    }
    .ok_or_else(|| Failure::usage("the token that asks works for several services: give --service").into())
}

/// Makes a token, and gives what is shown of it this once.
async fn issued(token: &Token, record: &TokenRecord, connection: &Connection) -> Result<Map<String, Value>> {
    connection.store.create_token(record, &operator()).await.map_err(described)?;
    let mut members = shown(record);
    members.insert("token".to_owned(), token.expose().into());
    Ok(members)
}

/// Prints a token that is shown this once; where it cannot, `but` is said as well.
fn print_new(token: &Map<String, Value>, but: &str, output: &Output) -> Result<()> {
    let id = token.get("id").and_then(Value::as_str).unwrap_or_default();
    let service = token.get("service").map(|service| format!(" --service {service}")).unwrap_or_default();
    output
        .after(format!("The token is made, and nobody has it{but}. End it: registrar token revoke {id}{service}"))
        .one(token)
}

async fn rotate(which: Which, consent: &Consent, connection: &Connection, output: &Output) -> Result<()> {
    let old = existing(&which.hash()?, connection).await?;
    let id = old.hash.to_text();
    consent.to_end(&format!("the token {id} of {}, for a new one,", owner_of(&old)), &id)?;
    let token = Token::mint(old.kind, &connection.entropy).map_err(described)?;
    // Whoever has made the old one has not seen this one.
    let record =
        TokenRecord { hash: token.hash(), created_millis: connection.clock.now_millis(), made_by: None, ..old.clone() };
    let made = made_by(&id, beside(&old, connection).await);
    // The old one works until the new one is printed.
    print_new(&issued(&token, &record, connection).await?, "; the old one still works", output)?;
    connection.store.revoke_token(&old, &operator()).await.map_err(described)?;
    warn_of(made);
    Ok(())
}

/// Whose a token is.
fn owner_of(token: &TokenRecord) -> String {
    match (token.service_id, &token.organization) {
        (Some(service), _) => format!("service {service}"),
        (None, organization) => format!("organization {}", organization.as_deref().unwrap_or("-")),
    }
}

async fn list(owner: Owner, asked: &Asked, output: &Output) -> Result<()> {
    let rows = match (asked, owner.service) {
        (Asked::Table(connection), service) => {
            let tokens = match service {
                Some(service) => {
                    connection.service(service).await?;
                    connection.store.service_tokens(service).await.map_err(described)?
                }
                None => of_organization(&owner.organization.unwrap_or_default(), connection).await?,
            };
            tokens.iter().map(shown).collect()
        }
        (Asked::Api(api), Some(service)) => of_service(service, api).await?,
        (Asked::Api(_), None) => return Err(needs_table("the API has no tokens of organizations").into()),
    };
    output.rows(&["id", "kind", "permissions", "uses_left", "expires", "created", "made_by"], &rows)
}

/// The tokens of a service by the API, oldest first.
async fn of_service(service: u64, api: &Api) -> Result<Vec<Map<String, Value>>> {
    let asking = Asking::new(Method::GET, &[&service.to_string(), "tokens"]);
    let (tokens, _) = api.pages(&asking, TOKENS, usize::MAX).await?;
    Ok(tokens.into_iter().rev().map(|token| displayed(token, Some(service))).collect())
}

/// An organization is its services and its tokens: with neither, there is none.
async fn of_organization(organization: &str, connection: &Connection) -> Result<Vec<TokenRecord>> {
    let tokens = connection.store.organization_tokens(organization).await.map_err(described)?;
    if tokens.is_empty() && !has_services(organization, connection).await? {
        return Err(
            Failure::not_found(format!("there is no organization {organization}: no service is its own")).into()
        );
    }
    Ok(tokens)
}

async fn has_services(organization: &str, connection: &Connection) -> Result<bool> {
    Ok(connection.store.service_page(organization, 0, 1).await.map_err(described)?.total > 0)
}

async fn existing(hash: &TokenHash, connection: &Connection) -> Result<TokenRecord> {
    let known = connection.store.token_of_any_kind(hash).await.map_err(described)?;
    known.ok_or_else(|| no_token().into())
}

fn no_token() -> Failure {
    Failure::not_found("there is no such token")
}

impl Which {
    fn hash(self) -> Result<TokenHash> {
        match self {
            Self { id: Some(hash), .. } => Ok(hash),
            Self { token, .. } => presented(&token.unwrap_or_default()),
        }
    }
}

/// The identifier of a token that stands in a file: it is its hash.
fn presented(file: &str) -> Result<TokenHash> {
    let text = input::token_file(file)?;
    token_itself(text.trim()).ok_or_else(|| {
        let kinds = KINDS.map(TokenKind::prefix).join(", ");
        Failure::usage(format!(
            "--token takes a whole token of an operator or for registering, which begins with {kinds}"
        ))
        .into()
    })
}

fn token_itself(text: &str) -> Option<TokenHash> {
    KINDS.into_iter().find_map(|kind| Token::parse(kind, text)).map(|token| token.hash())
}

fn identifier(text: &str) -> Result<TokenHash, String> {
    if token_itself(text).is_some() {
        return Err(NOT_HERE.to_owned());
    }
    TokenHash::parse(text).ok_or_else(|| "a token's identifier is what `token list` shows".to_owned())
}

fn token_file(text: &str) -> Result<String, String> {
    if token_itself(text).is_some() { Err(NOT_HERE.to_owned()) } else { Ok(text.to_owned()) }
}

/// `1w`, `90d`, `2h30m`: whole seconds, at least one and at the most [`LONGEST`].
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|_| "a duration is 1w, 90d, 12h or 2h30m".to_owned())?;
    if duration > LONGEST {
        return Err("a duration is a hundred years at the most".to_owned());
    }
    if duration < Duration::from_secs(1) || duration.subsec_nanos() != 0 {
        return Err("a duration is of whole seconds, at least one second".to_owned());
    }
    Ok(duration)
}

/// A token of the table.
fn shown(token: &TokenRecord) -> Map<String, Value> {
    let mut members = displayed(operator::tokens::shown(token), token.service_id);
    members.extend(token.organization.as_ref().map(|name| ("organization".to_owned(), name.as_str().into())));
    members
}

/// A token as the API has it, with dates.
fn displayed(mut members: Map<String, Value>, service: Option<u64>) -> Map<String, Value> {
    let id = members.remove("token").map(|id| ("id".to_owned(), id));
    let mut time = |name: &str| members.remove(name).and_then(|at| at.as_u64()).map(|at| date(at).into());
    let (created, expires) = (time("created_at"), time("expires_at"));
    let dates = [("created", created), ("expires", expires), ("service", service.map(Value::from))];
    members.extend(id);
    members.extend(dates.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    members
}

#[cfg(test)]
mod tests {
    use shared::entropy::Entropy;

    use super::*;

    #[test]
    fn durations_are_as_people_write_them() {
        for (text, seconds) in [
            ("90d", 7_776_000),
            ("45s", 45),
            ("1w", 604_800),
            ("2h30m", 9000),
            ("2h 30m", 9000),
            ("1day", 86_400),
            ("36500d", 3_153_600_000),
        ] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        for (wrong, part) in [
            ("", "90d"),
            ("d", "90d"),
            ("-1d", "90d"),
            ("5", "90d"),
            ("5q", "90d"),
            ("5\u{e9}", "90d"),
            ("99999999999999999999d", "90d"),
            ("18446744073709551615w", "90d"),
            ("0d", "at least one second"),
            ("0s", "at least one second"),
            ("5ms", "whole seconds"),
            ("36501d", "hundred years"),
            ("99999999d", "hundred years"),
        ] {
            let refusal = duration(wrong).unwrap_err();
            assert!(refusal.contains(part), "{wrong}: {refusal}");
        }
    }

    #[test]
    fn a_token_does_not_stand_where_others_see_it() {
        let token = Token::mint(TokenKind::Service, &Entropy::seeded(1)).unwrap();
        for parsed in [identifier(token.expose()).map(|_| ()), token_file(token.expose()).map(|_| ())] {
            assert_eq!(parsed, Err(NOT_HERE.to_owned()));
        }
        let id = token.hash().to_text();
        assert!(identifier(&id).unwrap() == token.hash());
        assert!(identifier("rat_x").is_err());
        assert_eq!(token_file("-").as_deref(), Ok("-"));
    }
}
