//! Client management.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::Preset;

use super::{Authlete, Owner, assert_error, content, operator_token};
use crate::support::{as_update, web_client};

/// Every member of a `Client` that an operator writes.
fn everything() -> Value {
    let tagged = |value: &str| json!([{"tag": "fr", "value": value}, {"tag": "ja-Jpan-JP", "value": value}]);
    json!({
        "developer": "john", "clientName": "Name", "clientNames": tagged("Nom"), "description": "Text",
        "descriptions": tagged("Texte"), "clientIdAlias": "my-client", "clientIdAliasEnabled": true,
        "clientType": "CONFIDENTIAL", "applicationType": "WEB", "logoUri": "https://rp.example/logo",
        "logoUris": tagged("https://rp.example/logo-fr"), "contacts": ["admin@rp.example"],
        "tlsClientCertificateBoundAccessTokens": true, "softwareId": "software", "softwareVersion": "1",
        "grantTypes": ["AUTHORIZATION_CODE", "IMPLICIT", "PASSWORD", "CLIENT_CREDENTIALS", "REFRESH_TOKEN", "CIBA",
            "DEVICE_CODE", "TOKEN_EXCHANGE", "JWT_BEARER", "PRE_AUTHORIZED_CODE"],
        "responseTypes": ["NONE", "CODE", "TOKEN", "ID_TOKEN", "CODE_TOKEN", "CODE_ID_TOKEN", "ID_TOKEN_TOKEN",
            "CODE_ID_TOKEN_TOKEN"],
        "redirectUris": ["https://rp.example/cb1", "https://rp.example/cb2"],
        "authorizationSignAlg": "ES256", "authorizationEncryptionAlg": "ECDH_ES_A128KW",
        "authorizationEncryptionEnc": "A128CBC_HS256", "tokenAuthMethod": "PRIVATE_KEY_JWT",
        "tokenAuthSignAlg": "EdDSA", "selfSignedCertificateKeyId": "key", "tlsClientAuthSubjectDn": "CN=rp",
        "tlsClientAuthSanDns": "rp.example", "tlsClientAuthSanUri": "https://rp.example/",
        "tlsClientAuthSanIp": "192.0.2.1", "tlsClientAuthSanEmail": "rp@rp.example", "parRequired": true,
        "requestObjectRequired": true, "requestSignAlg": "NONE", "requestEncryptionAlg": "RSA_OAEP_256",
        "requestEncryptionEnc": "A256GCM", "requestUris": ["https://rp.example/request"], "defaultMaxAge": 60,
        "defaultAcrs": ["urn:acr"], "idTokenSignAlg": "PS256", "idTokenEncryptionAlg": "DIR",
        "idTokenEncryptionEnc": "A192GCM", "authTimeRequired": true, "subjectType": "PAIRWISE",
        "sectorIdentifierUri": "https://sector.example/uris", "jwksUri": "https://rp.example/jwks",
        "jwks": "{\"keys\":[{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
        "userInfoSignAlg": "RS512", "userInfoEncryptionAlg": "PBES2_HS256_A128KW",
        "userInfoEncryptionEnc": "A256CBC_HS512", "loginUri": "https://rp.example/login",
        "tosUri": "https://rp.example/tos", "tosUris": tagged("https://rp.example/tos-fr"),
        "policyUri": "https://rp.example/policy", "policyUris": tagged("https://rp.example/policy-fr"),
        "clientUri": "https://rp.example/", "clientUris": tagged("https://rp.example/fr"), "bcDeliveryMode": "PING",
        "bcNotificationEndpoint": "https://rp.example/ping", "bcRequestSignAlg": "ES512", "bcUserCodeRequired": true,
        "attributes": [{"key": "a", "value": "1"}, {"key": "b", "value": ""}],
        "extension": {"requestableScopesEnabled": true, "requestableScopes": ["openid"], "accessTokenDuration": 10,
            "refreshTokenDuration": 20, "idTokenDuration": 30, "tokenExchangePermitted": true},
        "authorizationDetailsTypes": ["payment_initiation"], "customMetadata": "{\"tenant\":{\"a\":[1]}}",
        "frontChannelRequestObjectEncryptionRequired": true, "requestObjectEncryptionAlgMatchRequired": true,
        "requestObjectEncryptionEncMatchRequired": true, "digestAlgorithm": "sha-256",
        "singleAccessTokenPerSubject": true, "pkceRequired": true, "pkceS256Required": true, "dpopRequired": true,
        "rsRequestSigned": true, "rsSignedRequestKeyId": "rs", "clientRegistrationTypes": ["AUTOMATIC", "EXPLICIT"],
        "organizationName": "Organization", "signedJwksUri": "https://rp.example/signed-jwks",
        "entityId": "https://rp.example", "trustAnchorId": "https://anchor.example", "trustChain": ["a", "b"],
        "trustChainExpiresAt": 1_800_000_000_000_u64, "trustChainUpdatedAt": 1_790_000_000_000_u64,
        "credentialOfferEndpoint": "https://rp.example/offer", "fapiModes": ["FAPI2_SECURITY"],
        "responseModes": ["QUERY", "FORM_POST_JWT"], "credentialResponseEncryptionRequired": true,
        "mtlsEndpointAliasesUsed": true, "inScopeForTokenMigration": true, "spiffeId": "spiffe://rp.example/x",
        "spiffeBundleEndpoint": "https://rp.example/bundle", "haipVersion": "1",
        "backchannelLogoutUri": "https://rp.example/logout", "backchannelLogoutSessionRequired": true,
    })
}

