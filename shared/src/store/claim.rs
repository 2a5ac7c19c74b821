//! Names that one client of a service has and no other: written in the client's own transaction.
//!
//! A claim holds as long as its owner exists and still has the name. One that does not is taken over; nobody
//! has to release it.

use aws_sdk_dynamodb::types::{Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem};

use super::Store;
use super::item::{integer, number, required, string, text};
use super::schema::{MAX_NAME, claim_key};
use super::write::Condition;
use crate::client::{ClaimKind, RegisteredClient};
use crate::error::Error;
use crate::metadata::Invalid;

/// A name that a write claims for its client.
pub(super) struct Claim<'c> {
    kind: ClaimKind,
    name: &'c str,
    owner: &'c RegisteredClient,
    /// The write that made the stale claim which this one replaces.
    stale: Option<String>,
}

/// The claims of a client, of those kinds that it has.
///
/// # Errors
/// [`Invalid::TooLong`].
pub(super) fn claims<'c>(owner: &'c RegisteredClient, kinds: &[ClaimKind]) -> Result<Vec<Claim<'c>>, Invalid> {
    let mut claims = Vec::new();
    for kind in kinds.iter().copied() {
        let Some(name) = owner.claim(kind) else { continue };
        // An identifier that is longer than any other name is nobody else's.
        if name.len() > MAX_NAME && name == owner.client_id {
            continue;
        }
        if name.len() > MAX_NAME {
            return Err(Invalid::TooLong { member: kind.as_str().to_owned(), limit: MAX_NAME, unit: "bytes" });
        }
        claims.push(Claim { kind, name, owner, stale: None });
    }
    Ok(claims)
}

impl Store {
    /// The part of a transaction that claims a name.
    pub(super) fn claiming(&self, claim: &Claim<'_>, write_id: &str) -> Result<TransactWriteItem, Error> {
        let owner = claim.owner;
        let mut item = claim_key(owner.service_id, claim.kind, claim.name).into_attributes();
        item.insert("owner".to_owned(), integer(owner.numeric_id));
        item.insert("write_id".to_owned(), string(write_id));
        let put = Put::builder()
            .table_name(&self.table)
            .set_item(Some(item))
            .return_values_on_condition_check_failure(OnFailure::AllOld);
        let put = match &claim.stale {
            None => put
                .condition_expression("attribute_not_exists(PK) OR #owner = :owner")
                .expression_attribute_names("#owner", "owner")
                .expression_attribute_values(":owner", integer(owner.numeric_id)),
            Some(write) => {
                put.condition_expression("write_id = :stale").expression_attribute_values(":stale", string(write))
            }
        };
        Ok(TransactWriteItem::builder().put(put.build().map_err(Error::internal)?).build())
    }

    /// After a refused transaction: marks what may be taken over.
    ///
    /// # Errors
    /// [`Error::Claimed`] for a name that another client has.
    pub(super) async fn contest(&self, claims: &mut [Claim<'_>], conditions: &[Condition]) -> Result<(), Error> {
        for (claim, condition) in claims.iter_mut().zip(conditions) {
            let Some(old) = condition.old() else { continue };
            let service_id = claim.owner.service_id;
            let owner = required(number(old, "owner"), "owner")?;
            let owner = self.client(service_id, owner).await?;
            if owner.is_some_and(|owner| {
                owner.numeric_id != claim.owner.numeric_id && owner.claim(claim.kind) == Some(claim.name)
            }) {
                return Err(Error::Claimed(claim.kind));
            }
            claim.stale = text(old, "write_id").map(str::to_owned);
        }
        Ok(())
    }
}
