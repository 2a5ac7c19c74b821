//! Clients that name themselves by the URL of a document that is their registration: OAuth Client ID Metadata Document,
//! draft-ietf-oauth-client-id-metadata-document-03. The sections named in this module are that draft's.
//!
//! A document is fetched when its URL is met first, and again when its copy is no longer fresh; one fetch serves all who
//! wait. The copy is kept as client metadata; what the service's policy makes of it is decided anew for each look-up, by the
//! rules of registration.

mod budgets;
mod document;
mod freshness;
mod identifier;
mod rehearsal;
mod retrieval;
mod unresolved;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use serde_json::{Map, Value};

pub(crate) use budgets::Asked;
pub use budgets::Budgets;
pub use document::read;
pub use identifier::{DocumentUri, UriFault};
pub(crate) use rehearsal::tried;
pub use rehearsal::{Lifetime, Rehearsal, rehearse};
pub use retrieval::{Failure, FailureKind, Retrieved, Seen, Step, Validators, retrieve};
pub use unresolved::Unresolved;

use crate::caller::Permission;
use crate::client::{
    ClientDocument, ClientRecord, ClientType, DocumentCopy, OperatorSettings, RegisteredClient, Source,
};
use crate::error::Error;
use crate::federation::MetadataPolicy;
use crate::metadata::{AuthMethod, Changes, ClientMetadata, GrantType, Invalid, VerifiedMetadata, verify};
use crate::policy::{METADATA_DOCUMENT, MetadataDocuments, Policy, Trust};
use crate::registry::{self, Attempt, Begins, Context, Surroundings, Trail};
use crate::service::{METHODS, Service, ServiceConfiguration};
use crate::store::{DocumentLease, KeptCopy, KeptDocument};
use document::{Refused, choose_method, keep_safe_pages, permit};

/// The draft that this follows.
pub const DRAFT: &str = "draft-ietf-oauth-client-id-metadata-document-03";

/// The member of an authorization server's metadata that says that it resolves such clients (§7).
pub const SUPPORTED: &str = "client_id_metadata_document_supported";

/// The entity type under which a metadata policy speaks of clients (OpenID Federation §5.1.2).
const RELYING_PARTY: &str = "openid_relying_party";

/// After how long somebody else's fetch is looked after first; each further look comes after twice as long.
const LOOKING: Duration = Duration::from_millis(50);

/// How long a reason may be that is kept, in characters.
const LONGEST_REASON: usize = 400;

/// The rule by which URLs are clients.
pub(crate) const RULE: &str = "metadata_documents";

/// The rule by which content is a document at all.
const DOCUMENT: &str = "the document";

/// The rule by which redirects are those of a sector.
const SECTOR: &str = "sector_identifier_uri";

/// How a client is looked for.
#[derive(Debug, Clone, Copy, Default)]
pub struct Wanted {
    /// Whether the copy that is kept is good, however old it is: what was begun with it is brought to its end (code exchange,
    /// refresh, revocation).
    pub kept: bool,
    /// Whether whoever asks may have something fetched.
    pub may_fetch: bool,
    /// Whether the client is to have with it what the rules have changed.
    pub changes: bool,
}

/// Whether the service resolves clients by their documents.
#[must_use]
pub fn is_enabled(service: &Service) -> bool {
    service.policy().opens(METADATA_DOCUMENT)
}

/// Whether the service says so: where its trust takes nobody, hosts are not to be told of it.
#[must_use]
pub fn is_announced(service: &Service) -> bool {
    let rules = &service.policy().metadata_documents;
    is_enabled(service) && (rules.others != Trust::Block || rules.trust.iter().any(|rule| rule.trust != Trust::Block))
}

/// The identifier of a client of that service, if it is one that the service would resolve.
///
/// # Errors
/// [`Unresolved::NotEnabled`], [`Unresolved::InvalidUri`], [`Unresolved::NotAllowed`].
pub fn identified(context: &Context<'_>, client_id: &str) -> Result<DocumentUri, Unresolved> {
    identify(&context.service.configuration, context.surroundings(), client_id)
}

