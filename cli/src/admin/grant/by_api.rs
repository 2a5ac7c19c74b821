//! What users have let clients have, by the operators' API.

use anyhow::Result;
use reqwest::Method;
use serde_json::{Map, Value};

use super::{Command, PAGE, Whose, how_many, print_list, print_one, row};
use crate::admin::Output;
use crate::admin::api::shape::{GRANTS, number, text};
use crate::admin::api::{Api, Asking};
use crate::admin::consent::Consent;
use crate::failure::Failure;

pub(super) async fn run(command: Command, api: &Api, output: &Output) -> Result<()> {
    match command {
        Command::List { service, whose, limit } => {
            let (grants, is_cut) = whose.grants(service, output.most(limit), api).await?;
            print_list(&grants.iter().map(row).collect::<Vec<_>>(), is_cut, output)
        }
        Command::Show { service, client, subject } => {
            let whose = Whose { client: Some(client.clone()), subject: Some(subject) };
            let (grants, _) = whose.grants(service, 1, api).await?;
            let Some(grant) = grants.first() else { return Err(whose.nothing(service).into()) };
            let known = match api.client(&service.to_string(), &client).await {
                // What it had may outlive it.
                Err(error) if Failure::is_no_client(&error, &client) => Map::new(),
                known => known?,
            };
            let is_held = known.get("locked") == Some(&Value::Bool(true)) || known.contains_key("pending_until");
            print_one(&client, is_held, grant, output)
        }
        Command::Revoke { service, whose, consent } => revoke(service, &whose, &consent, api, output).await,
    }
}

async fn revoke(service: u64, whose: &Whose, consent: &Consent, api: &Api, output: &Output) -> Result<()> {
    let more = if let (Some(client), None) = (&whose.client, &whose.subject) {
        let known = api.client(&service.to_string(), client).await?;
        text(&known, "client_id")?.to_owned()
    } else {
        let (grants, is_cut) = whose.grants(service, PAGE, api).await?;
        how_many(grants.len(), is_cut)
    };
    whose.ask(service, &more, consent)?;
    let ended = api.ask(whose.asking(Method::DELETE, service)).await?.members;
    whose.tell(usize::try_from(number(&ended, "ended")?).unwrap_or(usize::MAX), output)
}

impl Whose {
    fn asking(&self, method: Method, service: u64) -> Asking {
        let asking = Asking::new(method, &[&service.to_string(), "grants"]);
        let asking = asking.with("client", self.client.as_ref()).with("subject", self.subject.as_ref());
        match &self.client {
            Some(client) => asking.about(client),
            None => asking,
        }
    }

    /// The grants that are meant, so many at the most, and whether there are more: at least one of a user; those of a client
    /// that there is may be none.
    async fn grants(&self, service: u64, most: usize, api: &Api) -> Result<(Vec<Map<String, Value>>, bool)> {
        let (grants, is_cut) = api.pages(&self.asking(Method::GET, service), GRANTS, most).await?;
        if grants.is_empty() {
            if let Some(client) = &self.client {
                api.client(&service.to_string(), client).await?;
            }
            if self.subject.is_some() {
                return Err(self.nothing(service).into());
            }
        }
        Ok((grants, is_cut))
    }
}
