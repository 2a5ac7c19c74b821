//! Trust chains (§4, §10.2): from a subject up to a trust anchor whose keys the service has.

use jsonwebtoken::jwk::JwkSet;
use serde_json::{Map, Value};

use super::constraints::{Constraints, Violated};
use super::entity_id::EntityId;
use super::metadata_policy::{MetadataPolicy, PolicyFault};
use super::statement::{EntityStatement, Kind, StatementFault};

/// How many statements a chain may have: the subject's configuration, those about it and its intermediates, and the
/// trust anchor's configuration.
pub const MAX_STATEMENTS: usize = 8;

/// How long the statements of a chain may be together, in bytes: they are kept beside the client.
pub const MAX_BYTES: usize = 128 * 1024;

/// An entity that a service trusts, with the keys that it was given out of band (§11.3).
#[derive(Debug, Clone)]
pub struct TrustAnchor {
    /// Its identifier.
    pub entity_id: EntityId,
    /// Its keys.
    pub keys: JwkSet,
    /// Whom it may vouch for, as the service has it.
    pub subjects: Constraints,
}

/// A chain that was validated.
#[derive(Debug, Clone)]
pub struct TrustChain {
    statements: Vec<EntityStatement>,
    trust_anchor: EntityId,
}

/// What superiors leave of the metadata of a chain's subject.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The metadata, by entity type.
    pub metadata: Map<String, Value>,
    /// The policy of all superiors, which was applied to it.
    pub policy: MetadataPolicy,
}

/// Why a chain is not valid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainFault {
    /// A statement is not valid.
    #[error("the statement of {issuer} about {subject}: {fault}")]
    Statement {
        /// Its issuer.
        issuer: EntityId,
        /// Its subject.
        subject: EntityId,
        /// Why.
        fault: StatementFault,
    },
    /// A statement, by its place in the list, cannot be read.
    #[error("statement {index}: {fault}")]
    Unreadable {
        /// Its place, from 0.
        index: usize,
        /// Why.
        fault: StatementFault,
    },
    /// Not a list of statements.
    #[error("a trust chain is a list of entity statements")]
    NotAList,
    /// Fewer than two statements, or more than are read.
    #[error("a trust chain has 2 to {MAX_STATEMENTS} statements")]
    Length,
    /// More bytes than are kept.
    #[error("a trust chain has at most {MAX_BYTES} bytes")]
    TooLarge,
    /// `iss` of a statement is not `sub` of the next.
    #[error("{0} has no statement about it in the next place")]
    Broken(EntityId),
    /// An entity stands in it twice.
    #[error("{0} is in it twice")]
    Loop(EntityId),
    /// The subject does not name its superior.
    #[error("authority_hints does not name {0}")]
    NotHinted(EntityId),
    /// It ends at an entity that the service does not trust.
    #[error("{0} is not a trust anchor of this service")]
    TrustAnchor(EntityId),
    /// The service does not let a trust anchor vouch for such an entity.
    #[error("{anchor} may not vouch for {subject} at this service")]
    NotItsToVouchFor {
        /// The trust anchor.
        anchor: EntityId,
        /// The entity.
        subject: EntityId,
    },
    /// A constraint.
    #[error("{constraint} of {issuer} is violated")]
    Constraint {
        /// Who has set it.
        issuer: EntityId,
        /// Which it is.
        constraint: Violated,
    },
    /// The policies contradict each other, or the metadata does not comply.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
}

impl TrustChain {
    /// Reads a chain as it is sent: a list of JWTs, the last of which may be the trust anchor's configuration. `first`
    /// is what its first statement has to be.
    ///
    /// # Errors
    /// [`ChainFault`].
    pub fn read(texts: &[&str], first: Kind<'_>, now: u64) -> Result<Vec<EntityStatement>, ChainFault> {
        if !(2..=MAX_STATEMENTS).contains(&texts.len()) {
            return Err(ChainFault::Length);
        }
        let last = texts.len() - 1;
        let read = |(index, text): (usize, &&str)| {
            let kind = if index == 0 { first } else { Kind::Subordinate };
            let statement = match EntityStatement::read(text, kind, now) {
                Err(StatementFault::SelfIssued) if index == last => {
                    EntityStatement::read(text, Kind::Configuration, now)
                }
                read => read,
            };
            statement.map_err(|fault| ChainFault::Unreadable { index, fault })
        };
        texts.iter().enumerate().map(read).collect()
    }

    /// Validates a chain (§10.2) whose statements were read: its links, its signatures up to a pinned key, its
    /// constraints.
    ///
    /// # Errors
    /// [`ChainFault`].
    pub fn validate(statements: Vec<EntityStatement>, anchors: &[TrustAnchor]) -> Result<Self, ChainFault> {
        let chain = Self::linked(statements)?;
        let anchor = anchors.iter().find(|anchor| anchor.entity_id == chain.trust_anchor);
        let anchor = anchor.ok_or_else(|| ChainFault::TrustAnchor(chain.trust_anchor.clone()))?;
        chain.check_signatures(anchor)?;
        chain.check_constraints()?;
        if anchor.subjects.check(0, std::iter::once(chain.subject())).is_err() {
            let (anchor, subject) = (chain.trust_anchor.clone(), chain.subject().clone());
            return Err(ChainFault::NotItsToVouchFor { anchor, subject });
        }
        Ok(chain)
    }

