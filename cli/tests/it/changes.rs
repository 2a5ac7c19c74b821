//! What a client sent stands beside what it became, with the rule that changed each member.

use serde_json::{Map, Value, json};
use shared::administration::{self, Draft};
use shared::client::RegisteredClient;
use shared::metadata::ClientMetadata;
use shared::policy::{Approval, Policy, Preset};

use crate::statements::Issuer;
use crate::support::{Reply, World, as_update, web_client};

/// The client of that identifier, as it is stored.
pub(crate) async fn stored(world: &World, client_id: &str) -> RegisteredClient {
    let service = world.app.service(1).await.unwrap();
    world.app.store.client(1, service.numeric_id(client_id)).await.unwrap().unwrap()
}

/// What was changed of it: rule, member, before, after.
pub(crate) fn rows(client: &RegisteredClient) -> Vec<(String, String, Option<Value>, Option<Value>)> {
    let row = |change: shared::metadata::Change| (change.rule.into_owned(), change.member, change.from, change.to);
    client.changes().into_iter().map(row).collect()
}

/// A row as a test writes it.
pub(crate) fn row(rule: &str, member: &str, from: Value, to: Value) -> (String, String, Option<Value>, Option<Value>) {
    let there = |value: Value| (!value.is_null()).then_some(value);
    (rule.to_owned(), member.to_owned(), there(from), there(to))
}

/// The item of the only client, as text.
async fn item(world: &World) -> String {
    let mut items = world.all_items().await;
    items.retain(|item| item.contains("C#1#"));
    assert_eq!(items.len(), 1);
    items.remove(0)
}

/// What rules change here: it offers some scopes and grants, and keeps a member of its own.
fn policy() -> Policy {
    let mut policy = Preset::Open.policy();
    policy.scopes.offered = Some(shared::metadata::Scope::parse("read write").unwrap().unwrap());
    policy.custom_members = vec!["tenant".to_owned()];
    policy
}

async fn scene() -> World {
    let world = World::empty().await;
    world.service(1, policy()).await;
    world
}

fn eager() -> Value {
    json!({"client_name": "Test", "redirect_uris": ["http://127.0.0.1/cb"], "scope": "read fly",
        "grant_types": ["authorization_code", "implicit"], "subject_type": "pairwise", "tenant": 7, "made_up": [1],
        "token_endpoint_auth_method": "none", "client_uri": "", "client_id": "mine"})
}

/// What the rules make of [`eager`].
fn of_eager() -> Vec<(String, String, Option<Value>, Option<Value>)> {
    let (null, flows) = (Value::Null, "grant_types and response_types");
    vec![
        row("as sent", "client_id", json!("mine"), null.clone()),
        row("as sent", "client_uri", json!(""), null.clone()),
        row("unannounced", "subject_type", json!("pairwise"), json!("public")),
        row("custom_members", "made_up", json!([1]), null.clone()),
        row(flows, "grant_types", json!(["authorization_code", "implicit"]), json!(["authorization_code"])),
        row(flows, "response_types", null.clone(), json!(["code"])),
        row("scopes", "scope", json!("read fly"), json!("read")),
        row("redirect_uris", "application_type", null, json!("native")),
    ]
}

#[tokio::test]
async fn what_was_sent_is_kept_beside_what_it_became_and_its_registrant_does_not_see_it() {
    let world = scene().await;
    let (path, token, registered) = world.client(&eager()).await;
    let client = stored(&world, registered.text("client_id")).await;
    assert_eq!(rows(&client), of_eager());
    assert_eq!(Value::from(client.sent()), eager());
    let read = world.send_bare("GET", &path, Some(&token)).await;
    let updated = world.send_json("PUT", &path, Some(&token), &as_update(&read.body)).await;
    for Reply { body, .. } in [registered, read, updated] {
        for member in ["sent", "changes", "made_up"] {
            assert_eq!(body.get(member), None, "{member}");
        }
        assert_eq!(body["tenant"], 7);
    }
}

#[tokio::test]
async fn a_client_that_came_as_it_is_costs_nothing() {
    let world = scene().await;
    let whole = json!({"client_name": "Test", "redirect_uris": ["https://rp.example/cb"], "scope": "read",
        "grant_types": ["authorization_code"], "response_types": ["code"], "application_type": "web",
        "token_endpoint_auth_method": "none"});
    let (_, _, reply) = world.client(&whole).await;
    let client = stored(&world, reply.text("client_id")).await;
    assert_eq!((client.changes(), Value::from(client.sent())), (Vec::new(), whole));
    assert!(!item(&world).await.contains("changes"), "{}", item(&world).await);
}

