//! What became of what was sent: each rule's changes, in their order. What a rule has changed is kept as it was before, so
//! that what is registered leads back to what was sent.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Number, Value};

use super::{ClientMetadata, is_private_member};

/// The rule by which an operator changes what a client has registered.
const OPERATOR: &str = "an operator";

/// How much is kept of one client's changes, in bytes of JSON.
const MAX_BYTES: usize = 4096;

/// How much is kept of one member as it was, in bytes of JSON.
const MAX_VALUE_BYTES: usize = 1024;

/// What a rule takes beside the members that it has changed, in bytes of JSON.
const RULE_BYTES: usize = 80;

/// How long a text is, at least, that may be nobody's to read: a key, a token, a digest.
const OPAQUE_LENGTH: usize = 32;

/// What rules have made of metadata, in their order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Changes(Vec<Undo>);

/// What undoes one rule's changes.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
struct Undo {
    rule: Cow<'static, str>,
    /// The members that it has dropped or replaced, as they were.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    from: Map<String, Value>,
    /// The same where nobody keeps what they were.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    unkept: BTreeMap<String, Unkept>,
    /// The members that it has added.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    added: Vec<String>,
    /// How many it has changed beside these.
    #[serde(default, skip_serializing_if = "is_zero")]
    more: usize,
}

/// Why the value of a member is not kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Unkept {
    /// It is a secret, or looks like one.
    Secret,
    /// It has so many bytes of JSON.
    Long(usize),
}

/// What a rule has done to a member.
#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    /// The rule: the member of the policy that it is, or what it is about.
    pub rule: Cow<'static, str>,
    /// The member, in its language.
    pub member: String,
    /// What it was before; none if the rule has added it. A sentence in its place where that is not kept.
    pub from: Option<Value>,
    /// What it was after; none if the rule has dropped it.
    pub to: Option<Value>,
    /// Whether `from` is what was there.
    pub is_kept: bool,
}

impl Change {
    /// Whether the member was `dropped`, `added` or `replaced`.
    #[must_use]
    pub fn what(&self) -> &'static str {
        match (&self.from, &self.to) {
            (Some(_), Some(_)) => "replaced",
            (Some(_), None) => "dropped",
            (None, _) => "added",
        }
    }

    /// As operators see it; absent members are omitted.
    #[must_use]
    pub fn to_members(&self) -> Map<String, Value> {
        let texts = [("rule", &*self.rule), ("member", &self.member), ("what", self.what())];
        let texts = texts.map(|(name, text)| (name.to_owned(), text.into()));
        let values = [("from", &self.from), ("to", &self.to)];
        let values = values.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value.clone()?)));
        let unkept = (!self.is_kept).then(|| ("kept".to_owned(), false.into()));
        texts.into_iter().chain(values).chain(unkept).collect()
    }
}

impl Changes {
    /// What one rule has made of members.
    #[must_use]
    pub fn between(rule: &'static str, before: &Map<String, Value>, after: &Map<String, Value>) -> Self {
        let undo = Undo::of(rule, before, after);
        Self((!undo.is_empty()).then_some(undo).into_iter().collect())
    }

    /// Whether what was sent is what is there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// These, and then others.
    #[must_use]
    pub fn then(mut self, others: Self) -> Self {
        self.0.extend(others.0);
        self
    }

    /// These, and then what an operator makes of what was there. What operators have changed before and change again is
    /// one change.
    #[must_use]
    pub fn then_by_operator(mut self, before: &Map<String, Value>, after: &Map<String, Value>) -> Self {
        let earlier = self.0.pop_if(|last| last.rule == OPERATOR).unwrap_or_default();
        let mut undo = Undo::of(OPERATOR, &earlier.undone(before.clone()), after);
        undo.from.retain(|name, _| !earlier.unkept.contains_key(name));
        (undo.unkept, undo.more) = (earlier.unkept, earlier.more);
        self.0.extend((!undo.is_empty()).then_some(undo));
        self.kept()
    }

    /// What was sent, if that has become of it. In place of what is not kept there is a sentence that says so.
    #[must_use]
    pub fn sent(&self, became: Map<String, Value>) -> Map<String, Value> {
        self.0.iter().rev().fold(became, |after, undo| undo.undone(after))
    }

    /// Each change, in the order of the rules, if that has become of what was sent.
    #[must_use]
    pub fn told(&self, became: Map<String, Value>) -> Vec<Change> {
        let mut after = became;
        let mut told = Vec::new();
        for undo in self.0.iter().rev() {
            let before = undo.undone(after.clone());
            told.push(undo.told(&before, &after));
            after = before;
        }
        told.into_iter().rev().flatten().collect()
    }

