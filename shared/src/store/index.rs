//! The index by which clients are found. Only the stream function writes it.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::{DeleteRequest, PutRequest, WriteRequest};
use futures_util::StreamExt;
use futures_util::stream;

use super::Store;
use super::item::{integer, string};
use super::schema::{Key, client_key};
use super::write::{Outcome, Write};
use crate::client::RegisteredClient;
use crate::error::Error;

/// How many writes wait for the table at once.
const AT_ONCE: usize = 16;

/// Places in the index, and whether a client stands there.
pub(crate) type Places = BTreeMap<Key, bool>;

impl Store {
    /// Has clients stand in those places, and in those not. To do it again changes nothing.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn index(&self, places: Places) -> Result<(), Error> {
        let requests = places.into_iter().map(|(key, stands)| {
            let (key, request) = (key.into_attributes(), WriteRequest::builder());
            Ok(if stands {
                request.put_request(PutRequest::builder().set_item(Some(key)).build().map_err(Error::internal)?).build()
            } else {
                let delete = DeleteRequest::builder().set_key(Some(key)).build().map_err(Error::internal)?;
                request.delete_request(delete).build()
            })
        });
        self.write_batches(requests.collect::<Result<_, Error>>()?).await
    }

    /// Lets the stream tell of clients again, so that all their places in the index are written, by the source as which they
    /// are read: how many there still are.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn reindex(&self, clients: &[RegisteredClient]) -> Result<u64, Error> {
        let writes = clients.iter().map(|client| async move {
            let update = self
                .update(client_key(client.service_id, client.numeric_id))
                .update_expression("SET #source = :source ADD reindexed :one")
                .condition_expression("attribute_exists(client_id) AND attribute_not_exists(deleted_by)")
                .expression_attribute_names("#source", "source")
                .expression_attribute_values(":source", string(client.source.as_str()))
                .expression_attribute_values(":one", integer(1));
            let outcome = self.write(Write::Update(Box::new(update)), "").await?;
            Ok(u64::from(matches!(outcome, Outcome::Written)))
        });
        let written: Vec<Result<u64, Error>> = stream::iter(writes).buffer_unordered(AT_ONCE).collect().await;
        written.into_iter().sum()
    }
}
