use serde_json::json;

use super::*;

fn policy(claim: &Value) -> Result<MetadataPolicy, PolicyFault> {
    MetadataPolicy::parse(claim)
}

/// The policy of one parameter of relying parties.
fn one(parameter: &str, operators: &Value) -> Result<MetadataPolicy, PolicyFault> {
    policy(&json!({"openid_relying_party": {parameter: operators}}))
}

fn applied(policy: &MetadataPolicy, metadata: &Value) -> Result<Value, PolicyFault> {
    let mut types = Map::new();
    types.insert("openid_relying_party".to_owned(), metadata.clone());
    policy.apply(&mut types)?;
    Ok(types.remove("openid_relying_party").unwrap())
}

/// Equal but for the order of lists.
fn same(one: &Value, other: &Value) -> bool {
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len() && one.iter().all(|value| other.contains(value))
        }
        (Value::Object(one), Value::Object(other)) => {
            one.len() == other.len()
                && one.iter().all(|(name, value)| other.get(name).is_some_and(|other| same(value, other)))
        }
        _ => one == other,
    }
}

/// `testdata/README.md` says where the vectors come from.
#[test]
fn s6_1_the_metadata_policy_test_vectors_pass() {
    let vectors: Vec<Value> = serde_json::from_str(include_str!("../testdata/metadata-policy-vectors.json")).unwrap();
    assert_eq!(vectors.len(), 505);
    for vector in vectors {
        let claim = |name: &str| json!({"openid_relying_party": vector[name]});
        let merged = policy(&claim("TA")).and_then(|mut superior| {
            superior.merge(policy(&claim("INT"))?)?;
            Ok(superior)
        });
        if vector.get("merged").is_some() {
            assert_eq!(merged.as_ref().ok(), policy(&claim("merged")).as_ref().ok(), "{vector}");
        }
        let resolved = merged.and_then(|policy| applied(&policy, &vector["metadata"]));
        match (vector["error"].as_str(), resolved) {
            (None, Ok(resolved)) => assert!(same(&resolved, &vector["resolved"]), "{resolved} {vector}"),
            (Some("invalid_policy"), Err(PolicyFault::Policy { .. }))
            | (Some("invalid_metadata"), Err(PolicyFault::Metadata { .. })) => {}
            (_, outcome) => panic!("{outcome:?} {vector}"),
        }
    }
}

fn refused_policy(parameter: &str, operators: &Value) {
    let outcome = one(parameter, operators);
    assert!(matches!(outcome, Err(PolicyFault::Policy { .. })), "{operators}: {outcome:?}");
}

fn merged(parameter: &str, superior: &Value, subordinate: &Value) -> Result<MetadataPolicy, PolicyFault> {
    let mut policy = one(parameter, superior)?;
    policy.merge(one(parameter, subordinate)?)?;
    Ok(policy)
}

#[test]
fn s6_1_2_a_policy_has_three_levels() {
    for claim in [
        json!([]),
        json!("a"),
        json!({"openid_relying_party": []}),
        json!({"openid_relying_party": {"scope": []}}),
        json!({"openid_relying_party": {"scope": "value"}}),
        json!({}),
        json!({"openid_relying_party": {}}),
        json!({"openid_relying_party": {"scope": {}}}),
        json!({"openid_relying_party": {"scope": {"essential": true}}, "openid_provider": {}}),
    ] {
        assert_eq!(policy(&claim), Err(PolicyFault::Structure), "{claim}");
    }
}

#[test]
fn s6_1_3_operators_take_values_of_their_types() {
    for operator in ["add", "one_of", "subset_of", "superset_of"] {
        for wrong in [json!("a"), json!(1), json!({}), json!(null), json!(true)] {
            refused_policy("contacts", &json!({ operator: wrong }));
        }
    }
    let many: Vec<u64> = (0..257).collect();
    for operator in ["value", "add", "default", "one_of", "subset_of", "superset_of"] {
        refused_policy("contacts", &json!({ operator: many }));
        assert!(one("contacts", &json!({ operator: many[1..] })).is_ok(), "{operator}");
    }
    for wrong in [json!("true"), json!(1), json!(null), json!([])] {
        refused_policy("contacts", &json!({ "essential": wrong }));
    }
    refused_policy("contacts", &json!({ "default": null }));
}