async fn with_custom_metadata() -> Authlete {
    let authlete = Authlete::open().await;
    authlete.set_service(&json!({"supportedCustomClientMetadata": ["tenant"]})).await;
    authlete
}

#[tokio::test]
async fn every_member_that_is_written_is_read_again() {
    let authlete = with_custom_metadata().await;
    let created = authlete.create(&everything()).await;
    for (member, value) in everything().as_object().unwrap() {
        assert_eq!(&created[member], value, "{member}");
    }
    assert_eq!(created["derivedSectorIdentifier"], "sector.example");
    assert_eq!(created["clientSource"], "STATIC_REGISTRATION");
    assert_eq!((&created["createdAt"], &created["locked"]), (&json!(1_790_000_000_000_u64), &json!(false)));
    assert_eq!(authlete.get("/client/get/my-client").await.body, created);

    authlete.world.clock.advance(60);
    let again = authlete.post("/client/update/my-client", &created).await.body;
    assert_eq!(again, created, "what is read and written back is no change");
    let mut renamed = created.clone();
    renamed["clientName"] = json!("Another");
    let renamed = authlete.post("/client/update/my-client", &renamed).await.body;
    assert_eq!(renamed["modifiedAt"], 1_790_000_060_000_u64);
}

#[tokio::test]
async fn an_update_replaces_everything_that_a_client_object_expresses() {
    let authlete = with_custom_metadata().await;
    let created = authlete.create(&everything()).await;
    let path = format!("/client/update/{}", created["clientId"]);
    let updated = authlete.post(&path, &json!({"clientName": "Only"})).await.body;
    let blank = authlete.create(&json!({"clientName": "Only"})).await;
    for (member, value) in blank.as_object().unwrap() {
        if !["clientId", "clientIdAlias", "clientSecret", "number"].contains(&member.as_str()) {
            assert_eq!(&updated[member], value, "{member}");
        }
    }
    assert_eq!(updated.as_object().unwrap().len(), blank.as_object().unwrap().len());
    assert_eq!(authlete.get("/client/get/my-client").await.status, 404, "the alias is gone");
}

#[tokio::test]
async fn nulls_zeros_and_false_are_as_good_as_absent() {
    let authlete = Authlete::open().await;
    let mut nulls = everything();
    for (member, value) in nulls.as_object_mut().unwrap() {
        *value = match value {
            Value::Bool(_) => false.into(),
            Value::Number(_) => 0.into(),
            _ if member == "extension" => json!({"requestableScopes": null, "requestableScopesEnabled": false}),
            _ => Value::Null,
        };
    }
    nulls["clientId"] = 0.into();
    nulls["clientSecret"] = Value::Null;
    nulls["number"] = 0.into();
    let created = authlete.create(&nulls).await;
    let blank = authlete.create(&json!({})).await;
    let names = |client: &Value| client.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&created), names(&blank));
    let members = authlete.get(&format!("/client/get/{}", created["clientId"])).await.body;
    assert!(members.as_object().unwrap().values().all(|value| !value.is_null()));
}

