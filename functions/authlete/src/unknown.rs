//! `/api/…`: what is no operation here.

use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(unknown, "authlete-unknown", [Get, Post, Put, Delete], ["/api/{serviceId}", "/api/{serviceId}/{path+}"]);

async fn unknown(_: &Call<'_>) -> Result<Response, Error> {
    Err(Error::UnknownOperation)
}
