//! Entity statements (§3): read, and checked one by one; trust comes from the chain they stand in.

use jsonwebtoken::jwk::JwkSet;
use serde_json::{Map, Value};
use url::Url;

use super::constraints::Constraints;
use super::entity_id::EntityId;
use super::metadata_policy::{MetadataPolicy, PolicyFault, STANDARD_OPERATORS};
use crate::jose::{JwtFault, UnverifiedJwt, numeric_date};
use crate::metadata::is_private_member;
use crate::trusted_issuer::verification_keys;

/// The media type of entity statements, without `application/` (§15.1).
pub const ENTITY_STATEMENT: &str = "entity-statement+jwt";

/// The entity type of relying parties (§5.1.2).
pub const OPENID_RELYING_PARTY: &str = "openid_relying_party";

/// The entity type of what takes part in a federation (§5.1.1).
pub(super) const FEDERATION_ENTITY: &str = "federation_entity";

/// Seconds by which a statement may have been issued in the future: clocks differ.
const LEEWAY: u64 = 60;

/// How many names, or keys with names, are compared with one another.
const MOST_NAMES: usize = 100;

/// The claims that are defined for entity statements (§3.1): `crit` may not name them.
const DEFINED: [&str; 18] = [
    "iss",
    "sub",
    "iat",
    "exp",
    "jwks",
    "metadata",
    "crit",
    "authority_hints",
    "trust_anchor_hints",
    "trust_marks",
    "trust_mark_issuers",
    "trust_mark_owners",
    "constraints",
    "metadata_policy",
    "metadata_policy_crit",
    "source_endpoint",
    "aud",
    "trust_anchor",
];

/// What a statement has to be, where it stands.
#[derive(Debug, Clone, Copy)]
pub enum Kind<'p> {
    /// An entity about itself.
    Configuration,
    /// A superior about its immediate subordinate.
    Subordinate,
    /// A relying party about itself where a header shows the way to its trust anchor: as it publishes it, or as it has
    /// made it for that provider (§12.2.2).
    Hint {
        /// The entity identifier that `aud` has to be, if it is there.
        provider: &'p EntityId,
    },
    /// A relying party about itself, to that provider, to be registered (§12.2.1).
    RegistrationRequest {
        /// The entity identifier that `aud` has to be.
        provider: &'p EntityId,
    },
}

/// An entity statement whose claims are well formed and in time. Its signature is verified against the keys of
/// whoever has to have made it.
#[derive(Debug, Clone)]
pub struct EntityStatement {
    jwt: UnverifiedJwt<'static>,
    issuer: EntityId,
    subject: EntityId,
    issued_at_millis: u64,
    expires_at: u64,
    keys: JwkSet,
    authority_hints: Vec<EntityId>,
    metadata_policy: Option<MetadataPolicy>,
    constraints: Constraints,
}

