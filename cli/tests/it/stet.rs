//! STET: a payment institution and its bank. Each step of a registration is broken alone.

#[path = "../../../functions/stet/src/certificate/tests/authority.rs"]
#[expect(dead_code, reason = "the certificate's own tests use the rest")]
pub(crate) mod authority;
pub(crate) mod institution;
mod keys;
mod settings;

use rcgen::{CrlDistributionPoint, SerialNumber, date_time_ymd};
use serde_json::{Value, json};
use shared::fetch::FetchSettings;
use shared::limits::RateLimit;
use shared::policy::{Policy, Preset};

use crate::changes::{rows, stored};
use crate::https::{Page, Site};
use crate::support::{BASE_URL, NOW, Reply, World, web_client};
use authority::Authority;
use institution::{ACME, Institution, OTHER, REGISTER, Signed, TOKEN};

/// The issuer of connections' certificates is trusted as well as the root, since it is not sent.
pub(crate) fn settings(authority: &Authority) -> Value {
    let anchors: String = authority.chain().iter().map(|der| Institution::pem(der)).collect();
    json!({ "trust_anchors": authority.root_pem() + &anchors })
}

/// An authority that nobody trusts.
pub(crate) fn stranger() -> Authority {
    Authority::with(authority::authority("Strange Root", None), authority::authority("Strangers", Some(0)))
}

async fn bank(authority: &Authority) -> World {
    World::for_stet(FetchSettings::default(), settings(authority)).await
}

/// A bank with one more setting.
async fn bank_with(authority: &Authority, member: &str, value: Value) -> World {
    let mut settings = settings(authority);
    settings[member] = value;
    World::for_stet(FetchSettings::default(), settings).await
}

fn assert_refused(reply: &Reply, status: u16, code: &str, part: &str) {
    assert_eq!((reply.status, reply.text("error")), (status, code), "{reply:?}");
    assert!(reply.text("error_description").contains(part), "{part}: {reply:?}");
    assert_eq!(reply.body["status"], status);
    for member in ["timestamp", "error_description", "message", "path"] {
        assert!(reply.text(member).len() <= 140, "{reply:?}");
    }
    let challenge = reply.header("www-authenticate");
    assert!(status != 401 || challenge.starts_with("Bearer") || challenge.starts_with("Signature "), "{reply:?}");
}

#[tokio::test]
async fn an_institution_registers_reads_updates_and_leaves() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let registered = acme.send(&acme.registration()).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    assert_eq!(registered.text("client_id"), ACME);
    assert_eq!(registered.text("scope"), "aisp,pisp");
    assert_eq!(registered.text("context"), "psd2");
    assert_eq!(registered.body["contact"]["email"], "api@tpp.example");
    assert_eq!(registered.text("registration_client_uri"), format!("https://127.0.0.1:8080{REGISTER}/{ACME}"));
    assert_eq!(registered.text("registration_access_token"), acme.token);
    assert_eq!(registered.header("x-request-id"), "request-1");
    assert!(registered.text("tls_client_auth_subject_dn").contains("2.5.4.97="));
    let key = &registered.body["jwks"]["keys"][0];
    assert_eq!((&key["kty"], &key["crv"], &key["kid"]), (&json!("EC"), &json!("P-256"), &json!("seal")));
    let read = acme.send(&acme.signed("GET", &acme.path())).await;
    assert_eq!((read.status, &read.body), (200, &registered.body));
    let mut metadata = acme.metadata();
    metadata["client_id"] = ACME.into();
    metadata["redirect_uris"] = json!(["https://tpp.example/new"]);
    metadata.as_object_mut().unwrap().remove("context");
    let updated = acme.send(&acme.signed("PUT", &acme.path()).with_body(&metadata)).await;
    assert_eq!(
        (updated.status, &updated.body["redirect_uris"]),
        (200, &json!(["https://tpp.example/new"])),
        "{updated:?}"
    );
    assert_eq!(updated.body.get("context"), None, "what an update omits is gone");
    let deleted = acme.send(&acme.signed("DELETE", &acme.path())).await;
    assert_eq!((deleted.status, deleted.body, deleted.headers.get("x-request-id").is_some()), (204, Value::Null, true));
    assert_refused(&acme.send(&acme.signed("GET", &acme.path())).await, 404, "not_found", "no such client");
    assert_eq!(acme.send(&acme.registration()).await.status, 201, "who has left may come again");
}

