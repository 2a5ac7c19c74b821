//! What strangers may ask, by network and all together.

use std::net::SocketAddr;

use registrar::gateway::Client;
use serde_json::{Value, json};
use shared::limits::{Guest, RateLimit};
use shared::policy::{BoundPolicy, Preset};

use crate::fault_proxy::FaultProxy;
use crate::support::{Reply, World, as_update, assert_invalid_token, web_client};

/// A deployment, and service 1, whose registration is open.
async fn deployment() -> World {
    let world = World::for_identity_center(1).await;
    world.service(1, Preset::Open.policy()).await;
    world
}

async fn register_from(world: &World, address: &str, service: u64, token: Option<&str>) -> Reply {
    let address = SocketAddr::new(address.parse().unwrap(), 50_000);
    let authorization = token.map(|token| format!("Bearer {token}"));
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(authorization.as_deref().map(|value| ("authorization", value)));
    let client = Client { address, secure: true, certificate: None };
    let path = format!("/{service}/register");
    world.send_over(client, "POST", &path, &headers, web_client().to_string()).await
}

/// How many of so many registrations of one address are admitted.
async fn admitted(world: &World, address: &str, registrations: usize) -> usize {
    let mut admitted = 0;
    for _ in 0..registrations {
        let reply = register_from(world, address, 1, None).await;
        assert!(matches!(reply.status, 201 | 429), "{reply:?}");
        admitted += usize::from(reply.status == 201);
    }
    admitted
}

#[tokio::test]
pub(crate) async fn a5_one_network_registers_so_often_and_then_waits() {
    let world = deployment().await;
    assert_eq!(admitted(&world, "198.51.100.1", 400).await, 63, "sixty in half a minute, and an instance's own share");
    let refused = register_from(&world, "198.51.100.1", 1, None).await;
    assert_eq!((refused.status, refused.text("error")), (429, "temporarily_unavailable"));
    assert!(refused.text("error_description").contains("network"), "{refused:?}");
    assert!((1..=30).contains(&refused.header("retry-after").parse::<u64>().unwrap()));
    assert_eq!(refused.header("cache-control"), "no-store");
    assert_eq!(refused.header("access-control-allow-origin"), "*");
    assert!(refused.header("access-control-expose-headers").contains("Retry-After"));
    assert_eq!(admitted(&world, "198.51.100.2", 10).await, 10, "the neighbour has its own");
    world.clock.advance(30);
    assert_eq!(admitted(&world, "198.51.100.1", 10).await, 10);
}

#[tokio::test]
async fn a_network_that_floods_takes_nothing_of_anybody_elses_share() {
    let world = deployment().await;
    admitted(&world, "198.51.100.1", 200).await;
    // What was refused counts nowhere else: the service has all but sixty of its six hundred.
    for host in 1..=9 {
        assert_eq!(admitted(&world, &format!("203.0.113.{host}"), 60).await, 60);
    }
    world.service(2, Preset::Open.policy()).await;
    assert_eq!(register_from(&world, "198.51.100.1", 2, None).await.status, 201, "nor at another service");
}

#[tokio::test]
async fn all_networks_together_have_what_the_service_has() {
    let world = World::limited(1, RateLimit::new(2, 60), RateLimit::new(20, 200)).await;
    world.service(1, Preset::Open.policy()).await;
    let mut all = 0;
    for host in 1..=25 {
        all += admitted(&world, &format!("203.0.113.{host}"), 10).await;
    }
    assert_eq!(all, 210, "the burst, and an instance's own share");
}

#[tokio::test]
async fn networks_of_ipv6_are_counted_by_host_and_by_site() {
    let world = deployment().await;
    for (number, (name, requests, most)) in [
        ("a /64", 400, 63),
        ("a /56", 400, 126),
        ("a /48", 400, 189),
        ("a /48 with all that it has", 0x1_0000, 189),
        ("two /48", 800, 378),
    ]
    .into_iter()
    .enumerate()
    {
        let address = |request: u32| match number {
            0 => format!("2001:db8:1:203::{request:x}"),
            1 => format!("2001:db8:1:2{:02x}::1", request % 256),
            2 | 3 => format!("2001:db8:1:{request:x}::1"),
            _ => format!("2001:db8:{}:{request:x}::1", request % 2),
        };
        let key = format!("1#{number}");
        let mut passed = 0;
        for request in 0..requests {
            passed += u32::from(asks(&world, &key, &address(request)).await);
        }
        assert_eq!(passed, most, "{name}");
        for _ in 0..10 {
            assert!(asks(&world, &key, "2001:db8:ffff::1").await, "{name}");
        }
    }
}

