//! Clients by the API as by the table: listed, decided about, pruned and brought back.

use std::path::Path;
use std::process::Output;
use std::thread;

use serde_json::{Value, json};

use super::{Desk, data_file, failure, json_failure, names, printed};
use crate::program::{Folder, Served, wait_until};

#[test]
fn clients_are_listed_as_the_table_has_them() {
    let data = Folder::new("api-list");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let mut ids = Vec::new();
    for number in 0..6 {
        let name = format!("Client {number}");
        let uris = [format!("https://rp{}.example/cb", number % 2)];
        ids.push(desk.registered(&json!({
            "client_name": name, "client_name#fr": "Élève", "redirect_uris": uris, "software_id": format!("s{}", number % 3),
        })));
    }
    desk.admin.json(&["client", "lock", "--service", "1", &ids[2]]);
    let list = |more: &[&str]| desk.same(&[&["client", "list", "--service", "1"], more].concat());
    assert_eq!(list(&[]).lines().count(), 7);
    assert_eq!(list(&["--newest"]).lines().nth(1).unwrap().split_whitespace().next(), Some(ids[5].as_str()));
    for (filter, count) in [
        (&["--redirect-host", "rp1.example"][..], 3),
        (&["--redirect-host", "RP0.example.", "--software-id", "s1"], 1),
        (&["--redirect-host", "rp.example"], 0),
        (&["--redirect-host", "no host"], 0),
        (&["--client-type", "confidential"], 6),
        (&["--client-type", "public"], 0),
        (&["--ending", "36500d"], 5), // a locked one does not end
        (&["--ending", "1d"], 0),
        (&["--locked"], 1),
        (&["--pending"], 0),
        (&["--flagged"], 0),
        (&["--unused", "1d"], 0),
        (&["--unused", "1s"], 6),
        (&["--name", "CLIENT 3"], 1),
        (&["--name", "élè"], 6),
        (&["--software-id", "s1"], 2),
        (&["--software-id", "s1", "--name", "4"], 1),
        (&["--source", "oauth"], 6),
        (&["--source", "stet"], 0),
        (&["--source", "oauth", "--source", "stet"], 6),
        (&["--registered-after", "2026-01-01"], 6),
        (&["--registered-after", "2226-01-01"], 0),
        (&["--registered-before", "2026-01-01"], 0),
        (&["--registered-before", "2226-01-01"], 6),
        (&["--limit", "2"], 2),
    ] {
        if filter == ["--unused", "1s"] {
            thread::sleep(std::time::Duration::from_millis(2100));
        }
        for order in [&[][..], &["--newest"]] {
            assert_eq!(list(&[filter, order].concat()).lines().count(), count + 1, "{filter:?} {order:?}");
        }
    }
    for order in [&["--limit", "2"][..], &["--limit", "2", "--newest"]] {
        let more = desk.by_api(&[&["client", "list", "--service", "1"], order].concat());
        let more = String::from_utf8(more.stderr).unwrap();
        let after = more.strip_prefix("There are more: --after '").unwrap().trim_end().trim_end_matches('\'');
        let third = list(&[order, &["--after", after]].concat());
        assert!(third.contains(&ids[2]) || third.contains(&ids[3]), "{third}");
        assert_eq!(list(&[order, &["--after", after, "--locked"]].concat()).lines().count(), 2);
    }
    lists_applications_that_end(&desk);
    let (code, text) = failure(&desk.by_api(&["client", "list", "--service", "1", "--expired"]));
    assert!(code == 2 && text.contains("needs the table: the API has no clients that have ended"), "{text}");
    served.stop();
}

