//! What users have let clients have.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use shared::Error;
use shared::client::RegisteredClient;
use shared::origin::Origin;
use shared::policy::Preset;

use super::Operator;
use crate::support::Reply;

impl Operator {
    /// A user has let a client have something.
    pub(super) async fn consents(&self, client_id: &str, subject: &str) -> Value {
        let number = self.get(&format!("clients/{client_id}")).await.body["numeric_id"].clone();
        let body = json!({
            "grantType": "AUTHORIZATION_CODE", "clientId": number, "subject": subject, "scopes": ["email"],
        });
        let made = self.world.send_json("POST", "/api/1/auth/token/create", Some(&self.token), &body).await;
        assert_eq!(made.status, 200, "{made:?}");
        made.body["accessToken"].clone()
    }

    /// A user has agreed to something of which the client has not fetched the tokens yet.
    async fn agrees(&self, number: &Value, subject: &str) {
        let parameters =
            format!("response_type=code&client_id={number}&scope=email&redirect_uri=https://rp.example/cb");
        let challenge = "&code_challenge=E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256";
        let begun = json!({"parameters": format!("{parameters}{challenge}")});
        let begun = self.world.send_json("POST", "/api/1/auth/authorization", Some(&self.token), &begun).await;
        let issue = json!({"ticket": begun.body["ticket"], "subject": subject});
        let issued = self.world.send_json("POST", "/api/1/auth/authorization/issue", Some(&self.token), &issue).await;
        assert!(issued.body["authorizationCode"].is_string(), "{begun:?} {issued:?}");
    }

    async fn end(&self, query: &str) -> Reply {
        self.world.send_bare("DELETE", &format!("/operator/1/grants?{query}"), Some(&self.token)).await
    }

    /// The users of all pages of a list of grants, and how long the pages were.
    async fn users(&self, query: &str) -> (BTreeSet<String>, Vec<usize>) {
        let (mut users, mut pages, mut cursor) = (BTreeSet::new(), Vec::new(), String::new());
        loop {
            self.world.clock.advance(1);
            let page = self.get(&format!("grants?{query}{cursor}")).await;
            assert_eq!(page.status, 200, "{query}: {page:?}");
            let grants = page.body["grants"].as_array().unwrap();
            pages.push(grants.len());
            for grant in grants {
                assert!(users.insert(grant["subject"].as_str().unwrap().to_owned()), "{grant}");
            }
            let Some(next) = page.body.get("next").and_then(Value::as_str) else { return (users, pages) };
            cursor = format!("&cursor={next}");
        }
    }

    /// What the audit has of the end of grants, oldest first: who, through which door, of which client, what.
    async fn ends(&self) -> Vec<(String, String, Value)> {
        self.world.catch_up().await;
        let audit = self.get("audit?oldest=true&limit=100").await;
        let entries = audit.body["entries"].as_array().unwrap();
        let ends = entries.iter().filter(|entry| entry["events"] == json!(["grants_ended"]));
        let text = |entry: &Value, name: &str| entry[name].as_str().unwrap().to_owned();
        ends.map(|entry| (text(entry, "door"), text(entry, "client_id"), entry["members"].clone())).collect()
    }
}

#[tokio::test]
async fn what_has_ended_takes_no_place_on_a_page() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("Shop").await;
    let names: Vec<String> = (0..70).map(|number| format!("user {number}")).collect();
    for name in &names {
        operator.consents(&id, name).await;
    }
    let (all, pages) = operator.users(&format!("client={id}&limit=100")).await;
    assert_eq!((all.len(), pages), (70, vec![70]));
    let left: BTreeSet<String> = names.iter().step_by(9).cloned().collect();
    for name in names.iter().filter(|name| !left.contains(*name)) {
        assert_eq!(operator.end(&format!("subject={}", name.replace(' ', "%20"))).await.body, json!({"ended": 1}));
    }
    for (limit, expected) in [(100, vec![8]), (8, vec![8]), (7, vec![7, 1]), (3, vec![3, 3, 2]), (1, vec![1; 8])] {
        let (found, pages) = operator.users(&format!("client={id}&limit={limit}")).await;
        assert_eq!((&found, &pages), (&left, &expected), "{limit}");
    }
    let others = [operator.registered("Second").await, operator.registered("Third").await];
    for other in &others {
        operator.consents(other, "user 0").await;
    }
    let mut cursor = String::new();
    for expected in [1, 1, 1] {
        let page = operator.get(&format!("grants?subject=user%200&limit=1{cursor}")).await;
        assert_eq!(page.body["grants"].as_array().unwrap().len(), expected, "{page:?}");
        cursor = page.body.get("next").map(|next| format!("&cursor={}", next.as_str().unwrap())).unwrap_or_default();
    }
    assert_eq!(cursor, "", "the last page is the last");
    let of_first = operator.get(&format!("grants?client={id}&limit=1")).await.text("next").to_owned();
    for elsewhere in [
        format!("subject=user%200&client={id}&cursor=x"),
        format!("client={}&cursor={of_first}", others[0]),
        format!("subject=user%200&cursor={of_first}"),
    ] {
        let refused = operator.get(&format!("grants?{elsewhere}")).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{elsewhere}");
    }
}