#[tokio::test]
async fn what_a_client_object_cannot_express_survives_an_update() {
    let authlete = Authlete::open().await;
    authlete.world.announce("id_token_signing_alg_values_supported", &["RS256", "Ed25519"]).await;
    let metadata = json!({
        "redirect_uris": ["https://rp.example/cb"], "post_logout_redirect_uris": ["https://rp.example/out"],
        "organization_name#fr": "Nom", "id_token_signed_response_alg": "Ed25519", "default_max_age": 0,
        "frontchannel_logout_uri": "https://rp.example/front", "response_modes": ["query", "direct_post"],
    });
    let (path, token, oauth) = authlete.world.client(&metadata).await;
    let url = format!("/client/get/{}", oauth.text("client_id"));
    let client = authlete.get(&url).await.body;
    assert_eq!((&client["responseModes"], &client["defaultMaxAge"]), (&json!(["QUERY"]), &json!(0)));
    let update = format!("/client/update/{}", client["clientId"]);
    let mut changed = client.clone();
    changed["clientName"] = "Changed".into();
    changed.as_object_mut().unwrap().remove("idTokenSignAlg");
    assert_eq!(authlete.post(&update, &changed).await.status, 200);
    let mut expected = oauth.body.clone();
    expected["client_name"] = "Changed".into();
    assert_eq!(authlete.world.send_bare("GET", &path, Some(&token)).await.body, expected);
}

#[tokio::test]
async fn clients_of_every_door_are_found_by_number_identifier_and_alias() {
    let authlete = Authlete::open().await;
    let oauth = authlete.world.client(&web_client()).await.2;
    let client = authlete.get(&format!("/client/get/{}", oauth.text("client_id"))).await.body;
    assert_eq!(
        (&client["clientSource"], &client["dynamicallyRegistered"]),
        (&json!("DYNAMIC_REGISTRATION"), &json!(true))
    );
    assert_eq!(client["clientIdAlias"], oauth.body["client_id"], "the alias of others is their identifier");
    assert_eq!(client["clientSecret"], oauth.body["client_secret"]);
    assert_eq!(authlete.get(&format!("/client/get/{}", client["clientId"])).await.body, client);
    let created = authlete.create(&json!({"clientIdAlias": "a:b@c~d"})).await;
    for path in ["/client/get/a:b@c~d", "/client/get/a%3Ab%40c~d"] {
        assert_eq!(authlete.get(path).await.body, created, "{path}");
    }
    let (_, token, registered) = authlete.register(&web_client()).await;
    let uri = content(&registered)["registration_client_uri"].as_str().unwrap().to_owned();
    let path = uri.strip_prefix(crate::support::BASE_URL).unwrap();
    let read = authlete.world.send_bare("GET", path, Some(&token)).await;
    assert_eq!((read.status, &read.body), (200, &content(&registered)), "readable by RFC 7592");
}

#[tokio::test]
async fn identifiers_that_a_gateway_may_have_changed_are_refused() {
    let authlete = Authlete::open().await;
    for path in ["/client/get/a%23b", "/client/get/a%25b", "/client/get/https:%2Frp.example", "/client/get/a/%2e%2e/b"]
    {
        let reply = authlete.get(path).await;
        assert_error(&reply, 400, "A001296");
        assert!(reply.text("resultMessage").contains("clientId"), "{path}");
    }
    for path in ["/client/get/nobody", "/client/get/https:%2F%2Frp.example%2Fx", "/client/get/12345"] {
        assert_error(&authlete.get(path).await, 404, "A001295");
    }
}

#[tokio::test]
async fn an_alias_is_one_clients() {
    let authlete = Authlete::open().await;
    let first = authlete.create(&json!({"clientIdAlias": "shop"})).await;
    let taken = authlete.post("/client/create", &json!({"clientIdAlias": "shop"})).await;
    assert_error(&taken, 400, "A001296");
    assert!(taken.text("resultMessage").contains("alias is taken"), "{taken:?}");
    let second = authlete.create(&json!({"clientName": "x"})).await;
    let update = format!("/client/update/{}", second["clientId"]);
    assert_error(&authlete.post(&update, &json!({"clientIdAlias": "shop"})).await, 400, "A001296");
    assert_eq!(authlete.post(&update, &json!({"clientIdAlias": "store"})).await.status, 200);
    assert_eq!(authlete.post(&update, &json!({"clientIdAlias": "store"})).await.status, 200, "its own");
    assert_eq!(authlete.get("/client/get/store").await.body["clientId"], second["clientId"]);

    assert_eq!(
        authlete.call("DELETE", &format!("/client/delete/{}", first["clientId"]), &Value::Null).await.status,
        204
    );
    assert_eq!(authlete.get("/client/get/shop").await.status, 404);
    assert_eq!(authlete.post(&update, &json!({"clientIdAlias": "shop"})).await.status, 200, "free again");
    assert_eq!(authlete.get("/client/get/store").await.status, 404, "a client has one alias");
    let third = authlete.create(&json!({"clientIdAlias": "store"})).await;
    assert_eq!(authlete.get("/client/get/store").await.body["clientId"], third["clientId"]);
}

