//! Software statements (RFC 7591 §2.3, §3.1.1).

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};
use serde_json::{Value, json};
use shared::policy::{Policy, Preset};
use shared::trusted_issuer::{IssuerKeys, TrustedIssuer};

use crate::https::{Page, Site};
use crate::support::{BASE_URL, NOW, Reply, World, as_update};

pub(crate) const ISSUER: &str = "https://directory.example";

/// Somebody who issues statements.
pub(crate) struct Issuer(KeyPair);

impl Issuer {
    pub(crate) fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn jwks(&self) -> Value {
        let point = self.0.der_bytes();
        let (x, y) = point[1..].split_at(32);
        json!({"keys": [{"kty": "EC", "crv": "P-256", "kid": "1", "use": "sig",
                         "x": BASE64URL.encode(x), "y": BASE64URL.encode(y)}]})
    }

    pub(crate) fn sign(&self, claims: &Value) -> String {
        self.sign_as(Some("JWT"), claims)
    }

    /// A JWT that says it is of that kind.
    fn sign_as(&self, typ: Option<&str>, claims: &Value) -> String {
        let mut header = Header::new(Algorithm::ES256);
        header.typ = typ.map(str::to_owned);
        header.kid = Some("1".to_owned());
        jsonwebtoken::encode(&header, claims, &EncodingKey::from_ec_der(&self.0.serialize_der())).unwrap()
    }

    /// A policy that needs this issuer's statements.
    pub(crate) fn required(&self) -> Policy {
        let mut policy = Preset::Open.policy();
        policy.software_statements.required = true;
        let jwks = serde_json::from_value(self.jwks()).unwrap();
        let keys = IssuerKeys::Pinned { jwks };
        policy.software_statements.issuers.push(TrustedIssuer { issuer: ISSUER.to_owned(), keys });
        policy
    }
}

async fn world(policy: Policy) -> World {
    let world = World::empty().await;
    world.service(1, policy).await;
    world
}

fn claims() -> Value {
    json!({"iss": ISSUER, "iat": NOW, "software_id": "app-1", "client_name": "Vouched",
           "redirect_uris": ["https://rp.example/cb"]})
}

fn with(member: &str, value: Value) -> Value {
    let mut claims = claims();
    claims[member] = value;
    claims
}

async fn register(world: &World, statement: &str) -> Reply {
    let metadata = json!({"software_statement": statement, "client_name": "Claimed", "scope": "read"});
    world.register(1, None, &metadata).await
}

fn assert_refused(reply: &Reply, code: &str) {
    assert_eq!((reply.status, reply.text("error")), (400, code), "{reply:?}");
    assert!(reply.text("error_description").contains("software_statement"), "{reply:?}");
}

#[tokio::test]
async fn a15_a16_a17_a_statements_values_overrule_the_plain_ones_and_it_is_returned_unmodified() {
    let issuer = Issuer::new();
    let world = world(issuer.required()).await;
    let statement = issuer.sign(&claims());
    let reply = register(&world, &statement).await;
    assert_eq!(reply.status, 201, "{reply:?}");
    assert_eq!(reply.body["client_name"], "Vouched");
    assert_eq!(reply.body["redirect_uris"], json!(["https://rp.example/cb"]));
    assert_eq!(reply.body["software_id"], "app-1");
    assert_eq!(reply.body["scope"], "read", "what the statement is silent about is the client's own");
    assert_eq!(reply.body["software_statement"], statement);
    assert_eq!(reply.body.get("iss"), None);
    let path = format!("/1/register/{}", reply.text("client_id"));
    let read = world.send_bare("GET", &path, Some(reply.text("registration_access_token"))).await;
    assert_eq!(read.body, reply.body);
}

#[tokio::test]
async fn rfc8725_s3_11_jwts_of_another_kind_are_no_software_statements() {
    let issuer = Issuer::new();
    let world = world(issuer.required()).await;
    for typ in [None, Some("JWT"), Some("jwt"), Some("application/software-statement+jwt")] {
        let reply = register(&world, &issuer.sign_as(typ, &claims())).await;
        assert_eq!(reply.status, 201, "{typ:?}: {reply:?}");
    }
    for typ in ["at+jwt", "logout+jwt", "application/at+jwt", "entity-statement+jwt", ""] {
        assert_refused(&register(&world, &issuer.sign_as(Some(typ), &claims())).await, "invalid_software_statement");
    }
}