/// Public clients of which some end within a day are found by the scheme of their application, by their type and their end.
fn lists_applications_that_end(desk: &Desk<'_>) {
    let policy = data_file(desk.data, "lifetime.json", &json!({"client_lifetime": 3600}).to_string());
    let application = |name: &str| {
        desk.registered(&json!({
            "client_name": name, "redirect_uris": ["com.example.app:/cb"], "token_endpoint_auth_method": "none",
        }))
    };
    application("Stays");
    printed(&desk.admin.run(&["service", "update", "1", "--policy", &policy]));
    let [first, second] = ["First", "Second"].map(application);
    let found = |more: &[&str]| -> Vec<String> {
        let list = [&["client", "list", "--service", "1"], more].concat();
        desk.same(&list);
        let listed = printed(&desk.admin.run(&[&list[..], &["--json"]].concat()));
        let clients = listed.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        clients.map(|client| client["client_id"].as_str().unwrap().to_owned()).collect()
    };
    // The stream has told where the last one is found.
    wait_until(|| found(&["--redirect-host", "com.example.app:"]).len() == 3);
    for (filter, count) in [
        (&["--redirect-host", "com.Example.app:"][..], 3),
        (&["--redirect-host", "com.example.app"], 0),
        (&["--client-type", "public"], 3),
        (&["--client-type", "confidential"], 6),
        (&["--ending", "1d"], 2),
        (&["--ending", "30m"], 0),
        (&["--ending", "1d", "--redirect-host", "com.example.app:"], 2),
        (&["--ending", "1d", "--client-type", "confidential"], 0),
    ] {
        for order in [&[][..], &["--newest"]] {
            assert_eq!(found(&[filter, order].concat()).len(), count, "{filter:?} {order:?}");
        }
    }
    assert_eq!(found(&["--ending", "1d"]), [first.clone(), second.clone()]);
    assert_eq!(found(&["--ending", "1d", "--newest"]), [second, first.clone()]);
    for filter in [["--redirect-host", "com.example.app:"], ["--client-type", "public"], ["--ending", "1d"]] {
        let cut = [&["client", "list", "--service", "1", "--newest", "--limit", "1"], &filter[..]].concat();
        let more = String::from_utf8(desk.by_api(&cut).stderr).unwrap();
        let after = more.strip_prefix("There are more: --after '").unwrap().trim_end().trim_end_matches('\'');
        assert_eq!(found(&[&cut[4..], &["--after", after]].concat()), std::slice::from_ref(&first), "{filter:?}");
    }
}

#[test]
fn what_is_decided_about_a_client_is_done_and_told_as_by_the_table() {
    let data = Folder::new("api-acts");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let client = |name: &str| {
        desk.registered(&json!({"client_name": name, "redirect_uris": ["https://rp.example/cb"], "custom": 1}))
    };
    let (one, other) = (client("One"), client("Other"));
    let show = |id: &str| desk.same(&["client", "show", "--service", "1", id]);
    for id in [&one, &other] {
        assert!(show(id).contains("What became of what was sent:"), "{}", show(id));
    }
    for (act, told) in [
        ("lock", "is locked"),
        ("unlock", "is unlocked"),
        ("retain", "stays though nobody uses it"),
        ("release", "ends if nobody uses it, as the policy says"),
        ("approve", "is approved: its names are good"),
        ("delete", "is deleted"),
        ("restore", "is back"),
        ("delete", "is deleted"),
    ] {
        let consent: &[&str] = if act == "delete" { &["--yes"] } else { &[] };
        let words = |id| [&["client", act, "--service", "1", id], consent].concat();
        assert_eq!(printed(&desk.by_api(&words(&one))), format!("Client {one} {told}.\n"));
        assert_eq!(printed(&desk.admin.run(&words(&other))), format!("Client {other} {told}.\n"));
        if !["delete", "restore"].contains(&act) {
            // Again it does the same, and says to scripts how the client stands.
            let stands = |output: &Output| -> Value { serde_json::from_str(&printed(output)).unwrap() };
            let again = |id| [&["--json"], &words(id)[..]].concat();
            let (api, table) = (stands(&desk.by_api(&again(&one))), stands(&desk.admin.run(&again(&one))));
            assert_eq!((&api["client_id"], &api["state"]), (&json!(one), &table["state"]), "{act}");
            assert!(api["state"].is_string() && api.as_object().unwrap().len() == 2, "{api}");
        }
        if act != "delete" {
            show(&one);
            show(&other);
        }
    }
    for id in [&one, &other] {
        let restore = ["client", "restore", "--service", "1", id];
        printed(&desk.by_api(&restore));
        printed(&desk.by_api(&["client", "delete", "--service", "1", id, "--yes", "--for-good"]));
        let (code, text) = failure(&desk.by_api(&restore));
        assert!(code == 6 && text.contains("deleted for good"), "{text}");
        assert_eq!(failure(&desk.admin.run(&restore)), (code, text));
    }

    let third = client("Third");
    let file = data.0.join("metadata.json");
    let update = ["client", "update", "--service", "1", &third, file.to_str().unwrap()];
    for create in [["client", "create", "--service", "1", file.to_str().unwrap()].as_slice(), &update] {
        std::fs::write(&file, json!({"client_name": "Renamed", "nonsense": 1}).to_string()).unwrap();
        let (code, text) = failure(&desk.by_api(create));
        assert!(code == 4 && text.contains("nonsense: no specification"), "{text}");
        assert_eq!(failure(&desk.admin.run(create)), (code, text));
    }
    std::fs::write(&file, json!({"client_name": "Renamed", "client_id": "x"}).to_string()).unwrap();
    let changed = desk.by_api(&update);
    assert_eq!(String::from_utf8_lossy(&changed.stderr), "warning: not registered: client_id\n");
    let again = desk.admin.run(&update);
    assert_eq!((&changed.stderr, printed(&changed).contains("Renamed")), (&again.stderr, true));
    prints_a_secret_that_an_update_makes(&desk, &update, &file);
    std::fs::write(&file, json!({"redirect_uris": ["https://rp.example/cb"], "client_id": "x"}).to_string()).unwrap();
    let create = ["client", "create", "--service", "1", file.to_str().unwrap(), "--json"];
    let (api, table) = (desk.by_api(&create), desk.admin.run(&create));
    assert_eq!((names(&api), &api.stderr), (names(&table), &table.stderr));
    let made: Value = serde_json::from_slice(&api.stdout).unwrap();
    assert!(made["registration_client_uri"].as_str().unwrap().starts_with(served.text("registration_endpoint")));
    let id = made["client_id"].as_str().unwrap();
    for (words, members) in [
        (
            &["rotate-secret", "--service", "1", id, "--overlap", "1h"][..],
            &["client_id", "client_secret", "previous_secret_until"][..],
        ),
        (&["rotate-secret", "--service", "1", id, "--at-once", "--yes"], &["client_id", "client_secret"]),
        (&["reissue-token", "--service", "1", id, "--yes"], &["client_id", "registration_access_token"]),
    ] {
        let words = [&["client"], words, &["--json"]].concat();
        let (api, table) = (desk.by_api(&words), desk.admin.run(&words));
        assert_eq!(
            (names(&api), names(&table)),
            (names(&table), members.iter().map(|name| (*name).to_owned()).collect())
        );
        assert_ne!(api.stdout, table.stdout);
    }
    let rotate = ["client", "rotate-secret", "--service", "1", id, "--overlap", "1h", "--json"];
    for by_api in [true, false] {
        let output = if by_api { desk.by_api(&rotate) } else { desk.admin.run(&rotate) };
        let until = serde_json::from_slice::<Value>(&output.stdout).unwrap()["previous_secret_until"].clone();
        let shown = desk.admin.json(&["client", "show", "--service", "1", id]);
        assert_eq!((until.is_string(), &until), (true, &shown["previous_secret_until"]));
    }
    show(id);
    replaces_what_was_seen(&desk, id);
    let stays = ["client", "delete", "--service", "1", id];
    let (table, api) = (desk.admin.run(&stays), desk.by_api(&stays));
    assert_eq!(failure(&table), failure(&api), "nobody is there to be asked");
    served.stop();
}

