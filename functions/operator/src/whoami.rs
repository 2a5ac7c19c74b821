//! `GET /operator/whoami`: what a token is, and the services that it works for.

use serde_json::{Map, Value, json};
use shared::App;
use shared::caller::Reach;
use shared::desk;
use shared::http::{DEADLINE, Request, Response};
use shared::service::Service;

use crate::door::{Fault, endpoint};
use crate::query::Query;

/// How many services are named.
const MOST_SERVICES: usize = 100;

endpoint!(who_am_i, "operator-whoami", [Get], ["/operator/whoami"], DEADLINE);

async fn who_am_i(app: &App, request: &Request) -> Result<Response, Fault> {
    let record = app.store.token(&desk::presented(request)?).await?;
    let (permissions, expires_at) = record.as_ref().map_or_else(Default::default, |record| {
        (record.permissions.iter().map(|permission| permission.as_str()).collect::<Vec<_>>(), record.expires_at)
    });
    let operator = desk::known(app, record).await.map_err(Fault::of_desk)?;
    Query::of(request, &[])?;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("token", operator.token.to_text().into());
    put("permissions", permissions.into());
    if let Some(end) = expires_at {
        put("expires_at", end.into());
    }
    match operator.reach {
        Reach::Service(id) => {
            put("kind", "service".into());
            // One that is deleted has no name any more.
            put("services", app.service(id).await.ok().iter().map(|service| named(service)).collect());
        }
        Reach::Organization(organization) => {
            put("kind", "organization".into());
            let (services, are_more) = app.store.first_services(&organization, MOST_SERVICES).await?;
            put("organization", organization.into());
            put("services", services.iter().map(named).collect());
            if are_more {
                put("are_more_services", true.into());
            }
        }
    }
    Ok(Response::json(200, members))
}

fn named(service: &Service) -> Value {
    json!({ "service_id": service.id, "name": service.configuration.name })
}