    /// What may be kept of them with a client that strangers register: no secrets, and no more than fits. What
    /// specifications define is kept first.
    pub(crate) fn kept(self) -> Self {
        let mut kept: Vec<Undo> =
            self.0.iter().map(|undo| Undo { rule: undo.rule.clone(), more: undo.more, ..Undo::default() }).collect();
        let rules: usize = self.0.iter().map(|undo| undo.rule.len() + RULE_BYTES).sum();
        let mut room = Room(MAX_BYTES.saturating_sub(rules));
        for defined in [true, false] {
            for (undo, kept) in self.0.iter().zip(&mut kept) {
                let of_turn = |name: &&String| is_defined(name) == defined;
                for (name, value) in undo.from.iter().filter(|(name, _)| of_turn(name)) {
                    kept.keep(name, value, &mut room);
                }
                for (name, why) in undo.unkept.iter().filter(|(name, _)| of_turn(name)) {
                    kept.name(name, *why, &mut room);
                }
                for name in undo.added.iter().filter(of_turn) {
                    if room.takes(name, 0) {
                        kept.added.push(name.clone());
                    } else {
                        kept.more += 1;
                    }
                }
            }
        }
        Self(kept)
    }

    /// Notes what a rule has made of metadata: whether it has changed any.
    pub(crate) fn note(&mut self, rule: &'static str, before: &ClientMetadata, after: &ClientMetadata) -> bool {
        let [before, after] = before.differing(after);
        let undo = Undo::of(rule, &before, &after);
        let is_change = !undo.is_empty();
        self.0.extend(is_change.then_some(undo));
        is_change
    }

    /// What the server sets itself was not taken from what was sent.
    pub(super) fn not_taken(mut self, rule: &'static str, value: Option<(&str, Value)>, names: &[&str]) -> Self {
        if value.is_none() && names.is_empty() {
            return self;
        }
        let mut undo = self.0.pop_if(|last| last.rule == rule).unwrap_or_default();
        undo.rule = rule.into();
        undo.from.extend(value.map(|(name, value)| (name.to_owned(), value)));
        undo.unkept.extend(names.iter().map(|name| ((*name).to_owned(), Unkept::Secret)));
        self.0.push(undo);
        self
    }
}

impl Undo {
    fn of(rule: &'static str, before: &Map<String, Value>, after: &Map<String, Value>) -> Self {
        let changed = before.iter().filter(|(name, value)| after.get(*name) != Some(*value));
        Self {
            rule: rule.into(),
            from: changed.map(|(name, value)| (name.clone(), value.clone())).collect(),
            added: after.keys().filter(|name| !before.contains_key(*name)).cloned().collect(),
            ..Self::default()
        }
    }

    fn is_empty(&self) -> bool {
        self.from.is_empty() && self.unkept.is_empty() && self.added.is_empty() && self.more == 0
    }

    fn undone(&self, mut after: Map<String, Value>) -> Map<String, Value> {
        for name in &self.added {
            after.remove(name);
        }
        after.extend(self.from.iter().map(|(name, value)| (name.clone(), value.clone())));
        after.extend(self.unkept.iter().map(|(name, why)| (name.clone(), why.sentence().into())));
        after
    }

    fn told(&self, before: &Map<String, Value>, after: &Map<String, Value>) -> Vec<Change> {
        let names: BTreeMap<&String, bool> =
            self.from.keys().map(|name| (name, true)).chain(self.unkept.keys().map(|name| (name, false))).collect();
        let names = names.into_iter().chain(self.added.iter().map(|name| (name, true)));
        let change = |(name, is_kept): (&String, bool)| Change {
            rule: self.rule.clone(),
            member: name.clone(),
            from: before.get(name).cloned(),
            to: after.get(name).cloned(),
            is_kept,
        };
        let more = (self.more > 0).then(|| Change {
            rule: self.rule.clone(),
            member: "…".to_owned(),
            from: Some(format!("{} members more, not kept", self.more).into()),
            to: None,
            is_kept: false,
        });
        names.map(change).chain(more).collect()
    }

    /// Keeps a member as it was, if it may be known and there is room.
    fn keep(&mut self, name: &str, value: &Value, room: &mut Room) {
        let bytes = value.to_string().len();
        if is_secret(name, value) {
            self.name(name, Unkept::Secret, room);
        } else if bytes <= MAX_VALUE_BYTES && room.takes(name, bytes) {
            self.from.insert(name.to_owned(), value.clone());
        } else {
            self.name(name, Unkept::Long(bytes), room);
        }
    }

