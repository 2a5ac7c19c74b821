//! What a resource server may know of a token (RFC 7662, RFC 9470).

use std::collections::HashSet;

use shared::client::RegisteredClient;

use crate::authorization::Authorization;
use crate::certificate;
use crate::context::Context;
use crate::presented::{Kind, Known};

/// What a resource server asks of an access token.
#[derive(Debug, Default)]
pub struct Question<'q> {
    /// The scopes that are needed.
    pub scopes: Vec<&'q str>,
    /// Whose it must be.
    pub subject: Option<&'q str>,
    /// The resources that it must be for.
    pub resources: Vec<&'q str>,
    /// The authentication context classes of which one is needed.
    pub acrs: Vec<&'q str>,
    /// How long ago the user may have been authenticated, in seconds.
    pub max_age: Option<u64>,
    /// The certificate of the connection, in PEM.
    pub certificate: Option<&'q str>,
}

/// What is said of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It works.
    Valid,
    /// There is none, or none any more.
    Unknown,
    /// It has ended; whether another one can be had with the refresh token.
    Expired {
        /// Whether it can.
        is_refreshable: bool,
    },
    /// It lacks a scope.
    Scope(String),
    /// It is another user's.
    Subject,
    /// It is for other resources.
    Resource,
    /// The user was not authenticated so, or too long ago.
    StepUp,
    /// It is bound to another certificate.
    Certificate,
}

/// Whether an access token satisfies a resource server. Answers its authorization as well, if there is one that works for
/// its client.
#[must_use]
pub fn introspect(
    context: &Context<'_>,
    client: Option<&RegisteredClient>,
    known: Option<Known>,
    question: &Question<'_>,
) -> (Verdict, Option<Authorization>) {
    let known =
        known.filter(|known| known.kind == Kind::Access && known.authorization.works_for(context.service, client));
    match known {
        None => (Verdict::Unknown, None),
        Some(known) => (verdict(context, &known.authorization, question), Some(known.authorization)),
    }
}

fn verdict(context: &Context<'_>, authorization: &Authorization, question: &Question<'_>) -> Verdict {
    let now = context.now_millis();
    if !authorization.access_token.as_ref().is_some_and(|given| given.is_live(now)) {
        return Verdict::Expired { is_refreshable: authorization.is_refreshable(now) };
    }
    let lacks = |name: &&&str| !authorization.scopes.iter().any(|scope| scope == **name);
    if let Some(missing) = question.scopes.iter().find(lacks) {
        return Verdict::Scope((*missing).to_owned());
    }
    if question.subject.is_some_and(|subject| authorization.subject.as_deref() != Some(subject)) {
        return Verdict::Subject;
    }
    let resources: HashSet<&str> = authorization.resources.iter().map(String::as_str).collect();
    let is_elsewhere = |name: &&str| !resources.contains(name);
    if !authorization.resources.is_empty() && question.resources.iter().any(is_elsewhere) {
        return Verdict::Resource;
    }
    let assertions = &authorization.assertions;
    let has_class = |acr: &&str| assertions.acr.as_deref() == Some(*acr);
    let is_recent = |age: u64| assertions.auth_time.is_some_and(|time| time.saturating_add(age) >= now / 1000);
    if (!question.acrs.is_empty() && !question.acrs.iter().any(has_class)) || !question.max_age.is_none_or(is_recent) {
        return Verdict::StepUp;
    }
    if is_bound_elsewhere(authorization, question.certificate) { Verdict::Certificate } else { Verdict::Valid }
}

/// Whether a token is bound to another certificate than that of the connection (RFC 8705 §3).
fn is_bound_elsewhere(authorization: &Authorization, certificate: Option<&str>) -> bool {
    let Some(bound) = &authorization.certificate_thumbprint else { return false };
    certificate.and_then(certificate::thumbprint).as_ref() != Some(bound)
}
