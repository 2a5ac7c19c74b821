//! OpenID Federation 1.0: explicit and automatic registration, against federations of the test's own.

mod anchors;
mod discovery;
mod documents;
mod faults;
mod outcome;
mod rehearsal;
pub(crate) mod world;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::client::Source;
use shared::federation::discovery::RESOLVING;
use shared::jose::{SigningAlgorithm, UnverifiedJwt, generate_signing_key};
use shared::metadata_document::Wanted;
use shared::origin::Origin;
use shared::policy::Preset;
use shared::registry::Context;
use shared::resolution;
use shared::service::{FederationSettings, RepeatedRegistration, TrustAnchorSettings};
use shared::store::Named;

use crate::changes::{row, rows, stored};
use crate::fault_proxy::FaultProxy;
use crate::support::{NOW, World};
use world::{Entity, Federation, OWN, PROVIDER, assert_refused};

fn changed(claims: &Value, member: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    claims[member] = value;
    claims
}

#[tokio::test]
async fn s12_2_a_relying_party_registers_with_its_entity_configuration() {
    let federation = Federation::new().await;
    let request = federation.request();
    let reply = federation.register(&request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.header("content-type"), "application/explicit-registration-response+jwt");
    assert_eq!(reply.header("cache-control"), "no-store");
    let (header, claims) = federation.verified(reply.body.as_str().unwrap());
    assert_eq!(header["typ"], "explicit-registration-response+jwt");
    assert_eq!(header["kid"], federation.provider_key["kid"]);
    assert_eq!((&claims["sub"], &claims["aud"]), (&json!(federation.party.id), &json!(federation.party.id)));
    assert_eq!((&claims["iat"], &claims["exp"]), (&json!(NOW), &json!(NOW + 3600)));
    assert_eq!(claims["trust_anchor"], federation.anchor.id);
    assert_eq!(claims["authority_hints"], json!([federation.below.id]), "the immediate superior, and nobody else");
    assert_eq!(claims["jwks"], request["jwks"], "a verbatim copy");
    let client = &claims["metadata"]["openid_relying_party"];
    assert_eq!(client["client_id"], federation.party.id);
    assert_eq!(client["client_name"], "RP");
    assert_eq!(client["token_endpoint_auth_method"], "client_secret_basic", "defaults are named");
    assert_eq!(client["client_secret_expires_at"], NOW + 3600, "not before the registration");
    for absent in ["registration_access_token", "registration_client_uri"] {
        assert_eq!(client.get(absent), None);
    }
    let stored = federation.look_for(&federation.party.id).await.body;
    assert_eq!(stored["clientSecret"], client["client_secret"]);
    assert_eq!((&stored["explicitlyRegistered"], &stored["automaticallyRegistered"]), (&json!(true), &json!(false)));
    assert_eq!(stored["clientSource"], "EXPLICIT_REGISTRATION");
    assert_eq!(stored["entityId"], federation.party.id);
    assert_eq!(stored["trustAnchorId"], federation.anchor.id);
    assert_eq!(stored["trustChain"].as_array().unwrap().len(), 5);
    assert_eq!(stored["trustChainExpiresAt"], (NOW + 3600) * 1000);
    assert_eq!(stored["trustChainUpdatedAt"], NOW * 1000);
    assert_eq!(stored["clientIdAlias"], federation.party.id);
}

#[tokio::test]
async fn s12_2_a_chain_that_is_sent_saves_all_fetching() {
    let federation = Federation::new().await;
    let statement = federation.party.sign(&federation.request());
    let mut chain = vec![statement];
    chain.extend(federation.superiors());
    let client = federation.registered(&federation.register_chain(&chain).await);
    assert_eq!(client["client_id"], federation.party.id);
    federation.world.clock.advance(60);
    let later = changed(&federation.request(), "iat", (NOW + 60).into());
    chain[0] = federation.party.sign(&later);
    chain.pop();
    federation.registered(&federation.register_chain(&chain).await);
    assert_eq!(federation.site.requests(), 0, "nothing is fetched");
}

