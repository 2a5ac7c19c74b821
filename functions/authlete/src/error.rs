//! What this door refuses, by Authlete's result codes. `docs/errors.md` lists them.

use serde_json::{Map, Value};
use shared::federation::Error as Fault;
use shared::http::Response;
use shared::limits::Admission;
use shared::metadata::Invalid;
use shared::metadata_document::Unresolved;

use crate::client::object as client_object;
use crate::service::object as service_object;

/// How long a description may be, in characters: it may quote what was sent.
const MAX_DESCRIPTION: usize = 500;

/// What else the core names and operators write: the core's name and Authlete's.
const NAMES: [(&str, &str); 5] = [
    ("authority_hints", "authorityHints"),
    ("custom_members", "supportedCustomClientMetadata"),
    ("requestable_scopes", "requestableScopes"),
    ("trust_anchors", "trustAnchors"),
    ("trust_chain", "trustChain"),
];

/// Why a request is not carried out.
#[derive(Debug)]
pub(crate) enum Error {
    /// What the core found.
    Core(shared::Error),
    /// The request has no body.
    BodyMissing,
    /// The request does not say what its body is.
    ContentTypeMissing,
    /// The body is not what the operation takes.
    Body(Invalid),
    /// The body says nothing of the object that it is to replace; its first member, if it has any, is another's.
    NoMember {
        /// The object's name.
        object: &'static str,
        /// The member.
        stranger: Option<String>,
    },
    /// The path has that where the number of a service belongs.
    NoServiceId(String),
    /// The client of that number is locked.
    ClientLocked(u64),
    /// A relying party cannot be registered by its entity identifier.
    Federation(Box<Fault>),
    /// A client is not resolved by its metadata document.
    Unresolved(Box<Unresolved>),
    /// The token has made too many requests.
    TooManyRequests(Admission),
    /// The authorization server has left out what an operation of the runtime is about: its code.
    Unnamed(&'static str, &'static str),
    /// There is no such operation here.
    UnknownOperation,
}

impl<E: Into<shared::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self::Core(error.into())
    }
}

impl Error {
    /// Why a relying party cannot be registered by its entity identifier.
    pub(crate) fn unregistered(fault: Fault) -> Self {
        match fault {
            Fault::Core(error) if error.status() >= 500 => Self::Core(error),
            Fault::NotSetUp(fault) => Self::Core(shared::Error::internal(fault)),
            fault => Self::Federation(Box::new(fault)),
        }
    }

    /// Why a client is not found by its URL.
    pub(crate) fn unresolved(unresolved: Unresolved) -> Self {
        match unresolved {
            Unresolved::NotEnabled | Unresolved::Core(shared::Error::InsufficientScope(_)) => {
                Self::Core(shared::Error::UnknownClient)
            }
            Unresolved::Core(error) => Self::Core(error),
            Unresolved::Federation(fault) => Self::unregistered(*fault),
            unresolved => Self::Unresolved(Box::new(unresolved)),
        }
    }

    /// HTTP status, result code, and what Authlete's own server says, where that is known.
    fn wire(&self) -> (u16, &'static str, Option<&'static str>) {
        match self {
            Self::BodyMissing => (400, "A126203", Some("The request body is missing or empty.")),
            Self::ContentTypeMissing => (400, "A258201", Some("Content-Type header is not specified.")),
            Self::Body(_) | Self::NoMember { .. } => (400, "A001290", None),
            Self::NoServiceId(_) => (404, "A001298", None),
            Self::ClientLocked(_) => (403, "A001215", None),
            // A superior that does not answer makes nobody an unknown client.
            Self::Federation(fault) if fault.status() == 503 => (503, "A001190", None),
            Self::Federation(_) => (404, "A001297", None),
            Self::Unresolved(unresolved) => of_document(unresolved),
            Self::TooManyRequests(_) => (429, "A001291", None),
            Self::Unnamed(code, _) => (400, code, None),
            Self::UnknownOperation => (404, "A001292", None),
            Self::Core(error) => core(error),
        }
    }

    /// The HTTP answer; `operation` is the path without `/api` and identifiers.
    pub(crate) fn response(&self, operation: &str) -> Response {
        let (status, code, text) = self.wire();
        let text = text.map_or_else(|| self.description().chars().take(MAX_DESCRIPTION).collect(), str::to_owned);
        let place = if operation.is_empty() { String::new() } else { format!("{operation}, ") };
        let mut response = answer(status, code, &format!("{place}{text}"));
        match self {
            Self::Federation(fault) => {
                response.reason = Some(fault.reason());
                response.to_be_retried(fault.retry_after())
            }
            Self::Core(error) => response.because(error),
            Self::Unresolved(unresolved) => {
                response.reason = Some(unresolved.reason());
                response.to_be_retried(unresolved.retry_after())
            }
            Self::TooManyRequests(admission) => response.with("retry-after", admission.retry_after.to_string()),
            Self::BodyMissing
            | Self::ContentTypeMissing
            | Self::Body(_)
            | Self::NoMember { .. }
            | Self::NoServiceId(_)
            | Self::ClientLocked(_)
            | Self::Unnamed(..)
            | Self::UnknownOperation => response,
        }
    }