/// Why a statement is refused (§3.2).
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StatementFault {
    /// The JWT itself, or its signature.
    #[error(transparent)]
    Jwt(#[from] JwtFault),
    /// A parameter of the header.
    #[error("its header {parameter} {reason}")]
    Header {
        /// The parameter.
        parameter: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// A configuration where a subordinate statement belongs.
    #[error("it is a configuration: its issuer is its subject")]
    SelfIssued,
    /// A subordinate statement where a configuration belongs.
    #[error("it is a subordinate statement: its issuer is not its subject")]
    NotSelfIssued,
    /// A claim.
    #[error("its {claim} {reason}")]
    Claim {
        /// The claim.
        claim: &'static str,
        /// What is wrong.
        reason: &'static str,
    },
    /// `crit` names an extension (§13.4).
    #[error("its crit names {0:?}, which is not understood")]
    Critical(String),
    /// `metadata_policy_crit` names an operator (§3.1.3).
    #[error("its metadata_policy_crit names {0:?}, which is not understood")]
    CriticalOperator(String),
    /// `metadata_policy`.
    #[error(transparent)]
    Policy(#[from] PolicyFault),
}

fn claim(claim: &'static str, reason: &'static str) -> StatementFault {
    StatementFault::Claim { claim, reason }
}

/// Whether a claim may be there, and whether it has to.
fn presence(claims: &Map<String, Value>, kind: Kind<'_>) -> Result<(), StatementFault> {
    let (of_configurations, of_subordinate_statements) = (
        ["authority_hints", "trust_anchor_hints", "trust_marks", "trust_mark_issuers", "trust_mark_owners"],
        ["constraints", "metadata_policy", "metadata_policy_crit", "source_endpoint"],
    );
    let (foreign, required): (&[&'static str], &[&'static str]) = match kind {
        Kind::Subordinate => (&of_configurations, &[]),
        Kind::Configuration | Kind::Hint { .. } => (&of_subordinate_statements, &[]),
        Kind::RegistrationRequest { .. } => (&of_subordinate_statements, &["aud", "authority_hints", "metadata"]),
    };
    let addressed = matches!(kind, Kind::RegistrationRequest { .. } | Kind::Hint { .. });
    let never: &[&'static str] = if addressed { &["trust_anchor"] } else { &["aud", "trust_anchor"] };
    if let Some(name) = foreign.iter().chain(never).find(|name| claims.contains_key(**name)) {
        return Err(claim(name, "does not belong into this kind of statement"));
    }
    match ["iss", "sub", "iat", "exp", "jwks"].iter().chain(required).find(|name| !claims.contains_key(**name)) {
        Some(name) => Err(claim(name, "is missing")),
        None => Ok(()),
    }
}

impl EntityStatement {
    /// Reads a statement and checks all of §3.2 but its signature and its place in a chain.
    ///
    /// # Errors
    /// [`StatementFault`], naming the claim.
    pub fn read(text: &str, kind: Kind<'_>, now: u64) -> Result<Self, StatementFault> {
        let jwt = UnverifiedJwt::parse(text)?;
        check_header(jwt.header(), kind)?;
        let claims = jwt.unverified_claims();
        let issuer = entity_id(claims, "iss")?;
        let subject = entity_id(claims, "sub")?;
        match (kind, issuer == subject) {
            (Kind::Subordinate, true) => return Err(StatementFault::SelfIssued),
            (Kind::Configuration | Kind::Hint { .. } | Kind::RegistrationRequest { .. }, false) => {
                return Err(StatementFault::NotSelfIssued);
            }
            (Kind::Subordinate, false)
            | (Kind::Configuration | Kind::Hint { .. } | Kind::RegistrationRequest { .. }, true) => {}
        }
        presence(claims, kind)?;
        let (issued_at_millis, expires_at) = times(claims, now)?;
        if let Kind::RegistrationRequest { provider } | Kind::Hint { provider } = kind
            && claims.contains_key("aud")
            && !is_alone(claims.get("aud"), provider)
        {
            return Err(claim("aud", "is not this provider's entity identifier alone"));
        }
        check_critical(claims)?;
        check_metadata(claims)?;
        check_trust_marks(claims)?;
        check_trust_mark_rules(claims)?;
        check_hints(claims, "trust_anchor_hints")?;
        if claims.get("source_endpoint").is_some_and(|endpoint| !is_https(endpoint)) {
            return Err(claim("source_endpoint", "is not an https URL"));
        }
        let policy = claims.get("metadata_policy").map(MetadataPolicy::parse).transpose()?;
        Ok(Self {
            issued_at_millis,
            expires_at,
            keys: keys(claims.get("jwks").unwrap_or(&Value::Null)).map_err(|reason| claim("jwks", reason))?,
            authority_hints: check_hints(claims, "authority_hints")?,
            metadata_policy: policy,
            constraints: constraints(claims)?,
            issuer,
            subject,
            jwt: jwt.into_owned(),
        })
    }

    /// `iss`.
    #[must_use]
    pub fn issuer(&self) -> &EntityId {
        &self.issuer
    }

    /// `sub`.
    #[must_use]
    pub fn subject(&self) -> &EntityId {
        &self.subject
    }

    /// `iat`, in milliseconds since 1970.
    #[must_use]
    pub fn issued_at_millis(&self) -> u64 {
        self.issued_at_millis
    }

    /// `exp`, in whole seconds since 1970.
    #[must_use]
    pub fn expires_at(&self) -> u64 {
        self.expires_at
    }

    /// `jwks`: the keys with which the subject signs in its federation.
    #[must_use]
    pub fn keys(&self) -> &JwkSet {
        &self.keys
    }

    /// `authority_hints`: the immediate superiors of the subject, as it says.
    #[must_use]
    pub fn authority_hints(&self) -> &[EntityId] {
        &self.authority_hints
    }

    /// `metadata`, by entity type.
    #[must_use]
    pub fn metadata(&self) -> Option<&Map<String, Value>> {
        self.claim("metadata").and_then(Value::as_object)
    }

    /// `metadata_policy`.
    #[must_use]
    pub fn metadata_policy(&self) -> Option<&MetadataPolicy> {
        self.metadata_policy.as_ref()
    }

    /// `constraints`.
    #[must_use]
    pub fn constraints(&self) -> &Constraints {
        &self.constraints
    }

    /// Any other claim.
    #[must_use]
    pub fn claim(&self, name: &str) -> Option<&Value> {
        self.jwt.unverified_claims().get(name)
    }

    /// A parameter of the header.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&Value> {
        self.jwt.header().get(name)
    }

    /// The JWT.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.jwt.as_str()
    }

    /// Where the subject issues statements about its subordinates (§5.1.1), if it says so about itself.
    #[must_use]
    pub fn fetch_endpoint(&self) -> Option<&str> {
        self.metadata()?.get(FEDERATION_ENTITY)?.get("federation_fetch_endpoint")?.as_str()
    }

    /// Checks that the key which the header names is one of these and verifies the signature.
    ///
    /// # Errors
    /// [`StatementFault::Jwt`].
    pub fn verify(&self, keys: &JwkSet) -> Result<(), StatementFault> {
        self.jwt.verify_signature(keys).map_err(StatementFault::Jwt)
    }
}

fn check_header(header: &Map<String, Value>, kind: Kind<'_>) -> Result<(), StatementFault> {
    let refused = |parameter, reason| Err(StatementFault::Header { parameter, reason });
    if header.get("typ").and_then(Value::as_str) != Some(ENTITY_STATEMENT) {
        return refused("typ", "is not entity-statement+jwt");
    }
    if header.get("kid").and_then(Value::as_str).is_none_or(str::is_empty) {
        return refused("kid", "is missing");
    }
    if !matches!(kind, Kind::RegistrationRequest { .. }) {
        for parameter in ["trust_chain", "peer_trust_chain"] {
            if header.contains_key(parameter) {
                return refused(parameter, "belongs into registration requests only");
            }
        }
    }
    Ok(())
}

fn entity_id(claims: &Map<String, Value>, name: &'static str) -> Result<EntityId, StatementFault> {
    let id = claims.get(name).and_then(Value::as_str).and_then(EntityId::parse);
    id.ok_or_else(|| claim(name, "is not an entity identifier: an https URL without query and fragment"))
}

/// `iat` in milliseconds and `exp` in seconds; what is not in time is refused.
fn times(claims: &Map<String, Value>, now: u64) -> Result<(u64, u64), StatementFault> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 10^14 milliseconds")]
    let date = |name: &'static str| match numeric_date(claims, name) {
        Ok(Some(date)) if date < 1e11 => Ok((date * 1000.0) as u64),
        _ => Err(claim(name, "is not a date in seconds since 1970")),
    };
    let soon = now.saturating_add(LEEWAY).saturating_mul(1000);
    let (issued_at_millis, expires_at) = (date("iat")?, date("exp")? / 1000);
    if issued_at_millis > soon {
        return Err(claim("iat", "is in the future"));
    }
    if expires_at <= now {
        return Err(claim("exp", "is in the past"));
    }
    if claims.contains_key("nbf") && date("nbf")? > soon {
        return Err(claim("nbf", "is in the future"));
    }
    Ok((issued_at_millis, expires_at))
}

