//! The operators' door: clients, policy, tokens, and what was refused and changed.

mod bulk;
mod grants;
mod lists;
mod policy;
mod refusals;
mod requests;
mod trial;

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{Approval, Policy, Preset};

use crate::support::{NOW, Reply, World, web_client};

/// An operator of service 1.
struct Operator {
    world: World,
    token: String,
}

impl Operator {
    async fn of(policy: Policy) -> Self {
        let world = World::empty().await;
        world.service(1, policy).await;
        let token = world.service_token(1, &Permission::ALL).await;
        Self { world, token }
    }

    async fn get(&self, path: &str) -> Reply {
        self.world.send_bare("GET", &format!("/operator/1/{path}"), Some(&self.token)).await
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.world.send_json(method, &format!("/operator/1/{path}"), Some(&self.token), body).await
    }

    async fn act(&self, client_id: &str, action: &str) -> Reply {
        self.world.send_bare("POST", &format!("/operator/1/clients/{client_id}/{action}"), Some(&self.token)).await
    }

    /// A client that has registered itself: its identifier.
    async fn registered(&self, name: &str) -> String {
        let body = json!({
            "client_name": name, "redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none",
        });
        self.world.clock.advance(1);
        self.world.register(1, None, &body).await.text("client_id").to_owned()
    }

