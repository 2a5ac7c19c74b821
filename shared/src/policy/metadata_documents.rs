//! What a service makes of clients that name themselves by a URL (OAuth Client ID Metadata Document): whom it trusts, and
//! the bounds of fetching and keeping their documents. The section numbers are those of draft 03.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::{Conduct, Policy, Unoffered};

use crate::time::DAY;

/// Which clients with a metadata document a service has, and for how long. It counts where the policy opens the door
/// `metadata_document`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct MetadataDocuments {
    /// What is thought of single URLs and of patterns (§9.9). What is blocked is blocked, whatever else is said of it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub trust: Vec<TrustRule>,
    /// What is thought of all others.
    pub others: Trust,
    /// The members that a document must have beside `client_id`: the MCP specification asks for `client_name` and
    /// `redirect_uris`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Which of a document's URLs must have the origin of the client identifier (§9.1).
    pub same_origin: SameOrigin,
    /// Whether a client identifier may have a query (§3).
    pub query_permitted: bool,
    /// Whether a copy is fetched again for each look-up although it is fresh.
    pub always_retrieved: bool,
    /// What OpenID Federation §6.1 calls a metadata policy, of the parameters of a client, or of its entity types.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub metadata_policy: Map<String, Value>,
    /// The largest document, in bytes (§9.7); at most 65,536.
    pub max_bytes: usize,
    /// How long a fetch may take in all, in milliseconds; at most 10,000.
    pub timeout: u64,
    /// How many redirect URIs a document may have.
    pub redirect_uris: usize,
    /// The shortest time for which a copy is fresh, in seconds, whatever its host says (§5.2).
    pub fresh_least: u64,
    /// The longest.
    pub fresh_most: u64,
    /// For how long it is fresh if its host says nothing.
    pub fresh_default: u64,
    /// For how long a copy serves after that where its host cannot be asked, in seconds; 0 is not at all.
    pub stale_most: u64,
    /// How long nobody asks again after a failure, in seconds; each further one doubles it.
    pub pause_first: u64,
    /// The longest such pause.
    pub pause_most: u64,
    /// For how long the copy of a client that was never used is kept when it is no longer fresh, in seconds.
    pub kept: u64,
    /// For how long that of a client is kept after its last use, in seconds.
    pub kept_used: u64,
}

/// How often a path is decoded to find out what a host may read.
const MOST_DECODINGS: usize = 3;

/// How many `*` the path of a pattern may have.
const MOST_WILDCARDS: usize = 4;

impl Default for MetadataDocuments {
    fn default() -> Self {
        Self {
            trust: Vec::new(),
            others: Trust::Ask,
            required: Vec::new(),
            same_origin: SameOrigin::Off,
            query_permitted: false,
            always_retrieved: false,
            metadata_policy: Map::new(),
            max_bytes: 5120,
            timeout: 3000,
            redirect_uris: 32,
            fresh_least: 60,
            fresh_most: DAY,
            fresh_default: 60 * 60,
            stale_most: DAY,
            pause_first: 10,
            pause_most: 60,
            kept: DAY,
            kept_used: 180 * DAY,
        }
    }
}

/// What a service thinks of a client identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trust {
    /// The operator knows it.
    Allow,
    /// The user decides: the consent page shows whose it is.
    Ask,
    /// It is no client here.
    Block,
}

impl Trust {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Allow => "allow",
            Self::Ask => "ask",
            Self::Block => "block",
        }
    }
}

/// What is thought of the client identifiers of a pattern.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TrustRule {
    /// `https://host/path`, `host/path` or `host`. A `*` stands for one label of a host, in a path for a part of a
    /// segment, and at its end for all that follows. A host without a path stands for all of its paths and for no
    /// subdomain.
    pub pattern: String,
    /// What is thought of them.
    pub trust: Trust,
}

/// Which of a document's URLs must have the origin of the client identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SameOrigin {
    /// None.
    Off,
    /// Every redirect URI.
    RedirectUris,
    /// Every URL: redirects, pages, keys, sector, requests, login, logout, notifications.
    AllUrls,
}

/// Settings that contradict themselves, or the bounds of this program.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataDocumentsFault {
    /// A pattern that stands for nothing.
    #[error("metadata_documents: trust: {0:?} is not https://host/path, host/path or host")]
    Pattern(String),
    /// A number that is too large or too small.
    #[error("metadata_documents: {member} must be {expected}")]
    Bound {
        /// The member.
        member: &'static str,
        /// What it must be.
        expected: &'static str,
    },
}

