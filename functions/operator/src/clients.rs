//! `/operator/{serviceId}/clients`: a service's clients, newest first, and new ones.

use serde_json::{Map, Value};
use shared::client::{ClientType, RegisteredClient, Source};
use shared::http::{DEADLINE, Method, Request, Response};
use shared::metadata::{ClientMetadata, Invalid, Localized};
use shared::policy::Policy;
use shared::store::Route;
use shared::{App, registry};

use crate::door::{self, Fault, READ_CLIENTS, WRITE_CLIENTS, endpoint};
use crate::query::Query;
use crate::shown::{self, type_name};

/// How many clients are read for a page at the most: where fewer are found the next page goes on.
const MOST_READ: usize = 400;

/// The longest time of which it can be asked whether a client was used, a hundred years, in seconds.
const LONGEST: u64 = 36_500 * 24 * 60 * 60;

endpoint!(all, "operator-clients", [Get, Post], ["/operator/{serviceId}/clients"], DEADLINE);

async fn all(app: &App, request: &Request) -> Result<Response, Fault> {
    if request.method == Method::Post { create(app, request).await } else { list(app, request).await }
}

/// Registers a client on its registrant's behalf, by the service's policy.
async fn create(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, WRITE_CLIENTS).await?;
    Query::of(request, &[])?;
    let metadata = ClientMetadata::from_members(door::body(request)?)?;
    let context = door::context(app, &desk, request);
    let mut created = Box::pin(registry::register_for(&context, metadata)).await?;
    let place = desk.service.registration_endpoint(&app.base_url(&desk.service, request));
    created.registration_client_uri = Some(format!("{place}/{}", created.client.client_id));
    Ok(Response::json(201, created.to_members()))
}

/// Lists clients. A page may have fewer than were asked for, or none, and go on.
async fn list(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let question = Question::of(request)?;
    let (policy, now) = (desk.service.policy(), app.clock.now());
    if let Some(identifier) = &question.client_id {
        let found = app.store.client_and(&desk.service, identifier, Vec::new()).await?.named.client;
        let found = found.filter(|client| question.admits(client, policy, now));
        return Ok(page(found.iter().map(|client| shown::client(client, policy, now)), None));
    }
    let route = Route { newest_first: true, after: question.cursor.clone(), registered: None };
    let mut walk = app.store.walk(desk.service.id, route);
    let (mut shown, mut read, mut reached) = (Vec::new(), 0, None);
    while let Some(clients) = walk.next_some().await? {
        for client in clients {
            if shown.len() == question.limit || read == MOST_READ {
                return Ok(page(shown.into_iter(), reached));
            }
            read += 1;
            reached = Some(client.position());
            if client.ends_at().is_none_or(|end| end > now) && question.admits(&client, policy, now) {
                shown.push(shown::client(&client, policy, now));
            }
        }
    }
    Ok(page(shown.into_iter(), None))
}

fn page(clients: impl Iterator<Item = Map<String, Value>>, next: Option<String>) -> Response {
    let mut members = Map::from_iter([("clients".to_owned(), clients.map(Value::Object).collect())]);
    members.extend(next.map(|next| ("next".to_owned(), next.into())));
    Response::json(200, members)
}

/// Which clients are asked for.
struct Question {
    client_id: Option<String>,
    name: Option<String>,
    redirect_host: Option<String>,
    software_id: Option<String>,
    source: Option<Source>,
    client_type: Option<ClientType>,
    locked: Option<bool>,
    pending: Option<bool>,
    flagged: Option<bool>,
    /// For how many seconds no use is known.
    unused: Option<u64>,
    limit: usize,
    cursor: Option<String>,
}

/// The parameters of the query.
const PARAMETERS: [&str; 12] = [
    "client_id",
    "name",
    "redirect_host",
    "software_id",
    "source",
    "client_type",
    "locked",
    "pending",
    "flagged",
    "unused",
    "limit",
    "cursor",
];

impl Question {
    fn admits(&self, client: &RegisteredClient, policy: &Policy, now: u64) -> bool {
        let rest = client.record.metadata.rest();
        let is_named = |text: &String| {
            let mut names = rest.client_name.iter().flat_map(Localized::values);
            names.any(|name| name.to_lowercase().contains(&text.to_lowercase()))
        };
        let is_reached_at = |host: &String| {
            let mut uris = client.record.metadata.redirect_uris().iter();
            uris.any(|uri| uri.host().is_some_and(|found| found.eq_ignore_ascii_case(host)))
        };
        self.name.as_ref().is_none_or(is_named)
            && self.redirect_host.as_ref().is_none_or(is_reached_at)
            && self.software_id.as_ref().is_none_or(|id| rest.software_id.as_ref() == Some(id))
            && self.source.is_none_or(|source| client.source == source)
            && self.client_type.is_none_or(|kind| client.record.client_type == kind)
            && self.locked.is_none_or(|locked| client.locked == locked)
            && self.pending.is_none_or(|pending| client.pending_until.is_some() == pending)
            && self.flagged.is_none_or(|flagged| policy.flags(client).is_empty() != flagged)
            && self.unused.is_none_or(|life| client.is_unused_since(now.saturating_sub(life)))
    }

    fn of(request: &Request) -> Result<Self, Fault> {
        let query = Query::of(request, &PARAMETERS)?;
        let text = |name: &str| query.text(name).map(str::to_owned);
        let unknown = |name: &str, value: &str| {
            Fault::of_request(&Invalid::Unknown { member: name.to_owned(), value: value.to_owned() })
        };
        let source = query.text("source").map(|name| {
            let known = Source::ALL.into_iter().find(|source| source.as_str() == name);
            known.ok_or_else(|| unknown("source", name))
        });
        let client_type = query.text("client_type").map(|name| {
            let known = [ClientType::Public, ClientType::Confidential].into_iter();
            known.into_iter().find(|kind| type_name(*kind) == name).ok_or_else(|| unknown("client_type", name))
        });
        Ok(Self {
            client_id: text("client_id"),
            name: text("name"),
            redirect_host: text("redirect_host"),
            software_id: text("software_id"),
            source: source.transpose()?,
            client_type: client_type.transpose()?,
            locked: query.flag("locked")?,
            pending: query.flag("pending")?,
            flagged: query.flag("flagged")?,
            unused: query.number("unused", 0..=LONGEST)?,
            limit: query.limit()?,
            cursor: query.cursor()?.map(str::to_owned),
        })
    }
}
