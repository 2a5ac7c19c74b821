//! Sections A, B and G: which URLs are fetched, how, and what is said when nothing comes of it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::fetch::FetchSettings;
use shared::metadata_document::UriFault;
use shared::policy::{MetadataDocuments, Preset, Trust};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::{PATH, Scene, answer, copy, ok, opened, outcome};
use crate::fault_proxy::FaultProxy;
use crate::https::Page;
use crate::lookup::{Asker, assert_unknown};
use crate::requests::assert_documented;
use crate::support::World;

#[tokio::test]
async fn a_client_is_resolved_by_its_document() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let reply = scene.ask().await;
    assert_eq!((reply.status, copy(&reply)), (200, "fresh"), "{reply:?}");
    for (member, value) in [
        ("client_id", json!(scene.url())),
        ("client_name", json!("Example")),
        ("redirect_uris", json!(["https://rp.example/cb"])),
        ("token_endpoint_auth_method", json!("none")),
        ("grant_types", json!(["authorization_code"])),
        ("response_types", json!(["code"])),
        ("source", json!("metadata_document")),
        ("locked", json!(false)),
    ] {
        assert_eq!(reply.body[member], value, "{member}");
    }
    assert_eq!(reply.body.get("client_id_issued_at"), None, "nobody has issued it");
    assert_eq!((copy(&scene.ask().await), scene.site.requests()), ("fresh", 1));
}

#[tokio::test]
async fn b9_the_host_is_asked_as_an_authorization_server_asks() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    scene.ask().await;
    let head = scene.site.last_head();
    assert!(head.starts_with(&format!("get {PATH} http/1.1\r\n")), "{head}");
    for line in ["accept: application/json\r\n", "accept-encoding: identity\r\n", "user-agent: registrar/"] {
        assert!(head.contains(line), "{head}");
    }
    for name in ["cookie:", "origin:", "referer:", "authorization:", "if-none-match:"] {
        assert!(!head.contains(name), "{head}");
    }
}

#[tokio::test]
async fn a1_to_a14_a_url_that_breaks_a_rule_is_not_fetched() {
    let scene = Scene::new().await;
    scene.site.set("/", ok("content-type: application/json\r\n", "{}"));
    let host = scene.site.url.strip_prefix("https://").unwrap();
    for (url, fault) in [
        (format!("HTTPS://{host}/c"), UriFault::Scheme),
        (format!("https://user@{host}/c"), UriFault::UserInfo),
        (format!("https://{host}/c#a"), UriFault::Fragment),
        (format!("https://{host}"), UriFault::Path),
        (format!("https://{host}/a/%2e%2E/c"), UriFault::DotSegment),
        (format!("https://{host}/c?a=b"), UriFault::Query),
        (format!("https://{host}/ä"), UriFault::Character),
        ("https://rp.example:0/c".to_owned(), UriFault::Port),
        ("https://rp.example:8443/c".to_owned(), UriFault::OtherPort),
        ("https://localhost:1/c".to_owned(), UriFault::Host),
        ("https://127.0.0.1/c".to_owned(), UriFault::Host),
        ("https://0x7f.1/c".to_owned(), UriFault::Host),
        ("https://[::ffff:169.254.169.254]/c".to_owned(), UriFault::Host),
        (format!("https://{host}/{}", "a".repeat(1024)), UriFault::TooLong),
    ] {
        let reply = scene.asker().ask(&url).await;
        assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_url", ""), "{url}: {reply:?}");
        assert_eq!(reply.text("error_description"), format!("client_id: {fault}"), "{url}");
    }
    // A1: what is no https URL is a client like any other, and unknown.
    assert_unknown(&scene.asker().ask(&format!("http://{host}/c")).await);
    assert_eq!(scene.site.requests(), 0);
}

#[tokio::test]
async fn a6_a_query_is_permitted_by_the_service() {
    let scene = Scene::new().await;
    scene.settings(MetadataDocuments { query_permitted: true, ..MetadataDocuments::default() }).await;
    let url = format!("{}/c?a=b", scene.site.url);
    let document = scene.document_with(&json!({"client_id": url}));
    scene.site.set("/c?a=b", ok("content-type: application/json\r\n", &document.to_string()));
    assert_eq!(scene.asker().ask(&url).await.status, 200);
}

