//! Section F: how long a copy is good, and what becomes of it when its host does not answer, or answers something else.

use serde_json::{Map, Value, json};
use shared::policy::{MetadataDocuments, Preset};

use super::{PATH, Scene, answer, copy, ok, opened, outcome};
use crate::https::Page;
use crate::lookup::Asker;
use crate::support::World;

#[tokio::test]
async fn f1_f2_a_copy_is_good_as_long_as_its_host_says() {
    for (header, seconds) in [
        ("", 3600),
        ("cache-control: max-age=600\r\n", 600),
        ("cache-control: max-age=600\r\nage: 500\r\n", 100),
        ("cache-control: max-age=1\r\n", 60),
        ("cache-control: max-age=99999999\r\n", 86_400),
        ("cache-control: no-store\r\n", 60),
    ] {
        let scene = Scene::new().await;
        scene.publish_with(header, &scene.document());
        assert_eq!(copy(&scene.ask().await), "fresh");
        scene.world.clock.advance(seconds - 1);
        let reply = scene.ask().await;
        assert_eq!((copy(&reply), reply.header("cache-control")), ("fresh", "private, max-age=1"), "{header}");
        scene.world.clock.advance(1);
        assert_eq!((copy(&scene.ask().await), scene.site.requests()), ("fresh", 2), "{header}");
    }
}

#[tokio::test]
async fn f6_a_copy_is_revalidated() {
    let scene = Scene::new().await;
    let date = "Thu, 01 Jan 2026 00:00:00 GMT";
    scene.publish_with(&format!("etag: \"abc\"\r\nlast-modified: {date}\r\n"), &scene.document());
    scene.ask().await;
    scene.world.clock.advance(3600);
    scene.site.set(PATH, answer("304 Not Modified", "cache-control: max-age=120\r\n", ""));
    let reply = scene.ask().await;
    assert_eq!((reply.status, copy(&reply), reply.text("client_name")), (200, "fresh", "Example"));
    let head = scene.site.last_head();
    assert!(head.contains("if-none-match: \"abc\"\r\n"), "{head}");
    assert!(head.contains(&format!("if-modified-since: {}\r\n", date.to_ascii_lowercase())), "{head}");
    scene.world.clock.advance(119);
    assert_eq!(copy(&scene.ask().await), "fresh");
    scene.world.clock.advance(1);
    assert_eq!((copy(&scene.ask().await), scene.site.requests()), ("fresh", 3));
}

#[tokio::test]
async fn f6_a_304_without_a_word_leaves_what_was_said() {
    let scene = Scene::new().await;
    scene.publish_with("etag: \"1\"\r\ncache-control: max-age=120, must-revalidate\r\n", &scene.document());
    scene.ask().await;
    scene.site.set(PATH, answer("304 Not Modified", "", ""));
    for requests in [2, 3] {
        scene.world.clock.advance(120);
        assert_eq!((scene.ask().await.status, scene.site.requests()), (200, requests));
    }
    scene.site.set(PATH, answer("500 Internal Server Error", "", ""));
    scene.world.clock.advance(120);
    assert_eq!(scene.ask().await.status, 503, "it may not be stale");
}

#[tokio::test]
async fn f5_m12_m13_after_a_failure_nobody_asks_for_a_while_and_the_client_is_not_unknown() {
    let scene = Scene::new().await;
    let failing = answer("500 Internal Server Error", "", "");
    scene.site.set(PATH, failing.clone());
    let mut asked = 0;
    for pause in [10, 20, 40, 60, 60] {
        let reply = scene.ask().await;
        asked += 1;
        assert_eq!(outcome(&reply), (503, "temporarily_unavailable", "unavailable", "status"));
        assert_eq!(reply.header("retry-after"), pause.to_string());
        scene.world.clock.advance(pause - 1);
        let reply = scene.ask().await;
        assert_eq!(outcome(&reply), (503, "temporarily_unavailable", "unavailable", "status"));
        assert_eq!((reply.header("retry-after"), scene.site.requests()), ("1", asked));
        scene.world.clock.advance(1);
    }
    scene.publish(&scene.document());
    assert_eq!(scene.ask().await.status, 200);
    scene.world.clock.advance(3600 + 86_400);
    scene.site.set(PATH, failing);
    assert_eq!(scene.ask().await.header("retry-after"), "10", "the pauses begin anew");
}

#[tokio::test]
async fn f3_f4_no_failure_is_cached() {
    let scene = Scene::new().await;
    for page in [
        answer("404 Not Found", "cache-control: max-age=9999\r\n", ""),
        ok("content-type: application/json\r\ncache-control: max-age=9999\r\n", "{}"),
    ] {
        scene.site.set(PATH, page);
        let first = scene.ask().await;
        assert!([400, 404].contains(&first.status), "{first:?}");
        // What is kept is a pause, and in it the client is not unknown.
        let paused = scene.ask().await;
        assert_eq!((paused.status, paused.text("error")), (503, "temporarily_unavailable"), "{paused:?}");
        scene.world.clock.advance(61);
    }
    scene.publish(&scene.document());
    assert_eq!(scene.ask().await.status, 200);
}

