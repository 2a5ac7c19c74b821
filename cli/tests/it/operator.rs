//! The operators' door: clients, policy, tokens, and what was refused and changed.

mod grants;
mod lists;
mod requests;

use std::net::SocketAddr;

use registrar::gateway::Client;
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{Approval, Policy, Preset};
use shared::time::day_of;

use crate::fault_proxy::FaultProxy;
use crate::support::{NOW, Reply, World, table, web_client};

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
    assert_eq!((&read.body["source"], &read.body["client_type"]), (&json!("oauth"), &json!("confidential")));
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
    assert_eq!(gone, json!({"client_name": "New", "restorable_until": restorable_until}));
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
async fn a_preview_says_what_the_action_does() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let (plain, locked) = (operator.registered("Plain").await, operator.registered("Locked").await);
    operator.act(&locked, "lock").await;
    for client in [&plain, &locked] {
        let path = format!("/operator/1/clients/{client}");
        assert_eq!(operator.world.send_bare("DELETE", &path, Some(&operator.token)).await.status, 204);
    }
    for action in ["restore", "unlock"] {
        for client in ["nobody", &locked, &plain] {
            let order =
                |preview: bool| json!({"action": action, "preview": preview, "clients": [{"client_id": client}]});
            let seen = operator.send("POST", "bulk", &order(true)).await.body["results"][0]["outcome"].clone();
            let done = operator.send("POST", "bulk", &order(false)).await.body["results"][0]["outcome"].clone();
            assert_eq!(seen == "possible", done == "done", "{action} {client}: {seen}, {done}");
            assert!(seen == "possible" || seen == done, "{action} {client}: {seen}, {done}");
        }
    }
}

#[tokio::test]
async fn whoever_is_named_twice_counts_once() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let other = operator.registered("Other").await;
    // Its identifier is its number.
    let body = json!({"clientName": "Shop", "clientType": "PUBLIC", "redirectUris": ["https://rp.example/cb"],
        "clientIdAlias": "shop", "clientIdAliasEnabled": true});
    let made = operator.world.send_json("POST", "/api/1/client/create", Some(&operator.token), &body).await;
    let number = made.body["clientId"].to_string();
    assert_eq!(operator.get("clients/shop").await.body["client_id"], json!(number), "{made:?}");
    let again = |first: &str| {
        let names = [first, "shop", &number, first, "shop", &other, "nobody", &other, "nobody"];
        let one = |(index, name): (usize, &&str)| json!({"client_id": name, "version": if index == 0 { 2 } else { 1 }});
        names.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let outcomes = async |action: &str, preview: bool, first: &str| -> Vec<(String, String)> {
        let order = json!({"action": action, "preview": preview, "clients": again(first)});
        let reply = operator.send("POST", "bulk", &order).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let text = |result: &Value, name: &str| result[name].as_str().unwrap().to_owned();
        let results = reply.body["results"].as_array().unwrap().iter();
        results.map(|result| (text(result, "client_id"), text(result, "outcome"))).collect()
    };
    let expected = |first: &str, outcome: &str| {
        [(first, outcome), (&other, outcome), ("nobody", "absent")]
            .map(|(name, told)| (name.to_owned(), told.to_owned()))
    };
    // The version that stands first is the one that is meant.
    for first in [number.as_str(), "shop"] {
        let changed = outcomes("lock", true, first).await;
        assert_eq!((changed.len(), changed[0].1.as_str()), (3, "changed"), "{changed:?}");
    }
    operator.act("shop", "lock").await;
    for first in [number.as_str(), "shop"] {
        assert_eq!(outcomes("delete", true, first).await, expected(first, "possible"));
    }
    assert_eq!(outcomes("delete", false, "shop").await, expected("shop", "done"));

    // What is deleted is found by its identifier and by its number.
    let its_number = operator.world.app.service(1).await.unwrap().numeric_id(&other).to_string();
    let restore = async |preview: bool, names: [&str; 2]| {
        let clients = names.map(|name| json!({"client_id": name}));
        let order = json!({"action": "restore", "preview": preview, "clients": clients});
        operator.send("POST", "bulk", &order).await.body["results"].clone()
    };
    for (preview, told) in [(true, "possible"), (false, "done")] {
        let one = restore(preview, [&its_number, &other]).await;
        assert_eq!((one.as_array().unwrap().len(), &one[0]["outcome"]), (1, &json!(told)), "{one}");
        if preview {
            let one = restore(preview, [&other, &its_number]).await;
            assert_eq!((one.as_array().unwrap().len(), &one[0]["outcome"]), (1, &json!(told)), "{one}");
        }
    }
    operator.act(&other, "lock").await;
    assert_eq!(
        operator.send("POST", "bulk", &json!({"action": "delete", "clients": [{"client_id": other}]})).await.status,
        200
    );
    let unlock = json!({"action": "unlock", "clients": [{"client_id": other}, {"client_id": its_number}]});
    let unlocked = operator.send("POST", "bulk", &unlock).await;
    assert_eq!(
        (unlocked.body["results"].as_array().unwrap().len(), unlocked.body["results"][0]["outcome"].clone()),
        (1, json!("done")),
        "{unlocked:?}"
    );
}

