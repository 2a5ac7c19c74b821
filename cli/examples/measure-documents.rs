//! Measures look-ups of clients that name themselves by the URL of a metadata document: with a copy that is fresh, one that
//! is revalidated, one that is stale because its host fails, and none at all. The host is in the same process, over TLS; so
//! is the table.
//!
//! `cargo run --release --example measure-documents`

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE};
use registrar::gateway::{Client, Gateway};
use serde_json::{Map, json};
use shared::App;
use shared::administration::create_numbered_service;
use shared::app::Settings;
use shared::caller::Permission;
use shared::credentials::{KeyEncryption, Token, TokenKind};
use shared::entropy::Entropy;
use shared::fetch::Fetch;
use shared::limits::RateLimit;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, METADATA_DOCUMENT, Preset};
use shared::service::ServiceConfiguration;
use shared::store::{Store, TokenRecord};
use shared::time::Clock;

#[path = "../tests/it/https.rs"]
#[expect(dead_code, reason = "the tests' own web site")]
mod https;

use https::{Page, Site};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// When it begins.
const NOW: u64 = 1_790_000_000;

/// How many services there are: what is fetched from one host is limited for each.
const SERVICES: u64 = 10;

/// How many documents each service has.
const DOCUMENTS: usize = 20;

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result {
    let site = Site::serve(&[]).await;
    let access_key = AccessKey::mint(&Entropy::system())?;
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let table = Embedded::start(None, listen, &access_key, Limits::default()).await?;
    let clock = Clock::fixed(NOW);
    let store = Store::new(embedded::client(&table.url(), &access_key), TABLE, clock.clone());
    let keys = KeyEncryption::file(&[7; 32])?;
    let settings = Settings { token_limit: RateLimit::new(1_000_000, 1_000_000), ..Settings::default() };
    let app = App::new(store, keys, Fetch::new(site.reachable()), clock.clone(), Entropy::system(), settings);
    let app: &'static App = Box::leak(Box::new(app));
    let gateway = Gateway::new(app, SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)), registrar::endpoints())?;
    let token = prepare(app).await?;
    println!("| look-up | median | 95th of 100 | longest |");
    println!("|---|---|---|---|");
    publish(&site, "etag: \"1\"\r\n", 200);
    measure("cold: fetched over TLS, checked, kept", "fresh", &gateway, &site, &token).await?;
    measure("warm: a fresh copy", "fresh", &gateway, &site, &token).await?;
    clock.advance(3600);
    publish(&site, "etag: \"1\"\r\n", 304);
    measure("revalidated: the host answers 304", "fresh", &gateway, &site, &token).await?;
    clock.advance(3600);
    publish(&site, "", 500);
    measure("stale: the host answers 500", "stale", &gateway, &site, &token).await?;
    measure("stale, in the pause after that", "stale", &gateway, &site, &token).await?;
    Ok(())
}

/// Services that resolve documents, and a token for all of them.
async fn prepare(app: &App) -> Result<String> {
    let mut policy = Preset::Open.policy();
    policy.doors.push(METADATA_DOCUMENT.to_owned());
    for id in 1..=SERVICES {
        let configuration = ServiceConfiguration::new("measured", policy.clone());
        let (none, origin) = (Map::new(), Origin::default());
        create_numbered_service(&app.store, &app.keys, &app.entropy, id, &configuration, &none, &origin).await?;
    }
    let token = Token::mint(TokenKind::Organization, &app.entropy)?;
    let record = TokenRecord {
        hash: token.hash(),
        kind: TokenKind::Organization,
        service_id: None,
        organization: Some("measured".to_owned()),
        permissions: vec![Permission::UseService],
        bound: BoundPolicy::default(),
        certificate: None,
        uses_left: None,
        expires_at: None,
        created_millis: NOW * 1000,
        made_by: None,
    };
    app.store.create_token(&record, &Origin::default()).await?;
    Ok(token.expose().to_owned())
}

/// Lets the host answer that status for each document.
fn publish(site: &Site, headers: &str, status: u16) {
    for number in 0..DOCUMENTS {
        let path = format!("/oauth/client-{number}.json");
        let document = json!({
            "client_id": format!("{}{path}", site.url),
            "client_name": "Example",
            "client_uri": format!("{}/product", site.url),
            "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback"],
            "grant_types": ["authorization_code", "refresh_token"],
            "token_endpoint_auth_method": "none",
        });
        let body = if status == 200 { document.to_string() } else { String::new() };
        let head = format!("HTTP/1.1 {status} Measured\r\ncontent-type: application/json\r\n{headers}");
        site.set(&path, Page::Answer(format!("{head}content-length: {}\r\n\r\n{body}", body.len())));
    }
}

async fn measure(name: &str, copy: &str, gateway: &Gateway, site: &Site, token: &str) -> Result {
    let mut times = Vec::new();
    for service in 1..=SERVICES {
        for number in 0..DOCUMENTS {
            let path = format!("/{service}/client?client_id={}/oauth/client-{number}.json", site.url);
            let begun = Instant::now();
            let body = answer(gateway, &path, token).await?;
            times.push(begun.elapsed());
            if !body.contains(&format!("\"copy\":\"{copy}\"")) {
                return Err(format!("not {copy}: {body}").into());
            }
        }
    }
    times.sort_unstable();
    let of = |part: usize| millis(times[times.len() * part / 100]);
    println!("| {name} | {:.2} ms | {:.2} ms | {:.2} ms |", of(50), of(95), millis(*times.last().unwrap()));
    Ok(())
}

async fn answer(gateway: &Gateway, path: &str, token: &str) -> Result<String> {
    let request =
        Request::get(path).header("host", "127.0.0.1:8080").header("authorization", format!("Bearer {token}"));
    let client = Client { address: SocketAddr::from(([192, 0, 2, 7], 50_000)), secure: true, certificate: None };
    let response = gateway.answer(request.body(Body::empty())?, client).await;
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await?;
    Ok(String::from_utf8(body.to_vec())?)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
