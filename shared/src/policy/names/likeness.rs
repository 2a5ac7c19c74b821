//! Whether a name has in it one of others, or what looks like one: by whole words, however they are put together. Scripts
//! that put no space between words, and those that join words to others, have no whole words: there it is enough that it is
//! in it.
//!
//! A name is compared as it is written, then without its accents, then by what its letters look like, and then with letters
//! for the digits and signs that are written for them: only the first is the name itself.

use std::borrow::Cow;
use std::collections::HashMap;

use aho_corasick::AhoCorasick;
use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, Script};
use icu_properties::{CodePointMapData, CodePointSetData};
use unicode_bidi::{BidiInfo, Level};
use unicode_normalization::UnicodeNormalization;
use unicode_security::skeleton;

use crate::metadata::{has_no_spaces, in_no_case};

/// Fewer letters than these are a word between spaces and signs only, and not beside a digit or another script.
const LETTERS_OF_A_PART: usize = 3;

/// Words of other people make up fewer letters than these by accident: `in G` is not ING.
const LETTERS_OF_PIECES: usize = 6;

/// Small capitals and turned letters, which Unicode does not count among what is confused, and those that stand for all that
/// are confused with them, as `ĸ` for к and κ.
const SMALL_AND_TURNED: (&str, &str) = ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋĸʟᴍʍɴᴎᴏᴘꞯʀᴙꜱᴛᴜᴠᴡʏᴢꞓɜß", "abcdefghijkkLmmnnopqrrstuvwyze3b");

/// Digits and signs that are written for letters, beside those that Unicode says are confused with them.
const WRITTEN_FOR_LETTERS: (&str, &str) = ("345789@$!|+€£¢†‡©®℗", "eastbgaslltelcttcrp");

/// The letters for which a 6 is written.
const SIX: [char; 2] = ['b', 'g'];

/// What is written for a `B` with two signs.
const HALVES_OF_B: [&str; 4] = ["13", "l3", "I3", "|3"];

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
        // Whoever leaves out the accents of a name means it, as in capitals.
        let both = names.clone().flat_map(|name| [(name, plain(name, true)), (name, plain(name, false))]);
        let same = both.map(|(name, plain)| Pattern::new(name, &plain, Words::written(&plain, &mut letters)));
        let same = Patterns::new(same);
        let bare = names.flat_map(|name| cases(name).map(|written| (name, plain(&written, false))));
        let looks = bare.map(|(name, plain)| Pattern::new(name, &plain, Words::looks(&plain, &mut letters)));
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

    /// The same of letters that are read one after the other; those that stand raised beside others may be signs.
    fn of_letters(&self, name: &str, letters: &mut Letters) -> Option<(Like, &str)> {
        let as_letters = self.of_text(name, letters);
        if as_letters.is_some_and(|(like, _)| like == Like::Same) {
            return as_letters;
        }
        let as_signs = with_signs_for_modifiers(name).and_then(|name| self.of_text(&name, letters));
        as_letters.into_iter().chain(as_signs).min()
    }

    fn of_text(&self, name: &str, letters: &mut Letters) -> Option<(Like, &str)> {
        let (accented, bare) = (plain(name, true), plain(name, false));
        let written = self.same.found_in(&Words::written(&accented, letters));
        if written.is_some() {
            return written;
        }
        let without_accents = (bare != accented).then(|| self.same.found_in(&Words::written(&bare, letters))).flatten();
        let like = without_accents
            .or_else(|| self.looks_in(&bare, letters))
            .or_else(|| readings(&bare, letters).iter().find_map(|reading| self.looks_in(reading, letters)));
        like.map(|(_, reserved)| (Like::Looks, reserved))
    }

    fn looks_in(&self, plain: &str, letters: &mut Letters) -> Option<(Like, &str)> {
        let words = Words::looks(plain, letters);
        self.looks.found_in(&words).or_else(|| self.looks.found_in(&words.with_double_n_for_m()?))
    }
}

