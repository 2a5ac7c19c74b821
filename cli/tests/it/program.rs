//! The program itself, as a user runs it.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use shared::fetch::{Fetch, FetchError, FetchSettings};
use shared::jose::{SigningAlgorithm, UnverifiedJwt, generate_signing_key};

/// A folder of one test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// `registrar serve`, started.
pub(crate) struct Served {
    process: Child,
    announced: String,
    demo: Value,
    environment: HashMap<String, String>,
}

impl Served {
    pub(crate) fn start(data: &Folder, options: &[&str]) -> Self {
        let mut process = registrar()
            .args(["serve", "--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--data"])
            .arg(&data.0)
            .args(options)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        while !announced.contains("Ctrl-C ends it") {
            assert_ne!(lines.read_line(&mut announced).unwrap(), 0, "it ended: {announced}");
        }
        let demo = serde_json::from_slice(&std::fs::read(data.0.join("demo.json")).unwrap()).unwrap();
        let environment = std::fs::read_to_string(data.0.join("env")).unwrap();
        let variable = |line: &str| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let environment = environment.lines().map(|line| variable(line).unwrap()).collect();
        Self { process, announced, demo, environment }
    }

    pub(crate) fn text(&self, member: &str) -> &str {
        self.demo[member].as_str().unwrap()
    }

    /// The environment file.
    pub(crate) fn environment(&self) -> &HashMap<String, String> {
        &self.environment
    }

    /// The host and port of one of its addresses.
    pub(crate) fn host(&self, member: &str) -> &str {
        self.text(member).split_once("://").unwrap().1
    }

