//! What a document says of its client (§4): the rules that this draft adds to those of registration. What is left is
//! client metadata, which the service's policy and the RFCs go on with.

use serde_json::{Map, Value};
use url::Url;

use super::identifier::DocumentUri;
use crate::jose::UnverifiedJwt;
use crate::metadata::{
    AuthMethod, ClientMetadata, Invalid, InvalidRedirectUri, Localized, RedirectUriFault, elements, is_private_member,
    parse_object_within,
};
use crate::policy::{MetadataDocuments, Policy, SameOrigin};
use crate::service::{METHODS, has_means, taken};

/// Members that stand for a secret that both sides know (§4.1).
const SECRETS: [&str; 2] = ["client_secret", "client_secret_expires_at"];

/// Schemes whose URLs run where they are opened.
const SCRIPTS: [&str; 4] = ["javascript", "data", "vbscript", "blob"];

/// Why a document is none, or none that this service can work with.
#[derive(Debug)]
pub(super) enum Refused {
    /// It breaks a rule.
    Invalid(crate::Error),
    /// It has no authentication method that is offered here (§6).
    NoCommonMethod(Invalid),
}

impl<E: Into<crate::Error>> From<E> for Refused {
    fn from(error: E) -> Self {
        Self::Invalid(error.into())
    }
}

/// Reads a document: one JSON object, each name once, that names itself.
///
/// # Errors
/// [`Invalid`], naming the member.
pub fn read(content: &[u8], uri: &DocumentUri, settings: &MetadataDocuments) -> Result<ClientMetadata, crate::Error> {
    let members = parse_object_within(content, settings.max_bytes)?;
    if client_id(&members)? != uri.as_str() {
        return Err(fault("client_id", "is not the URL of the document").into());
    }
    read_members(members)
}

/// The URL that a document says is its own.
pub(super) fn client_id(members: &Map<String, Value>) -> Result<&str, Invalid> {
    match members.get("client_id").filter(|client_id| !client_id.is_null()) {
        None => Err(Invalid::Missing { member: "client_id" }),
        Some(Value::String(client_id)) => Ok(client_id),
        Some(_) => Err(Invalid::wrong_type("client_id", "a string")),
    }
}

/// What a document that names itself rightly says of its client.
pub(super) fn read_members(members: Map<String, Value>) -> Result<ClientMetadata, crate::Error> {
    has_no_secrets(&members)?;
    if let Some(statement) = members.get("software_statement").and_then(Value::as_str)
        && let Ok(jwt) = UnverifiedJwt::parse(statement)
    {
        has_no_secrets(jwt.unverified_claims())?;
    }
    let mut metadata = ClientMetadata::from_members(members)?;
    keep_safe_pages(&mut metadata);
    Ok(metadata)
}

/// Drops the pages that have no https, whoever has said them (§9.6).
pub(super) fn keep_safe_pages(metadata: &mut ClientMetadata) {
    for pages in [&mut metadata.client_uri, &mut metadata.logo_uri, &mut metadata.tos_uri, &mut metadata.policy_uri] {
        *pages = pages.take().and_then(safe_pages);
    }
}

/// What a service asks of documents beyond the draft; of those that are kept as well, since it may change its mind.
pub(super) fn permit(
    metadata: &ClientMetadata,
    uri: &DocumentUri,
    settings: &MetadataDocuments,
) -> Result<(), crate::Error> {
    let members = if settings.required.is_empty() { Map::new() } else { metadata.to_members() };
    if let Some(member) = settings.required.iter().find(|member| !members.contains_key(*member)) {
        return Err(fault(member, "is required in documents by this service").into());
    }
    if metadata.redirect_uris.as_ref().is_some_and(|uris| uris.len() > settings.redirect_uris) {
        return Err(InvalidRedirectUri::list(RedirectUriFault::TooMany).into());
    }
    Ok(has_own_origin(metadata, uri, settings.same_origin)?)
}

/// What must not be public: secrets, methods that need one, private keys (§4.1).
fn has_no_secrets(members: &Map<String, Value>) -> Result<(), Invalid> {
    if let Some(member) = SECRETS.into_iter().find(|member| members.get(*member).is_some_and(|value| !value.is_null()))
    {
        return Err(fault(member, "must not be in a public document"));
    }
    let is_symmetric = |value: &Value| value.as_str().and_then(AuthMethod::parse).is_some_and(AuthMethod::uses_secret);
    let listed = |list: &Value| list.as_array().is_some_and(|methods| methods.iter().any(is_symmetric));
    if members.get("token_endpoint_auth_method").is_some_and(is_symmetric) {
        return Err(fault("token_endpoint_auth_method", "must not need a shared secret"));
    }
    if members.get(METHODS).is_some_and(listed) {
        return Err(fault(METHODS, "must not have a method that needs a shared secret"));
    }
    if members.get("jwks").is_some_and(has_private_member) {
        return Err(fault("jwks", "must not have private keys"));
    }
    // A page with a script scheme is an attack (§9.6), in whatever language.
    let script = members.iter().find(|(name, value)| name.contains("_uri") && value.as_str().is_some_and(is_script));
    script.map_or(Ok(()), |(name, _)| Err(fault(name, "has a scheme that runs a script")))
}

