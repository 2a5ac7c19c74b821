//! By what clients are found: of each, what it has in common with others, and where it stands among these.

use std::borrow::Cow;
use std::collections::BTreeSet;

use icu_properties::CodePointMapData;
use icu_properties::props::Script;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

use super::schema::{Key, MAX_NAME, facet_key, facet_partition, list_position};
use crate::client::{ClientRecord, RegisteredClient};
use crate::metadata::{Localized, RedirectUri, has_no_spaces, in_no_case};

/// How many hosts and schemes of redirects a client is found by.
const MOST_HOSTS: usize = 16;

/// How many words of its names.
const MOST_WORDS: usize = 8;

/// How much of a word, in bytes.
const MOST_WORD: usize = 64;

/// The latest time of a position, in milliseconds since 1970.
const LATEST: u64 = 9_999_999_999_999;

/// What a client has in common with others.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Facet {
    /// It is redirected to that host or by that scheme, as [`RedirectUri::searched`] has it.
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

impl RegisteredClient {
    /// Where it stands in the index by which clients are found, as long as it is in its service's list.
    #[must_use]
    pub fn places(&self) -> BTreeSet<Key> {
        let key = |facet: &Facet| facet_key(self.service_id, &facet.text(), facet.place(self));
        facets_of(self).iter().map(key).collect()
    }
}

