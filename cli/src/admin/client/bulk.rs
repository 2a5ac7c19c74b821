//! `registrar client bulk`: the same is done to many clients, as they were seen in a list.

use anyhow::Result;
use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use operator::action::Action;
use reqwest::Method;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::admin::Output;
use crate::admin::api::shape::{RESULTS, has, rows};
use crate::admin::api::{Api, Asking};
use crate::admin::asked::Asked;
use crate::admin::consent::Consent;
use crate::admin::desk::{Desk, of_door};
use crate::admin::input::Input;
use crate::failure::{Failure, Kind};

/// To which clients what is done.
#[derive(Args)]
pub struct Bulk {
    /// What is done to each.
    #[arg(value_name = "ACTION", value_parser = actions())]
    action: Action,
    /// The service.
    #[arg(long)]
    service: u64,
    /// The clients, as `client list --json` prints them: each a JSON object with its `client_id`, and with `version` only
    /// if it still is that one; `-` is standard input.
    #[arg(value_name = "FILE")]
    clients: Input,
    /// Only look to which of them it could be done.
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    consent: Consent,
}

/// A client as it was seen; what else a list says of it is passed over.
#[derive(Deserialize)]
struct One {
    client_id: String,
    version: Option<u64>,
}

fn actions() -> impl TypedValueParser<Value = Action> {
    let names = PossibleValuesParser::new(Action::of_many().map(|action| action.name()));
    names.try_map(|name| Action::of_many().find(|action| action.name() == name).ok_or("there is no such action"))
}

pub(super) async fn run(bulk: &Bulk, asked: &Asked, output: &Output) -> Result<()> {
    let clients: Vec<One> = bulk.clients.each()?;
    if let Action::Delete { .. } | Action::Deny = bulk.action
        && !bulk.dry_run
        && !clients.is_empty()
    {
        let service = bulk.service.to_string();
        bulk.consent.to_delete(&format!("{} clients of service {service}", clients.len()), None, &service)?;
    }
    let (mut results, mut failed) = (Vec::new(), None);
    for some in clients.chunks(operator::bulk::MOST_CLIENTS) {
        match bulk.done(some, asked).await {
            Ok(mut done) => results.append(&mut done),
            Err(error) => {
                failed = Some(error);
                break;
            }
        }
    }
    match failed {
        // What was done before is told before.
        Some(error) if !results.is_empty() => {
            bulk.print(&results, output)?;
            Err(error.context(format!("it ends after {} of {}", results.len(), clients.len())))
        }
        Some(error) => Err(error),
        None => match bulk.print(&results, output)? {
            0 => Ok(()),
            left => Err(Failure::new(Kind::Conflict, format!("not all of them: {left}; why is said of each")).into()),
        },
    }
}

impl Bulk {
    /// What has become of each, or would.
    async fn done(&self, clients: &[One], asked: &Asked) -> Result<Vec<Map<String, Value>>> {
        let client = |One { client_id, version }: &One| match version {
            Some(version) => json!({ "client_id": client_id, "version": version }),
            None => json!({ "client_id": client_id }),
        };
        let order = Map::from_iter([
            ("action".to_owned(), self.action.name().into()),
            ("preview".to_owned(), self.dry_run.into()),
            ("clients".to_owned(), clients.iter().map(client).collect()),
        ]);
        match asked {
            Asked::Table(connection) => {
                let desk = Desk::at(self.service, connection).await?;
                Box::pin(operator::bulk::results(&desk.context(), desk.url(), order)).await.map_err(of_door)
            }
            Asked::Api(api) => by_api(self.service, order, api).await,
        }
    }

    /// Prints what has become of each, and gives how many it was not done to.
    fn print(&self, results: &[Map<String, Value>], output: &Output) -> Result<usize> {
        let outcome = if self.dry_run { "possible" } else { "done" };
        let number =
            results.iter().filter(|result| result.get("outcome").is_some_and(|found| found == outcome)).count();
        let sentence = match (results.len(), self.dry_run) {
            (0, _) => "Nothing is done: no client is named.".to_owned(),
            (all, true) => format!("Nothing is done; to {number} of {all} it could be."),
            (all, false) => format!("Done: {number} of {all}."),
        };
        if !output.is_json() && !results.is_empty() {
            output.after(&*sentence).rows(&["client_id", "client_name", "outcome", "error_description"], results)?;
        }
        let facts =
            [("action", self.action.name().into()), ("dry_run", self.dry_run.into()), ("results", json!(results))];
        output.told(&sentence, &facts.map(|(name, fact)| (name.to_owned(), fact)).into_iter().collect())?;
        Ok(results.len() - number)
    }
}

/// What the API has done to each of some clients, a hundred at the most.
pub(super) async fn by_api(service: u64, order: Map<String, Value>, api: &Api) -> Result<Vec<Map<String, Value>>> {
    let asking = Asking::new(Method::POST, &[&service.to_string(), "bulk"]).sending(order);
    let mut answer = api.ask(asking).await?.members;
    has(&answer, &[RESULTS])?;
    Ok(rows(&mut answer, RESULTS.0))
}