impl MetadataDocuments {
    /// What is thought of a client identifier, and the pattern that says so: the blocked before the allowed, the allowed
    /// before what is to be asked.
    #[must_use]
    pub fn trust_of(&self, client_id: &str) -> (Trust, Option<&str>) {
        [Trust::Block, Trust::Allow, Trust::Ask]
            .into_iter()
            .flat_map(|trust| self.trust.iter().filter(move |rule| rule.trust == trust))
            .find(|rule| matches(rule, client_id))
            .map_or((self.others, None), |rule| (rule.trust, Some(rule.pattern.as_str())))
    }

    /// How long a pause is after one of that length, in seconds.
    #[must_use]
    pub fn pause_after(&self, last: Option<u64>) -> u64 {
        last.map_or(self.pause_first, |last| last.saturating_mul(2)).min(self.pause_most).max(1)
    }

    /// When a copy is forgotten that is fresh until then, of a client that was used at that time if it ever was; all in
    /// seconds since 1970. A use never makes that sooner.
    #[must_use]
    pub fn kept_until(&self, fresh_until: u64, used_at: Option<u64>) -> u64 {
        let unused = fresh_until.saturating_add(self.kept.max(self.stale_most));
        used_at.map_or(unused, |used_at| used_at.saturating_add(self.kept_used).max(unused))
    }

    /// Checks bounds and patterns.
    ///
    /// # Errors
    /// The first [`MetadataDocumentsFault`].
    pub fn check(&self) -> Result<(), MetadataDocumentsFault> {
        if let Some(rule) = self.trust.iter().find(|rule| !is_pattern(&rule.pattern)) {
            return Err(MetadataDocumentsFault::Pattern(rule.pattern.clone()));
        }
        let bounds = [
            ("max_bytes", (512..=65_536).contains(&self.max_bytes), "from 512 to 65536"),
            ("timeout", (100..=10_000).contains(&self.timeout), "from 100 to 10000"),
            ("redirect_uris", self.redirect_uris > 0, "at least 1"),
            ("fresh_least", self.fresh_least <= self.fresh_most, "at most fresh_most"),
            ("fresh_most", self.fresh_most <= 31_536_000, "at most 31536000"),
            ("stale_most", self.stale_most <= 31_536_000, "at most 31536000"),
            ("pause_first", (1..=3600).contains(&self.pause_first), "from 1 to 3600"),
            ("pause_most", (1..=3600).contains(&self.pause_most), "from 1 to 3600"),
            ("kept", self.kept <= 31_536_000, "at most 31536000"),
            ("kept_used", self.kept_used <= 315_360_000, "at most 315360000"),
        ];
        match bounds.into_iter().find(|(_, is_within, _)| !is_within) {
            Some((member, _, expected)) => Err(MetadataDocumentsFault::Bound { member, expected }),
            None => Ok(()),
        }
    }
}

impl Policy {
    /// What it says of the client of that URL: it vouches for the names of one that it allows.
    pub(crate) fn of_url(&self, client_id: &str) -> Cow<'_, Self> {
        match self.metadata_documents.trust_of(client_id).0 {
            Trust::Allow => self.with_names_vouched(),
            Trust::Ask | Trust::Block => Cow::Borrowed(self),
        }
    }

    /// What it says of clients with a metadata document.
    pub(crate) fn of_documents(&self) -> Policy {
        let dropping = Unoffered::Drop;
        let mut policy = self.clone();
        policy.grant_types.unoffered = dropping;
        policy.response_types.unoffered = dropping;
        policy.scopes.unoffered = dropping;
        policy.unannounced = dropping;
        // Which method it is has been decided by then (§6): what is left is registered or refused.
        policy.token_endpoint_auth_methods.unoffered = Unoffered::Refuse;
        policy.redirect_uris.infer_native = true;
        // Many hosts have their logo elsewhere; what asks for one origin is `same_origin`.
        policy.redirect_uris.pages_share_host = policy.redirect_uris.pages_share_host.min(Conduct::Flag);
        policy
    }
}

/// Host with its port, unless that is https's own, and the path with its slash if there is one.
fn parts(text: &str) -> (&str, Option<&str>) {
    let text = text.strip_prefix("https://").unwrap_or(text);
    let end = text.find(['/', '?']).unwrap_or(text.len());
    let (host, path) = text.split_at_checked(end).unwrap_or((text, ""));
    (host.strip_suffix(":443").unwrap_or(host), Some(path).filter(|path| !path.is_empty()))
}

