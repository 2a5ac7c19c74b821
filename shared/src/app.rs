//! What every function has: the table, the keys, the way out, time and randomness.

mod tls;

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

use crate::caller::Operator;
use crate::credentials::{KeyEncryption, decimal};
use crate::entropy::Entropy;
use crate::error::Error;
use crate::fetch::{Fetch, FetchSettings};
use crate::http::{Metrics, Request};
use crate::limits::{Admission, Guest, Limiter, PATIENCE, RateLimit, Strangers};
use crate::metadata_document::Budgets;
use crate::service::Service;
use crate::store::Store;
use crate::time::Clock;

/// How long a deployment uses a service's configuration again without reading it, in milliseconds.
pub const SERVICE_CACHE_MILLIS: u64 = 30_000;

/// How many services an instance keeps.
const MOST_SERVICES: usize = 1024;

/// How long the table may take to say hello before the first request comes.
const WARMING: Duration = Duration::from_millis(500);

/// Everything that outlives a request.
pub struct App {
    /// The table.
    pub store: Store,
    /// What wraps the services' data keys.
    pub keys: KeyEncryption,
    /// The way out.
    pub fetch: Fetch,
    /// The time.
    pub clock: Clock,
    /// Randomness.
    pub entropy: Entropy,
    /// What each token of an operator may ask.
    pub token_limit: Limiter,
    /// What strangers may ask of a service.
    pub strangers: Strangers,
    /// How many metadata documents may be fetched.
    pub document_budgets: Budgets,
    /// The service of fixed paths that name none: Identity Center's.
    pub identity_center_service: Option<u64>,
    /// The service of STET's paths.
    pub stet_service: Option<u64>,
    /// What a deployed function counts; on one machine nothing.
    pub metrics: Option<Metrics>,
    base_url: Option<String>,
    services: ServiceCache,
    has_answered: AtomicBool,
}

/// What a deployment decides.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where this API is reached, without a slash at the end, if not as the gateway says.
    pub base_url: Option<String>,
    /// How long services are cached.
    pub service_cache: ServiceCaching,
    /// What each token of an operator may ask.
    pub token_limit: RateLimit,
    /// What strangers of one address may ask of a service.
    pub address_limit: RateLimit,
    /// What all strangers together may ask of a service.
    pub service_limit: RateLimit,
    /// How long a request waits to be counted, before it passes uncounted.
    pub limit_patience: Duration,
    /// The service of fixed paths that name none: Identity Center's.
    pub identity_center_service: Option<u64>,
    /// The service of STET's paths.
    pub stet_service: Option<u64>,
    /// What a deployed function counts.
    pub metrics: Option<Metrics>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            base_url: None,
            service_cache: ServiceCaching::Millis(SERVICE_CACHE_MILLIS),
            token_limit: RateLimit::TOKEN,
            address_limit: RateLimit::ADDRESS,
            service_limit: RateLimit::SERVICE,
            limit_patience: PATIENCE,
            identity_center_service: None,
            stet_service: None,
            metrics: None,
        }
    }
}

/// How long a service's configuration is used again without being read.
#[derive(Debug, Clone)]
pub enum ServiceCaching {
    /// For so many milliseconds.
    Millis(u64),
    /// Until a service is written: how many times one was, by whoever sees all writes.
    UntilWritten(Arc<AtomicU64>),
}

impl ServiceCaching {
    /// The moment, in what decides how long services are used.
    fn now(&self, clock: &Clock) -> u64 {
        match self {
            Self::Millis(_) => clock.now_millis(),
            Self::UntilWritten(writes) => writes.load(Ordering::Acquire),
        }
    }

    /// Whether what was read at a moment may still be used.
    fn is_fresh(&self, read: u64, now: u64) -> bool {
        match self {
            Self::Millis(lifetime) => now.saturating_sub(read) < *lifetime,
            Self::UntilWritten(_) => read == now,
        }
    }
}

struct ServiceCache {
    caching: ServiceCaching,
    services: Mutex<HashMap<u64, (u64, Arc<Service>)>>,
}

