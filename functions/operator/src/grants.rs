//! `/operator/{serviceId}/grants`: what users have let clients have.

use authorization::authorization::{Given, State};
use authorization::management::{self, Left, Whose};
use authorization::rules::Rules;
use authorization::token::TokenIdentifier;
use authorization::{Authorization, Context, Terms};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::{Method, RESOLVING_DEADLINE, Request, Response};
use shared::{App, registry, resolution};

use crate::action::name;
use crate::door::{self, Fault, READ_CLIENTS, WRITE_CLIENTS, endpoint};
use crate::query::{Query, has_no_body};

endpoint!(grants, "operator-grants", [Get, Delete], ["/operator/{serviceId}/grants"], RESOLVING_DEADLINE);

async fn grants(app: &App, request: &Request) -> Result<Response, Fault> {
    let is_ended = request.method == Method::Delete;
    let desk = door::desk(app, request, if is_ended { WRITE_CLIENTS } else { READ_CLIENTS }).await?;
    let known: &[&str] = if is_ended { &["subject", "client"] } else { &["subject", "client", "limit", "cursor"] };
    let query = Query::of(request, known)?;
    let (rules, core) = (Rules::default(), door::context(app, &desk, request));
    let context = Context { app, service: &desk.service, rules: &rules, origin: &core.origin, terms };
    if is_ended {
        has_no_body(request, "client and subject are")?;
        let whose = whose(&core, request, &query, is_ended).await?;
        let ended = management::end_all(&context, whose).await?;
        return Ok(Response::json(200, Map::from_iter([("ended".to_owned(), ended.into())])));
    }
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    let whose = whose(&core, request, &query, is_ended).await?;
    let page = management::grants_left(&context, whose, cursor, limit).await?;
    let shown = page.grants.iter().map(|left| Value::Object(shown(left))).collect();
    let mut members = Map::from_iter([("grants".to_owned(), shown)]);
    members.extend(page.next.map(|next| ("next".to_owned(), next.into())));
    Ok(Response::json(200, members))
}

/// No token is made here.
fn terms(_: &RegisteredClient) -> Terms<'_> {
    Terms::default()
}

/// Whose grants are meant: a client's, which may be gone, a user's, or those of both.
async fn whose<'q>(
    context: &registry::Context<'_>,
    request: &Request,
    query: &'q Query,
    is_ended: bool,
) -> Result<Whose<'q>, Fault> {
    let (client, subject) = (query.text("client"), query.text("subject"));
    let Some(client) = client else {
        return subject.map(Whose::Subject).ok_or(Fault::Request("client or subject is required".into()));
    };
    let named = context.app.store.client_and(context.service, client, Vec::new()).await?.named;
    let mut found = named.client.as_ref().map(|client| client.numeric_id);
    if is_ended && subject.is_none() && found.is_none() && named.document.is_some() {
        // That all of it has ended is said by the client, which has to be stored for it.
        let base_url = context.app.base_url(context.service, request);
        found = Some(resolution::to_change(context, &base_url, client, named).await?.numeric_id);
    }
    let number = found.unwrap_or_else(|| context.service.numeric_id(client));
    Ok(subject.map_or(Whose::Client(number), |subject| Whose::Both(number, subject)))
}

/// What is left of a grant.
#[must_use]
pub fn shown(left: &Left) -> Map<String, Value> {
    let Left { grant, client, live } = left;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("numeric_id", grant.client.into());
    if let Some(client) = client {
        put("client_id", client.client_id.as_str().into());
        if let Some(name) = name(client) {
            put("client_name", name);
        }
    }
    put("subject", grant.subject.as_str().into());
    if grant.latest.is_some() {
        put("scopes", grant.merged.as_slice().into());
        put("modified_at", (grant.modified / 1000).into());
    }
    if let Some(latest) = &grant.latest {
        put("latest_scopes", latest.as_slice().into());
    }
    put("authorizations", live.iter().map(authorization).collect());
    members
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
