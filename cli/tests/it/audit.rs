//! What was changed, by whom, and what was refused: from requests to what operators read.

use std::net::SocketAddr;

use registrar::gateway::Client;
use registrar::streams::Follower;
use serde_json::{Value, json};
use shared::administration::{self, Draft};
use shared::audit::{Entry, Happening, Subject};
use shared::caller::Permission;
use shared::metadata::Submitted;
use shared::policy::{Addresses, Audit, Policy, Preset};
use shared::registry::register_for;
use shared::store::Sample;
use shared::time::DAY;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::{World, as_update, table, web_client};

async fn of_service(world: &World) -> Vec<Entry> {
    world.catch_up().await;
    world.app.store.audit_of_service(1, 0, None, 1000).await.unwrap().0
}

async fn of_client(world: &World, client_id: &str) -> Vec<Entry> {
    world.catch_up().await;
    let service = world.app.service(1).await.unwrap();
    world.app.store.audit_of_client(1, service.numeric_id(client_id), 0).await.unwrap()
}

fn events(entries: &[Entry]) -> Vec<Vec<Happening>> {
    entries.iter().map(|entry| entry.events.clone()).collect()
}

#[tokio::test]
async fn a_clients_life_is_told_in_order_and_without_secrets() {
    let world = World::open().await;
    let service = world.app.service(1).await.unwrap();
    let context = world.context(&service);
    let (path, token, reply) = world.client(&web_client()).await;
    let client_id = reply.text("client_id");
    let secret = reply.text("client_secret");
    let mut update = as_update(&reply.body);
    update["client_name"] = json!("New");
    update["redirect_uris"] = json!(["https://rp.example/other"]);
    assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    let client = async || world.app.store.client(1, service.numeric_id(client_id)).await.unwrap().unwrap();
    administration::lock(&context, client().await, true).await.unwrap();
    administration::lock(&context, client().await, false).await.unwrap();
    administration::retain(&context, client().await, true).await.unwrap();
    administration::replace_secret(&context, client().await, None, None).await.unwrap();
    let token = administration::reissue_token(&context, client().await).await.unwrap();
    let used = world.service_token(1, &[Permission::UseService]).await;
    let body = json!({"client_ids": [client_id]});
    assert_eq!(world.send_json("POST", "/1/client/used", Some(&used), &body).await.status, 200);
    assert_eq!(world.send_bare("DELETE", &path, Some(token.expose())).await.status, 204);

    let entries = of_client(&world, client_id).await;
    let expected = [
        Happening::Registered,
        Happening::Updated,
        Happening::Locked,
        Happening::Unlocked,
        Happening::Retained,
        Happening::SecretReplaced,
        Happening::RegistrationTokenReplaced,
        Happening::Deleted,
    ];
    assert_eq!(events(&entries), expected.map(|event| vec![event]), "each once, and a use is none");
    assert_eq!(entries[1].members, ["client_name", "redirect_uris"]);
    assert_eq!((entries[0].actor.as_deref(), entries[0].door.as_deref()), (Some("anonymous"), Some("oauth")));
    assert!(
        entries.iter().all(|entry| matches!(&entry.subject, Subject::Client { client_id: of, .. } if of == client_id))
    );
    assert!(entries.windows(2).all(|pair| pair[0].sequence < pair[1].sequence));
    let kept: String = world.all_items().await.into_iter().filter(|item| item.contains("\"A#1")).collect();
    for hidden in [secret, token.expose(), "rp.example/other"] {
        assert!(!kept.contains(hidden), "names of members are kept, and no values");
    }

    let all = of_service(&world).await;
    let (latest, more) = world.app.store.latest_audit_of_service(1, 0, None, 2).await.unwrap();
    assert!(latest.iter().eq(all.iter().rev().take(2)) && more.is_some(), "the last two, newest first");
    assert_eq!(all.iter().filter(|entry| entry.subject == Subject::Service).count(), 1);
    assert!(all.iter().any(|entry| matches!(entry.subject, Subject::Token { .. })));
    assert_eq!(all.len(), entries.len() + 2);
}