    async fn listed(&self, query: &str) -> Vec<String> {
        let reply = self.get(&format!("clients?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        names(&reply)
    }
}

fn names(reply: &Reply) -> Vec<String> {
    reply.body["clients"]
        .as_array()
        .unwrap()
        .iter()
        .map(|client| client["client_name"].as_str().unwrap().to_owned())
        .collect()
}

fn assert_conflict(reply: &Reply, part: &str) {
    assert_eq!((reply.status, reply.text("error")), (409, "conflict"), "{reply:?}");
    assert!(reply.text("error_description").contains(part), "{reply:?}");
}

#[tokio::test]
async fn a_client_is_made_changed_locked_deleted_and_brought_back() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let created = operator.send("POST", "clients", &web_client()).await;
    assert_eq!(created.status, 201, "{created:?}");
    let id = created.text("client_id").to_owned();
    let uri = created.text("registration_client_uri").to_owned();
    assert!(uri.ends_with(&format!("/1/register/{id}")));
    let path = format!("/1/register/{id}");
    let token = created.text("registration_access_token").to_owned();
    assert_eq!(operator.world.send_bare("GET", &path, Some(&token)).await.status, 200);

    let read = operator.get(&format!("clients/{id}")).await;
    assert_eq!((read.status, &read.body["version"], &read.body["locked"]), (200, &json!(1), &json!(false)));
    assert_eq!((&read.body["source"], &read.body["client_type"]), (&json!("operator"), &json!("confidential")));
    for hidden in ["client_secret", "registration_access_token"] {
        assert_eq!(read.body.get(hidden), None, "{read:?}");
    }
    let by_number = operator.get(&format!("clients/{}", read.body["numeric_id"])).await;
    assert_eq!(by_number.body, read.body);

    let patched = operator.send("PATCH", &format!("clients/{id}"), &json!({"client_name": "New", "version": 1})).await;
    assert_eq!((patched.status, patched.text("client_name"), &patched.body["version"]), (200, "New", &json!(2)));
    let late = operator.send("PATCH", &format!("clients/{id}"), &json!({"client_name": "Late", "version": 1})).await;
    assert_conflict(&late, "changed since");
    let late = operator.send("POST", &format!("clients/{id}/lock"), &json!({"version": 1})).await;
    assert_conflict(&late, "changed since");

    let locked = operator.act(&id, "lock").await;
    assert_eq!((locked.status, &locked.body["locked"]), (200, &json!(true)));
    assert_eq!(operator.world.send_bare("GET", &path, Some(&token)).await.status, 403);
    assert_eq!(operator.act(&id, "unlock").await.body["locked"], json!(false));
    let approved = operator.act(&id, "approve").await;
    for action in ["approve", "unlock"] {
        let again = operator.act(&id, action).await;
        assert_eq!(
            (again.status, &again.body["version"]),
            (200, &approved.body["version"]),
            "{action}: it is so already"
        );
    }

    let rotated = operator.send("POST", &format!("clients/{id}/rotate-secret"), &json!({"overlap": 60})).await;
    assert_eq!(rotated.status, 200, "{rotated:?}");
    assert_ne!(rotated.text("client_secret"), created.text("client_secret"));
    assert_eq!(rotated.body["previous_secret_until"], json!(operator.world.clock.now() + 60));
    let reissued = operator.act(&id, "reissue-token").await;
    assert_eq!(reissued.text("registration_client_uri"), uri);
    assert_eq!(operator.world.send_bare("GET", &path, Some(&token)).await.status, 401, "the old one ends");
    let token = reissued.text("registration_access_token").to_owned();
    assert_eq!(operator.world.send_bare("GET", &path, Some(&token)).await.status, 200);

    let deleted = operator.world.send_bare("DELETE", &format!("/operator/1/clients/{id}"), Some(&operator.token)).await;
    assert_eq!(deleted.status, 204);
    assert_eq!(operator.get(&format!("clients/{id}")).await.status, 404);
    assert_eq!(operator.world.send_bare("GET", &path, Some(&token)).await.status, 401);
    let gone = operator.get(&format!("clients/{id}/history")).await.body["deleted"].clone();
    let restorable_until = operator.world.clock.now() + 30 * 24 * 60 * 60;
    assert_eq!(gone, json!({"client_name": "New", "restorable_until": restorable_until, "version": 6}));
    let restored = operator.act(&id, "restore").await;
    assert_eq!((restored.status, restored.text("client_name")), (200, "New"));
    assert_eq!(operator.get(&format!("clients/{id}/history")).await.body.get("deleted"), None);
    assert_eq!(operator.world.send_bare("GET", &path, Some(&token)).await.status, 200);
    assert_conflict(&operator.act(&id, "restore").await, "not deleted");

    let for_good = format!("/operator/1/clients/{id}?for_good=true");
    assert_eq!(operator.world.send_bare("DELETE", &for_good, Some(&operator.token)).await.status, 204);
    assert_conflict(&operator.act(&id, "restore").await, "for good");
    assert_eq!(operator.act("nobody", "restore").await.status, 404);

    operator.world.catch_up().await;
    let history = operator.get(&format!("clients/{id}/history?limit=3")).await;
    let entries = history.body["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 3, "newest first, be it gone");
    assert_eq!(history.body.get("deleted"), None, "nothing is left of it");
    assert_eq!((&entries[0]["events"], &entries[0]["door"]), (&json!(["deleted"]), &json!("operator")));
    let next = history.text("next");
    let further = operator.get(&format!("clients/{id}/history?cursor={next}&limit=100")).await;
    let further = further.body["entries"].as_array().unwrap();
    assert_eq!(further.last().unwrap()["events"], json!(["registered"]));
    assert!(further[0]["sequence"].as_str() < entries[2]["sequence"].as_str());
}

#[tokio::test]
async fn what_waits_is_approved_as_it_was_seen_or_denied() {
    let policy = Policy { approval: Approval::Required, ..Preset::Open.policy() };
    let operator = Operator::of(policy).await;
    let (one, other) = (operator.registered("One").await, operator.registered("Other").await);
    operator.world.catch_up().await;
    assert_eq!(operator.listed("pending=true").await, ["Other", "One"]);
    let approved = operator.send("POST", &format!("clients/{one}/approve"), &json!({"version": 1})).await;
    assert_eq!((approved.status, approved.body.get("pending_until")), (200, None), "{approved:?}");
    assert_conflict(&operator.act(&one, "deny").await, "does not wait");
    let stale = operator.send("POST", &format!("clients/{other}/deny"), &json!({"version": 7})).await;
    assert_conflict(&stale, "changed");
    assert_eq!(operator.act(&other, "deny").await.status, 204);
    assert_eq!(operator.listed("").await, ["One"]);
    operator.world.clock.advance(1);
    let back = operator.act(&other, "restore").await;
    assert!(back.status == 200 && back.body["pending_until"].is_u64(), "the wrong one was denied: {back:?}");
}

#[tokio::test]
async fn what_was_deleted_comes_back_as_the_version_that_it_was_or_it_is_said_why_not() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let client = format!("/operator/1/clients/{id}");
    let delete = async || {
        operator.world.clock.advance(1);
        operator.world.send_bare("DELETE", &client, Some(&operator.token)).await.status
    };
    let restore = async |body: &Value| operator.send("POST", &format!("clients/{id}/restore"), body).await;
    let bulk = async |preview: bool, version: u64| {
        let order =
            json!({"action": "restore", "preview": preview, "clients": [{"client_id": id, "version": version}]});
        let reply = operator.send("POST", "bulk", &order).await;
        reply.body["results"][0]["outcome"].as_str().unwrap_or_default().to_owned()
    };
    operator.act(&id, "retain").await;
    assert_eq!(delete().await, 204);
    let left = operator.get(&format!("clients/{id}/history")).await.body["deleted"].clone();
    assert_eq!(left["version"], json!(2), "{left}");
    for version in [1, 3, 4, 99] {
        assert_conflict(&restore(&json!({ "version": version })).await, "changed");
        assert_eq!((bulk(true, version).await, bulk(false, version).await), ("changed".into(), "changed".into()));
    }
    let back = restore(&json!({"version": 2})).await;
    assert_eq!((back.status, &back.body["version"]), (200, &json!(4)), "{back:?}");
    assert_eq!(delete().await, 204);
    assert_eq!((bulk(true, 4).await, bulk(false, 4).await), ("possible".into(), "done".into()));

    let locked = operator.act(&id, "lock").await.body["version"].clone();
    assert_eq!(delete().await, 204);
    assert_conflict(&restore(&json!({})).await, "locked when it was deleted");
    let unlock = operator.send("POST", &format!("clients/{id}/unlock"), &json!({ "version": locked })).await;
    assert_eq!(unlock.status, 404, "it is not that one any more: {unlock:?}");
    assert_eq!(operator.act(&id, "unlock").await.status, 204);
    assert_conflict(&restore(&json!({})).await, "deleted for good");
}

#[tokio::test]
async fn an_update_leaves_no_client_without_what_the_specifications_ask_of_it() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let client = format!("clients/{id}");
    for (patch, code, part) in [
        (json!({"redirect_uris": []}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"redirect_uris": null}), "invalid_redirect_uri", "redirect_uris"),
        (json!({"token_endpoint_auth_method": "private_key_jwt"}), "invalid_client_metadata", "jwks"),
    ] {
        let refused = operator.send("PATCH", &client, &patch).await;
        assert_eq!((refused.status, refused.text("error")), (400, code), "{patch}: {refused:?}");
        assert!(refused.text("error_description").contains(part), "{refused:?}");
    }
    assert_eq!(operator.get(&client).await.body["version"], json!(1));
    // Authlete's API makes clients step by step.
    let create = json!({"clientType": "CONFIDENTIAL", "grantTypes": ["AUTHORIZATION_CODE"], "responseTypes": ["CODE"]});
    let made = operator.world.send_json("POST", "/api/1/client/create", Some(&operator.token), &create).await;
    let begun = format!("clients/{}", made.body["clientId"]);
    let named = operator.send("PATCH", &begun, &json!({"client_name": "Begun"})).await;
    let warning = named.body["warnings"][0].as_str().unwrap_or_default();
    assert!(named.status == 200 && warning.contains("redirect_uris"), "{named:?}");
    let done = operator.send("PATCH", &begun, &json!({"redirect_uris": ["https://rp.example/cb"]})).await;
    assert_eq!((done.status, done.body.get("warnings")), (200, None), "{done:?}");
    assert_eq!(operator.send("PATCH", &begun, &json!({"redirect_uris": []})).await.status, 400, "it stays so");
}

