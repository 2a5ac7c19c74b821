//! An answer, as API Gateway wants it (HTTP API, payload version 2.0).

use std::borrow::Cow;
use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::{
    Engine, engine::general_purpose::STANDARD as BASE64, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL,
};
use serde::{Serialize, Serializer};
use serde_json::{Map, Value};

use super::{EntityTags, Request};
use crate::error::{Error, Source};
use crate::policy::ErrorMembers;

/// How long an error's description may be.
const MAX_DESCRIPTION: usize = 500;

/// A browser that has seen this asks by https only, for a year (RFC 6797 §6.1). API Gateway has nothing else.
const HTTPS_ONLY: (&str, &str) = ("strict-transport-security", "max-age=31536000");

/// An answer.
#[derive(Debug)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// The headers, by their lower-case names.
    pub headers: BTreeMap<&'static str, String>,
    /// The body; empty for none.
    pub body: String,
    /// The same body compressed, in its place.
    pub gzip: Option<&'static [u8]>,
    /// The error code, for the log.
    pub code: Option<Cow<'static, str>>,
    /// The cause of a server's fault, for the log.
    pub cause: Option<String>,
    /// Why a request is refused, for the log, where others than its sender have a part in that.
    pub reason: Option<String>,
}

impl Response {
    /// An answer without a body.
    #[must_use]
    pub fn empty(status: u16) -> Self {
        Self {
            status,
            headers: BTreeMap::new(),
            body: String::new(),
            gzip: None,
            code: None,
            cause: None,
            reason: None,
        }
    }

    /// A JSON object.
    #[must_use]
    pub fn json(status: u16, members: Map<String, Value>) -> Self {
        Self::of_type(status, "application/json", Value::Object(members).to_string())
    }

    /// A plain text.
    #[must_use]
    pub fn text(status: u16, text: &str) -> Self {
        Self::of_type(status, "text/plain", text.to_owned())
    }

    /// A body of that content type.
    #[must_use]
    pub fn of_type(status: u16, content_type: &str, body: String) -> Self {
        Self { body, ..Self::empty(status) }.with("content-type", content_type)
    }

    /// With a header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.insert(name, value.into());
        self
    }

    /// With a strong validator of the body (RFC 9110 §8.8.3); nothing but that to whoever has this body already (§13.1.2).
    #[must_use]
    pub fn validated(self, request: &Request) -> Self {
        let digest = digest(&SHA256, self.content());
        let etag = format!("\"{}\"", BASE64URL.encode(digest.as_ref().get(..16).unwrap_or_default()));
        let known = request.header("if-none-match").and_then(EntityTags::parse);
        let answer = if known.is_some_and(|known| known.have_weakly(&etag)) {
            let mut headers = self.headers;
            headers.remove("content-type");
            headers.remove("content-encoding");
            Self { headers, ..Self::empty(304) }
        } else {
            self
        };
        answer.with("etag", etag)
    }

    /// What is sent.
    fn content(&self) -> &[u8] {
        self.gzip.unwrap_or(self.body.as_bytes())
    }

    /// As it is answered to `HEAD`: the length of the content in its place (RFC 9110 §8.6).
    #[must_use]
    pub(super) fn without_content(self) -> Self {
        let length = self.content().len().to_string();
        Self { body: String::new(), gzip: None, ..self }.with("content-length", length)
    }

    /// With what there is to know of an error beside its text: for the log, and for whoever asks when to try again.
    #[must_use]
    pub fn because(mut self, error: &Error) -> Self {
        self.code = Some(error.code().into());
        self.cause = error.source_for_log().map(chain);
        self.to_be_retried(error.retry_after())
    }

    /// With the seconds after which it makes sense to try again (RFC 9110 §10.2.3), if that is known.
    #[must_use]
    pub fn to_be_retried(self, after: Option<u64>) -> Self {
        match after {
            Some(seconds) => self.with("retry-after", seconds.to_string()),
            None => self,
        }
    }
}

/// [`error_members`], with `error_description` and `error_uri` where the service says so (RFC 6749 §5.2, RFC 7591
/// §3.2.2).
#[must_use]
pub fn error_body(error: &Error, says: ErrorMembers) -> Map<String, Value> {
    let mut members = error_members(error.code(), says.description.then(|| error.to_string()).as_deref());
    if let Some(uri) = error.uri().filter(|_| says.uri) {
        members.insert("error_uri".to_owned(), uri.into());
    }
    members
}

/// `error`, and `error_description` in the characters that RFC 6749 §5.2 allows it.
#[must_use]
pub fn error_members(code: &str, description: Option<&str>) -> Map<String, Value> {
    let allowed = |character: char| match character {
        '"' => '\'',
        ' '..='[' | ']'..='~' => character,
        _ => '?',
    };
    let mut members = Map::new();
    members.insert("error".to_owned(), code.into());
    if let Some(description) = description {
        let description: String = description.chars().map(allowed).take(MAX_DESCRIPTION).collect();
        members.insert("error_description".to_owned(), description.into());
    }
    members
}

fn chain(source: &Source) -> String {
    let mut text = source.to_string();
    let mut cause = source.source();
    while let Some(inner) = cause {
        text = format!("{text}: {inner}");
        cause = inner.source();
    }
    text
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire<'r> {
            status_code: u16,
            headers: BTreeMap<&'r str, &'r str>,
            /// API Gateway needs neither this nor `cookies`; the emulator of `cargo lambda` refuses without.
            multi_value_headers: Map<String, Value>,
            cookies: [(); 0],
            body: &'r str,
            is_base64_encoded: bool,
        }
        let encoded = self.gzip.map(|content| BASE64.encode(content));
        let headers = self.headers.iter().map(|(name, value)| (*name, value.as_str()));
        let wire = Wire {
            status_code: self.status,
            headers: headers.chain([HTTPS_ONLY]).collect(),
            multi_value_headers: Map::new(),
            cookies: [],
            body: encoded.as_deref().unwrap_or(&self.body),
            is_base64_encoded: encoded.is_some(),
        };
        wire.serialize(serializer)
    }
}
