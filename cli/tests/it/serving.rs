//! `registrar serve` as somebody runs it who has not read its options.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use crate::program::{Folder, registrar};

/// The program in a folder of its own, with its addresses and tokens.
pub(crate) struct Program {
    process: Child,
    pub(crate) announced: String,
    log: PathBuf,
    data: PathBuf,
}

impl Program {
    /// In `folder`, with free ports and its data in `data` below the folder.
    pub(crate) fn start(folder: &Folder, data: &str, options: &[&str]) -> Self {
        let mut command = registrar();
        command.args(["--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--data", data]).args(options);
        Self::spawn(folder, data, command)
    }

    /// What that command starts.
    pub(crate) fn spawn(folder: &Folder, data: &str, mut command: Command) -> Self {
        std::fs::create_dir_all(&folder.0).unwrap();
        let (log, data) = (folder.0.join(data.replace('/', "-") + ".log"), folder.0.join(data));
        command.current_dir(&folder.0).stdout(Stdio::piped()).stderr(std::fs::File::create(&log).unwrap());
        let mut process = command.spawn().unwrap();
        let mut announced = String::new();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        while !announced.contains("Ctrl-C ends it") {
            let read = lines.read_line(&mut announced).unwrap();
            assert_ne!(read, 0, "it ended: {announced}{}", std::fs::read_to_string(&log).unwrap());
        }
        Self { process, announced, log, data }
    }

    /// What it has logged.
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap()
    }

    pub(crate) fn demo(&self) -> Value {
        serde_json::from_slice(&std::fs::read(self.data.join("demo.json")).unwrap()).unwrap()
    }

    /// Where it listens.
    fn address(&self) -> String {
        let base_url = self.demo()["base_url"].as_str().unwrap().to_owned();
        base_url.split_once("://").unwrap().1.to_owned()
    }

    fn get(&self, path: &str, headers: &str) -> Answer {
        let address = self.address();
        send(&address, &format!("GET {path} HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\n{headers}\r\n"))
    }

    /// Runs an administration command on its table.
    pub(crate) fn administer(&self, arguments: &[&str]) -> String {
        let (demo, mut command) = (self.demo(), registrar());
        command.args(arguments).args(["--endpoint-url", demo["dynamodb_endpoint"].as_str().unwrap(), "--key-file"]);
        let output = command.arg(self.data.join("key")).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// An answer: status, head, body.
struct Answer(u16, String, String);

impl Answer {
    fn json(&self) -> Value {
        serde_json::from_str(&self.2).unwrap_or_else(|error| panic!("{error}: {}", self.2))
    }

    fn text(&self, member: &str) -> String {
        self.json()[member].as_str().unwrap().to_owned()
    }
}

/// Asks for the demo service's metadata under that name.
fn get_as(address: &str, host: &str) -> Answer {
    let path = "/1/.well-known/openid-configuration";
    send(address, &format!("GET {path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"))
}

fn send(address: &str, request: &str) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    Answer(head.split(' ').nth(1).unwrap().parse().unwrap(), head.to_lowercase(), body.to_owned())
}

/// RFC 9112 §3.2, and heads up to what the documentation says.
#[test]
fn a_head_is_bounded_and_says_once_whom_it_is_for() {
    let folder = Folder::new("heads");
    let program = Program::start(&folder, "data", &["--memory"]);
    let asked = |target: &str, hosts: &[&str], more: &str| {
        let hosts: String = hosts.iter().map(|host| format!("host: {host}\r\n")).collect();
        let mut stream = TcpStream::connect(program.address()).unwrap();
        write!(stream, "GET {target} HTTP/1.1\r\n{hosts}connection: close\r\n{more}\r\n").unwrap();
        // The rest of a head that is too large is not read.
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        String::from_utf8_lossy(&answer).rsplit(' ').next().unwrap().parse::<u16>().unwrap()
    };
    let path = "/1/.well-known/openid-configuration";
    let whole = |host: &str| format!("http://{host}{path}");
    for (target, hosts, status) in [
        (path, &["localhost"][..], 200),
        (path, &[], 400),
        (path, &["localhost", "localhost"], 400),
        (path, &["<localhost>"], 400),
        (path, &["evil.example"], 403),
        (&whole("evil.example"), &["localhost"], 403),
        (&whole("localhost"), &["evil.example"], 200),
    ] {
        assert_eq!(asked(target, hosts, ""), status, "{target} {hosts:?}");
    }
    let line = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\nx: \r\n\r\n").len();
    for (bytes, status) in [(65_536, 200), (65_537, 431), (100_100, 431)] {
        assert_eq!(asked(path, &["localhost"], &format!("x: {}\r\n", "x".repeat(bytes - line))), status, "{bytes}");
    }
}

