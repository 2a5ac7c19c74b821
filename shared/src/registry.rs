//! Register, read, update, delete (RFC 7591 §3, RFC 7592 §2).

mod merging;
mod refusals;
mod rehearsal;
pub(crate) mod remote;
pub(crate) mod secret;
mod statement;

use std::borrow::Cow;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

pub(crate) use rehearsal::{Begins, Steps};
pub use rehearsal::{Rehearsal, Step, rehearse};

use crate::app::App;
use crate::caller::{Owner, Registrant};
use crate::claim_kind::ClaimKind;
use crate::client::{
    ClientInformation, ClientRecord, ClientType, OperatorSettings, RegisteredClient, SoftwareIdentity, Source,
};
use crate::credentials::{ClientSecret, Token, TokenKind, mint_client_id};
use crate::error::Error;
use crate::metadata::{
    AuthMethod, ClientMetadata, Invalid, Rules, Scope, ServerSet, Strictness, Submitted, VerifiedMetadata, verify,
};
use crate::origin::Origin;
use crate::policy::{BoundPolicy, Conduct, Offer, Policy, Rotation, Unoffered};
use crate::service::{Service, ServiceConfiguration};
use crate::store::{Created, Deleter, Occupant};

/// How long fetching may take inside one registration, in all.
pub const FETCHING: Duration = Duration::from_secs(3);

/// How long Identity Center's secrets live unless the policy says so, in seconds: 90 days.
const SECRET_SECONDS: u64 = 90 * 24 * 60 * 60;

/// How often a random identifier is minted again because its number is taken.
pub(crate) const MINTING_ATTEMPTS: usize = 3;

/// Where a request arrived, and on whose behalf.
pub struct Context<'a> {
    /// Time, randomness, table, keys, the way out.
    pub app: &'a App,
    /// The service.
    pub service: &'a Service,
    /// Who changes what, for the audit.
    pub origin: Origin,
    /// When all fetching for this request must have ended.
    pub fetching_ends: Instant,
    /// The values of `aud` by which a software statement means this service: its issuer and its registration
    /// endpoint.
    pub audiences: Vec<String>,
}

/// Registers a client (RFC 7591 §3.1). `kept` is what its front door keeps beside the metadata.
///
/// # Errors
/// What the metadata, the policy, the software statement or the initial access token is refused for;
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn register(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    metadata: ClientMetadata,
    kept: Map<String, Value>,
) -> Result<ClientInformation, Error> {
    let sent = context.service.policy().audit.refusals.then(|| Box::new(metadata.clone()));
    let mut rule = "dynamic_registration";
    let outcome = try_register(context, source, registrant, metadata, kept, &mut rule).await;
    if let (Err(error), Some(sent)) = (&outcome, sent) {
        refusals::note(context, rule, error, &sent).await;
    }
    outcome
}

/// As [`register`]; `rule` is the one that was asked last.
async fn try_register(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    metadata: ClientMetadata,
    kept: Map<String, Value>,
    rule: &mut &'static str,
) -> Result<ClientInformation, Error> {
    if !context.service.policy().dynamic_registration {
        return Err(Error::RegistrationClosed);
    }
    let admitted = admit(context, source, metadata, &registrant.bound(), Scrutiny::Whole, rule).await?;
    *rule = "clients_per_service and others";
    match merging::identifier(context, source, registrant, &admitted, &kept) {
        Some(client_id) => Box::pin(merging::register(context, source, client_id, admitted)).await,
        None => enrol(context, source, registrant, admitted, kept).await,
    }
}