#[test]
fn s6_1_3_1_operators_are_combined_as_they_may_be() {
    for operators in [
        json!({"value": ["a"], "add": ["b"]}),
        json!({"value": null, "add": ["b"]}),
        json!({"value": "a", "add": ["a"]}),
        json!({"value": null, "default": "a"}),
        json!({"value": "a", "one_of": ["b"]}),
        json!({"value": null, "one_of": ["b"]}),
        json!({"value": ["a"], "subset_of": ["b"]}),
        json!({"value": ["a"], "superset_of": ["b"]}),
        json!({"value": null, "essential": true}),
        json!({"add": ["a"], "one_of": ["a"]}),
        json!({"add": ["a"], "subset_of": ["b"]}),
        json!({"one_of": ["a"], "subset_of": ["a"]}),
        json!({"one_of": ["a"], "superset_of": ["a"]}),
        json!({"subset_of": ["a"], "superset_of": ["a", "b"]}),
    ] {
        refused_policy("parameter", &operators);
    }
    for operators in [
        json!({"value": ["a", "b"], "add": ["a"], "default": ["c"], "subset_of": ["a", "b", "c"], "superset_of": ["b"]}),
        json!({"value": "a", "one_of": ["a", "b"], "essential": true, "default": "b"}),
        json!({"value": null, "essential": false}),
        json!({"add": ["a"], "default": ["b"], "subset_of": ["a", "b"], "superset_of": ["b"], "essential": true}),
        json!({"one_of": ["a"], "default": "b", "essential": true}),
    ] {
        assert!(one("parameter", &operators).is_ok(), "{operators}");
    }
}

#[test]
fn s6_1_4_1_a_merger_is_checked_again() {
    for (superior, subordinate) in [
        (json!({"one_of": ["a"]}), json!({"add": ["a"]})),
        (json!({"one_of": ["a"]}), json!({"one_of": ["b"]})),
        (json!({"subset_of": ["a"]}), json!({"superset_of": ["b"]})),
        (json!({"subset_of": ["a"]}), json!({"value": ["b"]})),
        (json!({"default": "a"}), json!({"default": "b"})),
        (json!({"value": "a"}), json!({"value": "b"})),
        (json!({"value": null}), json!({"essential": true})),
    ] {
        let outcome = merged("parameter", &superior, &subordinate);
        assert!(matches!(outcome, Err(PolicyFault::Policy { .. })), "{superior} {subordinate}: {outcome:?}");
    }
    let both = merged("parameter", &json!({"subset_of": ["a"]}), &json!({"subset_of": ["b"]})).unwrap();
    assert_eq!(applied(&both, &json!({"parameter": ["a", "b"]})), Ok(json!({"parameter": []})), "empty is allowed");
}

/// §6.1.3.1.8: the table, and what it leaves out.
#[test]
fn s6_1_3_1_8_an_absent_parameter_is_checked_if_essential() {
    let with = |essential: bool| one("p", &json!({"essential": essential, "subset_of": ["a", "b", "c"]})).unwrap();
    for essential in [true, false] {
        assert_eq!(applied(&with(essential), &json!({"p": ["a", "e"]})), Ok(json!({"p": ["a"]})));
        assert_eq!(applied(&with(essential), &json!({"p": ["d", "e"]})), Ok(json!({"p": []})));
    }
    assert!(matches!(applied(&with(true), &json!({})), Err(PolicyFault::Metadata { .. })));
    assert_eq!(applied(&with(false), &json!({})), Ok(json!({})));
}

#[test]
fn s6_1_3_1_8_a_scope_is_a_list_in_the_form_of_a_text() {
    for (operators, sent, result) in [
        (json!({"subset_of": ["openid", "email"]}), json!("openid profile"), Some(json!("openid"))),
        (json!({"subset_of": ["openid"]}), json!("profile"), Some(json!(""))),
        (json!({"add": ["openid"]}), json!("email"), Some(json!("email openid"))),
        (json!({"add": ["openid"]}), json!(null), Some(json!("openid"))),
        (json!({"value": ["openid", "email"]}), json!("profile"), Some(json!("openid email"))),
        (json!({"value": "openid email"}), json!("profile"), Some(json!("openid email"))),
        (json!({"default": ["openid"]}), json!(null), Some(json!("openid"))),
        (json!({"default": "openid email"}), json!(null), Some(json!("openid email"))),
        (json!({"superset_of": ["openid"]}), json!("email openid"), Some(json!("email openid"))),
        (json!({"superset_of": ["openid"]}), json!("email"), None),
        (json!({"value": null}), json!("email"), Some(json!(null))),
    ] {
        let metadata = if sent.is_null() { json!({}) } else { json!({ "scope": sent }) };
        match applied(&one("scope", &operators).unwrap(), &metadata) {
            Ok(resolved) => {
                assert_eq!(resolved.get("scope").cloned().unwrap_or_default(), result.unwrap(), "{operators}");
            }
            Err(fault) => assert_eq!(result, None, "{operators}: {fault}"),
        }
    }
    assert!(merged("scope", &json!({"value": "a b"}), &json!({"value": ["b", "a"]})).is_ok(), "a set, however written");
    refused_policy("scope", &json!({"value": "a b", "subset_of": ["a"]}));
}

