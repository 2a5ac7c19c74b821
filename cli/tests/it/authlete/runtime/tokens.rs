//! Tokens: by codes, refresh tokens, clients' own authority and passwords; and what is told of them.

use serde_json::{Value, json};
use shared::jose::UnverifiedJwt;
use shared::time::DAY;

use super::{CHALLENGE, Party, REDIRECT, VERIFIER, assert_outcome, with};
use crate::authlete::content;
use crate::support::Reply;

fn claims(reply: &Reply) -> Value {
    let jwt = UnverifiedJwt::parse(reply.text("idToken")).unwrap();
    Value::Object(jwt.unverified_claims().clone())
}

#[tokio::test]
async fn a_code_becomes_tokens_and_an_id_token() {
    let party = Party::with(&json!({}), &json!({"attributes": [{"key": "of", "value": "client"}]})).await;
    let ticket = party.ticket("openid email a").await;
    let issue = json!({"ticket": ticket, "subject": "john", "sub": "j-1", "authTime": 1_789_000_000, "acr": "gold",
        "claims": r#"{"email":"j@x.example","iss":"evil","null":null}"#, "sessionId": "sid-1",
        "properties": [{"key": "color", "value": "red"}, {"key": "inner", "value": "x", "hidden": true},
            {"key": "scope", "value": "no"}]});
    let issued = party.post("/auth/authorization/issue", &issue).await;
    let reply = party.exchange(issued.text("authorizationCode")).await;
    assert_outcome(&reply, "OK", "A050001", "");
    let content = content(&reply);
    assert_eq!(content["token_type"], "Bearer");
    assert_eq!((&content["expires_in"], &content["scope"]), (&json!(100), &json!("openid email a")));
    assert_eq!((&content["color"], content.get("inner")), (&json!("red"), None));
    let order: Vec<usize> = ["access_token", "token_type", "expires_in", "scope", "refresh_token", "id_token", "color"]
        .iter()
        .map(|name| reply.text("responseContent").find(&format!("\"{name}\":")).unwrap())
        .collect();
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(reply.body["properties"].as_array().unwrap().len(), 3);
    assert_eq!(reply.body["clientAttributes"][0]["value"], "client");
    assert_eq!(reply.body["serviceAttributes"][0]["value"], "service");
    let claims = claims(&reply);
    let expected = json!({"iss": "https://registrar.example/1", "sub": "j-1", "aud": [party.client_id], "nonce": "n-1",
        "auth_time": 1_789_000_000, "acr": "gold", "sid": "sid-1", "email": "j@x.example", "iat": 1_790_000_000,
        "exp": 1_790_086_400});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name}");
    }
    assert!(claims.get("s_hash").is_some() && claims.get("at_hash").is_none() && claims.get("null").is_none());
    let hinted = format!("response_type=code&redirect_uri={REDIRECT}&id_token_hint={}", reply.text("idToken"));
    let hinted = party.authorize(&hinted).await;
    assert_eq!(hinted.text("subject"), "j-1");
    let issue = |sub: &str| json!({"ticket": hinted.text("ticket"), "subject": "john", "sub": sub});
    let other = party.post("/auth/authorization/issue", &issue("j-2")).await;
    assert_outcome(&other, "INTERNAL_SERVER_ERROR", "A040286", "server_error");
    assert_outcome(&party.post("/auth/authorization/issue", &issue("j-1")).await, "LOCATION", "A040001", "");
}

