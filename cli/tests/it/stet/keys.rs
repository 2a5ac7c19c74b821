//! The keys of an institution's client: what they may say, and how they are renewed.

use rcgen::date_time_ymd;
use serde_json::{Value, json};
use shared::fetch::FetchSettings;
use shared::time::DAY;

use super::authority::{self, Authority};
use super::institution::{ACME, Institution, OTHER, REGISTER, Signed};
use super::{assert_refused, bank, bank_with, settings, stranger};
use crate::support::{Reply, World};

const COVERED: &str = "(request-target) digest x-request-id";
const OLD: &str = "https://s3.example/old.pem";
const NEW: &str = "https://s3.example/new.pem";

/// An institution whose seal ends in ten days, registered under a URL.
async fn ending<'w>(world: &'w World, authority: &Authority) -> Institution<'w> {
    let mut seal = authority::seal();
    seal.not_after = date_time_ymd(2026, 10, 1);
    let acme = Institution::with(world, authority, ACME, &authority::web(), &seal).await;
    let request = acme.unsigned("POST", REGISTER).with_body(&acme.metadata());
    let reply = acme.send(&acme.sign(request, COVERED, "", OLD)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    acme
}

/// An update to those keys, signed with the institution's seal.
fn update(by: &Institution<'_>, keys: &[Value], key_id: &str) -> Signed {
    let mut metadata = by.metadata_with_keys(keys);
    metadata["client_id"] = ACME.into();
    by.sign(by.unsigned("PUT", &by.path()).with_body(&metadata), COVERED, "", key_id)
}

async fn read(by: &Institution<'_>, request_id: &str, key_id: &str) -> Reply {
    let request = by.unsigned("GET", &by.path()).with("x-request-id", request_id);
    by.send(&by.sign(request, "(request-target) x-request-id", "", key_id)).await
}

#[tokio::test]
async fn a_new_seal_is_registered_by_an_update_that_it_has_signed() {
    let authority = Authority::new();
    for (key_id, kid) in [(NEW, "new"), ("new", "new"), (OLD, "new"), ("seal", "seal")] {
        let world = bank(&authority).await;
        let mut old = ending(&world, &authority).await;
        world.clock.advance(20 * DAY);
        let renewed = Institution::new(&world, &authority, ACME).await;
        old.connects_as(&renewed);
        assert_refused(&read(&old, "old-1", OLD).await, 401, "invalid_client", "expired");
        let kept = old.jwk("seal");
        let reply = old.send(&update(&old, &[kept], OLD)).await;
        assert_refused(&reply, 401, "invalid_client", "expired");

        let reply = renewed.send(&update(&renewed, &[renewed.jwk(kid)], key_id)).await;
        assert_eq!((reply.status, &reply.body["jwks"]["keys"][0]["kid"]), (200, &json!(kid)), "{key_id}: {reply:?}");
        assert_eq!(reply.text("client_id"), ACME);
        for (id, key_id) in [("new-1", key_id), ("new-2", kid)] {
            let reply = read(&renewed, id, key_id).await;
            assert_eq!(reply.status, 200, "{key_id}: {reply:?}");
        }
        assert_eq!(read(&old, "old-2", OLD).await.status, 401, "the old seal is nobody's");
    }
}

#[tokio::test]
async fn a_seal_that_is_good_still_registers_its_successor() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let old = ending(&world, &authority).await;
    let renewed = Institution::new(&world, &authority, ACME).await;
    let reply = old.send(&update(&old, &[renewed.jwk("new"), old.jwk("seal")], OLD)).await;
    assert_eq!(reply.status, 200, "{reply:?}");
    assert_eq!(read(&old, "old-1", "seal").await.status, 200);
    assert_eq!(read(&renewed, "new-1", "new").await.status, 200);
}

#[tokio::test]
async fn an_update_is_not_renewed_by_a_seal_that_is_not_its_first_key_or_not_the_institutions() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let mut old = ending(&world, &authority).await;
    let other = Institution::new(&world, &authority, OTHER).await;
    let renewed = Institution::new(&world, &authority, ACME).await;
    let strange = Institution::with_seal_of(&world, &authority, &stranger(), ACME).await;
    old.connects_as(&renewed);
    for (by, keys, key_id, status, part) in [
        (&renewed, vec![old.jwk("seal"), renewed.jwk("new")], "new", 401, "keyId"),
        (&renewed, vec![old.jwk("seal"), renewed.jwk("new")], NEW, 401, "not valid"),
        (&renewed, vec![renewed.jwk("new")], "another", 401, "keyId"),
        (&old, vec![renewed.jwk("new")], NEW, 401, "not valid"),
        (&strange, vec![strange.jwk("new")], "new", 401, "not trusted"),
        (&renewed, vec![other.jwk("new")], "new", 403, "organization"),
    ] {
        let reply = by.send(&update(by, &keys, key_id)).await;
        let code = if status == 401 { "invalid_client" } else { "access_denied" };
        assert_refused(&reply, status, code, part);
    }
    let mut narrow = authority::seal();
    let roles = authority::psd2(&[(3, "PSP_AI")]);
    narrow.custom_extensions = vec![authority::qc_statements(&[authority::compliance(), authority::qc_type(2), roles])];
    let narrow = Institution::with(&world, &authority, ACME, &authority::web(), &narrow).await;
    let reply = narrow.send(&update(&narrow, &[narrow.jwk("new")], "new")).await;
    assert_refused(&reply, 403, "access_denied", "pisp");
}

