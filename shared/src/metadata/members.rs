//! Client metadata as sent: every member optional, each with its type.

use std::borrow::Cow;
use std::collections::BTreeSet;

use serde_json::{Map, Value};
use url::Url;

use super::{Changes, Invalid, Localized};

/// The members that only the server sets (RFC 7591 §3.2.1, RFC 7592 §3).
pub const SERVER_SET: [&str; 6] = [
    "client_id",
    "client_secret",
    "client_id_issued_at",
    "client_secret_expires_at",
    "registration_access_token",
    "registration_client_uri",
];

/// What the server says of a client beside its metadata, to operators and authorization servers: a custom member of such a
/// name would be a stranger's word in the place of the server's.
const SAID_BY_SERVER: [&str; 30] = [
    "alias",
    "certificates",
    "changes",
    "client_type",
    "developer",
    "expires_at",
    "flags",
    "issued_at",
    "kept",
    "locked",
    "metadata_document",
    "numeric_id",
    "pending",
    "pending_until",
    "position",
    "previous_client_secret",
    "previous_client_secret_expires_at",
    "previous_secret_until",
    "requestable_scopes",
    "resembles",
    "retained",
    "sent",
    "service_id",
    "software",
    "source",
    "token_endpoint_auth_methods_supported",
    "trust_chain",
    "unused_until",
    "used",
    "version",
];

/// The name as the server's own, if the server says something of clients under it.
#[must_use]
pub fn said_by_server(name: &str) -> Option<&'static str> {
    SAID_BY_SERVER.into_iter().find(|our| *our == name)
}

/// Takes away what a service let strangers say, before those names were refused, in the place of the server.
pub fn remove_said_by_server(members: &mut Map<String, Value>) {
    for name in SAID_BY_SERVER {
        members.remove(name);
    }
}

/// The rule that what was sent is read by.
const AS_SENT: &str = "as sent";

/// What a member of client metadata is, for whoever describes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MemberDescription {
    /// Its name.
    pub name: &'static str,
    /// Its JSON type.
    pub kind: MemberKind,
    /// Whether it may be in several languages, each in a member `name#tag` (RFC 7591 §2.2).
    pub is_localized: bool,
    /// Where it is defined, and what it is if it is absent.
    pub reference: &'static str,
}

/// A JSON type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    /// A string.
    Text,
    /// An array of strings.
    Texts,
    /// A boolean.
    Flag,
    /// A non-negative integer.
    Integer,
    /// An object.
    Object,
}

/// A JSON type that a member can have.
pub(super) trait Member: Sized {
    /// What it is called.
    const KIND: MemberKind;
    /// Whether it has languages.
    const IS_LOCALIZED: bool = false;
    /// Takes the member out of the object.
    fn take(members: &mut Map<String, Value>, name: &str) -> Result<Option<Self>, Invalid>;
    /// Puts the member back.
    fn put(&self, name: &str, members: &mut Map<String, Value>);
    /// In how many languages it is, beside the plain one.
    fn languages(&self) -> usize {
        0
    }
}

macro_rules! member {
    ($type:ty, $kind:ident, $expected:literal, $from:expr) => {
        impl Member for $type {
            const KIND: MemberKind = MemberKind::$kind;

            fn take(members: &mut Map<String, Value>, name: &str) -> Result<Option<Self>, Invalid> {
                let Some(value) = members.remove(name) else { return Ok(None) };
                let from: fn(Value) -> Option<$type> = $from;
                from(value).map(Some).ok_or_else(|| Invalid::wrong_type(name, $expected))
            }

            fn put(&self, name: &str, members: &mut Map<String, Value>) {
                members.insert(name.to_owned(), self.clone().into());
            }
        }
    };
}

member!(String, Text, "a string", |value| match value {
    Value::String(text) => Some(text),
    _ => None,
});
member!(bool, Flag, "a boolean", |value| value.as_bool());
member!(u64, Integer, "a non-negative integer", |value| value.as_u64());
member!(Map<String, Value>, Object, "an object", |value| match value {
    Value::Object(members) => Some(members),
    _ => None,
});

impl Member for Vec<String> {
    const KIND: MemberKind = MemberKind::Texts;

    fn take(members: &mut Map<String, Value>, name: &str) -> Result<Option<Self>, Invalid> {
        members.remove(name).map(|value| texts(name, value)).transpose()
    }

