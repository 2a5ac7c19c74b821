//! `GET /api/{serviceId}/client/get/{clientId}`: shows a client to an operator.

use shared::http::Response;

use crate::client_answer;
use crate::client_object::View;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(get, "authlete-client-get", [Get], ["/api/{serviceId}/client/get/{clientId+}"]);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[]).await?;
    let view = View::of(&desk.operator);
    Ok(Response::json(200, client_answer::answer(&desk.context(call), found, view).await?))
}
