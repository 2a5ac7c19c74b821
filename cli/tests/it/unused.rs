//! Clients that nobody uses end, by the policy of their service.

use serde_json::json;
use shared::administration::{Draft, Kept, create, delete_restorably, lock, prune, restore, retain};
use shared::caller::Permission;
use shared::client::{RegisteredClient, Source};
use shared::metadata::Submitted;
use shared::policy::{Approval, Policy, Preset, Rotation, Unused};
use shared::registry::register_for;
use shared::store::Witness;
use shared::time::DAY;

use crate::support::{NOW, Reply, World, as_update, assert_invalid_token, web_client};

struct Scene {
    world: World,
    /// An authorization server's.
    token: String,
}

impl Scene {
    async fn new() -> Self {
        let world = World::open().await;
        let token = world.service_token(1, &[Permission::UseService]).await;
        Self { world, token }
    }

    async fn used(&self, client_id: &str) -> Reply {
        self.world.send_json("POST", "/1/client/used", Some(&self.token), &json!({"client_ids": [client_id]})).await
    }

    async fn client(&self, client_id: &str) -> Option<RegisteredClient> {
        let service = self.world.app.service(1).await.unwrap();
        self.world.app.store.client(1, service.numeric_id(client_id)).await.unwrap()
    }

    /// Passes that time; what has ended is removed.
    async fn pass(&self, seconds: u64) {
        self.world.clock.advance(seconds);
        self.world.sweep().await;
        self.world.catch_up().await;
    }

    async fn change(&self, client_id: &str, change: Change) {
        let service = self.world.app.service(1).await.unwrap();
        let context = self.world.context(&service);
        let client = self.client(client_id).await.unwrap();
        match change {
            Change::Lock(locked) => lock(&context, client, locked).await.unwrap(),
            Change::Retain(retained) => retain(&context, client, retained).await.unwrap(),
        }
    }
}

enum Change {
    Lock(bool),
    Retain(bool),
}

#[tokio::test]
async fn who_was_never_used_ends_and_who_is_used_lives_on() {
    let scene = Scene::new().await;
    let (path, token, never) = scene.world.client(&web_client()).await;
    let (_, _, used) = scene.world.client(&web_client()).await;
    let (never, used) = (never.text("client_id"), used.text("client_id"));
    scene.pass(29 * DAY).await;
    assert_eq!(scene.used(used).await.body["unknown"], json!([]));
    scene.pass(DAY).await;
    assert!(scene.client(never).await.is_none() && scene.client(used).await.is_some());
    assert_invalid_token(&scene.world.send_bare("GET", &path, Some(&token)).await);
    assert_eq!(scene.world.app.store.client_count(1).await.unwrap(), 1);
    for _ in 0..3 {
        scene.pass(179 * DAY).await;
        scene.used(used).await;
    }
    scene.pass(181 * DAY - 1).await;
    assert!(scene.client(used).await.is_some());
    scene.pass(1).await;
    assert!(scene.client(used).await.is_none());
    assert_eq!(scene.world.app.store.client_count(1).await.unwrap(), 0);
}

#[tokio::test]
async fn a_look_up_is_a_use() {
    let scene = Scene::new().await;
    let (_, _, registered) = scene.world.client(&web_client()).await;
    let client_id = registered.text("client_id");
    let path = format!("/1/client?client_id={client_id}");
    for (later, end) in [(0, 181), (3600, 181), (DAY, 182)] {
        scene.pass(later).await;
        assert_eq!(scene.world.send_bare("GET", &path, Some(&scene.token)).await.status, 200);
        let until = scene.client(client_id).await.unwrap().unused_until.unwrap();
        assert_eq!(until / DAY, NOW / DAY + end, "once a day");
    }
}

#[tokio::test]
async fn a_registration_that_ends_by_itself_ends_no_later() {
    let scene = Scene::new().await;
    let policy = Policy { client_lifetime: Some(40 * DAY), ..Preset::Open.policy() };
    scene.world.set_policy(1, policy).await;
    let (_, _, registered) = scene.world.client(&web_client()).await;
    let client_id = registered.text("client_id");
    assert_eq!(scene.client(client_id).await.unwrap().ends_at(), Some(NOW + 30 * DAY));
    scene.used(client_id).await;
    assert_eq!(scene.client(client_id).await.unwrap().ends_at(), Some(NOW + 40 * DAY));
    scene.world.set_policy(1, Policy { unused: Unused::default(), ..Preset::Open.policy() }).await;
    scene.pass(DAY).await;
    scene.used(client_id).await;
    let client = scene.client(client_id).await.unwrap();
    assert_eq!((client.unused_until, client.ends_at()), (None, Some(NOW + 40 * DAY)));
}

