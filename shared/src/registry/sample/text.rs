//! A text, by how long it is and by what is in it that rules look for.

use std::fmt::Write;

use crate::counted::counted;

/// What fills a text by whose length more is known than by its characters.
const FILL: [&str; 4] = ["x", "é", "ー", "𝕩"];

/// How long a text is, `9 characters` or `9 characters, 12 bytes`, and the first character of each of those kinds that it
/// has, ` with U+202E and U+0000`.
pub(super) fn masked(text: &str, kinds: &[fn(char) -> bool]) -> String {
    let characters = text.chars().count();
    let mut shown = counted(characters, "character");
    if text.len() != characters {
        let _ = write!(shown, ", {}", counted(text.len(), "byte"));
    }
    let mut marks: Vec<String> =
        kinds.iter().filter_map(|is_it| text.chars().find(|letter| is_it(*letter))).map(mark).collect();
    marks.dedup();
    if !marks.is_empty() {
        let _ = write!(shown, " with {}", marks.join(" and "));
    }
    shown
}

/// The name of a character.
pub(super) fn mark(character: char) -> String {
    format!("U+{:04X}", u32::from(character))
}

/// The character of a name.
pub(super) fn marked(name: &str) -> Option<char> {
    char::from_u32(u32::from_str_radix(name.strip_prefix("U+")?, 16).ok()?)
}

/// A text of `most` bytes at the most of which that is shown; none if it is not what [`masked`] shows.
pub(super) fn stand_in(shown: &str, most: usize) -> Option<String> {
    let (lengths, marks) = shown.split_once(" with ").unwrap_or((shown, ""));
    let (characters, bytes) = lengths.split_once(", ").unwrap_or((lengths, ""));
    let characters = number(characters, "characters")?;
    let bytes = if bytes.is_empty() { characters } else { number(bytes, "bytes")? };
    let marks: String = marks.split(" and ").filter_map(marked).collect();
    let fills = characters.saturating_sub(marks.chars().count()).min(most);
    let more = bytes.saturating_sub(marks.len()).saturating_sub(fills).min(most);
    let (widest, rest) = (more / 3, more % 3);
    let plain = fills.saturating_sub(widest + usize::from(rest > 0));
    let [one, .., four] = FILL;
    let other = FILL.get(rest).filter(|_| rest > 0).copied().unwrap_or_default();
    Some(one.repeat(plain) + other + &four.repeat(widest) + &marks)
}

/// A number before a word, which is in the plural, or of one in the singular.
pub(super) fn number(text: &str, word: &str) -> Option<usize> {
    let (number, counted) = text.split_once(' ')?;
    let is_it = counted == word || word.strip_suffix('s') == Some(counted);
    if is_it { number.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metadata::{is_control, is_hidden};

    #[test]
    fn what_stands_for_a_text_is_as_long_and_has_in_it_what_rules_look_for() {
        for (text, shown) in [
            ("", "0 characters"),
            ("x", "1 character"),
            ("Mallory's", "9 characters"),
            ("Zoë", "3 characters, 4 bytes"),
            ("Zoë ー 𝕩 é", "9 characters, 16 bytes"),
            ("a\u{202e}b", "3 characters, 5 bytes with U+202E"),
            ("a\u{202e}b\0", "4 characters, 6 bytes with U+202E and U+0000"),
            ("a\nb", "3 characters with U+000A"),
        ] {
            assert_eq!(masked(text, &[is_hidden, is_control]), shown);
            let stand_in = stand_in(shown, 1000).unwrap();
            assert_eq!((stand_in.len(), stand_in.chars().count()), (text.len(), text.chars().count()), "{stand_in}");
            assert_eq!(masked(&stand_in, &[is_hidden, is_control]), shown);
        }
        for shown in ["", "9", "x characters", "9 members", "authorization_code", "-1 characters"] {
            assert_eq!(stand_in(shown, 1000), None, "{shown}");
        }
        assert!(stand_in("99999999 characters, 999999999 bytes", 1000).unwrap().len() <= 4000);
    }
}