async fn asks(world: &World, key: &str, address: &str) -> bool {
    world.app.strangers.admit(&world.app.store, &world.clock, key, address, Guest::Unknown).await.is_ok()
}

#[tokio::test]
async fn a_quiet_network_costs_no_request_more() {
    let table = World::empty().await;
    table.service(1, Preset::Open.policy()).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::deployed_at(&proxy.url());
    for address in ["198.51.100.1", "2001:db8::1"] {
        for _ in 0..3 {
            assert_eq!(register_from(&world, address, 1, None).await.status, 201);
            assert_eq!(proxy.requests(), ["PutItem C"]);
        }
    }
    assert_eq!(register_from(&world, "198.51.100.1", 1, None).await.status, 201);
    assert_eq!(proxy.requests(), ["UpdateItem L", "PutItem C"], "the first lease, after an instance's share");
    admitted(&world, "198.51.100.1", 100).await;
    proxy.requests();
    assert_eq!(admitted(&world, "198.51.100.1", 100).await, 0);
    assert_eq!(proxy.requests(), [""; 0], "who waits costs nothing");
}

/// What a token is good for is a number of clients, and not one of refusals.
#[tokio::test]
async fn who_shows_a_good_token_is_refused_as_often_as_a_stranger_registers() {
    let world = World::for_identity_center(1).await;
    world.service(1, Preset::Protected.policy()).await;
    let token = world.initial_access_token(1, Some(1), None, BoundPolicy::default()).await;
    let other = world.initial_access_token(1, Some(1), None, BoundPolicy::default()).await;
    let send_with = async |token: &str, address: &str, metadata: Value| {
        let address = SocketAddr::new(address.parse().unwrap(), 50_000);
        let client = Client { address, secure: true, certificate: None };
        let authorization = format!("Bearer {token}");
        let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
        world.send_over(client, "POST", "/1/register", &headers, metadata.to_string()).await
    };
    let send = async |address: &str, metadata: Value| send_with(&token, address, metadata).await;
    let mut refused = 0;
    for body in ["https://rp.example/#fragment", "junk"].into_iter().cycle().take(300) {
        let reply = send("198.51.100.1", json!({"redirect_uris": [body]})).await;
        assert!(matches!(reply.status, 400 | 429), "{reply:?}");
        refused += usize::from(reply.status == 400);
    }
    assert_eq!(refused, 63, "as many as a stranger registers");
    let waits = send("198.51.100.1", web_client()).await;
    assert!(waits.status == 429 && waits.header("retry-after").parse::<u64>().is_ok(), "{waits:?}");
    let others = send_with(&other, "198.51.100.1", web_client()).await;
    assert_eq!(others.status, 201, "who has another token waits for nobody's refusals: {others:?}");
    assert_eq!(send("203.0.113.1", web_client()).await.status, 201, "another network has its own");
}

#[tokio::test]
async fn who_shows_a_good_token_is_no_stranger_and_who_shows_another_is() {
    let world = World::for_identity_center(1).await;
    world.service(1, Preset::Protected.policy()).await;
    let token = world.initial_access_token(1, None, None, BoundPolicy::default()).await;
    let elsewhere = {
        world.service(2, Preset::Protected.policy()).await;
        world.initial_access_token(2, None, None, BoundPolicy::default()).await
    };
    for presented in [None, Some("made up"), Some(elsewhere.as_str())] {
        let mut refused = 0;
        for _ in 0..100 {
            let reply = register_from(&world, "198.51.100.1", 1, presented).await;
            assert!(matches!(reply.status, 401 | 429), "{reply:?}");
            refused += usize::from(reply.status == 429);
        }
        assert_eq!(refused, 37, "{presented:?}");
        for _ in 0..100 {
            assert_eq!(register_from(&world, "198.51.100.1", 1, Some(&token)).await.status, 201);
        }
        world.clock.advance(30);
    }
}