/// A start that cannot succeed.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// Neither `REGISTRAR_KMS_KEY_ID` nor `REGISTRAR_KEY_FILE`.
    #[error("set REGISTRAR_KMS_KEY_ID, or REGISTRAR_KEY_FILE for a key file")]
    NoKey,
    /// The key file.
    #[error("cannot use the key file {path}: {reason}")]
    KeyFile {
        /// Its path.
        path: String,
        /// Why.
        reason: String,
    },
    /// `REGISTRAR_EXTRA_CA_FILE` or `REGISTRAR_REACHABLE` beside `REGISTRAR_KMS_KEY_ID`.
    #[error("REGISTRAR_EXTRA_CA_FILE and REGISTRAR_REACHABLE are for development: a deployment refuses them")]
    Development,
    /// `REGISTRAR_EXTRA_CA_FILE`.
    #[error("cannot read REGISTRAR_EXTRA_CA_FILE: {0}")]
    ExtraCa(String),
    /// A variable that holds something else than the number of a service.
    #[error("{variable} must be the number of a service")]
    ServiceNumber {
        /// The variable of the environment.
        variable: &'static str,
    },
    /// A variable that holds something else than a number.
    #[error("{variable} must be a whole number from 1 to {}", u32::MAX)]
    Number {
        /// The variable of the environment.
        variable: &'static str,
    },
}

impl App {
    /// From its parts.
    #[must_use]
    pub fn new(
        store: Store,
        keys: KeyEncryption,
        fetch: Fetch,
        clock: Clock,
        entropy: Entropy,
        settings: Settings,
    ) -> Self {
        let services = ServiceCache { caching: settings.service_cache, services: Mutex::default() };
        Self {
            store,
            keys,
            fetch,
            clock,
            entropy,
            token_limit: Limiter::new(settings.token_limit).with_patience(settings.limit_patience),
            document_budgets: Budgets::new(settings.limit_patience),
            strangers: Strangers::new(settings.address_limit, settings.service_limit, settings.limit_patience),
            identity_center_service: settings.identity_center_service,
            stet_service: settings.stet_service,
            metrics: settings.metrics,
            base_url: settings.base_url,
            services,
            has_answered: AtomicBool::new(false),
        }
    }

