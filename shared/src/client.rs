//! A registered client: as stored, and as answered.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::claim_kind::ClaimKind;
use crate::credentials::{ClientSecret, Token, TokenHash};
use crate::metadata::{AuthMethod, Change, Changes, VerifiedMetadata};
use crate::policy::{BoundPolicy, METADATA_DOCUMENT, Policy, Trust, Unused};
use crate::time::{DAY, end_of_day};

/// How long a client has to be used before it makes room, in milliseconds: ten minutes.
pub(crate) const MILLIS_TO_BE_USED: u64 = 10 * 60 * 1000;

/// How a client came to be registered. It never changes, and it decides who may do what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// RFC 7591.
    Oauth,
    /// An operator, on its registrant's behalf and by the policy.
    Operator,
    /// Authlete's registration API.
    AuthleteRegistration,
    /// An operator, by Authlete's management API.
    AuthleteCreate,
    /// OpenID Federation, explicit registration.
    FederationExplicit,
    /// OpenID Federation, automatic registration.
    FederationAutomatic,
    /// STET PSD2.
    Stet,
    /// Identity Center's RegisterClient.
    IdentityCenter,
    /// A client ID metadata document.
    MetadataDocument,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Oauth,
        Self::Operator,
        Self::AuthleteRegistration,
        Self::AuthleteCreate,
        Self::FederationExplicit,
        Self::FederationAutomatic,
        Self::Stet,
        Self::IdentityCenter,
        Self::MetadataDocument,
    ];

    /// The one that is stored under that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == name)
    }

    /// The name under which it is stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Oauth => "oauth",
            Self::Operator => "operator",
            Self::AuthleteRegistration => "authlete_registration",
            Self::AuthleteCreate => "authlete_create",
            Self::FederationExplicit => "federation_explicit",
            Self::FederationAutomatic => "federation_automatic",
            Self::Stet => "stet",
            Self::IdentityCenter => "identity_center",
            Self::MetadataDocument => "metadata_document",
        }
    }

    /// What comes by itself at the door of that name, if there is one.
    #[must_use]
    pub fn of_door(door: &str) -> Option<Self> {
        Some(match door {
            "oauth" => Self::Oauth,
            "authlete" => Self::AuthleteRegistration,
            "identity_center" => Self::IdentityCenter,
            "federation" => Self::FederationExplicit,
            "stet" => Self::Stet,
            METADATA_DOCUMENT => Self::MetadataDocument,
            _ => return None,
        })
    }

    /// Whether operators may change what such a client registered; where others vouch for it, they may not.
    #[must_use]
    pub const fn is_operators_to_change(self) -> bool {
        matches!(
            self,
            Self::Oauth | Self::Operator | Self::AuthleteRegistration | Self::AuthleteCreate | Self::IdentityCenter
        )
    }

    /// Whether an operator has made such a client: it stays, whatever is done to it, until an operator ends it.
    #[must_use]
    pub const fn is_operators_own(self) -> bool {
        matches!(self, Self::Operator | Self::AuthleteCreate)
    }

    /// The members that its protocol adds to client metadata: they are kept whatever a policy says of custom ones.
    #[must_use]
    pub const fn own_members(self) -> &'static [&'static str] {
        match self {
            Self::Stet => &["provider_legal_id", "client_legal_id", "contact", "context", "logo"],
            Self::Oauth
            | Self::Operator
            | Self::AuthleteRegistration
            | Self::AuthleteCreate
            | Self::FederationExplicit
            | Self::FederationAutomatic
            | Self::IdentityCenter
            | Self::MetadataDocument => &[],
        }
    }

    /// Whether such a client comes by itself, and nobody vouches for it but itself and what it has been given.
    #[must_use]
    pub const fn is_self_registered(self) -> bool {
        matches!(self, Self::Oauth | Self::AuthleteRegistration | Self::Stet | Self::IdentityCenter)
    }

    /// Whether such a client ends if nobody uses it: operators' own stay, registrations that have been told their end have
    /// that one, and the copy of a metadata document has a life of its own.
    #[must_use]
    pub const fn ends_unused(self) -> bool {
        matches!(self, Self::Oauth | Self::AuthleteRegistration | Self::Stet)
    }

    /// Whether a chain of trust vouches for such a client.
    #[must_use]
    pub const fn is_federated(self) -> bool {
        matches!(self, Self::FederationExplicit | Self::FederationAutomatic)
    }

    /// Whether the identifier of such a client is a name of its own, and not one that was minted here.
    #[must_use]
    pub const fn is_named_by_itself(self) -> bool {
        matches!(self, Self::FederationExplicit | Self::FederationAutomatic | Self::MetadataDocument)
    }

    /// Whether the identifiers of such clients are numbers, as Authlete's are.
    #[must_use]
    pub const fn has_decimal_ids(self) -> bool {
        matches!(self, Self::AuthleteRegistration | Self::AuthleteCreate)
    }

    /// Whether the registrant manages such a client with a registration access token (RFC 7592).
    #[must_use]
    pub const fn is_self_managed(self) -> bool {
        matches!(self, Self::Oauth | Self::Operator | Self::AuthleteRegistration)
    }

    /// Whether the registrant changes such a client, and not somebody who vouches for it.
    #[must_use]
    pub const fn is_registrants_to_change(self) -> bool {
        self.is_self_managed() || matches!(self, Self::Stet)
    }
}

