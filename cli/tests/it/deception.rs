//! What clients say of themselves to deceive: names, pages, redirects. Each is refused, flagged or allowed.

use serde_json::{Value, json};
use shared::administration;
use shared::caller::Permission;
use shared::metadata::Submitted;
use shared::policy::{Approval, Conduct, Names, Policy, PolicyFault, Preset};
use shared::registry::register_for;

use crate::support::{Reply, World, as_update, assert_refused, web_client};

fn reserving(same: Conduct, look_alike: Conduct) -> Policy {
    let reserved = vec!["Example Bank".to_owned()].into();
    let names = Names { reserved, same, look_alike, ..Names::default() };
    Policy { names, ..Preset::Open.policy() }
}

async fn with(policy: Policy) -> (World, String) {
    let world = World::empty().await;
    world.service(1, policy).await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    (world, token)
}

fn named(name: &str) -> Value {
    json!({"client_name": name, "redirect_uris": ["https://rp.example/cb"]})
}

/// What the look-up tells whoever shows the client.
async fn flags(world: &World, token: &str, registered: &Reply) -> Value {
    assert_eq!(registered.status, 201, "{registered:?}");
    let path = format!("/1/client?client_id={}", registered.text("client_id"));
    let found = world.send_bare("GET", &path, Some(token)).await;
    assert_eq!(found.status, 200, "{found:?}");
    found.body.get("flags").cloned().unwrap_or_default()
}

#[tokio::test]
async fn reserved_names_and_what_looks_like_them_are_refused_flagged_or_allowed() {
    for (same, look_alike, name, flag) in [
        (Conduct::Refuse, Conduct::Refuse, "Example Bank", None),
        (Conduct::Refuse, Conduct::Refuse, "Ехаmple Bank", None),
        (Conduct::Flag, Conduct::Flag, "The EXAMPLE BANK", Some(json!(["reserved_name"]))),
        (Conduct::Flag, Conduct::Flag, "Examp1e Bank", Some(json!(["look_alike_name"]))),
        (Conduct::Allow, Conduct::Allow, "Example Bank", Some(Value::Null)),
        (Conduct::Refuse, Conduct::Refuse, "Harmless", Some(Value::Null)),
    ] {
        let (world, token) = with(reserving(same, look_alike)).await;
        let reply = world.register(1, None, &named(name)).await;
        match flag {
            None => {
                assert_refused(&reply, "invalid_client_metadata", "client_name");
                assert!(!reply.body.to_string().contains("Example Bank"), "which names these are is nobody's to list");
            }
            Some(flag) => assert_eq!(flags(&world, &token, &reply).await, flag, "{name}"),
        }
    }
}

#[tokio::test]
async fn to_reserve_a_name_is_enough() {
    for (preset, look_alike) in [(Preset::Open, Conduct::Flag), (Preset::Regulated, Conduct::Refuse)] {
        let mut written =
            serde_json::to_value(Policy { names: preset.policy().names, ..Preset::Open.policy() }).unwrap();
        written["names"]["reserved"] = json!(["Example Bank"]);
        let (world, token) = with(serde_json::from_value(written).unwrap()).await;
        for name in ["Example Bank", "Example Bank™", "Ⓔxample Bank", "E x a m p l e Bank", "ʼExample Bankʼs"] {
            assert_refused(&world.register(1, None, &named(name)).await, "invalid_client_metadata", "client_name has");
        }
        for name in ["Examp1e Bank", "Ехаmple Bank", "Exarnple Bank", "Exámple Bank", "e×ample bank", "Example 6ank"]
        {
            let reply = world.register(1, None, &named(name)).await;
            match look_alike {
                Conduct::Refuse => assert_refused(&reply, "invalid_client_metadata", "client_name looks like"),
                _ => assert_eq!(flags(&world, &token, &reply).await, json!(["look_alike_name"]), "{name}"),
            }
        }
        let reply = world.register(1, None, &named("Bank of Examples")).await;
        assert_eq!(flags(&world, &token, &reply).await, Value::Null);
    }
}