/// At every door: what is sent twice is one change, or none.
#[tokio::test]
async fn what_is_so_already_is_no_change() {
    let world = World::open().await;
    let every = world.service_token(1, &Permission::ALL).await;
    let (path, token, reply) = world.client(&web_client()).await;
    let (id, update) = (reply.text("client_id"), as_update(&reply.body));
    let shown = async |path: &str| world.send_bare("GET", path, Some(&every)).await.body;
    let of_authlete = shown(&format!("/api/1/client/get/{id}")).await;
    let (service, policy) = (shown("/api/1/service/get").await, shown("/operator/1/policy").await);
    let scopes = format!("/api/1/client/extension/requestable_scopes/update/{id}");
    let secret = json!({"clientSecret": update["client_secret"]});
    for (method, path, token, body) in [
        ("PUT", path, &token, update.clone()),
        ("POST", format!("/api/1/client/update/{id}"), &every, of_authlete),
        ("POST", format!("/api/1/client/secret/update/{id}"), &every, secret),
        ("POST", format!("/api/1/client/lock_flag/update/{id}"), &every, json!({"clientLocked": true})),
        ("POST", format!("/api/1/client/lock_flag/update/{id}"), &every, json!({"clientLocked": false})),
        ("POST", scopes, &every, json!({"requestableScopes": ["email"]})),
        ("PATCH", format!("/operator/1/clients/{id}"), &every, json!({"client_name": "Shop"})),
        ("POST", format!("/operator/1/clients/{id}/unlock"), &every, json!({})),
        ("POST", "/api/1/service/update".to_owned(), &every, service),
        ("PUT", "/operator/1/policy".to_owned(), &every, policy),
    ] {
        let send = async || {
            world.clock.advance(1);
            let bearer = format!("Bearer {token}");
            let headers = [("authorization", bearer.as_str()), ("content-type", "application/json"), ("if-match", "*")];
            let reply = world.send(method, &path, &headers, body.to_string()).await;
            assert_eq!(reply.status, 200, "{method} {path}: {reply:?}");
            of_service(&world).await
        };
        let told = send().await;
        assert_eq!(send().await, told, "{method} {path}");
    }
    let service = world.app.store.service(1).await.unwrap().unwrap();
    let client = world.app.store.client(1, service.numeric_id(id)).await.unwrap().unwrap();
    assert!(client.version > 4 && !client.locked, "something was changed once: {}", client.version);
}

