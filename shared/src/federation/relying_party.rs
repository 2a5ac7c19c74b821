//! What superiors leave of a relying party's metadata, and whether what is registered of it is as they demand.

use serde_json::{Map, Value};

use super::error::Error;
use super::metadata_policy::{MetadataPolicy, Outcome, PolicyFault, is_empty};
use super::statement::{FEDERATION_ENTITY, OPENID_RELYING_PARTY};
use super::trust_chain::{ChainFault, Resolved, TrustChain};
use crate::metadata::{
    AuthMethod, Changes, ClientMetadata, Invalid, ResponseType, VerifiedMetadata, is_symmetric_signature,
};
use crate::registry::Sent;
use crate::service::is_choice;

/// Who owns an entity, in the metadata of any of its types (§5.2.2).
const ORGANIZATION_NAME: &str = "organization_name";

/// The algorithm of signatures that are none (RFC 7518 §3.6).
const UNSIGNED: &str = "none";

/// A relying party, as its superiors leave it.
pub(super) struct RelyingParty {
    /// What is to be registered.
    pub(super) metadata: ClientMetadata,
    /// The metadata of its other entity types.
    others: Map<String, Value>,
    left: Map<String, Value>,
    policy: MetadataPolicy,
}

impl RelyingParty {
    /// The subject of a chain.
    ///
    /// # Errors
    /// [`Error::Chain`] if superiors do not allow its metadata; [`Error::NoRelyingParty`]; [`Error::Core`].
    pub(super) fn of(chain: &TrustChain) -> Result<Self, Error> {
        let Resolved { metadata: mut others, policy } = chain.resolve().map_err(ChainFault::Policy)?;
        let Some(Value::Object(left)) = others.remove(OPENID_RELYING_PARTY) else { return Err(Error::NoRelyingParty) };
        let mut metadata = ClientMetadata::from_members(left.clone()).map_err(crate::Error::from)?;
        let settles = |parameter: &str| {
            policy.governs(OPENID_RELYING_PARTY, parameter) || chain.superior_gives(OPENID_RELYING_PARTY, parameter)
        };
        // What superiors have left empty is settled, and no default takes its place (§6.1.3.1.5). The lists to which it
        // matters keep that by themselves.
        if settles("scope") && left.get("scope").is_some_and(is_empty) {
            metadata.scope = Some(String::new());
        }
        if metadata.organization_name.is_none() && !settles(ORGANIZATION_NAME) {
            metadata.organization_name = organization_name(&others)?;
        }
        Ok(Self { metadata, others, left, policy })
    }

    /// Leaves it what it needs to register automatically: there is nobody to give a secret to (§12.1). Of the methods
    /// and algorithms that it supports those with keys of its own are left to choose from, and one that names no method
    /// has `private_key_jwt`.
    pub(super) fn authenticate_with_keys(&mut self) {
        let metadata = &mut self.metadata;
        let uses_secret = |name: &str| AuthMethod::parse(name).is_some_and(AuthMethod::uses_secret);
        if metadata.others.contains_key("token_endpoint_auth_methods_supported") {
            prefer(metadata, "token_endpoint_auth_methods_supported", |method| !uses_secret(method));
        } else {
            let method = &mut metadata.token_endpoint_auth_method;
            method.get_or_insert_with(|| AuthMethod::PrivateKeyJwt.as_str().to_owned());
        }
        prefer(metadata, "request_object_signing_alg_values_supported", is_asymmetric);
    }

    /// What is to be registered, and what has become of what it says of itself.
    pub(super) fn sent(&self, chain: &TrustChain) -> Sent {
        let own = chain.own_metadata().and_then(|types| types.get(OPENID_RELYING_PARTY)?.as_object());
        let changes = own.map(|own| Changes::between("federation", own, &self.metadata.to_members()));
        Sent { metadata: self.metadata.clone(), changes: changes.unwrap_or_default() }
    }

