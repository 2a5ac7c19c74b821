//! The one way out: https only (revocation lists apart), no redirects, no proxy, never into a private network.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use jsonwebtoken::jwk::JwkSet;
use reqwest::dns::{Name, Resolve, Resolving};
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use reqwest::redirect;
use serde_json::Value;
use tokio::sync::OnceCell;
use url::{Host, Url};

use crate::error::Source;
use crate::time::Clock;
use crate::trusted_issuer::verification_keys;

/// Seconds for which an issuer's keys are used again without being fetched.
pub const KEYS_FRESH: u64 = 300;

/// Seconds after which they are fetched again because none of them verifies a signature, or because they could not
/// be fetched: no stranger makes us ask more often.
pub const KEYS_AGAIN: u64 = 10;

/// Seconds for which a revocation list is used again without being fetched.
const LISTS_FRESH: u64 = 3600;

/// The largest revocation list that is read, in bytes.
const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;

/// How many issuers' keys are kept.
const MOST_KEYS: usize = 256;

/// How many revocation lists are kept.
const MOST_LISTS: usize = 16;

/// Fetches documents of strangers. The HTTP client is built at first use.
#[derive(Debug)]
pub struct Fetch {
    client: OnceCell<reqwest::Client>,
    /// For the pairs that settings name, and for nothing else.
    client_of_reachable: OnceCell<reqwest::Client>,
    settings: FetchSettings,
    keys: Cache<JwkSet>,
    lists: Cache<Arc<[u8]>>,
}

/// The way out for one service: what it has fetched, or could not fetch, is known to no other.
#[derive(Debug, Clone, Copy)]
pub struct ServiceFetch<'f> {
    fetch: &'f Fetch,
    service_id: u64,
}

/// A service and a URL that was asked for it.
type Asked = (u64, String);

/// What was fetched: when it was asked, and the document, unless that failed.
#[derive(Debug)]
struct Cache<T> {
    most: usize,
    documents: Mutex<HashMap<Asked, (u64, Option<T>)>>,
}

impl<T: Clone> Cache<T> {
    fn of(most: usize) -> Self {
        Self { most, documents: Mutex::default() }
    }

    /// The document, if it is at most `fresh` seconds old.
    fn known(&self, asked: &Asked, fresh: u64, now: u64) -> Result<Option<T>, FetchError> {
        match self.lock().get(asked) {
            Some((fetched, Some(known))) if now.saturating_sub(*fetched) < fresh => Ok(Some(known.clone())),
            Some((failed, None)) if now.saturating_sub(*failed) < KEYS_AGAIN => Err(FetchError::FailedBefore),
            _ => Ok(None),
        }
    }

