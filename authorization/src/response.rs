//! Authorization responses (RFC 6749 §4.1.2): where they go, and in which form.

use std::fmt::Write;

use serde::{Deserialize, Serialize};
use shared::http::escaped;
use url::form_urlencoded;

/// How a response reaches the client (OAuth 2.0 Multiple Response Types §2.1, OAuth 2.0 Form Post Response Mode).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResponseMode {
    /// In the query of the redirect URI.
    Query,
    /// In its fragment.
    Fragment,
    /// In a form that the browser posts.
    FormPost,
}

impl ResponseMode {
    /// The mode of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        match name {
            "query" => Some(Self::Query),
            "fragment" => Some(Self::Fragment),
            "form_post" => Some(Self::FormPost),
            _ => None,
        }
    }
}

/// Where a response goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    /// The redirect URI.
    pub uri: String,
    /// How.
    pub mode: ResponseMode,
    /// `state`, to be given back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state: Option<String>,
}

/// A response as the browser takes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// A URL to redirect to.
    Location(String),
    /// A page to show: it posts itself.
    Form(String),
}

impl Answer {
    /// The URL or the page.
    #[must_use]
    pub fn content(&self) -> &str {
        match self {
            Self::Location(content) | Self::Form(content) => content,
        }
    }
}

impl Target {
    /// The response with those members, then `state` and `iss` (RFC 9207 §2), if there are any.
    #[must_use]
    pub fn answer(&self, members: &[(&str, impl AsRef<str>)], issuer: Option<&str>) -> Answer {
        let mut members: Vec<(&str, &str)> = members.iter().map(|(name, value)| (*name, value.as_ref())).collect();
        members.extend(self.state.as_deref().map(|state| ("state", state)));
        members.extend(issuer.map(|issuer| ("iss", issuer)));
        match self.mode {
            ResponseMode::Query => Answer::Location(self.with_query(&members)),
            ResponseMode::Fragment => Answer::Location(format!("{}#{}", self.uri, encoded(&members))),
            ResponseMode::FormPost => Answer::Form(self.page(&members)),
        }
    }

    /// What stands in the query of the redirect URI stays (RFC 6749 §3.1.2).
    fn with_query(&self, members: &[(&str, &str)]) -> String {
        let joint = match self.uri.split_once('?') {
            None => "?",
            Some((_, query)) if query.is_empty() || query.ends_with('&') => "",
            Some(_) => "&",
        };
        format!("{}{joint}{}", self.uri, encoded(members))
    }

    fn page(&self, members: &[(&str, &str)]) -> String {
        let mut inputs = String::new();
        for (name, value) in members {
            // Writing to a string cannot fail.
            let _ = write!(inputs, r#"<input type="hidden" name="{}" value="{}">"#, escaped(name), escaped(value));
        }
        format!(
            "<!DOCTYPE html><html><head><meta charset=\"utf-8\"><title>One moment</title></head>\
             <body onload=\"document.forms[0].submit()\"><form method=\"post\" action=\"{}\">{inputs}\
             <noscript><p>Your browser does not run scripts. Continue by hand:</p></noscript>\
             <button type=\"submit\">Continue</button></form></body></html>",
            escaped(&self.uri)
        )
    }
}

fn encoded(members: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(members).finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(uri: &str, mode: ResponseMode) -> Target {
        Target { uri: uri.to_owned(), mode, state: Some("a b&\"<'".to_owned()) }
    }

    #[test]
    fn a_response_keeps_the_query_of_the_redirect_uri() {
        for (uri, location) in [
            (
                "https://rp.example/cb",
                "https://rp.example/cb?code=x&state=a+b%26%22%3C%27&iss=https%3A%2F%2Fas.example",
            ),
            (
                "https://rp.example/cb?a=1",
                "https://rp.example/cb?a=1&code=x&state=a+b%26%22%3C%27&iss=https%3A%2F%2Fas.example",
            ),
            (
                "https://rp.example/cb?",
                "https://rp.example/cb?code=x&state=a+b%26%22%3C%27&iss=https%3A%2F%2Fas.example",
            ),
        ] {
            let answer = target(uri, ResponseMode::Query).answer(&[("code", "x")], Some("https://as.example"));
            assert_eq!(answer, Answer::Location(location.to_owned()));
        }
        let answer = target("https://rp.example/cb?a=1", ResponseMode::Fragment).answer(&[("error", "x")], None);
        assert_eq!(answer.content(), "https://rp.example/cb?a=1#error=x&state=a+b%26%22%3C%27");
    }

    #[test]
    fn nothing_in_a_page_ends_its_quotes() {
        let answer =
            target("https://rp.example/cb?a=\"><script>", ResponseMode::FormPost).answer(&[("code", "x")], None);
        let page = answer.content();
        assert!(page.contains(r#"action="https://rp.example/cb?a=&quot;&gt;&lt;script&gt;""#), "{page}");
        assert!(page.contains(r#"name="state" value="a b&amp;&quot;&lt;&#39;""#), "{page}");
    }
}
