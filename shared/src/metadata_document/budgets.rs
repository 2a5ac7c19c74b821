//! How many documents are fetched, for one service and from one host: others' hosts are not to be flooded through this one,
//! and a flood of URLs that nobody knows takes nothing from the clients that are known.

use std::time::Duration;

use crate::limits::{Admission, Limiter, RateLimit};
use crate::store::Store;
use crate::time::Clock;

/// Documents that were never seen, for one service.
const UNKNOWN: RateLimit = RateLimit::new(10, 100);

/// Documents that are known, for one service.
const KNOWN: RateLimit = RateLimit::new(50, 500);

/// Documents of one host, for one service.
const HOST: RateLimit = RateLimit::new(5, 50);

/// The budgets of all services.
pub struct Budgets {
    unknown: Limiter,
    known: Limiter,
    host: Limiter,
}

/// Whose request a fetch is counted as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Of a client that the operator knows: no stranger makes such requests.
    Allowed,
    /// Of one that was resolved before.
    Known,
    /// Of any other URL.
    Unknown,
}

impl Budgets {
    /// None is used yet; a request waits so long for a lease.
    pub(crate) fn new(patience: Duration) -> Self {
        let [unknown, known, host] = [UNKNOWN, KNOWN, HOST].map(|limit| Limiter::new(limit).with_patience(patience));
        Self { unknown, known, host }
    }

    /// What a fetch from that host is told if this instance knows that it has to wait; nothing is counted.
    pub(crate) fn refusal(&self, clock: &Clock, service_id: u64, host: &str, asked: Asked) -> Option<Admission> {
        self.counted(service_id, host, asked).iter().find_map(|(limiter, key)| limiter.refusal(clock, key))
    }

    /// Counts a fetch.
    ///
    /// # Errors
    /// What it is told that has to wait.
    pub(crate) async fn admit(
        &self,
        store: &Store,
        clock: &Clock,
        service_id: u64,
        host: &str,
        asked: Asked,
    ) -> Result<(), Admission> {
        for (limiter, key) in self.counted(service_id, host, asked) {
            let admission = limiter.admit(store, clock, &key).await;
            if !admission.allowed {
                return Err(admission);
            }
        }
        Ok(())
    }

    /// Whether one more refusal is counted of those for which no host was asked: a flood of URLs writes no more than one that
    /// has documents fetched, and takes nothing from these.
    pub(crate) async fn admit_refusal(&self, store: &Store, clock: &Clock, service_id: u64) -> bool {
        self.unknown.admit(store, clock, &format!("{service_id}#documents#refused")).await.allowed
    }

    fn counted(&self, service_id: u64, host: &str, asked: Asked) -> Vec<(&Limiter, String)> {
        let (limiter, what) = match asked {
            Asked::Allowed => (&self.known, "allowed"),
            Asked::Known => (&self.known, "known"),
            Asked::Unknown => (&self.unknown, "unknown"),
        };
        let of = |what: &str| format!("{service_id}#documents#{what}");
        let of_host = (asked != Asked::Allowed).then(|| (&self.host, of(&format!("host#{what}#{host}"))));
        of_host.into_iter().chain([(limiter, of(what))]).collect()
    }
}
