//! `GET /{serviceId}/client?client_id=…`: who a client is, for the authorization server behind the service.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};
use shared::App;
use shared::Error;
use shared::administration;
use shared::caller::Permission;
use shared::client::{ClientDocument, RegisteredClient};
use shared::desk::Desk;
use shared::http::{Endpoint, Method, RESOLVING_DEADLINE, Request, Response};
use shared::metadata::{Invalid, RedirectUriKind, VerifiedMetadata, remove_said_by_server};
use shared::metadata_document::{DocumentUri, Wanted};
use shared::policy::{Flag, Policy};
use shared::registry::Context;
use shared::resolution;
use shared::store::Witness;

use crate::door::{self, Fault};
use crate::operator;

const METHODS: &[Method] = &[Method::Get];

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "client-lookup",
    paths: &["/{serviceId}/client"],
    methods: METHODS,
    deadline: RESOLVING_DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed_operator,
};

/// Answers 200 with client information in the names of RFC 7591 §2 and §3.2.1, 304 to whoever has it already, 404 for a
/// client that there is not, or what became of resolving a URL.
pub async fn handle(app: &App, request: Request) -> Response {
    door::answer_operator(&request, METHODS, Box::pin(look_up(app, &request))).await
}

/// What the request asks.
struct Question {
    client_id: String,
    redirect_uri: Option<String>,
    kept: bool,
}

impl Question {
    fn of(request: &Request) -> Result<Self, Invalid> {
        let once = |name: &'static str| {
            let mut values = request.query_parameters().filter(|(found, _)| found == name).map(|(_, value)| value);
            let first = values.next().filter(|value| !value.is_empty());
            if values.next().is_some() { Err(Invalid::Duplicate { member: name.to_owned() }) } else { Ok(first) }
        };
        let kept = match once("kept")?.as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(Invalid::syntax("kept", "true or false")),
        };
        let client_id = once("client_id")?.ok_or(Invalid::Missing { member: "client_id" })?;
        Ok(Self { client_id, redirect_uri: once("redirect_uri")?, kept })
    }
}

async fn look_up(app: &App, request: &Request) -> Result<Response, Fault> {
    let question = Question::of(request);
    let identifier = question.as_ref().ok().map(|question| question.client_id.as_str());
    let any_of = [Permission::UseService, Permission::ClientRead, Permission::ClientWrite];
    let (desk, named) = operator::open(app, request, &any_of, identifier).await?;
    let question = question.map_err(Fault::Request)?;
    let context = operator::context(&desk, app, request);
    let may_fetch = desk.operator.may(&[Permission::UseService]);
    let wanted = Wanted { kept: question.kept, may_fetch, ..Wanted::default() };
    let base_url = app.base_url(&desk.service, request);
    let client = resolution::resolve(&context, &base_url, &question.client_id, named, wanted).await;
    let client = client.map_err(Fault::Unresolved)?;
    let policy = desk.service.policy();
    if client.is_held() && policy.lookup_refuses_locked {
        return Err(Error::ClientLocked.into());
    }
    if let Some(sent) = question.redirect_uri {
        let registered = client.record.metadata.redirect_uris();
        if !registered.iter().any(|uri| uri.is_redirect_of(&sent)) {
            return Err(Fault::Redirect { sent, registered: registered.len() });
        }
    }
    // Who is looked up does not end as one that nobody uses.
    if wanted.may_fetch && (policy.lookup_is_use || client.lives_by_use(policy.unused)) {
        // Whoever sends a user with its name has it looked up: what that proves is the operator's to say.
        let by = if policy.lookup_is_use { Witness::Trusted } else { Witness::Anybody };
        app.store.note_use(&desk.service, &client, by, 0).await;
    }
    let max_age = max_age(policy, &client, app.clock.now());
    let members = answer(&context, &desk, client).await?;
    Ok(Response::json(200, members)
        .with("cache-control", format!("private, max-age={max_age}"))
        .with("vary", "authorization")
        .validated(request))
}

