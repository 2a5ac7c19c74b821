//! A registrar of one test: an embedded table in memory, a fixed clock, seeded randomness.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, LazyLock};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::{HeaderMap, Request};
use matchit::Router;
use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE, Table};
use registrar::gateway::{Client, Gateway};
use registrar::streams::Follower;
use serde_json::{Map, Value, json};
use shared::App;
use shared::administration::replace_service;
use shared::app::{ServiceCaching, Settings};
use shared::caller::Permission;
use shared::credentials::{IdSalt, KeyEncryption, Token, TokenKind};
use shared::entropy::Entropy;
use shared::fetch::{Fetch, FetchSettings};
use shared::http::Response;
use shared::limits::RateLimit;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Policy, Preset};
use shared::registry::Context;
use shared::service::{FEDERATION_JWKS, FederationSettings, Service, ServiceConfiguration};
use shared::store::{NewService, Refused, Store, TokenRecord};
use shared::time::Clock;

use crate::asked::{self, Asked};

/// When the tests happen: 2026-09-21T14:13:20Z.
pub(crate) const NOW: u64 = 1_790_000_000;

/// Where the tests' gateway says it is.
pub(crate) const BASE_URL: &str = "https://registrar.example";

/// The key that wraps data keys, where a test is not about another one.
const KEY: [u8; 32] = [7; 32];

/// A registrar of one test.
pub(crate) struct World {
    /// What the handlers get.
    pub(crate) app: &'static App,
    /// The time, to be moved.
    pub(crate) clock: Clock,
    asked: Asked,
    gateway: Gateway,
    table: Option<Embedded>,
}

/// An embedded table in that file, or in memory.
pub(crate) async fn table(file: Option<&Path>) -> Embedded {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    Embedded::start(file, listen, &access_key(), Limits::default()).await.unwrap()
}

/// The access key of all the tests' tables.
pub(crate) fn access_key() -> AccessKey {
    AccessKey::mint(&Entropy::seeded(0)).unwrap()
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Value,
}

impl Reply {
    /// A member of the body that is a text.
    pub(crate) fn text(&self, member: &str) -> &str {
        self.body[member].as_str().unwrap_or_else(|| panic!("no text {member} in {self:?}"))
    }

    /// A header.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl World {
    /// With a table of its own and service 1, whose registration is open.
    pub(crate) async fn open() -> Self {
        let world = Self::empty().await;
        world.service(1, Preset::Open.policy()).await;
        world
    }

    /// With a table of its own and nothing in it.
    pub(crate) async fn empty() -> Self {
        Self::with(FetchSettings::default()).await
    }

    /// With a table of its own and a way out that reaches more than the rules allow.
    pub(crate) async fn with(fetch: FetchSettings) -> Self {
        Self::with_table(fetch, settings()).await
    }

    /// The same, with service 1 behind the paths that name none.
    pub(crate) async fn at_every_door(fetch: FetchSettings) -> Self {
        let settings = Settings { identity_center_service: Some(1), stet_service: Some(1), ..settings() };
        Self::with_table(fetch, settings).await
    }

    /// With a table of its own, that service behind the paths that name none, and those limits for strangers.
    pub(crate) async fn limited(service_id: u64, address_limit: RateLimit, service_limit: RateLimit) -> Self {
        let limits = Settings { address_limit, service_limit, ..settings() };
        let (identity_center_service, stet_service) = (Some(service_id), Some(service_id));
        let settings = Settings { identity_center_service, stet_service, ..limits };
        Self::with_table(FetchSettings::default(), settings).await
    }

    /// With a table of its own, that service behind Identity Center's paths, and a deployment's limits.
    pub(crate) async fn for_identity_center(service_id: u64) -> Self {
        Self::limited(service_id, RateLimit::ADDRESS, RateLimit::SERVICE).await
    }

    /// With a table of its own and those services behind paths that name none.
    pub(crate) async fn for_fixed_paths(identity_center: u64, stet: u64) -> Self {
        let (identity_center_service, stet_service) = (Some(identity_center), Some(stet));
        let settings = Settings { identity_center_service, stet_service, ..settings() };
        Self::with_table(FetchSettings::default(), settings).await
    }

