//! What the events in `events/` find in the table: services 101 to 113, their clients and tokens, with fixed
//! identifiers. The tests install it, and `examples/install-fixture.rs` does for a running table.

#[path = "fixture/operated.rs"]
mod operated;
#[path = "fixture/runtime.rs"]
mod runtime;

use std::collections::BTreeMap;
use std::time::Instant;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;
use serde_json::{Map, Value, json};
use shared::administration::{self, Draft};
use shared::caller::Permission;
use shared::claim_kind::ClaimKind;
use shared::client::{ClientRecord, ClientType, OperatorSettings, RegisteredClient, Source};
use shared::credentials::{IdSalt, Token, TokenKind, numeric_id};
use shared::metadata::{ClientMetadata, GrantType, Strictness, verify};
use shared::metadata_document::Validators;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, METADATA_DOCUMENT, Policy, Preset};
use shared::registry::Context;
use shared::service::{FEDERATION_JWKS, FederationSettings, Service, ServiceConfiguration, TrustAnchorSettings};
use shared::store::{KeptCopy, NewService, TokenRecord};
use shared::{App, Error};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// The service behind Identity Center's paths.
pub(crate) const IDENTITY_CENTER_SERVICE: u64 = 109;

/// The service behind STET's paths.
pub(crate) const STET_SERVICE: u64 = 110;

/// Its authorities and institutions; `tests/functions/stet_events.py` makes them with the events.
const STET: &str = include_str!("data/stet.json");

/// The service that takes part in a federation, wherever it is reached.
const FEDERATION_SERVICE: u64 = 111;

/// Its trust anchor; `tests/functions/federation_events.py` makes it with the events.
const TRUST_ANCHOR: &str = include_str!("data/federation.json");

const SALT: IdSalt = IdSalt([1; 32]);

/// When clients and tokens were made, in milliseconds since 1970.
const MADE: u64 = 1_790_000_000_000;

/// Until when their documents are fresh, in seconds since 1970.
const FRESH: u64 = 4_000_000_000;

/// A client of service 101.
struct Client {
    id: &'static str,
    source: Source,
    /// The last character of its registration access token.
    token: Option<char>,
    alias: Option<&'static str>,
    developer: Option<&'static str>,
    locked: bool,
    /// Whether it has a secret.
    confidential: bool,
}

const CLIENTS: [Client; 21] = [
    oauth("00000000-0000-4000-8000-000000000001", '1'),
    oauth("00000000-0000-4000-8000-000000000002", '2'),
    oauth("00000000-0000-4000-8000-000000000003", '3'),
    Client { locked: true, ..oauth("00000000-0000-4000-8000-000000000004", '4') },
    registered("1001", 'a'),
    registered("1002", 'b'),
    registered("1003", 'c'),
    Client { locked: true, ..registered("1004", 'd') },
    Client { developer: Some("fixture"), ..created("1101", "fixture-alias") },
    Client { developer: Some("fixture"), confidential: false, ..created("1102", "fixture-public") },
    created("1103", "fixture-update"),
    created("1104", "fixture-update-form"),
    created("1105", "fixture-delete"),
    created("1106", "fixture-lock"),
    Client { locked: true, ..created("1107", "fixture-unlock") },
    created("1108", "fixture-refresh"),
    created("1109", "fixture-secret"),
    created("1110", "fixture-secret-form"),
    created("1111", "fixture-scopes"),
    created("1112", "fixture-scopes-put"),
    created("1113", "fixture-scopes-delete"),
];

/// Clients of service 101 that name themselves, by the URLs of their documents, which nobody fetches for a long time.
const DOCUMENTS: [&str; 3] = ["https://rp.example/read", "https://rp.example/updated", "https://rp.example/locked"];

const fn oauth(id: &'static str, token: char) -> Client {
    let source = Source::Oauth;
    Client { id, source, token: Some(token), alias: None, developer: None, locked: false, confidential: false }
}

const fn registered(id: &'static str, token: char) -> Client {
    Client { source: Source::AuthleteRegistration, confidential: true, ..oauth(id, token) }
}

const fn created(id: &'static str, alias: &'static str) -> Client {
    let source = Source::AuthleteCreate;
    Client { id, source, token: None, alias: Some(alias), developer: None, locked: false, confidential: true }
}

/// Installs it.
pub(crate) async fn install(app: &App) -> Result {
    services(app).await?;
    tokens(app).await?;
    for client in &CLIENTS {
        install_client(app, client).await?;
    }
    for client_id in DOCUMENTS {
        install_document(app, 101, client_id).await?;
    }
    stet(app).await?;
    operated::install(app).await?;
    runtime::install(app).await
}

