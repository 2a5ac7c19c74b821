//! A way along a list of an index on which many may stand at one position, some at a time.

use super::item::text;
use super::list::Place;
use super::{Item, Store};
use crate::error::Error;

/// Where somebody is on a way along a list.
pub struct Way {
    place: Place,
    is_over: bool,
}

impl Way {
    /// Along a list of an index, or what stands at one position of it, from where a cursor leads.
    ///
    /// # Errors
    /// [`Error::InvalidCursor`].
    pub fn along(
        index: &'static str,
        list: String,
        position: Option<String>,
        cursor: Option<&str>,
    ) -> Result<Self, Error> {
        let place = match position {
            Some(position) => Place::at(index, list, position),
            None => Place::start(index, list),
        };
        Ok(Self { place: place.after_cursor(cursor)?, is_over: false })
    }

    /// What leads behind an item that the index names.
    #[must_use]
    pub fn cursor(&self, key: &Item) -> Option<String> {
        self.place.cursor_after(key)
    }

    /// Whether there is nothing more.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Store {
    /// The next items, `at_most` of them, as the index names them.
    ///
    /// # Errors
    /// [`Error::Unavailable`], [`Error::Internal`].
    pub async fn next_named(&self, way: &mut Way, at_most: usize) -> Result<Vec<Item>, Error> {
        if way.is_over {
            return Ok(Vec::new());
        }
        let mut keys = self.keys(&way.place, at_most.saturating_add(1)).await?;
        way.is_over = keys.len() <= at_most;
        keys.truncate(at_most);
        if let Some(last) = keys.last() {
            way.place.go_on_after(last);
        }
        Ok(keys)
    }
}

/// The parts of a key of an item and of its place that a cursor has, each without the character between them.
const BETWEEN: char = '\0';

impl Place {
    /// Goes on behind the item to which a cursor leads, if there is one.
    fn after_cursor(mut self, cursor: Option<&str>) -> Result<Self, Error> {
        let Some(cursor) = cursor else { return Ok(self) };
        let named = self.opened(cursor)?;
        let parts: Vec<&str> = named.split(BETWEEN).collect();
        let [at, partition, sort] = parts[..] else { return Err(Error::InvalidCursor) };
        self.has_within(at)?;
        self.after = Some(self.key(at, partition, sort));
        Ok(self)
    }

    fn cursor_after(&self, key: &Item) -> Option<String> {
        let parts = [text(key, "at")?, text(key, "PK")?, text(key, "SK")?];
        Some(self.cursor(&parts.join(&BETWEEN.to_string())))
    }

    fn go_on_after(&mut self, key: &Item) {
        if let (Some(at), Some(partition), Some(sort)) = (text(key, "at"), text(key, "PK"), text(key, "SK")) {
            self.after = Some(self.key(at, partition, sort));
        }
    }
}
