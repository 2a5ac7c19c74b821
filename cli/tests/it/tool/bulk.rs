//! `registrar client bulk`: the same to many clients, by the table and by the operators' API.

use std::io::Write;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use super::api::{Desk, data_file, printed};
use super::failure;
use crate::program::{Folder, Served};

/// A command that gets a text piped in.
fn piped(mut command: Command, text: &str) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(text.as_bytes()).unwrap();
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// What became of each, by its name or else its identifier.
fn outcomes(output: &Output) -> Vec<(String, String)> {
    let told: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{output:?}"));
    let text = |result: &Value, name: &str| result[name].as_str().unwrap_or_default().to_owned();
    let results = told["results"].as_array().unwrap().iter();
    let name = |result: &Value| if result["client_name"].is_null() { "client_id" } else { "client_name" };
    results.map(|result| (text(result, name(result)), text(result, "outcome"))).collect()
}

#[test]
fn what_a_list_has_shown_is_done_to_all_of_it() {
    let data = Folder::new("bulk");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let client = |name: &str, host: &str| {
        desk.registered(&json!({"client_name": name, "redirect_uris": [format!("https://{host}/cb")]}))
    };
    for by_api in [true, false] {
        let host = if by_api { "api.example" } else { "table.example" };
        let [a, b, _] = ["A", "B", "C"].map(|name| client(name, host));
        client("Other", "other.example");
        let command = |words: &[&str]| {
            if by_api { desk.api(served.text("service_token"), words) } else { desk.admin.command(words) }
        };
        let list = |more: &[&str]| {
            let words = ["client", "list", "--service", "1", "--redirect-host", host, "--json"];
            printed(&command(&[&words, more].concat()).output().unwrap())
        };
        let bulk = |action: &str, more: &[&str], text: &str| {
            let words = [&["client", "bulk", action, "--service", "1", "-", "--json"], more].concat();
            piped(command(&words), text)
        };
        let each = |outcomes: [&str; 3]| -> Vec<(String, String)> {
            ["A", "B", "C"].into_iter().zip(outcomes).map(|(name, told)| (name.to_owned(), told.to_owned())).collect()
        };
        let seen = list(&[]);

        let looked = bulk("lock", &["--dry-run"], &seen);
        assert_eq!((looked.status.code(), outcomes(&looked)), (Some(0), each(["possible"; 3])));
        assert_eq!(list(&["--locked"]), "", "nothing is done");
        let done = bulk("lock", &[], &seen);
        assert_eq!((done.status.code(), outcomes(&done)), (Some(0), each(["done"; 3])));
        assert_eq!(list(&["--locked"]).lines().count(), 3);

        // What was changed since is not what was seen, and stops none of the others.
        let seen = list(&[]);
        printed(&command(&["client", "unlock", "--service", "1", &b]).output().unwrap());
        let late = bulk("unlock", &[], &seen);
        assert_eq!((late.status.code(), outcomes(&late)), (Some(6), each(["done", "changed", "done"])));
        assert!(String::from_utf8_lossy(&late.stderr).contains("not all of them: 1; why is said of each"), "{late:?}");

        // Without a version it is done to whatever is there.
        let named = json!({ "client_id": b }).to_string();
        assert_eq!(outcomes(&bulk("retain", &[], &named)), [("B".to_owned(), "done".to_owned())]);
        let denied = bulk("deny", &["--yes"], &named);
        assert_eq!(outcomes(&denied), [("B".to_owned(), "refused".to_owned())]);
        let told: Value = serde_json::from_slice(&denied.stdout).unwrap();
        assert!(told["results"][0]["error_description"].as_str().unwrap().contains("does not wait"), "{told}");

        let seen = list(&[]);
        let unasked = bulk("delete", &[], &seen);
        assert_eq!(unasked.status.code(), Some(4), "nobody is there to be asked: {unasked:?}");
        assert_eq!(outcomes(&bulk("delete", &["--dry-run"], &seen)), each(["possible"; 3]));
        assert_eq!(outcomes(&bulk("delete", &["--yes"], &seen)), each(["done"; 3]));
        assert_eq!(list(&[]), "");
        let restored =
            bulk("restore", &[], &format!("{}\n{}", json!({ "client_id": a }), json!({"client_id": "nobody"})));
        let each = [(&*a, "done"), ("nobody", "absent")].map(|(name, told)| (name.to_owned(), told.to_owned()));
        assert_eq!((restored.status.code(), outcomes(&restored)), (Some(6), each.to_vec()));
    }
    served.stop();
}

#[test]
fn more_than_one_request_names_are_named() {
    let data = Folder::new("bulk-many");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let absent = |number: u32| json!({"client_id": format!("client-{number}")}).to_string();
    let all: Vec<String> = (0..250).map(absent).collect();
    let file = data_file(&data, "all.jsonl", &all.join("\n"));
    let words = ["client", "bulk", "lock", "--service", "1", &file, "--dry-run"];
    let (table, api) = (desk.admin.run(&words), desk.by_api(&words));
    assert_eq!((table.status.code(), &table.stdout, &table.stderr), (Some(6), &api.stdout, &api.stderr));
    let told = String::from_utf8(table.stdout).unwrap();
    assert_eq!(told.lines().count(), 252, "{told}");
    assert!(told.ends_with("Nothing is done; to 0 of 250 it could be.\n"), "{told}");
    served.stop();
}

#[test]
fn what_is_no_list_is_told_alike() {
    let data = Folder::new("bulk-wrong");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    for (content, code, part) in [
        ("", 0, ""),
        ("\n\n", 0, ""),
        ("nonsense", 4, "is no list as `client list --json` prints it: expected"),
        ("{\"client\": \"x\"}", 4, "missing field `client_id` at line 1"),
        ("{\"client_id\": \"x\"}\n{\"client_id\": 5}", 4, "invalid type: integer `5`, expected a string at line 2"),
        ("{\"client_id\": \"x\", \"version\": -1}", 4, "invalid value: integer `-1`"),
        ("{\"client_id\": \"\"}", 4, "client_id"),
    ] {
        let file = data_file(&data, "wrong.jsonl", content);
        let words = ["client", "bulk", "lock", "--service", "1", &file];
        let (table, api) = (desk.admin.run(&words), desk.by_api(&words));
        assert_eq!((&table.stdout, &table.stderr), (&api.stdout, &api.stderr), "{content}");
        assert_eq!((table.status.code(), api.status.code()), (Some(code), Some(code)), "{content}: {table:?}");
        assert!(String::from_utf8_lossy(&table.stderr).contains(part), "{content}: {table:?}");
        if code == 0 {
            assert_eq!(String::from_utf8_lossy(&table.stdout), "Nothing is done: no client is named.\n");
        }
    }
    for action in ["rotate-secret", "reissue-token", "fly"] {
        let (code, text) = failure(&desk.by_api(&["client", "bulk", action, "--service", "1", "x.jsonl"]));
        assert!(code == 2 && text.contains("possible values: lock, unlock, approve, deny"), "{action}: {text}");
    }
    served.stop();
}
