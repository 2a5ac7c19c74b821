//! `/operator/{serviceId}/policy`: what a service lets clients register.

use serde_json::{Map, Value};
use shared::http::{DEADLINE, EntityTags, Method, Request, Response};
use shared::metadata::Invalid;
use shared::policy::{Policy, Preset};
use shared::service::{Service, ServiceConfiguration};
use shared::{App, Error, administration};

use crate::door::{self, Fault, READ_SERVICE, WRITE_SERVICE, endpoint};
use crate::query::Query;
use crate::shown::WARNINGS;

endpoint!(policy, "operator-policy", [Get, Put], ["/operator/{serviceId}/policy"], DEADLINE);

async fn policy(app: &App, request: &Request) -> Result<Response, Fault> {
    if request.method == Method::Put { replace(app, request).await } else { read(app, request).await }
}

async fn read(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, READ_SERVICE).await?;
    Query::of(request, &[])?;
    let service = stored(app, desk.service.id).await?;
    Ok(shown(&service, whole(&service)))
}

/// Replaces the policy, if it still is the one that `If-Match` names. Functions that have it in memory follow within half a
/// minute.
async fn replace(app: &App, request: &Request) -> Result<Response, Fault> {
    let desk = door::desk(app, request, WRITE_SERVICE).await?;
    Query::of(request, &[])?;
    let policy = written(door::body(request)?)?;
    let matching = request.header("if-match").ok_or(Fault::PreconditionRequired)?;
    let wrong = || Fault::of_request(&Invalid::syntax("If-Match", "* alone, or entity tags in quotation marks"));
    let matching = EntityTags::parse(matching).ok_or_else(wrong)?;
    let current = stored(app, desk.service.id).await?;
    if !matching.have(&etag(&current)) {
        return Err(Fault::PreconditionFailed);
    }
    let configuration = ServiceConfiguration { policy, ..current.configuration.clone() };
    let origin = door::origin(&desk, request);
    match administration::configure_service(&app.store, &current, &configuration, &origin).await {
        Ok(service) => {
            let base_url = app.base_url(&service, request);
            let mut answer = whole(&service);
            warn(&mut answer, &service.configuration, Some(&base_url));
            Ok(shown(&service, answer))
        }
        Err(Error::Contention) => Err(Fault::PreconditionFailed),
        Err(error) => Err(of_policy(error)),
    }
}

/// Says in an answer what whoever makes a policy is to know, though nothing forbids it. `base_url` is where the API is, if
/// that is known.
pub fn warn(answer: &mut Map<String, Value>, configuration: &ServiceConfiguration, base_url: Option<&str>) {
    let warnings = configuration.warnings(base_url);
    if !warnings.is_empty() {
        answer.insert(WARNINGS.to_owned(), warnings.into());
    }
}

/// A policy that cannot be is no client's metadata, though the core finds faults of both in the same words.
pub(crate) fn of_policy(error: Error) -> Fault {
    match error {
        Error::InvalidClientMetadata(_) | Error::InvalidRedirectUri(_) => Fault::Request(error.to_string().into()),
        error => error.into(),
    }
}

/// The service as the table has it, whatever this instance remembers.
pub(crate) async fn stored(app: &App, service: u64) -> Result<Service, Fault> {
    app.store.service(service).await?.ok_or(Fault::OtherService)
}

/// A policy as it was written; members that it lacks are those of the preset `protected`.
pub(crate) fn written(mut members: Map<String, Value>) -> Result<Policy, Fault> {
    // What was answered can be sent back.
    members.remove(WARNINGS);
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

/// What is replaced whole is shown as it is stored, and not as far as the service's metadata announce it: who puts back what
/// was read loses nothing.
fn whole(service: &Service) -> Map<String, Value> {
    members(&service.configuration.policy)
}

fn shown(service: &Service, members: Map<String, Value>) -> Response {
    Response::json(200, members).with("etag", etag(service))
}

/// Each change of a service is another version; so is one of its policy.
fn etag(service: &Service) -> String {
    format!("\"{}\"", service.version)
}
