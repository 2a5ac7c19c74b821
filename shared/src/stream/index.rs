//! From records to the index by which clients are found.

use std::collections::BTreeSet;

use super::change::listed;
use super::event::{Image, Record};
use crate::client::{ClientRecord, Source};
use crate::store::schema::Key;
use crate::store::{Places, Position, facets_of};

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
    Some((list, at, client, source, locked, pending_until))
}

/// Where the client stands that an image is, if it is one in a list.
fn stands(image: Option<&Image>) -> BTreeSet<Key> {
    image.and_then(places_of).unwrap_or_default()
}

fn places_of(image: &Image) -> Option<BTreeSet<Key>> {
    let service = listed(image)?;
    let position = image.at.as_deref().and_then(Position::parse)?;
    let source = Source::ALL.into_iter().find(|source| Some(source.as_str()) == image.source.as_deref())?;
    // What nobody can read nobody finds, and the records after it are followed.
    let record: ClientRecord = serde_json::from_str(image.client.as_deref()?).ok()?;
    let facets = facets_of(&record, source, image.locked, image.pending_until);
    Some(facets.iter().map(|facet| facet.key(service, position)).collect())
}
