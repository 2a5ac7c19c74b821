//! `registrar sandbox`: what the doors need of the world around them, made on this machine, and commands that use it.

mod authority;
mod documents;
mod federation;
mod stet;

use std::borrow::Cow;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};
use axum::body::Body;
use axum::http::{Request, Response};
use clap::Subcommand;
use tokio::net::TcpListener;

use crate::connections::{self, Limits};
use crate::private;
use crate::serve::told_to_stop;
use crate::tls::{self, Identity};

/// A sandbox.
#[derive(Subcommand)]
pub enum Command {
    /// A payment institution with certificates of an authority of its own, for the door stet.
    Stet(stet::Options),
    /// A trust anchor and a relying party below it, for the door federation; runs until Ctrl-C.
    Federation(federation::Options),
    /// A host with metadata documents of clients, which name themselves by URLs; runs until Ctrl-C.
    Documents(documents::Options),
}

/// Makes a sandbox, and prints how it is used.
///
/// # Errors
/// If its folder or its address cannot be used.
pub async fn run(command: Command) -> Result<()> {
    match command {
        Command::Stet(options) => stet::run(&options),
        Command::Federation(options) => federation::run(&options).await,
        Command::Documents(options) => documents::run(&options).await,
    }
}

/// Answers requests by TLS until it is told to stop.
async fn serve<A>(listener: TcpListener, identity: Identity, answer: A) -> Result<()>
where
    A: Fn(&Request<Body>) -> Response<Body> + Send + Sync + 'static,
{
    let answer = Arc::new(answer);
    let answer = move |request: Request<Body>, _| {
        let answer = Arc::clone(&answer);
        async move { answer(&request) }
    };
    let tls = tls::acceptor(identity, None)?;
    connections::serve(listener, Some(tls), Limits::default(), answer, told_to_stop()?).await;
    Ok(())
}

/// The folder of a sandbox, which is known by its file `known`.
fn folder(path: &Path, known: &str) -> Result<()> {
    private::folder(path, known).with_context(|| format!("cannot use the folder {}", path.display()))
}

fn write(folder: &Path, name: &str, content: &str) -> Result<()> {
    let file = folder.join(name);
    private::write(&file, content.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
}

/// A file of a sandbox, as a word of a command.
fn word(folder: &Path, name: &str) -> String {
    quoted(&folder.join(name).to_string_lossy()).into_owned()
}

/// This program, as it was called.
fn program() -> String {
    quoted(&std::env::args().next().unwrap_or_else(|| "registrar".to_owned())).into_owned()
}

/// A word of a shell's command.
fn quoted(word: &str) -> Cow<'_, str> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-./:=,@".contains(&byte);
    if !word.is_empty() && word.bytes().all(plain) {
        return word.into();
    }
    format!("'{}'", word.replace('\'', r"'\''")).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_them() {
        for (word, expected) in [
            (".registrar/sandbox/stet/ca.pem", ".registrar/sandbox/stet/ca.pem"),
            ("my folder/ca.pem", "'my folder/ca.pem'"),
            ("it's", r"'it'\''s'"),
            ("$(id)", "'$(id)'"),
            ("", "''"),
        ] {
            assert_eq!(quoted(word), expected);
        }
    }
}
