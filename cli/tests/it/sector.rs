//! `sector_identifier_uri` is fetched and checked (OIDC Registration §5), and nothing else is reached.

use serde_json::json;
use shared::policy::Preset;

use crate::https::{Page, Site};
use crate::support::{Reply, World};

async fn world(site: &Site) -> World {
    let world = World::with(site.reachable()).await;
    world.service(1, Preset::Open.policy()).await;
    world
}

async fn pairwise(world: &World, sector: &str) -> Reply {
    let uris = json!(["https://a.example/cb", "https://b.example/cb"]);
    let metadata = json!({"redirect_uris": uris, "subject_type": "pairwise", "sector_identifier_uri": sector});
    world.register(1, None, &metadata).await
}

#[tokio::test]
async fn c6_every_redirect_uri_is_in_the_sectors_document() {
    let listed = json!(["https://a.example/cb", "https://b.example/cb", "https://c.example/cb"]).to_string();
    let site = Site::serve(&[
        ("/good", Page::Text(listed)),
        ("/bad", Page::Text(json!(["https://a.example/cb"]).to_string())),
        ("/empty", Page::Text("[]".to_owned())),
        ("/object", Page::Text("{}".to_owned())),
        ("/large", Page::Text(format!("[\"{}\"]", "x".repeat(300_000)))),
        ("/moved", Page::Head("HTTP/1.1 302 Found\r\nlocation: /good\r\ncontent-length: 0\r\n\r\n")),
        ("/endless", Page::Head("HTTP/1.1 200 OK\r\ncontent-length: 999999999999\r\n\r\n[")),
    ])
    .await;
    let world = world(&site).await;
    let good = pairwise(&world, &format!("{}/good", site.url)).await;
    assert_eq!(good.status, 201, "{good:?}");
    for path in ["/bad", "/empty", "/object", "/large", "/moved", "/absent", "/endless"] {
        let reply = pairwise(&world, &format!("{}{path}", site.url)).await;
        assert_eq!((reply.status, reply.text("error")), (400, "invalid_client_metadata"), "{path}");
        assert!(reply.text("error_description").contains("sector_identifier_uri"), "{path}");
    }
    assert_eq!(world.app.store.clients(1).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_silent_sector_ends_within_the_registrations_time() {
    let site = Site::serve(&[("/", Page::Silence)]).await;
    let world = world(&site).await;
    let reply = tokio::time::timeout(shared::registry::FETCHING * 2, pairwise(&world, &site.url)).await;
    assert_eq!(reply.unwrap().status, 400);
}

#[tokio::test]
async fn only_public_hosts_are_asked_and_only_after_every_other_check() {
    let site = Site::serve(&[("/", Page::Text("[]".to_owned()))]).await;
    let world = World::open().await;
    for sector in [site.url.as_str(), "https://127.0.0.1/", "https://169.254.169.254/", "https://[fd00:ec2::254]/"] {
        assert_eq!(pairwise(&world, sector).await.status, 400);
    }
    let world = self::world(&site).await;
    let metadata = json!({"redirect_uris": ["https://a.example/#"], "sector_identifier_uri": site.url});
    assert_eq!(world.register(1, None, &metadata).await.text("error"), "invalid_redirect_uri");
    assert_eq!(site.requests(), 0);
}

#[tokio::test]
async fn a32_pages_and_keys_of_a_client_are_never_fetched_at_registration() {
    let site = Site::serve(&[("/", Page::Text("{}".to_owned()))]).await;
    let world = world(&site).await;
    let metadata = json!({
        "redirect_uris": ["https://a.example/cb"], "client_uri": site.url, "logo_uri": site.url, "tos_uri": site.url,
        "policy_uri": site.url, "jwks_uri": site.url, "request_uris": [site.url], "initiate_login_uri": site.url,
    });
    assert_eq!(world.register(1, None, &metadata).await.status, 201);
    assert_eq!(site.requests(), 0);
}
