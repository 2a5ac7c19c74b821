//! Clients that are looked for, the index that leads to them, and counts by the hour.

use std::collections::BTreeSet;

use dynoxide::ImportOptions;
use dynoxide::actions::import_items;
use registrar::embedded::{TABLE, ready};
use registrar::streams::Follower;
use serde_json::{Value, json};
use shared::administration::{approve, delete_restorably, lock, restore};
use shared::caller::Permission;
use shared::client::{ClientType, RegisteredClient, Source};
use shared::origin::Origin;
use shared::policy::{Approval, Policy, Preset};
use shared::store::schema::Key;
use shared::store::{Deleter, HourCount, Item, Route, Search};
use shared::time::DAY;
use shared::{Error, stream};

use crate::fault_proxy::{Fault, FaultProxy};
use crate::program::{Administration, Folder, Served};
use crate::support::{NOW, World, as_update};

/// When the first client of a crowd was registered, in milliseconds since 1970.
const FIRST: u64 = 1_780_000_000_000;

fn named(name: &str) -> Search {
    Search { name: Some(name.to_owned()), ..Search::default() }
}

fn at_host(host: &str) -> Search {
    Search { redirect_host: Some(host.to_owned()), ..Search::default() }
}

/// The names of the clients of service 1 that are found, all pages of them.
async fn found(world: &World, search: &Search) -> Vec<String> {
    let name = |client: &RegisteredClient| client.record.metadata.to_members()["client_name"].as_str().unwrap().into();
    all_found(world, search, 100).await.iter().map(name).collect()
}

async fn all_found(world: &World, search: &Search, limit: usize) -> Vec<RegisteredClient> {
    let (mut clients, mut cursor) = (Vec::new(), None);
    loop {
        let page = world.app.store.find_clients(1, search, |_| true, limit, cursor.as_deref()).await.unwrap();
        assert!(page.clients.len() <= limit);
        clients.extend(page.clients);
        match page.next {
            Some(next) => cursor = Some(next),
            None => return clients,
        }
    }
}

/// Where the clients of that service should stand.
async fn places(world: &World, service: u64) -> BTreeSet<(String, String)> {
    let clients = world.app.store.clients(service).await.unwrap();
    let keys = clients.iter().flat_map(RegisteredClient::places);
    let part = |name: &str, key: &Item| key[name].as_s().unwrap().clone();
    keys.map(Key::into_attributes).map(|key| (part("PK", &key), part("SK", &key))).collect()
}

/// The stream is followed, and the index is exactly that of the clients of service 1: how many places it has.
async fn assert_indexed(world: &World, what: &str) -> usize {
    world.catch_up().await;
    let index = world.keys("Q").await;
    assert_eq!(index, places(world, 1).await, "{what}");
    index.len()
}

async fn client(world: &World, client_id: &str) -> RegisteredClient {
    let service = world.app.service(1).await.unwrap();
    world.app.store.client(1, service.numeric_id(client_id)).await.unwrap().unwrap()
}

