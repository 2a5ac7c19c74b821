//! Authorization requests: each check with its error, its channel and its code, in the order in which they are made.

use serde_json::json;
use shared::caller::Permission;

use super::{CHALLENGE, Party, REDIRECT, assert_outcome};
use crate::authlete::{Owner, operator_token};

#[tokio::test]
async fn each_fault_of_a_request_has_its_error_its_channel_and_its_code() {
    let party = Party::with(&json!({"supportedAcrs": ["gold"]}), &json!({})).await;
    let code = format!("response_type=code&redirect_uri={REDIRECT}&state=s");
    let b = "BAD_REQUEST";
    let l = "LOCATION";
    let cases = [
        ("scope=a&scope=b".to_owned(), b, "A004380", "invalid_request"),
        ("request=x&request_uri=y".to_owned(), b, "A004383", "invalid_request"),
        ("request_uri=urn:ietf:params:oauth:request_uri:x".to_owned(), b, "A008303", "invalid_request_uri"),
        (format!("redirect_uri={REDIRECT}"), b, "A009301", "invalid_request"),
        ("response_type=code&redirect_uri=https://evil.example".to_owned(), b, "A011304", "invalid_request"),
        ("response_type=code&redirect_uri=https://rp.example/cb/".to_owned(), b, "A011304", "invalid_request"),
        ("response_type=code&scope=openid".to_owned(), b, "A004384", "invalid_request"),
        (format!("{code}&response_mode=odd"), l, "A004385", "invalid_request"),
        (format!("{code}&response_mode=query.jwt"), l, "A012305", "invalid_request"),
        (format!("response_type=token&redirect_uri={REDIRECT}"), l, "A004386", "unsupported_response_type"),
        (format!("response_type=odd&redirect_uri={REDIRECT}"), l, "A004386", "unsupported_response_type"),
        (format!("{code}&scope=%22"), l, "A004388", "invalid_scope"),
        (format!("{code}&code_challenge_method=S256"), l, "A124301", "invalid_request"),
        (format!("{code}&code_challenge={CHALLENGE}x&code_challenge_method=S256"), l, "A004390", "invalid_request"),
        (format!("{code}&scope={}", "a ".repeat(501)), b, "A004380", "invalid_request"),
        (format!("{code}&code_challenge=short&code_challenge_method=S256"), l, "A004390", "invalid_request"),
        (format!("{code}&code_challenge={CHALLENGE}&code_challenge_method=S512"), l, "A004390", "invalid_request"),
        (format!("{code}&prompt=odd"), l, "A004391", "invalid_request"),
        (format!("{code}&prompt=none login"), l, "A004391", "invalid_request"),
        (format!("{code}&max_age=-1"), l, "A004392", "invalid_request"),
        (format!("{code}&claims=[]"), l, "A004393", "invalid_request"),
        (format!("{code}&claims={{\"userinfo\":1}}"), l, "A004393", "invalid_request"),
        (format!("{code}&prompt=none&max_age=0"), l, "A004395", "login_required"),
        (format!("{code}&id_token_hint=x.y.z"), l, "A004394", "invalid_request"),
        (format!("{code}&request=x.y.z"), l, "A004398", "request_not_supported"),
        (format!("{code}&request_uri=https://rp.example/r"), l, "A004398", "request_uri_not_supported"),
        (format!("{code}&resource=https://api.example"), l, "A004398", "invalid_target"),
        (format!("{code}&authorization_details=[]"), l, "A004398", "invalid_authorization_details"),
        (format!("{code}&dpop_jkt={CHALLENGE}"), l, "A004396", "invalid_request"),
    ];
    for (parameters, action, code, error) in &cases {
        let reply = party.authorize(parameters).await;
        assert_outcome(&reply, action, code, error);
        let content = reply.text("responseContent");
        // What asks for a token is answered in the fragment.
        let at = if parameters.contains("response_type=token") { '#' } else { '?' };
        assert_eq!(content.starts_with(&format!("{REDIRECT}{at}error=")), *action == "LOCATION", "{content}");
        if *action == "LOCATION" && parameters.contains("state=s") {
            assert!(content.contains("&state=s&iss=https%3A%2F%2Fregistrar.example%2F1"), "{content}");
        }
    }
}