    fn put(&self, name: &str, members: &mut Map<String, Value>) {
        members.insert(name.to_owned(), self.clone().into());
    }
}

macro_rules! client_metadata {
    ($( #[doc = $doc:literal] $member:ident : $type:ty, )*) => {
        /// Client metadata as sent (RFC 7591 §2, OIDC Registration §2 and their extensions).
        #[derive(Debug, Clone, PartialEq, Default)]
        pub struct ClientMetadata {
            $( #[doc = $doc] pub $member: Option<$type>, )*
            /// Members that no specification here knows; a policy says which of them are kept.
            pub others: Map<String, Value>,
        }

        impl ClientMetadata {
            /// The names of the members, without those of `others`.
            pub const MEMBERS: &'static [&'static str] = &[$( stringify!($member), )*];

            /// What each of them is.
            pub const DESCRIPTIONS: &'static [MemberDescription] = &[$( MemberDescription {
                name: stringify!($member),
                kind: <$type as Member>::KIND,
                is_localized: <$type as Member>::IS_LOCALIZED,
                reference: $doc,
            }, )*];

            /// Reads the members of a JSON object. What the server sets is dropped.
            ///
            /// # Errors
            /// [`Invalid::WrongType`] or [`Invalid::Duplicate`], naming the member.
            pub fn from_members(mut members: Map<String, Value>) -> Result<Self, Invalid> {
                members.retain(|name, value| !is_absent(name, value) && !SERVER_SET.contains(&name.as_str()));
                Ok(Self {
                    $( $member: Member::take(&mut members, stringify!($member))?, )*
                    others: members,
                })
            }

            /// The members as JSON; absent ones are omitted.
            #[must_use]
            pub fn to_members(&self) -> Map<String, Value> {
                let mut members = self.others.clone();
                $( if let Some(value) = &self.$member { value.put(stringify!($member), &mut members); } )*
                members
            }

            /// The members in which two may differ, as each of them has these.
            pub(super) fn differing(&self, other: &Self) -> [Map<String, Value>; 2] {
                let mut both = [Map::new(), Map::new()];
                $( if self.$member != other.$member {
                    for (one, members) in [self, other].into_iter().zip(&mut both) {
                        if let Some(value) = &one.$member {
                            value.put(stringify!($member), members);
                        }
                    }
                } )*
                if self.others != other.others {
                    for (one, members) in [self, other].into_iter().zip(&mut both) {
                        members.extend(one.others.clone());
                    }
                }
                both
            }

            /// In how many languages each member is, beside the plain one.
            #[must_use]
            pub fn languages(&self) -> [(&'static str, usize); Self::MEMBERS.len()] {
                [$( (stringify!($member), self.$member.as_ref().map_or(0, Member::languages)), )*]
            }

            /// Lets every member that `over` has take precedence (RFC 7591 §2.3).
            #[must_use]
            pub fn overlaid_by(self, over: Self) -> Self {
                let mut others = self.others;
                others.extend(over.others);
                Self { $( $member: over.$member.or(self.$member), )* others }
            }
        }
    };
}

