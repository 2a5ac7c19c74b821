//! Lists, their counts, and the stream function that counts and purges.

use dynoxide::ImportOptions;
use dynoxide::actions::get_records::{self, GetRecordsRequest};
use dynoxide::actions::get_shard_iterator::{self, GetShardIteratorRequest};
use dynoxide::actions::{delete_item, import_items, query, scan};
use dynoxide::streams::{shard_id, stream_arn};
use registrar::embedded::{TABLE, ready};
use registrar::streams::Follower;
use serde_json::{Map, Value, json};
use shared::Error;
use shared::administration::replace_service;
use shared::caller::Permission;
use shared::client::{ClientRecord, ClientTrustChain, RegisteredClient};
use shared::credentials::IdSalt;
use shared::metadata::Invalid;
use shared::origin::Origin;
use shared::policy::{BoundPolicy, Policy, Preset};
use shared::service::ServiceConfiguration;
use shared::store::{CreatedService, Deleter, NewService, RESTORABLE_SECONDS, Route};
use shared::stream::{Event, apply};

use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::{NOW, Reply, World, as_update, table, web_client};

/// The developer of clients that register themselves with service 1.
const SELF: &str = "authlete_1";

/// The numbers of the clients of a page, and how many there are.
async fn page(world: &World, developer: Option<&str>, start: u64, end: u64) -> (Vec<u64>, u64) {
    let mut page = world.app.store.client_page(1, developer, start, end).await.unwrap();
    let mut clients = Vec::new();
    while let Some(few) = page.next_few().await.unwrap() {
        clients.extend(few);
    }
    (numbers(&clients), page.total)
}

fn numbers(clients: &[RegisteredClient]) -> Vec<u64> {
    clients.iter().map(|client| client.numeric_id).collect()
}

/// All clients of service 1, oldest first.
async fn all(world: &World) -> Vec<RegisteredClient> {
    world.app.store.clients(1).await.unwrap()
}

/// Registers clients, one a second.
async fn register(world: &World, clients: usize) {
    for _ in 0..clients {
        world.client(&web_client()).await;
        world.clock.advance(1);
    }
}

/// How many clients there are, and how many of a developer.
async fn counts(world: &World, developer: &str) -> (u64, u64) {
    let count = world.app.store.client_count(1).await.unwrap();
    (count, page(world, Some(developer), 0, 0).await.1)
}

async fn delete(world: &World, client: &RegisteredClient) {
    let operator = Deleter::Operator;
    let store = &world.app.store;
    let deleted = store.delete_client(1, &client.client_id, client.numeric_id, operator, &Origin::default()).await;
    assert!(deleted.unwrap().is_ok());
}

/// What the stream has, in Lambda's shape.
fn records(world: &World) -> Vec<Value> {
    let table = world.table();
    let request = GetShardIteratorRequest {
        stream_arn: stream_arn(TABLE, ""),
        shard_id: shard_id(TABLE),
        shard_iterator_type: "TRIM_HORIZON".to_owned(),
        sequence_number: None,
    };
    let iterator = table.with(|storage| ready(get_shard_iterator::execute(storage, request)));
    let request = GetRecordsRequest { shard_iterator: iterator.unwrap().shard_iterator.unwrap(), limit: None };
    let records = table.with(|storage| ready(get_records::execute(storage, request))).unwrap().records;
    records.iter().map(|record| serde_json::to_value(record).unwrap()).collect()
}

/// Removes an item as DynamoDB does when its time is over.
fn remove(world: &World, pk: &str, sk: &str) {
    let request = json!({"TableName": TABLE, "Key": {"PK": {"S": pk}, "SK": {"S": sk}}});
    let request = serde_json::from_value(request).unwrap();
    world.table().with(|storage| ready(delete_item::execute(storage, request))).unwrap();
}

fn event(records: &[Value]) -> Event {
    serde_json::from_value(json!({"Records": records, "shardId": shard_id(TABLE)})).unwrap()
}

#[tokio::test]
async fn pages_follow_each_other_and_say_how_many_clients_there_are() {
    let world = World::open().await;
    register(&world, 7).await;
    world.catch_up().await;
    let all = numbers(&all(&world).await);
    for developer in [None, Some(SELF)] {
        assert_eq!(page(&world, developer, 0, 5).await, (all[..5].to_vec(), 7));
        assert_eq!(page(&world, developer, 5, 10).await, (all[5..].to_vec(), 7));
        assert_eq!(page(&world, developer, 7, 10).await, (vec![], 7));
        assert_eq!(page(&world, developer, u64::MAX - 1, u64::MAX).await, (vec![], 7));
        assert_eq!(page(&world, developer, 3, 3).await, (vec![], 7));
        assert_eq!(page(&world, developer, 3, 2).await, (vec![], 7));
    }
    assert_eq!(page(&world, Some("somebody"), 0, 5).await, (vec![], 0));
    assert_eq!(world.app.store.client_count(2).await.unwrap(), 0);
}

