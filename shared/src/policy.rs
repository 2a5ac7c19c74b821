//! What one service permits, defaults and refuses: plain data, applied before [`crate::metadata::verify`].

mod apply;
mod audit;
mod bounds;
mod called_urls;
mod conduct;
mod metadata_documents;
mod names;
mod presets;
mod unused;
mod written;

use std::borrow::Cow;

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

pub(crate) use audit::sender;
pub use audit::{Addresses, Audit};
pub use bounds::LONGEST_OVERLAP;
pub use called_urls::CalledUrls;
pub(crate) use called_urls::is_public_host;
pub use conduct::{Conduct, Flag};
pub use metadata_documents::{MetadataDocuments, MetadataDocumentsFault, SameOrigin, Trust, TrustRule};
pub use names::Names;
pub use presets::Preset;
pub use unused::Unused;
pub use written::{ValueFault, WrittenFault};

use crate::metadata::{AuthMethod, GrantType, ResponseType, SERVER_SET, Scope, VerifiedMetadata};
use crate::time::DAY;
use crate::trusted_issuer::{IssuerKeys, TrustedIssuer};

/// The front doors that there are, by the names under which policies open them.
pub const DOORS: [&str; 6] = ["oauth", "authlete", "identity_center", "federation", "stet", METADATA_DOCUMENT];

/// The door of clients that name themselves by the URL of a metadata document.
pub const METADATA_DOCUMENT: &str = "metadata_document";

/// The policy of one service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in a policy")]
pub struct Policy {
    /// The front doors that are open, by their names.
    pub doors: Vec<String>,
    /// Whether clients may register themselves at all; what operators do is not affected.
    #[serde(default = "yes")]
    pub dynamic_registration: bool,
    /// Who may register.
    pub registration: Registration,
    /// Grant types offered. One that is not is dropped or refused.
    pub grant_types: Offer<GrantType>,
    /// Response types offered.
    pub response_types: Offer<ResponseType>,
    /// Authentication methods offered. One that is not offered is replaced by the default (the first of `default`) or
    /// refused.
    pub token_endpoint_auth_methods: Offer<AuthMethod>,
    /// Scopes offered.
    pub scopes: Scopes,
    /// What happens to values of other members that the authorization server's metadata does not announce: `drop`
    /// registers the first announced one that the client can use.
    #[serde(default)]
    pub unannounced: Unoffered,
    /// What clients may be called.
    #[serde(default)]
    pub names: Names,
    /// Redirect URIs beyond what the RFCs say.
    pub redirect_uris: RedirectUris,
    /// Where the URLs may lead that servers call by themselves: keys, request objects, logout and notifications.
    #[serde(default)]
    pub called_urls: CalledUrls,
    /// Members that no specification defines and this service keeps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub custom_members: Vec<String>,
    /// Whether the `scope` that a client registers is all that it may request later.
    #[serde(default)]
    pub scope_is_requestable: bool,
    /// Whether a `software_id` may be registered once only, counted from when this was switched on.
    #[serde(default)]
    pub software_id_once: bool,
    /// How many clients one developer may have; absent is any number. Clients that registered themselves share
    /// one developer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients_per_developer: Option<u64>,
    /// How many clients the service may have, where the oldest that nobody vouches for and nobody has used make room;
    /// absent is any number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients_per_service: Option<u64>,
    /// What is kept of changes and refusals.
    #[serde(default)]
    pub audit: Audit,
    /// What an error says beside its code.
    #[serde(default)]
    pub errors: ErrorMembers,
    /// Bounds of counts and lengths.
    pub limits: Limits,
    /// Seconds until a client secret expires; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_lifetime: Option<u64>,
    /// For how many seconds a client secret that is replaced works beside the new one; 0 is not at all.
    #[serde(default)]
    pub secret_overlap: u64,
    /// Seconds until a registration ends; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_lifetime: Option<u64>,
    /// When clients end that nobody uses.
    #[serde(default)]
    pub unused: Unused,
    /// Whether the same registration again gets the same client, where it is public and nobody's in particular.
    #[serde(default)]
    pub merge_identical: bool,
    /// Whether operators approve what registers itself before it may be used.
    #[serde(default)]
    pub approval: Approval,
    /// For how many seconds it waits for that, until it ends.
    #[serde(default = "approval_within")]
    pub approval_within: u64,
    /// When a registration access token is replaced.
    pub token_rotation: Rotation,
    /// Software statements (RFC 7591 §2.3).
    pub software_statements: SoftwareStatements,
    /// Clients that name themselves by the URL of a metadata document.
    #[serde(default)]
    pub metadata_documents: MetadataDocuments,
    /// For how many seconds an authorization server may use again what it has looked up (`Cache-Control: max-age`).
    #[serde(default = "lookup_max_age")]
    pub lookup_max_age: u64,
    /// Whether a client that an authorization server looks up counts as used.
    #[serde(default)]
    pub lookup_is_use: bool,
    /// Whether a locked client is refused to an authorization server that looks it up, and not shown as locked.
    #[serde(default)]
    pub lookup_refuses_locked: bool,
}

