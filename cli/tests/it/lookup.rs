//! Authorization servers look their clients up, and say which are used.

use serde_json::{Value, json};
use shared::administration::{Draft, lock};
use shared::caller::Permission;
use shared::metadata::ClientMetadata;
use shared::policy::{Policy, Preset, Unused};

use crate::fault_proxy::{Fault, FaultProxy};
use crate::requests::assert_documented;
use crate::support::{Reply, World, web_client};

/// An authorization server of service 1.
pub(crate) struct Asker<'w> {
    pub(crate) world: &'w World,
    pub(crate) token: String,
}

impl<'w> Asker<'w> {
    pub(crate) async fn of(world: &'w World) -> Self {
        Self { world, token: world.service_token(1, &[Permission::UseService]).await }
    }

    pub(crate) async fn ask(&self, client_id: &str) -> Reply {
        self.ask_with(client_id, &[]).await
    }

    pub(crate) async fn ask_with(&self, client_id: &str, more: &[(&str, &str)]) -> Reply {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_id", client_id)
            .extend_pairs(more)
            .finish();
        self.world.send_bare("GET", &format!("/1/client?{query}"), Some(&self.token)).await
    }

    pub(crate) async fn used(&self, client_ids: &[&str]) -> Reply {
        self.world.send_json("POST", "/1/client/used", Some(&self.token), &json!({"client_ids": client_ids})).await
    }
}

/// The one answer for a client that there is not.
pub(crate) fn assert_unknown(reply: &Reply) {
    let body = json!({"error": "not_found", "error_description": "there is no such client"});
    assert_eq!((reply.status, &reply.body), (404, &body), "{reply:?}");
    assert_eq!(reply.header("cache-control"), "no-store");
}

async fn set_locked(world: &World, client_id: &str, locked: bool) {
    let service = world.app.service(1).await.unwrap();
    let context = world.context(&service);
    let client = world.app.store.client(1, service.numeric_id(client_id)).await.unwrap().unwrap();
    lock(&context, client, locked).await.unwrap();
}

#[tokio::test]
async fn a_client_is_answered_in_the_names_of_rfc_7591_without_its_management_token() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let (_, _, registered) = world.client(&web_client()).await;
    let reply = asker.ask(registered.text("client_id")).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let mut expected = registered.body.clone();
    let members = expected.as_object_mut().unwrap();
    for name in ["registration_access_token", "registration_client_uri"] {
        assert!(members.remove(name).is_some());
    }
    members.insert("source".to_owned(), "oauth".into());
    members.insert("locked".to_owned(), false.into());
    members.insert("issued_at".to_owned(), members["client_id_issued_at"].clone());
    assert_eq!(reply.body, expected);
    assert_eq!(reply.header("cache-control"), "private, max-age=60");
    assert_eq!(reply.headers.get("access-control-allow-origin"), None, "no page in a browser asks");
}

#[tokio::test]
async fn a_secret_is_shown_to_those_who_may_see_it() {
    let world = World::open().await;
    let (_, _, registered) = world.client(&web_client()).await;
    let (id, secret) = (registered.text("client_id"), &registered.body["client_secret"]);
    assert!(secret.is_string());
    for (permission, sees) in
        [(Permission::UseService, true), (Permission::ClientWrite, true), (Permission::ClientRead, false)]
    {
        let token = world.service_token(1, &[permission]).await;
        let reply = Asker { world: &world, token }.ask(id).await;
        assert_eq!((reply.status, reply.body.get("client_secret")), (200, sees.then_some(secret)), "{permission:?}");
    }
    for permission in [Permission::ServiceRead, Permission::ServiceWrite] {
        let token = world.service_token(1, &[permission]).await;
        let reply = Asker { world: &world, token }.ask(id).await;
        assert_eq!((reply.status, reply.text("error")), (403, "insufficient_scope"));
    }
}

#[tokio::test]
async fn a_token_learns_nothing_of_other_services() {
    let world = World::open().await;
    world.service(2, Preset::Open.policy()).await;
    let token = world.service_token(2, &Permission::ALL).await;
    let (_, _, registered) = world.client(&web_client()).await;
    let asker = Asker { world: &world, token };
    let refused = asker.ask(registered.text("client_id")).await;
    let unknown = world.send_bare("GET", "/77/client?client_id=a", Some(&asker.token)).await;
    assert_eq!((refused.status, refused.text("error")), (403, "insufficient_scope"));
    assert_eq!((unknown.status, &unknown.body), (403, &refused.body));
    for (token, header) in [(None, "Bearer"), (Some("svc_unknown"), "Bearer error=\"invalid_token\"")] {
        let reply = world.send_bare("GET", "/1/client?client_id=a", token).await;
        assert_eq!((reply.status, reply.header("www-authenticate")), (401, header));
    }
}

