//! Registration with a trust chain (§12): explicit, at the relying party's request, and automatic.

use serde_json::{Map, Value};

use super::discovery::Discovery;
use super::entity_id::EntityId;
use super::error::Error;
use super::provider::{AUTOMATIC, EXPLICIT, Provider, offers};
use super::statement::{EntityStatement, Kind, OPENID_RELYING_PARTY, StatementFault};
use super::trust_chain::{ChainFault, TrustChain};
use crate::caller::Registrant;
use crate::client::{ClientInformation, ClientTrustChain, RegisteredClient, Source};
use crate::metadata::{AuthMethod, ClientMetadata};
use crate::registry::{self, Context};
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

/// Registers a relying party at its request (§12.2.2). What it says of itself, its signature, its audience and its
/// time are checked before anything is fetched.
///
/// # Errors
/// [`Error`].
pub async fn register(context: &Context<'_>, base_url: &str, request: Request<'_>) -> Result<Registered, Error> {
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
    let metadata = relying_party(&chain)?;
    let replaces: &[Source] = match provider.settings().repeated_registration {
        RepeatedRegistration::Replace => &[Source::FederationExplicit, Source::FederationAutomatic],
        RepeatedRegistration::Refuse => &[Source::FederationAutomatic],
    };
    let registrant = Registrant::Identified {
        client_id: chain.subject().as_str().to_owned(),
        replaces,
        trust_chain: Some(kept(&chain, context, Some(issued_at_millis))),
    };
    let information =
        registry::register(context, Source::FederationExplicit, &registrant, metadata, Map::new()).await?;
    let response = respond(&provider, &chain, keys, &information, now)?;
    Ok(Registered { information, response })
}

/// Registers a relying party by its entity identifier alone (§12.1), which the authorization server has found in a
/// request that the relying party's own keys will have to verify.
///
/// Whoever has registered it in the meantime has registered it for all.
///
/// # Errors
/// [`Error`].
pub async fn register_automatically(
    context: &Context<'_>,
    base_url: &str,
    entity: &EntityId,
) -> Result<RegisteredClient, Error> {
    if !offers_automatic(context) {
        return Err(Error::NotOffered(AUTOMATIC));
    }
    let provider = Provider::of(context.app, context.service, base_url).await?;
    provider.check_trust_anchors()?;
    let mut discovery = discovery(context, &provider);
    let chain = discovery.chain_to(entity).await?;
    let mut metadata = relying_party(&chain)?;
    if metadata.client_registration_types.as_ref().is_some_and(|types| !types.iter().any(|kind| kind == AUTOMATIC)) {
        return Err(Error::NotAutomatic);
    }
    authenticate_with_keys(&mut metadata);
    let registrant = Registrant::Identified {
        client_id: entity.as_str().to_owned(),
        replaces: &[],
        trust_chain: Some(kept(&chain, context, None)),
    };
    match registry::register(context, Source::FederationAutomatic, &registrant, metadata, Map::new()).await {
        Ok(information) => Ok(information.client),
        Err(error @ (crate::Error::AlreadyRegistered | crate::Error::ClientLocked)) => {
            Ok(registry::find(context, entity.as_str()).await?.ok_or(error)?)
        }
        Err(error) => Err(error.into()),
    }
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
                let superiors = chain_header(&request, "trust_chain", now, Error::Chain)?;
                let peer = chain_header(&request, "peer_trust_chain", now, Error::PeerChain)?;
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
            return discovery(context, provider).chain_of(self.request).await;
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

fn discovery<'a>(context: &Context<'a>, provider: &'a Provider<'_>) -> Discovery<'a> {
    Discovery::new(context.app, context.service.id, provider.trust_anchors(), context.fetching_ends)
}

/// The chain in a header parameter (§4.3, §4.4).
fn chain_header(
    request: &EntityStatement,
    parameter: &'static str,
    now: u64,
    refused: fn(ChainFault) -> Error,
) -> Result<Option<Vec<EntityStatement>>, Error> {
    let Some(chain) = request.header(parameter) else { return Ok(None) };
    let texts: Option<Vec<&str>> = chain.as_array().and_then(|texts| texts.iter().map(Value::as_str).collect());
    let texts = texts.ok_or(Error::Header { parameter, reason: "is not a list of statements" })?;
    TrustChain::read(&texts, Kind::Configuration, now).map(Some).map_err(refused)
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

/// What superiors leave of the relying party's metadata.
fn relying_party(chain: &TrustChain) -> Result<ClientMetadata, Error> {
    let mut metadata = chain.resolved_metadata().map_err(ChainFault::Policy)?;
    match metadata.remove(OPENID_RELYING_PARTY) {
        Some(Value::Object(members)) => Ok(ClientMetadata::from_members(members).map_err(crate::Error::from)?),
        _ => Err(Error::NoRelyingParty),
    }
}

/// There is nobody to give a secret to (§12.1): of the methods that the relying party supports those without one are
/// left to choose from, and one that names none has `private_key_jwt`.
fn authenticate_with_keys(metadata: &mut ClientMetadata) {
    let supported = metadata.others.get_mut("token_endpoint_auth_methods_supported").and_then(Value::as_array_mut);
    if let Some(supported) = supported {
        let uses_secret = |name: &str| AuthMethod::parse(name).is_some_and(AuthMethod::uses_secret);
        supported.retain(|method| !method.as_str().is_some_and(uses_secret));
    } else {
        let method = &mut metadata.token_endpoint_auth_method;
        method.get_or_insert_with(|| AuthMethod::PrivateKeyJwt.as_str().to_owned());
    }
}

/// What is kept of the chain beside the client.
fn kept(chain: &TrustChain, context: &Context<'_>, request_issued_at_millis: Option<u64>) -> ClientTrustChain {
    ClientTrustChain {
        trust_anchor: chain.trust_anchor().as_str().to_owned(),
        statements: chain.to_texts(),
        expires_at: chain.expires_at(),
        resolved_at_millis: context.app.clock.now_millis(),
        request_issued_at_millis,
    }
}

/// The answer to an explicit registration (§12.2.3).
fn respond(
    provider: &Provider<'_>,
    chain: &TrustChain,
    keys: Value,
    information: &ClientInformation,
    now: u64,
) -> Result<String, Error> {
    let subject = information.client.client_id.as_str();
    let mut metadata = Map::new();
    metadata.insert(OPENID_RELYING_PARTY.to_owned(), information.to_members().into());
    let claims = [
        ("sub", subject.into()),
        ("aud", subject.into()),
        ("trust_anchor", chain.trust_anchor().as_str().into()),
        ("authority_hints", [chain.immediate_superior().as_str()].as_slice().into()),
        ("jwks", keys),
        ("metadata", metadata.into()),
    ];
    let claims = claims.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    let expires_at = information.client.expires_at.unwrap_or_else(|| chain.expires_at());
    provider.sign(REGISTRATION_RESPONSE, claims, now, expires_at)
}