#[tokio::test]
async fn an_update_replaces_what_is_kept() {
    let world = scene().await;
    let (path, token, registered) = world.client(&eager()).await;
    let client_id = registered.text("client_id");
    let mut update = json!({"client_id": client_id, "redirect_uris": ["https://rp.example/cb"],
        "client_secret": null, "scope": "write swim"});
    let secret = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(secret.status, 200, "{secret:?}");
    let client = stored(&world, client_id).await;
    let defaults = |member: &str, to: Value| row("the specifications", member, Value::Null, to);
    let flows = |member: &str, to: Value| row("grant_types and response_types", member, Value::Null, to);
    assert_eq!(
        rows(&client),
        [
            flows("grant_types", json!(["authorization_code"])),
            flows("response_types", json!(["code"])),
            row("scopes", "scope", json!("write swim"), json!("write")),
            defaults("application_type", json!("web")),
            defaults("token_endpoint_auth_method", json!("client_secret_basic")),
        ]
    );
    // What shows whose client it is was not sent to be registered.
    assert_eq!(Value::from(client.sent()), json!({"redirect_uris": ["https://rp.example/cb"], "scope": "write swim"}));
    update["client_secret"] = secret.body["client_secret"].clone();
    update["client_name"] = json!("x".repeat(5000));
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 400);
    assert_eq!(stored(&world, client_id).await.changes(), client.changes(), "what is refused changes nothing");
    update.as_object_mut().unwrap().remove("client_name");
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    assert!(!item(&world).await.contains(update["client_secret"].as_str().unwrap()));
}

#[tokio::test]
async fn strangers_neither_fill_the_item_nor_leave_secrets_in_it() {
    let world = scene().await;
    let mut sent = web_client().as_object().cloned().unwrap();
    let (_, _, plain) = world.client(&web_client()).await;
    let size = async |reply: &Reply| {
        serde_json::to_string(&stored(&world, reply.text("client_id")).await.record).unwrap().len()
    };
    let plain = size(&plain).await;
    let secrets = json!({"client_secret": "hidden-1", "registration_access_token": "hidden-2", "api_key": "hidden-3",
        "software_statement": "hidden-4", "vendor": {"jwk": {"kty": "oct", "k": "hidden-5"}},
        "note": "hiddenHiddenHidden6HiddenHiddenHidden"});
    sent.extend(secrets.as_object().cloned().unwrap());
    sent.extend((0..200).map(|number| (format!("filler-{number}"), "f i l l ".repeat(25).into())));
    sent.insert("scope".to_owned(), "read fly".into());
    let reply = world.register(1, None, &sent.clone().into()).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    let client = stored(&world, reply.text("client_id")).await;
    assert!(size(&reply).await <= plain + 4096 + 50, "{} after {plain}", size(&reply).await);
    let items = world.all_items().await.concat();
    assert!(!items.contains("hidden-") && !items.contains("hiddenHidden"));
    let told = client.sent();
    for name in secrets.as_object().unwrap().keys().filter(|name| told.contains_key(*name)) {
        assert_eq!(told[name], "a secret, not kept", "{name}");
    }
    assert_eq!((&told["scope"], &told["software_statement"]), (&sent["scope"], &json!("a secret, not kept")));
    let more = client.changes().into_iter().find(|change| change.member == "…").unwrap();
    assert!(more.from.unwrap().as_str().unwrap().ends_with(" members more, not kept"));
}

#[tokio::test]
async fn what_an_operator_changes_is_one_change_more() {
    let world = scene().await;
    let (path, token, reply) = world.client(&eager()).await;
    let client_id = reply.text("client_id");
    let service = world.app.service(1).await.unwrap();
    let context = world.context(&service);
    let change = async |member: &str, value: Value| {
        let draft = |client: &RegisteredClient| {
            let mut members = client.record.metadata.to_members();
            members.insert(member.to_owned(), value.clone());
            Ok(Draft { metadata: ClientMetadata::from_members(members)?, ..Draft::of(client) })
        };
        administration::replace(&context, stored(&world, client_id).await, draft).await.unwrap();
        stored(&world, client_id).await
    };
    change("scope", json!("read fly")).await;
    change("client_name", json!("Another")).await;
    let client = change("client_name", json!("A third")).await;
    let by_operator = [
        row("an operator", "client_name", json!("Test"), json!("A third")),
        row("an operator", "scope", json!("read"), json!("read fly")),
    ];
    assert_eq!(rows(&client), [of_eager(), by_operator.to_vec()].concat());
    assert_eq!(Value::from(client.sent()), eager(), "what was sent stays so");
    change("scope", json!("read")).await;
    let client = change("client_name", json!("Test")).await;
    assert_eq!(rows(&client), of_eager(), "what is as it was is no change");

    change("client_name", json!("Another")).await;
    let update = as_update(&world.send_bare("GET", &path, Some(&token)).await.body);
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    assert_eq!(rows(&stored(&world, client_id).await), [], "its registrant has sent all of it");

    let draft = Draft { metadata: ClientMetadata::from_members(Map::new()).unwrap(), ..Draft::default() };
    let own = administration::create(&context, draft).await.unwrap().client;
    assert_eq!(rows(&own), [], "nobody has sent what operators make");
}

#[tokio::test]
async fn who_shares_a_client_shares_what_the_first_one_sent() {
    let world = World::empty().await;
    world.service(1, Policy { merge_identical: true, ..policy() }).await;
    let copy = |scope: &str| {
        let mut sent = eager();
        sent["scope"] = json!(scope);
        sent
    };
    let (one, other) = (world.register(1, None, &copy("read fly")).await, world.register(1, None, &copy("read")).await);
    assert_eq!(one.text("client_id"), other.text("client_id"));
    assert_eq!(stored(&world, one.text("client_id")).await.sent()["scope"], "read fly");
}

