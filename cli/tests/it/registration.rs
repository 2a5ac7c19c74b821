//! RFC 7591 and RFC 7592, from request to table to answer.

use serde_json::{Value, json};
use shared::client::ClientType;
use shared::http::{Endpoint, Request};
use shared::metadata::Scope;
use shared::policy::{BoundPolicy, Preset, Rotation};

use crate::support::{BASE_URL, NOW, Reply, World, as_update, web_client};

fn assert_refused(reply: &Reply, code: &str, part: &str) {
    assert_eq!((reply.status, reply.text("error")), (400, code), "{reply:?}");
    assert!(reply.text("error_description").contains(part), "{reply:?}");
}

fn assert_invalid_token(reply: &Reply) {
    assert_eq!((reply.status, reply.text("error")), (401, "invalid_token"), "{reply:?}");
    assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    assert_eq!(reply.body.get("client_id"), None);
}

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
    assert_eq!(reply.body["client_id_issued_at"], NOW);
    assert_eq!(reply.body["client_name"], "Test");
    assert_eq!(reply.body["token_endpoint_auth_method"], "client_secret_basic");
    assert_eq!(reply.body["grant_types"], json!(["authorization_code"]));
    let empty = |value: &Value| value.is_null() || value == "";
    assert!(reply.body.as_object().unwrap().values().all(|value| !empty(value)), "{reply:?}");
}

#[tokio::test]
async fn b1_c14_the_answer_says_where_and_with_what_the_client_is_managed() {
    let world = World::open().await;
    let reply = world.register(1, None, &web_client()).await;
    let expected = format!("{BASE_URL}/1/register/{}", reply.text("client_id"));
    assert_eq!(reply.text("registration_client_uri"), expected);
    assert!(reply.text("registration_access_token").starts_with("rat_"));
}

#[tokio::test]
async fn a2_only_a_post_of_application_json_registers() {
    let world = World::open().await;
    let body = web_client().to_string();
    for content_type in ["application/json", "Application/JSON; charset=utf-8"] {
        let reply = world.send("POST", "/1/register", &[("content-type", content_type)], body.clone()).await;
        assert_eq!(reply.status, 201);
    }
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""] {
        let reply = world.send("POST", "/1/register", &[("content-type", content_type)], body.clone()).await;
        assert_refused(&reply, "invalid_client_metadata", "Content-Type");
    }
    let reply = world.send_bare("GET", "/1/register", None).await;
    assert_eq!((reply.status, reply.header("allow")), (405, "POST, OPTIONS"));
}

#[tokio::test]
async fn a20_a29_d5_identifiers_and_secrets_are_random_and_never_the_clients_choice() {
    let world = World::open().await;
    let mut metadata = web_client();
    metadata["client_id"] = json!("admin");
    metadata["client_secret"] = json!("chosen");
    let first = world.register(1, None, &metadata).await;
    let second = world.register(1, None, &metadata).await;
    for member in ["client_id", "client_secret", "registration_access_token"] {
        assert_ne!(first.body[member], second.body[member]);
    }
    assert_ne!(first.text("client_id"), "admin");
    assert_ne!(first.text("client_secret"), "chosen");
}

#[tokio::test]
async fn a33_f8_a_secret_exists_exactly_when_it_is_needed_also_after_an_update() {
    let world = World::open().await;
    let public = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"});
    let (path, token, reply) = world.client(&public).await;
    assert_eq!((reply.body.get("client_secret"), reply.body.get("client_secret_expires_at")), (None, None));
    let mut update = as_update(&reply.body);
    update["token_endpoint_auth_method"] = json!("client_secret_post");
    let confidential = world.send_json("PUT", &path, Some(&token), &update).await;
    let secret = confidential.text("client_secret").to_owned();
    assert_eq!(confidential.body["client_secret_expires_at"], 0);
    update["token_endpoint_auth_method"] = json!("private_key_jwt");
    update["jwks_uri"] = json!("https://rp.example/jwks");
    let keyed = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!((keyed.status, keyed.body.get("client_secret")), (200, None), "no longer needed: dropped");
    update["id_token_signed_response_alg"] = json!("HS256");
    let symmetric = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_ne!(symmetric.text("client_secret"), secret, "needed again: another one");
}

