//! Registering (RFC 7591), from request to table to answer.

use serde_json::{Value, json};
use shared::client::ClientType;
use shared::metadata::{AuthMethod, Scope};
use shared::policy::{BoundPolicy, Preset, Unoffered};

use crate::support::{BASE_URL, NOW, Reply, World, as_update, assert_invalid_token, assert_refused, web_client};

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
    world.announce("id_token_signing_alg_values_supported", &["RS256", "HS256"]).await;
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
    let uris = json!(["HTTPS://RP.example:443/a//cb?x=%7e&y", "https://rp.example", "http://127.0.0.1:7777/%E9"]);
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
async fn a_client_of_a_bound_token_always_has_a_scope() {
    let world = World::empty().await;
    let mut policy = Preset::Protected.policy();
    world.service(2, policy.clone()).await;
    let bound = BoundPolicy { scope: Scope::parse("read list").unwrap(), grant_types: None };
    let token = world.initial_access_token(2, None, None, bound).await;
    let silent = world.register(2, Some(&token), &web_client()).await;
    assert_eq!((silent.status, silent.text("scope")), (201, "read list"), "{silent:?}");
    let path = format!("/2/register/{}", silent.text("client_id"));
    let registration_access_token = silent.text("registration_access_token").to_owned();
    let mut update = as_update(&silent.body);
    update.as_object_mut().unwrap().remove("scope");
    let updated = world.send_json("PUT", &path, Some(&registration_access_token), &update).await;
    assert_eq!((updated.status, updated.text("scope")), (200, "read list"), "{updated:?}");
    policy.scopes.offered = Scope::parse("read write").unwrap();
    world.set_policy(2, policy.clone()).await;
    assert_eq!(world.register(2, Some(&token), &web_client()).await.text("scope"), "read");
    policy.scopes.offered = Scope::parse("write").unwrap();
    policy.scopes.default = Scope::parse("write").unwrap();
    world.set_policy(2, policy).await;
    let nothing_left = world.register(2, Some(&token), &web_client()).await;
    assert_refused(&nothing_left, "invalid_client_metadata", "scope");
}

#[tokio::test]
async fn what_the_service_announces_binds_registrations_and_updates() {
    let world = World::open().await;
    let mut client = web_client();
    client["subject_type"] = json!("pairwise");
    client["id_token_signed_response_alg"] = json!("ES512");
    let registered = world.register(1, None, &client).await;
    assert_eq!(registered.text("subject_type"), "public", "RFC 7591 section 3.2.1: {registered:?}");
    assert_eq!(registered.text("id_token_signed_response_alg"), "RS256");
    let path = format!("/1/register/{}", registered.text("client_id"));
    let mut update = as_update(&registered.body);
    update["subject_type"] = json!("pairwise");
    let token = registered.text("registration_access_token");
    let updated = world.send_json("PUT", &path, Some(token), &update).await;
    assert_eq!((updated.status, updated.text("subject_type")), (200, "public"), "{updated:?}");
    let mut policy = Preset::Open.policy();
    policy.unannounced = Unoffered::Refuse;
    world.set_policy(1, policy).await;
    assert_refused(&world.register(1, None, &client).await, "invalid_client_metadata", "subject_type");
}

