//! A trial of a document says what its look-up says, and asks nobody.

use serde_json::{Value, json};
use shared::caller::Permission;
use shared::policy::{METADATA_DOCUMENT, Policy, Preset};

use super::{PATH, Scene, ok, opened};
use crate::support::Reply;

/// What the table has of the refusal of this moment: its rule, and whether a trial of what is kept comes to the same.
async fn counted(scene: &Scene) -> (String, Value, bool) {
    let refused = scene.world.refused(1, 1).await;
    let now = scene.world.clock.now();
    let [found] = &refused.iter().filter(|one| one.last_at == now).collect::<Vec<_>>()[..] else {
        panic!("one is counted: {refused:?}")
    };
    assert_eq!((&*found.door, &*found.operation), (METADATA_DOCUMENT, "register"), "{found:?}");
    let sample = found.samples.iter().find(|sample| sample.at == now).unwrap();
    (found.rule.clone(), sample.sent.clone().into(), sample.reproduces)
}

/// A trial of that in the policy in force.
async fn tried(scene: &Scene, token: &str, body: &Value) -> Reply {
    let mut body = body.clone();
    body["door"] = METADATA_DOCUMENT.into();
    let reply = scene.world.send_json("POST", "/operator/1/policy/try", Some(token), &body).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    reply
}

/// Members of the policy and of the document, whether what is kept of it is enough for a trial, and the rule that refuses.
fn refused(host: &str) -> Vec<(Value, Value, bool, &'static str)> {
    let documents = |members: Value| json!({ "metadata_documents": members });
    let (of_documents, content) = ("metadata_documents", "the document");
    let pattern = format!("{host}/oauth/*");
    vec![
        (documents(json!({"others": "block"})), json!({}), true, of_documents),
        (documents(json!({"trust": [{"pattern": pattern, "trust": "block"}]})), json!({}), true, of_documents),
        (json!({}), json!({"client_id": format!("https://{host}/a/../c")}), true, of_documents),
        (json!({}), json!({"client_id": format!("https://{host}{PATH}?x=1")}), true, of_documents),
        (json!({}), json!({"client_id": format!("https://user@{host}{PATH}")}), true, of_documents),
        (json!({}), json!({"client_id": "https://10.0.0.1/c"}), true, of_documents),
        (json!({}), json!({"client_id": "https://directory.example/c"}), false, of_documents),
        (documents(json!({"max_bytes": 512})), json!({"client_name": "x".repeat(600)}), false, of_documents),
        (documents(json!({"required": ["tos_uri"]})), json!({}), true, of_documents),
        (documents(json!({"same_origin": "redirect_uris"})), json!({}), true, of_documents),
        (
            documents(json!({"redirect_uris": 1})),
            json!({"redirect_uris": ["https://rp.example/a", "https://rp.example/b"]}),
            true,
            of_documents,
        ),
        (json!({}), json!({"redirect_uris": "https://rp.example/cb"}), true, content),
        (json!({}), json!({"client_secret_expires_at": 5}), true, content),
        (json!({}), json!({"token_endpoint_auth_method": "client_secret_basic"}), true, content),
        (json!({}), json!({"client_uri": "javascript:alert(1)"}), true, content),
        (
            json!({"token_endpoint_auth_methods": {"offered": ["none"], "default": ["none"]}}),
            json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://rp.example/jwks"}),
            true,
            "token_endpoint_auth_methods_supported",
        ),
        (
            json!({"redirect_uris": {"hosts": ["only.example"]}}),
            json!({"redirect_uris": ["https://other.example/cb"]}),
            true,
            "redirect_uris",
        ),
        (json!({}), json!({"grant_types": ["password"]}), true, "grant_types and response_types"),
        (json!({"names": {"reserved": ["Example Bank"]}}), json!({"client_name": "Example Bank"}), true, "names"),
        (json!({}), json!({"request_uris": ["https://10.0.0.1/"]}), true, "called_urls"),
        (json!({"limits": {"text_bytes": 200}}), json!({"client_name": "x".repeat(300)}), true, "limits"),
        (json!({}), json!({"redirect_uris": ["https://rp.example/#a"]}), true, "the specifications"),
        (json!({}), json!({"redirect_uris": null}), true, "the specifications"),
        (json!({}), json!({"sector_identifier_uri": "https://10.0.0.1/s"}), true, "sector_identifier_uri"),
        (
            documents(json!({"metadata_policy": {"client_name": {"one_of": ["Other"]}}})),
            json!({}),
            true,
            "metadata_documents.metadata_policy",
        ),
    ]
}

