//! `registrar service keys`.

use serde_json::{Value, json};

use super::deletion::at_a_terminal;
use crate::program::{Administration, Folder, Served};

/// The members of that name, key after key.
fn all<'k>(keys: &'k Value, member: &str) -> Vec<&'k str> {
    keys.as_array().unwrap().iter().map(|key| key[member].as_str().unwrap()).collect()
}

#[test]
fn a_new_service_signs_from_the_start_and_its_keys_are_made_rotated_and_removed() {
    let data = Folder::new("keys");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let keys = |words: &[&str]| admin.json(&[&["service", "keys", words[0], &id], &words[1..]].concat());
    let announced = || {
        let url = format!("{}/{id}/.well-known/openid-configuration", served.text("base_url"));
        served.send("GET", &url, None, "").1["id_token_signing_alg_values_supported"].clone()
    };

    let first = keys(&["list"]);
    assert_eq!((all(&first, "alg"), all(&first, "use")), (vec!["RS256"], vec!["sig"]));
    assert!(all(&first, "since").iter().all(|since| since.ends_with('Z')), "{first}");
    assert_eq!(first[0].as_object().unwrap().len(), 4, "no private part, and no other: {first}");
    assert_eq!(announced(), json!(["RS256"]));
    let people = String::from_utf8(admin.run(&["service", "keys", "list", &id]).stdout).unwrap();
    assert!(people.starts_with("KID ") && people.contains(all(&first, "kid")[0]), "{people}");

    let made = keys(&["make", "--algorithm", "EdDSA"]);
    assert_eq!(all(&made, "alg"), ["RS256", "EdDSA"]);
    assert_eq!(announced(), json!(["RS256", "EdDSA"]));
    let rotated = keys(&["rotate", "--algorithm", "ES256"]);
    assert_eq!(all(&rotated, "alg"), ["ES256", "RS256", "EdDSA"]);
    assert_eq!(all(&rotated, "kid")[1..], all(&made, "kid"), "the old ones stay");
    let rotated = keys(&["rotate"]);
    assert_eq!(all(&rotated, "alg"), ["ES256", "RS256", "EdDSA", "ES256", "RS256", "EdDSA"]);
    assert_eq!(keys(&["list"]), rotated);

    let kid = all(&rotated, "kid")[5];
    let remove = ["service", "keys", "remove", &id, kid];
    let refusal = admin.refusal(&remove);
    assert!(refusal.contains("--yes") && refusal.contains("will not verify any more"), "{refusal}");
    let wrong = at_a_terminal(&admin, &remove, "yes");
    assert!(String::from_utf8(wrong.stderr).unwrap().contains("nothing is deleted"));
    assert_eq!(keys(&["list"]), rotated);
    let removed = at_a_terminal(&admin, &remove, kid);
    assert!(String::from_utf8(removed.stdout).unwrap().contains(&format!("Key {kid} is removed")));
    for kid in all(&rotated, "kid").into_iter().take(5) {
        keys(&["remove", kid, "--yes"]);
    }
    assert_eq!(keys(&["list"]), json!([]));
    let none = String::from_utf8(admin.run(&["service", "keys", "list", &id]).stdout).unwrap();
    assert!(none.contains(&format!("registrar service keys make {id}")), "{none}");
    for (words, part) in [(&remove[..], "has no key"), (&["service", "keys", "rotate", &id], "service keys make")] {
        let output = admin.run(words);
        assert!(output.status.code() == Some(3) && String::from_utf8(output.stderr).unwrap().contains(part), "{part}");
    }
    served.stop();
}

#[test]
fn a_key_that_a_setting_names_is_neither_removed_nor_followed_unseen() {
    let data = Folder::new("named-keys");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let listed = admin.json(&["service", "keys", "list", "1"]);
    let kid = all(&listed, "kid")[0];
    let (base_url, token) = (served.text("base_url"), Some(served.text("service_token")));
    let api = |operation: &str| format!("{base_url}/api/1/service/{operation}");
    let (_, mut service) = served.send("GET", &api("get"), token, "");
    service["idTokenSignatureKeyId"] = kid.into();
    assert_eq!(served.send("POST", &api("update"), token, &service.to_string()).0, 200);
    let refusal = admin.refusal(&["service", "keys", "remove", "1", kid, "--yes"]);
    assert!(refusal.contains("idTokenSignatureKeyId says that"), "{refusal}");
    let rotated = admin.run(&["service", "keys", "rotate", "1", "--algorithm", "ES256"]);
    let warning = String::from_utf8(rotated.stderr).unwrap();
    assert!(warning.contains(&format!("idTokenSignatureKeyId names the key {kid}")), "{warning}");
    let (_, set) = served.send("GET", &api("jwks/get"), token, "");
    assert_eq!(all(&set["keys"], "kid"), all(&admin.json(&["service", "keys", "list", "1"]), "kid"));
    served.stop();
}

#[test]
fn keys_are_in_no_file_stay_where_they_are_and_are_each_services_own() {
    let data = Folder::new("declared-signing-keys");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let list = |id: &str| admin.json(&["service", "keys", "list", id]);
    let before = list(&id);
    let exported = String::from_utf8(admin.run(&["service", "export", &id]).stdout).unwrap();
    assert!(!exported.contains(all(&before, "kid")[0]), "{exported}");
    let file = data.0.join("service.json");
    std::fs::write(&file, &exported).unwrap();
    assert_eq!(admin.json(&["service", "apply", file.to_str().unwrap()])["changes"], json!([]));
    admin.json(&["service", "update", &id, "--name", "Bank"]);
    assert_eq!(list(&id), before);

    let mut another: Value = serde_json::from_str(&exported).unwrap();
    another["id"] = json!(4242);
    std::fs::write(&file, another.to_string()).unwrap();
    admin.json(&["service", "apply", file.to_str().unwrap()]);
    let clone = admin.json(&["service", "clone", &id])["id"].to_string();
    for other in ["4242", &clone] {
        let keys = list(other);
        assert_eq!(all(&keys, "alg"), ["RS256"], "{other}");
        assert!(all(&keys, "kid").iter().all(|kid| !all(&before, "kid").contains(kid)), "{other}");
    }
    served.stop();
}
