//! Measures functions as Lambda runs them: start, first answer, warm answers, processor time, memory. It plays the
//! runtime API and serves the embedded table; each function is a process of its own.
//!
//! `cargo build --release --workspace --examples --bins && target/release/examples/measure [BINARY…]`

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::routing::{get, post};
use registrar::connections::Limits;
use registrar::embedded::{self, AccessKey, Embedded, TABLE};
use shared::App;
use shared::app::Settings;
use shared::credentials::{IdSalt, KeyEncryption, Token, TokenKind, numeric_id};
use shared::entropy::Entropy;
use shared::fetch::{Fetch, FetchSettings};
use shared::store::Store;
use shared::time::Clock;
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};

#[path = "../tests/fixture.rs"]
mod fixture;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const STARTS: usize = 15;

/// Warm answers come in blocks, of each function of a group by turns: what the machine does besides takes as much from one
/// as from the other.
const ROUNDS: usize = 40;
const BLOCK: usize = 50;

/// What is measured: the binary, the event, and how the row is called.
type Case = (&'static str, &'static str, &'static str);

/// The first one of each group is the least that a function can be that asks as much of the table.
const GROUPS: [&[Case]; 3] = [
    &[
        ("examples/bare-put", "register.public-native", "bare runtime and `PutItem`"),
        ("register", "register.public-native", "`register`, public client"),
        ("register", "register.confidential", "`register`, confidential client"),
    ],
    &[
        ("examples/bare-batch-get", "client-lookup.registered", "bare runtime and `BatchGetItem`"),
        ("client-configuration", "client-configuration.read", "`client-configuration`, read"),
        ("client-lookup", "client-lookup.registered", "`client-lookup`, registered client"),
        ("client-lookup", "client-lookup.by-url", "`client-lookup`, fresh metadata document"),
        ("authlete-introspection", "authlete-introspection.valid", "`authlete-introspection`, valid token"),
        (
            "federation-entity-configuration",
            "federation-entity-configuration.appended",
            "`federation-entity-configuration`, signed",
        ),
    ],
    &[
        ("examples/bare-batch-get-put", "authlete-token.by-code", "bare runtime, `BatchGetItem` and `PutItem`"),
        ("authlete-token", "authlete-token.by-code", "`authlete-token`, code to an ID Token by ES256"),
    ],
];

#[tokio::main]
async fn main() -> Result {
    let release = std::env::current_exe()?.ancestors().nth(2).ok_or("no target folder")?.to_owned();
    let key = std::env::temp_dir().join(format!("registrar-measure-{}.key", std::process::id()));
    std::fs::write(&key, [7; 32])?;
    println!(
        "| function | start to `/next` | start to first answer | warm answer | CPU of it | … beyond the bare | memory |"
    );
    println!("|---|---|---|---|---|---|---|");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    for group in GROUPS {
        let Some((bare, functions)) = group.split_first() else { continue };
        let is_wanted = |(binary, ..): &&Case| wanted.is_empty() || wanted.iter().any(|wanted| wanted == binary);
        let functions: Vec<Case> = functions.iter().filter(is_wanted).copied().collect();
        if !functions.is_empty() {
            measure(&[&[*bare], functions.as_slice()].concat(), &release, &key).await?;
        }
    }
    std::fs::remove_file(key)?;
    Ok(())
}

async fn measure(group: &[Case], release: &Path, key: &Path) -> Result {
    let access_key = AccessKey::mint(&Entropy::system())?;
    let table = Embedded::start(None, SocketAddr::from(([127, 0, 0, 1], 0)), &access_key, Limits::default()).await?;
    prepare(&table.url(), &access_key).await?;
    let environment = environment(&table.url(), &access_key, key)?;
    let code = Code::read(&table.url(), &access_key).await?;
    let mut measured = Vec::new();
    for (binary, event, name) in group {
        let event = std::fs::read(Path::new("events").join(format!("{event}.json")))?;
        let (mut starts, mut firsts) = (Vec::new(), Vec::new());
        for _ in 0..STARTS {
            let mut function = Function::start(&release.join(binary), &environment).await?;
            starts.push(function.started);
            code.restore().await?;
            function.answer(&event).await?;
            firsts.push(function.since_spawn());
        }
        let mut function = Function::start(&release.join(binary), &environment).await?;
        for _ in 0..BLOCK {
            code.restore().await?;
            function.answer(&event).await?;
        }
        measured.push(Measured { name, function, event, starts, firsts, warm: Vec::new(), cpu: Vec::new() });
    }
    for _ in 0..ROUNDS {
        for one in &mut measured {
            one.block(&code).await?;
        }
    }
    let bare: Vec<Duration> = measured.first().map(|bare| bare.cpu.clone()).unwrap_or_default();
    for one in &measured {
        println!("{}", one.row(&bare)?);
    }
    Ok(())
}

/// What was measured of a function.
struct Measured {
    name: &'static str,
    function: Function,
    event: Vec<u8>,
    starts: Vec<Duration>,
    firsts: Vec<Duration>,
    warm: Vec<Duration>,
    /// Of one answer, in each block.
    cpu: Vec<Duration>,
}

impl Measured {
    async fn block(&mut self, code: &Code) -> Result {
        let before = self.function.cpu()?;
        for _ in 0..BLOCK {
            code.restore().await?;
            self.warm.push(self.function.answer(&self.event).await?);
        }
        self.cpu.push(self.function.cpu()?.saturating_sub(before) / u32::try_from(BLOCK)?);
        Ok(())
    }

    /// What is beyond the bare function's is compared round by round.
    fn row(&self, bare: &[Duration]) -> Result<String> {
        let beyond: Vec<Duration> = self.cpu.iter().zip(bare).map(|(own, bare)| own.saturating_sub(*bare)).collect();
        Ok(format!(
            "| {} | {:.1} ms | {:.1} ms | {:.2} ms | {} µs | {} µs | {:.1} MiB |",
            self.name,
            millis(median(&self.starts)),
            millis(median(&self.firsts)),
            millis(median(&self.warm)),
            median(&self.cpu).as_micros(),
            median(&beyond).as_micros(),
            self.function.memory_mib()?
        ))
    }
}

fn environment(url: &str, access_key: &AccessKey, key: &Path) -> Result<HashMap<&'static str, String>> {
    Ok(HashMap::from([
        ("AWS_ENDPOINT_URL_DYNAMODB", url.to_owned()),
        ("AWS_REGION", embedded::REGION.to_owned()),
        ("AWS_ACCESS_KEY_ID", access_key.expose().to_owned()),
        ("AWS_SECRET_ACCESS_KEY", embedded::SECRET.to_owned()),
        ("REGISTRAR_TABLE", TABLE.to_owned()),
        ("REGISTRAR_ADDRESS_RATE", "100000".to_owned()),
        ("REGISTRAR_ADDRESS_BURST", "1000000".to_owned()),
        ("REGISTRAR_TOKEN_RATE", "100000".to_owned()),
        ("REGISTRAR_TOKEN_BURST", "1000000".to_owned()),
        ("REGISTRAR_SERVICE_RATE", "1000000".to_owned()),
        ("REGISTRAR_SERVICE_BURST", "10000000".to_owned()),
        ("REGISTRAR_KEY_FILE", key.display().to_string()),
        ("MEASURED_KEYS", looked_up()?),
    ]))
}

