//! What users have let clients have goes with the client, and with the service.

use aws_sdk_dynamodb::types::AttributeValue;
use registrar::embedded::{self, TABLE};
use serde_json::{Value, json};
use shared::caller::Permission;
use shared::origin::Origin;
use shared::policy::{Policy, Unused};
use shared::store::Item;
use shared::store::item::{integer, string};
use shared::store::schema::{client_key, grant_key, grant_position, grants_list, service_grants_list};
use shared::time::DAY;

use super::{Party, REDIRECT, client, with};
use crate::support::{Reply, access_key};

impl Party {
    /// Tokens that an operator makes of that client.
    async fn made(&self, client_id: &str, members: Value) -> String {
        let client: u64 = client_id.parse().unwrap();
        let body = with(json!({"grantType": "PASSWORD", "clientId": client, "scopes": ["a"]}), &members);
        let made = self.post("/auth/token/create", &body).await;
        made.text("accessToken").to_owned()
    }

    fn table(&self) -> aws_sdk_dynamodb::Client {
        embedded::client(&self.authlete.world.url(), &access_key())
    }

    async fn client_item(&self) -> Item {
        let key = client_key(1, self.client_id.parse().unwrap()).into_attributes();
        let found = self.table().get_item().table_name(TABLE).set_key(Some(key)).send().await.unwrap();
        found.item.unwrap()
    }

    async fn put(&self, item: Item) {
        self.table().put_item().table_name(TABLE).set_item(Some(item)).send().await.unwrap();
    }

    /// The keys of what is left of users' grants, and whether it ends by itself.
    async fn left(&self) -> Vec<(String, bool)> {
        let items = self.table().scan().table_name(TABLE).send().await.unwrap().items.unwrap();
        let mut left = Vec::new();
        for item in items {
            let key = item["PK"].as_s().unwrap().clone();
            if ["G#", "K#", "V#"].iter().any(|kind| key.starts_with(kind)) {
                left.push((key, item.get("expires_at").is_some_and(AttributeValue::is_n)));
            }
        }
        left.sort();
        left
    }
}

#[tokio::test]
async fn an_ended_service_leaves_nothing_of_its_users() {
    let party = Party::new().await;
    let other = party.authlete.create(&client()).await["clientId"].to_string();
    party.tokens("openid a", "john").await;
    party.token("grant_type=client_credentials&scope=a").await;
    let chosen = json!({"subject": "jane", "accessToken": "chosen-1", "refreshToken": "chosen-2", "accessTokenPersistent": true});
    party.made(&other, chosen).await;
    party.made(&other, json!({"grantType": "CLIENT_CREDENTIALS", "accessTokenPersistent": true})).await;
    // Of a client that is known by its document alone no list tells but that of grants.
    let (number, subject) = (77, "jim");
    let mut grant = grant_key(1, number, subject).into_attributes();
    for (name, value) in [
        ("client", integer(number)),
        ("subject", string(subject)),
        ("list", string(grants_list(1, subject))),
        ("developer", string(service_grants_list(1))),
        ("at", string(grant_position(number))),
    ] {
        grant.insert(name.to_owned(), value);
    }
    party.put(grant).await;
    let world = &party.authlete.world;
    world.catch_up().await;
    let before = party.left().await;
    assert_eq!(before.iter().filter(|(key, _)| key.starts_with("V#")).count(), 3, "{before:?}");
    assert_eq!(before.iter().filter(|(key, _)| key.starts_with("K#")).count(), 2, "{before:?}");
    party.code("a", "joan").await;
    world.app.store.end_service(1, &Origin::default()).await.unwrap();
    world.catch_up().await;
    let left = party.left().await;
    assert!(left.len() == 1 && left[0].0.starts_with("G#") && left[0].1, "a code, which ends by itself: {left:?}");
}

