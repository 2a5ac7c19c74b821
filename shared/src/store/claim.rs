//! Names that one client of a service has and no other: written in the client's own transaction.
//!
//! A claim holds as long as its owner exists and still has the name. One that does not is taken over, or ended by the
//! stream function; no request has to release it.

use aws_sdk_dynamodb::types::{
    AttributeValue, ConditionCheck, Delete, Put, ReturnValuesOnConditionCheckFailure as OnFailure, TransactWriteItem,
};

use super::Store;
use super::item::{integer, number, required, string, text};
use super::schema::{MAX_NAME, claim_key, claim_key_of, claim_name, client_key};
use super::write::{Condition, Outcome};
use crate::claim_kind::ClaimKind;
use crate::client::RegisteredClient;
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

/// The names that a client has, with their kinds, whether it had to claim them or not: by them its item shows the
/// stream function what it has no more.
pub(super) fn names(client: &RegisteredClient) -> Option<AttributeValue> {
    let name = |kind| Some(claim_name(kind, client.claim(kind).filter(|name| name.len() <= MAX_NAME)?));
    let names: Vec<String> = ClaimKind::ALL.into_iter().filter_map(name).collect();
    (!names.is_empty()).then_some(AttributeValue::Ss(names))
}

impl Store {
    /// Ends the claim of a name, with its kind, that a client has no more, if the claim is still that client's: whether
    /// there was one. Only the stream function does this.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub(crate) async fn end_claim(&self, service_id: u64, numeric_id: u64, name: &str) -> Result<bool, Error> {
        let has_it_no_more = ConditionCheck::builder()
            .table_name(&self.table)
            .set_key(Some(client_key(service_id, numeric_id).into_attributes()))
            .condition_expression("attribute_not_exists(claims) OR NOT contains(claims, :name)")
            .expression_attribute_values(":name", string(name));
        let claim = Delete::builder()
            .table_name(&self.table)
            .set_key(Some(claim_key_of(service_id, name).into_attributes()))
            .condition_expression("#owner = :owner")
            .expression_attribute_names("#owner", "owner")
            .expression_attribute_values(":owner", integer(numeric_id));
        let parts = vec![
            TransactWriteItem::builder().condition_check(has_it_no_more.build().map_err(Error::internal)?).build(),
            TransactWriteItem::builder().delete(claim.build().map_err(Error::internal)?).build(),
        ];
        let write_id = self.write_id()?;
        Ok(matches!(self.write(self.transaction(parts, &write_id), &write_id).await?, Outcome::Written))
    }

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
