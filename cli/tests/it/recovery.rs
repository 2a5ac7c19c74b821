//! Backup, restore and another region that takes over, as `docs/operations.md` has them, with the embedded table.

use std::time::{Duration, Instant};

use aws_sdk_dynamodb::Client;
use registrar::embedded::{self, TABLE};
use serde_json::{Value, json};
use shared::administration::{Rewrapped, rewrap};
use shared::caller::Permission;
use shared::credentials::KeyEncryption;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Preset};
use shared::store::schema;

use crate::program::{Folder, Served};
use crate::support::{World, access_key, as_update, assert_invalid_token, web_client};

/// The name of a table that was restored.
const RESTORED: &str = "registrar-restored";

/// The key of the tests' registrars, and one of another region.
const KEYS: [[u8; 32]; 2] = [[7; 32], [8; 32]];

fn client(url: &str) -> Client {
    embedded::client(url, &access_key())
}

/// What a backup has and a restore brings, and what a replica has: the items as they are.
async fn copy(from: (&Client, &str), to: (&Client, &str)) -> usize {
    let mut items = from.0.scan().table_name(from.1).into_paginator().items().send();
    let mut copied = 0;
    while let Some(item) = items.next().await {
        to.0.put_item().table_name(to.1).set_item(Some(item.unwrap())).send().await.unwrap();
        copied += 1;
    }
    copied
}

#[tokio::test]
async fn a_table_that_is_restored_under_another_name_has_clients_and_tokens_as_they_were() {
    let world = World::open().await;
    world.service(2, Preset::Protected.policy()).await;
    let (path, token, registered) = world.client(&web_client()).await;
    let service = world.service_token(1, &[Permission::UseService]).await;
    let initial = world.initial_access_token(2, Some(2), None, BoundPolicy::default()).await;
    let table = client(&world.url());
    schema::create_table(&table, RESTORED).await.unwrap();
    assert!(copy((&table, TABLE), (&table, RESTORED)).await > 3);

    let (late, late_token, _) = world.client(&web_client()).await;
    assert_eq!(world.register(2, Some(&initial), &web_client()).await.status, 201);
    let lost = as_update(&world.send_bare("GET", &path, Some(&token)).await.body);
    let mut lost = lost.as_object().unwrap().clone();
    lost.insert("client_name".to_owned(), json!("Changed since"));
    assert_eq!(world.send_json("PUT", &path, Some(&token), &lost.into()).await.status, 200);

    let restored = World::of(&world.url(), RESTORED, KEYS[0], 2);
    let read = restored.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((read.status, &read.body["client_secret"]), (200, &registered.body["client_secret"]));
    assert_eq!(read.text("client_name"), "Test");
    assert_invalid_token(&restored.send_bare("GET", &late, Some(&late_token)).await);
    let asked = format!("/1/client?client_id={}", registered.text("client_id"));
    assert_eq!(restored.send_bare("GET", &asked, Some(&service)).await.status, 200);
    for expected in [201, 201, 401] {
        assert_eq!(restored.register(2, Some(&initial), &web_client()).await.status, expected, "as often as then");
    }
}

#[tokio::test]
async fn a_service_that_is_gone_comes_back_with_its_item() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    let table = client(&world.url());
    schema::create_table(&table, RESTORED).await.unwrap();
    copy((&table, TABLE), (&table, RESTORED)).await;
    let key = || Some(schema::service_key(1).into_attributes());
    table.delete_item().table_name(TABLE).set_key(key()).send().await.unwrap();
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);

    let item = table.get_item().table_name(RESTORED).set_key(key()).send().await.unwrap().item;
    table.put_item().table_name(TABLE).set_item(item).send().await.unwrap();
    let read = world.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((read.status, &read.body["client_secret"]), (200, &registered.body["client_secret"]));
}

