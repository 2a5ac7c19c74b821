//! Constraints of trust chains (§6.2): each statement's are checked on their own.

use serde_json::{Map, Value, json};

use super::entity_id::EntityId;
use super::statement::FEDERATION_ENTITY;

/// What a statement demands of all that is below its issuer. Constraints that no specification here knows are ignored.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Constraints {
    max_path_length: Option<u64>,
    permitted: Option<Vec<String>>,
    excluded: Vec<String>,
    allowed_entity_types: Option<Vec<String>>,
}

/// A constraint that a chain violates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violated {
    /// §6.2.1.
    #[error("max_path_length")]
    MaxPathLength,
    /// §6.2.2.
    #[error("naming_constraints")]
    NamingConstraints,
}

impl Constraints {
    /// That all have one of these names; none is any.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(super) fn of_names(names: &[String]) -> Result<Self, &'static str> {
        if names.is_empty() {
            Ok(Self::default())
        } else {
            Self::parse(&json!({"naming_constraints": {"permitted": names}}))
        }
    }

    /// Reads the claim.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(claim: &Value) -> Result<Self, &'static str> {
        let members = claim.as_object().ok_or("is not an object")?;
        let length = members.get("max_path_length");
        let length = length.map(|length| length.as_u64().ok_or("has a max_path_length that is no length"));
        let naming = match members.get("naming_constraints") {
            None => &Map::new(),
            Some(naming) => naming.as_object().ok_or("has naming_constraints that are no object")?,
        };
        let names = |list: &str| match naming.get(list) {
            None => Ok(None),
            Some(names) => domains(names).map(Some).ok_or("has naming_constraints that are no domain names"),
        };
        let types = members.get("allowed_entity_types");
        let types = types.map(|types| texts(types).ok_or("has allowed_entity_types that are no list of texts"));
        Ok(Self {
            max_path_length: length.transpose()?,
            permitted: names("permitted")?,
            excluded: names("excluded")?.unwrap_or_default(),
            allowed_entity_types: types.transpose()?,
        })
    }

    /// Checks a chain below the issuer: how many intermediates it has there, and all its entities.
    ///
    /// # Errors
    /// [`Violated`].
    pub(super) fn check<'e>(
        &self,
        intermediates: usize,
        mut entities: impl Iterator<Item = &'e EntityId>,
    ) -> Result<(), Violated> {
        let longest = self.max_path_length.map_or(usize::MAX, |length| usize::try_from(length).unwrap_or(usize::MAX));
        if intermediates > longest {
            return Err(Violated::MaxPathLength);
        }
        if entities.all(|entity| self.names(entity)) { Ok(()) } else { Err(Violated::NamingConstraints) }
    }

    /// As RFC 5280 §4.2.1.10 has it: a host that is an address satisfies no constraint of names.
    fn names(&self, entity: &EntityId) -> bool {
        if self.permitted.is_none() && self.excluded.is_empty() {
            return true;
        }
        let Some(domain) = entity.domain() else { return false };
        let permitted = self.permitted.as_ref().is_none_or(|names| names.iter().any(|name| covers(name, &domain)));
        permitted && !self.excluded.iter().any(|name| covers(name, &domain))
    }

    /// Removes the entity types that are not allowed; `federation_entity` always is (§6.2.3).
    pub(super) fn restrict(&self, metadata: &mut Map<String, Value>) {
        if let Some(allowed) = &self.allowed_entity_types {
            metadata.retain(|name, _| name == FEDERATION_ENTITY || allowed.contains(name));
        }
    }
}

/// `.example.com` stands for all below it, `host.example.com` for itself.
fn covers(name: &str, domain: &str) -> bool {
    match name.strip_prefix('.') {
        Some(_) => domain.len() > name.len() && domain.ends_with(name),
        None => domain == name,
    }
}

fn domains(names: &Value) -> Option<Vec<String>> {
    let is_domain = |name: &String| {
        let labels = name.strip_prefix('.').unwrap_or(name);
        let is_label = |label: &str| {
            !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        };
        labels.split('.').all(is_label)
    };
    let names = texts(names)?;
    names.iter().all(is_domain).then(|| names.into_iter().map(|name| name.to_ascii_lowercase()).collect())
}

