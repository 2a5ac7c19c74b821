//! Reading, updating and deleting (RFC 7592), from request to table to answer.

use serde_json::{Value, json};
use shared::policy::{Policy, Preset, Rotation, Unused};

use crate::support::{NOW, World, as_update, assert_invalid_token, assert_refused, web_client};

#[tokio::test]
async fn b3_c17_reading_is_idempotent_and_equals_the_registration() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    for _ in 0..2 {
        let read = world.send_bare("GET", &path, Some(&token)).await;
        assert_eq!((read.status, &read.body), (200, &registered.body));
        assert_eq!(read.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn b2_d7_the_token_comes_in_the_authorization_header_only() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    for authorization in [format!("bearer {token}"), format!("Bearer   {token} ")] {
        let reply = world.send("GET", &path, &[("authorization", &authorization)], "").await;
        assert_eq!(reply.status, 200, "the scheme has no case");
    }
    let query = world.send_bare("GET", &format!("{path}?access_token={token}"), None).await;
    assert_eq!((query.status, query.header("www-authenticate")), (401, "Bearer"));
    for authorization in [format!("Basic {token}"), token.clone(), "Bearer".to_owned(), "Bearer ".to_owned()] {
        let reply = world.send("GET", &path, &[("authorization", &authorization)], "").await;
        assert_eq!((reply.status, reply.text("error")), (401, "invalid_token"));
    }
}

#[tokio::test]
async fn b4_b5_c18_wrong_token_unknown_client_and_deleted_client_are_the_same_401() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    let (gone, gone_token, _) = world.client(&web_client()).await;
    assert_eq!(world.send_bare("DELETE", &gone, Some(&gone_token)).await.status, 204);
    world.service(2, Preset::Open.policy()).await;
    let elsewhere = path.replacen("/1/", "/2/", 1);
    let unknown = "/1/register/6dcf6d3c-9f1e-4a0e-8d43-0b0a3c7b2c11".to_owned();
    let (_, other_token, _) = world.client(&web_client()).await;
    let wrong = format!("rat_{}", "x".repeat(43));
    let mut bodies = Vec::new();
    for (path, token) in
        [(&path, &wrong), (&path, &other_token), (&gone, &gone_token), (&elsewhere, &token), (&unknown, &token)]
    {
        for method in ["GET", "DELETE"] {
            let reply = world.send_bare(method, path, Some(token)).await;
            assert_invalid_token(&reply);
            bodies.push(reply.body);
        }
        let put = world.send_json("PUT", path, Some(token), &web_client()).await;
        assert_invalid_token(&put);
        bodies.push(put.body);
    }
    bodies.dedup();
    assert_eq!(bodies.len(), 1, "nothing tells them apart");
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200, "the real token still works");
}

#[tokio::test]
async fn path_identifiers_are_compared_whole_and_never_repaired() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    for other in
        [format!("{path}%3Fx"), format!("{path}%20"), format!("{path}%23"), path.to_uppercase(), format!("{path}%00")]
    {
        let status = world.send_bare("GET", &other, Some(&token)).await.status;
        // A decoded question mark ends the path, as it does at the gateway: what is left is the client's own.
        let expected = if other.ends_with("%3Fx") {
            200
        } else if other.starts_with("/1/REGISTER") {
            404
        } else {
            401
        };
        assert_eq!(status, expected, "{other}");
    }
    for service in ["0", "01", "-1", "x", "9007199254740993", "99999999999999999999", "1%20"] {
        let reply = world.send_json("POST", &format!("/{service}/register"), None, &web_client()).await;
        assert_eq!((reply.status, reply.text("error")), (404, "not_found"), "{service}");
    }
}

#[tokio::test]
async fn b7_an_update_replaces_everything() {
    let world = World::open().await;
    let (path, token, registered) = world
        .client(&json!({"client_name": "Old", "client_uri": "https://rp.example", "contacts": ["a@rp.example"],
                        "redirect_uris": ["https://rp.example/cb"]}))
        .await;
    let mut update = as_update(&registered.body);
    update["client_name"] = json!("New");
    update["client_uri"] = Value::Null;
    update.as_object_mut().unwrap().remove("contacts");
    let updated = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    assert_eq!(updated.body["client_name"], "New");
    assert_eq!((updated.body.get("client_uri"), updated.body.get("contacts")), (None, None));
    assert_eq!(updated.body["client_secret"], registered.body["client_secret"]);
    assert_eq!(updated.body["client_id_issued_at"], registered.body["client_id_issued_at"]);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.body, updated.body);
}

#[tokio::test]
async fn b8_an_update_must_not_carry_what_the_server_sets() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    for member in
        ["registration_access_token", "registration_client_uri", "client_secret_expires_at", "client_id_issued_at"]
    {
        let mut update = as_update(&registered.body);
        update[member] = registered.body[member].clone();
        let reply = world.send_json("PUT", &path, Some(&token), &update).await;
        assert_refused(&reply, "invalid_client_metadata", member);
    }
}

