//! What operators do: they create, change, lock and delete clients, replace their secrets, and create and change
//! services. Registrants are the business of [`crate::registry`].

mod service;
mod wrapping;

use serde_json::{Map, Value};

use crate::claim_kind::ClaimKind;
use crate::client::{ClientInformation, ClientRecord, ClientType, OperatorSettings, RegisteredClient, Source};
use crate::credentials::{ClientSecret, Token, TokenKind, mint_client_id};
use crate::error::Error;
use crate::metadata::{ClientMetadata, GrantType, Invalid, Strictness, VerifiedMetadata, verify};
use crate::policy::{LONGEST_OVERLAP, Policy};
use crate::registry::{Context, MINTING_ATTEMPTS, client_type, remote, rules, secret, within_the_developers_share};
use crate::store::{Created, Deleter, Store, Unrestorable};

pub(crate) use service::kept;
pub use service::{configure_service, create_numbered_service, create_service, replace_service};
pub use wrapping::{Rewrapped, rewrap};

/// How long a member may be that a front door keeps for operators, in bytes of JSON.
const MAX_MEMBER_BYTES: usize = 64 * 1024;

/// What an operator says a client shall be.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Draft {
    /// Its metadata.
    pub metadata: ClientMetadata,
    /// Whether it can keep a secret; absent follows from `token_endpoint_auth_method`.
    pub client_type: Option<ClientType>,
    /// What only operators see.
    pub settings: OperatorSettings,
}

impl Draft {
    /// The client as it is.
    #[must_use]
    pub fn of(client: &RegisteredClient) -> Self {
        let record = &client.record;
        Self {
            metadata: record.metadata.to_metadata(),
            client_type: Some(record.client_type),
            settings: record.settings.clone(),
        }
    }

    /// The client with those members of its metadata changed; what is not given stays, `null` removes (RFC 7396).
    ///
    /// # Errors
    /// What the types of the members are refused for.
    pub fn patched(client: &RegisteredClient, changes: Map<String, Value>) -> Result<Self, Error> {
        let draft = Self::of(client);
        let mut members = Value::Object(draft.metadata.to_members());
        json_patch::merge(&mut members, &Value::Object(changes));
        let Value::Object(members) = members else { return Err(Error::internal("a client is not an object")) };
        Ok(Self { metadata: ClientMetadata::from_members(members)?, client_type: None, ..draft })
    }
}

/// A client after a change.
pub struct Updated {
    /// The client, with its secret.
    pub information: ClientInformation,
    has_new_secret: bool,
}

impl Updated {
    /// The secret that was made with that change, so that nobody has seen it.
    #[must_use]
    pub fn new_secret(&self) -> Option<&ClientSecret> {
        self.information.client_secret.as_ref().filter(|_| self.has_new_secret)
    }
}

/// Creates a client. Unlike a registration it is no subject of the policy's offers, need not be consistent yet,
/// and has no registration access token.
///
/// # Errors
/// What types, URLs, keys and limits are refused for; [`Error::Claimed`], [`Error::TooManyClients`],
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn create(context: &Context<'_>, draft: Draft) -> Result<ClientInformation, Error> {
    let Context { app, service, origin, .. } = context;
    let metadata = admit(service.policy(), draft.metadata)?;
    remote::permit(&app.fetch, &metadata)?;
    bound_sizes(&draft.settings)?;
    let client_type = checked_type(draft.client_type, Source::AuthleteCreate, &metadata)?;
    let record =
        ClientRecord { settings: draft.settings, ..ClientRecord::new(metadata, client_type, app.clock.now_millis()) };
    let mut client = RegisteredClient::new(service.id, Source::AuthleteCreate, record);
    within_the_developers_share(context, &client).await?;
    alias_is_no_client_id(context, &client).await?;
    for _ in 0..MINTING_ATTEMPTS {
        client.client_id = mint_client_id(client.source, &app.entropy)?;
        client.numeric_id = service.numeric_id(&client.client_id);
        let client_secret = secret::renew(context, &mut client).await?;
        match app.store.create_client(&client, None, unique(service.policy()), origin).await? {
            Created::Created => return Ok(information(client, client_secret)),
            Created::Taken(_) | Created::TokenSpent => {}
        }
    }
    Err(Error::Contention)
}

