//! Who asks, and what they may do.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::client::{ClientTrustChain, Source};
use crate::credentials::{Token, TokenHash, TokenKind};
use crate::error::{Error, Spent};
use crate::policy::{BoundPolicy, Registration};
use crate::service::Service;
use crate::store::TokenRecord;

/// What an operator's token permits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Permission {
    /// Read a service.
    #[serde(rename = "service.read")]
    ServiceRead,
    /// Change a service.
    #[serde(rename = "service.write")]
    ServiceWrite,
    /// Read clients.
    #[serde(rename = "client.read")]
    ClientRead,
    /// Change clients.
    #[serde(rename = "client.write")]
    ClientWrite,
    /// What an authorization server does on behalf of its clients.
    #[serde(rename = "use_service")]
    UseService,
}

impl Permission {
    /// Every permission.
    pub const ALL: [Self; 5] =
        [Self::ServiceRead, Self::ServiceWrite, Self::ClientRead, Self::ClientWrite, Self::UseService];

    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ServiceRead => "service.read",
            Self::ServiceWrite => "service.write",
            Self::ClientRead => "client.read",
            Self::ClientWrite => "client.write",
            Self::UseService => "use_service",
        }
    }

    /// The permission of that name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|permission| permission.as_str() == name)
    }
}

/// Who registers a client.
#[derive(Debug, Clone)]
pub enum Registrant {
    /// Anyone, where the service's registration is open.
    Anonymous,
    /// The bearer of an initial access token.
    InitialAccess {
        /// Its digest.
        token: TokenHash,
        /// Whether its uses are counted.
        counted: bool,
        /// What it allows.
        bound: BoundPolicy,
    },
    /// One whom a front door has identified, by a certificate or a chain of trust, under a name of its own.
    Identified {
        /// The name: the identifier of its one client.
        client_id: String,
        /// Which earlier registrations of that name this one replaces; others refuse it.
        replaces: &'static [Source],
        /// The chain of trust, if it was identified by one.
        trust_chain: Option<ClientTrustChain>,
    },
}

impl Registrant {
    /// What the registrant may ask for.
    #[must_use]
    pub fn bound(&self) -> BoundPolicy {
        match self {
            Self::Anonymous | Self::Identified { .. } => BoundPolicy::default(),
            Self::InitialAccess { bound, .. } => bound.clone(),
        }
    }

    /// The chain of trust by which the registrant was identified.
    #[must_use]
    pub fn trust_chain(&self) -> Option<&ClientTrustChain> {
        match self {
            Self::Identified { trust_chain, .. } => trust_chain.as_ref(),
            Self::Anonymous | Self::InitialAccess { .. } => None,
        }
    }

    /// The token whose use is to be counted by the registering transaction.
    #[must_use]
    pub fn spends(&self) -> Option<TokenHash> {
        match self {
            Self::InitialAccess { token, counted: true, .. } => Some(*token),
            Self::InitialAccess { .. } | Self::Anonymous | Self::Identified { .. } => None,
        }
    }
}

/// How a registrant shows that a client is its own.
pub enum Owner {
    /// By the registration access token (RFC 7592 §1.2).
    Token(Token),
    /// By who it is: the front door of that source has identified it under the client's identifier.
    Identity(Source),
}

impl Owner {
    /// The registration access token, if it is shown by one.
    #[must_use]
    pub fn token(&self) -> Option<&Token> {
        match self {
            Self::Token(token) => Some(token),
            Self::Identity(_) => None,
        }
    }
}

/// Finds out who registers. Where registration is open a token is ignored.
///
/// # Errors
/// [`Error::MissingToken`]; [`Error::InvalidToken`] for one that is unknown or of another service, [`Error::SpentToken`] for
/// one that has expired or is used up.
pub async fn registrant(app: &App, service: &Service, presented: Option<&str>) -> Result<Registrant, Error> {
    if service.policy().registration == Registration::Open {
        return Ok(Registrant::Anonymous);
    }
    let presented = presented.ok_or(Error::MissingToken)?;
    let token = Token::parse(TokenKind::InitialAccess, presented).ok_or(Error::InvalidToken)?;
    let found = app.store.token_or_left(&token).await?;
    let of_service = found.filter(|(record, _)| record.service_id == Some(service.id));
    let (record, is_live) = of_service.ok_or(Error::InvalidToken)?;
    match record.uses_left {
        _ if !is_live => return Err(Error::SpentToken(Spent::Ended)),
        Some(0) => return Err(Error::SpentToken(Spent::UsedUp)),
        _ => {}
    }
    Ok(Registrant::InitialAccess { token: record.hash, counted: record.uses_left.is_some(), bound: record.bound })
}

/// What an operator's token works for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// One service.
    Service(u64),
    /// All services of an organization.
    Organization(String),
}

/// An operator: the bearer of a service's or an organization's token.
#[derive(Debug, Clone)]
pub struct Operator {
    /// The token's digest.
    pub token: TokenHash,
    /// What it works for.
    pub reach: Reach,
    /// When the token ends, in seconds since 1970, if it does.
    pub expires_at: Option<u64>,
    permissions: Vec<Permission>,
}

impl Operator {
    /// The presented token, if it may be an operator's.
    ///
    /// # Errors
    /// [`Error::MissingToken`], [`Error::InvalidToken`].
    pub fn token(presented: Option<&str>) -> Result<Token, Error> {
        let presented = presented.ok_or(Error::MissingToken)?;
        let token = Token::parse(TokenKind::Service, presented);
        let token = token.or_else(|| Token::parse(TokenKind::Organization, presented));
        token.ok_or(Error::InvalidToken)
    }

    /// The operator behind a token, as the store knows it.
    ///
    /// # Errors
    /// [`Error::InvalidToken`] if it is unknown or not an operator's.
    pub fn new(record: Option<TokenRecord>) -> Result<Self, Error> {
        let record = record.ok_or(Error::InvalidToken)?;
        let reach = match record.kind {
            TokenKind::Service => record.service_id.map(Reach::Service),
            TokenKind::Organization => record.organization.map(Reach::Organization),
            TokenKind::RegistrationAccess | TokenKind::InitialAccess | TokenKind::ManageRegistration => None,
        };
        let reach = reach.ok_or(Error::InvalidToken)?;
        Ok(Self { token: record.hash, reach, expires_at: record.expires_at, permissions: record.permissions })
    }

    /// The organization the token works for, if it is an organization's.
    #[must_use]
    pub fn organization(&self) -> Option<&str> {
        match &self.reach {
            Reach::Organization(organization) => Some(organization),
            Reach::Service(_) => None,
        }
    }

    /// Whether the token works for that service.
    #[must_use]
    pub fn operates(&self, service: &Service) -> bool {
        match &self.reach {
            Reach::Service(id) => *id == service.id,
            Reach::Organization(organization) => *organization == service.configuration.organization,
        }
    }

    /// Whether the token has one of the permissions.
    #[must_use]
    pub fn may(&self, any_of: &[Permission]) -> bool {
        any_of.iter().any(|permission| self.permissions.contains(permission))
    }
}
