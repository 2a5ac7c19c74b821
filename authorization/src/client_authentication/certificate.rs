//! A client shows a certificate at its connection (RFC 8705 §2).

use base64::{Engine, engine::general_purpose::STANDARD as BASE64};
use shared::Error;
use shared::client::RegisteredClient;
use shared::fetch::KEYS_FRESH;

use super::{AuthenticationFault, Credentials, assertion};
use crate::certificate::{self, Names};
use crate::context::Context;

/// Whether its subject or one of its names is the registered one (RFC 8705 §2.1). Whoever ends the connection validates
/// the chain; where the service asks us to do so, the method is refused: that is not built.
pub(super) fn is_registered(
    context: &Context<'_>,
    client: &RegisteredClient,
    credentials: &Credentials<'_>,
) -> Result<(), AuthenticationFault> {
    if context.rules.validates_chains {
        return Err(AuthenticationFault::Method);
    }
    let names = credentials.certificate.and_then(certificate::der).and_then(|der| Names::of(&der));
    let names = names.ok_or(AuthenticationFault::Certificate)?;
    let metadata = client.record.metadata.rest();
    let of = |registered: &Option<String>, names: &[String]| {
        registered.as_ref().is_some_and(|registered| names.contains(registered))
    };
    let is_it = metadata.tls_client_auth_subject_dn.as_deref().is_some_and(|name| names.is_subject(name))
        || of(&metadata.tls_client_auth_san_dns, &names.dns)
        || of(&metadata.tls_client_auth_san_uri, &names.uri)
        || of(&metadata.tls_client_auth_san_email, &names.email)
        || metadata.tls_client_auth_san_ip.as_deref().is_some_and(|address| names.has_address(address));
    if is_it { Ok(()) } else { Err(AuthenticationFault::Certificate) }
}

/// Whether it is one of the client's key set (RFC 8705 §2.2).
pub(super) async fn is_in_key_set(
    context: &Context<'_>,
    client: &RegisteredClient,
    credentials: &Credentials<'_>,
) -> Result<Result<(), AuthenticationFault>, Error> {
    let Some(der) = credentials.certificate.and_then(certificate::der) else {
        return Ok(Err(AuthenticationFault::Certificate));
    };
    let Ok(keys) = assertion::keys(context, client, KEYS_FRESH).await else {
        return Ok(Err(AuthenticationFault::Keys));
    };
    let named = (context.terms)(client).self_signed_key;
    let shown = BASE64.encode(&der);
    let mut keys = keys.iter().flat_map(|set| set.keys.iter());
    let is_it = keys.any(|key| {
        let is_named = named.is_none() || key.common.key_id.as_deref() == named;
        is_named && key.common.x509_chain.iter().flatten().next() == Some(&shown)
    });
    Ok(if is_it { Ok(()) } else { Err(AuthenticationFault::Certificate) })
}
