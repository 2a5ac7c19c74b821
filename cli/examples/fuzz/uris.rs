//! URIs and texts of client metadata, one or more changes away from what clients send.

use serde_json::{Value, json};
use shared::metadata::{ClientMetadata, PlainUri, RedirectUri, Strictness, hidden_character, parse_object, verify};
use shared::policy::{BoundPolicy, Preset};

use super::Random;

const GOOD: [&str; 14] = [
    "https://rp.example/cb",
    "https://rp.example:8443/cb?tenant=a&b=%2F",
    "https://xn--bcher-kva.example/%C3%A9",
    "http://127.0.0.1:33418/",
    "http://[::1]:7000/cb",
    "http://localhost/cb",
    "cursor://anysphere.cursor-retrieval/oauth/callback",
    "com.example.app:/oauth2redirect",
    "vscode://vscode.github-authentication/did-authenticate",
    "spiffe://rp.example/app",
    "https://198.51.100.7/jwks",
    "https://[2001:db8::1]/logo.png#icon",
    "urn:example:rp",
    "ms-msdt:/id",
];

const PIECES: [&str; 40] = [
    "%",
    "%zz",
    "%00",
    "%2e",
    "%2F",
    "%5c",
    "..",
    "/../",
    "//",
    "\\",
    "@",
    ":",
    ":0",
    ":65536",
    ":99999999999",
    "#",
    "?",
    "*",
    "[",
    "]",
    "[::]",
    "{",
    "}",
    "|",
    "^",
    "`",
    "\"",
    "<",
    ">",
    " ",
    "\u{0}",
    "\r\n",
    "\u{202e}",
    "\u{200b}",
    "\u{e9}",
    "\u{ff0e}",
    "0x7f.1",
    "localhost",
    "javascript:",
    "",
];

const MEMBERS: [&str; 16] = [
    "redirect_uris",
    "client_uri",
    "logo_uri#fr",
    "tos_uri",
    "jwks_uri",
    "sector_identifier_uri",
    "request_uris",
    "initiate_login_uri",
    "post_logout_redirect_uris",
    "backchannel_logout_uri",
    "frontchannel_logout_uri",
    "spiffe_id",
    "credential_offer_endpoint",
    "client_name",
    "client_name#de-CH",
    "contacts",
];

pub(super) fn input(random: &mut Random) -> String {
    let mut members = serde_json::Map::new();
    members.insert("redirect_uris".to_owned(), json!([random.one(&GOOD)]));
    members.insert("token_endpoint_auth_method".to_owned(), "none".into());
    for _ in 0..=random.below(12) {
        let text = random.one(&GOOD);
        let text = random.bent(text, &PIECES);
        let tagged = format!("{}-x{}", random.one(&MEMBERS), random.below(3000));
        let member = if random.below(6) == 0 { tagged } else { random.one(&MEMBERS).to_owned() };
        let is_list =
            ["redirect_uris", "request_uris", "post_logout_redirect_uris", "contacts"].contains(&member.as_str());
        let value = if is_list { json!(vec![text; 1 + random.below(60)]) } else { json!(text) };
        members.insert(member, value);
    }
    Value::Object(members).to_string()
}

/// What is accepted is kept byte for byte, and accepted again as it was registered.
pub(super) fn ask(text: &str) {
    let Ok(members) = parse_object(text.as_bytes()) else { return };
    for text in members.values().flat_map(|value| value.as_array().into_iter().flatten().chain([value])) {
        let Some(text) = text.as_str() else { continue };
        let _ = (PlainUri::parse(text).is_ok(), hidden_character(text));
        if let Ok(uri) = RedirectUri::parse(text) {
            assert_eq!(uri.as_str(), text);
            assert_eq!(hidden_character(text), None);
        }
    }
    let _ = ClientMetadata::from_members(members.clone()).map(|sent| verify(sent, Strictness::Operator).is_ok());
    let policy = Preset::Open.policy();
    let admit = |sent: ClientMetadata| verify(policy.apply(sent, &BoundPolicy::default(), &[])?, Strictness::Full);
    let Ok(Ok(client)) = ClientMetadata::from_members(members.clone()).map(admit) else { return };
    let registered = client.to_members();
    assert_eq!(registered.get("redirect_uris"), members.get("redirect_uris").filter(|uris| **uris != Value::Null));
    let again = ClientMetadata::from_members(registered.clone()).map(admit);
    assert!(again.is_ok_and(|again| again.is_ok_and(|again| again.to_members() == registered)));
}
