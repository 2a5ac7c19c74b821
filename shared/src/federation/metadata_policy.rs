//! Metadata policy (§6.1): what superiors demand of the metadata of those below them.
//!
//! The policies of a chain are merged from the trust anchor down ([`MetadataPolicy::merge`]) and then applied to the
//! subject's metadata ([`MetadataPolicy::apply`]). Lists are sets: neither order nor repetition counts.

mod operators;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use operators::ParameterPolicy;
pub(super) use operators::STANDARD as STANDARD_OPERATORS;

/// The policies of a `metadata_policy` claim (§6.1.2): entity type, metadata parameter, operators.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetadataPolicy(BTreeMap<String, BTreeMap<String, ParameterPolicy>>);

/// Why a policy or the metadata under it is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The claim is not an object of objects of objects.
    #[error("metadata_policy is not an object of entity types, parameters and operators")]
    Structure,
    /// An operator's own value, two operators that exclude each other, or two policies that do.
    #[error("metadata_policy of {parameter}: {reason}")]
    Policy {
        /// The metadata parameter.
        parameter: String,
        /// What is wrong.
        reason: Conflict,
    },
    /// The subject's metadata does not comply.
    #[error("{parameter} does not comply with the metadata policy: {reason}")]
    Metadata {
        /// The metadata parameter.
        parameter: String,
        /// What is wrong.
        reason: Conflict,
    },
}

/// What is wrong with one metadata parameter or its policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// An operator is configured with a value of a type that it does not take.
    #[error("{0} does not take such a value")]
    OperatorValue(&'static str),
    /// Two operators that may not be combined, or not with these values.
    #[error("{0} and {1} cannot be combined so")]
    Combination(&'static str, &'static str),
    /// A superior and a subordinate contradict each other.
    #[error("superior and subordinate differ in {0}")]
    Merge(&'static str),
    /// The parameter is of a type that the operator does not work on.
    #[error("{0} does not work on such a value")]
    ParameterType(&'static str),
    /// The parameter's value is not among those of the operator, or lacks some.
    #[error("it is not as {0} demands")]
    NotAsDemanded(&'static str),
    /// The parameter is missing.
    #[error("it is essential, and missing")]
    Missing,
}

impl MetadataPolicy {
    /// Reads the claim, and checks that each parameter's policy is sound (§6.1.4.1). Operators that no specification
    /// here knows are left out; critical ones are the statement's business.
    ///
    /// # Errors
    /// [`PolicyFault::Structure`], [`PolicyFault::Policy`].
    pub fn parse(claim: &Value) -> Result<Self, PolicyFault> {
        let mut types = BTreeMap::new();
        for (entity_type, parameters) in object(claim)? {
            let mut policies = BTreeMap::new();
            for (name, operators) in object(parameters)? {
                let policy = ParameterPolicy::parse(name, object(operators)?);
                policies.insert(name.clone(), policy.map_err(in_policy(name))?);
            }
            types.insert(entity_type.clone(), policies);
        }
        Ok(Self(types))
    }

    /// Merges a subordinate's policy into this one (§6.1.4.1).
    ///
    /// # Errors
    /// [`PolicyFault::Policy`].
    pub fn merge(&mut self, subordinate: Self) -> Result<(), PolicyFault> {
        for (entity_type, parameters) in subordinate.0 {
            let current = self.0.entry(entity_type).or_default();
            for (name, policy) in parameters {
                let merged = match current.remove(&name) {
                    None => policy,
                    Some(superior) => superior.merged_with(policy).map_err(in_policy(&name))?,
                };
                current.insert(name, merged);
            }
        }
        Ok(())
    }

    /// Applies the policy to the metadata of every entity type (§6.1.4.2).
    ///
    /// # Errors
    /// [`PolicyFault::Metadata`].
    pub fn apply(&self, metadata: &mut Map<String, Value>) -> Result<(), PolicyFault> {
        for (entity_type, parameters) in &self.0 {
            let Some(Value::Object(metadata)) = metadata.get_mut(entity_type) else { continue };
            for (name, policy) in parameters {
                let sent = metadata.remove(name);
                let value = policy.apply(name, sent);
                let value = value.map_err(|reason| PolicyFault::Metadata { parameter: name.clone(), reason })?;
                metadata.extend(value.map(|value| (name.clone(), value)));
            }
        }
        Ok(())
    }
}

fn object(value: &Value) -> Result<&Map<String, Value>, PolicyFault> {
    value.as_object().ok_or(PolicyFault::Structure)
}

fn in_policy(parameter: &str) -> impl FnOnce(Conflict) -> PolicyFault {
    let parameter = parameter.to_owned();
    |reason| PolicyFault::Policy { parameter, reason }
}

#[cfg(test)]
mod tests;
