//! What was refused.

use std::net::SocketAddr;

use registrar::gateway::Client;
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{Addresses, Preset};
use shared::time::{DAY, day_of};

use super::Operator;
use crate::fault_proxy::FaultProxy;
use crate::support::{NOW, Reply, World, table};

#[tokio::test]
async fn a_sample_of_a_refusal_is_tried() {
    let operator = Operator::of(Preset::Open.policy()).await;
    for body in [
        json!({"redirect_uris": ["https://user:hunter2@rp.example/cb"]}),
        json!({"redirect_uris": ["https://rp.example/cb"], "client_name": "hunter2\u{202e}"}),
        json!({"redirect_uris": ["https://rp.example/cb"], "jwks": [{"hunter2": 1}]}),
    ] {
        let (world, address) = (&operator.world, "/1/register");
        world.clock.advance(24 * 60 * 60);
        let refused = world.send_json("POST", address, None, &body).await;
        assert_eq!(refused.status, 400);
        let refusal = operator.get("refusals?days=1").await.body["refusals"][0].clone();
        let [sample] = refusal["samples"].as_array().unwrap().as_slice() else { panic!("{refusal}") };
        assert_eq!(sample["reproduces"], true, "{refusal}");
        let tried = operator.send("POST", "policy/try", &json!({"sample": sample["sent"]})).await;
        assert_eq!(tried.body["refused"]["rule"], refusal["rule"], "{tried:?}");
        assert_eq!(tried.body["refused"]["error_description"], refused.body["error_description"]);
        assert!(!tried.body.to_string().contains("hunter2"));
        // What was tried is answered, and is refused for the same.
        let again = world.send_json("POST", address, None, &tried.body["client"]).await;
        assert_eq!(again.body, refused.body);
    }
    let twice = operator.world.register(1, None, &json!({"client_name": 1, "redirect_uris": []})).await;
    assert_eq!(twice.status, 400);
    for body in [json!({"client": {}, "sample": {}}), json!({"sample": {"client_name": "x".repeat(9000)}})] {
        let wrong = operator.send("POST", "policy/try", &body).await;
        assert_eq!((wrong.status, wrong.text("error")), (400, "invalid_request"), "{wrong:?}");
    }
}

/// Whoever sends ever another body takes its own two places, and who sends one body again and again takes one.
#[tokio::test]
async fn a_flood_hides_nothing_of_the_other_half_of_those_who_send() {
    let mut policy = Preset::Open.policy();
    policy.audit.addresses = Addresses::None;
    let operator = Operator::of(policy).await;
    let service = operator.world.app.store.service(1).await.unwrap().unwrap();
    let half = |address: &str| service.numeric_id(address) % 2;
    let address = |host: u8| format!("198.51.100.{host}");
    let flooding = address(1);
    let other = (2..=254).map(address).find(|other| half(other) != half(&flooding)).unwrap();
    let send = async |from: &str, host: &str| {
        operator.world.clock.advance(1);
        let address = SocketAddr::new(from.parse().unwrap(), 1);
        let client = Client { address, secure: true, certificate: None };
        let body = json!({"redirect_uris": [format!("https://{host}.example/#a")]}).to_string();
        let headers = [("content-type", "application/json")];
        assert_eq!(operator.world.send_over(client, "POST", "/1/register", &headers, body).await.status, 400);
        let refusals = operator.get("refusals").await.body["refusals"].as_array().unwrap().clone();
        let [refusal] = refusals.as_slice() else { panic!("one kind, from nowhere: {refusals:?}") };
        assert_eq!(refusal["samples"][0]["sent"]["redirect_uris"][0], format!("https://{host}.example/…#…"));
        refusal["samples"].as_array().unwrap().clone()
    };
    let mut samples = Vec::new();
    for host in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        samples = send(&other, host).await;
    }
    assert_eq!(samples.len(), 2, "what one has sent, the last two of what differs");
    let mut after = Vec::new();
    for number in 0..30 {
        after = send(&flooding, &format!("flood{number}")).await;
    }
    assert!(samples.iter().all(|kept| after.contains(kept)) && after.len() == 4, "{after:?}");
    for _ in 0..30 {
        after = send(&other, "same").await;
    }
    assert_eq!((after.len(), samples.iter().filter(|kept| after.contains(kept)).count()), (4, 1), "{after:?}");
}

#[tokio::test]
async fn what_was_refused_and_changed_is_shown() {
    let operator = Operator::of(Preset::Open.policy()).await;
    operator.registered("One").await;
    let refused = json!({"redirect_uris": ["https://rp.example/cb#a"], "client_name": "Mallory"});
    assert_eq!(operator.world.register(1, None, &refused).await.status, 400);
    operator.world.catch_up().await;
    let counts = operator.get("counts?days=2").await;
    assert_eq!(counts.body["clients"], 1, "{counts:?}");
    assert_eq!(counts.body["days"][0]["clients"], 1);
    let [hour] = counts.body["hours"].as_array().unwrap().as_slice() else { panic!("{counts:?}") };
    let parts = (&hour["registered"], &hour["refusals"], &hour["refused"]);
    assert_eq!(parts, (&json!({"oauth": 1}), &json!({"oauth": 1}), &json!(1)), "{hour}");
    let refusals = operator.get("refusals").await;
    let refusal = &refusals.body["refusals"][0];
    assert_eq!((&refusal["error"], &refusal["count"]), (&json!("invalid_redirect_uri"), &json!(1)), "{refusals:?}");
    assert!(!refusals.body.to_string().contains("Mallory"));
    let audit = operator.get(&format!("audit?since={NOW}")).await;
    let entries = audit.body["entries"].as_array().unwrap();
    assert_eq!((&entries[0]["events"], &entries[0]["subject"]), (&json!(["registered"]), &json!("client")));
    assert_eq!(operator.get("audit?since=9999999999").await.body, json!({"entries": []}));
}