#[test]
fn s6_1_3_operators_work_on_values_of_their_types() {
    for (operators, value) in [
        (json!({"add": ["a"]}), json!("b")),
        (json!({"subset_of": ["a"]}), json!("a")),
        (json!({"superset_of": ["a"]}), json!("a")),
        (json!({"one_of": ["a"]}), json!(["a"])),
        (json!({"add": ["a"]}), json!({"a": 1})),
    ] {
        let outcome = applied(&one("parameter", &operators).unwrap(), &json!({ "parameter": value }));
        let refused = matches!(outcome, Err(PolicyFault::Metadata { reason: Conflict::ParameterType(_), .. }));
        assert!(refused, "{operators} {value}: {outcome:?}");
    }
}

#[test]
fn s6_1_1_entity_types_are_independent_of_one_another() {
    let claim = json!({
        "openid_relying_party": {"contacts": {"add": ["rp"]}},
        "openid_provider": {"contacts": {"add": ["op"]}},
        "oauth_client": {"contacts": {"essential": true}},
    });
    let mut metadata = json!({"openid_relying_party": {}, "openid_provider": {"contacts": ["x"]}, "other": {}});
    policy(&claim).unwrap().apply(metadata.as_object_mut().unwrap()).unwrap();
    let expected = json!({
        "openid_relying_party": {"contacts": ["rp"]}, "openid_provider": {"contacts": ["x", "op"]}, "other": {},
    });
    assert_eq!(metadata, expected, "types that the subject does not have are not added");
}

#[test]
fn s6_1_2_a_language_tag_makes_another_parameter() {
    let policy = one("client_name#fr", &json!({"value": "Nom"})).unwrap();
    let metadata = json!({"client_name": "Name", "client_name#de": "Name"});
    let mut expected = metadata.clone();
    expected["client_name#fr"] = "Nom".into();
    assert_eq!(applied(&policy, &metadata), Ok(expected));
}

#[test]
fn s6_1_3_2_unknown_operators_are_ignored() {
    let policy = one("contacts", &json!({"regexp": "^a", "add": ["b"]})).unwrap();
    assert_eq!(applied(&policy, &json!({"contacts": ["z"]})), Ok(json!({"contacts": ["z", "b"]})));
}

mod properties {
    use proptest::prelude::*;

    use super::*;

    fn scalar() -> impl Strategy<Value = Value> {
        prop_oneof![
            prop::sample::select(vec!["a", "b", "c", "a b"]).prop_map(Value::from),
            (0..3_i64).prop_map(Value::from),
            any::<bool>().prop_map(Value::from),
            Just(Value::Null),
        ]
    }

    fn value() -> impl Strategy<Value = Value> {
        prop_oneof![
            2 => scalar(),
            3 => prop::collection::vec(prop::sample::select(vec!["a", "b", "c"]).prop_map(Value::from), 0..4)
                .prop_map(Value::from),
            1 => prop::collection::vec(scalar(), 0..4).prop_map(Value::from),
            1 => scalar().prop_map(|value| json!({ "x": value })),
        ]
    }

    fn operators() -> impl Strategy<Value = Value> {
        let name = prop::sample::select(vec![
            "value",
            "add",
            "default",
            "one_of",
            "subset_of",
            "superset_of",
            "essential",
            "regexp",
        ]);
        prop::collection::btree_map(name.prop_map(str::to_owned), value(), 0..4)
            .prop_map(|operators| Value::Object(operators.into_iter().collect()))
    }

