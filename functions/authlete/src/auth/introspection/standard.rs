//! `POST /api/{serviceId}/auth/introspection/standard`: what a resource server is told of a token (RFC 7662).

use ::authorization::authorization::Given;
use ::authorization::presented::{Kind, Known, Presented};
use ::authorization::{Context, Parameters, id_token, properties as attached};
use serde_json::{Map, Value, json};
use shared::client::RegisteredClient;
use shared::http::Response;

use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, refused, respond};
use crate::runtime::{Runtime, desk_and_token, properties};

endpoint!(introspect, "authlete-introspection-standard", [Post], ["/api/{serviceId}/auth/introspection/standard"]);

async fn introspect(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let parameters = body.text("parameters").ok().flatten().map(Parameters::parse);
    let sent = parameters.as_ref().and_then(|parameters| parameters.as_ref().ok());
    let presented = sent.and_then(|sent| sent.get("token")).map(Presented::read);
    let (desk, found) = desk_and_token(call, presented.as_ref()).await?;
    readable?;
    body.text("parameters")?;
    let service = &desk.service;
    let bad = |text: String| Ok(refused(service, "BAD_REQUEST", "invalid_request", ("A145280", text)));
    if let Some(Err(fault)) = &parameters {
        return bad(fault.to_string());
    }
    let Some(presented) = presented else { return bad("the introspection request has no 'token'".to_owned()) };
    let (with_hidden, resource) = (body.flag("withHiddenProperties")?, body.named("rsUri")?);
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let (known, client) = runtime.known(&presented, found).await?;
    let active = known.filter(|known| is_active(&context, client.as_ref(), known, resource));
    let (kind, answered) = match &active {
        None => ("access_token", json!({"active": false})),
        Some(known) => (kind(known), facts(&context, client.as_ref(), known, with_hidden).await?.into()),
    };
    let is_active = active.is_some();
    let text = format!("Introspection was performed successfully (type={kind}, active={is_active}).");
    let mut members = answer("A145001", &text, "OK");
    members.insert("responseContent".to_owned(), answered.to_string().into());
    Ok(respond(members))
}

const fn kind(known: &Known) -> &'static str {
    match known.kind {
        Kind::Access => "access_token",
        Kind::Refresh => "refresh_token",
    }
}

fn given(known: &Known) -> Option<&Given> {
    match known.kind {
        Kind::Access => known.authorization.access_token.as_ref(),
        Kind::Refresh => known.authorization.refresh_token.as_ref(),
    }
}

/// Whether a token works, at that resource.
fn is_active(context: &Context<'_>, client: Option<&RegisteredClient>, known: &Known, resource: Option<&str>) -> bool {
    let authorization = &known.authorization;
    let resources = &authorization.resources;
    let is_for = |resource: &str| resources.is_empty() || resources.iter().any(|known| known == resource);
    authorization.works_for(context.service, client)
        && given(known).is_some_and(|given| given.is_live(context.now_millis()))
        && resource.is_none_or(is_for)
}

async fn facts(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    known: &Known,
    with_hidden: bool,
) -> Result<Map<String, Value>, Error> {
    let authorization = &known.authorization;
    let attached = attached::of(context, authorization).await?;
    let mut members = Map::new();
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    for (key, value) in properties::for_resource_servers(&attached, with_hidden) {
        put(key, value.into());
    }
    put("active", true.into());
    let name = client.map_or(authorization.client_name.name.as_str(), |client| authorization.called(client).0);
    put("client_id", name.into());
    put("iss", context.rules.issuer.as_str().into());
    let refreshed = authorization.refreshed.max(authorization.active_since);
    put("iat", (refreshed / 1000).into());
    let scopes = match known.kind {
        Kind::Access => &authorization.scopes,
        Kind::Refresh => &authorization.refresh_scopes,
    };
    if !scopes.is_empty() {
        put("scope", scopes.join(" ").into());
    }
    if known.kind == Kind::Access {
        put("token_type", context.rules.access_token_type.into());
    }
    if let Some(end) = given(known).and_then(|given| given.ends_at) {
        put("exp", (end / 1000).into());
    }
    if let Some(subject) = &authorization.subject {
        let sub = client.map_or_else(|| subject.clone(), |client| id_token::sub(context, client, authorization));
        put("sub", sub.into());
    }
    if !authorization.resources.is_empty() {
        put("aud", authorization.resources.as_slice().into());
    }
    let assertions = &authorization.assertions;
    if let Some(time) = assertions.auth_time {
        put("auth_time", time.into());
    }
    if let Some(acr) = &assertions.acr {
        put("acr", acr.as_str().into());
    }
    if let Some(thumbprint) = &authorization.certificate_thumbprint {
        put("cnf", json!({"x5t#S256": thumbprint}));
    }
    if let Some(details) = &authorization.details {
        put("authorization_details", details.clone());
    }
    Ok(members)
}
