//! Fetching a document (§5, §9.6, §9.7): one request, no redirects, no second chance, and which step failed.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, ETAG, EXPIRES, HeaderMap, HeaderValue,
    IF_MODIFIED_SINCE, IF_NONE_MATCH, LAST_MODIFIED, USER_AGENT,
};

use super::freshness::Freshness;
use super::identifier::DocumentUri;
use crate::fetch::{Fetch, FetchError, NoAddress, read_content};
use crate::policy::MetadataDocuments;

/// Who asks; hosts that keep unknown programs out can let it in.
const AGENT: &str = concat!("Registrar/", env!("CARGO_PKG_VERSION"), " (OAuth client ID metadata documents)");

/// The longest validator that is kept, in bytes.
const MAX_VALIDATOR: usize = 256;

/// Which step of a fetch failed: for operators, never for the client or a browser, which would learn by it what is
/// inside a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// The host name does not resolve.
    Name,
    /// It resolves to an address of a special-use block (RFC 6890).
    Address,
    /// Nothing answers there.
    Connect,
    /// It does not prove to be that host.
    Tls,
    /// The time was up.
    Time,
    /// The status is not 200.
    Status,
    /// Something between the host and us asks whether we are a person.
    Challenge,
    /// The media type is none of JSON.
    MediaType,
    /// It is too large.
    Size,
    /// It is not one JSON object in UTF-8.
    Json,
    /// It breaks a rule of the draft, of RFC 7591 or of the service.
    Rule,
}

impl Step {
    /// All of them.
    pub(super) const ALL: [Self; 11] = [
        Self::Name,
        Self::Address,
        Self::Connect,
        Self::Tls,
        Self::Time,
        Self::Status,
        Self::Challenge,
        Self::MediaType,
        Self::Size,
        Self::Json,
        Self::Rule,
    ];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Address => "address",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Time => "time",
            Self::Status => "status",
            Self::Challenge => "challenge",
            Self::MediaType => "media_type",
            Self::Size => "size",
            Self::Json => "json",
            Self::Rule => "rule",
        }
    }
}

/// By what a host knows its document again (RFC 9110 §8.8).
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Validators {
    /// `ETag`.
    pub etag: Option<String>,
    /// `Last-Modified`.
    pub last_modified: Option<String>,
}

impl Validators {
    fn of(headers: &HeaderMap) -> Self {
        let text = |name| {
            let value = headers.get(name).and_then(|value| value.to_str().ok());
            value.filter(|value| value.len() <= MAX_VALIDATOR).map(str::to_owned)
        };
        Self { etag: text(ETAG), last_modified: text(LAST_MODIFIED) }
    }
}

/// What a host has answered.
#[derive(Debug)]
pub struct Retrieved {
    /// The content; none if it is what the validators stand for.
    pub content: Option<Vec<u8>>,
    /// By what the host knows it again.
    pub validators: Validators,
    /// For how many seconds it is fresh.
    pub fresh_seconds: u64,
    /// Whether it may serve after that, where the host cannot be asked.
    pub may_be_stale: bool,
    /// Whether the host has said so itself.
    pub says_freshness: bool,
    /// Where it came from, the status and the headers, for whoever looks on.
    pub seen: Seen,
}

/// What was seen of an answer.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// The address that answered.
    pub address: Option<SocketAddr>,
    /// The status.
    pub status: Option<u16>,
    /// The headers that decide something, by their lower-case names.
    pub headers: Vec<(&'static str, String)>,
}

impl Seen {
    fn of(response: &reqwest::Response) -> Self {
        let header = |name: &'static str| {
            let value = response.headers().get(name)?.to_str().ok()?;
            Some((name, value.chars().take(MAX_VALIDATOR).collect()))
        };
        let names = ["content-type", "content-length", "cache-control", "age", "expires", "etag", "last-modified"];
        Self {
            address: response.remote_addr(),
            status: Some(response.status().as_u16()),
            headers: names.into_iter().filter_map(header).collect(),
        }
    }
}

/// Why there is no document.
#[derive(Debug)]
pub struct Failure {
    /// Which step failed.
    pub step: Step,
    /// What happened.
    pub reason: String,
    /// What it says of the client.
    pub kind: FailureKind,
    /// What was seen of an answer, if one came.
    pub seen: Seen,
}

/// What a failure says of the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// Its owner says that there is none (404, 410).
    Gone,
    /// What its owner publishes is no document.
    Invalid,
    /// Nothing: it may be there.
    Passing,
}

impl Failure {
    pub(super) fn of(error: &FetchError) -> Self {
        let kind = if matches!(error, FetchError::TooLarge) { FailureKind::Invalid } else { FailureKind::Passing };
        Self { step: step_of(error), reason: error.to_string(), kind, seen: Seen::default() }
    }
}

