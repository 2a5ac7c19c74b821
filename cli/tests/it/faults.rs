//! What a registrar does when DynamoDB or the network fails it.

use std::sync::Arc;

use registrar::embedded::Embedded;
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::client::RegisteredClient;
use shared::credentials::{Token, TokenKind};
use shared::policy::{BoundPolicy, Policy, Preset, Rotation};
use tokio::task::JoinSet;

use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::{Reply, World, as_update, table, web_client};

const THROTTLED: Fault = Fault::Exception(400, "ProvisionedThroughputExceededException");
const FAILED: Fault = Fault::Exception(500, "InternalServerError");

/// A registrar behind the proxy. Service 1 is open and has a client, `Old`; service 2 wants an initial access
/// token and there is one of three uses.
struct Scene {
    proxy: FaultProxy,
    /// What the tests ask.
    world: World,
    /// The same table, without the proxy.
    table: World,
    initial_access_token: String,
    path: String,
    token: String,
    registered: Value,
    _embedded: Embedded,
}

/// What is in the table: names and versions of the clients, and the uses of the token.
#[derive(Debug, PartialEq)]
struct Stored {
    open: Vec<(String, u64)>,
    protected: Vec<(String, u64)>,
    uses_left: u64,
}

impl Scene {
    async fn new() -> Self {
        Self::with(Preset::Open.policy()).await
    }

    async fn with(policy: Policy) -> Self {
        let embedded = table(None).await;
        let proxy = FaultProxy::start(&embedded.url()).await;
        let (world, table) = (World::at(&proxy.url()), World::at(&embedded.url()));
        table.service(1, policy).await;
        table.service(2, Preset::Protected.policy()).await;
        let initial_access_token = table.initial_access_token(2, Some(3), None, BoundPolicy::default()).await;
        let (path, token, reply) = world.client(&named("Old")).await;
        proxy.requests();
        Self { proxy, world, table, initial_access_token, path, token, registered: reply.body, _embedded: embedded }
    }

    /// An update of `Old` to that name, by way of `world`.
    async fn rename(&self, world: &World, name: &str) -> Reply {
        let mut update = as_update(&self.registered);
        update["client_name"] = name.into();
        world.send_json("PUT", &self.path, Some(&self.token), &update).await
    }

    async fn spend(&self) -> Reply {
        self.world.register(2, Some(&self.initial_access_token), &named("New")).await
    }

    async fn act(&self, act: Act) -> Reply {
        match act {
            Act::Register => self.world.register(1, None, &named("New")).await,
            Act::Spend => self.spend().await,
            Act::Read => self.world.send_bare("GET", &self.path, Some(&self.token)).await,
            Act::Update => self.rename(&self.world, "New").await,
            Act::Delete => self.world.send_bare("DELETE", &self.path, Some(&self.token)).await,
        }
    }

    /// How often the act's own request was made.
    fn attempts(&self, act: Act) -> usize {
        self.proxy.requests().iter().filter(|request| *request == act.request()).count()
    }

    async fn stored(&self) -> Stored {
        let store = &self.table.app.store;
        let token = Token::parse(TokenKind::InitialAccess, &self.initial_access_token).unwrap();
        Stored {
            open: whole(&store.clients(1).await.unwrap()),
            protected: whole(&store.clients(2).await.unwrap()),
            uses_left: store.token(&token).await.unwrap().unwrap().uses_left.unwrap(),
        }
    }
}

/// Names and versions of clients that have all that they need.
fn whole(clients: &[RegisteredClient]) -> Vec<(String, u64)> {
    let whole = |client: &RegisteredClient| {
        assert!(client.secret.is_some() && client.registration_access_token.is_some());
        let members = client.record.metadata.to_members();
        (members["client_name"].as_str().unwrap().to_owned(), client.version)
    };
    let mut names: Vec<_> = clients.iter().map(whole).collect();
    names.sort();
    names
}

fn named(name: &str) -> Value {
    let mut metadata = web_client();
    metadata["client_name"] = name.into();
    metadata
}

/// What a client may ask for.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Act {
    Register,
    Spend,
    Read,
    Update,
    Delete,
}

impl Act {
    const ALL: [Self; 5] = [Self::Register, Self::Spend, Self::Read, Self::Update, Self::Delete];
    const WRITES: [Self; 4] = [Self::Register, Self::Spend, Self::Update, Self::Delete];

