//! Human-readable members in several languages (RFC 7591 §2.2).

use std::collections::{BTreeMap, HashSet};

use serde_json::{Map, Value};

use super::Invalid;
use super::members::{Member, MemberKind};

/// A member that may carry language tags: `client_name`, `client_name#fr`, `client_name#ja-Jpan-JP`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Localized<T> {
    /// The value without a tag.
    pub plain: Option<T>,
    /// Tag, as sent, and value. Tags are compared without case.
    pub tagged: BTreeMap<String, T>,
}

impl<T> Localized<T> {
    /// All values, the plain one first.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.plain.iter().chain(self.tagged.values())
    }

    /// Those of the values that are to be kept; none if none is.
    #[must_use]
    pub fn retained(mut self, is_kept: impl Fn(&T) -> bool) -> Option<Self> {
        self.plain = self.plain.filter(&is_kept);
        self.tagged.retain(|_, value| is_kept(value));
        (self.plain.is_some() || !self.tagged.is_empty()).then_some(self)
    }
}

impl<T> From<T> for Localized<T> {
    fn from(plain: T) -> Self {
        Self { plain: Some(plain), tagged: BTreeMap::new() }
    }
}

impl<T: Member> Member for Localized<T> {
    const KIND: MemberKind = T::KIND;
    const IS_LOCALIZED: bool = true;

    fn take(members: &mut Map<String, Value>, name: &str) -> Result<Option<Self>, Invalid> {
        let plain = T::take(members, name)?;
        let mut tagged = BTreeMap::new();
        let mut known = HashSet::new();
        let names: Vec<String> = members.keys().filter(|key| tag(key, name).is_some()).cloned().collect();
        for full in names {
            let Some(tag) = tag(&full, name) else { continue };
            if !known.insert(tag.to_ascii_lowercase()) {
                return Err(Invalid::Duplicate { member: full });
            }
            if let Some(value) = T::take(members, &full)? {
                tagged.insert(tag.to_owned(), value);
            }
        }
        let absent = plain.is_none() && tagged.is_empty();
        Ok((!absent).then_some(Self { plain, tagged }))
    }

    fn put(&self, name: &str, members: &mut Map<String, Value>) {
        if let Some(plain) = &self.plain {
            plain.put(name, members);
        }
        for (tag, value) in &self.tagged {
            value.put(&format!("{name}#{tag}"), members);
        }
    }

    fn languages(&self) -> usize {
        self.tagged.len()
    }
}

/// The language tag of `key` if it is `name#tag`.
fn tag<'k>(key: &'k str, name: &str) -> Option<&'k str> {
    key.strip_prefix(name)?.strip_prefix('#').filter(|tag| is_language_tag(tag))
}

/// How long a language tag may be: as long as any has to be that says no more than a language, script, region and variants
/// (RFC 5646 §4.4.1).
const LONGEST_TAG: usize = 35;

/// Whether a text has the letters and lengths of a language tag (BCP 47).
#[must_use]
pub fn is_language_tag(text: &str) -> bool {
    let subtag =
        |subtag: &str| (1..=8).contains(&subtag.len()) && subtag.bytes().all(|byte| byte.is_ascii_alphanumeric());
    text.len() <= LONGEST_TAG && text.split('-').all(subtag)
}