/// The request with chains in its header.
fn with_chains(federation: &Federation, claims: &Value, chains: &Value) -> String {
    let mut header = json!({"typ": "entity-statement+jwt", "alg": "ES256", "kid": federation.party.jwk["kid"]});
    header.as_object_mut().unwrap().extend(chains.as_object().unwrap().clone());
    let message = format!("{}.{}", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()));
    let octets = |name: &str| BASE64URL.decode(federation.party.jwk[name].as_str().unwrap()).unwrap();
    let point = [vec![4], octets("x"), octets("y")].concat();
    let algorithm = &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING;
    let key = aws_lc_rs::signature::EcdsaKeyPair::from_private_key_and_public_key(algorithm, &octets("d"), &point);
    let signature = key.unwrap().sign(&aws_lc_rs::rand::SystemRandom::new(), message.as_bytes()).unwrap();
    format!("{message}.{}", BASE64URL.encode(signature.as_ref()))
}

/// The chain that a header has: it begins with what the relying party publishes.
fn header_chain(federation: &Federation) -> Vec<String> {
    let mut published = federation.party.configuration(&[&federation.below]);
    published["metadata"] = json!({"openid_relying_party": {"client_name": "Published"}});
    let mut chain = vec![federation.party.sign(&published)];
    chain.extend(federation.superiors());
    chain
}

/// The provider's own chain below the trust anchor.
fn peer_chain(federation: &Federation) -> Vec<String> {
    let provider = Entity { id: PROVIDER.to_owned(), jwk: federation.provider_key.clone() };
    let anchor = &federation.anchor;
    vec![
        provider.sign(&provider.configuration(&[anchor])),
        anchor.sign(&anchor.about(&provider)),
        anchor.sign(&anchor.configuration(&[])),
    ]
}

#[tokio::test]
async fn s4_3_a_chain_in_the_header_shows_the_way_and_the_request_counts() {
    let federation = Federation::new().await;
    let chains = json!({"trust_chain": header_chain(&federation), "peer_trust_chain": peer_chain(&federation)});
    let jwt = with_chains(&federation, &federation.request(), &chains);
    let client = federation.registered(&federation.post("application/entity-statement+jwt", &jwt).await);
    assert_eq!(client["client_name"], "RP", "metadata is the request's");
    assert_eq!(federation.site.requests(), 0);
}

#[tokio::test]
async fn s12_2_2_chains_in_the_header_are_checked() {
    let federation = Federation::new().await;
    let stranger = Entity::new("https://stranger.example");
    let mut other_party = header_chain(&federation);
    other_party[0] = stranger.sign(&stranger.configuration(&[&federation.below]));
    let mut broken = header_chain(&federation);
    broken.remove(2);
    let mut forged = header_chain(&federation);
    forged[1] = stranger.sign(&federation.below.about(&federation.party));
    let mut not_ours = peer_chain(&federation);
    not_ours.remove(0);
    let mut forged_peer = peer_chain(&federation);
    let provider = Entity { id: PROVIDER.to_owned(), jwk: federation.provider_key.clone() };
    forged_peer[1] = stranger.sign(&federation.anchor.about(&provider));
    let mut broken_peer = peer_chain(&federation);
    broken_peer[1] = stranger.sign(&stranger.about(&federation.party));
    for (chains, status, code, part) in [
        (json!({"trust_chain": other_party}), 400, "invalid_request", "does not begin at the relying party"),
        (json!({"trust_chain": broken}), 400, "invalid_trust_chain", "no statement about it"),
        (json!({"trust_chain": forged}), 400, "invalid_trust_chain", "signature is not valid"),
        (json!({"trust_chain": "a"}), 400, "invalid_request", "trust_chain: is not a list"),
        (json!({"trust_chain": []}), 400, "invalid_trust_chain", "2 to 8"),
        (json!({"peer_trust_chain": peer_chain(&federation)}), 400, "invalid_request", "without trust_chain"),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": not_ours}),
            400,
            "invalid_trust_chain",
            "the peer trust chain: statement 0",
        ),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": header_chain(&federation)}),
            400,
            "invalid_request",
            "does not begin at this provider",
        ),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": broken_peer}),
            400,
            "invalid_trust_chain",
            "the peer trust chain: authority_hints does not name",
        ),
        (
            json!({"trust_chain": header_chain(&federation), "peer_trust_chain": forged_peer}),
            400,
            "invalid_trust_chain",
            "signature is not valid",
        ),
    ] {
        let jwt = with_chains(&federation, &federation.request(), &chains);
        assert_refused(&federation.post("application/entity-statement+jwt", &jwt).await, status, code, part);
    }
    let mut chain =
        vec![with_chains(&federation, &federation.request(), &json!({"trust_chain": header_chain(&federation)}))];
    chain.extend(federation.superiors());
    assert_refused(&federation.register_chain(&chain).await, 400, "invalid_request", "stands in a trust chain");
    assert_eq!(federation.site.requests(), 0, "a chain that was sent is used or refused");
}

