//! The end of a registration (§12.3), and what outlives it.

use serde_json::json;

use super::changed;
use super::world::{Federation, assert_refused};
use crate::support::NOW;

#[tokio::test]
async fn s12_3_a_registration_ends_with_its_chain() {
    let federation = Federation::new().await;
    federation.publish_about(&federation.above, &federation.below, |claims| claims["exp"] = (NOW + 100).into());
    let reply = federation.register(&federation.request()).await;
    assert_eq!(federation.verified(reply.body.as_str().unwrap()).1["exp"], NOW + 100);
    federation.world.clock.advance(99);
    assert_eq!(federation.look_for(&federation.party.id).await.status, 200);
    federation.world.clock.advance(1);
    assert_eq!(federation.look_for(&federation.party.id).await.status, 404);
}

/// What users have let an entity have stays its own as long as its registration lives, or its chain is found anew.
#[tokio::test]
async fn s12_3_a_registration_after_an_end_has_nothing_of_the_one_before_it() {
    let federation = Federation::new().await;
    let begun = async || {
        let service = federation.world.app.service(1).await.unwrap();
        let number = service.numeric_id(&federation.party.id);
        let client = federation.world.app.store.client(1, number).await.unwrap().unwrap();
        assert_eq!(client.begun, client.tokens_from);
        client.begun
    };
    let register = async |later: u64| {
        federation.world.clock.advance(later);
        let request = changed(&federation.request(), "iat", federation.world.clock.now().into());
        let request = changed(&request, "exp", (federation.world.clock.now() + 100).into());
        federation.registered(&federation.register(&request).await);
        begun().await.unwrap()
    };
    let first = register(1).await;
    assert_eq!(register(30).await, first, "one that is replaced");
    let second = register(200).await;
    assert!(second > first, "one that has ended");

    let federation = Federation::new().await;
    let found = async |end: u64| {
        federation.publish_party(|claims| claims["exp"] = end.into());
        assert_eq!(federation.look_for(&federation.party.id).await.status, 200);
        let service = federation.world.app.service(1).await.unwrap();
        let number = service.numeric_id(&federation.party.id);
        federation.world.app.store.client(1, number).await.unwrap().unwrap()
    };
    assert_eq!(found(NOW + 100).await.tokens_from, None);
    federation.world.clock.advance(100);
    assert_eq!(found(NOW + 300).await.tokens_from, None, "an automatic one whose chain is found anew");
}

#[tokio::test]
async fn s12_2_2_a_secret_does_not_expire_before_the_registration() {
    let federation = Federation::new().await;
    let mut policy = federation.world.app.store.service(1).await.unwrap().unwrap().configuration.policy;
    policy.secret_lifetime = Some(60);
    federation.world.set_policy(1, policy).await;
    let reply = federation.register(&federation.request()).await;
    let (_, claims) = federation.verified(reply.body.as_str().unwrap());
    assert_eq!(claims["exp"], NOW + 60);
    assert_eq!(claims["metadata"]["openid_relying_party"]["client_secret_expires_at"], NOW + 60);
}

#[tokio::test]
async fn a_lock_outlives_its_client_and_ends_by_the_url_of_the_entity() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    let token = federation.world.service_token(1, &shared::caller::Permission::ALL).await;
    let query =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("client_id", &federation.party.id).finish();
    let list = format!("/operator/1/clients?{query}");
    let found = federation.world.send_bare("GET", &list, Some(&token)).await;
    let path = format!("/operator/1/clients/{}", found.body["clients"][0]["numeric_id"]);
    let act = async |action: &str| {
        federation.world.clock.advance(1);
        federation.world.send_bare("POST", &format!("{path}/{action}"), Some(&token)).await
    };
    assert_eq!(act("lock").await.status, 200);
    assert_eq!(federation.world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    let gone = federation.world.send_bare("GET", &list, Some(&token)).await;
    assert_eq!((&gone.body["clients"], &gone.body["deleted"]["client_id"]), (&json!([]), &json!(federation.party.id)));
    assert_eq!(format!("/operator/1/clients/{}", gone.body["deleted"]["numeric_id"]), path, "{gone:?}");
    let restored = act("restore").await;
    assert!(
        restored.status == 409 && restored.text("error_description").contains("unless it is locked"),
        "{restored:?}"
    );
    let again = |second: u64| changed(&federation.request(), "iat", (NOW + second).into());
    assert_refused(&federation.register(&again(2)).await, 403, "access_denied", "locked");
    assert_eq!(act("unlock").await.status, 204);
    federation.registered(&federation.register(&again(3)).await);
}

#[tokio::test]
pub(crate) async fn a_lock_outlives_registrations_and_their_ends() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    let lock = |flag: bool| json!({ "clientLocked": flag });
    let path = format!("/client/lock_flag/update/{}", federation.party.id.replace(':', "%3A").replace('/', "%2F"));
    let locked = federation.operate("POST", &path, &lock(true)).await;
    assert_eq!(locked.status, 200, "{locked:?}");
    let again = changed(&federation.request(), "iat", NOW.into());
    assert_refused(&federation.register(&again).await, 403, "access_denied", "locked");
    federation.world.clock.advance(3600);
    let found = federation.look_for(&federation.party.id).await;
    assert_eq!((found.status, &found.body["locked"]), (200, &json!(true)), "it waits for an operator");
    let unlocked = federation.operate("POST", &path, &lock(false)).await;
    assert_eq!(unlocked.status, 200, "{unlocked:?}");
    assert_eq!(federation.look_for(&federation.party.id).await.status, 404, "and ends then");
}
