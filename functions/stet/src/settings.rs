//! What a service asks of the institutions that register: kept under `stet` beside its policy.

use serde::Deserialize;
use serde_json::Value;
use shared::Error;
use shared::http::Method;
use shared::service::Service;
use shared::trusted_issuer::TrustedIssuer;

use crate::certificate::TrustAnchors;
use crate::signature::{DefaultHeaders, RequiredHeaders, UnsignedBody, is_signable};

/// The path below which this door is, and which clients sign unless a service says otherwise.
pub const BASE_PATH: &str = "/stet/setting/v1";

/// A service's settings. All but the trust anchors have a default: that of the Groupe BPCE, with the headers that
/// clients really sign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The certification authorities whose certificates count, in PEM.
    pub trust_anchors: String,
    /// Whether revocation lists are asked.
    #[serde(default)]
    pub revocation: RevocationPolicy,
    /// What must be signed.
    #[serde(default)]
    pub required_headers: HeaderPolicy,
    /// What becomes of a request whose body is not signed by its digest, whatever else must be signed.
    #[serde(default)]
    pub unsigned_body: UnsignedBody,
    /// What is signed where the parameter `headers` is absent.
    #[serde(default = "created")]
    pub default_headers: DefaultHeaders,
    /// How far clocks may be apart, in seconds.
    #[serde(default = "half_a_minute")]
    pub clock_skew: u64,
    /// How old a dated signature may be, in seconds.
    #[serde(default = "five_minutes")]
    pub maximum_age: u64,
    /// What clients sign in place of [`BASE_PATH`]: empty where a bank's gateway cuts it off.
    #[serde(default = "base_path")]
    pub signed_base_path: String,
    /// What stands between scopes in answers; requests may have either.
    #[serde(default)]
    pub scope_separator: ScopeSeparator,
    /// Which member names the people to ask.
    #[serde(default)]
    pub contact: ContactMember,
    /// What becomes of a registration when the same institution registers again.
    #[serde(default)]
    pub repeated_registration: Repeated,
    /// The status of a signature that proves nothing.
    #[serde(default)]
    pub unverified_signature: UnverifiedStatus,
    /// The hosts from which a certificate that a `keyId` names may be fetched.
    #[serde(default)]
    pub key_hosts: Vec<String>,
    /// Methods of the registration that are switched off: `POST`, `GET`, `PUT`, `DELETE`.
    #[serde(default)]
    pub switched_off: Vec<String>,
    /// Whether a request needs an access token.
    #[serde(default)]
    pub access_token: AccessTokenRule,
    /// An authorization server whose JWT access tokens count (RFC 9068), beside those issued here.
    #[serde(default)]
    pub access_tokens: Option<TrustedIssuer>,
}

/// Whether revocation lists are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RevocationPolicy {
    /// They are not.
    #[default]
    Ignored,
    /// They are, and a certificate counts if none can be had.
    IfKnown,
    /// They are, and a certificate that names one needs it.
    Required,
}

/// Whether a request needs an access token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccessTokenRule {
    /// It does.
    #[default]
    Required,
    /// One that is sent must be valid; without, the certificate of the connection and the signature say who asks.
    Optional,
}

/// What must be signed: a set by its name, or a list.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum HeaderPolicy {
    /// A set.
    Named(HeaderSet),
    /// Headers in lower case, with the special ones of the draft.
    Listed(ListedHeaders),
}

impl Default for HeaderPolicy {
    fn default() -> Self {
        Self::Named(HeaderSet::Lenient)
    }
}

/// A set of headers.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderSet {
    /// [`RequiredHeaders::STET`].
    Stet,
    /// [`RequiredHeaders::LENIENT`].
    Lenient,
}

/// As [`RequiredHeaders`].
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ListedHeaders {
    /// In every request.
    pub always: Vec<String>,
    /// In a request with a body.
    pub with_body: Vec<String>,
    /// In a request that has them.
    pub if_present: Vec<String>,
}