#[tokio::test]
async fn a_name_is_no_better_in_another_language_door_or_update() {
    let (world, token) = with(reserving(Conduct::Refuse, Conduct::Refuse)).await;
    let mut sent = web_client();
    for member in ["client_name#x-1", "organization_name#fr", "display_name"] {
        sent[member] = json!("Example Bank");
        assert_refused(
            &world.register(1, None, &sent).await,
            "invalid_client_metadata",
            member.split('#').next().unwrap(),
        );
        sent.as_object_mut().unwrap().remove(member);
    }
    let body = json!({"json": named("Examp1e Bank").to_string()});
    let reply = world.send_json("POST", "/api/1/client/registration", Some(&token), &body).await;
    assert_eq!(reply.text("action"), "BAD_REQUEST");
    let (path, registration, harmless) = world.client(&web_client()).await;
    let mut update = as_update(&harmless.body);
    update["client_name"] = json!("Example-Bank");
    let reply = world.send_json("PUT", &path, Some(&registration), &update).await;
    assert_refused(&reply, "invalid_client_metadata", "client_name");
}

#[tokio::test]
async fn whom_an_operator_vouches_for_has_the_name_and_keeps_it() {
    let (world, token) = with(reserving(Conduct::Refuse, Conduct::Refuse)).await;
    let service = world.app.service(1).await.unwrap();
    let sent = Submitted::from_members(named("Example Bank").as_object().unwrap().clone()).unwrap();
    let made = register_for(&world.context(&service), &sent).await.unwrap();
    let (id, registration) = (&made.client.client_id, made.registration_access_token.as_ref().unwrap().expose());
    let path = format!("/1/register/{id}");
    let read = world.send_bare("GET", &path, Some(registration)).await;
    let mut update = as_update(&read.body);
    update["client_uri"] = json!("https://rp.example/");
    let reply = world.send_json("PUT", &path, Some(registration), &update).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    let found = world.send_bare("GET", &format!("/1/client?client_id={id}"), Some(&token)).await;
    assert_eq!(found.body.get("flags"), None);
    update["client_name"] = json!("Example Bank 2");
    let reply = world.send_json("PUT", &path, Some(registration), &update).await;
    assert_refused(&reply, "invalid_client_metadata", "client_name");

    let (world, token) = with(reserving(Conduct::Flag, Conduct::Flag)).await;
    let reply = world.register(1, None, &named("Example Bank")).await;
    let service = world.app.service(1).await.unwrap();
    let number = service.numeric_id(reply.text("client_id"));
    let client = world.app.store.client(1, number).await.unwrap().unwrap();
    administration::approve(&world.context(&service), client).await.unwrap();
    assert_eq!(flags(&world, &token, &reply).await, Value::Null, "its names are suspected no more");
}

#[tokio::test]
async fn a_name_that_is_vouched_for_does_not_come_along_to_another_place() {
    let before = json!({"client_name": "Example Bank", "redirect_uris": ["https://rp.example/cb", "https://rp.example/2"],
        "client_uri": "https://www.rp.example/"});
    let with_member = |member: &str, value: Value| {
        let mut after = before.clone();
        after[member] = value;
        after
    };
    for (after, is_known) in [
        (with_member("redirect_uris", json!(["https://rp.example/other"])), true),
        (with_member("client_uri", json!("https://rp.example/about")), true),
        (with_member("contacts", json!(["a@rp.test"])), true),
        (with_member("redirect_uris", json!(["https://rp.test/cb"])), false),
        (with_member("redirect_uris", json!(["https://rp.example/cb", "https://sub.rp.example/cb"])), false),
        (with_member("redirect_uris", json!(["https://rp.example/cb", "com.example.app:/cb"])), false),
        (with_member("redirect_uris", json!(["https://rp.example/cb", "http://127.0.0.1/cb"])), false),
        (with_member("logo_uri#fr", json!("https://rp.test/logo.png")), false),
        (with_member("post_logout_redirect_uris", json!(["https://rp.test/out"])), false),
        (with_member("initiate_login_uri", json!("https://rp.test/login")), false),
    ] {
        for conduct in [Conduct::Refuse, Conduct::Flag] {
            let policy = Policy { approval: Approval::Required, ..reserving(Conduct::Flag, Conduct::Flag) };
            let (world, token) = with(policy.clone()).await;
            let registered = world.register(1, None, &before).await;
            let service = world.app.service(1).await.unwrap();
            let number = service.numeric_id(registered.text("client_id"));
            let client = world.app.store.client(1, number).await.unwrap().unwrap();
            administration::approve(&world.context(&service), client).await.unwrap();
            let mut names = policy.names.clone();
            names.same = conduct;
            world.set_policy(1, Policy { names, ..policy }).await;
            let mut update = after.clone();
            update["client_id"] = json!(registered.text("client_id"));
            let path = format!("/1/register/{}", registered.text("client_id"));
            let reply =
                world.send_json("PUT", &path, Some(registered.text("registration_access_token")), &update).await;
            if conduct == Conduct::Refuse && !is_known {
                assert_refused(&reply, "invalid_client_metadata", "client_name");
                continue;
            }
            assert_eq!(reply.status, 200, "{reply:?}");
            let found = world
                .send_bare("GET", &format!("/1/client?client_id={}", registered.text("client_id")), Some(&token))
                .await;
            let flagged = found.body["flags"].as_array().is_some_and(|flags| flags.contains(&json!("reserved_name")));
            assert_eq!(flagged, !is_known, "{after}");
            assert_eq!(found.body["pending"], json!(true), "what is changed waits again: {found:?}");
        }
    }
}

