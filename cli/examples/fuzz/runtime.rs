//! Requests of clients that authorization servers pass on: authorization requests, token requests, client assertions,
//! tokens; against a whole registrar.

use std::net::SocketAddr;
use std::sync::OnceLock;

use axum::body::Body;
use axum::http::Request;
use registrar::gateway::{Client, Gateway};
use serde_json::{Value, json};
use shared::App;
use shared::administration::create_numbered_service;
use shared::app::Settings;
use shared::caller::Permission;
use shared::credentials::{Token, TokenKind};
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Preset};
use shared::service::{ServiceConfiguration, with_signing_keys};
use shared::store::TokenRecord;
use shared::time::Clock;

use super::Random;
use super::host::Host;

const GOOD: [&str; 9] = [
    "response_type=code&client_id=CLIENT&redirect_uri=https://rp.example/cb&scope=openid profile&state=s&nonce=n&prompt=login consent&max_age=60",
    "response_type=code&client_id=CLIENT&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256&response_mode=form_post",
    r#"client_id=CLIENT&response_type=code&redirect_uri=https%3A%2F%2Frp.example%2Fcb&claims={"id_token":{"acr":{"values":["a"]},"sub":{"value":"x"}},"userinfo":{"name":null}}"#,
    "client_id=CLIENT&request_uri=urn:ietf:params:oauth:request_uri:Nd8gn4flav-6pMTu4T9AxAwt6zrVJ0KXImDrqdeXm0HOSUmtENTHhgRxzQzgI4UF6798HH8UJg",
    "grant_type=authorization_code&code=Nd8gn4flav-6pMTu4T9AxAwt6zrVJ0KXImDrqdeXm0HOSUmtENTHhgRxzQzgI4UF6798HH8UJg&client_id=CLIENT&client_secret=SECRET",
    "grant_type=refresh_token&refresh_token=Nd8gn4flav-6pMTu4T9AxAwt6zrVJ0KXImDrqdeXm0HOSUmtENTHhgRxzQzgI4UF6798HH8UJg&scope=openid&client_id=CLIENT",
    "grant_type=client_credentials&client_assertion_type=urn:ietf:params:oauth:client-assertion-type:jwt-bearer&client_assertion=eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJDTElFTlQiLCJpc3MiOiJDTElFTlQifQ.AAAA",
    "token=eyJhbGciOiJSUzI1NiIsInR5cCI6ImF0K2p3dCJ9.eyJqdGkiOiJOZDhnbjRmbGF2LTZwTVR1NFQ5QXhBd3Q2enJWSjBLWEltRHJxZGVYbTAiLCJjbGllbnRfaWQiOiI1In0.AAAA&token_type_hint=access_token&callback=f",
    "token=Nd8gn4flav-6pMTu4T9AxAwt6zrVJ0KXImDrqdeXm0HOSUmtENTHhgRxzQzgI4UF6798HH8UJg",
];

const PIECES: [&str; 22] = [
    "&",
    "=",
    "%",
    "%00",
    "%zz",
    "+",
    " ",
    "\u{0}",
    "\u{e9}",
    "\u{1f600}",
    "{",
    "}",
    "[",
    "\"",
    "\\",
    "null",
    ".",
    "..",
    "urn:ietf:params:oauth:request_uri:",
    "https://",
    "scope=",
    "&client_id=",
];

/// What passes a client's request on, and which action it must never be answered with: nothing here is right.
const OPERATIONS: [&str; 5] =
    ["/auth/authorization", "/pushed_auth_req", "/auth/token", "/auth/introspection/standard", "/auth/revocation"];

struct Registrar {
    host: Host,
    gateway: Gateway,
    token: String,
    client: Value,
}

pub(super) fn input(random: &mut Random) -> String {
    let text = random.one(&GOOD);
    let text = random.bent(text, &PIECES);
    if random.below(8) == 0 { String::from_utf8_lossy(&random.bytes(200)).into_owned() } else { text }
}

