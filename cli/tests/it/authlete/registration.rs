//! Dynamic registration for authorization servers.

use serde_json::{Value, json};
use shared::policy::{BoundPolicy, Preset, Rotation};

use super::{Authlete, assert_error, content};
use crate::changes::{row, rows, stored};
use crate::support::{BASE_URL, Reply, as_update, web_client};

#[tokio::test]
async fn an_authorization_server_registers_reads_updates_and_deletes_for_its_clients() {
    let authlete = Authlete::open().await;
    let (client_id, token, registered) = authlete.register(&json!({"client_name": "My Dynamic Client"})).await;
    assert_eq!((registered.status, registered.text("resultCode")), (200, "A202001"));
    assert_eq!(registered.body["client"]["clientId"].to_string(), client_id);
    let named = json!({"clientId": client_id, "token": token});

    let read = authlete.post("/client/registration/get", &named).await;
    assert_eq!((read.status, read.text("resultCode"), read.text("action")), (200, "A217001", "OK"));
    assert_eq!(content(&read), content(&registered), "the presented token is answered");
    assert_eq!(read.body["client"], registered.body["client"]);

    let mut document = content(&read);
    document["client_name"] = "Renamed".into();
    let update = json!({"clientId": client_id, "token": token, "json": document.to_string()});
    let updated = authlete.post("/client/registration/update", &update).await;
    assert_eq!((updated.status, updated.text("resultCode"), updated.text("action")), (200, "A213001", "UPDATED"));
    assert_eq!(content(&updated)["client_name"], "Renamed");
    assert_eq!(updated.body["client"]["clientName"], "Renamed");
    assert_eq!(updated.body["client"]["clientSecret"], registered.body["client"]["clientSecret"]);

    let deleted = authlete.post("/client/registration/delete", &named).await;
    assert_eq!((deleted.status, deleted.text("resultCode"), deleted.text("action")), (200, "A216001", "DELETED"));
    assert_eq!(deleted.body.get("responseContent"), None);
    let gone = authlete.post("/client/registration/get", &named).await;
    assert_eq!(gone.text("action"), "BAD_REQUEST");
}

/// Documents, good and bad.
fn documents() -> Vec<String> {
    [
        web_client(),
        json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none", "scope": "a b"}),
        json!({"redirect_uris": ["https://rp.example/cb"], "grant_types": ["implicit"], "response_types": ["code"]}),
        json!({"redirect_uris": ["https://rp.example/#fragment"]}),
        json!({"redirect_uris": ["ms-msdt:/id"]}),
        json!({"redirect_uris": ["https://rp.example/cb"], "jwks": {"keys": [{"kty": "oct", "k": "AAAA"}]}}),
        json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "javascript:alert(1)"}),
        json!({"redirect_uris": "https://rp.example/cb"}),
        json!([1]),
    ]
    .iter()
    .map(Value::to_string)
    .chain([String::new(), "{".to_owned(), "{\"a\":1,\"a\":2}".to_owned(), "\u{0}".to_owned()])
    .collect()
}

/// What two registrations of one document cannot share.
fn comparable(mut body: Value) -> Value {
    for member in ["client_id", "client_secret", "registration_access_token", "registration_client_uri"] {
        if let Some(value) = body.get_mut(member) {
            *value = "*".into();
        }
    }
    body
}

fn http_status(reply: &Reply) -> u16 {
    match reply.text("action") {
        "CREATED" => 201,
        "OK" | "UPDATED" => 200,
        "DELETED" => 204,
        "BAD_REQUEST" => 400,
        "UNAUTHORIZED" => 401,
        action => panic!("{action}"),
    }
}