#[tokio::test]
async fn secrets_are_stored_sealed_and_tokens_hashed() {
    let world = World::open().await;
    let reply = world.register(1, None, &web_client()).await;
    let client = world.app.store.clients(1).await.unwrap().remove(0);
    let sealed = client.secret.unwrap().sealed;
    let secret = reply.text("client_secret").as_bytes();
    assert!(!sealed.windows(secret.len()).any(|window| window == secret));
    let record = serde_json::to_string(&client.record).unwrap();
    assert!(!record.contains(reply.text("client_secret")));
    assert!(!record.contains(reply.text("registration_access_token")));
}

#[tokio::test]
async fn a25_c16_refusals_are_rfc_7591_json_and_name_the_member() {
    let world = World::open().await;
    for (metadata, code, part) in [
        (json!({"redirect_uris": ["https://a.example/#f"]}), "invalid_redirect_uri", "redirect_uris[0]"),
        (
            json!({"redirect_uris": ["https://a.example/", "http://a.example/"]}),
            "invalid_redirect_uri",
            "redirect_uris[1]",
        ),
        (json!({}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": "https://a.example/"}), "invalid_client_metadata", "redirect_uris"),
        (
            json!({"redirect_uris": ["https://a.example/"], "jwks": {"keys": [{"kty": "oct", "k": "AQ"}]}}),
            "invalid_client_metadata",
            "jwks",
        ),
        (
            json!({"redirect_uris": ["https://a.example/"], "token_endpoint_auth_method": "magic\u{7f}\"é"}),
            "invalid_client_metadata",
            "token_endpoint_auth_method",
        ),
        (json!([]), "invalid_client_metadata", "JSON object"),
    ] {
        let reply = world.register(1, None, &metadata).await;
        assert_refused(&reply, code, part);
        assert_eq!(reply.header("content-type"), "application/json");
        let printable = |character: char| matches!(character, ' '..='~') && !matches!(character, '"' | '\\');
        assert!(reply.text("error_description").chars().all(printable), "RFC 6749 section 5.2: {reply:?}");
    }
    assert!(world.app.store.clients(1).await.unwrap().is_empty(), "nothing half-registered");
}

#[tokio::test]
async fn hostile_bodies_are_refused_and_never_a_fault_of_the_server() {
    let world = World::open().await;
    let post =
        async |body: Vec<u8>| world.send("POST", "/1/register", &[("content-type", "application/json")], body).await;
    let nested = format!("{{\"redirect_uris\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    for body in [
        b"".to_vec(),
        b"{".to_vec(),
        b"null".to_vec(),
        b"\"text\"".to_vec(),
        b"{\"client_name\":\"\xc3\x28\"}".to_vec(),
        b"{\"scope\":\"a\",\"scope\":\"b\"}".to_vec(),
        nested.into_bytes(),
        vec![b' '; 70_000],
        format!("{{\"default_max_age\":{}}}", "9".repeat(400)).into_bytes(),
    ] {
        assert_refused(&post(body).await, "invalid_client_metadata", "");
    }
}

#[tokio::test]
async fn a14_f6_language_tags_are_echoed_and_absent_members_omitted() {
    let world = World::open().await;
    let mut metadata = web_client();
    metadata["client_name#fr-CA"] = json!("Essai");
    metadata["tos_uri#de"] = json!("https://rp.example/agb");
    metadata["logo_uri"] = Value::Null;
    metadata["scope"] = json!("");
    let (path, token, reply) = world.client(&metadata).await;
    let read = world.send_bare("GET", &path, Some(&token)).await;
    for answer in [&reply.body, &read.body] {
        assert_eq!(answer["client_name#fr-CA"], "Essai");
        assert_eq!(answer["tos_uri#de"], "https://rp.example/agb");
        assert_eq!((answer.get("logo_uri"), answer.get("scope")), (None, None));
    }
}

#[tokio::test]
async fn redirect_uris_are_kept_byte_for_byte() {
    let world = World::open().await;
    let uris = json!(["HTTPS://RP.example:443/a/../cb?x=%7e&y", "https://rp.example", "http://127.0.0.1:7777/%E9"]);
    let reply = world.register(1, None, &json!({"redirect_uris": uris})).await;
    assert_eq!(reply.body["redirect_uris"], uris);
}

#[tokio::test]
async fn a3_protected_registration_needs_an_initial_access_token() {
    let world = World::open().await;
    world.service(2, Preset::Protected.policy()).await;
    let unlimited = world.initial_access_token(2, None, None, BoundPolicy::default()).await;
    assert_eq!(world.register(2, Some(&unlimited), &web_client()).await.status, 201);
    assert_eq!(world.register(2, Some(&unlimited), &web_client()).await.status, 201);
    let missing = world.register(2, None, &web_client()).await;
    assert_eq!((missing.status, missing.header("www-authenticate")), (401, "Bearer"));
    let elsewhere = world.initial_access_token(1, None, None, BoundPolicy::default()).await;
    let expired = world.initial_access_token(2, None, Some(NOW), BoundPolicy::default()).await;
    let (_, registration_access_token, _) = world.client(&web_client()).await;
    for wrong in [&elsewhere, &expired, &registration_access_token, "iat_x", "", &format!("iat_{}", "x".repeat(43))] {
        assert_invalid_token_or_missing(&world.register(2, Some(wrong), &web_client()).await, wrong);
    }
    assert_eq!(world.app.store.clients(2).await.unwrap().len(), 2);
}

fn assert_invalid_token_or_missing(reply: &Reply, sent: &str) {
    if sent.is_empty() {
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, "Bearer"));
    } else {
        assert_invalid_token(reply);
    }
}