#[tokio::test]
async fn refusals_come_page_by_page_the_newest_day_first() {
    let table = table(None).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    world.service(1, Preset::Open.policy()).await;
    world.service(2, Preset::Open.policy()).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let operator = Operator { world, token };
    let refuse = async |service: u64, network: u8| {
        let client = Client { address: SocketAddr::from(([198, 51, network, 7], 1)), secure: true, certificate: None };
        let (path, body) = (format!("/{service}/register"), json!({"redirect_uris": ["junk"]}).to_string());
        let sent = operator.world.send_over(client, "POST", &path, &[("content-type", "application/json")], body);
        assert_eq!(sent.await.status, 400);
    };
    // Three kinds three days ago, one before yesterday, none yesterday, four and one twice today.
    for (days, networks) in [(0, &[1, 2, 3][..]), (1, &[4]), (2, &[5, 6, 7, 8, 5])] {
        operator.world.clock.advance(days * DAY);
        for network in networks {
            refuse(1, *network).await;
            refuse(2, *network).await;
        }
    }
    let page = async |query: &str| {
        proxy.requests();
        let reply = operator.get(&format!("refusals?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        let queries = proxy.requests().iter().filter(|request| *request == "Query").count();
        (reply, queries)
    };
    let told = |reply: &Reply| -> Vec<String> {
        let told = |refusal: &Value| {
            let text = |name: &str| refusal[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("day"), text("network"), refusal["count"])
        };
        reply.body["refusals"].as_array().unwrap().iter().map(told).collect()
    };
    let [oldest, second, newest] = [0, 1, 3].map(|day| day_of(NOW + day * DAY));
    let expected = |day: &str, networks: &[(u8, u64)]| -> Vec<String> {
        networks.iter().map(|(network, count)| format!("{day} 198.51.{network}.0/24 {count}")).collect()
    };
    let all = [
        expected(&newest, &[(5, 2), (6, 1), (7, 1), (8, 1)]),
        expected(&second, &[(4, 1)]),
        expected(&oldest, &[(1, 1), (2, 1), (3, 1)]),
    ]
    .concat();
    let (whole, queries) = page("").await;
    assert_eq!((told(&whole), whole.body.get("next"), queries), (all.clone(), None, 7), "a week, unless asked");
    assert_eq!(told(&page("days=3").await.0), all[..5]);
    for limit in 1..=8 {
        let (mut seen, mut query) = (Vec::new(), String::new());
        loop {
            let (found, _) = page(&format!("limit={limit}{query}")).await;
            let next = found.body.get("next").and_then(Value::as_str);
            let some = told(&found);
            assert!(some.len() == limit || next.is_none() && !some.is_empty(), "{limit}{query}: {found:?}");
            seen.extend(some);
            let Some(next) = next else { break };
            query = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "{limit}");
    }
    let (first, queries) = page("limit=3").await;
    assert_eq!(queries, 1, "a page within a day");
    let next = first.body["next"].as_str().unwrap();
    // What had come meanwhile stands where it belongs; what is after the page is not moved.
    refuse(1, 1).await;
    assert_eq!(told(&page(&format!("limit=1&cursor={next}")).await.0), all[3..4]);
    let last = page("limit=7").await.0.body["next"].as_str().unwrap().to_owned();
    let foreign = operator.world.service_token(2, &Permission::ALL).await;
    let of_other = operator.world.send_bare("GET", "/operator/2/refusals?limit=3", Some(&foreign)).await;
    let of_other = of_other.text("next").to_owned();
    proxy.requests();
    for (query, member) in [
        (format!("cursor={of_other}"), "cursor"),
        (format!("days=2&cursor={last}"), "cursor"),
        (format!("cursor={}", &next[1..]), "cursor"),
        (format!("cursor={}", &next[..next.len() - 2]), "cursor"),
        (format!("cursor={next}A"), "cursor"),
        (format!("cursor={newest}"), "cursor"),
        ("cursor=x".to_owned(), "cursor"),
        ("cursor=".to_owned(), "cursor"),
        (format!("cursor={next}&cursor={next}"), "cursor"),
        ("limit=0".to_owned(), "limit"),
        ("limit=101".to_owned(), "limit"),
        ("days=32".to_owned(), "days"),
    ] {
        let refused = operator.get(&format!("refusals?{query}")).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{query}: {refused:?}");
        assert!(refused.text("error_description").contains(member), "{query}: {refused:?}");
    }
    assert!(proxy.requests().iter().all(|request| request != "Query"), "nothing is asked for these");
    // Midnight passes between two pages: the day that was the last one asked for is read to its end.
    operator.world.clock.advance(DAY);
    assert_eq!(told(&page(&format!("days=4&cursor={last}")).await.0), all[6..]);
    assert_eq!(told(&page("days=4").await.0).len(), 6, "where it is not begun with");
}
