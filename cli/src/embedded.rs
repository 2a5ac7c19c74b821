//! The embedded DynamoDB: the same SDK and the same requests as on AWS, against a file or memory.

mod access_key;
mod endpoint;
mod operations;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use shared::store::schema;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::connections::{self, Limits};
use crate::private;
use endpoint::Endpoint;

pub use access_key::AccessKey;

/// The table's name.
pub const TABLE: &str = "registrar";

/// The region that requests are signed for; nobody checks.
pub const REGION: &str = "us-east-1";

/// The secret that requests are signed with; nobody checks.
pub const SECRET: &str = "local";

/// An embedded DynamoDB that listens.
pub struct Embedded {
    /// Where it listens.
    pub address: SocketAddr,
    database: Database,
    stop: oneshot::Sender<()>,
    server: JoinHandle<()>,
}

impl Embedded {
    /// Opens the file, or memory without one, listens for who has the access key, and makes the table if there is none.
    ///
    /// # Errors
    /// If the file or the address cannot be used.
    pub async fn start(
        file: Option<&Path>,
        listen: SocketAddr,
        access_key: &AccessKey,
        limits: Limits,
    ) -> Result<Self> {
        let database = open(file)?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let endpoint = Arc::new(Endpoint::new(database.clone(), access_key.clone(), limits));
        let answer = move |request, _| {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.answer(request).await }
        };
        let server = tokio::spawn(connections::serve(listener, None, limits, answer, async {
            let _ = stopped.await;
        }));
        let client = client(&format!("http://{address}"), access_key);
        schema::create_table(&client, TABLE).await.map_err(|error| anyhow!(error))?;
        Ok(Self { address, database, stop, server })
    }

    /// Where SDKs reach it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What it keeps: for its stream, which has no end point of its own, and for what no SDK asks.
    #[must_use]
    pub fn database(&self) -> Database {
        self.database.clone()
    }

    /// Lets running requests finish and closes the file.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.server.await;
    }
}

/// The file is closed to others before anything is in it, and its log gets the same permissions.
fn open(file: Option<&Path>) -> Result<Database> {
    let database = match file {
        Some(file) => {
            let path = file.to_str().context("the path of the data folder is not UTF-8")?;
            private::prepare(file).with_context(|| format!("cannot use {path}"))?;
            for log in ["-wal", "-shm"] {
                private::close(Path::new(&format!("{path}{log}")))
                    .with_context(|| format!("cannot use {path}{log}"))?;
            }
            Database::new(path)
        }
        None => Database::memory(),
    };
    database.map_err(|error| anyhow!("cannot open the embedded DynamoDB: {error}"))
}

/// A client for an embedded DynamoDB. Each has a retry quota of its own, as functions do not share one.
#[must_use]
pub fn client(url: &str, access_key: &AccessKey) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(access_key.expose(), SECRET, None, None, "embedded"))
        .endpoint_url(url)
        .timeout_config(shared::app::timeouts())
        .retry_config(shared::app::retries())
        .retry_partition(RetryPartition::new(url.to_owned()))
        .build();
    Client::from_conf(config)
}
