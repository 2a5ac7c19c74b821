//! `registrar doctor`.

use std::process::Output;

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use registrar::embedded;
use serde_json::Value;

use super::failure;
use crate::program::{Administration, Folder, Served, registrar};
use crate::serving::free_address;
use crate::support;

/// Status and sentence of a check.
fn finding<'f>(findings: &'f Value, check: &str) -> (&'f str, &'f str) {
    let mut rows = findings.as_array().unwrap().iter();
    let row = rows.find(|row| row["check"] == check).unwrap_or_else(|| panic!("no {check}: {findings}"));
    (row["status"].as_str().unwrap(), row["finding"].as_str().unwrap())
}

fn findings(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"))
}

#[test]
fn what_fits_is_said_line_by_line() {
    let data = Folder::new("doctor");
    let served = Served::start(&data, &["--memory", "--tls"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let host = served.text("base_url").strip_prefix("https://").unwrap();
    let (certificate, base_url) = (data.0.join("server.pem"), served.text("base_url"));
    let reach = ["--base-url", base_url, "--extra-ca", certificate.to_str().unwrap(), "--reachable", host];
    let people = admin.run(&["doctor"]);
    assert!(people.status.success(), "{people:?}");
    let lines = String::from_utf8(people.stdout).unwrap();
    for check in ["credentials", "clock", "table", "stream", "time to live", "key"] {
        assert!(lines.lines().any(|line| line.starts_with(&format!("ok      {check}"))), "{check}: {lines}");
    }
    let output = admin.run(&[&["doctor", "1", "--json"], &reach[..]].concat());
    assert!(output.status.success(), "{output:?}");
    let found = findings(&output);
    for check in ["metadata", "issuer", "registration_endpoint", "announced"] {
        assert_eq!(finding(&found, check).0, "ok", "{found}");
    }
    let (status, algorithms) = finding(&found, "signing keys");
    assert!(status == "ok" && algorithms.contains("RS256"), "{found}");
    assert_eq!(finding(&found, "authorization_response_iss_parameter_supported").0, "warning");
    admin.json(&["service", "update", "1", "--metadata", "authorization_response_iss_parameter_supported=true"]);
    let output = admin.run(&[&["doctor", "1", "--json"], &reach[..]].concat());
    assert_eq!(finding(&findings(&output), "authorization_response_iss_parameter_supported").0, "ok");
    let in_its_folder = findings(&admin.run(&["doctor", "1", "--json"]));
    assert_eq!(finding(&in_its_folder, "metadata").0, "ok", "the folder has its certificate: {in_its_folder}");
    let copied = Folder::new("doctor-copied");
    std::fs::create_dir_all(&copied.0).unwrap();
    for file in ["key", "env"] {
        std::fs::copy(data.0.join(file), copied.0.join(file)).unwrap();
    }
    let stranger = Administration { served: &served, key_file: copied.0.join("key") };
    let unknown = findings(&stranger.run(&["doctor", "1", "--json"]));
    let (status, sentence) = finding(&unknown, "metadata");
    assert!(status == "warning" && sentence.contains("give --base-url"), "{sentence}");
    let distrusted = findings(&stranger.run(&["doctor", "1", "--json", "--base-url", base_url]));
    let (status, sentence) = finding(&distrusted, "metadata");
    assert!(status == "fault" && sentence.contains("give it with --extra-ca"), "{sentence}");
    served.stop();
}

#[test]
fn the_server_of_this_machine_is_asked_over_http_and_no_other() {
    let data = Folder::new("doctor-own");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let output = admin.run(&["doctor", "1", "--json"]);
    assert!(output.status.success(), "{output:?}");
    let found = findings(&output);
    for check in ["metadata", "issuer", "registration_endpoint", "announced"] {
        assert_eq!(finding(&found, check).0, "ok", "{found}");
    }
    let other = free_address();
    admin.json(&["service", "update", "1", "--issuer", &format!("http://{other}")]);
    let found = findings(&admin.run(&["doctor", "1", "--json"]));
    let (status, sentence) = finding(&found, "metadata");
    assert!(status == "warning" && sentence.contains("not asked over http"), "{sentence}");
    served.stop();
}

#[test]
fn what_does_not_fit_is_a_fault_and_the_exit_code_says_so() {
    let data = Folder::new("doctor-faults");
    let served = Served::start(&data, &["--memory", "--tls"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let (base_url, certificate) = (served.text("base_url"), data.0.join("server.pem"));
    let host = base_url.strip_prefix("https://").unwrap();
    let reach = ["--json", "--extra-ca", certificate.to_str().unwrap(), "--reachable", host];
    let issuer = format!("{base_url}/1");
    let created = admin.json(&[
        "service",
        "create",
        "--preset",
        "open",
        "--issuer",
        &issuer,
        "--base-url",
        "https://elsewhere.example",
        "--metadata",
        "id_token_signing_alg_values_supported=[\"RS256\",\"PS512\"]",
    ]);
    let output = admin.run(&[&["doctor", &created["id"].to_string()], &reach[..]].concat());
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"], "fault");
    let found = findings(&output);
    assert_eq!(finding(&found, "issuer").0, "ok", "{found}");
    let (status, sentence) = finding(&found, "registration_endpoint");
    assert!(status == "fault" && sentence.contains("https://elsewhere.example/"), "{sentence}");
    let rows = found.as_array().unwrap();
    let algorithms = rows.iter().find(|row| row["finding"].as_str().unwrap().starts_with("id_token_signing")).unwrap();
    assert!(
        algorithms["status"] == "fault" && algorithms["finding"].as_str().unwrap().contains("PS512"),
        "{algorithms}"
    );
    for (issuer, part) in [
        (format!("{base_url}/99"), "the answer was 404"),
        ("https://127.0.0.1:1".to_owned(), "--reachable 127.0.0.1:1"),
    ] {
        admin.json(&["service", "update", &created["id"].to_string(), "--issuer", &issuer]);
        let output = admin.run(&[&["doctor", &created["id"].to_string()], &reach[..]].concat());
        let found = findings(&output);
        let (status, sentence) = finding(&found, "metadata");
        assert!(output.status.code() == Some(1) && status == "fault" && sentence.contains(part), "{sentence}");
    }
    std::fs::write(data.0.join("other"), [2; 32]).unwrap();
    let other = Administration { served: &served, key_file: data.0.join("other") };
    let found = findings(&other.run(&["doctor", "--json"]));
    let (status, sentence) = finding(&found, "key");
    assert!(status == "fault" && sentence.contains("is not the key of the table"), "{sentence}");
    let found = findings(&admin.run(&["doctor", "99", "--json"]));
    assert_eq!(finding(&found, "service"), ("fault", "there is no service 99"));
    let found = findings(&admin.run(&["doctor", "--json", "--table", "absent"]));
    assert_eq!(found.as_array().unwrap().len(), 1);
    assert!(finding(&found, "table").1.contains("there is no table absent"));
    served.stop();
    let mut nobody = registrar();
    nobody.env("AWS_EC2_METADATA_DISABLED", "true").env("AWS_REGION", "eu-west-1").env("AWS_PROFILE", "absent");
    let found = findings(&nobody.args(["doctor", "--json"]).output().unwrap());
    assert!(finding(&found, "credentials").1.contains("aws sso login"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_what_registrations_need_is_a_fault() {
    let embedded = support::table(None).await;
    let client = embedded::client(&embedded.url(), &support::access_key());
    let attribute = |name: &str| {
        AttributeDefinition::builder().attribute_name(name).attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let key = |name: &str, kind| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let create = client.create_table().table_name("bare").billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(attribute("PK")).attribute_definitions(attribute("SK"));
    let create = create.key_schema(key("PK", KeyType::Hash)).key_schema(key("SK", KeyType::Range));
    create.send().await.unwrap();
    let data = Folder::new("doctor-bare");
    std::fs::create_dir_all(&data.0).unwrap();
    std::fs::write(data.0.join("env"), format!("AWS_ACCESS_KEY_ID={}\n", support::access_key().expose())).unwrap();
    std::fs::write(data.0.join("key"), [1; 32]).unwrap();
    let mut command = registrar();
    command.args(["doctor", "--json", "--table", "bare", "--endpoint-url", &embedded.url(), "--key-file"]);
    let output = command.arg(data.0.join("key")).output().unwrap();
    let found = findings(&output);
    for check in ["table", "stream", "time to live"] {
        assert_eq!(finding(&found, check).0, "fault", "{found}");
    }
    assert_eq!(output.status.code(), Some(1));
    let mut command = registrar();
    command.args(["doctor", "--endpoint-url", &embedded.url(), "--key-file"]).arg(data.0.join("key"));
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    assert!(String::from_utf8(output.stdout).unwrap().contains("there is no service whose secrets it could open"));
    embedded.stop().await;
}

#[test]
fn completions_and_manual_pages_name_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let output = registrar().args(["completions", shell]).output().unwrap();
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["initial-access", "--endpoint-url", "doctor"] {
            let found = script.contains(word) || script.contains(word.trim_start_matches('-'));
            assert!(output.status.success() && found, "{shell}: {word}");
        }
    }
    let page = String::from_utf8(registrar().arg("man").output().unwrap().stdout).unwrap();
    assert!(page.contains(".TH registrar 1") && page.contains("Exit codes:"), "{page}");
    let pages = Folder::new("man");
    let output = registrar().args(["man", "--into", pages.0.to_str().unwrap()]).output().unwrap();
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    let page = std::fs::read_to_string(pages.0.join("registrar-token-create-initial-access.1")).unwrap();
    assert!(page.contains("2h30m"), "{page}");
    let (code, text) = failure(&registrar().args(["man", "--into", "/proc/nowhere"]).output().unwrap());
    assert!(code == 1 && text.starts_with("error: cannot write to /proc/nowhere"), "{text}");
    assert_eq!(registrar().args(["completions", "tcl"]).output().unwrap().status.code(), Some(2));
    assert_eq!(failure(&registrar().args(["man", "--table", "other"]).output().unwrap()).0, 2);
}

#[test]
fn endpoints_of_this_api_that_are_announced_are_there() {
    let data = Folder::new("doctor-endpoints");
    let served = Served::start(&data, &["--memory", "--tls", "--demo-login"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let output = admin.run(&["doctor", "1", "--json"]);
    let found = findings(&output);
    assert!(output.status.success(), "{found}");
    assert!(found.as_array().unwrap().iter().all(|row| row["check"] != "endpoints"), "each is there: {found}");
    let gone = format!("{}/1/gone", served.text("base_url"));
    admin.json(&["service", "update", "1", "--metadata", &format!("introspection_endpoint={gone}")]);
    let output = admin.run(&["doctor", "1", "--json"]);
    let found = findings(&output);
    let (status, sentence) = finding(&found, "endpoints");
    assert_eq!((status, output.status.code()), ("fault", Some(1)), "{found}");
    assert_eq!(sentence, format!("the server announces introspection_endpoint at {gone}, and nothing is there"));
    served.stop();
}
