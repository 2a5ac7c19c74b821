//! One walk of one user and one client: ticket → code → active → revoked. It is one item, and every step is one
//! conditional write on the version that was read, so that of two steps at once one happens.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value as Json};
use shared::client::{RegisteredClient, Source};
use shared::metadata::GrantType;
use shared::policy::{METADATA_DOCUMENT, Policy, Trust};
use shared::service::Service;

use crate::request::Request;
use crate::token::{AuthorizationId, Hash};

/// How many refresh tokens that were replaced are remembered, so that the use of one is noticed.
const REMEMBERED_ROTATIONS: usize = 16;

/// Where an authorization is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// The user is asked: at the authorization endpoint, or by a client that has the user's password.
    Ticket,
    /// The client has a code.
    Code,
    /// The client has tokens.
    Active,
    /// Nothing of it works any more.
    Revoked,
}

/// A value that was given away.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Given {
    /// Its digest.
    pub hash: Hash,
    /// When it ends, in milliseconds since 1970; absent is never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<u64>,
}

impl Given {
    /// Whether it has not ended.
    #[must_use]
    pub fn is_live(&self, now_millis: u64) -> bool {
        self.ends_at.is_none_or(|end| end > now_millis)
    }
}

/// By which of its names a client has called itself: so it is called in what it is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CalledBy {
    /// Its identifier.
    #[default]
    ClientId,
    /// Its alias.
    Alias,
    /// Its entity identifier (OpenID Federation §1.2).
    EntityId,
    /// The URL of its metadata document.
    MetadataDocument,
}

/// The name by which a client called itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientName {
    /// The name.
    pub name: String,
    /// What it is.
    #[serde(default)]
    pub by: CalledBy,
}

impl ClientName {
    /// The name under which a client was found.
    #[must_use]
    pub fn of(client: &RegisteredClient, called: &str) -> Self {
        let by = match client.source {
            Source::MetadataDocument => CalledBy::MetadataDocument,
            source if source.is_federated() => CalledBy::EntityId,
            _ if called == client.client_id || called == client.numeric_id.to_string() => CalledBy::ClientId,
            _ => CalledBy::Alias,
        };
        let number = called == client.numeric_id.to_string() && by != CalledBy::ClientId;
        let name = if number { client.client_id.clone() } else { called.to_owned() };
        Self { name, by }
    }

    /// The client's own identifier.
    #[must_use]
    pub fn identifier(client: &RegisteredClient) -> Self {
        Self::of(client, &client.client_id)
    }
}

/// Something that the authorization server has attached to a grant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Property {
    /// Its name.
    pub key: String,
    /// Its value.
    pub value: String,
    /// Whether only authorization servers and resource servers see it, and clients do not.
    #[serde(default)]
    pub hidden: bool,
}

/// The properties of a grant, at rest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Properties {
    /// None is hidden.
    Plain(Vec<Property>),
    /// Some are: all of them are sealed, in base64url.
    Sealed(String),
}

impl Default for Properties {
    fn default() -> Self {
        Self::Plain(Vec::new())
    }
}

impl Properties {
    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::Plain(properties) if properties.is_empty())
    }
}

/// What the user's authorization server says for the tokens of a grant.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Assertions {
    /// `sub` of ID Tokens and of userinfo, where it is not the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sub: Option<String>,
    /// When the user was authenticated, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_time: Option<u64>,
    /// How (OpenID Connect Core §2).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub acr: Option<String>,
    /// Claims for the ID Token.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub claims: Map<String, Json>,
    /// Header members for the ID Token.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub id_token_header: Map<String, Json>,
    /// Whether `aud` of the ID Token is a string and no array; absent is as the service says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub single_audience: Option<bool>,
    /// Claims for access tokens that are JWTs.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub access_token_claims: Map<String, Json>,
    /// The claims that the user has agreed to show.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub consented_claims: Option<Vec<String>>,
    /// The user's session (`sid`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
}

/// The refresh tokens that were replaced.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Rotations {
    /// The last of them, where it may be presented once more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last: Option<Rotation>,
    /// The digests of the latest ones.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Hash>,
    /// Those of the access tokens that ended with them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub access_tokens: Vec<Hash>,
}