/// The keys of what the function `client-lookup` asks for: the token, the client, and a claim that there is not.
fn looked_up() -> Result<String> {
    let token = Token::parse(TokenKind::Service, &format!("svc_{}U", "A".repeat(42))).ok_or("no token")?;
    let client_id = "00000000-0000-4000-8000-000000000001";
    let number = numeric_id(&IdSalt([1; 32]), client_id);
    Ok(format!("T#{} T,C#101#{number} C,U#101#alias#{client_id} U", token.hash().to_text()))
}

/// The authorization of the fixture's code, which is given back before each request: a code becomes tokens once.
struct Code {
    client: aws_sdk_dynamodb::Client,
    item: HashMap<String, AttributeValue>,
}

impl Code {
    async fn read(url: &str, access_key: &AccessKey) -> Result<Self> {
        let client = embedded::client(url, access_key);
        let get = client.get_item().table_name(TABLE);
        let get = get.key("PK", AttributeValue::S("G#112#AAAAAAAAAAAAAAAAAAAABA".to_owned()));
        let item =
            get.key("SK", AttributeValue::S("G".to_owned())).send().await?.item.ok_or("the fixture has a code")?;
        Ok(Self { client, item })
    }

    async fn restore(&self) -> Result {
        let put = self.client.put_item().table_name(TABLE).set_item(Some(self.item.clone()));
        put.send().await?;
        Ok(())
    }
}

