//! Trust anchors: whom each may vouch for, that nobody changes them unnoticed, and where they are (§11.2, §12.2.2).

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use shared::federation::{EntityId, KeyDifference, published_keys, trust_anchor};
use shared::fetch::Fetch;
use shared::jose::public_keys;
use shared::service::TrustAnchorSettings;

use super::chains::{header_chain, with_chains};
use super::changed;
use super::world::{Entity, Federation, PROVIDER, assert_refused};
use crate::support::NOW;

fn settings(anchor: &Entity, names: &[&str]) -> TrustAnchorSettings {
    let names = names.iter().map(|name| (*name).to_owned()).collect();
    TrustAnchorSettings { entity_id: anchor.id.clone(), jwks: anchor.jwks().to_string(), names }
}

/// The statements of a relying party's chain below that anchor alone, with keys of the party's choice.
fn chain_below(federation: &Federation, anchor: &Entity, party: &Entity, issued_at: u64) -> Vec<String> {
    let claims = changed(&Federation::request_of(party, &[anchor]), "iat", issued_at.into());
    let chain = vec![party.sign(&claims), anchor.sign(&anchor.about(party))];
    assert_eq!(party.id, federation.party.id);
    chain
}

#[tokio::test]
async fn an_entity_keeps_its_trust_anchor_while_it_is_registered() {
    let other = Entity::new("https://other-anchor.example");
    let trusted = settings(&other, &[]);
    let federation = Federation::with(|settings| settings.trust_anchors.push(trusted)).await;
    federation.registered(&federation.register(&federation.request()).await);
    let before = federation.look_for(&federation.party.id).await.body;
    // The other anchor says that the same name has other keys.
    let impostor = Entity::new(&federation.party.id);
    let reply = federation.register_chain(&chain_below(&federation, &other, &impostor, NOW)).await;
    assert_refused(&reply, 404, "invalid_trust_anchor", "another trust anchor");
    assert_eq!(federation.look_for(&federation.party.id).await.body, before, "nothing has changed");
    let hinting = changed(&federation.request(), "authority_hints", json!([other.id, federation.below.id]));
    federation.registered(&federation.register(&changed(&hinting, "iat", (NOW - 5).into())).await);
    assert_eq!(federation.look_for(&federation.party.id).await.body["trustAnchorId"], federation.anchor.id);
    federation.world.clock.advance(3600);
    let later = |mut claims: Value| {
        claims["iat"] = (NOW + 3600).into();
        claims["exp"] = (NOW + 7200).into();
        claims
    };
    let request = later(Federation::request_of(&impostor, &[&other]));
    let chain = [impostor.sign(&request), other.sign(&later(other.about(&impostor)))];
    federation.registered(&federation.register_chain(&chain).await);
    assert_eq!(federation.look_for(&federation.party.id).await.body["trustAnchorId"], other.id, "that one has ended");
}

#[tokio::test]
async fn an_entity_may_leave_a_trust_anchor_that_is_trusted_no_more() {
    let other = Entity::new("https://other-anchor.example");
    let trusted = settings(&other, &[]);
    let federation = Federation::with(|settings| settings.trust_anchors.push(trusted.clone())).await;
    federation.registered(&federation.register(&federation.request()).await);
    let mut service = federation.operate("GET", "/service/get", &Value::Null).await.body;
    service["trustAnchors"] = json!([{"entityId": trusted.entity_id, "jwks": trusted.jwks}]);
    assert_eq!(federation.operate("POST", "/service/update", &service).await.status, 200);
    let chain = chain_below(&federation, &other, &federation.party, NOW);
    federation.registered(&federation.register_chain(&chain).await);
}

#[tokio::test]
async fn a_trust_anchor_vouches_for_the_names_that_it_was_given() {
    for (names, may) in [
        (vec!["localhost"], true),
        (vec!["rp.example", "localhost"], true),
        (vec![".localhost"], false),
        (vec!["rp.example"], false),
    ] {
        let named = names.clone();
        let federation = Federation::with(|settings| {
            settings.trust_anchors[0].names = named.iter().map(|name| (*name).to_owned()).collect();
        })
        .await;
        let reply = federation.register(&federation.request()).await;
        if may {
            federation.registered(&reply);
            // Authlete's API has no member for the names.
            let service = federation.operate("GET", "/service/get", &Value::Null).await.body;
            assert_eq!(federation.operate("POST", "/service/update", &service).await.status, 200);
            let kept = federation.world.app.store.service(1).await.unwrap().unwrap();
            assert_eq!(kept.configuration.federation.trust_anchors[0].names, names);
        } else {
            assert_refused(&reply, 400, "invalid_trust_chain", "may not vouch for");
        }
    }
}

#[tokio::test]
async fn s12_2_2_the_chain_in_a_header_may_begin_with_the_request_for_this_provider() {
    let federation = Federation::new().await;
    let mut chain = header_chain(&federation);
    chain[0] = federation.party.sign(&federation.request());
    let jwt = with_chains(&federation, &federation.request(), &json!({"trust_chain": chain}));
    federation.registered(&federation.post("application/entity-statement+jwt", &jwt).await);
    chain[0] = federation.party.sign(&changed(&federation.request(), "aud", json!("https://other.example")));
    let jwt = with_chains(&federation, &federation.request(), &json!({"trust_chain": chain}));
    let reply = federation.post("application/entity-statement+jwt", &jwt).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "aud");
}

