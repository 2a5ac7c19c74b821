//! What every endpoint of the oauth door does: CORS, open and closed doors, discovery, a bug.

use serde_json::{Value, json};
use shared::http::{Endpoint, Request};
use shared::metadata::Scope;
use shared::origin::Origin;
use shared::policy::Preset;
use shared::service::ServiceConfiguration;

use crate::support::{BASE_URL, World, web_client};

#[tokio::test]
async fn f13_cors_covers_every_status() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    for (method, path, token, status) in [
        ("POST", "/1/register", None, 400),
        ("GET", "/1/register", None, 405),
        ("POST", "/9/register", None, 404),
        ("GET", path.as_str(), None, 401),
        ("GET", path.as_str(), Some(token.as_str()), 200),
        ("GET", "/1/.well-known/openid-configuration", None, 200),
        ("OPTIONS", path.as_str(), None, 204),
        ("DELETE", path.as_str(), Some(token.as_str()), 204),
    ] {
        let reply = world.send_bare(method, path, token).await;
        assert_eq!(reply.status, status, "{method} {path}");
        assert_eq!(reply.header("access-control-allow-origin"), "*");
        assert_eq!(reply.header("access-control-expose-headers"), "WWW-Authenticate, Retry-After");
        assert_eq!(reply.header("access-control-allow-credentials"), "");
    }
    let preflight = world.send_bare("OPTIONS", "/1/register", None).await;
    assert_eq!(preflight.header("access-control-allow-headers"), "Authorization, Content-Type, MCP-Protocol-Version");
}

#[tokio::test]
async fn a_service_that_does_not_open_this_door_is_unknown_in_it() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    let mut policy = Preset::Open.policy();
    policy.doors = vec!["authlete".to_owned()];
    world.set_policy(1, policy).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 404);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);
    assert_eq!(world.send_bare("GET", "/1/.well-known/openid-configuration", None).await.status, 404);
}

#[tokio::test]
async fn what_a_service_does_not_have_here_is_told_and_nothing_else_of_it() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    let secret = ServiceConfiguration {
        name: Some("Unannounced".to_owned()),
        base_url: Some("https://internal.example".to_owned()),
        ..world.app.store.service(1).await.unwrap().unwrap().configuration
    };
    let configure = async |configuration: &ServiceConfiguration| {
        let version = world.app.store.service(1).await.unwrap().unwrap().version;
        world.app.store.update_service(1, version, configuration, None, &Origin::default()).await.unwrap();
    };
    let discovery = "/1/.well-known/oauth-authorization-server";
    let opening = |doors: &[&str]| {
        let mut configuration = secret.clone();
        configuration.policy.doors = doors.iter().map(|door| (*door).to_owned()).collect();
        configuration
    };
    let elsewhere = ServiceConfiguration { issuer: Some("https://as.example/t".to_owned()), ..secret.clone() };
    let closed = "this service does not open the door oauth";
    let misspelt = format!("{closed}, and one that it opens does not exist: is it misspelt?");
    let published = "the metadata of this service is published by its issuer https://as.example/t";
    for (configuration, everywhere, expected) in [
        (opening(&["authlete"]), true, closed),
        (opening(&["oath", "authlete"]), true, misspelt.as_str()),
        (elsewhere.clone(), false, published),
        (ServiceConfiguration { policy: opening(&[]).policy, ..elsewhere.clone() }, true, closed),
    ] {
        configure(&configuration).await;
        let mut answers = vec![world.send_bare("GET", discovery, None).await];
        if everywhere {
            answers.push(world.register(1, None, &web_client()).await);
            answers.push(world.send_bare("GET", &path, Some(&token)).await);
        }
        for answer in answers {
            assert_eq!((answer.status, answer.text("error")), (404, "not_found"), "{answer:?}");
            assert_eq!(answer.text("error_description"), expected);
            assert_eq!(answer.header("cache-control"), "no-store");
        }
    }
    let unknown = world.send_bare("GET", "/9/.well-known/oauth-authorization-server", None).await;
    assert_eq!((unknown.status, unknown.text("error_description")), (404, "there is no such service"));
    let mut silent = elsewhere;
    silent.policy.errors.description = false;
    configure(&silent).await;
    let answer = world.send_bare("GET", discovery, None).await;
    assert_eq!((answer.status, &answer.body), (404, &json!({"error": "not_found"})), "if the service says so");
}

