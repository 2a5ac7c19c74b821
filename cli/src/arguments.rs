//! The command line.

mod examples;

use std::error::Error as _;
use std::ffi::OsString;
use std::net::AddrParseError;
use std::num::ParseIntError;
use std::path::{Path, PathBuf};

use anyhow::Context;
use clap::error::{ContextKind, ErrorKind};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;

use crate::failure::{Failure, Kind};
use crate::print::{self, say};
use crate::{admin, sandbox, serve};

/// The name of the program.
const NAME: &str = "registrar";

/// The commands that ask no table of others: what says where a command acts has no meaning there.
const APART: [&str; 6] = ["serve", "sandbox", "policy check", "cognito", "completions", "man"];

/// The serverless OAuth client registry.
#[derive(Parser)]
#[command(name = NAME, version)]
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
    /// Make what a door needs of the world around it, to try it on this machine.
    #[command(subcommand)]
    Sandbox(sandbox::Command),
    /// Administration.
    #[command(flatten)]
    Admin(admin::Command),
    /// Check credentials, table, key and clock, and what a service's authorization server announces.
    Doctor(admin::Examination),
    /// Print completions for a shell.
    Completions {
        /// The shell.
        shell: Shell,
    },
    /// Print the manual page.
    Man {
        /// A folder for the pages of all commands, instead.
        #[arg(long, value_name = "DIR")]
        into: Option<PathBuf>,
    },
}

impl Arguments {
    /// Reads a command line, which begins with the name of the program.
    ///
    /// # Errors
    /// What clap says, which may be the help that was asked for.
    pub fn read(line: impl IntoIterator<Item = OsString>) -> Result<Self, clap::Error> {
        let mut command = Self::documented();
        let matches = command.try_get_matches_from_mut(line).map_err(|error| explained(error, &mut command))?;
        if let Some(misplaced) = misplaced(&matches) {
            return Err(command.error(ErrorKind::ArgumentConflict, misplaced));
        }
        let mut arguments = Self::from_arg_matches(&matches)?;
        if named_table(&matches).is_some() {
            arguments.connection.mean_a_table();
        }
        Ok(arguments)
    }

    /// The commands with their examples, for help, man pages and completions.
    #[must_use]
    pub fn documented() -> clap::Command {
        let options = admin::Options::augment_args(clap::Command::new(NAME));
        let hide = |command: clap::Command| {
            let everywhere = options.get_arguments().filter(|option| option.is_global_set());
            everywhere.fold(command, |command, option| command.arg(option.clone().hide(true)))
        };
        let hidden = |command: clap::Command, name: &str| match name.split_once(' ') {
            Some((group, name)) => command.mut_subcommand(group, |group| group.mut_subcommand(name, hide)),
            None => command.mut_subcommand(name, hide),
        };
        examples::added_to(APART.into_iter().fold(Self::command(), hidden))
    }
}

/// Prints what the reader of the command line answers itself: help, a version.
pub fn print_answer(answer: &clap::Error) {
    print::written(answer.print(), false, None);
}

/// Prints completions for a shell.
pub fn print_completions(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Arguments::documented(), NAME, &mut script);
    say!("{}", String::from_utf8_lossy(&script).trim_end());
}

/// Prints the manual page, or writes one of each command into a folder.
///
/// # Errors
/// If the folder cannot be written to.
pub fn print_manual(into: Option<&Path>) -> anyhow::Result<()> {
    if let Some(folder) = into {
        let written =
            std::fs::create_dir_all(folder).and_then(|()| clap_mangen::generate_to(Arguments::documented(), folder));
        return written.with_context(|| format!("cannot write to {}", folder.display()));
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(Arguments::documented()).render(&mut page)?;
    say!("{}", String::from_utf8_lossy(&page).trim_end());
    Ok(())
}

/// Says what a value must be that is no number or no address.
fn explained(error: clap::Error, command: &mut clap::Command) -> clap::Error {
    let text = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    let (argument, value) = (text(ContextKind::InvalidArg), text(ContextKind::InvalidValue));
    if error.kind() == ErrorKind::UnknownArgument && argument == "--token" {
        let sentence = "--token comes before the words of the command, as in `registrar --token TOKEN whoami`: behind them \
                        `token revoke` and its like have another one; --token-file stands at either place";
        return command.error(ErrorKind::UnknownArgument, sentence);
    }
    let is_service = argument.ends_with("SERVICE>") || argument.ends_with("ID>");
    let expected = match error.source() {
        Some(source) if source.is::<AddrParseError>() => "it is an address with a port, as 127.0.0.1:8080",
        Some(source) if source.is::<ParseIntError>() && is_service => {
            "a service is a number, which `registrar service list` shows"
        }
        Some(source) if source.is::<ParseIntError>() => "it is a whole number",
        _ => return error,
    };
    command.error(ErrorKind::ValueValidation, format!("invalid value '{value}' for '{argument}': {expected}"))
}

/// An option that has no meaning where it is: it is not passed over.
fn misplaced(matches: &ArgMatches) -> Option<String> {
    let command = matches.subcommand_name();
    let of_group = matches.subcommand().and_then(|(name, below)| Some(format!("{name} {}", below.subcommand_name()?)));
    let is_apart =
        |command: &str| APART.contains(&command) || of_group.as_deref().is_some_and(|name| APART.contains(&name));
    let first = |options: clap::Command| {
        let mut options = options.get_arguments().filter(|option| is_typed(matches, option.get_id().as_str()));
        options.next().and_then(|option| option.get_long().map(str::to_owned))
    };
    let blank = || clap::Command::new(NAME);
    if command.is_none_or(is_apart)
        && let Some(option) = first(admin::Options::augment_args(blank()))
    {
        let command = command.unwrap_or("serve");
        return Some(format!("--{option} is for administration: `{NAME} {command}` asks no other table"));
    }
    command?;
    if let Some(option) = first(serve::Options::augment_args(blank())) {
        return Some(format!("--{option} is an option of `{NAME} serve`: it comes after `serve`"));
    }
    let api = ["api", "profile"].into_iter().find(|name| is_typed(matches, name))?;
    Some(format!("--{} names a table, and --{api} an API in its place", named_table(matches)?))
}

/// The option that is given and says which table is meant.
fn named_table(matches: &ArgMatches) -> Option<&'static str> {
    let options =
        [("endpoint_url", "endpoint-url"), ("table", "table"), ("kms_key_id", "kms-key-id"), ("key_file", "key-file")];
    options.into_iter().find(|(id, _)| is_typed(matches, id)).map(|(_, option)| option)
}

fn is_typed(matches: &ArgMatches, id: &str) -> bool {
    matches.value_source(id) == Some(ValueSource::CommandLine)
}

/// A command line that is not understood, for scripts: what clap says before it goes into details.
#[must_use]
pub fn usage(error: &clap::Error) -> Failure {
    let text = error.render().to_string();
    let first = text.split("\n\n").next().unwrap_or_default();
    let words: Vec<&str> = first.trim_start_matches("error: ").split_whitespace().collect();
    Failure::new(Kind::Usage, words.join(" "))
}