/// `crit` (§13.4): as no extension is understood here, it is refused with the reason that fits.
fn check_critical(claims: &Map<String, Value>) -> Result<(), StatementFault> {
    if let Some(names) = critical(claims, "crit")? {
        let name = names.first().copied().unwrap_or_default();
        if names.iter().any(|name| DEFINED.contains(name)) {
            return Err(claim("crit", "names a claim that every reader understands"));
        }
        if names.iter().any(|name| !claims.contains_key(*name)) {
            return Err(claim("crit", "names a claim that is not there"));
        }
        return Err(StatementFault::Critical(name.to_owned()));
    }
    if let Some(names) = critical(claims, "metadata_policy_crit")? {
        let name = names.first().copied().unwrap_or_default();
        if names.iter().any(|name| STANDARD_OPERATORS.contains(name)) {
            return Err(claim("metadata_policy_crit", "names an operator that every reader understands"));
        }
        return Err(StatementFault::CriticalOperator(name.to_owned()));
    }
    Ok(())
}

/// A list of names, each once.
fn critical<'c>(claims: &'c Map<String, Value>, name: &'static str) -> Result<Option<Vec<&'c str>>, StatementFault> {
    let Some(listed) = claims.get(name) else { return Ok(None) };
    let names: Option<Vec<&str>> = listed.as_array().and_then(|names| names.iter().map(Value::as_str).collect());
    let names = names.filter(|names| (1..=MOST_NAMES).contains(&names.len()));
    let names = names.ok_or_else(|| claim(name, "is not a list of 1 to 100 names"))?;
    let once = names.iter().enumerate().all(|(index, name)| !names.iter().take(index).any(|earlier| earlier == name));
    if once { Ok(Some(names)) } else { Err(claim(name, "names something twice")) }
}