/// Replaces what `draft` makes of the client; what is so already is no change, unless the client lacks a secret, as one that
/// came without secrets from another table. A secret that works stays: [`replace_secret`] makes another. If another change
/// wins, it is asked once more on the new state.
///
/// # Errors
/// As [`create`]; what `draft` returns; [`Error::UnknownClient`] if the client is gone; [`Error::Contention`] if
/// the second try loses as well.
pub async fn replace(
    context: &Context<'_>,
    client: RegisteredClient,
    draft: impl Fn(&RegisteredClient) -> Result<Draft, Error>,
) -> Result<Updated, Error> {
    once_more(context, client, |client| replace_once(context, client, &draft)).await
}

/// As [`replace`], of the client as it was read: not again if another change wins.
///
/// # Errors
/// As [`replace`]; [`Error::Contention`] if it was changed since.
pub async fn replace_once(
    context: &Context<'_>,
    mut client: RegisteredClient,
    draft: &impl Fn(&RegisteredClient) -> Result<Draft, Error>,
) -> Result<Updated, Error> {
    let draft = draft(&client)?;
    let opened = secret::open(context, &client).await?;
    let before = client.clone();
    bound_sizes(&draft.settings)?;
    client.record.settings = draft.settings;
    // What somebody else vouches for stays as it is: federations, institutions and documents.
    if client.source.is_operators_to_change() {
        // That it was verified is what is said by it (RFC 7591 §3.2.1).
        let statement = &draft.metadata.software_statement;
        if statement.is_some() && *statement != client.record.metadata.rest().software_statement {
            let expected = "the one that was verified when the client registered";
            return Err(Invalid::syntax("software_statement", expected).into());
        }
        let metadata = admit(context.service.policy(), draft.metadata)?;
        // Operators vouch for what is behind a sector, but not for a host that nobody here may ask.
        if metadata.rest().sector_identifier_uri != client.record.metadata.rest().sector_identifier_uri {
            remote::permit(&context.app.fetch, &metadata)?;
        }
        // What operators make at Authlete's API was not sent by anybody.
        if client.source != Source::AuthleteCreate {
            let (before, after) = (client.record.metadata.to_members(), metadata.to_members());
            let changes = std::mem::take(&mut client.record.changes);
            client.record.changes = changes.then_by_operator(&before, &after);
        }
        client.record.bound.widened_by(&metadata);
        client.record.metadata = metadata;
        client.record.client_type = checked_type(draft.client_type, client.source, &client.record.metadata)?;
    }
    if client == before && !secret::is_lacking(context, &client) {
        return Ok(Updated { information: information(client, opened), has_new_secret: false });
    }
    step(context, &mut client);
    let client_secret = secret::keep_or_renew(context, &mut client, opened).await?;
    let mut given = unique(context.service.policy()).to_vec();
    given.retain(|kind| client.claim(*kind) != before.claim(*kind));
    if given.contains(&ClaimKind::Alias) {
        alias_is_no_client_id(context, &client).await?;
    }
    context.app.store.replace_client(&client, &given, &context.origin).await?;
    let has_new_secret = client.secret.as_ref().is_some_and(|secret| secret.version == client.version);
    Ok(Updated { information: information(client, client_secret), has_new_secret })
}

/// Makes a client that is known by its document alone one of which operators can decide something.
///
/// # Errors
/// [`Error::Contention`] if it is one by now; [`Error::Unavailable`], [`Error::Internal`].
pub async fn adopt(context: &Context<'_>, client: RegisteredClient) -> Result<RegisteredClient, Error> {
    let Context { app, origin, .. } = context;
    let occupant = match app.store.create_client(&client, None, &[], origin).await? {
        Created::Created => return Ok(client),
        Created::Taken(occupant) => occupant,
        Created::TokenSpent => return Err(Error::Contention),
    };
    // What operators had decided before they deleted it is gone with that.
    if occupant.client.is_some() || occupant.client_id != client.client_id {
        return Err(Error::Contention);
    }
    let version = occupant.version.saturating_add(1);
    let (tokens_from, begun) = (occupant.tokens_from, occupant.tokens_from);
    let client = RegisteredClient { tokens_from, begun, version, ..client };
    app.store.replace_client(&client, &[], origin).await?;
    Ok(client)
}

/// Locks a client or unlocks it; one that is so already stays as it is. One that waits for approval goes on waiting, anew where its time was over meanwhile; one whose
/// registration has had an end meanwhile has ended.
///
/// # Errors
/// [`Error::UnknownClient`], [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn lock(context: &Context<'_>, client: RegisteredClient, locked: bool) -> Result<(), Error> {
    once_more(context, client, |client| lock_once(context, client, locked)).await
}