    /// The request of the table that does it.
    fn request(self) -> &'static str {
        match self {
            Self::Register | Self::Update => "PutItem C",
            Self::Spend => "TransactWriteItems C I",
            Self::Read => "GetItem C",
            Self::Delete => "UpdateItem C",
        }
    }

    fn success(self) -> u16 {
        match self {
            Self::Register | Self::Spend => 201,
            Self::Read | Self::Update => 200,
            Self::Delete => 204,
        }
    }

    /// How DynamoDB says that another transaction is at work on the item.
    fn conflict(self) -> Fault {
        match self {
            Self::Spend => Fault::Cancelled("TransactionConflict"),
            _ => Fault::Exception(400, "TransactionConflictException"),
        }
    }

    fn undone() -> Stored {
        Stored { open: vec![("Old".to_owned(), 1)], protected: Vec::new(), uses_left: 3 }
    }

    fn done(self) -> Stored {
        let new = |version| ("New".to_owned(), version);
        let mut stored = Self::undone();
        match self {
            Self::Register => stored.open.insert(0, new(1)),
            Self::Spend => stored = Stored { protected: vec![new(1)], uses_left: 2, ..stored },
            Self::Read => {}
            Self::Update => stored.open = vec![new(2)],
            Self::Delete => stored.open.clear(),
        }
        stored
    }
}

/// The act succeeds although its first request meets the fault, and it is done once.
async fn succeeds_after(fault: Fault, act: Act) -> (Scene, Reply) {
    let scene = Scene::new().await;
    scene.proxy.inject(act.request(), fault.clone());
    let reply = scene.act(act).await;
    assert_eq!(reply.status, act.success(), "{act:?} after {fault:?}: {reply:?}");
    assert_eq!(scene.attempts(act), 2, "{act:?} after {fault:?}");
    assert_eq!(scene.stored().await, act.done(), "{act:?} after {fault:?}");
    (scene, reply)
}

/// All requests of the act meet the fault, so there are `attempts`, and the answer is 503.
async fn unavailable(fault: Fault, act: Act, attempts: usize, stored: Stored) {
    let scene = Scene::new().await;
    scene.proxy.inject_always(act.request(), fault.clone());
    let reply = scene.act(act).await;
    assert_unavailable(&reply);
    assert_eq!(scene.attempts(act), attempts, "{act:?} under {fault:?}");
    assert_eq!(scene.stored().await, stored, "{act:?} under {fault:?}");
}

