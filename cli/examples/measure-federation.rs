//! Measures what hostile federations cost the other doors: how long registrations at the oauth door take while relying
//! parties with slow, wide, deep, looping, huge and malformed federations register in the same process.
//!
//! `cargo run --release --example measure-federation`

#![expect(
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a measurement that cannot go on says so by panicking"
)]

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use axum::body::Body;
use axum::http::Request;
use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE};
use registrar::gateway::{Client, Gateway};
use serde_json::{Map, Value, json};
use shared::App;
use shared::administration::create_numbered_service;
use shared::app::Settings;
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::fetch::Fetch;
use shared::jose::{SigningAlgorithm, SigningKey, generate_signing_key, public_keys};
use shared::limits::RateLimit;
use shared::origin::Origin;
use shared::policy::Preset;
use shared::service::{FEDERATION_JWKS, FederationSettings, ServiceConfiguration, TrustAnchorSettings};
use shared::store::Store;
use shared::time::Clock;

#[path = "../../shared/src/federation/testing/entity.rs"]
mod entity;
#[path = "../tests/it/https.rs"]
#[expect(dead_code, reason = "the tests' own web site")]
mod https;

use entity::Entity;
use https::{Page, Site};

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// When everything happens.
const NOW: u64 = 1_790_000_000;

/// How many registrations at the oauth door are measured, one after another.
const REGISTRATIONS: u32 = 400;

/// How many hostile relying parties register at the same time, again and again.
const HOSTILE: usize = 48;

/// What became of hostile registrations.
#[derive(Default)]
struct Outcomes {
    answered: AtomicUsize,
    refused: AtomicUsize,
    waiting: AtomicUsize,
    longest: AtomicUsize,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result {
    let unlimited = RateLimit::new(1_000_000, 1_000_000);
    println!("| while | median | 95th of 100 | longest |");
    println!("|---|---|---|---|");
    let mut outcomes = Vec::new();
    for (name, address_limit, service_limit, pause) in [
        ("nothing else happens", unlimited, unlimited, None),
        (
            "48 hostile relying parties register, ten times a second each",
            RateLimit::ADDRESS,
            RateLimit::SERVICE,
            Some(100),
        ),
        ("the same, and no limit of rates", unlimited, unlimited, Some(100)),
        ("the same, as fast as they can", unlimited, unlimited, Some(0)),
    ] {
        let access_key = AccessKey::mint(&Entropy::system())?;
        let table =
            Embedded::start(None, SocketAddr::from(([127, 0, 0, 1], 0)), &access_key, Limits::default()).await?;
        let site = Site::serve(&[]).await;
        let settings = Settings { address_limit, service_limit, ..Settings::default() };
        let gateway: &'static Gateway =
            Box::leak(Box::new(gateway(embedded::client(&table.url(), &access_key), &site, settings).await?));
        let hostile: &'static Outcomes = Box::leak(Box::default());
        let running =
            pause.map(|pause| attack(gateway, &site, Duration::from_millis(pause), hostile)).unwrap_or_default();
        tokio::time::sleep(Duration::from_secs(1)).await;
        row(name, &registrations(gateway).await?);
        tokio::time::sleep(Duration::from_secs(if running.is_empty() { 0 } else { 9 })).await;
        for task in running {
            task.abort();
        }
        let count = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        let Outcomes { answered, refused, waiting, longest } = hostile;
        outcomes.push(format!(
            "{name}: {} hostile registrations were answered, {} with 429, {} with another 4xx, the slowest after {} ms; \
             {} documents were fetched",
            count(answered),
            count(waiting),
            count(refused),
            count(longest),
            site.requests(),
        ));
    }
    println!("{}", outcomes.join("\n"));
    Ok(())
}

/// Lets hostile relying parties register again and again.
fn attack(
    gateway: &'static Gateway,
    site: &Site,
    pause: Duration,
    outcomes: &'static Outcomes,
) -> Vec<tokio::task::JoinHandle<()>> {
    let parties = federations(site);
    let mut running = Vec::new();
    for number in 0..HOSTILE {
        let body = parties[number % parties.len()].clone();
        running.push(tokio::spawn(async move {
            loop {
                let began = Instant::now();
                let from = u8::try_from(number % 250).unwrap_or_default();
                let status = send(gateway, from, "/1/federation/register", STATEMENT, body.clone()).await;
                let took = usize::try_from(began.elapsed().as_millis()).unwrap_or_default();
                outcomes.answered.fetch_add(1, Ordering::Relaxed);
                outcomes.waiting.fetch_add(usize::from(status == 429), Ordering::Relaxed);
                let refused = status != 429 && (400..500).contains(&status);
                outcomes.refused.fetch_add(usize::from(refused), Ordering::Relaxed);
                outcomes.longest.fetch_max(took, Ordering::Relaxed);
                tokio::time::sleep(pause).await;
            }
        }));
    }
    running
}

const STATEMENT: &str = "application/entity-statement+jwt";

fn row(name: &str, times: &[Duration]) {
    let millis = |index: usize| times.get(index).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
    let last = times.len() - 1;
    println!("| {name} | {:.1} ms | {:.1} ms | {:.1} ms |", millis(last / 2), millis(last * 95 / 100), millis(last));
}

/// How long each registration of a client takes, the shortest first.
async fn registrations(gateway: &'static Gateway) -> Result<Vec<Duration>> {
    let metadata =
        json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"}).to_string();
    let mut times = Vec::new();
    for number in 0..REGISTRATIONS {
        let from = u8::try_from(200 + number % 50).unwrap_or_default();
        let began = Instant::now();
        if send(gateway, from, "/1/register", "application/json", metadata.clone()).await != 201 {
            return Err("not registered".into());
        }
        times.push(began.elapsed());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    times.sort();
    Ok(times)
}

async fn send(gateway: &Gateway, from: u8, path: &str, content_type: &str, body: String) -> u16 {
    let request =
        Request::builder().method("POST").uri(path).header("host", "127.0.0.1").header("content-type", content_type);
    let Ok(request) = request.body(Body::from(body)) else { return 0 };
    let address = SocketAddr::from((Ipv4Addr::new(192, 0, 2, from), 50_000));
    gateway.answer(request, Client { address, secure: true, certificate: None }).await.status().as_u16()
}

/// Requests of relying parties, each with the federation that it claims.
fn federations(site: &Site) -> Vec<String> {
    let entity = |name: &str| Entity::new(&format!("{}/{name}", site.url));
    let well_known = |entity: &Entity| format!("{}/.well-known/openid-federation", path(site, entity));
    let request = |name: &str, superiors: &[&Entity]| {
        let party = entity(name);
        let mut claims = party.configuration(superiors);
        claims["aud"] = "https://registrar.example/1".into();
        claims["metadata"] = json!({"openid_relying_party": {"redirect_uris": ["https://rp.example/cb"]}});
        party.sign(&claims)
    };
    let publish = |superior: &Entity, superiors: &[&Entity], subordinates: &[&Entity]| {
        let mut claims = superior.configuration(superiors);
        let endpoint = format!("{}/fetch", superior.id);
        claims["metadata"] = json!({"federation_entity": {"federation_fetch_endpoint": endpoint}});
        site.set(&well_known(superior), Page::Text(superior.sign(&claims)));
        for subordinate in subordinates {
            let subject = subordinate.id.replace(':', "%3A").replace('/', "%2F");
            let page = Page::Text(superior.sign(&superior.about(subordinate)));
            site.set(&format!("{}/fetch?sub={subject}", path(site, superior)), page);
        }
    };
    let slow: Vec<Entity> = (0..6).map(|number| entity(&format!("slow{number}"))).collect();
    for silent in &slow {
        site.set(&well_known(silent), Page::Silence);
    }
    let huge = entity("huge");
    site.set(&well_known(&huge), Page::Bytes(vec![b'a'; 8 << 20]));
    let bushy: Vec<Entity> = (0..6).map(|number| entity(&format!("bushy{number}"))).collect();
    let all: Vec<&Entity> = bushy.iter().collect();
    for each in &bushy {
        publish(each, &all, &all);
    }
    let many: Vec<Entity> = (0..100).map(|number| entity(&format!("absent{number}"))).collect();
    let malformed = entity("malformed");
    site.set(&well_known(&malformed), Page::Text("a.b.c".repeat(10_000)));
    vec![
        request("party-slow", &slow.iter().collect::<Vec<_>>()),
        request("party-huge", &[&huge]),
        request("party-bushy", &all),
        request("party-wide", &many.iter().collect::<Vec<_>>()),
        request("party-malformed", &[&malformed]),
        "a.b.c".repeat(40_000),
    ]
}

fn path<'e>(site: &Site, entity: &'e Entity) -> &'e str {
    entity.id.strip_prefix(&site.url).unwrap_or_default()
}

