//! `GET /operator/{serviceId}/federation`: a service's place in federations, and how far an entity would come that asks for
//! its registration.

use serde_json::{Map, Value, json};
use shared::App;
use shared::federation::statement::EntityStatement;
use shared::federation::{CHECKS, EntityId, Rehearsal, rehearse};
use shared::http::{RESOLVING_DEADLINE, Request, Response};
use shared::metadata::Invalid;
use shared::registry::Context;

use crate::door::{self, FETCH, Fault, READ_CLIENTS, endpoint};
use crate::query::Query;

endpoint!(federation, "operator-federation", [Get], ["/operator/{serviceId}/federation"], RESOLVING_DEADLINE);

async fn federation(app: &App, request: &Request) -> Result<Response, Fault> {
    let looks = request.query_parameters().any(|(name, _)| name == "entity_id");
    let desk = door::desk(app, request, if looks { FETCH } else { READ_CLIENTS }).await?;
    let query = Query::of(request, &["entity_id"])?;
    let context = door::resolving_context(app, &desk, request);
    let base_url = app.base_url(&desk.service, request);
    let Some(named) = query.text("entity_id") else { return Ok(Response::json(200, settings(&context, &base_url))) };
    let wrong = || Fault::of_request(&Invalid::syntax("entity_id", "an entity identifier"));
    let entity = EntityId::parse(named).ok_or_else(wrong)?;
    Ok(Response::json(200, told(&entity, &Box::pin(rehearse(&context, &base_url, &entity)).await)))
}

/// The service's place in federations.
#[must_use]
pub fn settings(context: &Context<'_>, base_url: &str) -> Map<String, Value> {
    let settings = &context.service.configuration.federation;
    let anchors: Vec<&String> = settings.trust_anchors.iter().map(|anchor| &anchor.entity_id).collect();
    let members = json!({
        "enabled": settings.enabled,
        "entity_id": context.service.issuer(base_url),
        "authority_hints": settings.authority_hints,
        "trust_anchors": anchors,
    });
    members.as_object().cloned().unwrap_or_default()
}

/// How far an entity would come: each check, the chain, and what would be registered.
#[must_use]
pub fn told(entity: &EntityId, rehearsal: &Rehearsal) -> Map<String, Value> {
    let reason = rehearsal.fault.as_ref().map(ToString::to_string);
    let check = |(number, name): (usize, &&str)| {
        if number == rehearsal.passed
            && let Some(reason) = &reason
        {
            return json!({ "check": name, "outcome": "failed", "reason": reason });
        }
        json!({ "check": name, "outcome": if number < rehearsal.passed { "passed" } else { "not_reached" } })
    };
    let checks: Vec<Value> = CHECKS.iter().enumerate().map(check).collect();
    let mut members =
        Map::from_iter([("entity_id".to_owned(), entity.as_str().into()), ("checks".to_owned(), checks.into())]);
    if let Some(chain) = &rehearsal.chain {
        members.insert("trust_anchor".to_owned(), chain.trust_anchor().as_str().into());
        members.insert("expires_at".to_owned(), chain.expires_at().into());
        members.insert("chain".to_owned(), chain.statements().iter().map(statement).collect());
    }
    if let Some(registered) = &rehearsal.registered {
        members.insert("registered".to_owned(), registered.to_members().into());
    }
    members
}

fn statement(statement: &EntityStatement) -> Value {
    json!({
        "iss": statement.issuer().as_str(),
        "sub": statement.subject().as_str(),
        "iat": statement.issued_at_millis() / 1000,
        "exp": statement.expires_at(),
    })
}