#[tokio::test]
async fn an_alias_is_no_other_name() {
    let authlete = Authlete::open().await;
    let (_, _, oauth) = authlete.world.client(&web_client()).await;
    let registered = authlete.register(&web_client()).await.0;
    for alias in [
        oauth.text("client_id"),
        "123",
        "list",
        "https://rp.example/?a",
        "HTTP://rp.example",
        "PSDFR-ACPR-12345",
        "agtfr-x",
        "a b",
        "a?b",
        "..",
        "\u{e9}",
        &"x".repeat(256),
    ] {
        let reply = authlete.post("/client/create", &json!({"clientIdAlias": alias})).await;
        assert_error(&reply, 400, "A001296");
        assert!(reply.text("resultMessage").to_lowercase().contains("alias"), "{alias}: {reply:?}");
    }
    let update = format!("/client/update/{registered}");
    let renamed = authlete.post(&update, &json!({"clientIdAlias": "mine", "grantTypes": ["AUTHORIZATION_CODE"]})).await;
    assert_error(&renamed, 400, "A001296");
}

#[tokio::test]
async fn a_client_is_registered_in_advance_under_a_url() {
    let authlete = Authlete::open().await;
    let alias = "https://rp.example/alias";
    let created = authlete.create(&json!({"clientIdAlias": alias, "clientName": "x"})).await;
    assert_eq!(created["clientIdAlias"], alias);
    for path in ["/client/get/https%3A%2F%2Frp.example%2Falias", "/client/get/https:%2F%2Frp.example/alias"] {
        assert_eq!(authlete.get(path).await.body, created, "{path}");
    }
    assert_error(&authlete.get("/client/get/https%3A%2F%2Frp.example%2Falias%2F").await, 404, "A001295");
    let taken = authlete.post("/client/create", &json!({"clientIdAlias": alias})).await;
    assert_error(&taken, 400, "A001296");
    let lock = "/client/lock_flag/update/https%3A%2F%2Frp.example%2Falias";
    assert_eq!(authlete.post(lock, &json!({"clientLocked": true})).await.status, 200);
    let plain = authlete.create(&json!({"clientIdAlias": "http://127.0.0.1:8080/"})).await;
    assert_eq!(authlete.get("/client/get/http%3A%2F%2F127.0.0.1%3A8080%2F").await.body, plain);

    authlete.set_service(&json!({"httpAliasProhibited": true})).await;
    let prohibited = authlete.post("/client/create", &json!({"clientIdAlias": "https://rp.example/other"})).await;
    assert_error(&prohibited, 400, "A001296");
    assert!(prohibited.text("resultMessage").contains("prohibits"), "{prohibited:?}");
    let update = format!("/client/update/{}", created["clientId"]);
    assert_eq!(authlete.post(&update, &created).await.status, 200, "it keeps the one that it has");
    let renamed = json!({"clientIdAlias": "http://rp.example/"});
    assert_error(&authlete.post(&update, &renamed).await, 400, "A001296");
    assert_eq!(authlete.post(&update, &json!({"clientIdAlias": "word"})).await.status, 200);
}

#[tokio::test]
async fn an_update_that_says_nothing_of_a_client_changes_nothing() {
    let authlete = Authlete::open().await;
    let created = authlete.create(&json!({"clientName": "x", "redirectUris": ["https://rp.example/cb"]})).await;
    let id = &created["clientId"];
    for (body, part) in [
        (json!({}), "the body has no member of a Client"),
        (json!({"client_name": "y"}), "\"client_name\" is none"),
        (json!({"locked": true, "clientName": null}), "\"locked\" is none"),
        (json!({"number": 5}), "\"number\" is none"),
    ] {
        let reply = authlete.post(&format!("/client/update/{id}"), &body).await;
        assert_error(&reply, 400, "A001290");
        assert!(reply.text("resultMessage").contains(part), "{reply:?}");
    }
    assert_eq!(authlete.get(&format!("/client/get/{id}")).await.body, created);
    let updated = authlete.post(&format!("/client/update/{id}"), &json!({"clientName": "z", "later": 1})).await;
    assert_eq!((updated.status, updated.text("clientName")), (200, "z"), "what a later version knows is no error");
    assert_eq!(updated.body.get("redirectUris"), None);
}

