//! Nothing in the table can be presented, or read that was hidden.

use serde_json::json;

use super::{Party, REDIRECT};

#[tokio::test]
async fn no_value_and_nothing_hidden_stands_in_the_table() {
    let party = Party::with(&json!({"refreshTokenIdempotent": true}), &json!({})).await;
    let tail = format!(
        "client_secret={}&password=what-is-a-password&refresh_token=what-is-a-refresh-token&assertion=what-is-an-assertion",
        party.secret
    );
    let body = json!({"parameters": format!("response_type=code&redirect_uri={REDIRECT}&scope=openid&{tail}"),
        "clientId": party.client_id, "clientSecret": party.secret});
    let pushed = party.post("/pushed_auth_req", &body).await;
    assert_eq!(pushed.text("action"), "CREATED", "{pushed:?}");
    let ticket = party.ticket("openid a").await;
    let issue = json!({"ticket": ticket, "subject": "john",
        "properties": [{"key": "inner", "value": "what-is-hidden", "hidden": true}]});
    let code = party.post("/auth/authorization/issue", &issue).await.text("authorizationCode").to_owned();
    let tokens = party.exchange(&code).await;
    let refreshed = party.refresh(tokens.text("refreshToken")).await;
    assert_eq!(refreshed.body["properties"][0]["value"], "what-is-hidden");
    let create = json!({"grantType": "AUTHORIZATION_CODE", "clientId": party.client_id, "subject": "john",
        "accessToken": "a-value-of-their-own"});
    let created = party.post("/auth/token/create", &create).await;
    let other = party.ticket("openid").await;
    let secrets = [
        pushed.text("requestUri").rsplit(':').next().unwrap(),
        &ticket,
        &other,
        &code,
        tokens.text("accessToken"),
        tokens.text("refreshToken"),
        refreshed.text("accessToken"),
        refreshed.text("refreshToken"),
        created.text("accessToken"),
        created.text("refreshToken"),
        "what-is-hidden",
        "what-is-a-refresh-token",
        "what-is-an-assertion",
        "what-is-a-password",
        &party.secret,
    ];
    let items = party.authlete.world.all_items().await;
    assert!(items.iter().any(|item| item.contains("G#1#")), "the table is read");
    for secret in secrets {
        let random = secret.get(secret.len().saturating_sub(20)..).unwrap();
        for item in &items {
            assert!(!item.contains(random), "{secret}: {item}");
        }
    }
}

#[tokio::test]
async fn what_a_chosen_secret_could_be_guessed_by_is_not_in_the_table() {
    let mut party = Party::with(&json!({}), &json!({})).await;
    let has_mac = async |party: &Party| {
        let items = party.authlete.world.all_items().await;
        let client = items.iter().find(|item| item.contains(&format!("\"C#1#{}\"", party.client_id))).unwrap();
        client.contains("secret_mac")
    };
    assert!(has_mac(&party).await);
    let path = format!("/client/secret/update/{}", party.client_id);
    let chosen = party.post(&path, &json!({"clientSecret": "what-an-operator-chose"})).await;
    assert_eq!(chosen.text("newClientSecret"), "what-an-operator-chose", "{chosen:?}");
    assert!(!has_mac(&party).await);
    assert_eq!(party.token("grant_type=client_credentials").await.text("action"), "INVALID_CLIENT");
    party.secret = "what-an-operator-chose".to_owned();
    assert_eq!(party.token("grant_type=client_credentials").await.text("action"), "OK");
}