/// As [`identified`], of a service with that configuration.
pub(crate) fn identify(
    configuration: &ServiceConfiguration,
    surroundings: Surroundings<'_>,
    client_id: &str,
) -> Result<DocumentUri, Unresolved> {
    let (policy, Surroundings { fetch, audiences }) = (&configuration.policy, surroundings);
    if !policy.opens(METADATA_DOCUMENT) || !DocumentUri::is_meant_by(client_id) {
        return Err(Unresolved::NotEnabled);
    }
    let uri = DocumentUri::parse(client_id, |pair| fetch.is_reachable(pair))?;
    let settings = &policy.metadata_documents;
    if uri.has_query() && !settings.query_permitted {
        return Err(UriFault::Query.into());
    }
    let anchors = configuration.federation.trust_anchors.iter().map(|anchor| anchor.entity_id.as_str());
    let issuers = policy.software_statements.issuers.iter().map(|issuer| issuer.issuer.as_str());
    // The slash of an empty path makes no other resource.
    let bare = |url: &'_ str| url.strip_suffix('/').unwrap_or(url).to_owned();
    let issuers = audiences.iter().map(String::as_str).chain(anchors).chain(issuers);
    if issuers.map(bare).any(|issuer| issuer == bare(client_id)) {
        return Err(UriFault::Issuer.into());
    }
    match settings.trust_of(client_id) {
        (Trust::Block, by) => Err(Unresolved::NotAllowed { by: by.map(str::to_owned) }),
        _ => Ok(uri),
    }
}

/// Resolves a client by its document: from the copy that is kept while that is fresh, else by asking its host.
///
/// `kept` is what the table has of it, `settings` what operators have decided about the client; `attempt` is how far the
/// registration has come that it is.
///
/// # Errors
/// [`Unresolved`].
pub(crate) async fn resolve(
    context: &Context<'_>,
    uri: &DocumentUri,
    kept: Option<KeptDocument>,
    settings: OperatorSettings,
    wanted: Wanted,
    attempt: &mut Attempt,
) -> Result<RegisteredClient, Unresolved> {
    let numeric_id = context.service.numeric_id(uri.as_str());
    Search { context, uri, numeric_id, settings, changes: wanted.changes, attempt }.run(kept, wanted).await
}

/// One look-up of one client.
struct Search<'a> {
    context: &'a Context<'a>,
    uri: &'a DocumentUri,
    numeric_id: u64,
    settings: OperatorSettings,
    changes: bool,
    attempt: &'a mut Attempt,
}

impl<'a> Search<'a> {
    fn rules(&self) -> &MetadataDocuments {
        &self.context.service.policy().metadata_documents
    }

    /// How long a fetch takes at most: the document, and as long again for what it names, keys of a statement's issuer or a
    /// sector.
    fn longest(&self) -> Duration {
        Duration::from_millis(self.rules().timeout.saturating_mul(2))
    }

