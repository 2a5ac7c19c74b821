//! What the role of each function permits: what `docs/deploying.md` says, what the function asks, and no more.

mod replayed;
mod sequences;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use shared::caller::Permission;
use shared::policy::{Policy, Preset, Rotation};

use crate::fault_proxy::{Fault, FaultProxy};
use crate::support::{World, as_update, web_client};
use crate::wiring::{functions, read, template};

/// Functions and what they may do: `GetItem C#*` in the table, `Query list C#*` in an index, `Decrypt`.
pub(crate) type Roles = BTreeMap<String, BTreeSet<String>>;

/// What each function asks as it starts.
const STARTING: &str = "GetItem S#0";

/// The text of a value, whatever its tag.
fn text(value: &Yaml) -> &str {
    match value {
        Yaml::Tagged(tagged) => tagged.value.as_str().unwrap(),
        value => value.as_str().unwrap(),
    }
}

fn texts(value: &Yaml) -> Vec<&str> {
    value.as_sequence().map_or_else(|| vec![text(value)], |values| values.iter().map(text).collect())
}

/// The roles of the template. What does not concern the table or the key stands as its action and its resource.
pub(crate) fn granted() -> Roles {
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap();
    let mut roles = Roles::new();
    for function in resources.values().filter(|resource| resource["Type"] == "AWS::Serverless::Function") {
        let binary = text(&function["Metadata"]["BuildProperties"]["Binary"]);
        let role = &resources[text(&function["Properties"]["Role"]).strip_suffix(".Arn").unwrap()]["Properties"];
        // A managed policy is one of the template, never one of AWS.
        let shared = texts(&role["ManagedPolicyArns"]).into_iter().map(|policy| &resources[policy]["Properties"]);
        let policies = role["Policies"].as_sequence().unwrap().iter().chain(shared);
        let statements = policies.flat_map(|policy| policy["PolicyDocument"]["Statement"].as_sequence().unwrap());
        let permissions = statements.flat_map(permissions).collect();
        assert!(roles.insert(binary.to_owned(), permissions).is_none(), "{binary}");
    }
    roles
}

/// The door of a function, as its resources are named: `Oauth`.
fn door(template: &Yaml, function: &str) -> String {
    let mut resources = template["Resources"].as_mapping().unwrap().values();
    let resource = resources.find(|resource| resource["Metadata"]["BuildProperties"]["Binary"] == function).unwrap();
    let folder = text(&resource["Properties"]["CodeUri"]).strip_prefix("functions/").unwrap();
    folder.split('-').map(|part| part[..1].to_uppercase() + &part[1..]).collect()
}