#[tokio::test]
async fn a25_statements_that_prove_nothing_are_invalid() {
    let issuer = Issuer::new();
    let world = world(issuer.required()).await;
    let good = issuer.sign(&claims());
    let (message, signature) = good.rsplit_once('.').unwrap();
    let (header, body) = message.split_once('.').unwrap();
    let part = |value: Value| BASE64URL.encode(value.to_string());
    let hmac = {
        let mut header = Header::new(Algorithm::HS256);
        header.kid = Some("1".to_owned());
        jsonwebtoken::encode(&header, &claims(), &EncodingKey::from_secret(issuer.0.der_bytes())).unwrap()
    };
    for statement in [
        "not a jwt".to_owned(),
        format!("{header}.{body}"),
        format!("{header}.{}.{signature}", part(with("client_name", json!("Forged")))),
        format!("{}.{body}.", part(json!({"alg": "none"}))),
        format!("{}.{body}.{signature}", part(json!({"alg": "ES256", "kid": "1", "crit": ["b64"]}))),
        format!("{}.{body}.{signature}", part(json!({"alg": "ES256", "kid": "other"}))),
        format!("{}.{body}.{signature}", part(json!({"alg": "RS256", "kid": "1"}))),
        hmac,
        Issuer::new().sign(&claims()),
    ] {
        assert_refused(&register(&world, &statement).await, "invalid_software_statement");
    }
    assert!(world.app.store.clients(1).await.unwrap().is_empty());
}

#[tokio::test]
async fn a_statement_has_its_time_its_audience_and_its_place() {
    let issuer = Issuer::new();
    let mut policy = issuer.required();
    policy.software_statements.max_age = Some(600);
    let world = world(policy).await;
    let endpoint = format!("{BASE_URL}/1/register");
    for accepted in [
        with("exp", json!(NOW + 10)),
        with("nbf", json!(NOW)),
        with("aud", json!(endpoint)),
        with("aud", json!(["https://x.example", format!("{BASE_URL}/1")])),
        with("iat", json!(NOW - 600)),
    ] {
        let reply = register(&world, &issuer.sign(&accepted)).await;
        assert_eq!(reply.status, 201, "{accepted}: {reply:?}");
    }
    for refused in [
        with("exp", json!(NOW - 61)),
        with("exp", json!("tomorrow")),
        with("nbf", json!(NOW + 61)),
        with("iat", json!(NOW - 661)),
        with("iat", json!(NOW + 120)),
        with("iat", Value::Null),
        with("aud", json!("https://other.example")),
        with("aud", json!([])),
        with("client_id", json!("chosen")),
        with("client_secret", json!("chosen")),
        with("redirect_uris", json!("https://rp.example/cb")),
    ] {
        assert_refused(&register(&world, &issuer.sign(&refused)).await, "invalid_software_statement");
    }
    let nameless = issuer.sign(&with("iss", json!(5)));
    assert_refused(&register(&world, &nameless).await, "invalid_software_statement");
}

#[tokio::test]
async fn a25_a_statement_of_somebody_else_is_unapproved() {
    let issuer = Issuer::new();
    let world = world(issuer.required()).await;
    let stranger = Issuer::new().sign(&with("iss", json!("https://stranger.example")));
    assert_refused(&register(&world, &stranger).await, "unapproved_software_statement");
}

#[tokio::test]
async fn a_service_may_require_a_statement_and_may_ignore_one() {
    let issuer = Issuer::new();
    let required = world(issuer.required()).await;
    let plain = json!({"redirect_uris": ["https://rp.example/cb"]});
    assert_refused(&required.register(1, None, &plain).await, "invalid_software_statement");
    let ignoring = World::open().await;
    let mut metadata = plain;
    metadata["software_statement"] = json!(issuer.sign(&claims()));
    let reply = ignoring.register(1, None, &metadata).await;
    assert_eq!((reply.status, reply.body.get("software_statement"), reply.body.get("client_name")), (201, None, None));
}

#[tokio::test]
async fn an_update_needs_a_statement_of_the_same_software() {
    let issuer = Issuer::new();
    let mut policy = issuer.required();
    policy.software_statements.required = false;
    let world = world(policy).await;
    let registered = register(&world, &issuer.sign(&claims())).await;
    let path = format!("/1/register/{}", registered.text("client_id"));
    let token = registered.text("registration_access_token");
    let same = as_update(&registered.body);
    assert_eq!(world.send_json("PUT", &path, Some(token), &same).await.status, 200);
    let mut newer = same.clone();
    newer["software_statement"] = json!(issuer.sign(&with("client_name", json!("Renamed"))));
    assert_eq!(world.send_json("PUT", &path, Some(token), &newer).await.body["client_name"], "Renamed");
    let mut without = same.clone();
    without["software_statement"] = Value::Null;
    assert_refused(&world.send_json("PUT", &path, Some(token), &without).await, "invalid_software_statement");
    let mut other = same;
    other["software_statement"] = json!(issuer.sign(&with("software_id", json!("app-2"))));
    assert_refused(&world.send_json("PUT", &path, Some(token), &other).await, "invalid_software_statement");
}