#[tokio::test]
async fn each_fault_of_an_exchange_leaves_the_code() {
    let party = Party::new().await;
    let code = party.code("openid", "john").await;
    let other = party.authlete.create(&super::client()).await;
    let grant = "grant_type=authorization_code";
    let redirect = format!("redirect_uri={REDIRECT}");
    for (parameters, code_, error) in [
        ("code=x".to_owned(), "A050380", "invalid_request"),
        ("grant_type=odd".to_owned(), "A050381", "unsupported_grant_type"),
        ("grant_type=urn:ietf:params:oauth:grant-type:device_code".to_owned(), "A050381", "unsupported_grant_type"),
        (grant.to_owned(), "A050383", "invalid_request"),
        (format!("{grant}&code=unknown"), "A050305", "invalid_grant"),
        (format!("{grant}&code={code}&code_verifier={VERIFIER}"), "A050309", "invalid_grant"),
        (format!("{grant}&code={code}&redirect_uri=https://x.example"), "A050309", "invalid_grant"),
        (format!("{grant}&code={code}&{redirect}"), "A050312", "invalid_grant"),
        (format!("{grant}&code={code}&{redirect}&code_verifier={CHALLENGE}"), "A050315", "invalid_grant"),
        (format!("{grant}&code={code}&{redirect}&code_verifier=short"), "A050389", "invalid_grant"),
        (format!("{grant}&code={code}&{redirect}&code_verifier={}", "v".repeat(129)), "A050389", "invalid_grant"),
        (
            format!("{grant}&code={code}&{redirect}&code_verifier={VERIFIER}&resource=https://a"),
            "A050384",
            "invalid_target",
        ),
        (format!("{grant}&code={code}&code={code}"), "A050386", "invalid_request"),
    ] {
        assert_outcome(&party.token(&parameters).await, "BAD_REQUEST", code_, error);
    }
    let foreign = json!({"clientId": other["clientId"], "clientSecret": other["clientSecret"]});
    let foreign = party.token_with(&format!("{grant}&code={code}&{redirect}&code_verifier={VERIFIER}"), &foreign).await;
    assert_outcome(&foreign, "BAD_REQUEST", "A050305", "invalid_grant");
    assert_outcome(&party.exchange(&code).await, "OK", "A050001", "");
    let plain = party.authorize(&format!("response_type=code&redirect_uri={REDIRECT}")).await;
    let plain = party.issue(plain.text("ticket"), "john").await.text("authorizationCode").to_owned();
    assert_outcome(&party.exchange(&plain).await, "BAD_REQUEST", "A050317", "invalid_grant");
    let late = party.code("openid", "john").await;
    party.authlete.world.clock.advance(601);
    assert_outcome(&party.exchange(&late).await, "BAD_REQUEST", "A050305", "invalid_grant");
}

#[tokio::test]
async fn rfc9700_s4_5_a_second_use_of_a_code_ends_what_the_first_one_gave() {
    let party = Party::new().await;
    let code = party.code("openid", "john").await;
    let tokens = party.exchange(&code).await;
    assert!(party.works(tokens.text("accessToken")).await);
    assert_outcome(&party.exchange(&code).await, "BAD_REQUEST", "A050305", "invalid_grant");
    assert!(!party.works(tokens.text("accessToken")).await);
    let refreshed = party.refresh(tokens.text("refreshToken")).await;
    assert_outcome(&refreshed, "BAD_REQUEST", "A053305", "invalid_grant");
    assert_outcome(&party.exchange(&code).await, "BAD_REQUEST", "A050305", "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_is_replaced() {
    let party = Party::new().await;
    let first = party.tokens("openid a b", "john").await;
    let refresh = first.text("refreshToken");
    let narrow = party.token(&format!("grant_type=refresh_token&refresh_token={refresh}&scope=b")).await;
    assert_outcome(&narrow, "OK", "A053080", "");
    assert_eq!(
        (&narrow.body["scopes"], &narrow.body["refreshTokenScopes"]),
        (&json!(["b"]), &json!(["openid", "a", "b"]))
    );
    assert_eq!((narrow.body.get("idToken"), narrow.text("grantType")), (None, "REFRESH_TOKEN"));
    assert!(!party.works(first.text("accessToken")).await && party.works(narrow.text("accessToken")).await);
    assert_outcome(&party.refresh(refresh).await, "BAD_REQUEST", "A053305", "invalid_grant");
    assert!(party.works(narrow.text("accessToken")).await, "a confidential client keeps its grant");
    let wide = format!("grant_type=refresh_token&refresh_token={}&scope=email", narrow.text("refreshToken"));
    assert_outcome(&party.token(&wide).await, "BAD_REQUEST", "A053381", "invalid_scope");
    assert_outcome(&party.token("grant_type=refresh_token").await, "BAD_REQUEST", "A053380", "invalid_request");
    let replaced = party.token(&format!("grant_type=refresh_token&refresh_token={refresh}&scope=odd")).await;
    assert_outcome(&replaced, "BAD_REQUEST", "A053305", "invalid_grant");
    let stray = format!("grant_type=refresh_token&refresh_token={}&code=zzz", narrow.text("refreshToken"));
    let narrow = party.token(&stray).await;
    assert_outcome(&narrow, "OK", "A053080", "");
    party.authlete.world.clock.advance(864_001);
    let late = party.refresh(narrow.text("refreshToken")).await;
    assert_outcome(&late, "BAD_REQUEST", "A053305", "invalid_grant");
}

#[tokio::test]
async fn rfc9700_s4_14_2_a_public_clients_grant_ends_with_the_use_of_a_replaced_token() {
    let party = Party::with(
        &json!({}),
        &json!({"clientType": "PUBLIC", "tokenAuthMethod": "NONE",
        "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"]}),
    )
    .await;
    let first = party.tokens("a", "john").await;
    let second = party.refresh(first.text("refreshToken")).await;
    assert!(party.works(second.text("accessToken")).await);
    assert_outcome(&party.refresh(first.text("refreshToken")).await, "BAD_REQUEST", "A053305", "invalid_grant");
    assert!(!party.works(second.text("accessToken")).await);
    let dead = party.refresh(second.text("refreshToken")).await;
    assert_outcome(&dead, "BAD_REQUEST", "A053305", "invalid_grant");
}