async fn gateway(table: aws_sdk_dynamodb::Client, site: &Site, settings: Settings) -> Result<Gateway> {
    let clock = Clock::fixed(NOW);
    let moving = clock.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(1)).await;
            moving.advance(1);
        }
    });
    let store = Store::new(table, TABLE, clock.clone());
    let keys = KeyEncryption::file(&[7; 32])?;
    let settings = Settings { base_url: Some("https://registrar.example".to_owned()), ..settings };
    let app = App::new(store, keys, Fetch::new(site.reachable()), clock, Entropy::seeded(1), settings);
    let app: &'static App = Box::leak(Box::new(app));
    service(app).await?;
    Gateway::new(app, SocketAddr::from(([127, 0, 0, 1], 0)), registrar::api_endpoints()).map_err(Into::into)
}

/// Service 1 is open, and trusts an anchor that no chain leads to.
async fn service(app: &App) -> Result {
    let anchor = Entity::new("https://anchor.example");
    let mut policy = Preset::Open.policy();
    policy.doors.push("federation".to_owned());
    let configuration = ServiceConfiguration {
        federation: FederationSettings {
            enabled: true,
            authority_hints: vec![anchor.id.clone()],
            trust_anchors: vec![TrustAnchorSettings {
                entity_id: anchor.id.clone(),
                jwks: anchor.jwks().to_string(),
                names: vec![],
            }],
            ..FederationSettings::default()
        },
        ..ServiceConfiguration::new("measured", policy)
    };
    let origin = Origin::default();
    let key = json!({"keys": [generate_signing_key(SigningAlgorithm::Es256)?]}).to_string();
    let sealed: Map<String, Value> = [(FEDERATION_JWKS.to_owned(), key.into())].into_iter().collect();
    create_numbered_service(&app.store, &app.keys, &app.entropy, 1, &configuration, &sealed, &origin).await?;
    Ok(())
}
