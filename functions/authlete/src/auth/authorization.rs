//! `POST /api/{serviceId}/auth/authorization`: is this an authorization request that is answered, and what does the user
//! have to be asked?

pub mod fail;
pub mod issue;
pub mod ticket;

use ::authorization::authorization::{CalledBy, ClientName};
use ::authorization::request::{self, Refused, Request, RequestFault};
use ::authorization::response::Answer;
use ::authorization::subject::is_pairwise;
use ::authorization::{Context, Parameters, claims, decision, pushed};
use serde_json::{Map, Value, json};
use shared::client::RegisteredClient;
use shared::http::Response;
use shared::metadata_document::Wanted;
use shared::service::Service;

use crate::constants::{self, DISPLAY, PROMPT};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{Code, answer, error_parameters, refused, respond};
use crate::runtime::{Runtime, shown, tickets};

endpoint!(
    authorization,
    "authlete-authorization",
    [Post],
    ["/api/{serviceId}/auth/authorization"],
    shared::http::RESOLVING_DEADLINE
);

async fn authorization(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let parameters = body.text("parameters").ok().flatten().map(Parameters::parse);
    let sent = parameters.as_ref().and_then(|parameters| parameters.as_ref().ok());
    let identifier = sent.and_then(|parameters| parameters.get("client_id"));
    let reference = sent.and_then(|parameters| pushed::reference(parameters.get("request_uri")?));
    let key = |service: &Service| {
        let id = reference.as_ref().and_then(Option::as_ref).map(|reference| reference.id);
        id.map(|id| pushed::key_in(service.id, id)).into_iter().collect()
    };
    let (desk, found) = call.desk_and_found(identifier, key).await?;
    readable?;
    body.text("parameters")?;
    let kept = body.text("context")?.map(str::to_owned);
    let Some(parameters) = &parameters else {
        let text = "The authorization request from the service does not contain 'parameters' parameter.";
        return Ok(refused(&desk.service, "BAD_REQUEST", "invalid_request", ("A004201", text.to_owned())));
    };
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let refusal = |fault: RequestFault| Ok(refuse(&context, None, &Refused { fault, target: None }));
    let parameters = match parameters {
        Ok(parameters) => parameters,
        Err(fault) => return refusal(fault.clone().into()),
    };
    let Some(identifier) = parameters.get("client_id") else { return refusal(RequestFault::NoClientId) };
    let client = match runtime.resolved(identifier, found.named, Wanted { may_fetch: true, ..Wanted::default() }).await
    {
        Err(Error::Unresolved(unresolved)) if matches!(unresolved.status(), 400..=404) => {
            let code = ("A505302", format!("{}: {unresolved}", unresolved.outcome()));
            return Ok(refused(&desk.service, "BAD_REQUEST", "invalid_client", code));
        }
        outcome => outcome?,
    };
    let Some(client) = client else { return refusal(RequestFault::UnknownClient) };
    if client.is_held() {
        return Err(Error::ClientLocked(client.numeric_id));
    }
    if parameters.get("request").is_some() && parameters.get("request_uri").is_some() {
        return refusal(RequestFault::RequestAndUri);
    }
    let pushed = match &reference {
        None => None,
        Some(reference) => {
            let kept = pushed::among(&found.items)?;
            match reference.as_ref().and_then(|reference| kept.filter(|kept| kept.serves(reference, &client))) {
                Some(kept) => Some(Parameters::parse(&kept.parameters).map_err(shared::Error::internal)?),
                None => return refusal(RequestFault::RequestUri),
            }
        }
    };
    let effective = pushed.as_ref().unwrap_or(parameters);
    let mut request = match request::verify(&context, &client, effective, pushed.is_some()).await? {
        Ok(request) => request,
        Err(refusal) => return Ok(refuse(&context, Some(&client), &refusal)),
    };
    request.pushed = reference.flatten().map(|reference| reference.id.to_text());
    let name = ClientName::of(&client, identifier);
    let by = name.by;
    let ticket = decision::begin(&context, &client, name, &request, kept).await?;
    Ok(respond(ask(&context, &client, by, &request, ticket.expose())))
}