#[tokio::test]
async fn a_refresh_token_that_was_just_replaced_gives_the_same_once_more_where_the_service_says_so() {
    let party = Party::with(&json!({"refreshTokenIdempotent": true}), &json!({})).await;
    let first = party.tokens("openid a", "john").await;
    let second = party.refresh(first.text("refreshToken")).await;
    party.authlete.world.clock.advance(30);
    let again = party.refresh(first.text("refreshToken")).await;
    assert_outcome(&again, "OK", "A053080", "");
    assert_eq!(again.body["previousRefreshTokenUsed"], true);
    assert_eq!(second.body.get("previousRefreshTokenUsed"), None);
    for name in ["accessToken", "refreshToken"] {
        assert_eq!(again.text(name), second.text(name), "{name}");
    }
    assert_eq!((&second.body["accessTokenDuration"], &again.body["accessTokenDuration"]), (&json!(100), &json!(70)));
    let narrower = format!("grant_type=refresh_token&refresh_token={}&scope=a", first.text("refreshToken"));
    let narrower = party.token(&narrower).await;
    assert_outcome(&narrower, "OK", "A053080", "");
    assert_eq!(narrower.text("refreshToken"), second.text("refreshToken"));
    assert_eq!((&narrower.body["scopes"], &narrower.body["previousRefreshTokenUsed"]), (&json!(["a"]), &json!(true)));
    assert!(party.works(narrower.text("accessToken")).await && !party.works(second.text("accessToken")).await);
    let short = format!("grant_type=refresh_token&refresh_token={}", second.text("refreshToken"));
    let short = party.token_with(&short, &json!({"accessTokenDuration": 5})).await;
    party.authlete.world.clock.advance(6);
    let again = party.refresh(second.text("refreshToken")).await;
    assert_ne!(again.text("accessToken"), short.text("accessToken"), "it has ended");
    assert!(party.works(again.text("accessToken")).await);
    let second = again;
    party.authlete.world.clock.advance(31);
    assert_outcome(&party.refresh(first.text("refreshToken")).await, "BAD_REQUEST", "A053305", "invalid_grant");
    let third = party.refresh(second.text("refreshToken")).await;
    assert_outcome(&third, "OK", "A053080", "");
    assert_eq!(third.body["refreshTokenScopes"], json!(["openid", "a"]));
    assert_outcome(&party.refresh(first.text("refreshToken")).await, "BAD_REQUEST", "A053305", "invalid_grant");
}

#[tokio::test]
async fn refresh_tokens_live_as_the_service_says() {
    for (members, kept, end) in [
        (json!({"refreshTokenKept": true}), true, 864_000),
        (json!({"refreshTokenKept": true, "refreshTokenDurationReset": true}), true, 864_100),
        (json!({"refreshTokenDurationKept": true}), false, 864_000),
        (json!({}), false, 864_100),
        (json!({"refreshTokenDuration": 50_000}), false, 50_100),
    ] {
        let party = Party::with(&members, &json!({})).await;
        let first = party.tokens("b", "john").await;
        party.authlete.world.clock.advance(100);
        let second = party.refresh(first.text("refreshToken")).await;
        assert_eq!(second.text("refreshToken") == first.text("refreshToken"), kept, "{members}");
        assert_eq!(second.body["refreshTokenExpiresAt"], json!((1_790_000_000_u64 + end) * 1000), "{members}");
        assert!(!party.works(first.text("accessToken")).await, "{members}");
    }
    let linked = Party::with(&json!({"tokenExpirationLinked": true, "refreshTokenDuration": 50}), &json!({})).await;
    let tokens = linked.tokens("b", "john").await;
    assert_eq!(tokens.body["accessTokenDuration"], 50);
    let client = json!({"extension": {"accessTokenDuration": 70, "refreshTokenDuration": 80}});
    let tokens = Party::with(&json!({}), &client).await.tokens("a b", "john").await;
    assert_eq!((&tokens.body["accessTokenDuration"], &tokens.body["refreshTokenDuration"]), (&json!(70), &json!(80)));
    let none = Party::with(&json!({}), &json!({"grantTypes": ["AUTHORIZATION_CODE"]})).await.tokens("a", "john").await;
    assert_eq!(none.body.get("refreshToken"), None);
}

