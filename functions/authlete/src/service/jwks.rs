//! `GET /api/{serviceId}/service/jwks/get`: the keys of a service (RFC 7517 §5).

use serde_json::Value;
use shared::Error as Core;
use shared::caller::Permission;
use shared::http::Response;
use shared::jose::public_keys;
use shared::metadata::parse_object;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::pretty;

endpoint!(jwks, "authlete-service-jwks", [Get], ["/api/{serviceId}/service/jwks/get"]);

/// Private parts are for who may change them.
async fn jwks(call: &Call<'_>) -> Result<Response, Error> {
    let desk = call.desk(&[Permission::ServiceRead, Permission::ServiceWrite, Permission::UseService]).await?;
    let private = pretty::asks(call.request, "includePrivateKeys");
    if private && !desk.operator.may(&[Permission::ServiceWrite]) {
        return Err(Core::InsufficientScope.into());
    }
    let secrets = desk.service.secrets(&call.app.keys).await?;
    let Some(text) = secrets.get("jwks").and_then(Value::as_str) else { return Ok(Response::empty(204)) };
    let set = parse_object(text.as_bytes())?;
    Ok(pretty::json(call.request, if private { set } else { public_keys(&set) })?)
}
