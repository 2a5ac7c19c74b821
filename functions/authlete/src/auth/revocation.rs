//! `POST /api/{serviceId}/auth/revocation`: a client ends a token of its own (RFC 7009).

use ::authorization::client_authentication::{AuthenticationFault, Endpoint as At};
use ::authorization::presented::Presented;
use ::authorization::{Parameters, store};
use shared::client::{ClientType, RegisteredClient};
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::credentials::{self, Shown};
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, refused, respond};
use crate::runtime::{Runtime, keys_of};

endpoint!(
    revoke,
    "authlete-revocation",
    [Post],
    ["/api/{serviceId}/auth/revocation"],
    shared::http::RESOLVING_DEADLINE
);

async fn revoke(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let shown = Shown::read(&body);
    let parameters = body.text("parameters").ok().flatten().map(Parameters::parse);
    let sent = parameters.as_ref().and_then(|parameters| parameters.as_ref().ok());
    let presented = sent.and_then(|sent| sent.get("token")).map(Presented::read);
    let own_name = credentials::own_name(&shown, sent);
    let identifier = own_name.clone().or_else(|| presented.as_ref().and_then(Presented::client));
    let keys = |service: &shared::service::Service| keys_of(service, presented.as_ref());
    let (desk, found) = call.desk_and_found(identifier.as_deref(), keys).await?;
    readable?;
    let (service, shown) = (&desk.service, shown?);
    body.text("parameters")?;
    let bad = |code, text: String| Ok(refused(service, "BAD_REQUEST", "invalid_request", (code, text)));
    let parameters = match &parameters {
        Some(Ok(parameters)) => parameters,
        Some(Err(fault)) => return bad("A113380", fault.to_string()),
        None => return bad("A113380", "the revocation request has no 'token'".to_owned()),
    };
    let Some(presented) = presented else {
        return bad("A113380", "the revocation request has no 'token'".to_owned());
    };
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let shown = shown.with(parameters);
    if let Err(fault @ AuthenticationFault::Contradiction) = shown.client_id() {
        return Ok(refused(service, "BAD_REQUEST", fault.error(), credentials::code(&fault)));
    }
    let known = presented.known_or_replaced(&context, &found).await?;
    let named = match &identifier {
        Some(identifier) => runtime.kept_client(identifier, found.named).await?,
        None => None,
    };
    if own_name.is_some() {
        if let Err(fault) = credentials::authenticated(&context, named.as_ref(), &shown, At::Revocation).await? {
            return Ok(credentials::refuse(service, "INVALID_CLIENT", &fault));
        }
    } else {
        let client = match &known {
            Some(known) => presented.client_of(&context, known, named.clone()).await?,
            None => None,
        };
        if let Some(client) = client
            && client.record.client_type != ClientType::Public
        {
            let text = "The revocation request does not contain 'client_secret' although the client type of the client \
                        application that is associated with the token is 'confidential'.";
            return Ok(refused(service, "INVALID_CLIENT", "invalid_client", ("A116302", text.to_owned())));
        }
    }
    let callback = parameters.get("callback");
    let Some(known) = known else { return Ok(done("A113080", "There is no such token to revoke.", callback)) };
    let is_own = |client: &RegisteredClient| client.numeric_id == known.authorization.client;
    if own_name.is_some() && !named.as_ref().is_some_and(is_own) {
        return bad("A113381", "the token is another client's".to_owned());
    }
    store::revoke(&context, known.authorization).await?;
    Ok(done("A113001", "The token has been revoked successfully.", callback))
}

/// RFC 7009 §2.2 and §2.3: nothing, or a call of the client's function where its name is one.
fn done(code: &'static str, text: &str, callback: Option<&str>) -> Response {
    let mut members = answer(code, text, "OK");
    let is_name = |name: &&str| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(&byte))
    };
    if let Some(name) = callback.filter(is_name) {
        members.insert("responseContent".to_owned(), format!("{name}();").into());
    }
    respond(members)
}