#[tokio::test]
async fn numbers_are_the_same_in_every_answer() {
    let authlete = Authlete::open().await;
    let created = authlete.create(&json!({"clientName": "x"})).await;
    let number = created["number"].as_i64().unwrap();
    assert!((1..=i64::from(i32::MAX)).contains(&number));
    assert_eq!(number, created["clientId"].as_i64().unwrap() % i64::from(i32::MAX));
    assert_eq!(created["serviceNumber"], 1);
    let update = format!("/client/update/{}", created["clientId"]);
    let updated = authlete.post(&update, &json!({"clientName": "y", "number": 7, "serviceNumber": 7})).await.body;
    let listed = authlete.get("/client/get/list").await.body["clients"][0].clone();
    let reader = operator_token(&authlete.world, Owner::Service(1), &[Permission::ServiceRead]).await;
    let path = format!("/api/1/client/get/{}", created["clientId"]);
    let limited = authlete.world.send_bare("GET", &path, Some(&reader)).await.body;
    for (answer, client) in [("updated", &updated), ("listed", &listed), ("limited", &limited)] {
        assert_eq!(client["number"], number, "{answer}");
    }
    let (_, _, registered) = authlete.register(&web_client()).await;
    assert_eq!(registered.body["client"]["serviceNumber"], 1);
    assert_eq!(authlete.get("/service/get").await.body["number"], 1);
}

#[tokio::test]
async fn what_is_wrong_is_named_as_the_client_object_names_it() {
    let authlete = Authlete::open().await;
    for (member, value) in [
        ("redirectUris", json!(["https://rp.example/#fragment"])),
        ("redirectUris", json!("https://rp.example/")),
        ("grantTypes", json!(["TELEPORT"])),
        ("grantTypes", json!([])),
        ("responseTypes", json!(["CODE", 1])),
        ("tokenAuthMethod", json!("SPIFFE_JWT")),
        ("idTokenSignAlg", json!("EDDSA")),
        ("applicationType", json!("DESKTOP")),
        ("clientType", json!("SECRET")),
        ("clientName", json!(1)),
        ("clientNames", json!([{"tag": "not a tag", "value": "x"}])),
        ("clientNames", json!({"fr": "x"})),
        ("jwks", json!({"keys": []})),
        ("jwks", json!("{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}")),
        ("jwks", json!("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}]}")),
        ("jwksUri", json!("http://rp.example/jwks")),
        ("logoUri", json!("javascript:alert(1)")),
        ("defaultMaxAge", json!(-1)),
        ("attributes", json!([{"key": 1}])),
        ("extension", json!([])),
        ("customMetadata", json!("[1]")),
        ("developer", json!("x".repeat(256))),
        ("description", json!("x".repeat(70_000))),
        ("pkceRequired", json!("true")),
        ("fapiModes", json!(["FAPI3"])),
        ("entityId", json!("not a URL")),
        ("trustChainExpiresAt", json!(1.5)),
    ] {
        let reply = authlete.post("/client/create", &json!({member: value})).await;
        assert_error(&reply, 400, "A001296");
        assert!(reply.text("resultMessage").contains(member), "{member} {value}: {reply:?}");
    }
    let public = json!({"clientType": "PUBLIC", "grantTypes": ["CLIENT_CREDENTIALS"]});
    let reply = authlete.post("/client/create", &public).await;
    assert!(reply.text("resultMessage").contains("confidential"), "{reply:?}");
}

#[tokio::test]
async fn operators_are_not_bound_by_offers_and_consistency() {
    let authlete = Authlete::open().await;
    authlete.world.set_policy(1, Preset::Protected.policy()).await;
    let client = authlete
        .create(&json!({"grantTypes": ["PASSWORD"], "responseTypes": ["TOKEN"], "tokenAuthMethod": "PRIVATE_KEY_JWT"}))
        .await;
    assert_eq!(client["grantTypes"], json!(["PASSWORD"]));
    assert_eq!(client.get("clientSecret"), None);
}