client_metadata! {
    /// RFC 7591 §2.
    redirect_uris: Vec<String>,
    /// RFC 7591 §2; default `client_secret_basic`.
    token_endpoint_auth_method: String,
    /// RFC 7591 §2; default `authorization_code`.
    grant_types: Vec<String>,
    /// RFC 7591 §2; default `code`.
    response_types: Vec<String>,
    /// RFC 7591 §2.
    client_name: Localized<String>,
    /// RFC 7591 §2, URL.
    client_uri: Localized<String>,
    /// RFC 7591 §2, URL.
    logo_uri: Localized<String>,
    /// RFC 7591 §2, space separated; the default is the service's.
    scope: String,
    /// RFC 7591 §2.
    contacts: Vec<String>,
    /// RFC 7591 §2, URL.
    tos_uri: Localized<String>,
    /// RFC 7591 §2, URL.
    policy_uri: Localized<String>,
    /// RFC 7591 §2, https URL; never together with `jwks`.
    jwks_uri: String,
    /// RFC 7591 §2, public keys.
    jwks: Map<String, Value>,
    /// RFC 7591 §2.
    software_id: String,
    /// RFC 7591 §2.
    software_version: String,
    /// RFC 7591 §2.3, a signed JWT.
    software_statement: String,
    /// OIDC Registration §2, `web` (default) or `native`.
    application_type: String,
    /// OIDC Registration §2, https URL.
    sector_identifier_uri: String,
    /// OIDC Registration §2, `public` or `pairwise`.
    subject_type: String,
    /// OIDC Registration §2; default `RS256`.
    id_token_signed_response_alg: String,
    /// OIDC Registration §2.
    id_token_encrypted_response_alg: String,
    /// OIDC Registration §2; default `A128CBC-HS256`.
    id_token_encrypted_response_enc: String,
    /// OIDC Registration §2.
    userinfo_signed_response_alg: String,
    /// OIDC Registration §2.
    userinfo_encrypted_response_alg: String,
    /// OIDC Registration §2; default `A128CBC-HS256`.
    userinfo_encrypted_response_enc: String,
    /// OIDC Registration §2.
    request_object_signing_alg: String,
    /// OIDC Registration §2.
    request_object_encryption_alg: String,
    /// OIDC Registration §2; default `A128CBC-HS256`.
    request_object_encryption_enc: String,
    /// OIDC Registration §2, for `client_secret_jwt` and `private_key_jwt`.
    token_endpoint_auth_signing_alg: String,
    /// OIDC Registration §2, seconds.
    default_max_age: u64,
    /// OIDC Registration §2; absent is `false`.
    require_auth_time: bool,
    /// OIDC Registration §2.
    default_acr_values: Vec<String>,
    /// OIDC Registration §2, https URL.
    initiate_login_uri: String,
    /// OIDC Registration §2, URLs.
    request_uris: Vec<String>,
    /// OIDC RP-Initiated Logout §3.1.
    post_logout_redirect_uris: Vec<String>,
    /// OIDC Front-Channel Logout §2.
    frontchannel_logout_uri: String,
    /// OIDC Front-Channel Logout §2; absent is `false`.
    frontchannel_logout_session_required: bool,
    /// OIDC Back-Channel Logout §2.2.
    backchannel_logout_uri: String,
    /// OIDC Back-Channel Logout §2.2; absent is `false`.
    backchannel_logout_session_required: bool,
    /// UMA 2.0 Grant §2.
    claims_redirect_uris: Vec<String>,
    /// ETSI NFV-SEC 022.
    nfv_token_signed_response_alg: String,
    /// ETSI NFV-SEC 022.
    nfv_token_encrypted_response_alg: String,
    /// ETSI NFV-SEC 022; default `A128CBC-HS256`.
    nfv_token_encrypted_response_enc: String,
    /// RFC 8705 §3.4; absent is `false`.
    tls_client_certificate_bound_access_tokens: bool,
    /// RFC 8705 §2.1.2, exactly one of five.
    tls_client_auth_subject_dn: String,
    /// RFC 8705 §2.1.2, exactly one of five.
    tls_client_auth_san_dns: String,
    /// RFC 8705 §2.1.2, exactly one of five.
    tls_client_auth_san_uri: String,
    /// RFC 8705 §2.1.2, exactly one of five.
    tls_client_auth_san_ip: String,
    /// RFC 8705 §2.1.2, exactly one of five.
    tls_client_auth_san_email: String,
    /// FAPI 2.0 Security Profile; absent is `false`.
    use_mtls_endpoint_aliases: bool,
    /// RFC 9101 §10.5; absent is `false`.
    require_signed_request_object: bool,
    /// RFC 9126 §6; absent is `false`.
    require_pushed_authorization_requests: bool,
    /// RFC 9701 §6.
    introspection_signed_response_alg: String,
    /// RFC 9701 §6.
    introspection_encrypted_response_alg: String,
    /// RFC 9701 §6; default `A128CBC-HS256`.
    introspection_encrypted_response_enc: String,
    /// JARM §3.
    authorization_signed_response_alg: String,
    /// JARM §3.
    authorization_encrypted_response_alg: String,
    /// JARM §3; default `A128CBC-HS256`.
    authorization_encrypted_response_enc: String,
    /// RFC 9396 §10.
    authorization_details_types: Vec<String>,
    /// RFC 9449 §5.2; absent is `false`.
    dpop_bound_access_tokens: bool,
    /// CIBA §4, `poll`, `ping` or `push`.
    backchannel_token_delivery_mode: String,
    /// CIBA §4, https URL for `ping` and `push`.
    backchannel_client_notification_endpoint: String,
    /// CIBA §4, asymmetric.
    backchannel_authentication_request_signing_alg: String,
    /// CIBA §4; absent is `false`.
    backchannel_user_code_parameter: bool,
    /// OpenID Connect for Identity Assurance, the digest of external attachments.
    digest_algorithm: String,
    /// OpenID Federation §5.1.2.
    client_registration_types: Vec<String>,
    /// OpenID Federation §5.2.2.
    organization_name: Localized<String>,
    /// OpenID Federation §5.2.2.
    display_name: Localized<String>,
    /// OpenID Federation §5.2.2.
    description: Localized<String>,
    /// OpenID Federation §5.2.2.
    keywords: Localized<Vec<String>>,
    /// OpenID Federation §5.2.2, URL.
    information_uri: Localized<String>,
    /// OpenID Federation §5.2.2, URL.
    organization_uri: Localized<String>,
    /// OpenID Federation §5.2.1, https URL.
    signed_jwks_uri: String,
    /// In use; the response modes the client restricts itself to.
    response_modes: Vec<String>,
    /// OpenID4VCI §12.1, URL.
    credential_offer_endpoint: String,
    /// OAuth SPIFFE Client Authentication, a SPIFFE ID.
    spiffe_id: String,
    /// OAuth SPIFFE Client Authentication, https URL.
    spiffe_bundle_endpoint: String,
}

