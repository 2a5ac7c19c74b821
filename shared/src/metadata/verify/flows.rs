//! Grant types, response types and redirect URIs agree (RFC 7591 §2.1, OIDC Registration §2).

use super::VerifiedMetadata;
use crate::error::Error;
use crate::metadata::{
    ApplicationType, AuthMethod, ClientMetadata, GrantType, Invalid, InvalidRedirectUri, RedirectUriFault,
    RedirectUriKind, ResponseType,
};

/// Fills in absent grant types or response types: each follows from the other where only one is sent (RFC 7591
/// §2.1), and both default to the authorization code flow.
pub fn complete_flows(metadata: &mut ClientMetadata) {
    let names = |grants: &[GrantType]| grants.iter().map(|grant| grant.as_str().to_owned()).collect::<Vec<_>>();
    let code_flow = [GrantType::AuthorizationCode];
    let grants = metadata.grant_types.get_or_insert_with(|| {
        let mut grants: Vec<GrantType> = Vec::new();
        let sent = metadata.response_types.iter().flatten().filter_map(|name| ResponseType::parse_any_order(name));
        for grant in sent.flat_map(ResponseType::grant_types) {
            if !grants.contains(grant) {
                grants.push(*grant);
            }
        }
        names(if grants.is_empty() { &code_flow } else { &grants })
    });
    let code = grants.iter().any(|grant| grant == GrantType::AuthorizationCode.as_str());
    metadata.response_types.get_or_insert_with(|| {
        let implied = code.then_some(ResponseType::Code);
        implied.iter().map(|response| response.as_str().to_owned()).collect()
    });
}

pub(super) fn flows(sent: &mut ClientMetadata) -> Result<(Vec<GrantType>, Vec<ResponseType>), Invalid> {
    complete_flows(sent);
    let grant_types = many("grant_types", sent.grant_types.take(), GrantType::parse)?;
    if grant_types.is_empty() {
        return Err(Invalid::Empty { member: "grant_types" });
    }
    Ok((grant_types, many("response_types", sent.response_types.take(), ResponseType::parse_any_order)?))
}

fn many<T: PartialEq>(
    member: &str,
    sent: Option<Vec<String>>,
    parse: fn(&str) -> Option<T>,
) -> Result<Vec<T>, Invalid> {
    let mut values = Vec::new();
    for text in sent.into_iter().flatten() {
        let value = parse(&text).ok_or_else(|| Invalid::not_offered(member, &text))?;
        if !values.contains(&value) {
            values.push(value);
        }
    }
    Ok(values)
}

impl VerifiedMetadata {
    /// RFC 7591 §2.1 and §5: grant types, response types and redirect URIs agree.
    pub(super) fn agree_on_flows(&self) -> Result<(), Error> {
        for response in &self.response_types {
            if let Some(missing) = response.grant_types().iter().find(|grant| !self.grant_types.contains(grant)) {
                return Err(Invalid::InconsistentResponseType {
                    response_type: response.as_str(),
                    grant_type: missing.as_str(),
                }
                .into());
            }
        }
        for grant in self.grant_types.iter().filter(|grant| grant.redirects()) {
            if !self.response_types.iter().any(|response| response.grant_types().contains(grant)) {
                return Err(Invalid::InconsistentGrantType { grant_type: grant.as_str() }.into());
            }
        }
        if self.token_endpoint_auth_method == AuthMethod::None
            && self.grant_types.contains(&GrantType::ClientCredentials)
        {
            return Err(Invalid::requires(
                "grant_types \"client_credentials\"",
                "a token_endpoint_auth_method other than none",
            )
            .into());
        }
        Ok(())
    }

    /// RFC 7591 §2, §5: redirect flows need `redirect_uris`.
    pub(super) fn need_redirect_uris(&self) -> Result<(), InvalidRedirectUri> {
        if self.redirect_uris.is_empty() && self.grant_types.iter().any(|grant| grant.redirects()) {
            return Err(InvalidRedirectUri::list(RedirectUriFault::Missing));
        }
        Ok(())
    }

    /// OIDC Registration §2 `application_type`.
    pub(super) fn fit_application_type(&self) -> Result<(), InvalidRedirectUri> {
        if self.application_type == ApplicationType::Native {
            return Ok(());
        }
        let implicit = self.grant_types.contains(&GrantType::Implicit);
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            let fault = match uri.kind() {
                RedirectUriKind::PrivateUse => RedirectUriFault::WebPrivateUse,
                RedirectUriKind::Loopback | RedirectUriKind::Development if implicit => RedirectUriFault::WebImplicit,
                RedirectUriKind::Https if implicit && uri.host() == Some("localhost") => RedirectUriFault::WebImplicit,
                RedirectUriKind::Https | RedirectUriKind::Loopback | RedirectUriKind::Development => continue,
            };
            return Err(InvalidRedirectUri::at(index, fault));
        }
        Ok(())
    }
}
