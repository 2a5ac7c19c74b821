//! `GET /operator/{serviceId}/counts`: how many clients a service has, by day of registration.

use serde_json::{Map, Value, json};
use shared::App;
use shared::http::{DEADLINE, Request, Response};
use shared::time::day_of;

use crate::door::{self, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;
use crate::refusals::DAY;

/// How many days are shown unless asked for.
const USUAL_DAYS: u64 = 7;

endpoint!(counts, "operator-counts", [Get], ["/operator/{serviceId}/counts"], DEADLINE);

async fn counts(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let days = Query::of(request, &["days"])?.number("days", 1..=90)?.unwrap_or(USUAL_DAYS);
    let first = day_of(app.clock.now().saturating_sub((days - 1) * DAY));
    let counted = app.store.day_counts(desk.service.id).await?;
    let total: u64 = counted.iter().map(|(_, clients)| clients).sum();
    let shown = counted.iter().filter(|(day, _)| *day >= first);
    let shown: Vec<Value> = shown.map(|(day, clients)| json!({ "day": day, "clients": clients })).collect();
    let members = [("clients", Value::from(total)), ("days", shown.into())];
    Ok(Response::json(200, Map::from_iter(members.map(|(name, value)| (name.to_owned(), value)))))
}