    /// From the environment: `REGISTRAR_TABLE` (default `registrar`), `REGISTRAR_KMS_KEY_ID` or
    /// `REGISTRAR_KEY_FILE`, `REGISTRAR_BASE_URL`, `REGISTRAR_TOKEN_RATE` and `REGISTRAR_TOKEN_BURST` (defaults:
    /// [`RateLimit::TOKEN`]), the same of `ADDRESS` and `SERVICE`, `REGISTRAR_IDENTITY_CENTER_SERVICE`,
    /// `REGISTRAR_STET_SERVICE`, `REGISTRAR_METRICS` (a namespace), `REGISTRAR_METRICS_BY_SERVICE`, and what the AWS SDK
    /// reads; for development `REGISTRAR_EXTRA_CA_FILE` and `REGISTRAR_REACHABLE`. Warms the connection to the table; a
    /// table that does not answer yet is no reason not to start.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn from_env() -> Result<Self, StartError> {
        let settings = Settings {
            base_url: variable("REGISTRAR_BASE_URL"),
            token_limit: limit(["REGISTRAR_TOKEN_RATE", "REGISTRAR_TOKEN_BURST"], variable, RateLimit::TOKEN)?,
            address_limit: limit(["REGISTRAR_ADDRESS_RATE", "REGISTRAR_ADDRESS_BURST"], variable, RateLimit::ADDRESS)?,
            service_limit: limit(["REGISTRAR_SERVICE_RATE", "REGISTRAR_SERVICE_BURST"], variable, RateLimit::SERVICE)?,
            identity_center_service: service_number("REGISTRAR_IDENTITY_CENTER_SERVICE")?,
            stet_service: service_number("REGISTRAR_STET_SERVICE")?,
            metrics: Some(Metrics {
                namespace: variable("REGISTRAR_METRICS"),
                by_service: variable("REGISTRAR_METRICS_BY_SERVICE").is_some(),
            }),
            service_cache: ServiceCaching::Millis(SERVICE_CACHE_MILLIS),
            limit_patience: PATIENCE,
        };
        let config = deployed_configuration().await;
        let keys = match (variable("REGISTRAR_KMS_KEY_ID"), variable("REGISTRAR_KEY_FILE")) {
            (Some(key_id), _) => KeyEncryption::kms(key_id, config.clone()),
            (None, Some(path)) => key_file(&path)?,
            (None, None) => return Err(StartError::NoKey),
        };
        let table = variable("REGISTRAR_TABLE").unwrap_or_else(|| "registrar".to_owned());
        let clock = Clock::system();
        let store = Store::new(aws_sdk_dynamodb::Client::new(&config), table, clock.clone());
        let development = (variable("REGISTRAR_EXTRA_CA_FILE"), variable("REGISTRAR_REACHABLE"));
        let fetch = Fetch::new(fetch_settings(development, variable("REGISTRAR_KMS_KEY_ID").is_some())?);
        let app = Self::new(store, keys, fetch, clock, Entropy::system(), settings);
        match tokio::time::timeout(WARMING, app.store.warm()).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(cause = ?error.source_for_log(), "the table did not answer at start"),
            Err(_) => tracing::warn!("the table did not answer in time at start"),
        }
        Ok(app)
    }

    /// The service of that number.
    ///
    /// # Errors
    /// [`Error::UnknownService`]; [`Error::Unavailable`], [`Error::Internal`].
    pub async fn service(&self, id: u64) -> Result<Arc<Service>, Error> {
        let caching = &self.services.caching;
        let now = caching.now(&self.clock);
        let known = self.lock_services().get(&id).cloned();
        if let Some((read, service)) = &known
            && caching.is_fresh(*read, now)
        {
            return Ok(Arc::clone(service));
        }
        let Some(mut service) = self.store.service(id).await? else {
            self.lock_services().remove(&id);
            return Err(Error::UnknownService);
        };
        let service = match known {
            // What was made of a configuration stands as long as that does.
            Some((_, known)) if known.version == service.version => known,
            Some((_, known)) => {
                // A service has one data key for good, however that is wrapped.
                service.data_key = Arc::clone(&known.data_key);
                Arc::new(service)
            }
            None => Arc::new(service),
        };
        let mut services = self.lock_services();
        if services.len() >= MOST_SERVICES && !services.contains_key(&id) {
            services.clear();
        }
        services.insert(id, (now, Arc::clone(&service)));
        Ok(service)
    }

    /// The service that a request at that door asked, where there is one; `named` is what its path names.
    pub(crate) fn known_service(&self, door: &str, named: Option<u64>) -> Option<u64> {
        let asked = match door {
            "identity-center" => self.identity_center_service,
            "stet" => self.stet_service,
            _ => named,
        };
        asked.filter(|id| self.lock_services().contains_key(id))
    }

    /// Whether nothing was answered before; asked once for each answer.
    pub(crate) fn starts(&self) -> bool {
        !self.has_answered.swap(true, Ordering::Relaxed)
    }

    /// Where this API is reached, without a slash at the end: as the service says, else as this deployment says,
    /// else as the gateway says; never as a header says.
    #[must_use]
    pub fn base_url(&self, service: &Service, request: &Request) -> String {
        let configured = service.configuration.base_url.as_ref().or(self.base_url.as_ref());
        configured.cloned().unwrap_or_else(|| request.gateway_url())
    }

    /// Counts a stranger's request against what its network and everybody may ask of a service; `what` is a door, or
    /// a part of one with a limit of its own.
    ///
    /// # Errors
    /// What it is told that has to wait.
    pub async fn admit_stranger(&self, request: &Request, service_id: u64, what: &str) -> Result<(), Admission> {
        self.admit_guest(request, service_id, what, Guest::Unknown).await
    }

    /// As [`admit_stranger`](Self::admit_stranger), of one of whom something may be known.
    ///
    /// # Errors
    /// As there.
    pub async fn admit_guest(
        &self,
        request: &Request,
        service_id: u64,
        what: &str,
        guest: Guest,
    ) -> Result<(), Admission> {
        let key = format!("{service_id}#{what}");
        self.strangers.admit(&self.store, &self.clock, &key, &request.source_ip, guest).await
    }

    /// Whether the network of a request has an allowance left for what [`admit_stranger`](Self::admit_stranger) counts, as far
    /// as is known without asking.
    ///
    /// # Errors
    /// What it is told that has to wait.
    pub fn pass_stranger(&self, request: &Request, service_id: u64, what: &str) -> Result<(), Admission> {
        self.strangers.pass(&self.clock, &format!("{service_id}#{what}"), &request.source_ip)
    }

    /// Counts a request of an operator's token against its rate.
    pub async fn admit_operator(&self, operator: &Operator) -> Admission {
        let key = format!("T#{}", operator.token.to_text());
        self.token_limit.admit(&self.store, &self.clock, &key).await
    }

    fn lock_services(&self) -> std::sync::MutexGuard<'_, HashMap<u64, (u64, Arc<Service>)>> {
        self.services.services.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As [`aws_configuration`], for a function, whose start parses no more certificates than it needs.
async fn deployed_configuration() -> aws_config::SdkConfig {
    let loader = configuration_loader();
    match tls::http_client(variable) {
        Some(client) => loader.http_client(client).load().await,
        None => loader.load().await,
    }
}

/// Region, credentials and endpoint as the AWS SDK finds them, with [`timeouts`] and [`retries`].
pub async fn aws_configuration() -> aws_config::SdkConfig {
    configuration_loader().load().await
}

fn configuration_loader() -> aws_config::ConfigLoader {
    let defaults = aws_config::defaults(BehaviorVersion::v2026_01_12());
    defaults.timeout_config(timeouts()).retry_config(retries())
}