    async fn run(mut self, mut kept: Option<KeptDocument>, wanted: Wanted) -> Result<RegisteredClient, Unresolved> {
        let Context { app, service, .. } = self.context;
        let begun_millis = app.clock.now_millis();
        let ends = Instant::now() + self.longest() + Duration::from_millis(500);
        let mut looking = LOOKING;
        loop {
            if kept.as_ref().is_some_and(|kept| kept.client_id != self.uri.as_str()) {
                return Err(Error::internal("two identifiers have one number").into());
            }
            if let Some(known) = &kept {
                match self.standing(known, wanted, begun_millis) {
                    Standing::Good(copy, age) => return self.client(copy, age, known.used.clone()),
                    // Who may not ask the host has nothing to wait for.
                    Standing::Paused | Standing::Fetching if !wanted.may_fetch => {}
                    Standing::Paused => return self.unavailable(known),
                    Standing::Fetching if Instant::now() >= ends => return self.unavailable(known),
                    Standing::Fetching => {
                        tokio::time::sleep_until(ends.min(Instant::now() + looking).into()).await;
                        looking *= 2;
                        kept = app.store.kept_document(service.id, self.numeric_id).await?;
                        continue;
                    }
                    Standing::Due => {}
                }
            }
            if !wanted.may_fetch {
                return Err(Error::InsufficientScope(vec![Permission::UseService]).into());
            }
            if let Some(refusal) =
                app.document_budgets.refusal(&app.clock, service.id, self.uri.host(), self.asked(kept.as_ref()))
            {
                return self.stale_or(kept.as_ref(), Unresolved::OverBudget { retry_after: refusal.retry_after });
            }
            let longest = u64::try_from(self.longest().as_millis()).unwrap_or(u64::MAX);
            let until = app.clock.now_millis().saturating_add(longest).saturating_add(1000);
            let id = self.uri.as_str();
            let lease =
                app.store.lease_metadata_document(service.id, self.numeric_id, id, kept.as_ref(), until).await?;
            match lease {
                DocumentLease::Taken => return self.fetch(kept).await,
                // Nobody knows it any more, or somebody does now.
                DocumentLease::Others(_) if Instant::now() >= ends => return Err(Unresolved::waited()),
                DocumentLease::Others(others) => kept = others.map(|others| *others),
            }
        }
    }