    /// §10.2 without signatures: each issuer is the subject of the next statement, nobody stands there twice, and the
    /// subject names its superior.
    fn linked(statements: Vec<EntityStatement>) -> Result<Self, ChainFault> {
        if statements.len() > MAX_STATEMENTS {
            return Err(ChainFault::Length);
        }
        if statements.iter().map(|statement| statement.as_str().len()).sum::<usize>() > MAX_BYTES {
            return Err(ChainFault::TooLarge);
        }
        let (Some(first), Some(second), Some(last)) = (statements.first(), statements.get(1), statements.last()) else {
            return Err(ChainFault::Length);
        };
        if !first.authority_hints().contains(second.issuer()) {
            return Err(ChainFault::NotHinted(second.issuer().clone()));
        }
        if second.issuer() == second.subject() {
            return Err(ChainFault::Broken(first.subject().clone()));
        }
        let trust_anchor = last.issuer().clone();
        for (statement, next) in statements.iter().zip(statements.iter().skip(1)) {
            if statement.issuer() != next.subject() {
                return Err(ChainFault::Broken(statement.issuer().clone()));
            }
        }
        let above: Vec<&EntityId> = statements
            .iter()
            .skip(1)
            .filter(|above| above.issuer() != above.subject())
            .map(EntityStatement::issuer)
            .collect();
        for (index, entity) in above.iter().enumerate() {
            if *entity == first.subject() || above.iter().take(index).any(|earlier| earlier == entity) {
                return Err(ChainFault::Loop((*entity).clone()));
            }
        }
        Ok(Self { statements, trust_anchor })
    }

    /// The subject signs with a key of its own; every other statement, and the subject's again, with one that the next
    /// vouches for; what the trust anchor signs, with a key that the service was given.
    fn check_signatures(&self, anchor: &TrustAnchor) -> Result<(), ChainFault> {
        let signed = |statement: &EntityStatement, keys: &JwkSet| {
            statement.verify(keys).map_err(|fault| ChainFault::Statement {
                issuer: statement.issuer().clone(),
                subject: statement.subject().clone(),
                fault,
            })
        };
        if let Some(subject) = self.statements.first() {
            signed(subject, subject.keys())?;
        }
        for (statement, next) in self.statements.iter().zip(self.statements.iter().skip(1)) {
            signed(statement, next.keys())?;
        }
        for statement in self.statements.iter().filter(|statement| *statement.issuer() == anchor.entity_id) {
            signed(statement, &anchor.keys)?;
        }
        Ok(())
    }

    fn check_constraints(&self) -> Result<(), ChainFault> {
        for (index, statement) in self.about_subordinates() {
            let below = self.statements.iter().take(index + 1).map(EntityStatement::subject);
            statement
                .constraints()
                .check(index - 1, below)
                .map_err(|constraint| ChainFault::Constraint { issuer: statement.issuer().clone(), constraint })?;
        }
        Ok(())
    }

    /// The subordinate statements with their places in the chain, from 1.
    fn about_subordinates(&self) -> impl DoubleEndedIterator<Item = (usize, &EntityStatement)> {
        let numbered = self.statements.iter().enumerate().skip(1);
        numbered.filter(|(_, statement)| statement.issuer() != statement.subject())
    }

    /// The metadata of the subject (§6.1.4.2): its own, overridden by its immediate superior's, without the types that
    /// constraints remove, under the policy of all superiors.
    ///
    /// # Errors
    /// [`PolicyFault`].
    pub fn resolve(&self) -> Result<Resolved, PolicyFault> {
        let mut metadata = self.statements.first().and_then(EntityStatement::metadata).cloned().unwrap_or_default();
        for (entity_type, parameters) in self.superiors_metadata().into_iter().flatten() {
            if let (Some(Value::Object(own)), Value::Object(over)) = (metadata.get_mut(entity_type), parameters) {
                own.extend(over.clone());
            }
        }
        for (_, statement) in self.about_subordinates() {
            statement.constraints().restrict(&mut metadata);
        }
        let mut policy = MetadataPolicy::default();
        for (_, statement) in self.about_subordinates().rev() {
            if let Some(subordinate) = statement.metadata_policy() {
                policy.merge(subordinate.clone())?;
            }
        }
        policy.apply(&mut metadata)?;
        Ok(Resolved { metadata, policy })
    }

    /// Whether the immediate superior says itself what a parameter of the subject is (§3.1.1).
    pub(super) fn superior_gives(&self, entity_type: &str, parameter: &str) -> bool {
        self.superiors_metadata().and_then(|types| types.get(entity_type)?.get(parameter)).is_some()
    }

    fn superiors_metadata(&self) -> Option<&Map<String, Value>> {
        self.statements.get(1).and_then(EntityStatement::metadata)
    }

    /// When it expires (§10.4): with the first of its statements, in seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> u64 {
        self.statements.iter().map(EntityStatement::expires_at).min().unwrap_or_default()
    }

    /// Whom it is about.
    #[must_use]
    pub fn subject(&self) -> &EntityId {
        self.statements.first().map_or(&self.trust_anchor, EntityStatement::subject)
    }

    /// The trust anchor that it ends at.
    #[must_use]
    pub fn trust_anchor(&self) -> &EntityId {
        &self.trust_anchor
    }

    /// Who issued the statement about the subject.
    #[must_use]
    pub fn immediate_superior(&self) -> &EntityId {
        self.statements.get(1).map_or(&self.trust_anchor, EntityStatement::issuer)
    }

    /// The statements, the subject's first.
    #[must_use]
    pub fn statements(&self) -> &[EntityStatement] {
        &self.statements
    }

    /// The statements as JWTs, the subject's first.
    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        self.statements.iter().map(|statement| statement.as_str().to_owned()).collect()
    }
}

#[cfg(test)]
mod tests;
