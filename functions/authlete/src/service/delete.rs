//! `DELETE /api/{serviceId}/service/delete`: an organization ends a service with all its clients.

use shared::Error as Core;
use shared::caller::Permission;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(delete, "authlete-service-delete", [Delete], ["/api/{serviceId}/service/delete"]);

async fn delete(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceWrite]).await?;
    if desk.operator.organization().is_none() {
        return Err(Core::InsufficientScope(Vec::new()).into());
    }
    call.app.store.delete_service(desk.service.id, &call.origin(desk.service.policy(), &desk.operator)).await?;
    Ok(Response::empty(204))
}
