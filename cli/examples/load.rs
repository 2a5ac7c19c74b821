//! Registers and reads clients of a server as fast as it answers, over so many connections at once, and says how many
//! answers a second there were and how long they took.
//!
//! `cargo run --release --example load -- http://127.0.0.1:8080/1/register --connections 32`

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::http::{Method, Request, StatusCode, Uri, header};
use clap::Parser;
use futures_util::future::try_join_all;
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::LocalSet;

type Result<T = ()> = std::result::Result<T, Box<dyn std::error::Error>>;

const REGISTRATION: &str = r#"{"client_name":"Load","redirect_uris":["https://client.example/callback"],"grant_types":["authorization_code"],"response_types":["code"],"token_endpoint_auth_method":"none"}"#;

/// Against which server, and how much.
#[derive(Parser)]
struct Options {
    /// The client registration endpoint.
    url: Uri,
    /// How many connections ask at once.
    #[arg(long, default_value_t = 1)]
    connections: usize,
    /// How many seconds registering and reading are measured.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// Registers so many clients instead, and says after each tenth of them how long it took.
    #[arg(long)]
    registrations: Option<usize>,
}

/// A client that was registered: where it is read, and with what.
struct Registered {
    uri: Uri,
    token: String,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result {
    let options = Options::parse();
    LocalSet::new().run_until(measure(&options)).await
}

async fn measure(options: &Options) -> Result {
    if let Some(registrations) = options.registrations {
        return grow(options, registrations).await;
    }
    let registered = RefCell::new(Vec::new());
    let registering = run(options, async |connection: &mut Connection, _| {
        let client = register(connection, &options.url).await?;
        registered.borrow_mut().push(client);
        Ok(())
    });
    report("register", options, registering.await?);
    let registered = registered.into_inner();
    let reading = run(options, async |connection: &mut Connection, number: usize| {
        let client = registered.get(number % registered.len()).ok_or("nothing was registered")?;
        read(connection, client).await
    });
    report("read", options, reading.await?);
    Ok(())
}

/// Lets every connection do the same again and again, until the time is over; answers how long each took.
async fn run(options: &Options, operation: impl AsyncFn(&mut Connection, usize) -> Result) -> Result<Vec<Duration>> {
    let end = Instant::now() + Duration::from_secs(options.seconds);
    let (times, next) = (RefCell::new(Vec::new()), Cell::new(0));
    let connections = (0..options.connections).map(async |_| {
        let mut connection = connect(&options.url).await?;
        while Instant::now() < end {
            let began = Instant::now();
            operation(&mut connection, next.replace(next.get() + 1)).await?;
            times.borrow_mut().push(began.elapsed());
        }
        Result::Ok(())
    });
    try_join_all(connections).await?;
    Ok(times.into_inner())
}

fn report(operation: &str, options: &Options, mut times: Vec<Duration>) {
    times.sort_unstable();
    let rate = times.len() as u64 / options.seconds;
    let at = |part: usize| times.get(times.len() * part / 100).copied().unwrap_or_default().as_secs_f64() * 1000.0;
    println!("{operation} {} {rate}/s, median {:.2} ms, 99th of 100 {:.2} ms", options.connections, at(50), at(99));
}

async fn grow(options: &Options, registrations: usize) -> Result {
    let (begun, done) = (Cell::new(0), Cell::new(0));
    let mut last = Instant::now();
    let connections = (0..options.connections).map(async |_| {
        let mut connection = connect(&options.url).await?;
        while begun.replace(begun.get() + 1) < registrations {
            register(&mut connection, &options.url).await?;
            done.set(done.get() + 1);
        }
        Result::Ok(())
    });
    let progress = async {
        let tenth = registrations.div_ceil(10);
        for part in 1..=10 {
            while done.get() < (part * tenth).min(registrations) {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            let rate = f64::from(u32::try_from(tenth)?) / last.elapsed().as_secs_f64();
            println!("{} clients, the last {tenth} at {rate:.0}/s", part * tenth);
            last = Instant::now();
        }
        Ok(())
    };
    tokio::try_join!(try_join_all(connections), progress)?;
    Ok(())
}

type Connection = SendRequest<Full<Bytes>>;

async fn connect(url: &Uri) -> Result<Connection> {
    let authority = url.authority().ok_or("a URL with a host and a port is needed")?;
    let stream = TcpStream::connect(authority.as_str()).await?;
    stream.set_nodelay(true)?;
    let (sender, connection) = handshake(TokioIo::new(stream)).await?;
    tokio::task::spawn_local(connection);
    Ok(sender)
}

async fn register(connection: &mut Connection, url: &Uri) -> Result<Registered> {
    let request = Request::builder().method(Method::POST).header(header::CONTENT_TYPE, "application/json");
    let answer = ask(connection, url, request, REGISTRATION.into(), StatusCode::CREATED).await?;
    let answer: Value = serde_json::from_slice(&answer)?;
    let text = |member: &str| answer.get(member).and_then(Value::as_str).ok_or("no client information");
    Ok(Registered {
        uri: text("registration_client_uri")?.parse()?,
        token: format!("Bearer {}", text("registration_access_token")?),
    })
}

async fn read(connection: &mut Connection, client: &Registered) -> Result {
    let request = Request::builder().header(header::AUTHORIZATION, client.token.as_str());
    ask(connection, &client.uri, request, Bytes::new(), StatusCode::OK).await?;
    Ok(())
}

async fn ask(
    connection: &mut Connection,
    url: &Uri,
    request: axum::http::request::Builder,
    body: Bytes,
    expected: StatusCode,
) -> Result<Bytes> {
    let authority = url.authority().ok_or("a URL with a host and a port is needed")?;
    let path = url.path_and_query().ok_or("a URL with a path is needed")?;
    let request = request.uri(path.as_str()).header(header::HOST, authority.as_str()).body(Full::new(body))?;
    connection.ready().await?;
    let answer = connection.send_request(request).await?;
    let status = answer.status();
    let body = answer.into_body().collect().await?.to_bytes();
    if status == expected { Ok(body) } else { Err(format!("{status}: {}", String::from_utf8_lossy(&body)).into()) }
}