#[tokio::test]
async fn operators_keep_whom_they_want() {
    let scene = Scene::new().await;
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let body = json!({"redirectUris": ["https://rp.example/cb"]});
    let own = scene.world.send_json("POST", "/api/1/client/create", Some(&token), &body).await;
    let own = own.body["clientId"].to_string();
    let mut others = Vec::new();
    for _ in 0..3 {
        others.push(scene.world.client(&web_client()).await.2.text("client_id").to_owned());
    }
    let [retained, locked, ended] = <[String; 3]>::try_from(others).unwrap();
    scene.change(&retained, Change::Retain(true)).await;
    scene.change(&locked, Change::Lock(true)).await;
    scene.used(&retained).await;
    scene.pass(1000 * DAY).await;
    assert!(scene.client(&ended).await.is_none());
    for client in [&own, &retained, &locked] {
        assert!(scene.client(client).await.is_some(), "{client}");
    }
    assert_eq!(scene.client(&retained).await.unwrap().ends_at(), None);
    scene.change(&retained, Change::Retain(false)).await;
    scene.change(&locked, Change::Lock(false)).await;
    scene.pass(30 * DAY - 1).await;
    assert!(scene.client(&retained).await.is_some() && scene.client(&locked).await.is_some());
    scene.pass(1).await;
    assert!(scene.client(&locked).await.is_none(), "it was never used");
    scene.pass(151 * DAY - 1).await;
    assert!(scene.client(&retained).await.is_some());
    scene.pass(1).await;
    assert!(scene.client(&retained).await.is_none());
    assert!(scene.client(&own).await.is_some());
}

