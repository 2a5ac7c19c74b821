//! What a registration would become, rule by rule: a policy is tried before clients meet it. The rules are those of
//! [`register`](super::register); this only looks on.

use serde_json::{Map, Value};

use super::admission::settle;
use super::statement::is_of_one;
use super::trail::Sent;
use super::{AS_SENT, SOFTWARE_STATEMENTS, Trail, identity_center, remote};
use crate::client::Source;
use crate::error::{Ceiling, Error};
use crate::fetch::Fetch;
use crate::metadata::{Change, ClientMetadata, Submitted, VerifiedMetadata};
use crate::metadata_document::{self, Unresolved};
use crate::policy::{BoundPolicy, Flag, Policy, Registration};
use crate::service::ServiceConfiguration;

/// A registration that did not happen.
#[derive(Debug)]
pub struct Rehearsal {
    /// What the rules changed, in their order.
    pub changes: Vec<Change>,
    /// The last rule that was asked: the one that refuses it, if one does.
    pub rule: &'static str,
    /// What would be registered, or why it is refused.
    pub outcome: Result<VerifiedMetadata, Refused>,
    /// What a registration has to have beside that, since rules ask for it that are not tried.
    pub requires: Vec<Requirement>,
    /// The reserved name that the first of its names has in it, or looks like, unless the policy allows that.
    pub resembles: Option<String>,
    /// What whoever shows the client that would be registered should know of it.
    pub flags: Vec<Flag>,
}

/// What a trial meets beside the configuration of a service, and asks nothing of.
#[derive(Debug, Clone, Copy)]
pub struct Surroundings<'s> {
    /// The way out: which hosts may be asked.
    pub fetch: &'s Fetch,
    /// The names of the service in [`audiences`](super::Context::audiences), as far as they are known.
    pub audiences: &'s [String],
}

impl Rehearsal {
    pub(crate) fn refused(rule: &'static str, refused: Refused) -> Self {
        Self {
            changes: Vec::new(),
            rule,
            outcome: Err(refused),
            requires: Vec::new(),
            resembles: None,
            flags: Vec::new(),
        }
    }
}

/// Why a registration would be refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// The policy does not open the door.
    #[error("this service does not open the door {0}")]
    Closed(String),
    /// The service registers only who has a token or a software statement, which the protocol of the door does not know.
    #[error("clients of this service need a token")]
    Protected,
    /// What a registration is refused for.
    #[error(transparent)]
    Core(#[from] Error),
    /// Why there is no client of a document.
    #[error(transparent)]
    Unresolved(Box<Unresolved>),
}

impl From<Unresolved> for Refused {
    fn from(unresolved: Unresolved) -> Self {
        Self::Unresolved(unresolved.into())
    }
}

impl Refused {
    /// The error code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Closed(_) => Error::UnknownService.code(),
            Self::Protected => Error::RegistrationClosed.code(),
            Self::Core(error) => error.code(),
            Self::Unresolved(unresolved) => unresolved.code(),
        }
    }
}

/// What is not tried, and a registration has to have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Requirement {
    /// The rule that asks for it.
    pub rule: &'static str,
    /// What it is, with its article.
    pub what: &'static str,
}

/// What a policy asks of whoever registers, before it looks at what is sent: the rule by which Identity Center, which asks
/// for neither a token nor a software statement, registers nobody.
#[must_use]
pub fn protection(policy: &Policy) -> Option<&'static str> {
    if policy.registration == Registration::Open {
        policy.software_statements.required.then_some(SOFTWARE_STATEMENTS)
    } else {
        Some("registration")
    }
}

