//! What a request must not leave open.

use serde_json::{Value, json};
use shared::http::Method;
use shared::metadata::Scope;
use shared::policy::{BoundPolicy, Policy, Preset, Unoffered};

use super::Operator;
use crate::support::Reply;

fn assert_refused(reply: &Reply, part: &str, what: &dyn std::fmt::Debug) {
    assert_eq!((reply.status, reply.text("error")), (400, "invalid_request"), "{what:?}: {reply:?}");
    assert!(reply.text("error_description").contains(part), "{what:?}: {reply:?}");
}

#[tokio::test]
async fn null_is_no_guard_and_an_empty_limit_is_none() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let one = json!([{ "client_id": id }]);
    let action = format!("clients/{id}/lock");
    let rotation = format!("clients/{id}/rotate-secret");
    let client = format!("clients/{id}");
    for (method, path, body, part) in [
        ("POST", "bulk", json!({"action": "delete", "preview": null, "clients": one}), "preview"),
        ("POST", "bulk", json!({"action": "delete", "unused": null, "clients": one}), "unused"),
        ("POST", "bulk", json!({"action": null, "clients": one}), "action"),
        ("POST", "bulk", json!({"action": "delete", "clients": [{"client_id": id, "version": null}]}), "version"),
        ("POST", &action, json!({"version": null}), "version"),
        ("POST", &rotation, json!({"overlap": null}), "overlap"),
        ("PATCH", &client, json!({"version": null, "client_name": "Two"}), "version"),
        ("POST", "bulk", json!({"action": "delete", "clients": [{"client_id": ""}]}), "clients[0]: client_id"),
        (
            "POST",
            "bulk",
            json!({"action": "delete", "clients": [{"client_id": id}, {"client_id": " "}]}),
            "clients[1]: client_id",
        ),
        ("POST", "tokens", json!({"kind": "initial_access", "uses": null}), "uses"),
        ("POST", "tokens", json!({"kind": "initial_access", "scope": null}), "scope"),
        ("POST", "tokens", json!({"kind": "initial_access", "grant_types": null}), "grant_types"),
        ("POST", "tokens", json!({"kind": "initial_access", "expires_in": null}), "expires_in"),
        ("POST", "tokens", json!({"kind": "initial_access", "scope": ""}), "scope"),
        ("POST", "tokens", json!({"kind": "initial_access", "scope": "  "}), "scope"),
        ("POST", "tokens", json!({"kind": "initial_access", "grant_types": []}), "grant_types"),
        ("POST", "tokens", json!({"kind": "service", "permissions": []}), "permissions"),
        ("POST", "policy/try", json!({"policy": null}), "policy"),
        ("POST", "policy/try", json!({"preset": null}), "preset"),
        ("POST", "policy/try", json!({"client": null}), "client"),
    ] {
        assert_refused(&operator.send(method, path, &body).await, part, &(method, path, &body));
    }
    let read = operator.get(&client).await;
    assert_eq!((&read.body["version"], &read.body["locked"]), (&json!(1), &json!(false)), "nothing has happened");
    assert_eq!(operator.get("tokens").await.body["tokens"].as_array().unwrap().len(), 1);
    assert_refused(&operator.send("DELETE", "tokens/x", &json!({"kind": "service"})).await, "no body", &"token");
    for (path, part) in [
        ("clients?client_id=%20", "client_id"),
        ("clients?name=%09", "name"),
        ("clients?software_id=", "software_id"),
        ("grants?client=+", "client"),
        ("grants?subject=%20%20", "subject"),
        ("federation?entity_id=%20", "entity_id"),
        ("audit?cursor=%20", "cursor"),
    ] {
        assert_refused(&operator.get(path).await, part, &path);
    }
    let ended = operator.world.send_bare("DELETE", "/operator/1/grants?client=%20", Some(&operator.token)).await;
    assert_refused(&ended, "client", &"grants");
}

