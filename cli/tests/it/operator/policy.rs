//! The policy: read, replaced, and tried before clients meet it.

use serde_json::{Value, json};
use shared::administration::configure_service;
use shared::origin::Origin;
use shared::policy::{Conduct, DOORS, Names, Preset};
use shared::service::ServiceConfiguration;

use super::Operator;

#[tokio::test]
async fn rfc9110_13_1_1_a_policy_is_replaced_as_it_was_seen() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let read = operator.get("policy").await;
    assert_eq!((read.status, read.text("registration"), read.header("etag")), (200, "open", "\"1\""));
    let put = async |tag: Option<&str>, body: &Value| {
        let bearer = format!("Bearer {}", operator.token);
        let mut headers = vec![("content-type", "application/json"), ("authorization", bearer.as_str())];
        headers.extend(tag.map(|tag| ("if-match", tag)));
        operator.world.send("PUT", "/operator/1/policy", &headers, body.to_string()).await
    };
    let mut policy = read.body.clone();
    policy["secret_overlap"] = json!(60);
    assert_eq!(put(None, &policy).await.status, 428);
    assert_eq!(put(Some("\"7\""), &policy).await.status, 412);
    assert_eq!(put(Some("W/\"1\""), &policy).await.status, 412, "compared strongly");
    for unread in ["*, \"1\"", "\"1\", *", "1", "", "\"1\" \"2\""] {
        let refused = put(Some(unread), &policy).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{unread}: {refused:?}");
        assert!(refused.text("error_description").starts_with("If-Match"), "{refused:?}");
    }
    let replaced = put(Some("\"7\", \"1\""), &policy).await;
    assert_eq!((replaced.status, replaced.header("etag")), (200, "\"2\""), "{replaced:?}");
    let warnings = replaced.body["warnings"].to_string();
    assert!(warnings.contains("can do nothing yet") && warnings.contains("authorization_endpoint"), "{warnings}");
    let again = put(Some("\"2\""), &replaced.body).await;
    assert_eq!((again.status, again.header("etag")), (200, "\"2\""), "what was answered can be sent back: {again:?}");
    let mut shown = again.body;
    shown.as_object_mut().unwrap().remove("warnings");
    assert_eq!(shown, policy);
    assert_eq!(put(Some("\"1\""), &policy).await.status, 412, "somebody was earlier");
    for (body, part) in [
        (json!({"registratoin": "open"}), "registratoin"),
        (json!({"registration": "ajar"}), "registration"),
        (json!({"names": {"reserved": [1]}}), "names.reserved"),
    ] {
        let refused = put(Some("*"), &body).await;
        assert_eq!((refused.status, refused.text("error")), (400, "invalid_request"), "{refused:?}");
        assert!(refused.text("error_description").contains(part), "{refused:?}");
    }
    assert_eq!(operator.get("policy").await.body, policy);
    assert_eq!(put(Some("*"), &json!({})).await.text("registration"), "initial_access_token", "the preset's");
}

