//! Windows of rate limits.

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::ReturnValue;

use super::item::{integer, number, required, string, text};
use super::schema::rate_window_key;
use super::{Item, Store, write};
use crate::error::Error;

/// One window of one key.
#[derive(Debug, Clone, Copy)]
pub struct RateWindow<'k> {
    /// Who is limited.
    pub key: &'k str,
    /// The window's number since 1970.
    pub index: u64,
    /// When its item may be removed, in seconds since 1970.
    pub expires_at: u64,
}

impl Store {
    /// Leases `share` requests of a window, unless `burst` are leased already: how many are leased now in all, or
    /// nothing. If an answer is lost and another lease follows before the request is tried again, the share is
    /// leased twice, which only ends the window earlier.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn lease(&self, window: &RateWindow<'_>, share: u64, burst: u64) -> Result<Option<u64>, Error> {
        let write_id = self.write_id()?;
        let update = self
            .update(rate_window_key(window.key, window.index))
            .update_expression("SET expires_at = :end, write_id = :write ADD taken :share")
            .condition_expression("attribute_not_exists(PK) OR (taken < :burst AND write_id <> :write)")
            .expression_attribute_values(":end", integer(window.expires_at))
            .expression_attribute_values(":write", string(&write_id))
            .expression_attribute_values(":share", integer(share))
            .expression_attribute_values(":burst", integer(burst))
            .return_values(ReturnValue::UpdatedNew);
        let error = match update.send().await {
            Ok(answer) => return taken(&answer.attributes.unwrap_or_default()).map(Some),
            Err(error) => error,
        };
        match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                let ours = |item: &&Item| text(item, "write_id") == Some(&write_id);
                refused.item.as_ref().filter(ours).map(taken).transpose()
            }
            _ => Err(write::fault(error)),
        }
    }
}

fn taken(item: &Item) -> Result<u64, Error> {
    required(number(item, "taken"), "taken")
}
