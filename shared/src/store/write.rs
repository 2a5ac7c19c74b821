//! Conditional writes: a lost answer is recognised, a conflict is tried again, a refusal brings the old item.

use std::time::Duration;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::put_item::builders::PutItemFluentBuilder;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::operation::transact_write_items::builders::TransactWriteItemsFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;

use aws_sdk_dynamodb::types::{CancellationReason, ReturnValuesOnConditionCheckFailure as OnFailure, WriteRequest};

use super::schema::Key;
use super::{Item, Store, item};
use crate::aws_fault::AwsFault;
use crate::error::Error;

/// Who is asked, for the log.
const SERVICE: &str = "DynamoDB";

/// How often a conflict with a transaction is tried again.
const CONFLICT_RETRIES: u32 = 3;

/// What one `BatchWriteItem` writes at the most.
const BATCH: usize = 25;

/// How often what a batch left unprocessed is written again.
const BATCH_ATTEMPTS: u32 = 5;

/// A write whose conditions return the old item when they fail.
#[derive(Clone)]
pub enum Write {
    /// One item.
    Put(Box<PutItemFluentBuilder>),
    /// Attributes of one item.
    Update(Box<UpdateItemFluentBuilder>),
    /// Several items, or none.
    Transact(Box<TransactWriteItemsFluentBuilder>),
}

/// What became of a conditional write.
pub enum Outcome {
    /// It is written.
    Written,
    /// A condition failed. What became of each item's, in the order of the write.
    Refused(Vec<Condition>),
}

/// What became of one item's condition.
pub enum Condition {
    /// It held; the write was refused for another item's.
    Held,
    /// It failed on the item as it stands, or on its absence.
    Failed(Option<Item>),
}

impl Condition {
    /// The item that the condition failed on.
    #[must_use]
    pub fn old(&self) -> Option<&Item> {
        match self {
            Self::Held => None,
            Self::Failed(old) => old.as_ref(),
        }
    }
}

enum Failure {
    Condition(Vec<Condition>),
    Conflict(Error),
    Fault(Error),
}

impl Store {
    /// A name for one write: an item that carries it has been written by it.
    ///
    /// # Errors
    /// [`Error::Internal`] without entropy.
    pub fn write_id(&self) -> Result<String, Error> {
        Ok(uuid::Builder::from_random_bytes(self.entropy.bytes()?).into_uuid().simple().to_string())
    }

    /// A put that is refused, with the item as it stands, where one stands already.
    #[must_use]
    pub fn put_new(&self, item: Item) -> PutItemFluentBuilder {
        self.put(item).condition_expression("attribute_not_exists(PK)")
    }

    /// A put that returns the item as it stands if its condition fails.
    #[must_use]
    pub fn put(&self, item: Item) -> PutItemFluentBuilder {
        let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
        put.return_values_on_condition_check_failure(OnFailure::AllOld)
    }

    /// An update that returns the item as it stands if its condition fails.
    #[must_use]
    pub fn update(&self, key: Key) -> UpdateItemFluentBuilder {
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key.into_attributes()));
        update.return_values_on_condition_check_failure(OnFailure::AllOld)
    }

    /// Writes. If the condition fails on an item that carries our own `write_id`, the write had succeeded and
    /// only its answer was lost.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn write(&self, write: Write, write_id: &str) -> Result<Outcome, Error> {
        let mut retries = 0;
        loop {
            match send(write.clone()).await {
                Ok(()) => return Ok(Outcome::Written),
                Err(Failure::Condition(conditions)) => {
                    let ours = |old: &Item| item::text(old, "write_id") == Some(write_id);
                    let written = conditions.iter().filter_map(Condition::old).any(ours);
                    return Ok(if written { Outcome::Written } else { Outcome::Refused(conditions) });
                }
                Err(Failure::Conflict(error)) if retries == CONFLICT_RETRIES => return Err(error),
                Err(Failure::Conflict(_)) => {
                    retries += 1;
                    self.pause(retries).await?;
                }
                Err(Failure::Fault(error)) => return Err(error),
            }
        }
    }

    /// Writes and deletes items without any condition, of each key one. If this fails, some of them may be written.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(super) async fn write_batches(&self, requests: Vec<WriteRequest>) -> Result<(), Error> {
        for some in requests.chunks(BATCH) {
            let mut left = some.to_vec();
            for attempt in 0..BATCH_ATTEMPTS {
                if left.is_empty() {
                    break;
                }
                if attempt > 0 {
                    self.pause(attempt).await?;
                }
                let answer = self.client.batch_write_item().request_items(&self.table, left).send().await;
                let unprocessed = answer.map_err(fault)?.unprocessed_items;
                left = unprocessed.and_then(|mut tables| tables.remove(&self.table)).unwrap_or_default();
            }
            if !left.is_empty() {
                return Err(Error::Unavailable("DynamoDB leaves a batch unprocessed".into()));
            }
        }
        Ok(())
    }

    /// A random pause below 20, 40, 80 milliseconds.
    pub(super) async fn pause(&self, retry: u32) -> Result<(), Error> {
        let [random] = self.entropy.bytes()?;
        let most = 10_u64 << retry;
        tokio::time::sleep(Duration::from_millis(most * u64::from(random) / 256)).await;
        Ok(())
    }
}

