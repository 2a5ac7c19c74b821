//! The item of a client: its attributes, read and written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_dynamodb::types::AttributeValue;
use serde_json::{Map, Value};

use crate::client::{ClientRecord, PreviousSecret, RegisteredClient, SealedSecret, Source};
use crate::credentials::TokenHash;
use crate::error::Error;
use crate::metadata::Invalid;
use crate::origin::Origin;
use crate::store::Item;
use crate::store::claim::names;
use crate::store::item::{blob, bounded_json, bytes, changed, integer, number, required, string, text};
use crate::store::schema::{MAX_NAME, client_key, clients_list, developer_list, list_position};

/// When the last accepted request of a registrant who signs requests was made, in milliseconds since 1970. It outlives
/// the client in its tombstone, so that a captured request is good for nothing.
pub(super) const REQUEST_ISSUED_AT: &str = "request_issued_at";

/// The end of a registration where `expires_at` is not it: of a client that an operator has locked, since a lock must not
/// end with the registration, and of one that may end before, since nobody uses it.
pub(super) const OWN_END: &str = "ends_at";

/// When a client ends if nobody uses it until then.
pub(in crate::store) const UNUSED_UNTIL: &str = "unused_until";

/// What that is at least once it ends so.
pub(in crate::store) const GIVEN_UNTIL: &str = "given_until";

/// When a client was registered again, by another copy of its program, as far as that is noted.
pub(in crate::store) const REGISTERED_AGAIN_AT: &str = "registered_again_at";

/// Until when operators have time to approve a client.
const PENDING_UNTIL: &str = "pending_until";

/// Whether a client stays though nobody uses it.
pub(super) const RETAINED: &str = "retained";

/// The last day of which it is known that a client was used.
pub(in crate::store) const USED: &str = "used";

/// Whether nothing speaks for a client's uses but what anybody can cause.
pub(in crate::store) const UNCONFIRMED: &str = "unconfirmed";

/// What a client's secret is compared with.
const SECRET_MAC: &str = "secret_mac";

/// The secret that a client had before, the version that it is bound to, what it is compared with, and its end.
const PREVIOUS_SECRET: [&str; 4] =
    ["previous_secret", "previous_secret_version", "previous_secret_mac", "previous_secret_until"];

/// The digest of the registration access token that takes the place of the other one as soon as it is used.
pub(super) const NEXT_TOKEN: &str = "rat_next";

/// From when on a client's tokens live, in milliseconds since 1970.
pub(in crate::store) const TOKENS_FROM: &str = "tokens_from";

/// Until when what a client of that name had is an earlier one's, in milliseconds since 1970.
pub(super) const BEGUN: &str = "begun";

pub(super) fn client_of(
    service_id: u64,
    numeric_id: u64,
    item: &Item,
    record: impl FnOnce(&str) -> Result<ClientRecord, Error>,
) -> Result<RegisteredClient, Error> {
    let source = required(text(item, "source").and_then(Source::parse), "source")?;
    let record = record(required(text(item, "client"), "client")?)?;
    let secret = match blob(item, "secret") {
        None => None,
        Some(sealed) => {
            let version = required(number(item, "secret_version"), "secret_version")?;
            Some(SealedSecret { sealed, version })
        }
    };
    Ok(RegisteredClient {
        service_id,
        client_id: required(text(item, "client_id"), "client_id")?.to_owned(),
        numeric_id,
        source: if record.made_by_operator { Source::Operator } else { source },
        locked: is_locked(item),
        record: ClientRecord { made_by_operator: false, ..record },
        secret,
        secret_mac: blob(item, SECRET_MAC).and_then(|mac| mac.try_into().ok()),
        tokens_from: number(item, TOKENS_FROM),
        begun: number(item, BEGUN),
        previous_secret: previous_secret(item)?,
        registration_access_token: text(item, "rat_hash").and_then(TokenHash::parse),
        next_registration_access_token: text(item, NEXT_TOKEN).and_then(TokenHash::parse),
        expires_at: own_end(item),
        unused_until: number(item, UNUSED_UNTIL),
        given_until: number(item, GIVEN_UNTIL),
        registered_again_at: number(item, REGISTERED_AGAIN_AT),
        pending_until: number(item, PENDING_UNTIL),
        retained: is_true(item, RETAINED),
        used: text(item, USED).map(str::to_owned),
        unconfirmed: is_true(item, UNCONFIRMED),
        version: required(number(item, "version"), "version")?,
    })
}

pub(super) fn read_record(stored: &str) -> Result<ClientRecord, Error> {
    serde_json::from_str(stored).map_err(Error::internal)
}

/// The secret that a client had before, if there is one.
fn previous_secret(item: &Item) -> Result<Option<PreviousSecret>, Error> {
    let [sealed, version, compared, end] = PREVIOUS_SECRET;
    let Some(sealed) = blob(item, sealed) else { return Ok(None) };
    let secret = SealedSecret { sealed, version: required(number(item, version), version)? };
    let mac = blob(item, compared).and_then(|mac| mac.try_into().ok());
    Ok(Some(PreviousSecret { secret, mac, until: required(number(item, end), end)? }))
}

/// How many records are remembered.
const MOST_REMEMBERED: usize = 200;