/// A command that was printed, for a shell in the program's folder.
pub(crate) fn printed(folder: &Folder, command: &str) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", command]).current_dir(&folder.0);
    for proxy in ["http_proxy", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"] {
        shell.env_remove(proxy);
    }
    shell
}

/// What it prints.
pub(crate) fn run_printed(folder: &Folder, command: &str) -> String {
    let output = printed(folder, command).output().unwrap();
    assert!(output.status.success(), "{command}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn printed_curl(announced: &str) -> String {
    let line = announced.lines().find(|line| line.trim().starts_with("curl")).unwrap();
    format!("{} --fail --silent --show-error", line.trim())
}

/// Why it does not start.
fn refusal(folder: &Folder, options: &[&str]) -> String {
    std::fs::create_dir_all(&folder.0).unwrap();
    let output = registrar().arg("serve").args(options).current_dir(&folder.0).output().unwrap();
    assert!(!output.status.success(), "{options:?}: {output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn an_address_that_is_taken_is_named_with_its_option() {
    let folder = Folder::new("taken");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let free = "127.0.0.1:0";
    let ca = folder.0.join("ca.pem");
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::write(&ca, authority()).unwrap();
    let stet =
        ["--listen", free, "--dynamodb-listen", free, "--client-ca", ca.to_str().unwrap(), "--stet-listen", &taken];
    for (options, option) in [
        (&["--listen", taken.as_str(), "--dynamodb-listen", free][..], "--listen"),
        (&["--listen", free, "--dynamodb-listen", taken.as_str()], "--dynamodb-listen"),
        (&stet, "--stet-listen"),
    ] {
        let text = refusal(&folder, options);
        assert!(text.contains(&format!("cannot listen on {taken}: another program does")), "{text}");
        assert!(text.contains(&format!("give another address with {option}, 127.0.0.1:0")), "{text}");
    }
}

#[test]
fn usual_ports_that_are_taken_are_told_or_left() {
    let folder = Folder::new("usual-ports");
    // Somebody else may have them already, which is as good.
    let _taken = [8000, 8080].map(|port| TcpListener::bind(("127.0.0.1", port)));
    let text = refusal(&folder, &[]);
    assert!(text.contains("127.0.0.1:8080") && text.contains("with --listen,"), "{text}");
    let mut command = registrar();
    command.args(["--listen", "127.0.0.1:0"]);
    let program = Program::spawn(&folder, ".registrar", command);
    let table = program.demo()["dynamodb_endpoint"].as_str().unwrap().to_owned();
    assert!(table.starts_with("http://127.0.0.1:") && !table.ends_with(":8000"), "{table}");
    assert!(program.announced.contains(&table));
    program.administer(&["service", "show", "1"]);
}

#[test]
fn a_folder_has_one_server_and_its_files_belong_to_its_table() {
    let folder = Folder::new("locked");
    let first = Program::start(&folder, ".registrar", &[]);
    let files =
        || ["demo.json", "env", "key"].map(|file| std::fs::read(folder.0.join(".registrar").join(file)).unwrap());
    let before = files();
    let free = ["--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0"];
    let second = refusal(&folder, &free);
    let holder = format!("(process {}, {})", first.process.id(), first.demo()["base_url"].as_str().unwrap());
    assert!(second.contains(&holder) && second.contains("--data"), "{second}");
    let memory = refusal(&folder, &[&free[..], &["--memory", "--data", ".registrar"]].concat());
    assert!(memory.contains("the folder .registrar has a table") && memory.contains("--data"), "{memory}");

    let mut command = registrar();
    command.args(free).arg("--memory");
    let in_memory = Program::spawn(&folder, ".registrar/memory", command);
    assert!(in_memory.announced.contains(".registrar/memory (table in memory)"), "{}", in_memory.announced);
    assert_ne!(in_memory.demo()["service_token"], first.demo()["service_token"]);
    assert_eq!(files(), before, "nothing of this has changed the first one's files");
    in_memory.kill();
    first.kill();
    let again = Program::start(&folder, ".registrar", &[]);
    let [demo, ..] = before;
    let demo: Value = serde_json::from_slice(&demo).unwrap();
    assert_eq!(again.demo()["service_token"], demo["service_token"], "a lock ends with its process");
}

#[test]
fn wrong_authorities_are_named_with_their_file() {
    let folder = Folder::new("wrong-ca");
    std::fs::create_dir_all(&folder.0).unwrap();
    let free = "127.0.0.1:0";
    let options = ["--listen", free, "--dynamodb-listen", free, "--stet-listen", free, "--client-ca", "ca.pem"];
    let empty = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    for content in ["", "nonsense", empty] {
        std::fs::write(folder.0.join("ca.pem"), content).unwrap();
        let text = refusal(&folder, &options);
        assert!(text.contains("ca.pem") && text.lines().count() == 1, "{content}: {text}");
    }
}

#[test]
fn a_table_is_not_served_without_its_key() {
    let folder = Folder::new("keyless");
    Program::start(&folder, ".registrar", &[]).kill();
    let key = folder.0.join(".registrar/key");
    let own = std::fs::read(&key).unwrap();
    let free = ["--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0"];
    std::fs::remove_file(&key).unwrap();
    let text = refusal(&folder, &free);
    assert!(text.contains("the folder .registrar has a table and no longer its key, .registrar/key"), "{text}");
    assert!(text.contains("--data") && !key.exists(), "no new key takes its place: {text}");
    for (wrong, part) in [
        (&[7; 32][..], ".registrar/key is not the key of the table beside it, which has service 1"),
        (b"short", ".registrar/key is not a key"),
    ] {
        std::fs::write(&key, wrong).unwrap();
        let text = refusal(&folder, &free);
        assert!(text.contains(part) && text.lines().count() == 1, "{text}");
        assert_eq!(std::fs::read(&key).unwrap(), wrong);
    }
    std::fs::write(&key, own).unwrap();
    let program = Program::start(&folder, ".registrar", &[]);
    program.administer(&["client", "list", "--service", "1"]);
}

/// An address that nobody listens on any more.
pub(crate) fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn authority() -> String {
    let key = rcgen::KeyPair::generate().unwrap();
    let mut params = rcgen::CertificateParams::default();
    params.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    params.self_signed(&key).unwrap().pem()
}

#[test]
fn a_demo_service_that_was_deleted_is_replaced() {
    let folder = Folder::new("deleted");
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::write(folder.0.join("ca.pem"), authority()).unwrap();
    let options = ["--stet-listen", "127.0.0.1:0", "--client-ca", "ca.pem"];
    let program = Program::start(&folder, ".registrar", &options);
    let before = program.demo();
    assert_eq!((&before["service_id"], &before["stet_service_id"]), (&1.into(), &2.into()));
    for service in ["1", "2"] {
        program.administer(&["service", "delete", service, "--yes", "--json"]);
    }
    drop(program);

    let program = Program::start(&folder, ".registrar", &options);
    let demo = program.demo();
    for (deleted, member) in [(1, "service_id"), (2, "stet_service_id")] {
        let line = format!("The demo service {deleted} was deleted. A new one, {}, takes its place.", demo[member]);
        assert!(program.announced.contains(&line), "{line}: {}", program.announced);
        program.administer(&["service", "show", &demo[member].to_string()]);
    }
    let client: Value = serde_json::from_str(&run_printed(&folder, &printed_curl(&program.announced))).unwrap();
    assert_eq!(client["client_name"], "My app");
    assert_eq!(demo["organization_token"], before["organization_token"]);
    assert_ne!(demo["service_token"], before["service_token"]);
    let environment = std::fs::read_to_string(folder.0.join(".registrar/env")).unwrap();
    let behind_paths = format!(
        "REGISTRAR_IDENTITY_CENTER_SERVICE={}\nREGISTRAR_STET_SERVICE={}\n",
        demo["service_id"], demo["stet_service_id"]
    );
    assert!(environment.contains(&behind_paths), "{environment}");
    drop(program);

    let program = Program::start(&folder, ".registrar", &options);
    assert!(!program.announced.contains("deleted"), "{}", program.announced);
    for member in ["service_id", "stet_service_id", "service_token", "initial_access_token"] {
        assert_eq!(program.demo()[member], demo[member], "{member}");
    }
}

#[test]
fn other_names_are_let_in_where_an_option_has_them() {
    let folder = Folder::new("names");
    let options = ["--listen", "0.0.0.0:0", "--memory", "--allowed-host", "Registrar"];
    let mut command = registrar();
    command.args(options).args(["--dynamodb-listen", "127.0.0.1:0", "--data", "data"]);
    let program = Program::spawn(&folder, "data", command);
    let address = program.address();
    assert!(address.starts_with("127.0.0.1:"), "nobody's address is {address}");
    assert_eq!(get_as(&address, "registrar:8080").0, 200);
    let refused = get_as(&address, "tunnel.example");
    assert_eq!(refused.0, 403);
    let option = "--allowed-host tunnel.example";
    assert!(refused.text("message").contains(option), "{}", refused.2);
    assert!(program.log().contains(option), "{}", program.log());
    drop(program);

    let address = free_address();
    let options = ["--memory", "--base-url", "https://tunnel.example/", "--allowed-host", "registrar"];
    let mut command = registrar();
    command.args(options).args(["--listen", &address, "--dynamodb-listen", "127.0.0.1:0", "--data", "data"]);
    let program = Program::spawn(&folder, "data", command);
    assert_eq!(program.demo()["registration_endpoint"], "https://tunnel.example/1/register");
    assert!(program.announced.contains("curl https://tunnel.example/1/register"), "{}", program.announced);
    assert!(program.announced.contains(&format!("  itself             http://{address}\n")), "{}", program.announced);
    for host in ["tunnel.example", "registrar:80", "localhost", &address] {
        let discovery = get_as(&address, host);
        assert_eq!((discovery.0, discovery.text("issuer").as_str()), (200, "https://tunnel.example/1"), "{host}");
    }
    drop(program);
    for (option, wrong) in [("--base-url", "tunnel.example"), ("--allowed-host", "https://tunnel.example")] {
        let text = refusal(&folder, &[option, wrong]);
        assert!(text.contains(option) && text.contains("it must be"), "{text}");
    }
}

#[test]
fn the_first_page_says_what_this_is() {
    let folder = Folder::new("first-page");
    let program = Program::start(&folder, "data", &["--memory"]);
    let base_url = program.demo()["base_url"].as_str().unwrap().to_owned();
    let plain = program.get("/", "");
    assert_eq!(plain.0, 200);
    assert!(plain.1.contains("content-type: text/plain; charset=utf-8"), "{}", plain.1);
    let html = program.get("/", "accept: text/html,application/xhtml+xml;q=0.9\r\n");
    assert!(html.1.contains("content-type: text/html; charset=utf-8"), "{}", html.1);
    for text in [&plain.2, &html.2] {
        for part in ["dynamic client registration", "/.well-known/oauth-authorization-server/1", "/1/register"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
    assert!(html.2.contains(&format!("<a href=\"{base_url}/1/register\">")), "{}", html.2);
    let client: Value = serde_json::from_str(&run_printed(&folder, &printed_curl(&plain.2))).unwrap();
    assert_eq!(client["client_name"], "My app");
    let head = send(&program.address(), "HEAD / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    assert_eq!((head.0, head.2.as_str()), (200, ""));
    let post = "POST / HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(send(&program.address(), post).0, 405);
}

#[test]
fn metadata_at_the_root_is_that_of_the_default_service() {
    let folder = Folder::new("root");
    let roots = ["/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"];
    let program = Program::start(&folder, "data", &["--memory"]);
    let base_url = program.demo()["base_url"].as_str().unwrap().to_owned();
    for root in roots.iter().chain(&["/.well-known/openid-federation"]) {
        let answer = program.get(root, "");
        assert_eq!((answer.0, answer.text("error").as_str()), (404, "not_found"));
        let description = answer.text("error_description");
        assert!(description.contains("the number of a service is missing"), "{description}");
        assert!(description.contains(&format!("{base_url}{root}/1")) && description.contains("--default-service 1"));
        assert!(answer.1.contains("access-control-allow-origin: *"), "{}", answer.1);
    }
    drop(program);
    let program = Program::start(&folder, "data", &["--memory", "--default-service", "1"]);
    for root in roots {
        let answer = program.get(root, "");
        assert_eq!(answer.json(), program.get(&format!("{root}/1"), "").json());
        assert_eq!(answer.json()["registration_endpoint"], program.demo()["registration_endpoint"]);
    }
    // RFC 8414 §3.3: the issuer at the root is the base URL.
    let base_url = program.demo()["base_url"].as_str().unwrap().to_owned();
    program.administer(&["service", "update", "1", "--issuer", &base_url]);
    assert_eq!(program.get(roots[0], "").text("issuer"), base_url);
    drop(program);
    let program = Program::start(&folder, "data", &["--memory", "--default-service", "7"]);
    assert_eq!(program.get(roots[0], "").text("error"), "not_found");
}

#[test]
fn it_is_quiet_unless_it_is_asked_to_log() {
    let folder = Folder::new("log");
    for _ in 0..2 {
        let program = Program::start(&folder, "data", &[]);
        assert_eq!(program.get("/1/.well-known/openid-configuration", "").0, 200);
        // What is changed has a line each, and one that the stream was followed: the demo service and its tokens.
        let log = program.log();
        let others = log.lines().filter(|line| !line.contains(" audit=") && !line.contains("function=\"stream\""));
        assert!(!log.contains("WARN") && others.count() <= 1, "{log}");
    }
    let logged = |variables: &[(&str, &str)]| {
        let mut command = registrar();
        command.args(["--memory", "--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--data", "memory"]);
        command.env_remove("RUST_LOG").env_remove("AWS_LAMBDA_LOG_LEVEL").envs(variables.iter().copied());
        let program = Program::spawn(&folder, "memory", command);
        assert_eq!(get_as(&program.address(), "evil.example").0, 403);
        program.log()
    };
    for (variables, present, absent) in [
        (&[][..], "WARN", "DEBUG"),
        (&[("RUST_LOG", "debug")], "DEBUG", "TRACE"),
        (&[("AWS_LAMBDA_LOG_LEVEL", "DEBUG"), ("RUST_LOG", "error")], "DEBUG", "TRACE"),
        (&[("RUST_LOG", "loud=very")], "RUST_LOG is \"loud=very\", which is no filter", "DEBUG"),
    ] {
        let log = logged(variables);
        assert!(log.contains(present) && !log.contains(absent), "{variables:?}: {log}");
    }
    for level in ["ERROR", "FATAL", "off"] {
        assert_eq!(logged(&[("AWS_LAMBDA_LOG_LEVEL", level)]), "", "{level}");
    }
}