#[tokio::test]
async fn step_1_the_connections_certificate_is_checked() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let mut expired = authority::web();
    expired.not_after = date_time_ymd(2026, 8, 1);
    let mut no_client = authority::web();
    no_client.extended_key_usages = vec![rcgen::ExtendedKeyUsagePurpose::ServerAuth];
    let registration = acme.registration();
    for (certificate, part) in [
        (None, "a client certificate is required"),
        (Some("nonsense".to_owned()), "X.509"),
        (Some(Institution::pem(&stranger().issue(&authority::web()))), "not trusted"),
        (Some(Institution::pem(&authority.issue(&expired))), "expired"),
        (Some(Institution::pem(&authority.issue(&no_client))), "client authentication"),
        (Some(Institution::pem(&authority.issue(&authority::seal()))), ""),
    ] {
        let reply = acme.send_over(certificate.as_deref(), &registration).await;
        assert_refused(&reply, 401, "invalid_client", part);
        assert_eq!(reply.header("x-request-id"), "request-1", "echoed whatever is wrong");
        let asked = "Signature realm=\"stet\",headers=\"(request-target) x-request-id digest\"";
        assert_eq!(reply.header("www-authenticate"), asked);
    }
}

#[tokio::test]
async fn step_2_the_token_is_of_the_scope_and_of_the_certificate() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let other = Institution::new(&world, &authority, OTHER).await;
    assert_refused(&acme.send(&acme.registration().without("authorization")).await, 401, "invalid_token", "required");
    for token in ["Bearer mgr_unknown", "Bearer a.b.c", &format!("Bearer {}", other.token)] {
        let reply = acme.send(&acme.registration().with("authorization", token)).await;
        assert_refused(&reply, 401, "invalid_token", "");
        assert_eq!(reply.header("www-authenticate"), "Bearer error=\"invalid_token\"");
    }
    world.clock.advance(3600);
    assert_refused(&acme.send(&acme.registration()).await, 401, "invalid_token", "");
}

#[tokio::test]
async fn step_2_a_jwt_of_the_configured_issuer_is_an_access_token() {
    let authority = Authority::new();
    let issuer = institution::Issuer::new();
    let trusted = json!({"issuer": "https://as.example", "jwks": issuer.jwks()});
    let world = bank_with(&authority, "access_tokens", trusted).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let claims = json!({
        "iss": "https://as.example", "aud": format!("{BASE_URL}/1"), "exp": NOW + 60, "sub": "tpp",
        "scope": "aisp manageRegistration", "cnf": {"x5t#S256": acme.web_thumbprint()},
    });
    let asked = |typ: &str, member: &str, value: Value| {
        let mut claims = claims.clone();
        claims[member] = value;
        let token = issuer.sign(typ, &claims);
        acme.registration().with("authorization", &format!("Bearer {token}"))
    };
    for (typ, member, value) in [
        ("JWT", "sub", json!("tpp")),
        ("at+jwt", "iss", json!("https://other.example")),
        ("at+jwt", "aud", json!("https://other.example")),
        ("at+jwt", "aud", Value::Null),
        ("at+jwt", "exp", json!(NOW)),
        ("at+jwt", "exp", Value::Null),
        ("at+jwt", "nbf", json!(NOW + 600)),
        ("at+jwt", "cnf", Value::Null),
        ("at+jwt", "cnf", json!({"x5t#S256": "AAAA"})),
    ] {
        let reply = acme.send(&asked(typ, member, value.clone())).await;
        assert_refused(&reply, 401, "invalid_token", "");
    }
    let stranger = institution::Issuer::new().sign("at+jwt", &claims);
    let request = acme.registration().with("authorization", &format!("Bearer {stranger}"));
    assert_refused(&acme.send(&request).await, 401, "invalid_token", "");
    let reply = acme.send(&asked("at+jwt", "scope", json!("aisp"))).await;
    assert_refused(&reply, 403, "insufficient_scope", "manageRegistration");
    assert!(reply.header("www-authenticate").contains("insufficient_scope"));
    assert_eq!(acme.send(&asked("application/at+jwt", "sub", json!("tpp"))).await.status, 201);
}

