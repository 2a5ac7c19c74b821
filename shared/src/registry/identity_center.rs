//! What Identity Center's forms ask for, in the words of RFC 7591: what is sent to that door is registered so, and tried so.

use super::AS_SENT;
use crate::client::Source;
use crate::error::Error;
use crate::metadata::{
    AuthMethod, Changes, ClientMetadata, GrantType, Invalid, InvalidRedirectUri, Localized, RedirectUriFault,
    ResponseType, Scope, Submitted,
};
use crate::policy::Policy;

/// The rule by which a form knows no such grant.
const GRANTS: &str = "grant_types and response_types";

/// The longest name, in characters.
const MAX_NAME: usize = 1024;

/// The grants of AWS's form.
const OF_AWS: [&str; 3] =
    [GrantType::AuthorizationCode.as_str(), GrantType::DeviceCode.as_str(), GrantType::RefreshToken.as_str()];

/// What a client gets there that names no grant: the flow of a command line.
const DEFAULT_OF_AWS: [&str; 2] = [GrantType::DeviceCode.as_str(), GrantType::RefreshToken.as_str()];

/// The grants of Huawei's form.
const OF_HUAWEI: [&str; 2] = [GrantType::AuthorizationCode.as_str(), GrantType::DeviceCode.as_str()];

/// A client's name, of 1 to 1024 characters; `member` is what the form calls it.
///
/// # Errors
/// [`Invalid::Missing`], [`Invalid::Syntax`], [`Invalid::TooLong`].
pub fn name(member: &'static str, text: Option<String>) -> Result<String, Invalid> {
    let text = text.ok_or(Invalid::Missing { member })?;
    match text.chars().count() {
        0 => Err(Invalid::syntax(member, "a name of 1 to 1024 characters")),
        1..=MAX_NAME => Ok(text),
        _ => Err(Invalid::TooLong { member: member.to_owned(), limit: MAX_NAME, unit: "characters" }),
    }
}

/// What AWS's form means. Members that it does not have are dropped.
///
/// # Errors
/// [`Invalid::NotOffered`] for a grant that the form does not know; [`Error::InvalidRedirectUri`].
pub fn of_aws(sent: &ClientMetadata) -> Result<Submitted, Error> {
    let grant_types = sent.grant_types.clone().filter(|grants| !grants.is_empty());
    let grant_types = grant_types.unwrap_or_else(|| DEFAULT_OF_AWS.map(str::to_owned).to_vec());
    known("grant_types", &grant_types, &OF_AWS)?;
    let redirect_uris = sent.redirect_uris.clone().filter(|uris| !uris.is_empty());
    if redirects(&grant_types) && redirect_uris.is_none() {
        return Err(InvalidRedirectUri::list(RedirectUriFault::Missing).into());
    }
    Ok(meant(
        sent,
        ClientMetadata { redirect_uris, scope: sent.scope.clone(), ..ClientMetadata::default() },
        grant_types,
    ))
}

/// What Huawei's form means, which has no redirect URIs: scopes that are not offered are dropped, whatever the policy does
/// about them elsewhere. Members that it does not have are dropped as well.
///
/// # Errors
/// [`Invalid::Missing`], [`Invalid::Empty`], [`Invalid::NotOffered`], [`Invalid::Syntax`].
pub fn of_huawei(policy: &Policy, sent: &ClientMetadata) -> Result<Submitted, Error> {
    let grant_types = required("grant_types", sent.grant_types.as_ref(), &OF_HUAWEI)?;
    required("response_types", sent.response_types.as_ref(), &[ResponseType::Code.as_str()])?;
    let asked = sent.scope.as_deref().map(Scope::parse).transpose();
    let asked =
        asked.map_err(|_| Invalid::syntax("scopes", "a list of scope tokens (RFC 6749 section 3.3)"))?.flatten();
    let is_offered = |scope: &&str| policy.scopes.offered.as_ref().is_none_or(|offered| offered.contains(scope));
    let scope = asked.map(|asked| asked.tokens().filter(is_offered).collect::<Vec<_>>().join(" "));
    let scope = scope.filter(|scope| !scope.is_empty());
    Ok(meant(sent, ClientMetadata { scope, ..ClientMetadata::default() }, grant_types))
}

/// What is tried in the words of RFC 7591: AWS's form, or Huawei's where there are response types, which AWS's does not have,
/// and no redirect URIs.
pub(super) fn tried(policy: &Policy, sent: &ClientMetadata) -> Result<Submitted, Error> {
    name("client_name", sent.client_name.as_ref().and_then(|name| name.plain.clone()))?;
    let has_responses = sent.response_types.as_ref().is_some_and(|responses| !responses.is_empty());
    if has_responses && sent.redirect_uris.is_none() { of_huawei(policy, sent) } else { of_aws(sent) }
}

/// The rule by which a form refuses that.
#[must_use]
pub fn rule(error: &Error) -> &'static str {
    match error {
        Error::InvalidClientMetadata(Invalid::NotOffered { member, .. }) if member == "grant_types" => GRANTS,
        _ => AS_SENT,
    }
}

fn redirects(grant_types: &[String]) -> bool {
    grant_types.iter().any(|grant| grant == GrantType::AuthorizationCode.as_str())
}

fn known(member: &str, values: &[String], known: &[&str]) -> Result<(), Invalid> {
    let unknown = values.iter().find(|value| !known.contains(&value.as_str()));
    unknown.map_or(Ok(()), |unknown| Err(Invalid::not_offered(member, unknown)))
}

fn required(member: &'static str, sent: Option<&Vec<String>>, of: &[&str]) -> Result<Vec<String>, Invalid> {
    let values = sent.ok_or(Invalid::Missing { member })?;
    if values.is_empty() {
        return Err(Invalid::Empty { member });
    }
    known(member, values, of).map(|()| values.clone())
}

/// What both forms mean: the client authenticates with its secret in the body, and has the response type `code` if it has
/// the grant for it.
fn meant(sent: &ClientMetadata, own: ClientMetadata, grant_types: Vec<String>) -> Submitted {
    let code = redirects(&grant_types).then(|| ResponseType::Code.as_str().to_owned());
    let metadata = ClientMetadata {
        client_name: sent.client_name.as_ref().and_then(|name| name.plain.clone()).map(Localized::from),
        token_endpoint_auth_method: Some(AuthMethod::ClientSecretPost.as_str().to_owned()),
        grant_types: Some(grant_types),
        response_types: Some(code.into_iter().collect()),
        ..own
    };
    let changes = Changes::between(Source::IdentityCenter.as_str(), &sent.to_members(), &metadata.to_members());
    Submitted { metadata, changes, ..Submitted::default() }
}
