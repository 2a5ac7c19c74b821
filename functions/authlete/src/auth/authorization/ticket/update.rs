//! `POST /api/{serviceId}/auth/authorization/ticket/update`: an authorization server keeps its state with a ticket.

use ::authorization::{decision, store};
use serde_json::Value;
use shared::http::Response;
use shared::metadata::Invalid;

use super::{key, no_ticket, not_found, ticket};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, respond};

endpoint!(
    update,
    "authlete-authorization-ticket-update",
    [Post],
    ["/api/{serviceId}/auth/authorization/ticket/update"]
);

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let ticket = ticket(&body);
    let (desk, found) = call.desk_and_found(None, |service| key(service, ticket.as_ref())).await?;
    readable?;
    let Some(sent) = body.named("ticket")? else { return Ok(respond(no_ticket())) };
    let kept = info(&body)?;
    let runtime = Runtime::new(call, &desk);
    let done = match &ticket {
        Some(ticket) => {
            let found = store::among(&found.items, ticket.id)?;
            decision::keep(&runtime.context(), found, ticket, kept).await?
        }
        None => false,
    };
    Ok(respond(if done { answer("A041081", "The ticket was updated.", "OK") } else { not_found(sent) }))
}

/// SDKs send a text, or an object with a text in it.
fn info(body: &Members) -> Result<Option<String>, Error> {
    let wrong = || Error::Body(Invalid::wrong_type("info", "a string, or an object with a string context"));
    let Some(Value::Object(info)) = body.value("info") else { return Ok(body.text("info")?.map(str::to_owned)) };
    match info.get("context") {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(context)) => Ok(Some(context.clone())),
        Some(_) => Err(wrong()),
    }
}
