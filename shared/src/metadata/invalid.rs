//! Why client metadata is refused with `invalid_client_metadata` (RFC 7591 §3.2.2).

use std::borrow::Cow;

use serde_json::{Map, Value};

use super::{ClientMetadata, InvalidRedirectUri, SERVER_SET, UriFault};

/// How much of a member's name an error repeats, in characters.
const LONGEST_NAME: usize = 100;

/// How much of a value.
const LONGEST_VALUE: usize = 200;

/// A fault of the submitted metadata. Its text is public and names the member.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// The request's content type is not `application/json` (RFC 7591 §3.1).
    #[error("the request must have Content-Type: application/json")]
    ContentType,
    /// The body is compressed (RFC 9110 §8.4), which nobody announced to understand.
    #[error("the request must not have Content-Encoding")]
    ContentEncoding,
    /// Not JSON, or not in UTF-8.
    #[error("the body is not JSON in UTF-8")]
    Malformed,
    /// A number that is too large for every number of a program, as `1e999`.
    #[error("the body has a number that is too large: it must be JSON whose numbers programs can hold")]
    NumberTooLarge,
    /// An escape that is half of a character (RFC 8259 §8.2).
    #[error("the body has a lone surrogate, \\ud800 to \\udfff: a character beyond these is escaped by two of them")]
    LoneSurrogate,
    /// JSON, but no object.
    #[error("the body must be a JSON object")]
    NotAnObject,
    /// A bound of the service's own protection.
    #[error("the body is larger than {limit} bytes")]
    BodyTooLarge {
        /// The bound in bytes.
        limit: usize,
    },
    /// A bound of the service's own protection.
    #[error("the body is nested more than {limit} levels deep")]
    TooDeep {
        /// The bound in levels.
        limit: usize,
    },
    /// One name twice in one object (or two language tags that differ in case only, RFC 7591 §2.2).
    #[error("{} appears twice", named(member))]
    Duplicate {
        /// The repeated name.
        member: String,
    },
    /// The value has another JSON type than the member's.
    #[error("{member} must be {expected}")]
    WrongType {
        /// The member, or the element of a list.
        member: String,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// A protocol requires the member.
    #[error("{member} is required")]
    Missing {
        /// The member.
        member: &'static str,
    },
    /// The list must not be empty.
    #[error("{member} must not be empty")]
    Empty {
        /// The member.
        member: &'static str,
    },
    /// The value is not one of those the specification or the service knows.
    #[error("{member}: {} is not offered by this service", quoted(value, LONGEST_VALUE))]
    NotOffered {
        /// The member.
        member: String,
        /// The value as sent.
        value: String,
    },
    /// The service offers it, and what the initial access token allows is less.
    #[error(
        "{member}: {} is not allowed by the initial access token of this registration",
        quoted(value, LONGEST_VALUE)
    )]
    BeyondToken {
        /// The member.
        member: &'static str,
        /// The value as sent.
        value: String,
    },
    /// The value is not one of those that the client itself lists (Relying Party Metadata Choices §2).
    #[error("{member}: {} is not in {list}", quoted(value, LONGEST_VALUE))]
    NotListed {
        /// The member.
        member: &'static str,
        /// The value as sent.
        value: String,
        /// The list.
        list: &'static str,
    },
    /// The value is not one of those that a protocol knows.
    #[error("{member}: {} is not known", quoted(value, LONGEST_VALUE))]
    Unknown {
        /// The member.
        member: String,
        /// The value as sent.
        value: String,
    },
    /// The value is outside the member's syntax.
    #[error("{member} is not {expected}")]
    Syntax {
        /// The member.
        member: String,
        /// What it must be, with its article.
        expected: &'static str,
    },
    /// The value is no URI that every parser reads alike.
    #[error("{member}: {fault}")]
    Uri {
        /// The member.
        member: String,
        /// What is wrong with it.
        fault: UriFault,
    },
    /// A redirect URI of another member than `redirect_uris`.
    #[error(transparent)]
    RedirectUri(#[from] InvalidRedirectUri),
    /// What people are shown has a character that they do not see.
    #[error("{} must not have the control or format character U+{:04X}", named(member), u32::from(*character))]
    HiddenCharacter {
        /// The member.
        member: String,
        /// The first of them.
        character: char,
    },
    /// The name shows nothing.
    #[error("{member} must show something: it has spaces, marks and hidden characters alone")]
    Blank {
        /// The member.
        member: &'static str,
    },
    /// The service reserves the name.
    #[error("{member} has in it a name that this service reserves")]
    ReservedName {
        /// The member.
        member: &'static str,
    },
    /// The name looks like one that the service reserves.
    #[error("{member} looks like a name that this service reserves")]
    LookAlikeName {
        /// The member.
        member: &'static str,
    },
    /// The number is more than others read.
    #[error("{member} is more than {limit}")]
    TooLarge {
        /// The member.
        member: &'static str,
        /// The bound.
        limit: u64,
    },
    /// A bound of the service's policy.
    #[error("{} is longer than {limit} {unit}", named(member))]
    TooLong {
        /// The member.
        member: String,
        /// The bound.
        limit: usize,
        /// What is counted.
        unit: &'static str,
    },
    /// What is stored is larger than an item may be, whatever adds up to it.
    #[error("{whole} is larger than {limit} bytes in all, and {} is the largest of its members", named(member))]
    TooLargeInAll {
        /// What is stored, with its article.
        whole: &'static str,
        /// The largest of its members.
        member: String,
        /// The bound in bytes.
        limit: usize,
    },
    /// One member needs another.
    #[error("{member} requires {needed}")]
    Requires {
        /// The member, or its value, that needs the other.
        member: String,
        /// What it needs.
        needed: &'static str,
    },
    /// Two members exclude each other.
    #[error("{member} must not be sent together with {other}")]
    Excludes {
        /// One of them.
        member: &'static str,
        /// The other.
        other: &'static str,
    },
    /// `grant_types` and `response_types` contradict each other (RFC 7591 §2.1).
    #[error("response_types {response_type:?} requires grant_types to contain {grant_type:?}")]
    InconsistentResponseType {
        /// The response type whose grant is missing.
        response_type: &'static str,
        /// The missing grant type.
        grant_type: &'static str,
    },
    /// `grant_types` and `response_types` contradict each other (RFC 7591 §2.1).
    #[error("grant_types {grant_type:?} requires a matching response type in response_types")]
    InconsistentGrantType {
        /// The grant type without a response type.
        grant_type: &'static str,
    },
    /// The algorithm cannot be used by this member or with this authentication method.
    #[error("{member}: {algorithm:?} cannot be used here")]
    Algorithm {
        /// The member.
        member: &'static str,
        /// The value as sent.
        algorithm: String,
    },
    /// A public client has no secret to key a symmetric algorithm with.
    #[error("{member}: a symmetric algorithm needs a client secret, which token_endpoint_auth_method none excludes")]
    SymmetricWithoutSecret {
        /// The member.
        member: &'static str,
    },
    /// A key of `jwks` is refused.
    #[error("jwks: key {index}: {reason}")]
    Key {
        /// Its position in `keys`, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A key of a service is refused.
    #[error("{member}: key {index}: {reason}")]
    ServiceKey {
        /// The member that holds the set.
        member: &'static str,
        /// Its position in `keys`, from 0.
        index: usize,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// RFC 7592 §2.2: an update must not carry what only the server sets.
    #[error("{member} is set by the server and must not be sent")]
    ServerSet {
        /// The member.
        member: &'static str,
    },
    /// RFC 7592 §2.2: an update carries the client's own identifier and, if any, its own secret.
    #[error("{member} is not this client's")]
    Mismatch {
        /// The member.
        member: &'static str,
    },
    /// A secret is to be replaced that the client does not have.
    #[error("the client has no client_secret")]
    NoSecret,
    /// A registration access token is to be replaced of a client that is not managed by one.
    #[error("registration_access_token: clients of this source are not managed by one")]
    NotSelfManaged,
    /// A secret is to be replaced of a client that others vouch for.
    #[error("client_secret: it comes with the client's registration, which is not an operator's to change")]
    NotOperators,
    /// The document behind `sector_identifier_uri` (OIDC Registration §5).
    #[error("sector_identifier_uri: {reason}")]
    SectorIdentifier {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A URL that servers call leads into the network of whoever calls it, by its address or its name.
    #[error("{member} must have a public host, by the policy of this service")]
    NotPublic {
        /// The member, or where in it.
        member: String,
    },
    /// A URL that servers call leads to whatever a client says later.
    #[error("{member} must not contain a wildcard, by the policy of this service")]
    Wildcard {
        /// The member, or where in it.
        member: String,
    },
    /// What a client ID metadata document must not say, or must say otherwise (§4.1, §9.1).
    #[error("{member} {fault}")]
    Document {
        /// The member.
        member: String,
        /// What is wrong with it, with its verb.
        fault: &'static str,
    },
    /// What a service's policy says of metadata documents.
    #[error(transparent)]
    MetadataDocuments(#[from] crate::policy::MetadataDocumentsFault),
    /// A service's policy contradicts itself.
    #[error(transparent)]
    Policy(#[from] crate::policy::PolicyFault),
    /// The service's metadata policy for documents (OpenID Federation §6.1).
    #[error("{0}")]
    MetadataPolicy(String),
    /// A URL of the client is of another site than its redirect URIs (RFC 7591 §5).
    #[error("{member} must be of one site with every https URI of redirect_uris, by the policy of this service")]
    ForeignHost {
        /// The member.
        member: &'static str,
    },
}

impl Invalid {
    /// A value of another JSON type than the member's; `expected` has its article.
    #[must_use]
    pub fn wrong_type(member: &str, expected: &'static str) -> Self {
        Self::WrongType { member: member.to_owned(), expected }
    }

    /// A value outside the member's syntax; `expected` has its article.
    #[must_use]
    pub fn syntax(member: &str, expected: &'static str) -> Self {
        Self::Syntax { member: member.to_owned(), expected }
    }

    /// A value that the specification or the service does not know.
    #[must_use]
    pub fn not_offered(member: &str, value: &str) -> Self {
        Self::NotOffered { member: member.to_owned(), value: value.to_owned() }
    }

    /// A value that the service offers, and not to who has that initial access token.
    pub(crate) fn beyond_token(member: &'static str, value: &str) -> Self {
        Self::BeyondToken { member, value: value.to_owned() }
    }

    /// A value that a protocol does not know.
    #[must_use]
    pub fn unknown(member: &str, value: &str) -> Self {
        Self::Unknown { member: member.to_owned(), value: value.to_owned() }
    }

    /// Something that is larger than it may be stored; `whole` has its article.
    pub(crate) fn too_large(whole: &'static str, members: &Map<String, Value>, limit: usize) -> Self {
        let largest = members.iter().max_by_key(|(_, value)| value.to_string().len());
        Self::TooLargeInAll { whole, member: largest.map(|(name, _)| name.clone()).unwrap_or_default(), limit }
    }

    /// What an element of a list is called, `contacts[1]`, counted from 0.
    pub(crate) fn element(member: &str, index: usize) -> String {
        format!("{member}[{index}]")
    }

    /// The member that it is about, as its text has it, where no specification defines its name: whoever sent it made it up.
    #[must_use]
    pub fn made_up_member(&self) -> Option<Cow<'_, str>> {
        let (Self::Duplicate { member }
        | Self::HiddenCharacter { member, .. }
        | Self::TooLong { member, .. }
        | Self::TooLargeInAll { member, .. }
        | Self::Document { member, .. }) = self
        else {
            return None;
        };
        (!is_defined(member)).then(|| named(member))
    }

    /// A member that needs another one.
    #[must_use]
    pub fn requires(member: impl Into<String>, needed: &'static str) -> Self {
        Self::Requires { member: member.into(), needed }
    }
}

/// Whether a specification defines a member, in whatever language, of a list also an element.
fn is_defined(member: &str) -> bool {
    let is_index = |index: &str| (1..=4).contains(&index.len()) && index.bytes().all(|digit| digit.is_ascii_digit());
    let element = member.strip_suffix(']').and_then(|element| element.rsplit_once('['));
    let member = element.filter(|(_, index)| is_index(index)).map_or(member, |(list, _)| list);
    let (name, _) = member.split_once('#').unwrap_or((member, ""));
    ClientMetadata::MEMBERS.contains(&name) || SERVER_SET.contains(&name)
}

/// A member's name in a text of which words are kept: between quotes where whoever sent it made it up.
pub(crate) fn quoted_if_made_up(member: &str) -> Cow<'_, str> {
    if is_defined(member) { member.into() } else { quoted(member, LONGEST_NAME).into() }
}

/// A member's name in a text: what is not written as names are stands between quotes.
fn named(member: &str) -> Cow<'_, str> {
    let is_plain = |letter: u8| letter.is_ascii_alphanumeric() || b"_-.#:/[] ".contains(&letter);
    if (1..=LONGEST_NAME).contains(&member.len()) && member.bytes().all(is_plain) {
        return member.into();
    }
    quoted(member, LONGEST_NAME).into()
}

/// So many characters of a text, between quotes.
fn quoted(text: &str, most: usize) -> String {
    let rest = if text.chars().nth(most).is_some() { "…" } else { "" };
    format!("{:?}{rest}", text.chars().take(most).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_so_much_of_a_name_and_no_more() {
        for (member, expected) in [
            ("client_name#fr", "client_name#fr appears twice"),
            ("https://rp.example/claim", "https://rp.example/claim appears twice"),
            ("", "\"\" appears twice"),
            ("start to end", "start to end appears twice"),
            ("\"quoted\"", "\"\\\"quoted\\\"\" appears twice"),
            ("a\u{1b}[2J\"", "\"a\\u{1b}[2J\\\"\" appears twice"),
        ] {
            assert_eq!(Invalid::Duplicate { member: member.to_owned() }.to_string(), expected);
        }
        let value = Invalid::not_offered("scope", &"s".repeat(60_000)).to_string();
        assert_eq!(value, format!("scope: \"{}\"… is not offered by this service", "s".repeat(LONGEST_VALUE)));
        let long = Invalid::Duplicate { member: "é".repeat(60_000) }.to_string();
        assert_eq!(long, format!("\"{}\"… appears twice", "é".repeat(LONGEST_NAME)));
    }

    #[test]
    fn a_name_that_no_specification_defines_is_made_up() {
        for (member, expected) in [
            ("client_name#fr", None),
            ("client_secret", None),
            ("contacts[12]", None),
            ("keywords#fr[0]", None),
            ("contacts[]", Some("contacts[]")),
            ("contacts[hunter2]", Some("contacts[hunter2]")),
            ("contacts[12345]", Some("contacts[12345]")),
            ("tenant[1]", Some("tenant[1]")),
            ("tenant", Some("tenant")),
            ("", Some("\"\"")),
        ] {
            assert_eq!(Invalid::Duplicate { member: member.to_owned() }.made_up_member().as_deref(), expected);
        }
        assert_eq!(Invalid::Malformed.made_up_member(), None);
    }
}
