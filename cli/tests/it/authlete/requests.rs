//! What the operations ask of the table, and what becomes of them when it fails.

use serde_json::{Value, json};

use super::{Authlete, assert_error};
use crate::fault_proxy::{Fault, FaultProxy};
use crate::requests::assert_documented;
use crate::support::{World, web_client};

/// A registrar whose table is behind a proxy.
async fn behind_a_proxy() -> (Authlete, Authlete, FaultProxy) {
    let direct = Authlete::open().await;
    let proxy = FaultProxy::start(&direct.world.url()).await;
    let proxied = Authlete { world: World::at(&proxy.url()), token: direct.token.clone() };
    (direct, proxied, proxy)
}

#[tokio::test]
async fn each_operation_makes_the_requests_that_the_design_allows_it() {
    let (direct, authlete, proxy) = behind_a_proxy().await;
    let (client_id, token, _) = direct.register(&web_client()).await;
    direct.create(&json!({"clientIdAlias": "shop"})).await;
    let named = json!({"clientId": client_id, "token": token});
    let mut update = named.clone();
    update["json"] = json!({"client_id": client_id, "redirect_uris": ["https://rp.example/cb"]}).to_string().into();
    let document = json!({"json": web_client().to_string()});
    for (method, path, body, budget) in [
        ("POST", "/client/registration", &document, &["GetItem T", "PutItem C"][..]),
        ("POST", "/client/registration/get", &named, &["BatchGetItem C T"]),
        ("POST", "/client/registration/update", &update, &["BatchGetItem C T", "PutItem C"]),
        ("GET", &format!("/client/get/{client_id}"), &Value::Null, &["BatchGetItem C T"]),
        ("GET", "/client/get/shop", &Value::Null, &["BatchGetItem C T U", "GetItem C"]),
        ("GET", "/client/get/nobody", &Value::Null, &["BatchGetItem C T U"]),
        ("GET", "/client/get/list", &Value::Null, &["GetItem T", "Query", "Query list", "BatchGetItem C C C"]),
        (
            "POST",
            "/client/create",
            &json!({"clientIdAlias": "new"}),
            &["GetItem T", "GetItem C", "TransactWriteItems C U"],
        ),
        ("POST", "/client/registration/delete", &named, &["GetItem T", "UpdateItem C"]),
    ] {
        let reply = authlete.call(method, path, body).await;
        assert!(reply.status < 300 || path.ends_with("nobody"), "{path}: {reply:?}");
        let asked = proxy.requests();
        assert_eq!(asked, budget, "{path}");
        if path == "/client/get/shop" {
            assert_documented("look-up of a client, known or not by an alias that leads to it", &asked);
        }
    }
}

#[tokio::test]
async fn a_page_that_is_too_large_is_refused_before_the_rest_of_it_is_read() {
    let (direct, authlete, proxy) = behind_a_proxy().await;
    let large = json!({"description": "x".repeat(64_000), "attributes": [{"key": "k", "value": "x".repeat(50_000)}]});
    for _ in 0..60 {
        direct.create(&large).await;
    }
    proxy.requests();
    let refused = authlete.get("/client/get/list?start=0&end=1000").await;
    assert_error(&refused, 400, "A001290");
    assert!(refused.text("resultMessage").contains("start to end is longer than 5242880 bytes"), "{refused:?}");
    let batches = proxy.requests().iter().filter(|request| request.starts_with("BatchGetItem")).count();
    assert_eq!(batches, 2, "the third would have the other ten");
    let page = authlete.get("/client/get/list?start=20&end=60").await;
    assert_eq!(page.body["clients"].as_array().map(Vec::len), Some(40), "{}", page.status);
}

#[tokio::test]
async fn a_lost_answer_is_no_second_claim() {
    let (_direct, authlete, proxy) = behind_a_proxy().await;
    proxy.inject("TransactWriteItems C U", Fault::LostAnswer);
    let created = authlete.create(&json!({"clientIdAlias": "shop"})).await;
    assert_eq!(authlete.get("/client/get/shop").await.body["clientId"], created["clientId"]);
}

#[tokio::test]
async fn a_table_that_fails_is_503_and_nothing_is_half_done() {
    let (direct, authlete, proxy) = behind_a_proxy().await;
    proxy.inject_always("TransactWriteItems C U", Fault::Cancelled("TransactionConflict"));
    let failed = authlete.post("/client/create", &json!({"clientIdAlias": "shop"})).await;
    assert_error(&failed, 503, "A001190");
    assert_eq!(failed.header("retry-after"), "1");
    assert_eq!(direct.get("/client/get/shop").await.status, 404);
    assert_eq!(direct.post("/client/create", &json!({"clientIdAlias": "shop"})).await.status, 200);
}