    fn standing<'k>(&self, known: &'k KeptDocument, wanted: Wanted, begun_millis: u64) -> Standing<'k> {
        let clock = &self.context.app.clock;
        let now = clock.now();
        if let Some(copy) = &known.copy {
            let fetched_since = copy.fetched_at_millis >= begun_millis;
            let is_fresh = copy.fresh_until > now && (!self.rules().always_retrieved || fetched_since);
            if !known.withdrawn && is_fresh {
                return Standing::Good(copy, DocumentCopy::Fresh);
            }
            if wanted.kept {
                return Standing::Good(copy, DocumentCopy::Kept);
            }
        }
        if known.pause_until > now {
            Standing::Paused
        } else if known.fetching_until_millis > clock.now_millis() {
            Standing::Fetching
        } else {
            Standing::Due
        }
    }

    /// The copy that serves where the host cannot be asked.
    fn stale<'k>(&self, known: Option<&'k KeptDocument>) -> Option<&'k KeptCopy> {
        let now = self.context.app.clock.now();
        let usable = known.filter(|known| !known.withdrawn)?.copy.as_ref()?;
        (usable.fresh_until.max(usable.stale_until) > now).then_some(usable)
    }

    /// The copy that serves where the host cannot be asked, else why there is none.
    fn stale_or(
        &mut self,
        known: Option<&KeptDocument>,
        unresolved: Unresolved,
    ) -> Result<RegisteredClient, Unresolved> {
        let copy = self.stale(known).ok_or(unresolved)?;
        self.client(copy, DocumentCopy::Stale, known.and_then(|known| known.used.clone()))
    }

    /// Nobody asks the host now, or somebody else still does.
    fn unavailable(&mut self, known: &KeptDocument) -> Result<RegisteredClient, Unresolved> {
        let retry_after = known.pause_until.saturating_sub(self.context.app.clock.now()).max(1);
        let (step, reason) = known.failure.clone().unwrap_or_else(Unresolved::waiting);
        self.stale_or(Some(known), Unresolved::Unavailable { step, reason, retry_after })
    }

    /// Asks the host, and keeps what comes of it; the fetch is this search's.
    async fn fetch(&mut self, known: Option<KeptDocument>) -> Result<RegisteredClient, Unresolved> {
        match self.obtain(known.as_ref()).await {
            Ok(copy) => self.keep(copy, known.and_then(|known| known.used)).await,
            // Nothing has come of it, and nobody is at fault.
            Err(unresolved @ (Unresolved::Core(_) | Unresolved::OverBudget { .. })) => {
                let Context { app, service, .. } = self.context;
                app.store.release_metadata_document(service.id, self.numeric_id).await?;
                match unresolved {
                    Unresolved::OverBudget { .. } => self.stale_or(known.as_ref(), unresolved),
                    core => Err(core),
                }
            }
            Err(unresolved) => self.missed(known.as_ref(), unresolved).await,
        }
    }

    /// What the host answers, if it may be asked.
    async fn obtain(&mut self, known: Option<&KeptDocument>) -> Result<KeptCopy, Unresolved> {
        let Context { app, .. } = self.context;
        admit(self.context, self.uri.host(), self.asked(known)).await?;
        self.attempt.fetched = true;
        let earlier = known.and_then(|known| known.copy.as_ref());
        let is_good = known.is_some_and(|known| !known.withdrawn);
        let validators = earlier.filter(|copy| is_good && !is_vouched_for(copy)).map(|copy| &copy.validators);
        let retrieved = retrieve(&app.fetch, self.uri, validators, self.rules(), app.clock.now()).await;
        match retrieved {
            Ok(retrieved) => self.accept(retrieved, earlier).await,
            Err(failure) => {
                // How large it may be is the policy's.
                self.attempt.rule = if failure.kind == FailureKind::Invalid { RULE } else { DOCUMENT };
                Err(Unresolved::of_failure(failure))
            }
        }
    }

    /// Keeps a copy, and answers the client that it is.
    async fn keep(&mut self, copy: KeptCopy, used: Option<String>) -> Result<RegisteredClient, Unresolved> {
        let Context { app, service, .. } = self.context;
        let used_at = used.is_some().then(|| app.clock.now());
        let end = self.rules().kept_until(copy.fresh_until, used_at);
        if let Err(error) = app.store.keep_metadata_document(service.id, self.numeric_id, &copy, end).await {
            // Whoever comes next asks again; this one has its answer.
            tracing::warn!(cause = ?error.source_for_log(), "a metadata document could not be kept");
        }
        self.client(&copy, DocumentCopy::Fresh, used)
    }

    /// What was answered, as a copy: a good document, or that the one that is known still is.
    async fn accept(&mut self, retrieved: Retrieved, earlier: Option<&KeptCopy>) -> Result<KeptCopy, Unresolved> {
        let Some(body) = &retrieved.content else {
            let earlier = earlier.ok_or_else(Unresolved::waited)?;
            return Ok(self.timed(earlier.clone(), &retrieved));
        };
        let context = self.context_of_fetch();
        let mut trail = Trail::new(DOCUMENT, ClientMetadata::default(), Changes::default());
        let judged = async {
            let (document, verified) = self.judged(&context, body, &mut trail).await?;
            self.admit_sector(&verified).await?;
            trail.begin(SECTOR, &verified.to_metadata());
            registry::remote::check(&context, &verified).await.map_err(Unresolved::of_core)?;
            Ok(document)
        };
        match judged.await {
            Ok(document) => Ok(self.copied(&document, &retrieved, earlier)),
            Err(unresolved) => {
                self.attempt.rule = trail.rule();
                self.attempt.sent = registry::read_members(body);
                Err(unresolved)
            }
        }
    }

    /// Whose request a fetch is counted as. A URL that has only failed is as unknown as it was, and so is one whose owner
    /// has taken it back.
    fn asked(&self, kept: Option<&KeptDocument>) -> Asked {
        if self.rules().trust_of(self.uri.as_str()).0 == Trust::Allow {
            return Asked::Allowed;
        }
        let is_known = kept.is_some_and(|kept| kept.copy.is_some() && !kept.withdrawn);
        if is_known { Asked::Known } else { Asked::Unknown }
    }

    /// Counts the fetch of a sector's document against what may be asked of its host: whoever publishes a document says
    /// which that is.
    async fn admit_sector(&self, verified: &VerifiedMetadata) -> Result<(), Unresolved> {
        let sector = verified.rest().sector_identifier_uri.as_deref().and_then(|uri| url::Url::parse(uri).ok());
        match sector.as_ref().and_then(url::Url::host_str) {
            Some(host) => admit(self.context, host, Asked::Unknown).await,
            None => Ok(()),
        }
    }

    /// The time of a fetch begins anew for what the document names.
    fn context_of_fetch(&self) -> Context<'a> {
        let Context { app, service, origin, audiences, .. } = self.context;
        let fetching_ends = Instant::now() + Duration::from_millis(self.rules().timeout);
        Context { app, service, origin: origin.clone(), fetching_ends, audiences: audiences.clone() }
    }

    /// What is to be kept of a body, and what the service makes of it; `trail` notes what each rule does.
    async fn judged(
        &self,
        context: &Context<'_>,
        body: &[u8],
        trail: &mut Trail,
    ) -> Result<(ClientMetadata, VerifiedMetadata), Unresolved> {
        let document = read(body, self.uri, self.rules()).map_err(|error| Unresolved::of_document(error.into()))?;
        trail.begin(registry::SOFTWARE_STATEMENTS, &document);
        let mut document = registry::vouched(context, document).await.map_err(Unresolved::of_core)?;
        keep_safe_pages(&mut document);
        let begins = &mut |rule, found: &_| trail.begin(rule, found);
        let Service { configuration, .. } = context.service;
        let settled = settled(configuration, context.service.document_policy(), self.uri, document.clone(), begins);
        Ok((document, settled.map_err(Unresolved::of_document)?.0))
    }

    /// A copy of what was answered.
    fn copied(&self, document: &ClientMetadata, retrieved: &Retrieved, earlier: Option<&KeptCopy>) -> KeptCopy {
        let now_millis = self.context.app.clock.now_millis();
        let members = document.to_members();
        let changed = earlier.map(|earlier| changed(&earlier.metadata, &members));
        let is_same = changed.as_ref().is_some_and(Vec::is_empty);
        // Its owner may make up other names each time, and other languages.
        let custom = &self.context.service.policy().custom_members;
        let is_told = |name: &String| ClientMetadata::MEMBERS.contains(&name.as_str()) || custom.contains(name);
        let named = |name: &String| name.split('#').next().map(str::to_owned).filter(is_told);
        let first =
            |earlier: &KeptCopy| (earlier.first_seen_millis, earlier.changed_at_millis, earlier.changed.clone());
        let (first_seen_millis, changed_before, told_before) =
            earlier.map_or((now_millis, now_millis, BTreeMap::new()), first);
        let mut changed_members = BTreeMap::new();
        let changed_now = changed.into_iter().flatten().map(|name| (name, now_millis));
        for (name, millis) in told_before.into_iter().chain(changed_now) {
            let Some(member) = named(&name) else { continue };
            let last = changed_members.entry(member).or_insert(millis);
            *last = millis.max(*last);
        }
        let copy = KeptCopy {
            metadata: Value::Object(members).to_string(),
            validators: retrieved.validators.clone(),
            first_seen_millis,
            changed_at_millis: if is_same { changed_before } else { now_millis },
            changed: changed_members,
            fetched_at_millis: now_millis,
            fresh_until: 0,
            stale_until: 0,
        };
        self.timed(copy, retrieved)
    }

    /// The same copy, fetched now.
    fn timed(&self, copy: KeptCopy, retrieved: &Retrieved) -> KeptCopy {
        let clock = &self.context.app.clock;
        // A 304 without a word on freshness leaves what was said with the content (RFC 9111 §4.3.4).
        let (fresh, stale) = if retrieved.content.is_none() && !retrieved.says_freshness {
            let fresh = copy.fresh_until.saturating_sub(copy.fetched_at_millis / 1000);
            let stale = if copy.stale_until > copy.fresh_until { self.rules().stale_most } else { 0 };
            (fresh, stale)
        } else {
            (retrieved.fresh_seconds, self.stale_seconds(retrieved))
        };
        let fresh_until = clock.now().saturating_add(fresh);
        let stale_until = fresh_until.saturating_add(stale);
        KeptCopy { fetched_at_millis: clock.now_millis(), fresh_until, stale_until, ..copy }
    }

    /// For how long a copy serves once it is not fresh any more, where its host cannot be asked.
    fn stale_seconds(&self, retrieved: &Retrieved) -> u64 {
        if retrieved.may_be_stale { self.rules().stale_most } else { 0 }
    }

    /// Keeps why there is no document, for as long as nobody asks again.
    async fn missed(
        &mut self,
        known: Option<&KeptDocument>,
        unresolved: Unresolved,
    ) -> Result<RegisteredClient, Unresolved> {
        let Context { app, service, .. } = self.context;
        let pause = self.rules().pause_after(known.and_then(|known| known.pause));
        let until = app.clock.now().saturating_add(pause);
        let withdrawn = unresolved.is_the_owners();
        let reason: String = unresolved.to_string().chars().take(LONGEST_REASON).collect();
        let failure = (unresolved.step().map_or("", Step::as_str), reason.as_str());
        let missed = app.store.miss_metadata_document(service.id, self.numeric_id, failure, (until, pause), withdrawn);
        if let Err(error) = missed.await {
            tracing::warn!(cause = ?error.source_for_log(), "what became of a fetch could not be kept");
        }
        let unresolved = unresolved.retried_after(pause);
        if withdrawn { Err(unresolved) } else { self.stale_or(known, unresolved) }
    }

    /// The client that a copy is, by what the service makes of it now.
    fn client(
        &mut self,
        copy: &KeptCopy,
        age: DocumentCopy,
        used: Option<String>,
    ) -> Result<RegisteredClient, Unresolved> {
        let Context { service, .. } = self.context;
        let members: Map<String, Value> = serde_json::from_str(&copy.metadata).map_err(Error::internal)?;
        let document = ClientMetadata::from_members(members).map_err(Error::from)?;
        let mut trail = self.changes.then(|| Trail::new(RULE, document.clone(), Changes::default()));
        let policy = service.document_policy();
        let settled = settled(&service.configuration, policy, self.uri, document, &mut |rule, found| {
            self.attempt.rule = rule;
            if let Some(trail) = &mut trail {
                trail.begin(rule, found);
            }
        });
        let (metadata, methods) = settled.map_err(|refused| {
            self.attempt.sent = serde_json::from_str(&copy.metadata).unwrap_or_default();
            Unresolved::of_document(refused)
        })?;
        let (trust, trusted_by) = self.rules().trust_of(self.uri.as_str());
        let mut settings = self.settings.clone();
        settings.requestable_scopes =
            settings.requestable_scopes.or_else(|| registry::requestable_scopes(service.policy(), &metadata));
        // Its owner may rename it at any time: who trusts the URL says so in the policy.
        settings.vouched = false;
        let client_type = client_type(metadata.token_endpoint_auth_method());
        let record = ClientRecord {
            modified_at_millis: copy.changed_at_millis,
            metadata_document: Some(ClientDocument {
                first_seen_millis: copy.first_seen_millis,
                changed_at_millis: copy.changed_at_millis,
                changed: copy.changed.clone(),
                fetched_at_millis: copy.fetched_at_millis,
                fresh_until: copy.fresh_until,
                copy: age,
                trust,
                trusted_by: trusted_by.map(str::to_owned),
                methods,
            }),
            changes: trail.map(|trail| trail.ended(&metadata).kept()).unwrap_or_default(),
            settings,
            ..ClientRecord::new(metadata, client_type, copy.first_seen_millis)
        };
        Ok(RegisteredClient {
            client_id: self.uri.as_str().to_owned(),
            numeric_id: self.numeric_id,
            used,
            ..RegisteredClient::new(service.id, Source::MetadataDocument, record)
        })
    }
}

