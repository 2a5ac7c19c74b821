//! `registrar serve`: the whole API on one machine.

mod announcement;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::num::{NonZeroU16, NonZeroU32};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use axum::body::Body;
use axum::http::Request;
use shared::App;
use shared::app::{ServiceCaching, Settings};
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::fetch::{Fetch, FetchSettings};
use shared::limits::{self, RateLimit};
use shared::store::Store;
use shared::time::Clock;
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tokio_rustls::TlsAcceptor;

use crate::connections::{self, Limits, Peer};
use crate::console_code::ConsoleCode;
use crate::demo::{self, Addresses, Demo, LoginPlace, OwnService};
use crate::demo_login::DemoLogin;
use crate::embedded::{self, AccessKey, Embedded, TABLE};
use crate::failure::described;
use crate::folder::{DataFolder, KEY, SERVER_CERTIFICATE};
use crate::front::Front;
use crate::gateway::{Client, Gateway};
use crate::host::{self, Hosts};
use crate::print::{complain, say};
use crate::tls::{self, Identity};
use crate::{environment, logging, private, streams};
use announcement::{announce, registration, replaced};

/// Where the embedded DynamoDB listens unless told otherwise, if it can.
const DYNAMODB: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);

/// How long requests that still run may take once the program is told to stop.
const PATIENCE: Duration = Duration::from_secs(5);

/// What strangers of one address may ask here: on one machine everybody has the same.
const ADDRESS: RateLimit = RateLimit::new(50, 100);

/// What all strangers together may ask here.
const SERVICE: RateLimit = RateLimit::new(200, 400);

/// Options of `registrar serve`.
#[derive(clap::Args)]
pub struct Options {
    /// Where the API listens.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where clients reach the API, if not where it listens: through a tunnel, or by a container's name. Requests for its
    /// host are let in.
    #[arg(long, value_name = "URL", value_parser = host::base_url)]
    pub base_url: Option<String>,
    /// A host's name that requests may be for, beside that of --base-url, `localhost` and addresses; may be repeated.
    #[arg(long = "allowed-host", value_name = "NAME", value_parser = host::name)]
    pub allowed_hosts: Vec<String>,
    /// Let people log in: a demo authorization server for the demo service, with a login page that believes everybody.
    #[arg(long)]
    pub demo_login: bool,
    /// The service whose metadata is answered at `/.well-known/oauth-authorization-server` and the like, where paths name
    /// none.
    #[arg(long, value_name = "SERVICE")]
    pub default_service: Option<u64>,
    /// Where the embedded DynamoDB listens [default: 127.0.0.1:8000, or a free port if that is taken].
    #[arg(long, value_name = "ADDRESS")]
    pub dynamodb_listen: Option<SocketAddr>,
    /// The folder for the table, its key and demo.json [default: .registrar, with --memory .registrar/memory].
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
    /// Keep the table in memory: everything is gone when the program ends.
    #[arg(long)]
    pub memory: bool,
    /// Requests per second that each token of an operator may make.
    #[arg(long, value_name = "REQUESTS", default_value_t = RateLimit::TOKEN.rate)]
    pub token_rate: NonZeroU32,
    /// Requests that each token of an operator may make at once.
    #[arg(long, value_name = "REQUESTS", default_value_t = RateLimit::TOKEN.burst)]
    pub token_burst: NonZeroU32,
    /// Requests per second that strangers of one address may make of a service.
    #[arg(long, value_name = "REQUESTS", default_value_t = ADDRESS.rate)]
    pub address_rate: NonZeroU32,
    /// Requests that strangers of one address may make of a service at once.
    #[arg(long, value_name = "REQUESTS", default_value_t = ADDRESS.burst)]
    pub address_burst: NonZeroU32,
    /// Requests per second that all strangers together may make of a service.
    #[arg(long, value_name = "REQUESTS", default_value_t = SERVICE.rate)]
    pub service_rate: NonZeroU32,
    /// Requests that all strangers together may make of a service at once.
    #[arg(long, value_name = "REQUESTS", default_value_t = SERVICE.burst)]
    pub service_burst: NonZeroU32,
    /// The service behind Identity Center's paths, which name none [default: the demo service].
    #[arg(long, value_name = "SERVICE")]
    pub identity_center_service: Option<u64>,
    /// The service behind STET's paths, which name none [default: a demo service that trusts the authorities of
    /// --client-ca].
    #[arg(long, value_name = "SERVICE")]
    pub stet_service: Option<u64>,
    /// Where STET's API listens, with mutual TLS; absent is nowhere.
    #[arg(long, value_name = "ADDRESS", requires = "client_ca")]
    pub stet_listen: Option<SocketAddr>,
    /// The certification authorities whose client certificates STET's API lets in, PEM.
    #[arg(long, value_name = "FILE", requires = "stet_listen")]
    pub client_ca: Option<PathBuf>,
    /// Listen with TLS: issuers are then https URLs, as federations need them.
    #[arg(long)]
    pub tls: bool,
    /// The certificate that is shown, PEM; absent is a new one, in server.pem.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Its key, PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// Certification authorities that are trusted beside the usual ones when something is fetched, PEM.
    #[arg(long, value_name = "FILE")]
    pub extra_ca: Option<PathBuf>,
    /// Something that may be fetched from although it is not public or not on port 443; may be repeated.
    #[arg(long, value_name = "HOST:PORT")]
    pub reachable: Vec<String>,
    /// How many connections there are at once to each address; further ones wait.
    #[arg(long, value_name = "CONNECTIONS", default_value = "256")]
    pub connections: NonZeroU16,
    /// How many seconds a connection may be silent, and a request may take to arrive.
    #[arg(long, value_name = "SECONDS", default_value = "30")]
    pub patience: NonZeroU16,
}