    /// Where there is no room, what was asked first makes some.
    fn keep(&self, asked: Asked, now: u64, outcome: Result<T, FetchError>) -> Result<T, FetchError> {
        let mut documents = self.lock();
        if documents.len() >= self.most && !documents.contains_key(&asked) {
            let first = documents.iter().min_by_key(|(_, (when, _))| *when).map(|(first, _)| first.clone());
            first.and_then(|first| documents.remove(&first));
        }
        documents.insert(asked, (now, outcome.as_ref().ok().cloned()));
        outcome
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Asked, (u64, Option<T>)>> {
        self.documents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a test or a development setup allows beyond the rules; empty for a deployment.
#[derive(Debug, Default, Clone)]
pub struct FetchSettings {
    /// A further certification authority, PEM.
    pub extra_ca: Option<Vec<u8>>,
    /// `host:port` pairs that may be reached although they are not public or not port 443.
    pub reachable: Vec<String>,
}

/// Why nothing was fetched.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// Not an https URL of a public host on its usual port, or for a revocation list an http one.
    #[error("the URL is not allowed")]
    NotAllowed,
    /// The document is larger than asked for.
    #[error("the document is too large")]
    TooLarge,
    /// An answer other than 200; redirects are not followed.
    #[error("the answer was {0}")]
    Status(u16),
    /// The host does not resolve, answer or prove who it is.
    #[error("the host could not be asked")]
    Failed(#[source] Source),
    /// The same failed a moment ago, and is not tried again yet.
    #[error("it could not be fetched a moment ago")]
    FailedBefore,
    /// Not the document that was asked for.
    #[error("the document is malformed")]
    Malformed,
}

impl FetchError {
    /// Whether the same may be there in a moment: the host did not answer in time, or not with what it has.
    #[must_use]
    pub fn may_pass(&self) -> bool {
        match self {
            // RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4, RFC 9110 §15.6.
            Self::Status(status) => matches!(status, 408 | 425 | 429 | 500..),
            Self::Failed(_) | Self::FailedBefore => true,
            Self::NotAllowed | Self::TooLarge | Self::Malformed => false,
        }
    }

    /// Whether it is the host that cannot be reached, whatever is asked of it: it does not resolve, take connections or
    /// prove who it is.
    #[must_use]
    pub fn is_the_hosts(&self) -> bool {
        match self {
            Self::Failed(source) => source.downcast_ref::<reqwest::Error>().is_some_and(reqwest::Error::is_connect),
            _ => false,
        }
    }
}

impl Fetch {
    /// With the rules and what `settings` add to them.
    #[must_use]
    pub fn new(settings: FetchSettings) -> Self {
        Self {
            client: OnceCell::new(),
            client_of_reachable: OnceCell::new(),
            settings,
            keys: Cache::of(MOST_KEYS),
            lists: Cache::of(MOST_LISTS),
        }
    }

    /// The document at `url`, if it is at most `max_bytes` long and there before `end`.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get(&self, url: &str, max_bytes: usize, end: Instant) -> Result<Vec<u8>, FetchError> {
        self.document(url, &["https"], &[], max_bytes, end).await
    }

    /// Host and port of a URL that [`get`](Self::get) may ask.
    ///
    /// # Errors
    /// [`FetchError::NotAllowed`].
    pub fn host(&self, url: &str) -> Result<String, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::NotAllowed)?;
        self.permit(&url, &["https"], &[]).map(|permitted| permitted.pair)
    }

