//! Every URL is one, with a scheme that is safe to show, call or fetch.

use url::Url;

use super::VerifiedMetadata;
use crate::metadata::{Invalid, RedirectUri, SubjectType};

impl VerifiedMetadata {
    /// Every URL is one, with a scheme that is safe to show, call or fetch.
    pub(super) fn check_urls(&self) -> Result<(), Invalid> {
        let rest = &self.rest;
        for (member, page) in rest.pages() {
            web_url(member, page, &["https", "http"])?;
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
                web_url(member, url, &["https"])?;
            }
        }
        for (member, url) in [
            ("frontchannel_logout_uri", &rest.frontchannel_logout_uri),
            ("backchannel_logout_uri", &rest.backchannel_logout_uri),
            ("credential_offer_endpoint", &rest.credential_offer_endpoint),
        ] {
            if let Some(url) = url {
                web_url(member, url, &["https", "http"])?;
            }
        }
        for url in rest.request_uris.iter().flatten() {
            web_url("request_uris", url, &["https", "http"])?;
        }
        for (member, uris) in [
            ("post_logout_redirect_uris", &rest.post_logout_redirect_uris),
            ("claims_redirect_uris", &rest.claims_redirect_uris),
        ] {
            for uri in uris.iter().flatten() {
                RedirectUri::parse(uri).map_err(|_| Invalid::syntax(member, "a list of redirect URIs"))?;
            }
        }
        match &rest.spiffe_id {
            Some(id) if !id.starts_with("spiffe://") => Err(Invalid::syntax("spiffe_id", "a SPIFFE ID")),
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

fn web_url(member: &str, text: &str, schemes: &[&str]) -> Result<(), Invalid> {
    let expected = if schemes == ["https"] { "an https URL" } else { "an http or https URL" };
    let printable = text.bytes().all(|byte| byte.is_ascii_graphic());
    let url = Url::parse(text).ok().filter(|url| printable && schemes.contains(&url.scheme()) && url.has_host());
    match url {
        Some(url) if url.username().is_empty() && url.password().is_none() => Ok(()),
        _ => Err(Invalid::syntax(member, expected)),
    }
}