#[tokio::test]
async fn a_developer_whose_name_no_key_can_hold_has_no_clients() {
    let world = World::open().await;
    register(&world, 1).await;
    world.catch_up().await;
    for length in [1024, 1025, 2048, 100_000] {
        let developer = "x".repeat(length);
        assert_eq!(page(&world, Some(&developer), 0, 5).await, (vec![], 0), "{length}");
        assert_eq!(world.app.store.developer_count(1, &developer).await.unwrap(), 0);
    }
    let mut client = all(&world).await.remove(0);
    (client.version, client.record.settings.developer) = (2, Some("x".repeat(1025)));
    let refused = world.app.store.replace_client(&client, &[], &Origin::default()).await;
    let too_long = Invalid::TooLong { member: "developer".to_owned(), limit: 1024, unit: "bytes" };
    assert!(matches!(refused, Err(Error::InvalidClientMetadata(fault)) if fault == too_long));
    client.record.settings.developer = Some("x".repeat(1024));
    world.app.store.replace_client(&client, &[], &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(page(&world, Some(&"x".repeat(1024)), 0, 5).await, (vec![client.numeric_id], 1));
}

#[tokio::test]
async fn the_items_of_a_page_are_read_a_few_at_a_time() {
    let world = World::open().await;
    let clients: Vec<Value> = (1..=60).map(|number| stored_client(1, number, 1_790_000_000_000 + number)).collect();
    import(&world, &clients);
    let proxy = FaultProxy::start(&world.url()).await;
    assert_eq!(page(&World::at(&proxy.url()), None, 0, 100).await, ((1..=60).collect(), 60));
    let read = |items: usize| format!("BatchGetItem{}", " C".repeat(items));
    assert_eq!(proxy.requests(), ["Query", "Query list", &read(25), &read(25), &read(10)]);
}

/// What makes a client's record larger.
type Change = Box<dyn Fn(&mut ClientRecord)>;

#[tokio::test]
async fn a_client_that_is_too_large_for_its_item_is_refused_whatever_adds_up_to_it() {
    let world = World::open().await;
    register(&world, 1).await;
    let client = all(&world).await.remove(0);
    let text = |bytes: usize| Value::from("x".repeat(bytes));
    let chain = |bytes: usize| ClientTrustChain {
        trust_anchor: "https://anchor.example".to_owned(),
        statements: vec!["x".repeat(bytes); 2],
        expires_at: NOW + 60,
        resolved_at_millis: NOW * 1000,
        request_issued_at_millis: None,
    };
    let own = move |record: &mut ClientRecord, bytes: usize| {
        for (member, bytes) in [("attributes", bytes), ("description", bytes / 2)] {
            record.settings.others.insert(member.to_owned(), text(bytes));
        }
    };
    let changes: [(Change, &str); 4] = [
        (Box::new(move |record| own(record, 180_000)), "attributes"),
        (Box::new(move |record| record.trust_chain = Some(chain(140_000))), "trust_chain"),
        (
            Box::new(|record| record.settings.requestable_scopes = Some(vec!["scope".to_owned(); 40_000])),
            "requestable_scopes",
        ),
        (
            Box::new(|record| {
                let metadata = json!({"client_name": "x".repeat(250_000), "contacts": ["x".repeat(20_000)]});
                record.metadata = serde_json::from_value(metadata).unwrap();
            }),
            "client_name",
        ),
    ];
    for (change, member) in changes {
        let mut large = client.clone();
        large.version = 2;
        change(&mut large.record);
        let replaced = world.app.store.replace_client(&large, &[], &Origin::default()).await.unwrap_err();
        let created = world.app.store.create_client(&large, None, &[], &Origin::default()).await.err().unwrap();
        for refused in [replaced, created] {
            let text = refused.to_string();
            assert_eq!((refused.status(), refused.code()), (400, "invalid_client_metadata"), "{text}");
            let expected = format!("the client is larger than 262144 bytes in all, and {member} is the largest");
            assert!(text.starts_with(&expected), "{text}");
        }
    }
}

#[tokio::test]
async fn a_service_that_is_too_large_for_its_item_is_refused_whatever_adds_up_to_it() {
    let world = World::open().await;
    let (store, keys) = (&world.app.store, &world.app.keys);
    let service = store.service(1).await.unwrap().unwrap();
    let large = |bytes: usize| {
        Map::from_iter([("small".to_owned(), json!("x")), ("large".to_owned(), json!("x".repeat(bytes)))])
    };
    let mut configuration = service.configuration.clone();
    let (none, origin) = (Map::new(), Origin::default());
    let change = async |configuration: &ServiceConfiguration, secrets: &Map<String, Value>| {
        let changed = replace_service(store, keys, &service, configuration.clone(), secrets, &origin).await;
        changed.err().map(|error| (error.status(), error.to_string()))
    };
    let refused = |whole: &str, member: &str, limit: usize| {
        Some((400, format!("{whole} is larger than {limit} bytes in all, and {member} is the largest of its members")))
    };
    let sealed = "what the service keeps sealed";
    assert_eq!(change(&configuration, &large(131_072)).await, refused(sealed, "large", 131_072));
    configuration.others = large(100_000);
    configuration.authorization_server.insert("claims_supported".to_owned(), vec!["claim"; 25_000].into());
    assert_eq!(change(&configuration, &none).await, refused("the service", "claims_supported", 262_144));
    configuration.authorization_server.remove("claims_supported");
    configuration.policy.custom_members = vec!["member".to_owned(); 25_000];
    assert_eq!(change(&configuration, &none).await, refused("the service", "custom_members", 262_144));
    configuration.policy.custom_members.clear();
    configuration.others = large(250_000);
    assert_eq!(change(&configuration, &large(130_000)).await, None, "both as large as they may be fit into one item");
}

#[tokio::test]
async fn an_organizations_services_have_pages() {
    let world = World::empty().await;
    for service in [3, 1, 4, 5] {
        world.service(service, Preset::Open.policy()).await;
        world.clock.advance(1);
    }
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    for (start, end, expected) in [(0, 2, vec![3, 4]), (1, 9, vec![4, 5]), (3, 9, vec![]), (2, 1, vec![])] {
        let mut page = world.app.store.service_page("tests", start, end).await.unwrap();
        let services = page.next_few().await.unwrap().unwrap_or_default();
        assert_eq!(services.iter().map(|service| service.id).collect::<Vec<_>>(), expected);
        assert_eq!(page.total, 3);
    }
    assert_eq!(world.app.store.service_page("nobody", 0, 9).await.unwrap().total, 0);
}

/// The numbers of the clients along a walk.
async fn walked(world: &World, route: Route) -> Vec<u64> {
    let mut walk = world.app.store.walk(1, route);
    let mut clients = Vec::new();
    while let Some(some) = walk.next_some().await.unwrap() {
        assert!(some.len() <= 100, "what is in memory does not grow with the list");
        clients.extend(some);
    }
    numbers(&clients)
}

#[tokio::test]
async fn a_walk_goes_along_all_clients_in_either_direction() {
    let world = World::open().await;
    let clients: Vec<Value> =
        (1..=250).map(|number| stored_client(1, number, 1_790_000_000_000 + number / 2)).collect();
    import(&world, &clients);
    let all: Vec<u64> = (1..=250).collect();
    let newest: Vec<u64> = all.iter().rev().copied().collect();
    assert_eq!(walked(&world, Route::default()).await, all);
    let backwards = Route { newest_first: true, ..Route::default() };
    assert_eq!(walked(&world, backwards.clone()).await, newest);
    let after = Some(format!("{}#{:016}", 1_790_000_000_100_u64, 200));
    assert_eq!(walked(&world, Route { after: after.clone(), ..Route::default() }).await, all[200..]);
    assert_eq!(walked(&world, Route { after, ..backwards.clone() }).await, newest[51..]);
    let registered = Some(1_790_000_000_010..1_790_000_000_012);
    assert_eq!(walked(&world, Route { registered: registered.clone(), ..Route::default() }).await, [20, 21, 22, 23]);
    assert_eq!(walked(&world, Route { registered, ..backwards }).await, [23, 22, 21, 20]);
    let earlier = "5".parse().unwrap();
    let never = Route { registered: Some(1_790_000_000_012..earlier), ..Route::default() };
    assert_eq!(walked(&world, never).await, Vec::<u64>::new());
}

#[tokio::test]
async fn a_registration_moves_no_page() {
    let world = World::open().await;
    register(&world, 4).await;
    world.catch_up().await;
    let first = page(&world, None, 0, 3).await.0;
    register(&world, 4).await;
    world.clock.advance(86_400);
    register(&world, 2).await;
    world.catch_up().await;
    assert_eq!(page(&world, None, 0, 3).await, (first, 10));
    assert_eq!(page(&world, None, 3, 20).await.0, numbers(&all(&world).await[3..]));
}

#[tokio::test]
async fn clients_that_are_not_counted_yet_are_found_all_the_same() {
    let world = World::open().await;
    register(&world, 3).await;
    assert_eq!(page(&world, None, 1, 3).await.0, numbers(&all(&world).await[1..]), "nothing is counted");
    world.catch_up().await;
    world.clock.advance(2 * 86_400);
    register(&world, 3).await;
    let all = numbers(&all(&world).await);
    assert_eq!(counts(&world, SELF).await, (3, 3));
    for developer in [None, Some(SELF)] {
        assert_eq!(page(&world, developer, 2, 5).await, (all[2..5].to_vec(), 5));
        assert_eq!(page(&world, developer, 4, 10).await, (all[4..].to_vec(), 6));
        assert_eq!(page(&world, developer, 6, 10).await, (vec![], 3));
    }
}

#[tokio::test]
async fn an_expired_client_is_in_no_page_and_not_in_its_total() {
    let world = World::open().await;
    register(&world, 3).await;
    let mut clients = all(&world).await;
    let mut expiring = clients.remove(1);
    (expiring.version, expiring.expires_at) = (2, Some(NOW));
    world.app.store.replace_client(&expiring, &[], &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(page(&world, None, 0, 3).await, (numbers(&clients), 2));
    assert_eq!(counts(&world, SELF).await, (3, 3), "until it is removed");
    assert!(!world.table().remove_expired(NOW, 1).await.unwrap(), "it expires after this second");
    assert!(world.table().remove_expired(NOW + 1, 1).await.unwrap());
    assert_eq!(records(&world).last().unwrap()["userIdentity"]["principalId"], "dynamodb.amazonaws.com");
    world.catch_up().await;
    assert_eq!(page(&world, None, 0, 3).await, (numbers(&clients), 2));
    assert_eq!(counts(&world, SELF).await, (2, 2));
}

#[tokio::test]
async fn deletions_and_other_developers_are_counted() {
    let world = World::open().await;
    register(&world, 3).await;
    let [first, mut second, _] = all(&world).await.try_into().ok().unwrap();
    delete(&world, &first).await;
    second.version = 2;
    second.record.settings.developer = Some("somebody".to_owned());
    world.app.store.replace_client(&second, &[], &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(counts(&world, SELF).await, (2, 1));
    assert_eq!(page(&world, Some("somebody"), 0, 9).await, (vec![second.numeric_id], 1));
    delete(&world, &second).await;
    world.catch_up().await;
    assert_eq!((counts(&world, "somebody").await, counts(&world, SELF).await), ((1, 0), (1, 1)));
}

#[tokio::test]
async fn records_count_once_however_often_they_come() {
    let world = World::open().await;
    register(&world, 9).await;
    delete(&world, &all(&world).await[4]).await;
    let records = records(&world);
    assert_eq!(records.len(), 11, "the service, nine registrations, a deletion");
    for batch in [&records[..4], &records[..4], &records[2..6], &records[..], &records[..], &records[10..]] {
        apply(world.app, event(batch)).await.unwrap();
    }
    assert_eq!(counts(&world, SELF).await, (8, 8));
    world.catch_up().await;
    assert_eq!(counts(&world, SELF).await, (8, 8));
}

#[tokio::test]
async fn of_two_calls_with_the_same_records_one_counts() {
    let world = World::open().await;
    register(&world, 6).await;
    let records = records(&world);
    let proxy = FaultProxy::start(&world.url()).await;
    let slow = World::at(&proxy.url());
    let gate = proxy.hold("TransactWriteItems N N N N N", 2);
    let held = async {
        gate.reached().await;
        gate.open().await;
    };
    let (one, other, ()) = tokio::join!(apply(slow.app, event(&records[..5])), apply(slow.app, event(&records)), held);
    assert!(one.is_ok() && other.is_ok());
    assert_eq!(counts(&world, SELF).await, (6, 6));
}

#[tokio::test]
async fn a_batch_that_fails_half_way_is_finished_when_it_comes_again() {
    let world = World::open().await;
    for _ in 0..60 {
        world.client(&web_client()).await;
        world.clock.advance(86_400);
    }
    let proxy = FaultProxy::start(&world.url()).await;
    let failing = World::at(&proxy.url());
    // Of 48 clients: the position, as many days and minutes, one hour and one developer. Then of the other 12.
    let rest: &'static str = "TransactWriteItems N N N N N N N N N N N N N N N N N N N N N N N N N N N";
    proxy.inject(rest, Fault::Cancelled("ThrottlingError"));
    assert!(apply(failing.app, event(&records(&world))).await.is_err());
    assert_eq!(counts(&world, SELF).await, (48, 48));
    world.catch_up().await;
    assert_eq!(counts(&world, SELF).await, (60, 60));
}

#[tokio::test]
async fn what_lambda_must_say_is_asked_for() {
    let world = World::open().await;
    register(&world, 1).await;
    let records = records(&world);
    let unnamed = |records: &[Value]| serde_json::from_value::<Event>(json!({ "Records": records })).unwrap();
    assert!(apply(world.app, unnamed(&records)).await.is_err(), "no tumbling window, no shard");
    assert!(apply(world.app, unnamed(&[])).await.is_ok());
    assert_eq!(counts(&world, SELF).await, (0, 0));
}

#[tokio::test]
async fn counts_do_not_keep_the_stream_running() {
    let world = World::open().await;
    register(&world, 2).await;
    world.catch_up().await;
    let before = records(&world).len();
    for _ in 0..3 {
        world.catch_up().await;
    }
    assert_eq!(records(&world).len(), before);
}

#[tokio::test]
async fn a_restarted_program_goes_on_where_it_was() {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("stream-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&folder);
    std::fs::create_dir_all(&folder).unwrap();
    for round in 0..3_u64 {
        let table = table(Some(&folder.join("table"))).await;
        let world = World::at(&table.url());
        if round == 0 {
            world.service(1, Preset::Open.policy()).await;
        }
        world.clock.advance(round * 60);
        for _ in 0..round * 100 {
            // Each program has randomness of its own.
            world.app.entropy.bytes::<32>().unwrap();
        }
        for _ in 0..2 {
            world.client(&web_client()).await;
        }
        if round != 1 {
            let mut follower = Follower::new(table.table());
            while follower.step(world.app).await.unwrap() > 0 {}
            assert_eq!(counts(&world, SELF).await, (2 * round + 2, 2 * round + 2));
        }
        drop(world);
        table.stop().await;
    }
    let _ = std::fs::remove_dir_all(&folder);
}

/// What is left in the table: the types of the items, but for the audit, which outlives all of them.
fn left(world: &World) -> Vec<String> {
    let request = serde_json::from_value(json!({ "TableName": TABLE })).unwrap();
    let items = world.table().with(|storage| ready(scan::execute(storage, request)));
    let items = serde_json::to_value(items.unwrap()).unwrap();
    let kind = |item: &Value| match item["PK"]["S"].as_str().unwrap() {
        token if token.starts_with("I#") => "I".to_owned(),
        key => key.split('#').take(2).collect::<Vec<_>>().join("#"),
    };
    let mut kinds: Vec<String> = items["Items"].as_array().unwrap().iter().map(kind).collect();
    kinds.retain(|kind| !kind.starts_with("A#"));
    kinds.sort();
    kinds.dedup();
    kinds
}

#[tokio::test]
async fn a_deleted_service_leaves_its_tombstone_and_nothing_else() {
    let world = World::open().await;
    world.service(2, Preset::Open.policy()).await;
    assert_eq!(world.register(2, None, &web_client()).await.status, 201);
    for service in [1, 2] {
        world.initial_access_token(service, None, None, BoundPolicy::default()).await;
    }
    let clients: Vec<Value> =
        (1..=450).map(|number| stored_client(1, number, 1_790_000_000_000 + number * 60_000)).collect();
    import(&world, &clients);
    count_as_registered(&world, &clients, "import").await;
    world.catch_up().await;
    assert_eq!(counts(&world, SELF).await, (450, 450));
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(left(&world), ["C#2", "I", "N#2", "N#shard", "Q#2", "S#1", "S#2"]);
}

#[tokio::test]
async fn a_purge_is_bounded_and_goes_on_by_the_stream() {
    let world = World::open().await;
    let clients: Vec<Value> = (1..=450).map(|number| stored_client(1, number, 1_790_000_000_000 + number)).collect();
    import(&world, &clients);
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    let deletion = records(&world).pop().unwrap();
    for left in [250, 50, 0, 0] {
        apply(world.app, event(std::slice::from_ref(&deletion))).await.unwrap();
        assert_eq!(all_keys(&world), left);
    }
    world.catch_up().await;
    let is_audit = |record: &Value| record["dynamodb"]["Keys"]["PK"]["S"].as_str().unwrap().starts_with("A#");
    let written = || records(&world).iter().filter(|record| !is_audit(record)).count();
    let quiet = written();
    apply(world.app, event(std::slice::from_ref(&deletion))).await.unwrap();
    assert_eq!(written(), quiet, "a purge that is finished writes nothing but the same entry again");
}

#[tokio::test]
async fn a_deleted_service_is_restored_within_a_week_and_purged_after_it() {
    let world = World::open().await;
    let store = &world.app.store;
    register(&world, 3).await;
    let (path, token, before) = world.client(&web_client()).await;
    let unchanged = store.service(1).await.unwrap().unwrap().configuration;
    world.catch_up().await;
    store.delete_service(1, &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(world.send_bare("GET", &path, Some(&token)).await.status, 404);
    assert!(matches!(store.delete_service(1, &Origin::default()).await, Err(Error::UnknownService)), "once");
    assert!(store.services("tests").await.unwrap().is_empty());
    world.clock.advance(RESTORABLE_SECONDS - 1);
    let restored = store.restore_service(1, &Origin::default()).await.unwrap();
    assert_eq!(restored.configuration, unchanged);
    let read = world.send_bare("GET", &path, Some(&token)).await;
    assert_eq!((read.status, &read.body["client_secret"]), (200, &before.body["client_secret"]), "the key is there");
    assert_eq!(store.services("tests").await.unwrap().len(), 1);
    assert_eq!(counts(&world, SELF).await, (4, 4), "nothing was purged");
    assert!(matches!(store.restore_service(1, &Origin::default()).await, Err(Error::UnknownService)), "not deleted");

    store.delete_service(1, &Origin::default()).await.unwrap();
    world.clock.advance(RESTORABLE_SECONDS);
    assert!(matches!(store.restore_service(1, &Origin::default()).await, Err(Error::UnknownService)), "too late");
    remove(&world, "S#1", "S");
    world.catch_up().await;
    assert_eq!(left(&world), ["N#shard", "S#1"], "its number stays again");
    assert!(matches!(store.restore_service(1, &Origin::default()).await, Err(Error::UnknownService)));
    let wrapped_data_key = world.app.keys.new_data_key(1, &world.app.entropy).await.unwrap();
    let id_salt = &IdSalt([0; 32]);
    let new = NewService { id: 1, configuration: &unchanged, id_salt, wrapped_data_key, secrets: None };
    let again = store.create_service(new, &Origin::default()).await.unwrap();
    assert_eq!(again, CreatedService::Taken);
}

#[tokio::test]
async fn what_ended_for_good_is_not_restored() {
    let world = World::open().await;
    let store = &world.app.store;
    store.delete_service(1, &Origin::default()).await.unwrap();
    store.end_service(1, &Origin::default()).await.unwrap();
    assert!(matches!(store.restore_service(1, &Origin::default()).await, Err(Error::UnknownService)));
    assert!(matches!(store.end_service(1, &Origin::default()).await, Err(Error::UnknownService)));
}

#[tokio::test]
async fn what_a_purge_could_not_delete_is_tried_again() {
    let world = World::open().await;
    register(&world, 3).await;
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    let deletion = records(&world).pop().unwrap();
    let proxy = FaultProxy::start(&world.url()).await;
    proxy.inject("DeleteItem C", Fault::LostAnswer);
    proxy.inject("DeleteItem C", Fault::Exception(400, "ThrottlingException"));
    apply(World::at(&proxy.url()).app, event(&[deletion])).await.unwrap();
    // The clients, and what each of them has of users.
    let listed = ["Query list"; 4];
    let deleted = ["DeleteItem C"; 5];
    assert_eq!(proxy.requests(), [&["BatchWriteItem A"], &listed[..], &deleted, &["UpdateItem S"]].concat());
    assert_eq!(all_keys(&world), 0);
}

#[tokio::test]
async fn a_client_that_registers_while_its_service_is_deleted_is_purged() {
    let world = World::open().await;
    register(&world, 1).await;
    let late = all(&world).await.remove(0);
    delete(&world, &late).await;
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    world.catch_up().await;
    let late = RegisteredClient { numeric_id: late.numeric_id + 1, ..late };
    world.app.store.create_client(&late, None, &[], &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(all_keys(&world), 0);
    assert_eq!(left(&world), ["C#1", "N#shard", "S#1"], "its own tombstone, the position, the service's tombstone");
}

/// The names that are claimed.
fn claimed(world: &World) -> Vec<String> {
    let request = serde_json::from_value(json!({ "TableName": TABLE })).unwrap();
    let items = world.table().with(|storage| ready(scan::execute(storage, request)));
    let items = serde_json::to_value(items.unwrap()).unwrap();
    let keys = items["Items"].as_array().unwrap().iter().map(|item| item["PK"]["S"].as_str().unwrap().to_owned());
    let mut claimed: Vec<String> = keys.filter(|key| key.starts_with("U#")).collect();
    claimed.sort();
    claimed
}

/// A registrar whose service lets each software register once.
async fn once_each() -> World {
    let world = World::open().await;
    world.set_policy(1, Policy { software_id_once: true, ..Preset::Open.policy() }).await;
    world
}

fn software(id: &str) -> Value {
    json!({"software_id": id, "redirect_uris": ["https://rp.example/cb"]})
}

async fn rename(world: &World, (path, token, registered): &(String, String, Reply), id: &str) {
    let mut update = as_update(&registered.body);
    update["software_id"] = id.into();
    assert_eq!(world.send_json("PUT", path, Some(token), &update).await.status, 200);
}

#[tokio::test]
async fn the_claims_of_deleted_and_renamed_clients_end() {
    let world = once_each().await;
    let [deleted, renamed, _] =
        [world.client(&software("a")).await, world.client(&software("b")).await, world.client(&software("c")).await];
    world.catch_up().await;
    assert_eq!(claimed(&world), ["U#1#software_id#a", "U#1#software_id#b", "U#1#software_id#c"]);
    assert_eq!(world.send_bare("DELETE", &deleted.0, Some(&deleted.1)).await.status, 204);
    rename(&world, &renamed, "d").await;
    world.catch_up().await;
    assert_eq!(claimed(&world), ["U#1#software_id#c", "U#1#software_id#d"]);
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    world.catch_up().await;
    assert_eq!(claimed(&world), Vec::<String>::new(), "clients that are removed lose their names as well");
    assert_eq!(left(&world), ["C#1", "N#shard", "S#1"]);
}

#[tokio::test]
async fn a_claim_that_somebody_has_does_not_end() {
    let world = once_each().await;
    let gone = world.client(&software("a")).await;
    let back = world.client(&software("b")).await;
    assert_eq!(world.send_bare("DELETE", &gone.0, Some(&gone.1)).await.status, 204);
    world.client(&software("a")).await;
    rename(&world, &back, "c").await;
    rename(&world, &back, "b").await;
    world.catch_up().await;
    assert_eq!(claimed(&world), ["U#1#software_id#a", "U#1#software_id#b"], "taken over, and got back");
    for id in ["a", "b"] {
        assert_eq!(world.register(1, None, &software(id)).await.status, 400, "{id}");
    }
}

/// Whoever gives a client such a name: its registrant, an operator, or Authlete's API.
#[tokio::test]
async fn a_software_id_is_one_clients_at_the_operators_doors_as_well() {
    let world = once_each().await;
    let token = world.service_token(1, &Permission::ALL).await;
    let one = world.client(&software("z")).await;
    let two = world.client(&software("y")).await.2;
    let two = two.text("client_id");
    let patch = async |id: &str, change: Value| {
        world.send_json("PATCH", &format!("/operator/1/clients/{id}"), Some(&token), &change).await
    };
    let refused = patch(two, json!({"software_id": "z"})).await;
    assert_eq!((refused.status, refused.text("error_description")), (400, "software_id is taken by another client"));
    let authlete = async |operation: &str, body: Value| {
        world.send_json("POST", &format!("/api/1/client/{operation}"), Some(&token), &body).await
    };
    let refused = authlete("create", json!({"clientName": "q", "softwareId": "z"})).await;
    assert!(refused.status == 400 && refused.text("resultMessage").contains("softwareId is taken"), "{refused:?}");
    let created = authlete("create", json!({"clientName": "q", "softwareId": "x"})).await;
    assert_eq!(created.status, 200, "{created:?}");
    let update = format!("update/{}", created.body["clientId"]);
    let refused = authlete(&update, json!({"clientName": "q", "softwareId": "z"})).await;
    assert!(refused.status == 400 && refused.text("resultMessage").contains("softwareId is taken"), "{refused:?}");
    // What is given so is nobody else's, and what is given up is free.
    assert_eq!(world.send_bare("DELETE", &one.0, Some(&one.1)).await.status, 204);
    assert_eq!(patch(two, json!({"software_id": "z", "client_name": "Two"})).await.status, 200);
    assert_eq!(patch(two, json!({"client_name": "Three"})).await.status, 200, "its own is no other's");
    for (id, status) in [("z", 400), ("x", 400), ("y", 201)] {
        assert_eq!(world.register(1, None, &software(id)).await.status, status, "{id}");
    }
    // Whose name is taken meanwhile is not brought back.
    let place = format!("/operator/1/clients/{two}");
    assert_eq!(world.send_bare("DELETE", &place, Some(&token)).await.status, 204);
    world.client(&software("z")).await;
    let refused = world.send_bare("POST", &format!("{place}/restore"), Some(&token)).await;
    let expected = (409, "conflict", "software_id is taken by another client");
    assert_eq!((refused.status, refused.text("error"), refused.text("error_description")), expected);
}

#[tokio::test]
async fn a_claim_ends_once_and_by_one_transaction() {
    let world = once_each().await;
    let (path, token, _) = world.client(&software("a")).await;
    assert_eq!(world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    let deletion = records(&world).pop().unwrap();
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let ends = "TransactWriteItems C U";
    proxy.inject(ends, Fault::LostAnswer);
    apply(near.app, event(std::slice::from_ref(&deletion))).await.unwrap();
    let mut requests = proxy.requests();
    requests.truncate(4);
    let places = "BatchWriteItem Q Q Q";
    assert_eq!(requests, ["BatchWriteItem A", places, ends, ends], "asked again, since its answer was lost");
    assert_eq!(claimed(&world), Vec::<String>::new());
    apply(near.app, event(&[deletion])).await.unwrap();
    let left = ["Query list", "Query developer"];
    let again = ["BatchWriteItem A", places, ends, "GetItem N"];
    assert_eq!(proxy.requests(), [&again[..], &left].concat(), "nothing of users is left");
}

/// How many clients of service 1 are listed.
fn all_keys(world: &World) -> usize {
    let query = json!({"TableName": TABLE, "IndexName": "list", "KeyConditionExpression": "#list = :list",
        "ExpressionAttributeNames": {"#list": "list"}, "ExpressionAttributeValues": {":list": {"S": "C#1"}}});
    let query = serde_json::from_value(query).unwrap();
    world.table().with(|storage| ready(query::execute(storage, query))).unwrap().count
}

/// A client as small as one can be.
fn stored_client(service: u64, number: u64, created_millis: u64) -> Value {
    let record = json!({
        "metadata": {"client_name": "Test"}, "client_type": "public", "issued_at_millis": created_millis,
    });
    json!({
        "PK": {"S": format!("C#{service}#{number}")},
        "SK": {"S": "C"},
        "client_id": {"S": number.to_string()},
        "source": {"S": "oauth"},
        "locked": {"BOOL": false},
        "version": {"N": "1"},
        "client": {"S": record.to_string()},
        "list": {"S": format!("C#{service}")},
        "developer": {"S": format!("D#{service}#authlete_{service}")},
        "at": {"S": format!("{created_millis:013}#{number:016}")},
    })
}

/// Stores items past the stream: each record of it would take longer than the one before.
fn import(world: &World, items: &[Value]) {
    let items = items.iter().map(|item| serde_json::from_value(item.clone()).unwrap()).collect();
    let options = ImportOptions::default();
    world.table().with(|storage| ready(import_items::execute(storage, TABLE, items, &options))).unwrap();
}

/// Tells the stream function of them, a thousand at a time, as if they had come by a shard of that name.
async fn count_as_registered(world: &World, items: &[Value], shard: &str) {
    for (batch, items) in items.chunks(1000).enumerate() {
        let record = |(number, item): (usize, &Value)| {
            let image =
                json!({"PK": item["PK"], "list": item["list"], "developer": item["developer"], "at": item["at"]});
            let sequence_number = (batch * 1000 + number + 1).to_string();
            json!({"eventName": "INSERT", "dynamodb": {"NewImage": image, "SequenceNumber": sequence_number}})
        };
        let records: Vec<Value> = items.iter().enumerate().map(record).collect();
        let event = serde_json::from_value(json!({"Records": records, "shardId": shard})).unwrap();
        apply(world.app, event).await.unwrap();
    }
}

/// How many clients register on each of five days, and how many milliseconds apart: the third day is crowded from
/// its beginning to its end.
const DAYS: [(u64, u64); 5] = [(3_000, 500), (4_500, 500), (18_000, 4800), (3_000, 500), (1_500, 500)];

/// 2026-01-01T00:00:00Z, in milliseconds.
const FIRST_DAY: u64 = 1_767_225_600_000;

/// 30,000 clients.
fn crowd() -> Vec<Value> {
    let mut clients = Vec::new();
    for (day, (count, apart)) in (0..).zip(DAYS) {
        for number in 0..count {
            let created = FIRST_DAY + day * 86_400_000 + number * apart;
            clients.push(stored_client(1, u64::try_from(clients.len()).unwrap() + 1, created));
        }
    }
    clients
}

#[tokio::test]
async fn a_page_at_the_end_of_thirty_thousand_clients_costs_little_more_than_the_first() {
    let world = World::open().await;
    let clients = crowd();
    import(&world, &clients);
    count_as_registered(&world, &clients, "crowd").await;
    let proxy = FaultProxy::start(&world.url()).await;
    let near = World::at(&proxy.url());
    let shallow = ["Query", "Query list", "BatchGetItem C C C C C"];
    let deep = ["Query", "Query", "Query list", "BatchGetItem C C C C C"];
    for (start, requests, at_most) in [
        (0, &shallow[..], 10),
        (3_500, &shallow, 510),
        (7_498, &deep, 200),
        (16_000, &deep, 1500),
        (25_498, &deep, 1500),
        (29_995, &deep, 200),
    ] {
        let (numbers, total) = page(&near, None, start, start + 5).await;
        assert_eq!((numbers, total), ((start + 1..start + 6).collect(), 30_000));
        assert_eq!(proxy.requests(), requests, "from {start}");
        let queried = proxy.queried();
        assert!(queried <= at_most, "from {start}: {queried} items");
    }
}
