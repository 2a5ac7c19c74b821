//! `GET /operator/{serviceId}/refusals`: which registrations were refused, by day, rule, description, door and
//! network.

use serde_json::{Map, Value, json};
use shared::App;
use shared::http::{DEADLINE, Request, Response};
use shared::store::Refused;
use shared::time::day_of;

use crate::door::{self, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;

/// A day, in seconds.
pub(crate) const DAY: u64 = 24 * 60 * 60;

/// How many days are shown unless asked for.
const USUAL_DAYS: u64 = 7;

/// How many are shown at the most: what is older is not kept.
pub const MOST_DAYS: u64 = 31;

endpoint!(refusals, "operator-refusals", [Get], ["/operator/{serviceId}/refusals"], DEADLINE);

async fn refusals(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let days = Query::of(request, &["days"])?.number("days", 1..=MOST_DAYS)?.unwrap_or(USUAL_DAYS);
    let now = app.clock.now();
    let mut refusals = Vec::new();
    for ago in 0..days {
        let day = day_of(now.saturating_sub(ago * DAY));
        let mut refused = app.store.refused(desk.service.id, &day).await?;
        refused.sort_by_key(|refused| std::cmp::Reverse(refused.last_at));
        refusals.extend(refused.iter().map(|refused| Value::Object(shown(refused))));
    }
    Ok(Response::json(200, Map::from_iter([("refusals".to_owned(), refusals.into())])))
}

/// What was refused of one kind on one day.
#[must_use]
pub fn shown(refused: &Refused) -> Map<String, Value> {
    let sample: Value = serde_json::from_str(&refused.sample).unwrap_or_default();
    let members = json!({
        "day": refused.day, "count": refused.count, "error": refused.error, "rule": refused.rule,
        "door": refused.door, "network": refused.network, "description": refused.description,
        "sample": sample, "last_at": refused.last_at,
    });
    members.as_object().cloned().unwrap_or_default()
}