impl Options {
    fn limits(&self) -> Limits {
        let patience = Duration::from_secs(self.patience.get().into());
        Limits { connections: self.connections.get().into(), patience }
    }

    /// Each request to the API, and to STET's, may hold a connection to the table.
    fn table_limits(&self) -> Limits {
        let limits = self.limits();
        Limits { connections: 2 * limits.connections, ..limits }
    }

    fn token_limit(&self) -> RateLimit {
        RateLimit { rate: self.token_rate, burst: self.token_burst }
    }

    fn address_limit(&self) -> RateLimit {
        RateLimit { rate: self.address_rate, burst: self.address_burst }
    }

    fn service_limit(&self) -> RateLimit {
        RateLimit { rate: self.service_rate, burst: self.service_burst }
    }

    fn hosts(&self) -> Vec<String> {
        self.allowed_hosts.iter().cloned().chain(self.base_url.as_deref().and_then(host::name_of)).collect()
    }

    /// The port is looked at before the table is opened there.
    async fn table_address(&self) -> Result<SocketAddr> {
        match self.dynamodb_listen {
            Some(asked) => listening(asked, "--dynamodb-listen").await.map(|_| asked),
            None if TcpListener::bind(DYNAMODB).await.is_ok() => Ok(DYNAMODB),
            None => Ok(SocketAddr::new(DYNAMODB.ip(), 0)),
        }
    }
}

