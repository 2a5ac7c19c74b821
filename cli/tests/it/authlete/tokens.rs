//! Who may do what, and how often.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Preset};
use shared::store::TokenRecord;

use super::{Authlete, Owner, assert_error, operator_token};
use crate::support::{World, web_client};

use Permission::{ClientRead, ClientWrite, ServiceRead, ServiceWrite, UseService};

/// Method, path, body, and the permissions of which one is needed; without any, the limited view is for everybody.
fn operations(client: &str) -> Vec<(&'static str, String, Value, &'static [Permission])> {
    let registration = json!({"json": "{}", "clientId": "1", "token": "t"});
    let management = |operation: &str| format!("/api/1/client/{operation}/{client}");
    vec![
        ("POST", "/api/1/client/registration".to_owned(), registration.clone(), &[UseService]),
        ("POST", "/api/1/client/registration/get".to_owned(), registration.clone(), &[UseService]),
        ("POST", "/api/1/client/registration/update".to_owned(), registration.clone(), &[UseService]),
        ("POST", "/api/1/client/registration/delete".to_owned(), registration, &[UseService]),
        ("POST", "/api/1/client/create".to_owned(), json!({"clientName": "x"}), &[ClientWrite]),
        ("GET", management("get"), Value::Null, &[]),
        ("GET", "/api/1/client/get/list".to_owned(), Value::Null, &[]),
        ("POST", management("update"), json!({"clientName": "x"}), &[ClientWrite]),
        ("POST", management("lock_flag/update"), json!({"clientLocked": false}), &[ClientWrite]),
        ("GET", management("secret/refresh"), Value::Null, &[ClientWrite]),
        ("POST", management("secret/update"), json!({"clientSecret": "s"}), &[ClientWrite]),
        ("GET", management("extension/requestable_scopes/get"), Value::Null, &[ClientRead, ClientWrite, UseService]),
        ("PUT", management("extension/requestable_scopes/update"), json!({"requestableScopes": []}), &[ClientWrite]),
        ("POST", management("extension/requestable_scopes/update"), json!({}), &[ClientWrite]),
        ("DELETE", management("extension/requestable_scopes/delete"), Value::Null, &[ClientWrite]),
        ("GET", "/api/1/service/get".to_owned(), Value::Null, &[]),
        ("GET", "/api/service/get/list".to_owned(), Value::Null, &[]),
        ("GET", "/api/1/service/configuration".to_owned(), Value::Null, &[ServiceRead, UseService]),
        ("GET", "/api/1/service/jwks/get".to_owned(), Value::Null, &[ServiceRead, ServiceWrite, UseService]),
        ("GET", "/api/1/service/jwks/get?includePrivateKeys=true".to_owned(), Value::Null, &[ServiceWrite]),
        ("POST", "/api/1/service/update".to_owned(), json!({"serviceName": "x"}), &[ServiceWrite]),
        ("DELETE", management("delete"), Value::Null, &[ClientWrite]),
    ]
}

async fn send(world: &World, method: &str, path: &str, token: Option<&str>, body: &Value) -> crate::support::Reply {
    world.clock.advance(2); // another window of the rate limit
    if body.is_null() {
        return world.send_bare(method, path, token).await;
    }
    world.send_json(method, path, token, body).await
}

#[tokio::test]
async fn every_operation_asks_for_a_token_that_works() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    world.service(2, Preset::Open.policy()).await;
    let client = authlete.create(&json!({"clientName": "x"})).await["clientId"].to_string();
    let initial = world.initial_access_token(1, None, None, BoundPolicy::default()).await;
    let (_, registration, _) = authlete.register(&web_client()).await;
    let unknown = format!("svc_{}", "A".repeat(43));
    let foreign = operator_token(world, Owner::Service(2), &Permission::ALL).await;
    let stranger = operator_token(world, Owner::Organization("strangers"), &Permission::ALL).await;
    for (method, path, body, _) in operations(&client) {
        assert_error(&send(world, method, &path, None, &body).await, 401, "A001202");
        for token in [&unknown, &initial, &registration, "x"] {
            assert_error(&send(world, method, &path, Some(token), &body).await, 401, "A001203");
        }
        let own_list = path == "/api/service/get/list";
        for token in [&foreign, &stranger] {
            let reply = send(world, method, &path, Some(token), &body).await;
            if own_list { assert_eq!(reply.status, 200) } else { assert_error(&reply, 403, "A001293") }
        }
    }
    let known = world.send_bare("GET", "/api/1/service/get", Some(&foreign)).await;
    for id in ["99", "0", "01", "9007199254740992"] {
        let unknown = world.send_bare("GET", &format!("/api/{id}/service/get"), Some(&foreign)).await;
        assert_eq!(unknown.body, known.body, "an unknown service is not told from another's");
    }
}