#[tokio::test]
async fn a7_a8_two_urls_that_differ_in_a_byte_are_two_clients() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    assert_eq!(scene.ask().await.status, 200);
    scene.site.set(&format!("{PATH}/"), ok("content-type: application/json\r\n", &scene.document().to_string()));
    let reply = scene.asker().ask(&format!("{}/", scene.url())).await;
    assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "rule"));
    assert_eq!(reply.text("error_description"), "client_id is not the URL of the document");
}

#[tokio::test]
async fn a13_an_issuer_is_no_client() {
    let scene = Scene::new().await;
    let issuer = format!("{}/issuer", scene.site.url);
    let service = scene.world.app.store.service(1).await.unwrap().unwrap();
    let mut configuration = service.configuration;
    configuration.issuer = Some(issuer.clone());
    let origin = shared::origin::Origin::default();
    scene.world.app.store.update_service(1, service.version, &configuration, None, &origin).await.unwrap();
    for name in [issuer.clone(), format!("{issuer}/")] {
        let reply = scene.asker().ask(&name).await;
        assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_url", ""));
        assert!(reply.text("error_description").contains("issuer"), "{reply:?}");
    }
    assert_eq!(scene.site.requests(), 0);
}

#[tokio::test]
async fn a15_a_stored_client_of_that_name_is_asked_first() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let service = scene.world.app.service(1).await.unwrap();
    let context = scene.world.context(&service);
    let members = json!({"redirect_uris": ["https://other.example/cb"]});
    let metadata = shared::metadata::ClientMetadata::from_members(members.as_object().unwrap().clone()).unwrap();
    let settings = shared::client::OperatorSettings { alias: Some(scene.url()), ..Default::default() };
    let draft = shared::administration::Draft { metadata, client_type: None, settings };
    shared::administration::create(&context, draft).await.unwrap();
    let reply = scene.ask().await;
    assert_eq!((reply.status, reply.text("source")), (200, "authlete_create"));
    assert_eq!(scene.site.requests(), 0);
}

#[tokio::test]
async fn b2_b3_g_each_answer_has_its_outcome() {
    let scene = Scene::new().await;
    let json = "content-type: application/json\r\n";
    let body = scene.document().to_string();
    let location = format!("{json}location: {PATH}2\r\n");
    scene.site.set(&format!("{PATH}2"), ok(json, &body));
    for (page, expected) in [
        (answer("301 Moved Permanently", &location, ""), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("302 Found", &location, &body), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("201 Created", json, &body), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("203 Non-Authoritative", json, &body), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("206 Partial Content", json, &body), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("304 Not Modified", json, ""), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("401 Unauthorized", json, &body), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("500 Internal Server Error", json, &body), (503, "temporarily_unavailable", "unavailable", "status")),
        (answer("403 Forbidden", json, &body), (503, "temporarily_unavailable", "unavailable", "challenge")),
        (answer("429 Too Many Requests", json, &body), (503, "temporarily_unavailable", "unavailable", "challenge")),
        (ok("content-type: text/html\r\n", "<html>"), (503, "temporarily_unavailable", "unavailable", "challenge")),
        (ok("content-type: text/plain\r\n", &body), (503, "temporarily_unavailable", "unavailable", "media_type")),
        (ok("", &body), (503, "temporarily_unavailable", "unavailable", "media_type")),
        // M10: a page that is longer than a document may be is not a document that is too long.
        (
            ok("content-type: text/html\r\n", &"x".repeat(6000)),
            (503, "temporarily_unavailable", "unavailable", "challenge"),
        ),
        (
            ok(&format!("{json}content-encoding: gzip\r\n"), &body),
            (503, "temporarily_unavailable", "unavailable", "media_type"),
        ),
        (answer("404 Not Found", json, &body), (404, "invalid_client", "gone", "status")),
        (answer("410 Gone", json, &body), (404, "invalid_client", "gone", "status")),
        (ok(json, "{"), (400, "invalid_client", "invalid_document", "json")),
        (ok(json, "[]"), (400, "invalid_client", "invalid_document", "json")),
        (ok(json, &format!("{{{}}}", " ".repeat(6000))), (400, "invalid_client", "invalid_document", "size")),
        (
            Page::Head("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"),
            (503, "temporarily_unavailable", "unavailable", "connect"),
        ),
    ] {
        scene.site.set(PATH, page.clone());
        let reply = scene.ask().await;
        assert_eq!(outcome(&reply), expected, "{reply:?}");
        if expected.0 == 503 {
            assert!(["10", "20", "40", "60"].contains(&reply.header("retry-after")), "{reply:?}");
        }
        // The pause, and what came of it, end with it.
        scene.world.clock.advance(61);
    }
}

