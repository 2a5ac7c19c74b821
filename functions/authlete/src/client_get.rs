//! `GET /api/{serviceId}/client/get/{clientId}`: shows a client to an operator. A relying party that is known by its
//! entity identifier only is registered on the way, where the service does that (OpenID Federation §12.1).

use shared::Error as Core;
use shared::caller::Permission;
use shared::federation::{self, EntityId};
use shared::http::Response;

use crate::client_answer;
use crate::client_object::View;
use crate::door::{Call, endpoint};
use crate::error::Error;

endpoint!(
    get,
    "authlete-client-get",
    [Get],
    ["/api/{serviceId}/client/get/{clientId+}"],
    shared::http::RESOLVING_DEADLINE
);

async fn get(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, found, identifier) = call.desk_and_named(&[]).await?;
    let view = View::of(&desk.operator);
    if let Some(found) = found {
        return Ok(Response::json(200, client_answer::answer(&desk.context(call), found, view).await?));
    }
    let context = desk.resolving_context(call);
    let entity = EntityId::parse(identifier).filter(|_| desk.operator.may(&[Permission::UseService]));
    let Some(entity) = entity.filter(|_| federation::offers_automatic(&context)) else {
        return Err(Core::UnknownClient.into());
    };
    let base_url = call.app.base_url(&desk.service, call.request);
    let registered = federation::register_automatically(&context, &base_url, &entity).await;
    let registered = registered.map_err(Error::unregistered)?;
    Ok(Response::json(200, client_answer::answer(&context, registered, view).await?))
}
