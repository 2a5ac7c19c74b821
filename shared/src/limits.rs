//! Rate limits that all running functions share.
//!
//! Time is cut in windows, and a window admits a burst of requests for each key. An instance passes a share of
//! them without asking anybody and then leases one share after another from the window's item. A lease is taken
//! only when what the instance had before is used up, and is no larger than what it passed without asking: the
//! requests leased are never more than the requests made, so a caller within the limit is not refused, however
//! many instances answer. What goes wrong lets requests pass.

mod strangers;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Mutex as Turns;
use tokio::time::timeout;

use crate::error::Error;
use crate::store::{RateWindow, Store};
use crate::time::Clock;

pub use strangers::{Guest, Strangers};

/// How long a request waits for a lease, unless told otherwise.
pub const PATIENCE: Duration = Duration::from_millis(150);

/// How many leases of others a request waits for before its own: a flood at one instance must not pass uncounted.
const TURNS: u32 = 8;

/// How many keys an instance counts at once.
const MOST_KEYS: usize = 4096;

/// A share is this part of a burst.
const SHARES: u64 = 20;

/// The largest share.
const LARGEST_SHARE: u64 = 10;

/// How long a window's item outlives it, in seconds: instances' clocks differ.
const ITEM_SECONDS: u64 = 60;

/// How much each key may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per second, over a window.
    pub rate: NonZeroU32,
    /// Requests in a window, at whatever time of it they come.
    pub burst: NonZeroU32,
}

impl RateLimit {
    /// What each token of an operator may ask by default: 100 requests per second, 200 at once.
    pub const TOKEN: Self = Self::new(100, 200);

    /// What strangers of one address may ask of a service by default: 60 registrations in half a minute. Many users
    /// of one application come from few addresses where a company runs it for them.
    pub const ADDRESS: Self = Self::new(2, 60);

    /// What all strangers together may ask of a service by default: ten times as much.
    pub const SERVICE: Self = Self::new(20, 600);

    /// `rate` requests per second and `burst` at once; zero counts as one.
    #[must_use]
    pub const fn new(rate: u32, burst: u32) -> Self {
        Self { rate: at_least_one(rate), burst: at_least_one(burst) }
    }

    /// So many times as much.
    fn times(self, factor: u32) -> Self {
        Self::new(self.rate.get().saturating_mul(factor), self.burst.get().saturating_mul(factor))
    }

    /// As much, but no more than that part of another limit.
    fn within(self, part: u32, other: Self) -> Self {
        let least = |own: NonZeroU32, other: NonZeroU32| own.get().min(other.get() / part);
        Self::new(least(self.rate, other.rate), least(self.burst, other.burst))
    }

    /// How many requests a window admits.
    fn burst(self) -> u64 {
        self.burst.get().into()
    }

    /// How many requests an instance passes without asking, and how many it leases at a time.
    fn share(self) -> u64 {
        (self.burst() / SHARES).clamp(1, LARGEST_SHARE)
    }

    /// How long a window is, in whole milliseconds, rounded up.
    fn window_millis(self) -> u64 {
        (self.burst() * 1000).div_ceil(self.rate.get().into())
    }

    /// The window at a time.
    fn span(self, now_millis: u64) -> Span {
        let index = now_millis / self.window_millis();
        let end_millis = index.saturating_add(1).saturating_mul(self.window_millis());
        Span { index, end_millis, now_millis }
    }
}

const fn at_least_one(number: u32) -> NonZeroU32 {
    match NonZeroU32::new(number) {
        Some(number) => number,
        None => NonZeroU32::MIN,
    }
}

/// A window in time, seen from within. Times are milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
struct Span {
    index: u64,
    end_millis: u64,
    now_millis: u64,
}

impl Span {
    fn end(self) -> u64 {
        self.end_millis.div_ceil(1000)
    }

    fn seconds_left(self) -> u64 {
        self.end_millis.saturating_sub(self.now_millis).div_ceil(1000).max(1)
    }
}

/// What a limit says to one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Admission {
    /// Whether it may pass.
    pub allowed: bool,
    /// How many requests a window admits.
    pub limit: u64,
    /// How many are left in this window, as far as this instance knows.
    pub remaining: u64,
    /// When the window ends, in seconds since 1970, rounded up.
    pub reset: u64,
    /// Seconds until then, at least 1.
    pub retry_after: u64,
}

/// A rate limit, and what this instance knows of its keys.
pub struct Limiter {
    limit: RateLimit,
    patience: Duration,
    state: Mutex<State>,
}

