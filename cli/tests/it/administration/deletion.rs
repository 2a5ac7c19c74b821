//! What is deleted, who is asked, and what comes back.

use std::fs::File;
use std::io::Write;
use std::process::{Output, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use serde_json::json;

use crate::program::{Administration, Folder, Served};

/// Runs a command at a terminal at which somebody types that line.
pub(super) fn at_a_terminal(admin: &Administration, arguments: &[&str], line: &str) -> Output {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&terminal).unwrap();
    unlockpt(&terminal).unwrap();
    let name = ptsname(&terminal, Vec::new()).unwrap().into_string().unwrap();
    let keyboard = File::options().read(true).write(true).open(name).unwrap();
    let mut command = admin.command(arguments);
    command.stdin(keyboard).stdout(Stdio::piped()).stderr(Stdio::piped());
    let process = command.spawn().unwrap();
    writeln!(File::from(terminal.try_clone().unwrap()), "{line}").unwrap();
    let output = process.wait_with_output().unwrap();
    drop(terminal);
    output
}

#[test]
fn who_deletes_types_the_name_or_says_yes() {
    let data = Folder::new("deletion");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    admin.json(&["service", "update", &id, "--name", "Bank of Examples"]);
    let endpoint = format!("{}/{id}/register", served.text("base_url"));
    let metadata = json!({"client_name": "My app", "redirect_uris": ["https://rp.example/cb"]}).to_string();
    let (_, client) = served.send("POST", &endpoint, None, &metadata);
    let (client_id, uri) = (client["client_id"].as_str().unwrap(), client["registration_client_uri"].as_str().unwrap());
    let token = client["registration_access_token"].as_str();
    let nameless = served.send("POST", &endpoint, None, r#"{"redirect_uris": ["https://rp.example/cb"]}"#).1;
    let nameless = nameless["client_id"].as_str().unwrap();

    let delete_client = ["client", "delete", "--service", &id, client_id];
    let delete_service = ["service", "delete", &id];
    for delete in [&delete_client[..], &delete_service] {
        let refusal = admin.refusal(delete);
        assert!(refusal.contains("--yes"), "{refusal}");
        for wrong in ["", "y", "yes", "no"] {
            let output = at_a_terminal(&admin, delete, wrong);
            let text = String::from_utf8(output.stderr).unwrap();
            assert!(!output.status.success() && text.contains("nothing is deleted"), "{wrong}: {text}");
        }
    }
    assert_eq!(served.send("GET", uri, token, "").0, 200);

    let deleted = at_a_terminal(&admin, &delete_client, "My app");
    let asked = String::from_utf8(deleted.stderr).unwrap();
    assert!(deleted.status.success() && asked.contains(client_id) && asked.contains("type My app:"), "{asked}");
    assert_eq!(served.send("GET", uri, token, "").0, 401);
    let delete = ["client", "delete", "--service", &id, nameless];
    assert!(at_a_terminal(&admin, &delete, nameless).status.success(), "what has no name is known by its identifier");

    let deleted = at_a_terminal(&admin, &delete_service, "Bank of Examples");
    let asked = String::from_utf8(deleted.stderr).unwrap();
    // How many there are the stream counts, in its own time.
    assert!(deleted.status.success() && asked.contains(", with "), "{asked}");
    assert!(asked.contains(". To go on, type Bank of Examples:"), "{asked}");
    assert!(String::from_utf8(deleted.stdout).unwrap().contains(&format!("registrar service restore {id}")));
    assert!(admin.refusal(&["service", "delete", &id, "--yes"]).contains(&format!("service {id} is deleted")));
    served.stop();
}

#[test]
fn a_deleted_service_comes_back_with_its_clients_and_tokens() {
    let data = Folder::new("restore");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let before = admin.json(&["service", "show", &id]);
    let endpoint = format!("{}/{id}/register", served.text("base_url"));
    let metadata = json!({"redirect_uris": ["https://rp.example/cb"]}).to_string();
    let client = served.send("POST", &endpoint, None, &metadata).1;
    admin.json(&["token", "create", "service", "--service", &id]);
    assert!(admin.refusal(&["service", "restore", &id]).contains("no deleted service"));

    admin.json(&["service", "delete", &id, "--yes"]);
    let way_back = format!("service {id} is deleted: `registrar service restore {id}` brings it back, until 20");
    for command in
        [&["service", "show", &id][..], &["service", "delete", &id, "--yes"], &["client", "list", "--service", &id]]
    {
        assert!(admin.refusal(command).contains(&way_back), "{command:?}");
    }
    let examined = String::from_utf8(admin.run(&["doctor", &id]).stdout).unwrap();
    assert!(examined.contains(&way_back), "{examined}");
    assert_eq!(admin.json(&["service", "restore", &id]), before);
    let shown = admin.json(&["client", "show", "--service", &id, client["client_id"].as_str().unwrap()]);
    assert_eq!(shown["client_id"], client["client_id"]);
    assert_eq!(admin.json(&["token", "list", "--service", &id]).as_array().unwrap().len(), 1);
    assert!(admin.json(&["service", "list"]).as_array().unwrap().iter().any(|service| service["id"] == before["id"]));

    admin.json(&["service", "delete", &id, "--yes"]);
    admin.json(&["service", "delete", &id, "--yes", "--for-good"]);
    assert!(admin.refusal(&["service", "restore", &id]).contains("no deleted service"));
    assert!(admin.refusal(&["service", "show", &id]).contains("there is no service"));
    served.stop();
}
