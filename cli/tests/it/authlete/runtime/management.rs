//! What operators do with tokens and with what users have granted.

use serde_json::{Value, json};

use super::{Party, assert_no_null, assert_outcome, with};

#[tokio::test]
async fn an_operator_makes_tokens() {
    let party = Party::new().await;
    let make = async |members: Value| {
        let body =
            with(json!({"grantType": "AUTHORIZATION_CODE", "clientId": party.client_id, "subject": "john"}), &members);
        party.authlete.post("/auth/token/create", &body).await
    };
    let tokens = make(json!({"scopes": ["a"], "properties": [{"key": "k", "value": "v"}]})).await;
    assert_outcome(&tokens, "OK", "A109001", "");
    assert_eq!((&tokens.body["expiresIn"], tokens.text("tokenType")), (&json!(100), "Bearer"));
    assert!(party.works(tokens.text("accessToken")).await);
    assert!(party.refresh(tokens.text("refreshToken")).await.text("action") == "OK");
    let chosen = json!({"accessToken": "chosen-1", "refreshToken": "chosen-2", "accessTokenPersistent": true});
    let tokens = make(chosen.clone()).await;
    assert_eq!((tokens.text("accessToken"), tokens.body.get("expiresAt")), ("chosen-1", None));
    assert!(party.works("chosen-1").await);
    assert_outcome(&make(chosen).await, "BAD_REQUEST", "A109282", "");
    let standard = party.post("/auth/introspection/standard", &json!({"parameters": "token=chosen-2"})).await;
    assert!(standard.text("responseContent").contains("\"active\":true"));
    let refreshed = party.refresh("chosen-2").await;
    assert_outcome(&refreshed, "OK", "A053080", "");
    assert!(!party.works("chosen-1").await && party.works(refreshed.text("accessToken")).await);
    let own = make(json!({"grantType": "CLIENT_CREDENTIALS", "subject": "john"})).await;
    assert_eq!((own.body.get("subject"), own.body.get("refreshToken")), (None, None));
    for (members, code) in [
        (json!({"grantType": null}), "A109280"),
        (json!({"grantType": "REFRESH_TOKEN"}), "A109280"),
        (json!({"subject": null}), "A109280"),
        (json!({"scopes": ["odd"]}), "A109280"),
        (json!({"clientId": 77}), "A109281"),
        (json!({"clientId": 0}), "A109280"),
        (json!({"dpopKeyThumbprint": "x"}), "A109280"),
    ] {
        assert_outcome(&make(members).await, "BAD_REQUEST", code, "");
    }
}

#[tokio::test]
async fn an_operator_changes_tokens() {
    let party = Party::new().await;
    let tokens = party.tokens("openid a", "john").await;
    let token = tokens.text("accessToken").to_owned();
    let list = format!("/auth/token/get/list?clientIdentifier={}", party.client_id);
    let listed = party.authlete.get(&list).await.body["accessTokens"][0].clone();
    let update = async |members: Value| party.authlete.post("/auth/token/update", &members).await;
    let sdk = json!({"accessToken": token, "accessTokenExpiresAt": 0, "refreshTokenExpiresAt": 0, "scopes": null,
        "accessTokenPersistent": false, "forExternalAttachment": false});
    let same = update(sdk).await;
    assert_outcome(&same, "OK", "A135001", "");
    assert_eq!(same.body["accessTokenExpiresAt"], tokens.body["accessTokenExpiresAt"]);
    let longer =
        update(json!({"accessTokenHash": listed["accessTokenHash"], "accessTokenExpiresAt": 1_790_009_000_000_u64,
        "scopes": ["b", "odd"]}))
        .await;
    assert_eq!((&longer.body["scopes"], longer.body.get("accessToken")), (&json!(["b"]), None));
    assert_eq!(longer.body["accessTokenExpiresAt"], 1_790_009_000_000_u64);
    let renewed = update(json!({"refreshToken": tokens.text("refreshToken"), "accessTokenValueUpdated": true})).await;
    assert!(!party.works(&token).await && party.works(renewed.text("accessToken")).await);
    for (members, action, code) in [
        (json!({}), "BAD_REQUEST", "A135280"),
        (json!({"accessToken": "x"}), "NOT_FOUND", "A135380"),
        (json!({"accessToken": token}), "NOT_FOUND", "A135380"),
    ] {
        assert_outcome(&update(members).await, action, code, "");
    }
    let by = |name: &str| format!("/auth/token/delete/{}", listed[name].as_str().unwrap());
    let delete = async |path: String| party.authlete.call("DELETE", &path, &Value::Null).await;
    assert_eq!(delete(by("refreshTokenHash")).await.status, 204);
    assert!(!party.works(renewed.text("accessToken")).await);
    assert_eq!(delete("/auth/token/delete/unknown%2Fa".to_owned()).await.status, 204);
}

