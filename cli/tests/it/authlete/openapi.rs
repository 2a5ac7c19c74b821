//! Authlete's `OpenAPI` document: every example of these operations is accepted, and every answer has its shape.
//!
//! `cli/tests/data/authlete-openapi.json` holds the operations and schemas of version 3.0.16 that are built here,
//! without their descriptions; its licence is beside it.

use serde_json::{Map, Value, json};
use shared::caller::Permission;

use super::{Authlete, Owner, operator_token};
use crate::support::Reply;

/// Members of examples that are not answered: the number of a service's owner, and a password of an earlier version.
const NOT_ANSWERED: [&str; 2] = ["serviceOwnerNumber", "apiSecret"];

pub(super) fn document() -> Value {
    serde_json::from_str(include_str!("../../data/authlete-openapi.json")).unwrap()
}

pub(super) fn operation<'d>(document: &'d Value, name: &str) -> &'d Value {
    let operation = &document["operations"][name];
    assert!(operation.is_object(), "{name}");
    operation
}

/// The value has the shape of the schema.
pub(super) fn assert_shape(document: &Value, schema: &Value, value: &Value, what: &str) {
    let whole = json!({"allOf": [schema], "components": document["components"]});
    let validator = jsonschema::validator_for(&whole).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(value).map(|fault| format!("{}: {fault}", fault.instance_path())).collect();
    assert!(faults.is_empty(), "{what}: {faults:?}");
}

/// The answer has what the example has, with the same JSON types.
pub(super) fn assert_like(example: &Value, value: &Value, what: &str) {
    match (example, value) {
        (Value::Object(example), Value::Object(value)) => {
            for (name, member) in example.iter().filter(|(name, _)| !NOT_ANSWERED.contains(&name.as_str())) {
                let found = value.get(name).unwrap_or_else(|| panic!("{what}: {name} is missing in {value:?}"));
                assert_like(member, found, &format!("{what}.{name}"));
            }
        }
        (Value::Array(example), Value::Array(value)) => {
            if let (Some(example), Some(value)) = (example.first(), value.first()) {
                assert_like(example, value, what);
            }
        }
        _ => assert_eq!(std::mem::discriminant(example), std::mem::discriminant(value), "{what}"),
    }
}

/// An answer to an operation fits the document.
fn assert_documented(document: &Value, name: &str, reply: &Reply) {
    assert!(reply.status < 300, "{name}: {reply:?}");
    let status = reply.status.to_string();
    let Some(answer) = operation(document, name)["responses"][&status].get("application/json") else {
        assert_eq!(reply.body, Value::Null, "{name}");
        return;
    };
    assert_shape(document, &answer["schema"], &reply.body, name);
    if let Some(example) = answer["examples"].as_array().and_then(|examples| examples.first()) {
        assert_like(example, &reply.body, name);
    }
}

pub(super) fn examples(document: &Value, name: &str) -> Vec<Value> {
    let request = &operation(document, name)["request"]["application/json"];
    let examples = request["examples"].as_array().unwrap().clone();
    for example in &examples {
        assert_shape(document, &request["schema"], example, name);
    }
    examples
}

#[tokio::test]
async fn registration_examples_are_accepted_and_answered_in_shape() {
    let authlete = Authlete::open().await;
    let document = document();
    let name = "POST /api/{serviceId}/client/registration";
    let example = examples(&document, name).remove(0);
    let registered = authlete.post("/client/registration", &example).await;
    assert_documented(&document, name, &registered);
    let content = super::content(&registered);
    let own = |mut example: Value| {
        example["clientId"] = content["client_id"].clone();
        example["token"] = content["registration_access_token"].clone();
        if let Some(text) = example["json"].as_str() {
            let mut metadata: Map<String, Value> = serde_json::from_str(text).unwrap();
            for member in ["client_id", "client_secret"] {
                metadata.insert(member.to_owned(), content[member].clone());
            }
            example["json"] = Value::Object(metadata).to_string().into();
        }
        example
    };
    for operation in ["get", "update", "delete"] {
        let name = format!("POST /api/{{serviceId}}/client/registration/{operation}");
        for example in examples(&document, &name) {
            let reply = authlete.post(&format!("/client/registration/{operation}"), &own(example)).await;
            assert_documented(&document, &name, &reply);
            assert_ne!(reply.text("action"), "BAD_REQUEST", "{reply:?}");
        }
    }
}

