//! Whether the table, the counts, the index and the audit are as the programs were told.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use anyhow::{Context as _, Result, anyhow};
use futures_util::{StreamExt, TryStreamExt, stream};
use shared::audit::{Entry, Happening, Subject};
use shared::client::RegisteredClient;
use shared::error::Error;
use shared::store::Route;
use shared::time::day_of;

use super::Scale;
use super::installation::{Installation, Instance, OPEN, SHARED, key};
use super::notes::{Known, Noted, Tally};
use super::plan::{Plan, What};
use crate::fault_proxy::Count;

/// How many differences are told.
const TOLD: usize = 20;

/// How many entries of the audit are read at a time.
const PAGE: usize = 1000;

/// What there is, and what should not be so.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// The first differences between what was answered and what there is.
    pub(crate) differences: Vec<String>,
    pub(super) stored: usize,
    pub(super) deleted: usize,
    /// Stored, and known to nobody: every answer was lost.
    pub(super) unacknowledged: usize,
    /// Read with their tokens.
    pub(super) read: usize,
    pub(super) counts: u64,
    /// Places by which clients are found.
    pub(super) places: usize,
    /// Entries of the audit by what happened.
    pub(super) audited: BTreeMap<&'static str, usize>,
    pub(super) refused: u64,
}

/// A client as it is stored.
struct Stored {
    /// Of the registration that made it, or of the group that shares it.
    number: u32,
    version: u64,
    name: String,
}

type Id = (u64, Box<str>);
type Lives = HashMap<Id, BTreeMap<&'static str, usize>>;

/// Compares what was answered with what there is.
pub(super) async fn compare(installation: &Installation, scale: Scale, noted: &Noted) -> Result<Found> {
    let direct = installation.direct;
    let mut found = Found { differences: noted.unexpected.clone(), ..Found::default() };
    let stored = stored(direct).await?;
    let lives = audited(direct, &mut found).await?;
    found.stored = stored.len();
    found.clients(noted, &stored);
    found.numbers(scale, noted, &stored, &lives)?;
    found.lives(noted, &stored, &lives);
    found.counts(direct, &stored).await?;
    found.index(installation).await?;
    found.reads(direct, noted).await?;
    let faults = installation.proxy.faults().of("UpdateItem X");
    found.refusals(direct, noted, faults).await?;
    Ok(found)
}

/// All clients of both services.
async fn stored(direct: Instance) -> Result<HashMap<Id, Stored>> {
    let mut stored = HashMap::new();
    for service in [OPEN, SHARED] {
        let mut walk = direct.app.store.walk(service, Route::default());
        while let Some(clients) = walk.next_some().await.map_err(said)? {
            for client in clients {
                let members = client.record.metadata.to_members();
                let text = |name: &str| members.get(name).and_then(|value| value.as_str()).unwrap_or_default();
                let one = Stored {
                    number: text("software_id").parse().context("a client that nobody has sent")?,
                    version: client.version,
                    name: text("client_name").to_owned(),
                };
                stored.insert((service, client.client_id.as_str().into()), one);
            }
        }
    }
    Ok(stored)
}

/// How often what happened to which client, as the audit says.
async fn audited(direct: Instance, found: &mut Found) -> Result<Lives> {
    let mut lives = Lives::new();
    for service in [OPEN, SHARED] {
        let mut cursor: Option<String> = None;
        loop {
            let page = direct.app.store.audit_of_service(service, 0, cursor.as_deref(), PAGE).await;
            let (entries, next) = page.map_err(said)?;
            for Entry { subject, events, .. } in entries {
                let Subject::Client { client_id, .. } = subject else { continue };
                let life = lives.entry((service, client_id.into())).or_default();
                for event in events {
                    *life.entry(event.as_str()).or_default() += 1;
                    *found.audited.entry(event.as_str()).or_default() += 1;
                }
            }
            if next.is_none() {
                break;
            }
            cursor = next;
        }
    }
    Ok(lives)
}

impl Found {
    fn expect(&mut self, holds: bool, what: impl FnOnce() -> String) {
        if !holds && self.differences.len() < TOLD {
            self.differences.push(what());
        }
    }

