//! Registration with a trust chain (§12): explicit, at the relying party's request, and automatic.

use serde_json::{Map, Value};

use super::DOOR;
use super::discovery::Discovery;
use super::entity_id::EntityId;
use super::error::Error;
use super::provider::{AUTOMATIC, EXPLICIT, Provider, offers};
use super::relying_party::{RelyingParty, check_automatic};
use super::statement::{EntityStatement, Kind, StatementFault};
use super::trust_chain::{ChainFault, TrustAnchor, TrustChain};
use crate::caller::Registrant;
use crate::client::{ClientInformation, ClientTrustChain, RegisteredClient, Source};
use crate::registry::{self, Attempt, Context, Scrutiny};
use crate::service::RepeatedRegistration;

/// The media type of an answer, without `application/` (§15.8).
pub const REGISTRATION_RESPONSE: &str = "explicit-registration-response+jwt";

/// The largest request, in bytes: a chain is as long as its statements.
pub const MAX_REQUEST_BYTES: usize = 256 * 1024;

/// How old a request may be, in seconds. The last accepted one is remembered with the client and its tombstone.
const MAX_AGE: u64 = 600;

/// What a relying party sends (§12.2.1).
#[derive(Debug, Clone, Copy)]
pub enum Request<'r> {
    /// Its entity configuration.
    EntityConfiguration(&'r str),
    /// Its trust chain, a JSON array that begins with its entity configuration.
    TrustChain(&'r str),
}

/// An explicit registration.
pub struct Registered {
    /// What was registered.
    pub information: ClientInformation,
    /// The answer: a signed statement (§12.2.3).
    pub response: String,
}

/// Registers a relying party at its request (§12.2.2), or counts that it is refused. What it says of itself, its
/// signature, its audience and its time are checked before anything is fetched.
///
/// # Errors
/// [`Error`].
pub async fn register(
    context: &Context<'_>,
    base_url: &str,
    request: Result<Request<'_>, Error>,
) -> Result<Registered, Error> {
    let mut attempt = Attempt::new(DOOR);
    let outcome = match request {
        Ok(request) => Box::pin(try_register(context, base_url, request, &mut attempt)).await,
        Err(error) => Err(error),
    };
    if let Err(error) = &outcome {
        registry::note(context, &error.into(), &attempt).await;
    }
    outcome
}

async fn try_register(
    context: &Context<'_>,
    base_url: &str,
    request: Request<'_>,
    attempt: &mut Attempt,
) -> Result<Registered, Error> {
    let provider = Provider::of(context.app, context.service, base_url).await?;
    if !offers(context.service, EXPLICIT) {
        return Err(Error::NotOffered(EXPLICIT));
    }
    provider.check_trust_anchors()?;
    let now = context.app.clock.now();
    let submitted = Submitted::read(&provider, request, now)?;
    let (issued_at_millis, keys) =
        (submitted.request.issued_at_millis(), submitted.request.claim("jwks").cloned().unwrap_or_default());
    let chain = submitted.chain(context, &provider).await?;
    let party = RelyingParty::of(&chain)?;
    let replaces: &[Source] = match provider.settings().repeated_registration {
        RepeatedRegistration::Replace => &[Source::FederationExplicit, Source::FederationAutomatic],
        RepeatedRegistration::Refuse => &[Source::FederationAutomatic],
    };
    let registrant = registrant(&chain, context, replaces, Some(issued_at_millis));
    attempt.sent = party.metadata.to_members();
    let source = Source::FederationExplicit;
    let information = enrol(context, source, &chain, &registrant, &party, &mut attempt.rule).await?;
    let response = respond(&provider, &chain, party, keys, &information, now)?;
    Ok(Registered { information, response })
}

/// Registers a relying party by its entity identifier alone (§12.1), which the authorization server has found in a
/// request that the relying party's own keys will have to verify.
///
/// Whoever has registered it in the meantime has registered it for all.
///
/// # Errors
/// [`Error`].
async fn register_automatically(
    context: &Context<'_>,
    base_url: &str,
    entity: &EntityId,
    attempt: &mut Attempt,
) -> Result<RegisteredClient, Error> {
    if !offers_automatic(context) {
        return Err(Error::NotOffered(AUTOMATIC));
    }
    let provider = Provider::of(context.app, context.service, base_url).await?;
    provider.check_trust_anchors()?;
    if entity == provider.entity_id() {
        return Err(Error::ItsOwn);
    }
    let chain = discovery(context, &provider, provider.trust_anchors()).chain_to(entity).await?;
    let mut party = RelyingParty::of(&chain)?;
    attempt.sent = party.metadata.to_members();
    let types = party.metadata.client_registration_types.as_ref();
    if types.is_some_and(|types| !types.iter().any(|kind| kind == AUTOMATIC)) {
        return Err(Error::NotAutomatic);
    }
    party.authenticate_with_keys();
    let registrant = registrant(&chain, context, &[], None);
    match enrol(context, Source::FederationAutomatic, &chain, &registrant, &party, &mut attempt.rule).await {
        Ok(information) => Ok(information.client),
        Err(Error::Core(error @ (crate::Error::AlreadyRegistered | crate::Error::ClientLocked))) => {
            Ok(registry::find(context, entity.as_str()).await?.ok_or(error)?)
        }
        Err(error) => Err(error),
    }
}

/// Registers what superiors leave of a relying party, if what becomes of it is as they demand.
async fn enrol(
    context: &Context<'_>,
    source: Source,
    chain: &TrustChain,
    registrant: &Registrant,
    party: &RelyingParty,
    rule: &mut &'static str,
) -> Result<ClientInformation, Error> {
    let (sent, bound) = (party.sent(chain), registrant.bound());
    let admitted = registry::admit(context, source, sent, &bound, Scrutiny::Whole, rule).await?;
    if source == Source::FederationAutomatic {
        check_automatic(admitted.metadata()).map_err(crate::Error::from)?;
    }
    party.holds(chain.subject().as_str(), admitted.metadata()).map_err(ChainFault::Policy)?;
    Ok(registry::enrol(context, source, registrant, admitted, Map::new()).await?)
}

/// The subject of a chain, with what is kept of that.
fn registrant(
    chain: &TrustChain,
    context: &Context<'_>,
    replaces: &'static [Source],
    request_issued_at_millis: Option<u64>,
) -> Registrant {
    Registrant::Identified {
        client_id: chain.subject().as_str().to_owned(),
        replaces,
        trust_chain: Some(ClientTrustChain {
            trust_anchor: chain.trust_anchor().as_str().to_owned(),
            statements: chain.to_texts(),
            expires_at: chain.expires_at(),
            resolved_at_millis: context.app.clock.now_millis(),
            request_issued_at_millis,
        }),
    }
}

/// Registers a relying party by its entity identifier, or finds out that it is none of any federation: then nobody is
/// registered. Whoever asks counts what is refused: `attempt` is how far it has come.
///
/// # Errors
/// [`Error`].
pub(crate) async fn register_if_entity(
    context: &Context<'_>,
    base_url: &str,
    entity: &EntityId,
    attempt: &mut Attempt,
) -> Result<Option<RegisteredClient>, Error> {
    attempt.rule = DOOR;
    if offers_automatic(context) {
        return match register_automatically(context, base_url, entity, attempt).await {
            Ok(client) => Ok(Some(client)),
            Err(error) if error.says_no_entity(entity) => Ok(None),
            Err(error) => Err(error),
        };
    }
    let provider = Provider::of(context.app, context.service, base_url).await?;
    let is_entity = discovery(context, &provider, provider.trust_anchors()).publishes(entity).await?;
    if is_entity { Err(Error::NotOffered(AUTOMATIC)) } else { Ok(None) }
}

/// Whether the service registers relying parties by their entity identifiers.
#[must_use]
pub fn offers_automatic(context: &Context<'_>) -> bool {
    context.service.configuration.federation.enabled && offers(context.service, AUTOMATIC)
}

/// A request that is signed by its subject, meant for this provider, and young.
struct Submitted {
    request: EntityStatement,
    /// The statements above it, if a chain was sent.
    superiors: Option<Vec<EntityStatement>>,
    /// The chain of this provider, if it was sent.
    peer: Option<Vec<EntityStatement>>,
}

impl Submitted {
    fn read(provider: &Provider<'_>, request: Request<'_>, now: u64) -> Result<Self, Error> {
        let kind = Kind::RegistrationRequest { provider: provider.entity_id() };
        let (Request::EntityConfiguration(text) | Request::TrustChain(text)) = request;
        if text.len() > MAX_REQUEST_BYTES {
            return Err(Error::TooLarge { limit: MAX_REQUEST_BYTES });
        }
        let submitted = match request {
            Request::EntityConfiguration(text) => {
                let request = EntityStatement::read(text.trim(), kind, now)?;
                let party = Kind::Hint { provider: provider.entity_id() };
                let superiors = chain_header(&request, "trust_chain", party, now, Error::Chain)?;
                let peer = chain_header(&request, "peer_trust_chain", Kind::Configuration, now, Error::PeerChain)?;
                if peer.is_some() && superiors.is_none() {
                    return Err(Error::Header { parameter: "peer_trust_chain", reason: "stands without trust_chain" });
                }
                // The first of a chain in the header shows the way only: the request itself takes its place.
                let superiors = superiors.map(|chain| above(&request, chain)).transpose()?;
                Self { request, superiors, peer }
            }
            Request::TrustChain(text) => {
                let texts: Vec<String> = serde_json::from_str(text).map_err(|_| ChainFault::NotAList)?;
                let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
                let mut statements = TrustChain::read(&texts, kind, now).map_err(of_request)?.into_iter();
                let request = statements.next().ok_or(ChainFault::Length)?;
                if let Some(parameter) =
                    ["trust_chain", "peer_trust_chain"].into_iter().find(|name| request.header(name).is_some())
                {
                    return Err(Error::Header { parameter, reason: "stands in a trust chain" });
                }
                Self { request, superiors: Some(statements.collect()), peer: None }
            }
        };
        if submitted.request.subject() == provider.entity_id() {
            return Err(Error::ItsOwn);
        }
        if !submitted.request.subject().stands_in_a_path() {
            let reason = "has a percent sign or a dot segment, with which nobody could look it up";
            return Err(StatementFault::Claim { claim: "sub", reason }.into());
        }
        submitted.request.verify(submitted.request.keys())?;
        if submitted.request.issued_at_millis() < now.saturating_sub(MAX_AGE).saturating_mul(1000) {
            return Err(Error::Old(MAX_AGE));
        }
        Ok(submitted)
    }

    /// The chain that was sent, or one that is found.
    async fn chain(self, context: &Context<'_>, provider: &Provider<'_>) -> Result<TrustChain, Error> {
        let Some(superiors) = self.superiors else {
            let anchors = anchors(context, provider, self.request.subject()).await?;
            return discovery(context, provider, &anchors).chain_of(self.request).await;
        };
        let statements = [self.request].into_iter().chain(superiors).collect();
        let chain = TrustChain::validate(statements, provider.trust_anchors())?;
        if let Some(peer) = self.peer {
            let begins = peer.first().map(|first| first.subject().clone());
            if begins.as_ref() != Some(provider.entity_id()) {
                return Err(Error::Header { parameter: "peer_trust_chain", reason: "does not begin at this provider" });
            }
            let peer = TrustChain::validate(peer, provider.trust_anchors()).map_err(Error::PeerChain)?;
            if peer.trust_anchor() != chain.trust_anchor() {
                return Err(Error::PeerTrustAnchor(peer.trust_anchor().clone()));
            }
        }
        Ok(chain)
    }
}

fn discovery<'a>(context: &Context<'a>, provider: &'a Provider<'_>, anchors: &'a [TrustAnchor]) -> Discovery<'a> {
    Discovery::new(context.app, context.service.id, anchors, provider.ports(), context.fetching_ends)
}

/// The trust anchors that a chain of an entity may lead to: one that is registered keeps its own.
async fn anchors(context: &Context<'_>, provider: &Provider<'_>, entity: &EntityId) -> Result<Vec<TrustAnchor>, Error> {
    let registered =
        registry::find(context, entity.as_str()).await?.filter(|client| client.client_id == entity.as_str());
    let kept = registered.and_then(|client| client.record.trust_chain).map(|chain| chain.trust_anchor);
    let all = provider.trust_anchors();
    let own = all.iter().filter(|anchor| Some(anchor.entity_id.as_str()) == kept.as_deref());
    let own: Vec<TrustAnchor> = own.cloned().collect();
    Ok(if own.is_empty() { all.to_vec() } else { own })
}

/// The chain in a header parameter (§4.3, §4.4).
fn chain_header(
    request: &EntityStatement,
    parameter: &'static str,
    first: Kind<'_>,
    now: u64,
    refused: fn(ChainFault) -> Error,
) -> Result<Option<Vec<EntityStatement>>, Error> {
    let Some(chain) = request.header(parameter) else { return Ok(None) };
    let texts: Option<Vec<&str>> = chain.as_array().and_then(|texts| texts.iter().map(Value::as_str).collect());
    let texts = texts.ok_or(Error::Header { parameter, reason: "is not a list of statements" })?;
    TrustChain::read(&texts, first, now).map(Some).map_err(refused)
}

/// What is wrong with the first statement of a chain that is sent is wrong with the request.
fn of_request(fault: ChainFault) -> Error {
    match fault {
        ChainFault::Unreadable { index: 0, fault } => Error::Request(fault),
        fault => Error::Chain(fault),
    }
}

/// The statements above the subject of a request.
fn above(request: &EntityStatement, chain: Vec<EntityStatement>) -> Result<Vec<EntityStatement>, Error> {
    let mut statements = chain.into_iter();
    match statements.next() {
        Some(first) if first.subject() == request.subject() => Ok(statements.collect()),
        _ => Err(Error::Header { parameter: "trust_chain", reason: "does not begin at the relying party" }),
    }
}

/// The answer to an explicit registration (§12.2.3). It has the entity types of the request that superiors allow: the
/// relying party compares them (§12.2.5).
fn respond(
    provider: &Provider<'_>,
    chain: &TrustChain,
    party: RelyingParty,
    keys: Value,
    information: &ClientInformation,
    now: u64,
) -> Result<String, Error> {
    let subject = information.client.client_id.as_str();
    let claims = [
        ("sub", subject.into()),
        ("aud", subject.into()),
        ("trust_anchor", chain.trust_anchor().as_str().into()),
        ("authority_hints", [chain.immediate_superior().as_str()].as_slice().into()),
        ("jwks", keys),
        ("metadata", party.into_metadata(information.to_members()).into()),
    ];
    let claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let expires_at = information.client.expires_at.unwrap_or_else(|| chain.expires_at());
    provider.sign(REGISTRATION_RESPONSE, claims, now, expires_at)
}
