//! `/operator/{serviceId}/grants`: what users have let clients have.

use authorization::authorization::{Given, State};
use authorization::grant::{self, Grant};
use authorization::management;
use authorization::rules::Rules;
use authorization::token::TokenIdentifier;
use authorization::{Authorization, Context, Terms};
use serde_json::{Map, Value};
use shared::App;
use shared::client::RegisteredClient;
use shared::http::{Method, RESOLVING_DEADLINE, Request, Response};

use crate::action::name;
use crate::door::{self, Fault, READ_CLIENTS, WRITE_CLIENTS, endpoint};
use crate::query::Query;

endpoint!(grants, "operator-grants", [Get, Delete], ["/operator/{serviceId}/grants"], RESOLVING_DEADLINE);

async fn grants(app: &App, request: &Request) -> Result<Response, Fault> {
    let is_ended = request.method == Method::Delete;
    let desk = door::desk(app, request, if is_ended { WRITE_CLIENTS } else { READ_CLIENTS }).await?;
    let query = Query::of(request, if is_ended { &["subject", "client"] } else { &["subject", "client", "limit"] })?;
    let (rules, origin) = (Rules::default(), door::origin(&desk, request));
    let office = Office { context: Context { app, service: &desk.service, rules: &rules, origin: &origin, terms } };
    let whose = (query.text("client"), query.text("subject"));
    if is_ended {
        let ended = office.end(whose).await?;
        return Ok(Response::json(200, Map::from_iter([("ended".to_owned(), ended.into())])));
    }
    let limit = query.limit()?;
    let mut grants = office.of(whose, limit.saturating_add(1)).await?;
    let are_more = grants.len() > limit;
    grants.truncate(limit);
    let mut shown = Vec::new();
    for grant in &grants {
        shown.extend(office.shown(grant).await?);
    }
    let mut members = Map::from_iter([("grants".to_owned(), shown.into())]);
    if are_more {
        members.insert("are_more".to_owned(), true.into());
    }
    Ok(Response::json(200, members))
}

/// No token is made here.
fn terms(_: &RegisteredClient) -> Terms<'_> {
    Terms::default()
}

struct Office<'o> {
    context: Context<'o>,
}

impl Office<'_> {
    /// The grants of a client, of a user, or of both.
    async fn of(&self, whose: (Option<&str>, Option<&str>), at_most: usize) -> Result<Vec<Grant>, Fault> {
        let context = &self.context;
        Ok(match whose {
            (Some(client), None) => management::grants_of_client(context, self.number(client).await?, at_most).await?,
            (None, Some(subject)) => {
                let mut grants = management::grants_of_subject(context, subject).await?;
                grants.truncate(at_most);
                grants
            }
            (Some(client), Some(subject)) => {
                let key = grant::key(context, self.number(client).await?, subject);
                context.app.store.get(key).await?.as_ref().map(grant::read).into_iter().collect()
            }
            (None, None) => return Err(Fault::Request("client or subject is required".into())),
        })
    }

    /// The number of a client, which may be gone.
    async fn number(&self, identifier: &str) -> Result<u64, Fault> {
        let Context { app, service, .. } = &self.context;
        let found = app.store.client_and(service, identifier, Vec::new()).await?.named.client;
        Ok(found.map_or_else(|| service.numeric_id(identifier), |client| client.numeric_id))
    }

    /// Ends what is meant, and forgets the scopes. How many authorizations had tokens that worked.
    async fn end(&self, whose: (Option<&str>, Option<&str>)) -> Result<usize, Fault> {
        if let (Some(client), None) = whose {
            return Ok(management::end_all_of_client(&self.context, self.number(client).await?).await?);
        }
        let mut ended = 0;
        for found in self.of(whose, usize::MAX).await? {
            ended += management::end_all(&self.context, &found).await?;
            grant::forget_scopes(&self.context, found.client, &found.subject).await?;
        }
        Ok(ended)
    }

    /// What is left of a grant, if anything is.
    async fn shown(&self, found: &Grant) -> Result<Option<Value>, Fault> {
        let Context { app, service, .. } = &self.context;
        let client = app.store.client_and(service, &found.client.to_string(), Vec::new()).await?.named.client;
        let found = &client.iter().fold(found.clone(), Grant::of);
        // A lock is not the end of what it stops.
        let held = client.clone().map(|client| RegisteredClient { locked: false, pending_until: None, ..client });
        let mut live = grant::living(&self.context, found).await?;
        live.retain(|authorization| authorization.works_for(service, held.as_ref()));
        live.sort_by_key(|authorization| std::cmp::Reverse(authorization.issued));
        if live.is_empty() && found.latest.is_none() {
            return Ok(None);
        }
        let mut members = Map::new();
        let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
        put("numeric_id", found.client.into());
        if let Some(client) = &client {
            put("client_id", client.client_id.as_str().into());
            if let Some(name) = name(client) {
                put("client_name", name);
            }
        }
        put("subject", found.subject.as_str().into());
        if found.latest.is_some() {
            put("scopes", found.merged.as_slice().into());
            put("modified_at", (found.modified / 1000).into());
        }
        if let Some(latest) = &found.latest {
            put("latest_scopes", latest.as_slice().into());
        }
        put("authorizations", live.iter().map(authorization).collect());
        Ok(Some(members.into()))
    }
}

/// An authorization: its tokens by the identifiers by which they can be ended; never a token.
#[must_use]
pub fn authorization(shown: &Authorization) -> Value {
    let end = |given: &Given| given.ends_at.map(|end| end / 1000);
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("authorization", shown.id.to_text().into());
    put("grant_type", shown.grant_type.as_str().into());
    put("scopes", shown.refresh_scopes.as_slice().into());
    put("granted_at", (shown.issued / 1000).into());
    if shown.refreshed > 0 {
        put("refreshed_at", (shown.refreshed / 1000).into());
    }
    if let (State::Code, Some(code)) = (shown.state, &shown.code) {
        put("code_expires_at", end(code).into());
    }
    for (kind, given) in [("access_token", &shown.access_token), ("refresh_token", &shown.refresh_token)] {
        if let Some(given) = given {
            put(&format!("{kind}_id"), TokenIdentifier::of(shown.id, &given.hash).to_text().into());
            put(&format!("{kind}_expires_at"), end(given).into());
        }
    }
    members.into()
}