#[tokio::test]
async fn clients_are_found_by_what_they_have_in_common() {
    let world = World::open().await;
    let mut ids = Vec::new();
    for metadata in [
        json!({"client_name": "Example Bank", "client_name#fr": "Banque Exemple", "software_id": "s#1",
            "redirect_uris": ["https://rp.example/cb"]}),
        json!({"client_name": "Bank of Examples", "token_endpoint_auth_method": "none",
            "redirect_uris": ["https://other.example/cb", "https://rp.example/b"]}),
        json!({"client_name": "Notes", "redirect_uris": ["http://127.0.0.1/cb", "com.example.Notes:/cb"],
            "application_type": "native"}),
    ] {
        ids.push(world.client(&metadata).await.2.text("client_id").to_owned());
        world.clock.advance(1);
    }
    let service = world.app.service(1).await.unwrap();
    lock(&world.context(&service), client(&world, &ids[0]).await, true).await.unwrap();
    world.catch_up().await;
    let (one, other, notes) = ("Example Bank", "Bank of Examples", "Notes");
    let public = Search { client_type: Some(ClientType::Public), ..Search::default() };
    let source = |source| Search { source: Some(source), ..Search::default() };
    let software = |id: &str| Search { software_id: Some(id.to_owned()), ..Search::default() };
    let locked = Search { locked: Some(true), ..Search::default() };
    for (what, search, expected) in [
        ("all, the newest first", Search::default(), &[notes, other, one][..]),
        ("a word, the newest first", named("BANK"), &[other, one]),
        ("a beginning, by word", named("exa"), &[one, other]),
        ("several", named("of exa"), &[other]),
        ("in another order", named("bank exemple"), &[one]),
        ("in another language", named("banq"), &[one]),
        ("a single letter", named("n"), &[notes]),
        ("what is in the middle of a word", named("xample"), &[]),
        ("no word", named("…"), &[]),
        ("not locked", Search { locked: Some(false), ..named("bank") }, &[other]),
        ("not waiting", Search { pending: Some(false), ..Search::default() }, &[notes, other, one]),
        ("a host", at_host("rp.example"), &[other, one]),
        ("a host as people write it", at_host("OTHER.example."), &[other]),
        ("an address", at_host("127.0.0.1"), &[notes]),
        ("a host of nobody", at_host("example"), &[]),
        ("a scheme", at_host("com.example.notes:"), &[notes]),
        ("as people write it", at_host("COM.Example.Notes:"), &[notes]),
        ("one of nobody", at_host("notes:"), &[]),
        ("a scheme is no host", at_host("com.example.notes"), &[]),
        ("what others have, too", at_host("https:"), &[]),
        ("software", software("s#1"), &[one]),
        ("a part of it", software("s"), &[]),
        ("a source", source(Source::Oauth), &[notes, other, one]),
        ("another", source(Source::Stet), &[]),
        ("a type", public.clone(), &[other]),
        ("locked", locked.clone(), &[one]),
        ("waiting", Search { pending: Some(true), ..Search::default() }, &[]),
        ("all of it", Search { locked: Some(true), source: Some(Source::Oauth), ..at_host("rp.example") }, &[one]),
        ("one of it is not so", Search { name: Some("bank".to_owned()), ..at_host("127.0.0.1") }, &[]),
        ("that neither", Search { client_type: Some(ClientType::Public), ..named("example") }, &[other]),
    ] {
        assert_eq!(found(&world, &search).await, expected, "{what}");
    }
    let meant = |client: &RegisteredClient| client.client_id == ids[1];
    let page = world.app.store.find_clients(1, &named("bank"), meant, 100, None).await.unwrap();
    assert_eq!((page.clients.len(), page.clients[0].client_id == ids[1], page.next), (1, true, None));
    let elsewhere = world.app.store.find_clients(2, &at_host("rp.example"), |_| true, 100, None).await.unwrap();
    assert!(elsewhere.clients.is_empty() && elsewhere.next.is_none());
}

