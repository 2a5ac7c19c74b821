//! Does the authorization server announce what this service registers? Clients believe the server's metadata (RFC 8414),
//! and find registration, and what they may ask for there, nowhere else.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use axum::http::Uri;
use serde_json::{Map, Value};
use shared::fetch::{Fetch, FetchError};
use shared::metadata::parse_object;
use shared::service::Service;

use super::Finding;
use super::own::Own;
use crate::admin::fetched::fault;

const METADATA: &str = "metadata";
const ISSUER: &str = "issuer";
const REGISTRATION: &str = "registration_endpoint";
const LISTS: &str = "announced";
const ENDPOINTS: &str = "endpoints";
const ISS: &str = "authorization_response_iss_parameter_supported";

/// How long an authorization server may take to answer.
const ASKING: Duration = Duration::from_secs(10);

/// The longest metadata that is read, in bytes.
const MAX_BYTES: usize = 256 * 1024;

/// What the service expects its authorization server to say.
struct Expected {
    issuer: String,
    /// Where clients register; nowhere if they do not register themselves.
    registration: Option<Registration>,
    /// The lists of what clients may ask for, by the names of the metadata.
    lists: Vec<(String, Vec<String>)>,
}

/// Where clients register, as far as it is known.
#[derive(Debug)]
enum Registration {
    At(String),
    /// Some place that ends so.
    Below(String),
}

impl Registration {
    fn is(&self, url: &str) -> bool {
        match self {
            Self::At(at) => url == at,
            Self::Below(path) => url.starts_with("https://") && url.ends_with(path),
        }
    }

    fn place(&self) -> String {
        match self {
            Self::At(at) => at.clone(),
            Self::Below(path) => format!("…{path}"),
        }
    }
}

/// Asks the authorization server of a service, and compares.
pub(super) async fn examine(
    service: &Service,
    base_url: Option<&str>,
    own: Option<&Own>,
    fetch: &Fetch,
) -> Vec<Finding> {
    let Some(expected) = Expected::of(service, base_url) else {
        let sentence =
            "not looked at: where this API is reached is not known, so that the issuer is not; give --base-url";
        return vec![Finding::warning(METADATA, sentence)];
    };
    let own = own.filter(|own| own.has(&expected.issuer));
    if own.is_none() && expected.issuer.starts_with("http://") {
        let sentence = format!("not looked at: {} is for development, and is not asked over http", expected.issuer);
        return vec![Finding::warning(METADATA, sentence)];
    }
    match fetched(&expected.issuer, own, fetch).await {
        Ok((url, metadata)) => {
            let mut findings = vec![Finding::ok(METADATA, format!("it is at {url}"))];
            findings.extend(expected.compared(&metadata));
            findings.extend(dead(service, base_url, &metadata, own, fetch).await);
            findings
        }
        Err(sentence) => vec![Finding::fault(METADATA, sentence)],
    }
}

impl Expected {
    fn of(service: &Service, base_url: Option<&str>) -> Option<Self> {
        let base_url = service.configuration.base_url.as_deref().or(base_url).map(|url| url.trim_end_matches('/'));
        let issuer = match (&service.configuration.issuer, base_url) {
            (Some(issuer), _) => issuer.clone(),
            (None, base_url) => service.issuer(base_url?),
        };
        let registration = match base_url {
            Some(base_url) => Registration::At(service.published_registration_endpoint(base_url)),
            None => match service.published_registration_endpoint("") {
                published if published.starts_with("https://") => Registration::At(published),
                path => Registration::Below(path),
            },
        };
        let metadata = service.metadata(&issuer, "");
        let list = |(name, value): (String, Value)| {
            let values = value.as_array()?.iter().map(|value| value.as_str().map(str::to_owned));
            name.ends_with("_supported").then_some((name, values.collect::<Option<Vec<_>>>()?))
        };
        Some(Self {
            issuer,
            registration: service.policy().dynamic_registration.then_some(registration),
            lists: metadata.into_iter().filter_map(list).collect(),
        })
    }

    fn compared(&self, metadata: &Map<String, Value>) -> Vec<Finding> {
        let mut findings = vec![self.issuer(metadata), self.registration(metadata), iss(metadata)];
        findings.extend(self.lists.iter().flat_map(|(name, values)| list(name, values, metadata)));
        findings
    }

    /// RFC 8414 §3.3: clients compare, and use nothing of metadata with another issuer.
    fn issuer(&self, metadata: &Map<String, Value>) -> Finding {
        match metadata.get(ISSUER).and_then(Value::as_str) {
            Some(issuer) if issuer == self.issuer => Finding::ok(ISSUER, format!("it is {issuer}")),
            Some(other) => Finding::fault(ISSUER, format!("the server says {other}, and the service {}", self.issuer)),
            None => Finding::fault(ISSUER, format!("the server does not say that it is {}", self.issuer)),
        }
    }

