//! How long tokens live.

use shared::client::RegisteredClient;

use crate::authorization::Authorization;
use crate::context::Context;
use crate::rules::{Durations, ScopeRule};

/// Seconds that an access token with those scopes lives.
#[must_use]
pub(crate) fn of_access_token(context: &Context<'_>, client: &RegisteredClient, scopes: &[String]) -> u64 {
    least(context, client, scopes, |durations| durations.access_token, |scope| scope.access_token_seconds)
}

/// Seconds that a refresh token with those scopes lives.
#[must_use]
pub(crate) fn of_refresh_token(context: &Context<'_>, client: &RegisteredClient, scopes: &[String]) -> u64 {
    least(context, client, scopes, |durations| durations.refresh_token, |scope| scope.refresh_token_seconds)
}

/// Seconds that an ID Token with those scopes lives.
#[must_use]
pub(crate) fn of_id_token(context: &Context<'_>, client: &RegisteredClient, scopes: &[String]) -> u64 {
    least(context, client, scopes, |durations| durations.id_token, |scope| scope.id_token_seconds)
}

/// An access token ends with its refresh token at the latest, where the service says so.
pub(crate) fn link(context: &Context<'_>, authorization: &mut Authorization) {
    if !context.rules.ends_are_linked {
        return;
    }
    let end = authorization.refresh_token.as_ref().and_then(|given| given.ends_at);
    if let (Some(end), Some(access)) = (end, &mut authorization.access_token) {
        access.ends_at = Some(access.ends_at.map_or(end, |own| own.min(end)));
    }
}

/// The least of what the service, the client and each of the scopes say.
fn least(
    context: &Context<'_>,
    client: &RegisteredClient,
    scopes: &[String],
    of: fn(&Durations) -> u64,
    of_scope: fn(&ScopeRule<'_>) -> Option<u64>,
) -> u64 {
    let of_service = of(&context.rules.durations);
    let of_client = (context.terms)(client).durations.as_ref().map(of);
    let of_scopes = scopes.iter().filter_map(|name| of_scope(context.rules.scope(name)?));
    let said = of_scopes.chain(of_client).filter(|seconds| *seconds > 0);
    said.min().map_or(of_service, |seconds| seconds.min(of_service))
}
