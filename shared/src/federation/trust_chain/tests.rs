use serde_json::{Value, json};

use super::super::testing::{Entity, NOW, anchor, validate};
use super::*;

/// `testdata/README.md` says where the chain comes from.
#[test]
fn s4_3_the_specifications_own_chain_is_valid() {
    let example: Value = serde_json::from_str(include_str!("../testdata/spec-4.3-trust-chain.json")).unwrap();
    let now = example["now"].as_u64().unwrap();
    let texts: Vec<&str> =
        example["trust_chain"].as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect();
    let statements = TrustChain::read(&texts, Kind::Configuration, now).unwrap();
    let trusted = TrustAnchor {
        entity_id: EntityId::parse(example["trust_anchor"].as_str().unwrap()).unwrap(),
        keys: statements[3].keys().clone(),
        subjects: Constraints::default(),
    };
    let chain = TrustChain::validate(statements, std::slice::from_ref(&trusted)).unwrap();
    assert_eq!(chain.trust_anchor(), &trusted.entity_id);
    assert_eq!(chain.subject().as_str(), "https://credential_issuer.example.org");
    assert_eq!(chain.immediate_superior().as_str(), "https://intermediate.eidas.example.org");
    assert_eq!(chain.expires_at(), 1_768_010_984);
    assert!(chain.resolve().unwrap().metadata.contains_key("openid_credential_issuer"));
    let without_anchor = TrustChain::read(&texts[..3], Kind::Configuration, now).unwrap();
    assert!(TrustChain::validate(without_anchor, &[trusted]).is_ok(), "the last one may be left out");
    assert!(TrustChain::read(&texts, Kind::Configuration, 1_768_010_984).is_err(), "it expires");
}

/// Claims, each with who signs them.
type Claims<'e> = Vec<(&'e Entity, Value)>;

/// A relying party below two intermediates and a trust anchor.
struct Federation {
    party: Entity,
    below: Entity,
    above: Entity,
    anchor: Entity,
}

impl Federation {
    fn new() -> Self {
        Self {
            party: Entity::new("https://rp.example"),
            below: Entity::new("https://below.example"),
            above: Entity::new("https://above.example"),
            anchor: Entity::new("https://ta.example"),
        }
    }

    /// The claims of its chain, each with who signs them.
    fn claims(&self) -> Claims<'_> {
        let mut party = self.party.configuration(&[&self.below]);
        party["metadata"] = json!({"openid_relying_party": {"contacts": ["rp"]}, "federation_entity": {}});
        vec![
            (&self.party, party),
            (&self.below, self.below.about(&self.party)),
            (&self.above, self.above.about(&self.below)),
            (&self.anchor, self.anchor.about(&self.above)),
            (&self.anchor, self.anchor.configuration(&[])),
        ]
    }

    fn chain<'a>(&'a self, change: impl FnOnce(&mut Claims<'a>)) -> Result<TrustChain, ChainFault> {
        let mut claims = self.claims();
        change(&mut claims);
        let texts: Vec<String> = claims.iter().map(|(signer, claims)| signer.sign(claims)).collect();
        validate(&texts, &[anchor(&self.anchor)])
    }

    /// The chain with one claim set in one of its statements.
    fn with(&self, index: usize, member: &str, value: Value) -> Result<TrustChain, ChainFault> {
        self.chain(|claims| claims[index].1[member] = value)
    }
}

fn id(text: &str) -> EntityId {
    EntityId::parse(text).unwrap()
}

#[test]
fn s10_2_a_chain_leads_to_a_trust_anchor() {
    let federation = Federation::new();
    let chain = federation.chain(|_| {}).unwrap();
    assert_eq!(chain.trust_anchor(), &id("https://ta.example"));
    assert_eq!(chain.subject(), &id("https://rp.example"));
    assert_eq!(chain.immediate_superior(), &id("https://below.example"));
    assert_eq!(chain.to_texts().len(), 5);
    assert!(federation.chain(|claims| drop(claims.pop())).is_ok(), "without the trust anchor's configuration");
    let short = federation.chain(|claims| {
        let mut party = claims.remove(0);
        party.1["authority_hints"] = json!(["https://ta.example"]);
        *claims = vec![party, (&federation.anchor, federation.anchor.about(&federation.party))];
    });
    assert_eq!(short.unwrap().immediate_superior(), &id("https://ta.example"));
}

