//! What each operation asks of the table.

use serde_json::{Value, json};

use super::{CHALLENGE, Party, REDIRECT, VERIFIER};
use crate::authlete::Authlete;
use crate::fault_proxy::FaultProxy;
use crate::requests::assert_documented;
use crate::support::{World, table};

struct Counted {
    party: Party,
    proxy: FaultProxy,
    _embedded: registrar::embedded::Embedded,
}

impl Counted {
    async fn new(of_service: &Value) -> Self {
        let embedded = table(None).await;
        let proxy = FaultProxy::start(&embedded.url()).await;
        let direct = World::at(&embedded.url());
        direct.service(1, shared::policy::Preset::Open.policy()).await;
        let token = super::operator_token(&direct, super::Owner::Service(1), &super::Permission::ALL).await;
        let party = Party::at(Authlete { world: direct, token }, of_service, &json!({})).await;
        let party = party.by(World::apart_at(&proxy.url(), 2));
        proxy.requests();
        Self { party, proxy, _embedded: embedded }
    }

    /// The requests since the last time, without the service, which is cached elsewhere, and the leases of rates, which are
    /// taken for many requests at once.
    fn asked(&self) -> Vec<String> {
        let mut asked = self.proxy.requests();
        asked.retain(|request| !["GetItem S", "UpdateItem L"].contains(&request.as_str()));
        asked
    }
}

