//! Every URL is one, with a scheme that is safe to show, call or fetch.

use super::VerifiedMetadata;
use crate::metadata::{Invalid, InvalidRedirectUri, PlainUri, RedirectUri, SubjectType, elements};

const HTTPS: &[&str] = &["https"];

const WEB: &[&str] = &["https", "http"];

impl VerifiedMetadata {
    /// Every URL is one, with a scheme that is safe to show, call or fetch.
    pub(super) fn check_urls(&self, development_hosts: &[String]) -> Result<(), Invalid> {
        let rest = &self.rest;
        for (member, page) in rest.pages().chain(rest.pages_about()) {
            web_url(member, page, WEB)?;
        }
        for (member, url) in [
            ("jwks_uri", &rest.jwks_uri),
            ("signed_jwks_uri", &rest.signed_jwks_uri),
            ("sector_identifier_uri", &rest.sector_identifier_uri),
            ("initiate_login_uri", &rest.initiate_login_uri),
            ("backchannel_client_notification_endpoint", &rest.backchannel_client_notification_endpoint),
            ("spiffe_bundle_endpoint", &rest.spiffe_bundle_endpoint),
        ] {
            if let Some(url) = url {
                web_url(member, url, HTTPS)?;
            }
        }
        for (member, url) in [
            ("frontchannel_logout_uri", &rest.frontchannel_logout_uri),
            ("backchannel_logout_uri", &rest.backchannel_logout_uri),
            ("credential_offer_endpoint", &rest.credential_offer_endpoint),
        ] {
            if let Some(url) = url {
                web_url(member, url, WEB)?;
            }
        }
        for (element, url) in elements("request_uris", rest.request_uris.as_ref()) {
            web_url(&element, url, WEB)?;
        }
        for (member, uris) in [
            ("post_logout_redirect_uris", &rest.post_logout_redirect_uris),
            ("claims_redirect_uris", &rest.claims_redirect_uris),
        ] {
            for (index, uri) in uris.iter().flatten().enumerate() {
                RedirectUri::parse_beside(uri, development_hosts).map_err(|fault| InvalidRedirectUri {
                    member,
                    index: Some(index),
                    fault,
                })?;
            }
        }
        self.check_logout_fragment()?;
        if let Some(uri) = &rest.tls_client_auth_san_uri {
            plain("tls_client_auth_san_uri", uri)?;
        }
        rest.spiffe_id.as_deref().map_or(Ok(()), spiffe_id)
    }

    /// OIDC Back-Channel Logout §2.2: the logout URI has no fragment.
    fn check_logout_fragment(&self) -> Result<(), Invalid> {
        match &self.rest.backchannel_logout_uri {
            Some(uri) if uri.contains('#') => Err(Invalid::syntax("backchannel_logout_uri", "a URL without fragment")),
            _ => Ok(()),
        }
    }

    /// OIDC Registration §5: a pairwise client with redirect URIs on several hosts names its sector.
    pub(super) fn check_subject_type(&self) -> Result<(), Invalid> {
        let subject_type = self.rest.subject_type.as_deref();
        if let Some(name) = subject_type
            && SubjectType::parse(name).is_none()
        {
            return Err(Invalid::not_offered("subject_type", name));
        }
        let mut hosts: Vec<&str> = self.redirect_uris.iter().map(|uri| uri.host().unwrap_or(uri.as_str())).collect();
        hosts.sort_unstable();
        hosts.dedup();
        if subject_type == Some(SubjectType::Pairwise.as_str())
            && hosts.len() > 1
            && self.rest.sector_identifier_uri.is_none()
        {
            return Err(Invalid::requires(
                "subject_type pairwise with redirect_uris on several hosts",
                "sector_identifier_uri",
            ));
        }
        Ok(())
    }
}

fn plain(member: &str, text: &str) -> Result<PlainUri, Invalid> {
    PlainUri::parse(text).map_err(|fault| Invalid::Uri { member: member.to_owned(), fault })
}

fn web_url(member: &str, text: &str, schemes: &[&str]) -> Result<(), Invalid> {
    if schemes.contains(&plain(member, text)?.scheme()) {
        return Ok(());
    }
    let expected = if schemes == HTTPS { "an https URL" } else { "an http or https URL" };
    Err(Invalid::syntax(member, expected))
}

/// SPIFFE ID §2: a trust domain and a path.
fn spiffe_id(text: &str) -> Result<(), Invalid> {
    let uri = plain("spiffe_id", text)?;
    let bare = !uri.has_port_or_query() && !uri.has_fragment();
    if uri.scheme() == "spiffe" && uri.host().is_some() && bare {
        Ok(())
    } else {
        Err(Invalid::syntax("spiffe_id", "a SPIFFE ID"))
    }
}
