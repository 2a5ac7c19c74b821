//! A table, faults in front of it, and what runs behind them.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use axum::body::{Body, to_bytes};
use axum::http::{Request, header};
use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE, Table};
use registrar::gateway::{Client, Gateway};
use serde_json::{Map, Value};
use shared::App;
use shared::administration::create_numbered_service;
use shared::app::Settings;
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::fetch::{Fetch, FetchSettings};
use shared::limits::RateLimit;
use shared::origin::Origin;
use shared::policy::{Policy, Preset};
use shared::service::ServiceConfiguration;
use shared::store::item::{string, text};
use shared::store::{Item, Store};
use shared::time::Clock;

use crate::fault_proxy::{FaultProxy, Weather};

/// The service at which each registration makes a client.
pub(super) const OPEN: u64 = 1;

/// The service at which those who register the same share a client.
pub(super) const SHARED: u64 = 2;

/// How many instances of the functions there are.
const INSTANCES: u32 = 4;

/// Where the gateway says it is.
const BASE_URL: &str = "https://registrar.example";

/// All of it.
pub(super) struct Installation {
    pub(super) proxy: Arc<FaultProxy>,
    /// The stream function, behind the faults.
    pub(super) stream: &'static App,
    /// Who looks at the table itself.
    pub(super) direct: Instance,
    instances: Vec<Instance>,
    embedded: Embedded,
}

/// An instance of all functions.
#[derive(Clone, Copy)]
pub(super) struct Instance {
    pub(super) app: &'static App,
    gateway: &'static Gateway,
}

/// An answer.
pub(super) struct Reply {
    pub(super) status: u16,
    /// How long to wait, in seconds.
    pub(super) retry_after: u64,
    pub(super) body: Value,
}

impl Reply {
    /// A member that is a text.
    pub(super) fn text(&self, member: &str) -> Result<&str> {
        let text = self.body.get(member).and_then(Value::as_str);
        text.with_context(|| format!("no {member} in {} {}", self.status, self.body))
    }
}

impl Installation {
    pub(super) async fn new(folder: &Path, seed: u64) -> Result<Self> {
        let key = AccessKey::mint(&Entropy::seeded(seed)).map_err(|error| anyhow!("{error}"))?;
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let embedded = Embedded::start(Some(&folder.join("table.db")), listen, &key, Limits::default()).await?;
        let proxy = Arc::new(FaultProxy::start(&embedded.url()).await);
        let mut number = seed;
        let mut instance = |url: &str| {
            number = number.wrapping_add(1);
            Instance::new(url, &key, number)
        };
        let direct = instance(&embedded.url())?;
        let stream = instance(&proxy.url())?.app;
        let instances = (0..INSTANCES).map(|_| instance(&proxy.url())).collect::<Result<_>>()?;
        create_service(direct.app, OPEN, Preset::Open.policy()).await?;
        create_service(direct.app, SHARED, Preset::McpShared.policy()).await?;
        proxy.begin_weather(Weather::new(seed));
        Ok(Self { proxy, stream, direct, instances, embedded })
    }

    /// The instance that a connection ends at.
    pub(super) fn instance(&self, connection: u32) -> Instance {
        self.instances.iter().copied().cycle().nth((connection % INSTANCES) as usize).unwrap_or(self.direct)
    }

    /// The keys of all places by which clients are found.
    pub(super) async fn places(&self) -> Result<BTreeSet<(String, String)>> {
        let scan = self.embedded.client().scan().table_name(TABLE).filter_expression("begins_with(PK, :places)");
        let scan = scan.expression_attribute_values(":places", string("Q#"));
        let mut pages = scan.into_paginator().items().send();
        let mut places = BTreeSet::new();
        while let Some(item) = pages.next().await {
            places.insert(key(&item?)?);
        }
        Ok(places)
    }

    pub(super) fn table(&self) -> Arc<Table> {
        self.embedded.table()
    }

    pub(super) async fn stop(self) {
        self.embedded.stop().await;
    }
}

/// The key of an item.
pub(super) fn key(item: &Item) -> Result<(String, String)> {
    let part = |name: &str| text(item, name).map(str::to_owned).with_context(|| format!("no {name}"));
    Ok((part("PK")?, part("SK")?))
}

async fn create_service(app: &App, id: u64, policy: Policy) -> Result<()> {
    let configuration = ServiceConfiguration::new("reliability", policy);
    let App { store, keys, entropy, .. } = app;
    let made = create_numbered_service(store, keys, entropy, id, &configuration, &Map::new(), &Origin::default()).await;
    made.map_err(|error| anyhow!("{error}"))?;
    Ok(())
}

impl Instance {
    /// It lives as long as the process: handlers ask for no less.
    fn new(url: &str, key: &AccessKey, seed: u64) -> Result<Self> {
        let clock = Clock::system();
        let store = Store::new(embedded::client(url, key), TABLE, clock.clone());
        let keys = KeyEncryption::file(&[7; 32]).map_err(|error| anyhow!("{error}"))?;
        let fetch = Fetch::new(FetchSettings::default());
        let app: &'static App =
            Box::leak(Box::new(App::new(store, keys, fetch, clock, Entropy::seeded(seed), settings())));
        let gateway = Gateway::new(app, SocketAddr::from(([127, 0, 0, 1], 8080)), registrar::endpoints())?;
        Ok(Self { app, gateway: Box::leak(Box::new(gateway)) })
    }

    /// Sends a request with a JSON body, or with none, and with a token or without.
    pub(super) async fn send(&self, method: &str, path: &str, token: Option<&str>, body: String) -> Result<Reply> {
        let mut request = Request::builder().method(method).uri(path).header(header::HOST, "127.0.0.1:8080");
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(token) = token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let address = SocketAddr::from(([192, 0, 2, 7], 50_000));
        let client = Client { address, secure: true, certificate: None };
        let (head, body) = self.gateway.answer(request.body(Body::from(body))?, client).await.into_parts();
        let body = to_bytes(body, usize::MAX).await?;
        let retry_after = head.headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        Ok(Reply {
            status: head.status.as_u16(),
            retry_after: retry_after.unwrap_or_default(),
            body: if body.is_empty() { Value::Null } else { serde_json::from_slice(&body)? },
        })
    }
}

/// A deployment's, but that nobody registers too often.
fn settings() -> Settings {
    let (address_limit, service_limit) = (RateLimit::new(100_000, 1_000_000), RateLimit::new(1_000_000, 10_000_000));
    Settings { base_url: Some(BASE_URL.to_owned()), address_limit, service_limit, ..Settings::default() }
}

/// The path behind the gateway of a URL that it has answered.
pub(super) fn path(url: &str) -> Result<&str> {
    url.strip_prefix(BASE_URL).with_context(|| format!("{url} is elsewhere"))
}
