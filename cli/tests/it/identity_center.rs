//! Identity Center's RegisterClient, in the dialects of Huawei Cloud and of AWS.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::metadata::{GrantType, Scope};
use shared::policy::{Policy, Preset, Unoffered};

use crate::authlete::{Owner, operator_token};
use crate::changes::{row, rows, stored};
use crate::support::{NOW, Reply, World};

const HUAWEI: &str = "/v1/clients";
const AWS: &str = "/client/register";
const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
const NINETY_DAYS: u64 = 7_776_000;

fn policy() -> Policy {
    let mut policy = Preset::Open.policy();
    policy.doors.push("identity_center".to_owned());
    policy.grant_types.offered.push(GrantType::DeviceCode);
    policy
}

async fn world() -> World {
    world_with(policy()).await
}

/// A world whose service 1 is behind the fixed paths and has endpoints.
async fn world_with(policy: Policy) -> World {
    let world = World::for_identity_center(1).await;
    world.service(1, policy).await;
    let service = world.app.store.service(1).await.unwrap().unwrap();
    let mut configuration = service.configuration.clone();
    for (name, path) in [("authorization_endpoint", "authorize"), ("token_endpoint", "token")] {
        configuration.authorization_server.insert(name.to_owned(), format!("https://as.example/{path}").into());
    }
    let origin = shared::origin::Origin::default();
    world.app.store.update_service(1, service.version, &configuration, None, &origin).await.unwrap();
    world
}

fn huawei_example() -> Value {
    json!({
        "client_name": "exampleClient", "client_type": "public", "token_endpoint_auth_method": "client_secret_post",
        "scopes": ["openid"], "grant_types": ["authorization_code", DEVICE], "response_types": ["code"],
    })
}

fn aws_example() -> Value {
    json!({"clientName": "botocore-client-my-session", "clientType": "public", "scopes": ["sso:account:access"]})
}

async fn register(world: &World, path: &str, body: &Value) -> Reply {
    world.clock.advance(60); // another window of the rate limit
    world.send_json("POST", path, None, body).await
}

/// The example with a member changed.
fn with(mut example: Value, member: &str, value: Value) -> Value {
    example[member] = value;
    example
}

