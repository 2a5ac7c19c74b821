//! The numbers of a policy have bounds: outside of them they mean nothing, or something that another member says better.
//! The names of custom members have some, too: what the server says of a client is not for strangers to say.

use std::ops::RangeInclusive;

use super::{Policy, PolicyFault};
use crate::metadata::{Invalid, hidden_character, said_by_server, shows_nothing};
use crate::time::DAY;

const YEAR: u64 = 365 * DAY;

/// The longest that a replaced secret works beside the new one, in seconds.
pub const LONGEST_OVERLAP: u64 = YEAR;

/// A number of a policy.
struct Bound {
    /// Its name, within an object with dots.
    member: &'static str,
    /// Its value; none where it is absent.
    of: fn(&Policy) -> Option<u64>,
    /// What it may be.
    range: RangeInclusive<u64>,
    /// The same in words.
    expected: &'static str,
}

/// How many clients there may be of one developer or service.
const MOST_CLIENTS: u64 = (1 << 31) - 1;

/// All but those of [`MetadataDocuments`](super::MetadataDocuments), which has its own.
const BOUNDS: [Bound; 14] = [
    Bound {
        member: "clients_per_developer",
        of: |policy| policy.clients_per_developer,
        range: 1..=MOST_CLIENTS,
        expected: "a number from 1 to 2147483647",
    },
    Bound {
        member: "clients_per_service",
        of: |policy| policy.clients_per_service,
        range: 1..=MOST_CLIENTS,
        expected: "a number from 1 to 2147483647",
    },
    Bound {
        member: "audit.retention",
        of: |policy| Some(policy.audit.retention),
        range: 0..=10 * YEAR,
        expected: "a number of seconds from 0 to 315360000",
    },
    Bound {
        member: "limits.redirect_uris",
        of: |policy| u64::try_from(policy.limits.redirect_uris).ok(),
        range: 1..=1000,
        expected: "a number from 1 to 1000",
    },
    Bound {
        member: "limits.list_items",
        of: |policy| u64::try_from(policy.limits.list_items).ok(),
        range: 1..=1000,
        expected: "a number from 1 to 1000",
    },
    Bound {
        member: "limits.text_bytes",
        of: |policy| u64::try_from(policy.limits.text_bytes).ok(),
        range: 64..=65_536,
        expected: "a number of bytes from 64 to 65536",
    },
    Bound {
        member: "secret_lifetime",
        of: |policy| policy.secret_lifetime,
        range: 1..=10 * YEAR,
        expected: "a number of seconds from 1 to 315360000",
    },
    Bound {
        member: "secret_overlap",
        of: |policy| Some(policy.secret_overlap),
        range: 0..=LONGEST_OVERLAP,
        expected: "a number of seconds from 0 to 31536000",
    },
    Bound {
        member: "client_lifetime",
        of: |policy| policy.client_lifetime,
        range: 1..=10 * YEAR,
        expected: "a number of seconds from 1 to 315360000",
    },
    Bound {
        member: "unused.never",
        of: |policy| policy.unused.never,
        range: DAY..=10 * YEAR,
        expected: "a number of seconds from 86400 to 315360000",
    },
    Bound {
        member: "unused.since",
        of: |policy| policy.unused.since,
        range: DAY..=10 * YEAR,
        expected: "a number of seconds from 86400 to 315360000",
    },
    Bound {
        member: "approval_within",
        of: |policy| Some(policy.approval_within),
        range: 1..=YEAR,
        expected: "a number of seconds from 1 to 31536000",
    },
    Bound {
        member: "software_statements.max_age",
        of: |policy| policy.software_statements.max_age,
        range: 1..=10 * YEAR,
        expected: "a number of seconds from 1 to 315360000",
    },
    Bound {
        member: "lookup_max_age",
        of: |policy| Some(policy.lookup_max_age),
        range: 0..=DAY,
        expected: "a number of seconds from 0 to 86400",
    },
];

impl Policy {
    /// Checks a policy that takes another one's place: that it does not contradict itself, and [what is
    /// new](Self::check_new). What contradicts itself already, as Authlete's API can make it, stays until it is changed.
    ///
    /// # Errors
    /// [`Invalid`], naming the member.
    pub fn check_successor(&self, before: &Self) -> Result<(), Invalid> {
        match self.check() {
            Err(fault) if before.check() != Err(fault.clone()) => Err(fault.into()),
            _ => self.check_new(Some(before)),
        }
    }

