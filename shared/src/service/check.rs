//! What a service's configuration may say, whoever makes or changes it.

use serde_json::Value;
use url::Host;

use super::ServiceConfiguration;
use crate::metadata::{GrantType, Invalid, PlainUri, SERVER_SET, hidden_character, hidden_character_in};
use crate::metadata_document::metadata_policy;

/// How long the name of an organization may be, in characters.
const MAX_ORGANIZATION: usize = 64;

/// The JSON type of a member of an authorization server's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// An absolute http or https URL without a fragment.
    Url,
    /// A string.
    Text,
    /// A boolean.
    Flag,
    /// An array of strings.
    Texts,
    /// An object.
    Object,
}

/// The members of RFC 8414 §2, OpenID Connect Discovery §3 and the "OAuth Authorization Server Metadata" registry of IANA
/// whose names do not say their type.
const NAMED: [(&str, Kind); 24] = [
    ("check_session_iframe", Kind::Url),
    ("jwks_uri", Kind::Url),
    ("op_policy_uri", Kind::Url),
    ("op_tos_uri", Kind::Url),
    ("service_documentation", Kind::Url),
    ("signed_jwks_uri", Kind::Url),
    ("organization_name", Kind::Text),
    ("signed_metadata", Kind::Text),
    ("authorization_response_iss_parameter_supported", Kind::Flag),
    ("backchannel_logout_session_supported", Kind::Flag),
    ("backchannel_logout_supported", Kind::Flag),
    ("backchannel_user_code_parameter_supported", Kind::Flag),
    ("claims_parameter_supported", Kind::Flag),
    ("client_id_metadata_document_supported", Kind::Flag),
    ("frontchannel_logout_session_supported", Kind::Flag),
    ("frontchannel_logout_supported", Kind::Flag),
    ("native_sso_supported", Kind::Flag),
    ("pre-authorized_grant_anonymous_access_supported", Kind::Flag),
    ("request_parameter_supported", Kind::Flag),
    ("request_uri_parameter_supported", Kind::Flag),
    ("require_pushed_authorization_requests", Kind::Flag),
    ("require_request_uri_registration", Kind::Flag),
    ("require_signed_request_object", Kind::Flag),
    ("tls_client_certificate_bound_access_tokens", Kind::Flag),
];

/// What the ending of a name says in all of these specifications.
const ENDINGS: [(&str, Kind); 4] = [
    ("_endpoint", Kind::Url),
    ("_values_supported", Kind::Texts),
    ("_endpoint_aliases", Kind::Object),
    ("_methods_supported", Kind::Texts),
];

/// The lists of the same specifications whose names end in `_supported` alone: elsewhere that may be a flag.
const LISTS: [&str; 15] = [
    "authorization_details_types_supported",
    "backchannel_token_delivery_modes_supported",
    "claim_types_supported",
    "claims_locales_supported",
    "claims_supported",
    "client_registration_types_supported",
    "grant_types_supported",
    "id_documents_supported",
    "protected_resources",
    "response_modes_supported",
    "response_types_supported",
    "scopes_supported",
    "subject_types_supported",
    "trust_frameworks_supported",
    "ui_locales_supported",
];

impl Kind {
    /// The type of that member, if a specification says it. Texts for people may have a language (RFC 8414 §2).
    fn of(member: &str) -> Option<Self> {
        let name = member.split('#').next().unwrap_or(member);
        let named = NAMED.iter().find(|(known, _)| *known == name);
        let listed = LISTS.contains(&name).then_some(Self::Texts);
        let ending = || ENDINGS.iter().find(|(ending, _)| name.ends_with(ending)).map(|(_, kind)| *kind);
        named.map(|(_, kind)| *kind).or(listed).or_else(ending)
    }

    fn admits(self, value: &Value) -> bool {
        match self {
            Self::Url => value.as_str().is_some_and(is_url),
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Texts => value.as_array().is_some_and(|values| values.iter().all(Value::is_string)),
            Self::Object => value.is_object(),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Self::Url => "an http or https URL without a fragment",
            Self::Text => "a string",
            Self::Flag => "a boolean",
            Self::Texts => "an array of strings",
            Self::Object => "an object",
        }
    }
}

