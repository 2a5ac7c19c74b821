//! The provider's own place: whether it takes part, and its entity configuration (§5.1.3, §9).

use serde_json::{Value, json};
use shared::jose::{SigningAlgorithm, UnverifiedJwt, generate_signing_key};
use shared::origin::Origin;
use shared::policy::Preset;
use shared::service::FederationSettings;

use super::world::{Federation, OWN, PROVIDER, assert_refused};
use crate::support::NOW;

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
