//! Secrets and registration access tokens are replaced, and the old ones work until an end.

use serde_json::{Value, json};
use shared::administration::{reissue_token, replace_secret};
use shared::caller::Permission;
use shared::client::RegisteredClient;
use shared::credentials::ClientSecret;
use shared::metadata::GrantType;
use shared::policy::{Policy, Preset, Rotation};

use crate::support::{NOW, Reply, World, as_update, assert_invalid_token, web_client};

const HOUR: u64 = 60 * 60;

struct Scene {
    world: World,
    token: String,
}

impl Scene {
    async fn with(mut policy: Policy) -> Self {
        policy.grant_types.offered.push(GrantType::ClientCredentials);
        let world = World::empty().await;
        world.service(1, policy).await;
        let token = world.service_token(1, &[Permission::UseService, Permission::ClientWrite]).await;
        Self { world, token }
    }

    /// A client that gets tokens by its secret.
    async fn machine(&self) -> (String, String, Reply) {
        self.world.client(&json!({"grant_types": ["client_credentials"]})).await
    }

    async fn stored(&self, client_id: &str) -> RegisteredClient {
        let service = self.world.app.service(1).await.unwrap();
        self.world.app.store.client(1, service.numeric_id(client_id)).await.unwrap().unwrap()
    }

    /// Replaces the secret, for `overlap` seconds or as the policy says: the new one.
    async fn rotate(&self, client_id: &str, new: Option<&str>, overlap: Option<u64>) -> String {
        let service = self.world.app.service(1).await.unwrap();
        let new = new.map(|new| ClientSecret::chosen(new.to_owned()));
        let client = self.stored(client_id).await;
        let replaced = replace_secret(&self.world.context(&service), client, new, overlap).await.unwrap();
        replaced.new.expose().to_owned()
    }

    /// Whether that secret gets the client a token.
    async fn works(&self, client_id: &str, secret: &str) -> bool {
        let body =
            json!({"parameters": "grant_type=client_credentials", "clientId": client_id, "clientSecret": secret});
        self.world.send_json("POST", "/api/1/auth/token", Some(&self.token), &body).await.body["action"] == "OK"
    }

    async fn look_up(&self, client_id: &str) -> Value {
        self.world.send_bare("GET", &format!("/1/client?client_id={client_id}"), Some(&self.token)).await.body
    }
}

#[tokio::test]
async fn of_a_secret_that_is_replaced_two_work_until_the_old_one_ends() {
    let scene = Scene::with(Policy { secret_overlap: HOUR, ..Preset::Open.policy() }).await;
    let (path, token, reply) = scene.machine().await;
    let (id, first) = (reply.text("client_id"), reply.text("client_secret"));
    let second = scene.rotate(id, None, None).await;
    assert!(scene.works(id, first).await && scene.works(id, &second).await);
    // Either shows that it is the client's own (RFC 7592 §2.2).
    let put = async |secret: &str| {
        let mut update = as_update(&reply.body);
        update["client_secret"] = json!(secret);
        scene.world.send_json("PUT", &path, Some(&token), &update).await
    };
    for secret in [first, second.as_str()] {
        let updated = put(secret).await;
        assert_eq!((updated.status, updated.text("client_secret")), (200, second.as_str()), "{updated:?}");
    }
    assert_eq!(put("another").await.status, 400);
    let shown = scene.look_up(id).await;
    assert_eq!((&shown["client_secret"], &shown["previous_client_secret"]), (&json!(second), &json!(first)));
    assert_eq!(shown["previous_client_secret_expires_at"], json!(NOW + HOUR));
    let third = scene.rotate(id, None, None).await;
    assert!(!scene.works(id, first).await, "two, and not three");
    assert!(scene.works(id, &second).await && scene.works(id, &third).await);
    assert_eq!((put(first).await.status, put(&second).await.status), (400, 200));
    scene.world.clock.advance(HOUR);
    assert_eq!(put(&second).await.status, 400, "its time is over");
    assert!(!scene.works(id, &second).await && scene.works(id, &third).await);
    assert_eq!(scene.look_up(id).await.get("previous_client_secret"), None);
    let fourth = scene.rotate(id, None, Some(0)).await;
    assert!(!scene.works(id, &third).await && scene.works(id, &fourth).await, "one that has leaked ends at once");
}

