//! What can go wrong at this door, with one table to its status and code.

use serde_json::Map;
use shared::Error as Core;
use shared::http::Response;
use shared::jose::JwtFault;
use shared::limits::Admission;
use shared::metadata::Invalid;
use shared::registry::Reason;

use crate::certificate::CertificateFault;
use crate::signature::{DigestFault, FaultClass, SignatureFault};
use crate::visit::DOOR;

/// How long the texts of STET's error model may be.
const MAX_TEXT: usize = 140;

/// What stands for the rest of a longer one.
const REST: &str = "...";

/// Why a request is refused. The text is public.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// What the core found.
    #[error(transparent)]
    Core(#[from] Core),
    #[error("Accept: the answer is application/json")]
    NotAcceptable,
    #[error("this operation is switched off")]
    SwitchedOff,
    #[error("the request took too long; try again")]
    TookTooLong,
    #[error("there is no such entry point")]
    NoEntryPoint,
    #[error("too many requests; try again later")]
    TooManyRequests(Admission),
    #[error("a client certificate is required")]
    NoCertificate,
    /// Of the connection's certificate.
    #[error("client certificate: {0}")]
    WebCertificate(CertificateFault),
    /// Of the certificate that signs.
    #[error("certificate of the signature: {0}")]
    SealCertificate(CertificateFault),
    #[error("X-Request-ID: it is required and has 1 to 70 visible characters")]
    RequestId,
    #[error(transparent)]
    Digest(#[from] DigestFault),
    #[error("Signature: it is missing")]
    NoSignature,
    /// A signature; the second is whether one that proves nothing is a bad request.
    #[error("{0}")]
    Signature(SignatureFault, bool),
    #[error("Signature: keyId is neither a URL nor the kid of the first key of jwks")]
    KeyIdNotInBody,
    #[error("Signature: keyId does not lead to a certificate of this client")]
    UnknownKey,
    #[error("Signature: the certificate of keyId cannot be fetched at the moment; try again")]
    KeyUnavailable,
    #[error("the request has been received before; sign a new one")]
    Replayed,
    #[error("provider_legal_id is not the organization of the certificates")]
    OtherOrganization,
    #[error("scope: the roles of the certificate do not permit {0}")]
    Role(String),
    #[error("the client belongs to another organization")]
    OtherClient,
    #[error("the token lacks the scope manageRegistration")]
    InsufficientScope,
    #[error("the request is not a form of the client credentials grant: {0}")]
    TokenRequest(&'static str),
    #[error("grant_type must be client_credentials")]
    UnsupportedGrantType,
    #[error("scope must be manageRegistration")]
    InvalidScope,
}

impl From<Invalid> for Error {
    fn from(fault: Invalid) -> Self {
        Self::Core(fault.into())
    }
}

impl From<JwtFault> for Error {
    fn from(_: JwtFault) -> Self {
        Self::Core(Core::InvalidToken)
    }
}

impl Error {
    /// The status and the code.
    fn kind(&self) -> (u16, &'static str) {
        match self {
            Self::Core(error) => (error.status(), error.code()),
            Self::NotAcceptable => (406, "invalid_request"),
            Self::SwitchedOff => (501, "invalid_request"),
            Self::TookTooLong => (408, "temporarily_unavailable"),
            Self::TooManyRequests(_) => (429, "temporarily_unavailable"),
            Self::NoEntryPoint
            | Self::RequestId
            | Self::NoSignature
            | Self::KeyIdNotInBody
            | Self::Replayed
            | Self::TokenRequest(_) => (400, "invalid_request"),
            Self::UnsupportedGrantType => (400, "unsupported_grant_type"),
            Self::InvalidScope => (400, "invalid_scope"),
            Self::WebCertificate(CertificateFault::RevocationUnknown)
            | Self::SealCertificate(CertificateFault::RevocationUnknown)
            | Self::KeyUnavailable => (503, "temporarily_unavailable"),
            Self::NoCertificate | Self::WebCertificate(_) | Self::SealCertificate(_) | Self::UnknownKey => {
                (401, "invalid_client")
            }
            Self::Digest(fault) => classified(fault.class(), false),
            Self::Signature(fault, bad_request) => classified(fault.class(), *bad_request),
            Self::OtherOrganization | Self::Role(_) | Self::OtherClient => (403, "access_denied"),
            Self::InsufficientScope => (403, "insufficient_scope"),
        }
    }

    /// The rule by which it is refused before the core is asked: what is read, or this door's own.
    pub(crate) fn rule(&self) -> &'static str {
        match self {
            Self::Core(Core::InvalidClientMetadata(_) | Core::InvalidRedirectUri(_)) => "as sent",
            _ => DOOR,
        }
    }

    /// Why, as it is counted.
    pub(crate) fn reason(&self) -> Reason {
        let (status, code) = self.kind();
        match self {
            Self::Core(error) => error.into(),
            Self::Signature(fault, _) => Reason::new(status, code, &fault.without_made_up_names().to_string()),
            _ => Reason::new(status, code, &self.to_string()),
        }
    }

    /// Whether it is a 401 that is not about a token: those have a challenge of their own (RFC 9110 §15.5.2).
    pub(crate) fn needs_challenge(&self) -> bool {
        !matches!(self, Self::Core(_)) && self.kind().0 == 401
    }

    /// The answer: STET's error model and RFC 7591 §3.2.2 in one. Where both have `error`, it is the RFC's code.
    pub(crate) fn render(&self, path: &str, timestamp: String) -> Response {
        let (status, code) = self.kind();
        let text = self.to_string();
        let mut body = Map::new();
        let mut put = |name: &str, text: String| body.insert(name.to_owned(), text.into());
        put("timestamp", timestamp);
        put("error", code.to_owned());
        put("error_description", shortened(&text));
        put("message", shortened(&text));
        put("path", shortened(path));
        body.insert("status".to_owned(), status.into());
        let response = Response::json(status, body);
        match self {
            Self::Core(error) => core_headers(response.because(error), error),
            Self::InsufficientScope => {
                response.with("www-authenticate", "Bearer error=\"insufficient_scope\", scope=\"manageRegistration\"")
            }
            Self::TooManyRequests(admission) => response.with("retry-after", admission.retry_after.to_string()),
            _ if status == 503 || status == 408 => response.with("retry-after", "1"),
            _ => response,
        }
    }
}

fn core_headers(response: Response, error: &Core) -> Response {
    match error {
        Core::MissingToken => response.with("www-authenticate", "Bearer"),
        Core::InvalidToken | Core::SpentToken(_) | Core::ClientEnded => {
            response.with("www-authenticate", "Bearer error=\"invalid_token\"")
        }
        _ => response,
    }
}

fn classified(class: FaultClass, bad_request: bool) -> (u16, &'static str) {
    match class {
        FaultClass::Malformed => (400, "invalid_request"),
        FaultClass::Unverified if bad_request => (400, "invalid_request"),
        FaultClass::Unverified => (401, "invalid_client"),
    }
}

/// In the characters that RFC 6749 §5.2 allows an `error_description`, and no more of them than STET allows: of a longer
/// text the first words are left.
fn shortened(text: &str) -> String {
    let allowed = |character: char| match character {
        '"' => '\'',
        ' '..='[' | ']'..='~' => character,
        _ => '?',
    };
    let text: String = text.chars().map(allowed).collect();
    if text.len() <= MAX_TEXT {
        return text;
    }
    let first: String = text.chars().take(MAX_TEXT - REST.len()).collect();
    let words = first.rsplit_once(' ').map(|(words, _)| words).filter(|words| words.len() > MAX_TEXT / 2);
    format!("{}{REST}", words.unwrap_or(&first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stet_every_status_has_both_error_models() {
        for (error, status, code) in [
            (Error::NoEntryPoint, 400, "invalid_request"),
            (Error::UnknownKey, 401, "invalid_client"),
            (Error::OtherClient, 403, "access_denied"),
            (Error::NotAcceptable, 406, "invalid_request"),
            (Error::TookTooLong, 408, "temporarily_unavailable"),
            (Error::SwitchedOff, 501, "invalid_request"),
            (Error::SealCertificate(CertificateFault::RevocationUnknown), 503, "temporarily_unavailable"),
            (Error::Core(Core::internal("the table")), 500, "server_error"),
        ] {
            let text = error.to_string();
            let response = error.render(&"p".repeat(200), "2026-09-21T14:13:20Z".to_owned());
            let body: serde_json::Value = serde_json::from_str(&response.body).unwrap();
            assert_eq!((response.status, body["status"].as_u64()), (status, Some(status.into())), "{text}");
            assert_eq!((&body["error"], &body["message"]), (&code.into(), &text.as_str().into()));
            assert_eq!(
                (&body["error_description"], &body["timestamp"]),
                (&text.into(), &"2026-09-21T14:13:20Z".into())
            );
            assert_eq!(body["path"].as_str().map(str::len), Some(MAX_TEXT));
            assert_eq!(response.headers.contains_key("retry-after"), matches!(status, 408 | 503));
        }
    }

    #[test]
    fn stet_error_model_texts_have_140_characters_and_end_between_words() {
        let long = format!("redirect_uris[0]: {}", "word ".repeat(40));
        for (text, expected) in [
            ("short".to_owned(), "short".to_owned()),
            ("x".repeat(140), "x".repeat(140)),
            ("x".repeat(141), "x".repeat(137) + "..."),
            ("é\"\\".to_owned(), "?'?".to_owned()),
            ("é".repeat(200), "?".repeat(137) + "..."),
            (format!("scope: {}", "x".repeat(200)), format!("scope: {}...", "x".repeat(130))),
            (long, format!("redirect_uris[0]: {}word...", "word ".repeat(22))),
        ] {
            assert_eq!(shortened(&text), expected);
            assert!(shortened(&text).len() <= MAX_TEXT, "{text}");
        }
    }
}
