//! `registrar sandbox`: what it prints is run as it stands.

use std::process::Command;

use serde_json::{Value, json};
use shared::jose::UnverifiedJwt;

use crate::program::{Folder, registrar};
use crate::serving::{Program, free_address, printed, run_printed};

/// The printed commands: indented lines.
fn commands(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.strip_prefix("  ")).map(str::to_owned).collect()
}

/// The printed `serve`, on free ports where it says nothing.
fn serve(folder: &Folder, command: &str, listen: &str) -> Command {
    printed(folder, &format!("exec {command} --listen {listen} --dynamodb-listen 127.0.0.1:0"))
}

#[test]
fn an_institution_registers_by_the_printed_commands() {
    let folder = Folder::new("sandbox stet");
    std::fs::create_dir_all(&folder.0).unwrap();
    let make = || {
        let address = free_address();
        let output = registrar()
            .args(["sandbox", "stet", "a folder", "--stet-listen", &address])
            .current_dir(&folder.0)
            .output();
        let output = output.unwrap();
        assert!(output.status.success(), "{output:?}");
        commands(std::str::from_utf8(&output.stdout).unwrap())
    };
    make();
    let authorities = std::fs::read(folder.0.join("a folder/ca.pem")).unwrap();
    let [bank, register, read, delete] = make().try_into().unwrap();
    assert_eq!(std::fs::read(folder.0.join("a folder/ca.pem")).unwrap(), authorities, "what is there is used again");
    let bank = Program::spawn(&folder, ".registrar", serve(&folder, &bank, "127.0.0.1:0"));
    let registered: Value = serde_json::from_str(&run_printed(&folder, &register)).unwrap();
    assert_eq!(registered["client_id"], "PSDFR-ACPR-12345");
    assert_eq!(registered["scope"], "aisp,pisp");
    let client: Value = serde_json::from_str(&run_printed(&folder, &read)).unwrap();
    assert_eq!((&client["client_id"], &client["jwks"]), (&registered["client_id"], &registered["jwks"]));
    assert!(bank.administer(&["client", "list", "--service", "2"]).contains("PSDFR-ACPR-12345"));
    assert!(bank.announced.contains("STET service       2\n"), "{}", bank.announced);
    assert_eq!(run_printed(&folder, &delete).trim(), "The registration is deleted.");
    for wrong in [delete.replace(" delete", " remove"), delete.split(" https").next().unwrap().to_owned()] {
        let output = printed(&folder, &wrong).output().unwrap();
        let usage = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), usage.trim()),
            (Some(2), "usage: sh institution.sh register|read|delete URL-OF-THE-BANK")
        );
    }
    let gone = printed(&folder, &read).output().unwrap();
    assert!(!gone.status.success());
    let error: Value = serde_json::from_slice(&gone.stdout).unwrap();
    assert_eq!((&error["status"], &error["error"]), (&json!(404), &json!("not_found")));
    run_printed(&folder, &register);
}

#[test]
fn a_relying_party_registers_by_the_printed_commands() {
    let folder = Folder::new("sandbox-federation");
    let mut command = registrar();
    command.args(["sandbox", "federation", "federation", "--listen", "127.0.0.1:0"]);
    let sandbox = Program::spawn(&folder, "federation", command);
    let address = free_address();
    let text = sandbox.announced.replace("127.0.0.1:8080", &address);
    let [provider, enable, check, register] = commands(&text).try_into().unwrap();
    let provider = Program::spawn(&folder, ".registrar", serve(&folder, &provider, &address));
    let enabled = run_printed(&folder, &enable);
    assert!(enabled.contains("explicit") && enabled.contains("automatic"), "{enabled}");
    assert!(enabled.contains("trust_anchors:\n[\n  {\n    \"entity_id\": \"https://localhost:"), "{enabled}");
    assert!(!run_printed(&folder, &check).contains("not public"));
    let blind = check.split(" --reachable").next().unwrap().to_owned() + ")";
    let blind = printed(&folder, &blind).output().unwrap();
    let (rows, said) = (String::from_utf8(blind.stdout).unwrap(), String::from_utf8(blind.stderr).unwrap());
    assert!(rows.contains("is not public: it is asked only with --reachable localhost:"), "{rows}");
    assert_eq!(said, "error: a trust anchor could not be asked: its keys are not compared\n");
    let answer = run_printed(&folder, &register);
    let answer = UnverifiedJwt::parse(&answer).unwrap();
    let claims = answer.unverified_claims();
    assert_eq!(claims["iss"], format!("https://{address}/1"));
    let party = claims["sub"].as_str().unwrap();
    assert!(party.starts_with("https://localhost:") && party.ends_with("/party"), "{party}");
    assert_eq!(claims["metadata"]["openid_relying_party"]["token_endpoint_auth_method"], "private_key_jwt");
    assert!(provider.administer(&["client", "list", "--service", "1"]).contains(party));
    let elsewhere = printed(&folder, &register.replace("?aud=", "?aud=https://elsewhere.example/")).output().unwrap();
    assert!(!elsewhere.status.success());
    let error: Value = serde_json::from_slice(&elsewhere.stdout).unwrap();
    assert_eq!(error["error"], "invalid_request", "{error}");

    let fetch = |path: &str| {
        let url = party.replace("/party", path);
        run_printed(&folder, &format!("curl --silent --show-error --cacert federation/server.pem '{url}'"))
    };
    let about = fetch(&format!("/anchor/fetch?sub={party}"));
    assert_eq!(UnverifiedJwt::parse(&about).unwrap().unverified_claims()["sub"], party);
    for nothing in ["/anchor/fetch?sub=https://elsewhere.example", "/anchor/fetch", "/party/request", "/"] {
        let answer: Value = serde_json::from_str(&fetch(nothing)).unwrap();
        assert_eq!(answer["error"], "not_found", "{nothing}");
    }
}

