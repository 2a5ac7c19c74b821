//! What resolving a client by its document comes to, step by step, for whoever looks on. The rules are those of
//! [`resolve`](super::resolve); nothing is asked of the table, and nothing kept.

use serde_json::{Map, Value};

use super::document::{client_id, read_members};
use super::retrieval::{Failure, Retrieved, Seen, retrieve};
use super::{DOCUMENT, DocumentUri, RULE, SECTOR, Search, Unresolved, identified, identify, settled};
use crate::client::{DocumentCopy, OperatorSettings, RegisteredClient, Source};
use crate::fetch::FetchError;
use crate::metadata::{Change, Submitted, VerifiedMetadata, parse_object_within};
use crate::policy::{Policy, Trust};
use crate::registry::{self, Attempt, Context, Requirement, Surroundings, Trail};
use crate::service::ServiceConfiguration;

/// A client that was looked for, and what was met on the way.
pub struct Rehearsal {
    /// What the service thinks of the URL, and the pattern that says so; none if it is not the URL of a document.
    pub trust: Option<(Trust, Option<String>)>,
    /// What was seen of the host's answer.
    pub seen: Seen,
    /// How long the document lives; none if it is none.
    pub lifetime: Option<Lifetime>,
    /// What the rules changed in the document, in their order.
    pub changes: Vec<Change>,
    /// The last rule that was asked: the one that refuses the document, if one does. None if there is no document.
    pub rule: Option<&'static str>,
    /// The client, or why there is none.
    pub outcome: Result<RegisteredClient, Unresolved>,
}

/// How long a document lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// For how many seconds it is fresh.
    pub fresh: u64,
    /// For how many seconds after that it serves where its host cannot be asked.
    pub stale: u64,
}

/// Resolves a client by its document, as if nobody had ever met it.
pub async fn rehearse(context: &Context<'_>, client_id: &str) -> Rehearsal {
    let rules = &context.service.policy().metadata_documents;
    let uri = identified(context, client_id);
    let trust = matches!(uri, Ok(_) | Err(Unresolved::NotAllowed { .. })).then(|| {
        let (trust, by) = rules.trust_of(client_id);
        (trust, by.map(str::to_owned))
    });
    let nothing = |outcome| {
        let (seen, changes) = (Seen::default(), Vec::new());
        Rehearsal { trust, seen, lifetime: None, changes, rule: None, outcome }
    };
    let uri = match uri {
        Ok(uri) => uri,
        Err(unresolved) => return nothing(Err(unresolved)),
    };
    let app = context.app;
    let retrieved = match retrieve(&app.fetch, &uri, None, rules, app.clock.now()).await {
        Ok(retrieved) => retrieved,
        Err(failure) => {
            let seen = failure.seen.clone();
            return Rehearsal { seen, ..nothing(Err(Unresolved::of_failure(failure))) };
        }
    };
    let numeric_id = context.service.numeric_id(uri.as_str());
    let (settings, attempt) = (OperatorSettings::default(), &mut Attempt::new(DOCUMENT));
    let mut search = Search { context, uri: &uri, numeric_id, settings, changes: false, attempt };
    let lifetime = Lifetime { fresh: retrieved.fresh_seconds, stale: search.stale_seconds(&retrieved) };
    let Rehearsed { changes, rule, outcome } = search.rehearsed(&retrieved).await;
    let lifetime = outcome.is_ok().then_some(lifetime);
    Rehearsal { seen: retrieved.seen, lifetime, changes, rule: Some(rule), ..nothing(outcome) }
}

/// What comes of a document.
struct Rehearsed {
    changes: Vec<Change>,
    rule: &'static str,
    outcome: Result<RegisteredClient, Unresolved>,
}