    /// As [`get`](Self::get), where an operator has named some `host:port` pairs, whose hosts are public as all are.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn get_at(
        &self,
        url: &str,
        named: &[String],
        max_bytes: usize,
        end: Instant,
    ) -> Result<Vec<u8>, FetchError> {
        self.document(url, &["https"], named, max_bytes, end).await
    }

    /// The answer at `url` to a request with those headers and no others of ours, before its document is read. It is
    /// given up at `end`, document and all.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn ask(&self, url: &str, headers: HeaderMap, end: Instant) -> Result<reqwest::Response, FetchError> {
        self.answer(url, &["https"], &[], headers, end).await
    }

    /// Whether settings name that `host:port`, so that no rule about hosts applies to it.
    #[must_use]
    pub fn is_reachable(&self, pair: &str) -> bool {
        self.settings.reachable.iter().any(|reachable| reachable == pair)
    }

    /// The same for that service, with what it has fetched before.
    #[must_use]
    pub fn of(&self, service_id: u64) -> ServiceFetch<'_> {
        ServiceFetch { fetch: self, service_id }
    }

    async fn document(
        &self,
        url: &str,
        schemes: &[&str],
        named: &[String],
        max_bytes: usize,
        end: Instant,
    ) -> Result<Vec<u8>, FetchError> {
        let headers = HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json, */*;q=0.5"))]);
        read(self.answer(url, schemes, named, headers, end).await?, max_bytes).await
    }

    async fn answer(
        &self,
        url: &str,
        schemes: &[&str],
        named: &[String],
        headers: HeaderMap,
        end: Instant,
    ) -> Result<reqwest::Response, FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::NotAllowed)?;
        let client = if self.permit(&url, schemes, named)?.is_reachable {
            let exempt = &self.settings.reachable;
            self.client_of_reachable.get_or_try_init(|| async { build(&self.settings, exempt) }).await?
        } else {
            self.client.get_or_try_init(|| async { build(&self.settings, &[]) }).await?
        };
        let request = client.get(url).headers(headers).timeout(end.saturating_duration_since(Instant::now()));
        request.send().await.map_err(failed)
    }

    fn permit(&self, url: &Url, schemes: &[&str], named: &[String]) -> Result<Permitted, FetchError> {
        let host = url.host_str().ok_or(FetchError::NotAllowed)?;
        let port = url.port_or_known_default().ok_or(FetchError::NotAllowed)?;
        if !schemes.contains(&url.scheme()) || !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::NotAllowed);
        }
        let pair = format!("{host}:{port}");
        if self.is_reachable(&pair) {
            return Ok(Permitted { pair, is_reachable: true });
        }
        let literal_is_public = match url.host() {
            Some(Host::Ipv4(address)) => is_public(IpAddr::V4(address)),
            Some(Host::Ipv6(address)) => is_public(IpAddr::V6(address)),
            Some(Host::Domain(_)) => true,
            None => false,
        };
        let port_is_usual = url.port().is_none() || named.contains(&pair);
        if port_is_usual && literal_is_public {
            Ok(Permitted { pair, is_reachable: false })
        } else {
            Err(FetchError::NotAllowed)
        }
    }
}

impl ServiceFetch<'_> {
    /// The keys behind a trusted issuer's `jwks_uri`, at most `fresh` seconds old.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn jwks(&self, url: &str, fresh: u64, clock: &Clock, end: Instant) -> Result<JwkSet, FetchError> {
        let (asked, now) = (self.asked(url), clock.now());
        if let Some(known) = self.fetch.keys.known(&asked, fresh, now)? {
            return Ok(known);
        }
        let document = self.fetch.get(url, 64 * 1024, end).await;
        let keys = document.and_then(|document| {
            let set = serde_json::from_slice::<Value>(&document).ok();
            let keys = set.as_ref().and_then(|set| set.get("keys")?.as_array()).ok_or(FetchError::Malformed)?;
            Ok(verification_keys(keys))
        });
        self.fetch.keys.keep(asked, now, keys)
    }

    /// A revocation list (RFC 5280 §4.2.1.13), at most an hour old. It is signed, and authorities publish it over
    /// plain http: here alone that is allowed, on port 80.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn revocation_list(&self, url: &str, clock: &Clock, end: Instant) -> Result<Arc<[u8]>, FetchError> {
        let (asked, now) = (self.asked(url), clock.now());
        if let Some(known) = self.fetch.lists.known(&asked, LISTS_FRESH, now)? {
            return Ok(known);
        }
        let list = self.fetch.document(url, &["https", "http"], &[], MAX_LIST_BYTES, end).await.map(Arc::from);
        self.fetch.lists.keep(asked, now, list)
    }

    fn asked(&self, url: &str) -> Asked {
        (self.service_id, url.to_owned())
    }
}

/// Where a URL may lead.
struct Permitted {
    /// Host and port.
    pair: String,
    /// Whether settings name them, wherever they are; else the host is public.
    is_reachable: bool,
}

fn build(settings: &FetchSettings, exempt: &[String]) -> Result<reqwest::Client, FetchError> {
    let mut builder = reqwest::Client::builder()
        .no_proxy()
        .redirect(redirect::Policy::none())
        .referer(false)
        .connect_timeout(Duration::from_secs(2))
        .dns_resolver(PublicOnly { exempt: exempt.to_vec() });
    if let Some(ca) = &settings.extra_ca {
        let authorities = reqwest::Certificate::from_pem_bundle(ca).map_err(failed)?;
        if authorities.is_empty() {
            return Err(FetchError::Failed("there is no certificate in the file of further authorities".into()));
        }
        builder = builder.tls_certs_merge(authorities);
    }
    builder.build().map_err(failed)
}

/// The document of an answer, if it is 200 and no larger than that.
///
/// # Errors
/// [`FetchError::Status`], [`FetchError::TooLarge`], or what became of the connection.
pub async fn read(response: reqwest::Response, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
    if response.status() != 200 {
        return Err(FetchError::Status(response.status().as_u16()));
    }
    read_content(response, max_bytes).await
}

/// The content of an answer, if it is no larger than that.
///
/// # Errors
/// [`FetchError::TooLarge`], or what became of the connection.
pub(crate) async fn read_content(mut response: reqwest::Response, max_bytes: usize) -> Result<Vec<u8>, FetchError> {
    if response.content_length().is_some_and(|length| usize::try_from(length).map_or(true, |length| length > max_bytes))
    {
        return Err(FetchError::TooLarge);
    }
    let mut document = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(failed)? {
        if document.len() + chunk.len() > max_bytes {
            return Err(FetchError::TooLarge);
        }
        document.extend_from_slice(&chunk);
    }
    Ok(document)
}

fn failed(error: reqwest::Error) -> FetchError {
    let mut cause: Option<&dyn std::error::Error> = Some(&error);
    while let Some(found) = cause {
        if found.is::<NotPublic>() {
            return FetchError::NotAllowed;
        }
        cause = found.source();
    }
    FetchError::Failed(error.without_url().into())
}

/// A name that leads nowhere.
#[derive(Debug, thiserror::Error)]
#[error("the host name does not resolve: {0}")]
pub(crate) struct NoAddress(std::io::Error);

/// A name that leads into a private network.
#[derive(Debug, thiserror::Error)]
#[error("the host is not public")]
struct NotPublic;

/// Resolves names to public addresses only. The addresses it returns are the ones that are dialled, so a name
/// cannot change its mind in between.
struct PublicOnly {
    exempt: Vec<String>,
}

impl Resolve for PublicOnly {
    fn resolve(&self, name: Name) -> Resolving {
        let host = name.as_str().to_owned();
        let exempt = self.exempt.iter().any(|pair| pair.rsplit_once(':').is_some_and(|(exempt, _)| exempt == host));
        Box::pin(async move {
            let addresses: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await.map_err(NoAddress)?.collect();
            if exempt || addresses.iter().all(|address| is_public(address.ip())) {
                Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs)
            } else {
                Err(NotPublic.into())
            }
        })
    }
}

/// Whether an address is on the public Internet: none of the special-use blocks of RFC 6890 and its updates,
/// and none that hides an IPv4 address.
pub(crate) fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !(address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b)))
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, ..] = address.segments();
    // Only 2000::/3 is global unicast; within it some blocks are not, or lead to an IPv4 address.
    (a & 0xe000) == 0x2000
        && a != 0x2002
        && !(a == 0x2001 && b < 0x0200)
        && !(a == 0x2001 && b == 0x0db8)
        && !(a == 0x3fff && b < 0x1000)
        && !(a == 0x2620 && b == 0x004f && c == 0x8000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_use_addresses_are_not_public() {
        for text in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "224.0.0.1",
            "255.255.255.255",
            "240.0.0.1",
            "198.18.0.1",
            "192.0.0.8",
            "192.0.2.1",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::",
            "fe80::1",
            "fd00:ec2::254",
            "fc00::1",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "::7f00:1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["8.8.8.8", "1.1.1.1", "2606:4700:4700::1111", "2001:4860:4860::8888", "172.32.0.1", "100.128.0.1"]
        {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn what_is_kept_is_of_one_service_and_makes_room_when_it_is_old() {
        let cache = Cache::of(3);
        let asked = |service_id: u64, url: &str| (service_id, url.to_owned());
        let known = |service_id, url: &str, now| cache.known(&asked(service_id, url), KEYS_FRESH, now);
        cache.keep(asked(1, "https://a.example/"), 100, Ok("of 1")).unwrap();
        cache.keep(asked(2, "https://a.example/"), 101, Ok("of 2")).unwrap();
        cache.keep(asked(1, "https://b.example/"), 102, Err(FetchError::Malformed)).unwrap_err();
        assert_eq!(known(1, "https://a.example/", 103).unwrap(), Some("of 1"));
        assert_eq!(known(2, "https://a.example/", 103).unwrap(), Some("of 2"));
        assert!(matches!(known(1, "https://b.example/", 103), Err(FetchError::FailedBefore)));
        assert_eq!(known(2, "https://b.example/", 103).unwrap(), None, "what failed for one may work for another");
        cache.keep(asked(3, "https://a.example/"), 103, Ok("of 3")).unwrap();
        assert_eq!(known(1, "https://a.example/", 103).unwrap(), None);
        assert_eq!(known(2, "https://a.example/", 103).unwrap(), Some("of 2"));
    }

    #[tokio::test]
    async fn only_https_urls_of_public_hosts_are_fetched() {
        let fetch = Fetch::new(FetchSettings::default());
        let end = Instant::now() + Duration::from_secs(3);
        for url in [
            "http://rp.example/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://169.254.169.254/latest/meta-data",
            "https://rp.example:8443/",
            "https://u:p@rp.example/",
            "file:///etc/passwd",
            "https://0x7f000001/",
            "https://[::ffff:127.0.0.1]/",
            "not a url",
        ] {
            let result = fetch.get(url, 1000, end).await;
            assert!(matches!(result, Err(FetchError::NotAllowed)), "{url}: {result:?}");
        }
        let named = fetch.get("https://localhost/", 1000, end).await;
        assert!(matches!(named, Err(FetchError::NotAllowed)), "a name that resolves to loopback: {named:?}");
    }

    #[tokio::test]
    async fn what_may_pass_is_told_from_what_stays() {
        let failed = || FetchError::Failed("".into());
        for error in [FetchError::Status(500), FetchError::Status(503), FetchError::Status(429), failed()] {
            assert!(error.may_pass() && !error.is_the_hosts(), "{error:?}");
        }
        for error in [
            FetchError::Status(404),
            FetchError::Status(410),
            FetchError::Status(403),
            FetchError::Status(302),
            FetchError::Status(204),
            FetchError::NotAllowed,
            FetchError::TooLarge,
            FetchError::Malformed,
        ] {
            assert!(!error.may_pass() && !error.is_the_hosts(), "{error:?}");
        }
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let fetch = Fetch::new(FetchSettings { reachable: vec![closed.to_string()], ..FetchSettings::default() });
        let end = Instant::now() + Duration::from_secs(3);
        let refused = fetch.get(&format!("https://{closed}/"), 1000, end).await.unwrap_err();
        assert!(refused.may_pass() && refused.is_the_hosts(), "{refused:?}");
    }

    /// Whether a URL is refused because of where its name leads, and not dialled.
    async fn leads_inside(fetch: &Fetch, url: &str, named: &[String]) -> bool {
        let end = Instant::now() + Duration::from_secs(3);
        match fetch.get_at(url, named, 1000, end).await {
            Err(FetchError::NotAllowed) => true,
            Err(FetchError::Failed(_)) => false,
            other => panic!("{url}: {other:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_reachable_is_a_pair_of_host_and_port_and_not_the_host() {
        let reachable = vec!["localhost:1".to_owned()];
        let fetch = Fetch::new(FetchSettings { reachable, ..FetchSettings::default() });
        assert!(!leads_inside(&fetch, "https://localhost:1/", &[]).await, "it is dialled");
        assert!(leads_inside(&fetch, "https://localhost/", &[]).await, "another port of it is not");
    }

    #[tokio::test]
    async fn a_port_that_an_operator_names_leads_to_public_hosts_only() {
        let fetch = Fetch::new(FetchSettings::default());
        assert!(leads_inside(&fetch, "https://localhost:8443/", &["localhost:8443".to_owned()]).await);
        let named = ["127.0.0.1:8443".to_owned()];
        let end = Instant::now() + Duration::from_secs(3);
        let literal = fetch.get_at("https://127.0.0.1:8443/", &named, 1000, end).await;
        assert!(matches!(literal, Err(FetchError::NotAllowed)), "{literal:?}");
    }
}