#[tokio::test]
async fn a_look_at_many_makes_the_requests_that_the_design_allows_it() {
    let table = table(None).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    world.service(1, Preset::Open.policy()).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let operator = Operator { world, token };
    let id = operator.registered("One").await;
    operator.world.clock.advance(DAY);
    let bulk = async |action: &str, preview: bool| {
        proxy.requests();
        let unused = (action == "delete, unused").then_some(3600);
        let (action, clients) = (action.split(',').next(), json!([{"client_id": id}, {"client_id": id}]));
        let mut order = json!({"action": action, "preview": preview, "clients": clients});
        order.as_object_mut().unwrap().extend(unused.map(|unused| ("unused".to_owned(), json!(unused))));
        let reply = operator.send("POST", "bulk", &order).await;
        let outcome = reply.body["results"][0]["outcome"].as_str().unwrap().to_owned();
        // Those of the rate are for some requests of the token together.
        (outcome, proxy.requests().into_iter().filter(|request| request != "UpdateItem L").collect::<Vec<_>>())
    };
    let strings = |requests: &[&str]| requests.iter().map(|request| (*request).to_owned()).collect::<Vec<_>>();
    let (changed, gone) = (&["PutItem C", "BatchGetItem C U"][..], &["UpdateItem C"][..]);
    for (action, looks, writes) in [
        ("lock", &[][..], changed),
        ("unlock", &[], changed),
        ("approve", &[], changed),
        ("retain", &[], changed),
        ("release", &[], changed),
        ("delete, unused", &["Query list"], gone),
        ("restore", &["GetItem C"], changed),
        ("lock", &[], changed),
        ("delete", &[], gone),
        ("unlock", &["GetItem C"], &["PutItem C"]),
    ] {
        let looks = [&["GetItem T", "BatchGetItem C U"], looks].concat();
        let (outcome, requests) = bulk(action, true).await;
        assert_eq!((outcome.as_str(), requests), ("possible", strings(&looks)), "{action}");
        let (outcome, requests) = bulk(action, false).await;
        assert_eq!((outcome.as_str(), requests), ("done", strings(&[&looks, writes].concat())), "{action}");
    }
    for action in ["lock", "delete", "approve"] {
        let (outcome, requests) = bulk(action, true).await;
        assert_eq!((outcome.as_str(), requests.len()), ("absent", 2), "{action}: {requests:?}");
    }
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
async fn the_same_is_done_to_many_that_are_as_they_were_seen() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let (one, other) = (operator.registered("One").await, operator.registered("Other").await);
    let order = |preview: bool, version: u64| {
        json!({"action": "delete", "preview": preview, "clients": [
            {"client_id": one, "version": 1}, {"client_id": other, "version": version}, {"client_id": "nobody"},
        ]})
    };
    let outcomes = |reply: &Reply| -> Vec<String> {
        let results = reply.body["results"].as_array().unwrap().iter();
        results.map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let seen = operator.send("POST", "bulk", &order(true, 1)).await;
    assert_eq!(outcomes(&seen), ["possible", "possible", "absent"], "{seen:?}");
    assert_eq!(seen.body["results"][0]["client_name"], "One");
    assert_eq!(operator.listed("").await.len(), 2, "nothing has happened");
    operator.act(&other, "retain").await;
    assert_eq!(outcomes(&operator.send("POST", "bulk", &order(true, 1)).await), ["possible", "changed", "absent"]);
    let done = operator.send("POST", "bulk", &order(false, 1)).await;
    assert_eq!(outcomes(&done), ["done", "changed", "absent"]);
    assert_eq!(operator.listed("").await, ["Other"]);
    let back = json!({"action": "restore", "clients": [{"client_id": one}]});
    assert_eq!(outcomes(&operator.send("POST", "bulk", &back).await), ["done"]);
    let deny = json!({"action": "deny", "clients": [{"client_id": one}]});
    let refused = operator.send("POST", "bulk", &deny).await;
    assert_eq!(outcomes(&refused), ["refused"]);
    assert!(refused.body["results"][0]["error_description"].as_str().unwrap().contains("does not wait"));
    let many: Vec<Value> = (0..101).map(|number| json!({"client_id": number.to_string()})).collect();
    for (body, part) in [
        (json!({"action": "delete", "clients": many}), "100"),
        (json!({"action": "paint", "clients": [{"client_id": "a"}]}), "action"),
        (json!({"action": "lock", "clients": ["a"]}), "clients"),
        (json!({"action": "lock", "clients": [{"version": 1}]}), "client_id"),
        (json!({"action": "lock", "clients": [{"client_id": "a"}], "preview": "yes"}), "preview"),
    ] {
        let refused = operator.send("POST", "bulk", &body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.text("error_description").contains(part), "{refused:?}");
    }
}

#[tokio::test]
async fn rfc9110_13_1_1_a_policy_is_replaced_as_it_was_seen() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let read = operator.get("policy").await;
    assert_eq!((read.status, read.text("registration"), read.header("etag")), (200, "open", "\"1\""));
    let put = async |tag: Option<&str>, body: &Value| {
        let bearer = format!("Bearer {}", operator.token);
        let mut headers = vec![("content-type", "application/json"), ("authorization", bearer.as_str())];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        operator.world.send("PUT", "/operator/1/policy", &headers, body.to_string()).await
    };
    let mut policy = read.body.clone();
    policy["secret_overlap"] = json!(60);
    assert_eq!(put(None, &policy).await.status, 428);
    assert_eq!(put(Some("\"7\""), &policy).await.status, 412);
    let replaced = put(Some("\"1\""), &policy).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""), "{replaced:?}");
    assert_eq!(replaced.body, policy);
    assert_eq!(put(Some("\"1\""), &policy).await.status, 412, "somebody was earlier");
    for (body, part) in [
        (json!({"registratoin": "open"}), "registratoin"),
        (json!({"registration": "ajar"}), "registration"),
        (json!({"names": {"reserved": [1]}}), "names.reserved"),
    ] {
        let refused = put(Some("*"), &body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.text("error_description").contains(part), "{refused:?}");
    }
    assert_eq!(operator.get("policy").await.body, policy);
    assert_eq!(put(Some("*"), &json!({})).await.text("registration"), "initial_access_token", "the preset's");
}

