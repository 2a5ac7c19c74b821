//! `POST /api/{serviceId}/auth/token/issue`: the user's password was right; the client gets its tokens.

use ::authorization::exchange::{self, TokenFault};
use ::authorization::grant;
use shared::http::Response;
use shared::metadata::GrantType;
use shared::service::Service;

use crate::auth::authorization::issue::consent;
use crate::auth::token::refuse;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{refused, respond};
use crate::runtime::{Runtime, tickets, tokens};

endpoint!(issue, "authlete-token-issue", [Post], ["/api/{serviceId}/auth/token/issue"]);

async fn issue(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let (ticket, subject) = (tickets::read(&body), body.named("subject").ok().flatten());
    let identifier = ticket.as_ref().map(|ticket| ticket.client.to_string());
    let (desk, found) =
        call.desk_and_found(identifier.as_deref(), |service| tickets::keys(service, ticket.as_ref(), subject)).await?;
    readable?;
    let service = &desk.service;
    body.named("ticket")?;
    let Some(ticket) = ticket else { return Ok(unusable(service)) };
    let consent = match consent(&body)? {
        Ok(consent) => consent,
        Err(member) => {
            let code = ("A050283", format!("{member} must be a JSON object in a string"));
            return Ok(refused(service, "INTERNAL_SERVER_ERROR", "server_error", code));
        }
    };
    let wishes = tokens::wishes(&body)?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let (begun, grant) = (tickets::begun(&found, &ticket)?, grant::among(&found.items));
    let client = runtime.kept_client(&ticket.client.to_string(), found.named).await?;
    let given = exchange::accept_password(&context, client.as_ref(), begun, &ticket, grant, consent, &wishes).await?;
    match (given, client) {
        (Ok(given), Some(client)) => {
            runtime.used(&client, &given.authorization).await;
            let text = "The token request (grant_type=password) was processed successfully.".to_owned();
            let code = ("A054001", text);
            Ok(respond(tokens::given(&context, &client, &given, GrantType::Password, code).await?))
        }
        (Err(fault @ (TokenFault::Subject | TokenFault::NoKey(_))), _) => {
            Ok(refused(service, "INTERNAL_SERVER_ERROR", fault.error(), tokens::code(&fault)))
        }
        (Err(fault @ (TokenFault::ValueInUse | TokenFault::ImpossibleValue)), _) => Ok(refuse(service, &fault)),
        _ => Ok(unusable(service)),
    }
}

/// A ticket that cannot be used.
pub(super) fn unusable(service: &Service) -> Response {
    let fault = TokenFault::Ticket;
    refused(service, "INTERNAL_SERVER_ERROR", fault.error(), tokens::code(&fault))
}