    fn parameter() -> impl Strategy<Value = &'static str> {
        prop::sample::select(vec!["scope", "grant_types", "contacts"])
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        /// Whatever superiors write: a fault or a policy, never a panic; a merged policy never lets through what the
        /// superior's alone refuses, and never leaves a `null`.
        #[test]
        fn a_subordinate_never_widens_a_policy(
            parameter in parameter(), superior in operators(), subordinate in operators(), sent in value(),
        ) {
            let metadata = if sent.is_null() { json!({}) } else { json!({ parameter: sent }) };
            if let Ok(both) = merged(parameter, &superior, &subordinate)
                && let Ok(resolved) = applied(&both, &metadata)
            {
                let value = resolved.get(parameter);
                prop_assert!(value.is_none_or(|value| !value.is_null()), "{resolved}");
                let checks = ["one_of", "superset_of", "essential"];
                let mut checked = superior.clone();
                checked.as_object_mut().unwrap().retain(|name, _| checks.contains(&name.as_str()));
                // A parameter without operators has no policy.
                checked["regexp"] = "a".into();
                prop_assert!(applied(&one(parameter, &checked).unwrap(), &resolved).is_ok(), "{resolved}");
            }
        }

        /// A policy that is applied to its own result changes nothing.
        #[test]
        fn a_policy_is_idempotent(parameter in parameter(), operators in operators(), sent in value()) {
            let metadata = if sent.is_null() { json!({}) } else { json!({ parameter: sent }) };
            if let Ok(policy) = one(parameter, &operators)
                && let Ok(resolved) = applied(&policy, &metadata)
            {
                prop_assert_eq!(applied(&policy, &resolved), Ok(resolved));
            }
        }
    }
}

/// What becomes of metadata that a policy has left, and of which that was registered.
fn holds(operators: &Value, left: &Value, registered: &Value) -> Result<(), Conflict> {
    let outcome = Outcome {
        left: left.as_object().unwrap(),
        registered: registered.as_object().unwrap(),
        knows: |name| name == "known",
        is_spent: |_| false,
        is_default: |_, value| value == "default",
    };
    let policy = policy(&json!({ "openid_relying_party": operators })).unwrap();
    policy.holds("openid_relying_party", &outcome).map_err(|fault| match fault {
        PolicyFault::Metadata { reason, .. } => reason,
        other => panic!("{other}"),
    })
}

#[test]
fn s6_1_1_a_policy_finds_nothing_to_refuse_and_nothing_to_change_in_what_is_registered() {
    let value = |value: Value| json!({ "known": value });
    let nothing = json!({});
    for (operators, left, registered, outcome) in [
        (json!({"value": "a"}), value("a".into()), value("a".into()), Ok(())),
        (json!({"value": "a"}), value("a".into()), value("b".into()), Err(Conflict::Registered)),
        (json!({"value": "a"}), value("a".into()), nothing.clone(), Err(Conflict::Registered)),
        (json!({"value": null}), nothing.clone(), value("a".into()), Err(Conflict::Registered)),
        (json!({"value": null}), nothing.clone(), value("default".into()), Ok(())),
        (json!({"value": ""}), value("".into()), nothing.clone(), Ok(())),
        (json!({"value": ""}), value("".into()), value("default".into()), Err(Conflict::Registered)),
        (json!({"add": ["a"]}), value(json!(["a", "b"])), value(json!(["b", "a"])), Ok(())),
        (json!({"add": ["a"]}), value(json!(["a", "b"])), value(json!(["b"])), Err(Conflict::Registered)),
        (json!({"subset_of": ["a"]}), value(json!([])), nothing.clone(), Ok(())),
        (json!({"subset_of": ["a"], "essential": true}), value(json!([])), nothing.clone(), Ok(())),
        (json!({"subset_of": ["a"]}), nothing.clone(), value(json!(["a", "b"])), Err(Conflict::Registered)),
        (
            json!({"superset_of": ["a"]}),
            value(json!(["a"])),
            value(json!(["b"])),
            Err(Conflict::NotAsDemanded("superset_of")),
        ),
        (json!({"one_of": ["a"]}), nothing.clone(), value("default".into()), Err(Conflict::NotAsDemanded("one_of"))),
        (json!({"essential": true}), value("a".into()), nothing.clone(), Err(Conflict::Missing)),
    ] {
        assert_eq!(holds(&json!({ "known": operators }), &left, &registered), outcome, "{operators} {registered}");
    }
    let unknown = |operators: Value| holds(&json!({ "unknown": operators }), &json!({"unknown": "a"}), &nothing);
    assert_eq!(unknown(json!({"value": "a"})), Ok(()), "what has no meaning here is not kept");
    assert_eq!(unknown(json!({"essential": true})), Err(Conflict::Missing));
}