#[tokio::test]
async fn s12_2_2_both_chains_end_at_one_trust_anchor() {
    let other = Entity::new("https://other-anchor.example");
    let trusted = TrustAnchorSettings { entity_id: other.id.clone(), jwks: other.jwks().to_string(), names: vec![] };
    let federation = Federation::with(|settings| settings.trust_anchors.push(trusted)).await;
    let provider = Entity { id: PROVIDER.to_owned(), jwk: federation.provider_key.clone() };
    let peer = [provider.sign(&provider.configuration(&[&other])), other.sign(&other.about(&provider))];
    let chains = json!({"trust_chain": header_chain(&federation), "peer_trust_chain": peer});
    let jwt = with_chains(&federation, &federation.request(), &chains);
    let reply = federation.post("application/entity-statement+jwt", &jwt).await;
    assert_refused(&reply, 400, "invalid_trust_chain", "other-anchor.example");
}

#[tokio::test]
async fn s12_2_2_a_request_that_is_not_in_order_fetches_nothing() {
    let federation = Federation::new().await;
    let request = federation.request();
    let stranger = Entity::new(&federation.party.id);
    let with = |member: &str, value: Value| federation.party.sign(&changed(&request, member, value));
    for (jwt, code, part) in [
        (with("aud", json!("https://other.example")), "invalid_request", "aud"),
        (with("aud", json!([PROVIDER, "https://other.example"])), "invalid_request", "aud"),
        (with("exp", json!(NOW)), "invalid_request", "exp is in the past"),
        (with("iat", json!(NOW + 100)), "invalid_request", "iat is in the future"),
        (with("iat", json!(NOW - 601)), "invalid_request", "iat is more than 600 seconds ago"),
        (with("metadata_policy", json!({})), "invalid_request", "metadata_policy"),
        (with("trust_anchor", json!("https://ta.example")), "invalid_request", "trust_anchor"),
        (with("crit", json!(["aud"])), "invalid_request", "crit"),
        (with("trust_marks", json!([{}])), "invalid_request", "trust_marks"),
        (stranger.sign(&request), "invalid_request", "signature is not valid"),
        (federation.party.sign_as("JWT", &request), "invalid_request", "typ"),
        (federation.party.sign_as("explicit-registration-response+jwt", &request), "invalid_request", "typ"),
        ("nonsense".to_owned(), "invalid_request", "not a signed JWT"),
        (String::new(), "invalid_request", "not a signed JWT"),
    ] {
        let reply = federation.post("application/entity-statement+jwt", &jwt).await;
        assert_refused(&reply, 400, code, part);
    }
    assert_eq!(federation.site.requests(), 0);
    assert_eq!(federation.world.app.store.client_count(1).await.unwrap(), 0);
}

