//! From API Gateway's events to typed requests, and back; how a function runs. The only module that knows
//! `lambda_http`.
//!
//! Events are read by types of our own and not by `lambda_http::Request`: its conversion builds a URI out of
//! the path, the query and two headers, and panics where a stranger's text does not make one.

mod condition;
mod file;
mod html;
mod line;
mod request;
mod response;

use std::future::Future;
use std::pin::Pin;
use std::time::{Duration, Instant};

use lambda_http::lambda_runtime::{self, Diagnostic, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing_subscriber::filter::LevelFilter;

pub use condition::EntityTags;
pub use file::{File, file};
pub use html::escaped;
pub use line::Metrics;
pub use request::{Method, Request};
pub use response::{Response, error_body, error_members};

use crate::app::App;
use crate::error::Error;
use line::Answered;

/// When a request is given up: half a second before the function's own time ends, so that whoever asked hears
/// of it.
pub const DEADLINE: Duration = Duration::from_millis(4500);

/// The same for functions that ask others before they can answer.
pub const RESOLVING_DEADLINE: Duration = Duration::from_millis(24_500);

/// A handler's answer on its way. Every outcome is an HTTP answer.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Response> + Send + 'a>>;

/// One function: its name, its routes, its handler.
#[derive(Clone, Copy)]
pub struct Endpoint {
    /// The name of the binary, of the function in the template, and of the function in `cargo lambda`.
    pub function: &'static str,
    /// Its paths, in API Gateway's form.
    pub paths: &'static [&'static str],
    /// The methods that have a meaning there; others are answered 405.
    pub methods: &'static [Method],
    /// When a request is given up: [`DEADLINE`] or [`RESOLVING_DEADLINE`].
    pub deadline: Duration,
    /// Answers a request.
    pub handler: for<'a> fn(&'a App, Request) -> Answer<'a>,
    /// The answer of this door if the handler panics, which is a bug, or does not end in time.
    pub failed: fn(&Error) -> Response,
}

/// The doors beside the oauth door, by how the names of their functions begin.
const DOORS: [(&str, &str); 8] = [
    ("authlete-", "authlete"),
    ("aws-", "identity-center"),
    ("console", "console"),
    ("federation-", "federation"),
    ("huawei-", "identity-center"),
    ("operator-", "operator"),
    ("pages", "pages"),
    ("stet-", "stet"),
];

impl Endpoint {
    /// The door whose endpoint it is.
    #[must_use]
    pub fn door(&self) -> &'static str {
        DOORS.into_iter().find(|(name, _)| self.function.starts_with(name)).map_or("oauth", |(_, door)| door)
    }

    /// Answers a request, whatever happens, and writes one line about it to the log.
    pub async fn answer(&self, app: &'static App, request: Request) -> Response {
        let started = Instant::now();
        let (method, request_id, trace_id) = (request.method, request.request_id.clone(), request.trace_id.clone());
        let service = request.service_id();
        let mut handler = tokio::spawn((self.handler)(app, request));
        let response = match tokio::time::timeout(self.deadline, &mut handler).await {
            Ok(Ok(response)) => response,
            Ok(Err(panic)) => (self.failed)(&Error::internal(panic)),
            Err(elapsed) => {
                handler.abort();
                (self.failed)(&Error::Unavailable(elapsed.into()))
            }
        };
        // What a body is, its content type says: no browser is to guess.
        let response = response.with("x-content-type-options", "nosniff");
        let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
        let answered = Answered {
            door: self.door(),
            function: self.function,
            method,
            service,
            response: &response,
            micros,
            request_id: &request_id,
            trace_id: trace_id.as_deref(),
            cold_start: app.starts(),
            registered: app.store.take_created(),
        };
        match &app.metrics {
            Some(metrics) => answered.write(metrics, app.known_service(self.door(), service), app.clock.now_millis()),
            None => answered.log(),
        }
        if method == Method::Head { response.without_content() } else { response }
    }
}

/// Serves an endpoint as a Lambda function.
///
/// # Errors
/// If the environment lacks what [`App::from_env`] needs, or the runtime API fails.
pub fn serve(endpoint: &'static Endpoint) -> Result<(), lambda_http::Error> {
    run(move |app, mut request: Request, trace_id| async move {
        request.trace_id = trace_id;
        Ok(endpoint.answer(app, request).await)
    })
}

/// Runs a Lambda function that answers each event so, of which it is told the trace. It starts the runtime itself, and
/// is no `async fn`, so that it is compiled in this library and not in every binary again.
pub(crate) fn run<E, A, F>(answer: impl Fn(&'static App, E, Option<String>) -> F) -> Result<(), lambda_http::Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Result<A, Error>>,
{
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
        tracing_subscriber::fmt()
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .with_target(false)
            .without_time()
            .with_max_level(log_level(std::env::var("RUST_LOG").ok().as_deref()))
            .init();
        let app: &'static App = Box::leak(Box::new(App::from_env().await?));
        let answer = |event: LambdaEvent<E>| {
            let answer = answer(app, event.payload, event.context.xray_trace_id.as_deref().and_then(root));
            async { answer.await.map_err(|error| diagnostic(&error)) }
        };
        lambda_runtime::run(service_fn(answer)).await
    })
}

/// The trace of a tracing header of X-Ray: `Root=1-…;Parent=…;Sampled=0`.
fn root(header: &str) -> Option<String> {
    header.split(';').find_map(|part| part.strip_prefix("Root=")).map(str::to_owned)
}

/// What is logged beside the lines of requests: what `RUST_LOG` says, one level, else `info`.
fn log_level(variable: Option<&str>) -> LevelFilter {
    variable.and_then(|level| level.parse().ok()).unwrap_or(LevelFilter::INFO)
}

/// What Lambda is told of a failure: nothing that the log alone may know.
fn diagnostic(error: &Error) -> Diagnostic {
    Diagnostic { error_type: error.code().to_owned(), error_message: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_the_root_of_its_header() {
        let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
        assert_eq!(root(header).as_deref(), Some("1-5759e988-bd862e3fe1be46a994272793"));
        assert_eq!(root("Self=1-2;Sampled=0"), None);
    }

    #[test]
    fn the_level_is_a_level_else_info() {
        assert_eq!(log_level(Some("warn")), LevelFilter::WARN);
        assert_eq!(log_level(Some("error")), LevelFilter::ERROR);
        assert_eq!(log_level(Some("loud")), LevelFilter::INFO);
        assert_eq!(log_level(None), LevelFilter::INFO);
    }
}