#[tokio::test]
async fn secrets_are_replaced() {
    let authlete = Authlete::open().await;
    let client = authlete.create(&json!({"clientIdAlias": "shop"})).await;
    let refreshed = authlete.get("/client/secret/refresh/shop").await;
    assert_eq!((refreshed.status, refreshed.text("resultCode")), (200, "A148001"));
    let id = &client["clientId"];
    let message = format!("[A148001] Successfully refreshed the client secret of the client (ID = {id}).");
    assert_eq!(refreshed.text("resultMessage"), message);
    assert_eq!(refreshed.body["oldClientSecret"], client["clientSecret"]);
    assert_ne!(refreshed.body["newClientSecret"], client["clientSecret"]);
    let seen = authlete.get("/client/get/shop").await.body;
    assert_eq!(seen["clientSecret"], refreshed.body["newClientSecret"]);
    let path = format!("/client/secret/update/{id}");
    let updated = authlete.post(&path, &json!({"clientSecret": "my_updated-client_secret"})).await;
    assert_eq!((updated.status, updated.text("resultCode")), (200, "A149001"));
    assert_eq!(updated.body["oldClientSecret"], refreshed.body["newClientSecret"]);
    assert_eq!(authlete.get("/client/get/shop").await.body["clientSecret"], "my_updated-client_secret");
    for secret in [json!(""), json!(null), json!("a b"), json!("x".repeat(87)), json!(1)] {
        assert_error(&authlete.post(&path, &json!({"clientSecret": secret})).await, 400, "A001290");
    }
    let public = authlete.create(&json!({"tokenAuthMethod": "NONE"})).await;
    assert_eq!(public.get("clientSecret"), None);
    let refused = authlete.get(&format!("/client/secret/refresh/{}", public["clientId"])).await;
    assert_error(&refused, 400, "A001296");
}

#[tokio::test]
async fn a_replaced_secret_ends_the_old_one_for_the_registrant() {
    let authlete = Authlete::open().await;
    let (client_id, token, registered) = authlete.register(&web_client()).await;
    authlete.get(&format!("/client/secret/refresh/{client_id}")).await;
    let document = as_update(&content(&registered)).to_string();
    let update = json!({"clientId": client_id, "token": token, "json": document});
    let reply = authlete.post("/client/registration/update", &update).await;
    assert_eq!(reply.text("action"), "BAD_REQUEST");
    assert!(content(&reply)["error_description"].as_str().unwrap().contains("client_secret"));
}

#[tokio::test]
async fn a_lock_survives_all_but_an_operators_unlocking() {
    let authlete = Authlete::open().await;
    let (client_id, token, _) = authlete.register(&web_client()).await;
    let lock = format!("/client/lock_flag/update/{client_id}");
    let locked = authlete.post(&lock, &json!({"clientLocked": true})).await;
    assert_eq!(locked.status, 200, "{locked:?}");
    assert!(locked.text("resultMessage").contains(&client_id));
    let mut client = authlete.get(&format!("/client/get/{client_id}")).await.body;
    assert_eq!(client["locked"], true);
    client["locked"] = false.into();
    let updated = authlete.post(&format!("/client/update/{client_id}"), &client).await;
    assert_eq!(updated.body["locked"], true, "management works, and the lock stays");
    assert_eq!(authlete.get(&format!("/client/secret/refresh/{client_id}")).await.status, 200);
    let oauth = authlete.world.send_bare("GET", &format!("/1/register/{client_id}"), Some(&token)).await;
    assert_eq!((oauth.status, oauth.text("error")), (403, "access_denied"));
    authlete.post(&lock, &json!({"clientLocked": false})).await;
    let oauth = authlete.world.send_bare("GET", &format!("/1/register/{client_id}"), Some(&token)).await;
    assert_eq!(oauth.status, 200);
    for body in [json!({}), json!({"clientLocked": null}), json!({"clientLocked": "yes"})] {
        assert_error(&authlete.post(&lock, &body).await, 400, "A001290");
    }
}

#[tokio::test]
async fn requestable_scopes_are_unset_none_or_some() {
    let authlete = Authlete::open().await;
    authlete
        .set_service(&json!({"supportedScopes": [{"name": "openid"}, {"name": "read", "defaultEntry": true}]}))
        .await;
    let id = authlete.create(&json!({"clientName": "x"})).await["clientId"].to_string();
    let path = |operation: &str| format!("/client/extension/requestable_scopes/{operation}/{id}");
    let get = async || authlete.get(&path("get")).await.body;
    assert_eq!(get().await, json!({}));
    for (method, sent, kept) in [
        ("PUT", json!(["read", "fly"]), json!({"requestableScopes": ["read"]})),
        ("POST", json!([]), json!({"requestableScopes": []})),
        ("PUT", json!(null), json!({})),
        ("POST", json!(["openid", "read"]), json!({"requestableScopes": ["openid", "read"]})),
    ] {
        let reply = authlete.call(method, &path("update"), &json!({"requestableScopes": sent})).await;
        assert_eq!((reply.status, &reply.body), (200, &kept), "{method} {sent}");
        assert_eq!(get().await, kept);
    }
    let seen = authlete.get(&format!("/client/get/{id}")).await.body;
    assert_eq!(seen["extension"]["requestableScopes"], json!(["openid", "read"]));
    assert_eq!(authlete.call("DELETE", &path("delete"), &Value::Null).await.status, 204);
    assert_eq!(get().await, json!({}));
    let wrong = authlete.call("PUT", &path("update"), &json!({"requestableScopes": "read"})).await;
    assert_error(&wrong, 400, "A001290");
}