#[tokio::test]
async fn a_client_acts_for_itself() {
    let party = Party::new().await;
    let reply = party.token("grant_type=client_credentials&scope=a openid odd").await;
    assert_outcome(&reply, "OK", "A052001", "");
    assert_eq!(reply.body["scopes"], json!(["a"]));
    for name in ["subject", "refreshToken", "idToken"] {
        assert_eq!(reply.body.get(name), None, "{name}");
    }
    assert!(party.works(reply.text("accessToken")).await);
    let none = party.token("grant_type=client_credentials").await;
    assert_eq!(content(&none).get("scope"), None);
    let public = json!({"clientType": "PUBLIC", "tokenAuthMethod": "NONE", "grantTypes": ["AUTHORIZATION_CODE"]});
    let public = Party::with(&json!({}), &public).await.token("grant_type=client_credentials").await;
    assert_outcome(&public, "BAD_REQUEST", "A052301", "unauthorized_client");
}

#[tokio::test]
async fn a_password_is_compared_by_the_authorization_server() {
    let party = Party::new().await;
    let ask = async |tail: &'static str| party.token(&format!("grant_type=password&{tail}")).await;
    assert_outcome(&ask("username=john").await, "BAD_REQUEST", "A054380", "invalid_request");
    let asked = ask("username=john&password=p+w&scope=a").await;
    assert_outcome(&asked, "PASSWORD", "A054080", "");
    assert_eq!((asked.text("username"), asked.text("password")), ("john", "p w"));
    let issue = json!({"ticket": asked.text("ticket"), "subject": "john"});
    let given = party.post("/auth/token/issue", &issue).await;
    assert_outcome(&given, "OK", "A054001", "");
    assert_eq!((given.body.get("idToken"), &given.body["scopes"]), (None, &json!(["a"])));
    assert!(party.works(given.text("accessToken")).await);
    let again = party.post("/auth/token/issue", &issue).await;
    assert_outcome(&again, "INTERNAL_SERVER_ERROR", "A067280", "server_error");
    let asked = ask("username=john&password=x").await;
    let fail = json!({"ticket": asked.text("ticket"), "reason": "INVALID_RESOURCE_OWNER_CREDENTIALS"});
    assert_outcome(&party.post("/auth/token/fail", &fail).await, "BAD_REQUEST", "A067301", "invalid_grant");
    let again = party.post("/auth/token/fail", &fail).await;
    assert_outcome(&again, "INTERNAL_SERVER_ERROR", "A067280", "server_error");
    let late = ask("username=john&password=x").await;
    party.authlete.world.clock.advance(601);
    let late = party.post("/auth/token/issue", &json!({"ticket": late.text("ticket"), "subject": "john"})).await;
    assert_outcome(&late, "INTERNAL_SERVER_ERROR", "A067280", "server_error");
}

#[tokio::test]
async fn a_user_has_one_grants_tokens_where_the_service_says_so() {
    for (of_service, of_client) in [
        (json!({"singleAccessTokenPerSubject": true}), json!({})),
        (json!({}), json!({"singleAccessTokenPerSubject": true})),
    ] {
        let party = Party::with(&of_service, &of_client).await;
        let own = party.token("grant_type=client_credentials").await;
        let (first, other) = (party.tokens("a", "john").await, party.tokens("a", "jane").await);
        let second = party.tokens("a", "john").await;
        assert!(!party.works(first.text("accessToken")).await && party.works(second.text("accessToken")).await);
        assert!(party.works(other.text("accessToken")).await && party.works(own.text("accessToken")).await);
        let dead = party.refresh(first.text("refreshToken")).await;
        assert_outcome(&dead, "BAD_REQUEST", "A053305", "invalid_grant");
        let asked = party.token("grant_type=password&username=john&password=x&scope=a").await;
        let third = party.post("/auth/token/issue", &json!({"ticket": asked.text("ticket"), "subject": "john"})).await;
        assert!(!party.works(second.text("accessToken")).await && party.works(third.text("accessToken")).await);
    }
}

