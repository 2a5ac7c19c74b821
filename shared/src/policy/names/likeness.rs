//! Whether a name has in it one of others, or what looks like one: by whole words, however they are put together. Scripts
//! that put no space between words, and those that join words to others, have no whole words: there it is enough that it is
//! in it.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, Script};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

/// Fewer letters than these are a word between spaces and signs only, and not beside a digit or another script.
const LETTERS_OF_A_PART: usize = 3;

/// Small capitals and turned letters, which Unicode does not count among what is confused, and those that stand for all that
/// are confused with them, as `ĸ` for к and κ.
const SMALL_AND_TURNED: (&str, &str) = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋĸʟᴍʍɴᴎᴏᴘꞯʀᴙꜱᴛᴜᴠᴡʏᴢꞓɜß", "abcdefghijkklmmnnopqrrstuvwyze3b");

/// Digits and signs that are written for letters, beside those that Unicode says are confused with them.
const WRITTEN_FOR_LETTERS: (&str, &str) = ("345789@$!|+€£¢", "eastbgaslltelc");

/// Where alphabets of symbols begin that have no compatible letters: in circles, in squares, and those of flags.
const ALPHABETS_OF_SYMBOLS: [u32; 3] = [0x1f150, 0x1f170, 0x1f1e6];

/// Characters that change the direction of writing (Unicode Standard Annex #9 §2).
const DIRECTIONS: [char; 12] = [
    '\u{61c}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}', '\u{202c}', '\u{202d}', '\u{202e}', '\u{2066}',
    '\u{2067}', '\u{2068}', '\u{2069}',
];

/// Names, prepared to be found in others.
#[derive(Debug)]
pub(super) struct Likeness {
    same: Patterns,
    looks: Patterns,
}

/// How a name is like one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Like {
    /// It has it in it, but for case, accents, and how its letters and words are set.
    Same,
    /// It has in it what looks like it.
    Looks,
}

impl Likeness {
    pub(super) fn of<'n>(names: impl Iterator<Item = &'n str> + Clone) -> Self {
        // A small letter and its capital are not confused with the same ones.
        let cases = |name: &'n str| [name.to_owned(), name.to_uppercase(), name.to_lowercase()];
        let mut letters = Letters::default();
        let same = names.clone().map(|name| Pattern::new(name, name, Words::written(&plain(name), &mut letters)));
        let same = Patterns::new(same);
        let of_cases = names.flat_map(|name| cases(name).map(|written| (name, written)));
        let looks =
            of_cases.map(|(name, written)| Pattern::new(name, &written, Words::looks(&plain(&written), &mut letters)));
        Self { same, looks: Patterns::new(looks) }
    }

    /// How a name is like one of them, and like which, if it is: as it is written, or as it is read. What was made of a letter
    /// in other names is not made again.
    pub(super) fn to(&self, name: &str, letters: &mut Letters) -> Option<(Like, &str)> {
        let as_written = self.of_letters(name, letters);
        if as_written.is_some_and(|(like, _)| like == Like::Same) || !name.contains(DIRECTIONS) {
            return as_written;
        }
        let pages = [Level::ltr(), Level::rtl()];
        let as_read = pages.into_iter().filter_map(|page| self.of_letters(&as_read(name, page), letters));
        as_read.chain(as_written).min()
    }

    /// The same of letters that are read one after the other.
    fn of_letters(&self, name: &str, letters: &mut Letters) -> Option<(Like, &str)> {
        let plain = plain(name);
        if let Some(same) = self.same.first_in(&Words::written(&plain, letters)) {
            return Some((Like::Same, same));
        }
        let mut looks = |plain: &str| self.looks.first_in(&Words::looks(plain, letters));
        let looks_like = looks(&plain).or_else(|| looks(&letters_for(&plain)?));
        looks_like.map(|reserved| (Like::Looks, reserved))
    }
}