#[tokio::test]
async fn action_and_response_content_are_the_oauth_doors_status_and_body() {
    let authlete = Authlete::open().await;
    authlete.set_service(&json!({"unauthorizedOnClientConfigSupported": true})).await;
    let (path, token, client) = authlete.world.client(&web_client()).await;
    let client_id = client.text("client_id");
    let missing = content(&authlete.post("/client/registration", &json!({})).await);
    assert_eq!(missing["error_description"], "json is required");
    let mut presented = vec![String::new(), "rat_wrong".to_owned(), format!("rat_{}", "A".repeat(43))];
    presented.push(token.clone());
    for document in documents() {
        let json = [("content-type", "application/json")];
        let oauth = authlete.world.send("POST", "/1/register", &json, document.clone()).await;
        let reply = authlete.post("/client/registration", &json!({"json": document})).await;
        assert_eq!(http_status(&reply), oauth.status, "{document}");
        assert_eq!(comparable(content(&reply)), comparable(oauth.body), "{document}");
        for token in &presented {
            let bearer = format!("Bearer {}", if token.is_empty() { "rat_x" } else { token });
            let headers = [("content-type", "application/json"), ("authorization", bearer.as_str())];
            let oauth = authlete.world.send("PUT", &path, &headers, document.clone()).await;
            let update = json!({"clientId": client_id, "token": token, "json": document});
            let reply = authlete.post("/client/registration/update", &update).await;
            assert_eq!(http_status(&reply), oauth.status, "{document} {token}");
            assert_eq!(content(&reply), oauth.body, "{document} {token}");
        }
    }
    for token in &presented {
        let oauth = authlete.world.send_bare("GET", &path, Some(token.as_str())).await;
        let named = json!({"clientId": client_id, "token": token});
        let reply = authlete.post("/client/registration/get", &named).await;
        let without_token = token.is_empty();
        assert_eq!(http_status(&reply), oauth.status, "{token}");
        assert!(without_token || content(&reply) == oauth.body, "{token}");
    }
}

#[tokio::test]
async fn a_wrong_token_and_a_missing_client_are_the_same_bytes() {
    let authlete = Authlete::open().await;
    let (client_id, token, _) = authlete.register(&web_client()).await;
    let (other_id, other_token, _) = authlete.register(&web_client()).await;
    let (deleted_id, deleted_token, _) = authlete.register(&web_client()).await;
    let deletion = json!({"clientId": deleted_id, "token": deleted_token});
    authlete.post("/client/registration/delete", &deletion).await;
    let created = authlete.create(&json!({"clientName": "Operator's"})).await;
    let named = [
        json!({"clientId": client_id, "token": ""}),
        json!({"clientId": client_id, "token": null}),
        json!({"clientId": client_id}),
        json!({"clientId": client_id, "token": "rat_wrong"}),
        json!({"clientId": client_id, "token": other_token}),
        json!({"clientId": other_id, "token": token}),
        json!({"clientId": "", "token": token}),
        json!({"token": token}),
        json!({"clientId": "nobody", "token": token}),
        json!({"clientId": "9007199254740991", "token": token}),
        json!({"clientId": deleted_id, "token": deleted_token}),
        json!({"clientId": created["clientIdAlias"], "token": token}),
        json!({"clientId": client_id, "token": authlete.token}),
    ];
    for (flag, action) in [(false, "BAD_REQUEST"), (true, "UNAUTHORIZED")] {
        authlete.set_service(&json!({"unauthorizedOnClientConfigSupported": flag})).await;
        for operation in ["get", "update", "delete"] {
            let mut answers = Vec::new();
            for named in &named {
                let mut body = named.clone();
                body["json"] = web_client().to_string().into();
                let reply = authlete.post(&format!("/client/registration/{operation}"), &body).await;
                assert_eq!((reply.status, reply.text("action")), (200, action), "{operation} {named}: {reply:?}");
                assert_eq!(content(&reply)["error"], "invalid_token");
                answers.push(reply.body);
            }
            answers.dedup();
            assert_eq!(answers.len(), 1, "{operation}: {answers:?}");
        }
        authlete.world.clock.advance(2);
    }
    let read = authlete.post("/client/registration/get", &json!({"clientId": client_id, "token": token})).await;
    assert_eq!(read.text("action"), "OK", "nothing has happened to the client");
}

#[tokio::test]
async fn a_locked_client_is_named_to_the_authorization_server() {
    let authlete = Authlete::open().await;
    let (client_id, token, _) = authlete.register(&web_client()).await;
    let lock = |locked: bool| json!({"clientLocked": locked});
    let path = format!("/client/lock_flag/update/{client_id}");
    assert_eq!(authlete.post(&path, &lock(true)).await.status, 200);
    let body = json!({"clientId": client_id, "token": token, "json": web_client().to_string()});
    for operation in ["get", "update", "delete"] {
        let reply = authlete.post(&format!("/client/registration/{operation}"), &body).await;
        assert_error(&reply, 403, "A001215");
        assert!(reply.text("resultMessage").contains(&format!("The client (ID = {client_id}) is locked.")));
    }
    let wrong = json!({"clientId": client_id, "token": "rat_wrong"});
    assert_eq!(authlete.post("/client/registration/get", &wrong).await.status, 200, "strangers do not hear of locks");
    authlete.post(&path, &lock(false)).await;
    assert_eq!(authlete.post("/client/registration/delete", &body).await.text("action"), "DELETED");
}