#[tokio::test]
async fn huaweis_example_is_answered_with_every_documented_member() {
    let world = world().await;
    let reply = world.send_json("POST", HUAWEI, None, &huawei_example()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let info = &reply.body["client_info"];
    assert_eq!(info["client_id_issued_at"], NOW);
    assert_eq!(info["client_secret_expires_at"], NOW + NINETY_DAYS);
    assert_eq!(info["authorization_endpoint"], "https://as.example/authorize");
    assert_eq!(info["token_endpoint"], "https://as.example/token");
    assert_eq!(info["scopes"], json!(["openid"]));
    assert_eq!(info.as_object().unwrap().len(), 7, "and client_id and client_secret: {info}");
    assert!(!reply.header("x-request-id").is_empty());
}

#[tokio::test]
async fn awss_client_is_answered_with_every_documented_member() {
    let world = world().await;
    let reply = world.send_json("POST", AWS, None, &aws_example()).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(reply.body["clientIdIssuedAt"], NOW);
    assert_eq!(reply.body["clientSecretExpiresAt"], NOW + NINETY_DAYS);
    assert_eq!(reply.body["authorizationEndpoint"], "https://as.example/authorize");
    assert_eq!(reply.body["tokenEndpoint"], "https://as.example/token");
    assert_eq!(reply.body.as_object().unwrap().len(), 6, "and clientId and clientSecret: {reply:?}");
    assert!(!reply.header("x-amzn-requestid").is_empty());
    let stored = &world.app.store.clients(1).await.unwrap()[0];
    let metadata = Value::Object(stored.record.metadata.to_members());
    assert_eq!(metadata["grant_types"], json!([DEVICE, "refresh_token"]));
    assert_eq!((&metadata["response_types"], &metadata["scope"]), (&json!([]), &json!("sso:account:access")));
}

#[tokio::test]
async fn every_parameter_of_huawei_is_checked_and_named() {
    let world = world().await;
    for member in ["client_name", "client_type", "token_endpoint_auth_method", "grant_types", "response_types"] {
        let mut body = huawei_example();
        body.as_object_mut().unwrap().remove(member);
        for body in [body, with(huawei_example(), member, Value::Null)] {
            let reply = register(&world, HUAWEI, &body).await;
            assert_eq!((reply.status, reply.text("error_code")), (400, "IIC.400"), "{member}");
            assert!(reply.text("error_msg").contains(&format!("{member} is required")), "{reply:?}");
        }
    }
    for (member, value) in [
        ("client_name", json!("")),
        ("client_name", json!("\u{e9}".repeat(1025))),
        ("client_name", json!(1)),
        ("client_type", json!("confidential")),
        ("token_endpoint_auth_method", json!("client_secret_basic")),
        ("grant_types", json!([])),
        ("grant_types", json!("authorization_code")),
        ("grant_types", json!(["refresh_token"])),
        ("grant_types", json!([1])),
        ("response_types", json!(["token"])),
        ("response_types", json!([])),
        ("scopes", json!("openid")),
        ("scopes", json!(["a\"b"])),
    ] {
        let reply = register(&world, HUAWEI, &with(huawei_example(), member, value.clone())).await;
        assert_eq!((reply.status, reply.text("error_code")), (400, "IIC.400"), "{member} {value}");
        assert!(reply.text("error_msg").contains(member), "{member} {value}: {reply:?}");
        assert_eq!(reply.text("request_id"), reply.header("x-request-id"));
    }
    for body in ["", "{", "[]", "\u{0}"] {
        let reply = world.send("POST", HUAWEI, &[("content-type", "application/json")], body).await;
        assert_eq!((reply.status, reply.text("error_code")), (400, "IIC.400"), "{body:?}");
        world.clock.advance(60);
    }
    let name = with(huawei_example(), "client_name", json!("\u{e9}".repeat(1024)));
    assert_eq!(register(&world, HUAWEI, &name).await.status, 200);
}

fn assert_exception(reply: &Reply, exception: &str, code: &str) {
    assert_eq!((reply.status, reply.text("error")), (400, code), "{reply:?}");
    assert_eq!((reply.header("x-amzn-errortype"), reply.text("__type")), (exception, exception));
    assert!(!reply.header("x-amzn-requestid").is_empty());
}

#[tokio::test]
async fn every_parameter_of_aws_is_checked_and_has_its_exception() {
    let mut policy = policy();
    policy.scopes.offered = Scope::parse("sso:account:access openid").unwrap();
    let world = world_with(policy).await;
    let redirects = json!({"clientName": "x", "clientType": "public", "grantTypes": ["authorization_code"]});
    for (body, exception, code) in [
        (json!({"clientType": "public"}), "InvalidRequestException", "invalid_request"),
        (json!({"clientName": "x"}), "InvalidRequestException", "invalid_request"),
        (with(aws_example(), "clientName", json!("")), "InvalidRequestException", "invalid_request"),
        (with(aws_example(), "clientName", json!(1)), "InvalidRequestException", "invalid_request"),
        (with(aws_example(), "grantTypes", json!("x")), "InvalidRequestException", "invalid_request"),
        (with(aws_example(), "issuerUrl", json!(1)), "InvalidRequestException", "invalid_request"),
        (json!([]), "InvalidRequestException", "invalid_request"),
        (
            with(aws_example(), "clientType", json!("confidential")),
            "InvalidClientMetadataException",
            "invalid_client_metadata",
        ),
        (with(aws_example(), "scopes", json!(["sso:fly"])), "InvalidScopeException", "invalid_scope"),
        (
            with(aws_example(), "grantTypes", json!(["password"])),
            "UnsupportedGrantTypeException",
            "unsupported_grant_type",
        ),
        (redirects.clone(), "InvalidRedirectUriException", "invalid_redirect_uri"),
        (with(redirects.clone(), "redirectUris", json!([])), "InvalidRedirectUriException", "invalid_redirect_uri"),
        (
            with(redirects.clone(), "redirectUris", json!(["https://rp.example/#f"])),
            "InvalidRedirectUriException",
            "invalid_redirect_uri",
        ),
    ] {
        let reply = register(&world, AWS, &body).await;
        assert_exception(&reply, exception, code);
        let named = body.as_object().is_none_or(|members| {
            ["clientName", "clientType", "grantTypes", "scopes", "redirect", "issuerUrl"]
                .iter()
                .any(|name| reply.text("error_description").contains(name))
                && !members.is_empty()
        });
        assert!(named, "{reply:?}");
    }
    let redirects = with(redirects, "redirectUris", json!(["http://127.0.0.1/oauth/callback"]));
    assert_eq!(register(&world, AWS, &redirects).await.status, 200);
}

#[tokio::test]
async fn what_aws_sends_beside_is_kept_for_operators() {
    let world = world().await;
    let mut body = aws_example();
    body["redirectUris"] = json!(["http://127.0.0.1/oauth/callback"]);
    body["grantTypes"] = json!(["authorization_code", "refresh_token"]);
    body["issuerUrl"] = json!("https://identitycenter.example/ssoins-1");
    body["entitledApplicationArn"] = json!("arn:aws:sso::1:application/x");
    assert_eq!(register(&world, AWS, &body).await.status, 200);
    let stored = &world.app.store.clients(1).await.unwrap()[0];
    assert_eq!(stored.record.metadata.redirect_uris()[0].as_str(), "http://127.0.0.1/oauth/callback");
    for member in ["issuerUrl", "entitledApplicationArn"] {
        assert_eq!(stored.record.settings.others[member], body[member], "{member}");
    }
}

#[tokio::test]
async fn huaweis_unoffered_scopes_are_dropped_and_the_registered_ones_shown() {
    let mut policy = policy();
    policy.scopes.offered = Scope::parse("openid profile").unwrap();
    policy.scopes.default = Scope::parse("profile").unwrap();
    policy.scopes.unoffered = Unoffered::Refuse;
    let world = world_with(policy).await;
    for (asked, registered) in [
        (json!(["openid", "fly"]), json!(["openid"])),
        (Value::Null, json!(["profile"])),
        (json!(["fly"]), json!(["profile"])),
    ] {
        let reply = register(&world, HUAWEI, &with(huawei_example(), "scopes", asked)).await;
        assert_eq!((reply.status, &reply.body["client_info"]["scopes"]), (200, &registered), "{reply:?}");
    }
}

#[tokio::test]
async fn a_client_ends_with_its_secret_at_every_door() {
    let mut policy = policy();
    policy.secret_lifetime = Some(3600);
    let world = world_with(policy).await;
    let reply = world.send_json("POST", HUAWEI, None, &huawei_example()).await;
    let info = &reply.body["client_info"];
    assert_eq!(info["client_secret_expires_at"], NOW + 3600);
    let client_id = info["client_id"].as_str().unwrap();
    let find = async || {
        let number = world.app.store.service(1).await.unwrap().unwrap().numeric_id(client_id);
        world.app.store.client(1, number).await.unwrap()
    };
    world.clock.advance(3599);
    let client = find().await.unwrap();
    assert_eq!(client.expires_at, Some(NOW + 3600), "its item goes away by itself");
    assert_eq!(client.record.client_type, shared::client::ClientType::Public);
    assert!(client.registration_access_token.is_none());
    world.clock.advance(1);
    assert!(find().await.is_none());
    assert!(world.app.store.clients(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_client_is_nobodys_to_manage_by_rfc_7592() {
    let world = world().await;
    let reply = world.send_json("POST", AWS, None, &aws_example()).await;
    let path = format!("/1/register/{}", reply.text("clientId"));
    let token = format!("rat_{}", "A".repeat(43));
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 401);
}

#[tokio::test]
async fn a_client_is_visible_and_deletable_at_the_other_doors() {
    let world = world().await;
    let token = operator_token(&world, Owner::Service(1), &Permission::ALL).await;
    let mut body = aws_example();
    body["issuerUrl"] = json!("https://identitycenter.example/ssoins-1");
    let registered = register(&world, AWS, &body).await;
    let path = |operation: &str| format!("/api/1/client/{operation}/{}", registered.text("clientId"));
    let mut seen = world.send_bare("GET", &path("get"), Some(&token)).await.body;
    assert_eq!((&seen["clientType"], &seen["clientSource"]), (&json!("PUBLIC"), &json!("DYNAMIC_REGISTRATION")));
    assert_eq!(
        (&seen["grantTypes"], &seen["clientSecret"]),
        (&json!(["DEVICE_CODE", "REFRESH_TOKEN"]), &registered.body["clientSecret"])
    );
    seen["clientName"] = "Renamed".into();
    let updated = world.send_json("POST", &path("update"), Some(&token), &seen).await;
    assert_eq!((updated.status, updated.text("clientName")), (200, "Renamed"));
    let stored = &world.app.store.clients(1).await.unwrap()[0];
    assert_eq!(stored.record.settings.others["issuerUrl"], body["issuerUrl"], "what this door keeps survives");
    assert_eq!(stored.expires_at, Some(registered.body["clientSecretExpiresAt"].as_u64().unwrap()));
    assert_eq!(world.send_bare("DELETE", &path("delete"), Some(&token)).await.status, 204);
    assert!(world.app.store.clients(1).await.unwrap().is_empty());
}

#[tokio::test]
pub(crate) async fn a_service_that_asks_for_tokens_or_statements_is_not_for_this_door() {
    let mut statements = policy();
    statements.software_statements.required = true;
    let mut protected = Preset::Protected.policy();
    protected.doors.push("identity_center".to_owned());
    for policy in [statements, protected] {
        let world = world_with(policy).await;
        let huawei = register(&world, HUAWEI, &huawei_example()).await;
        assert_eq!((huawei.status, huawei.text("error_code")), (403, "IIC.1001"));
        assert_exception(&register(&world, AWS, &aws_example()).await, "InvalidRequestException", "invalid_request");
    }
}

#[tokio::test]
async fn without_a_service_there_is_none() {
    let mut closed = policy();
    closed.doors = vec!["oauth".to_owned()];
    for world in [World::open().await, World::for_identity_center(9).await, world_with(closed).await] {
        let huawei = register(&world, HUAWEI, &huawei_example()).await;
        assert_eq!((huawei.status, huawei.text("error_code")), (404, "IIC.404"));
        assert_exception(&register(&world, AWS, &aws_example()).await, "InvalidRequestException", "invalid_request");
    }
}

#[tokio::test]
async fn other_methods_are_405_in_each_dialect() {
    let world = world().await;
    let huawei = world.send_bare("GET", HUAWEI, None).await;
    assert_eq!((huawei.status, huawei.text("error_code")), (405, "IIC.400"));
    let aws = world.send_bare("DELETE", AWS, None).await;
    assert_eq!((aws.status, aws.text("__type")), (405, "InvalidRequestException"));
}

#[tokio::test]
pub(crate) async fn one_network_registers_so_often_and_then_waits() {
    let world = world().await;
    let mut refused = None;
    for _ in 0..80 {
        let reply = world.send_json("POST", HUAWEI, None, &huawei_example()).await;
        if reply.status != 200 {
            refused = Some(reply);
            break;
        }
    }
    let refused = refused.expect("sixty in half a minute, and an instance's own share");
    assert_eq!((refused.status, refused.text("error_code")), (429, "APIGW.0308"));
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    let aws = world.send_json("POST", AWS, None, &aws_example()).await;
    assert_exception(&aws, "SlowDownException", "slow_down");
    world.clock.advance(30);
    assert_eq!(world.send_json("POST", AWS, None, &aws_example()).await.status, 200);
}

#[tokio::test]
async fn what_was_sent_is_told_in_the_words_of_rfc_7591() {
    let mut policy = policy();
    policy.scopes.offered = Some(Scope::parse("openid profile").unwrap().unwrap());
    let world = world_with(policy).await;
    let by_door = |member: &str, from: Value, to: Value| row("identity_center", member, from, to);
    let application = row("the specifications", "application_type", Value::Null, json!("web"));
    let flows = json!([DEVICE, "refresh_token"]);

    let reply = register(&world, AWS, &with(aws_example(), "scopes", json!(["openid"]))).await;
    let client = stored(&world, reply.text("clientId")).await;
    let added = [
        by_door("grant_types", Value::Null, flows),
        by_door("response_types", Value::Null, json!([])),
        by_door("token_endpoint_auth_method", Value::Null, json!("client_secret_post")),
    ];
    let algorithm = row("the specifications", "id_token_signed_response_alg", Value::Null, json!("RS256"));
    assert_eq!(rows(&client), [added.to_vec(), vec![application, algorithm]].concat());
    assert_eq!(Value::from(client.sent()), json!({"client_name": "botocore-client-my-session", "scope": "openid"}));

    let sent = with(with(huawei_example(), "scopes", json!(["openid", "fly"])), "grant_types", json!([DEVICE]));
    let reply = register(&world, HUAWEI, &sent).await;
    let client = stored(&world, reply.body["client_info"]["client_id"].as_str().unwrap()).await;
    let replaced =
        [by_door("response_types", json!(["code"]), json!([])), by_door("scope", json!("openid fly"), json!("openid"))];
    assert_eq!(rows(&client)[..2], replaced);
    assert_eq!(client.sent()["scope"], "openid fly");
}
