//! A ticket, code or token of one service, client or kind never works as another.

use serde_json::{Value, json};
use shared::policy::Preset;

use super::{Party, REDIRECT, VERIFIER};
use crate::authlete::{Authlete, Owner, operator_token};
use crate::support::{Reply, World};
use shared::caller::Permission;

/// Whether something worked.
fn works(reply: &Reply) -> bool {
    match reply.body["action"].as_str() {
        Some("OK" | "LOCATION" | "FORM" | "JSON" | "JWT") => reply.text("resultCode") != "A113080",
        Some(_) => false,
        None => reply.body["count"].as_u64().is_some_and(|count| count > 0),
    }
}

/// Everything that takes a value, with the kind of value that it takes.
fn uses(value: &str) -> Vec<(&'static str, &'static str, Value)> {
    let code = format!("grant_type=authorization_code&code={value}&redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
    let refresh = format!("grant_type=refresh_token&refresh_token={value}");
    vec![
        ("ticket", "/auth/authorization/ticket/info", json!({"ticket": value})),
        ("ticket", "/auth/authorization/ticket/update", json!({"ticket": value, "info": "x"})),
        ("password ticket", "/auth/token/issue", json!({"ticket": value, "subject": "john"})),
        ("ticket", "/auth/authorization/issue", json!({"ticket": value, "subject": "john"})),
        ("ticket", "/auth/authorization/fail", json!({"ticket": value, "reason": "DENIED"})),
        ("access token", "/auth/introspection", json!({"token": value})),
        ("access token", "/auth/userinfo", json!({"token": value})),
        ("access token", "/auth/userinfo/issue", json!({"token": value})),
        ("access token", "/auth/token/update", json!({"accessToken": value, "scopes": ["a", "openid"]})),
        ("code", "/auth/token", json!({"parameters": code})),
        ("refresh token", "/auth/token", json!({"parameters": refresh})),
    ]
}

impl Party {
    async fn values(&self) -> Vec<(&'static str, String)> {
        let tokens = self.tokens("openid a", "john").await;
        let password = self.token("grant_type=password&username=john&password=x").await;
        let list = format!("/auth/token/get/list?clientIdentifier={}&subject=john", self.client_id);
        let listed = self.authlete.get(&list).await.body["accessTokens"][0].clone();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        vec![
            ("ticket", self.ticket("openid").await),
            ("password ticket", password.text("ticket").to_owned()),
            ("code", self.code("openid", "john").await),
            ("access token", tokens.text("accessToken").to_owned()),
            ("refresh token", tokens.text("refreshToken").to_owned()),
            ("identifier", text(&listed["accessTokenHash"])),
            ("identifier", text(&listed["refreshTokenHash"])),
            ("ID Token", tokens.text("idToken").to_owned()),
        ]
    }

    async fn present(&self, path: &str, body: &Value) -> Reply {
        let credentials = json!({"clientId": self.client_id, "clientSecret": self.secret});
        match path {
            "/auth/token" => self.post(path, &super::with(body.clone(), &credentials)).await,
            _ => self.post(path, body).await,
        }
    }
}

#[tokio::test]
async fn a_value_of_one_kind_never_works_as_another() {
    let party = Party::new().await;
    let mut worked = Vec::new();
    for (kind, value) in party.values().await {
        for (wanted, path, body) in uses(&value) {
            let reply = party.present(path, &body).await;
            assert!(reply.status < 500, "{reply:?}");
            if works(&reply) {
                assert_eq!(kind, wanted, "{path}: {reply:?}");
                worked.push(wanted);
            }
        }
    }
    worked.dedup();
    assert_eq!(worked, ["ticket", "password ticket", "code", "access token", "refresh token"]);
}

#[tokio::test]
async fn a_value_of_one_service_never_works_at_another() {
    let party = Party::new().await;
    let world = &party.authlete.world;
    world.service(2, Preset::Open.policy()).await;
    let token = operator_token(world, Owner::Service(2), &Permission::ALL).await;
    for (kind, value) in party.values().await {
        for (_, path, body) in uses(&value) {
            let path = format!("/api/2{path}");
            let credentials = json!({"clientId": party.client_id, "clientSecret": party.secret});
            let body = super::with(body, &credentials);
            let reply = world.send_json("POST", &path, Some(&token), &body).await;
            assert!(!works(&reply) && reply.status < 500, "{kind} at {path}: {reply:?}");
        }
        let revoke = json!({"accessTokenIdentifier": value});
        let reply = world.send_json("POST", "/api/2/auth/token/revoke", Some(&token), &revoke).await;
        assert_eq!(reply.body["count"], 0, "{kind}");
    }
}

#[tokio::test]
async fn a_value_of_one_client_never_works_for_another() {
    let party = Party::new().await;
    let other = party.authlete.create(&super::client()).await;
    let thief = Party {
        authlete: Authlete { world: World::at(&party.authlete.world.url()), token: party.authlete.token.clone() },
        client_id: other["clientId"].to_string(),
        secret: other["clientSecret"].as_str().unwrap().to_owned(),
    };
    for (kind, value) in party.values().await {
        for (_, path, body) in uses(&value).into_iter().filter(|(_, path, _)| *path == "/auth/token") {
            let reply = thief.present(path, &body).await;
            assert!(!works(&reply), "{kind}: {reply:?}");
        }
        let revoke = json!({"parameters": format!("token={value}"), "clientId": thief.client_id,
            "clientSecret": thief.secret});
        let reply = thief.post("/auth/revocation", &revoke).await;
        assert!(!works(&reply), "{kind}: {reply:?}");
    }
    let fresh = party.tokens("a", "john").await;
    assert!(party.works(fresh.text("accessToken")).await);
}

/// A value with the number of another client in it is nobody's.
#[tokio::test]
async fn a_value_that_was_changed_is_none() {
    let party = Party::new().await;
    let tokens = party.tokens("openid", "john").await;
    let token = tokens.text("accessToken");
    for place in [0, 21, 22, 25, 31, 32, 50, 73] {
        let other = if &token[place..=place] == "A" { "B" } else { "A" };
        let mut changed = token.to_owned();
        changed.replace_range(place..=place, other);
        let reply = party.introspect(&changed).await;
        assert_eq!((reply.status, works(&reply)), (200, false), "{place}: {reply:?}");
    }
}
