//! How far an entity would come that asks for its registration, as operators see it.

use serde_json::{Value, json};

use super::world::Federation;
use crate::support::Reply;

async fn look_at(federation: &Federation, entity: &str) -> Reply {
    let entity = entity.replace(':', "%3A").replace('/', "%2F");
    let path = format!("/operator/1/federation?entity_id={entity}");
    federation.world.send_bare("GET", &path, Some(federation.operator())).await
}

fn outcomes(reply: &Reply) -> Vec<&str> {
    reply.body["checks"].as_array().unwrap().iter().map(|check| check["outcome"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn an_operator_sees_the_chain_and_what_would_be_registered() {
    let federation = Federation::new().await;
    federation.publish_party(|_| {});
    let reply = look_at(&federation, &federation.party.id).await;
    assert_eq!((reply.status, outcomes(&reply)), (200, vec!["passed"; 5]), "{reply:?}");
    assert_eq!(reply.body["trust_anchor"], federation.anchor.id.as_str());
    let chain = reply.body["chain"].as_array().unwrap();
    let pairs: Vec<(&Value, &Value)> = chain.iter().map(|statement| (&statement["iss"], &statement["sub"])).collect();
    let id = |entity: &super::world::Entity| Value::from(entity.id.as_str());
    let (party, below, above, anchor) =
        (id(&federation.party), id(&federation.below), id(&federation.above), id(&federation.anchor));
    assert_eq!(pairs[..4], [(&party, &party), (&below, &party), (&above, &below), (&anchor, &above)]);
    assert!(chain.iter().all(|statement| statement["exp"].as_u64() > statement["iat"].as_u64()));
    assert_eq!(reply.body["registered"]["redirect_uris"], json!(["https://rp.example/cb"]));
    let listed = federation.world.send_bare("GET", "/operator/1/clients", Some(federation.operator())).await;
    assert_eq!(listed.body["clients"], json!([]), "nobody is registered");
    let settings = federation.world.send_bare("GET", "/operator/1/federation", Some(federation.operator())).await;
    assert_eq!((&settings.body["enabled"], &settings.body["trust_anchors"]), (&json!(true), &json!([anchor])));
}

#[tokio::test]
async fn an_operator_sees_which_check_fails_and_why() {
    let federation = Federation::new().await;
    let reply = look_at(&federation, &federation.party.id).await;
    assert_eq!(outcomes(&reply), ["passed", "failed", "not_reached", "not_reached", "not_reached"], "{reply:?}");
    let reason = reply.body["checks"][1]["reason"].as_str().unwrap();
    assert!(reason.contains(&federation.party.id) && reason.contains("404"), "{reason}");
    federation.publish_party(|claims| {
        claims["metadata"]["openid_relying_party"]["redirect_uris"] = json!(["https://rp.example/cb#a"]);
    });
    federation.world.clock.advance(11);
    let reply = look_at(&federation, &federation.party.id).await;
    assert_eq!(outcomes(&reply), ["passed", "passed", "passed", "failed", "not_reached"], "{reply:?}");
    assert!(reply.body["checks"][3]["reason"].as_str().unwrap().contains("fragment"));
    assert_eq!(reply.body["chain"].as_array().unwrap().len(), 5);
}
