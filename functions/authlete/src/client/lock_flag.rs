//! `POST /api/{serviceId}/client/lock_flag/update/{clientIdentifier}`: an operator locks a client or unlocks it.

use serde_json::Value;
use shared::administration;
use shared::caller::Permission;
use shared::http::Response;
use shared::metadata::Invalid;

use crate::body;
use crate::door::{Call, endpoint};
use crate::error::{Error, result};
use crate::shape::Shape;

endpoint!(update, "authlete-client-lock-flag", [Post], ["/api/{serviceId}/client/lock_flag/update/{clientId+}"]);

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (desk, named, identifier) = call.desk_and_named(&[Permission::ClientWrite]).await?;
    let body = body::json_or_form(call.request, |_| Shape::Flag)?;
    let locked = body.get("clientLocked").and_then(Value::as_bool);
    let locked = locked.ok_or_else(|| Error::Body(Invalid::wrong_type("clientLocked", "a boolean")))?;
    let is_known = named.client.is_some() || named.document.is_some();
    let mut waits = false;
    let numeric_id = if locked || is_known {
        // One that nobody has decided anything about is not locked.
        let found = if locked {
            desk.to_change(call, named, identifier).await?
        } else {
            desk.known(call, named, identifier).await?
        };
        let numeric_id = found.numeric_id;
        waits = !locked && found.pending_until.is_some();
        administration::lock(&desk.context(call), found, locked).await?;
        numeric_id
    } else {
        // A lock outlives its client where the registrant may come back.
        administration::unlock_deleted(&desk.context(call), identifier).await?
    };
    let (code, verb) = if locked { ("A001090", "locked") } else { ("A001091", "unlocked") };
    // It is shown as locked for as long.
    let more = if waits { " It waits for an operator's approval." } else { "" };
    Ok(Response::json(200, result(code, &format!("The client (ID = {numeric_id}) is {verb}.{more}"))))
}