#[tokio::test]
async fn records_that_come_again_change_nothing() {
    let world = World::open().await;
    let (path, token, reply) = world.client(&web_client()).await;
    assert_eq!(world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    for _ in 0..3 {
        let (event, _) = Follower::new(world.table()).next(500).unwrap();
        assert!(event.records.len() > 1);
        shared::stream::apply(world.app, event).await.unwrap();
    }
    assert_eq!(of_client(&world, reply.text("client_id")).await.len(), 2);
}

#[tokio::test]
async fn who_ends_by_itself_is_told_of_and_who_is_forgotten_is_not() {
    let world = World::empty().await;
    let policy = Policy { client_lifetime: Some(2 * DAY), ..Preset::Open.policy() };
    world.service(1, Policy { audit: Audit { retention: 5 * DAY, ..Audit::default() }, ..policy }).await;
    let (_, _, reply) = world.client(&web_client()).await;
    world.catch_up().await;
    world.clock.advance(2 * DAY);
    world.sweep().await;
    let entries = of_client(&world, reply.text("client_id")).await;
    assert_eq!(events(&entries), [[Happening::Registered], [Happening::Ended]]);
    assert_eq!((entries[1].actor.as_deref(), entries[1].door.as_deref()), (None, None));
    world.clock.advance(100_000 * DAY);
    assert!(of_client(&world, reply.text("client_id")).await.is_empty(), "a retention ends");
}

#[tokio::test]
async fn no_policy_hides_what_operators_do() {
    let world = World::empty().await;
    let audit = Audit { retention: 0, ..Audit::default() };
    world.service(1, Policy { audit, ..Preset::Open.policy() }).await;
    let (_, _, reply) = world.client(&web_client()).await;
    let client_id = reply.text("client_id");
    let operator = world.service_token(1, &Permission::ALL).await;
    let changed = json!({"redirect_uris": ["https://evil.example/cb"]});
    let path = format!("/operator/1/clients/{client_id}");
    assert_eq!(world.send_json("PATCH", &path, Some(&operator), &changed).await.status, 200);
    let token = json!({"kind": "service", "permissions": ["client.write"]});
    assert_eq!(world.send_json("POST", "/operator/1/tokens", Some(&operator), &token).await.status, 201);
    world.catch_up().await;
    let entries = of_client(&world, client_id).await;
    assert_eq!(events(&entries), [[Happening::Updated]], "the stranger's registration is not kept");
    assert_eq!(entries[0].members, ["redirect_uris"]);
    world.clock.advance(30 * DAY - 10);
    assert_eq!(of_client(&world, client_id).await.len(), 1);
    world.clock.advance(20);
    assert!(of_client(&world, client_id).await.is_empty(), "it ends");
}

#[tokio::test]
async fn a_service_that_keeps_no_audit_has_none_of_strangers() {
    let world = World::empty().await;
    let audit = Audit { retention: 0, ..Audit::default() };
    world.service(1, Policy { audit, ..Preset::Open.policy() }).await;
    world.client(&web_client()).await;
    world.register(1, None, &json!({"redirect_uris": ["junk"]})).await;
    let kept = of_service(&world).await;
    assert!(kept.iter().all(|entry| !matches!(entry.subject, Subject::Client { .. })), "{kept:?}");
    assert!(world.refused(1, 1).await.is_empty());
}

#[tokio::test]
async fn of_an_address_is_kept_what_the_policy_says() {
    for (addresses, expected) in [
        (Addresses::Network, Some("198.51.100.0/24")),
        (Addresses::Whole, Some("198.51.100.7")),
        (Addresses::None, None),
    ] {
        let world = World::empty().await;
        let audit = Audit { addresses, ..Audit::default() };
        world.service(1, Policy { audit, ..Preset::Open.policy() }).await;
        let from = |body: Value| {
            let address = SocketAddr::from(([198, 51, 100, 7], 50_000));
            let client = Client { address, secure: true, certificate: None };
            let headers = vec![("content-type", "application/json")];
            let world = &world;
            async move { world.send_over(client, "POST", "/1/register", &headers, body.to_string()).await }
        };
        let reply = from(web_client()).await;
        from(json!({"redirect_uris": ["junk"]})).await;
        let token = format!("Bearer {}", world.service_token(1, &Permission::ALL).await);
        for (path, body) in [
            (format!("/operator/1/clients/{}/lock", reply.text("client_id")), json!({})),
            (format!("/api/1/client/lock_flag/update/{}", reply.text("client_id")), json!({"clientLocked": false})),
        ] {
            let address = SocketAddr::from(([198, 51, 100, 7], 50_000));
            let client = Client { address, secure: true, certificate: None };
            let headers = [("content-type", "application/json"), ("authorization", token.as_str())];
            let told = world.send_over(client, "POST", &path, &headers, body.to_string()).await;
            assert_eq!(told.status, 200, "{told:?}");
        }
        let entries = of_client(&world, reply.text("client_id")).await;
        let told: Vec<Option<&str>> = entries.iter().map(|entry| entry.address.as_deref()).collect();
        assert_eq!(told, [expected; 3], "at every door");
        assert_eq!(world.refused(1, 1).await[0].network, expected.unwrap_or_default());
        let all = world.all_items().await.concat();
        assert_eq!(all.contains("198.51.100.7"), addresses == Addresses::Whole, "nor anywhere else");
    }
}

#[tokio::test]
async fn refused_registrations_are_counted_by_rule_and_network() {
    let world = World::open().await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let named = |name: &str| json!({"client_name": name, "redirect_uris": ["https://rp.example/#a"]});
    for _ in 0..3 {
        assert_eq!(world.register(1, None, &named("Mallory")).await.status, 400);
    }
    let implicit = json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["password"]});
    assert_eq!(world.register(1, None, &implicit).await.status, 400);
    let wrapped = json!({"json": implicit.to_string()});
    let reply = world.send_json("POST", "/api/1/client/registration", Some(&token), &wrapped).await;
    assert_eq!(reply.text("action"), "BAD_REQUEST");
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);

    let refused = world.refused(1, 1).await;
    let counted: Vec<_> =
        refused.iter().map(|one| (one.error.as_str(), one.rule.as_str(), one.door.as_str(), one.count)).collect();
    assert_eq!(
        counted,
        [
            ("invalid_client_metadata", "grant_types and response_types", "authlete", 1),
            ("invalid_client_metadata", "grant_types and response_types", "oauth", 1),
            ("invalid_redirect_uri", "the specifications", "oauth", 3),
        ]
    );
    assert_eq!(refused[1].description, "grant_types: \"password\" is not offered by this service");
    assert_eq!(refused[1].samples[0].sent["grant_types"], json!(["password"]));
    let [sample] = refused[2].samples.as_slice() else { panic!("one body, one sample: {refused:?}") };
    assert_eq!(sample.sent["redirect_uris"], json!(["https://rp.example/…#…"]));
    assert!(sample.reproduces && !format!("{sample:?}").contains("Mallory"));
    world.clock.advance(91 * DAY);
    assert!(world.refused(1, 92).await.is_empty());
}

