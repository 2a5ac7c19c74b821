//! Does the RFC allow it? From metadata as sent to metadata that can be registered.

use std::net::IpAddr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};
use url::Url;

use super::algorithms::{
    is_asymmetric_encryption, is_asymmetric_signature, is_content_encryption, is_symmetric_encryption,
    is_symmetric_signature,
};
use super::{
    ApplicationType, AuthMethod, ClientMetadata, GrantType, Invalid, InvalidRedirectUri, JwkSet, RedirectUri,
    RedirectUriFault, RedirectUriKind, ResponseType, Scope, SubjectType,
};
use crate::error::Error;

/// Client metadata that the RFCs allow, its defaults filled in. Only [`verify`] makes one of what was sent.
#[derive(Debug, Clone, PartialEq)]
pub struct VerifiedMetadata {
    application_type: ApplicationType,
    redirect_uris: Vec<RedirectUri>,
    token_endpoint_auth_method: AuthMethod,
    grant_types: Vec<GrantType>,
    response_types: Vec<ResponseType>,
    scope: Option<Scope>,
    jwks: Option<JwkSet>,
    /// The other members; those above are absent in it.
    rest: Box<ClientMetadata>,
}

/// Checks metadata against RFC 7591 §2, OIDC Registration §2 and the documents that extend them, and fills
/// in their defaults. Members without effect under the registered authentication method are dropped.
///
/// # Errors
/// [`Error::InvalidRedirectUri`] or [`Error::InvalidClientMetadata`], naming the member.
pub fn verify(metadata: ClientMetadata) -> Result<VerifiedMetadata, Error> {
    let mut verified = typed(metadata)?;
    verified.agree_on_flows()?;
    verified.fit_application_type()?;
    verified.authenticate_client()?;
    verified.check_algorithms()?;
    verified.check_urls()?;
    verified.check_subject_type()?;
    verified.check_token_binding()?;
    verified.check_backchannel()?;
    Ok(verified)
}

/// Gives the members of closed vocabularies their types and defaults.
fn typed(mut rest: ClientMetadata) -> Result<VerifiedMetadata, Error> {
    let (grant_types, response_types) = flows(&mut rest)?;
    Ok(VerifiedMetadata {
        redirect_uris: redirect_uris(rest.redirect_uris.take())?,
        application_type: one("application_type", rest.application_type.take(), ApplicationType::parse)?
            .unwrap_or(ApplicationType::Web),
        token_endpoint_auth_method: one(
            "token_endpoint_auth_method",
            rest.token_endpoint_auth_method.take(),
            AuthMethod::parse,
        )?
        .unwrap_or(AuthMethod::ClientSecretBasic),
        grant_types,
        response_types,
        scope: rest.scope.take().map(|scope| Scope::parse(&scope)).transpose()?.flatten(),
        jwks: rest.jwks.take().map(JwkSet::verify).transpose()?,
        rest: Box::new(rest),
    })
}

fn redirect_uris(sent: Option<Vec<String>>) -> Result<Vec<RedirectUri>, InvalidRedirectUri> {
    let Some(sent) = sent else { return Ok(Vec::new()) };
    if sent.is_empty() {
        return Err(InvalidRedirectUri::list(RedirectUriFault::Missing));
    }
    let parse = |(index, text): (usize, &String)| {
        RedirectUri::parse(text).map_err(|fault| InvalidRedirectUri::at(index, fault))
    };
    sent.iter().enumerate().map(parse).collect()
}

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

fn flows(sent: &mut ClientMetadata) -> Result<(Vec<GrantType>, Vec<ResponseType>), Invalid> {
    complete_flows(sent);
    let grant_types = many("grant_types", sent.grant_types.take(), GrantType::parse)?;
    if grant_types.is_empty() {
        return Err(Invalid::Empty { member: "grant_types" });
    }
    Ok((grant_types, many("response_types", sent.response_types.take(), ResponseType::parse_any_order)?))
}

