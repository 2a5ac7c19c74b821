//! `POST /api/{serviceId}/auth/authorization/fail`: the user has not agreed, or could not; the client is told why.

use ::authorization::decision::{self, DecisionFault};
use shared::http::Response;

use super::{redirected, unknown_ticket};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{error_parameters, refused, respond};
use crate::runtime::{Runtime, tickets};

endpoint!(fail, "authlete-authorization-fail", [Post], ["/api/{serviceId}/auth/authorization/fail"]);

/// Why: Authlete's name, the error that the client gets (RFC 6749 §4.1.2.1, OpenID Connect Core §3.1.2.6), the code, and
/// what is said if the authorization server says nothing.
const REASONS: [(&str, &str, &str, &str); 16] = [
    ("UNKNOWN", "server_error", "A041380", "The authorization server does not say why."),
    ("SERVER_ERROR", "server_error", "A041381", "The authorization server has failed."),
    ("NOT_LOGGED_IN", "login_required", "A041382", "The user is not logged in."),
    ("NOT_AUTHENTICATED", "login_required", "A041383", "The user has not been authenticated."),
    ("MAX_AGE_NOT_SUPPORTED", "login_required", "A041384", "It is not known when the user was authenticated."),
    ("EXCEEDS_MAX_AGE", "login_required", "A041385", "The user was authenticated too long ago."),
    ("DIFFERENT_SUBJECT", "login_required", "A041386", "Another user is logged in."),
    ("ACR_NOT_SATISFIED", "unmet_authentication_requirements", "A041387", "No required ACR is satisfied."),
    ("DENIED", "access_denied", "A041388", "The user has denied the request."),
    ("ACCOUNT_SELECTION_REQUIRED", "account_selection_required", "A041389", "The user has to select an account."),
    ("CONSENT_REQUIRED", "consent_required", "A041390", "The user has to agree."),
    ("INTERACTION_REQUIRED", "interaction_required", "A041391", "The user has to be asked."),
    ("INVALID_TARGET", "invalid_target", "A041392", "A requested resource is not available."),
    ("INVALID_SCOPE", "invalid_scope", "A041393", "A requested scope is not available."),
    ("UNAUTHORIZED_CLIENT", "unauthorized_client", "A041394", "The client may not make this request."),
    ("TEMPORARILY_UNAVAILABLE", "temporarily_unavailable", "A041395", "The authorization server is not available."),
];

async fn fail(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let ticket = tickets::read(&body);
    let identifier = ticket.as_ref().map(|ticket| ticket.client.to_string());
    let (desk, found) =
        call.desk_and_found(identifier.as_deref(), |service| tickets::keys(service, ticket.as_ref(), None)).await?;
    readable?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let service = &desk.service;
    let Some(sent) = body.named("ticket")? else {
        let code = ("A041280", "the request has no ticket".to_owned());
        return Ok(refused(service, "INTERNAL_SERVER_ERROR", "server_error", code));
    };
    let reason = body.named("reason")?.unwrap_or_default();
    let reason = REASONS.iter().find(|(name, ..)| *name == reason).unwrap_or(&REASONS[0]);
    let (_, error, code, usual) = *reason;
    let text = body.named("description")?.unwrap_or(usual);
    let parameters = error_parameters(service, error, code, text);
    let Some(ticket) = ticket else { return Ok(unknown_ticket(service, "fail", sent)) };
    let begun = tickets::begun(&found, &ticket)?;
    let client = runtime.kept_client(&ticket.client.to_string(), found.named).await?;
    Ok(match decision::fail(&context, client.as_ref(), begun, &ticket, &parameters).await? {
        Ok(told) => respond(redirected(code, text, &told)),
        Err(gone @ DecisionFault::ClientGone) => {
            refused(service, "INTERNAL_SERVER_ERROR", "server_error", ("A041285", gone.to_string()))
        }
        Err(_) => unknown_ticket(service, "fail", sent),
    })
}
