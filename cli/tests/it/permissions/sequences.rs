//! What no event asks, since it depends on what was asked before; `no_role_permits_what_no_function_asks` sees it.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::metadata::GrantType;
use shared::metadata_document::Validators;
use shared::policy::{METADATA_DOCUMENT, Policy, Preset};
use shared::store::KeptCopy;
use shared::time::DAY;

use crate::federation::world::Federation;
use crate::https::{Page, Site};
use crate::stet::authority::Authority;
use crate::stet::institution::{ACME, Institution, REGISTER};
use crate::stet::settings;
use crate::support::{World, web_client};

/// Names that one client has, and a ceiling for each developer.
fn counted(policy: Policy) -> Policy {
    Policy { software_id_once: true, clients_per_developer: Some(10), ..policy }
}

#[tokio::test]
async fn operators_bring_clients_back_that_have_names_and_are_counted() {
    let world = World::empty().await;
    world.service(1, counted(Preset::Open.policy())).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let mut client = web_client();
    client["software_id"] = "one".into();
    let send = async |method: &str, path: &str, body: &Value| {
        let reply = world.send_json(method, &format!("/operator/1/{path}"), Some(&token), body).await;
        assert!(reply.status < 300, "{path}: {reply:?}");
        reply
    };
    let id = send("POST", "clients", &client).await.text("client_id").to_owned();
    for (path, body) in [
        (format!("clients/{id}/restore"), json!({})),
        ("bulk".to_owned(), json!({"action": "restore", "clients": [{"client_id": id}]})),
    ] {
        world.send_bare("DELETE", &format!("/operator/1/clients/{id}"), Some(&token)).await;
        world.clock.advance(1);
        send("POST", &path, &body).await;
        assert_eq!(world.app.store.clients(1).await.unwrap().len(), 1, "{path}");
    }
}

#[tokio::test]
async fn operators_end_tokens_whose_values_were_chosen() {
    let world = World::open().await;
    let token = world.service_token(1, &Permission::ALL).await;
    let client = world.send_json("POST", "/operator/1/clients", Some(&token), &web_client()).await;
    let id = client.text("client_id");
    let body = json!({"grantType": "AUTHORIZATION_CODE", "clientIdentifier": id, "subject": "alice",
        "accessToken": "chosen-elsewhere"});
    let made = world.send_json("POST", "/api/1/auth/token/create", Some(&token), &body).await;
    assert_eq!(made.text("accessToken"), "chosen-elsewhere", "{made:?}");
    let ended = world.send_bare("DELETE", "/operator/1/grants?subject=alice", Some(&token)).await;
    assert_eq!(ended.body["ended"], 1, "{ended:?}");
}

/// A client's other name, and the URL of a document.
#[tokio::test]
async fn operators_look_for_clients_by_their_other_names() {
    let world = World::empty().await;
    let mut policy = Preset::Open.policy();
    policy.doors.push(METADATA_DOCUMENT.to_owned());
    world.service(1, policy).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let mut client = json!({"clientName": "Shop", "clientIdAlias": "shop", "clientIdAliasEnabled": true});
    client["redirectUris"] = json!(["https://rp.example/cb"]);
    let created = world.send_json("POST", "/api/1/client/create", Some(&token), &client).await;
    assert_eq!(created.status, 200, "{created:?}");
    for (name, found) in [("shop", 1), ("https://rp.example/client", 0)] {
        let reply = world.send_bare("GET", &format!("/operator/1/clients?client_id={name}"), Some(&token)).await;
        assert_eq!(reply.body["clients"].as_array().map(Vec::len), Some(found), "{reply:?}");
    }
}

/// That it was used is noted where its document is kept.
#[tokio::test]
async fn a_client_of_a_document_is_used_and_deleted() {
    let world = World::empty().await;
    let mut policy = Preset::Open.policy();
    policy.doors.push(METADATA_DOCUMENT.to_owned());
    policy.grant_types.offered.push(GrantType::Password);
    world.service(1, policy).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let url = "https://rp.example/client";
    let number = world.app.store.service(1).await.unwrap().unwrap().numeric_id(url);
    let document = json!({"client_id": url, "redirect_uris": ["https://rp.example/cb"],
        "token_endpoint_auth_method": "none", "grant_types": ["authorization_code", "password"]});
    let (fresh_until, now_millis) = (4_000_000_000, world.clock.now_millis());
    let copy = KeptCopy {
        metadata: document.to_string(),
        validators: Validators::default(),
        first_seen_millis: now_millis,
        changed_at_millis: now_millis,
        changed: BTreeMap::new(),
        fetched_at_millis: now_millis,
        fresh_until,
        stale_until: fresh_until,
    };
    world.app.store.lease_metadata_document(1, number, url, None, 0).await.unwrap();
    world.app.store.keep_metadata_document(1, number, &copy, fresh_until).await.unwrap();
    let call = async |path: &str, body: Value| {
        let reply = world.send_json("POST", path, Some(&token), &body).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply
    };
    let bulk = async |action: &str| {
        let done = call("/operator/1/bulk", json!({"action": action, "clients": [{"client_id": url}]})).await;
        assert_eq!(done.body["results"][0]["outcome"], "done", "{done:?}");
    };
    // From now on operators have decided something about it.
    bulk("lock").await;
    bulk("unlock").await;
    let create = json!({"grantType": "AUTHORIZATION_CODE", "clientIdentifier": url, "subject": "alice",
        "accessTokenPersistent": true});
    let created = call("/api/1/auth/token/create", create).await;
    world.clock.advance(DAY);
    let parameters = format!("grant_type=password&username=alice&password=x&client_id={url}");
    let begun = call("/api/1/auth/token", json!({"parameters": parameters})).await;
    let issue = json!({"ticket": begun.text("ticket"), "subject": "alice"});
    let issued = call("/api/1/auth/token/issue", issue).await;
    assert_eq!(issued.text("action"), "OK", "{issued:?}");
    world.clock.advance(DAY);
    let update = json!({"accessToken": created.text("accessToken"), "scopes": []});
    assert_eq!(call("/api/1/auth/token/update", update).await.text("action"), "OK");
    bulk("delete").await;
}

