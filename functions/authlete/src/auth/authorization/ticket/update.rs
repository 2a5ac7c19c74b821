//! `POST /api/{serviceId}/auth/authorization/ticket/update`: an authorization server keeps its state with a ticket.

use ::authorization::decision;
use serde_json::Value;
use shared::http::Response;
use shared::metadata::Invalid;

use super::{no_ticket, not_found};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, respond};
use crate::runtime::{Runtime, tickets};

endpoint!(
    update,
    "authlete-authorization-ticket-update",
    [Post],
    ["/api/{serviceId}/auth/authorization/ticket/update"]
);

/// How much is kept with a ticket, in bytes.
const MAX_BYTES: usize = 64 * 1024;

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read_large(call.request);
    let ticket = tickets::read(&body);
    let (desk, found) = call.desk_and_found(None, |service| tickets::keys(service, ticket.as_ref(), None)).await?;
    readable?;
    let Some(sent) = body.named("ticket")? else { return Ok(respond(no_ticket())) };
    let kept = info(&body)?;
    let runtime = Runtime::new(call, &desk);
    let done = match &ticket {
        Some(ticket) => decision::keep(&runtime.context(), tickets::begun(&found, ticket)?, ticket, kept).await?,
        None => false,
    };
    Ok(respond(if done { answer("A041081", "The ticket was updated.", "OK") } else { not_found(sent) }))
}

/// SDKs send a text, or an object with a text in it.
fn info(body: &Members) -> Result<Option<String>, Error> {
    let wrong = || Error::Body(Invalid::wrong_type("info", "a string, or an object with a string context"));
    let info = match body.value("info") {
        Some(Value::Object(info)) => match info.get("context") {
            None | Some(Value::Null) => None,
            Some(Value::String(context)) => Some(context.as_str()),
            Some(_) => return Err(wrong()),
        },
        _ => body.text("info")?,
    };
    if info.is_some_and(|info| info.len() > MAX_BYTES) {
        let member = "info".to_owned();
        return Err(Error::Body(Invalid::TooLong { member, limit: MAX_BYTES, unit: "bytes" }));
    }
    Ok(info.map(str::to_owned))
}