impl HeaderPolicy {
    fn with<T>(&self, use_headers: impl FnOnce(RequiredHeaders<'_>) -> T) -> T {
        fn borrowed(names: &[String]) -> Vec<&str> {
            names.iter().map(String::as_str).collect()
        }
        match self {
            Self::Named(HeaderSet::Stet) => use_headers(RequiredHeaders::STET),
            Self::Named(HeaderSet::Lenient) => use_headers(RequiredHeaders::LENIENT),
            Self::Listed(listed) => use_headers(RequiredHeaders {
                always: &borrowed(&listed.always),
                with_body: &borrowed(&listed.with_body),
                if_present: &borrowed(&listed.if_present),
                unsigned_body: UnsignedBody::Refused,
            }),
        }
    }

    /// A name that no signature can cover.
    fn unsignable(&self) -> Option<&str> {
        let Self::Listed(listed) = self else { return None };
        let mut names = [&listed.always, &listed.with_body, &listed.if_present].into_iter().flatten();
        names.find(|name| !is_signable(name)).map(String::as_str)
    }
}

/// What stands between scopes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScopeSeparator {
    /// A comma.
    #[default]
    Comma,
    /// A space, as RFC 6749 §3.3 has it.
    Space,
}

impl ScopeSeparator {
    /// The separator.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Comma => ",",
            Self::Space => " ",
        }
    }
}

/// The member that names the people to ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContactMember {
    /// `contact`: an object.
    #[default]
    Contact,
    /// `contacts`: a list (RFC 7591 §2).
    Contacts,
    /// None is required.
    Optional,
}

/// What becomes of a repeated registration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Repeated {
    /// It is refused.
    #[default]
    Refuse,
    /// It replaces the earlier one.
    Replace,
}

/// The status of a signature that proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
pub enum UnverifiedStatus {
    /// 401.
    #[default]
    #[serde(rename = "unauthorized")]
    Unauthorized,
    /// 400, as some banks document it.
    #[serde(rename = "bad_request")]
    BadRequest,
}

impl Settings {
    /// The settings of a service that opens this door, with what it trusts.
    ///
    /// # Errors
    /// [`Error::Internal`] for settings that are missing or cannot be used: an operator's mistake.
    pub(crate) fn of(service: &Service) -> Result<(Self, TrustAnchors), Error> {
        let kept = service.configuration.others.get("stet");
        let kept = kept.ok_or_else(|| Error::internal("the service opens the door stet and has no settings for it"))?;
        Self::read(kept).map_err(Error::internal)
    }

    /// Reads settings and what they trust.
    ///
    /// # Errors
    /// What is wrong with them, for their operator.
    pub fn read(kept: &Value) -> Result<(Self, TrustAnchors), String> {
        let settings = Self::deserialize(kept).map_err(|error| error.to_string())?;
        let anchors = TrustAnchors::parse_pem(&settings.trust_anchors).map_err(|error| error.to_string())?;
        if let Some(name) = settings.required_headers.unsignable() {
            return Err(format!("required_headers: {name:?} is no name of a header in lower case"));
        }
        match settings.switched_off.iter().find(|name| !["POST", "GET", "PUT", "DELETE"].contains(&name.as_str())) {
            Some(name) => Err(format!("switched_off: {name} is no method of a registration")),
            None => Ok((settings, anchors)),
        }
    }

    /// Calls `use_headers` with what must be signed.
    pub(crate) fn with_required<T>(&self, use_headers: impl FnOnce(RequiredHeaders<'_>) -> T) -> T {
        let Self { required_headers, unsigned_body, .. } = self;
        required_headers.with(|listed| use_headers(RequiredHeaders { unsigned_body: *unsigned_body, ..listed }))
    }

    /// Whether a method of the registration is there.
    pub(crate) fn offers(&self, method: Method) -> bool {
        !self.switched_off.iter().any(|name| name == method.as_str())
    }
}

fn created() -> DefaultHeaders {
    DefaultHeaders::Created
}

fn half_a_minute() -> u64 {
    30
}

fn five_minutes() -> u64 {
    300
}

fn base_path() -> String {
    BASE_PATH.to_owned()
}