    fn registration(&self, metadata: &Map<String, Value>) -> Finding {
        let announced = metadata.get(REGISTRATION).and_then(Value::as_str);
        match (&self.registration, announced) {
            (Some(expected), Some(announced)) if expected.is(announced) => {
                Finding::ok(REGISTRATION, format!("it is {announced}"))
            }
            (Some(expected), Some(announced)) => {
                let sentence =
                    format!("the server sends clients to {announced}, and the service is at {}", expected.place());
                Finding::fault(REGISTRATION, sentence)
            }
            (Some(expected), None) => {
                let sentence =
                    format!("the server does not announce it, so that clients do not find {}", expected.place());
                Finding::fault(REGISTRATION, sentence)
            }
            (None, Some(announced)) => {
                let sentence = format!("the server announces {announced}, and the service lets nobody register");
                Finding::warning(REGISTRATION, sentence)
            }
            (None, None) => Finding::ok(REGISTRATION, "nobody registers, and none is announced"),
        }
    }
}

/// The endpoints that are announced below this service, where nothing is.
async fn dead(
    service: &Service,
    base_url: Option<&str>,
    metadata: &Map<String, Value>,
    own: Option<&Own>,
    fetch: &Fetch,
) -> Vec<Finding> {
    let Some(base_url) = service.configuration.base_url.as_deref().or(base_url) else { return Vec::new() };
    let below = format!("{}/{}/", base_url.trim_end_matches('/'), service.id);
    let mut findings = Vec::new();
    for (name, url) in endpoints(metadata).filter(|(_, url)| url.starts_with(&below)) {
        let Some((.., pair)) = parts(url) else { continue };
        // Whoever knows the place says something else of what it is asked.
        if let Err(FetchError::Status(404)) = got(url, &pair, own, fetch, Instant::now() + ASKING).await {
            let sentence = format!("the server announces {name} at {url}, and nothing is there");
            findings.push(Finding::fault(ENDPOINTS, sentence));
        }
    }
    findings
}

/// The URLs of metadata at which clients ask something, but for where they register (RFC 8414 §2).
fn endpoints(metadata: &Map<String, Value>) -> impl Iterator<Item = (&str, &str)> {
    let is_one = |name: &str| name == "jwks_uri" || name.ends_with("_endpoint") && name != REGISTRATION;
    metadata.iter().filter_map(move |(name, value)| Some((name.as_str(), value.as_str()?)).filter(|_| is_one(name)))
}

/// RFC 9207: a client that knows several servers tells their answers apart by `iss`.
fn iss(metadata: &Map<String, Value>) -> Finding {
    if metadata.get(ISS) == Some(&Value::Bool(true)) {
        Finding::ok(ISS, "answers name the server that gives them (RFC 9207)")
    } else {
        let sentence = "not announced: a client of several servers cannot tell their answers apart (RFC 9207)";
        Finding::warning(ISS, sentence)
    }
}

/// What one side has of a list and the other has not.
fn list(name: &str, values: &[String], metadata: &Map<String, Value>) -> Vec<Finding> {
    let Some(announced) = metadata.get(name).and_then(Value::as_array) else {
        let sentence = format!("the server does not announce {name}, and clients may register {}", values.join(" "));
        return vec![Finding::warning(LISTS, sentence)];
    };
    let ours: BTreeSet<&str> = values.iter().map(String::as_str).collect();
    let theirs: BTreeSet<&str> = announced.iter().filter_map(Value::as_str).collect();
    let only = |these: &BTreeSet<&str>, those: &BTreeSet<&str>| -> Vec<String> {
        these.difference(those).map(|value| (*value).to_owned()).collect()
    };
    let (registered, offered) = (only(&ours, &theirs), only(&theirs, &ours));
    let mut findings = Vec::new();
    if !registered.is_empty() {
        let sentence =
            format!("{name}: clients may register {}, and the server does not announce it", registered.join(" "));
        findings.push(Finding::fault(LISTS, sentence));
    }
    if !offered.is_empty() {
        let sentence = format!("{name}: the server announces {}, and clients may not register it", offered.join(" "));
        findings.push(Finding::warning(LISTS, sentence));
    }
    if findings.is_empty() {
        findings.push(Finding::ok(LISTS, format!("{name}: server and service agree")));
    }
    findings
}

/// The metadata of an issuer and where it was: as RFC 8414 §3 has it, else as OpenID Connect Discovery §4 has it.
/// Over http only at an API of this machine, which the issuer then is.
async fn fetched(issuer: &str, own: Option<&Own>, fetch: &Fetch) -> Result<(String, Map<String, Value>), String> {
    let (origin, path, pair) = parts(issuer).ok_or_else(|| format!("the issuer {issuer} is not a URL"))?;
    let end = Instant::now() + ASKING;
    let places = [
        format!("{origin}/.well-known/oauth-authorization-server{path}"),
        format!("{origin}{path}/.well-known/openid-configuration"),
    ];
    let mut failures = Vec::new();
    for url in places {
        match got(&url, &pair, own, fetch, end).await {
            Ok(document) => {
                let metadata = parse_object(&document).map_err(|_| format!("what is at {url} is not a JSON object"))?;
                return Ok((url, metadata));
            }
            Err(error @ FetchError::NotAllowed) => return Err(fault(&error, &pair)),
            Err(error) => failures.push(format!("{url} ({})", fault(&error, &pair))),
        }
    }
    Err(format!("the metadata cannot be fetched from {}", failures.join(" nor from ")))
}