#[tokio::test]
async fn a_client_has_what_it_can_have_and_a_patch_that_changes_nothing_is_none() {
    let policy = Policy { custom_members: vec!["tenant".to_owned()], ..Preset::Open.policy() };
    let operator = Operator::of(policy).await;
    let id = operator.registered("One").await;
    let client = format!("clients/{id}");
    let was = operator.get(&client).await.body;
    for (members, part) in [
        (json!({"client_nmae": "x"}), "client_nmae"),
        (json!({"client_nmae": null}), "client_nmae"),
        (json!({"client_name": "Two", "tenants": 1}), "tenants"),
        (json!({"redirect_uris#de": ["https://rp.example/cb"]}), "redirect_uris#de"),
        (json!({"locked": true}), "locked"),
        (json!({"client_secret": "x"}), "client_secret"),
        (json!({"client_id": "x"}), "client_id"),
        (json!({"registration_access_token": "x"}), "registration_access_token"),
        (json!({"retained": true, "numeric_id": 1}), "numeric_id, retained"),
    ] {
        assert_refused(&operator.send("PATCH", &client, &members).await, part, &members);
        let mut new = json!({"redirect_uris": ["https://rp.example/cb"]});
        new.as_object_mut().unwrap().extend(members.as_object().unwrap().clone());
        assert_refused(&operator.send("POST", "clients", &new).await, part, &new);
    }
    assert_eq!(operator.listed("").await, ["One"]);
    for same in [json!({}), json!({"client_name": "One"}), json!({"client_uri": null}), was.clone()] {
        let reply = operator.send("PATCH", &client, &same).await;
        assert_eq!((reply.status, &reply.body["version"]), (200, &json!(1)), "{same}: {reply:?}");
    }
    operator.world.catch_up().await;
    let listed = operator.get(&format!("clients?client_id={id}")).await.body["clients"][0].clone();
    for same in [&listed, &json!({"position": listed["position"]})] {
        let reply = operator.send("PATCH", &client, same).await;
        assert_eq!((reply.status, &reply.body["version"]), (200, &json!(1)), "{same}: {reply:?}");
    }
    let elsewhere = json!({"position": "0", "used": "2026-01-01"});
    assert_refused(&operator.send("PATCH", &client, &elsewhere).await, "position, used", &elsewhere);
    let history = operator.get(&format!("{client}/history")).await;
    assert_eq!(history.body["entries"].as_array().unwrap().len(), 1, "{history:?}");
    assert_eq!(operator.get(&client).await.body, was);
    let stale = operator.send("PATCH", &client, &json!({"version": 2})).await;
    assert_eq!(stale.status, 409, "{stale:?}");
    let elsewhere = operator.send("PATCH", &format!("{client}?version=2"), &json!({"client_name": "Late"})).await;
    assert_eq!(elsewhere.status, 400, "a version is a member: {elsewhere:?}");

    let patch = json!({"client_name#de": "Eins", "tenant": 7, "version": 1});
    let changed = operator.send("PATCH", &client, &patch).await;
    assert_eq!((changed.status, &changed.body["version"], &changed.body["tenant"]), (200, &json!(2), &json!(7)));
    let mut whole = operator.get(&client).await.body;
    whole["client_name"] = json!("Two");
    let changed = operator.send("PATCH", &client, &whole).await;
    assert_eq!((changed.status, changed.text("client_name")), (200, "Two"), "what was read is sent back: {changed:?}");
    let named: Value = json!({"client_name": "New", "client_name#fr": "Neuf", "tenant": 8,
        "redirect_uris": ["https://rp.example/cb"]});
    let new = operator.send("POST", "clients", &named).await;
    assert_eq!((new.status, &new.body["tenant"]), (201, &json!(8)), "{new:?}");
}

#[tokio::test]
async fn a_deletion_is_made_final_afterwards_and_who_comes_back_is_not_registered_again() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let number = operator.get(&format!("clients/{id}")).await.body["numeric_id"].to_string();
    let delete = async |name: &str, query: &str| {
        let path = format!("/operator/1/clients/{name}{query}");
        operator.world.clock.advance(1);
        operator.world.send_bare("DELETE", &path, Some(&operator.token)).await
    };
    let registrations = async || {
        operator.world.catch_up().await;
        let counts = operator.get("counts").await.body;
        let hours = counts["hours"].as_array().unwrap().iter();
        hours.flat_map(|hour| hour["registered"].as_object().unwrap().values()).filter_map(Value::as_u64).sum::<u64>()
    };
    assert_eq!(registrations().await, 1);
    for name in [&id, &number] {
        assert_eq!(delete(name, "").await.status, 204);
        operator.world.clock.advance(1);
        let restored = operator.act(name, "restore").await;
        assert_eq!((restored.status, restored.text("client_id")), (200, id.as_str()), "{name}");
        assert_eq!(registrations().await, 1, "{name}");
    }
    assert_eq!(delete(&id, "").await.status, 204);
    assert_eq!(delete(&id, "").await.status, 404, "it is deleted");
    assert_eq!(delete(&number, "?for_good=true").await.status, 204);
    for name in [&number, &id] {
        let refused = operator.act(&id, "restore").await;
        assert_eq!((refused.status, refused.text("error")), (409, "conflict"), "{refused:?}");
        assert!(refused.text("error_description").contains("for good"), "{refused:?}");
        assert_eq!(delete(name, "?for_good=true").await.status, 404, "there is nothing left of it");
    }
    assert_eq!(delete("nobody", "?for_good=true").await.status, 404);
    operator.world.catch_up().await;
    let history = operator.get(&format!("clients/{id}/history?limit=100")).await;
    let events: Vec<&Value> =
        history.body["entries"].as_array().unwrap().iter().map(|entry| &entry["events"][0]).collect();
    assert_eq!(events, ["deleted", "deleted", "restored", "deleted", "restored", "deleted", "registered"]);
}

