//! Which table, and which key.

use std::path::Path;

use anyhow::{Context, Result, bail};
use aws_sdk_dynamodb::Client;
use clap::Args;
use shared::app::{aws_configuration, key_file};
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::service::Service;
use shared::store::Store;
use shared::time::Clock;

use crate::{demo, embedded, environment};

/// Where a command acts.
#[derive(Args)]
pub(super) struct Options {
    /// The DynamoDB to use, as `http://127.0.0.1:8000`; without it, what the AWS environment names. With the access key of
    /// the file env beside the key file.
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
    pub(super) async fn connect(self) -> Result<Connection> {
        let clock = Clock::system();
        let key_file = self.key_file.or_else(|| self.endpoint_url.as_ref().map(|_| ".registrar/key".to_owned()));
        let client = match &self.endpoint_url {
            Some(url) => local_client(url, key_file.as_deref()).await?,
            None => Client::new(&aws_configuration().await),
        };
        Ok(Connection {
            store: Store::new(client, self.table, clock.clone()),
            clock,
            entropy: Entropy::system(),
            kms_key_id: self.kms_key_id,
            key_file,
        })
    }
}

/// With the access key that lies beside the key file, as in the data folder of `registrar serve`; without one, with what
/// the AWS environment has.
async fn local_client(url: &str, key_file: Option<&str>) -> Result<Client> {
    let data = key_file.and_then(|file| Path::new(file).parent());
    if let Some(access_key) = data.map(environment::access_key).transpose()?.flatten() {
        return Ok(embedded::client(url, &access_key));
    }
    let configuration = aws_sdk_dynamodb::config::Builder::from(&aws_configuration().await);
    Ok(Client::from_conf(configuration.endpoint_url(url).build()))
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

    /// Where the API is that this table is for, if that is known: as `REGISTRAR_BASE_URL` says, else as the data folder of
    /// `registrar serve` does.
    pub(super) fn base_url(&self) -> Option<String> {
        let named = std::env::var("REGISTRAR_BASE_URL").ok().filter(|url| !url.is_empty());
        let data = self.key_file.as_deref().and_then(|file| Path::new(file).parent());
        named.or_else(|| Some(demo::Demo::read(&data?.join("demo.json"))?.base_url))
    }

    /// A service that must exist.
    pub(super) async fn service(&self, id: u64) -> Result<Service> {
        let service = self.store.service(id).await.map_err(demo::described)?;
        service.with_context(|| format!("there is no service {id}"))
    }
}
