//! `DELETE /api/{serviceId}/client/extension/requestable_scopes/delete/{clientId}`: an operator lets a client request every scope of the service.

use shared::http::Response;

use crate::client::requestable_scopes;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(
    delete,
    "authlete-requestable-scopes-delete",
    [Delete],
    ["/api/{serviceId}/client/extension/requestable_scopes/delete/{clientId+}"]
);

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client_to_change().await?;
    requestable_scopes::replace(&desk.context(call), found, None).await?;
    Ok(Response::empty(204))
}
