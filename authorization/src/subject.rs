//! Who the user is.

use aws_lc_rs::hmac;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64URL};
use shared::client::RegisteredClient;
use shared::metadata::SubjectType;
use url::Url;

use crate::context::Context;

/// The longest subject, in characters.
const MAX_SUBJECT: usize = 100;

/// Whether a text can be a subject: 1 to 100 ASCII characters (OpenID Connect Core §2 has 255).
#[must_use]
pub fn is_subject(text: &str) -> bool {
    (1..=MAX_SUBJECT).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_control())
}

/// Whether a client knows users by names of its own.
#[must_use]
pub fn is_pairwise(client: &RegisteredClient) -> bool {
    client.record.metadata.rest().subject_type.as_deref() == Some(SubjectType::Pairwise.as_str())
}

/// The name of a user that only the clients of one sector know (OpenID Connect Core §8.1).
#[must_use]
pub fn pairwise(context: &Context<'_>, client: &RegisteredClient, subject: &str) -> String {
    let key = context.service.derived_key("pairwise subject identifiers");
    let mut tag = hmac::Context::with_key(&key);
    let sector = sector(client);
    for part in [sector.as_str(), subject] {
        tag.update(&(part.len() as u64).to_be_bytes());
        tag.update(part.as_bytes());
    }
    BASE64URL.encode(tag.sign())
}

/// The host of the client's sector: of its `sector_identifier_uri`, else of its redirect URIs; a client without either is
/// one of its own.
fn sector(client: &RegisteredClient) -> String {
    let metadata = &client.record.metadata;
    let host = |uri: &str| Url::parse(uri).ok().and_then(|uri| uri.host_str().map(str::to_owned));
    let of_uri = metadata.rest().sector_identifier_uri.as_deref().and_then(host);
    let of_redirects = metadata.redirect_uris().first().and_then(|uri| uri.host()).map(str::to_owned);
    of_uri.or(of_redirects).unwrap_or_else(|| client.client_id.clone())
}
