//! Sections A16, H and J: whom a service trusts, what its operators decide, what a consent page says, Authlete's members.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{MetadataDocuments, Policy, Preset, Trust, TrustRule};
use shared::resolution;

use super::{PATH, Scene, answer, copy, ok, opened, outcome};
use crate::changes::{row, rows};
use crate::lookup::assert_unknown;
use crate::support::{BASE_URL, Reply};

fn rule(pattern: &str, trust: Trust) -> TrustRule {
    TrustRule { pattern: pattern.to_owned(), trust }
}

#[tokio::test]
async fn h6_h7_h8_m17_m24_a_service_allows_blocks_or_asks_by_host_and_path() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let host = scene.site.url.strip_prefix("https://").unwrap().to_owned();
    let trusting = async |trust: Vec<TrustRule>, others| {
        scene.settings(MetadataDocuments { trust, others, ..MetadataDocuments::default() }).await;
        scene.ask().await
    };
    let facts = |reply: &Reply| {
        let facts = &reply.body["metadata_document"];
        (facts["trust"].as_str().unwrap_or_default().to_owned(), facts["trusted_by"].clone())
    };
    let asked = trusting(vec![], Trust::Ask).await;
    assert_eq!(facts(&asked), ("ask".to_owned(), Value::Null));
    let pattern = format!("{host}/oauth/*");
    let allowed = trusting(vec![rule(&pattern, Trust::Allow)], Trust::Block).await;
    assert_eq!(facts(&allowed), ("allow".to_owned(), json!(pattern)));
    let before = scene.site.requests();
    for (trust, others, said) in [
        (vec![], Trust::Block, "none of its patterns allows it"),
        (vec![rule(&format!("{host}/other"), Trust::Allow)], Trust::Block, "none of its patterns allows it"),
        (vec![rule(&host, Trust::Allow), rule(&pattern, Trust::Block)], Trust::Ask, pattern.as_str()),
    ] {
        let reply = trusting(trust, others).await;
        assert_eq!(outcome(&reply), (403, "unauthorized_client", "not_allowed", ""), "{reply:?}");
        assert!(reply.text("error_description").contains(said), "{reply:?}");
    }
    assert_eq!(scene.site.requests(), before, "nothing is fetched that is not wanted");
    assert_eq!(copy(&trusting(vec![], Trust::Ask).await), "fresh", "and the copy stands");
}

