//! `registrar service export --clients`, `import`: a service as lines of JSON, an item a line, for another table or
//! under another number. What is sealed leaves sealed to the key of who imports it, or not at all.

mod attributes;
mod export;
mod file;
mod import;
mod key;

use std::path::PathBuf;

use clap::Args;

use super::declaration::MAX_ID;

pub(super) use export::export;
pub(super) use file::is_export;
pub(super) use import::import;

/// What leaves beside what is decided about a service.
#[derive(Args)]
pub struct Moving {
    /// The service itself, with its clients, as lines of JSON that `import` reads. This is no snapshot: clients that
    /// change meanwhile are of either state.
    #[arg(long)]
    clients: bool,
    /// Secrets and keys as well, sealed to this public key: X25519 in PEM, as `openssl pkey -pubout` writes it. Without
    /// it they are left out.
    #[arg(long, value_name = "FILE", requires = "clients")]
    secrets_to: Option<PathBuf>,
    /// Its tokens as well, so that they work there: those of its operators, and initial access tokens.
    #[arg(long, requires = "clients")]
    tokens: bool,
}

impl Moving {
    /// Whether more is meant than a declaration.
    pub(super) fn is_meant(&self) -> bool {
        self.clients
    }
}

/// What comes.
#[derive(Args)]
pub struct Import {
    /// What `export --clients` has printed; it is read twice.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Its number here, if another one.
    #[arg(long, value_parser = clap::value_parser!(u64).range(1..=MAX_ID))]
    id: Option<u64>,
    /// The private key to which its secrets are sealed: X25519 in PEM, as `openssl genpkey -algorithm X25519` writes
    /// it.
    #[arg(long, value_name = "FILE")]
    secrets_key: Option<PathBuf>,
    /// Only look whether all of the file is as it should be.
    #[arg(long)]
    dry_run: bool,
}