#[tokio::test]
async fn what_was_refused_for_another_word_or_member_is_counted_apart() {
    let world = World::open().await;
    let asked =
        |method: &str| json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": method});
    for method in ["tls_client_auth", "hunter2", "self_signed_tls_client_auth", "hunter3"] {
        assert_eq!(world.register(1, None, &asked(method)).await.status, 400);
    }
    for uri in ["http://rp.example/cb", "https://rp.example/#a", "https://rp.example/#b"] {
        assert_eq!(
            world.register(1, None, &json!({"redirect_uris": [uri], "application_type": "web"})).await.status,
            400
        );
    }
    let mut told: Vec<_> = world.refused(1, 1).await.into_iter().map(|one| (one.description, one.count)).collect();
    told.sort_unstable();
    let method = |word: &str| format!("token_endpoint_auth_method: \"{word}\" is not offered by this service");
    let uri = |fault: &str| format!("redirect_uris[0]: {fault}");
    let expected = [
        (uri("http is allowed for 127.0.0.1, [::1] and localhost only"), 1),
        (uri("it must not have a fragment"), 2),
        (method("self_signed_tls_client_auth"), 1),
        (method("tls_client_auth"), 1),
        (method("…"), 2),
    ];
    assert_eq!(told, expected);
}

#[tokio::test]
async fn a_missing_and_a_wrong_token_are_counted_whatever_was_sent() {
    let world = World::open().await;
    world.service(2, Preset::Protected.policy()).await;
    let headers = [("content-type", "application/json")];
    for body in ["{", "client_name=a"] {
        assert_eq!(world.send("POST", "/2/register", &headers, body.to_owned()).await.status, 401);
    }
    assert_eq!(world.register(2, Some("iat_wrong"), &web_client()).await.status, 401);
    let refused = world.refused(2, 1).await;
    let mut found: Vec<_> = refused.into_iter().map(|one| (one.rule, one.count, sample_of(&one.samples))).collect();
    found.sort_unstable();
    assert_eq!(found[0], ("registration".to_owned(), 1, found[0].2.clone()));
    assert!(found[0].2.contains("redirect_uris"), "{found:?}");
    assert_eq!(found[1], ("registration".to_owned(), 2, "{}".to_owned()));
}

/// How long a client has before it makes room, in seconds, and one more.
const TIME_TO_BE_USED: u64 = 601;

/// The latest one, as JSON.
fn sample_of(samples: &[Sample]) -> String {
    samples.first().map(|sample| Value::Object(sample.sent.clone()).to_string()).unwrap_or_default()
}

/// What is counted: error, rule, door, description and sample of each kind.
pub(crate) async fn kinds(world: &World) -> Vec<[String; 5]> {
    world
        .refused(1, 1)
        .await
        .into_iter()
        .map(|one| [one.error, one.rule, one.door, one.description, sample_of(&one.samples)])
        .collect()
}

