//! From records to the index by which clients are found.

use std::collections::BTreeSet;

use super::change::listed;
use super::event::{Image, Record};
use crate::client::{RegisteredClient, Source};
use crate::store::Places;
use crate::store::schema::Key;

/// What the records change of the index: by the last of them that says something of a place it is there, or is not.
pub(super) fn places(records: &[Record]) -> Places {
    let mut changed = Places::new();
    for record in records {
        let (old, new) = (record.dynamodb.old_image.as_ref(), record.dynamodb.new_image.as_ref());
        let again = new.and_then(|new| new.reindexed.as_ref());
        let is_written_again = again.is_some() && old.is_none_or(|old| old.reindexed.as_ref() != again);
        if said(old) == said(new) && !is_written_again {
            continue;
        }
        let (was, is) = (stands(old), stands(new));
        changed.extend(was.difference(&is).map(|place| (place.clone(), false)));
        changed
            .extend(is.into_iter().filter(|place| is_written_again || !was.contains(place)).map(|place| (place, true)));
    }
    changed
}

/// All that the places of a client follow from.
fn said(image: Option<&Image>) -> Option<impl PartialEq + '_> {
    let Image { list, at, client, source, locked, pending_until, .. } = image?;
    Some((list, at, client, source, locked, pending_until.is_some()))
}

/// Where the client stands that an image is, if it is one in a list.
fn stands(image: Option<&Image>) -> BTreeSet<Key> {
    let client = image.filter(|image| listed(image).is_some()).and_then(client_of);
    client.map(|client| client.places()).unwrap_or_default()
}

/// The client, as far as its places follow from it. What nobody can read nobody finds, and what comes after it is followed.
fn client_of(image: &Image) -> Option<RegisteredClient> {
    let (service_id, numeric_id) = image.client()?;
    let source = Source::parse(image.source.as_deref()?)?;
    let client = RegisteredClient::new(service_id, source, serde_json::from_str(image.client.as_deref()?).ok()?);
    let pending_until = image.pending_until.as_ref().and_then(|end| end.parse().ok());
    Some(RegisteredClient { numeric_id, locked: image.locked, pending_until, ..client })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn client(name: &str, members: &Value) -> Value {
        let metadata = json!({"client_name": name, "redirect_uris": ["https://rp.example/cb"]});
        let record = json!({"metadata": metadata, "client_type": "public", "issued_at_millis": 1_790_000_000_000_u64});
        let mut image = json!({
            "PK": {"S": "C#1#5"}, "list": {"S": "C#1"}, "at": {"S": "1790000000000#0000000000000005"},
            "source": {"S": "oauth"}, "client": {"S": record.to_string()}, "locked": {"BOOL": false},
        });
        image.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        image
    }

    fn record(old: &Value, new: &Value) -> Record {
        serde_json::from_value(json!({"dynamodb": {"OldImage": old, "NewImage": new}})).unwrap()
    }

    /// The partitions, each with what becomes of the client's place there.
    fn changed(old: &Value, new: &Value) -> Vec<(String, bool)> {
        let partition = |(key, stands): (Key, bool)| {
            let key = key.into_attributes();
            (key["PK"].as_s().unwrap().strip_prefix("Q#1#").unwrap().to_owned(), stands)
        };
        places(&[record(old, new)]).into_iter().map(partition).collect()
    }

    #[test]
    fn a_record_changes_the_places_that_its_images_differ_in() {
        let one = client("Bank", &json!({}));
        let with = |members: Value| client("Bank", &members);
        let tombstone = json!({"PK": {"S": "C#1#5"}, "deleted_by": {"S": "operator"}, "source": {"S": "oauth"}});
        let none = Value::Null;
        let all = |stands: bool| vec![("host#rp.example", stands), ("source#oauth", stands), ("word#ba", stands)];
        let reindexed = with(json!({"reindexed": {"N": "1"}}));
        let unreadable = with(json!({"client": {"S": "{}"}}));
        for (what, old, new, expected) in [
            ("registered", &none, &one, all(true)),
            ("registered where one was deleted", &tombstone, &one, all(true)),
            ("changed in nothing", &one, &with(json!({"version": {"N": "2"}})), vec![]),
            ("used", &one, &with(json!({"used": {"S": "2026-09-21"}, "expires_at": {"N": "9"}})), vec![]),
            ("renamed", &one, &client("Money", &json!({})), vec![("word#ba", false), ("word#mo", true)]),
            ("locked", &one, &with(json!({"locked": {"BOOL": true}})), vec![("locked", true)]),
            ("unlocked", &with(json!({"locked": {"BOOL": true}})), &one, vec![("locked", false)]),
            ("held", &one, &with(json!({"pending_until": {"N": "9"}})), vec![("pending", true)]),
            ("approved", &with(json!({"pending_until": {"N": "9"}})), &one, vec![("pending", false)]),
            ("deleted", &one, &tombstone, all(false)),
            ("expired or purged", &one, &none, all(false)),
            ("the tombstone's end", &tombstone, &none, vec![]),
            ("written again", &one, &reindexed, all(true)),
            ("and once more", &reindexed, &with(json!({"reindexed": {"N": "2"}})), all(true)),
            ("changed in nothing after that", &reindexed, &one, vec![]),
            ("become unreadable", &one, &unreadable, all(false)),
            ("unreadable", &none, &unreadable, vec![]),
            (
                "in no list",
                &none,
                &json!({"PK": {"S": "C#1#5"}, "client": one["client"], "source": {"S": "oauth"}}),
                vec![],
            ),
            ("another item", &none, &json!({"PK": {"S": "S#1"}, "list": {"S": "O#a"}, "at": one["at"]}), vec![]),
        ] {
            let expected: Vec<_> = expected.into_iter().map(|(place, stands)| (place.to_owned(), stands)).collect();
            assert_eq!(changed(old, new), expected, "{what}");
        }
    }

    proptest! {
        /// However the records are cut into batches, and however far each goes back, the client stands at last where its
        /// last image says.
        #[test]
        fn batches_may_overlap(
            lives in prop::collection::vec((0..4_usize, any::<bool>(), 0..3_u32), 1..30),
            batches in prop::collection::vec((0..20_usize, 1..20_usize), 0..10),
        ) {
            let image = |(name, locked, reindexed): &(usize, bool, u32)| match name {
                0 => Value::Null,
                name => client(
                    ["", "Bank", "Money", "Bank of Money"][*name],
                    &json!({"locked": {"BOOL": locked}, "reindexed": {"N": reindexed.to_string()}}),
                ),
            };
            let images: Vec<Value> = std::iter::once(Value::Null).chain(lives.iter().map(image)).collect();
            let records = || images.windows(2).map(|pair| record(&pair[0], &pair[1])).collect::<Vec<_>>();
            let (mut index, mut end): (BTreeMap<Key, bool>, usize) = (BTreeMap::new(), 0);
            let whole = (records().len(), records().len());
            for (back, length) in batches.into_iter().chain([whole]) {
                let start = usize::saturating_sub(end, back);
                end = records().len().min(end.max(start + length));
                index.extend(places(&records()[start..end]));
            }
            let standing: BTreeSet<Key> = index.into_iter().filter(|(_, stands)| *stands).map(|(key, _)| key).collect();
            let last = record(&Value::Null, images.last().unwrap());
            prop_assert_eq!(standing, stands(last.dynamodb.new_image.as_ref()));
        }
    }
}
