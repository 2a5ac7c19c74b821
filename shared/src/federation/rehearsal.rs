//! What a registration of an entity would come to, check by check; nobody is registered.

use super::discovery::Discovery;
use super::entity_id::EntityId;
use super::error::Error;
use super::provider::Provider;
use super::registration::offers_automatic;
use super::relying_party::{RelyingParty, check_automatic};
use super::trust_chain::TrustChain;
use crate::client::Source;
use crate::metadata::VerifiedMetadata;
use crate::policy::BoundPolicy;
use crate::registry::{self, Context, Scrutiny};

/// A registration that did not happen.
#[derive(Default)]
pub struct Rehearsal {
    /// The chain that was found.
    pub chain: Option<TrustChain>,
    /// What would be registered.
    pub registered: Option<VerifiedMetadata>,
    /// Why it ends where it does.
    pub fault: Option<Error>,
    /// How many of the [checks](CHECKS) were passed.
    pub passed: usize,
}

/// The checks, in their order: the service is set up for federations; a chain leads to one of its trust anchors; its
/// subject is a relying party, as superiors allow; the service's policy and the specifications take it; superiors take what
/// is made of it.
pub const CHECKS: [&str; 5] = ["set_up", "trust_chain", "relying_party", "policy", "metadata_policy"];

/// Registers nothing: says how far an entity would come that asks for its registration now, or is named by a request. What
/// is fetched for it is kept as for a registration.
pub async fn rehearse(context: &Context<'_>, base_url: &str, entity: &EntityId) -> Rehearsal {
    let mut rehearsal = Rehearsal::default();
    if let Err(fault) = try_all(context, base_url, entity, &mut rehearsal).await {
        rehearsal.fault = Some(fault);
    }
    rehearsal
}

async fn try_all(
    context: &Context<'_>,
    base_url: &str,
    entity: &EntityId,
    rehearsal: &mut Rehearsal,
) -> Result<(), Error> {
    let provider = Provider::of(context.app, context.service, base_url).await?;
    provider.check_trust_anchors()?;
    if entity == provider.entity_id() {
        return Err(Error::ItsOwn);
    }
    rehearsal.passed += 1;
    let (anchors, ports) = (provider.trust_anchors(), provider.ports());
    let mut discovery = Discovery::new(context.app, context.service.id, anchors, ports, context.fetching_ends);
    let chain = &*rehearsal.chain.insert(discovery.chain_to(entity).await?);
    rehearsal.passed += 1;
    let mut party = RelyingParty::of(chain)?;
    let source = if offers_automatic(context) { Source::FederationAutomatic } else { Source::FederationExplicit };
    if source == Source::FederationAutomatic {
        party.authenticate_with_keys();
    }
    rehearsal.passed += 1;
    let (sent, bound) = (party.metadata.clone(), BoundPolicy::default());
    let admitted = registry::admit(context, source, sent, &bound, Scrutiny::Whole, &mut "").await?;
    if source == Source::FederationAutomatic {
        check_automatic(admitted.metadata()).map_err(crate::Error::from)?;
    }
    rehearsal.passed += 1;
    party.holds(entity.as_str(), admitted.metadata()).map_err(super::trust_chain::ChainFault::Policy)?;
    rehearsal.passed += 1;
    rehearsal.registered = Some(admitted.metadata().clone());
    Ok(())
}
