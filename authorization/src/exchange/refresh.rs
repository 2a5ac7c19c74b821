//! `refresh_token` (RFC 6749 §6): a refresh token becomes new tokens, and is replaced or kept (RFC 9700 §4.14).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use shared::Error;
use shared::client::{ClientType, RegisteredClient};
use shared::metadata::Scope;

use super::TokenFault;
use super::tokens::{self, Tokens, Wishes};
use crate::authorization::{Authorization, Rotation, State};
use crate::context::Context;
use crate::lifetime;
use crate::parameters::Parameters;
use crate::store::{self, Chosen, Step};
use crate::token::{Hash, Value};

/// For how long a refresh token that was replaced gives the same tokens again, in milliseconds.
const REPLAY_MILLIS: u64 = 60_000;

/// Gives tokens for a refresh token. The access token before ends with it.
///
/// # Errors
/// [`TokenFault`], within [`Error::Unavailable`], [`Error::Internal`] and [`Error::Contention`].
pub async fn by_refresh_token(
    context: &Context<'_>,
    client: &RegisteredClient,
    found: Option<Authorization>,
    presented: &str,
    parameters: &Parameters,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    let hash = Hash::of(presented);
    let mut found = found;
    for _ in 0..store::ATTEMPTS {
        let unknown = TokenFault::RefreshToken { was_replaced: false };
        let authorization = match found {
            Some(found) if found.state == State::Active && found.works_for(context.service, Some(client)) => found,
            _ => return Ok(Err(unknown)),
        };
        let scopes = match scopes(context, &authorization, parameters) {
            Ok(scopes) => scopes,
            Err(fault) => return Ok(Err(fault)),
        };
        if !authorization.has_refresh_token(&hash) {
            return replaced(context, client, authorization, presented, &scopes).await;
        }
        if !authorization.is_refreshable(context.now_millis()) {
            return Ok(Err(unknown));
        }
        let (mut tokens, others) = match refreshed(context, client, authorization, presented, scopes, wishes).await? {
            Ok(refreshed) => refreshed,
            Err(fault) => return Ok(Err(fault)),
        };
        match store::step(context, &mut tokens.authorization, others).await? {
            Step::Done => return Ok(Ok(tokens)),
            Step::Refused(_) => return Ok(Err(TokenFault::ValueInUse)),
            Step::Lost(now) => found = *now,
        }
    }
    Err(Error::Contention)
}

/// The scopes of the access token: what is asked for of what was granted.
fn scopes(
    context: &Context<'_>,
    authorization: &Authorization,
    parameters: &Parameters,
) -> Result<Vec<String>, TokenFault> {
    let words = parameters.words("scope");
    if words.iter().any(|word| !Scope::is_token(word)) {
        return Err(TokenFault::ScopeSyntax);
    }
    let granted = &authorization.refresh_scopes;
    if words.iter().any(|word| !granted.iter().any(|scope| scope == word)) {
        return Err(TokenFault::WiderScope);
    }
    let mut scopes: Vec<String> =
        if words.is_empty() { granted.clone() } else { words.into_iter().map(str::to_owned).collect() };
    if context.rules.openid_needs_offline && !granted.iter().any(|scope| scope == "offline_access") {
        scopes.retain(|scope| scope != "openid");
    }
    Ok(scopes)
}