#[tokio::test]
async fn a_policy_is_tried_before_clients_meet_it() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "https://bank.example/logo.png"});
    let now = operator.send("POST", "policy/try", &json!({"client": client})).await;
    assert_eq!((now.status, &now.body["differs"]), (200, &json!([])), "{now:?}");
    assert_eq!(now.body["registered"]["redirect_uris"], client["redirect_uris"]);
    assert!(now.body["changes"].as_array().unwrap().iter().any(|change| change["rule"] == "the specifications"));
    let protected = operator.send("POST", "policy/try", &json!({"preset": "protected", "client": client})).await;
    assert_eq!(protected.body["refused"]["rule"], "redirect_uris.pages_share_host", "{protected:?}");
    assert_eq!(protected.body["refused"]["error"], "invalid_client_metadata");
    let differs = protected.body["differs"].as_array().unwrap();
    assert!(
        differs
            .iter()
            .any(|it| it["member"] == "registration" && it["from"] == "open" && it["to"] == "initial_access_token")
    );
    let mut eased = protected.body["policy"].clone();
    eased["redirect_uris"]["pages_share_host"] = json!("allow");
    let eased = operator.send("POST", "policy/try", &json!({"policy": eased, "client": client})).await;
    assert!(eased.body.get("registered").is_some(), "{eased:?}");
    assert_eq!(operator.listed("").await, Vec::<String>::new(), "nothing is registered");
    assert_eq!(operator.get("policy").await.header("etag"), "\"1\"", "nothing is changed");
}