async fn send(write: Write) -> Result<(), Failure> {
    match write {
        Write::Put(put) => match put.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_service_error() {
                Some(PutItemError::ConditionalCheckFailedException(refused)) => {
                    Failure::Condition(vec![Condition::Failed(refused.item.clone())])
                }
                Some(PutItemError::TransactionConflictException(_)) => Failure::Conflict(unavailable(&error)),
                _ => Failure::Fault(fault(error)),
            }),
        },
        Write::Update(update) => match update.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                    Failure::Condition(vec![Condition::Failed(refused.item.clone())])
                }
                Some(UpdateItemError::TransactionConflictException(_)) => Failure::Conflict(unavailable(&error)),
                _ => Failure::Fault(fault(error)),
            }),
        },
        Write::Transact(transact) => match transact.send().await {
            Ok(_) => Ok(()),
            Err(error) => Err(cancelled(error)),
        },
    }
}

fn cancelled<R: std::fmt::Debug + Send + Sync + 'static>(error: SdkError<TransactWriteItemsError, R>) -> Failure {
    let Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) = error.as_service_error() else {
        return Failure::Fault(fault(error));
    };
    let reasons = cancelled.cancellation_reasons();
    let any = |code: &str| reasons.iter().any(|reason| reason.code() == Some(code));
    if any("ConditionalCheckFailed") {
        let condition = |reason: &CancellationReason| match reason.code() {
            Some("ConditionalCheckFailed") => Condition::Failed(reason.item.clone()),
            _ => Condition::Held,
        };
        return Failure::Condition(reasons.iter().map(condition).collect());
    }
    if any("TransactionConflict") {
        return Failure::Conflict(unavailable(&error));
    }
    if any("ThrottlingError") || any("ProvisionedThroughputExceeded") {
        return Failure::Fault(unavailable(&error));
    }
    Failure::Fault(fault(error))
}

/// The codes of what passes; any other code means that we asked for what DynamoDB does not do.
const PASSING: [&str; 10] = [
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "ReplicatedWriteConflictException",
    "RequestLimitExceeded",
    "ServiceUnavailable",
    "ThrottlingException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// DynamoDB answered in time or it did not; what it would not answer at all is our own fault. The cause is an
/// [`AwsFault`].
#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
pub fn fault<E, R>(error: SdkError<E, R>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    let refused = error.code().is_some_and(|code| !PASSING.contains(&code));
    let ours = refused || matches!(error, SdkError::ConstructionFailure(_));
    if ours { Error::internal(AwsFault::of(SERVICE, &error)) } else { unavailable(&error) }
}

fn unavailable<E, R>(error: &SdkError<E, R>) -> Error
where
    E: std::error::Error + ProvideErrorMetadata + Send + Sync + 'static,
    R: std::fmt::Debug + Send + Sync + 'static,
{
    Error::Unavailable(AwsFault::of(SERVICE, error).into())
}
