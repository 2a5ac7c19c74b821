//! How often each access asks the table, and that docs/storage.md says so.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::fetch::FetchSettings;
use shared::policy::{BoundPolicy, Policy, Preset, Rotation};

use crate::fault_proxy::FaultProxy;
use crate::stet::authority::Authority;
use crate::stet::institution::{ACME, Institution, REGISTER};
use crate::stet::settings;
use crate::support::{Reply, World, as_update, web_client};
use crate::wiring::{read, sources};

/// How many requests of each operation, transactions by that name.
type Sum = BTreeMap<String, usize>;

/// The sums that the table *Requests* begins each access with, those above it included that it comes on top of; an access
/// that begins with … is named after the last one that does not.
fn documented() -> BTreeMap<String, Sum> {
    let text = read("docs/storage.md");
    let rows = text.lines().skip_while(|line| *line != "| access | requests |").skip(2);
    let (mut sums, mut name, mut above) = (BTreeMap::new(), "", Sum::new());
    for row in rows.take_while(|line| line.starts_with('|')) {
        let [access, requests] = row.trim_matches(['|', ' ']).split(" | ").collect::<Vec<_>>()[..] else {
            panic!("no access and requests: {row}")
        };
        let (more, of_one) = match requests.strip_prefix("+ ") {
            Some(more) => (more, above.clone()),
            None => (requests, Sum::new()),
        };
        let sum = sum(more.split(';').next().unwrap(), of_one).unwrap_or_else(|| panic!("no sum: {row}"));
        if !access.starts_with('…') {
            name = access;
        }
        if !requests.starts_with('+') {
            above = sum.clone();
        }
        let full = access.strip_prefix('…').map_or_else(|| access.to_owned(), |rest| format!("{name}{rest}"));
        assert_eq!(sums.insert(full, sum), None, "twice: {row}");
    }
    sums
}

/// `1 GetItem (token, client), 2 PutItem`, on top of another sum.
fn sum(text: &str, mut sum: Sum) -> Option<Sum> {
    let (mut terms, mut depth) = (String::new(), 0);
    for character in text.chars() {
        depth += i32::from(character == '(') - i32::from(character == ')');
        if depth == 0 && character != ')' {
            terms.push(character);
        }
    }
    for term in terms.split(',').map(str::trim).filter(|term| *term != "none") {
        let (number, operation) = term.split_once(' ')?;
        *sum.entry(operation.to_owned()).or_default() += number.parse::<usize>().ok()?;
    }
    Some(sum)
}

/// Asserts that what was asked is what docs/storage.md says of an access.
pub(crate) fn assert_documented(access: &str, asked: &[String]) {
    let documented = documented();
    let said = documented.get(access).unwrap_or_else(|| panic!("docs/storage.md has no {access}"));
    let mut sum = Sum::new();
    for request in asked.iter().filter(|request| *request != "UpdateItem L") {
        let operation = match request.split(' ').next().unwrap() {
            "TransactWriteItems" => "transaction",
            operation => operation,
        };
        *sum.entry(operation.to_owned()).or_default() += 1;
    }
    assert_eq!(&sum, said, "{access}: {asked:?}");
}

#[test]
fn each_documented_sum_is_compared_with_what_is_asked() {
    let sources = sources();
    let missing: Vec<String> =
        documented().into_keys().filter(|access| !sources.contains(&format!("\"{access}\""))).collect();
    assert!(missing.is_empty(), "no test counts them: {missing:#?}");
}

/// A registrar whose table is behind a proxy.
struct Counted {
    world: World,
    direct: World,
    proxy: FaultProxy,
    token: String,
}

impl Counted {
    async fn of(policy: Policy) -> Self {
        let direct = World::empty().await;
        let proxy = FaultProxy::start(&direct.url()).await;
        let world = World::apart_at(&proxy.url(), 2);
        direct.service(1, policy).await;
        let token = direct.service_token(1, &Permission::ALL).await;
        proxy.requests();
        Self { world, direct, proxy, token }
    }

    fn assert(&self, access: &str) {
        assert_documented(access, &self.proxy.requests());
    }

    /// What an operator asks.
    async fn operator(&self, access: &str, method: &str, path: &str, body: &Value) -> Reply {
        let path = format!("/operator/1/{path}");
        let reply = match body {
            Value::Null => self.world.send_bare(method, &path, Some(&self.token)).await,
            _ => self.world.send_json(method, &path, Some(&self.token), body).await,
        };
        assert!(reply.status < 300, "{access}: {reply:?}");
        self.assert(access);
        reply
    }
}

