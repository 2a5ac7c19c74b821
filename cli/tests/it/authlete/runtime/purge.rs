//! What users have let clients have goes with the client, and with the service.

use aws_sdk_dynamodb::types::AttributeValue;
use registrar::embedded::{self, TABLE};
use serde_json::{Value, json};
use shared::origin::Origin;
use shared::store::Item;
use shared::store::item::{integer, string};
use shared::store::schema::{client_key, grant_key, grant_position, grants_list, service_grants_list};

use super::{Party, client, with};
use crate::support::access_key;

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