#[tokio::test]
async fn what_is_approved_and_denied_at_once_becomes_one_of_both() {
    let policy = Policy { approval: Approval::Required, ..Preset::Open.policy() };
    let operator = Operator::of(policy).await;
    for round in 0..20 {
        let client = operator.registered(&format!("Client {round}")).await;
        let seen = json!({"version": 1});
        let (approve, deny) = (format!("clients/{client}/approve"), format!("clients/{client}/deny"));
        let (approved, denied) =
            tokio::join!(operator.send("POST", &approve, &seen), operator.send("POST", &deny, &seen));
        let both = approved.status == 200 && denied.status == 204;
        assert!(!both, "{approved:?} {denied:?}");
        assert!(approved.status == 200 || denied.status == 204, "{approved:?} {denied:?}");
    }
}

#[tokio::test]
async fn a_client_is_deleted_as_it_was_seen() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = operator.registered("One").await;
    let delete = async |query: &str| {
        let path = format!("/operator/1/clients/{client}?{query}");
        operator.world.send_bare("DELETE", &path, Some(&operator.token)).await
    };
    for query in ["version=2", "version=2&for_good=true"] {
        assert_conflict(&delete(query).await, "changed");
    }
    assert_eq!(delete("version=").await.status, 400);
    let body = operator.send("DELETE", &format!("clients/{client}"), &json!({"version": 1})).await;
    assert_eq!(body.status, 400, "a version in a body is not left unread: {body:?}");
    assert_eq!(delete("version=1").await.status, 204);
}