/// What an error says beside its code (RFC 6749 §5.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorMembers {
    /// Whether there is an `error_description`.
    pub description: bool,
    /// Whether there is an `error_uri`: the section of the specification that defines the code.
    pub uri: bool,
}

impl Default for ErrorMembers {
    fn default() -> Self {
        Self { description: true, uri: false }
    }
}

fn yes() -> bool {
    true
}

fn lookup_max_age() -> u64 {
    60
}

/// Two weeks.
fn approval_within() -> u64 {
    14 * DAY
}

/// Whether operators approve what registers itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approval {
    /// What is registered may be used.
    #[default]
    None,
    /// It waits for an operator, and so does what a registrant changes.
    Required,
}

/// Who may register.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Registration {
    /// Anyone (RFC 7591 §1.1 "open").
    Open,
    /// Whoever has an initial access token (RFC 7591 §1.1 "protected").
    InitialAccessToken,
}

/// What happens to a value that is not offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unoffered {
    /// It is dropped or replaced, and the answer shows what was registered.
    #[default]
    Drop,
    /// The registration is refused.
    Refuse,
}

/// The values of one vocabulary that a service offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer<T> {
    /// What a client may have.
    pub offered: Vec<T>,
    /// What it gets if it does not ask; empty is the RFC's default.
    #[serde(default = "Vec::new", skip_serializing_if = "Vec::is_empty")]
    pub default: Vec<T>,
    /// What happens to other values.
    pub unoffered: Unoffered,
}

/// The scopes that a service offers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scopes {
    /// What a client may have; absent is any scope.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offered: Option<Scope>,
    /// What it gets if it does not ask; absent is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default: Option<Scope>,
    /// What happens to other scopes.
    pub unoffered: Unoffered,
}

/// Redirect URIs beyond what the RFCs say.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectUris {
    /// Who may have private-use schemes (RFC 8252 §7.1).
    pub private_use_schemes: PrivateUseSchemes,
    /// Whether such a scheme must be a reversed domain name, `com.example.app` (RFC 8252 §7.1).
    pub reverse_domain_schemes: bool,
    /// Whether `http` on the loopback interface is accepted (RFC 8252 §7.3).
    pub loopback: bool,
    /// The hosts that `https` redirects may have; one that begins with a dot stands for all below it. Empty
    /// is any.
    #[serde(default, skip_serializing_if = "Vec::is_empty", deserialize_with = "some_hosts")]
    pub hosts: Vec<String>,
    /// Whether a client whose redirect URIs only a native application can have is registered as one, though
    /// it said `web` or nothing.
    pub infer_native: bool,
    /// What is done where `client_uri`, `logo_uri`, `tos_uri` or `policy_uri` is not of the site of each `https` redirect
    /// URI of the client: on its host, above or below it (RFC 7591 §5). A native client, whose pages are its vendor's, is flagged in place of refused, and one
    /// without such redirects is not asked.
    #[serde(deserialize_with = "Conduct::or_switch")]
    pub pages_share_host: Conduct,
    /// What is done about redirects to addresses and names of private networks, but for the loopback interface.
    #[serde(default)]
    pub private_hosts: Conduct,
    /// Hosts to which many users of few programs are sent, as those of large assistants: who registers with redirects there,
    /// and nowhere else, has a larger allowance at its address.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known_hosts: Vec<String>,
    /// Hosts on which developers try their clients: redirects there may have `http`, and are no others' networks. One that
    /// begins with a dot stands for all below it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub development_hosts: Vec<String>,
}

/// Who may have private-use URI schemes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PrivateUseSchemes {
    /// Every client.
    Accept,
    /// Clients with `token_endpoint_auth_method` `none`.
    PublicClients,
    /// Nobody.
    Refuse,
}

/// Bounds of counts and lengths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    /// How many redirect URIs a client may have.
    pub redirect_uris: usize,
    /// How many values any other list may have.
    pub list_items: usize,
    /// How long a text may be, in bytes (a software statement is bound by the body alone).
    pub text_bytes: usize,
}

