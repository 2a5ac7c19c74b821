//! `POST /api/{serviceId}/auth/userinfo`: does this access token open the userinfo endpoint, and what does the client ask
//! for there?

pub mod issue;

use ::authorization::presented::Presented;
use ::authorization::userinfo::{self, Access};
use ::authorization::{Authorization, Context, claims, properties as attached};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::Response;

use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, challenged, respond};
use crate::runtime::{Runtime, keys_of, shown};

endpoint!(show, "authlete-userinfo", [Post], ["/api/{serviceId}/auth/userinfo"]);

async fn show(call: &Call<'_>) -> Result<Response, Error> {
    let (body, desk, outcome) = opened(call).await?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let (client, authorization) = match outcome {
        Ok(opened) => opened,
        Err(members) => return Ok(respond(members)),
    };
    let mut members = answer("A091001", "The access token presented at the userinfo endpoint is valid.", "OK");
    match &client {
        Some(client) => shown::names(&mut members, client, authorization.client_name.by),
        None => {
            members.insert("clientId".to_owned(), authorization.client.into());
        }
    }
    shown::attributes(&mut members, context.service, client.as_ref());
    let asked = authorization.userinfo_claims.as_ref();
    let names = claims::of_userinfo(context.rules, &authorization.scopes, asked);
    let consented = authorization.assertions.consented_claims.clone().unwrap_or_else(|| names.clone());
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    if let Some(subject) = &authorization.subject {
        put("subject", subject.as_str().into());
    }
    put("scopes", authorization.scopes.as_slice().into());
    put("token", body.named("token")?.unwrap_or_default().into());
    for (name, values) in [("claims", names), ("consentedClaims", consented)] {
        if !values.is_empty() {
            put(name, values.into());
        }
    }
    if let Some(asked) = asked {
        put("userInfoClaims", Value::Object(asked.clone()).to_string().into());
    }
    if let Some(properties) = shown::properties(&attached::of(&context, &authorization).await?, true) {
        put("properties", properties);
    }
    Ok(respond(members))
}

/// What a token opens; else what the client is told.
type Opened = Result<(Option<RegisteredClient>, Authorization), Map<String, Value>>;

/// The request and whether its token opens the endpoint.
async fn opened(call: &Call<'_>) -> Result<(Members, Desk, Opened), Error> {
    let (body, readable) = Members::read(call.request);
    let presented = body.named("token").ok().flatten().map(Presented::read);
    let identifier = presented.as_ref().and_then(Presented::client);
    let keys = |service: &shared::service::Service| keys_of(service, presented.as_ref());
    let (desk, found) = call.desk_and_found(identifier.as_deref(), keys).await?;
    readable?;
    body.named("token")?;
    let outcome = {
        let runtime = Runtime::new(call, &desk);
        let context = runtime.context();
        match &presented {
            None => Err(challenged(
                &desk.service,
                "BAD_REQUEST",
                "invalid_request",
                ("A088280", "the request has no token".to_owned()),
                &[],
            )),
            Some(presented) => {
                let known = presented.known(&context, &found).await?;
                let named = match &identifier {
                    Some(identifier) => runtime.kept_client(identifier, found.named).await?,
                    None => None,
                };
                let client = match &known {
                    Some(known) => presented.client_of(&context, known, named).await?,
                    None => None,
                };
                let certificate = body.named("clientCertificate")?;
                let (access, authorization) = userinfo::access(&context, client.as_ref(), known, certificate);
                match (access, authorization) {
                    (Access::Open, Some(authorization)) => Ok((client, authorization)),
                    (access, _) => Err(told(&context, &access)),
                }
            }
        }
    };
    drop(presented);
    Ok((body, desk, outcome))
}

fn told(context: &Context<'_>, access: &Access) -> Map<String, Value> {
    let service = context.service;
    match access {
        Access::Open | Access::Unknown => {
            let code = ("A088302", "The access token does not exist.".to_owned());
            challenged(service, "UNAUTHORIZED", "invalid_token", code, &[])
        }
        Access::NotOpenid => {
            let text = "The userinfo endpoint requires 'openid' scope, but the access token does not cover the scope.";
            let code = ("A089304", text.to_owned());
            challenged(service, "FORBIDDEN", "insufficient_scope", code, &[("scope", "openid")])
        }
        Access::Certificate => {
            let code = ("A089380", "The access token is bound to another certificate.".to_owned());
            challenged(service, "UNAUTHORIZED", "invalid_token", code, &[])
        }
    }
}
