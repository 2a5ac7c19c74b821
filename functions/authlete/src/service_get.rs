//! `GET /api/{serviceId}/service/get`: shows a service.

use shared::App;
use shared::http::{Endpoint, Method, Request, Response};

use crate::door::{self, Call};
use crate::error::Error;
use crate::service_answer;
use crate::service_object::View;

/// The endpoint.
pub static ENDPOINT: Endpoint =
    door::endpoint("authlete-service-get", &["/api/{serviceId}/service/get"], &[Method::Get], |app, request| {
        Box::pin(handle(app, request))
    });

async fn handle(app: &App, request: Request) -> Response {
    let call = Call::new(app, &request, &ENDPOINT);
    call.answer(get(&call).await)
}

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[]).await?;
    let view = View::of(&desk.operator);
    Ok(Response::json(200, service_answer::answer(call.app, call.request, &desk.service, view).await?))
}