/// A rotation that can be answered once more.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Rotation {
    /// The digest of the token that was presented.
    pub presented: Hash,
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// What its successors were derived with.
    pub salt: String,
    /// The scopes that its access token was given.
    pub scopes: Vec<String>,
}

impl Rotations {
    /// Remembers that a token was replaced.
    pub fn push(&mut self, replaced: Hash, last: Option<Rotation>) {
        self.last = last;
        self.replaced.insert(0, replaced);
        self.replaced.truncate(REMEMBERED_ROTATIONS);
    }

    /// Remembers that an access token has ended with a refresh.
    pub fn push_access(&mut self, ended: Hash) {
        self.access_tokens.insert(0, ended);
        self.access_tokens.truncate(REMEMBERED_ROTATIONS);
    }

    /// Whether a token was one of the grant's before.
    #[must_use]
    pub fn have(&self, hash: &Hash) -> bool {
        self.any(|replaced| replaced == hash)
    }

    /// Whether it is so of a token that was one of the grant's before.
    pub fn any(&self, is_it: impl FnMut(&Hash) -> bool) -> bool {
        self.replaced.iter().chain(&self.access_tokens).any(is_it)
    }
}

/// An authorization.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Authorization {
    /// Its name.
    #[serde(skip, default = "nameless")]
    pub id: AuthorizationId,
    /// The client's number.
    #[serde(skip)]
    pub client: u64,
    /// Counts the steps, from 1.
    #[serde(skip)]
    pub version: u64,
    /// Where it is.
    pub state: State,
    /// How the client called itself.
    pub client_name: ClientName,
    /// Whether the client is known by its metadata document: its copy may be gone before its tokens are.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_of_document: bool,
    /// The grant by which it began (RFC 6749 §1.3).
    pub grant_type: GrantType,
    /// The user, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The request, until its tokens are there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request: Option<Request>,
    /// What the authorization server keeps with the ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The scopes of the access token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub scopes: Vec<String>,
    /// The scopes of the refresh token: all that were granted.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refresh_scopes: Vec<String>,
    /// The claims that the client has asked the userinfo endpoint for, as sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub userinfo_claims: Option<Map<String, Json>>,
    /// What was said for the tokens.
    #[serde(default)]
    pub assertions: Assertions,
    /// What the authorization server has attached.
    #[serde(default, skip_serializing_if = "Properties::is_empty")]
    pub properties: Properties,
    /// The resources that it is for (RFC 8707).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Authorization details (RFC 9396 §2): an array.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub details: Option<Json>,
    /// The SHA-256 of the certificate that the access token is bound to, in base64url (RFC 8705 §3.1).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate_thumbprint: Option<String>,
    /// The ticket.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<Given>,
    /// The code; it stays when it was used, so that a second use is noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<Given>,
    /// The access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_token: Option<Given>,
    /// The refresh token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Given>,
    /// The refresh tokens before.
    #[serde(default)]
    pub rotations: Rotations,
    /// Those of its tokens whose values were chosen elsewhere: each is found by an item of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub chosen: Vec<Hash>,
    /// How many of these, from the first, were its own before this step.
    #[serde(skip)]
    pub chosen_before: usize,
    /// When it began, in milliseconds since 1970.
    pub created: u64,
    /// When the user agreed, in milliseconds since 1970.
    #[serde(default)]
    pub issued: u64,
    /// When its tokens were made first, in milliseconds since 1970.
    #[serde(default)]
    pub active_since: u64,
    /// When its tokens were refreshed last, in milliseconds since 1970; 0 is never.
    #[serde(default)]
    pub refreshed: u64,
}

fn nameless() -> AuthorizationId {
    AuthorizationId::NONE
}

impl Authorization {
    /// A walk that begins now. The version is that of its first write.
    #[must_use]
    pub fn begin(id: AuthorizationId, client: &RegisteredClient, name: ClientName, grant: GrantType, now: u64) -> Self {
        Self {
            id,
            client: client.numeric_id,
            version: 0,
            state: State::Ticket,
            client_name: name,
            is_of_document: client.source == Source::MetadataDocument,
            grant_type: grant,
            subject: None,
            request: None,
            context: None,
            scopes: Vec::new(),
            refresh_scopes: Vec::new(),
            userinfo_claims: None,
            assertions: Assertions::default(),
            properties: Properties::default(),
            resources: Vec::new(),
            details: None,
            certificate_thumbprint: None,
            ticket: None,
            code: None,
            access_token: None,
            refresh_token: None,
            rotations: Rotations::default(),
            chosen: Vec::new(),
            chosen_before: 0,
            created: now,
            issued: 0,
            active_since: 0,
            refreshed: 0,
        }
    }