#[tokio::test]
async fn what_a_service_or_a_client_asks_of_requests_is_asked() {
    let code = format!("response_type=code&redirect_uri={REDIRECT}");
    let acr = format!("{code}&acr_values=gold");
    for (of_service, of_client, parameters, code, error) in [
        (json!({"parRequired": true}), json!({}), &code, "A294308", "invalid_request"),
        (json!({}), json!({"parRequired": true}), &code, "A294308", "invalid_request"),
        (json!({"requestObjectRequired": true}), json!({}), &code, "A004397", "invalid_request"),
        (json!({"scopeRequired": true}), json!({}), &code, "A004388", "invalid_scope"),
        (json!({"pkceRequired": true}), json!({}), &code, "A124301", "invalid_request"),
        (json!({}), json!({"pkceRequired": true}), &code, "A124301", "invalid_request"),
        (json!({}), json!({"responseTypes": ["NONE"]}), &code, "A004387", "unauthorized_client"),
        (json!({}), json!({"grantTypes": ["CLIENT_CREDENTIALS"]}), &code, "A004387", "unauthorized_client"),
        (json!({"supportedResponseTypes": ["NONE"]}), json!({}), &code, "A004386", "unsupported_response_type"),
        (json!({}), json!({}), &acr, "A021303", "invalid_request"),
        (json!({}), json!({"tlsClientCertificateBoundAccessTokens": true}), &code, "A004396", "invalid_request"),
        (json!({"fapiModes": ["FAPI2_SECURITY"]}), json!({}), &code, "A004398", "invalid_request"),
        (json!({}), json!({"fapiModes": ["FAPI2_SECURITY"]}), &code, "A004398", "invalid_request"),
    ] {
        let party = Party::with(&of_service, &of_client).await;
        assert_outcome(&party.authorize(parameters).await, "LOCATION", code, error);
    }
    let party = Party::with(&json!({"pkceS256Required": true}), &json!({})).await;
    let plain = format!("{code}&code_challenge={CHALLENGE}");
    assert_outcome(&party.authorize(&plain).await, "LOCATION", "A124308", "invalid_request");
}

#[tokio::test]
async fn a_request_without_parameters_or_without_a_client_is_told_so() {
    let party = Party::new().await;
    let ask = async |body| party.authlete.post("/auth/authorization", &body).await;
    assert_outcome(&ask(json!({})).await, "BAD_REQUEST", "A004201", "invalid_request");
    assert_outcome(&ask(json!({"parameters": null})).await, "BAD_REQUEST", "A004201", "invalid_request");
    assert_outcome(&ask(json!({"parameters": ""})).await, "BAD_REQUEST", "A004381", "invalid_request");
    let unknown = ask(json!({"parameters": "client_id=1&response_type=code"})).await;
    assert_outcome(&unknown, "BAD_REQUEST", "A004382", "invalid_client");
    let wrong = ask(json!({"parameters": 5})).await;
    assert_eq!((wrong.status, wrong.text("resultCode")), (400, "A001290"));
    party.post(&format!("/client/lock_flag/update/{}", party.client_id), &json!({"clientLocked": true})).await;
    let locked = party.authorize("response_type=code").await;
    assert_eq!((locked.status, locked.text("resultCode")), (403, "A001215"), "{locked:?}");
    let text = format!("[A001215] /auth/authorization, The client (ID = {}) is locked.", party.client_id);
    assert_eq!(locked.text("resultMessage"), text);
}