#[tokio::test]
async fn another_region_takes_over_with_a_key_of_its_own_and_gives_back() {
    let (here, there) = (World::open().await, World::empty().await);
    let (path, token, registered) = here.client(&web_client()).await;
    let (tables, names) = ([client(&here.url()), client(&there.url())], [TABLE; 2]);
    copy((&tables[0], names[0]), (&tables[1], names[1])).await;
    let [old, new] = KEYS.map(|key| KeyEncryption::file(&key).unwrap());

    let region = || World::of(&there.url(), TABLE, KEYS[1], 3);
    assert_eq!(region().send_bare("GET", &path, Some(&token)).await.status, 500, "its key has wrapped nothing");
    assert_eq!(rewrap(&there.app.store, Some(&old), &new, 1, &Origin::default()).await.unwrap(), Rewrapped::Written);
    let region = region();
    let read = region.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((read.status, &read.body["client_secret"]), (200, &registered.body["client_secret"]));
    let (late, late_token, meanwhile) = region.client(&web_client()).await;
    assert_eq!(region.send_bare("DELETE", &path, Some(&token)).await.status, 204);

    copy((&tables[1], names[1]), (&tables[0], names[0])).await;
    let twin = here.twin();
    assert_eq!(twin.send_bare("GET", &late, Some(&late_token)).await.status, 500);
    assert_eq!(rewrap(&here.app.store, Some(&new), &old, 1, &Origin::default()).await.unwrap(), Rewrapped::Written);
    let back = here.twin();
    let read = back.send_bare("GET", &late, Some(&late_token)).await;
    assert_eq!((read.status, &read.body["client_secret"]), (200, &meanwhile.body["client_secret"]));
    assert_invalid_token(&back.send_bare("GET", &path, Some(&token)).await);
}

/// The stream goes on where it was, so that what comes after is counted and listed beside what was there.
#[test]
fn a_copy_of_the_data_folder_is_a_backup() {
    let (data, backup) = (Folder::new("kept"), Folder::new("kept-copy"));
    let served = Served::start(&data, &[]);
    let before = counted(&served, |_| true);
    let client = registered(&served);
    counted(&served, |clients| clients == before + 1);
    let uri = client["registration_client_uri"].as_str().unwrap();
    let path = uri.strip_prefix(served.text("base_url")).unwrap().to_owned();
    served.stop();

    let copied = std::process::Command::new("cp").arg("-a").args([&data.0, &backup.0]).status().unwrap();
    assert!(copied.success());
    std::fs::remove_dir_all(&data.0).unwrap();
    let served = Served::start(&backup, &[]);
    let url = format!("{}{path}", served.text("base_url"));
    let (status, read) = served.send("GET", &url, client["registration_access_token"].as_str(), "");
    assert_eq!((status, &read["client_secret"]), (200, &client["client_secret"]));
    let late = registered(&served);
    counted(&served, |clients| clients == before + 2);
    let listed = operated(&served, "clients?limit=2");
    let listed: Vec<&Value> = listed["clients"].as_array().unwrap().iter().map(|client| &client["client_id"]).collect();
    assert_eq!(listed, [&late["client_id"], &client["client_id"]]);
    served.stop();
}

/// A client that has registered itself.
fn registered(served: &Served) -> Value {
    let url = format!("{}/1/register", served.text("base_url"));
    let (status, client) = served.send("POST", &url, None, &web_client().to_string());
    assert_eq!(status, 201, "{client}");
    client
}

fn operated(served: &Served, what: &str) -> Value {
    let url = format!("{}/operator/1/{what}", served.text("base_url"));
    let (status, answer) = served.send("GET", &url, Some(served.text("organization_token")), "");
    assert_eq!(status, 200, "{answer}");
    answer
}

/// How many clients service 1 has, as soon as it is as it should be.
fn counted(served: &Served, is_it: impl Fn(u64) -> bool) -> u64 {
    let ends = Instant::now() + Duration::from_secs(30);
    loop {
        let clients = operated(served, "counts")["clients"].as_u64().unwrap();
        if is_it(clients) {
            return clients;
        }
        assert!(Instant::now() < ends, "it stays at {clients}");
        std::thread::sleep(Duration::from_millis(50));
    }
}