#[tokio::test]
async fn each_answer_about_an_access_token_has_its_action_and_code() {
    let party = Party::new().await;
    let ticket = party.ticket("openid a").await;
    let issue = json!({"ticket": ticket, "subject": "john", "acr": "gold", "authTime": 1_789_999_000});
    let code = party.post("/auth/authorization/issue", &issue).await.text("authorizationCode").to_owned();
    let tokens = party.exchange(&code).await;
    let token = tokens.text("accessToken");
    for (members, action, code, error) in [
        (json!({}), "OK", "A056001", "invalid_request"),
        (
            json!({"scopes": ["a", "openid"], "subject": "john", "acrValues": ["silver", "gold"], "maxAge": 1000}),
            "OK",
            "A056001",
            "",
        ),
        (json!({"scopes": ["a", "b"]}), "FORBIDDEN", "A064302", "insufficient_scope"),
        (json!({"subject": "jane"}), "FORBIDDEN", "A064380", "invalid_request"),
        (json!({"acrValues": ["silver"]}), "UNAUTHORIZED", "A065380", "insufficient_user_authentication"),
        (json!({"maxAge": 999}), "UNAUTHORIZED", "A065380", "insufficient_user_authentication"),
        (json!({"token": "x"}), "UNAUTHORIZED", "A056380", "invalid_token"),
        (json!({"token": ""}), "BAD_REQUEST", "A056280", "invalid_request"),
        (json!({"token": tokens.text("refreshToken")}), "UNAUTHORIZED", "A056380", "invalid_token"),
    ] {
        let body = with(json!({"token": token}), &members);
        assert_outcome(&party.post("/auth/introspection", &body).await, action, code, error);
    }
    let lacking = party.post("/auth/introspection", &json!({"token": token, "scopes": ["b"]})).await;
    let facts = ["existent", "usable", "sufficient", "refreshable"].map(|name| lacking.body[name].as_bool().unwrap());
    assert_eq!(facts, [true, true, false, true]);
    assert!(lacking.text("responseContent").contains("scope=\"b\""));
    party.authlete.world.clock.advance(101);
    let expired = party.introspect(token).await;
    assert_outcome(&expired, "UNAUTHORIZED", "A065301", "invalid_token");
    let facts = ["existent", "usable", "refreshable"].map(|name| expired.body[name].as_bool().unwrap());
    assert_eq!(facts, [true, false, true]);
    party.authlete.world.clock.advance(864_000);
    assert_outcome(&party.introspect(token).await, "UNAUTHORIZED", "A056381", "invalid_token");
}

