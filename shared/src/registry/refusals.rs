//! What becomes of refused registrations: they are counted by rule, by what they are told, and by network, and the last of
//! each kind is kept with its values masked, so that an operator sees what a policy keeps out.

use std::borrow::Cow;

use serde_json::{Map, Value};
use url::{Host, Url};

use super::Context;
use crate::error::Error;
use crate::metadata::{
    ApplicationType, AuthMethod, ClientMetadata, GrantType, MAX_BODY_BYTES, ResponseType, Scope, SubjectType,
    is_algorithm,
};
use crate::store::Refusal;

/// How large a sample may be, in bytes of JSON.
const MOST_BYTES: usize = 2048;

/// The status of what lacks a good token (RFC 6750 §3.1).
const UNAUTHORIZED: u16 = 401;

/// How long a refusal is kept by whose record there is made room, in seconds.
const ROOM_SECONDS: u64 = 60 * 60;

/// How many values of a list are shown, and how many more there were.
const MOST_VALUES: usize = 5;

/// How long a description is kept, in characters.
const LONGEST_DESCRIPTION: usize = 300;

/// The longest name of a host (RFC 1035 §2.3.4).
const LONGEST_HOST: usize = 253;

/// How long a scheme is kept.
const LONGEST_SCHEME: usize = 40;

/// Scopes that specifications define (OIDC Core §5.4, §11).
const SCOPES: [&str; 6] = ["openid", "profile", "email", "address", "phone", "offline_access"];

/// What doors with words of their own call a member.
const OTHER_NAMES: [(&str, &str); 7] = [
    // Of those that are named by a URL.
    ("client_id", "client_uri"),
    ("clientName", "client_name"),
    ("clientType", "client_type"),
    ("client_type", "client_type"),
    ("grantTypes", "grant_types"),
    ("redirectUris", "redirect_uris"),
    ("scopes", "scope"),
];

/// Why a registration is refused, as it is counted: by what may be told of anybody, and without what was sent.
pub struct Reason {
    status: u16,
    code: &'static str,
    description: String,
    /// Whether its record has the stream make room.
    makes_room: bool,
}

impl Reason {
    /// What a door has found by itself.
    #[must_use]
    pub fn new(status: u16, code: &'static str, text: &str) -> Self {
        Self { status, code, description: kept(text), makes_room: false }
    }
}

impl From<&Error> for Reason {
    fn from(error: &Error) -> Self {
        let text = error.to_string();
        let made_up = match error {
            Error::InvalidClientMetadata(invalid) => invalid.made_up_member(),
            _ => None,
        };
        let text = made_up.map_or_else(|| text.clone(), |name| text.replace(&*name, "…"));
        let makes_room = matches!(error, Error::TooManyClients);
        Self { makes_room, ..Self::new(error.status(), error.code(), &text) }
    }
}

/// How far a registration has come, for the count of what is refused.
#[derive(Debug)]
pub(crate) struct Attempt {
    /// The rule that was asked last.
    pub(crate) rule: &'static str,
    /// What is to be registered, as far as that is known.
    pub(crate) sent: Map<String, Value>,
}

impl Attempt {
    /// One of which nothing is known yet but what is asked first.
    pub(crate) fn new(rule: &'static str) -> Self {
        Self { rule, sent: Map::new() }
    }
}

/// Counts a registration that its door refuses before it can be one: `body` is what was sent. What is no JSON was none, unless
/// it lacks a good token: there the body was not looked at.
pub async fn turned_away(context: &Context<'_>, rule: &'static str, reason: impl Into<Reason>, body: &[u8]) {
    let reason = reason.into();
    if let Some(sent) = read(body).or_else(|| (reason.status == UNAUTHORIZED).then(Map::new)) {
        note(context, &reason, &Attempt { rule, sent }).await;
    }
}