#[tokio::test]
async fn each_operation_asks_the_table_once_and_writes_once() {
    let counted = Counted::new(&json!({})).await;
    let party = &counted.party;
    let expect = |access: &str, wanted: &[&str]| {
        let asked: Vec<String> = counted.asked();
        assert_eq!(asked, wanted, "{access}");
        assert_documented(access, &asked);
    };
    let tail = format!("redirect_uri={REDIRECT}&scope=openid&code_challenge={CHALLENGE}&code_challenge_method=S256");
    let begun = party.authorize(&format!("response_type=code&{tail}")).await;
    expect("authorization request", &["BatchGetItem C T", "PutItem G"]);
    let ticket = begun.text("ticket");
    party.post("/auth/authorization/ticket/info", &json!({"ticket": ticket})).await;
    expect("ticket info", &["BatchGetItem G T"]);
    party.post("/auth/authorization/ticket/update", &json!({"ticket": ticket, "info": "x"})).await;
    expect("ticket update", &["BatchGetItem G T", "PutItem G"]);
    let issued = party.issue(ticket, "john").await;
    expect("issue", &["BatchGetItem C G T V", "TransactWriteItems G V"]);
    let code = issued.text("authorizationCode");
    let tokens = party.exchange(code).await;
    expect(
        "tokens by a code, a refresh token the first of a client and day",
        &["BatchGetItem C G T", "PutItem G", "UpdateItem C"],
    );
    party.introspect(tokens.text("accessToken")).await;
    expect("introspection, userinfo", &["BatchGetItem C G T"]);
    let parameters = json!({"parameters": format!("token={}", tokens.text("refreshToken"))});
    party.post("/auth/introspection/standard", &parameters).await;
    expect("introspection, userinfo", &["BatchGetItem C G T"]);
    party.post("/auth/userinfo", &json!({"token": tokens.text("accessToken")})).await;
    expect("introspection, userinfo", &["BatchGetItem C G T"]);
    party.post("/auth/userinfo/issue", &json!({"token": tokens.text("accessToken")})).await;
    expect("introspection, userinfo", &["BatchGetItem C G T"]);
    let refreshed = party.refresh(tokens.text("refreshToken")).await;
    expect("tokens by a code, a refresh token", &["BatchGetItem C G T", "PutItem G"]);
    party.refresh(tokens.text("refreshToken")).await;
    expect(
        "tokens by a code, a refresh token by a replaced refresh token that gives the same again",
        &["BatchGetItem C G T"],
    );
    let granted = format!("/client/granted_scopes/get/{}?subject=john", party.client_id);
    party.authlete.get(&granted).await;
    expect("granted scopes", &["BatchGetItem C T V"]);
    let forgotten = format!("/client/granted_scopes/delete/{}?subject=john", party.client_id);
    party.authlete.call("DELETE", &forgotten, &Value::Null).await;
    expect("forgetting them", &["BatchGetItem C T V", "UpdateItem V"]);
    let credentials = json!({"clientId": party.client_id, "clientSecret": party.secret});
    let revoke = json!({"parameters": format!("token={}", refreshed.text("accessToken"))});
    party.post("/auth/revocation", &super::with(revoke, &credentials)).await;
    expect("revocation, token delete", &["BatchGetItem C G T", "PutItem G"]);
    let begun = party.token("grant_type=password&username=john&password=x&scope=a").await;
    counted.asked();
    let issue = json!({"ticket": begun.text("ticket"), "subject": "john"});
    party.post("/auth/token/issue", &issue).await;
    expect(
        "tokens by a code, a refresh token for a password (token/issue)",
        &["BatchGetItem C G T V", "TransactWriteItems G V"],
    );
    party.token("grant_type=client_credentials").await;
    expect(
        "tokens by a code, a refresh token by a client's own authority; a ticket for a password",
        &["BatchGetItem C T", "PutItem G"],
    );
    let pushed = super::with(json!({"parameters": format!("response_type=code&{tail}")}), &credentials);
    let pushed = party.post("/pushed_auth_req", &pushed).await;
    expect("pushed request", &["BatchGetItem C T", "PutItem P"]);
    let begun = party.authorize(&format!("request_uri={}", pushed.text("requestUri"))).await;
    expect("authorization request by a pushed request", &["BatchGetItem C P T", "PutItem G"]);
    let issued = party.issue(begun.text("ticket"), "john").await;
    expect("issue", &["BatchGetItem C G T V", "TransactWriteItems G V P"]);
    let code = issued.text("authorizationCode");
    party.exchange(code).await;
    counted.asked();
    party.exchange(code).await;
    expect("second use of a code", &["BatchGetItem C G T", "PutItem G"]);
    let fail = json!({"ticket": party.ticket("openid").await, "reason": "DENIED"});
    counted.asked();
    party.post("/auth/authorization/fail", &fail).await;
    expect("fail", &["BatchGetItem C G T", "PutItem G"]);
    let create = json!({"grantType": "CLIENT_CREDENTIALS", "clientId": party.client_id});
    let created = party.post("/auth/token/create", &create).await;
    expect("token create", &["BatchGetItem C T", "PutItem G"]);
    let scopes = json!({"accessToken": created.text("accessToken"), "scopes": ["a"]});
    party.post("/auth/token/update", &scopes).await;
    expect("token update", &["BatchGetItem C G T", "PutItem G"]);
    let create =
        json!({"grantType": "PASSWORD", "clientId": party.client_id, "subject": "jane", "accessToken": "mine"});
    party.post("/auth/token/create", &create).await;
    expect(
        "token create with a subject, or a value that is chosen",
        &["BatchGetItem C T V", "TransactWriteItems G V K"],
    );
    party.introspect("mine").await;
    expect("introspection, userinfo of a token whose value was chosen", &["BatchGetItem K T", "BatchGetItem C G"]);
    let longer = json!({"accessToken": "mine", "accessTokenExpiresAt": 1_790_009_000_000_u64});
    party.post("/auth/token/update", &longer).await;
    let asked = ["BatchGetItem K T", "BatchGetItem C G", "GetItem C", "TransactWriteItems G K"];
    assert_eq!(counted.asked(), asked, "its change");
}

#[tokio::test]
async fn nothing_is_opened_for_a_token_request_that_signs_nothing() {
    let counted = Counted::new(&json!({})).await;
    let party = &counted.party;
    let code = party.code("a", "john").await;
    let tail = format!("redirect_uri={REDIRECT}&code_verifier={VERIFIER}");
    let blind = party.by(counted.keyless());
    let reply = blind.token(&format!("grant_type=authorization_code&code={code}&{tail}")).await;
    assert_eq!(reply.text("action"), "OK", "{reply:?}");
    let reply = blind.refresh(reply.text("refreshToken")).await;
    assert_eq!(reply.text("action"), "OK", "{reply:?}");
    assert_eq!(blind.introspect(reply.text("accessToken")).await.text("action"), "OK");
    let code = party.code("openid", "john").await;
    let reply = blind.token(&format!("grant_type=authorization_code&code={code}&{tail}")).await;
    assert_eq!(reply.status, 500, "an ID Token needs the key: {reply:?}");
}

impl Counted {
    /// A registrar on the same table that can open nothing.
    fn keyless(&self) -> World {
        World::keyless_at(&self.proxy.url(), 3)
    }
}
