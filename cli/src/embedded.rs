//! The embedded DynamoDB: the same SDK and the same requests as on AWS, against a file or memory.

use std::net::SocketAddr;
use std::path::Path;

use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryPartition;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};
use dynoxide::Database;
use shared::store::schema;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The table's name.
pub const TABLE: &str = "registrar";

/// The region that requests are signed for; nobody checks.
pub const REGION: &str = "us-east-1";

/// The access key and its secret; nobody checks.
pub const ACCESS_KEY: &str = "local";

/// An embedded DynamoDB that listens.
pub struct Embedded {
    /// Where it listens.
    pub address: SocketAddr,
    database: Database,
    stop: oneshot::Sender<()>,
    server: JoinHandle<Result<(), String>>,
}

impl Embedded {
    /// Opens the file, or memory without one, listens, and makes the table if there is none.
    ///
    /// # Errors
    /// If the file or the address cannot be used.
    pub async fn start(file: Option<&Path>, listen: SocketAddr) -> Result<Self> {
        let database = match file {
            Some(file) => Database::new(file.to_str().context("the path of the data folder is not UTF-8")?),
            None => Database::memory(),
        };
        let database = database.map_err(|error| anyhow!("cannot open the embedded DynamoDB: {error}"))?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::spawn(dynoxide::server::serve_with_shutdown(listener, database.clone(), async {
            let _ = stopped.await;
        }));
        schema::create_table(&client(&format!("http://{address}")), TABLE).await.map_err(|error| anyhow!(error))?;
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

/// A client for an embedded DynamoDB. Each has a retry quota of its own, as functions do not share one.
#[must_use]
pub fn client(url: &str) -> Client {
    let config = aws_sdk_dynamodb::Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .credentials_provider(Credentials::new(ACCESS_KEY, ACCESS_KEY, None, None, "embedded"))
        .endpoint_url(url)
        .timeout_config(shared::app::timeouts())
        .retry_config(shared::app::retries())
        .retry_partition(RetryPartition::new(url.to_owned()))
        .build();
    Client::from_conf(config)
}