/// Counts a fetch from that host against what may be fetched for the service: strangers say which host is asked.
///
/// # Errors
/// [`Unresolved::OverBudget`].
pub(crate) async fn admit(context: &Context<'_>, host: &str, asked: Asked) -> Result<(), Unresolved> {
    let Context { app, service, .. } = context;
    let admitted = app.document_budgets.admit(&app.store, &app.clock, service.id, host, asked).await;
    admitted.map_err(|refusal| Unresolved::OverBudget { retry_after: refusal.retry_after })
}

/// Whether somebody else vouches for what a copy says. That is looked at anew each time: it ends, and so may the trust in
/// whoever says it.
fn is_vouched_for(copy: &KeptCopy) -> bool {
    copy.metadata.contains("\"software_statement\"")
}

/// How a copy stands.
enum Standing<'k> {
    /// It answers.
    Good(&'k KeptCopy, DocumentCopy),
    /// Nobody asks its host at the moment.
    Paused,
    /// Somebody asks its host.
    Fetching,
    /// Its host is to be asked.
    Due,
}

/// What a service makes of a document: the method, what it announces, its policy, the RFCs, and its metadata policy at the
/// end. With all the methods by which the client may authenticate. `policy` is the one for documents; `begins` is told of
/// each rule before it does something.
fn settled(
    configuration: &ServiceConfiguration,
    policy: &Policy,
    uri: &DocumentUri,
    mut document: ClientMetadata,
    begins: Begins<'_>,
) -> Result<(VerifiedMetadata, Vec<AuthMethod>), Refused> {
    let policy = &*policy.of_url(uri.as_str());
    begins(RULE, &document);
    permit(&document, uri, &policy.metadata_documents)?;
    begins(METHODS, &document);
    let mut methods = choose_method(&mut document, policy)?;
    let verified = registry::settle_document(configuration, policy, document, begins)?;
    // A public client has no credentials to be granted anything by (RFC 6749 §4.4).
    if verified.grant_types().contains(&GrantType::ClientCredentials) {
        methods.retain(|method| *method != AuthMethod::None);
    }
    let rules = &policy.metadata_documents.metadata_policy;
    if rules.is_empty() {
        return Ok((verified, methods));
    }
    begins("metadata_documents.metadata_policy", &verified.to_metadata());
    let refused = |fault: crate::federation::PolicyFault| Invalid::MetadataPolicy(fault.to_string());
    let mut all = Map::from_iter([(RELYING_PARTY.to_owned(), verified.to_members().into())]);
    metadata_policy(rules).and_then(|rules| rules.apply(&mut all)).map_err(refused)?;
    let Some(Value::Object(left)) = all.remove(RELYING_PARTY) else { return Ok((verified, methods)) };
    let rules = registry::rules(policy, registry::strictness(Source::MetadataDocument));
    let verified = verify(ClientMetadata::from_members(left)?, rules)?;
    // The policy has judged this method and no other.
    let own = verified.token_endpoint_auth_method();
    methods.retain(|method| *method == own);
    Ok((verified, methods))
}

/// A service's metadata policy for documents: of parameters, or of entity types as in an entity statement.
///
/// # Errors
/// [`crate::federation::PolicyFault`].
pub fn metadata_policy(rules: &Map<String, Value>) -> Result<MetadataPolicy, crate::federation::PolicyFault> {
    let by_type = rules.get(RELYING_PARTY).is_some();
    let rules =
        if by_type { rules.clone() } else { Map::from_iter([(RELYING_PARTY.to_owned(), rules.clone().into())]) };
    MetadataPolicy::parse(&Value::Object(rules))
}

/// The members that a document says anew.
fn changed(earlier: &str, members: &Map<String, Value>) -> Vec<String> {
    let earlier: Map<String, Value> = serde_json::from_str(earlier).unwrap_or_default();
    let names: std::collections::BTreeSet<&String> = earlier.keys().chain(members.keys()).collect();
    names.into_iter().filter(|name| earlier.get(*name) != members.get(*name)).cloned().collect()
}

fn client_type(method: AuthMethod) -> ClientType {
    if method == AuthMethod::None { ClientType::Public } else { ClientType::Confidential }
}
