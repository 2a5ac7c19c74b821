//! What a registration would become, rule by rule: a policy is tried before clients meet it. The rules are those of
//! [`register`](super::register); this only looks on.

use serde_json::{Map, Value};

use super::Trail;
use super::admission::settle;
use super::trail::Sent;
use crate::client::Source;
use crate::error::Error;
use crate::metadata::{Change, Submitted, VerifiedMetadata};
use crate::policy::BoundPolicy;
use crate::service::ServiceConfiguration;

/// A registration that did not happen.
#[derive(Debug)]
pub struct Rehearsal {
    /// What the rules changed, in their order.
    pub changes: Vec<Change>,
    /// The last rule that was asked: the one that refuses it, if one does.
    pub rule: &'static str,
    /// What would be registered, or why it is refused.
    pub outcome: Result<VerifiedMetadata, Error>,
}

/// Registers nothing: says what a service with that configuration would make of what a client sends to the oauth door.
/// Software statements and what has to be fetched are left out.
#[must_use]
pub fn rehearse(configuration: &ServiceConfiguration, sent: Map<String, Value>) -> Rehearsal {
    let Sent { metadata, changes } = match Submitted::from_members(sent) {
        Ok(submitted) => Sent::to_register(&submitted),
        Err(fault) => return Rehearsal { changes: Vec::new(), rule: "as sent", outcome: Err(fault.into()) },
    };
    let narrowed = configuration.narrowed_policy();
    let policy = narrowed.as_ref().unwrap_or(&configuration.policy);
    let mut trail = Trail::new("as sent", metadata.clone(), changes);
    let begins = &mut |rule, found: &_| trail.begin(rule, found);
    let outcome = settle(configuration, policy, Source::Oauth, metadata, &BoundPolicy::default(), begins);
    Rehearsal { rule: trail.rule(), changes: trail.told(outcome.as_ref().ok()), outcome }
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
