//! What is done to many clients by one request.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::Preset;
use shared::time::DAY;

use super::Operator;
use crate::fault_proxy::FaultProxy;
use crate::support::{Reply, World, table};

#[tokio::test]
async fn a_preview_says_what_the_action_does() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let (plain, locked) = (operator.registered("Plain").await, operator.registered("Locked").await);
    operator.act(&locked, "lock").await;
    for client in [&plain, &locked] {
        let path = format!("/operator/1/clients/{client}");
        assert_eq!(operator.world.send_bare("DELETE", &path, Some(&operator.token)).await.status, 204);
    }
    for action in ["restore", "unlock"] {
        for client in ["nobody", &locked, &plain] {
            let order =
                |preview: bool| json!({"action": action, "preview": preview, "clients": [{"client_id": client}]});
            let seen = operator.send("POST", "bulk", &order(true)).await.body["results"][0]["outcome"].clone();
            let done = operator.send("POST", "bulk", &order(false)).await.body["results"][0]["outcome"].clone();
            assert_eq!(seen == "possible", done == "done", "{action} {client}: {seen}, {done}");
            assert!(seen == "possible" || seen == done, "{action} {client}: {seen}, {done}");
        }
    }
}

#[tokio::test]
async fn whoever_is_named_twice_counts_once() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let other = operator.registered("Other").await;
    // Its identifier is its number.
    let body = json!({"clientName": "Shop", "clientType": "PUBLIC", "redirectUris": ["https://rp.example/cb"],
        "clientIdAlias": "shop", "clientIdAliasEnabled": true});
    let made = operator.world.send_json("POST", "/api/1/client/create", Some(&operator.token), &body).await;
    let number = made.body["clientId"].to_string();
    assert_eq!(operator.get("clients/shop").await.body["client_id"], json!(number), "{made:?}");
    let again = |first: &str| {
        let names = [first, "shop", &number, first, "shop", &other, "nobody", &other, "nobody"];
        let one = |(index, name): (usize, &&str)| json!({"client_id": name, "version": if index == 0 { 2 } else { 1 }});
        names.iter().enumerate().map(one).collect::<Vec<_>>()
    };
    let outcomes = async |action: &str, preview: bool, first: &str| -> Vec<(String, String)> {
        let order = json!({"action": action, "preview": preview, "clients": again(first)});
        let reply = operator.send("POST", "bulk", &order).await;
        assert_eq!(reply.status, 200, "{reply:?}");
        let text = |result: &Value, name: &str| result[name].as_str().unwrap().to_owned();
        let results = reply.body["results"].as_array().unwrap().iter();
        results.map(|result| (text(result, "client_id"), text(result, "outcome"))).collect()
    };
    let expected = |first: &str, outcome: &str| {
        [(first, outcome), (&other, outcome), ("nobody", "absent")]
            .map(|(name, told)| (name.to_owned(), told.to_owned()))
    };
    // The version that stands first is the one that is meant.
    for first in [number.as_str(), "shop"] {
        let changed = outcomes("lock", true, first).await;
        assert_eq!((changed.len(), changed[0].1.as_str()), (3, "changed"), "{changed:?}");
    }
    operator.act("shop", "lock").await;
    for first in [number.as_str(), "shop"] {
        assert_eq!(outcomes("delete", true, first).await, expected(first, "possible"));
    }
    assert_eq!(outcomes("delete", false, "shop").await, expected("shop", "done"));

    // What is deleted is found by its identifier and by its number.
    let its_number = operator.world.app.service(1).await.unwrap().numeric_id(&other).to_string();
    let restore = async |preview: bool, names: [&str; 2]| {
        let clients = names.map(|name| json!({"client_id": name}));
        let order = json!({"action": "restore", "preview": preview, "clients": clients});
        operator.send("POST", "bulk", &order).await.body["results"].clone()
    };
    for (preview, told) in [(true, "possible"), (false, "done")] {
        let one = restore(preview, [&its_number, &other]).await;
        assert_eq!((one.as_array().unwrap().len(), &one[0]["outcome"]), (1, &json!(told)), "{one}");
        if preview {
            let one = restore(preview, [&other, &its_number]).await;
            assert_eq!((one.as_array().unwrap().len(), &one[0]["outcome"]), (1, &json!(told)), "{one}");
        }
    }
    operator.act(&other, "lock").await;
    assert_eq!(
        operator.send("POST", "bulk", &json!({"action": "delete", "clients": [{"client_id": other}]})).await.status,
        200
    );
    let unlock = json!({"action": "unlock", "clients": [{"client_id": other}, {"client_id": its_number}]});
    let unlocked = operator.send("POST", "bulk", &unlock).await;
    assert_eq!(
        (unlocked.body["results"].as_array().unwrap().len(), unlocked.body["results"][0]["outcome"].clone()),
        (1, json!("done")),
        "{unlocked:?}"
    );
}

