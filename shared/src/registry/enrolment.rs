//! A client whose metadata were admitted gets its name, its secret, its token and its place in the table.

use serde_json::{Map, Value};

use super::{Admitted, Context, remote, secret};
use crate::caller::Registrant;
use crate::claim_kind::ClaimKind;
use crate::client::{ClientInformation, ClientRecord, ClientType, OperatorSettings, RegisteredClient, Source};
use crate::credentials::{Token, TokenKind, mint_client_id};
use crate::error::{Ceiling, Error, Spent};
use crate::metadata::{AuthMethod, Scope, VerifiedMetadata};
use crate::policy::Policy;
use crate::service::Service;
use crate::store::{Created, Occupant};
use crate::time::DAY;

/// How long Identity Center's secrets live unless the policy says so, in seconds: 90 days.
const SECRET_SECONDS: u64 = 90 * DAY;

/// How often a random identifier is minted again because its number is taken.
pub(crate) const MINTING_ATTEMPTS: usize = 3;

/// Registers a client whose metadata were admitted.
///
/// # Errors
/// As [`register`].
pub(crate) async fn enrol(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    admitted: Admitted,
    kept: Map<String, Value>,
) -> Result<ClientInformation, Error> {
    let Context { service, .. } = context;
    remote::check(context, &admitted.metadata).await?;
    let mut client = new_client(context, source, registrant, admitted, kept);
    if let Registrant::Identified { client_id, replaces, .. } = registrant {
        client.client_id.clone_from(client_id);
        let named = register_named(context, client, |client, occupant| {
            succeed(client, occupant, replaces, service).map(|()| None)
        });
        return Box::pin(named).await.map_err(|error| match error {
            // An operator has given its name to a client, which is the registrant's.
            Error::Claimed(ClaimKind::Alias) => Error::AlreadyRegistered,
            error => error,
        });
    }
    has_room(context, &client).await?;
    register_minted(context, client, registrant).await
}

/// Stores a client under a name that is minted for it, with a token if it is managed by one.
pub(super) async fn register_minted(
    context: &Context<'_>,
    mut client: RegisteredClient,
    registrant: &Registrant,
) -> Result<ClientInformation, Error> {
    let Context { app, service, origin, .. } = context;
    let source = client.source;
    let mint = || Token::mint(TokenKind::RegistrationAccess, &app.entropy);
    let token = source.is_self_managed().then(mint).transpose()?;
    client.registration_access_token = token.as_ref().map(Token::hash);
    for _ in 0..MINTING_ATTEMPTS {
        client.client_id = mint_client_id(source, &app.entropy)?;
        client.numeric_id = service.numeric_id(&client.client_id);
        let client_secret = secret::renew(context, &mut client).await?;
        let claimed = claimed(service.policy(), source);
        match app.store.create_client(&client, registrant.spends(), claimed, origin).await? {
            Created::Created => return Ok(ClientInformation::new(client, client_secret, token)),
            Created::TokenSpent => return Err(Error::SpentToken(Spent::UsedUp)),
            Created::Taken(_) => {}
        }
    }
    Err(Error::Contention)
}

/// A client whose metadata were admitted, without a name, a secret or a token yet.
pub(super) fn new_client(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    Admitted { metadata, software, changes, vouched }: Admitted,
    kept: Map<String, Value>,
) -> RegisteredClient {
    let Context { app, service, .. } = context;
    let (policy, now) = (service.policy(), app.clock.now());
    let client_type = client_type(source, &metadata);
    let settings = OperatorSettings {
        requestable_scopes: requestable_scopes(policy, &metadata),
        others: kept,
        vouched,
        ..OperatorSettings::default()
    };
    let record = ClientRecord {
        anonymous: source.is_self_registered() && matches!(registrant, Registrant::Anonymous) && software.is_none(),
        software,
        changes,
        trust_chain: registrant.trust_chain().cloned(),
        bound: registrant.bound(),
        settings,
        ..ClientRecord::new(metadata, client_type, app.clock.now_millis())
    };
    RegisteredClient {
        expires_at: end_of_life(policy, source, registrant, now),
        unused_until: policy.unused.end_of_new(now).filter(|_| source.ends_unused()),
        pending_until: policy.end_of_pending(now).filter(|_| source.is_self_registered()),
        ..RegisteredClient::new(service.id, source, record)
    }
}