    /// Sends a request to the API.
    pub(crate) fn send(&self, method: &str, url: &str, token: Option<&str>, body: &str) -> (u16, Value) {
        let path = url.strip_prefix(self.text("base_url")).unwrap();
        let host = self.text("base_url").strip_prefix("http://").unwrap();
        let authorization = token.map(|token| format!("authorization: Bearer {token}\r\n")).unwrap_or_default();
        let mut stream = TcpStream::connect(host).unwrap();
        let length = body.len();
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n{authorization}\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap_or_default())
    }

    /// The items of a partition of the table, or of an index.
    pub(crate) fn items(&self, partition: &str, index: Option<&str>) -> Vec<Value> {
        let mut query = json!({"TableName": "registrar", "KeyConditionExpression": "#partition = :partition",
            "ExpressionAttributeNames": {"#partition": index.unwrap_or("PK")},
            "ExpressionAttributeValues": {":partition": {"S": partition}}});
        if let Some(index) = index {
            query["IndexName"] = index.into();
        }
        let (host, access_key) = (self.host("dynamodb_endpoint"), &self.environment["AWS_ACCESS_KEY_ID"]);
        let (body, mut stream) = (query.to_string(), TcpStream::connect(host).unwrap());
        write!(
            stream,
            "POST / HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\nx-amz-target: DynamoDB_20120810.Query\r\n\
             authorization: AWS4-HMAC-SHA256 Credential={access_key}/20260921/us-east-1/dynamodb/aws4_request, \
             SignedHeaders=host, Signature=0\r\nx-amz-date: 20260921T000000Z\r\n\
             content-type: application/x-amz-json-1.0\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let answer: Value = serde_json::from_str(answer.split("\r\n\r\n").nth(1).unwrap()).unwrap();
        answer["Items"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
    }

    /// Ends it as Ctrl-C does.
    pub(crate) fn stop(mut self) {
        let signal = format!("kill -INT {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &signal]).status().unwrap().success());
        let status = self.process.wait().unwrap();
        assert!(status.success(), "it ends cleanly: {status}");
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub(crate) fn registrar() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_registrar"));
    for name in ["REGISTRAR_TABLE", "REGISTRAR_KEY_FILE", "REGISTRAR_KMS_KEY_ID", "AWS_ENDPOINT_URL_DYNAMODB"] {
        command.env_remove(name);
    }
    for name in ["REGISTRAR_API", "REGISTRAR_TOKEN"] {
        command.env_remove(name);
    }
    command
}

/// The URL and the body of a curl command.
fn curl(line: &str) -> (&str, &str) {
    let url = line.split(' ').nth(1).unwrap();
    let body = line.split("-d '").nth(1).unwrap().strip_suffix('\'').unwrap();
    (url, body)
}

#[test]
fn a_newcomer_pastes_the_printed_line_and_the_client_survives_a_restart() {
    let data = Folder::new("newcomer");
    let served = Served::start(&data, &[]);
    let line = served.announced.lines().find(|line| line.trim().starts_with("curl")).unwrap().trim();
    let (url, body) = curl(line);
    let (status, client) = served.send("POST", url, None, body);
    assert_eq!((status, &client["client_name"]), (201, &json!("My app")));
    for route in
        ["/{serviceId}/register", "/{serviceId}/register/{clientId}", "/.well-known/openid-configuration/{serviceId}"]
    {
        assert!(served.announced.lines().any(|line| line.ends_with(route)), "{route}");
    }
    let organization = served.text("organization");
    assert!(served.announced.contains(&format!("of the organization {organization} ")), "{}", served.announced);
    let (token, demo) = (client["registration_access_token"].as_str().unwrap(), served.demo.clone());
    served.stop();
    let served = Served::start(&data, &[]);
    for kept in ["initial_access_token", "service_token", "organization_token", "service_id"] {
        assert_eq!(served.demo[kept], demo[kept], "{kept}");
    }
    let url = format!("{}/{}", served.text("registration_endpoint"), client["client_id"].as_str().unwrap());
    let (status, read) = served.send("GET", &url, Some(token), "");
    assert_eq!((status, &read["client_name"]), (200, &json!("My app")));
    served.stop();
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let data = Folder::new("readme");
    let served = Served::start(&data, &["--memory"]);
    let readme = include_str!("../../../README.md");
    let printed = served.announced.lines().find(|line| line.trim().starts_with("curl")).unwrap().trim();
    let usual = printed.replace(served.text("base_url"), "http://127.0.0.1:8080");
    assert!(readme.contains(&usual), "the README's first registration is the printed line: {usual}");
    let shown = readme.split("```json").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let shown: Value = serde_json::from_str(shown).unwrap();
    let (url, body) = curl(printed);
    let (_, answered) = served.send("POST", url, None, body);
    let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&shown), names(&answered));
    for endpoint in registrar::endpoints() {
        for path in endpoint.paths {
            assert!(readme.contains(&format!("`{path}`")), "the README's endpoint table lacks {path}");
        }
    }
    served.stop();
}

#[test]
fn the_printed_link_signs_in_to_the_console_once() {
    let data = Folder::new("console");
    let served = Served::start(&data, &["--memory"]);
    let base_url = served.text("base_url").to_owned();
    let code = served.announced.lines().find_map(|line| line.trim().strip_prefix(&format!("{base_url}/console#code=")));
    let (url, body) = (format!("{base_url}/console/code"), json!({ "code": code.unwrap() }).to_string());
    let (status, refused) = served.send("POST", &url, None, "{\"code\":\"wrong\"}");
    assert_eq!((status, &refused["error"]), (400, &json!("invalid_request")));
    let (status, answer) = served.send("POST", &url, None, &body);
    assert_eq!((status, &answer["token"]), (200, &served.demo["organization_token"]));
    assert_eq!(served.send("POST", &url, None, &body).0, 400);
    assert_eq!(served.send("GET", &url, None, "").0, 404);
    served.stop();
}

#[test]
fn nobody_else_may_read_the_key_and_the_tokens() {
    let data = Folder::new("private");
    let served = Served::start(&data, &["--memory"]);
    for file in ["demo.json", "key", "env"] {
        let mode = std::fs::metadata(data.0.join(file)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{file}");
    }
    assert!(!data.0.join("registrar.sqlite").exists(), "the table is in memory");
    assert_eq!(std::fs::metadata(&data.0).unwrap().permissions().mode() & 0o777, 0o700);
    served.stop();
}

#[test]
fn what_others_could_read_is_closed_to_them() {
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let files = |data: &Folder| -> Vec<PathBuf> {
        std::fs::read_dir(&data.0).unwrap().map(|entry| entry.unwrap().path()).collect()
    };
    let data = Folder::new("closed");
    std::fs::DirBuilder::new().mode(0o755).create(&data.0).unwrap();
    for _ in 0..2 {
        let served = Served::start(&data, &[]);
        assert_eq!(mode(&data.0), 0o700);
        for name in ["registrar.sqlite", "registrar.sqlite-wal", "registrar.sqlite-shm"] {
            assert!(data.0.join(name).exists(), "{name}");
        }
        for file in files(&data) {
            assert_eq!(mode(&file), 0o600, "{}", file.display());
        }
        served.stop();
        std::fs::write(data.0.join("registrar.sqlite-wal"), "").unwrap();
        for path in files(&data).iter().chain([&data.0]) {
            std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
        }
    }
}

#[test]
fn a_folder_that_others_enter_and_that_is_not_ours_is_left_alone() {
    let data = Folder::new("home");
    std::fs::DirBuilder::new().mode(0o755).create(&data.0).unwrap();
    std::fs::write(data.0.join("notes"), "mine").unwrap();
    let refused = registrar().args(["serve", "--memory", "--data"]).arg(&data.0).output().unwrap();
    assert!(!refused.status.success());
    let text = String::from_utf8(refused.stderr).unwrap();
    assert!(text.contains("chmod 700") && text.contains(data.0.to_str().unwrap()), "{text}");
    assert_eq!(std::fs::metadata(&data.0).unwrap().permissions().mode() & 0o777, 0o755);
    assert_eq!(std::fs::read_dir(&data.0).unwrap().count(), 1);
}

#[test]
fn limits_are_options_and_are_told_to_cargo_lambda_watch() {
    let changed = ["--token-rate", "7", "--token-burst", "9", "--address-rate", "3", "--service-burst", "5"];
    for (options, token, address, service) in
        [(&[][..], (100, 200), (50, 100), (200, 400)), (&changed, (7, 9), (3, 100), (200, 5))]
    {
        let data = Folder::new("limit");
        let _served = Served::start(&data, &[&["--memory"], options].concat());
        let environment = std::fs::read_to_string(data.0.join("env")).unwrap();
        for (name, (rate, burst)) in [("TOKEN", token), ("ADDRESS", address), ("SERVICE", service)] {
            for line in [format!("REGISTRAR_{name}_RATE={rate}"), format!("REGISTRAR_{name}_BURST={burst}")] {
                assert!(environment.lines().any(|found| found == line), "{line}: {environment}");
            }
        }
    }
    for option in ["--token-burst", "--address-rate", "--service-rate"] {
        for wrong in ["0", "-1", "1.5", "many"] {
            let refused = registrar().args(["serve", &format!("{option}={wrong}")]).output().unwrap();
            assert!(!refused.status.success());
            assert!(String::from_utf8(refused.stderr).unwrap().contains(option), "{option} {wrong}");
        }
    }
}

#[test]
fn a_page_under_another_name_does_not_reach_it() {
    let data = Folder::new("host");
    let served = Served::start(&data, &["--memory"]);
    let address = served.text("base_url").strip_prefix("http://").unwrap().to_owned();
    for (host, status) in [("evil.example", "403"), ("localhost:1", "200"), ("[::1]:80", "200")] {
        let mut stream = TcpStream::connect(&address).unwrap();
        let path = "/1/.well-known/openid-configuration";
        write!(stream, "GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer.split(' ').nth(1).unwrap(), status, "{host}");
    }
    served.stop();
}

#[test]
fn clients_are_counted_and_a_deleted_service_is_purged() {
    let data = Folder::new("stream");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let service = admin.open_service();
    let metadata = json!({"redirect_uris": ["https://rp.example/cb"]}).to_string();
    let endpoint = format!("{}/{service}/register", served.text("base_url"));
    for _ in 0..3 {
        assert_eq!(served.send("POST", &endpoint, None, &metadata).0, 201);
    }
    let counted = || served.items(&format!("N#{service}"), None);
    wait_until(|| counted().iter().any(|count| count["clients"]["N"] == "3"));
    admin.json(&["service", "delete", &service, "--yes", "--for-good"]);
    wait_until(|| counted().is_empty() && served.items(&format!("C#{service}"), Some("list")).is_empty());
    served.stop();
}

pub(crate) fn wait_until(done: impl Fn() -> bool) {
    let started = Instant::now();
    while !done() {
        assert!(started.elapsed() < Duration::from_secs(20), "it never is");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// The administration commands against a started program.
pub(crate) struct Administration<'s> {
    pub(crate) served: &'s Served,
    pub(crate) key_file: PathBuf,
}

impl Administration<'_> {
    /// A command, not yet started.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = registrar();
        command.args(arguments).args(["--endpoint-url", self.served.text("dynamodb_endpoint"), "--key-file"]);
        command.arg(&self.key_file);
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let output = self.run(&[arguments, &["--json"]].concat());
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        serde_json::from_slice(&output.stdout).unwrap_or_default()
    }

    /// The number of a new service that anyone may register with.
    pub(crate) fn open_service(&self) -> String {
        let endpoints =
            ["authorization_endpoint=https://as.example/authorize", "token_endpoint=https://as.example/token"];
        let [authorize, token] = endpoints;
        let create = ["service", "create", "--preset", "open", "--metadata", authorize, "--metadata", token];
        self.json(&create)["id"].to_string()
    }

    pub(crate) fn refusal(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    }
}

#[test]
fn services_tokens_and_clients_are_administered_from_the_command_line() {
    let data = Folder::new("admin");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let base_url = served.text("base_url");

    let service =
        admin.json(&["service", "create", "--name", "Bank", "--preset", "protected", "--scope", "read write"]);
    let id = service["id"].to_string();
    assert_eq!(service["registration"], "initial_access_token");
    assert_eq!(admin.json(&["service", "show", &id])["name"], "Bank");
    assert_eq!(admin.json(&["service", "list"])[0]["id"], service["id"]);
    let updated = admin.json(&[
        "service",
        "update",
        &id,
        "--name",
        "Bank 2",
        "--metadata",
        "token_endpoint=https://as.example/t",
    ]);
    assert_eq!(
        (&updated["name"], &updated["authorization_server"]["token_endpoint"]),
        (&json!("Bank 2"), &json!("https://as.example/t"))
    );

    let token = admin.json(&[
        "token",
        "create",
        "initial-access",
        "--service",
        &id,
        "--uses",
        "1",
        "--expires",
        "30d",
        "--scope",
        "read",
    ]);
    let endpoint = format!("{base_url}/{id}/register");
    let metadata =
        json!({"client_name": "App", "redirect_uris": ["https://rp.example/cb"], "scope": "read"}).to_string();
    assert_eq!(served.send("POST", &endpoint, None, &metadata).0, 401);
    let (status, client) = served.send("POST", &endpoint, token["token"].as_str(), &metadata);
    assert_eq!((status, &client["scope"]), (201, &json!("read")), "{client}");
    assert_eq!(served.send("POST", &endpoint, token["token"].as_str(), &metadata).0, 401, "used up");

    let client_id = client["client_id"].as_str().unwrap();
    let listed = admin.json(&["client", "list", "--service", &id]);
    assert_eq!(listed["client_id"], client_id);
    let shown = admin.json(&["client", "show", "--service", &id, client_id]);
    assert_eq!((&shown["client_name"], shown.get("client_secret")), (&json!("App"), None));
    let people = String::from_utf8(admin.run(&["client", "list", "--service", &id]).stdout).unwrap();
    assert!(people.starts_with("CLIENT ID") && people.contains(client_id), "{people}");
    admin.json(&["client", "delete", "--service", &id, client_id, "--yes"]);
    let uri = client["registration_client_uri"].as_str().unwrap();
    assert_eq!(served.send("GET", uri, client["registration_access_token"].as_str(), "").0, 401);
    assert!(admin.refusal(&["client", "show", "--service", &id, client_id]).contains("there is no client"));

    let operator = admin.json(&["token", "create", "service", "--service", &id, "--permission", "client.read"]);
    assert_eq!(operator["permissions"], json!(["client.read"]));
    let rotated = admin.json(&["token", "rotate", "--yes", operator["id"].as_str().unwrap()]);
    assert_eq!(rotated["permissions"], json!(["client.read"]));
    assert_ne!(rotated["token"], operator["token"]);
    assert_eq!(admin.json(&["token", "list", "--service", &id]).as_array().unwrap().len(), 2);
    let revoked = rotated["id"].as_str().unwrap();
    assert!(admin.refusal(&["token", "revoke", revoked]).contains("would be ended: give --yes"));
    assert_eq!(admin.json(&["token", "revoke", "--yes", revoked]), json!({"id": revoked, "state": "revoked"}));
    assert!(admin.refusal(&["token", "revoke", rotated["id"].as_str().unwrap()]).contains("no such token"));
    let organization = admin.json(&["token", "create", "organization", "--organization", "acme"]);
    assert_eq!(admin.json(&["token", "list", "--organization", "acme"])[0]["id"], organization["id"]);

    let file = data.0.join("policy.json");
    let file = file.to_str().unwrap();
    let mut policy = admin.json(&["service", "show", &id])["policy"].clone();
    policy["custom_members"] = json!(["tenant"]);
    std::fs::write(file, policy.to_string()).unwrap();
    assert_eq!(admin.json(&["service", "update", &id, "--policy", file])["policy"], policy);
    for (member, value, part) in [
        ("registratoin", json!("open"), "no member registratoin"),
        ("registration", json!("closed"), "is not a policy"),
        ("custom_members", json!(["client_id"]), "client_id"),
        ("grant_types", json!({"offered": [], "unoffered": "drop"}), "grant_types"),
    ] {
        let mut wrong = policy.clone();
        wrong[member] = value;
        std::fs::write(file, wrong.to_string()).unwrap();
        let refusal = admin.refusal(&["service", "update", &id, "--policy", file]);
        assert!(refusal.contains(part), "{member}: {refusal}");
    }

    admin.json(&["service", "delete", &id, "--yes"]);
    assert!(admin.refusal(&["service", "show", &id]).contains("is deleted"));
    assert_eq!(served.send("POST", &endpoint, None, &metadata).0, 404);
    for (wrong, part) in [
        (vec!["token", "create", "service", "--service", "1", "--permission", "fly"], "possible values: service.read"),
        (vec!["token", "create", "initial-access", "--service", "1", "--expires", "soon"], "90d"),
        (vec!["token", "revoke", "rat_x"], "identifier"),
        (vec!["service", "create", "--issuer", "ftp://x"], "issuer is not an https URL"),
        (vec!["service", "create", "--policy", "/nowhere"], "/nowhere"),
        (vec!["service", "create", "--organization", "a#b"], "organization"),
    ] {
        let refusal = admin.refusal(&wrong);
        assert!(refusal.contains(part), "{wrong:?}: {refusal}");
    }
    served.stop();
}

/// What the program answers over TLS, trusting that certificate.
async fn fetched(served: &Served, certificate: &Path, path: &str) -> Result<String, FetchError> {
    let base_url = served.text("base_url");
    let host = base_url.strip_prefix("https://").unwrap().to_owned();
    let extra_ca = Some(std::fs::read(certificate).unwrap());
    let fetch = Fetch::new(FetchSettings { extra_ca, reachable: vec![host] });
    let end = Instant::now() + Duration::from_secs(10);
    let body = fetch.get(&format!("{base_url}{path}"), 100_000, end).await?;
    Ok(String::from_utf8(body).unwrap())
}

#[tokio::test]
async fn a_service_joins_a_federation_and_its_keys_are_rolled_over_from_the_command_line() {
    const CONFIGURATION: &str = "/1/.well-known/openid-federation";
    let data = Folder::new("federation");
    let served = Served::start(&data, &["--memory", "--tls"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let certificate = data.0.join("server.pem");
    let federation = |arguments: &[&str]| admin.json(&[&["service", "federation"], arguments].concat());
    let refused = |arguments: &[&str]| admin.refusal(&[&["service", "federation"], arguments].concat());
    let configuration = || async { fetched(&served, &certificate, CONFIGURATION).await.unwrap() };
    let header = |jwt: &str| UnverifiedJwt::parse(jwt).unwrap().header().clone();
    let kids = |keys: &Value| -> Vec<String> {
        keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
    };

    let closed = fetched(&served, &certificate, CONFIGURATION).await;
    assert!(matches!(closed, Err(FetchError::Status(404))), "{closed:?}");
    let hint = ["enable", "1", "--authority-hint", "https://superior.example"];
    assert!(refused(&hint).contains("needs an --authority-hint and a --trust-anchor"));
    let anchor = data.0.join("anchor.json");
    let jwks = json!({"keys": [public(&generate_signing_key(SigningAlgorithm::Es256).unwrap())]});
    std::fs::write(&anchor, jwks.to_string()).unwrap();
    let anchor = format!("https://anchor.example={}", anchor.display());
    let enabled = federation(&[
        "enable",
        "1",
        "--authority-hint",
        "https://superior.example",
        "--trust-anchor",
        &anchor,
        "--registration",
        "automatic",
        "--registration",
        "explicit",
        "--repeated",
        "refuse",
        "--lifetime",
        "3600",
    ]);
    assert_eq!(enabled["authority_hints"], json!(["https://superior.example"]));
    assert_eq!(enabled["registrations"], json!(["automatic", "explicit"]));
    assert_eq!(
        (&enabled["repeated_registration"], &enabled["configuration_lifetime"]),
        (&json!("refuse"), &json!(3600))
    );
    assert!(!enabled.to_string().contains("\"d\""), "private keys stay where they are");
    let [first] = kids(&enabled["jwks"]).try_into().unwrap();
    let jwt = configuration().await;
    assert_eq!(header(&jwt)["kid"], first);
    let claims = UnverifiedJwt::parse(&jwt).unwrap().unverified_claims().clone();
    assert_eq!(claims["iss"], served.demo["issuer"]);
    assert_eq!(claims["exp"].as_u64().unwrap() - claims["iat"].as_u64().unwrap(), 3600);

    let added = federation(&["add-key", "1"]);
    let [_, second] = kids(&added["jwks"]).try_into().unwrap();
    let jwt = configuration().await;
    assert_eq!(header(&jwt)["kid"], first, "a new key is published and does not sign yet");
    assert_eq!(kids(&UnverifiedJwt::parse(&jwt).unwrap().unverified_claims()["jwks"]), [first.clone(), second.clone()]);
    let signs = refused(&["remove-key", "1", &first]);
    assert!(signs.contains("signs"), "{signs}");
    federation(&["use-key", "1", &second]);
    let jwt = configuration().await;
    assert_eq!(header(&jwt)["kid"], second);
    assert_eq!(kids(&UnverifiedJwt::parse(&jwt).unwrap().unverified_claims()["jwks"]).len(), 2);
    let removed = federation(&["remove-key", "--yes", "1", &first]);
    assert_eq!(kids(&removed["jwks"]), std::slice::from_ref(&second));
    assert_eq!(federation(&["show", "1"]), removed);
    assert_eq!(header(&configuration().await)["kid"], second);

    assert!(refused(&["enable", "1", "--lifetime", "0"]).contains("--lifetime"));
    for unknown in ["unknown", "-unknown"] {
        assert!(refused(&["use-key", "1", unknown]).contains(&format!("there is no key {unknown}")));
    }
    assert!(refused(&["enable", "1", "--authority-hint", "superior.example"]).contains("no entity identifier"));
    assert!(refused(&["enable", "1", "--trust-anchor", "https://anchor.example"]).contains("URL=FILE"));
    let empty = data.0.join("empty.json");
    std::fs::write(&empty, "{}").unwrap();
    let empty = format!("https://anchor.example={}", empty.display());
    assert!(refused(&["enable", "1", "--trust-anchor", &empty]).contains("is not a JWK Set"));
    let issuer = served.demo["issuer"].as_str().unwrap();
    let own = data.0.join("own.json");
    std::fs::write(&own, removed["jwks"].to_string()).unwrap();
    let (own, names) = (format!("{issuer}={}", own.display()), format!("{issuer}=.example"));
    federation(&["enable", "1", "--trust-anchor", &own, "--vouches-for", &names]);
    let unknown = refused(&["enable", "1", "--vouches-for", "https://another.example=.example"]);
    assert!(unknown.contains("is not a trust anchor"), "{unknown}");
    assert!(refused(&["enable", "1", "--vouches-for", &format!("{issuer}=a b")]).contains("no host names"));
    let host = issuer.strip_prefix("https://").unwrap().split('/').next().unwrap();
    let check = ["anchors", "1", "--check", "--extra-ca", certificate.to_str().unwrap(), "--reachable", host];
    let anchors = federation(&check);
    assert_eq!((&anchors[0]["keys"], &anchors[0]["vouches_for"]), (&json!([second]), &json!([".example"])));
    assert_eq!((&anchors[0]["not_given"], &anchors[0]["not_published"]), (&json!([]), &json!([])));
    federation(&["add-key", "1"]);
    assert!(refused(&check).contains("not what this service was given"), "an anchor that begins to roll over");
    assert!(refused(&["show", "2"]).contains("there is no service 2"));
    assert_eq!(federation(&["disable", "1"])["enabled"], false);
    let disabled = fetched(&served, &certificate, CONFIGURATION).await;
    assert!(matches!(disabled, Err(FetchError::Status(404))), "{disabled:?}");
    served.stop();
}

fn public(key: &Map<String, Value>) -> Map<String, Value> {
    let mut key = key.clone();
    key.remove("d");
    key
}

#[tokio::test]
async fn a_certificate_that_is_given_is_shown() {
    let data = Folder::new("certificate");
    std::fs::DirBuilder::new().mode(0o700).create(&data.0).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let files = [data.0.join("given.pem"), data.0.join("given.key")];
    std::fs::write(&files[0], certificate.pem()).unwrap();
    std::fs::write(&files[1], key.serialize_pem()).unwrap();
    let [shown, key] = files.each_ref().map(|file| file.to_str().unwrap());
    let served = Served::start(&data, &["--memory", "--tls", "--tls-cert", shown, "--tls-key", key]);
    let discovery = fetched(&served, &files[0], "/1/.well-known/openid-configuration").await.unwrap();
    let discovery: Value = serde_json::from_str(&discovery).unwrap();
    assert_eq!(discovery["issuer"], served.demo["issuer"]);
    assert!(served.text("issuer").starts_with("https://127.0.0.1:"));
    assert!(served.announced.contains("curl --cacert "), "{}", served.announced);
    served.stop();
    let mut alone = registrar();
    let alone = alone.args(["serve", "--memory", "--tls-cert", shown, "--tls-key", key]);
    let alone = alone.args(["--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--data"]).arg(&data.0);
    let alone = alone.output().unwrap();
    assert!(!alone.status.success());
    assert!(String::from_utf8(alone.stderr).unwrap().contains("--tls-cert needs --tls or --stet-listen"));
}