/// Whether a private member stands anywhere in a value: whoever reads it does not ask where.
fn has_private_member(value: &Value) -> bool {
    match value {
        Value::Object(members) => {
            members.iter().any(|(name, value)| is_private_member(name) || has_private_member(value))
        }
        Value::Array(values) => values.iter().any(has_private_member),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

fn is_script(url: &str) -> bool {
    let scheme = url.trim_start().split(':').next().unwrap_or_default();
    SCRIPTS.iter().any(|script| scheme.eq_ignore_ascii_case(script))
}

/// What has no https is not shown: it is dropped, in each language alone.
fn safe_pages(pages: Localized<String>) -> Option<Localized<String>> {
    pages.retained(|page| page.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://")))
}

/// The method that the client will use (§6): the one that it names if it is offered, else the strongest that it lists, is
/// offered, and for which it has what it takes; `none` where it says nothing. And all of its methods that are offered,
/// where it lists several.
///
/// # Errors
/// [`Refused::NoCommonMethod`], [`Refused::Invalid`].
pub(super) fn choose_method(metadata: &mut ClientMetadata, policy: &Policy) -> Result<Vec<AuthMethod>, Refused> {
    let offered = &policy.token_endpoint_auth_methods.offered;
    let listed = taken(metadata, METHODS)?;
    let named = metadata.token_endpoint_auth_method.clone();
    if let (Some(named), Some(listed)) = (&named, &listed)
        && !listed.contains(named)
    {
        let member = "token_endpoint_auth_method";
        return Err(Invalid::NotListed { member, value: named.clone(), list: METHODS }.into());
    }
    let is_offered = |method: &AuthMethod| offered.contains(method);
    let several: Vec<AuthMethod> = listed
        .iter()
        .flatten()
        .filter_map(|name| AuthMethod::parse(name))
        .filter(|method| is_offered(method) && has_means(*method, metadata))
        .collect();
    let strongest = || AuthMethod::STRONGEST_FIRST.into_iter().find(|method| several.contains(method));
    let named_and_offered = named.as_deref().and_then(AuthMethod::parse).filter(is_offered);
    let chosen = match (&named, &listed) {
        (None, None) => Some(AuthMethod::None).filter(is_offered),
        (Some(_), None) => named_and_offered,
        (_, Some(_)) => named_and_offered.or_else(strongest),
    };
    let Some(chosen) = chosen else {
        let (member, value) = match (&named, &listed) {
            (Some(named), _) => ("token_endpoint_auth_method", named.as_str()),
            (None, Some(listed)) => (METHODS, listed.first().map_or("", String::as_str)),
            (None, None) => ("token_endpoint_auth_method", AuthMethod::None.as_str()),
        };
        return Err(Refused::NoCommonMethod(Invalid::not_offered(member, value)));
    };
    metadata.token_endpoint_auth_method = Some(chosen.as_str().to_owned());
    Ok(several)
}

/// §9.1, where a service asks for it: whatever redirect is in use, all of them count.
fn has_own_origin(metadata: &ClientMetadata, uri: &DocumentUri, asked: SameOrigin) -> Result<(), Invalid> {
    let is_own = |url: &str| Url::parse(url).is_ok_and(|url| url.origin().ascii_serialization() == uri.origin());
    let redirects = || elements("redirect_uris", metadata.redirect_uris.as_ref());
    let others = [
        ("sector_identifier_uri", &metadata.sector_identifier_uri),
        ("initiate_login_uri", &metadata.initiate_login_uri),
        ("frontchannel_logout_uri", &metadata.frontchannel_logout_uri),
    ];
    let others = others.into_iter().filter_map(|(member, url)| Some((member, url.as_deref()?)));
    let single = metadata.pages().chain(others).map(|(member, url)| (member.into(), url));
    let logout = elements("post_logout_redirect_uris", metadata.post_logout_redirect_uris.as_ref());
    let mut all = redirects().chain(metadata.called_urls()).chain(single).chain(logout);
    let other = match asked {
        SameOrigin::Off => None,
        SameOrigin::RedirectUris => redirects().find(|(_, url)| !is_own(url)),
        SameOrigin::AllUrls => all.find(|(_, url)| !is_own(url)),
    };
    other.map_or(Ok(()), |(member, _)| {
        Err(fault(&member, "must have the origin of client_id, by the policy of this service"))
    })
}

fn fault(member: &str, fault: &'static str) -> Invalid {
    Invalid::Document { member: member.to_owned(), fault }
}