#[tokio::test]
async fn a_client_of_an_operator_has_no_registrant() {
    let authlete = Authlete::open().await;
    let created = authlete.create(&json!({"redirectUris": ["https://rp.example/cb"]})).await;
    assert_eq!(created.get("registrationAccessTokenHash"), None);
    let (_, token, _) = authlete.register(&web_client()).await;
    let path = format!("/1/register/{}", created["clientId"]);
    for method in ["GET", "DELETE"] {
        assert_eq!(authlete.world.send_bare(method, &path, Some(&token)).await.status, 401);
    }
}

#[tokio::test]
async fn lists_are_pages_oldest_first() {
    let authlete = Authlete::open().await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let developer = if number % 2 == 0 { "even" } else { "odd" };
        let client = authlete.create(&json!({"clientName": number.to_string(), "developer": developer})).await;
        ids.push(client["clientId"].clone());
        authlete.world.clock.advance(1);
    }
    authlete.world.catch_up().await;
    let list = async |query: &str| authlete.get(&format!("/client/get/list{query}")).await;
    let page =
        |reply: &Value| reply["clients"].as_array().unwrap().iter().map(|c| c["clientId"].clone()).collect::<Vec<_>>();
    let first = list("").await.body;
    assert_eq!((&first["start"], &first["end"], &first["totalCount"]), (&json!(0), &json!(5), &json!(7)));
    assert_eq!(page(&first), ids[..5]);
    assert_eq!(page(&list("?start=5&end=10").await.body), ids[5..]);
    assert!(page(&list("?start=2&end=2").await.body).is_empty());
    assert!(page(&list("?start=100").await.body).is_empty());
    let odd = list("?developer=odd&start=1&end=3").await.body;
    assert_eq!((page(&odd), &odd["totalCount"]), (vec![ids[3].clone(), ids[5].clone()], &json!(3)));
    assert_eq!(list("?developer=nobody").await.body["totalCount"], 0);
    for query in ["?start=-1", "?start=x", "?end=1.5", "?start=5&end=4", "?end=1001", "?start=99999999999999999999"] {
        assert_error(&list(query).await, 400, "A001290");
    }
}

#[tokio::test]
async fn a_developer_with_a_name_that_no_client_has_has_an_empty_page() {
    let authlete = Authlete::open().await;
    authlete.create(&json!({"clientName": "x"})).await;
    for length in [255, 1024, 1025, 3000] {
        let list = authlete.get(&format!("/client/get/list?developer={}", "x".repeat(length))).await;
        assert_eq!((list.status, &list.body["totalCount"], &list.body["clients"]), (200, &json!(0), &json!([])));
    }
    for path in [format!("/client/get/{}", "x".repeat(1025)), format!("/client/get/https:%2F%2F{}", "x".repeat(3000))] {
        assert_error(&authlete.get(&path).await, 404, "A001295");
    }
}

#[tokio::test]
async fn what_adds_up_to_more_than_an_item_is_refused_by_name() {
    let authlete = Authlete::open().await;
    let text = "x".repeat(60_000);
    let large = json!({"description": "x".repeat(64_000), "rsSignedRequestKeyId": text, "haipVersion": text});
    let id = authlete.create(&large).await["clientId"].clone();
    let scopes: Vec<String> = (0..25_000).map(|number| format!("scope{number}")).collect();
    let update = format!("/client/extension/requestable_scopes/update/{id}");
    let refused = authlete.call("PUT", &update, &json!({"requestableScopes": &scopes[..14_000]})).await;
    assert_error(&refused, 400, "A001296");
    assert!(refused.text("resultMessage").contains("requestableScopes is the largest"), "{refused:?}");
    let fitting = authlete.call("PUT", &update, &json!({"requestableScopes": &scopes[..100]})).await;
    assert_eq!(fitting.status, 200, "{fitting:?}");
}

