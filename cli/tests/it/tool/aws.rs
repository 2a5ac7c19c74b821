//! AWS as people are signed in to it, and what they hear when they are not, or elsewhere.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use serde_json::{Value, json};

use super::failure;
use crate::fault_proxy::{Fault, FaultProxy};
use crate::program::{Folder, Served, registrar};
use crate::support;

const LIST: [&str; 4] = ["client", "list", "--service", "1"];

/// The login session that `aws login` writes into a profile.
const SESSION: &str = "arn:aws:iam::012345678901:user/Admin";

/// A key as `aws login` makes them, which signs nothing before the session is renewed.
const DPOP_KEY: &str = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIFDZHUzOG1Pzq+6F0mjMlOSp1syN9LRPBuHMoCFXTcXhoAoGCCqGSM49\nAwEHoUQDQgAE9qhj+KtcdHj1kVgwxWWWw++tqoh7H7UHs7oXh8jBbgF47rrYGC+t\ndjiIaHK3dBvvdE7MGj5HsepzLm3Kj91bqA==\n-----END EC PRIVATE KEY-----\n";

/// A person who is signed in to nothing: an empty home, which is the working folder as well.
fn person(home: &Folder) -> Command {
    std::fs::create_dir_all(&home.0).unwrap();
    let mut command = registrar();
    let variables = std::env::vars_os().map(|(name, _)| name);
    for name in variables.filter(|name| name.to_string_lossy().starts_with("AWS_")) {
        command.env_remove(name);
    }
    command.env("HOME", &home.0).env("AWS_EC2_METADATA_DISABLED", "true").current_dir(&home.0);
    command
}

fn write(home: &Folder, file: &str, content: &str) {
    let path = home.0.join(file);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, content).unwrap();
}

/// The file of a cache that AWS tools share.
fn cache(folder: &str, algorithm: &'static Algorithm, name: &str) -> String {
    let hex: Vec<String> =
        digest(algorithm, name.as_bytes()).as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!(".aws/{folder}/cache/{}.json", hex.concat())
}

fn sso_session(home: &Folder, expires: &str) {
    let token = json!({"accessToken": "session", "expiresAt": expires, "region": "eu-west-1",
        "startUrl": "https://work.awsapps.com/start"});
    write(home, &cache("sso", &SHA1_FOR_LEGACY_USE_ONLY, "work"), &token.to_string());
}

const PROFILES: &str = "\
[profile sso]
sso_session = work
sso_account_id = 012345678901
sso_role_name = Admin
region = eu-west-1

[sso-session work]
sso_region = eu-west-1
sso_start_url = https://work.awsapps.com/start

[profile process]
credential_process = cat credentials.json
region = eu-west-1

[profile broken]
credential_process = false
region = eu-west-1

[profile login]
login_session = arn:aws:iam::012345678901:user/Admin
region = eu-west-1

[profile placeless]
credential_process = cat credentials.json
";

/// Answers all requests with that status and that JSON, or text.
fn server(status: u16, answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let _ = stream.read(&mut [0; 16 * 1024]);
            let length = answer.len();
            let _ =
                write!(stream, "HTTP/1.1 {status} X\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{answer}");
        }
    });
    url
}