/// Runs until it is told to stop by Ctrl-C or SIGTERM.
///
/// # Errors
/// If an address, the data folder or the table cannot be used.
pub async fn run(options: Options) -> Result<()> {
    logging::start();
    let data = DataFolder::take(options.data.as_deref(), options.memory)?;
    let listener = listening(options.listen, "--listen").await?;
    let access_key = access_key(data.path())?;
    let key = key(&data)?;
    let file = data.table();
    let file = (!options.memory).then_some(file.as_path());
    let database = Embedded::start(file, options.table_address().await?, &access_key, options.table_limits()).await?;
    let address = listener.local_addr()?;
    let own_url = || format!("{}://{}", if options.tls { "https" } else { "http" }, host::reached(address));
    let base_url = options.base_url.clone().unwrap_or_else(own_url);
    data.announce(&base_url)?;
    let fetch = Fetch::new(fetch_settings(&options)?);
    let table = database.table();
    let settings = settings(&options, &base_url, table.changes().services());
    let mut app = local_app(database.client(), key, fetch, settings);
    let known = Demo::read(&data.file("demo.json"));
    let service = demo::service(&app, known.as_ref()).await?;
    fits(&data, &app, service.id).await?;
    let stet_service = stet_service(&options, &app, known.as_ref()).await?;
    let stet_service_id = stet_service.map(|own| own.id).or(known.as_ref().and_then(|known| known.stet_service_id));
    app.identity_center_service = options.identity_center_service.or(Some(service.id));
    app.stet_service = options.stet_service.or(stet_service_id).or(Some(demo::STET_SERVICE_ID));
    let app: &'static App = Box::leak(Box::new(app));
    let identity = identity(&options, &data, address)?;
    let stet = match &identity {
        Some(identity) => stet(&options, app, identity).await?,
        None => None,
    };
    let stet_base_url = stet.as_ref().map(|stet| stet.gateway.base_url());
    let addresses = Addresses { base_url, stet_base_url, dynamodb_endpoint: database.url() };
    let before = known.as_ref().map(|known| known.base_url.clone());
    let demo = demo::describe(app, service.id, stet_service_id, addresses, known).await?;
    demo.write(&data.file("demo.json"))?;
    write_environment(&options, &data, app, &access_key, &demo)?;
    let tls = identity.filter(|_| options.tls).map(|identity| tls::acceptor(identity, None)).transpose()?;
    let registration = registration(&options, &data, &demo);
    let front = Front::new(&demo.base_url, demo.service_id, registration.clone(), options.default_service);
    let gateway = Gateway::new(app, address, crate::api_endpoints())?;
    let place = LoginPlace { base_url: &demo.base_url, before: before.as_deref(), is_open: options.demo_login };
    demo::announce_login(app, demo.service_id, &place).await?;
    let login = options.demo_login.then(|| DemoLogin::new(&demo));
    let trial = login.as_ref().map(DemoLogin::trial_url);
    let front = front.with_trial(trial.clone());
    let mut gateway = gateway.with_hosts(Hosts::new(options.hosts())).with_front(front);
    if let Some(login) = login {
        gateway = gateway.with_login(login);
    }
    let minted = ConsoleCode::mint(&app.entropy, &demo.organization_token, app.clock.now());
    let (console_code, code) = minted.map_err(described)?;
    let gateway = gateway.with_console_code(console_code);
    let api = Listening { listener, tls, gateway };
    let told = [told_to_stop()?, told_to_stop()?, told_to_stop()?];
    let working = [tokio::spawn(streams::follow(Arc::clone(&table), app)), tokio::spawn(streams::sweep(table, app))];
    announce(&options, &data, &demo, app.stet_service, &own_url(), &registration);
    for own in [Some(service), stet_service].into_iter().flatten() {
        replaced(own);
    }
    warn_of_absent(&options, app).await?;
    say!("\nOpen the console (once, within ten minutes)\n  {}/console#code={code}", own_url());
    if let Some(trial) = trial {
        say!("\nLog in, and get a token\n  {trial}");
    }
    say!("\nCtrl-C ends it.");
    serve_until(told, api, stet, options.limits()).await;
    for task in working {
        task.abort();
        let _ = task.await;
    }
    let _ = tokio::time::timeout(PATIENCE, database.stop()).await;
    Ok(())
}

