//! The embedded DynamoDB: the same SDK and the same requests as on AWS, against a file or memory.

mod access_key;
mod changes;
mod client_tokens;
mod connector;
mod endpoint;
mod log;
mod operations;
mod table;

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::{RetryConfig, RetryPartition};
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Credentials, Region, StalledStreamProtectionConfig};
use shared::store::schema;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::connections::{self, Limits};
use crate::private;
use connector::Connector;
use endpoint::Endpoint;

pub use access_key::AccessKey;
pub use changes::Changes;
pub use operations::ready;
pub use table::Table;

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
    table: Arc<Table>,
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
        let table = Arc::new(open(file)?);
        if !table.is_current()? {
            schema::create_table(&in_process(&table), TABLE).await.map_err(|error| anyhow!(error))?;
        }
        table.index()?;
        let listener = TcpListener::bind(listen).await.with_context(|| format!("cannot listen on {listen}"))?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let endpoint = Arc::new(Endpoint::new(Arc::clone(&table), access_key.clone(), limits));
        let answer = move |request, _| {
            let endpoint = Arc::clone(&endpoint);
            async move { endpoint.answer(request).await }
        };
        let server = tokio::spawn(connections::serve(listener, None, limits, answer, async {
            let _ = stopped.await;
        }));
        Ok(Self { address, table, stop, server })
    }

    /// Where SDKs of other processes reach it.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What this process reaches it by.
    #[must_use]
    pub fn client(&self) -> Client {
        in_process(&self.table)
    }

    /// What it keeps: for its stream, which has no end point of its own, and for what no SDK asks.
    #[must_use]
    pub fn table(&self) -> Arc<Table> {
        Arc::clone(&self.table)
    }

    /// Lets running requests finish and closes the file.
    pub async fn stop(self) {
        let _ = self.stop.send(());
        let _ = self.server.await;
        if let Err(error) = self.table.checkpoint_if_small() {
            tracing::warn!(%error, "the embedded DynamoDB's log stays: the next start reads it");
        }
    }
}

/// The file is closed to others before anything is in it, and its log gets the same permissions.
fn open(file: Option<&Path>) -> Result<Table> {
    if let Some(file) = file {
        let path = file.display();
        private::prepare(file).with_context(|| format!("cannot use {path}"))?;
        for log in ["-wal", "-shm"] {
            private::close(Path::new(&format!("{path}{log}"))).with_context(|| format!("cannot use {path}{log}"))?;
        }
    }
    Table::open(file)
}

/// A client for an embedded DynamoDB of this process: requests are not signed, and none is lost on the way.
fn in_process(table: &Arc<Table>) -> Client {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .allow_no_auth()
        .http_client(Connector(Arc::clone(table)))
        .timeout_config(TimeoutConfig::disabled())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .build();
    Client::from_conf(config)
}

/// A client for an embedded DynamoDB. Each has a retry quota of its own, as functions do not share one.
#[must_use]
pub fn client(url: &str, access_key: &AccessKey) -> Client {
    let config = Config::builder()
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