#[tokio::test]
async fn step_3_the_request_has_an_identifier() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let longest = "x".repeat(70);
    let reply = acme.send(&acme.registration().without("x-request-id")).await;
    assert_refused(&reply, 400, "invalid_request", "X-Request-ID");
    assert_eq!(reply.headers.get("x-request-id"), None);
    for wrong in ["x".repeat(71), "a b".to_owned()] {
        let reply = acme.send(&acme.registration().with("x-request-id", &wrong)).await;
        assert_refused(&reply, 400, "invalid_request", "X-Request-ID");
        assert_eq!(reply.headers.get("x-request-id"), None, "what is malformed is not echoed");
    }
    assert_eq!(acme.send(&acme.identified(&longest, "POST", REGISTER).with_body(&acme.metadata())).await.status, 201);
}

#[tokio::test]
async fn step_4_the_digest_is_that_of_the_body() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let wrong = "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
    assert_refused(&acme.send(&acme.registration().without("digest")).await, 400, "invalid_request", "Digest");
    assert_refused(
        &acme.send(&acme.registration().with("digest", "MD5=AAAA")).await,
        400,
        "invalid_request",
        "SHA-256",
    );
    assert_refused(&acme.send(&acme.registration().with("digest", wrong)).await, 401, "invalid_client", "Digest");
    let mut tampered = acme.registration();
    tampered.body = tampered.body.replace("tpp.example/cb", "tpp.example/xx");
    assert_refused(&acme.send(&tampered).await, 401, "invalid_client", "Digest");
    let tampered = tampered.with_digest();
    assert_refused(&acme.send(&tampered).await, 401, "invalid_client", "signature is not valid");
}

#[tokio::test]
async fn step_5_the_signature_covers_what_it_must_and_is_new() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    assert_refused(&acme.send(&acme.registration().without("signature")).await, 400, "invalid_request", "missing");
    for (covered, extra, status, part) in [
        ("(request-target) x-request-id", String::new(), 400, "digest must be signed"),
        ("digest x-request-id", String::new(), 400, "(request-target) must be signed"),
        ("(request-target) digest", String::new(), 400, "x-request-id must be signed"),
        ("(request-target) digest x-request-id psu-date", String::new(), 400, "absent"),
        ("(request-target) digest x-request-id (created)", format!(",created={}", NOW - 1000), 401, "too old"),
        ("(request-target) digest x-request-id (created)", format!(",created={}", NOW + 1000), 401, "future"),
        ("(request-target) digest x-request-id", format!(",expires={}", NOW - 1000), 401, "expires"),
        ("(request-target) digest x-request-id", ",keyId=\"again\"".to_owned(), 400, "twice"),
    ] {
        let request = acme.unsigned("POST", REGISTER).with_body(&acme.metadata());
        let reply = acme.send(&acme.sign(request, covered, &extra, "seal")).await;
        let code = if status == 400 { "invalid_request" } else { "invalid_client" };
        assert_refused(&reply, status, code, part);
    }
    let dated = acme.unsigned("POST", REGISTER).with_body(&acme.metadata());
    let dated = acme.sign(dated, "(request-target) digest x-request-id (created)", &format!(",created={NOW}"), "seal");
    assert_eq!(acme.send(&dated).await.status, 201);
    assert_refused(&acme.send(&dated).await, 400, "invalid_request", "before");
    let undated = acme.signed("GET", &acme.path());
    assert_eq!(acme.send(&undated).await.status, 200);
    assert_refused(&acme.send(&undated).await, 400, "invalid_request", "before");
}