fn one<T>(member: &str, sent: Option<String>, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Invalid> {
    sent.map(|text| parse(&text).ok_or_else(|| Invalid::not_offered(member, &text))).transpose()
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
    fn agree_on_flows(&self) -> Result<(), Error> {
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
        if self.redirect_uris.is_empty() && self.grant_types.iter().any(|grant| grant.redirects()) {
            return Err(InvalidRedirectUri::list(RedirectUriFault::Missing).into());
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

    /// OIDC Registration §2 `application_type`.
    fn fit_application_type(&self) -> Result<(), InvalidRedirectUri> {
        if self.application_type == ApplicationType::Native {
            return Ok(());
        }
        let implicit = self.grant_types.contains(&GrantType::Implicit);
        for (index, uri) in self.redirect_uris.iter().enumerate() {
            let fault = match uri.kind() {
                RedirectUriKind::PrivateUse => RedirectUriFault::WebPrivateUse,
                RedirectUriKind::Loopback if implicit => RedirectUriFault::WebImplicit,
                RedirectUriKind::Https if implicit && uri.host() == Some("localhost") => RedirectUriFault::WebImplicit,
                RedirectUriKind::Https | RedirectUriKind::Loopback => continue,
            };
            return Err(InvalidRedirectUri::at(index, fault));
        }
        Ok(())
    }

    /// The authentication method has the keys, names and algorithms it needs (RFC 7591 §2, RFC 8705 §2).
    fn authenticate_client(&mut self) -> Result<(), Invalid> {
        if self.jwks.is_some() && self.rest.jwks_uri.is_some() {
            return Err(Invalid::Excludes { member: "jwks", other: "jwks_uri" });
        }
        let has_keys = self.jwks.is_some() || self.rest.jwks_uri.is_some();
        let method = self.token_endpoint_auth_method;
        match method {
            AuthMethod::PrivateKeyJwt | AuthMethod::SelfSignedTlsClientAuth if !has_keys => {
                return Err(Invalid::requires(format!("token_endpoint_auth_method {method}"), "jwks or jwks_uri"));
            }
            AuthMethod::SelfSignedTlsClientAuth if self.jwks.as_ref().is_some_and(|jwks| !jwks.has_certificate()) => {
                return Err(Invalid::requires("token_endpoint_auth_method self_signed_tls_client_auth", "x5c in jwks"));
            }
            _ => {}
        }
        self.tls_subject()?;
        self.assertion_algorithm()
    }

    /// RFC 8705 §2.1.2: exactly one name with `tls_client_auth`; without it they have no effect.
    fn tls_subject(&mut self) -> Result<(), Invalid> {
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
        match &rest.tls_client_auth_san_ip {
            Some(ip) if ip.parse::<IpAddr>().is_err() => {
                Err(Invalid::syntax("tls_client_auth_san_ip", "an IP address"))
            }
            _ => Ok(()),
        }
    }

    /// OIDC Registration §2 `token_endpoint_auth_signing_alg`: it has an effect with `*_jwt` only.
    fn assertion_algorithm(&mut self) -> Result<(), Invalid> {
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

    /// OIDC Registration §2: known algorithms, `*_enc` only with `*_alg`, and their defaults.
    fn check_algorithms(&mut self) -> Result<(), Invalid> {
        let id_token_from_front_channel = self.response_types.iter().any(|response| response.returns_id_token());
        if self.scope.as_ref().is_some_and(|scope| scope.contains("openid")) {
            self.rest.id_token_signed_response_alg.get_or_insert_with(|| "RS256".to_owned());
        }
        for (member, algorithm) in self.signature_algorithms() {
            let unsigned = match member {
                "id_token_signed_response_alg" => !id_token_from_front_channel,
                "authorization_signed_response_alg" => false,
                _ => true,
            };
            let known = is_asymmetric_signature(algorithm) || is_symmetric_signature(algorithm);
            if !(known || (unsigned && algorithm == "none")) {
                return Err(Invalid::Algorithm { member, algorithm: algorithm.to_owned() });
            }
        }
        for (member, algorithm) in self.encryption_algorithms() {
            if !(is_asymmetric_encryption(algorithm) || is_symmetric_encryption(algorithm)) {
                return Err(Invalid::Algorithm { member, algorithm: algorithm.to_owned() });
            }
        }
        self.content_encryptions()?;
        match self.symmetric_member() {
            Some(member) if self.token_endpoint_auth_method == AuthMethod::None => {
                Err(Invalid::SymmetricWithoutSecret { member })
            }
            _ => Ok(()),
        }
    }

    fn signature_algorithms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rest = &self.rest;
        [
            ("id_token_signed_response_alg", &rest.id_token_signed_response_alg),
            ("userinfo_signed_response_alg", &rest.userinfo_signed_response_alg),
            ("request_object_signing_alg", &rest.request_object_signing_alg),
            ("introspection_signed_response_alg", &rest.introspection_signed_response_alg),
            ("authorization_signed_response_alg", &rest.authorization_signed_response_alg),
            ("nfv_token_signed_response_alg", &rest.nfv_token_signed_response_alg),
        ]
        .into_iter()
        .filter_map(|(member, algorithm)| Some((member, algorithm.as_deref()?)))
    }

    fn encryption_algorithms(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rest = &self.rest;
        [
            ("id_token_encrypted_response_alg", &rest.id_token_encrypted_response_alg),
            ("userinfo_encrypted_response_alg", &rest.userinfo_encrypted_response_alg),
            ("request_object_encryption_alg", &rest.request_object_encryption_alg),
            ("introspection_encrypted_response_alg", &rest.introspection_encrypted_response_alg),
            ("authorization_encrypted_response_alg", &rest.authorization_encrypted_response_alg),
            ("nfv_token_encrypted_response_alg", &rest.nfv_token_encrypted_response_alg),
        ]
        .into_iter()
        .filter_map(|(member, algorithm)| Some((member, algorithm.as_deref()?)))
    }

    fn content_encryptions(&mut self) -> Result<(), Invalid> {
        let rest = &mut self.rest;
        let pairs = [
            (
                "id_token_encrypted_response_enc",
                &rest.id_token_encrypted_response_alg,
                &mut rest.id_token_encrypted_response_enc,
            ),
            (
                "userinfo_encrypted_response_enc",
                &rest.userinfo_encrypted_response_alg,
                &mut rest.userinfo_encrypted_response_enc,
            ),
            (
                "request_object_encryption_enc",
                &rest.request_object_encryption_alg,
                &mut rest.request_object_encryption_enc,
            ),
            (
                "introspection_encrypted_response_enc",
                &rest.introspection_encrypted_response_alg,
                &mut rest.introspection_encrypted_response_enc,
            ),
            (
                "authorization_encrypted_response_enc",
                &rest.authorization_encrypted_response_alg,
                &mut rest.authorization_encrypted_response_enc,
            ),
            (
                "nfv_token_encrypted_response_enc",
                &rest.nfv_token_encrypted_response_alg,
                &mut rest.nfv_token_encrypted_response_enc,
            ),
        ];
        for (member, algorithm, encoding) in pairs {
            match (algorithm, &*encoding) {
                (None, Some(_)) => return Err(Invalid::requires(member, "its *_alg member")),
                (Some(_), Some(name)) if !is_content_encryption(name) => {
                    return Err(Invalid::Algorithm { member, algorithm: name.clone() });
                }
                (Some(_), None) => *encoding = Some("A128CBC-HS256".to_owned()),
                _ => {}
            }
        }
        Ok(())
    }

    /// The first member whose algorithm is keyed with the client secret.
    fn symmetric_member(&self) -> Option<&'static str> {
        let signatures = self.signature_algorithms().filter(|(_, algorithm)| is_symmetric_signature(algorithm));
        let encryptions = self.encryption_algorithms().filter(|(_, algorithm)| is_symmetric_encryption(algorithm));
        signatures.chain(encryptions).map(|(member, _)| member).next()
    }

    /// Every URL is one, with a scheme that is safe to show, call or fetch.
    fn check_urls(&self) -> Result<(), Invalid> {
        let rest = &self.rest;
        for (member, pages) in [
            ("client_uri", &rest.client_uri),
            ("logo_uri", &rest.logo_uri),
            ("tos_uri", &rest.tos_uri),
            ("policy_uri", &rest.policy_uri),
        ] {
            for page in pages.iter().flat_map(super::Localized::values) {
                web_url(member, page, &["https", "http"])?;
            }
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
    fn check_subject_type(&self) -> Result<(), Invalid> {
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

    /// RFC 8705 §3.4 and RFC 9449 §5.2: one way to bind access tokens.
    fn check_token_binding(&self) -> Result<(), Invalid> {
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
    fn check_backchannel(&self) -> Result<(), Invalid> {
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

    /// `application_type`.
    #[must_use]
    pub fn application_type(&self) -> ApplicationType {
        self.application_type
    }

    /// `redirect_uris`; empty for a client without redirect flows.
    #[must_use]
    pub fn redirect_uris(&self) -> &[RedirectUri] {
        &self.redirect_uris
    }

    /// `token_endpoint_auth_method`.
    #[must_use]
    pub fn token_endpoint_auth_method(&self) -> AuthMethod {
        self.token_endpoint_auth_method
    }

    /// `grant_types`, never empty.
    #[must_use]
    pub fn grant_types(&self) -> &[GrantType] {
        &self.grant_types
    }

    /// `response_types`; empty for a client without redirect flows.
    #[must_use]
    pub fn response_types(&self) -> &[ResponseType] {
        &self.response_types
    }

    /// `scope`.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scope.as_ref()
    }

    /// `jwks`.
    #[must_use]
    pub fn jwks(&self) -> Option<&JwkSet> {
        self.jwks.as_ref()
    }

    /// The members without a type of their own here; those that have one are absent.
    #[must_use]
    pub fn rest(&self) -> &ClientMetadata {
        &self.rest
    }

    /// Whether the client needs a secret: to authenticate, or as the key of a symmetric algorithm.
    #[must_use]
    pub fn needs_secret(&self) -> bool {
        self.token_endpoint_auth_method.uses_secret() || self.symmetric_member().is_some()
    }

    /// The members as JSON, as registered.
    #[must_use]
    pub fn to_members(&self) -> Map<String, Value> {
        let names = |names: &mut dyn Iterator<Item = &'static str>| names.map(Value::from).collect::<Vec<_>>();
        let mut members = self.rest.to_members();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("application_type", self.application_type.as_str().into());
        put("token_endpoint_auth_method", self.token_endpoint_auth_method.as_str().into());
        put("grant_types", names(&mut self.grant_types.iter().map(|grant| grant.as_str())).into());
        put("response_types", names(&mut self.response_types.iter().map(|response| response.as_str())).into());
        if !self.redirect_uris.is_empty() {
            put("redirect_uris", self.redirect_uris.iter().map(RedirectUri::as_str).collect());
        }
        if let Some(scope) = &self.scope {
            put("scope", scope.to_string().into());
        }
        if let Some(jwks) = &self.jwks {
            put("jwks", jwks.as_object().clone().into());
        }
        members
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

impl Serialize for VerifiedMetadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_members().serialize(serializer)
    }
}

/// Reads metadata back from the store: it was verified before it was written, by this version or an earlier
/// one, so its rules are not asked again.
impl<'de> Deserialize<'de> for VerifiedMetadata {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let members = Map::deserialize(deserializer)?;
        let mut sent = ClientMetadata::from_members(members).map_err(serde::de::Error::custom)?;
        let jwks = sent.jwks.take().map(JwkSet::stored);
        typed(sent).map(|typed| Self { jwks, ..typed }).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "a value written at the call reads best")]
mod tests {
    use serde_json::json;

    use super::*;

    fn verified(value: Value) -> Result<VerifiedMetadata, Error> {
        let Value::Object(members) = value else { panic!("not an object") };
        verify(ClientMetadata::from_members(members)?)
    }

    /// A code client with `value`'s members on top.
    fn client(value: Value) -> Result<VerifiedMetadata, Error> {
        let mut members = json!({"redirect_uris": ["https://rp.example/cb"]});
        for (name, value) in value.as_object().unwrap() {
            members[name] = value.clone();
        }
        verified(members)
    }

    fn registered(value: Value) -> Value {
        match client(value.clone()) {
            Ok(verified) => Value::Object(verified.to_members()),
            Err(error) => panic!("{value}: {error}"),
        }
    }

    fn refused(value: Value, part: &str) {
        match client(value.clone()) {
            Err(error @ (Error::InvalidClientMetadata(_) | Error::InvalidRedirectUri(_))) => {
                assert!(error.to_string().contains(part), "{value}: {error}");
            }
            other => panic!("{value}: {other:?}"),
        }
    }

    #[test]
    fn a7_a8_c2_defaults_are_filled_in() {
        let members = registered(json!({}));
        assert_eq!(members["token_endpoint_auth_method"], "client_secret_basic");
        assert_eq!(members["grant_types"], json!(["authorization_code"]));
        assert_eq!(members["response_types"], json!(["code"]));
        assert_eq!(members["application_type"], "web");
        assert_eq!(members.get("scope"), None);
    }

    #[test]
    fn a13_grant_and_response_types_agree_or_are_refused() {
        assert_eq!(registered(json!({"grant_types": ["client_credentials"]}))["response_types"], json!([]));
        let implicit = registered(json!({"response_types": ["token id_token"]}));
        assert_eq!(implicit["grant_types"], json!(["implicit"]));
        assert_eq!(implicit["response_types"], json!(["id_token token"]));
        refused(json!({"grant_types": ["implicit"], "response_types": ["code"]}), "authorization_code");
        refused(json!({"grant_types": ["authorization_code"], "response_types": []}), "response_types");
        refused(json!({"grant_types": ["refresh_token"], "response_types": ["code"]}), "grant_types");
        refused(json!({"grant_types": ["implicit"]}), "implicit");
        refused(json!({"grant_types": []}), "grant_types");
        refused(json!({"grant_types": ["teleport"]}), "grant_types");
        refused(json!({"response_types": ["code code"]}), "response_types");
        refused(
            json!({"grant_types": ["client_credentials"], "token_endpoint_auth_method": "none"}),
            "token_endpoint_auth_method",
        );
    }

    #[test]
    fn a6_c1_redirect_flows_need_redirect_uris() {
        for sent in [
            json!({}),
            json!({"redirect_uris": []}),
            json!({"grant_types": ["client_credentials"], "redirect_uris": []}),
        ] {
            let result = verified(sent.clone());
            assert!(matches!(result, Err(Error::InvalidRedirectUri(_))), "{sent}: {result:?}");
        }
        assert!(verified(json!({"grant_types": ["client_credentials"]})).is_ok());
    }

    #[test]
    fn c3_web_clients_of_the_implicit_flow_use_https_and_not_localhost() {
        for uri in ["http://localhost/cb", "http://127.0.0.1/cb", "https://localhost/cb"] {
            refused(json!({"redirect_uris": [uri], "response_types": ["id_token"]}), "redirect_uris[0]");
        }
        registered(json!({"redirect_uris": ["http://localhost/cb"]}));
        registered(json!({"redirect_uris": ["https://rp.example/cb"], "response_types": ["id_token"]}));
    }

    #[test]
    fn c4_private_use_schemes_are_for_native_clients() {
        refused(json!({"redirect_uris": ["com.example.app:/cb"]}), "native");
        let native = registered(
            json!({"redirect_uris": ["com.example.app:/cb", "http://127.0.0.1/"], "application_type": "native"}),
        );
        assert_eq!(native["application_type"], "native");
        refused(json!({"application_type": "desktop"}), "application_type");
    }

    #[test]
    fn a10_keys_come_by_value_or_by_reference() {
        let jwks =
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
        refused(json!({"jwks": jwks, "jwks_uri": "https://rp.example/jwks"}), "jwks_uri");
        refused(json!({"token_endpoint_auth_method": "private_key_jwt"}), "jwks or jwks_uri");
        registered(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks": jwks}));
        registered(json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://rp.example/jwks"}));
        refused(json!({"jwks_uri": "http://rp.example/jwks"}), "jwks_uri");
    }

    #[test]
    fn d9_mutual_tls_names_the_subject_once() {
        let with = |extra: Value| {
            let mut sent = json!({"token_endpoint_auth_method": "tls_client_auth"});
            sent.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
            sent
        };
        registered(with(json!({"tls_client_auth_subject_dn": "CN=rp"})));
        registered(with(json!({"tls_client_auth_san_ip": "2001:db8::1"})));
        refused(with(json!({})), "tls_client_auth");
        refused(
            with(json!({"tls_client_auth_subject_dn": "CN=rp", "tls_client_auth_san_dns": "rp.example"})),
            "exactly one",
        );
        refused(with(json!({"tls_client_auth_san_ip": "rp"})), "tls_client_auth_san_ip");
        assert_eq!(registered(json!({"tls_client_auth_san_dns": "rp.example"})).get("tls_client_auth_san_dns"), None);
        refused(json!({"token_endpoint_auth_method": "self_signed_tls_client_auth"}), "jwks or jwks_uri");
        let bare =
            json!({"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]});
        refused(json!({"token_endpoint_auth_method": "self_signed_tls_client_auth", "jwks": bare}), "x5c");
        refused(
            json!({"tls_client_certificate_bound_access_tokens": true, "dpop_bound_access_tokens": true}),
            "dpop_bound_access_tokens",
        );
    }

    #[test]
    fn c10_the_assertion_algorithm_fits_the_method() {
        let with = |method: &str, algorithm: &str| {
            json!({
                "token_endpoint_auth_method": method, "token_endpoint_auth_signing_alg": algorithm,
                "jwks_uri": "https://rp.example/jwks",
            })
        };
        registered(with("private_key_jwt", "ES256"));
        registered(with("client_secret_jwt", "HS256"));
        refused(with("private_key_jwt", "none"), "token_endpoint_auth_signing_alg");
        refused(with("private_key_jwt", "HS256"), "token_endpoint_auth_signing_alg");
        refused(with("client_secret_jwt", "RS256"), "token_endpoint_auth_signing_alg");
        refused(with("client_secret_jwt", "none"), "token_endpoint_auth_signing_alg");
        assert_eq!(registered(with("client_secret_basic", "RS256")).get("token_endpoint_auth_signing_alg"), None);
    }

    #[test]
    fn c8_id_token_algorithm_defaults_to_rs256_and_none_stays_off_the_front_channel() {
        assert_eq!(registered(json!({"scope": "openid"}))["id_token_signed_response_alg"], "RS256");
        assert_eq!(registered(json!({"scope": "read"})).get("id_token_signed_response_alg"), None);
        registered(json!({"id_token_signed_response_alg": "none"}));
        refused(
            json!({"id_token_signed_response_alg": "none", "response_types": ["code id_token"]}),
            "id_token_signed_response_alg",
        );
        refused(json!({"id_token_signed_response_alg": "RS1"}), "id_token_signed_response_alg");
        refused(json!({"authorization_signed_response_alg": "none"}), "authorization_signed_response_alg");
        registered(json!({"userinfo_signed_response_alg": "RS256"}));
        registered(json!({"request_object_signing_alg": "none"}));
    }

    #[test]
    fn c9_d14_content_encryption_needs_key_management_and_has_a_default() {
        for (alg, enc) in [
            ("id_token_encrypted_response_alg", "id_token_encrypted_response_enc"),
            ("userinfo_encrypted_response_alg", "userinfo_encrypted_response_enc"),
            ("request_object_encryption_alg", "request_object_encryption_enc"),
            ("introspection_encrypted_response_alg", "introspection_encrypted_response_enc"),
            ("authorization_encrypted_response_alg", "authorization_encrypted_response_enc"),
            ("nfv_token_encrypted_response_alg", "nfv_token_encrypted_response_enc"),
        ] {
            assert_eq!(registered(json!({alg: "RSA-OAEP-256"}))[enc], "A128CBC-HS256");
            assert_eq!(registered(json!({alg: "RSA-OAEP-256", enc: "A256GCM"}))[enc], "A256GCM");
            refused(json!({enc: "A256GCM"}), enc);
            refused(json!({alg: "RSA-OAEP-256", enc: "XOR"}), enc);
            refused(json!({alg: "ROT13"}), alg);
        }
    }

    #[test]
    fn a_symmetric_algorithm_needs_a_secret() {
        for member in [
            "id_token_signed_response_alg",
            "userinfo_signed_response_alg",
            "request_object_signing_alg",
            "introspection_signed_response_alg",
            "authorization_signed_response_alg",
        ] {
            refused(json!({"token_endpoint_auth_method": "none", member: "HS256"}), member);
            let keyed = json!({"token_endpoint_auth_method": "private_key_jwt", "jwks_uri": "https://rp.example/jwks", member: "HS256"});
            assert!(client(keyed).unwrap().needs_secret());
        }
        refused(
            json!({"token_endpoint_auth_method": "none", "id_token_encrypted_response_alg": "dir"}),
            "id_token_encrypted_response_alg",
        );
        assert!(!client(json!({"token_endpoint_auth_method": "none"})).unwrap().needs_secret());
        assert!(client(json!({})).unwrap().needs_secret());
    }

    #[test]
    fn a12_c11_urls_have_a_safe_scheme() {
        for member in ["client_uri", "logo_uri", "tos_uri", "policy_uri", "client_uri#fr"] {
            registered(json!({member: "http://rp.example/page"}));
            for bad in [
                "javascript:alert(1)",
                "file:///etc/passwd",
                "rp.example",
                "https://u:p@rp.example/",
                "https://rp.example/\u{e9}",
            ] {
                refused(json!({member: bad}), member.split('#').next().unwrap());
            }
        }
        refused(json!({"initiate_login_uri": "http://rp.example/login"}), "initiate_login_uri");
        registered(json!({"initiate_login_uri": "https://rp.example/login"}));
        refused(json!({"sector_identifier_uri": "http://rp.example/s"}), "sector_identifier_uri");
        refused(json!({"request_uris": ["ftp://rp.example/r"]}), "request_uris");
        refused(json!({"backchannel_logout_uri": "javascript:x"}), "backchannel_logout_uri");
        refused(json!({"post_logout_redirect_uris": ["javascript:x"]}), "post_logout_redirect_uris");
        registered(json!({"post_logout_redirect_uris": ["com.example.app:/out"]}));
        refused(json!({"spiffe_id": "https://x.example"}), "spiffe_id");
    }

    #[test]
    fn c7_pairwise_clients_on_several_hosts_name_their_sector() {
        let uris = json!(["https://a.example/cb", "https://b.example/cb"]);
        refused(json!({"subject_type": "pairwise", "redirect_uris": uris}), "sector_identifier_uri");
        registered(
            json!({"subject_type": "pairwise", "redirect_uris": uris, "sector_identifier_uri": "https://a.example/s"}),
        );
        registered(
            json!({"subject_type": "pairwise", "redirect_uris": ["https://a.example/1", "https://a.example/2"]}),
        );
        registered(json!({"redirect_uris": uris}));
        refused(json!({"subject_type": "private"}), "subject_type");
    }

    #[test]
    fn d15_backchannel_members_fit_together() {
        let ciba = "urn:openid:params:grant-type:ciba";
        refused(json!({"grant_types": [ciba]}), "backchannel_token_delivery_mode");
        registered(json!({"grant_types": [ciba], "backchannel_token_delivery_mode": "poll"}));
        refused(json!({"backchannel_token_delivery_mode": "ping"}), "backchannel_client_notification_endpoint");
        refused(json!({"backchannel_token_delivery_mode": "pull"}), "backchannel_token_delivery_mode");
        refused(
            json!({"backchannel_token_delivery_mode": "ping", "backchannel_client_notification_endpoint": "http://rp.example/n"}),
            "backchannel_client_notification_endpoint",
        );
        refused(
            json!({"backchannel_authentication_request_signing_alg": "HS256"}),
            "backchannel_authentication_request_signing_alg",
        );
    }

    #[test]
    fn d10_d11_d12_d14_members_of_newer_documents_are_kept() {
        let sent = json!({
            "require_signed_request_object": true,
            "require_pushed_authorization_requests": false,
            "authorization_details_types": ["payment_initiation"],
            "dpop_bound_access_tokens": true,
            "introspection_signed_response_alg": "ES256",
            "default_max_age": 0,
            "use_mtls_endpoint_aliases": true,
            "response_modes": ["form_post"],
        });
        let members = registered(sent.clone());
        for (name, value) in sent.as_object().unwrap() {
            assert_eq!(&members[name], value, "{name}");
        }
    }

    #[test]
    fn d18_attestation_is_an_authentication_method_without_a_secret() {
        let client = client(json!({"token_endpoint_auth_method": "attest_jwt_client_auth"})).unwrap();
        assert!(!client.needs_secret());
        refused(json!({"token_endpoint_auth_method": "password"}), "token_endpoint_auth_method");
    }

    #[test]
    fn what_is_stored_reads_back_the_same() {
        let client = client(json!({
            "scope": "openid b", "client_name#fr": "Nom", "application_type": "native",
            "redirect_uris": ["cursor://x/cb", "http://localhost:1/cb"], "token_endpoint_auth_method": "none",
            "jwks": {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]},
        }))
        .unwrap();
        let text = serde_json::to_string(&client).unwrap();
        assert_eq!(serde_json::from_str::<VerifiedMetadata>(&text).unwrap(), client);
    }
}