/// Whether a name has letters or digits, by which it can be compared.
pub(super) fn has_words(name: &str) -> bool {
    !Words::written(&plain(name, false), &mut Letters::default()).text.is_empty()
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
        patterns.sort_by(|one, other| (&one.text, &one.strokes).cmp(&(&other.text, &other.strokes)));
        patterns.dedup_by(|one, other| (&one.text, &one.strokes) == (&other.text, &other.strokes));
        let automaton = AhoCorasick::new(patterns.iter().map(|pattern| &pattern.text)).ok();
        Self { patterns, automaton }
    }

    /// How one of them is in a name, and which, if it is; it takes as long as the name is. Where they cannot be looked for, any
    /// may be.
    fn found_in(&self, name: &Words) -> Option<(Like, &str)> {
        let Some(automaton) = &self.automaton else {
            return self.patterns.first().map(|any| (Like::Same, any.name.as_str()));
        };
        let mut found = None;
        for place in automaton.find_overlapping_iter(&name.text) {
            let Some(pattern) = self.patterns.get(place.pattern().as_usize()) else { continue };
            let like = pattern.found_at(place.start(), place.end(), name).map(|like| (like, pattern.name.as_str()));
            match like {
                Some((Like::Same, _)) => return like,
                like => found = found.or(like),
            }
        }
        found
    }
}

/// A name that is looked for.
#[derive(Debug)]
struct Pattern {
    /// As the policy has it.
    name: String,
    text: String,
    /// Where it has an `l` for what is none, as an `I`: no `L` looks like that.
    strokes: Vec<usize>,
    /// How many letters it is written with.
    letters: usize,
    /// Where each of its own words begins and ends, and how many letters are before that.
    words: Vec<(usize, usize)>,
    /// Whether its first letter is one of a script without whole words.
    begins_open: bool,
    /// … and its last.
    ends_open: bool,
}

impl Pattern {
    /// Of a name, as it is compared.
    fn new(name: &str, plain: &str, Words { text, borders, strokes, letters, .. }: Words) -> Self {
        let of_words = |letter: &char| letter.is_alphanumeric();
        let (first, last) = (plain.chars().find(of_words), plain.chars().rfind(of_words));
        let is_open = |letter: Option<char>| letter.is_some_and(|letter| has_no_whole_words(script(letter)));
        let begins = borders.iter().map(|border| (border.at, border.letters));
        let words = begins.chain([(text.len(), letters)]).collect();
        let (begins_open, ends_open) = (is_open(first), is_open(last));
        Self { name: name.to_owned(), text, strokes, letters, words, begins_open, ends_open }
    }

    /// How a name has it at a place where its text is, if it has: as whole words, or put together from pieces.
    fn found_at(&self, start: usize, end: usize, name: &Words) -> Option<Like> {
        let gaps: Vec<(usize, Edge)> = name.gaps(start, end).collect();
        let may_end = |at: usize, is_open: bool| match name.edge(at) {
            Some(Edge::Space | Edge::Sign) => true,
            Some(Edge::Turn) if self.letters >= LETTERS_OF_A_PART => true,
            Some(Edge::Turn) | None => is_open && gaps.is_empty(),
        };
        if !may_end(start, self.begins_open) || !may_end(end, self.ends_open) {
            return None;
        }
        let is_capital = |stroke: &usize| name.capitals.binary_search(&start.saturating_add(*stroke)).is_ok();
        if self.strokes.iter().any(is_capital) {
            return None;
        }
        let is_own = |(at, _): &(usize, Edge)| self.words.iter().any(|(own, _)| own == at);
        let mut others = gaps.iter().filter(|gap| !is_own(gap)).peekable();
        if others.peek().is_none() || self.begins_open || self.is_in_letters(&gaps) {
            return Some(Like::Same);
        }
        let is_meant = self.letters >= LETTERS_OF_PIECES || others.all(|(_, edge)| *edge == Edge::Sign);
        is_meant.then_some(Like::Looks)
    }

    /// Whether each of its words is whole, or has something between all of its letters.
    fn is_in_letters(&self, gaps: &[(usize, Edge)]) -> bool {
        let words = self.words.iter().zip(self.words.iter().skip(1));
        words.into_iter().all(|((start, before), (end, after))| {
            let within = gaps.iter().filter(|(at, _)| start < at && at < end).count();
            within == 0 || within == after.saturating_sub(*before).saturating_sub(1)
        })
    }
}

/// Where a word may begin or end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Edge {
    /// A space or a dash stands between it and the letter before.
    Space,
    /// Another sign does, and neither of these.
    Sign,
    /// Nothing does, but a capital, a digit or another script begins or ends there.
    Turn,
}

