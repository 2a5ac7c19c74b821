//! Federation entity discovery (§10.1): from an entity's authority hints up to a trust anchor of the service.
//!
//! Strangers decide what is fetched here, so all of it has a limit (§18.1): how deep, how wide, how often, how large,
//! how long. What was fetched is kept in the table until it expires, and what could not be fetched for a moment, so
//! that no stranger makes us ask a third party again and again.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use url::Url;

use super::entity_id::EntityId;
use super::error::Error;
use super::statement::{EntityStatement, Kind, StatementFault};
use super::trust_chain::{ChainFault, TrustAnchor, TrustChain};
use crate::app::App;
use crate::fetch::FetchError;
use crate::store::{Document, DocumentUrl};

/// How long one resolution may fetch in all.
pub const RESOLVING: Duration = Duration::from_secs(8);

/// How long one fetch may take.
const FETCHING: Duration = Duration::from_secs(3);

/// How many documents one resolution fetches.
const MOST_FETCHES: usize = 25;

/// How many hints of an entity are followed.
const MOST_HINTS: usize = 6;

/// How many superiors a chain has.
const MOST_SUPERIORS: usize = 6;

/// How often a superior is looked at in one resolution.
const MOST_STEPS: usize = 64;

/// The largest statement that is fetched, in bytes.
const MAX_BYTES: usize = 64 * 1024;

/// Seconds after which a statement is fetched again because the chain that it stands in is not valid, or because it
/// could not be fetched: no stranger makes us ask more often.
const AGAIN: u64 = 10;

/// How often somebody else's fetch is looked after.
const LOOKING: Duration = Duration::from_millis(100);

/// Why no chain was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// A statement could not be fetched.
    #[error("{url}: {reason}")]
    Unreachable {
        /// Where it should be.
        url: String,
        /// Why not.
        reason: String,
    },
    /// A statement was fetched that is none, or another one.
    #[error("{url}: {fault}")]
    Statement {
        /// Where it was.
        url: String,
        /// Why it is refused.
        fault: StatementFault,
    },
    /// What was fetched is about another entity, or by another.
    #[error("{0}: the statement is of other entities than asked for")]
    OtherEntities(String),
    /// A superior does not say where its statements are.
    #[error("{0} publishes no federation_fetch_endpoint")]
    NoFetchEndpoint(EntityId),
    /// An entity is its own superior.
    #[error("{0} is its own superior")]
    Loop(EntityId),
    /// A chain to a trust anchor is not valid.
    #[error(transparent)]
    Chain(#[from] ChainFault),
    /// The chain is longer, or the federation wider, than is followed.
    #[error("no trust anchor was found within {MOST_SUPERIORS} superiors and {MOST_FETCHES} statements")]
    TooMuch,
    /// The time is up.
    #[error("no trust anchor was found within {} seconds", RESOLVING.as_secs())]
    TooLong,
    /// All superiors are known, and none is a trust anchor.
    #[error("no superior is a trust anchor of this service")]
    NoTrustAnchor,
}

impl Unresolved {
    /// Whether nothing more can be looked at, whatever other superiors there are.
    fn ends_the_search(&self) -> bool {
        matches!(self, Self::TooMuch | Self::TooLong)
    }
}

/// One search for a chain.
pub struct Discovery<'a> {
    app: &'a App,
    service_id: u64,
    anchors: &'a [TrustAnchor],
    ends: Instant,
    fetches_left: usize,
    steps_left: usize,
    since_millis: u64,
    used_kept: bool,
    known: HashMap<String, Result<Arc<EntityStatement>, Unresolved>>,
}

/// The beginning of a chain: the subject's statement and those about it, and the configuration of the entity that it
/// has come to.
#[derive(Clone)]
struct Path {
    statements: Vec<Arc<EntityStatement>>,
    top: Arc<EntityStatement>,
}

impl Path {
    fn contains(&self, entity: &EntityId) -> bool {
        self.statements.iter().any(|statement| statement.subject() == entity) || self.top.subject() == entity
    }
}

