//! Services as files say them: `registrar service export`, `apply`, `clone`; and what is counted of them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::program::{Administration, Folder, Served};

#[test]
fn what_is_exported_and_applied_is_the_same_service() {
    let data = Folder::new("declared");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let file = data.0.join("service.json");
    let path = file.to_str().unwrap();
    let declare = |service: &Value| std::fs::write(&file, service.to_string()).unwrap();
    let id = admin.open_service();
    let shown = admin.json(&["service", "show", &id]);
    let exported = admin.run(&["service", "export", &id]).stdout;
    let mut exported: Value = serde_json::from_slice(&exported).unwrap();
    declare(&exported);
    let applied = admin.json(&["service", "apply", path]);
    assert_eq!(applied, json!({"id": exported["id"], "new": false, "applied": false, "changes": []}));
    declare(&shown);
    assert_eq!(admin.json(&["service", "apply", path])["changes"], json!([]), "what is shown is as good");

    exported["name"] = json!("Bank");
    exported["policy"]["scopes"]["offered"] = json!("read");
    exported["authorization_server"]["token_endpoint"] = json!("https://as.example/t");
    declare(&exported);
    let changes = json!([
        {"op": "replace", "path": "/authorization_server/token_endpoint", "value": "https://as.example/t"},
        {"op": "add", "path": "/name", "value": "Bank"},
        {"op": "add", "path": "/policy/scopes/offered", "value": "read"},
    ]);
    let sorted = |answer: &Value| {
        let mut changes = answer["changes"].as_array().unwrap().clone();
        changes.sort_by_key(|change| change["path"].as_str().unwrap().to_owned());
        Value::from(changes)
    };
    let dry = admin.json(&["service", "apply", path, "--dry-run"]);
    assert_eq!((sorted(&dry), &dry["applied"]), (changes.clone(), &json!(false)));
    let people = String::from_utf8(admin.run(&["service", "apply", path, "--dry-run"]).stdout).unwrap();
    let replaced = "~ /authorization_server/token_endpoint: \"https://as.example/token\" -> \"https://as.example/t\"";
    assert!(people.contains(replaced) && people.contains("+ /name: \"Bank\""), "{people}");
    assert!(people.ends_with(&format!("This would change service {id}; nothing is changed.\n")), "{people}");
    assert_eq!(admin.json(&["service", "show", &id]), shown);
    let applied = admin.json(&["service", "apply", path]);
    assert_eq!((sorted(&applied), &applied["applied"]), (changes, &json!(true)));
    assert_eq!(admin.json(&["service", "show", &id])["name"], "Bank");

    let other = data.0.join("other.json");
    for (member, value, part) in [
        ("nmae", json!("Bank"), "a service has no member nmae"),
        ("policy", json!({"doors": []}), "is not a service"),
        ("name", json!("Bank\u{202e}"), "U+202E"),
        ("authorization_server", json!({"jwks_uri": null}), "jwks_uri"),
        ("id", json!(0), "id must be an integer"),
    ] {
        let mut wrong = exported.clone();
        wrong[member] = value;
        std::fs::write(&other, wrong.to_string()).unwrap();
        let refusal = admin.refusal(&["service", "apply", other.to_str().unwrap()]);
        assert!(refusal.contains(part), "{member}: {refusal}");
    }

    exported["id"] = json!(4242);
    declare(&exported);
    assert_eq!(admin.json(&["service", "apply", path, "--dry-run"])["new"], true);
    assert!(admin.refusal(&["service", "show", "4242"]).contains("there is no service 4242"));
    assert_eq!(admin.json(&["service", "apply", path])["id"], 4242);
    assert_eq!(admin.json(&["service", "apply", path])["changes"], json!([]), "again is as good as once");
    admin.json(&["service", "delete", "4242", "--yes"]);
    let taken = admin.refusal(&["service", "apply", path]);
    assert!(taken.contains("registrar service restore 4242"), "{taken}");
    assert_eq!(admin.refusal(&["service", "apply", path, "--dry-run"]), taken);
    assert_eq!(admin.run(&["service", "apply", path, "--dry-run"]).status.code(), Some(6));
    exported.as_object_mut().unwrap().remove("id");
    declare(&exported);
    let made = admin.json(&["service", "apply", path]);
    assert_eq!(admin.json(&["service", "show", &made["id"].to_string()])["policy"], exported["policy"]);
    exported.as_object_mut().unwrap().remove("authorization_server");
    declare(&exported);
    assert!(admin.refusal(&["service", "apply", path]).contains("anyone may register with this service"));
    served.stop();
}

