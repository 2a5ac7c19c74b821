//! Register, read, update, delete (RFC 7591 §3, RFC 7592 §2).

mod admission;
mod enrolment;
pub mod identity_center;
mod merging;
mod refusals;
mod rehearsal;
pub(crate) mod remote;
mod sample;
pub(crate) mod secret;
mod statement;
mod trail;

use std::time::{Duration, Instant};

use serde_json::{Map, Value};

pub use admission::strictness;
pub(crate) use admission::{Admitted, Scrutiny, admit, rules, settle_document, vouched};
pub(crate) use enrolment::{
    MINTING_ATTEMPTS, claimed, client_type, enrol, requestable_scopes, within_the_developers_share,
};
pub(crate) use refusals::{Attempt, note, note_look_up, read as read_members};
pub use refusals::{OWN_TOKEN, Operation, Reason, shut_out, turned_away, turned_away_within};
pub use rehearsal::{Refused, Rehearsal, Requirement, Surroundings, protection, rehearse};
pub(crate) use rehearsal::{keep_heeded_statement, requirements};
pub use sample::stand_in;
pub(crate) use statement::RULE as SOFTWARE_STATEMENTS;
pub(crate) use trail::{Begins, Sent, Trail};

use crate::app::App;
use crate::caller::{Owner, Registrant};
use crate::client::{ClientInformation, ClientRecord, RegisteredClient, Source};
use crate::credentials::{ClientSecret, Token, TokenKind};
use crate::error::{Error, StatementFault};
use crate::metadata::{Invalid, ServerSet, Submitted, VerifiedMetadata};
use crate::origin::Origin;
use crate::policy::{BoundPolicy, Policy, Rotation};
use crate::service::Service;
use crate::store::Deleter;

/// The rule by which what was sent is no registration.
const AS_SENT: &str = "as sent";

/// The rule by which a name is somebody else's.
const NAMES: &str = "names";

/// How long fetching may take inside one registration, in all.
pub const FETCHING: Duration = Duration::from_secs(3);

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

impl Context<'_> {
    /// What a trial meets there.
    #[must_use]
    pub fn surroundings(&self) -> Surroundings<'_> {
        Surroundings { fetch: &self.app.fetch, audiences: &self.audiences }
    }
}

/// Registers a client (RFC 7591 §3.1), or counts that it is refused; what is refused before, [`turned_away`] counts.
///
/// # Errors
/// What the metadata, the policy, the software statement or the initial access token is refused for;
/// [`Error::Unavailable`], [`Error::Internal`].
pub async fn register(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    submitted: &Submitted,
) -> Result<ClientInformation, Error> {
    let mut rule = "dynamic_registration";
    let outcome = try_register(context, source, registrant, submitted, &mut rule).await;
    if let Err(error) = &outcome {
        // Others were faster with an initial access token of so many uses.
        let rule = if matches!(error, Error::SpentToken(_)) { "registration" } else { rule };
        let sent = as_judged(context, submitted, rule);
        note(context, &error.into(), &Attempt { sent, ..Attempt::new(rule) }).await;
    }
    outcome
}

/// What of a registration that rule was asked about: once its software statement is known to be good, what that makes of it.
fn as_judged(context: &Context<'_>, submitted: &Submitted, rule: &str) -> Map<String, Value> {
    let sent = &submitted.metadata;
    match rule {
        SOFTWARE_STATEMENTS => sent.to_members(),
        _ => statement::overruled(sent, context.service.policy()).to_members(),
    }
}

/// As [`register`]; `rule` is the one that was asked last.
async fn try_register(
    context: &Context<'_>,
    source: Source,
    registrant: &Registrant,
    submitted: &Submitted,
    rule: &mut &'static str,
) -> Result<ClientInformation, Error> {
    if !context.service.policy().dynamic_registration {
        return Err(Error::RegistrationClosed);
    }
    let (sent, bound) = (Sent::to_register(submitted), registrant.bound());
    let admitted = match admit(context, source, sent, &bound, Scrutiny::Whole, rule).await {
        Err(refusal) if *rule == NAMES => {
            return Box::pin(merging::vouched(context, source, registrant, submitted)).await?.ok_or(refusal);
        }
        admitted => admitted?,
    };
    match merging::identifier(context, source, registrant, &admitted, &submitted.kept) {
        Some(client_id) => {
            match Box::pin(merging::register(context, source, client_id, admitted.clone())).await {
                // An operator has made it somebody's: who comes now has a client of its own.
                Err(Error::AlreadyRegistered) => {
                    enrol(context, source, registrant, admitted, submitted.kept.clone()).await
                }
                outcome => outcome,
            }
        }
        None => enrol(context, source, registrant, admitted, submitted.kept.clone()).await,
    }
}

