//! `registrar service`, `token`, `client`, `policy`: administration of whatever table the AWS environment names.

mod client;
mod connection;
mod consent;
mod federation;
mod input;
mod output;
mod policy;
mod service;
mod token;

use anyhow::Result;
use clap::{Args, Subcommand};
use shared::origin::Origin;

pub use connection::Connection;
pub use output::Output;

/// A group of administration commands.
#[derive(Subcommand)]
pub enum Command {
    /// Services: the authorization servers whose clients are registered.
    Service(Group<service::Command>),
    /// Tokens: of services, of organizations, and for registering.
    Token(Group<token::Command>),
    /// Registered clients.
    Client(Group<client::Command>),
    /// Policies, before services have them.
    Policy {
        /// What to do with one.
        #[command(subcommand)]
        command: policy::Command,
        /// Print JSON.
        #[arg(long, global = true)]
        json: bool,
    },
}

/// A command of a group, where it acts, and how it prints.
#[derive(Args)]
pub struct Group<C: Subcommand> {
    #[command(subcommand)]
    command: C,
    #[command(flatten)]
    connection: connection::Options,
    /// Print JSON.
    #[arg(long, global = true)]
    json: bool,
}

/// Runs a command.
///
/// # Errors
/// With a sentence for whoever typed it.
pub async fn run(command: Command) -> Result<()> {
    match command {
        Command::Service(group) => {
            let (connection, output) = (group.connection.connect().await?, Output::new(group.json));
            service::run(group.command, &connection, &output).await
        }
        Command::Token(group) => {
            let (connection, output) = (group.connection.connect().await?, Output::new(group.json));
            token::run(group.command, &connection, &output).await
        }
        Command::Client(group) => {
            let (connection, output) = (group.connection.connect().await?, Output::new(group.json));
            client::run(group.command, &connection, &output).await
        }
        Command::Policy { command, json } => policy::run(&command, &Output::new(json)),
    }
}

/// Whoever runs these commands.
fn operator() -> Origin {
    Origin { actor: "operator".to_owned(), door: "cli", ..Origin::default() }
}