/// What was made of letters: what each is, whether it is a capital, what is written for it, and which `l` is in that.
type Known = HashMap<char, (Kind, bool, String, Stroke)>;

/// What was made of the letters of several names.
#[derive(Default)]
pub(super) struct Letters {
    written: Known,
    looks: Known,
    /// The letters for which digits and signs are written.
    signs: HashMap<char, Option<String>>,
}

/// What a letter is for which an `l` is written, since it looks like one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stroke {
    /// An `l`, which looks like an `I`, or no such letter.
    Small,
    /// An `L`, which does not.
    Capital,
    /// Another letter, as an `I`.
    Other,
}

/// Words without anything between them, and where each begins.
#[derive(Debug, Default)]
struct Words {
    text: String,
    borders: Vec<Border>,
    /// Where an `l` is an `L`.
    capitals: Vec<usize>,
    /// Where an `l` is another letter.
    strokes: Vec<usize>,
    /// How many letters there are.
    letters: usize,
}

/// Where a word begins, or may.
#[derive(Debug, Clone, Copy)]
struct Border {
    at: usize,
    edge: Edge,
    /// How many letters are before it.
    letters: usize,
}

impl Words {
    /// In one case, and compatible letters as one (NFKC): some of these look like no other.
    fn written(plain: &str, letters: &mut Letters) -> Self {
        let compatible = if plain.is_ascii() { plain.into() } else { Cow::from(plain.nfkc().collect::<String>()) };
        Self::of(&compatible, &mut letters.written, |letter| (in_no_case(letter).collect(), Stroke::Small))
    }

    /// As they look.
    fn looks(plain: &str, letters: &mut Letters) -> Self {
        Self::of(plain, &mut letters.looks, look)
    }

    /// `write` is asked once of each letter that is not known.
    fn of(plain: &str, known: &mut Known, write: impl Fn(char) -> (String, Stroke)) -> Self {
        let mut words = Self::default();
        let mut letters = plain.chars().peekable();
        let (mut last, mut was_capital) = (Kind::Space, false);
        let mut gap = Some(Edge::Space);
        while let Some(letter) = letters.next() {
            let (own_kind, is_capital, written, stroke) = known.entry(letter).or_insert_with(|| {
                let (written, stroke) = write(letter);
                (Kind::of(letter), letter.is_uppercase(), written, stroke)
            });
            let kind = own_kind.after(last);
            if let Some(edge) = kind.gap() {
                gap = gap.into_iter().chain([edge]).min();
            } else {
                // `PayPalLogin`, `AWSConsole`
                let mut begins_small = || letters.peek().is_some_and(|next| next.is_lowercase());
                let turns = kind != last || *is_capital && (!was_capital || begins_small());
                let edge = gap.take().or(turns.then_some(Edge::Turn));
                let (at, before) = (words.text.len(), words.letters);
                words.borders.extend(edge.map(|edge| Border { at, edge, letters: before }));
                let places = match stroke {
                    Stroke::Small => None,
                    Stroke::Capital => Some(&mut words.capitals),
                    Stroke::Other => Some(&mut words.strokes),
                };
                if let Some(places) = places {
                    places.extend(written.match_indices('l').map(|(within, _)| at.saturating_add(within)));
                }
                words.text.push_str(written);
                words.letters += usize::from(*own_kind != Kind::Mark);
            }
            (last, was_capital) = (kind, *is_capital);
        }
        words
    }

    fn edge(&self, at: usize) -> Option<Edge> {
        if at == self.text.len() {
            return Some(Edge::Space);
        }
        let found = self.borders.binary_search_by_key(&at, |border| border.at).ok()?;
        self.borders.get(found).map(|border| border.edge)
    }

    /// Where something stands between letters of that part, from its beginning, and what.
    fn gaps(&self, start: usize, end: usize) -> impl Iterator<Item = (usize, Edge)> {
        let after = self.borders.partition_point(|border| border.at <= start);
        let within = self.borders.get(after..).unwrap_or_default().iter().take_while(move |border| border.at < end);
        let gaps = within.filter(|border| border.edge != Edge::Turn);
        gaps.map(move |border| (border.at.saturating_sub(start), border.edge))
    }

