//! `POST /api/{serviceId}/auth/token/fail`: the user's password was wrong; the client is told so.

use ::authorization::exchange;
use shared::http::Response;

use super::issue::unusable;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::refused;
use crate::runtime::{Runtime, tickets};

endpoint!(fail, "authlete-token-fail", [Post], ["/api/{serviceId}/auth/token/fail"]);

/// Why: Authlete's name, the error that the client gets (RFC 6749 §5.2), the code, and what is said.
const REASONS: [(&str, &str, &str, &str); 6] = [
    ("UNKNOWN", "server_error", "A067380", "The authorization server does not say why."),
    (
        "INVALID_RESOURCE_OWNER_CREDENTIALS",
        "invalid_grant",
        "A067301",
        "The credentials (username & password) passed to the token endpoint are invalid.",
    ),
    ("INVALID_TARGET", "invalid_target", "A067380", "A requested resource is not available."),
    ("INVALID_CLIENT", "invalid_client", "A067380", "The client is not accepted."),
    ("UNAUTHORIZED_CLIENT", "unauthorized_client", "A067380", "The client may not make this request."),
    ("INVALID_SCOPE", "invalid_scope", "A067380", "A requested scope is not available."),
];

async fn fail(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let ticket = tickets::read(&body);
    let (desk, found) = call.desk_and_found(None, |service| tickets::keys(service, ticket.as_ref(), None)).await?;
    readable?;
    body.named("ticket")?;
    let reason = body.named("reason")?.unwrap_or_default();
    let (_, error, code, text) = *REASONS.iter().find(|(name, ..)| *name == reason).unwrap_or(&REASONS[0]);
    let runtime = Runtime::new(call, &desk);
    let done = match &ticket {
        Some(ticket) => exchange::refuse_password(&runtime.context(), tickets::begun(&found, ticket)?, ticket).await?,
        None => false,
    };
    if !done {
        return Ok(unusable(&desk.service));
    }
    let action = if error == "server_error" { "INTERNAL_SERVER_ERROR" } else { "BAD_REQUEST" };
    Ok(refused(&desk.service, action, error, (code, text.to_owned())))
}