#[tokio::test]
async fn no_stranger_speaks_in_the_servers_place() {
    let custom = ["developer", "retained", "flags", "used", "software", "requestable_scopes", "tenant"];
    let custom_members = custom.map(str::to_owned).into();
    let operator = Operator::of(Policy { custom_members, ..Preset::Open.policy() }).await;
    let mut forged = web_client();
    for name in custom {
        forged[name] = json!("forged");
    }
    let client = operator.world.register(1, None, &forged).await.text("client_id").to_owned();
    let lookup = operator.world.send_bare("GET", &format!("/1/client?client_id={client}"), Some(&operator.token)).await;
    for seen in [operator.get(&format!("clients/{client}")).await, lookup] {
        assert_eq!((seen.status, seen.text("tenant")), (200, "forged"), "{seen:?}");
        for name in custom.iter().filter(|name| **name != "tenant") {
            assert_ne!(seen.body.get(*name), Some(&json!("forged")), "{name}");
        }
    }
    let mut policy = operator.get("policy").await.body;
    let tried = operator.send("POST", "policy/try", &json!({"policy": policy})).await;
    assert_eq!(tried.status, 200, "what is there already stays: {tried:?}");
    policy["custom_members"].as_array_mut().unwrap().push("locked".into());
    let tried = operator.send("POST", "policy/try", &json!({"policy": policy})).await;
    assert_eq!(tried.status, 400, "another such name is refused: {tried:?}");
}

#[tokio::test]
async fn an_overlap_is_bounded_as_the_policys() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = operator.send("POST", "clients", &web_client()).await.text("client_id").to_owned();
    let path = format!("clients/{client}/rotate-secret");
    for overlap in [31_536_001, u64::MAX] {
        let refused = operator.send("POST", &path, &json!({"overlap": overlap})).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.text("error_description").contains("overlap"), "{refused:?}");
    }
    assert_eq!(operator.send("POST", &path, &json!({"overlap": 31_536_000})).await.status, 200);
}

#[tokio::test]
async fn clients_are_listed_newest_first_and_found_by_what_they_are() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let mut ids = Vec::new();
    for number in 0..5 {
        ids.push(operator.registered(&format!("Client {number}")).await);
    }
    let mut body = web_client();
    body["client_name"] = json!("Bank");
    body["software_id"] = json!("bank-1");
    body["redirect_uris"] = json!(["https://bank.example/cb"]);
    operator.world.clock.advance(1);
    operator.world.register(1, None, &body).await;
    operator.act(&ids[0], "lock").await;
    operator.world.catch_up().await;

    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let page = operator.get(&format!("clients?{query}")).await;
        assert!(names(&page).len() <= 2);
        seen.extend(names(&page));
        let Some(next) = page.body.get("next").and_then(Value::as_str) else { break };
        query = format!("limit=2&cursor={next}");
    }
    assert_eq!(seen, ["Bank", "Client 4", "Client 3", "Client 2", "Client 1", "Client 0"]);
    for (query, expected) in [
        ("name=bank", &["Bank"][..]),
        ("name=client%203", &["Client 3"]),
        ("software_id=bank-1", &["Bank"]),
        ("redirect_host=BANK.example", &["Bank"]),
        ("client_type=confidential", &["Bank"]),
        ("locked=true", &["Client 0"]),
        ("source=stet", &[]),
        ("source=oauth&locked=true&client_type=public", &["Client 0"]),
        ("pending=true", &[]),
        ("unused=100000", &[]),
        ("ending=2591999", &["Client 1", "Client 2", "Client 3", "Client 4"]),
        ("ending=2591990", &[]),
        ("flagged=true", &[]),
    ] {
        assert_eq!(operator.listed(query).await, expected, "{query}");
    }
    assert_eq!(operator.listed(&format!("client_id={}", ids[2])).await, ["Client 2"]);
    assert_eq!(operator.listed("client_id=nobody").await, Vec::<String>::new());
    for (query, part) in [
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("cursor=x", "cursor"),
        ("cursor=1790000000000%23%00", "cursor"),
        ("source=paper", "source"),
        ("locked=maybe", "locked"),
        ("locked=true&locked=true", "locked"),
        ("order=name", "order"),
        ("unused=-1", "unused"),
        ("ending=soon", "ending"),
    ] {
        let refused = operator.get(&format!("clients?{query}")).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{query}: {refused:?}");
        assert!(refused.text("error_description").contains(part), "{query}: {refused:?}");
    }
}

