//! `registrar service rewrap`: what wraps the data keys of services is replaced, and they stay.

use anyhow::{Error, Result};
use clap::Args;
use serde_json::{Map, Value};
use shared::administration::{self, Rewrapped};
use shared::credentials::{KeyEncryption, OtherKey};

use crate::admin::{Connection, Output, operator};
use crate::failure::{Failure, Kind, described};

/// Which services, and what has wrapped their keys.
#[derive(Args)]
pub struct Rewrap {
    /// Its number.
    #[arg(required_unless_present = "all")]
    id: Option<u64>,
    /// All services of the table, deleted ones that can be restored as well. This reads the whole table.
    #[arg(long, conflicts_with = "id")]
    all: bool,
    /// The KMS key that wraps it now, if that is another than the one that shall.
    #[arg(long, value_name = "KEY")]
    from_key: Option<String>,
    /// The key file that wraps it now, if that shall do so no more.
    #[arg(long, value_name = "FILE", conflicts_with = "from_key")]
    from_key_file: Option<String>,
}

pub(super) async fn run(rewrap: &Rewrap, connection: &Connection, output: &Output) -> Result<()> {
    let old = connection.keys_of(rewrap.from_key.as_deref(), rewrap.from_key_file.as_deref()).await?;
    let new = connection.keys().await?;
    let services = match rewrap.id {
        Some(id) => vec![id],
        None => connection.store.services_with_keys().await.map_err(described)?,
    };
    let mut rows = Vec::new();
    for id in services {
        let rewrapped = rewrap.one(id, old.as_ref(), &new, connection).await?;
        output.done(&sentence(id, rewrapped, connection.key_name()));
        let written = rewrapped == Rewrapped::Written;
        rows.push(Map::from_iter([("id".to_owned(), Value::from(id)), ("rewrapped".to_owned(), written.into())]));
    }
    if output.is_json() { output.rows(&[], &rows) } else { Ok(()) }
}

fn sentence(id: u64, rewrapped: Rewrapped, key: &str) -> String {
    match rewrapped {
        Rewrapped::Written => format!("The data key of service {id} is wrapped anew, by {key}."),
        Rewrapped::Unneeded => format!("The data key of service {id} was wrapped by {key} already."),
    }
}

impl Rewrap {
    async fn one(
        &self,
        id: u64,
        old: Option<&KeyEncryption>,
        new: &KeyEncryption,
        connection: &Connection,
    ) -> Result<Rewrapped> {
        match administration::rewrap(&connection.store, old, new, id, &operator()).await {
            Err(shared::Error::UnknownService) => Err(absent(id, connection).await?),
            Err(shared::Error::Internal(cause)) if cause.is::<OtherKey>() => Err(self.other_key(id, connection)),
            outcome => outcome.map_err(described),
        }
    }

    /// Nobody but who gives the right key goes on.
    fn other_key(&self, id: u64, connection: &Connection) -> Error {
        let tried = match (&self.from_key, &self.from_key_file) {
            (Some(key), _) => format!("the KMS key {key}"),
            (None, Some(file)) => format!("the key file {file}"),
            (None, None) => connection.key_name().to_owned(),
        };
        let sentence = format!(
            "{tried} does not open the data key of service {id}: name what has wrapped it with --from-key or \
             --from-key-file"
        );
        Failure::new(Kind::Refused, sentence).into()
    }
}

/// Why there is no data key.
async fn absent(id: u64, connection: &Connection) -> Result<Error> {
    let sentence = if connection.store.is_ended_service(id).await.map_err(described)? {
        format!("service {id} has ended: its data key is destroyed, and what was sealed under it is lost")
    } else {
        format!("there is no service {id}")
    };
    Ok(Failure::not_found(sentence).into())
}