#[tokio::test]
async fn f7_m8_m9_a_failing_host_does_not_take_a_known_client_away() {
    let html = ok("content-type: text/html\r\n", "<html>Just a moment...</html>");
    let slow = Page::Silence;
    for page in [
        answer("403 Forbidden", "content-type: text/html\r\n", ""),
        answer("429 Too Many Requests", "", ""),
        answer("500 Internal Server Error", "", ""),
        answer("503 Service Unavailable", "", ""),
        answer("301 Moved Permanently", "location: https://www.rp.example/\r\n", ""),
        html,
        slow,
        Page::Head("HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 999999\r\n\r\n{"),
    ] {
        let scene = Scene::new().await;
        scene.settings(MetadataDocuments { timeout: 300, ..MetadataDocuments::default() }).await;
        scene.publish(&scene.document());
        assert_eq!(copy(&scene.ask().await), "fresh");
        let is_huge = matches!(&page, Page::Head(_));
        scene.site.set(PATH, page);
        scene.world.clock.advance(3600);
        let reply = scene.ask().await;
        if is_huge {
            // F8: its owner publishes what is no document.
            assert_eq!(outcome(&reply), (400, "invalid_client", "invalid_document", "size"));
            continue;
        }
        assert_eq!((reply.status, copy(&reply), reply.text("client_name")), (200, "stale", "Example"), "{reply:?}");
        assert_eq!(reply.header("cache-control"), "private, max-age=0");
        scene.world.clock.advance(86_400 - 61);
        assert_eq!(copy(&scene.ask().await), "stale", "within the bound");
        scene.world.clock.advance(61);
        assert_eq!(scene.ask().await.status, 503, "and not beyond it");
    }
}

#[tokio::test]
async fn f7_a_document_may_forbid_that_and_so_may_the_service() {
    for (header, stale_most) in
        [("cache-control: must-revalidate\r\n", 86_400), ("cache-control: no-cache\r\n", 86_400), ("", 0)]
    {
        let scene = Scene::new().await;
        scene.settings(MetadataDocuments { stale_most, ..MetadataDocuments::default() }).await;
        scene.publish_with(header, &scene.document());
        scene.ask().await;
        scene.site.set(PATH, answer("500 Internal Server Error", "", ""));
        scene.world.clock.advance(3600);
        assert_eq!(scene.ask().await.status, 503, "{header}");
    }
}

#[tokio::test]
async fn f8_m11_its_owner_takes_a_client_back_at_once() {
    let json = "content-type: application/json\r\n";
    for (page, expected) in [
        (answer("404 Not Found", "", ""), (404, "invalid_client", "gone", "status")),
        (answer("410 Gone", "", ""), (404, "invalid_client", "gone", "status")),
        (ok(json, "{}"), (400, "invalid_client", "invalid_document", "rule")),
    ] {
        let scene = Scene::new().await;
        scene.publish(&scene.document());
        scene.ask().await;
        scene.site.set(PATH, page);
        scene.world.clock.advance(3600);
        assert_eq!(outcome(&scene.ask().await), expected);
        scene.site.set(PATH, answer("500 Internal Server Error", "", ""));
        scene.world.clock.advance(10);
        assert_eq!(scene.ask().await.status, 503, "the copy does not come back");
        // F9: what was begun with it is brought to its end.
        let kept = scene.asker().ask_with(&scene.url(), &[("kept", "true")]).await;
        assert_eq!((kept.status, copy(&kept)), (200, "kept"));
        scene.publish(&scene.document());
        scene.world.clock.advance(60);
        assert_eq!(copy(&scene.ask().await), "fresh");
    }
}

#[tokio::test]
async fn f9_m2_m14_the_token_leg_never_depends_on_a_fetch() {
    let scene = Scene::new().await;
    scene.publish_with("cache-control: no-store, must-revalidate\r\n", &scene.document());
    scene.ask().await;
    scene.site.set(PATH, answer("500 Internal Server Error", "", ""));
    for later in [59, 10, 3600, 3 * 3600] {
        scene.world.clock.advance(later);
        let reply = scene.asker().ask_with(&scene.url(), &[("kept", "true")]).await;
        assert_eq!((reply.status, reply.text("client_name")), (200, "Example"), "{later}");
    }
    assert_eq!(scene.site.requests(), 1);
    // The pause after a failure is not the token leg's either.
    assert_eq!(scene.ask().await.status, 503);
    assert_eq!(scene.asker().ask_with(&scene.url(), &[("kept", "true")]).await.status, 200);
}

