//! An entity that registers again (§12.2.2).

use serde_json::{Value, json};
use shared::service::RepeatedRegistration;

use super::changed;
use super::world::{Entity, Federation, assert_refused};
use crate::support::NOW;

#[tokio::test]
async fn s12_2_2_a_repeated_registration_replaces_the_earlier_one() {
    let federation = Federation::new().await;
    let first = federation.registered(&federation.register(&federation.request()).await);
    federation.world.clock.advance(30);
    let mut again = changed(&federation.request(), "iat", (NOW + 30).into());
    again["metadata"]["openid_relying_party"]["redirect_uris"] = json!(["https://rp.example/new"]);
    let second = federation.registered(&federation.register(&again).await);
    assert_ne!(first["client_secret"], second["client_secret"]);
    let stored = federation.look_for(&federation.party.id).await.body;
    assert_eq!(stored["clientSecret"], second["client_secret"]);
    assert_eq!(stored["redirectUris"], json!(["https://rp.example/new"]));
}

#[tokio::test]
async fn a_captured_request_is_good_for_nothing() {
    let federation = Federation::new().await;
    let jwt = federation.party.sign(&federation.request());
    federation.registered(&federation.post("application/entity-statement+jwt", &jwt).await);
    let before = federation.look_for(&federation.party.id).await.body;
    let replayed = federation.post("application/entity-statement+jwt", &jwt).await;
    assert_refused(&replayed, 400, "invalid_request", "iat must be later");
    let older = changed(&federation.request(), "iat", (NOW - 11).into());
    assert_refused(&federation.register(&older).await, 400, "invalid_request", "iat must be later");
    assert_eq!(federation.look_for(&federation.party.id).await.body, before, "nothing has changed");
    let deleted = federation.operate("DELETE", &format!("/client/delete/{}", before["clientId"]), &Value::Null).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let after = federation.post("application/entity-statement+jwt", &jwt).await;
    assert_refused(&after, 400, "invalid_request", "iat must be later");
    federation.publish_party(|_| {});
    assert_eq!(federation.look_for(&federation.party.id).await.body["automaticallyRegistered"], true);
    let automatic = federation.post("application/entity-statement+jwt", &jwt).await;
    assert_refused(&automatic, 400, "invalid_request", "iat must be later");
    let newer = changed(&federation.request(), "iat", (NOW - 9).into());
    federation.registered(&federation.register(&newer).await);
}

#[tokio::test]
async fn a_service_may_refuse_a_repeated_registration() {
    let refuse = RepeatedRegistration::Refuse;
    let federation = Federation::with(|settings| settings.repeated_registration = refuse).await;
    federation.registered(&federation.register(&federation.request()).await);
    let again = changed(&federation.request(), "iat", NOW.into());
    assert_refused(&federation.register(&again).await, 400, "invalid_client_metadata", "has a client already");
    federation.world.clock.advance(3600);
    let later = json!({"iat": NOW + 3600, "exp": NOW + 7200});
    let mut renewed = federation.request();
    renewed.as_object_mut().unwrap().extend(later.as_object().unwrap().clone());
    for (superior, subordinate) in [
        (&federation.below, &federation.party),
        (&federation.above, &federation.below),
        (&federation.anchor, &federation.above),
    ] {
        federation.publish_about(superior, subordinate, |claims| claims["exp"] = (NOW + 7200).into());
    }
    for (entity, superiors) in [
        (&federation.anchor, vec![]),
        (&federation.above, vec![&federation.anchor]),
        (&federation.below, vec![&federation.above]),
    ] {
        let mut claims = entity.configuration(&superiors);
        claims["exp"] = (NOW + 7200).into();
        let endpoint = format!("{}/fetch", entity.id);
        claims["metadata"] = json!({"federation_entity": {"federation_fetch_endpoint": endpoint}});
        federation.publish(entity, &claims);
    }
    federation.registered(&federation.register(&renewed).await);
}

#[tokio::test]
async fn a_developers_share_does_not_refuse_a_repeated_registration() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    let mut policy = federation.world.app.store.service(1).await.unwrap().unwrap().configuration.policy;
    policy.clients_per_developer = Some(1);
    federation.world.set_policy(1, policy).await;
    federation.world.catch_up().await;
    let again = changed(&federation.request(), "iat", NOW.into());
    federation.registered(&federation.register(&again).await);
    let other = Entity::new(&format!("{}/other", federation.site.url));
    federation.publish_about(&federation.below, &other, |_| {});
    let request = Federation::request_of(&other, &[&federation.below]);
    let reply = federation.post("application/entity-statement+jwt", &other.sign(&request)).await;
    assert_refused(&reply, 403, "access_denied", "no more clients");
}