#[tokio::test]
async fn client_management_examples_are_accepted_and_answered_in_shape() {
    let authlete = Authlete::open().await;
    let document = document();
    let create = "POST /api/{serviceId}/client/create";
    let created = authlete.post("/client/create", &examples(&document, create).remove(0)).await;
    assert_documented(&document, create, &created);
    let whole = &operation(&document, create)["responses"]["201"]["application/json"]["examples"][0];
    assert_like(whole, &created.body, create);
    let id = created.body["clientId"].to_string();
    authlete.world.catch_up().await;
    for (name, method, path, body) in [
        ("client/get/{clientId}", "GET", format!("/client/get/{id}"), None),
        ("client/get/list", "GET", "/client/get/list?developer=john".to_owned(), None),
        ("client/update/{clientId}", "POST", format!("/client/update/{id}"), None),
        ("client/lock_flag/update/{clientIdentifier}", "POST", format!("/client/lock_flag/update/{id}"), None),
        ("client/secret/refresh/{clientIdentifier}", "GET", format!("/client/secret/refresh/{id}"), None),
        ("client/secret/update/{clientIdentifier}", "POST", format!("/client/secret/update/{id}"), None),
        (
            "client/extension/requestable_scopes/update/{clientId}",
            "PUT",
            format!("/client/extension/requestable_scopes/update/{id}"),
            Some(json!({"requestableScopes": ["a", "b"]})),
        ),
        (
            "client/extension/requestable_scopes/update/{clientId}",
            "POST",
            format!("/client/extension/requestable_scopes/update/{id}"),
            Some(json!({"requestableScopes": ["a"]})),
        ),
        (
            "client/extension/requestable_scopes/get/{clientId}",
            "GET",
            format!("/client/extension/requestable_scopes/get/{id}"),
            None,
        ),
        (
            "client/extension/requestable_scopes/delete/{clientId}",
            "DELETE",
            format!("/client/extension/requestable_scopes/delete/{id}"),
            None,
        ),
        ("client/delete/{clientId}", "DELETE", format!("/client/delete/{id}"), None),
    ] {
        let name = format!("{method} /api/{{serviceId}}/{name}");
        let body = match (body, method) {
            (Some(body), _) => body,
            (None, "POST") => examples(&document, &name).remove(0),
            (None, _) => Value::Null,
        };
        assert_documented(&document, &name, &authlete.call(method, &path, &body).await);
    }
}

#[tokio::test]
async fn service_examples_are_accepted_and_answered_in_shape() {
    let authlete = Authlete::open().await;
    let world = &authlete.world;
    let document = document();
    let token = operator_token(world, Owner::Organization("tests"), &Permission::ALL).await;
    let create = "POST /api/service/create";
    let example = examples(&document, create).remove(0);
    let created = world.send_json("POST", "/api/service/create", Some(&token), &example).await;
    assert_documented(&document, create, &created);
    let whole = &operation(&document, create)["responses"]["201"]["application/json"]["examples"][0];
    assert_like_but(whole, &created.body, &["supportedClaimTypes", "supportedDisplays"], create);
    let id = created.body["apiKey"].to_string();
    let update = "POST /api/{serviceId}/service/update";
    let mut changes = examples(&document, update).remove(0);
    changes["jwks"] = json!(
        "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"use\":\"sig\",\"kid\":\"a\",\"x\":\"MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4\",\"y\":\"4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM\"}]}"
    );
    let path = format!("/api/{id}/service/update");
    let updated = world.send_json("POST", &path, Some(&token), &changes).await;
    assert_documented(&document, update, &updated);
    for (name, path) in [
        ("GET /api/{serviceId}/service/get", format!("/api/{id}/service/get")),
        ("GET /api/service/get/list", "/api/service/get/list?start=1".to_owned()),
    ] {
        let reply = world.send_bare("GET", &path, Some(&token)).await;
        assert_documented(&document, name, &reply);
    }
    for (name, path) in [
        ("GET /api/{serviceId}/service/configuration", format!("/api/{id}/service/configuration")),
        ("GET /api/{serviceId}/service/jwks/get", format!("/api/{id}/service/jwks/get")),
    ] {
        let reply = world.send_bare("GET", &path, Some(&token)).await;
        let answer = &operation(&document, name)["responses"]["200"]["application/json"];
        assert_shape(&document, &answer["schema"], &reply.body, name);
    }
    let delete = world.send_bare("DELETE", &format!("/api/{id}/service/delete"), Some(&token)).await;
    assert_documented(&document, "DELETE /api/{serviceId}/service/delete", &delete);
}

fn assert_like_but(example: &Value, value: &Value, without: &[&str], what: &str) {
    let mut example = example.clone();
    example.as_object_mut().unwrap().retain(|name, _| !without.contains(&name.as_str()));
    assert_like(&example, value, what);
}

#[tokio::test]
async fn errors_have_the_documents_shape() {
    let authlete = Authlete::open().await;
    let document = document();
    let responses = &operation(&document, "POST /api/{serviceId}/client/create")["responses"];
    let reply = authlete.post("/client/create", &json!({"redirectUris": ["x"]})).await;
    assert_shape(&document, &responses["400"]["application/json"]["schema"], &reply.body, "400");
    let reply = authlete.world.send_json("POST", "/api/1/client/create", None, &json!({})).await;
    assert_shape(&document, &responses["401"]["application/json"]["schema"], &reply.body, "401");
    assert_eq!(reply.text("resultMessage"), "[A001202] /client/create, Authorization header is missing.");
}

#[tokio::test]
async fn plain_operations_answer_without_a_token() {
    let authlete = Authlete::open().await;
    let document = document();
    let info = authlete.world.send_bare("GET", "/api/info", None).await;
    assert_documented(&document, "GET /api/info", &info);
    assert_eq!(info.body["features"], json!(["dcr", "oidc_federation"]));
    let echo = authlete.world.send_bare("GET", "/api/misc/echo?a=1&b=x%20y&b=z", None).await;
    assert_eq!(echo.body, json!({"a": "1", "b": "z"}));
}
