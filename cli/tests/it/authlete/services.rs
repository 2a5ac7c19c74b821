//! Service management.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::origin::Origin;

use super::{Authlete, Owner, assert_error, content, operator_token};
use crate::support::{BASE_URL, NOW, World, assert_refused};

/// A world with an organization's token.
async fn organization() -> (World, String) {
    let world = World::open().await;
    let token = operator_token(&world, Owner::Organization("tests"), &Permission::ALL).await;
    (world, token)
}

#[tokio::test]
async fn an_organization_makes_lists_changes_and_ends_a_service() {
    let (world, token) = organization().await;
    let sent = json!({"serviceName": "Shop", "issuer": "https://shop.example", "dynamicRegistrationSupported": true});
    let created = world.send_json("POST", "/api/service/create", Some(&token), &sent).await;
    assert_eq!(created.status, 200, "{created:?}");
    let id = created.body["apiKey"].as_u64().unwrap();
    for (member, value) in sent.as_object().unwrap() {
        assert_eq!(&created.body[member], value, "{member}");
    }
    let path = |operation: &str| format!("/api/{id}/service/{operation}");
    assert_eq!(world.send_bare("GET", &path("get"), Some(&token)).await.body, created.body);
    let list = world.send_bare("GET", "/api/service/get/list", Some(&token)).await.body;
    assert_eq!((&list["totalCount"], &list["services"][1]), (&json!(2), &created.body), "{list}");

    let client = json!({"redirect_uris": ["https://rp.example/cb"]});
    let registered = world.register(id, None, &client).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(world.app.store.clients(id).await.unwrap()[0].ends_at(), None, "programs for Authlete expect no end");
    world.clock.advance(2);
    world.catch_up().await;
    let mut service = world.send_bare("GET", &path("get"), Some(&token)).await.body;
    assert_eq!(service["metadata"], json!([{"key": "clientCount", "value": "1"}]));
    service["serviceName"] = "Store".into();
    let updated = world.send_json("POST", &path("update"), Some(&token), &service).await;
    assert_eq!((updated.status, updated.text("serviceName")), (200, "Store"));
    assert_eq!(updated.body["createdAt"], created.body["createdAt"]);
    assert_eq!(updated.body["modifiedAt"], 1_790_000_002_000_u64);

    assert_eq!(world.send_bare("DELETE", &path("delete"), Some(&token)).await.status, 204);
    assert_error(&world.send_bare("GET", &path("get"), Some(&token)).await, 403, "A001293");
    assert_error(&world.send_bare("DELETE", &path("delete"), Some(&token)).await, 403, "A001293");
    assert_eq!(world.register(id, None, &client).await.status, 404);
    let list = world.send_bare("GET", "/api/service/get/list?start=0&end=100", Some(&token)).await.body;
    assert_eq!(list["totalCount"], 1);
}

