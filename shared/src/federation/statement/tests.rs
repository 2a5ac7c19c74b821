use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use proptest::prelude::*;
use serde_json::json;

use super::super::testing::{Entity, NOW, read};
use super::*;
use crate::jose::SigningKey;

const PROVIDER: &str = "https://op.example";

fn changed(claims: &Value, member: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    let members = claims.as_object_mut().unwrap();
    if value.is_null() {
        members.remove(member)
    } else {
        members.insert(member.to_owned(), value)
    };
    claims
}

fn configuration() -> Value {
    Entity::new("https://rp.example").configuration(&[&Entity::new("https://ta.example")])
}

fn subordinate() -> Value {
    Entity::new("https://ta.example").about(&Entity::new("https://rp.example"))
}

fn request() -> Value {
    let metadata = json!({"openid_relying_party": {"redirect_uris": ["https://rp.example/cb"]}});
    changed(&changed(&configuration(), "aud", PROVIDER.into()), "metadata", metadata)
}

/// Reads as each kind of statement that the claims are.
fn refused(claims: &Value, part: &str) {
    let provider = EntityId::parse(PROVIDER).unwrap();
    let kind = match (claims.get("aud"), claims["iss"] == claims["sub"]) {
        (Some(_), _) => Kind::RegistrationRequest { provider: &provider },
        (None, true) => Kind::Configuration,
        (None, false) => Kind::Subordinate,
    };
    let fault = read(claims, kind).map(|_| ()).expect_err(&format!("{part}: {claims}"));
    assert!(fault.to_string().contains(part), "{part}: {fault}");
}

fn each(mut check: impl FnMut(&Value)) {
    for claims in [configuration(), subordinate(), request()] {
        check(&claims);
    }
}

#[test]
fn s3_1_well_formed_statements_are_read() {
    let provider = EntityId::parse(PROVIDER).unwrap();
    assert!(read(&configuration(), Kind::Configuration).is_ok());
    assert!(read(&subordinate(), Kind::Subordinate).is_ok());
    let request = read(&request(), Kind::RegistrationRequest { provider: &provider }).unwrap();
    assert_eq!(request.issuer(), request.subject());
    assert_eq!(request.authority_hints(), [EntityId::parse("https://ta.example").unwrap()]);
    assert_eq!((request.issued_at_millis(), request.expires_at()), ((NOW - 10) * 1000, NOW + 3600));
    let extended = changed(&configuration(), "https://example.com/claim", json!({"any": [1]}));
    assert!(read(&extended, Kind::Configuration).is_ok(), "other claims are ignored");
}

#[test]
fn s3_the_type_is_exactly_entity_statement_jwt() {
    let entity = Entity::new("https://rp.example");
    for media_type in
        ["JWT", "entity-statement", "explicit-registration-response+jwt", "application/entity-statement+jwt", ""]
    {
        let jwt = entity.sign_as(media_type, &configuration());
        let fault = EntityStatement::read(&jwt, Kind::Configuration, NOW).unwrap_err();
        assert_eq!(fault, StatementFault::Header { parameter: "typ", reason: "is not entity-statement+jwt" });
    }
    for text in ["", "a", "a.b", "a.b.c", "e30.e30.", "....", "e30"] {
        assert!(EntityStatement::read(text, Kind::Configuration, NOW).is_err(), "{text}");
    }
}

/// A JWT with that header whose signature is not looked at.
fn with_header(header: &Value, claims: &Value) -> String {
    format!("{}.{}.AA", BASE64URL.encode(header.to_string()), BASE64URL.encode(claims.to_string()))
}

#[test]
fn s3_the_key_is_named_and_the_algorithm_accepted() {
    let read = |header: &Value| EntityStatement::read(&with_header(header, &configuration()), Kind::Configuration, NOW);
    for kid in [json!(""), json!(1), json!(null)] {
        let header = json!({"typ": ENTITY_STATEMENT, "alg": "ES256", "kid": kid});
        assert!(matches!(read(&header), Err(StatementFault::Header { parameter: "kid", .. })), "{header}");
    }
    for algorithm in ["none", "HS256", "RS1", "ES512", ""] {
        let header = json!({"typ": ENTITY_STATEMENT, "alg": algorithm, "kid": "a"});
        let statement = read(&header).unwrap();
        assert_eq!(statement.verify(statement.keys()), Err(JwtFault::Algorithm.into()), "{algorithm}");
    }
    let critical = json!({"typ": ENTITY_STATEMENT, "alg": "ES256", "kid": "a", "crit": ["b64"], "b64": false});
    let statement = read(&critical).unwrap();
    assert_eq!(statement.verify(statement.keys()), Err(JwtFault::Algorithm.into()));
}