async fn refreshed(
    context: &Context<'_>,
    client: &RegisteredClient,
    mut authorization: Authorization,
    presented: &str,
    scopes: Vec<String>,
    wishes: &Wishes,
) -> Result<Result<(Tokens, Vec<aws_sdk_dynamodb::types::TransactWriteItem>), TokenFault>, Error> {
    if !wishes.are_possible() {
        return Ok(Err(TokenFault::ValueInUse));
    }
    let now = context.now_millis();
    let rules = context.rules;
    authorization.scopes.clone_from(&scopes);
    authorization.refreshed = now;
    if let Some(before) = authorization.access_token.take() {
        authorization.rotations.push_access(before.hash);
    }
    let ours = Value::parse(presented);
    let (mut refresh, mut access) = (presented.to_owned(), None);
    let old_end = authorization.refresh_token.as_ref().and_then(|given| given.ends_at);
    let seconds = wishes
        .refresh_seconds
        .unwrap_or_else(|| lifetime::of_refresh_token(context, client, &authorization.refresh_scopes));
    let mut given = store::given(Hash::of(presented), now, Some(seconds));
    if rules.refresh_token_kept {
        if !rules.refresh_end_reset && wishes.refresh_seconds.is_none() {
            given.ends_at = old_end;
        }
    } else {
        let salt = BASE64URL.encode(context.app.entropy.bytes::<16>()?);
        match ours.filter(|_| rules.refresh_is_idempotent) {
            Some(ours) => {
                ours.succeeding(context.service, &salt, "refresh token").expose().clone_into(&mut refresh);
                access = Some(ours.succeeding(context.service, &salt, "access token").expose().to_owned());
            }
            None => refresh = mint(context, &authorization)?,
        }
        let last = access.as_ref().map(|_| Rotation { presented: Hash::of(presented), at: now, salt, scopes });
        authorization.rotations.push(Hash::of(presented), last);
        given.hash = Hash::of(&refresh);
        if rules.refresh_end_kept && wishes.refresh_seconds.is_none() {
            given.ends_at = old_end;
        }
    }
    authorization.refresh_token = Some(given);
    let access = match (wishes.access_token.clone(), access) {
        (Some(chosen), _) => chosen,
        (None, Some(derived)) => derived,
        (None, None) => mint(context, &authorization)?,
    };
    let access_seconds = tokens::access_seconds(context, client, &authorization, wishes);
    authorization.access_token = Some(store::given(Hash::of(&access), now, access_seconds));
    tokens::link_ends(context, &mut authorization);
    let mut others = Vec::new();
    if let Some(value) = &wishes.access_token {
        let ends_at = authorization.access_token.as_ref().and_then(|given| given.ends_at);
        others.push(store::choosing(context, &authorization, &Chosen { value, ends_at })?);
    }
    let jwt = match tokens::signed(context, client, &authorization, &access).await? {
        Ok(jwt) => jwt,
        Err(fault) => return Ok(Err(fault)),
    };
    let refresh_token = Some(refresh);
    let tokens = Tokens { authorization, access_token: access, jwt, refresh_token, id_token: None, is_replay: false };
    Ok(Ok((tokens, others)))
}

fn mint(context: &Context<'_>, authorization: &Authorization) -> Result<String, Error> {
    let value = Value::mint(authorization.id, authorization.client, &context.app.entropy)?;
    Ok(value.expose().to_owned())
}

/// A token that was replaced gives its successors again, for a while and as long as nobody has used them to refresh; else
/// whoever holds it may have stolen it, and a public client's grant ends (RFC 9700 §4.14.2).
async fn replaced(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: Authorization,
    presented: &str,
    scopes: &[String],
) -> Result<Result<Tokens, TokenFault>, Error> {
    let hash = Hash::of(presented);
    if !authorization.rotations.replaced.contains(&hash) {
        return Ok(Err(TokenFault::RefreshToken { was_replaced: false }));
    }
    if let Some(tokens) = again(context, client, &authorization, presented, scopes).await? {
        return Ok(tokens);
    }
    if client.record.client_type == ClientType::Public {
        store::revoke(context, authorization).await?;
    }
    Ok(Err(TokenFault::RefreshToken { was_replaced: context.rules.refresh_is_idempotent }))
}

async fn again(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    presented: &str,
    scopes: &[String],
) -> Result<Option<Result<Tokens, TokenFault>>, Error> {
    let Some(ours) = Value::parse(presented).filter(|_| context.rules.refresh_is_idempotent) else { return Ok(None) };
    let Some(last) = &authorization.rotations.last else { return Ok(None) };
    let is_recent = context.now_millis().saturating_sub(last.at) <= REPLAY_MILLIS;
    if last.presented != ours.hash() || !is_recent || last.scopes != scopes {
        return Ok(None);
    }
    let refresh = ours.succeeding(context.service, &last.salt, "refresh token");
    let access = ours.succeeding(context.service, &last.salt, "access token");
    // Where an operator has chosen or renewed the access token, it is not derived.
    if !authorization.has_refresh_token(&refresh.hash()) || !authorization.has_access_token(&access.hash()) {
        return Ok(None);
    }
    let access = access.expose().to_owned();
    let jwt = match tokens::signed(context, client, authorization, &access).await? {
        Ok(jwt) => jwt,
        Err(fault) => return Ok(Some(Err(fault))),
    };
    Ok(Some(Ok(Tokens {
        authorization: authorization.clone(),
        access_token: access,
        jwt,
        refresh_token: Some(refresh.expose().to_owned()),
        id_token: None,
        is_replay: true,
    })))
}
