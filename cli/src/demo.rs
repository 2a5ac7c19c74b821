//! The demo service: made once, and again if it was deleted; described in `demo.json` for scripts.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use shared::App;
use shared::administration::{create_numbered_service, create_service};
use shared::caller::Permission;
use shared::credentials::{Token, TokenKind};
use shared::metadata::GrantType;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Preset};
use shared::service::{ServiceConfiguration, with_signing_keys};
use shared::store::TokenRecord;

use crate::demo_login;
use crate::failure::described;
use crate::private;

/// The number of the first demo service of a table.
pub const SERVICE_ID: u64 = 1;

/// The number of the first service behind STET's paths.
pub const STET_SERVICE_ID: u64 = 2;

/// The organization that owns them.
pub const ORGANIZATION: &str = "demo";

/// What scripts need to know.
#[derive(Serialize, Deserialize)]
pub struct Demo {
    /// Where the API is.
    pub base_url: String,
    /// The demo service.
    pub service_id: u64,
    /// The organization that owns it.
    #[serde(default = "own_organization")]
    pub organization: String,
    /// Its issuer identifier.
    pub issuer: String,
    /// Where clients register.
    pub registration_endpoint: String,
    /// A token with which clients register where that needs one.
    pub initial_access_token: String,
    /// An operator's token for the service.
    pub service_token: String,
    /// An operator's token for the organization.
    pub organization_token: String,
    /// The embedded DynamoDB.
    pub dynamodb_endpoint: String,
    /// Where STET's API is, if anywhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stet_base_url: Option<String>,
    /// The service behind STET's paths, once there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stet_service_id: Option<u64>,
}

/// Where the program is reached.
pub struct Addresses {
    /// The API.
    pub base_url: String,
    /// STET's API, if it listens.
    pub stet_base_url: Option<String>,
    /// The embedded DynamoDB.
    pub dynamodb_endpoint: String,
}

/// A service of the program's own.
#[derive(Debug, Clone, Copy)]
pub struct OwnService {
    /// Its number.
    pub id: u64,
    /// The one that was deleted, if it takes the place of one.
    pub replaces: Option<u64>,
}

impl Demo {
    /// What a former start has written, if it can be read.
    #[must_use]
    pub fn read(file: &Path) -> Option<Self> {
        serde_json::from_slice(&std::fs::read(file).ok()?).ok()
    }

    /// Writes it for scripts.
    ///
    /// # Errors
    /// If the file system does not let us.
    pub fn write(&self, file: &Path) -> Result<()> {
        let text = serde_json::to_string_pretty(self)?;
        private::write(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))
    }
}

/// The demo service of `known`, or a new one if there is none.
///
/// # Errors
/// If the table cannot be used.
pub async fn service(app: &App, known: Option<&Demo>) -> Result<OwnService> {
    own_service(app, SERVICE_ID, known.map(|known| known.service_id), &configuration()).await
}

/// Describes the demo service, with the tokens of `known` if they still work and new ones else.
///
/// # Errors
/// If the table cannot be used.
pub async fn describe(
    app: &App,
    service_id: u64,
    stet_service_id: Option<u64>,
    addresses: Addresses,
    known: Option<Demo>,
) -> Result<Demo> {
    let [initial, service, organization] = match known {
        Some(known) => [known.initial_access_token, known.service_token, known.organization_token].map(Some),
        None => [const { None }; 3],
    };
    let Addresses { base_url, stet_base_url, dynamodb_endpoint } = addresses;
    Ok(Demo {
        service_id,
        organization: own_organization(),
        issuer: format!("{base_url}/{service_id}"),
        registration_endpoint: format!("{base_url}/{service_id}/register"),
        initial_access_token: working(app, TokenKind::InitialAccess, Some(service_id), initial).await?,
        service_token: working(app, TokenKind::Service, Some(service_id), service).await?,
        organization_token: working(app, TokenKind::Organization, None, organization).await?,
        base_url,
        dynamodb_endpoint,
        stet_base_url,
        stet_service_id,
    })
}

/// The demo service opens every door that needs no certificate; its authorization server is not there, only its metadata.
#[must_use]
pub fn configuration() -> ServiceConfiguration {
    let mut policy = Preset::Open.policy();
    policy.grant_types.offered.push(GrantType::DeviceCode);
    policy.doors =
        ["oauth", "authlete", "federation", "identity_center", "metadata_document"].map(str::to_owned).to_vec();
    ServiceConfiguration {
        name: Some("Demo".to_owned()),
        authorization_server: elsewhere(),
        others: authlete::recommended(),
        ..ServiceConfiguration::new(ORGANIZATION, policy)
    }
}

/// An authorization server that is not there.
fn elsewhere() -> Map<String, Value> {
    let endpoint = |name: &str, path: &str| (name.to_owned(), format!("https://as.example/{path}").into());
    let endpoints = [("authorization_endpoint", "authorize"), ("token_endpoint", "token"), ("jwks_uri", "jwks")];
    endpoints.into_iter().map(|(name, path)| endpoint(name, path)).collect()
}

/// Where the demo's authorization server is, and where it was.
pub struct LoginPlace<'a> {
    /// The base URL of this API.
    pub base_url: &'a str,
    /// That of the start before, if it is known.
    pub before: Option<&'a str>,
    /// Whether it is there.
    pub is_open: bool,
}

impl LoginPlace<'_> {
    /// Whether a member is one of its endpoints, now or before.
    fn has(&self, id: u64, name: &str, value: &Value) -> bool {
        let is_url = value.is_string();
        let mut bases = [Some(self.base_url), self.before].into_iter().flatten();
        is_url && bases.any(|base_url| demo_login::metadata(base_url, id).get(name) == Some(value))
    }
}

