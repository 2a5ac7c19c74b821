//! All that is stored of a service's own items moves with it: what does not is named here, and in `docs/storage.md`.

use std::collections::{BTreeMap, BTreeSet};

use registrar::embedded::{self, TABLE};
use serde_json::{Map, Value, json};
use shared::App;
use shared::administration::{delete_restorably, replace_secret, replace_service};
use shared::caller::Permission;
use shared::claim_kind::ClaimKind;
use shared::client::{ClientTrustChain, RegisteredClient, Source};
use shared::credentials::{Token, TokenHash, TokenKind};
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Policy, Preset};
use shared::service::{FederationSettings, ServiceConfiguration, with_signing_keys};
use shared::store::schema::client_key;
use shared::store::{Created, Item, TokenRecord};

use super::{keys, shown};
use crate::program::{Folder, registrar};
use crate::support::{World, access_key, web_client};
use crate::wiring::read;

/// What an item has by its write, or by its table.
const LEFT: [&str; 4] = ["changed", "write_id", "data_key", "reindexed"];

/// What is sealed under the service's data key, which is another one.
const SEALED: [&str; 3] = ["secret", "previous_secret", "secrets"];

/// A time that is neither over by the clock of the tests nor by that of the program, in seconds since 1970.
const LATER: u64 = 4_000_000_000;

/// The items of a table, by their keys.
async fn stored(world: &World) -> BTreeMap<(String, String), Item> {
    let client = embedded::client(&world.url(), &access_key());
    let mut pages = client.scan().table_name(TABLE).into_paginator().items().send();
    let mut items = BTreeMap::new();
    while let Some(item) = pages.next().await {
        let item = item.unwrap();
        let [partition, sort] = ["PK", "SK"].map(|name| item[name].as_s().unwrap().clone());
        items.insert((partition, sort), item);
    }
    items
}

fn kind((partition, _): &(String, String)) -> &str {
    partition.split('#').next().unwrap()
}

fn kinds(items: &BTreeMap<(String, String), Item>) -> BTreeSet<&str> {
    items.keys().map(kind).collect()
}

/// A client that has all that one can have, whatever goes together. A field that is added has to be set here.
fn whole(read: &RegisteredClient) -> RegisteredClient {
    let mut record = read.record.clone();
    record.settings.alias = Some("store".to_owned());
    record.settings.developer = Some("somebody".to_owned());
    record.trust_chain = Some(ClientTrustChain {
        trust_anchor: "https://anchor.example".to_owned(),
        statements: Vec::new(),
        expires_at: LATER,
        resolved_at_millis: 1,
        request_issued_at_millis: Some(2),
    });
    let (secret, secret_mac, previous_secret) = (&read.secret, read.secret_mac, &read.previous_secret);
    assert!(secret.is_some() && secret_mac.is_some() && previous_secret.is_some());
    RegisteredClient {
        service_id: read.service_id,
        client_id: read.client_id.clone(),
        numeric_id: read.numeric_id,
        source: Source::AuthleteRegistration,
        locked: true,
        record,
        secret: secret.clone(),
        secret_mac,
        previous_secret: previous_secret.clone(),
        tokens_from: Some(3),
        begun: Some(4),
        registration_access_token: Some(digest('a')),
        next_registration_access_token: Some(digest('b')),
        expires_at: Some(LATER),
        unused_until: Some(LATER + 1),
        given_until: None,
        registered_again_at: Some(8),
        pending_until: Some(LATER + 2),
        retained: true,
        used: Some("2026-09-21".to_owned()),
        unconfirmed: true,
        version: read.version + 1,
    }
}

/// The same of a token of that kind; an organization's own is no service's.
fn whole_token(kind: TokenKind, hash: TokenHash) -> TokenRecord {
    TokenRecord {
        hash,
        kind,
        service_id: Some(1),
        organization: None,
        permissions: vec![Permission::ClientRead, Permission::ClientWrite],
        bound: BoundPolicy { scope: None, grant_types: Some(Vec::new()) },
        certificate: Some([5; 32]),
        uses_left: Some(6),
        expires_at: Some(LATER),
        created_millis: 1_790_000_000_007,
        made_by: Some(digest('c')),
    }
}

/// The same of a service.
fn whole_service(policy: Policy) -> ServiceConfiguration {
    let object = |value: Value| -> Map<String, Value> { value.as_object().cloned().unwrap() };
    ServiceConfiguration {
        name: Some("Example".to_owned()),
        organization: "tests".to_owned(),
        issuer: Some("https://as.example".to_owned()),
        base_url: Some("https://clients.example".to_owned()),
        authorization_server: object(json!({"token_endpoint": "https://as.example/token"})),
        policy,
        federation: FederationSettings::default(),
        jwks: None,
        others: object(json!({"kept": {"by": "a door"}})),
    }
}

fn digest(letter: char) -> TokenHash {
    TokenHash::parse(&format!("{}A", letter.to_string().repeat(42))).unwrap()
}