/// What the user has to be asked.
fn ask(
    context: &Context<'_>,
    client: &RegisteredClient,
    by: CalledBy,
    request: &Request,
    ticket: &str,
) -> Map<String, Value> {
    let action = if request.is_silent() { "NO_INTERACTION" } else { "INTERACTION" };
    let text = format!(
        "Authlete has successfully issued a ticket to the service (API Key = {}) for the authorization request from the \
         client (ID = {}). [response_type={}, openid={}]",
        context.service.id,
        client.numeric_id,
        request.wanted.as_str(),
        request.is_openid()
    );
    let mut members = answer("A004001", &text, action);
    shown::attributes(&mut members, context.service, Some(client));
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("ticket", ticket.into());
    put("client", shown::limited_client(client).into());
    put("service", shown::limited_service(context.service, &context.rules.issuer));
    let display = request.display.as_deref().and_then(|display| constants::constant(DISPLAY, display));
    put("display", display.unwrap_or("PAGE").into());
    put("maxAge", request.max_age.unwrap_or_default().into());
    let scopes = shown::scopes(context.service, &request.scopes);
    let claims = &request.claims;
    let of_id_token = claims::of_id_token(context.rules, &request.scopes, claims.id_token.as_ref());
    let of_userinfo = claims::of_userinfo(context.rules, &request.scopes, claims.userinfo.as_ref());
    for (name, values) in [
        ("scopes", scopes),
        ("claims", texts(&of_id_token)),
        ("claimsAtUserInfo", texts(&of_userinfo)),
        ("uiLocales", texts(&request.ui_locales)),
        ("claimsLocales", texts(&request.claims_locales)),
        ("acrs", texts(&request.acrs)),
    ] {
        if !values.is_empty() {
            put(name, values.into());
        }
    }
    put("acrEssential", request.acr_is_essential.into());
    for (name, object) in [("idTokenClaims", &claims.id_token), ("userInfoClaims", &claims.userinfo)] {
        if let Some(object) = object {
            put(name, Value::Object(object.clone()).to_string().into());
        }
    }
    // What only one client calls a user says nothing to an authorization server, and may be another user's name.
    let subject = request.subject.as_ref().filter(|_| !is_pairwise(client));
    for (name, text) in [("subject", subject), ("loginHint", request.login_hint.as_ref())] {
        if let Some(text) = text {
            put(name, text.as_str().into());
        }
    }
    let (prompts, lowest) = prompts(request);
    if !prompts.is_empty() {
        put("prompts", prompts.into());
    }
    put("lowestPrompt", lowest.into());
    put("clientIdAliasUsed", (by == CalledBy::Alias).into());
    put("clientEntityIdUsed", (by == CalledBy::EntityId).into());
    put("metadataDocumentUsed", (by == CalledBy::MetadataDocument).into());
    members
}

fn texts(texts: &[String]) -> Vec<Value> {
    texts.iter().map(|text| json!(text)).collect()
}

/// The prompts, and the least of them.
fn prompts(request: &Request) -> (Vec<&'static str>, &'static str) {
    let sent = |name: &&(&str, &str)| request.prompts.iter().flatten().any(|prompt| prompt == name.0);
    let prompts: Vec<&'static str> = PROMPT.iter().filter(sent).map(|(_, constant)| *constant).collect();
    let lowest = prompts.first().copied().filter(|lowest| *lowest != "CREATE").unwrap_or("CONSENT");
    (prompts, lowest)
}

/// A refusal: by the browser's body, or at the client's redirect URI.
fn refuse(context: &Context<'_>, client: Option<&RegisteredClient>, refusal: &Refused) -> Response {
    let error = refusal.fault.error();
    let (code, text) = code(&refusal.fault, client);
    let Some(target) = &refusal.target else { return refused(context.service, "BAD_REQUEST", error, (code, text)) };
    let parameters = error_parameters(context.service, error, code, &text);
    respond(redirected(code, &text, &target.answer(&parameters, context.response_issuer())))
}