#[tokio::test]
async fn institutions_have_secrets_names_and_sectors() {
    let uris = json!(["https://tpp.example/cb", "https://tpp.example/new"]);
    let site = Site::serve(&[("/sector", Page::Text(uris.to_string()))]).await;
    let authority = Authority::new();
    let world = World::for_stet(site.reachable(), settings(&authority)).await;
    let mut policy = counted(Preset::Open.policy());
    policy.doors.push("stet".to_owned());
    world.set_policy(1, policy).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let mut metadata = acme.metadata();
    metadata["userinfo_signed_response_alg"] = "HS256".into();
    metadata["sector_identifier_uri"] = format!("{}/sector", site.url).into();
    let registered = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert!(world.app.store.clients(1).await.unwrap()[0].secret.is_some(), "{registered:?}");
    // A registrar that was just started knows no key, and a minute later the sector is asked again for what is new.
    let started = World::narrow_at(&world.url(), site.reachable(), 1, 1);
    started.clock.advance(60);
    let acme = Institution::new(&started, &authority, ACME).await;
    metadata["client_id"] = ACME.into();
    metadata["software_id"] = "another app".into();
    metadata["redirect_uris"] = uris;
    metadata["jwks"] = acme.metadata()["jwks"].clone();
    let updated = acme.send(&acme.signed("PUT", &acme.path()).with_body(&metadata)).await;
    assert_eq!(updated.status, 200, "{updated:?}");
}

/// Whoever asks for an entity registers it.
#[tokio::test]
async fn entities_are_registered_under_a_ceiling() {
    for (method, path, body) in [
        ("GET", "/api/1/client/get/ENTITY", Value::Null),
        ("GET", "/1/client?client_id=ENTITY", Value::Null),
        ("POST", "/api/1/auth/authorization", json!({"parameters": "client_id=ENTITY"})),
        ("POST", "/api/1/pushed_auth_req", json!({"parameters": "client_id=ENTITY"})),
    ] {
        let federation = federation().await;
        let entity = escaped(&federation.party.id);
        let (path, body) = (path.replace("ENTITY", &entity), body.to_string().replace("ENTITY", &entity));
        let body = serde_json::from_str(&body).unwrap();
        let reply = federation.world.send_json(method, &path, Some(federation.operator()), &body).await;
        assert_eq!(federation.world.app.store.clients(1).await.unwrap().len(), 1, "{path}: {reply:?}");
    }
    let federation = federation().await;
    let request = federation.party.sign(&federation.request());
    let body = json!({"entityConfiguration": request});
    let reply = federation.operate("POST", "/federation/registration", &body).await;
    assert_eq!(federation.world.app.store.clients(1).await.unwrap().len(), 1, "{reply:?}");
}

/// An entity whose registration has ended meanwhile is registered when it fetches its tokens.
#[tokio::test]
async fn an_entity_that_has_a_code_is_registered_anew() {
    let federation = federation().await;
    let entity = escaped(&federation.party.id);
    let challenge = "code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
    let tail = format!("redirect_uri=https://rp.example/cb&{challenge}");
    let parameters = format!("client_id={entity}&response_type=code&{tail}");
    let begun = federation.operate("POST", "/auth/authorization", &json!({"parameters": parameters})).await;
    let issue = json!({"ticket": begun.text("ticket"), "subject": "alice"});
    let issued = federation.operate("POST", "/auth/authorization/issue", &issue).await;
    let code = issued.text("authorizationCode");
    federation.world.clock.advance(100);
    assert_eq!(federation.world.app.store.clients(1).await.unwrap().len(), 0, "it has ended");
    federation.publish_party(|_| {});
    let parameters = format!("client_id={entity}&grant_type=authorization_code&code={code}&{tail}");
    let reply = federation.operate("POST", "/auth/token", &json!({"parameters": parameters})).await;
    assert_eq!(federation.world.app.store.clients(1).await.unwrap().len(), 1, "{reply:?}");
}

/// A federation whose relying party is published for 100 seconds, of a service that counts its clients.
async fn federation() -> Federation {
    let federation = Federation::new().await;
    let policy = federation.world.app.store.service(1).await.unwrap().unwrap().policy().clone();
    federation.world.set_policy(1, counted(policy)).await;
    federation.publish_party(|claims| claims["exp"] = (crate::support::NOW + 100).into());
    federation
}

fn escaped(entity: &str) -> String {
    entity.replace(':', "%3A").replace('/', "%2F")
}