/// A secret and a token are replaced as they were seen, by either way.
fn replaces_what_was_seen(desk: &Desk, id: &str) {
    let version = || desk.admin.json(&["client", "show", "--service", "1", id])["version"].to_string();
    for act in ["rotate-secret", "reissue-token"] {
        for by_api in [true, false] {
            let seen = version();
            let words = ["client", act, "--service", "1", id, "--yes", "--version", &seen];
            let replace = || if by_api { desk.by_api(&words) } else { desk.admin.run(&words) };
            printed(&replace());
            assert_ne!(version(), seen, "{act}");
            let (code, text) = failure(&replace());
            assert!(code == 6 && text.contains("the client was changed since"), "{act}: {text}");
        }
    }
}

#[test]
fn what_waits_is_approved_as_it_was_seen_and_what_nobody_uses_is_pruned() {
    let data = Folder::new("api-waits");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let policy = data.0.join("approval.json");
    std::fs::write(&policy, json!({"approval": "required"}).to_string()).unwrap();
    let update = ["service", "update", "1", "--policy", policy.to_str().unwrap()];
    printed(&desk.by_api(&update));
    let client =
        |host: &str| desk.registered(&json!({"client_name": "A", "redirect_uris": [format!("https://{host}/cb")]}));
    let [a, b, c] = ["a.example", "b.example", "b.example"].map(client);
    assert_eq!(desk.same(&["client", "list", "--service", "1", "--pending"]).lines().count(), 4);
    let approve = |id: &str, version: &str| {
        desk.by_api(&["client", "approve", "--service", "1", id, "--version", version, "--json"])
    };
    let (code, error, text) = json_failure(&approve(&a, "7"));
    assert!(code == 6 && error == "conflict" && text.contains("changed since"), "{text}");
    for words in
        [&["lock"][..], &["unlock"], &["retain"], &["release"], &["deny", "--yes"], &["delete", "--yes"], &["approve"]]
    {
        let words = [&["client"], words, &["--service", "1", &a, "--version", "7", "--json"]].concat();
        for output in [desk.by_api(&words), desk.admin.run(&words)] {
            let (code, error, text) = json_failure(&output);
            assert!(code == 6 && error == "conflict" && text.contains("changed since"), "{words:?}: {text}");
        }
    }
    assert!(approve(&a, "1").status.success());
    assert_eq!(
        printed(&desk.by_api(&["client", "approve", "--service", "1", &b])),
        format!("Client {b} is approved.\n")
    );
    let deny = |id: &str| desk.by_api(&["client", "deny", "--service", "1", id, "--yes"]);
    let unasked = ["client", "deny", "--service", "1", &c];
    assert_eq!(failure(&desk.admin.run(&unasked)), failure(&desk.by_api(&unasked)));
    let (code, text) = failure(&deny(&a));
    assert!(code == 6 && text.contains("does not wait for approval"), "{text}");
    assert_eq!(printed(&deny(&c)), format!("Client {c} is denied, and deleted.\n"));
    let d = client("b.example");
    printed(&desk.by_api(&["client", "approve", "--service", "1", &d]));
    printed(&desk.by_api(&["client", "retain", "--service", "1", &a]));
    thread::sleep(std::time::Duration::from_millis(2100));
    let dry = desk.same(&["client", "prune", "--service", "1", "--unused", "1s", "--dry-run"]);
    assert_eq!(dry, "HOST       CLIENTS\nb.example  2\nNothing is deleted; 2 would be.\n");
    let pruned = printed(&desk.by_api(&["client", "prune", "--service", "1", "--unused", "1s", "--yes"]));
    assert!(pruned.contains("Deleted: 2. For thirty days registrar client prune --undo brings them back."), "{pruned}");
    assert_eq!(desk.same(&["client", "list", "--service", "1"]).lines().count(), 2);
    printed(&desk.by_api(&["client", "restore", "--service", "1", &d]));
    served.stop();
}