#[tokio::test]
async fn what_is_asked_before_and_after_the_metadata_is_a_part_of_a_trial() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = json!({"redirect_uris": ["https://rp.example/cb"], "software_id": "a"});
    let attempt = async |policy: Value| {
        operator.send("POST", "policy/try", &json!({"policy": policy, "client": client})).await.body
    };
    for (policy, rule, error) in [
        (json!({"doors": ["authlete"]}), "doors", "not_found"),
        (json!({"dynamic_registration": false}), "dynamic_registration", "access_denied"),
    ] {
        let tried = attempt(policy).await;
        assert_eq!((&tried["refused"]["rule"], &tried["refused"]["error"]), (&json!(rule), &json!(error)), "{tried}");
        assert_eq!((tried.get("registered"), tried.get("requires")), (None, None));
    }
    for (policy, rules) in [
        (json!({"registration": "open"}), &[][..]),
        (json!({}), &["registration"]),
        (
            json!({"registration": "open", "software_statements": {"required": true, "issuers": []}}),
            &["software_statements"],
        ),
        (
            json!({"software_id_once": true, "clients_per_service": 10, "clients_per_developer": 10}),
            &["registration", "software_id_once", "clients_per_service", "clients_per_developer"],
        ),
    ] {
        let tried = attempt(policy).await;
        let requires = tried["requires"].as_array().unwrap();
        let found: Vec<&str> = requires.iter().map(|one| one["rule"].as_str().unwrap()).collect();
        assert!(tried.get("registered").is_some() && found == rules, "{tried}");
    }
}

#[tokio::test]
async fn a_sample_of_a_refusal_is_tried() {
    let operator = Operator::of(Preset::Open.policy()).await;
    for body in [
        json!({"redirect_uris": ["https://user:hunter2@rp.example/cb"]}),
        json!({"redirect_uris": ["https://rp.example/cb"], "client_name": "hunter2\u{202e}"}),
        json!({"redirect_uris": ["https://rp.example/cb"], "jwks": [{"hunter2": 1}]}),
    ] {
        let (world, address) = (&operator.world, "/1/register");
        world.clock.advance(24 * 60 * 60);
        let refused = world.send_json("POST", address, None, &body).await;
        assert_eq!(refused.status, 400);
        let refusal = operator.get("refusals?days=1").await.body["refusals"][0].clone();
        let [sample] = refusal["samples"].as_array().unwrap().as_slice() else { panic!("{refusal}") };
        assert_eq!(sample["reproduces"], true, "{refusal}");
        let tried = operator.send("POST", "policy/try", &json!({"sample": sample["sent"]})).await;
        assert_eq!(tried.body["refused"]["rule"], refusal["rule"], "{tried:?}");
        assert_eq!(tried.body["refused"]["error_description"], refused.body["error_description"]);
        assert!(!tried.body.to_string().contains("hunter2"));
        // What was tried is answered, and is refused for the same.
        let again = world.send_json("POST", address, None, &tried.body["client"]).await;
        assert_eq!(again.body, refused.body);
    }
    let twice = operator.world.register(1, None, &json!({"client_name": 1, "redirect_uris": []})).await;
    assert_eq!(twice.status, 400);
    for body in [json!({"client": {}, "sample": {}}), json!({"sample": {"client_name": "x".repeat(9000)}})] {
        let wrong = operator.send("POST", "policy/try", &body).await;
        assert_eq!((wrong.status, wrong.text("error")), (400, "invalid_request"), "{wrong:?}");
    }
}

