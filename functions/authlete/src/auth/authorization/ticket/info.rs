//! `POST /api/{serviceId}/auth/authorization/ticket/info`: what is kept with a ticket.

use ::authorization::decision;
use serde_json::json;
use shared::http::Response;
use shared::metadata::GrantType;

use super::{no_ticket, not_found};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, respond};
use crate::runtime::{Runtime, tickets};

endpoint!(info, "authlete-authorization-ticket-info", [Post], ["/api/{serviceId}/auth/authorization/ticket/info"]);

async fn info(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let ticket = tickets::read(&body);
    let (desk, found) = call.desk_and_found(None, |service| tickets::keys(service, ticket.as_ref(), None)).await?;
    readable?;
    let Some(sent) = body.named("ticket")? else { return Ok(respond(no_ticket())) };
    let runtime = Runtime::new(call, &desk);
    let begun = match &ticket {
        Some(ticket) => {
            let begun = tickets::begun(&found, ticket)?;
            decision::of_ticket(&runtime.context(), begun, ticket, GrantType::AuthorizationCode)
        }
        None => None,
    };
    let Some(begun) = begun else { return Ok(respond(not_found(sent))) };
    let mut members = answer("A041080", "The ticket was found.", "OK");
    let info = begun.context.map_or_else(|| json!({}), |kept| json!({"context": kept}));
    members.insert("info".to_owned(), info);
    Ok(respond(members))
}