#[tokio::test]
async fn a_resource_server_is_told_what_rfc7662_says() {
    let party = Party::new().await;
    let tokens = party.tokens("openid a", "john").await;
    let ask = |token: String| json!({"parameters": format!("token={token}")});
    let standard = "/auth/introspection/standard";
    let reply = party.post(standard, &ask(tokens.text("accessToken").to_owned())).await;
    assert_outcome(&reply, "OK", "A145001", "");
    let told = content(&reply);
    assert_eq!(
        told,
        json!({"active": true, "client_id": party.client_id, "exp": 1_790_000_100, "iat": 1_790_000_000,
        "iss": "https://registrar.example/1", "scope": "openid a", "sub": "john", "token_type": "Bearer"})
    );
    let reply = party.post(standard, &ask(tokens.text("refreshToken").to_owned())).await;
    assert_eq!(content(&reply).get("token_type"), None);
    assert_eq!(content(&reply)["active"], true);
    for token in ["x", "", tokens.text("idToken")] {
        let reply = party.post(standard, &ask(token.to_owned())).await;
        match token {
            "" => assert_outcome(&reply, "BAD_REQUEST", "A145280", "invalid_request"),
            _ => assert_eq!(reply.text("responseContent"), r#"{"active":false}"#),
        }
    }
}

#[tokio::test]
async fn a_jwt_is_another_form_of_an_access_token() {
    let party = Party::with(&json!({"accessTokenSignAlg": "ES256"}), &json!({})).await;
    let tokens = party.tokens("openid a", "john").await;
    let jwt = tokens.text("jwtAccessToken").to_owned();
    assert_eq!(content(&tokens)["access_token"], jwt.as_str());
    let parsed = UnverifiedJwt::parse(&jwt).unwrap();
    assert_eq!(parsed.media_type(), Some("at+jwt"));
    let claims = parsed.unverified_claims();
    let expected = json!({"iss": "https://registrar.example/1", "aud": "https://registrar.example/1", "sub": "john",
        "client_id": party.client_id, "scope": "openid a", "exp": 1_790_000_100, "iat": 1_790_000_000,
        "grant_type": "authorization_code"});
    for (name, value) in expected.as_object().unwrap() {
        assert_eq!(&claims[name], value, "{name}");
    }
    assert!(party.works(&jwt).await);
    let standard = party.post("/auth/introspection/standard", &json!({"parameters": format!("token={jwt}")})).await;
    assert_eq!(content(&standard)["active"], true);
    let forged = format!("{}AAAA", &jwt[..jwt.len() - 4]);
    assert!(!party.works(&forged).await);
    let hint = format!("response_type=code&redirect_uri={REDIRECT}&id_token_hint={jwt}");
    assert_outcome(&party.authorize(&hint).await, "LOCATION", "A004394", "invalid_request");
    party.refresh(tokens.text("refreshToken")).await;
    assert!(!party.works(&jwt).await);
    let tokens = party.tokens("openid a", "john").await;
    let jwt = tokens.text("jwtAccessToken");
    let revoke = json!({"accessTokenIdentifier": tokens.text("accessToken")});
    assert_eq!(party.post("/auth/token/revoke", &revoke).await.body["count"], 1);
    assert!(!party.works(jwt).await);
    let standard = party.post("/auth/introspection/standard", &json!({"parameters": format!("token={jwt}")})).await;
    assert_eq!(standard.text("responseContent"), r#"{"active":false}"#);
    assert_outcome(&party.post("/auth/userinfo", &json!({"token": jwt})).await, "UNAUTHORIZED", "A088302", "");
}

#[tokio::test]
async fn claims_of_the_user_are_the_clients_for_an_access_token_with_openid() {
    let party = Party::new().await;
    let tokens = party.tokens("openid email", "john").await;
    let token = tokens.text("accessToken");
    let asked = party.post("/auth/userinfo", &json!({"token": token})).await;
    assert_outcome(&asked, "OK", "A091001", "");
    assert_eq!((asked.text("subject"), &asked.body["claims"]), ("john", &json!(["email", "email_verified"])));
    let claims = r#"{"email":"j@x.example","sub":"evil","phone":null}"#;
    let issued = party.post("/auth/userinfo/issue", &json!({"token": token, "claims": claims})).await;
    assert_outcome(&issued, "JSON", "A096001", "");
    assert_eq!(content(&issued), json!({"email": "j@x.example", "sub": "john"}));
    let plain = party.tokens("a", "john").await;
    for path in ["/auth/userinfo", "/auth/userinfo/issue"] {
        let unknown = party.post(path, &json!({"token": "x"})).await;
        assert_outcome(&unknown, "UNAUTHORIZED", "A088302", "invalid_token");
        let lacking = party.post(path, &json!({"token": plain.text("accessToken")})).await;
        assert_outcome(&lacking, "FORBIDDEN", "A089304", "insufficient_scope");
    }
    let wrong = party.post("/auth/userinfo/issue", &json!({"token": token, "claims": "[]"})).await;
    assert_outcome(&wrong, "INTERNAL_SERVER_ERROR", "A096280", "server_error");
    let signing = Party::with(&json!({}), &json!({"userInfoSignAlg": "ES256"})).await;
    let tokens = signing.tokens("openid", "john").await;
    let issued = signing.post("/auth/userinfo/issue", &json!({"token": tokens.text("accessToken")})).await;
    assert_outcome(&issued, "JWT", "A096001", "");
    let jwt = UnverifiedJwt::parse(issued.text("responseContent")).unwrap();
    assert_eq!(jwt.unverified_claims()["aud"], signing.client_id);
}

#[tokio::test]
async fn a_pairwise_subject_is_the_same_wherever_the_client_sees_it() {
    let party = Party::with(&json!({}), &json!({"subjectType": "PAIRWISE"})).await;
    let tokens = party.tokens("openid", "john").await;
    let sub = claims(&tokens)["sub"].clone();
    assert_ne!(sub, "john");
    let issued = party.post("/auth/userinfo/issue", &json!({"token": tokens.text("accessToken")})).await;
    assert_eq!(content(&issued)["sub"], sub);
    assert_eq!(claims(&party.tokens("openid", "jane").await)["sub"].as_str().unwrap().len(), 43);
    assert_eq!(claims(&party.tokens("openid", "john").await)["sub"], sub);
}

#[tokio::test]
async fn a_client_ends_its_own_tokens_both_at_once() {
    let party = Party::new().await;
    let other = party.authlete.create(&super::client()).await;
    for name in ["accessToken", "refreshToken"] {
        let tokens = party.tokens("a", "john").await;
        let token = tokens.text(name).to_owned();
        let revoke = |id: Value, secret: Value| json!({"parameters": format!("token={token}"), "clientId": id, "clientSecret": secret});
        let foreign = revoke(other["clientId"].clone(), other["clientSecret"].clone());
        assert_outcome(&party.post("/auth/revocation", &foreign).await, "BAD_REQUEST", "A113381", "invalid_request");
        let wrong = revoke(json!(party.client_id), json!("wrong"));
        assert_outcome(&party.post("/auth/revocation", &wrong).await, "INVALID_CLIENT", "A157380", "invalid_client");
        let bare = json!({"parameters": format!("token={token}")});
        assert_outcome(&party.post("/auth/revocation", &bare).await, "INVALID_CLIENT", "A116302", "invalid_client");
        assert!(party.works(tokens.text("accessToken")).await);
        let own = revoke(json!(party.client_id), json!(party.secret));
        let done = party.post("/auth/revocation", &own).await;
        assert_outcome(&done, "OK", "A113001", "");
        assert_eq!(done.body.get("responseContent"), None);
        assert!(!party.works(tokens.text("accessToken")).await);
        assert_outcome(&party.refresh(tokens.text("refreshToken")).await, "BAD_REQUEST", "A053305", "invalid_grant");
        assert_outcome(&party.post("/auth/revocation", &own).await, "OK", "A113080", "");
    }
    let own = json!({"parameters": "", "clientId": party.client_id, "clientSecret": party.secret});
    assert_outcome(&party.post("/auth/revocation", &own).await, "BAD_REQUEST", "A113380", "invalid_request");
}

/// Whoever ends a token means the grant, though somebody has refreshed it a moment before.
#[tokio::test]
async fn a_token_that_was_replaced_ends_the_grant_as_well() {
    let party = Party::new().await;
    for name in ["accessToken", "refreshToken"] {
        for by_client in [true, false] {
            let tokens = party.tokens("a", "john").await;
            let refreshed = party.refresh(tokens.text("refreshToken")).await;
            let old = tokens.text(name);
            if by_client {
                let own = json!({"parameters": format!("token={old}"), "clientId": party.client_id,
                    "clientSecret": party.secret});
                assert_outcome(&party.post("/auth/revocation", &own).await, "OK", "A113001", "");
            } else {
                let ended = party.post("/auth/token/revoke", &json!({"accessTokenIdentifier": old})).await;
                assert_eq!(ended.body["count"], 1);
            }
            assert!(!party.works(refreshed.text("accessToken")).await, "{name}");
        }
    }
}

#[tokio::test]
async fn a_redirect_uri_that_is_gone_gets_no_code() {
    let party = Party::new().await;
    let ticket = party.ticket("a").await;
    let update = with(super::client(), &json!({"redirectUris": ["https://rp.example/other"]}));
    party.post(&format!("/client/update/{}", party.client_id), &update).await;
    assert_outcome(&party.issue(&ticket, "john").await, "INTERNAL_SERVER_ERROR", "A040285", "server_error");
    let fail = json!({"ticket": ticket, "reason": "DENIED"});
    let gone = party.post("/auth/authorization/fail", &fail).await;
    assert_outcome(&gone, "INTERNAL_SERVER_ERROR", "A041285", "server_error");
    party.post(&format!("/client/update/{}", party.client_id), &super::client()).await;
    party.post(&format!("/client/lock_flag/update/{}", party.client_id), &json!({"clientLocked": true})).await;
    let locked = party.post("/auth/authorization/fail", &fail).await;
    assert_outcome(&locked, "INTERNAL_SERVER_ERROR", "A041285", "server_error");
}

/// An ID Token may be signed by the client's secret, and is a hint then as well (OpenID Connect Core §3.1.2.1).
#[tokio::test]
async fn an_id_token_by_the_clients_secret_is_a_hint() {
    let party = Party::with(&json!({}), &json!({"idTokenSignAlg": "HS256"})).await;
    let tokens = party.tokens("openid", "john").await;
    let request = |hint: &str| format!("response_type=code&redirect_uri={REDIRECT}&scope=openid&id_token_hint={hint}");
    assert_eq!(party.authorize(&request(tokens.text("idToken"))).await.text("subject"), "john");
    let changed = tokens.text("idToken").replace('.', "A.");
    assert_outcome(&party.authorize(&request(&changed)).await, "LOCATION", "A004394", "invalid_request");
    let other = Party::at(party.authlete, &json!({}), &json!({"idTokenSignAlg": "HS256"})).await;
    assert_outcome(&other.authorize(&request(tokens.text("idToken"))).await, "LOCATION", "A004394", "invalid_request");
}

/// OpenID Connect Core §5.3.2: `sub` is the user's.
#[tokio::test]
async fn a_token_of_no_user_opens_no_userinfo() {
    let party = Party::new().await;
    let create = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": party.client_id, "scopes": ["openid"]});
    let token = party.post("/auth/token/create", &create).await.text("accessToken").to_owned();
    assert!(party.works(&token).await);
    for path in ["/auth/userinfo", "/auth/userinfo/issue"] {
        let refused = party.post(path, &json!({"token": token})).await;
        assert_outcome(&refused, "UNAUTHORIZED", "A088381", "invalid_token");
    }
}

/// A client knows its users by names of its own: what it asks for is no name that the authorization server knows.
#[tokio::test]
async fn oidc_core_s3_1_2_2_a_hint_names_one_user() {
    let party = Party::with(&json!({}), &json!({"subjectType": "PAIRWISE"})).await;
    let tokens = party.tokens("openid", "john").await;
    let tail = format!("scope=openid&id_token_hint={}", tokens.text("idToken"));
    let request = format!("response_type=code&redirect_uri={REDIRECT}&{tail}");
    let hinted = party.authorize(&request).await;
    assert_eq!(hinted.body.get("subject"), None, "{hinted:?}");
    let other = party.issue(hinted.text("ticket"), "jane").await;
    assert_outcome(&other, "INTERNAL_SERVER_ERROR", "A040286", "server_error");
    assert_outcome(&party.issue(hinted.text("ticket"), "john").await, "LOCATION", "A040001", "");
    let sub = claims(&tokens)["sub"].as_str().unwrap().to_owned();
    let claimed = format!(
        "response_type=code&redirect_uri={REDIRECT}&claims={{\"id_token\":{{\"sub\":{{\"value\":\"{sub}\"}}}}}}"
    );
    let claimed = party.authorize(&claimed).await;
    let other = party.issue(claimed.text("ticket"), "jane").await;
    assert_outcome(&other, "INTERNAL_SERVER_ERROR", "A040286", "server_error");
    let fail = json!({"ticket": claimed.text("ticket"), "reason": "DIFFERENT_SUBJECT"});
    assert_outcome(&party.post("/auth/authorization/fail", &fail).await, "LOCATION", "A041386", "login_required");
}

/// What was issued under an alias that is another client's by now says what the client is.
#[tokio::test]
async fn an_alias_is_its_present_owners() {
    let party = Party::with(&json!({}), &json!({"clientIdAlias": "shop", "clientIdAliasEnabled": true})).await;
    let named = format!("client_id=shop&response_type=code&redirect_uri={REDIRECT}&scope=openid");
    let begun = party.post("/auth/authorization", &json!({"parameters": named})).await;
    let issued = party.issue(begun.text("ticket"), "john").await;
    let tail = format!("code={}&redirect_uri={REDIRECT}", issued.text("authorizationCode"));
    let tokens = party.token(&format!("grant_type=authorization_code&{tail}")).await;
    assert_eq!(claims(&tokens)["aud"], json!(["shop"]));
    let facts = async || {
        let parameters = format!("token={}", tokens.text("accessToken"));
        content(&party.post("/auth/introspection/standard", &json!({"parameters": parameters})).await)
    };
    assert_eq!(facts().await["client_id"], "shop");
    let update = format!("/client/update/{}", party.client_id);
    party
        .post(&update, &with(super::client(), &json!({"clientIdAlias": "former", "clientIdAliasEnabled": true})))
        .await;
    let other = with(super::client(), &json!({"clientIdAlias": "shop", "clientIdAliasEnabled": true}));
    assert_ne!(party.authlete.create(&other).await["clientId"].to_string(), party.client_id);
    assert_eq!(facts().await["client_id"], party.client_id.as_str());
    assert_eq!(party.introspect(tokens.text("accessToken")).await.body["clientIdAliasUsed"], false);
}

#[tokio::test]
async fn a_client_that_is_locked_deleted_or_ended_has_no_tokens() {
    let party = Party::new().await;
    let tokens = party.tokens("openid", "john").await;
    let token = tokens.text("accessToken");
    let lock = |locked: bool| json!({"clientLocked": locked});
    let path = format!("/client/lock_flag/update/{}", party.client_id);
    party.post(&path, &lock(true)).await;
    assert!(!party.works(token).await);
    assert_outcome(&party.post("/auth/userinfo", &json!({"token": token})).await, "UNAUTHORIZED", "A088302", "");
    let locked = party.refresh(tokens.text("refreshToken")).await;
    assert_eq!((locked.status, locked.text("resultCode")), (403, "A001215"));
    party.post(&path, &lock(false)).await;
    assert!(party.works(token).await);
    let delete = format!("/client/delete/{}", party.client_id);
    assert_eq!(party.authlete.call("DELETE", &delete, &Value::Null).await.status, 204);
    assert!(!party.works(token).await);
    let gone = party.refresh(tokens.text("refreshToken")).await;
    assert_outcome(&gone, "INVALID_CLIENT", "A157380", "invalid_client");
}

/// A client does not end, for nobody has used it, before what a user has let it have.
#[tokio::test]
async fn a_client_outlives_what_it_was_given() {
    let mut party = Party::with(&json!({"refreshTokenDuration": 400 * DAY}), &json!({})).await;
    let registration = json!({"redirect_uris": [REDIRECT], "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["authorization_code", "refresh_token"], "id_token_signed_response_alg": "ES256"});
    let (_, _, registered) = party.authlete.world.client(&registration).await;
    party.client_id = registered.text("client_id").to_owned();
    party.secret = registered.text("client_secret").to_owned();
    let (client, world) = (&party, &party.authlete.world);
    let tokens = client.tokens("b", "john").await;
    // A look-up is a use as well, and gives nothing: it takes nothing back either.
    world.clock.advance(2 * DAY);
    let path = format!("/1/client?client_id={}", client.client_id);
    assert_eq!(world.send_bare("GET", &path, Some(&party.authlete.token)).await.status, 200);
    world.clock.advance(397 * DAY);
    world.sweep().await;
    let refreshed = client.refresh(tokens.text("refreshToken")).await;
    assert_outcome(&refreshed, "OK", "A053080", "");
    world.clock.advance(401 * DAY);
    world.sweep().await;
    let gone = client.refresh(refreshed.text("refreshToken")).await;
    assert_outcome(&gone, "INVALID_CLIENT", "A157380", "invalid_client");
}
