//! What a registration would become, rule by rule: a policy is tried before clients meet it. The rules are those of
//! [`register`](super::register); this only looks on.

use serde_json::{Map, Value};

use super::admission::settle;
use crate::client::Source;
use crate::error::Error;
use crate::metadata::{ClientMetadata, VerifiedMetadata};
use crate::policy::BoundPolicy;
use crate::service::ServiceConfiguration;

/// Told of each rule before it does something, with the metadata that it finds.
pub(crate) type Begins<'b> = &'b mut dyn FnMut(&'static str, &ClientMetadata);

/// The rules that have begun, each with what it has found; none by default, where nobody looks on.
#[derive(Default)]
pub(crate) struct Steps(Vec<(&'static str, Map<String, Value>)>);

impl Steps {
    /// The first rule has begun.
    pub(crate) fn new(rule: &'static str, found: Map<String, Value>) -> Self {
        Self(vec![(rule, found)])
    }

    /// The next one has begun.
    pub(crate) fn begin(&mut self, rule: &'static str, found: &ClientMetadata) {
        if !self.0.is_empty() {
            self.0.push((rule, found.to_members()));
        }
    }

    /// What each rule made of the metadata; the last one has left `last`, or refused them.
    pub(crate) fn ended(self, last: Option<Map<String, Value>>) -> Vec<Step> {
        let afters = self.0.iter().skip(1).map(|(_, found)| Some(found.clone())).chain([last]).collect::<Vec<_>>();
        let steps = self.0.into_iter().zip(afters);
        steps.map(|((rule, before), after)| Step { rule, before, after }).collect()
    }
}

/// What one rule made of the metadata.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// The rule: the member of the policy that it is, or what it is about.
    pub rule: &'static str,
    /// The metadata before.
    pub before: Map<String, Value>,
    /// The metadata after; none where the rule refuses them.
    pub after: Option<Map<String, Value>>,
}

/// A registration that did not happen.
#[derive(Debug)]
pub struct Rehearsal {
    /// What each rule made of it, in their order; the last one may have refused it.
    pub steps: Vec<Step>,
    /// What would be registered, or why it is refused.
    pub outcome: Result<VerifiedMetadata, Error>,
}

impl Rehearsal {
    /// What the rules did to members, in their order: `rule`, `member`, `what` (`dropped`, `added`, `replaced`), `from`,
    /// `to`.
    #[must_use]
    pub fn changes(&self) -> Vec<Map<String, Value>> {
        self.steps.iter().flat_map(Step::changes).collect()
    }
}

impl Step {
    /// What the rule did to members, as [`Rehearsal::changes`].
    #[must_use]
    pub fn changes(&self) -> Vec<Map<String, Value>> {
        let Self { rule, before, after: Some(after) } = self else { return Vec::new() };
        let added = after.keys().filter(|name| !before.contains_key(*name));
        let change = |name: &String| {
            let (from, to) = (before.get(name), after.get(name));
            let what = match (from, to) {
                (from, to) if from == to => return None,
                (Some(_), None) => "dropped",
                (None, _) => "added",
                (Some(_), Some(_)) => "replaced",
            };
            let texts = [("rule", *rule), ("member", name.as_str()), ("what", what)];
            let mut row: Map<String, Value> =
                texts.map(|(name, text)| (name.to_owned(), text.into())).into_iter().collect();
            row.extend(from.map(|from| ("from".to_owned(), from.clone())));
            row.extend(to.map(|to| ("to".to_owned(), to.clone())));
            Some(row)
        };
        before.keys().chain(added).filter_map(change).collect()
    }
}

/// Registers nothing: says what a service with that configuration would make of what a client sends to the oauth door.
/// Software statements and what has to be fetched are left out.
#[must_use]
pub fn rehearse(configuration: &ServiceConfiguration, sent: Map<String, Value>) -> Rehearsal {
    let mut steps = Steps::new("as sent", sent.clone());
    let outcome = ClientMetadata::from_members(sent).map_err(Error::from).and_then(|metadata| {
        let narrowed = configuration.narrowed_policy();
        let policy = narrowed.as_ref().unwrap_or(&configuration.policy);
        let bound = BoundPolicy::default();
        settle(configuration, policy, Source::Oauth, metadata, &bound, &mut |rule, metadata| {
            steps.begin(rule, metadata);
        })
    });
    Rehearsal { steps: steps.ended(outcome.as_ref().ok().map(VerifiedMetadata::to_members)), outcome }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::{Policy, Preset};

    fn rehearsed(policy: Policy, sent: &Value) -> Rehearsal {
        let configuration = ServiceConfiguration::new("tests", policy);
        rehearse(&configuration, sent.as_object().cloned().unwrap())
    }

    fn changes(rehearsal: &Rehearsal, member: &str) -> Vec<(&'static str, Option<Value>)> {
        let changed =
            |step: &&Step| step.after.as_ref().is_some_and(|after| after.get(member) != step.before.get(member));
        let after = |step: &Step| step.after.as_ref().and_then(|after| after.get(member).cloned());
        rehearsal.steps.iter().filter(changed).map(|step| (step.rule, after(step))).collect()
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
        assert_eq!(rehearsal.outcome.unwrap().to_members(), rehearsal.steps.last().unwrap().after.clone().unwrap());
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
            let last = rehearsal.steps.last().unwrap();
            assert_eq!((last.rule, &last.after), (rule, &None), "{sent}");
        }
    }
}