pub(super) fn ask(input: &str) {
    static REGISTRAR: OnceLock<Result<Registrar, String>> = OnceLock::new();
    let registrar = REGISTRAR.get_or_init(|| Registrar::start().map_err(|fault| fault.to_string()));
    let Ok(registrar) = registrar else { unreachable!("there is a registrar: {:?}", registrar.as_ref().err()) };
    let number = text(&registrar.client, "clientId");
    let parameters = input.replace("CLIENT", &number).replace("SECRET", &text(&registrar.client, "clientSecret"));
    for operation in OPERATIONS {
        let (status, answer) = registrar.post(operation, &json!({"parameters": parameters}));
        assert!(status < 500 && status != 429, "{operation}: {status} {answer}");
        assert!(!has_null(&answer), "{operation}: {answer}");
        let action = text(&answer, "action");
        let content = text(&answer, "responseContent");
        let redirect_is_registered =
            content.starts_with("https://rp.example/cb?") || content.starts_with("https://rp.example/cb#");
        assert!(action != "LOCATION" || redirect_is_registered, "{operation}: {answer}");
        let gives_tokens = operation == "/auth/token" && action == "OK";
        assert!(!gives_tokens, "{operation}: {answer}");
    }
    for operation in ["/auth/introspection", "/auth/userinfo"] {
        let (status, answer) = registrar.post(operation, &json!({"token": parameters}));
        assert!(status < 500 && text(&answer, "action") != "OK", "{operation}: {status} {answer}");
    }
}

/// SDKs break at `null`; what a client has sent may have it, in a text.
fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(values) => values.iter().any(has_null),
        Value::Object(members) => members.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// A member: a text as it is, anything else as JSON.
fn text(members: &Value, name: &str) -> String {
    let value = members.get(name).cloned().unwrap_or_default();
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

impl Registrar {
    fn start() -> Result<Self, Box<dyn std::error::Error>> {
        let host = Host::start(Clock::system(), Settings::default())?;
        let token = host.runtime.block_on(prepare(host.app))?;
        let gateway = Gateway::new(host.app, SocketAddr::from(([127, 0, 0, 1], 8080)), registrar::endpoints())?;
        let mut registrar = Self { host, gateway, token, client: Value::Null };
        let client = json!({"redirectUris": ["https://rp.example/cb"], "tokenAuthMethod": "CLIENT_SECRET_BASIC",
            "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"], "responseTypes": ["CODE"]});
        registrar.client = registrar.post("/client/create", &client).1;
        Ok(registrar)
    }

    fn post(&self, operation: &str, body: &Value) -> (u16, Value) {
        let request = Request::builder()
            .method("POST")
            .uri(format!("/api/1{operation}"))
            .header("host", "127.0.0.1:8080")
            .header("content-type", "application/json")
            .header("authorization", format!("Bearer {}", self.token))
            .body(Body::from(body.to_string()));
        let client = Client { address: SocketAddr::from(([127, 0, 0, 1], 1)), secure: false, certificate: None };
        let Ok(request) = request else { return (0, Value::Null) };
        self.host.runtime.block_on(async {
            let answer = self.gateway.answer(request, client).await;
            let status = answer.status().as_u16();
            let bytes = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap_or_default();
            (status, serde_json::from_slice(&bytes).unwrap_or_default())
        })
    }
}

async fn prepare(app: &App) -> Result<String, Box<dyn std::error::Error>> {
    let configuration = ServiceConfiguration::new("fuzz", Preset::Open.policy());
    let secrets = with_signing_keys(serde_json::Map::new(), app.clock.now())?;
    let origin = Origin::default();
    create_numbered_service(&app.store, &app.keys, &app.entropy, 1, &configuration, &secrets, &origin).await?;
    let token = Token::mint(TokenKind::Service, &app.entropy)?;
    let record = TokenRecord {
        hash: token.hash(),
        kind: TokenKind::Service,
        service_id: Some(1),
        organization: None,
        permissions: Permission::ALL.to_vec(),
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: app.clock.now_millis(),
        made_by: None,
    };
    app.store.create_token(&record, &origin).await?;
    Ok(token.expose().to_owned())
}