/// Whether a name has letters or digits, by which it can be compared.
pub(super) fn has_words(name: &str) -> bool {
    !Words::written(&plain(name), &mut Letters::default()).text.is_empty()
}

/// A name as people read it, on a page that is written in that direction: the letters as they are shown, from left to right,
/// but those that are read from right to left.
fn as_read(name: &str, page: Level) -> String {
    let shown = reordered(name, page).replace(DIRECTIONS, "");
    reordered(&shown, Level::ltr())
}

/// The letters from left to right, as they are shown.
fn reordered(text: &str, page: Level) -> String {
    let order = BidiInfo::new(text, Some(page));
    order.paragraphs.iter().map(|paragraph| order.reorder_line(paragraph, paragraph.range.clone())).collect()
}

/// Several names, looked for at once.
#[derive(Debug)]
struct Patterns {
    patterns: Vec<Pattern>,
    /// None where there would be more states than numbers for them.
    automaton: Option<AhoCorasick>,
}

impl Patterns {
    fn new(patterns: impl Iterator<Item = Pattern>) -> Self {
        let mut patterns: Vec<Pattern> = patterns.filter(|pattern| !pattern.text.is_empty()).collect();
        patterns.sort_by(|one, other| one.text.cmp(&other.text));
        patterns.dedup_by(|one, other| one.text == other.text);
        let automaton = AhoCorasick::new(patterns.iter().map(|pattern| &pattern.text)).ok();
        Self { patterns, automaton }
    }

    /// The first of them that is in a name; it takes as long as the name is. Where they cannot be looked for, any may be.
    fn first_in(&self, name: &Words) -> Option<&str> {
        let Some(automaton) = &self.automaton else { return self.patterns.first().map(|any| any.name.as_str()) };
        automaton.find_overlapping_iter(&name.text).find_map(|found| {
            let pattern = self.patterns.get(found.pattern().as_usize())?;
            let is_parted = name.is_parted(found.start(), found.end());
            let may_end = |at: usize, is_open: bool| match name.edge(at) {
                Some(Edge::Gap) => true,
                Some(Edge::Turn) if pattern.letters >= LETTERS_OF_A_PART => true,
                Some(Edge::Turn) | None => is_open && !is_parted,
            };
            let is_in = may_end(found.start(), pattern.begins_open) && may_end(found.end(), pattern.ends_open);
            is_in.then_some(pattern.name.as_str())
        })
    }
}

/// A name that is looked for.
#[derive(Debug)]
struct Pattern {
    /// As the policy has it.
    name: String,
    text: String,
    /// How many letters it is written with.
    letters: usize,
    /// Whether its first letter is one of a script without whole words.
    begins_open: bool,
    /// … and its last.
    ends_open: bool,
}

impl Pattern {
    /// Of a name, in one of its cases.
    fn new(name: &str, written: &str, Words { text, .. }: Words) -> Self {
        let plain = plain(written);
        let mut letters = plain.chars().filter(|letter| letter.is_alphanumeric());
        let (first, last) = (letters.clone().next(), letters.clone().next_back());
        let is_open = |letter: Option<char>| letter.is_some_and(|letter| has_no_whole_words(script(letter)));
        let count = letters.by_ref().count();
        Self { name: name.to_owned(), text, letters: count, begins_open: is_open(first), ends_open: is_open(last) }
    }
}

/// Where a word may begin or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Edge {
    /// Something stands between it and the letter before.
    Gap,
    /// Nothing does, but a capital, a digit or another script begins or ends there.
    Turn,
}

/// What was made of letters: what each is, whether it is a capital, and what is written for it.
type Known = HashMap<char, (Kind, bool, String)>;

/// What was made of the letters of several names.
#[derive(Default)]
pub(super) struct Letters {
    written: Known,
    looks: Known,
}

/// Words without anything between them, and where each begins.
#[derive(Debug, Default)]
struct Words {
    text: String,
    edges: Vec<(usize, Edge)>,
}

