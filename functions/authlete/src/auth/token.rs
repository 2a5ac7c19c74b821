//! `POST /api/{serviceId}/auth/token`: what a client is given at the token endpoint (RFC 6749 §3.2).

pub mod create;
pub mod delete;
pub mod fail;
pub mod issue;
pub mod list;
pub mod revoke;
pub mod update;

use ::authorization::authorization::{CalledBy, ClientName};
use ::authorization::client_authentication::{AuthenticationFault, Credentials, Endpoint as At};
use ::authorization::exchange::{self, PasswordTicket, TokenFault, Tokens};
use ::authorization::management;
use ::authorization::presented::Presented;
use ::authorization::token::Value as Code;
use ::authorization::{Authorization, Context, Parameters, properties as attached, request, store};
use serde_json::{Map, Value};
use shared::client::{ClientType, RegisteredClient};
use shared::http::Response;
use shared::metadata::{AuthMethod, GrantType};
use shared::metadata_document::Wanted;
use shared::service::Service;
use shared::store::Found;
use shared::store::schema::Key;

use crate::constants::{self, CLIENT_AUTH_METHOD};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::credentials::{self, Shown};
use crate::runtime::members::{Members, NotAnObject};
use crate::runtime::outcome::{answer, refusal, refused, respond};
use crate::runtime::rules::GRANTS;
use crate::runtime::{Runtime, keys_of, properties, shown, tokens};

endpoint!(token, "authlete-token", [Post], ["/api/{serviceId}/auth/token"], shared::http::RESOLVING_DEADLINE);

async fn token(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let shown = Shown::read(&body);
    let parameters = body.text("parameters").ok().flatten().map(Parameters::parse);
    let sent = parameters.as_ref().and_then(|parameters| parameters.as_ref().ok());
    let presented = sent.and_then(|sent| sent.get(shown_by(sent.get("grant_type")))).map(Presented::read);
    let own_name = credentials::own_name(&shown, sent);
    let identifier = own_name.or_else(|| presented.as_ref().and_then(Presented::client));
    let keys = |service: &Service| keys_of(service, presented.as_ref());
    let (desk, found) = call.desk_and_found(identifier.as_deref(), keys).await?;
    readable?;
    let (service, shown) = (&desk.service, shown?);
    body.text("parameters")?;
    let parameters = match &parameters {
        Some(Ok(parameters)) => parameters,
        Some(Err(fault)) => return Ok(refuse(service, &fault.clone().into())),
        None => {
            let text = "the token request from the service has no 'parameters'".to_owned();
            return Ok(refused(service, "BAD_REQUEST", "invalid_request", ("A050280", text)));
        }
    };
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let shown = shown.with(parameters);
    let (name, is_guessed) = match asker(&context, &shown, identifier) {
        Ok(asker) => asker,
        Err(fault) => return Ok(refused(service, "BAD_REQUEST", fault.error(), credentials::code(&fault))),
    };
    let walk = walk(&context, presented.as_ref(), &found).await?;
    // Nobody's host is asked for a client that shows nothing of its own.
    let may_fetch = walk.as_ref().is_some_and(|walk| walk.client == service.numeric_id(&name));
    let client = runtime.client(&name, found.named, Wanted { kept: true, may_fetch, ..Wanted::default() }).await?;
    // A client that names itself nowhere has nothing to show, and must be one that needs nothing.
    let client =
        client.filter(|client| !is_guessed || client.record.metadata.token_endpoint_auth_method() == AuthMethod::None);
    let method = match credentials::authenticated(&context, client.as_ref(), &shown, At::Token).await? {
        Ok(method) => method,
        Err(fault) => return Ok(credentials::refuse(service, "INVALID_CLIENT", &fault)),
    };
    let Some(client) = client else { return Err(shared::Error::UnknownClient.into()) };
    let request =
        Request { runtime: &runtime, context: &context, client: &client, name: &name, method, parameters, body: &body };
    match request.grant() {
        Ok(grant) => request.answer(grant, walk).await,
        Err(fault) => Ok(refuse(service, &fault)),
    }
}

