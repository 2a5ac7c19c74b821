//! Registrations of relying parties when DynamoDB fails, and how often it is asked when it does not.

use serde_json::{Value, json};

use super::changed;
use super::world::{Federation, assert_refused};
use crate::fault_proxy::{Fault, FaultProxy};
use crate::requests::assert_documented;
use crate::support::{NOW, Reply, World};

const THROTTLED: Fault = Fault::Exception(400, "ProvisionedThroughputExceededException");

/// A second registrar on the federation's table, which fails as it is told to.
async fn failing(federation: &Federation) -> (FaultProxy, World) {
    let proxy = FaultProxy::start(&federation.world.url()).await;
    let world = World::reaching(&proxy.url(), federation.site.reachable());
    (proxy, world)
}

async fn register(world: &World, federation: &Federation, issued_at: u64) -> Reply {
    let claims = changed(&federation.request(), "iat", issued_at.into());
    let headers = [("content-type", "application/entity-statement+jwt")];
    world.send("POST", "/1/federation/register", &headers, federation.party.sign(&claims)).await
}

#[tokio::test]
async fn s8_9_a_table_that_does_not_answer_is_temporarily_unavailable() {
    for request in ["TransactWriteItems C U", "GetItem F", "UpdateItem F"] {
        let federation = Federation::new().await;
        let (proxy, world) = failing(&federation).await;
        proxy.inject_always(request, THROTTLED);
        let reply = register(&world, &federation, NOW).await;
        assert_refused(&reply, 503, "temporarily_unavailable", "try again");
        assert_eq!(reply.header("retry-after"), "1", "{request}");
        let claims = changed(&federation.request(), "iat", NOW.into());
        let body = json!({"entityConfiguration": federation.party.sign(&claims)}).to_string();
        let authorization = format!("Bearer {}", federation.operator());
        let headers = [("content-type", "application/json"), ("authorization", authorization.as_str())];
        let reply = world.send("POST", "/api/1/federation/registration", &headers, body).await;
        assert_eq!((reply.status, reply.text("action")), (200, "INTERNAL_SERVER_ERROR"), "{request}: {reply:?}");
        let content: Value = serde_json::from_str(reply.text("responseContent")).unwrap();
        assert_eq!(content["error"], "temporarily_unavailable");
    }
}

#[tokio::test]
async fn a_statement_that_cannot_be_kept_is_good_for_this_registration() {
    let federation = Federation::new().await;
    let (proxy, world) = failing(&federation).await;
    proxy.inject_always("PutItem F", THROTTLED);
    federation.registered(&register(&world, &federation, NOW).await);
}

#[tokio::test]
async fn a_registration_whose_answer_from_the_table_is_lost_is_a_registration() {
    let federation = Federation::new().await;
    let (proxy, world) = failing(&federation).await;
    proxy.inject("TransactWriteItems C U", Fault::LostAnswer);
    let reply = register(&world, &federation, NOW).await;
    let client = federation.registered(&reply);
    let stored = federation.look_for(&federation.party.id).await.body;
    assert_eq!(stored["clientSecret"], client["client_secret"], "the secret that was told is the one that is kept");
}

#[tokio::test]
async fn each_registration_makes_the_requests_that_the_design_allows_it() {
    let federation = Federation::new().await;
    let (proxy, world) = failing(&federation).await;
    // Limits of rates are another matter.
    let requests = || proxy.requests().into_iter().filter(|request| request != "UpdateItem L").collect::<Vec<_>>();
    let mut chain = vec![federation.party.sign(&federation.request())];
    chain.extend(federation.superiors());
    let headers = [("content-type", "application/trust-chain+json")];
    let send = |chain: &[String]| world.send("POST", "/1/federation/register", &headers, json!(chain).to_string());
    federation.registered(&send(&chain).await);
    let expect = |access: &str, wanted: &[&str]| {
        let asked = requests();
        assert_eq!(asked, wanted, "{access}");
        assert_documented(access, &asked);
    };
    expect("explicit registration with a chain", &["TransactWriteItems C U"]);
    chain[0] = federation.party.sign(&changed(&federation.request(), "iat", (NOW - 5).into()));
    federation.registered(&send(&chain).await);
    expect(
        "explicit registration with a chain of an entity that was registered before",
        &["TransactWriteItems C U", "TransactWriteItems C U"],
    );
    federation.registered(&register(&world, &federation, NOW - 4).await);
    let found = ["GetItem F", "UpdateItem F", "PutItem F"].repeat(6);
    let known = ["TransactWriteItems C U", "TransactWriteItems C U"];
    expect(
        "explicit registration with a chain of six that are fetched",
        &[&["GetItem C"], &found[..], &known].concat(),
    );
    federation.registered(&register(&world, &federation, NOW - 3).await);
    let kept = ["GetItem F"].repeat(6);
    expect(
        "explicit registration with a chain of six statements that are kept",
        &[&["GetItem C"], &kept[..], &known].concat(),
    );
}