/// What is replaced whole is read as it is stored, though the service's metadata announce less of it.
#[tokio::test]
async fn who_puts_back_what_was_read_loses_nothing_that_is_not_announced() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let store = &operator.world.app.store;
    let announce = async |announced: Value| {
        let service = store.service(1).await.unwrap().unwrap();
        let authorization_server = announced.as_object().cloned().unwrap();
        let configuration = ServiceConfiguration { authorization_server, ..service.configuration.clone() };
        configure_service(store, &service, &configuration, &Origin::default()).await.unwrap();
    };
    let stored = operator.get("policy").await.body;
    announce(json!({
        "grant_types_supported": ["authorization_code"], "response_types_supported": ["code"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic"],
    }))
    .await;
    let read = operator.get("policy").await;
    assert_eq!(read.body, stored);
    let tried = operator.send("POST", "policy/try", &json!({"policy": read.body})).await.body;
    assert_eq!((&tried["policy"], &tried["differs"]), (&stored, &json!([])));

    // What is not announced is not registered, whatever the policy offers.
    let client = json!({"redirect_uris": ["https://rp.example/cb"], "token_endpoint_auth_method": "none",
        "grant_types": ["authorization_code", "refresh_token"]});
    let tried = operator.send("POST", "policy/try", &json!({"client": client})).await.body;
    assert_eq!(tried["refused"]["rule"], "token_endpoint_auth_methods", "{tried}");

    let bearer = format!("Bearer {}", operator.token);
    let tag = read.header("etag");
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str()), ("if-match", tag)];
    let mut changed = read.body.clone();
    changed["secret_overlap"] = json!(60);
    let put = operator.world.send("PUT", "/operator/1/policy", &headers, changed.to_string()).await;
    assert_eq!(put.status, 200, "{put:?}");
    let mut answered = put.body;
    answered.as_object_mut().unwrap().remove("warnings");
    assert_eq!(answered, changed);

    announce(json!({})).await;
    let registered = operator.world.register(1, None, &client).await;
    assert_eq!(registered.body["grant_types"], client["grant_types"], "{registered:?}");
    assert_eq!(registered.text("token_endpoint_auth_method"), "none");
}

#[tokio::test]
async fn a_policy_is_tried_before_clients_meet_it() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = json!({"redirect_uris": ["https://rp.example/cb"], "logo_uri": "https://bank.example/logo.png"});
    let now = operator.send("POST", "policy/try", &json!({"client": client})).await;
    assert_eq!((now.status, &now.body["differs"]), (200, &json!([])), "{now:?}");
    assert_eq!(now.body["registered"]["redirect_uris"], client["redirect_uris"]);
    assert!(now.body["changes"].as_array().unwrap().iter().any(|change| change["rule"] == "the specifications"));
    let protected = operator.send("POST", "policy/try", &json!({"preset": "protected", "client": client})).await;
    assert_eq!(protected.body["refused"]["rule"], "redirect_uris.pages_share_host", "{protected:?}");
    assert_eq!(protected.body["refused"]["error"], "invalid_client_metadata");
    let differs = protected.body["differs"].as_array().unwrap();
    assert!(
        differs
            .iter()
            .any(|it| it["member"] == "registration" && it["from"] == "open" && it["to"] == "initial_access_token")
    );
    let mut eased = protected.body["policy"].clone();
    eased["redirect_uris"]["pages_share_host"] = json!("allow");
    let eased = operator.send("POST", "policy/try", &json!({"policy": eased, "client": client})).await;
    assert!(eased.body.get("registered").is_some(), "{eased:?}");
    assert_eq!(operator.listed("").await, Vec::<String>::new(), "nothing is registered");
    assert_eq!(operator.get("policy").await.header("etag"), "\"1\"", "nothing is changed");
}

#[tokio::test]
async fn what_is_asked_before_and_after_the_metadata_is_a_part_of_a_trial() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = json!({"redirect_uris": ["https://rp.example/cb"], "software_id": "a"});
    let statements = json!({"required": true, "issuers": [{"issuer": "https://s.example", "jwks": {"keys": []}}]});
    let attempt = async |policy: Value| {
        operator.send("POST", "policy/try", &json!({"policy": policy, "client": client})).await.body
    };
    for (policy, rule, error) in [
        (json!({"doors": ["authlete"]}), "doors", "not_found"),
        (json!({"dynamic_registration": false}), "dynamic_registration", "access_denied"),
    ] {
        let tried = attempt(policy).await;
        assert_eq!((&tried["refused"]["rule"], &tried["refused"]["error"]), (&json!(rule), &json!(error)), "{tried}");
        assert_eq!((tried.get("registered"), tried.get("requires")), (None, None));
    }
    for (policy, rules) in [
        (json!({"registration": "open"}), &[][..]),
        (json!({}), &["registration"]),
        (json!({"registration": "open", "software_statements": statements}), &["software_statements"]),
        (
            json!({"software_id_once": true, "clients_per_service": 10, "clients_per_developer": 10}),
            &["registration", "software_id_once", "clients_per_service", "clients_per_developer"],
        ),
    ] {
        let tried = attempt(policy).await;
        let requires = tried["requires"].as_array().unwrap();
        let found: Vec<&str> = requires.iter().map(|one| one["rule"].as_str().unwrap()).collect();
        assert!(tried.get("registered").is_some() && found == rules, "{tried}");
    }
}

