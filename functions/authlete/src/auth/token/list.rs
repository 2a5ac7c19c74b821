//! `GET /api/{serviceId}/auth/token/get/list`: the tokens of a client, of a user, or of a user at a client.

use ::authorization::management::{self, Status};
use ::authorization::token::TokenIdentifier;
use ::authorization::{Authorization, Context, grant, properties as attached};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::Response;
use shared::metadata::Invalid;
use shared::service::Service;

use crate::constants::{self, GRANT_TYPE};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::range;
use crate::runtime::{Runtime, shown};

endpoint!(list, "authlete-token-list", [Get], ["/api/{serviceId}/auth/token/get/list"]);

/// The longest page.
const LONGEST: u16 = 1000;

async fn list(call: &Call<'_>) -> Result<Response, Error> {
    let parameter = |name: &str| call.request.query_parameter(name).filter(|text| !text.is_empty());
    let (identifier, subject) = (parameter("clientIdentifier"), parameter("subject"));
    let keys = |service: &Service| {
        let number = identifier.as_deref().map(|identifier| service.numeric_id(identifier));
        let both = number.zip(subject.as_deref());
        both.map(|(number, subject)| grant::key_in(service.id, number, subject)).into_iter().collect()
    };
    let (desk, found) = call.desk_and_found(identifier.as_deref(), keys).await?;
    let range = range::of(call.request, LONGEST)?;
    let status = match parameter("tokenStatus").as_deref() {
        None | Some("VALID") => Status::Valid,
        Some("INVALID") => Status::Invalid,
        Some("ALL") => Status::All,
        Some(_) => return Err(Error::Body(Invalid::syntax("tokenStatus", "VALID, INVALID or ALL"))),
    };
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let client =
        match &identifier {
            None => None,
            Some(identifier) => {
                let client = runtime.kept_client(identifier, found.named).await?;
                Some(client.ok_or_else(|| {
                    Error::Body(Invalid::syntax("clientIdentifier", "that of a client of the service"))
                })?)
            }
        };
    let bound = |number: u64| usize::try_from(number).unwrap_or(usize::MAX);
    let bounds = (bound(range.start), bound(range.end));
    let page = match (&client, &subject) {
        (Some(client), None) => management::by_client(&context, client.numeric_id, status, bounds).await?,
        (None, Some(subject)) => management::by_subject(&context, subject, status, bounds).await?,
        (Some(client), Some(subject)) => {
            let called = identifier.as_deref().unwrap_or_default();
            let grant = runtime.grant(called, client, subject, &found.items).await?;
            management::by_client_and_subject(&context, grant.as_ref(), status, bounds).await?
        }
        (None, None) => management::of_all_clients(&context, status, bounds).await?.ok_or_else(|| {
            Error::Body(Invalid::syntax(
                "clientIdentifier",
                "given, or subject, where a service has more than 100 clients",
            ))
        })?,
    };
    let mut tokens = Vec::new();
    for authorization in &page.authorizations {
        tokens.push(Value::Object(token(&context, authorization).await?));
    }
    let mut members = range.members(u64::try_from(page.total).unwrap_or(u64::MAX));
    members.insert("accessTokens".to_owned(), tokens.into());
    named(&mut members, client.as_ref(), subject.as_deref());
    Ok(Response::json(200, members))
}

fn named(members: &mut Map<String, Value>, client: Option<&RegisteredClient>, subject: Option<&str>) {
    if let Some(client) = client {
        members.insert("client".to_owned(), shown::limited_client(client).into());
    }
    if let Some(subject) = subject {
        members.insert("subject".to_owned(), subject.into());
    }
}

async fn token(context: &Context<'_>, authorization: &Authorization) -> Result<Map<String, Value>, Error> {
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    for (kind, given) in [("access", &authorization.access_token), ("refresh", &authorization.refresh_token)] {
        let Some(given) = given else { continue };
        let identifier = TokenIdentifier::of(authorization.id, &given.hash);
        put(&format!("{kind}TokenHash"), identifier.to_text().into());
        if let Some(end) = given.ends_at {
            put(&format!("{kind}TokenExpiresAt"), end.into());
        }
    }
    put("createdAt", authorization.active_since.into());
    put("lastRefreshedAt", authorization.refreshed.into());
    put("clientId", authorization.client.into());
    if let Some(subject) = &authorization.subject {
        put("subject", subject.as_str().into());
    }
    if let Some(constant) = constants::constant(GRANT_TYPE, authorization.grant_type.as_str()) {
        put("grantType", constant.into());
    }
    put("scopes", authorization.scopes.as_slice().into());
    if authorization.refresh_token.is_some() {
        put("refreshTokenScopes", authorization.refresh_scopes.as_slice().into());
    }
    if let Some(properties) = shown::properties(&attached::of(context, authorization).await?, true) {
        put("properties", properties);
    }
    Ok(members)
}