#[tokio::test]
async fn an_institution_whose_seals_have_all_ended_registers_again() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let old = ending(&world, &authority).await;
    let again = |by: &Institution<'_>| by.signed("POST", REGISTER).with_body(&by.metadata_with_keys(&[by.jwk("seal")]));
    let renewed = Institution::new(&world, &authority, ACME).await;
    let reply = renewed.send(&again(&renewed)).await;
    assert_refused(&reply, 400, "invalid_client_metadata", "already");
    world.clock.advance(20 * DAY);
    let renewed = Institution::new(&world, &authority, ACME).await;
    let reply = renewed.send(&again(&renewed)).await;
    assert_eq!((reply.status, reply.text("client_id")), (201, ACME), "{reply:?}");
    let reply = renewed.send(&again(&renewed)).await;
    assert_refused(&reply, 400, "invalid_client_metadata", "already");
    drop(old);
}

#[tokio::test]
async fn every_key_passes_the_checks_of_the_first() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let other = Institution::new(&world, &authority, OTHER).await;
    let second = Institution::new(&world, &authority, ACME).await;
    let strange = Institution::with_seal_of(&world, &authority, &stranger(), ACME).await;
    let mut web = second.jwk("web");
    web["x5c"] = json!([Institution::base64(&Institution::der(&second.web))]);
    let mut bare = second.jwk("bare");
    bare.as_object_mut().unwrap().remove("x5c");
    for (key, status, code, part) in [
        (strange.jwk("strange"), 401, "invalid_client", "not trusted"),
        (web, 401, "invalid_client", "not eseal"),
        (other.jwk("other"), 403, "access_denied", "organization"),
        (bare, 400, "invalid_client_metadata", "jwks: key 1: x5c"),
        (json!("key"), 400, "invalid_client_metadata", "jwks: key 1"),
    ] {
        let metadata = acme.metadata_with_keys(&[acme.jwk("seal"), key]);
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_refused(&reply, status, code, part);
    }
    let metadata = acme.metadata_with_keys(&[acme.jwk("seal"), second.jwk("second")]);
    let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(read(&second, "second-1", "second").await.status, 200);
}

#[tokio::test]
async fn rfc_7517_4_a_key_says_what_its_certificate_says() {
    let authority = Authority::new();
    let world = bank_with(&authority, "repeated_registration", "replace".into()).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let digest = |algorithm| {
        let digest = aws_lc_rs::digest::digest(algorithm, &acme.seal_der());
        Value::from(Institution::base64url(digest.as_ref()))
    };
    let (sha1, sha256) = (digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY), digest(&aws_lc_rs::digest::SHA256));
    let x5c = acme.jwk("seal")["x5c"].clone();
    let with = |element: Value| {
        let mut chain = x5c.clone();
        chain.as_array_mut().unwrap().push(element);
        chain
    };
    for (member, value, part) in [
        ("x5c", with(json!("anVuaw==")), "no X.509 certificate"),
        ("x5c", with(json!(5)), "base64"),
        ("x5c", json!(["anVuaw==", x5c[0]]), "no X.509 certificate"),
        ("x5c", json!([]), "empty"),
        ("use", json!("enc"), "use"),
        ("use", json!("tls"), "use"),
        ("use", json!(123), "use"),
        ("key_ops", json!(["encrypt"]), "key_ops"),
        ("key_ops", json!([]), "key_ops"),
        ("key_ops", json!("verify"), "key_ops"),
        ("alg", json!("none"), "alg"),
        ("alg", json!("ES256-R"), "alg"),
        ("alg", json!("HS256"), "alg"),
        ("alg", json!("RS256"), "alg"),
        ("alg", json!("ES384"), "alg"),
        ("alg", json!(256), "alg"),
        ("x5t", sha256.clone(), "x5t"),
        ("x5t", json!(5), "x5t"),
        ("x5t#S256", sha1.clone(), "x5t#S256"),
        ("x5t#S256", json!(["x"]), "x5t#S256"),
        ("kty", json!("RSA"), "not the key"),
        ("kty", json!(7), "not the key"),
        ("crv", json!("P-384"), "not the key"),
        ("x", json!("AAAA"), "not the key"),
        ("y", json!({}), "not the key"),
    ] {
        let mut key = acme.jwk("seal");
        key[member] = value.clone();
        let metadata = acme.metadata_with_keys(&[key]);
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_refused(&reply, 400, "invalid_client_metadata", "jwks: key 0: ");
        assert!(reply.text("error_description").contains(part), "{member} {value}: {reply:?}");
    }
    for (member, value) in [
        ("use", json!("sig")),
        ("use", Value::Null),
        ("key_ops", json!(["verify"])),
        ("alg", json!("ES256")),
        ("x5t", sha1),
        ("x5t#S256", sha256),
        ("kty", json!("EC")),
    ] {
        let mut key = acme.jwk("seal");
        key[member] = value;
        let metadata = acme.metadata_with_keys(&[key]);
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_eq!(reply.status, 201, "{member}: {reply:?}");
    }
}