/// Each door asks for what it asks for, and for nothing else.
#[tokio::test]
async fn a_trial_is_made_at_a_door() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let client = json!({"client_name": "a", "redirect_uris": ["https://rp.example/cb"], "software_id": "a",
        "grant_types": ["authorization_code"], "tls_client_auth_subject_dn": "CN=tpp.example", "client_id": "https://rp.example/client.json"});
    let attempt = async |door: &str, patch: &Value| {
        let mut policy = json!({"doors": [door], "software_id_once": true, "clients_per_service": 10,
            "clients_per_developer": 10});
        json_patch::merge(&mut policy, patch);
        operator.send("POST", "policy/try", &json!({"policy": policy, "client": client, "door": door})).await.body
    };
    let issuer = json!({"issuer": "https://s.example", "jwks": {"keys": []}});
    let statements = json!({"software_statements": {"required": true, "issuers": [issuer]}});
    let open = json!({"registration": "open"});
    let (once, service, developer) = ("software_id_once", "clients_per_service", "clients_per_developer");
    for (door, policy, asked) in [
        ("oauth", &statements, &["registration", "software_statements", once, service, developer][..]),
        ("authlete", &statements, &["registration", "software_statements", once, service, developer]),
        // Its forms have no software.
        ("identity_center", &open, &[service, developer]),
        ("federation", &statements, &[once, developer]),
        ("stet", &statements, &[once, service, developer]),
        ("metadata_document", &statements, &[]),
    ] {
        let tried = attempt(door, policy).await;
        assert!(tried.get("registered").is_some(), "{door}: {tried}");
        let requires = tried["requires"].as_array().unwrap();
        assert_eq!(requires.iter().map(|one| one["rule"].as_str().unwrap()).collect::<Vec<_>>(), asked, "{door}");
        let method = match door {
            "identity_center" => "client_secret_post",
            "stet" => "tls_client_auth",
            "metadata_document" => "none",
            _ => "client_secret_basic",
        };
        assert_eq!(tried["registered"]["token_endpoint_auth_method"], method, "{door}");

        let closed = attempt(door, &json!({"registration": "open", "dynamic_registration": false})).await;
        let is_closed = closed["refused"]["rule"] == "dynamic_registration";
        assert_eq!(is_closed, !["federation", "metadata_document"].contains(&door), "{door}: {closed}");
        let refused = attempt(door, &json!({"doors": []})).await["refused"].clone();
        assert_eq!(refused["rule"], "doors");
        assert_eq!(refused["error_description"], format!("this service does not open the door {door}"));
    }
    // Identity Center's protocol knows neither.
    for (policy, rule) in [
        (json!({}), "registration"),
        (
            json!({"registration": "open", "software_statements": statements["software_statements"]}),
            "software_statements",
        ),
    ] {
        let refused = &attempt("identity_center", &policy).await["refused"];
        let told = json!({"rule": rule, "error": "access_denied", "error_description": "clients of this service need a token"});
        assert_eq!(*refused, told);
    }
    for door in [json!("back"), json!(""), json!(1), json!(null)] {
        let wrong = operator.send("POST", "policy/try", &json!({"client": client, "door": door})).await;
        assert_eq!((wrong.status, wrong.text("error")), (400, "invalid_request"), "{wrong:?}");
        assert!(wrong.text("error_description").contains("door"), "{wrong:?}");
    }
}

