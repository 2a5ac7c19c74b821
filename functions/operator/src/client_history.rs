//! `GET /operator/{serviceId}/clients/{client}/history`: what was changed of a client, newest first, be it gone.

use serde_json::{Map, Value};
use shared::App;
use shared::audit::Entry;
use shared::http::{DEADLINE, Request, Response};

use crate::door::{self, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;

endpoint!(history, "operator-client-history", [Get], ["/operator/{serviceId}/clients/{client}/history"], DEADLINE);

async fn history(app: &App, request: &Request) -> Result<Response, Fault> {
    let (desk, named, identifier) = door::client(app, request, READ_CLIENTS).await?;
    let query = Query::of(request, &["limit", "cursor"])?;
    let number = named.client.map_or_else(|| desk.service.numeric_id(identifier), |client| client.numeric_id);
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    let (entries, next) = app.store.latest_audit_of_client(desk.service.id, number, cursor, limit).await?;
    Ok(page(&entries, next))
}

/// A page of entries.
pub(crate) fn page(entries: &[Entry], next: Option<String>) -> Response {
    let entries: Vec<Value> = entries.iter().map(|entry| serde_json::to_value(entry).unwrap_or_default()).collect();
    let mut members = Map::from_iter([("entries".to_owned(), entries.into())]);
    members.extend(next.map(|next| ("next".to_owned(), next.into())));
    Response::json(200, members)
}