#[tokio::test]
pub(crate) async fn changes_of_clients_are_limited_and_apart_from_registrations() {
    let world = deployment().await;
    let (path, token, reply) = world.client(&web_client()).await;
    let update = as_update(&reply.body);
    let change =
        async |method: &str, token: &str, body: &Value| world.send_json(method, &path, Some(token), body).await;
    let mut passed = 0;
    for _ in 0..100 {
        passed += usize::from(change("PUT", &token, &update).await.status == 200);
    }
    assert_eq!(passed, 63);
    let refused = change("PUT", &token, &update).await;
    assert_eq!((refused.status, refused.text("error")), (429, "temporarily_unavailable"));
    assert_eq!(change("DELETE", &token, &json!({})).await.status, 429);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200, "one read costs what a limit would");
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
    world.clock.advance(30);
    let other = world.register(1, None, &web_client()).await;
    let wrong = other.text("registration_access_token");
    for _ in 0..63 {
        assert_invalid_token(&change("DELETE", wrong, &json!({})).await);
    }
    assert_eq!(change("DELETE", wrong, &json!({})).await.status, 429, "a guess is a request");
    world.clock.advance(30);
    assert_eq!(change("DELETE", &token, &json!({})).await.status, 204);
}

#[tokio::test]
pub(crate) async fn strangers_wait_their_turn() {
    let world = World::for_identity_center(1).await;
    let mut policy = Preset::Open.policy();
    policy.doors.push("federation".to_owned());
    world.service(1, policy).await;
    let statement = [("content-type", "application/entity-statement+jwt")];
    let mut replies = Vec::new();
    for _ in 0..64 {
        replies.push(world.send("POST", "/1/federation/register", &statement, "nonsense").await);
    }
    let refused = replies.pop().unwrap();
    assert!(replies.iter().all(|reply| reply.status != 429));
    assert_eq!((refused.status, refused.text("error")), (429, "temporarily_unavailable"));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    assert_eq!(world.register(1, None, &web_client()).await.status, 201, "each door has its own");
}

#[tokio::test]
async fn a_service_says_no_more_of_a_limit_than_of_another_error() {
    let world = World::limited(1, RateLimit::new(1, 1), RateLimit::new(1, 3)).await;
    let mut policy = Preset::Open.policy();
    policy.errors.description = false;
    world.service(1, policy).await;
    admitted(&world, "198.51.100.1", 5).await;
    let refused = register_from(&world, "198.51.100.1", 1, None).await;
    assert_eq!((refused.status, &refused.body), (429, &json!({"error": "temporarily_unavailable"})));
}

async fn register_with(world: &World, address: &str, redirect: &str) -> u16 {
    let address = SocketAddr::new(address.parse().unwrap(), 50_000);
    let client = Client { address, secure: true, certificate: None };
    let body = json!({"redirect_uris": [redirect]}).to_string();
    world.send_over(client, "POST", "/1/register", &[("content-type", "application/json")], body).await.status
}

#[tokio::test]
async fn a_known_redirect_host_raises_an_addresss_allowance_and_shares_none() {
    let world = World::for_identity_center(1).await;
    let mut policy = Preset::Open.policy();
    policy.redirect_uris.known_hosts = vec!["assistant.example".to_owned(), ".editor.example".to_owned()];
    world.service(1, policy).await;
    let admitted = async |address: &str, redirect: &str, asked: usize| {
        let mut admitted = 0;
        for _ in 0..asked {
            admitted += usize::from(register_with(&world, address, redirect).await == 201);
        }
        admitted
    };
    let unknown = admitted("198.51.100.1", "https://rp.example/cb", 80).await;
    assert_eq!(unknown, 63, "an address's own");
    let known = admitted("198.51.100.1", "https://assistant.example/cb", 400).await;
    assert!((200..220).contains(&known), "a third of what all have, beside it: {known}");
    assert_eq!(admitted("198.51.100.1", "https://eu.editor.example/cb", 5).await, 0, "of one address, whatever host");
    assert_eq!(admitted("198.51.100.2", "https://assistant.example/cb", 50).await, 50, "another address has its own");
    for other in ["https://assistant.example.evil.example/cb", "com.assistant.example:/cb", "http://127.0.0.1/cb"] {
        assert_eq!(admitted("198.51.100.1", other, 3).await, 0, "{other}");
    }
}
