//! `GET /api/info`: which version answers, and what it can do.

use serde_json::Map;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(info, "authlete-info", [Get], ["/api/info"]);

/// Authlete's names for what there is here.
const FEATURES: [&str; 2] = ["dcr", "oidc_federation"];

async fn info(call: &Call<'_>) -> Result<Response, Error> {
    call.method()?;
    let mut members = Map::new();
    members.insert("version".to_owned(), env!("CARGO_PKG_VERSION").into());
    members.insert("features".to_owned(), FEATURES.to_vec().into());
    Ok(Response::json(200, members))
}