/// What was sent, read as far as it can be; nothing of it where it is too much.
pub(crate) fn read(body: &[u8]) -> Option<Map<String, Value>> {
    let body = body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body);
    if body.len() > MAX_BODY_BYTES {
        return body.trim_ascii_start().starts_with(b"{").then(Map::new);
    }
    match serde_json::from_slice(body).ok()? {
        Value::Object(members) => Some(members),
        _ => Some(Map::new()),
    }
}

/// Counts a refusal, if it is the registrant's fault and the policy says so. What cannot be counted is logged: it changes no
/// answer.
pub(crate) async fn note(context: &Context<'_>, reason: &Reason, attempt: &Attempt) {
    let Context { app, service, origin, .. } = context;
    let audit = service.policy().audit;
    // What makes room is counted and kept that long in any case.
    let makes_room = reason.makes_room && service.policy().clients_per_service.is_some();
    let least = if makes_room { ROOM_SECONDS } else { 0 };
    let retention = if audit.refusals { audit.retention.max(least) } else { least };
    if !(400..500).contains(&reason.status) || retention == 0 {
        return;
    }
    let refusal = Refusal {
        service: service.id,
        error: reason.code,
        rule: attempt.rule,
        description: &reason.description,
        kind: &kind(&reason.description),
        door: origin.door,
        network: &origin.address,
        sample: &masked(&attempt.sent, service.policy().scopes.offered.as_ref()),
        retention,
    };
    if let Err(error) = app.store.count_refusal(&refusal).await {
        tracing::warn!(cause = ?error.source_for_log(), "a refused registration could not be counted");
    }
}

/// What a description says of all refusals of its kind: neither where in a list, nor which number or character. So there are
/// as many kinds as texts, members and words that specifications define, whatever strangers send.
fn kind(description: &str) -> String {
    let is_number = |word: &str| word.trim_end_matches(':').bytes().all(|byte| byte.is_ascii_digit());
    let words = description.split(' ').map(|word| word.split('[').next().unwrap_or_default());
    words.filter(|word| !is_number(word) && !word.starts_with("U+")).collect::<Vec<_>>().join(" ")
}

/// What is kept of a description: of what was quoted the words that specifications define, neither languages nor URLs.
fn kept(text: &str) -> String {
    let text = unquoted(text);
    let words = text.split(' ').map(|word| match word.split_once('#') {
        _ if word.contains("://") => Cow::from("…"),
        Some((member, _)) if ClientMetadata::MEMBERS.contains(&member) => Cow::from(format!("{member}#…")),
        _ => Cow::from(word),
    });
    words.collect::<Vec<_>>().join(" ").chars().take(LONGEST_DESCRIPTION).collect()
}

/// A description without what was sent, which stands between quotes, and quotes in it behind a backslash: but for a word that
/// is defined for the member that was named last.
fn unquoted(text: &str) -> String {
    let mut kept = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        kept.push(letter);
        if letter != '"' {
            continue;
        }
        let mut sent = String::new();
        while let Some(quoted) = letters.next().filter(|quoted| *quoted != '"') {
            sent.push(quoted);
            sent.extend((quoted == '\\').then(|| letters.next()).flatten());
        }
        let named = kept.rsplit(|letter: char| letter != '_' && !letter.is_ascii_alphabetic());
        let member = named.into_iter().find_map(defined).unwrap_or_default();
        let is_word = is_defined(member, &sent) || (member == "scope" && SCOPES.contains(&&*sent));
        kept.push_str(if is_word { &sent } else { "…" });
        kept.push('"');
    }
    kept
}

/// The members that were sent, and of their values what specifications define: words and schemes, and hosts; else how long
/// they are. `offered` are the scopes that are the service's own words.
fn masked(sent: &Map<String, Value>, offered: Option<&Scope>) -> String {
    let (mut members, mut bytes) = (Map::new(), 2);
    for (name, value) in sent {
        // Neither languages nor members that nobody knows: their names are values, too.
        let name = name.split('#').next().unwrap_or_default();
        let Some(member) = defined(name).filter(|_| !members.contains_key(name)) else { continue };
        let shown = mask(member, value, offered);
        // Quotes, a colon, a comma.
        bytes += name.len() + shown.to_string().len() + 4;
        if bytes > MOST_BYTES {
            break;
        }
        members.insert(name.to_owned(), shown);
    }
    Value::Object(members).to_string()
}