/// Whether a client can keep a secret (RFC 6749 §2.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClientType {
    /// It cannot.
    Public,
    /// It can.
    Confidential,
}

/// A client, as stored.
#[derive(Clone, PartialEq)]
pub struct RegisteredClient {
    /// The service it belongs to.
    pub service_id: u64,
    /// Its identifier.
    pub client_id: String,
    /// The number under which it is stored, from 1 to 2^53−1.
    pub numeric_id: u64,
    /// How it came to be registered.
    pub source: Source,
    /// Whether an operator has blocked it.
    pub locked: bool,
    /// What was registered.
    pub record: ClientRecord,
    /// Its secret, if it needs one.
    pub secret: Option<SealedSecret>,
    /// What its secret is compared with where it is not opened: see [`crate::credentials::ClientSecret::mac`].
    pub secret_mac: Option<[u8; 32]>,
    /// The secret that it had before, which is good until an end.
    pub previous_secret: Option<PreviousSecret>,
    /// Tokens that were issued up to then are dead, in milliseconds since 1970.
    pub tokens_from: Option<u64>,
    /// What users had let a client have until then was an earlier one's of that name, in milliseconds since 1970.
    pub begun: Option<u64>,
    /// The digest of the token that manages it, if it is managed by one.
    pub registration_access_token: Option<TokenHash>,
    /// That of the one that takes its place as soon as it is used.
    pub next_registration_access_token: Option<TokenHash>,
    /// When the registration ends by itself, in seconds since 1970.
    pub expires_at: Option<u64>,
    /// When it ends if nobody uses the client until then, in seconds since 1970.
    pub unused_until: Option<u64>,
    /// Where it has no such end: it gets none that is earlier than this, since it has been given what works until then, in
    /// seconds since 1970.
    pub given_until: Option<u64>,
    /// When it was registered again, by another copy of its program, as far as that is noted, in milliseconds since 1970.
    pub registered_again_at: Option<u64>,
    /// Until when operators have time to approve it, in seconds since 1970; none if there is nothing to approve. One that
    /// stays waits longer: see [`waits_until`](Self::waits_until).
    pub pending_until: Option<u64>,
    /// Whether an operator wants it to stay though nobody uses it, or approves it.
    pub retained: bool,
    /// The last day of which it is known that it was used, `yyyy-mm-dd` in UTC.
    pub used: Option<String>,
    /// Whether nothing speaks for its uses but that somebody registered it again, or had it looked up: anybody can.
    pub unconfirmed: bool,
    /// Counts the changes, from 1.
    pub version: u64,
}