#[test]
fn s3_2_the_named_key_verifies_the_signature_and_no_other() {
    let entity = Entity::new("https://rp.example");
    let other = Entity::new("https://other.example");
    let claims = entity.configuration(&[&other]);
    let statement = EntityStatement::read(&entity.sign(&claims), Kind::Configuration, NOW).unwrap();
    assert_eq!(statement.verify(statement.keys()), Ok(()));
    let stranger = EntityStatement::read(&other.sign(&claims), Kind::Configuration, NOW).unwrap();
    assert_eq!(stranger.verify(stranger.keys()), Err(JwtFault::Signature.into()));
    let mut renamed = entity.jwk.clone();
    renamed.insert("kid".to_owned(), "another".into());
    let jwt = SigningKey::from_jwk(&renamed).unwrap().sign(ENTITY_STATEMENT, claims.as_object().unwrap()).unwrap();
    let misnamed = EntityStatement::read(&jwt, Kind::Configuration, NOW).unwrap();
    assert_eq!(misnamed.verify(misnamed.keys()), Err(JwtFault::Signature.into()), "kid is compared exactly");
}

#[test]
fn s4_3_chains_in_the_header_belong_into_requests_only() {
    let provider = EntityId::parse(PROVIDER).unwrap();
    for parameter in ["trust_chain", "peer_trust_chain"] {
        let header = json!({"typ": ENTITY_STATEMENT, "alg": "ES256", "kid": "a", parameter: []});
        for (claims, kind, refused) in [
            (configuration(), Kind::Configuration, true),
            (subordinate(), Kind::Subordinate, true),
            (request(), Kind::RegistrationRequest { provider: &provider }, false),
        ] {
            let read = EntityStatement::read(&with_header(&header, &claims), kind, NOW);
            assert_eq!(read.is_err(), refused, "{parameter} {claims}");
        }
    }
}

#[test]
fn s3_1_1_required_claims_are_there() {
    each(|claims| {
        for member in ["iss", "sub", "iat", "exp", "jwks"] {
            refused(&changed(claims, member, Value::Null), member);
        }
    });
    for member in ["authority_hints", "metadata"] {
        refused(&changed(&request(), member, Value::Null), member);
    }
    let provider = EntityId::parse(PROVIDER).unwrap();
    let unaddressed = read(&changed(&request(), "aud", Value::Null), Kind::RegistrationRequest { provider: &provider });
    assert!(unaddressed.unwrap_err().to_string().contains("aud is missing"));
}

#[test]
fn s3_1_issuer_and_subject_are_entity_identifiers() {
    for member in ["iss", "sub"] {
        for value in [json!("rp.example"), json!("http://rp.example"), json!("https://rp.example?a"), json!(1)] {
            refused(&changed(&subordinate(), member, value), member);
        }
    }
    assert_eq!(read(&subordinate(), Kind::Configuration).unwrap_err(), StatementFault::NotSelfIssued);
    assert_eq!(read(&configuration(), Kind::Subordinate).unwrap_err(), StatementFault::SelfIssued);
}

#[test]
fn s3_2_a_statement_is_in_time() {
    each(|claims| {
        refused(&changed(claims, "iat", json!(NOW + 61)), "iat is in the future");
        refused(&changed(claims, "exp", json!(NOW)), "exp is in the past");
        refused(&changed(claims, "nbf", json!(NOW + 61)), "nbf is in the future");
        for wrong in [json!("soon"), json!(-1), json!({}), json!(1e300)] {
            refused(&changed(claims, "iat", wrong.clone()), "iat is not a date");
            refused(&changed(claims, "exp", wrong), "exp is not a date");
        }
    });
    let early = changed(&configuration(), "iat", json!(NOW + 60));
    assert!(read(&changed(&early, "exp", json!(NOW + 1)), Kind::Configuration).is_ok(), "clocks differ a little");
}

#[test]
fn s3_1_1_keys_are_public_and_have_names_of_their_own() {
    let key = Entity::new("https://rp.example").jwks()["keys"][0].clone();
    let with = |member: &str, value: Value| json!({"keys": [changed(&key, member, value)]});
    each(|claims| {
        for (jwks, part) in [
            (json!([]), "not a JWK Set"),
            (json!({}), "not a JWK Set"),
            (json!({"keys": {}}), "not a JWK Set"),
            (json!({"keys": []}), "not a JWK Set"),
            (json!({"keys": [1]}), "without kid"),
            (with("kid", Value::Null), "without kid"),
            (with("kid", json!("")), "without kid"),
            (with("d", json!("AQ")), "private"),
            (with("k", json!("AQ")), "private"),
            (json!({"keys": [key, key]}), "two keys with one kid"),
            (json!({"keys": vec![key.clone(); 101]}), "more than 100 keys"),
            (with("use", json!("enc")), "no key that verifies"),
            (with("x", key["y"].clone()), "no key that verifies"),
            (json!({"keys": [{"kty": "FUTURE", "kid": "f"}]}), "no key that verifies"),
        ] {
            refused(&changed(claims, "jwks", jwks), part);
        }
    });
    let unknown = json!({"keys": [{"kty": "FUTURE", "kid": "f"}, {"kty": "EC", "crv": "P-999", "kid": "g"}, key]});
    let statement = read(&changed(&configuration(), "jwks", unknown), Kind::Configuration).unwrap();
    assert!(statement.keys().find(key["kid"].as_str().unwrap()).is_some(), "other kinds of keys do no harm");
}

