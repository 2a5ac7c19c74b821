//! Token values that an authorization server chooses itself.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use serde_json::{Value, json};
use shared::time::DAY;

use super::{Party, assert_outcome, with};
use crate::support::Reply;

impl Party {
    /// Tokens for John, with those members.
    async fn made_with(&self, members: &Value) -> Reply {
        let body = json!({"grantType": "AUTHORIZATION_CODE", "clientId": self.client_id, "subject": "john"});
        self.post("/auth/token/create", &with(body, members)).await
    }

    /// A refresh with those members of the authorization server's.
    async fn refresh_with(&self, refresh_token: &str, members: &Value) -> Reply {
        self.token_with(&format!("grant_type=refresh_token&refresh_token={refresh_token}"), members).await
    }
}

fn public() -> Value {
    json!({"clientType": "PUBLIC", "tokenAuthMethod": "NONE", "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"]})
}

#[tokio::test]
async fn rfc9700_s4_14_2_the_second_use_of_a_chosen_refresh_token_is_noticed() {
    let party = Party::with(&json!({}), &public()).await;
    assert_outcome(&party.made_with(&json!({"refreshToken": "chosen"})).await, "OK", "A109001", "");
    let refreshed = party.refresh("chosen").await;
    assert!(party.works(refreshed.text("accessToken")).await);
    assert_outcome(&party.refresh("chosen").await, "BAD_REQUEST", "A053305", "invalid_grant");
    assert!(!party.works(refreshed.text("accessToken")).await);
    let dead = party.refresh(refreshed.text("refreshToken")).await;
    assert_outcome(&dead, "BAD_REQUEST", "A053305", "invalid_grant");
}

#[tokio::test]
async fn an_honest_retry_keeps_a_grant_whatever_was_chosen() {
    let party = Party::with(&json!({"refreshTokenIdempotent": true}), &public()).await;
    party.made_with(&json!({"refreshToken": "chosen", "scopes": ["a", "b"]})).await;
    let first = party.refresh_with("chosen", &json!({"accessToken": "one"})).await;
    let same = party.refresh_with("chosen", &json!({"accessToken": "one"})).await;
    assert_outcome(&same, "OK", "A053080", "");
    assert_eq!((same.text("accessToken"), same.text("refreshToken")), ("one", first.text("refreshToken")));
    for members in [json!({"accessToken": "two"}), json!({})] {
        let again = party.refresh_with("chosen", &members).await;
        assert_outcome(&again, "OK", "A053080", "");
        assert_eq!(again.text("refreshToken"), first.text("refreshToken"));
        assert!(party.works(again.text("accessToken")).await);
    }
    let renewed = json!({"refreshToken": first.text("refreshToken"), "accessTokenValueUpdated": true});
    assert_outcome(&party.post("/auth/token/update", &renewed).await, "OK", "A135001", "");
    assert_outcome(&party.refresh("chosen").await, "OK", "A053080", "");
    party.authlete.world.clock.advance(61);
    assert_outcome(&party.refresh("chosen").await, "BAD_REQUEST", "A053305", "invalid_grant");
    let dead = party.refresh(first.text("refreshToken")).await;
    assert_outcome(&dead, "BAD_REQUEST", "A053305", "invalid_grant");
}

