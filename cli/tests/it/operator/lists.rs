//! Lists and their cursors.

use serde_json::json;
use shared::caller::Permission;
use shared::policy::Preset;

use super::Operator;
use crate::support::{NOW, Reply};

/// Every list that has cursors, by what it calls its members.
const LISTS: [(&str, &str); 9] = [
    ("clients?", "clients"),
    ("clients?oldest=true", "clients"),
    ("clients?name=client", "clients"),
    ("clients?redirect_host=rp.example", "clients"),
    ("tokens?", "tokens"),
    ("audit?", "entries"),
    ("audit?oldest=true", "entries"),
    ("clients/ID/history?", "entries"),
    ("grants?client=ID", "grants"),
];

impl Operator {
    async fn crowd(&self) -> String {
        let mut id = String::new();
        for number in 0..4 {
            id = self.registered(&format!("Client {number}")).await;
        }
        for action in ["lock", "unlock", "lock", "unlock"] {
            assert_eq!(self.act(&id, action).await.status, 200);
        }
        for _ in 0..3 {
            self.world.clock.advance(1);
            self.world.service_token(1, &[Permission::ClientRead]).await;
        }
        for subject in ["a", "b", "c", "d"] {
            self.consents(&id, subject).await;
        }
        self.world.catch_up().await;
        id
    }

    async fn refused_cursor(&self, path: &str, cursor: &str) {
        self.world.clock.advance(1);
        let refused = self.get(&format!("{path}&cursor={cursor}")).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{path} {cursor}: {refused:?}");
        assert!(refused.text("error_description").starts_with("cursor"), "{path} {cursor}: {refused:?}");
    }
}

fn members<'r>(page: &'r Reply, name: &str) -> &'r [serde_json::Value] {
    page.body[name].as_array().unwrap_or_else(|| panic!("{page:?}"))
}

#[tokio::test]
async fn a_cursor_is_one_word_of_a_url_and_leads_along_its_own_list_alone() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.crowd().await;
    let paths = LISTS.map(|(path, name)| (path.replace("ID", &id), name));
    let mut cursors = Vec::new();
    for (path, name) in &paths {
        let whole = operator.get(&format!("{path}&limit=100")).await;
        assert!(whole.status == 200 && whole.body.get("next").is_none(), "{path}: {whole:?}");
        let (mut seen, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = operator.get(&format!("{path}&limit=1{cursor}")).await;
            assert!(page.status == 200 && members(&page, name).len() <= 1, "{path}: {page:?}");
            seen.extend(members(&page, name).to_vec());
            let Some(next) = page.body.get("next").and_then(|next| next.as_str()) else { break };
            assert!(next.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte)), "{path}: {next}");
            if cursor.is_empty() {
                cursors.push(next.to_owned());
            }
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, members(&whole, name), "{path}");
        assert!(seen.len() > 3, "{path}");
    }
    for ((path, _), own) in paths.iter().zip(&cursors) {
        for cut in [1, 2, 4, own.len() / 2, own.len()] {
            operator.refused_cursor(path, &own[..own.len() - cut]).await;
        }
        operator.refused_cursor(path, &own[1..]).await;
        for wrong in ["0", "00", "0-0", "1790000000000%23", "1790000000000%23x", "x", "A", &"A".repeat(3000)] {
            operator.refused_cursor(path, wrong).await;
        }
        for other in cursors.iter().filter(|other| *other != own) {
            operator.refused_cursor(path, other).await;
        }
    }
    operator.world.service(2, Preset::Open.policy()).await;
    let stranger = operator.world.service_token(2, &Permission::ALL).await;
    let elsewhere = Operator { token: stranger, world: operator.world };
    for ((path, _), cursor) in paths.iter().zip(&cursors) {
        let path = format!("/operator/2/{path}&cursor={cursor}");
        elsewhere.world.clock.advance(1);
        let refused = elsewhere.world.send_bare("GET", &path, Some(&elsewhere.token)).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{path}: {refused:?}");
    }
}

#[tokio::test]
async fn the_audit_since_a_time_has_nothing_before_it_in_either_order() {
    let operator = Operator::of(Preset::Open.policy()).await;
    operator.crowd().await;
    let all = operator.get("audit?limit=100").await;
    let times: Vec<u64> = members(&all, "entries").iter().map(|entry| entry["at"].as_u64().unwrap()).collect();
    for since in [0, NOW, NOW + 2, NOW + 4, NOW + 1_000_000, 9_999_999_999] {
        let expected = times.iter().filter(|at| **at >= since).count();
        for order in ["", "&oldest=true"] {
            let (mut found, mut cursor) = (0, String::new());
            loop {
                let page = operator.get(&format!("audit?since={since}{order}&limit=2{cursor}")).await;
                assert_eq!(page.status, 200, "{since}{order}: {page:?}");
                assert!(members(&page, "entries").iter().all(|entry| entry["at"].as_u64().unwrap() >= since));
                found += members(&page, "entries").len();
                let Some(next) = page.body.get("next").and_then(|next| next.as_str()) else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(found, expected, "{since}{order}");
        }
    }
    for order in ["", "&oldest=true"] {
        let page = operator.get(&format!("audit?limit=2{order}")).await;
        let path = format!("audit?since=9999999999{order}");
        operator.refused_cursor(&path, page.text("next")).await;
    }
}

#[tokio::test]
async fn developers_are_counted_page_by_page() {
    let operator = Operator::of(Preset::Open.policy()).await;
    for developer in ["c", "a", "b"] {
        let client = json!({"clientType": "PUBLIC", "developer": developer});
        let made = operator.world.send_json("POST", "/api/1/client/create", Some(&operator.token), &client).await;
        assert_eq!(made.status, 200, "{made:?}");
    }
    operator.world.catch_up().await;
    let first = operator.get("counts?developers=true&limit=2").await;
    let counted = |name: &str| json!({"developer": name, "clients": 1});
    assert_eq!(first.body["developers"], json!([counted("a"), counted("b")]), "{first:?}");
    let second = operator.get(&format!("counts?developers=true&cursor={}", first.text("next"))).await;
    assert_eq!((&second.body["developers"], second.body.get("next")), (&json!([counted("c")]), None), "{second:?}");
    assert_eq!((&first.body["clients"], &second.body["clients"]), (&json!(3), &json!(3)));
    for query in ["limit=2", "cursor=a"] {
        let refused = operator.get(&format!("counts?{query}")).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{query}: {refused:?}");
    }
}
