//! What a service lets its clients have, and for how long.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use shared::metadata::GrantType;

/// A scope that a service knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScopeRule<'a> {
    /// The scope (RFC 6749 §3.3).
    pub name: Cow<'a, str>,
    /// Whether a request that names no scope gets it.
    pub is_default: bool,
    /// The longest life of an access token that has it, in seconds.
    pub access_token_seconds: Option<u64>,
    /// The longest life of a refresh token that has it, in seconds.
    pub refresh_token_seconds: Option<u64>,
    /// The longest life of an ID Token that has it, in seconds.
    pub id_token_seconds: Option<u64>,
}

impl<'a> ScopeRule<'a> {
    /// A scope of which nothing else is said.
    #[must_use]
    pub fn named(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            is_default: false,
            access_token_seconds: None,
            refresh_token_seconds: None,
            id_token_seconds: None,
        }
    }
}

/// The scopes of a service, in its order.
#[derive(Debug, Clone, Default)]
pub struct ScopeRules<'a> {
    rules: Vec<ScopeRule<'a>>,
    places: HashMap<Cow<'a, str>, usize>,
}

impl<'a> FromIterator<ScopeRule<'a>> for ScopeRules<'a> {
    fn from_iter<I: IntoIterator<Item = ScopeRule<'a>>>(rules: I) -> Self {
        let rules: Vec<ScopeRule<'a>> = rules.into_iter().collect();
        let places = rules.iter().enumerate().map(|(at, rule)| (rule.name.clone(), at)).collect();
        Self { rules, places }
    }
}

impl<'a> ScopeRules<'a> {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &ScopeRule<'a>> {
        self.rules.iter()
    }

    /// The one of that name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&ScopeRule<'a>> {
        self.rules.get(*self.places.get(name)?)
    }
}

/// The scopes of OpenID Connect Core §5.4 and §11: those of a service that names none.
pub const OPENID_SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// Seconds that values live.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Durations {
    /// Access tokens.
    pub access_token: u64,
    /// Refresh tokens.
    pub refresh_token: u64,
    /// ID Tokens.
    pub id_token: u64,
}

/// The rules of one service. By default it lets clients have nothing: that is enough for whoever lists authorizations and
/// ends them, and for nothing else.
#[derive(Debug, Clone, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own of a service")]
pub struct Rules<'a> {
    /// The issuer identifier.
    pub issuer: String,
    /// Whether `iss` is left out of authorization responses (RFC 9207).
    pub iss_suppressed: bool,
    /// The scopes.
    pub scopes: ScopeRules<'a>,
    /// Whether a request without any scope is refused.
    pub scope_required: bool,
    /// Grants offered.
    pub grant_types: Vec<GrantType>,
    /// Whether the response type `code` is offered.
    pub offers_code: bool,
    /// Whether the response type `none` is offered.
    pub offers_none: bool,
    /// The values of `display` offered (OpenID Connect Core §3.1.2.1).
    pub displays: Vec<&'a str>,
    /// The values of `prompt` offered.
    pub prompts: Vec<&'a str>,
    /// The authentication context classes offered.
    pub acrs: Vec<&'a str>,
    /// The languages of pages offered; none is any.
    pub ui_locales: Vec<&'a str>,
    /// The claims offered; none is any.
    pub claims: Vec<&'a str>,
    /// Whether requests must be pushed (RFC 9126 §5).
    pub pushed_required: bool,
    /// Whether requests must be signed (RFC 9101 §10.5).
    pub signed_required: bool,
    /// Whether requests need a code challenge (RFC 7636).
    pub pkce_required: bool,
    /// Whether its method must be `S256`.
    pub pkce_s256_required: bool,
    /// Whether the port of a loopback redirect URI is free (RFC 8252 §7.3).
    pub loopback_port_is_free: bool,
    /// Whether claims of scopes go to the userinfo endpoint only where there is an access token.
    pub scope_claims_at_userinfo: bool,
    /// Seconds that a pushed request lives.
    pub pushed_seconds: u64,
    /// Seconds that a code lives.
    pub code_seconds: u64,
    /// Seconds that tokens live.
    pub durations: Durations,
    /// Whether an access token ends with its refresh token at the latest.
    pub ends_are_linked: bool,
    /// `token_type` of access tokens (RFC 6749 §7.1).
    pub access_token_type: &'a str,
    /// The algorithm of access tokens that are JWTs (RFC 9068).
    pub access_token_algorithm: Option<&'a str>,
    /// The key that signs them.
    pub access_token_key: Option<&'a str>,
    /// The key that signs ID Tokens.
    pub id_token_key: Option<&'a str>,
    /// The key that signs userinfo.
    pub userinfo_key: Option<&'a str>,
    /// Whether `aud` of an ID Token is a string and no array.
    pub single_audience: bool,
    /// Whether a user has one grant's tokens at a client.
    pub single_per_subject: bool,
    /// Whether a refresh token stays the same.
    pub refresh_token_kept: bool,
    /// Whether a new refresh token ends when the old one would have.
    pub refresh_end_kept: bool,
    /// Whether a refresh token that stays the same lives anew.
    pub refresh_end_reset: bool,
    /// Whether a refresh token that was just replaced gives the same tokens again.
    pub refresh_is_idempotent: bool,
    /// Whether `openid` is dropped at a refresh without `offline_access`.
    pub openid_needs_offline: bool,
    /// Whether a client that is not named is found by its code or token.
    pub missing_client_id_allowed: bool,
    /// The methods by which clients may authenticate at the token endpoint.
    pub token_methods: Vec<&'a str>,
    /// The same at the revocation endpoint; none is as at the token endpoint.
    pub revocation_methods: Vec<&'a str>,
    /// The values of `aud` by which a client's assertion means this service, beside the issuer.
    pub assertion_audiences: Vec<String>,
    /// Whether the issuer is the only one.
    pub assertions_name_issuer: bool,
    /// Seconds by which clocks may differ.
    pub clock_skew: u64,
    /// Whether the chains of clients' certificates are to be validated here.
    pub validates_chains: bool,
    /// What is asked of every request and is not built: the name of the profile.
    pub unbuilt_profile: Option<&'a str>,
}

impl Rules<'_> {
    /// Of those names, the scopes that there are, each once.
    #[must_use]
    pub fn known_scopes(&self, names: &[String]) -> Vec<String> {
        let mut seen = HashSet::new();
        let known = names.iter().filter(|name| seen.insert(name.as_str()) && self.scope(name).is_some());
        known.cloned().collect()
    }

    /// The scope of that name.
    #[must_use]
    pub fn scope(&self, name: &str) -> Option<&ScopeRule<'_>> {
        self.scopes.get(name)
    }
}