impl<'a> Discovery<'a> {
    /// A search on behalf of that service, which ends at one of those anchors, and by then.
    #[must_use]
    pub fn new(app: &'a App, service_id: u64, anchors: &'a [TrustAnchor], ends: Instant) -> Self {
        Self {
            app,
            service_id,
            anchors,
            ends,
            fetches_left: MOST_FETCHES,
            steps_left: MOST_STEPS,
            since_millis: 0,
            used_kept: false,
            known: HashMap::new(),
        }
    }

    /// A valid chain of an entity whose configuration the search begins by fetching.
    ///
    /// # Errors
    /// As [`chain_of`](Self::chain_of).
    pub async fn chain_to(&mut self, entity: &EntityId) -> Result<TrustChain, Error> {
        match self.chain_to_once(entity).await {
            Err(Error::NoChain(_)) if self.begins_again() => self.chain_to_once(entity).await,
            outcome => outcome,
        }
    }

    /// The entity's own configuration is as it publishes it now: what is kept of its superiors lasts longer.
    async fn chain_to_once(&mut self, entity: &EntityId) -> Result<TrustChain, Error> {
        let since_millis = std::mem::replace(&mut self.since_millis, a_moment_ago(self.app));
        let configuration = self.configuration(entity).await;
        self.since_millis = since_millis;
        self.climb(configuration?).await
    }

    /// A valid chain whose subject is that of a configuration. A chain with fewer statements is found before one with
    /// more (§10.3).
    ///
    /// # Errors
    /// [`Error::NoChain`]; [`Error::Core`] of the table.
    pub async fn chain_of(&mut self, subject: EntityStatement) -> Result<TrustChain, Error> {
        let subject = Arc::new(subject);
        match self.climb(Arc::clone(&subject)).await {
            Err(Error::NoChain(_)) if self.begins_again() => self.climb(subject).await,
            outcome => outcome,
        }
    }

    /// Whether a failure may come from statements that were kept, so that another search makes sense; it begins.
    fn begins_again(&mut self) -> bool {
        self.since_millis = a_moment_ago(self.app);
        self.known.clear();
        std::mem::take(&mut self.used_kept)
    }

    async fn climb(&mut self, subject: Arc<EntityStatement>) -> Result<TrustChain, Error> {
        let mut paths = vec![Path { statements: vec![Arc::clone(&subject)], top: subject }];
        let mut fault: Option<Unresolved> = None;
        for _ in 0..MOST_SUPERIORS {
            let mut longer: Vec<Path> = Vec::new();
            for path in paths {
                for hint in self.hints(&path) {
                    let outcome = match self.step(&path, &hint).await {
                        Ok(next) if self.is_anchor(&hint) => self.complete(&next),
                        Ok(next) => {
                            longer.push(next);
                            continue;
                        }
                        Err(Error::NoChain(found)) => Err(found),
                        Err(error) => return Err(error),
                    };
                    match outcome {
                        Ok(chain) => return Ok(chain),
                        Err(found) if found.ends_the_search() => return Err(graver(fault, found).into()),
                        Err(found) => fault = Some(graver(fault, found)),
                    }
                }
            }
            if longer.is_empty() {
                return Err(fault.unwrap_or(Unresolved::NoTrustAnchor).into());
            }
            paths = longer;
        }
        Err(graver(fault, Unresolved::TooMuch).into())
    }

    /// The hints that are followed, trust anchors first.
    fn hints(&self, path: &Path) -> Vec<EntityId> {
        let mut hints: Vec<EntityId> = path.top.authority_hints().to_vec();
        hints.sort_by_key(|hint| !self.is_anchor(hint));
        hints.truncate(MOST_HINTS);
        hints
    }

    fn is_anchor(&self, entity: &EntityId) -> bool {
        self.anchors.iter().any(|anchor| anchor.entity_id == *entity)
    }