impl ClientMetadata {
    /// The pages that are shown to users, in every language, with the names of their members.
    pub fn pages(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("client_uri", &self.client_uri),
            ("logo_uri", &self.logo_uri),
            ("tos_uri", &self.tos_uri),
            ("policy_uri", &self.policy_uri),
        ]
        .into_iter()
        .flat_map(|(member, pages)| pages.iter().flat_map(Localized::values).map(move |page| (member, page.as_str())))
    }

    /// The names that people are shown, in every language, with the names of their members.
    pub fn names(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            ("client_name", &self.client_name),
            ("organization_name", &self.organization_name),
            ("display_name", &self.display_name),
        ]
        .into_iter()
        .flat_map(|(member, names)| names.iter().flat_map(Localized::values).map(move |name| (member, name.as_str())))
    }

    /// Whether people are shown the same names by it as by what was there before, and are led and shown to no place that
    /// they were not: what was said of those names is true of it.
    #[must_use]
    pub fn is_known_as(&self, earlier: &Self) -> bool {
        let has_names = self.names().eq(earlier.names());
        has_names && self.places().is_subset(&earlier.places())
    }

    /// Where people are led: a host, the scheme of an application, or what is neither as it is.
    fn places(&self) -> BTreeSet<String> {
        let lists = [&self.redirect_uris, &self.post_logout_redirect_uris, &self.claims_redirect_uris];
        let uris = lists.into_iter().flatten().flatten().chain(&self.initiate_login_uri).map(String::as_str);
        let place = |uri: &str| match Url::parse(uri) {
            Ok(url) if matches!(url.scheme(), "http" | "https") => url.host_str().unwrap_or_default().to_owned(),
            Ok(url) => format!("{}:", url.scheme()),
            Err(_) => uri.to_owned(),
        };
        uris.chain(self.pages().map(|(_, page)| page)).map(place).collect()
    }

    /// The URLs that servers call by themselves, with the names of their members, or where in these they stand.
    /// `sector_identifier_uri` is not among them: who calls it is the registry.
    pub fn called_urls(&self) -> impl Iterator<Item = (Cow<'static, str>, &str)> {
        let single = [
            ("jwks_uri", &self.jwks_uri),
            ("signed_jwks_uri", &self.signed_jwks_uri),
            ("spiffe_bundle_endpoint", &self.spiffe_bundle_endpoint),
            ("backchannel_logout_uri", &self.backchannel_logout_uri),
            ("backchannel_client_notification_endpoint", &self.backchannel_client_notification_endpoint),
        ];
        let single = single.into_iter().filter_map(|(member, url)| Some((member.into(), url.as_deref()?)));
        let keys = self.jwks.iter().filter_map(|jwks| jwks.get("keys")?.as_array()).flatten().enumerate();
        let certificates =
            keys.filter_map(|(index, key)| Some((format!("jwks: key {index}: x5u").into(), key.get("x5u")?.as_str()?)));
        single.chain(elements("request_uris", self.request_uris.as_ref())).chain(certificates)
    }
}

