//! The same registration again gets the same client, where the policy says so: what is public and nobody's in particular
//! needs no record for each copy of a program.

use aws_lc_rs::hmac;
use serde_json::{Map, Value};

use super::enrolment::{new_client, register_named, succeed};
use super::{Admitted, Context, Scrutiny, Sent, admit, remote};
use crate::caller::Registrant;
use crate::client::{ClientInformation, RegisteredClient, Source};
use crate::credentials::{ClientId, IdSalt, derive_client_id};
use crate::error::Error;
use crate::metadata::{AuthMethod, RedirectUri, Submitted, VerifiedMetadata};
use crate::policy::BoundPolicy;

/// The identifier that all have who register the same; none where this one shall have a client of its own: with a token,
/// a statement, a secret or keys it is somebody's.
pub(super) fn identifier(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    admitted: &Admitted,
    kept: &Map<String, Value>,
) -> Option<ClientId> {
    let is_anybodys = matches!(registrant, Registrant::Anonymous) && admitted.software.is_none() && kept.is_empty();
    let merges = context.service.policy().merge_identical && source.is_self_managed();
    let may_be_shared = merges && is_anybodys && is_public(&admitted.metadata);
    may_be_shared.then(|| derive_client_id(source, &digest(&context.service.id_salt, source, &admitted.metadata)))
}

/// Registers the client of that identifier, or answers the one that there is. It lives the longer for being registered again.
///
/// # Errors
/// As [`super::register`]; [`Error::AlreadyRegistered`] if an operator has made it one that cannot be shared.
pub(super) async fn register(
    context: &Context<'_>,
    source: Source,
    client_id: ClientId,
    admitted: Admitted,
) -> Result<ClientInformation, Error> {
    let Context { service, .. } = context;
    remote::check(context, &admitted.metadata).await?;
    let mut client = new_client(context, source, &Registrant::Anonymous, admitted, Map::new());
    client.client_id = client_id;
    let sent = client.record.metadata.clone();
    let registered = register_named(context, client, |client, occupant| match occupant.client {
        Some(same) if same.client_id != client.client_id || !same.is_shared() => {
            Err(Error::internal("two identifiers have one number"))
        }
        Some(same) if same.locked => Err(Error::ClientLocked),
        Some(same) if !is_public(&same.record.metadata) => Err(Error::AlreadyRegistered),
        Some(same) => Ok(Some(same)),
        None => succeed(client, occupant, &[], service).map(|()| None),
    })
    .await?;
    Ok(told(registered, sent))
}

/// Answers the client that there is, though what is sent is refused for its names: an operator has vouched for these, and they
/// are no stranger's who registers the same. None where there is no such client.
///
/// # Errors
/// As [`register`].
pub(super) async fn vouched(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    submitted: &Submitted,
) -> Result<Option<ClientInformation>, Error> {
    let Context { app, service, .. } = context;
    if !service.policy().merge_identical || !matches!(registrant, Registrant::Anonymous) {
        return Ok(None);
    }
    let (sent, bound) = (Sent::to_register(submitted), BoundPolicy::default());
    let Ok(admitted) = admit(context, source, sent, &bound, Scrutiny::Vouched, &mut "").await else { return Ok(None) };
    let Some(client_id) = identifier(context, source, registrant, &admitted, &submitted.kept) else { return Ok(None) };
    let sent = admitted.metadata;
    let there = app.store.client(service.id, service.numeric_id(&client_id)).await?;
    let is_vouched = |same: &RegisteredClient| {
        let is_known = || sent.to_metadata().is_known_as(&same.record.metadata.to_metadata());
        same.client_id == client_id && is_the_same(same) && same.record.settings.vouched && is_known()
    };
    let Some(same) = there.filter(is_vouched) else { return Ok(None) };
    if same.locked {
        return Err(Error::ClientLocked);
    }
    remote::check(context, &sent).await?;
    let same = app.store.register_again(service, same).await?;
    Ok(same.map(|same| told(ClientInformation::new(same, None, None), sent)))
}

/// Whether all who register the same may still share it.
fn is_the_same(client: &RegisteredClient) -> bool {
    client.is_shared() && is_public(&client.record.metadata)
}

/// What one copy of a program is told of the client that all share.
fn told(mut registered: ClientInformation, sent: VerifiedMetadata) -> ClientInformation {
    let known = &mut registered.client;
    // Each is told the ports that it has sent; what an operator has changed holds for all.
    if compared(&known.record.metadata) == compared(&sent) {
        known.record.metadata = sent;
    } else {
        known.record.metadata.take_loopback_ports(sent.redirect_uris());
    }
    registered
}

/// Whether nothing in the metadata is known to the client alone.
fn is_public(metadata: &VerifiedMetadata) -> bool {
    let is_named_only = metadata.token_endpoint_auth_method() == AuthMethod::None && !metadata.needs_secret();
    is_named_only && metadata.jwks().is_none() && !metadata.has_signature_keys()
}

/// Of all that was registered under the service's salt, apart from its clients' numbers and secrets.
fn digest(salt: &IdSalt, source: Source, metadata: &VerifiedMetadata) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, &salt.0));
    context.update(b"shared client\0");
    context.update(source.as_str().as_bytes());
    context.update(b"\0");
    context.update(Value::Object(compared(metadata)).to_string().as_bytes());
    let mut digest = [0; 32];
    digest.copy_from_slice(context.sign().as_ref());
    digest
}

/// What two registrations have in common that are the same: a native application has the port of its loopback redirect
/// from its system (RFC 8252 §7.3).
fn compared(metadata: &VerifiedMetadata) -> Map<String, Value> {
    let mut members = metadata.to_members();
    let uris: Vec<String> = metadata.redirect_uris().iter().map(RedirectUri::without_loopback_port).collect();
    if !uris.is_empty() {
        members.insert("redirect_uris".to_owned(), uris.into());
    }
    members
}
