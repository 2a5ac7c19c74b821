//! The table: its keys, its indexes, how it is made.

use std::borrow::Cow;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::DisplayErrorContext;
use aws_sdk_dynamodb::operation::create_table::CreateTableError;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
    ProjectionType, ScalarAttributeType, StreamSpecification, StreamViewType, TableDescription,
    TimeToLiveSpecification,
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

use super::Item;
use crate::claim_kind::ClaimKind;
use crate::credentials::TokenHash;
use crate::registry::Operation;

/// The version of the storage contract, `docs/storage.md`: what is stored under one version every program of that version
/// reads. `docs/upgrading.md` says when it is raised.
pub const VERSION: u64 = 1;

/// The index of lists: partition `list`, sorted by `at`, keys and `expires_at` only.
pub const LIST_INDEX: &str = "list";

/// The index of a developer's clients: partition `developer`, sorted by `at`, keys and `expires_at` only.
pub const DEVELOPER_INDEX: &str = "developer";

/// The attribute by which DynamoDB removes items.
pub const TTL_ATTRIBUTE: &str = "expires_at";

/// The longest name from outside that stands in a key, in bytes: DynamoDB takes 2,048 for a partition, and 1,024 for
/// what is sorted in one. What is longer is nobody's name.
pub const MAX_NAME: usize = 1024;

/// The key of an item. Every partition key begins with the item's type, so that a function's permissions can
/// be limited to the types it needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    pk: String,
    sk: Cow<'static, str>,
}

impl Key {
    /// The key as attributes of an item.
    #[must_use]
    pub fn into_attributes(self) -> Item {
        Item::from([
            ("PK".to_owned(), AttributeValue::S(self.pk)),
            ("SK".to_owned(), AttributeValue::S(self.sk.into_owned())),
        ])
    }
}

/// A service.
#[must_use]
pub fn service_key(service_id: u64) -> Key {
    Key { pk: format!("S#{service_id}"), sk: "S".into() }
}

/// A client, or what is left of a deleted one.
#[must_use]
pub fn client_key(service_id: u64, numeric_id: u64) -> Key {
    Key { pk: format!("C#{service_id}#{numeric_id}"), sk: "C".into() }
}

/// An operator's token. Those of other doors have types of their own: who may write one type makes none of another.
#[must_use]
pub fn operator_token_key(hash: &TokenHash) -> Key {
    Key { pk: format!("T#{}", hash.to_text()), sk: "T".into() }
}

/// An initial access token.
#[must_use]
pub fn initial_access_token_key(hash: &TokenHash) -> Key {
    Key { pk: format!("I#{}", hash.to_text()), sk: "I".into() }
}

/// An access token for `manageRegistration`.
#[must_use]
pub fn manage_registration_token_key(hash: &TokenHash) -> Key {
    Key { pk: format!("M#{}", hash.to_text()), sk: "M".into() }
}

/// The number of a service's clients that were registered on one day, `yyyy-mm-dd` in UTC.
#[must_use]
pub fn day_count_key(service_id: u64, day: &str) -> Key {
    Key { pk: day_counts(service_id), sk: day.to_owned().into() }
}

/// The number of a service's clients that were registered in one minute of a day, `hh:mm` in UTC.
#[must_use]
pub fn minute_count_key(service_id: u64, day: &str, minute: &str) -> Key {
    Key { pk: minute_counts(service_id, day), sk: minute.to_owned().into() }
}

/// The number of a developer's clients.
#[must_use]
pub fn developer_count_key(service_id: u64, developer: &str) -> Key {
    Key { pk: developer_counts(service_id), sk: developer.to_owned().into() }
}

/// How far a shard of the stream is counted.
#[must_use]
pub fn position_key(shard_id: &str) -> Key {
    Key { pk: format!("N#shard#{shard_id}"), sk: "P".into() }
}

/// The partition of a service's counts by day.
#[must_use]
pub fn day_counts(service_id: u64) -> String {
    format!("N#{service_id}")
}