impl RegisteredClient {
    /// A client of that record, without a name, a secret or a token yet.
    #[must_use]
    pub fn new(service_id: u64, source: Source, record: ClientRecord) -> Self {
        Self {
            service_id,
            client_id: String::new(),
            numeric_id: 0,
            source,
            locked: false,
            record,
            secret: None,
            secret_mac: None,
            previous_secret: None,
            tokens_from: None,
            begun: None,
            registration_access_token: None,
            next_registration_access_token: None,
            expires_at: None,
            unused_until: None,
            given_until: None,
            registered_again_at: None,
            pending_until: None,
            retained: false,
            used: None,
            unconfirmed: false,
            version: 1,
        }
    }

    /// When it ends, for one reason or the other, in seconds since 1970; a locked one waits for its operator.
    #[must_use]
    pub fn ends_at(&self) -> Option<u64> {
        let unused = self.unused_until.filter(|_| !self.stays());
        let ends = self.expires_at.into_iter().chain(unused).chain(self.waits_until());
        ends.min().filter(|_| !self.locked)
    }

    /// Whether it has ended at that time, in seconds since 1970.
    #[must_use]
    pub fn has_ended(&self, now: u64) -> bool {
        self.ends_at().is_some_and(|end| end <= now)
    }

    /// Whether an operator wants it to stay, though nobody uses it, and though nobody approves it: it waits for that without
    /// an end.
    fn stays(&self) -> bool {
        self.retained || self.source.is_operators_own()
    }

    /// When it ends if it is not approved until then, in seconds since 1970.
    #[must_use]
    pub fn waits_until(&self) -> Option<u64> {
        self.pending_until.filter(|_| !self.stays())
    }

    /// Whether it may be deleted for not being used: of those that end so, no operator has locked it or wants it to stay.
    #[must_use]
    pub fn may_be_pruned(&self) -> bool {
        self.source.ends_unused() && !self.retained && !self.locked
    }

    /// Whether it may be let go where a service has too many: it came with nothing, nobody is known to use it, no operator
    /// has decided about it, and none is asked to. Who waits for approval cannot be used, and has until then.
    #[must_use]
    pub fn makes_room(&self) -> bool {
        let is_used = self.used.is_some() && !self.unconfirmed;
        self.record.anonymous && !is_used && !self.retained && !self.is_held()
    }

    /// Whether whoever was told last that it is registered has had time to use it, at that time in milliseconds since 1970.
    pub(crate) fn has_had_time(&self, now_millis: u64) -> bool {
        match self.registered_again_at {
            // It is noted once in that time.
            Some(again) => now_millis.saturating_sub(again) >= 2 * MILLIS_TO_BE_USED,
            None => now_millis.saturating_sub(self.record.issued_at_millis) >= MILLIS_TO_BE_USED,
        }
    }

    /// Nothing that one of that name had before this moment, in milliseconds since 1970, is this one's.
    pub(crate) fn begin(&mut self, now_millis: u64) {
        // Within a moment it may be given something.
        self.begun = Some(now_millis.saturating_sub(1));
        self.tokens_from = self.tokens_from.max(self.begun);
    }

    /// Whether no use of it is known that was later than that, and it is older, in seconds since 1970; a use is known by its
    /// day, and may have been at the end of that.
    #[must_use]
    pub fn is_unused_since(&self, since: u64) -> bool {
        let used = self.used.as_deref().and_then(end_of_day);
        self.record.issued_at_millis / 1000 <= since && used.is_none_or(|end| end <= since)
    }

    /// The secret that it had before, if that still works at that time, in seconds since 1970.
    #[must_use]
    pub fn previous_secret_at(&self, now: u64) -> Option<&PreviousSecret> {
        self.previous_secret.as_ref().filter(|previous| previous.until > now)
    }

    /// Whether it must not be used now: an operator has locked it, or has not approved it yet.
    #[must_use]
    pub fn is_held(&self) -> bool {
        self.locked || self.pending_until.is_some()
    }

