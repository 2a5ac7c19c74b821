//! What is kept of a refused registration: which members it had and, in place of their values, what rules look for in them.
//! And back: a body that stands for it, so that it can be tried.

mod keys;
mod statement;
mod text;
mod uri;

use serde_json::{Map, Number, Value};

use crate::counted::counted;
use crate::metadata::{
    ApplicationType, AuthMethod, ClientMetadata, GrantType, MAX_BODY_BYTES, ResponseType, SERVER_SET, SubjectName,
    SubjectType, is_algorithm, is_control, is_hidden, is_language_tag,
};
use crate::policy::{Flag, Policy};
use crate::service::is_choice;

/// How large a sample may be, in bytes of JSON.
const MOST_BYTES: usize = 2048;

/// How many values of a list are shown, and how many more there were; fewer where there is no room for so many.
const MOST_VALUES: [usize; 3] = [20, 5, 1];

/// How long a value is that no policy finds too long, in bytes of JSON.
const SHORT: usize = 64;

/// How many values stand for those that are only counted: more than any policy allows.
const MOST_MORE: usize = 1001;

/// What stands in the place of a name that nobody defines, or of a language.
const OTHER: &str = "…";

/// Languages, in their order, and what stands in the place of the first, and of others that show something else.
const LANGUAGES: [(&str, &str); 5] = [("de", OTHER), ("en", "…2"), ("es", "…3"), ("fr", "…4"), ("it", "…5")];

/// Scopes that specifications define: OIDC Core §5.4 and §11, the roles of PSD2 as STET and others write them, and what AWS's
/// own clients ask Identity Center for.
const SCOPES: [&str; 11] = [
    "openid",
    "profile",
    "email",
    "address",
    "phone",
    "offline_access",
    "aisp",
    "pisp",
    "cbpii",
    "piisp",
    "sso:account:access",
];

/// What doors with words of their own call a member.
const OTHER_NAMES: [(&str, &str); 7] = [
    // Of those that are named by a URL.
    ("client_id", CLIENT_ID),
    ("clientName", "client_name"),
    ("clientType", "client_type"),
    ("client_type", "client_type"),
    ("grantTypes", "grant_types"),
    ("redirectUris", "redirect_uris"),
    ("scopes", "scope"),
];

/// What names a client: it is the URL of its document, if it has one.
const CLIENT_ID: &str = "client_id";

/// What stands before the pattern of the policy that a client identifier is meant by.
const BY_PATTERN: &str = ", by the pattern ";

/// How it is shown that a name is like one that the service reserves.
const LIKENESSES: [(Flag, &str); 2] =
    [(Flag::ReservedName, " with a reserved name in it"), (Flag::LookAlikeName, " like a reserved name")];

/// What stands before the reserved name.
const RESERVED: &str = ": ";

/// Letters that look like others, for names that look like reserved ones.
const LOOKS: [(char, char); 8] =
    [('a', 'а'), ('e', 'е'), ('o', 'о'), ('i', 'і'), ('A', 'А'), ('E', 'Е'), ('O', 'О'), ('B', 'В')];

/// The member that has this name, at whatever door.
pub(super) fn defined(name: &str) -> Option<&str> {
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == name).map(|(_, member)| *member);
    other.or_else(|| (ClientMetadata::MEMBERS.contains(&name) || is_choice(name)).then_some(name))
}

/// Whether a specification defines that value of a member.
pub(super) fn is_defined(member: &str, word: &str) -> bool {
    match member {
        "application_type" => ApplicationType::parse(word).is_some(),
        "subject_type" | "subject_types_supported" => SubjectType::parse(word).is_some(),
        "grant_types" => GrantType::parse(word).is_some(),
        "response_types" => ResponseType::parse_any_order(word).is_some(),
        "token_endpoint_auth_method" | "token_endpoint_auth_methods_supported" => AuthMethod::parse(word).is_some(),
        "client_type" => matches!(word, "public" | "confidential"),
        "scope" => SCOPES.contains(&word),
        "backchannel_token_delivery_mode" | "backchannel_token_delivery_modes_supported" => {
            matches!(word, "poll" | "ping" | "push")
        }
        name => is_of_algorithms(name) && is_algorithm(word),
    }
}

fn is_of_algorithms(name: &str) -> bool {
    ["_alg", "_enc", "_alg_values_supported", "_enc_values_supported"].iter().any(|end| name.ends_with(end))
}

/// Whether a member holds a URI, or several.
fn is_uri(member: &str) -> bool {
    member == CLIENT_ID || member.contains("uri") || member.ends_with("_endpoint") || member == "spiffe_id"
}

