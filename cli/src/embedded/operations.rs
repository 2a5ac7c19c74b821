//! DynamoDB's operations, by the names that requests give them.

use dynoxide::{Database, DynoxideError};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Does what is asked; nothing where there is no such operation. Both sides are DynamoDB's JSON.
pub(super) fn perform(database: &Database, operation: &str, request: &[u8]) -> Option<dynoxide::Result<Vec<u8>>> {
    Some(match operation {
        "BatchExecuteStatement" => typed(request, |request| database.batch_execute_statement(request)),
        "BatchGetItem" => typed(request, |request| database.batch_get_item(request)),
        "BatchWriteItem" => typed(request, |request| database.batch_write_item(request)),
        "CreateTable" => typed(request, |request| database.create_table(request)),
        "DeleteItem" => typed(request, |request| database.delete_item(request)),
        "DeleteTable" => typed(request, |request| database.delete_table(request)),
        "DescribeStream" => typed(request, |request| database.describe_stream(request)),
        "DescribeTable" => typed(request, |request| database.describe_table(request)),
        "DescribeTimeToLive" => typed(request, |request| database.describe_time_to_live(request)),
        "ExecuteStatement" => typed(request, |request| database.execute_statement(request)),
        "ExecuteTransaction" => typed(request, |request| database.execute_transaction(request)),
        "GetItem" => typed(request, |request| database.get_item(request)),
        "GetRecords" => typed(request, |request| database.get_records(request)),
        "GetShardIterator" => typed(request, |request| database.get_shard_iterator(request)),
        "ListStreams" => typed(request, |request| database.list_streams(request)),
        "ListTables" => typed(request, |request| database.list_tables(request)),
        "ListTagsOfResource" => typed(request, |request| database.list_tags_of_resource(request)),
        "PutItem" => typed(request, |request| database.put_item(request)),
        "Query" => typed(request, |request| database.query(request)),
        "Scan" => typed(request, |request| database.scan(request)),
        "TagResource" => typed(request, |request| database.tag_resource(request)),
        "TransactGetItems" => typed(request, |request| database.transact_get_items(request)),
        "TransactWriteItems" => typed(request, |request| database.transact_write_items(request)),
        "UntagResource" => typed(request, |request| database.untag_resource(request)),
        "UpdateItem" => typed(request, |request| database.update_item(request)),
        "UpdateTable" => typed(request, |request| database.update_table(request)),
        "UpdateTimeToLive" => typed(request, |request| database.update_time_to_live(request)),
        _ => return None,
    })
}

fn typed<Q: DeserializeOwned, A: Serialize>(
    request: &[u8],
    perform: impl FnOnce(Q) -> dynoxide::Result<A>,
) -> dynoxide::Result<Vec<u8>> {
    let request = serde_json::from_slice(request);
    let request = request.map_err(|error| DynoxideError::SerializationException(error.to_string()))?;
    let answer = serde_json::to_vec(&perform(request)?);
    answer.map_err(|error| DynoxideError::InternalServerError(error.to_string()))
}
