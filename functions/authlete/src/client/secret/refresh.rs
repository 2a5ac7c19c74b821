//! `GET /api/{serviceId}/client/secret/refresh/{clientIdentifier}`: an operator gives a client a new random secret.

use shared::administration;
use shared::caller::Permission;
use shared::http::Response;

use crate::client::secret;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(refresh, "authlete-client-secret-refresh", [Get], ["/api/{serviceId}/client/secret/refresh/{clientId+}"]);

async fn refresh(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    let numeric_id = found.numeric_id;
    let replaced = administration::replace_secret(&desk.context(call), found, None, None).await?;
    Ok(secret::answer("A148001", "refreshed", numeric_id, &replaced))
}