/// The members that were sent, and of their values what rules look for: words of specifications and of the service,
/// schemes and hosts, which characters nobody sees; else how long they are. Of a list the element is shown in any case that
/// `named` says that an error names.
pub(super) fn masked(sent: &Map<String, Value>, policy: &Policy, named: Option<Named<'_>>) -> Map<String, Value> {
    let (mut members, mut bytes, mut longest, mut languages) = (Map::new(), 2, None, Vec::new());
    let mut show = |name: String, member: &str, value: &Value| {
        if members.contains_key(&name) {
            return;
        }
        let at = named.filter(|named| named.member == member).map(|named| named.at);
        let fitting = MOST_VALUES.into_iter().find_map(|most| {
            let shown = mask(member, value, policy, Shown { most, at });
            // Quotes, a colon, a comma.
            let more = name.len() + shown.to_string().len() + 4;
            (bytes + more <= MOST_BYTES).then_some((more, shown))
        });
        if let Some((more, shown)) = fitting {
            bytes += more;
            members.insert(name, shown);
        }
    };
    for (name, value) in sent {
        let (base, tag) = name.split_once('#').map_or((&**name, None), |(base, tag)| (base, Some(tag)));
        match (defined(base), tag) {
            // A secret is not even as long as it is.
            _ if SERVER_SET.contains(&base) && value.is_string() && base != "client_id" => {}
            (Some(member), None) => show(name.clone(), member, value),
            (Some(member), Some(tag)) if is_language_tag(tag) => {
                let number = languages.iter().filter(|(other, _)| *other == base).count();
                let shown = (base, mask(member, value, policy, Shown { most: 1, at: None }));
                if let Some((_, marked)) = LANGUAGES.get(number)
                    && !languages.contains(&shown)
                {
                    languages.push(shown);
                    show(format!("{base}#{marked}"), member, value);
                }
            }
            _ if policy.custom_members.contains(name) || SERVER_SET.contains(&&**name) => show(name.clone(), "", value),
            // Neither languages nor members that nobody knows: their names are values, too.
            _ => {
                let length = value.to_string().len();
                if length > SHORT && longest.is_none_or(|(longest, _)| length > longest) {
                    longest = Some((length, value));
                }
            }
        }
    }
    if let Some((_, value)) = longest {
        show(OTHER.to_owned(), "", value);
    }
    members
}

/// The element of a list that an error names.
#[derive(Clone, Copy)]
pub(super) struct Named<'n> {
    member: &'n str,
    at: usize,
}

/// The one that a description names, as `redirect_uris[44]: …` and `jwks: key 7: …` do.
pub(super) fn named(description: &str) -> Option<Named<'_>> {
    let of_keys = description.strip_prefix("jwks: key ").map(|rest| ("jwks", rest));
    let (member, rest) = of_keys.or_else(|| description.split_once('['))?;
    let at = rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()?;
    Some(Named { member, at })
}

/// How many values of a list are shown, and one that is in any case.
#[derive(Clone, Copy)]
struct Shown {
    most: usize,
    at: Option<usize>,
}

fn mask(member: &str, value: &Value, policy: &Policy, shown: Shown) -> Value {
    match value {
        Value::String(text) if member == "scope" => scopes(text, policy, shown.most).into(),
        Value::String(text) if is_defined(member, text) => text.as_str().into(),
        Value::String(text) if member == CLIENT_ID => {
            let (_, by) = policy.metadata_documents.trust_of(text);
            (uri::masked_with_port(text) + &by.map(|pattern| format!("{BY_PATTERN}{pattern}")).unwrap_or_default())
                .into()
        }
        Value::String(text) if is_uri(member) => uri::masked(text).into(),
        Value::String(text) if member == "software_statement" => statement::masked(text).into(),
        Value::String(text) => {
            // What is longer is refused before it is compared.
            let is_short = text.len() <= policy.limits.text_bytes;
            let is_seen = !text.chars().any(|letter| is_hidden(letter) || is_control(letter));
            if let Some(shown) = SubjectName::masked(member, text).filter(|_| is_short && is_seen) {
                return shown.into();
            }
            let is_compared = is_name(member) && is_short;
            let suspicion = is_compared.then(|| policy.names.suspicion_of(text)).flatten();
            let likeness = suspicion.and_then(|(flag, reserved)| {
                let (_, shown) = LIKENESSES.iter().find(|(like, _)| *like == flag)?;
                Some(format!("{shown}{RESERVED}{reserved}"))
            });
            (text::masked(text, &[is_hidden, is_control]) + likeness.as_deref().unwrap_or_default()).into()
        }
        Value::Array(values) => {
            let masked = |value: &Value| match value {
                Value::Array(values) => counted(values.len(), "value").into(),
                value => mask(member, value, policy, shown),
            };
            // What is like one that is shown is among the others.
            let mut all: Vec<Value> = Vec::new();
            for value in values {
                let value = masked(value);
                if all.len() < shown.most && !all.contains(&value) {
                    all.push(value);
                }
            }
            if let Some(refused) = shown.at.and_then(|at| values.get(at)).map(masked)
                && !all.contains(&refused)
            {
                all.pop();
                all.push(refused);
            }
            let more = number_more(values.len(), all.len());
            all.extend(more);
            all.into()
        }
        Value::Object(set) if member == "jwks" => keys::masked(set, shown.most, shown.at),
        Value::Object(members) => counted(members.len(), "member").into(),
        Value::Number(number) => kind_of_number(number).into(),
        Value::Null | Value::Bool(_) => value.clone(),
    }
}

/// What rules tell apart of numbers.
fn kind_of_number(number: &Number) -> &'static str {
    match (number.as_u64(), number.as_i64()) {
        (Some(number), _) if u32::try_from(number).is_ok_and(|number| number < 1 << 31) => "a number",
        (Some(_), _) => "a large number",
        (None, Some(_)) => "a negative number",
        (None, None) => "a fraction",
    }
}

fn is_name(member: &str) -> bool {
    matches!(member, "client_name" | "organization_name" | "display_name")
}