/// What [`shared::policy::Policy::check`] finds, as the command line asks it, and hosts that nothing is at.
#[tokio::test]
async fn a_policy_that_contradicts_itself_is_neither_taken_nor_tried() {
    let operator = Operator::of(Preset::Open.policy()).await;
    let open = operator.get("policy").await.body;
    for (patch, part) in [
        (
            json!({"token_endpoint_auth_methods": {"offered": ["none"], "unoffered": "refuse"}}),
            "token_endpoint_auth_methods does not offer",
        ),
        (
            json!({"token_endpoint_auth_methods": {"offered": [], "unoffered": "drop"}}),
            "token_endpoint_auth_methods.offered is empty",
        ),
        (json!({"scopes": {"offered": "a b", "default": "c", "unoffered": "drop"}}), "scopes.default: 'c'"),
        (
            json!({"grant_types": {"offered": ["authorization_code"], "default": ["refresh_token"], "unoffered": "drop"}}),
            "grant_types.default: 'refresh_token'",
        ),
        (json!({"response_types": {"offered": [], "unoffered": "drop"}}), "response_types"),
        (
            json!({"response_types": {"offered": ["code"], "default": ["token"], "unoffered": "drop"}}),
            "response_types.default: 'token'",
        ),
        (json!({"response_types": {"offered": ["token"], "unoffered": "drop"}}), "grant_types lacks its grant"),
        (json!({"names": {"reserved": [""]}}), "names: reserved"),
        (json!({"doors": ["back"]}), "back"),
        (json!({"custom_members": ["client_id"]}), "client_id"),
        (json!({"custom_members": ["flags"]}), "custom_members: 'flags'"),
        (json!({"custom_members": [""]}), "custom_members: ''"),
        (
            json!({"token_endpoint_auth_methods": {"offered": ["none"]}}),
            "'client_secret_basic', which a client has that asks for none (RFC 7591): say another in \
             token_endpoint_auth_methods.default",
        ),
        (json!({"scopes": {"offered": "read", "default": "read write"}}), "scopes.default: 'write'"),
        (json!({"redirect_uris": {"hosts": ["http://x"]}}), "redirect_uris: hosts: 'http://x'"),
        (json!({"redirect_uris": {"hosts": ["*.x.example"]}}), "redirect_uris: hosts"),
        (json!({"redirect_uris": {"hosts": ["x.example:8443"]}}), "redirect_uris: hosts"),
        (json!({"redirect_uris": {"hosts": ["b\u{fc}cher.example"]}}), "redirect_uris: hosts"),
        (json!({"redirect_uris": {"hosts": []}}), "redirect_uris.hosts: must have a host"),
        (json!({"software_statements": {"required": true, "issuers": []}}), "required without an issuer"),
        (json!({"redirect_uris": {"known_hosts": ["App.example"]}}), "redirect_uris: known_hosts"),
        (
            json!({"software_statements": {"required": false, "issuers": [{"issuer": "https://s.example", "jwks_uri": "…"}]}}),
            "jwks_uri",
        ),
        (
            json!({"software_statements": {"issuers": [{"issuer": "https://s.example", "jwks_uri": "https://s.example/…"}]}}),
            "jwks_uri",
        ),
    ] {
        let mut policy = open.clone();
        json_patch::merge(&mut policy, &patch);
        let bearer = format!("Bearer {}", operator.token);
        let headers = [("content-type", "application/json"), ("authorization", bearer.as_str()), ("if-match", "*")];
        let put = operator.world.send("PUT", "/operator/1/policy", &headers, policy.to_string()).await;
        let tried = operator.send("POST", "policy/try", &json!({ "policy": policy })).await;
        for reply in [put, tried] {
            assert_eq!((reply.status, reply.text("error")), (400, "invalid_request"), "{patch}: {reply:?}");
            assert!(reply.text("error_description").contains(part), "{patch}: {reply:?}");
        }
    }
    assert_eq!(operator.get("policy").await.header("etag"), "\"1\"", "nothing is changed");
}

