//! Software statements (RFC 7591 §2.3): metadata that somebody else vouches for.

use serde_json::{Map, Value};

use super::Context;
use crate::client::{SoftwareIdentity, Source};
use crate::error::{Error, StatementFault};
use crate::jose::{JwtFault, KeyFault, UnverifiedJwt, numeric_date};
use crate::metadata::{ClientMetadata, Invalid, SERVER_SET};
use crate::policy::Policy;
use crate::trusted_issuer::TrustedIssuer;

/// The rule that asks for statements.
pub(crate) const RULE: &str = "software_statements";

/// Claims that speak of the statement itself and not of the client (RFC 7519 §4.1).
const JWT_CLAIMS: [&str; 7] = ["iss", "sub", "aud", "exp", "nbf", "iat", "jti"];

/// What a statement may say that it is (`typ`, RFC 8725 §3.11); one issuer signs JWTs for other ends as well.
const MEDIA_TYPES: [&str; 2] = ["JWT", "software-statement+jwt"];

/// Seconds by which clocks may differ.
const LEEWAY: u64 = 60;

/// Verifies the software statement and lets its values overrule the plain ones (RFC 7591 §3.1.1). A service
/// that trusts no issuer ignores statements; it requires one only of registrants that nobody else vouches for.
pub(super) async fn overlay(
    context: &Context<'_>,
    source: Source,
    mut metadata: ClientMetadata,
) -> Result<(ClientMetadata, Option<SoftwareIdentity>), Error> {
    // What superiors leave of a relying party's metadata is not to be changed by others.
    if source.is_federated() {
        metadata.software_statement = None;
        return Ok((metadata, None));
    }
    let rules = &context.service.policy().software_statements;
    let required = rules.required && source.is_self_managed();
    let Some(statement) = metadata.software_statement.take() else {
        return if required { Err(StatementFault::Missing.into()) } else { Ok((metadata, None)) };
    };
    if rules.issuers.is_empty() && !required {
        return Ok((metadata, None));
    }
    // One document is read by all authorization servers: a statement in it that is of nobody whom this service trusts is
    // nothing to it.
    if source == Source::MetadataDocument && !is_of_one(&statement, &rules.issuers) {
        return Ok((metadata, None));
    }
    let jwt = UnverifiedJwt::parse(&statement).map_err(fault)?;
    if jwt.media_type().is_some_and(|declared| !MEDIA_TYPES.iter().any(|own| declared.eq_ignore_ascii_case(own))) {
        return Err(StatementFault::Type.into());
    }
    let issuer = jwt.unverified_claim("iss").ok_or(StatementFault::IssuerMissing)?.to_owned();
    let trusted = rules.issuers.iter().find(|trusted| trusted.issuer == issuer);
    let keys = &trusted.ok_or(Error::UnapprovedSoftwareStatement)?.keys;
    let app = context.app;
    let fetch = app.fetch.of(context.service.id);
    let claims = keys.verify(&jwt, fetch, &app.clock, context.fetching_ends).await.map_err(|error| match error {
        KeyFault::Jwt(error) => fault(error).into(),
        KeyFault::Fetch(error) => {
            tracing::warn!(%error, "the keys of a software statement's issuer could not be fetched");
            Error::Unreachable { member: "software_statement", document: "the keys of its issuer" }
        }
    })?;
    check_time(&claims, context.app.clock.now(), rules.max_age)?;
    check_audience(&claims, &context.audiences)?;
    let vouched = vouched_metadata(claims)?;
    let software = SoftwareIdentity { issuer, software_id: vouched.software_id.clone() };
    let mut metadata = metadata.overlaid_by(vouched);
    metadata.software_statement = Some(statement);
    Ok((metadata, Some(software)))
}

/// What was sent, as its statement overrules it, which was found good: what a policy or a specification has refused is that.
pub(super) fn overruled(sent: &ClientMetadata, policy: &Policy) -> ClientMetadata {
    let statement = sent.software_statement.as_deref();
    let trusted = statement.filter(|statement| is_of_one(statement, &policy.software_statements.issuers));
    let jwt = trusted.and_then(|statement| UnverifiedJwt::parse(statement).ok());
    let vouched = jwt.and_then(|jwt| vouched_metadata(jwt.unverified_claims().clone()).ok());
    vouched.map_or_else(|| sent.clone(), |vouched| sent.clone().overlaid_by(vouched))
}

/// Whether a statement says that it is by one of these.
pub(super) fn is_of_one(statement: &str, issuers: &[TrustedIssuer]) -> bool {
    let jwt = UnverifiedJwt::parse(statement);
    let issuer = jwt.as_ref().ok().and_then(|jwt| jwt.unverified_claim("iss"));
    issuers.iter().any(|trusted| Some(trusted.issuer.as_str()) == issuer)
}

fn fault(fault: JwtFault) -> StatementFault {
    match fault {
        JwtFault::Malformed => StatementFault::Malformed,
        JwtFault::Algorithm => StatementFault::Algorithm,
        JwtFault::Signature => StatementFault::Signature,
    }
}

fn check_time(claims: &Map<String, Value>, now: u64, max_age: Option<u64>) -> Result<(), StatementFault> {
    let time = |name: &str| numeric_date(claims, name).map_err(|_| StatementFault::Time);
    #[expect(clippy::cast_precision_loss, reason = "seconds since 1970 fit in 53 bits")]
    let (now, leeway) = (now as f64, LEEWAY as f64);
    let expired = time("exp")?.is_some_and(|end| end + leeway <= now);
    let early = time("nbf")?.is_some_and(|start| start - leeway > now);
    let issued = time("iat")?;
    #[expect(clippy::cast_precision_loss, reason = "a policy's seconds fit in 53 bits")]
    let old = max_age.is_some_and(|age| issued.is_none_or(|issued| issued + age as f64 + leeway < now));
    let from_the_future = issued.is_some_and(|issued| issued - leeway > now);
    if expired || early || old || from_the_future { Err(StatementFault::Time) } else { Ok(()) }
}

fn check_audience(claims: &Map<String, Value>, audiences: &[String]) -> Result<(), StatementFault> {
    let ours = |value: &Value| value.as_str().is_some_and(|name| audiences.iter().any(|ours| ours == name));
    let meant = match claims.get("aud") {
        None => true,
        Some(Value::Array(values)) => values.iter().any(ours),
        Some(value) => ours(value),
    };
    if meant { Ok(()) } else { Err(StatementFault::Audience) }
}

fn vouched_metadata(mut claims: Map<String, Value>) -> Result<ClientMetadata, StatementFault> {
    claims.retain(|name, _| !JWT_CLAIMS.contains(&name.as_str()));
    if let Some(member) = SERVER_SET.into_iter().find(|member| claims.contains_key(*member)) {
        return Err(StatementFault::Claim(Invalid::ServerSet { member }));
    }
    claims.remove("software_statement");
    ClientMetadata::from_members(claims).map_err(StatementFault::Claim)
}
