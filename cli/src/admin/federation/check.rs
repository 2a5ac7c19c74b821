//! `registrar service federation check`: how far an entity would come.

use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use reqwest::Method;
use serde_json::{Map, Value};
use shared::federation::discovery::RESOLVING;
use shared::federation::{EntityId, rehearse};
use shared::registry::Context;

use crate::admin::api::Asking;
use crate::admin::api::shape::{REHEARSAL, has, rows};
use crate::admin::asked::{Asked, needs_table};
use crate::admin::desk::Desk;
use crate::admin::fetched::Reach;
use crate::admin::output::date;
use crate::admin::{Connection, Output};
use crate::failure::Failure;

/// Whom to look at.
#[derive(Args)]
pub struct Check {
    /// The service's number.
    pub(super) id: u64,
    /// The entity identifier.
    #[arg(value_name = "ENTITY")]
    entity_id: Option<String>,
    #[command(flatten)]
    reach: Reach,
}

pub(super) async fn run(check: Check, asked: &Asked, output: &Output) -> Result<()> {
    let Check { id, entity_id, reach } = check;
    let mut answer = match asked {
        Asked::Table(connection) => in_table(id, entity_id.as_deref(), reach, connection).await?,
        Asked::Api(_) if !reach.is_usual() => {
            return Err(needs_table("by the API the functions fetch, from where they do").into());
        }
        Asked::Api(api) => {
            let asking = Asking::new(Method::GET, &[&id.to_string(), "federation"]);
            let answer = api.ask(asking.with("entity_id", entity_id.as_ref())).await?.members;
            has(&answer, if entity_id.is_some() { &REHEARSAL } else { &[] })?;
            answer
        }
    };
    if entity_id.is_none() {
        return output.one(&answer);
    }
    to_dates(&mut answer);
    let failed = rows(&mut answer.clone(), "checks").into_iter().find(|check| check.contains_key("reason"));
    if output.is_json() {
        output.one(&answer)?;
    } else {
        output.rows(&["check", "outcome", "reason"], &rows(&mut answer, "checks"))?;
        let chain = rows(&mut answer, "chain");
        if !chain.is_empty() {
            output.done("");
            output.rows(&["iss", "sub", "iat", "exp"], &chain)?;
        }
        if let Some(Value::Object(registered)) = answer.get("registered") {
            output.done("");
            output.done("What would be registered:");
            output.one(registered)?;
        }
    }
    let Some(failed) = failed else { return Ok(()) };
    let text = |name: &str| failed.get(name).and_then(Value::as_str).unwrap_or_default();
    bail!("the entity does not pass {}: {}", text("check"), text("reason"))
}

async fn in_table(
    id: u64,
    entity_id: Option<&str>,
    reach: Reach,
    connection: &Connection,
) -> Result<Map<String, Value>> {
    let service = connection.service(id).await?;
    let desk = Desk::fetching(service, connection, connection.fetch_settings(reach)?).await?;
    let Some(base_url) = &desk.base_url else {
        return Err(Failure::usage("where the API is, is not known: set REGISTRAR_BASE_URL").into());
    };
    let context = Context { fetching_ends: Instant::now() + RESOLVING, ..desk.context() };
    let Some(named) = entity_id else { return Ok(operator::federation::settings(&context, base_url)) };
    let Some(entity) = EntityId::parse(named) else { bail!("{named} is no entity identifier") };
    Ok(operator::federation::told(&entity, &Box::pin(rehearse(&context, base_url, &entity)).await))
}

/// Dates in the place of times.
fn to_dates(answer: &mut Map<String, Value>) {
    let dated = |members: &mut Map<String, Value>, name: &str| {
        if let Some(at) = members.get(name).and_then(Value::as_u64) {
            members.insert(name.to_owned(), date(at).into());
        }
    };
    if let Some(end) = answer.remove("expires_at") {
        answer.insert("expires".to_owned(), end);
        dated(answer, "expires");
    }
    for statement in answer.get_mut("chain").and_then(Value::as_array_mut).into_iter().flatten() {
        if let Value::Object(statement) = statement {
            dated(statement, "iat");
            dated(statement, "exp");
        }
    }
}
