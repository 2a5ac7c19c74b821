//! `POST /api/{serviceId}/auth/introspection`: does this access token open a resource?

pub mod standard;

use ::authorization::introspection::{Question, Verdict, introspect};
use ::authorization::presented::Presented;
use ::authorization::{Authorization, Context, properties as attached};
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::http::Response;

use crate::constants::{self, GRANT_TYPE};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, challenged, respond};
use crate::runtime::{Runtime, desk_and_token, shown};

endpoint!(introspection, "authlete-introspection", [Post], ["/api/{serviceId}/auth/introspection"]);

async fn introspection(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let presented = body.named("token").ok().flatten().map(Presented::read);
    let (desk, found) = desk_and_token(call, presented.as_ref()).await?;
    readable?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    body.named("token")?;
    let (scopes, resources, acrs) = (body.texts("scopes")?, body.texts("resources")?, body.texts("acrValues")?);
    let question = Question {
        scopes: words(scopes.as_ref()),
        subject: body.named("subject")?,
        resources: words(resources.as_ref()),
        acrs: words(acrs.as_ref()),
        max_age: body.number("maxAge")?,
        certificate: body.named("clientCertificate")?,
    };
    let Some(presented) = presented else {
        let code = ("A056280", "the request has no token".to_owned());
        return Ok(respond(challenged(&desk.service, "BAD_REQUEST", "invalid_request", code, &[])));
    };
    let (known, client) = runtime.known(&presented, found).await?;
    let (verdict, authorization) = introspect(&context, client.as_ref(), known, &question);
    let mut members = told(&context, &verdict, &question);
    match &authorization {
        Some(authorization) => facts(&context, client.as_ref(), authorization, &verdict, &mut members).await?,
        None => {
            for name in ["existent", "usable", "sufficient", "refreshable", "active"] {
                members.insert(name.to_owned(), false.into());
            }
        }
    }
    Ok(respond(members))
}

fn words(texts: Option<&Vec<String>>) -> Vec<&str> {
    texts.into_iter().flatten().map(String::as_str).collect()
}

/// What is decided, and the challenge for the client.
fn told(context: &Context<'_>, verdict: &Verdict, question: &Question<'_>) -> Map<String, Value> {
    let refusal = |action, error, code, text: &str, added: &[(&str, &str)]| {
        challenged(context.service, action, error, (code, text.to_owned()), added)
    };
    match verdict {
        Verdict::Valid => {
            let mut members = answer("A056001", "The access token is valid.", "OK");
            members.insert("responseContent".to_owned(), "Bearer error=\"invalid_request\"".into());
            members
        }
        Verdict::Unknown => {
            refusal("UNAUTHORIZED", "invalid_token", "A056380", "The access token does not exist.", &[])
        }
        Verdict::Expired { is_refreshable: true } => {
            let text = "The access token has expired but it can be refreshed using the corresponding refresh token.";
            refusal("UNAUTHORIZED", "invalid_token", "A065301", text, &[])
        }
        Verdict::Expired { is_refreshable: false } => {
            refusal("UNAUTHORIZED", "invalid_token", "A056381", "The access token has expired.", &[])
        }
        Verdict::Scope(missing) => {
            let text = format!("The access token does not cover the required scope '{missing}'.");
            let scope = question.scopes.join(" ");
            refusal("FORBIDDEN", "insufficient_scope", "A064302", &text, &[("scope", &scope)])
        }
        Verdict::Subject => {
            refusal("FORBIDDEN", "invalid_request", "A064380", "The access token is another subject's.", &[])
        }
        Verdict::Resource => {
            refusal("UNAUTHORIZED", "invalid_token", "A064381", "The access token is for other resources.", &[])
        }
        Verdict::StepUp => {
            let acrs = question.acrs.join(" ");
            let age = question.max_age.map(|age| age.to_string());
            let mut added: Vec<(&str, &str)> = Vec::new();
            added.extend((!acrs.is_empty()).then_some(("acr_values", acrs.as_str())));
            added.extend(age.as_deref().map(|age| ("max_age", age)));
            let text = "The user was not authenticated in the required way, or too long ago.";
            refusal("UNAUTHORIZED", "insufficient_user_authentication", "A065380", text, &added)
        }
        Verdict::Certificate => {
            let text = "The access token is bound to another certificate.";
            refusal("UNAUTHORIZED", "invalid_token", "A065381", text, &[])
        }
    }
}

async fn facts(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    authorization: &Authorization,
    verdict: &Verdict,
    members: &mut Map<String, Value>,
) -> Result<(), Error> {
    match client {
        Some(client) => shown::names(members, client, authorization.called(client).1),
        None => {
            members.insert("clientId".to_owned(), authorization.client.into());
        }
    }
    shown::attributes(members, context.service, client);
    shown::authorization(members, authorization);
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    let details: Vec<Value> = shown::scopes(context.service, &authorization.scopes);
    put("scopeDetails", details.into());
    let now = context.now_millis();
    let access = authorization.access_token.as_ref();
    let usable = access.is_some_and(|given| given.is_live(now));
    put("existent", true.into());
    put("usable", usable.into());
    put("active", usable.into());
    put("sufficient", (usable && !matches!(verdict, Verdict::Scope(_))).into());
    put("refreshable", authorization.is_refreshable(now).into());
    if let Some(end) = access.and_then(|given| given.ends_at) {
        put("expiresAt", end.into());
    }
    if let Some(constant) = constants::constant(GRANT_TYPE, authorization.grant_type.as_str()) {
        put("grantType", constant.into());
    }
    if let Some(thumbprint) = &authorization.certificate_thumbprint {
        put("certificateThumbprint", thumbprint.as_str().into());
    }
    if let Some(properties) = shown::properties(&attached::of(context, authorization).await?, true) {
        put("properties", properties);
    }
    Ok(())
}