/// The partition of a service's counts by minute of one day.
#[must_use]
pub fn minute_counts(service_id: u64, day: &str) -> String {
    format!("N#{service_id}#{day}")
}

/// The partition of a service's counts by developer.
#[must_use]
pub fn developer_counts(service_id: u64) -> String {
    format!("N#{service_id}#developer")
}

/// How many registrations of a service have ended so in one hour, `yyyy-mm-ddThh` in UTC, at one door.
#[must_use]
pub fn hour_count_key(service_id: u64, hour: &str, door: &str, outcome: &str) -> Key {
    Key { pk: hour_counts(service_id), sk: format!("{hour}#{door}#{outcome}").into() }
}

/// The partition of a service's counts by hour and door.
#[must_use]
pub fn hour_counts(service_id: u64) -> String {
    format!("N#{service_id}#hours")
}

/// How many clients a ceiling has let go that are still counted.
pub(crate) const UNCOUNTED: &str = "uncounted";

/// Until when those were registered at whom it has looked, in milliseconds since 1970, if there were others behind them.
pub(crate) const LOOKED_AT: &str = "looked_at";

/// What a service's ceiling counts, by name.
#[must_use]
pub fn ceiling_key(service_id: u64, name: &'static str) -> Key {
    Key { pk: ceiling_counts(service_id), sk: name.into() }
}

/// That of how many it has let go.
#[must_use]
pub fn uncounted_key(service_id: u64) -> Key {
    ceiling_key(service_id, UNCOUNTED)
}

/// The partition of what a service's ceiling counts.
#[must_use]
pub fn ceiling_counts(service_id: u64) -> String {
    format!("N#{service_id}#ceiling")
}

/// The partition of a service's clients that have something in common, as `host#rp.example`.
#[must_use]
pub fn facet_partition(service_id: u64, facet: &str) -> String {
    format!("Q#{service_id}#{facet}")
}

/// Where one of them stands there.
#[must_use]
pub fn facet_key(service_id: u64, facet: &str, place: String) -> Key {
    Key { pk: facet_partition(service_id, facet), sk: place.into() }
}

/// A name that one client of a service has and no other.
#[must_use]
pub fn claim_key(service_id: u64, kind: ClaimKind, value: &str) -> Key {
    claim_key_of(service_id, &claim_name(kind, value))
}

/// A name with its kind, as clients' items list theirs.
#[must_use]
pub fn claim_name(kind: ClaimKind, value: &str) -> String {
    format!("{}#{value}", kind.as_str())
}

/// The claim of a name with its kind.
#[must_use]
pub fn claim_key_of(service_id: u64, name: &str) -> Key {
    Key { pk: format!("U#{service_id}#{name}"), sk: "U".into() }
}

/// A window of a rate limit.
#[must_use]
pub fn rate_window_key(key: &str, index: u64) -> Key {
    Key { pk: format!("L#{key}#{index}"), sk: "L".into() }
}

/// A signed request that was seen.
#[must_use]
pub fn request_key(service_id: u64, signer: &str, digest: &[u8; 32]) -> Key {
    Key { pk: format!("R#{service_id}#{signer}#{}", BASE64URL.encode(digest)), sk: "R".into() }
}

/// What a service has fetched from a URL.
#[must_use]
pub fn document_key(service_id: u64, url: &str) -> Key {
    Key { pk: format!("F#{service_id}#{}", name_of(url)), sk: "F".into() }
}

/// The copy of the metadata document of the client that has that number.
#[must_use]
pub fn metadata_document_key(service_id: u64, numeric_id: u64) -> Key {
    Key { pk: format!("F#{service_id}#{numeric_id}"), sk: "M".into() }
}

/// An authorization, from its ticket to the end of its tokens.
#[must_use]
pub fn authorization_key(service_id: u64, id: &str) -> Key {
    Key { pk: format!("G#{service_id}#{id}"), sk: "G".into() }
}

