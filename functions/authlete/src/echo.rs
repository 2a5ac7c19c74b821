//! `GET /api/misc/echo`: answers the parameters of the query.

use serde_json::Map;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(echo, "authlete-echo", [Get], ["/api/misc/echo"]);

async fn echo(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    let parameters = call.request.query_parameters().map(|(name, value)| (name, value.into()));
    Ok(Response::json(200, parameters.collect::<Map<_, _>>()))
}