/// Asks the host of a client identifier for the document.
///
/// # Errors
/// [`Failure`].
pub async fn retrieve(
    fetch: &Fetch,
    uri: &DocumentUri,
    known: Option<&Validators>,
    settings: &MetadataDocuments,
    now: u64,
) -> Result<Retrieved, Failure> {
    let end = Instant::now() + Duration::from_millis(settings.timeout);
    let response = fetch.ask(uri.as_str(), headers(known), end).await.map_err(|error| Failure::of(&error))?;
    let seen = Seen::of(&response);
    let failed = |step, kind, reason: String| Failure { step, reason, kind, seen: seen.clone() };
    let status = response.status().as_u16();
    let is_known = status == 304 && known.is_some_and(|known| *known != Validators::default());
    // The status is judged before the type, and the type before the size: a page that says something else is not a
    // document that is too large.
    match status {
        200 | 304 if status == 200 || is_known => {}
        404 | 410 => return Err(failed(Step::Status, FailureKind::Gone, format!("the answer was {status}"))),
        403 | 429 => {
            let reason = format!("the answer was {status}: the host, or what protects it, keeps programs out");
            return Err(failed(Step::Challenge, FailureKind::Passing, reason));
        }
        _ => return Err(failed(Step::Status, FailureKind::Passing, format!("the answer was {status}"))),
    }
    let freshness = Freshness::of(response.headers(), now, settings);
    let validators = Validators::of(response.headers());
    let says_freshness = [CACHE_CONTROL, EXPIRES].iter().any(|name| response.headers().contains_key(name));
    if let Some(coding) = response.headers().get(CONTENT_ENCODING).filter(|coding| *coding != "identity") {
        let reason = format!("the answer is encoded, {:?}, though nobody asked for that", lossy(coding));
        return Err(failed(Step::MediaType, FailureKind::Passing, reason));
    }
    let content = if is_known {
        None
    } else {
        match media_type(response.headers()) {
            MediaType::Json => {}
            MediaType::Html => {
                let reason = "the answer is a page and no JSON: what protects the host keeps programs out".to_owned();
                return Err(failed(Step::Challenge, FailureKind::Passing, reason));
            }
            MediaType::Other(name) => {
                let reason = format!("the media type is {name} and not application/json");
                return Err(failed(Step::MediaType, FailureKind::Passing, reason));
            }
        }
        let content = read_content(response, settings.max_bytes).await;
        let content = content.map_err(|error| Failure { seen: seen.clone(), ..Failure::of(&error) })?;
        Some(content)
    };
    let Freshness { seconds: fresh_seconds, may_be_stale } = freshness;
    Ok(Retrieved { content, validators, fresh_seconds, may_be_stale, says_freshness, seen })
}

fn lossy(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).chars().take(40).collect()
}

fn headers(known: Option<&Validators>) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (ACCEPT, HeaderValue::from_static("application/json")),
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        (USER_AGENT, HeaderValue::from_static(AGENT)),
    ]);
    let mut condition = |name, value: Option<&String>| {
        headers.extend(value.and_then(|value| Some((name, HeaderValue::from_str(value).ok()?))));
    };
    condition(IF_NONE_MATCH, known.and_then(|known| known.etag.as_ref()));
    condition(IF_MODIFIED_SINCE, known.and_then(|known| known.last_modified.as_ref()));
    headers
}

enum MediaType {
    Json,
    Html,
    Other(String),
}

/// `application/json` or `application/<x>+json` (§4); parameters do not matter.
fn media_type(headers: &HeaderMap) -> MediaType {
    let declared = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let name = declared.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let subtype = name.strip_prefix("application/").unwrap_or_default();
    match name.as_str() {
        _ if subtype == "json" || subtype.strip_suffix("+json").is_some_and(|kind| !kind.is_empty()) => MediaType::Json,
        "text/html" | "application/xhtml+xml" => MediaType::Html,
        "" => MediaType::Other("missing".to_owned()),
        _ => MediaType::Other(format!("{:?}", name.chars().take(MAX_VALIDATOR).collect::<String>())),
    }
}

fn step_of(error: &FetchError) -> Step {
    let FetchError::Failed(source) = error else {
        return match error {
            FetchError::NotAllowed => Step::Address,
            FetchError::TooLarge => Step::Size,
            FetchError::Malformed => Step::Json,
            FetchError::Status(_) | FetchError::Failed(_) | FetchError::FailedBefore => Step::Status,
        };
    };
    if source.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_timeout) {
        return Step::Time;
    }
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
    while let Some(found) = cause {
        if found.is::<NoAddress>() {
            return Step::Name;
        }
        let io = found.downcast_ref::<std::io::Error>();
        match io.map(std::io::Error::kind) {
            // How the TLS of this program says that it cannot go on.
            Some(std::io::ErrorKind::InvalidData) => return Step::Tls,
            Some(std::io::ErrorKind::TimedOut) => return Step::Time,
            _ => {}
        }
        // What an error of input and output wraps is itself, and not its source.
        cause = match io.and_then(std::io::Error::get_ref) {
            Some(wrapped) => Some(wrapped),
            None => found.source(),
        };
    }
    Step::Connect
}
