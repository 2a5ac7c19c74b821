//! `GET /operator/{serviceId}/audit`: what was changed of a service, its clients and its tokens, newest first unless asked
//! for the oldest.

use shared::App;
use shared::http::{DEADLINE, Request, Response};

use crate::client_history::page;
use crate::door::{self, Fault, READ_SERVICE, endpoint};
use crate::query::Query;

/// The latest time that a position can have, in seconds since 1970.
const LATEST: u64 = 9_999_999_999;

endpoint!(audit, "operator-audit", [Get], ["/operator/{serviceId}/audit"], DEADLINE);

async fn audit(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_SERVICE).await?;
    let query = Query::of(request, &["since", "oldest", "limit", "cursor"])?;
    let since = query.number("since", 0..=LATEST)?.unwrap_or_default();
    let (cursor, limit) = (query.text("cursor"), query.limit()?);
    let (entries, next) = if query.flag("oldest")?.unwrap_or_default() {
        app.store.audit_of_service(desk.service.id, since, cursor, limit).await?
    } else {
        app.store.latest_audit_of_service(desk.service.id, since, cursor, limit).await?
    };
    Ok(Response::json(200, page(&entries, next)?))
}
