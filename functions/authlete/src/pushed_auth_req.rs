//! `POST /api/{serviceId}/pushed_auth_req`: a client pushes its authorization request (RFC 9126).

use ::authorization::client_authentication::Endpoint as At;
use ::authorization::request::{self, RequestFault};
use ::authorization::{Parameters, pushed};
use serde_json::Value;
use shared::http::Response;
use shared::metadata_document::Wanted;

use crate::auth::authorization::code;
use crate::constants::{self, CLIENT_AUTH_METHOD};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::runtime::credentials::{self, Shown};
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, ordered, refused, respond};

endpoint!(
    push,
    "authlete-pushed-auth-req",
    [Post],
    ["/api/{serviceId}/pushed_auth_req"],
    shared::http::RESOLVING_DEADLINE
);

/// The largest request, in bytes.
const MAX_BYTES: usize = 32 * 1024;

async fn push(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read_large(call.request);
    let shown = Shown::read(&body);
    let text = body.text("parameters").ok().flatten();
    let parameters = text.filter(|text| text.len() <= MAX_BYTES).map(Parameters::parse);
    let sent = parameters.as_ref().and_then(|parameters| parameters.as_ref().ok());
    let identifier = credentials::own_name(&shown, sent);
    let (desk, found) = call.desk_and_found(identifier.as_deref(), |_| Vec::new()).await?;
    readable?;
    let (service, shown) = (&desk.service, shown?);
    let bad = |fault: &RequestFault| Ok(refused(service, "BAD_REQUEST", fault.error(), code(fault, None)));
    if body.text("parameters")?.is_none() {
        let text = "the pushed authorization request from the service has no 'parameters'".to_owned();
        return Ok(refused(service, "BAD_REQUEST", "invalid_request", ("A245280", text)));
    }
    let parameters = match &parameters {
        Some(Ok(parameters)) => parameters,
        Some(Err(fault)) => return bad(&fault.clone().into()),
        None => {
            let text = format!("the pushed authorization request is larger than {MAX_BYTES} bytes");
            return Ok(refused(service, "PAYLOAD_TOO_LARGE", "invalid_request", ("A245381", text)));
        }
    };
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let shown = shown.with(parameters);
    let name = match shown.client_id() {
        Ok(name) => name,
        Err(fault) => return Ok(refused(service, "BAD_REQUEST", fault.error(), credentials::code(&fault))),
    };
    let client = runtime.client(&name, found.named, Wanted { may_fetch: true, ..Wanted::default() }).await?;
    let method = match credentials::authenticated(&context, client.as_ref(), &shown, At::Token).await? {
        Ok(method) => method,
        Err(fault) => return Ok(credentials::refuse(service, "UNAUTHORIZED", &fault)),
    };
    let Some(client) = client else { return Err(shared::Error::UnknownClient.into()) };
    if parameters.get("request_uri").is_some() {
        let text = "'request_uri' cannot be pushed".to_owned();
        return Ok(refused(service, "BAD_REQUEST", "invalid_request", ("A245380", text)));
    }
    if parameters.get("client_id").is_some_and(|sent| sent != name) {
        let text = "'client_id' is not the client that has been authenticated".to_owned();
        return Ok(refused(service, "BAD_REQUEST", "invalid_request", ("A245382", text)));
    }
    if body.named("dpop")?.is_some() {
        return bad(&RequestFault::Bound);
    }
    if let Err(refusal) = request::verify(&context, &client, parameters, true).await? {
        let code = code(&refusal.fault, Some(&client));
        return Ok(refused(service, "BAD_REQUEST", refusal.fault.error(), code));
    }
    let (uri, seconds) = pushed::keep(&context, &client, &parameters.without_credentials()).await?;
    let told = format!("Successfully registered a request object for client ({}), URI is {uri}.", client.numeric_id);
    let mut members = answer("A245001", &told, "CREATED");
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    let answered = [("expires_in", Some(seconds.into())), ("request_uri", Some(uri.as_str().into()))];
    put("responseContent", ordered(&answered).into());
    put("requestUri", uri.into());
    if let Some(constant) = constants::constant(CLIENT_AUTH_METHOD, method.as_str()) {
        put("clientAuthMethod", constant.into());
    }
    Ok(respond(members))
}