/// RFC 8414 §2: an authorization server without endpoints is of no use, and whoever opens its service is told.
#[tokio::test]
async fn who_opens_a_service_without_endpoints_is_told() {
    let operator = Operator::of(Preset::Protected.policy()).await;
    let tried = operator.send("POST", "policy/try", &json!({"preset": "open"})).await;
    let warnings = &tried.body["warnings"];
    assert!(warnings[0].as_str().unwrap().contains("without authorization_endpoint and token_endpoint"), "{tried:?}");
    let bearer = format!("Bearer {}", operator.token);
    let headers = [("content-type", "application/json"), ("authorization", bearer.as_str()), ("if-match", "*")];
    let put =
        async |policy: &Value| operator.world.send("PUT", "/operator/1/policy", &headers, policy.to_string()).await;
    let opened = put(&tried.body["policy"]).await;
    assert_eq!((opened.status, &opened.body["warnings"]), (200, warnings), "{opened:?}");
    let store = &operator.world.app.store;
    let service = store.service(1).await.unwrap().unwrap();
    let issuer = Some("https://as.example".to_owned());
    let configuration = ServiceConfiguration { issuer, ..service.configuration.clone() };
    configure_service(store, &service, &configuration, &Origin::default()).await.unwrap();
    for reply in [operator.send("POST", "policy/try", &json!({})).await, put(&tried.body["policy"]).await] {
        assert_eq!((reply.status, reply.body.get("warnings")), (200, None), "{reply:?}");
    }
}

/// What a registration is refused for before anybody is asked.
#[tokio::test]
async fn a_sector_that_may_not_be_asked_is_refused_in_a_trial() {
    let operator = Operator::of(Preset::Open.policy()).await;
    for (sector, is_asked) in [
        ("https://rp.example/sector", true),
        ("https://rp.example:443/sector", true),
        ("https://rp.example:8443/sector", false),
        ("https://10.0.0.1/sector", false),
        ("https://127.0.0.1/sector", false),
        ("http://rp.example/sector", false),
        ("https://u:p@rp.example/sector", false),
    ] {
        let client = json!({"redirect_uris": ["https://rp.example/cb"], "sector_identifier_uri": sector});
        for door in ["oauth", "authlete"] {
            let body = json!({"client": client, "door": door});
            let tried = operator.send("POST", "policy/try", &body).await.body;
            if is_asked {
                assert_eq!(tried["requires"][0]["rule"], "sector_identifier_uri", "{sector}: {tried}");
                continue;
            }
            let real = operator.world.register(1, None, &client).await;
            assert_eq!(real.status, 400, "{sector}: {real:?}");
            for member in ["error", "error_description"] {
                assert_eq!(tried["refused"][member], real.body[member], "{sector}: {tried}");
            }
        }
    }
    for refused in operator.world.refused(1, 1).await {
        assert!(refused.samples.iter().all(|sample| sample.reproduces), "{refused:?}");
    }
}

