//! `GET /operator/{serviceId}/counts`: how many clients a service has by day of registration and, if asked, a page by
//! developer; and what was registered and refused in the last two days by hour and door.

use serde_json::{Map, Value, json};
use shared::http::{DEADLINE, Request, Response};
use shared::store::{HourCount, Store};
use shared::time::{DAY, day_of};
use shared::{App, Error};

use crate::door::{self, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;
use crate::shown;

/// How many days are shown unless asked for.
const USUAL_DAYS: u64 = 7;

/// How many are shown at the most, a hundred years.
pub const MOST_DAYS: u64 = 36_500;

/// Of how many hours registrations are shown.
const HOURS: u64 = 47;

endpoint!(counts, "operator-counts", [Get], ["/operator/{serviceId}/counts"], DEADLINE);

/// What was registered and refused in the last two days, by hour and door.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn hours(store: &Store, service_id: u64, now: u64) -> Result<Vec<Value>, Error> {
    Ok(by_hour(&store.hours(service_id, now.saturating_sub(HOURS * 60 * 60)).await?))
}

async fn counts(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_CLIENTS).await?;
    let query = Query::of(request, &["days", "developers", "limit", "cursor"])?;
    let days = query.number("days", 1..=MOST_DAYS)?.unwrap_or(USUAL_DAYS);
    let by_developer = query.flag("developers")?.unwrap_or_default();
    let (limit, cursor) = (query.limit()?, query.text("cursor"));
    if !by_developer && (cursor.is_some() || query.text("limit").is_some()) {
        return Err(Fault::Request("limit and cursor are of developers=true".into()));
    }
    let first = day_of(app.clock.now().saturating_sub((days - 1) * DAY));
    let counted = app.store.day_counts(desk.service.id).await?;
    let total: u64 = counted.iter().map(|(_, clients)| clients).sum();
    let shown = counted.iter().filter(|(day, _)| *day >= first);
    let shown: Vec<Value> = shown.map(|(day, clients)| json!({ "day": day, "clients": clients })).collect();
    let hours = hours(&app.store, desk.service.id, app.clock.now()).await?;
    let members = [("clients", Value::from(total)), ("days", shown.into()), ("hours", hours.into())];
    let mut members = Map::from_iter(members.map(|(name, value)| (name.to_owned(), value)));
    if by_developer {
        let (developers, next) = app.store.developer_counts(desk.service.id, cursor, limit).await?;
        let shown = developers.iter().map(|(name, clients)| json!({ "developer": name, "clients": clients }));
        members.extend(shown::page("developers", shown, next));
    }
    Ok(Response::json(200, members))
}

/// The hours, each with what each door has registered and refused, and how much all of them have refused.
fn by_hour(counts: &[HourCount]) -> Vec<Value> {
    let of_hour = |counts: &[HourCount]| {
        let hour = counts.first().map_or("", |count| count.hour.as_str());
        let by_door = |number: fn(&HourCount) -> u64| -> Map<String, Value> {
            counts.iter().map(|count| (count.door.clone(), number(count).into())).collect()
        };
        let (registered, refusals) = (by_door(|count| count.registered), by_door(|count| count.refused));
        let refused: u64 = counts.iter().map(|count| count.refused).sum();
        json!({ "hour": hour, "registered": registered, "refused": refused, "refusals": refusals })
    };
    counts.chunk_by(|one, other| one.hour == other.hour).map(of_hour).collect()
}