#[tokio::test]
async fn a_form_has_so_many_names_and_no_more() {
    let authlete = Authlete::open().await;
    let id = authlete.create(&json!({"clientName": "x"})).await["clientId"].to_string();
    let bearer = format!("Bearer {}", authlete.token);
    let headers = [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded")];
    let send = async |path: &str, form: String| {
        authlete.world.send("POST", &format!("/api/1{path}/{id}"), &headers, form).await
    };
    let names = |count: u32| (1..count).fold("clientName=y".to_owned(), |form, number| form + &format!("&{number:x}="));
    let read = send("/client/update", names(1000)).await;
    assert_eq!((read.status, read.text("clientName")), (200, "y"));
    let repeated = send("/client/update", "clientName=z".to_owned() + &"&contacts=a".repeat(100)).await;
    assert_eq!(repeated.body["contacts"].as_array().map(Vec::len), Some(100), "{repeated:?}");
    for count in [1001, 44_000] {
        for path in ["/client/update", "/client/lock_flag/update", "/client/secret/update"] {
            let refused = send(path, names(count)).await;
            assert_error(&refused, 400, "A001290");
            assert!(refused.text("resultMessage").contains("1000 names"), "{refused:?}");
        }
    }
}

#[tokio::test]
async fn forms_are_read_where_authlete_reads_them() {
    let authlete = Authlete::open().await;
    let id = authlete.create(&json!({"clientName": "x"})).await["clientId"].to_string();
    let bearer = format!("Bearer {}", authlete.token);
    let send = async |path: &str, body: &'static str| {
        let headers =
            [("authorization", bearer.as_str()), ("content-type", "application/x-www-form-urlencoded; charset=utf-8")];
        authlete.world.send("POST", &format!("/api/1{path}"), &headers, body).await
    };
    let form = "clientName=Form+name&grantTypes=AUTHORIZATION_CODE&grantTypes=REFRESH_TOKEN&pkceRequired=true\
                &redirectUris=https%3A%2F%2Frp.example%2Fcb&defaultMaxAge=60&developer=";
    let updated = send(&format!("/client/update/{id}"), form).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    assert_eq!(updated.body["clientName"], "Form name");
    assert_eq!(updated.body["grantTypes"], json!(["AUTHORIZATION_CODE", "REFRESH_TOKEN"]));
    assert_eq!((&updated.body["pkceRequired"], &updated.body["defaultMaxAge"]), (&json!(true), &json!(60)));
    assert_eq!(send(&format!("/client/lock_flag/update/{id}"), "clientLocked=true").await.status, 200);
    assert_eq!(send(&format!("/client/secret/update/{id}"), "clientSecret=12345").await.status, 200);
    let seen = authlete.get(&format!("/client/get/{id}")).await.body;
    assert_eq!((&seen["locked"], &seen["clientSecret"]), (&json!(true), &json!("12345")));
    assert_error(&send("/client/create", "clientName=x").await, 400, "A001290");
}

#[tokio::test]
async fn changes_at_the_same_time_do_not_undo_each_other() {
    let authlete = Authlete::open().await;
    let (client_id, _, _) = authlete.register(&web_client()).await;
    let lock = json!({"clientLocked": true});
    let requestable = json!({"requestableScopes": ["a"]});
    let lock_path = format!("/client/lock_flag/update/{client_id}");
    let scopes_path = format!("/client/extension/requestable_scopes/update/{client_id}");
    let (locked, changed) =
        tokio::join!(authlete.post(&lock_path, &lock), authlete.call("PUT", &scopes_path, &requestable));
    assert_eq!((locked.status, changed.status), (200, 200));
    let seen = authlete.get(&format!("/client/get/{client_id}")).await.body;
    assert_eq!((&seen["locked"], &seen["extension"]["requestableScopes"]), (&json!(true), &json!(["a"])));
}

#[tokio::test]
async fn a_deleted_client_is_gone_at_every_door() {
    let authlete = Authlete::open().await;
    let (client_id, token, _) = authlete.register(&web_client()).await;
    let path = format!("/client/delete/{client_id}");
    assert_eq!(authlete.call("DELETE", &path, &Value::Null).await.status, 204);
    assert_error(&authlete.call("DELETE", &path, &Value::Null).await, 404, "A001295");
    let oauth = authlete.world.send_bare("GET", &format!("/1/register/{client_id}"), Some(&token)).await;
    assert_eq!(oauth.status, 401);
    let organization = operator_token(&authlete.world, Owner::Organization("tests"), &Permission::ALL).await;
    let seen = authlete.world.send_bare("GET", &format!("/api/1/client/get/{client_id}"), Some(&organization)).await;
    assert_error(&seen, 404, "A001295");
}
