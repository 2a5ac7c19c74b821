//! `/operator/{serviceId}/policy`: what a service lets clients register.

use serde_json::{Map, Value};
use shared::http::{DEADLINE, Method, Request, Response};
use shared::policy::{Policy, Preset};
use shared::service::{Service, ServiceConfiguration};
use shared::{App, Error, administration};

use crate::door::{self, Fault, READ_SERVICE, WRITE_SERVICE, endpoint};
use crate::query::Query;

endpoint!(policy, "operator-policy", [Get, Put], ["/operator/{serviceId}/policy"], DEADLINE);

async fn policy(app: &App, request: &Request) -> Result<Response, Fault> {
    if request.method == Method::Put { replace(app, request).await } else { read(app, request).await }
}

async fn read(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_SERVICE).await?;
    Query::of(request, &[])?;
    Ok(shown(&stored(app, desk.service.id).await?))
}

/// Replaces the policy, if it still is the one that `If-Match` names. Functions that have it in memory follow within half a
/// minute.
async fn replace(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, WRITE_SERVICE).await?;
    Query::of(request, &[])?;
    let policy = written(door::body(request)?)?;
    let matching = request.header("if-match").ok_or(Fault::PreconditionRequired)?;
    let current = stored(app, desk.service.id).await?;
    // RFC 9110 §13.1.1: either `*`, or entity tags.
    let is_current = matching.trim() == "*" || matching.split(',').any(|tag| tag.trim() == etag(&current));
    if !is_current {
        return Err(Fault::PreconditionFailed);
    }
    let configuration = ServiceConfiguration { policy, ..current.configuration.clone() };
    let origin = door::origin(&desk, request);
    match administration::configure_service(&app.store, &current, &configuration, &origin).await {
        Ok(service) => Ok(shown(&service)),
        Err(Error::Contention) => Err(Fault::PreconditionFailed),
        Err(error) => Err(error.into()),
    }
}

/// The service as the table has it, whatever this instance remembers.
pub(crate) async fn stored(app: &App, service: u64) -> Result<Service, Fault> {
    app.store.service(service).await?.ok_or(Fault::OtherService)
}

/// A policy as it was written; members that it lacks are those of the preset `protected`.
pub(crate) fn written(members: Map<String, Value>) -> Result<Policy, Fault> {
    Preset::Protected.policy().patched(members).map_err(|fault| Fault::Request(fault.to_string().into()))
}

/// The members of a policy.
#[must_use]
pub fn members(policy: &Policy) -> Map<String, Value> {
    match serde_json::to_value(policy) {
        Ok(Value::Object(members)) => members,
        _ => Map::new(),
    }
}

fn shown(service: &Service) -> Response {
    Response::json(200, members(&service.configuration.policy)).with("etag", etag(service))
}

/// Each change of a service is another version; so is one of its policy.
fn etag(service: &Service) -> String {
    format!("\"{}\"", service.version)
}