#[tokio::test]
async fn an_initial_access_token_is_required_where_the_policy_says_so() {
    let authlete = Authlete::open().await;
    authlete.world.set_policy(1, Preset::Protected.policy()).await;
    let token = authlete.world.initial_access_token(1, Some(1), None, BoundPolicy::default()).await;
    let document = web_client().to_string();
    for token in [json!(null), json!(""), json!("iat_wrong"), json!(authlete.token)] {
        let reply = authlete.post("/client/registration", &json!({"json": document, "token": token})).await;
        assert_eq!((reply.text("action"), content(&reply)["error"].as_str()), ("BAD_REQUEST", Some("invalid_token")));
    }
    let body = json!({"json": document, "token": token, "clientId": null});
    assert_eq!(authlete.post("/client/registration", &body).await.text("action"), "CREATED");
    assert_eq!(authlete.post("/client/registration", &body).await.text("action"), "BAD_REQUEST", "it is used up");
}

#[tokio::test]
pub(crate) async fn registration_that_is_switched_off_is_off_at_every_door() {
    let authlete = Authlete::open().await;
    let (client_id, token, _) = authlete.register(&web_client()).await;
    authlete.set_service(&json!({"dynamicRegistrationSupported": false})).await;
    let body = json!({"json": web_client().to_string()});
    let reply = authlete.post("/client/registration", &body).await;
    assert_eq!((reply.status, reply.text("action")), (200, "INTERNAL_SERVER_ERROR"));
    assert_eq!(reply.text("resultCode"), "A202290");
    let oauth = authlete.world.register(1, None, &web_client()).await;
    assert_eq!((oauth.status, oauth.text("error")), (403, "access_denied"));
    let discovery = authlete.world.send_bare("GET", "/1/.well-known/openid-configuration", None).await;
    assert_eq!(discovery.body.get("registration_endpoint"), None);
    let named = json!({"clientId": client_id, "token": token});
    let deleted = authlete.post("/client/registration/delete", &named).await;
    assert_eq!(deleted.text("action"), "DELETED", "who is registered can still leave");
    assert_eq!(authlete.post("/client/create", &json!({"clientName": "x"})).await.status, 200);
}

#[tokio::test]
async fn what_an_error_says_is_the_services_choice_at_every_door() {
    let authlete = Authlete::open().await;
    let bad = json!({"redirect_uris": ["https://rp.example/#f"]});
    for (omitted, members) in [
        (json!({"errorDescriptionOmitted": true, "errorUriOmitted": true}), vec!["error"]),
        (json!({"errorDescriptionOmitted": true, "errorUriOmitted": false}), vec!["error", "error_uri"]),
        (json!({"errorDescriptionOmitted": false, "errorUriOmitted": true}), vec!["error", "error_description"]),
        (
            json!({"errorDescriptionOmitted": false, "errorUriOmitted": false}),
            vec!["error", "error_description", "error_uri"],
        ),
    ] {
        authlete.set_service(&omitted).await;
        let reply = authlete.post("/client/registration", &json!({"json": bad.to_string()})).await;
        let oauth = authlete.world.register(1, None, &bad).await;
        for body in [content(&reply), oauth.body] {
            let names: Vec<&str> = body.as_object().unwrap().keys().map(String::as_str).collect();
            assert_eq!(names, members);
        }
        authlete.world.clock.advance(2);
    }
}

#[tokio::test]
async fn the_clients_own_uri_is_the_authorization_servers() {
    let authlete = Authlete::open().await;
    let uri = async |members: Value| {
        authlete.set_service(&members).await;
        let (client_id, _, reply) = authlete.register(&web_client()).await;
        content(&reply)["registration_client_uri"].as_str().unwrap().replace(&client_id, "ID")
    };
    assert_eq!(uri(json!({})).await, format!("{BASE_URL}/1/register/ID"));
    let registration = "https://as.example/register";
    assert_eq!(uri(json!({"registrationEndpoint": registration})).await, format!("{registration}/ID"));
    let management = "https://as.example/clients";
    assert_eq!(uri(json!({"registrationManagementEndpoint": management})).await, format!("{management}/ID"));
}

