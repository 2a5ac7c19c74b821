//! `GET /api/info`: which version answers, and what it can do.

use serde_json::Map;
use shared::App;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    door::endpoint("authlete-info", &["/api/info"], &[Method::Get], |app, request| Box::pin(handle(app, request)));

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(info(&call).await)
}

/// Authlete's names for what there is here.
const FEATURES: [&str; 1] = ["dcr"];

#[expect(clippy::unused_async, reason = "every endpoint has this form")]
async fn info(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    let mut members = Map::new();
    members.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    members.insert("features".to_owned(), FEATURES.to_vec().into());
    Ok(Response::json(200, members))
}
