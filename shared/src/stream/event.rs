//! Lambda's event, as far as it means something here. Attributes that nobody asks for are not even read.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use crate::client::Source;
use crate::error::Ceiling;

/// Records of one shard.
#[derive(Debug, Default, Deserialize)]
pub struct Event {
    /// The records, in the order of the shard; none in the last call of a window.
    #[serde(rename = "Records", default, deserialize_with = "or_default")]
    pub records: Vec<Record>,
    /// The shard; Lambda names it only under a tumbling window.
    #[serde(rename = "shardId", default)]
    pub shard_id: Option<String>,
    /// What the window's last answer said.
    #[serde(default, deserialize_with = "or_default")]
    pub state: Map<String, Value>,
}

/// A change of one item.
#[derive(Debug, Default, Deserialize)]
pub struct Record {
    /// The change.
    #[serde(default, deserialize_with = "or_default")]
    pub(super) dynamodb: Change,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Change {
    /// The item as it is now, unless it is removed.
    pub(super) new_image: Option<Image>,
    /// The item as it was, unless it is new.
    pub(super) old_image: Option<Image>,
    pub(super) sequence_number: Option<String>,
    /// When, in seconds since 1970.
    #[serde(rename = "ApproximateCreationDateTime", deserialize_with = "seconds")]
    pub(super) happened_at: Option<u64>,
}

/// What an item says of its place.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "each is an attribute of an item")]
pub(super) struct Image {
    #[serde(rename = "PK", deserialize_with = "text")]
    pub(super) pk: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) list: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) developer: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) at: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) deleted_by: Option<String>,
    /// Whether it has the key of a service's secrets.
    #[serde(deserialize_with = "present")]
    pub(super) data_key: bool,
    #[serde(deserialize_with = "texts")]
    pub(super) claims: BTreeSet<String>,
    #[serde(deserialize_with = "text")]
    pub(super) source: Option<String>,
    /// How many pages of its purge there have been.
    #[serde(deserialize_with = "number")]
    purges: Option<String>,
    /// How often an operator had its places in the index written again.
    #[serde(deserialize_with = "number")]
    pub(super) reindexed: Option<String>,
    #[serde(deserialize_with = "number")]
    expires_at: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) version: Option<String>,
    /// Who changed it last, and how.
    #[serde(deserialize_with = "map")]
    pub(super) changed: BTreeMap<String, String>,
    #[serde(deserialize_with = "text")]
    pub(super) client_id: Option<String>,
    /// A client's record, as JSON.
    #[serde(deserialize_with = "text")]
    pub(super) client: Option<String>,
    #[serde(deserialize_with = "flag")]
    pub(super) locked: bool,
    /// Whether an operator has ended a token.
    #[serde(deserialize_with = "flag")]
    pub(super) revoked: bool,
    #[serde(deserialize_with = "flag")]
    pub(super) retained: bool,
    /// Until when it waits for approval.
    #[serde(deserialize_with = "number")]
    pub(super) pending_until: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) secret_version: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) rat_hash: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) tokens_from: Option<String>,
    /// Whether a deleted client can be brought back.
    #[serde(deserialize_with = "present")]
    pub(super) pruned: bool,
    /// A service's configuration, as JSON.
    #[serde(deserialize_with = "text")]
    pub(super) service: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) secrets_version: Option<String>,
    /// A token's terms, as JSON.
    #[serde(deserialize_with = "text")]
    pub(super) token: Option<String>,
    /// How often operators have ended something of a grant, since a user granted something.
    #[serde(deserialize_with = "number")]
    pub(super) ended: Option<String>,
    /// The authorizations of a grant that may have tokens, and the scopes that it remembers.
    #[serde(deserialize_with = "texts")]
    pub(super) live: BTreeSet<String>,
    #[serde(deserialize_with = "present")]
    pub(super) latest: bool,
    #[serde(deserialize_with = "present")]
    pub(super) merged: bool,
    #[serde(deserialize_with = "number")]
    pub(super) service_id: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) organization: Option<String>,
    /// How often a registration was refused, the last time in seconds since 1970, and at which door.
    #[serde(deserialize_with = "number")]
    pub(super) count: Option<String>,
    #[serde(deserialize_with = "number")]
    pub(super) last_at: Option<String>,
    #[serde(deserialize_with = "text")]
    pub(super) door: Option<String>,
    /// The rule for which it was.
    #[serde(deserialize_with = "text")]
    rule: Option<String>,
}

/// A name, with its kind, that a client had.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct GivenUp {
    pub(super) service_id: u64,
    pub(super) numeric_id: u64,
    pub(super) name: String,
}