async fn prepare(url: &str, access_key: &AccessKey) -> Result {
    let clock = Clock::system();
    let store = Store::new(embedded::client(url, access_key), TABLE, clock.clone());
    let keys = KeyEncryption::file(&[7; 32])?;
    let fetch = Fetch::new(FetchSettings::default());
    fixture::install(&App::new(store, keys, fetch, clock, Entropy::system(), Settings::default())).await
}

fn median(times: &[Duration]) -> Duration {
    let mut times = times.to_vec();
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

/// A function, and the runtime API it asks.
struct Function {
    process: Child,
    spawned: Instant,
    started: Duration,
    events: mpsc::Sender<Bytes>,
    answers: mpsc::Receiver<Bytes>,
}

struct Runtime {
    asked: mpsc::Sender<()>,
    events: Mutex<mpsc::Receiver<Bytes>>,
    answers: mpsc::Sender<Bytes>,
}

impl Function {
    async fn start(binary: &Path, environment: &HashMap<&str, String>) -> Result<Self> {
        let (asked, mut was_asked) = mpsc::channel(1);
        let (events, receive_events) = mpsc::channel(1);
        let (send_answers, answers) = mpsc::channel(1);
        let runtime = Arc::new(Runtime { asked, events: Mutex::new(receive_events), answers: send_answers });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let routes = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .with_state(runtime);
        tokio::spawn(async move { axum::serve(listener, routes).await });
        let spawned = Instant::now();
        let process = Command::new(binary)
            .env_clear()
            .envs(environment)
            .env("AWS_LAMBDA_RUNTIME_API", address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "measured")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
            .stdout(Stdio::null())
            .spawn()?;
        was_asked.recv().await;
        Ok(Self { process, spawned, started: spawned.elapsed(), events, answers })
    }

    fn since_spawn(&self) -> Duration {
        self.spawned.elapsed()
    }

    /// Sends an event and says how long the answer took.
    async fn answer(&mut self, event: &[u8]) -> Result<Duration> {
        let sent = Instant::now();
        self.events.send(Bytes::copy_from_slice(event)).await?;
        let answer = self.answers.recv().await.ok_or("no answer")?;
        let took = sent.elapsed();
        let answer: serde_json::Value = serde_json::from_slice(&answer)?;
        if !matches!(answer.get("statusCode").and_then(serde_json::Value::as_u64), Some(200 | 201)) {
            return Err(format!("not a success: {answer}").into());
        }
        Ok(took)
    }

    /// The time that its threads have run.
    fn cpu(&self) -> Result<Duration> {
        let mut nanos = 0;
        for thread in std::fs::read_dir(format!("/proc/{}/task", self.process.id()))? {
            let times = std::fs::read_to_string(thread?.path().join("schedstat"))?;
            nanos += times.split(' ').next().unwrap_or_default().parse::<u64>()?;
        }
        Ok(Duration::from_nanos(nanos))
    }

    fn memory_mib(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
        Ok(line.trim().trim_end_matches(" kB").parse::<f64>()? / 1024.0)
    }
}

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

async fn next(State(runtime): State<Arc<Runtime>>) -> (HeaderMap, Bytes) {
    let _ = runtime.asked.try_send(());
    let event = runtime.events.lock().await.recv().await.unwrap_or_default();
    let headers = [
        ("lambda-runtime-aws-request-id", "measured"),
        ("lambda-runtime-deadline-ms", "9999999999999"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:000000000000:function:measured"),
    ];
    let headers = headers.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
    (headers.into_iter().collect(), event)
}

async fn response(State(runtime): State<Arc<Runtime>>, body: Bytes) -> StatusCode {
    let _ = runtime.answers.send(body).await;
    StatusCode::ACCEPTED
}
