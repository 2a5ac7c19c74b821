//! What the endpoints of this door have in common: how a request begins, how answers look.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::http::{Method, Request, Response};
use shared::registry::{Context, FETCHING, Operation};
use shared::{App, Error as Core, registry};

use crate::error::Error;
use crate::settings::Settings;
use crate::visit::{self, DOOR, Visit};
use crate::{access_token, signed_request, trust};

/// When a request is given up: before the function's own deadline, so that the answer is this door's.
const DEADLINE: Duration = Duration::from_millis(4300);

/// The longest `X-Request-ID`.
const MAX_REQUEST_ID: usize = 70;

/// What an endpoint makes of a request.
pub(crate) type Act = for<'v> fn(&'v Visit<'v>) -> Outcome<'v>;

/// An answer, or why there is another, on its way.
pub(crate) type Outcome<'v> = Pin<Box<dyn Future<Output = Result<Response, Error>> + Send + 'v>>;

/// Answers the request of an institution, once it is known whose connection it is. That it is refused the operation for which
/// it has come is counted.
pub(crate) async fn receive(app: &App, request: &Request, methods: &[Method], asks: Operation, act: Act) -> Response {
    answer(app, request, methods, visit(app, request, methods, asks, act)).await
}

/// Answers with the outcome, in time, and echoes `X-Request-ID`.
pub(crate) async fn answer(
    app: &App,
    request: &Request,
    methods: &[Method],
    outcome: impl Future<Output = Result<Response, Error>>,
) -> Response {
    let outcome = tokio::time::timeout(DEADLINE, outcome).await.unwrap_or(Err(Error::TookTooLong));
    let response = outcome.unwrap_or_else(|error| refusal(app, request, &error));
    let response = response.with("cache-control", "no-store").with("pragma", "no-cache");
    let response = if response.status == 405 { response.with("allow", listed(methods)) } else { response };
    match request_id(request) {
        Ok(id) => response.with("x-request-id", id),
        Err(_) => response,
    }
}

fn listed(methods: &[Method]) -> String {
    methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ")
}

fn refusal(app: &App, request: &Request, error: &Error) -> Response {
    error.render(request.path(), app.clock.now_text())
}

/// The answer if a handler panics.
pub(crate) fn failed(error: &Core) -> Response {
    let cause = error.source_for_log().map_or_else(|| error.to_string(), ToString::to_string);
    Error::Core(Core::internal(cause)).render("", String::new())
}

/// The request's identifier, well formed.
fn request_id(request: &Request) -> Result<&str, Error> {
    let id = request.header("x-request-id").ok_or(Error::RequestId)?;
    let plain = (1..=MAX_REQUEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_graphic());
    if plain { Ok(id) } else { Err(Error::RequestId) }
}

/// Checks method and `Accept`, and whose connection it is; then acts. Whoever is not known hears what has to be signed.
async fn visit(app: &App, request: &Request, methods: &[Method], asks: Operation, act: Act) -> Result<Response, Error> {
    if !methods.contains(&request.method) {
        return Err(Core::MethodNotAllowed.into());
    }
    if !accepts_json(request.header("accept")) {
        return Err(Error::NotAcceptable);
    }
    let service = app.service(app.stet_service.ok_or(Core::UnknownService)?).await?;
    let fetching_ends = Instant::now() + FETCHING;
    let context = visit::context(app, request, &service, "anonymous", fetching_ends);
    if !service.policy().opens(DOOR) {
        let unknown = Core::UnknownService;
        registry::shut_out(&context, DOOR, asks, &unknown, request).await;
        return Err(unknown.into());
    }
    let (settings, anchors) = Settings::of(&service)?;
    let challenge = signed_request::challenge(&settings, request);
    let outcome = async {
        let connected = async {
            let (web, service) = (trust::web_certificate(request)?, Arc::clone(&service));
            let visit = Visit { app, request, service, settings, web, anchors, fetching_ends };
            visit.check_web().await.map(|()| visit)
        };
        let visit = match connected.await {
            Ok(visit) => visit,
            Err(error) => {
                // Nobody is known whose allowance it would be but its network's.
                app.admit_stranger(request, service.id, DOOR).await.map_err(Error::TooManyRequests)?;
                turned_away(&context, asks, request, &error).await;
                return Err(error);
            }
        };
        admit(&visit).await?;
        act(&visit).await
    };
    match outcome.await {
        Err(error) if error.needs_challenge() => Ok(refusal(app, request, &error).with("www-authenticate", challenge)),
        outcome => outcome,
    }
}

/// What comes of a step before the core is asked, or where that does not count by itself; or counts that the institution is
/// refused.
pub(crate) async fn counted<T>(
    visit: &Visit<'_>,
    operation: Operation,
    step: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let outcome = step.await;
    if let Err(error) = &outcome {
        turned_away(&visit.context(), operation, visit.request, error).await;
    }
    outcome
}

async fn turned_away(context: &Context<'_>, operation: Operation, request: &Request, error: &Error) {
    registry::turned_away(context, operation, error.rule(), error.reason(), &request.body).await;
}

/// An organization asks as much as an operator's token may.
async fn admit(visit: &Visit<'_>) -> Result<(), Error> {
    let key = format!("{}#{DOOR}#{}", visit.service.id, visit.client_id());
    let admission = visit.app.token_limit.admit(&visit.app.store, &visit.app.clock, &key).await;
    if admission.allowed { Ok(()) } else { Err(Error::TooManyRequests(admission)) }
}

/// Checks the token and `X-Request-ID`, and that the operation is not switched off.
pub(crate) async fn authorize(visit: &Visit<'_>) -> Result<(), Error> {
    if !visit.settings.offers(visit.request.method) {
        return Err(Error::SwitchedOff);
    }
    access_token::check(visit).await?;
    request_id(visit.request).map(drop)
}

/// Whether JSON is among what the client takes (RFC 9110 §12.5.1).
fn accepts_json(accept: Option<&str>) -> bool {
    let Some(accept) = accept.filter(|accept| !accept.trim().is_empty()) else { return true };
    accept.split(',').any(|range| {
        let mut parts = range.split(';').map(str::trim);
        let json = parts.next().is_some_and(|range| {
            ["application/json", "application/*", "*/*"].iter().any(|known| range.eq_ignore_ascii_case(known))
        });
        let refused = parts.any(|parameter| {
            let quality = parameter.strip_prefix("q=").or_else(|| parameter.strip_prefix("Q="));
            quality.is_some_and(|quality| quality.parse::<f32>() == Ok(0.0))
        });
        json && !refused
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rfc_9110_12_5_1_json_is_accepted_or_not() {
        for (accept, accepted) in [
            (None, true),
            (Some(""), true),
            (Some("application/json"), true),
            (Some("application/json;charset=utf-8"), true),
            (Some("text/html, application/*;q=0.1"), true),
            (Some("*/*"), true),
            (Some("text/html"), false),
            (Some("application/json;q=0"), false),
            (Some("application/xml, text/*"), false),
        ] {
            assert_eq!(accepts_json(accept), accepted, "{accept:?}");
        }
    }
}