/// What that door would still ask for of metadata that may be registered.
pub(crate) fn requirements(policy: &Policy, source: Source, metadata: &ClientMetadata) -> Vec<Requirement> {
    let (has_token, is_registered) = (source.is_self_managed(), source != Source::MetadataDocument);
    let statements = &policy.software_statements;
    let has_statement = metadata.software_statement.is_some() && !statements.issuers.is_empty();
    let asked = [
        (has_token && policy.registration != Registration::Open, "registration", "a good initial access token"),
        (has_token && statements.required || has_statement, SOFTWARE_STATEMENTS, "a good software statement"),
        (
            metadata.sector_identifier_uri.is_some(),
            "sector_identifier_uri",
            "a document behind sector_identifier_uri, on port 443 of a public host, that lists each redirect URI",
        ),
        (
            is_registered && policy.software_id_once && metadata.software_id.is_some(),
            "software_id_once",
            "a software_id that no other client has",
        ),
        (
            source.is_self_registered() && policy.clients_per_service.is_some(),
            Ceiling::Service.rule(),
            "room among the clients of the service",
        ),
        (
            is_registered && policy.clients_per_developer.is_some(),
            Ceiling::Developer.rule(),
            "room among the clients of its developer",
        ),
    ];
    asked.into_iter().filter_map(|(is_asked, rule, what)| is_asked.then_some(Requirement { rule, what })).collect()
}

/// Registers nothing: says what a service with that configuration would make of what a client sends to that door, in the
/// words of RFC 7591; to `metadata_document` a document, with the URL that it names. Tokens, software statements, the clients
/// that are there and what has to be fetched are not looked at, but it is said where they are asked for; what a door asks for
/// before the policy is not.
#[must_use]
pub fn rehearse(
    configuration: &ServiceConfiguration,
    surroundings: Surroundings<'_>,
    door: &str,
    sent: Map<String, Value>,
) -> Rehearsal {
    let Some(source) = Source::of_door(door).filter(|_| configuration.policy.opens(door)) else {
        return Rehearsal::refused("doors", Refused::Closed(door.to_owned()));
    };
    if source == Source::IdentityCenter
        && let Some(rule) = protection(&configuration.policy)
    {
        return Rehearsal::refused(rule, Refused::Protected);
    }
    let narrowed = configuration.narrowed_policy();
    let policy = narrowed.as_ref().unwrap_or(&configuration.policy);
    if source == Source::MetadataDocument {
        return metadata_document::tried(configuration, surroundings, policy, sent);
    }
    let Sent { mut metadata, changes } = match read(policy, source, sent) {
        Ok(sent) => sent,
        Err((rule, error)) => return Rehearsal::refused(rule, error.into()),
    };
    if source.is_self_registered() && !policy.dynamic_registration {
        return Rehearsal::refused("dynamic_registration", Error::RegistrationClosed.into());
    }
    let mut trail = Trail::new(AS_SENT, metadata.clone(), changes);
    trail.begin(SOFTWARE_STATEMENTS, &metadata);
    keep_heeded_statement(policy, source, &mut metadata);
    let requires = requirements(policy, source, &metadata);
    let begins = &mut |rule, found: &_| trail.begin(rule, found);
    let settled = settle(configuration, policy, source, metadata, &BoundPolicy::default(), begins);
    let outcome = settled.and_then(|verified| {
        begins("sector_identifier_uri", &verified.to_metadata());
        remote::permit(surroundings.fetch, &verified).map(|()| verified)
    });
    Rehearsal {
        rule: trail.rule(),
        resembles: trail.resembled(policy),
        flags: outcome.as_ref().map(|verified| policy.flags_of(verified, Some(&policy.names))).unwrap_or_default(),
        changes: trail.told(outcome.as_ref().ok()),
        outcome: outcome.map_err(Refused::from),
        requires,
    }
}

/// Takes out a software statement that is not looked at.
pub(crate) fn keep_heeded_statement(policy: &Policy, source: Source, metadata: &mut ClientMetadata) {
    let statements = &policy.software_statements;
    let is_heeded = |statement: &String| match source {
        // One document is read by all authorization servers.
        Source::MetadataDocument => is_of_one(statement, &statements.issuers),
        source => source.is_self_managed() && (statements.required || !statements.issuers.is_empty()),
    };
    metadata.software_statement = metadata.software_statement.take().filter(is_heeded);
}