/// All waiting for AWS ends before a function's own time does.
#[must_use]
pub fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(Duration::from_secs(1))
        .operation_attempt_timeout(Duration::from_millis(1500))
        .operation_timeout(Duration::from_secs(4))
        .build()
}

/// Throttling, lost answers and passing faults are tried again twice.
#[must_use]
pub fn retries() -> RetryConfig {
    RetryConfig::standard().with_max_attempts(3).with_initial_backoff(Duration::from_millis(50))
}

/// A key file as it is read for [`KeyEncryption::file`].
///
/// # Errors
/// [`StartError::KeyFile`].
pub fn key_file(path: &str) -> Result<KeyEncryption, StartError> {
    let refused = |reason: String| StartError::KeyFile { path: path.to_owned(), reason };
    let bytes = std::fs::read(path).map_err(|error| refused(error.to_string()))?;
    KeyEncryption::file(&bytes).map_err(|_| refused("it must have 32 bytes".to_owned()))
}

/// What a development setup may fetch beyond the rules: `REGISTRAR_EXTRA_CA_FILE`, authorities in PEM, and
/// `REGISTRAR_REACHABLE`, pairs of host and port with commas between. A deployment, which has a KMS key, refuses them.
fn fetch_settings(
    (extra_ca, reachable): (Option<String>, Option<String>),
    deployed: bool,
) -> Result<FetchSettings, StartError> {
    if deployed && (extra_ca.is_some() || reachable.is_some()) {
        return Err(StartError::Development);
    }
    let read = |path: String| std::fs::read(&path).map_err(|error| StartError::ExtraCa(error.to_string()));
    let pairs = reachable.as_deref().unwrap_or_default().split(',').filter(|pair| !pair.is_empty());
    Ok(FetchSettings { extra_ca: extra_ca.map(read).transpose()?, reachable: pairs.map(str::to_owned).collect() })
}

/// A limit whose rate and burst are variables of those names; what is not set stays at its default.
fn limit(
    [rate, burst]: [&'static str; 2],
    variable: impl Fn(&str) -> Option<String>,
    default: RateLimit,
) -> Result<RateLimit, StartError> {
    Ok(RateLimit {
        rate: number(rate, variable(rate), default.rate)?,
        burst: number(burst, variable(burst), default.burst)?,
    })
}

fn number(variable: &'static str, value: Option<String>, default: NonZeroU32) -> Result<NonZeroU32, StartError> {
    value.map_or(Ok(default), |value| value.parse().map_err(|_| StartError::Number { variable }))
}

fn service_number(variable: &'static str) -> Result<Option<u64>, StartError> {
    let Some(text) = self::variable(variable) else { return Ok(None) };
    decimal(&text).map(Some).ok_or(StartError::ServiceNumber { variable })
}

fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deployment_fetches_by_the_rules_alone() {
        let reachable = || Some("localhost:1,localhost:2".to_owned());
        let settings = fetch_settings((None, reachable()), false).unwrap();
        assert_eq!(settings.reachable, ["localhost:1", "localhost:2"]);
        assert!(matches!(fetch_settings((None, reachable()), true), Err(StartError::Development)));
        assert!(matches!(fetch_settings((Some("ca.pem".to_owned()), None), true), Err(StartError::Development)));
        assert!(matches!(fetch_settings((Some("absent".to_owned()), None), false), Err(StartError::ExtraCa(_))));
        assert!(fetch_settings((None, None), true).unwrap().reachable.is_empty());
    }

    #[test]
    fn a_limit_is_two_whole_numbers() {
        let limit = |rate: Option<&str>, burst: Option<&str>| {
            let variable = |name: &str| if name == "RATE" { rate } else { burst }.map(str::to_owned);
            super::limit(["RATE", "BURST"], variable, RateLimit::TOKEN)
        };
        assert_eq!(limit(None, None).unwrap(), RateLimit::new(100, 200));
        assert_eq!(limit(Some("7"), None).unwrap(), RateLimit::new(7, 200));
        assert_eq!(limit(Some("1"), Some("4294967295")).unwrap(), RateLimit::new(1, u32::MAX));
        for wrong in ["0", "-1", "1.5", "1e3", " 1", "many", "4294967296"] {
            let [rate, burst] = [(Some(wrong), None), (None, Some(wrong))].map(|(rate, burst)| limit(rate, burst));
            assert!(rate.unwrap_err().to_string().starts_with("RATE must"), "{wrong}");
            assert!(burst.unwrap_err().to_string().starts_with("BURST must"), "{wrong}");
        }
    }
}