#[tokio::test]
async fn the_end_of_what_users_have_granted_is_audited_at_every_door() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let ids = [operator.registered("Shop").await, operator.registered("Bank").await];
    let client = async |id: &str| operator.get(&format!("clients/{id}")).await.body["numeric_id"].clone();
    let numbers = [client(&ids[0]).await, client(&ids[1]).await];
    let api = async |path: String, body: Value| {
        let reply = operator.world.send_json("POST", &format!("/api/1{path}"), Some(&operator.token), &body).await;
        assert_eq!(reply.status, 200, "{path}: {reply:?}");
        reply
    };
    let agrees = async |number: &Value| operator.agrees(number, "alice").await;
    let (both, tokens, scopes) = (json!(["authorizations", "scopes"]), json!(["authorizations"]), json!(["scopes"]));
    for number in &numbers {
        agrees(number).await;
    }
    assert_eq!(operator.end("subject=alice").await.body, json!({"ended": 0}), "they are codes");
    let in_any_order = |mut ends: Vec<(String, String, Value)>| {
        ends.sort_by_key(|(door, id, members)| (door.clone(), id.clone(), members.to_string()));
        ends
    };
    let known = operator.ends().await;
    assert_eq!(in_any_order(known.clone()), in_any_order(expected_of(&ids, &both)));
    assert_eq!(operator.end("subject=alice").await.body, json!({"ended": 0}));
    assert_eq!(operator.ends().await, known, "what has ended does not end again");

    let mut expected = known;
    let mut told = async |door: &str, id: &str, members: &Value| {
        operator.world.clock.advance(1);
        expected.push((door.to_owned(), id.to_owned(), members.clone()));
        assert_eq!(operator.ends().await, expected);
    };
    operator.world.clock.advance(1);
    operator.consents(&ids[0], "alice").await;
    assert_eq!(operator.end(&format!("client={}&subject=alice", ids[0])).await.body, json!({"ended": 1}));
    told("operator", &ids[0], &tokens).await;
    agrees(&numbers[0]).await;
    api(format!("/client/authorization/delete/{}", numbers[0]), json!({"subject": "alice"})).await;
    told("authlete", &ids[0], &both).await;
    agrees(&numbers[0]).await;
    api(format!("/client/granted_scopes/delete/{}", numbers[0]), json!({"subject": "alice"})).await;
    told("authlete", &ids[0], &scopes).await;
    api(format!("/client/granted_scopes/delete/{}", numbers[0]), json!({"subject": "alice"})).await;
    api("/auth/token/revoke".into(), json!({"clientIdentifier": numbers[0].to_string(), "subject": "alice"})).await;
    told("authlete", &ids[0], &tokens).await;
    operator.consents(&ids[1], "alice").await;
    api("/auth/token/revoke".into(), json!({"subject": "alice"})).await;
    told("authlete", &ids[1], &tokens).await;

    let history = operator.get(&format!("clients/{}/history?limit=100", ids[1])).await;
    let entries = history.body["entries"].as_array().unwrap();
    assert_eq!(entries.iter().filter(|entry| entry["events"] == json!(["grants_ended"])).count(), 2, "{history:?}");
    let kept: String = operator.world.all_items().await.into_iter().filter(|item| item.contains("\"A#1")).collect();
    assert!(kept.contains("grants_ended") && !kept.contains("alice"), "the user is not named");
}

#[tokio::test]
async fn what_a_client_has_ends_once() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("Shop").await;
    let told = async || {
        operator.world.catch_up().await;
        let history = operator.get(&format!("clients/{id}/history?limit=100")).await;
        let entries = history.body["entries"].as_array().unwrap().clone();
        let told = |event: &str| entries.iter().filter(|entry| entry["events"] == json!([event])).count();
        (told("tokens_ended"), told("grants_ended"))
    };
    let end = async |query: &str| {
        operator.world.clock.advance(1);
        operator.end(query).await.body["ended"].clone()
    };
    let of_client = format!("client={id}");
    assert_eq!(end(&of_client).await, 0);
    assert_eq!(told().await, (0, 0), "there was nothing to end");
    operator.world.clock.advance(1);
    let token = operator.consents(&id, "alice").await;
    assert_eq!(end(&of_client).await, 1);
    assert_eq!(told().await, (1, 0));
    for query in [&of_client, "subject=alice", &format!("{of_client}&subject=alice")] {
        assert_eq!(end(query).await, 0, "{query}");
        assert_eq!(told().await, (1, 0), "{query}: what has ended does not end again");
    }
    let body = json!({"token": token});
    let answer = operator.world.send_json("POST", "/api/1/auth/introspection", Some(&operator.token), &body).await;
    assert_eq!(answer.text("action"), "UNAUTHORIZED", "{answer:?}");
    operator.world.clock.advance(1);
    let number = operator.get(&format!("clients/{id}")).await.body["numeric_id"].clone();
    operator.agrees(&number, "bob").await;
    assert_eq!(end(&of_client).await, 0, "it is a code");
    assert_eq!(told().await, (2, 0));
    assert_eq!(end(&of_client).await, 0);
    assert_eq!(told().await, (2, 0), "which has ended as well");
}

#[tokio::test]
async fn an_end_that_is_no_change_is_not_undone_by_a_change_that_has_not_seen_it() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("Shop").await;
    let world = &operator.world;
    let service = world.app.service(1).await.unwrap();
    let read = world.app.store.client(1, service.numeric_id(&id)).await.unwrap().unwrap();
    world.clock.advance(1);
    assert_eq!(operator.end(&format!("client={id}")).await.body, json!({"ended": 0}));
    let next = RegisteredClient { version: read.version + 1, locked: true, ..read };
    let stale = world.app.store.replace_client(&next, &[], &Origin::default()).await;
    assert!(matches!(stale, Err(Error::Contention)), "{stale:?}");
    assert_eq!(operator.act(&id, "lock").await.status, 200, "who has seen it may");
}

fn expected_of(ids: &[String], members: &Value) -> Vec<(String, String, Value)> {
    ids.iter().map(|id| ("operator".to_owned(), id.clone(), members.clone())).collect()
}