/// Registers a client on its registrant's behalf, as operators do: by the same rules, also where clients may not register
/// themselves.
///
/// # Errors
/// As [`register`].
pub async fn register_for(context: &Context<'_>, metadata: ClientMetadata) -> Result<ClientInformation, Error> {
    let admitted = admit(context, Source::Oauth, metadata, &BoundPolicy::default(), Scrutiny::Vouched, &mut "").await?;
    let (source, registrant) = (Source::Oauth, Registrant::Anonymous);
    remote::check(context, &admitted.metadata).await?;
    let mut client = new_client(context, source, &registrant, admitted, Map::new());
    // What an operator has made stays.
    client.pending_until = None;
    client.unused_until = None;
    client.record.anonymous = false;
    client.record.settings.vouched = true;
    within_the_developers_share(context, &client).await?;
    register_minted(context, client, &registrant).await
}

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
        return named.await.map_err(|error| match error {
            // An operator has given its name to a client, which is the registrant's.
            Error::Claimed(ClaimKind::Alias) => Error::AlreadyRegistered,
            error => error,
        });
    }
    has_room(context, &client).await?;
    register_minted(context, client, registrant).await
}

/// Stores a client under a name that is minted for it, with a token if it is managed by one.
async fn register_minted(
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
            Created::TokenSpent => return Err(Error::InvalidToken),
            Created::Taken(_) => {}
        }
    }
    Err(Error::Contention)
}

