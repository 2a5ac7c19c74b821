//! The demo service: made once, described in `demo.json` for scripts.

use std::path::Path;

use anyhow::{Context, Result, anyhow};
use serde::{Deserialize, Serialize};
use shared::App;
use shared::caller::Permission;
use shared::credentials::{IdSalt, Token, TokenKind};
use shared::metadata::GrantType;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Preset};
use shared::service::{FederationSettings, ServiceConfiguration};
use shared::store::TokenRecord;

pub(crate) use crate::failure::described;
use crate::private;

/// The demo service's number.
pub const SERVICE_ID: u64 = 1;

/// The service behind STET's paths.
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
}

impl Demo {
    /// What such a file says, if it is one.
    pub(crate) fn read(file: &Path) -> Option<Self> {
        std::fs::read(file).ok().and_then(|text| serde_json::from_slice(&text).ok())
    }
}

/// Makes the demo service if there is none, and its tokens if `file` does not hold working ones; writes `file`.
///
/// # Errors
/// If the table or the file cannot be used.
pub async fn prepare(
    app: &App,
    base_url: &str,
    stet_base_url: Option<String>,
    dynamodb_endpoint: &str,
    file: &Path,
) -> Result<Demo> {
    if app.store.service(SERVICE_ID).await.map_err(described)?.is_none() {
        create_service(app, SERVICE_ID, &configuration()).await?;
    }
    let known = Demo::read(file);
    let (initial, service, organization) = match known {
        Some(known) => (
            working(app, TokenKind::InitialAccess, known.initial_access_token).await?,
            working(app, TokenKind::Service, known.service_token).await?,
            working(app, TokenKind::Organization, known.organization_token).await?,
        ),
        None => (None, None, None),
    };
    let demo = Demo {
        base_url: base_url.to_owned(),
        service_id: SERVICE_ID,
        issuer: format!("{base_url}/{SERVICE_ID}"),
        registration_endpoint: format!("{base_url}/{SERVICE_ID}/register"),
        initial_access_token: or_new(app, TokenKind::InitialAccess, initial).await?,
        service_token: or_new(app, TokenKind::Service, service).await?,
        organization_token: or_new(app, TokenKind::Organization, organization).await?,
        dynamodb_endpoint: dynamodb_endpoint.to_owned(),
        stet_base_url,
    };
    let text = serde_json::to_string_pretty(&demo)?;
    private::write(file, text.as_bytes()).with_context(|| format!("cannot write {}", file.display()))?;
    Ok(demo)
}

/// The demo service opens every door that needs no certificate; its authorization server is not there, only its metadata.
#[must_use]
pub fn configuration() -> ServiceConfiguration {
    let mut policy = Preset::Open.policy();
    policy.grant_types.offered.push(GrantType::DeviceCode);
    policy.doors = ["oauth", "authlete", "federation", "identity_center"].map(str::to_owned).to_vec();
    let endpoint = |name: &str, path: &str| (name.to_owned(), format!("https://as.example/{path}").into());
    ServiceConfiguration {
        name: Some("Demo".to_owned()),
        organization: ORGANIZATION.to_owned(),
        issuer: None,
        base_url: None,
        authorization_server: [
            endpoint("authorization_endpoint", "authorize"),
            endpoint("token_endpoint", "token"),
            endpoint("jwks_uri", "jwks"),
        ]
        .into_iter()
        .collect(),
        policy,
        federation: FederationSettings::default(),
        others: serde_json::Map::new(),
    }
}

/// Makes the service behind STET's paths if there is none; it trusts those authorities, whatever it trusted before.
///
/// # Errors
/// If the table cannot be used, or the authorities are none.
pub async fn prepare_stet(app: &App, trust_anchors: &str) -> Result<()> {
    let mut settings = serde_json::json!({ "trust_anchors": trust_anchors });
    stet::settings::Settings::read(&settings).map_err(|fault| anyhow!(fault))?;
    let Some(service) = app.store.service(STET_SERVICE_ID).await.map_err(described)? else {
        let others = [("stet".to_owned(), settings)].into_iter().collect();
        let policy = Preset::Regulated.policy();
        let name = Some("STET demo".to_owned());
        let stet = ServiceConfiguration { name, policy, others, ..configuration() };
        return create_service(app, STET_SERVICE_ID, &stet).await;
    };
    let mut configuration = service.configuration;
    if let Some(serde_json::Value::Object(kept)) = configuration.others.get("stet") {
        let mut kept = kept.clone();
        kept.insert("trust_anchors".to_owned(), trust_anchors.into());
        settings = kept.into();
    }
    configuration.others.insert("stet".to_owned(), settings);
    let updated = app.store.update_service(STET_SERVICE_ID, service.version, &configuration, None, &origin()).await;
    updated.map_err(described)
}

async fn create_service(app: &App, id: u64, configuration: &ServiceConfiguration) -> Result<()> {
    let salt = IdSalt(app.entropy.bytes().map_err(described)?);
    let data_key = app.keys.new_data_key(id, &app.entropy).await.map_err(described)?;
    app.store.create_service(id, configuration, &salt, data_key, &origin()).await.map(|_| ()).map_err(described)
}

/// The token, if it is still one.
async fn working(app: &App, kind: TokenKind, text: String) -> Result<Option<String>> {
    let Some(token) = Token::parse(kind, &text) else { return Ok(None) };
    Ok(app.store.token(&token).await.map_err(described)?.map(|_| text))
}

async fn or_new(app: &App, kind: TokenKind, known: Option<String>) -> Result<String> {
    if let Some(known) = known {
        return Ok(known);
    }
    let token = Token::mint(kind, &app.entropy).map_err(described)?;
    let record = TokenRecord {
        hash: token.hash(),
        kind,
        service_id: (kind != TokenKind::Organization).then_some(SERVICE_ID),
        organization: (kind == TokenKind::Organization).then(|| ORGANIZATION.to_owned()),
        permissions: if kind == TokenKind::InitialAccess { Vec::new() } else { Permission::ALL.to_vec() },
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: app.clock.now_millis(),
    };
    app.store.create_token(&record, &origin()).await.map_err(described)?;
    Ok(token.expose().to_owned())
}

fn origin() -> Origin {
    Origin { actor: "operator".to_owned(), door: "local", ..Origin::default() }
}
