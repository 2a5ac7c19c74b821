//! The command line.

mod examples;

use std::ffi::OsString;

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::{Failure, Kind};
use crate::{admin, serve};

/// The serverless OAuth client registry.
#[derive(Parser)]
#[command(name = "registrar", version)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// How to serve, where no command is given.
    #[command(flatten)]
    pub serve: serve::Options,
    /// Print JSON, errors as well.
    #[arg(long, global = true)]
    pub json: bool,
    /// Where the commands of administration act.
    #[command(flatten)]
    pub connection: admin::Options,
}

/// A command.
#[derive(Subcommand)]
pub enum Command {
    /// Run the whole API on this machine (the default).
    Serve(serve::Options),
    /// Administration.
    #[command(flatten)]
    Admin(admin::Command),
}

impl Arguments {
    /// Reads a command line, which begins with the name of the program.
    ///
    /// # Errors
    /// What clap says, which may be the help that was asked for.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::documented();
        let matches = command.try_get_matches_from_mut(line)?;
        if let Some(misplaced) = misplaced(&matches) {
            return Err(command.error(ErrorKind::ArgumentConflict, misplaced));
        }
        Self::from_arg_matches(&matches)
    }

    /// The commands with their examples, for help, man pages and completions.
    #[must_use]
    pub fn documented() -> clap::Command {
        examples::added_to(Self::command())
    }
}

/// An option that has no meaning where it is: it is not passed over.
fn misplaced(matches: &ArgMatches) -> Option<String> {
    let given = |id: &clap::Id| matches.value_source(id.as_str()) == Some(ValueSource::CommandLine);
    let first = |options: clap::Command| {
        let mut options = options.get_arguments().filter(|option| given(option.get_id()));
        options.next().and_then(|option| option.get_long().map(str::to_owned))
    };
    let blank = || clap::Command::new("");
    match matches.subcommand_name() {
        Some("serve") | None => first(admin::Options::augment_args(blank())).map(|option| {
            format!("--{option} is for administration: `registrar serve` has a table and a key of its own")
        }),
        Some(_) => None,
    }
    .or_else(|| {
        matches.subcommand_name()?;
        let option = first(serve::Options::augment_args(blank()))?;
        Some(format!("--{option} is an option of `registrar serve`: it comes after `serve`"))
    })
}

/// A command line that is not understood, for scripts: what clap says before it goes into details.
#[must_use]
pub fn usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.trim_start_matches("error: ").split_whitespace().collect();
    Failure::new(Kind::Usage, words.join(" "))
}