#[tokio::test]
async fn registrants_ask_as_often_as_is_documented() {
    let counted = Counted::of(Policy { token_rotation: Rotation::Grace, ..Preset::Open.policy() }).await;
    let Counted { world, direct, .. } = &counted;
    let (path, token, reply) = world.client(&web_client()).await;
    counted.assert("register, open");
    let get = async |token: &str| world.send_bare("GET", &path, Some(token)).await;
    let put = async |token: &str, body: &Value| world.send_json("PUT", &path, Some(token), body).await;
    get(&token).await;
    counted.assert("read");
    let (_, stranger, _) = direct.client(&web_client()).await;
    get(&stranger).await;
    counted.assert("read with a wrong token, of an unknown or a locked client");
    put(&token, &as_update(&reply.body)).await;
    counted.proxy.requests();
    let mut renamed = as_update(&reply.body);
    renamed["client_name"] = "Renamed".into();
    let updated = put(&token, &renamed).await;
    counted.assert("update");
    let new = updated.text("registration_access_token").to_owned();
    get(&new).await;
    counted.assert("read with a token that is used first (`token_rotation` `grace`)");
    world.send_bare("DELETE", &path, Some(&stranger)).await;
    counted.assert("delete with a wrong token, of an unknown or a locked client");
    assert_eq!(world.send_bare("DELETE", &path, Some(&new)).await.status, 204);
    counted.assert("delete");
    assert_eq!(world.register(1, None, &json!({"redirect_uris": ["junk"]})).await.status, 400);
    counted.assert("a refusal, at whatever door, be it closed, where refusals are counted");

    direct.service(2, Preset::Protected.policy()).await;
    for (uses, access) in [
        (None, "register with an initial access token"),
        (Some(2), "register with an initial access token that is counted"),
    ] {
        let initial = direct.initial_access_token(2, uses, None, BoundPolicy::default()).await;
        assert_eq!(world.register(2, Some(&initial), &web_client()).await.status, 201);
        counted.assert(access);
    }
    direct.service(3, Policy { clients_per_service: Some(10), ..Preset::Open.policy() }).await;
    assert_eq!(world.register(3, None, &web_client()).await.status, 201);
    counted.assert("register, open with `clients_per_service`");
}

#[tokio::test]
async fn an_update_that_changes_nothing_writes_nothing() {
    let counted = Counted::of(Preset::Open.policy()).await;
    let (path, token, reply) = counted.world.client(&web_client()).await;
    counted.world.send_json("PUT", &path, Some(&token), &as_update(&reply.body)).await;
    counted.proxy.requests();
    let again = counted.world.send_json("PUT", &path, Some(&token), &as_update(&reply.body)).await;
    assert_eq!(again.status, 200, "{again:?}");
    counted.assert("update that changes nothing");
}

