//! Races and bad days: what is to happen once happens once, and nothing that was given is lost.

use std::sync::Arc;

use serde_json::json;
use shared::policy::Preset;
use tokio::task::JoinSet;

use super::{Owner, Party, Permission, assert_outcome, operator_token};
use crate::authlete::Authlete;
use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::{Reply, World, table};

/// Does the same many times at once.
async fn at_once<F>(times: usize, one: impl Fn() -> F) -> Vec<Reply>
where
    F: Future<Output = Reply> + Send + 'static,
{
    let mut all = JoinSet::new();
    for _ in 0..times {
        all.spawn(one());
    }
    all.join_all().await
}

fn succeeded(replies: &[Reply]) -> usize {
    replies.iter().filter(|reply| matches!(reply.body["action"].as_str(), Some("OK" | "LOCATION"))).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_issues_on_one_ticket_one_succeeds() {
    let party = Arc::new(Party::new().await);
    let ticket = party.ticket("openid").await;
    let replies = at_once(20, || {
        let (party, ticket) = (Arc::clone(&party), ticket.clone());
        async move { party.issue(&ticket, "john").await }
    })
    .await;
    assert_eq!(succeeded(&replies), 1, "{replies:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_exchanges_of_one_code_one_succeeds_and_its_tokens_die() {
    let party = Arc::new(Party::new().await);
    let code = party.code("openid", "john").await;
    let replies = at_once(20, || {
        let (party, code) = (Arc::clone(&party), code.clone());
        async move { party.exchange(&code).await }
    })
    .await;
    assert_eq!(succeeded(&replies), 1, "{replies:?}");
    let tokens = replies.iter().find(|reply| reply.body["action"] == "OK").unwrap();
    assert!(!party.works(tokens.text("accessToken")).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_refreshes_one_succeeds_or_all_give_the_same() {
    for (members, wanted) in [(json!({}), 1), (json!({"refreshTokenIdempotent": true}), 10)] {
        let party = Arc::new(Party::with(&members, &json!({})).await);
        let tokens = party.tokens("a", "john").await;
        let replies = at_once(10, || {
            let (party, token) = (Arc::clone(&party), tokens.text("refreshToken").to_owned());
            async move { party.refresh(&token).await }
        })
        .await;
        assert_eq!(succeeded(&replies), wanted, "{members}: {replies:?}");
        let mut pairs: Vec<&str> = replies.iter().filter_map(|reply| reply.body["refreshToken"].as_str()).collect();
        pairs.dedup();
        assert_eq!(pairs.len(), 1, "{members}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refresh_never_revives_what_is_being_revoked() {
    let party = Arc::new(Party::new().await);
    for round in 0..30 {
        party.authlete.world.clock.advance(2);
        let tokens = party.tokens("a", "john").await;
        let refresh = {
            let (party, token) = (Arc::clone(&party), tokens.text("refreshToken").to_owned());
            tokio::spawn(async move { party.refresh(&token).await })
        };
        let path = format!("/client/authorization/delete/{}", party.client_id);
        party.post(&path, &json!({"subject": "john"})).await;
        let refreshed = refresh.await.unwrap();
        for token in [Some(tokens.text("accessToken")), refreshed.body["accessToken"].as_str()].into_iter().flatten() {
            assert!(!party.works(token).await, "round {round}");
        }
        if let Some(token) = refreshed.body["refreshToken"].as_str() {
            assert_ne!(party.refresh(token).await.text("action"), "OK", "round {round}");
        }
    }
}

/// A party behind the proxy, and the same without it.
struct Scene {
    proxy: FaultProxy,
    party: Party,
    direct: Party,
    _embedded: registrar::embedded::Embedded,
}

impl Scene {
    async fn new() -> Self {
        let embedded = table(None).await;
        let proxy = FaultProxy::start(&embedded.url()).await;
        let world = World::at(&embedded.url());
        world.service(1, Preset::Open.policy()).await;
        let token = operator_token(&world, Owner::Service(1), &Permission::ALL).await;
        let direct = Party::at(Authlete { world, token }, &json!({}), &json!({})).await;
        let party = direct.by(World::apart_at(&proxy.url(), 2));
        Self { proxy, party, direct, _embedded: embedded }
    }
}

#[tokio::test]
async fn a_lost_answer_is_no_second_use() {
    let scene = Scene::new().await;
    for fault in [Fault::LostAnswer, Fault::Exception(500, "InternalServerError"), Fault::Bare(503)] {
        let ticket = scene.direct.ticket("openid a").await;
        scene.proxy.inject("TransactWriteItems G V", fault.clone());
        let issued = scene.party.issue(&ticket, "john").await;
        assert_outcome(&issued, "LOCATION", "A040001", "");
        scene.proxy.inject("PutItem G", fault.clone());
        let tokens = scene.party.exchange(issued.text("authorizationCode")).await;
        assert_outcome(&tokens, "OK", "A050001", "");
        scene.proxy.inject("PutItem G", fault.clone());
        let refreshed = scene.party.refresh(tokens.text("refreshToken")).await;
        assert_outcome(&refreshed, "OK", "A053080", "");
        assert!(scene.direct.works(refreshed.text("accessToken")).await, "{fault:?}");
        scene.proxy.inject("PutItem G", fault.clone());
        let delete = format!("/client/authorization/delete/{}", scene.party.client_id);
        scene.party.post(&delete, &json!({"subject": "john"})).await;
        assert!(!scene.direct.works(refreshed.text("accessToken")).await, "{fault:?}");
    }
}

#[tokio::test]
async fn throttling_and_conflicts_are_503_and_lose_nothing() {
    let scene = Scene::new().await;
    let ticket = scene.direct.ticket("openid a").await;
    scene.proxy.inject("TransactWriteItems G V", Fault::Cancelled("ThrottlingError"));
    let reply = scene.party.issue(&ticket, "john").await;
    assert_eq!((reply.status, reply.text("resultCode")), (503, "A001190"), "{reply:?}");
    scene.proxy.inject("TransactWriteItems G V", Fault::Cancelled("TransactionConflict"));
    let issued = scene.party.issue(&ticket, "john").await;
    assert_outcome(&issued, "LOCATION", "A040001", "");
    let code = issued.text("authorizationCode");
    for _ in 0..3 {
        scene.proxy.inject("PutItem G", Fault::Exception(400, "ProvisionedThroughputExceededException"));
    }
    let reply = scene.party.exchange(code).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    let tokens = scene.party.exchange(code).await;
    assert_outcome(&tokens, "OK", "A050001", "");
    for _ in 0..3 {
        scene.proxy.inject("PutItem G", Fault::Exception(400, "ProvisionedThroughputExceededException"));
    }
    let reply = scene.party.refresh(tokens.text("refreshToken")).await;
    assert_eq!(reply.status, 503, "{reply:?}");
    let refreshed = scene.party.refresh(tokens.text("refreshToken")).await;
    assert_outcome(&refreshed, "OK", "A053080", "");
}

/// What a user has let a client have is known without the index, which lags.
#[tokio::test]
async fn revocation_sees_what_the_index_does_not() {
    let scene = Scene::new().await;
    scene.proxy.lag();
    let tokens = scene.party.tokens("a", "john").await;
    let delete = format!("/client/authorization/delete/{}", scene.party.client_id);
    scene.party.post(&delete, &json!({"subject": "john"})).await;
    assert!(!scene.direct.works(tokens.text("accessToken")).await);
}