/// A pushed authorization request.
#[must_use]
pub fn pushed_request_key(service_id: u64, id: &str) -> Key {
    Key { pk: format!("P#{service_id}#{id}"), sk: "P".into() }
}

/// What a user has let a client have.
#[must_use]
pub fn grant_key(service_id: u64, numeric_id: u64, subject: &str) -> Key {
    Key { pk: format!("V#{service_id}#{numeric_id}#{}", name_of(subject)), sk: "V".into() }
}

/// A token whose value was chosen elsewhere.
#[must_use]
pub fn chosen_value_key(service_id: u64, digest: &[u8; 32]) -> Key {
    Key { pk: format!("K#{service_id}#{}", BASE64URL.encode(digest)), sk: "K".into() }
}

/// The partition of what was changed of something of a service: a client by its number, `service`, `token`.
#[must_use]
pub fn audit_key(service_id: u64, subject: &str) -> String {
    format!("A#{service_id}#{subject}")
}

/// The list of what was changed of a service.
#[must_use]
pub fn audit_list(service_id: u64) -> String {
    format!("A#{service_id}")
}

/// Where an entry stands: by the time, in seconds since 1970, then by the change's number.
#[must_use]
pub fn audit_position(at: u64, sequence: &str) -> String {
    format!("{:013}#{sequence}", at.saturating_mul(1000))
}

/// The partition of what a service has refused on one day, `yyyy-mm-dd` in UTC.
#[must_use]
pub fn refusals_of_day(service_id: u64, day: &str) -> String {
    format!("X#{service_id}#{day}")
}

/// Refusals of one kind on that day: error, rule, door and network, what they were told, and what they had asked for.
#[must_use]
pub fn refusals_key(service_id: u64, day: &str, of: [&str; 4], told: &str, operation: Operation) -> Key {
    let of_others = match operation {
        // As it was before operations were told apart.
        Operation::Register => String::new(),
        other => format!("#{}", other.as_str()),
    };
    let sk = format!("{}#{}{of_others}", of.join("#"), name_of(told));
    Key { pk: refusals_of_day(service_id, day), sk: sk.into() }
}

/// A text of any length as a part of a key.
fn name_of(text: &str) -> String {
    BASE64URL.encode(digest(&SHA256, text.as_bytes()))
}

/// The list of a service's clients that were pruned and can be brought back, in the order in which they were.
#[must_use]
pub fn pruned_list(service_id: u64) -> String {
    format!("C#{service_id}#pruned")
}

/// The list of a client's authorizations.
#[must_use]
pub fn authorizations_list(service_id: u64, numeric_id: u64) -> String {
    format!("G#{service_id}#{numeric_id}")
}

/// The list of a user's grants.
#[must_use]
pub fn grants_list(service_id: u64, subject: &str) -> String {
    format!("V#{service_id}#{}", name_of(subject))
}

/// The list of what a service's users have let its clients have, in the index of developers' clients.
#[must_use]
pub fn service_grants_list(service_id: u64) -> String {
    format!("V#{service_id}")
}

/// Where a client's grants stand in the lists of grants.
#[must_use]
pub fn grant_position(numeric_id: u64) -> String {
    format!("{numeric_id:016}")
}

/// The list of an organization's services.
#[must_use]
pub fn services_list(organization: &str) -> String {
    format!("O#{organization}")
}

/// The list of a service's clients.
#[must_use]
pub fn clients_list(service_id: u64) -> String {
    format!("C#{service_id}")
}

/// The list of a developer's clients.
#[must_use]
pub fn developer_list(service_id: u64, developer: &str) -> String {
    format!("D#{service_id}#{developer}")
}

/// The list of a service's tokens.
#[must_use]
pub fn service_tokens_list(service_id: u64) -> String {
    format!("T#{service_id}")
}

/// The list of an organization's tokens.
#[must_use]
pub fn organization_tokens_list(organization: &str) -> String {
    format!("T#O#{organization}")
}