#[tokio::test]
async fn b5_b15_what_cannot_be_reached_is_said_to_operators_by_its_step() {
    let world = World::with(FetchSettings { reachable: vec!["localhost:1".to_owned()], ..Default::default() }).await;
    world.service(1, opened(Preset::Open.policy())).await;
    let asker = Asker::of(&world).await;
    let reply = asker.ask("https://localhost:1/c").await;
    assert_eq!(outcome(&reply), (503, "temporarily_unavailable", "unavailable", "connect"), "{reply:?}");
    let reply = asker.ask("https://no-such-host.invalid/c").await;
    assert_eq!(outcome(&reply), (503, "temporarily_unavailable", "unavailable", "name"), "{reply:?}");
    // A host that does not prove who it is.
    let scene = Scene::new().await;
    let host = scene.site.url.strip_prefix("https://").unwrap().to_owned();
    let stranger = World::with(FetchSettings { reachable: vec![host], ..Default::default() }).await;
    stranger.service(1, opened(Preset::Open.policy())).await;
    let reply = Asker::of(&stranger).await.ask(&scene.url()).await;
    assert_eq!(outcome(&reply), (503, "temporarily_unavailable", "unavailable", "tls"), "{reply:?}");
}

#[tokio::test]
async fn b10_a_slow_host_ends_the_fetch() {
    let scene = Scene::new().await;
    scene.settings(MetadataDocuments { timeout: 300, ..MetadataDocuments::default() }).await;
    let slow = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 5\r\n";
    for page in [Page::Silence, Page::Head(slow)] {
        scene.site.set(PATH, page);
        let begun = std::time::Instant::now();
        let reply = scene.ask().await;
        assert!(begun.elapsed() < Duration::from_secs(3), "{:?}", begun.elapsed());
        let (status, error, outcome, step) = outcome(&reply);
        assert_eq!((status, error, outcome), (503, "temporarily_unavailable", "unavailable"), "{reply:?}");
        assert!(["time", "connect"].contains(&step), "{reply:?}");
        scene.world.clock.advance(61);
    }
}

#[tokio::test]
async fn b8_a_document_has_5_120_bytes_or_as_many_as_the_service_takes() {
    let scene = Scene::new().await;
    let padded = |bytes: usize| {
        let document = scene.document().to_string();
        format!("{document}{}", " ".repeat(bytes - document.len()))
    };
    let json = "content-type: application/json\r\n";
    scene.site.set(PATH, ok(json, &padded(5121)));
    let reply = scene.ask().await;
    assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "size"));
    scene.world.clock.advance(61);
    scene.site.set(PATH, ok(json, &padded(5120)));
    assert_eq!(scene.ask().await.status, 200);
    // What counts is what is read, not what is declared.
    let chunk = format!("1402\r\n{}\r\n0\r\n\r\n", padded(5122));
    let chunked = format!("HTTP/1.1 200 OK\r\n{json}transfer-encoding: chunked\r\n\r\n{chunk}");
    scene.world.clock.advance(4000);
    scene.site.set(PATH, Page::Answer(chunked.clone()));
    assert_eq!(outcome(&scene.ask().await).3, "size");
    scene.settings(MetadataDocuments { max_bytes: 6000, ..MetadataDocuments::default() }).await;
    scene.world.clock.advance(61);
    assert_eq!(scene.ask().await.status, 200);
}