#[tokio::test]
async fn an_issuers_keys_may_be_fetched_and_are_kept_for_a_while() {
    let issuer = Issuer::new();
    let site = Site::serve(&[("/jwks", Page::Text(issuer.jwks().to_string()))]).await;
    let world = World::with(site.reachable()).await;
    let mut policy = issuer.required();
    let remote = |path: &str| IssuerKeys::Remote { jwks_uri: format!("{}{path}", site.url) };
    policy.software_statements.issuers = vec![
        TrustedIssuer { issuer: ISSUER.to_owned(), keys: remote("/jwks") },
        TrustedIssuer { issuer: "https://lost.example".to_owned(), keys: remote("/absent") },
    ];
    world.service(1, policy).await;
    for _ in 0..2 {
        assert_eq!(register(&world, &issuer.sign(&claims())).await.status, 201);
    }
    assert_eq!(site.requests(), 1);
    let lost = issuer.sign(&with("iss", json!("https://lost.example")));
    for _ in 0..2 {
        let reply = register(&world, &lost).await;
        assert_eq!((reply.status, reply.text("error")), (503, "temporarily_unavailable"), "not the client's fault");
        assert!(reply.text("error_description").starts_with("software_statement: "), "{reply:?}");
        assert_eq!(reply.header("retry-after"), "10");
    }
    assert_eq!(site.requests(), 2, "what could not be fetched is not asked for again at once");

    let successor = Issuer::new();
    site.set("/jwks", Page::Text(successor.jwks().to_string()));
    let rotated = successor.sign(&claims());
    assert_refused(&register(&world, &rotated).await, "invalid_software_statement");
    assert_eq!(site.requests(), 2, "nor are fresh keys, whatever a stranger signs");
    world.clock.advance(10);
    assert_eq!(register(&world, &rotated).await.status, 201);
    assert_eq!(site.requests(), 3);
}

#[tokio::test]
async fn what_one_service_has_fetched_or_could_not_is_no_others() {
    let issuer = Issuer::new();
    let site = Site::serve(&[]).await;
    let world = World::with(site.reachable()).await;
    let mut policy = issuer.required();
    policy.software_statements.issuers = vec![TrustedIssuer {
        issuer: ISSUER.to_owned(),
        keys: IssuerKeys::Remote { jwks_uri: format!("{}/jwks", site.url) },
    }];
    for service_id in [1, 2] {
        world.service(service_id, policy.clone()).await;
    }
    let metadata = json!({"software_statement": issuer.sign(&claims())});
    let refused = world.register(1, None, &metadata).await;
    assert_eq!((refused.status, refused.text("error")), (503, "temporarily_unavailable"), "{refused:?}");
    site.set("/jwks", Page::Text(issuer.jwks().to_string()));
    assert_eq!(world.register(2, None, &metadata).await.status, 201, "it asks for itself");
    assert_eq!(world.register(1, None, &metadata).await.status, 503);
    assert_eq!(site.requests(), 2);
    site.set("/jwks", Page::Text(Issuer::new().jwks().to_string()));
    world.clock.advance(10);
    assert_refused(&world.register(1, None, &metadata).await, "invalid_software_statement");
    assert_eq!(world.register(2, None, &metadata).await.status, 201, "its keys are those that it has fetched");
    assert_eq!(site.requests(), 3);
}

#[tokio::test]
async fn rfc_7517_5_keys_of_an_issuer_that_are_not_known_do_no_harm() {
    let issuer = Issuer::new();
    let mut keys = issuer.jwks();
    let unknown = [json!({"kty": "AKP", "alg": "ML-DSA-65", "pub": "AAAA"}), json!({"kty": "EC", "crv": "P-999"})];
    keys["keys"].as_array_mut().unwrap().splice(0..0, unknown);
    let site = Site::serve(&[("/jwks", Page::Text(keys.to_string()))]).await;
    let world = World::with(site.reachable()).await;
    let mut policy = issuer.required();
    let remote = IssuerKeys::Remote { jwks_uri: format!("{}/jwks", site.url) };
    policy.software_statements.issuers = vec![TrustedIssuer { issuer: ISSUER.to_owned(), keys: remote }];
    world.service(1, policy.clone()).await;
    assert_eq!(register(&world, &issuer.sign(&claims())).await.status, 201);

    let pinned: IssuerKeys = serde_json::from_value(json!({"jwks": keys})).unwrap();
    policy.software_statements.issuers = vec![TrustedIssuer { issuer: ISSUER.to_owned(), keys: pinned }];
    world.service(2, policy).await;
    let sent = json!({"redirect_uris": ["https://rp.example/cb"], "software_statement": issuer.sign(&claims())});
    assert_eq!(world.register(2, None, &sent).await.status, 201);
}