fn facets_of(client: &RegisteredClient) -> BTreeSet<Facet> {
    let metadata = &client.record.metadata;
    // Hosts come first: who has many keeps the places that it had before schemes had some.
    let searched = metadata.redirect_uris().iter().filter_map(RedirectUri::searched);
    let hosts: BTreeSet<(bool, Cow<'_, str>)> = searched.map(|host| (host.ends_with(':'), host)).collect();
    let hosts = hosts.into_iter().filter(|(_, host)| host.len() <= MAX_NAME).take(MOST_HOSTS);
    let software = metadata.rest().software_id.iter().filter(|software| software.len() <= MAX_NAME);
    let states = [(client.locked, Facet::Locked), (client.pending_until.is_some(), Facet::Pending)];
    let mut facets: BTreeSet<Facet> = hosts.map(|(_, host)| Facet::Host(host.into_owned())).collect();
    facets.extend(software.cloned().map(Facet::Software));
    facets.insert(Facet::Source(client.source.as_str()));
    facets.extend(states.into_iter().filter_map(|(has, state)| has.then_some(state)));
    facets.extend(indexed_words(&client.record).into_iter().map(Facet::Word));
    facets
}

impl Facet {
    /// The partition of those who have it.
    pub(super) fn partition(&self, service_id: u64) -> String {
        facet_partition(service_id, &self.text())
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
    fn place(&self, client: &RegisteredClient) -> String {
        let Self::Word(word) = self else { return client.position() };
        let reversed = LATEST.saturating_sub(client.record.issued_at_millis);
        format!("{word}#{}", list_position(reversed, &format!("{:016}", client.numeric_id)))
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
        let (before, number) = place.rsplit_once('#')?;
        let (word, millis) = before.rsplit_once('#').map_or((None, before), |(word, millis)| (Some(word), millis));
        let has_digits = |text: &str, digits: usize| text.len() == digits && text.bytes().all(|it| it.is_ascii_digit());
        let is_place = has_digits(millis, 13) && has_digits(number, 16);
        Some(Self { word, number: number.parse().ok().filter(|_| is_place)? })
    }
}

/// The words of a text in the form in which they are compared: letters and digits, with their marks, that follow each other,
/// without case, and what Unicode calls compatible is the same.
pub(super) fn words(text: &str) -> Vec<String> {
    let folded = folded(text);
    let words = folded.split(|letter: char| !letter.is_alphanumeric() && !is_combining_mark(letter));
    words.filter(|word| !word.is_empty()).map(beginning).collect()
}

/// A text without case; and the dot that small letters have anyway is none.
fn folded(text: &str) -> String {
    let small: String = text.nfkc().flat_map(in_no_case).nfkc().collect();
    small.replace("i\u{307}", "i")
}

/// Where a script has no spaces, any letter may begin a word: what is left of a word from each of them on, two letters at
/// least.
fn inner_words(word: &str) -> impl Iterator<Item = &str> {
    let has_no_spaces =
        |letter: char| !letter.is_ascii() && has_no_spaces(CodePointMapData::<Script>::new().get(letter));
    let letters = word.char_indices().zip(word.chars().skip(1));
    letters.filter_map(move |((at, before), letter)| {
        let rest = word.get(at + before.len_utf8()..)?;
        ((has_no_spaces(before) || has_no_spaces(letter)) && rest.chars().nth(1).is_some()).then_some(rest)
    })
}

/// As much of a word as is compared.
fn beginning(word: &str) -> String {
    let end = (0..=MOST_WORD.min(word.len())).rev().find(|end| word.is_char_boundary(*end)).unwrap_or_default();
    word.get(..end).unwrap_or_default().to_owned()
}

/// The words of a client's names, in all languages, and then those within words.
pub(super) fn words_of(record: &ClientRecord) -> Vec<String> {
    let names = record.metadata.rest().client_name.iter().flat_map(Localized::values);
    let mut found: Vec<String> = names.flat_map(|name| words(name)).collect();
    let inner: Vec<String> = found.iter().flat_map(|word| inner_words(word)).map(str::to_owned).collect();
    found.extend(inner);
    found
}

/// Whether words of names begin as those that are looked for do; without a word nothing is looked for.
pub fn is_named<'n>(name: &str, names: impl Iterator<Item = &'n str>) -> bool {
    let (wanted, its): (Vec<String>, Vec<String>) = (words(name), names.flat_map(words).collect());
    let begins = |word: &str, beginning: &str| {
        word.starts_with(beginning) || inner_words(word).any(|inner| inner.starts_with(beginning))
    };
    !wanted.is_empty() && wanted.iter().all(|word| its.iter().any(|its| begins(its, word)))
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::client::Source;
    use crate::store::Item;
    use crate::store::item::text;

    const AT: u64 = 1_790_000_000_000;

    fn client(metadata: &Value) -> RegisteredClient {
        let record = json!({"metadata": metadata, "client_type": "public", "issued_at_millis": AT});
        let record = serde_json::from_value(record).unwrap();
        RegisteredClient { numeric_id: 5, ..RegisteredClient::new(1, Source::Oauth, record) }
    }

    fn places(client: &RegisteredClient) -> Vec<(String, String)> {
        let part = |item: &Item, name: &str| text(item, name).unwrap().to_owned();
        client.places().into_iter().map(Key::into_attributes).map(|it| (part(&it, "PK"), part(&it, "SK"))).collect()
    }

    fn partitions(client: &RegisteredClient) -> Vec<String> {
        places(client).into_iter().map(|(partition, _)| partition).collect()
    }

    #[test]
    fn a_client_stands_wherever_it_has_something_in_common_with_others() {
        let newest = "1790000000000#0000000000000005".to_owned();
        let named = |word: &str| format!("{word}#8209999999999#0000000000000005");
        let mut whole = client(&json!({
            "client_name": "Example Bank", "client_name#fr": "Banque", "software_id": "a#b",
            "redirect_uris": [
                "https://RP.example./cb", "https://rp.example/other", "http://127.0.0.1:8000/cb", "com.example.App:/cb"
            ],
        }));
        (whole.locked, whole.pending_until) = (true, Some(1));
        let expected = [
            ("Q#1#host#127.0.0.1", newest.clone()),
            ("Q#1#host#com.example.app:", newest.clone()),
            ("Q#1#host#rp.example", newest.clone()),
            ("Q#1#locked", newest.clone()),
            ("Q#1#pending", newest.clone()),
            ("Q#1#software#a#b", newest.clone()),
            ("Q#1#source#oauth", newest),
            ("Q#1#word#ba", named("bank")),
            ("Q#1#word#ba", named("banque")),
            ("Q#1#word#ex", named("example")),
        ];
        assert_eq!(places(&whole), expected.map(|(partition, place)| (partition.to_owned(), place)));
        assert_eq!(partitions(&client(&json!({}))), ["Q#1#source#oauth"]);
        assert_eq!(whole.position(), "1790000000000#0000000000000005", "as in the list");
    }

    #[test]
    fn words_are_compared_in_one_form() {
        for (text, expected) in [
            ("Example Bank", &["example", "bank"][..]),
            ("ＥＸＡＭＰＬＥ—bank!", &["example", "bank"]),
            ("Société ﬁnancière", &["société", "financière"]),
            ("ĀĒ", &["āē"]),
            ("銀行 app2", &["銀行", "app2"]),
            ("a#b\u{0}c", &["a", "b", "c"]),
            ("Straße STRASSE", &["strasse", "strasse"]),
            ("İstanbul ISTANBUL ıstanbul", &["istanbul", "istanbul", "istanbul"]),
            ("ΟΔΟΣ οδος οδοσ", &["οδοσ", "οδοσ", "οδοσ"]),
            ("हिन्दी", &["हिन्दी"]),
            ("…!", &[]),
            ("", &[]),
        ] {
            assert_eq!(words(text), expected, "{text:?}");
        }
        assert_eq!(words(&format!("{}é", "a".repeat(63))), ["a".repeat(63)], "no letter is cut in two");
    }

    #[test]
    fn a_script_without_spaces_has_words_within_words() {
        for (name, expected) in [
            ("中国银行", &["中国银行", "国银行", "银行"][..]),
            ("ABC银行", &["abc银行", "银行"]),
            ("銀行App", &["app", "行app", "銀行app"]),
            ("Bank", &["bank"]),
            ("한국은행", &["한국은행", "국은행", "은행"]),
        ] {
            let mut expected: Vec<&str> = expected.to_vec();
            expected.sort_unstable();
            assert!(indexed_words(&client(&json!({"client_name": name})).record).iter().eq(&expected), "{name}");
        }
        for (wanted, name, is_it) in [
            ("银行", "中国银行", true),
            ("国银", "中国银行", true),
            ("中国 银", "中国银行", true),
            ("行中", "中国银行", false),
            ("STRASSE", "Straße", true),
            ("istanbul", "İstanbul", true),
            ("ank", "Bank", false),
            ("…", "Bank", false),
        ] {
            assert_eq!(is_named(wanted, [name].into_iter()), is_it, "{wanted} {name}");
        }
        let long = client(&json!({"client_name": "银".repeat(500)}));
        assert_eq!(indexed_words(&long.record).len(), 8);
    }

    #[test]
    fn what_a_client_is_found_by_is_bounded() {
        let uris: Vec<String> = (10..60).map(|host| format!("https://{host}.example/cb")).collect();
        let name = (10..60).map(|word| format!("word{word}")).collect::<Vec<_>>().join(" ");
        let long = "x".repeat(MAX_NAME + 1);
        let many = client(&json!({"client_name": name, "redirect_uris": uris, "software_id": long}));
        let partitions = partitions(&many);
        let count = |kind: &str| partitions.iter().filter(|partition| partition.starts_with(kind)).count();
        assert_eq!((count("Q#1#host#"), count("Q#1#word#"), count("Q#1#software#")), (16, 8, 0));
        assert_eq!(indexed_words(&many.record).len(), 8);
    }

    proptest! {
        /// Whatever clients say, DynamoDB takes the keys, and a place is read as it was written.
        #[test]
        fn every_place_is_a_key(name in "\\PC{0,200}", french in any::<String>(), software in any::<String>()) {
            let client = client(&json!({"client_name": name, "client_name#fr": french, "software_id": software}));
            for (partition, place) in places(&client) {
                prop_assert!(partition.len() <= 2048 && (1..=1024).contains(&place.len()));
                let read = FacetPlace::parse(&place).unwrap();
                prop_assert_eq!((read.number, read.word.is_some()), (5, partition.starts_with("Q#1#word#")));
                prop_assert!(read.word.is_none_or(|word| (1..=64).contains(&word.len())));
            }
        }
    }

    #[test]
    fn only_places_are_read_as_places() {
        for text in [
            "",
            "#",
            "##",
            "1790000000000",
            "1790000000000#5",
            "179000000000#0000000000000005",
            "1790000000000#000000000000005x",
            "1790000000000#-000000000000005",
            "１７９００００００００００#0000000000000005",
            "bank#5",
            "bank#1790000000000#",
        ] {
            assert!(FacetPlace::parse(text).is_none(), "{text:?}");
        }
    }
}