/// What finds a token by its value lives as long as its grant, whatever moves its end.
#[tokio::test]
async fn a_chosen_token_is_found_as_long_as_it_lives() {
    for (of_service, lengthen) in [
        (json!({}), json!({"accessTokenExpiresAt": (1_790_000_000 + 40 * DAY) * 1000})),
        (json!({}), json!({"accessTokenPersistent": true})),
        (json!({"refreshTokenDuration": 50 * DAY}), json!({"scopes": ["b"]})),
    ] {
        let party = Party::with(&of_service, &json!({})).await;
        let other = party.authlete.create(&super::client()).await["clientId"].clone();
        let values = json!({"accessToken": "mine", "refreshToken": "mine-too", "accessTokenDuration": 20});
        assert_outcome(&party.made_with(&values).await, "OK", "A109001", "");
        let change = with(json!({"accessToken": "mine"}), &lengthen);
        assert_outcome(&party.post("/auth/token/update", &change).await, "OK", "A135001", "");
        party.authlete.world.clock.advance(30 * DAY);
        party.authlete.world.sweep().await;
        let taken = party.made_with(&json!({"clientId": other, "accessToken": "mine"})).await;
        assert_outcome(&taken, "BAD_REQUEST", "A109282", "");
        assert_eq!(party.works("mine").await, lengthen.get("scopes").is_none(), "{lengthen}");
        let ended = party.post("/auth/token/revoke", &json!({"accessTokenIdentifier": "mine"})).await;
        assert_eq!(ended.body["count"], 1, "{lengthen}");
        assert!(!party.works("mine").await);
        party.authlete.world.clock.advance(DAY + 1);
        let taken = party.made_with(&json!({"clientId": other, "accessToken": "mine"})).await;
        assert_outcome(&taken, "OK", "A109001", "");
    }
}

#[tokio::test]
async fn a_refresh_token_that_is_kept_is_found_as_long_as_it_lives() {
    let kept = json!({"refreshTokenKept": true, "refreshTokenDurationReset": true, "refreshTokenDuration": 10 * DAY});
    let party = Party::with(&kept, &json!({})).await;
    party.made_with(&json!({"refreshToken": "mine"})).await;
    for _ in 0..4 {
        party.authlete.world.clock.advance(9 * DAY);
        party.authlete.world.sweep().await;
        assert_outcome(&party.refresh("mine").await, "OK", "A053080", "");
    }
}

#[tokio::test]
async fn nothing_is_chosen_that_is_somebodys_or_could_be() {
    let party = Party::with(&json!({"accessTokenSignAlg": "ES256"}), &json!({})).await;
    let signed = party.tokens("openid", "jane").await;
    let registered = party.authlete.world.client(&json!({"redirect_uris": [super::REDIRECT]})).await.1;
    let own = party.made_with(&json!({"accessToken": "taken", "scopes": ["openid"]})).await;
    let random = "A".repeat(43);
    let credentials = ["svc_", "org_", "iat_", "rat_", "mgr_"].map(|prefix| format!("{prefix}{random}"));
    let mut refused: Vec<String> = credentials.to_vec();
    refused.extend([own.text("refreshToken"), "taken", "a b", "\u{e9}", "a\u{0}b", "a\tb"].map(str::to_owned));
    refused.push("x".repeat(8193));
    refused.extend(
        ["a?b", "a#b", "a\"b", "a,b", "a%62", ".", "../..", "==", "a=b", registered.as_str()].map(str::to_owned),
    );
    refused.extend(["jwtAccessToken", "idToken"].map(|name| signed.text(name).to_owned()));
    let asked = party.token("grant_type=password&username=john&password=x").await;
    for value in refused {
        let code = format!("grant_type=authorization_code&code={}", party.code("a", "john").await);
        let tail = format!("redirect_uri={}&code_verifier={}", super::REDIRECT, super::VERIFIER);
        for (what, reply, expected) in [
            ("create", party.made_with(&json!({"accessToken": value})).await, "A109282"),
            ("create", party.made_with(&json!({"refreshToken": value})).await, "A109282"),
            ("code", party.token_with(&format!("{code}&{tail}"), &json!({"accessToken": value})).await, "A050388"),
            (
                "client",
                party.token_with("grant_type=client_credentials", &json!({"accessToken": value})).await,
                "A050388",
            ),
            ("refresh", party.refresh_with(own.text("refreshToken"), &json!({"accessToken": value})).await, "A050388"),
            (
                "password",
                party
                    .post(
                        "/auth/token/issue",
                        &json!({"ticket": asked.text("ticket"), "subject": "john", "accessToken": value}),
                    )
                    .await,
                "A050388",
            ),
        ] {
            assert_eq!((reply.text("action"), reply.text("resultCode")), ("BAD_REQUEST", expected), "{what} {value}");
        }
    }
    let both = party.made_with(&json!({"accessToken": "same", "refreshToken": "same"})).await;
    assert_outcome(&both, "BAD_REQUEST", "A109282", "");
}

