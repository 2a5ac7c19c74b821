//! `POST /client/register`: AWS's RegisterClient (SSO OIDC).

use serde_json::{Map, Value};
use shared::client::ClientInformation;
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::metadata::{ClientMetadata, Invalid, Localized, Submitted};
use shared::registry::{Reason, Refused, identity_center};
use shared::service::Service;
use shared::{App, Error};

use crate::door::{self, Refusal};
use crate::members::Members;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "aws-register-client",
    paths: &["/client/register"],
    methods: &[Method::Post],
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: |error| refused(&Fault::Refusal(door::failure(error))),
};

/// Members that are kept for operators and answered to nobody here.
const KEPT: [&str; 2] = ["issuerUrl", "entitledApplicationArn"];

/// Why nobody is registered, where AWS has exceptions of its own.
enum Fault {
    Refusal(Refusal),
    InvalidRequest(Invalid),
    InvalidScope(String),
    UnsupportedGrantType(String),
}

impl<E: Into<Refusal>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Refusal(error.into())
    }
}

async fn handle(app: &App, request: Request) -> Response {
    let response = register(app, &request).await.unwrap_or_else(|fault| refused(&fault));
    door::finished(response).with("x-amzn-requestid", request.request_id)
}

/// Answers 200 with the client.
async fn register(app: &App, request: &Request) -> Result<Response, Fault> {
    let service = door::service(app, request, |_| submitted(request).ok()).await?;
    let submitted = match submitted(request) {
        Ok(submitted) => submitted,
        Err(fault) => {
            let (status, _, code) = exception(&fault);
            let reason = Reason::new(status, code, &description(&fault));
            door::turned_away(app, request, &service, rule(&fault), reason).await;
            return Err(fault);
        }
    };
    let information = door::register(app, request, &service, &submitted).await.map_err(in_awss_words)?;
    Ok(Response::json(200, answer(&service, &information)))
}

/// The rule by which a request is refused before it is a registration.
fn rule(fault: &Fault) -> &'static str {
    match fault {
        Fault::UnsupportedGrantType(_) => "grant_types and response_types",
        Fault::InvalidScope(_) | Fault::InvalidRequest(_) | Fault::Refusal(_) => "as sent",
    }
}

/// What is asked for, in the words of RFC 7591.
fn submitted(request: &Request) -> Result<Submitted, Fault> {
    let asked = Asked::read(request)?;
    if asked.client_type != "public" {
        return Err(Error::from(Invalid::not_offered("clientType", &asked.client_type)).into());
    }
    let submitted = identity_center::of_aws(&asked.metadata).map_err(in_awss_words)?;
    Ok(Submitted { kept: asked.kept, ..submitted })
}

/// The request's members.
struct Asked {
    client_type: String,
    metadata: ClientMetadata,
    kept: Map<String, Value>,
}

impl Asked {
    fn read(request: &Request) -> Result<Self, Fault> {
        Self::members(request).map_err(Fault::InvalidRequest)
    }

    fn members(request: &Request) -> Result<Self, Invalid> {
        let members = Members::read(request)?;
        let mut kept = Map::new();
        for name in KEPT {
            if let Some(text) = members.plain_text(name)? {
                kept.insert(name.to_owned(), text.into());
            }
        }
        let client_name = members.client_name("clientName")?;
        let client_type = members.required_text("clientType")?;
        let metadata = ClientMetadata {
            client_name: Some(Localized::from(client_name)),
            scope: door::scope(members.texts("scopes")?),
            redirect_uris: members.texts("redirectUris")?.filter(|uris| !uris.is_empty()),
            grant_types: members.texts("grantTypes")?.filter(|grants| !grants.is_empty()),
            ..ClientMetadata::default()
        };
        Ok(Self { client_type, metadata, kept })
    }
}

/// What the core refuses has an exception of its own, too.
fn in_awss_words(error: Error) -> Fault {
    match &error {
        Error::InvalidClientMetadata(Invalid::NotOffered { member, value }) if member == "grant_types" => {
            Fault::UnsupportedGrantType(value.clone())
        }
        Error::InvalidClientMetadata(Invalid::NotOffered { member, value }) if member == "scope" => {
            Fault::InvalidScope(Invalid::not_offered("scopes", value).to_string())
        }
        Error::InvalidClientMetadata(Invalid::Syntax { member, .. }) if member == "scope" => {
            Fault::InvalidScope(error.to_string())
        }
        _ => error.into(),
    }
}