impl Image {
    /// What comes after the type in its partition key, if it is of that type.
    pub(super) fn after(&self, kind: &str) -> Option<&str> {
        self.pk.as_deref()?.strip_prefix(kind)
    }

    /// The service and the number of the client that it is.
    pub(super) fn client(&self) -> Option<(u64, u64)> {
        let (service_id, numeric_id) = self.after("C#")?.split_once('#')?;
        Some((service_id.parse().ok()?, numeric_id.parse().ok()?))
    }

    /// When the client was registered, in milliseconds since 1970.
    fn issued_at_millis(&self) -> Option<u64> {
        let record: Map<String, Value> = serde_json::from_str(self.client.as_deref()?).ok()?;
        record.get("issued_at_millis")?.as_u64()
    }

    /// The service and the number of the client of the grant that it is.
    pub(super) fn grant(&self) -> Option<(u64, u64)> {
        let mut parts = self.after("V#")?.split('#');
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    }

    /// Whether it is of something that is neither deleted nor over at that time, in seconds since 1970.
    pub(super) fn is_living(&self, at: u64) -> bool {
        self.deleted_by.is_none() && !self.has_ended(at)
    }

    /// Whether its time was over at that one, in seconds since 1970.
    pub(super) fn has_ended(&self, at: u64) -> bool {
        self.expires_at.as_deref().and_then(|end| end.parse::<u64>().ok()).is_some_and(|end| end <= at)
    }
}

impl Record {
    /// When it happened, in seconds since 1970: not later than now.
    pub(super) fn at(&self, now: u64) -> u64 {
        self.dynamodb.happened_at.unwrap_or(now).min(now)
    }

    /// Whether a client is registered by it: there was none at that time, in seconds since 1970, or none any more, and it
    /// is no earlier one that is back.
    pub(super) fn registers(&self, at: u64) -> bool {
        let Change { new_image, old_image, .. } = &self.dynamodb;
        let is_client = |new: &Image| new.deleted_by.is_none() && new.client().is_some();
        new_image.as_ref().is_some_and(is_client)
            && !old_image.as_ref().is_some_and(|old| old.is_living(at))
            && !self.restores()
    }

    /// Whether a deleted client is brought back by it: it was registered before it was deleted.
    pub(super) fn restores(&self) -> bool {
        let Change { new_image: Some(new), old_image: Some(old), .. } = &self.dynamodb else { return false };
        let is_back = old.deleted_by.is_some() && old.pruned && new.deleted_by.is_none() && new.client().is_some();
        is_back && new.issued_at_millis() < old.tokens_from.as_deref().and_then(|at| at.parse().ok())
    }

    /// The names that its client has no more: it is deleted, removed, or has others.
    pub(super) fn given_up(&self) -> Vec<GivenUp> {
        let Some(old) = self.dynamodb.old_image.as_ref().filter(|old| !old.claims.is_empty()) else {
            return Vec::new();
        };
        let Some((service_id, numeric_id)) = old.client() else { return Vec::new() };
        let has = |name: &String| self.dynamodb.new_image.as_ref().is_some_and(|new| new.claims.contains(name));
        let lost = old.claims.iter().filter(|name| !has(name)).cloned();
        lost.map(|name| GivenUp { service_id, numeric_id, name }).collect()
    }

    /// The service and the number of a client that this record shows to be deleted, or to be purged further.
    pub(super) fn deleted_client(&self) -> Option<(u64, u64)> {
        let Change { new_image, old_image, .. } = &self.dynamodb;
        let new = new_image.as_ref().filter(|new| new.deleted_by.is_some())?;
        let was = old_image.as_ref().filter(|old| old.deleted_by.is_some());
        if was.is_some_and(|old| old.purges == new.purges) { None } else { new.client() }
    }

    /// The service and the number of a client that this record shows to be removed, its time being over, unless others
    /// may vouch for it again.
    pub(super) fn expired_client(&self) -> Option<(u64, u64)> {
        let Change { new_image: None, old_image: Some(old), .. } = &self.dynamodb else { return None };
        let source = old.source.as_deref().and_then(Source::parse);
        let is_for_good = old.deleted_by.is_none() && source.is_some_and(Source::is_operators_to_change);
        if is_for_good { old.client() } else { None }
    }

    /// The service of the client that it is about.
    pub(super) fn service(&self) -> Option<u64> {
        let Change { new_image, old_image, .. } = &self.dynamodb;
        new_image.as_ref().or(old_image.as_ref())?.client().map(|(service, _)| service)
    }

    /// The service that this record shows to have refused somebody for whom there was no room.
    pub(super) fn full_service(&self) -> Option<u64> {
        let new =
            self.dynamodb.new_image.as_ref().filter(|new| new.rule.as_deref() == Some(Ceiling::Service.rule()))?;
        new.after("X#")?.split('#').next()?.parse().ok()
    }