/// The member that has this name, at whatever door.
fn defined(name: &str) -> Option<&'static str> {
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, member)| *member);
    other.or_else(|| ClientMetadata::MEMBERS.iter().find(|member| **member == name).copied())
}

/// Whether a specification defines that value of a member.
fn is_defined(member: &str, word: &str) -> bool {
    match member {
        "application_type" => ApplicationType::parse(word).is_some(),
        "subject_type" => SubjectType::parse(word).is_some(),
        "grant_types" => GrantType::parse(word).is_some(),
        "response_types" => ResponseType::parse_any_order(word).is_some(),
        "token_endpoint_auth_method" | "token_endpoint_auth_methods_supported" => AuthMethod::parse(word).is_some(),
        "client_type" => matches!(word, "public" | "confidential"),
        name => (name.ends_with("_alg") || name.ends_with("_enc")) && is_algorithm(word),
    }
}

fn mask(member: &str, value: &Value, offered: Option<&Scope>) -> Value {
    match value {
        Value::String(text) if member == "scope" => scopes(text, offered).into(),
        Value::String(text) if is_defined(member, text) => text.as_str().into(),
        Value::String(text) => place(member, text).unwrap_or_else(|| length(text)).into(),
        Value::Array(values) => {
            let more = values.len().checked_sub(MOST_VALUES + 1).map(|more| format!("{} more", more + 1).into());
            let shown = values.iter().take(MOST_VALUES).map(|value| match value {
                Value::Array(values) => format!("{} values", values.len()).into(),
                value => mask(member, value, offered),
            });
            shown.chain(more).collect()
        }
        Value::Object(members) => format!("{} members", members.len()).into(),
        Value::Number(_) if member != "default_max_age" => "a number".into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

fn length(text: &str) -> String {
    format!("{} characters", text.chars().count())
}

/// The scopes that are somebody's words, and how long the others are.
fn scopes(text: &str, offered: Option<&Scope>) -> String {
    let is_known = |scope: &str| SCOPES.contains(&scope) || offered.is_some_and(|offered| offered.contains(scope));
    let mut all = text.split(' ');
    let shown = |scope| if is_known(scope) { scope.to_owned() } else { format!("({})", length(scope)) };
    let shown: Vec<String> = all.by_ref().take(MOST_VALUES).map(shown).collect();
    let more = if all.next().is_some() { " …" } else { "" };
    shown.join(" ") + more
}

/// Where a URL leads: the host of one on the web, and of an application's the scheme.
fn place(member: &str, text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|_| member.contains("uri"))?;
    let host = url.host().map(|host| match host {
        Host::Domain(name) if name.len() > LONGEST_HOST => length(name),
        host => host.to_string(),
    });
    // A fragment is a reason for which a redirect URI is refused.
    let fragment = if url.fragment().is_some() { "#…" } else { "" };
    match url.scheme() {
        "http" | "https" => Some(format!("{}://{}/…{fragment}", url.scheme(), host?)),
        scheme if scheme.len() <= LONGEST_SCHEME => Some(format!("{scheme}:…")),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metadata::Invalid;

    #[test]
    fn a_sample_shows_what_a_rule_needs_and_nothing_of_anybody() {
        let sent = json!({
            "client_name": "Mallory's", "redirect_uris": ["https://rp.example/cb?secret=1", "com.example.app:/x", "junk"],
            "grant_types": ["implicit"], "scope": "read write", "contacts": ["me@rp.example"], "default_max_age": 5,
            "id_token_signed_response_alg": "RS256", "jwks": {"keys": []}, "software_statement": "e30.e30.e30",
            "phone": 491_701_234_567_u64, "client_name#x-mallory": "M", "userinfo_signed_response_alg": "Mallory Smith",
        });
        let offered = Scope::parse("read").unwrap();
        let shown: Value = serde_json::from_str(&masked(sent.as_object().unwrap(), offered.as_ref())).unwrap();
        assert_eq!(shown["client_name"], "9 characters");
        assert_eq!(shown["redirect_uris"], json!(["https://rp.example/…", "com.example.app:…", "4 characters"]));
        assert_eq!((&shown["grant_types"], &shown["scope"]), (&json!(["implicit"]), &json!("read (5 characters)")));
        assert_eq!((&shown["contacts"], &shown["default_max_age"]), (&json!(["13 characters"]), &json!(5)));
        for hidden in ["Mallory", "secret", "me@", "e30", "phone", "49170", "mallory"] {
            assert!(!shown.to_string().contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_word_stays_where_a_specification_defines_it_or_the_service_offers_it() {
        for (member, sent, expected) in [
            ("grant_types", json!(["hunter2", "password"]), json!(["7 characters", "password"])),
            ("response_types", json!(["token code", "hunter2"]), json!(["token code", "7 characters"])),
            ("token_endpoint_auth_method", json!("my-password"), json!("11 characters")),
            ("token_endpoint_auth_method", json!("private_key_jwt"), json!("private_key_jwt")),
            ("application_type", json!("hunter2"), json!("7 characters")),
            ("subject_type", json!("pairwise"), json!("pairwise")),
            ("userinfo_signed_response_alg", json!("HUNTER2"), json!("7 characters")),
            ("userinfo_encrypted_response_alg", json!("RSA-OAEP"), json!("RSA-OAEP")),
            ("userinfo_encrypted_response_enc", json!("A128GCM"), json!("A128GCM")),
            ("scope", json!("openid my-password"), json!("openid (11 characters)")),
            ("scope", json!("a b c d e f g"), json!(format!("{} …", ["(1 characters)"; 5].join(" ")))),
            ("scope", json!(["openid", "hunter2"]), json!(["openid", "(7 characters)"])),
            ("scopes", json!(["hunter2"]), json!(["(7 characters)"])),
            ("clientType", json!("public"), json!("public")),
            ("clientName", json!("hunter2"), json!("7 characters")),
            ("redirectUris", json!(["https://u:hunter2@rp.example/hunter2?a#b"]), json!(["https://rp.example/…#…"])),
            ("client_uri#x-hunter2", json!("hunter2://hunter2/"), json!("hunter2:…")),
            ("redirect_uris", json!("https://rp.example/cb"), json!("https://rp.example/…")),
            ("redirect_uris", json!({"hunter2": 1}), json!("1 members")),
            ("redirect_uris", json!([[["hunter2"]], 4_917_012]), json!(["1 values", "a number"])),
            ("client_name", json!(4_917_012), json!("a number")),
            ("contacts", json!(vec!["hunter2"; 6]), json!([&["7 characters"; 5][..], &["1 more"]].concat())),
            ("contacts", json!(vec!["hunter2"; 5]), json!(vec!["7 characters"; 5])),
        ] {
            let sent = json!({member: sent});
            let shown: Value = serde_json::from_str(&masked(sent.as_object().unwrap(), None)).unwrap();
            let name = member.split('#').next().unwrap();
            assert_eq!(shown[name], expected, "{sent}");
        }
    }

    #[test]
    fn a_sample_is_small_whatever_was_sent() {
        let languages = (0..500).map(|number| (format!("client_name#x-{number}"), "a".into()));
        let every = |value: Value| ClientMetadata::MEMBERS.iter().map(move |name| ((*name).to_owned(), value.clone()));
        let host = format!("https://{}.example/", "a.".repeat(2000));
        for sent in [
            languages.collect::<Map<String, Value>>(),
            every("x ".repeat(30_000).into()).collect(),
            every(host.as_str().into()).collect(),
            every(json!(vec![host.clone(); 100])).collect(),
            every(format!("{}://a", "s".repeat(3000)).into()).collect(),
            every(json!([[[[[[[[[[[1]]]]]]]]]]])).collect(),
        ] {
            let sample = masked(&sent, None);
            assert!(sample.len() <= MOST_BYTES && sample.len() > 10, "{sample}");
        }
    }

    #[test]
    fn what_is_no_json_was_no_registration() {
        for (body, is_one) in [
            (&b"{}"[..], true),
            (b"\xef\xbb\xbf{\"a\": 1, \"a\": 2}", true),
            (b"[]", true),
            (b"", false),
            (b"client_name=a", false),
            (b"{", false),
        ] {
            assert_eq!(read(body).is_some(), is_one, "{body:?}");
        }
        let large = format!("{{\"a\": \"{}\"}}", "x".repeat(MAX_BODY_BYTES));
        assert_eq!(read(large.as_bytes()), Some(Map::new()));
    }

    #[test]
    fn a_description_has_no_words_of_strangers() {
        let duplicate = |member: String| Reason::from(&Error::from(Invalid::Duplicate { member })).description;
        assert_eq!(duplicate("hunter2".to_owned()), "… appears twice");
        assert_eq!(duplicate("client_name".to_owned()), "client_name appears twice");
        assert_eq!(duplicate("client_name#x-hunter2".to_owned()), "client_name#… appears twice");
        assert_eq!(duplicate("\u{1b}[2J\"".repeat(9000)), "… appears twice");
        assert_eq!(kept("the statement of https://rp.example/hunter2 is bad"), "the statement of … is bad");
        assert!(kept(&"x".repeat(5000)).len() <= LONGEST_DESCRIPTION);
    }

    #[test]
    fn a_description_loses_what_was_quoted() {
        assert_eq!(
            unquoted("scope: \"fly\" is not offered by this service"),
            "scope: \"…\" is not offered by this service"
        );
        assert_eq!(unquoted("it is too long"), "it is too long");
        for word in ["password", "urn:ietf:params:oauth:grant-type:device_code"] {
            let text = format!("grant_types: {word:?} is not offered by this service");
            assert_eq!(unquoted(&text), text, "a specification defines it");
        }
        assert_eq!(unquoted("client_name: \"password\" is not"), "client_name: \"…\" is not", "not of that member");
        let both = "response_types \"token\" requires grant_types to contain \"implicit\"";
        assert_eq!(unquoted(both), both);
        let escaped = format!("subject_type: {:?} is not offered", "evil\"secret text\\");
        assert_eq!(unquoted(&escaped), "subject_type: \"…\" is not offered");
    }

    #[test]
    fn kinds_differ_by_member_and_word_and_by_nothing_that_strangers_choose() {
        let of = |text: &str| kind(&kept(text));
        let method = |name: &str| of(&format!("token_endpoint_auth_method: {name:?} is not offered by this service"));
        assert_ne!(method("tls_client_auth"), method("magic"));
        assert_eq!(method("magic"), method("another magic"));
        assert_eq!(
            of("redirect_uris[0]: it must not have a fragment"),
            of("redirect_uris[12]: it must not have a fragment")
        );
        assert_ne!(of("redirect_uris[0]: it must not have a fragment"), of("redirect_uris[0]: it is too long"));
        assert_ne!(
            of("id_token_signed_response_alg: \"RS256\" cannot"),
            of("id_token_signed_response_alg: \"ES256\" cannot")
        );
        assert_eq!(of("jwks: key 1: it is weak"), of("jwks: key 77: it is weak"));
        assert_eq!(of("client_name must not have U+202E"), of("client_name must not have U+200B"));
    }
}
