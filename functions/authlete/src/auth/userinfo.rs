//! `POST /api/{serviceId}/auth/userinfo`: does this access token open the userinfo endpoint, and what does the client ask
//! for there?

pub mod issue;

use ::authorization::introspection::{Question, Verdict, introspect};
use ::authorization::presented::Presented;
use ::authorization::{Authorization, claims, properties as attached};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::Response;
use shared::service::Service;

use crate::door::{Call, Desk, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, challenged, respond};
use crate::runtime::{Runtime, desk_and_token, shown};

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
        Some(client) => shown::names(&mut members, client, authorization.called(client).1),
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
    let (desk, found) = desk_and_token(call, presented.as_ref()).await?;
    readable?;
    body.named("token")?;
    let outcome = {
        let runtime = Runtime::new(call, &desk);
        match &presented {
            None => {
                let code = ("A088280", "the request has no token".to_owned());
                Err(challenged(&desk.service, "BAD_REQUEST", "invalid_request", code, &[]))
            }
            Some(presented) => {
                let (known, client) = runtime.known(presented, found).await?;
                let certificate = body.named("clientCertificate")?;
                let question = Question { scopes: vec!["openid"], certificate, ..Question::default() };
                match introspect(&runtime.context(), client.as_ref(), known, &question) {
                    (Verdict::Valid, Some(authorization)) if authorization.subject.is_some() => {
                        Ok((client, authorization))
                    }
                    // OpenID Connect Core §5.3.2: `sub` is the user's.
                    (Verdict::Valid, _) => {
                        let code = ("A088381", "The access token is no user's.".to_owned());
                        Err(challenged(&desk.service, "UNAUTHORIZED", "invalid_token", code, &[]))
                    }
                    (verdict, _) => Err(told(&desk.service, &verdict)),
                }
            }
        }
    };
    drop(presented);
    Ok((body, desk, outcome))
}

fn told(service: &Service, verdict: &Verdict) -> Map<String, Value> {
    match verdict {
        Verdict::Scope(_) => {
            let text = "The userinfo endpoint requires 'openid' scope, but the access token does not cover the scope.";
            let code = ("A089304", text.to_owned());
            challenged(service, "FORBIDDEN", "insufficient_scope", code, &[("scope", "openid")])
        }
        Verdict::Certificate => {
            let code = ("A089380", "The access token is bound to another certificate.".to_owned());
            challenged(service, "UNAUTHORIZED", "invalid_token", code, &[])
        }
        _ => {
            let code = ("A088302", "The access token does not exist.".to_owned());
            challenged(service, "UNAUTHORIZED", "invalid_token", code, &[])
        }
    }
}