    /// The service whose configuration this record shows to be changed.
    pub(super) fn changed_service(&self) -> Option<u64> {
        let Change { new_image: Some(new), old_image: Some(old), .. } = &self.dynamodb else { return None };
        new.after("S#").filter(|_| new.service != old.service)?.parse().ok()
    }

    /// The service that this record shows to have ended.
    pub(super) fn ended_service(&self) -> Option<u64> {
        let image = self.dynamodb.new_image.as_ref().filter(|image| !image.data_key)?;
        image.deleted_by.as_ref()?;
        image.after("S#")?.parse().ok()
    }

    /// The deleted service whose item this record shows to be removed, its time being over, and who had deleted it.
    pub(super) fn removed_service(&self) -> Option<(u64, &str)> {
        let Change { new_image: None, old_image: Some(image), .. } = &self.dynamodb else { return None };
        Some((image.after("S#")?.parse().ok()?, image.deleted_by.as_deref()?))
    }
}

/// `null` is absent.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

/// An attribute that is a text; one of another type is absent.
fn text<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(value)?;
    Ok(value.get("S").and_then(Value::as_str).map(str::to_owned))
}

/// An attribute that is a number, as it is written; one of another type is absent.
fn number<'de, D: Deserializer<'de>>(value: D) -> Result<Option<String>, D::Error> {
    let value = Value::deserialize(value)?;
    Ok(value.get("N").and_then(Value::as_str).map(str::to_owned))
}

/// Seconds, which Lambda writes as a number, whole or not, and the embedded table as one, too.
fn seconds<'de, D: Deserializer<'de>>(value: D) -> Result<Option<u64>, D::Error> {
    let value = Value::deserialize(value)?;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a time is neither large nor negative")]
    let whole = |seconds: f64| seconds.max(0.0) as u64;
    Ok(value.as_u64().or_else(|| value.as_f64().map(whole)))
}

/// An attribute that is true; one that is absent or of another type is not.
fn flag<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    Ok(Value::deserialize(value)?.get("BOOL") == Some(&Value::Bool(true)))
}

/// An attribute that is a map of texts; others in it are absent.
fn map<'de, D: Deserializer<'de>>(value: D) -> Result<BTreeMap<String, String>, D::Error> {
    let value = Value::deserialize(value)?;
    let members = value.get("M").and_then(Value::as_object).into_iter().flatten();
    let text = |(name, value): (&String, &Value)| Some((name.clone(), value.get("S")?.as_str()?.to_owned()));
    Ok(members.filter_map(text).collect())
}

/// Whether there is such an attribute.
fn present<'de, D: Deserializer<'de>>(value: D) -> Result<bool, D::Error> {
    Ok(!Value::deserialize(value)?.is_null())
}