#[tokio::test]
async fn what_cannot_be_read_is_counted_at_every_door_in_its_own_form() {
    let world = World::for_identity_center(1).await;
    let mut policy = Preset::Open.policy();
    policy.doors.push("identity_center".to_owned());
    world.service(1, policy).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let wrapped = |document: &str| json!({"json": document}).to_string();
    let wrong =
        r#"{"redirect_uris": "https://u@rp.example/hunter2", "client_name#x-hunter2": "hunter2", "hunter2": 1}"#;
    let masked = r#"{"redirect_uris":"https://…@rp.example/…","client_name#…":"7 characters"}"#;
    let aws = r#"{"clientName": 5, "clientType": "public", "scopes": ["hunter2"]}"#;
    for (path, body, error, rule, door, description, sample) in [
        (
            "/1/register",
            wrong.to_owned(),
            "invalid_client_metadata",
            "as sent",
            "oauth",
            "redirect_uris must be an array of strings",
            masked,
        ),
        (
            "/1/register",
            "[]".to_owned(),
            "invalid_client_metadata",
            "as sent",
            "oauth",
            "the body must be a JSON object",
            "{}",
        ),
        (
            "/1/register",
            r#"{"hunter2": 1, "hunter2": 2}"#.to_owned(),
            "invalid_client_metadata",
            "as sent",
            "oauth",
            "… appears twice",
            "{}",
        ),
        (
            "/1/register",
            r#"{"client_name#x-hunter2": 5}"#.to_owned(),
            "invalid_client_metadata",
            "as sent",
            "oauth",
            "client_name#… must be a string",
            r#"{"client_name#…":"a number"}"#,
        ),
        (
            "/api/1/client/registration",
            wrapped(wrong),
            "invalid_client_metadata",
            "as sent",
            "authlete",
            "redirect_uris must be an array of strings",
            masked,
        ),
        (
            "/client/register",
            aws.to_owned(),
            "invalid_request",
            "as sent",
            "identity_center",
            "clientName must be a string",
            r#"{"clientName":"a number","clientType":"public","scopes":["(7 characters)"]}"#,
        ),
        (
            "/client/register",
            r#"{"clientName": "a", "clientType": "public", "grantTypes": ["hunter2"]}"#.to_owned(),
            "unsupported_grant_type",
            "grant_types and response_types",
            "identity_center",
            "grantTypes: \"…\" is not offered by this service",
            r#"{"clientName":"1 character","clientType":"public","grantTypes":["7 characters"]}"#,
        ),
        (
            "/v1/clients",
            r#"{"client_name": "a", "client_type": "hunter2"}"#.to_owned(),
            "invalid_client_metadata",
            "as sent",
            "identity_center",
            "client_type: \"…\" is not offered by this service",
            r#"{"client_name":"1 character","client_type":"7 characters"}"#,
        ),
    ] {
        world.clock.advance(DAY);
        let headers = [("content-type", "application/json"), ("authorization", &*format!("Bearer {token}"))];
        let reply = world.send("POST", path, &headers, body.clone()).await;
        assert!((200..500).contains(&reply.status), "{reply:?}");
        let found = kinds(&world).await;
        let [found] = found.as_slice() else { panic!("{path} {body}: {found:?}") };
        let [found_error, found_rule, found_door, found_description, found_sample] =
            found.each_ref().map(String::as_str);
        assert_eq!([found_error, found_rule, found_door], [error, rule, door], "{body}");
        assert_eq!(found_description, description, "{body}");
        let json = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(json(found_sample), json(sample), "{body}");
    }
}

#[tokio::test]
async fn what_is_no_registration_and_a_closed_door_are_counted() {
    let world = World::open().await;
    let large = format!("{{\"a\": \"{}\"}}", "x".repeat(70_000));
    for (kind, body, description) in [
        ("application/json", "", "the body is not JSON in UTF-8"),
        ("application/json", "{", "the body is not JSON in UTF-8"),
        ("application/x-www-form-urlencoded", "client_name=a", "the request must have Content-Type: application/json"),
        ("application/json", &large, "the body is larger than 65536 bytes"),
    ] {
        world.clock.advance(DAY);
        let reply = world.send("POST", "/1/register", &[("content-type", kind)], body.to_owned()).await;
        assert!([400, 413].contains(&reply.status), "{reply:?}");
        let found = kinds(&world).await;
        assert_eq!(found, [["invalid_client_metadata", "as sent", "oauth", description, "{}"].map(str::to_owned)]);
    }
    world.clock.advance(DAY);
    world.set_policy(1, Policy { doors: vec!["authlete".to_owned()], ..Preset::Open.policy() }).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 404);
    let [found] = &world.refused(1, 1).await[..] else { panic!("one") };
    assert_eq!((&*found.rule, &*found.error, &*found.door), ("doors", "not_found", "oauth"));
    assert!(found.samples[0].reproduces && found.description.contains("does not open the door oauth"));
}