    /// Whether a use moves its end.
    #[must_use]
    pub fn lives_by_use(&self, unused: Unused) -> bool {
        self.unused_until.is_some() || self.source.ends_unused() && unused.since.is_some()
    }

    /// Whether it does not end before that for not being used, nor would by another policy, in seconds since 1970.
    pub(crate) fn is_kept_until(&self, until: u64) -> bool {
        until == 0 || !self.source.ends_unused() || self.kept_until() >= until
    }

    /// Until when that is known, in seconds since 1970.
    pub(crate) fn kept_until(&self) -> u64 {
        self.unused_until.or(self.given_until).unwrap_or_default()
    }

    /// It is used on that day, at that time, and has been given what works until `has_until`, in seconds since 1970. What
    /// `anybody` can cause takes back nothing of what is known.
    pub(crate) fn note_use(&mut self, unused: Unused, (day, now): (&str, u64), anybody: bool, has_until: u64) {
        self.unconfirmed = anybody && (self.used.is_none() || self.unconfirmed);
        self.used = self.used.take().max(Some(day.to_owned()));
        // Within one day a use moves nothing.
        let given = if has_until > 0 { has_until.saturating_add(DAY) } else { 0 };
        self.end_unused(unused.end_of_used(now), given);
    }

    /// If nobody uses it from now on, it ends at that time, and no earlier than it would have, nor than what it has been given.
    pub(crate) fn end_unused(&mut self, end: Option<u64>, given_until: u64) {
        let least = self.kept_until().max(given_until);
        (self.unused_until, self.given_until) = match end {
            _ if !self.source.ends_unused() => (None, None),
            Some(end) => (Some(end.max(least)), None),
            None => (None, Some(least).filter(|least| *least > 0)),
        };
    }

    /// As it is when it is registered again at that time, in milliseconds since 1970, if that is more than is noted: it lives
    /// on, and what is begun by a registration begins anew.
    pub(crate) fn registered_again(&self, policy: &Policy, (day, now_millis): (&str, u64)) -> Option<Self> {
        let now = now_millis / 1000;
        let is_used = self.used.as_deref().is_some_and(|known| known >= day);
        let expires_at = self.expires_at.and_then(|end| begun_anew(end, policy.client_lifetime, now));
        let pending_until = self.pending_until.and_then(|end| begun_anew(end, Some(policy.approval_within), now));
        let has_time = |again: u64| now_millis.saturating_sub(again) < MILLIS_TO_BE_USED;
        let makes_room = policy.clients_per_service.is_some() && self.makes_room();
        let stays = !makes_room || self.registered_again_at.is_some_and(has_time);
        let is_noted = is_used && stays && (expires_at, pending_until) == (self.expires_at, self.pending_until);
        if is_noted || now_millis <= self.record.issued_at_millis {
            return None;
        }
        let mut next = Self { expires_at, pending_until, registered_again_at: Some(now_millis), ..self.clone() };
        if !is_used {
            next.note_use(policy.unused, (day, now), true, 0);
        }
        Some(next)
    }

    /// Whom an operator has just decided about has time: to be used, and where the time is over in which it could be approved,
    /// for that. At that time, in seconds since 1970.
    pub(crate) fn live_anew(&mut self, policy: &Policy, now: u64) {
        let unused = policy.unused;
        self.end_unused(if self.used.is_some() { unused.end_of_used(now) } else { unused.end_of_new(now) }, 0);
        let anew = now.saturating_add(policy.approval_within);
        self.pending_until = self.pending_until.map(|end| if end > now { end } else { anew });
    }

    /// What its registrant sent last, in a registration or an update. Secrets and long values are not kept: there is a
    /// sentence in their place.
    #[must_use]
    pub fn sent(&self) -> Map<String, Value> {
        self.record.changes.sent(self.record.metadata.to_members())
    }

    /// What the rules have made of that, and operators since.
    #[must_use]
    pub fn changes(&self) -> Vec<Change> {
        self.record.changes.told(self.record.metadata.to_members())
    }