impl Search<'_> {
    /// What the rules make of an answer, one after the other.
    async fn rehearsed(&mut self, retrieved: &Retrieved) -> Rehearsed {
        let body = retrieved.content.as_deref().unwrap_or_default();
        let mut trail = trail_of(parse_object_within(body, self.rules().max_bytes).unwrap_or_default());
        let context = self.context_of_fetch();
        let judged = async {
            let (document, verified) = self.judged(&context, body, &mut trail).await?;
            trail.begin(SECTOR, &verified.to_metadata());
            registry::remote::look(&context, &verified).await.map_err(Unresolved::of_core)?;
            Ok((document, verified))
        };
        let judged = judged.await;
        let rule = trail.rule();
        let changes = trail.told(judged.as_ref().ok().map(|(_, verified)| verified));
        let client = |(document, _)| self.client(&self.copied(&document, retrieved, None), DocumentCopy::Fresh, None);
        Rehearsed { changes, rule, outcome: judged.and_then(client) }
    }
}

/// What a document says, before the first rule has read it.
fn trail_of(mut published: Map<String, Value>) -> Trail {
    // It is the name of the client, and none of its metadata.
    published.remove("client_id");
    // What cannot be read is refused before anything is made of it.
    let Submitted { metadata, changes, .. } = Submitted::from_members(published).unwrap_or_default();
    Trail::new(DOCUMENT, metadata, changes)
}

/// What would become of a document, were it behind the URL that it names; nobody is asked. What has to be fetched, the keys
/// of a statement's issuer and the document of a sector, is not looked at. `policy` is the one by which the service judges.
pub(crate) fn tried(
    configuration: &ServiceConfiguration,
    surroundings: Surroundings<'_>,
    policy: &Policy,
    document: Map<String, Value>,
) -> registry::Rehearsal {
    let refused = |rule, unresolved: Unresolved| registry::Rehearsal::refused(rule, unresolved.into());
    let uri = match client_id(&document).map(|client_id| identify(configuration, surroundings, client_id)) {
        Ok(Ok(uri)) => uri,
        Ok(Err(unresolved)) => return refused(RULE, unresolved),
        Err(invalid) => return refused(DOCUMENT, Unresolved::of_core(invalid.into())),
    };
    // As short as it can be written.
    if Value::from(document.clone()).to_string().len() > policy.metadata_documents.max_bytes {
        return refused(RULE, Unresolved::of_failure(Failure::of(&FetchError::TooLarge)));
    }
    let (mut trail, mut requires) = (trail_of(document.clone()), Vec::new());
    let judge = Judge { configuration, surroundings, policy, uri: &uri };
    let outcome = judge.judged(document, &mut trail, &mut requires);
    let policy = policy.of_url(uri.as_str());
    registry::Rehearsal {
        rule: trail.rule(),
        resembles: trail.resembled(&policy),
        flags: outcome.as_ref().map(|verified| policy.flags_of(verified, Some(&policy.names))).unwrap_or_default(),
        changes: trail.told(outcome.as_ref().ok()),
        outcome: outcome.map_err(registry::Refused::from),
        requires,
    }
}

/// What is needed to judge a document.
struct Judge<'j> {
    configuration: &'j ServiceConfiguration,
    surroundings: Surroundings<'j>,
    policy: &'j Policy,
    uri: &'j DocumentUri,
}

impl Judge<'_> {
    /// As [`Search::judged`], and what of the last rule asks nobody.
    fn judged(
        &self,
        document: Map<String, Value>,
        trail: &mut Trail,
        requires: &mut Vec<Requirement>,
    ) -> Result<VerifiedMetadata, Unresolved> {
        let Self { configuration, surroundings, policy, uri } = self;
        let mut document = read_members(document).map_err(Unresolved::of_core)?;
        trail.begin(registry::SOFTWARE_STATEMENTS, &document);
        registry::keep_heeded_statement(policy, Source::MetadataDocument, &mut document);
        *requires = registry::requirements(policy, Source::MetadataDocument, &document);
        let begins = &mut |rule, found: &_| trail.begin(rule, found);
        let settled = settled(configuration, &policy.of_documents(), uri, document, begins);
        let (verified, _) = settled.map_err(Unresolved::of_document)?;
        trail.begin(SECTOR, &verified.to_metadata());
        registry::remote::permit(surroundings.fetch, &verified).map_err(Unresolved::of_core)?;
        Ok(verified)
    }
}
