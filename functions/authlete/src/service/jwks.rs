//! `GET /api/{serviceId}/service/jwks/get`: the keys of a service (RFC 7517 §5).

use shared::Error as Core;
use shared::caller::Permission;
use shared::http::Response;
use shared::service::private_jwks;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::pretty;

endpoint!(jwks, "authlete-service-jwks", [Get], ["/api/{serviceId}/service/jwks/get"]);

/// Private parts are for who may change them.
async fn jwks(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceRead, Permission::ServiceWrite, Permission::UseService]).await?;
    let private = pretty::asks(call.request, "includePrivateKeys");
    if private && !desk.operator.may(&[Permission::ServiceWrite]) {
        return Err(Core::InsufficientScope(vec![Permission::ServiceWrite]).into());
    }
    let (service, keys) = (&desk.service, &call.app.keys);
    let set = if private { private_jwks(&service.secrets(keys).await?)? } else { service.public_jwks(keys).await? };
    match set {
        Some(set) => Ok(pretty::json(call.request, set)?),
        None => Ok(Response::empty(204)),
    }
}