    /// Who was answered has its client, and who has deleted it has none.
    fn clients(&mut self, noted: &Noted, stored: &HashMap<Id, Stored>) {
        let mut known = BTreeSet::new();
        let mut shared: BTreeMap<u32, BTreeSet<&str>> = BTreeMap::new();
        for client in &noted.clients {
            let id = id(client);
            let there = stored.get(&id);
            self.expect(there.is_some() || client.may_be_deleted(), || format!("{id:?} was answered, and is gone"));
            self.expect(there.is_none() || !client.is_deleted(), || format!("{id:?} was deleted, and is there"));
            if let Some(there) = there {
                let is_its = client.service == SHARED || there.number == client.number;
                self.expect(is_its, || format!("{id:?} of {} is another's", client.number));
                let is_changed = client.updates.acknowledged == 0 || there.name.ends_with(", changed");
                self.expect(is_changed, || format!("{id:?} was changed, and is not"));
                if client.service == SHARED {
                    shared.entry(there.number).or_default().insert(&client.client_id);
                }
            }
            let is_new = known.insert(id) || client.service == SHARED;
            self.expect(is_new, || format!("{} was answered twice", client.client_id));
        }
        for (group, ids) in shared {
            self.expect(ids.len() == 1, || format!("who are the same, group {group}, have {ids:?}"));
        }
        self.unacknowledged = stored.keys().filter(|id| !known.contains(*id)).count();
    }

    /// Each registration has made no more clients than were asked for, and one that is refused none.
    fn numbers(&mut self, scale: Scale, noted: &Noted, stored: &HashMap<Id, Stored>, lives: &Lives) -> Result<()> {
        let mut made: HashMap<u32, u32> = HashMap::new();
        let mut groups: HashMap<u32, u32> = HashMap::new();
        for ((service, _), client) in stored {
            let numbers = if *service == SHARED { &mut groups } else { &mut made };
            *numbers.entry(client.number).or_default() += 1;
        }
        let deleted = |client: &&Known| lives.get(&id(client)).is_some_and(|life| life.contains_key("deleted"));
        for client in noted.clients.iter().filter(deleted) {
            *made.entry(client.number).or_default() += 1;
            self.deleted += 1;
        }
        for (number, became) in (0..).zip(&noted.registrations) {
            let plan = Plan::of(scale.seed, number)?;
            if matches!(plan.what, What::Shared(_)) {
                continue;
            }
            let made = made.remove(&number).unwrap_or_default();
            let may_be = match plan.what {
                What::Invalid(_) => 0..=0,
                _ => became.acknowledged..=became.acknowledged + became.unanswered,
            };
            self.expect(may_be.contains(&made), || format!("{plan:?} made {made} clients, {became:?}"));
        }
        self.expect(made.is_empty(), || format!("clients of nobody: {made:?}"));
        self.expect(groups.values().all(|clients| *clients == 1), || format!("groups and their clients: {groups:?}"));
        Ok(())
    }

    /// The audit tells of each life once, from its beginning to its end, and of each change in it.
    fn lives(&mut self, noted: &Noted, stored: &HashMap<Id, Stored>, lives: &Lives) {
        for (id, life) in lives {
            let times = |event: Happening| life.get(event.as_str()).copied().unwrap_or_default();
            let (registered, deleted) = (times(Happening::Registered), times(Happening::Deleted));
            let there = stored.get(id);
            let is_whole = registered == 1 && deleted == usize::from(there.is_none());
            self.expect(is_whole, || format!("{id:?}, there: {}, has {life:?}", there.is_some()));
            let events: usize = life.values().sum();
            let version = there.map_or(events as u64, |there| there.version);
            self.expect(version == events as u64, || format!("{id:?} at version {version} has {life:?}"));
        }
        for id in stored.keys() {
            self.expect(lives.contains_key(id), || format!("{id:?} is not in the audit"));
        }
        for client in noted.clients.iter().filter(|client| client.service == OPEN) {
            let id = id(client);
            let of = |event: Happening| lives.get(&id).and_then(|life| life.get(event.as_str()).copied());
            for (event, asked, at_most) in [
                (Happening::Updated, client.updates, usize::MAX),
                (Happening::Locked, client.locks, 1),
                (Happening::Unlocked, client.unlocks, 1),
                (Happening::Deleted, client.deletions, 1),
            ] {
                let told = of(event).unwrap_or_default();
                let may_be = expected(asked, at_most);
                self.expect(may_be.contains(&told), || format!("{id:?}: {told} times {event:?}, {asked:?}"));
            }
        }
    }