#[tokio::test]
async fn every_operation_asks_for_its_permission() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    for permission in Permission::ALL {
        for owner in [Owner::Service(1), Owner::Organization("tests")] {
            let client = authlete.create(&json!({"clientName": "x"})).await["clientId"].to_string();
            let token = operator_token(world, owner, &[permission]).await;
            for (method, path, body, any_of) in operations(&client) {
                let reply = send(world, method, &path, Some(&token), &body).await;
                if any_of.is_empty() || any_of.contains(&permission) {
                    assert!(reply.status < 300, "{method} {path} with {permission:?}: {reply:?}");
                } else {
                    assert_error(&reply, 403, "A001293");
                }
            }
        }
    }
}

#[tokio::test]
async fn services_are_made_and_ended_by_their_organization() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    let name = json!({"serviceName": "x"});
    for permission in Permission::ALL {
        let token = operator_token(world, Owner::Organization("tests"), &[permission]).await;
        let created = send(world, "POST", "/api/service/create", Some(&token), &name).await;
        if permission != ServiceWrite {
            assert_error(&created, 403, "A001293");
            let refused = send(world, "DELETE", "/api/1/service/delete", Some(&token), &Value::Null).await;
            assert_error(&refused, 403, "A001293");
            continue;
        }
        let path = format!("/api/{}/service/delete", created.body["apiKey"]);
        assert_eq!(send(world, "DELETE", &path, Some(&token), &Value::Null).await.status, 204);
    }
    for (method, path, body) in
        [("POST", "/api/service/create", &name), ("DELETE", "/api/1/service/delete", &Value::Null)]
    {
        let refused = send(world, method, path, Some(&authlete.token), body).await;
        assert_error(&refused, 403, "A001293");
    }
}

#[tokio::test]
async fn a_token_sees_what_it_may_see() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    let client = authlete.create(&json!({"clientName": "x", "description": "d"})).await;
    authlete.set_service(&json!({"authenticationCallbackApiSecret": "s3cret", "description": "d"})).await;
    let path = format!("/api/1/client/get/{}", client["clientId"]);
    for (permission, secret, whole) in [
        (ClientRead, false, true),
        (ClientWrite, true, true),
        (UseService, true, true),
        (ServiceRead, false, false),
        (ServiceWrite, false, false),
    ] {
        let token = operator_token(world, Owner::Service(1), &[permission]).await;
        let one = send(world, "GET", &path, Some(&token), &Value::Null).await.body;
        let list = send(world, "GET", "/api/1/client/get/list", Some(&token), &Value::Null).await.body;
        assert_eq!(list["clients"], json!([one]), "{permission:?}");
        assert_eq!(one.get("clientSecret").is_some(), secret, "{permission:?}");
        assert_eq!(one.get("grantTypes").is_some(), whole, "{permission:?}");
        assert_eq!(one["description"], "d");
    }
    for (permission, secret, whole) in
        [(ServiceRead, false, true), (ServiceWrite, true, true), (ClientRead, false, false), (UseService, false, false)]
    {
        let token = operator_token(world, Owner::Service(1), &[permission]).await;
        let one = send(world, "GET", "/api/1/service/get", Some(&token), &Value::Null).await.body;
        let list = send(world, "GET", "/api/service/get/list", Some(&token), &Value::Null).await.body;
        assert_eq!(list["services"], json!([one]), "{permission:?}");
        assert_eq!(one.get("authenticationCallbackApiSecret").is_some(), secret, "{permission:?}");
        assert_eq!(one.get("supportedGrantTypes").is_some(), whole, "{permission:?}");
        assert_eq!((&one["apiKey"], &one["description"]), (&json!(1), &json!("d")));
    }
}

#[tokio::test]
async fn a_service_id_that_is_no_number_is_named() {
    let authlete = Authlete::open().await;
    for segment in ["serviceId", "%7BserviceId%7D", "1.0", "-1"] {
        for (method, operation, body) in [
            ("POST", "client/create", json!({"clientName": "x"})),
            ("GET", "client/get/shop", Value::Null),
            ("GET", "service/get", Value::Null),
        ] {
            let path = format!("/api/{segment}/{operation}");
            let reply = send(&authlete.world, method, &path, Some(&authlete.token), &body).await;
            assert_error(&reply, 404, "A001298");
            assert!(reply.text("resultMessage").contains("service id in the path must be a number"), "{reply:?}");
        }
    }
    let unknown = send(&authlete.world, "GET", "/api/7/service/get", Some(&authlete.token), &Value::Null).await;
    assert_error(&unknown, 403, "A001293");
}

