//! What cannot be taken back is asked about.

use std::io::{IsTerminal, stdin};

use anyhow::{Result, bail};
use clap::Args;
use shared::metadata::hidden_character;

use crate::print;

/// Whether to ask.
#[derive(Args)]
pub struct Consent {
    /// Do not ask; needed where nobody is there to be asked.
    #[arg(long)]
    yes: bool,
}

impl Consent {
    /// Asks for the name of what is deleted, or for its identifier where it has no name that people can type.
    ///
    /// # Errors
    /// If the answer is another one, or nobody is there.
    pub(super) fn to_delete(&self, what: &str, name: Option<&str>, identifier: &str) -> Result<()> {
        self.to(("deletes", "deleted"), what, name, identifier)
    }

    /// The same of what ends at once and does not work any more.
    ///
    /// # Errors
    /// As [`to_delete`](Self::to_delete).
    pub(super) fn to_end(&self, what: &str, identifier: &str) -> Result<()> {
        self.to(("ends", "ended"), what, None, identifier)
    }

    fn to(&self, (does, done): (&str, &str), what: &str, name: Option<&str>, identifier: &str) -> Result<()> {
        if self.yes {
            return Ok(());
        }
        if !stdin().is_terminal() {
            bail!("{what} would be {done}: give --yes, since nobody is there to be asked");
        }
        let name = name.filter(|name| !name.is_empty() && hidden_character(name).is_none());
        let expected = name.map_or(identifier, str::trim);
        print::beside(&format!("This {does} {what}. To go on, type {expected}: "));
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if answer.trim() == expected { Ok(()) } else { bail!("that is not {expected}: nothing is {done}") }
    }
}