/// One value is never two tokens of a grant, or one after the other.
#[tokio::test]
async fn a_value_is_chosen_once_in_a_grant() {
    for of_service in [json!({}), json!({"refreshTokenKept": true})] {
        let party = Party::with(&of_service, &json!({})).await;
        party.made_with(&json!({"accessToken": "one", "refreshToken": "two"})).await;
        for value in ["one", "two"] {
            let refused = party.refresh_with("two", &json!({"accessToken": value})).await;
            assert_outcome(&refused, "BAD_REQUEST", "A050388", "invalid_request");
        }
        let refreshed = party.refresh_with("two", &json!({"accessToken": "three"})).await;
        for value in ["one", "two", "three"] {
            let refused = party.refresh_with(refreshed.text("refreshToken"), &json!({"accessToken": value})).await;
            assert_outcome(&refused, "BAD_REQUEST", "A050388", "invalid_request");
        }
        assert!(party.works("three").await);
    }
}

/// A random value, the identifier of a token that there is not, a JWT of somebody else: all of these are values like
/// others.
#[tokio::test]
async fn values_of_any_form_work_everywhere() {
    let party = Party::with(&json!({"accessTokenSignAlg": "ES256"}), &json!({})).await;
    let encode = |value: Value| BASE64URL.encode(value.to_string());
    let random = BASE64URL.encode([7; 32]);
    let jwt = |jti: &str| {
        let claims = json!({"iss": "https://registrar.example/1", "jti": jti, "client_id": party.client_id});
        format!("{}.{}.{}", encode(json!({"alg": "ES256", "typ": "at+jwt"})), encode(claims), BASE64URL.encode([1; 64]))
    };
    let own = party.made_with(&json!({})).await;
    for value in [random.clone(), jwt("j-1"), jwt(&random), jwt(own.text("tokenId"))] {
        let made = party.made_with(&json!({"accessToken": value, "refreshToken": format!("r-{value}")})).await;
        assert_outcome(&made, "OK", "A109001", "");
        assert!(party.works(&value).await, "{value}");
        assert!(party.works(own.text("accessToken")).await && party.works(own.text("jwtAccessToken")).await);
        let update = json!({"accessToken": value, "scopes": ["b"]});
        assert_eq!(party.post("/auth/token/update", &update).await.body["scopes"], json!(["b"]));
        let refreshed = party.refresh(&format!("r-{value}")).await;
        assert_outcome(&refreshed, "OK", "A053080", "");
        assert!(!party.works(&value).await, "{value}");
        let revoke = json!({"parameters": format!("token={value}"), "clientId": party.client_id,
            "clientSecret": party.secret});
        assert_outcome(&party.post("/auth/revocation", &revoke).await, "OK", "A113001", "");
        assert!(!party.works(refreshed.text("accessToken")).await);
    }
    assert!(party.works(own.text("jwtAccessToken")).await, "its own authorization is another one");
}

/// The JWT of an access token is another form of it, after a refresh as well.
#[tokio::test]
async fn a_jwt_that_was_replaced_ends_the_grant() {
    let party = Party::with(&json!({"accessTokenSignAlg": "ES256"}), &json!({})).await;
    for renew in [false, true] {
        let first = party.tokens("a", "john").await;
        let (jwt, now) = (first.text("jwtAccessToken"), first.text("accessToken"));
        let next = if renew {
            let renew = json!({"accessToken": now, "accessTokenValueUpdated": true});
            party.post("/auth/token/update", &renew).await
        } else {
            party.refresh(first.text("refreshToken")).await
        };
        assert!(!party.works(jwt).await && party.works(next.text("accessToken")).await);
        for (token, count) in [(jwt, 1), (now, 0)] {
            let ended = party.post("/auth/token/revoke", &json!({"accessTokenIdentifier": token})).await;
            assert_eq!(ended.body["count"], count, "{renew} {token}");
        }
        assert!(!party.works(next.text("accessToken")).await);
    }
}