    fn description(&self) -> String {
        match self {
            Self::Core(error) => in_authletes_words(&error.to_string()),
            Self::Body(fault) => fault.to_string(),
            Self::NoMember { object, stranger: Some(name) } => {
                format!("the body has no member of a {object}, all of which it would replace: {name:?} is none")
            }
            Self::NoMember { object, stranger: None } => {
                format!("the body has no member of a {object}, all of which it would replace")
            }
            Self::NoServiceId(text) => {
                format!("the service id in the path must be a number, the service's apiKey: {text:?} is none")
            }
            Self::Federation(fault) => format!("The client is not registered, and cannot be automatically: {fault}"),
            Self::Unresolved(unresolved) => format!("{}: {unresolved}", unresolved.outcome()),
            Self::ClientLocked(id) => format!("The client (ID = {id}) is locked."),
            Self::TooManyRequests(_) => "the token has made too many requests".to_owned(),
            Self::Unnamed(_, what) => format!("the request does not say {what}"),
            Self::UnknownOperation => "there is no such operation".to_owned(),
            Self::BodyMissing | Self::ContentTypeMissing => String::new(),
        }
    }
}

/// A document that is none, by Authlete's own code; a host that cannot be asked makes nobody an unknown client.
fn of_document(unresolved: &Unresolved) -> (u16, &'static str, Option<&'static str>) {
    match unresolved.status() {
        403 => (403, "A001299", None),
        404 => (404, "A001295", None),
        429 => (429, "A001291", None),
        503 => (503, "A001190", None),
        _ => (400, "A505302", None),
    }
}

fn core(error: &shared::Error) -> (u16, &'static str, Option<&'static str>) {
    use shared::Error as Core;
    match error {
        Core::Internal(_) => (500, "A001101", Some("Authlete Server error.")),
        Core::Unavailable(_) | Core::Unreachable { .. } | Core::Contention => (503, "A001190", None),
        Core::MissingToken => (401, "A001202", Some("Authorization header is missing.")),
        Core::InvalidToken | Core::SpentToken(_) | Core::ClientEnded => (401, "A001203", Some("Invalid access token.")),
        Core::ClientLocked => (403, "A001215", None),
        // A token learns nothing about services that are not its own.
        Core::InsufficientScope(_) | Core::UnknownService => (403, "A001293", Some("the token does not permit this")),
        Core::MethodNotAllowed => (405, "A001294", None),
        Core::UnknownClient => (404, "A001295", None),
        Core::InvalidRedirectUri(_)
        | Core::InvalidClientMetadata(_)
        | Core::InvalidSoftwareStatement(_)
        | Core::UnapprovedSoftwareStatement
        | Core::Claimed(_)
        | Core::AlreadyRegistered
        | Core::NotLater
        | Core::OtherTrustAnchor
        | Core::InvalidCursor
        | Core::RegistrationClosed
        | Core::TooManyClients(_) => (400, "A001296", None),
    }
}

/// The body of every HTTP error: code, message, and the action that the server which called should take.
pub(crate) fn answer(status: u16, code: &'static str, text: &str) -> Response {
    let mut members = Map::new();
    members.insert("resultCode".to_owned(), code.into());
    members.insert("resultMessage".to_owned(), format!("[{code}] {text}").into());
    members.insert("action".to_owned(), "INTERNAL_SERVER_ERROR".into());
    let mut response = Response::json(status, members);
    response.code = Some(code.into());
    response
}

/// The names that a `Client` and a `Service` have for metadata members.
fn in_authletes_words(text: &str) -> String {
    let word = |word: &str| {
        let clients = client_object::METADATA.iter().map(|(field, member, _)| (*member, *field));
        let services = service_object::METADATA.iter().map(|(field, member, _)| (*member, *field));
        let mut known = clients.chain(services).chain(NAMES);
        known.find(|(member, _)| *member == word).map_or_else(|| word.to_owned(), |(_, field)| field.to_owned())
    };
    let is_word = |character: char| character.is_ascii_alphanumeric() || character == '_';
    let mut words = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|character| !is_word(character)).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        words.push_str(&word(name));
        let next = after.find(is_word).unwrap_or(after.len());
        let (between, after) = after.split_at(next);
        words.push_str(between);
        rest = after;
    }
    words
}

/// `resultCode` and `resultMessage`, with what an operation adds.
pub(crate) fn result(code: &str, text: &str) -> Map<String, Value> {
    let mut members = Map::new();
    members.insert("resultCode".to_owned(), code.into());
    members.insert("resultMessage".to_owned(), format!("[{code}] {text}").into());
    members
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metadata_members_are_named_as_the_client_object_names_them() {
        for (text, words) in [
            ("redirect_uris[0]: it must not have a fragment", "redirectUris[0]: it must not have a fragment"),
            ("client_name#fr must be a string", "clientName#fr must be a string"),
            ("jwks: key 0: kty is missing", "jwks: key 0: kty is missing"),
            ("", ""),
            ("claims_supported is the largest", "supportedClaims is the largest"),
            ("trust_chain is the largest", "trustChain is the largest"),
            ("\u{e9}(scope)", "\u{e9}(scope)"),
        ] {
            assert_eq!(in_authletes_words(text), words);
        }
    }
}