/// The document of that client, which nobody fetches for a long time.
pub(crate) async fn install_document(app: &App, service_id: u64, client_id: &str) -> Result {
    let number = numeric_id(&SALT, client_id);
    app.store.lease_metadata_document(service_id, number, client_id, None, 0).await?;
    let document = json!({
        "client_name": "Fixture",
        "redirect_uris": ["https://rp.example/cb"],
        "token_endpoint_auth_method": "none",
    });
    let copy = KeptCopy {
        metadata: document.to_string(),
        validators: Validators::default(),
        first_seen_millis: MADE,
        changed_at_millis: MADE,
        changed: BTreeMap::new(),
        fetched_at_millis: MADE,
        fresh_until: FRESH,
        stale_until: FRESH,
    };
    Ok(app.store.keep_metadata_document(service_id, number, &copy, FRESH).await?)
}

/// What `tests/functions/stet_events.py` has made.
#[derive(Deserialize)]
struct Stet {
    trust_anchors: String,
    institutions: Vec<Institution>,
}

/// A payment institution.
#[derive(Deserialize)]
struct Institution {
    id: String,
    token: String,
    /// SHA-256 of its website certificate, base64url.
    thumbprint: String,
    /// The metadata of its client, if it has one.
    registered: Option<Map<String, Value>>,
}

/// The service of payment institutions, their tokens and their clients.
async fn stet(app: &App) -> Result {
    let Stet { trust_anchors, institutions } = serde_json::from_str(STET)?;
    let mut stet = configuration(Preset::Regulated.policy());
    stet.others.insert("stet".to_owned(), json!({ "trust_anchors": trust_anchors }));
    service(app, STET_SERVICE, stet).await?;
    for institution in institutions {
        let token = Token::parse(TokenKind::ManageRegistration, &institution.token);
        let thumbprint = URL_SAFE_NO_PAD.decode(&institution.thumbprint)?;
        let record = TokenRecord {
            hash: token.ok_or("the fixture's token has the wrong form")?.hash(),
            organization: Some(institution.id.clone()),
            certificate: thumbprint.try_into().ok(),
            ..record(TokenKind::ManageRegistration, 'A', Some(STET_SERVICE), &[])?
        };
        app.store.create_token(&record, &Origin::default()).await?;
        if let Some(metadata) = institution.registered {
            let client = stet_client(institution.id, metadata)?;
            app.store.create_client(&client, None, &[], &Origin::default()).await?;
        }
    }
    Ok(())
}

fn stet_client(id: String, metadata: Map<String, Value>) -> Result<RegisteredClient> {
    let blank = client(&oauth("", '0'))?;
    Ok(RegisteredClient {
        service_id: STET_SERVICE,
        numeric_id: numeric_id(&SALT, &id),
        client_id: id,
        source: Source::Stet,
        record: ClientRecord {
            metadata: verify(ClientMetadata::from_members(metadata)?, Strictness::Full)?,
            client_type: ClientType::Confidential,
            ..blank.record
        },
        registration_access_token: None,
        ..blank
    })
}

/// 101 is open, 102 protected, 103 wants software statements, 104 has an issuer of its own, 105 is updated, 106 is
/// deleted, 107 is another organization's, 108 is closed and names what is unauthorized.
async fn services(app: &App) -> Result {
    let open = || configuration(Preset::Open.policy());
    let mut statements = Preset::Open.policy();
    statements.software_statements.required = true;
    let closed = Policy { dynamic_registration: false, ..Preset::Open.policy() };
    let unauthorized = [("unauthorizedOnClientConfigSupported".to_owned(), true.into())].into_iter().collect();
    let mut documents = open();
    documents.policy.doors.push(METADATA_DOCUMENT.to_owned());
    service(app, 101, documents).await?;
    service(app, 102, configuration(Preset::Protected.policy())).await?;
    service(app, 103, configuration(statements)).await?;
    let issuer = Some("https://issuer.example".to_owned());
    service(app, 104, ServiceConfiguration { issuer, ..open() }).await?;
    service(app, 105, open()).await?;
    service(app, 106, open()).await?;
    service(app, 107, ServiceConfiguration { organization: "other".to_owned(), ..open() }).await?;
    service(app, 108, ServiceConfiguration { others: unauthorized, ..configuration(closed) }).await?;
    let mut identity_center = Preset::Open.policy();
    identity_center.doors.push("identity_center".to_owned());
    identity_center.grant_types.offered.push(GrantType::DeviceCode);
    let mut identity_center = configuration(identity_center);
    let endpoint = "https://as.example/authorize".into();
    identity_center.authorization_server.insert("authorization_endpoint".to_owned(), endpoint);
    service(app, IDENTITY_CENTER_SERVICE, identity_center).await?;
    secrets(app, 101, "jwks").await?;
    let mut federated = open();
    federated.base_url = Some("https://registrar.example".to_owned());
    federated.policy.doors.push("federation".to_owned());
    let trust_anchor: TrustAnchorSettings = serde_json::from_str(TRUST_ANCHOR)?;
    federated.federation = FederationSettings {
        enabled: true,
        authority_hints: vec![trust_anchor.entity_id.clone()],
        trust_anchors: vec![trust_anchor],
        ..FederationSettings::default()
    };
    service(app, FEDERATION_SERVICE, federated).await?;
    secrets(app, FEDERATION_SERVICE, FEDERATION_JWKS).await
}

