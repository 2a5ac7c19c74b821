//! What becomes of refused registrations: they are counted by rule and network, and the last of each kind is kept with its
//! values masked, so that an operator sees what a policy keeps out.

use serde_json::{Map, Value};
use url::Url;

use super::Context;
use crate::error::Error;
use crate::metadata::ClientMetadata;
use crate::store::Refusal;

/// How large a sample may be, in bytes of JSON.
const MOST_BYTES: usize = 2048;

/// How long a refusal is kept by whose record there is made room, in seconds.
const ROOM_SECONDS: u64 = 60 * 60;

/// How many values of a list are shown.
const MOST_VALUES: usize = 5;

/// Members whose values are words of a protocol.
const WORDS: [&str; 7] = [
    "application_type",
    "grant_types",
    "response_types",
    "scope",
    "subject_type",
    "token_endpoint_auth_method",
    "token_endpoint_auth_methods_supported",
];

/// Counts a refusal, if it is the registrant's fault and the policy says so. What cannot be counted is logged: it changes no
/// answer.
pub(super) async fn note(context: &Context<'_>, rule: &'static str, error: &Error, sent: &ClientMetadata) {
    let Context { app, service, origin, .. } = context;
    let audit = service.policy().audit;
    // What makes room is kept that long in any case.
    let least = if matches!(error, Error::TooManyClients) { ROOM_SECONDS } else { 0 };
    let retention = audit.retention.max(least);
    if !(400..500).contains(&error.status()) || retention == 0 {
        return;
    }
    let refusal = Refusal {
        service: service.id,
        error: error.code(),
        rule,
        description: &unquoted(&error.to_string()),
        door: origin.door,
        network: &origin.address,
        sample: &masked(sent),
        retention,
    };
    if let Err(error) = app.store.count_refusal(&refusal).await {
        tracing::warn!(cause = ?error.source_for_log(), "a refused registration could not be counted");
    }
}

/// A description without what was sent: that stands between quotes, and quotes in it behind a backslash.
fn unquoted(text: &str) -> String {
    let mut kept = String::new();
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        kept.push(letter);
        if letter != '"' {
            continue;
        }
        kept.push('…');
        while let Some(quoted) = letters.next().filter(|quoted| *quoted != '"') {
            if quoted == '\\' {
                letters.next();
            }
        }
        kept.push('"');
    }
    kept
}

/// The members that were sent, and of their values what is a protocol's: words, schemes and hosts; else how long they are.
fn masked(sent: &ClientMetadata) -> String {
    let (mut members, mut bytes) = (Map::new(), 2);
    for (name, value) in sent.to_members() {
        // Neither languages nor members that nobody knows: their names are values, too.
        let name = name.split('#').next().unwrap_or_default();
        if !ClientMetadata::MEMBERS.contains(&name) || members.contains_key(name) {
            continue;
        }
        let shown = mask(name, &value);
        // Quotes, a colon, a comma.
        bytes += name.len() + shown.to_string().len() + 4;
        if bytes > MOST_BYTES {
            break;
        }
        members.insert(name.to_owned(), shown);
    }
    Value::Object(members).to_string()
}

fn is_word_of_a_protocol(name: &str, text: &str) -> bool {
    let is_algorithm = |letter: u8| letter.is_ascii_uppercase() || letter.is_ascii_digit() || b"-+".contains(&letter);
    let is_word = |letter: u8| letter.is_ascii_lowercase() || letter.is_ascii_digit() || b"-_.: ".contains(&letter);
    if WORDS.contains(&name) {
        return text.len() <= 100 && text.bytes().all(is_word);
    }
    (name.ends_with("_alg") || name.ends_with("_enc")) && text.len() <= 20 && text.bytes().all(is_algorithm)
}

fn mask(name: &str, value: &Value) -> Value {
    match value {
        Value::String(text) if is_word_of_a_protocol(name, text) => text.as_str().into(),
        Value::String(text) => match Url::parse(text).ok().filter(|_| name.contains("uri")) {
            Some(url) => format!("{}://{}/…", url.scheme(), url.host_str().unwrap_or_default()).into(),
            None => format!("{} characters", text.chars().count()).into(),
        },
        Value::Array(values) => values.iter().take(MOST_VALUES).map(|value| mask(name, value)).collect(),
        Value::Object(members) => format!("{} members", members.len()).into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_sample_shows_what_a_rule_needs_and_nothing_of_anybody() {
        let sent = json!({
            "client_name": "Mallory's", "redirect_uris": ["https://rp.example/cb?secret=1", "com.example.app:/x", "junk"],
            "grant_types": ["implicit"], "scope": "read write", "contacts": ["me@rp.example"], "default_max_age": 5,
            "id_token_signed_response_alg": "RS256", "jwks": {"keys": []}, "software_statement": "e30.e30.e30",
            "phone": 491_701_234_567_u64, "client_name#x-mallory": "M", "userinfo_signed_response_alg": "Mallory Smith",
        });
        let sent = ClientMetadata::from_members(sent.as_object().unwrap().clone()).unwrap();
        let shown: Value = serde_json::from_str(&masked(&sent)).unwrap();
        assert_eq!(shown["client_name"], "9 characters");
        assert_eq!(shown["redirect_uris"], json!(["https://rp.example/…", "com.example.app:///…", "4 characters"]));
        assert_eq!((&shown["grant_types"], &shown["scope"]), (&json!(["implicit"]), &json!("read write")));
        assert_eq!((&shown["contacts"], &shown["default_max_age"]), (&json!(["13 characters"]), &json!(5)));
        for hidden in ["Mallory", "secret", "me@", "e30", "phone", "49170", "mallory"] {
            assert!(!shown.to_string().contains(hidden), "{hidden}");
        }
    }

    #[test]
    fn a_sample_is_small_whatever_was_sent() {
        let members: Map<String, Value> =
            (0..500).map(|number| (format!("client_name#x-{number}"), "a".into())).collect();
        let sent = ClientMetadata::from_members(members).unwrap();
        assert!(masked(&sent).len() <= MOST_BYTES);
    }

    #[test]
    fn a_description_loses_what_was_quoted() {
        assert_eq!(
            unquoted("scope: \"fly\" is not offered by this service"),
            "scope: \"…\" is not offered by this service"
        );
        assert_eq!(unquoted("it is too long"), "it is too long");
        let escaped = format!("subject_type: {:?} is not offered", "evil\"secret text\\");
        assert_eq!(unquoted(&escaped), "subject_type: \"…\" is not offered");
    }
}