/// Unlocks a client that was deleted while it was locked, so that its registrant may come back.
///
/// # Errors
/// [`Error::UnknownClient`] if there is none; [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn unlock_deleted(context: &Context<'_>, client_id: &str) -> Result<u64, Error> {
    let Context { app, service, origin, .. } = context;
    let numeric_id = service.numeric_id(client_id);
    let unlocked = app.store.unlock_deleted(service.id, client_id, numeric_id, origin).await?;
    if unlocked { Ok(numeric_id) } else { Err(Error::UnknownClient) }
}

/// As [`lock`], of the client as it was read: not again if another change wins.
///
/// # Errors
/// As [`lock`]; [`Error::Contention`] if it was changed since.
pub async fn lock_once(context: &Context<'_>, mut client: RegisteredClient, locked: bool) -> Result<(), Error> {
    if client.locked == locked {
        return Ok(());
    }
    client.locked = locked;
    if !locked {
        client.live_anew(context.service.policy(), context.app.clock.now());
    }
    step(context, &mut client);
    context.app.store.replace_client(&client, &[], &context.origin).await
}

/// Approves a client that waits for it, or vouches for the names of one that does not: what it is called is suspected no
/// more. One that is locked stays locked. What is approved is the client as it was read: where its registrant has changed
/// it since, it is not.
///
/// # Errors
/// [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn approve(context: &Context<'_>, mut client: RegisteredClient) -> Result<(), Error> {
    if client.pending_until.is_none() && client.record.settings.vouched {
        return Ok(());
    }
    client.pending_until = None;
    client.record.settings.vouched = true;
    client.live_anew(context.service.policy(), context.app.clock.now());
    step(context, &mut client);
    context.app.store.replace_client(&client, &[], &context.origin).await
}

/// Lets a client stay though nobody uses it, or no longer so. One that waits for approval waits without an end as long as it
/// stays.
///
/// # Errors
/// [`Error::UnknownClient`], [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn retain(context: &Context<'_>, client: RegisteredClient, retained: bool) -> Result<(), Error> {
    once_more(context, client, |client| retain_once(context, client, retained)).await
}

/// As [`retain`], of the client as it was read: not again if another change wins.
///
/// # Errors
/// As [`retain`]; [`Error::Contention`] if it was changed since.
pub async fn retain_once(context: &Context<'_>, mut client: RegisteredClient, retained: bool) -> Result<(), Error> {
    if client.retained == retained {
        return Ok(());
    }
    client.retained = retained;
    client.live_anew(context.service.policy(), context.app.clock.now());
    step(context, &mut client);
    context.app.store.replace_client(&client, &[], &context.origin).await
}

/// A client's secret before and after.
pub struct Replaced {
    /// The one that worked until now.
    pub old: ClientSecret,
    /// The one that works from now on.
    pub new: ClientSecret,
}

/// Replaces a client's secret, by `new` or by a random one. The old one works for `overlap` seconds more, or as the policy
/// says. That it shall be the one that it is, for good, is no change.
///
/// # Errors
/// [`Invalid::NoSecret`] for a client without one, [`Invalid::NotOperators`] for one that others vouch for; [`Error::UnknownClient`], [`Error::Contention`],
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn replace_secret(
    context: &Context<'_>,
    client: RegisteredClient,
    new: Option<ClientSecret>,
    overlap: Option<u64>,
) -> Result<Replaced, Error> {
    let new = match new {
        Some(new) => new,
        None => ClientSecret::mint(&context.app.entropy)?,
    };
    let overlap = overlap.unwrap_or(context.service.policy().secret_overlap);
    let replace = |client| replace_secret_once(context, client, &new, overlap);
    let old = once_more(context, client, replace).await?;
    Ok(Replaced { old, new })
}

/// As [`replace_secret`], of the client as it was read: not again if another change wins. It returns the old one.
///
/// # Errors
/// As [`replace_secret`]; [`Error::Contention`] if it was changed since.
pub async fn replace_secret_once(
    context: &Context<'_>,
    mut client: RegisteredClient,
    new: &ClientSecret,
    overlap: u64,
) -> Result<ClientSecret, Error> {
    if !client.source.is_operators_to_change() {
        return Err(Invalid::NotOperators.into());
    }
    if overlap > LONGEST_OVERLAP {
        return Err(Invalid::syntax("overlap", "a number of seconds from 0 to 31536000").into());
    }
    let old = secret::open(context, &client).await?.ok_or(Invalid::NoSecret)?;
    let is_for_good = client.record.secret_expires_at == 0 && client.previous_secret.is_none();
    if is_for_good && context.service.policy().secret_lifetime.is_none() && old.matches(new.expose()) {
        return Ok(old);
    }
    step(context, &mut client);
    secret::replace(context, &mut client, new, overlap).await?;
    context.app.store.replace_client(&client, &[], &context.origin).await?;
    Ok(old)
}