#[tokio::test]
async fn tokens_are_listed_and_ended_by_client_and_by_user() {
    let party = Party::new().await;
    let other = party.authlete.create(&super::client()).await["clientId"].clone();
    let make = async |client: Value, subject: &'static str| {
        let body = json!({"grantType": "PASSWORD", "clientId": client, "subject": subject, "scopes": ["a"]});
        party.authlete.post("/auth/token/create", &body).await.text("accessToken").to_owned()
    };
    let own = json!(party.client_id);
    let (a, b) = (make(own.clone(), "john").await, make(own.clone(), "su b/1").await);
    party.authlete.world.clock.advance(1);
    let (c, d) = (make(other.clone(), "john").await, make(own.clone(), "john").await);
    let total = async |query: String| party.authlete.get(&format!("/auth/token/get/list{query}")).await.body;
    let page = total(format!("?clientIdentifier={}&start=0&end=2", party.client_id)).await;
    assert_no_null(&page);
    assert_eq!((&page["totalCount"], page["accessTokens"].as_array().unwrap().len()), (&json!(3), 2));
    assert_eq!(page["accessTokens"][0]["createdAt"], 1_790_000_001_000_u64);
    assert_eq!(page["client"].get("clientSecret"), None);
    assert_eq!(total("?subject=john".to_owned()).await["totalCount"], 3);
    assert_eq!(total("?subject=su%20b%2F1".to_owned()).await["totalCount"], 1);
    assert_eq!(total(format!("?subject=john&clientIdentifier={}", party.client_id)).await["totalCount"], 2);
    assert_eq!(total(String::new()).await["totalCount"], 4);
    let revoke = async |members: Value| party.authlete.post("/auth/token/revoke", &members).await;
    let none = revoke(json!({})).await;
    assert_eq!(none.status, 400);
    let sub = json!({"accessTokenIdentifier": null, "clientIdentifier": null, "subject": "su b/1"});
    assert_eq!(revoke(sub).await.text("resultMessage"), "[A312001] Revoked 1 access token(s).");
    assert!(!party.works(&b).await && party.works(&a).await);
    assert_eq!(revoke(json!({"clientIdentifier": other, "subject": "john"})).await.body["count"], 1);
    assert!(!party.works(&c).await && party.works(&a).await);
    let code = party.code("a", "john").await;
    assert_eq!(revoke(json!({"clientIdentifier": party.client_id})).await.body["count"], 2);
    assert!(!party.works(&a).await && !party.works(&d).await);
    assert_outcome(&party.exchange(&code).await, "BAD_REQUEST", "A050305", "invalid_grant");
    party.authlete.world.clock.advance(1);
    let anew = party.tokens("a", "john").await;
    assert!(party.works(anew.text("accessToken")).await, "later tokens live");
    for index in 0..101 {
        party.authlete.create(&with(super::client(), &json!({"clientName": format!("{index}")}))).await;
    }
    let reply = party.authlete.get("/auth/token/get/list").await;
    assert_eq!(reply.status, 400, "{reply:?}");
}

