//! `GET /api/{serviceId}/client/extension/requestable_scopes/get/{clientId}`: the scopes that a client may request.

use shared::caller::Permission;
use shared::http::Response;

use crate::client::requestable_scopes;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(
    get,
    "authlete-requestable-scopes-get",
    [Get],
    ["/api/{serviceId}/client/extension/requestable_scopes/get/{clientId+}"]
);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let (_, found) = call.client(&[Permission::ClientRead, Permission::ClientWrite, Permission::UseService]).await?;
    Ok(requestable_scopes::answer(&found))
}
