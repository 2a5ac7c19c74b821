//! Schemas of the members that the code has in tables.

use serde_json::{Map, Value, json};
use shared::metadata::{ClientMetadata, MemberKind};

/// Client metadata, Authlete's objects as far as they are tables, and what makes an answer open.
pub(crate) fn schemas() -> Map<String, Value> {
    let schemas = [
        ("CustomMember", json!({ "description": "A member of metadata that the policy's `custom_members` names." })),
        ("OperatorMember", json!({ "description": "A member that the service's operator has written." })),
        ("ClientMetadata", client_metadata()),
        ("AuthleteClientMembers", authlete(authlete::description::client())),
        ("AuthleteServiceMembers", authlete(authlete::description::service())),
    ];
    schemas.map(|(name, schema)| (name.to_owned(), schema)).into_iter().collect()
}

/// RFC 7591 §2 and what extends it, as clients send it: what is not known is dropped, or kept as a custom member.
fn client_metadata() -> Value {
    let (mut members, mut languages) = (Map::new(), Map::new());
    for description in ClientMetadata::DESCRIPTIONS {
        let mut schema = match description.kind {
            MemberKind::Text => json!({ "type": "string" }),
            MemberKind::Texts => json!({ "type": "array", "items": { "type": "string" } }),
            MemberKind::Flag => json!({ "type": "boolean" }),
            MemberKind::Integer => json!({ "type": "integer", "minimum": 0 }),
            MemberKind::Object => json!({ "type": "object" }),
        };
        if description.is_localized {
            languages.insert(format!("^{}#.", description.name), schema.clone());
        }
        schema["description"] = description.reference.trim().into();
        members.insert(description.name.to_owned(), schema);
    }
    json!({
        "type": "object",
        "description": "Client metadata. A member of another language has a tag: `client_name#fr` (RFC 7591 §2.2). \
            Others are dropped, unless the policy's `custom_members` names them.",
        "properties": members,
        "patternProperties": languages,
        "additionalProperties": true,
    })
}

fn authlete(members: impl Iterator<Item = (&'static str, Option<&'static str>, Value)>) -> Value {
    let described = members.map(|(name, metadata, mut schema)| {
        if let Some(metadata) = metadata {
            schema["description"] = format!("`{metadata}`").into();
        }
        (name.to_owned(), schema)
    });
    json!({
        "type": "object",
        "properties": described.collect::<Map<_, _>>(),
        "additionalProperties": true,
    })
}