#[test]
fn a_trust_anchor_vouches_for_entities_that_are_given() {
    let folder = Folder::new("sandbox-subordinates");
    std::fs::create_dir_all(&folder.0).unwrap();
    std::fs::write(folder.0.join("keys.json"), json!({"keys": [{"kty": "EC", "d": "secret"}]}).to_string()).unwrap();
    std::fs::write(folder.0.join("list.json"), "[]").unwrap();
    let options = ["sandbox", "federation", "federation", "--listen", "127.0.0.1:0", "--subordinate"];
    for (given, part) in [
        ("https://rp.example", "URL=FILE"),
        ("rp.example=keys.json", "rp.example is no entity identifier"),
        ("https://rp.example=absent.json", "cannot read absent.json"),
        ("https://rp.example=list.json", "list.json is not a JSON object"),
    ] {
        let refused = registrar().args(options).arg(given).current_dir(&folder.0).output().unwrap();
        assert!(!refused.status.success());
        let text = String::from_utf8(refused.stderr).unwrap();
        assert!(text.contains(part), "{given}: {text}");
    }
    let mut command = registrar();
    command.args(options).arg("https://rp.example=keys.json");
    let sandbox = Program::spawn(&folder, "federation", command);
    let anchor = sandbox.announced.split(' ').find(|word| word.ends_with("/anchor")).unwrap();
    let curl = format!("curl --silent --cacert federation/server.pem '{anchor}/fetch?sub=https%3A%2F%2Frp.example'");
    let statement = run_printed(&folder, &curl);
    let statement = UnverifiedJwt::parse(&statement).unwrap();
    assert_eq!(statement.unverified_claims()["jwks"], json!({"keys": [{"kty": "EC"}]}), "without what is private");
}

#[test]
fn clients_are_resolved_by_the_printed_commands() {
    let folder = Folder::new("sandbox-documents");
    let start = || {
        let mut command = registrar();
        command.args(["sandbox", "documents", "documents", "--listen", "127.0.0.1:0"]);
        Program::spawn(&folder, "documents", command)
    };
    drop(start());
    let keys = std::fs::read(folder.0.join("documents/client.key")).unwrap();
    let sandbox = start();
    assert_eq!(std::fs::read(folder.0.join("documents/client.key")).unwrap(), keys, "what is there is used again");
    let address = free_address();
    let text = sandbox.announced.replace("127.0.0.1:8080", &address);
    let [server, look_up, resolve, refused, keys] = commands(&text).try_into().unwrap();
    let _server = Program::spawn(&folder, ".registrar", serve(&folder, &server, &address));
    let client: Value = serde_json::from_str(&run_printed(&folder, &look_up)).unwrap();
    assert_eq!((&client["client_name"], &client["source"]), (&json!("Claude"), &json!("metadata_document")));
    let steps = run_printed(&folder, &resolve);
    assert!(steps.contains("urn:ietf:params:oauth:grant-type:jwt-bearer") && steps.contains("The client:"), "{steps}");
    let output = printed(&folder, &refused).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("client_secret must not be in a public document"), "{said}");
    assert_eq!(output.status.code(), Some(4));

    run_printed(&folder, &keys);
    let of = |url: &str| {
        let (start, _) = resolve.rsplit_once(' ').unwrap();
        let output = printed(&folder, &format!("{start} {url} --json)")).output().unwrap();
        let found: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
        (output.status.code().unwrap(), found)
    };
    let listed = |heading: &str| {
        let (_, rest) = text.split_once(heading).unwrap();
        let lines = rest.trim_start().lines().map_while(|line| line.strip_prefix("- "));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let mut methods = Vec::new();
    for url in listed("Clients have their metadata documents here:") {
        let (code, found) = of(&url);
        assert_eq!((code, &found["client"]["client_id"]), (0, &json!(url)), "{found}");
        methods.push(found["client"]["token_endpoint_auth_method"].as_str().unwrap().to_owned());
    }
    assert_eq!(methods, ["none", "none", "private_key_jwt", "none", "none", "none"]);
    let outcomes = listed("These are none:").iter().map(|url| of(url)).collect::<Vec<_>>();
    let outcomes: Vec<_> =
        outcomes.iter().map(|(code, found)| (*code, found["failed"]["step"].as_str().unwrap())).collect();
    assert_eq!(outcomes, [(4, "rule"), (4, "rule"), (7, "challenge"), (3, "status")]);

    let client_id = client["client_id"].as_str().unwrap();
    let fetch = |options: &str, url: &str| {
        run_printed(&folder, &format!("curl --silent --show-error --cacert documents/server.pem {options} '{url}'"))
    };
    let keys = client_id.replace("/claude/oauth/mcp-oauth-client-metadata", "/chatgpt/oauth/jwks.json");
    let keys: Value = serde_json::from_str(&fetch("", &keys)).unwrap();
    assert_eq!((&keys["keys"][0]["kty"], &keys["keys"][0]["alg"]), (&json!("RSA"), &json!("RS256")));
    assert!(keys["keys"][0].get("d").is_none());
    let head = fetch("--include", client_id);
    let header = |name: &str| head.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{head}"));
    assert_eq!(header("cache-control: "), "public, max-age=300");
    let (etag, code) = (header("etag: "), "--output /dev/null --write-out '%{http_code}'");
    assert_eq!(fetch(&format!("{code} --header 'If-None-Match: \"x\", W/{etag}'"), client_id), "304");
    assert_eq!(fetch(&format!("{code} --header 'If-None-Match: \"x\"'"), client_id), "200");
    assert_eq!(fetch(&format!("{code} --request POST"), client_id), "405");
}
