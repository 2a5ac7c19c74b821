//! How many there are of something, for people.

use std::fmt::Display;

/// A number and what it counts, whose plural has an s: `1 client`, `2 clients`.
#[must_use]
pub fn counted(number: impl Display, one: &str) -> String {
    let number = number.to_string();
    let plural = if number == "1" { "" } else { "s" };
    format!("{number} {one}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_of_something_is_singular() {
        for (number, text) in [(0, "0 clients"), (1, "1 client"), (2, "2 clients"), (11, "11 clients")] {
            assert_eq!(counted(number, "client"), text);
        }
        assert_eq!(counted("more than 400", "grant"), "more than 400 grants");
    }
}
