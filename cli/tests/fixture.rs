//! What the events in `events/` find in the table: services 101 to 104 and a few clients, with fixed
//! identifiers and tokens. The tests install it, and `examples/install-fixture.rs` does for a running table.

use serde_json::{Map, Value, json};
use shared::App;
use shared::caller::Origin;
use shared::client::{ClientRecord, ClientType, OperatorSettings, RegisteredClient, Source};
use shared::credentials::{IdSalt, Token, TokenKind, numeric_id};
use shared::metadata::{ClientMetadata, Strictness, verify};
use shared::policy::{BoundPolicy, Policy, Preset};
use shared::service::ServiceConfiguration;
use shared::store::TokenRecord;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const SALT: IdSalt = IdSalt([1; 32]);

/// The clients of service 101: the last digit of the identifier, and whether it is locked. Each has the
/// registration access token `rat_` and 42 times `A` and that digit.
const CLIENTS: [(char, bool); 4] = [('1', false), ('2', false), ('3', false), ('4', true)];

/// Installs it.
pub(crate) async fn install(app: &App) -> Result {
    let mut statements = Preset::Open.policy();
    statements.software_statements.required = true;
    service(app, 101, Preset::Open.policy(), None).await?;
    service(app, 102, Preset::Protected.policy(), None).await?;
    service(app, 103, statements, None).await?;
    service(app, 104, Preset::Open.policy(), Some("https://issuer.example")).await?;
    initial_access_token(app).await?;
    for (digit, locked) in CLIENTS {
        client(app, digit, locked).await?;
    }
    Ok(())
}

async fn service(app: &App, id: u64, policy: Policy, issuer: Option<&str>) -> Result {
    let configuration = ServiceConfiguration {
        name: Some("Fixture".to_owned()),
        organization: "fixture".to_owned(),
        issuer: issuer.map(str::to_owned),
        base_url: None,
        authorization_server: [("token_endpoint".to_owned(), "https://as.example/token".into())].into_iter().collect(),
        policy,
        others: Map::new(),
    };
    let data_key = app.keys.new_data_key(id, &app.entropy).await?;
    app.store.create_service(id, &configuration, &SALT, data_key, &Origin::default()).await?;
    Ok(())
}

async fn initial_access_token(app: &App) -> Result {
    let token = token(TokenKind::InitialAccess, 'A')?;
    let record = TokenRecord {
        hash: token.hash(),
        kind: TokenKind::InitialAccess,
        service_id: Some(102),
        organization: None,
        permissions: Vec::new(),
        bound: BoundPolicy::default(),
        uses_left: Some(100),
        expires_at: None,
        created_millis: 1_790_000_000_000,
    };
    Ok(app.store.create_token(&record, &Origin::default()).await?)
}

async fn client(app: &App, digit: char, locked: bool) -> Result {
    let members: Map<String, Value> = [
        ("client_name", json!("Fixture")),
        ("redirect_uris", json!(["https://rp.example/cb"])),
        ("token_endpoint_auth_method", json!("none")),
    ]
    .into_iter()
    .map(|(name, value)| (name.to_owned(), value))
    .collect();
    let client_id = format!("00000000-0000-4000-8000-00000000000{digit}");
    let client = RegisteredClient {
        service_id: 101,
        numeric_id: numeric_id(&SALT, &client_id),
        client_id,
        source: Source::Oauth,
        locked,
        record: ClientRecord {
            metadata: verify(ClientMetadata::from_members(members)?, Strictness::Full)?,
            client_type: ClientType::Public,
            issued_at_millis: 1_790_000_000_000,
            modified_at_millis: 1_790_000_000_000,
            secret_expires_at: 0,
            software: None,
            bound: BoundPolicy::default(),
            settings: OperatorSettings::default(),
        },
        secret: None,
        registration_access_token: Some(token(TokenKind::RegistrationAccess, digit)?.hash()),
        expires_at: None,
        version: 1,
    };
    app.store.create_client(&client, None, &[], &Origin::default()).await?;
    Ok(())
}

fn token(kind: TokenKind, last: char) -> Result<Token> {
    let text = format!("{}{}{last}", kind.prefix(), "A".repeat(42));
    Token::parse(kind, &text).ok_or_else(|| "the fixture's token has the wrong form".into())
}