#[tokio::test]
async fn s12_2_1_a_request_has_one_of_two_content_types() {
    let federation = Federation::new().await;
    let jwt = federation.party.sign(&federation.request());
    for content_type in ["application/json", "application/jwt", "text/plain", "application/jose"] {
        assert_refused(&federation.post(content_type, &jwt).await, 400, "invalid_request", "the content type must be");
    }
    for chain in ["", "{}", "[1]", "nonsense"] {
        let reply = federation.post("application/trust-chain+json", chain).await;
        assert_refused(&reply, 400, "invalid_trust_chain", "list");
    }
    assert_refused(&federation.post("application/trust-chain+json", "[]").await, 400, "invalid_trust_chain", "2 to 8");
    let alone = federation.register_chain(&[jwt]).await;
    assert_refused(&alone, 400, "invalid_trust_chain", "2 to 8");
    let large = federation.post("application/entity-statement+jwt", &"x".repeat(256 * 1024 + 1)).await;
    assert_refused(&large, 400, "invalid_request", "262144 bytes");
    let get = federation.world.send_bare("GET", "/1/federation/register", None).await;
    assert_refused(&get, 405, "invalid_request", "method");
    assert_eq!(get.header("allow"), "POST");
}

#[tokio::test]
async fn an_entity_identifier_that_no_path_can_carry_is_refused() {
    let federation = Federation::new().await;
    for name in ["a%2Fb", "a/../b", "a/./b"] {
        let party = Entity::new(&format!("{}/{name}", federation.site.url));
        let jwt = party.sign(&Federation::request_of(&party, &[&federation.below]));
        let reply = federation.post("application/entity-statement+jwt", &jwt).await;
        assert_refused(&reply, 400, "invalid_request", "sub has a percent sign or a dot segment");
    }
    assert_eq!(federation.site.requests(), 0);
}

