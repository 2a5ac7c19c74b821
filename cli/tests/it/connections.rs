//! What those who connect may take: time, connections, memory.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::Response;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair};
use registrar::connections::{self, Limits};
use registrar::tls::{Identity, acceptor};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::program::{Folder, Served};

/// Much longer than anything here may take.
const LONG: Duration = Duration::from_secs(20);

/// What is answered to these bytes until the server ends the connection.
fn answered(address: &str, sent: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LONG)).unwrap();
    stream.write_all(sent.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap_or_else(|error| panic!("{address} after {sent:?}: {error}"));
    answer
}

#[test]
fn what_is_left_unfinished_is_ended() {
    let data = Folder::new("unfinished");
    let (authority, folder) = (certification_authority(), Folder::new("unfinished-authority"));
    std::fs::create_dir_all(&folder.0).unwrap();
    let client_ca = folder.0.join("ca.pem");
    std::fs::write(&client_ca, authority).unwrap();
    let stet = ["--stet-listen", "127.0.0.1:0", "--client-ca", client_ca.to_str().unwrap()];
    let served = Served::start(&data, &[&["--memory", "--patience", "1"], &stet[..]].concat());
    let access_key = &served.environment()["AWS_ACCESS_KEY_ID"];
    let head = format!(
        "POST /1/register HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         authorization: AWS4-HMAC-SHA256 Credential={access_key}/x\r\nx-amz-target: DynamoDB_20120810.ListTables\r\n"
    );
    let half_a_body = format!("{head}content-length: 10\r\n\r\n{{");
    let half_a_chunk = format!("{head}transfer-encoding: chunked\r\n\r\n5\r\n{{");
    for address in ["base_url", "dynamodb_endpoint", "stet_base_url"].map(|member| served.host(member)) {
        assert_eq!(answered(address, ""), "", "{address}");
    }
    for address in ["base_url", "dynamodb_endpoint"].map(|member| served.host(member)) {
        assert_eq!(answered(address, &head), "", "{address}");
        for body in [&half_a_body, &half_a_chunk] {
            let answer = answered(address, body);
            assert!(answer.starts_with("HTTP/1.1 408 "), "{address}: {answer}");
        }
        let answer = answered(address, "GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 4"), "an idle connection ends, too: {answer}");
    }
    served.stop();
}

fn certification_authority() -> String {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.self_signed(&KeyPair::generate().unwrap()).unwrap().pem()
}

#[test]
fn bodies_that_say_that_they_are_too_large_are_refused_unread() {
    let data = Folder::new("large");
    let served = Served::start(&data, &["--memory"]);
    let access_key = &served.environment()["AWS_ACCESS_KEY_ID"];
    for (member, largest) in [("base_url", 1024 * 1024), ("dynamodb_endpoint", 16 * 1024 * 1024)] {
        let head = format!(
            "POST /1/register HTTP/1.1\r\nhost: localhost\r\nauthorization: AWS4-HMAC-SHA256 Credential={access_key}/x\
             \r\nx-amz-target: DynamoDB_20120810.ListTables\r\ncontent-length: {}\r\n\r\n",
            largest + 1
        );
        let answer = answered(served.host(member), &head);
        assert!(answer.starts_with("HTTP/1.1 413 "), "{member}: {answer}");
    }
    served.stop();
}

#[test]
fn further_connections_wait_for_a_place() {
    let data = Folder::new("bound");
    let served = Served::start(&data, &["--memory", "--connections", "2"]);
    let connect = || TcpStream::connect(served.host("base_url")).unwrap();
    let mut waiting = [connect(), connect()];
    let mut further = connect();
    further.write_all(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\n\r\n").unwrap();
    further.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut answer = [0; 12];
    assert!(further.read_exact(&mut answer).is_err(), "it has no place yet");
    waiting[0].write_all(b"GET /nowhere HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    further.set_read_timeout(Some(LONG)).unwrap();
    further.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"HTTP/1.1 404");
    served.stop();
}

/// Answers everything with that many bytes.
async fn answering(bytes: usize, tls: Option<TlsAcceptor>, limits: Limits) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let answer = move |_, _| async move { Response::new(Body::from(vec![b'.'; bytes])) };
    tokio::spawn(connections::serve(listener, tls, limits, answer, std::future::pending()));
    address
}

#[tokio::test]
async fn who_does_not_read_an_answer_loses_the_connection() {
    const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
    let limits = Limits { connections: 1, patience: Duration::from_millis(200) };
    let bytes = 64 * 1024 * 1024;
    let address = answering(bytes, None, limits).await;
    let mut idle = tokio::net::TcpStream::connect(address).await.unwrap();
    idle.write_all(REQUEST).await.unwrap();
    let mut next = tokio::net::TcpStream::connect(address).await.unwrap();
    next.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, next.read_to_end(&mut answer)).await.expect("the first has lost its place").unwrap();
    assert!(answer.len() > bytes);
    answer.clear();
    let read = tokio::time::timeout(LONG, idle.read_to_end(&mut answer)).await.expect("it has ended");
    assert!(read.is_err() || answer.len() < bytes, "it gets no more than was on its way");
}