#[test]
fn s10_2_each_statement_is_about_the_issuer_of_the_one_before() {
    let federation = Federation::new();
    for index in 1..4 {
        let broken = federation.chain(|claims| drop(claims.remove(index)));
        assert!(matches!(broken, Err(ChainFault::Broken(_) | ChainFault::NotHinted(_))), "{index} {broken:?}");
    }
    let swapped = federation.chain(|claims| claims.swap(2, 3));
    assert!(matches!(swapped, Err(ChainFault::Broken(_))), "{swapped:?}");
    let mut texts: Vec<String> = federation.claims().iter().map(|(signer, claims)| signer.sign(claims)).collect();
    texts.push(federation.anchor.sign(&federation.anchor.configuration(&[])));
    let fault = validate(&texts, &[anchor(&federation.anchor)]).unwrap_err();
    assert_eq!(fault, ChainFault::Unreadable { index: 4, fault: StatementFault::SelfIssued }, "only the last one");
}

#[test]
fn s4_a_chain_begins_with_a_configuration_and_has_a_length() {
    let federation = Federation::new();
    let without_first = federation.chain(|claims| drop(claims.remove(0)));
    let fault = StatementFault::NotSelfIssued;
    assert_eq!(without_first.unwrap_err(), ChainFault::Unreadable { index: 0, fault });
    for length in [0, 1] {
        let short = federation.chain(|claims| claims.truncate(length));
        assert_eq!(short.unwrap_err(), ChainFault::Length);
    }
    let long: Vec<String> = vec![String::new(); MAX_STATEMENTS + 1];
    assert_eq!(validate(&long, &[]).unwrap_err(), ChainFault::Length);
    let large = federation.with(2, "large", "x".repeat(MAX_BYTES).into());
    assert_eq!(large.unwrap_err(), ChainFault::TooLarge);
}

#[test]
fn s3_2_the_subject_names_its_superior() {
    let federation = Federation::new();
    let other = federation.with(0, "authority_hints", json!(["https://other.example"]));
    assert_eq!(other.unwrap_err(), ChainFault::NotHinted(id("https://below.example")));
    let none = federation.chain(|claims| drop(claims[0].1.as_object_mut().unwrap().remove("authority_hints")));
    assert_eq!(none.unwrap_err(), ChainFault::NotHinted(id("https://below.example")));
}

#[test]
fn s10_2_every_signature_is_by_a_key_that_the_next_statement_has() {
    let federation = Federation::new();
    let stranger = Entity::new("https://stranger.example");
    for index in 0..5 {
        let forged = federation.chain(|claims| claims[index].0 = &stranger);
        let refused = matches!(&forged, Err(ChainFault::Statement { fault: StatementFault::Jwt(_), .. }));
        assert!(refused, "{index} {forged:?}");
    }
    for index in 1..4 {
        let other_keys = federation.with(index, "jwks", stranger.jwks());
        let refused = matches!(&other_keys, Err(ChainFault::Statement { fault: StatementFault::Jwt(_), .. }));
        assert!(refused, "{index} {other_keys:?}");
    }
    let own = federation.with(0, "jwks", stranger.jwks());
    assert!(matches!(own, Err(ChainFault::Statement { .. })), "the subject's is checked against its own keys too");
}

#[test]
fn s10_2_the_trust_anchor_signs_with_a_key_that_was_given() {
    let federation = Federation::new();
    let texts: Vec<String> = federation.claims().iter().map(|(signer, claims)| signer.sign(claims)).collect();
    let impostor = Entity::new("https://ta.example");
    assert!(matches!(validate(&texts, &[anchor(&impostor)]), Err(ChainFault::Statement { .. })));
    assert!(matches!(validate(&texts[..4], &[anchor(&impostor)]), Err(ChainFault::Statement { .. })));
    let other = Entity::new("https://other.example");
    assert_eq!(validate(&texts, &[anchor(&other)]).unwrap_err(), ChainFault::TrustAnchor(id("https://ta.example")));
    assert_eq!(validate(&texts, &[]).unwrap_err(), ChainFault::TrustAnchor(id("https://ta.example")));
    // A key that only its own configuration vouches for is not trusted.
    let learned = federation.chain(|claims| {
        let mut keys = federation.anchor.jwks();
        keys["keys"].as_array_mut().unwrap().push(impostor.jwks()["keys"][0].clone());
        claims[4].1["jwks"] = keys;
        claims[3].0 = &impostor;
    });
    assert!(matches!(learned, Err(ChainFault::Statement { .. })), "{learned:?}");
}

#[test]
fn s10_2_no_statement_is_expired_or_of_the_future() {
    let federation = Federation::new();
    for index in 0..5 {
        for (member, time) in [("exp", NOW), ("iat", NOW + 61)] {
            let fault = federation.with(index, member, time.into()).unwrap_err();
            assert!(matches!(fault, ChainFault::Unreadable { index: found, .. } if found == index), "{fault:?}");
        }
    }
}

