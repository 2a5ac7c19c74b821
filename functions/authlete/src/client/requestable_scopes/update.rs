//! `POST or PUT /api/{serviceId}/client/extension/requestable_scopes/update/{clientId}`: an operator says which scopes a client may request.

use shared::http::Response;

use crate::body;
use crate::client::object::scopes;
use crate::client::requestable_scopes;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(
    update,
    "authlete-requestable-scopes-update",
    [Post, Put],
    ["/api/{serviceId}/client/extension/requestable_scopes/update/{clientId+}"]
);

/// Scopes that the service does not have are dropped; `null` removes the restriction.
async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client_to_change().await?;
    let body = body::json(call.request)?;
    let scopes = scopes(&body, desk.service.policy()).map_err(Error::Body)?;
    let client = requestable_scopes::replace(&desk.context(call), found, scopes.as_deref()).await?;
    Ok(requestable_scopes::answer(&client))
}