#[tokio::test]
async fn unknown_ended_and_deleted_clients_have_one_answer() {
    let world = World::open().await;
    world.set_policy(1, Policy { client_lifetime: Some(100), ..Preset::Open.policy() }).await;
    let asker = Asker::of(&world).await;
    assert_unknown(&asker.ask("nobody").await);
    assert_unknown(&asker.ask("4711").await);
    assert_unknown(&asker.ask("https://rp.example/client").await);
    let (path, token, deleted) = world.client(&web_client()).await;
    let (_, _, ended) = world.client(&web_client()).await;
    let reply = asker.ask(ended.text("client_id")).await;
    assert_eq!(reply.body["expires_at"], reply.body["issued_at"].as_u64().unwrap() + 100);
    assert_eq!(world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    assert_unknown(&asker.ask(deleted.text("client_id")).await);
    world.clock.advance(90);
    assert_eq!(asker.ask(ended.text("client_id")).await.header("cache-control"), "private, max-age=10");
    world.clock.advance(10);
    assert_unknown(&asker.ask(ended.text("client_id")).await);
}

#[tokio::test]
async fn a_locked_client_is_shown_as_locked_or_refused() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let (_, _, registered) = world.client(&web_client()).await;
    let id = registered.text("client_id");
    let before = asker.ask(id).await;
    set_locked(&world, id, true).await;
    let locked = asker.ask(id).await;
    assert_eq!((locked.status, &locked.body["locked"]), (200, &json!(true)));
    assert_ne!(locked.header("etag"), before.header("etag"));
    world.set_policy(1, Policy { lookup_refuses_locked: true, ..Preset::Open.policy() }).await;
    let refused = asker.ask(id).await;
    assert_eq!((refused.status, refused.text("error")), (403, "access_denied"));
    set_locked(&world, id, false).await;
    assert_eq!(asker.ask(id).await.status, 200);
}

#[tokio::test]
async fn numbers_and_aliases_lead_to_the_client() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let service = world.app.service(1).await.unwrap();
    let context = world.context(&service);
    let Value::Object(members) = web_client() else { panic!("an object") };
    let mut draft = Draft { metadata: ClientMetadata::from_members(members).unwrap(), ..blank() };
    draft.settings.alias = Some("https://rp.example/alias?a=1#b".to_owned());
    let created = shared::administration::create(&context, draft).await.unwrap();
    let number = created.client.numeric_id.to_string();
    for name in [created.client.client_id.as_str(), &number, "https://rp.example/alias?a=1#b"] {
        let reply = asker.ask(name).await;
        assert_eq!((reply.status, reply.text("client_id")), (200, number.as_str()), "{name}");
    }
}

fn blank() -> Draft {
    Draft {
        metadata: ClientMetadata::default(),
        client_type: None,
        settings: shared::client::OperatorSettings::default(),
    }
}

#[tokio::test]
pub(crate) async fn an_unchanged_client_is_not_sent_again() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let (path, token, registered) = world.client(&web_client()).await;
    let id = registered.text("client_id");
    let etag = asker.ask(id).await.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.ends_with('"') && etag.len() > 10, "{etag}");
    let authorization = format!("Bearer {}", asker.token);
    let conditional = async |known: &str| {
        let headers = [("authorization", authorization.as_str()), ("if-none-match", known)];
        world.send("GET", &format!("/1/client?client_id={id}"), &headers, "").await
    };
    for known in [etag.clone(), format!("W/{etag}"), format!("\"other\", {etag}"), "*".to_owned()] {
        let reply = conditional(&known).await;
        assert_eq!((reply.status, &reply.body), (304, &Value::Null), "{known}");
        assert_eq!((reply.header("etag"), reply.header("cache-control")), (etag.as_str(), "private, max-age=60"));
    }
    assert_eq!(conditional("\"other\"").await.status, 200);
    let mut update = crate::support::as_update(&registered.body);
    update["client_name"] = "Renamed".into();
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    assert_eq!(conditional(&etag).await.status, 200);
    world.set_policy(1, Policy { lookup_max_age: 0, ..Preset::Open.policy() }).await;
    assert_eq!(asker.ask(id).await.header("cache-control"), "private, max-age=0");
}