#[tokio::test]
async fn who_has_no_token_is_counted() {
    let world = World::for_identity_center(1).await;
    let mut policy = Preset::Protected.policy();
    policy.doors.push("identity_center".to_owned());
    world.service(1, policy).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 401);
    assert_eq!(world.register(1, Some("hunter2"), &web_client()).await.status, 401);
    let body = json!({"json": web_client().to_string(), "token": "hunter2"});
    world.send_json("POST", "/api/1/client/registration", Some(&token), &body).await;
    let aws = json!({"clientName": "a", "clientType": "public"});
    assert_eq!(world.send_json("POST", "/client/register", None, &aws).await.status, 400);
    let found = kinds(&world).await;
    let found: Vec<_> = found.iter().map(|[_, rule, door, ..]| (rule.as_str(), door.as_str())).collect();
    let expected = [("registration", "identity_center"), ("registration", "authlete"), ("registration", "oauth")];
    assert!(expected.iter().all(|one| found.contains(one)), "{found:?}");
    assert!(!format!("{:?}", kinds(&world).await).contains("hunter2"));
}

/// What strangers make up is neither in an entry nor makes it larger than one is: an item, an event, a line of the log.
#[tokio::test]
async fn no_entry_is_as_large_as_what_a_stranger_sends() {
    let world = World::open().await;
    let (path, token, reply) = world.client(&web_client()).await;
    let mut update = as_update(&reply.body);
    for member in ["client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri", "organization_name"] {
        for tag in 0..100 {
            update[format!("{member}#x-hunter2-{tag}")] = json!("https://rp.example/");
        }
    }
    let long = format!("client_name#{}", ["hunter2"; 1000].join("-"));
    update[&long] = json!("A");
    let updated = world.send_json("PUT", &path, Some(&token), &update).await;
    assert_eq!(updated.status, 200, "{updated:?}");
    assert!(updated.body.get("client_name#x-hunter2-0").is_some() && updated.body.get(&long).is_none());
    let entries = of_client(&world, reply.text("client_id")).await;
    let [.., last] = entries.as_slice() else { panic!("{entries:?}") };
    let members =
        ["client_name", "client_uri", "logo_uri", "organization_name", "policy_uri", "tos_uri"].map(str::to_owned);
    assert!(members.iter().all(|member| last.members.contains(member)) && last.members.len() <= 7, "{last:?}");
}

#[tokio::test]
async fn the_oldest_that_nobody_has_used_make_room() {
    let world = World::empty().await;
    world.service(1, Policy { clients_per_service: Some(20), ..Preset::Open.policy() }).await;
    let service = world.app.service(1).await.unwrap();
    let token = world.service_token(1, &[Permission::UseService]).await;
    let mut ids = Vec::new();
    for _ in 0..20 {
        world.clock.advance(1);
        ids.push(world.client(&web_client()).await.2.text("client_id").to_owned());
    }
    let body = json!({"client_ids": [ids[0]]});
    assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &body).await.status, 200);
    let client = async |id: &str| world.app.store.client(1, service.numeric_id(id)).await.unwrap();
    let kept = client(&ids[1]).await.unwrap();
    administration::retain(&world.context(&service), kept, true).await.unwrap();
    world.catch_up().await;
    for _ in 0..3 {
        world.clock.advance(1);
        ids.push(world.client(&web_client()).await.2.text("client_id").to_owned());
    }
    world.catch_up().await;
    assert_eq!(world.app.store.client_count(1).await.unwrap(), 23, "nobody has had time to be used");
    world.clock.advance(TIME_TO_BE_USED);
    ids.push(world.client(&web_client()).await.2.text("client_id").to_owned());
    world.catch_up().await;
    let mut left = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        if client(id).await.is_some() {
            left.push(index);
        }
    }
    assert_eq!(left, [0, 1].into_iter().chain(6..24).collect::<Vec<_>>(), "not who is used, nor who is retained");
    assert_eq!(world.app.store.client_count(1).await.unwrap(), 20);
    let gone = of_client(&world, &ids[2]).await;
    assert_eq!(gone.last().unwrap().actor.as_deref(), Some("ceiling"));
}

