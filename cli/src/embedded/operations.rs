//! DynamoDB's operations, by the names that requests give them.

use dynoxide::actions::{self, vector_lifecycle::VectorIndexLifecycle};
use dynoxide::storage::Storage;
use dynoxide::{DynoxideError, Result};
use futures_util::FutureExt;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::client_tokens::ClientTokens;

/// What the names of operations begin with in requests: the table's, and its stream's.
const TARGETS: [&str; 2] = ["DynamoDB_20120810.", "DynamoDBStreams_20120810."];

/// The operation that a request names in `X-Amz-Target`.
pub(super) fn named(target: &str) -> Option<&str> {
    TARGETS.iter().find_map(|prefix| target.strip_prefix(prefix))
}

/// What operations need beside the storage.
#[derive(Default)]
pub(super) struct Operations {
    client_tokens: ClientTokens,
    lifecycle: VectorIndexLifecycle,
}

impl Operations {
    /// Does what is asked; nothing where there is no such operation. Both sides are DynamoDB's JSON.
    pub(super) fn perform(&mut self, storage: &Storage, operation: &str, request: &[u8]) -> Option<Result<Vec<u8>>> {
        let lifecycle = &self.lifecycle;
        Some(match operation {
            "BatchExecuteStatement" => {
                typed(request, |request| actions::batch_execute_statement::execute(storage, request))
            }
            "BatchGetItem" => typed(request, |request| actions::batch_get_item::execute(storage, request)),
            "BatchWriteItem" => typed(request, |request| actions::batch_write_item::execute(storage, request)),
            "CreateTable" => typed(request, |request| actions::create_table::execute(storage, request)),
            "DeleteItem" => typed(request, |request| actions::delete_item::execute(storage, request)),
            "DeleteTable" => typed(request, |request| actions::delete_table::execute(storage, request, lifecycle)),
            "DescribeStream" => typed(request, |request| actions::describe_stream::execute(storage, request)),
            "DescribeTable" => typed(request, |request| actions::describe_table::execute(storage, request, lifecycle)),
            "DescribeTimeToLive" => typed(request, |request| actions::describe_time_to_live::execute(storage, request)),
            "ExecuteStatement" => typed(request, |request| actions::execute_statement::execute(storage, request)),
            "ExecuteTransaction" => typed(request, |request| actions::execute_transaction::execute(storage, request)),
            "GetItem" => typed(request, |request| actions::get_item::execute(storage, request)),
            "GetRecords" => typed(request, |request| actions::get_records::execute(storage, request)),
            "GetShardIterator" => typed(request, |request| actions::get_shard_iterator::execute(storage, request)),
            "ListStreams" => typed(request, |request| actions::list_streams::execute(storage, request)),
            "ListTables" => typed(request, |request| actions::list_tables::execute(storage, request)),
            "ListTagsOfResource" => typed(request, |request| actions::list_tags_of_resource::execute(storage, request)),
            "PutItem" => typed(request, |request| actions::put_item::execute(storage, request)),
            "Query" => typed(request, |request| actions::query::execute(storage, request)),
            "Scan" => typed(request, |request| actions::scan::execute(storage, request)),
            "TagResource" => typed(request, |request| actions::tag_resource::execute(storage, request)),
            "TransactGetItems" => typed(request, |request| actions::transact_get_items::execute(storage, request)),
            "TransactWriteItems" => self.transact_write_items(storage, request),
            "UntagResource" => typed(request, |request| actions::untag_resource::execute(storage, request)),
            "UpdateItem" => typed(request, |request| actions::update_item::execute(storage, request)),
            "UpdateTable" => typed(request, |request| actions::update_table::execute(storage, request, lifecycle)),
            "UpdateTimeToLive" => typed(request, |request| actions::update_time_to_live::execute(storage, request)),
            _ => return None,
        })
    }

    /// A repetition of a transaction is answered and not performed again.
    fn transact_write_items(&mut self, storage: &Storage, request: &[u8]) -> Result<Vec<u8>> {
        let perform = || typed(request, |request| actions::transact_write_items::execute(storage, request));
        let Transaction { token: Some(token), items } = read(request)? else { return perform() };
        self.client_tokens.once(token, items, perform)
    }
}

/// What makes two requests for a transaction the same.
#[derive(Deserialize)]
struct Transaction {
    #[serde(rename = "ClientRequestToken")]
    token: Option<String>,
    #[serde(rename = "TransactItems", default)]
    items: Value,
}

fn typed<Q: DeserializeOwned, A: Serialize, F: Future<Output = Result<A>>>(
    request: &[u8],
    perform: impl FnOnce(Q) -> F,
) -> Result<Vec<u8>> {
    answer(ready(perform(read(request)?))?)
}

/// The crate marks what breaks a rule of DynamoDB's, and is no fault of the JSON.
fn read<Q: DeserializeOwned>(request: &[u8]) -> Result<Q> {
    serde_json::from_slice(request).map_err(|error| {
        let text = error.to_string();
        match text.strip_prefix("VALIDATION:") {
            Some(rule) => DynoxideError::ValidationException(rule.to_owned()),
            None => DynoxideError::SerializationException(text),
        }
    })
}

fn answer(answer: impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(&answer).map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}

/// What an operation ends with: those on SQLite never wait.
///
/// # Errors
/// What the operation ends with.
pub fn ready<A>(operation: impl Future<Output = Result<A>>) -> Result<A> {
    let waits = || DynoxideError::InternalServerError("an operation waits".to_owned());
    operation.now_or_never().unwrap_or_else(|| Err(waits()))
}