    /// Nothing of it works any more. What identifies its code stays, so that it is told from one that never was.
    #[must_use]
    pub fn revoked(mut self) -> Self {
        self.state = State::Revoked;
        self.request = None;
        self.context = None;
        self.assertions = Assertions::default();
        self.properties = Properties::default();
        self
    }

    /// Whether its tokens work for a client that stands so: one that is deleted has none, and one whose tokens were ended
    /// has those that were made afterwards. The copy of a metadata document may be gone before its tokens are, as long as
    /// the service accepts such clients, and this one.
    #[must_use]
    pub fn works_for(&self, service: &Service, client: Option<&RegisteredClient>) -> bool {
        match client {
            Some(client) => client.numeric_id == self.client && !client.is_held() && self.is_after(client.tokens_from),
            None => self.is_of_document && is_accepted(service.policy(), &self.client_name.name),
        }
    }

    /// Whether it was issued after the moment up to which its client's tokens were ended, if they were.
    #[must_use]
    pub fn is_after(&self, tokens_from: Option<u64>) -> bool {
        tokens_from.is_none_or(|from| self.issued > from)
    }

    /// By which name the client is told of itself, and what that is: an alias may be another client's by now.
    #[must_use]
    pub fn called<'a>(&'a self, client: &'a RegisteredClient) -> (&'a str, CalledBy) {
        let ClientName { name, by } = &self.client_name;
        let is_another = *by == CalledBy::Alias && client.record.settings.alias.as_ref() != Some(name);
        if is_another { (&client.client_id, CalledBy::ClientId) } else { (name, *by) }
    }

    /// Whether its access token is this one, live or not.
    #[must_use]
    pub fn has_access_token(&self, hash: &Hash) -> bool {
        self.state == State::Active && self.access_token.as_ref().is_some_and(|given| given.hash == *hash)
    }

    /// Whether its refresh token is this one, live or not.
    #[must_use]
    pub fn has_refresh_token(&self, hash: &Hash) -> bool {
        self.state == State::Active && self.refresh_token.as_ref().is_some_and(|given| given.hash == *hash)
    }

    /// Whether one of its tokens is this one, live or not.
    #[must_use]
    pub fn has_given(&self, hash: &Hash) -> bool {
        [&self.access_token, &self.refresh_token].into_iter().flatten().any(|given| given.hash == *hash)
    }

    /// Whether an access token can be had again with its refresh token.
    #[must_use]
    pub fn is_refreshable(&self, now_millis: u64) -> bool {
        self.state == State::Active && self.refresh_token.as_ref().is_some_and(|given| given.is_live(now_millis))
    }

    /// Whether one of its tokens works, as far as it is known here.
    #[must_use]
    pub fn is_live(&self, now_millis: u64) -> bool {
        let access = self.access_token.as_ref().is_some_and(|given| given.is_live(now_millis));
        self.state == State::Active && (access || self.is_refreshable(now_millis))
    }

    /// Whether the user may still make something of it, or the client has something of it.
    #[must_use]
    pub fn may_live(&self, now_millis: u64) -> bool {
        let code = self.code.as_ref().is_some_and(|given| given.is_live(now_millis));
        self.is_live(now_millis) || (self.state == State::Code && code)
    }
}

fn is_accepted(policy: &Policy, client_id: &str) -> bool {
    policy.opens(METADATA_DOCUMENT) && policy.metadata_documents.trust_of(client_id).0 != Trust::Block
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_rotations_are_remembered() {
        let mut rotations = Rotations::default();
        for number in 0..20 {
            rotations.push(Hash::of(&number.to_string()), None);
        }
        assert_eq!(rotations.replaced.len(), REMEMBERED_ROTATIONS);
        assert!(rotations.replaced[0] == Hash::of("19"));
    }
}