#[tokio::test]
async fn a_trial_of_a_document_says_what_its_look_up_says() {
    let scene = Scene::new().await;
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let host = scene.site.url.strip_prefix("https://").unwrap().to_owned();
    let plain = serde_json::to_value(opened(Preset::Open.policy())).unwrap();
    let issuer = json!({"software_statements": {"issuers": [
        {"issuer": "https://directory.example/c", "jwks_uri": "https://directory.example/jwks"}]}});
    for (patch, members, is_kept, rule) in refused(&host) {
        let mut policy = plain.clone();
        json_patch::merge(&mut policy, &issuer);
        json_patch::merge(&mut policy, &patch);
        let policy: Policy = serde_json::from_value(policy).unwrap();
        scene.world.set_policy(1, policy).await;
        scene.world.clock.advance(120);
        let mut document = scene.document();
        json_patch::merge(&mut document, &members);
        scene.publish(&document);
        let url = document["client_id"].as_str().unwrap();
        let real = scene.asker().ask(url).await;
        assert!([400, 403].contains(&real.status), "{members}: {real:?}");
        let (found, sample, reproduces) = counted(&scene).await;
        let requests = scene.site.requests();
        let trial = tried(&scene, &token, &json!({ "client": document })).await.body["refused"].clone();
        assert_eq!((&trial["rule"], &*found), (&json!(rule), rule), "{members}: {real:?}");
        // RFC 6749 §5.2: an error has no double quotes.
        let told = trial["error_description"].as_str().unwrap().replace('"', "'");
        assert_eq!((trial["error"].as_str().unwrap(), &*told), (real.text("error"), real.text("error_description")));
        assert_eq!(reproduces, is_kept, "{members}: {real:?}: {sample}");
        let again = tried(&scene, &token, &json!({ "sample": sample })).await.body["refused"].clone();
        assert_eq!(again["rule"] == rule && again["error"] == real.body["error"], is_kept, "{sample}: {again}");
        assert_eq!(scene.site.requests(), requests, "nobody is asked");
    }
}

#[tokio::test]
async fn what_a_trial_lets_pass_is_what_the_look_up_answers() {
    let scene = Scene::new().await;
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let document = scene.document_with(&json!({
        "grant_types": ["authorization_code", "password"], "scope": "read", "logo_uri": "http://rp.example/a.png",
        "software_statement": "e30.e30.AA",
    }));
    scene.publish(&document);
    let real = scene.ask().await;
    assert_eq!(real.status, 200, "{real:?}");
    let trial = tried(&scene, &token, &json!({ "client": document })).await.body;
    assert_eq!(trial["requires"], json!([]), "{trial}");
    let registered = trial["registered"].as_object().unwrap();
    assert!(registered.len() > 3, "{trial}");
    for (member, value) in registered {
        assert_eq!(real.body[member], *value, "{member}");
    }
    let sector = json!({"sector_identifier_uri": "https://rp.example/sector"});
    let trial = tried(&scene, &token, &json!({"client": scene.document_with(&sector)})).await.body;
    assert_eq!(trial["requires"][0]["rule"], "sector_identifier_uri", "{trial}");
}

/// What a look-up meets before there is a document has no rule of the policy.
#[tokio::test]
async fn a_document_is_one_by_its_client_id() {
    let scene = Scene::new().await;
    let token = scene.world.service_token(1, &Permission::ALL).await;
    for (client_id, rule, error, told) in [
        (Value::Null, "the document", "invalid_client", "client_id is required"),
        (json!(5), "the document", "invalid_client", "client_id must be a string"),
        (json!("4711"), "metadata_documents", "not_found", "there is no such client"),
    ] {
        let document = scene.document_with(&json!({ "client_id": client_id }));
        let trial = tried(&scene, &token, &json!({ "client": document })).await.body["refused"].clone();
        let expected = json!({"rule": rule, "error": error, "error_description": told});
        assert_eq!(trial, expected, "{client_id}");
        if client_id.as_str().is_none() {
            scene.world.clock.advance(120);
            scene.site.set(PATH, ok("content-type: application/json\r\n", &document.to_string()));
            let real = scene.ask().await;
            assert_eq!((real.text("error"), real.text("error_description")), (error, told));
        }
    }
}

/// What operators try is whom a consent page would warn of: of a URL that is trusted the names are good.
#[tokio::test]
async fn a_trial_of_a_document_has_the_flags_of_its_look_up() {
    let scene = Scene::new().await;
    let token = scene.world.service_token(1, &Permission::ALL).await;
    let document = scene.document_with(&json!({"client_name": "Example Bank", "client_uri": "https://b.example/"}));
    scene.publish(&document);
    let mut policy = serde_json::to_value(opened(Preset::Open.policy())).unwrap();
    policy["names"] = json!({"reserved": ["Example Bank"], "same": "flag"});
    for (trust, flags) in [("ask", json!(["reserved_name", "foreign_pages"])), ("allow", json!(["foreign_pages"]))] {
        policy["metadata_documents"]["others"] = json!(trust);
        scene.world.set_policy(1, serde_json::from_value(policy.clone()).unwrap()).await;
        let (real, trial) = (scene.ask().await, tried(&scene, &token, &json!({ "client": document })).await);
        assert_eq!((&real.body["flags"], &trial.body["flags"]), (&flags, &flags), "{trust}: {real:?} {trial:?}");
    }
}
