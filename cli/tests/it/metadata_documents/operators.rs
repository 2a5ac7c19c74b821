//! What operators do to a client that is known by its document alone.

use serde_json::{Value, json};
use shared::caller::Permission;

use super::Scene;
use crate::support::Reply;

/// A client that was looked up once, and an operator.
struct Office {
    scene: Scene,
    token: String,
    number: u64,
}

impl Office {
    async fn new() -> Self {
        let scene = Scene::new().await;
        scene.publish(&scene.document());
        assert_eq!(scene.ask().await.status, 200);
        let token = scene.world.service_token(1, &Permission::ALL).await;
        let number = scene.world.app.service(1).await.unwrap().numeric_id(&scene.url());
        Self { scene, token, number }
    }

    async fn send(&self, method: &str, path: &str, body: &Value) -> Reply {
        self.scene.world.send_json(method, path, Some(&self.token), body).await
    }

    async fn bare(&self, method: &str, path: &str) -> Reply {
        self.scene.world.send_bare(method, path, Some(&self.token)).await
    }

    async fn get(&self) -> Reply {
        self.bare("GET", &format!("/operator/1/clients/{}", self.number)).await
    }

    async fn act(&self, action: &str, body: &Value) -> Reply {
        self.send("POST", &format!("/operator/1/clients/{}/{action}", self.number), body).await
    }

    async fn bulk(&self, action: &str, preview: bool) -> String {
        let order = json!({"action": action, "preview": preview, "clients": [{"client_id": self.scene.url()}]});
        let reply = self.send("POST", "/operator/1/bulk", &order).await;
        reply.body["results"][0]["outcome"].as_str().unwrap_or_default().to_owned()
    }

    /// Whether anything is stored that operators have decided.
    async fn is_stored(&self) -> bool {
        self.scene.world.app.store.client(1, self.number).await.unwrap().is_some()
    }
}

#[tokio::test]
async fn what_decides_nothing_of_a_client_stores_nothing() {
    let office = Office::new().await;
    let number = office.number;
    let authlete = office.bare("GET", &format!("/api/1/client/get/{number}")).await;
    let update = format!("/api/1/client/update/{number}");
    let scopes = format!("/api/1/client/extension/requestable_scopes/update/{number}");
    for (path, body, status) in [
        (&update, authlete.body.clone(), 200),
        (&update, json!({}), 400),
        (&update, json!({"developer": 1}), 400),
        (&scopes, json!({"requestableScopes": null}), 200),
        (&scopes, json!({"requestableScopes": 1}), 400),
    ] {
        let reply = office.send("POST", path, &body).await;
        assert_eq!((reply.status, office.is_stored().await), (status, false), "{path} {body}: {reply:?}");
    }
    let delete = format!("/api/1/client/extension/requestable_scopes/delete/{number}");
    assert_eq!((office.bare("DELETE", &delete).await.status, office.is_stored().await), (204, false));

    let revoke = json!({"clientIdentifier": office.scene.url(), "subject": "alice"});
    let revoked = office.send("POST", "/api/1/auth/token/revoke", &revoke).await;
    assert_eq!((revoked.status, office.is_stored().await), (200, false), "{revoked:?}");

    let was = office.get().await;
    for (action, status, part) in [
        ("approve", 409, "metadata_documents.trust"),
        ("deny", 409, "approval"),
        ("retain", 409, "does not end"),
        ("release", 409, "does not end"),
        ("restore", 409, "not deleted"),
        ("rotate-secret", 400, ""),
        ("reissue-token", 400, ""),
        ("unlock", 200, ""),
    ] {
        for guard in [json!({}), json!({"version": was.body["version"]})] {
            let reply = office.act(action, &guard).await;
            let text = reply.body["error_description"].as_str().unwrap_or_default();
            assert_eq!((reply.status, text.contains(part)), (status, true), "{action} {guard}: {reply:?}");
        }
        if !matches!(action, "rotate-secret" | "reissue-token") {
            let seen = office.bulk(action, true).await;
            assert_eq!(seen, if status == 200 { "possible" } else { "refused" }, "{action}");
            assert_eq!(office.bulk(action, false).await, if status == 200 { "done" } else { "refused" }, "{action}");
        }
        assert!(!office.is_stored().await, "{action}");
    }
    let refused = office.act("lock", &json!({"version": 2})).await;
    assert_eq!((refused.status, office.is_stored().await), (409, false), "another version: {refused:?}");
    assert_eq!(office.get().await.body, was.body);

    let set = office.send("POST", &scopes, &json!({"requestableScopes": []})).await;
    assert_eq!((set.status, office.is_stored().await), (200, true), "{set:?}");
    let again = office.get().await.body["version"].clone();
    assert_eq!(office.send("POST", &scopes, &json!({"requestableScopes": []})).await.status, 200);
    assert_eq!(office.get().await.body["version"], again, "it is so already");
}

#[tokio::test]
async fn a_client_that_comes_back_by_itself_is_locked_as_it_was_seen() {
    let office = Office::new().await;
    let (client, url) = (format!("/operator/1/clients/{}", office.number), office.scene.url());
    for round in 0..2 {
        let version = office.get().await.body["version"].clone();
        let locked = office.act("lock", &json!({ "version": version })).await;
        assert_eq!((locked.status, &locked.body["locked"]), (200, &json!(true)), "round {round}: {locked:?}");
        assert_eq!(office.act("unlock", &json!({"version": locked.body["version"]})).await.status, 200);
        assert_eq!(office.bare("DELETE", &client).await.status, 204);
        assert_eq!(office.get().await.status, 404);

        // A URL does not survive in a path: its number is found by it all the same.
        let query = url::form_urlencoded::Serializer::new(String::new()).append_pair("client_id", &url).finish();
        let found = office.bare("GET", &format!("/operator/1/clients?{query}")).await;
        let gone = json!({"clients": [], "deleted": {"client_id": url, "numeric_id": office.number}});
        assert_eq!((found.status, &found.body), (200, &gone));
        let restored = office.act("restore", &json!({})).await;
        assert!(restored.status == 409 && restored.text("error_description").contains("by itself"), "{restored:?}");
        office.scene.world.catch_up().await;
        let history = office.bare("GET", &format!("{client}/history")).await;
        assert_eq!(history.body["entries"][0]["events"], json!(["deleted"]), "{history:?}");
        assert_eq!(office.scene.ask().await.status, 200, "its owner goes on publishing it");
        let found = office.bare("GET", &format!("/operator/1/clients?{query}")).await;
        let listed = (&found.body["clients"][0]["numeric_id"], found.body.get("deleted"));
        assert_eq!(listed, (&json!(office.number), None), "{found:?}");
        let locked = office.bare("GET", &format!("/operator/1/clients?{query}&locked=true")).await;
        assert_eq!(locked.body, json!({"clients": []}), "it is not");
    }
}