#[tokio::test]
async fn a_name_is_found_in_whatever_case_and_script() {
    let operator = Operator::of(Preset::Open.policy()).await;
    for name in ["Straßenbahn", "İstanbul Kart", "ΟΔΟΣ", "中国银行", "Bank", "हिन्दी"] {
        operator.registered(name).await;
    }
    operator.world.catch_up().await;
    for (wanted, expected) in [
        ("STRASSEN", &["Straßenbahn"][..]),
        ("straße", &["Straßenbahn"]),
        ("istanbul", &["İstanbul Kart"]),
        ("İSTANBUL kart", &["İstanbul Kart"]),
        ("οδος", &["ΟΔΟΣ"]),
        ("οδοσ", &["ΟΔΟΣ"]),
        ("银行", &["中国银行"]),
        ("中国", &["中国银行"]),
        ("行", &[]),
        ("ank", &[]),
        ("हिन्दी", &["हिन्दी"]),
    ] {
        let query: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
        for order in ["", "&oldest=true"] {
            assert_eq!(operator.listed(&format!("name={query}{order}")).await, expected, "{wanted}{order}");
        }
    }
}

/// A misspelt guard would be none.
#[tokio::test]
async fn a_parameter_that_is_not_known_is_refused_at_every_endpoint() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let placed = |path: &str| {
        let path = path.replace("{serviceId}", "1").replace("{client}", &id).replace("{action}", "lock");
        path.replace("{token}", &"0".repeat(43)).replace("{client+}", &id)
    };
    for endpoint in operator::ENDPOINTS {
        for (method, path) in
            endpoint.methods.iter().flat_map(|method| endpoint.paths.iter().map(move |path| (method, path)))
        {
            let path = format!("{}?nope=1", placed(path));
            assert!(!path.contains('{'), "{path}");
            let body = json!({});
            let reply = match method {
                Method::Get | Method::Head | Method::Delete => {
                    operator.world.send_bare(method.as_str(), &path, Some(&operator.token)).await
                }
                _ => operator.world.send_json(method.as_str(), &path, Some(&operator.token), &body).await,
            };
            assert_refused(&reply, "nope", &(method, &path));
        }
    }
}

/// RFC 7591 §3.2.1: what a client is said to have sent is what was verified.
#[tokio::test]
async fn rfc7591_3_2_1_nobody_sets_a_statement_that_was_not_verified() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let client = format!("clients/{id}");
    let refused = operator.send("PATCH", &client, &json!({"software_statement": "x.y.z"})).await;
    assert_eq!((refused.status, refused.text("error")), (400, "invalid_client_metadata"), "{refused:?}");
    let said = "software_statement is not the one that was verified when the client registered";
    assert_eq!(refused.text("error_description"), said, "{refused:?}");
    let unread = json!({"redirect_uris": ["https://rp.example/cb"], "software_statement": "x.y.z"});
    let refused = operator.send("POST", "clients", &unread).await;
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(
        refused.text("error_description").contains("software_statement: the service trusts no issuer"),
        "{refused:?}"
    );
    assert_eq!(operator.get(&client).await.body["version"], json!(1));
    let tried = json!({"client": {"redirect_uris": ["https://rp.example/cb"], "software_statement": "x.y.z"}});
    let tried = operator.send("POST", "policy/try", &tried).await;
    assert_eq!(tried.body["registered"].get("software_statement"), None, "no issuer is trusted: {tried:?}");
    let dropped = tried.body["changes"].as_array().unwrap().iter().any(|it| it["rule"] == "software_statements");
    assert!(dropped, "{tried:?}");
}

/// RFC 7592 §2.2: a client is updated by what was read of it, changed; what an operator has given it is a part of that.
#[tokio::test]
async fn rfc7592_2_2_what_an_operator_has_given_may_be_sent_again() {
    let mut policy = Preset::Protected.policy();
    policy.scopes.unoffered = Unoffered::Refuse;
    let operator = Operator::of(policy).await;
    let bound = BoundPolicy { scope: Scope::parse("read").unwrap(), ..BoundPolicy::default() };
    let token = operator.world.initial_access_token(1, None, None, bound).await;
    let body = json!({"redirect_uris": ["https://rp.example/cb"], "scope": "read"});
    let registered = operator.world.register(1, Some(&token), &body).await;
    let id = registered.text("client_id").to_owned();
    let update = async |scope: &str| {
        let body = json!({"client_id": id, "redirect_uris": ["https://rp.example/cb"], "scope": scope});
        let token = registered.text("registration_access_token");
        operator.world.send_json("PUT", &format!("/1/register/{id}"), Some(token), &body).await
    };
    assert_eq!(update("read write").await.status, 400, "the initial access token allowed less");
    let refusals = operator.get("refusals").await;
    let sent = &refusals.body["refusals"][0]["samples"][0]["sent"];
    assert_eq!(sent["client_id"], json!(id), "who is to help finds the client: {refusals:?}");
    let given = operator.send("PATCH", &format!("clients/{id}"), &json!({"scope": "read write"})).await;
    assert_eq!(given.status, 200, "{given:?}");
    let kept = update("read write").await;
    assert_eq!((kept.status, kept.text("scope")), (200, "read write"), "{kept:?}");
    assert_eq!(update("read write admin").await.status, 400, "and no more than that");
}

