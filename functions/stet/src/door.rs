//! What the endpoints of this door have in common: how a request begins, how answers look.

use std::sync::Arc;
use std::time::{Duration, Instant};

use shared::caller::Origin;
use shared::http::{Method, Request, Response};
use shared::registry::{Context, FETCHING};
use shared::service::Service;
use shared::{App, Error as Core};

use crate::certificate::{QualifiedCertificate, TrustAnchors};
use crate::error::Error;
use crate::settings::Settings;
use crate::trust;

/// The name by which a policy opens this door.
pub(crate) const DOOR: &str = "stet";

/// When a request is given up: before the function's own deadline, so that the answer is this door's.
const DEADLINE: Duration = Duration::from_millis(4300);

/// The longest `X-Request-ID`.
const MAX_REQUEST_ID: usize = 70;

/// Answers with the outcome, in time, and echoes `X-Request-ID`.
pub(crate) async fn answer(
    app: &App,
    request: &Request,
    methods: &[Method],
    outcome: impl Future<Output = Result<Response, Error>>,
) -> Response {
    let outcome = tokio::time::timeout(DEADLINE, outcome).await.unwrap_or(Err(Error::TookTooLong));
    let response = outcome.unwrap_or_else(|error| error.render(request.path(), app.clock.now_text()));
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

/// A request of an institution whose connection is known.
pub(crate) struct Visit<'a> {
    pub(crate) app: &'a App,
    pub(crate) request: &'a Request,
    pub(crate) service: Arc<Service>,
    pub(crate) settings: Settings,
    /// The certificate of the connection.
    pub(crate) web: QualifiedCertificate,
    /// What the service trusts.
    pub(crate) anchors: TrustAnchors,
    /// When all fetching for this request must have ended.
    pub(crate) fetching_ends: Instant,
}

impl<'a> Visit<'a> {
    /// Checks method and `Accept`, and whose connection it is.
    pub(crate) async fn begin(app: &'a App, request: &'a Request, methods: &[Method]) -> Result<Self, Error> {
        if !methods.contains(&request.method) {
            return Err(Core::MethodNotAllowed.into());
        }
        if !accepts_json(request.header("accept")) {
            return Err(Error::NotAcceptable);
        }
        let service = app.service(app.stet_service.ok_or(Core::UnknownService)?).await?;
        if !service.policy().opens(DOOR) {
            return Err(Core::UnknownService.into());
        }
        let (settings, anchors) = Settings::of(&service)?;
        let web = trust::web_certificate(request)?;
        let visit = Self { app, request, service, settings, web, anchors, fetching_ends: Instant::now() + FETCHING };
        visit.check_web().await?;
        let key = format!("{}#{DOOR}#{}", visit.service.id, visit.organization());
        let admission = app.token_limit.admit(&app.store, &app.clock, &key).await;
        if admission.allowed { Ok(visit) } else { Err(Error::TooManyRequests(admission)) }
    }

    /// Checks the token and `X-Request-ID`, and that the operation is not switched off.
    pub(crate) async fn authorize(&self) -> Result<(), Error> {
        if !self.settings.offers(self.request.method) {
            return Err(Error::SwitchedOff);
        }
        self.check_token(self.presented()?).await?;
        request_id(self.request).map(drop)
    }

    /// Whose connection it is: the identifier of its client.
    pub(crate) fn organization(&self) -> &str {
        self.web.organization().as_str()
    }

    /// The presented access token.
    pub(crate) fn presented(&self) -> Result<&str, Core> {
        self.request.bearer_token().ok_or(Core::MissingToken)
    }

    /// What the core needs to know of the request.
    pub(crate) fn context(&self) -> Context<'_> {
        Context {
            app: self.app,
            service: &self.service,
            origin: Origin::of(self.request, DOOR, self.organization()),
            fetching_ends: self.fetching_ends,
            audiences: vec![self.service.issuer(&self.app.base_url(&self.service, self.request))],
        }
    }
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
