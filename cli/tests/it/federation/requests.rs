//! Requests for registration that are not in order (§12.2.1, §12.2.2), and what they are told.

use serde_json::{Value, json};

use super::changed;
use super::world::{Entity, Federation, PROVIDER, assert_refused};
use crate::support::NOW;

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