#[tokio::test]
async fn an_ended_token_is_an_unknown_one() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    let token = operator_token(world, Owner::Service(1), &Permission::ALL).await;
    assert_eq!(world.send_bare("GET", "/api/1/service/get", Some(&token)).await.status, 200);
    let parsed = shared::credentials::Token::parse(shared::credentials::TokenKind::Service, &token).unwrap();
    let record = world.app.store.token(&parsed).await.unwrap().unwrap();
    world.app.store.revoke_token(&record, &shared::origin::Origin::default()).await.unwrap();
    assert_error(&world.send_bare("GET", "/api/1/service/get", Some(&token)).await, 401, "A001203");

    let token = shared::credentials::Token::mint(record.kind, &world.app.entropy).unwrap();
    let ending = TokenRecord { hash: token.hash(), expires_at: Some(world.clock.now() + 60), ..record };
    world.app.store.create_token(&ending, &Origin::default()).await.unwrap();
    let token = token.expose();
    world.clock.advance(59);
    assert_eq!(world.send_bare("GET", "/api/1/service/get", Some(token)).await.status, 200);
    world.clock.advance(1);
    assert_error(&world.send_bare("GET", "/api/1/service/get", Some(token)).await, 401, "A001203");
}

#[tokio::test]
async fn a_closed_door_is_closed_for_operators() {
    let authlete = Authlete::open().await;
    let mut policy = Preset::Open.policy();
    policy.doors = vec!["oauth".to_owned()];
    authlete.world.set_policy(1, policy).await;
    assert_error(&authlete.get("/service/get").await, 403, "A001293");
    assert_error(&authlete.get("/client/get/list").await, 403, "A001293");
    let list = authlete.world.send_bare("GET", "/api/service/get/list", Some(&authlete.token)).await.body;
    assert_eq!((&list["totalCount"], &list["services"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn a_known_token_hears_of_its_rate_and_an_unknown_one_does_not() {
    let authlete = Authlete::open().await;
    let reply = authlete.get("/service/get").await;
    assert_eq!((reply.header("x-ratelimit-limit"), reply.header("x-ratelimit-remaining")), ("200", "199"));
    assert_eq!(reply.header("x-ratelimit-reset"), "1790000002");
    let refused = authlete.get("/client/get/nobody").await;
    assert_eq!((refused.status, refused.header("x-ratelimit-remaining")), (404, "198"));
    let unknown = format!("svc_{}", "A".repeat(43));
    let unknown = authlete.world.send_bare("GET", "/api/1/service/get", Some(&unknown)).await;
    assert_eq!(unknown.header("x-ratelimit-limit"), "");
}

#[tokio::test]
async fn a_token_that_asks_too_often_is_told_to_wait() {
    let authlete = Authlete::open().await;
    let mut refused = None;
    for _ in 0..220 {
        let reply = authlete.get("/service/configuration").await;
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("the burst is 200 and an instance's own share");
    assert_error(&refused, 429, "A001291");
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-remaining")), ("2", "0"));
    let other = operator_token(&authlete.world, Owner::Service(1), &Permission::ALL).await;
    assert_eq!(authlete.world.send_bare("GET", "/api/1/service/get", Some(&other)).await.status, 200);
    authlete.world.clock.advance(2);
    assert_eq!(authlete.get("/service/configuration").await.status, 200);
}

#[tokio::test]
async fn other_methods_and_other_operations_are_refused_in_authletes_form() {
    let authlete = Authlete::open().await;
    for (method, path, allow) in [
        ("GET", "/client/registration", "POST"),
        ("PATCH", "/client/get/1", "GET"),
        ("POST", "/client/delete/1", "DELETE"),
        ("OPTIONS", "/client/create", "POST"),
    ] {
        let reply = authlete.call(method, path, &Value::Null).await;
        assert_error(&reply, 405, "A001294");
        assert_eq!(reply.header("allow"), allow, "{path}");
        assert_eq!(reply.header("access-control-allow-origin"), "");
    }
    for path in
        ["/backchannel/authentication", "/device/authorization", "/idtoken/reissue", "/jose/verify", "/gm", "/x"]
    {
        assert_error(&authlete.call("POST", path, &json!({})).await, 404, "A001292");
    }
    assert_error(&authlete.world.send_bare("GET", "/api/nothing", None).await, 404, "A001292");
}
