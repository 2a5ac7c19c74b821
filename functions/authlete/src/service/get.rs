//! `GET /api/{serviceId}/service/get`: shows a service.

use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::service::answer;
use crate::service::object::View;

endpoint!(get, "authlete-service-get", [Get], ["/api/{serviceId}/service/get"]);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[]).await?;
    let view = View::of(&desk.operator);
    Ok(Response::json(200, answer::answer(call.app, call.request, &desk.service, view).await?))
}