    /// Goes up to a superior: its configuration, and its statement about the entity below.
    async fn step(&mut self, path: &Path, superior: &EntityId) -> Result<Path, Error> {
        self.steps_left = self.steps_left.checked_sub(1).ok_or(Unresolved::TooMuch)?;
        if path.contains(superior) {
            return Err(Unresolved::Loop(superior.clone()).into());
        }
        let top = self.configuration(superior).await?;
        let endpoint = top.fetch_endpoint().ok_or_else(|| Unresolved::NoFetchEndpoint(superior.clone()))?;
        let subject = path.top.subject();
        let url = fetch_url(endpoint, subject).ok_or_else(|| Unresolved::NoFetchEndpoint(superior.clone()))?;
        let about = self.statement(&url, Kind::Subordinate, superior, subject).await?;
        let mut statements = path.statements.clone();
        statements.push(about);
        Ok(Path { statements, top })
    }

    /// The chain of a path that has come to a trust anchor, with the metadata that results from it.
    fn complete(&self, path: &Path) -> Result<TrustChain, Unresolved> {
        let statements = path.statements.iter().chain([&path.top]).map(|statement| EntityStatement::clone(statement));
        let chain = TrustChain::validate(statements.collect(), self.anchors)?;
        chain.resolved_metadata().map_err(ChainFault::Policy)?;
        Ok(chain)
    }

    async fn configuration(&mut self, entity: &EntityId) -> Result<Arc<EntityStatement>, Error> {
        self.statement(&entity.configuration_url(), Kind::Configuration, entity, entity).await
    }

    /// The statement behind a URL; none is asked for twice in one search. Strangers say which URL is whose, so what is
    /// there is good or bad by itself, and whose it is is compared for each who asks.
    async fn statement(
        &mut self,
        url: &str,
        kind: Kind<'static>,
        issuer: &EntityId,
        subject: &EntityId,
    ) -> Result<Arc<EntityStatement>, Error> {
        let outcome = if let Some(known) = self.known.get(url) {
            known.clone()
        } else {
            let outcome = match self.obtain(url, kind).await {
                Err(Error::NoChain(fault)) => Err(fault),
                outcome => Ok(outcome?),
            };
            self.known.insert(url.to_owned(), outcome.clone());
            outcome
        };
        let statement = outcome?;
        if statement.issuer() != issuer || statement.subject() != subject {
            return Err(Unresolved::OtherEntities(url.to_owned()).into());
        }
        Ok(statement)
    }

    /// From the table, or from where it is published; whoever fetches it keeps the outcome for all.
    async fn obtain(&mut self, url: &str, kind: Kind<'static>) -> Result<Arc<EntityStatement>, Error> {
        let store = &self.app.store;
        let address = DocumentUrl { service_id: self.service_id, url, since_millis: self.since_millis };
        let mut known = store.document(&address).await?;
        loop {
            match known {
                Document::Found(text) => {
                    self.used_kept = true;
                    return Ok(read(url, &text, kind, self.app.clock.now())?);
                }
                Document::Missing => return Err(unreachable(url, &FetchError::FailedBefore).into()),
                Document::Fetching if Instant::now() + LOOKING >= self.ends => return Err(Unresolved::TooLong.into()),
                Document::Fetching => {
                    tokio::time::sleep(LOOKING).await;
                    known = store.document(&address).await?;
                }
                Document::Unknown if Instant::now() >= self.ends => return Err(Unresolved::TooLong.into()),
                Document::Unknown => {
                    self.fetches_left = self.fetches_left.checked_sub(1).ok_or(Unresolved::TooMuch)?;
                    let lease = self.app.clock.now_millis().saturating_add(millis(FETCHING) + 1000);
                    known = store.lease_document(&address, lease).await?;
                    if known == Document::Unknown {
                        let fault = match self.fetch(&address, kind).await {
                            Ok(statement) => return Ok(statement),
                            Err(fault) => fault,
                        };
                        // What was found before is good still.
                        known = store.document(&address).await?;
                        if !matches!(known, Document::Found(_)) {
                            return Err(fault.into());
                        }
                    }
                }
            }
        }
    }

