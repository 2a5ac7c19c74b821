//! What is registered is what superiors leave, and nothing else (§6.1, §12.2.2, §12.2.5).

use serde_json::{Value, json};
use shared::metadata::Scope;
use shared::policy::Policy;

use super::changed;
use super::world::{Federation, assert_refused};
use crate::changes::{row, rows, stored};
use crate::support::NOW;

/// A federation whose superiors have that policy, and the service's own is changed.
async fn under(policy: &Value, change: impl FnOnce(&mut Policy)) -> Federation {
    let federation = Federation::new().await;
    federation.publish_about(&federation.above, &federation.below, |claims| {
        claims["metadata_policy"] = json!({ "openid_relying_party": policy });
    });
    let mut own = federation.world.app.store.service(1).await.unwrap().unwrap().configuration.policy;
    change(&mut own);
    federation.world.set_policy(1, own).await;
    federation
}

/// Scopes that the service gives whoever does not ask.
fn generous(policy: &mut Policy) {
    policy.scopes.default = Scope::parse("openid email admin").unwrap();
}

/// The relying party's request with more of its metadata.
fn request(federation: &Federation, members: &Value) -> Value {
    let mut claims = federation.request();
    let party = claims["metadata"]["openid_relying_party"].as_object_mut().unwrap();
    party.extend(members.as_object().unwrap().clone());
    claims
}

#[tokio::test]
async fn s6_1_3_1_5_what_superiors_leave_empty_has_no_default() {
    for (policy, asked) in [
        (json!({"scope": {"subset_of": ["openid", "email"]}}), json!({"scope": "phone"})),
        (json!({"scope": {"subset_of": ["openid"], "essential": true}}), json!({"scope": "phone"})),
        (json!({"scope": {"value": ""}}), json!({})),
        (json!({"scope": {"value": []}}), json!({"scope": "openid"})),
    ] {
        let federation = under(&policy, generous).await;
        let client = federation.registered(&federation.register(&request(&federation, &asked)).await);
        assert_eq!(client.get("scope"), None, "{policy} {asked}: {client}");
    }
    let federation = under(&json!({"contacts": {"essential": true}}), generous).await;
    let client = federation.registered(&federation.register(&request(&federation, &json!({"scope": ""}))).await);
    assert_eq!(client["scope"], "openid email admin", "what nobody but the party leaves empty is absent");
}

