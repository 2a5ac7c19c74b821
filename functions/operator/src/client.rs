//! `/operator/{serviceId}/clients/{client}`: one client, by its identifier, number or alias.

use shared::administration::{self, Draft};
use shared::client::RegisteredClient;
use shared::http::{DEADLINE, Method, Request, Response};
use shared::{App, Error};

use crate::action::{self, Action};
use crate::door::{self, Fault, READ_CLIENTS, WRITE_CLIENTS, endpoint};
use crate::query::{Members, Query, has_no_body};
use crate::{settable, shown};

endpoint!(one, "operator-client", [Get, Patch, Delete], ["/operator/{serviceId}/clients/{client}"], DEADLINE);

async fn one(app: &App, request: &Request) -> Result<Response, Fault> {
    match request.method {
        Method::Patch => update(app, request).await,
        Method::Delete => delete(app, request).await,
        _ => read(app, request).await,
    }
}

async fn read(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, named, identifier) = door::client(app, request, READ_CLIENTS).await?;
    Query::of(request, &[])?;
    let client = door::known(&door::context(app, &desk, request), request, identifier, named).await?;
    Ok(Response::json(200, shown::whole(&client, desk.service.policy(), app.clock.now())))
}

/// Changes its metadata by the members of a JSON merge patch (RFC 7396); with `version`, only that one.
async fn update(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, named, identifier) = door::client(app, request, WRITE_CLIENTS).await?;
    Query::of(request, &[])?;
    let mut changes = Members(door::body(request)?);
    let version = changes.number("version")?;
    let context = door::context(app, &desk, request);
    let client = door::known(&context, request, identifier, named).await?;
    if !client.source.is_operators_to_change() {
        return Err(Fault::Conflict("others vouch for this client: it is not an operator's to change"));
    }
    if version.is_some_and(|version| version != client.version) {
        return Err(Fault::Changed);
    }
    let (policy, now) = (desk.service.policy(), app.clock.now());
    let changes = settable::differing(changes.0, &client, policy, now);
    settable::check(&changes, policy).map_err(|text| Fault::Request(text.into()))?;
    let draft = |client: &RegisteredClient| Draft::patched(client, changes.clone());
    let (before, after) = (client.record.metadata.to_metadata(), draft(&client)?.metadata);
    let lacking = settable::lacking(&before, &after, client.source)?;
    let updated = match version {
        Some(_) => administration::replace_once(&context, client, &draft).await,
        None => administration::replace(&context, client, draft).await,
    };
    match updated {
        Ok(updated) => Ok(Response::json(200, shown::updated(&updated, lacking.as_ref(), policy, now))),
        Err(Error::Contention) if version.is_some() => Err(Fault::Changed),
        Err(error) => Err(error.into()),
    }
}

async fn delete(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, named, identifier) = door::client(app, request, WRITE_CLIENTS).await?;
    let query = Query::of(request, &["for_good", "version"])?;
    let (for_good, version) = (query.flag("for_good")?.unwrap_or_default(), query.number("version", 1..=u64::MAX)?);
    has_no_body(request, "version and for_good are")?;
    let context = door::context(app, &desk, request);
    let action = Action::Delete { for_good, unused: None };
    let base_url = app.base_url(&desk.service, request);
    Box::pin(action::perform(&context, &base_url, identifier, named, &action, version)).await?;
    Ok(Response::empty(204))
}
