//! What a program makes of items that a later one has written, as `docs/upgrading.md` says.

use aws_sdk_dynamodb::types::AttributeValue;
use registrar::embedded::{self, TABLE};
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::Preset;
use shared::store::{Item, schema};

use crate::support::{World, access_key, as_update, web_client};

/// An item of the table, and its place.
async fn item(world: &World, key: Item) -> Item {
    let request = embedded::client(&world.url(), &access_key()).get_item().table_name(TABLE);
    request.set_key(Some(key)).send().await.unwrap().item.unwrap()
}

async fn put(world: &World, item: Item) {
    let request = embedded::client(&world.url(), &access_key()).put_item().table_name(TABLE);
    request.set_item(Some(item)).send().await.unwrap();
}

/// Adds to the JSON of an attribute.
fn add(item: &mut Item, attribute: &str, pointer: &str, member: &str, value: Value) {
    let mut parsed: Value = serde_json::from_str(item[attribute].as_s().unwrap()).unwrap();
    parsed.pointer_mut(pointer).unwrap()[member] = value;
    item.insert(attribute.to_owned(), AttributeValue::S(parsed.to_string()));
}

#[tokio::test]
async fn what_a_later_version_adds_to_a_client_is_passed_over_and_lost_with_its_next_change() {
    let world = World::open().await;
    let (path, token, answer) = world.client(&web_client()).await;
    let service = world.app.service(1).await.unwrap();
    let key = schema::client_key(1, service.numeric_id(answer.text("client_id"))).into_attributes();
    let mut later = item(&world, key.clone()).await;
    later.insert("later".to_owned(), AttributeValue::N("1".to_owned()));
    add(&mut later, "client", "", "later", json!({"any": "thing"}));
    put(&world, later).await;

    let read = world.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((read.status, &read.body["redirect_uris"]), (200, &answer.body["redirect_uris"]));
    assert!(item(&world, key.clone()).await.contains_key("later"), "reading writes nothing");
    let mut update = as_update(&read.body);
    update["client_name"] = json!("Another");
    let updated = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    let left = item(&world, key).await;
    assert!(!left.contains_key("later") && !left["client"].as_s().unwrap().contains("later"), "{left:?}");
}

#[tokio::test]
async fn an_earlier_client_that_an_operator_has_made_is_one_and_is_found_as_one_by_its_next_change() {
    let world = World::open().await;
    let operator = world.service_token(1, &Permission::ALL).await;
    let service = world.app.service(1).await.unwrap();
    let (mut ids, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        world.clock.advance(1);
        let (path, token, answer) = world.client(&web_client()).await;
        let id = answer.text("client_id").to_owned();
        let key = schema::client_key(1, service.numeric_id(&id)).into_attributes();
        let mut earlier = item(&world, key).await;
        add(&mut earlier, "client", "", "made_by_operator", json!(true));
        earlier.remove("unused_until");
        earlier.remove("expires_at");
        put(&world, earlier).await;
        ids.push(id);
        ends.push((path, token));
    }
    world.catch_up().await;
    let of = |id: &str| format!("/operator/1/clients/{id}");
    let found = async |source: &str| {
        world.catch_up().await;
        let path = format!("/operator/1/clients?source={source}");
        let page = world.send_bare("GET", &path, Some(&operator)).await;
        page.body["clients"].as_array().unwrap().iter().map(|client| client["client_id"].clone()).collect::<Vec<_>>()
    };
    let read = world.send_bare("GET", &of(&ids[0]), Some(&operator)).await;
    assert_eq!((read.text("source"), read.body.get("expires_at")), ("operator", None));
    let bulk = json!({"action": "delete", "unused": 0, "clients": [{"client_id": ids[0]}]});
    let kept = world.send_json("POST", "/operator/1/bulk", Some(&operator), &bulk).await;
    assert_eq!(kept.body["results"][0]["outcome"], "refused", "{kept:?}");
    assert_eq!((found("oauth").await, found("operator").await), (Vec::new(), Vec::new()));
    assert_eq!(world.send_bare("POST", &format!("{}/lock", of(&ids[0])), Some(&operator)).await.status, 200);
    assert_eq!((found("oauth").await, found("operator").await), (Vec::new(), vec![json!(ids[0])]));
    let clients = world.app.store.clients(1).await.unwrap();
    assert_eq!(world.app.store.reindex(&clients).await.unwrap(), 2);
    assert_eq!(found("operator").await, [json!(ids[1]), json!(ids[0])]);
    let places = world.keys("Q").await;
    assert!(places.iter().all(|(place, _)| !place.contains("#source#oauth")), "{places:?}");
    let (path, token) = &ends[1];
    assert_eq!(world.send_bare("DELETE", path, Some(token)).await.status, 204, "its registrant may end it");
    assert_eq!(found("operator").await, [json!(ids[0])]);
}

#[tokio::test]
async fn a_member_that_a_later_version_adds_to_a_policy_is_passed_over_and_a_choice_that_it_adds_is_a_fault() {
    let world = World::open().await;
    let mut later = item(&world, schema::service_key(1).into_attributes()).await;
    add(&mut later, "service", "/policy", "later", json!(true));
    put(&world, later.clone()).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
    add(&mut later, "service", "/policy", "approval", json!("later"));
    put(&world, later).await;
    let reply = world.register(1, None, &web_client()).await;
    assert_eq!((reply.status, reply.text("error")), (500, "server_error"));

    // Before going back, what an earlier version does not know is taken out of the policy.
    let mut earlier = item(&world, schema::service_key(1).into_attributes()).await;
    let policy = serde_json::to_value(Preset::Open.policy()).unwrap();
    add(&mut earlier, "service", "", "policy", policy);
    put(&world, earlier).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
}