#[tokio::test]
async fn another_organizations_services_are_not_listed() {
    let (world, _) = organization().await;
    let stranger = operator_token(&world, Owner::Organization("strangers"), &Permission::ALL).await;
    let list = world.send_bare("GET", "/api/service/get/list", Some(&stranger)).await.body;
    assert_eq!((&list["totalCount"], &list["services"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn what_a_service_supports_binds_the_oauth_door() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    let code = json!({"redirect_uris": ["https://rp.example/cb"]});
    authlete
        .set_service(&json!({
            "supportedGrantTypes": ["CLIENT_CREDENTIALS"], "supportedResponseTypes": [],
            "supportedTokenAuthMethods": ["PRIVATE_KEY_JWT"],
            "supportedScopes": [{"name": "read", "defaultEntry": true}, {"name": "write"}],
        }))
        .await;
    let keys = "https://rp.example/jwks";
    let machine = world.register(1, None, &json!({"jwks_uri": keys})).await;
    assert_eq!(machine.status, 201, "{machine:?}");
    assert_eq!(machine.body["grant_types"], json!(["client_credentials"]));
    assert_eq!(
        (&machine.body["token_endpoint_auth_method"], &machine.body["scope"]),
        (&json!("private_key_jwt"), &json!("read"))
    );
    let basic = json!({"token_endpoint_auth_method": "client_secret_basic", "jwks_uri": keys});
    assert_refused(&world.register(1, None, &basic).await, "invalid_client_metadata", "token_endpoint_auth_method");
    assert_eq!(world.register(1, None, &code).await.status, 400);
    let supported = authlete.get("/service/get").await.body;
    assert_eq!(supported["supportedScopes"], json!([{"name": "read", "defaultEntry": true}, {"name": "write"}]));

    authlete
        .set_service(&json!({"supportedGrantTypes": null, "supportedTokenAuthMethods": null, "supportedScopes": null}))
        .await;
    assert_eq!(world.register(1, None, &code).await.status, 201, "absent lists are the preset's");
}

#[tokio::test]
async fn all_other_members_are_stored_and_returned_unchanged() {
    let authlete = Authlete::open().await;
    let members = json!({
        "description": "Text", "tokenBatchNotificationEndpoint": "https://as.example/batch",
        "clientAssertionAudRestrictedToIssuer": true, "supportedSnses": ["FACEBOOK"],
        "snsCredentials": [{"sns": "FACEBOOK", "apiKey": "k", "apiSecret": "s"}],
        "authenticationCallbackApiKey": "k", "authenticationCallbackApiSecret": "s",
        "supportedAcrs": ["urn:acr"], "supportedServiceProfiles": ["FAPI"], "supportedDisplays": ["PAGE", "POPUP"],
        "supportedClaimTypes": ["NORMAL"], "pkceRequired": true, "accessTokenDuration": 3600,
        "accessTokenSignAlg": "ES256", "accessTokenType": "Bearer", "userCodeCharset": "BASE20", "userCodeLength": 8,
        "mtlsEndpointAliases": [{"name": "token_endpoint", "uri": "https://mtls.example/token"}],
        "verifiedClaimsValidationSchemaSet": "standard+id_document", "attributes": [{"key": "a", "value": "1"}],
        "trustAnchors": [{"entityId": "https://anchor.example", "jwks": ANCHOR_KEYS}],
        "authorityHints": ["https://anchor.example"], "federationEnabled": true, "fapiModes": ["FAPI2_SECURITY"],
        "supportedPromptValues": ["LOGIN"], "supportedClientRegistrationTypes": ["EXPLICIT"],
        "credentialIssuerMetadata": {"credentialIssuer": "https://as.example", "requireCredentialResponseEncryption": true},
        "cimdAllowlist": ["https://rp.example"], "cimdHttpPermitted": true, "trustedRootCertificates": ["PEM"],
        "tokenEndpoint": "https://as.example/token2", "parRequired": true, "organizationName": "Org",
        "supportedBackchannelTokenDeliveryModes": ["POLL"], "supportedRevocationAuthMethods": ["NONE"],
        "supportedAttachments": ["EMBEDDED"], "supportedVerifiedClaims": ["given_name"], "allowableClockSkew": 5,
        "clientAttesterRoots": ["PEM"], "haipVersion": "1", "predefinedTransformedClaims": "{}",
    });
    let updated = authlete.set_service(&members).await;
    let read = authlete.get("/service/get").await.body;
    for (member, value) in members.as_object().unwrap() {
        assert_eq!((&updated[member], &read[member]), (value, value), "{member}");
    }
    let again = authlete.set_service(&json!({})).await;
    assert_eq!(again, read, "what is read and written back is unchanged");
    let reset = authlete.post("/service/update", &json!({"serviceName": "x"})).await.body;
    for member in ["description", "tokenEndpoint", "snsCredentials", "authenticationCallbackApiSecret", "trustAnchors"]
    {
        assert_eq!(reset.get(member), None, "{member}");
    }
    assert_eq!(reset["pkceRequired"], false);
}

#[tokio::test]
async fn what_is_wrong_in_a_service_is_named() {
    let authlete = Authlete::open().await;
    for (member, value) in [
        ("serviceName", json!(1)),
        ("issuer", json!("not a URL")),
        ("issuer", json!("https://as.example/#f")),
        ("tokenEndpoint", json!("javascript:alert(1)")),
        ("supportedGrantTypes", json!(["TELEPORT"])),
        ("supportedGrantTypes", json!("AUTHORIZATION_CODE")),
        ("supportedScopes", json!([{"name": "a b"}])),
        ("supportedScopes", json!(["openid"])),
        ("supportedDisplays", json!(["HOLOGRAM"])),
        ("accessTokenSignAlg", json!("EDDSA")),
        ("accessTokenDuration", json!("3600")),
        ("pkceRequired", json!(1)),
        ("clientsPerDeveloper", json!(-1)),
        ("attributes", json!([{"key": "a", "value": 1}])),
        ("jwks", json!({"keys": []})),
        ("jwks", json!("not JSON")),
        ("jwks", json!("{\"keys\":{}}")),
        ("jwks", json!("{\"keys\":[{\"kty\":\"RSA\",\"n\":\"AQ\",\"e\":\"AQAB\"}]}")),
        ("federationJwks", json!("{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"kid\":5}]}")),
        ("supportedCustomClientMetadata", json!([1])),
    ] {
        let reply = authlete.post("/service/update", &json!({member: value})).await;
        assert_error(&reply, 400, "A001296");
        assert!(reply.text("resultMessage").contains(member), "{member} {value}: {reply:?}");
    }
    let reserved = authlete.post("/service/update", &json!({"supportedCustomClientMetadata": ["client_secret"]})).await;
    assert!(reserved.text("resultMessage").contains("client_secret"), "{reserved:?}");
}

#[tokio::test]
async fn an_update_that_says_nothing_of_a_service_changes_nothing() {
    let authlete = Authlete::open().await;
    let members =
        json!({"serviceName": "Shop", "issuer": "https://as.example", "tokenEndpoint": "https://as.example/t"});
    let before = authlete.set_service(&members).await;
    for (body, part) in [
        (json!({}), "the body has no member of a Service"),
        (json!({"policy": {}}), "\"policy\" is none"),
        (json!({"serviceName": null, "service_name": "x"}), "\"service_name\" is none"),
        (json!({"apiKey": 1, "number": 1}), "\"apiKey\" is none"),
    ] {
        let reply = authlete.post("/service/update", &body).await;
        assert_error(&reply, 400, "A001290");
        assert!(reply.text("resultMessage").contains(part), "{reply:?}");
    }
    assert_eq!(authlete.get("/service/get").await.body, before);
    let updated = authlete.post("/service/update", &json!({"serviceName": "Store", "later": {}})).await;
    assert_eq!((updated.status, updated.text("serviceName")), (200, "Store"), "a later version's member is no error");
    assert_eq!(updated.body.get("tokenEndpoint"), None, "what is left out is absent");
}

#[tokio::test]
async fn what_adds_up_to_more_than_an_item_is_refused_by_name() {
    let authlete = Authlete::open().await;
    authlete.world.set_stet(json!({"contact": "x".repeat(100_000)})).await;
    let claims: Vec<String> = (0..15_000).map(|number| format!("claim{number}")).collect();
    for (body, member) in [
        (json!({"supportedClaims": claims}), "supportedClaims"),
        (json!({"snsCredentials": [{"sns": "FACEBOOK", "apiSecret": "x".repeat(140_000)}]}), "snsCredentials"),
        (json!({"supportedCustomClientMetadata": &claims[..1001]}), "supportedCustomClientMetadata"),
    ] {
        let reply = authlete.post("/service/update", &body).await;
        assert_error(&reply, 400, "A001296");
        assert!(reply.text("resultMessage").contains(member), "{member}: {reply:?}");
    }
}

const ANCHOR_KEYS: &str =
    r#"{"keys":[{"crv":"Ed25519","kid":"a","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

const PRIVATE: &str = r#"{"keys":[{"kty":"EC","crv":"P-256","kid":"a","use":"sig","x":"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4","y":"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM","d":"870MB6gfuTJ4HtUnUvYMyJpr5eUZNP4Bk43bVdj3eAE"}]}"#;

#[tokio::test]
async fn private_keys_come_in_and_leave_by_one_way_only() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    assert_eq!(authlete.get("/service/jwks/get").await.status, 204);
    let service = authlete.set_service(&json!({"jwks": PRIVATE, "federationJwks": PRIVATE})).await;
    let public: Value = serde_json::from_str(service["jwks"].as_str().unwrap()).unwrap();
    assert_eq!((&public["keys"][0]["kid"], public["keys"][0].get("d")), (&json!("a"), None));
    assert!(!service.to_string().contains("870MB6gf"));
    assert_eq!(authlete.get("/service/jwks/get").await.body, public);
    let private: Value = serde_json::from_str(PRIVATE).unwrap();
    assert_eq!(authlete.get("/service/jwks/get?includePrivateKeys=true").await.body, private);
    authlete.set_service(&json!({"serviceName": "Renamed"})).await;
    let kept = authlete.get("/service/jwks/get?includePrivateKeys=true&pretty=true").await;
    assert_eq!(kept.body, private, "what is read and written back keeps its private parts");
    let python = authlete.get("/service/jwks/get?includePrivateKeys=True").await;
    assert_eq!(python.body, private);
    let reader = operator_token(world, Owner::Service(1), &[Permission::ServiceRead]).await;
    let refused = world.send_bare("GET", "/api/1/service/jwks/get?includePrivateKeys=true", Some(&reader)).await;
    assert_error(&refused, 403, "A001293");
    let stored = world.app.store.service(1).await.unwrap().unwrap();
    assert!(!serde_json::to_string(&stored.configuration).unwrap().contains("870MB6gf"), "it is sealed");
}

#[tokio::test]
async fn a_new_service_has_keys_and_one_that_sends_its_own_has_those() {
    let (world, token) = organization().await;
    let create = async |sent: Value| {
        let created = world.send_json("POST", "/api/service/create", Some(&token), &sent).await;
        assert_eq!(created.status, 200, "{created:?}");
        let id = created.body["apiKey"].to_string();
        let get = async |path: String| world.send_bare("GET", &path, Some(&token)).await.body;
        let discovery = get(format!("/{id}/.well-known/openid-configuration")).await;
        let keys = get(format!("/api/{id}/service/jwks/get")).await;
        let private = get(format!("/api/{id}/service/jwks/get?includePrivateKeys=true")).await;
        let answered: Value = serde_json::from_str(created.text("jwks")).unwrap();
        assert_eq!(answered, keys, "what is created, read and published is one set");
        (keys, private, discovery["id_token_signing_alg_values_supported"].clone())
    };
    let (keys, private, announced) = create(json!({"serviceName": "Shop"})).await;
    let (key, private) = (&keys["keys"][0], &private["keys"][0]);
    assert_eq!((&key["alg"], &key["use"], &key["iat"]), (&json!("RS256"), &json!("sig"), &json!(NOW)));
    assert_eq!((&key["kid"], key.get("d"), private["d"].is_string()), (&private["kid"], None, true));
    assert_eq!((keys["keys"].as_array().unwrap().len(), announced), (1, json!(["RS256"])));
    let (keys, private, announced) = create(json!({"jwks": PRIVATE})).await;
    assert_eq!((&keys["keys"][0]["kid"], announced), (&json!("a"), json!(["ES256"])));
    assert_eq!(private, serde_json::from_str::<Value>(PRIVATE).unwrap());
    let (_, _, announced) = create(json!({"jwks": "{\"keys\":[]}"})).await;
    assert_eq!(announced, json!(["RS256"]), "a service without keys has what signs elsewhere");
}

#[tokio::test]
async fn a_service_that_was_written_without_its_public_keys_has_them_still() {
    let authlete = Authlete::open().await;
    authlete.set_service(&json!({"jwks": PRIVATE})).await;
    let keys = authlete.get("/service/jwks/get").await.body;
    let store = &authlete.world.app.store;
    let mut service = store.service(1).await.unwrap().unwrap();
    assert_eq!(service.configuration.jwks.take().map(Value::from), Some(keys.clone()));
    store.update_service(1, service.version, &service.configuration, None, &Origin::default()).await.unwrap();
    assert_eq!(authlete.get("/service/jwks/get").await.body, keys);
    authlete.set_service(&json!({"serviceName": "Renamed"})).await;
    let service = store.service(1).await.unwrap().unwrap();
    assert_eq!(service.configuration.jwks.map(Value::from), Some(keys), "the next write adds them");
}

#[tokio::test]
async fn a_services_configuration_is_what_discovery_publishes() {
    let authlete = Authlete::open().await;
    let service = json!({"tokenEndpoint": "https://as.example/token", "supportedScopes": [{"name": "openid"}]});
    authlete.set_service(&service).await;
    let mut configuration = authlete.get("/service/configuration").await.body;
    let discovery = authlete.world.send_bare("GET", "/1/.well-known/openid-configuration", None).await.body;
    let runtimes = json!({
        "authorization_response_iss_parameter_supported": true,
        "claims_parameter_supported": true,
        "request_parameter_supported": false,
        "request_uri_parameter_supported": false,
        "response_modes_supported": ["query", "fragment", "form_post"],
    });
    for (member, value) in runtimes.as_object().unwrap() {
        assert_eq!(configuration.as_object_mut().unwrap().remove(member).as_ref(), Some(value), "{member}");
    }
    assert_eq!(configuration, discovery);
    assert_eq!(configuration["issuer"], format!("{BASE_URL}/1"));
    authlete
        .set_service(&json!({"registrationEndpoint": "https://as.example/register", "issuer": "https://as.example"}))
        .await;
    let configuration = authlete.get("/service/configuration?pretty=true").await.body;
    assert_eq!(configuration["registration_endpoint"], "https://as.example/register");
    assert_eq!(configuration["issuer"], "https://as.example");
    let (_, _, reply) = authlete.register(&json!({"client_name": "x"})).await;
    assert!(content(&reply)["registration_client_uri"].as_str().unwrap().starts_with("https://as.example/register/"));
}

#[tokio::test]
async fn a_policy_that_authlete_cannot_express_survives_an_update() {
    let authlete = Authlete::open().await;
    let before = authlete.world.app.store.service(1).await.unwrap().unwrap().configuration;
    authlete.set_service(&json!({})).await;
    let after = authlete.world.app.store.service(1).await.unwrap().unwrap().configuration;
    assert_eq!((after.policy, after.organization, after.issuer), (before.policy, before.organization, before.issuer));
}

#[tokio::test]
async fn what_other_doors_keep_of_a_service_survives_an_update() {
    let authlete = Authlete::open().await;
    let kept = json!({"contact": "optional"});
    authlete.world.set_stet(kept.clone()).await;
    authlete.set_service(&json!({"description": "Changed", "supportedScopes": [{"name": "openid"}]})).await;
    authlete.set_service(&json!({"description": null, "supportedScopes": null})).await;
    let others = authlete.world.app.store.service(1).await.unwrap().unwrap().configuration.others;
    assert_eq!(others.get("stet"), Some(&kept));
    assert!(!others.contains_key("description") && !others.contains_key("supportedScopes"), "{others:?}");
}