/// What that door takes of members, or by which rule it does not.
fn read(policy: &Policy, source: Source, sent: Map<String, Value>) -> Result<Sent, (&'static str, Error)> {
    let submitted = Submitted::from_members(sent).map_err(|fault| (AS_SENT, fault.into()))?;
    let Sent { metadata, changes } = Sent::to_register(&submitted);
    if source != Source::IdentityCenter {
        return Ok(Sent { metadata, changes });
    }
    let meant = identity_center::tried(policy, &metadata).map_err(|error| (identity_center::rule(&error), error))?;
    Ok(Sent { metadata: meant.metadata, changes: changes.then(meant.changes) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::fetch::FetchSettings;
    use crate::policy::{Policy, Preset};

    fn rehearsed(policy: Policy, sent: &Value) -> Rehearsal {
        let (configuration, fetch) = (ServiceConfiguration::new("tests", policy), Fetch::new(FetchSettings::default()));
        let surroundings = Surroundings { fetch: &fetch, audiences: &[] };
        rehearse(&configuration, surroundings, "oauth", sent.as_object().cloned().unwrap())
    }

    fn changes<'r>(rehearsal: &'r Rehearsal, member: &str) -> Vec<(&'r str, Option<Value>)> {
        let changed = rehearsal.changes.iter().filter(|change| change.member == member);
        changed.map(|change| (&*change.rule, change.to.clone())).collect()
    }

    #[test]
    fn each_change_belongs_to_the_rule_that_made_it() {
        let mut policy = Preset::Open.policy();
        policy.scopes.default = crate::metadata::Scope::parse("read").unwrap();
        let sent = json!({
            "client_id": "mine", "made_up": 1, "redirect_uris": ["http://127.0.0.1/cb"],
            "grant_types": ["authorization_code", "implicit"], "subject_type": "pairwise",
        });
        let rehearsal = rehearsed(policy, &sent);
        assert_eq!(changes(&rehearsal, "client_id"), [("as sent", None)]);
        assert_eq!(changes(&rehearsal, "subject_type"), [("unannounced", Some(json!("public")))]);
        assert_eq!(changes(&rehearsal, "made_up"), [("custom_members", None)]);
        let grants = Some(json!(["authorization_code"]));
        assert_eq!(changes(&rehearsal, "grant_types"), [("grant_types and response_types", grants)]);
        assert_eq!(changes(&rehearsal, "scope"), [("scopes", Some(json!("read")))]);
        assert_eq!(changes(&rehearsal, "application_type"), [("redirect_uris", Some(json!("native")))]);
        let method = Some(json!("client_secret_basic"));
        assert_eq!(changes(&rehearsal, "token_endpoint_auth_method"), [("the specifications", method)]);
        let mut became = sent.as_object().cloned().unwrap();
        for Change { member, from, to, .. } in &rehearsal.changes {
            assert_eq!(became.remove(member), *from, "{member}");
            became.extend(to.clone().map(|to| (member.clone(), to)));
        }
        assert_eq!(rehearsal.outcome.unwrap().to_members(), became);
    }

    #[test]
    fn the_rule_that_refuses_is_the_last() {
        let uris = json!(["https://rp.example/cb"]);
        for (policy, sent, rule) in [
            (Preset::Open, json!({"redirect_uris": 1}), "as sent"),
            (Preset::Open, json!({"client_name": "x".repeat(5000)}), "limits"),
            (Preset::Protected, json!({"redirect_uris": uris, "subject_type": "pairwise"}), "unannounced"),
            (
                Preset::Protected,
                json!({"redirect_uris": uris, "grant_types": ["implicit"]}),
                "grant_types and response_types",
            ),
            (Preset::Open, json!({"token_endpoint_auth_method": "tls_client_auth"}), "token_endpoint_auth_methods"),
            (Preset::Regulated, json!({"redirect_uris": uris, "scope": "fly"}), "scopes"),
            (Preset::Regulated, json!({"redirect_uris": ["http://localhost/cb"]}), "redirect_uris"),
            (
                Preset::Protected,
                json!({"redirect_uris": uris, "logo_uri": "https://bank.example/"}),
                "redirect_uris.pages_share_host",
            ),
            (Preset::Open, json!({"redirect_uris": uris, "jwks_uri": "https://10.0.0.1/"}), "called_urls"),
            (Preset::Open, json!({"redirect_uris": ["https://rp.example/#a"]}), "the specifications"),
        ] {
            let rehearsal = rehearsed(policy.policy(), &sent);
            assert!(rehearsal.outcome.is_err(), "{sent}");
            assert_eq!(rehearsal.rule, rule, "{sent}");
        }
    }
}