/// An attribute that is a set of texts; one of another type is empty.
fn texts<'de, D: Deserializer<'de>>(value: D) -> Result<BTreeSet<String>, D::Error> {
    let value = Value::deserialize(value)?;
    let texts = value.get("SS").and_then(Value::as_array).into_iter().flatten();
    Ok(texts.filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_record_shows_the_names_that_a_client_has_no_more() {
        let client = |claims: Value| json!({"PK": {"S": "C#7#5"}, "claims": claims});
        let (both, other) = (client(json!({"SS": ["alias#a", "software_id#s"]})), client(json!({"SS": ["alias#b"]})));
        let none = json!({"PK": {"S": "C#7#5"}});
        let claim = json!({"PK": {"S": "U#7#alias#a"}, "claims": {"SS": ["alias#a"]}});
        for (what, old, new, expected) in [
            ("registered", &Value::Null, &both, &[][..]),
            ("changed", &both, &both, &[]),
            ("renamed", &both, &other, &["alias#a", "software_id#s"]),
            ("deleted", &both, &none, &["alias#a", "software_id#s"]),
            ("expired or purged", &other, &Value::Null, &["alias#b"]),
            ("without names", &none, &Value::Null, &[]),
            ("no client", &claim, &Value::Null, &[]),
            ("of another type", &client(json!({"S": "alias#a"})), &Value::Null, &[]),
        ] {
            let records = json!({"Records": [{"dynamodb": {"OldImage": old, "NewImage": new}}]});
            let given_up = event(records).records.remove(0).given_up();
            assert!(given_up.iter().all(|given_up| (given_up.service_id, given_up.numeric_id) == (7, 5)), "{what}");
            assert_eq!(given_up.iter().map(|given_up| &given_up.name).collect::<Vec<_>>(), expected, "{what}");
        }
    }

    #[test]
    fn a_client_that_is_gone_is_told_from_one_that_may_come_back() {
        let client = |members: Value| {
            let mut image = json!({"PK": {"S": "C#7#5"}, "source": {"S": "oauth"}});
            image.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
            image
        };
        let (live, deleted) = (client(json!({})), client(json!({"deleted_by": {"S": "operator"}})));
        let purged = |pages: &str| client(json!({"deleted_by": {"S": "operator"}, "purges": {"N": pages}}));
        let unlocked = client(json!({"deleted_by": {"S": "operator"}, "locked": {"BOOL": false}}));
        let federated = client(json!({"source": {"S": "federation_automatic"}}));
        let service = json!({"PK": {"S": "S#7"}, "deleted_by": {"S": "operator"}});
        for (what, old, new, is_deleted, has_expired) in [
            ("registered", &Value::Null, &live, false, false),
            ("changed", &live, &live, false, false),
            ("deleted", &live, &deleted, true, false),
            ("purged once", &deleted, &purged("1"), true, false),
            ("purged twice", &purged("1"), &purged("2"), true, false),
            ("unlocked", &deleted, &unlocked, false, false),
            ("come back", &deleted, &live, false, false),
            ("expired", &live, &Value::Null, false, true),
            ("expired, and others vouch for it", &federated, &Value::Null, false, false),
            ("deleted, and its time is over", &deleted, &Value::Null, false, false),
            ("no client", &Value::Null, &service, false, false),
        ] {
            let records = json!({"Records": [{"dynamodb": {"OldImage": old, "NewImage": new}}]});
            let record = event(records).records.remove(0);
            assert_eq!(record.deleted_client(), is_deleted.then_some((7, 5)), "{what}");
            assert_eq!(record.expired_client(), has_expired.then_some((7, 5)), "{what}");
        }
    }

    fn event(value: Value) -> Event {
        serde_json::from_value(value).unwrap()
    }

    #[test]
    fn a_deleted_service_that_is_removed_is_told_from_other_items() {
        let removed = |old: Value, new: Value| {
            let record = json!({"dynamodb": {"OldImage": old, "NewImage": new}});
            let record = event(json!({"Records": [record]})).records.remove(0);
            record.removed_service().map(|(id, by)| (id, by.to_owned()))
        };
        let deleted = json!({"PK": {"S": "S#7"}, "deleted_by": {"S": "me"}, "data_key": {"B": "AAAA"}});
        assert_eq!(removed(deleted.clone(), Value::Null), Some((7, "me".to_owned())));
        assert_eq!(removed(deleted.clone(), deleted), None);
        assert_eq!(removed(json!({"PK": {"S": "S#7"}, "data_key": {"B": "AAAA"}}), Value::Null), None);
        assert_eq!(removed(json!({"PK": {"S": "C#7#1"}, "deleted_by": {"S": "me"}}), Value::Null), None);
    }

    #[test]
    fn the_last_call_of_a_window_may_have_no_records() {
        for records in [json!({"Records": []}), json!({"Records": null}), json!({})] {
            let event = event(records);
            assert!(event.records.is_empty() && event.state.is_empty() && event.shard_id.is_none());
        }
        let last = event(json!({"state": {"a": "b"}, "shardId": "s", "isFinalInvokeForWindow": true}));
        assert_eq!((last.shard_id.as_deref(), &last.state["a"]), (Some("s"), &json!("b")));
    }

    #[test]
    fn what_is_not_as_expected_is_absent() {
        let image = |image: Value| {
            let record = json!({"dynamodb": {"NewImage": image, "SequenceNumber": "1"}});
            event(json!({"Records": [record]})).records.remove(0)
        };
        let deleted = image(json!({"PK": {"S": "S#7"}, "deleted_by": {"S": "operator"}, "purges": {"N": "1"}}));
        assert_eq!(deleted.ended_service(), Some(7));
        for other in [
            json!({"PK": {"S": "S#7"}}),
            json!({"PK": {"S": "C#7"}, "deleted_by": {"S": "operator"}}),
            json!({"PK": {"S": "S#seven"}, "deleted_by": {"S": "operator"}}),
            json!({"PK": {"B": "UyM3"}, "deleted_by": {"S": "operator"}}),
            json!({"PK": "S#7", "deleted_by": {"S": "operator"}}),
            json!({"PK": {"S": "S#7"}, "deleted_by": {"S": "operator"}, "data_key": {"B": "AAAA"}}),
            json!(null),
        ] {
            assert_eq!(image(other.clone()).ended_service(), None, "{other}");
        }
        assert_eq!(event(json!({"Records": [{}, {"dynamodb": null}]})).records.len(), 2);
    }
}