    /// With each `nn` as it looks, which is how an `m` does; if there is one.
    fn with_double_n_for_m(self) -> Option<Self> {
        let doubles: Vec<usize> = self.text.match_indices("nn").map(|(at, _)| at).collect();
        let doubles: Vec<usize> = doubles.into_iter().filter(|at| self.edge(at.saturating_add(1)).is_none()).collect();
        let mut next = doubles.iter().copied().peekable();
        next.peek()?;
        let look = |(at, letter)| if next.next_if_eq(&at).is_some() { 'r' } else { letter };
        let text = self.text.char_indices().map(look).collect();
        Some(Self { text, ..self })
    }
}

/// What a word is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// What parts words: a space or a dash …
    Space,
    /// … and all else.
    Sign,
    Digits,
    Letters(Script),
    /// It belongs to the letter before.
    Mark,
}

impl Kind {
    fn of(letter: char) -> Self {
        if letter.is_numeric() && !letter.is_alphabetic() {
            Self::Digits
        } else if is_read_as_letter(letter) {
            Self::Letters(script(letter))
        } else if is_mark(letter) {
            Self::Mark
        } else if letter.is_alphanumeric() && !is_like_a_sign(letter) {
            Self::Letters(script(letter))
        } else if letter.is_whitespace() || category(letter) == GeneralCategory::DashPunctuation {
            Self::Space
        } else {
            Self::Sign
        }
    }

