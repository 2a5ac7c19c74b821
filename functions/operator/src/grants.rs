//! `/operator/{serviceId}/grants`: what users have let clients have.

use authorization::authorization::{Given, State};
use authorization::management::{self, Left, Whose};
use authorization::rules::Rules;
use authorization::token::TokenIdentifier;
use authorization::{Authorization, Context, Terms};
use serde_json::{Map, Value};
use shared::http::{Method, RESOLVING_DEADLINE, Request, Response};
use shared::store::Named;
use shared::{App, Error, registry, resolution};

use crate::door::{self, END_GRANTS, Fault, READ_CLIENTS, endpoint};
use crate::query::{Query, has_no_body};
use crate::shown;

endpoint!(grants, "operator-grants", [Get, Delete], ["/operator/{serviceId}/grants"], RESOLVING_DEADLINE);

async fn grants(app: &App, request: &Request) -> Result<Response, Fault> {
    if request.method == Method::Delete { end(app, request).await } else { list(app, request).await }
}

async fn list(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let query = Query::of(request, &["subject", "client", "limit", "cursor"])?;
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    let (core, rules) = (door::context(app, &desk, request), Rules::default());
    let named = named(&core, &query).await?;
    let is_known = named.client.is_some() || named.document.is_some();
    let number = named.client.map(|client| client.numeric_id);
    let page = management::grants_left(&context(&core, &rules), whose(&core, &query, number)?, cursor, limit).await?;
    if page.grants.is_empty() && page.next.is_none() && cursor.is_none() && !is_known {
        self::is_known(&core, &query).await?;
    }
    Ok(Response::json(200, shown::page("grants", page.grants.iter().map(shown), page.next)))
}

async fn end(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, END_GRANTS).await?;
    let query = Query::of(request, &["subject", "client"])?;
    has_no_body(request, "client and subject are")?;
    let (core, rules) = (door::context(app, &desk, request), Rules::default());
    let number = stored(&core, request, &query).await?;
    let ended = management::end_all(&context(&core, &rules), whose(&core, &query, number)?).await?;
    if ended == 0 && number.is_none() {
        is_known(&core, &query).await?;
    }
    Ok(Response::json(200, Map::from_iter([("ended".to_owned(), ended.into())])))
}

/// What the authorization core needs to know; no token is made here.
fn context<'c>(core: &'c registry::Context<'_>, rules: &'c Rules<'c>) -> Context<'c> {
    Context { app: core.app, service: core.service, rules, origin: &core.origin, terms: |_| Terms::default() }
}

/// What the service has of the client that the query names, if it names one.
async fn named(core: &registry::Context<'_>, query: &Query) -> Result<Named, Fault> {
    let Some(client) = query.text("client") else { return Ok(Named::default()) };
    Ok(core.app.store.client_and(core.service, client, Vec::new()).await?.named)
}

/// The number of the client that the query names, if it is there. That all of it has ended is said by the client: one that is
/// known by its document alone is stored for that.
async fn stored(core: &registry::Context<'_>, request: &Request, query: &Query) -> Result<Option<u64>, Fault> {
    let named = named(core, query).await?;
    if let (None, Some(_), Some(client), None) =
        (&named.client, &named.document, query.text("client"), query.text("subject"))
    {
        let base_url = core.app.base_url(core.service, request);
        return Ok(Some(resolution::to_change(core, &base_url, client, named).await?.numeric_id));
    }
    Ok(named.client.map(|client| client.numeric_id))
}

/// Whether there is the client that the query names, or was: nothing has ended of one whose name is misspelt.
async fn is_known(core: &registry::Context<'_>, query: &Query) -> Result<(), Fault> {
    let Some(client) = query.text("client") else { return Ok(()) };
    let (store, service) = (&core.app.store, core.service);
    let left = store.occupant(service.id, service.numeric_id(client)).await?;
    left.map(|_| ()).ok_or(Fault::Core(Error::UnknownClient))
}

/// Whose grants are meant: a client's, which may be gone, a user's, or those of both.
fn whose<'q>(core: &registry::Context<'_>, query: &'q Query, number: Option<u64>) -> Result<Whose<'q>, Fault> {
    match (query.text("client"), query.text("subject")) {
        (None, None) => Err(Fault::Request("client or subject is required".into())),
        (None, Some(subject)) => Ok(Whose::Subject(subject)),
        (Some(client), subject) => {
            let number = number.unwrap_or_else(|| core.service.numeric_id(client));
            Ok(subject.map_or(Whose::Client(number), |subject| Whose::Both(number, subject)))
        }
    }
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
        if let Some(name) = shown::name(client) {
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