#[tokio::test]
async fn b13_a_flood_of_unknown_urls_takes_nothing_from_known_clients() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    assert_eq!(scene.ask().await.status, 200);
    let mut refused = 0;
    for number in 0..120 {
        let reply = scene.asker().ask(&format!("https://host-{number}.invalid/c")).await;
        if reply.status == 429 {
            assert_eq!(outcome(&reply), (429, "temporarily_unavailable", "over_budget", ""));
            assert!(reply.header("retry-after").parse::<u64>().unwrap() > 0);
            refused += 1;
        }
    }
    assert!((10..=30).contains(&refused), "{refused}");
    scene.world.clock.advance(3600);
    assert_eq!((copy(&scene.ask().await), scene.site.requests()), ("fresh", 2));
}

#[tokio::test]
async fn b13_urls_that_have_only_failed_are_as_unknown_as_they_were() {
    let scene = Scene::new().await;
    let flood = async || {
        let mut refused = 0;
        for number in 0..110 {
            let reply = scene.asker().ask(&format!("https://host-{number}.invalid/c")).await;
            refused += usize::from(reply.status == 429);
        }
        refused
    };
    assert!(flood().await > 0);
    // The window and the pauses end; the URLs are in the table.
    scene.world.clock.advance(61);
    assert!(flood().await > 0);
}

#[tokio::test]
async fn b13_a_host_is_not_flooded_through_this_service() {
    let scene = Scene::new().await;
    let mut asked = 0;
    for number in 0..70 {
        let reply = scene.asker().ask(&format!("{}/{number}", scene.site.url)).await;
        asked += usize::from(reply.status == 404);
    }
    assert_eq!(scene.site.requests(), asked);
    assert!((40..=60).contains(&asked), "{asked}");
}

#[tokio::test]
async fn b14_a_thousand_look_ups_of_a_cold_url_make_one_fetch() {
    let scene: &'static Scene = Box::leak(Box::new(Scene::new().await));
    scene.publish(&scene.document());
    let other = World::reaching(&scene.world.url(), scene.site.reachable());
    let others: &'static World = Box::leak(Box::new(other));
    // More than one operator's token may ask at once.
    let mut tokens = Vec::new();
    for _ in 0..10 {
        tokens.push(scene.world.service_token(1, &[Permission::UseService]).await);
    }
    // As many wait for the table at once as one machine serves.
    let turns = Arc::new(Semaphore::new(50));
    let mut asked = JoinSet::new();
    for number in 0..1000 {
        let world = if number % 2 == 0 { &scene.world } else { others };
        let token = tokens[number % tokens.len()].clone();
        let turns = Arc::clone(&turns);
        asked.spawn(async move {
            let _turn = turns.acquire().await.unwrap();
            Asker { world, token }.ask(&scene.url()).await.status
        });
    }
    let statuses = asked.join_all().await;
    assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1000);
    assert_eq!(scene.site.requests(), 1);
}

#[tokio::test]
async fn who_may_only_read_has_nothing_fetched() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let token = scene.world.service_token(1, &[Permission::ClientRead]).await;
    let reader = Asker { world: &scene.world, token };
    assert_eq!(reader.ask(&scene.url()).await.status, 403);
    assert_eq!(scene.site.requests(), 0);
    assert_eq!(scene.ask().await.status, 200);
    assert_eq!((copy(&reader.ask(&scene.url()).await), scene.site.requests()), ("fresh", 1));
}

#[tokio::test]
async fn i1_i2_the_flag_and_the_look_up_are_one_switch() {
    let scene = Scene::with(Preset::Protected.policy()).await;
    scene.publish(&scene.document());
    let published = async || {
        let reply = scene.world.send_bare("GET", "/.well-known/oauth-authorization-server/1", None).await;
        reply.body.get("client_id_metadata_document_supported").cloned()
    };
    assert_eq!(published().await, Some(json!(true)));
    assert_eq!(scene.ask().await.status, 200);
    let refusing = MetadataDocuments { others: Trust::Block, ..MetadataDocuments::default() };
    scene.settings(refusing).await;
    assert_eq!(published().await, None, "a service that takes nobody does not say that it does");
    scene.world.set_policy(1, Preset::Protected.policy()).await;
    assert_eq!(published().await, None);
    assert_unknown(&scene.ask().await);
    scene.world.announce("client_id_metadata_document_supported", &[]).await;
    assert_eq!(published().await, None, "whatever is configured");
}