#[tokio::test]
async fn a_deleted_client_takes_along_what_users_have_let_it_have() {
    let party = Party::new().await;
    let other = party.authlete.create(&client()).await["clientId"].to_string();
    let kept = party.made(&other, json!({"subject": "john"})).await;
    for user in 0..130 {
        party.made(&party.client_id, json!({"subject": format!("user-{user}")})).await;
    }
    let chosen = json!({"subject": "john", "accessToken": "chosen", "accessTokenPersistent": true});
    party.made(&party.client_id, chosen).await;
    let world = &party.authlete.world;
    world.catch_up().await;
    assert_eq!(party.left().await.len(), 2 + 2 * 131 + 1);
    let deleted = party.authlete.call("DELETE", &format!("/client/delete/{}", party.client_id), &Value::Null).await;
    assert_eq!(deleted.status, 204);
    world.catch_up().await;
    assert_eq!(party.left().await.len(), 2, "those of the other client");
    assert!(party.works(&kept).await);
    assert_eq!(party.client_item().await["purges"], integer(2), "by the page");
}

#[tokio::test]
async fn a_client_that_has_expired_takes_them_along_and_one_that_comes_back_keeps_them() {
    let party = Party::new().await;
    let token = party.tokens("a", "john").await.text("accessToken").to_owned();
    let (world, item) = (&party.authlete.world, party.client_item().await);
    world.catch_up().await;
    let delete = async || {
        let key = client_key(1, party.client_id.parse().unwrap()).into_attributes();
        party.table().delete_item().table_name(TABLE).set_key(Some(key)).send().await.unwrap();
    };
    delete().await;
    party.put(item).await;
    world.catch_up().await;
    assert!(party.works(&token).await);
    assert_eq!(party.left().await.len(), 2);
    delete().await;
    world.catch_up().await;
    assert!(party.left().await.is_empty());
}

impl Party {
    /// Registers what all share who register the same; this is the party from then on.
    async fn register_shared(&mut self) -> Reply {
        let metadata = json!({"client_name": "Assistant", "token_endpoint_auth_method": "none",
            "redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"]});
        let reply = self.authlete.world.register(1, None, &metadata).await;
        assert_eq!(reply.status, 201, "{reply:?}");
        (self.client_id, self.secret) = (reply.text("client_id").to_owned(), String::new());
        reply
    }

    /// What is known to be granted to it, by Authlete's API and by the operators'.
    async fn granted(&self, subject: &str) -> (Value, Value) {
        let path = format!("/client/granted_scopes/get/{}/{subject}", self.client_id);
        let known = self.authlete.get(&path).await.body["mergedGrantedScopes"].clone();
        let world = &self.authlete.world;
        let token = world.service_token(1, &[Permission::ClientRead]).await;
        let path = format!("/operator/1/grants?client={}", self.client_id);
        let grants = world.send_bare("GET", &path, Some(&token)).await.body["grants"].clone();
        (known, grants)
    }
}