/// The request of the vendor's quick start: nothing in it is encoded.
#[tokio::test]
async fn a_request_as_the_quick_start_has_it_is_read() {
    let party =
        Party::with(&json!({"supportedAcrs": ["gold", "silver"], "supportedDisplays": ["PAGE", "POPUP"]}), &json!({}))
            .await;
    let claims = r#"{"id_token":{"acr":{"essential":true,"values":["silver","odd"]},"email":null,"sub":{"value":"john"}},"userinfo":{"name":null}}"#;
    let tail = format!(
        "scope=openid profile odd offline_access&prompt=login consent&max_age=60&display=popup&login_hint=j&ui_locales=fr de&claims={claims}"
    );
    let reply = party.authorize(&format!("response_type=code&redirect_uri={REDIRECT}&{tail}")).await;
    assert_outcome(&reply, "INTERACTION", "A004001", "");
    let body = &reply.body;
    assert_eq!(body["prompts"], json!(["LOGIN", "CONSENT"]));
    assert_eq!(
        (&body["lowestPrompt"], &body["display"], &body["maxAge"]),
        (&json!("LOGIN"), &json!("POPUP"), &json!(60))
    );
    assert_eq!((&body["acrs"], &body["acrEssential"]), (&json!(["silver"]), &json!(true)));
    assert_eq!((&body["subject"], &body["loginHint"]), (&json!("john"), &json!("j")));
    assert_eq!(body["uiLocales"], json!(["fr", "de"]));
    let names: Vec<&str> =
        body["scopes"].as_array().unwrap().iter().map(|scope| scope["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["openid", "profile", "offline_access"]);
    assert!(body["claims"].as_array().unwrap().contains(&json!("email")));
    assert!(body["claimsAtUserInfo"].as_array().unwrap().contains(&json!("name")));
    assert_eq!(body["userInfoClaims"], r#"{"name":null}"#);
    assert_eq!(body["client"]["clientSecret"], json!(null));
    assert_eq!(body["service"]["apiKey"], 1);
    let anew = party.authorize(&format!("response_type=code&redirect_uri={REDIRECT}&max_age=0")).await;
    assert_eq!((&anew.body["prompts"], &anew.body["maxAge"]), (&json!(["LOGIN"]), &json!(0)));
    let silent = party.authorize(&format!("response_type=code&redirect_uri={REDIRECT}&prompt=none")).await;
    assert_eq!(silent.text("action"), "NO_INTERACTION");
}

#[tokio::test]
async fn a_reason_to_fail_becomes_the_clients_error_once() {
    let party = Party::new().await;
    for (reason, code, error) in [
        ("UNKNOWN", "A041380", "server_error"),
        ("NOT_LOGGED_IN", "A041382", "login_required"),
        ("EXCEEDS_MAX_AGE", "A041385", "login_required"),
        ("ACR_NOT_SATISFIED", "A041387", "unmet_authentication_requirements"),
        ("DENIED", "A041388", "access_denied"),
        ("ACCOUNT_SELECTION_REQUIRED", "A041389", "account_selection_required"),
        ("CONSENT_REQUIRED", "A041390", "consent_required"),
        ("INTERACTION_REQUIRED", "A041391", "interaction_required"),
        ("INVALID_TARGET", "A041392", "invalid_target"),
        ("NOT_A_REASON", "A041380", "server_error"),
    ] {
        let ticket = party.ticket("openid").await;
        let fail = json!({"ticket": ticket, "reason": reason, "description": "said \"so\" \u{e9}"});
        let reply = party.post("/auth/authorization/fail", &fail).await;
        assert_outcome(&reply, "LOCATION", code, error);
        let content = reply.text("responseContent");
        assert!(content.contains("said+%27so%27+%3F"), "{content}");
        assert!(content.contains("&state=xyz&iss="), "{content}");
        let again = party.post("/auth/authorization/fail", &fail).await;
        assert_outcome(&again, "BAD_REQUEST", "A041202", "invalid_request");
        assert_outcome(&party.issue(&ticket, "john").await, "BAD_REQUEST", "A041202", "invalid_request");
    }
}

#[tokio::test]
async fn a_form_is_posted_where_the_client_wants_one() {
    let party = Party::new().await;
    let tail = "response_mode=form_post&state=%22%3E%3Cscript%3E";
    let begun = party.authorize(&format!("response_type=code&redirect_uri={REDIRECT}&{tail}")).await;
    let issued = party.issue(begun.text("ticket"), "john").await;
    assert_outcome(&issued, "FORM", "A040001", "");
    let page = issued.text("responseContent");
    assert!(page.contains(r#"name="state" value="&quot;&gt;&lt;script&gt;""#), "{page}");
    assert!(page.contains(&format!(r#"action="{REDIRECT}""#)), "{page}");
}

#[tokio::test]
async fn a_pushed_request_is_its_clients_and_is_used_once() {
    let party = Party::new().await;
    let other = party.authlete.create(&super::client()).await["clientId"].to_string();
    let push = async |parameters: String| {
        let body = json!({"parameters": parameters, "clientId": party.client_id, "clientSecret": party.secret});
        party.authlete.post("/pushed_auth_req", &body).await
    };
    let pushed = push(format!("response_type=code&redirect_uri={REDIRECT}&state=s&scope=openid")).await;
    assert_outcome(&pushed, "CREATED", "A245001", "");
    assert_eq!(pushed.text("clientAuthMethod"), "CLIENT_SECRET_BASIC");
    let uri = pushed.text("requestUri");
    assert_eq!(pushed.text("responseContent"), format!("{{\"expires_in\":600,\"request_uri\":\"{uri}\"}}"));
    let visit = async |client: String| {
        let body = json!({"parameters": format!("client_id={client}&request_uri={uri}&scope=odd")});
        party.authlete.post("/auth/authorization", &body).await
    };
    let others = visit(other).await;
    assert_outcome(&others, "BAD_REQUEST", "A008303", "invalid_request_uri");
    let (first, second) = (visit(party.client_id.clone()).await, visit(party.client_id.clone()).await);
    assert_eq!(first.body["scopes"][0]["name"], "openid");
    assert_outcome(&party.issue(first.text("ticket"), "john").await, "LOCATION", "A040001", "");
    let late = party.issue(second.text("ticket"), "john").await;
    assert_outcome(&late, "BAD_REQUEST", "A041202", "invalid_request");
    let third = visit(party.client_id.clone()).await;
    assert_eq!(third.text("responseContent"), others.text("responseContent"));
    let slow = push(format!("response_type=code&redirect_uri={REDIRECT}&scope=openid")).await;
    let slow = format!("client_id={}&request_uri={}", party.client_id, slow.text("requestUri"));
    let slow = async || party.authlete.post("/auth/authorization", &json!({"parameters": slow})).await;
    let (begun, again) = (slow().await, slow().await);
    party.authlete.world.clock.advance(700);
    party.authlete.world.sweep().await;
    assert_outcome(&slow().await, "BAD_REQUEST", "A008303", "invalid_request_uri");
    assert_outcome(&party.issue(begun.text("ticket"), "john").await, "LOCATION", "A040001", "");
    let again = party.issue(again.text("ticket"), "john").await;
    assert_outcome(&again, "BAD_REQUEST", "A041202", "invalid_request");
    // What a user has denied is used up as well.
    let denied = push(format!("response_type=code&redirect_uri={REDIRECT}&scope=openid")).await;
    let denied = format!("client_id={}&request_uri={}", party.client_id, denied.text("requestUri"));
    let denied = async || party.authlete.post("/auth/authorization", &json!({"parameters": denied})).await;
    let (first, second) = (denied().await, denied().await);
    let fail = json!({"ticket": first.text("ticket"), "reason": "DENIED"});
    assert_outcome(&party.post("/auth/authorization/fail", &fail).await, "LOCATION", "A041388", "access_denied");
    let late = party.issue(second.text("ticket"), "john").await;
    assert_outcome(&late, "BAD_REQUEST", "A041202", "invalid_request");
    for (parameters, code, error) in [
        (format!("request_uri={uri}"), "A245380", "invalid_request"),
        ("client_id=77".to_owned(), "A157384", "invalid_request"),
        ("response_type=code&redirect_uri=https://evil.example".to_owned(), "A011304", "invalid_request"),
        ("response_type=code&scope=a&scope=b".to_owned(), "A004380", "invalid_request"),
    ] {
        assert_outcome(&push(parameters).await, "BAD_REQUEST", code, error);
    }
    let large = push(format!("state={}", "x".repeat(33 * 1024))).await;
    assert_outcome(&large, "PAYLOAD_TOO_LARGE", "A245381", "invalid_request");
    let wrong = json!({"parameters": "response_type=code", "clientId": party.client_id, "clientSecret": "wrong"});
    let wrong = party.post("/pushed_auth_req", &wrong).await;
    assert_outcome(&wrong, "UNAUTHORIZED", "A157380", "invalid_client");
}

#[tokio::test]
async fn a_tickets_context_is_kept_until_it_ends() {
    let party = Party::new().await;
    let ticket = party.ticket("openid").await;
    let info =
        async |ticket: String| party.authlete.post("/auth/authorization/ticket/info", &json!({"ticket": ticket})).await;
    assert_eq!(info(ticket.clone()).await.body["info"], json!({}));
    for (sent, kept) in [(json!("one"), "one"), (json!({"context": "two"}), "two")] {
        let update = json!({"ticket": ticket, "info": sent});
        let updated = party.post("/auth/authorization/ticket/update", &update).await;
        assert_outcome(&updated, "OK", "A041081", "");
        assert_eq!(updated.body.get("info"), None);
        assert_eq!(info(ticket.clone()).await.body["info"], json!({"context": kept}));
    }
    let issued = party.issue(&ticket, "john").await;
    assert_eq!(issued.body["ticketInfo"], json!({"context": "two"}));
    assert_outcome(&info(ticket.clone()).await, "NOT_FOUND", "A041202", "");
    assert_outcome(&info(String::new()).await, "CALLER_ERROR", "A041281", "");
    let update = party.post("/auth/authorization/ticket/update", &json!({"ticket": ticket, "info": "x"})).await;
    assert_outcome(&update, "NOT_FOUND", "A041202", "");
    let large = json!({"ticket": party.ticket("openid").await, "info": "\u{1}".repeat(64 * 1024)});
    let large = party.post("/auth/authorization/ticket/update", &large).await;
    assert_eq!(large.status, 400, "{large:?}");
    let late = party.ticket("openid").await;
    party.authlete.world.clock.advance(24 * 3600 + 1);
    assert_outcome(&info(late).await, "NOT_FOUND", "A041202", "");
}

#[tokio::test]
async fn faults_of_the_authorization_server_leave_the_ticket() {
    let party = Party::new().await;
    let ticket = party.ticket("openid").await;
    for (members, code) in [
        (json!({}), "A040281"),
        (json!({"subject": "\u{e9}"}), "A040281"),
        (json!({"subject": "x".repeat(101)}), "A040281"),
        (json!({"subject": "john", "claims": "[]"}), "A040282"),
        (json!({"subject": "john", "jwtAtClaims": "x"}), "A040282"),
    ] {
        let issue = super::with(json!({"ticket": ticket}), &members);
        let reply = party.post("/auth/authorization/issue", &issue).await;
        assert_outcome(&reply, "INTERNAL_SERVER_ERROR", code, "server_error");
    }
    let none = party.post("/auth/authorization/issue", &json!({"subject": "john"})).await;
    assert_outcome(&none, "INTERNAL_SERVER_ERROR", "A040280", "server_error");
    assert_outcome(&party.issue(&ticket, "john").await, "LOCATION", "A040001", "");
}

#[tokio::test]
async fn nothing_but_the_state_is_answered_where_nothing_else_is_wanted() {
    let party = Party::new().await;
    let begun = party.authorize(&format!("response_type=none&redirect_uri={REDIRECT}&state=s&scope=a")).await;
    let issued = party.issue(begun.text("ticket"), "john").await;
    let location = format!("{REDIRECT}?state=s&iss=https%3A%2F%2Fregistrar.example%2F1");
    assert_eq!(issued.text("responseContent"), location);
    let path = format!("/client/granted_scopes/get/{}?subject=john", party.client_id);
    assert_eq!(party.authlete.get(&path).await.body["latestGrantedScopes"], json!(["a"]));
}

/// Operations that need `use_service`: their methods and paths.
const OPERATIONS: [(&str, &str); 24] = [
    ("POST", "/auth/authorization"),
    ("POST", "/auth/authorization/fail"),
    ("POST", "/auth/authorization/issue"),
    ("POST", "/auth/authorization/ticket/info"),
    ("POST", "/auth/authorization/ticket/update"),
    ("POST", "/pushed_auth_req"),
    ("POST", "/auth/token"),
    ("POST", "/auth/token/issue"),
    ("POST", "/auth/token/fail"),
    ("POST", "/auth/introspection"),
    ("POST", "/auth/introspection/standard"),
    ("POST", "/auth/revocation"),
    ("POST", "/auth/userinfo"),
    ("POST", "/auth/userinfo/issue"),
    ("POST", "/auth/token/create"),
    ("POST", "/auth/token/update"),
    ("POST", "/auth/token/revoke"),
    ("DELETE", "/auth/token/delete/x"),
    ("GET", "/auth/token/get/list"),
    ("GET", "/client/authorization/get/list"),
    ("POST", "/client/authorization/update/1"),
    ("DELETE", "/client/authorization/delete/1"),
    ("GET", "/client/granted_scopes/get/1"),
    ("DELETE", "/client/granted_scopes/delete/1"),
];

#[tokio::test]
async fn no_operation_is_for_a_token_of_another_service_or_without_permission() {
    let party = Party::new().await;
    let world = &party.authlete.world;
    let reads = [Permission::ServiceRead, Permission::ClientRead, Permission::ClientWrite];
    let foreign = operator_token(world, Owner::Service(2), &Permission::ALL).await;
    let reading = operator_token(world, Owner::Service(1), &reads).await;
    for (method, path) in OPERATIONS {
        let path = format!("/api/1{path}");
        for (token, status, code) in
            [(None, 401, "A001202"), (Some(&foreign), 403, "A001293"), (Some(&reading), 403, "A001293")]
        {
            let token = token.map(String::as_str);
            let reply = match method {
                "POST" => world.send_json(method, &path, token, &json!({"x": 1})).await,
                _ => world.send_bare(method, &path, token).await,
            };
            assert_eq!((reply.status, reply.text("resultCode")), (status, code), "{method} {path}: {reply:?}");
        }
    }
}
