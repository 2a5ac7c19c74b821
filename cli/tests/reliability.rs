//! Programs register, change and delete clients while the table fails them at random and the stream function dies at
//! random; and whether the table, the counts and the audit end as the programs were told. `docs/reliability.md` says what
//! is promised.

#[path = "reliability/check.rs"]
mod check;
#[path = "reliability/following.rs"]
mod following;
#[path = "reliability/installation.rs"]
mod installation;
#[path = "reliability/notes.rs"]
mod notes;
#[path = "reliability/plan.rs"]
mod plan;
#[path = "reliability/programs.rs"]
mod programs;
#[path = "reliability/random.rs"]
mod random;
#[path = "reliability/report.rs"]
mod report;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Instant;

use anyhow::Result;
use futures_util::future::try_join_all;

use following::Following;
use installation::Installation;
use notes::Notes;
use plan::Plan;
use programs::Program;
pub(crate) use report::Report;
use report::Times;

/// How much happens, and what decides it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scale {
    /// How many registrations there are, with those that are invalid and those that come again.
    pub(crate) registrations: u32,
    /// What decides who sends what, and what meets which fault.
    pub(crate) seed: u64,
    /// How many programs there are at once.
    pub(crate) connections: u32,
}

/// Lets it all happen with a table in that folder, and compares.
pub(crate) async fn run(scale: Scale, folder: &Path) -> Result<Report> {
    let installation = Installation::new(folder, scale.seed).await?;
    let notes = Arc::new(Notes::new(scale.registrations, Arc::clone(&installation.proxy)));
    let mut following = Following::new(&installation, scale.seed);
    let (is_over, began) = (AtomicBool::new(false), Instant::now());
    let registering = async {
        register(&installation, scale, &notes).await?;
        is_over.store(true, Ordering::Release);
        anyhow::Ok(())
    };
    tokio::try_join!(registering, following.follow(&is_over))?;
    installation.proxy.calm();
    following.catch_up().await?;
    let (notes, followed) = (notes.finish(), began.elapsed());
    let found = check::compare(&installation, scale, &notes).await?;
    let times = Times { followed, compared: began.elapsed() };
    let report = Report::new(scale, times, notes, &following, installation.proxy.faults(), found);
    installation.stop().await;
    Ok(report)
}

/// Programs take one registration after the other, as many at once as there are connections.
async fn register(installation: &Installation, scale: Scale, notes: &Arc<Notes>) -> Result<()> {
    let next = Arc::new(AtomicU32::new(0));
    let programs = (0..scale.connections).map(|connection| {
        let mut program = Program::new(installation.instance(connection), Arc::clone(notes), scale.seed, connection);
        let next = Arc::clone(&next);
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                if number >= scale.registrations {
                    return program.finish().await;
                }
                program.register(Plan::of(scale.seed, number)).await?;
            }
        })
    });
    try_join_all(programs).await?.into_iter().collect()
}