/// Replaces the token by which a registrant manages its client; the old one ends at once.
///
/// # Errors
/// [`Invalid::NotSelfManaged`]; [`Error::UnknownClient`], [`Error::Contention`], [`Error::Unavailable`],
/// [`Error::Internal`].
pub async fn reissue_token(context: &Context<'_>, client: RegisteredClient) -> Result<Token, Error> {
    once_more(context, client, |client| reissue_token_once(context, client)).await
}

/// As [`reissue_token`], of the client as it was read: not again if another change wins.
///
/// # Errors
/// As [`reissue_token`]; [`Error::Contention`] if it was changed since.
pub async fn reissue_token_once(context: &Context<'_>, mut client: RegisteredClient) -> Result<Token, Error> {
    // Nor is one that all who registered the same share: whoever had a token would manage it for all.
    if !client.source.is_self_managed() || client.is_shared() {
        return Err(Invalid::NotSelfManaged.into());
    }
    let token = Token::mint(TokenKind::RegistrationAccess, &context.app.entropy)?;
    client.registration_access_token = Some(token.hash());
    client.next_registration_access_token = None;
    step(context, &mut client);
    context.app.store.replace_client(&client, &[], &context.origin).await?;
    Ok(token)
}

/// A client as operators see it, with its secret.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn opened(context: &Context<'_>, client: RegisteredClient) -> Result<ClientInformation, Error> {
    let client_secret = secret::open(context, &client).await?;
    Ok(information(client, client_secret))
}

/// The secret that a client had before, and when it ends, if it still works.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn previous_secret(
    context: &Context<'_>,
    client: &RegisteredClient,
) -> Result<Option<(ClientSecret, u64)>, Error> {
    let now = context.app.clock.now();
    let until = client.previous_secret_at(now).map(|previous| previous.until);
    let secret = context.service.previous_secret_of(&context.app.keys, client, now).await?;
    Ok(secret.zip(until))
}

/// A client as operators see it that are not shown its secret.
#[must_use]
pub fn closed(client: RegisteredClient) -> ClientInformation {
    information(client, None)
}

/// Deletes a client: its secret and its token end at once. A lock stays where its registrant may come back. One with a
/// metadata document is read anew by whoever looks it up next; as long as it is locked it is not deleted.
///
/// # Errors
/// [`Error::UnknownClient`]; [`Error::Contention`], [`Error::Unavailable`], [`Error::Internal`].
pub async fn delete(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    delete_by(context, client, Deleter::operator_of(client)).await
}

/// As [`delete`], of the client as it was read: [`Error::Contention`] if it was changed since.
///
/// # Errors
/// As [`delete`].
pub async fn delete_once(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    delete_by(context, client, Deleter::operator_of_read(client)).await
}

/// Whether a client may be deleted.
///
/// # Errors
/// [`Error::ClientLocked`] for a locked one with a metadata document: its owner goes on publishing it, and a lock that went
/// with it would be none.
pub fn may_go(client: &RegisteredClient) -> Result<(), Error> {
    let stays = client.source == Source::MetadataDocument && client.locked;
    if stays { Err(Error::ClientLocked) } else { Ok(()) }
}

async fn delete_by(context: &Context<'_>, client: &RegisteredClient, by: Deleter) -> Result<(), Error> {
    let Context { app, service, origin, .. } = context;
    let is_document = client.source == Source::MetadataDocument;
    may_go(client)?;
    let (id, number) = (&client.client_id, client.numeric_id);
    match app.store.delete_client(service.id, id, number, by, origin).await? {
        Err(Some(left)) if is_document && left.locked => Err(Error::ClientLocked),
        Err(Some(_)) => Err(Error::Contention),
        Err(None) if !is_document => Err(Error::UnknownClient),
        // Of one that nobody has decided anything about there is the document alone.
        Err(None) if is_document => {
            // What it had ends, though no client was stored.
            app.store.bury(service.id, &client.client_id, number, &context.origin).await?;
            app.store.forget_metadata_document(service.id, number).await
        }
        Ok(()) if is_document => app.store.forget_metadata_document(service.id, number).await,
        Ok(()) | Err(None) => Ok(()),
    }
}

