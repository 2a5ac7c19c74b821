//! Which claims of the user a client asks for (OpenID Connect Core §5.4, §5.5).

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::rules::Rules;

const PROFILE: [&str; 14] = [
    "name",
    "family_name",
    "given_name",
    "middle_name",
    "nickname",
    "preferred_username",
    "profile",
    "picture",
    "website",
    "gender",
    "birthdate",
    "zoneinfo",
    "locale",
    "updated_at",
];

/// Scopes, and the claims that they stand for.
const OF_SCOPES: [(&str, &[&str]); 4] = [
    ("profile", &PROFILE),
    ("email", &["email", "email_verified"]),
    ("address", &["address"]),
    ("phone", &["phone_number", "phone_number_verified"]),
];

/// What is asked of the ID Token: by name, and by scopes where those do not mean the userinfo endpoint alone.
#[must_use]
pub fn of_id_token(rules: &Rules<'_>, scopes: &[String], asked: Option<&Map<String, Value>>) -> Vec<String> {
    let scopes: &[String] = if rules.scope_claims_at_userinfo { &[] } else { scopes };
    named(rules, scopes, asked)
}

/// What is asked of the userinfo endpoint.
#[must_use]
pub fn of_userinfo(rules: &Rules<'_>, scopes: &[String], asked: Option<&Map<String, Value>>) -> Vec<String> {
    named(rules, scopes, asked)
}

fn named(rules: &Rules<'_>, scopes: &[String], asked: Option<&Map<String, Value>>) -> Vec<String> {
    let of_scopes = OF_SCOPES.iter().filter(|(scope, _)| scopes.iter().any(|name| name == scope));
    let of_scopes = of_scopes.flat_map(|(_, claims)| claims.iter().copied());
    let asked = asked.into_iter().flat_map(Map::keys).map(String::as_str);
    let mut seen = HashSet::new();
    let is_offered = |name: &&str| rules.claims.is_empty() || rules.claims.contains(name);
    of_scopes.chain(asked).filter(is_offered).filter(|name| seen.insert(*name)).map(str::to_owned).collect()
}