#[tokio::test]
async fn lists_are_bounded_before_they_are_compared() {
    let world = World::open().await;
    let mut client = web_client();
    client["response_modes"] = (0..4000).map(|number| format!("a{number}")).collect();
    client["response_modes_supported"] = (0..4000).map(|number| format!("b{number}")).collect();
    let reply = world.register(1, None, &client).await;
    assert_refused(&reply, "invalid_client_metadata", "is longer than 100 values");
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

/// RFC 7517 appendix A.1.
fn key(members: &Value) -> Value {
    let mut key = json!({"kty": "EC", "crv": "P-256", "kid": "1", "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
        "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
    key.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
    key
}

fn with_keys(method: &str, keys: &[Value]) -> Value {
    json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": method, "jwks": {"keys": keys}})
}

#[tokio::test]
async fn rfc_7517_5_keys_of_unknown_kinds_are_ignored_and_one_that_is_known_is_enough() {
    let world = World::open().await;
    let known = key(&json!({}));
    for unknown in [
        json!({"kty": "AKP", "alg": "ML-DSA-65", "kid": "pq", "pub": "AAAA"}),
        key(&json!({"kid": "2", "crv": "P-999"})),
        key(&json!({"kid": "2", "use": "tls"})),
        key(&json!({"kid": "1", "alg": "ES256-R"})),
    ] {
        let registered =
            world.register(1, None, &with_keys("private_key_jwt", &[unknown.clone(), known.clone()])).await;
        assert_eq!(registered.status, 201, "{registered:?}");
        assert_eq!(registered.body["jwks"], json!({"keys": [known]}), "what is registered is what was checked");
        let alone = world.register(1, None, &with_keys("private_key_jwt", std::slice::from_ref(&unknown))).await;
        assert_refused(&alone, "invalid_client_metadata", "private_key_jwt");
        let idle = world.register(1, None, &with_keys("none", &[unknown])).await;
        assert_eq!((idle.status, idle.body.get("jwks")), (201, None), "{idle:?}");
    }
}

#[tokio::test]
async fn a_method_that_needs_a_key_needs_one_that_is_for_it() {
    let world = World::open().await;
    for members in [json!({"use": "enc"}), json!({"alg": "ECDH-ES"}), json!({"key_ops": ["deriveKey"]})] {
        let keys = [key(&members)];
        let reply = world.register(1, None, &with_keys("private_key_jwt", &keys)).await;
        assert_refused(&reply, "invalid_client_metadata", "verifies signatures");
        let reply = world.register(1, None, &with_keys("none", &keys)).await;
        assert_eq!((reply.status, &reply.body["jwks"]["keys"]), (201, &json!(keys)), "{reply:?}");
    }
    let mut policy = Preset::Open.policy();
    policy.token_endpoint_auth_methods.offered.push(AuthMethod::SelfSignedTlsClientAuth);
    world.set_policy(1, policy).await;
    let reply = world.register(1, None, &with_keys("self_signed_tls_client_auth", &[key(&json!({}))])).await;
    assert_refused(&reply, "invalid_client_metadata", "x5c");
}

#[tokio::test]
async fn a_set_without_keys_is_absent_where_no_method_needs_keys() {
    let world = World::open().await;
    for method in ["none", "client_secret_basic"] {
        let reply = world.register(1, None, &with_keys(method, &[])).await;
        assert_eq!((reply.status, reply.body.get("jwks")), (201, None), "{reply:?}");
    }
    let mut referred = with_keys("private_key_jwt", &[]);
    assert_refused(&world.register(1, None, &referred).await, "invalid_client_metadata", "jwks");
    referred["jwks_uri"] = json!("https://rp.example/jwks");
    let reply = world.register(1, None, &referred).await;
    assert_eq!((reply.status, reply.body.get("jwks")), (201, None), "{reply:?}");
}

#[tokio::test]
async fn rfc_7517_4_what_is_wrong_in_a_key_is_named() {
    let world = World::open().await;
    let low_order = json!({"kty": "OKP", "crv": "X25519", "x": "A".repeat(43)});
    for (keys, part) in [
        (vec![key(&json!({"kid": 5}))], "key 0: kid"),
        (vec![key(&json!({})), key(&json!({"kid": "2", "use": 123}))], "key 1: use"),
        (vec![key(&json!({"alg": 256}))], "key 0: alg"),
        (vec![key(&json!({"alg": "HS256"}))], "key 0: alg"),
        (vec![key(&json!({"alg": "none"}))], "key 0: alg"),
        (vec![key(&json!({"key_ops": "verify"}))], "key 0: key_ops"),
        (vec![key(&json!({"key_ops": ["verify", "verify"]}))], "key 0: key_ops"),
        (vec![key(&json!({"x5c": "MIIB"}))], "key 0: x5c"),
        (vec![key(&json!({"x5c": ["junk"]}))], "key 0: x5c"),
        (vec![key(&json!({})), key(&json!({}))], "key 1: its kid"),
        (vec![key(&json!({"D": "AQ"}))], "key 0: it is private"),
        (vec![json!({"kty": "AKP", "priv": "AQ"})], "key 0: it is private"),
        (vec![key(&json!({"y": key(&json!({}))["x"]}))], "key 0: x and y"),
        (vec![json!({"kty": "RSA", "n": "AQAB", "e": "AQAB"})], "key 0: n must have"),
        (vec![low_order], "key 0: x is not a point"),
    ] {
        let reply = world.register(1, None, &with_keys("private_key_jwt", &keys)).await;
        assert_refused(&reply, "invalid_client_metadata", part);
    }
}

#[tokio::test]
async fn rfc8252_s7_1_a_scheme_that_shall_be_a_reversed_domain_has_its_labels() {
    let world = World::empty().await;
    let mut policy = Preset::Open.policy();
    policy.redirect_uris.reverse_domain_schemes = true;
    world.service(1, policy).await;
    let register = async |uri: &str| world.register(1, None, &json!({"redirect_uris": [uri]})).await;
    for uri in ["com.:/cb", "com..app:/x", "com.example.:/x", "com.-a:/x", "com.exa+mple:/x", "cursor:/x"] {
        assert_refused(&register(uri).await, "invalid_redirect_uri", "reversed domain");
    }
    for uri in ["com.example.app:/x", "com.1password.app-2:/x"] {
        assert_eq!(register(uri).await.status, 201, "{uri}");
    }
}
