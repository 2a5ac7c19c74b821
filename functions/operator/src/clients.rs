//! `/operator/{serviceId}/clients`: a service's clients, newest first, and new ones.

use serde_json::{Map, Value};
use shared::client::{ClientType, RegisteredClient, Source};
use shared::http::{DEADLINE, Method, Request, Response};
use shared::metadata::Submitted;
use shared::policy::Policy;
use shared::service::Service;
use shared::store::{FoundClients, Left, Route, Search, client_cursor};
use shared::{App, Error, registry};

use crate::door::{self, Fault, READ_CLIENTS, WRITE_CLIENTS, endpoint};
use crate::query::{Query, unknown_word};
use crate::settable;
use crate::shown::{self, type_name};

/// How many clients are read for a page of the oldest.
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
    let sent = door::body(request)?;
    settable::check_new(&sent, desk.service.policy()).map_err(|text| Fault::Request(text.into()))?;
    let submitted = Submitted::from_members(sent)?;
    let context = door::context(app, &desk, request);
    let mut created = Box::pin(registry::register_for(&context, &submitted)).await?;
    let place = desk.service.registration_endpoint(&app.base_url(&desk.service, request));
    created.registration_client_uri = Some(format!("{place}/{}", created.client.client_id));
    Ok(Response::json(201, created.to_members()))
}

/// Lists clients, newest first unless asked for the oldest; those that end soon oldest first, for that is who they are. A
/// page may have fewer than were asked for, or none, and go on.
async fn list(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let question = Question::of(request)?;
    let (policy, now) = (desk.service.policy(), app.clock.now());
    let is_meant = |client: &RegisteredClient| question.means(client, policy, now);
    let (service, cursor) = (desk.service.id, question.cursor.as_deref());
    let mut left = None;
    let FoundClients { clients, next } = match &question.client_id {
        Some(identifier) => {
            let mut named = app.store.client_and(&desk.service, identifier, Vec::new()).await?.named;
            let gone = named.left.take();
            let client = match door::known(&door::context(app, &desk, request), request, identifier, named).await {
                Err(Fault::Core(Error::UnknownClient)) => None,
                known => Some(known?),
            };
            left = gone.filter(|_| client.is_none());
            let client = client.filter(|client| question.search.means(client) && is_meant(client));
            FoundClients { clients: client.into_iter().collect(), next: None }
        }
        None if question.oldest_first => oldest(app, service, &question, is_meant).await?,
        None => app.store.find_clients(service, &question.search, is_meant, question.limit, cursor).await?,
    };
    let listed = clients.iter().map(|client| shown::listed(client, policy, now));
    let mut page = shown::page("clients", listed, next);
    if let Some(left) = left {
        page.extend(deleted(app, &desk.service, &left)?.map(|deleted| ("deleted".to_owned(), deleted.into())));
    }
    Ok(Response::json(200, page))
}

/// A client that is gone, with the number by which it is named where its identifier does not survive in a path.
fn deleted(app: &App, service: &Service, left: &Left) -> Result<Option<Map<String, Value>>, Error> {
    let is_over = left.ends_at().is_some_and(|end| end <= app.clock.now());
    let Some(client_id) = left.client_id().filter(|_| !is_over) else { return Ok(None) };
    let number = service.numeric_id(client_id);
    let mut members = shown::restorable(&app.store, (service.id, number), left)?.unwrap_or_default();
    members.insert("client_id".to_owned(), client_id.into());
    members.insert("numeric_id".to_owned(), number.into());
    Ok(Some(members))
}

/// The oldest first; clients that end soon are among them.
async fn oldest(
    app: &App,
    service: u64,
    question: &Question,
    is_meant: impl Fn(&RegisteredClient) -> bool,
) -> Result<FoundClients, Fault> {
    let mut walk = app.store.walk(service, Route::after_cursor(service, question.cursor.as_deref())?);
    let (mut clients, mut read, mut next) = (Vec::new(), 0, None);
    let now = app.clock.now();
    while let Some(some) = walk.next_some().await? {
        for client in some {
            if clients.len() == question.limit || read == MOST_READ {
                return Ok(FoundClients { clients, next });
            }
            read += 1;
            next = Some(client_cursor(service, false, &client.position()));
            let is_it = !client.has_ended(now) && question.search.means(&client) && is_meant(&client);
            clients.extend(is_it.then_some(client));
        }
    }
    Ok(FoundClients { clients, next: None })
}

/// Which clients are asked for.
struct Question {
    client_id: Option<String>,
    search: Search,
    flagged: Option<bool>,
    /// For how many seconds no use is known.
    unused: Option<u64>,
    /// Within how many seconds it ends.
    ending: Option<u64>,
    oldest_first: bool,
    limit: usize,
    cursor: Option<String>,
}

/// The parameters of the query.
const PARAMETERS: [&str; 14] = [
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
    "ending",
    "oldest",
    "limit",
    "cursor",
];

impl Question {
    /// Whether a client is so as it is asked for, beside what is searched for.
    fn means(&self, client: &RegisteredClient, policy: &Policy, now: u64) -> bool {
        let ends_within = |within| client.ends_at().is_some_and(|end| end <= now.saturating_add(within));
        self.flagged.is_none_or(|flagged| policy.flags(client).is_empty() != flagged)
            && self.unused.is_none_or(|seconds| client.is_unused_since(now.saturating_sub(seconds)))
            && self.ending.is_none_or(ends_within)
    }

    fn of(request: &Request) -> Result<Self, Fault> {
        let query = Query::of(request, &PARAMETERS)?;
        let text = |name: &str| query.text(name).map(str::to_owned);
        let source = query.text("source");
        let source = source.map(|name| Source::parse(name).ok_or_else(|| unknown_word("source", name)));
        let client_type = query.text("client_type").map(|name| {
            let mut known = [ClientType::Public, ClientType::Confidential].into_iter();
            known.find(|kind| type_name(*kind) == name).ok_or_else(|| unknown_word("client_type", name))
        });
        let ending = query.number("ending", 0..=LONGEST)?;
        let oldest_first = query.flag("oldest")?.unwrap_or_default() || ending.is_some();
        Ok(Self {
            client_id: text("client_id"),
            search: Search {
                name: text("name"),
                redirect_host: text("redirect_host"),
                software_id: text("software_id"),
                source: source.transpose()?,
                client_type: client_type.transpose()?,
                locked: query.flag("locked")?,
                pending: query.flag("pending")?,
            },
            flagged: query.flag("flagged")?,
            unused: query.number("unused", 0..=LONGEST)?,
            ending,
            oldest_first,
            limit: query.limit()?,
            cursor: text("cursor"),
        })
    }
}
