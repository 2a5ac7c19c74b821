//! `registrar token`.

use std::io::Write;
use std::process::{Output, Stdio};

use serde_json::Value;

use super::{failure, json_failure};
use crate::program::{Administration, Folder, Served, registrar};

/// Runs a command that reads a token from the standard input.
fn given(admin: &Administration, arguments: &[&str], token: &str) -> Output {
    let mut command = registrar();
    command.args(arguments).args(["--token", "-", "--json", "--endpoint-url", admin.served.text("dynamodb_endpoint")]);
    command.arg("--key-file").arg(&admin.key_file);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    writeln!(stdin, "{token}").unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

#[test]
fn a_token_is_ended_by_who_has_nothing_but_the_token() {
    let data = Folder::new("token-itself");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    for create in [
        &["token", "create", "service", "--service", "1"][..],
        &["token", "create", "organization", "--organization", "demo"],
        &["token", "create", "initial-access", "--service", "1", "--uses", "3"],
    ] {
        let created = admin.json(create);
        let rotated = given(&admin, &["token", "rotate", "--yes"], created["token"].as_str().unwrap());
        let rotated: Value = serde_json::from_slice(&rotated.stdout).unwrap();
        assert_eq!(rotated["kind"], created["kind"]);
        let token = rotated["token"].as_str().unwrap();
        assert!(given(&admin, &["token", "revoke", "--yes"], token).status.success());
        for ended in [token, created["token"].as_str().unwrap()] {
            let (code, error, sentence) = json_failure(&given(&admin, &["token", "revoke", "--yes"], ended));
            assert_eq!((code, error.as_str(), sentence.as_str()), (3, "not_found", "there is no such token"));
        }
    }
    let file = data.0.join("token");
    let created = admin.json(&["token", "create", "service", "--service", "1"]);
    std::fs::write(&file, created["token"].as_str().unwrap()).unwrap();
    assert!(admin.run(&["token", "revoke", "--yes", "--token", file.to_str().unwrap()]).status.success());
    for wrong in ["", "rat_x", "svc_short", created["id"].as_str().unwrap()] {
        let (code, _, sentence) = json_failure(&given(&admin, &["token", "revoke", "--yes"], wrong));
        assert!(code == 2 && sentence.contains("begins with svc_, org_, iat_, mgr_"), "{wrong}: {sentence}");
    }
    let token = created["token"].as_str().unwrap();
    for line in [&["token", "revoke", token][..], &["token", "rotate", "--token", token]] {
        let (code, text) = failure(&admin.run(line));
        assert!(code == 2 && text.contains("--token -"), "{text}");
    }
    served.stop();
}

#[test]
fn tokens_of_nobody_are_not_an_empty_list() {
    let data = Folder::new("token-nobody");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    for (line, part) in [
        (["token", "list", "--service", "99"], "there is no service 99"),
        (["token", "list", "--organization", "absent"], "there is no organization absent"),
    ] {
        let (code, text) = failure(&admin.run(&line));
        assert!(code == 3 && text.contains(part), "{text}");
    }
    assert_eq!(admin.json(&["token", "list", "--organization", "demo"]).as_array().unwrap().len(), 1);
    admin.json(&["service", "create", "--organization", "quiet"]);
    assert_eq!(admin.json(&["token", "list", "--organization", "quiet"]), Value::Array(Vec::new()));
    let (code, text) = failure(&admin.run(&["token", "create", "organization", "--organization", "a#b"]));
    assert!(code == 2 && text.contains("organization is not a name of 1 to 64"), "{text}");
    served.stop();
}

#[test]
fn a_token_for_what_is_not_there_is_warned_of() {
    let data = Folder::new("token-warnings");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    admin.json(&["service", "update", "1", "--scope", "read write"]);
    let initial = ["token", "create", "initial-access", "--service", "1"];
    let warning = |arguments: &[&str]| {
        let output = admin.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {output:?}");
        String::from_utf8(output.stderr).unwrap()
    };
    assert_eq!(warning(&[&initial[..], &["--scope", "read", "--grant-type", "authorization_code"]].concat()), "");
    assert_eq!(
        warning(&[&initial[..], &["--scope", "read admin", "--grant-type", "implicit"]].concat()),
        "warning: service 1 does not offer the scope admin, the grant type implicit\n"
    );
    let organization = ["token", "create", "organization", "--organization"];
    assert_eq!(warning(&[&organization[..], &["demo"]].concat()), "");
    let nobody = warning(&[&organization[..], &["nobody"]].concat());
    assert_eq!(nobody, "warning: the organization nobody has no service yet\n");
    admin.json(&["service", "update", "1", "--door", "authlete"]);
    assert_eq!(warning(&initial), "");
    admin.json(&["service", "update", "1", "--door", "identity_center"]);
    let closed = warning(&initial);
    assert!(closed.starts_with("warning: no client of service 1 registers with such a token: "), "{closed}");
    let unknown = admin.refusal(&["token", "create", "service", "--service", "1", "--permission", "client.delete"]);
    assert!(unknown.contains("client.read") && unknown.contains("use_service"), "{unknown}");
    served.stop();
}

#[test]
fn a_token_lasts_as_long_as_people_write() {
    let data = Folder::new("token-end");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let create = ["token", "create", "initial-access", "--service", "1", "--expires"];
    for (text, seconds) in [("1w", 604_800), ("2h30m", 9000)] {
        let token = admin.json(&[&create[..], &[text]].concat());
        let time = |member: &str| {
            let text = token[member].as_str().unwrap();
            let output = std::process::Command::new("date").args(["-u", "-d", text, "+%s"]).output().unwrap();
            String::from_utf8(output.stdout).unwrap().trim().parse::<u64>().unwrap()
        };
        assert!((time("expires") - time("created")).abs_diff(seconds) <= 1, "{token}");
    }
    for wrong in ["99999999d", "99999999999999999999d", "0s", "soon"] {
        let (code, text) = failure(&admin.run(&[&create[..], &[wrong]].concat()));
        assert!(code == 2 && text.contains("--expires"), "{text}");
    }
    served.stop();
}