#[tokio::test]
async fn nobody_registers_under_the_name_of_the_provider() {
    let federation = Federation::new().await;
    let impostor = Entity::new(PROVIDER);
    let request = Federation::request_of(&impostor, &[&federation.anchor]);
    let reply = federation.post("application/entity-statement+jwt", &impostor.sign(&request)).await;
    assert_refused(&reply, 400, "invalid_request", "entity identifier of this provider");
    let found = federation.look_for(PROVIDER).await;
    assert_eq!((found.status, found.text("resultCode")), (404, "A001297"), "{found:?}");
    assert_eq!(federation.site.requests(), 0);
    for name in ["https://evil.example.org..", "https://evil..example.org", "https://.evil.example.org"] {
        let party = Entity::new(name);
        let request = Federation::request_of(&party, &[&federation.anchor]);
        let reply = federation.post("application/entity-statement+jwt", &party.sign(&request)).await;
        assert_refused(&reply, 400, "invalid_request", "iss is not an entity identifier");
    }
}

#[tokio::test]
async fn s11_2_a_trust_anchor_that_rolls_its_keys_over_is_noticed() {
    let federation = Federation::new().await;
    let fetch = Fetch::new(federation.site.reachable());
    let given = trust_anchor(&settings(&federation.anchor, &[])).unwrap();
    let compare = async || published_keys(&fetch, &given, NOW, Instant::now() + Duration::from_secs(3)).await;
    assert_eq!(compare().await.unwrap(), KeyDifference::default());
    let new = Entity::new(&federation.anchor.id);
    let mut claims = federation.anchor.configuration(&[]);
    let both = json!({"keys": [federation.anchor.jwk, new.jwk]});
    claims["jwks"] = public_keys(both.as_object().unwrap()).into();
    federation.publish(&federation.anchor, &claims);
    let kid = new.jwk["kid"].as_str().unwrap().to_owned();
    assert_eq!(compare().await.unwrap(), KeyDifference { not_given: vec![kid], not_published: vec![] });
    federation.set(&format!("{}/.well-known/openid-federation", federation.anchor.id), "nonsense");
    assert!(compare().await.unwrap_err().to_string().contains("not a signed JWT"));
}

#[tokio::test]
async fn a_lock_outlives_the_deletion_of_a_client_that_may_come_back() {
    let federation = Federation::new().await;
    federation.publish_party(|_| {});
    let client = federation.look_for(&federation.party.id).await.body;
    let path = format!("/client/lock_flag/update/{}", federation.party.id.replace(':', "%3A").replace('/', "%2F"));
    assert_eq!(federation.operate("POST", &path, &json!({"clientLocked": true})).await.status, 200);
    let deleted = federation.operate("DELETE", &format!("/client/delete/{}", client["clientId"]), &Value::Null).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    let found = federation.look_for(&federation.party.id).await;
    assert_eq!(found.status, 404, "{found:?}");
    assert!(found.text("resultMessage").contains("locked"), "{found:?}");
    assert_refused(&federation.register(&federation.request()).await, 403, "access_denied", "locked");
    federation.world.clock.advance(40 * 24 * 3600);
    let again = federation.operate("POST", &path, &json!({"clientLocked": true})).await;
    assert_eq!(again.status, 404, "there is no client to lock: {again:?}");
    let unlocked = federation.operate("POST", &path, &json!({"clientLocked": false})).await;
    assert_eq!(unlocked.status, 200, "{unlocked:?}");
    let twice = federation.operate("POST", &path, &json!({"clientLocked": false})).await;
    assert_eq!(twice.status, 404, "{twice:?}");
}

#[tokio::test]
async fn a_list_counts_no_client_whose_time_is_up() {
    let federation = Federation::new().await;
    federation.publish_party(|claims| claims["exp"] = (NOW + 100).into());
    federation.look_for(&federation.party.id).await;
    federation.world.catch_up().await;
    let list = async || federation.operate("GET", "/client/get/list", &Value::Null).await.body;
    assert_eq!(list().await["totalCount"], 1);
    federation.world.clock.advance(100);
    assert_eq!((&list().await["totalCount"], &list().await["clients"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn s1_2_a_trust_anchor_may_have_a_port() {
    let federation = Federation::with(|settings| {
        settings.authority_hints = vec!["https://superior.invalid:8443/a".to_owned()];
    })
    .await;
    let superior = Entity::new("https://superior.invalid:8443/a");
    let stranger = Entity::new("https://stranger.invalid:8443/a");
    for (superior, status, code, part) in [
        (&superior, 503, "temporarily_unavailable", "could not be asked"),
        (&stranger, 400, "invalid_trust_chain", "not allowed"),
    ] {
        let request = Federation::request_of(&federation.party, &[superior]);
        assert_refused(&federation.register(&request).await, status, code, part);
    }
    assert!(EntityId::parse(&superior.id).is_some());
}