#[tokio::test]
async fn tokens_are_made_with_what_their_maker_has_and_end_at_once() {
    let operator = Operator::of(Preset::Protected.policy()).await;
    let made = operator.send("POST", "tokens", &json!({"kind": "service", "permissions": ["client.read"]})).await;
    assert_eq!(made.status, 201, "{made:?}");
    let value = made.text("value").to_owned();
    let list = async |token: &str| operator.world.send_bare("GET", "/operator/1/clients", Some(token)).await.status;
    assert_eq!(list(&value).await, 200);
    assert_eq!(operator.world.send_bare("GET", "/operator/1/policy", Some(&value)).await.status, 403);

    let once = json!({"kind": "initial_access", "uses": 1, "expires_in": 100});
    let once = operator.send("POST", "tokens", &once).await;
    assert_eq!(once.body["expires_at"], json!(NOW + 100), "{once:?}");
    assert_eq!(operator.world.register(1, Some(once.text("value")), &web_client()).await.status, 201);
    assert_eq!(operator.world.register(1, Some(once.text("value")), &web_client()).await.status, 401);

    let listed = operator.get("tokens").await;
    let listed = listed.body["tokens"].as_array().unwrap();
    assert_eq!(listed.len(), 3, "{listed:?}");
    assert!(listed.iter().all(|token| token.get("value").is_none()));
    let own = operator.world.send_bare("GET", "/operator/whoami", Some(&operator.token)).await.body["token"].clone();
    for token in listed {
        let maker = (token["token"] != own).then_some(&own);
        assert_eq!(token.get("made_by"), maker, "who has made it is told, but of the one from the table: {token}");
    }
    assert_eq!((&made.body["made_by"], &once.body["made_by"]), (&own, &own));
    let revoke = async |id: &str| {
        let path = format!("/operator/1/tokens/{id}");
        operator.world.send_bare("DELETE", &path, Some(&operator.token)).await.status
    };
    assert_eq!(revoke(made.text("token")).await, 204);
    assert_eq!(list(&value).await, 401);
    assert_eq!(revoke(made.text("token")).await, 404, "it is gone");
    assert_eq!(operator.get("tokens").await.body["tokens"].as_array().unwrap().len(), 2);

    let brief = json!({"kind": "service", "permissions": ["service.write"], "expires_in": 50});
    let brief = operator.send("POST", "tokens", &brief).await;
    for asked in [json!({}), json!({"expires_in": 1000})] {
        let mut asked = asked;
        asked["kind"] = json!("service");
        asked["permissions"] = json!(["service.write"]);
        let value = Some(brief.text("value"));
        let child = operator.world.send_json("POST", "/operator/1/tokens", value, &asked).await;
        assert_eq!(child.body["expires_at"], json!(NOW + 50), "nothing outlasts its maker: {child:?}");
        assert_eq!(child.body["made_by"], brief.body["token"], "not by who has made that one: {child:?}");
    }

    let writer = operator.world.service_token(1, &[Permission::ServiceWrite]).await;
    let more = json!({"kind": "service", "permissions": ["client.write"]});
    let refused = operator.world.send_json("POST", "/operator/1/tokens", Some(&writer), &more).await;
    assert_eq!((refused.status, refused.text("error")), (403, "insufficient_scope"));
    for body in [
        json!({"kind": "organization"}),
        json!({"kind": "service"}),
        json!({"kind": "service", "permissions": ["all"]}),
        json!({"kind": "service", "permissions": ["client.read"], "uses": 1}),
        json!({"kind": "initial_access", "uses": 0}),
        json!({"kind": "initial_access", "expires_in": 0}),
        json!({"kind": "initial_access", "permissions": ["client.read"]}),
        json!({"kind": "initial_access", "made_by": own}),
        json!({"kind": "initial_access", "made_by": null}),
    ] {
        let refused = operator.send("POST", "tokens", &body).await;
        assert_eq!(refused.status, 400, "{body}: {refused:?}");
    }
    operator.world.catch_up().await;
    let audit = operator.get("audit?limit=100").await;
    let ended = audit.body["entries"].as_array().unwrap().iter().find(|entry| entry["events"] == json!(["deleted"]));
    let ended = ended.unwrap();
    assert_eq!((&ended["token"], &ended["door"]), (&made.body["token"], &json!("operator")));
    assert!(ended["actor"].is_string(), "who ended it is known");
}