/// The parameter with what a grant is made of.
fn shown_by(grant_type: Option<&str>) -> &'static str {
    if grant_type == Some("refresh_token") { "refresh_token" } else { "code" }
}

/// Which client asks, and whether only its code or token says so: that is enough where the service allows it.
fn asker(
    context: &Context<'_>,
    shown: &Credentials<'_>,
    of_token: Option<String>,
) -> Result<(String, bool), AuthenticationFault> {
    match (shown.client_id(), of_token) {
        (Err(AuthenticationFault::NoClient), Some(name)) if context.rules.missing_client_id_allowed => Ok((name, true)),
        (named, _) => named.map(|name| (name, false)),
    }
}

/// The authorization that a code or a refresh token is of, whatever has become of it: a second use must be noticed. What
/// ended with a client that is gone is no later client's of that name.
async fn walk(
    context: &Context<'_>,
    presented: Option<&Presented<'_>>,
    found: &Found,
) -> Result<Option<Authorization>, Error> {
    let Some(presented) = presented else { return Ok(None) };
    let walk = match presented.own_value() {
        Some(value) => store::among(&found.items, value.id)?,
        None => presented.known_or_replaced(context, found).await?.map(|known| known.authorization),
    };
    Ok(walk.filter(|walk| walk.is_after(found.tokens_from)))
}

/// Where the authorization is of a token that an operator names by its value, or by what it is called in lists.
fn clue_keys(service: &Service, clue: Option<&str>) -> Vec<Key> {
    clue.map(|clue| management::keys_of_clue(service.id, clue)).unwrap_or_default()
}

/// The client of such a token, if it says it.
fn client_of_clue(clue: Option<&str>) -> Option<String> {
    clue.and_then(|clue| Presented::read(clue).client())
}

/// A refusal that the client is told.
pub(crate) fn refuse(service: &Service, fault: &TokenFault) -> Response {
    let action = if matches!(fault, TokenFault::NoKey(_) | TokenFault::Claims) {
        "INTERNAL_SERVER_ERROR"
    } else {
        "BAD_REQUEST"
    };
    let (code, text) = tokens::code(fault);
    let mut members = refusal(service, action, fault.error(), (code, text));
    if matches!(fault, TokenFault::RefreshToken { was_replaced: true }) {
        members.insert("previousRefreshTokenUsed".to_owned(), true.into());
    }
    respond(members)
}

/// A token request of a client that is who it says.
struct Request<'r> {
    runtime: &'r Runtime<'r>,
    context: &'r Context<'r>,
    client: &'r RegisteredClient,
    name: &'r str,
    method: AuthMethod,
    parameters: &'r Parameters,
    body: &'r Members,
}

