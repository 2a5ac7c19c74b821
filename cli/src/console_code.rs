//! The code in the link to the console that `registrar serve` prints: whoever shows it gets an operator's token, once. What is
//! printed may stay on a screen for long; the token itself is not printed.

use std::sync::Mutex;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, Response, StatusCode, header};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::json;
use shared::Error;
use shared::entropy::Entropy;

/// Where it is exchanged, below the console.
pub(crate) const PATH: &str = "/console/code";

/// For how many seconds it works.
const LIFETIME: u64 = 10 * 60;

/// What a code that does not work, or no longer, is answered.
const SPENT: &str = "the code is not good, has been used, or is older than ten minutes: registrar serve prints another one \
                     when it is started again";

/// A code for a token.
pub struct ConsoleCode {
    token: String,
    left: Mutex<Option<Left>>,
}

struct Left {
    code: String,
    ends_at: u64,
}

/// What the console sends.
#[derive(Deserialize)]
struct Shown {
    code: String,
}

impl ConsoleCode {
    /// A new code for `token`, of 256 random bits, from `now` on, in seconds since 1970; and the code itself.
    ///
    /// # Errors
    /// [`Error::Internal`] without randomness.
    pub fn mint(entropy: &Entropy, token: &str, now: u64) -> Result<(Self, String), Error> {
        let code = URL_SAFE_NO_PAD.encode(entropy.bytes::<32>()?);
        Ok((Self::new(&code, token, now), code))
    }

    fn new(code: &str, token: &str, now: u64) -> Self {
        let left = Left { code: code.to_owned(), ends_at: now.saturating_add(LIFETIME) };
        Self { token: token.to_owned(), left: Mutex::new(Some(left)) }
    }

    /// The token, the first time that the code is shown before its end.
    fn exchange(&self, shown: &str, now: u64) -> Option<&str> {
        let mut left = self.left.lock().ok()?;
        let is_it = |left: &mut Left| {
            verify_slices_are_equal(left.code.as_bytes(), shown.as_bytes()).is_ok() && now < left.ends_at
        };
        left.take_if(is_it).map(|_| self.token.as_str())
    }

    /// Answers the console.
    pub(crate) fn answer(&self, body: &Bytes, now: u64) -> Response<Body> {
        let shown = serde_json::from_slice(body).ok();
        let token = shown.and_then(|Shown { code }| self.exchange(&code, now));
        let (status, answer) = match token {
            Some(token) => (StatusCode::OK, json!({ "token": token })),
            None => (StatusCode::BAD_REQUEST, json!({ "error": "invalid_request", "error_description": SPENT })),
        };
        let mut response = Response::new(Body::from(answer.to_string()));
        *response.status_mut() = status;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_works_once_and_not_for_long() {
        let code = ConsoleCode::new("right", "token", 1000);
        assert_eq!(code.exchange("wrong", 1000), None);
        assert_eq!(code.exchange("right", 1000 + LIFETIME), None);
        assert_eq!(code.exchange("right", 1000 + LIFETIME - 1), Some("token"));
        assert_eq!(code.exchange("right", 1000), None);
    }

    #[test]
    fn what_is_no_code_is_refused_and_uses_nothing_up() {
        let code = ConsoleCode::new("right", "token", 1000);
        for body in ["", "{}", "[]", "\"right\"", "{\"code\":1}", "{\"code\":\"\"}", "{\"code\":\"right \"}"] {
            assert_eq!(code.answer(&Bytes::from(body), 1000).status(), StatusCode::BAD_REQUEST, "{body}");
        }
        let answer = code.answer(&Bytes::from("{\"code\":\"right\"}"), 1000);
        assert_eq!(
            (answer.status(), &answer.headers()[header::CACHE_CONTROL]),
            (StatusCode::OK, &HeaderValue::from_static("no-store"))
        );
    }
}