/// Where a user has one grant's tokens, the one before ends in the same step.
#[tokio::test]
async fn a_value_is_not_chosen_again_while_its_token_ends() {
    let party = Party::with(&json!({"singleAccessTokenPerSubject": true}), &json!({})).await;
    assert_outcome(&party.made_with(&json!({"accessToken": "mine"})).await, "OK", "A109001", "");
    assert_outcome(&party.made_with(&json!({"accessToken": "mine"})).await, "BAD_REQUEST", "A109282", "");
    let code = format!("grant_type=authorization_code&code={}", party.code("a", "john").await);
    let code = format!("{code}&redirect_uri={}&code_verifier={}", super::REDIRECT, super::VERIFIER);
    let mine = json!({"accessToken": "mine"});
    assert_outcome(&party.token_with(&code, &mine).await, "BAD_REQUEST", "A050388", "invalid_request");
    assert!(party.works("mine").await);
    assert_outcome(&party.token_with(&code, &json!({"accessToken": "yours"})).await, "OK", "A050001", "");
    assert!(!party.works("mine").await && party.works("yours").await);
}

/// Of the values that a grant has had it remembers the latest; none of the others comes back either.
#[tokio::test]
async fn a_value_that_was_a_token_long_ago_is_none_again() {
    let party = Party::new().await;
    let mut last = party.made_with(&json!({"refreshToken": "first"})).await.text("refreshToken").to_owned();
    for _ in 0..18 {
        last = party.refresh(&last).await.text("refreshToken").to_owned();
    }
    let refused = party.refresh_with(&last, &json!({"accessToken": "first"})).await;
    assert_outcome(&refused, "BAD_REQUEST", "A050388", "invalid_request");
}

/// A JWT of somebody else may name any token of ours, and is its own value all the same.
#[tokio::test]
async fn a_chosen_refresh_token_is_not_the_token_that_it_names() {
    let party = Party::with(&json!({}), &public()).await;
    let own = party.made_with(&json!({})).await;
    let encode = |value: Value| BASE64URL.encode(value.to_string());
    let claims = encode(json!({"jti": own.text("tokenId")}));
    let jwt = format!("{}.{claims}.{}", encode(json!({"alg": "ES256"})), BASE64URL.encode([1; 64]));
    assert_outcome(&party.made_with(&json!({"refreshToken": jwt})).await, "OK", "A109001", "");
    let refreshed = party.refresh(&jwt).await;
    assert_outcome(&refreshed, "OK", "A053080", "");
    assert_outcome(&party.refresh(&jwt).await, "BAD_REQUEST", "A053305", "invalid_grant");
    assert!(!party.works(refreshed.text("accessToken")).await && party.works(own.text("accessToken")).await);
}

/// What is refused ends nothing.
#[tokio::test]
async fn a_refused_value_makes_no_room() {
    let party = Party::new().await;
    let first = party.made_with(&json!({})).await.text("accessToken").to_owned();
    for _ in 0..99 {
        party.authlete.world.clock.advance(1);
        party.made_with(&json!({})).await;
    }
    assert_outcome(&party.made_with(&json!({"accessToken": "a b"})).await, "BAD_REQUEST", "A109282", "");
    let asked = party.token("grant_type=password&username=john&password=x").await;
    let issue = json!({"ticket": asked.text("ticket"), "subject": "john", "accessToken": "a b"});
    assert_outcome(&party.post("/auth/token/issue", &issue).await, "BAD_REQUEST", "A050388", "invalid_request");
    assert!(party.works(&first).await);
}