    /// Against a table that somebody else serves at `url`, with those services behind paths that name none.
    pub(crate) fn at_for_fixed_paths(url: &str, identity_center: u64, stet: u64) -> Self {
        let (identity_center_service, stet_service) = (Some(identity_center), Some(stet));
        Self::build(url, FetchSettings::default(), Settings { identity_center_service, stet_service, ..settings() })
    }

    /// With a table of its own, that way out, and service 1 behind STET's paths with those settings.
    pub(crate) async fn for_stet(fetch: FetchSettings, stet: Value) -> Self {
        let world = Self::with_table(fetch, Settings { stet_service: Some(1), ..settings() }).await;
        world.service(1, Preset::Regulated.policy()).await;
        world.set_stet(stet).await;
        world
    }

    /// The same with that way out, whose limits are so small that whoever asks at once again asks the table.
    pub(crate) fn narrow_at(url: &str, fetch: FetchSettings, identity_center: u64, stet: u64) -> Self {
        let (identity_center_service, stet_service) = (Some(identity_center), Some(stet));
        let limit = RateLimit::new(1, 20);
        let limits = Settings { token_limit: limit, address_limit: limit, service_limit: limit, ..settings() };
        let limit_patience = Duration::from_secs(10);
        Self::build(url, fetch, Settings { identity_center_service, stet_service, limit_patience, ..limits })
    }

    /// Replaces what service 1 asks at the door stet.
    pub(crate) async fn set_stet(&self, stet: Value) {
        let service = self.app.store.service(1).await.unwrap().unwrap();
        let mut configuration = service.configuration;
        configuration.others.insert("stet".to_owned(), stet);
        self.app.store.update_service(1, service.version, &configuration, None, &operator()).await.unwrap();
    }

    async fn with_table(fetch: FetchSettings, settings: Settings) -> Self {
        let table = table(None).await;
        let url = table.url();
        // Tests that are about limits are not about how busy the machine is.
        let settings = Settings { limit_patience: Duration::from_secs(10), ..settings };
        Self { table: Some(table), ..Self::build(&url, fetch, settings) }
    }

    /// Against a table that somebody else serves at `url`.
    pub(crate) fn at(url: &str) -> Self {
        Self::reaching(url, FetchSettings::default())
    }

    /// Against a table that somebody else serves at `url`, with a way out that reaches more than the rules allow.
    pub(crate) fn reaching(url: &str, fetch: FetchSettings) -> Self {
        Self::build(url, fetch, settings())
    }

    /// Against a table that somebody else serves at `url`, with a deployment's limits.
    pub(crate) fn deployed_at(url: &str) -> Self {
        let (address_limit, service_limit) = (RateLimit::ADDRESS, RateLimit::SERVICE);
        Self::build(url, FetchSettings::default(), Settings { address_limit, service_limit, ..settings() })
    }

    /// Another registrar on the same table, with the same randomness from the beginning.
    pub(crate) fn twin(&self) -> Self {
        Self::at(&self.url())
    }

    /// Where its table is.
    pub(crate) fn url(&self) -> String {
        self.table.as_ref().unwrap().url()
    }

    /// The stream function sees what has happened.
    pub(crate) async fn catch_up(&self) {
        let mut follower = Follower::new(self.table());
        self.asked.by(stream::FUNCTION, async { while follower.step(self.app).await.unwrap() > 0 {} }).await;
    }

    /// What the embedded table keeps.
    pub(crate) fn table(&self) -> Arc<Table> {
        self.table.as_ref().unwrap().table()
    }

    /// Another registrar against a table that somebody else serves at `url`, with randomness of its own.
    pub(crate) fn apart_at(url: &str, seed: u64) -> Self {
        Self::of(url, TABLE, KEY, seed)
    }

    /// The same, against a table of that name and with that key.
    pub(crate) fn of(url: &str, table: &str, key: [u8; 32], seed: u64) -> Self {
        Self::with_store(url, table, FetchSettings::default(), settings(), Some(key), seed)
    }

    /// The same, without the key that wraps data keys: it can open and sign nothing.
    pub(crate) fn keyless_at(url: &str, seed: u64) -> Self {
        Self::with_store(url, TABLE, FetchSettings::default(), settings(), None, seed)
    }