impl Request<'_> {
    /// The grant, if the client may use it.
    fn grant(&self) -> Result<GrantType, TokenFault> {
        let name = self.parameters.get("grant_type").ok_or(TokenFault::NoGrantType)?;
        let grant = GrantType::parse(name).filter(|grant| self.context.rules.grant_types.contains(grant));
        let grant = grant.filter(|grant| GRANTS.contains(grant)).ok_or(TokenFault::UnsupportedGrantType)?;
        if grant == GrantType::ClientCredentials && self.client.record.client_type == ClientType::Public {
            return Err(TokenFault::PublicClient);
        }
        if !self.client.record.metadata.grant_types().contains(&grant) {
            return Err(TokenFault::UnauthorizedGrantType);
        }
        if self.body.named("dpop").is_ok_and(|proof| proof.is_some()) || request::binds_tokens(self.client) {
            return Err(TokenFault::Bound);
        }
        self.context.unbuilt_profile(self.client).map_or(Ok(grant), |profile| Err(TokenFault::Profile(profile)))
    }

    /// Tokens, the question whether a password is right, or why there is neither.
    async fn answer(&self, grant: GrantType, walk: Option<Authorization>) -> Result<Response, Error> {
        let outcome = match grant {
            GrantType::AuthorizationCode => ("A050001", self.by_code(walk).await?),
            GrantType::RefreshToken => ("A053080", self.by_refresh_token(walk).await?),
            GrantType::ClientCredentials => ("A052001", self.by_client_credentials().await?),
            _ => return self.by_password().await,
        };
        let (code, given) = match outcome {
            (code, Ok(given)) => (code, given),
            (_, Err(fault)) => return Ok(refuse(self.context.service, &fault)),
        };
        self.runtime.used(self.client, &given.authorization).await;
        let text = format!("The token request (grant_type={grant}) was processed successfully.");
        let members = tokens::given(self.context, self.client, &given, grant, (code, text)).await?;
        Ok(self.respond(members))
    }

    /// Whoever is answered has authenticated in that way.
    fn respond(&self, mut members: Map<String, Value>) -> Response {
        if let Some(constant) = constants::constant(CLIENT_AUTH_METHOD, self.method.as_str()) {
            members.insert("clientAuthMethod".to_owned(), constant.into());
        }
        respond(members)
    }

    fn client_name(&self) -> ClientName {
        ClientName::of(self.client, self.name)
    }

    async fn by_code(&self, found: Option<Authorization>) -> Result<Result<Tokens, TokenFault>, Error> {
        let Some(code) = self.parameters.get("code") else { return Ok(Err(TokenFault::NoCode)) };
        let (code, wishes) = (Code::parse(code), tokens::wishes(self.body)?);
        let more = properties::of(self.body)?;
        let Ok(claims) = self.access_token_claims()? else { return Ok(Err(TokenFault::Claims)) };
        let found = match found {
            Some(mut found) => {
                found.assertions.access_token_claims.extend(claims);
                attached::attach(self.context, &mut found, more).await?;
                Some(found)
            }
            None => None,
        };
        Ok(exchange::by_code(self.context, self.client, found, code.as_ref(), self.parameters, &wishes).await?)
    }

    async fn by_refresh_token(&self, found: Option<Authorization>) -> Result<Result<Tokens, TokenFault>, Error> {
        let Some(presented) = self.parameters.get("refresh_token") else { return Ok(Err(TokenFault::NoRefreshToken)) };
        let wishes = tokens::wishes(self.body)?;
        Ok(exchange::by_refresh_token(self.context, self.client, found, presented, self.parameters, &wishes).await?)
    }

    async fn by_client_credentials(&self) -> Result<Result<Tokens, TokenFault>, Error> {
        let (wishes, attached) = (tokens::wishes(self.body)?, properties::of(self.body)?);
        let Ok(claims) = self.access_token_claims()? else { return Ok(Err(TokenFault::Claims)) };
        let name = self.client_name();
        let (context, client, parameters) = (self.context, self.client, self.parameters);
        Ok(exchange::by_client_credentials(context, client, name, parameters, attached, claims, &wishes).await?)
    }

    async fn by_password(&self) -> Result<Response, Error> {
        let name = self.client_name();
        let by = name.by;
        Ok(match exchange::ask_password(self.context, self.client, name, self.parameters).await? {
            Ok(ticket) => self.respond(self.asks_password(&ticket, by)),
            Err(fault) => refuse(self.context.service, &fault),
        })
    }

    fn access_token_claims(&self) -> Result<Result<Map<String, Value>, NotAnObject>, Error> {
        self.body.object("jwtAtClaims")
    }

    fn asks_password(&self, asked: &PasswordTicket, by: CalledBy) -> Map<String, Value> {
        let text = "The user's password is to be compared.";
        let mut members = answer("A054080", text, "PASSWORD");
        shown::names(&mut members, self.client, by);
        shown::attributes(&mut members, self.context.service, Some(self.client));
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("ticket", asked.ticket.expose().into());
        put("scopes", asked.scopes.as_slice().into());
        put("grantType", "PASSWORD".into());
        for name in ["username", "password"] {
            put(name, self.parameters.get(name).unwrap_or_default().into());
        }
        members
    }
}