#[tokio::test]
async fn rfc_8252_s7_3_a_redirect_uri_is_compared_where_it_is_asked_for() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let uris = json!(["http://127.0.0.1/callback", "https://rp.example/cb"]);
    let client = json!({"redirect_uris": uris, "token_endpoint_auth_method": "none"});
    let (_, _, registered) = world.client(&client).await;
    let id = registered.text("client_id");
    for uri in ["http://127.0.0.1:40001/callback", "http://127.0.0.1/callback", "https://rp.example/cb"] {
        assert_eq!(asker.ask_with(id, &[("redirect_uri", uri)]).await.status, 200, "{uri}");
    }
    for uri in ["http://localhost:40001/callback", "http://127.0.0.1:40001/callback/", "https://rp.example:8443/cb"] {
        let reply = asker.ask_with(id, &[("redirect_uri", uri)]).await;
        assert_eq!(
            (reply.status, reply.text("error"), reply.text("outcome")),
            (400, "invalid_request", "redirect_mismatch")
        );
        let said = reply.text("error_description");
        assert!(said.contains(uri) && said.contains("none of the 2"), "{said}");
    }
}

#[tokio::test]
async fn a_question_that_is_none_is_refused() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    for (query, said) in [
        ("", "client_id is required"),
        ("client_id=", "client_id is required"),
        ("client_id=a&client_id=b", "client_id appears twice"),
        ("client_id=a&kept=yes", "kept is not true or false"),
        ("client_id=a&redirect_uri=b&redirect_uri=c", "redirect_uri appears twice"),
    ] {
        let reply = world.send_bare("GET", &format!("/1/client?{query}"), Some(&asker.token)).await;
        assert_eq!((reply.status, reply.text("error")), (400, "invalid_request"), "{query}");
        assert_eq!(reply.text("error_description"), said);
    }
    let reply = world.send_bare("POST", "/1/client?client_id=a", Some(&asker.token)).await;
    assert_eq!((reply.status, reply.header("allow")), (405, "GET"));
}

#[tokio::test]
async fn a_look_up_is_one_read_of_the_table() {
    let world = World::open().await;
    let (_, _, registered) = world.client(&web_client()).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let asker = Asker { world: &near, token };
    let _ = proxy.requests();
    let known = "look-up of a client, known or not";
    let used = "look-up of a client, known or not that counts as use (`lookup_is_use`, `unused`)";
    for (noted, access) in [(&["UpdateItem C"][..], used), (&[], known)] {
        assert_eq!(asker.ask(registered.text("client_id")).await.status, 200);
        let requests = proxy.requests();
        assert_eq!(requests, [&["BatchGetItem C T U"], noted].concat(), "its use is noted once a day");
        assert_documented(access, &requests);
    }
    assert_unknown(&asker.ask("nobody").await);
    assert_eq!(proxy.requests(), ["BatchGetItem C T U"]);
    proxy.inject("BatchGetItem C T U", Fault::Exception(400, "ThrottlingException"));
    assert_eq!(asker.ask(registered.text("client_id")).await.status, 200);
    proxy.inject_always("BatchGetItem C T U", Fault::Exception(400, "ThrottlingException"));
    let reply = asker.ask(registered.text("client_id")).await;
    assert_eq!((reply.status, reply.text("error"), reply.header("retry-after")), (503, "temporarily_unavailable", "1"));
}

#[tokio::test]
async fn a_use_is_written_once_a_day() {
    let world = World::open().await;
    let ids: Vec<String> = {
        let mut ids = Vec::new();
        for _ in 0..3 {
            ids.push(world.client(&web_client()).await.2.text("client_id").to_owned());
        }
        ids
    };
    let token = world.service_token(1, &[Permission::UseService]).await;
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let asker = Asker { world: &near, token };
    let named: Vec<&str> = ids.iter().map(String::as_str).chain(["nobody", "https://rp.example/c"]).collect();
    let _ = proxy.requests();
    let reply = asker.used(&named).await;
    assert_eq!((reply.status, &reply.body), (200, &json!({"unknown": ["nobody", "https://rp.example/c"]})));
    let writes = |requests: Vec<String>| requests.iter().filter(|request| request.starts_with("UpdateItem C")).count();
    assert_eq!(writes(proxy.requests()), 3);
    assert_eq!(asker.used(&named).await.status, 200);
    let requests = proxy.requests();
    assert_documented("clients that were used, up to 100", &requests);
    assert_eq!(writes(requests), 0, "today is known");
    near.clock.advance(24 * 60 * 60);
    assert_eq!(asker.used(&[&ids[0], &ids[0]]).await.status, 200);
    assert_eq!(writes(proxy.requests()), 1);
    let service = near.app.service(1).await.unwrap();
    let used = async |id: &str| near.app.store.client(1, service.numeric_id(id)).await.unwrap().unwrap().used;
    assert_eq!(used(&ids[0]).await.as_deref(), Some("2026-09-22"));
    assert_eq!(used(&ids[1]).await.as_deref(), Some("2026-09-21"));
}