#[tokio::test]
async fn a_deleted_service_is_unknown() {
    let world = World::open().await;
    let (path, token, _) = world.client(&web_client()).await;
    world.app.store.delete_service(1, &Origin::default()).await.unwrap();
    assert_eq!(world.register(1, None, &web_client()).await.status, 404);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);
    assert!(world.app.store.services("tests").await.unwrap().is_empty());
}

#[tokio::test]
async fn d8_d22_d23_discovery_tells_where_and_how_to_register() {
    let world = World::open().await;
    let mut policy = Preset::Open.policy();
    policy.scopes.offered = Scope::parse("openid mcp").unwrap();
    world.set_policy(1, policy).await;
    let mut answers = Vec::new();
    for path in [
        "/.well-known/oauth-authorization-server/1",
        "/1/.well-known/oauth-authorization-server",
        "/1/.well-known/openid-configuration",
        "/.well-known/openid-configuration/1",
    ] {
        let reply = world.send_bare("GET", path, None).await;
        assert_eq!((reply.status, reply.header("content-type")), (200, "application/json"));
        answers.push(reply.body);
    }
    answers.dedup();
    let [metadata] = answers.as_slice() else { panic!("they differ: {answers:?}") };
    assert_eq!(metadata["issuer"], format!("{BASE_URL}/1"));
    assert_eq!(metadata["registration_endpoint"], format!("{BASE_URL}/1/register"));
    assert_eq!(metadata["scopes_supported"], json!(["openid", "mcp"]));
    assert_eq!(metadata["code_challenge_methods_supported"], json!(["S256"]));
    assert!(metadata["token_endpoint_auth_methods_supported"].as_array().unwrap().contains(&json!("none")));
    let algorithms = json!(["RS256", "ES256", "PS256", "EdDSA", "HS256"]);
    assert_eq!(metadata["token_endpoint_auth_signing_alg_values_supported"], algorithms, "RFC 8414 section 2");
    let empty = |value: &Value| value.as_array().is_some_and(Vec::is_empty);
    assert!(!metadata.as_object().unwrap().values().any(empty), "RFC 8414 section 2");
}

#[tokio::test]
async fn rfc9110_s9_3_2_head_is_answered_as_get_without_content() {
    let world = World::open().await;
    for path in ["/.well-known/oauth-authorization-server/1", "/1/.well-known/openid-configuration"] {
        let get = world.send_bare("GET", path, None).await;
        let head = world.send_bare("HEAD", path, None).await;
        assert_eq!((head.status, &head.body), (200, &Value::Null), "{path}");
        for name in ["content-type", "cache-control", "access-control-allow-origin"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
        assert_eq!(head.header("content-length"), get.body.to_string().len().to_string());
    }
    assert_eq!(world.send_bare("HEAD", "/9/.well-known/openid-configuration", None).await.status, 404);
    assert_eq!(world.send_bare("HEAD", "/1/register", None).await.status, 405);
    let other = world.send_bare("POST", "/1/.well-known/openid-configuration", None).await;
    assert_eq!((other.status, other.header("allow")), (405, "GET, HEAD, OPTIONS"));
}

#[tokio::test]
async fn a_panic_is_the_doors_500_and_the_next_request_is_answered() {
    let world = World::open().await;
    let broken = Endpoint { handler: |_, _| Box::pin(async { panic!("a bug") }), ..oauth::register::ENDPOINT };
    let event = include_str!("../../../events/register.public-native.json");
    let answer = broken.answer(world.app, Request::from_event(event).unwrap()).await;
    assert_eq!((answer.status, answer.code), (500, Some("server_error".into())));
    assert_eq!(answer.headers["access-control-allow-origin"], "*");
    assert!(!answer.body.contains("a bug") && answer.cause.unwrap().contains("panic"));
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
}