    /// Checks that what is registered of it is still as superiors demand, whatever the service's policy, its defaults
    /// and those of the specifications have made of it (§12.2.2, step 8).
    ///
    /// # Errors
    /// [`PolicyFault::Metadata`].
    pub(super) fn holds(&self, client_id: &str, registered: &VerifiedMetadata) -> Result<(), PolicyFault> {
        let mut registered = registered.to_members();
        registered.insert("client_id".to_owned(), client_id.into());
        spell_as(&self.left, &mut registered);
        let outcome = Outcome { left: &self.left, registered: &registered, knows, is_spent, is_default };
        self.policy.holds(OPENID_RELYING_PARTY, &outcome)
    }

    /// The metadata of all its entity types, with what is registered.
    pub(super) fn into_metadata(self, registered: Map<String, Value>) -> Map<String, Value> {
        let mut metadata = self.others;
        metadata.insert(OPENID_RELYING_PARTY.to_owned(), registered.into());
        metadata
    }
}

/// Checks that a relying party signs what it sends with keys of its own (§12.1).
///
/// # Errors
/// [`Invalid`], naming the member.
pub(super) fn check_automatic(registered: &VerifiedMetadata) -> Result<(), Invalid> {
    if registered.needs_secret() || !registered.has_signature_keys() {
        return Err(Invalid::requires("automatic registration", "asymmetric keys and a method that uses them"));
    }
    match &registered.rest().request_object_signing_alg {
        Some(algorithm) if !is_asymmetric(algorithm) => {
            Err(Invalid::Algorithm { member: "request_object_signing_alg", algorithm: algorithm.clone() })
        }
        _ => Ok(()),
    }
}

fn is_asymmetric(algorithm: &str) -> bool {
    algorithm != UNSIGNED && !is_symmetric_signature(algorithm)
}

/// Takes the other values out of a list, unless it has no others.
fn prefer(metadata: &mut ClientMetadata, list: &str, preferred: impl Fn(&str) -> bool) {
    let Some(values) = metadata.others.get_mut(list).and_then(Value::as_array_mut) else { return };
    let is_preferred = |value: &Value| value.as_str().is_some_and(&preferred);
    if values.iter().any(is_preferred) {
        values.retain(is_preferred);
    }
}

/// What `federation_entity` says of the organization is true of all types of the entity.
fn organization_name(others: &Map<String, Value>) -> Result<Option<crate::metadata::Localized<String>>, Error> {
    let entity = others.get(FEDERATION_ENTITY).and_then(Value::as_object);
    let names = entity.into_iter().flatten().filter(|(name, _)| name.starts_with(ORGANIZATION_NAME));
    let names = names.map(|(name, value)| (name.clone(), value.clone())).collect();
    Ok(ClientMetadata::from_members(names).map_err(crate::Error::from)?.organization_name)
}

/// Response types are registered in one spelling, and superiors may know them by another.
fn spell_as(left: &Map<String, Value>, registered: &mut Map<String, Value>) {
    let sent: Vec<&str> =
        left.get("response_types").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect();
    for response in registered.get_mut("response_types").and_then(Value::as_array_mut).into_iter().flatten() {
        let parsed = response.as_str().and_then(ResponseType::parse_any_order);
        if let Some(spelling) = sent.iter().find(|sent| ResponseType::parse_any_order(sent) == parsed) {
            *response = (*spelling).into();
        }
    }
}

/// Whether a member is one of client metadata, in whatever language.
fn knows(parameter: &str) -> bool {
    let name = parameter.split_once('#').map_or(parameter, |(name, _)| name);
    name == "client_id" || ClientMetadata::MEMBERS.contains(&name)
}

/// What a value is chosen from, and what has no effect under the method that is registered, is not kept.
fn is_spent(parameter: &str) -> bool {
    is_choice(parameter) || parameter == "token_endpoint_auth_signing_alg" || parameter.starts_with("tls_client_auth_")
}

/// The defaults of RFC 7591 §2 and OIDC Registration §2.
fn is_default(parameter: &str, value: &Value) -> bool {
    let text = value.as_str().or_else(|| match value.as_array()?.as_slice() {
        [one] => one.as_str(),
        _ => None,
    });
    let default = match parameter {
        "application_type" => "web",
        "grant_types" => "authorization_code",
        "response_types" => "code",
        "token_endpoint_auth_method" => "client_secret_basic",
        "id_token_signed_response_alg" => "RS256",
        name if name.ends_with("_enc") => "A128CBC-HS256",
        _ => return false,
    };
    text == Some(default)
}
