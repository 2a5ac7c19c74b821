//! The command line as people and scripts use it.

mod alike;
mod api;
mod aws;
mod doctor;
mod grants;
mod lean;
mod resolve;
mod tokens;

use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::ExitStatusExt;
use std::process::{Output, Stdio};

use serde_json::Value;

use crate::program::{Administration, Folder, Served, registrar};

/// The signal by which a program ends that writes to a closed pipe.
const SIGPIPE: i32 = 13;

/// What a command that fails prints on the standard error, and its exit code.
fn failure(output: &Output) -> (i32, String) {
    assert!(output.stdout.is_empty(), "{output:?}");
    (output.status.code().unwrap(), String::from_utf8(output.stderr.clone()).unwrap())
}

/// The members `error` and `error_description` of a failure in JSON, and its exit code.
fn json_failure(output: &Output) -> (i32, String, String) {
    let (code, text) = failure(output);
    let error: Value = serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}"));
    assert_eq!(error.as_object().unwrap().len(), 2, "{error}");
    let member = |name: &str| error[name].as_str().unwrap().to_owned();
    (code, member("error"), member("error_description"))
}

#[test]
fn options_of_all_commands_are_taken_at_every_level() {
    let data = Folder::new("levels");
    let served = Served::start(&data, &["--memory"]);
    let (url, key) = (served.text("dynamodb_endpoint"), data.0.join("key"));
    let connection = ["--endpoint-url", url, "--key-file", key.to_str().unwrap()];
    let words = ["service", "list", "--organization", "demo"];
    for (json, placed) in [(0, 0), (1, 1), (2, 2), (4, 4), (0, 4), (4, 1)] {
        let mut line: Vec<&str> = words.to_vec();
        let (first, then) = if json > placed { (json, placed) } else { (placed, json) };
        let options: [&[&str]; 2] = if json > placed { [&["--json"], &connection] } else { [&connection, &["--json"]] };
        line.splice(first..first, options[0].iter().copied());
        line.splice(then..then, options[1].iter().copied());
        let output = registrar().args(&line).output().unwrap();
        assert!(output.status.success(), "{line:?}: {output:?}");
        assert_eq!(serde_json::from_slice::<Value>(&output.stdout).unwrap()[0]["id"], 1, "{line:?}");
    }
    served.stop();
}

#[test]
fn an_option_without_a_meaning_is_not_passed_over() {
    for (line, part) in [
        (
            &["serve", "--listen", "8081"][..],
            "'8081' for '--listen <ADDRESS>': it is an address with a port, as 127.0.0.1:8080",
        ),
        (&["--memory", "client", "list", "--service", "1"], "--memory is an option of `registrar serve`"),
        (&["--listen", "127.0.0.1:0", "serve"], "--listen is an option of `registrar serve`"),
        (&["--table", "other"], "--table is for administration"),
        (&["serve", "--endpoint-url", "http://127.0.0.1:1"], "--endpoint-url is for administration"),
    ] {
        let (code, text) = failure(&registrar().args(line).output().unwrap());
        assert_eq!(code, 2, "{line:?}");
        assert!(text.contains(part), "{line:?}: {text}");
    }
}

#[test]
fn a_closed_pipe_ends_a_command_as_it_ends_others() {
    let data = Folder::new("pipe");
    let served = Served::start(&data, &["--memory"]);
    let (url, key) = (served.text("dynamodb_endpoint"), data.0.join("key"));
    let other = Folder::new("pipe-serve");
    let serve = ["serve", "--memory", "--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--data"];
    let list = ["client", "list", "--service", "1", "--endpoint-url", url, "--key-file", key.to_str().unwrap()];
    let shown = ["service", "show", "1", "--endpoint-url", url, "--key-file", key.to_str().unwrap()];
    for line in [&[&serve[..], &[other.0.to_str().unwrap()]].concat(), &list.to_vec(), &shown.to_vec()] {
        let mut command = registrar();
        let mut child = command.args(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.signal(), Some(SIGPIPE), "{line:?}: {ended:?}");
        assert!(!String::from_utf8_lossy(&ended.stderr).contains("panic"), "{line:?}: {ended:?}");
    }
    let full = File::options().write(true).open("/dev/full").unwrap();
    let full = registrar().args(list).stdout(full).output().unwrap();
    assert_eq!(failure(&full).0, 1);
    assert!(failure(&full).1.starts_with("error: cannot write to the standard output: No space left"), "{full:?}");
    served.stop();
}