#[tokio::test]
async fn s6_1_1_a_registration_that_superiors_do_not_allow_is_none() {
    let key = json!({"kty": "OKP", "crv": "Ed25519", "kid": "p", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let jwks = json!({"keys": [key]});
    let offline = json!(["authorization_code", "refresh_token"]);
    let implicit = json!(["authorization_code", "implicit"]);
    for (policy, asked, part) in [
        (json!({"scope": {"subset_of": ["openid", "email"]}}), json!({}), "scope"),
        (json!({"scope": {"value": null}}), json!({"scope": "openid"}), "scope"),
        (json!({"token_endpoint_auth_method": {"one_of": ["private_key_jwt"]}}), json!({"jwks": jwks}), "auth_method"),
        (json!({"token_endpoint_auth_method": {"value": ""}}), json!({}), "auth_method"),
        (json!({"grant_types": {"superset_of": implicit}}), json!({"grant_types": implicit}), "grant_types"),
        (json!({"grant_types": {"value": implicit}}), json!({}), "grant_types"),
        (json!({"application_type": {"one_of": ["native"]}}), json!({}), "application_type"),
        (json!({"client_id": {"value": "https://another.example"}}), json!({}), "client_id"),
        (json!({"assurance": {"essential": true}}), json!({"assurance": "high"}), "assurance"),
    ] {
        let federation = under(&policy, generous).await;
        let refused = federation.register(&request(&federation, &asked)).await;
        assert_refused(&refused, 400, "invalid_metadata", part);
        let counted = crate::audit::kinds(&federation.world).await;
        let [[error, rule, door, ..]] = counted.as_slice() else { panic!("{counted:?}") };
        assert_eq!((error.as_str(), door.as_str()), ("invalid_metadata", "federation"));
        assert!(["federation", "the specifications"].contains(&rule.as_str()), "{rule}");
        assert_eq!(federation.world.app.store.client_count(1).await.unwrap(), 0, "{policy}");
    }
    for (policy, asked, member, registered) in [
        (
            json!({"scope": {"subset_of": ["openid", "email", "admin"]}}),
            json!({}),
            "scope",
            json!("openid email admin"),
        ),
        (json!({"grant_types": {"value": null}}), json!({}), "grant_types", json!(["authorization_code"])),
        (
            json!({"grant_types": {"superset_of": offline}}),
            json!({"grant_types": offline}),
            "grant_types",
            offline.clone(),
        ),
        (
            json!({"token_endpoint_auth_methods_supported": {"subset_of": ["private_key_jwt"], "essential": true}}),
            json!({"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"], "jwks": jwks}),
            "token_endpoint_auth_method",
            json!("private_key_jwt"),
        ),
        (
            json!({"token_endpoint_auth_signing_alg": {"default": "ES256"}}),
            json!({}),
            "token_endpoint_auth_method",
            json!("client_secret_basic"),
        ),
        (json!({"assurance": {"value": "high"}}), json!({}), "client_name", json!("RP")),
    ] {
        let federation = under(&policy, generous).await;
        let client = federation.registered(&federation.register(&request(&federation, &asked)).await);
        assert_eq!(client[member], registered, "{policy}");
    }
}

#[tokio::test]
async fn s6_1_1_what_superiors_demand_binds_every_door_and_every_refreshing() {
    let federation = under(&json!({"application_type": {"one_of": ["native"]}}), |_| {}).await;
    let jwt = federation.party.sign(&federation.request());
    let reply = federation.operate("POST", "/federation/registration", &json!({"entityConfiguration": jwt})).await;
    assert_eq!(reply.text("action"), "BAD_REQUEST", "{reply:?}");
    let content: Value = serde_json::from_str(reply.text("responseContent")).unwrap();
    assert_eq!(content["error"], "invalid_metadata");
    federation.publish_party(|_| {});
    let found = federation.look_for(&federation.party.id).await;
    assert_eq!((found.status, found.text("resultCode")), (404, "A001297"), "{found:?}");
    assert!(found.text("resultMessage").contains("application_type"), "{found:?}");
    let federation = Federation::new().await;
    federation.publish_party(|claims| claims["exp"] = (NOW + 100).into());
    assert_eq!(federation.look_for(&federation.party.id).await.status, 200);
    federation.world.clock.advance(100);
    federation.publish_party(|_| {});
    federation.publish_about(&federation.below, &federation.party, |claims| {
        claims["iat"] = (NOW + 100).into();
        claims["metadata_policy"] = json!({"openid_relying_party": {"application_type": {"one_of": ["native"]}}});
    });
    // What was kept of the superior is good for half an hour.
    federation.world.clock.advance(1800);
    let refreshed = federation.look_for(&federation.party.id).await;
    assert!(refreshed.text("resultMessage").contains("application_type"), "{refreshed:?}");
}

#[tokio::test]
async fn s12_2_5_the_answer_has_the_entity_types_of_the_request() {
    let federation = Federation::new().await;
    federation.publish_about(&federation.below, &federation.party, |claims| {
        claims["metadata_policy"] = json!({"federation_entity": {"contacts": {"add": ["ops@ta.example"]}}});
    });
    let mut claims = federation.request();
    claims["metadata"]["federation_entity"] = json!({"organization_name": "Parties SA", "organization_name#fr": "Parties S.A.", "contacts": ["a@rp.example"]});
    claims["metadata"]["oauth_client"] = json!({});
    let reply = federation.register(&claims).await;
    let metadata = &federation.verified(reply.body.as_str().unwrap()).1["metadata"];
    let types: Vec<&String> = metadata.as_object().unwrap().keys().collect();
    assert_eq!(types, ["federation_entity", "oauth_client", "openid_relying_party"]);
    assert_eq!(metadata["federation_entity"]["contacts"], json!(["a@rp.example", "ops@ta.example"]));
    let client = &metadata["openid_relying_party"];
    assert_eq!(client["organization_name"], "Parties SA");
    assert_eq!(client["organization_name#fr"], "Parties S.A.");
    let stored = federation.look_for(&federation.party.id).await.body;
    assert_eq!(stored["organizationName"], "Parties SA", "{stored}");
    let mut named = changed(&claims, "iat", NOW.into());
    named["metadata"]["openid_relying_party"]["organization_name"] = "RP's own".into();
    let client = federation.registered(&federation.register(&named).await);
    assert_eq!(client["organization_name"], "RP's own");
}

#[tokio::test]
async fn s5_2_2_informational_parameters_are_kept() {
    let policy = json!({
        "display_name": {"essential": true}, "keywords": {"add": ["member"]},
        "information_uri": {"value": "https://ta.example/members"},
    });
    let federation = under(&policy, |_| {}).await;
    let informational = json!({
        "display_name": "Party", "display_name#fr": "Partie", "description": "What it is", "keywords": ["bank"],
        "organization_uri": "https://parties.example",
    });
    let client = federation.registered(&federation.register(&request(&federation, &informational)).await);
    for (member, value) in [
        ("display_name", json!("Party")),
        ("display_name#fr", json!("Partie")),
        ("description", json!("What it is")),
        ("keywords", json!(["bank", "member"])),
        ("information_uri", json!("https://ta.example/members")),
        ("organization_uri", json!("https://parties.example")),
    ] {
        assert_eq!(client[member], value, "{member}");
    }
    for (member, wrong) in [
        ("keywords", json!("bank")),
        ("display_name", json!(1)),
        ("organization_uri", json!("javascript:alert(1)")),
        ("information_uri", json!("parties")),
    ] {
        let federation = Federation::new().await;
        let refused = federation.register(&request(&federation, &json!({ member: wrong }))).await;
        assert_refused(&refused, 400, "invalid_client_metadata", member);
    }
}

#[tokio::test]
async fn s12_1_automatic_registration_has_asymmetric_request_objects_only() {
    for (members, part) in [
        (json!({"request_object_signing_alg": "none", "token_endpoint_auth_method": "none"}), Some("signing_alg")),
        (json!({"request_object_signing_alg": "none"}), Some("request_object_signing_alg")),
        (json!({"request_object_signing_alg": "HS256"}), Some("asymmetric")),
        (json!({"request_object_signing_alg_values_supported": ["none"]}), Some("request_object_signing_alg")),
        (json!({"request_object_signing_alg_values_supported": ["none", "HS256", "ES256"]}), None),
        (json!({"request_object_signing_alg": "ES256", "token_endpoint_auth_method": "none"}), None),
    ] {
        let federation = Federation::new().await;
        federation.publish_party(|claims| {
            let metadata = claims["metadata"]["openid_relying_party"].as_object_mut().unwrap();
            metadata.extend(members.as_object().unwrap().clone());
        });
        let found = federation.look_for(&federation.party.id).await;
        match part {
            None => assert_eq!(found.body["requestSignAlg"], "ES256", "{members}: {found:?}"),
            Some(part) => {
                assert_eq!((found.status, found.text("resultCode")), (404, "A001297"), "{members}: {found:?}");
                assert!(found.text("resultMessage").contains(part), "{members}: {found:?}");
            }
        }
    }
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
async fn a_software_statement_changes_nothing_that_superiors_have_settled() {
    let federation = Federation::new().await;
    let mut request = federation.request();
    request["metadata"]["openid_relying_party"]["software_statement"] = "nonsense".into();
    let client = federation.registered(&federation.register(&request).await);
    assert_eq!((client["client_name"].as_str(), client.get("software_statement")), (Some("RP"), None));
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
