//! What Lambda does on a bad day: the stream function is called late, ends between records or anywhere else, and is called
//! again with the same records, cut otherwise. Each record comes at least once, in order.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, anyhow};
use registrar::streams::Follower;
use shared::App;
use shared::error::Error;
use shared::stream::{self, Event};

use super::installation::Installation;
use super::random::Random;

/// How many records one event has at the most.
const MOST: u64 = 500;

/// What happens to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Fate {
    /// It is done, and the stream goes on.
    Done,
    /// The table failed it, so it comes again.
    Failed,
    /// It ended between two records.
    BetweenRecords,
    /// It ended somewhere.
    Killed,
    /// Two had the same records at once.
    Twice,
    /// It was done, and comes again all the same.
    Forgotten,
}

impl Fate {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed by the table",
            Self::BetweenRecords => "ended between records",
            Self::Killed => "killed at any point",
            Self::Twice => "two at once",
            Self::Forgotten => "done and called again",
        }
    }
}

/// The stream function, and who calls it.
pub(super) struct Following {
    app: &'static App,
    follower: Follower,
    random: Random,
    /// What has happened how often.
    pub(super) fates: BTreeMap<Fate, u64>,
    /// How many records were handed over, those that came again included.
    pub(super) records: u64,
    /// How often it was late.
    pub(super) late: u64,
}

impl Following {
    pub(super) fn new(installation: &Installation, seed: u64) -> Self {
        Self {
            app: installation.stream,
            follower: Follower::new(installation.table()),
            random: Random::new(seed, u64::MAX),
            fates: BTreeMap::new(),
            records: 0,
            late: 0,
        }
    }

    /// Calls it until everything has happened and been followed.
    pub(super) async fn follow(&mut self, is_over: &AtomicBool) -> Result<()> {
        loop {
            let was_over = is_over.load(Ordering::Acquire);
            if self.random.chance(20)? {
                self.late += 1;
                tokio::time::sleep(Duration::from_millis(self.random.below(2000)?)).await;
            }
            if self.call().await? > 0 {
                continue;
            }
            if was_over {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// Calls it without any accident until there is nothing left.
    pub(super) async fn catch_up(&mut self) -> Result<()> {
        while self.follower.step(self.app).await? > 0 {}
        Ok(())
    }

    /// One call; how many records there were.
    async fn call(&mut self) -> Result<usize> {
        let most = usize::try_from(1 + self.random.below(MOST)?)?;
        let (event, next) = self.follower.next(most)?;
        let records = event.records.len();
        if records == 0 {
            return Ok(0);
        }
        self.records += records as u64;
        let fate = self.live(event, most).await?;
        *self.fates.entry(fate).or_default() += 1;
        if matches!(fate, Fate::Done | Fate::Twice) {
            self.follower.pass(next)?;
        }
        Ok(records)
    }

    async fn live(&self, event: Event, most: usize) -> Result<Fate> {
        match self.random.below(1000)? {
            0..80 => self.end_between_records(event).await,
            80..160 => self.kill(event).await,
            160..200 => {
                let (same, _) = self.follower.next(most)?;
                let (one, other) = tokio::join!(stream::apply(self.app, event), stream::apply(self.app, same));
                let fates = (fate(one.map(drop))?, fate(other.map(drop))?);
                Ok(if fates == (Fate::Done, Fate::Done) { Fate::Twice } else { Fate::Failed })
            }
            200..240 => {
                let done = fate(stream::apply(self.app, event).await.map(drop))?;
                Ok(if done == Fate::Done { Fate::Forgotten } else { done })
            }
            _ => fate(stream::apply(self.app, event).await.map(drop)),
        }
    }

    /// Only the first of the records are followed.
    async fn end_between_records(&self, mut event: Event) -> Result<Fate> {
        event.records.truncate(usize::try_from(self.random.below(event.records.len() as u64)?)?);
        fate(stream::apply(self.app, event).await.map(drop))?;
        Ok(Fate::BetweenRecords)
    }

    /// It ends wherever it is after a while; what it has asked of the table by then may be done.
    async fn kill(&self, event: Event) -> Result<Fate> {
        let life = Duration::from_millis(self.random.below(400)?);
        match tokio::time::timeout(life, stream::apply(self.app, event)).await {
            Ok(applied) => fate(applied.map(drop)),
            Err(_) => Ok(Fate::Killed),
        }
    }
}

/// What the table fails comes again; anything else is wrong.
fn fate(applied: std::result::Result<(), Error>) -> Result<Fate> {
    match applied {
        Ok(()) => Ok(Fate::Done),
        Err(Error::Unavailable(_) | Error::Contention) => Ok(Fate::Failed),
        Err(error) => Err(anyhow!("the stream function: {error}: {:?}", error.source_for_log())),
    }
}
