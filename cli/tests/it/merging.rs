//! The same registration again gets the same client, where the policy says so.

use futures_util::future::join_all;
use serde_json::{Value, json};
use shared::administration;
use shared::caller::Permission;
use shared::client::RegisteredClient;
use shared::origin::Origin;
use shared::policy::{Conduct, Policy, Preset};
use shared::store::Deleter;
use shared::time::DAY;

use crate::fault_proxy::FaultProxy;
use crate::requests::assert_documented;
use crate::support::{Reply, World, assert_invalid_token, assert_refused, table};

fn shared_policy() -> Policy {
    Preset::McpShared.policy()
}

/// What each copy of an assistant sends, on a port of its own.
fn assistant(port: u16) -> Value {
    json!({"client_name": "Assistant", "token_endpoint_auth_method": "none",
        "redirect_uris": [format!("http://127.0.0.1:{port}/callback")]})
}

async fn registered(world: &World, metadata: &Value) -> Reply {
    let reply = world.register(1, None, metadata).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    reply
}

async fn scene() -> World {
    let world = World::empty().await;
    world.service(1, shared_policy()).await;
    world
}

async fn stored(world: &World, client_id: &str) -> Option<RegisteredClient> {
    let service = world.app.service(1).await.unwrap();
    world.app.store.client(1, service.numeric_id(client_id)).await.unwrap()
}

#[tokio::test]
async fn copies_of_one_program_share_one_client_that_none_of_them_manages() {
    let world = scene().await;
    let replies = join_all((1..=42).map(|copy| {
        let (world, sent) = (&world, assistant(40_000 + copy));
        async move { registered(world, &sent).await }
    }));
    let replies = replies.await;
    let client_id = replies[0].text("client_id");
    for (copy, reply) in (1..).zip(&replies) {
        assert_eq!(reply.text("client_id"), client_id);
        assert_eq!(reply.body["client_id_issued_at"], replies[0].body["client_id_issued_at"]);
        let uri = format!("http://127.0.0.1:{}/callback", 40_000 + copy);
        assert_eq!(reply.body["redirect_uris"], json!([uri]), "each is told what it has sent");
        for member in ["client_secret", "registration_access_token", "registration_client_uri"] {
            assert_eq!(reply.body.get(member), None, "{member}");
        }
    }
    assert_eq!(world.app.store.clients(1).await.unwrap().len(), 1);
    let look_up = world.service_token(1, &[Permission::UseService]).await;
    let path = format!("/1/client?client_id={client_id}&redirect_uri=http%3A%2F%2F127.0.0.1%3A5%2Fcallback");
    assert_eq!(world.send_bare("GET", &path, Some(&look_up)).await.status, 200, "whatever the port");
    let another = world.app.entropy.bytes::<32>().unwrap();
    let token = format!("rat_{}", base64_of(&another));
    for method in ["GET", "DELETE"] {
        let reply = world.send_bare(method, &format!("/1/register/{client_id}"), Some(&token)).await;
        assert_invalid_token(&reply);
    }
    let service = world.app.service(1).await.unwrap();
    let client = stored(&world, client_id).await.unwrap();
    let refused = administration::reissue_token(&world.context(&service), client).await;
    assert!(refused.err().unwrap().to_string().contains("registration_access_token"));
}

fn base64_of(bytes: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    URL_SAFE_NO_PAD.encode(bytes)
}

