//! What users have let clients have, by the operators' API.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Map, Value};

use super::{Command, Whose, no_client, print_list, print_one};
use crate::admin::Output;
use crate::admin::api::{Api, Asking, MOST, rows};
use crate::admin::asked::needs_table;
use crate::admin::consent::Consent;
use crate::admin::output::date;
use crate::failure::{Failure, Kind};

pub(super) async fn run(command: Command, api: &Api, output: &Output) -> Result<()> {
    match command {
        Command::List { service, whose, limit } => {
            let limit = limit.unwrap_or(MOST);
            if limit > MOST {
                return Err(needs_table("the API lists no more than a hundred grants").into());
            }
            let (grants, are_more) = whose.grants(service, limit, api).await?;
            print_list(&grants.iter().map(row).collect::<Vec<_>>(), are_more, output)
        }
        Command::Show { service, client, subject } => {
            let whose = Whose { client: Some(client.clone()), subject: Some(subject) };
            let (grants, _) = whose.grants(service, MOST, api).await?;
            let Some(grant) = grants.first() else { return Err(whose.nothing(service).into()) };
            let known = api.client(&service.to_string(), &client).await.unwrap_or_default();
            let is_held = known.get("locked") == Some(&Value::Bool(true)) || known.contains_key("pending_until");
            let live = grant.get("authorizations").and_then(Value::as_array).cloned().unwrap_or_default();
            print_one(&client, is_held, row(grant), grant.get("latest_scopes").cloned(), &live, output)
        }
        Command::Revoke { service, whose, consent } => revoke(service, &whose, &consent, api, output).await,
    }
}

async fn revoke(service: u64, whose: &Whose, consent: &Consent, api: &Api, output: &Output) -> Result<()> {
    let more = if let (Some(client), None) = (&whose.client, &whose.subject) {
        let known = api.client(&service.to_string(), client).await.map_err(|error| absent(error, client))?;
        known.get("client_id").and_then(Value::as_str).unwrap_or_default().to_owned()
    } else {
        let (grants, are_more) = whose.grants(service, MOST, api).await?;
        if grants.is_empty() {
            return Err(whose.nothing(service).into());
        }
        if are_more { format!("more than {MOST}") } else { grants.len().to_string() }
    };
    whose.ask(service, &more, consent)?;
    let ended = api.ask(whose.asking(Method::DELETE, service)).await?.members;
    let count = ended.get("ended").and_then(Value::as_u64).and_then(|count| usize::try_from(count).ok());
    whose.tell(count.unwrap_or_default(), output)
}

impl Whose {
    fn asking(&self, method: Method, service: u64) -> Asking {
        let asking = Asking::new(method, &[&service.to_string(), "grants"]);
        asking.with("client", self.client.as_ref()).with("subject", self.subject.as_ref())
    }

    /// The grants that are meant, and whether there are more: at least one of a user; those of a client that there is may
    /// be none.
    async fn grants(&self, service: u64, limit: u64, api: &Api) -> Result<(Vec<Map<String, Value>>, bool)> {
        let mut page = api.ask(self.asking(Method::GET, service).with("limit", Some(limit))).await?.members;
        let grants = rows(&mut page, "grants");
        if grants.is_empty() {
            if let Some(client) = &self.client {
                api.client(&service.to_string(), client).await.map_err(|error| absent(error, client))?;
            }
            if self.subject.is_some() {
                return Err(self.nothing(service).into());
            }
        }
        Ok((grants, page.contains_key("are_more")))
    }
}

/// That there is no such client names it.
fn absent(error: anyhow::Error, client: &str) -> anyhow::Error {
    match error.downcast_ref::<Failure>() {
        Some(failure) if failure.kind == Kind::NotFound => no_client(client).into(),
        _ => error,
    }
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