#[tokio::test]
async fn an_old_secret_ends_with_its_client_and_with_its_own_time() {
    let policy = Policy { secret_overlap: 10 * HOUR, secret_lifetime: Some(2 * HOUR), ..Preset::Open.policy() };
    let scene = Scene::with(policy).await;
    let (path, token, reply) = scene.machine().await;
    let (id, first) = (reply.text("client_id"), reply.text("client_secret"));
    scene.rotate(id, None, None).await;
    scene.world.clock.advance(2 * HOUR);
    assert!(!scene.works(id, first).await, "no longer than it would have");

    scene.rotate(id, Some("chosen-by-an-operator"), None).await;
    scene.rotate(id, None, None).await;
    assert!(scene.works(id, "chosen-by-an-operator").await, "one that somebody has chosen is opened");
    let mut public = as_update(&reply.body);
    public["token_endpoint_auth_method"] = json!("none");
    public["grant_types"] = json!(["authorization_code"]);
    public["response_types"] = json!(["code"]);
    public["redirect_uris"] = json!(["https://rp.example/cb"]);
    public.as_object_mut().unwrap().remove("client_secret");
    let updated = scene.world.send_json("PUT", &path, Some(&token), &public).await;
    assert_eq!((updated.status, updated.body.get("client_secret")), (200, None), "{updated:?}");
    assert!(scene.stored(id).await.previous_secret.is_none(), "who needs none has none");
}

#[tokio::test]
async fn a_registrant_renews_its_secret_before_it_ends() {
    let policy = Policy { secret_overlap: HOUR, secret_lifetime: Some(24 * HOUR), ..Preset::Open.policy() };
    let scene = Scene::with(policy).await;
    let (path, token, reply) = scene.machine().await;
    let (id, first) = (reply.text("client_id").to_owned(), reply.text("client_secret").to_owned());
    let put = async |update: &Value| {
        let answer = scene.world.send_json("PUT", &path, Some(&token), update).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.body
    };
    let update = as_update(&reply.body);
    assert_eq!(put(&update).await["client_secret"], json!(first), "there is time");
    scene.world.clock.advance(23 * HOUR);
    let renewed = put(&update).await;
    assert_ne!(renewed["client_secret"], json!(first));
    assert_eq!(renewed["client_secret_expires_at"], json!(NOW + 47 * HOUR));
    let second = renewed["client_secret"].as_str().unwrap();
    assert!(scene.works(&id, &first).await && scene.works(&id, second).await);
    scene.world.clock.advance(HOUR);
    assert!(!scene.works(&id, &first).await && scene.works(&id, second).await);
}

#[tokio::test]
async fn authletes_refresh_has_the_policys_overlap() {
    let scene = Scene::with(Policy { secret_overlap: HOUR, ..Preset::Open.policy() }).await;
    let (_, _, reply) = scene.machine().await;
    let (id, first) = (reply.text("client_id"), reply.text("client_secret"));
    let number = scene.stored(id).await.numeric_id;
    let path = format!("/api/1/client/secret/refresh/{number}");
    let refreshed = scene.world.send_bare("GET", &path, Some(&scene.token)).await;
    assert!(scene.works(id, first).await && scene.works(id, refreshed.text("newClientSecret")).await);
    let path = format!("/api/1/client/secret/update/{number}");
    scene.world.send_json("POST", &path, Some(&scene.token), &json!({"clientSecret": "mine"})).await;
    assert!(!scene.works(id, first).await && scene.works(id, "mine").await);
}

#[tokio::test]
async fn without_an_overlap_an_old_secret_ends_at_once() {
    let scene = Scene::with(Preset::Open.policy()).await;
    let (_, _, reply) = scene.machine().await;
    let (id, first) = (reply.text("client_id"), reply.text("client_secret"));
    let second = scene.rotate(id, None, None).await;
    assert!(!scene.works(id, first).await && scene.works(id, &second).await);
    let third = scene.rotate(id, None, Some(HOUR)).await;
    assert!(scene.works(id, &second).await && scene.works(id, &third).await, "unless an operator says so");
}

