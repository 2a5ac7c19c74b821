//! The program `registrar`.

use clap::{Parser, Subcommand};
use registrar::{admin, sandbox, serve};

/// The serverless OAuth client registry.
#[derive(Parser)]
#[command(name = "registrar", version, args_conflicts_with_subcommands = true)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: serve::Options,
}

#[derive(Subcommand)]
enum Command {
    /// Run the whole API on this machine (the default).
    Serve(serve::Options),
    /// Make what a door needs of the world around it, to try it on this machine.
    #[command(subcommand)]
    Sandbox(sandbox::Command),
    #[command(flatten)]
    Admin(admin::Command),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    match arguments.command {
        None => serve::run(arguments.serve).await,
        Some(Command::Serve(options)) => serve::run(options).await,
        Some(Command::Sandbox(command)) => sandbox::run(command).await,
        Some(Command::Admin(command)) => admin::run(command).await,
    }
}