#[tokio::test]
async fn connections_by_tls_are_timed_like_others() {
    let limits = Limits { connections: 1, patience: Duration::from_millis(200) };
    let identity = Identity::generated(std::iter::empty()).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(identity.certificate.as_bytes()).unwrap()).unwrap();
    let address = answering(1, Some(acceptor(identity, None).unwrap()), limits).await;
    let provider = Arc::new(tokio_rustls::rustls::crypto::aws_lc_rs::default_provider());
    let client = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let client = TlsConnector::from(Arc::new(client.with_root_certificates(roots).with_no_client_auth()));
    let mut silent = tokio::net::TcpStream::connect(address).await.unwrap();
    for (sent, begins) in [("GET / HT", ""), ("GET / HTTP/1.1\r\nhost: localhost\r\n\r\n", "HTTP/1.1 200 ")] {
        let stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let name = ServerName::try_from("localhost").unwrap();
        let mut stream = tokio::time::timeout(LONG, client.connect(name, stream)).await.unwrap().unwrap();
        stream.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let _ = tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.expect("it has ended");
        assert!(answer.starts_with(begins.as_bytes()) && answer.is_empty() == begins.is_empty(), "{sent}");
    }
    assert_eq!(tokio::time::timeout(LONG, silent.read(&mut [0])).await.unwrap().unwrap(), 0);
}

/// An answer on a connection that goes on: its status, and whether it says that the connection ends.
fn next_answer(stream: &mut BufReader<TcpStream>, asked: &str) -> (u16, bool) {
    let mut line = || {
        let mut line = String::new();
        assert_ne!(stream.read_line(&mut line).unwrap(), 0, "it ended, and had not said so: {asked}");
        line.trim_end().to_ascii_lowercase()
    };
    let status = line().split(' ').nth(1).unwrap().parse().unwrap();
    let (mut ends, mut length) = (false, 0);
    loop {
        let field = line();
        match field.split_once(": ") {
            Some(("connection", "close")) => ends = true,
            Some(("content-length", value)) => length = value.parse().unwrap(),
            Some(_) => {}
            None => break,
        }
    }
    stream.read_exact(&mut vec![0; length]).unwrap_or_else(|error| panic!("{asked}: {error}"));
    (status, ends)
}

#[test]
fn a_connection_goes_on_after_an_answer_or_the_answer_says_that_it_ends() {
    const KIB: usize = 1024;
    const MIB: usize = 1024 * KIB;
    let data = Folder::new("going-on");
    let served = Served::start(&data, &["--memory"]);
    let fixed = |says: usize, sent: usize| (format!("content-length: {says}\r\n\r\n"), ".".repeat(sent));
    let chunked = |length: usize, end: &str| {
        ("transfer-encoding: chunked\r\n\r\n".to_owned(), format!("{length:x}\r\n{}\r\n{end}", ".".repeat(length)))
    };
    // Each body, and whether all of it is read: else the answer comes before the body, and the connection ends with it.
    let bodies = [
        (fixed(0, 0), true),
        (fixed(KIB, KIB), true),
        (fixed(MIB, MIB), true),
        (fixed(100 * MIB, 0), false),
        (fixed(4 * MIB, 4 * MIB), false),
        (chunked(KIB, "0\r\n\r\n"), true),
        (chunked(4 * MIB, "0\r\n\r\n"), false),
        (chunked(4 * MIB, ""), false),
    ];
    let api = [
        ("POST /1/nope", "localhost", 404),
        ("POST /nowhere/at/all/", "localhost", 404),
        ("DELETE /1/register", "localhost", 405),
        ("POST /api/1/client/create", "localhost", 401),
        ("POST /1/register", "localhost", 400),
    ];
    for (line, host, status) in api {
        for ((field, body), is_read) in &bodies {
            let asked = format!("{line} HTTP/1.1\r\nhost: {host}\r\ncontent-type: text/plain\r\n{field}");
            let mut stream = BufReader::new(TcpStream::connect(served.host("base_url")).unwrap());
            stream.get_ref().set_read_timeout(Some(LONG)).unwrap();
            for _ in 0..3 {
                stream.get_ref().write_all(format!("{asked}{body}").as_bytes()).unwrap();
                let answer = next_answer(&mut stream, &asked);
                assert_eq!(answer, if *is_read { (status, false) } else { (413, true) }, "{asked}");
                if !is_read {
                    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it ends, and is not reset: {asked}");
                    break;
                }
            }
        }
    }
    // Nothing is read of what is asked of another server, or of the table without its key.
    for (member, host, status) in [("base_url", "stranger.example", 403), ("dynamodb_endpoint", "localhost", 400)] {
        for ((field, body), _) in &bodies {
            let asked = format!("POST / HTTP/1.1\r\nhost: {host}\r\n{field}");
            let mut stream = BufReader::new(TcpStream::connect(served.host(member)).unwrap());
            stream.get_ref().set_read_timeout(Some(LONG)).unwrap();
            stream.get_ref().write_all(format!("{asked}{body}").as_bytes()).unwrap();
            let is_there = field.starts_with("content-length: 0");
            assert_eq!(next_answer(&mut stream, &asked), (status, !is_there), "{asked}");
            if !is_there {
                assert_eq!(stream.read(&mut [0]).unwrap(), 0, "{asked}");
            }
        }
    }
    served.stop();
}
