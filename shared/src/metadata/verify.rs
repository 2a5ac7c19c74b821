//! Does the RFC allow it? From metadata as sent to metadata that can be registered.

mod algorithms;
mod authentication;
mod flows;
mod urls;
mod values;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::{Map, Value};

pub use flows::complete_flows;

use super::{
    ApplicationType, AuthMethod, ClientMetadata, GrantType, Invalid, InvalidRedirectUri, JwkSet, RedirectUri,
    ResponseType, Scope,
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

/// How much of the specifications is asked of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// All of it.
    Full,
    /// All of it, for a relying party of a federation: it may have `signed_jwks_uri` for its keys, and these in several
    /// ways (OpenID Federation §5.2.1).
    Federated,
    /// All but `redirect_uris` for redirect flows: protocols whose own documents register clients without.
    RedirectUrisOptional,
    /// Types, URLs and keys: what an operator writes need not be consistent yet.
    Operator,
}

/// What is asked of metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rules<'r> {
    /// How much of the specifications.
    pub strictness: Strictness,
    /// Where redirects may have `http`: see [`RedirectUri::parse_beside`].
    pub development_hosts: &'r [String],
    /// Whether what people are shown may have format characters; control characters it may not have.
    pub hidden_characters: bool,
}

impl From<Strictness> for Rules<'_> {
    fn from(strictness: Strictness) -> Self {
        Self { strictness, development_hosts: &[], hidden_characters: false }
    }
}

/// Checks metadata against RFC 7591 §2, OIDC Registration §2 and the documents that extend them, and fills
/// in their defaults. Members without effect under the registered authentication method are dropped.
///
/// # Errors
/// [`Error::InvalidRedirectUri`] or [`Error::InvalidClientMetadata`], naming the member.
pub fn verify<'r>(metadata: ClientMetadata, rules: impl Into<Rules<'r>>) -> Result<VerifiedMetadata, Error> {
    let Rules { strictness, development_hosts, hidden_characters } = rules.into();
    let mut verified = typed(metadata, development_hosts)?;
    if strictness == Strictness::Operator {
        verified.check_urls(development_hosts)?;
        verified.check_values(hidden_characters)?;
        return Ok(verified);
    }
    verified.agree_on_flows()?;
    if strictness != Strictness::RedirectUrisOptional {
        verified.need_redirect_uris()?;
    }
    verified.fit_application_type()?;
    verified.authenticate_client(strictness)?;
    verified.check_algorithms()?;
    verified.check_urls(development_hosts)?;
    verified.check_values(hidden_characters)?;
    verified.check_subject_type()?;
    verified.check_token_binding()?;
    verified.check_backchannel()?;
    Ok(verified)
}

/// Gives the members of closed vocabularies their types and defaults.
fn typed(mut rest: ClientMetadata, development_hosts: &[String]) -> Result<VerifiedMetadata, Error> {
    let (grant_types, response_types) = flows::flows(&mut rest)?;
    Ok(VerifiedMetadata {
        redirect_uris: redirect_uris(rest.redirect_uris.take(), development_hosts)?,
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
        jwks: rest.jwks.take().map(JwkSet::verify).transpose()?.flatten(),
        rest: Box::new(rest),
    })
}

fn redirect_uris(sent: Option<Vec<String>>, development: &[String]) -> Result<Vec<RedirectUri>, InvalidRedirectUri> {
    let parse = |(index, text): (usize, String)| {
        RedirectUri::parse_beside(&text, development).map_err(|fault| InvalidRedirectUri::at(index, fault))
    };
    sent.into_iter().flatten().enumerate().map(parse).collect()
}

fn one<T>(member: &str, sent: Option<String>, parse: fn(&str) -> Option<T>) -> Result<Option<T>, Invalid> {
    sent.map(|text| parse(&text).ok_or_else(|| Invalid::not_offered(member, &text))).transpose()
}

impl VerifiedMetadata {
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

