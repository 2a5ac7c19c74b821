//! How the client authenticates and binds its tokens (RFC 7591 §2, RFC 8705, RFC 9449, CIBA §4).

use super::{Strictness, VerifiedMetadata};
use crate::metadata::algorithms::{is_asymmetric_signature, is_symmetric_signature};
use crate::metadata::{AuthMethod, GrantType, Invalid, JwkSet};

impl VerifiedMetadata {
    /// The authentication method has the keys, names and algorithms it needs (RFC 7591 §2, RFC 8705 §2).
    pub(super) fn authenticate_client(&mut self, strictness: Strictness) -> Result<(), Invalid> {
        let federated = strictness == Strictness::Federated;
        if self.jwks.is_some() && self.rest.jwks_uri.is_some() && !federated {
            return Err(Invalid::Excludes { member: "jwks", other: "jwks_uri" });
        }
        let referred = self.rest.jwks_uri.is_some() || (federated && self.rest.signed_jwks_uri.is_some());
        let by_value = |usable: fn(&JwkSet) -> bool| self.jwks.as_ref().is_some_and(usable);
        let method = self.token_endpoint_auth_method;
        let needed = match method {
            _ if referred => None,
            AuthMethod::PrivateKeyJwt if !by_value(JwkSet::has_signature_key) => {
                Some("jwks or jwks_uri with a key of a known type that verifies signatures")
            }
            AuthMethod::SelfSignedTlsClientAuth if !by_value(JwkSet::has_certificate) => {
                Some("jwks or jwks_uri with a key that has x5c")
            }
            _ => None,
        };
        if let Some(needed) = needed {
            return Err(Invalid::requires(format!("token_endpoint_auth_method {method}"), needed));
        }
        self.tls_subject()?;
        self.assertion_algorithm()
    }

    /// RFC 8705 §2.1.2: exactly one name with `tls_client_auth`; without it they have no effect.
    pub(super) fn tls_subject(&mut self) -> Result<(), Invalid> {
        let rest = &mut self.rest;
        let names = [
            &mut rest.tls_client_auth_subject_dn,
            &mut rest.tls_client_auth_san_dns,
            &mut rest.tls_client_auth_san_uri,
            &mut rest.tls_client_auth_san_ip,
            &mut rest.tls_client_auth_san_email,
        ];
        if self.token_endpoint_auth_method != AuthMethod::TlsClientAuth {
            for name in names {
                *name = None;
            }
            return Ok(());
        }
        if names.iter().filter(|name| name.is_some()).count() != 1 {
            return Err(Invalid::requires(
                "token_endpoint_auth_method tls_client_auth",
                "exactly one of the tls_client_auth_* members",
            ));
        }
        Ok(())
    }

    /// OIDC Registration §2 `token_endpoint_auth_signing_alg`: it has an effect with `*_jwt` only.
    pub(super) fn assertion_algorithm(&mut self) -> Result<(), Invalid> {
        let accepted = match self.token_endpoint_auth_method {
            AuthMethod::ClientSecretJwt => is_symmetric_signature,
            AuthMethod::PrivateKeyJwt => is_asymmetric_signature,
            _ => {
                self.rest.token_endpoint_auth_signing_alg = None;
                return Ok(());
            }
        };
        match &self.rest.token_endpoint_auth_signing_alg {
            Some(algorithm) if !accepted(algorithm) => {
                Err(Invalid::Algorithm { member: "token_endpoint_auth_signing_alg", algorithm: algorithm.clone() })
            }
            _ => Ok(()),
        }
    }

    /// RFC 8705 §3.4 and RFC 9449 §5.2: one way to bind access tokens.
    pub(super) fn check_token_binding(&self) -> Result<(), Invalid> {
        let rest = &self.rest;
        if rest.dpop_bound_access_tokens == Some(true) && rest.tls_client_certificate_bound_access_tokens == Some(true)
        {
            return Err(Invalid::Excludes {
                member: "dpop_bound_access_tokens",
                other: "tls_client_certificate_bound_access_tokens",
            });
        }
        Ok(())
    }

    /// CIBA §4.
    pub(super) fn check_backchannel(&self) -> Result<(), Invalid> {
        let rest = &self.rest;
        let mode = rest.backchannel_token_delivery_mode.as_deref();
        if let Some(mode) = mode
            && !matches!(mode, "poll" | "ping" | "push")
        {
            return Err(Invalid::not_offered("backchannel_token_delivery_mode", mode));
        }
        if self.grant_types.contains(&GrantType::Ciba) && mode.is_none() {
            return Err(Invalid::requires(
                format!("grant_types \"{}\"", GrantType::Ciba),
                "backchannel_token_delivery_mode",
            ));
        }
        if matches!(mode, Some("ping" | "push")) && rest.backchannel_client_notification_endpoint.is_none() {
            return Err(Invalid::requires(
                "backchannel_token_delivery_mode ping or push",
                "backchannel_client_notification_endpoint",
            ));
        }
        match &rest.backchannel_authentication_request_signing_alg {
            Some(algorithm) if !is_asymmetric_signature(algorithm) => Err(Invalid::Algorithm {
                member: "backchannel_authentication_request_signing_alg",
                algorithm: algorithm.clone(),
            }),
            _ => Ok(()),
        }
    }
}
