//! `/api/…`: what is no operation here.

use shared::App;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-unknown",
    &["/api/{serviceId}", "/api/{serviceId}/{path+}"],
    &[Method::Get, Method::Post, Method::Put, Method::Delete],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(unknown(&call).await)
}

#[expect(clippy::unused_async, reason = "every endpoint has this form")]
async fn unknown(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    Err(Error::UnknownOperation)
}