#[tokio::test]
async fn what_differs_or_is_somebodys_has_a_client_of_its_own() {
    let world = scene().await;
    let key = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    let shared = registered(&world, &assistant(1)).await;
    let mut ids = vec![shared.text("client_id").to_owned()];
    let with = |name: &str, value: Value| {
        let mut sent = assistant(1);
        sent[name] = value;
        sent
    };
    for sent in [
        with("client_name", json!("Assistant 2")),
        with("client_name#de", json!("Assistent")),
        with("scope", json!("read")),
        with("redirect_uris", json!(["http://127.0.0.1/other"])),
        with("redirect_uris", json!(["http://localhost/callback"])),
        with("redirect_uris", json!(["http://127.0.0.1/callback", "http://127.0.0.1/callback2"])),
    ] {
        let reply = registered(&world, &sent).await;
        assert_eq!(reply.body.get("registration_access_token"), None, "{sent}");
        ids.push(reply.text("client_id").to_owned());
    }
    for sent in [
        with("token_endpoint_auth_method", json!("client_secret_basic")),
        with("jwks", json!({"keys": [key]})),
        with("jwks_uri", json!("https://rp.example/jwks")),
    ] {
        for _ in 0..2 {
            let reply = registered(&world, &sent).await;
            assert!(reply.text("registration_access_token").starts_with("rat_"), "{sent}");
            ids.push(reply.text("client_id").to_owned());
        }
    }
    let all = ids.len();
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), all);
    world.service(2, shared_policy()).await;
    let elsewhere = world.register(2, None, &assistant(1)).await;
    assert_ne!(elsewhere.text("client_id"), shared.text("client_id"), "services have nothing in common");
}

#[tokio::test]
async fn it_is_off_unless_a_policy_says_so() {
    let world = World::open().await;
    let [one, other] = [registered(&world, &assistant(1)).await, registered(&world, &assistant(1)).await];
    assert_ne!(one.text("client_id"), other.text("client_id"));
    assert!(one.text("registration_access_token").starts_with("rat_"));
}

#[tokio::test]
async fn what_operators_decide_about_a_shared_client_holds_for_all() {
    let world = scene().await;
    let service = world.app.service(1).await.unwrap();
    let context = world.context(&service);
    let first = registered(&world, &assistant(1)).await;
    let client_id = first.text("client_id");
    let client = || async { stored(&world, client_id).await.unwrap() };
    administration::lock(&context, client().await, true).await.unwrap();
    assert_eq!(world.register(1, None, &assistant(2)).await.status, 403, "a locked one is nobody's");
    administration::lock(&context, client().await, false).await.unwrap();
    administration::replace(&context, client().await, |client| {
        let mut draft = administration::Draft::of(client);
        draft.metadata.scope = Some("read".to_owned());
        Ok(draft)
    })
    .await
    .unwrap();
    let again = registered(&world, &assistant(3)).await;
    assert_eq!((again.text("client_id"), again.text("scope")), (client_id, "read"));
    assert_eq!(again.body["redirect_uris"], json!(["http://127.0.0.1:3/callback"]), "the port is each copy's own");

    let number = client().await.numeric_id;
    let deleted = world.app.store.delete_client(1, client_id, number, Deleter::Operator, &Origin::default()).await;
    assert!(deleted.unwrap().is_ok());
    assert!(stored(&world, client_id).await.is_none());
    let new = registered(&world, &assistant(4)).await;
    assert_eq!((new.text("client_id"), new.body.get("scope")), (client_id, None));
    assert_eq!(client().await.version, 6, "it goes on where the deleted one ended");
}

#[tokio::test]
async fn what_an_operator_makes_of_a_shared_client_each_copy_is_told_or_it_has_its_own() {
    let world = scene().await;
    let token = world.service_token(1, &Permission::ALL).await;
    let first = registered(&world, &assistant(1)).await;
    let client_id = first.text("client_id");
    let patch = async |change: Value| {
        let path = format!("/operator/1/clients/{client_id}");
        let reply = world.send_json("PATCH", &path, Some(&token), &change).await;
        assert_eq!(reply.status, 200, "{reply:?}");
    };
    patch(
        json!({"redirect_uris": ["http://127.0.0.1:1/callback", "http://127.0.0.1:9/more", "https://rp.example/cb"]}),
    )
    .await;
    let copy = registered(&world, &assistant(40_001)).await;
    assert_eq!(copy.text("client_id"), client_id);
    let uris = ["http://127.0.0.1:40001/callback", "http://127.0.0.1:9/more", "https://rp.example/cb"];
    assert_eq!(copy.body["redirect_uris"], json!(uris));
    patch(json!({"token_endpoint_auth_method": "client_secret_basic"})).await;
    let copies = [registered(&world, &assistant(2)).await, registered(&world, &assistant(2)).await];
    for copy in &copies {
        assert_ne!(copy.text("client_id"), client_id);
        assert!(copy.text("registration_access_token").starts_with("rat_"), "one of its own");
        assert_eq!(copy.body["redirect_uris"], json!(["http://127.0.0.1:2/callback"]));
    }
    assert_ne!(copies[0].body["client_id"], copies[1].body["client_id"]);
    patch(json!({"token_endpoint_auth_method": "none"})).await;
    assert_eq!(registered(&world, &assistant(3)).await.text("client_id"), client_id, "it is shared again");
}

