//! Faults at random, the same for the same seed as far as requests come in the same order.

use std::collections::BTreeMap;

use shared::entropy::Entropy;

use super::{Call, Fault};

/// What may become of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Throttled,
    Failed,
    Unavailable,
    Conflict,
    LostAnswer,
    Timeout,
    TimeoutAfterWrite,
}

/// Of ten thousand requests that are made for the first time, so many meet each. Time-outs are rare: each takes a second
/// and a half.
const FIRST: [(Kind, u64); 7] = [
    (Kind::Throttled, 120),
    (Kind::Failed, 60),
    (Kind::Unavailable, 40),
    (Kind::Conflict, 80),
    (Kind::LostAnswer, 80),
    (Kind::Timeout, 4),
    (Kind::TimeoutAfterWrite, 4),
];

/// Of what was rare at the first attempt, so many times as much meets the later ones: bad moments last.
const LASTING: u64 = 10;

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Throttled => "throttled",
            Self::Failed => "500",
            Self::Unavailable => "503 without a body",
            Self::Conflict => "transaction conflict",
            Self::LostAnswer => "lost answer",
            Self::Timeout => "time-out before it is done",
            Self::TimeoutAfterWrite => "time-out after it is done",
        }
    }

    /// Whether the table does what is asked.
    fn is_done(self) -> bool {
        matches!(self, Self::LostAnswer | Self::TimeoutAfterWrite)
    }
}

/// What was done to the requests of one name.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Count {
    /// How many met a fault.
    pub(crate) met: u64,
    /// How many of them were done, and not answered.
    pub(crate) done: u64,
    /// How many of them were the SDK's last attempt.
    pub(crate) last: u64,
}

/// What was done, by kind and by the request's name.
#[derive(Debug, Default, Clone)]
pub(crate) struct Faults {
    by_kind: BTreeMap<Kind, u64>,
    by_request: BTreeMap<String, Count>,
}

impl Faults {
    /// How often each kind was met.
    pub(crate) fn kinds(&self) -> impl Iterator<Item = (&'static str, u64)> {
        self.by_kind.iter().map(|(kind, count)| (kind.name(), *count))
    }

    /// What requests of that name met.
    pub(crate) fn of(&self, request: &str) -> Count {
        self.by_request.get(request).copied().unwrap_or_default()
    }

    fn note(&mut self, call: &Call, kind: Kind) {
        *self.by_kind.entry(kind).or_default() += 1;
        let count = self.by_request.entry(call.to_string()).or_default();
        count.met += 1;
        count.done += u64::from(kind.is_done());
        count.last += u64::from(call.attempt().is_none_or(|(attempt, most)| attempt >= most));
    }
}

/// Which requests meet what.
pub(crate) struct Weather {
    random: Entropy,
    is_calm: bool,
    requests: u64,
    faults: Faults,
}

impl Weather {
    /// By that seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { random: Entropy::seeded(seed), is_calm: false, requests: 0, faults: Faults::default() }
    }

    pub(super) fn calm(&mut self) {
        self.is_calm = true;
    }

    pub(super) fn requests(&self) -> u64 {
        self.requests
    }

    pub(super) fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// What becomes of that request.
    pub(super) fn meet(&mut self, call: &Call) -> Option<Fault> {
        self.requests += 1;
        if self.is_calm {
            return None;
        }
        let kind = possible(self.draw(call)?, call);
        self.faults.note(call, kind);
        Some(self.fault(kind, call))
    }

    fn draw(&mut self, call: &Call) -> Option<Kind> {
        let is_first = call.attempt().is_none_or(|(attempt, _)| attempt == 1);
        let times = if is_first { 1 } else { LASTING };
        let mut drawn = self.below(10_000);
        for (kind, of_ten_thousand) in FIRST {
            match drawn.checked_sub(of_ten_thousand * times) {
                Some(left) => drawn = left,
                None => return Some(kind),
            }
        }
        None
    }

    fn fault(&mut self, kind: Kind, call: &Call) -> Fault {
        match kind {
            Kind::Throttled => self.throttled(call),
            Kind::Failed => Fault::Exception(500, "InternalServerError"),
            Kind::Unavailable => Fault::Bare(503),
            Kind::Conflict if is_transaction(call) => Fault::Cancelled("TransactionConflict"),
            Kind::Conflict => Fault::Exception(400, "TransactionConflictException"),
            Kind::LostAnswer => Fault::LostAnswer,
            Kind::Timeout => Fault::Timeout,
            Kind::TimeoutAfterWrite => Fault::TimeoutAfterWrite,
        }
    }

    /// DynamoDB says it in several ways.
    fn throttled(&mut self, call: &Call) -> Fault {
        match self.below(3) {
            0 => Fault::Exception(400, "ThrottlingException"),
            1 if call.is_batch() => Fault::Unprocessed,
            1 if is_transaction(call) => Fault::Cancelled("ThrottlingError"),
            _ => Fault::Exception(400, "ProvisionedThroughputExceededException"),
        }
    }

    fn below(&mut self, end: u64) -> u64 {
        u64::from_be_bytes(self.random.bytes().unwrap()) % end
    }
}

/// Neither reads nor batches conflict with transactions.
fn possible(kind: Kind, call: &Call) -> Kind {
    let conflicts = call.is_write() && !call.is_batch();
    if kind == Kind::Conflict && !conflicts { Kind::Throttled } else { kind }
}

fn is_transaction(call: &Call) -> bool {
    call.operation == "TransactWriteItems"
}