/// The keys of the current window.
#[derive(Default)]
struct State {
    index: u64,
    /// The last window in which a failure was logged.
    warned: Option<u64>,
    windows: HashMap<String, Arc<Turns<Window>>>,
}

impl State {
    /// Forgets the keys that have asked for no lease: each begins with another share, and whoever makes up keys
    /// opens no window that is closed. If those are too few, all are forgotten; the table has what is leased.
    fn make_room(&mut self) {
        self.windows.retain(|_, window| window.try_lock().map_or(true, |window| window.asked));
        if self.windows.len() > MOST_KEYS / 2 {
            self.windows.clear();
        }
    }
}

impl Limiter {
    /// A limit of which this instance has seen no request yet.
    #[must_use]
    pub fn new(limit: RateLimit) -> Self {
        Self { limit, patience: PATIENCE, state: Mutex::default() }
    }

    /// Waits longer or shorter for a lease than the usual [`PATIENCE`].
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether a request of `key` may pass; it is counted if so. A key names who is limited, by what, and nobody
    /// else: two limits have no key in common. A table that fails or is slow lets the request pass, and all of
    /// its key until the window ends.
    pub async fn admit(&self, store: &Store, clock: &Clock, key: &str) -> Admission {
        let (span, window) = self.window(clock, key);
        let remaining = match timeout(self.patience * TURNS, window.lock()).await {
            Ok(mut window) => {
                if window.is_used_up() {
                    self.lease(&mut window, store, span, key).await;
                }
                window.pass()
            }
            // The leases before this one take too long; whether the table fails is for them to find out.
            Err(_) => Some(0),
        };
        self.admission(span, remaining)
    }

    /// What a request of `key` is told if this instance knows that it has to wait. Nothing is counted, and nobody
    /// asked.
    pub(crate) fn refusal(&self, clock: &Clock, key: &str) -> Option<Admission> {
        let span = self.limit.span(clock.now_millis());
        let window = {
            let state = self.lock();
            Arc::clone(state.windows.get(key).filter(|_| state.index == span.index)?)
        };
        let closed = window.try_lock().is_ok_and(|window| window.phase == Phase::Closed);
        closed.then(|| self.admission(span, None))
    }

    /// The current window of a key. The lock is released before anybody waits.
    fn window(&self, clock: &Clock, key: &str) -> (Span, Arc<Turns<Window>>) {
        let mut state = self.lock();
        let span = self.limit.span(clock.now_millis());
        if state.index != span.index {
            state.windows.clear();
            state.index = span.index;
        } else if state.windows.len() >= MOST_KEYS && !state.windows.contains_key(key) {
            state.make_room();
        }
        let window = state.windows.entry(key.to_owned());
        let window = window.or_insert_with(|| Arc::new(Turns::new(Window::new(self.limit))));
        (span, Arc::clone(window))
    }

    /// Asks for a share more.
    async fn lease(&self, window: &mut Window, store: &Store, span: Span, key: &str) {
        window.asked = true;
        let item = RateWindow { key, index: span.index, expires_at: span.end().saturating_add(ITEM_SECONDS) };
        let lease = store.lease(&item, self.limit.share(), self.limit.burst());
        let leased = timeout(self.patience, lease).await;
        match leased.unwrap_or_else(|_| Err(Error::Unavailable("no lease in time".into()))) {
            Ok(Some(taken)) => window.leased(taken, self.limit),
            Ok(None) => window.phase = Phase::Closed,
            Err(error) => {
                window.phase = Phase::Open;
                self.warn(span, &error);
            }
        }
    }

    /// Logs a failure, once in a window, without the key.
    fn warn(&self, span: Span, error: &Error) {
        if self.lock().warned.replace(span.index) != Some(span.index) {
            tracing::warn!(cause = ?error.source_for_log(), "a rate limit lets requests pass uncounted");
        }
    }