#[tokio::test]
async fn step_5_the_key_id_leads_to_a_key_of_the_client() {
    let authority = Authority::new();
    let url = "https://s3.example/seal.pem";
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let body = || acme.unsigned("POST", REGISTER).with_body(&acme.metadata());
    let covered = "(request-target) digest x-request-id";
    let reply = acme.send(&acme.sign(body(), covered, "", "another")).await;
    assert_refused(&reply, 400, "invalid_request", "keyId");
    assert_eq!(acme.send(&acme.sign(body(), covered, "", url)).await.status, 201, "the URL is not fetched");
    let bare = || acme.unsigned("GET", &acme.path());
    for (key_id, status) in [(url, 200), ("seal", 200), ("another", 401), ("https://s3.example/other.pem", 401)] {
        let reply = acme.send(&acme.sign(bare(), "(request-target) x-request-id", "", key_id)).await;
        assert_eq!(reply.status, status, "{key_id}: {reply:?}");
    }
}

#[tokio::test]
async fn step_5_a_certificate_is_fetched_from_listed_hosts_and_checked() {
    let authority = Authority::new();
    let site = Site::serve(&[]).await;
    let mut settings = settings(&authority);
    settings["key_hosts"] = json!(["localhost"]);
    let world = World::for_stet(site.reachable(), settings).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let other = Institution::new(&world, &authority, OTHER).await;
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
    let renewed = Institution::new(&world, &authority, ACME).await;
    for (path, certificate, status) in [
        ("/renewed.pem", renewed.seal_pem(), 200),
        ("/foreign.pem", other.seal_pem(), 401),
        ("/nonsense.pem", "nonsense".to_owned(), 401),
    ] {
        site.set(path, Page::Text(certificate));
        let request = renewed.unsigned("GET", &renewed.path());
        let key_id = format!("{}{path}", site.url);
        let reply = renewed.send(&renewed.sign(request, "(request-target) x-request-id", "", &key_id)).await;
        assert_eq!(reply.status, status, "{path}: {reply:?}");
    }
    assert_eq!(site.requests(), 3);
    site.set("/late.pem", Page::Silence);
    site.set("/failing.pem", Page::Head("HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n"));
    for (path, status) in [("/late.pem", 503), ("/failing.pem", 503), ("/none.pem", 401)] {
        let request = renewed.unsigned("GET", &renewed.path());
        let key_id = format!("{}{path}", site.url);
        let reply = renewed.send(&renewed.sign(request, "(request-target) x-request-id", "", &key_id)).await;
        let code = if status == 503 { "temporarily_unavailable" } else { "invalid_client" };
        assert_refused(&reply, status, code, "keyId");
        assert_eq!(reply.header("retry-after").is_empty(), status == 401);
    }
}

#[tokio::test]
async fn step_6_the_certificate_of_the_signature_is_a_trusted_seal() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let mut expired = authority::seal();
    expired.not_after = date_time_ymd(2026, 8, 1);
    let mut without_statements = authority::seal();
    without_statements.custom_extensions.clear();
    let pss = include_str!("../../../functions/stet/tests/data/pss_signed.pem");
    for (chain, part) in [
        (stranger().issue(&authority::seal()), "not trusted"),
        (authority.issue(&expired), "expired"),
        (authority.issue(&authority::web()), "not eseal"),
        (authority.issue(&without_statements), "QcCompliance"),
        (Institution::der(pss), "RSASSA-PSS"),
    ] {
        let mut metadata = acme.metadata();
        metadata["jwks"]["keys"][0]["x5c"] = json!([Institution::base64(&chain)]);
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_refused(&reply, 401, "invalid_client", part);
    }
    for (x5c, part) in [(json!([]), "empty"), (json!("MII"), "array"), (json!(["%"]), "base64")] {
        let mut metadata = acme.metadata();
        metadata["jwks"]["keys"][0]["x5c"] = x5c;
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_refused(&reply, 400, "invalid_client_metadata", part);
    }
}

