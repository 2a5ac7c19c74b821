//! A client's secret: minted when it is needed, sealed, opened, dropped when it is not needed any more. One that is replaced
//! may work for a while beside the new one.

use super::Context;
use crate::client::{PreviousSecret, RegisteredClient, SealedSecret};
use crate::credentials::ClientSecret;
use crate::error::Error;
use crate::service::client_secret_place;

/// Keeps a secret that is still needed and valid; else as [`renew`].
pub(crate) async fn keep_or_renew(
    context: &Context<'_>,
    client: &mut RegisteredClient,
    secret: Option<ClientSecret>,
) -> Result<Option<ClientSecret>, Error> {
    match secret.filter(|_| client.record.metadata.needs_secret() && !is_lacking(context, client)) {
        Some(secret) => Ok(Some(secret)),
        None => renew(context, client).await,
    }
}

/// The same for its registrant: one that is to end within the policy's overlap is replaced, and works until then.
pub(crate) async fn keep_or_replace(
    context: &Context<'_>,
    client: &mut RegisteredClient,
    secret: Option<ClientSecret>,
) -> Result<Option<ClientSecret>, Error> {
    let is_kept = secret.is_some() && client.record.metadata.needs_secret() && !is_lacking(context, client);
    if !is_kept || !is_ending(context, client) {
        return keep_or_renew(context, client, secret).await;
    }
    let secret = ClientSecret::mint(&context.app.entropy)?;
    replace(context, client, &secret, context.service.policy().secret_overlap).await?;
    Ok(Some(secret))
}

/// Whether the client lacks a secret that it needs: it has none, or one that has ended.
pub(crate) fn is_lacking(context: &Context<'_>, client: &RegisteredClient) -> bool {
    let has_none = client.secret.is_none() || ends_within(context, client, 0);
    has_none && client.record.metadata.needs_secret()
}

/// Whether the client's secret ends within the policy's overlap, or has ended.
pub(crate) fn is_ending(context: &Context<'_>, client: &RegisteredClient) -> bool {
    ends_within(context, client, context.service.policy().secret_overlap)
}

fn ends_within(context: &Context<'_>, client: &RegisteredClient, seconds: u64) -> bool {
    let end = client.record.secret_expires_at;
    end != 0 && end <= context.app.clock.now().saturating_add(seconds)
}

/// Gives the client that secret in the place of the one that it has, which works for `overlap` seconds more, and no longer
/// than it would have.
pub(crate) async fn replace(
    context: &Context<'_>,
    client: &mut RegisteredClient,
    secret: &ClientSecret,
    overlap: u64,
) -> Result<(), Error> {
    let now = context.app.clock.now();
    let own_end = Some(client.record.secret_expires_at).filter(|end| *end != 0).unwrap_or(u64::MAX);
    let until = now.saturating_add(overlap).min(own_end);
    let (earlier, mac) = (client.secret.take(), client.secret_mac.take());
    set(context, client, secret).await?;
    client.previous_secret = earlier.filter(|_| until > now).map(|secret| PreviousSecret { secret, mac, until });
    Ok(())
}

/// Mints a secret if the metadata needs one, drops it if not.
pub(crate) async fn renew(context: &Context<'_>, client: &mut RegisteredClient) -> Result<Option<ClientSecret>, Error> {
    client.secret = None;
    client.secret_mac = None;
    client.previous_secret = None;
    client.record.secret_expires_at = 0;
    if !client.record.metadata.needs_secret() {
        return Ok(None);
    }
    let secret = ClientSecret::mint(&context.app.entropy)?;
    set(context, client, &secret).await?;
    Ok(Some(secret))
}

/// Gives the client that secret, with the end that the policy says.
pub(crate) async fn set(
    context: &Context<'_>,
    client: &mut RegisteredClient,
    secret: &ClientSecret,
) -> Result<(), Error> {
    let Context { app, service, .. } = context;
    let key = service.data_key(&app.keys).await?;
    let version = client.version;
    let sealed = key.seal(client_secret_place(client, version), secret.expose())?;
    client.secret = Some(SealedSecret { sealed, version });
    client.secret_mac = secret.mac(&service.id_salt);
    let lifetime_end = service.policy().secret_lifetime.map(|seconds| app.clock.now().saturating_add(seconds));
    client.record.secret_expires_at = lifetime_end.into_iter().chain(client.expires_at).min().unwrap_or(0);
    Ok(())
}

/// The client's secret, if it has one.
pub(crate) async fn open(context: &Context<'_>, client: &RegisteredClient) -> Result<Option<ClientSecret>, Error> {
    context.service.secret_of(&context.app.keys, client).await
}
