//! `GET /operator/{serviceId}/refusals`: what registrants were refused, by day, operation, rule, description, door and
//! network, the newest day first.

use serde_json::{Map, Value, json};
use shared::App;
use shared::http::{DEADLINE, Request, Response};
use shared::store::{Refused, Sample};

use crate::door::{self, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;
use crate::shown::page;

/// How many days are shown unless asked for.
const USUAL_DAYS: u64 = 7;

/// How many are shown at the most.
pub const MOST_DAYS: u64 = 31;

endpoint!(refusals, "operator-refusals", [Get], ["/operator/{serviceId}/refusals"], DEADLINE);

async fn refusals(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let query = Query::of(request, &["days", "limit", "cursor"])?;
    let (days, limit) = (query.number("days", 1..=MOST_DAYS)?.unwrap_or(USUAL_DAYS), query.limit()?);
    let (refused, next) = app.store.refusals(desk.service.id, days, query.text("cursor"), limit).await?;
    Ok(Response::json(200, page("refusals", refused.iter().map(shown), next)))
}

/// What was refused of one kind on one day.
#[must_use]
pub fn shown(refused: &Refused) -> Map<String, Value> {
    let samples: Value = refused.samples.iter().map(sample).collect();
    let members = json!({
        "day": refused.day, "operation": refused.operation, "count": refused.count, "error": refused.error, "rule": refused.rule,
        "door": refused.door, "network": refused.network, "description": refused.description,
        "samples": samples, "last_at": refused.last_at,
    });
    members.as_object().cloned().unwrap_or_default()
}

fn sample(Sample { sent, reproduces, .. }: &Sample) -> Value {
    json!({"sent": sent, "reproduces": reproduces})
}
