//! `GET /api/lifecycle/healthcheck`: whether this API works.

use shared::App;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    door::endpoint("authlete-healthcheck", &["/api/lifecycle/healthcheck"], &[Method::Get], |app, request| {
        Box::pin(handle(app, request))
    });

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(healthcheck(&call).await)
}

/// Reads the table, so that an `OK` means that requests can be carried out.
async fn healthcheck(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    call.app.store.warm().await?;
    Ok(Response::text(200, "OK"))
}
