//! What the four operations of dynamic registration have in common: the result of one for the authorization server
//! that forwards its clients' requests here.
//!
//! Every outcome for the client is HTTP 200 with an `action`; `responseContent` is the very body that the oauth door
//! would answer.

pub mod delete;
pub mod get;
pub mod register;
pub mod update;

use serde_json::{Map, Value};
use shared::Error as Core;
use shared::client::{ClientInformation, RegisteredClient};
use shared::credentials::{Token, TokenKind};
use shared::http::{Response, error_body};
use shared::metadata::{Invalid, Submitted};
use shared::service::Service;

use crate::client::object::{View, client};
use crate::door::{Call, Desk};
use crate::error::{Error, result};

/// An operation: what its result codes begin with, and whether an unknown token is the client's fault there.
pub(crate) struct Operation {
    pub(crate) family: &'static str,
    pub(crate) authorized_by_token: bool,
}

/// The answer to an operation that succeeded. `information` is what the client is told.
pub(crate) fn succeeded(code: &str, text: &str, action: &str, information: Option<&ClientInformation>) -> Response {
    let mut members = result(code, text);
    members.insert("action".to_owned(), action.into());
    if let Some(information) = information {
        members.insert("responseContent".to_owned(), Value::Object(information.to_members()).to_string().into());
        members.insert("client".to_owned(), client(information, View::Full).into());
    }
    Response::json(200, members)
}

/// The answer to an operation that failed.
///
/// # Errors
/// What is no fault of the client: it is answered to the authorization server, by HTTP status.
pub(crate) fn refused(operation: &Operation, service: &Service, error: Core) -> Result<Response, Error> {
    let (class, action) = match &error {
        Core::InvalidRedirectUri(_) => ("390", "BAD_REQUEST"),
        Core::InvalidClientMetadata(_) => ("391", "BAD_REQUEST"),
        Core::InvalidSoftwareStatement(_) => ("392", "BAD_REQUEST"),
        Core::UnapprovedSoftwareStatement => ("393", "BAD_REQUEST"),
        Core::InvalidToken | Core::SpentToken(_) | Core::ClientEnded | Core::MissingToken
            if operation.authorized_by_token && unauthorized(service) =>
        {
            ("394", "UNAUTHORIZED")
        }
        Core::InvalidToken | Core::SpentToken(_) | Core::ClientEnded | Core::MissingToken => ("394", "BAD_REQUEST"),
        Core::Claimed(_) | Core::AlreadyRegistered | Core::NotLater | Core::OtherTrustAnchor => ("395", "BAD_REQUEST"),
        Core::TooManyClients(_) => ("396", "BAD_REQUEST"),
        Core::RegistrationClosed => ("290", "INTERNAL_SERVER_ERROR"),
        Core::ClientLocked
        | Core::UnknownService
        | Core::UnknownClient
        | Core::InsufficientScope(_)
        | Core::InvalidCursor
        | Core::MethodNotAllowed
        | Core::Contention
        | Core::Unreachable { .. }
        | Core::Unavailable(_)
        | Core::Internal(_) => return Err(error.into()),
    };
    let mut members = result(&format!("A{}{class}", operation.family), &error.to_string());
    members.insert("action".to_owned(), action.into());
    let content = Value::Object(error_body(&error, service.policy().errors)).to_string();
    members.insert("responseContent".to_owned(), content.into());
    Ok(Response::json(200, members).because(&error))
}

fn unauthorized(service: &Service) -> bool {
    service.configuration.others.get("unauthorizedOnClientConfigSupported") == Some(&Value::Bool(true))
}

/// What a request to get, update or delete a registration names: the client and its token.
pub(crate) struct Named<'b> {
    pub(crate) client_id: &'b str,
    pub(crate) token: Result<Token, Core>,
}

impl<'b> Named<'b> {
    /// Reads `clientId` and `token`.
    ///
    /// # Errors
    /// [`Error::Body`] for other types than strings.
    pub(crate) fn read(body: &'b Map<String, Value>) -> Result<Self, Error> {
        let presented = crate::body::text(body, "token")?.unwrap_or_default();
        Ok(Self {
            client_id: crate::body::text(body, "clientId")?.unwrap_or_default(),
            token: Token::parse(TokenKind::RegistrationAccess, presented).ok_or(Core::InvalidToken),
        })
    }
}

/// The client that a body names, to be looked up before the body is known to be one.
pub(crate) fn client_id(body: &Result<Map<String, Value>, Error>) -> &str {
    body.as_ref().ok().and_then(|body| body.get("clientId")?.as_str()).unwrap_or_default()
}

/// The client's own metadata document, as it came.
///
/// # Errors
/// [`Error::Body`] for another type than a string.
pub(crate) fn document(body: &Map<String, Value>) -> Result<Result<Submitted, Invalid>, Error> {
    let text = crate::body::text(body, "json")?;
    Ok(text.ok_or(Invalid::Missing { member: "json" }).and_then(|text| Submitted::parse(text.as_bytes())))
}

/// A locked client is named to the authorization server.
pub(crate) fn locked(error: Core, found: Option<&RegisteredClient>) -> Result<Core, Error> {
    match (&error, found) {
        (Core::ClientLocked, Some(client)) => Err(Error::ClientLocked(client.numeric_id)),
        _ => Ok(error),
    }
}

/// The information with the place where the authorization server lets its client manage the registration.
pub(crate) fn with_uri(call: &Call<'_>, desk: &Desk, mut information: ClientInformation) -> ClientInformation {
    let base_url = call.app.base_url(&desk.service, call.request);
    let configured = desk.service.configuration.others.get("registrationManagementEndpoint").and_then(Value::as_str);
    let endpoint = configured.map_or_else(|| desk.registration_endpoint(&base_url), str::to_owned);
    information.registration_client_uri = Some(format!("{endpoint}/{}", information.client.client_id));
    information
}