#[tokio::test]
async fn a_look_at_many_makes_the_requests_that_the_design_allows_it() {
    let table = table(None).await;
    let proxy = FaultProxy::start(&table.url()).await;
    let world = World::at(&proxy.url());
    world.service(1, Preset::Open.policy()).await;
    let token = world.service_token(1, &Permission::ALL).await;
    let operator = Operator { world, token };
    let id = operator.registered("One").await;
    operator.world.clock.advance(DAY);
    let bulk = async |action: &str, preview: bool| {
        proxy.requests();
        let unused = (action == "delete, unused").then_some(3600);
        let (action, clients) = (action.split(',').next(), json!([{"client_id": id}, {"client_id": id}]));
        let mut order = json!({"action": action, "preview": preview, "clients": clients});
        order.as_object_mut().unwrap().extend(unused.map(|unused| ("unused".to_owned(), json!(unused))));
        let reply = operator.send("POST", "bulk", &order).await;
        let outcome = reply.body["results"][0]["outcome"].as_str().unwrap().to_owned();
        // Those of the rate are for some requests of the token together.
        (outcome, proxy.requests().into_iter().filter(|request| request != "UpdateItem L").collect::<Vec<_>>())
    };
    let strings = |requests: &[&str]| requests.iter().map(|request| (*request).to_owned()).collect::<Vec<_>>();
    let (changed, gone) = (&["PutItem C", "BatchGetItem C U"][..], &["UpdateItem C"][..]);
    for (action, looks, writes) in [
        ("lock", &[][..], changed),
        ("unlock", &[], changed),
        ("approve", &[], changed),
        ("retain", &[], changed),
        ("release", &[], changed),
        ("delete, unused", &["Query list"], gone),
        ("restore", &["GetItem C"], changed),
        ("lock", &[], changed),
        ("delete", &[], gone),
        ("unlock", &["GetItem C"], &["PutItem C"]),
    ] {
        let looks = [&["GetItem T", "BatchGetItem C U"], looks].concat();
        let (outcome, requests) = bulk(action, true).await;
        assert_eq!((outcome.as_str(), requests), ("possible", strings(&looks)), "{action}");
        let (outcome, requests) = bulk(action, false).await;
        assert_eq!((outcome.as_str(), requests), ("done", strings(&[&looks, writes].concat())), "{action}");
    }
    for action in ["lock", "delete", "approve"] {
        let (outcome, requests) = bulk(action, true).await;
        assert_eq!((outcome.as_str(), requests.len()), ("absent", 2), "{action}: {requests:?}");
    }
}

#[tokio::test]
async fn the_same_is_done_to_many_that_are_as_they_were_seen() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let (one, other) = (operator.registered("One").await, operator.registered("Other").await);
    let order = |preview: bool, version: u64| {
        json!({"action": "delete", "preview": preview, "clients": [
            {"client_id": one, "version": 1}, {"client_id": other, "version": version}, {"client_id": "nobody"},
        ]})
    };
    let outcomes = |reply: &Reply| -> Vec<String> {
        let results = reply.body["results"].as_array().unwrap().iter();
        results.map(|result| result["outcome"].as_str().unwrap().to_owned()).collect()
    };
    let seen = operator.send("POST", "bulk", &order(true, 1)).await;
    assert_eq!(outcomes(&seen), ["possible", "possible", "absent"], "{seen:?}");
    assert_eq!(seen.body["results"][0]["client_name"], "One");
    assert_eq!(operator.listed("").await.len(), 2, "nothing has happened");
    operator.act(&other, "retain").await;
    assert_eq!(outcomes(&operator.send("POST", "bulk", &order(true, 1)).await), ["possible", "changed", "absent"]);
    let done = operator.send("POST", "bulk", &order(false, 1)).await;
    assert_eq!(outcomes(&done), ["done", "changed", "absent"]);
    assert_eq!(operator.listed("").await, ["Other"]);
    let back = json!({"action": "restore", "clients": [{"client_id": one}]});
    assert_eq!(outcomes(&operator.send("POST", "bulk", &back).await), ["done"]);
    let deny = json!({"action": "deny", "clients": [{"client_id": one}]});
    let refused = operator.send("POST", "bulk", &deny).await;
    assert_eq!(outcomes(&refused), ["refused"]);
    assert!(refused.body["results"][0]["error_description"].as_str().unwrap().contains("does not wait"));
    let many: Vec<Value> = (0..101).map(|number| json!({"client_id": number.to_string()})).collect();
    for (body, part) in [
        (json!({"action": "delete", "clients": many}), "100"),
        (json!({"action": "paint", "clients": [{"client_id": "a"}]}), "action"),
        (json!({"action": "lock", "clients": ["a"]}), "clients"),
        (json!({"action": "lock", "clients": [{"version": 1}]}), "client_id"),
        (json!({"action": "lock", "clients": [{"client_id": "a"}], "preview": "yes"}), "preview"),
    ] {
        let refused = operator.send("POST", "bulk", &body).await;
        assert_eq!(refused.status, 400, "{refused:?}");
        assert!(refused.text("error_description").contains(part), "{refused:?}");
    }
}
