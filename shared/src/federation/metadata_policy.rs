//! Metadata policy (§6.1): what superiors demand of the metadata of those below them.
//!
//! The policies of a chain are merged from the trust anchor down ([`MetadataPolicy::merge`]) and then applied to the
//! subject's metadata ([`MetadataPolicy::apply`]). Lists are sets: neither order nor repetition counts.

mod operators;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::metadata::quoted_if_made_up;
use operators::ParameterPolicy;
pub(super) use operators::STANDARD as STANDARD_OPERATORS;

/// The policies of a `metadata_policy` claim (§6.1.2): entity type, metadata parameter, operators.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MetadataPolicy(BTreeMap<String, BTreeMap<String, ParameterPolicy>>);

/// Why a policy or the metadata under it is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// The claim is not an object of objects of objects, or one of them has no member (§6.1.2).
    #[error("metadata_policy is not an object of entity types, parameters and operators, one of each at least")]
    Structure,
    /// An operator's own value, two operators that exclude each other, or two policies that do.
    #[error("metadata_policy of {}: {reason}", quoted_if_made_up(parameter))]
    Policy {
        /// The metadata parameter.
        parameter: String,
        /// What is wrong.
        reason: Conflict,
    },
    /// The subject's metadata does not comply.
    #[error("{} does not comply with the metadata policy: {reason}", quoted_if_made_up(parameter))]
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
    /// The service registers another value than the policy leaves.
    #[error("the service registers another value")]
    Registered,
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

    /// Whether it has something to say about a parameter, in any language.
    pub(super) fn governs(&self, entity_type: &str, parameter: &str) -> bool {
        let names = self.0.get(entity_type).into_iter().flat_map(BTreeMap::keys);
        names.map(|name| name.split_once('#').map_or(name.as_str(), |(name, _)| name)).any(|name| name == parameter)
    }

    /// Checks what was made of metadata to which the policy was applied: applied once more, it finds nothing to refuse
    /// and nothing to change (§6.1.1).
    ///
    /// # Errors
    /// [`PolicyFault::Metadata`].
    pub(super) fn holds(&self, entity_type: &str, outcome: &Outcome<'_>) -> Result<(), PolicyFault> {
        for (name, policy) in self.0.get(entity_type).into_iter().flatten() {
            let kept = outcome.of(name);
            let complies = match policy.apply(name, kept.cloned()) {
                Ok(None) => kept.is_none_or(|value| (outcome.is_default)(name, value)),
                Ok(Some(due)) => match kept {
                    Some(kept) => operators::same_parameter(name, kept, &due),
                    None => !(outcome.knows)(name),
                },
                Err(reason) => return Err(PolicyFault::Metadata { parameter: name.clone(), reason }),
            };
            if !complies {
                return Err(PolicyFault::Metadata { parameter: name.clone(), reason: Conflict::Registered });
            }
        }
        Ok(())
    }
}

/// What became of metadata to which a policy was applied.
pub(super) struct Outcome<'m> {
    /// What the policy has left.
    pub(super) left: &'m Map<String, Value>,
    /// What was made of it.
    pub(super) registered: &'m Map<String, Value>,
    /// Whether a parameter has a meaning: one that has none and is not kept has no value that could be a wrong one.
    pub(super) knows: fn(&str) -> bool,
    /// Whether a parameter has done its part without being kept.
    pub(super) is_spent: fn(&str) -> bool,
    /// Whether a value is what an absent parameter has by its specification.
    pub(super) is_default: fn(&str, &Value) -> bool,
}

impl Outcome<'_> {
    /// The value of a parameter. What the policy has left empty is settled, and nothing is registered for it.
    fn of(&self, name: &str) -> Option<&Value> {
        let settled = |value: &&Value| is_empty(value) || (self.is_spent)(name);
        self.registered.get(name).or_else(|| self.left.get(name).filter(settled))
    }
}

/// Whether a parameter is there and says nothing.
pub(super) fn is_empty(value: &Value) -> bool {
    value.as_str().is_some_and(str::is_empty) || value.as_array().is_some_and(Vec::is_empty)
}

fn object(value: &Value) -> Result<&Map<String, Value>, PolicyFault> {
    value.as_object().filter(|members| !members.is_empty()).ok_or(PolicyFault::Structure)
}

fn in_policy(parameter: &str) -> impl FnOnce(Conflict) -> PolicyFault {
    let parameter = parameter.to_owned();
    |reason| PolicyFault::Policy { parameter, reason }
}

#[cfg(test)]
mod tests;