/// What was read last of clients: a record that stands there in the same words says the same.
#[derive(Debug, Clone, Default)]
pub(in crate::store) struct Records(Arc<Mutex<HashMap<(u64, u64), Remembered>>>);

#[derive(Debug)]
struct Remembered {
    words: String,
    record: ClientRecord,
}

impl Records {
    pub(super) fn read(&self, place: (u64, u64), stored: &str) -> Result<ClientRecord, Error> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = lock().get(&place).filter(|known| known.words == stored) {
            return Ok(known.record.clone());
        }
        let record = read_record(stored)?;
        let mut known = lock();
        if known.len() >= MOST_REMEMBERED {
            known.clear();
        }
        known.insert(place, Remembered { words: stored.to_owned(), record: record.clone() });
        Ok(record)
    }
}

/// What a client consists of, whoever has said it.
fn members(record: &ClientRecord) -> Map<String, Value> {
    let mut members = record.metadata.to_members();
    members.extend(record.settings.others.clone());
    let requestable = record.settings.requestable_scopes.as_deref();
    members.extend(requestable.map(|scopes| ("requestable_scopes".to_owned(), scopes.into())));
    let statements = record.trust_chain.as_ref().map(|chain| chain.statements.as_slice());
    members.extend(statements.map(|statements| ("trust_chain".to_owned(), statements.into())));
    members
}

pub(super) fn is_locked(item: &Item) -> bool {
    is_true(item, "locked")
}

pub(super) fn is_true(item: &Item, name: &str) -> bool {
    item.get(name).is_some_and(|value| value.as_bool() == Ok(&true))
}

/// The attributes that say when a client ends: [`own_end`] reads the second one.
pub(in crate::store) fn ends(client: &RegisteredClient) -> [(&'static str, Option<u64>); 5] {
    let own = client.expires_at.filter(|_| client.is_held() || client.unused_until.is_some());
    [
        ("expires_at", client.ends_at()),
        (OWN_END, own),
        (UNUSED_UNTIL, client.unused_until),
        (GIVEN_UNTIL, client.given_until),
        (PENDING_UNTIL, client.pending_until),
    ]
}

/// When a registration ends by itself.
fn own_end(item: &Item) -> Option<u64> {
    let is_other = is_locked(item) || [UNUSED_UNTIL, PENDING_UNTIL].iter().any(|name| item.contains_key(*name));
    number(item, if is_other { OWN_END } else { "expires_at" })
}

pub(super) fn client_item(client: &RegisteredClient, write_id: &str, origin: &Origin) -> Result<Item, Error> {
    let developer = client.developer();
    if developer.len() > MAX_NAME {
        return Err(Invalid::TooLong { member: "developer".to_owned(), limit: MAX_NAME, unit: "bytes" }.into());
    }
    let mut item = client_key(client.service_id, client.numeric_id).into_attributes();
    let position = list_position(client.record.issued_at_millis, &format!("{:016}", client.numeric_id));
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("client_id", string(&client.client_id));
    put("source", string(client.source.as_str()));
    put("locked", AttributeValue::Bool(client.locked));
    put("client", bounded_json("the client", &client.record, || members(&client.record))?);
    put("version", integer(client.version));
    put("write_id", string(write_id));
    put("changed", changed(origin));
    put("list", string(clients_list(client.service_id)));
    put("developer", string(developer_list(client.service_id, &developer)));
    put("at", string(position));
    if let Some(names) = names(client) {
        put("claims", names);
    }
    if let Some(day) = &client.used {
        put(USED, string(day));
    }
    if client.unconfirmed {
        put(UNCONFIRMED, AttributeValue::Bool(true));
    }
    if let Some(secret) = &client.secret {
        put("secret", bytes(secret.sealed.clone()));
        put("secret_version", integer(secret.version));
    }
    if let Some(mac) = &client.secret_mac {
        put(SECRET_MAC, bytes(mac.to_vec()));
    }
    if let Some(PreviousSecret { secret, mac, until }) = &client.previous_secret {
        let [sealed, version, compared, end] = PREVIOUS_SECRET;
        put(sealed, bytes(secret.sealed.clone()));
        put(version, integer(secret.version));
        put(end, integer(*until));
        if let Some(mac) = mac {
            put(compared, bytes(mac.to_vec()));
        }
    }
    if let Some(from) = client.tokens_from {
        put(TOKENS_FROM, integer(from));
    }
    if let Some(begun) = client.begun {
        put(BEGUN, integer(begun));
    }
    if let Some(token) = &client.registration_access_token {
        put("rat_hash", string(token.to_text()));
    }
    if let Some(token) = &client.next_registration_access_token {
        put(NEXT_TOKEN, string(token.to_text()));
    }
    for (name, end) in ends(client) {
        if let Some(end) = end {
            put(name, integer(end));
        }
    }
    if let Some(again) = client.registered_again_at {
        put(REGISTERED_AGAIN_AT, integer(again));
    }
    if client.retained {
        put(RETAINED, AttributeValue::Bool(true));
    }
    if let Some(issued) = client.record.trust_chain.as_ref().and_then(|chain| chain.request_issued_at_millis) {
        put(REQUEST_ISSUED_AT, integer(issued));
    }
    Ok(item)
}
