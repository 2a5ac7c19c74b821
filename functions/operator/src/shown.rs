//! What operators see of a client: its metadata in the names of RFC 7591 §2, and what is known beside them. Never a
//! secret, but for one that has just been made.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use shared::Error;
use shared::administration::{Updated, version_before};
use shared::client::{ClientDocument, ClientTrustChain, ClientType, RegisteredClient, SoftwareIdentity};
use shared::metadata::{Change, VerifiedMetadata, remove_said_by_server};
use shared::policy::{Flag, Policy};
use shared::store::{Left, Store};

/// What whoever has changed something is to know, though nothing forbids it.
pub const WARNINGS: &str = "warnings";

/// One client, the reserved name that it is flagged for, as it was sent and what each rule made of that.
#[must_use]
pub fn whole(client: &RegisteredClient, policy: &Policy, now: u64) -> Map<String, Value> {
    let mut members = self::client(client, policy, now);
    members.extend(policy.resembled(client).map(|name| ("resembles".to_owned(), name.into())));
    members.insert("sent".to_owned(), client.sent().into());
    members.insert("changes".to_owned(), told(&client.changes()));
    members
}

/// What is left of a client that was deleted, if it can be brought back: what it was called, until when, and the version
/// that it was.
///
/// # Errors
/// [`Error::Internal`].
pub(crate) fn restorable(
    store: &Store,
    (service_id, numeric_id): (u64, u64),
    left: &Left,
) -> Result<Option<Map<String, Value>>, Error> {
    let Ok(client) = store.restorable(service_id, numeric_id, left)? else { return Ok(None) };
    let members = [
        ("client_name", name(&client)),
        ("restorable_until", left.ends_at().map(Value::from)),
        ("version", Some(version_before(&client).into())),
    ];
    Ok(Some(members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()))
}

/// What rules did to members, in their order.
#[must_use]
pub fn told(changes: &[Change]) -> Value {
    changes.iter().map(|change| Value::Object(change.to_members())).collect()
}

/// A page of a list, and where the next one begins, if there may be one.
pub(crate) fn page<I: Into<Value>>(
    name: &str,
    items: impl IntoIterator<Item = I>,
    next: Option<String>,
) -> Map<String, Value> {
    let items: Vec<Value> = items.into_iter().map(Into::into).collect();
    let mut members = Map::from_iter([(name.to_owned(), items.into())]);
    members.extend(next.map(|next| ("next".to_owned(), next.into())));
    members
}

/// The name that a client has for people, if it has one.
pub(crate) fn name(client: &RegisteredClient) -> Option<Value> {
    client.record.metadata.to_members().remove("client_name")
}

/// A client in a list.
#[must_use]
pub fn listed(client: &RegisteredClient, policy: &Policy, now: u64) -> Map<String, Value> {
    let mut members = self::client(client, policy, now);
    members.insert("position".to_owned(), client.position().into());
    members
}

/// A client after a change, and of what the specifications ask that it lacks yet. A secret that was made with it is shown this
/// once.
#[must_use]
pub fn updated(updated: &Updated, lacking: Option<&Error>, policy: &Policy, now: u64) -> Map<String, Value> {
    let mut members = self::client(&updated.information.client, policy, now);
    let warning = lacking.map(|fault| format!("this client is not as the specifications have it yet: {fault}"));
    members.extend(warning.map(|warning| (WARNINGS.to_owned(), vec![warning].into())));
    members.extend(updated.new_secret().map(|secret| ("client_secret".to_owned(), secret.expose().into())));
    members
}

/// The members of a client, times in seconds since 1970.
#[must_use]
pub fn client(client: &RegisteredClient, policy: &Policy, now: u64) -> Map<String, Value> {
    let record = &client.record;
    let mut members = record.metadata.to_members();
    remove_said_by_server(&mut members);
    let mut put = |name: &str, value: Value| drop(members.insert(name.to_owned(), value));
    put("client_id", client.client_id.as_str().into());
    put("client_id_issued_at", (record.issued_at_millis / 1000).into());
    put("numeric_id", client.numeric_id.into());
    put("source", client.source.as_str().into());
    put("client_type", type_name(record.client_type).into());
    put("version", client.version.into());
    put("locked", client.locked.into());
    for (name, value) in [
        ("expires_at", client.ends_at().map(Value::from)),
        ("pending_until", client.pending_until.map(Value::from)),
        ("unused_until", client.unused_until.filter(|_| !client.retained && !client.locked).map(Value::from)),
        ("retained", client.retained.then_some(Value::Bool(true))),
        ("used", client.used.as_deref().map(Value::from)),
        ("flags", flagged(&policy.flags(client))),
        ("alias", record.settings.alias.as_deref().map(Value::from)),
        ("developer", record.settings.developer.as_deref().map(Value::from)),
        ("client_secret_expires_at", client.secret.is_some().then(|| record.secret_expires_at.into())),
        ("previous_secret_until", client.previous_secret_at(now).map(|previous| previous.until.into())),
        ("metadata_document", record.metadata_document.as_ref().map(document)),
        ("software", record.software.as_ref().map(software)),
        ("trust_chain", record.trust_chain.as_ref().map(chain)),
        ("certificates", certificates(&record.metadata)),
    ] {
        if let Some(value) = value {
            put(name, value);
        }
    }
    members
}

/// The names of flags, if there are some.
pub(crate) fn flagged(flags: &[Flag]) -> Option<Value> {
    (!flags.is_empty()).then(|| flags.iter().map(|flag| flag.as_str()).collect())
}

/// The name of a client type (RFC 6749 §2.1).
#[must_use]
pub const fn type_name(client_type: ClientType) -> &'static str {
    match client_type {
        ClientType::Public => "public",
        ClientType::Confidential => "confidential",
    }
}

/// How old the copy of a metadata document is, and what the service thinks of its URL.
fn document(document: &ClientDocument) -> Value {
    let changed: BTreeMap<&String, u64> =
        document.changed.iter().map(|(member, millis)| (member, millis / 1000)).collect();
    json!({
        "trust": document.trust.as_str(),
        "trusted_by": document.trusted_by,
        "copy": document.copy.as_str(),
        "first_seen_at": document.first_seen_millis / 1000,
        "changed_at": document.changed_at_millis / 1000,
        "changed_members": changed,
        "fetched_at": document.fetched_at_millis / 1000,
        "fresh_until": document.fresh_until,
    })
}

/// Whose the first certificate of each key is, and for how long.
fn certificates(metadata: &VerifiedMetadata) -> Option<Value> {
    let keys = metadata.jwks()?.certificates();
    let shown = keys.iter().map(|certificate| {
        json!({
            "kid": certificate.kid,
            "use": certificate.usage,
            "subject": certificate.subject,
            "not_before": certificate.not_before,
            "not_after": certificate.not_after,
        })
    });
    let shown: Vec<Value> = shown.collect();
    (!shown.is_empty()).then(|| shown.into())
}

fn software(software: &SoftwareIdentity) -> Value {
    json!({ "iss": software.issuer, "software_id": software.software_id })
}

fn chain(chain: &ClientTrustChain) -> Value {
    json!({
        "trust_anchor": chain.trust_anchor,
        "expires_at": chain.expires_at,
        "resolved_at": chain.resolved_at_millis / 1000,
    })
}
