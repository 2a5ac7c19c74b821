//! `registrar service`, `token`, `client`, `audit`, `grant`, `policy`: administration of whatever table the AWS environment
//! names, or of what the operators' API does; `cognito`: of user pools.

mod api;
mod asked;
mod audit;
mod client;
mod cognito;
mod connection;
mod consent;
mod desk;
mod doctor;
mod federation;
mod fetched;
mod grant;
mod input;
mod keys;
mod output;
mod place;
mod policy;
mod service;
mod sign_in;
mod token;
mod whoami;

use clap::Subcommand;
use shared::origin::Origin;

use crate::failure::{Failure, Kind};

pub use connection::{Connection, Options};
pub use doctor::Options as Examination;
pub use output::Output;

/// A group of administration commands.
#[derive(Subcommand)]
pub enum Command {
    /// Services: the authorization servers whose clients are registered.
    #[command(subcommand)]
    Service(service::Command),
    /// Operators' tokens, of services and of organizations, and initial access tokens.
    #[command(subcommand)]
    Token(token::Command),
    /// Registered clients.
    #[command(subcommand)]
    Client(client::Command),
    /// Who a token is, at the operators' API.
    Whoami,
    /// What was changed, by whom, and which registrations were refused.
    Audit(audit::Audit),
    /// What users have let clients have, and the authorizations by which they have it.
    #[command(subcommand)]
    Grant(grant::Command),
    /// Policies: of services, and before services have them.
    #[command(subcommand)]
    Policy(policy::Command),
    /// App clients of Amazon Cognito user pools; no table is asked.
    #[command(subcommand)]
    Cognito(cognito::Command),
}

/// Runs a command.
///
/// # Errors
/// With a sentence for whoever typed it.
pub async fn run(command: Command, options: Options, json: bool) -> Result<(), Failure> {
    let output = Output::new(json);
    if let Command::Policy(policy::Command::Check { policy, registration, sample, door }) = &command {
        let checked = policy::Tried::read(registration.as_ref(), sample.as_ref())
            .and_then(|tried| policy::check_file(policy, tried, door, &output));
        return checked.map_err(|error| Failure::of(&error, Kind::Refused));
    }
    if let Command::Cognito(command) = &command {
        return cognito::run(command, &output).await.map_err(|error| Failure::of(&error, Kind::Refused));
    }
    let asked = options.asked().await.map_err(|error| Failure::of(&error, Kind::Refused))?;
    let done = match command {
        Command::Service(command) => service::run(command, &asked, &output).await,
        Command::Token(command) => token::run(command, &asked, &output).await,
        Command::Client(command) => client::run(command, &asked, &output).await,
        Command::Audit(audit) => audit::run(&audit, &asked, &output).await,
        Command::Grant(command) => grant::run(command, &asked, &output).await,
        Command::Whoami => whoami::run(&asked, &output).await,
        Command::Policy(command) => policy::run(command, &asked, &output).await,
        Command::Cognito(command) => cognito::run(&command, &output).await,
    };
    done.map_err(|error| asked.failure(&error))
}

/// Looks at everything that a registration needs, and says what it found.
///
/// # Errors
/// If there is a fault.
pub async fn examine(asked: Examination, options: Options, json: bool) -> Result<(), Failure> {
    doctor::run(asked, options, &Output::new(json)).await
}

/// Whoever runs these commands.
fn operator() -> Origin {
    Origin { actor: "operator".to_owned(), door: "cli", ..Origin::default() }
}