impl Words {
    /// In one case, and compatible letters as one (NFKC): some of these look like no other.
    fn written(plain: &str, letters: &mut Letters) -> Self {
        let compatible = if plain.is_ascii() { plain.into() } else { Cow::from(plain.nfkc().collect::<String>()) };
        Self::of(&compatible, &mut letters.written, |letter| one_case(letter).collect())
    }

    /// As they look.
    fn looks(plain: &str, letters: &mut Letters) -> Self {
        Self::of(plain, &mut letters.looks, look)
    }

    /// `write` is asked once of each letter that is not known.
    fn of(plain: &str, known: &mut Known, write: impl Fn(char) -> String) -> Self {
        let mut words = Self::default();
        let mut letters = plain.chars().peekable();
        let (mut last, mut was_capital) = (Kind::None, false);
        while let Some(letter) = letters.next() {
            let (kind, is_capital, written) =
                known.entry(letter).or_insert_with(|| (Kind::of(letter), letter.is_uppercase(), write(letter)));
            let kind = kind.after(last);
            if kind != Kind::None {
                // `PayPalLogin`, `AWSConsole`
                let mut begins_small = || letters.peek().is_some_and(|next| next.is_lowercase());
                let turns = kind != last || *is_capital && (!was_capital || begins_small());
                let edge = if last == Kind::None { Some(Edge::Gap) } else { turns.then_some(Edge::Turn) };
                words.edges.extend(edge.map(|edge| (words.text.len(), edge)));
                words.text.push_str(written);
            }
            (last, was_capital) = (kind, *is_capital);
        }
        words
    }

    fn edge(&self, at: usize) -> Option<Edge> {
        if at == self.text.len() {
            return Some(Edge::Gap);
        }
        let found = self.edges.binary_search_by_key(&at, |(at, _)| *at).ok()?;
        self.edges.get(found).map(|(_, edge)| *edge)
    }

    /// Whether something stood between letters of that part.
    fn is_parted(&self, start: usize, end: usize) -> bool {
        let after = self.edges.partition_point(|(at, _)| *at <= start);
        let within = self.edges.get(after..).unwrap_or_default().iter().take_while(|(at, _)| *at < end);
        within.into_iter().any(|(_, edge)| *edge == Edge::Gap)
    }
}

/// What a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Digits,
    Letters(Script),
    /// It belongs to the letter before.
    Mark,
}

impl Kind {
    fn of(letter: char) -> Self {
        if letter.is_numeric() && !letter.is_alphabetic() {
            Self::Digits
        } else if is_mark(letter) {
            Self::Mark
        } else if letter.is_alphanumeric() {
            Self::Letters(script(letter))
        } else {
            Self::None
        }
    }

    /// After one of that kind, to which it may belong.
    fn after(self, last: Self) -> Self {
        match (self, last) {
            (Self::Mark, _) | (Self::Letters(Script::Common | Script::Inherited), Self::Letters(_)) => last,
            (kind, _) => kind,
        }
    }
}

fn script(letter: char) -> Script {
    CodePointMapData::<Script>::new().get(letter)
}

fn category(letter: char) -> GeneralCategory {
    CodePointMapData::<GeneralCategory>::new().get(letter)
}

fn is_mark(letter: char) -> bool {
    let marks = [GeneralCategory::NonspacingMark, GeneralCategory::EnclosingMark, GeneralCategory::SpacingMark];
    !letter.is_ascii() && marks.contains(&category(letter))
}

/// Scripts that are written without spaces, and those that write articles, prepositions and particles as one with a word.
fn has_no_whole_words(script: Script) -> bool {
    const SCRIPTS: [Script; 12] = [
        Script::Han,
        Script::Hiragana,
        Script::Katakana,
        Script::Bopomofo,
        Script::Hangul,
        Script::Thai,
        Script::Lao,
        Script::Khmer,
        Script::Myanmar,
        Script::Tibetan,
        Script::Arabic,
        Script::Hebrew,
    ];
    SCRIPTS.contains(&script)
}

