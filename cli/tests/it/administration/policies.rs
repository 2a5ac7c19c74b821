//! `registrar policy`.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::program::{Folder, registrar};

/// Runs `policy check` on those files, without a table.
fn check(data: &Folder, policy: &Value, registration: Option<&Value>) -> (bool, Value, String) {
    std::fs::create_dir_all(&data.0).unwrap();
    let file = |name: &str, value: &Value| -> PathBuf {
        let path = data.0.join(name);
        std::fs::write(&path, value.to_string()).unwrap();
        path
    };
    let mut command = registrar();
    command.args(["policy", "check", "--json"]).arg(file("policy.json", policy));
    command.args(registration.map(|registration| file("registration.json", registration)));
    let output = command.output().unwrap();
    let printed = serde_json::from_slice(&output.stdout).unwrap_or_default();
    let said = String::from_utf8(output.stderr).unwrap();
    let fault: Value = serde_json::from_str(&said).unwrap_or_default();
    let said = fault["error_description"].as_str().map_or(said, str::to_owned);
    (output.status.success(), printed, said)
}

#[test]
fn a_policy_is_checked_before_any_service_has_it() {
    let data = Folder::new("policy-check");
    assert_eq!(check(&data, &json!({"scopes": {"offered": "a b"}}), None).2, "");
    for (policy, part) in [
        (json!({"doors": ["oath"]}), "there is no door \"oath\"; there are oauth, authlete"),
        (json!({"custom_members": ["client_id"]}), "client_id"),
        (json!({"grant_types": {"offered": []}}), "grant_types.offered is empty"),
        (json!({"custom_members": [""]}), "custom_members: \"\" is no name"),
        (json!({"registratoin": "open"}), "no member registratoin"),
        (json!({"policy": {}, "authorization_server": {"scopes_supported": "a"}}), "scopes_supported must be an array"),
        (json!({"policy": {}, "authorization_server": 1}), "authorization_server must be an object"),
    ] {
        let (valid, _, fault) = check(&data, &policy, None);
        assert!(!valid && fault.contains(part), "{policy}: {fault}");
    }
}

#[test]
fn what_a_registration_would_become_is_told_rule_by_rule() {
    let data = Folder::new("policy-rehearsal");
    let policy = json!({
        "policy": {"grant_types": {"unoffered": "drop"}, "scopes": {"offered": "read write", "default": "read"}},
        "authorization_server": {"subject_types_supported": ["public"]},
    });
    let uris = json!(["https://rp.example/cb"]);
    let sent = json!({"redirect_uris": uris, "grant_types": ["authorization_code", "implicit"], "made_up": true});
    let (accepted, answer, warning) = check(&data, &policy, Some(&sent));
    assert!(accepted && warning.is_empty(), "{warning}");
    let changes = answer["changes"].as_array().unwrap();
    let change = |member: &str| changes.iter().find(|change| change["member"] == member).unwrap();
    assert_eq!(
        *change("grant_types"),
        json!({"rule": "grant_types and response_types", "member": "grant_types", "what": "replaced",
            "from": ["authorization_code", "implicit"], "to": ["authorization_code"]})
    );
    assert_eq!(
        *change("made_up"),
        json!({"rule": "custom_members", "member": "made_up", "what": "dropped", "from": true})
    );
    assert_eq!(*change("scope"), json!({"rule": "scopes", "member": "scope", "what": "added", "to": "read"}));
    assert_eq!(answer["registered"]["scope"], "read");
    assert_eq!((&answer["registered"]["grant_types"], answer.get("refused")), (&json!(["authorization_code"]), None));

    let files = ["policy.json", "registration.json"].map(|name| data.0.join(name));
    let people = registrar().args(["policy", "check"]).args(&files).output().unwrap();
    let people = String::from_utf8(people.stdout).unwrap();
    let required = "\n\nWhat would be registered, with a good initial access token:\napplication_type ";
    assert!(people.contains(required), "{people}");
    let at_federation = registrar().args(["policy", "check", "--door", "federation"]).args(&files).output().unwrap();
    let told = String::from_utf8(at_federation.stderr).unwrap();
    assert!(told.contains("this service does not open the door federation"), "{told}");
    let open = json!({"policy": {"registration": "open"}});
    assert_eq!(check(&data, &open, Some(&json!({"redirect_uris": uris}))).1["requires"], json!([]));
    let flagging = json!({"policy": {"redirect_uris": {"pages_share_host": "flag", "private_hosts": "flag"}}});
    let borrowed = json!({"redirect_uris": ["https://10.0.0.1/cb"], "logo_uri": "https://bank.example/"});
    let (_, answer, _) = check(&data, &flagging, Some(&borrowed));
    assert_eq!(answer["flags"], json!(["foreign_pages", "private_redirect"]));
    let people = registrar().args(["policy", "check"]).args(&files).output().unwrap();
    let people = String::from_utf8(people.stdout).unwrap();
    let flagged = "with a good initial access token, flagged as foreign_pages, private_redirect:\n";
    assert!(people.contains(flagged), "{people}");
    let closed = json!({"policy": {"dynamic_registration": false}});
    let (accepted, answer, fault) = check(&data, &closed, Some(&sent));
    assert!(!accepted && fault.contains("refused by dynamic_registration"), "{fault}");
    assert_eq!(answer["refused"]["error"], "access_denied");

    let sent = json!({"redirect_uris": uris, "subject_type": "pairwise", "software_statement": "x.y.z"});
    let (accepted, answer, fault) = check(&data, &policy, Some(&sent));
    assert!(!accepted && fault.contains("refused by unannounced: subject_type"), "{fault}");
    assert!(fault.contains("software statements are left out"), "{fault}");
    assert_eq!(answer["refused"]["rule"], "unannounced");
    assert_eq!(answer["refused"]["error"], "invalid_client_metadata");
    assert_eq!(answer.get("registered"), None);
}
