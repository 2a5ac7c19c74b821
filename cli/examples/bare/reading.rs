//! One read of several items, of which nothing is parsed.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{AttributeValue, KeysAndAttributes};
use lambda_http::Error;

/// A client, and what it reads: pairs of partition and sort key.
pub(super) struct Reading {
    pub(super) client: Client,
    keys: Vec<(String, String)>,
}

impl Reading {
    pub(super) async fn from_environment() -> Result<Self, Error> {
        let config = aws_config::load_defaults(aws_config::BehaviorVersion::v2026_01_12()).await;
        let keys = std::env::var("MEASURED_KEYS")?;
        let keys = keys.split(',').filter_map(|key| key.split_once(' '));
        let keys = keys.map(|(pk, sk)| (pk.to_owned(), sk.to_owned())).collect();
        Ok(Self { client: Client::new(&config), keys })
    }

    /// Reads. Answers of how many tables there was something.
    pub(super) async fn read(&self) -> Result<Option<usize>, Error> {
        let key = |(pk, sk): &(String, String)| {
            let attributes = [("PK", pk), ("SK", sk)];
            attributes.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.clone()))).into()
        };
        let keys = self.keys.iter().map(key).collect();
        let keys = KeysAndAttributes::builder().set_keys(Some(keys)).consistent_read(true).build()?;
        let found = self.client.batch_get_item().request_items("registrar", keys).send().await?;
        Ok(found.responses.map(|tables| tables.len()))
    }
}
