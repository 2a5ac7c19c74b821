//! Measures lists and the stream on the embedded table, with 100,000 clients of one service.
//!
//! `cargo run --release --example measure-lists`

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use dynoxide::ImportOptions;
use dynoxide::actions::{import_items, put_item};
use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE, Table, ready};
use registrar::streams::Follower;
use serde_json::{Value, json};
use shared::App;
use shared::app::{ServiceCaching, Settings};
use shared::credentials::KeyEncryption;
use shared::entropy::Entropy;
use shared::fetch::{Fetch, FetchSettings};
use shared::store::Store;
use shared::stream::apply;
use shared::time::Clock;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

/// How many clients register on each of five days, and how many milliseconds apart: the third day is crowded from
/// its beginning to its end.
const DAYS: [(u64, u64); 5] = [(10_000, 500), (15_000, 500), (60_000, 1440), (10_000, 500), (5_000, 500)];

/// 2026-01-01T00:00:00Z, in milliseconds.
const FIRST_DAY: u64 = 1_767_225_600_000;

const TIMES: usize = 20;

#[tokio::main]
async fn main() -> Result {
    let access_key = AccessKey::mint(&Entropy::system())?;
    let table = Embedded::start(None, SocketAddr::from(([127, 0, 0, 1], 0)), &access_key, Limits::default()).await?;
    let app = application(&table.url(), &access_key)?;
    let clients = crowd();
    import(&table.table(), &clients, &ImportOptions::default())?;
    let counting = Instant::now();
    for batch in clients.chunks(1000) {
        apply(&app, serde_json::from_value(event(batch))?).await?;
    }
    println!("100,000 registrations counted in {:.1} s, a thousand at a time", counting.elapsed().as_secs_f64());
    pages(&app).await?;
    stream(&app, &table.table()).await
}

/// How long pages of five clients take.
async fn pages(app: &App) -> Result {
    println!("| page from | without a developer | of a developer |");
    println!("|---|---|---|");
    for start in [0, 10_500, 24_998, 55_000, 99_995] {
        let mut times = [Duration::ZERO; 2];
        for (time, developer) in times.iter_mut().zip([None, Some("authlete_1")]) {
            let began = Instant::now();
            for _ in 0..TIMES {
                let mut page = app.store.client_page(1, developer, start, start + 5).await?;
                let clients = page.next_few().await?.unwrap_or_default();
                if clients.len() != 5 || page.total != 100_000 {
                    return Err("not the page".into());
                }
            }
            *time = began.elapsed() / u32::try_from(TIMES)?;
        }
        let [all, developer] = times.map(millis);
        println!("| {start} | {all:.1} ms | {developer:.1} ms |");
    }
    let began = Instant::now();
    app.store.clients(1).await?;
    println!("all clients: {:.1} s", began.elapsed().as_secs_f64());
    Ok(())
}

/// What the length of the embedded stream costs.
async fn stream(app: &App, table: &Arc<Table>) -> Result {
    println!("| records added to the stream | following them | a look when idle | a write |");
    println!("|---|---|---|---|");
    let recorded = ImportOptions { record_streams: true, ..ImportOptions::default() };
    for (clients, service) in [(1_000, 2), (9_000, 3), (40_000, 4)] {
        let clients: Vec<Value> = (1..=clients).map(|number| client(service, number, FIRST_DAY + number)).collect();
        import(table, &clients, &recorded)?;
        let began = Instant::now();
        let mut follower = Follower::new(Arc::clone(table));
        while follower.step(app).await? > 0 {}
        let following = began.elapsed();
        let began = Instant::now();
        for _ in 0..TIMES {
            follower.step(app).await?;
        }
        let looking = began.elapsed() / u32::try_from(TIMES)?;
        let began = Instant::now();
        for number in 0..TIMES {
            let item = json!({"PK": {"S": "X#1"}, "SK": {"S": number.to_string()}});
            let put = json!({"TableName": TABLE, "Item": item});
            let put = serde_json::from_value(put)?;
            table.with(|storage| ready(put_item::execute(storage, put)))?;
        }
        let writing = began.elapsed() / u32::try_from(TIMES)?;
        let [following, looking, writing] = [following, looking, writing].map(millis);
        println!("| {} | {following:.0} ms | {looking:.1} ms | {writing:.1} ms |", clients.len());
    }
    Ok(())
}

fn application(url: &str, access_key: &AccessKey) -> Result<App> {
    let clock = Clock::system();
    let store = Store::new(embedded::client(url, access_key), TABLE, clock.clone());
    let keys = KeyEncryption::file(&[7; 32])?;
    Ok(App::new(
        store,
        keys,
        Fetch::new(FetchSettings::default()),
        clock,
        Entropy::system(),
        Settings { service_cache: ServiceCaching::Millis(0), ..Settings::default() },
    ))
}

/// 100,000 clients of service 1.
fn crowd() -> Vec<Value> {
    let mut clients = Vec::new();
    let mut next = 1..;
    for (day, (count, apart)) in (0..).zip(DAYS) {
        let created = (0..count).map(|number| FIRST_DAY + day * 86_400_000 + number * apart);
        clients.extend(created.zip(&mut next).map(|(created, number)| client(1, number, created)));
    }
    clients
}

/// A client as small as one can be.
fn client(service: u64, number: u64, created_millis: u64) -> Value {
    let record = json!({
        "metadata": {"client_name": "Test"}, "client_type": "public", "issued_at_millis": created_millis,
    });
    json!({
        "PK": {"S": format!("C#{service}#{number}")},
        "SK": {"S": "C"},
        "client_id": {"S": number.to_string()},
        "source": {"S": "oauth"},
        "locked": {"BOOL": false},
        "version": {"N": "1"},
        "client": {"S": record.to_string()},
        "list": {"S": format!("C#{service}")},
        "developer": {"S": format!("D#{service}#authlete_{service}")},
        "at": {"S": format!("{created_millis:013}#{number:016}")},
    })
}

fn import(table: &Arc<Table>, items: &[Value], options: &ImportOptions) -> Result {
    let items = items.iter().map(|item| serde_json::from_value(item.clone())).collect::<std::result::Result<_, _>>()?;
    table.with(|storage| ready(import_items::execute(storage, TABLE, items, options)))?;
    Ok(())
}

/// The event of their registrations.
fn event(clients: &[Value]) -> Value {
    let record = |client: &Value| {
        let number = client.pointer("/client_id/S");
        json!({"eventName": "INSERT", "dynamodb": {"NewImage": client, "SequenceNumber": number}})
    };
    json!({"Records": clients.iter().map(record).collect::<Vec<_>>(), "shardId": "crowd"})
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