#[tokio::test]
async fn operators_ask_as_often_as_is_documented() {
    let counted = Counted::of(Preset::Open.policy()).await;
    let nothing = &Value::Null;
    counted.operator("a client that an operator makes", "POST", "clients", &web_client()).await;
    let (_, _, made) = counted.direct.client(&web_client()).await;
    let client = format!("clients/{}", made.text("client_id"));
    counted.direct.catch_up().await;
    counted.operator("an operator's page of clients", "GET", "clients", nothing).await;
    let one = format!("clients?client_id={}", made.text("client_id"));
    counted.operator("an operator's page of clients of one `client_id`", "GET", &one, nothing).await;
    counted.operator("an operator's look at a client", "GET", &client, nothing).await;
    counted.operator("history of a client", "GET", &format!("{client}/history"), nothing).await;
    counted.operator("an operator's patch of a client", "PATCH", &client, &json!({"client_name": "New"})).await;
    counted.operator("an operator's action on a client", "POST", &format!("{client}/retain"), nothing).await;
    let unchanged = "an operator's action on a client that changes nothing";
    counted.operator(unchanged, "POST", &format!("{client}/retain"), nothing).await;
    counted.operator("an operator's deletion of a client", "DELETE", &client, nothing).await;
    counted.operator("bringing a client back", "POST", &format!("{client}/restore"), nothing).await;
    let many = json!([{"client_id": made.text("client_id")}]);
    let preview = json!({"action": "release", "preview": true, "clients": many});
    counted.operator("actions on many only looked at (`preview`)", "POST", "bulk", &preview).await;
    counted.operator("actions on many", "POST", "bulk", &json!({"action": "release", "clients": many})).await;
    counted.operator("audit of a service", "GET", "audit", nothing).await;
    counted.operator("a page of refusals", "GET", "refusals?days=1", nothing).await;
    counted.operator("counts of a service", "GET", "counts", nothing).await;
    counted.operator("counts of a service with a page of developers", "GET", "counts?developers=true", nothing).await;
    let token = json!({"kind": "initial_access"});
    let made = counted.operator("a new token", "POST", "tokens", &token).await;
    counted.operator("a page of tokens", "GET", "tokens", nothing).await;
    let ended = format!("tokens/{}", made.text("token"));
    counted.operator("ending a token", "DELETE", &ended, nothing).await;
    let policy = counted.operator("policy; a trial of one", "GET", "policy", nothing).await;
    counted.operator("policy; a trial of one", "POST", "policy/try", &json!({"client": web_client()})).await;
    counted.world.send_bare("GET", "/operator/whoami", Some(&counted.token)).await;
    counted.assert("who am I");
    let (etag, mut changed) = (policy.header("etag"), policy.body.clone());
    changed["clients_per_service"] = 100.into();
    let authorization = format!("Bearer {}", counted.token);
    let headers = [("authorization", &*authorization), ("content-type", "application/json"), ("if-match", etag)];
    let put = counted.world.send("PUT", "/operator/1/policy", &headers, changed.to_string()).await;
    assert_eq!(put.status, 200, "{put:?}");
    counted.assert("replacing a policy");
}

#[tokio::test]
async fn who_asks_for_grants_asks_as_often_as_is_documented() {
    let counted = Counted::of(Preset::Open.policy()).await;
    let (_, _, reply) = counted.world.client(&web_client()).await;
    let body = json!({"grantType": "AUTHORIZATION_CODE", "clientIdentifier": reply.text("client_id"),
        "subject": "alice"});
    let made = counted.world.send_json("POST", "/api/1/auth/token/create", Some(&counted.token), &body).await;
    assert_eq!(made.status, 200, "{made:?}");
    counted.proxy.requests();
    counted.operator("grants of a user", "GET", "grants?subject=alice", &Value::Null).await;
    let of_client = format!("grants?client={}", reply.text("client_id"));
    counted.operator("grants of a user of a client", "GET", &of_client, &Value::Null).await;
}

#[tokio::test]
async fn institutions_ask_as_often_as_is_documented() {
    let authority = Authority::new();
    let bank = World::for_stet(FetchSettings::default(), settings(&authority)).await;
    let proxy = FaultProxy::start(&bank.url()).await;
    let world = World::at_for_fixed_paths(&proxy.url(), 1, 1);
    let acme = Institution::new(&world, &authority, ACME).await;
    assert_documented("STET token", &proxy.requests());
    let metadata = acme.metadata();
    for (access, status, request) in [
        ("STET registration", 201, acme.signed("POST", REGISTER).with_body(&metadata)),
        ("STET read", 200, acme.signed("GET", &acme.path())),
        ("STET update", 200, acme.signed("PUT", &acme.path()).with_body(&changed(&metadata))),
        ("STET deletion", 204, acme.signed("DELETE", &acme.path())),
    ] {
        let reply = acme.send(&request).await;
        assert_eq!(reply.status, status, "{access}: {reply:?}");
        assert_documented(access, &proxy.requests());
    }
}

/// What an institution's update sends.
fn changed(metadata: &Value) -> Value {
    let mut changed = metadata.clone();
    (changed["client_id"], changed["client_name"]) = (ACME.into(), "Renamed".into());
    changed
}

#[tokio::test]
async fn identity_center_asks_as_often_as_is_documented() {
    let table = World::for_identity_center(1).await;
    let mut policy = Preset::Open.policy();
    policy.doors.push("identity_center".to_owned());
    table.service(1, policy).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at_for_fixed_paths(&proxy.url(), 1, 1);
    let body = json!({
        "client_name": "cli", "client_type": "public", "token_endpoint_auth_method": "client_secret_post",
        "scopes": ["openid"], "grant_types": ["authorization_code"], "response_types": ["code"],
    });
    let reply = world.send_json("POST", "/v1/clients", None, &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_documented("Identity Center's registration", &proxy.requests());
}