impl ClientMetadata {
    /// The pages about a client and about who owns it (OpenID Federation §5.2.2), as [`pages`](Self::pages). Unlike
    /// those, they have their hosts from others.
    pub fn pages_about(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("information_uri", &self.information_uri), ("organization_uri", &self.organization_uri)].into_iter().flat_map(
            |(member, pages)| pages.iter().flat_map(Localized::values).map(move |page| (member, page.as_str())),
        )
    }
}

/// The elements of a list, with what each is called.
pub(crate) fn elements<'m>(
    member: &'static str,
    values: Option<&'m Vec<String>>,
) -> impl Iterator<Item = (Cow<'static, str>, &'m str)> {
    let values = values.into_iter().flatten().enumerate();
    values.map(move |(index, value)| (Invalid::element(member, index).into(), value.as_str()))
}

/// `null`, `""` and, where an empty list means nothing, `[]` (RFC 7592 §2.2).
fn is_absent(name: &str, value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(values) => values.is_empty() && !matches!(name, "grant_types" | "response_types"),
        Value::Bool(_) | Value::Number(_) | Value::Object(_) => false,
    }
}

/// The members of a request that only the server sets, where a request repeats them.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ServerSet {
    /// Must be the client's own in an update.
    pub client_id: Option<String>,
    /// Must be the client's own in an update.
    pub client_secret: Option<String>,
    /// Those of the four members that an update must not carry (RFC 7592 §2.2).
    pub forbidden: Vec<&'static str>,
}

/// The body of a registration or an update.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Submitted {
    /// What the client says about itself.
    pub metadata: ClientMetadata,
    /// What it says the server had said.
    pub server_set: ServerSet,
    /// What its front door keeps beside the metadata from now on.
    pub kept: Map<String, Value>,
    /// What has become of what was sent until now.
    pub changes: Changes,
}

impl Submitted {
    /// Reads a request's body.
    ///
    /// # Errors
    /// Those of [`super::parse_object`] and [`ClientMetadata::from_members`].
    pub fn parse(body: &[u8]) -> Result<Self, Invalid> {
        Self::from_members(super::parse_object(body)?)
    }

    /// Reads the members of a request's body.
    ///
    /// # Errors
    /// Those of [`ClientMetadata::from_members`].
    pub fn from_members(mut members: Map<String, Value>) -> Result<Self, Invalid> {
        let server_set = ServerSet {
            client_id: take_text(&mut members, "client_id")?,
            client_secret: take_text(&mut members, "client_secret")?,
            forbidden: SERVER_SET.into_iter().skip(2).filter(|name| members.remove(*name).is_some()).collect(),
        };
        let mut absent = Map::new();
        members.retain(|name, value| {
            let is_absent = is_absent(name, value);
            if is_absent {
                absent.insert(name.clone(), value.take());
            }
            !is_absent
        });
        let changes = Changes::between(AS_SENT, &absent, &Map::new());
        Ok(Self { metadata: ClientMetadata::from_members(members)?, server_set, kept: Map::new(), changes })
    }

    /// What has become of a registration until now: what only the server sets was not taken from it. In an update that
    /// shows who sends it.
    #[must_use]
    pub fn changes_of_registration(&self) -> Changes {
        let ServerSet { client_id, client_secret, forbidden } = &self.server_set;
        let client_id = client_id.as_deref().map(|client_id| ("client_id", client_id.into()));
        let secrets = client_secret.as_ref().map(|_| "client_secret").into_iter().chain(forbidden.iter().copied());
        self.changes.clone().not_taken(AS_SENT, client_id, &secrets.collect::<Vec<_>>())
    }
}

/// The texts of a list.
///
/// # Errors
/// [`Invalid::WrongType`], of the list or of the element that is none.
pub fn texts(name: &str, value: Value) -> Result<Vec<String>, Invalid> {
    let Value::Array(values) = value else { return Err(Invalid::wrong_type(name, "an array of strings")) };
    let text = |(index, value)| match value {
        Value::String(text) => Ok(text),
        _ => Err(Invalid::wrong_type(&Invalid::element(name, index), "a string")),
    };
    values.into_iter().enumerate().map(text).collect()
}

