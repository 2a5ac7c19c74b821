//! Who reaches the embedded table of `registrar serve`.

use std::io::{Read, Write};
use std::net::TcpStream;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use registrar::embedded::{self, AccessKey};
use serde_json::{Value, json};
use shared::entropy::Entropy;

use crate::program::{Folder, Served, registrar};

const LIST_TABLES: &str = "DynamoDB_20120810.ListTables";
const LIST_STREAMS: &str = "DynamoDBStreams_20120810.ListStreams";

/// What a request to the table may have.
struct Ask<'a> {
    method: &'a str,
    query: &'a str,
    host: &'a str,
    target: &'a str,
    access_key: &'a str,
    header: &'a str,
}

impl Ask<'_> {
    fn send(&self, address: &str) -> (u16, String) {
        let Self { method, query, host, target, access_key, header } = self;
        let credential = format!("Credential={access_key}/20260921/us-east-1/dynamodb/aws4_request");
        let authorization = if access_key.is_empty() {
            String::new()
        } else {
            format!("authorization: AWS4-HMAC-SHA256 {credential}, SignedHeaders=host, Signature=0\r\n")
        };
        let mut stream = TcpStream::connect(address).unwrap();
        write!(
            stream,
            "{method} /{query} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-amz-target: {target}\r\n\
             {authorization}{header}content-type: application/x-amz-json-1.0\r\ncontent-length: 2\r\n\r\n{{}}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        (answer.split(' ').nth(1).unwrap().parse().unwrap(), answer)
    }
}

#[test]
fn only_who_has_read_the_environment_file_reaches_the_table() {
    let data = Folder::new("reach");
    let served = Served::start(&data, &["--memory"]);
    let own = served.environment()["AWS_ACCESS_KEY_ID"].as_str();
    let other = AccessKey::mint(&Entropy::seeded(1)).unwrap();
    let address = served.host("dynamodb_endpoint");
    let usual = || Ask { method: "POST", query: "", host: address, target: LIST_TABLES, access_key: own, header: "" };
    let localhost = format!("localhost:{}", address.rsplit_once(':').unwrap().1);
    let signed_url = format!("?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={own}/20260921/us-east-1/dynamodb/x");
    for (ask, status, part) in [
        (usual(), 200, "registrar"),
        (Ask { host: &localhost, ..usual() }, 200, "registrar"),
        (Ask { target: LIST_STREAMS, ..usual() }, 200, "\"Streams\""),
        (Ask { header: "origin: https://evil.example\r\n", ..usual() }, 403, "AccessDeniedException"),
        (Ask { header: "origin: null\r\n", ..usual() }, 403, "AccessDeniedException"),
        (Ask { host: "evil.example", ..usual() }, 403, "AccessDeniedException"),
        (Ask { header: "host: evil.example\r\n", ..usual() }, 400, "RFC 9112"),
        (Ask { access_key: "local", ..usual() }, 400, "UnrecognizedClientException"),
        (Ask { access_key: other.expose(), ..usual() }, 400, "UnrecognizedClientException"),
        (Ask { access_key: "", ..usual() }, 400, "UnrecognizedClientException"),
        (Ask { access_key: "", query: &signed_url, ..usual() }, 400, "UnrecognizedClientException"),
        (Ask { access_key: "", target: LIST_STREAMS, ..usual() }, 400, "UnrecognizedClientException"),
        (Ask { method: "GET", ..usual() }, 405, "UnknownOperationException"),
        (Ask { method: "OPTIONS", ..usual() }, 405, "UnknownOperationException"),
        (Ask { target: "DynamoDB_20120810.DropTables", ..usual() }, 400, "UnknownOperationException"),
        (Ask { target: "", ..usual() }, 400, "UnknownOperationException"),
    ] {
        let Ask { method, query, host, target, access_key, header } = ask;
        let (answered, answer) = ask.send(address);
        let asked = format!("{method} {query} {host} {target} {access_key} {header}: {answer}");
        assert_eq!(answered, status, "{asked}");
        assert!(answer.contains(part), "{asked}");
        assert!(!answer.to_lowercase().contains("access-control"), "{asked}");
    }
    served.stop();
}

#[tokio::test]
async fn the_environment_file_lets_the_sdk_in_and_another_access_key_does_not() {
    let data = Folder::new("sdk");
    let served = Served::start(&data, &["--memory"]);
    let url = &served.environment()["AWS_ENDPOINT_URL_DYNAMODB"];
    let scan = |client: Client| client.scan().table_name("registrar").send();
    let own = AccessKey::parse(&served.environment()["AWS_ACCESS_KEY_ID"]).unwrap();
    assert!(scan(embedded::client(url, &own)).await.unwrap().count() > 0);
    let other = AccessKey::mint(&Entropy::seeded(1)).unwrap();
    let refused = scan(embedded::client(url, &other)).await.unwrap_err();
    assert_eq!(refused.code(), Some("UnrecognizedClientException"), "{refused:?}");
    served.stop();
}

#[test]
fn the_environment_file_lets_the_administration_commands_in() {
    let data = Folder::new("sourced");
    let served = Served::start(&data, &["--memory"]);
    let show = |access_key: Option<&str>| {
        let mut command = registrar();
        command.args(["service", "show", "1", "--json"]).envs(served.environment());
        command.envs(access_key.map(|access_key| ("AWS_ACCESS_KEY_ID", access_key))).output().unwrap()
    };
    let shown: Value = serde_json::from_slice(&show(None).stdout).unwrap();
    assert_eq!(shown["name"], json!("Demo"));
    assert!(!show(Some("local")).status.success());
    served.stop();
}

#[test]
fn each_data_folder_has_an_access_key_of_its_own_and_keeps_it() {
    let access_key = |data: &Folder| {
        let served = Served::start(data, &["--memory"]);
        let access_key = served.environment()["AWS_ACCESS_KEY_ID"].clone();
        served.stop();
        access_key
    };
    let (one, other) = (Folder::new("one"), Folder::new("other"));
    let first = access_key(&one);
    assert_eq!(first.len(), 64, "{first}");
    assert_eq!(access_key(&one), first);
    assert_ne!(access_key(&other), first);
    std::fs::write(one.0.join("env"), "AWS_ACCESS_KEY_ID=local\n").unwrap();
    assert_ne!(access_key(&one), "local", "a name that anybody knows");
}