fn is_pattern(pattern: &str) -> bool {
    let (host, path) = parts(pattern);
    let (name, port) = host.split_once(':').map_or((host, None), |(name, port)| (name, Some(port)));
    let is_label = |label: &str| {
        label == "*"
            || !label.is_empty()
                && label.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    name.split('.').all(is_label)
        && name.split('.').any(|label| label != "*")
        && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
        && path.is_none_or(|path| path.bytes().all(|byte| byte.is_ascii_graphic()))
        && path.is_none_or(|path| path.matches('*').count() <= MOST_WILDCARDS)
}

/// Whether a client identifier is meant by a pattern. Hosts read one path in several spellings: one that is blocked is
/// blocked in each of them, and any other pattern means a path in its plain spelling alone.
fn matches(rule: &TrustRule, client_id: &str) -> bool {
    let (host, path) = parts(&rule.pattern);
    let (own_host, own_path) = parts(client_id);
    let labels = host.split('.').count() == own_host.split('.').count();
    let hosts = labels && host.split('.').zip(own_host.split('.')).all(|(label, own)| label == "*" || label == own);
    let Some(path) = path.filter(|_| hosts) else { return hosts };
    let own_path = own_path.unwrap_or_default();
    let bare = own_path.split('?').next().unwrap_or_default();
    match rule.trust {
        Trust::Block => path_matches(&plain(path), &plain(bare)) || path_matches(path, own_path),
        Trust::Allow | Trust::Ask => {
            is_plain(bare) && path_matches(path, if path.contains('?') { own_path } else { bare })
        }
    }
}

/// Whether a path has one reading: nothing encoded that need not be, or that ends a segment; no empty segment, no
/// parameters behind a dot segment.
fn is_plain(path: &str) -> bool {
    let encoded = path.split('%').skip(1).filter_map(|rest| u8::from_str_radix(rest.get(..2)?, 16).ok());
    let is_odd = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/\\%;".contains(&byte);
    !encoded.into_iter().any(is_odd) && !path.contains("//") && !path.contains("/.;") && !path.contains("/..;")
}

/// A path as a host may read it: decoded as often as it is encoded, in one case, without parameters, empty segments and
/// dot segments.
fn plain(path: &str) -> String {
    let mut text = path.to_owned();
    for _ in 0..MOST_DECODINGS {
        let decoded = percent_encoding::percent_decode_str(&text).decode_utf8_lossy().into_owned();
        if decoded == text {
            break;
        }
        text = decoded;
    }
    let ends_with_slash = text.ends_with(['/', '\\']);
    let mut segments: Vec<&str> = Vec::new();
    for segment in text.split(['/', '\\']) {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => drop(segments.pop()),
            segment => segments.push(segment),
        }
    }
    let slash = if ends_with_slash && !segments.is_empty() { "/" } else { "" };
    format!("/{}{slash}", segments.join("/")).to_ascii_lowercase()
}

