//! `GET /operator/{serviceId}/clients/{client}/history`: what was changed of a client, newest first, be it gone.

use serde_json::{Map, Value};
use shared::audit::Entry;
use shared::http::{DEADLINE, Request, Response};
use shared::{App, Error};

use crate::door::{self, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;
use crate::shown;

endpoint!(history, "operator-client-history", [Get], ["/operator/{serviceId}/clients/{client}/history"], DEADLINE);

async fn history(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, named, identifier) = door::client(app, request, READ_CLIENTS).await?;
    let query = Query::of(request, &["limit", "cursor"])?;
    let (number, left) = match named.client {
        Some(client) => (client.numeric_id, None),
        None => (desk.service.numeric_id(identifier), named.left),
    };
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    let (entries, next) = app.store.latest_audit_of_client(desk.service.id, number, cursor, limit).await?;
    let mut members = page(&entries, next)?;
    if let Some(left) = left
        && let Some(deleted) = shown::restorable(&app.store, (desk.service.id, number), &left)?
    {
        members.insert("deleted".to_owned(), deleted.into());
    }
    Ok(Response::json(200, members))
}

/// A page of entries.
pub(crate) fn page(entries: &[Entry], next: Option<String>) -> Result<Map<String, Value>, Fault> {
    let entries = entries.iter().map(serde_json::to_value).collect::<Result<Vec<Value>, _>>();
    Ok(shown::page("entries", entries.map_err(Error::internal)?, next))
}