fn configuration(policy: Policy) -> ServiceConfiguration {
    ServiceConfiguration {
        name: Some("Fixture".to_owned()),
        authorization_server: [("token_endpoint".to_owned(), "https://as.example/token".into())].into_iter().collect(),
        ..ServiceConfiguration::new("fixture", policy)
    }
}

async fn service(app: &App, id: u64, configuration: ServiceConfiguration) -> Result {
    let wrapped_data_key = app.keys.new_data_key(id, &app.entropy).await?;
    let configuration = &configuration;
    let new = NewService { id, configuration, id_salt: &SALT, wrapped_data_key, secrets: None };
    app.store.create_service(new, &Origin::default()).await?;
    Ok(())
}

/// The private key of RFC 7515 §A.3.1.
pub(crate) fn signing_key() -> Value {
    json!({
        "kty": "EC",
        "crv": "P-256",
        "kid": "a3",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI",
    })
}

/// The service gets that key in that place, and a secret that is no key.
async fn secrets(app: &App, id: u64, place: &str) -> Result {
    let keys = json!({"keys": [signing_key()]}).to_string();
    let secrets = [(place, keys), ("authenticationCallbackApiSecret", "secret".to_owned())];
    let secrets = secrets.into_iter().map(|(name, secret)| (name.to_owned(), secret.into())).collect();
    let current = app.store.service(id).await?.ok_or(Error::UnknownService)?;
    let configuration = current.configuration.clone();
    administration::replace_service(&app.store, &app.keys, &current, configuration, &secrets, &Origin::default())
        .await?;
    Ok(())
}

async fn tokens(app: &App) -> Result {
    let initial_access = record(TokenKind::InitialAccess, 'A', Some(102), &[])?;
    let organization = record(TokenKind::Organization, 'A', None, &Permission::ALL)?;
    let tokens = [
        TokenRecord { uses_left: Some(100), ..initial_access },
        TokenRecord { organization: Some("fixture".to_owned()), ..organization },
        record(TokenKind::Service, 'A', Some(101), &Permission::ALL)?,
        record(TokenKind::Service, 'C', Some(101), &[Permission::ClientRead])?,
        record(TokenKind::Service, 'U', Some(101), &[Permission::UseService])?,
        record(TokenKind::Service, 'S', Some(101), &[Permission::ServiceRead])?,
    ];
    for token in tokens {
        app.store.create_token(&token, &Origin::default()).await?;
    }
    Ok(())
}

fn record(kind: TokenKind, last: char, service_id: Option<u64>, permissions: &[Permission]) -> Result<TokenRecord> {
    Ok(TokenRecord {
        hash: token(kind, last)?.hash(),
        kind,
        service_id,
        organization: None,
        permissions: permissions.to_vec(),
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: MADE,
        made_by: None,
    })
}

/// A token is its kind's prefix, 42 times `A`, and one more character.
fn token(kind: TokenKind, last: char) -> Result<Token> {
    let text = format!("{}{}{last}", kind.prefix(), "A".repeat(42));
    Token::parse(kind, &text).ok_or_else(|| "the fixture's token has the wrong form".into())
}

async fn install_client(app: &App, made: &Client) -> Result {
    let client = client(made)?;
    app.store.create_client(&client, None, &[ClaimKind::Alias], &Origin::default()).await?;
    if made.confidential {
        // A change mints the secret that is missing.
        administration::replace(&context(app, &*app.service(101).await?), client, |client| Ok(Draft::of(client)))
            .await?;
    }
    Ok(())
}

fn client(made: &Client) -> Result<RegisteredClient> {
    let method = if made.confidential { "client_secret_basic" } else { "none" };
    let members = json!({
        "client_name": "Fixture",
        "redirect_uris": ["https://rp.example/cb"],
        "token_endpoint_auth_method": method,
    });
    let members = members.as_object().cloned().unwrap_or_default();
    let registration_access_token = made.token.map(|last| token(TokenKind::RegistrationAccess, last)).transpose()?;
    let scopes = || ["accounts", "payments"].map(str::to_owned).to_vec();
    let metadata = verify(ClientMetadata::from_members(members)?, Strictness::Full)?;
    let client_type = if made.confidential { ClientType::Confidential } else { ClientType::Public };
    let settings = OperatorSettings {
        alias: made.alias.map(str::to_owned),
        developer: made.developer.map(str::to_owned),
        requestable_scopes: made.alias.map(|_| scopes()),
        ..OperatorSettings::default()
    };
    Ok(RegisteredClient {
        numeric_id: numeric_id(&SALT, made.id),
        client_id: made.id.to_owned(),
        locked: made.locked,
        registration_access_token: registration_access_token.map(|token| token.hash()),
        ..RegisteredClient::new(
            101,
            made.source,
            ClientRecord { settings, ..ClientRecord::new(metadata, client_type, MADE) },
        )
    })
}

fn context<'a>(app: &'a App, service: &'a Service) -> Context<'a> {
    Context { app, service, origin: Origin::default(), fetching_ends: Instant::now(), audiences: Vec::new() }
}