    /// From where it is published. Whoever comes next asks again if the outcome cannot be kept; this one has its answer.
    async fn fetch(&self, address: &DocumentUrl<'_>, kind: Kind<'static>) -> Result<Arc<EntityStatement>, Unresolved> {
        let (app, url) = (self.app, address.url);
        let end = self.ends.min(Instant::now() + FETCHING);
        let document = app.fetch.get(url, MAX_BYTES, end).await;
        let now = app.clock.now();
        let text = document.and_then(|bytes| String::from_utf8(bytes).map_err(|_| FetchError::Malformed));
        let outcome = match text {
            Ok(text) => read(url, text.trim(), kind, now),
            Err(_) if Instant::now() >= self.ends => Err(Unresolved::TooLong),
            Err(error) => Err(unreachable(url, &error)),
        };
        let kept = match &outcome {
            // A registration ends with the first of its statements.
            Ok(statement) => {
                let fresh_until = now.saturating_add(statement.expires_at().saturating_sub(now) / 2);
                app.store.keep_document(address, statement.as_str(), fresh_until).await
            }
            // It would have had more time in another search.
            Err(fault) if fault.ends_the_search() => app.store.miss_document(address, now).await,
            Err(_) => app.store.miss_document(address, now.saturating_add(AGAIN)).await,
        };
        if let Err(error) = kept {
            tracing::warn!(cause = ?error.source_for_log(), "what became of a fetch could not be kept");
        }
        outcome
    }
}

/// A statement that is good by itself. Who made one about a subordinate is known with its chain only.
fn read(url: &str, text: &str, kind: Kind<'static>, now: u64) -> Result<Arc<EntityStatement>, Unresolved> {
    let refused = |fault| Unresolved::Statement { url: url.to_owned(), fault };
    let statement = EntityStatement::read(text, kind, now).map_err(refused)?;
    if matches!(kind, Kind::Configuration) {
        statement.verify(statement.keys()).map_err(refused)?;
    }
    Ok(Arc::new(statement))
}

fn a_moment_ago(app: &App) -> u64 {
    app.clock.now_millis().saturating_sub(AGAIN * 1000)
}

/// A chain that is not valid says more than a statement that cannot be fetched; else the first fault counts.
fn graver(known: Option<Unresolved>, found: Unresolved) -> Unresolved {
    match (known, found) {
        (Some(known @ Unresolved::Chain(_)), _) => known,
        (Some(known), found) if !matches!(found, Unresolved::Chain(_)) => known,
        (_, found) => found,
    }
}

fn unreachable(url: &str, error: &FetchError) -> Unresolved {
    Unresolved::Unreachable { url: url.to_owned(), reason: error.to_string() }
}

/// Where a superior has its statement about a subject (§8.1.1).
fn fetch_url(endpoint: &str, subject: &EntityId) -> Option<String> {
    let mut url = Url::parse(endpoint).ok().filter(|url| url.scheme() == "https" && url.fragment().is_none())?;
    url.query_pairs_mut().append_pair("sub", subject.as_str());
    Some(url.into())
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s8_1_1_the_subject_is_a_parameter_of_the_fetch_endpoint() {
        let subject = EntityId::parse("https://rp.example/a").unwrap();
        for (endpoint, url) in [
            ("https://ta.example/fetch", Some("https://ta.example/fetch?sub=https%3A%2F%2Frp.example%2Fa")),
            ("https://ta.example/fetch?f=1", Some("https://ta.example/fetch?f=1&sub=https%3A%2F%2Frp.example%2Fa")),
            ("http://ta.example/fetch", None),
            ("https://ta.example/fetch#a", None),
            ("fetch", None),
        ] {
            assert_eq!(fetch_url(endpoint, &subject).as_deref(), url, "{endpoint}");
        }
    }
}