    /// The counts are the clients that there are, by day and in all.
    async fn counts(&mut self, direct: Instance, stored: &HashMap<Id, Stored>) -> Result<()> {
        let store = &direct.app.store;
        for service in [OPEN, SHARED] {
            let mut days: BTreeMap<String, u64> = BTreeMap::new();
            let mut walk = store.walk(service, Route::default());
            while let Some(clients) = walk.next_some().await.map_err(said)? {
                for client in clients {
                    *days.entry(day_of(client.record.issued_at_millis / 1000)).or_default() += 1;
                }
            }
            let counted = store.day_counts(service).await.map_err(said)?;
            let counted: BTreeMap<String, u64> = counted.into_iter().filter(|(_, count)| *count > 0).collect();
            self.expect(counted == days, || format!("service {service} is counted {counted:?}, and has {days:?}"));
            self.counts += store.client_count(service).await.map_err(said)?;
        }
        let counts = self.counts;
        self.expect(counts == stored.len() as u64, || format!("counted {counts}, stored {}", stored.len()));
        Ok(())
    }

    /// The index is where the clients stand that there are.
    async fn index(&mut self, installation: &Installation) -> Result<()> {
        let mut expected = BTreeSet::new();
        for service in [OPEN, SHARED] {
            let mut walk = installation.direct.app.store.walk(service, Route::default());
            while let Some(clients) = walk.next_some().await.map_err(said)? {
                for place in clients.iter().flat_map(RegisteredClient::places) {
                    expected.insert(key(&place.into_attributes())?);
                }
            }
        }
        let places = installation.places().await?;
        for place in expected.symmetric_difference(&places) {
            self.expect(false, || format!("{place:?} is in the index: {}", places.contains(place)));
        }
        self.places = places.len();
        Ok(())
    }

    /// Who has a token reads its client with it.
    async fn reads(&mut self, direct: Instance, noted: &Noted) -> Result<()> {
        let readers = noted.clients.iter().filter(|client| client.token.is_some() && !client.may_be_deleted());
        let reads = stream::iter(readers).map(|client| async move {
            let path = format!("/{}/register/{}", client.service, client.client_id);
            let reply = direct.send("GET", &path, client.token.as_deref(), String::new()).await?;
            let is_it = reply.text("client_id").is_ok_and(|id| *id == *client.client_id);
            anyhow::Ok((client, reply.status, is_it))
        });
        let reads: Vec<_> = reads.buffer_unordered(8).try_collect().await?;
        for (client, status, is_it) in reads {
            let holds = match may_be_locked(client) {
                Some(false) => status == 200 && is_it,
                Some(true) => status == 403,
                None => status == 403 || status == 200 && is_it,
            };
            self.expect(holds, || format!("{} is read with {status}", client.client_id));
            self.read += usize::from(status == 200);
        }
        Ok(())
    }

    /// A registration that is refused is counted once; not, where the fault met its last attempt.
    async fn refusals(&mut self, direct: Instance, noted: &Noted, faults: Count) -> Result<()> {
        let mut counted: BTreeMap<String, u64> = BTreeMap::new();
        // Midnight may have passed.
        let refused = direct.app.store.refusals(OPEN, 2, None, usize::MAX).await.map_err(said)?.0;
        for refused in refused.into_iter().filter(|refused| refused.operation == "register") {
            *counted.entry(refused.error).or_default() += refused.count;
        }
        let (answered, sum): (u64, u64) = (noted.refusals.values().sum(), counted.values().sum());
        let may_be = answered.saturating_sub(faults.last)..=answered;
        let is_right = may_be.contains(&sum) && counted.keys().eq(noted.refusals.keys());
        self.expect(is_right, || format!("refused {:?}, counted {counted:?}, {faults:?}", noted.refusals));
        self.refused = sum;
        Ok(())
    }
}

/// How often the audit may tell of what was asked.
fn expected(asked: Tally, at_most: usize) -> std::ops::RangeInclusive<usize> {
    let acknowledged = usize::from(asked.acknowledged);
    acknowledged..=(acknowledged + usize::from(asked.unanswered)).min(at_most)
}

/// Nobody knows, where it was not answered.
fn may_be_locked(client: &Known) -> Option<bool> {
    let is_known = |asked: Tally| asked.acknowledged > 0 || asked.unanswered == 0;
    let is_locked = client.locks.acknowledged > client.unlocks.acknowledged;
    (is_known(client.locks) && is_known(client.unlocks)).then_some(is_locked)
}

fn id(client: &Known) -> Id {
    (client.service, client.client_id.clone())
}

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn said(error: Error) -> anyhow::Error {
    anyhow!("{error}: {:?}", error.source_for_log())
}