#[test]
fn what_was_made_is_named_where_it_cannot_be_printed() {
    let data = Folder::new("unprinted");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let metadata = data.0.join("metadata.json");
    std::fs::write(&metadata, r#"{"redirect_uris": ["https://rp.example/cb"]}"#).unwrap();
    let metadata = metadata.to_str().unwrap();
    let client = admin.json(&["client", "create", "--service", "1", metadata]);
    let token = admin.json(&["token", "create", "service", "--service", "1"]);
    let text = |from: &Value, member: &str| from[member].as_str().unwrap().to_owned();
    let (client, token) = (text(&client, "client_id"), text(&token, "id"));
    let of_client = |verb| ["client", verb, "--service", "1", "--yes", &client];
    let exported = data.0.join("exported.jsonl");
    std::fs::write(&exported, admin.run(&["service", "export", "1", "--clients"]).stdout).unwrap();
    let file = exported.to_str().unwrap();
    let lines: [(&[&str], &str); 12] = [
        (&["token", "create", "organization"], "nobody has it. End it: registrar token revoke "),
        (&["token", "create", "service", "--service", "1"], " --service 1"),
        (&["token", "create", "initial-access", "--service", "1"], "nobody has it. End it: registrar token revoke "),
        (&["token", "rotate", "--yes", &token], "nobody has it. End it: registrar token revoke "),
        (&["client", "create", "--service", "1", metadata], "End it: registrar client delete --service 1 "),
        (&of_client("rotate-secret"), "has a new secret, and nobody has it. Make another one by the same command."),
        (&of_client("reissue-token"), "has a new registration access token, and nobody has it. Make another one"),
        (&["client", "lock", "--service", "1", &client], " is locked."),
        (&["service", "create"], " is made: registrar service show "),
        (&["service", "keys", "make", "1"], "Service 1 has new keys: registrar service keys list 1"),
        (&["service", "import", file, "--id", "71"], "Service 71 is imported: "),
        (&["service", "import", file, "--id", "72"], "Service 72 is imported: "),
    ];
    let full = || File::options().write(true).open("/dev/full").unwrap();
    for (index, (line, part)) in lines.into_iter().enumerate() {
        let is_json = index % 2 == 0;
        let mut command = admin.command(line);
        let unprinted = if is_json { command.arg("--json") } else { &mut command }.stdout(full()).output().unwrap();
        let sentence = if is_json {
            let (code, error, sentence) = json_failure(&last_line(&unprinted));
            assert_eq!((code, error.as_str()), (1, "fault"), "{line:?}");
            sentence
        } else {
            assert_eq!(unprinted.status.code(), Some(1), "{line:?}");
            String::from_utf8(unprinted.stderr).unwrap()
        };
        assert!(sentence.contains("cannot write to the standard output: No space left"), "{line:?}: {sentence}");
        assert!(sentence.contains(part), "{line:?}: {sentence}");
    }
    let mut command = admin.command(&of_client("reissue-token"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let ended = child.wait_with_output().unwrap();
    assert_eq!(ended.status.signal(), Some(SIGPIPE), "{ended:?}");
    assert!(String::from_utf8_lossy(&ended.stderr).contains("nobody has it. Make another one"), "{ended:?}");
    let tokens = admin.json(&["token", "list", "--service", "1"]);
    let is_there = tokens.as_array().unwrap().iter().any(|listed| listed["id"] == token.as_str());
    assert!(is_there, "the old token works until somebody has the new one: {tokens}");
    for line in [&["--help"][..], &["--version"], &["client", "--help"], &["completions", "bash"], &["man"]] {
        let unprinted = registrar().args(line).stdout(full()).output().unwrap();
        assert_eq!(failure(&unprinted).0, 1, "{line:?}");
    }
    served.stop();
}

/// The same without the warnings before its last line or object.
fn last_line(output: &Output) -> Output {
    let text = String::from_utf8_lossy(&output.stderr);
    let from = text.find('{').unwrap_or_default();
    Output { stderr: text.as_bytes()[from..].to_vec(), ..output.clone() }
}

#[test]
fn a_server_whose_log_nobody_reads_goes_on() {
    let data = Folder::new("log");
    let options = ["serve", "--memory", "--listen", "127.0.0.1:0", "--dynamodb-listen", "127.0.0.1:0", "--data"];
    let mut command = registrar();
    let mut child = command.args(options).arg(&data.0).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let address = lines.find_map(|line| line.strip_prefix("Registrar listens on http://").map(str::to_owned)).unwrap();
    assert!(lines.any(|line| line.contains("Ctrl-C")));
    drop(child.stderr.take());
    for _ in 0..2 {
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = "GET /99/register/x HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn errors_have_exit_codes_by_kind_and_are_json_for_scripts() {
    let data = Folder::new("kinds");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let policy = data.0.join("policy.json");
    std::fs::write(&policy, r#"{"limits": null}"#).unwrap();
    for (line, code, name, part) in [
        (&["client", "list"][..], 2, "usage", "--service <SERVICE>"),
        (&["client", "list", "--service", "many"], 2, "usage", "'--service <SERVICE>': a service is a number, which"),
        (&["service", "show", "many"], 2, "usage", "'<ID>': a service is a number, which"),
        (
            &["service", "federation", "enable", "1", "--lifetime", "x"],
            2,
            "usage",
            "--lifetime <SECONDS>': it is a whole",
        ),
        (&["client", "fly"], 2, "usage", "fly"),
        (&["client"], 2, "usage", "requires a subcommand"),
        (&["client", "list", "--service", "99"], 3, "not_found", "there is no service 99"),
        (&["client", "show", "--service", "1", "-x"], 3, "not_found", "there is no client -x"),
        (&["service", "update", "1", "--policy", policy.to_str().unwrap()], 4, "refused", "is not a policy"),
    ] {
        let (found, error, sentence) = json_failure(&admin.run(&[line, &["--json"]].concat()));
        assert_eq!((found, error.as_str()), (code, name), "{line:?}: {sentence}");
        assert!(sentence.contains(part) && !sentence.contains('\n'), "{line:?}: {sentence}");
        let (found, text) = failure(&admin.run(line));
        assert!(found == code && text.starts_with("error: "), "{line:?}: {text}");
    }
    served.stop();
}

#[test]
fn no_backtrace_is_for_users() {
    let nowhere = registrar().args(["serve", "--data", "/proc/nowhere"]).env("RUST_BACKTRACE", "1").output().unwrap();
    let (code, text) = failure(&nowhere);
    assert_eq!((code, text.lines().count()), (1, 1), "{text}");
    assert!(text.starts_with("error: cannot use the folder /proc/nowhere: "), "{text}");
}

#[test]
fn help_has_examples_and_exit_codes() {
    for (line, parts) in [
        (&["--help"][..], &["Examples:\n  registrar\n", "Exit codes:\n  0  done\n  1  "][..]),
        (&["client", "list", "--help"], &["Examples:\n  registrar client list --service 1\n"]),
        (&["token", "create", "initial-access", "--help"], &["--expires 2h30m"]),
        (&["token", "create", "service", "--help"], &["service.read", "service.write", "client.read", "client.write"]),
    ] {
        let help = String::from_utf8(registrar().args(line).output().unwrap().stdout).unwrap();
        for part in parts {
            assert!(help.contains(part), "{line:?}: {help}");
        }
    }
    for (command, has) in [("serve", false), ("man", false), ("doctor", true)] {
        let help = String::from_utf8(registrar().args([command, "--help"]).output().unwrap().stdout).unwrap();
        assert_eq!(help.contains("--endpoint-url"), has, "{command}: {help}");
    }
}
