//! `registrar client`.

use serde_json::{Value, json};

use crate::program::{Administration, Folder, Served};

/// A server that takes as many registrations as come.
const FAST: [&str; 9] = [
    "--memory",
    "--address-rate",
    "10000",
    "--address-burst",
    "10000",
    "--service-rate",
    "10000",
    "--service-burst",
    "30000",
];

fn lines(admin: &Administration, arguments: &[&str]) -> (Vec<Value>, String) {
    let output = admin.run(&[arguments, &["--json"]].concat());
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    let text = String::from_utf8(output.stdout).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    (lines, String::from_utf8(output.stderr).unwrap())
}

#[test]
fn a_list_is_read_in_pages_from_either_end_and_through_filters() {
    let data = Folder::new("list");
    let served = Served::start(&data, &FAST);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let endpoint = format!("{}/{id}/register", served.text("base_url"));
    let register = |metadata: &Value| {
        let (status, client) = served.send("POST", &endpoint, None, &metadata.to_string());
        assert_eq!(status, 201, "{client}");
        client["client_id"].as_str().unwrap().to_owned()
    };
    let named = |name: &str| json!({"client_name": name, "redirect_uris": ["https://rp.example/cb"]});
    let mut ids: Vec<String> = (0..230).map(|number| register(&named(&format!("App {number}")))).collect();
    ids.push(register(&json!({"client_name": "Plain", "client_name#de": "Die ÄRZTE", "software_id": "s-1",
        "redirect_uris": ["https://rp.example/cb"]})));
    let list = |more: &[&str]| lines(&admin, &[&["client", "list", "--service", &id], more].concat());
    let ids_of = |clients: &[Value]| -> Vec<String> {
        clients.iter().map(|client| client["client_id"].as_str().unwrap().to_owned()).collect()
    };

    let (all, note) = list(&[]);
    assert_eq!((ids_of(&all), note.as_str()), (ids.clone(), ""), "all of them, one a line, oldest first");
    let (page, note) = list(&["--limit", "3", "--newest"]);
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(ids_of(&page), newest[..3]);
    let position = page[2]["position"].as_str().unwrap();
    assert_eq!(note, format!("There are more: --after '{position}'\n"));
    let (page, note) = list(&["--limit", "228", "--newest", "--after", position]);
    assert_eq!((ids_of(&page), note.as_str()), (newest[3..].to_vec(), ""), "the last page says nothing of more");

    assert_eq!(ids_of(&list(&["--name", "ärzte"]).0), ids[230..]);
    assert_eq!(ids_of(&list(&["--name", "app 22"]).0).len(), 11, "22 and 220 to 229");
    assert_eq!(ids_of(&list(&["--software-id", "s-1"]).0), ids[230..]);
    assert_eq!(list(&["--source", "oauth", "--source", "stet"]).0.len(), 231);
    assert_eq!(list(&["--source", "stet"]).0, Vec::<Value>::new());
    assert_eq!(list(&["--locked"]).0, Vec::<Value>::new());
    assert_eq!(list(&["--registered-after", "2020-01-01", "--registered-before", "2021-01-01"]).0, Vec::<Value>::new());
    assert_eq!(list(&["--registered-after", "2020-01-01"]).0.len(), 231);
    for (wrong, part) in [
        (["--source", "oath"], "oauth"),
        (["--after", "5"], "a position is"),
        (["--registered-after", "yesterday"], "2026-01-31"),
        (["--limit", "0"], "--limit"),
    ] {
        let refusal = admin.refusal(&[&["client", "list", "--service", &id], &wrong[..]].concat());
        assert!(refusal.contains(part), "{wrong:?}: {refusal}");
    }

    let output = admin.run(&["client", "list", "--service", &id]);
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(table.lines().filter(|line| line.contains("App ")).count() == 100, "people have a page of a hundred");
    let (note, position) = (String::from_utf8(output.stderr).unwrap(), all[99]["position"].as_str().unwrap());
    assert_eq!(note, format!("There are more: --after '{position}'\n"), "and no progress where there is no terminal");

    let file = data.0.join("short.json");
    std::fs::write(&file, r#"{"client_lifetime": 1}"#).unwrap();
    let create = ["service", "create", "--preset", "open", "--issuer", "https://as.example", "--policy"];
    let short = admin.json(&[&create[..], &[file.to_str().unwrap()]].concat())["id"].to_string();
    let endpoint = format!("{}/{short}/register", served.text("base_url"));
    let ended = served.send("POST", &endpoint, None, &named("Short").to_string()).1;
    std::thread::sleep(std::time::Duration::from_secs(2));
    let list = |more: &[&str]| lines(&admin, &[&["client", "list", "--service", &short], more].concat()).0;
    assert_eq!(list(&[]), Vec::<Value>::new());
    assert_eq!(list(&["--expired"])[0]["client_id"], ended["client_id"]);
    served.stop();
}
