//! `POST /v1/clients`: Huawei Cloud's RegisterClient.

use serde_json::{Map, Value};
use shared::client::ClientInformation;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::metadata::{AuthMethod, ClientMetadata, Invalid, Localized, Scope, Submitted};
use shared::registry::{Reason, Refused, identity_center};
use shared::service::Service;
use shared::{App, Error};

use crate::door::{self, Refusal};
use crate::members::Members;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "huawei-register-client",
    paths: &["/v1/clients"],
    methods: &[Method::Post],
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: |error| refused(&door::failure(error), ""),
};

async fn handle(app: &App, request: Request) -> Response {
    let response = register(app, &request).await.unwrap_or_else(|refusal| refused(&refusal, &request.request_id));
    door::finished(response).with("x-request-id", request.request_id)
}

/// Answers 200 with `client_info`.
async fn register(app: &App, request: &Request) -> Result<Response, Refusal> {
    let service = door::service(app, request, |service| submitted(service, request).ok()).await?;
    let submitted = match submitted(&service, request) {
        Ok(submitted) => submitted,
        Err(error) => {
            let rule = identity_center::rule(&error);
            door::turned_away(app, request, &service, rule, Reason::from(&error)).await;
            return Err(error.into());
        }
    };
    let information = door::register(app, request, &service, &submitted).await?;
    Ok(Response::json(200, answer(&service, &information)))
}

/// What is asked for, in the words of RFC 7591.
fn submitted(service: &Service, request: &Request) -> Result<Submitted, Error> {
    identity_center::of_huawei(service.policy(), &asked(request)?)
}

fn asked(request: &Request) -> Result<ClientMetadata, Invalid> {
    let members = Members::read(request)?;
    let client_name = members.client_name("client_name")?;
    only(&members, "client_type", "public")?;
    only(&members, "token_endpoint_auth_method", AuthMethod::ClientSecretPost.as_str())?;
    Ok(ClientMetadata {
        client_name: Some(Localized::from(client_name)),
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretPost.as_str().to_owned()),
        grant_types: members.texts("grant_types")?,
        response_types: members.texts("response_types")?,
        scope: door::scope(members.texts("scopes")?),
        ..ClientMetadata::default()
    })
}

fn only(members: &Members, name: &'static str, known: &str) -> Result<(), Invalid> {
    let value = members.required_text(name)?;
    if value == known { Ok(()) } else { Err(Invalid::not_offered(name, &value)) }
}

fn answer(service: &Service, information: &ClientInformation) -> Map<String, Value> {
    let record = &information.client.record;
    let mut client = Map::new();
    let mut put = |name: &str, value: Value| client.insert(name.to_owned(), value);
    put("client_id", information.client.client_id.as_str().into());
    put("client_id_issued_at", (record.issued_at_millis / 1000).into());
    put("client_secret_expires_at", record.secret_expires_at.into());
    put("scopes", record.metadata.scope().into_iter().flat_map(Scope::tokens).collect());
    if let Some(secret) = &information.client_secret {
        put("client_secret", secret.expose().into());
    }
    door::endpoint(service, "authorization_endpoint", "authorization_endpoint", &mut client);
    door::endpoint(service, "token_endpoint", "token_endpoint", &mut client);
    Map::from_iter([("client_info".to_owned(), client.into())])
}

/// `error_code`, `error_msg` and `request_id`, which Huawei's SDKs read from the header as well.
fn refused(refusal: &Refusal, request_id: &str) -> Response {
    let (status, code, text) = match refusal {
        Refusal::Protected => (403, "IIC.1001", format!("Access denied: {}", Refused::Protected)),
        Refusal::TooManyRequests(_) => (429, "APIGW.0308", "The throttling threshold has been reached.".to_owned()),
        Refusal::Core(error) => core(error),
    };
    let mut body = Map::new();
    body.insert("error_code".to_owned(), code.into());
    body.insert("error_msg".to_owned(), text.into());
    body.insert("request_id".to_owned(), request_id.into());
    let response = Response::json(status, body);
    match refusal {
        Refusal::Core(error) => response.because(error),
        Refusal::TooManyRequests(admission) => response.with("retry-after", admission.retry_after.to_string()),
        Refusal::Protected => response,
    }
}

fn core(error: &Error) -> (u16, &'static str, String) {
    let text = match error {
        Error::Internal(_) => "Internal Server Error.".to_owned(),
        Error::Unavailable(_) | Error::Contention => "Concurrency conflicts. Try again later.".to_owned(),
        Error::UnknownService => "Not Found: there is no such service.".to_owned(),
        Error::RegistrationClosed | Error::TooManyClients(_) => format!("Access denied: {error}"),
        other => format!("Bad Request: {other}."),
    };
    match error {
        Error::Internal(_) => (500, "IIC.500", text),
        Error::Unavailable(_) | Error::Unreachable { .. } | Error::Contention => (503, "IIC.1006", text),
        Error::UnknownService => (404, "IIC.404", text),
        Error::RegistrationClosed | Error::TooManyClients(_) => (403, "IIC.1001", text),
        Error::MethodNotAllowed => (405, "IIC.400", text),
        Error::InvalidRedirectUri(_)
        | Error::InvalidClientMetadata(_)
        | Error::InvalidSoftwareStatement(_)
        | Error::UnapprovedSoftwareStatement
        | Error::Claimed(_)
        | Error::AlreadyRegistered
        | Error::NotLater
        | Error::OtherTrustAnchor
        | Error::MissingToken
        | Error::InvalidToken
        | Error::SpentToken(_)
        | Error::ClientEnded
        | Error::InsufficientScope(_)
        | Error::UnknownClient
        | Error::InvalidCursor
        | Error::ClientLocked => (400, "IIC.400", text),
    }
}