/// How many values there are beside those that are shown.
fn number_more(values: usize, shown: usize) -> Option<Value> {
    let more = values.checked_sub(shown).filter(|more| *more > 0)?;
    Some(format!("{more} more").into())
}

/// The scopes that are somebody's words, and how long the others are.
fn scopes(text: &str, policy: &Policy, most: usize) -> String {
    let offered = policy.scopes.offered.as_ref();
    let is_known = |scope: &str| SCOPES.contains(&scope) || offered.is_some_and(|offered| offered.contains(scope));
    let is_other = |letter: char| !letter.is_ascii_graphic() || "\"\\".contains(letter);
    let shown = |scope: &str| match scope {
        scope if scope.is_empty() || is_known(scope) => scope.to_owned(),
        scope => format!("({})", text::masked(scope, &[is_other])),
    };
    let mut words: Vec<&str> = text.split(' ').collect();
    // Those first that may be refused, where not all are shown.
    if words.len() > most {
        words.sort_by_key(|scope| offered.is_some_and(|offered| offered.contains(scope)));
    }
    let (first, rest) = words.split_at_checked(most).unwrap_or((&words, &[]));
    let mut all: Vec<String> = first.iter().copied().map(shown).collect();
    let rest = rest.join(" ");
    all.extend((!rest.is_empty()).then(|| format!("({} more)", text::masked(&rest, &[]))));
    all.join(" ")
}

/// A body that stands for the one of which that is kept: refused for the same, as far as that can be seen of it. `None` if
/// it is no sample.
#[must_use]
pub fn stand_in(sample: &Map<String, Value>, policy: &Policy) -> Option<Map<String, Value>> {
    let is_short = |value: &dyn Fn() -> String, most: usize| value().len() <= most;
    if !is_short(&|| Value::from(sample.clone()).to_string(), 2 * MOST_BYTES) {
        return None;
    }
    let members = sample.iter().map(|(name, shown)| {
        let (base, tag) = name.split_once('#').map_or((&**name, None), |(base, tag)| (base, Some(tag)));
        let value = unmask(defined(base).unwrap_or_default(), shown, policy);
        let language = LANGUAGES.iter().find(|(_, marked)| Some(*marked) == tag).or(LANGUAGES.first());
        let language = tag.and(language).map(|(language, _)| format!("{base}#{language}"));
        (language.unwrap_or_else(|| name.clone()), value)
    });
    let members: Map<String, Value> = members.collect();
    is_short(&|| Value::from(members.clone()).to_string(), 2 * MAX_BODY_BYTES).then_some(members)
}

fn unmask(member: &str, shown: &Value, policy: &Policy) -> Value {
    match shown {
        Value::String(shown) => of_another_type(shown).unwrap_or_else(|| unmasked(member, shown, policy)),
        Value::Array(values) => {
            let mut all: Vec<Value> = Vec::new();
            for (number, shown) in values.iter().enumerate() {
                match (shown, shown.as_str().and_then(|shown| text::number(shown, "more"))) {
                    (_, Some(more)) => extend(&mut all, more),
                    (Value::Object(key), None) => all.push(keys::stand_in(key, number)),
                    (_, None) => all.push(unmask(member, shown, policy)),
                }
            }
            all.into()
        }
        // Of a set of keys.
        Value::Object(set) => {
            let keys = set.get("keys").map(|keys| ("keys".to_owned(), unmask("", keys, policy)));
            Value::Object(keys.into_iter().collect())
        }
        other => other.clone(),
    }
}

/// As many like the last one.
fn extend(all: &mut Vec<Value>, more: usize) {
    let Some(last) = all.last().cloned() else { return };
    let most = MAX_BODY_BYTES / (last.to_string().len() + 1);
    all.extend(std::iter::repeat_n(last, more.min(MOST_MORE).min(most)));
}

/// What is shown in words though it was no text.
fn of_another_type(shown: &str) -> Option<Value> {
    let many = |word| text::number(shown, word).is_some();
    match shown {
        "a number" => Some(1.into()),
        "a large number" => Some(u64::MAX.into()),
        "a negative number" => Some((-1).into()),
        "a fraction" => Some(0.5.into()),
        _ if many("members") => Some(Map::new().into()),
        _ if many("values") => Some(Vec::<Value>::new().into()),
        _ => None,
    }
}

fn unmasked(member: &str, shown: &str, policy: &Policy) -> Value {
    if is_defined(member, shown) {
        return shown.into();
    }
    if member == "scope" {
        return unmasked_scopes(shown).into();
    }
    if let Some(name) = SubjectName::stand_in(member, shown) {
        return name.into();
    }
    if let Some((shown, pattern)) = shown.split_once(BY_PATTERN) {
        let uri = uri::stand_in(shown, MAX_BODY_BYTES).map(|uri| uri::meant_by(&uri, pattern));
        return uri.unwrap_or_else(|| shown.to_owned()).into();
    }
    if let Some(statement) = statement::stand_in(shown) {
        return statement.into();
    }
    let like = LIKENESSES.iter().find_map(|(flag, like)| {
        let (shown, reserved) = shown.split_once(like)?;
        Some((*flag, shown, reserved.strip_prefix(RESERVED)?))
    });
    if let Some((flag, shown, reserved)) = like {
        // Characters that nobody sees are another rule's.
        let hidden = text::stand_in(shown, MAX_BODY_BYTES).unwrap_or_default();
        let hidden = hidden.chars().filter(|character| is_hidden(*character) || is_control(*character));
        return suspicious(flag, reserved, policy).chars().chain(hidden).collect::<String>().into();
    }
    let uri = is_uri(member).then(|| uri::stand_in(shown, MAX_BODY_BYTES)).flatten();
    let text = || text::stand_in(shown, MAX_BODY_BYTES).map(|text| SubjectName::none_as_long(member, text));
    uri.or_else(text).unwrap_or_else(|| shown.to_owned()).into()
}