    /// Checks the numbers, and the names of custom members, that were not there before: what is stored already stays as it
    /// is.
    ///
    /// # Errors
    /// [`Invalid`], naming the member, and the bounds of a number.
    pub fn check_new(&self, before: Option<&Self>) -> Result<(), Invalid> {
        let is_kept = |name: &String| before.is_some_and(|before| before.custom_members.contains(name));
        for name in self.custom_members.iter().filter(|name| !is_kept(name)) {
            if said_by_server(name).is_some() {
                return Err(PolicyFault::ServerSet(name.clone()).into());
            }
            if shows_nothing(name) || hidden_character(name).is_some() {
                return Err(PolicyFault::NoMember(name.clone()).into());
            }
        }
        let is_new = |bound: &&Bound| before.is_none_or(|before| (bound.of)(before) != (bound.of)(self));
        let is_outside = |bound: &&Bound| (bound.of)(self).is_some_and(|number| !bound.range.contains(&number));
        match BOUNDS.iter().filter(is_new).find(is_outside) {
            Some(bound) => Err(Invalid::syntax(bound.member, bound.expected)),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::policy::Preset;

    /// A policy with that number.
    fn with(member: &str, number: u64) -> Policy {
        let patch = member.rsplit('.').fold(json!(number), |inner, name| json!({ name: inner }));
        let Value::Object(patch) = patch else { panic!("{member}") };
        Preset::Open.policy().patched(patch).unwrap()
    }

    #[test]
    fn each_number_has_bounds_and_an_error_that_names_them() {
        for Bound { member, of, range, expected } in &BOUNDS {
            let (least, most) = (*range.start(), *range.end());
            assert!(expected.ends_with(&format!("from {least} to {most}")), "{member}");
            for (number, is_well) in
                [(least, true), (most, true), (most + 1, false), (u64::MAX, false), (0, least == 0)]
            {
                let policy = with(member, number);
                assert_eq!(of(&policy), Some(number), "{member}");
                let told = policy.check_new(None).map_err(|fault| fault.to_string());
                let fault = format!("{member} is not {expected}");
                assert_eq!(told, if is_well { Ok(()) } else { Err(fault) }, "{member} {number}");
            }
        }
    }

    #[test]
    fn every_number_of_a_policy_has_its_bounds() {
        fn numbers(path: &str, value: &Value, found: &mut Vec<String>) {
            match value {
                Value::Object(members) => members.iter().for_each(|(name, value)| {
                    let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
                    numbers(&path, value, found);
                }),
                Value::Number(_) => found.push(path.to_owned()),
                _ => {}
            }
        }
        let mut policy = Preset::Open.policy();
        for number in [&mut policy.clients_per_developer, &mut policy.clients_per_service, &mut policy.secret_lifetime]
        {
            *number = Some(1);
        }
        (policy.client_lifetime, policy.software_statements.max_age) = (Some(1), Some(1));
        let mut found = Vec::new();
        numbers("", &serde_json::to_value(policy).unwrap(), &mut found);
        found.retain(|member| !member.starts_with("metadata_documents."));
        let mut bounded: Vec<&str> = BOUNDS.iter().map(|bound| bound.member).collect();
        found.sort();
        bounded.sort_unstable();
        assert_eq!(found, bounded);
    }

    #[test]
    fn what_is_stored_stays_and_what_is_new_is_checked() {
        let stored = with("clients_per_service", 0);
        let changed = Policy { merge_identical: true, ..stored.clone() };
        assert_eq!(changed.check_new(Some(&stored)), Ok(()));
        let other = Policy { secret_lifetime: Some(0), ..stored.clone() };
        let fault = other.check_new(Some(&stored)).unwrap_err().to_string();
        assert_eq!(fault, "secret_lifetime is not a number of seconds from 1 to 315360000");
        let custom = |names: &[&str]| Policy {
            custom_members: names.iter().map(|name| (*name).to_owned()).collect(),
            ..Preset::Open.policy()
        };
        let stored = custom(&["tenant", "flags"]);
        assert_eq!(custom(&["flags", "team"]).check_new(Some(&stored)), Ok(()));
        let fault = custom(&["flags", "locked"]).check_new(Some(&stored));
        assert_eq!(fault, Err(PolicyFault::ServerSet("locked".to_owned()).into()));
        for name in ["", " ", "te\u{200b}nant", "tenant\n"] {
            let fault = custom(&["flags", name]).check_new(Some(&stored));
            assert_eq!(fault, Err(PolicyFault::NoMember(name.to_owned()).into()));
        }
    }

    #[test]
    fn a_contradiction_that_is_there_stays_until_it_is_changed() {
        let mut stored = Preset::Open.policy();
        stored.token_endpoint_auth_methods.offered.clear();
        let changed = Policy { lookup_max_age: 5, ..stored.clone() };
        assert_eq!(changed.check_successor(&stored), Ok(()));
        let other = Policy { custom_members: vec!["flags".to_owned()], ..stored.clone() };
        assert!(other.check_successor(&stored).is_err(), "what else is wrong is refused");
        assert!(changed.check_successor(&Preset::Open.policy()).is_err());
    }
}
