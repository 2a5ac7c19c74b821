//! Names in any script and language, and disguises of those that a service reserves, in registrations of any shape.

use std::sync::OnceLock;

use serde_json::{Map, Value, json};
use shared::Error;
use shared::fetch::{Fetch, FetchSettings};
use shared::metadata::{Invalid, parse_object};
use shared::policy::{Conduct, Preset};
use shared::registry::{Refused, Surroundings, rehearse};
use shared::service::ServiceConfiguration;

use super::Random;

/// What the service reserves, in scripts with and without whole words.
const RESERVED: [&str; 8] =
    ["Example Bank", "Google", "Société Générale", "Сбербанк", "Εθνική", "三菱", "กสิกรไทย", ARABIC];

const ARABIC: &str = "الراجحي";

/// Other words, which have nothing of these.
const WORDS: [&str; 12] =
    ["My", "client", "für", "Ωmega", "Яндекс", "東京", "日本語", "한국", "नमस्ते", "👩\u{200d}💻", "(v2)", "…"];

/// What may stand between two letters without making other ones of them.
const BETWEEN: [&str; 10] =
    [" ", "-", ".", "\u{a0}", "\u{3000}", "\u{200d}", "\u{fe0f}", "🏦", "\u{301}", "\u{336}\u{489}"];

/// Letters, and what looks like each.
const ALIKE: [(char, &str); 14] = [
    ('a', "аａ𝒂á"),
    ('B', "ВΒＢ🅱"),
    ('e', "еéｅ3"),
    ('E', "ЕΕＥ"),
    ('G', "ԌＧⒼ🅶"),
    ('g', "ｇ𝐠ⓖ"),
    ('k', "кｋ𝓀"),
    ('l', "1Iіｌ"),
    ('o', "оοσ0ｏ"),
    ('S', "ЅＳ$"),
    ('С', "CϹ"),
    ('а', "aα@"),
    ('ο', "oо0"),
    ('ν', "vѵ"),
];

const PIECES: [&str; 20] = [
    "\"",
    "{",
    "}",
    "[",
    "null",
    ",\"client_name#",
    "#",
    "-",
    "x-x",
    "aaaaaaaaa",
    "\u{0}",
    "\u{202e}",
    "\u{ad}",
    "\u{1b}",
    "\u{301}",
    "\\ud800",
    "\\u0000",
    "™",
    "ﷺ",
    "\"organization_name\":",
];

pub(super) fn input(random: &mut Random) -> String {
    let is_disguised = random.below(2) == 0;
    let name = if is_disguised { disguised(random) } else { random.one(&WORDS).to_owned() };
    let words: Vec<String> = [random.one(&WORDS).to_owned(), name, random.one(&WORDS).to_owned()].into_iter().collect();
    let member = random.one(&["client_name", "client_name#fr", "organization_name#x-a", "display_name#zh-Hant-TW"]);
    let sent = json!({"redirect_uris": ["https://rp.example/cb"], member: words.join(" "),
        "contacts": is_disguised.then_some(["disguised@rp.example"]), "grant_types": ["authorization_code"]});
    let text = sent.to_string();
    if is_disguised { text } else { random.bent(&text, &PIECES) }
}

/// A reserved name as somebody writes it who should not have it.
fn disguised(random: &mut Random) -> String {
    let name = random.one(&RESERVED);
    let letters: Vec<char> = name.chars().collect();
    let mut text = String::new();
    for (index, letter) in letters.iter().enumerate() {
        let alike: Vec<char> = ALIKE.iter().filter(|(one, _)| one == letter).flat_map(|(_, all)| all.chars()).collect();
        text.push(if alike.is_empty() || random.below(4) > 0 { *letter } else { random.one(&alike) });
        // A mark may be the name's own in some scripts, and the space of a name is no end of it.
        let is_latin = letter.is_ascii_alphabetic() && letters.get(index + 1).is_some();
        if is_latin && random.below(6) == 0 {
            text += random.one(&BETWEEN);
        }
    }
    // It is shown as it was; letters that are written from right to left would not be.
    let is_turned = name != ARABIC && random.below(4) == 0;
    if is_turned { format!("\u{202e}{}\u{202c}", text.chars().rev().collect::<String>()) } else { text }
}

pub(super) fn ask(input: &str) {
    static CONFIGURATION: OnceLock<ServiceConfiguration> = OnceLock::new();
    let configuration = CONFIGURATION.get_or_init(|| {
        let mut policy = Preset::Open.policy();
        policy.names.reserved = RESERVED.map(str::to_owned).to_vec().into();
        policy.names.look_alike = Conduct::Refuse;
        policy.names.hidden_characters = Conduct::Allow;
        ServiceConfiguration::new("fuzz", policy)
    });
    let members = match parse_object(input.as_bytes()) {
        Ok(members) => members,
        Err(fault) => return is_short(&fault.to_string()),
    };
    let is_disguised = input.contains("disguised@");
    let fetch = Fetch::new(FetchSettings::default());
    let surroundings = Surroundings { fetch: &fetch, audiences: &[] };
    let rehearsal = rehearse(configuration, surroundings, "oauth", members);
    match rehearsal.outcome {
        Ok(registered) => {
            assert!(!is_disguised, "a disguise is seen");
            let again: Map<String, Value> = registered.to_members();
            assert!(
                rehearse(configuration, surroundings, "oauth", again).outcome.is_ok(),
                "who is registered may send the same again"
            );
            for name in registered.to_members().keys() {
                assert!(name.len() <= 100, "a member has a short name");
            }
        }
        Err(error) => {
            let for_names = matches!(
                error,
                Refused::Core(Error::InvalidClientMetadata(
                    Invalid::ReservedName { .. } | Invalid::LookAlikeName { .. } | Invalid::HiddenCharacter { .. }
                ))
            );
            assert!(!is_disguised || for_names, "it is refused for its name: {error}");
            is_short(&error.to_string());
        }
    }
}

/// What an error repeats of what was sent is bounded.
fn is_short(text: &str) {
    assert!(text.len() <= 32 * 1024, "an error is no longer than a text that is read: {}", text.len());
}