#[test]
fn s3_1_2_claims_of_configurations_and_of_subordinate_statements_are_kept_apart() {
    for member in ["authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners"] {
        refused(&changed(&subordinate(), member, json!(["https://ta.example"])), member);
    }
    for claims in [configuration(), request()] {
        for member in ["constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint"] {
            refused(&changed(&claims, member, json!({})), member);
        }
    }
    each(|claims| refused(&changed(claims, "trust_anchor", json!("https://ta.example")), "trust_anchor"));
    let addressed = changed(&subordinate(), "aud", PROVIDER.into());
    assert!(read(&addressed, Kind::Subordinate).unwrap_err().to_string().contains("aud does not belong"));
    let addressed = changed(&configuration(), "aud", PROVIDER.into());
    assert!(read(&addressed, Kind::Configuration).unwrap_err().to_string().contains("aud does not belong"));
}

#[test]
fn s3_1_2_hints_are_entity_identifiers_and_never_none() {
    for member in ["authority_hints", "trust_anchor_hints"] {
        for wrong in [json!([]), json!("https://ta.example"), json!([1]), json!(["ta.example"]), json!({})] {
            refused(&changed(&configuration(), member, wrong), member);
        }
    }
}

#[test]
fn s12_2_1_the_audience_is_the_provider_alone() {
    for wrong in [
        json!("https://other.example"),
        json!("https://op.example/"),
        json!([]),
        json!([[PROVIDER]]),
        json!([PROVIDER, PROVIDER]),
        json!([PROVIDER, "https://other.example"]),
        json!("https://op.example/token"),
        json!(1),
    ] {
        refused(&changed(&request(), "aud", wrong), "aud");
    }
    let provider = EntityId::parse(PROVIDER).unwrap();
    let listed = changed(&request(), "aud", json!([PROVIDER]));
    assert!(read(&listed, Kind::RegistrationRequest { provider: &provider }).is_ok());
}

#[test]
fn s13_4_critical_claims_are_not_understood() {
    let extended = |claims: &Value, crit: Value| changed(&changed(claims, "ext", json!(1)), "crit", crit);
    each(|claims| {
        refused(&extended(claims, json!(["ext"])), "\"ext\", which is not understood");
        refused(&extended(claims, json!([])), "crit is not a list of 1 to 100");
        refused(&extended(claims, json!("ext")), "crit is not a list of 1 to 100");
        refused(&extended(claims, json!([1])), "crit is not a list of 1 to 100");
        refused(&extended(claims, json!(["ext", "ext"])), "twice");
        refused(&extended(claims, json!(["absent"])), "not there");
        refused(&extended(claims, json!(["iss"])), "every reader understands");
    });
}

#[test]
fn s3_1_3_critical_operators_are_not_understood() {
    let with = |crit: Value| changed(&subordinate(), "metadata_policy_crit", crit);
    refused(&with(json!(["regexp"])), "\"regexp\", which is not understood");
    refused(&with(json!([])), "metadata_policy_crit is not a list of 1 to 100");
    refused(&with(json!(["a", "a"])), "twice");
    refused(&with(json!(["subset_of"])), "every reader understands");
}

#[test]
fn s5_metadata_has_no_null_and_no_federation_keys() {
    each(|claims| {
        for wrong in [
            json!([]),
            json!({"openid_relying_party": []}),
            json!({"openid_relying_party": null}),
            json!({"openid_relying_party": {"client_name": null}}),
            json!({"openid_relying_party": {}, "federation_entity": {"jwks": {"keys": []}}}),
            json!({"openid_relying_party": {}, "federation_entity": {"jwks_uri": "https://rp.example/jwks"}}),
            json!({"openid_relying_party": {}, "federation_entity": {"signed_jwks_uri": "https://rp.example/jwks"}}),
        ] {
            refused(&changed(claims, "metadata", wrong), "metadata");
        }
    });
    let deep = json!({"openid_relying_party": {"custom": {"inner": null}}});
    assert!(
        read(&changed(&configuration(), "metadata", deep), Kind::Configuration).is_ok(),
        "only the top level counts"
    );
}

