//! Texts that people read.

use icu_properties::props::{DefaultIgnorableCodePoint, GeneralCategory, VariationSelector};
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

/// Whether people do not see a character: control and format characters (Unicode `Cc`, `Cf`), line ends, and what is to be
/// ignored where it cannot be shown, as fillers. Zero width joiners and non-joiners belong to words, and variation selectors
/// to what they follow.
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
    );
    let ignorable = CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character);
    let belongs = JOINERS.contains(&character) || CodePointSetData::new::<VariationSelector>().contains(character);
    // The blank of Braille is a letter.
    (hidden || ignorable || character == '\u{2800}') && !belongs
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
    fn texts_inside_of_values_may_have_lines() {
        assert_eq!(hidden_character_in(&json!({"a": [1, null, "one\r\n\ttwo"]})), None);
        assert_eq!(hidden_character_in(&json!({"a": [{"b": "x\u{202e}"}]})), Some('\u{202e}'));
        assert_eq!(hidden_character_in(&json!("\u{0}")), Some('\0'));
    }
}