/// When a registration access token is replaced (RFC 7592 §2.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// Never.
    Off,
    /// By every update.
    OnUpdate,
    /// By the first use of the token that an update has answered: until then the old one works, too.
    Grace,
}

/// Which software statements a service trusts.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct SoftwareStatements {
    /// Whether a registration needs one.
    pub required: bool,
    /// Who may issue them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub issuers: Vec<TrustedIssuer>,
    /// How many seconds old (`iat`) one may be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_age: Option<u64>,
}

/// What an initial access token lets its bearer ask for; it is copied to the client and holds for every
/// update.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct BoundPolicy {
    /// At most these scopes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scope>,
    /// At most these grant types.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grant_types: Option<Vec<GrantType>>,
}

impl BoundPolicy {
    /// The same for a client to which an operator has given that: it may send it again.
    pub(crate) fn widened_by(&mut self, metadata: &VerifiedMetadata) {
        if let Some(given) = metadata.scope() {
            self.scope = self.scope.take().map(|bound| bound.and(given));
        }
        if let Some(bound) = &mut self.grant_types {
            let given = metadata.grant_types().iter().filter(|grant| !bound.contains(grant)).copied();
            let given: Vec<GrantType> = given.collect();
            bound.extend(given);
        }
    }
}

/// A policy that contradicts itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// A front door that there is not.
    #[error("policy: doors: there is no door {0:?}; there are {all}", all = DOORS.join(", "))]
    UnknownDoor(String),
    /// Names that are none, or too many of them.
    #[error("policy: names: reserved has at most 200 names of at most 200 bytes, each with a letter or a digit")]
    ReservedNames,
    /// A host that is none.
    #[error("policy: redirect_uris: {0}: {1:?} is no host in lower case: app.example, .example, 10.0.0.1")]
    Host(&'static str, String),
    /// Keys of an issuer that cannot be fetched.
    #[error("policy: software_statements: issuers: jwks_uri {0:?} is not an https URL")]
    IssuerKeys(String),
    /// A software statement has to be there, and whoever signs it is approved of by nobody.
    #[error("policy: software_statements: required without an issuer in issuers: no registration could succeed")]
    NoIssuer,
    /// A list that must not be empty.
    #[error("policy: {0}.offered is empty")]
    NothingOffered(&'static str),
    /// A default is not offered.
    #[error("policy: {0}.default: {1:?} is not among those that {0} offers")]
    DefaultNotOffered(&'static str, String),
    /// What a client has that asks for nothing is not offered, and nothing else is named in its place.
    #[error(
        "policy: {0} does not offer {1:?}, which a client has that asks for none (RFC 7591): say another in {0}.default"
    )]
    UsualNotOffered(&'static str, &'static str),
    /// A response type whose grant type is missing.
    #[error("policy: response_types offers {0:?} but grant_types lacks its grant")]
    ResponseWithoutGrant(&'static str),
    /// A grant type whose response type is missing.
    #[error("policy: grant_types offers {0:?} but response_types lacks its response type")]
    GrantWithoutResponse(&'static str),
    /// A custom member that has a meaning already.
    #[error("policy: custom_members: {0:?} is set by the server")]
    ServerSet(String),
    /// A custom member whose name is none.
    #[error("policy: custom_members: {0:?} is no name of a member: it is empty, or has characters that nobody sees")]
    NoMember(String),
    /// What it says of metadata documents.
    #[error("policy: {0}")]
    MetadataDocuments(#[from] MetadataDocumentsFault),
}

impl Policy {
    /// Whether the front door of that name is open.
    #[must_use]
    pub fn opens(&self, door: &str) -> bool {
        self.doors.iter().any(|open| open == door)
    }

    /// Until when a client waits for approval that registers at that time, in seconds since 1970; none if it need not.
    #[must_use]
    pub fn end_of_pending(&self, now: u64) -> Option<u64> {
        (self.approval == Approval::Required).then(|| now.saturating_add(self.approval_within))
    }

    /// The same policy for a client whose names somebody vouches for.
    pub(crate) fn with_names_vouched(&self) -> Cow<'_, Self> {
        if self.names.reserved.is_empty() {
            return Cow::Borrowed(self);
        }
        Cow::Owned(Self { names: self.names.vouched(), ..self.clone() })
    }

    /// The first door of the policy that there is not.
    #[must_use]
    pub fn unknown_door(&self) -> Option<&str> {
        self.doors.iter().map(String::as_str).find(|door| !DOORS.contains(door))
    }

    /// Checks that the policy does not contradict itself.
    ///
    /// # Errors
    /// The first [`PolicyFault`].
    pub fn check(&self) -> Result<(), PolicyFault> {
        if !self.names.is_within_bounds() {
            return Err(PolicyFault::ReservedNames);
        }
        let RedirectUris { hosts, development_hosts, known_hosts, .. } = &self.redirect_uris;
        let lists = [("hosts", hosts), ("development_hosts", development_hosts), ("known_hosts", known_hosts)];
        for (member, hosts) in lists {
            if let Some(host) = hosts.iter().find(|host| !is_host_pattern(host)) {
                return Err(PolicyFault::Host(member, host.clone()));
            }
        }
        if let Some(door) = self.unknown_door() {
            return Err(PolicyFault::UnknownDoor(door.to_owned()));
        }
        if self.software_statements.required && self.software_statements.issuers.is_empty() {
            return Err(PolicyFault::NoIssuer);
        }
        let mut issuers = self.software_statements.issuers.iter().map(|issuer| &issuer.keys);
        if let Some(IssuerKeys::Remote { jwks_uri }) = issuers.find(|keys| !keys.can_be_had()) {
            return Err(PolicyFault::IssuerKeys(jwks_uri.clone()));
        }
        coherent("grant_types", &self.grant_types, GrantType::AuthorizationCode, GrantType::as_str)?;
        let methods = &self.token_endpoint_auth_methods;
        coherent("token_endpoint_auth_methods", methods, AuthMethod::ClientSecretBasic, AuthMethod::as_str)?;
        let Offer { offered, default, .. } = &self.response_types;
        if let Some(response) = default.iter().find(|response| !offered.contains(response)) {
            return Err(PolicyFault::DefaultNotOffered("response_types", response.as_str().to_owned()));
        }
        for response in offered {
            if response.grant_types().iter().any(|grant| !self.grant_types.offered.contains(grant)) {
                return Err(PolicyFault::ResponseWithoutGrant(response.as_str()));
            }
        }
        for grant in self.grant_types.offered.iter().filter(|grant| grant.redirects()) {
            if !self.response_types.offered.iter().any(|response| response.grant_types().contains(grant)) {
                return Err(PolicyFault::GrantWithoutResponse(grant.as_str()));
            }
        }
        if let (Some(offered), Some(default)) = (&self.scopes.offered, &self.scopes.default)
            && let Some(token) = default.tokens().find(|token| !offered.contains(token))
        {
            return Err(PolicyFault::DefaultNotOffered("scopes", token.to_owned()));
        }
        self.metadata_documents.check()?;
        match self.custom_members.iter().find(|member| SERVER_SET.contains(&member.as_str())) {
            Some(member) => Err(PolicyFault::ServerSet(member.clone())),
            None => Ok(()),
        }
    }
}

/// Hosts, where none at all would be written as if it were none, and stand for any.
fn some_hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let hosts = Vec::deserialize(deserializer)?;
    if hosts.is_empty() {
        return Err(D::Error::custom("must have a host; leave it out where any host is well"));
    }
    Ok(hosts)
}

/// Whether a host, or a dot and one, is written as [`crate::metadata::RedirectUri::host`] has it.
fn is_host_pattern(pattern: &str) -> bool {
    let host = pattern.strip_prefix('.').unwrap_or(pattern);
    let parsed = url::Host::parse(host).map(|host| host.to_string());
    parsed.is_ok_and(|parsed| parsed == host) && !host.ends_with('.') && !host.contains('*')
}

/// Whether a host is one of those; one that begins with a dot stands for all below it.
pub(crate) fn is_among(hosts: &[String], host: &str) -> bool {
    let is_it = |pattern: &String| {
        host.eq_ignore_ascii_case(pattern) || (pattern.starts_with('.') && host.ends_with(pattern.as_str()))
    };
    hosts.iter().any(is_it)
}

fn coherent<T: PartialEq + Copy>(
    member: &'static str,
    Offer { offered, default, .. }: &Offer<T>,
    usual: T,
    name: fn(T) -> &'static str,
) -> Result<(), PolicyFault> {
    if offered.is_empty() {
        return Err(PolicyFault::NothingOffered(member));
    }
    if default.is_empty() && !offered.contains(&usual) {
        return Err(PolicyFault::UsualNotOffered(member, name(usual)));
    }
    match default.iter().find(|value| !offered.contains(value)) {
        Some(value) => Err(PolicyFault::DefaultNotOffered(member, name(*value).to_owned())),
        None => Ok(()),
    }
}