#[tokio::test]
async fn a_token_does_what_its_permissions_say_and_learns_nothing_of_other_services() {
    let operator = Operator::of(Preset::Open.policy()).await;
    operator.world.service(2, Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let (client, lock) = (format!("clients/{id}"), format!("clients/{id}/lock"));
    let requests = [
        ("GET", "clients", [1, 1, 1, 0, 0]),
        ("POST", "clients", [0, 1, 0, 0, 0]),
        ("GET", client.as_str(), [1, 1, 1, 0, 0]),
        ("PATCH", client.as_str(), [0, 1, 0, 0, 0]),
        ("DELETE", "clients/x", [0, 1, 0, 0, 0]),
        ("POST", lock.as_str(), [0, 1, 0, 0, 0]),
        ("POST", "bulk", [0, 1, 0, 0, 0]),
        ("GET", "grants?client=a", [1, 1, 1, 0, 0]),
        ("DELETE", "grants?client=a", [0, 1, 1, 0, 0]),
        ("GET", "federation", [1, 1, 1, 0, 0]),
        ("GET", "federation?entity_id=https://rp.example", [0, 0, 1, 0, 0]),
        ("GET", "policy", [0, 0, 0, 1, 1]),
        ("PUT", "policy", [0, 0, 0, 0, 1]),
        ("POST", "policy/try", [0, 0, 0, 1, 1]),
        ("GET", "tokens", [0, 0, 0, 1, 1]),
        ("POST", "tokens", [0, 0, 0, 0, 1]),
        ("DELETE", "tokens/x", [0, 0, 0, 0, 1]),
        ("GET", "counts", [1, 1, 1, 0, 0]),
        ("GET", "refusals", [1, 1, 1, 0, 0]),
        ("GET", "audit", [0, 0, 0, 1, 1]),
    ];
    let permissions = [
        Permission::ClientRead,
        Permission::ClientWrite,
        Permission::UseService,
        Permission::ServiceRead,
        Permission::ServiceWrite,
    ];
    let other = operator.world.service_token(2, &Permission::ALL).await;
    for (column, permission) in permissions.into_iter().enumerate() {
        let token = operator.world.service_token(1, &[permission]).await;
        for (method, path, may) in &requests {
            let path = format!("/operator/1/{path}");
            let send = async |token: &str| match *method {
                "GET" | "DELETE" => operator.world.send_bare(method, &path, Some(token)).await,
                _ => operator.world.send_json(method, &path, Some(token), &json!({"unknown": true})).await,
            };
            let reply = send(&token).await;
            assert_eq!(reply.status != 403, may[column] == 1, "{permission:?} {method} {path}: {reply:?}");
            let challenge = reply.header("www-authenticate");
            if reply.status == 403 {
                // RFC 6750 §3: what a token needs.
                let needed = challenge.strip_prefix("Bearer error=\"insufficient_scope\", scope=\"");
                let needed = needed.and_then(|scope| Permission::parse(scope.strip_suffix('"')?)).unwrap();
                let position = permissions.iter().position(|known| *known == needed).unwrap();
                assert_eq!(may[position], 1, "{method} {path}: {challenge}");
                for (permission, may) in permissions.iter().zip(may) {
                    let is_named = reply.text("error_description").contains(permission.as_str());
                    assert_eq!(is_named, *may == 1, "{method} {path}: {reply:?}");
                }
            }
            let foreign = send(&other).await;
            assert_eq!((foreign.status, foreign.text("error")), (403, "insufficient_scope"), "{method} {path}");
            assert_eq!(foreign.header("www-authenticate"), "Bearer error=\"insufficient_scope\"", "{method} {path}");
            assert_eq!(operator.world.send_bare(method, &path, None).await.status, 401);
        }
        operator.world.clock.advance(60);
    }
    let who = operator.world.send_bare("GET", "/operator/whoami", Some(&other)).await;
    assert_eq!(who.body["services"][0]["service_id"], 2, "{who:?}");
    assert_eq!(who.body["kind"], "service");
    for path in ["clients/a%3Fb", "clients/..", "clients/a%2523"] {
        assert!(operator.get(path).await.status >= 400, "{path}");
    }
}

#[tokio::test]
async fn what_users_have_let_clients_have_is_shown_and_ended() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let call = async |path: &str, body: &Value| {
        let reply = operator.world.send_json("POST", &format!("/api/1{path}"), Some(&operator.token), body).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        reply.body
    };
    let client = json!({
        "clientName": "Shop", "clientType": "CONFIDENTIAL", "redirectUris": ["https://rp.example/cb"],
        "responseTypes": ["CODE"], "grantTypes": ["AUTHORIZATION_CODE", "REFRESH_TOKEN"],
    });
    let client = call("/client/create", &client).await["clientId"].clone();
    let mut tokens = Vec::new();
    for subject in ["john", "su b/1"] {
        let body =
            json!({"grantType": "AUTHORIZATION_CODE", "clientId": client, "subject": subject, "scopes": ["email"]});
        tokens.push(call("/auth/token/create", &body).await["accessToken"].clone());
    }
    let works = async |token: &Value| call("/auth/introspection", &json!({ "token": token })).await["action"] == "OK";
    let of_client = operator.get(&format!("grants?client={client}")).await;
    let grants = of_client.body["grants"].as_array().unwrap();
    assert_eq!(grants.len(), 2, "{of_client:?}");
    assert!(
        grants
            .iter()
            .all(|grant| grant["client_name"] == "Shop" && grant["authorizations"][0]["scopes"] == json!(["email"]))
    );
    assert!(tokens.iter().all(|token| !of_client.body.to_string().contains(token.as_str().unwrap())));
    let one = operator.get(&format!("grants?client={client}&limit=1")).await;
    assert!(one.body["grants"].as_array().unwrap().len() == 1 && one.body["next"].is_string(), "{one:?}");
    let of_user = operator.get("grants?subject=su%20b%2F1").await;
    assert_eq!(of_user.body["grants"][0]["subject"], "su b/1", "{of_user:?}");
    let end = async |query: &str| {
        let path = format!("/operator/1/grants?{query}");
        operator.world.send_bare("DELETE", &path, Some(&operator.token)).await.body
    };
    for empty in [format!("client={client}&subject="), "client=&subject=john".to_owned()] {
        let path = format!("/operator/1/grants?{empty}");
        let refused = operator.world.send_bare("DELETE", &path, Some(&operator.token)).await;
        assert_eq!(refused.status, 400, "{empty}");
    }
    let path = "/operator/1/grants?client=nosuch";
    let misspelt = operator.world.send_bare("DELETE", path, Some(&operator.token)).await;
    assert_eq!((misspelt.status, misspelt.text("error")), (404, "not_found"), "nothing has ended: {misspelt:?}");
    for query in ["client=nosuch", "client=nosuch&subject=john"] {
        let misspelt = operator.get(&format!("grants?{query}")).await;
        assert_eq!((misspelt.status, misspelt.text("error")), (404, "not_found"), "{query}: {misspelt:?}");
    }
    assert_eq!(operator.get(&format!("grants?client={client}&subject=nobody")).await.body, json!({"grants": []}));
    for body in ["{}", "{\"subject\": \"john\"}"] {
        let refused =
            operator.send("DELETE", &format!("grants?client={client}"), &serde_json::from_str(body).unwrap()).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{refused:?}");
        assert!(refused.text("error_description").contains("no body"), "{refused:?}");
    }
    assert_eq!(end("subject=john").await, json!({"ended": 1}));
    assert_eq!((works(&tokens[0]).await, works(&tokens[1]).await), (false, true));
    operator.world.clock.advance(1);
    assert_eq!(end(&format!("client={client}")).await, json!({"ended": 1}));
    assert!(!works(&tokens[1]).await);
    assert_eq!(operator.get("grants").await.status, 400);
}