/// Whoever registers the same has the same name, and what users let the one before it have is not its own.
#[tokio::test]
async fn what_a_client_had_that_has_ended_is_not_the_next_ones_of_its_name() {
    const LIFETIME: u64 = 3600;
    for (case, is_deleted, is_removed) in
        [("ended", false, false), ("ended and removed", false, true), ("deleted", true, false)]
    {
        let mut party = Party::new().await;
        let world = &party.authlete.world;
        let policy = world.app.service(1).await.unwrap().policy().clone();
        world.set_policy(1, Policy { merge_identical: true, client_lifetime: Some(LIFETIME), ..policy }).await;
        world.clock.advance(60);
        let client_id = party.register_shared().await.text("client_id").to_owned();
        let tokens = party.tokens("b", "john").await;
        let code = party.code("b", "jane").await;
        assert!(party.works(tokens.text("accessToken")).await);
        assert_eq!(party.granted("john").await.0, json!(["b"]));
        let world = &party.authlete.world;
        if is_deleted {
            let token = world.service_token(1, &Permission::ALL).await;
            let path = format!("/operator/1/clients/{client_id}?for_good=true");
            assert_eq!(world.send_bare("DELETE", &path, Some(&token)).await.status, 204);
            world.clock.advance(1);
        } else {
            world.clock.advance(LIFETIME);
        }
        if is_removed {
            // The stream function is behind.
            world.sweep().await;
        }
        assert!(!party.works(tokens.text("accessToken")).await, "{case}");
        assert_eq!(party.register_shared().await.text("client_id"), client_id);
        assert!(!party.works(tokens.text("accessToken")).await, "{case}");
        let refused = party.refresh(tokens.text("refreshToken")).await;
        assert_eq!(refused.text("action"), "BAD_REQUEST", "{case}: {refused:?}");
        assert_eq!(party.exchange(&code).await.text("action"), "BAD_REQUEST", "{case}");
        assert_eq!(party.granted("john").await, (Value::Null, json!([])), "{case}");
        let again = party.tokens("email", "john").await;
        assert!(party.works(again.text("accessToken")).await, "{case}");
        let (known, grants) = party.granted("john").await;
        assert_eq!(known, json!(["email"]), "{case}: not what was granted before");
        assert_eq!((&grants[0]["scopes"], grants[0]["authorizations"].as_array().unwrap().len()), (&known, 1));
        party.register_shared().await;
        assert!(party.works(again.text("accessToken")).await, "to register it again ends nothing of it");
    }
}

/// Not if nobody uses it either.
#[tokio::test]
async fn who_has_a_refresh_token_that_works_is_not_pruned() {
    let party = Party::with(&json!({"refreshTokenDuration": 200 * DAY}), &json!({})).await;
    let world = &party.authlete.world;
    let policy = world.app.service(1).await.unwrap().policy().clone();
    world.set_policy(1, Policy { unused: Unused::default(), ..policy }).await;
    world.clock.advance(60);
    let metadata = json!({"redirect_uris": [REDIRECT], "grant_types": ["authorization_code", "refresh_token"]});
    let mut ids = Vec::new();
    for subject in [Some("john"), None] {
        let registered = world.register(1, None, &metadata).await;
        ids.push(registered.text("client_id").to_owned());
        let (client_id, secret) = (ids.last().unwrap().clone(), registered.text("client_secret").to_owned());
        if let Some(subject) = subject {
            let party = Party { client_id, secret, ..party.by(world.twin()) };
            assert!(!party.tokens("b", subject).await.text("refreshToken").is_empty());
        }
    }
    let token = world.service_token(1, &Permission::ALL).await;
    let order = |unused: u64, preview: bool| {
        let clients: Vec<Value> = ids.iter().map(|client_id| json!({"client_id": client_id})).collect();
        json!({"action": "delete", "unused": unused, "preview": preview, "clients": clients})
    };
    world.clock.advance(100 * DAY);
    for (unused, preview, expected) in [
        (101 * DAY, true, ["refused", "refused"]),
        (90 * DAY, true, ["refused", "possible"]),
        (90 * DAY, false, ["refused", "done"]),
    ] {
        let reply = world.send_json("POST", "/operator/1/bulk", Some(&token), &order(unused, preview)).await;
        let outcomes: Vec<&Value> =
            reply.body["results"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
        assert_eq!(outcomes, expected, "{reply:?}");
    }
    world.clock.advance(102 * DAY);
    let reply = world.send_json("POST", "/operator/1/bulk", Some(&token), &order(90 * DAY, false)).await;
    assert_eq!(reply.body["results"][0]["outcome"], "done", "{reply:?}");
    let refused = json!({"action": "lock", "unused": 5, "clients": [{"client_id": ids[0]}]});
    assert_eq!(world.send_json("POST", "/operator/1/bulk", Some(&token), &refused).await.status, 400);
}
