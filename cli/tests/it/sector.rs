//! `sector_identifier_uri` is fetched and checked (OIDC Registration §5), and nothing else is reached.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::fetch::FetchSettings;
use shared::policy::{CalledUrls, Policy, Preset};
use shared::store::{Document, DocumentUrl};
use tokio::net::TcpListener;
use tokio::task::JoinSet;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::https::{Page, Site};
use crate::requests::assert_documented;
use crate::support::{Reply, World, as_update, assert_refused, web_client};

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

/// The host's fault and not the client's, and when to try again.
fn assert_unreachable(reply: &Reply) {
    assert_eq!((reply.status, reply.text("error")), (503, "temporarily_unavailable"), "{reply:?}");
    assert!(reply.text("error_description").starts_with("sector_identifier_uri: "), "{reply:?}");
    assert_eq!(reply.header("retry-after"), "10");
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

/// Operators are not asked for what is behind it, but no more than registrants can they name a host that may not be asked.
#[tokio::test]
async fn an_operator_names_no_sector_that_may_not_be_asked() {
    let world = World::open().await;
    let token = world.service_token(1, &Permission::ALL).await;
    let (_, _, client) = world.client(&web_client()).await;
    let client_path = format!("/operator/1/clients/{}", client.text("client_id"));
    let own = json!({"clientName": "Own", "redirectUris": ["https://rp.example/cb"]});
    let own = world.send_json("POST", "/api/1/client/create", Some(&token), &own).await.body;
    let own_path = format!("/api/1/client/update/{}", own["clientId"]);
    for (sector, may_be) in [
        ("https://127.0.0.1/sector", false),
        ("https://rp.example:8443/sector", false),
        ("https://rp.example/sector", true),
    ] {
        let patch = json!({"sector_identifier_uri": sector});
        let mut whole = own.clone();
        whole["sectorIdentifierUri"] = json!(sector);
        let patched = world.send_json("PATCH", &client_path, Some(&token), &patch).await;
        let updated = world.send_json("POST", &own_path, Some(&token), &whole).await;
        let new = json!({"redirectUris": ["https://rp.example/cb"], "sectorIdentifierUri": sector});
        let created = world.send_json("POST", "/api/1/client/create", Some(&token), &new).await;
        assert_eq!((patched.status == 200, updated.status == 200), (may_be, may_be), "{patched:?} {updated:?}");
        assert_eq!(created.status == 200, may_be, "{created:?}");
        if !may_be {
            assert_refused(&patched, "invalid_client_metadata", "sector_identifier_uri: the URL is not allowed");
        }
    }
}

#[tokio::test]
async fn a_sector_that_is_down_for_a_moment_is_not_the_clients_fault() {
    let busy = Page::Head("HTTP/1.1 429 Too Many Requests\r\ncontent-length: 0\r\n\r\n");
    let failing = Page::Head("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    let cut = Page::Head("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n[");
    let site = Site::serve(&[("/busy", busy), ("/failing", failing), ("/cut", cut)]).await;
    let world = world(&site).await;
    for (path, asked) in [("/busy", 1), ("/failing", 2), ("/cut", 3)] {
        for _ in 0..3 {
            assert_unreachable(&pairwise(&world, &format!("{}{path}", site.url)).await);
        }
        assert_eq!(site.requests(), asked, "{path} is left alone");
    }
    site.set("/failing", Page::Text(json!(["https://a.example/cb", "https://b.example/cb"]).to_string()));
    assert_unreachable(&pairwise(&world, &format!("{}/failing", site.url)).await);
    world.clock.advance(10);
    assert_eq!(pairwise(&world, &format!("{}/failing", site.url)).await.status, 201);
}

/// OIDC Registration §5 asks at a registration: whose sector's host is gone can still change its name.
#[tokio::test]
async fn an_update_asks_a_sector_for_what_is_new() {
    let (a, b, c) = ("https://a.example/cb", "https://b.example/cb", "https://c.example/cb");
    let listed = || Page::Text(json!([a, b, c]).to_string());
    let site = Site::serve(&[("/sector", listed()), ("/other", listed())]).await;
    let (world, sector) = (world(&site).await, format!("{}/sector", site.url));
    let registered = pairwise(&world, &sector).await;
    assert_eq!((registered.status, site.requests()), (201, 1), "{registered:?}");
    let (path, token) =
        (format!("/1/register/{}", registered.text("client_id")), registered.text("registration_access_token"));
    let update = async |members: Value| {
        world.clock.advance(10);
        let mut body = as_update(&registered.body);
        body.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
        world.send_json("PUT", &path, Some(token), &body).await
    };
    let failing = || Page::Head("HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n");
    site.set("/sector", failing());
    for members in [json!({"client_name": "New"}), json!({"redirect_uris": [b, a]}), json!({"redirect_uris": [a]})] {
        let updated = update(members.clone()).await;
        assert_eq!((updated.status, site.requests()), (200, 1), "{members}: {updated:?}");
    }
    assert_unreachable(&update(json!({"redirect_uris": [a, b]})).await);
    let other = format!("{}/other", site.url);
    let updated = update(json!({"redirect_uris": [a], "sector_identifier_uri": other})).await;
    assert_eq!((updated.status, site.requests()), (200, 3), "{updated:?}");
    assert_unreachable(&update(json!({"redirect_uris": [a]})).await);
    site.set("/sector", listed());
    assert_eq!(update(json!({"redirect_uris": [a, c]})).await.status, 200);
}

#[tokio::test]
async fn a_silent_sector_ends_within_the_registrations_time() {
    let site = Site::serve(&[("/", Page::Silence)]).await;
    let world = world(&site).await;
    let reply = tokio::time::timeout(shared::registry::FETCHING * 2, pairwise(&world, &site.url)).await;
    assert_unreachable(&reply.unwrap());
}

#[tokio::test]
async fn a_host_that_cannot_be_reached_is_left_alone_whatever_is_asked_of_it() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let host = format!("localhost:{}", listener.local_addr().unwrap().port());
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            drop(stream); // before TLS
        }
    });
    let world = World::with(FetchSettings { reachable: vec![host.clone()], ..FetchSettings::default() }).await;
    for service in [1, 2] {
        world.service(service, Preset::Open.policy()).await;
    }
    for path in 0..20 {
        assert_unreachable(&pairwise(&world, &format!("https://{host}/{path}")).await);
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
    let metadata =
        json!({"redirect_uris": ["https://a.example/cb"], "sector_identifier_uri": format!("https://{host}/0")});
    assert_unreachable(&world.register(2, None, &metadata).await);
    assert_eq!(connections.load(Ordering::SeqCst), 2, "a service sees nothing of another's");
    world.clock.advance(10);
    assert_unreachable(&pairwise(&world, &format!("https://{host}/0")).await);
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn many_registrations_ask_a_sector_once() {
    let listed = json!(["https://a.example/cb", "https://b.example/cb"]).to_string();
    let site = Site::serve(&[("/good", Page::Text(listed)), ("/bad", Page::Text("[]".to_owned()))]).await;
    let world: &'static World = Box::leak(Box::new(world(&site).await));
    for (path, status) in [("/good", 201), ("/bad", 400), ("/absent", 400)] {
        let (before, sector) = (site.requests(), format!("{}{path}", site.url));
        let mut registrations = JoinSet::new();
        for _ in 0..8 {
            let sector = sector.clone();
            registrations.spawn(async move { pairwise(world, &sector).await });
        }
        let replies = registrations.join_all().await;
        assert!(replies.iter().all(|reply| reply.status == status), "{path}: {replies:?}");
        assert_eq!(pairwise(world, &sector).await.status, status);
        assert_eq!(site.requests() - before, 1, "{path}");
        world.clock.advance(10);
        assert_eq!(pairwise(world, &sector).await.status, status);
        assert_eq!(site.requests() - before, 2, "{path} is looked at again");
    }
}

#[tokio::test]
async fn a_sector_and_a_federation_keep_what_they_fetch_apart() {
    let site = Site::serve(&[("/.well-known/openid-federation", Page::Text("a.b.c".to_owned()))]).await;
    let world = world(&site).await;
    let url = format!("{}/.well-known/openid-federation", site.url);
    assert_eq!(pairwise(&world, &url).await.status, 400);
    let document = DocumentUrl { service_id: 1, url: &url, since_millis: 0 };
    assert_eq!(world.app.store.document(&document).await.unwrap(), Document::Unknown);
}

#[tokio::test]
async fn a_registration_with_a_sector_makes_the_requests_that_the_design_allows_it() {
    let site =
        Site::serve(&[("/", Page::Text(json!(["https://a.example/cb", "https://b.example/cb"]).to_string()))]).await;
    let table = World::empty().await;
    table.service(1, Preset::Open.policy()).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::reaching(&proxy.url(), site.reachable());
    let sector = format!("{}/", site.url);
    for (requests, access) in [
        (
            &["GetItem F", "GetItem F", "UpdateItem F", "PutItem F", "PutItem C"][..],
            "register, open with one that is fetched",
        ),
        (&["GetItem F", "PutItem C"], "register, open with a `sector_identifier_uri` that is kept"),
        (&["GetItem F", "PutItem C"], "register, open with a `sector_identifier_uri` that is kept"),
    ] {
        assert_eq!(pairwise(&world, &sector).await.status, 201);
        let asked = proxy.requests();
        assert_eq!(asked, requests);
        assert_documented(access, &asked);
    }
    assert_eq!(pairwise(&world, &format!("{}/absent", site.url)).await.status, 400);
    assert_eq!(proxy.requests(), ["GetItem F", "GetItem F", "UpdateItem F", "PutItem F", "UpdateItem X"]);
    assert_eq!(pairwise(&world, "https://10.0.0.1/").await.status, 400);
    assert_eq!(proxy.requests(), ["UpdateItem X"], "a refusal is counted");
    proxy.inject_always("PutItem F", Fault::Exception(500, "InternalServerError"));
    world.clock.advance(10);
    assert_eq!(pairwise(&world, &sector).await.status, 201, "what cannot be kept is good for one");
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
    world.set_policy(1, Policy { called_urls: CalledUrls::Any, ..Preset::Open.policy() }).await;
    let metadata = json!({
        "redirect_uris": ["https://a.example/cb"], "client_uri": site.url, "logo_uri": site.url, "tos_uri": site.url,
        "policy_uri": site.url, "jwks_uri": site.url, "request_uris": [site.url], "initiate_login_uri": site.url,
    });
    assert_eq!(world.register(1, None, &metadata).await.status, 201);
    assert_eq!(site.requests(), 0);
}