fn assert_fails(output: &Output, code: i32, parts: &[&str]) {
    let (found, text) = failure(output);
    assert_eq!(found, code, "{text}");
    assert!(text.starts_with("error: ") && text.lines().count() == 1, "one sentence: {text}");
    for part in parts {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn who_is_not_signed_in_hears_what_is_missing() {
    let home = Folder::new("signed-out");
    let asked = |variables: &[(&str, &str)]| person(&home).envs(variables.iter().copied()).args(LIST).output().unwrap();
    let sign_in = ["aws sso login", "aws login", "AWS_PROFILE"];
    let lost = ["there is no .registrar/env here", "the folder of `registrar serve`", "--endpoint-url", "--key-file"];
    assert_fails(&asked(&[]), 5, &[&lost[..], &["no AWS region is set", "AWS_REGION"]].concat());
    let nobody = asked(&[("AWS_REGION", "eu-west-1")]);
    assert_fails(&nobody, 5, &["there are no AWS credentials", "--endpoint-url", sign_in[0], sign_in[1], sign_in[2]]);
    write(&home, ".aws/config", PROFILES);
    write(&home, "credentials.json", "{}");
    assert_fails(&asked(&[("AWS_PROFILE", "placeless")]), 5, &["no AWS region is set"]);
    for (profile, part) in [
        ("absent", "the profile absent has no AWS credentials"),
        ("broken", "cannot be used ("),
        ("sso", "cannot be used ("),
        ("login", "cannot be used ("),
    ] {
        let variables = [("AWS_PROFILE", profile), ("AWS_REGION", "eu-west-1")];
        assert_fails(&asked(&variables), 5, &[part, sign_in[0], sign_in[2]]);
    }
    sso_session(&home, "2020-01-01T00:00:00Z");
    assert_fails(&asked(&[("AWS_PROFILE", "sso")]), 5, &["the SSO token has expired", "`aws sso login`"]);
}

#[test]
fn profiles_of_aws_tools_sign_in() {
    let (data, home) = (Folder::new("profiles"), Folder::new("profiles-home"));
    let served = Served::start(&data, &["--memory"]);
    let access_key = served.environment()["AWS_ACCESS_KEY_ID"].as_str();
    write(&home, ".aws/config", PROFILES);
    let process = json!({"Version": 1, "AccessKeyId": access_key, "SecretAccessKey": "local"});
    write(&home, "credentials.json", &process.to_string());
    sso_session(&home, "2099-01-01T00:00:00Z");
    let role = json!({"roleCredentials": {"accessKeyId": access_key, "secretAccessKey": "local",
        "sessionToken": "session", "expiration": 4_070_908_800_000_u64}});
    let portal = server(200, role.to_string());
    let login = json!({"accessToken": {"accessKeyId": access_key, "secretAccessKey": "local", "sessionToken": "session",
            "accountId": "012345678901", "expiresAt": "2099-01-01T00:00:00Z"},
        "tokenType": "aws_sigv4", "refreshToken": "refresh", "clientId": "arn:aws:signin:::devtools/same-device",
        "dpopKey": DPOP_KEY});
    write(&home, &cache("login", &SHA256, SESSION), &login.to_string());
    for profile in ["process", "sso", "login"] {
        let mut command = person(&home);
        command.env("AWS_PROFILE", profile).env("AWS_ENDPOINT_URL_SSO", &portal);
        command.env("AWS_ENDPOINT_URL_DYNAMODB", served.text("dynamodb_endpoint"));
        let listed = command.args(LIST).arg("--json").output().unwrap();
        assert!(listed.status.success(), "{profile}: {listed:?}");
        assert!(listed.stdout.is_empty(), "{profile}: nobody has registered");
    }
    served.stop();
}

#[test]
fn who_asks_elsewhere_hears_what_is_there() {
    let (data, home) = (Folder::new("elsewhere"), Folder::new("elsewhere-home"));
    let served = Served::start(&data, &["--memory"]);
    let key = data.0.join("key");
    let ask = |url: &str, table: &str, key: &Path| {
        let mut command = person(&home);
        command.args(LIST).args(["--endpoint-url", url, "--table", table, "--key-file"]).arg(key).output().unwrap()
    };
    let table = served.text("dynamodb_endpoint");
    assert_fails(&ask(table, "absent", &key), 3, &["there is no table absent at http://127.0.0.1:", "--table"]);
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let refused = ask(&format!("http://{nobody}"), "registrar", &key);
    assert_fails(&refused, 7, &["cannot be reached", &nobody.to_string(), "registrar serve"]);
    assert_fails(&ask("http://absent.invalid", "registrar", &key), 7, &["cannot be reached", "http://absent.invalid"]);
    let page = server(200, "<html><body>Welcome</body></html>".to_owned());
    for url in [served.text("base_url"), page.as_str()] {
        assert_fails(&ask(url, "registrar", &key), 7, &["is not DynamoDB", url, "check the URL"]);
    }
    for wrong in ["127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://a b", ""] {
        let (code, text) = failure(&ask(wrong, "registrar", &key));
        assert!(code == 2 && text.contains("it must be a URL such as http://127.0.0.1:8000"), "{wrong}: {text}");
    }
    let (code, text) = failure(&ask(table, "x", &key));
    assert!(code == 2 && text.contains("--table: the name of a table has"), "{text}");
    let keyless = ask(table, "registrar", &home.0.join("key"));
    assert_fails(&keyless, 5, &["env has no access key for the table at http://127.0.0.1:", "no AWS region is set"]);
    write(&home, ".aws/config", PROFILES);
    let stranger = json!({"Version": 1, "AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "secret"});
    write(&home, "credentials.json", &stranger.to_string());
    let mut command = person(&home);
    command.env("AWS_PROFILE", "process").args(LIST).args(["--endpoint-url", table]);
    assert_fails(&command.output().unwrap(), 5, &["does not take the AWS credentials", "file env"]);
    served.stop();
}

#[test]
fn the_table_of_the_working_folder_is_used_by_itself_where_aws_is_not_meant() {
    let home = Folder::new("local");
    std::fs::create_dir_all(&home.0).unwrap();
    let data = Folder(home.0.join(".registrar"));
    let served = Served::start(&data, &["--memory"]);
    let created = person(&home)
        .args(["service", "create", "--name", "Mine", "--issuer", "https://as.example", "--json"])
        .output()
        .unwrap();
    assert!(created.status.success() && created.stderr.is_empty(), "{created:?}");
    let mut empty = person(&home);
    empty.args(LIST).env("REGISTRAR_TABLE", "").env("REGISTRAR_KMS_KEY_ID", "").env("AWS_PROFILE", "");
    assert!(empty.output().unwrap().status.success(), "variables that are empty say nothing");
    for (name, value) in [("AWS_REGION", "eu-west-1"), ("AWS_PROFILE", "absent"), ("REGISTRAR_KMS_KEY_ID", "alias/x")] {
        let passed_over = "the table of .registrar is passed over, since";
        assert_fails(&person(&home).env(name, value).args(LIST).output().unwrap(), 5, &[passed_over]);
    }
    served.stop();
    assert_fails(&person(&home).args(LIST).output().unwrap(), 7, &["cannot be reached", "start `registrar serve`"]);
}

#[test]
fn the_table_that_is_served_is_found_in_memory_as_well() {
    let home = Folder::new("local-memory");
    std::fs::create_dir_all(home.0.join(".registrar/memory")).unwrap();
    let table = Folder(home.0.join(".registrar/table"));
    let table = (Served::start(&table, &[]), table);
    let memory = Folder(home.0.join(".registrar/memory"));
    std::fs::set_permissions(&memory.0, PermissionsExt::from_mode(0o700)).unwrap();
    let served = Served::start(&memory, &["--memory"]);
    let create = |name: &str| {
        let mut command = person(&home);
        command.args(["service", "create", "--name", name, "--issuer", "https://as.example", "--json"]);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        serde_json::from_slice::<Value>(&output.stdout).unwrap()["id"].to_string()
    };
    let show = |id: &str| person(&home).args(["service", "show", id]).output().unwrap();
    let first = create("No other");
    for file in ["env", "key", "demo.json"] {
        std::fs::copy(home.0.join(".registrar/table").join(file), home.0.join(".registrar").join(file)).unwrap();
    }
    assert_eq!(show(&first).status.code(), Some(3), "one in a file comes first, if it is served");
    create("In a file");
    table.0.stop();
    assert!(show(&first).status.success(), "and only then");
    served.stop();
    assert_fails(&show(&first), 7, &["start `registrar serve`"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_not_created_with_the_key_of_another_table() {
    let home = Folder::new("keys");
    let table = support::table(None).await;
    for (folder, key) in [("own", [1; 32]), ("other", [2; 32])] {
        write(&home, &format!("{folder}/env"), &format!("AWS_ACCESS_KEY_ID={}\n", support::access_key().expose()));
        std::fs::write(home.0.join(folder).join("key"), key).unwrap();
    }
    let url = table.url();
    let create = |key: &str, options: &[&str]| {
        let mut command = person(&home);
        command.args(["service", "create", "--json", "--endpoint-url", &url, "--key-file", key]);
        command.args(options).output().unwrap()
    };
    let acme = ["--organization", "acme"];
    let first: Value = serde_json::from_slice(&create("own/key", &[]).stdout).unwrap();
    let part = format!(
        "the key file other/key is not the key of the table registrar: it does not open what service {}",
        first["id"]
    );
    for options in [&[][..], &acme] {
        let (code, text) = failure(&create("other/key", options));
        assert!(code == 4 && text.contains(&part), "{text}");
        assert!(create("own/key", options).status.success());
    }
    let mut command = person(&home);
    command.args(["service", "federation", "add-key", &first["id"].to_string(), "--endpoint-url", &url]);
    assert!(command.args(["--key-file", "own/key"]).output().unwrap().status.success());
    let mut command = person(&home);
    command.args(["service", "federation", "show", &first["id"].to_string(), "--endpoint-url", &url]);
    assert_fails(&command.args(["--key-file", "other/key"]).output().unwrap(), 4, &[&part]);
    std::fs::write(home.0.join("other/key"), [2; 31]).unwrap();
    let (code, text) = failure(&create("other/key", &[]));
    assert!(code == 5 && text.contains("it must have 32 bytes"), "{text}");
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_aws_refuses_has_an_exit_code() {
    let home = Folder::new("refusals");
    let table = support::table(None).await;
    let proxy = FaultProxy::start(&table.url()).await;
    write(&home, "env", &format!("AWS_ACCESS_KEY_ID={}\n", support::access_key().expose()));
    std::fs::write(home.0.join("key"), [1; 32]).unwrap();
    let run = |arguments: &[&str]| {
        let mut command = person(&home);
        command.args(arguments).args(["--endpoint-url", &proxy.url(), "--key-file", "key"]).output().unwrap()
    };
    let created: Value = serde_json::from_slice(&run(&["service", "create", "--json"]).stdout).unwrap();
    let id = created["id"].to_string();
    // The same name again would be no change, and no request.
    let mut names = (0..).map(|number: u32| format!("New {number}"));
    let mut update = || run(&["service", "update", &id, "--name", &names.next().unwrap()]);
    for (exception, code, part) in [
        ("ConditionalCheckFailedException", 6, "try again"),
        ("AccessDeniedException", 5, "the AWS credentials do not permit this"),
        ("ExpiredTokenException", 5, "sign in again"),
        ("ResourceNotFoundException", 3, "there is no table registrar"),
        ("ValidationException", 4, "none of Registrar's"),
        ("ThrottlingException", 7, "temporarily unavailable"),
    ] {
        for _ in 0..3 {
            proxy.inject("UpdateItem S", Fault::Exception(400, exception));
        }
        assert_fails(&update(), code, &[part]);
        assert!((0..4).any(|_| update().status.success()), "{exception}");
    }
    proxy.inject_always("UpdateItem S", Fault::Exception(500, "InternalServerError"));
    assert_fails(&update(), 7, &["temporarily unavailable"]);
    proxy.inject_always("UpdateItem S", Fault::Timeout);
    assert_fails(&update(), 7, &["does not answer in time"]);
    table.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_is_not_created_with_the_kms_key_of_another_table() {
    let home = Folder::new("kms");
    let table = support::table(None).await;
    write(&home, "env", &format!("AWS_ACCESS_KEY_ID={}\n", support::access_key().expose()));
    std::fs::write(home.0.join("key"), [1; 32]).unwrap();
    let mut command = person(&home);
    command.args(["service", "create", "--json", "--endpoint-url", &table.url(), "--key-file", "key"]);
    assert!(command.output().unwrap().status.success());
    let create = |exception: &str| {
        let answer = json!({"__type": exception, "message": "no"}).to_string();
        let mut command = person(&home);
        command.env("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("AWS_REGION", "eu-west-1").env("AWS_ENDPOINT_URL_KMS", server(400, answer));
        command.args(["service", "create", "--kms-key-id", "alias/other", "--key-file", "key"]);
        command.args(["--endpoint-url", &table.url()]).output().unwrap()
    };
    for exception in ["IncorrectKeyException", "InvalidCiphertextException"] {
        assert_fails(&create(exception), 4, &["the KMS key alias/other is not the key of the table registrar"]);
    }
    assert_fails(&create("NotFoundException"), 3, &["there is no such key"]);
    assert_fails(&create("DisabledException"), 4, &["the KMS key cannot be used"]);
    assert_fails(&create("AccessDeniedException"), 5, &["the AWS credentials do not permit this"]);
    table.stop().await;
}