/// A client whose metadata were admitted, without a name, a secret or a token yet.
fn new_client(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    Admitted { metadata, software }: Admitted,
    kept: Map<String, Value>,
) -> RegisteredClient {
    let Context { app, service, .. } = context;
    let (policy, now) = (service.policy(), app.clock.now());
    let client_type = client_type(source, &metadata);
    let settings = OperatorSettings {
        requestable_scopes: requestable_scopes(policy, &metadata),
        others: kept,
        ..OperatorSettings::default()
    };
    let record = ClientRecord {
        anonymous: matches!(registrant, Registrant::Anonymous) && software.is_none(),
        software,
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
/// in its place.
async fn register_named(
    context: &Context<'_>,
    mut client: RegisteredClient,
    meet: impl Fn(&mut RegisteredClient, Occupant) -> Result<Option<RegisteredClient>, Error>,
) -> Result<ClientInformation, Error> {
    let Context { app, service, origin, .. } = context;
    client.numeric_id = service.numeric_id(&client.client_id);
    let claimed = claimed(service.policy(), client.source);
    let mut occupant = match has_room(context, &client).await {
        // Who has a client already is counted already.
        Err(Error::TooManyClients) => {
            let occupant = app.store.occupant(service.id, client.numeric_id).await?;
            Some(occupant.filter(|occupant| occupant.settings.is_some()).ok_or(Error::TooManyClients)?)
        }
        within => within.map(|()| None)?,
    };
    for _ in 0..MINTING_ATTEMPTS {
        let is_new = occupant.is_none();
        if let Some(occupant) = occupant
            && let Some(same) = meet(&mut client, occupant)?
        {
            return Ok(ClientInformation::new(same, None, None));
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
fn succeed(
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
    client.tokens_from = occupant.tokens_from;
    client.retained = occupant.retained;
    let named = |earlier: &RegisteredClient| client.record.metadata.rest().has_names_of(earlier.record.metadata.rest());
    let keeps_names = occupant.client.as_ref().is_some_and(named);
    // What operators have approved stays so, and what waits for them waits no longer than it did.
    client.pending_until = match &occupant.client {
        Some(earlier) if earlier.record.metadata == client.record.metadata => earlier.pending_until,
        Some(earlier) => earlier.pending_until.or(client.pending_until),
        None => client.pending_until,
    };
    // Who comes back loses nothing of what use has given it.
    client.used = occupant.used;
    client.unused_until = client.unused_until.map(|end| end.max(occupant.unused_until.unwrap_or_default()));
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
        // Nobody vouches for another name.
        let vouched = earlier.vouched && keeps_names;
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

/// Looks a client up by its identifier, for [`read`] and [`update`].
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn find(context: &Context<'_>, client_id: &str) -> Result<Option<RegisteredClient>, Error> {
    context.app.store.client(context.service.id, context.service.numeric_id(client_id)).await
}

/// As [`find`], for its registrant: one that has ended is told so.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn find_own(context: &Context<'_>, client_id: &str) -> Result<Option<RegisteredClient>, Error> {
    context.app.store.client_or_ended(context.service.id, context.service.numeric_id(client_id)).await
}

/// Reads a client's registration (RFC 7592 §2.1). The presented token is answered as it is. A wrong token, an
/// unknown client and a deleted one are the same error.
///
/// # Errors
/// [`Error::InvalidToken`], or [`Error::UnknownClient`] for an identified owner; [`Error::ClientLocked`];
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn read(
    context: &Context<'_>,
    found: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
) -> Result<ClientInformation, Error> {
    let mut client = may_manage(context, found, client_id, owner)?;
    if owner.token().is_some_and(|token| client.next_registration_access_token == Some(token.hash())) {
        client = first_use(context, client, owner).await?;
    }
    let client_secret = secret::open(context, &client).await?;
    Ok(ClientInformation::new(client, client_secret, owner.token().cloned()))
}

/// The first use of a token that an update has answered ends the one before it.
async fn first_use(context: &Context<'_>, client: RegisteredClient, owner: &Owner) -> Result<RegisteredClient, Error> {
    let mut used = client.clone();
    used.version = used.version.saturating_add(1);
    only_token(&mut used, owner.token());
    match context.app.store.replace_client(&used, &[], &context.origin).await {
        Ok(()) => Ok(used),
        // Somebody has changed the client at the same time: the next use ends the old one.
        Err(Error::Contention) => Ok(client),
        Err(error) => Err(error),
    }
}

/// From now on the client is managed with that token and with no other.
fn only_token(client: &mut RegisteredClient, token: Option<&Token>) {
    client.registration_access_token = token.map(Token::hash);
    client.next_registration_access_token = None;
}

/// Replaces a client's registration (RFC 7592 §2.2). If another update wins, this one is tried once more on
/// the new state.
///
/// # Errors
/// As [`register`] and [`read`]; [`Error::Contention`] if the second try loses as well.
pub async fn update(
    context: &Context<'_>,
    found: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
    submitted: &Submitted,
) -> Result<ClientInformation, Error> {
    match replace(context, found, client_id, owner, submitted).await {
        Err(Error::Contention) => {
            replace(context, find_own(context, client_id).await?, client_id, owner, submitted).await
        }
        outcome => outcome,
    }
}

async fn replace(
    context: &Context<'_>,
    found: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
    submitted: &Submitted,
) -> Result<ClientInformation, Error> {
    let mut client = may_manage(context, found, client_id, owner)?;
    let client_secret = secret::open(context, &client).await?;
    own_members(&submitted.server_set, &client, client_secret.as_ref())?;
    let policy = context.service.policy();
    let sent = submitted.metadata.clone();
    let keeps_names = client.record.settings.vouched && sent.has_names_of(client.record.metadata.rest());
    let scrutiny = if keeps_names { Scrutiny::Vouched } else { Scrutiny::Whole };
    let admitted = admit(context, client.source, sent, &client.record.bound, scrutiny, &mut "").await?;
    let Admitted { metadata, software } = admitted;
    if client.record.software.is_some() && software != client.record.software {
        return Err(crate::error::StatementFault::OtherSoftware.into());
    }
    remote::check(context, &metadata).await?;
    let renamed = metadata.rest().software_id != client.record.metadata.rest().software_id;
    client.record.client_type = client_type(client.source, &metadata);
    if policy.scope_is_requestable {
        client.record.settings.requestable_scopes = requestable_scopes(policy, &metadata);
    }
    client.record.settings.others.extend(submitted.kept.clone());
    client.record.settings.vouched = keeps_names;
    // What operators have approved is what it was.
    if metadata != client.record.metadata && client.source.is_self_registered() {
        client.pending_until = client.pending_until.or(policy.end_of_pending(context.app.clock.now()));
    }
    client.record.metadata = metadata;
    client.record.software = software;
    client.record.modified_at_millis = context.app.clock.now_millis();
    client.version = client.version.saturating_add(1);
    let client_secret = secret::keep_or_renew(context, &mut client, client_secret).await?;
    let token = match (owner.token(), policy.token_rotation) {
        (Some(presented), Rotation::Grace) => {
            let next = Token::mint(TokenKind::RegistrationAccess, &context.app.entropy)?;
            client.registration_access_token = Some(presented.hash());
            client.next_registration_access_token = Some(next.hash());
            Some(next)
        }
        (Some(_), Rotation::OnUpdate) => {
            let new = Token::mint(TokenKind::RegistrationAccess, &context.app.entropy)?;
            only_token(&mut client, Some(&new));
            Some(new)
        }
        (token, _) => {
            only_token(&mut client, token);
            token.cloned()
        }
    };
    let claimed = if renamed { claimed(policy, client.source) } else { &[] };
    context.app.store.replace_client(&client, claimed, &context.origin).await?;
    Ok(ClientInformation::new(client, client_secret, token))
}

/// Deletes a client (RFC 7592 §2.3). Its token and its secret die with it.
///
/// # Errors
/// As [`read`].
pub async fn delete(context: &Context<'_>, client_id: &str, owner: &Owner) -> Result<(), Error> {
    let Context { app, service, origin, .. } = context;
    let number = service.numeric_id(client_id);
    let deleter = match owner {
        Owner::Token(token) => Deleter::Registrant(token.hash()),
        Owner::Identity(source) => Deleter::Identified(*source),
    };
    match app.store.delete_client(service.id, client_id, number, deleter, origin).await? {
        Ok(()) => Ok(()),
        // The condition failed, so this is an error; if nothing is wrong now, it changed in between.
        Err(client) => match may_manage(context, client, client_id, owner) {
            Ok(_) => Err(Error::Contention),
            Err(error) => Err(error),
        },
    }
}

/// Metadata that may be registered, unless something that has to be fetched for it says otherwise.
pub(crate) struct Admitted {
    metadata: VerifiedMetadata,
    software: Option<SoftwareIdentity>,
}

impl Admitted {
    /// What would be registered.
    pub(crate) fn metadata(&self) -> &VerifiedMetadata {
        &self.metadata
    }
}

/// What a registration and an update have in common: statement, what the service announces, policy, RFC; `rule` is the one
/// that was asked last.
pub(crate) async fn admit(
    context: &Context<'_>,
    source: Source,
    metadata: ClientMetadata,
    bound: &BoundPolicy,
    scrutiny: Scrutiny,
    rule: &mut &'static str,
) -> Result<Admitted, Error> {
    *rule = "software_statements";
    let (metadata, software) = statement::overlay(context, source, metadata).await?;
    let Service { configuration, .. } = context.service;
    let policy = match scrutiny {
        Scrutiny::Whole => Cow::Borrowed(context.service.policy()),
        Scrutiny::Vouched => context.service.policy().with_names_vouched(),
    };
    let metadata = settle(configuration, &policy, source, metadata, bound, &mut |begun, _| *rule = begun)?;
    Ok(Admitted { metadata, software })
}

/// Whether names are suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scrutiny {
    /// They are, as all that a stranger says.
    Whole,
    /// An operator vouches for them.
    Vouched,
}

/// What the service announces, its policy for documents and the RFCs make of the metadata of a document.
pub(crate) fn settle_document(
    service: &Service,
    policy: &Policy,
    metadata: ClientMetadata,
    begins: Begins<'_>,
) -> Result<VerifiedMetadata, Error> {
    settle(&service.configuration, policy, Source::MetadataDocument, metadata, &BoundPolicy::default(), begins)
}

/// A document's metadata with what a software statement of somebody whom the service trusts says of it.
pub(crate) async fn vouched(context: &Context<'_>, metadata: ClientMetadata) -> Result<ClientMetadata, Error> {
    statement::overlay(context, Source::MetadataDocument, metadata).await.map(|(metadata, _)| metadata)
}

/// What the service announces, its policy and the RFCs make of metadata; `begins` is told of each rule before it does.
fn settle(
    configuration: &ServiceConfiguration,
    policy: &Policy,
    source: Source,
    mut metadata: ClientMetadata,
    bound: &BoundPolicy,
    begins: Begins<'_>,
) -> Result<VerifiedMetadata, Error> {
    begins("limits", &metadata);
    policy.bound_sizes(&metadata)?;
    begins("unannounced", &metadata);
    configuration.choose(policy, &mut metadata)?;
    let metadata = policy_of(source, policy).apply_watched(metadata, bound, source.own_members(), begins)?;
    begins("the specifications", &metadata);
    verify(metadata, rules(policy, strictness(source)))
}

/// What is asked of metadata beside the policy: how much of the specifications, and what it adds to them.
pub(crate) fn rules(policy: &Policy, strictness: Strictness) -> Rules<'_> {
    let hidden_characters = policy.names.hidden_characters != Conduct::Refuse;
    Rules { strictness, development_hosts: &policy.redirect_uris.development_hosts, hidden_characters }
}

/// What a policy says of clients of that source. STET's authenticate with the certificate of their connections, whatever
/// others are offered.
fn policy_of(source: Source, policy: &Policy) -> Cow<'_, Policy> {
    if source != Source::Stet {
        return Cow::Borrowed(policy);
    }
    let methods = vec![AuthMethod::TlsClientAuth];
    let token_endpoint_auth_methods = Offer { offered: methods.clone(), default: methods, unoffered: Unoffered::Drop };
    Cow::Owned(Policy { token_endpoint_auth_methods, ..policy.clone() })
}

/// How much of the specifications is asked of clients of that source. Authlete and Identity Center register clients of
/// redirect flows without redirect URIs: their own documents do.
#[must_use]
pub fn strictness(source: Source) -> Strictness {
    match source {
        Source::AuthleteRegistration | Source::IdentityCenter => Strictness::RedirectUrisOptional,
        Source::AuthleteCreate => Strictness::Operator,
        Source::FederationExplicit | Source::FederationAutomatic => Strictness::Federated,
        Source::Oauth | Source::Stet | Source::MetadataDocument => Strictness::Full,
    }
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
    if counted < most { Ok(()) } else { Err(Error::TooManyClients) }
}

/// Whether there is room for one client more, unless others vouch for it. Beyond its ceiling a service takes a tenth more
/// and ten, while the stream function makes room.
async fn has_room(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    let ceiling = context.service.policy().clients_per_service.filter(|_| client.source.is_self_registered());
    if let Some(most) = ceiling {
        let count = context.app.store.client_count(context.service.id).await?;
        if count >= most.saturating_add(most / 10 + 10) {
            return Err(Error::TooManyClients);
        }
    }
    within_the_developers_share(context, client).await
}

fn may_manage(
    context: &Context<'_>,
    client: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
) -> Result<RegisteredClient, Error> {
    let has_ended = |client: &RegisteredClient| client.ends_at().is_some_and(|end| end <= context.app.clock.now());
    let client = client.filter(|client| client.client_id == client_id);
    let client = match owner {
        Owner::Token(token) => client
            .filter(|client| client.source.is_self_managed())
            .filter(|client| {
                let tokens = [&client.registration_access_token, &client.next_registration_access_token];
                tokens.into_iter().flatten().any(|managing| *managing == token.hash())
            })
            .ok_or(Error::InvalidToken)?,
        Owner::Identity(source) => {
            client.filter(|client| client.source == *source && !has_ended(client)).ok_or(Error::UnknownClient)?
        }
    };
    if has_ended(&client) {
        return Err(Error::ClientEnded);
    }
    if client.locked { Err(Error::ClientLocked) } else { Ok(client) }
}

/// RFC 7592 §2.2: an update names its client, shows its secret if any, and carries nothing else that is the
/// server's to set.
fn own_members(sent: &ServerSet, client: &RegisteredClient, secret: Option<&ClientSecret>) -> Result<(), Invalid> {
    if let Some(member) = sent.forbidden {
        return Err(Invalid::ServerSet { member });
    }
    match &sent.client_id {
        None => return Err(Invalid::requires("an update", "client_id")),
        Some(client_id) if *client_id != client.client_id => return Err(Invalid::Mismatch { member: "client_id" }),
        Some(_) => {}
    }
    match &sent.client_secret {
        Some(presented) if !secret.is_some_and(|secret| secret.matches(presented)) => {
            Err(Invalid::Mismatch { member: "client_secret" })
        }
        _ => Ok(()),
    }
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