/// Registers a client on its registrant's behalf, as operators do: by the same rules, also where clients may not register
/// themselves.
///
/// # Errors
/// As [`register`].
pub async fn register_for(context: &Context<'_>, submitted: &Submitted) -> Result<ClientInformation, Error> {
    let (sent, bound) = (Sent::to_register(submitted), BoundPolicy::default());
    let (source, registrant) = (Source::Operator, Registrant::Anonymous);
    let admitted = admit(context, source, sent, &bound, Scrutiny::Vouched, &mut "").await?;
    remote::check(context, &admitted.metadata).await?;
    let client = enrolment::new_client(context, source, &registrant, admitted, Map::new());
    within_the_developers_share(context, &client).await?;
    enrolment::register_minted(context, client, &registrant).await
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
/// unknown client and a deleted one are the same error. Who may not is counted by its door, as far as it may ask: to read
/// costs no write, and to count does.
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
    let client = may_manage(context, found, client_id, owner)?;
    let client = match first_use(context, client, owner).await {
        // Somebody has changed the client at the same time, and may have made another token in the place of this one.
        Err(Error::Contention) => {
            let found = find_own(context, client_id).await?;
            first_use(context, may_manage(context, found, client_id, owner)?, owner).await?
        }
        outcome => outcome?,
    };
    let client_secret = secret::open(context, &client).await?;
    Ok(ClientInformation::new(client, client_secret, owner.token().cloned()))
}

/// The first use of a token that an update has answered ends the one before it, so that nobody is told of a token that works
/// whose place another update takes.
async fn first_use(context: &Context<'_>, client: RegisteredClient, owner: &Owner) -> Result<RegisteredClient, Error> {
    let is_next = |token: &Token| client.next_registration_access_token == Some(token.hash());
    if !owner.token().is_some_and(is_next) {
        return Ok(client);
    }
    let mut used = client;
    used.version = used.version.saturating_add(1);
    only_token(&mut used, owner.token());
    context.app.store.replace_client(&used, &[], &context.origin).await?;
    Ok(used)
}

/// From now on the client is managed with that token and with no other.
fn only_token(client: &mut RegisteredClient, token: Option<&Token>) {
    client.registration_access_token = token.map(Token::hash);
    client.next_registration_access_token = None;
}

/// Replaces a client's registration (RFC 7592 §2.2), or counts that it is refused. If another update wins, this one is
/// tried once more on the new state.
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
    let mut rule = rule_of_owners(context, owner);
    let is_there = found.is_some();
    let outcome = match replace(context, found, client_id, owner, submitted, &mut rule).await {
        Err(Error::Contention) => {
            let found = find_own(context, client_id).await?;
            rule = rule_of_owners(context, owner);
            replace(context, found, client_id, owner, submitted, &mut rule).await
        }
        outcome => outcome,
    };
    if let Err(error) = &outcome {
        let (operation, sent) = (Operation::Update, as_judged(context, submitted, rule));
        // Who may not manage it may have guessed its name.
        let is_owner = !matches!(error, Error::InvalidToken | Error::UnknownClient | Error::ClientEnded);
        let client_id = (is_there && is_owner).then(|| client_id.to_owned());
        note(context, &error.into(), &Attempt { operation, sent, client_id, ..Attempt::new(rule) }).await;
    }
    outcome
}

