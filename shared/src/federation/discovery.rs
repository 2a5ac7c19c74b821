//! Federation entity discovery (§10.1): from an entity's authority hints up to a trust anchor of the service.
//!
//! Strangers decide what is fetched here, so all of it has a limit (§18.1): how deep, how wide, how often, how large,
//! how long. What was fetched is kept in the table until it expires, and why something could not be fetched for a
//! moment, so that no stranger makes us ask a third party again and again.
//!
//! Superiors are asked at once, and whoever does not answer keeps nobody waiting who goes on from one that did.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use serde::{Deserialize, Serialize};
use tokio::sync::OnceCell;
use url::Url;

use super::anchor_keys;
use super::entity_id::EntityId;
use super::error::Error;
use super::metadata_policy::PolicyFault;
use super::statement::{EntityStatement, Kind, StatementFault};
use super::trust_chain::{ChainFault, TrustAnchor, TrustChain};
use crate::app::App;
use crate::fetch::FetchError;
use crate::store::{Document, DocumentUrl};

/// How long one resolution may fetch in all.
pub const RESOLVING: Duration = Duration::from_secs(8);

/// How long one fetch may take.
const FETCHING: Duration = Duration::from_secs(3);

/// How long whoever has answered waits for others that have not yet: a shorter chain is worth that.
const PATIENCE: Duration = Duration::from_millis(500);

/// How many documents one resolution fetches.
const MOST_FETCHES: usize = 25;

/// How many hints of an entity are followed.
const MOST_HINTS: usize = 6;

/// How many superiors a chain has.
const MOST_SUPERIORS: usize = 6;

/// How often a superior is looked at in one resolution.
const MOST_STEPS: usize = 64;

/// The largest statement that is fetched, in bytes.
pub(super) const MAX_BYTES: usize = 64 * 1024;

/// Seconds after which a statement is fetched again because the chain that it stands in is not valid, or because it
/// could not be fetched: no stranger makes us ask more often.
pub(super) const AGAIN: u64 = 10;

/// How often somebody else's fetch is looked after.
const LOOKING: Duration = Duration::from_millis(100);

/// How long a reason may be that is kept, in characters.
const LONGEST_REASON: usize = 400;

/// Why there is no good statement behind a URL: kept with the URL for whoever asks next.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Absence {
    /// What it says of the chain.
    pub kind: AbsenceKind,
    /// What happened.
    pub reason: String,
}

/// What the absence of a statement says of the chain that it should stand in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AbsenceKind {
    /// Nothing: whoever publishes it could not be asked, or had a fault of its own.
    Unavailable,
    /// There is none: nothing is published, or nothing that is a statement.
    Invalid,
    /// There is none, for its metadata policy is not one (§6.1.4.1).
    Policy,
    /// There is none: its host says that nothing is there.
    NotFound,
}

impl Absence {
    fn of(kind: AbsenceKind, reason: &impl ToString) -> Self {
        Self { kind, reason: reason.to_string().chars().take(LONGEST_REASON).collect() }
    }

    fn of_fetch(error: &FetchError) -> Self {
        let kind = match error {
            FetchError::Status(404) => AbsenceKind::NotFound,
            FetchError::Failed(_) | FetchError::Status(429 | 500..) => AbsenceKind::Unavailable,
            FetchError::Status(_)
            | FetchError::NotAllowed
            | FetchError::TooLarge
            | FetchError::FailedBefore
            | FetchError::Malformed => AbsenceKind::Invalid,
        };
        Self::of(kind, error)
    }

    fn of_statement(fault: &StatementFault) -> Self {
        let is_policy = matches!(fault, StatementFault::Policy(PolicyFault::Structure | PolicyFault::Policy { .. }));
        Self::of(if is_policy { AbsenceKind::Policy } else { AbsenceKind::Invalid }, fault)
    }

    fn kept(text: &str) -> Self {
        serde_json::from_str(text).unwrap_or_else(|_| Self::of_fetch(&FetchError::FailedBefore))
    }