#[tokio::test]
async fn who_is_registered_again_lives_on_and_is_not_known_to_be_used() {
    let world = scene().await;
    let first = registered(&world, &assistant(1)).await;
    let client_id = first.text("client_id");
    let new = stored(&world, client_id).await.unwrap();
    assert_eq!(new.used, None, "to register it first is none");
    let end = new.ends_at();
    world.clock.advance(29 * DAY);
    registered(&world, &assistant(2)).await;
    let again = stored(&world, client_id).await.unwrap();
    assert!(again.ends_at() > end && again.unconfirmed && again.makes_room(), "whoever may register may say so");
    let token = world.service_token(1, &[Permission::UseService]).await;
    let report = json!({"client_ids": [client_id]});
    assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &report).await.status, 200);
    let reported = stored(&world, client_id).await.unwrap();
    assert_eq!((reported.used, reported.unconfirmed), (again.used, false), "on the same day");
    world.clock.advance(DAY);
    registered(&world, &assistant(2)).await;
    assert!(!stored(&world, client_id).await.unwrap().makes_room(), "what is known stays known");
    world.clock.advance(182 * DAY);
    assert!(stored(&world, client_id).await.is_none());
    let again = registered(&world, &assistant(3)).await;
    assert_eq!(again.text("client_id"), client_id, "and it comes back after its end");
    let back = stored(&world, client_id).await.unwrap();
    assert_eq!((back.used.as_deref(), back.makes_room()), (None, true), "as a new one");
}

#[tokio::test]
async fn it_costs_one_conditional_write() {
    let embedded = table(None).await;
    let proxy = FaultProxy::start(&embedded.url()).await;
    let (world, direct) = (World::at(&proxy.url()), World::at(&embedded.url()));
    direct.service(1, shared_policy()).await;
    for (copy, requests) in [(1, &["PutItem C"][..]), (2, &["PutItem C", "UpdateItem C"]), (3, &["PutItem C"])] {
        world.app.service(1).await.unwrap();
        proxy.requests();
        world.clock.advance(1);
        registered(&world, &assistant(copy)).await;
        let made: Vec<String> = proxy.requests().into_iter().filter(|request| request != "GetItem S").collect();
        assert_eq!(made, requests, "and one more for a day on which it is registered again");
        if copy == 3 {
            assert_documented("register, open the same again (`merge_identical`)", &made);
        }
    }
}

#[tokio::test]
async fn authletes_registration_shares_them_as_well() {
    let world = scene().await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let register = async |port| {
        let body = json!({"json": assistant(port).to_string()});
        let reply = world.send_json("POST", "/api/1/client/registration", Some(&token), &body).await;
        assert_eq!(reply.text("action"), "CREATED", "{reply:?}");
        serde_json::from_str::<Value>(reply.text("responseContent")).unwrap()
    };
    let (one, other) = (register(1).await, register(2).await);
    assert_eq!(one["client_id"], other["client_id"]);
    assert!(one["client_id"].as_str().unwrap().parse::<u64>().unwrap() < 1 << 53);
    assert_eq!(one.get("registration_access_token"), None);
    let oauth = registered(&world, &assistant(1)).await;
    assert_ne!(one["client_id"], oauth.body["client_id"], "each door has its own");
}

/// A program of another name, which shares its client as well.
fn program(number: usize) -> Value {
    json!({"client_name": format!("Program {number}"), "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://127.0.0.1/cb"]})
}