/// The registrant is not told which it is.
#[tokio::test]
async fn an_operator_is_told_which_reserved_name_it_is() {
    let reserved = ["Example Bank", "Globex"].map(str::to_owned).to_vec();
    let mut policy = Preset::Open.policy();
    policy.names.reserved = reserved.into();
    policy.names.look_alike = Conduct::Refuse;
    let operator = Operator::of(policy.clone()).await;
    for (name, shown) in [
        ("The GLOBEX login", "16 characters with a reserved name in it: Globex"),
        ("Gl0bex", "6 characters like a reserved name: Globex"),
    ] {
        let client = json!({"redirect_uris": ["https://rp.example/cb"], "client_name": name});
        let real = operator.world.register(1, None, &client).await;
        assert!(real.status == 400 && !real.text("error_description").contains("Globex"), "{real:?}");
        let refused = operator.world.refused(1, 1).await;
        let samples = || refused.iter().flat_map(|one| &one.samples);
        let sample = samples().find(|sample| sample.sent["client_name"] == shown).expect("it is kept");
        assert!(sample.reproduces, "{sample:?}");
        for body in [json!({"client": client}), json!({"sample": sample.sent})] {
            let tried = operator.send("POST", "policy/try", &body).await.body;
            assert_eq!(
                (&tried["refused"]["rule"], &tried["resembles"]),
                (&json!("names"), &json!("Globex")),
                "{tried}"
            );
        }
        // Without that name it passes, and with it in a policy that flags it is told as well.
        let mut other = policy.clone();
        other.names.reserved = vec!["Example Bank".to_owned()].into();
        let mut flagging = policy.clone();
        (flagging.names.same, flagging.names.look_alike) = (Conduct::Flag, Conduct::Flag);
        for (policy, resembles) in [(other, None), (flagging, Some(&json!("Globex")))] {
            let body = json!({"policy": policy, "sample": sample.sent});
            let tried = operator.send("POST", "policy/try", &body).await.body;
            assert!(tried.get("registered").is_some() && tried.get("resembles") == resembles, "{tried}");
        }
    }
}

/// Who tries `flag` sees whom it meets.
#[tokio::test]
async fn a_trial_says_what_the_client_is_flagged_for() {
    let flag = Conduct::Flag;
    let reserved = vec!["Example Bank".to_owned()].into();
    let mut policy = Preset::Open.policy();
    policy.names = Names { reserved, same: flag, look_alike: flag, hidden_characters: flag };
    (policy.redirect_uris.pages_share_host, policy.redirect_uris.private_hosts) = (flag, flag);
    policy.doors = DOORS.map(str::to_owned).to_vec();
    let operator = Operator::of(policy.clone()).await;
    let uris = json!(["https://rp.example/cb", "https://10.0.0.1/x"]);
    let own = json!(["https://rp.example/cb"]);
    for (client, flags) in [
        (json!({"redirect_uris": own, "client_name": "Shop"}), None),
        (json!({"redirect_uris": own, "client_name": "Example Bank"}), Some(json!(["reserved_name"]))),
        (
            json!({"redirect_uris": uris, "client_name": "Ex\u{430}mple Bank\u{200b}", "client_uri": "https://b.example/"}),
            Some(json!(["look_alike_name", "hidden_characters", "foreign_pages", "private_redirect"])),
        ),
    ] {
        let registered = operator.world.register(1, None, &client).await;
        let shown = operator.get(&format!("clients/{}", registered.text("client_id"))).await.body;
        assert_eq!(shown.get("flags"), flags.as_ref(), "{shown}");
        let mut sent = client.clone();
        sent["client_id"] = json!("https://rp.example/client.json");
        sent["tls_client_auth_subject_dn"] = json!("CN=tpp.example");
        sent["grant_types"] = json!(["authorization_code"]);
        for door in DOORS {
            let tried = operator.send("POST", "policy/try", &json!({"client": sent, "door": door})).await.body;
            assert!(tried.get("registered").is_some(), "{door}: {tried}");
            // Identity Center's forms have no pages.
            let is_there = |flag: &Value| door != "identity_center" || flag != "foreign_pages";
            let flags = flags.as_ref().and_then(Value::as_array);
            let flags = flags.map(|flags| flags.iter().filter(|flag| is_there(flag)).cloned().collect::<Value>());
            assert_eq!(tried.get("flags"), flags.as_ref(), "{door}: {tried}");
        }
        let refusing = json!({"preset": "protected", "client": {"redirect_uris": 5}});
        assert_eq!(operator.send("POST", "policy/try", &refusing).await.body.get("flags"), None);
    }
}