#[tokio::test]
async fn what_a_user_has_granted_is_shown_changed_and_forgotten() {
    let party = Party::new().await;
    let subject = "su b/1";
    let path = |operation: &str| format!("/client/{operation}/{}/su%20b%2F1?subject=su%20b%2F1", party.client_id);
    let granted = async || party.authlete.get(&path("granted_scopes/get")).await.body;
    let none = granted().await;
    assert_eq!((&none["subject"], none.get("latestGrantedScopes")), (&json!(subject), None));
    let first = party.exchange(&party.code("a", subject).await).await;
    party.authlete.world.clock.advance(5);
    let second = party.exchange(&party.code("openid b", subject).await).await;
    let known = granted().await;
    assert_eq!(known["latestGrantedScopes"], json!(["openid", "b"]));
    assert_eq!(
        (&known["mergedGrantedScopes"], &known["modifiedAt"]),
        (&json!(["a", "b", "openid"]), &json!(1_790_000_005_000_u64))
    );
    let post =
        party.post(&format!("/client/granted_scopes/get/{}", party.client_id), &json!({"subject": subject})).await;
    assert_eq!(post.body, known);
    let listed = party.authlete.get("/client/authorization/get/list/su%20b%2F1?subject=su%20b%2F1").await;
    assert_eq!(listed.body["clients"][0]["clientId"].to_string(), party.client_id);
    assert_eq!(listed.body["clients"][0].get("clientSecret"), None);
    let sdk = json!({"subject": subject, "developer": null, "start": 0, "end": 0});
    assert_eq!(party.post("/client/authorization/get/list", &sdk).await.body["totalCount"], 1);
    let update = format!("/client/authorization/update/{}", party.client_id);
    let updated = party.post(&update, &json!({"subject": subject, "scopes": ["a"]})).await;
    assert!(updated.text("resultMessage").starts_with("[A138001] Updated 2 access token(s)"), "{updated:?}");
    assert_eq!(party.introspect(second.text("accessToken")).await.body["scopes"], json!(["a"]));
    let forget = party.authlete.call("DELETE", &path("granted_scopes/delete"), &Value::Null).await;
    assert_eq!((forget.status, forget.text("resultCode")), (200, "A187081"));
    assert_eq!(granted().await.get("latestGrantedScopes"), None);
    assert!(party.works(first.text("accessToken")).await, "tokens stay");
    let code = party.code("a", subject).await;
    let deleted = party.authlete.call("DELETE", &path("authorization/delete"), &Value::Null).await;
    assert!(deleted.text("resultMessage").starts_with("[A137001] Deleted 2 access token(s)"), "{deleted:?}");
    assert!(!party.works(first.text("accessToken")).await);
    assert_outcome(&party.exchange(&code).await, "BAD_REQUEST", "A050305", "invalid_grant");
    assert_eq!(granted().await.get("latestGrantedScopes"), None);
    let id = &party.client_id;
    for (method, path) in [
        ("GET", format!("/client/granted_scopes/get/{id}")),
        ("DELETE", format!("/client/granted_scopes/delete/{id}")),
        ("DELETE", format!("/client/authorization/delete/{id}")),
        ("GET", "/client/authorization/get/list".to_owned()),
        ("GET", format!("/client/granted_scopes/get/{id}/john?subject=jane")),
        ("GET", "/client/granted_scopes/get/77?subject=john".to_owned()),
    ] {
        let reply = party.authlete.call(method, &path, &Value::Null).await;
        assert_eq!(reply.status, 400, "{path}: {reply:?}");
    }
}

/// A list and a count are of what works.
#[tokio::test]
async fn what_ended_with_its_client_is_not_among_what_works() {
    let party = Party::new().await;
    let tokens = party.tokens("a", "john").await;
    let list = async |query: &str| party.authlete.get(&format!("/auth/token/get/list?{query}")).await.body;
    let valid = async || list("subject=john").await["totalCount"].clone();
    assert_eq!(valid().await, 1);
    let lock = async |locked: bool| {
        party.post(&format!("/client/lock_flag/update/{}", party.client_id), &json!({"clientLocked": locked})).await
    };
    lock(true).await;
    assert_eq!(valid().await, 0);
    assert_eq!(list("subject=john&tokenStatus=INVALID").await["totalCount"], 1);
    lock(false).await;
    assert_eq!(valid().await, 1);
    let revoke = async |members: Value| party.authlete.post("/auth/token/revoke", &members).await.body["count"].clone();
    assert_eq!(revoke(json!({"clientIdentifier": party.client_id})).await, 1);
    assert_eq!(valid().await, 0);
    for query in [format!("clientIdentifier={}", party.client_id), String::new()] {
        assert_eq!(list(&query).await["totalCount"], 0, "{query}");
    }
    assert_eq!(revoke(json!({"clientIdentifier": party.client_id})).await, 0);
    assert_eq!(revoke(json!({"subject": "john"})).await, 0);
    assert!(!party.works(tokens.text("accessToken")).await);
}