/// What is at a URL of that host and port.
async fn got(url: &str, pair: &String, own: Option<&Own>, fetch: &Fetch, end: Instant) -> Result<Vec<u8>, FetchError> {
    match own {
        Some(own) => own.get(url, MAX_BYTES, ASKING).await,
        None => fetch.get_at(url, std::slice::from_ref(pair), MAX_BYTES, end).await,
    }
}

/// Scheme and host, path, and host with port.
fn parts(issuer: &str) -> Option<(String, String, String)> {
    let url: Uri = issuer.parse().ok()?;
    let (scheme, authority) = (url.scheme_str()?, url.authority()?);
    let path = url.path().trim_end_matches('/').to_owned();
    Some((
        format!("{scheme}://{authority}"),
        path,
        format!("{}:{}", authority.host(), authority.port_u16().unwrap_or(443)),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::Status;
    use super::*;

    fn expected() -> Expected {
        Expected {
            issuer: "https://as.example".to_owned(),
            registration: Some(Registration::At("https://api.example/1/register".to_owned())),
            lists: vec![(
                "id_token_signing_alg_values_supported".to_owned(),
                vec!["RS256".to_owned(), "ES256".to_owned()],
            )],
        }
    }

    fn found(expected: &Expected, metadata: Value) -> Vec<(&'static str, Status)> {
        let Value::Object(metadata) = metadata else { panic!("no object") };
        expected.compared(&metadata).into_iter().map(|finding| (finding.check, finding.status)).collect()
    }

    #[test]
    fn metadata_is_compared_member_by_member() {
        const OK: Status = Status::Ok;
        let fitting = json!({"issuer": "https://as.example", "registration_endpoint": "https://api.example/1/register",
            "authorization_response_iss_parameter_supported": true,
            "id_token_signing_alg_values_supported": ["ES256", "RS256"]});
        let all = |status: [Status; 4]| -> Vec<(&str, Status)> {
            [ISSUER, REGISTRATION, ISS, LISTS].into_iter().zip(status).collect()
        };
        assert_eq!(found(&expected(), fitting.clone()), all([OK; 4]));
        for (member, value, statuses) in [
            ("issuer", json!("https://as.example/"), [Status::Fault, OK, OK, OK]),
            ("issuer", json!(null), [Status::Fault, OK, OK, OK]),
            ("registration_endpoint", json!("https://as.example/register"), [OK, Status::Fault, OK, OK]),
            ("registration_endpoint", json!(null), [OK, Status::Fault, OK, OK]),
            ("authorization_response_iss_parameter_supported", json!("true"), [OK, OK, Status::Warning, OK]),
            ("id_token_signing_alg_values_supported", json!(["RS256"]), [OK, OK, OK, Status::Fault]),
            (
                "id_token_signing_alg_values_supported",
                json!(["RS256", "ES256", "PS256"]),
                [OK, OK, OK, Status::Warning],
            ),
            ("id_token_signing_alg_values_supported", json!(null), [OK, OK, OK, Status::Warning]),
        ] {
            let mut metadata = fitting.clone();
            metadata[member] = value.clone();
            assert_eq!(found(&expected(), metadata), all(statuses), "{member}: {value}");
        }
        let closed = Expected { registration: None, ..expected() };
        assert_eq!(found(&closed, fitting.clone()), all([OK, Status::Warning, OK, OK]));
        let below = Expected { registration: Some(Registration::Below("/1/register".to_owned())), ..expected() };
        assert_eq!(found(&below, fitting.clone()), all([OK; 4]));
        let elsewhere = Expected { registration: Some(Registration::Below("/2/register".to_owned())), ..expected() };
        assert_eq!(found(&elsewhere, fitting), all([OK, Status::Fault, OK, OK]));
    }

    #[test]
    fn s3_rfc_8414_the_path_of_an_issuer_stands_behind_the_well_known_one() {
        let (origin, path, pair) = parts("https://as.example:8443/tenant/").unwrap();
        assert_eq!(
            (origin.as_str(), path.as_str(), pair.as_str()),
            ("https://as.example:8443", "/tenant", "as.example:8443")
        );
        assert_eq!(parts("https://as.example").unwrap().1, "");
        for wrong in ["/as.example", "as.example", ""] {
            assert!(parts(wrong).is_none(), "{wrong}");
        }
    }
}
