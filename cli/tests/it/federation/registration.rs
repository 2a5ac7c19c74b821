//! Explicit registration (§12.2): what a relying party is answered, and whose its client is then.

use serde_json::{Value, json};

use super::changed;
use super::world::Federation;
use crate::support::NOW;

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
