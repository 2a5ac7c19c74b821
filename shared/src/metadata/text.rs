//! Texts that people read.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, Script, VariationSelector};
use icu_properties::{CodePointMapData, CodePointSetData};
use serde_json::Value;

/// The first character of a text of one line that people do not see, though it changes what they see.
#[must_use]
pub fn hidden_character(text: &str) -> Option<char> {
    text.chars().find(|character| is_hidden(*character))
}

/// As [`hidden_character`], of the first text in a value that has one. These texts may have several lines.
#[must_use]
pub fn hidden_character_in(value: &Value) -> Option<char> {
    character_in(value, is_hidden)
}

/// The first character of that kind in a value whose texts may have several lines.
pub(super) fn character_in(value: &Value, is_it: fn(char) -> bool) -> Option<char> {
    match value {
        Value::String(text) => text.chars().find(|char| is_it(*char) && !matches!(char, '\t' | '\n' | '\r')),
        Value::Array(values) => values.iter().find_map(|value| character_in(value, is_it)),
        Value::Object(members) => members.values().find_map(|value| character_in(value, is_it)),
        Value::Null | Value::Bool(_) | Value::Number(_) => None,
    }
}

/// A letter in no case: by its capitals and back, so that `ß` is `ss` and a sigma is one wherever it stands.
pub(crate) fn in_no_case(letter: char) -> impl Iterator<Item = char> {
    letter.to_uppercase().flat_map(char::to_lowercase)
}

/// Whether a script is written without spaces, or puts words together.
pub(crate) fn has_no_spaces(script: Script) -> bool {
    const SCRIPTS: [Script; 10] = [
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
    ];
    SCRIPTS.contains(&script)
}

/// Whether a text shows nothing: spaces, marks without a letter, and what people do not see.
#[must_use]
pub fn shows_nothing(text: &str) -> bool {
    let shows = |character: char| {
        let is_mark = matches!(
            CodePointMapData::<GeneralCategory>::new().get(character),
            GeneralCategory::NonspacingMark | GeneralCategory::EnclosingMark
        );
        let is_ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
        !character.is_whitespace() && !is_mark && !is_ignorable && !is_hidden(character)
    };
    !text.chars().any(shows)
}

/// Whether people do not see a character: control and format characters (Unicode `Cc`, `Cf`), line ends, what is to be
/// ignored where it cannot be shown, as fillers, and what has no meaning, or one for some alone: characters that are not
/// assigned, those for private use, and the place of an object. Zero width joiners and non-joiners belong to words, and
/// variation selectors to what they follow.
#[must_use]
pub fn is_hidden(character: char) -> bool {
    const JOINERS: [char; 2] = ['\u{200c}', '\u{200d}'];
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    let category = CodePointMapData::<GeneralCategory>::new().get(character);
    let hidden = matches!(
        category,
        GeneralCategory::Control
            | GeneralCategory::Format
            | GeneralCategory::LineSeparator
            | GeneralCategory::ParagraphSeparator
            | GeneralCategory::PrivateUse
            | GeneralCategory::Unassigned
    );
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    let belongs = JOINERS.contains(&character) || CodePointSetData::new::<VariationSelector>().contains(character);
    // The blank of Braille is a letter, and the place of an object a symbol.
    (hidden || ignorable || matches!(character, '\u{2800}' | '\u{fffc}')) && !belongs
}

/// Whether it is a control character or the end of a line: no text of one line has these.
#[must_use]
pub fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn characters_that_nobody_sees_are_found() {
        for hidden in [
            '\0',
            '\t',
            '\n',
            '\r',
            '\u{1b}',
            '\u{7f}',
            '\u{85}',
            '\u{9b}',
            '\u{ad}',
            '\u{61c}',
            '\u{180e}',
            '\u{200b}',
            '\u{200e}',
            '\u{200f}',
            '\u{2028}',
            '\u{2029}',
            '\u{202a}',
            '\u{202e}',
            '\u{2060}',
            '\u{2066}',
            '\u{2069}',
            '\u{feff}',
            '\u{fff9}',
            '\u{e0001}',
            '\u{e0041}',
            '\u{3164}',
            '\u{2800}',
            '\u{115f}',
            '\u{34f}',
            '\u{ffa0}',
            '\u{17b4}',
            '\u{e000}',
            '\u{f8ff}',
            '\u{100000}',
            '\u{fdd0}',
            '\u{ffff}',
            '\u{10ffff}',
            '\u{378}',
            '\u{fffc}',
        ] {
            assert_eq!(hidden_character(&format!("Bank{hidden}")), Some(hidden), "{hidden:?}");
        }
    }

    #[test]
    fn names_in_use_have_none() {
        for name in [
            "",
            "My Example",
            "クライアント名",
            "عميل تجريبي",
            "לקוח",
            "می\u{200c}خواهم",
            "क्\u{200d}ष",
            "👩\u{200d}💻 tools ❤\u{fe0f}",
            "Zoë & Søn – “Größe” №5",
            "A\u{a0}B",
        ] {
            assert_eq!(hidden_character(name), None, "{name:?}");
        }
    }

    #[test]
    fn a_text_shows_something_if_it_has_a_letter_or_a_sign() {
        for text in ["", " ", "\t", "\u{a0}", "\u{3000}", "\u{301}", " \u{489}\u{200d}\u{fe0f}", "\u{200b}", "\u{e000}"]
        {
            assert!(shows_nothing(text), "{text:?}");
        }
        for text in ["a", "…", " é ", "e\u{301}", "🏦", "銀", "ค", "\u{fffd}"] {
            assert!(!shows_nothing(text), "{text:?}");
        }
    }

    #[test]
    fn texts_inside_of_values_may_have_lines() {
        assert_eq!(hidden_character_in(&json!({"a": [1, null, "one\r\n\ttwo"]})), None);
        assert_eq!(hidden_character_in(&json!({"a": [{"b": "x\u{202e}"}]})), Some('\u{202e}'));
        assert_eq!(hidden_character_in(&json!("\u{0}")), Some('\0'));
    }
}