#[tokio::test]
async fn a_software_id_is_registered_once_where_the_service_says_so() {
    let authlete = Authlete::open().await;
    let software = json!({"redirect_uris": ["https://rp.example/cb"], "software_id": "4NRB1-0XZABZI9E6-5SM3R"});
    authlete.register(&software).await;
    authlete.register(&software).await;
    authlete.set_service(&json!({"dcrDuplicateSoftwareIdBlocked": true})).await;
    let (client_id, token, _) = authlete.register(&software).await;
    let again = authlete.post("/client/registration", &json!({"json": software.to_string()})).await;
    assert_eq!((again.text("action"), again.text("resultCode")), ("BAD_REQUEST", "A202395"));
    assert_eq!(content(&again)["error"], "invalid_client_metadata");
    let oauth = authlete.world.register(1, None, &software).await;
    assert_eq!((oauth.status, oauth.text("error")), (400, "invalid_client_metadata"));
    assert!(oauth.text("error_description").contains("software_id"));

    let mut document = software.clone();
    document["client_id"] = client_id.clone().into();
    let update = json!({"clientId": client_id, "token": token, "json": document.to_string()});
    let updated = authlete.post("/client/registration/update", &update).await;
    assert_eq!(updated.text("action"), "UPDATED", "its own software_id is no duplicate");
    authlete.post("/client/registration/delete", &json!({"clientId": client_id, "token": token})).await;
    let (client_id, token, _) = authlete.register(&software).await;

    document["client_id"] = client_id.clone().into();
    document["software_id"] = "another".into();
    let update = json!({"clientId": client_id, "token": token, "json": document.to_string()});
    assert_eq!(authlete.post("/client/registration/update", &update).await.text("action"), "UPDATED");
    authlete.register(&software).await;
}

#[tokio::test]
async fn two_registrations_of_one_software_id_at_once_leave_one_client() {
    let authlete = Authlete::open().await;
    authlete.set_service(&json!({"dcrDuplicateSoftwareIdBlocked": true})).await;
    let software = json!({"redirect_uris": ["https://rp.example/cb"], "software_id": "one"});
    let register = || authlete.world.register(1, None, &software);
    let (a, b, c) = tokio::join!(register(), register(), register());
    let mut statuses = [a.status, b.status, c.status];
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 400, 400]);
}

#[tokio::test]
async fn a_developer_that_is_known_to_have_so_many_clients_gets_no_more() {
    let authlete = Authlete::open().await;
    authlete.set_service(&json!({"clientsPerDeveloper": 2})).await;
    authlete.register(&web_client()).await;
    assert_eq!(authlete.world.register(1, None, &web_client()).await.status, 201);
    authlete.world.catch_up().await;
    let reply = authlete.post("/client/registration", &json!({"json": web_client().to_string()})).await;
    assert_eq!((reply.text("action"), reply.text("resultCode")), ("BAD_REQUEST", "A202396"));
    let oauth = authlete.world.register(1, None, &web_client()).await;
    assert_eq!((oauth.status, oauth.text("error")), (403, "access_denied"));
    assert_eq!(oauth.header("retry-after"), "", "no room is made there");
    assert_eq!(authlete.post("/client/create", &json!({"developer": "john"})).await.status, 200);
    let own = authlete.post("/client/create", &json!({"clientName": "no developer"})).await;
    assert_error(&own, 400, "A001296");
}

#[tokio::test]
async fn registered_scopes_are_requestable_where_the_service_says_so() {
    let authlete = Authlete::open().await;
    let scoped = json!({"redirect_uris": ["https://rp.example/cb"], "scope": "read write"});
    let (_, _, reply) = authlete.register(&scoped).await;
    assert_eq!(reply.body["client"]["extension"], json!({"requestableScopesEnabled": false}));
    authlete.set_service(&json!({"dcrScopeUsedAsRequestable": true})).await;
    let (client_id, token, reply) = authlete.register(&scoped).await;
    let extension = json!({"requestableScopesEnabled": true, "requestableScopes": ["read", "write"]});
    assert_eq!(reply.body["client"]["extension"], extension);
    let oauth = authlete.world.register(1, None, &scoped).await;
    let seen = authlete.get(&format!("/client/get/{}", oauth.text("client_id"))).await;
    assert_eq!(seen.body["extension"], extension);
    let document = json!({"redirect_uris": ["https://rp.example/cb"], "client_id": client_id, "scope": "read"});
    let update = json!({"clientId": client_id, "token": token, "json": document.to_string()});
    let reply = authlete.post("/client/registration/update", &update).await;
    assert_eq!(reply.body["client"]["extension"]["requestableScopes"], json!(["read"]));
}