/// A name without what makes no other one of it: what nobody sees, and marks but those with which a script writes vowels and
/// tones.
fn plain(name: &str) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    let mut base = Script::Common;
    let is_kept = |letter: &char| match category(*letter) {
        GeneralCategory::UppercaseLetter | GeneralCategory::LowercaseLetter => {
            base = script(*letter);
            true
        }
        GeneralCategory::Format => false,
        _ if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(*letter) => false,
        GeneralCategory::EnclosingMark => false,
        _ if is_mark(*letter) => {
            let has_cases = [Script::Latin, Script::Greek, Script::Cyrillic].contains(&base);
            let voices_kana = matches!(letter, '\u{3099}' | '\u{309a}') && has_no_whole_words(base);
            voices_kana || script(*letter) == base && !has_cases
        }
        _ => {
            base = script(*letter);
            true
        }
    };
    let letters: String = name.chars().flat_map(unpacked).collect();
    letters.nfd().filter(is_kept).nfc().collect()
}

/// The letters of a symbol that is made of them: one that has several, as ™, is a word by itself.
fn unpacked(symbol: char) -> impl Iterator<Item = char> {
    let mut alphabet = ALPHABETS_OF_SYMBOLS.iter().filter_map(|first| u32::from(symbol).checked_sub(*first));
    let letter = alphabet.find_map(|index| ('A'..='Z').nth(usize::try_from(index).ok()?));
    let is_word = letter.is_none()
        && !symbol.is_ascii()
        && category(symbol) == GeneralCategory::OtherSymbol
        && symbol.nfkc().nth(1).is_some();
    let gap = is_word.then_some(' ');
    gap.into_iter().chain([letter.unwrap_or(symbol)]).chain(gap)
}

/// In no case: `ß` as `SS`, `ς` as `Σ`.
fn one_case(letter: char) -> impl Iterator<Item = char> {
    letter.to_uppercase().flat_map(char::to_lowercase)
}

/// The other one of a pair of alphabets.
fn paired((alphabet, other): (&str, &str), letter: char) -> Option<char> {
    alphabet.chars().zip(other.chars()).find(|(here, _)| *here == letter).map(|(_, there)| there)
}

/// A name with letters for the digits and signs that are written for them, if it has some.
fn letters_for(plain: &str) -> Option<String> {
    let letter = |letter: char| paired(WRITTEN_FOR_LETTERS, letter).filter(|_| !letter.is_alphabetic());
    plain
        .chars()
        .any(|sign| letter(sign).is_some())
        .then(|| plain.chars().map(|sign| letter(sign).unwrap_or(sign)).collect())
}

/// What a letter looks like: what Unicode says it may be confused with, as it is written and in lower case, since `Т` looks
/// like a `T` and `т` like no `t`. What only differs in a stroke is one letter, and one that looks like two is these two.
fn look(letter: char) -> String {
    let mut text = String::new();
    let mut looks = letter.to_string();
    for _ in 0..3 {
        let others = confused(&looks);
        if others == looks {
            break;
        }
        looks = others;
    }
    for letter in looks.chars() {
        match letter {
            'i' | '1' | '|' => text.push('l'),
            '0' => text.push('o'),
            'd' => text.push_str("cl"),
            'm' => text.push_str("rn"),
            'w' => text.push_str("vv"),
            letter => text.push(letter),
        }
    }
    text
}

/// What letters are confused with, in one case and without marks; those that are not are the compatible ones.
fn confused(letters: &str) -> String {
    let confused: String = skeleton(letters).collect();
    let compatible = if confused == letters { confused.nfkc().collect() } else { confused };
    let plain = compatible.chars().map(|letter| paired(SMALL_AND_TURNED, letter).unwrap_or(letter));
    plain.flat_map(one_case).filter(|letter| !is_mark(*letter) || script(*letter) != Script::Inherited).collect()
}