/// Of what has ended a grant remembers nothing: it could not be ended again.
#[tokio::test]
async fn what_has_ended_is_not_brought_back() {
    let party = Party::new().await;
    let create = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": party.client_id, "accessTokenDuration": 10});
    let token = party.post("/auth/token/create", &create).await.text("accessToken").to_owned();
    let longer = json!({"accessToken": token, "accessTokenExpiresAt": 1_790_009_000_000_u64});
    assert_outcome(&party.post("/auth/token/update", &longer).await, "OK", "A135001", "");
    let short = json!({"accessToken": token, "accessTokenExpiresAt": 1_790_000_001_000_u64});
    assert_outcome(&party.post("/auth/token/update", &short).await, "OK", "A135001", "");
    party.authlete.world.clock.advance(2);
    for change in [&longer, &json!({"accessToken": token, "accessTokenPersistent": true})] {
        assert_outcome(&party.post("/auth/token/update", change).await, "NOT_FOUND", "A135380", "");
    }
}

/// RFC 9396 §2: what operators say in an object, clients and resource servers get in an array.
#[tokio::test]
async fn authorization_details_are_an_array_to_clients() {
    let party = Party::with(&json!({"accessTokenSignAlg": "ES256"}), &json!({})).await;
    let create = async |details: Value| {
        let body = json!({"grantType": "PASSWORD", "clientId": party.client_id, "subject": "john",
            "authorizationDetails": details});
        party.authlete.post("/auth/token/create", &body).await
    };
    let sent = json!({"elements": [{"type": "payment", "dataTypes": ["account"], "actions": null,
        "otherFields": "{\"amount\":{\"value\":\"1.00\"},\"type\":\"other\"}"}]});
    let made = create(sent).await;
    assert_outcome(&made, "OK", "A109001", "");
    let shown = &made.body["authorizationDetails"]["elements"][0];
    assert_eq!((&shown["type"], &shown["dataTypes"]), (&json!("payment"), &json!(["account"])));
    assert_eq!(shown["otherFields"], r#"{"amount":{"value":"1.00"}}"#);
    let details = json!([{"type": "payment", "datatypes": ["account"], "amount": {"value": "1.00"}}]);
    let jwt = shared::jose::UnverifiedJwt::parse(made.text("jwtAccessToken")).unwrap();
    assert_eq!(jwt.unverified_claims()["authorization_details"], details);
    let parameters = json!({"parameters": format!("token={}", made.text("accessToken"))});
    let standard = crate::authlete::content(&party.post("/auth/introspection/standard", &parameters).await);
    assert_eq!(standard["authorization_details"], details);
    let refreshed = crate::authlete::content(&party.refresh(made.text("refreshToken")).await);
    assert_eq!(refreshed["authorization_details"], details);
    let issue = json!({"ticket": party.ticket("a").await, "subject": "john",
        "authorizationDetails": {"elements": [{"type": "payment"}]},
        "properties": [{"key": "authorization_details", "value": "mine"}]});
    let code = party.post("/auth/authorization/issue", &issue).await.text("authorizationCode").to_owned();
    let tokens = crate::authlete::content(&party.exchange(&code).await);
    assert_eq!(tokens["authorization_details"], json!([{"type": "payment"}]));
    assert_eq!(create(json!({"elements": []})).await.body.get("authorizationDetails"), None);
    for wrong in [
        json!("x"),
        json!([{"type": "payment"}]),
        json!({"elements": {}}),
        json!({"elements": ["payment"]}),
        json!({"elements": [{"identifier": "x"}]}),
        json!({"elements": [{"type": "payment", "otherFields": "no object"}]}),
        json!({"elements": [{"type": "payment", "otherFields": {}}]}),
        json!({"elements": [{"type": "payment", "locations": "https://api.example"}]}),
        json!({"elements": [{"type": "payment", "actions": ["read", 1]}]}),
        json!({"elements": [{"type": "payment", "identifier": 7}]}),
    ] {
        let reply = create(wrong.clone()).await;
        assert_eq!(reply.status, 400, "{wrong}: {reply:?}");
        assert!(reply.text("resultMessage").contains("authorizationDetails"), "{reply:?}");
    }
}

/// Whoever ends what a list has named means the grant, though it was refreshed meanwhile; what ends in a path at its
/// question mark names something else.
#[tokio::test]
async fn what_is_ended_is_what_was_meant() {
    let party = Party::new().await;
    for name in ["accessTokenHash", "refreshTokenHash"] {
        let tokens = party.tokens("a", "john").await;
        let list = format!("/auth/token/get/list?clientIdentifier={}", party.client_id);
        let listed = party.authlete.get(&list).await.body["accessTokens"][0][name].clone();
        let refreshed = party.refresh(tokens.text("refreshToken")).await;
        let revoked = party.post("/auth/token/revoke", &json!({"accessTokenIdentifier": listed})).await;
        assert_eq!(revoked.body["count"], 1, "{name}");
        assert!(!party.works(refreshed.text("accessToken")).await, "{name}");
    }
    let kept = party.tokens("a", "john").await;
    let delete = async |path: String| party.authlete.call("DELETE", &path, &Value::Null).await;
    let cut = delete(format!("/auth/token/delete/{}?x", kept.text("accessToken"))).await;
    assert_eq!((cut.status, cut.text("resultCode")), (400, "A001290"), "{cut:?}");
    let cut = delete(format!("/client/authorization/delete/{}/john?x", party.client_id)).await;
    assert_eq!((cut.status, cut.text("resultCode")), (400, "A001290"), "{cut:?}");
    assert!(party.works(kept.text("accessToken")).await);
}

/// An access token ends with its refresh token at the latest, whoever moves its end.
#[tokio::test]
async fn ends_stay_linked() {
    let party = Party::with(&json!({"tokenExpirationLinked": true}), &json!({})).await;
    let tokens = party.tokens("b", "john").await;
    let end = tokens.body["refreshTokenExpiresAt"].clone();
    let later = json!({"accessToken": tokens.text("accessToken"), "accessTokenExpiresAt": 1_999_000_000_000_u64});
    assert_eq!(party.post("/auth/token/update", &later).await.body["accessTokenExpiresAt"], end);
}

/// A grant is found by whatever name its client has.
#[tokio::test]
async fn an_alias_leads_to_the_same_grant() {
    let party = Party::with(&json!({}), &json!({"clientIdAlias": "shop", "clientIdAliasEnabled": true})).await;
    let make = async || {
        let body = json!({"grantType": "PASSWORD", "clientIdentifier": "shop", "subject": "john"});
        party.authlete.post("/auth/token/create", &body).await.text("accessToken").to_owned()
    };
    let first = make().await;
    for _ in 0..99 {
        party.authlete.world.clock.advance(1);
        make().await;
    }
    let last = make().await;
    assert!(!party.works(&first).await && party.works(&last).await);
    let listed = party.authlete.get("/auth/token/get/list?clientIdentifier=shop&subject=john").await;
    assert_eq!(listed.body["totalCount"], 100);
}

#[tokio::test]
async fn the_oldest_of_many_authorizations_makes_room() {
    let party = Party::new().await;
    let make = async |members: Value| {
        let body = json!({"grantType": "PASSWORD", "clientId": party.client_id, "subject": "john"});
        party.authlete.post("/auth/token/create", &with(body, &members)).await.text("accessToken").to_owned()
    };
    let first = make(json!({})).await;
    party.authlete.world.clock.advance(1);
    let second = make(json!({"accessToken": "of-another-server"})).await;
    for _ in 0..98 {
        party.authlete.world.clock.advance(1);
        make(json!({})).await;
    }
    assert!(party.works(&first).await);
    let last = make(json!({})).await;
    assert!(!party.works(&first).await && party.works(&last).await);
    assert!(party.works(&second).await);
    party.code("a", "john").await;
    assert!(!party.works(&second).await && party.works(&last).await);
}