#[tokio::test]
async fn a_ceiling_that_is_lowered_makes_room_by_itself() {
    let world = World::open().await;
    for _ in 0..450 {
        world.clock.advance(1);
        world.client(&web_client()).await;
    }
    world.catch_up().await;
    world.clock.advance(TIME_TO_BE_USED);
    world.set_policy(1, Policy { clients_per_service: Some(5), ..Preset::Open.policy() }).await;
    assert_eq!(world.register(1, None, &web_client()).await.status, 403);
    world.catch_up().await;
    assert_eq!(world.app.store.client_count(1).await.unwrap(), 5);
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
}

/// What one call lets go comes back in several, and others in between.
#[tokio::test]
async fn nobody_goes_in_place_of_those_who_are_not_counted_yet() {
    let world = World::open().await;
    for _ in 0..60 {
        world.clock.advance(1);
        world.client(&web_client()).await;
    }
    world.catch_up().await;
    world.clock.advance(TIME_TO_BE_USED);
    world.set_policy(1, Policy { clients_per_service: Some(20), ..Preset::Open.policy() }).await;
    let mut follower = Follower::new(world.table());
    loop {
        let (event, next) = follower.next(7).unwrap();
        if event.records.is_empty() {
            break;
        }
        shared::stream::apply(world.app, event).await.unwrap();
        follower.pass(next).unwrap();
    }
    assert_eq!(world.app.store.client_count(1).await.unwrap(), 20);
    assert_eq!(world.app.store.clients(1).await.unwrap().len(), 20);
    let uncounted = ("N#1#ceiling".to_owned(), "uncounted".to_owned());
    assert!(world.keys("N").await.contains(&uncounted));
    world.app.store.end_service(1, &shared::origin::Origin::default()).await.unwrap();
    world.catch_up().await;
    assert!(!world.keys("N").await.iter().any(|(partition, _)| partition.starts_with("N#1")), "it goes with the rest");
}

#[tokio::test]
async fn whom_an_operator_has_decided_about_makes_no_room() {
    let world = World::empty().await;
    world.service(1, Policy { clients_per_service: Some(3), ..Preset::Open.policy() }).await;
    let service = world.app.service(1).await.unwrap();
    let (_, _, approved) = world.client(&web_client()).await;
    let client = world.app.store.client(1, service.numeric_id(approved.text("client_id"))).await.unwrap().unwrap();
    administration::approve(&world.context(&service), client).await.unwrap();
    let submitted = Submitted::from_members(web_client().as_object().cloned().unwrap()).unwrap();
    let made = register_for(&world.context(&service), &submitted).await.unwrap().client;
    let created = administration::create(&world.context(&service), Draft::default()).await.unwrap().client;
    for _ in 0..6 {
        world.clock.advance(TIME_TO_BE_USED);
        world.client(&web_client()).await;
        world.catch_up().await;
    }
    for id in [approved.text("client_id"), &made.client_id, &created.client_id] {
        assert!(world.app.store.client(1, service.numeric_id(id)).await.unwrap().is_some(), "{id}");
    }
    assert_eq!(world.app.store.clients(1).await.unwrap().len(), 4, "these three, and the last one");
}

#[tokio::test]
async fn where_nobody_can_make_room_a_registration_is_refused() {
    let world = World::empty().await;
    world.service(1, Policy { clients_per_service: Some(5), ..Preset::Open.policy() }).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let mut refused = 0;
    for _ in 0..20 {
        let reply = world.register(1, None, &web_client()).await;
        refused += usize::from(reply.status == 403);
        if reply.status == 201 {
            let body = json!({"client_ids": [reply.text("client_id")]});
            assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &body).await.status, 200);
        }
        world.catch_up().await;
    }
    assert_eq!(refused, 5, "five, a tenth more and ten");
}

