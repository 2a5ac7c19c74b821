//! For how long a document may be used again (§5.2, RFC 9111 §4.2).

use reqwest::header::{AGE, CACHE_CONTROL, DATE, EXPIRES, HeaderMap, HeaderName};

use crate::policy::MetadataDocuments;

/// What the headers of an answer say of its freshness, within the bounds of a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Freshness {
    /// For how many seconds it is fresh.
    pub(super) seconds: u64,
    /// Whether it may serve after that, where its host cannot be asked (RFC 9111 §4.2.4).
    pub(super) may_be_stale: bool,
}

impl Freshness {
    pub(super) fn of(headers: &HeaderMap, now: u64, settings: &MetadataDocuments) -> Self {
        let directives = Directives::of(headers);
        let declared = if directives.has("no-store") || directives.has("no-cache") {
            Some(0)
        } else {
            let lifetime = directives.seconds("s-maxage").or_else(|| directives.seconds("max-age"));
            lifetime.or_else(|| expires(headers, now)).map(|lifetime| lifetime.saturating_sub(age(headers)))
        };
        let seconds = declared.unwrap_or(settings.fresh_default);
        let forbids = ["must-revalidate", "no-cache"];
        Self {
            seconds: seconds.clamp(settings.fresh_least, settings.fresh_most.max(settings.fresh_least)),
            may_be_stale: !forbids.into_iter().any(|directive| directives.has(directive)),
        }
    }
}

/// `Cache-Control` (RFC 9111 §5.2).
struct Directives(Vec<(String, Option<String>)>);

impl Directives {
    fn of(headers: &HeaderMap) -> Self {
        let values = headers.get_all(CACHE_CONTROL).into_iter().filter_map(|value| value.to_str().ok());
        let directives = values.flat_map(|value| value.split(',')).map(|directive| {
            let (name, value) =
                directive.split_once('=').map_or((directive, None), |(name, value)| (name, Some(value)));
            (name.trim().to_ascii_lowercase(), value.map(|value| value.trim().trim_matches('"').to_owned()))
        });
        Self(directives.collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(found, _)| found == name)
    }

    /// A number that cannot be read is none at all: stale (RFC 9111 §4.2.1).
    fn seconds(&self, name: &str) -> Option<u64> {
        let (_, value) = self.0.iter().find(|(found, _)| found == name)?;
        Some(value.as_ref().map_or(0, |value| number(value)))
    }
}

/// Delta seconds (RFC 9111 §1.2.2): what is too large for a number is very long.
fn number(text: &str) -> u64 {
    let is_number = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if is_number { text.parse().unwrap_or(u64::MAX) } else { 0 }
}

fn age(headers: &HeaderMap) -> u64 {
    headers.get(AGE).and_then(|age| age.to_str().ok()).map_or(0, |age| number(age.trim()))
}

/// Seconds from `Date`, else from now, to `Expires`; one that is no date has passed (RFC 9111 §5.3).
fn expires(headers: &HeaderMap, now: u64) -> Option<u64> {
    let time = |name: HeaderName| Some(httpdate::parse_http_date(headers.get(name)?.to_str().ok()?).ok());
    let seconds =
        |time: std::time::SystemTime| time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let expires = time(EXPIRES)?.map_or(0, seconds);
    let from = time(DATE).flatten().map_or(now, seconds);
    Some(expires.saturating_sub(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn freshness(headers: &[(&'static str, &str)]) -> (u64, bool) {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        let freshness = Freshness::of(&map, 1_000_000_000, &MetadataDocuments::default());
        (freshness.seconds, freshness.may_be_stale)
    }

    #[test]
    fn f2_headers_decide_within_the_bounds() {
        for (headers, expected) in [
            (&[][..], (3600, true)),
            (&[("cache-control", "max-age=600")], (600, true)),
            (&[("cache-control", "public, Max-Age=\"600\"")], (600, true)),
            (&[("cache-control", "max-age=600"), ("age", "500")], (100, true)),
            (&[("cache-control", "max-age=600"), ("age", "900")], (60, true)),
            (&[("cache-control", "max-age=5")], (60, true)),
            (&[("cache-control", "max-age=99999999999999999999999")], (86_400, true)),
            (&[("cache-control", "max-age=-1")], (60, true)),
            (&[("cache-control", "max-age=soon")], (60, true)),
            (&[("cache-control", "max-age=600, s-maxage=700")], (700, true)),
            (&[("cache-control", "no-store")], (60, true)),
            (&[("cache-control", "no-cache, max-age=600")], (60, false)),
            (&[("cache-control", "max-age=600"), ("cache-control", "must-revalidate")], (600, false)),
            (&[("expires", "Sun, 09 Sep 2001 02:06:40 GMT")], (1200, true)),
            (&[("expires", "Sun, 09 Sep 2001 02:06:40 GMT"), ("date", "Sun, 09 Sep 2001 02:01:40 GMT")], (300, true)),
            (&[("expires", "Sun, 09 Sep 2001 02:06:40 GMT"), ("cache-control", "max-age=700")], (700, true)),
            (&[("expires", "0")], (60, true)),
            (&[("expires", "Sun, 09 Sep 2001 01:00:00 GMT")], (60, true)),
        ] {
            assert_eq!(freshness(headers), expected, "{headers:?}");
        }
    }
}