#[test]
fn s3_1_3_policies_constraints_and_sources_are_well_formed() {
    for (member, wrong) in [
        ("metadata_policy", json!([])),
        ("metadata_policy", json!({"openid_relying_party": {"scope": 1}})),
        ("constraints", json!([])),
        ("source_endpoint", json!("http://ta.example/fetch")),
        ("source_endpoint", json!(1)),
    ] {
        refused(&changed(&subordinate(), member, wrong), member);
    }
    let source = changed(&subordinate(), "source_endpoint", json!("https://ta.example/fetch?a=b"));
    assert!(read(&source, Kind::Subordinate).is_ok());
}

#[test]
fn s3_1_2_trust_marks_are_jwts_of_the_type_beside_them() {
    let issuer = Entity::new("https://marks.example");
    let claims =
        json!({"iss": issuer.id, "sub": "https://rp.example", "iat": NOW, "trust_mark_type": "https://m.example"});
    let mark = issuer.sign_as("trust-mark+jwt", &claims);
    let good = json!([{"trust_mark_type": "https://m.example", "trust_mark": mark}]);
    assert!(read(&changed(&configuration(), "trust_marks", good), Kind::Configuration).is_ok());
    for wrong in [
        json!({}),
        json!([1]),
        json!([{"trust_mark_type": "https://m.example"}]),
        json!([{"trust_mark": mark}]),
        json!([{"trust_mark_type": "https://m.example", "trust_mark": "a.b.c"}]),
        json!([{"trust_mark_type": "https://other.example", "trust_mark": mark}]),
    ] {
        refused(&changed(&configuration(), "trust_marks", wrong), "trust_marks");
    }
}

#[test]
fn s3_1_2_rules_of_trust_marks_are_well_formed() {
    let with = |member: &str, value: Value| changed(&configuration(), member, value);
    let owner = json!({"sub": "https://owner.example", "jwks": {"keys": []}});
    for (member, good) in [
        ("trust_mark_issuers", json!({"https://m.example": ["https://issuer.example"], "https://n.example": []})),
        ("trust_mark_owners", json!({"https://m.example": owner})),
    ] {
        assert!(read(&with(member, good), Kind::Configuration).is_ok(), "{member}");
        for wrong in [json!("a"), json!([1]), json!({"https://m.example": "a"}), json!({"https://m.example": [1]})] {
            refused(&with(member, wrong), member);
        }
    }
    refused(&with("trust_mark_owners", json!({"https://m.example": {"sub": "https://owner.example"}})), "owners");
}

#[test]
fn s6_1_2_names_appear_once() {
    let text = subordinate().to_string();
    let policy = r#"{"metadata_policy":{"openid_relying_party":{"scope":{"default":"a","default":"b"}}},"#;
    let twice = text.replacen('{', policy, 1);
    let header = json!({"typ": ENTITY_STATEMENT, "alg": "ES256", "kid": "a"});
    let jwt = format!("{}.{}.AA", BASE64URL.encode(header.to_string()), BASE64URL.encode(twice));
    let fault = EntityStatement::read(&jwt, Kind::Subordinate, NOW).unwrap_err();
    assert_eq!(fault, JwtFault::Malformed.into());
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        prop::sample::select(vec!["https://rp.example", "https://ta.example", "openid_relying_party", "value"])
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(
                prop_oneof![
                    ".{0,6}",
                    prop::sample::select(vec!["keys", "kid", "openid_relying_party", "scope", "add", "permitted"])
                        .prop_map(str::to_owned),
                ],
                inner,
                0..4
            )
            .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    /// Any text, and any claims: refused or read, never a panic.
    #[test]
    fn any_text_is_read_or_refused(text in ".{0,200}") {
        let _ = EntityStatement::read(&text, Kind::Configuration, NOW);
    }

    #[test]
    fn any_claims_are_read_or_refused(
        member in prop::sample::select(DEFINED.to_vec()),
        value in json_value(),
        of_subordinate in any::<bool>(),
    ) {
        let claims = if of_subordinate { subordinate() } else { configuration() };
        let header = json!({"typ": ENTITY_STATEMENT, "alg": "ES256", "kid": "a"});
        let jwt = with_header(&header, &changed(&claims, member, value));
        for kind in [Kind::Configuration, Kind::Subordinate] {
            if let Ok(statement) = EntityStatement::read(&jwt, kind, NOW) {
                prop_assert!(statement.verify(statement.keys()).is_err());
                prop_assert!(statement.expires_at() > NOW);
            }
        }
    }
}