fn take_text(members: &mut Map<String, Value>, name: &str) -> Result<Option<String>, Invalid> {
    if members.get(name).is_some_and(|value| is_absent(name, value)) {
        members.remove(name);
    }
    Member::take(members, name)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parsed(value: Value) -> Result<ClientMetadata, Invalid> {
        let Value::Object(members) = value else { panic!("not an object") };
        ClientMetadata::from_members(members)
    }

    #[test]
    fn b7_null_and_empty_mean_absent() {
        let metadata = parsed(json!({
            "client_name": "", "client_uri": null, "scope": "", "contacts": [], "client_name#fr": "", "jwks": null,
        }));
        assert_eq!(metadata, Ok(ClientMetadata::default()));
        let kept = parsed(json!({"redirect_uris": [], "grant_types": [], "response_types": []})).unwrap();
        assert_eq!(kept.response_types, Some(vec![]));
        assert_eq!(kept.redirect_uris, None);
        assert_eq!(kept.grant_types, Some(vec![]));
    }

    #[test]
    fn a14_language_tags_are_compared_without_case_and_echoed_as_sent() {
        let sent = json!({"client_name": "My", "client_name#fr": "Mon", "client_name#ja-Jpan-JP": "Kuraianto"});
        assert_eq!(Value::Object(parsed(sent.clone()).unwrap().to_members()), sent);
        let twice = parsed(json!({"client_name#fr": "a", "client_name#FR": "b"}));
        assert!(matches!(twice, Err(Invalid::Duplicate { .. })), "{twice:?}");
    }

    #[test]
    fn languages_are_counted() {
        let metadata =
            parsed(json!({"client_name": "a", "tos_uri#fr": "b", "tos_uri#de": "c", "tos_uri": "d"})).unwrap();
        let several: Vec<_> = metadata.languages().into_iter().filter(|(_, count)| *count > 0).collect();
        assert_eq!(several, [("tos_uri", 2)]);
    }

    #[test]
    fn c12_every_member_has_its_type() {
        for (member, wrong) in [
            ("redirect_uris", json!("https://a.example/cb")),
            ("redirect_uris", json!([1])),
            ("grant_types", json!({"a": 1})),
            ("contacts", json!([null])),
            ("client_name", json!(5)),
            ("client_name#fr", json!(["a"])),
            ("scope", json!(["openid"])),
            ("jwks", json!([])),
            ("jwks", json!("{}")),
            ("default_max_age", json!(-1)),
            ("default_max_age", json!(1.5)),
            ("default_max_age", json!("60")),
            ("require_auth_time", json!("true")),
            ("default_acr_values", json!("a")),
            ("request_uris", json!(7)),
            ("require_signed_request_object", json!(1)),
            ("require_pushed_authorization_requests", json!("false")),
            ("dpop_bound_access_tokens", json!([true])),
            ("tls_client_certificate_bound_access_tokens", json!("yes")),
            ("authorization_details_types", json!("payment")),
            ("software_statement", json!({})),
        ] {
            let result = parsed(json!({member: wrong.clone()}));
            if wrong == json!([]) && member == "jwks" {
                assert!(result.is_ok(), "an empty list is absent");
                continue;
            }
            match result {
                Err(Invalid::WrongType { member: named, .. }) => {
                    let element = if wrong.is_array() && member != "scope" { "[0]" } else { "" };
                    assert!(named == member || named == format!("{member}{element}"), "{named}");
                }
                other => panic!("{member}: {wrong} gave {other:?}"),
            }
        }
    }

    #[test]
    fn what_the_server_sets_is_not_metadata() {
        let metadata = parsed(json!({"client_id": "mine", "client_secret": "s", "registration_access_token": "t"}));
        assert_eq!(metadata, Ok(ClientMetadata::default()));
    }

    #[test]
    fn b8_the_forbidden_members_of_an_update_are_noticed() {
        let submitted = Submitted::parse(br#"{"client_id":"a","client_secret_expires_at":0}"#).unwrap();
        assert_eq!(submitted.server_set.client_id.as_deref(), Some("a"));
        assert_eq!(submitted.server_set.forbidden, ["client_secret_expires_at"]);
    }
}
