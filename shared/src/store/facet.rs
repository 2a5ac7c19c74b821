//! By what clients are found: of each, what it has in common with others, and where it stands among these.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization;

use super::schema::{Key, MAX_NAME, facet_key, facet_partition, list_position};
use crate::client::{ClientRecord, Source};
use crate::metadata::{Localized, RedirectUri};

/// How many hosts of redirects a client is found by.
const MOST_HOSTS: usize = 16;

/// How many words of its names.
const MOST_WORDS: usize = 8;

/// How much of a word, in bytes.
const MOST_WORD: usize = 64;

/// What a client has in common with others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Facet {
    /// It is redirected to that host, as [`RedirectUri::host`] has it.
    Host(String),
    /// It has that `software_id`.
    Software(String),
    /// It came that way, by its name.
    Source(&'static str),
    /// It is locked.
    Locked,
    /// It waits for approval.
    Pending,
    /// A name of it has that [word](words).
    Word(String),
}

/// The facets of a client that is in its service's list.
pub(crate) fn facets_of(record: &ClientRecord, source: Source, locked: bool, pending: bool) -> BTreeSet<Facet> {
    let metadata = &record.metadata;
    let hosts: BTreeSet<&str> = metadata.redirect_uris().iter().filter_map(RedirectUri::host).collect();
    let hosts = hosts.into_iter().filter(|host| host.len() <= MAX_NAME).take(MOST_HOSTS);
    let software = metadata.rest().software_id.iter().filter(|software| software.len() <= MAX_NAME);
    let states = [(locked, Facet::Locked), (pending, Facet::Pending)];
    let mut facets: BTreeSet<Facet> = hosts.map(|host| Facet::Host(host.to_owned())).collect();
    facets.extend(software.cloned().map(Facet::Software));
    facets.insert(Facet::Source(source.as_str()));
    facets.extend(states.into_iter().filter_map(|(has, state)| has.then_some(state)));
    facets.extend(indexed_words(record).into_iter().map(Facet::Word));
    facets
}

impl Facet {
    /// Those who have it.
    pub(super) fn partition(&self, service_id: u64) -> String {
        facet_partition(service_id, &self.text())
    }

    /// A client of a service among those.
    pub(crate) fn key(&self, service_id: u64, position: Position) -> Key {
        facet_key(service_id, &self.text(), self.place(position))
    }

    fn text(&self) -> String {
        match self {
            Self::Host(host) => format!("host#{host}"),
            Self::Software(software) => format!("software#{software}"),
            Self::Source(source) => format!("source#{source}"),
            Self::Locked => "locked".to_owned(),
            Self::Pending => "pending".to_owned(),
            Self::Word(word) => format!("word#{}", word.chars().take(2).collect::<String>()),
        }
    }

    /// Clients stand as in their service's list. Words stand in their order, and of each the newest client first.
    fn place(&self, position: Position) -> String {
        match self {
            Self::Word(word) => format!("{word}#{}", position.reversed().to_text()),
            _ => position.to_text(),
        }
    }
}

/// Where a client stands in its service's list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Position {
    /// When it was registered, in milliseconds since 1970.
    millis: u64,
    /// Its number.
    pub(crate) number: u64,
}

impl Position {
    /// The latest time that 13 digits can say.
    const LAST: u64 = 9_999_999_999_999;

    /// Reads what [`list_position`] has written of a client.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (millis, number) = text.split_once('#')?;
        let is_number = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|it| it.is_ascii_digit());
        let is_position = is_number(millis, 13) && is_number(number, 16);
        is_position.then_some(Self { millis: millis.parse().ok()?, number: number.parse().ok()? })
    }

    fn to_text(self) -> String {
        list_position(self.millis, &format!("{:016}", self.number))
    }

    /// The position by which the newest comes first.
    fn reversed(self) -> Self {
        Self { millis: Self::LAST.saturating_sub(self.millis), ..self }
    }
}

/// A place among those who have a facet.
pub(super) struct FacetPlace<'p> {
    /// The word, where it is one.
    pub(super) word: Option<&'p str>,
    /// The client's number.
    pub(super) number: u64,
}

impl<'p> FacetPlace<'p> {
    /// Reads what [`Facet::place`] has written.
    pub(super) fn parse(place: &'p str) -> Option<Self> {
        let (word, position) = match place.split_once('#')? {
            (word, position) if position.contains('#') => (Some(word), position),
            _ => (None, place),
        };
        Some(Self { word, number: Position::parse(position)?.number })
    }
}

/// The words of a text in the form in which they are compared: letters and digits that follow each other, in lower case, and
/// what Unicode calls compatible is the same.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded = text.nfkc().collect::<String>().to_lowercase();
    let words = folded.split(|letter: char| !letter.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(beginning).collect()
}

/// As much of a word as is compared.
fn beginning(word: &str) -> String {
    let end = (0..=MOST_WORD.min(word.len())).rev().find(|end| word.is_char_boundary(*end)).unwrap_or_default();
    word.get(..end).unwrap_or_default().to_owned()
}

/// The words of a client's names, in all languages.
pub(super) fn words_of(record: &ClientRecord) -> impl Iterator<Item = String> {
    let names = record.metadata.rest().client_name.iter().flat_map(Localized::values);
    names.flat_map(|name| words(name))
}

/// The first of them, by which it is found, in their order.
pub(super) fn indexed_words(record: &ClientRecord) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for word in words_of(record) {
        found.insert(word);
        if found.len() == MOST_WORDS {
            break;
        }
    }
    found
}