    fn name(&mut self, name: &str, why: Unkept, room: &mut Room) {
        if room.takes(name, why.sentence().len()) {
            self.unkept.insert(name.to_owned(), why);
        } else {
            self.more += 1;
        }
    }
}

impl Unkept {
    fn sentence(self) -> String {
        match self {
            Self::Secret => "a secret, not kept".to_owned(),
            Self::Long(bytes) => format!("{bytes} bytes, not kept"),
        }
    }
}

/// How many bytes of JSON are left.
struct Room(usize);

impl Room {
    /// Takes so many, and those of a name, a colon and a comma, if they are there.
    fn takes(&mut self, name: &str, bytes: usize) -> bool {
        let left = self.0.checked_sub(Value::from(name).to_string().len() + bytes + 2);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields so")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

/// Whether a specification defines the member, in whatever language.
fn is_defined(name: &str) -> bool {
    ClientMetadata::MEMBERS.contains(&untagged(name))
}

/// The name of a member without its language.
fn untagged(name: &str) -> &str {
    name.split_once('#').map_or(name, |(name, _)| name)
}

/// Whether a member is somebody's secret or may be one. A software statement is good for whoever has it.
fn is_secret(name: &str, value: &Value) -> bool {
    if is_defined(name) {
        return untagged(name) == "software_statement" || has_member(value, is_private_member);
    }
    let names_a_secret = |name: &str| is_private_member(name) || names_a_secret(name);
    names_a_secret(name) || has_member(value, names_a_secret) || has_secret(value)
}

/// Whether a member of such a name stands anywhere in a value.
fn has_member(value: &Value, is_it: fn(&str) -> bool) -> bool {
    match value {
        Value::Object(members) => members.iter().any(|(name, value)| is_it(name) || has_member(value, is_it)),
        Value::Array(values) => values.iter().any(|value| has_member(value, is_it)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Whether a text that may be secret stands anywhere in a value, or a number of more digits than are read.
fn has_secret(value: &Value) -> bool {
    match value {
        Value::String(text) => may_be_secret(text),
        Value::Number(number) => !is_exact(number),
        Value::Array(values) => values.iter().any(has_secret),
        Value::Object(members) => members.values().any(has_secret),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Whether a number is what was sent, to its last digit.
fn is_exact(number: &Number) -> bool {
    let text = number.to_string();
    let digits = text.bytes().filter(u8::is_ascii_digit).count();
    number.is_u64() || number.is_i64() || digits <= f64::DIGITS as usize && !text.contains('e')
}

/// Whether a name says that few may know its value, however its words are put together.
fn names_a_secret(name: &str) -> bool {
    const WORDS: [&str; 8] = ["secret", "pass", "pwd", "credential", "assertion", "cookie", "authoriz", "bearer"];
    const ENDS: [&str; 6] = ["token", "tokens", "key", "keys", "jwt", "auth"];
    let letters = name.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_lowercase());
    let letters: String = letters.collect();
    WORDS.iter().any(|word| letters.contains(word)) || ENDS.iter().any(|end| letters.ends_with(end))
}

/// Whether a text has in it what few may know: a word that is opaque, a JWT, be its parts short, what somebody authenticates
/// with (RFC 9110 §11.4), what a name says it of, in the query of a URL as well, or the userinfo of one.
fn may_be_secret(text: &str) -> bool {
    // As every JSON object begins in base64url.
    let is_jwt = |word: &str| word.starts_with("eyJ") && word.contains('.');
    let words = |word: &str| if word.contains("://") { has_opaque(word, "_-+=") } else { has_opaque(word, "_-+=/") };
    let authenticates = text.split_once(' ').is_some_and(|(scheme, _)| {
        ["basic", "bearer", "digest", "dpop"].iter().any(|known| scheme.eq_ignore_ascii_case(known))
    });
    authenticates
        || has_named(text)
        || text.split_whitespace().any(|word| is_jwt(word) || words(word) || has_userinfo(word))
}

/// Whether a text has a name before a colon or an equals sign that says that few may know what stands behind it.
fn has_named(text: &str) -> bool {
    text.match_indices([':', '=']).any(|(at, _)| {
        let (before, behind) = text.split_at(at);
        let before = before.trim_end_matches(|letter: char| letter.is_whitespace() || "\"'".contains(letter));
        let name = before.rsplit(|letter: char| !(letter.is_ascii_alphanumeric() || "_-%.".contains(letter))).next();
        let has_value = behind.chars().skip(1).any(char::is_alphanumeric);
        has_value && name.is_some_and(names_a_secret)
    })
}

/// Whether a URL has userinfo (RFC 3986 §3.2.1).
fn has_userinfo(word: &str) -> bool {
    word.match_indices("://").any(|(at, separator)| {
        let behind = word.get(at + separator.len()..).unwrap_or_default();
        behind.split(['/', '?', '#']).next().is_some_and(|authority| authority.contains('@'))
    })
}

/// Whether a text has a word that is long and of letters and digits, or of either alone, as keys, tokens and digests are; a
/// UUID is a name, and so is what is put together from words of letters. These signs are no end of a word.
fn has_opaque(text: &str, signs: &str) -> bool {
    let words = text.split(|letter: char| !(letter.is_ascii_alphanumeric() || signs.contains(letter)));
    words.filter(|word| word.len() >= OPAQUE_LENGTH && !is_uuid(word)).any(|word| {
        let is_whole = word.bytes().all(|letter| letter.is_ascii_alphanumeric());
        let is_mixed = word.bytes().any(|letter| letter.is_ascii_digit())
            && word.bytes().any(|letter| letter.is_ascii_alphabetic());
        is_whole || is_mixed
    })
}

fn is_uuid(word: &str) -> bool {
    let parts: Vec<&str> = word.split('-').collect();
    let lengths = parts.iter().map(|part| part.len());
    lengths.eq([8, 4, 4, 4, 12]) && parts.iter().all(|part| part.bytes().all(|digit| digit.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn object(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap()
    }

    fn dropped(sent: &Value) -> Changes {
        Changes::between("custom_members", &object(sent), &Map::new())
    }

    fn size(changes: &Changes) -> usize {
        serde_json::to_string(changes).unwrap().len()
    }

    #[test]
    fn what_strangers_call_secret_or_what_may_be_one_is_not_kept() {
        let jwt = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
        for (name, value) in [
            ("software_statement", json!("x.y.z")),
            ("software_statement#fr", json!("x.y.z")),
            ("jwks", json!({"keys": [{"kty": "RSA", "n": "AQ", "D": "private"}]})),
            ("jwks", json!({"keys": [{"kty": "oct", "k": "AA"}]})),
            ("clientSecret", json!("a")),
            ("initial_access_token", json!("a")),
            ("api-key", json!("a")),
            ("Password", json!(["a"])),
            ("vendor", json!({"nested": [{"refreshToken": "a"}]})),
            ("vendor", json!({"p": "a"})),
            ("note", json!(jwt)),
            ("note", json!(format!("Bearer {jwt}"))),
            ("note", json!(["svc_3MfDvUWIBpxSYZg7rIPKCZ0uqcBYG9wPFjGBOpnYXVk"])),
            ("note", json!("0123456789abcdef0123456789abcdef")),
            ("note", json!("abcDEF123+/abcDEF123+/abcDEF123+/abcDEF123+/==")),
            ("note", json!("a".repeat(40))),
            ("note", json!("7".repeat(40))),
            ("note", serde_json::from_str("12345678901234567890123456789012345").unwrap()),
            ("note", serde_json::from_str("[0.12345678901234567890]").unwrap()),
            ("note", json!("Basic hunter2")),
            ("note", json!({"deep": ["Authorization: Basic hunter2"]})),
            ("note", json!(["password=hunter2"])),
            ("note", json!("the pwd : 'hunter2'")),
            ("note", json!("https://u:hunter2@rp.example/")),
            ("note", json!("see https://rp.example/?a=1&access_token=hunter2")),
            ("Authorization", json!("hunter2")),
            ("pwd", json!("hunter2")),
            ("pass", json!("hunter2")),
            ("bearer", json!("hunter2")),
            ("vendor", json!({"basic_auth": "hunter2"})),
        ] {
            let changes = dropped(&json!({name: value})).kept();
            let text = serde_json::to_string(&changes).unwrap();
            assert_eq!(text, json!([{"rule": "custom_members", "unkept": {name: "secret"}}]).to_string(), "{value}");
            let [told] = changes.told(Map::new()).try_into().unwrap();
            assert_eq!(
                told.to_members(),
                object(&json!({"rule": "custom_members", "member": name, "what": "dropped",
                "from": "a secret, not kept", "kept": false}))
            );
        }
        for (name, value) in [
            (
                "jwks",
                json!({"keys": [{"kty": "OKP", "crv": "Ed448", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}),
            ),
            ("token_endpoint_auth_methods_supported", json!(["private_key_jwt", "client_secret_basic"])),
            ("tenant", json!("f81d4fae-7dec-11d0-a765-00a0c91e6bf6")),
            ("tenant", json!({"name": "Ministry of Silly Walks, 1st floor", "level": 3})),
            ("page", json!("https://a-rather-long-name-without-digits.example.com/path")),
            ("page", json!("https://rp.example:8443/documents/2026/of-the-last-year/first-half?page=2#at@top")),
            ("ratio", json!([0.25, -3, u64::MAX, 1.5])),
            ("hours", json!("open: 9=17, mail: me@rp.example")),
        ] {
            assert_eq!(dropped(&json!({name: value})).kept().sent(Map::new())[name], value);
        }
    }

    #[test]
    fn what_is_kept_is_bounded_whatever_was_sent() {
        let long = dropped(&json!({"contacts": ["x".repeat(2000)], "scope": "read"})).kept();
        assert_eq!(long.sent(Map::new()), object(&json!({"contacts": "2004 bytes, not kept", "scope": "read"})));
        let many: Map<String, Value> =
            (0..1000).map(|number| (format!("member {number}"), json!("x".repeat(50)))).collect();
        let names: Map<String, Value> =
            (0..500).map(|number| (format!("{number}{}", "\u{1}".repeat(100)), Value::Null)).collect();
        let values: Map<String, Value> =
            (0..50).map(|number| (format!("m{number}"), json!("x y ".repeat(250)))).collect();
        let added = Changes::between("software_statements", &Map::new(), &many);
        for (changes, count) in [
            (Changes::between("a", &many, &Map::new()), 1000),
            (Changes::between("a", &names, &Map::new()), 500),
            (Changes::between("a", &values, &Map::new()), 50),
            (added, 1000),
        ] {
            let later = Changes::between(
                "scopes",
                &object(&json!({"scope": "read write"})),
                &object(&json!({"scope": "read"})),
            );
            let changes = changes.then(later).kept();
            assert!(size(&changes) <= MAX_BYTES, "{}", size(&changes));
            let told = changes.told(object(&json!({"scope": "read"})));
            let more = told.iter().find(|change| change.member == "…").map_or(0, |change| {
                change.from.as_ref().unwrap().as_str().unwrap().split(' ').next().unwrap().parse().unwrap()
            });
            assert_eq!(
                told.iter().filter(|change| change.rule == "a" || change.rule == "software_statements").count() + more
                    - usize::from(more > 0),
                count
            );
            let last = told.last().unwrap();
            assert_eq!(
                (&*last.rule, last.from.as_ref(), last.is_kept),
                ("scopes", Some(&json!("read write")), true),
                "what specifications define is kept first"
            );
            assert_eq!(changes.clone().kept(), changes, "again is as good as once");
        }
    }

    #[test]
    fn what_an_operator_changes_again_is_one_change() {
        let (sent, was) = (
            object(&json!({"scope": "read write", "client_name": "A"})),
            object(&json!({"scope": "read", "client_name": "A"})),
        );
        let changes = Changes::between("scopes", &sent, &was);
        let first = object(&json!({"scope": "read", "client_name": "B", "contacts": ["a"]}));
        let second = object(&json!({"client_name": "C"}));
        let by_operator = changes.clone().then_by_operator(&was, &first).then_by_operator(&first, &second);
        assert_eq!(by_operator.sent(second.clone()), sent);
        let told: Vec<_> = by_operator
            .told(second.clone())
            .into_iter()
            .map(|change| (change.rule, change.member, change.from, change.to))
            .collect();
        assert_eq!(
            told,
            [
                ("scopes".into(), "scope".to_owned(), Some(json!("read write")), Some(json!("read"))),
                (OPERATOR.into(), "client_name".to_owned(), Some(json!("A")), Some(json!("C"))),
                (OPERATOR.into(), "scope".to_owned(), Some(json!("read")), None),
            ]
        );
        assert_eq!(by_operator.then_by_operator(&second, &was), changes, "what is as it was is no change");
        let long = object(&json!({"client_name": "x".repeat(2000)}));
        let shortened = Changes::default().then_by_operator(&long, &first).then_by_operator(&first, &second);
        assert_eq!(shortened.sent(second)["client_name"], "2002 bytes, not kept");
    }
}