    fn to_text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Why no chain was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unresolved {
    /// There is no good statement where one should be.
    #[error("{url}: {}", absence.reason)]
    Absent {
        /// Where it should be.
        url: String,
        /// Why there is none.
        absence: Absence,
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
    /// Whether a chain may be found later.
    #[must_use]
    pub fn is_temporary(&self) -> bool {
        matches!(self, Self::TooLong | Self::Absent { absence: Absence { kind: AbsenceKind::Unavailable, .. }, .. })
    }

    /// What superiors refuse says more than that one cannot be asked, and that more than that one knows nothing.
    fn gravity(&self) -> u8 {
        match self {
            Self::Chain(_) | Self::Absent { absence: Absence { kind: AbsenceKind::Policy, .. }, .. } => 2,
            other => u8::from(other.is_temporary()),
        }
    }
}

/// One search for a chain.
pub struct Discovery<'a> {
    app: &'a App,
    service_id: u64,
    anchors: &'a [TrustAnchor],
    ports: Vec<String>,
    ends: Instant,
    fetches_left: AtomicUsize,
    steps_left: AtomicUsize,
    since_millis: u64,
    used_kept: AtomicBool,
    known: Mutex<HashMap<String, Arc<Known>>>,
}

/// What is known of a URL; whoever asks first finds it out for all who ask in the same search.
type Known = OnceCell<Result<Arc<EntityStatement>, Unresolved>>;

/// The beginning of a chain: the subject's statement and those about it, and the configuration of the entity that it
/// has come to.
struct Path {
    statements: Vec<Arc<EntityStatement>>,
    top: Arc<EntityStatement>,
}

/// A way that can be gone: a superior of the entity at the top of a path.
struct Hint {
    path: Arc<Path>,
    superior: EntityId,
}

/// Where a step has led.
enum Arrival {
    /// To a trust anchor, and the chain is valid.
    Chain(TrustChain),
    /// To an intermediate.
    Path(Path),
}

impl Path {
    fn contains(&self, entity: &EntityId) -> bool {
        self.statements.iter().any(|statement| statement.subject() == entity) || self.top.subject() == entity
    }
}

impl<'a> Discovery<'a> {
    /// A search on behalf of that service, which ends at one of those anchors, and by then. `ports` are hosts with
    /// ports other than that of https that are asked as well.
    #[must_use]
    pub fn new(app: &'a App, service_id: u64, anchors: &'a [TrustAnchor], ports: Vec<String>, ends: Instant) -> Self {
        Self {
            app,
            service_id,
            anchors,
            ports,
            ends,
            fetches_left: AtomicUsize::new(MOST_FETCHES),
            steps_left: AtomicUsize::new(MOST_STEPS),
            since_millis: 0,
            used_kept: AtomicBool::new(false),
            known: Mutex::default(),
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

    /// Whether an entity publishes its configuration.
    ///
    /// # Errors
    /// [`Error::NoChain`] if that cannot be found out, or what it publishes is none; [`Error::Core`] of the table.
    pub async fn publishes(&self, entity: &EntityId) -> Result<bool, Error> {
        match self.configuration(entity).await {
            Ok(_) => Ok(true),
            Err(error) if error.says_no_entity(entity) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// A valid chain whose subject is that of a configuration. A chain with fewer statements is found before one with
    /// more, where superiors answer about as fast (§10.3).
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
        self.known.get_mut().unwrap_or_else(PoisonError::into_inner).clear();
        std::mem::take(self.used_kept.get_mut())
    }

    /// Goes all ways up at once, as far as each leads. Those that have not come to an end when a chain is found are
    /// given up: whoever asks next takes them up again.
    async fn climb(&self, subject: Arc<EntityStatement>) -> Result<TrustChain, Error> {
        let mut open = self.hints(Path { statements: vec![Arc::clone(&subject)], top: subject });
        let mut under_way = FuturesUnordered::new();
        let mut fault: Option<Unresolved> = None;
        loop {
            let (now, later) = self.trust_anchors_first(open);
            open = later;
            under_way.extend(now.into_iter().map(|hint| self.step(hint)));
            let mut until = (!open.is_empty()).then(|| Instant::now() + PATIENCE);
            while let Some(outcome) = next_before(&mut under_way, until).await {
                match outcome {
                    Ok(Arrival::Chain(chain)) => return Ok(chain),
                    Ok(Arrival::Path(path)) if path.statements.len() > MOST_SUPERIORS => {
                        fault = Some(graver(fault, Unresolved::TooMuch));
                    }
                    Ok(Arrival::Path(path)) => {
                        open.extend(self.hints(path));
                        until.get_or_insert_with(|| Instant::now() + PATIENCE);
                    }
                    Err(Error::NoChain(found)) => fault = Some(graver(fault, found)),
                    Err(error) => return Err(error),
                }
            }
            if open.is_empty() && under_way.is_empty() {
                return Err(fault.unwrap_or(Unresolved::NoTrustAnchor).into());
            }
        }
    }

    /// The hints that are followed from a path's top, trust anchors first.
    fn hints(&self, path: Path) -> Vec<Hint> {
        let mut hints: Vec<EntityId> = path.top.authority_hints().to_vec();
        hints.sort_by_key(|hint| !self.is_anchor(hint));
        hints.truncate(MOST_HINTS);
        let path = Arc::new(path);
        hints.into_iter().map(|superior| Hint { path: Arc::clone(&path), superior }).collect()
    }

    /// The hints that are followed now, and those that wait: for trust anchors among them, if there are any.
    fn trust_anchors_first(&self, hints: Vec<Hint>) -> (Vec<Hint>, Vec<Hint>) {
        let (anchors, others): (Vec<Hint>, Vec<Hint>) =
            hints.into_iter().partition(|hint| self.is_anchor(&hint.superior));
        if anchors.is_empty() { (others, anchors) } else { (anchors, others) }
    }

    fn is_anchor(&self, entity: &EntityId) -> bool {
        self.anchors.iter().any(|anchor| anchor.entity_id == *entity)
    }

    /// Goes up to a superior: its configuration, and its statement about the entity below.
    async fn step(&self, Hint { path, superior }: Hint) -> Result<Arrival, Error> {
        take_one(&self.steps_left)?;
        if path.contains(&superior) {
            return Err(Unresolved::Loop(superior).into());
        }
        let top = self.configuration(&superior).await?;
        let endpoint = top.fetch_endpoint().ok_or_else(|| Unresolved::NoFetchEndpoint(superior.clone()))?;
        let subject = path.top.subject();
        let url = fetch_url(endpoint, subject).ok_or_else(|| Unresolved::NoFetchEndpoint(superior.clone()))?;
        let about = self.statement(&url, Kind::Subordinate, &superior, subject).await?;
        let statements = path.statements.iter().cloned().chain([about]).collect();
        let next = Path { statements, top };
        if self.is_anchor(&superior) { Ok(Arrival::Chain(self.complete(&next)?)) } else { Ok(Arrival::Path(next)) }
    }

    /// The chain of a path that has come to a trust anchor, with the metadata that results from it.
    fn complete(&self, path: &Path) -> Result<TrustChain, Unresolved> {
        let statements = path.statements.iter().chain([&path.top]).map(|statement| EntityStatement::clone(statement));
        let chain = TrustChain::validate(statements.collect(), self.anchors)?;
        chain.resolve().map_err(ChainFault::Policy)?;
        Ok(chain)
    }

    async fn configuration(&self, entity: &EntityId) -> Result<Arc<EntityStatement>, Error> {
        self.statement(&entity.configuration_url(), Kind::Configuration, entity, entity).await
    }

    /// The statement behind a URL; none is asked for twice in one search. Strangers say which URL is whose, so what is
    /// there is good or bad by itself, and whose it is is compared for each who asks.
    async fn statement(
        &self,
        url: &str,
        kind: Kind<'static>,
        issuer: &EntityId,
        subject: &EntityId,
    ) -> Result<Arc<EntityStatement>, Error> {
        let known = Arc::clone(self.known().entry(url.to_owned()).or_default());
        let obtained = known.get_or_try_init(|| async {
            match self.obtain(url, kind).await {
                Err(Error::NoChain(fault)) => Ok(Err(fault)),
                outcome => outcome.map(Ok),
            }
        });
        let outcome = obtained.await?.clone();
        let statement = outcome?;
        if statement.issuer() != issuer || statement.subject() != subject {
            return Err(Unresolved::OtherEntities(url.to_owned()).into());
        }
        Ok(statement)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<String, Arc<Known>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// From the table, or from where it is published; whoever fetches it keeps the outcome for all.
    async fn obtain(&self, url: &str, kind: Kind<'static>) -> Result<Arc<EntityStatement>, Error> {
        let store = &self.app.store;
        let address = DocumentUrl { service_id: self.service_id, url, since_millis: self.since_millis };
        let mut known = store.document(&address).await?;
        loop {
            match known {
                Document::Found(text) => {
                    self.used_kept.store(true, Ordering::Relaxed);
                    return Ok(read(url, &text, kind, self.app.clock.now())?);
                }
                Document::Missing(reason) => return Err(absent(url, Absence::kept(&reason)).into()),
                Document::Fetching if Instant::now() + LOOKING >= self.ends => return Err(Unresolved::TooLong.into()),
                Document::Fetching => {
                    tokio::time::sleep(LOOKING).await;
                    known = store.document(&address).await?;
                }
                Document::Unknown if Instant::now() >= self.ends => return Err(Unresolved::TooLong.into()),
                Document::Unknown => {
                    take_one(&self.fetches_left)?;
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
        let document = app.fetch.get_at(url, &self.ports, MAX_BYTES, end).await;
        let now = app.clock.now();
        let text = document.and_then(|bytes| String::from_utf8(bytes).map_err(|_| FetchError::Malformed));
        let outcome = match text {
            Ok(text) => read(url, text.trim(), kind, now),
            Err(_) if Instant::now() >= self.ends => Err(Unresolved::TooLong),
            Err(error) => Err(absent(url, Absence::of_fetch(&error))),
        };
        let kept = match &outcome {
            // A registration ends with the first of its statements.
            Ok(statement) => {
                self.compare_keys(statement);
                let fresh_until = now.saturating_add(statement.expires_at().saturating_sub(now) / 2);
                app.store.keep_document(address, statement.as_str(), fresh_until).await
            }
            Err(Unresolved::Absent { absence, .. }) => {
                app.store.miss_document(address, &absence.to_text(), now.saturating_add(AGAIN)).await
            }
            // It would have had more time in another search.
            Err(_) => app.store.miss_document(address, "", now).await,
        };
        if let Err(error) = kept {
            tracing::warn!(cause = ?error.source_for_log(), "what became of a fetch could not be kept");
        }
        outcome
    }

    /// Tells operators that a trust anchor publishes other keys than they were given.
    fn compare_keys(&self, statement: &EntityStatement) {
        let anchor = self.anchors.iter().find(|anchor| anchor.entity_id == *statement.issuer());
        if let Some(anchor) = anchor.filter(|_| statement.issuer() == statement.subject()) {
            anchor_keys::warn(self.service_id, anchor, statement);
        }
    }
}

/// The next that comes in, if one does by then.
async fn next_before<F: Future>(under_way: &mut FuturesUnordered<F>, until: Option<Instant>) -> Option<F::Output> {
    match until {
        None => under_way.next().await,
        Some(until) => tokio::time::timeout_at(until.into(), under_way.next()).await.ok().flatten(),
    }
}

/// Takes one from what is left of a limit.
fn take_one(left: &AtomicUsize) -> Result<(), Unresolved> {
    let taken = left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1));
    taken.map(drop).map_err(|_| Unresolved::TooMuch)
}

/// A statement that is good by itself. Who made one about a subordinate is known with its chain only.
fn read(url: &str, text: &str, kind: Kind<'static>, now: u64) -> Result<Arc<EntityStatement>, Unresolved> {
    let refused = |fault: StatementFault| absent(url, Absence::of_statement(&fault));
    let statement = EntityStatement::read(text, kind, now).map_err(refused)?;
    if matches!(kind, Kind::Configuration) {
        statement.verify(statement.keys()).map_err(refused)?;
    }
    Ok(Arc::new(statement))
}

fn a_moment_ago(app: &App) -> u64 {
    app.clock.now_millis().saturating_sub(AGAIN * 1000)
}

/// Of two that are as grave the first counts.
fn graver(known: Option<Unresolved>, found: Unresolved) -> Unresolved {
    match known {
        Some(known) if known.gravity() >= found.gravity() => known,
        _ => found,
    }
}

fn absent(url: &str, absence: Absence) -> Unresolved {
    Unresolved::Absent { url: url.to_owned(), absence }
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