    /// What it is where a word ends.
    const fn gap(self) -> Option<Edge> {
        match self {
            Self::Space => Some(Edge::Space),
            Self::Sign => Some(Edge::Sign),
            Self::Digits | Self::Letters(_) | Self::Mark => None,
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
    has_no_spaces(script) || matches!(script, Script::Arabic | Script::Hebrew)
}

/// Whether a letter is confused with signs alone, as the apostrophe that is a letter.
fn is_like_a_sign(letter: char) -> bool {
    !letter.is_ascii()
        && !has_no_whole_words(script(letter))
        && !skeleton(letter.encode_utf8(&mut [0; 4])).any(char::is_alphanumeric)
}

/// Whether a mark that has a place of its own is confused with a letter: behind those of another script it is read as one.
fn is_read_as_letter(mark: char) -> bool {
    category(mark) == GeneralCategory::SpacingMark && skeleton(mark.encode_utf8(&mut [0; 4])).any(char::is_alphanumeric)
}

/// Scripts that have capitals.
fn has_cases(script: Script) -> bool {
    [Script::Latin, Script::Greek, Script::Cyrillic].contains(&script)
}

/// A name with a sign for each letter that stands raised or small behind those of an alphabet, as that of `1ª`; if it has
/// one. In scripts without an alphabet these lengthen or repeat what is before them.
fn with_signs_for_modifiers(name: &str) -> Option<String> {
    if name.is_ascii() {
        return None;
    }
    let (mut base, mut has_some) = (Script::Common, false);
    let signs = name.chars().map(|letter| match category(letter) {
        GeneralCategory::ModifierLetter if base == Script::Common || has_cases(base) => {
            has_some = true;
            '·'
        }
        _ if matches!(letter, 'ª' | 'º') => {
            has_some = true;
            '·'
        }
        _ if is_mark(letter) => letter,
        _ => {
            base = script(letter);
            letter
        }
    });
    let signs = signs.collect();
    has_some.then_some(signs)
}

/// A name without what makes no other one of it: what nobody sees, and marks but those with which a script writes vowels and
/// tones, and, with `accents`, those that make another letter of one of an alphabet. Capitals of Greek have none.
fn plain(name: &str, accents: bool) -> String {
    if name.is_ascii() {
        return name.to_owned();
    }
    let bare = |letters: &mut dyn Iterator<Item = char>, accents: bool| -> String {
        let mut base = Script::Common;
        letters.filter(|letter| is_kept(*letter, &mut base, accents)).collect()
    };
    let letters: String = name.chars().flat_map(unpacked).collect();
    let composed: String = bare(&mut letters.nfd(), accents).nfc().collect();
    // What has made no letter is left out.
    if accents { bare(&mut composed.chars(), false) } else { composed }
}

/// Whether a letter of a name makes another one of it; `base` is the script of the letter before.
fn is_kept(letter: char, base: &mut Script, accents: bool) -> bool {
    match category(letter) {
        GeneralCategory::Format => false,
        _ if CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(letter) => false,
        GeneralCategory::EnclosingMark => false,
        // It makes a word of Arabic longer on the page.
        GeneralCategory::ModifierLetter if letter == '\u{640}' && *base == Script::Arabic => false,
        _ if is_mark(letter) => {
            let voices_kana = matches!(letter, '\u{3099}' | '\u{309a}') && has_no_whole_words(*base);
            let is_accent = accents && [Script::Latin, Script::Cyrillic].contains(base);
            let is_own = script(letter) == *base && !has_cases(*base);
            voices_kana || is_accent || is_own || is_read_as_letter(letter)
        }
        _ => {
            *base = script(letter);
            true
        }
    }
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

/// The other one of a pair of alphabets.
fn paired((alphabet, other): (&str, &str), letter: char) -> Option<char> {
    alphabet.chars().zip(other.chars()).find(|(here, _)| *here == letter).map(|(_, there)| there)
}

/// A name with letters for the digits and signs that are written for them, in each way in which it has some.
fn readings(plain: &str, letters: &mut Letters) -> Vec<String> {
    let mut read = |plain: &str, six: char| {
        let mut has_some = false;
        let mut text = String::with_capacity(plain.len());
        for sign in plain.chars() {
            match letters.signs.entry(sign).or_insert_with(|| written_for(sign)) {
                Some(letters) => {
                    has_some = true;
                    text.push_str(letters);
                }
                None if sign == '6' => text.push(six),
                None => text.push(sign),
            }
        }
        (has_some || plain.contains('6')).then_some(text)
    };
    let sixes = SIX.into_iter().take(if plain.contains('6') { SIX.len() } else { 1 });
    let mut readings: Vec<String> = sixes.filter_map(|six| read(plain, six)).collect();
    if HALVES_OF_B.iter().any(|halves| plain.contains(halves)) {
        let whole = HALVES_OF_B.iter().fold(plain.to_owned(), |text, halves| text.replace(halves, "B"));
        readings.push(read(&whole, 'b').unwrap_or(whole));
    }
    readings
}

/// The letters for which a digit or a sign is written, or with which Unicode says that it is confused.
fn written_for(sign: char) -> Option<String> {
    if sign.is_alphabetic() || sign == '6' {
        return None;
    }
    if let Some(letter) = paired(WRITTEN_FOR_LETTERS, sign) {
        return Some(letter.to_string());
    }
    let is_digit = sign.is_numeric() || is_mark(sign) || sign.is_ascii();
    let confused: String = if is_digit { String::new() } else { skeleton(sign.encode_utf8(&mut [0; 4])).collect() };
    confused.chars().any(char::is_alphanumeric).then_some(confused)
}

/// What a letter looks like: what Unicode says it may be confused with, as it is written and in lower case, since `Т` looks
/// like a `T` and `т` like no `t`. What only differs in a stroke is one letter, and one that looks like two is these two; and
/// what it is where that is an `l`.
fn look(letter: char) -> (String, Stroke) {
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
    let stroke = match letter {
        _ if !text.contains('l') => Stroke::Small,
        letter if is_shown_as_l(&letter.to_string()) => Stroke::Capital,
        letter if is_shown_as_l(&letter.to_uppercase().to_string()) => Stroke::Small,
        _ => Stroke::Other,
    };
    (text, stroke)
}

/// Whether letters are shown as an `L`.
fn is_shown_as_l(letters: &str) -> bool {
    in_cases(letters).eq(['L'])
}

/// What letters are confused with, in one case and without marks; those that are not are the compatible ones.
fn confused(letters: &str) -> String {
    in_cases(letters).flat_map(in_no_case).filter(|letter| !is_stroke(*letter)).collect()
}

/// The same in the case in which they are shown.
fn in_cases(letters: &str) -> impl Iterator<Item = char> {
    let confused: String = skeleton(letters).collect();
    let compatible = if confused == letters { confused.nfkc().collect() } else { confused };
    let letters: Vec<char> = compatible.chars().filter(|letter| !is_stroke(*letter)).collect();
    letters.into_iter().map(|letter| paired(SMALL_AND_TURNED, letter).unwrap_or(letter))
}

/// Whether a mark goes through a letter, or stands at any.
fn is_stroke(mark: char) -> bool {
    is_mark(mark) && script(mark) == Script::Inherited
}