/// A service whose items have all that there is, and beside them what does not move.
async fn full(world: &World) {
    let App { store, keys, entropy, .. } = world.app;
    for kind in [TokenKind::Service, TokenKind::InitialAccess] {
        let token = Token::mint(kind, entropy).unwrap();
        store.create_token(&whole_token(kind, token.hash()), &Origin::default()).await.unwrap();
    }
    let service = store.service(1).await.unwrap().unwrap();
    let (context, origin) = (world.context(&service), Origin::default());
    let registered = async || {
        let (_, _, reply) = world.client(&web_client()).await;
        store.client(1, service.numeric_id(reply.text("client_id"))).await.unwrap().unwrap()
    };
    let table = embedded::client(&world.url(), &access_key());
    // A lock keeps a client from having an end, and an alias is one client's.
    for locked in [true, false] {
        let client = registered().await;
        let number = client.numeric_id;
        replace_secret(&context, client, None, Some(31_536_000)).await.unwrap();
        let mut whole = RegisteredClient { locked, ..whole(&store.client(1, number).await.unwrap().unwrap()) };
        whole.record.settings.alias = locked.then(|| "store".to_owned());
        // One stands in the place of the other.
        if !locked {
            (whole.given_until, whole.unused_until) = (whole.unused_until, None);
        }
        let key = client_key(1, number).into_attributes();
        table.delete_item().table_name(TABLE).set_key(Some(key)).send().await.unwrap();
        let created = store.create_client(&whole, None, &[ClaimKind::Alias], &origin).await.unwrap();
        assert!(matches!(created, Created::Created));
    }
    store.reindex(&store.clients(1).await.unwrap()).await.unwrap();
    delete_restorably(&context, &registered().await).await.unwrap();
    let used = registered().await;
    let operator = world.service_token(1, &[Permission::UseService]).await;
    let body = json!({"grantType": "PASSWORD", "clientId": used.numeric_id, "subject": "jane", "accessToken": "mine"});
    let given = world.send_json("POST", "/api/1/auth/token/create", Some(&operator), &body).await;
    assert_eq!(given.status, 200, "{given:?}");
    let mut secrets = with_signing_keys(Map::new(), world.clock.now()).unwrap();
    secrets.insert("password".to_owned(), "hidden".into());
    let configuration = whole_service(Preset::Open.policy());
    replace_service(store, keys, &service, configuration, &secrets, &origin).await.unwrap();
    world.catch_up().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn all_that_is_stored_of_what_moves_moves() {
    let (here, there, home) = (World::open().await, World::empty().await, Folder::new("whole"));
    full(&here).await;
    std::fs::create_dir_all(&home.0).unwrap();
    std::fs::write(home.0.join("env"), format!("AWS_ACCESS_KEY_ID={}\n", access_key().expose())).unwrap();
    std::fs::write(home.0.join("key"), [7; 32]).unwrap();
    let (public, private) = keys(&home);
    let run = |world: &World, arguments: &[&str]| {
        let mut command = registrar();
        command.args(arguments).args(["--endpoint-url", &world.url(), "--key-file"]).arg(home.0.join("key"));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        output.stdout
    };
    let export = run(&here, &["service", "export", "1", "--clients", "--tokens", "--secrets-to", shown(&public)]);
    let file = home.0.join("service.jsonl");
    std::fs::write(&file, export).unwrap();
    run(&there, &["service", "import", shown(&file), "--secrets-key", shown(&private)]);

    let (was, is) = (stored(&here).await, stored(&there).await);
    let moving = BTreeSet::from(["C", "I", "S", "T", "U"]);
    assert_eq!(kinds(&is), moving, "what moves");
    let staying = BTreeSet::from(["A", "G", "K", "N", "Q", "V"]);
    assert_eq!(kinds(&was).difference(&moving).copied().collect::<BTreeSet<_>>(), staying, "and what does not");
    let mut seen = BTreeSet::new();
    let deleted = |item: &Item| item.contains_key("deleted_by");
    for (key, item) in was.iter().filter(|(key, item)| moving.contains(kind(key)) && !deleted(item)) {
        let arrived = is.get(key).unwrap_or_else(|| panic!("{key:?} is left behind"));
        for name in item.keys().chain(arrived.keys()).filter(|name| !LEFT.contains(&name.as_str())) {
            let (was, is) = (item.get(name), arrived.get(name));
            let is_same = if SEALED.contains(&name.as_str()) { was.is_some() == is.is_some() } else { was == is };
            assert!(is_same, "{key:?}: {name} was {was:?} and is {is:?}");
            seen.insert(name.as_str());
        }
    }
    assert!(SEALED.iter().all(|name| seen.contains(name)), "{seen:?}");
    let document = read("docs/storage.md");
    let exports = document.split("## Exports").nth(1).unwrap();
    assert!(LEFT.iter().all(|name| exports.contains(&format!("`{name}`"))));
    let opened = async |world: &World| {
        let service = world.app.store.service(1).await.unwrap().unwrap();
        let mut opened = vec![Value::Object(service.secrets(&world.app.keys).await.unwrap()).to_string()];
        for client in world.app.store.clients(1).await.unwrap() {
            let secret = service.secret_of(&world.app.keys, &client).await.unwrap();
            let previous = service.previous_secret_of(&world.app.keys, &client, 0).await.unwrap();
            opened.extend([secret, previous].into_iter().flatten().map(|secret| secret.expose().to_owned()));
        }
        opened
    };
    let (was, is) = (opened(&here).await, opened(&there).await);
    assert_eq!((&is, is.len()), (&was, 6), "of the service, of each of three clients, and twice the one before");
}
