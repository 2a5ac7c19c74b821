//! Client identifiers that are URLs, the documents behind them, and trust patterns, one or more changes away from real ones.

use serde_json::{Map, Value};
use shared::metadata::RedirectUri;
use shared::metadata_document::{DocumentUri, metadata_policy, read};
use shared::policy::{MetadataDocuments, Trust, TrustRule};

use super::Random;

/// What the documents are read for.
const URI: &str = "https://rp.example/oauth/client.json";

const GOOD: [&str; 8] = [
    "https://claude.ai/oauth/claude-code-client-metadata",
    "https://rp.example:443/c?a=b",
    "https://xn--bcher-kva.example/%C3%A9/",
    "rp.example/*/client.json",
    "*.rp.example",
    "http://127.0.0.1:33418/callback",
    r#"{"client_id":"https://rp.example/oauth/client.json","client_name":"A","redirect_uris":["http://localhost/cb"],"token_endpoint_auth_methods_supported":["none","private_key_jwt"],"logo_uri":"https://rp.example/a.png","jwks":{"keys":[{"kty":"EC","crv":"P-256"}]},"software_statement":"e30.e30.a"}"#,
    r#"{"openid_relying_party":{"grant_types":{"subset_of":["authorization_code"]},"contacts":{"add":"a"}}}"#,
];

const PIECES: [&str; 28] = [
    "%2e",
    "%00",
    "%",
    "..",
    "//",
    "\\",
    "@",
    ":0",
    ":443",
    ":65536",
    "#",
    "?",
    "*",
    "**",
    "[::1]",
    "\"",
    "{",
    "}",
    "null",
    "[[[[",
    "\u{0}",
    "\u{202e}",
    "javascript:",
    "client_secret",
    "\"d\":1,",
    "none",
    "https://",
    "HTTPS:",
];

pub(super) fn input(random: &mut Random) -> String {
    let text = random.one(&GOOD);
    random.bent(text, &PIECES)
}

pub(super) fn ask(input: &str) {
    let no_host = |_: &str| false;
    if let Ok(uri) = DocumentUri::parse(input, no_host) {
        assert_eq!(uri.as_str(), input, "an identifier is kept as it is");
        assert!(DocumentUri::is_meant_by(input) && input.starts_with("https://"), "it is an https URL");
        assert!(!uri.host().is_empty() && uri.host().contains('.'), "its host is a public name");
        assert_eq!(DocumentUri::parse(uri.as_str(), no_host).as_ref(), Ok(&uri), "it reads the same again");
    }
    let Ok(uri) = DocumentUri::parse(URI, no_host) else { unreachable!("it is a good one") };
    let rule = TrustRule { pattern: input.to_owned(), trust: Trust::Block };
    let rules = MetadataDocuments { trust: vec![rule], ..MetadataDocuments::default() };
    if rules.check().is_ok() {
        let _ = rules.trust_of(URI);
        let is_url = input.starts_with("https://") && !input.contains('*');
        assert!(!is_url || rules.trust_of(input).0 == Trust::Block, "a URL is a pattern of itself");
    }
    if let Ok(document) = read(input.as_bytes(), &uri, &rules) {
        let members = document.to_members();
        for secret in ["client_secret", "client_secret_expires_at"] {
            assert!(!members.contains_key(secret), "a document has no secret");
        }
    }
    if let Ok(Value::Object(members)) = serde_json::from_str(input) {
        let _: &Map<String, Value> = &members;
        let _ = metadata_policy(&members);
    }
    if let Ok(uri) = RedirectUri::parse(input) {
        assert!(uri.is_redirect_of(input), "a redirect URI is its own");
    }
}