/// A change that was begun before a use does not take back what the use has given.
#[tokio::test]
async fn a_change_loses_no_use() {
    let scene = Scene::new().await;
    let (path, token, registered) = scene.world.client(&web_client()).await;
    let client_id = registered.text("client_id");
    let stale = scene.client(client_id).await.unwrap();
    scene.used(client_id).await;
    let service = scene.world.app.service(1).await.unwrap();
    lock(&scene.world.context(&service), stale, false).await.unwrap();
    let client = scene.client(client_id).await.unwrap();
    assert_eq!((client.used.as_deref(), client.unused_until), (Some("2026-09-21"), Some(NOW + 181 * DAY)));
    // A use of the same day that moves the end once more is not lost either.
    let stale = scene.client(client_id).await.unwrap();
    scene.world.app.store.note_use(&service, &stale, Witness::Trusted, NOW + 300 * DAY).await;
    lock(&scene.world.context(&service), stale, true).await.unwrap();
    scene.change(client_id, Change::Lock(false)).await;
    assert_eq!(scene.client(client_id).await.unwrap().unused_until, Some(NOW + 301 * DAY));
    let update = crate::support::as_update(&registered.body);
    assert_eq!(scene.world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    assert_eq!(scene.client(client_id).await.unwrap().unused_until, Some(NOW + 301 * DAY));
}

/// Who was told an end has that one.
#[test]
fn only_registrations_without_an_end_of_their_own_end_unused() {
    let sources = Source::ALL.into_iter().filter(|source| source.ends_unused()).map(Source::as_str);
    assert_eq!(sources.collect::<Vec<_>>(), ["oauth", "authlete_registration", "stet"]);
}

#[tokio::test]
async fn the_registrants_own_token_is_told_that_the_client_has_ended_and_no_other_is() {
    let scene = Scene::new().await;
    let (path, token, reply) = scene.world.client(&web_client()).await;
    let other = scene.world.client(&web_client()).await.1;
    scene.world.clock.advance(30 * DAY);
    for method in ["DELETE", "GET", "PUT"] {
        let told = scene.world.send_json(method, &path, Some(&token), &as_update(&reply.body)).await;
        assert_invalid_token(&told);
        assert!(told.text("error_description").contains("has ended"), "{told:?}");
        let told = scene.world.send_json(method, &path, Some(&other), &as_update(&reply.body)).await;
        assert!(!told.text("error_description").contains("has ended"), "{told:?}");
    }
    let path = format!("/1/client?client_id={}", reply.text("client_id"));
    assert_eq!(scene.world.send_bare("GET", &path, Some(&scene.token)).await.status, 404, "absent for readers");
}

#[tokio::test]
async fn a_client_that_was_pruned_comes_back_whole_for_thirty_days() {
    let scene = Scene::new().await;
    let service = scene.world.app.service(1).await.unwrap();
    let context = scene.world.context(&service);
    let (path, token, reply) = scene.world.client(&web_client()).await;
    let id = reply.text("client_id");
    let client = scene.client(id).await.unwrap();
    let stale = RegisteredClient { version: client.version + 1, ..client.clone() };
    assert!(delete_restorably(&context, &stale).await.is_err(), "not if it has changed");
    delete_restorably(&context, &client).await.unwrap();
    scene.world.catch_up().await;
    assert_invalid_token(&scene.world.send_bare("GET", &path, Some(&token)).await);
    assert_eq!(scene.world.app.store.client_count(1).await.unwrap(), 0);
    restore(&context, id, None).await.unwrap();
    scene.world.catch_up().await;
    let back = scene.world.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((back.status, &back.body["client_secret"]), (200, &reply.body["client_secret"]));
    assert_eq!(scene.world.app.store.client_count(1).await.unwrap(), 1);
    assert!(restore(&context, id, None).await.is_err(), "one that is there is not brought back");

    delete_restorably(&context, &scene.client(id).await.unwrap()).await.unwrap();
    scene.world.clock.advance(30 * DAY);
    assert!(restore(&context, id, None).await.is_err());
    let (path, token, reply) = scene.world.client(&web_client()).await;
    assert_eq!(scene.world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    assert!(restore(&context, reply.text("client_id"), None).await.is_err(), "what a registrant deletes is gone");
}

/// By the policy a client that registers itself has an end; whatever is done to this one, it has none.
#[tokio::test]
async fn what_an_operator_has_made_has_no_end_whatever_is_done_to_it() {
    let scene = Scene::new().await;
    let service = scene.world.app.service(1).await.unwrap();
    let context = scene.world.context(&service);
    let submitted = Submitted::from_members(web_client().as_object().cloned().unwrap()).unwrap();
    let made = register_for(&context, &submitted).await.unwrap().client;
    let id = made.client_id.as_str();
    let client = async || scene.client(id).await.unwrap();
    assert_eq!((made.source, client().await.ends_at()), (Source::Operator, None));
    scene.used(id).await;
    scene.world.send_bare("GET", &format!("/1/client?client_id={id}"), Some(&scene.token)).await;
    assert_eq!((client().await.used.is_some(), client().await.ends_at()), (true, None), "a use");
    for locked in [true, false] {
        scene.change(id, Change::Lock(locked)).await;
    }
    for retained in [true, false] {
        scene.change(id, Change::Retain(retained)).await;
    }
    shared::administration::approve(&context, client().await).await.unwrap();
    assert_eq!(client().await.ends_at(), None, "decisions");
    delete_restorably(&context, &client().await).await.unwrap();
    restore(&context, id, None).await.unwrap();
    assert_eq!(client().await.ends_at(), None, "back again");
    scene.pass(1000 * DAY).await;
    let now = scene.world.clock.now();
    assert_eq!(prune(&context, &client().await, now).await.unwrap(), Some(Kept::Decided));
    assert!(scene.client(id).await.is_some());
}

#[tokio::test]
async fn only_what_nobody_uses_and_no_operator_wants_is_pruned() {
    let scene = Scene::new().await;
    scene.world.set_policy(1, Policy { unused: Unused::default(), ..Preset::Open.policy() }).await;
    let service = scene.world.app.service(1).await.unwrap();
    let context = scene.world.context(&service);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.push(scene.world.client(&web_client()).await.2.text("client_id").to_owned());
    }
    scene.change(&ids[0], Change::Lock(true)).await;
    scene.change(&ids[1], Change::Retain(true)).await;
    scene.pass(100 * DAY).await;
    scene.used(&ids[2]).await;
    let since = scene.world.clock.now() - 90 * DAY;
    for (id, kept) in ids.iter().zip([Some(Kept::Decided), Some(Kept::Decided), Some(Kept::Used), None]) {
        let client = scene.client(id).await.unwrap();
        assert_eq!(prune(&context, &client, since).await.unwrap(), kept);
        assert_eq!(scene.client(id).await.is_some(), kept.is_some());
    }
    let own = create(&context, Draft::default()).await.unwrap().client;
    scene.pass(100 * DAY).await;
    assert_eq!(prune(&context, &own, scene.world.clock.now()).await.unwrap(), Some(Kept::Decided));
    let young = scene.world.client(&web_client()).await.2;
    let young = scene.client(young.text("client_id")).await.unwrap();
    assert_eq!(prune(&context, &young, since).await.unwrap(), Some(Kept::Used));
}

/// What an operator has deleted comes back, whatever was known of it.
#[tokio::test]
async fn whatever_an_operator_deletes_comes_back_as_it_was() {
    let scene = Scene::new().await;
    let operator = scene.world.service_token(1, &Permission::ALL).await;
    let ask = async |method: &str, id: &str, action: &str| {
        let path = format!("/operator/1/clients/{id}{action}");
        scene.world.send_bare(method, &path, Some(&operator)).await
    };
    for known in ["nothing", "look-up", "report", "secret", "retained", "pending", "next token", "waited too long"] {
        let (approval, token_rotation) = match known {
            "pending" | "waited too long" => (Approval::Required, Rotation::Off),
            "next token" => (Approval::None, Rotation::Grace),
            _ => (Approval::None, Rotation::Off),
        };
        let policy = Policy { approval, token_rotation, secret_overlap: DAY, ..Preset::Open.policy() };
        scene.world.set_policy(1, policy).await;
        let (path, mut token, reply) = scene.world.client(&web_client()).await;
        let id = reply.text("client_id");
        match known {
            "look-up" => {
                scene.world.send_bare("GET", &format!("/1/client?client_id={id}"), Some(&scene.token)).await;
                assert!(scene.client(id).await.unwrap().unconfirmed);
            }
            "report" => drop(scene.used(id).await),
            "secret" => assert_eq!(ask("POST", id, "/rotate-secret").await.status, 200),
            "retained" => assert_eq!(ask("POST", id, "/retain").await.status, 200),
            "next token" => {
                let updated = scene.world.send_json("PUT", &path, Some(&token), &as_update(&reply.body)).await;
                token = updated.text("registration_access_token").to_owned();
            }
            _ => {}
        }
        let before = scene.client(id).await.unwrap();
        assert_eq!(ask("DELETE", id, "").await.status, 204, "{known}");
        let waits = if known == "waited too long" { 20 * DAY } else { 0 };
        scene.pass(waits).await;
        let restored = ask("POST", id, "/restore").await;
        assert_eq!(restored.status, 200, "{known}: {restored:?}");
        let after = scene.client(id).await.unwrap();
        assert_eq!((after.used, after.unconfirmed, after.retained), (before.used, before.unconfirmed, before.retained));
        let lives = if known == "report" || known == "look-up" { 181 } else { 30 };
        assert_eq!(after.unused_until, Some(scene.world.clock.now() + lives * DAY), "{known}");
        assert_eq!(after.pending_until.is_some(), approval == Approval::Required, "{known}");
        assert_eq!(scene.world.send_bare("GET", &path, Some(&token)).await.status, 200, "{known}");
    }
    scene.world.set_policy(1, Policy { client_lifetime: Some(DAY), ..Preset::Open.policy() }).await;
    let reply = scene.world.client(&web_client()).await.2;
    assert_eq!(ask("DELETE", reply.text("client_id"), "").await.status, 204);
    scene.pass(DAY).await;
    let refused = ask("POST", reply.text("client_id"), "/restore").await;
    assert!(refused.status == 409 && refused.text("error_description").contains("ended by now"), "{refused:?}");
}

/// Who was never used lives anew as a new one does, and not as one that is used.
#[tokio::test]
async fn what_an_operator_decides_lets_a_client_live_anew_by_its_own_measure() {
    let scene = Scene::new().await;
    let operator = scene.world.service_token(1, &Permission::ALL).await;
    for (actions, used) in [
        (&["lock", "unlock"][..], false),
        (&["retain", "release"], false),
        (&["approve"], false),
        (&["lock", "unlock"], true),
        (&["retain", "release"], true),
        (&["approve"], true),
    ] {
        let reply = scene.world.client(&web_client()).await.2;
        let id = reply.text("client_id");
        if used {
            scene.used(id).await;
        }
        scene.pass(DAY).await;
        for action in actions {
            let path = format!("/operator/1/clients/{id}/{action}");
            assert_eq!(scene.world.send_bare("POST", &path, Some(&operator)).await.status, 200, "{action}");
        }
        let lives = if used { 181 } else { 30 };
        let until = scene.client(id).await.unwrap().unused_until;
        assert_eq!(until, Some(scene.world.clock.now() + lives * DAY), "{actions:?} {used}");
    }
}

/// Whoever switches the policy on, or another one, ends nobody under a token that works.
#[tokio::test]
async fn a_client_does_not_end_before_what_it_was_given_under_another_policy() {
    let scene = Scene::new().await;
    let operator = scene.world.service_token(1, &Permission::ALL).await;
    let with = async |unused: Unused| {
        scene.world.set_policy(1, Policy { unused, ..Preset::Open.policy() }).await;
    };
    let short = Unused { never: Some(DAY), since: Some(DAY) };
    let give = async |id: &str, days: u64| {
        let service = scene.world.app.service(1).await.unwrap();
        let body = json!({"grantType": "AUTHORIZATION_CODE", "clientId": service.numeric_id(id), "subject": "john",
            "accessTokenDuration": days * DAY});
        let given = scene.world.send_json("POST", "/api/1/auth/token/create", Some(&operator), &body).await;
        assert_eq!(given.body["action"], "OK", "{given:?}");
    };
    let ends = async |id: &str| {
        let end = scene.client(id).await.unwrap().ends_at();
        end.map(|end| (end - NOW).div_euclid(DAY))
    };
    let client = async || scene.world.client(&web_client()).await.2.text("client_id").to_owned();

    with(Unused::default()).await;
    let [one, other] = [client().await, client().await];
    give(&one, 100).await;
    scene.used(&other).await;
    assert_eq!((ends(&one).await, ends(&other).await), (None, None));
    scene.world.clock.advance(DAY);
    scene.used(&one).await;
    assert_eq!(ends(&one).await, None);
    with(short).await;
    scene.world.clock.advance(DAY);
    for id in [&one, &other] {
        scene.used(id).await;
    }
    assert_eq!((ends(&one).await, ends(&other).await), (Some(101), Some(4)));

    with(Preset::Open.policy().unused).await;
    let third = client().await;
    give(&third, 100).await;
    assert_eq!(ends(&third).await, Some(183), "it is used for longer than that");
    with(Unused::default()).await;
    scene.world.clock.advance(DAY);
    scene.used(&third).await;
    assert_eq!(ends(&third).await, None);
    with(short).await;
    scene.world.clock.advance(DAY);
    for action in ["retain", "release"] {
        let path = format!("/operator/1/clients/{third}/{action}");
        assert_eq!(scene.world.send_bare("POST", &path, Some(&operator)).await.status, 200);
    }
    assert_eq!(ends(&third).await, Some(183), "what it had, it keeps");
}

/// What an authorization server looks up is used: also where the client is older than the policy.
#[tokio::test]
async fn who_is_older_than_the_policy_gets_an_end_by_a_look_up() {
    let scene = Scene::new().await;
    let policy = |unused: Unused| Policy { unused, ..Preset::Open.policy() };
    scene.world.set_policy(1, policy(Unused::default())).await;
    let (_, _, registered) = scene.world.client(&web_client()).await;
    let id = registered.text("client_id");
    let path = format!("/1/client?client_id={id}");
    let known = async |token: &str| {
        assert_eq!(scene.world.send_bare("GET", &path, Some(token)).await.status, 200);
        let client = scene.client(id).await.unwrap();
        (client.used.is_some(), client.ends_at())
    };
    assert_eq!(known(&scene.token).await, (false, None));
    scene.world.set_policy(1, policy(Unused { never: None, since: Some(5 * DAY) })).await;
    let reader = scene.world.service_token(1, &[Permission::ClientRead]).await;
    assert_eq!(known(&reader).await, (false, None), "who only reads uses nothing");
    assert_eq!(known(&scene.token).await, (true, Some(NOW + 6 * DAY)));
    scene.pass(6 * DAY).await;
    assert!(scene.client(id).await.is_none());
}