/// A path without `*` is the path itself. What a `*` stands for has no slash, unless it ends the pattern.
fn path_matches(pattern: &str, path: &str) -> bool {
    let Some((before, after)) = pattern.split_once('*') else { return pattern == path };
    let Some(rest) = path.strip_prefix(before) else { return false };
    let segment = rest.find('/').unwrap_or(rest.len());
    after.is_empty() || (0..=segment).filter_map(|skipped| rest.get(skipped..)).any(|rest| path_matches(after, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(rules: &[(&str, Trust)], others: Trust) -> MetadataDocuments {
        let rule = |(pattern, trust): &(&str, Trust)| TrustRule { pattern: (*pattern).to_owned(), trust: *trust };
        MetadataDocuments { trust: rules.iter().map(rule).collect(), others, ..MetadataDocuments::default() }
    }

    #[test]
    fn h7_a_pattern_has_a_host_and_a_path() {
        for (pattern, client_id, expected) in [
            ("h.example", "https://h.example/a/b", true),
            ("h.example", "https://www.h.example/a", false),
            ("h.example", "https://h.example.evil.example/a", false),
            ("h.example", "https://h.example:8443/a", false),
            ("h.example:8443", "https://h.example:8443/a", true),
            ("*.h.example", "https://www.h.example/a", true),
            ("*.h.example", "https://h.example/a", false),
            ("*.h.example", "https://a.b.h.example/a", false),
            ("https://h.example/oauth/client", "https://h.example/oauth/client", true),
            ("https://h.example/oauth/client", "https://h.example/oauth/client/", false),
            ("https://h.example/oauth/client", "https://h.example/oauth/client2", false),
            ("h.example/oauth/*", "https://h.example/oauth/a/b?c", true),
            ("h.example/oauth/*", "https://h.example/oauth", false),
            ("h.example/*/client.json", "https://h.example/alice/client.json", true),
            ("h.example/*/client.json", "https://h.example/alice/evil/client.json", false),
            ("h.example/*/client.json", "https://h.example/alice/client.json.evil", false),
            ("h.example/~*/c*", "https://h.example/~alice/client", true),
            ("h.example/a*a", "https://h.example/aXa", true),
            ("h.example/a*a", "https://h.example/a", false),
        ] {
            assert!(is_pattern(pattern), "{pattern}");
            let settings = settings(&[(pattern, Trust::Allow)], Trust::Block);
            let (trust, by) = settings.trust_of(client_id);
            assert_eq!(trust == Trust::Allow, expected, "{pattern} {client_id}");
            assert_eq!(by.is_some(), expected, "{pattern} {client_id}");
        }
    }

    #[test]
    fn h7_h8_no_other_spelling_leads_around_a_pattern() {
        let blocking = settings(&[("h.example", Trust::Allow), ("h.example/users/*", Trust::Block)], Trust::Block);
        for path in [
            "/users/m/c",
            "/%75sers/m/c",
            "//users/m/c",
            "/users%2fm/c",
            "/users;x/m/c",
            "/x/..;/users/m/c",
            "/x/%252e%252e/users/m/c",
            "/Users/m/c",
            "/users\u{5c}m",
            "/users/m?a",
        ] {
            for host in ["h.example", "h.example:443"] {
                let (trust, by) = blocking.trust_of(&format!("https://{host}{path}"));
                assert_eq!((trust, by), (Trust::Block, Some("h.example/users/*")), "{host}{path}");
            }
        }
        assert_eq!(blocking.trust_of("https://h.example:443/other").0, Trust::Allow);
        let allowing =
            settings(&[("h.example/alice/*", Trust::Allow), ("h.example/*/client.json", Trust::Allow)], Trust::Block);
        for (path, allowed) in [
            ("/alice/c", true),
            ("/alice/c%20d", true),
            ("/bob/client.json", true),
            ("/alice/..;/mallory/c", false),
            ("/%61lice/c", false),
            ("/alice/%2e%2e/mallory/c", false),
            ("/alice%2fevil/client.json", false),
            ("/evil?/client.json", false),
            ("//alice/c", false),
        ] {
            let trust = allowing.trust_of(&format!("https://h.example{path}")).0;
            assert_eq!(trust == Trust::Allow, allowed, "{path}");
        }
    }

    #[test]
    fn h8_what_is_blocked_is_blocked_whatever_else_is_said() {
        let settings = settings(&[("h.example", Trust::Allow), ("h.example/evil/*", Trust::Block)], Trust::Ask);
        assert_eq!(settings.trust_of("https://h.example/good"), (Trust::Allow, Some("h.example")));
        assert_eq!(settings.trust_of("https://h.example/evil/x"), (Trust::Block, Some("h.example/evil/*")));
        assert_eq!(settings.trust_of("https://other.example/x"), (Trust::Ask, None));
    }

    #[test]
    fn a_pattern_that_stands_for_nothing_is_refused() {
        for pattern in
            ["", "*", "*.*", "http://h.example/", "H.example", "h..example", "h.example:0", "h.example/ä", ".h"]
        {
            let fault = settings(&[(pattern, Trust::Allow)], Trust::Ask).check();
            assert_eq!(fault, Err(MetadataDocumentsFault::Pattern(pattern.to_owned())));
        }
        assert_eq!(settings(&[("h.example", Trust::Allow)], Trust::Ask).check(), Ok(()));
    }

    #[test]
    fn numbers_have_bounds() {
        let default = MetadataDocuments::default;
        assert_eq!(default().check(), Ok(()));
        for (member, settings) in [
            ("max_bytes", MetadataDocuments { max_bytes: 65_537, ..default() }),
            ("timeout", MetadataDocuments { timeout: 10_001, ..default() }),
            ("redirect_uris", MetadataDocuments { redirect_uris: 0, ..default() }),
            ("fresh_least", MetadataDocuments { fresh_least: 86_401, ..default() }),
            ("pause_first", MetadataDocuments { pause_first: 0, ..default() }),
        ] {
            let fault = settings.check().unwrap_err();
            assert!(fault.to_string().starts_with(&format!("metadata_documents: {member} must be")), "{fault}");
        }
    }

    #[test]
    fn f5_pauses_double_up_to_their_bound() {
        let settings = MetadataDocuments::default();
        let mut last = None;
        for expected in [10, 20, 40, 60, 60] {
            last = Some(settings.pause_after(last));
            assert_eq!(last, Some(expected));
        }
    }
}