impl ServiceConfiguration {
    /// Checks names, URLs and types: what no service may have, though its policy need not be consistent yet
    /// ([`Policy::check`](crate::policy::Policy::check)).
    ///
    /// # Errors
    /// [`Invalid`], naming the member.
    pub fn check(&self) -> Result<(), Invalid> {
        check_organization(&self.organization)?;
        if let Some(character) = self.name.as_deref().and_then(hidden_character) {
            return Err(Invalid::HiddenCharacter { member: "name".to_owned(), character });
        }
        for (member, url) in [("issuer", &self.issuer), ("base_url", &self.base_url)] {
            check_address(member, url.as_deref())?;
        }
        if self.base_url.as_ref().is_some_and(|url| url.ends_with('/')) {
            return Err(Invalid::syntax("base_url", "a URL without a slash at the end"));
        }
        self.authorization_server.iter().try_for_each(|(member, value)| check_member(member, value))?;
        let documents = &self.policy.metadata_documents;
        documents.check().map_err(Invalid::from)?;
        if !documents.metadata_policy.is_empty() {
            metadata_policy(&documents.metadata_policy).map_err(|fault| Invalid::MetadataPolicy(fault.to_string()))?;
        }
        if let Some(door) = self.policy.unknown_door() {
            return Err(Invalid::unknown("doors", door));
        }
        let custom = &self.policy.custom_members;
        match SERVER_SET.into_iter().find(|set| custom.iter().any(|name| name == set)) {
            Some(member) => Err(Invalid::ServerSet { member }),
            None => Ok(()),
        }
    }

    /// The endpoints without which the metadata is of no use to the clients that the policy admits (RFC 8414 §2).
    #[must_use]
    pub fn missing_endpoints(&self) -> Vec<&'static str> {
        let narrowed = self.narrowed_policy();
        let grants = &narrowed.as_ref().unwrap_or(&self.policy).grant_types.offered;
        let needed = [
            ("authorization_endpoint", grants.iter().any(|grant| grant.redirects())),
            ("token_endpoint", grants.iter().any(|grant| *grant != GrantType::Implicit)),
        ];
        let missing = |(member, is_needed): (&'static str, bool)| {
            (is_needed && !self.authorization_server.contains_key(member)).then_some(member)
        };
        needed.into_iter().filter_map(missing).collect()
    }
}

/// Checks the name of an organization: 1 to 64 of `A-Z a-z 0-9 . _ -`.
///
/// # Errors
/// [`Invalid::Syntax`].
pub fn check_organization(name: &str) -> Result<(), Invalid> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte));
    if plain && (1..=MAX_ORGANIZATION).contains(&name.len()) {
        Ok(())
    } else {
        Err(Invalid::syntax("organization", "a name of 1 to 64 of A-Z a-z 0-9 . _ -"))
    }
}

/// RFC 8414 §2: an issuer is an https URL without query and fragment. On one machine http serves as well.
fn check_address(member: &str, url: Option<&str>) -> Result<(), Invalid> {
    let Some(url) = url else { return Ok(()) };
    let uri = PlainUri::parse(url).map_err(|fault| Invalid::Uri { member: member.to_owned(), fault })?;
    let is_safe = uri.scheme() == "https" || uri.scheme() == "http" && is_loopback(&uri);
    if is_safe && !uri.has_query() && !uri.has_fragment() {
        Ok(())
    } else {
        Err(Invalid::syntax(member, "an https URL without query and fragment"))
    }
}