/// `metadata` (§5): objects by entity type, without `null`; no keys for the federation among them (§5.2.1).
fn check_metadata(claims: &Map<String, Value>) -> Result<(), StatementFault> {
    let Some(metadata) = claims.get("metadata") else { return Ok(()) };
    let types = metadata.as_object().ok_or_else(|| claim("metadata", "is not an object of entity types"))?;
    for (entity_type, parameters) in types {
        let parameters = parameters.as_object().ok_or_else(|| claim("metadata", "is not an object of objects"))?;
        if parameters.values().any(Value::is_null) {
            return Err(claim("metadata", "has a null"));
        }
        let keys = ["jwks", "jwks_uri", "signed_jwks_uri"];
        if entity_type == FEDERATION_ENTITY && keys.iter().any(|name| parameters.contains_key(*name)) {
            return Err(claim("metadata", "has keys for federation_entity, which has none"));
        }
    }
    Ok(())
}

/// The syntax of `trust_marks` (§3.1.2): each is a JWT of the type that stands beside it. Whether one is trusted is
/// another matter (§7.3).
fn check_trust_marks(claims: &Map<String, Value>) -> Result<(), StatementFault> {
    let Some(marks) = claims.get("trust_marks") else { return Ok(()) };
    let malformed = || claim("trust_marks", "is not a list of trust marks with their types");
    for mark in marks.as_array().ok_or_else(malformed)? {
        let text = |name: &str| mark.get(name).and_then(Value::as_str).ok_or_else(malformed);
        let (mark_type, mark) = (text("trust_mark_type")?, text("trust_mark")?);
        let jwt = UnverifiedJwt::parse(mark).map_err(|_| malformed())?;
        if jwt.unverified_claim("trust_mark_type") != Some(mark_type) {
            return Err(claim("trust_marks", "has one of another trust_mark_type than it says"));
        }
    }
    Ok(())
}

