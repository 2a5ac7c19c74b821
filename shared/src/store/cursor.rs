//! Cursors: where the next page of a list begins, as text that stands in a URL as it is. One says of which list it is, and is
//! told from one that was cut or is another list's; it opens nothing, whoever asks has to be one who may see the list.

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};

use super::schema::MAX_NAME;
use crate::error::Error;

/// How much of the digest of list and position a cursor has, in octets.
const CHECK: usize = 9;

/// The cursor of a position in a list.
pub(super) fn made(list: &str, position: &str) -> String {
    BASE64URL.encode([&check(list, position), position.as_bytes()].concat())
}

/// The position in a list that a cursor names.
///
/// # Errors
/// [`Error::InvalidCursor`] if it is not one of that list, whole.
pub(super) fn opened(cursor: &str, list: &str) -> Result<String, Error> {
    let read = || {
        let octets = BASE64URL.decode(cursor).ok()?;
        let (told, position) = octets.split_at_checked(CHECK)?;
        let position = std::str::from_utf8(position).ok()?;
        let is_whole = position.len() <= MAX_NAME && told == check(list, position);
        is_whole.then(|| position.to_owned())
    };
    read().ok_or(Error::InvalidCursor)
}

fn check(list: &str, position: &str) -> Vec<u8> {
    let both = digest(&SHA256, format!("{list}\0{position}").as_bytes());
    both.as_ref().iter().take(CHECK).copied().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_of_its_list_and_whole() {
        let position = "1790000000000#0000000000000005";
        let cursor = made("A#1", position);
        assert!(cursor.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{cursor}");
        assert_eq!(opened(&cursor, "A#1").ok().as_deref(), Some(position));
        let turned = if cursor.ends_with('A') { "B" } else { "A" };
        for (wrong, list) in [
            (cursor.clone(), "A#2"),
            (cursor.clone(), "A#11"),
            (cursor[..cursor.len() - 1].to_owned(), "A#1"),
            (cursor[..cursor.len() - 4].to_owned(), "A#1"),
            (cursor[4..].to_owned(), "A#1"),
            (format!("{}{turned}", &cursor[..cursor.len() - 1]), "A#1"),
            (format!("{cursor}AAAA"), "A#1"),
            (format!("{cursor}="), "A#1"),
            (BASE64URL.encode(position), "A#1"),
            (position.to_owned(), "A#1"),
            (made("A#1", &"x".repeat(MAX_NAME + 1)), "A#1"),
            ("x".to_owned(), "A#1"),
            (String::new(), "A#1"),
        ] {
            assert!(matches!(opened(&wrong, list), Err(Error::InvalidCursor)), "{wrong} {list}");
        }
    }
}
