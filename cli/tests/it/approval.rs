//! What registers itself waits for an operator, where the policy says so.

use serde_json::{Value, json};
use shared::administration;
use shared::caller::Permission;
use shared::client::{RegisteredClient, Source};
use shared::policy::{Approval, BoundPolicy, Policy, Preset};
use shared::time::DAY;

use crate::support::{NOW, Reply, World, as_update, assert_invalid_token, web_client};

fn required() -> Policy {
    Policy { approval: Approval::Required, approval_within: 3 * DAY, ..Preset::Open.policy() }
}

struct Scene {
    world: World,
    token: String,
}

impl Scene {
    async fn with(policy: Policy) -> Self {
        let world = World::empty().await;
        world.service(1, policy).await;
        let token = world.service_token(1, &[Permission::UseService, Permission::ClientWrite]).await;
        Self { world, token }
    }

    async fn look_up(&self, client_id: &str) -> Reply {
        self.world.send_bare("GET", &format!("/1/client?client_id={client_id}"), Some(&self.token)).await
    }

    async fn stored(&self, client_id: &str) -> Option<RegisteredClient> {
        let service = self.world.app.service(1).await.unwrap();
        self.world.app.store.client(1, service.numeric_id(client_id)).await.unwrap()
    }

    async fn approve(&self, client_id: &str) {
        let service = self.world.app.service(1).await.unwrap();
        let client = self.stored(client_id).await.unwrap();
        administration::approve(&self.world.context(&service), client).await.unwrap();
    }

    /// Whether the client waits, and may not be used.
    async fn waits(&self, client_id: &str) -> bool {
        let found = self.look_up(client_id).await.body;
        let waits = found.get("pending") == Some(&json!(true));
        assert_eq!(found["locked"], json!(waits), "whoever does not know of approval does not use it either");
        assert_eq!(found.get("pending_until").is_some(), waits);
        waits
    }
}

