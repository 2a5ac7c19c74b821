//! `GET /api/misc/echo`: answers the parameters of the query.

use serde_json::Map;
use shared::App;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    door::endpoint("authlete-echo", &["/api/misc/echo"], &[Method::Get], |app, request| Box::pin(handle(app, request)));

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(echo(&call).await)
}

#[expect(clippy::unused_async, reason = "every endpoint has this form")]
async fn echo(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    let parameters = call.request.query_parameters().map(|(name, value)| (name, value.into()));
    Ok(Response::json(200, parameters.collect::<Map<_, _>>()))
}