#[tokio::test]
async fn b9_b10_an_update_shows_the_clients_own_identifier_and_secret() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    let with = |member: &str, value: Value| {
        let mut update = as_update(&registered.body);
        update[member] = value;
        update
    };
    for (update, member) in [
        (with("client_id", Value::Null), "client_id"),
        (with("client_id", json!("another")), "client_id"),
        (with("client_id", json!(5)), "client_id"),
        (with("client_secret", json!("guess")), "client_secret"),
    ] {
        let reply = world.send_json("PUT", &path, Some(&token), &update).await;
        assert_refused(&reply, "invalid_client_metadata", member);
    }
    let silent = world.send_json("PUT", &path, Some(&token), &with("client_secret", Value::Null)).await;
    assert_eq!(silent.body["client_secret"], registered.body["client_secret"]);
    let public = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"});
    let (path, token, registered) = world.client(&public).await;
    let mut update = as_update(&registered.body);
    update["client_secret"] = json!("mine");
    let reply = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_refused(&reply, "invalid_client_metadata", "client_secret");
}

#[tokio::test]
async fn b11_an_update_with_invalid_values_changes_nothing() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    for (member, value, code) in [
        ("redirect_uris", json!(["https://rp.example/#x"]), "invalid_redirect_uri"),
        ("logo_uri", json!("javascript:x"), "invalid_client_metadata"),
        ("jwks", json!({"keys": [{"kty": "oct"}]}), "invalid_client_metadata"),
    ] {
        let mut update = as_update(&registered.body);
        update[member] = value;
        assert_refused(&world.send_json("PUT", &path, Some(&token), &update).await, code, member);
    }
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.body, registered.body);
}

#[tokio::test]
async fn b12_b18_a_registration_access_token_rotates_where_the_policy_says_so() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    let update = as_update(&registered.body);
    let kept = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(kept.text("registration_access_token"), token, "off");
    let mut policy = Preset::Open.policy();
    policy.token_rotation = Rotation::OnUpdate;
    world.set_policy(1, policy).await;
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.text("registration_access_token"), token);
    let rotated = world.send_json("PUT", &path, Some(&token), &update).await;
    let new = rotated.text("registration_access_token");
    assert_ne!(new, token);
    assert_invalid_token(&world.send_bare("GET", &path, Some(&token)).await);
    assert_eq!(world.send_bare("GET", &path, Some(new)).await.status, 200);
}

#[tokio::test]
async fn b13_b16_a_deleted_client_is_gone_and_its_token_with_it() {
    let world = World::open().await;
    let (path, token, registered) = world.client(&web_client()).await;
    let deleted = world.send_bare("DELETE", &path, Some(&token)).await;
    assert_eq!((deleted.status, deleted.body), (204, Value::Null));
    for method in ["GET", "DELETE"] {
        assert_invalid_token(&world.send_bare(method, &path, Some(&token)).await);
    }
    assert_invalid_token(&world.send_json("PUT", &path, Some(&token), &as_update(&registered.body)).await);
    assert!(world.app.store.clients(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn b15_other_methods_are_405() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    for method in ["POST", "PATCH", "HEAD", "TRACE"] {
        let reply = world.send_bare(method, &path, Some(&token)).await;
        assert_eq!((reply.status, reply.header("allow")), (405, "GET, PUT, DELETE, OPTIONS"), "{method}");
    }
}

#[tokio::test]
async fn b17_a_registration_access_token_lives_as_long_as_its_client() {
    let world = World::empty().await;
    world.service(1, Policy { unused: Unused::default(), ..Preset::Open.policy() }).await;
    let (path, token, _) = world.client(&web_client()).await;
    world.clock.advance(20 * 365 * 24 * 60 * 60);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200);
}

#[tokio::test]
async fn a_client_with_an_end_of_life_is_absent_from_that_second() {
    let world = World::empty().await;
    let mut policy = Preset::Open.policy();
    policy.client_lifetime = Some(3600);
    policy.secret_lifetime = Some(7200);
    world.service(1, policy).await;
    let (path, token, reply) = world.client(&web_client()).await;
    assert_eq!(reply.body["client_secret_expires_at"], NOW + 3600, "never later than the end of life");
    world.clock.advance(3599);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200);
    world.clock.advance(1);
    for method in ["GET", "DELETE"] {
        assert_invalid_token(&world.send_bare(method, &path, Some(&token)).await);
    }
    assert!(world.app.store.clients(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn an_expired_secret_is_renewed_by_an_update() {
    let world = World::empty().await;
    let mut policy = Preset::Open.policy();
    policy.secret_lifetime = Some(60);
    world.service(1, policy).await;
    let (path, token, registered) = world.client(&web_client()).await;
    world.clock.advance(59);
    let update = as_update(&registered.body);
    let kept = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(kept.body["client_secret"], registered.body["client_secret"]);
    assert_eq!(kept.body["client_secret_expires_at"], NOW + 60);
    world.clock.advance(1);
    let renewed = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_ne!(renewed.body["client_secret"], registered.body["client_secret"]);
    assert_eq!(renewed.body["client_secret_expires_at"], NOW + 120);
}

#[tokio::test]
pub(crate) async fn b6_a_locked_client_is_403_until_an_operator_unlocks_it() {
    let world = World::empty().await;
    crate::fixture::install(world.app).await.unwrap();
    let path = "/101/register/00000000-0000-4000-8000-000000000004";
    let token = format!("rat_{}4", "A".repeat(42));
    for reply in [
        world.send_bare("GET", path, Some(&token)).await,
        world.send_json("PUT", path, Some(&token), &web_client()).await,
        world.send_bare("DELETE", path, Some(&token)).await,
    ] {
        assert_eq!((reply.status, reply.text("error")), (403, "access_denied"));
    }
    let wrong = world.send_bare("GET", path, Some(&format!("rat_{}", "x".repeat(43)))).await;
    assert_invalid_token(&wrong);
}
