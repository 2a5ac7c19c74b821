//! `GET /api/{serviceId}/client/get/{clientId}`: shows a client to an operator.

use shared::App;
use shared::http::{Endpoint, Method, Request, Response};

use crate::client_answer;
use crate::client_object::View;
use crate::door::{self, Call};
use crate::error::Error;

/// The endpoint.
pub static ENDPOINT: Endpoint = door::endpoint(
    "authlete-client-get",
    &["/api/{serviceId}/client/get/{clientId+}"],
    &[Method::Get],
    |app, request| Box::pin(handle(app, request)),
);

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(get(&call).await)
}

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[]).await?;
    let view = View::of(&desk.operator);
    Ok(Response::json(200, client_answer::answer(&desk.context(call), found, view).await?))
}