/// Stores a client under the name that it has. What stands there already, `meet` makes it the next version of, or answers
/// in its place, as one that is registered again.
pub(super) async fn register_named(
    context: &Context<'_>,
    mut client: RegisteredClient,
    meet: impl Fn(&mut RegisteredClient, Occupant) -> Result<Option<RegisteredClient>, Error>,
) -> Result<ClientInformation, Error> {
    let Context { app, service, origin, .. } = context;
    client.numeric_id = service.numeric_id(&client.client_id);
    let claimed = claimed(service.policy(), client.source);
    let mut occupant = match has_room(context, &client).await {
        // Who has a client already is counted already.
        Err(error @ Error::TooManyClients(_)) => {
            let occupant = app.store.occupant(service.id, client.numeric_id).await?;
            Some(occupant.filter(|occupant| occupant.settings.is_some()).ok_or(error)?)
        }
        within => within.map(|()| None)?,
    };
    for _ in 0..MINTING_ATTEMPTS {
        let is_new = occupant.is_none();
        if let Some(there) = occupant.take()
            && let Some(same) = meet(&mut client, there)?
        {
            if let Some(same) = Box::pin(app.store.register_again(service, same)).await? {
                return Ok(ClientInformation::new(same, None, None));
            }
            // It is gone meanwhile, and is registered as one that is new, or is another one.
            occupant = app.store.occupant(service.id, client.numeric_id).await?;
            continue;
        }
        if is_new && client.source != Source::FederationAutomatic {
            // Whoever had that name before may be removed by now, with what says so.
            client.begin(app.clock.now_millis());
        }
        let client_secret = secret::renew(context, &mut client).await?;
        let stored = if is_new {
            app.store.create_client(&client, None, claimed, origin).await
        } else {
            app.store.replace_client(&client, claimed, origin).await.map(|()| Created::Created)
        };
        occupant = match stored {
            Ok(Created::Created) => return Ok(ClientInformation::new(client, client_secret, None)),
            Ok(Created::Taken(occupant)) => Some(*occupant),
            Ok(Created::TokenSpent) | Err(Error::Contention) => {
                app.store.occupant(service.id, client.numeric_id).await?
            }
            Err(error) => return Err(error),
        };
    }
    Err(Error::Contention)
}

/// Makes a client the next version of what stands under its number: operators' decisions on a client that is
/// replaced, or has ended, outlive it.
pub(super) fn succeed(
    client: &mut RegisteredClient,
    occupant: Occupant,
    replaces: &[Source],
    service: &Service,
) -> Result<(), Error> {
    if occupant.client_id != client.client_id {
        return Err(Error::internal("two identifiers have one number"));
    }
    if let Some(chain) = &mut client.record.trust_chain {
        let (issued, earlier) = (&mut chain.request_issued_at_millis, occupant.request_issued_at_millis);
        if issued.is_some() && *issued <= earlier {
            return Err(Error::NotLater);
        }
        // A registration without a request does not make the last one good again.
        *issued = (*issued).max(earlier);
    }
    client.version = occupant.version.saturating_add(1);
    (client.tokens_from, client.begun) = (occupant.tokens_from, occupant.begun);
    // An entity's chain ends whenever nobody has asked for it in time, and is found anew: that is no end of the entity.
    let is_found_anew = client.source == Source::FederationAutomatic && occupant.settings.is_some();
    if occupant.client.is_none() && !is_found_anew {
        client.begin(client.record.issued_at_millis);
    }
    client.retained = occupant.retained;
    let metadata = client.record.metadata.to_metadata();
    let is_known = |earlier: &RegisteredClient| metadata.is_known_as(&earlier.record.metadata.to_metadata());
    let is_known = occupant.client.as_ref().is_some_and(is_known);
    // What operators have approved stays so, and what waits for them waits no longer than it did.
    client.pending_until = match &occupant.client {
        Some(earlier) if earlier.record.metadata == client.record.metadata => earlier.pending_until,
        Some(earlier) => earlier.pending_until.or(client.pending_until),
        None => client.pending_until,
    };
    // Who is replaced loses nothing of what use has given it.
    if let Some(earlier) = &occupant.client {
        (client.used, client.unconfirmed) = (earlier.used.clone(), earlier.unconfirmed);
        let end = std::mem::replace(&mut client.unused_until, earlier.unused_until);
        client.given_until = earlier.given_until;
        client.end_unused(end, 0);
    }
    match occupant.client {
        Some(earlier) if earlier.locked => return Err(Error::ClientLocked),
        Some(earlier) if !replaces.contains(&earlier.source) => return Err(Error::AlreadyRegistered),
        Some(earlier) if leaves_its_trust_anchor(client, &earlier, service) => return Err(Error::OtherTrustAnchor),
        Some(_) | None => {}
    }
    if occupant.locked {
        return Err(Error::ClientLocked);
    }
    if let Some(earlier) = occupant.settings {
        let new = std::mem::take(&mut client.record.settings);
        let requestable_scopes = new.requestable_scopes.or(earlier.requestable_scopes);
        // Nobody vouches for another name, or for the same one elsewhere.
        let vouched = earlier.vouched && is_known;
        client.record.settings = OperatorSettings { requestable_scopes, vouched, ..earlier };
        client.record.settings.others.extend(new.others);
    }
    Ok(())
}