    /// All items of the table, as text.
    pub(crate) async fn all_items(&self) -> Vec<String> {
        let client = embedded::client(&self.url(), &access_key());
        let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
        let mut items = Vec::new();
        while let Some(item) = pages.next().await {
            items.push(format!("{:?}", item.unwrap()));
        }
        items
    }

    /// The keys of all items of that type.
    pub(crate) async fn keys(&self, kind: &str) -> BTreeSet<(String, String)> {
        let client = embedded::client(&self.url(), &access_key());
        let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
        let mut keys = BTreeSet::new();
        while let Some(item) = pages.next().await {
            let [partition, sort] = ["PK", "SK"].map(|name| item.as_ref().unwrap()[name].as_s().unwrap().clone());
            if partition.split('#').next() == Some(kind) {
                keys.insert((partition, sort));
            }
        }
        keys
    }

    /// What has ended by the world's clock is removed, as the table does some time afterwards.
    pub(crate) async fn sweep(&self) {
        let client = embedded::client(&self.url(), &access_key());
        let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
        let now = self.clock.now();
        while let Some(item) = pages.next().await {
            let item = item.unwrap();
            let end = item.get("expires_at").map(|end| end.as_n().unwrap().parse::<u64>().unwrap());
            if end.is_some_and(|end| end <= now) {
                let key = ["PK", "SK"].map(|name| (name.to_owned(), item[name].clone()));
                client.delete_item().table_name(TABLE).set_key(Some(key.into())).send().await.unwrap();
            }
        }
    }

    fn build(url: &str, fetch: FetchSettings, settings: Settings) -> Self {
        Self::with_store(url, TABLE, fetch, settings, Some(KEY), 1)
    }

    fn with_store(
        url: &str,
        table: &str,
        fetch: FetchSettings,
        settings: Settings,
        key: Option<[u8; 32]>,
        seed: u64,
    ) -> Self {
        let clock = Clock::fixed(NOW);
        let (asked, entropy) = (Asked::default(), Entropy::seeded(seed));
        let keys = match key {
            Some(key) if asked::is_written_down() => asked.keys(key, &entropy),
            Some(key) => KeyEncryption::file(&key).unwrap(),
            None => KeyEncryption::Absent,
        };
        let store = Store::new(asked.of(embedded::client(url, &access_key())), table, clock.clone());
        let app = App::new(store, keys, Fetch::new(fetch), clock.clone(), entropy, settings);
        let app: &'static App = Box::leak(Box::new(app));
        let gateway = Gateway::new(app, SocketAddr::from(([127, 0, 0, 1], 8080)), registrar::endpoints()).unwrap();
        Self { app, clock, asked, gateway, table: None }
    }

    /// Makes a service with that policy.
    pub(crate) async fn service(&self, id: u64, policy: Policy) {
        let configuration = ServiceConfiguration::new("tests", policy);
        let wrapped_data_key = self.app.keys.new_data_key(id, &self.app.entropy).await.unwrap();
        let (configuration, id_salt) = (&configuration, &IdSalt(self.app.entropy.bytes().unwrap()));
        let new = NewService { id, configuration, id_salt, wrapped_data_key, secrets: None };
        self.app.store.create_service(new, &operator()).await.unwrap();
    }

    /// Lets service 1 take part in federations, with that key.
    pub(crate) async fn join_federation(
        &self,
        federation: FederationSettings,
        key: &Map<String, Value>,
        registrations: &[&str],
    ) {
        let App { store, keys, .. } = self.app;
        let service = store.service(1).await.unwrap().unwrap();
        let mut configuration = service.configuration.clone();
        configuration.policy.doors.push("federation".to_owned());
        configuration.federation = federation;
        let types = registrations.iter().copied().map(Value::from).collect();
        configuration.authorization_server.insert("client_registration_types_supported".to_owned(), types);
        let sealed = [(FEDERATION_JWKS.to_owned(), json!({"keys": [key]}).to_string().into())].into_iter().collect();
        replace_service(store, keys, &service, configuration, &sealed, &operator()).await.unwrap();
    }

