//! The parameters of a client's request, as its authorization server passes them on.

use url::form_urlencoded;

/// What may stand more than once (RFC 8707 §2, RFC 8693 §2.1).
const REPEATABLE: [&str; 2] = ["resource", "audience"];

/// What only the client or the user may know (RFC 6749 §2.3.1, §4.1.3, §4.3.2 and §6, RFC 7521 §4, RFC 7636 §4.5, RFC 8693
/// §2.1): no authorization request has it.
const CREDENTIALS: [&str; 13] = [
    "access_token",
    "actor_token",
    "assertion",
    "client_assertion",
    "client_assertion_type",
    "client_secret",
    "code",
    "code_verifier",
    "password",
    "refresh_token",
    "subject_token",
    "token",
    "username",
];

/// How many parameters a request may have.
const MAX_PARAMETERS: usize = 200;

/// How many words a parameter may have that is a list.
const MAX_WORDS: usize = 500;

/// The parameters that are lists of words (RFC 6749 §3.1.1 and §3.3, OpenID Connect Core §3.1.2.1 and §5.2).
const LISTS: [&str; 6] = ["acr_values", "claims_locales", "prompt", "response_type", "scope", "ui_locales"];

/// The parameters: a parameter without a value is absent (RFC 6749 §3.1).
pub struct Parameters(Vec<(String, String)>);

/// Why a text is no request.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// RFC 6749 §3.1: parameters must not be included more than once.
    #[error("'{0}' is included more than once")]
    Repeated(String),
    /// Nobody has that many.
    #[error("there are more than {MAX_PARAMETERS} parameters")]
    TooMany,
    /// Nobody needs that many.
    #[error("'{0}' has more than {MAX_WORDS} words")]
    TooManyWords(String),
}

impl Parameters {
    /// Reads a query or a form, leniently: what should have been encoded and was not is taken as it is.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn parse(text: &str) -> Result<Self, Unreadable> {
        let text = text.strip_prefix('?').unwrap_or(text);
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if parameters.len() >= MAX_PARAMETERS {
                return Err(Unreadable::TooMany);
            }
            let is_repeatable = REPEATABLE.contains(&name.as_ref());
            if !is_repeatable && parameters.iter().any(|(known, _)| *known == name) {
                return Err(Unreadable::Repeated(name.into_owned()));
            }
            if LISTS.contains(&name.as_ref()) && value.split(' ').nth(MAX_WORDS).is_some() {
                return Err(Unreadable::TooManyWords(name.into_owned()));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        Ok(Self(parameters))
    }

    /// The parameters as a form, without those by which a client shows who it is: nothing of these is kept.
    #[must_use]
    pub fn without_credentials(&self) -> String {
        let kept = self.0.iter().filter(|(name, _)| !CREDENTIALS.contains(&name.as_str()));
        form_urlencoded::Serializer::new(String::new()).extend_pairs(kept).finish()
    }

    /// A parameter, unless it is absent.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.0.iter().filter(|(known, _)| known == name).map(|(_, value)| value.as_str());
        values.find(|value| !value.is_empty())
    }

    /// All values of a parameter that may stand more than once.
    pub fn all<'p>(&'p self, name: &str) -> impl Iterator<Item = &'p str> {
        let named = self.0.iter().filter(move |(known, _)| known == name);
        named.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// The words of a parameter that is a list, each once.
    #[must_use]
    pub fn words(&self, name: &str) -> Vec<&str> {
        let mut words: Vec<&str> = Vec::new();
        for word in self.get(name).unwrap_or_default().split(' ').filter(|word| !word.is_empty()) {
            if !words.contains(&word) {
                words.push(word);
            }
        }
        words
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_should_have_been_encoded_is_taken_as_it_is() {
        let text = "?redirect_uri=https://rp.example/cb&scope=openid profile&state=a+b%2Fc%zz&empty=&claims={\"a\":{}}";
        let parameters = Parameters::parse(text).unwrap();
        for (name, value) in [
            ("redirect_uri", Some("https://rp.example/cb")),
            ("scope", Some("openid profile")),
            ("state", Some("a b/c%zz")),
            ("claims", Some("{\"a\":{}}")),
            ("empty", None),
            ("absent", None),
        ] {
            assert_eq!(parameters.get(name), value, "{name}");
        }
        assert_eq!(parameters.words("scope"), ["openid", "profile"]);
    }

    #[test]
    fn rfc6749_s3_1_a_parameter_stands_once() {
        let repeated = Parameters::parse("scope=a&scope=b").err();
        assert_eq!(repeated, Some(Unreadable::Repeated("scope".to_owned())));
        let resources = Parameters::parse("resource=https://a&resource=https://b").unwrap();
        assert_eq!(resources.all("resource").collect::<Vec<_>>(), ["https://a", "https://b"]);
        let many: Vec<String> = (0..=MAX_PARAMETERS).map(|number| format!("p{number}=1")).collect();
        assert_eq!(Parameters::parse(&many.join("&")).err(), Some(Unreadable::TooMany));
    }

    #[test]
    fn a_list_has_an_end() {
        for list in LISTS {
            let words = |count| format!("{list}={}", vec!["a"; count].join("+"));
            assert!(Parameters::parse(&words(MAX_WORDS)).is_ok(), "{list}");
            let fault = Parameters::parse(&words(MAX_WORDS + 1)).err();
            assert_eq!(fault, Some(Unreadable::TooManyWords(list.to_owned())));
        }
    }
}