#[test]
fn federation_keys_are_in_no_file_and_stay_where_they_are() {
    let data = Folder::new("declared-keys");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.json(&["service", "create", "--issuer", "https://as.example"])["id"].to_string();
    let anchor = data.0.join("anchor.json");
    let key = shared::jose::generate_signing_key(shared::jose::SigningAlgorithm::Es256).unwrap();
    let key =
        json!({"keys": [{"kty": key["kty"], "crv": key["crv"], "x": key["x"], "y": key["y"], "kid": key["kid"]}]});
    std::fs::write(&anchor, key.to_string()).unwrap();
    let anchor = format!("https://anchor.example={}", anchor.display());
    let enable = ["service", "federation", "enable", &id, "--authority-hint", "https://superior.example"];
    let enabled = admin.json(&[&enable[..], &["--trust-anchor", &anchor]].concat());
    let signs = enabled["signature_key_id"].as_str().unwrap();

    let exported = String::from_utf8(admin.run(&["service", "export", &id]).stdout).unwrap();
    assert!(!exported.contains(signs) && !exported.contains("\"d\""), "{exported}");
    let file = data.0.join("service.json");
    std::fs::write(&file, &exported).unwrap();
    assert_eq!(admin.json(&["service", "apply", file.to_str().unwrap()])["changes"], json!([]));
    assert_eq!(admin.json(&["service", "federation", "show", &id]), enabled);

    let mut another: Value = serde_json::from_str(&exported).unwrap();
    another.as_object_mut().unwrap().remove("id");
    std::fs::write(&file, another.to_string()).unwrap();
    let output = admin.run(&["service", "apply", file.to_str().unwrap(), "--json"]);
    let made: Value = serde_json::from_slice(&output.stdout).unwrap();
    let made = made["id"].to_string();
    let warning = String::from_utf8(output.stderr).unwrap();
    assert!(warning.contains(&format!("registrar service federation add-key {made}")), "{warning}");
    let added = admin.json(&["service", "federation", "add-key", &made]);
    assert_ne!(added["signature_key_id"], signs);

    let clone = admin.json(&["service", "clone", &id, "--name", "Twin", "--scope", "read"]);
    assert_ne!(clone["id"].to_string(), id);
    assert_eq!((&clone["name"], &clone["issuer"]), (&json!("Twin"), &json!("https://as.example")));
    assert_eq!(clone["policy"]["scopes"]["offered"], "read");
    assert_eq!(clone["federation"]["enabled"], false, "it has no keys");
    assert!(admin.refusal(&["service", "clone", "99"]).contains("there is no service 99"));
    served.stop();
}

#[test]
fn what_a_file_has_wrong_is_named_with_its_member() {
    let data = Folder::new("wrong-files");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let file = data.0.join("service.json");
    let mut service = admin.json(&["service", "export", "1"]);
    service["policy"]["registration"] = json!("closed");
    for (text, part) in [
        (service.to_string(), "service.json is not a service: policy.registration: \"closed\" is not"),
        ("{\"id\": 1".to_owned(), "service.json is not JSON: EOF while parsing an object at line 1 column 8"),
    ] {
        std::fs::write(&file, text).unwrap();
        let refusal = admin.refusal(&["service", "apply", file.to_str().unwrap()]);
        assert!(refusal.contains(part), "{refusal}");
    }
    served.stop();
}

#[test]
fn clients_are_counted_by_day_and_developer() {
    let data = Folder::new("stats");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let empty = admin.json(&["service", "stats", &id]);
    assert_eq!((&empty["clients"], &empty["days"], &empty["developers"]), (&json!(0), &json!([]), &json!([])));
    let endpoint = format!("{}/{id}/register", served.text("base_url"));
    let mut clients = Vec::new();
    for _ in 0..3 {
        let (_, client) = served.send("POST", &endpoint, None, r#"{"redirect_uris": ["https://rp.example/cb"]}"#);
        clients.push(client["client_id"].as_str().unwrap().to_owned());
    }
    let wait_for = |clients: u64| {
        let started = Instant::now();
        while admin.json(&["service", "stats", &id])["clients"] != clients {
            assert!(started.elapsed() < Duration::from_secs(20), "they are never counted");
            std::thread::sleep(Duration::from_millis(50));
        }
    };
    wait_for(3);
    admin.json(&["client", "delete", "--service", &id, &clients[0], "--yes"]);
    wait_for(2);
    let counted = admin.json(&["service", "stats", &id]);
    let of_days: u64 = counted["days"].as_array().unwrap().iter().map(|day| day["clients"].as_u64().unwrap()).sum();
    assert_eq!(of_days, 2, "{counted}");
    assert_eq!(counted["developers"], json!([{"developer": format!("authlete_{id}"), "clients": 2}]));
    let people = String::from_utf8(admin.run(&["service", "stats", &id]).stdout).unwrap();
    assert!(people.starts_with(&format!("Service {id} has 2 clients.\n\nDAY ")), "{people}");
    assert!(people.contains("\n\nDEVELOPER ") && !people.contains('?'), "{people}");
    served.stop();
}
