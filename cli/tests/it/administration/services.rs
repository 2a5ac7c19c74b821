//! `registrar service`.

use serde_json::json;

use crate::program::{Administration, Folder, Served};

const ENDPOINTS: [&str; 4] = [
    "--metadata",
    "authorization_endpoint=https://as.example/authorize",
    "--metadata",
    "token_endpoint=https://as.example/token",
];

fn people(admin: &Administration, arguments: &[&str]) -> (String, String) {
    let output = admin.run(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_new_service_says_where_it_is_who_publishes_its_metadata_and_what_comes_next() {
    let data = Folder::new("topology");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let base_url = served.text("base_url");
    let id_of = |text: &str| text.lines().next().unwrap().split_whitespace().nth(1).unwrap().to_owned();

    let open = [&["service", "create", "--preset", "open"], &ENDPOINTS[..]].concat();
    let (text, warning) = people(&admin, &open);
    let id = id_of(&text);
    assert!(text.lines().count() < 10 && warning.is_empty(), "{text}{warning}");
    assert!(text.contains(&format!("\"iss\": \"{base_url}/{id}\"")), "{text}");
    let next = text.lines().last().unwrap();
    assert!(next.starts_with(&format!("Next: curl {base_url}/{id}/register")), "{next}");
    let (status, metadata) = served.send("GET", &format!("{base_url}/{id}/.well-known/openid-configuration"), None, "");
    assert_eq!((status, &metadata["issuer"]), (200, &json!(format!("{base_url}/{id}"))));
    let body = next.split("-d '").nth(1).unwrap().strip_suffix('\'').unwrap();
    assert_eq!(served.send("POST", &format!("{base_url}/{id}/register"), None, body).0, 201, "the printed line works");

    let elsewhere = ["service", "create", "--preset", "open", "--issuer", "https://as.example/t/"];
    let (text, warning) = people(&admin, &elsewhere);
    let id = id_of(&text);
    assert!(text.contains(&format!("\"registration_endpoint\": \"{base_url}/{id}/register\"")), "{text}");
    assert!(text.contains("https://as.example/t/ publishes its own") && warning.is_empty(), "{text}{warning}");

    let (text, warning) = people(&admin, &["service", "create"]);
    let id = id_of(&text);
    let missing = "without authorization_endpoint and token_endpoint";
    assert!(warning.contains("warning") && warning.contains(missing) && warning.contains("--issuer"), "{warning}");
    assert!(text.contains(&format!("Next: registrar token create initial-access --service {id}")), "{text}");
    let (whole, warning) = people(&admin, &["service", "create", "--json"]);
    assert!(serde_json::from_str::<serde_json::Value>(&whole).unwrap()["policy"].is_object());
    assert!(warning.contains(missing), "scripts are warned as well: {warning}");
    let refused = admin.refusal(&["service", "create", "--preset", "open"]);
    assert!(refused.contains(missing) && refused.contains("--issuer"), "{refused}");
    let (text, warning) = people(&admin, &[&["service", "update", &id], &ENDPOINTS[..]].concat());
    assert!(!text.contains("Next:") && warning.is_empty(), "{text}{warning}");

    let (text, warning) = people(&admin, &["service", "update", "1", "--issuer", base_url]);
    assert!(text.contains("Registrar publishes the metadata") && !text.contains("publishes its own"), "{text}");
    let root = format!("at {base_url}/.well-known/ where this is the service of the root");
    assert!(text.contains(&root) && text.contains("registrar serve --default-service 1"), "{text}");
    assert!(warning.is_empty(), "{warning}");
    let nothing = admin.run(&["service", "update", "1"]);
    let said = String::from_utf8(nothing.stderr).unwrap();
    assert!(
        nothing.status.code() == Some(2) && said.contains("nothing is said that service 1 should change"),
        "{said}"
    );
    for issuer in [base_url, "https://as.example"] {
        let (text, _) = people(&admin, &["service", "update", "1", "--door", "authlete", "--issuer", issuer]);
        assert!(!text.contains("registration_endpoint") && text.contains("Nobody registers by RFC 7591"), "{text}");
    }
    let (text, _) = people(&admin, &["service", "list", "--organization", "nobody"]);
    assert_eq!(text, "There are none in the organization nobody: name another one with --organization.\n");
    assert_eq!(admin.json(&["service", "list", "--organization", "nobody"]), json!([]));
    served.stop();
}

#[test]
fn rfc8414_s2_metadata_is_checked_and_can_be_taken_away() {
    let data = Folder::new("metadata");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let create = ["service", "create", "--name", "Bank", "--issuer", "https://as.example", "--base-url"];
    let create = [&create[..], &["https://api.example/", "--metadata", "scopes_supported=[\"openid\"]"]].concat();
    let service = admin.json(&create);
    assert_eq!(service["base_url"], "https://api.example");
    let id = service["id"].to_string();
    for (arguments, part) in [
        (["--metadata", "jwks_uri=null"], "--unset jwks_uri"),
        (["--metadata", "token_endpoint="], "--unset token_endpoint"),
        (["--metadata", "scopes_supported=openid"], "scopes_supported must be an array of strings"),
        (["--metadata", "token_endpoint=as.example/token"], "token_endpoint must be an http or https URL"),
        (["--metadata", "issuer=https://as.example"], "give --issuer"),
        (["--metadata", "registration_endpoint=https://as.example/register"], "give --base-url"),
        (["--unset", "jwks_uri"], "the service has no jwks_uri"),
        (["--issuer", "https://as.example?a"], "issuer is not an https URL"),
        (["--base-url", "http://api.example"], "base_url is not an https URL"),
        (["--name", "Bank\u{202e}"], "U+202E"),
        (["--name", " "], "--unset name"),
        (["--issuer", ""], "--unset issuer"),
        (["--base-url", ""], "--unset base-url"),
        (["--organization", "bad name!"], "A-Z a-z 0-9 . _ -"),
        (["--door", "oath"], "possible values: oauth, authlete, identity_center, federation, stet"),
    ] {
        let refusal = admin.refusal(&[&["service", "update", &id], &arguments[..]].concat());
        assert!(refusal.contains(part), "{arguments:?}: {refusal}");
    }
    for elsewhere in
        [["service", "list", "--organization", "bad name!"], ["token", "list", "--organization", "bad name!"]]
    {
        assert!(admin.refusal(&elsewhere).contains("A-Z a-z 0-9 . _ -"), "{elsewhere:?}");
    }
    let unset = ["service", "update", &id, "--unset", "scopes_supported", "--unset", "issuer", "--unset", "base-url"];
    let unset = admin.json(&[&unset[..], &["--unset", "name"]].concat());
    for member in ["authorization_server", "issuer", "base_url", "name"] {
        assert_eq!(unset.get(member), None, "{member}: {unset}");
    }
    served.stop();
}

#[test]
fn rfc7396_a_policy_is_changed_by_what_a_service_shows_or_by_some_members() {
    use std::io::Write;
    use std::process::Stdio;

    let data = Folder::new("merge");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let shown = admin.json(&["service", "show", &id]);
    let file = data.0.join("s.json");
    let file = file.to_str().unwrap();
    std::fs::write(file, shown.to_string()).unwrap();
    assert_eq!(admin.json(&["service", "update", &id, "--policy", file]), shown, "what is shown changes nothing");

    let piped = |policy: &str| {
        let mut update = admin.command(&["service", "update", &id, "--policy", "-", "--json"]);
        let mut update = update.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        update.stdin.take().unwrap().write_all(policy.as_bytes()).unwrap();
        update.wait_with_output().unwrap()
    };
    let output = piped(r#"{"client_lifetime": 60, "scopes": {"offered": "read write"}}"#);
    let changed: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let mut expected = shown["policy"].clone();
    expected["client_lifetime"] = json!(60);
    expected["scopes"]["offered"] = json!("read write");
    assert_eq!(changed["policy"], expected);
    let back = piped(r#"{"client_lifetime": null, "scopes": {"offered": null}}"#);
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&back.stdout).unwrap(), shown);
    for (wrong, part) in [
        (r#"{"doors": ["oath"]}"#, "there is no door \"oath\""),
        (r#"{"limits": null}"#, "standard input is not a policy: "),
        (r#"{"scopes": {"unoffered": "keep"}}"#, "scopes.unoffered: \"keep\" is not"),
        ("{\n  \"scopes\": {},\n}", "standard input is not JSON: key must be a string at line 3 column 1"),
        (r#"{"client_lifetme": null}"#, "no member client_lifetme"),
        (r#"{"scopes": {}, "scopes": {}}"#, "appears twice"),
        ("[]", "standard input must be a JSON object"),
    ] {
        let output = piped(wrong);
        let fault: serde_json::Value = serde_json::from_slice(&output.stderr).unwrap();
        let fault = fault["error_description"].as_str().unwrap();
        assert!(!output.status.success() && fault.contains(part), "{wrong}: {fault}");
    }
    assert_eq!(admin.json(&["service", "show", &id]), shown, "what is refused changes nothing");
    served.stop();
}
