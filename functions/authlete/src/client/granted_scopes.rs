//! `/client/granted_scopes/…`: the scopes that a user has granted a client, be there tokens or not.

pub mod delete;
pub mod get;

use ::authorization::grant::Grant;
use serde_json::{Map, Value};
use shared::client::RegisteredClient;
use shared::service::Service;

use crate::error::result;

/// What both operations answer.
fn known(
    service: &Service,
    client: &RegisteredClient,
    subject: &str,
    (code, text): (&str, &str),
) -> Map<String, Value> {
    let mut members = result(code, text);
    members.insert("serviceApiKey".to_owned(), service.id.into());
    members.insert("clientId".to_owned(), client.numeric_id.into());
    members.insert("subject".to_owned(), subject.into());
    members
}

/// What was granted, unless it is forgotten.
fn granted(members: &mut Map<String, Value>, grant: Option<&Grant>) {
    let Some((grant, latest)) = grant.and_then(|grant| Some((grant, grant.latest.as_ref()?))) else { return };
    members.insert("latestGrantedScopes".to_owned(), latest.as_slice().into());
    members.insert("mergedGrantedScopes".to_owned(), grant.merged.as_slice().into());
    members.insert("modifiedAt".to_owned(), grant.modified.into());
}