#[tokio::test]
async fn ts_119_495_further_roles_give_no_scope_and_void_no_other() {
    let authority = Authority::new();
    let statements = |kind, roles| {
        let roles = authority::psd2(roles);
        vec![authority::qc_statements(&[authority::compliance(), authority::qc_type(kind), roles])]
    };
    for roles in [
        &[(3, "PSP_AI"), (5, "PSP_CB")][..],
        &[(6, "PSP_PA"), (3, "PSP_AI")],
        &[(3, "PSP_AI"), (51, "VOP_RS"), (52, "VOP_VS")],
        &[(99, "NEW"), (3, "PSP_AI")],
    ] {
        let world = bank(&authority).await;
        let (mut web, mut seal) = (authority::web(), authority::seal());
        web.custom_extensions = statements(3, roles);
        seal.custom_extensions = statements(2, roles);
        let acme = Institution::with(&world, &authority, ACME, &web, &seal).await;
        let mut metadata = acme.metadata();
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_refused(&reply, 403, "access_denied", "pisp");
        metadata["scope"] = "aisp".into();
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_eq!(reply.status, 201, "{roles:?}: {reply:?}");
    }
}

#[tokio::test]
async fn ts_119_495_5_2_1_identifiers_have_any_characters() {
    let authority = Authority::new();
    let world = World::for_stet(FetchSettings::default(), settings(&authority)).await;
    for (organization, client_id, paths) in [
        ("PSDMT-MFSA-A 12345", "PSDMT-MFSA-A 12345", &["PSDMT-MFSA-A%2012345"][..]),
        ("PSDEE-FI-4.1-1/45", "PSDEE-FI-4.1-1~2F45", &["PSDEE-FI-4.1-1~2F45"]),
        ("PSDXX-NCA-a?b#c%2F", "PSDXX-NCA-a~3Fb~23c~252F", &["PSDXX-NCA-a~3Fb~23c~252F"]),
        ("PSDXX-NCA-é", "PSDXX-NCA-~C3~A9", &["PSDXX-NCA-~C3~A9"]),
        ("PSDXX-NCA-a+b", "PSDXX-NCA-a+b", &["PSDXX-NCA-a+b", "PSDXX-NCA-a%2Bb"]),
    ] {
        let acme = Institution::new(&world, &authority, organization).await;
        let registered = acme.send(&acme.registration()).await;
        assert_eq!((registered.status, registered.text("client_id")), (201, client_id), "{registered:?}");
        assert_eq!(registered.text("provider_legal_id"), organization);
        let uri = registered.text("registration_client_uri");
        assert_eq!(uri, format!("https://127.0.0.1:8080{REGISTER}/{}", paths[0]));
        for path in paths {
            let path = format!("{REGISTER}/{path}");
            let decoded = format!("{REGISTER}/{client_id}");
            for signed in [&path, &decoded] {
                let request = acme.unsigned("GET", &path);
                let request = acme.sign_target(request, signed, "(request-target) x-request-id", "", "seal");
                let reply = acme.send(&request).await;
                assert_eq!((reply.status, &reply.body), (200, &registered.body), "{path} as {signed}");
                assert_refused(&acme.send(&request).await, 400, "invalid_request", "before");
            }
        }
        let cut = acme.signed("GET", &format!("{REGISTER}/{}", &paths[0][..paths[0].len() - 1]));
        assert_refused(&acme.send(&cut).await, 403, "access_denied", "another organization");
    }
}

#[tokio::test]
async fn s2_3_repeated_headers_and_old_dates_are_signed_as_they_are_sent() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
    let request = acme.unsigned("GET", &acme.path()).and("x-note", "one").and("x-note", "two, three");
    let request = acme.sign(request, "(request-target) x-request-id x-note", "", "seal");
    assert_eq!(acme.send(&request).await.status, 200);
    assert_refused(&acme.send(&request).await, 400, "invalid_request", "before");
    for (date, status) in [
        ("Mon, 21 Sep 2026 14:13:20 GMT", 200),
        ("Monday, 21-Sep-26 14:13:20 GMT", 200),
        ("Mon Sep 21 14:13:20 2026", 200),
        ("Mon Sep 21 14:03:20 2026", 401),
        ("21 Sep 2026 14:13:20 GMT", 400),
    ] {
        let request = acme.unsigned("GET", &acme.path()).with("date", date);
        let request = acme.sign(request, "(request-target) x-request-id date", "", "seal");
        assert_eq!(acme.send(&request).await.status, status, "{date}");
    }
}
