//! Which table, and which key.

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use clap::Args;
use shared::app::{aws_configuration, key_file};
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::service::Service;
use shared::store::Store;
use shared::time::Clock;

use crate::{demo, embedded};

/// Where a command acts.
#[derive(Args)]
pub(super) struct Options {
    /// The DynamoDB to use, as `http://127.0.0.1:8000`; without it, what the AWS environment names.
    #[arg(long, global = true, value_name = "URL")]
    endpoint_url: Option<String>,
    /// The table.
    #[arg(long, global = true, env = "REGISTRAR_TABLE", default_value = embedded::TABLE)]
    table: String,
    /// The KMS key that wraps the data keys of services.
    #[arg(long, global = true, env = "REGISTRAR_KMS_KEY_ID", value_name = "KEY")]
    kms_key_id: Option<String>,
    /// The key file that takes the place of KMS; .registrar/key where --endpoint-url is given.
    #[arg(long, global = true, env = "REGISTRAR_KEY_FILE", value_name = "FILE")]
    key_file: Option<String>,
}

/// A table, and what wraps the keys of its services.
pub struct Connection {
    /// The table.
    pub store: Store,
    /// Time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    kms_key_id: Option<String>,
    key_file: Option<String>,
}

impl Options {
    pub(super) async fn connect(self) -> Connection {
        let clock = Clock::system();
        let client = match &self.endpoint_url {
            Some(url) => embedded::client(url),
            None => Client::new(&aws_configuration().await),
        };
        let local_key = self.endpoint_url.map(|_| ".registrar/key".to_owned());
        Connection {
            store: Store::new(client, self.table, clock.clone()),
            clock,
            entropy: Entropy::system(),
            kms_key_id: self.kms_key_id,
            key_file: self.key_file.or(local_key),
        }
    }
}

impl Connection {
    /// What wraps the data key of a new service.
    pub(super) async fn keys(&self) -> Result<KeyEncryption> {
        match (&self.kms_key_id, &self.key_file) {
            (Some(key_id), _) => Ok(KeyEncryption::kms(key_id.clone(), aws_configuration().await)),
            (None, Some(path)) => Ok(key_file(path)?),
            (None, None) => bail!("a service needs a key: give --kms-key-id, or --key-file"),
        }
    }

    /// A service that must exist.
    pub(super) async fn service(&self, id: u64) -> Result<Service> {
        let service = self.store.service(id).await.map_err(demo::described)?;
        service.with_context(|| format!("there is no service {id}"))
    }
}