#[tokio::test]
async fn the_requests_to_the_table_are_counted() {
    let scene = Scene::new().await;
    scene.publish_with("etag: \"1\"\r\n", &scene.document());
    let proxy = FaultProxy::start(&scene.world.url()).await;
    let near = World::reaching(&proxy.url(), scene.site.reachable());
    let asker = Asker { world: &near, token: scene.token.clone() };
    let expect = |access: &str, wanted: &[&str]| {
        let requests = proxy.requests();
        let kinds: Vec<&str> = requests.iter().map(|request| request.split(' ').next().unwrap()).collect();
        assert_eq!(kinds, wanted, "{access}");
        assert_documented(access, &requests);
    };
    proxy.requests();
    assert_eq!(copy(&asker.ask(&scene.url()).await), "fresh");
    expect(
        "look-up of a client, known or not of a metadata document that nobody knows",
        &["BatchGetItem", "PutItem", "UpdateItem"],
    );
    assert_eq!(copy(&asker.ask(&scene.url()).await), "fresh");
    let kept = "look-up of a client, known or not of one that is fresh, stale in a pause, or asked for with `kept`";
    expect(kept, &["BatchGetItem"]);
    near.clock.advance(3600);
    scene.site.set(PATH, answer("304 Not Modified", "etag: \"1\"\r\n", ""));
    assert_eq!(copy(&asker.ask(&scene.url()).await), "fresh");
    let again = "look-up of a client, known or not of one that is fetched again, revalidated, or whose host fails";
    expect(again, &["BatchGetItem", "UpdateItem", "UpdateItem"]);
    near.clock.advance(3600);
    scene.site.set(PATH, answer("500 Internal Server Error", "", ""));
    assert_eq!(copy(&asker.ask(&scene.url()).await), "stale");
    expect(again, &["BatchGetItem", "UpdateItem", "UpdateItem"]);
    assert_eq!(copy(&asker.ask(&scene.url()).await), "stale");
    expect(kept, &["BatchGetItem"]);
}

#[tokio::test]
async fn m16_an_identifier_of_1_024_bytes_is_a_client_like_any_other() {
    let scene = Scene::new().await;
    let path = format!("/{}", "a".repeat(1024 - scene.site.url.len() - 1));
    let url = format!("{}{path}", scene.site.url);
    assert_eq!(url.len(), 1024);
    let document = scene.document_with(&json!({"client_id": url}));
    scene.site.set(&path, ok("content-type: application/json\r\n", &document.to_string()));
    assert_eq!(scene.asker().ask(&url).await.status, 200);
    assert_eq!(scene.asker().used(&[&url]).await.body, json!({"unknown": []}));
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let client = format!("/api/1/client/lock_flag/update/{url}");
    let locked = scene.world.send_json("POST", &client, Some(&token), &json!({"clientLocked": true})).await;
    assert_eq!(locked.status, 200, "{locked:?}");
    assert_eq!(scene.asker().ask(&url).await.body["locked"], json!(true));
    let list = scene.world.send_bare("GET", "/api/1/client/get/list", Some(&token)).await;
    let listed = list.body["clients"].as_array().unwrap().iter().any(|client| client["clientIdAlias"] == *url);
    assert!(listed, "{list:?}");
    let delete = format!("/api/1/client/delete/{url}");
    assert_eq!(scene.world.send_bare("DELETE", &delete, Some(&token)).await.status, 403, "a lock does not go with it");
    scene.world.send_json("POST", &client, Some(&token), &json!({"clientLocked": false})).await;
    assert_eq!(scene.world.send_bare("DELETE", &delete, Some(&token)).await.status, 204);
    let before = scene.site.requests();
    assert_eq!(scene.asker().ask(&url).await.body["locked"], Value::Bool(false));
    assert_eq!(scene.site.requests(), before + 1, "it is read anew");
}

#[tokio::test]
async fn a14_identifiers_that_are_minted_are_no_urls() {
    let world = World::open().await;
    for _ in 0..20 {
        let (_, _, registered) = world.client(&crate::support::web_client()).await;
        assert!(!registered.text("client_id").starts_with("https:"));
    }
}