/// A name that is suspected so, if one that is like that is suspected at all.
fn suspicious(flag: Flag, reserved: &str, policy: &Policy) -> String {
    let looks = LOOKS.iter().map(|(letter, look)| reserved.replacen(*letter, &look.to_string(), 1));
    let is_it = |name: &String| policy.names.suspicion_of(name).is_some_and(|(found, _)| found == flag);
    std::iter::once(reserved.to_owned()).chain(looks).find(is_it).unwrap_or_else(|| reserved.to_owned())
}

fn unmasked_scopes(shown: &str) -> String {
    let (mut all, mut rest) = (Vec::new(), shown);
    while !rest.is_empty() {
        let group = rest.strip_prefix('(').and_then(|rest| rest.split_once(')'));
        let stand_in = group.and_then(|(group, behind)| {
            let lengths = group.strip_suffix(" more").unwrap_or(group);
            Some((text::stand_in(lengths, MAX_BODY_BYTES)?, behind.strip_prefix(' ').unwrap_or(behind)))
        });
        let (word, behind) = stand_in.unwrap_or_else(|| {
            let (word, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            (word.to_owned(), behind)
        });
        all.push(word);
        rest = behind;
    }
    all.join(" ")
}

#[cfg(test)]
mod tests {
    use aws_lc_rs::digest::{SHA256, digest};
    use base64::Engine;
    use base64::engine::general_purpose::{STANDARD as BASE64, URL_SAFE_NO_PAD as BASE64URL};
    use serde_json::json;

    use super::*;
    use crate::fetch::{Fetch, FetchSettings};
    use crate::metadata::testing::members;
    use crate::metadata::{PublicJwk, Scope};
    use crate::policy::Preset;
    use crate::registry::refusals::{Reason, is_reproduced};
    use crate::registry::{Surroundings, rehearse};
    use crate::service::ServiceConfiguration;

    #[test]
    fn a_sample_shows_what_a_rule_needs_and_nothing_of_anybody() {
        let sent = json!({
            "client_name": "Mallory's", "redirect_uris": ["https://rp.example/cb?secret=1", "com.example.app:/x", "junk"],
            "grant_types": ["implicit"], "scope": "read write", "contacts": ["me@rp.example"], "default_max_age": 5,
            "id_token_signed_response_alg": "RS256", "jwks": {"keys": []}, "software_statement": "e30.e30.e30",
            "phone": 491_701_234_567_u64, "client_name#x-mallory": "M", "street": "Mallory Lane ".repeat(9), "userinfo_signed_response_alg": "Mallory Smith",
        });
        let mut policy = Preset::Open.policy();
        policy.scopes.offered = Scope::parse("read").unwrap();
        let shown = Value::Object(masked(sent.as_object().unwrap(), &policy));
        assert_eq!(shown["client_name"], "9 characters");
        assert_eq!(shown["redirect_uris"], json!(["https://rp.example/…?…", "com.example.app:…", "4 characters"]));
        assert_eq!((&shown["grant_types"], &shown["scope"]), (&json!(["implicit"]), &json!("read (5 characters)")));
        assert_eq!((&shown["…"], &shown["client_name#…"]), (&json!("117 characters"), &json!("1 character")));
        assert_eq!((&shown["contacts"], &shown["default_max_age"]), (&json!(["13 characters"]), &json!("a number")));
        for hidden in ["Mallory", "secret", "me@", "e30", "phone", "49170", "mallory", "street"] {
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
            ("scope", json!("aisp pisp cbpii piisp AISP"), json!("aisp pisp cbpii piisp (4 characters)")),
            ("scopes", json!(["sso:account:access", "sso:x"]), json!(["sso:account:access", "(5 characters)"])),
            (
                "scope",
                json!("a b c d e f g h i j k l m n o p q r s t u v"),
                json!(format!("{} (3 characters more)", ["(1 character)"; 20].join(" "))),
            ),
            ("scope", json!(["openid", "hunter2"]), json!(["openid", "(7 characters)"])),
            ("scopes", json!(["hunter2"]), json!(["(7 characters)"])),
            ("clientType", json!("public"), json!("public")),
            ("clientName", json!("hunter2"), json!("7 characters")),
            (
                "redirectUris",
                json!(["https://u:hunter2@rp.example/hunter2?a#b"]),
                json!(["https://…@rp.example/…?…#…"]),
            ),
            ("client_uri#x-hunter2", json!("hunter2://hunter2/"), json!("hunter2:…")),
            ("redirect_uris", json!("https://rp.example/cb"), json!("https://rp.example/…")),
            ("redirect_uris", json!({"hunter2": 1}), json!("1 member")),
            ("redirect_uris", json!([[["hunter2"]], 4_917_012]), json!(["1 value", "a number"])),
            ("client_name", json!(4_917_012), json!("a number")),
            ("client_name", json!("hunter2\u{202e}"), json!("8 characters, 10 bytes with U+202E")),
            ("client_secret", json!("hunter2"), Value::Null),
            ("client_secret", json!(["hunter2"]), json!(["7 characters"])),
            ("tls_client_auth_san_ip", json!("192.0.2.77"), json!("an IP address")),
            ("tls_client_auth_san_ip", json!("hunter2"), json!("7 characters")),
            ("tls_client_auth_subject_dn", json!("CN=hunter2,C=FR"), json!("a distinguished name (RFC 4514)")),
            ("tls_client_auth_subject_dn", json!("hunter2"), json!("7 characters")),
            ("tls_client_auth_subject_dn", json!("CN=hunter2\u{200b}"), json!("11 characters, 13 bytes with U+200B")),
            ("tls_client_auth_subject_dn", json!(format!("CN={}", "a".repeat(5000))), json!("5003 characters")),
            ("tls_client_auth_san_dns", json!("hunter2.example"), json!("the name of a host")),
            ("tls_client_auth_san_email", json!("hunter2@rp.example"), json!("an email address")),
            (
                "jwks",
                json!({"keys": [{"kty": "oct", "k": "hunter2"}]}),
                json!({"keys": [{"k": "private", "kty": "oct"}]}),
            ),
            ("redirect_uris", json!("https://rp.example:1234/cb"), json!("https://rp.example:…/…")),
            ("redirect_uris", json!("https://rp.example/hunter2/../cb%00"), json!("https://rp.example//../…%00")),
            ("redirect_uris", json!("https://*.rp.example/cb"), json!("https://*.rp.example/…")),
            ("redirect_uris", json!("https://rp.example\\hunter2"), json!("https://…\\…/…")),
            ("redirect_uris", json!("com.example.app://hunter2@x"), json!("com.example.app://…@…/…")),
            ("contacts", json!(vec!["hunter2"; 6]), json!(["7 characters", "5 more"])),
            ("contacts", json!(["hunter2", "hunter", "hunter2"]), json!(["7 characters", "6 characters", "1 more"])),
        ] {
            let sent = json!({member: sent});
            let shown = Value::Object(masked(sent.as_object().unwrap(), &Preset::Open.policy()));
            let name = member.replace("#x-hunter2", "#…");
            assert_eq!(shown[&name], expected, "{sent}");
        }
    }

    /// A rule may refuse the second.
    #[test]
    fn languages_are_told_apart_where_they_show_something_else() {
        let mut policy = Preset::Open.policy();
        policy.names.reserved = vec!["Example Bank".to_owned()].into();
        let sent = json!({"client_name": "Shop", "client_name#cs": "Obchod", "client_name#de": "Example Bank",
            "client_name#fr": "Ex\u{430}mple Bank", "client_name#sk": "Obchod", "client_name#x-y": "a\u{200b}b"});
        let sample = masked(sent.as_object().unwrap(), &policy);
        let shown = |name: &str| sample[name].as_str().unwrap().to_owned();
        assert_eq!((sample.len(), shown("client_name#…")), (5, "6 characters".to_owned()));
        assert!(shown("client_name#…2").ends_with("with a reserved name in it: Example Bank"), "{sample:?}");
        assert!(shown("client_name#…3").ends_with("like a reserved name: Example Bank"), "{sample:?}");
        assert!(shown("client_name#…4").ends_with("with U+200B"), "{sample:?}");
        let body = stand_in(&sample, &policy).unwrap();
        assert_eq!(body.len(), 5, "{body:?}");
        let suspicion = policy.names.suspicion_of(body["client_name#es"].as_str().unwrap());
        assert_eq!(suspicion, Some((Flag::LookAlikeName, "Example Bank")));
    }

    /// What a change of the policy is tried with is all that was sent.
    #[test]
    fn each_kind_of_value_is_shown_though_others_come_first() {
        let policy = Preset::Open.policy();
        let mut uris: Vec<String> = (0..30).map(|number| format!("https://rp.example/{number}")).collect();
        uris.extend((0..10).map(|number| format!("https://{number}.example/")));
        let sample = masked(json!({ "redirect_uris": uris }).as_object().unwrap(), &policy);
        let shown = sample["redirect_uris"].as_array().unwrap();
        assert_eq!((&shown[1], &shown[11]), (&json!("https://0.example/…"), &json!("29 more")));
        let body = stand_in(&sample, &policy).unwrap();
        assert_eq!(body["redirect_uris"].as_array().unwrap().len(), 40);
        assert_eq!(masked(&body, &policy), sample);
    }

    /// It would be registered with what is allowed of the name, and refused for what is not.
    #[test]
    fn a_suspected_name_keeps_its_hidden_characters() {
        let mut policy = Preset::Open.policy();
        policy.names.reserved = vec!["Example Bank".to_owned()].into();
        let sample = masked(json!({"client_name": "Example Bank \u{200b}"}).as_object().unwrap(), &policy);
        let name = stand_in(&sample, &policy).unwrap()["client_name"].as_str().unwrap().to_owned();
        assert_eq!(policy.names.suspicion_of(&name), Some((Flag::ReservedName, "Example Bank")));
        assert!(name.ends_with('\u{200b}'), "{name:?}");
    }

    /// Nobody would look for what is wrong among those that are shown.
    #[test]
    fn the_element_that_an_error_names_is_shown() {
        let mut policy = Preset::Open.policy();
        policy.scopes.offered = Scope::parse("read").unwrap();
        let uris: Vec<String> = (0..46).map(|number| format!("https://{number}.example/")).collect();
        let keys = vec![json!({"kty": "oct"}); 30];
        let scope = format!("{}write", "read ".repeat(40));
        let sent = json!({"redirect_uris": uris, "jwks": {"keys": keys}, "scope": scope});
        for (description, member, at) in [
            ("redirect_uris[44]: its host is not allowed", "/redirect_uris/19", json!("https://44.example/…")),
            ("redirect_uris[3]: its host is not allowed", "/redirect_uris/19", json!("https://19.example/…")),
            ("redirect_uris: more than 10", "/redirect_uris/20", json!("26 more")),
            ("redirect_uris[99]: it is too long", "/redirect_uris/20", json!("26 more")),
            ("jwks: key 25: it is weak", "/jwks/keys/20", json!("10 more")),
        ] {
            let sample = super::masked(sent.as_object().unwrap(), &policy, named(description));
            assert_eq!(Value::from(sample.clone()).pointer(member), Some(&at), "{description}");
            assert!(sample["scope"].as_str().unwrap().starts_with("(5 characters) read"), "{sample:?}");
        }
        let long = json!({"redirect_uris": uris, "client_uri": "x".repeat(60), "contacts": vec!["a"; 9],
            "tos_uri": format!("https://{}.example/", "a.".repeat(110)), "request_uris":
            (0..9).map(|number| format!("https://{number}{}.example/", ".a".repeat(100))).collect::<Vec<_>>()});
        let sample = super::masked(long.as_object().unwrap(), &policy, named("request_uris[7]: it is too long"));
        let shown = sample["request_uris"].as_array().unwrap();
        assert!(shown.iter().any(|uri| uri.as_str().unwrap().starts_with("https://7.a")), "{shown:?}");
    }

    #[test]
    fn a_statement_shows_who_is_said_to_have_made_it() {
        let policy = Preset::Open.policy();
        let part = |value: Value| BASE64URL.encode(value.to_string());
        for (issuer, shown) in [
            ("https://directory.example/software?secret=1", "a JWT by https://directory.example/…?…"),
            ("https://directory.example", "a JWT by https://directory.example"),
            ("Mallory", "a JWT by 7 characters"),
        ] {
            let claims = part(json!({"iss": issuer, "software_id": "s3cr3t", "client_name": "Mallory"}));
            let sent = json!({"software_statement": format!("{}.{claims}.AA", part(json!({"alg": "RS256"})))});
            let sample = masked(sent.as_object().unwrap(), &policy);
            assert_eq!(Value::from(sample.clone()), json!({ "software_statement": shown }));
            assert_eq!(masked(&stand_in(&sample, &policy).unwrap(), &policy), sample);
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
            let sample = Value::from(masked(&sent, &Preset::Open.policy())).to_string();
            assert!(sample.len() <= MOST_BYTES && sample.len() > 10, "{sample}");
        }
    }

    fn masked(sent: &Map<String, Value>, policy: &Policy) -> Map<String, Value> {
        super::masked(sent, policy, None)
    }

    fn anywhere(fetch: &Fetch) -> Surroundings<'_> {
        Surroundings { fetch, audiences: &[] }
    }

    /// A body of a web application with those members.
    #[expect(clippy::needless_pass_by_value, reason = "a literal")]
    fn web(members: Value) -> Value {
        let mut body = json!({"client_name": "Example", "redirect_uris": ["https://rp.example/cb"]});
        body.as_object_mut().unwrap().extend(members.as_object().cloned().unwrap());
        body
    }

    /// One with that redirect URI.
    fn redirect(uri: &str) -> Value {
        web(json!({"redirect_uris": [uri]}))
    }

    /// What is refused, by each rule and for each shape of a value that rules look at.
    #[expect(clippy::too_many_lines, reason = "a table")]
    fn refused() -> Vec<Value> {
        let key = json!({"kty": "EC", "crv": "P-256", "kid": "one", "use": "sig",
            "x": "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4", "y": "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM"});
        let with_key = |name: &str, value: Value| {
            let mut key = key.clone();
            key[name] = value;
            web(json!({"jwks": {"keys": [key]}, "token_endpoint_auth_method": "private_key_jwt"}))
        };
        let long = format!("https://rp.example/{}", "a".repeat(3000));
        let uris = [
            "junk",
            "",
            "/cb",
            "rp.example",
            " https://rp.example/",
            "https://rp.example/#a",
            "https://rp.example/?a[]=1",
            "https://rp.example/#a#b",
            "https://rp.example/c b",
            "https://rp.example/\u{e9}",
            "https://rp.example/\u{202e}",
            "https://rp.example/{id}",
            "https://rp.example\\@evil.example/",
            "https://rp.example/%zz",
            "https://rp.example/a/../cb",
            "https://rp.example/%2e%2E/cb",
            "com.example.app:/../cb",
            "https://rp.example/cb%00",
            "https://user:pass@up.example/cb",
            "com.example.app://user@host/",
            "https://rp.example:0/",
            "https://rp.example:65536/",
            "https://rp.example:/",
            "https://rp.example:http/",
            "https:rp.example",
            "https:///rp.example",
            "http://127.1/",
            "http://[0:0:0:0:0:0:0:1]/cb",
            "https://rp..example/",
            "https://*.rp.example/cb",
            "*.rp.example",
            "http://rp.example/cb",
            "javascript:alert(1)",
            "ms-settings:x",
            "https://192.168.0.1/cb",
            "cursor://anysphere/cb",
            "http://localhost:1/cb",
            &long,
        ];
        let uris = uris.into_iter().map(redirect);
        let others = [
            // as sent
            json!({"redirect_uris": "https://rp.example/cb"}),
            web(json!({"client_name": 5})),
            web(json!({"scope": ["openid"]})),
            web(json!({"client_name#x-1": ["a"]})),
            web(json!({"jwks": [1]})),
            web(json!({"jwks": "{}"})),
            web(json!({"contacts": [["a"]]})),
            web(json!({"default_max_age": -1})),
            web(json!({"client_id": 5})),
            web(json!({"redirect_uris": [{"a": 1}]})),
            web(json!({"require_auth_time": "true"})),
            // limits
            web(json!({"client_name": "x".repeat(9000)})),
            web(json!({"client_name": "é".repeat(3000)})),
            web(json!({"contacts": vec!["a@rp.example"; 200]})),
            web(json!({"redirect_uris": vec!["https://rp.example/cb"; 200]})),
            web(json!({"scope": "a ".repeat(5000)})),
            web(json!({"tenant": "x".repeat(9000)})),
            // unannounced
            web(json!({"subject_type": "pairwise"})),
            web(json!({"id_token_signed_response_alg": "HUNTER2"})),
            web(json!({"subject_type": "pairwise", "subject_types_supported": ["public"]})),
            // flows, methods, scopes
            web(json!({"grant_types": ["authorization_code", "password"]})),
            web(json!({"grant_types": ["magic"]})),
            web(json!({"response_types": ["token"]})),
            web(json!({"token_endpoint_auth_method": "magic"})),
            web(json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a"})),
            web(json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "garbage"})),
            web(json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a",
                "userinfo_encrypted_response_enc": "A256GCM"})),
            web(json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a",
                "subject_type": "magic"})),
            web(json!({"scope": "fly"})),
            web(json!({"scope": "openid email"})),
            web(json!({"scope": "\u{e9}"})),
            web(json!({"redirect_uris": (1..8).map(|number| {
                format!("https://{number}.example/{}", if number == 7 { "#a" } else { "" })
            }).collect::<Vec<_>>()})),
            // pages, names, URLs that are called
            web(json!({"client_name": "Example Bank \u{200b}"})),
            web(json!({"logo_uri": "https://bank.example/a.png"})),
            web(json!({"client_name": "The Example Bank login"})),
            web(json!({"client_name": "Ex\u{430}mple Bank"})),
            web(json!({"jwks_uri": "https://10.0.0.1/"})),
            web(json!({"request_uris": ["https://*.rp.example/"]})),
            with_key("x5u", json!("https://localhost/a")),
            // the specifications
            web(json!({"client_name": "Exa\u{202e}mple"})),
            web(json!({"client_name": "Example\0"})),
            web(json!({"client_name#he": "\u{2066}x"})),
            web(json!({"default_max_age": u64::MAX})),
            web(json!({"jwks": {"keys": [key.clone()]}, "jwks_uri": "https://rp.example/keys"})),
            with_key("d", json!("AQ")),
            web(json!({"jwks": {"a": 1, "b": 2}})),
            web(json!({"jwks": {"keys": {}}})),
            web(json!({"jwks": {"keys": ["key"]}})),
            with_key("kty", json!("oct")),
            with_key("x", json!("AQ")),
            with_key("crv", Value::Null),
            with_key("alg", json!("RS256")),
            with_key("use", json!("enc")),
            with_key("alg", json!("HS256")),
            with_key("kid", json!("a\u{202e}")),
            with_key("key_ops", json!(["verify", "verify"])),
            with_key("x5c", json!([])),
            with_key("x5c", json!(["%"])),
            with_key("x", json!("NKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4")),
            web(json!({"jwks": {"keys": [{"kty": "RSA", "n": "AQ", "e": "AQAB"}]}})),
            web(json!({"jwks": {"keys": [{"kty": "RSA", "n": format!("{}+", "x".repeat(341)), "e": "AQAB"}]}})),
            web(json!({"jwks": {"keys": [key.clone(), key.clone()]}})),
            web(json!({"jwks": {"keys": vec![key.clone(); 21]}})),
            web(json!({"token_endpoint_auth_method": "private_key_jwt"})),
            web(json!({"backchannel_logout_uri": "https://rp.example/#a"})),
            web(json!({"logo_uri": "ftp://rp.example/"})),
            web(json!({"post_logout_redirect_uris": ["javascript:x"]})),
            web(json!({"spiffe_id": "spiffe://x.example/a?b"})),
            web(json!({"dpop_bound_access_tokens": true, "tls_client_certificate_bound_access_tokens": true})),
            web(json!({"backchannel_token_delivery_mode": "pull"})),
            web(json!({"grant_types": []})),
            json!({}),
            web(json!({"userinfo_encrypted_response_enc": "A256GCM"})),
            web(json!({"redirect_uris": ["https://1.example/", "https://2.example/", "https://3.example/",
                "https://4.example/", "https://5.example/", "https://6.example/#a"]})),
        ];
        uris.chain(others).collect()
    }

    /// Under which policies: each refuses something that the others do not.
    fn configurations() -> Vec<ServiceConfiguration> {
        let mut strict = Preset::Protected.policy();
        strict.names.reserved = vec!["Example Bank".to_owned()].into();
        strict.names.look_alike = crate::policy::Conduct::Refuse;
        strict.scopes.offered = Scope::parse("openid read").unwrap();
        strict.scopes.unoffered = crate::policy::Unoffered::Refuse;
        strict.token_endpoint_auth_methods.offered = vec![AuthMethod::ClientSecretBasic, AuthMethod::PrivateKeyJwt];
        strict.token_endpoint_auth_methods.unoffered = crate::policy::Unoffered::Refuse;
        let mut open = Preset::Open.policy();
        open.token_endpoint_auth_methods.offered.extend([AuthMethod::PrivateKeyJwt, AuthMethod::TlsClientAuth]);
        [strict, open, Preset::Regulated.policy()].map(|policy| ServiceConfiguration::new("tests", policy)).into()
    }

    #[test]
    fn what_is_kept_of_a_refusal_is_refused_for_the_same() {
        let (mut tried, mut lost) = (0, Vec::new());
        let fetch = Fetch::new(FetchSettings::default());
        for sent in refused() {
            let mut is_refused = false;
            for configuration in configurations() {
                let trial = (&configuration, anywhere(&fetch), "oauth");
                let real = rehearse(&configuration, anywhere(&fetch), "oauth", sent.as_object().cloned().unwrap());
                let Err(refused) = &real.outcome else { continue };
                (tried, is_refused) = (tried + 1, true);
                let reason = Reason::from(refused);
                let sample = super::masked(sent.as_object().unwrap(), &configuration.policy, reason.named());
                if !is_reproduced(trial, &sample, real.rule, &reason) {
                    lost.push(refused.to_string());
                }
            }
            assert!(is_refused, "{sent}");
        }
        assert!(tried > 150, "{tried}");
        lost.dedup();
        let mathematics = "jwks: key 0: x and y are not a point of crv";
        let comparison = "jwks: key 1: its kid is that of another key";
        assert_eq!(lost, [mathematics, comparison]);
    }

    /// Institutions and banks send certificates with their keys: what is refused for something else is not tried as if
    /// these were wrong.
    #[test]
    fn certificates_that_are_the_keys_are_so_in_what_stands_for_it() {
        let fetch = Fetch::new(FetchSettings::default());
        let mut policy = Preset::Open.policy();
        policy.token_endpoint_auth_methods.offered.push(AuthMethod::SelfSignedTlsClientAuth);
        let configuration = ServiceConfiguration::new("tests", policy.clone());
        for key in [
            json!({"kty": "EC", "crv": "P-256", "use": "sig",
                "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}),
            json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}),
            json!({"kty": "RSA", "e": "AQAB", "n": BASE64URL.encode([0xc1; 384]), "x5t#S256": ""}),
        ] {
            let mut key = key.as_object().cloned().unwrap();
            let certificate = PublicJwk::certificate_of(&key).unwrap();
            if let Some(name) = key.get_mut("x5t#S256") {
                *name = BASE64URL.encode(digest(&SHA256, &certificate)).into();
            }
            key.insert("x5c".to_owned(), json!([BASE64.encode(certificate)]));
            let sent =
                web(json!({"jwks": {"keys": [key]}, "token_endpoint_auth_method": "self_signed_tls_client_auth"}));
            let sample = masked(sent.as_object().unwrap(), &policy);
            assert_eq!(sample["jwks"]["keys"][0]["x5c"], "of the key");
            let body = stand_in(&sample, &policy).unwrap();
            assert_eq!(masked(&body, &policy), sample);
            let tried = rehearse(&configuration, anywhere(&fetch), "oauth", body);
            assert!(tried.outcome.is_ok(), "{sent}: {:?}", tried.outcome);
        }
    }

    #[test]
    fn what_stands_for_a_sample_is_bounded() {
        let policy = Preset::Open.policy();
        for sample in [
            json!({"client_name": "x".repeat(5000)}),
            json!({"contacts": vec!["65536 characters"; 100]}),
            json!({"contacts": ["60000 characters", "4000000000 more", "4000000000 more", "9 more"]}),
            json!({"client_name": "999999999999 characters, 999999999999999 bytes", "client_uri": "999999999 characters"}),
        ] {
            let body = stand_in(sample.as_object().unwrap(), &policy);
            assert!(body.is_none_or(|body| Value::from(body).to_string().len() <= 2 * MAX_BODY_BYTES), "{sample}");
        }
    }

    proptest::proptest! {
        /// Whatever was sent: what is kept of it is small, and what stands for it has the same members and is kept as the same.
        #[test]
        fn what_stands_for_a_sample_is_kept_as_that(sent in members(), text in "\\PC{0,20}", uri in "https:[@:/?.*#%a0 ]{0,12}") {
            let mut sent = sent;
            sent.extend([("client_name".to_owned(), text.into()), ("client_uri".to_owned(), uri.into())]);
            let policy = Preset::Open.policy();
            let sample = masked(&sent, &policy);
            proptest::prop_assert!(Value::from(sample.clone()).to_string().len() <= MOST_BYTES);
            proptest::prop_assert_eq!(masked(&stand_in(&sample, &policy).unwrap(), &policy), sample);
        }
    }
}