#[tokio::test]
async fn the_index_is_what_the_clients_are() {
    let world = World::empty().await;
    let policy = Policy { approval: Approval::Required, approval_within: DAY, ..Preset::Open.policy() };
    world.service(1, policy).await;
    let service = world.app.service(1).await.unwrap();
    let context = world.context(&service);
    let token = world.service_token(1, &[Permission::UseService]).await;
    let example = json!({"client_name": "Example", "redirect_uris": ["https://rp.example/cb"]});
    let (path, registration, registered) = world.client(&example).await;
    let client_id = registered.text("client_id");
    assert_eq!(assert_indexed(&world, "registered").await, 4, "host, source, word, waiting");
    approve(&context, client(&world, client_id).await).await.unwrap();
    assert_eq!(assert_indexed(&world, "approved").await, 3);
    let mut update = as_update(&registered.body);
    update["client_name"] = json!("New Name");
    update["software_id"] = json!("software");
    update["redirect_uris"] = json!(["https://rp.example/other", "https://new.example/cb"]);
    assert_eq!(world.send_json("PUT", &path, Some(&registration), &update).await.status, 200);
    assert_eq!(assert_indexed(&world, "changed, and waiting again").await, 7);
    approve(&context, client(&world, client_id).await).await.unwrap();
    assert_eq!(assert_indexed(&world, "approved").await, 6);
    assert_eq!(found(&world, &named("example")).await, Vec::<String>::new());
    for (locked, places) in [(true, 7), (false, 6)] {
        lock(&context, client(&world, client_id).await, locked).await.unwrap();
        assert_eq!(assert_indexed(&world, "locked and unlocked").await, places);
    }
    let body = json!({"client_ids": [client_id]});
    assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &body).await.status, 200);
    delete_restorably(&context, &client(&world, client_id).await).await.unwrap();
    assert_eq!(assert_indexed(&world, "pruned").await, 0);
    restore(&context, client_id, None).await.unwrap();
    assert_eq!(assert_indexed(&world, "come back").await, 6);
    assert_eq!(world.send_bare("DELETE", &path, Some(&registration)).await.status, 204);
    assert_eq!(assert_indexed(&world, "deleted").await, 0);

    world.client(&example).await;
    world.catch_up().await;
    world.clock.advance(DAY);
    assert_eq!(found(&world, &at_host("rp.example")).await, Vec::<String>::new(), "who has expired is passed over");
    assert_eq!(world.keys("Q").await.len(), 4, "until it is removed");
    world.sweep().await;
    assert_eq!(assert_indexed(&world, "expired").await, 0);

    world.service(2, Preset::Open.policy()).await;
    for service in [1, 1, 2] {
        assert_eq!(world.register(service, None, &example).await.status, 201);
    }
    world.catch_up().await;
    assert_eq!(world.keys("Q").await.len(), 11);
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(world.keys("Q").await, places(&world, 2).await, "purged with its service");
    assert!(world.app.store.hours(1, 0).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_change_of_nothing_that_clients_are_found_by_writes_nothing() {
    let world = World::open().await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let named = json!({"client_name": "Example", "redirect_uris": ["https://rp.example/cb"]});
    let (path, registration, registered) = world.client(&named).await;
    let mut follower = Follower::new(world.table());
    while follower.step(world.app).await.unwrap() > 0 {}
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let body = json!({"client_ids": [registered.text("client_id")]});
    assert_eq!(world.send_json("POST", "/1/client/used", Some(&token), &body).await.status, 200);
    assert_eq!(follower.step(near.app).await.unwrap(), 1);
    assert_eq!(proxy.requests(), Vec::<String>::new(), "a use");
    let mut update = as_update(&registered.body);
    update["redirect_uris"] = json!(["https://rp.example/other"]);
    assert_eq!(world.send_json("PUT", &path, Some(&registration), &update).await.status, 200);
    follower.step(near.app).await.unwrap();
    assert_eq!(proxy.requests(), ["BatchWriteItem A"], "another path at the same host");
}

#[tokio::test]
async fn records_that_come_again_and_calls_that_end_half_way_leave_the_same_index() {
    let world = World::open().await;
    let mut follower = Follower::new(world.table());
    for round in 0..3 {
        let (path, token, registered) = world
            .client(&json!({"client_name": format!("Round {round}"), "redirect_uris": ["https://rp.example/cb"]}))
            .await;
        let (other, other_token, _) = world.client(&json!({"redirect_uris": ["https://other.example/cb"]})).await;
        let mut update = as_update(&registered.body);
        update["client_name"] = json!("Changed");
        assert_eq!(world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
        assert_eq!(world.send_bare("DELETE", &other, Some(&other_token)).await.status, 204);
        let (all, next) = follower.next(500).unwrap();
        for most in [1, 2, 3, 500, 2, all.records.len()] {
            stream::apply(world.app, follower.next(most).unwrap().0).await.unwrap();
        }
        follower.pass(next).unwrap();
        assert_eq!(assert_indexed(&world, "in other batches, and again").await, 3 * (round + 1));
    }

    world.client(&json!({"client_name": "Late", "redirect_uris": ["https://rp.example/cb"]})).await;
    let proxy = FaultProxy::start(&world.url()).await;
    let failing = World::at(&proxy.url());
    let places_of_one = "BatchWriteItem Q Q Q";
    for _ in 0..5 {
        proxy.inject(places_of_one, Fault::Unprocessed);
    }
    let mut follower = Follower::new(world.table());
    while follower.next(500).unwrap().0.records.len() > 1 {
        let (_, next) = follower.next(1).unwrap();
        follower.pass(next).unwrap();
    }
    let step = follower.step(failing.app).await;
    assert!(step.is_err(), "a batch that stays unprocessed is tried again as a whole: {step:?}");
    proxy.inject(places_of_one, Fault::Unprocessed);
    follower.step(failing.app).await.unwrap();
    let asked = proxy.requests().into_iter().filter(|request| request == places_of_one).count();
    assert_eq!(asked, 5 + 2, "what is left unprocessed once is written");
    assert_indexed(&world, "after all").await;
}

/// Stores items past the stream.
fn import(world: &World, items: &[Value]) {
    let items = items.iter().map(|item| serde_json::from_value(item.clone()).unwrap()).collect();
    let options = ImportOptions::default();
    world.table().with(|storage| ready(import_items::execute(storage, TABLE, items, &options))).unwrap();
}

/// A client of service 1, one a second.
fn stored(number: u64, metadata: &Value, locked: bool) -> Value {
    let millis = FIRST + number * 1000;
    let record = json!({"metadata": metadata, "client_type": "public", "issued_at_millis": millis});
    json!({
        "PK": {"S": format!("C#1#{number}")}, "SK": {"S": "C"}, "client_id": {"S": number.to_string()},
        "source": {"S": "oauth"}, "locked": {"BOOL": locked}, "version": {"N": "1"}, "client": {"S": record.to_string()},
        "list": {"S": "C#1"}, "developer": {"S": "D#1#me"}, "at": {"S": format!("{millis:013}#{number:016}")},
    })
}

/// The items of the index.
fn indexed(places: &BTreeSet<(String, String)>) -> Vec<Value> {
    places.iter().map(|(partition, sort)| json!({"PK": {"S": partition}, "SK": {"S": sort}})).collect()
}

/// Three thousand clients of one name and host, of which each thousandth is locked.
async fn crowd(world: &World) -> u64 {
    let metadata = json!({"client_name": "Test client", "redirect_uris": ["https://rp.example/cb"]});
    let clients: Vec<Value> = (1..=3000).map(|number| stored(number, &metadata, number % 1000 == 0)).collect();
    import(world, &clients);
    import(world, &indexed(&places(world, 1).await));
    3000
}

fn numbers(clients: &[RegisteredClient]) -> Vec<u64> {
    clients.iter().map(|client| client.numeric_id).collect()
}

#[tokio::test]
async fn pages_read_no_more_than_they_answer() {
    let world = World::open().await;
    let last = crowd(&world).await;
    let newest: Vec<u64> = (1..=last).rev().collect();
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let read = |clients: usize| format!("BatchGetItem{}", " C".repeat(clients));
    let oauth = Search { source: Some(Source::Oauth), ..Search::default() };
    for (search, query) in [
        (at_host("rp.example"), "Query"),
        (named("cli"), "Query"),
        (named("client test"), "Query"),
        (oauth, "Query"),
        (Search::default(), "Query list"),
    ] {
        let (mut clients, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = near.app.store.find_clients(1, &search, |_| true, 80, cursor.as_deref()).await.unwrap();
            let expected = if page.next.is_some() { 80 } else { 40 };
            assert_eq!(page.clients.len(), expected);
            assert_eq!(proxy.requests(), [query, &read(expected)], "{search:?}");
            assert!(proxy.queried() <= 81);
            clients.extend(page.clients);
            pages += 1;
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((numbers(&clients) == newest, pages), (true, 38), "{search:?}");
    }
    let page =
        near.app.store.find_clients(1, &Search { locked: Some(true), ..Search::default() }, |_| true, 50, None).await;
    assert_eq!(numbers(&page.unwrap().clients), [3000, 2000, 1000]);
    assert_eq!(proxy.requests(), ["Query", &read(3)]);
}

#[tokio::test]
async fn a_page_of_few_among_many_ends_early_and_the_next_one_goes_on() {
    let world = World::open().await;
    crowd(&world).await;
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let few = Search { locked: Some(true), ..at_host("rp.example") };
    let public = Search { client_type: Some(ClientType::Confidential), ..Search::default() };
    for (search, query, expected) in [(few, "Query", vec![3000, 2000, 1000]), (public, "Query list", vec![])] {
        let (mut clients, mut cursor, mut pages) = (Vec::new(), None, 0);
        loop {
            let page = near.app.store.find_clients(1, &search, |_| true, 50, cursor.as_deref()).await.unwrap();
            clients.extend(page.clients);
            pages += 1;
            let requests = proxy.requests();
            let read = |request: &String| request.matches(" C").count();
            assert!(requests.iter().map(read).sum::<usize>() <= 400, "{search:?}");
            assert_eq!((requests.len() <= 10, &*requests[0]), (true, query), "{search:?}");
            cursor = page.next;
            if cursor.is_none() {
                break;
            }
        }
        assert_eq!((numbers(&clients), pages), (expected, 8), "{search:?}");
    }
}

#[tokio::test]
async fn who_has_several_words_of_a_beginning_is_found_once() {
    let world = World::open().await;
    let names = ["Bank Banking Bankers", "Bankers Bank", "Banana", "Bankers"];
    let client = |number: u64| {
        let name = names[usize::try_from(number % 4).unwrap()];
        stored(number, &json!({"client_name": name, "client_name#fr": "Banque"}), false)
    };
    import(&world, &(1..=40).map(client).collect::<Vec<_>>());
    import(&world, &indexed(&places(&world, 1).await));
    for limit in [1, 3, 7, 40] {
        let mut clients = numbers(&all_found(&world, &named("ban"), limit).await);
        assert_eq!(clients[..10], [38, 34, 30, 26, 22, 18, 14, 10, 6, 2], "the first word comes first");
        clients.sort_unstable();
        assert_eq!(clients, (1..=40).collect::<Vec<u64>>(), "{limit} a page");
    }
    assert_eq!(all_found(&world, &named("bankers bank"), 7).await.len(), 30, "one word may be two beginnings");
}

#[tokio::test]
async fn places_of_nobody_are_passed_over() {
    let world = World::open().await;
    let client = |number: u64| stored(number, &json!({"client_name": "Bank"}), false);
    import(&world, &(1..=20).map(client).collect::<Vec<_>>());
    let mut index = places(&world, 1).await;
    for number in 1..=20 {
        let millis = FIRST + number * 1000;
        let place = format!("bad#{:013}#{number:016}", 9_999_999_999_999 - millis);
        index.insert(("Q#1#word#ba".to_owned(), place));
        index.insert(("Q#1#locked".to_owned(), format!("{millis:013}#{number:016}")));
        index.insert(("Q#1#host#rp.example".to_owned(), format!("{millis:013}#{:016}", number + 100)));
    }
    import(&world, &indexed(&index));
    let newest: Vec<u64> = (1..=20).rev().collect();
    assert_eq!(numbers(&all_found(&world, &named("ba"), 3).await), newest, "of another name by now");
    assert_eq!(found(&world, &Search { locked: Some(true), ..Search::default() }).await, Vec::<String>::new());
    assert_eq!(found(&world, &at_host("rp.example")).await, Vec::<String>::new());
}

#[tokio::test]
async fn a_cursor_of_another_question_is_refused_and_leads_nowhere_else() {
    let world = World::open().await;
    crowd(&world).await;
    world.service(2, Preset::Open.policy()).await;
    let proxy = FaultProxy::start(&world.url()).await;
    let store = &World::at(&proxy.url()).app.store;
    let next = async |search: &Search| store.find_clients(1, search, |_| true, 1, None).await.unwrap().next.unwrap();
    let (by_name, by_host) = (next(&named("test")).await, next(&at_host("rp.example")).await);
    proxy.requests();
    for (cursor, search) in [
        (by_host.as_str(), named("test")),
        (&by_name, at_host("rp.example")),
        (&by_name, named("client")),
        (&by_name, Search::default()),
        ("", Search::default()),
        ("x", Search::default()),
        ("QyMyIzE", Search::default()),
        ("../../C#2#1", named("test")),
        (&"A".repeat(100_000), named("test")),
    ] {
        let refused = store.find_clients(1, &search, |_| true, 1, Some(cursor)).await.err().unwrap();
        assert!(matches!(refused, Error::InvalidCursor), "{search:?}: {refused}");
        assert_eq!((refused.status(), refused.code()), (400, "invalid_request"));
    }
    assert_eq!(proxy.requests(), Vec::<String>::new(), "nothing is asked for it");
    let other = store.find_clients(2, &named("test"), |_| true, 1, Some(&by_name)).await.err().unwrap();
    assert!(matches!(other, Error::InvalidCursor), "a place in one service is none in another");
}

#[tokio::test]
async fn who_was_registered_before_is_indexed_when_an_operator_says_so() {
    let world = World::open().await;
    let clients: Vec<Value> = (1..=120)
        .map(|number| stored(number, &json!({"client_name": format!("Client {number}")}), number == 7))
        .collect();
    import(&world, &clients);
    world.catch_up().await;
    assert!(world.keys("Q").await.is_empty());
    let before = world.app.store.client(1, 7).await.unwrap().unwrap().version;
    for _ in 0..2 {
        let (mut walk, mut told) = (world.app.store.walk(1, Route::default()), 0);
        while let Some(some) = walk.next_some().await.unwrap() {
            told += world.app.store.reindex(&some).await.unwrap();
        }
        assert_eq!((told, assert_indexed(&world, "walked along").await), (120, 361));
        assert_eq!(world.app.store.client(1, 7).await.unwrap().unwrap().version, before, "it is no change");
        assert!(world.app.store.audit_of_client(1, 7, 0).await.unwrap().is_empty());
    }
    let gone = world.app.store.client(1, 7).await.unwrap().unwrap();
    let store = &world.app.store;
    store.delete_client(1, &gone.client_id, 7, Deleter::Operator, &Origin::default()).await.unwrap().ok().unwrap();
    assert_eq!(world.app.store.reindex(&[gone]).await.unwrap(), 0, "it is gone meanwhile");
    assert_indexed(&world, "deleted").await;
}

#[test]
fn an_operator_has_the_clients_of_a_service_indexed() {
    let data = Folder::new("reindex");
    let served = Served::start(&data, &["--memory"]);
    let admin = Administration { served: &served, key_file: data.0.join("key") };
    let id = admin.open_service();
    let (url, client) =
        (format!("{}/{id}/register", served.text("base_url")), r#"{"redirect_uris":["https://rp.example/cb"]}"#);
    assert_eq!(served.send("POST", &url, None, client).0, 201);
    let indexed = json!({"id": id.parse::<u64>().unwrap(), "clients": 1});
    assert_eq!(admin.json(&["service", "reindex", &id]), indexed);
    let listed = served.items(&format!("C#{id}"), Some("list"));
    let stored = served.items(listed[0]["PK"]["S"].as_str().unwrap(), None);
    assert_eq!(stored[0]["reindexed"], json!({"N": "1"}));
    let output = admin.run(&["service", "reindex", &id]);
    let expected = format!("The stream function indexes the clients of service {id} now, 1 in all.\n");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    assert!(admin.refusal(&["service", "reindex", "99"]).contains("there is no service 99"));
}

#[tokio::test]
async fn registrations_and_refusals_are_counted_by_hour_and_door() {
    let world = World::open().await;
    let token = world.service_token(1, &[Permission::UseService]).await;
    let client = json!({"redirect_uris": ["https://rp.example/cb"]});
    let refused = json!({"redirect_uris": ["junk"]});
    let (path, registration, registered) = world.client(&client).await;
    world.client(&client).await;
    assert_eq!(world.register(1, None, &refused).await.status, 400);
    world.catch_up().await;
    world.clock.advance(3600);
    for metadata in [&refused, &refused] {
        assert_eq!(world.register(1, None, metadata).await.status, 400);
    }
    let wrapped = json!({"json": client.to_string()});
    let reply = world.send_json("POST", "/api/1/client/registration", Some(&token), &wrapped).await;
    assert_eq!(reply.text("action"), "CREATED");
    let update = as_update(&registered.body);
    assert_eq!(world.send_json("PUT", &path, Some(&registration), &update).await.status, 200);
    assert_eq!(world.send_bare("DELETE", &path, Some(&registration)).await.status, 204);
    world.catch_up().await;
    world.catch_up().await;

    let count = |hour: &str, door: &str, registered, refused| {
        let (hour, door) = (hour.to_owned(), door.to_owned());
        HourCount { hour, door, registered, refused }
    };
    let hours = world.app.store.hours(1, NOW).await.unwrap();
    let expected = [
        count("2026-09-21T14", "oauth", 2, 1),
        count("2026-09-21T15", "authlete", 1, 0),
        count("2026-09-21T15", "oauth", 0, 2),
    ];
    assert_eq!(hours, expected);
    assert_eq!(world.app.store.hours(1, NOW + 3600).await.unwrap(), expected[1..]);
    assert!(world.app.store.hours(1, NOW + 7200).await.unwrap().is_empty());
    let proxy = FaultProxy::start(&world.url()).await;
    World::at(&proxy.url()).app.store.hours(1, 0).await.unwrap();
    assert_eq!(proxy.requests(), ["Query"]);

    world.clock.advance(90 * DAY);
    assert!(world.app.store.hours(1, 0).await.unwrap().is_empty(), "for ninety days");
    world.sweep().await;
    assert!(!world.keys("N").await.iter().any(|(partition, _)| partition == "N#1#hours"));
}
