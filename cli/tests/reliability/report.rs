//! What a run says.

use std::fmt::{Display, Formatter, Result};
use std::time::Duration;

use super::Scale;
use super::check::Found;
use super::following::Following;
use super::notes::{Mark, Noted};
use crate::fault_proxy::Faults;

/// When what was over.
pub(super) struct Times {
    /// The stream function had followed everything.
    pub(super) followed: Duration,
    /// Everything was compared.
    pub(super) compared: Duration,
}

/// What happened, and whether it is as it was told.
pub(crate) struct Report {
    scale: Scale,
    times: Times,
    noted: Noted,
    fates: Vec<(&'static str, u64)>,
    records: u64,
    late: u64,
    faults: Faults,
    found: Found,
}

impl Report {
    pub(super) fn new(
        scale: Scale,
        times: Times,
        noted: Noted,
        following: &Following,
        faults: Faults,
        found: Found,
    ) -> Self {
        let fates = following.fates.iter().map(|(fate, times)| (fate.name(), *times)).collect();
        Self { scale, times, noted, fates, records: following.records, late: following.late, faults, found }
    }

    /// The first things that do not hold.
    pub(crate) fn differences(&self) -> &[String] {
        &self.found.differences
    }

    fn programs(&self, text: &mut Formatter<'_>) -> Result {
        let Noted { clients, statuses, retries, lost, .. } = &self.noted;
        writeln!(text, "answers: {}", listed(statuses.iter()))?;
        writeln!(text, "sent again: {retries}; answers that did not arrive: {lost}")?;
        let Found { stored, deleted, unacknowledged, read, .. } = &self.found;
        let acknowledged = clients.iter().filter(|client| client.token.is_some()).count();
        let shared = clients.len() - acknowledged;
        writeln!(text, "clients acknowledged: {acknowledged}, and {shared} times a shared one")?;
        writeln!(
            text,
            "clients stored: {stored}, of which nobody was told of {unacknowledged}; deleted: {deleted}; read with their tokens: {read}"
        )
    }

    fn table(&self, text: &mut Formatter<'_>) -> Result {
        writeln!(text, "faults: {}", listed(self.faults.kinds()))?;
        writeln!(text, "calls of the stream function: {}", listed(self.fates.iter().copied()))?;
        writeln!(text, "records handed over: {}; late calls: {}", self.records, self.late)?;
        let Found { counts, places, audited, refused, .. } = &self.found;
        writeln!(text, "counted: {counts}; places in the index: {places}; audited: {}", listed(audited.iter()))?;
        let answered: u64 = self.noted.refusals.values().sum();
        writeln!(text, "refused: {answered}; counted as refused: {refused}")
    }

    fn tenths(&self, text: &mut Formatter<'_>) -> Result {
        let (first, last) = (self.part(0), self.part(self.noted.marks.len().saturating_sub(1)));
        for (name, part) in [("first", first), ("last", last)] {
            if let Some(Part { rate, requests, memory }) = part {
                let memory = memory.map_or_else(|| "unknown".to_owned(), |mib| format!("{mib:.0} MiB"));
                let requests = format!("{requests:.2} requests of the table for each");
                writeln!(text, "{name} tenth: {rate:.0} registrations/s, {requests}, memory at its end {memory}")?;
            }
        }
        Ok(())
    }

    fn part(&self, index: usize) -> Option<Part> {
        let start = Mark { registrations: 0, after: Duration::ZERO, requests: 0, memory: None };
        let mark = self.noted.marks.get(index)?;
        let before = index.checked_sub(1).and_then(|index| self.noted.marks.get(index)).unwrap_or(&start);
        let registrations = f64::from(mark.registrations - before.registrations);
        #[expect(clippy::cast_precision_loss, reason = "it is printed with two digits")]
        let requests = (mark.requests - before.requests) as f64 / registrations;
        let rate = registrations / mark.after.saturating_sub(before.after).as_secs_f64();
        Some(Part { rate, requests, memory: mark.memory })
    }
}

/// One tenth of the registrations.
struct Part {
    rate: f64,
    requests: f64,
    memory: Option<f64>,
}

impl Display for Report {
    fn fmt(&self, text: &mut Formatter<'_>) -> Result {
        let Scale { registrations, seed, connections } = self.scale;
        let seconds = self.noted.marks.last().map_or(0.0, |mark| mark.after.as_secs_f64());
        writeln!(text, "{registrations} registrations over {connections} connections, seed {seed}")?;
        let rate = f64::from(registrations) / seconds.max(0.001);
        let [followed, compared] = [self.times.followed, self.times.compared].map(|time| time.as_secs_f64());
        write!(text, "registered after {seconds:.0} s, {rate:.0} a second; ")?;
        writeln!(text, "followed after {followed:.0} s, compared after {compared:.0} s")?;
        self.programs(text)?;
        self.table(text)?;
        self.tenths(text)?;
        for difference in &self.found.differences {
            writeln!(text, "NOT SO: {difference}")?;
        }
        let verdict = if self.found.differences.is_empty() { "everything is as it was answered" } else { "it failed" };
        write!(text, "{verdict}")
    }
}

/// Names and numbers.
fn listed<K: Display, V: Display>(pairs: impl Iterator<Item = (K, V)>) -> String {
    pairs.map(|(name, number)| format!("{number} {name}")).collect::<Vec<_>>().join(", ")
}