#[tokio::test]
async fn step_6_revocation_lists_count_as_the_policy_says() {
    let authority = Authority::new();
    let site = Site::serve(&[("/tsp.crl", Page::Bytes(authority.list(&[9], true)))]).await;
    let world = World::for_stet(site.reachable(), settings(&authority)).await;
    let points = |path: &str| vec![CrlDistributionPoint { uris: vec![format!("{}{path}", site.url)] }];
    let issued = |serial: u64, path: &str| {
        let mut seal = authority::seal();
        seal.serial_number = Some(SerialNumber::from(serial));
        seal.crl_distribution_points = points(path);
        let mut web = authority::web();
        web.crl_distribution_points = Vec::new();
        (web, seal)
    };
    for (policy, serial, path, status) in [
        ("ignored", 9, "/tsp.crl", 201),
        ("if_known", 9, "/tsp.crl", 401),
        ("if_known", 8, "/tsp.crl", 201),
        ("if_known", 9, "/none.crl", 201),
        ("required", 9, "/tsp.crl", 401),
        ("required", 8, "/none.crl", 503),
    ] {
        let mut stet = settings(&authority);
        stet["revocation"] = policy.into();
        stet["repeated_registration"] = "replace".into();
        world.set_stet(stet).await;
        let (web, seal) = issued(serial, path);
        let acme = Institution::with(&world, &authority, ACME, &web, &seal).await;
        let reply = acme.send(&acme.registration()).await;
        assert_eq!(reply.status, status, "{policy} {serial} {path}: {reply:?}");
    }
}

#[tokio::test]
async fn step_7_organization_and_roles_are_those_of_the_certificates() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let other = Institution::new(&world, &authority, OTHER).await;
    let changed = |member: &str, value: Value| {
        let mut metadata = acme.metadata();
        metadata[member] = value;
        acme.signed("POST", REGISTER).with_body(&metadata)
    };
    assert_refused(
        &acme.send(&changed("provider_legal_id", OTHER.into())).await,
        403,
        "access_denied",
        "provider_legal_id",
    );
    let reply = acme.send(&changed("provider_legal_id", Value::Null)).await;
    assert_refused(&reply, 400, "invalid_client_metadata", "provider_legal_id");
    let reply = acme.send(&changed("jwks", other.metadata()["jwks"].clone())).await;
    assert_refused(&reply, 403, "access_denied", "organization");
    for scope in ["cbpii", "aisp,cbpii", "aisp pisp cbpii"] {
        assert_refused(&acme.send(&changed("scope", scope.into())).await, 403, "access_denied", "cbpii");
    }
    assert_refused(&acme.send(&changed("scope", "openid".into())).await, 400, "invalid_client_metadata", "openid");
    assert_eq!(acme.send(&changed("scope", "aisp".into())).await.status, 201);
    let foreign = other.send(&other.signed("GET", &acme.path())).await;
    assert_refused(&foreign, 403, "access_denied", "another organization");
    assert_refused(&other.send(&other.signed("GET", &other.path())).await, 404, "not_found", "");
}

#[tokio::test]
async fn step_8_the_metadata_is_checked_last() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    for (member, value, code, part) in [
        ("redirect_uris", json!(["https://tpp.example/#x"]), "invalid_redirect_uri", "redirect_uris[0]"),
        ("redirect_uris", json!(["http://127.0.0.1/cb"]), "invalid_redirect_uri", "redirect_uris[0]"),
        ("client_name", Value::Null, "invalid_client_metadata", "client_name"),
        ("scope", Value::Null, "invalid_client_metadata", "scope"),
        ("contact", Value::Null, "invalid_client_metadata", "contact"),
        ("contact", json!("me"), "invalid_client_metadata", "contact"),
        ("grant_types", json!(["password"]), "invalid_client_metadata", "grant_types"),
        ("tls_client_auth_subject_dn", json!("CN=somebody"), "invalid_client_metadata", "tls_client_auth_subject_dn"),
        ("client_legal_id", json!(5), "invalid_client_metadata", "client_legal_id"),
        ("logo", json!(["https://tpp.example/logo.png"]), "invalid_client_metadata", "logo"),
        ("scope", json!("x".repeat(300)), "invalid_client_metadata", "scope: '"),
    ] {
        let mut metadata = acme.metadata();
        metadata[member] = value;
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_refused(&reply, 400, code, part);
    }
}