    /// Has the ports of those redirect URIs on the loopback interface, where it has the same ones but for that.
    pub(crate) fn take_loopback_ports(&mut self, sent: &[RedirectUri]) {
        for uri in &mut self.redirect_uris {
            let same = sent.iter().find(|sent| sent.without_loopback_port() == uri.without_loopback_port());
            if let Some(same) = same {
                uri.clone_from(same);
            }
        }
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

    /// Whether it has keys that verify the client's signatures, or says where its keys are.
    #[must_use]
    pub fn has_signature_keys(&self) -> bool {
        self.jwks.as_ref().is_some_and(JwkSet::has_signature_key)
            || self.rest.jwks_uri.is_some()
            || self.rest.signed_jwks_uri.is_some()
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

    /// The metadata as it would be sent.
    #[must_use]
    pub fn to_metadata(&self) -> ClientMetadata {
        let names = |names: &mut dyn Iterator<Item = &'static str>| Some(names.map(str::to_owned).collect());
        ClientMetadata {
            application_type: Some(self.application_type.as_str().to_owned()),
            token_endpoint_auth_method: Some(self.token_endpoint_auth_method.as_str().to_owned()),
            grant_types: names(&mut self.grant_types.iter().map(|grant| grant.as_str())),
            response_types: names(&mut self.response_types.iter().map(|response| response.as_str())),
            redirect_uris: (!self.redirect_uris.is_empty())
                .then(|| self.redirect_uris.iter().map(|uri| uri.as_str().to_owned()).collect()),
            scope: self.scope.as_ref().map(ToString::to_string),
            jwks: self.jwks.as_ref().map(|jwks| jwks.as_object().clone()),
            ..self.rest.as_ref().clone()
        }
    }

    /// The members as JSON, as registered.
    #[must_use]
    pub fn to_members(&self) -> Map<String, Value> {
        self.to_metadata().to_members()
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
        let redirect_uris = sent.redirect_uris.take().into_iter().flatten();
        let redirect_uris = redirect_uris.map(|text| RedirectUri::stored(&text)).collect();
        typed(sent, &[]).map(|typed| Self { redirect_uris, jwks, ..typed }).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
#[expect(clippy::needless_pass_by_value, reason = "a value written at the call reads best")]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::metadata::testing::members;
    use crate::policy::BoundPolicy;

    fn verified(value: Value) -> Result<VerifiedMetadata, Error> {
        let Value::Object(members) = value else { panic!("not an object") };
        verify(ClientMetadata::from_members(members)?, Strictness::Full)
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
        for sent in [json!({}), json!({"redirect_uris": []}), json!({"response_types": ["code"], "redirect_uris": []})]
        {
            let result = verified(sent.clone());
            assert!(matches!(result, Err(Error::InvalidRedirectUri(_))), "{sent}: {result:?}");
        }
        for grant in ["client_credentials", "urn:ietf:params:oauth:grant-type:device_code"] {
            assert!(verified(json!({"grant_types": [grant]})).is_ok());
            let client = verified(json!({"grant_types": [grant], "redirect_uris": []})).unwrap();
            assert_eq!(client.to_members().get("redirect_uris"), None);
        }
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
        for (member, bad, good) in [
            ("tls_client_auth_subject_dn", "garbage", "2.5.4.97=#0c0141, O=A\\, B,C=FR"),
            ("tls_client_auth_san_dns", "rp example", "*.rp.example"),
            ("tls_client_auth_san_ip", "rp", "192.0.2.1"),
            ("tls_client_auth_san_email", "rp.example", "mail@rp.example"),
        ] {
            refused(with(json!({member: bad})), &format!("{member} is not "));
            registered(with(json!({member: good})));
            // An operator's client need not be consistent yet, and each of its values is one.
            let by_operator = |value: &str| {
                let members = Map::from_iter([(member.to_owned(), value.into())]);
                verify(ClientMetadata::from_members(members).unwrap(), Strictness::Operator)
            };
            assert!(by_operator(bad).unwrap_err().to_string().starts_with(member) && by_operator(good).is_ok());
        }
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
            registered(json!({member: "http://rp.example/page#part"}));
            for bad in [
                "javascript:alert(1)",
                "file:///etc/passwd",
                "rp.example",
                "https:rp.example",
                "https:/rp.example",
                "https://u:p@rp.example/",
                "https://rp.example/\u{e9}",
                "https://rp.example/\"onload=",
                "https://rp.example/<script>",
                "https://rp.example/%zz",
                "https://rp.example/../up",
                "https://rp.example:0/",
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
        for bad in [
            "https://x.example",
            "spiffe:x",
            "spiffe:///x",
            "spiffe://x.example:1/a",
            "spiffe://x.example/a?b",
            "spiffe://x.example/a#b",
            "spiffe://x.example/a b",
        ] {
            refused(json!({"spiffe_id": bad}), "spiffe_id");
        }
        registered(json!({"spiffe_id": "spiffe://x.example/ns/a/sa/b"}));
    }

    #[test]
    fn rfc_3986_every_url_has_one_reading() {
        let lists = ["request_uris", "post_logout_redirect_uris", "claims_redirect_uris"];
        for member in [
            "jwks_uri",
            "sector_identifier_uri",
            "signed_jwks_uri",
            "initiate_login_uri",
            "backchannel_client_notification_endpoint",
            "spiffe_bundle_endpoint",
            "frontchannel_logout_uri",
            "backchannel_logout_uri",
            "credential_offer_endpoint",
        ]
        .into_iter()
        .chain(lists)
        {
            let value = |uri: &str| if lists.contains(&member) { json!([uri]) } else { json!(uri) };
            registered(json!({member: value("https://rp.example/a?b")}));
            for bad in [
                "https://rp.example/{a}",
                "https://rp.example/%",
                "https://rp.example/a/%2e%2E",
                "https://rp.example/%00",
                "https:rp.example",
                "https://rp.example:65536/",
                "https://u@rp.example/",
                "https://[0:0:0:0:0:0:0:1]/",
            ] {
                refused(json!({member: value(bad)}), member);
            }
        }
        refused(json!({"backchannel_logout_uri": "https://rp.example/out#a"}), "backchannel_logout_uri");
        registered(json!({"request_uris": ["https://rp.example/r#GkurKxf5T0Y"]}));
        let certificate =
            |uri: &str| json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_san_uri": uri});
        registered(certificate("urn:example:rp"));
        refused(certificate("rp"), "tls_client_auth_san_uri");
    }

    #[test]
    fn what_people_are_shown_has_no_hidden_characters() {
        let lists = ["contacts", "default_acr_values", "authorization_details_types", "response_modes"];
        for member in [
            "client_name",
            "client_name#he",
            "organization_name",
            "organization_name#fr",
            "software_id",
            "software_version",
            "digest_algorithm",
        ]
        .into_iter()
        .chain(lists)
        {
            let value = |text: &str| if lists.contains(&member) { json!(["a", text]) } else { json!(text) };
            registered(json!({member: value("Zoë & Søn می\u{200c}خواهم 👩\u{200d}💻")}));
            for hidden in ["\0", "a\r\nb", "\u{202e}x", "\u{2066}x", "a\u{200b}", "\u{e0041}"] {
                refused(json!({member: value(hidden)}), member);
                let operator =
                    ClientMetadata::from_members(Map::from_iter([(member.to_owned(), value(hidden))])).unwrap();
                let operator = verify(operator, Strictness::Operator);
                assert!(matches!(operator, Err(Error::InvalidClientMetadata(Invalid::HiddenCharacter { .. }))));
            }
        }
        refused(
            json!({"token_endpoint_auth_method": "tls_client_auth", "tls_client_auth_subject_dn": "CN=a\u{202e}"}),
            "tls_client_auth_subject_dn must not have the control or format character U+202E",
        );
        refused(json!({"tenant": {"names": ["a\u{202e}"]}}), "tenant");
        registered(json!({"tenant": {"text": "two\r\nlines"}}));
    }

    #[test]
    fn a_maximum_age_fits_into_32_bits() {
        assert_eq!(registered(json!({"default_max_age": 2_147_483_647}))["default_max_age"], 2_147_483_647);
        for beyond in [2_147_483_648, u64::MAX] {
            refused(json!({"default_max_age": beyond}), "default_max_age is more than 2147483647");
        }
    }

    #[test]
    fn what_was_stored_under_older_rules_is_still_read() {
        let stored = json!({
            "redirect_uris": ["https://rp.example/a/../cb", "ms-msdt:/id"], "client_name": "a\u{202e}",
            "default_max_age": u64::MAX, "client_uri": "https:rp.example", "application_type": "native",
        });
        let client: VerifiedMetadata = serde_json::from_value(stored.clone()).unwrap();
        for (name, value) in stored.as_object().unwrap() {
            assert_eq!(&client.to_members()[name], value, "{name}");
        }
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

    proptest::proptest! {
        /// Any members with any values: refused or registered, never a panic, and what is registered is stored,
        /// read back and sent again without a change.
        #[test]
        fn whatever_is_registered_survives_the_store_and_an_update(members in members()) {
            let policy = crate::policy::Preset::Open.policy();
            let admit = |sent: ClientMetadata| verify(policy.apply(sent, &BoundPolicy::default(), &[])?, Strictness::Full);
            if let Ok(client) = ClientMetadata::from_members(members).map_err(Error::from).and_then(admit) {
                let text = serde_json::to_string(&client).unwrap();
                proptest::prop_assert_eq!(&serde_json::from_str::<VerifiedMetadata>(&text).unwrap(), &client);
                let again = admit(ClientMetadata::from_members(client.to_members()).unwrap());
                proptest::prop_assert_eq!(again.unwrap().to_members(), client.to_members());
            }
        }
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
