//! How many documents are fetched, for one service and from one host: others' hosts are not to be flooded through this one,
//! and a flood of URLs that nobody knows takes nothing from the clients that are known.

use super::identifier::DocumentUri;
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

impl Default for Budgets {
    fn default() -> Self {
        Self { unknown: Limiter::new(UNKNOWN), known: Limiter::new(KNOWN), host: Limiter::new(HOST) }
    }
}

impl Budgets {
    /// What a fetch is told if this instance knows that it has to wait; nothing is counted.
    pub(super) fn refusal(
        &self,
        clock: &Clock,
        service_id: u64,
        uri: &DocumentUri,
        is_known: bool,
    ) -> Option<Admission> {
        self.counted(service_id, uri, is_known).iter().find_map(|(limiter, key)| limiter.refusal(clock, key))
    }

    /// Counts a fetch.
    ///
    /// # Errors
    /// What it is told that has to wait.
    pub(super) async fn admit(
        &self,
        store: &Store,
        clock: &Clock,
        service_id: u64,
        uri: &DocumentUri,
        is_known: bool,
    ) -> Result<(), Admission> {
        for (limiter, key) in self.counted(service_id, uri, is_known) {
            let admission = limiter.admit(store, clock, &key).await;
            if !admission.allowed {
                return Err(admission);
            }
        }
        Ok(())
    }

    fn counted(&self, service_id: u64, uri: &DocumentUri, is_known: bool) -> [(&Limiter, String); 2] {
        let (limiter, what) = if is_known { (&self.known, "known") } else { (&self.unknown, "unknown") };
        let of = |what: &str| format!("{service_id}#documents#{what}");
        let host = format!("host#{what}#{}", uri.host());
        [(&self.host, of(&host)), (limiter, of(what))]
    }
}