/// The rule by which somebody is no owner.
fn rule_of_owners(context: &Context<'_>, owner: &Owner) -> &'static str {
    match owner {
        Owner::Token(_) => OWN_TOKEN,
        Owner::Identity(_) => context.origin.door,
    }
}

/// As [`update`], of a body that cannot be read: nobody learns anything about it before the token is known to be right.
pub async fn unreadable(
    context: &Context<'_>,
    found: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
    (fault, body): (Invalid, &[u8]),
) -> Error {
    let (rule, error) = match read(context, found, client_id, owner).await {
        Err(error) => (rule_of_owners(context, owner), error),
        Ok(_) => (AS_SENT, fault.into()),
    };
    turned_away(context, Operation::Update, rule, &error, body).await;
    error
}

/// As [`update`]; `rule` is the one that was asked last.
async fn replace(
    context: &Context<'_>,
    found: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
    submitted: &Submitted,
    rule: &mut &'static str,
) -> Result<ClientInformation, Error> {
    let mut client = may_manage(context, found, client_id, owner)?;
    *rule = AS_SENT;
    let client_secret = secret::open(context, &client).await?;
    let mut good = Vec::from_iter(client_secret.clone());
    if submitted.server_set.client_secret.is_some() {
        let now = context.app.clock.now();
        good.extend(context.service.previous_secret_of(&context.app.keys, &client, now).await?);
    }
    own_members(&submitted.server_set, &client, &good)?;
    let policy = context.service.policy();
    let admitted = readmit(context, &client, Sent::to_replace(submitted), rule).await?;
    remote::check_new(context, admitted.metadata(), &client.record.metadata).await?;
    let before = client.clone();
    let renamed = admitted.metadata().rest().software_id != client.record.metadata.rest().software_id;
    reopen_approval(context, &mut client, admitted.metadata());
    become_what_was_admitted(policy, &mut client, admitted);
    client.record.settings.others.extend(submitted.kept.clone());
    let token = rotate_token(context, &mut client, owner.token())?;
    // What is so already is no change.
    if client == before && !secret::is_lacking(context, &client) && !secret::is_ending(context, &client) {
        return Ok(ClientInformation::new(client, client_secret, token));
    }
    client.record.modified_at_millis = context.app.clock.now_millis();
    client.version = client.version.saturating_add(1);
    let client_secret = secret::keep_or_replace(context, &mut client, client_secret).await?;
    let claimed = if renamed { claimed(policy, client.source) } else { &[] };
    context.app.store.replace_client(&client, claimed, &context.origin).await?;
    Ok(ClientInformation::new(client, client_secret, token))
}

/// What a client sends may be registered in the place of what it has.
async fn readmit(
    context: &Context<'_>,
    client: &RegisteredClient,
    sent: Sent,
    rule: &mut &'static str,
) -> Result<Admitted, Error> {
    let ClientRecord { settings, metadata, .. } = &client.record;
    let scrutiny = if settings.vouched { Scrutiny::VouchedAs(metadata) } else { Scrutiny::Whole };
    let admitted = admit(context, client.source, sent, &client.record.bound, scrutiny, rule).await?;
    if client.record.software.is_some() && admitted.software != client.record.software {
        return Err(StatementFault::OtherSoftware.into());
    }
    Ok(admitted)
}

/// What operators have approved is what it was: anything else waits again, and what waits does so no longer than it did.
fn reopen_approval(context: &Context<'_>, client: &mut RegisteredClient, admitted: &VerifiedMetadata) {
    if *admitted != client.record.metadata && client.source.is_registrants_to_change() {
        let policy = context.service.policy();
        client.pending_until = client.pending_until.or(policy.end_of_pending(context.app.clock.now()));
    }
}

fn become_what_was_admitted(policy: &Policy, client: &mut RegisteredClient, admitted: Admitted) {
    let Admitted { metadata, software, changes, vouched } = admitted;
    client.record.client_type = client_type(client.source, &metadata);
    if policy.scope_is_requestable {
        client.record.settings.requestable_scopes = requestable_scopes(policy, &metadata);
    }
    client.record.metadata = metadata;
    client.record.software = software;
    client.record.changes = changes;
    client.record.settings.vouched = vouched;
}

/// The token that the registrant has from now on, as the policy says.
fn rotate_token(
    context: &Context<'_>,
    client: &mut RegisteredClient,
    presented: Option<&Token>,
) -> Result<Option<Token>, Error> {
    let mint = || Token::mint(TokenKind::RegistrationAccess, &context.app.entropy);
    let token = match (presented, context.service.policy().token_rotation) {
        (Some(presented), Rotation::Grace) => {
            let next = mint()?;
            client.registration_access_token = Some(presented.hash());
            client.next_registration_access_token = Some(next.hash());
            return Ok(Some(next));
        }
        (Some(_), Rotation::OnUpdate) => Some(mint()?),
        (presented, _) => presented.cloned(),
    };
    only_token(client, token.as_ref());
    Ok(token)
}

/// Deletes a client (RFC 7592 §2.3), or counts that it is refused. Its token and its secret die with it.
///
/// # Errors
/// As [`read`].
pub async fn delete(context: &Context<'_>, client_id: &str, owner: &Owner) -> Result<(), Error> {
    let outcome = try_delete(context, client_id, owner).await;
    if let Err(error) = &outcome {
        turned_away(context, Operation::Delete, rule_of_owners(context, owner), error, &[]).await;
    }
    outcome
}

/// As [`delete`].
async fn try_delete(context: &Context<'_>, client_id: &str, owner: &Owner) -> Result<(), Error> {
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

fn may_manage(
    context: &Context<'_>,
    client: Option<RegisteredClient>,
    client_id: &str,
    owner: &Owner,
) -> Result<RegisteredClient, Error> {
    let now = context.app.clock.now();
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
            client.filter(|client| client.source == *source && !client.has_ended(now)).ok_or(Error::UnknownClient)?
        }
    };
    if client.has_ended(now) {
        return Err(Error::ClientEnded);
    }
    if client.locked { Err(Error::ClientLocked) } else { Ok(client) }
}

/// RFC 7592 §2.2: an update names its client, shows one of its secrets if any, and carries nothing else that is the
/// server's to set.
fn own_members(sent: &ServerSet, client: &RegisteredClient, secrets: &[ClientSecret]) -> Result<(), Invalid> {
    if let Some(&member) = sent.forbidden.first() {
        return Err(Invalid::ServerSet { member });
    }
    match &sent.client_id {
        None => return Err(Invalid::requires("an update", "client_id")),
        Some(client_id) if *client_id != client.client_id => return Err(Invalid::Mismatch { member: "client_id" }),
        Some(_) => {}
    }
    match &sent.client_secret {
        Some(presented) if !secrets.iter().any(|secret| secret.matches(presented)) => {
            Err(Invalid::Mismatch { member: "client_secret" })
        }
        _ => Ok(()),
    }
}