#[test]
fn s10_1_nobody_stands_in_a_chain_twice() {
    let federation = Federation::new();
    let looping = federation.chain(|claims| {
        let up = (&federation.above, federation.above.about(&federation.below));
        let down = (&federation.below, federation.below.about(&federation.above));
        claims.splice(3..3, [down, up]);
    });
    assert!(matches!(looping, Err(ChainFault::Loop(_))), "{looping:?}");
    let own_superior = federation.chain(|claims| {
        let up = (&federation.party, federation.party.about(&federation.below));
        let down = (&federation.below, federation.below.about(&federation.party));
        claims.splice(2..2, [up, down]);
    });
    assert!(matches!(own_superior, Err(ChainFault::Loop(_))), "{own_superior:?}");
}

#[test]
fn s10_4_a_chain_expires_with_its_first_statement() {
    let federation = Federation::new();
    for index in 0..5 {
        let chain = federation.with(index, "exp", (NOW + 60).into()).unwrap();
        assert_eq!(chain.expires_at(), NOW + 60, "{index}");
    }
}

#[test]
fn s6_2_constraints_of_each_statement_are_checked() {
    let federation = Federation::new();
    let constrained = |index: usize, constraints: Value| federation.with(index, "constraints", constraints);
    for (index, most) in [(1, 0), (2, 1), (3, 2)] {
        assert!(constrained(index, json!({ "max_path_length": most })).is_ok(), "{index}");
        if most > 0 {
            let fault = constrained(index, json!({ "max_path_length": most - 1 })).unwrap_err();
            assert!(matches!(fault, ChainFault::Constraint { constraint: Violated::MaxPathLength, .. }), "{fault}");
        }
    }
    for excluded in ["rp.example", "below.example", "above.example"] {
        let fault = constrained(3, json!({"naming_constraints": {"excluded": [excluded]}})).unwrap_err();
        assert!(matches!(fault, ChainFault::Constraint { constraint: Violated::NamingConstraints, .. }), "{fault}");
    }
    let own = constrained(3, json!({"naming_constraints": {"excluded": ["ta.example"]}}));
    assert!(own.is_ok(), "its own name is no subordinate's");
    let of_lower = constrained(1, json!({"naming_constraints": {"permitted": ["rp.example"]}}));
    assert!(of_lower.is_ok(), "those above are not meant");
    for index in 1..4 {
        let chain = constrained(index, json!({"allowed_entity_types": ["openid_provider"]})).unwrap();
        let types: Vec<String> = chain.resolve().unwrap().metadata.keys().cloned().collect();
        assert_eq!(types, ["federation_entity"], "{index}");
    }
}

#[test]
fn s6_1_4_2_metadata_is_overridden_restricted_and_then_under_the_policy() {
    let federation = Federation::new();
    let resolved = |change: &dyn Fn(&mut Claims<'_>)| {
        let chain = federation.chain(|claims| change(claims)).unwrap();
        chain.resolve().map(|resolved| resolved.metadata.get("openid_relying_party").cloned().unwrap_or_default())
    };
    let policy = |parameter: &str, operators: Value| json!({"openid_relying_party": {parameter: operators}});
    let superior = resolved(&|claims| {
        claims[1].1["metadata"] = json!({
            "openid_relying_party": {"contacts": ["superior"], "scope": "a"}, "openid_provider": {"issuer": "x"},
        });
        claims[1].1["metadata_policy"] = policy("contacts", json!({"add": ["policy"]}));
    });
    assert_eq!(superior, Ok(json!({"contacts": ["superior", "policy"], "scope": "a"})));
    let not_inherited = resolved(&|claims| {
        claims[2].1["metadata"] = json!({"openid_relying_party": {"contacts": ["not the immediate one"]}});
    });
    assert_eq!(not_inherited, Ok(json!({"contacts": ["rp"]})));
    let from_above = resolved(&|claims| {
        claims[3].1["metadata_policy"] = policy("contacts", json!({"subset_of": ["rp", "a"]}));
        claims[2].1["metadata_policy"] = policy("contacts", json!({"subset_of": ["rp", "b"]}));
    });
    assert_eq!(from_above, Ok(json!({"contacts": ["rp"]})));
    let repealed = resolved(&|claims| {
        claims[3].1["metadata_policy"] = policy("contacts", json!({"value": ["ta"]}));
        claims[1].1["metadata_policy"] = policy("contacts", json!({"value": ["below"]}));
    });
    assert!(matches!(repealed, Err(PolicyFault::Policy { .. })), "{repealed:?}");
    let lacking = resolved(&|claims| {
        claims[3].1["metadata_policy"] = policy("client_name", json!({"essential": true}));
    });
    assert!(matches!(lacking, Err(PolicyFault::Metadata { .. })), "{lacking:?}");
    let removed = resolved(&|claims| {
        claims[3].1["constraints"] = json!({"allowed_entity_types": []});
        claims[3].1["metadata_policy"] = policy("client_name", json!({"essential": true}));
    });
    assert_eq!(removed, Ok(Value::Null), "a type that is removed is not checked");
}