#[tokio::test]
async fn a4_open_registration_ignores_a_token() {
    let world = World::open().await;
    assert_eq!(world.register(1, Some("anything"), &web_client()).await.status, 201);
}

#[tokio::test]
async fn the_uses_of_an_initial_access_token_are_counted_with_the_registration() {
    let world = World::empty().await;
    world.service(2, Preset::Protected.policy()).await;
    let token = world.initial_access_token(2, Some(2), None, BoundPolicy::default()).await;
    let refused = world.register(2, Some(&token), &json!({"redirect_uris": []})).await;
    assert_eq!(refused.status, 400, "a refused registration costs nothing");
    for _ in 0..2 {
        assert_eq!(world.register(2, Some(&token), &web_client()).await.status, 201);
    }
    assert_invalid_token(&world.register(2, Some(&token), &web_client()).await);
    assert_eq!(world.app.store.clients(2).await.unwrap().len(), 2);
}

#[tokio::test]
async fn an_initial_access_token_expires_between_two_registrations() {
    let world = World::empty().await;
    world.service(2, Preset::Protected.policy()).await;
    let token = world.initial_access_token(2, Some(9), Some(NOW + 60), BoundPolicy::default()).await;
    assert_eq!(world.register(2, Some(&token), &web_client()).await.status, 201);
    world.clock.advance(60);
    assert_invalid_token(&world.register(2, Some(&token), &web_client()).await);
}

#[tokio::test]
async fn what_an_initial_access_token_allows_holds_for_every_update() {
    let world = World::empty().await;
    world.service(2, Preset::Protected.policy()).await;
    let bound = BoundPolicy { scope: Scope::parse("read").unwrap(), grant_types: None };
    let token = world.initial_access_token(2, None, None, bound).await;
    let mut metadata = web_client();
    metadata["scope"] = json!("read write");
    assert_refused(&world.register(2, Some(&token), &metadata).await, "invalid_client_metadata", "scope");
    metadata["scope"] = json!("read");
    let registered = world.register(2, Some(&token), &metadata).await;
    let path = format!("/2/register/{}", registered.text("client_id"));
    let mut update = as_update(&registered.body);
    update["scope"] = json!("read write");
    let reply = world.send_json("PUT", &path, Some(registered.text("registration_access_token")), &update).await;
    assert_refused(&reply, "invalid_client_metadata", "scope");
}

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
        ("jwks", json!({"keys": []}), "invalid_client_metadata"),
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
    let world = World::open().await;
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
async fn f13_cors_covers_every_status() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    for (method, path, token, status) in [
        ("POST", "/1/register", None, 400),
        ("GET", "/1/register", None, 405),
        ("POST", "/9/register", None, 404),
        ("GET", path.as_str(), None, 401),
        ("GET", path.as_str(), Some(token.as_str()), 200),
        ("GET", "/1/.well-known/openid-configuration", None, 200),
        ("OPTIONS", path.as_str(), None, 204),
        ("DELETE", path.as_str(), Some(token.as_str()), 204),
    ] {
        let reply = world.send_bare(method, path, token).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-expose-headers"), "WWW-Authenticate, Retry-After");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    let preflight = world.send_bare("OPTIONS", "/1/register", None).await;
    assert_eq!(preflight.header("access-control-allow-headers"), "Authorization, Content-Type, MCP-Protocol-Version");
}