fn texts(list: &Value) -> Option<Vec<String>> {
    list.as_array()?.iter().map(|text| text.as_str().map(str::to_owned)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(claim: &Value, intermediates: usize, entity: &str) -> Result<(), Violated> {
        let entity = EntityId::parse(entity).unwrap();
        Constraints::parse(claim).unwrap().check(intermediates, [&entity].into_iter())
    }

    #[test]
    fn s6_2_1_intermediates_are_counted() {
        for (length, intermediates, holds) in [(0, 0, true), (0, 1, false), (2, 2, true), (2, 3, false)] {
            let outcome = check(&json!({ "max_path_length": length }), intermediates, "https://rp.example");
            assert_eq!(outcome.is_ok(), holds, "{length} {intermediates}");
        }
        assert_eq!(check(&json!({}), 9, "https://rp.example"), Ok(()));
    }

    #[test]
    fn s6_2_2_names_are_those_of_hosts() {
        let naming =
            |list: &str, name: &str, entity: &str| check(&json!({"naming_constraints": {list: [name]}}), 0, entity);
        for (name, entity, covered) in [
            (".example.com", "https://host.example.com", true),
            (".example.com", "https://my.host.example.com:8443/path", true),
            (".example.com", "https://example.com", false),
            (".example.com", "https://badexample.com", false),
            ("host.example.com", "https://host.example.com", true),
            ("host.example.com", "https://host.example.com.:8443", true),
            (".example.com", "https://host.example.com./", true),
            ("HOST.example.com", "https://Host.Example.com", true),
            ("host.example.com", "https://my.host.example.com", false),
            ("example.com", "https://other.example/example.com", false),
        ] {
            assert_eq!(naming("permitted", name, entity).is_ok(), covered, "{name} {entity}");
            assert_eq!(naming("excluded", name, entity).is_ok(), !covered, "{name} {entity}");
        }
        for list in ["permitted", "excluded"] {
            assert_eq!(naming(list, ".example.com", "https://192.0.2.1"), Err(Violated::NamingConstraints));
        }
        let both = json!({"naming_constraints": {"permitted": [".example.com"], "excluded": ["east.example.com"]}});
        assert_eq!(check(&both, 0, "https://west.example.com"), Ok(()));
        assert!(check(&both, 0, "https://east.example.com").is_err(), "excluded beats permitted");
        let none = json!({"naming_constraints": {"permitted": []}});
        assert!(check(&none, 0, "https://west.example.com").is_err(), "an empty list permits nothing");
    }

    #[test]
    fn s6_2_3_other_entity_types_are_removed() {
        let restricted = |allowed: Value| {
            let mut metadata = json!({"federation_entity": {}, "openid_relying_party": {}, "openid_provider": {}});
            let constraints = Constraints::parse(&json!({ "allowed_entity_types": allowed })).unwrap();
            constraints.restrict(metadata.as_object_mut().unwrap());
            metadata
        };
        assert_eq!(restricted(json!(["openid_provider"])), json!({"federation_entity": {}, "openid_provider": {}}));
        assert_eq!(restricted(json!([])), json!({"federation_entity": {}}));
    }

    #[test]
    fn s6_2_what_is_no_constraint_is_refused_and_what_is_unknown_ignored() {
        for claim in [
            json!([]),
            json!({"max_path_length": -1}),
            json!({"max_path_length": "1"}),
            json!({"max_path_length": 1.5}),
            json!({"naming_constraints": []}),
            json!({"naming_constraints": {"permitted": "example.com"}}),
            json!({"naming_constraints": {"excluded": ["https://example.com"]}}),
            json!({"naming_constraints": {"excluded": [""]}}),
            json!({"allowed_entity_types": "openid_provider"}),
            json!({"allowed_entity_types": [1]}),
        ] {
            assert!(Constraints::parse(&claim).is_err(), "{claim}");
        }
        assert_eq!(Constraints::parse(&json!({"other": 1})), Ok(Constraints::default()));
    }
}