    /// Replaces a service's policy.
    pub(crate) async fn set_policy(&self, id: u64, policy: Policy) {
        let service = self.app.store.service(id).await.unwrap().unwrap();
        let configuration = ServiceConfiguration { policy, ..service.configuration };
        self.app.store.update_service(id, service.version, &configuration, None, &operator()).await.unwrap();
    }

    /// Lets service 1 announce those values.
    pub(crate) async fn announce(&self, list: &str, values: &[&str]) {
        let service = self.app.store.service(1).await.unwrap().unwrap();
        let mut configuration = service.configuration;
        configuration.authorization_server.insert(list.to_owned(), values.into());
        self.app.store.update_service(1, service.version, &configuration, None, &operator()).await.unwrap();
    }

    /// What an operator of a service does outside of all doors.
    pub(crate) fn context<'a>(&'a self, service: &'a Service) -> Context<'a> {
        Context {
            app: self.app,
            service,
            origin: Origin::default(),
            fetching_ends: Instant::now(),
            audiences: Vec::new(),
        }
    }

    /// Makes a token of a service's operator with those permissions.
    pub(crate) async fn service_token(&self, service_id: u64, permissions: &[Permission]) -> String {
        let token = Token::mint(TokenKind::Service, &self.app.entropy).unwrap();
        let record = TokenRecord {
            hash: token.hash(),
            kind: TokenKind::Service,
            service_id: Some(service_id),
            organization: None,
            permissions: permissions.to_vec(),
            bound: BoundPolicy::default(),
            certificate: None,
            uses_left: None,
            expires_at: None,
            created_millis: self.clock.now_millis(),
            made_by: None,
        };
        self.app.store.create_token(&record, &operator()).await.unwrap();
        token.expose().to_owned()
    }

    /// Makes an initial access token for a service.
    pub(crate) async fn initial_access_token(
        &self,
        service_id: u64,
        uses_left: Option<u64>,
        expires_at: Option<u64>,
        bound: BoundPolicy,
    ) -> String {
        let token = Token::mint(TokenKind::InitialAccess, &self.app.entropy).unwrap();
        let record = TokenRecord {
            hash: token.hash(),
            kind: TokenKind::InitialAccess,
            service_id: Some(service_id),
            organization: None,
            permissions: Vec::new(),
            bound,
            certificate: None,
            uses_left,
            expires_at,
            created_millis: self.clock.now_millis(),
            made_by: None,
        };
        self.app.store.create_token(&record, &operator()).await.unwrap();
        token.expose().to_owned()
    }

