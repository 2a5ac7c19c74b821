//! Lets programs register, change and delete clients while the table and the stream function fail at random, and compares
//! what there is at the end with what was answered.
//!
//! `cargo run --release -p registrar --example reliability -- --registrations 30000`

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "the tests' fault proxy says so by panicking"
)]

#[path = "../tests/fault_proxy.rs"]
#[expect(dead_code, reason = "the tests script faults as well")]
mod fault_proxy;
#[path = "../tests/reliability.rs"]
mod reliability;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Parser;
use reliability::Scale;

/// How much happens.
#[derive(Parser)]
struct Options {
    /// How many registrations there are, with those that are invalid and those that come again.
    #[arg(long, default_value_t = 30_000)]
    registrations: u32,
    /// What decides who sends what, and what meets which fault.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How many programs register at once.
    #[arg(long, default_value_t = 32)]
    connections: u32,
}

/// A folder that is removed in the end.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self> {
        let path = std::env::temp_dir().join(format!("registrar-reliability-{}", std::process::id()));
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let Options { registrations, seed, connections } = Options::parse();
    let folder = Folder::new()?;
    let report = reliability::run(Scale { registrations, seed, connections }, &folder.0).await?;
    println!("{report}");
    Ok(if report.differences().is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
