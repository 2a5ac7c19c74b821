//! Automatic registration (§12.1).

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::client::Source;
use shared::federation::discovery::RESOLVING;
use shared::metadata_document::Wanted;
use shared::origin::Origin;
use shared::registry::Context;
use shared::resolution;
use shared::service::RepeatedRegistration;
use shared::store::Named;

use super::world::{Federation, OWN};
use crate::changes::{row, rows, stored};
use crate::support::NOW;

#[tokio::test]
async fn s12_1_an_unknown_entity_identifier_is_registered_automatically() {
    let federation = Federation::new().await;
    federation.publish_party(|_| {});
    let found = federation.look_for(&federation.party.id).await;
    assert_eq!(found.status, 200, "{found:?}");
    let client = &found.body;
    assert_eq!((&client["automaticallyRegistered"], &client["explicitlyRegistered"]), (&json!(true), &json!(false)));
    assert_eq!(client["clientSource"], "AUTOMATIC_REGISTRATION");
    assert_eq!(
        (&client["entityId"], &client["clientIdAlias"]),
        (&json!(federation.party.id), &json!(federation.party.id))
    );
    assert_eq!(client["tokenAuthMethod"], "PRIVATE_KEY_JWT");
    assert_eq!(client.get("clientSecret"), None);
    assert_eq!(client["trustAnchorId"], federation.anchor.id);
    let requests = federation.site.requests();
    let again = federation.look_for(&federation.party.id).await;
    assert_eq!((&again.body, federation.site.requests()), (client, requests), "known from now on");
}

#[tokio::test]
async fn s12_3_an_automatic_registration_is_refreshed_when_it_has_ended() {
    let federation = Federation::new().await;
    federation.publish_party(|claims| claims["exp"] = (NOW + 100).into());
    let mut first = federation.look_for(&federation.party.id).await.body;
    assert_eq!(first["trustChainExpiresAt"], (NOW + 100) * 1000);
    first["description"] = "An operator's own".into();
    let updated = federation.operate("POST", &format!("/client/update/{}", first["clientId"]), &first).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    federation.world.clock.advance(100);
    federation.publish_party(|claims| {
        claims["exp"] = (NOW + 300).into();
        claims["metadata"]["openid_relying_party"]["client_name"] = "Renamed".into();
    });
    let refreshed = federation.look_for(&federation.party.id).await.body;
    assert_eq!(refreshed["trustChainExpiresAt"], (NOW + 300) * 1000);
    assert_eq!(refreshed["clientName"], "Renamed");
    assert_eq!(refreshed["clientId"], first["clientId"]);
    assert_eq!(refreshed["description"], "An operator's own", "what operators decided outlives its end");
}

#[tokio::test]
async fn s12_1_automatic_registration_needs_keys_and_the_parties_consent() {
    let federation = Federation::new().await;
    let party = |claims: &mut Value, members: Value| {
        let metadata = claims["metadata"]["openid_relying_party"].as_object_mut().unwrap();
        metadata.extend(members.as_object().unwrap().clone());
    };
    let federations = [
        (json!({"client_registration_types": ["explicit"]}), "client_registration_types"),
        (json!({"token_endpoint_auth_method": "client_secret_basic"}), "asymmetric"),
        (json!({"jwks": {"keys": []}}), "jwks"),
        (json!({"redirect_uris": []}), "redirect_uris"),
    ];
    for (members, part) in federations {
        federation.publish_party(|claims| party(claims, members));
        federation.world.clock.advance(11);
        let reply = federation.look_for(&federation.party.id).await;
        assert_eq!((reply.status, reply.text("resultCode")), (404, "A001297"), "{reply:?}");
        assert!(reply.text("resultMessage").contains(part), "{part}: {reply:?}");
        federation.world.clock.advance(3);
    }
    federation.publish_party(|claims| {
        claims["metadata"]["openid_relying_party"].as_object_mut().unwrap().remove("jwks");
        party(claims, json!({"token_endpoint_auth_method": "none"}));
    });
    federation.world.clock.advance(11);
    let reply = federation.look_for(&federation.party.id).await;
    assert!(reply.text("resultMessage").contains("asymmetric keys"), "nobody could verify its requests: {reply:?}");
}

