//! `POST /api/{serviceId}/auth/userinfo/issue`: the claims of a user become the answer of the userinfo endpoint.

use ::authorization::userinfo::{self, Content};
use serde_json::Value;
use shared::http::Response;

use super::opened;
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::Runtime;
use crate::runtime::outcome::{answer, challenged, respond};

endpoint!(issue, "authlete-userinfo-issue", [Post], ["/api/{serviceId}/auth/userinfo/issue"]);

async fn issue(call: &Call<'_>) -> Result<Response, Error> {
    let (body, desk, outcome) = opened(call).await?;
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let (client, authorization) = match outcome {
        Ok(opened) => opened,
        Err(members) => return Ok(respond(members)),
    };
    let fault = |code, text: String| {
        Ok(respond(challenged(&desk.service, "INTERNAL_SERVER_ERROR", "server_error", (code, text), &[])))
    };
    let Ok(claims) = body.object("claims")? else {
        return fault("A096280", "claims must be a JSON object in a string".to_owned());
    };
    let Some(client) = client else { return fault("A096282", "the metadata of the client are not known".to_owned()) };
    let said = body.named("sub")?;
    let made = match userinfo::content(&context, &client, &authorization, said, claims).await? {
        Ok(made) => made,
        Err(no_key) => return fault("A096283", no_key.to_string()),
    };
    let (action, answered) = match made {
        Content::Json(members) => ("JSON", Value::Object(members).to_string()),
        Content::Jwt(jwt) => ("JWT", jwt),
    };
    let mut members = answer("A096001", "An ID token was generated successfully.", action);
    members.insert("responseContent".to_owned(), answered.into());
    Ok(respond(members))
}
