//! What programs know of what they have sent: what they were answered, and what was never answered.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::plan::{Act, Plan, What};
use crate::fault_proxy::FaultProxy;

/// What became of what was sent for one registration.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Registration {
    /// How many clients were answered.
    pub(super) acknowledged: u32,
    /// How many requests may have made a client that nobody knows.
    pub(super) unanswered: u32,
}

/// A client that its registrant knows.
#[derive(Debug, Clone)]
pub(super) struct Known {
    pub(super) number: u32,
    pub(super) service: u64,
    pub(super) client_id: Box<str>,
    /// None where many share it.
    pub(super) token: Option<Box<str>>,
    pub(super) updates: Tally,
    pub(super) locks: Tally,
    pub(super) unlocks: Tally,
    pub(super) deletions: Tally,
}

/// How often something was asked.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Tally {
    /// And answered.
    pub(super) acknowledged: u16,
    /// And not answered.
    pub(super) unanswered: u16,
}

impl Known {
    pub(super) fn tally(&mut self, act: Act) -> &mut Tally {
        match act {
            Act::Update => &mut self.updates,
            Act::Lock => &mut self.locks,
            Act::Unlock => &mut self.unlocks,
            Act::Delete => &mut self.deletions,
        }
    }

    /// Whether it is known to be gone.
    pub(super) fn is_deleted(&self) -> bool {
        self.deletions.acknowledged > 0
    }

    /// Whether it may be gone.
    pub(super) fn may_be_deleted(&self) -> bool {
        self.deletions.acknowledged + self.deletions.unanswered > 0
    }
}

/// How things stand when a tenth of the registrations is done.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    pub(super) registrations: u32,
    pub(super) after: Duration,
    /// Requests of the table, in all.
    pub(super) requests: u64,
    /// In MiB, where the system tells.
    pub(super) memory: Option<f64>,
}

/// All that was noted.
#[derive(Debug, Default)]
pub(super) struct Noted {
    pub(super) registrations: Vec<Registration>,
    pub(super) clients: Vec<Known>,
    /// Answers by status.
    pub(super) statuses: BTreeMap<u16, u64>,
    /// Requests that were sent again since there was no answer.
    pub(super) retries: u64,
    /// Answers that did not reach who had asked.
    pub(super) lost: u64,
    /// Registrations that were refused, by error.
    pub(super) refusals: BTreeMap<String, u64>,
    /// Answers that should not be.
    pub(super) unexpected: Vec<String>,
    pub(super) marks: Vec<Mark>,
    done: u32,
}

/// Where programs note it.
pub(super) struct Notes {
    noted: Mutex<Noted>,
    proxy: Arc<FaultProxy>,
    began: Instant,
    tenth: u32,
}

impl Notes {
    pub(super) fn new(registrations: u32, proxy: Arc<FaultProxy>) -> Self {
        let noted = Noted { registrations: vec![Registration::default(); registrations as usize], ..Noted::default() };
        Self { noted: Mutex::new(noted), proxy, began: Instant::now(), tenth: registrations.div_ceil(10).max(1) }
    }

    /// For a short while.
    pub(super) fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        work(&mut self.noted.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Notes what became of one registration, and its clients.
    pub(super) fn registered(&self, plan: &Plan, became: Registration, clients: Vec<Known>) {
        let mark = self.with(|noted| {
            if let Some(place) = noted.registrations.get_mut(plan.number as usize) {
                *place = became;
            }
            noted.clients.extend(clients);
            noted.done += 1;
            let is_over = noted.registrations.len() == noted.done as usize;
            (noted.done.is_multiple_of(self.tenth) || is_over).then_some(noted.done)
        });
        if let Some(registrations) = mark {
            let (after, requests) = (self.began.elapsed(), self.proxy.weathered());
            let mark = Mark { registrations, after, requests, memory: resident_mib() };
            self.with(|noted| noted.marks.push(mark));
        }
    }

    /// Notes what became of a registration that has no client, or of clients that are known already.
    pub(super) fn changed(&self, client: Known) {
        self.with(|noted| noted.clients.push(client));
    }

    /// What was noted.
    pub(super) fn finish(&self) -> Noted {
        self.with(std::mem::take)
    }
}

impl Noted {
    /// Notes an answer that should not be, if there are not many of them already.
    pub(super) fn surprise(&mut self, what: String) {
        if self.unexpected.len() < 20 {
            self.unexpected.push(what);
        }
    }

    /// Notes that a registration was refused.
    pub(super) fn refused(&mut self, what: What, error: &str) {
        if matches!(what, What::Invalid(_)) {
            *self.refusals.entry(error.to_owned()).or_default() += 1;
        }
    }
}

/// The process's resident memory.
fn resident_mib() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: u32 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(f64::from(kib) / 1024.0)
}