    fn admission(&self, span: Span, remaining: Option<u64>) -> Admission {
        Admission {
            allowed: remaining.is_some(),
            limit: self.limit.burst(),
            remaining: remaining.unwrap_or(0),
            reset: span.end(),
            retry_after: span.seconds_left(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What an instance knows of one key in one window.
#[derive(Debug, Clone)]
struct Window {
    phase: Phase,
    /// Whether a lease was asked for.
    asked: bool,
    /// What passes without asking.
    left: u64,
    /// What is left for the key, as far as is known.
    remaining: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Requests pass by shares.
    Shared,
    /// All is taken: nothing passes, and nobody asks.
    Closed,
    /// The table failed: everything passes, and nobody asks.
    Open,
}

impl Window {
    fn new(limit: RateLimit) -> Self {
        Self { phase: Phase::Shared, asked: false, left: limit.share(), remaining: limit.burst() }
    }

    fn is_used_up(&self) -> bool {
        self.phase == Phase::Shared && self.left == 0
    }

    /// A share more, after which `taken` are leased in all.
    fn leased(&mut self, taken: u64, limit: RateLimit) {
        self.left = limit.share();
        self.remaining = self.remaining.min(limit.burst().saturating_sub(taken).saturating_add(self.left));
    }

    /// Lets a request pass, unless the window is closed: what remains after it.
    fn pass(&mut self) -> Option<u64> {
        if self.phase == Phase::Closed {
            return None;
        }
        self.left = self.left.saturating_sub(1);
        self.remaining = self.remaining.saturating_sub(1);
        Some(self.remaining)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Instances and a table that never fails.
    struct Model {
        limit: RateLimit,
        instances: Vec<Window>,
        taken: u64,
    }

    impl Model {
        fn new(limit: RateLimit, instances: usize) -> Self {
            Self { limit, instances: vec![Window::new(limit); instances], taken: 0 }
        }

        /// A request that reaches that instance.
        fn request(&mut self, instance: usize) -> Option<u64> {
            let window = &mut self.instances[instance];
            if window.is_used_up() && self.taken < self.limit.burst() {
                self.taken += self.limit.share();
                window.leased(self.taken, self.limit);
            } else if window.is_used_up() {
                window.phase = Phase::Closed;
            }
            window.pass()
        }
    }

    fn limits() -> impl Strategy<Value = RateLimit> {
        (1..=500_u32, 1..=500_u32).prop_map(|(rate, burst)| RateLimit::new(rate, burst))
    }

    /// Which of at most forty instances each request reaches: some of them much more often than others.
    fn spread(requests: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<usize>> {
        let requests = prop::collection::vec(any::<(u16, u16)>(), requests);
        (1..=40_usize, any::<bool>(), requests).prop_map(|(instances, even, requests)| {
            let reached = |(one, other): (u16, u16)| {
                let most = if even { instances } else { 1 + usize::from(other) % instances };
                usize::from(one) % most
            };
            requests.into_iter().map(reached).collect()
        })
    }

    proptest! {
        #[test]
        fn nobody_within_the_limit_is_refused((limit, spread) in limits().prop_flat_map(|limit| {
            (Just(limit), spread(0..=usize::try_from(limit.burst()).unwrap()))
        })) {
            let mut model = Model::new(limit, 40);
            for (made, instance) in spread.into_iter().enumerate() {
                prop_assert!(model.request(instance).is_some(), "request {made} of {limit:?}");
                prop_assert!(model.taken <= u64::try_from(made).unwrap() + 1);
            }
        }

        #[test]
        fn what_is_admitted_beyond_the_limit_is_a_share_of_each_instance_and_a_lease(
            limit in limits(),
            spread in spread(0..3000),
        ) {
            let mut model = Model::new(limit, 40);
            let instances = 1 + u64::try_from(spread.iter().max().copied().unwrap_or(0)).unwrap();
            let made = u64::try_from(spread.len()).unwrap();
            let admitted = spread.into_iter().filter_map(|instance| model.request(instance)).count();
            let admitted = u64::try_from(admitted).unwrap();
            prop_assert!(admitted >= made.min(limit.burst()));
            prop_assert!(admitted < limit.burst() + (instances + 1) * limit.share());
        }

        #[test]
        fn what_remains_only_decreases_at_an_instance(limit in limits(), spread in spread(0..1000)) {
            let mut model = Model::new(limit, 40);
            let mut last = [limit.burst(); 40];
            for instance in spread {
                let remaining = model.request(instance).unwrap_or(0);
                let before = std::mem::replace(&mut last[instance], remaining);
                prop_assert!(remaining < before || (remaining, before) == (0, 0));
            }
        }

        #[test]
        fn windows_follow_each_other_and_admit_no_more_than_the_rate(limit in limits(), now in 0..u64::from(u32::MAX)) {
            let span = limit.span(now);
            prop_assert!(span.end_millis > now && span.end_millis - now <= limit.window_millis());
            prop_assert_eq!(limit.span(span.end_millis).index, span.index + 1);
            prop_assert!(limit.burst() * 1000 <= limit.window_millis() * u64::from(limit.rate.get()));
        }
    }

    #[test]
    fn one_instance_alone_counts_what_it_passes() {
        let mut model = Model::new(RateLimit::TOKEN, 1);
        let remaining: Vec<_> = (0..250).map(|_| model.request(0)).collect();
        assert_eq!(remaining[..3], [Some(199), Some(198), Some(197)]);
        assert_eq!(remaining[199..201], [Some(0), Some(0)]);
        assert_eq!(remaining.iter().flatten().count(), 210, "the burst, and the share that is not leased");
    }

    #[test]
    fn a_lease_tells_what_others_have_left() {
        let mut window = Window::new(RateLimit::TOKEN);
        for _ in 0..10 {
            window.pass();
        }
        window.leased(150, RateLimit::TOKEN);
        assert_eq!(window.pass(), Some(59), "50 that nobody has leased, and 9 of the lease");
        window.leased(200, RateLimit::TOKEN);
        assert_eq!(window.pass(), Some(9));
    }

    #[test]
    fn windows_and_shares_follow_from_rate_and_burst() {
        let cases = [
            ((100, 200), (2000, 10)),
            ((100, 100), (1000, 5)),
            ((50, 10), (200, 1)),
            ((3, 1), (334, 1)),
            ((1, 10_000), (10_000_000, 10)),
            ((10_000, 1), (1, 1)),
            ((0, 0), (1000, 1)),
            ((1, u32::MAX), (4_294_967_295_000, 10)),
        ];
        for ((rate, burst), expected) in cases {
            let limit = RateLimit::new(rate, burst);
            assert_eq!((limit.window_millis(), limit.share()), expected, "{limit:?}");
        }
    }

    #[test]
    fn a_limit_within_another_has_at_most_a_part_of_it() {
        let limit = RateLimit::new(6, 180);
        assert_eq!(limit.within(3, RateLimit::new(20, 600)), limit);
        assert_eq!(limit.within(3, RateLimit::new(9, 900)), RateLimit::new(3, 180));
        assert_eq!(limit.within(3, RateLimit::new(90, 90)), RateLimit::new(6, 30));
        assert_eq!(limit.within(3, RateLimit::new(1, 2)), RateLimit::new(1, 1));
        assert_eq!(RateLimit::new(2, u32::MAX).times(3), RateLimit::new(6, u32::MAX));
    }

    #[test]
    fn a_window_ends_at_a_full_second_or_after_it() {
        let limit = RateLimit::new(2, 3);
        let ends = [(0, 2, 2), (501, 2, 1), (1499, 2, 1), (1500, 3, 2), (2999, 3, 1)];
        for (now, reset, retry_after) in ends {
            let span = limit.span(now);
            assert_eq!((span.end(), span.seconds_left()), (reset, retry_after), "{now}");
        }
    }

    #[test]
    fn an_instance_counts_a_bounded_number_of_keys() {
        let limiter = Limiter::new(RateLimit::TOKEN);
        let clock = Clock::fixed(0);
        for key in 0..3 * MOST_KEYS {
            limiter.window(&clock, &key.to_string());
            assert!(limiter.lock().windows.len() <= MOST_KEYS);
        }
        clock.advance(2);
        limiter.window(&clock, "next");
        assert_eq!(limiter.lock().windows.len(), 1, "a window's keys end with it");
    }

    #[tokio::test]
    async fn whoever_makes_up_keys_opens_no_window_that_is_closed() {
        let limiter = Limiter::new(RateLimit::TOKEN);
        let clock = Clock::fixed(0);
        let close = async |key: &str| {
            let window = limiter.window(&clock, key).1;
            let mut window = window.lock().await;
            (window.asked, window.phase) = (true, Phase::Closed);
        };
        close("closed").await;
        for key in 0..3 * MOST_KEYS {
            limiter.window(&clock, &key.to_string());
        }
        assert!(limiter.refusal(&clock, "closed").is_some_and(|refusal| !refusal.allowed));
        assert!(limiter.refusal(&clock, "0").is_none() && limiter.refusal(&clock, "unknown").is_none());
        for key in 0..3 * MOST_KEYS {
            close(&key.to_string()).await;
            assert!(limiter.lock().windows.len() <= MOST_KEYS);
        }
        clock.advance(2);
        assert!(limiter.refusal(&clock, "closed").is_none(), "another window");
    }
}