/// Deletes a client as it was read, so that it can be [restored](restore); for good one that is locked or comes back by
/// itself, and any if that is asked.
///
/// # Errors
/// Those of [`delete_restorably`] and of [`delete_once`].
pub async fn remove(context: &Context<'_>, client: &RegisteredClient, for_good: bool) -> Result<(), Error> {
    if client.source.is_operators_to_change() && !client.locked && !for_good {
        return delete_restorably(context, client).await;
    }
    delete_once(context, client).await
}

/// Deletes a client as it was read, so that it can be [restored](restore).
///
/// # Errors
/// [`Error::Contention`] if it has changed since, or is used; [`Error::Unavailable`], [`Error::Internal`].
pub async fn delete_restorably(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    context.app.store.delete_restorably(client, false, &context.origin).await
}

/// Why a client stays though it shall go because nobody uses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kept {
    /// It does not end for that.
    Decided,
    /// It is used, or young.
    Used,
    /// What it was given works, or did until yesterday.
    Given,
}

impl Kept {
    /// The reason, in words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decided => {
                "the client does not go because nobody uses it: it is an operator's, locked, retained, or others vouch for it"
            }
            Self::Used => "the client is used, or was registered since",
            Self::Given => "the client has a token that works, or did until a day ago",
        }
    }
}

/// Why a client stays of which no use shall be known that was later than that, in seconds since 1970; nothing if it may go.
///
/// # Errors
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn kept_unused(store: &Store, client: &RegisteredClient, since: u64) -> Result<Option<Kept>, Error> {
    Ok(match client {
        client if !client.may_be_pruned() => Some(Kept::Decided),
        client if !client.is_unused_since(since) => Some(Kept::Used),
        client => store.holds_tokens(client).await?.then_some(Kept::Given),
    })
}

/// [Deletes](delete_restorably) a client because nobody has used it since that time, in seconds since 1970; or says why it
/// stays.
///
/// # Errors
/// As [`delete_restorably`].
pub async fn prune(context: &Context<'_>, client: &RegisteredClient, since: u64) -> Result<Option<Kept>, Error> {
    let kept = kept_unused(&context.app.store, client, since).await?;
    if kept.is_none() {
        context.app.store.delete_restorably(client, true, &context.origin).await?;
    }
    Ok(kept)
}