fn is_loopback(uri: &PlainUri) -> bool {
    match uri.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn check_member(member: &str, value: &Value) -> Result<(), Invalid> {
    if member == "issuer" {
        return Err(Invalid::ServerSet { member: "issuer" });
    }
    if let Some(character) = hidden_character(member).or_else(|| hidden_character_in(value)) {
        return Err(Invalid::HiddenCharacter { member: member.escape_default().to_string(), character });
    }
    let is_empty = value.is_null() || value.as_str() == Some("");
    match Kind::of(member) {
        Some(kind) if is_empty || !kind.admits(value) => Err(Invalid::wrong_type(member, kind.expected())),
        None if is_empty => Err(Invalid::wrong_type(member, "a value, or absent")),
        _ => Ok(()),
    }
}

fn is_url(text: &str) -> bool {
    PlainUri::parse(text).is_ok_and(|uri| uri.is_web() && !uri.has_fragment())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::policy::Preset;

    fn service() -> ServiceConfiguration {
        ServiceConfiguration {
            name: Some("Bank".to_owned()),
            ..ServiceConfiguration::new("default", Preset::Open.policy())
        }
    }

    fn refusal(change: impl FnOnce(&mut ServiceConfiguration)) -> String {
        let mut service = service();
        change(&mut service);
        service.check().unwrap_err().to_string()
    }

    #[test]
    fn names_are_seen_as_they_are() {
        assert_eq!(service().check(), Ok(()));
        for hidden in ["Bank\u{202e}", "Bank\u{1b}[2J", "a\nb"] {
            assert!(refusal(|service| service.name = Some(hidden.to_owned())).starts_with("name must not have"));
        }
        for wrong in ["bad name!", "", "a#b", "é", &"x".repeat(65)] {
            assert!(refusal(|service| service.organization = wrong.to_owned()).contains("organization"), "{wrong}");
        }
        assert_eq!(refusal(|service| service.policy.doors.push("oath".to_owned())), "doors: \"oath\" is not known");
    }

    #[test]
    fn rfc8414_s2_an_issuer_is_an_https_url_without_query_and_fragment() {
        for right in ["https://as.example", "https://as.example/t/", "http://localhost:8080/1", "http://[::1]:8080"] {
            assert_eq!(ServiceConfiguration { issuer: Some(right.to_owned()), ..service() }.check(), Ok(()), "{right}");
        }
        for wrong in [
            "ftp://as.example",
            "http://as.example",
            "http://127.0.0.1.evil.example",
            "https://as.example?a",
            "https://as.example#",
            "",
        ] {
            assert!(refusal(|service| service.issuer = Some(wrong.to_owned())).starts_with("issuer"), "{wrong}");
            assert!(refusal(|service| service.base_url = Some(wrong.to_owned())).starts_with("base_url"), "{wrong}");
        }
        assert!(refusal(|service| service.base_url = Some("https://as.example/".to_owned())).contains("slash"));
    }

    #[test]
    fn rfc8414_s2_members_have_their_types() {
        for (member, value) in [
            ("jwks_uri", Value::Null),
            ("token_endpoint", json!("")),
            ("token_endpoint", json!("ftp://as.example/token")),
            ("authorization_endpoint", json!("https://as.example/#a")),
            ("scopes_supported", json!("openid")),
            ("id_token_signing_alg_values_supported", json!(["RS256", 1])),
            ("token_endpoint_auth_methods_supported", json!({})),
            ("require_pushed_authorization_requests", json!("true")),
            ("mtls_endpoint_aliases", json!([])),
            ("op_policy_uri#fr", json!(1)),
            ("made_up", Value::Null),
            ("issuer", json!("https://as.example")),
            ("organization_name", json!("a\u{202e}")),
        ] {
            let fault = refusal(|service| drop(service.authorization_server.insert(member.to_owned(), value.clone())));
            assert!(fault.starts_with(member), "{member} {value}: {fault}");
        }
        let right = json!({
            "token_endpoint": "https://as.example/token", "scopes_supported": ["openid"], "made_up": {"a": 1},
            "claims_parameter_supported": false, "op_policy_uri#fr": "https://as.example/fr",
            "mtls_endpoint_aliases": {"token_endpoint": "https://mtls.as.example/token"},
            "verified_claims_supported": true, "documents_supported": ["idcard"], "response_modes_supported": [],
        });
        let authorization_server = right.as_object().cloned().unwrap();
        assert_eq!(ServiceConfiguration { authorization_server, ..service() }.check(), Ok(()));
    }

    #[test]
    fn rfc8414_s2_metadata_without_endpoints_is_of_no_use() {
        let mut service = service();
        assert_eq!(service.missing_endpoints(), ["authorization_endpoint", "token_endpoint"]);
        service.authorization_server.insert("token_endpoint".to_owned(), "https://as.example/token".into());
        assert_eq!(service.missing_endpoints(), ["authorization_endpoint"]);
        service.authorization_server.insert("grant_types_supported".to_owned(), json!(["client_credentials"]));
        service.policy.grant_types.offered.push(GrantType::ClientCredentials);
        assert_eq!(service.missing_endpoints(), Vec::<&str>::new(), "no client of this service redirects");
    }
}