#[tokio::test]
async fn h1_h2_h3_h15_what_a_consent_page_says_comes_with_the_look_up() {
    let scene = Scene::new().await;
    let facts = async |members: Value| {
        scene.world.clock.advance(3600);
        scene.publish(&scene.document_with(&members));
        scene.ask().await.body["metadata_document"].clone()
    };
    let own = format!("{}/cb", scene.site.url);
    let first = facts(json!({"redirect_uris": [own]})).await;
    assert_eq!((&first["host"], &first["redirect_hosts"]), (&json!("localhost"), &json!(["localhost"])));
    assert_eq!((&first["same_origin"], &first["loopback_only"]), (&json!(true), &json!(false)));
    assert_eq!(first.get("logo_on_other_host"), None);
    let other =
        facts(json!({"redirect_uris": [own, "https://b.example/cb"], "logo_uri": "https://cdn.example/a"})).await;
    assert_eq!((&other["redirect_hosts"], &other["same_origin"]), (&json!(["b.example", "localhost"]), &json!(false)));
    assert_eq!(other["logo_on_other_host"], json!(true));
    let loopback = facts(json!({"redirect_uris": ["http://127.0.0.1/cb", "http://localhost/cb"]})).await;
    assert_eq!((&loopback["loopback_only"], &loopback["same_origin"]), (&json!(true), &json!(false)));
    let mixed = facts(json!({"redirect_uris": ["http://127.0.0.1/cb", own], "logo_uri": format!("{own}.png")})).await;
    assert_eq!((&mixed["loopback_only"], &mixed["logo_on_other_host"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn a_lock_survives_what_its_owner_publishes() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    scene.ask().await;
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let path = format!("/api/1/client/lock_flag/update/{}", scene.url());
    let set = async |locked: bool| {
        scene.world.send_json("POST", &path, Some(&token), &json!({"clientLocked": locked})).await.status
    };
    assert_eq!(set(true).await, 200);
    scene.world.clock.advance(3600 + 86_400);
    scene.publish(&scene.document_with(&json!({"client_name": "Other"})));
    let requests = scene.site.requests();
    let reply = scene.ask().await;
    assert_eq!((reply.status, &reply.body["locked"], scene.site.requests()), (200, &json!(true), requests));
    assert_eq!(set(false).await, 200);
    let reply = scene.ask().await;
    assert_eq!((&reply.body["locked"], reply.text("client_name")), (&json!(false), "Other"));
}

#[tokio::test]
async fn j_authletes_client_get_reads_the_document() {
    let scene = Scene::new().await;
    scene.publish_with("cache-control: max-age=600\r\n", &scene.document());
    let get =
        async |name: &str| scene.world.send_bare("GET", &format!("/api/1/client/get/{name}"), Some(&scene.token)).await;
    let client = get(&scene.url()).await;
    assert_eq!(client.status, 200, "{client:?}");
    let now = scene.world.clock.now();
    for (member, value) in [
        ("clientIdAlias", json!(scene.url())),
        ("clientSource", json!("METADATA_DOCUMENT")),
        ("discoveredByMetadataDocument", json!(true)),
        ("metadataDocumentLocation", json!(scene.url())),
        ("metadataDocumentExpiresAt", json!((now + 600) * 1000)),
        ("metadataDocumentUpdatedAt", json!(now * 1000)),
        ("tokenAuthMethod", json!("NONE")),
    ] {
        assert_eq!(client.body[member], value, "{member}");
    }
    let number = client.body["clientId"].as_u64().unwrap();
    let by_number = get(&number.to_string()).await;
    assert_eq!((by_number.status, &by_number.body["clientIdAlias"]), (200, &json!(scene.url())));
    assert_eq!(scene.site.requests(), 1);
    for (page, status, code) in [
        (ok("content-type: application/json\r\n", "{"), 400, "A505302"),
        (answer("404 Not Found", "", ""), 404, "A001295"),
    ] {
        scene.site.set(PATH, page);
        scene.world.clock.advance(2 * 86_400);
        let reply = get(&scene.url()).await;
        assert_eq!((reply.status, reply.text("resultCode")), (status, code), "{reply:?}");
    }
    scene.world.clock.advance(61);
    scene.site.set(PATH, answer("500 Internal Server Error", "", ""));
    let reply = get(&scene.url()).await;
    assert_eq!((reply.status, reply.text("resultCode"), reply.header("retry-after")), (503, "A001190", "20"));
}

#[tokio::test]
async fn j_authletes_service_members_act() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let read = async || scene.world.send_bare("GET", "/api/1/service/get", Some(&token)).await.body;
    let update = async |members: Value| {
        let mut service = read().await;
        service.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        scene.world.send_json("POST", "/api/1/service/update", Some(&token), &service).await
    };
    let host = scene.site.url.strip_prefix("https://").unwrap().to_owned();
    assert_eq!(read().await["clientIdMetadataDocumentSupported"], json!(true));
    assert_eq!(update(json!({"cimdAllowlistEnabled": true})).await.status, 200);
    assert_eq!(scene.ask().await.status, 403, "enabled with an empty list refuses all");
    assert_eq!(update(json!({"cimdAllowlist": [scene.url()]})).await.status, 200);
    assert_eq!(scene.ask().await.status, 200);
    assert_eq!(
        update(json!({"cimdAllowlist": [format!("https://{host}")], "cimdQueryPermitted": true})).await.status,
        200
    );
    let service = read().await;
    assert_eq!(service["cimdAllowlist"], json!([format!("https://{host}")]));
    for member in ["cimdAllowlistEnabled", "cimdQueryPermitted", "clientIdMetadataDocumentSupported"] {
        assert_eq!(service[member], json!(true), "{member}");
    }
    assert_eq!(outcome(&scene.asker().ask(&format!("{}?a=b", scene.url())).await).2, "gone", "it is asked");
    let policy = json!({"client_name": {"value": "Ours"}}).to_string();
    assert_eq!(update(json!({"cimdMetadataPolicyEnabled": true, "cimdMetadataPolicy": policy})).await.status, 200);
    assert_eq!(scene.ask().await.text("client_name"), "Ours");
    assert_eq!(read().await["cimdMetadataPolicy"], json!(policy));
    let before = scene.site.requests();
    assert_eq!(update(json!({"cimdAlwaysRetrieved": true})).await.status, 200);
    scene.world.clock.advance(1);
    scene.ask().await;
    assert_eq!(scene.site.requests(), before + 1);
    for (members, name) in [
        (json!({"cimdAllowlist": ["http://a.example/"]}), "cimdAllowlist"),
        (json!({"cimdMetadataPolicy": "["}), "cimdMetadataPolicy"),
        (json!({"cimdMetadataPolicy": "{\"a\":{\"subset_of\":1}}"}), "cimdMetadataPolicy"),
        (json!({"cimdMetadataPolicy": ""}), "cimdMetadataPolicy"),
    ] {
        let reply = update(members).await;
        assert_eq!(reply.status, 400, "{reply:?}");
        assert!(reply.text("resultMessage").contains(name), "{reply:?}");
    }
    assert_eq!(update(json!({"clientIdMetadataDocumentSupported": false})).await.status, 200);
    assert_unknown(&scene.ask().await);
}

#[tokio::test]
async fn a_lock_is_not_lost_to_a_deletion_that_has_not_seen_it() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    scene.ask().await;
    let service = scene.world.app.service(1).await.unwrap();
    let context = scene.world.context(&service);
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let path = format!("/api/1/client/lock_flag/update/{}", scene.url());
    let set = async |locked: bool| {
        scene.world.send_json("POST", &path, Some(&token), &json!({"clientLocked": locked})).await.status
    };
    assert_eq!((set(true).await, set(false).await), (200, 200));
    let number = service.numeric_id(&scene.url());
    let seen = scene.world.app.store.client(1, number).await.unwrap().unwrap();
    assert_eq!(set(true).await, 200);
    let deleted = shared::administration::delete(&context, &seen).await;
    assert!(matches!(deleted, Err(shared::Error::ClientLocked)), "{deleted:?}");
    assert_eq!(scene.ask().await.body["locked"], json!(true));
}

#[tokio::test]
async fn an_operator_sees_what_a_document_says_beside_what_the_rules_make_of_it() {
    let scene = Scene::new().await;
    scene.publish(&scene.document_with(&json!({"made_up": 1, "grant_types": ["authorization_code", "implicit"]})));
    let looked_up = scene.ask().await;
    assert_eq!(looked_up.status, 200, "{looked_up:?}");
    let known = async || {
        let service = scene.world.app.service(1).await.unwrap();
        let context = scene.world.context(&service);
        let named = scene.world.app.store.client_and(&service, &scene.url(), Vec::new()).await.unwrap().named;
        resolution::known(&context, BASE_URL, &scene.url(), named).await.unwrap()
    };
    let client = known().await;
    let changes = rows(&client);
    assert!(changes.contains(&row("custom_members", "made_up", json!(1), Value::Null)), "{changes:?}");
    assert_eq!(
        (&client.sent()["made_up"], &client.sent()["grant_types"]),
        (&json!(1), &json!(["authorization_code", "implicit"]))
    );
    for member in ["sent", "changes", "made_up"] {
        assert_eq!(looked_up.body.get(member), None, "{member}");
    }
    // What the rules do is what they do now.
    let policy = Policy { custom_members: vec!["made_up".to_owned()], ..Preset::Open.policy() };
    scene.world.set_policy(1, opened(policy)).await;
    let changes = rows(&known().await);
    assert!(!changes.iter().any(|(_, member, ..)| member == "made_up"), "{changes:?}");
}