#[tokio::test]
async fn pages_on_another_host_are_flagged_and_refused_where_the_policy_says_so() {
    let borrowed = json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "https://bank.example/logo.png"});
    let native = json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "https://bank.example/logo.png",
        "application_type": "native"});
    let mut native_too = native.clone();
    native_too["redirect_uris"] = json!(["https://rp.example/cb", "com.example.app:/cb"]);
    let loopback = json!({"redirect_uris": ["http://127.0.0.1/cb"], "client_uri": "https://vendor.example/"});
    let own = json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "https://rp.example/logo.png"});
    let two = |others: [&str; 2], page: &str| {
        json!({"redirect_uris": others.map(|host| format!("https://{host}/cb")),
        "logo_uri": format!("https://{page}/logo.png")})
    };
    let listed = two(["rp.example", "bank.example"], "bank.example");
    let listed_first = two(["bank.example", "rp.example"], "bank.example");
    let beside = two(["rp.example", "bank.example"], "rp.example");
    let looks_below = two(["rp.example", "rp.example"], "bankrp.example");
    let sites = [
        two(["rp.example", "app.rp.example"], "rp.example"),
        two(["a.app.rp.example", "app.rp.example"], "rp.example"),
        two(["rp.example", "rp.example"], "static.rp.example"),
    ];
    for (conduct, sent, expected) in [
        (Conduct::Flag, &borrowed, Some(json!(["foreign_pages"]))),
        (Conduct::Refuse, &borrowed, None),
        (Conduct::Allow, &borrowed, Some(Value::Null)),
        (Conduct::Refuse, &native, None),
        (Conduct::Flag, &native, Some(json!(["foreign_pages"]))),
        (Conduct::Refuse, &native_too, Some(json!(["foreign_pages"]))),
        (Conduct::Refuse, &loopback, Some(Value::Null)),
        (Conduct::Refuse, &own, Some(Value::Null)),
        (Conduct::Flag, &listed, Some(json!(["foreign_pages"]))),
        (Conduct::Refuse, &listed, None),
        (Conduct::Refuse, &listed_first, None),
        (Conduct::Refuse, &beside, None),
        (Conduct::Refuse, &looks_below, None),
        (Conduct::Refuse, &sites[0], Some(Value::Null)),
        (Conduct::Refuse, &sites[1], Some(Value::Null)),
        (Conduct::Refuse, &sites[2], Some(Value::Null)),
    ] {
        let mut policy = Preset::Open.policy();
        policy.redirect_uris.pages_share_host = conduct;
        let (world, token) = with(policy).await;
        let reply = world.register(1, None, sent).await;
        match expected {
            None => assert_refused(&reply, "invalid_client_metadata", "logo_uri"),
            Some(expected) => assert_eq!(flags(&world, &token, &reply).await, expected, "{conduct:?} {sent}"),
        }
    }
}

