//! `clientIdAlias`: the second name of a client.

use serde_json::Value;
use shared::administration::Draft;
use shared::client::RegisteredClient;
use shared::metadata::Invalid;
use shared::service::Service;
use url::Url;

const NAME: &str = "clientIdAlias";

/// The alias, unless it is what every client has without one: its identifier. Clients that registered themselves keep
/// theirs.
///
/// # Errors
/// [`Invalid`], naming the member.
pub(super) fn read(sent: Option<String>, current: Option<&RegisteredClient>) -> Result<Option<String>, Invalid> {
    let Some(alias) = sent else { return Ok(None) };
    let own_id = |client: &RegisteredClient| client.client_id == alias || client.numeric_id.to_string() == alias;
    if current.is_some_and(own_id) {
        return Ok(None);
    }
    if current.is_some_and(|client| !client.source.is_operators_own()) {
        return Err(Invalid::Mismatch { member: NAME });
    }
    if is_alias(&alias) {
        return Ok(Some(alias));
    }
    Err(Invalid::syntax(
        NAME,
        "an alias: an http or https URL that a path can carry, or printable ASCII without ? # % / \\, not all digits, \
         not list, not beginning with http:, https:, PSD or AGT",
    ))
}

/// Whether the service lets a client have that alias: its own is not asked about again.
///
/// # Errors
/// [`Invalid::Syntax`].
pub(crate) fn permitted(service: &Service, draft: &Draft, current: Option<&RegisteredClient>) -> Result<(), Invalid> {
    let alias = draft.settings.alias.as_deref();
    let prohibited = service.configuration.others.get("httpAliasProhibited") == Some(&Value::Bool(true));
    let own = current.and_then(|client| client.record.settings.alias.as_deref());
    if prohibited && alias != own && alias.is_some_and(is_url) {
        return Err(Invalid::syntax(NAME, "an alias that this service permits: it prohibits those that are URLs"));
    }
    Ok(())
}

/// What can be told from every other identifier of a service, and comes back from a path as it is.
fn is_alias(text: &str) -> bool {
    let plain = text.bytes().all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte));
    let lower = text.to_ascii_lowercase();
    let reserved = text.bytes().all(|byte| byte.is_ascii_digit())
        || ["http:", "https:", "psd", "agt"].iter().any(|prefix| lower.starts_with(prefix))
        || text.contains('/')
        || matches!(text, "list" | "." | "..");
    plain && (!reserved || is_url(text))
}

/// A URL that the gateway leaves as it is where it stands in a path. Nobody is logged in by a name.
fn is_url(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let authority = rest.split('/').next().unwrap_or_default();
    let carried = !rest.split('/').any(|segment| matches!(segment, "." | ".."));
    !authority.is_empty() && !authority.contains('@') && carried && Url::parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alias_is_a_word_of_its_own_or_a_url() {
        for text in [
            "shop",
            "a:b@c~d",
            "1a",
            "lists",
            "httpd",
            "https://rp.example",
            "https://rp.example/",
            "https://rp.example:8443/a/b.c",
            "http://localhost/x",
            "https://rp.example/@a",
        ] {
            assert!(is_alias(text), "{text}");
        }
        for text in [
            "123",
            "list",
            ".",
            "..",
            "a/b",
            "PSDFR-ACPR-12345",
            "agtfr-x",
            "a b",
            "a?b",
            "a#b",
            "a%b",
            "\u{e9}",
            "https:",
            "https://",
            "https:///a",
            "https:/rp.example",
            "https:rp.example",
            "HTTPS://rp.example",
            "https://u:p@rp.example",
            "https://rp.example/../a",
            "https://rp.example/a/.",
            "https://rp.example/?a",
            "https://rp.example/#a",
            "https://rp.example/%41",
            "https://rp.example\\a",
            "https://rp.example:99999",
            "https://rp.example/\u{e9}",
        ] {
            assert!(!is_alias(text), "{text}");
        }
    }
}
