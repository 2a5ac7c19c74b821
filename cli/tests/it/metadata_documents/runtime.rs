//! Clients that name themselves by a URL, in Authlete's runtime.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{MetadataDocuments, Trust, TrustRule};

use super::Scene;
use crate::support::Reply;

impl Scene {
    async fn operate(&self, path: &str, body: &Value) -> Reply {
        self.world.send_json("POST", &format!("/api/1{path}"), Some(&self.token), body).await
    }

    async fn authorize(&self) -> Reply {
        let parameters = format!("response_type=code&client_id={}&redirect_uri=https://rp.example/cb", self.url());
        self.operate("/auth/authorization", &json!({"parameters": parameters})).await
    }
}

#[tokio::test]
async fn a_client_with_a_document_has_tokens_as_long_as_the_service_accepts_it() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let begun = scene.authorize().await;
    assert_eq!((begun.text("action"), &begun.body["metadataDocumentUsed"]), ("INTERACTION", &json!(true)), "{begun:?}");
    let issue = json!({"ticket": begun.text("ticket"), "subject": "john"});
    let issued = scene.operate("/auth/authorization/issue", &issue).await;
    let code_before = issued.text("authorizationCode");
    let code = code_before;
    let request = format!(
        "grant_type=authorization_code&code={code}&client_id={}&redirect_uri=https://rp.example/cb",
        scene.url()
    );
    let tokens = scene.operate("/auth/token", &json!({"parameters": request})).await;
    assert_eq!(tokens.text("action"), "OK", "{tokens:?}");
    let introspect = json!({"token": tokens.text("accessToken")});
    let works = async || scene.operate("/auth/introspection", &introspect).await.body["action"] == "OK";
    assert!(works().await);
    let standard = json!({"parameters": format!("token={}", tokens.text("accessToken"))});
    let standard = scene.operate("/auth/introspection/standard", &standard).await;
    assert!(standard.text("responseContent").contains(&format!("\"client_id\":\"{}\"", scene.url())));
    let rule = |trust| MetadataDocuments {
        trust: vec![TrustRule { pattern: scene.url(), trust }],
        ..MetadataDocuments::default()
    };
    scene.settings(rule(Trust::Block)).await;
    assert!(!works().await, "a blocked client has none");
    let blocked = scene.operate("/auth/token", &json!({"parameters": request})).await;
    assert_eq!(blocked.text("action"), "INVALID_CLIENT", "{blocked:?}");
    scene.settings(rule(Trust::Allow)).await;
    assert!(works().await);
    let operator = scene.world.service_token(1, &Permission::ALL).await;
    let again = async || {
        scene.world.clock.advance(1);
        let begun = scene.authorize().await;
        let issue = json!({"ticket": begun.text("ticket"), "subject": "john"});
        let code = scene.operate("/auth/authorization/issue", &issue).await.text("authorizationCode").to_owned();
        let request = request.replace(code_before, &code);
        scene.operate("/auth/token", &json!({"parameters": request})).await.text("accessToken").to_owned()
    };
    let number = tokens.body["clientId"].to_string();
    let lock = json!({"clientLocked": true});
    let lock = scene
        .world
        .send_json("POST", &format!("/api/1/client/lock_flag/update/{number}"), Some(&operator), &lock)
        .await;
    assert_eq!(lock.status, 200, "{lock:?}");
    assert!(!works().await, "a locked client has none");
    let unlock = json!({"clientLocked": false});
    scene.world.send_json("POST", &format!("/api/1/client/lock_flag/update/{number}"), Some(&operator), &unlock).await;
    let granted = async || {
        let path = format!("/api/1/client/granted_scopes/get/{number}/john");
        scene.world.send_bare("GET", &path, Some(&scene.token)).await.body.get("latestGrantedScopes").is_some()
    };
    assert!(granted().await);
    let deleted = scene.world.send_bare("DELETE", &format!("/api/1/client/delete/{number}"), Some(&operator)).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert!(!works().await, "a deleted client has none");
    scene.world.clock.advance(1);
    let begun = scene.authorize().await;
    assert!(!granted().await, "nor what was granted to it");
    let issue = json!({"ticket": begun.text("ticket"), "subject": "john"});
    let issued = scene.operate("/auth/authorization/issue", &issue).await;
    assert_eq!(issued.text("action"), "LOCATION", "it may come back: {issued:?}");
    assert!(!works().await, "what it had does not");
    assert!(granted().await);
    let later = json!({"token": again().await});
    let works = async || scene.operate("/auth/introspection", &later).await.body["action"] == "OK";
    assert!(works().await, "what it gets now does");
    scene.world.clock.advance(1);
    let deleted = scene.world.send_bare("DELETE", &format!("/api/1/client/delete/{number}"), Some(&operator)).await;
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert!(!works().await, "though only its document was known");
}

#[tokio::test]
async fn all_that_a_client_with_a_document_has_ends_though_nobody_had_decided_anything_about_it() {
    let scene = Scene::new().await;
    scene.publish(&scene.document());
    let operator = scene.world.service_token(1, &Permission::ALL).await;
    assert_eq!(scene.ask().await.status, 200);
    let number = scene.world.app.service(1).await.unwrap().numeric_id(&scene.url());
    let unlock = format!("/operator/1/clients/{number}/unlock");
    let unlocked = scene.world.send_bare("POST", &unlock, Some(&operator)).await;
    assert_eq!((unlocked.status, unlocked.text("client_id")), (200, scene.url().as_str()), "{unlocked:?}");
    let lock = json!({"clientLocked": false});
    let path = format!("/api/1/client/lock_flag/update/{number}");
    assert_eq!(scene.world.send_json("POST", &path, Some(&operator), &lock).await.status, 200);
    assert!(scene.world.keys("C").await.is_empty(), "that it is not locked is no decision");
    let begun = scene.authorize().await;
    let issue = json!({"ticket": begun.text("ticket"), "subject": "john"});
    let code = scene.operate("/auth/authorization/issue", &issue).await.text("authorizationCode").to_owned();
    let request = format!(
        "grant_type=authorization_code&code={code}&client_id={}&redirect_uri=https://rp.example/cb",
        scene.url()
    );
    let tokens = scene.operate("/auth/token", &json!({"parameters": request})).await;
    let introspect = json!({"token": tokens.text("accessToken")});
    let works = async || scene.operate("/auth/introspection", &introspect).await.body["action"] == "OK";
    assert!(works().await, "{tokens:?}");
    scene.world.clock.advance(1);
    let grants = format!("/operator/1/grants?client={number}");
    assert_eq!(scene.world.send_bare("DELETE", &grants, Some(&operator)).await.body, json!({"ended": 1}));
    assert!(!works().await);
}

#[tokio::test]
async fn a_document_that_is_none_is_told_to_the_authorization_server() {
    let scene = Scene::new().await;
    scene.publish(&scene.document_with(&json!({"client_secret": "x"})));
    let refused = scene.authorize().await;
    assert_eq!((refused.status, refused.text("action")), (200, "BAD_REQUEST"), "{refused:?}");
    assert_eq!(refused.text("resultCode"), "A505302");
}