/// An answer whose content the browser takes to the client.
fn redirected(code: &'static str, text: &str, told: &Answer) -> Map<String, Value> {
    let action = match told {
        Answer::Location(_) => "LOCATION",
        Answer::Form(_) => "FORM",
    };
    let mut members = answer(code, text, action);
    members.insert("responseContent".to_owned(), told.content().into());
    members
}

/// The code of a refusal, and what it says.
pub(crate) fn code(fault: &RequestFault, client: Option<&RegisteredClient>) -> Code {
    let own = || fault.to_string();
    match fault {
        RequestFault::Unreadable(_) => ("A004380", own()),
        RequestFault::NoClientId => ("A004381", own()),
        RequestFault::UnknownClient => ("A004382", own()),
        RequestFault::RequestAndUri => ("A004383", own()),
        RequestFault::RequestUri => ("A008303", "The value of 'request_uri' parameter is not registered.".to_owned()),
        RequestFault::NoResponseType => {
            ("A009301", "The authorization request does not contain 'response_type' parameter.".to_owned())
        }
        RequestFault::UnregisteredRedirect { uri, registered } => {
            let text = format!("The value of 'redirect_uri' ({uri}) is not registered.");
            ("A011304", format!("{text} Redirect URIs of the client: {registered}."))
        }
        RequestFault::NoRedirect { .. } => ("A004384", own()),
        RequestFault::ResponseMode => ("A004385", own()),
        RequestFault::NoResponseAlgorithm => {
            let number = client.map(|client| client.numeric_id).unwrap_or_default();
            let text = format!(
                "The authorization request required the authorization response be encoded as JWT by specifying \
                 'response_mode=jwt', but the 'authorization_signed_response_alg' metadata of the client (ID = {number}) \
                 is not set."
            );
            ("A012305", text)
        }
        RequestFault::NotPushed => ("A294308", "The authorization request was sent without PAR.".to_owned()),
        RequestFault::UnsupportedResponseType => ("A004386", own()),
        RequestFault::UnauthorizedResponseType => ("A004387", own()),
        RequestFault::ScopeSyntax | RequestFault::NoScope => ("A004388", own()),
        RequestFault::NoChallenge => {
            let text =
                "The authorization request does not contain 'code_challenge' parameter. See RFC 7636 for details.";
            ("A124301", text.to_owned())
        }
        RequestFault::ChallengeMethod => ("A124308", "The value of 'code_challenge_method' must be 'S256'.".to_owned()),
        RequestFault::Challenge => ("A004390", own()),
        RequestFault::Prompt => ("A004391", own()),
        RequestFault::MaxAge => ("A004392", own()),
        RequestFault::Claims => ("A004393", own()),
        RequestFault::Hint => ("A004394", own()),
        RequestFault::SilentLogin => ("A004395", own()),
        RequestFault::NoAcrs => {
            let text = "ACR values cannot be specified by any means ('claim', 'acr_values' or 'default_acr_values') because \
                        this service supports no ACR value.";
            ("A021303", text.to_owned())
        }
        RequestFault::Bound => ("A004396", own()),
        RequestFault::NotSigned => ("A004397", own()),
        RequestFault::RequestObject
        | RequestFault::RequestObjectUri
        | RequestFault::Resource
        | RequestFault::Details
        | RequestFault::Profile(_) => ("A004398", own()),
    }
}

/// A ticket that cannot be used: one answer for all reasons.
fn unknown_ticket(service: &Service, operation: &str, sent: &str) -> Response {
    let text = tickets::unknown(&format!("/api/auth/authorization/{operation} request"), sent);
    refused(service, "BAD_REQUEST", "invalid_request", ("A041202", text))
}