    /// Sends a request through the gateway.
    pub(crate) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        self.send_as(None, method, path, headers, body).await
    }

    /// Sends a request through the gateway over a connection with that certificate.
    pub(crate) async fn send_as(
        &self,
        certificate: Option<&str>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let client = Client { address: SocketAddr::from(([192, 0, 2, 7], 50_000)), secure: true, certificate };
        self.send_over(client, method, path, headers, body).await
    }

    /// Sends a request through the gateway over that connection.
    pub(crate) async fn send_over(
        &self,
        client: Client<'_>,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: impl Into<Body>,
    ) -> Reply {
        let mut request = Request::builder().method(method).uri(path).header("host", "127.0.0.1:8080");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(body.into()).unwrap();
        let answer = self.gateway.answer(request, client);
        let response = match function(path) {
            Some(function) => self.asked.by(function, answer).await,
            None => answer.await,
        };
        let (head, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let is_json = head.headers.get("content-type").is_some_and(|value| value.to_str().unwrap().contains("json"));
        let body = match body.is_empty() {
            true => Value::Null,
            false if is_json => serde_json::from_slice(&body).unwrap(),
            false => String::from_utf8(body.to_vec()).unwrap().into(),
        };
        let reply = Reply { status: head.status.as_u16(), headers: head.headers, body };
        if let Some(function) = function(path) {
            crate::description::hear(function, method, path, &reply);
        }
        reply
    }

    /// What a function does with an event of its, not through the gateway; nothing if it is the stream's.
    pub(crate) async fn happens(&self, function: &str, event: &str) -> Option<Response> {
        if let Some(endpoint) = registrar::endpoints().find(|endpoint| endpoint.function == function) {
            let answer = endpoint.answer(self.app, shared::http::Request::from_event(event).unwrap());
            return Some(self.asked.by(endpoint.function, answer).await);
        }
        let applied = shared::stream::apply(self.app, serde_json::from_str(event).unwrap());
        self.asked.by(stream::FUNCTION, applied).await.unwrap();
        None
    }

    /// All that a service has refused in so many days.
    pub(crate) async fn refused(&self, service: u64, days: u64) -> Vec<Refused> {
        self.app.store.refusals(service, days, None, usize::MAX).await.unwrap().0
    }

    /// `POST /{service}/register`, with or without an initial access token.
    pub(crate) async fn register(&self, service: u64, token: Option<&str>, metadata: &Value) -> Reply {
        let path = format!("/{service}/register");
        self.send_json("POST", &path, token, metadata).await
    }

    /// A request with a JSON body, with or without a token.
    pub(crate) async fn send_json(&self, method: &str, path: &str, token: Option<&str>, body: &Value) -> Reply {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("content-type", "application/json")];
        headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
        self.send(method, path, &headers, body.to_string()).await
    }

    /// A request without a body, with or without a token.
    pub(crate) async fn send_bare(&self, method: &str, path: &str, token: Option<&str>) -> Reply {
        let authorization = token.map(|token| format!("Bearer {token}"));
        let headers: Vec<_> = authorization.as_deref().map(|value| ("authorization", value)).into_iter().collect();
        self.send(method, path, &headers, Body::empty()).await
    }

    /// A registered client: its path, its token, and the answer.
    pub(crate) async fn client(&self, metadata: &Value) -> (String, String, Reply) {
        let reply = self.register(1, None, metadata).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        let path = reply.text("registration_client_uri").strip_prefix(BASE_URL).unwrap().to_owned();
        let token = reply.text("registration_access_token").to_owned();
        (path, token, reply)
    }
}

/// The function behind a path.
fn function(path: &str) -> Option<&'static str> {
    static ROUTES: LazyLock<Router<&'static str>> = LazyLock::new(|| {
        let mut routes = Router::new();
        for endpoint in registrar::endpoints() {
            for path in endpoint.paths {
                let path = path.split('/').map(|part| match part.strip_suffix("+}") {
                    Some(greedy) => greedy.replacen('{', "{*", 1) + "}",
                    None => part.to_owned(),
                });
                routes.insert(path.collect::<Vec<_>>().join("/"), endpoint.function).unwrap();
            }
        }
        routes
    });
    ROUTES.at(path.split('?').next()?).ok().map(|route| *route.value)
}

/// Services are read anew by every request, and a test may ask what it likes.
fn settings() -> Settings {
    let base_url = Some(BASE_URL.to_owned());
    let (address_limit, service_limit) = (RateLimit::new(100_000, 1_000_000), RateLimit::new(1_000_000, 10_000_000));
    Settings { base_url, service_cache: ServiceCaching::Millis(0), address_limit, service_limit, ..Settings::default() }
}

/// A client that every policy here registers.
pub(crate) fn web_client() -> Value {
    json!({"client_name": "Test", "redirect_uris": ["https://rp.example/cb"]})
}

/// What an update sends: the answer without what the server sets.
pub(crate) fn as_update(answer: &Value) -> Value {
    let mut members = answer.clone();
    for name in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        members.as_object_mut().unwrap().remove(name);
    }
    members
}

/// The reply refuses the metadata and names the member.
pub(crate) fn assert_refused(reply: &Reply, code: &str, part: &str) {
    assert_eq!((reply.status, reply.text("error")), (400, code), "{reply:?}");
    assert!(reply.text("error_description").contains(part), "{reply:?}");
}

/// The reply is the 401 that says nothing about the client.
pub(crate) fn assert_invalid_token(reply: &Reply) {
    assert_eq!((reply.status, reply.text("error")), (401, "invalid_token"), "{reply:?}");
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(reply.body.get("client_id"), None);
}

fn operator() -> Origin {
    Origin { actor: "operator".to_owned(), door: "test", ..Origin::default() }
}