#[tokio::test]
async fn redirects_into_private_networks_are_flagged_and_refused_where_the_policy_says_so() {
    let hosts = ["10.1.2.3", "192.168.0.10:8443", "[fd00::1]", "intranet", "printer.local", "vault.corp.internal"];
    let public = ["rp.example", "8.8.8.8", "localhost", "127.0.0.1", "[::1]"];
    for conduct in [Conduct::Flag, Conduct::Refuse, Conduct::Allow] {
        let mut policy = Preset::Open.policy();
        policy.redirect_uris.private_hosts = conduct;
        let (world, token) = with(policy).await;
        for host in hosts {
            let uri = format!("https://{host}/cb");
            let reply = world.register(1, None, &json!({"redirect_uris": ["https://rp.example/cb", uri]})).await;
            match conduct {
                Conduct::Refuse => assert_refused(&reply, "invalid_redirect_uri", "redirect_uris[1]"),
                Conduct::Flag => assert_eq!(flags(&world, &token, &reply).await, json!(["private_redirect"]), "{host}"),
                Conduct::Allow => assert_eq!(flags(&world, &token, &reply).await, Value::Null, "{host}"),
            }
        }
        for host in public {
            let reply = world.register(1, None, &json!({"redirect_uris": [format!("https://{host}/cb")]})).await;
            assert_eq!(flags(&world, &token, &reply).await, Value::Null, "{host}");
        }
    }
}

#[tokio::test]
async fn developers_hosts_have_http_and_are_nobodys_private_network() {
    let mut policy = Preset::Open.policy();
    policy.redirect_uris.private_hosts = Conduct::Refuse;
    policy.redirect_uris.hosts = vec!["rp.example".to_owned()];
    let hosts = ["host.docker.internal", ".localhost", "192.168.1.20"];
    policy.redirect_uris.development_hosts = hosts.map(str::to_owned).to_vec();
    let (world, token) = with(policy).await;
    for uri in [
        "http://host.docker.internal:3000/cb",
        "https://host.docker.internal/cb",
        "http://app.localhost:8080/cb",
        "http://192.168.1.20/cb",
    ] {
        let reply = world.register(1, None, &json!({"redirect_uris": [uri]})).await;
        assert_eq!(flags(&world, &token, &reply).await, Value::Null, "{uri}");
        assert_eq!(reply.body["redirect_uris"], json!([uri]));
        let id = reply.text("client_id");
        let look_up = async |uri: &str| {
            let uri = uri.replace(':', "%3A").replace('/', "%2F");
            let path = format!("/1/client?client_id={id}&redirect_uri={uri}");
            world.send_bare("GET", &path, Some(&token)).await.status
        };
        assert_eq!(look_up(uri).await, 200);
        assert_eq!(look_up("http://host.docker.internal:3001/cb").await, 400, "its port is one, as any other host's");
    }
    for uri in [
        "http://192.168.1.21/cb",
        "http://rp.example/cb",
        "http://host.docker.internal.evil.example/cb",
        "http://xlocalhost/cb",
        "http://host.docker.internal@evil.example/cb",
    ] {
        let reply = world.register(1, None, &json!({"redirect_uris": [uri]})).await;
        assert_refused(&reply, "invalid_redirect_uri", "redirect_uris[0]");
    }
}

#[tokio::test]
async fn characters_that_nobody_sees_are_refused_unless_a_policy_takes_them() {
    assert_hidden("\u{202e}knaB elpmaxE", "U+202E").await;
    for conduct in [Conduct::Refuse, Conduct::Flag, Conduct::Allow] {
        let (world, _) = with(about_hidden_characters(conduct)).await;
        let control = world.register(1, None, &named("Bank\u{1b}[2J")).await;
        assert_refused(&control, "invalid_client_metadata", "U+001B");
    }
}

fn about_hidden_characters(conduct: Conduct) -> Policy {
    Policy { names: Names { hidden_characters: conduct, ..Names::default() }, ..Preset::Open.policy() }
}

/// A name with characters that nobody sees is refused, flagged or taken, as the policy says.
async fn assert_hidden(name: &str, part: &str) {
    for (conduct, expected) in [
        (Conduct::Refuse, None),
        (Conduct::Flag, Some(json!(["hidden_characters"]))),
        (Conduct::Allow, Some(Value::Null)),
    ] {
        let (world, token) = with(about_hidden_characters(conduct)).await;
        let reply = world.register(1, None, &named(name)).await;
        match expected {
            None => assert_refused(&reply, "invalid_client_metadata", part),
            Some(expected) => assert_eq!(flags(&world, &token, &reply).await, expected, "{name:?}"),
        }
    }
}