#[test]
fn whom_nobody_can_bring_back_is_named_and_the_others_come_back() {
    let data = Folder::new("undo");
    let served = Served::start(&data, &["--memory"]);
    let desk = Desk::at(&data, &served);
    let policy = data.0.join("once.json");
    std::fs::write(&policy, json!({"software_id_once": true}).to_string()).unwrap();
    printed(&desk.admin.run(&["service", "update", "1", "--policy", policy.to_str().unwrap()]));
    let client =
        |software: &str| desk.registered(&json!({"redirect_uris": ["https://a.example/cb"], "software_id": software}));
    let pruned = ["s1", "s2", "s3"].map(client);
    thread::sleep(std::time::Duration::from_millis(2100));
    let prune = ["client", "prune", "--service", "1"];
    printed(&desk.admin.run(&[&prune[..], &["--unused", "1s", "--yes"]].concat()));
    client("s2");
    let limited = |most: Value| {
        std::fs::write(&policy, json!({"clients_per_developer": most}).to_string()).unwrap();
        printed(&desk.admin.run(&["service", "update", "1", "--policy", policy.to_str().unwrap()]));
    };
    limited(1.into());
    let tried = || desk.admin.run(&[&prune[..], &["--undo", "--dry-run"]].concat());
    wait_until(|| tried().status.code() == Some(6));
    assert_eq!(String::from_utf8(tried().stdout).unwrap(), "Nothing is brought back; 0 would be.\n");
    limited(Value::Null);
    let undone = desk.admin.run(&[&prune[..], &["--undo"]].concat());
    let (told, errors) = (String::from_utf8(undone.stdout).unwrap(), String::from_utf8(undone.stderr).unwrap());
    assert_eq!((undone.status.code(), told.as_str()), (Some(6), "Brought back: 2 of 3.\n"), "{errors}");
    assert!(errors.contains(&format!("warning: {}: software_id is taken by another client", pruned[1])), "{errors}");
    assert!(errors.ends_with("error: not brought back: 1; why is said of each\n"), "{errors}");
    assert_eq!(
        desk.same(&["client", "list", "--service", "1"]).lines().count(),
        4,
        "two, the new one, and what they are"
    );
    served.stop();
}

/// A change that makes a secret shows it this once, by the table and by the API.
fn prints_a_secret_that_an_update_makes(desk: &Desk<'_>, update: &[&str], file: &Path) {
    for by_api in [true, false] {
        let update = |method: &str| {
            std::fs::write(file, json!({"token_endpoint_auth_method": method}).to_string()).unwrap();
            let words = [update, &["--json"]].concat();
            let output = if by_api { desk.by_api(&words) } else { desk.admin.run(&words) };
            serde_json::from_str::<Value>(&printed(&output)).unwrap().get("client_secret").cloned()
        };
        assert_eq!(update("none"), None);
        assert!(update("client_secret_basic").is_some_and(|secret| secret.is_string()), "by the API: {by_api}");
        assert_eq!(update("client_secret_basic"), None, "it was printed");
    }
}