async fn grace() -> (World, String, String, Reply) {
    let world = World::empty().await;
    world.service(1, Policy { token_rotation: Rotation::Grace, ..Preset::Open.policy() }).await;
    let (path, token, reply) = world.client(&web_client()).await;
    (world, path, token, reply)
}

#[tokio::test]
async fn under_grace_the_old_token_works_until_the_new_one_is_used() {
    let (world, path, old, reply) = grace().await;
    let update = as_update(&reply.body);
    let get = async |token: &str| world.send_bare("GET", &path, Some(token)).await;
    let put = async |token: &str| world.send_json("PUT", &path, Some(token), &update).await;
    assert_eq!(get(&old).await.text("registration_access_token"), old, "a read makes none");
    let lost = put(&old).await;
    let lost = lost.text("registration_access_token");
    assert_ne!(lost, old);
    assert_eq!(get(&old).await.text("registration_access_token"), old, "the answer was lost: the old one works");
    let again = put(&old).await;
    let new = again.text("registration_access_token");
    assert_invalid_token(&get(lost).await);
    assert_eq!(get(new).await.text("registration_access_token"), new);
    assert_invalid_token(&get(&old).await);
    assert_invalid_token(&put(&old).await);
    let third = put(new).await;
    let third = third.text("registration_access_token");
    assert_eq!(put(third).await.status, 200, "a change is a use as well");
    assert_invalid_token(&get(new).await);
}

#[tokio::test]
async fn under_grace_either_token_deletes_and_an_operators_new_one_ends_both() {
    let (world, path, old, reply) = grace().await;
    let next = world.send_json("PUT", &path, Some(&old), &as_update(&reply.body)).await;
    let next = next.text("registration_access_token");
    let service = world.app.service(1).await.unwrap();
    let number = service.numeric_id(reply.text("client_id"));
    let client = world.app.store.client(1, number).await.unwrap().unwrap();
    let reissued = reissue_token(&world.context(&service), client).await.unwrap();
    for token in [&old, next] {
        assert_invalid_token(&world.send_bare("GET", &path, Some(token)).await);
    }
    let next = world.send_json("PUT", &path, Some(reissued.expose()), &as_update(&reply.body)).await;
    let next = next.text("registration_access_token").to_owned();
    assert_eq!(world.send_bare("DELETE", &path, Some(&next)).await.status, 204);

    let (world, path, old, reply) = grace().await;
    world.send_json("PUT", &path, Some(&old), &as_update(&reply.body)).await;
    assert_eq!(world.send_bare("DELETE", &path, Some(&old)).await.status, 204);
    assert!(!world.all_items().await.concat().contains("rat_next"));
}

#[tokio::test]
async fn authletes_update_and_get_rotate_with_grace_as_well() {
    let world = World::empty().await;
    world.service(1, Policy { token_rotation: Rotation::Grace, ..Preset::Open.policy() }).await;
    let service = world.service_token(1, &[Permission::UseService]).await;
    let call = async |operation: &str, body: Value| {
        let path = format!("/api/1/client/registration{operation}");
        world.send_json("POST", &path, Some(&service), &body).await
    };
    let content = |reply: &Reply| serde_json::from_str::<Value>(reply.text("responseContent")).unwrap();
    let registered = content(&call("", json!({"json": web_client().to_string()})).await);
    let (id, old) = (&registered["client_id"], &registered["registration_access_token"]);
    let update = as_update(&registered).to_string();
    let updated = content(&call("/update", json!({"json": update, "token": old, "clientId": id})).await);
    let new = &updated["registration_access_token"];
    assert_ne!(new, old);
    for (token, action) in [(old, "OK"), (new, "OK"), (old, "BAD_REQUEST")] {
        let reply = call("/get", json!({"token": token, "clientId": id})).await;
        assert_eq!(reply.text("action"), action, "{reply:?}");
    }
}
