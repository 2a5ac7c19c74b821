//! The program `registrar`.

use std::process::ExitCode;

use registrar::arguments::{self, Arguments, Command};
use registrar::failure::{Failure, Kind};
use registrar::{admin, sandbox, serve};

#[tokio::main]
async fn main() -> ExitCode {
    let (json, outcome) = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => (arguments.json, run(arguments).await),
        Err(error) if asks_for_json() && error.use_stderr() => (true, Err(arguments::usage(&error))),
        Err(error) if error.use_stderr() => error.exit(),
        Err(answer) => {
            arguments::print_answer(&answer);
            return ExitCode::SUCCESS;
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            failure.report(json);
            failure.kind.code().into()
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), Failure> {
    let Arguments { command, serve, connection, json } = arguments;
    let done = match command {
        Some(Command::Admin(command)) => return admin::run(command, connection, json).await,
        Some(Command::Doctor(asked)) => return admin::examine(asked, connection, json).await,
        Some(Command::Serve(options)) => serve::run(options).await,
        Some(Command::Sandbox(command)) => sandbox::run(command).await,
        Some(Command::Completions { shell }) => {
            arguments::print_completions(shell);
            Ok(())
        }
        Some(Command::Man { into }) => arguments::print_manual(into.as_deref()),
        None => serve::run(serve).await,
    };
    done.map_err(|error| Failure::of(&error, Kind::Fault))
}

/// Whether a line that is not understood has the option by which errors are JSON.
fn asks_for_json() -> bool {
    std::env::args_os().take_while(|word| word != "--").any(|word| word == "--json")
}