fn permissions(statement: &Yaml) -> Vec<String> {
    // One that depends on a condition is granted where that holds.
    let statement = match statement {
        Yaml::Tagged(tagged) => &tagged.value[1],
        statement => statement,
    };
    assert_eq!(statement["Effect"], "Allow");
    let resource = text(&statement["Resource"]);
    let action = |action: &str| {
        let on_keys = |place: &str| {
            let verb = action.strip_prefix("dynamodb:").unwrap();
            let keys = texts(&statement["Condition"]["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]);
            keys.iter().map(|key| format!("{verb} {place}{key}")).collect()
        };
        match resource {
            "Table.Arn" => on_keys(""),
            "Key.Arn" => {
                let condition = &statement["Condition"];
                assert_eq!(condition["StringLike"]["kms:EncryptionContext:service"], "*");
                assert_eq!(texts(&condition["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]), ["service"]);
                vec![action.strip_prefix("kms:").unwrap().to_owned()]
            }
            other => match other.strip_prefix("${Table.Arn}/index/") {
                Some(index) => on_keys(&format!("{index} ")),
                None => vec![format!("{action} {other}")],
            },
        }
    };
    texts(&statement["Action"]).into_iter().flat_map(action).collect()
}

/// The roles as the table of `docs/deploying.md` has them.
fn documented() -> Roles {
    let document = read("docs/deploying.md");
    let cells =
        |line: &str| -> Vec<String> { line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect() };
    let mut lines = document.lines().skip_while(|line| !line.starts_with("| function | services"));
    let head = cells(lines.next().unwrap());
    let mut roles = Roles::new();
    for line in lines.skip(1).take_while(|line| line.starts_with('|')) {
        let row = cells(line);
        let permissions: BTreeSet<String> =
            head.iter().zip(&row).skip(1).flat_map(|(head, cell)| allowed(head, cell)).collect();
        for function in quoted(&row[0]) {
            assert!(roles.insert(function.to_owned(), permissions.clone()).is_none(), "{function} stands there twice");
        }
    }
    roles
}

/// The permissions of a cell.
fn allowed(head: &str, cell: &str) -> Vec<String> {
    let parts = cell.split(", ").filter(|part| *part != "–");
    match quoted(head).first() {
        Some(kind) => {
            let permission = |part: &str| {
                let verb = part.split(' ').next().unwrap();
                let action = match verb {
                    "Query" => "Query".to_owned(),
                    "Check" => "ConditionCheckItem".to_owned(),
                    verb => format!("{verb}Item"),
                };
                format!("{action} {}", quoted(part).first().unwrap_or(kind))
            };
            parts.map(permission).collect()
        }
        None if head.starts_with("Query") => {
            let places = parts.flat_map(|part| {
                let names = quoted(part);
                let (index, keys) = names.split_first().unwrap();
                keys.iter().map(|key| format!("Query {index} {key}")).collect::<Vec<_>>()
            });
            places.collect()
        }
        None => parts.map(|part| part.replace("Generate", "GenerateDataKeyWithoutPlaintext")).collect(),
    }
}

fn quoted(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

#[test]
fn the_document_says_what_each_role_permits() {
    let (template, mut granted) = (template(), granted());
    for (function, permissions) in &mut granted {
        // What every function has: its door's log group, and traces where they are on; and what only one has. The text
        // under the table says both.
        let others: Vec<String> = permissions.iter().filter(|permission| permission.contains(':')).cloned().collect();
        let door = door(&template, function);
        let mut expected =
            ["CreateLogStream", "PutLogEvents"].map(|action| format!("logs:{action} {door}Logs.Arn")).to_vec();
        expected.extend(["PutTelemetryRecords", "PutTraceSegments"].map(|action| format!("xray:{action} *")));
        if function == stream::FUNCTION {
            let reads = ["DescribeStream", "GetRecords", "GetShardIterator", "ListStreams"];
            expected.extend(reads.map(|action| format!("dynamodb:{action} ${{Table.Arn}}/stream/*")));
            expected.push("sqs:SendMessage StreamFailures.Arn".to_owned());
            let bus = "arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBus}";
            expected.push(format!("events:PutEvents {bus}"));
        }
        expected.sort();
        assert_eq!(others, expected, "{function}");
        permissions.retain(|permission| !permission.contains(':'));
        *permissions = permissions.iter().map(|permission| permission.trim_end_matches('*').to_owned()).collect();
    }
    let documented = documented();
    for (function, permissions) in &granted {
        assert_eq!(documented.get(function), Some(permissions), "{function}");
    }
    assert!(documented.keys().eq(granted.keys()));
    assert!(granted.keys().eq(functions().keys()));
}

/// The functions that remember what was signed.
const REMEMBERING: [&str; 5] =
    ["stet-register", "stet-client", "authlete-pushed-auth-req", "authlete-token", "authlete-revocation"];

/// Whether a function is one of Authlete's runtime: authorization, tokens, and what users have granted.
fn is_runtimes(function: &str) -> bool {
    let endpoint = registrar::endpoints().find(|endpoint| endpoint.function == function);
    let parts = ["/auth/", "/pushed_auth_req", "/client/authorization/", "/client/granted_scopes/"];
    endpoint.is_some_and(|endpoint| parts.iter().any(|part| endpoint.paths[0].contains(part)))
}

/// A token whose value was chosen may be of any authorization that has tokens, be it one that makes room for another.
#[test]
fn whoever_writes_tokens_writes_what_finds_chosen_ones() {
    let without_tokens = ["authorization", "authorization-fail", "authorization-ticket-update", "token-fail"];
    let without_tokens = without_tokens.map(|name| format!("authlete-{name}"));
    for (function, permissions) in granted() {
        let puts =
            |kind: &str| permissions.iter().any(|permission| permission.starts_with(&format!("PutItem {kind}#")));
        assert_eq!(puts("K"), puts("G") && !without_tokens.contains(&function), "{function}");
    }
}

#[test]
fn no_function_makes_an_operators_token_and_no_request_deletes_anything() {
    for (function, permissions) in granted() {
        for permission in permissions.iter().filter(|permission| !permission.contains(':')) {
            let Some((action, place)) = permission.split_once(' ') else {
                assert!(
                    ["Decrypt", "GenerateDataKeyWithoutPlaintext"].contains(&permission.as_str()),
                    "{function}: {permission}"
                );
                continue;
            };
            let key = place.rsplit(' ').next().unwrap();
            assert!(key.len() > 2 && key[1..].starts_with('#'), "{function}: {permission} is of no type");
            let actions: &[&str] = match function.as_str() {
                stream::FUNCTION => &[
                    "GetItem",
                    "BatchGetItem",
                    "Query",
                    "UpdateItem",
                    "ConditionCheckItem",
                    "DeleteItem",
                    "BatchWriteItem",
                ],
                _ => &["GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem"],
            };
            assert!(actions.contains(&action), "{function}: {permission}");
            if action == "Query" {
                continue;
            }
            let who = match (&key[..2], action) {
                // Operators' tokens are read where operators are answered, and made and revoked at their own door.
                ("T#", "GetItem" | "BatchGetItem") => ["authlete-", "operator-", "client-lookup", "client-used"]
                    .iter()
                    .any(|name| function.starts_with(name)),
                ("T#" | "I#", "PutItem") => function == "operator-tokens",
                ("T#", "UpdateItem") => function == "operator-token",
                // Only the function of the stream counts, and deletes.
                ("T#" | "G#" | "V#" | "K#", "DeleteItem") | ("N#", "UpdateItem" | "DeleteItem") => {
                    function == stream::FUNCTION
                }
                // The audit and the places of clients are the stream's, operators read them, and refusals are counted where
                // they happen.
                ("A#", "BatchGetItem") => function == "operator-audit",
                ("A#" | "Q#", action) => action == "BatchWriteItem" && function == stream::FUNCTION,
                ("X#", action) => action == "UpdateItem",
                (_, "BatchWriteItem") | ("T#", _) => false,
                // Whoever registers counts an initial access token, and makes none.
                ("I#", "GetItem" | "UpdateItem") => {
                    let users = ["register", "authlete-client-registration", "operator-token"];
                    users.contains(&function.as_str())
                }
                ("I#", "BatchGetItem") => function.starts_with("operator-token"),
                ("I#", action) => action == "DeleteItem",
                // Requests that are signed, and assertions of clients, are remembered and never read.
                ("R#", action) => action == "PutItem" && REMEMBERING.contains(&function.as_str()),
                // What users have granted is only the runtime's.
                ("P#", "PutItem") => function == "authlete-pushed-auth-req",
                ("G#" | "V#" | "K#", _) if function == "operator-grants" => true,
                // Whoever has a token that works is not deleted for not being used.
                ("G#", "BatchGetItem") if function == "operator-bulk" => true,
                ("G#" | "P#" | "V#" | "K#", _) => is_runtimes(&function),
                ("M#", "PutItem") => function == "stet-token",
                ("M#", action) => action == "GetItem" && ["stet-register", "stet-client"].contains(&function.as_str()),
                ("S#", "PutItem" | "UpdateItem") => {
                    function.starts_with("authlete-service-")
                        || [stream::FUNCTION, "operator-policy"].contains(&function.as_str())
                }
                ("N#", action) => action == "GetItem",
                _ => true,
            };
            assert!(who, "{function}: {permission}");
        }
    }
}

/// What was asked, all of which the role of that function permits.
fn permitted(granted: &Roles, function: &str, proxy: &FaultProxy, what: &str) -> Vec<String> {
    let asked = proxy.permissions();
    for permission in &asked {
        assert!(permits(granted, function, permission), "{what}: {permission}");
    }
    asked
}

fn permits(granted: &Roles, function: &str, permission: &str) -> bool {
    granted[function].iter().any(|granted| match granted.strip_suffix('*') {
        Some(beginning) => permission.starts_with(beginning),
        None => granted == permission,
    })
}

#[tokio::test]
async fn each_role_permits_what_its_function_asks_as_it_starts() {
    let table = World::empty().await;
    let proxy = FaultProxy::start(&table.url()).await;
    World::at(&proxy.url()).app.store.warm().await.unwrap();
    assert_eq!(proxy.permissions(), [STARTING]);
    let granted = granted();
    for function in granted.keys() {
        assert!(permits(&granted, function, STARTING), "{function}");
    }
}

/// What no event asks, since it depends on what was asked before.
#[tokio::test]
async fn the_roles_of_registration_permit_to_share_clients_and_to_count_them() {
    let table = World::empty().await;
    table.service(1, Policy { clients_per_service: Some(10), ..Preset::McpShared.policy() }).await;
    let token = table.service_token(1, &[Permission::UseService]).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    let client = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none"});
    let granted = granted();
    let wrapped = json!({"json": client.to_string()});
    for (function, path, body) in
        [("register", "/1/register", &client), ("authlete-client-registration", "/api/1/client/registration", &wrapped)]
    {
        let mut asked = BTreeSet::new();
        for _ in 0..2 {
            world.clock.advance(1);
            assert!(
                world.send_json("POST", path, (body == &wrapped).then_some(token.as_str()), body).await.status < 300
            );
            asked.extend(permitted(&granted, function, &proxy, function));
        }
        for beginning in ["UpdateItem C#", "Query N#"] {
            assert!(asked.iter().any(|permission| permission.starts_with(beginning)), "{asked:?}");
        }
    }
}

#[tokio::test]
async fn the_role_of_operators_permits_to_give_a_client_a_name_that_no_other_has() {
    let table = World::empty().await;
    table.service(1, Policy { software_id_once: true, ..Preset::Open.policy() }).await;
    let token = table.service_token(1, &Permission::ALL).await;
    let (_, _, reply) = table.client(&web_client()).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    let path = format!("/operator/1/clients/{}", reply.text("client_id"));
    let patched = world.send_json("PATCH", &path, Some(&token), &json!({"software_id": "a"})).await;
    assert_eq!(patched.status, 200, "{patched:?}");
    let asked = permitted(&granted(), "operator-client", &proxy, "PATCH");
    assert!(asked.iter().any(|it| it.starts_with("PutItem U#")), "{asked:?}");
}

#[tokio::test]
async fn the_roles_permit_a_token_to_end_the_one_before_it() {
    let table = World::empty().await;
    table.service(1, Policy { token_rotation: Rotation::Grace, ..Preset::Open.policy() }).await;
    let service = table.service_token(1, &[Permission::UseService]).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    let granted = granted();
    let (path, old, reply) = world.client(&web_client()).await;
    let updated = world.send_json("PUT", &path, Some(&old), &as_update(&reply.body)).await;
    permitted(&granted, "client-configuration", &proxy, "PUT");
    world.send_bare("GET", &path, Some(updated.text("registration_access_token"))).await;
    assert!(permitted(&granted, "client-configuration", &proxy, "GET").iter().any(|it| it.starts_with("PutItem C#")));

    let call = async |operation: &str, body: Value| {
        let path = format!("/api/1/client/registration{operation}");
        let answer = world.send_json("POST", &path, Some(&service), &body).await;
        serde_json::from_str::<Value>(answer.text("responseContent")).unwrap()
    };
    let registered = call("", json!({"json": web_client().to_string()})).await;
    let (id, update) = (&registered["client_id"], as_update(&registered).to_string());
    let old = &registered["registration_access_token"];
    let updated = call("/update", json!({"json": update, "token": old, "clientId": id})).await;
    proxy.permissions();
    // Somebody else was faster: the client is read again.
    proxy.inject("PutItem C", Fault::Exception(400, "ConditionalCheckFailedException"));
    call("/get", json!({"token": updated["registration_access_token"], "clientId": id})).await;
    let asked = permitted(&granted, "authlete-client-registration-get", &proxy, "get");
    assert!(asked.iter().any(|it| it.starts_with("PutItem C#")), "{asked:?}");
}

/// A test of all tests: `.ci/run` runs it after them, with what they have written down (`REGISTRAR_ASKED`).
#[test]
#[ignore = "the other tests go before it, with REGISTRAR_ASKED"]
fn no_role_permits_what_no_function_asks() {
    let file = std::env::var_os("REGISTRAR_ASKED").unwrap();
    let lines = std::fs::read_to_string(file).unwrap();
    let asked: BTreeSet<&str> = lines.lines().collect();
    let granted = granted();
    // What has a resource of its own is another test's, and so is what is asked as a function starts.
    let is_here = |permission: &&String| !permission.contains(':') && *permission != STARTING;
    let permitted = granted.iter().flat_map(|(function, permissions)| {
        permissions.iter().filter(is_here).map(move |it| format!("{function} {}", it.trim_end_matches('*')))
    });
    let unasked: Vec<String> = permitted.filter(|line| !asked.contains(line.as_str())).collect();
    assert_eq!(unasked, Vec::<String>::new(), "no function asks it");
    let is_permitted = |line: &&str| {
        let (function, permission) = line.split_once(' ').unwrap();
        permits(&granted, function, permission)
    };
    let refused: Vec<&str> = asked.iter().copied().filter(|line| !is_permitted(line)).collect();
    assert_eq!(refused, Vec::<&str>::new(), "a role does not permit it");
}