#[tokio::test]
async fn the_answer_says_what_was_registered() {
    let authority = Authority::new();
    let mut settings = settings(&authority);
    settings["repeated_registration"] = "replace".into();
    let world = World::for_stet(FetchSettings::default(), settings).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let mut open = Preset::Open.policy();
    open.doors.push("stet".to_owned());
    for (policy, member, sent, answered) in [
        (Preset::Regulated.policy(), "client_legal_id", json!("RCS 123"), json!("RCS 123")),
        (Preset::Regulated.policy(), "logo", json!("https://tpp.example/l.png"), json!("https://tpp.example/l.png")),
        (Preset::Regulated.policy(), "software_statement", json!("e30.e30.AAAA"), Value::Null),
        (Preset::Regulated.policy(), "token_endpoint_auth_method", json!("none"), json!("tls_client_auth")),
        (Preset::Regulated.policy(), "token_endpoint_auth_method", json!("private_key_jwt"), json!("tls_client_auth")),
        (
            Preset::Regulated.policy(),
            "token_endpoint_auth_method",
            json!("self_signed_tls_client_auth"),
            json!("tls_client_auth"),
        ),
        (open.clone(), "token_endpoint_auth_method", Value::Null, json!("tls_client_auth")),
        (open.clone(), "token_endpoint_auth_method", json!("client_secret_basic"), json!("tls_client_auth")),
        (open, "token_endpoint_auth_methods_supported", json!(["none"]), Value::Null),
    ] {
        world.set_policy(1, policy).await;
        let mut metadata = acme.metadata();
        metadata[member] = sent.clone();
        let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
        assert_eq!((reply.status, &reply.body[member]), (201, &answered), "{member} {sent}: {reply:?}");
        assert_eq!(reply.text("token_endpoint_auth_method"), "tls_client_auth");
        assert!(reply.text("tls_client_auth_subject_dn").contains("2.5.4.97="));
        assert_eq!(reply.body.get("client_secret"), None);
        let read = acme.send(&acme.signed("GET", &acme.path())).await;
        assert_eq!(read.body[member], answered);
    }
}

#[tokio::test]
async fn rfc_7591_2_1_a_response_type_without_its_grant_is_dropped() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let asked = |grants: Value, responses: Value| {
        let mut metadata = acme.metadata();
        metadata["grant_types"] = grants;
        metadata["response_types"] = responses;
        metadata
    };
    let prescribed = asked(json!(["client_credentials"]), json!(["code"]));
    let reply = acme.send(&acme.signed("POST", REGISTER).with_body(&prescribed)).await;
    assert_eq!((reply.status, &reply.body["response_types"]), (201, &json!([])), "{reply:?}");
    assert_eq!(reply.body["grant_types"], json!(["client_credentials"]));
    let mut update = asked(json!(["authorization_code", "refresh_token"]), json!(["code"]));
    update["client_id"] = ACME.into();
    let reply = acme.send(&acme.signed("PUT", &acme.path()).with_body(&update)).await;
    assert_eq!((reply.status, &reply.body["response_types"]), (200, &json!(["code"])), "{reply:?}");
    update["response_types"] = json!(["magic"]);
    let reply = acme.send(&acme.signed("PUT", &acme.path()).with_body(&update)).await;
    assert_refused(&reply, 400, "invalid_client_metadata", "response_types");
}

#[tokio::test]
async fn step_9_a_repeated_registration_is_refused_or_replaces() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
    assert_refused(&acme.send(&acme.registration()).await, 400, "invalid_client_metadata", "already");
    let mut stet = settings(&authority);
    stet["repeated_registration"] = "replace".into();
    world.set_stet(stet).await;
    let mut metadata = acme.metadata();
    metadata["client_name"] = "Again".into();
    let replaced = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
    assert_eq!((replaced.status, replaced.text("client_name")), (201, "Again"));
    let read = acme.send(&acme.signed("GET", &acme.path())).await;
    assert_eq!(read.text("client_name"), "Again");
}

/// What users have let an institution have stays its own as long as its registration lives, and no longer.
#[tokio::test]
async fn step_9_a_registration_after_an_end_has_nothing_of_the_one_before_it() {
    let authority = Authority::new();
    let world = bank_with(&authority, "repeated_registration", "replace".into()).await;
    let policy = world.app.service(1).await.unwrap().policy().clone();
    world.set_policy(1, Policy { client_lifetime: Some(300), ..policy }).await;
    world.clock.advance(60);
    let acme = Institution::new(&world, &authority, ACME).await;
    let begun = async || {
        assert_eq!(acme.send(&acme.registration()).await.status, 201);
        let service = world.app.service(1).await.unwrap();
        let number = service.numeric_id(ACME);
        let client = world.app.store.client(service.id, number).await.unwrap().unwrap();
        assert_eq!(client.begun, client.tokens_from);
        client.begun.unwrap()
    };
    let first = begun().await;
    world.clock.advance(200);
    assert_eq!(begun().await, first, "one that is replaced");
    world.clock.advance(300);
    assert!(begun().await > first, "one that has ended");
}

