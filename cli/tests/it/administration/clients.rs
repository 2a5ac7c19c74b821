//! `registrar client`.

use std::io::Write;
use std::process::{Output, Stdio};
use std::time::Instant;

use serde_json::{Value, json};
use shared::Error;
use shared::administration::{self, Draft};
use shared::metadata::Invalid;
use shared::origin::Origin;
use shared::registry::Context;

use crate::program::{Administration, Folder, Served};
use crate::support::World;

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

/// A command that reads what is piped into it.
fn piped(admin: &Administration, arguments: &[&str], input: &str) -> Output {
    let mut command = admin.command(arguments);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    process.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    process.wait_with_output().unwrap()
}

fn json_of(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).unwrap()
}

#[test]
fn an_operator_registers_changes_locks_and_hands_over_a_client() {
    let data = Folder::new("operator");
    let served = Served::start(&data, &FAST);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let file = data.0.join("policy.json");
    std::fs::write(&file, r#"{"dynamic_registration": false, "custom_members": ["tenant"]}"#).unwrap();
    let create = ["service", "create", "--issuer", "https://as.example", "--policy", file.to_str().unwrap()];
    let id = admin.json(&create)["id"].to_string();
    let client = |verb: &'static str| ["client", verb, "--service", &id];
    let endpoint = format!("{}/{id}/register", served.text("base_url"));
    let metadata = json!({"client_name": "App", "redirect_uris": ["https://rp.example/cb"], "tenant": 7,
        "contacts": [], "source": "nobody", "client_id": "mine"});
    assert_eq!(served.send("POST", &endpoint, None, &metadata.to_string()).0, 401);

    let create = [&client("create")[..], &["-", "--json"]].concat();
    let output = piped(&admin, &create, &metadata.to_string());
    let warning = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(warning, "warning: not registered: client_id, contacts, source\n", "what nobody registers is told of");
    let created = json_of(&output);
    assert_eq!((&created["client_name"], &created["tenant"]), (&json!("App"), &json!(7)));
    assert_eq!(created["grant_types"], json!(["authorization_code"]));
    assert_ne!(created["client_id"], "mine");
    let client_id = created["client_id"].as_str().unwrap();
    let (uri, token) =
        (created["registration_client_uri"].as_str().unwrap(), created["registration_access_token"].as_str());
    let read = || served.send("GET", uri, token, "");
    assert_eq!(read().1["client_secret"], created["client_secret"], "its registrant manages it");
    let refused =
        piped(&admin, &create, r#"{"redirect_uris": ["https://rp.example/cb"], "grant_types": ["implicit"]}"#);
    let refused: Value = serde_json::from_slice(&refused.stderr).unwrap();
    let refused = refused["error_description"].as_str().unwrap();
    assert!(refused.contains("grant_types: \"implicit\" is not offered"), "by the service's policy: {refused}");

    let with_id = |verb: &'static str| [&client(verb)[..], &[client_id]].concat();
    let shown = admin.json(&with_id("show"));
    let sent = json!({"client_name": "App", "redirect_uris": ["https://rp.example/cb"], "tenant": 7, "contacts": []});
    let dropped = json!({"rule": "as sent", "member": "contacts", "what": "dropped", "from": []});
    assert!(shown["changes"].as_array().unwrap().contains(&dropped), "{shown}");
    assert_eq!(shown["sent"], sent);
    let people = String::from_utf8(admin.run(&with_id("show")).stdout).unwrap();
    let rows: Vec<&str> = people.lines().skip_while(|line| *line != "What became of what was sent:").skip(1).collect();
    assert!(
        rows[0].starts_with("RULE ") && rows[1].starts_with("as sent ") && rows[1].contains("contacts"),
        "{people}"
    );
    let update = [&with_id("update")[..], &["-", "--json"]].concat();
    assert_eq!(json_of(&piped(&admin, &update, &shown.to_string())), shown, "what is shown changes nothing");
    let changed = json_of(&piped(&admin, &update, r#"{"client_name": "App 2", "tenant": null}"#));
    assert_eq!((&changed["client_name"], changed.get("tenant")), (&json!("App 2"), None));
    let by_operator = json!({"rule": "an operator", "member": "tenant", "what": "dropped", "from": 7});
    assert_eq!(changed["changes"].as_array().unwrap().last(), Some(&by_operator));
    assert_eq!(changed["sent"], sent, "what was sent stays so");
    assert_eq!(changed["redirect_uris"], shown["redirect_uris"], "what is not given stays");
    let wrong = piped(&admin, &update, r#"{"redirect_uris": ["https://rp.example/#a"]}"#);
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("redirect_uris[0]"));

    for (broken, part) in [
        (r#"{"redirect_uris": null}"#, "redirect_uris"),
        (r#"{"token_endpoint_auth_method": "private_key_jwt"}"#, "jwks"),
    ] {
        let output = piped(&admin, &update, broken);
        let refused = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && refused.contains(part), "{broken}: {refused}");
    }
    assert_eq!(admin.json(&with_id("show")), changed, "what is refused changes nothing");
    let ignored = piped(&admin, &update, r#"{"client_secret": "x", "client_id": "y", "client_name": "App 2"}"#);
    assert_eq!(json_of(&ignored), changed, "it is no change");
    assert_eq!(String::from_utf8(ignored.stderr).unwrap(), "warning: not registered: client_id, client_secret\n");

    assert_eq!(admin.json(&with_id("lock"))["state"], "locked");
    let table = String::from_utf8(admin.run(&client("list")).stdout).unwrap();
    let [heading, row] = table.lines().collect::<Vec<_>>().try_into().unwrap();
    assert!(heading.ends_with("  REGISTERED  USED  ENDS  STATE") && row.ends_with("  locked"), "{table}");
    assert_eq!((read().0, &admin.json(&with_id("show"))["locked"]), (403, &json!(true)));
    assert_eq!(lines(&admin, &[&client("list")[..], &["--locked"]].concat()).0.len(), 1);
    assert_eq!(admin.json(&with_id("unlock"))["state"], "active");
    assert_eq!(read().0, 200);

    let rotated = admin.json(&[&with_id("rotate-secret")[..], &["--yes"]].concat())["client_secret"].clone();
    assert!(rotated != created["client_secret"] && read().1["client_secret"] == rotated);
    let reissued = admin.json(&[&with_id("reissue-token")[..], &["--yes"]].concat());
    assert_eq!(read().0, 401, "the old token has ended");
    let by_new = served.send("GET", uri, reissued["registration_access_token"].as_str(), "");
    assert_eq!((by_new.0, &by_new.1["client_name"]), (200, &json!("App 2")));

    let path = format!("{}/api/{id}/client/create", served.text("base_url"));
    let operator = admin.json(&["token", "create", "service", "--service", &id]);
    let begun = json!({"clientName": "Begun", "grantTypes": ["AUTHORIZATION_CODE"]}).to_string();
    assert_eq!(served.send("POST", &path, operator["token"].as_str(), &begun).0, 200);
    let id_of = lines(&admin, &[&client("list")[..], &["--name", "Begun"]].concat()).0[0]["client_id"].clone();
    let step = [&client("update")[..], &[id_of.as_str().unwrap(), "-", "--json"]].concat();
    let output = piped(&admin, &step, r#"{"client_name": "Begun again"}"#);
    assert_eq!(json_of(&output)["client_name"], "Begun again");
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(warning.contains("not as the specifications have it yet: redirect_uris"), "{warning}");

    let public = r#"{"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"}"#;
    let public = json_of(&piped(&admin, &create, public));
    assert_eq!(public.get("client_secret"), None);
    let public = public["client_id"].as_str().unwrap();
    assert!(admin.refusal(&[&client("rotate-secret")[..], &[public]].concat()).contains("has no client_secret"));
    for verb in ["lock", "unlock", "rotate-secret", "reissue-token"] {
        let refusal = admin.refusal(&[&client(verb)[..], &["nobody"]].concat());
        assert!(refusal.contains("there is no client nobody"), "{verb}: {refusal}");
    }
    served.stop();
}

#[tokio::test]
async fn only_clients_that_manage_themselves_have_a_token_to_reissue() {
    let world = World::open().await;
    let service = world.app.service(1).await.unwrap();
    let context = || Context {
        app: world.app,
        service: &service,
        origin: Origin::default(),
        fetching_ends: Instant::now(),
        audiences: Vec::new(),
    };
    let created = administration::create(&context(), Draft::default()).await.unwrap();
    let refused = administration::reissue_token(&context(), created.client).await;
    assert!(matches!(refused, Err(Error::InvalidClientMetadata(Invalid::NotSelfManaged))));
}

#[test]
fn whom_nobody_uses_is_found_and_pruned() {
    let data = Folder::new("prune");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let base_url = served.text("base_url");
    let register = |host: &str| {
        let metadata = json!({"redirect_uris": [format!("https://{host}/cb")]}).to_string();
        let (status, client) = served.send("POST", &format!("{base_url}/{id}/register"), None, &metadata);
        assert_eq!(status, 201, "{client}");
        client["client_id"].as_str().unwrap().to_owned()
    };
    let [used, retained, locked] = ["a.example", "b.example", "c.example"].map(register);
    let unused: Vec<String> = ["b.example", "d.example", "b.example"].map(register).to_vec();
    let token = admin.json(&["token", "create", "service", "--service", &id, "--permission", "use_service"]);
    let body = json!({"client_ids": [used]}).to_string();
    let token = token["token"].as_str().unwrap();
    assert_eq!(served.send("POST", &format!("{base_url}/{id}/client/used"), Some(token), &body).0, 200);
    admin.json(&["client", "retain", "--service", &id, &retained]);
    admin.json(&["client", "lock", "--service", &id, &locked]);
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let prune = ["client", "prune", "--service", &id, "--unused", "1s"];
    let counts = json!([{"host": "b.example", "clients": 2}, {"host": "d.example", "clients": 1}]);
    let made = piped(
        &admin,
        &["client", "create", "--service", &id, "-", "--json"],
        r#"{"redirect_uris": ["https://e.example/"]}"#,
    );
    let made = json_of(&made)["client_id"].as_str().unwrap().to_owned();
    std::thread::sleep(std::time::Duration::from_millis(2100));
    let dry = admin.json(&[&prune[..], &["--dry-run"]].concat());
    assert_eq!(dry, json!({"dry_run": true, "hosts": counts, "clients": unused, "deleted": []}));
    let list = |more: &[&str]| {
        let (clients, _) = lines(&admin, &[&["client", "list", "--service", &id], more].concat());
        clients.iter().map(|client| client["client_id"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(
        list(&["--unused", "1s"]),
        [&[retained.clone(), locked.clone()][..], &unused, std::slice::from_ref(&made)].concat()
    );
    assert!(list(&["--unused", "1h"]).is_empty());
    let refused = admin.run(&prune);
    assert!(!refused.status.success(), "nobody is there to be asked: {refused:?}");
    assert_eq!(list(&[]).len(), 7);
    let pruned = admin.json(&[&prune[..], &["--yes"]].concat());
    assert_eq!((&pruned["hosts"], &pruned["deleted"]), (&counts, &json!(unused)));
    let left = [used, retained.clone(), locked, made];
    assert_eq!(list(&[]), left, "not one that an operator has made");

    let undo = ["client", "prune", "--service", &id, "--undo"];
    let would = admin.json(&[&undo[..], &["--dry-run"]].concat());
    assert_eq!((&would["clients"], &would["restored"]), (&json!(unused), &json!([])));
    std::thread::sleep(std::time::Duration::from_millis(2100));
    assert_eq!(admin.json(&[&undo[..], &["--since", "1s"]].concat())["clients"], json!([]));
    admin.json(&["client", "restore", "--service", &id, &unused[0]]);
    let undone = admin.json(&undo);
    assert_eq!((&undone["restored"], &undone["failed"]), (&json!(unused[1..]), &json!([])));
    assert_eq!(list(&[]).len(), 7);
    assert_eq!(admin.json(&undo)["clients"], json!([]), "who is back is not brought back again");
    let refused = admin.refusal(&["client", "restore", "--service", &id, &unused[0]]);
    assert!(refused.contains("the client is not deleted"), "{refused}");
    let refused = admin.refusal(&["client", "restore", "--service", &id, "nobody"]);
    assert!(refused.contains("none that was deleted in the last thirty days"), "{refused}");
    admin.json(&["client", "delete", "--service", &id, &unused[0], "--yes"]);
    admin.json(&["client", "restore", "--service", &id, &unused[0]]);
    admin.json(&["client", "delete", "--service", &id, &unused[0], "--yes", "--for-good"]);
    let refused = admin.refusal(&["client", "restore", "--service", &id, &unused[0]]);
    assert!(refused.contains("deleted for good"), "{refused}");
    let shown = admin.json(&["client", "show", "--service", &id, &retained]);
    assert_eq!((&shown["retained"], shown.get("expires")), (&json!(true), None));
    admin.json(&["client", "release", "--service", &id, &retained]);
    assert!(admin.json(&["client", "show", "--service", &id, &retained]).get("expires").is_some());
}

#[test]
fn whoever_waits_is_denied_by_consent_and_not_approved_by_unlocking() {
    let data = Folder::new("deny");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let file = data.0.join("policy.json");
    std::fs::write(&file, r#"{"approval": "required", "clients_per_service": 0}"#).unwrap();
    let update = ["service", "update", &id, "--policy", file.to_str().unwrap()];
    assert!(admin.refusal(&update).contains("clients_per_service is not a number from 1 to 2147483647"));
    std::fs::write(&file, r#"{"approval": "required"}"#).unwrap();
    admin.json(&update);
    let endpoint = format!("{}/{id}/register", served.text("base_url"));
    let (status, client) = served.send("POST", &endpoint, None, r#"{"redirect_uris": ["https://rp.example/cb"]}"#);
    assert_eq!(status, 201, "{client}");
    let client_id = client["client_id"].as_str().unwrap();
    let on = |verb: &'static str| ["client", verb, "--service", &id, client_id];
    let state = |verb, state: &str| {
        assert_eq!(admin.json(&on(verb)), json!({"client_id": client_id, "state": state}), "{verb}");
    };
    state("lock", "locked pending");
    state("unlock", "pending");
    state("retain", "pending retained");
    state("approve", "retained");
    state("release", "active");
    for verb in ["rotate-secret", "reissue-token"] {
        assert!(admin.refusal(&on(verb)).contains("would be ended: give --yes"), "{verb}");
    }
    assert!(admin.refusal(&on("deny")).contains("does not wait for approval"));
    let (_, client) = served.send("POST", &endpoint, None, r#"{"redirect_uris": ["https://rp.example/cb"]}"#);
    let client_id = client["client_id"].as_str().unwrap();
    let deny = ["client", "deny", "--service", &id, client_id];
    assert!(admin.refusal(&deny).contains("would be deleted: give --yes"));
    let denied = admin.json(&[&deny[..], &["--yes"]].concat());
    assert_eq!(denied, json!({"client_id": client_id, "state": "deleted"}));
}