/// What a change of an operator makes is shown; a secret that works is no part of it.
#[tokio::test]
async fn a_patch_shows_the_secret_that_it_makes_and_makes_none_where_one_works() {
    let policy = Policy { secret_lifetime: Some(1000), secret_overlap: 200, ..Preset::Open.policy() };
    let operator = Operator::of(policy).await;
    let body = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "client_secret_basic"});
    let registered = operator.send("POST", "clients", &body).await;
    let (id, token) = (registered.text("client_id"), registered.text("registration_access_token"));
    let client = format!("clients/{id}");
    let kept = async || {
        let reply = operator.world.send_bare("GET", &format!("/1/register/{id}"), Some(token)).await;
        reply.body.get("client_secret").cloned()
    };
    let patched = async |members: Value| {
        let reply = operator.send("PATCH", &client, &members).await;
        assert_eq!(reply.status, 200, "{members}: {reply:?}");
        reply.body
    };
    operator.world.clock.advance(900);
    let renamed = patched(json!({"client_name": "Two"})).await;
    assert_eq!(renamed.get("client_secret"), None, "within the overlap it works");
    assert_eq!(renamed["client_secret_expires_at"], registered.body["client_secret_expires_at"]);
    assert_eq!(kept().await.as_ref(), registered.body.get("client_secret"));

    operator.world.clock.advance(101);
    let renewed = patched(json!({"client_name": "Three"})).await;
    assert_ne!(renewed.get("client_secret"), registered.body.get("client_secret"), "it has ended");
    assert_eq!(renewed["client_secret_expires_at"], json!(operator.world.clock.now() + 1000));
    assert_eq!(renewed.get("client_secret").cloned(), kept().await);
    for same in [json!({}), json!({"client_name": "Three"}), json!({"client_name": "Four"})] {
        assert_eq!(patched(same).await.get("client_secret"), None, "it was shown");
    }
    let public = patched(json!({"token_endpoint_auth_method": "none"})).await;
    assert_eq!((public.get("client_secret"), kept().await), (None, None));
    let confidential = patched(json!({"token_endpoint_auth_method": "client_secret_post"})).await;
    assert!(confidential.get("client_secret").is_some(), "{confidential}");
    assert_eq!(confidential.get("client_secret").cloned(), kept().await);
    assert_eq!(operator.get(&client).await.body.get("client_secret"), None);
}

/// A client that is deleted is found by its identifier alone, with the way back.
#[tokio::test]
async fn a_client_that_is_gone_is_found_by_its_identifier() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let id = operator.registered("One").await;
    let by_id = format!("clients?client_id={id}");
    let number = operator.get(&by_id).await.body["clients"][0]["numeric_id"].clone();
    let delete = async |query: &str| {
        let path = format!("/operator/1/clients/{id}{query}");
        operator.world.send_bare("DELETE", &path, Some(&operator.token)).await.status
    };
    assert_eq!(operator.get("clients?client_id=nobody").await.body, json!({"clients": []}));
    assert_eq!(delete("").await, 204);
    let until = operator.world.clock.now() + 30 * 24 * 60 * 60;
    let gone = json!({"client_id": id, "numeric_id": number});
    let mut restorable = gone.clone();
    json_patch::merge(&mut restorable, &json!({"client_name": "One", "restorable_until": until, "version": 1}));
    for name in [&id, &number.to_string()] {
        let found = operator.get(&format!("clients?client_id={name}")).await.body;
        assert_eq!(found, json!({"clients": [], "deleted": restorable}), "{name}");
    }
    assert_eq!(operator.act(&number.to_string(), "restore").await.status, 200);
    assert_eq!(operator.get(&by_id).await.body.get("deleted"), None);
    assert_eq!(delete("?for_good=true").await, 204);
    assert_eq!(operator.get(&by_id).await.body["deleted"], gone, "nothing brings it back");
    operator.world.clock.advance(30 * 24 * 60 * 60);
    assert_eq!(operator.get(&by_id).await.body, json!({"clients": []}), "nothing is left of it");
}
