//! `POST /stet/psd2/oauth/token`: an access token for the registration, by client credentials over mutual TLS.

use serde_json::Map;
use shared::App;
use shared::credentials::{Token, TokenKind};
use shared::http::{DEADLINE, Endpoint, Method, Request, Response};
use shared::origin::Origin;
use shared::policy::BoundPolicy;
use shared::registry::Operation;
use shared::store::TokenRecord;

use crate::access_token::SCOPE;
use crate::door;
use crate::error::Error;
use crate::visit::{DOOR, Visit};

const METHODS: &[Method] = &[Method::Post];

/// How long a token lives, in seconds.
const LIFETIME: u64 = 3600;

/// The largest request that is read, in bytes.
const MAX_FORM: usize = 8 * 1024;

/// The endpoint.
pub static ENDPOINT: Endpoint = Endpoint {
    function: "stet-token",
    paths: &["/stet/psd2/oauth/token"],
    methods: METHODS,
    deadline: DEADLINE,
    handler: |app, request| Box::pin(handle(app, request)),
    failed: door::failed,
};

async fn handle(app: &App, request: Request) -> Response {
    door::receive(app, &request, METHODS, Operation::Register, |visit| Box::pin(issue(visit))).await
}

/// Answers 200 with a token (RFC 6749 §4.4.3), bound to the certificate of the connection (RFC 8705 §3). The
/// `client_id` is one for all institutions: the certificate says who it is.
async fn issue(visit: &Visit<'_>) -> Result<Response, Error> {
    let Visit { app, request, .. } = visit;
    door::counted(visit, Operation::Register, async { check_form(request) }).await?;
    let token = Token::mint(TokenKind::ManageRegistration, &app.entropy)?;
    let record = TokenRecord {
        hash: token.hash(),
        kind: TokenKind::ManageRegistration,
        service_id: Some(visit.service.id),
        organization: Some(visit.organization().to_owned()),
        permissions: Vec::new(),
        bound: BoundPolicy::default(),
        certificate: Some(*visit.web.thumbprint()),
        uses_left: None,
        expires_at: Some(app.clock.now().saturating_add(LIFETIME)),
        created_millis: app.clock.now_millis(),
        made_by: None,
    };
    app.store.create_token(&record, &Origin::at(request, visit.service.policy(), DOOR, visit.organization())).await?;
    let mut answer = Map::new();
    answer.insert("access_token".to_owned(), token.expose().into());
    answer.insert("token_type".to_owned(), "Bearer".into());
    answer.insert("expires_in".to_owned(), LIFETIME.into());
    answer.insert("scope".to_owned(), SCOPE.into());
    Ok(Response::json(200, answer))
}

/// RFC 6749 §4.4.2, §3.2: a form without repeated parameters.
fn check_form(request: &Request) -> Result<(), Error> {
    if !request.has_content_type("application/x-www-form-urlencoded") {
        return Err(Error::TokenRequest("Content-Type must be application/x-www-form-urlencoded"));
    }
    if request.body.len() > MAX_FORM {
        return Err(Error::TokenRequest("it is too large"));
    }
    let parameter = |name: &str| {
        let mut values = url::form_urlencoded::parse(&request.body).filter(|(found, _)| found == name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value.map(|(_, value)| value.into_owned()).unwrap_or_default()),
            _ => Err(Error::TokenRequest("a parameter is there twice")),
        }
    };
    match parameter("grant_type")?.as_str() {
        "" => return Err(Error::TokenRequest("grant_type is missing")),
        "client_credentials" => {}
        _ => return Err(Error::UnsupportedGrantType),
    }
    if parameter("scope")? == SCOPE { Ok(()) } else { Err(Error::InvalidScope) }
}
