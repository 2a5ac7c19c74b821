//! Authlete's `Client`: what operators write, and what they are answered.

mod alias;
mod fields;
mod read;
mod write;

pub(crate) use alias::permitted;
pub(crate) use fields::{Form, METADATA, OWN, shape, written};
pub(crate) use read::{draft, scopes};
pub(crate) use write::{View, client};

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};
    use shared::client::{ClientInformation, ClientRecord, ClientType, RegisteredClient, Source};
    use shared::metadata::{Strictness, verify};
    use shared::policy::{Policy, Preset};

    use super::fields::{Form, METADATA, OWN, shape};
    use super::{View, client, draft};
    use crate::constants::Constants;
    use crate::shape::{Shape, TAGGED};

    /// The client that an operator's `Client` makes, unless it is refused.
    fn created(sent: &Map<String, Value>, policy: &Policy) -> Option<RegisteredClient> {
        registered(draft(sent, None, policy).ok()?, ClientType::Confidential, policy)
    }

    fn registered(
        draft: shared::administration::Draft,
        client_type: ClientType,
        policy: &Policy,
    ) -> Option<RegisteredClient> {
        let mut metadata = draft.metadata;
        metadata.others.retain(|name, _| policy.custom_members.contains(name));
        let metadata = verify(metadata, Strictness::Operator).ok()?;
        let client_type = draft.client_type.unwrap_or(client_type);
        let record =
            ClientRecord { settings: draft.settings, ..ClientRecord::new(metadata, client_type, 1_790_000_000_000) };
        Some(RegisteredClient {
            client_id: "5".to_owned(),
            numeric_id: 5,
            ..RegisteredClient::new(1, Source::AuthleteCreate, record)
        })
    }

    fn answered(registered: RegisteredClient) -> Map<String, Value> {
        client(&ClientInformation::new(registered, None, None), View::Full)
    }

    fn has_null(value: &Value) -> bool {
        match value {
            Value::Null => true,
            Value::Array(values) => values.iter().any(has_null),
            Value::Object(members) => members.values().any(has_null),
            Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
        }
    }

    const KEYS: &str = r#"{"keys":[{"crv":"Ed25519","kty":"OKP","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn constants(known: Constants) -> impl Strategy<Value = Value> {
        prop::sample::select(known.to_vec()).prop_map(|(_, constant)| constant.into())
    }

    /// A value that a member of that type may have.
    fn plausible(shape: Shape) -> BoxedStrategy<Value> {
        let url = "https://rp.example/cb";
        match shape {
            Shape::Text | Shape::Url => Just(json!(url)).boxed(),
            Shape::Flag => any::<bool>().prop_map(Value::from).boxed(),
            Shape::Integer | Shape::Int32 => (0..100_u64).prop_map(Value::from).boxed(),
            Shape::Texts => Just(json!([url])).boxed(),
            Shape::Constant(known) => constants(known).boxed(),
            Shape::Constants(known) => prop::collection::vec(constants(known), 1..3).prop_map(Value::from).boxed(),
            Shape::Entries(names) => Just(json!([{names[0]: "fr", names[1]: url, "other": null}])).boxed(),
            Shape::Objects | Shape::Object => Just(json!({})).boxed(),
            Shape::Json => Just(json!(KEYS)).boxed(),
        }
    }

    fn member() -> impl Strategy<Value = (String, Value)> {
        let mut shapes: Vec<(&str, Shape)> = METADATA.iter().map(|(field, _, _)| (*field, shape(field))).collect();
        shapes.extend(OWN);
        for (field, _, form) in METADATA {
            match form {
                Form::Constant(known) => shapes.push((field, Shape::Constant(known))),
                Form::Json => shapes.push((field, Shape::Json)),
                Form::Localized(Some(plural)) => shapes.push((plural, TAGGED)),
                Form::Localized(None) | Form::Same(_) | Form::Flag | Form::Constants(_) => {}
            }
        }
        shapes.extend([("developer", Shape::Text), ("clientIdAliasEnabled", Shape::Flag)]);
        let known =
            prop::sample::select(shapes).prop_flat_map(|(name, shape)| (Just(name.to_owned()), plausible(shape)));
        let extension = json!({"requestableScopes": ["a"], "requestableScopesEnabled": true, "idTokenDuration": 5});
        let fixed = prop::sample::select(vec![
            ("clientType", json!("PUBLIC")),
            ("clientIdAlias", json!("shop")),
            ("customMetadata", json!(r#"{"tenant":{"a":[1]},"other":1}"#)),
            ("extension", extension),
        ]);
        let junk = (
            prop::sample::select(vec!["redirectUris", "jwks", "extension", "clientNames", "grantTypes"]),
            any::<i32>(),
        );
        prop_oneof![
            12 => known,
            2 => fixed.prop_map(|(name, value)| (name.to_owned(), value)),
            1 => junk.prop_map(|(name, value)| (name.to_owned(), value.into())),
        ]
    }

    fn members() -> impl Strategy<Value = Map<String, Value>> {
        prop::collection::vec(member(), 0..10).prop_map(|members| members.into_iter().collect())
    }

    proptest! {
        /// Any members with any values: refused or created, never a panic; the answer has no `null`, and written
        /// back it changes nothing.
        #[test]
        fn what_is_answered_can_be_written_back_and_changes_nothing(sent in members()) {
            let mut policy = Preset::Open.policy();
            policy.custom_members = vec!["tenant".to_owned()];
            if let Some(first) = created(&sent, &policy) {
                let answer = answered(first.clone());
                prop_assert!(!has_null(&Value::Object(answer.clone())), "{answer:?}");
                let again = draft(&answer, Some(&first), &policy).unwrap();
                let again = registered(again, first.record.client_type, &policy).unwrap();
                prop_assert_eq!(&again.record, &first.record);
                prop_assert_eq!(answered(again), answer);
            }
        }
    }
}