#[tokio::test]
async fn a_name_shows_something_and_what_it_shows_has_a_meaning() {
    for (name, part) in [
        (" ", "client_name must show something"),
        ("\u{a0}\u{3000}", "client_name must show something"),
        ("\u{301}\u{489}", "client_name must show something"),
        ("Bank\u{e000}", "U+E000"),
        ("Bank\u{fdd0}", "U+FDD0"),
        ("Bank\u{ffff}", "U+FFFF"),
        ("Bank\u{fffc}", "U+FFFC"),
        ("Bank\u{378}", "U+0378"),
    ] {
        assert_hidden(name, part).await;
    }
}

/// What a bank reserves whose name is short, and whom it does not mean.
#[tokio::test]
async fn who_only_has_the_letters_of_a_short_name_is_refused_nowhere() {
    let reserved = ["ING", "Uber", "Visa", "Meta"].map(str::to_owned).to_vec().into();
    let names = Names { reserved, look_alike: Conduct::Flag, ..Names::default() };
    let (world, token) = with(Policy { names, ..Preset::Open.policy() }).await;
    for (name, expected) in [
        ("Concerto in G", Value::Null),
        ("Plug in G", Value::Null),
        ("Vis a vis", Value::Null),
        ("Met A Forecast", Value::Null),
        ("Alles über Katzen", json!(["look_alike_name"])),
    ] {
        let reply = world.register(1, None, &named(name)).await;
        assert_eq!(flags(&world, &token, &reply).await, expected, "{name}");
    }
    for name in ["I N G", "ING Direct", "My Visa", "M e t a"] {
        let reply = world.register(1, None, &named(name)).await;
        assert_refused(&reply, "invalid_client_metadata", "a name that this service reserves");
    }
}

#[tokio::test]
async fn a_name_that_is_turned_around_is_the_one_that_is_shown() {
    let reserved = vec!["Example Bank".to_owned()].into();
    let names = Names { reserved, hidden_characters: Conduct::Flag, ..Names::default() };
    let (world, token) = with(Policy { names, ..Preset::Open.policy() }).await;
    let reply = world.register(1, None, &named("\u{202e}knaB elpmaxE")).await;
    assert_refused(&reply, "invalid_client_metadata", "a name that this service reserves");
    for (name, expected) in [
        ("\u{202e}knaB e1pmaxE", json!(["look_alike_name", "hidden_characters"])),
        ("\u{202e}knaB rehtonA", json!(["hidden_characters"])),
    ] {
        let reply = world.register(1, None, &named(name)).await;
        assert_eq!(flags(&world, &token, &reply).await, expected, "{name:?}");
    }
}

#[test]
fn a_policy_says_what_is_no_host_and_no_name() {
    for (change, expected) in [
        (json!({"names": {"reserved": ["…"]}}), Some(PolicyFault::ReservedNames)),
        (json!({"names": {"reserved": vec!["Bank"; 201]}}), Some(PolicyFault::ReservedNames)),
        (json!({"names": {"reserved": ["Bank"], "same": "refuse"}}), None),
        (
            json!({"redirect_uris": {"development_hosts": ["app.localhost", ".localhost", "10.0.0.1", "[fd00::1]"]}}),
            None,
        ),
        (
            json!({"redirect_uris": {"development_hosts": ["http://app"]}}),
            Some(PolicyFault::Host("development_hosts", "http://app".to_owned())),
        ),
        (
            json!({"redirect_uris": {"development_hosts": ["*.localhost"]}}),
            Some(PolicyFault::Host("development_hosts", "*.localhost".to_owned())),
        ),
        (json!({"redirect_uris": {"pages_share_host": true}}), None),
        (json!({"redirect_uris": {"pages_share_host": "flag"}}), None),
    ] {
        let mut policy = serde_json::to_value(Preset::Open.policy()).unwrap();
        for (member, value) in change.as_object().unwrap() {
            policy[member].as_object_mut().unwrap().extend(value.as_object().unwrap().clone());
        }
        let policy: Policy = serde_json::from_value(policy).unwrap();
        assert_eq!(policy.check().err(), expected, "{change}");
    }
}