/// For how many seconds the answer may be used again: no longer than a document is fresh, or a client lives.
fn max_age(policy: &Policy, client: &RegisteredClient, now: u64) -> u64 {
    let document = client.record.metadata_document.as_ref().map(|document| document.fresh_until);
    let ends = document.into_iter().chain(client.ends_at()).map(|end| end.saturating_sub(now));
    ends.min().map_or(policy.lookup_max_age, |left| left.min(policy.lookup_max_age))
}

async fn answer(context: &Context<'_>, desk: &Desk, client: RegisteredClient) -> Result<Map<String, Value>, Error> {
    let sees_secret = desk.operator.may(&[Permission::UseService, Permission::ClientWrite]);
    let previous = if sees_secret { administration::previous_secret(context, &client).await? } else { None };
    let information =
        if sees_secret { administration::opened(context, client).await? } else { administration::closed(client) };
    let mut members = information.to_members();
    remove_said_by_server(&mut members);
    let (client, policy) = (&information.client, desk.service.policy());
    let record = &client.record;
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if let Some((secret, until)) = previous {
        put("previous_client_secret", secret.expose().into());
        put("previous_client_secret_expires_at", until.into());
    }
    put("source", client.source.as_str().into());
    put("locked", client.is_held().into());
    if client.pending_until.is_some() {
        put("pending", true.into());
    }
    if let Some(end) = client.waits_until() {
        put("pending_until", end.into());
    }
    let flags: Vec<&str> = policy.flags(client).into_iter().map(Flag::as_str).collect();
    if !flags.is_empty() {
        put("flags", flags.into());
    }
    put("issued_at", (record.issued_at_millis / 1000).into());
    if let Some(end) = client.expires_at {
        put("expires_at", end.into());
    }
    if let Some(scopes) = &record.settings.requestable_scopes {
        put("requestable_scopes", scopes.as_slice().into());
    }
    if let Some(document) = &record.metadata_document {
        if !document.methods.is_empty() {
            let methods: Vec<&str> = document.methods.iter().map(|method| method.as_str()).collect();
            put("token_endpoint_auth_methods_supported", methods.into());
        }
        put("metadata_document", facts(&client.client_id, document, &record.metadata));
        members.remove("client_id_issued_at");
    }
    Ok(members)
}

/// What a consent page says of a client that names itself (client ID metadata documents §9.5, and the MCP specification):
/// whose it is, where it sends the user, and how old the copy is.
fn facts(client_id: &str, document: &ClientDocument, metadata: &VerifiedMetadata) -> Value {
    let uris = metadata.redirect_uris();
    let hosts: BTreeSet<&str> = uris.iter().filter_map(|uri| uri.host()).collect();
    let loopback = |kind| kind == RedirectUriKind::Loopback;
    let uri = DocumentUri::parse(client_id, |_| true);
    let host = uri.as_ref().map_or("", DocumentUri::host);
    let own_origin = |url: &str| {
        let origin = uri.as_ref().map_or("", DocumentUri::origin);
        url.strip_prefix(origin).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
    };
    let own_host = |url: &str| DocumentUri::parse(url, |_| true).is_ok_and(|url| url.host() == host);
    let changed: BTreeMap<&String, u64> =
        document.changed.iter().map(|(member, millis)| (member, millis / 1000)).collect();
    let mut facts = json!({
        "host": host,
        "redirect_hosts": hosts,
        "loopback_only": !uris.is_empty() && uris.iter().all(|uri| loopback(uri.kind())),
        "same_origin": !uris.is_empty() && uris.iter().all(|uri| own_origin(uri.as_str())),
        "trust": document.trust.as_str(),
        "copy": document.copy.as_str(),
        "fetched_at": document.fetched_at_millis / 1000,
        "fresh_until": document.fresh_until,
        "first_seen_at": document.first_seen_millis / 1000,
        "changed_at": document.changed_at_millis / 1000,
        "changed_members": changed,
    });
    let logos = || metadata.rest().logo_uri.iter().flat_map(shared::metadata::Localized::values);
    if let Some(facts) = facts.as_object_mut() {
        if let Some(pattern) = &document.trusted_by {
            facts.insert("trusted_by".to_owned(), pattern.as_str().into());
        }
        if logos().next().is_some() {
            facts.insert("logo_on_other_host".to_owned(), logos().any(|logo| !own_host(logo)).into());
        }
    }
    facts
}