fn answer(service: &Service, information: &ClientInformation) -> Map<String, Value> {
    let record = &information.client.record;
    let mut client = Map::new();
    let mut put = |name: &str, value: Value| client.insert(name.to_owned(), value);
    put("clientId", information.client.client_id.as_str().into());
    put("clientIdIssuedAt", (record.issued_at_millis / 1000).into());
    put("clientSecretExpiresAt", record.secret_expires_at.into());
    if let Some(secret) = &information.client_secret {
        put("clientSecret", secret.expose().into());
    }
    door::endpoint(service, "authorization_endpoint", "authorizationEndpoint", &mut client);
    door::endpoint(service, "token_endpoint", "tokenEndpoint", &mut client);
    client
}

/// The exception's name stands in the header and in the body, its OAuth code in `error`.
fn refused(fault: &Fault) -> Response {
    let (status, exception, code) = exception(fault);
    let mut body = Map::new();
    body.insert("__type".to_owned(), exception.into());
    body.insert("error".to_owned(), code.into());
    body.insert("error_description".to_owned(), description(fault).into());
    let response = Response::json(status, body).with("x-amzn-errortype", exception);
    match fault {
        Fault::Refusal(Refusal::Core(error)) => response.because(error),
        Fault::Refusal(Refusal::TooManyRequests(admission)) => {
            response.with("retry-after", admission.retry_after.to_string())
        }
        _ => response,
    }
}

fn description(fault: &Fault) -> String {
    match fault {
        Fault::Refusal(Refusal::Core(error)) => error.to_string(),
        Fault::Refusal(Refusal::Protected) => Refused::Protected.to_string(),
        Fault::Refusal(Refusal::TooManyRequests(_)) => "too many registrations; try again later".to_owned(),
        Fault::InvalidRequest(invalid) => invalid.to_string(),
        Fault::InvalidScope(text) => text.clone(),
        Fault::UnsupportedGrantType(grant) => Invalid::not_offered("grantTypes", grant).to_string(),
    }
}

fn exception(fault: &Fault) -> (u16, &'static str, &'static str) {
    const INVALID_REQUEST: (u16, &str, &str) = (400, "InvalidRequestException", "invalid_request");
    const INTERNAL: (u16, &str, &str) = (500, "InternalServerException", "server_error");
    match fault {
        Fault::InvalidRequest(_) | Fault::Refusal(Refusal::Protected) => INVALID_REQUEST,
        Fault::InvalidScope(_) => (400, "InvalidScopeException", "invalid_scope"),
        Fault::UnsupportedGrantType(_) => (400, "UnsupportedGrantTypeException", "unsupported_grant_type"),
        Fault::Refusal(Refusal::TooManyRequests(_)) => (400, "SlowDownException", "slow_down"),
        Fault::Refusal(Refusal::Core(error)) => match error {
            Error::InvalidRedirectUri(_) => (400, "InvalidRedirectUriException", "invalid_redirect_uri"),
            Error::InvalidClientMetadata(_)
            | Error::InvalidSoftwareStatement(_)
            | Error::UnapprovedSoftwareStatement
            | Error::Claimed(_)
            | Error::AlreadyRegistered
            | Error::NotLater
            | Error::OtherTrustAnchor
            | Error::TooManyClients(_)
            | Error::RegistrationClosed => (400, "InvalidClientMetadataException", "invalid_client_metadata"),
            Error::MethodNotAllowed => (405, INVALID_REQUEST.1, INVALID_REQUEST.2),
            Error::Unavailable(_) | Error::Unreachable { .. } | Error::Contention => (503, INTERNAL.1, INTERNAL.2),
            Error::Internal(_) => INTERNAL,
            Error::UnknownService
            | Error::UnknownClient
            | Error::MissingToken
            | Error::InvalidToken
            | Error::SpentToken(_)
            | Error::ClientEnded
            | Error::InsufficientScope(_)
            | Error::InvalidCursor
            | Error::ClientLocked => INVALID_REQUEST,
        },
    }
}
