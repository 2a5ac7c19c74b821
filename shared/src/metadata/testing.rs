//! What the tests of several modules send.

use proptest::strategy::Strategy;
use serde_json::{Map, Value, json};

use super::ClientMetadata;

/// Members as strangers may send them, good and bad.
pub(crate) fn members() -> impl Strategy<Value = Map<String, Value>> {
    let words = [
        "",
        "a",
        "https://rp.example/cb",
        "http://localhost:1/",
        "cursor://x",
        "https://b.example/",
        "none",
        "client_secret_jwt",
        "private_key_jwt",
        "authorization_code",
        "refresh_token",
        "implicit",
        "code",
        "id_token",
        "native",
        "web",
        "pairwise",
        "RS256",
        "HS256",
        "dir",
        "A256GCM",
        "openid a",
        "ping",
    ];
    let word = proptest::sample::select(words.to_vec());
    let value = proptest::prop_oneof![
        8 => word.clone().prop_map(Value::from),
        8 => proptest::collection::vec(word, 0..3).prop_map(Value::from),
        1 => proptest::arbitrary::any::<bool>().prop_map(Value::from),
        1 => proptest::arbitrary::any::<u64>().prop_map(Value::from),
        1 => proptest::strategy::Just(Value::Null),
    ];
    let names = ClientMetadata::MEMBERS.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    let name = (proptest::sample::select(names), proptest::bool::weighted(0.1))
        .prop_map(|(name, tagged)| if tagged { format!("{name}#fr") } else { name });
    let uris = proptest::sample::select(vec![json!(["https://rp.example/cb"]), json!(["cursor://x"]), json!([])]);
    (uris, proptest::collection::vec((name, value), 0..6))
        .prop_map(|(uris, sent)| [("redirect_uris".to_owned(), uris)].into_iter().chain(sent).collect())
}