/// The demo service says where its authorization server is, the demo's or none that is there, and offers the device grant
/// only where it is not the demo's, which does not know it.
///
/// # Errors
/// If the table cannot be used.
pub async fn announce_login(app: &App, id: u64, place: &LoginPlace<'_>) -> Result<()> {
    let Some(service) = app.store.service(id).await.map_err(described)? else { return Ok(()) };
    let mut configuration = service.configuration.clone();
    let server = &mut configuration.authorization_server;
    let is_demos = |server: &Map<String, Value>| {
        let path = format!("/{id}/authorize");
        server.get("authorization_endpoint").and_then(Value::as_str).is_some_and(|url| url.ends_with(&path))
    };
    if server.get("authorization_endpoint") != elsewhere().get("authorization_endpoint") && !is_demos(server) {
        // What an operator has written stays, and nothing beside it leads to what is not there any more.
        server.retain(|name, value| place.is_open || !place.has(id, name, value));
    } else {
        let was_demos = is_demos(server);
        let names = demo_login::metadata("", id);
        server.retain(|name, _| !names.contains_key(name));
        let offer = &mut configuration.policy.grant_types;
        if place.is_open {
            server.extend(demo_login::metadata(place.base_url, id));
            offer.offered.retain(|grant| *grant != GrantType::DeviceCode || offer.default.contains(grant));
        } else {
            server.extend(elsewhere());
            if was_demos && !offer.offered.contains(&GrantType::DeviceCode) {
                offer.offered.push(GrantType::DeviceCode);
            }
        }
    }
    if configuration == service.configuration {
        return Ok(());
    }
    let updated = app.store.update_service(id, service.version, &configuration, None, &origin()).await;
    updated.map_err(described)
}

/// The service behind STET's paths of `known`, or a new one if there is none; it trusts those authorities, whatever it
/// trusted before.
///
/// # Errors
/// If the table cannot be used, or the authorities are none.
pub async fn stet_service(app: &App, trust_anchors: &str, known: Option<&Demo>) -> Result<OwnService> {
    let settings = serde_json::json!({ "trust_anchors": trust_anchors });
    stet::settings::Settings::read(&settings).map_err(|fault| anyhow!(fault))?;
    let others = [("stet".to_owned(), settings)].into_iter().collect();
    let policy = Preset::Regulated.policy();
    let stet = ServiceConfiguration { name: Some("STET demo".to_owned()), policy, others, ..configuration() };
    let own = own_service(app, STET_SERVICE_ID, known.and_then(|known| known.stet_service_id), &stet).await?;
    trust(app, own.id, trust_anchors).await?;
    Ok(own)
}

async fn trust(app: &App, id: u64, trust_anchors: &str) -> Result<()> {
    let Some(service) = app.store.service(id).await.map_err(described)? else { return Ok(()) };
    let mut configuration = service.configuration;
    let settings = configuration.others.entry("stet").or_insert_with(|| serde_json::json!({}));
    if settings.get("trust_anchors").and_then(serde_json::Value::as_str) == Some(trust_anchors) {
        return Ok(());
    }
    if !settings.is_object() {
        *settings = serde_json::json!({});
    }
    if let Some(settings) = settings.as_object_mut() {
        settings.insert("trust_anchors".to_owned(), trust_anchors.into());
    }
    let updated = app.store.update_service(id, service.version, &configuration, None, &origin()).await;
    updated.map_err(described)
}

/// A service that is there: the known one, or the first; else a new one, which is the first unless that was deleted.
async fn own_service(
    app: &App,
    first: u64,
    known: Option<u64>,
    configuration: &ServiceConfiguration,
) -> Result<OwnService> {
    for id in known.into_iter().chain([first]) {
        if app.store.service(id).await.map_err(described)?.is_some() {
            return Ok(OwnService { id, replaces: None });
        }
    }
    let secrets = &with_signing_keys(Map::new(), app.clock.now()).map_err(described)?;
    let (store, keys, entropy, origin) = (&app.store, &app.keys, &app.entropy, &origin());
    let created = create_numbered_service(store, keys, entropy, first, configuration, secrets, origin).await;
    if created.map_err(described)?.is_some() {
        return Ok(OwnService { id: first, replaces: None });
    }
    let created = create_service(store, keys, entropy, configuration.clone(), secrets, origin).await;
    Ok(OwnService { id: created.map_err(described)?.id, replaces: known.or(Some(first)) })
}

/// The token, if it is still one of that service, or a new one.
async fn working(app: &App, kind: TokenKind, service_id: Option<u64>, text: Option<String>) -> Result<String> {
    if let Some(text) = text
        && let Some(token) = Token::parse(kind, &text)
        && let Some(record) = app.store.token(&token).await.map_err(described)?
        && record.service_id == service_id
    {
        return Ok(text);
    }
    let token = Token::mint(kind, &app.entropy).map_err(described)?;
    let record = TokenRecord {
        hash: token.hash(),
        kind,
        service_id,
        organization: (kind == TokenKind::Organization).then(|| ORGANIZATION.to_owned()),
        permissions: if kind == TokenKind::InitialAccess { Vec::new() } else { Permission::ALL.to_vec() },
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: app.clock.now_millis(),
        made_by: None,
    };
    app.store.create_token(&record, &origin()).await.map_err(described)?;
    Ok(token.expose().to_owned())
}

fn own_organization() -> String {
    ORGANIZATION.to_owned()
}

fn origin() -> Origin {
    Origin { actor: "operator".to_owned(), door: "local", ..Origin::default() }
}
