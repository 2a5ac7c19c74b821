//! `registrar service rewrap`.

use serde_json::json;

use crate::program::{Administration, Folder, Served};
use crate::support::{World, web_client};
use shared::administration::{Rewrapped, rewrap};
use shared::credentials::KeyEncryption;
use shared::origin::Origin;

#[test]
fn a_data_key_moves_to_another_key_file_and_opens_what_it_has_sealed() {
    let data = Folder::new("rewrap");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let [id, deleted] = [admin.open_service(), admin.open_service()];
    let register = |metadata: &str| {
        let (status, client) =
            served.send("POST", &format!("{}/{id}/register", served.text("base_url")), None, metadata);
        assert_eq!(status, 201, "{client}");
        client
    };
    let client = register(r#"{"redirect_uris": ["https://rp.example/cb"]}"#);
    let read = || {
        let uri = client["registration_client_uri"].as_str().unwrap();
        served.send("GET", uri, client["registration_access_token"].as_str(), "").1["client_secret"].clone()
    };
    let other = Administration { served: &served, key_file: data.0.join("other") };
    std::fs::write(&other.key_file, [5; 32]).unwrap();
    admin.json(&["service", "delete", &deleted, "--yes"]);
    let wrapped = |id: &str| served.items(&format!("S#{id}"), None)[0]["data_key"].clone();
    let (before, kept) = (wrapped(&id), wrapped(&deleted));
    let sealed = served.items(&format!("S#{id}"), None)[0]["secrets"].clone();

    assert_eq!(admin.json(&["service", "rewrap", &id]), json!([{"id": id.parse::<u64>().unwrap(), "rewrapped": true}]));
    assert_ne!(wrapped(&id), before, "by the same key");
    let refusal = other.refusal(&["service", "rewrap", &id]);
    assert!(refusal.contains("does not open the data key of service") && refusal.contains("--from-key"), "{refusal}");

    let old = admin.key_file.to_str().unwrap();
    let all = ["service", "rewrap", "--all", "--from-key-file", old];
    let rewrapped = other.json(&all);
    let rows = rewrapped.as_array().unwrap();
    assert!(rows.len() == 3 && rows.iter().all(|row| row["rewrapped"] == true), "{rewrapped}");
    assert_ne!(wrapped(&deleted), kept, "what can be restored has its key");
    assert!(
        other.json(&all).as_array().unwrap().iter().all(|row| row["rewrapped"] == false),
        "again is as good as once"
    );
    let item = &served.items(&format!("S#{id}"), None)[0];
    assert_eq!((&item["secrets"], &item["version"]["N"]), (&sealed, &json!("3")), "what is sealed stays as it is");
    assert_eq!(read(), client["client_secret"], "a server that knows the key goes on with it");
    let rotate = ["client", "rotate-secret", "--yes", "--service", &id, client["client_id"].as_str().unwrap()];
    assert!(admin.refusal(&rotate).contains("is not the key of the table"), "the old key opens nothing any more");
    assert_eq!(other.json(&rotate)["client_secret"], read());
    assert_eq!(other.json(&["service", "restore", &deleted])["id"].to_string(), deleted);
    other.json(&["service", "keys", "rotate", &deleted]);

    other.json(&["service", "delete", &deleted, "--for-good", "--yes"]);
    let refusal = other.refusal(&["service", "rewrap", &deleted]);
    assert!(refusal.contains("its data key is destroyed"), "{refusal}");
    assert!(other.refusal(&["service", "rewrap", "99"]).contains("there is no service 99"));
    for (line, part) in [
        (&["service", "rewrap"][..], "required"),
        (&["service", "rewrap", &id, "--all"], "cannot be used with"),
        (&["service", "rewrap", &id, "--from-key", "a", "--from-key-file", "b"], "cannot be used with"),
    ] {
        assert!(other.refusal(line).contains(part), "{line:?}");
    }
    let people = other.run(&["service", "rewrap", &id]);
    let people = String::from_utf8([people.stdout, people.stderr].concat()).unwrap();
    assert!(people.contains("is wrapped anew, by the key file"), "{people}");
    served.stop();
}

#[tokio::test]
async fn an_instance_keeps_the_key_that_it_has_opened() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    let [old, new] = [7, 8].map(|byte| KeyEncryption::file(&[byte; 32]).unwrap());
    let rewrapped = rewrap(&world.app.store, Some(&old), &new, 1, &Origin::default()).await.unwrap();
    assert_eq!(rewrapped, Rewrapped::Written);
    let read = world.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((read.status, &read.body["client_secret"]), (200, &registered.body["client_secret"]));
    let started = World::at(&world.url());
    assert_eq!(started.send_bare("GET", &path, Some(&token)).await.status, 500, "one that starts needs the new one");
}