#[tokio::test]
async fn who_approves_sees_what_was_sent_and_it_stays() {
    let world = World::empty().await;
    world.service(1, Policy { approval: Approval::Required, ..policy() }).await;
    let (path, token, reply) = world.client(&eager()).await;
    let service = world.app.service(1).await.unwrap();
    let waiting = stored(&world, reply.text("client_id")).await;
    administration::approve(&world.context(&service), waiting).await.unwrap();
    let approved = stored(&world, reply.text("client_id")).await;
    assert_eq!((approved.pending_until, rows(&approved)), (None, of_eager()));
    // It becomes what it was, so it stays approved, and what was sent this time is kept.
    let mut update = as_update(&reply.body);
    update["scope"] = json!("read swim");
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    let approved = stored(&world, reply.text("client_id")).await;
    assert_eq!(rows(&approved), [row("scopes", "scope", json!("read swim"), json!("read"))]);
    assert_eq!(approved.pending_until, None);
}

#[tokio::test]
async fn what_a_software_statement_overrules_is_told() {
    let issuer = Issuer::new();
    let world = World::empty().await;
    world.service(1, issuer.required()).await;
    let statement = issuer.sign(&json!({"iss": crate::statements::ISSUER, "iat": crate::support::NOW,
        "software_id": "app-1", "client_name": "Vouched", "redirect_uris": ["https://rp.example/cb"]}));
    let sent = json!({"software_statement": statement, "client_name": "Claimed", "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code"], "response_types": ["code"], "application_type": "web"});
    let (_, _, reply) = world.client(&sent).await;
    let client = stored(&world, reply.text("client_id")).await;
    let by = |member: &str, from: Value, to: Value| row("software_statements", member, from, to);
    assert_eq!(
        rows(&client),
        [
            by("client_name", json!("Claimed"), json!("Vouched")),
            by("redirect_uris", Value::Null, json!(["https://rp.example/cb"])),
            by("software_id", Value::Null, json!("app-1")),
        ]
    );
    assert_eq!(Value::from(client.sent()), sent);
}

#[tokio::test]
async fn sizes() {
    for sent in [
        web_client(),
        json!({"client_name": "Claude Code", "redirect_uris": ["http://localhost:3118/callback"], "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "token_endpoint_auth_method": "none"}),
        json!({"client_name": "Visual Studio Code", "application_type": "native", "client_uri": "https://code.visualstudio.com", "redirect_uris": ["https://insiders.vscode.dev/redirect", "https://vscode.dev/redirect", "http://127.0.0.1/", "http://127.0.0.1:33418/"], "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "token_endpoint_auth_method": "none"}),
        json!({"client_name": "Cursor", "client_uri": "", "scope": "", "redirect_uris": ["cursor://anysphere.cursor-mcp/oauth/callback"], "grant_types": ["authorization_code", "refresh_token"], "response_types": ["code"], "token_endpoint_auth_method": "none", "x": 1}),
    ] {
        let world = World::open().await;
        let (_, _, reply) = world.client(&sent).await;
        let client = stored(&world, reply.text("client_id")).await;
        let whole = serde_json::to_string(&client.record).unwrap();
        let changes = serde_json::to_string(&client.record.changes).unwrap();
        println!("{} of {} bytes {changes}\n{}", changes.len(), whole.len(), item(&world).await);
    }
}

/// By whatever name, and however it is written.
#[tokio::test]
async fn what_may_be_secret_in_members_of_a_clients_own_is_not_told() {
    let world = scene().await;
    let operator = world.service_token(1, &shared::caller::Permission::ALL).await;
    let number = "12345678901234567890123456789012345";
    let sent = format!(
        r#"{{"redirect_uris":["https://rp.example/cb"],"a":"abcDEF123+/abcDEF123+/abcDEF123+/hunter2hunter2/==",
        "Authorization":"Basic hunter2","b":"basic hunter2","pwd":"hunter2","pass":"hunter2","c":["password=hunter2"],
        "d":"https://u:hunter2@h.example/","e":"https://h.example/?access_token=hunter2","f":{number},"g":[{{"h":{number}}}],
        "plain":"https://h.example/?page=2","level":3}}"#
    );
    let reply = world.send("POST", "/1/register", &[("content-type", "application/json")], sent).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert!(!item(&world).await.contains("hunter2"));
    let path = format!("/operator/1/clients/{}", reply.text("client_id"));
    let told = world.send_bare("GET", &path, Some(&operator)).await.body["sent"].clone();
    for member in ["a", "Authorization", "b", "pwd", "pass", "c", "d", "e", "f", "g"] {
        assert_eq!(told[member], "a secret, not kept", "{member}");
    }
    assert_eq!((&told["plain"], &told["level"]), (&json!("https://h.example/?page=2"), &json!(3)));
}