/// A body that is sent again and again takes its own place, and not that of others.
#[tokio::test]
async fn a_flood_of_one_body_hides_no_other() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let mut samples = Vec::new();
    // Their digests differ in what decides of the place.
    for host in ["a", "b", "c", "d", "e", "f", "g", "h"] {
        let body = json!({"redirect_uris": [format!("https://{host}.example/#a")]});
        assert_eq!(operator.world.register(1, None, &body).await.status, 400);
        operator.world.clock.advance(1);
        samples = operator.get("refusals").await.body["refusals"][0]["samples"].as_array().unwrap().clone();
        assert_eq!(samples[0]["sent"]["redirect_uris"][0], format!("https://{host}.example/…#…"), "the latest first");
    }
    assert_eq!(samples.len(), 4);
    let flood = json!({"redirect_uris": ["https://flood.example/#a"]});
    for _ in 0..30 {
        operator.world.clock.advance(1);
        assert_eq!(operator.world.register(1, None, &flood).await.status, 400);
    }
    let after = operator.get("refusals").await.body["refusals"][0].clone();
    assert_eq!(after["count"], 38);
    let after = after["samples"].as_array().unwrap().clone();
    assert_eq!(after[0]["sent"]["redirect_uris"][0], "https://flood.example/…#…");
    assert!(after[1..].iter().all(|kept| samples.contains(kept)) && after.len() == 4, "{after:?}");
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
async fn what_was_refused_and_changed_is_shown() {
    let operator = Operator::of(Preset::Open.policy()).await;
    operator.registered("One").await;
    let refused = json!({"redirect_uris": ["https://rp.example/cb#a"], "client_name": "Mallory"});
    assert_eq!(operator.world.register(1, None, &refused).await.status, 400);
    operator.world.catch_up().await;
    let counts = operator.get("counts?days=2").await;
    assert_eq!(counts.body["clients"], 1, "{counts:?}");
    assert_eq!(counts.body["days"][0]["clients"], 1);
    let refusals = operator.get("refusals").await;
    let refusal = &refusals.body["refusals"][0];
    assert_eq!((&refusal["error"], &refusal["count"]), (&json!("invalid_redirect_uri"), &json!(1)), "{refusals:?}");
    assert!(!refusals.body.to_string().contains("Mallory"));
    let audit = operator.get(&format!("audit?since={NOW}")).await;
    let entries = audit.body["entries"].as_array().unwrap();
    assert_eq!((&entries[0]["events"], &entries[0]["subject"]), (&json!(["registered"]), &json!("client")));
    assert_eq!(operator.get("audit?since=9999999999").await.body, json!({"entries": []}));
}

/// A day, in seconds.
const DAY: u64 = 24 * 60 * 60;

