//! What a bank chooses.

use serde_json::json;
use shared::fetch::FetchSettings;

use super::authority::Authority;
use super::institution::{ACME, Institution, REGISTER};
use super::{assert_refused, bank, bank_with, settings};
use crate::support::World;

#[tokio::test]
async fn banks_differ_by_settings_only() {
    let authority = Authority::new();
    let world = bank_with(&authority, "scope_separator", "space".into()).await;
    let bnp = Institution::new(&world, &authority, ACME).await;
    assert_eq!(bnp.send(&bnp.registration()).await.text("scope"), "aisp pisp");

    let world = bank_with(&authority, "signed_base_path", "".into()).await;
    let cut = Institution::new(&world, &authority, ACME).await;
    let request = cut.unsigned("POST", REGISTER).with_body(&cut.metadata());
    let covered = "(request-target) digest x-request-id";
    assert_eq!(cut.send(&cut.sign_target(request, "/register", covered, "", "seal")).await.status, 201);

    let world = bank_with(&authority, "contact", "contacts".into()).await;
    let contacts = Institution::new(&world, &authority, ACME).await;
    assert_refused(&contacts.send(&contacts.registration()).await, 400, "invalid_client_metadata", "contacts");

    let world = bank_with(&authority, "switched_off", json!(["POST"])).await;
    let off = Institution::new(&world, &authority, ACME).await;
    assert_refused(&off.send(&off.registration()).await, 501, "invalid_request", "switched off");

    let world = bank_with(&authority, "unverified_signature", "bad_request".into()).await;
    let strict = Institution::new(&world, &authority, ACME).await;
    let stolen = strict.registration().with("x-request-id", "request-2");
    assert_refused(&strict.send(&stolen).await, 400, "invalid_request", "not valid");
}

#[tokio::test]
async fn an_access_token_is_asked_for_unless_the_service_knows_whom_by_the_certificates_alone() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let bare = acme.registration().without("authorization");
    assert_refused(&acme.send(&bare).await, 401, "invalid_token", "required");

    let world = bank_with(&authority, "access_token", "optional".into()).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    for token in ["Bearer mgr_unknown", "Bearer", "Basic YTpi"] {
        let reply = acme.send(&acme.registration().with("authorization", token)).await;
        assert_refused(&reply, 401, "invalid_token", "");
    }
    let unsigned = acme.registration().without("authorization").without("signature");
    assert_refused(&acme.send(&unsigned).await, 400, "invalid_request", "Signature");
    let registered = acme.send(&acme.registration().without("authorization")).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(registered.body.get("registration_access_token"), None, "none was presented");
    let read = acme.send(&acme.signed("GET", &acme.path()).without("authorization")).await;
    assert_eq!((read.status, &read.body), (200, &registered.body));
    let with_token = acme.send(&acme.signed("GET", &acme.path())).await;
    assert_eq!(with_token.text("registration_access_token"), acme.token);
}

#[tokio::test]
async fn a_body_that_is_not_signed_is_refused_unless_the_setting_names_the_risk() {
    let authority = Authority::new();
    let listed = json!({"always": ["(request-target)", "date"]});
    let world = bank_with(&authority, "required_headers", listed.clone()).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let request = |acme: &Institution<'_>, covered: &str| {
        let request = acme.unsigned("POST", REGISTER).with_body(&acme.metadata());
        acme.sign(request.with("date", "Mon, 21 Sep 2026 14:13:20 GMT"), covered, "", "seal")
    };
    let reply = acme.send(&request(&acme, "(request-target) date")).await;
    assert_refused(&reply, 400, "invalid_request", "digest must be signed");
    assert_eq!(acme.send(&request(&acme, "(request-target) date digest")).await.status, 201);

    let mut stet = settings(&authority);
    stet["required_headers"] = listed;
    stet["unsigned_body"] = "tampering_accepted".into();
    let world = World::for_stet(FetchSettings::default(), stet).await;
    let lcl = Institution::new(&world, &authority, ACME).await;
    assert_refused(&lcl.send(&lcl.registration()).await, 400, "invalid_request", "date must be signed");
    assert_eq!(lcl.send(&request(&lcl, "(request-target) date")).await.status, 201);
}

#[tokio::test]
async fn settings_that_nobody_can_meet_are_an_operators_mistake() {
    let authority = Authority::new();
    for (member, value) in [
        ("required_headers", json!({"always": ["X-Request-ID"]})),
        ("required_headers", json!({"with_body": ["a\"b"]})),
        ("required_headers", json!({"if_present": ["psu\r\nx: y"]})),
        ("unsigned_body", json!("accepted")),
        ("access_token", json!("never")),
    ] {
        let mut stet = settings(&authority);
        stet[member] = value.clone();
        let fault = stet::settings::Settings::read(&stet).err().unwrap_or_default();
        assert!(!fault.is_empty(), "{member} {value}");
    }
    assert!(stet::settings::Settings::read(&settings(&authority)).is_ok());
}
