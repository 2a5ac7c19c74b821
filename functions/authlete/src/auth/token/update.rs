//! `POST /api/{serviceId}/auth/token/update`: an operator changes a token.

use ::authorization::management::{self, Change, Changed};
use ::authorization::presented::Kind;
use ::authorization::properties as attached;
use serde_json::Value;
use shared::http::Response;

use super::{client_of_clue, clue_keys};
use crate::door::{Call, endpoint};
use crate::error::Error;
use crate::runtime::members::Members;
use crate::runtime::outcome::{answer, respond};
use crate::runtime::{Runtime, details, properties, shown};

endpoint!(update, "authlete-token-update", [Post], ["/api/{serviceId}/auth/token/update"]);

/// By what a token is named, the first that is there.
const CLUES: [&str; 4] = ["accessToken", "accessTokenHash", "refreshToken", "refreshTokenHash"];

async fn update(call: &Call<'_>) -> Result<Response, Error> {
    let (body, readable) = Members::read(call.request);
    let clue = CLUES.iter().find_map(|name| Some((*name, body.named(name).ok().flatten()?)));
    let text = clue.map(|(_, clue)| clue);
    let (desk, found) =
        call.desk_and_found(client_of_clue(text).as_deref(), |service| clue_keys(service, text)).await?;
    readable?;
    for name in CLUES {
        body.named(name)?;
    }
    let change = change(&body)?;
    let Some((named, clue)) = clue else {
        return Ok(respond(answer("A135280", "the request names no token", "BAD_REQUEST")));
    };
    if body.named("dpopKeyThumbprint")?.is_some() {
        let text = "dpopKeyThumbprint: tokens that are bound to a key are not supported";
        return Ok(respond(answer("A135281", text, "BAD_REQUEST")));
    }
    let runtime = Runtime::new(call, &desk);
    let context = runtime.context();
    let not_found = || Ok(respond(answer("A135380", "There is no such token.", "NOT_FOUND")));
    let wanted = if named.starts_with("access") { Kind::Access } else { Kind::Refresh };
    let known = management::of_clue(&context, clue, &found).await?;
    let Some(known) = known.filter(|known| known.kind == wanted) else { return not_found() };
    let number = known.authorization.client;
    let named_client = found.named.client.filter(|client| client.numeric_id == number);
    let client = match named_client {
        Some(client) => Some(client),
        None => context.app.store.client(desk.service.id, number).await?,
    };
    let Some(client) = client.filter(|client| known.authorization.works_for(context.service, Some(client))) else {
        return not_found();
    };
    let Some(changed) = management::update(&context, &client, known.authorization, &change).await? else {
        return not_found();
    };
    let Changed { authorization, value } = changed;
    runtime.used(&client, &authorization).await;
    let mut members = answer("A135001", "Updated the access token successfully.", "OK");
    shown::authorization(&mut members, &authorization);
    let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
    let known_value = (named == "accessToken").then_some(clue);
    if let Some(value) = value.as_ref().map(::authorization::token::Value::expose).or(known_value) {
        put("accessToken", value.into());
    }
    for (name, given) in
        [("accessTokenExpiresAt", &authorization.access_token), ("refreshTokenExpiresAt", &authorization.refresh_token)]
    {
        if let Some(end) = given.as_ref().and_then(|given| given.ends_at) {
            put(name, end.into());
        }
    }
    put("tokenType", context.rules.access_token_type.into());
    if let Some(given) = &authorization.access_token {
        put("tokenId", ::authorization::token::TokenIdentifier::of(authorization.id, &given.hash).to_text().into());
    }
    if authorization.refresh_token.is_some() {
        put("refreshTokenScopes", authorization.refresh_scopes.as_slice().into());
    }
    if let Some(properties) = shown::properties(&attached::of(&context, &authorization).await?, true) {
        put("properties", properties);
    }
    Ok(respond(members))
}

fn change(body: &Members) -> Result<Change, Error> {
    Ok(Change {
        access_ends_at: body.number("accessTokenExpiresAt")?,
        refresh_ends_at: body.number("refreshTokenExpiresAt")?,
        is_persistent: body.flag("accessTokenPersistent")?,
        scopes: body.texts("scopes")?,
        access_lives_anew: body.flag("accessTokenExpiresAtUpdatedOnScopeUpdate")?,
        refresh_lives_anew: body.flag("refreshTokenExpiresAtUpdatedOnScopeUpdate")?,
        properties: body.value("properties").map(|_| properties::of(body)).transpose()?,
        renews_value: body.flag("accessTokenValueUpdated")?,
        details: details::of(body)?,
        certificate_thumbprint: body.named("certificateThumbprint")?.map(str::to_owned),
    })
}