#[tokio::test]
async fn a_client_waits_until_it_is_approved_and_ends_if_nobody_does() {
    let scene = Scene::with(required()).await;
    let (path, registration, one) = scene.world.client(&web_client()).await;
    let (_, _, other) = scene.world.client(&web_client()).await;
    let (one, other) = (one.text("client_id"), other.text("client_id"));
    assert!(scene.waits(one).await && scene.waits(other).await);
    assert_eq!(scene.look_up(one).await.body["pending_until"], json!(NOW + 3 * DAY));
    assert_eq!(scene.world.send_bare("GET", &path, Some(&registration)).await.status, 200, "its registrant manages it");
    scene.approve(one).await;
    assert!(!scene.waits(one).await);
    scene.world.clock.advance(3 * DAY);
    assert!(scene.stored(one).await.is_some_and(|client| client.ends_at() == client.unused_until));
    assert!(scene.stored(other).await.is_none());
    scene.world.sweep().await;
    scene.world.catch_up().await;
    assert_eq!(scene.world.app.store.client_count(1).await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_approved_is_what_was_read() {
    let scene = Scene::with(required()).await;
    let (path, registration, reply) = scene.world.client(&web_client()).await;
    let client_id = reply.text("client_id");
    let seen = scene.stored(client_id).await.unwrap();
    let mut update = as_update(&reply.body);
    update["redirect_uris"] = json!(["https://evil.example/cb"]);
    assert_eq!(scene.world.send_json("PUT", &path, Some(&registration), &update).await.status, 200);
    let service = scene.world.app.service(1).await.unwrap();
    assert!(administration::approve(&scene.world.context(&service), seen).await.is_err());
    assert!(scene.waits(client_id).await);
}

#[tokio::test]
async fn what_is_changed_after_it_was_approved_waits_again() {
    let scene = Scene::with(required()).await;
    let (path, registration, reply) = scene.world.client(&web_client()).await;
    let client_id = reply.text("client_id");
    scene.approve(client_id).await;
    let mut update = as_update(&reply.body);
    let put = async |update: &Value| {
        assert_eq!(scene.world.send_json("PUT", &path, Some(&registration), update).await.status, 200);
    };
    put(&update).await;
    assert!(!scene.waits(client_id).await, "the same is approved already");
    update["redirect_uris"] = json!(["https://evil.example/cb"]);
    put(&update).await;
    assert!(scene.waits(client_id).await);
    scene.world.clock.advance(2 * DAY);
    update["client_name"] = json!("Other");
    put(&update).await;
    let end = scene.look_up(client_id).await.body["pending_until"].clone();
    assert_eq!(end, json!(NOW + 3 * DAY), "a change does not buy time");
}

#[tokio::test]
async fn whoever_waits_gets_no_tokens() {
    let mut policy = required();
    policy.grant_types.offered.push(shared::metadata::GrantType::ClientCredentials);
    let scene = Scene::with(policy).await;
    let reply = scene.world.register(1, None, &json!({"grant_types": ["client_credentials"]})).await;
    let (id, secret) = (reply.text("client_id"), reply.text("client_secret"));
    let body = json!({"parameters": "grant_type=client_credentials", "clientId": id, "clientSecret": secret});
    let token = async || scene.world.send_json("POST", "/api/1/auth/token", Some(&scene.token), &body).await;
    assert_ne!(token().await.body["action"], "OK");
    scene.approve(id).await;
    let given = token().await;
    assert_eq!(given.body["action"], "OK", "{given:?}");
}

/// Who lets a client go on has not thereby said that it is good.
#[tokio::test]
async fn to_unlock_a_client_is_not_to_approve_it() {
    let scene = Scene::with(required()).await;
    let body = json!({"json": web_client().to_string()});
    let registered = scene.world.send_json("POST", "/api/1/client/registration", Some(&scene.token), &body).await;
    assert_eq!((registered.text("action"), &registered.body["client"]["locked"]), ("CREATED", &json!(true)));
    let id = registered.body["client"]["clientId"].to_string();
    let path = format!("/api/1/client/lock_flag/update/{id}");
    let service = scene.world.app.service(1).await.unwrap();
    for locked in [false, true, false] {
        let set = json!({"clientLocked": locked});
        let reply = scene.world.send_json("POST", &path, Some(&scene.token), &set).await;
        assert_eq!(reply.status, 200);
        assert_eq!(reply.text("resultMessage").contains("waits"), !locked, "{reply:?}");
        assert!(scene.waits(&id).await);
    }
    for action in ["lock", "unlock"] {
        let path = format!("/operator/1/clients/{id}/{action}");
        let reply = scene.world.send_json("POST", &path, Some(&scene.token), &json!({})).await;
        assert_eq!((reply.status, reply.body.get("pending_until").is_some()), (200, true), "{reply:?}");
    }
    let many = json!({"action": "unlock", "clients": [{"client_id": id}]});
    scene.world.send_json("POST", "/operator/1/bulk", Some(&scene.token), &many).await;
    let client = scene.stored(&id).await.unwrap();
    administration::lock(&scene.world.context(&service), client, false).await.unwrap();
    assert!(scene.waits(&id).await);
    scene.approve(&id).await;
    assert!(!scene.waits(&id).await);
}

#[tokio::test]
async fn operators_own_and_who_has_a_token_of_theirs() {
    let scene = Scene::with(Policy { approval: Approval::Required, ..Preset::Protected.policy() }).await;
    let token = scene.world.initial_access_token(1, None, None, BoundPolicy::default()).await;
    let reply = scene.world.register(1, Some(&token), &web_client()).await;
    assert!(scene.waits(reply.text("client_id")).await, "a token lets one register, and no more");
    let created = json!({"clientName": "Ours", "redirectUris": ["https://rp.example/cb"]});
    let created = scene.world.send_json("POST", "/api/1/client/create", Some(&scene.token), &created).await;
    assert_eq!(created.body["locked"], json!(false), "{created:?}");
    assert!(Source::ALL.iter().filter(|source| source.is_self_registered()).count() == 4);
}

#[tokio::test]
async fn a_client_that_is_denied_is_gone() {
    let scene = Scene::with(required()).await;
    let (path, registration, reply) = scene.world.client(&web_client()).await;
    let service = scene.world.app.service(1).await.unwrap();
    let client = scene.stored(reply.text("client_id")).await.unwrap();
    administration::lock(&scene.world.context(&service), client.clone(), true).await.unwrap();
    scene.world.clock.advance(30 * DAY);
    assert!(scene.stored(&client.client_id).await.is_some(), "one that is locked waits for its operator");
    let client = scene.stored(&client.client_id).await.unwrap();
    administration::delete(&scene.world.context(&service), &client).await.unwrap();
    assert_invalid_token(&scene.world.send_bare("GET", &path, Some(&registration)).await);
    assert_eq!(scene.look_up(&client.client_id).await.status, 404);
}

/// An operator who wants a client to stay has all the time to approve it, whoever has made it wait.
#[tokio::test]
async fn who_is_retained_or_made_by_an_operator_waits_without_an_end() {
    let scene = Scene::with(required()).await;
    let operate = async |id: &str, action: &str| {
        scene.world.send_bare("POST", &format!("/operator/1/clients/{id}/{action}"), Some(&scene.token)).await
    };
    let made = scene.world.send_json("POST", "/operator/1/clients", Some(&scene.token), &web_client()).await;
    let (_, _, waiting) = scene.world.client(&web_client()).await;
    let (_, _, approved) = scene.world.client(&web_client()).await;
    scene.approve(approved.text("client_id")).await;
    for reply in [&waiting, &approved] {
        let told = operate(reply.text("client_id"), "retain").await;
        assert_eq!((told.status, told.body.get("expires_at")), (200, None), "{told:?}");
    }
    for reply in [&made, &approved] {
        let mut update = as_update(&reply.body);
        update["redirect_uris"] = json!(["https://rp.example/other"]);
        let path = format!("/1/register/{}", reply.text("client_id"));
        let put = scene.world.send_json("PUT", &path, Some(reply.text("registration_access_token")), &update).await;
        assert_eq!(put.status, 200, "{put:?}");
    }
    scene.world.clock.advance(30 * DAY);
    for reply in [&made, &waiting, &approved] {
        let id = reply.text("client_id");
        let found = scene.look_up(id).await.body;
        assert_eq!((&found["pending"], found.get("pending_until")), (&json!(true), None), "{found}");
        assert_eq!(scene.stored(id).await.unwrap().ends_at(), None);
    }
    let released = operate(waiting.text("client_id"), "release").await;
    assert_eq!(released.body["pending_until"], json!(NOW + 33 * DAY), "{released:?}");
    scene.world.clock.advance(3 * DAY);
    assert!(scene.stored(waiting.text("client_id")).await.is_none());
}

/// To unlock a client is not to delete it: whose time was over meanwhile has it anew, and who has ended is free.
#[tokio::test]
async fn who_is_unlocked_after_its_time_was_over_waits_anew() {
    let scene = Scene::with(required()).await;
    let operate = async |id: &str, action: &str| {
        scene.world.send_bare("POST", &format!("/operator/1/clients/{id}/{action}"), Some(&scene.token)).await
    };
    let waiting = scene.world.client(&web_client()).await.2;
    let id = waiting.text("client_id");
    assert_eq!(operate(id, "lock").await.status, 200);
    scene.world.clock.advance(30 * DAY);
    let unlocked = operate(id, "unlock").await;
    assert_eq!((unlocked.status, &unlocked.body["pending_until"]), (200, &json!(NOW + 33 * DAY)), "{unlocked:?}");
    assert!(scene.waits(id).await);
    scene.world.set_policy(1, Policy { client_lifetime: Some(DAY), ..Preset::Open.policy() }).await;
    let ended = scene.world.client(&web_client()).await.2;
    assert_eq!(operate(ended.text("client_id"), "lock").await.status, 200);
    scene.world.clock.advance(DAY);
    assert_eq!(operate(ended.text("client_id"), "unlock").await.status, 204, "its own end was over");
}

/// Nobody is ended by strangers who register: an operator has the time that was promised.
#[tokio::test]
async fn who_waits_makes_no_room_and_beyond_the_ceiling_nobody_more_is_let_in() {
    let scene = Scene::with(Policy { clients_per_service: Some(3), ..required() }).await;
    let (_, _, waiting) = scene.world.client(&web_client()).await;
    scene.world.clock.advance(901);
    let mut refused = 0;
    for _ in 0..20 {
        refused += usize::from(scene.world.register(1, None, &web_client()).await.status == 403);
        scene.world.catch_up().await;
    }
    assert_eq!(refused, 8, "three, a tenth more and ten");
    assert!(scene.waits(waiting.text("client_id")).await);
    scene.world.clock.advance(901);
    assert_eq!(scene.world.register(1, None, &web_client()).await.status, 403);
    scene.world.catch_up().await;
    assert!(scene.waits(waiting.text("client_id")).await);
    scene.approve(waiting.text("client_id")).await;
    scene.world.clock.advance(3 * DAY);
    scene.world.sweep().await;
    scene.world.catch_up().await;
    assert_eq!(scene.world.register(1, None, &web_client()).await.status, 201);
    assert!(scene.stored(waiting.text("client_id")).await.is_some());
}

/// Each copy of a program is told that it is registered, and has the time that was promised.
#[tokio::test]
async fn a_copy_of_who_waits_lets_it_wait_anew() {
    let scene = Scene::with(Policy { merge_identical: true, ..required() }).await;
    let copy =
        json!({"client_name": "A", "token_endpoint_auth_method": "none", "redirect_uris": ["http://127.0.0.1/cb"]});
    let first = scene.world.register(1, None, &copy).await;
    let id = first.text("client_id");
    for (passed, end) in [(2 * DAY, 5), (DAY / 10, 5), (2 * DAY, 7)] {
        scene.world.clock.advance(passed);
        assert_eq!(scene.world.register(1, None, &copy).await.text("client_id"), id);
        let until = scene.stored(id).await.unwrap().pending_until.unwrap();
        assert_eq!((until - NOW) / DAY, end);
    }
    scene.approve(id).await;
    scene.world.clock.advance(2 * DAY);
    scene.world.register(1, None, &copy).await;
    assert!(!scene.waits(id).await);
}