/// Answers until the program is told to stop, and a while longer to those who wait for an answer.
async fn serve_until(
    [stopped, stet_stopped, ending]: [impl Future<Output = ()>; 3],
    api: Listening,
    stet: Option<Listening>,
    limits: Limits,
) {
    let serving = api.serve(limits, stopped);
    let serving_stet = async {
        if let Some(stet) = stet {
            stet.serve(limits, stet_stopped).await;
        }
    };
    let ending = async {
        ending.await;
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! {
        _ = async { tokio::join!(serving, serving_stet) } => {}
        () = ending => {}
    }
}

/// An API that listens.
struct Listening {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
    gateway: Gateway,
}

impl Listening {
    async fn serve(self, limits: Limits, stopped: impl Future<Output = ()>) {
        let gateway = Arc::new(self.gateway.with_patience(limits.patience));
        let answer = move |request: Request<Body>, peer: Arc<Peer>| {
            let gateway = Arc::clone(&gateway);
            async move {
                let Peer { address, secure, certificate } = peer.as_ref();
                let client = Client { address: *address, secure: *secure, certificate: certificate.as_deref() };
                gateway.answer(request, client).await
            }
        };
        connections::serve(self.listener, self.tls, limits, answer, stopped).await;
    }
}

/// What the server shows of itself, if it is to listen with TLS; its certificate is left where clients find it.
fn identity(options: &Options, data: &DataFolder, address: SocketAddr) -> Result<Option<Identity>> {
    if !options.tls && options.stet_listen.is_none() {
        return if options.tls_cert.is_none() { Ok(None) } else { bail!("--tls-cert needs --tls or --stet-listen") };
    }
    let identity = if let (Some(certificate), Some(key)) = (&options.tls_cert, &options.tls_key) {
        Identity::read(certificate, key)?
    } else {
        let addresses = options.stet_listen.into_iter().chain([address]);
        let addresses = addresses.map(|address| host::reached(address).ip().to_string());
        Identity::generated(addresses.chain(options.hosts()))?
    };
    let file = data.file(SERVER_CERTIFICATE);
    private::write(&file, identity.certificate.as_bytes()).context("cannot write server.pem")?;
    Ok(Some(identity))
}

/// What this machine may fetch beyond what a deployment may.
fn fetch_settings(options: &Options) -> Result<FetchSettings> {
    let read = |path: &PathBuf| std::fs::read(path).with_context(|| format!("cannot read {}", path.display()));
    Ok(FetchSettings {
        extra_ca: options.extra_ca.as_ref().map(read).transpose()?,
        reachable: options.reachable.clone(),
    })
}

/// The service behind STET's paths, if STET's API is to listen and no other one is named: it trusts the same authorities.
async fn stet_service(options: &Options, app: &App, known: Option<&Demo>) -> Result<Option<OwnService>> {
    let (None, Some(client_ca)) = (options.stet_service, &options.client_ca) else { return Ok(None) };
    let anchors = std::fs::read_to_string(client_ca).with_context(|| format!("cannot read {}", client_ca.display()))?;
    let service = demo::stet_service(app, &anchors, known).await;
    service.map(Some).with_context(|| format!("no service can trust the authorities of {}", client_ca.display()))
}

/// STET's API, if it is to listen.
async fn stet(options: &Options, app: &'static App, identity: &Identity) -> Result<Option<Listening>> {
    let (Some(listen), Some(client_ca)) = (options.stet_listen, &options.client_ca) else { return Ok(None) };
    let listener = listening(listen, "--stet-listen").await?;
    let address = listener.local_addr()?;
    let tls = Some(tls::acceptor(identity.clone(), Some(client_ca))?);
    let gateway = Gateway::new(app, address, crate::stet_endpoints())?.with_hosts(Hosts::new(options.hosts()));
    Ok(Some(Listening { listener, tls, gateway }))
}

/// What listens at the address of an option.
pub(crate) async fn listening(address: SocketAddr, option: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| {
        let reason = match error.kind() {
            ErrorKind::AddrInUse => "another program does".to_owned(),
            _ => error.to_string(),
        };
        let free = SocketAddr::new(address.ip(), 0);
        anyhow!("cannot listen on {address}: {reason}; give another address with {option}, {free} for a free port")
    })
}

/// Services are cached until one is written: all writes pass through this process, those of the command line too.
fn settings(options: &Options, base_url: &str, services: Arc<AtomicU64>) -> Settings {
    Settings {
        base_url: Some(base_url.to_owned()),
        service_cache: ServiceCaching::UntilWritten(services),
        token_limit: options.token_limit(),
        address_limit: options.address_limit(),
        service_limit: options.service_limit(),
        limit_patience: limits::PATIENCE,
        identity_center_service: options.identity_center_service,
        stet_service: options.stet_service,
        metrics: None,
    }
}

/// Warns of services that options name and that are not there; they may be made while the program runs.
async fn warn_of_absent(options: &Options, app: &App) -> Result<()> {
    let named = [
        ("default-service", options.default_service),
        ("identity-center-service", options.identity_center_service),
        ("stet-service", options.stet_service),
    ];
    for (option, id) in named.into_iter().filter_map(|(option, id)| Some((option, id?))) {
        if app.store.service(id).await.map_err(described)?.is_none() {
            complain(&format!("warning: there is no service {id}, which --{option} names, until it is made"));
        }
    }
    Ok(())
}

/// The application against an embedded table.
fn local_app(table: aws_sdk_dynamodb::Client, key: KeyEncryption, fetch: Fetch, settings: Settings) -> App {
    let clock = Clock::system();
    App::new(Store::new(table, TABLE, clock.clone()), key, fetch, clock, Entropy::system(), settings)
}