/// Whoever is registered below one trust anchor is nobody else's to vouch for, as long as the service trusts that one.
fn leaves_its_trust_anchor(client: &RegisteredClient, earlier: &RegisteredClient, service: &Service) -> bool {
    let anchor = |client: &RegisteredClient| client.record.trust_chain.as_ref().map(|chain| chain.trust_anchor.clone());
    let trusted = |earlier: &String| {
        service.configuration.federation.trust_anchors.iter().any(|anchor| anchor.entity_id == *earlier)
    };
    anchor(earlier).is_some_and(|earlier| trusted(&earlier) && anchor(client).as_ref() != Some(&earlier))
}

/// The names that a registration claims.
pub(crate) fn claimed(policy: &Policy, source: Source) -> &'static [ClaimKind] {
    match (source.is_named_by_itself(), policy.software_id_once) {
        (true, true) => &[ClaimKind::Alias, ClaimKind::SoftwareId],
        (true, false) => &[ClaimKind::Alias],
        (false, true) => &[ClaimKind::SoftwareId],
        (false, false) => &[],
    }
}

pub(crate) fn requestable_scopes(policy: &Policy, metadata: &VerifiedMetadata) -> Option<Vec<String>> {
    let registered = || metadata.scope().into_iter().flat_map(Scope::tokens).map(str::to_owned).collect();
    policy.scope_is_requestable.then(registered)
}

pub(crate) async fn within_the_developers_share(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    let Some(most) = context.service.policy().clients_per_developer else { return Ok(()) };
    let counted = context.app.store.developer_count(client.service_id, &client.developer()).await?;
    if counted < most { Ok(()) } else { Err(Error::TooManyClients(Ceiling::Developer)) }
}

/// Whether there is room for one client more, unless others vouch for it. Beyond its ceiling a service takes a tenth more
/// and ten, while the stream function makes room.
async fn has_room(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    let ceiling = context.service.policy().clients_per_service.filter(|_| client.source.is_self_registered());
    if let Some(most) = ceiling {
        let count = context.app.store.client_count(context.service.id).await?;
        if count >= most.saturating_add(most / 10 + 10) {
            return Err(Error::TooManyClients(Ceiling::Service));
        }
    }
    within_the_developers_share(context, client).await
}

/// Identity Center's clients are public although they have a secret: each installation has its own.
pub(crate) fn client_type(source: Source, metadata: &VerifiedMetadata) -> ClientType {
    match (source, metadata.token_endpoint_auth_method()) {
        (Source::IdentityCenter, _) | (_, AuthMethod::None) => ClientType::Public,
        _ => ClientType::Confidential,
    }
}

/// When a registration ends, in seconds since 1970: as the policy says, Identity Center's with its secret, a
/// federation's with its chain. A relying party's secret lives as long as its registration (OpenID Federation
/// §12.2.2), so the one that ends first ends both.
fn end_of_life(policy: &Policy, source: Source, registrant: &Registrant, now: u64) -> Option<u64> {
    let with_secret = match source {
        Source::IdentityCenter => Some(policy.secret_lifetime.unwrap_or(SECRET_SECONDS)),
        Source::FederationExplicit => policy.secret_lifetime,
        _ => None,
    };
    let lifetimes = with_secret.into_iter().chain(policy.client_lifetime).map(|seconds| now.saturating_add(seconds));
    lifetimes.chain(registrant.trust_chain().map(|chain| chain.expires_at)).min()
}
