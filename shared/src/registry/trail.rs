//! What rules make of metadata on their way into the registry, noted as they do it.

use crate::metadata::{Change, Changes, ClientMetadata, Submitted, VerifiedMetadata};
use crate::policy::Policy;

/// Told of each rule before it does something, with the metadata that it finds.
pub(crate) type Begins<'b> = &'b mut dyn FnMut(&'static str, &ClientMetadata);

/// Metadata that were sent, and what has become of them until now.
pub(crate) struct Sent {
    pub(crate) metadata: ClientMetadata,
    pub(crate) changes: Changes,
}

impl Sent {
    /// In a registration.
    pub(super) fn to_register(submitted: &Submitted) -> Self {
        Self { metadata: submitted.metadata.clone(), changes: submitted.changes_of_registration() }
    }

    /// In an update.
    pub(super) fn to_replace(submitted: &Submitted) -> Self {
        Self { metadata: submitted.metadata.clone(), changes: submitted.changes.clone() }
    }
}

/// The rules that have begun: what they have changed, and the last one with what it has found. What is found is compared
/// with what was there before, and copied only where it differs.
#[derive(Default)]
pub(crate) struct Trail {
    rule: &'static str,
    found: Box<ClientMetadata>,
    changes: Changes,
}

impl Trail {
    /// The first rule has begun.
    pub(crate) fn new(rule: &'static str, found: ClientMetadata, changes: Changes) -> Self {
        Self { rule, found: Box::new(found), changes }
    }

    /// The next one has.
    pub(crate) fn begin(&mut self, rule: &'static str, found: &ClientMetadata) {
        if self.changes.note(self.rule, &self.found, found) {
            self.found.as_mut().clone_from(found);
        }
        self.rule = rule;
    }

    /// The rule that has begun last.
    pub(crate) fn rule(&self) -> &'static str {
        self.rule
    }

    /// The reserved name that the first of the names has in it, or looks like, that the last rule has found.
    pub(crate) fn resembled(&self, policy: &Policy) -> Option<String> {
        policy.names.resembled(&self.found).map(str::to_owned)
    }

    /// All changes: the last rule has left that.
    pub(crate) fn ended(mut self, left: &VerifiedMetadata) -> Changes {
        self.changes.note(self.rule, &self.found, &left.to_metadata());
        self.changes
    }

    /// Each change: the last rule has left that, or has refused what it found.
    pub(crate) fn told(self, left: Option<&VerifiedMetadata>) -> Vec<Change> {
        match left {
            Some(left) => self.ended(left).told(left.to_members()),
            None => self.changes.told(self.found.to_members()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, Value, json};

    use super::*;
    use crate::client::Source;
    use crate::metadata::testing::members;
    use crate::policy::{BoundPolicy, Preset};
    use crate::registry::admission::settle;
    use crate::service::ServiceConfiguration;

    /// What is kept of the changes, and what is registered, if it is.
    fn settled(preset: Preset, sent: Map<String, Value>) -> Option<(Changes, VerifiedMetadata)> {
        let configuration = ServiceConfiguration::new("tests", preset.policy());
        let Sent { metadata, changes } = Sent::to_register(&Submitted::from_members(sent).ok()?);
        let mut trail = Trail::new("as sent", metadata.clone(), changes);
        let (source, bound) = (Source::Oauth, BoundPolicy::default());
        let begins = &mut |rule, found: &_| trail.begin(rule, found);
        let registered = settle(&configuration, &configuration.policy, source, metadata, &bound, begins).ok()?;
        Some((trail.ended(&registered).kept(), registered))
    }

    #[test]
    fn what_the_server_sets_is_told_of_and_nothing_that_is_secret_is_kept() {
        let sent = json!({"redirect_uris": ["https://rp.example/cb"], "client_id": "mine", "client_secret": "s3cr3t",
            "registration_access_token": "t0k3n", "client_uri": "", "contacts": null});
        let (changes, registered) = settled(Preset::Open, sent.as_object().cloned().unwrap()).unwrap();
        let kept = serde_json::to_string(&changes).unwrap();
        assert!(!kept.contains("s3cr3t") && !kept.contains("t0k3n"), "{kept}");
        let found = changes.sent(registered.to_members());
        assert_eq!(
            (&found["client_id"], &found["client_uri"], &found["contacts"]),
            (&"mine".into(), &"".into(), &Value::Null)
        );
        assert_eq!(found["client_secret"], "a secret, not kept");
        assert_eq!(found.len(), sent.as_object().unwrap().len());
    }

    proptest::proptest! {
        /// Any members with any values: what is registered leads back to what was sent, and each change follows the one
        /// before. A software statement is nobody's to read.
        #[test]
        fn what_was_sent_is_found_again(sent in members(), other in proptest::bool::ANY) {
            let mut sent = sent;
            sent.retain(|name, _| !name.starts_with("software_statement"));
            sent.extend(other.then(|| ("made_up".to_owned(), json!({"a": [1, ""]}))));
            for preset in Preset::ALL {
                let Some((changes, registered)) = settled(preset, sent.clone()) else { continue };
                let text = serde_json::to_string(&changes).unwrap();
                proptest::prop_assert_eq!(&serde_json::from_str::<Changes>(&text).unwrap(), &changes);
                proptest::prop_assert_eq!(&changes.sent(registered.to_members()), &sent);
                let mut became = sent.clone();
                for Change { member, from, to, .. } in changes.told(registered.to_members()) {
                    proptest::prop_assert_eq!(became.remove(&member), from);
                    became.extend(to.map(|to| (member, to)));
                }
                proptest::prop_assert_eq!(became, registered.to_members());
            }
        }
    }
}
