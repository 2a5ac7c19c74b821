//! `registrar service stats --hours`: what was registered and refused in the last two days.

use anyhow::Result;
use serde_json::{Map, Value, json};

use crate::admin::Output;
use crate::admin::api::shape::{HOURS, has, rows};
use crate::admin::asked::Asked;
use crate::failure::described;

pub(super) async fn run(id: u64, asked: &Asked, output: &Output) -> Result<()> {
    let mut members = match asked {
        Asked::Table(connection) => {
            connection.service(id).await?;
            let hours = operator::counts::hours(&connection.store, id, connection.clock.now()).await;
            Map::from_iter([("hours".to_owned(), hours.map_err(described)?.into())])
        }
        Asked::Api(api) => api.get(&[&id.to_string(), "counts"]).await?,
    };
    has(&members, &[HOURS])?;
    let hours = rows(&mut members, HOURS.0);
    if output.is_json() {
        return output.one(&Map::from_iter([("id".to_owned(), id.into()), ("hours".to_owned(), json!(hours))]));
    }
    output.rows(&["hour", "registered", "refused"], &hours.into_iter().map(for_people).collect::<Vec<_>>())
}

/// The same with what each door has in words: `oauth 3, stet 1`.
fn for_people(mut hour: Map<String, Value>) -> Map<String, Value> {
    for (name, shown) in [("registered", "registered"), ("refusals", "refused")] {
        if let Some(Value::Object(doors)) = hour.remove(name) {
            let doors = doors.iter().filter(|(_, number)| number.as_u64() != Some(0));
            let said: Vec<String> = doors.map(|(door, number)| format!("{door} {number}")).collect();
            hour.insert(shown.to_owned(), said.join(", ").into());
        }
    }
    hour
}
