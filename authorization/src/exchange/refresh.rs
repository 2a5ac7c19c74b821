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
use crate::store::{self, Step};
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
        let heir = match heir(context, &authorization, presented) {
            _ if authorization.has_refresh_token(&hash) => None,
            None => return replaced(context, client, authorization, &hash).await,
            heir => heir,
        };
        if !authorization.is_refreshable(context.now_millis()) {
            return Ok(Err(unknown));
        }
        let scopes = match scopes(context, &authorization, parameters) {
            Ok(scopes) => scopes,
            Err(fault) => return Ok(Err(fault)),
        };
        let outcome = match &heir {
            Some(heir) if heir.is_unchanged(context, &authorization, &scopes, wishes) => {
                return again(context, client, &authorization, heir, wishes).await;
            }
            Some(heir) => {
                refreshed(context, client, authorization, heir.refresh.expose(), true, scopes, wishes).await?
            }
            None => refreshed(context, client, authorization, presented, false, scopes, wishes).await?,
        };
        let mut tokens = match outcome {
            Ok(refreshed) => refreshed,
            Err(fault) => return Ok(Err(fault)),
        };
        match store::step(context, &mut tokens.authorization, Vec::new()).await? {
            Step::Done => return Ok(Ok(tokens)),
            Step::ValueInUse => return Ok(Err(TokenFault::ValueInUse)),
            Step::Refused => return Ok(Err(unknown)),
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

/// The authorization with new tokens. Where `is_again`, the refresh token that is used has just been given, and stays.
async fn refreshed(
    context: &Context<'_>,
    client: &RegisteredClient,
    mut authorization: Authorization,
    used: &str,
    is_again: bool,
    scopes: Vec<String>,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    if let Err(fault) = wishes.are_possible_for(context, &authorization).await? {
        return Ok(Err(fault));
    }
    let now = context.now_millis();
    let rules = context.rules;
    authorization.scopes.clone_from(&scopes);
    authorization.refreshed = now;
    if let Some(before) = authorization.access_token.take() {
        authorization.rotations.push_access(before.hash);
    }
    let (mut refresh, mut access) = (used.to_owned(), None);
    let old_end = authorization.refresh_token.as_ref().and_then(|given| given.ends_at);
    let seconds = wishes
        .refresh_seconds
        .unwrap_or_else(|| lifetime::of_refresh_token(context, client, &authorization.refresh_scopes));
    let mut given = store::given(Hash::of(used), now, Some(seconds));
    if rules.refresh_token_kept || is_again {
        let lives_anew = rules.refresh_token_kept && rules.refresh_end_reset;
        if !lives_anew && wishes.refresh_seconds.is_none() {
            given.ends_at = old_end;
        }
    } else {
        let last = if rules.refresh_is_idempotent {
            let salt = BASE64URL.encode(context.app.entropy.bytes::<16>()?);
            let heir = Heir::of(context, &authorization, used, &salt);
            heir.refresh.expose().clone_into(&mut refresh);
            access = Some(heir.access.expose().to_owned());
            Some(Rotation { presented: Hash::of(used), at: now, salt, scopes })
        } else {
            refresh = mint(context, &authorization)?;
            None
        };
        authorization.rotations.push(Hash::of(used), last);
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
    lifetime::link(context, &mut authorization);
    authorization.chosen.extend(wishes.access_token.as_ref().map(|value| Hash::of(value)));
    let jwt = match tokens::signed(context, client, &authorization, &access).await? {
        Ok(jwt) => jwt,
        Err(fault) => return Ok(Err(fault)),
    };
    let refresh_token = Some(refresh);
    Ok(Ok(Tokens { authorization, access_token: access, jwt, refresh_token, id_token: None, is_replay: is_again }))
}

fn mint(context: &Context<'_>, authorization: &Authorization) -> Result<String, Error> {
    let value = Value::mint(authorization.id, authorization.client, &context.app.entropy)?;
    Ok(value.expose().to_owned())
}

/// What a refresh token becomes, or has become.
struct Heir {
    refresh: Value,
    access: Value,
}

impl Heir {
    fn of(context: &Context<'_>, authorization: &Authorization, used: &str, salt: &str) -> Self {
        let of = (authorization.id, authorization.client);
        let succeeding = |purpose: &str| Value::succeeding(used, of, context.service, salt, purpose);
        Self { refresh: succeeding("refresh token"), access: succeeding("access token") }
    }

    /// The access token, unless the authorization server chooses one.
    fn access_token<'w>(&'w self, wishes: &'w Wishes) -> &'w str {
        wishes.access_token.as_deref().unwrap_or_else(|| self.access.expose())
    }

    /// Whether the same is asked for again, and is still there.
    fn is_unchanged(
        &self,
        context: &Context<'_>,
        authorization: &Authorization,
        scopes: &[String],
        wishes: &Wishes,
    ) -> bool {
        let (last, access) = (authorization.rotations.last.as_ref(), authorization.access_token.as_ref());
        last.is_some_and(|last| last.scopes == scopes)
            && access.is_some_and(|access| access.is_live(context.now_millis()))
            && authorization.has_access_token(&Hash::of(self.access_token(wishes)))
    }
}

/// What a refresh token has become that was replaced a moment ago, if nobody has used that to refresh.
fn heir(context: &Context<'_>, authorization: &Authorization, presented: &str) -> Option<Heir> {
    let last = authorization.rotations.last.as_ref().filter(|_| context.rules.refresh_is_idempotent)?;
    let is_recent = context.now_millis().saturating_sub(last.at) <= REPLAY_MILLIS;
    if last.presented != Hash::of(presented) || !is_recent {
        return None;
    }
    let heir = Heir::of(context, authorization, presented, &last.salt);
    authorization.has_refresh_token(&heir.refresh.hash()).then_some(heir)
}

/// Whoever holds a token that was replaced may have stolen it: a public client's grant ends (RFC 9700 §4.14.2).
async fn replaced(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: Authorization,
    presented: &Hash,
) -> Result<Result<Tokens, TokenFault>, Error> {
    if !authorization.rotations.replaced.contains(presented) {
        return Ok(Err(TokenFault::RefreshToken { was_replaced: false }));
    }
    if client.record.client_type == ClientType::Public {
        store::revoke(context, authorization).await?;
    }
    Ok(Err(TokenFault::RefreshToken { was_replaced: context.rules.refresh_is_idempotent }))
}

/// The same tokens once more.
async fn again(
    context: &Context<'_>,
    client: &RegisteredClient,
    authorization: &Authorization,
    heir: &Heir,
    wishes: &Wishes,
) -> Result<Result<Tokens, TokenFault>, Error> {
    let access_token = heir.access_token(wishes).to_owned();
    let jwt = match tokens::signed(context, client, authorization, &access_token).await? {
        Ok(jwt) => jwt,
        Err(fault) => return Ok(Err(fault)),
    };
    let refresh_token = Some(heir.refresh.expose().to_owned());
    let authorization = authorization.clone();
    Ok(Ok(Tokens { authorization, access_token, jwt, refresh_token, id_token: None, is_replay: true }))
}