#[tokio::test]
async fn f10_what_changed_is_said() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let facts = async || scene.ask().await.body["metadata_document"].clone();
    let first = facts().await;
    assert_eq!((&first["first_seen_at"], &first["changed_members"]), (&first["changed_at"], &json!({})));
    scene.world.clock.advance(3600);
    let same = facts().await;
    assert_eq!((&same["changed_at"], &same["changed_members"]), (&first["changed_at"], &json!({})));
    scene.world.clock.advance(3600);
    scene.publish(&scene.document_with(&json!({"client_name": "Other", "logo_uri": "https://rp.example/a"})));
    let changed = facts().await;
    let at = changed["changed_at"].clone();
    assert_eq!(changed["changed_members"], json!({"client_name": at, "logo_uri": at}));
    assert_eq!(changed["changed_at"], first["changed_at"].as_u64().unwrap() + 7200);
    assert_eq!(changed["first_seen_at"], first["first_seen_at"]);
    scene.world.clock.advance(3600);
    scene.publish(&scene.document_with(&json!({"client_name": "Other", "logo_uri": "https://rp.example/b"})));
    let later = facts().await;
    assert_eq!(later["changed_members"], json!({"client_name": at, "logo_uri": later["changed_at"]}));
    assert_ne!(later["changed_at"], at);
}

/// Or the copy of a document that names others each time would grow until it is no item any more.
#[tokio::test]
async fn f10_names_that_an_owner_makes_up_are_not_collected() {
    let scene = Scene::new().await;
    let mut told = Value::Null;
    for time in 0..20 {
        let names = (0..50).map(|name| (format!("hunter2_{time}_{name}"), json!(time)));
        let languages = (0..50).map(|tag| (format!("client_name#x-{time}-{tag}"), json!("A")));
        scene.publish(&scene.document_with(&names.chain(languages).collect::<Map<_, _>>().into()));
        told = scene.ask().await.body["metadata_document"].clone();
        scene.world.clock.advance(7200);
    }
    assert_eq!(told["changed_members"], json!({"client_name": told["changed_at"]}));
}

#[tokio::test]
async fn f12_m15_nobody_fills_the_table_with_urls() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    scene.ask().await;
    let service = scene.world.app.service(1).await.unwrap();
    let kept = async || {
        let number = service.numeric_id(&scene.url());
        scene.world.app.store.kept_document(1, number).await.unwrap()
    };
    scene.world.clock.advance(3600 + 86_400 - 1);
    assert!(kept().await.is_some_and(|kept| kept.copy.is_some()));
    scene.world.clock.advance(1);
    assert_eq!(kept().await, None, "never used: a day after it was fresh");
    // What was never a document is gone sooner.
    scene.site.set(PATH, answer("404 Not Found", "", ""));
    scene.ask().await;
    assert!(kept().await.is_some());
    scene.world.clock.advance(7200);
    assert_eq!(kept().await, None);
    // What is used is kept as long as it is.
    scene.publish(&scene.document());
    scene.ask().await;
    assert_eq!(scene.asker().used(&[&scene.url()]).await.body, json!({"unknown": []}));
    scene.world.clock.advance(170 * 86_400);
    assert!(kept().await.is_some_and(|kept| kept.copy.is_some()));
    let before = scene.site.requests();
    assert_eq!(scene.asker().ask_with(&scene.url(), &[("kept", "true")]).await.status, 200);
    assert_eq!(scene.site.requests(), before);
    scene.world.clock.advance(10 * 86_400);
    assert_eq!(kept().await, None);
}

#[tokio::test]
async fn j_a_service_may_have_every_copy_fetched_again() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    scene.ask().await;
    scene.settings(MetadataDocuments { always_retrieved: true, ..MetadataDocuments::default() }).await;
    for requests in [2, 3] {
        scene.world.clock.advance(1);
        assert_eq!((copy(&scene.ask().await), scene.site.requests()), ("fresh", requests));
    }
}

#[tokio::test]
async fn a_document_of_one_service_is_nothing_to_another() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    scene.ask().await;
    scene.world.service(2, opened(Preset::Open.policy())).await;
    let token = scene.world.service_token(2, &shared::caller::Permission::ALL).await;
    let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("client_id", &scene.url()).finish();
    let reply = scene.world.send_bare("GET", &format!("/2/client?{query}"), Some(&token)).await;
    assert_eq!((copy(&reply), scene.site.requests()), ("fresh", 2));
}

#[tokio::test]
async fn a_fetch_whose_function_died_is_taken_up_by_the_next() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let (world, store): (&World, _) = (&scene.world, &scene.world.app.store);
    let number = world.app.service(1).await.unwrap().numeric_id(&scene.url());
    let until = world.clock.now_millis() + 2000;
    store.lease_metadata_document(1, number, &scene.url(), None, until).await.unwrap();
    scene.settings(MetadataDocuments { timeout: 300, ..MetadataDocuments::default() }).await;
    let reply = Asker { world, token: scene.token.clone() }.ask(&scene.url()).await;
    assert_eq!(outcome(&reply), (503, "temporarily_unavailable", "unavailable", "time"), "{reply:?}");
    world.clock.advance(2);
    assert_eq!(copy(&scene.ask().await), "fresh");
}

#[tokio::test]
async fn m27_nothing_of_a_document_is_rewritten() {
    let scene = Scene::new().await;
    let members = json!({"client_uri": "https://rp.example", "redirect_uris": ["https://RP.example:443/cb"]});
    scene.publish(&scene.document_with(&members));
    let reply = scene.ask().await;
    for (member, value) in members.as_object().unwrap() {
        assert_eq!(&reply.body[member], value, "{member}");
    }
}
