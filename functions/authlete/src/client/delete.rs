//! `DELETE /api/{serviceId}/client/delete/{clientId}`: an operator deletes a client.

use shared::administration;
use shared::caller::Permission;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(delete, "authlete-client-delete", [Delete], ["/api/{serviceId}/client/delete/{clientId+}"]);

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found) = call.client(&[Permission::ClientWrite]).await?;
    administration::delete(&desk.context(call), &found).await?;
    Ok(Response::empty(204))
}