/// The syntax of what a trust anchor says of trust marks (§3.1.2): who issues them, and who owns their types.
fn check_trust_mark_rules(claims: &Map<String, Value>) -> Result<(), StatementFault> {
    let is_issuers = |issuers: &Value| issuers.as_array().is_some_and(|ids| ids.iter().all(is_entity_id));
    let is_owner =
        |owner: &Value| owner.get("sub").is_some_and(is_entity_id) && owner.get("jwks").is_some_and(Value::is_object);
    let is_object_of = |name: &str, holds: &dyn Fn(&Value) -> bool| {
        claims.get(name).is_none_or(|rules| rules.as_object().is_some_and(|rules| rules.values().all(holds)))
    };
    if !is_object_of("trust_mark_issuers", &is_issuers) {
        return Err(claim("trust_mark_issuers", "is not an object of lists of entity identifiers"));
    }
    if !is_object_of("trust_mark_owners", &is_owner) {
        return Err(claim("trust_mark_owners", "is not an object of owners with sub and jwks"));
    }
    Ok(())
}

fn is_entity_id(id: &Value) -> bool {
    id.as_str().is_some_and(|id| EntityId::parse(id).is_some())
}

/// A list of entity identifiers, never empty (§3.1.2).
fn check_hints(claims: &Map<String, Value>, name: &'static str) -> Result<Vec<EntityId>, StatementFault> {
    let Some(hints) = claims.get(name) else { return Ok(Vec::new()) };
    let hints = hints.as_array().filter(|hints| !hints.is_empty());
    let ids = hints.and_then(|hints| hints.iter().map(|hint| EntityId::parse(hint.as_str()?)).collect());
    ids.ok_or_else(|| claim(name, "is not a list of entity identifiers"))
}

/// Whether an audience is that entity and nobody else; a list of one is as good as a text (RFC 7519 §4.1.3).
fn is_alone(audience: Option<&Value>, entity: &EntityId) -> bool {
    let one = match audience {
        Some(Value::Array(listed)) if listed.len() == 1 => listed.first(),
        other => other,
    };
    one.and_then(Value::as_str) == Some(entity.as_str())
}

/// Whether it is an https URL without fragment.
pub(super) fn is_https(url: &Value) -> bool {
    let url = url.as_str().and_then(|url| Url::parse(url).ok());
    url.is_some_and(|url| url.scheme() == "https" && url.fragment().is_none())
}

/// `constraints` (§6.2).
fn constraints(claims: &Map<String, Value>) -> Result<Constraints, StatementFault> {
    match claims.get("constraints") {
        None => Ok(Constraints::default()),
        Some(sent) => Constraints::parse(sent).map_err(|reason| claim("constraints", reason)),
    }
}

/// A set of public keys in which each has a `kid` of its own (§3.1.1). Keys that verify no signature here are left out.
pub(super) fn keys(set: &Value) -> Result<JwkSet, &'static str> {
    let keys = set.get("keys").and_then(Value::as_array).filter(|keys| !keys.is_empty());
    let keys = keys.ok_or("is not a JWK Set with keys")?;
    if keys.len() > MOST_NAMES {
        return Err("has more than 100 keys");
    }
    let mut known: Vec<&str> = Vec::new();
    for key in keys {
        let kid =
            key.get("kid").and_then(Value::as_str).filter(|kid| !kid.is_empty()).ok_or("has a key without kid")?;
        if known.contains(&kid) {
            return Err("has two keys with one kid");
        }
        if key.as_object().is_some_and(|members| members.keys().any(|name| is_private_member(name))) {
            return Err("has a private key");
        }
        known.push(kid);
    }
    let usable = verification_keys(keys);
    if usable.keys.is_empty() { Err("has no key that verifies signatures") } else { Ok(usable) }
}

#[cfg(test)]
mod tests;