#[tokio::test]
async fn a_service_that_does_not_open_this_door_is_unknown_in_it() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    let mut policy = Preset::Open.policy();
    policy.doors = vec!["authlete".to_owned()];
    world.set_policy(1, policy).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 404);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);
    assert_eq!(world.send_bare("GET", "/1/.well-known/openid-configuration", None).await.status, 404);
}

#[tokio::test]
async fn a_deleted_service_is_unknown() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    world.app.store.delete_service(1, &shared::caller::Origin::default()).await.unwrap();
    assert_eq!(world.register(1, None, &web_client()).await.status, 404);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);
    assert!(world.app.store.services("tests").await.unwrap().is_empty());
}

#[tokio::test]
async fn d8_d22_d23_discovery_tells_where_and_how_to_register() {
    let world = World::open().await;
    let mut policy = Preset::Open.policy();
    policy.scopes.offered = Scope::parse("openid mcp").unwrap();
    world.set_policy(1, policy).await;
    let mut answers = Vec::new();
    for path in [
        "/.well-known/oauth-authorization-server/1",
        "/1/.well-known/oauth-authorization-server",
        "/1/.well-known/openid-configuration",
        "/.well-known/openid-configuration/1",
    ] {
        let reply = world.send_bare("GET", path, None).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        answers.push(reply.body);
    }
    answers.dedup();
    let [metadata] = answers.as_slice() else { panic!("they differ: {answers:?}") };
    assert_eq!(metadata["issuer"], format!("{BASE_URL}/1"));
    assert_eq!(metadata["registration_endpoint"], format!("{BASE_URL}/1/register"));
    assert_eq!(metadata["scopes_supported"], json!(["openid", "mcp"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert!(metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none")));
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    assert!(!metadata.as_object().unwrap().values().any(empty), "RFC 8414 section 2");
}

#[tokio::test]
async fn b6_a_locked_client_is_403_until_an_operator_unlocks_it() {
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

#[tokio::test]
async fn d3_the_client_type_is_recorded() {
    let world = World::open().await;
    let public = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"});
    world.client(&public).await;
    world.client(&web_client()).await;
    let clients = world.app.store.clients(1).await.unwrap();
    let types: Vec<_> = clients.iter().map(|client| client.record.client_type).collect();
    assert!(types.contains(&ClientType::Public) && types.contains(&ClientType::Confidential));
}

#[tokio::test]
async fn a_panic_is_the_doors_500_and_the_next_request_is_answered() {
    let world = World::open().await;
    let broken = Endpoint { handler: |_, _| Box::pin(async { panic!("a bug") }), ..oauth::register::ENDPOINT };
    let event = include_str!("../../../events/register.public-native.json");
    let answer = broken.answer(world.app, Request::from_event(event).unwrap()).await;
    assert_eq!((answer.status, answer.code), (500, Some("server_error")));
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(!answer.body.contains("a bug") && answer.cause.unwrap().contains("panic"));
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
}

#[tokio::test]
async fn an_identifier_that_is_taken_is_minted_again() {
    let world = World::open().await;
    let twin = world.twin();
    for _ in 0..2 {
        // What making the service drew.
        let _: [u8; 32] = twin.app.entropy.bytes().unwrap();
    }
    let first = world.register(1, None, &web_client()).await;
    let second = twin.register(1, None, &web_client()).await;
    assert_eq!(first.body["registration_access_token"], second.body["registration_access_token"], "the same draws");
    assert_eq!(second.status, 201);
    assert_ne!(first.text("client_id"), second.text("client_id"));
    assert_eq!(world.app.store.clients(1).await.unwrap().len(), 2);
}