/// The key that takes the place of KMS: made at the first start, before the table, which nothing opens with another one.
fn key(data: &DataFolder) -> Result<KeyEncryption> {
    let path = data.file(KEY);
    if !path.exists() {
        let (folder, file) = (data.path().display(), path.display());
        ensure!(
            !data.table().exists(),
            "the folder {folder} has a table and no longer its key, {file}: bring that file back, or give another folder \
             with --data"
        );
        let key: [u8; 32] = Entropy::system().bytes().map_err(described)?;
        private::write(&path, &key).with_context(|| format!("cannot write {file}"))?;
    }
    private::close(&path).with_context(|| format!("cannot close {} to others", path.display()))?;
    let key = std::fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
    KeyEncryption::file(&key)
        .map_err(described)
        .with_context(|| format!("{} is not a key: bring the file back as it was", path.display()))
}

/// Refuses a key that does not open what the table has.
async fn fits(data: &DataFolder, app: &App, service: u64) -> Result<()> {
    let Some(service) = app.store.service(service).await.map_err(described)? else { return Ok(()) };
    let (id, key) = (service.id, data.file(KEY));
    service.opens_with(&app.keys).await.map_err(described).with_context(|| {
        format!(
            "{} is not the key of the table beside it, which has service {id}: bring the file back, or give another \
             folder with --data",
            key.display()
        )
    })
}

/// The access key of the folder's table: made at the first start.
fn access_key(data: &Path) -> Result<AccessKey> {
    environment::access_key(data)?.map_or_else(|| AccessKey::mint(&Entropy::system()), Ok)
}

/// The environment for `cargo lambda watch` and the administration commands.
fn write_environment(
    options: &Options,
    data: &DataFolder,
    app: &App,
    access_key: &AccessKey,
    demo: &Demo,
) -> Result<()> {
    let key = std::path::absolute(data.file(KEY))?;
    let limits = [options.token_limit(), options.address_limit(), options.service_limit()];
    let [token, address, service] = limits.map(|limit| [limit.rate.to_string(), limit.burst.to_string()]);
    let ([token_rate, token_burst], [address_rate, address_burst], [service_rate, service_burst]) =
        (token, address, service);
    let number = |service: Option<u64>| service.map(|id| id.to_string()).unwrap_or_default();
    let (identity_center_service, stet_service) = (number(app.identity_center_service), number(app.stet_service));
    let extra_ca = options.extra_ca.as_ref().map(std::path::absolute).transpose()?;
    let extra_ca = extra_ca.as_deref().and_then(Path::to_str).unwrap_or_default();
    let reachable = options.reachable.join(",");
    let variables = [
        (environment::ENDPOINT_URL, demo.dynamodb_endpoint.as_str()),
        ("AWS_REGION", embedded::REGION),
        ("AWS_DEFAULT_REGION", embedded::REGION), // the AWS CLI 1 reads no other
        (environment::ACCESS_KEY, access_key.expose()),
        ("AWS_SECRET_ACCESS_KEY", embedded::SECRET),
        ("REGISTRAR_TABLE", TABLE),
        ("REGISTRAR_KEY_FILE", key.to_str().context("the path of the data folder is not UTF-8")?),
        ("REGISTRAR_BASE_URL", &demo.base_url),
        ("REGISTRAR_TOKEN_RATE", &token_rate),
        ("REGISTRAR_TOKEN_BURST", &token_burst),
        ("REGISTRAR_ADDRESS_RATE", &address_rate),
        ("REGISTRAR_ADDRESS_BURST", &address_burst),
        ("REGISTRAR_SERVICE_RATE", &service_rate),
        ("REGISTRAR_SERVICE_BURST", &service_burst),
        ("REGISTRAR_IDENTITY_CENTER_SERVICE", &identity_center_service),
        ("REGISTRAR_STET_SERVICE", &stet_service),
        (environment::EXTRA_CA, extra_ca),
        (environment::REACHABLE, &reachable),
    ];
    environment::write(data.path(), &variables)
}

/// Ends with Ctrl-C or SIGTERM, listening from now on.
pub(crate) fn told_to_stop() -> Result<impl Future<Output = ()> + Send + 'static> {
    let (mut interrupted, mut terminated) = (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupted.recv() => {}
            _ = terminated.recv() => {}
        }
    })
}
