//! Relying Party Metadata Choices 1.0: a client lists what it supports, the server picks one, registers the
//! singular member and drops the list.

use serde_json::Value;

use super::Policy;
use crate::metadata::{ClientMetadata, Invalid};

type Singular = fn(&mut ClientMetadata) -> &mut Option<String>;

/// The lists and the singular members that are registered for them; the client's first value is taken.
const LISTS: [(&str, Singular); 19] = [
    ("subject_types_supported", |m| &mut m.subject_type),
    ("id_token_signing_alg_values_supported", |m| &mut m.id_token_signed_response_alg),
    ("id_token_encryption_alg_values_supported", |m| &mut m.id_token_encrypted_response_alg),
    ("id_token_encryption_enc_values_supported", |m| &mut m.id_token_encrypted_response_enc),
    ("userinfo_signing_alg_values_supported", |m| &mut m.userinfo_signed_response_alg),
    ("userinfo_encryption_alg_values_supported", |m| &mut m.userinfo_encrypted_response_alg),
    ("userinfo_encryption_enc_values_supported", |m| &mut m.userinfo_encrypted_response_enc),
    ("request_object_signing_alg_values_supported", |m| &mut m.request_object_signing_alg),
    ("request_object_encryption_alg_values_supported", |m| &mut m.request_object_encryption_alg),
    ("request_object_encryption_enc_values_supported", |m| &mut m.request_object_encryption_enc),
    ("token_endpoint_auth_signing_alg_values_supported", |m| &mut m.token_endpoint_auth_signing_alg),
    ("introspection_signing_alg_values_supported", |m| &mut m.introspection_signed_response_alg),
    ("introspection_encryption_alg_values_supported", |m| &mut m.introspection_encrypted_response_alg),
    ("introspection_encryption_enc_values_supported", |m| &mut m.introspection_encrypted_response_enc),
    ("authorization_signing_alg_values_supported", |m| &mut m.authorization_signed_response_alg),
    ("authorization_encryption_alg_values_supported", |m| &mut m.authorization_encrypted_response_alg),
    ("authorization_encryption_enc_values_supported", |m| &mut m.authorization_encrypted_response_enc),
    ("backchannel_authentication_request_signing_alg_values_supported", |m| {
        &mut m.backchannel_authentication_request_signing_alg
    }),
    ("backchannel_token_delivery_modes_supported", |m| &mut m.backchannel_token_delivery_mode),
];

/// Registers a singular member for every list; a singular that was sent stands.
pub(super) fn choose(policy: &Policy, metadata: &mut ClientMetadata) -> Result<(), Invalid> {
    const METHODS: &str = "token_endpoint_auth_methods_supported";
    if let Some(supported) = list(metadata, METHODS)? {
        let offered = &policy.token_endpoint_auth_methods.offered;
        let chosen = offered.iter().find(|method| supported.iter().any(|name| name == method.as_str()));
        match (chosen, supported.first()) {
            (Some(method), _) => {
                metadata.token_endpoint_auth_method.get_or_insert_with(|| method.as_str().to_owned());
            }
            (None, Some(name)) if metadata.token_endpoint_auth_method.is_none() => {
                return Err(Invalid::not_offered(METHODS, name));
            }
            (None, _) => {}
        }
    }
    for (name, singular) in LISTS {
        if let Some(first) = list(metadata, name)?.and_then(|values| values.into_iter().next()) {
            singular(metadata).get_or_insert(first);
        }
    }
    if let Some(modes) = list(metadata, "response_modes_supported")? {
        metadata.response_modes.get_or_insert(modes);
    }
    Ok(())
}

fn list(metadata: &mut ClientMetadata, name: &str) -> Result<Option<Vec<String>>, Invalid> {
    let Some(value) = metadata.others.remove(name) else { return Ok(None) };
    let Value::Array(values) = value else { return Err(Invalid::wrong_type(name, "an array of strings")) };
    let texts = values.into_iter().map(|value| match value {
        Value::String(text) => Some(text),
        _ => None,
    });
    texts.collect::<Option<_>>().map(Some).ok_or_else(|| Invalid::wrong_type(name, "an array of strings"))
}