#[tokio::test]
async fn custom_metadata_is_kept_where_the_service_lists_it() {
    let authlete = Authlete::open().await;
    let metadata = json!({"redirect_uris": ["https://rp.example/cb"], "is_mcp_client": true, "other": 1});
    let (_, _, reply) = authlete.register(&metadata).await;
    assert_eq!(reply.body["client"].get("customMetadata"), None);
    authlete.set_service(&json!({"supportedCustomClientMetadata": ["is_mcp_client"]})).await;
    let (_, _, reply) = authlete.register(&metadata).await;
    assert_eq!(reply.body["client"]["customMetadata"], "{\"is_mcp_client\":true}");
    assert_eq!(content(&reply)["is_mcp_client"], true);
    assert_eq!(content(&reply).get("other"), None);
}

#[tokio::test]
async fn a_rotated_token_is_answered_and_the_old_one_ends() {
    let authlete = Authlete::open().await;
    let mut policy = Preset::Open.policy();
    policy.token_rotation = Rotation::OnUpdate;
    authlete.world.set_policy(1, policy).await;
    let (client_id, token, registered) = authlete.register(&web_client()).await;
    let document = as_update(&content(&registered));
    let update = json!({"clientId": client_id, "token": token, "json": document.to_string()});
    let updated = authlete.post("/client/registration/update", &update).await;
    let new = content(&updated)["registration_access_token"].clone();
    assert_ne!(new, token.as_str());
    let read = async |token: &Value| {
        let named = json!({"clientId": client_id, "token": token});
        authlete.post("/client/registration/get", &named).await.text("action").to_owned()
    };
    assert_eq!(read(&token.clone().into()).await, "BAD_REQUEST");
    assert_eq!(read(&new).await, "OK");
}

#[tokio::test]
async fn bodies_that_are_no_requests_are_the_authorization_servers_fault() {
    let authlete = Authlete::open().await;
    let bearer = format!("Bearer {}", authlete.token);
    let send = async |headers: &[(&str, &str)], body: &'static str| {
        let mut all = vec![("authorization", bearer.as_str())];
        all.extend(headers);
        authlete.world.send("POST", "/api/1/client/registration", &all, body).await
    };
    let json = [("content-type", "application/json")];
    assert_error(&send(&json, "").await, 400, "A126203");
    assert_error(&send(&[], "{\"json\":\"{}\"}").await, 400, "A258201");
    assert_error(&send(&[("content-type", "text/plain")], "{\"json\":\"{}\"}").await, 400, "A001290");
    for body in [
        "{",
        "[]",
        "\"\"",
        "{\"json\":{}}",
        "{\"json\":1}",
        "{\"json\":\"{}\",\"token\":1}",
        "{\"json\":\"\",\"json\":\"\"}",
    ] {
        assert_error(&send(&json, body).await, 400, "A001290");
    }
    let charset = [("content-type", "application/json; charset=UTF-8")];
    assert_eq!(send(&charset, "{\"json\":\"{}\",\"token\":null,\"clientId\":null}").await.text("action"), "CREATED");
}

#[tokio::test]
async fn what_an_authorization_server_sent_is_kept_and_told_to_nobody_here() {
    let authlete = Authlete::open().await;
    let sent = json!({"redirect_uris": ["cursor://app/cb"], "made_up": 1, "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "implicit"], "response_types": ["code"]});
    let (client_id, token, registered) = authlete.register(&sent).await;
    let client = stored(&authlete.world, &client_id).await;
    let grants = (json!(["authorization_code", "implicit"]), json!(["authorization_code"]));
    let changes = [
        row("custom_members", "made_up", json!(1), Value::Null),
        row("grant_types and response_types", "grant_types", grants.0, grants.1),
        row("redirect_uris", "application_type", Value::Null, json!("native")),
    ];
    assert_eq!((rows(&client), Value::from(client.sent())), (changes.to_vec(), sent));

    // Authlete's own servers send back all that they were answered.
    let mut document = content(&registered);
    document["contacts"] = json!([]);
    let update = json!({"clientId": client_id, "token": token, "json": document.to_string()});
    let updated = authlete.post("/client/registration/update", &update).await;
    assert_eq!(updated.text("action"), "UPDATED", "{updated:?}");
    let client = stored(&authlete.world, &client_id).await;
    assert_eq!(rows(&client), [row("as sent", "contacts", json!([]), Value::Null)]);
    let read = authlete.get(&format!("/client/get/{client_id}")).await;
    for told in [registered.body, updated.body, read.body].map(|body| body.to_string()) {
        assert!(!told.contains("\"changes\"") && !told.contains("\"sent\"") && !told.contains("as sent"), "{told}");
    }
}