#[tokio::test]
async fn s12_1_of_the_methods_that_a_party_supports_one_without_a_secret_is_chosen() {
    for (supported, chosen) in [
        (json!(["client_secret_basic", "private_key_jwt"]), "PRIVATE_KEY_JWT"),
        (json!(["client_secret_post", "none"]), "NONE"),
    ] {
        let federation = Federation::new().await;
        federation.publish_party(|claims| {
            let metadata = &mut claims["metadata"]["openid_relying_party"];
            metadata["token_endpoint_auth_methods_supported"] = supported;
        });
        let found = federation.look_for(&federation.party.id).await;
        assert_eq!(found.body["tokenAuthMethod"], chosen, "{found:?}");
    }
}

#[tokio::test]
async fn automatic_registration_is_for_who_may_use_the_service() {
    let federation = Federation::new().await;
    federation.publish_party(|_| {});
    let reader = crate::authlete::operator_token(
        &federation.world,
        crate::authlete::Owner::Service(1),
        &[Permission::ClientRead, Permission::ServiceRead],
    )
    .await;
    let entity = federation.party.id.replace(':', "%3A").replace('/', "%2F");
    let path = format!("/api/1/client/get/{entity}");
    let reply = federation.world.send_bare("GET", &path, Some(&reader)).await;
    assert_eq!((reply.status, reply.text("resultCode")), (404, "A001295"), "{reply:?}");
    assert_eq!(federation.site.requests(), 0);
    let mut explicit_only = federation.world.app.store.service(1).await.unwrap().unwrap();
    let metadata = &mut explicit_only.configuration.authorization_server;
    metadata.insert("client_registration_types_supported".to_owned(), json!(["explicit"]));
    let origin = Origin::default();
    let store = &federation.world.app.store;
    store.update_service(1, explicit_only.version, &explicit_only.configuration, None, &origin).await.unwrap();
    let reply = federation.look_for(&federation.party.id).await;
    assert_eq!((reply.status, reply.text("resultCode")), (404, "A001295"), "{reply:?}");
    assert_eq!(federation.site.requests(), 0);
}

#[tokio::test]
async fn s12_2_an_explicit_registration_takes_an_automatic_ones_place_and_not_the_other_way() {
    let federation = Federation::new().await;
    let refusing = Federation::with(|settings| settings.repeated_registration = RepeatedRegistration::Refuse).await;
    for federation in [&federation, &refusing] {
        federation.publish_party(|_| {});
        assert_eq!(federation.look_for(&federation.party.id).await.body["automaticallyRegistered"], true);
        federation.registered(&federation.register(&federation.request()).await);
    }
    let found = federation.look_for(&federation.party.id).await.body;
    assert_eq!((&found["explicitlyRegistered"], &found["automaticallyRegistered"]), (&json!(true), &json!(false)));
    // An explicit registration that comes while an automatic one looks for its chain stays.
    let service = federation.world.app.service(1).await.unwrap();
    let context = Context {
        app: federation.world.app,
        service: &service,
        origin: Origin::default(),
        fetching_ends: std::time::Instant::now() + RESOLVING,
        audiences: Vec::new(),
    };
    let (party, wanted) = (&federation.party.id, Wanted { may_fetch: true, ..Wanted::default() });
    let client = resolution::resolve(&context, OWN, party, Named::default(), wanted).await.unwrap();
    assert_eq!(client.source, Source::FederationExplicit);
}

#[tokio::test]
async fn what_a_relying_party_publishes_is_kept_when_it_registers_automatically() {
    let federation = Federation::new().await;
    federation.publish_party(|claims| claims["metadata"]["openid_relying_party"]["made_up"] = json!(1));
    assert_eq!(federation.look_for(&federation.party.id).await.status, 200);
    let client = stored(&federation.world, &federation.party.id).await;
    assert_eq!(client.source, Source::FederationAutomatic);
    let changes = rows(&client);
    let method = row("federation", "token_endpoint_auth_method", Value::Null, json!("private_key_jwt"));
    assert_eq!(changes[0], method, "there is nobody to give a secret to");
    assert!(changes.contains(&row("custom_members", "made_up", json!(1), Value::Null)), "{changes:?}");
    let sent = client.sent();
    assert_eq!((sent.get("token_endpoint_auth_method"), &sent["made_up"]), (None, &json!(1)));
}
