//! An entity identifier is one client's name: neither another one's identifier nor its alias.

use serde_json::{Value, json};

use super::changed;
use super::world::{Federation, assert_refused};
use crate::fault_proxy::FaultProxy;
use crate::support::{NOW, World};

#[tokio::test]
async fn a_client_that_was_registered_in_advance_under_an_entity_identifier_keeps_it() {
    let federation = Federation::new().await;
    federation.publish_party(|_| {});
    let alias = json!({"clientIdAlias": federation.party.id, "clientName": "In advance"});
    let created = federation.operate("POST", "/client/create", &alias).await;
    assert_eq!(created.status, 200, "{created:?}");
    let requests = federation.site.requests();
    let found = federation.look_for(&federation.party.id).await;
    assert_eq!(found.body, created.body);
    assert_eq!(federation.site.requests(), requests, "no chain is searched for");
    let refused = federation.register(&federation.request()).await;
    assert_refused(&refused, 400, "invalid_client_metadata", "has a client already");
    assert_eq!(federation.look_for(&federation.party.id).await.body, created.body);
    let deleted =
        federation.operate("DELETE", &format!("/client/delete/{}", created.body["clientId"]), &Value::Null).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let again = changed(&federation.request(), "iat", (NOW - 5).into());
    federation.registered(&federation.register(&again).await);
}

#[tokio::test]
async fn an_entity_identifier_that_is_registered_is_no_alias_until_it_ends() {
    let federation = Federation::new().await;
    federation.publish_about(&federation.above, &federation.below, |claims| claims["exp"] = (NOW + 100).into());
    federation.registered(&federation.register(&federation.request()).await);
    let alias = json!({"clientIdAlias": federation.party.id});
    let taken = federation.operate("POST", "/client/create", &alias).await;
    assert_eq!((taken.status, taken.text("resultCode")), (400, "A001296"), "{taken:?}");
    let other = federation.operate("POST", "/client/create", &json!({"clientName": "x"})).await.body;
    let update = format!("/client/update/{}", other["clientId"]);
    assert_eq!(federation.operate("POST", &update, &alias).await.status, 400);
    federation.world.clock.advance(100);
    assert_eq!(federation.operate("POST", &update, &alias).await.status, 200);
    assert_eq!(federation.look_for(&federation.party.id).await.body["clientId"], other["clientId"]);
}

#[tokio::test]
async fn of_an_alias_and_a_registration_at_once_one_has_the_name() {
    let federation = Federation::new().await;
    let proxy = FaultProxy::start(&federation.world.url()).await;
    let slow = World::reaching(&proxy.url(), federation.site.reachable());
    let alias = json!({"clientIdAlias": federation.party.id});

    let gate = proxy.hold("TransactWriteItems C U", 1);
    let authorization = Some(federation.operator());
    let (late, ()) = tokio::join!(slow.send_json("POST", "/api/1/client/create", authorization, &alias), async {
        gate.reached().await;
        federation.registered(&federation.register(&federation.request()).await);
        gate.open().await;
    });
    assert_eq!((late.status, late.text("resultCode")), (400, "A001296"), "it found the name free: {late:?}");
    let party = federation.look_for(&federation.party.id).await.body;
    assert_eq!(party["explicitlyRegistered"], true);
    let delete = format!("/client/delete/{}", party["clientId"]);
    assert_eq!(federation.operate("DELETE", &delete, &Value::Null).await.status, 204);

    let gate = proxy.hold("TransactWriteItems C U", 1);
    let request = federation.party.sign(&changed(&federation.request(), "iat", NOW.into()));
    let headers = [("content-type", "application/entity-statement+jwt")];
    let (late, ()) = tokio::join!(slow.send("POST", "/1/federation/register", &headers, request), async {
        gate.reached().await;
        assert_eq!(federation.operate("POST", "/client/create", &alias).await.status, 200);
        gate.open().await;
    });
    assert_refused(&late, 400, "invalid_client_metadata", "has a client already");
    assert_eq!(federation.look_for(&federation.party.id).await.body["clientSource"], "STATIC_REGISTRATION");
}