/// Why a client is not brought back.
#[derive(Debug, thiserror::Error)]
pub enum RestoreFault {
    /// There is nothing to be brought back.
    #[error("{}", .0.as_str())]
    Unrestorable(Unrestorable),
    /// What the core found.
    #[error(transparent)]
    Core(#[from] Error),
}

/// Brings back a client that was [deleted so](delete_restorably) within the last thirty days, with its secret and its token,
/// as one that an operator wants; with `version`, only if it was that one until then. What it had of users does not come
/// back.
///
/// # Errors
/// [`RestoreFault::Unrestorable`]; [`Error::TooManyClients`] if its developer has as many by now; [`Error::Contention`] if
/// others go on changing it, or it was another version, [`Error::Unavailable`], [`Error::Internal`].
pub async fn restore(context: &Context<'_>, client_id: &str, version: Option<u64>) -> Result<(), RestoreFault> {
    match restore_once(context, client_id, version).await {
        // Whoever registers the same at that moment has the client.
        Err(RestoreFault::Core(Error::Contention)) => restore_once(context, client_id, version).await,
        outcome => outcome,
    }
}

async fn restore_once(context: &Context<'_>, client_id: &str, version: Option<u64>) -> Result<(), RestoreFault> {
    let Context { app, service, origin, .. } = context;
    let mut client = restored(context, client_id, version).await?;
    // It would be the first to make room again.
    client.record.anonymous = false;
    match app.store.replace_client(&client, unique(service.policy()), origin).await {
        Err(Error::Claimed(kind)) => Err(RestoreFault::Unrestorable(Unrestorable::Claimed(kind))),
        outcome => Ok(outcome?),
    }
}

/// The client that [`restore`] would bring back; whether its names are free is seen when it is done.
///
/// # Errors
/// As [`restore`].
pub async fn restored(
    context: &Context<'_>,
    client_id: &str,
    version: Option<u64>,
) -> Result<RegisteredClient, RestoreFault> {
    let Context { app, service, .. } = context;
    let found = app.store.restorable_client(service.id, client_id, service.numeric_id(client_id)).await?;
    let (mut client, now) = (found.map_err(RestoreFault::Unrestorable)?, app.clock.now());
    if version.is_some_and(|version| version != version_before(&client)) {
        return Err(Error::Contention.into());
    }
    client.live_anew(service.policy(), now);
    if client.has_ended(now) {
        return Err(RestoreFault::Unrestorable(Unrestorable::Over));
    }
    within_the_developers_share(context, &client).await?;
    Ok(client)
}

/// Which version a client was that can be [`restored`], until it was deleted: that is one version, its return the next.
#[must_use]
pub const fn version_before(restored: &RegisteredClient) -> u64 {
    restored.version.saturating_sub(2)
}

/// Makes the end of a client final that was [deleted so](delete_restorably) that it could be brought back.
///
/// # Errors
/// [`Error::UnknownClient`] if there is none; [`Error::Unavailable`], [`Error::Internal`].
pub async fn forget_deleted(context: &Context<'_>, client_id: &str) -> Result<(), Error> {
    let Context { app, service, origin, .. } = context;
    let number = service.numeric_id(client_id);
    let forgotten = app.store.forget_deleted(service.id, client_id, number, origin).await?;
    if forgotten { Ok(()) } else { Err(Error::UnknownClient) }
}

fn admit(policy: &Policy, mut metadata: ClientMetadata) -> Result<VerifiedMetadata, Error> {
    policy.bound_sizes(&metadata)?;
    metadata.others.retain(|name, _| policy.custom_members.contains(name));
    verify(metadata, rules(policy, Strictness::Operator))
}

/// What a front door keeps for operators is bounded, for an item of the table is.
fn bound_sizes(settings: &OperatorSettings) -> Result<(), Invalid> {
    let long = settings.others.iter().find(|(_, value)| value.to_string().len() > MAX_MEMBER_BYTES);
    match long {
        Some((member, _)) => Err(Invalid::TooLong { member: member.clone(), limit: MAX_MEMBER_BYTES, unit: "bytes" }),
        None => Ok(()),
    }
}

/// RFC 6749 §4.4: the client credentials grant is for confidential clients only.
fn checked_type(asked: Option<ClientType>, source: Source, metadata: &VerifiedMetadata) -> Result<ClientType, Invalid> {
    let client_type = asked.unwrap_or_else(|| client_type(source, metadata));
    if client_type == ClientType::Public && metadata.grant_types().contains(&GrantType::ClientCredentials) {
        return Err(Invalid::requires("grant_types \"client_credentials\"", "a confidential client"));
    }
    Ok(client_type)
}

/// The kinds of names that one client of a service with that policy has and no other, whoever gives it such a name.
const fn unique(policy: &Policy) -> &'static [ClaimKind] {
    if policy.software_id_once { &ClaimKind::ALL } else { &[ClaimKind::Alias] }
}

/// Aliases, identifiers and numbers are one namespace.
async fn alias_is_no_client_id(context: &Context<'_>, client: &RegisteredClient) -> Result<(), Error> {
    let Some(alias) = &client.record.settings.alias else { return Ok(()) };
    let Context { app, service, .. } = context;
    match app.store.client(service.id, service.numeric_id(alias)).await? {
        Some(other) if other.client_id == *alias => Err(Error::Claimed(ClaimKind::Alias)),
        _ => Ok(()),
    }
}

/// Makes a change of the client as it was read and, if another change wins, once more of what that has made of it.
async fn once_more<T, F: Future<Output = Result<T, Error>>>(
    context: &Context<'_>,
    client: RegisteredClient,
    change: impl Fn(RegisteredClient) -> F,
) -> Result<T, Error> {
    let numeric_id = client.numeric_id;
    match change(client).await {
        Err(Error::Contention) => {
            let client = context.app.store.client(context.service.id, numeric_id).await?;
            change(client.ok_or(Error::UnknownClient)?).await
        }
        outcome => outcome,
    }
}

fn step(context: &Context<'_>, client: &mut RegisteredClient) {
    client.version = client.version.saturating_add(1);
    client.record.modified_at_millis = context.app.clock.now_millis();
    // Whom an operator has decided about is nobody's to let go.
    client.record.anonymous = false;
}

fn information(client: RegisteredClient, client_secret: Option<ClientSecret>) -> ClientInformation {
    ClientInformation::new(client, client_secret, None)
}