#[tokio::test]
async fn refusals_come_page_by_page_the_newest_day_first() {
    let table = table(None).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    world.service(1, Preset::Open.policy()).await;
    world.service(2, Preset::Open.policy()).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let operator = Operator { world, token };
    let refuse = async |service: u64, network: u8| {
        let client = Client { address: SocketAddr::from(([198, 51, network, 7], 1)), secure: true, certificate: None };
        let (path, body) = (format!("/{service}/register"), json!({"redirect_uris": ["junk"]}).to_string());
        let sent = operator.world.send_over(client, "POST", &path, &[("content-type", "application/json")], body);
        assert_eq!(sent.await.status, 400);
    };
    // Three kinds three days ago, one before yesterday, none yesterday, four and one twice today.
    for (days, networks) in [(0, &[1, 2, 3][..]), (1, &[4]), (2, &[5, 6, 7, 8, 5])] {
        operator.world.clock.advance(days * DAY);
        for network in networks {
            refuse(1, *network).await;
            refuse(2, *network).await;
        }
    }
    let page = async |query: &str| {
        proxy.requests();
        let reply = operator.get(&format!("refusals?{query}")).await;
        assert_eq!(reply.status, 200, "{query}: {reply:?}");
        let queries = proxy.requests().iter().filter(|request| *request == "Query").count();
        (reply, queries)
    };
    let told = |reply: &Reply| -> Vec<String> {
        let told = |refusal: &Value| {
            let text = |name: &str| refusal[name].as_str().unwrap().to_owned();
            format!("{} {} {}", text("day"), text("network"), refusal["count"])
        };
        reply.body["refusals"].as_array().unwrap().iter().map(told).collect()
    };
    let [oldest, second, newest] = [0, 1, 3].map(|day| day_of(NOW + day * DAY));
    let expected = |day: &str, networks: &[(u8, u64)]| -> Vec<String> {
        networks.iter().map(|(network, count)| format!("{day} 198.51.{network}.0/24 {count}")).collect()
    };
    let all = [
        expected(&newest, &[(5, 2), (6, 1), (7, 1), (8, 1)]),
        expected(&second, &[(4, 1)]),
        expected(&oldest, &[(1, 1), (2, 1), (3, 1)]),
    ]
    .concat();
    let (whole, queries) = page("").await;
    assert_eq!((told(&whole), whole.body.get("next"), queries), (all.clone(), None, 7), "a week, unless asked");
    assert_eq!(told(&page("days=3").await.0), all[..5]);
    for limit in 1..=8 {
        let (mut seen, mut query) = (Vec::new(), String::new());
        loop {
            let (found, _) = page(&format!("limit={limit}{query}")).await;
            let next = found.body.get("next").and_then(Value::as_str);
            let some = told(&found);
            assert!(some.len() == limit || next.is_none() && !some.is_empty(), "{limit}{query}: {found:?}");
            seen.extend(some);
            let Some(next) = next else { break };
            query = format!("&cursor={next}");
        }
        assert_eq!(seen, all, "{limit}");
    }
    let (first, queries) = page("limit=3").await;
    assert_eq!(queries, 1, "a page within a day");
    let next = first.body["next"].as_str().unwrap();
    // What had come meanwhile stands where it belongs; what is after the page is not moved.
    refuse(1, 1).await;
    assert_eq!(told(&page(&format!("limit=1&cursor={next}")).await.0), all[3..4]);
    let last = page("limit=7").await.0.body["next"].as_str().unwrap().to_owned();
    let foreign = operator.world.service_token(2, &Permission::ALL).await;
    let of_other = operator.world.send_bare("GET", "/operator/2/refusals?limit=3", Some(&foreign)).await;
    let of_other = of_other.text("next").to_owned();
    proxy.requests();
    for (query, member) in [
        (format!("cursor={of_other}"), "cursor"),
        (format!("days=2&cursor={last}"), "cursor"),
        (format!("cursor={}", &next[1..]), "cursor"),
        (format!("cursor={}", &next[..next.len() - 2]), "cursor"),
        (format!("cursor={next}A"), "cursor"),
        (format!("cursor={newest}"), "cursor"),
        ("cursor=x".to_owned(), "cursor"),
        ("cursor=".to_owned(), "cursor"),
        (format!("cursor={next}&cursor={next}"), "cursor"),
        ("limit=0".to_owned(), "limit"),
        ("limit=101".to_owned(), "limit"),
        ("days=32".to_owned(), "days"),
    ] {
        let refused = operator.get(&format!("refusals?{query}")).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{query}: {refused:?}");
        assert!(refused.text("error_description").contains(member), "{query}: {refused:?}");
    }
    assert!(proxy.requests().iter().all(|request| request != "Query"), "nothing is asked for these");
    // Midnight passes between two pages: the day that was the last one asked for is read to its end.
    operator.world.clock.advance(DAY);
    assert_eq!(told(&page(&format!("days=4&cursor={last}")).await.0), all[6..]);
    assert_eq!(told(&page("days=4").await.0).len(), 6, "where it is not begun with");
}

#[tokio::test]
async fn a_token_does_what_its_permissions_say_and_learns_nothing_of_other_services() {
    let operator = Operator::of(Preset::Open.policy()).await;
    operator.world.service(2, Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let (client, lock) = (format!("clients/{id}"), format!("clients/{id}/lock"));
    let requests = [
        ("GET", "clients", [1, 1, 1, 0, 0]),
        ("POST", "clients", [0, 1, 1, 0, 0]),
        ("GET", client.as_str(), [1, 1, 1, 0, 0]),
        ("PATCH", client.as_str(), [0, 1, 1, 0, 0]),
        ("POST", lock.as_str(), [0, 1, 1, 0, 0]),
        ("POST", "bulk", [0, 1, 1, 0, 0]),
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
            let foreign = send(&other).await;
            assert_eq!((foreign.status, foreign.text("error")), (403, "insufficient_scope"), "{method} {path}");
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