#[tokio::test]
async fn statements_and_initial_access_tokens_are_asked_of_others() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let mut policy = Preset::Regulated.policy();
    policy.software_statements.required = true;
    world.set_policy(1, policy).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
    let others = world.register(1, None, &web_client()).await;
    assert_eq!((others.status, others.text("error")), (401, "invalid_token"));
}

#[tokio::test]
async fn method_and_accept_come_first_and_other_paths_are_400() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let reply = acme.send(&acme.signed("PATCH", &acme.path())).await;
    assert_refused(&reply, 405, "invalid_request", "method");
    assert_eq!(reply.header("allow"), "GET, PUT, DELETE");
    let reply = acme.send(&acme.registration().with("accept", "text/html")).await;
    assert_refused(&reply, 406, "invalid_request", "Accept");
    for path in [
        "/stet",
        "/stet/",
        "/stet//",
        "/stet/psd2/v1/accounts",
        "/stet/setting/v1/register/",
        "/stet/setting/v1/register/a/b",
    ] {
        for method in ["GET", "POST"] {
            let reply = acme.send(&acme.signed(method, path)).await;
            assert_refused(&reply, 400, "invalid_request", "no such entry point");
        }
    }
}

#[tokio::test]
async fn an_organization_asks_as_much_as_an_operators_token_and_then_waits() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let other = Institution::new(&world, &authority, OTHER).await;
    let request = acme.registration().without("authorization");
    let mut answered = 1; // the token
    let reply = loop {
        let reply = acme.send(&request).await;
        if reply.status != 401 {
            break reply;
        }
        answered += 1;
    };
    assert!((200..=220).contains(&answered), "the burst, and a share for the instance: {answered}");
    assert_refused(&reply, 429, "temporarily_unavailable", "too many requests");
    assert!((1..=2).contains(&reply.header("retry-after").parse().unwrap()), "{reply:?}");
    assert_eq!(other.send(&other.registration()).await.status, 201, "others do not wait");
    world.clock.advance(2);
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
}

#[tokio::test]
async fn a_token_is_issued_for_client_credentials_only() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    for (form, code) in [
        ("grant_type=password&scope=manageRegistration", "unsupported_grant_type"),
        ("scope=manageRegistration", "invalid_request"),
        ("grant_type=client_credentials&scope=aisp", "invalid_scope"),
        ("grant_type=client_credentials&grant_type=password&scope=manageRegistration", "invalid_request"),
    ] {
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let reply = world.send_as(Some(&acme.web), "POST", TOKEN, &headers, form.to_owned()).await;
        assert_refused(&reply, 400, code, "");
    }
}

#[tokio::test]
async fn a_stet_client_is_nobodys_by_rfc_7592_and_operators_only_read_and_lock_it() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    assert_eq!(acme.send(&acme.registration()).await.status, 201);
    let rat = format!("rat_{}", "A".repeat(43));
    for token in [&acme.token, &rat] {
        let reply = world.send_bare("GET", &format!("/1/register/{ACME}"), Some(token)).await;
        assert_eq!(reply.status, 401, "{reply:?}");
    }
    let service = world.app.store.service(1).await.unwrap().unwrap();
    let number = service.numeric_id(ACME);
    let mut client = world.app.store.client(1, number).await.unwrap().unwrap();
    client.locked = true;
    client.version += 1;
    world.app.store.replace_client(&client, &[], &shared::origin::Origin::default()).await.unwrap();
    for request in [acme.registration(), acme.signed("GET", &acme.path()), acme.signed("DELETE", &acme.path())] {
        assert_refused(&acme.send(&request).await, 403, "access_denied", "locked");
    }
}

