//! RFC 7591 and RFC 7592, from request to table to answer.

use serde_json::{Value, json};

use crate::support::{World, as_update, web_client};

#[tokio::test]
async fn a18_a19_a21_a22_a23_a_registration_answers_201_with_all_that_was_registered() {
    let world = World::open().await;
    let reply = world.register(1, None, &web_client()).await;
    assert_eq!(reply.status, 201);
    assert_eq!(reply.header("content-type"), "application/json");
    assert_eq!(reply.header("cache-control"), "no-store");
    assert_eq!(reply.header("pragma"), "no-cache");
    assert_eq!(reply.text("client_id").len(), 36);
    assert!(reply.text("client_secret").len() >= 43);
    assert_eq!(reply.body["client_secret_expires_at"], 0);
    assert_eq!(reply.body["client_id_issued_at"], crate::support::NOW);
    assert_eq!(reply.body["client_name"], "Test");
    assert_eq!(reply.body["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(reply.body["grant_types"], json!(["authorization_code"]));
    let empty = |value: &Value| value.is_null() || value == "";
    assert!(reply.body.as_object().unwrap().values().all(|value| !empty(value)), "{reply:?}");
}

#[tokio::test]
async fn b3_c17_reading_is_idempotent_and_equals_the_registration() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    for _ in 0..2 {
        let read = world.send_bare("GET", &path, Some(&token)).await;
        assert_eq!((read.status, &read.body), (200, &registered.body));
    }
}

#[tokio::test]
async fn b7_an_update_replaces_everything() {
    let world = World::open().await;
    let (path, token, registered) = world
        .client(&json!({
            "client_name": "Old", "client_uri": "https://rp.example", "redirect_uris": ["https://rp.example/cb"],
        }))
        .await;
    let mut update = as_update(&registered.body);
    update["client_name"] = json!("New");
    update["client_uri"] = Value::Null;
    let updated = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    assert_eq!(updated.body["client_name"], "New");
    assert_eq!(updated.body.get("client_uri"), None);
    assert_eq!(updated.body["client_secret"], registered.body["client_secret"]);
    assert_eq!(updated.body["client_id_issued_at"], registered.body["client_id_issued_at"]);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.body, updated.body);
}

#[tokio::test]
async fn b13_b16_a_deleted_client_is_gone_and_its_token_with_it() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    let deleted = world.send_bare("DELETE", &path, Some(&token)).await;
    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    for method in ["GET", "DELETE"] {
        let gone = world.send_bare(method, &path, Some(&token)).await;
        assert_eq!((gone.status, gone.text("error")), (401, "invalid_token"));
    }
    assert!(world.app.store.clients(1).await.unwrap().is_empty());
}
