//! `POST /api/{serviceId}/auth/token/create`: an operator makes tokens.

use ::authorization::authorization::{CalledBy, ClientName};
use ::authorization::exchange::Tokens;
use ::authorization::management::{self, CreateFault, Creation, Holder};
use ::authorization::{Context, grant, properties as attached};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::Response;
use shared::metadata::GrantType;
use shared::service::Service;

use crate::auth::authorization::issue::consent;
use crate::constants::{self, GRANT_TYPE};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{Code, answer, respond};
use crate::runtime::{Runtime, shown, tokens};

endpoint!(create, "authlete-token-create", [Post], ["/api/{serviceId}/auth/token/create"]);

async fn create(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let named = |name: &str| body.identifier(name).ok().flatten();
    let identifier = named("clientId").or_else(|| named("clientIdentifier"));
    let subject = body.named("subject").ok().flatten();
    let keys = |service: &Service| {
        let number = identifier.as_deref().map(|identifier| service.numeric_id(identifier));
        number.zip(subject).map(|(number, subject)| grant::key_in(service.id, number, subject)).into_iter().collect()
    };
    let (desk, found) = call.desk_and_found(identifier.as_deref(), keys).await?;
    readable?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let bad = |(code, text): Code| Ok(respond(answer(code, &text, "BAD_REQUEST")));
    let caller = |text: String| bad(("A109280", text));
    body.identifier("clientId")?;
    body.identifier("clientIdentifier")?;
    let Some(identifier) = identifier else { return caller("clientId is missing".to_owned()) };
    let Some(client) = runtime.kept_client(&identifier, found.named).await? else {
        return bad(("A109281", "there is no such client".to_owned()));
    };
    if client.is_held() {
        return Err(Error::ClientLocked(client.numeric_id));
    }
    let creation = match creation(&body)? {
        Ok(creation) => creation,
        Err(text) => return caller(text),
    };
    let grant_type = creation.grant_type;
    let grant = match subject {
        Some(subject) => runtime.grant(&identifier, &client, subject, &found.items).await?,
        None => None,
    };
    let name = called(&body, &client)?;
    let tokens = match management::create(&context, Holder { client: &client, name, grant }, creation).await? {
        Ok(tokens) => tokens,
        Err(fault @ (CreateFault::ValueInUse | CreateFault::ImpossibleValue)) => {
            return bad(("A109282", fault.to_string()));
        }
        Err(fault @ CreateFault::NoKey(_)) => {
            return Ok(respond(answer("A109283", &fault.to_string(), "INTERNAL_SERVER_ERROR")));
        }
        Err(fault) => return caller(fault.to_string()),
    };
    runtime.used(&client, &tokens.authorization).await;
    let text = format!("An access token was created successfully: {grant_type}, client = {}", client.numeric_id);
    made(&context, &client, &tokens, answer("A109001", &text, "OK")).await.map(respond)
}

/// How the client shall be called in what it is told.
fn called(body: &Members, client: &RegisteredClient) -> Result<ClientName, Error> {
    let alias = client.record.settings.alias.clone().filter(|_| !client.source.is_federated());
    Ok(match alias {
        Some(name) if body.flag("clientIdAliasUsed")? => ClientName { name, by: CalledBy::Alias },
        _ => ClientName::identifier(client),
    })
}

/// What is to be made; else what is wrong with it.
fn creation(body: &Members) -> Result<Result<Creation, String>, Error> {
    let grant = body.named("grantType")?.and_then(|name| constants::value(GRANT_TYPE, name)).and_then(GrantType::parse);
    let Some(grant_type) = grant else { return Ok(Err("grantType is missing, or unknown".to_owned())) };
    if body.named("dpopKeyThumbprint")?.is_some() {
        return Ok(Err("dpopKeyThumbprint: tokens that are bound to a key are not supported".to_owned()));
    }
    let consent = match consent(body)? {
        Ok(consent) => consent,
        Err(member) => return Ok(Err(format!("{member} must be a JSON object in a string"))),
    };
    let mut wishes = tokens::wishes(body)?;
    wishes.refresh_token = body.named("refreshToken")?.map(str::to_owned);
    wishes.is_persistent = body.flag("accessTokenPersistent")?;
    Ok(Ok(Creation {
        grant_type,
        subject: consent.subject,
        scopes: consent.scopes.unwrap_or_default(),
        properties: consent.properties,
        assertions: consent.assertions,
        resources: body.texts("resources")?.unwrap_or_default(),
        details: consent.details,
        certificate_thumbprint: body.named("certificateThumbprint")?.map(str::to_owned),
        wishes,
    }))
}

/// What was made.
async fn made(
    context: &Context<'_>,
    client: &RegisteredClient,
    tokens: &Tokens,
    mut members: Map<String, Value>,
) -> Result<Map<String, Value>, Error> {
    let authorization = &tokens.authorization;
    shown::authorization(&mut members, authorization);
    let now = context.now_millis();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    put("clientId", client.numeric_id.into());
    put("accessToken", tokens.access_token.as_str().into());
    put("tokenType", context.rules.access_token_type.into());
    if let Some(constant) = constants::constant(GRANT_TYPE, authorization.grant_type.as_str()) {
        put("grantType", constant.into());
    }
    for (name, value) in [("refreshToken", &tokens.refresh_token), ("jwtAccessToken", &tokens.jwt)] {
        if let Some(value) = value {
            put(name, value.as_str().into());
        }
    }
    if let Some(end) = authorization.access_token.as_ref().and_then(|given| given.ends_at) {
        put("expiresAt", end.into());
        put("expiresIn", tokens::seconds_until(end, now).into());
    }
    if authorization.refresh_token.is_some() {
        put("refreshTokenScopes", authorization.refresh_scopes.as_slice().into());
    }
    if let Some(given) = &authorization.access_token {
        put("tokenId", ::authorization::token::TokenIdentifier::of(authorization.id, &given.hash).to_text().into());
    }
    if let Some(properties) = shown::properties(&attached::of(context, authorization).await?, true) {
        put("properties", properties);
    }
    Ok(members)
}