impl Signed {
    /// With another digest, for the body as it is.
    fn with_digest(self) -> Self {
        let digest = institution::digest(self.body.as_bytes());
        self.with("digest", &digest)
    }
}

#[tokio::test]
async fn what_an_institution_sent_is_kept_beside_what_its_certificates_make_of_it() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let mut metadata = acme.metadata();
    metadata["software_statement"] = json!("x.y.z");
    metadata["token_endpoint_auth_method"] = json!("private_key_jwt");
    metadata["made_up"] = json!(1);
    let registered = acme.send(&acme.signed("POST", REGISTER).with_body(&metadata)).await;
    assert_eq!(registered.status, 201, "{registered:?}");
    let client = stored(&world, ACME).await;
    let changes: Vec<_> = rows(&client).into_iter().map(|(rule, member, ..)| (rule, member)).collect();
    let changes: Vec<_> = changes.iter().map(|(rule, member)| (rule.as_str(), member.as_str())).collect();
    assert_eq!(
        changes,
        [
            ("stet", "jwks"),
            ("stet", "software_statement"),
            ("stet", "token_endpoint_auth_method"),
            ("stet", "tls_client_auth_subject_dn"),
            ("custom_members", "made_up"),
            ("the specifications", "application_type"),
        ]
    );
    let sent = client.sent();
    assert_eq!((&sent["token_endpoint_auth_method"], &sent["made_up"]), (&json!("private_key_jwt"), &json!(1)));
    assert_eq!(sent["software_statement"], "a secret, not kept");
    assert!(sent["jwks"].as_str().unwrap().ends_with(" bytes, not kept"), "certificates are long");
    assert!(!registered.body.to_string().contains("made_up"));

    let mut metadata = acme.metadata();
    metadata["client_id"] = ACME.into();
    assert_eq!(acme.send(&acme.signed("PUT", &acme.path()).with_body(&metadata)).await.status, 200);
    let members: Vec<String> = rows(&stored(&world, ACME).await).into_iter().map(|(_, member, ..)| member).collect();
    assert_eq!(members, ["jwks", "tls_client_auth_subject_dn", "application_type"], "an update replaces what is kept");
}

#[tokio::test]
async fn a_registration_that_this_door_refuses_is_counted() {
    let authority = Authority::new();
    let world = bank(&authority).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    let unsigned = acme.send(&acme.registration().without("signature")).await;
    assert_refused(&unsigned, 400, "invalid_request", "Signature");
    let mut body = acme.metadata();
    body["client_name"] = json!(5);
    let wrong = acme.send(&acme.signed("POST", REGISTER).with_body(&body)).await;
    assert_refused(&wrong, 400, "invalid_client_metadata", "client_name");
    let found = crate::audit::kinds(&world).await;
    let found: Vec<_> = found.iter().map(|[error, rule, door, ..]| [error, rule, door].map(String::as_str)).collect();
    assert_eq!(found, [["invalid_client_metadata", "as sent", "stet"], ["invalid_request", "stet", "stet"]]);
}

#[tokio::test]
async fn who_has_no_good_certificate_is_counted_as_often_as_its_network_may_ask() {
    let authority = Authority::new();
    let world = World::limited(1, RateLimit::new(1, 5), RateLimit::new(10, 50)).await;
    world.service(1, Preset::Regulated.policy()).await;
    world.set_stet(settings(&authority)).await;
    let acme = Institution::new(&world, &authority, ACME).await;
    for _ in 0..5 {
        assert_eq!(acme.send_over(None, &acme.registration()).await.status, 401);
    }
    let mut refused = 0;
    while acme.send_over(None, &acme.registration()).await.status == 401 {
        refused += 1;
    }
    assert!(refused <= 1, "an instance passes a share more");
    let waits = acme.send_over(None, &acme.registration()).await;
    assert_refused(&waits, 429, "temporarily_unavailable", "too many requests");
    assert_ne!(waits.header("retry-after"), "");
    let counted = world.refused(1, 1).await;
    assert_eq!(counted.iter().map(|one| one.count).collect::<Vec<_>>(), [5 + refused]);
    assert_eq!(acme.send(&acme.registration()).await.status, 201, "an institution has its own");
}
