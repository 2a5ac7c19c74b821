//! `POST /api/{serviceId}/auth/authorization/issue`: the user has agreed; the client gets its code.

use ::authorization::authorization::Assertions;
use ::authorization::decision::{self, Consent, DecisionFault};
use ::authorization::grant;
use serde_json::json;
use shared::http::Response;

use super::{redirected, unknown_ticket};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::{Members, NotAnObject};
use crate::runtime::outcome::{Code, refused, respond};
use crate::runtime::{Runtime, details, properties, tickets};

endpoint!(issue, "authlete-authorization-issue", [Post], ["/api/{serviceId}/auth/authorization/issue"]);

async fn issue(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let (ticket, subject) = (tickets::read(&body), body.named("subject").ok().flatten());
    let identifier = ticket.as_ref().map(|ticket| ticket.client.to_string());
    let (desk, found) =
        call.desk_and_found(identifier.as_deref(), |service| tickets::keys(service, ticket.as_ref(), subject)).await?;
    readable?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let service = &desk.service;
    let fault = |code: Code| Ok(refused(service, "INTERNAL_SERVER_ERROR", "server_error", code));
    let Some(sent) = body.named("ticket")? else {
        return fault(("A040280", "the request has no ticket".to_owned()));
    };
    let Some(ticket) = ticket else { return Ok(unknown_ticket(service, "issue", sent)) };
    let consent = match consent(&body)? {
        Ok(consent) => consent,
        Err(member) => return fault(("A040282", format!("{member} must be a JSON object in a string"))),
    };
    let begun = tickets::begun(&found, &ticket)?;
    let grant = grant::among(&found.items);
    let client = runtime.kept_client(&ticket.client.to_string(), found.named).await?;
    let issued = match decision::issue(&context, client.as_ref(), begun, &ticket, grant, consent).await? {
        Ok(issued) => issued,
        Err(DecisionFault::Ticket) => return Ok(unknown_ticket(service, "issue", sent)),
        Err(fault_found @ DecisionFault::Subject) => return fault(("A040281", fault_found.to_string())),
        Err(fault_found @ DecisionFault::AnotherSubject) => return fault(("A040286", fault_found.to_string())),
        Err(fault_found @ DecisionFault::ClientGone) => return fault(("A040285", fault_found.to_string())),
    };
    let text = "The authorization request was processed successfully.";
    let mut members = redirected("A040001", text, &issued.answer);
    let mut put = |name: &str, value| members.insert(name.to_owned(), value);
    put("accessTokenExpiresAt", 0.into());
    put("accessTokenDuration", 0.into());
    if let Some(code) = &issued.code {
        put("authorizationCode", code.expose().into());
    }
    if let Some(kept) = issued.kept {
        put("ticketInfo", json!({"context": kept}));
    }
    Ok(respond(members))
}

/// What the authorization server says the user has agreed to; else the member that is no JSON object.
pub(crate) fn consent(body: &Members) -> Result<Result<Consent, &'static str>, Error> {
    let object = |name: &'static str| body.object(name).map(|read| read.map_err(|NotAnObject| name));
    let (claims, header, access) = (object("claims")?, object("idtHeaderParams")?, object("jwtAtClaims")?);
    let (claims, header, access) = match (claims, header, access) {
        (Ok(claims), Ok(header), Ok(access)) => (claims, header, access),
        (Err(member), ..) | (_, Err(member), _) | (.., Err(member)) => return Ok(Err(member)),
    };
    let owned = |name: &str| Ok::<_, Error>(body.named(name)?.map(str::to_owned));
    Ok(Ok(Consent {
        subject: owned("subject")?,
        scopes: body.texts("scopes")?,
        properties: properties::of(body)?,
        details: details::of(body)?,
        assertions: Assertions {
            sub: owned("sub")?,
            auth_time: body.number("authTime")?,
            acr: owned("acr")?,
            claims,
            id_token_header: header,
            single_audience: body.named("idTokenAudType")?.map(|kind| kind == "string"),
            access_token_claims: access,
            consented_claims: body.texts("consentedClaims")?,
            session_id: owned("sessionId")?,
        },
    }))
}
