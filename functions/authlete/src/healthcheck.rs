//! `GET /api/lifecycle/healthcheck`: whether this API works.

use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(healthcheck, "authlete-healthcheck", [Get], ["/api/lifecycle/healthcheck"]);

/// Reads the table, so that an `OK` means that requests can be carried out.
async fn healthcheck(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    call.app.store.warm().await?;
    Ok(Response::text(200, "OK"))
}