    /// Whether all who register the same share it, so that none of them manages it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        self.source.is_self_managed() && self.registration_access_token.is_none()
    }

    /// What the client has of a kind that only one client may have.
    #[must_use]
    pub fn claim(&self, kind: ClaimKind) -> Option<&str> {
        match kind {
            ClaimKind::Alias if self.source.is_named_by_itself() => Some(&self.client_id),
            ClaimKind::Alias => self.record.settings.alias.as_deref(),
            ClaimKind::SoftwareId => self.record.metadata.rest().software_id.as_deref(),
        }
    }

    /// Whose client it is. Clients that registered themselves share one developer, under the name that Authlete
    /// gives it.
    #[must_use]
    pub fn developer(&self) -> Cow<'_, str> {
        match &self.record.settings.developer {
            Some(developer) => developer.into(),
            None => format!("authlete_{}", self.service_id).into(),
        }
    }
}

/// The end of what lasts so many seconds, absent is for ever, if it begins anew: no earlier than it was, and as it was while
/// less than a tenth of that is over, and less than a day.
fn begun_anew(end: u64, lasts: Option<u64>, now: u64) -> Option<u64> {
    let lasts = lasts?;
    let (anew, over) = (now.saturating_add(lasts), (lasts / 10).min(DAY));
    Some(if anew > end.saturating_add(over) { anew } else { end })
}

/// The part of a client that no condition of a request looks into.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClientRecord {
    /// The client metadata.
    pub metadata: VerifiedMetadata,
    /// What has become of what its registrant sent last: the metadata are that. A client that came as it is has none.
    #[serde(default, skip_serializing_if = "Changes::is_empty")]
    pub changes: Changes,
    /// Whether it can keep a secret.
    pub client_type: ClientType,
    /// When it was registered, in milliseconds since 1970.
    pub issued_at_millis: u64,
    /// When it was changed last, in milliseconds since 1970.
    #[serde(default)]
    pub modified_at_millis: u64,
    /// When its secret expires, in seconds since 1970; 0 is never.
    #[serde(default)]
    pub secret_expires_at: u64,
    /// Whose software statement it was registered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub software: Option<SoftwareIdentity>,
    /// The trust chain it was registered with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trust_chain: Option<ClientTrustChain>,
    /// The metadata document that it is read from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata_document: Option<ClientDocument>,
    /// Whether it came with nothing that anybody had given it: no token, statement, certificate or chain.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Whether an operator has made it, in items that were written before that was a source of its own.
    #[serde(default, skip_serializing)]
    pub made_by_operator: bool,
    /// What its initial access token allowed.
    #[serde(default)]
    pub bound: BoundPolicy,
    /// What operators decided about it.
    #[serde(default)]
    pub settings: OperatorSettings,
}

impl ClientRecord {
    /// Of a client that was registered at that time, in milliseconds since 1970.
    #[must_use]
    pub fn new(metadata: VerifiedMetadata, client_type: ClientType, issued_at_millis: u64) -> Self {
        Self {
            metadata,
            changes: Changes::default(),
            client_type,
            issued_at_millis,
            modified_at_millis: issued_at_millis,
            secret_expires_at: 0,
            software: None,
            trust_chain: None,
            metadata_document: None,
            anonymous: false,
            made_by_operator: false,
            bound: BoundPolicy::default(),
            settings: OperatorSettings::default(),
        }
    }
}

/// What operators decide about a client: its registrant neither sees nor changes it.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct OperatorSettings {
    /// A second name under which operators find the client, unique within its service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alias: Option<String>,
    /// Whose client it is; absent for clients that registered themselves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub developer: Option<String>,
    /// The scopes that it may request; absent is all of the service's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requestable_scopes: Option<Vec<String>>,
    /// Whether they vouch for its names.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub vouched: bool,
    /// What a front door keeps here for operators; only that door reads it.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub others: Map<String, Value>,
}

