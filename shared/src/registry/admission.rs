//! Whether metadata may be registered: statement, what the service announces, policy, RFC.

use std::borrow::Cow;

use super::{Begins, Context, Sent, Trail, statement};
use crate::client::{SoftwareIdentity, Source};
use crate::error::Error;
use crate::metadata::{AuthMethod, Changes, ClientMetadata, Rules, Strictness, VerifiedMetadata, verify};
use crate::policy::{BoundPolicy, Conduct, Offer, Policy, Scopes, Unoffered};
use crate::service::{Service, ServiceConfiguration};

/// Metadata that may be registered, unless something that has to be fetched for it says otherwise.
#[derive(Clone)]
pub(crate) struct Admitted {
    pub(super) metadata: VerifiedMetadata,
    pub(super) software: Option<SoftwareIdentity>,
    /// What has become of what was sent.
    pub(super) changes: Changes,
    /// Whether an operator vouches for its names.
    pub(super) vouched: bool,
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
    sent: Sent,
    bound: &BoundPolicy,
    scrutiny: Scrutiny<'_>,
    rule: &mut &'static str,
) -> Result<Admitted, Error> {
    *rule = statement::RULE;
    let mut trail = Trail::new(rule, sent.metadata.clone(), sent.changes);
    let (metadata, software) = statement::overlay(context, source, sent.metadata).await?;
    let Service { configuration, .. } = context.service;
    let vouched = match scrutiny {
        Scrutiny::Whole => false,
        Scrutiny::Vouched => true,
        Scrutiny::VouchedAs(earlier) => metadata.is_known_as(&earlier.to_metadata()),
    };
    let whole = context.service.policy();
    let policy = if vouched { whole.with_names_vouched() } else { Cow::Borrowed(whole) };
    let begins = &mut |begun, found: &_| {
        trail.begin(begun, found);
        *rule = begun;
    };
    let metadata = settle(configuration, &policy, source, metadata, bound, begins)?;
    let changes = trail.ended(&metadata).kept();
    Ok(Admitted { metadata, software, changes, vouched })
}

/// Whether names are suspected.
#[derive(Clone, Copy)]
pub(crate) enum Scrutiny<'a> {
    /// They are, as all that a stranger says.
    Whole,
    /// An operator vouches for them.
    Vouched,
    /// An operator has vouched for those of that client: for the same ones, as long as it leads people nowhere else.
    VouchedAs(&'a VerifiedMetadata),
}

/// What the service announces, its policy for documents and the RFCs make of the metadata of a document.
pub(crate) fn settle_document(
    configuration: &ServiceConfiguration,
    policy: &Policy,
    metadata: ClientMetadata,
    begins: Begins<'_>,
) -> Result<VerifiedMetadata, Error> {
    settle(configuration, policy, Source::MetadataDocument, metadata, &BoundPolicy::default(), begins)
}

/// A document's metadata with what a software statement of somebody whom the service trusts says of it.
pub(crate) async fn vouched(context: &Context<'_>, metadata: ClientMetadata) -> Result<ClientMetadata, Error> {
    statement::overlay(context, Source::MetadataDocument, metadata).await.map(|(metadata, _)| metadata)
}

/// What the service announces, its policy and the RFCs make of metadata; `begins` is told of each rule before it does.
pub(super) fn settle(
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
/// others are offered; to ask Identity Center for a scope that is not offered is an error of its protocol.
fn policy_of(source: Source, policy: &Policy) -> Cow<'_, Policy> {
    match source {
        Source::Stet => {
            let methods = vec![AuthMethod::TlsClientAuth];
            let token_endpoint_auth_methods =
                Offer { offered: methods.clone(), default: methods, unoffered: Unoffered::Drop };
            Cow::Owned(Policy { token_endpoint_auth_methods, ..policy.clone() })
        }
        Source::IdentityCenter if policy.scopes.unoffered == Unoffered::Drop => {
            let scopes = Scopes { unoffered: Unoffered::Refuse, ..policy.scopes.clone() };
            Cow::Owned(Policy { scopes, ..policy.clone() })
        }
        _ => Cow::Borrowed(policy),
    }
}

/// How much of the specifications is asked of clients of that source. Authlete and Identity Center register clients of
/// redirect flows without redirect URIs: their own documents do.
#[must_use]
pub fn strictness(source: Source) -> Strictness {
    match source {
        Source::AuthleteRegistration | Source::IdentityCenter => Strictness::RedirectUrisOptional,
        Source::AuthleteCreate => Strictness::Operator,
        Source::FederationExplicit | Source::FederationAutomatic => Strictness::Federated,
        Source::Oauth | Source::Operator | Source::Stet | Source::MetadataDocument => Strictness::Full,
    }
}
