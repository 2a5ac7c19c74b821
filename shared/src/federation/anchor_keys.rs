//! Does a trust anchor publish the keys that the service was given? Those that it publishes are never learned (§11.3),
//! so that an operator has to know when it rolls them over (§11.2).

use std::time::Instant;

use jsonwebtoken::jwk::{Jwk, JwkSet};

use super::discovery::MAX_BYTES;
use super::statement::{EntityStatement, Kind};
use super::trust_chain::TrustAnchor;
use crate::fetch::{Fetch, FetchError};

/// Why there is nothing to compare with.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// It could not be fetched.
    #[error("it could not be fetched")]
    Unfetched(#[from] FetchError),
    /// It is not the anchor's entity configuration.
    #[error("{0}")]
    Unusable(String),
}

impl Unpublished {
    fn unusable(fault: &dyn std::fmt::Display) -> Self {
        Self::Unusable(fault.to_string())
    }
}

/// By which keys a trust anchor and a service differ, by their names.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyDifference {
    /// Keys that the anchor publishes and the service was not given: the anchor may sign with them soon.
    pub not_given: Vec<String>,
    /// Keys that the service was given and the anchor does not publish.
    pub not_published: Vec<String>,
}

impl KeyDifference {
    /// Of the keys that were given and those that are published.
    #[must_use]
    pub fn of(given: &JwkSet, published: &JwkSet) -> Self {
        Self { not_given: lacking(given, published), not_published: lacking(published, given) }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_none(&self) -> bool {
        self.not_given.is_empty() && self.not_published.is_empty()
    }
}

/// The names of keys that a set lacks, or has for another key.
fn lacking(set: &JwkSet, keys: &JwkSet) -> Vec<String> {
    let is_same = |one: &Jwk, other: &Jwk| one.common.key_id == other.common.key_id && one.algorithm == other.algorithm;
    let lacking = keys.keys.iter().filter(|key| !set.keys.iter().any(|known| is_same(known, key)));
    lacking.filter_map(|key| key.common.key_id.clone()).collect()
}

/// Warns of a difference to what an anchor has just published; `alarm` is what the alarm looks for.
pub(super) fn warn(service: u64, anchor: &TrustAnchor, published: &EntityStatement) {
    let difference = KeyDifference::of(&anchor.keys, published.keys());
    if !difference.is_none() {
        let KeyDifference { not_given, not_published } = difference;
        tracing::warn!(
            alarm = "trust_anchor_keys", service, anchor = %anchor.entity_id, ?not_given, ?not_published,
            "a trust anchor publishes other keys than this service was given"
        );
    }
}

/// Fetches what an anchor publishes, and compares.
///
/// # Errors
/// [`Unpublished`].
pub async fn published_keys(
    fetch: &Fetch,
    anchor: &TrustAnchor,
    now: u64,
    end: Instant,
) -> Result<KeyDifference, Unpublished> {
    let ports: Vec<String> = anchor.entity_id.unusual_port().into_iter().collect();
    let document = fetch.get_at(&anchor.entity_id.configuration_url(), &ports, MAX_BYTES, end).await?;
    let text = String::from_utf8(document).map_err(|fault| Unpublished::unusable(&fault))?;
    let statement =
        EntityStatement::read(text.trim(), Kind::Configuration, now).map_err(|fault| Unpublished::unusable(&fault))?;
    statement.verify(statement.keys()).map_err(|fault| Unpublished::unusable(&fault))?;
    if *statement.subject() != anchor.entity_id {
        return Err(Unpublished::Unusable(format!("it publishes the configuration of {}", statement.subject())));
    }
    Ok(KeyDifference::of(&anchor.keys, statement.keys()))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{Entity, anchor};
    use super::*;

    #[test]
    fn s11_2_a_roll_over_shows_in_the_keys_that_are_published() {
        let (old, new) = (Entity::new("https://ta.example"), Entity::new("https://ta.example"));
        let keys = |entity: &Entity| anchor(entity).keys;
        let both = JwkSet { keys: [keys(&old).keys, keys(&new).keys].concat() };
        let names = |entity: &Entity| vec![entity.jwk["kid"].as_str().unwrap().to_owned()];
        let none = KeyDifference::default();
        for (given, published, difference) in [
            (keys(&old), keys(&old), none.clone()),
            (both.clone(), both.clone(), none),
            (keys(&old), both.clone(), KeyDifference { not_given: names(&new), not_published: vec![] }),
            (both, keys(&new), KeyDifference { not_given: vec![], not_published: names(&old) }),
            (keys(&old), keys(&new), KeyDifference { not_given: names(&new), not_published: names(&old) }),
        ] {
            assert_eq!(KeyDifference::of(&given, &published), difference);
        }
        let mut renamed = keys(&new);
        renamed.keys[0].common.key_id = keys(&old).keys[0].common.key_id.clone();
        assert!(!KeyDifference::of(&keys(&old), &renamed).is_none(), "another key of the same name");
    }
}