#[tokio::test]
async fn a_software_statement_changes_nothing_that_superiors_have_settled() {
    let federation = Federation::new().await;
    let mut request = federation.request();
    request["metadata"]["openid_relying_party"]["software_statement"] = "nonsense".into();
    let client = federation.registered(&federation.register(&request).await);
    assert_eq!((client["client_name"].as_str(), client.get("software_statement")), (Some("RP"), None));
}

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
async fn a_lock_outlives_registrations_and_their_ends() {
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

#[tokio::test]
async fn s6_policies_of_superiors_and_then_the_services_own_decide() {
    let federation = Federation::new().await;
    federation.publish_about(&federation.anchor, &federation.above, |claims| {
        claims["metadata_policy"] = json!({"openid_relying_party": {
            "contacts": {"add": ["ops@ta.example"]}, "scope": {"subset_of": ["openid", "email"]},
            "grant_types": {"subset_of": ["authorization_code", "refresh_token"]},
        }});
    });
    federation.publish_about(&federation.below, &federation.party, |claims| {
        claims["metadata"] = json!({"openid_relying_party": {"client_name": "Given by a superior"}});
    });
    let mut request = federation.request();
    request["metadata"]["openid_relying_party"]["scope"] = "openid profile email".into();
    request["metadata"]["openid_relying_party"]["grant_types"] = json!(["authorization_code", "implicit"]);
    let client = federation.registered(&federation.register(&request).await);
    assert_eq!(client["contacts"], json!(["rp@rp.example", "ops@ta.example"]));
    assert_eq!(client["scope"], "openid email");
    assert_eq!(client["grant_types"], json!(["authorization_code"]));
    assert_eq!(client["client_name"], "Given by a superior");
}

#[tokio::test]
async fn s1_7_errors_are_those_of_the_specification() {
    let federation = Federation::new().await;
    let request = federation.request();
    let metadata = |members: Value| changed(&request, "metadata", json!({ "openid_relying_party": members }));
    let uris = json!(["https://rp.example/cb"]);
    for (claims, code, part) in [
        (changed(&request, "metadata", json!({"openid_provider": {}})), "invalid_metadata", "openid_relying_party"),
        (metadata(json!({})), "invalid_redirect_uri", "redirect_uris"),
        (metadata(json!({"redirect_uris": []})), "invalid_redirect_uri", "redirect_uris"),
        (metadata(json!({"redirect_uris": ["http://rp.example"]})), "invalid_redirect_uri", "redirect_uris[0]"),
        (metadata(json!({"redirect_uris": uris, "grant_types": []})), "invalid_client_metadata", "grant_types"),
        (metadata(json!({"redirect_uris": uris, "jwks": 1})), "invalid_client_metadata", "jwks"),
    ] {
        assert_refused(&federation.register(&claims).await, 400, code, part);
    }
    let federation = Federation::new().await;
    federation.publish_about(&federation.below, &federation.party, |claims| {
        claims["metadata_policy"] = json!({"openid_relying_party": {"logo_uri": {"essential": true}}});
    });
    let reply = federation.register(&federation.request()).await;
    assert_refused(&reply, 400, "invalid_metadata", "logo_uri");
    let federation = Federation::new().await;
    federation.publish_about(&federation.below, &federation.party, |claims| {
        claims["constraints"] = json!({"allowed_entity_types": ["openid_provider"]});
    });
    let reply = federation.register(&federation.request()).await;
    assert_refused(&reply, 400, "invalid_metadata", "openid_relying_party");
}

#[tokio::test]
async fn a_service_takes_part_or_does_not() {
    let federation = Federation::with(|settings| settings.enabled = false).await;
    let jwt = federation.party.sign(&federation.request());
    let body = json!({ "entityConfiguration": jwt });
    assert_refused(&federation.register(&federation.request()).await, 404, "not_found", "no federation");
    let own = federation.world.send_bare("GET", "/1/.well-known/openid-federation", None).await;
    assert_refused(&own, 404, "not_found", "no federation");
    for path in ["/federation/registration", "/federation/configuration"] {
        let reply = federation.operate("POST", path, &body).await;
        assert_eq!((reply.status, reply.text("action")), (200, "NOT_FOUND"), "{reply:?}");
    }
    for unset in [
        Federation::with(|settings| settings.authority_hints.clear()).await,
        Federation::with(|settings| settings.signature_key_id = Some("unknown".to_owned())).await,
        Federation::with(|settings| settings.trust_anchors.clear()).await,
    ] {
        let refused = unset.register(&unset.request()).await;
        assert_refused(&refused, 500, "server_error", "not set up");
        let reply = unset.operate("POST", "/federation/registration", &body).await;
        assert_eq!((reply.status, reply.text("action")), (200, "INTERNAL_SERVER_ERROR"), "{reply:?}");
        if refused.text("error_description").contains("trust anchors") {
            continue;
        }
        let own = unset.world.send_bare("GET", "/1/.well-known/openid-federation", None).await;
        assert_refused(&own, 500, "server_error", "not set up");
        let reply = unset.operate("POST", "/federation/configuration", &body).await;
        assert_eq!((reply.status, reply.text("action")), (200, "INTERNAL_SERVER_ERROR"), "{reply:?}");
    }
    let nameless = Federation::new().await;
    let mut service = nameless.operate("GET", "/service/get", &Value::Null).await.body;
    let mut key = generate_signing_key(SigningAlgorithm::Es256).unwrap();
    key.remove("kid");
    service["federationJwks"] = json!({ "keys": [nameless.provider_key, key] }).to_string().into();
    assert_eq!(nameless.operate("POST", "/service/update", &service).await.status, 200);
    assert_refused(&nameless.register(&nameless.request()).await, 500, "server_error", "has a key without kid");
    let closed = Federation::new().await;
    closed.world.set_policy(1, Preset::Open.policy()).await;
    assert_refused(&closed.register(&closed.request()).await, 404, "not_found", "no such service");
}

#[tokio::test]
async fn s9_the_entity_configuration_says_who_the_provider_is() {
    let federation = Federation::new().await;
    for path in ["/1/.well-known/openid-federation", "/.well-known/openid-federation/1"] {
        let reply = federation.world.send_bare("GET", path, None).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/entity-statement+jwt"));
        let (header, claims) = federation.verified(reply.body.as_str().unwrap());
        assert_eq!(header["typ"], "entity-statement+jwt");
        assert_eq!((&claims["sub"], &claims["exp"]), (&json!(PROVIDER), &json!(NOW + 86_400)));
        assert_eq!(claims["authority_hints"], json!([federation.anchor.id]));
        assert_eq!(claims["jwks"]["keys"][0]["kid"], federation.provider_key["kid"]);
        assert!(claims["jwks"]["keys"][0].get("d").is_none(), "no private key leaves");
        let provider = &claims["metadata"]["openid_provider"];
        assert_eq!(provider["issuer"], PROVIDER);
        assert_eq!(provider["client_registration_types_supported"], json!(["explicit", "automatic"]));
        assert_eq!(provider["federation_registration_endpoint"], format!("{OWN}/1/federation/register"));
    }
    let authlete = federation.operate("POST", "/federation/configuration", &json!({})).await;
    assert_eq!(authlete.text("action"), "OK", "{authlete:?}");
    let jwt = UnverifiedJwt::parse(authlete.text("responseContent")).unwrap();
    assert_eq!(jwt.unverified_claim("sub"), Some(PROVIDER));
    let own = federation.world.send_bare("GET", "/1/.well-known/openid-federation", None).await;
    let own = UnverifiedJwt::parse(own.body.as_str().unwrap()).unwrap();
    let metadata = |jwt: &UnverifiedJwt<'_>| jwt.unverified_claims()["metadata"].clone();
    assert_eq!(metadata(&jwt), metadata(&own), "one entity has one configuration");
    let mut policy = federation.world.app.store.service(1).await.unwrap().unwrap().configuration.policy;
    policy.doors.retain(|door| door != "federation");
    federation.world.set_policy(1, policy).await;
    let closed = federation.operate("POST", "/federation/configuration", &json!({})).await;
    let closed = UnverifiedJwt::parse(closed.text("responseContent")).unwrap();
    let provider = &metadata(&closed)["openid_provider"];
    assert_eq!(provider["client_registration_types_supported"], json!(["automatic"]), "explicit needs an endpoint");
    assert_eq!(provider.get("federation_registration_endpoint"), None);
}

#[tokio::test]
async fn s5_1_3_the_registration_endpoint_is_https_without_fragment() {
    let federation = Federation::new().await;
    let store = &federation.world.app.store;
    for (endpoint, status) in [
        ("http://as.example/federation/register", 500),
        ("https://as.example/federation/register#a", 500),
        ("https://as.example/federation/register?a=b", 200),
    ] {
        let mut service = store.service(1).await.unwrap().unwrap();
        let metadata = &mut service.configuration.authorization_server;
        metadata.insert("federation_registration_endpoint".to_owned(), endpoint.into());
        let origin = Origin::default();
        store.update_service(1, service.version, &service.configuration, None, &origin).await.unwrap();
        let reply = federation.world.send_bare("GET", "/1/.well-known/openid-federation", None).await;
        assert_eq!(reply.status, status, "{reply:?}");
        if status == 500 {
            assert_refused(&reply, 500, "server_error", "federation_registration_endpoint");
            continue;
        }
        let jwt = UnverifiedJwt::parse(reply.body.as_str().unwrap()).unwrap();
        let provider = &jwt.unverified_claims()["metadata"]["openid_provider"];
        assert_eq!(provider["federation_registration_endpoint"], endpoint, "the configured one counts");
    }
}

#[tokio::test]
async fn authletes_operation_registers_as_the_door_does() {
    let federation = Federation::new().await;
    let jwt = federation.party.sign(&federation.request());
    let reply = federation.operate("POST", "/federation/registration", &json!({"entityConfiguration": jwt})).await;
    assert_eq!((reply.text("action"), reply.text("resultCode")), ("OK", "A317001"), "{reply:?}");
    let (header, claims) = federation.verified(reply.text("responseContent"));
    assert_eq!(header["typ"], "explicit-registration-response+jwt");
    let client = &reply.body["client"];
    assert_eq!(client["entityId"], federation.party.id);
    assert_eq!(client["explicitlyRegistered"], true);
    assert_eq!(client["clientSecret"], claims["metadata"]["openid_relying_party"]["client_secret"]);
    let mut chain = vec![federation.party.sign(&changed(&federation.request(), "iat", NOW.into()))];
    chain.extend(federation.superiors());
    let form = format!("trustChain={}", json!(chain).to_string().replace('"', "%22").replace('+', "%2B"));
    let authorization = format!("Bearer {}", federation.operator());
    let headers = [("content-type", "application/x-www-form-urlencoded"), ("authorization", authorization.as_str())];
    let reply = federation.world.send("POST", "/api/1/federation/registration", &headers, form).await;
    assert_eq!(reply.text("action"), "OK", "{reply:?}");
    for (body, code) in [
        (json!({}), "invalid_request"),
        (json!({"entityConfiguration": ""}), "invalid_request"),
        (json!({"entityConfiguration": jwt, "trustChain": "[]"}), "invalid_request"),
        (json!({"entityConfiguration": jwt}), "invalid_request"),
        (json!({"trustChain": "[]"}), "invalid_trust_chain"),
    ] {
        let reply = federation.operate("POST", "/federation/registration", &body).await;
        assert_eq!((reply.status, reply.text("action")), (200, "BAD_REQUEST"), "{reply:?}");
        let content: Value = serde_json::from_str(reply.text("responseContent")).unwrap();
        assert_eq!(content["error"], code, "{content}");
        assert!(content["error_description"].is_string());
    }
}

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
    let reader = super::authlete::operator_token(
        &federation.world,
        super::authlete::Owner::Service(1),
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
async fn a_service_is_set_up_by_authletes_api_as_well() {
    let federation = Federation::with(|settings| *settings = FederationSettings::default()).await;
    let key = generate_signing_key(SigningAlgorithm::Es256).unwrap();
    let mut service = federation.operate("GET", "/service/get", &Value::Null).await.body;
    let anchors = json!([{"entityId": federation.anchor.id, "jwks": federation.anchor.jwks().to_string()}]);
    for (member, value) in [
        ("federationEnabled", json!(true)),
        ("authorityHints", json!([federation.anchor.id])),
        ("trustAnchors", anchors),
        ("federationJwks", json!(json!({"keys": [key]}).to_string())),
        ("federationSignatureKeyId", key["kid"].clone()),
        ("federationConfigurationDuration", json!(600)),
        ("supportedClientRegistrationTypes", json!(["EXPLICIT"])),
        ("organizationName", json!("Providers SA")),
        ("jwksUri", json!("https://as.example/jwks")),
        ("signedJwksUri", json!("https://as.example/jwks.jose")),
        ("registrationEndpoint", json!("https://as.example/register")),
        ("federationRegistrationEndpoint", json!("https://as.example/federation")),
    ] {
        service[member] = value;
    }
    let updated = federation.operate("POST", "/service/update", &service).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    let reply = federation.operate("POST", "/federation/configuration", &json!({})).await;
    let jwt = UnverifiedJwt::parse(reply.text("responseContent")).unwrap();
    let claims = jwt.unverified_claims();
    assert_eq!(jwt.header()["kid"], key["kid"]);
    assert_eq!(claims["exp"], NOW + 600);
    assert_eq!(claims["metadata"]["federation_entity"], json!({"organization_name": "Providers SA"}));
    let provider = &claims["metadata"]["openid_provider"];
    assert_eq!(provider["federation_registration_endpoint"], "https://as.example/federation");
    assert_eq!(provider["registration_endpoint"], "https://as.example/register");
    assert_eq!(
        (&provider["signed_jwks_uri"], provider.get("jwks_uri")),
        (&json!("https://as.example/jwks.jose"), None)
    );
    let own = federation.world.send_bare("GET", "/1/.well-known/openid-federation", None).await;
    let own = UnverifiedJwt::parse(own.body.as_str().unwrap()).unwrap();
    assert_eq!(own.unverified_claims(), claims, "one entity has one configuration");
    Federation::registered_with(&federation.register(&federation.request()).await, &key);
}

#[tokio::test]
async fn s5_2_1_keys_come_in_any_of_three_ways() {
    let federation = Federation::new().await;
    let mut request = federation.request();
    let party = request["metadata"]["openid_relying_party"].as_object_mut().unwrap();
    party.insert("token_endpoint_auth_method".to_owned(), "private_key_jwt".into());
    party.insert("signed_jwks_uri".to_owned(), "https://rp.example/jwks.jose".into());
    let client = federation.registered(&federation.register(&request).await);
    assert_eq!(client["signed_jwks_uri"], "https://rp.example/jwks.jose");
    assert_eq!(client.get("client_secret"), None);
    let party = request["metadata"]["openid_relying_party"].as_object_mut().unwrap();
    party.insert("jwks_uri".to_owned(), "https://rp.example/jwks.json".into());
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    party.insert("jwks".to_owned(), json!({"keys": [key]}));
    request["iat"] = NOW.into();
    federation.registered(&federation.register(&request).await);
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

#[tokio::test]
async fn what_a_chain_vouches_for_is_not_operators_to_change() {
    let federation = Federation::new().await;
    federation.registered(&federation.register(&federation.request()).await);
    let mut client = federation.look_for(&federation.party.id).await.body;
    let path = format!("/client/update/{}", client["clientId"]);
    client["description"] = "An operator's own".into();
    client["trustAnchorId"] = "https://other.example".into();
    let reply = federation.operate("POST", &path, &client).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body["description"], "An operator's own");
    assert_eq!(reply.body["trustAnchorId"], federation.anchor.id);
    client["redirectUris"] = json!(["https://other.example/cb"]);
    let reply = federation.operate("POST", &path, &client).await;
    assert_eq!(reply.body["redirectUris"], json!(["https://rp.example/cb"]), "the chain's metadata stays");
    let refresh = format!("/client/secret/refresh/{}", client["clientId"]);
    let reply = federation.operate("GET", &refresh, &Value::Null).await;
    assert_eq!((reply.status, reply.text("resultCode")), (400, "A001296"), "{reply:?}");
    let token = "rat_".to_owned() + &"A".repeat(43);
    let managed = federation.world.send_bare("GET", &format!("/1/register/{}", client["clientId"]), Some(&token)).await;
    assert_eq!(managed.status, 401);
}

#[tokio::test]
async fn what_a_relying_party_says_of_itself_is_kept_beside_what_superiors_leave_of_it() {
    let federation = Federation::new().await;
    let policy = json!({"openid_relying_party": {
        "contacts": {"add": ["anchor@ta.example"]}, "scope": {"subset_of": ["openid", "read"]},
    }});
    federation.publish_about(&federation.anchor, &federation.above, |claims| claims["metadata_policy"] = policy);
    let mut request = federation.request();
    let own = &mut request["metadata"]["openid_relying_party"];
    own["scope"] = json!("openid fly");
    own["made_up"] = json!(1);
    let own = own.clone();
    let reply = federation.register(&request).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let client = stored(&federation.world, &federation.party.id).await;
    let by_superiors = [
        row("federation", "contacts", json!(["rp@rp.example"]), json!(["rp@rp.example", "anchor@ta.example"])),
        row("federation", "scope", json!("openid fly"), json!("openid")),
        row("custom_members", "made_up", json!(1), Value::Null),
    ];
    assert_eq!(rows(&client)[..3], by_superiors);
    assert_eq!(Value::from(client.sent()), own);
    assert!(!federation.verified(reply.body.as_str().unwrap()).1.to_string().contains("made_up"));
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