#[tokio::test]
async fn an_identifier_is_noted_whatever_is_named_beside_it() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let service = world.app.service(1).await.unwrap();
    for is_first in [true, false] {
        let (_, _, registered) = world.client(&web_client()).await;
        let id = registered.text("client_id");
        let number = service.numeric_id(id).to_string();
        let named = if is_first { [id, &number, "nobody"] } else { [&number, "nobody", id] };
        let reply = asker.used(&named).await;
        assert_eq!((reply.status, &reply.body), (200, &json!({"unknown": [number, "nobody"]})), "{named:?}");
        let client = world.app.store.client(1, service.numeric_id(id)).await.unwrap().unwrap();
        assert_eq!(client.used.as_deref(), Some("2026-09-21"), "{named:?}");
    }
}

#[tokio::test]
async fn the_last_use_outlives_an_update() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let (path, token, registered) = world.client(&web_client()).await;
    let id = registered.text("client_id");
    asker.used(&[id]).await;
    let update = crate::support::as_update(&registered.body);
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    let service = world.app.service(1).await.unwrap();
    let client = world.app.store.client(1, service.numeric_id(id)).await.unwrap().unwrap();
    assert_eq!(client.used.as_deref(), Some("2026-09-21"));
    assert_eq!(world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    assert_eq!(asker.used(&[id]).await.body, json!({"unknown": [id]}));
}

#[tokio::test]
async fn a_look_up_counts_as_use_where_the_policy_says_so() {
    let world = World::open().await;
    world.set_policy(1, Policy { unused: Unused::default(), ..Preset::Open.policy() }).await;
    let asker = Asker::of(&world).await;
    let (_, _, registered) = world.client(&web_client()).await;
    let id = registered.text("client_id");
    let service = world.app.service(1).await.unwrap();
    let used = async || world.app.store.client(1, service.numeric_id(id)).await.unwrap().unwrap().used;
    asker.ask(id).await;
    assert_eq!(used().await, None);
    world.set_policy(1, Policy { lookup_is_use: true, unused: Unused::default(), ..Preset::Open.policy() }).await;
    let reader = world.service_token(1, &[Permission::ClientRead]).await;
    assert_eq!(Asker { world: &world, token: reader }.ask(id).await.status, 200);
    assert_eq!(used().await, None, "who only reads uses nothing");
    asker.ask(id).await;
    assert_eq!(used().await.as_deref(), Some("2026-09-21"));
}

#[tokio::test]
async fn what_is_said_of_uses_is_checked() {
    let world = World::open().await;
    let asker = Asker::of(&world).await;
    let many: Vec<String> = (0..101).map(|number| number.to_string()).collect();
    for (body, said) in [
        (json!({}), "client_ids is required"),
        (json!({"client_ids": "a"}), "client_ids must be an array of strings"),
        (json!({"client_ids": [1]}), "client_ids must be an array of strings"),
        (json!({"client_ids": []}), "client_ids must not be empty"),
        (json!({"client_ids": many}), "client_ids is longer than 100 values"),
        (json!([]), "the body must be a JSON object"),
    ] {
        let reply = world.send_json("POST", "/1/client/used", Some(&asker.token), &body).await;
        assert_eq!(
            (reply.status, reply.text("error"), reply.text("error_description")),
            (400, "invalid_request", said)
        );
    }
    let hundred: Vec<&str> = many.iter().skip(1).map(String::as_str).collect();
    assert_eq!(asker.used(&hundred).await.status, 200);
    let reader = world.service_token(1, &[Permission::ClientRead]).await;
    assert_eq!(Asker { world: &world, token: reader }.used(&["a"]).await.status, 403);
}