/// Where an item stands in its list: oldest first, so that an insert never moves a page.
#[must_use]
pub fn list_position(created_millis: u64, id: &str) -> String {
    format!("{created_millis:013}#{id}")
}

/// Makes the table if there is none, as `template.yaml` does on AWS.
///
/// # Errors
/// A description of what DynamoDB refused.
pub async fn create_table(client: &Client, table: &str) -> Result<(), String> {
    let attribute =
        |name: &str| AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build();
    let key = |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build();
    let describe = |error: &dyn std::error::Error| DisplayErrorContext(error).to_string();
    let projection =
        Projection::builder().projection_type(ProjectionType::Include).non_key_attributes(TTL_ATTRIBUTE).build();
    let index = |name: &str| -> Result<GlobalSecondaryIndex, String> {
        GlobalSecondaryIndex::builder()
            .index_name(name)
            .key_schema(key(name, KeyType::Hash).map_err(|error| describe(&error))?)
            .key_schema(key("at", KeyType::Range).map_err(|error| describe(&error))?)
            .projection(projection.clone())
            .build()
            .map_err(|error| describe(&error))
    };
    let stream =
        StreamSpecification::builder().stream_enabled(true).stream_view_type(StreamViewType::NewAndOldImages).build();
    let mut request = client
        .create_table()
        .table_name(table)
        .billing_mode(BillingMode::PayPerRequest)
        .key_schema(key("PK", KeyType::Hash).map_err(|error| describe(&error))?)
        .key_schema(key("SK", KeyType::Range).map_err(|error| describe(&error))?)
        .global_secondary_indexes(index(LIST_INDEX)?)
        .global_secondary_indexes(index(DEVELOPER_INDEX)?)
        .stream_specification(stream.map_err(|error| describe(&error))?);
    for name in ["PK", "SK", "list", "developer", "at"] {
        request = request.attribute_definitions(attribute(name).map_err(|error| describe(&error))?);
    }
    match request.send().await.map_err(aws_sdk_dynamodb::error::SdkError::into_service_error) {
        Ok(_) => {}
        Err(CreateTableError::ResourceInUseException(_)) => return is_current(client, table).await,
        Err(error) => return Err(describe(&error)),
    }
    let ttl = TimeToLiveSpecification::builder().enabled(true).attribute_name(TTL_ATTRIBUTE).build();
    let request = client.update_time_to_live().table_name(table);
    let request = request.time_to_live_specification(ttl.map_err(|error| describe(&error))?);
    request.send().await.map(|_| ()).map_err(|error| describe(&error))
}

/// Whether a table that is there has what this version needs.
async fn is_current(client: &Client, table: &str) -> Result<(), String> {
    let described = client.describe_table().table_name(table).send().await;
    let described = described.map_err(|error| DisplayErrorContext(&error).to_string())?.table;
    if described.is_some_and(|table| has_keys(&table) && has_stream(&table)) {
        Ok(())
    } else {
        Err(format!("the table {table} was made by an earlier version; begin with a new one"))
    }
}

/// Whether a table has the keys and the indexes that this version needs.
#[must_use]
pub fn has_keys(table: &TableDescription) -> bool {
    let names =
        |schema: &[KeySchemaElement]| schema.iter().map(|key| key.attribute_name().to_owned()).collect::<Vec<_>>();
    let has_index = |name: &str| {
        let mut indexes = table.global_secondary_indexes().iter();
        indexes.any(|index| index.index_name() == Some(name) && names(index.key_schema()) == [name, "at"])
    };
    names(table.key_schema()) == ["PK", "SK"] && has_index(LIST_INDEX) && has_index(DEVELOPER_INDEX)
}

/// Whether a table has the stream that counting and purging follow.
#[must_use]
pub fn has_stream(table: &TableDescription) -> bool {
    let stream = table.stream_specification();
    stream.is_some_and(|stream| stream.stream_view_type() == Some(&StreamViewType::NewAndOldImages))
}