/// Whoever is told 201 has ten minutes, be it the first copy or the last one.
#[tokio::test]
async fn no_copy_is_told_of_a_client_that_makes_room_within_ten_minutes() {
    let world = World::empty().await;
    world.service(1, Policy { clients_per_service: Some(3), ..shared_policy() }).await;
    let first = registered(&world, &assistant(1)).await;
    let client_id = first.text("client_id");
    for number in 0..4 {
        registered(&world, &program(number)).await;
    }
    let mut strangers = 4..;
    for (passed, registers, is_there) in [
        (608, true, true),
        (590, true, true),
        // Ten minutes less a second after the last copy; and then it is as old as can be.
        (599, false, true),
        (1200, false, false),
        // It comes back, and the first of its copies counts.
        (0, true, true),
        (599, true, true),
        (599, false, true),
        (1200, false, false),
    ] {
        world.clock.advance(passed);
        if registers {
            for copy in 1..4 {
                assert_eq!(registered(&world, &assistant(copy)).await.text("client_id"), client_id);
            }
        }
        for _ in 0..2 {
            registered(&world, &program(strangers.next().unwrap())).await;
        }
        world.catch_up().await;
        assert_eq!(stored(&world, client_id).await.is_some(), is_there, "{passed} seconds later");
    }
}

/// What the stream has read is no copy's to suffer from that comes a moment later.
#[tokio::test]
async fn a_copy_that_comes_while_room_is_made_keeps_the_client() {
    let scene = scene().await;
    let first = registered(&scene, &assistant(1)).await;
    let client_id = first.text("client_id");
    scene.set_policy(1, Policy { clients_per_service: Some(3), ..shared_policy() }).await;
    scene.clock.advance(DAY);
    let read = stored(&scene, client_id).await.unwrap();
    registered(&scene, &assistant(2)).await;
    let store = &scene.app.store;
    let gone = async || {
        let deleter = Deleter::Unused(read.version);
        store.delete_client(1, client_id, read.numeric_id, deleter, &Origin::default()).await.unwrap().is_ok()
    };
    assert!(!gone().await && stored(&scene, client_id).await.is_some());
    scene.clock.advance(1200);
    assert!(gone().await);
}

#[tokio::test]
async fn to_be_registered_again_is_noted_as_seldom_as_it_matters() {
    let embedded = table(None).await;
    let proxy = FaultProxy::start(&embedded.url()).await;
    let (world, direct) = (World::at(&proxy.url()), World::at(&embedded.url()));
    let policy = Policy { clients_per_service: Some(3), client_lifetime: Some(90 * DAY), ..shared_policy() };
    direct.service(1, policy).await;
    let noted = &["PutItem C", "UpdateItem C"][..];
    for (passed, requests) in
        [(0, &noted[..1]), (1, noted), (599, &noted[..1]), (1, noted), (1, &noted[..1]), (DAY, noted)]
    {
        world.clock.advance(passed);
        proxy.requests();
        registered(&world, &assistant(1)).await;
        let made = proxy.requests().into_iter().filter(|request| request.ends_with(" C")).collect::<Vec<_>>();
        assert_eq!(made, requests, "{passed} seconds later");
    }
}

/// A copy has its client for as long as its registration says, whoever was first.
#[tokio::test]
async fn a_registration_that_is_repeated_begins_its_lifetime_anew() {
    let world = World::empty().await;
    world.service(1, Policy { client_lifetime: Some(6), ..shared_policy() }).await;
    let first = registered(&world, &assistant(1)).await;
    let client_id = first.text("client_id");
    let token = world.service_token(1, &[Permission::UseService]).await;
    for _ in 0..3 {
        world.clock.advance(5);
        assert_eq!(registered(&world, &assistant(2)).await.text("client_id"), client_id);
    }
    world.clock.advance(5);
    let path = format!("/1/client?client_id={client_id}");
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200);
    world.clock.advance(1);
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);

    world.set_policy(1, Policy { client_lifetime: Some(90 * DAY), ..shared_policy() }).await;
    registered(&world, &assistant(1)).await;
    let ends = async || stored(&world, client_id).await.unwrap().expires_at;
    for (passed, left) in [(0, 90), (1, 90), (0, 90), (88, 90)] {
        world.clock.advance(passed * DAY + passed);
        registered(&world, &assistant(1)).await;
        assert_eq!(ends().await, Some(world.clock.now() + left * DAY), "{passed}");
    }
    world.clock.advance(DAY);
    registered(&world, &assistant(1)).await;
    let end = ends().await.unwrap();
    assert_eq!(end, world.clock.now() + 89 * DAY, "not for less than a day");
    // Who has read the client before does not take back what a copy was told.
    let service = world.app.service(1).await.unwrap();
    let stale = stored(&world, client_id).await.unwrap();
    world.clock.advance(2 * DAY);
    registered(&world, &assistant(1)).await;
    world.app.store.note_use(&service, &stale, shared::store::Witness::Trusted, 0).await;
    assert!(administration::retain_once(&world.context(&service), stale, true).await.is_err());
    let known = stored(&world, client_id).await.unwrap();
    assert_eq!((known.expires_at, known.unconfirmed), (Some(world.clock.now() + 90 * DAY), false));
    world.set_policy(1, shared_policy()).await;
    registered(&world, &assistant(1)).await;
    assert_eq!(ends().await, None, "by the policy of today");
}

