//! `registrar cognito`: the app clients of an Amazon Cognito user pool, which has let them register themselves.

mod judgment;
mod metrics;
mod pool;
mod prune;
mod refusal;

use anyhow::Result;
use clap::Subcommand;

use super::Output;

#[derive(Subcommand)]
pub enum Command {
    /// Delete the app clients that registered themselves and that nobody uses: it shows how many there are, and asks.
    ///
    /// What operators have made stays, and so does each of which CloudWatch does not say that nobody uses it.
    Prune(prune::Prune),
}

pub(super) async fn run(command: &Command, output: &Output) -> Result<()> {
    let Command::Prune(prune) = command;
    prune::run(prune, output).await
}