/// The metadata document of a client that names itself by its URL.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientDocument {
    /// When it was read first, in milliseconds since 1970.
    pub first_seen_millis: u64,
    /// When it said something new last, in milliseconds since 1970.
    pub changed_at_millis: u64,
    /// The members that it has said anew since it was read first, and when, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, u64>,
    /// When it was fetched last, in milliseconds since 1970.
    pub fetched_at_millis: u64,
    /// Until when it is fresh, in seconds since 1970.
    pub fresh_until: u64,
    /// How old the copy is that was read.
    pub copy: DocumentCopy,
    /// What the service thinks of the URL.
    pub trust: Trust,
    /// The pattern that says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trusted_by: Option<String>,
    /// All methods by which it may authenticate, where it lists several.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<AuthMethod>,
}

/// How old a copy of a metadata document is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentCopy {
    /// It is fresh.
    Fresh,
    /// It was kept and is not fresh any more, but its host cannot be asked.
    Stale,
    /// It was kept, and nobody asked how fresh it is.
    Kept,
}

impl DocumentCopy {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fresh => "fresh",
            Self::Stale => "stale",
            Self::Kept => "kept",
        }
    }
}

/// The trust chain of a client that was registered with one (OpenID Federation §12).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientTrustChain {
    /// The entity identifier of the trust anchor.
    pub trust_anchor: String,
    /// The entity statements, the client's own first.
    pub statements: Vec<String>,
    /// When it expires, in seconds since 1970.
    pub expires_at: u64,
    /// When it was validated, in milliseconds since 1970.
    pub resolved_at_millis: u64,
    /// When the last accepted request for an explicit registration was made, in milliseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_issued_at_millis: Option<u64>,
}

/// What must stay the same in the software statements of one client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SoftwareIdentity {
    /// `iss`.
    pub issuer: String,
    /// `software_id`.
    pub software_id: Option<String>,
}

/// A client secret at rest.
#[derive(Clone, PartialEq)]
pub struct SealedSecret {
    /// See [`crate::credentials::DataKey::seal`].
    pub sealed: Vec<u8>,
    /// The version of the client at which it was made.
    pub version: u64,
}

/// A client secret that was replaced, and works until an end.
#[derive(Clone, PartialEq)]
pub struct PreviousSecret {
    /// As it was.
    pub secret: SealedSecret,
    /// What it is compared with, if it was minted here.
    pub mac: Option<[u8; 32]>,
    /// When it ends, in seconds since 1970.
    pub until: u64,
}

/// What a registrant is told (RFC 7591 §3.2.1, RFC 7592 §3).
pub struct ClientInformation {
    /// The client.
    pub client: RegisteredClient,
    /// Its secret, opened.
    pub client_secret: Option<ClientSecret>,
    /// The token that manages it: just minted, or as presented.
    pub registration_access_token: Option<Token>,
    /// Where it is managed with that token.
    pub registration_client_uri: Option<String>,
}

impl ClientInformation {
    /// Of a client that is managed by that token, if by one, at a place that its front door knows.
    #[must_use]
    pub fn new(client: RegisteredClient, client_secret: Option<ClientSecret>, token: Option<Token>) -> Self {
        Self { client, client_secret, registration_access_token: token, registration_client_uri: None }
    }

    /// The members of the answer; absent ones are omitted.
    #[must_use]
    pub fn to_members(&self) -> Map<String, Value> {
        let record = &self.client.record;
        let mut members = record.metadata.to_members();
        let mut put = |name: &str, value: Value| members.insert(name.to_owned(), value);
        put("client_id", self.client.client_id.as_str().into());
        put("client_id_issued_at", (record.issued_at_millis / 1000).into());
        if let Some(secret) = &self.client_secret {
            put("client_secret", secret.expose().into());
            put("client_secret_expires_at", record.secret_expires_at.into());
        }
        if let Some(token) = &self.registration_access_token {
            put("registration_access_token", token.expose().into());
            if let Some(uri) = &self.registration_client_uri {
                put("registration_client_uri", uri.as_str().into());
            }
        }
        members
    }
}