/// Whom an operator has approved under a reserved name may be installed as often as it is.
#[tokio::test]
async fn copies_of_a_client_whose_names_are_vouched_for_are_that_client() {
    let mut policy = shared_policy();
    policy.names.reserved = vec!["Example Bank".to_owned()].into();
    policy.names.same = Conduct::Flag;
    let world = World::empty().await;
    world.service(1, policy.clone()).await;
    let operator = world.service_token(1, &Permission::ALL).await;
    let bank = |port: u16| {
        json!({"client_name": "Example Bank", "token_endpoint_auth_method": "none",
        "redirect_uris": [format!("http://127.0.0.1:{port}/cb")]})
    };
    let [first, other] = [
        bank(1),
        json!({"client_name": "Example Bank", "token_endpoint_auth_method": "none",
        "redirect_uris": ["http://localhost/cb"]}),
    ];
    let client_id = registered(&world, &first).await.text("client_id").to_owned();
    let other_id = registered(&world, &other).await.text("client_id").to_owned();
    let act = async |method: &str, action: &str| {
        let path = format!("/operator/1/clients/{client_id}{action}");
        world.send_bare(method, &path, Some(&operator)).await.status
    };
    assert_eq!(act("POST", "/approve").await, 200);
    policy.names.same = Conduct::Refuse;
    world.set_policy(1, policy).await;
    let copy = registered(&world, &bank(2)).await;
    assert_eq!((copy.text("client_id"), &copy.body["redirect_uris"]), (&*client_id, &json!(["http://127.0.0.1:2/cb"])));
    let refused = async |sent: &Value| {
        assert_refused(&world.register(1, None, sent).await, "invalid_client_metadata", "client_name");
    };
    refused(&other).await;
    let mut more = bank(1);
    more["scope"] = json!("read");
    refused(&more).await;
    more["token_endpoint_auth_method"] = json!("client_secret_basic");
    refused(&more).await;
    assert_eq!(act("POST", "/lock").await, 200);
    assert_eq!(world.register(1, None, &bank(3)).await.status, 403);
    assert_eq!(act("POST", "/unlock").await, 200);
    let renamed = json!({"client_name": "Other Bank"});
    let path = format!("/operator/1/clients/{client_id}");
    assert_eq!(world.send_json("PATCH", &path, Some(&operator), &renamed).await.status, 200);
    refused(&bank(4)).await;
    assert_eq!(act("DELETE", "").await, 204);
    refused(&bank(4)).await;
    assert!(stored(&world, &other_id).await.is_some());
}

/// Of an operator who brings a client back and a copy that registers it, one is first, and the other is told so.
#[tokio::test]
async fn a_client_that_is_brought_back_while_it_is_registered_again_is_there() {
    let world = scene().await;
    let operator = world.service_token(1, &Permission::ALL).await;
    let client_id = registered(&world, &assistant(1)).await.text("client_id").to_owned();
    let path = format!("/operator/1/clients/{client_id}");
    let restore = format!("{path}/restore");
    for _ in 0..40 {
        world.clock.advance(1);
        assert_eq!(world.send_bare("DELETE", &path, Some(&operator)).await.status, 204);
        let copy = assistant(2);
        let (restored, copy) =
            tokio::join!(world.send_bare("POST", &restore, Some(&operator)), world.register(1, None, &copy),);
        assert_eq!(copy.status, 201, "{copy:?}");
        assert!(matches!(restored.status, 200 | 409), "{restored:?}");
    }
}
