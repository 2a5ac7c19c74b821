//! A list of scope tokens (RFC 6749 §3.3).

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::Invalid;

/// Scope tokens in the order of first appearance, each once; never empty.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub struct Scope(Vec<String>);

impl Scope {
    /// Whether a text is one scope token (RFC 6749 §3.3).
    #[must_use]
    pub fn is_token(text: &str) -> bool {
        !text.is_empty() && text.bytes().all(is_scope_byte)
    }

    /// Reads a space-separated list; extra spaces are forgiven. `None` if no token is left.
    ///
    /// # Errors
    /// [`Invalid::Syntax`] for a character that a scope token must not have.
    pub fn parse(text: &str) -> Result<Option<Self>, Invalid> {
        if text.bytes().all(|byte| byte == b' ' || is_scope_byte(byte)) {
            Ok(Self::from_tokens(text.split(' ')))
        } else {
            Err(Invalid::syntax("scope", "a space-separated list of scope tokens (RFC 6749 section 3.3)"))
        }
    }

    fn from_tokens<'t>(tokens: impl Iterator<Item = &'t str>) -> Option<Self> {
        let mut known = HashSet::new();
        let kept: Vec<String> =
            tokens.filter(|token| !token.is_empty() && known.insert(*token)).map(str::to_owned).collect();
        (!kept.is_empty()).then_some(Self(kept))
    }

    /// The tokens.
    pub fn tokens(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }

    /// Whether `token` is in the list.
    #[must_use]
    pub fn contains(&self, token: &str) -> bool {
        self.tokens().any(|known| known == token)
    }

    /// The tokens of this list, and those of the other one.
    #[must_use]
    pub fn and(self, other: &Self) -> Self {
        let others: Vec<String> = other.tokens().filter(|token| !self.contains(token)).map(str::to_owned).collect();
        Self(self.0.into_iter().chain(others).collect())
    }

    /// The tokens that are also in `offered`, in this list's order.
    #[must_use]
    pub fn within(&self, offered: &Self) -> Option<Self> {
        let offered: HashSet<&str> = offered.tokens().collect();
        Self::from_tokens(self.tokens().filter(|token| offered.contains(token)))
    }
}

/// `%x21 / %x23-5B / %x5D-7E` (RFC 6749 appendix A.4).
fn is_scope_byte(byte: u8) -> bool {
    byte.is_ascii_graphic() && byte != b'"' && byte != b'\\'
}

impl std::fmt::Display for Scope {
    fn fmt(&self, formatter: &mut std::fmt::Formatter) -> std::fmt::Result {
        formatter.write_str(&self.0.join(" "))
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

impl TryFrom<String> for Scope {
    type Error = Invalid;

    fn try_from(text: String) -> Result<Self, Invalid> {
        Self::parse(&text)?.ok_or_else(|| Invalid::syntax("scope", "at least one scope token"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_kept_once_and_in_order() {
        let scope = Scope::parse("openid  profile openid https://api.example/read").unwrap().unwrap();
        assert_eq!(scope.to_string(), "openid profile https://api.example/read");
        assert_eq!(Scope::parse("  "), Ok(None));
    }

    #[test]
    fn other_characters_are_refused() {
        for text in ["a\"b", "a\\b", "a\tb", "é", "a\nb"] {
            assert!(Scope::parse(text).is_err(), "{text:?}");
        }
    }
}