fn assert_unavailable(reply: &Reply) {
    assert_eq!((reply.status, reply.text("error")), (503, "temporarily_unavailable"), "{reply:?}");
    assert!(reply.header("retry-after").parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn a_lost_answer_neither_loses_nor_doubles_a_registration() {
    for act in [Act::Register, Act::Spend] {
        let (scene, registered) = succeeds_after(Fault::LostAnswer, act).await;
        let uri = registered.text("registration_client_uri");
        let path = uri.strip_prefix(crate::support::BASE_URL).unwrap();
        let token = registered.text("registration_access_token");
        let read = scene.table.send_bare("GET", path, Some(token)).await;
        assert_eq!((read.status, &read.body), (200, &registered.body));
        assert!(!read.text("client_secret").is_empty());
    }
}

#[tokio::test]
async fn a_lost_answer_neither_loses_nor_doubles_an_update_or_a_deletion() {
    for act in [Act::Read, Act::Update, Act::Delete] {
        succeeds_after(Fault::LostAnswer, act).await;
    }
}

#[tokio::test]
async fn a_lost_answer_does_not_lose_the_token_that_an_update_made() {
    let scene = Scene::with(Policy { token_rotation: Rotation::OnUpdate, ..Preset::Open.policy() }).await;
    scene.proxy.inject("PutItem C", Fault::LostAnswer);
    let updated = scene.act(Act::Update).await;
    let new = updated.text("registration_access_token");
    assert_ne!(new, scene.token);
    assert_eq!(scene.table.send_bare("GET", &scene.path, Some(new)).await.body, updated.body);
    assert_eq!(scene.table.send_bare("GET", &scene.path, Some(&scene.token)).await.status, 401);
}

/// Whoever is answered 200 to the new token keeps the client by it: an update with the old one that comes at the same time is
/// either before that or refused.
#[tokio::test]
async fn of_an_update_with_the_old_token_and_a_read_with_the_new_one_one_is_refused() {
    let grace = || async {
        let scene = Scene::with(Policy { token_rotation: Rotation::Grace, ..Preset::Open.policy() }).await;
        let updated = scene.act(Act::Update).await;
        (updated.text("registration_access_token").to_owned(), scene)
    };
    // The read is slow: the update has taken the place of the token that it shows.
    let (next, scene) = grace().await;
    let gate = scene.proxy.hold("PutItem C", 1);
    let (read, updated) = tokio::join!(scene.world.send_bare("GET", &scene.path, Some(&next)), async {
        gate.reached().await;
        let updated = scene.rename(&scene.table, "Newer").await;
        gate.open().await;
        updated
    });
    assert_eq!((read.status, updated.status), (401, 200), "{read:?}");
    let last = updated.text("registration_access_token");
    assert_eq!(scene.table.send_bare("GET", &scene.path, Some(last)).await.status, 200);
    // The update is slow: the new token is the only one by then.
    let (next, scene) = grace().await;
    let gate = scene.proxy.hold("PutItem C", 1);
    let (updated, read) = tokio::join!(scene.rename(&scene.world, "Newer"), async {
        gate.reached().await;
        let read = scene.table.send_bare("GET", &scene.path, Some(&next)).await;
        gate.open().await;
        read
    });
    assert_eq!((updated.status, read.status), (401, 200), "{updated:?}");
    assert_eq!(scene.table.send_bare("GET", &scene.path, Some(&next)).await.status, 200);
    // A change that takes nothing of the token is no reason to refuse it.
    let (next, scene) = grace().await;
    let gate = scene.proxy.hold("PutItem C", 1);
    let operator = scene.table.service_token(1, &Permission::ALL).await;
    let path = scene.path.replace("/1/register/", "/operator/1/clients/") + "/retain";
    let (read, ()) = tokio::join!(scene.world.send_bare("GET", &scene.path, Some(&next)), async {
        gate.reached().await;
        assert_eq!(scene.table.send_bare("POST", &path, Some(&operator)).await.status, 200);
        gate.open().await;
    });
    assert_eq!(read.status, 200, "{read:?}");
    assert_eq!(scene.table.send_bare("GET", &scene.path, Some(&scene.token)).await.status, 401, "it is confirmed");
}

#[tokio::test]
async fn a_lost_answer_neither_loses_nor_doubles_a_service_or_a_token() {
    let scene = Scene::new().await;
    for request in ["PutItem S", "UpdateItem S", "PutItem I"] {
        scene.proxy.inject(request, Fault::LostAnswer);
    }
    scene.world.service(3, Preset::Open.policy()).await;
    scene.world.set_policy(3, Preset::Protected.policy()).await;
    scene.world.initial_access_token(3, None, None, BoundPolicy::default()).await;
    let requests = ["PutItem S", "PutItem S", "UpdateItem S", "UpdateItem S", "PutItem I", "PutItem I"];
    assert_eq!(scene.proxy.requests(), requests);
    assert_eq!(scene.table.app.store.service(3).await.unwrap().unwrap().version, 2);
    assert_eq!(scene.table.app.store.service_tokens(3).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_request_that_times_out_is_tried_again() {
    let unwritten = Act::ALL.map(|act| async move { drop(succeeds_after(Fault::Timeout, act).await) });
    let written = Act::ALL.map(|act| async move { drop(succeeds_after(Fault::TimeoutAfterWrite, act).await) });
    tokio::join!(together(unwritten), together(written));
}

#[tokio::test]
async fn answers_that_are_all_lost_are_503_and_what_is_written_is_written_once() {
    for act in Act::ALL {
        unavailable(Fault::LostAnswer, act, 3, act.done()).await;
    }
}

#[tokio::test]
async fn a_table_that_never_answers_is_503_and_what_is_written_is_written_once() {
    let unwritten = Act::ALL.map(|act| unavailable(Fault::Timeout, act, 3, Act::undone()));
    let written = Act::ALL.map(|act| unavailable(Fault::TimeoutAfterWrite, act, 3, act.done()));
    tokio::join!(together(unwritten), together(written));
}

/// Makes checks at once that wait for timeouts.
async fn together(checks: impl IntoIterator<Item = impl Future<Output = ()> + Send + 'static>) {
    checks.into_iter().collect::<JoinSet<()>>().join_all().await;
}

#[tokio::test]
async fn a_put_that_arrives_after_its_retry_and_a_deletion_registers_nothing() {
    let scene = Scene::new().await;
    let late = scene.proxy.hold("PutItem C", 1);
    let (path, token, _) = scene.world.client(&named("New")).await;
    assert_eq!(scene.stored().await, Act::Register.done());
    assert_eq!(scene.world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    late.open().await;
    assert_eq!(scene.stored().await, Act::undone());
}

#[tokio::test]
async fn an_update_that_arrives_after_its_retry_does_not_undo_a_later_one() {
    let scene = Scene::new().await;
    let late = scene.proxy.hold("PutItem C", 1);
    assert_eq!(scene.rename(&scene.world, "Early").await.status, 200);
    assert_eq!(scene.rename(&scene.world, "Later").await.status, 200);
    late.open().await;
    assert_eq!(scene.stored().await.open, [("Later".to_owned(), 3)]);
}

#[tokio::test]
async fn a_transaction_conflict_is_tried_again() {
    for act in Act::WRITES {
        succeeds_after(act.conflict(), act).await;
    }
}

#[tokio::test]
async fn a_transaction_conflict_that_never_ends_is_503_after_three_retries() {
    for act in Act::WRITES {
        unavailable(act.conflict(), act, 4, Act::undone()).await;
    }
}

#[tokio::test]
async fn a_lost_answer_is_recognised_behind_a_transaction_conflict() {
    for act in Act::WRITES {
        let scene = Scene::new().await;
        scene.proxy.inject(act.request(), Fault::LostAnswer);
        scene.proxy.inject(act.request(), act.conflict());
        assert_eq!(scene.act(act).await.status, act.success());
        assert_eq!(scene.attempts(act), 3);
        assert_eq!(scene.stored().await, act.done());
    }
}

#[tokio::test]
async fn throttling_is_tried_again() {
    for act in Act::ALL {
        succeeds_after(THROTTLED, act).await;
        succeeds_after(Fault::Exception(400, "ThrottlingException"), act).await;
    }
    succeeds_after(Fault::Exception(400, "TransactionInProgressException"), Act::Spend).await;
}

#[tokio::test]
async fn throttling_that_never_ends_is_503_and_nothing_is_written() {
    for act in Act::ALL {
        unavailable(THROTTLED, act, 3, Act::undone()).await;
    }
    unavailable(Fault::Cancelled("ThrottlingError"), Act::Spend, 1, Act::undone()).await;
    unavailable(Fault::Cancelled("ProvisionedThroughputExceeded"), Act::Spend, 1, Act::undone()).await;
}

#[tokio::test]
async fn an_internal_error_of_dynamodb_is_tried_again() {
    for act in Act::ALL {
        succeeds_after(FAILED, act).await;
    }
}

#[tokio::test]
async fn an_internal_error_of_dynamodb_that_never_ends_is_503_and_nothing_is_written() {
    for act in Act::ALL {
        unavailable(FAILED, act, 3, Act::undone()).await;
    }
}

#[tokio::test]
async fn what_dynamodb_refuses_to_do_is_our_fault_and_not_tried_again() {
    for act in Act::ALL {
        let scene = Scene::new().await;
        scene.proxy.inject_always(act.request(), Fault::Exception(400, "AccessDeniedException"));
        let reply = scene.act(act).await;
        assert_eq!((reply.status, reply.text("error"), reply.header("retry-after")), (500, "server_error", ""));
        assert_eq!(scene.attempts(act), 1);
    }
}

#[tokio::test]
async fn of_two_updates_at_once_none_is_lost() {
    let scene = Scene::new().await;
    let (one, other) = tokio::join!(scene.rename(&scene.table, "One"), scene.rename(&scene.table, "Other"));
    assert_eq!((one.status, other.status), (200, 200));
    let open = scene.stored().await.open;
    assert!(open == [("One".to_owned(), 3)] || open == [("Other".to_owned(), 3)], "{open:?}");
}

#[tokio::test]
async fn an_update_that_loses_is_tried_again_on_the_new_state() {
    let scene = Scene::new().await;
    let gate = scene.proxy.hold("PutItem C", 1);
    let (slow, ()) = tokio::join!(scene.rename(&scene.world, "Slow"), async {
        gate.reached().await;
        assert_eq!(scene.rename(&scene.table, "Fast").await.status, 200);
        gate.open().await;
    });
    assert_eq!((slow.status, slow.text("client_name")), (200, "Slow"));
    assert_eq!(scene.proxy.requests(), ["GetItem C", "PutItem C", "GetItem C", "PutItem C"]);
    assert_eq!(scene.stored().await.open, [("Slow".to_owned(), 3)]);
}

#[tokio::test]
async fn an_update_that_loses_twice_is_503() {
    let scene = Scene::new().await;
    let gates = [scene.proxy.hold("PutItem C", 1), scene.proxy.hold("PutItem C", 1)];
    let (slow, ()) = tokio::join!(scene.rename(&scene.world, "Slow"), async {
        for (gate, name) in gates.iter().zip(["Fast", "Faster"]) {
            gate.reached().await;
            assert_eq!(scene.rename(&scene.table, name).await.status, 200);
            gate.open().await;
        }
    });
    assert_unavailable(&slow);
    assert_eq!(scene.attempts(Act::Update), 2);
    assert_eq!(scene.stored().await.open, [("Faster".to_owned(), 3)]);
}

#[tokio::test]
async fn an_update_does_not_bring_back_a_client_deleted_in_between() {
    let scene = Scene::new().await;
    let gate = scene.proxy.hold("PutItem C", 1);
    let (update, ()) = tokio::join!(scene.act(Act::Update), async {
        gate.reached().await;
        assert_eq!(scene.table.send_bare("DELETE", &scene.path, Some(&scene.token)).await.status, 204);
        gate.open().await;
    });
    assert_eq!((update.status, update.text("error")), (401, "invalid_token"));
    assert_eq!(scene.stored().await, Act::Delete.done());
}

#[tokio::test]
async fn an_initial_access_token_of_three_uses_registers_three_clients_however_many_ask_at_once() {
    const ASK: u32 = 8;
    let scene = Arc::new(Scene::new().await);
    let gate = scene.proxy.hold("TransactWriteItems C I", ASK);
    let mut registrations = JoinSet::new();
    for _ in 0..ASK {
        let scene = Arc::clone(&scene);
        registrations.spawn(async move { scene.spend().await });
    }
    // Each has read the token by now, and found three uses left.
    gate.reached().await;
    gate.open().await;
    let replies = registrations.join_all().await;
    let (registered, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 201);
    assert_eq!((registered.len(), refused.len()), (3, 5));
    for reply in refused {
        assert_eq!((reply.status, reply.text("error")), (401, "invalid_token"));
    }
    let stored = scene.stored().await;
    assert_eq!((stored.protected.len(), stored.uses_left), (3, 0));
}

#[tokio::test]
async fn a_lagging_index_hides_no_client_from_its_registrant() {
    let scene = Scene::new().await;
    let listed = async || whole(&scene.world.app.store.clients(1).await.unwrap());
    scene.proxy.lag();
    let (path, token, registered) = scene.world.client(&named("New")).await;
    assert_eq!(listed().await, Act::undone().open);
    assert_eq!(scene.world.send_bare("GET", &path, Some(&token)).await.body, registered.body);
    let update = as_update(&registered.body);
    assert_eq!(scene.world.send_json("PUT", &path, Some(&token), &update).await.status, 200);
    assert_eq!(listed().await, Act::undone().open);
    scene.proxy.catch_up();
    assert_eq!(listed().await, [("New".to_owned(), 2), ("Old".to_owned(), 1)]);
}

#[tokio::test]
async fn a_lagging_index_brings_no_deleted_client_back() {
    let scene = Scene::new().await;
    let store = &scene.world.app.store;
    scene.proxy.lag();
    let (path, token, _) = scene.world.client(&named("New")).await;
    assert_eq!(scene.world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
    assert_eq!(scene.world.send_bare("GET", &path, Some(&token)).await.status, 401);
    assert_eq!(scene.act(Act::Delete).await.status, 204);
    scene.proxy.requests();
    assert!(store.clients(1).await.unwrap().is_empty());
    assert_eq!(scene.proxy.requests(), ["Query list", "BatchGetItem C"], "the index still names the old client");
    scene.proxy.catch_up();
    assert!(store.clients(1).await.unwrap().is_empty());
    assert_eq!(scene.proxy.requests(), ["Query list"]);
}

#[tokio::test]
async fn each_act_makes_the_requests_that_the_design_allows_it() {
    let budgets: [(Act, &[&str]); 5] = [
        (Act::Register, &["PutItem C"]),
        (Act::Spend, &["GetItem I", "TransactWriteItems C I"]),
        (Act::Read, &["GetItem C"]),
        (Act::Update, &["GetItem C", "PutItem C"]),
        (Act::Delete, &["UpdateItem C"]),
    ];
    let scene = Scene::new().await;
    for (act, budget) in budgets {
        assert_eq!(scene.act(act).await.status, act.success());
        assert_eq!(scene.proxy.requests(), budget, "{act:?}");
    }
    let unlimited = scene.table.initial_access_token(2, None, None, BoundPolicy::default()).await;
    assert_eq!(scene.world.register(2, Some(&unlimited), &named("New")).await.status, 201);
    assert_eq!(scene.proxy.requests(), ["GetItem I", "PutItem C"]);
}

#[tokio::test]
async fn a_refusal_makes_no_more_requests_than_a_success_and_one_that_counts_it() {
    let scene = Scene::new().await;
    let unknown = "/1/register/00000000-0000-4000-8000-000000000000";
    let (_, stranger, _) = scene.world.client(&named("New")).await;
    scene.proxy.requests();
    for (path, token) in [(scene.path.as_str(), &stranger), (unknown, &scene.token)] {
        for (method, request) in [("GET", "GetItem C"), ("PUT", "GetItem C"), ("DELETE", "UpdateItem C")] {
            let refused = scene.world.send_json(method, path, Some(token), &json!({"client_id": "x"})).await;
            assert_eq!((refused.status, refused.text("error")), (401, "invalid_token"));
            assert_eq!(scene.proxy.requests(), [request, "UpdateItem X"], "{method} {path}");
        }
    }
    for _ in 0..3 {
        assert_eq!(scene.spend().await.status, 201);
    }
    scene.proxy.requests();
    assert_eq!(scene.spend().await.status, 401);
    assert_eq!(
        scene.proxy.requests(),
        ["GetItem I", "UpdateItem X"],
        "a token that is used up, and a refusal that counts"
    );
}

#[tokio::test]
async fn a_slow_table_is_503_before_the_function_times_out() {
    let scene = Scene::new().await;
    for _ in 0..2 {
        scene.proxy.inject("GetItem I", Fault::Timeout);
    }
    scene.proxy.inject_always("TransactWriteItems C I", Fault::Timeout);
    let began = std::time::Instant::now();
    assert_unavailable(&scene.spend().await);
    assert!(began.elapsed().as_secs_f32() < 5.0, "{:?}", began.elapsed());
}

#[tokio::test]
async fn conflicts_between_timeouts_end_before_the_function_times_out() {
    let scene = Scene::new().await;
    for _ in 0..3 {
        scene.proxy.inject("TransactWriteItems C I", Fault::Timeout);
        scene.proxy.inject("TransactWriteItems C I", Fault::Timeout);
        scene.proxy.inject("TransactWriteItems C I", Act::Spend.conflict());
    }
    let began = std::time::Instant::now();
    scene.spend().await;
    assert!(began.elapsed().as_secs_f32() < 5.0, "{:?}", began.elapsed());
}

#[tokio::test]
async fn a_batch_that_stays_unprocessed_ends() {
    let scene = Scene::new().await;
    scene.proxy.inject_always("BatchGetItem C", Fault::Unprocessed);
    let listed = tokio::time::timeout(std::time::Duration::from_secs(4), scene.world.app.store.clients(1)).await;
    assert!(listed.is_ok(), "still asking after {} requests", scene.proxy.requests().len());
}

#[tokio::test]
async fn an_error_without_a_code_is_503() {
    let scene = Scene::new().await;
    scene.proxy.inject_always("PutItem C", Fault::Bare(503));
    assert_unavailable(&scene.act(Act::Register).await);
}

#[tokio::test]
async fn a_revocation_whose_answer_is_lost_is_a_revocation() {
    let scene = Scene::new().await;
    scene.proxy.inject("DeleteItem I", Fault::LostAnswer);
    let token = Token::parse(TokenKind::InitialAccess, &scene.initial_access_token).unwrap();
    let record = scene.table.app.store.token(&token).await.unwrap().unwrap();
    scene.world.app.store.revoke_token(&record, &shared::origin::Origin::default()).await.unwrap();
    assert!(scene.world.app.store.token(&token).await.unwrap().is_none());
}