/// Registering twice and being looked up are what a stranger can do as often as it likes.
#[tokio::test]
async fn what_strangers_can_do_protects_nobody_from_the_ceiling() {
    let world = World::empty().await;
    let policy = Policy { clients_per_service: Some(5), ..Preset::McpShared.policy() };
    world.service(1, policy.clone()).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let service = world.app.service(1).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..5 {
        let program = json!({"client_name": format!("Program {number}"), "token_endpoint_auth_method": "none",
            "redirect_uris": ["http://127.0.0.1/cb"]});
        for _ in 0..2 {
            world.clock.advance(1);
            let reply = world.register(1, None, &program).await;
            assert_eq!(reply.status, 201);
            ids.push(reply.text("client_id").to_owned());
        }
        let path = format!("/1/client?client_id={}", ids.last().unwrap());
        assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 200);
    }
    ids.dedup();
    let body = json!({"client_ids": [ids[0]]});
    assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &body).await.status, 200);
    // Long after those who were never used would have ended.
    world.clock.advance(40 * 24 * 60 * 60);
    for _ in 0..3 {
        ids.push(world.client(&web_client()).await.2.text("client_id").to_owned());
    }
    world.catch_up().await;
    let mut left = Vec::new();
    for (index, id) in ids.iter().enumerate() {
        if world.app.store.client(1, service.numeric_id(id)).await.unwrap().is_some() {
            left.push(index);
        }
    }
    assert_eq!(left, [0, 4, 5, 6, 7], "but the report of the authorization server does");
    // An operator may say that a look-up is as good.
    world.set_policy(1, Policy { lookup_is_use: true, ..policy }).await;
    world.clock.advance(60);
    world.send_bare("GET", &format!("/1/client?client_id={}", ids[4]), Some(&token)).await;
    let looked_up = world.app.store.client(1, service.numeric_id(&ids[4])).await.unwrap().unwrap();
    assert!(!looked_up.makes_room());
}

#[tokio::test]
async fn who_was_told_201_has_time_to_be_used_and_who_has_no_room_is_told_so() {
    let world = World::empty().await;
    let mut policy = Policy { clients_per_service: Some(5), ..Preset::Open.policy() };
    (policy.audit.refusals, policy.audit.retention) = (false, 0);
    world.service(1, policy).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let service = world.app.service(1).await.unwrap();
    let mut ids = Vec::new();
    for number in 0..15 {
        let (_, _, reply) = world.client(&web_client()).await;
        ids.push(reply.text("client_id").to_owned());
        if number < 5 {
            let body = json!({"client_ids": [ids[number]]});
            assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &body).await.status, 200);
        }
        world.catch_up().await;
    }
    let left = async || world.app.store.clients(1).await.unwrap().len();
    assert_eq!(left().await, 15, "nobody vanishes who was registered just now");
    let refused = world.register(1, None, &web_client()).await;
    assert_eq!((refused.status, refused.text("error")), (403, "access_denied"));
    assert!(refused.text("error_description").contains("no more clients"), "{refused:?}");
    assert!(refused.text("error_description").contains("room is made within minutes"), "{refused:?}");
    assert_eq!(refused.header("retry-after"), "60");
    world.catch_up().await;
    assert_eq!(left().await, 15);
    // The refusal after that makes room, though the policy counts none.
    world.clock.advance(TIME_TO_BE_USED);
    assert_eq!(world.register(1, None, &web_client()).await.status, 403);
    world.catch_up().await;
    assert_eq!(left().await, 5);
    for id in &ids[..5] {
        assert!(world.app.store.client(1, service.numeric_id(id)).await.unwrap().is_some(), "the used ones stay");
    }
    assert_eq!(world.register(1, None, &web_client()).await.status, 201);
}

/// The one whose answer is lost is sent again when fifteen others of its kind have been counted.
#[tokio::test]
async fn a_refusal_whose_answer_is_lost_counts_once_though_others_count_meanwhile() {
    let embedded = table(None).await;
    let proxy = FaultProxy::start(&embedded.url()).await;
    let (world, failing) = (World::at(&embedded.url()), World::apart_at(&proxy.url(), 2));
    world.service(1, Preset::Open.policy()).await;
    let invalid = json!({"redirect_uris": ["https://rp.example/#a"]});
    proxy.inject("UpdateItem X", Fault::TimeoutAfterWrite);
    let others = async {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        for _ in 0..15 {
            assert_eq!(world.register(1, None, &invalid).await.status, 400);
        }
        world.refused(1, 1).await[0].count
    };
    let (reply, counted) = futures_util::join!(failing.register(1, None, &invalid), others);
    assert_eq!((reply.status, counted), (400, 16), "it has reached the table");
    assert_eq!(proxy.requests().iter().filter(|request| *request == "UpdateItem X").count(), 2, "and is sent again");
    assert_eq!(world.refused(1, 1).await[0].count, 16);
}
